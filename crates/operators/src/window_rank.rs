//! [`WindowRank`]: numbers the rows of each time window in some order and keeps those with some numbers;
//! they come out when the watermark has passed the window.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, UInt32Array};
use arrow::compute::{SortOptions, concat_batches, take_record_batch};
use arrow::datatypes::SchemaRef;
use arrow::row::{RowConverter, Rows, SortField};
use millstream_plan::{OrderKey, RankFunction, TimeWindow};
use millstream_types::{ChangeBatch, Result};

use crate::dropped::{Dropped, Reason};
use crate::operator::{NextWindow, Operator, OperatorTime, Output};
use crate::watermark::milliseconds;
use crate::window::{Bounds, Calendar};
use crate::window_table::pick;
use crate::window_table_function::with_rowtimes;

/// What the operator is told; shared by its shards.
pub struct WindowRankSpec {
    /// window_start
    pub start: usize,
    /// window_end
    pub end: usize,
    /// The kind of window.
    pub window: TimeWindow,
    /// The columns of which each value is numbered on its own.
    pub partition: Vec<usize>,
    /// The order of the numbers.
    pub order: Vec<OrderKey>,
    /// How equal rows are numbered.
    pub function: RankFunction,
    /// The first number that is kept, from 1 on.
    pub least: u64,
    /// The last number that is kept.
    pub most: u64,
    /// Whether the number is a column of the result, the last one.
    pub numbered: bool,
    /// Whether of equal rows the last one to come has the first number.
    pub last_wins: bool,
    /// The columns of the input.
    pub input: SchemaRef,
    /// The columns that come out.
    pub schema: SchemaRef,
}

impl WindowRankSpec {
    /// The positions of the rows whose number is not above `most`, in order, each with its number.
    fn numbers(&self, rows: &RecordBatch) -> Result<(Vec<u32>, Vec<i64>)> {
        let partition: Vec<OrderKey> = self
            .partition
            .iter()
            .map(|column| OrderKey { column: *column, descending: false, nulls_first: true })
            .collect();
        let partition = order_rows(&self.input, rows, &partition)?;
        let order = order_rows(&self.input, rows, &self.order)?;
        let alike = |a: usize, b: usize| compare(&partition, a, b);
        let mut sorted: Vec<u32> = (0..rows.num_rows() as u32).collect();
        sorted.sort_by(|a, b| {
            let (a, b) = (*a as usize, *b as usize);
            let arrival = if self.last_wins { b.cmp(&a) } else { a.cmp(&b) };
            alike(a, b).then_with(|| compare(&order, a, b)).then(arrival)
        });
        let (mut kept, mut numbers) = (Vec::new(), Vec::new());
        let (mut row_number, mut rank, mut dense) = (0, 0, 0);
        for (at, row) in sorted.iter().enumerate() {
            let row = *row as usize;
            let before = at.checked_sub(1).map(|before| sorted[before] as usize);
            let before = before.filter(|before| alike(*before, row) == Ordering::Equal);
            if before.is_none() {
                (row_number, rank, dense) = (0, 0, 0);
            }
            row_number += 1;
            if before.is_none_or(|before| compare(&order, before, row) != Ordering::Equal) {
                rank = row_number;
                dense += 1;
            }
            let number = match self.function {
                RankFunction::RowNumber => row_number,
                RankFunction::Rank => rank,
                RankFunction::DenseRank => dense,
            };
            if number <= self.most {
                kept.push(row as u32);
                numbers.push(number as i64);
            }
        }
        Ok((kept, numbers))
    }
}

/// The values of some columns in arrow's row format, which has their order; `None` without any.
///
/// # Errors
/// When a column has no order.
pub fn order_rows(
    schema: &SchemaRef,
    rows: &RecordBatch,
    order: &[OrderKey],
) -> Result<Option<Rows>> {
    if order.is_empty() {
        return Ok(None);
    }
    let fields = order.iter().map(|key| {
        let data_type = schema.field(key.column).data_type().clone();
        let (descending, nulls_first) = (key.descending, key.nulls_first);
        SortField::new_with_options(data_type, SortOptions { descending, nulls_first })
    });
    let columns: Vec<usize> = order.iter().map(|key| key.column).collect();
    let converter = RowConverter::new(fields.collect())?;
    Ok(Some(converter.convert_columns(&pick(rows, &columns))?))
}

/// The order of two rows.
pub fn compare(rows: &Option<Rows>, a: usize, b: usize) -> Ordering {
    rows.as_ref().map_or(Ordering::Equal, |rows| rows.row(a).cmp(&rows.row(b)))
}

/// One shard of a window rank.
pub struct WindowRank {
    spec: Arc<WindowRankSpec>,
    calendar: Calendar,
    open: BTreeMap<Bounds, OpenWindow>,
    dropped: Arc<Dropped>,
    watermark: i64,
}

/// The rows of one window that may still be kept.
#[derive(Default)]
struct OpenWindow {
    batches: Vec<RecordBatch>,
    rows: usize,
    /// How many rows there were when those that cannot be kept were last given up.
    needed: usize,
}

/// So few rows are not worth being looked through.
const ROWS_MIN: usize = 4_096;

impl OpenWindow {
    /// Gives up the rows that others have displaced.
    fn shrink(&mut self, spec: &WindowRankSpec) -> Result<()> {
        if self.rows <= 2 * self.needed + ROWS_MIN {
            return Ok(());
        }
        let rows = concat_batches(&spec.input, &self.batches)?;
        let (mut kept, _) = spec.numbers(&rows)?;
        // Equal rows are numbered in the order in which they came.
        kept.sort_unstable();
        self.rows = kept.len();
        self.needed = kept.len();
        self.batches = vec![take_record_batch(&rows, &UInt32Array::from(kept))?];
        Ok(())
    }
}

impl WindowRank {
    /// A shard without any window.
    pub fn new(spec: Arc<WindowRankSpec>, dropped: Arc<Dropped>) -> Self {
        let calendar = Calendar::of(spec.window);
        Self { spec, calendar, open: BTreeMap::new(), dropped, watermark: i64::MIN }
    }

    fn emit(&self, window: &OpenWindow, out: &mut Output) -> Result<()> {
        let rows = concat_batches(&self.spec.input, &window.batches)?;
        let (mut kept, mut numbers) = self.spec.numbers(&rows)?;
        if self.spec.least > 1 {
            let least = self.spec.least as i64;
            let both = kept.into_iter().zip(numbers).filter(|(_, number)| *number >= least);
            (kept, numbers) = both.unzip();
        }
        let rows = take_record_batch(&rows, &UInt32Array::from(kept))?;
        let mut columns = rows.columns().to_vec();
        if self.spec.numbered {
            columns.push(Arc::new(Int64Array::from(numbers)) as ArrayRef);
        }
        let rows = RecordBatch::try_new(Arc::clone(&self.spec.schema), columns)?;
        out.emit(ChangeBatch::insert(rows));
        Ok(())
    }
}

/// The rows of each window in a batch whose rows know theirs; late rows are left out and counted.
///
/// # Errors
/// When rows cannot be picked.
pub fn by_window(
    changes: &ChangeBatch,
    [start, end]: [usize; 2],
    calendar: &Calendar,
    watermark: i64,
    dropped: &Dropped,
) -> Result<BTreeMap<Bounds, RecordBatch>> {
    let starts = milliseconds(changes.rows.column(start))?;
    let ends = milliseconds(changes.rows.column(end))?;
    let mut positions: BTreeMap<Bounds, Vec<u32>> = BTreeMap::new();
    let mut late = Vec::new();
    for row in 0..changes.num_rows() {
        let window = Bounds { start: starts.value(row), end: ends.value(row) };
        let met = changes.reached.as_ref().map(|reached| reached.value(row).max(watermark));
        if met.is_some_and(|met| calendar.last_ms(window.end) <= met) {
            late.push(row);
        } else {
            positions.entry(window).or_default().push(row as u32);
        }
    }
    dropped.add(Reason::Late, changes, &late, None);
    let rows = &changes.rows;
    positions
        .into_iter()
        .map(|(window, positions)| {
            Ok((window, take_record_batch(rows, &UInt32Array::from(positions))?))
        })
        .collect()
}

impl Operator for WindowRank {
    fn process(&mut self, _: usize, changes: ChangeBatch, _: &mut Output) -> Result<()> {
        let spec = Arc::clone(&self.spec);
        let changes = with_rowtimes(changes, spec.end, &self.dropped)?;
        let columns = [spec.start, spec.end];
        let windows = by_window(&changes, columns, &self.calendar, self.watermark, &self.dropped)?;
        for (window, rows) in windows {
            let open = self.open.entry(window).or_default();
            open.rows += rows.num_rows();
            open.batches.push(rows);
            open.shrink(&spec)?;
        }
        Ok(())
    }

    fn end_epoch(&mut self, time: &OperatorTime, out: &mut Output) -> Result<()> {
        self.watermark = self.watermark.max(time.watermark.0);
        while let Some(first) = self.open.first_entry()
            && self.calendar.last_ms(first.key().end) <= self.watermark
        {
            let window = first.remove();
            self.emit(&window, out)?;
        }
        Ok(())
    }

    fn state_bytes(&self) -> usize {
        let batches = self.open.values().flat_map(|window| &window.batches);
        batches.map(RecordBatch::get_array_memory_size).sum()
    }

    fn next_window(&self) -> Option<NextWindow> {
        Some(self.calendar.awaited(*self.open.keys().next()?))
    }
}
