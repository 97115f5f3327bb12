//! [`IntegerKeys`]: keys of whole numbers and times, which are kept as numbers.

use arrow::array::{Array, ArrayRef, AsArray, Int64Array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};
use hashbrown::HashMap;
use millstream_types::Result;

use crate::integer_table::IntegerTable;

/// Slots by keys of `N` columns.
pub struct IntegerKeys<const N: usize> {
    table: IntegerTable<N>,
    /// By slot; 0 stands where a key has NULL.
    values: Vec<[i64; N]>,
    /// The slots of keys with NULL, which are few.
    with_nulls: HashMap<[Option<i64>; N], u32>,
    /// For keys of one batch that lie close together: their slots by how far they are from the least.
    near: Vec<u32>,
}

/// Keys lie close together when their range is no more than so many times their number.
const NEAR: u64 = 4;

/// No slot yet.
const NONE: u32 = u32::MAX;

impl<const N: usize> Default for IntegerKeys<N> {
    fn default() -> Self {
        let (table, with_nulls) = (IntegerTable::default(), HashMap::new());
        Self { table, values: Vec::new(), with_nulls, near: Vec::new() }
    }
}

impl<const N: usize> IntegerKeys<N> {
    /// The number of keys.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Makes room for so many keys.
    pub fn reserve(&mut self, keys: usize) {
        self.table.reserve(keys);
        self.values.reserve(keys);
    }

    /// Adds the slot of each row to `slots`.
    ///
    /// # Errors
    /// When the columns hold no numbers.
    pub fn slots(&mut self, columns: &[ArrayRef], slots: &mut Vec<u32>) -> Result<()> {
        let columns = columns.iter().map(integers).collect::<Result<Vec<_>>>()?;
        let rows = columns.first().map_or(0, Int64Array::len);
        if columns.iter().all(|column| column.null_count() == 0) {
            let parts: [&[i64]; N] = std::array::from_fn(|part| &columns[part].values()[..]);
            if N == 1 && self.near_slots(parts[0], slots) {
                return Ok(());
            }
            slots.extend((0..rows).map(|row| self.slot(parts.map(|part| part[row]))));
            return Ok(());
        }
        for row in 0..rows {
            let key: [Option<i64>; N] = std::array::from_fn(|part| {
                let column = &columns[part];
                column.is_valid(row).then(|| column.value(row))
            });
            let values = key.map(Option::unwrap_or_default);
            slots.push(match key.iter().all(Option::is_some) {
                true => self.slot(values),
                false => *self.with_nulls.entry(key).or_insert_with(|| {
                    self.values.push(values);
                    self.values.len() as u32 - 1
                }),
            });
        }
        Ok(())
    }

    /// Adds the slots of keys of one number, if they lie close together: each is looked up once.
    fn near_slots(&mut self, keys: &[i64], slots: &mut Vec<u32>) -> bool {
        let least = keys.iter().copied().min().unwrap_or_default();
        let range = keys.iter().copied().max().unwrap_or_default().abs_diff(least);
        if range >= keys.len() as u64 * NEAR {
            return false;
        }
        let mut near = std::mem::take(&mut self.near);
        near.clear();
        near.resize(range as usize + 1, NONE);
        slots.extend(keys.iter().map(|key| {
            let slot = &mut near[key.wrapping_sub(least) as usize];
            if *slot == NONE {
                *slot = self.slot([*key; N]);
            }
            *slot
        }));
        self.near = near;
        true
    }

    #[inline]
    fn slot(&mut self, key: [i64; N]) -> u32 {
        let (slot, new) = self.table.slot(key, self.values.len() as u32);
        if new {
            self.values.push(key);
        }
        slot
    }

    /// The key columns of some slots, of the types given.
    ///
    /// # Errors
    /// Never, for slots of its own and types that it was made for.
    pub fn columns(
        &self,
        slots: impl Iterator<Item = u32>,
        types: &[DataType],
    ) -> Result<Vec<ArrayRef>> {
        let slots: Vec<u32> = slots.collect();
        let nulls: HashMap<u32, &[Option<i64>; N]> =
            self.with_nulls.iter().map(|(key, slot)| (*slot, key)).collect();
        let column = |(part, of): (usize, &DataType)| {
            let value = |slot: u32| self.values[slot as usize][part];
            let keys: Int64Array = if nulls.is_empty() {
                Int64Array::from_iter_values(slots.iter().map(|slot| value(*slot)))
            } else {
                let present = |slot: &u32| match nulls.get(slot) {
                    Some(key) => key[part],
                    None => Some(value(*slot)),
                };
                slots.iter().map(present).collect()
            };
            from_integers(&keys, of)
        };
        types.iter().enumerate().map(column).collect()
    }

    /// Bytes held.
    pub fn bytes(&self) -> usize {
        self.table.bytes()
            + self.values.capacity() * size_of::<[i64; N]>()
            + self.with_nulls.allocation_size()
            + self.near.capacity() * 4
    }
}

/// Whether the values of a type are whole numbers or times, as [`integers`] gives them.
pub fn is_integer_like(data_type: &DataType) -> bool {
    data_type.is_signed_integer()
        || matches!(data_type, DataType::Date32 | DataType::Timestamp(..) | DataType::Time32(_))
}

/// Whole numbers, or times as whole numbers.
///
/// # Errors
/// When the values are no such.
pub fn integers(column: &ArrayRef) -> Result<Int64Array> {
    let narrow = match column.data_type() {
        DataType::Int64 => return Ok(column.as_primitive().clone()),
        DataType::Date32 | DataType::Time32(_) => cast(column, &DataType::Int32)?,
        _ => ArrayRef::clone(column),
    };
    Ok(cast(&narrow, &DataType::Int64)?.as_primitive::<Int64Type>().clone())
}

fn from_integers(keys: &Int64Array, to: &DataType) -> Result<ArrayRef> {
    Ok(match to {
        DataType::Date32 | DataType::Time32(_) => cast(&cast(keys, &DataType::Int32)?, to)?,
        _ => cast(keys, to)?,
    })
}
