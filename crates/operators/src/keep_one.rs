//! [`KeepOne`]: the first row of each partition in some order, as rows come: deduplication and Top-1.
//!
//! It is what [`Rank`](crate::rank::Rank) is for one row a partition, where rows are never taken back and the
//! order is that of whole numbers or times. Nothing is kept of a row that comes second, and the one row that
//! is kept stands in columns.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BooleanArray, Int64Array, RecordBatch, UInt32Array, make_comparator,
};
use arrow::compute::kernels::cmp::not_distinct;
use arrow::compute::{SortOptions, and, filter, not};
use millstream_plan::{OrderKey, RankFunction};
use millstream_state::{KeyIndex, RowStore, integers, is_integer_like};
use millstream_types::{ChangeBatch, Result};

use crate::expiry::Expiry;
use crate::operator::{Operator, OperatorTime, Output};
use crate::pairs::taken;
use crate::rank::RankSpec;
use crate::session_aggregate::renumbered;
use crate::window_table::pick;

/// The most columns of an order.
const ORDER_MAX: usize = 2;

/// Where a row stands: for each column of the order whether a value or NULL comes first, and the value.
type Place = [(u8, i64); ORDER_MAX];

/// No row.
const NONE: u32 = u32::MAX;

/// So few rows or keys are not worth being numbered anew.
const ROWS_MIN: usize = 1_024;

/// One shard.
pub struct KeepOne {
    spec: Arc<RankSpec>,
    keys: KeyIndex,
    store: RowStore,
    /// By slot: where its row stands.
    places: Vec<Place>,
    /// By slot: the number of its row in the store.
    current: Vec<u32>,
    /// By slot: the number of the row that was emitted.
    emitted: Vec<u32>,
    /// Slots with another row than the one that was emitted.
    changed: Vec<u32>,
    /// How many slots have a row.
    live: usize,
    expiry: Expiry,
    slots: Vec<u32>,
}

impl KeepOne {
    /// Whether this is what a rank is.
    pub fn fits(spec: &RankSpec) -> bool {
        let numbers = |key: &OrderKey| is_integer_like(spec.input.field(key.column).data_type());
        !spec.removes
            && (spec.least, spec.most) == (1, 1)
            && spec.function == RankFunction::RowNumber
            && spec.order.len() <= ORDER_MAX
            && spec.order.iter().all(numbers)
    }

    /// A shard without any row.
    ///
    /// # Errors
    /// When a column cannot be compared.
    pub fn new(spec: Arc<RankSpec>) -> Result<Self> {
        Ok(Self {
            keys: spec.key_index()?,
            store: RowStore::new(Arc::clone(&spec.input)),
            places: Vec::new(),
            current: Vec::new(),
            emitted: Vec::new(),
            changed: Vec::new(),
            live: 0,
            expiry: Expiry::new(spec.ttl),
            slots: Vec::new(),
            spec,
        })
    }

    /// Whether the first row to come is that for ever, and need not be known once it was emitted.
    fn settles(&self) -> bool {
        self.spec.order.is_empty() && !self.spec.last_wins
    }

    /// Numbers rows and keys anew once most are not needed any more.
    fn compact(&mut self) -> Result<()> {
        if self.settles() {
            self.store.retain(&[])?;
        } else if self.store.len() > 2 * self.live + ROWS_MIN {
            let kept: Vec<u32> = self.current.iter().copied().filter(|row| *row != NONE).collect();
            self.store.retain(&kept)?;
            for (next, row) in (0..).zip(self.current.iter_mut().filter(|row| **row != NONE)) {
                *row = next;
            }
            self.emitted.clone_from(&self.current);
        }
        let known = self.keys.len();
        if known <= 2 * self.live + ROWS_MIN && (self.live > 0 || known == 0) {
            return Ok(());
        }
        let live = (0..known as u32).filter(|slot| self.current[*slot as usize] != NONE);
        let live: Vec<u32> = live.collect();
        self.keys = renumbered(&self.keys, &live, self.spec.key_index()?)?;
        self.places = live.iter().map(|slot| self.places[*slot as usize]).collect();
        self.current = live.iter().map(|slot| self.current[*slot as usize]).collect();
        self.emitted.clone_from(&self.current);
        self.expiry.retain(&live);
        Ok(())
    }
}

impl Operator for KeepOne {
    fn begin_epoch(&mut self, clock_ms: i64) -> Result<()> {
        for slot in self.expiry.begin(clock_ms) {
            let slot = slot as usize;
            self.live -= usize::from(self.current[slot] != NONE);
            (self.current[slot], self.emitted[slot]) = (NONE, NONE);
        }
        self.compact()
    }

    fn process(&mut self, _: usize, changes: ChangeBatch, _: &mut Output) -> Result<()> {
        let (spec, count) = (Arc::clone(&self.spec), changes.num_rows());
        let mut slots = std::mem::take(&mut self.slots);
        self.keys.slots(&pick(&changes.rows, &spec.partition), count, &mut slots)?;
        self.places.resize(self.keys.len(), Place::default());
        self.current.resize(self.keys.len(), NONE);
        self.emitted.resize(self.keys.len(), NONE);
        let order = Order::of(&changes.rows, &spec.order)?;
        // The rows that come first, by the number that they get; a later one may take a number over.
        let first = self.store.len() as u32;
        let mut won: Vec<u32> = Vec::new();
        for (row, slot) in slots.iter().enumerate() {
            self.expiry.touch(*slot);
            let (at, place) = (*slot as usize, order.place(row));
            let current = self.current[at];
            if current == NONE {
                self.live += 1;
            } else if place > self.places[at] || (place == self.places[at] && !spec.last_wins) {
                continue;
            }
            self.places[at] = place;
            if current == self.emitted[at] {
                self.changed.push(*slot);
            }
            if current != NONE && current >= first {
                won[(current - first) as usize] = row as u32;
            } else {
                self.current[at] = first + won.len() as u32;
                won.push(row as u32);
            }
        }
        self.slots = slots;
        let rows = won.len();
        if rows == count {
            return self.store.append(changes.rows.columns(), rows);
        }
        self.store.append(&taken(&changes.rows, &UInt32Array::from(won))?, rows)
    }

    fn end_epoch(&mut self, _: &OperatorTime, out: &mut Output) -> Result<()> {
        let changed = std::mem::take(&mut self.changed);
        if changed.is_empty() {
            return Ok(());
        }
        let had = |slot: &&u32| self.emitted[**slot as usize] != NONE;
        let gone: Vec<u32> =
            changed.iter().filter(had).map(|slot| self.emitted[*slot as usize]).collect();
        // What replaces them comes in the same order, and then what replaces nothing.
        let (replaced, fresh): (Vec<&u32>, Vec<&u32>) = changed.iter().partition(had);
        let come = replaced.into_iter().chain(fresh).map(|slot| self.current[*slot as usize]);
        let rows: Vec<u32> = gone.iter().copied().chain(come).collect();
        let mut columns = self.store.columns(&rows)?;
        let mut weights =
            Int64Array::from_iter_values((0..rows.len()).map(|at| gone_first(at, gone.len())));
        for slot in changed {
            self.emitted[slot as usize] = self.current[slot as usize];
        }
        if let Some(equal) = self.equal_pairs(&columns, gone.len())? {
            let differs = not(&equal)?;
            let pair = differs.iter().chain(differs.iter());
            let rest = std::iter::repeat_n(Some(true), rows.len() - 2 * gone.len());
            let kept: BooleanArray = pair.chain(rest).collect();
            columns =
                columns.iter().map(|column| filter(column, &kept)).collect::<Result<_, _>>()?;
            weights = Int64Array::from(filter(&weights, &kept)?.to_data());
        }
        if self.spec.numbered {
            columns.push(Arc::new(Int64Array::from_value(1, weights.len())));
        }
        self.compact()?;
        if weights.is_empty() {
            return Ok(());
        }
        let rows = RecordBatch::try_new(Arc::clone(&self.spec.schema), columns)?;
        out.emit(match gone.is_empty() {
            true => ChangeBatch::insert(rows),
            false => ChangeBatch::weighted(rows, weights),
        });
        Ok(())
    }

    fn state_bytes(&self) -> usize {
        self.keys.bytes()
            + self.expiry.bytes()
            + self.store.bytes()
            + self.places.capacity() * size_of::<Place>()
            + (self.current.capacity() + self.emitted.capacity()) * 4
    }
}

impl KeepOne {
    /// Which of the first `pairs` rows are equal to those that come `pairs` rows behind them; `None` is
    /// none of them.
    fn equal_pairs(&self, columns: &[ArrayRef], pairs: usize) -> Result<Option<BooleanArray>> {
        // A row that stands before another one differs from it.
        if pairs == 0 || !self.spec.last_wins {
            return Ok(None);
        }
        let order = self.spec.order.iter().map(|key| key.column);
        let mut equal = BooleanArray::from(vec![true; pairs]);
        // Rows that are equal in all columns are equal in those of the order, which are looked at first.
        for column in order.chain(0..columns.len()) {
            let (old, new) = (columns[column].slice(0, pairs), columns[column].slice(pairs, pairs));
            let same = match not_distinct(&old, &new) {
                Ok(same) => same,
                Err(_) => {
                    let compare = make_comparator(&old, &new, SortOptions::default())?;
                    (0..pairs).map(|row| Some(compare(row, row).is_eq())).collect()
                }
            };
            equal = and(&equal, &same)?;
            if equal.true_count() == 0 {
                return Ok(None);
            }
        }
        Ok(Some(equal))
    }
}

fn gone_first(at: usize, gone: usize) -> i64 {
    if at < gone { -1 } else { 1 }
}

/// The columns of an order as whole numbers that ascend.
struct Order(Vec<(Int64Array, OrderKey)>);

impl Order {
    fn of(rows: &RecordBatch, keys: &[OrderKey]) -> Result<Self> {
        let keys = keys.iter().map(|key| Ok((integers(rows.column(key.column))?, *key)));
        Ok(Self(keys.collect::<Result<_>>()?))
    }

    #[inline]
    fn place(&self, row: usize) -> Place {
        let mut place = Place::default();
        for (part, (values, key)) in place.iter_mut().zip(&self.0) {
            *part = match (values.is_null(row), key.nulls_first) {
                (true, true) => (0, 0),
                (true, false) => (2, 0),
                // All bits turned, the order of whole numbers is turned.
                _ if key.descending => (1, !values.value(row)),
                _ => (1, values.value(row)),
            };
        }
        place
    }
}
