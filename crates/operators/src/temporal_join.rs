//! [`TemporalJoin`]: each row of the left input with the version of a right row that was valid at its time.
//!
//! A right row is a version of its key from its own time on, until the next one. Left rows wait until the
//! watermark of both inputs has passed them, so that all versions are there. Of a left row that is late
//! the version is taken only if no other has replaced it by the watermark that the row met. A key is
//! looked up, not compared: NULL finds the version of NULL, as in Flink. What is remembered of a key are its
//! versions: one without any is forgotten once its left rows have come out.
//!
//! Where left rows go, too, they take back what they gave: all versions are remembered then, and a left row
//! finds that of its time however late it is.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, UInt32Array};
use arrow::compute::take;
use arrow::datatypes::{DataType, SchemaRef};
use arrow::row::{RowConverter, SortField};
use millstream_expr::ScalarExpr;
use millstream_state::KeyIndex;
use millstream_types::{ChangeBatch, Result};

use crate::dropped::Dropped;
use crate::operator::{Operator, OperatorTime, Output};
use crate::pairs::{batch, both, holds};
use crate::session_aggregate::renumbered;
use crate::watermark::milliseconds;
use crate::window_table::pick;
use crate::window_table_function::with_rowtimes;

/// What the operator is told; shared by its shards.
pub struct TemporalJoinSpec {
    /// Whether left rows without a version come out, with NULLs beside them.
    pub outer: bool,
    /// For each input the columns that must be equal to those of the other.
    pub keys: [Vec<usize>; 2],
    /// For each input its rowtime.
    pub times: [usize; 2],
    /// Whether a version counts only if it is not earlier than those of its key that came before: that of a
    /// view that keeps the last row of each key.
    pub ascending: bool,
    /// Whether left rows go, too.
    pub left_goes: bool,
    /// What must hold beside that, over the columns of both.
    pub condition: Option<ScalarExpr>,
    /// The columns of both inputs.
    pub inputs: [SchemaRef; 2],
    /// The columns that come out.
    pub schema: SchemaRef,
}

impl TemporalJoinSpec {
    fn key_index(&self) -> Result<KeyIndex> {
        let columns = self.keys[0].iter();
        let types = columns.map(|column| self.inputs[0].field(*column).data_type().clone());
        KeyIndex::new(&types.collect::<Vec<DataType>>())
    }
}

type Bytes = Box<[u8]>;

/// A right row from its time on; `None` where it was deleted then.
struct Version {
    time: i64,
    row: Option<Bytes>,
}

/// A left row that waits for its time.
struct Waiting {
    /// The slot of its key.
    slot: u32,
    row: Bytes,
    /// How often it comes, or less than 0 how often it goes.
    weight: i64,
    /// The watermark it met.
    met: i64,
}

/// So few keys are not worth being numbered anew.
const KEYS_MIN: usize = 1_024;

/// One shard of a temporal join.
pub struct TemporalJoin {
    spec: Arc<TemporalJoinSpec>,
    keys: KeyIndex,
    /// By the slot of the key, in the order of time.
    versions: Vec<Vec<Version>>,
    /// By the slot of the key, the time of the last version that counted.
    latest: Vec<i64>,
    /// The slots that get a new version at a time, where versions are given up.
    changes: BTreeMap<i64, Vec<u32>>,
    waiting: BTreeMap<i64, Vec<Waiting>>,
    /// So many keys are looked through for those that have no version and that no row waits for.
    keys_most: usize,
    converters: [RowConverter; 2],
    bytes: usize,
    both: SchemaRef,
    dropped: Arc<Dropped>,
}

impl TemporalJoin {
    /// A shard without any row.
    ///
    /// # Errors
    /// When a column cannot be a key or be remembered.
    pub fn new(spec: Arc<TemporalJoinSpec>, dropped: Arc<Dropped>) -> Result<Self> {
        let converter = |side: usize| {
            let fields = spec.inputs[side].fields().iter();
            RowConverter::new(fields.map(|f| SortField::new(f.data_type().clone())).collect())
        };
        Ok(Self {
            keys: spec.key_index()?,
            keys_most: KEYS_MIN,
            versions: Vec::new(),
            latest: Vec::new(),
            changes: BTreeMap::new(),
            waiting: BTreeMap::new(),
            converters: [converter(0)?, converter(1)?],
            bytes: 0,
            both: both(&spec.inputs),
            spec,
            dropped,
        })
    }

    /// Takes a version; one of the same time is replaced.
    fn insert(&mut self, slot: u32, version: Version) {
        let versions = &mut self.versions[slot as usize];
        let length = |version: &Version| version.row.as_ref().map_or(0, |row| row.len());
        self.bytes += length(&version);
        if !self.spec.left_goes {
            self.changes.entry(version.time).or_default().push(slot);
        }
        let at = versions.partition_point(|known| known.time < version.time);
        match versions.get_mut(at).filter(|known| known.time == version.time) {
            Some(known) => {
                self.bytes -= length(known);
                *known = version;
            }
            None => versions.insert(at, version),
        }
    }

    /// The version that a left row of some time meets.
    fn version(&self, time: i64, waiting: &Waiting) -> Option<&Bytes> {
        let versions = &self.versions[waiting.slot as usize];
        let next = versions.partition_point(|version| version.time <= time);
        let version = &versions[next.checked_sub(1)?];
        let replaced = versions.get(next).is_some_and(|next| next.time <= waiting.met);
        version.row.as_ref().filter(|_| self.spec.left_goes || !replaced)
    }

    /// Emits left rows whose time has come.
    fn join(&mut self, ready: Vec<(i64, Waiting)>, out: &mut Output) -> Result<()> {
        if ready.is_empty() {
            return Ok(());
        }
        let (left, right) = (&self.converters[0], &self.converters[1]);
        let parser = left.parser();
        let own = left.convert_rows(ready.iter().map(|(_, row)| parser.parse(&row.row)))?;
        let versions = ready.iter().map(|(time, row)| self.version(*time, row));
        let versions: Vec<Option<&Bytes>> = versions.collect();
        let parser = right.parser();
        let present = versions.iter().flatten().map(|row| parser.parse(row));
        let present = right.convert_rows(present)?;
        let mut next = 0;
        let mut place = |version: &Option<&Bytes>| {
            next += u32::from(version.is_some());
            version.map(|_| next - 1)
        };
        let mut places: Vec<Option<u32>> = versions.iter().map(&mut place).collect();
        let beside = |places: &[Option<u32>]| -> Result<Vec<ArrayRef>> {
            let places = UInt32Array::from(places.to_vec());
            let columns = present.iter().map(|column| Ok(take(column, &places, None)?));
            Ok([own.clone(), columns.collect::<Result<Vec<_>>>()?].concat())
        };
        let condition = self.spec.condition.as_ref();
        if let Some(holds) = holds(condition, &self.both, &beside(&places)?, ready.len())? {
            let kept = places.iter_mut().enumerate().filter(|(row, _)| !holds.value(*row));
            kept.for_each(|(_, place)| *place = None);
        }
        let rows = batch(&self.spec.schema, beside(&places)?, ready.len())?;
        let late = ready.iter().any(|(time, row)| row.met >= *time);
        let reached =
            late.then(|| Int64Array::from_iter_values(ready.iter().map(|(_, row)| row.met)));
        let weights = ready
            .iter()
            .any(|(_, row)| row.weight != 1)
            .then(|| Int64Array::from_iter_values(ready.iter().map(|(_, row)| row.weight)));
        let rows = ChangeBatch { rows, weights, reached };
        out.emit(match self.spec.outer {
            true => rows,
            false => rows.filter(&places.iter().map(|place| Some(place.is_some())).collect())?,
        });
        Ok(())
    }

    /// Forgets keys that have no version and that no row waits for, once that may be most of them.
    fn compact_keys(&mut self) -> Result<()> {
        let known = self.keys.len();
        if known <= self.keys_most {
            return Ok(());
        }
        let mut live: Vec<bool> = self.versions.iter().map(|known| !known.is_empty()).collect();
        let waiting = self.waiting.values().flatten();
        waiting.for_each(|row| live[row.slot as usize] = true);
        let kept: Vec<u32> = (0..known as u32).filter(|slot| live[*slot as usize]).collect();
        self.keys_most = (2 * kept.len()).max(KEYS_MIN);
        if kept.len() == known {
            return Ok(());
        }
        let mut moved = vec![None; known];
        (0..).zip(&kept).for_each(|(new, old)| moved[*old as usize] = Some(new));
        self.keys = renumbered(&self.keys, &kept, self.spec.key_index()?)?;
        let versions = kept.iter().map(|slot| std::mem::take(&mut self.versions[*slot as usize]));
        self.versions = versions.collect();
        self.latest = kept.iter().map(|slot| self.latest[*slot as usize]).collect();
        for row in self.waiting.values_mut().flatten() {
            row.slot = moved[row.slot as usize].unwrap_or(row.slot);
        }
        self.changes.retain(|_, slots| {
            *slots = slots.iter().filter_map(|slot| moved[*slot as usize]).collect();
            !slots.is_empty()
        });
        Ok(())
    }

    /// Gives up versions that were replaced by a watermark.
    fn expire(&mut self, watermark: i64) {
        while let Some(first) = self.changes.first_entry()
            && *first.key() <= watermark
        {
            for slot in first.remove() {
                let versions = &mut self.versions[slot as usize];
                let passed = versions.partition_point(|version| version.time <= watermark);
                let mut gone = passed.saturating_sub(1);
                // A deletion with nothing before it is no version.
                if passed > 0 && versions[passed - 1].row.is_none() {
                    gone = passed;
                }
                for version in versions.drain(..gone) {
                    self.bytes -= version.row.map_or(0, |row| row.len());
                }
            }
        }
    }
}

impl Operator for TemporalJoin {
    fn process(&mut self, side: usize, changes: ChangeBatch, _: &mut Output) -> Result<()> {
        let spec = Arc::clone(&self.spec);
        let changes = with_rowtimes(changes, spec.times[side], &self.dropped)?;
        let count = changes.num_rows();
        let times = milliseconds(changes.rows.column(spec.times[side]))?;
        let keys = pick(&changes.rows, &spec.keys[side]);
        let mut slots = Vec::with_capacity(count);
        self.keys.slots(&keys, count, &mut slots)?;
        self.versions.resize_with(self.keys.len(), Vec::new);
        self.latest.resize(self.keys.len(), i64::MIN);
        let encoded = self.converters[side].convert_columns(changes.rows.columns())?;
        for (row, slot) in slots.iter().enumerate() {
            let (time, bytes): (_, Bytes) = (times.value(row), encoded.row(row).as_ref().into());
            if side == 0 {
                let met = changes.reached.as_ref().map_or(i64::MIN, |met| met.value(row));
                self.bytes += bytes.len() + size_of::<Waiting>();
                let weight = changes.weight(row);
                let waiting = Waiting { slot: *slot, row: bytes, weight, met };
                self.waiting.entry(time).or_default().push(waiting);
            } else if changes.weight(row) > 0 {
                let latest = &mut self.latest[*slot as usize];
                if spec.ascending && time < *latest {
                    continue;
                }
                *latest = time;
                self.insert(*slot, Version { time, row: Some(bytes) });
            } else {
                // What is replaced is not taken back: its source gives the row after an update only.
                self.insert(*slot, Version { time, row: None });
            }
        }
        Ok(())
    }

    fn end_epoch(&mut self, time: &OperatorTime, out: &mut Output) -> Result<()> {
        let watermark = time.watermark.0;
        let mut ready = Vec::new();
        while let Some(first) = self.waiting.first_entry()
            && *first.key() <= watermark
        {
            let (time, rows) = first.remove_entry();
            ready.extend(rows.into_iter().map(|row| (time, row)));
        }
        for (_, row) in &ready {
            self.bytes -= row.row.len() + size_of::<Waiting>();
        }
        self.join(ready, out)?;
        self.expire(watermark);
        self.compact_keys()
    }

    fn state_bytes(&self) -> usize {
        let versions: usize =
            self.versions.iter().map(|versions| versions.capacity() * size_of::<Version>()).sum();
        let changes: usize = self.changes.values().map(|slots| slots.capacity() * 4).sum();
        let times = (self.changes.len() + self.waiting.len()) * size_of::<(i64, Vec<u32>)>();
        let of_keys =
            self.versions.capacity() * size_of::<Vec<Version>>() + self.latest.capacity() * 8;
        self.keys.bytes() + self.bytes + versions + changes + times + of_keys
    }
}
