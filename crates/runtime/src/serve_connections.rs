//! [`Connections`]: who is connected, and who has to go when one more comes than there may be.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

/// All connections of a server.
pub(crate) struct Connections {
    known: Mutex<Known>,
    changed: Condvar,
    most: usize,
    started: Instant,
}

#[derive(Default)]
struct Known {
    by_number: BTreeMap<u64, Arc<Connection>>,
    next: u64,
}

/// One of them.
pub(crate) struct Connection {
    all: Arc<Connections>,
    /// How many requests are being answered.
    busy: AtomicUsize,
    /// When something was last done, in ms since the server started.
    active_ms: AtomicU64,
    gone: Notify,
}

/// A connection's place; dropping it makes room.
pub(crate) struct Slot {
    number: u64,
    connection: Arc<Connection>,
}

/// A request that is being answered, until this is dropped.
pub(crate) struct Busy(Arc<Connection>);

impl Connections {
    pub fn new(most: usize) -> Arc<Self> {
        let (known, changed) = (Mutex::default(), Condvar::new());
        Arc::new(Self { known, changed, most: most.max(1), started: Instant::now() })
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now_ms(&self) -> u64 {
        self.started.elapsed().as_millis() as u64
    }

    /// A place for one more; `None` when all are busy.
    pub fn enter(self: &Arc<Self>) -> Option<Slot> {
        let mut known = self.known();
        if known.by_number.len() >= self.most {
            let quiet = known.by_number.iter().filter(|(_, connection)| connection.is_quiet());
            let longest =
                quiet.min_by_key(|(_, connection)| connection.active_ms.load(Ordering::Relaxed));
            let number = longest.map(|(number, _)| *number)?;
            if let Some(connection) = known.by_number.remove(&number) {
                connection.gone.notify_one();
            }
        }
        let connection = Arc::new(Connection {
            all: Arc::clone(self),
            busy: AtomicUsize::new(0),
            active_ms: AtomicU64::new(self.now_ms()),
            gone: Notify::new(),
        });
        let number = known.next;
        known.next += 1;
        known.by_number.insert(number, Arc::clone(&connection));
        Some(Slot { number, connection })
    }

    /// Waits until no connection is left, for some time.
    pub fn wait_until_quiet(&self, most: Duration) {
        let known = self.known();
        // Those that are left after that time have had enough of it.
        let _ = self.changed.wait_timeout_while(known, most, |known| !known.by_number.is_empty());
    }
}

impl Connection {
    fn is_quiet(&self) -> bool {
        self.busy.load(Ordering::Relaxed) == 0
    }

    /// A request begins.
    pub fn begin(self: &Arc<Self>) -> Busy {
        self.busy.fetch_add(1, Ordering::Relaxed);
        Busy(Arc::clone(self))
    }

    /// Waits until another connection takes its place.
    pub async fn evicted(&self) {
        self.gone.notified().await;
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.active_ms.store(self.0.all.now_ms(), Ordering::Relaxed);
        self.0.busy.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Slot {
    pub fn connection(&self) -> Arc<Connection> {
        Arc::clone(&self.connection)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let all = &self.connection.all;
        all.known().by_number.remove(&self.number);
        all.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_does_nothing_makes_room() {
        let all = Connections::new(2);
        let first = all.enter().unwrap();
        std::thread::sleep(Duration::from_millis(2));
        let second = all.enter().unwrap();
        let busy = first.connection().begin();
        // The second has been quiet for less long, but the first is busy.
        let third = all.enter().unwrap();
        assert_eq!(all.known().by_number.keys().copied().collect::<Vec<_>>(), [0, 2]);
        let also_busy = third.connection().begin();
        assert!(all.enter().is_none());
        drop(busy);
        assert!(all.enter().is_some());
        drop((first, second, third, also_busy));
        assert!(all.known().by_number.is_empty());
    }
}
