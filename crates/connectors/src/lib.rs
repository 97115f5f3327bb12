//! Sources and sinks, registered by their `'connector'` name.
//!
//! | module | what it holds |
//! |---|---|
//! | [`connector`] | the traits and the registry |
//! | [`filesystem`], [`files`], [`file_sink`] | files, folders and standard input and output |
//! | `text_files`, `line_file`, `parquet_files`, `watched_files` | files that are read |
//! | `partitions` | a folder for each value of columns |
//! | [`datagen`], [`nexmark`] | generated rows |
//! | [`mod@print`] | `print` and `blackhole` |
//! | [`sqlite`], `sqlite_source`, `sqlite_sink` | tables of SQLite files |
//! | [`peer`] | the server at the other end of a sink or source, and whether it is away |
//! | [`http_server`], [`http_response`] | tables that are posted to, and those that answer |
//! | [`http_inlet`], `http_queue`, `http_body`, `http_records`, `http_once` | what becomes of a request |
//! | [`webhook`], `dead_letters` | rows that are posted to others |
//! | `ending` | for how long a sink goes on trying when its job is to end |
//! | [`socket`] | records over TCP |
//! | [`secrets`] | `${env:NAME}` and `${file:PATH}` in options |
//! | [`lookup`] | tables that are asked for their rows |
//! | [`memory`] | tables given by the embedding program |

pub mod connector;
pub mod datagen;
mod dead_letters;
mod ending;
mod file_facts;
pub mod file_sink;
pub mod files;
pub mod filesystem;
mod http_body;
pub mod http_inlet;
mod http_once;
mod http_queue;
mod http_records;
pub mod http_response;
pub mod http_server;
mod line_file;
pub mod lookup;
pub mod memory;
pub mod nexmark;
mod parquet_files;
mod partitions;
pub mod peer;
pub mod print;
pub mod secrets;
pub mod socket;
pub mod sqlite;
mod sqlite_sink;
mod sqlite_source;
mod text_files;
mod watched_files;
pub mod webhook;

pub use connector::{
    Attachment, Door, Piece, Sink, Source, SourceEvent, open_sink, open_source, validate,
    validate_written,
};
pub use http_inlet::{Inlets, Receipt};
