//! Sources and sinks, registered by their `'connector'` name.
//!
//! | module | what it holds |
//! |---|---|
//! | [`connector`] | the traits and the registry |
//! | [`filesystem`], [`files`], [`file_sink`] | files, folders and standard input and output |
//! | [`datagen`], [`nexmark`] | generated rows |
//! | [`mod@print`] | `print` and `blackhole` |
//! | [`sqlite`], `sqlite_source`, `sqlite_sink` | tables of SQLite files |
//! | [`lookup`] | tables that are asked for their rows |
//! | [`memory`] | tables given by the embedding program |

pub mod connector;
pub mod datagen;
pub mod file_sink;
pub mod files;
pub mod filesystem;
pub mod lookup;
pub mod memory;
pub mod nexmark;
pub mod print;
pub mod sqlite;
mod sqlite_sink;
mod sqlite_source;

pub use connector::{Piece, Sink, Source, SourceEvent, open_sink, open_source, validate};
