//! Functions that take maps apart and put them together.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, ListArray, MapArray, StructArray, UInt32Array};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::compute::{concat, take};
use arrow::datatypes::{DataType, Field, Fields};
use arrow::row::{RowConverter, Rows, SortField};
use millstream_types::sql_type::type_name;
use millstream_types::{Error, Result};

use crate::arrays::wrong;
use crate::function::{Builtin, Call, Typing, function};
use crate::nested::map_type;

/// The functions of this family.
pub const BUILTINS: &[Builtin] = &[
    function!(
        "MAP_ENTRIES",
        "MAP_ENTRIES(map)",
        "The pairs of a map as rows of key and value.",
        |given| match given {
            [map @ DataType::Map(entries, _)] => {
                let DataType::Struct(pair) = entries.data_type() else {
                    return Err("a map has keys and values".to_owned());
                };
                let row = Field::new("item", DataType::Struct(pair.clone()), true);
                let result = DataType::List(Arc::new(row));
                Ok(Typing { arguments: vec![map.clone()], result })
            }
            _ => Err("it takes a map".to_owned()),
        },
        |call| {
            let map = call.arguments[0].as_map();
            let DataType::List(field) = call.result else { return Err(wrong(call.result)) };
            let entries: ArrayRef = Arc::new(map.entries().clone());
            let (offsets, nulls) = (map.offsets().clone(), map.nulls().cloned());
            Ok(Arc::new(ListArray::try_new(Arc::clone(field), offsets, entries, nulls)?))
        }
    ),
    function!(
        "MAP_FROM_ARRAYS",
        "MAP_FROM_ARRAYS(keys, values)",
        "A map of the keys of one array to the values of another.",
        |given| match given {
            [DataType::List(key), DataType::List(value)] => Ok(Typing {
                arguments: given.to_vec(),
                result: map_type(key.data_type(), value.data_type()),
            }),
            _ => Err("it takes two arrays".to_owned()),
        },
        map_from_arrays
    ),
    function!(
        "MAP_UNION",
        "MAP_UNION(map, …)",
        "The entries of all maps; of equal keys the last one counts.",
        |given| {
            let Some(first @ DataType::Map(..)) = given.first() else {
                return Err("it takes maps".to_owned());
            };
            if let Some(other) = given.iter().find(|other| *other != first) {
                let (first, other) = (type_name(first), type_name(other));
                return Err(format!("{first} and {other} are maps of different types"));
            }
            Ok(Typing { arguments: given.to_vec(), result: first.clone() })
        },
        map_union
    ),
];

/// A map array of chosen entries; the positions of keys and values, and whether there is a map at all.
fn map_of(
    call: &Call<'_>,
    (keys, values): (&ArrayRef, &ArrayRef),
    rows: Vec<Option<Vec<(usize, usize)>>>,
) -> Result<ArrayRef> {
    let DataType::Map(field, _) = call.result else { return Err(wrong(call.result)) };
    let DataType::Struct(pair) = field.data_type() else { return Err(wrong(call.result)) };
    let pair: Fields = pair.clone();
    let lengths = rows.iter().map(|row| row.as_ref().map_or(0, Vec::len));
    let offsets = OffsetBuffer::from_lengths(lengths.collect::<Vec<_>>());
    let nulls = NullBuffer::from_iter(rows.iter().map(Option::is_some));
    let chosen: Vec<(usize, usize)> = rows.into_iter().flatten().flatten().collect();
    let at = UInt32Array::from_iter_values(chosen.iter().map(|(key, _)| *key as u32));
    let keys = take(keys, &at, None)?;
    if keys.null_count() > 0 {
        return Err(Error::Evaluation("a key of a map is NULL".to_owned()));
    }
    let at = UInt32Array::from_iter_values(chosen.iter().map(|(_, value)| *value as u32));
    let values = take(values, &at, None)?;
    let entries = StructArray::try_new(pair, vec![keys, values], None)?;
    Ok(Arc::new(MapArray::try_new(Arc::clone(field), offsets, entries, Some(nulls), false)?))
}

/// Pairs of a key and a value, by their places: of a key that comes again the last value counts.
fn last_of_each(keys: &Rows, pairs: impl Iterator<Item = (usize, usize)>) -> Vec<(usize, usize)> {
    let (mut entries, mut known) = (Vec::new(), HashMap::new());
    for (key, value) in pairs {
        match known.entry(keys.row(key)) {
            Entry::Occupied(at) => entries[*at.get()] = (key, value),
            Entry::Vacant(place) => {
                place.insert(entries.len());
                entries.push((key, value));
            }
        }
    }
    entries
}

fn map_from_arrays(call: &Call<'_>) -> Result<ArrayRef> {
    let (keys, values) = (call.arguments[0].as_list::<i32>(), call.arguments[1].as_list::<i32>());
    let rows = (0..call.rows).map(|row| {
        if keys.is_null(row) || values.is_null(row) {
            return Ok(None);
        }
        let start = |list: &ListArray| list.value_offsets()[row] as usize;
        let length = keys.value_length(row);
        if length != values.value_length(row) {
            return Err(Error::Evaluation(format!(
                "MAP_FROM_ARRAYS has {length} keys and {} values",
                values.value_length(row)
            )));
        }
        let (key, value) = (start(keys), start(values));
        Ok(Some((0..length as usize).map(|at| (key + at, value + at)).collect()))
    });
    let rows = rows.collect::<Result<_>>()?;
    map_of(call, (keys.values(), values.values()), rows)
}

fn map_union(call: &Call<'_>) -> Result<ArrayRef> {
    let maps: Vec<&MapArray> = call.arguments.iter().map(|map| map.as_map()).collect();
    let all = |part: fn(&MapArray) -> &ArrayRef| -> Result<ArrayRef> {
        let parts: Vec<&dyn Array> = maps.iter().map(|map| part(map).as_ref()).collect();
        Ok(concat(&parts)?)
    };
    let (keys, values) = (all(MapArray::keys)?, all(MapArray::values)?);
    let converter = RowConverter::new(vec![SortField::new(keys.data_type().clone())])?;
    let encoded = converter.convert_columns(std::slice::from_ref(&keys))?;
    let mut starts = vec![0];
    maps.iter().for_each(|map| starts.push(starts[starts.len() - 1] + map.keys().len()));
    let rows = (0..call.rows).map(|row| {
        if maps.iter().any(|map| map.is_null(row)) {
            return None;
        }
        let entries = maps.iter().zip(&starts).flat_map(|(map, start)| {
            let offsets = map.value_offsets();
            offsets[row] as usize + start..offsets[row + 1] as usize + start
        });
        Some(last_of_each(&encoded, entries.map(|at| (at, at))))
    });
    let rows = rows.collect();
    map_of(call, (&keys, &values), rows)
}
