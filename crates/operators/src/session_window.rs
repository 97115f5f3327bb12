//! [`SessionWindow`]: keeps the rows of each session until the watermark has passed its end, then gives
//! them with window_start, window_end and window_time behind their columns.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::datatypes::{DataType, SchemaRef};
use arrow::row::{RowConverter, SortField};
use millstream_plan::{TimeWindow, WindowKind};
use millstream_state::KeyIndex;
use millstream_types::{ChangeBatch, Error, Result};

use crate::dropped::{Dropped, Reason};
use crate::operator::{NextWindow, Operator, OperatorTime, Output};
use crate::session_aggregate::renumbered;
use crate::sessions::Sessions;
use crate::watermark::milliseconds;
use crate::window::Calendar;
use crate::window_table::pick;
use crate::window_table_function::{with_rowtimes, with_windows};

/// One shard of sessions without an aggregate.
pub struct SessionWindow {
    rowtime: usize,
    key_columns: Vec<usize>,
    key_types: Vec<DataType>,
    calendar: Calendar,
    keys: KeyIndex,
    sessions: Sessions,
    /// By the slots of `sessions`: the rows in arrow's row format.
    rows: Vec<Vec<Box<[u8]>>>,
    bytes: usize,
    converter: RowConverter,
    schema: SchemaRef,
    dropped: Arc<Dropped>,
    watermark: i64,
}

impl SessionWindow {
    /// Sessions over the rowtime at a position, for each value of some columns. `schema` is the input's
    /// with three more columns.
    ///
    /// # Errors
    /// When a column cannot be a key.
    pub fn new(
        rowtime: usize,
        key_columns: Vec<usize>,
        window: TimeWindow,
        input: &SchemaRef,
        schema: SchemaRef,
        dropped: Arc<Dropped>,
    ) -> Result<Self> {
        let WindowKind::Session { gap_ms } = window.kind else {
            return Err(Error::Internal("a session has a gap".to_owned()));
        };
        let types = input.fields().iter().map(|field| SortField::new(field.data_type().clone()));
        let key_types: Vec<DataType> =
            key_columns.iter().map(|column| input.field(*column).data_type().clone()).collect();
        let calendar = Calendar::of(window);
        Ok(Self {
            rowtime,
            keys: KeyIndex::new(&key_types)?,
            key_columns,
            key_types,
            sessions: Sessions::new(calendar, gap_ms),
            calendar,
            rows: Vec::new(),
            bytes: 0,
            converter: RowConverter::new(types.collect())?,
            schema,
            dropped,
            watermark: i64::MIN,
        })
    }

    fn fire(&mut self, watermark: i64, out: &mut Output) -> Result<()> {
        self.watermark = self.watermark.max(watermark);
        let (mut rows, mut windows) = (Vec::new(), Vec::new());
        let ended = self.sessions.take_ended(self.watermark);
        for (_, session) in &ended {
            let kept = std::mem::take(&mut self.rows[session.slot as usize]);
            windows.extend(std::iter::repeat_n(session.window, kept.len()));
            rows.extend(kept);
        }
        self.sessions.release(ended.iter().map(|(_, session)| session.slot));
        if rows.is_empty() {
            return Ok(());
        }
        self.bytes -= rows.iter().map(|row| row.len()).sum::<usize>();
        let parser = self.converter.parser();
        let columns: Vec<ArrayRef> =
            self.converter.convert_rows(rows.iter().map(|row| parser.parse(row)))?;
        let input = self.schema.project(&(0..columns.len()).collect::<Vec<_>>())?;
        let rows = RecordBatch::try_new(Arc::new(input), columns)?;
        let rows = ChangeBatch::insert(rows);
        out.emit(with_windows(rows, &windows, &self.calendar, &self.schema)?);
        Ok(())
    }
}

impl Operator for SessionWindow {
    fn process(&mut self, _: usize, changes: ChangeBatch, out: &mut Output) -> Result<()> {
        let changes = with_rowtimes(changes, self.rowtime, &self.dropped)?;
        let times = milliseconds(changes.rows.column(self.rowtime))?;
        let mut keys = Vec::with_capacity(times.len());
        self.keys.slots(&pick(&changes.rows, &self.key_columns), times.len(), &mut keys)?;
        let encoded = self.converter.convert_columns(changes.rows.columns())?;
        let (mut joined, mut late) = (Vec::new(), Vec::new());
        for (row, key) in keys.into_iter().enumerate() {
            let met = changes.reached.as_ref().map_or(i64::MIN, |reached| reached.value(row));
            if met > self.watermark && self.sessions.may_end(met) {
                self.fire(met, out)?;
            }
            self.watermark = self.watermark.max(met);
            let assigned = self.sessions.assign(key, times.value(row), self.watermark, &mut joined);
            let Some(slot) = assigned else {
                late.push(row);
                continue;
            };
            self.rows.resize_with(self.sessions.slots(), Vec::new);
            for (from, into) in joined.drain(..) {
                let moved = std::mem::take(&mut self.rows[from as usize]);
                self.rows[into as usize].extend(moved);
                self.sessions.release([from]);
            }
            let row = encoded.row(row);
            self.bytes += row.as_ref().len();
            self.rows[slot as usize].push(row.as_ref().into());
        }
        self.dropped.add(Reason::Late, &changes, &late, None);
        Ok(())
    }

    fn end_epoch(&mut self, time: &OperatorTime, out: &mut Output) -> Result<()> {
        self.fire(time.watermark.0, out)?;
        if let Some(live) = self.sessions.compact(self.keys.len()) {
            self.keys = renumbered(&self.keys, &live, KeyIndex::new(&self.key_types)?)?;
        }
        Ok(())
    }

    fn state_bytes(&self) -> usize {
        if self.sessions.is_empty() {
            return 0;
        }
        self.keys.bytes() + self.sessions.bytes() + self.bytes
    }

    fn next_window(&self) -> Option<NextWindow> {
        Some(self.calendar.awaited(self.sessions.next()?))
    }
}
