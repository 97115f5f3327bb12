//! `'connector' = 'filesystem'`: a file, a folder or a pattern of files, and standard input.
//!
//! Each file is a split. Files are read one after the other in the order of their names, in pieces that
//! are decoded on all cores.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use arrow::datatypes::SchemaRef;
use millstream_formats::debezium::Before;
use millstream_formats::parquet_file::schema_of;
use millstream_formats::{ErrorPolicy, Format, infer};
use millstream_plan::Table;
use millstream_plan::table::Options;
use millstream_types::{Error, Result};

use crate::connector::{Connector, Sink, Source, duration};
use crate::file_facts;
use crate::file_sink::{FileSink, Rolling};
use crate::files::{STANDARD, format_of, list, sample};
use crate::parquet_files::ParquetFiles;
use crate::partitions::{PartitionedFiles, PartitionedSink, Partitions};
use crate::text_files::TextFiles;
use crate::watched_files::WatchedFiles;

/// `'connector' = 'filesystem'`
pub const CONNECTOR: Connector = Connector {
    name: "filesystem",
    keys: &[
        "path",
        "source.path.regex-pattern",
        MONITOR,
        "lookup.full-cache.periodic-reload.interval",
        "scan.changelog-mode",
        "partition.default-name",
        "partition.time-extractor.kind",
        "partition.time-extractor.timestamp-pattern",
        "partition.time-extractor.timestamp-formatter",
        "sink.partition-commit.trigger",
        "sink.partition-commit.delay",
        "sink.partition-commit.watermark-time-zone",
        "sink.partition-commit.policy.kind",
        "sink.partition-commit.success-file.name",
        "sink.rolling-policy.file-size",
        "sink.rolling-policy.rollover-interval",
        "sink.rolling-policy.inactivity-interval",
        // A part is looked at when an epoch ends.
        "sink.rolling-policy.check-interval",
        // One writer a folder makes no small files, and needs none beside it.
        "auto-compaction",
        "compaction.file-size",
        "compaction.parallelism",
        "sink.parallelism",
        "sink.shuffle-by-partition.enable",
        "source.report-statistics",
    ],
    has_format: true,
    metadata: &file_facts::KEYS,
    source: Some(source),
    sink: Some(sink),
};

/// How often a folder is looked into for new files; without it the source ends.
const MONITOR: &str = "source.monitor-interval";

/// Whether a query reads, or has read, the standard input of the program.
static STANDARD_TAKEN: AtomicBool = AtomicBool::new(false);

fn path_of(options: &Options) -> Result<&str> {
    options.get("path").map(String::as_str).ok_or_else(|| {
        Error::options(
            "a filesystem table needs a 'path'",
            "it is a file, a folder, a pattern, or - for standard input",
        )
    })
}

fn format_for(options: &Options) -> Result<Format> {
    let path = path_of(options)?;
    let name = match options.get("format") {
        Some(name) => name.as_str(),
        None => format_of(path).ok_or_else(|| {
            Error::options(
                "a filesystem table needs a 'format'",
                "it is csv, json or parquet; it may be left out when the path ends in one of them",
            )
        })?,
    };
    Format::from_options(name, options)
}

/// Checks a table's options.
///
/// # Errors
/// When path or format are missing or make no sense.
pub fn validate(table: &Table) -> Result<()> {
    let format = format_for(&table.options)?;
    let partitions = Partitions::of(table)?;
    if partitions.is_some() && path_of(&table.options)? == STANDARD {
        return Err(Error::options(
            format!(
                "standard input and output, 'path' = '{STANDARD}', have no folders and no METADATA"
            ),
            "leave PARTITIONED BY and METADATA out, or give the path of a folder",
        ));
    }
    Rolling::of(table)?;
    success_file(table)?;
    monitor(table)?;
    let in_files =
        partitions.map_or_else(|| Arc::clone(&table.physical), |partitions| partitions.in_files());
    let columns: Vec<usize> = (0..in_files.fields().len()).collect();
    format.decoder(&in_files, &columns).map(|_| ())
}

/// The file that tells of a partition that it is whole, where one is asked for.
fn success_file(table: &Table) -> Result<Option<String>> {
    let Some(kinds) = table.options.get("sink.partition-commit.policy.kind") else {
        return Ok(None);
    };
    if let Some(kind) = kinds.split(',').map(str::trim).find(|kind| *kind != "success-file") {
        return Err(Error::options(
            format!("'sink.partition-commit.policy.kind' cannot be '{kind}'"),
            "it is success-file; there is no metastore",
        ));
    }
    let key = "sink.partition-commit.success-file.name";
    let name = table.options.get(key).map_or("_SUCCESS", String::as_str);
    if !name.starts_with(['_', '.']) || name.contains('/') {
        return Err(Error::options(
            format!("'{key}' cannot be '{name}'"),
            "it is the name of a file that starts with _ or ., so that it is not read as one of rows",
        ));
    }
    Ok(Some(name.to_owned()))
}

/// How often new files are looked for, where that is asked for.
fn monitor(table: &Table) -> Result<Option<Duration>> {
    if !table.options.contains_key(MONITOR) {
        return Ok(None);
    }
    if path_of(&table.options)? == STANDARD {
        return Err(Error::options(
            format!("standard input has no files to look for, and '{MONITOR}' is set"),
            "leave it out: standard input is read until whoever writes it ends",
        ));
    }
    duration(table, MONITOR, 1, 0).map(Some)
}

/// The columns of a table that declares none, from its data; adds options that were found with them.
///
/// # Errors
/// When there is no data, or it says nothing about its columns.
pub fn infer_columns(options: &mut Options) -> Result<SchemaRef> {
    let path = path_of(options)?.to_owned();
    if path == STANDARD {
        return Err(Error::options(
            "the columns of standard input cannot be inferred",
            "declare them in CREATE TABLE",
        ));
    }
    let format = format_for(options)?;
    let files = list(&path, options.get("source.path.regex-pattern").map(String::as_str))?;
    // What is read from a pipe to find out its columns would be lost.
    let is_file = std::fs::metadata(&files[0]).is_ok_and(|file| file.is_file());
    if !is_file {
        return Err(Error::options(
            format!("the columns of '{}' cannot be found out: it is no file", files[0].display()),
            "declare them in CREATE TABLE",
        ));
    }
    match format {
        Format::Parquet => schema_of(&files[0]),
        Format::Json(_) => infer::json(&sample(&files[0], infer::SAMPLE_BYTES)?, &path),
        Format::Raw => Err(Error::options(
            "a table of format \"raw\" has one column, which has no name of its own",
            "declare it: CREATE TABLE t (line STRING) WITH (…)",
        )),
        Format::Debezium { .. } => Err(Error::options(
            "the columns of a debezium-json table are not found out from its data",
            "declare them: CREATE TABLE t (id BIGINT, …) WITH (…)",
        )),
        Format::Csv(csv) => {
            let given = options.contains_key("csv.header").then_some(csv.header);
            let bytes = sample(&files[0], infer::SAMPLE_BYTES)?;
            let (schema, header) = infer::csv(&bytes, &path, &csv, given)?;
            options.insert("csv.header".to_owned(), header.to_string());
            // Nobody has said what an empty field means, so it means what it does in every other tool.
            options.entry("csv.null-literal".to_owned()).or_default();
            Ok(schema)
        }
    }
}

/// What is to be made of the row before an update of a table.
pub(crate) fn before_of(table: &Table) -> Before {
    match table.primary_key.is_empty() {
        _ if table.after_only => Before::LeftOut,
        true => Before::Due,
        false => Before::Optional,
    }
}

fn source(table: &Table, columns: &[usize]) -> Result<Box<dyn Source>> {
    let path = path_of(&table.options)?;
    let format = format_for(&table.options)?.before(before_of(table));
    let pattern = table.options.get("source.path.regex-pattern").map(String::as_str);
    let policy = ErrorPolicy::of(&table.options, format.name())?;
    let (partitions, physical) = (Partitions::of(table)?, Arc::clone(&table.physical));
    let (of_files, wanted) = (path.to_owned(), columns.to_vec());
    let open = move |files| -> Result<Box<dyn Source>> {
        let Some(partitions) = &partitions else {
            return open_files(&of_files, &format, &policy, files, &physical, &wanted);
        };
        let in_files = partitions.in_files();
        let open = |files, columns: &[usize]| {
            open_files(&of_files, &format, &policy, files, &in_files, columns)
        };
        Ok(Box::new(PartitionedFiles::new(partitions, files, &wanted, open)?))
    };
    if let Some(interval) = monitor(table)? {
        return Ok(Box::new(WatchedFiles::new(path, pattern, interval, Box::new(open))?));
    }
    open(match path {
        STANDARD if STANDARD_TAKEN.swap(true, Ordering::Relaxed) => {
            return Err(Error::options(
                "standard input has been read already",
                "it can be read once; read it into a table of files first",
            ));
        }
        STANDARD => vec![PathBuf::from(STANDARD)],
        path => list(path, pattern)?,
    })
}

/// Opens files that hold the columns of `schema`, to read some of them.
fn open_files(
    path: &str,
    format: &Format,
    policy: &ErrorPolicy,
    files: Vec<PathBuf>,
    schema: &SchemaRef,
    columns: &[usize],
) -> Result<Box<dyn Source>> {
    let decoder = format.decoder(schema, columns)?;
    match decoder.map(|decoder| policy.applied(decoder)) {
        Some(decoder) => Ok(Box::new(TextFiles::new(files, decoder, format.has_header()))),
        None if path == STANDARD => Err(Error::options(
            "Parquet cannot be read from standard input",
            "its index stands at the end; give a file",
        )),
        None => Ok(Box::new(ParquetFiles::new(&files, Arc::new(schema.project(columns)?))?)),
    }
}

fn sink(table: &Table) -> Result<Box<dyn Sink>> {
    let path = path_of(&table.options)?;
    let format = format_for(&table.options)?;
    let (rolling, success) = (Rolling::of(table)?, success_file(table)?);
    let Some(partitions) = Partitions::of(table)? else {
        let sink = FileSink::new(path, format, Arc::clone(&table.physical))?;
        return Ok(Box::new(sink.rolling(rolling).telling(success)));
    };
    if partitions.are_read_only() {
        return Err(Error::options(
            format!("table \"{}\" has METADATA of its files, which cannot be written", table.name),
            "write into a table of the same path that is declared without these columns",
        ));
    }
    let (path, in_files) = (path.to_owned(), partitions.in_files());
    let open = move |folder: &str| -> Result<Box<dyn Sink>> {
        let folder = format!("{path}/{folder}");
        let sink = FileSink::new(&folder, format.clone(), Arc::clone(&in_files))?;
        Ok(Box::new(sink.rolling(rolling).telling(success.clone())))
    };
    Ok(Box::new(PartitionedSink::new(partitions, Box::new(open))))
}
