//! Bytes to Arrow and back.
//!
//! Text formats are decoded a chunk of whole records at a time, straight into the columns that are
//! asked for, so that chunks of a file are decoded on all cores.
//!
//! | module | what it holds |
//! |---|---|
//! | [`decoder`] | [`Decoder`]: what a text format does to a chunk |
//! | [`mod@column`] | a column that is being filled from text |
//! | [`json`], [`json_scan`], [`csv`] | the text formats |
//! | `json_quick`, `csv_quick` | the quick ways through what most lines look like |
//! | `json_values`, `csv_fields` | values of JSON into columns; fields of any CSV |
//! | `marks`, `digits` | where quotes, delimiters and line ends stand; digits, eight at a time |
//! | [`encode`] | rows as JSON or CSV |
//! | [`infer`] | columns from a sample of the data |
//! | [`parquet_file`] | Parquet files |
//! | [`raw`] | lines as they are |
//! | [`policy`] | what becomes of records that cannot be read |
//! | [`options`] | a format's options |

pub mod column;
pub mod csv;
mod csv_fields;
mod csv_quick;
pub mod debezium;
pub mod decoder;
mod digits;
pub mod encode;
pub mod infer;
pub mod json;
mod json_quick;
pub mod json_scan;
mod json_values;
mod marks;
pub mod options;
pub mod parquet_file;
pub mod policy;
pub mod raw;

pub use decoder::{BadRecord, Chunk, Decoded, Decoder};
pub use options::Format;
pub use policy::ErrorPolicy;
