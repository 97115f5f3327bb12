//! Rows pushed by the program, counted by SQL while they come: pushing waits while the query is behind.
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Int64Type, Schema};
use millstream::Engine;

#[tokio::main]
async fn main() -> Result<(), millstream::Error> {
    let engine = Engine::new();
    let schema = Arc::new(Schema::new(vec![Field::new("word", DataType::Utf8, true)]));
    let input = engine.register_push("words", Arc::clone(&schema))?;
    let mut query = engine.sql("SELECT word, COUNT(*) AS n FROM words GROUP BY word").await?;

    let words: Arc<StringArray> =
        Arc::new(StringArray::from(vec!["to", "be", "or", "not", "to", "be"]));
    let rows = RecordBatch::try_new(schema, vec![words]).map_err(millstream_types::Error::from)?;
    input.push(rows).await?;
    // The table ends when its input is gone.
    drop(input);

    while let Some(changes) = query.next().await {
        let changes = changes?;
        let (words, counts) = (
            changes.rows.column(0).as_string::<i32>(),
            changes.rows.column(1).as_primitive::<Int64Type>(),
        );
        for row in 0..changes.num_rows() {
            println!("{:+} {} {}", changes.weight(row), words.value(row), counts.value(row));
        }
    }
    Ok(())
}
