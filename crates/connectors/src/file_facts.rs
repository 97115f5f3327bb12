//! [`FileFact`]: what is known of a file beside its content, as METADATA columns give it. The keys are
//! Flink's.

use std::path::Path;
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use arrow::array::{ArrayRef, Int64Array, StringArray, TimestampMillisecondArray};
use arrow::datatypes::{DataType, TimeUnit};
use millstream_plan::Table;
use millstream_types::sql_type::{LTZ_ZONE, type_name};
use millstream_types::{Error, Result};

/// What can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileFact {
    /// Where it is, from the root on.
    Path,
    /// Its name alone.
    Name,
    /// How many bytes it has.
    Size,
    /// When it was last written.
    Modified,
}

/// The keys of METADATA columns.
pub const KEYS: [&str; 4] = ["file.path", "file.name", "file.size", "file.modification-time"];

impl FileFact {
    const ALL: [Self; 4] = [Self::Path, Self::Name, Self::Size, Self::Modified];

    /// The METADATA columns of a table, by their positions among the physical ones.
    ///
    /// # Errors
    /// When one is of another type than what it holds.
    pub fn of(table: &Table) -> Result<Vec<(usize, Self)>> {
        let fields = table.physical.fields().iter().enumerate();
        let facts = fields.filter_map(|(at, field)| {
            let key = table.metadata.get(field.name())?;
            let (key, fact) = KEYS.iter().zip(Self::ALL).find(|(known, _)| *known == key)?;
            let due = fact.data_type();
            Some(match *field.data_type() == due {
                true => Ok((at, fact)),
                false => Err(Error::options(
                    format!(
                        "metadata column \"{}\" cannot be {}",
                        field.name(),
                        type_name(field.data_type())
                    ),
                    format!("'{key}' is {}", type_name(&due)),
                )),
            })
        });
        facts.collect()
    }

    fn data_type(self) -> DataType {
        match self {
            Self::Path | Self::Name => DataType::Utf8,
            Self::Size => DataType::Int64,
            Self::Modified => DataType::Timestamp(TimeUnit::Millisecond, Some(LTZ_ZONE.into())),
        }
    }

    /// That of a file: an array of one.
    ///
    /// # Errors
    /// When the file cannot be asked.
    pub fn value(self, file: &Path) -> Result<ArrayRef> {
        let failed = |error| Error::io("cannot open", file, error);
        let text = |text: String| -> ArrayRef { Arc::new(StringArray::from(vec![text])) };
        let metadata = || std::fs::metadata(file).map_err(failed);
        Ok(match self {
            Self::Path => text(std::path::absolute(file).map_err(failed)?.display().to_string()),
            Self::Name => {
                let name = file.file_name().map(|name| name.to_string_lossy().into_owned());
                text(name.unwrap_or_default())
            }
            Self::Size => Arc::new(Int64Array::from(vec![
                i64::try_from(metadata()?.len()).unwrap_or(i64::MAX),
            ])),
            Self::Modified => {
                let modified = metadata()?.modified().map_err(failed)?;
                let ms = match modified.duration_since(UNIX_EPOCH) {
                    Ok(since) => i64::try_from(since.as_millis()).unwrap_or(i64::MAX),
                    Err(before) => {
                        -i64::try_from(before.duration().as_millis()).unwrap_or(i64::MAX)
                    }
                };
                Arc::new(TimestampMillisecondArray::from(vec![ms]).with_timezone(LTZ_ZONE))
            }
        })
    }
}
