//! Tables and views that are followed: what they hold comes first, then what becomes of them.

use crate::service::{Follower, Service, until};

fn script(folder: &std::path::Path) -> String {
    let path = folder.display();
    format!(
        "CREATE TABLE events (k STRING, n INT) WITH (
             'connector' = 'http-server', 'path' = '/event', 'format' = 'json');
         CREATE TABLE counts (k STRING, n BIGINT, PRIMARY KEY (k) NOT ENFORCED) WITH (
             'connector' = 'sqlite', 'path' = '{path}/t.db');
         CREATE TABLE kept (k STRING, n INT) WITH ('connector' = 'sqlite', 'path' = '{path}/t.db');
         CREATE VIEW sums AS SELECT k, SUM(n) AS s FROM events GROUP BY k;
         INSERT INTO counts VALUES ('old', 1);
         EXECUTE STATEMENT SET BEGIN
             INSERT INTO counts SELECT k, COUNT(*) FROM events WHERE n >= 0 GROUP BY k;
             INSERT INTO kept SELECT * FROM events;
         END"
    )
}

fn event(service: &Service, k: &str, n: i64) {
    assert_eq!(service.post("/event", format!("{{\"k\":\"{k}\",\"n\":{n}}}")).status, 200);
}

#[test]
fn what_a_table_holds_comes_first_and_then_its_changes() {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start(&script(folder.path())).ready("/event");
    event(&service, "a", 1);
    let mut counts = service.follow("counts");
    assert_eq!(counts.next(), r#"{"op":"+I","k":"old","n":1}"#);
    assert_eq!(counts.next(), r#"{"op":"+I","k":"a","n":1}"#);
    event(&service, "a", 2);
    assert_eq!(counts.next(), r#"{"op":"+U","k":"a","n":2}"#);
    event(&service, "b", 3);
    assert_eq!(counts.next(), r#"{"op":"+I","k":"b","n":1}"#);
    let mut kept = service.follow("kept");
    let held = [kept.next(), kept.next(), kept.next()];
    assert_eq!(held[2], r#"{"op":"+I","k":"b","n":3}"#);
    event(&service, "c", 4);
    assert_eq!(kept.next(), r#"{"op":"+I","k":"c","n":4}"#);
    assert_eq!(counts.next(), r#"{"op":"+I","k":"c","n":1}"#);
    // Who went away is in nobody's way.
    drop((counts, kept));
    event(&service, "c", 5);
}

#[test]
fn views_and_sources_are_followed_from_now_on() {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start(&script(folder.path())).ready("/event");
    let mut sums = service.follow("sums");
    let mut events = service.follow("default_database.events");
    event(&service, "a", 1);
    event(&service, "a", 2);
    assert_eq!(sums.next(), r#"{"op":"+I","k":"a","s":1}"#);
    assert_eq!(sums.next(), r#"{"op":"-U","k":"a","s":1}"#);
    assert_eq!(sums.next(), r#"{"op":"+U","k":"a","s":3}"#);
    assert_eq!([events.next(), events.next()][1], r#"{"op":"+I","k":"a","n":2}"#);
    let reply = service.get("/tables/coutns/changes");
    assert!(reply.status == 404 && reply.body.contains("\\\"coutns\\\" not found"), "{reply:?}");
    assert_eq!(service.get("/tables/counts").status, 404);
}

#[test]
fn who_does_not_keep_up_is_left_behind() {
    let folder = tempfile::tempdir().unwrap();
    let script = script(folder.path())
        .replace("'format' = 'json'", "'format' = 'json', 'queue.max-rows' = '50'");
    let service = Service::start(&script).ready("/event");
    // It never reads what it is sent.
    let asleep = service.follow("events");
    let large = "x".repeat(200_000);
    for _ in 0..100 {
        event(&service, &large, -1);
    }
    until("the streams are counted", || service.get("/health").status == 200);
    event(&service, "a", 1);
    drop(asleep);
}

#[test]
fn whoever_comes_meanwhile_is_told_each_row_once() {
    const ROWS: i64 = 400;
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start(&script(folder.path())).ready("/event");
    let numbers = |follower: &mut Follower| -> Vec<i64> {
        let number = |line: String| {
            let (_, n) = line.rsplit_once("\"n\":").unwrap();
            n.trim_end_matches('}').parse::<i64>().unwrap()
        };
        (0..ROWS).map(|_| number(follower.next())).collect()
    };
    std::thread::scope(|scope| {
        let posts = scope.spawn(|| (0..ROWS).for_each(|n| event(&service, "x", n)));
        let followers: Vec<_> = (0..20)
            .map(|_| {
                std::thread::sleep(std::time::Duration::from_millis(5));
                let mut follower = service.follow("kept");
                scope.spawn(move || numbers(&mut follower))
            })
            .collect();
        posts.join().unwrap();
        for follower in followers {
            assert_eq!(follower.join().unwrap(), (0..ROWS).collect::<Vec<_>>());
        }
    });
}

#[test]
fn who_is_left_behind_by_a_job_is_told_so() {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start(&script(folder.path())).ready("/event");
    let mut asleep = service.follow("kept");
    let large = "x".repeat(1 << 20);
    // More than waits for it, and than sockets hold.
    for n in 0..40 {
        event(&service, &large, n);
    }
    let all = asleep.rest();
    assert!(all.matches("\"op\":\"+I\"").count() >= 16);
    let (_, last) = all.rsplit_once("event: error\n").unwrap();
    assert!(last.contains("left behind: more than 16 MiB"), "{last}");
}
