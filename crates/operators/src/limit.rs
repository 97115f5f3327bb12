//! [`Limit`]: the first rows, in the order of the stream.

use millstream_types::{ChangeBatch, Result};

use crate::operator::{Operator, Output};

/// Passes over some rows, then lets some through.
#[derive(Debug)]
pub struct Limit {
    skip: usize,
    fetch: Option<usize>,
}

impl Limit {
    /// `LIMIT fetch OFFSET skip`
    pub fn new(skip: usize, fetch: Option<usize>) -> Self {
        Self { skip, fetch }
    }
}

impl Operator for Limit {
    fn process(&mut self, _: usize, changes: ChangeBatch, out: &mut Output) -> Result<()> {
        let passed = self.skip.min(changes.num_rows());
        self.skip -= passed;
        let rest = changes.num_rows() - passed;
        let taken = self.fetch.map_or(rest, |fetch| fetch.min(rest));
        if let Some(fetch) = &mut self.fetch {
            *fetch -= taken;
        }
        out.emit(changes.slice(passed, taken));
        Ok(())
    }

    fn is_done(&self) -> bool {
        self.fetch == Some(0)
    }
}
