//! Functions over arrays, maps and rows.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, Int32Array, ListArray, MapArray, StructArray, UInt32Array,
    new_null_array,
};
use arrow::buffer::OffsetBuffer;
use arrow::compute::{concat, take};
use arrow::datatypes::{DataType, Field, Fields, Int64Type};
use arrow::row::{RowConverter, SortField};
use millstream_types::SqlType;
use millstream_types::sql_type::{is_variant, type_name};
use millstream_types::{Error, Result};

use crate::common_type::chosen_type;
use crate::function::{Builtin, Call, Typing};
use crate::variant;

/// The functions of this family.
pub const BUILTINS: &[Builtin] = &[
    Builtin {
        name: "ITEM",
        usage: "array[index] or map[key]",
        about: "The element at an index counted from 1, or the value of a key; of an array or object in JSON, too.",
        volatile: false,
        typing: |given| match given {
            [DataType::List(element), index] if index.is_integer() => Ok(Typing {
                arguments: vec![given[0].clone(), DataType::Int64],
                result: element.data_type().clone(),
            }),
            [map @ DataType::Map(entries, _), _] => match entries.data_type() {
                DataType::Struct(pair) => Ok(Typing {
                    arguments: vec![map.clone(), pair[0].data_type().clone()],
                    result: pair[1].data_type().clone(),
                }),
                _ => Err("a map has keys and values".to_owned()),
            },
            [json, at] if is_variant(json) && (at.is_integer() || *at == DataType::Utf8) => {
                let at = if at.is_integer() { DataType::Int64 } else { DataType::Utf8 };
                Ok(Typing { arguments: vec![json.clone(), at], result: json.clone() })
            }
            [other, _] => Err(format!("{} has no elements to index", type_name(other))),
            _ => Err("it takes 2 arguments".to_owned()),
        },
        body: item,
    },
    Builtin {
        name: "CARDINALITY",
        usage: "CARDINALITY(array or map)",
        about: "The number of elements.",
        volatile: false,
        typing: |given| match given {
            [one @ (DataType::List(_) | DataType::Map(..))] => {
                Ok(Typing { arguments: vec![one.clone()], result: DataType::Int32 })
            }
            _ => Err("it takes an array or a map".to_owned()),
        },
        body: |call| {
            let argument = &call.arguments[0];
            let offsets = match argument.data_type() {
                DataType::Map(..) => argument.as_map().value_offsets(),
                _ => argument.as_list::<i32>().value_offsets(),
            };
            let lengths = (0..call.rows)
                .map(|row| argument.is_valid(row).then(|| offsets[row + 1] - offsets[row]));
            Ok(Arc::new(lengths.collect::<Int32Array>()))
        },
    },
    Builtin {
        name: "ARRAY",
        usage: "ARRAY[value, …]",
        about: "An array of values.",
        volatile: false,
        typing: |given| {
            let element = unite_all(given)?;
            let list = DataType::List(Arc::new(Field::new("item", element.clone(), true)));
            Ok(Typing { arguments: vec![element; given.len()], result: list })
        },
        body: |call| {
            let (values, offsets) = interleave(call.arguments, call.rows)?;
            let DataType::List(field) = call.result else { return Err(wrong(call.result)) };
            Ok(Arc::new(ListArray::try_new(Arc::clone(field), offsets, values, None)?))
        },
    },
    Builtin {
        name: "MAP",
        usage: "MAP[key, value, …]",
        about: "A map of keys to values.",
        volatile: false,
        typing: |given| {
            if given.is_empty() || !given.len().is_multiple_of(2) {
                return Err("it takes keys and values in turn".to_owned());
            }
            let every =
                |offset: usize| given.iter().skip(offset).step_by(2).cloned().collect::<Vec<_>>();
            let (key, value) = (unite_all(&every(0))?, unite_all(&every(1))?);
            let arguments =
                (0..given.len()).map(|at| if at % 2 == 0 { key.clone() } else { value.clone() });
            Ok(Typing { arguments: arguments.collect(), result: map_type(&key, &value) })
        },
        body: |call| {
            let every = |offset: usize| {
                call.arguments.iter().skip(offset).step_by(2).cloned().collect::<Vec<_>>()
            };
            let (keys, values) = (every(0), every(1));
            let (mut last_keys, mut last_values, mut lengths) = (vec![], vec![], vec![]);
            let same = equal_columns(&keys)?;
            for row in 0..call.rows {
                // Of equal keys the last one counts, at the place of the first.
                let mut entries: Vec<(usize, usize)> = Vec::with_capacity(keys.len());
                for at in 0..keys.len() {
                    match entries.iter_mut().find(|(first, _)| same(*first, at, row)) {
                        Some((_, last)) => *last = at,
                        None => entries.push((at, at)),
                    }
                }
                lengths.push(entries.len());
                last_keys.extend(entries.iter().map(|(first, _)| (*first, row)));
                last_values.extend(entries.iter().map(|(_, last)| (*last, row)));
            }
            let offsets = OffsetBuffer::from_lengths(lengths);
            let pick = |columns: &[ArrayRef], places: &[(usize, usize)]| -> Result<ArrayRef> {
                let columns: Vec<&dyn Array> = columns.iter().map(AsRef::as_ref).collect();
                Ok(arrow::compute::interleave(&columns, places)?)
            };
            let (keys, values) = (pick(&keys, &last_keys)?, pick(&values, &last_values)?);
            let DataType::Map(entries, _) = call.result else { return Err(wrong(call.result)) };
            let DataType::Struct(pair) = entries.data_type() else {
                return Err(wrong(call.result));
            };
            if keys.null_count() > 0 {
                return Err(Error::Evaluation(
                    "a key of a MAP is NULL, which Arrow's maps cannot hold; give it another value, as in \
                     MAP[COALESCE(k, ''), v]"
                        .to_owned(),
                ));
            }
            let pairs = StructArray::try_new(pair.clone(), vec![keys, values], None)?;
            Ok(Arc::new(MapArray::try_new(Arc::clone(entries), offsets, pairs, None, false)?))
        },
    },
    Builtin {
        name: "ROW",
        usage: "ROW(value, …)",
        about: "A row of values.",
        volatile: false,
        typing: |given| {
            let fields = given.iter().enumerate();
            let fields =
                fields.map(|(at, given)| Field::new(format!("EXPR${at}"), given.clone(), true));
            Ok(Typing { arguments: given.to_vec(), result: DataType::Struct(fields.collect()) })
        },
        body: |call| {
            let DataType::Struct(fields) = call.result else { return Err(wrong(call.result)) };
            let columns = call.arguments.to_vec();
            Ok(Arc::new(StructArray::try_new_with_length(
                fields.clone(),
                columns,
                None,
                call.rows,
            )?))
        },
    },
    Builtin {
        name: "MAP_KEYS",
        usage: "MAP_KEYS(map)",
        about: "The keys of a map.",
        volatile: false,
        typing: |given| map_part(given, 0),
        body: |call| {
            let map = call.arguments[0].as_map();
            list_of(call, map.offsets().clone(), ArrayRef::clone(map.keys()), map.nulls().cloned())
        },
    },
    Builtin {
        name: "MAP_VALUES",
        usage: "MAP_VALUES(map)",
        about: "The values of a map.",
        volatile: false,
        typing: |given| map_part(given, 1),
        body: |call| {
            let map = call.arguments[0].as_map();
            list_of(
                call,
                map.offsets().clone(),
                ArrayRef::clone(map.values()),
                map.nulls().cloned(),
            )
        },
    },
    Builtin {
        name: "TYPEOF",
        usage: "TYPEOF(value)",
        about: "The SQL type of a value.",
        volatile: false,
        typing: |given| match given {
            [one] => Ok(Typing { arguments: vec![one.clone()], result: DataType::Utf8 }),
            _ => Err("it takes 1 argument".to_owned()),
        },
        body: |call| {
            let column = SqlType::of_field(&call.fields[0]);
            let name = column.map_or_else(String::new, |column| column.to_string());
            Ok(Arc::new(arrow::array::StringArray::from(vec![name; call.rows])))
        },
    },
];

fn wrong(given: &DataType) -> Error {
    Error::Internal(format!("{given} where another type was due"))
}

fn map_part(given: &[DataType], part: usize) -> Result<Typing, String> {
    if let [DataType::Map(entries, _)] = given
        && let DataType::Struct(pair) = entries.data_type()
    {
        let element = Field::new("item", pair[part].data_type().clone(), true);
        let result = DataType::List(Arc::new(element));
        return Ok(Typing { arguments: given.to_vec(), result });
    }
    Err("it takes a map".to_owned())
}

fn list_of(
    call: &Call<'_>,
    offsets: OffsetBuffer<i32>,
    values: ArrayRef,
    nulls: Option<arrow::buffer::NullBuffer>,
) -> Result<ArrayRef> {
    let DataType::List(field) = call.result else { return Err(wrong(call.result)) };
    Ok(Arc::new(ListArray::try_new(Arc::clone(field), offsets, values, nulls)?))
}

/// The type of a map.
pub fn map_type(key: &DataType, value: &DataType) -> DataType {
    let pair =
        vec![Field::new("key", key.clone(), false), Field::new("value", value.clone(), true)];
    let entries = Field::new("entries", DataType::Struct(Fields::from(pair)), false);
    DataType::Map(Arc::new(entries), false)
}

/// The type that values of several types have in common.
pub fn unite_all(given: &[DataType]) -> Result<DataType, String> {
    let Some(first) = given.first() else { return Err("it takes at least one value".to_owned()) };
    given[1..].iter().try_fold(first.clone(), |all, next| {
        chosen_type(&all, next).ok_or_else(|| {
            format!("{} and {} have no common type", type_name(&all), type_name(next))
        })
    })
}

/// Whether two columns are equal in a row; NULL equals NULL.
fn equal_columns(columns: &[ArrayRef]) -> Result<impl Fn(usize, usize, usize) -> bool + use<>> {
    let Some(first) = columns.first() else { return Err(wrong(&DataType::Null)) };
    let converter = RowConverter::new(vec![SortField::new(first.data_type().clone())])?;
    let rows = columns.iter().map(|column| converter.convert_columns(std::slice::from_ref(column)));
    let rows = rows.collect::<Result<Vec<_>, _>>()?;
    Ok(move |a: usize, b: usize, row: usize| rows[a].row(row) == rows[b].row(row))
}

/// The columns' values row by row, and where each row's values start.
fn interleave(columns: &[ArrayRef], rows: usize) -> Result<(ArrayRef, OffsetBuffer<i32>)> {
    let all: Vec<&dyn Array> = columns.iter().map(AsRef::as_ref).collect();
    let joined = concat(&all)?;
    let order = (0..rows)
        .flat_map(|row| (0..columns.len()).map(move |column| (column * rows + row) as u32));
    let values = take(&joined, &UInt32Array::from_iter_values(order), None)?;
    let offsets = OffsetBuffer::from_lengths(std::iter::repeat_n(columns.len(), rows));
    Ok((values, offsets))
}

fn item(call: &Call<'_>) -> Result<ArrayRef> {
    let container = &call.arguments[0];
    if is_variant(container.data_type()) {
        return variant::item(call);
    }
    let (values, positions): (&ArrayRef, UInt32Array) = match container.data_type() {
        DataType::List(_) => {
            let list = container.as_list::<i32>();
            let indexes = call.arguments[1].as_primitive::<Int64Type>();
            let at = |row: usize| {
                let (start, end) = (list.value_offsets()[row], list.value_offsets()[row + 1]);
                let known = list.is_valid(row) && indexes.is_valid(row);
                let index = known.then(|| indexes.value(row))?;
                let inside = index >= 1 && index <= i64::from(end - start);
                inside.then(|| (i64::from(start) + index - 1) as u32)
            };
            (list.values(), (0..call.rows).map(at).collect())
        }
        DataType::Map(..) => {
            let map = container.as_map();
            let mut positions = Vec::with_capacity(call.rows);
            for row in 0..call.rows {
                let (start, end) = (map.value_offsets()[row], map.value_offsets()[row + 1]);
                let length = (end - start) as usize;
                if map.is_null(row) || length == 0 {
                    positions.push(None);
                    continue;
                }
                let keys = map.keys().slice(start as usize, length);
                let due =
                    take(&call.arguments[1], &UInt32Array::from(vec![row as u32; length]), None)?;
                let equal = arrow::compute::kernels::cmp::eq(&keys, &due)?;
                let found = (0..length).find(|at| equal.is_valid(*at) && equal.value(*at));
                positions.push(found.map(|at| start as u32 + at as u32));
            }
            (map.values(), positions.into())
        }
        other => return Err(wrong(other)),
    };
    if values.is_empty() {
        return Ok(new_null_array(call.result, call.rows));
    }
    Ok(take(values, &positions, None)?)
}
