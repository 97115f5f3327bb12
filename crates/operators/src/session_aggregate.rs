//! [`SessionAggregate`]: groups rows by session and key; a session's row comes out once, when the watermark
//! has passed its end.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{RecordBatch, UInt32Array};
use millstream_plan::{WindowColumns, WindowKind};
use millstream_state::KeyIndex;
use millstream_types::{ChangeBatch, Error, Result};

use crate::aggregate::GroupsAggregate;
use crate::dropped::{Dropped, Reason};
use crate::operator::{NextWindow, Operator, OperatorTime, Output};
use crate::sessions::Sessions;
use crate::watermark::milliseconds;
use crate::window_table::{From, WindowAggregateSpec, pick};
use crate::window_table_function::with_rowtimes;

/// One shard of an aggregate over sessions.
pub struct SessionAggregate {
    spec: Arc<WindowAggregateSpec>,
    rowtime: usize,
    keys: KeyIndex,
    sessions: Sessions,
    /// By the slots of `sessions`.
    aggregates: Vec<Box<dyn GroupsAggregate>>,
    dropped: Arc<Dropped>,
    /// The watermark at which sessions were last emitted.
    watermark: i64,
    /// How many rows have come.
    rows: u64,
}

impl SessionAggregate {
    /// A shard without any session.
    ///
    /// # Errors
    /// When an argument is of a type that its function does not take.
    pub fn new(spec: Arc<WindowAggregateSpec>, dropped: Arc<Dropped>) -> Result<Self> {
        let WindowColumns::Rowtime { rowtime, window } = &spec.window else {
            return Err(Error::Internal("sessions follow from the rowtime".to_owned()));
        };
        let WindowKind::Session { gap_ms } = window.kind else {
            return Err(Error::Internal("a session has a gap".to_owned()));
        };
        Ok(Self {
            rowtime: *rowtime,
            keys: spec.key_index()?,
            sessions: Sessions::new(spec.calendar(), gap_ms),
            aggregates: spec.create_aggregates()?,
            spec,
            dropped,
            watermark: i64::MIN,
            rows: 0,
        })
    }

    /// Adds rows to the sessions they were assigned to; sessions that were joined on the way are put
    /// together first.
    fn add(
        &mut self,
        rows: &RecordBatch,
        positions: &mut Vec<u32>,
        slots: &mut Vec<u32>,
        joined: &mut Vec<(u32, u32)>,
    ) -> Result<()> {
        let groups = self.sessions.slots();
        for aggregate in &mut self.aggregates {
            aggregate.resize(groups);
        }
        for (from, into) in joined.iter() {
            for aggregate in &mut self.aggregates {
                aggregate.fold(*from, *into)?;
            }
        }
        if !positions.is_empty() {
            // A row may have been assigned to a session that another one took over since.
            let taken_over: HashMap<u32, u32> = joined.iter().copied().collect();
            for slot in slots.iter_mut().filter(|_| !taken_over.is_empty()) {
                while let Some(into) = taken_over.get(slot) {
                    *slot = *into;
                }
            }
            let picked = UInt32Array::from(std::mem::take(positions));
            let all = picked.len() == rows.num_rows();
            let chosen =
                if all { rows.clone() } else { arrow::compute::take_record_batch(rows, &picked)? };
            let positions = Some(&picked.values()[..]);
            let from = From { first: self.rows, positions, weights: None };
            self.spec.accumulate(&mut self.aggregates, groups, slots, &chosen, from)?;
        }
        self.sessions.release(joined.drain(..).map(|(from, _)| from));
        slots.clear();
        Ok(())
    }

    /// Emits the sessions that are complete at a watermark.
    fn fire(&mut self, watermark: i64, out: &mut Output) -> Result<()> {
        self.watermark = self.watermark.max(watermark);
        let ended = self.sessions.take_ended(self.watermark);
        for ended in ended.chunks(8_192) {
            let keys = self.keys.columns(ended.iter().map(|(key, _)| *key))?;
            let slots: Vec<u32> = ended.iter().map(|(_, session)| session.slot).collect();
            let values = self.aggregates.iter().map(|aggregate| aggregate.values(&slots));
            let values = values.collect::<Result<_>>()?;
            let windows: Vec<_> = ended.iter().map(|(_, session)| session.window).collect();
            out.emit(ChangeBatch::insert(self.spec.rows(&windows, &keys, values)?));
            self.aggregates.iter_mut().for_each(|aggregate| aggregate.clear(&slots));
            self.sessions.release(slots);
        }
        Ok(())
    }
}

/// An index that holds some keys of another one, in the order given.
///
/// # Errors
/// Never, for slots of the index.
pub fn renumbered(keys: &KeyIndex, kept: &[u32], mut empty: KeyIndex) -> Result<KeyIndex> {
    let columns = keys.columns(kept.iter().copied())?;
    empty.slots(&columns, kept.len(), &mut Vec::with_capacity(kept.len()))?;
    Ok(empty)
}

impl Operator for SessionAggregate {
    fn process(&mut self, _: usize, changes: ChangeBatch, out: &mut Output) -> Result<()> {
        let changes = with_rowtimes(changes, self.rowtime, &self.dropped)?;
        let times = milliseconds(changes.rows.column(self.rowtime))?;
        let mut keys = Vec::with_capacity(times.len());
        self.keys.slots(&pick(&changes.rows, &self.spec.keys), times.len(), &mut keys)?;
        let (mut positions, mut slots, mut joined, mut late) = (vec![], vec![], vec![], vec![]);
        for (row, key) in keys.into_iter().enumerate() {
            let met = changes.reached.as_ref().map_or(i64::MIN, |reached| reached.value(row));
            if met > self.watermark && self.sessions.may_end(met) {
                // Sessions that were complete before the row came do not grow by it.
                self.add(&changes.rows, &mut positions, &mut slots, &mut joined)?;
                self.fire(met, out)?;
            }
            self.watermark = self.watermark.max(met);
            match self.sessions.assign(key, times.value(row), self.watermark, &mut joined) {
                Some(slot) => {
                    positions.push(row as u32);
                    slots.push(slot);
                }
                None => late.push(row),
            }
        }
        self.add(&changes.rows, &mut positions, &mut slots, &mut joined)?;
        self.dropped.add(Reason::Late, &changes, &late, None);
        self.rows += times.len() as u64;
        Ok(())
    }

    fn end_epoch(&mut self, time: &OperatorTime, out: &mut Output) -> Result<()> {
        self.fire(time.watermark.0, out)?;
        if let Some(live) = self.sessions.compact(self.keys.len()) {
            self.keys = renumbered(&self.keys, &live, self.spec.key_index()?)?;
        }
        Ok(())
    }

    fn state_bytes(&self) -> usize {
        if self.sessions.is_empty() {
            return 0;
        }
        self.keys.bytes()
            + self.sessions.bytes()
            + self.aggregates.iter().map(|aggregate| aggregate.bytes()).sum::<usize>()
    }

    fn next_window(&self) -> Option<NextWindow> {
        Some(self.spec.calendar().awaited(self.sessions.next()?))
    }
}
