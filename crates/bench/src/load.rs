//! Tables that are in memory before the clock starts.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{Int64Array, RecordBatch, TimestampMillisecondArray};
use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use millstream::Engine;
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::files;

/// A table to be loaded.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Load {
    /// `bid`, all columns, from the Parquet files in a folder.
    Bids(PathBuf),
    /// `numbers`: `x`, any number from 0 on, and `ts`, which grows from 0 to just below `span_ms`.
    Numbers {
        /// How many there are.
        rows: u64,
        /// How much event time they take.
        span_ms: u64,
    },
}

/// Rows of a batch of numbers.
const BATCH_ROWS: u64 = 65_536;

impl Load {
    /// Makes the table.
    ///
    /// # Errors
    /// When its files cannot be read.
    pub async fn register(&self, engine: &Engine) -> Result<(), Error> {
        match self {
            Self::Bids(folder) => {
                engine.register_batches("bid", bids(folder).await?)?;
                engine.declare_watermark("bid", files::ROWTIME, files::WATERMARK)?;
            }
            Self::Numbers { rows, span_ms } => {
                engine.register_batches("numbers", numbers(*rows, *span_ms)?)?;
                // Rows that share the millisecond of the last one are not late.
                engine.declare_watermark("numbers", "ts", "ts - INTERVAL '0.001' SECOND")?;
            }
        }
        Ok(())
    }
}

async fn bids(folder: &Path) -> Result<Vec<RecordBatch>, Error> {
    let engine = Engine::new();
    engine.execute(&files::table("bid", folder, "parquet")).await?;
    let changes = engine.sql("SELECT * FROM bid").await?.collect().await?;
    Ok(changes.into_iter().map(|batch| batch.rows).collect())
}

fn numbers(rows: u64, span_ms: u64) -> Result<Vec<RecordBatch>, Error> {
    let time = DataType::Timestamp(TimeUnit::Millisecond, None);
    let schema = Arc::new(Schema::new(vec![
        Field::new("x", DataType::Int64, true),
        Field::new("ts", time, true),
    ]));
    let time = |row| (u128::from(row) * u128::from(span_ms) / u128::from(rows)) as i64;
    let batch = |first: u64| {
        let range = first..rows.min(first + BATCH_ROWS);
        let x = Int64Array::from_iter_values(range.clone().map(scattered));
        let ts = TimestampMillisecondArray::from_iter_values(range.map(time));
        RecordBatch::try_new(Arc::clone(&schema), vec![Arc::new(x), Arc::new(ts)])
    };
    let batches = (0..rows).step_by(BATCH_ROWS as usize).map(batch).collect::<Result<_, _>>();
    Ok(batches.map_err(millstream_types::Error::from)?)
}

/// A number from 0 on that looks random and depends on the row alone (SplitMix64: Steele, Lea, Flood 2014).
fn scattered(row: u64) -> i64 {
    let mut z = (row + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((z ^ (z >> 31)) >> 1) as i64
}

#[cfg(test)]
mod tests {
    use arrow::array::AsArray;
    use arrow::datatypes::{Int64Type, TimestampMillisecondType};

    use super::*;

    #[test]
    fn numbers_are_scattered_and_time_fills_its_span() {
        let batches = numbers(100_000, 60_000).unwrap();
        assert_eq!(batches.iter().map(RecordBatch::num_rows).sum::<usize>(), 100_000);
        let times = batches[1].column(1).as_primitive::<TimestampMillisecondType>();
        assert_eq!(times.values().last(), Some(&59_999));
        let values = batches[0].column(0).as_primitive::<Int64Type>().values();
        let low = values.iter().filter(|value| **value % 10 < 5).count();
        assert!(values.iter().all(|value| *value >= 0));
        assert!((32_000..33_500).contains(&low), "{low} of {} are in the lower half", values.len());
    }
}
