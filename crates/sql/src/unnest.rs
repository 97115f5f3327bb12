//! `UNNEST(array) [WITH ORDINALITY]` as a table function: the elements of an array, a map or a multiset as
//! rows.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int32Array, RecordBatch, UInt32Array};
use arrow::compute::take;
use arrow::datatypes::{DataType, Field, Int32Type, Schema};
use millstream_plan::function::TableFunction;
use millstream_types::sql_type::{MULTISET, type_name};
use millstream_types::{Error, Result};

use crate::diagnostics::SqlError;

/// What an element is.
#[derive(Clone, Copy)]
enum Of {
    Array,
    Map,
    Multiset,
}

/// The function for collections of a type.
///
/// # Errors
/// When values of the type have no elements.
pub fn unnest(collection: &DataType, ordinality: bool) -> Result<TableFunction, SqlError> {
    let (of, mut fields) = match collection {
        DataType::List(element) => (Of::Array, element_fields(element)),
        DataType::Map(entries, _) => match entries.data_type() {
            DataType::Struct(pair) if entries.name() == MULTISET => {
                (Of::Multiset, element_fields(&pair[0]))
            }
            DataType::Struct(pair) => {
                let named = ["KEY", "VALUE"].into_iter().zip(pair);
                (Of::Map, named.map(|(name, field)| named_field(field, name)).collect())
            }
            _ => (Of::Map, Vec::new()),
        },
        other => {
            return Err(SqlError::new(format!(
                "UNNEST takes an array, a map or a multiset, not {}",
                type_name(other)
            ))
            .about("UNNEST"));
        }
    };
    if ordinality {
        fields.push(Field::new("ORDINALITY", DataType::Int32, false));
    }
    let schema = Arc::new(Schema::new(fields));
    let result = Arc::clone(&schema);
    Ok(TableFunction {
        name: "UNNEST".to_owned(),
        arguments: vec![collection.clone()],
        result,
        body: Arc::new(move |arguments| {
            let (origins, elements) = elements(of, &arguments[0], ordinality)?;
            let mut columns = elements;
            if ordinality {
                columns.push(Arc::new(ordinals(&origins)));
            }
            Ok((origins, RecordBatch::try_new(Arc::clone(&schema), columns)?))
        }),
    })
}

fn named_field(field: &Field, name: &str) -> Field {
    field.clone().with_name(name).with_nullable(true)
}

/// A row has a column for each of its fields, any other element is one column.
fn element_fields(element: &Field) -> Vec<Field> {
    match element.data_type() {
        DataType::Struct(fields) => {
            fields.iter().map(|field| named_field(field, field.name())).collect()
        }
        _ => vec![named_field(element, "EXPR$0")],
    }
}

fn element_columns(elements: &ArrayRef) -> Vec<ArrayRef> {
    match elements.as_struct_opt() {
        // The fields of a row that is NULL are NULL.
        Some(rows) => {
            let present = rows.nulls();
            let column = |column: &ArrayRef| match present {
                Some(present) => {
                    let positions = (0..rows.len() as u32).zip(present.iter());
                    let positions: UInt32Array =
                        positions.map(|(row, present)| present.then_some(row)).collect();
                    take(column, &positions, None).unwrap_or_else(|_| ArrayRef::clone(column))
                }
                None => ArrayRef::clone(column),
            };
            rows.columns().iter().map(column).collect()
        }
        None => vec![ArrayRef::clone(elements)],
    }
}

/// For each element the row it is of, and its columns. An element that is a row and NULL is none, as in
/// Flink, unless elements are numbered.
fn elements(
    of: Of,
    collections: &ArrayRef,
    numbered: bool,
) -> Result<(UInt32Array, Vec<ArrayRef>)> {
    let (offsets, counts): (&[i32], Option<&Int32Array>) = match of {
        Of::Array => (collections.as_list::<i32>().value_offsets(), None),
        Of::Map => (collections.as_map().value_offsets(), None),
        Of::Multiset => {
            let map = collections.as_map();
            (map.value_offsets(), Some(map.values().as_primitive::<Int32Type>()))
        }
    };
    let values = match of {
        Of::Array => Some(collections.as_list::<i32>().values()),
        Of::Map => None,
        Of::Multiset => Some(collections.as_map().keys()),
    };
    let rows = values.and_then(|values| values.as_struct_opt()).filter(|_| !numbered);
    let (mut origins, mut positions) = (Vec::new(), Vec::new());
    for row in (0..collections.len()).filter(|row| collections.is_valid(*row)) {
        for at in offsets[row]..offsets[row + 1] {
            if rows.is_some_and(|rows| rows.is_null(at as usize)) {
                continue;
            }
            let copies = counts.map_or(1, |counts| counts.value(at as usize).max(0));
            for _ in 0..copies {
                origins.push(row as u32);
                positions.push(at as u32);
            }
        }
    }
    let columns = match values {
        Some(values) => element_columns(values),
        None => collections.as_map().entries().columns().to_vec(),
    };
    let positions = UInt32Array::from(positions);
    let columns = columns.iter().map(|column| Ok(take(column, &positions, None)?));
    Ok((origins.into(), columns.collect::<Result<_, Error>>()?))
}

/// The position of each element in its collection, counted from 1.
fn ordinals(origins: &UInt32Array) -> Int32Array {
    let (mut row, mut ordinal) = (None, 0);
    let next = |origin: &u32| {
        ordinal = if row == Some(*origin) { ordinal + 1 } else { 1 };
        row = Some(*origin);
        ordinal
    };
    origins.values().iter().map(next).collect::<Vec<i32>>().into()
}
