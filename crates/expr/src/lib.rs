//! Bound scalar expressions over one batch, and the registry of functions they may call.
//!
//! DataFusion evaluates expressions; what it does not do the way Flink does (casts, decimals, most
//! functions) stands here as functions of our own, written over whole Arrow columns.
//!
//! | module | what it holds |
//! |---|---|
//! | [`bound`] | [`ScalarExpr`]: an expression bound to the columns of a batch |
//! | `float_compare` | floating point numbers compared as numbers |
//! | `guarded` | AND and OR that evaluate their right side only where it counts |
//! | `time_shift` | points in time moved by a constant interval |
//! | [`shared`](mod@shared) | what a condition and the values behind it both compute |
//! | [`function`] | how a function is declared, typed and called |
//! | [`registry`] | every function by name |
//! | [`reference`](mod@reference) | what each is for, with examples |
//! | [`calendar`], [`java_pattern`] | calendar arithmetic, and dates as text |
//! | [`clock`] | the reading of the clock that the expressions of a row share |
//! | [`cast`], [`cast_time`] | `CAST` and `TRY_CAST` |
//! | [`common_type`](mod@common_type) | the type in which two types meet |
//! | [`decimal`] | `DECIMAL` arithmetic |
//! | [`strings`], `string_search`, [`pattern`], [`printf`] | functions of texts |
//! | [`codecs`], [`hash`], [`json`], [`variant`] | encodings, hashes, JSON texts and JSON values |
//! | [`bitmaps`] | sets of integers |
//! | [`maths`], [`temporal`], [`periods`], [`differences`] | functions of numbers and of time |
//! | [`time_values`], [`time_text`] | points in time to and from text and numbers |
//! | [`conditional`], [`nested`], [`arrays`], [`maps`] | functions of any value, and of collections |
//! | [`json_path`], `regex_text` | paths into JSON values, regular expressions as they are written |
//! | [`aggregates`] | names and types of aggregate functions |

pub mod aggregates;
pub mod arrays;
pub mod bitmaps;
pub mod bound;
pub mod calendar;
pub mod cast;
pub mod cast_time;
pub mod clock;
pub mod codecs;
pub mod common_type;
pub mod conditional;
pub mod decimal;
pub mod differences;
pub mod field;
mod first_present;
mod float_compare;
pub mod function;
mod guarded;
pub mod hash;
pub mod java_pattern;
mod java_zone;
pub mod json;
pub mod json_path;
pub mod maps;
pub mod maths;
pub mod nested;
pub mod pattern;
pub mod periods;
pub mod printf;
pub mod reference;
mod regex_text;
pub mod registry;
pub mod shared;
mod string_search;
pub mod strings;
pub mod temporal;
mod time_shift;
pub mod time_text;
pub mod time_values;
pub mod variant;

pub use bound::ScalarExpr;
pub use registry::Registry;
