//! [`WindowJoin`]: joins the rows of two inputs that fall into the same window; pairs come out when the
//! watermark of both has passed it.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BooleanArray, RecordBatch, UInt32Array};
use arrow::compute::concat_batches;
use arrow::datatypes::{DataType, SchemaRef};
use millstream_expr::ScalarExpr;
use millstream_plan::{JoinKind, TimeWindow};
use millstream_state::KeyIndex;
use millstream_types::{ChangeBatch, Result};

use crate::dropped::Dropped;
use crate::operator::{NextWindow, Operator, OperatorTime, Output};
use crate::pairs::{PAIRS, batch, both, nulls, taken};
use crate::window::{Bounds, Calendar};
use crate::window_rank::by_window;
use crate::window_table::pick;
use crate::window_table_function::with_rowtimes;

/// What the operator is told; shared by its shards.
pub struct WindowJoinSpec {
    /// Which rows come out.
    pub kind: JoinKind,
    /// For each input window_start and window_end.
    pub windows: [[usize; 2]; 2],
    /// The kind of window of both.
    pub window: TimeWindow,
    /// For each input the columns that must be equal to those of the other.
    pub keys: [Vec<usize>; 2],
    /// Whether NULL is equal to NULL in them.
    pub equal_nulls: bool,
    /// The columns of NOT IN, left and right: they are taken for equal if one of them is NULL.
    pub null_aware: Option<(usize, usize)>,
    /// What must hold beside that, over the columns of both.
    pub condition: Option<ScalarExpr>,
    /// The columns of both inputs.
    pub inputs: [SchemaRef; 2],
    /// The columns that come out.
    pub schema: SchemaRef,
}

/// One shard of a window join.
pub struct WindowJoin {
    spec: Arc<WindowJoinSpec>,
    calendar: Calendar,
    open: BTreeMap<Bounds, [Vec<RecordBatch>; 2]>,
    dropped: Arc<Dropped>,
    watermark: i64,
    /// The columns of both inputs, which the condition is over.
    both: SchemaRef,
}

impl WindowJoin {
    /// A shard without any window.
    pub fn new(spec: Arc<WindowJoinSpec>, dropped: Arc<Dropped>) -> Self {
        let both = both(&spec.inputs);
        let calendar = Calendar::of(spec.window);
        Self { spec, calendar, open: BTreeMap::new(), dropped, watermark: i64::MIN, both }
    }

    fn join(&self, sides: [Vec<RecordBatch>; 2], out: &mut Output) -> Result<()> {
        let spec = &self.spec;
        let [left, right] = &sides;
        let left = concat_batches(&spec.inputs[0], left)?;
        let right = concat_batches(&spec.inputs[1], right)?;
        let partners = Partners::find(spec, &left, &right)?;
        let mut matched = [vec![false; left.num_rows()], vec![false; right.num_rows()]];
        let pairs_come_out = !matches!(spec.kind, JoinKind::Semi | JoinKind::Anti);
        // Without a condition on pairs it is enough to know that there is a partner.
        let looks_at_pairs = pairs_come_out || spec.condition.is_some() || partners.is_open();
        if !looks_at_pairs {
            matched[0] = (0..left.num_rows()).map(|row| !partners.of(row).is_empty()).collect();
        }
        let (mut lefts, mut rights) = (Vec::new(), Vec::new());
        for row in (0..left.num_rows()).take_while(|_| looks_at_pairs) {
            for partner in partners.of(row) {
                lefts.push(row as u32);
                rights.push(*partner);
            }
            if lefts.len() < PAIRS && row + 1 < left.num_rows() {
                continue;
            }
            let pairs = (
                UInt32Array::from(std::mem::take(&mut lefts)),
                UInt32Array::from(std::mem::take(&mut rights)),
            );
            let (rows, pairs) = self.pairs(&left, &right, pairs)?;
            pairs.0.values().iter().for_each(|row| matched[0][*row as usize] = true);
            pairs.1.values().iter().for_each(|row| matched[1][*row as usize] = true);
            if pairs_come_out {
                self.emit(rows.columns().to_vec(), rows.num_rows(), out)?;
            }
        }
        let rows_where = |side: usize, is: bool| -> UInt32Array {
            (0u32..).zip(&matched[side]).filter(|(_, m)| **m == is).map(|(row, _)| row).collect()
        };
        match spec.kind {
            JoinKind::Inner => {}
            JoinKind::Semi | JoinKind::Anti => {
                let rows = rows_where(0, spec.kind == JoinKind::Semi);
                let columns = taken(&left, &rows)?;
                self.emit(columns, rows.len(), out)?;
            }
            JoinKind::Left | JoinKind::Right | JoinKind::Full => {
                if spec.kind != JoinKind::Right {
                    let rows = rows_where(0, false);
                    let mut columns = taken(&left, &rows)?;
                    columns.extend(nulls(&spec.inputs[1], rows.len()));
                    self.emit(columns, rows.len(), out)?;
                }
                if spec.kind != JoinKind::Left {
                    let rows = rows_where(1, false);
                    let mut columns = nulls(&spec.inputs[0], rows.len());
                    columns.extend(taken(&right, &rows)?);
                    self.emit(columns, rows.len(), out)?;
                }
            }
        }
        Ok(())
    }

    /// The rows of pairs for which the condition is TRUE, and which pairs those are.
    fn pairs(
        &self,
        left: &RecordBatch,
        right: &RecordBatch,
        pairs: (UInt32Array, UInt32Array),
    ) -> Result<(RecordBatch, (UInt32Array, UInt32Array))> {
        let mut columns = taken(left, &pairs.0)?;
        columns.extend(taken(right, &pairs.1)?);
        let rows = batch(&self.both, columns, pairs.0.len())?;
        let mut holds = match &self.spec.condition {
            Some(condition) => condition.evaluate_condition(&rows)?,
            None if self.spec.null_aware.is_none() => return Ok((rows, pairs)),
            None => BooleanArray::from(vec![true; rows.num_rows()]),
        };
        if let Some((left, right)) = self.spec.null_aware {
            let right = self.spec.inputs[0].fields().len() + right;
            let unequal = arrow::compute::kernels::cmp::neq(rows.column(left), rows.column(right))?;
            // A comparison with NULL is neither.
            let unequal = match unequal.null_count() {
                0 => unequal,
                _ => arrow::compute::prep_null_mask_filter(&unequal),
            };
            holds = arrow::compute::and_not(&holds, &unequal)?;
        }
        let kept = |side: &UInt32Array| -> Result<UInt32Array> {
            let kept = arrow::compute::filter(side, &holds)?;
            Ok(arrow::array::AsArray::as_primitive(&kept).clone())
        };
        let pairs = (kept(&pairs.0)?, kept(&pairs.1)?);
        Ok((arrow::compute::filter_record_batch(&rows, &holds)?, pairs))
    }

    fn emit(&self, columns: Vec<ArrayRef>, rows: usize, out: &mut Output) -> Result<()> {
        out.emit(ChangeBatch::insert(batch(&self.spec.schema, columns, rows)?));
        Ok(())
    }
}

/// For each row of the left side the rows of the right side with an equal key; NULL is equal to nothing.
struct Partners {
    slots: Vec<Option<u32>>,
    rows: Vec<Vec<u32>>,
    /// Whether some of those rows may be no partners: NOT IN with a NULL on one side.
    open: bool,
}

impl Partners {
    fn find(spec: &WindowJoinSpec, left: &RecordBatch, right: &RecordBatch) -> Result<Self> {
        // The key of NOT IN is one like the others as long as no NULL leaves it open.
        let mut keys = spec.keys.clone();
        let mut open = false;
        if let Some((l, r)) = spec.null_aware {
            open = left.column(l).null_count() > 0 || right.column(r).null_count() > 0;
            if !open {
                keys[0].push(l);
                keys[1].push(r);
            }
        }
        let types: Vec<DataType> = keys[0]
            .iter()
            .map(|column| spec.inputs[0].field(*column).data_type().clone())
            .collect();
        let mut index = KeyIndex::new(&types)?;
        let mut slots_of = |rows: &RecordBatch, keys: &[usize]| -> Result<Vec<Option<u32>>> {
            let columns = pick(rows, keys);
            let mut slots = Vec::with_capacity(rows.num_rows());
            index.slots(&columns, rows.num_rows(), &mut slots)?;
            let present =
                |row: usize| spec.equal_nulls || columns.iter().all(|column| column.is_valid(row));
            let slots = slots.into_iter().enumerate();
            Ok(slots.map(|(row, slot)| present(row).then_some(slot)).collect())
        };
        let of_right = slots_of(right, &keys[1])?;
        let slots = slots_of(left, &keys[0])?;
        let mut rows = vec![Vec::new(); index.len()];
        for (row, slot) in of_right.iter().enumerate() {
            if let Some(slot) = slot {
                rows[*slot as usize].push(row as u32);
            }
        }
        Ok(Self { slots, rows, open })
    }

    /// Whether pairs must be looked at to know whether they are some.
    fn is_open(&self) -> bool {
        self.open
    }

    fn of(&self, left: usize) -> &[u32] {
        self.slots[left].map_or(&[], |slot| &self.rows[slot as usize])
    }
}

impl Operator for WindowJoin {
    fn process(&mut self, input: usize, changes: ChangeBatch, _: &mut Output) -> Result<()> {
        let columns = self.spec.windows[input];
        let changes = with_rowtimes(changes, columns[1], &self.dropped)?;
        let windows = by_window(&changes, columns, &self.calendar, self.watermark, &self.dropped)?;
        for (window, rows) in windows {
            self.open.entry(window).or_default()[input].push(rows);
        }
        Ok(())
    }

    fn end_epoch(&mut self, time: &OperatorTime, out: &mut Output) -> Result<()> {
        self.watermark = self.watermark.max(time.watermark.0);
        while let Some(first) = self.open.first_entry()
            && self.calendar.last_ms(first.key().end) <= self.watermark
        {
            let sides = first.remove();
            self.join(sides, out)?;
        }
        Ok(())
    }

    fn state_bytes(&self) -> usize {
        let batches = self.open.values().flatten().flatten();
        batches.map(RecordBatch::get_array_memory_size).sum()
    }

    fn next_window(&self) -> Option<NextWindow> {
        Some(self.calendar.awaited(*self.open.keys().next()?))
    }
}
