//! [`Rank`]: numbers the rows of each partition in some order and keeps those with some numbers, as rows come
//! and go: Top-N, deduplication, and LIMIT.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, UInt32Array};
use arrow::datatypes::{DataType, SchemaRef};
use arrow::row::{RowConverter, SortField};
use millstream_plan::{OrderKey, RankFunction};
use millstream_state::KeyIndex;
use millstream_types::{ChangeBatch, Result};

use crate::consolidate::difference;
use crate::expiry::Expiry;
use crate::operator::{Operator, OperatorTime, Output};
use crate::pairs::taken;
use crate::session_aggregate::renumbered;
use crate::window_rank::order_rows;
use crate::window_table::pick;

/// What the operator is told; shared by its shards.
pub struct RankSpec {
    /// The columns of which each value is numbered on its own.
    pub partition: Vec<usize>,
    /// The order of the numbers; rows that are equal in it are numbered as they came.
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
    /// Whether rows are also taken back.
    pub removes: bool,
    /// How long a partition is kept that does not change, in ms; `None` is for ever.
    pub ttl: Option<i64>,
    /// The columns of the input.
    pub input: SchemaRef,
    /// The columns that come out.
    pub schema: SchemaRef,
}

impl RankSpec {
    /// An index of partitions.
    pub(crate) fn key_index(&self) -> Result<KeyIndex> {
        let columns = self.partition.iter();
        let types: Vec<DataType> =
            columns.map(|column| self.input.field(*column).data_type().clone()).collect();
        KeyIndex::new(&types)
    }

    /// Whether no row beyond the last number is ever needed: numbers are those of single rows, and no
    /// row that is kept leaves.
    fn is_bounded(&self) -> bool {
        !self.removes && matches!(self.function, RankFunction::RowNumber)
    }
}

/// A row; the same memory for the row that is kept and the one that was emitted.
type Row = Arc<[u8]>;

/// Where a row stands: by the values it is ordered by, then as it came.
type Place = (Box<[u8]>, u64);

/// The rows of one partition.
#[derive(Default)]
struct Partition {
    rows: BTreeMap<Place, Row>,
    /// The rows that were emitted, with their numbers.
    emitted: Vec<(Row, i64)>,
}

impl Partition {
    /// The rows that are kept, with their numbers. Those that can never be are given up; their bytes.
    fn kept(&mut self, spec: &RankSpec) -> (Vec<(Row, i64)>, usize) {
        let (mut row_number, mut rank, mut dense) = (0, 0, 0);
        let mut before: Option<&[u8]> = None;
        let (mut kept, mut behind) = (Vec::new(), None);
        for (place, row) in &self.rows {
            row_number += 1;
            if before != Some(&*place.0) {
                rank = row_number;
                dense += 1;
                before = Some(&place.0);
            }
            let number: u64 = match spec.function {
                RankFunction::RowNumber => row_number,
                RankFunction::Rank => rank,
                RankFunction::DenseRank => dense,
            };
            if number > spec.most {
                behind = Some(place.clone());
                break;
            }
            if number >= spec.least {
                kept.push((Arc::clone(row), if spec.numbered { number as i64 } else { 0 }));
            }
        }
        let mut given_up = 0;
        if let Some(behind) = behind.filter(|_| !spec.removes) {
            // Without rows that leave, none of these moves up.
            let lost = self.rows.split_off(&behind);
            given_up = lost.iter().map(|(place, row)| place.0.len() + row.len()).sum();
        }
        (kept, given_up)
    }
}

/// One shard of a rank.
pub struct Rank {
    spec: Arc<RankSpec>,
    keys: KeyIndex,
    converter: RowConverter,
    partitions: Vec<Partition>,
    live: usize,
    expiry: Expiry,
    changed: Vec<u32>,
    is_changed: Vec<bool>,
    /// How many rows have come.
    rows: u64,
    bytes: usize,
    /// How many rows partitions remember to have emitted.
    emitted: usize,
}

/// So few keys are not worth being numbered anew.
const KEYS_MIN: usize = 1_024;

impl Rank {
    /// A shard without any row.
    ///
    /// # Errors
    /// When a column cannot be compared.
    pub fn new(spec: Arc<RankSpec>) -> Result<Self> {
        let fields = spec.input.fields().iter();
        let fields = fields.map(|field| SortField::new(field.data_type().clone()));
        Ok(Self {
            keys: spec.key_index()?,
            converter: RowConverter::new(fields.collect())?,
            partitions: Vec::new(),
            live: 0,
            expiry: Expiry::new(spec.ttl),
            changed: Vec::new(),
            is_changed: Vec::new(),
            rows: 0,
            bytes: 0,
            emitted: 0,
            spec,
        })
    }

    /// Whether a partition is full of rows that come before any new one of this order.
    fn is_beyond(&self, slot: u32, order: &[u8]) -> bool {
        let rows = &self.partitions[slot as usize].rows;
        let full = self.spec.is_bounded() && rows.len() as u64 >= self.spec.most;
        full && rows.last_key_value().is_some_and(|((last, _), _)| match self.spec.last_wins {
            true => *order > **last,
            false => *order >= **last,
        })
    }

    fn change(&mut self, slot: u32, order: &[u8], row: &[u8], weight: i64) {
        if self.is_beyond(slot, order) {
            return;
        }
        let partition = &mut self.partitions[slot as usize];
        let was_empty = partition.rows.is_empty();
        for _ in 0..weight {
            let arrival = if self.spec.last_wins { u64::MAX - self.rows } else { self.rows };
            partition.rows.insert((order.into(), arrival), row.into());
            self.rows += 1;
            self.bytes += order.len() + row.len();
            if self.spec.is_bounded() && partition.rows.len() as u64 > self.spec.most {
                let last = partition.rows.pop_last();
                self.bytes -= last.map_or(0, |((order, _), row)| order.len() + row.len());
            }
        }
        for _ in weight..0 {
            // Copies of a row are alike: which of them leaves makes no difference.
            let alike = (order.into(), 0)..=(order.into(), u64::MAX);
            let place = partition.rows.range(alike).find(|(_, known)| ***known == *row);
            if let Some(place) = place.map(|(place, _)| place.clone()) {
                partition.rows.remove(&place);
                self.bytes -= order.len() + row.len();
            }
        }
        self.live = self.live + usize::from(was_empty && !partition.rows.is_empty())
            - usize::from(!was_empty && partition.rows.is_empty());
        if !std::mem::replace(&mut self.is_changed[slot as usize], true) {
            self.changed.push(slot);
        }
    }

    /// Numbers the keys anew once most have no rows any more.
    fn compact(&mut self) -> Result<()> {
        let known = self.keys.len();
        if known <= 2 * self.live + KEYS_MIN && (self.live > 0 || known == 0) {
            return Ok(());
        }
        let live = (0..self.partitions.len() as u32)
            .filter(|slot| !self.partitions[*slot as usize].rows.is_empty());
        let live: Vec<u32> = live.collect();
        self.keys = renumbered(&self.keys, &live, self.spec.key_index()?)?;
        let taken = |slot: &u32| std::mem::take(&mut self.partitions[*slot as usize]);
        self.partitions = live.iter().map(taken).collect();
        self.is_changed = vec![false; live.len()];
        self.expiry.retain(&live);
        Ok(())
    }
}

impl Operator for Rank {
    fn begin_epoch(&mut self, clock_ms: i64) -> Result<()> {
        for slot in self.expiry.begin(clock_ms) {
            let partition = std::mem::take(&mut self.partitions[slot as usize]);
            self.live -= usize::from(!partition.rows.is_empty());
            self.emitted -= partition.emitted.len();
            let rows = partition.rows.iter();
            self.bytes -= rows.map(|(place, row)| place.0.len() + row.len()).sum::<usize>();
        }
        self.compact()
    }

    fn process(&mut self, _: usize, changes: ChangeBatch, _: &mut Output) -> Result<()> {
        let spec = Arc::clone(&self.spec);
        let count = changes.num_rows();
        let mut slots = Vec::with_capacity(count);
        self.keys.slots(&pick(&changes.rows, &spec.partition), count, &mut slots)?;
        self.partitions.resize_with(self.keys.len(), Partition::default);
        self.is_changed.resize(self.keys.len(), false);
        let order = order_rows(&spec.input, &changes.rows, &spec.order)?;
        let order = order.as_ref();
        let place = |row: usize| order.map(|order| order.row(row));
        slots.iter().for_each(|slot| self.expiry.touch(*slot));
        // Most rows of long partitions come too late to be among the first ones.
        let near = |row: &usize| {
            !self.is_beyond(
                slots[*row],
                place(*row).as_ref().map_or(&[][..], |place| place.as_ref()),
            )
        };
        let near: Vec<usize> = (0..count).filter(near).collect();
        let rows = match near.len() == count {
            true => self.converter.convert_columns(changes.rows.columns())?,
            false => {
                let positions = UInt32Array::from_iter_values(near.iter().map(|row| *row as u32));
                self.converter.convert_columns(&taken(&changes.rows, &positions)?)?
            }
        };
        for (at, row) in near.into_iter().enumerate() {
            let place = place(row);
            let place = place.as_ref().map_or(&[][..], |place| place.as_ref());
            self.change(slots[row], place, rows.row(at).as_ref(), changes.weight(row));
        }
        Ok(())
    }

    fn end_epoch(&mut self, _: &OperatorTime, out: &mut Output) -> Result<()> {
        let spec = Arc::clone(&self.spec);
        let (mut gone, mut come) = (Vec::new(), Vec::new());
        for slot in std::mem::take(&mut self.changed) {
            self.is_changed[slot as usize] = false;
            let partition = &mut self.partitions[slot as usize];
            let (kept, given_up) = partition.kept(&spec);
            self.bytes -= given_up;
            let (before, after) = difference(&partition.emitted, &kept);
            gone.extend(before);
            come.extend(after);
            self.emitted = self.emitted + kept.len() - partition.emitted.len();
            partition.emitted = kept;
        }
        self.compact()?;
        if gone.is_empty() && come.is_empty() {
            return Ok(());
        }
        let only_come = gone.is_empty();
        let weights = std::iter::repeat_n(-1, gone.len()).chain(std::iter::repeat_n(1, come.len()));
        let weights = Int64Array::from_iter_values(weights);
        let rows = [gone, come].concat();
        let parser = self.converter.parser();
        let mut columns =
            self.converter.convert_rows(rows.iter().map(|(row, _)| parser.parse(row)))?;
        if spec.numbered {
            let numbers = Int64Array::from_iter_values(rows.iter().map(|(_, number)| *number));
            columns.push(Arc::new(numbers) as ArrayRef);
        }
        let rows = RecordBatch::try_new(Arc::clone(&spec.schema), columns)?;
        out.emit(match only_come {
            true => ChangeBatch::insert(rows),
            false => ChangeBatch::weighted(rows, weights),
        });
        Ok(())
    }

    fn state_bytes(&self) -> usize {
        self.keys.bytes()
            + self.expiry.bytes()
            + self.bytes
            + self.emitted * size_of::<(Row, i64)>()
            + self.partitions.capacity() * size_of::<Partition>()
    }
}
