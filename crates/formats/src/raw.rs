//! `raw`: a table of one column, which has a whole line as its value. Source: Flink, "Raw Format".

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BinaryBuilder, RecordBatch, RecordBatchOptions, StringBuilder,
};
use arrow::datatypes::{DataType, SchemaRef};
use memchr::memrchr;
use millstream_types::sql_type::type_name;
use millstream_types::{Error, Result};

use crate::decoder::{Chunk, Decoded, Decoder};
use crate::json::nullable;

/// Checks that a table can be one of lines.
///
/// # Errors
/// When it has another number of columns than one, or one of another type than text or bytes.
pub fn check(table: &SchemaRef) -> Result<()> {
    let hint = "declare one column of type STRING or BYTES";
    let [column] = &table.fields()[..] else {
        let columns = table.fields().len();
        let message = format!("a table of format \"raw\" has one column, not {columns}");
        return Err(Error::options(message, hint));
    };
    match column.data_type() {
        DataType::Utf8 | DataType::Binary => Ok(()),
        other => {
            let (name, of) = (column.name(), type_name(other));
            let message = format!("column \"{name}\" of format \"raw\" cannot be {of}");
            Err(Error::options(message, hint))
        }
    }
}

/// Reads lines.
pub struct RawDecoder {
    schema: SchemaRef,
}

impl RawDecoder {
    /// For the column of a table, or for none where only rows are counted.
    ///
    /// # Errors
    /// When the table is none of lines.
    pub fn new(table: &SchemaRef, columns: &[usize]) -> Result<Self> {
        check(table)?;
        Ok(Self { schema: nullable(&Arc::new(table.project(columns)?)) })
    }
}

impl Decoder for RawDecoder {
    fn whole(&self, bytes: &[u8]) -> usize {
        memrchr(b'\n', bytes).map_or(0, |at| at + 1)
    }

    fn is_by_line(&self) -> bool {
        true
    }

    fn decode(&self, chunk: &Chunk) -> Result<Decoded> {
        let bytes = chunk.bytes.strip_suffix(b"\n").unwrap_or(&chunk.bytes);
        // What ends with a line break has no line behind it.
        let lines = || {
            let lines = (!chunk.bytes.is_empty()).then(|| bytes.split(|byte| *byte == b'\n'));
            lines.into_iter().flatten().map(|line| line.strip_suffix(b"\r").unwrap_or(line))
        };
        let columns = self.schema.fields().iter().map(|field| -> ArrayRef {
            if *field.data_type() == DataType::Binary {
                let mut values = BinaryBuilder::new();
                lines().for_each(|line| values.append_value(line));
                return Arc::new(values.finish());
            }
            let mut texts = StringBuilder::new();
            lines().for_each(|line| texts.append_value(String::from_utf8_lossy(line)));
            Arc::new(texts.finish())
        });
        let columns = columns.collect();
        let options = RecordBatchOptions::new().with_row_count(Some(lines().count()));
        let rows = RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options)?;
        Ok(Decoded::clean(rows))
    }
}

/// Appends a line a row; NULL is an empty one.
///
/// # Errors
/// When bytes are no UTF-8.
pub fn write(rows: &RecordBatch, out: &mut String) -> Result<()> {
    for column in rows.columns() {
        for row in 0..column.len() {
            match column.data_type() {
                _ if column.is_null(row) => {}
                DataType::Binary => {
                    let bytes = std::str::from_utf8(column.as_binary::<i32>().value(row));
                    out.push_str(bytes.map_err(|_| {
                        let message = "bytes that are no UTF-8 are not written as format \"raw\"";
                        Error::Evaluation(message.to_owned())
                    })?);
                }
                _ => out.push_str(column.as_string::<i32>().value(row)),
            }
            out.push('\n');
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use arrow::datatypes::{Field, Schema};

    use super::*;

    #[test]
    fn every_line_is_a_row() {
        let schema = Arc::new(Schema::new(vec![Field::new("line", DataType::Utf8, true)]));
        let decoder = RawDecoder::new(&schema, &[0]).unwrap();
        let decoded = |text: &str| {
            let chunk = Chunk { bytes: text.into(), source: "x".into(), first_line: 1 };
            let rows = decoder.decode(&chunk).unwrap().rows;
            let lines = rows.column(0).as_string::<i32>().iter().flatten().map(str::to_owned);
            lines.collect::<Vec<_>>()
        };
        assert_eq!(decoded("a\r\n\n \"b\nc"), ["a", "", " \"b", "c"]);
        assert_eq!(decoded("a\n"), ["a"]);
        assert_eq!(decoded("\n\n"), ["", ""]);
        assert!(decoded("").is_empty());
        let two = Schema::new(vec![Field::new("n", DataType::Int64, true)]);
        assert!(RawDecoder::new(&Arc::new(two), &[0]).is_err());
    }

    #[test]
    fn what_is_no_text_is_not_written() {
        let written = |bytes: &[u8]| {
            let column: ArrayRef = Arc::new(arrow::array::BinaryArray::from_vec(vec![bytes]));
            let mut out = String::new();
            write(&RecordBatch::try_from_iter([("b", column)]).unwrap(), &mut out).map(|()| out)
        };
        assert_eq!(written("é".as_bytes()).unwrap(), "é\n");
        assert!(written(b"\xff").is_err());
    }
}
