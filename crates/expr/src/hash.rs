//! Hashes of texts and bytes, as lower-case hexadecimal digits.

use std::fmt::Write;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, StringBuilder};
use arrow::datatypes::{DataType, Int32Type};
use md5::Md5;
use millstream_types::{Error, Result};
use sha1::Sha1;
use sha2::digest::Digest;
use sha2::{Sha224, Sha256, Sha384, Sha512};

use crate::function::{Builtin, Call, Typing, typing};

macro_rules! hash {
    ($name:literal, $digest:ty) => {
        Builtin {
            name: $name,
            usage: concat!($name, "(text or bytes)"),
            about: concat!("The ", $name, " hash of the text or bytes, in hexadecimal digits."),
            volatile: false,
            typing: |given| hash_typing(given, &[]),
            body: |call| hashed(call, |bytes, _| Ok(digits::<$digest>(bytes))),
        }
    };
}

/// The functions of this family.
pub const BUILTINS: &[Builtin] = &[
    hash!("MD5", Md5),
    hash!("SHA1", Sha1),
    hash!("SHA224", Sha224),
    hash!("SHA256", Sha256),
    hash!("SHA384", Sha384),
    hash!("SHA512", Sha512),
    Builtin {
        name: "SHA2",
        usage: "SHA2(text or bytes, bits)",
        about: "The SHA-2 hash of the text or bytes with 224, 256, 384 or 512 bits.",
        volatile: false,
        typing: |given| hash_typing(given, &[DataType::Int32]),
        body: |call| {
            let bits = call.arguments[1].as_primitive::<Int32Type>();
            hashed(call, |bytes, row| {
                Ok(match bits.is_valid(row).then(|| bits.value(row)) {
                    None => return Ok(None),
                    Some(224) => digits::<Sha224>(bytes),
                    Some(256) => digits::<Sha256>(bytes),
                    Some(384) => digits::<Sha384>(bytes),
                    Some(512) => digits::<Sha512>(bytes),
                    Some(other) => {
                        return Err(Error::Evaluation(format!(
                            "SHA2 has 224, 256, 384 or 512 bits, not {other}"
                        )));
                    }
                })
            })
        },
    },
];

fn hash_typing(given: &[DataType], more: &[DataType]) -> Result<Typing, String> {
    let first = match given.first() {
        Some(DataType::Binary) => DataType::Binary,
        _ => DataType::Utf8,
    };
    typing::exact(given, &[std::slice::from_ref(&first), more].concat(), DataType::Utf8)
}

fn digits<D: Digest>(bytes: &[u8]) -> Option<String> {
    let hash = D::digest(bytes);
    let mut out = String::with_capacity(hash.len() * 2);
    // Writing into a String cannot fail.
    hash.iter().for_each(|byte| write!(out, "{byte:02x}").unwrap_or_default());
    Some(out)
}

fn hashed(
    call: &Call<'_>,
    hash: impl Fn(&[u8], usize) -> Result<Option<String>>,
) -> Result<ArrayRef> {
    let given = &call.arguments[0];
    let bytes = |row: usize| match given.as_binary_opt::<i32>() {
        Some(bytes) => bytes.value(row),
        None => given.as_string::<i32>().value(row).as_bytes(),
    };
    let mut out = StringBuilder::new();
    for row in 0..call.rows {
        out.append_option(match given.is_valid(row) {
            true => hash(bytes(row), row)?,
            false => None,
        });
    }
    Ok(Arc::new(out.finish()))
}
