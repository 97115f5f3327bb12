//! The classic of the field: a table from a collection, a scalar and a table function, printed.
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int32Array, RecordBatch, StringArray, UInt32Array};
use arrow::datatypes::{DataType, Field, Int32Type, Schema};
use millstream::Engine;

#[tokio::main]
async fn main() -> Result<(), millstream::Error> {
    let engine = Engine::new();
    engine.register_rows("t", ["key", "value"], [("a", 1), ("b", 2), ("c", 3)])?;
    engine.register_scalar("doubled", vec![DataType::Int32], DataType::Int32, |arguments| {
        Ok(Arc::new(
            arguments[0].as_primitive::<Int32Type>().unary::<_, Int32Type>(|value| value * 2),
        ))
    });
    let result = Arc::new(Schema::new(vec![Field::new("copy", DataType::Utf8, true)]));
    let schema = Arc::clone(&result);
    let body = move |arguments: &[ArrayRef]| {
        let (texts, counts) =
            (arguments[0].as_string::<i32>(), arguments[1].as_primitive::<Int32Type>());
        let rows = (0..texts.len()).flat_map(|row| (0..counts.value(row)).map(move |_| row as u32));
        let origins = UInt32Array::from_iter_values(rows);
        let copies = StringArray::from_iter_values(
            origins.values().iter().map(|row| texts.value(*row as usize)),
        );
        Ok((origins, RecordBatch::try_new(Arc::clone(&schema), vec![Arc::new(copies)])?))
    };
    engine.register_table_function("repeated", vec![DataType::Utf8, DataType::Int32], result, body);

    let sql = "SELECT key, `value` + 1 AS next, DOUBLED(`value`) AS twice, copy \
               FROM t, LATERAL TABLE(repeated(key, `value`)) AS r(copy)";
    let mut query = engine.sql(sql).await?;
    while let Some(changes) = query.next().await {
        let rows = changes?.rows;
        let (next, twice): (&Int32Array, &Int32Array) =
            (rows.column(1).as_primitive(), rows.column(2).as_primitive());
        for row in 0..rows.num_rows() {
            let (key, copy) =
                (rows.column(0).as_string::<i32>(), rows.column(3).as_string::<i32>());
            println!(
                "{} {} {} {}",
                key.value(row),
                next.value(row),
                twice.value(row),
                copy.value(row)
            );
        }
    }
    Ok(())
}
