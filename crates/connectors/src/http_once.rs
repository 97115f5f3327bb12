//! [`Once`]: a request that comes again under its `Idempotency-Key` gets the answer of the first one.
//!
//! While the first is on its way, the others wait for it. An answer that says that the rows were not taken is
//! not remembered, so that they can be sent again. What is remembered is bounded by age and by size, that of
//! a quarter of a million short answers; the oldest goes first.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use crate::http_inlet::Answer;

/// How many bytes of keys and answers are remembered.
const BYTES_MAX: usize = 64 << 20;

/// What one entry costs beside its answer.
const ENTRY_BYTES: usize = 256;

/// So few entries are not worth being looked through.
const ORDER_MIN: usize = 1_024;

/// The answer to come.
pub(crate) type Coming = watch::Receiver<Option<Answer>>;

/// What a key is known by: keys may be long, and there may be many.
type KeyHash = u128;

/// Requests by their key.
pub(crate) struct Once {
    window: Duration,
    known: Mutex<Known>,
    /// Random, so that nobody can make two keys that are taken for one.
    hashers: [RandomState; 2],
}

#[derive(Default)]
struct Known {
    by_key: HashMap<KeyHash, Entry>,
    /// The keys in the order in which they came; one that is no longer the number's is passed over.
    order: VecDeque<(Instant, u64, KeyHash)>,
    bytes: usize,
    number: u64,
}

struct Entry {
    number: u64,
    body: u64,
    bytes: usize,
    answer: Coming,
}

/// What a key stands for.
pub(crate) enum Begun {
    /// A request that came first; the ticket takes its answer.
    First(Ticket, Coming),
    /// One that came before.
    Again(Coming),
    /// A key that was used for something else.
    Other,
}

impl Once {
    pub fn new(window: Duration) -> Arc<Self> {
        let hashers = [RandomState::new(), RandomState::new()];
        Arc::new(Self { window, known: Mutex::default(), hashers })
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A request whose body has a hash, with its key if it has one.
    pub fn begin(self: &Arc<Self>, key: Option<&str>, body: u64) -> Begun {
        let (sender, coming) = watch::channel(None);
        let Some(key) = key.filter(|_| !self.window.is_zero()) else {
            return Begun::First(Ticket { sender, key: None }, coming);
        };
        let [high, low] = self.hashers.each_ref().map(|hasher| u128::from(hasher.hash_one(key)));
        let key = high << 64 | low;
        let mut known = self.known();
        known.forget(self.window);
        match known.by_key.get(&key) {
            Some(entry) if entry.body == body => return Begun::Again(entry.answer.clone()),
            Some(_) => return Begun::Other,
            None => {}
        }
        known.number += 1;
        let number = known.number;
        let bytes = ENTRY_BYTES;
        known.bytes += bytes;
        known.order.push_back((Instant::now(), number, key));
        known.by_key.insert(key, Entry { number, body, bytes, answer: coming.clone() });
        let place = Some((Arc::clone(self), key, number));
        Begun::First(Ticket { sender, key: place }, coming)
    }
}

impl Known {
    /// Forgets what is older than the window, and more where there is too much.
    fn forget(&mut self, window: Duration) {
        while let Some((at, _, _)) = self.order.front()
            && (at.elapsed() > window || self.bytes > BYTES_MAX)
        {
            let Some((_, number, key)) = self.order.pop_front() else { return };
            self.remove(key, number);
        }
        // Requests that were refused left their places.
        if self.order.len() > 2 * self.by_key.len() + ORDER_MIN {
            let by_key = &self.by_key;
            let is_known = |key: &KeyHash, number: u64| {
                by_key.get(key).is_some_and(|entry| entry.number == number)
            };
            self.order.retain(|(_, number, key)| is_known(key, *number));
        }
    }

    fn remove(&mut self, key: KeyHash, number: u64) {
        if self.by_key.get(&key).is_some_and(|entry| entry.number == number)
            && let Some(entry) = self.by_key.remove(&key)
        {
            self.bytes = self.bytes.saturating_sub(entry.bytes);
        }
    }
}

/// The right to answer a request. One that is dropped without an answer lets its key be used again.
pub(crate) struct Ticket {
    sender: watch::Sender<Option<Answer>>,
    key: Option<(Arc<Once>, KeyHash, u64)>,
}

impl Ticket {
    /// Answers. `keeps` says whether a request under the same key gets this answer, too.
    pub fn finish(mut self, answer: Answer, keeps: bool) {
        if let (true, Some((once, key, number))) = (keeps, &self.key) {
            let mut known = once.known();
            if let Some(entry) = known.by_key.get_mut(key).filter(|entry| entry.number == *number) {
                let more = answer.body.len();
                entry.bytes += more;
                known.bytes += more;
            }
            drop(known);
            self.key = None;
        }
        // Nobody may be waiting.
        let _ = self.sender.send(Some(answer));
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if let Some((once, key, number)) = self.key.take() {
            once.known().remove(key, number);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(once: &Arc<Once>, key: &str, body: u64) -> (Ticket, Coming) {
        match once.begin(Some(key), body) {
            Begun::First(ticket, coming) => (ticket, coming),
            _ => panic!("{key} is known"),
        }
    }

    #[test]
    fn a_key_is_answered_once() {
        let once = Once::new(Duration::from_secs(60));
        let (ticket, _) = first(&once, "a", 1);
        assert!(matches!(once.begin(Some("a"), 1), Begun::Again(_)));
        assert!(matches!(once.begin(Some("a"), 2), Begun::Other));
        ticket.finish(Answer::ok("yes"), true);
        let Begun::Again(coming) = once.begin(Some("a"), 1) else { panic!("forgotten") };
        assert_eq!(coming.borrow().as_ref().unwrap().body, "yes");
        // What was not taken can be sent again.
        let (ticket, coming) = first(&once, "b", 1);
        ticket.finish(Answer::ok("no"), false);
        assert_eq!(coming.borrow().as_ref().unwrap().body, "no");
        let (ticket, coming) = first(&once, "b", 1);
        drop(ticket);
        assert!(coming.has_changed().is_err());
        first(&once, "b", 1);
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let once = Once::new(Duration::from_secs(60));
        for key in 0..200 {
            let (ticket, _) = first(&once, &key.to_string(), 1);
            ticket.finish(Answer::ok(&"x".repeat(1 << 20)), true);
        }
        assert!(once.known().bytes <= BYTES_MAX + (2 << 20));
        assert!(once.known().by_key.len() <= 66);
        assert!(matches!(once.begin(Some("199"), 1), Begun::Again(_)));
        // Nothing is left of what was refused.
        for key in 0..10_000 {
            let (ticket, _) = first(&once, &format!("refused {key}"), 1);
            ticket.finish(Answer::error(400, "wrong"), false);
        }
        assert!(once.known().order.len() <= 2 * 66 + ORDER_MIN + 1);
        let short = Once::new(Duration::ZERO);
        first(&short, "a", 1);
        first(&short, "a", 1);
    }
}
