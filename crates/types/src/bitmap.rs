//! Sets of 32-bit integers: their bytes and their text.
//!
//! The bytes are those of the portable Roaring format, without runs: so equal sets have equal bytes, and
//! other engines read them. Integers count without a sign, as in Flink: -1 is 4294967295.

use std::fmt::Write;

use roaring::RoaringBitmap;

use crate::error::{Error, Result};

/// The set that bytes stand for; `None` where they are no set.
pub fn read(bytes: &[u8]) -> Option<RoaringBitmap> {
    let mut rest = bytes;
    let mut set = RoaringBitmap::deserialize_from(&mut rest).ok()?;
    // Others may have written runs.
    set.remove_run_compression();
    rest.is_empty().then_some(set)
}

/// The set that a column of type `BITMAP` holds as bytes.
///
/// # Errors
/// When they are no set, which is a bug.
pub fn held(bytes: &[u8]) -> Result<RoaringBitmap> {
    read(bytes).ok_or_else(|| Error::Internal("the bytes of a BITMAP are none".to_owned()))
}

/// The bytes of a set.
pub fn write(set: &RoaringBitmap) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(set.serialized_size());
    // Writing into memory does not fail.
    let _ = set.serialize_into(&mut bytes);
    bytes
}

/// A set as it is shown: `{1,2,4294967295}`.
pub fn text(set: &RoaringBitmap) -> String {
    let mut out = String::from("{");
    for (at, number) in set.iter().enumerate() {
        // Writing into a text does not fail.
        let _ = write!(out, "{}{number}", if at > 0 { "," } else { "" });
    }
    out.push('}');
    out
}
