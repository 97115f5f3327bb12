//! x
#[test]
fn x() { println!("{}", rusqlite::version()); }
