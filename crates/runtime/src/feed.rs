//! [`Feed`]: a source on a thread of its own, which reads ahead while the dataflow computes.

use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use millstream_connectors::{Source, SourceEvent};
use millstream_types::{Error, Result};

/// Wakes the dataflow when any of its sources has something.
#[derive(Debug, Default)]
pub struct Bell {
    rung: Mutex<bool>,
    condition: Condvar,
}

impl Bell {
    /// Wakes who waits, or who will wait next.
    pub fn ring(&self) {
        if let Ok(mut rung) = self.rung.lock() {
            *rung = true;
            self.condition.notify_all();
        }
    }

    /// Waits until it is rung, or for some time.
    pub fn wait(&self, most: Duration) {
        if let Ok(rung) = self.rung.lock()
            && let Ok((mut rung, _)) = self.condition.wait_timeout_while(rung, most, |rung| !*rung)
        {
            *rung = false;
        }
    }
}

/// The receiving end of a source.
pub struct Feed {
    receiver: Receiver<Result<SourceEvent>>,
    /// Whether nobody should wait for it.
    may_wait: bool,
    ended: bool,
}

impl Feed {
    /// Starts a thread that reads a source ahead by some pieces.
    ///
    /// # Errors
    /// When no thread can be had.
    pub fn start(source: Box<dyn Source>, ahead: usize, bell: Arc<Bell>) -> Result<Self> {
        let may_wait = source.may_wait();
        let (sender, receiver) = sync_channel(ahead);
        std::thread::Builder::new()
            .name("source".to_owned())
            .spawn(move || read(source, &sender, &bell))
            .map_err(|error| Error::Internal(format!("no thread for a source: {error}")))?;
        Ok(Self { receiver, may_wait, ended: false })
    }

    /// Whether there is nothing more to come.
    pub fn ended(&self) -> bool {
        self.ended
    }

    /// Up to `most` pieces, by their weight. Waits for a source that only reads; takes what is there from one
    /// that waits itself. Ends of splits do not count.
    ///
    /// # Errors
    /// What the source says.
    pub fn take(&mut self, most: usize) -> Result<Vec<SourceEvent>> {
        let mut events = Vec::new();
        let mut pieces = 0;
        while !self.ended && pieces < most {
            let event = if self.may_wait {
                match self.receiver.try_recv() {
                    Ok(event) => Some(event),
                    Err(TryRecvError::Empty) => break,
                    Err(TryRecvError::Disconnected) => None,
                }
            } else {
                self.receiver.recv().ok()
            };
            match event {
                Some(event) => {
                    let event = event?;
                    pieces += match &event {
                        SourceEvent::Rows { piece, .. } => piece.weight(),
                        SourceEvent::EndOfSplit(_) => 0,
                    };
                    events.push(event);
                }
                None => self.ended = true,
            }
        }
        Ok(events)
    }
}

fn read(mut source: Box<dyn Source>, sender: &SyncSender<Result<SourceEvent>>, bell: &Bell) {
    loop {
        // A source that panics is a bug; the job must hear of it and not take it for the end.
        let next = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| source.next()));
        let next = next.unwrap_or_else(|_| Err(Error::Internal("a source panicked".to_owned())));
        let event = match next {
            Ok(Some(event)) => Ok(event),
            Ok(None) => break,
            Err(error) => Err(error),
        };
        let failed = event.is_err();
        // Nobody listens any more once the job has ended.
        if sender.send(event).is_err() || failed {
            break;
        }
        bell.ring();
    }
    bell.ring();
}
