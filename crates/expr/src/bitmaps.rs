//! Sets of 32-bit integers, of Flink's type `BITMAP`. Source: Flink, "Bitmap Functions".

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, Int64Array, ListArray, StringArray, StructArray,
};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::{DataType, Field, Fields, Int32Type};
use millstream_types::sql_type::{BITMAP, UNLIMITED};
use millstream_types::{Error, Result, SqlType, bitmap};
use roaring::RoaringBitmap;

use crate::function::{Builtin, Call, Typing, typing};

const BYTES: SqlType = SqlType::VarBinary(UNLIMITED);

macro_rules! of_two {
    ($name:literal, $about:literal, $combine:expr) => {
        Builtin {
            name: $name,
            usage: concat!($name, "(bitmap, bitmap)"),
            about: $about,
            volatile: false,
            typing: |given| exact(given, &[SqlType::Bitmap, SqlType::Bitmap], SqlType::Bitmap),
            body: |call| combine(call, $combine),
        }
    };
}

/// The functions of this family.
pub const BUILTINS: &[Builtin] = &[
    Builtin {
        name: "BITMAP_BUILD",
        usage: "BITMAP_BUILD(array)",
        about: "The set of the integers of an array; NULLs in it do not count.",
        volatile: false,
        typing: build_typing,
        body: build,
    },
    Builtin {
        name: "BITMAP_CARDINALITY",
        usage: "BITMAP_CARDINALITY(bitmap)",
        about: "How many integers are in the set.",
        volatile: false,
        typing: |given| exact(given, &[SqlType::Bitmap], SqlType::BigInt),
        body: |call| {
            let counts = sets(&call.arguments[0]).map(|set| Ok(set?.map(|set| set.len() as i64)));
            Ok(Arc::new(counts.collect::<Result<Int64Array>>()?))
        },
    },
    of_two!("BITMAP_AND", "The integers that are in both sets.", |a, b| a & b),
    of_two!("BITMAP_OR", "The integers that are in either set.", |a, b| a | b),
    of_two!("BITMAP_XOR", "The integers that are in one of the sets only.", |a, b| a ^ b),
    of_two!("BITMAP_ANDNOT", "The integers of the first set but those of the second.", |a, b| a
        - b),
    Builtin {
        name: "BITMAP_TO_ARRAY",
        usage: "BITMAP_TO_ARRAY(bitmap)",
        about: "The integers of the set, in their order without a sign.",
        volatile: false,
        typing: |given| {
            let element = Field::new_list_field(DataType::Int32, true);
            let typing = exact(given, &[SqlType::Bitmap], SqlType::Bitmap)?;
            Ok(Typing { result: DataType::List(Arc::new(element)), ..typing })
        },
        body: to_array,
    },
    Builtin {
        name: "BITMAP_TO_STRING",
        usage: "BITMAP_TO_STRING(bitmap)",
        about: "The set as a text, such as {1,2}.",
        volatile: false,
        typing: |given| exact(given, &[SqlType::Bitmap], SqlType::STRING),
        body: |call| {
            let texts = sets(&call.arguments[0]).map(|set| Ok(set?.map(|set| bitmap::text(&set))));
            Ok(Arc::new(texts.collect::<Result<StringArray>>()?))
        },
    },
    Builtin {
        name: "BITMAP_TO_BYTES",
        usage: "BITMAP_TO_BYTES(bitmap)",
        about: "The set in the portable format of Roaring bitmaps.",
        volatile: false,
        typing: |given| exact(given, &[SqlType::Bitmap], BYTES),
        body: |call| {
            let all = sets(&call.arguments[0]);
            let bytes = all.map(|set| Ok(set?.map(|set| bitmap::write(&set))));
            Ok(Arc::new(bytes.collect::<Result<BinaryArray>>()?))
        },
    },
    Builtin {
        name: "BITMAP_FROM_BYTES",
        usage: "BITMAP_FROM_BYTES(bytes)",
        about: "The set that such bytes stand for; it fails where they are none.",
        volatile: false,
        typing: |given| exact(given, &[BYTES], SqlType::Bitmap),
        body: |call| {
            let read = |bytes: &[u8]| {
                bitmap::read(bytes).ok_or_else(|| {
                    let message = "BITMAP_FROM_BYTES: the bytes are not those of a BITMAP";
                    Error::Evaluation(message.to_owned())
                })
            };
            let bytes = call.arguments[0].as_binary::<i32>().iter();
            column(bytes.map(|bytes| bytes.map(read).transpose()))
        },
    },
];

fn exact(given: &[DataType], due: &[SqlType], result: SqlType) -> Result<Typing, String> {
    let due: Vec<DataType> = due.iter().map(SqlType::arrow).collect();
    typing::exact(given, &due, result.arrow())
}

fn build_typing(given: &[DataType]) -> Result<Typing, String> {
    let integers = DataType::List(Arc::new(Field::new_list_field(DataType::Int32, true)));
    let fits = match given {
        [DataType::Null] => true,
        [DataType::List(of)] => {
            matches!(of.data_type(), DataType::Int8 | DataType::Int16 | DataType::Int32)
        }
        _ => false,
    };
    match fits {
        true => Ok(Typing { arguments: vec![integers], result: SqlType::Bitmap.arrow() }),
        false => Err("it takes an array of INT, SMALLINT or TINYINT".to_owned()),
    }
}

/// The sets of a column, one a row.
///
/// # Errors
/// An item is one when its bytes are no set, which is a bug.
pub fn sets(column: &ArrayRef) -> impl Iterator<Item = Result<Option<RoaringBitmap>>> {
    let held = column.as_struct().column(0).as_binary::<i32>();
    // What is NULL may hold anything.
    let present = |(row, bytes): (usize, Option<_>)| bytes.filter(|_| column.is_valid(row));
    held.iter().enumerate().map(present).map(|bytes| bytes.map(bitmap::held).transpose())
}

/// Sets as a column.
///
/// # Errors
/// The first one among them.
pub fn column(sets: impl Iterator<Item = Result<Option<RoaringBitmap>>>) -> Result<ArrayRef> {
    let bytes = sets.map(|set| Ok(set?.map(|set| bitmap::write(&set))));
    let bytes = bytes.collect::<Result<BinaryArray>>()?;
    let nulls = bytes.nulls().cloned();
    let fields = Fields::from(vec![Field::new(BITMAP, DataType::Binary, true)]);
    Ok(Arc::new(StructArray::try_new(fields, vec![Arc::new(bytes)], nulls)?))
}

/// An integer as it is in a set: without a sign.
pub fn member(value: i32) -> u32 {
    value.cast_unsigned()
}

fn build(call: &Call<'_>) -> Result<ArrayRef> {
    let set = |array: ArrayRef| {
        array.as_primitive::<Int32Type>().iter().flatten().map(member).collect::<RoaringBitmap>()
    };
    column(call.arguments[0].as_list::<i32>().iter().map(|array| Ok(array.map(set))))
}

fn combine(
    call: &Call<'_>,
    combine: fn(RoaringBitmap, RoaringBitmap) -> RoaringBitmap,
) -> Result<ArrayRef> {
    let pairs = sets(&call.arguments[0]).zip(sets(&call.arguments[1]));
    column(pairs.map(|(a, b)| Ok(a?.zip(b?).map(|(a, b)| combine(a, b)))))
}

fn to_array(call: &Call<'_>) -> Result<ArrayRef> {
    let DataType::List(element) = call.result else {
        return Err(Error::Internal("BITMAP_TO_ARRAY gives an array".to_owned()));
    };
    let (mut values, mut lengths, mut present) = (Vec::new(), Vec::new(), Vec::new());
    for set in sets(&call.arguments[0]) {
        let set = set?;
        present.push(set.is_some());
        let before = values.len();
        values.extend(set.iter().flatten().map(u32::cast_signed));
        lengths.push(values.len() - before);
    }
    let values = Arc::new(arrow::array::Int32Array::from(values));
    let nulls = Some(NullBuffer::from(present));
    let offsets = OffsetBuffer::from_lengths(lengths);
    Ok(Arc::new(ListArray::try_new(Arc::clone(element), offsets, values, nulls)?))
}
