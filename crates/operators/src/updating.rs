//! [`Updating`]: windows whose rows come early, and again when late rows change them.
//!
//! Each group remembers the row it last emitted; a change takes that back and gives the new one.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use arrow::array::{Array, ArrayRef, Int64Array, RecordBatch, UInt32Array};
use arrow::compute::{concat, take};
use arrow::row::{OwnedRow, RowConverter, SortField};
use millstream_plan::EmitPolicy;
use millstream_types::{ChangeBatch, Error, Result};

use crate::operator::Output;
use crate::reduce::SliceGroups;
use crate::slices::Slices;
use crate::window::{Bounds, Calendar};
use crate::window_table::{From, Table, WindowAggregateSpec};

/// Windows by their bounds.
pub struct Updating {
    policy: EmitPolicy,
    calendar: Calendar,
    windows: BTreeMap<Bounds, OpenWindow>,
    converter: RowConverter,
    slots: Vec<u32>,
}

struct OpenWindow {
    table: Table,
    /// For each group the values it last emitted.
    emitted: Vec<Option<OwnedRow>>,
    /// The groups that may have changed since.
    changed: Vec<u32>,
    is_changed: Vec<bool>,
    /// Whether the watermark has passed it.
    complete: bool,
    /// When the first of the changes came, by the clock in ms; set at the end of its epoch.
    changed_at: Option<i64>,
}

impl Updating {
    /// Without any window.
    ///
    /// # Errors
    /// When an aggregate's value cannot be remembered.
    pub fn new(spec: &WindowAggregateSpec, policy: EmitPolicy) -> Result<Self> {
        let values = spec.aggregates.iter().map(|call| SortField::new(call.result.clone()));
        Ok(Self {
            policy,
            calendar: spec.calendar(),
            windows: BTreeMap::new(),
            converter: RowConverter::new(values.collect())?,
            slots: Vec::new(),
        })
    }

    /// When a window's changes are due.
    fn due(policy: EmitPolicy, window: &OpenWindow) -> Option<i64> {
        let delay = if window.complete { policy.late } else { policy.early };
        Some(window.changed_at?.saturating_add(delay?))
    }
}

impl OpenWindow {
    /// Emits what changed since the last time.
    fn emit(
        &mut self,
        spec: &WindowAggregateSpec,
        window: Bounds,
        converter: &RowConverter,
        out: &mut Output,
    ) -> Result<()> {
        self.changed_at = None;
        let changed = std::mem::take(&mut self.changed);
        changed.iter().for_each(|slot| self.is_changed[*slot as usize] = false);
        let values = self.table.aggregates.iter().map(|aggregate| aggregate.values(&changed));
        let values = values.collect::<Result<Vec<ArrayRef>>>()?;
        let after = match values.is_empty() {
            true => None,
            false => Some(converter.convert_columns(&values)?),
        };
        // Old rows stand behind the new ones; the order puts each pair together.
        let (mut old, mut order, mut weights, mut slots) = (vec![], vec![], vec![], vec![]);
        for (at, slot) in changed.iter().enumerate() {
            let new = match &after {
                Some(after) => after.row(at).owned(),
                None => converter.parser().parse(&[]).owned(),
            };
            let emitted = &mut self.emitted[*slot as usize];
            if emitted.as_ref() == Some(&new) {
                continue;
            }
            if let Some(before) = emitted.replace(new) {
                order.push((changed.len() + old.len()) as u32);
                old.push(before);
                weights.push(-1);
                slots.push(*slot);
            }
            order.push(at as u32);
            weights.push(1);
            slots.push(*slot);
        }
        if slots.is_empty() {
            return Ok(());
        }
        let old = converter.convert_rows(old.iter().map(OwnedRow::row))?;
        let order = UInt32Array::from(order);
        let values = values.iter().zip(&old).map(|(new, old)| -> Result<ArrayRef> {
            let both: [&dyn Array; 2] = [new, old];
            Ok(take(&concat(&both)?, &order, None)?)
        });
        let values = values.collect::<Result<_>>()?;
        let keys = self.table.keys.columns(slots.iter().copied())?;
        let rows = spec.rows(&vec![window; slots.len()], &keys, values)?;
        out.emit(ChangeBatch::weighted(rows, Int64Array::from(weights)));
        Ok(())
    }
}

impl Slices for Updating {
    fn merge(&mut self, _: &WindowAggregateSpec, _: &SliceGroups) -> Result<()> {
        Err(Error::Internal("windows that are emitted early take rows only".to_owned()))
    }

    fn add(
        &mut self,
        spec: &WindowAggregateSpec,
        window: Bounds,
        rows: &RecordBatch,
        from: From<'_>,
    ) -> Result<()> {
        let open = match self.windows.entry(window) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => new.insert(OpenWindow {
                table: Table::new(spec)?,
                emitted: Vec::new(),
                changed: Vec::new(),
                is_changed: Vec::new(),
                complete: false,
                changed_at: None,
            }),
        };
        open.table.add(spec, rows, from, &mut self.slots)?;
        let groups = open.table.keys.len();
        open.emitted.resize(groups, None);
        open.is_changed.resize(groups, false);
        for slot in &self.slots {
            if !std::mem::replace(&mut open.is_changed[*slot as usize], true) {
                open.changed.push(*slot);
            }
        }
        Ok(())
    }

    fn fire(&mut self, spec: &WindowAggregateSpec, watermark: i64, out: &mut Output) -> Result<()> {
        let mut gone = Vec::new();
        for (window, open) in &mut self.windows {
            let last = self.calendar.last_ms(window.end);
            if last > watermark {
                break;
            }
            let over = last.saturating_add(self.policy.lateness) <= watermark;
            if !open.complete || over {
                open.complete = true;
                open.emit(spec, *window, &self.converter, out)?;
            }
            if over {
                gone.push(*window);
            }
        }
        gone.iter().for_each(|window| {
            self.windows.remove(window);
        });
        Ok(())
    }

    fn tick(&mut self, spec: &WindowAggregateSpec, clock: i64, out: &mut Output) -> Result<()> {
        for (window, open) in &mut self.windows {
            if open.changed_at.is_none() && !open.changed.is_empty() {
                open.changed_at = Some(clock);
            }
            if Self::due(self.policy, open).is_some_and(|due| due <= clock) {
                open.emit(spec, *window, &self.converter, out)?;
            }
        }
        Ok(())
    }

    fn wakes_at(&self) -> Option<i64> {
        self.windows.values().filter_map(|open| Self::due(self.policy, open)).min()
    }

    fn next(&self) -> Option<Bounds> {
        self.windows.iter().find(|(_, open)| !open.complete).map(|(window, _)| *window)
    }

    fn bytes(&self) -> usize {
        let of = |open: &OpenWindow| {
            let emitted: usize = open.emitted.iter().flatten().map(|row| row.as_ref().len()).sum();
            open.table.bytes() + emitted + open.emitted.len() * size_of::<Option<OwnedRow>>()
        };
        self.windows.values().map(of).sum()
    }
}
