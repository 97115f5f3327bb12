"""Runs one query over one format in one engine, and prints what it took as a line of JSON.

    python engines.py ENGINE QUERY FORMAT FOLDER THREADS

The clock runs from building the query to holding its whole result; loading the engine, and for
`memory` loading all columns into the engine's own tables, come before, and so does a query of one
row, in which a library sets up what it needs once. All engines are told the columns and their types;
none has to guess them.
"""

import json
import sys
import time
from pathlib import Path

COLUMNS = ["auction", "bidder", "price", "channel", "url", "extra", "dateTime"]
NUMBERS = COLUMNS[:3]
TEXTS = COLUMNS[3:6]

# Key and second aggregate of each window query.
WINDOWS = {
    "t1": ("auction", "sum(price)"),
    "t2": ("channel", "sum(price)"),
    "t3": ("channel", "count(distinct bidder)"),
}


def sql(query, source, bucket):
    """A query in the words that DuckDB and DataFusion share."""
    if query == "f1":
        return f"SELECT auction, price FROM {source} WHERE price > 1000000"
    key, aggregate = WINDOWS[query]
    return (
        f"SELECT {bucket} AS w, {key}, count(*) AS n, {aggregate} AS a, max(price) AS m "
        f"FROM {source} WHERE price > 1000 GROUP BY {bucket}, {key}"
    )


def duckdb(query, form, folder, threads):
    import duckdb as engine
    # The result is one of its tables; it is loaded before the clock starts.
    import pyarrow  # noqa: F401

    session = engine.connect(config={"threads": threads})
    session.sql("SELECT a, count(*) FROM (VALUES (1)) AS t(a) GROUP BY a").to_arrow_table()
    files = str(folder / ("parquet" if form == "memory" else form) / "*").replace("'", "''")
    types = {name: "BIGINT" for name in NUMBERS} | {name: "VARCHAR" for name in TEXTS}
    types["dateTime"] = "TIMESTAMP"
    source = {
        "json": f"read_json('{files}', format='newline_delimited', columns={types})",
        "csv": f"read_csv('{files}', header=false, columns={types})",
        "parquet": f"read_parquet('{files}')",
        "memory": "bid",
    }[form]
    if form == "memory":
        session.execute(f"CREATE TABLE bid AS SELECT * FROM read_parquet('{files}')")

    def run():
        text = sql(query, source, "time_bucket(INTERVAL '10 seconds', \"dateTime\")")
        return session.sql(text).to_arrow_table().num_rows

    return run


def datafusion(query, form, folder, threads):
    import datafusion as engine
    import pyarrow as arrow
    from pyarrow import parquet

    session = engine.SessionContext(engine.SessionConfig().with_target_partitions(threads))
    session.sql("SELECT a, count(*) FROM (VALUES (1)) AS t(a) GROUP BY a").collect()
    numbers = [(name, arrow.int64()) for name in NUMBERS]
    texts = [(name, arrow.string()) for name in TEXTS]
    schema = arrow.schema([*numbers, *texts, ("dateTime", arrow.timestamp("ms"))])
    path = f"{folder / form}/"
    if form == "memory":
        batches = parquet.read_table(folder / "parquet").to_batches()
        parts = [batches[part::threads] for part in range(threads)]
        session.register_record_batches("bid", [part for part in parts if part])

    def run():
        if form == "json":
            session.register_json("bid", path, schema=schema, file_extension=".json")
        elif form == "csv":
            session.register_csv(
                "bid", path, schema=schema, has_header=False, file_extension=".csv"
            )
        elif form == "parquet":
            session.register_parquet("bid", path, file_extension=".parquet")
        text = sql(query, "bid", "date_bin(INTERVAL '10 seconds', \"dateTime\")")
        return sum(batch.num_rows for batch in session.sql(text).collect())

    return run


def polars(query, form, folder, threads):
    import polars as engine

    if engine.thread_pool_size() != threads:
        sys.exit(f"error: POLARS_MAX_THREADS is to be {threads}")
    one_row = engine.DataFrame({"a": [1]}).lazy()
    one_row.group_by("a").agg(engine.len()).collect(engine="streaming")
    schema = {name: engine.Int64 for name in NUMBERS} | {name: engine.String for name in TEXTS}
    schema["dateTime"] = engine.String
    files = folder / ("parquet" if form == "memory" else form) / "*"
    time_of_text = engine.col("dateTime").str.to_datetime("%Y-%m-%d %H:%M:%S%.f", time_unit="ms")
    loaded = engine.read_parquet(files) if form == "memory" else None

    def run():
        bids = {
            "json": lambda: engine.scan_ndjson(files, schema=schema),
            "csv": lambda: engine.scan_csv(files, schema=schema, has_header=False),
            "parquet": lambda: engine.scan_parquet(files),
            "memory": lambda: loaded.lazy(),
        }[form]()
        if form in ("json", "csv"):
            bids = bids.with_columns(time_of_text)
        price = engine.col("price")
        if query == "f1":
            result = bids.filter(price > 1_000_000).select("auction", "price")
        else:
            key, _ = WINDOWS[query]
            distinct = engine.col("bidder").n_unique()
            result = (
                bids.filter(price > 1_000)
                .group_by(engine.col("dateTime").dt.truncate("10s").alias("w"), key)
                .agg(
                    engine.len().alias("n"),
                    (distinct if query == "t3" else price.sum()).alias("a"),
                    price.max().alias("m"),
                )
            )
        return result.collect(engine="streaming").height

    return run


def forget_peak():
    """Lets the peak of memory be what is resident now, where that is possible."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        pass


def peak_mb():
    """The most resident memory since then in MB, where the system tells it."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return None
    kib = next(line.split()[1] for line in lines if line.startswith("VmHWM:"))
    return int(kib) * 1_024 / 1e6


def main():
    engine, query, form, folder, threads = sys.argv[1:]
    prepare = {"duckdb": duckdb, "datafusion": datafusion, "polars": polars}[engine]
    run = prepare(query, form, Path(folder), int(threads))
    forget_peak()
    started, cpu = time.perf_counter(), time.process_time()
    rows = run()
    wall_s, cpu_s = time.perf_counter() - started, time.process_time() - cpu
    print(json.dumps({"rows_out": rows, "wall_s": wall_s, "cpu_s": cpu_s, "peak_mb": peak_mb()}))


if __name__ == "__main__":
    main()
