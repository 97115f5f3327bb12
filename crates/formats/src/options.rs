//! A format's options, in Flink's spelling.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use millstream_types::{Error, Result};

use crate::csv::{CsvDecoder, CsvOptions};
use crate::debezium::{Before, DebeziumDecoder};
use crate::decoder::Decoder;
use crate::encode::Encoder;
use crate::json::{JsonDecoder, JsonOptions};
use crate::policy::{self, ErrorPolicy};
use crate::raw::RawDecoder;

/// A format with its options.
#[derive(Debug, Clone)]
pub enum Format {
    /// One JSON object a line.
    Json(JsonOptions),
    /// Comma separated values, RFC 4180.
    Csv(CsvOptions),
    /// Changes of a database's table, one JSON object a line.
    Debezium {
        /// How the JSON is read and written.
        options: JsonOptions,
        /// Whether each object stands inside of one with its schema.
        enveloped: bool,
        /// What is to be made of the row before an update.
        before: Before,
    },
    /// A line a row.
    Raw,
    /// Apache Parquet.
    Parquet,
}

/// The names of the formats.
pub const FORMATS: [&str; 5] = ["csv", "debezium-json", "json", "parquet", "raw"];

const DEBEZIUM_KEYS: [&str; 3] = [
    "debezium-json.ignore-parse-errors",
    "debezium-json.schema-include",
    "debezium-json.timestamp-format.standard",
];

const JSON_KEYS: [&str; 7] = [
    "json.ignore-parse-errors",
    "json.fail-on-missing-field",
    "json.timestamp-format.standard",
    "json.map-null-key.mode",
    "json.map-null-key.literal",
    "json.encode.decimal-as-plain-number",
    "json.encode.ignore-null-fields",
];

const CSV_KEYS: [&str; 10] = [
    "csv.field-delimiter",
    "csv.quote-character",
    "csv.disable-quote-character",
    "csv.allow-comments",
    "csv.ignore-parse-errors",
    "csv.array-element-delimiter",
    "csv.escape-character",
    "csv.null-literal",
    // Without effect, as in Flink.
    "csv.write-bigdecimal-in-scientific-notation",
    "csv.header",
];

/// The option keys that a format knows.
pub fn keys_of(format: &str) -> &'static [&'static str] {
    match format {
        "json" => &JSON_KEYS,
        "csv" => &CSV_KEYS,
        "debezium-json" => &DEBEZIUM_KEYS,
        "raw" => &["raw.charset"],
        _ => &[],
    }
}

impl Format {
    /// Reads a format's options; keys of other formats are not looked at.
    ///
    /// # Errors
    /// When the format is not known or an option has a value that makes no sense.
    pub fn from_options(name: &str, options: &BTreeMap<String, String>) -> Result<Self> {
        let text = |key: &str| options.get(key).map(String::as_str);
        let missing = "json.fail-on-missing-field";
        let policy = ErrorPolicy::of(options, name)?;
        let ignore_parse_errors = policy == ErrorPolicy::Skip;
        // Whoever keeps what is wrong wants to see it.
        let strict_decimals = policy == ErrorPolicy::Table;
        if name == "json" && ignore_parse_errors && flag(options, missing)? {
            return Err(Error::options(
                format!("'{missing}' and 'json.ignore-parse-errors' cannot both be 'true'"),
                "choose one of them",
            ));
        }
        flag(options, &format!("{name}.ignore-parse-errors"))?;
        match name {
            "json" => Ok(Self::Json(JsonOptions {
                ignore_parse_errors,
                fail_on_missing_field: flag(options, "json.fail-on-missing-field")?,
                iso_timestamps: match text("json.timestamp-format.standard") {
                    None => false,
                    Some(standard) if standard.eq_ignore_ascii_case("SQL") => false,
                    Some(standard) if standard.eq_ignore_ascii_case("ISO-8601") => true,
                    Some(other) => {
                        return Err(Error::options(
                            format!("'json.timestamp-format.standard' cannot be '{other}'"),
                            "it is 'SQL' or 'ISO-8601'",
                        ));
                    }
                },
                ignore_null_fields: flag(options, "json.encode.ignore-null-fields")?,
                plain_decimals: flag(options, "json.encode.decimal-as-plain-number")?,
                strict_decimals,
            })),
            "csv" => {
                let quote = match flag(options, "csv.disable-quote-character")? {
                    true => None,
                    false => Some(character(options, "csv.quote-character")?.unwrap_or(b'"')),
                };
                Ok(Self::Csv(CsvOptions {
                    delimiter: character(options, "csv.field-delimiter")?.unwrap_or(b','),
                    quote,
                    escape: character(options, "csv.escape-character")?,
                    comments: flag(options, "csv.allow-comments")?,
                    ignore_parse_errors,
                    element_delimiter: text("csv.array-element-delimiter")
                        .unwrap_or(";")
                        .to_owned(),
                    null_literal: text("csv.null-literal").map(str::to_owned),
                    header: flag(options, "csv.header")?,
                    strict_decimals,
                }))
            }
            "debezium-json" => {
                // The keys of the inner JSON have another name before them.
                let inner = options.iter().filter_map(|(key, value)| {
                    let rest = match key.as_str() {
                        policy::KEY => key,
                        _ => key.strip_prefix("debezium-")?,
                    };
                    Some((rest.to_owned(), value.clone()))
                });
                let enveloped = flag(options, "debezium-json.schema-include")?;
                match Self::from_options("json", &inner.collect())? {
                    Self::Json(options) => {
                        Ok(Self::Debezium { options, enveloped, before: Before::default() })
                    }
                    other => Ok(other),
                }
            }
            "canal-json" | "maxwell-json" | "ogg-json" => Err(Error::options(
                format!("format \"{name}\" is not supported"),
                "debezium-json is the format of changes",
            )),
            "parquet" if policy != ErrorPolicy::Fail => Err(Error::options(
                format!("'{}' is for records of text, and Parquet has none", policy::KEY),
                "leave it out: a Parquet file can be read or not",
            )),
            "parquet" => Ok(Self::Parquet),
            "raw" => match text("raw.charset") {
                Some(other) if !other.eq_ignore_ascii_case("UTF-8") => Err(Error::options(
                    format!("'raw.charset' cannot be '{other}'"),
                    "it is 'UTF-8', or left out",
                )),
                _ => Ok(Self::Raw),
            },
            other => Err(Error::options(
                format!("format \"{other}\" not found"),
                format!("the formats are {}", FORMATS.join(", ")),
            )),
        }
    }

    /// Where a number that is too large for its DECIMAL cannot be read, and is not NULL.
    #[must_use]
    pub fn with_strict_decimals(mut self) -> Self {
        match &mut self {
            Self::Json(options) | Self::Debezium { options, .. } => options.strict_decimals = true,
            Self::Csv(options) => options.strict_decimals = true,
            Self::Raw | Self::Parquet => {}
        }
        self
    }

    /// Of changes, what is to be made of the row before an update.
    #[must_use]
    pub fn before(mut self, is: Before) -> Self {
        if let Self::Debezium { before, .. } = &mut self {
            *before = is;
        }
        self
    }

    /// The format's name.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Json(_) => "json",
            Self::Debezium { .. } => "debezium-json",
            Self::Csv(_) => "csv",
            Self::Raw => "raw",
            Self::Parquet => "parquet",
        }
    }

    /// Whether the first line of a file names its columns.
    pub fn has_header(&self) -> bool {
        matches!(self, Self::Csv(options) if options.header)
    }

    /// A decoder for some columns of a table's `schema`; `None` for formats that are no text.
    ///
    /// # Errors
    /// When a column is of a type that the format does not hold.
    pub fn decoder(
        &self,
        schema: &SchemaRef,
        columns: &[usize],
    ) -> Result<Option<Arc<dyn Decoder>>> {
        Ok(match self {
            Self::Json(options) => {
                Some(Arc::new(JsonDecoder::new(schema, columns, options.clone())?))
            }
            Self::Csv(options) => {
                Some(Arc::new(CsvDecoder::new(schema, columns, options.clone())?))
            }
            Self::Debezium { options, enveloped, before } => {
                let decoder = DebeziumDecoder::new(schema, columns, options.clone(), *enveloped)?;
                Some(Arc::new(decoder.before(*before)))
            }
            Self::Raw => Some(Arc::new(RawDecoder::new(schema, columns)?)),
            Self::Parquet => None,
        })
    }

    /// An encoder for rows of a schema; `None` for formats that are no text.
    pub fn encoder(&self, schema: &SchemaRef) -> Option<Encoder> {
        match self {
            Self::Json(options) => Some(Encoder::json(schema, options.clone())),
            Self::Csv(options) => Some(Encoder::csv(schema, options.clone())),
            Self::Debezium { options, .. } => Some(Encoder::debezium(schema, options.clone())),
            Self::Raw => Some(Encoder::raw(schema)),
            Self::Parquet => None,
        }
    }
}

/// An option that is `true` or `false`.
///
/// # Errors
/// When it is anything else.
pub fn flag(options: &BTreeMap<String, String>, key: &str) -> Result<bool> {
    match options.get(key).map(|text| text.to_ascii_lowercase()).as_deref() {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(other) => {
            Err(Error::options(format!("'{key}' cannot be '{other}'"), "it is 'true' or 'false'"))
        }
    }
}

fn character(options: &BTreeMap<String, String>, key: &str) -> Result<Option<u8>> {
    let Some(text) = options.get(key) else { return Ok(None) };
    match text.as_str() {
        "\\t" => Ok(Some(b'\t')),
        one if one.len() == 1 => Ok(Some(one.as_bytes()[0])),
        other => Err(Error::options(
            format!("'{key}' cannot be '{other}'"),
            "it is one ASCII character, or \\t",
        )),
    }
}
