//! Changes put together: equal rows become one, with the sum of their weights.

use std::hash::{BuildHasher, Hash};

use arrow::array::{Array, ArrayRef, Int64Array, UInt32Array};
use arrow::compute::{concat, take};
use arrow::datatypes::SchemaRef;
use arrow::row::{RowConverter, SortField};
use foldhash::fast::FixedState;
use hashbrown::{HashMap, HashTable};
use millstream_types::{ChangeBatch, Result};

use crate::pairs::batch;

/// Changes of an epoch as they come, rows and weights.
#[derive(Default)]
pub(crate) struct Changes {
    parts: Vec<(Vec<ArrayRef>, Vec<i64>)>,
}

impl Changes {
    /// Takes rows, one weight each.
    pub fn add(&mut self, columns: Vec<ArrayRef>, weights: Vec<i64>) {
        if !weights.is_empty() {
            self.parts.push((columns, weights));
        }
    }

    /// The net changes, in batches: what is taken back comes first. Nothing is left behind.
    ///
    /// # Errors
    /// When a column cannot be compared.
    pub fn net(&mut self, schema: &SchemaRef) -> Result<Vec<ChangeBatch>> {
        let parts = std::mem::take(&mut self.parts);
        // Rows that only come cannot cancel out.
        if parts.iter().all(|(_, weights)| weights.iter().all(|weight| *weight > 0)) {
            let changes =
                parts.into_iter().map(|(columns, weights)| weighted(schema, columns, weights));
            return changes.collect();
        }
        let weights: Vec<i64> = parts.iter().flat_map(|(_, weights)| weights).copied().collect();
        let mut columns = Vec::with_capacity(schema.fields().len());
        for column in 0..schema.fields().len() {
            let arrays: Vec<&dyn Array> =
                parts.iter().map(|(columns, _)| columns[column].as_ref()).collect();
            columns.push(concat(&arrays)?);
        }
        let (rows, weights) = distinct(schema, &columns, weights)?;
        let rows = UInt32Array::from(rows);
        let columns = columns.iter().map(|column| take(column, &rows, None));
        let columns = columns.collect::<std::result::Result<Vec<_>, _>>()?;
        match weights.is_empty() {
            true => Ok(Vec::new()),
            false => Ok(vec![weighted(schema, columns, weights)?]),
        }
    }
}

fn weighted(schema: &SchemaRef, columns: Vec<ArrayRef>, weights: Vec<i64>) -> Result<ChangeBatch> {
    let rows = batch(schema, columns, weights.len())?;
    Ok(match weights.iter().all(|weight| *weight == 1) {
        true => ChangeBatch::insert(rows),
        false => ChangeBatch::weighted(rows, Int64Array::from(weights)),
    })
}

/// One position of each row whose weights do not cancel out, with their sum: first those taken back.
fn distinct(
    schema: &SchemaRef,
    columns: &[ArrayRef],
    weights: Vec<i64>,
) -> Result<(Vec<u32>, Vec<i64>)> {
    let fields = schema.fields().iter();
    let fields = fields.map(|field| SortField::new(field.data_type().clone())).collect();
    let encoded = match columns.is_empty() {
        true => None,
        false => Some(RowConverter::new(fields)?.convert_columns(columns)?),
    };
    let row = |at: u32| encoded.as_ref().map(|rows| rows.row(at as usize));
    let hasher = FixedState::with_seed(0);
    let hash = |at: u32| hasher.hash_one(row(at).as_ref().map(AsRef::<[u8]>::as_ref));
    let mut table: HashTable<u32> = HashTable::new();
    let mut sums = weights;
    for at in 0..sums.len() as u32 {
        let of = hash(at);
        match table.find(of, |known| row(*known) == row(at)) {
            Some(known) => {
                sums[*known as usize] += sums[at as usize];
                sums[at as usize] = 0;
            }
            None => {
                table.insert_unique(of, at, |at| hash(*at));
            }
        }
    }
    let of = |wanted: fn(i64) -> bool| {
        let sums = sums.iter().enumerate();
        sums.filter(move |(_, sum)| wanted(**sum)).map(|(at, sum)| (at as u32, *sum))
    };
    Ok(of(|sum| sum < 0).chain(of(|sum| sum > 0)).unzip())
}

/// The net changes of batches of the same columns: what is taken back comes first.
///
/// # Errors
/// When a column cannot be compared.
pub fn net(batches: Vec<ChangeBatch>) -> Result<Vec<ChangeBatch>> {
    let Some(schema) = batches.first().map(ChangeBatch::schema) else { return Ok(Vec::new()) };
    // Rows that only come are in their order already.
    if batches.iter().all(|batch| batch.weights.is_none()) {
        return Ok(batches);
    }
    let mut changes = Changes::default();
    for batch in batches {
        let weights = (0..batch.num_rows()).map(|row| batch.weight(row)).collect();
        changes.add(batch.rows.columns().to_vec(), weights);
    }
    changes.net(&schema)
}

/// What is in the first of two lists alone, and what is in the second one alone; copies count.
pub fn difference<T: Clone + Eq + Hash>(before: &[T], after: &[T]) -> (Vec<T>, Vec<T>) {
    let mut left: HashMap<&T, i64, FixedState> = HashMap::default();
    after.iter().for_each(|item| *left.entry(item).or_insert(0) += 1);
    let mut take = |item: &&T| {
        let copies = left.get_mut(*item).filter(|copies| **copies > 0);
        copies.map(|copies| *copies -= 1).is_some()
    };
    let gone = before.iter().filter(|item| !take(item)).cloned().collect();
    (gone, after.iter().filter(take).cloned().collect())
}
