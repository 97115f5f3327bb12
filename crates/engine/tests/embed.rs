//! What a program that embeds the engine does with it.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Int64Array, RecordBatch, UInt32Array};
use arrow::datatypes::{DataType, Field, Int64Type, Schema};
use millstream::{Engine, UserAggregateState};

/// The product of all numbers.
struct Product(i64);

impl UserAggregateState for Product {
    fn accumulate(&mut self, arguments: &[ArrayRef]) -> millstream_types::Result<()> {
        arguments[0]
            .as_primitive::<Int64Type>()
            .iter()
            .flatten()
            .for_each(|number| self.0 *= number);
        Ok(())
    }

    fn value(&self) -> millstream_types::Result<ArrayRef> {
        Ok(Arc::new(Int64Array::from(vec![self.0])))
    }
}

fn numbers(values: Vec<i64>) -> RecordBatch {
    let schema = Arc::new(Schema::new(vec![Field::new("n", DataType::Int64, true)]));
    RecordBatch::try_new(schema, vec![Arc::new(Int64Array::from(values))]).unwrap()
}

async fn first_column(engine: &Engine, sql: &str) -> Vec<i64> {
    let batches = engine.sql(sql).await.unwrap().collect().await.unwrap();
    let columns = batches.iter().map(|changes| changes.rows.column(0).as_primitive::<Int64Type>());
    columns.flat_map(|column| column.values().to_vec()).collect()
}

#[tokio::test]
async fn functions_of_the_program_are_called_from_sql() {
    let engine = Engine::builder().parallelism(2).build();
    engine.register_batches("t", vec![numbers(vec![1, 2]), numbers(vec![3, 4])]).unwrap();
    engine.register_scalar("square", vec![DataType::Int64], DataType::Int64, |arguments| {
        Ok(Arc::new(arguments[0].as_primitive::<Int64Type>().unary::<_, Int64Type>(|n| n * n)))
    });
    engine.register_aggregate("product", vec![DataType::Int64], DataType::Int64, || {
        Box::new(Product(1))
    });
    let schema = numbers(vec![]).schema();
    engine.register_table_function("up_to", vec![DataType::Int64], schema, |arguments| {
        let limits = arguments[0].as_primitive::<Int64Type>();
        let pairs =
            (0..limits.len()).flat_map(|row| (0..limits.value(row)).map(move |n| (row as u32, n)));
        let (origins, made): (Vec<u32>, Vec<i64>) = pairs.unzip();
        Ok((UInt32Array::from(origins), numbers(made)))
    });
    assert_eq!(first_column(&engine, "SELECT SQUARE(n) FROM t").await, [1, 4, 9, 16]);
    assert_eq!(first_column(&engine, "SELECT product(n) FROM t").await, [24]);
    let sql = "SELECT m FROM t, LATERAL TABLE(up_to(n)) AS u(m) WHERE n < 4";
    assert_eq!(first_column(&engine, sql).await, [0, 0, 1, 0, 1, 2]);
    let error = engine.sql("SELECT squar(n) FROM t").await.unwrap_err().to_string();
    assert!(error.contains("squar"), "{error}");
}

#[tokio::test]
async fn rows_are_pushed_while_the_query_runs() {
    let engine = Engine::new();
    let input = engine.register_push("t", numbers(vec![]).schema()).unwrap();
    let mut query = engine.clone().sql("SELECT n + 1 FROM t").await.unwrap();
    for n in 0..100 {
        input.push(numbers(vec![n])).await.unwrap();
        let changes = query.next().await.unwrap().unwrap();
        assert_eq!(changes.rows.column(0).as_primitive::<Int64Type>().values(), &[n + 1]);
    }
    drop(input);
    assert!(query.next().await.is_none());
}

#[tokio::test]
async fn jobs_are_awaited_and_cancelled() {
    let engine = Engine::new();
    let tables = "CREATE TABLE g (n BIGINT) WITH ('connector' = 'datagen', 'number-of-rows' = '1000'); \
                  CREATE TABLE endless (n BIGINT) WITH ('connector' = 'datagen'); \
                  CREATE TABLE b (n BIGINT) WITH ('connector' = 'blackhole')";
    assert!(engine.execute(tables).await.unwrap().is_none());
    let mut job = engine.execute("INSERT INTO b SELECT n FROM g").await.unwrap().unwrap();
    let metrics = job.join().await.unwrap();
    assert_eq!((metrics.rows_in, metrics.rows_out), (1_000, 1_000));
    let mut job = engine.execute("INSERT INTO b SELECT n FROM endless").await.unwrap().unwrap();
    job.cancel();
    assert!(job.join().await.unwrap_err().is_cancelled());
}
