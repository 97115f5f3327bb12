//! Rows of Rust values, for tables from a collection.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray,
};
use arrow::datatypes::{Field, Schema};
use millstream_types::{Error, Result};

/// One value of a row.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// NULL
    Null,
    /// BOOLEAN
    Boolean(bool),
    /// INT
    Int(i32),
    /// BIGINT
    BigInt(i64),
    /// DOUBLE
    Double(f64),
    /// STRING
    Text(String),
}

macro_rules! from {
    ($($native:ty => $variant:ident),*) => {$(
        impl From<$native> for Value {
            fn from(value: $native) -> Self {
                Self::$variant(value.into())
            }
        }
    )*};
}
from!(bool => Boolean, i32 => Int, i64 => BigInt, f64 => Double, &str => Text, String => Text);

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// A tuple that is a row.
pub trait IntoRow<const N: usize> {
    /// Its values.
    fn into_row(self) -> [Value; N];
}

macro_rules! row {
    ($count:literal: $($name:ident),*) => {
        impl<$($name: Into<Value>),*> IntoRow<$count> for ($($name,)*) {
            #[allow(non_snake_case, reason = "the parts go by the names of their types")]
            fn into_row(self) -> [Value; $count] {
                let ($($name,)*) = self;
                [$($name.into()),*]
            }
        }
    };
}
row!(1: A);
row!(2: A, B);
row!(3: A, B, C);
row!(4: A, B, C, D);
row!(5: A, B, C, D, E);
row!(6: A, B, C, D, E, F);

/// The rows as one batch. A column has the type of its first value that is not NULL; STRING if all are.
///
/// # Errors
/// When the values of a column are of different types.
pub fn batch<const N: usize>(names: [&str; N], rows: Vec<[Value; N]>) -> Result<RecordBatch> {
    let mut fields = Vec::with_capacity(N);
    let mut columns = Vec::with_capacity(N);
    for (at, name) in names.into_iter().enumerate() {
        let values: Vec<&Value> = rows.iter().map(|row| &row[at]).collect();
        let column = column(name, &values)?;
        fields.push(Field::new(name, column.data_type().clone(), true));
        columns.push(column);
    }
    Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)?)
}

fn column(name: &str, values: &[&Value]) -> Result<ArrayRef> {
    macro_rules! collect {
        ($array:ty, $variant:ident, $take:expr) => {{
            let values = values.iter().map(|value| match value {
                Value::Null => Ok(None),
                Value::$variant(value) => Ok(Some($take(value))),
                other => Err(Error::options(
                    format!("column \"{name}\" holds {other:?} beside values of another type"),
                    "give all rows the same type",
                )),
            });
            Arc::new(values.collect::<Result<$array>>()?)
        }};
    }
    Ok(match values.iter().find(|value| !matches!(value, Value::Null)) {
        Some(Value::Boolean(_)) => collect!(BooleanArray, Boolean, |value: &bool| *value),
        Some(Value::Int(_)) => collect!(Int32Array, Int, |value: &i32| *value),
        Some(Value::BigInt(_)) => collect!(Int64Array, BigInt, |value: &i64| *value),
        Some(Value::Double(_)) => collect!(Float64Array, Double, |value: &f64| *value),
        _ => collect!(StringArray, Text, |value: &String| value.clone()),
    })
}
