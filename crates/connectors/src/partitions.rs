//! Tables that are `PARTITIONED BY` columns: a folder for each of their values, as in
//! `day=2026-01-31/hour=7/`, whose files hold the other columns. Names are escaped as in Hive and Flink. What
//! METADATA columns tell of a file is read the same way: it is one value for all of its rows.

use std::collections::{BTreeMap, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, RecordBatch, RecordBatchOptions, StringArray, UInt32Array,
};
use arrow::compute::take;
use arrow::datatypes::{DataType, Schema, SchemaRef};
use chrono_tz::Tz;
use millstream_expr::cast::{How, cast};
use millstream_formats::Decoded;
use millstream_plan::Table;
use millstream_types::sql_type::type_name;
use millstream_types::{ChangeBatch, Error, Result, SqlType};

use crate::connector::{Each, Piece, Sink, Source, SourceEvent};
use crate::file_facts::FileFact;

/// The folder of rows whose value is NULL or empty.
const DEFAULT_NAME: &str = "__DEFAULT_PARTITION__";

/// How the folders of a table are named.
#[derive(Clone)]
pub struct Partitions {
    physical: SchemaRef,
    /// The columns that folders are named after, among the physical ones, in the order of the folders.
    keys: Vec<usize>,
    /// The columns that tell something of the file.
    facts: Vec<(usize, FileFact)>,
    default: String,
}

impl Partitions {
    /// Those of a table; `None` when its files hold all of its columns.
    ///
    /// # Errors
    /// When a column is not one of the table's, or no column is left for the files.
    pub fn of(table: &Table) -> Result<Option<Self>> {
        let facts = FileFact::of(table)?;
        if table.partitioned_by.is_empty() && facts.is_empty() {
            return Ok(None);
        }
        let place = |name: &String| {
            table.physical.index_of(name).map_err(|_| {
                Error::options(
                    format!(
                        "'{name}' is no column that table \"{}\" could be PARTITIONED BY",
                        table.name
                    ),
                    "PARTITIONED BY names columns that are read and written, not computed ones",
                )
            })
        };
        let keys = table.partitioned_by.iter().map(place).collect::<Result<Vec<_>>>()?;
        if let Some((at, _)) = facts.iter().find(|(at, _)| keys.contains(at)) {
            return Err(Error::options(
                format!(
                    "'{}' is METADATA, which table \"{}\" cannot be PARTITIONED BY",
                    table.physical.field(*at).name(),
                    table.name
                ),
                "leave one of the two out",
            ));
        }
        let unnamed = keys.iter().map(|key| table.physical.field(*key)).find(|field| {
            let of = field.data_type();
            of.is_nested() || matches!(of, DataType::Binary | DataType::Interval(_))
        });
        if let Some(field) = unnamed {
            return Err(Error::options(
                format!(
                    "table \"{}\" cannot be PARTITIONED BY '{}', which is {}",
                    table.name,
                    field.name(),
                    type_name(field.data_type())
                ),
                "folders are named after texts, numbers, booleans and points in time",
            ));
        }
        if keys.len() + facts.len() >= table.physical.fields().len() {
            return Err(Error::options(
                format!(
                    "table \"{}\" has no column beside METADATA and those it is PARTITIONED BY",
                    table.name
                ),
                "files hold the other columns, so there must be one",
            ));
        }
        let name = table.options.get("partition.default-name");
        let default = name.map_or(DEFAULT_NAME, String::as_str).to_owned();
        Ok(Some(Self { physical: Arc::clone(&table.physical), keys, facts, default }))
    }

    /// The columns that stand in files.
    pub fn in_files(&self) -> SchemaRef {
        let fields = self.physical.fields().iter().enumerate();
        let fields =
            fields.filter(|(at, _)| self.place(*at).is_none()).map(|(_, field)| Arc::clone(field));
        Arc::new(Schema::new(fields.collect::<Vec<_>>()))
    }

    /// Where a column stands among the values of a file; `None` when the file holds it.
    fn place(&self, column: usize) -> Option<usize> {
        let keys = self.keys.iter().copied();
        keys.chain(self.facts.iter().map(|(at, _)| *at)).position(|known| known == column)
    }

    /// Whether the table cannot be written: nobody can choose what METADATA columns tell.
    pub fn are_read_only(&self) -> bool {
        !self.facts.is_empty()
    }

    fn name(&self, key: usize) -> &str {
        self.physical.field(self.keys[key]).name()
    }

    /// The values that the folders of a file stand for, and what is known of it; `None` when it is in no
    /// partition.
    fn values_of(&self, file: &Path) -> Result<Option<Vec<ArrayRef>>> {
        let folders = file.parent().map(|folder| folder.components().rev().take(self.keys.len()));
        let mut folders: Vec<_> = folders.into_iter().flatten().collect();
        folders.reverse();
        if folders.len() < self.keys.len() {
            return Ok(None);
        }
        let mut values = Vec::with_capacity(folders.len());
        for (key, folder) in folders.into_iter().enumerate() {
            let folder = folder.as_os_str().to_string_lossy();
            let Some(value) =
                folder.split_once('=').filter(|(name, _)| unescaped(name) == self.name(key))
            else {
                return Ok(None);
            };
            let text = Some(unescaped(value.1)).filter(|text| *text != self.default);
            values.push(self.read(key, text, file)?);
        }
        for (_, fact) in &self.facts {
            values.push(fact.value(file)?);
        }
        Ok(Some(values))
    }

    /// A value of a column from the name of its folder: an array of one.
    fn read(&self, key: usize, text: Option<String>, file: &Path) -> Result<ArrayRef> {
        let field = self.physical.field(self.keys[key]);
        let how = How { try_cast: true, zone: Tz::UTC, digits: None };
        let written = match field.data_type() {
            DataType::Timestamp(..) => text.as_deref().map(from_iso),
            _ => text.clone(),
        };
        let texts: ArrayRef = Arc::new(StringArray::from(vec![written]));
        let to = SqlType::of_field(field).map(|of| of.sql_type);
        let to = to.ok_or_else(|| Error::Internal(format!("{} has no SQL type", field.name())))?;
        let value = cast(&texts, &to, &how)?;
        match text {
            Some(text) if value.is_null(0) => Err(Error::options(
                format!("folder '{}={text}' of {} has no {to}", field.name(), file.display()),
                "the folders of a partitioned table are named after values of its columns",
            )),
            _ => Ok(value),
        }
    }

    /// By row, the folder it belongs to.
    fn folders(&self, rows: &RecordBatch) -> Result<Vec<String>> {
        let how = How { try_cast: false, zone: Tz::UTC, digits: None };
        let texts = self.keys.iter().map(|key| cast(rows.column(*key), &SqlType::STRING, &how));
        let texts = texts.collect::<Result<Vec<_>>>()?;
        let named = |key: usize, text: &str| match rows.column(self.keys[key]).data_type() {
            DataType::Boolean => text.to_ascii_lowercase(),
            DataType::Timestamp(..) => iso(text),
            _ => text.to_owned(),
        };
        let folder = |row: usize| {
            let mut folder = String::new();
            for (key, texts) in texts.iter().enumerate() {
                let texts = texts.as_string::<i32>();
                let value =
                    Some(texts.value(row)).filter(|text| texts.is_valid(row) && !text.is_empty());
                let separator = if key == 0 { "" } else { "/" };
                let value = value.map_or_else(|| self.default.clone(), |text| named(key, text));
                let (name, value) = (escaped(self.name(key)), escaped(&value));
                folder.extend([separator, &name, "=", &value]);
            }
            folder
        };
        Ok((0..rows.num_rows()).map(folder).collect())
    }
}

/// A point in time as folders are named after it: with a T, and without the seconds and digits that are 0.
fn iso(text: &str) -> String {
    let text = text.replacen(' ', "T", 1);
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let mut fraction = fraction;
    while let Some(shorter) = fraction.strip_suffix("000") {
        fraction = shorter;
    }
    match fraction {
        "" => whole.strip_suffix(":00").unwrap_or(whole).to_owned(),
        digits => format!("{whole}.{digits}"),
    }
}

/// The text of a point in time that a folder is named after.
fn from_iso(name: &str) -> String {
    let text = name.replacen('T', " ", 1);
    let seconds = text.matches(':').count() < 2 && text.contains(':');
    if seconds { format!("{text}:00") } else { text }
}

/// What cannot stand in the name of a folder, or would be taken for a part of it.
fn is_special(c: char) -> bool {
    c.is_ascii_control() || "\"#%'*/:=?\\{[]^".contains(c)
}

fn escaped(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for c in name.chars() {
        match is_special(c) {
            true => out.push_str(&format!("%{:02X}", c as u32)),
            false => out.push(c),
        }
    }
    out
}

fn unescaped(name: &str) -> String {
    let mut out = Vec::with_capacity(name.len());
    let mut rest = name.as_bytes();
    while let [first, behind @ ..] = rest {
        let code = behind.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        let code = code.and_then(|two| u8::from_str_radix(two, 16).ok()).filter(|_| *first == b'%');
        out.push(code.unwrap_or(*first));
        rest = if code.is_some() { &behind[2..] } else { behind };
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Where a column that is read comes from.
#[derive(Clone, Copy)]
enum Place {
    /// The files, and its position among the columns that are read from them.
    File(usize),
    /// What is the same in all rows of a file.
    OfFile(usize),
}

/// Reads the files of a table some of whose columns they do not hold.
pub struct PartitionedFiles {
    inner: Box<dyn Source>,
    /// By split: what is the same in all of its rows.
    values: Vec<Arc<Vec<ArrayRef>>>,
    places: Arc<Vec<Place>>,
    schema: SchemaRef,
}

impl PartitionedFiles {
    /// Reads some of the physical columns: `open` opens files to read columns of [`Partitions::in_files`].
    ///
    /// # Errors
    /// When a folder's name is no value of its column, or files cannot be opened.
    pub fn new(
        partitions: &Partitions,
        files: Vec<PathBuf>,
        columns: &[usize],
        open: impl FnOnce(Vec<PathBuf>, &[usize]) -> Result<Box<dyn Source>>,
    ) -> Result<Self> {
        let in_files: Vec<usize> = (0..partitions.physical.fields().len())
            .filter(|column| partitions.place(*column).is_none())
            .collect();
        let (mut places, mut read) = (Vec::new(), Vec::new());
        for column in columns {
            places.push(match partitions.place(*column) {
                Some(value) => Place::OfFile(value),
                None => {
                    read.extend(in_files.iter().position(|known| known == column));
                    Place::File(read.len() - 1)
                }
            });
        }
        let (mut chosen, mut values) = (Vec::new(), Vec::new());
        for file in files {
            if let Some(of) = partitions.values_of(&file)? {
                chosen.push(file);
                values.push(Arc::new(of));
            }
        }
        let schema = Arc::new(partitions.physical.project(columns)?);
        Ok(Self { inner: open(chosen, &read)?, values, places: Arc::new(places), schema })
    }
}

impl Source for PartitionedFiles {
    fn splits(&self) -> usize {
        self.inner.splits()
    }

    fn split_names(&self) -> Vec<String> {
        self.inner.split_names()
    }

    fn is_bounded(&self) -> bool {
        self.inner.is_bounded()
    }

    fn hold(&mut self) -> Result<()> {
        self.inner.hold()
    }

    fn next(&mut self) -> Result<Option<SourceEvent>> {
        Ok(self.inner.next()?.map(|event| match event {
            SourceEvent::Rows { split, piece } => {
                let (places, schema) = (Arc::clone(&self.places), Arc::clone(&self.schema));
                let values = Arc::clone(&self.values[split]);
                let piece = Box::new(PartitionPiece { inner: piece, values, places, schema });
                SourceEvent::Rows { split, piece }
            }
            ended => ended,
        }))
    }
}

struct PartitionPiece {
    inner: Box<dyn Piece>,
    values: Arc<Vec<ArrayRef>>,
    places: Arc<Vec<Place>>,
    schema: SchemaRef,
}

impl Piece for PartitionPiece {
    fn decode(self: Box<Self>, each: Each<'_>) -> Result<()> {
        let Self { inner, values, places, schema } = *self;
        inner.decode(&mut |decoded| {
            let rows = decoded.rows.num_rows();
            let columns = places.iter().map(|place| match *place {
                Place::File(column) => Ok(Arc::clone(decoded.rows.column(column))),
                Place::OfFile(value) => {
                    Ok(take(&values[value], &UInt32Array::from_value(0, rows), None)?)
                }
            });
            let columns = columns.collect::<Result<_>>()?;
            let options = RecordBatchOptions::new().with_row_count(Some(rows));
            let rows = RecordBatch::try_new_with_options(Arc::clone(&schema), columns, &options)?;
            each(Decoded { rows, ..decoded })
        })
    }

    fn weight(&self) -> usize {
        self.inner.weight()
    }
}

/// Opens the sink of one folder, by its path below that of the table.
type OpenFolder = Box<dyn Fn(&str) -> Result<Box<dyn Sink>> + Send>;

/// Writes a partitioned table, each of its folders by a sink of its own.
pub struct PartitionedSink {
    partitions: Partitions,
    in_files: Vec<usize>,
    open: OpenFolder,
    folders: BTreeMap<String, Box<dyn Sink>>,
    /// The folders whose files are open, in the order in which they were opened.
    awake: VecDeque<String>,
    keeps_epochs: bool,
}

/// So many folders have open files; a row for another one closes the file that was opened first.
const AWAKE_MAX: usize = 64;

impl PartitionedSink {
    /// Writes into folders that `open` opens when their first row comes.
    pub fn new(partitions: Partitions, open: OpenFolder) -> Self {
        let columns = 0..partitions.physical.fields().len();
        let in_files = columns.filter(|column| !partitions.keys.contains(column)).collect();
        Self {
            partitions,
            in_files,
            open,
            folders: BTreeMap::new(),
            awake: VecDeque::new(),
            keeps_epochs: false,
        }
    }
}

impl Sink for PartitionedSink {
    fn keep_epochs(&mut self) {
        self.keeps_epochs = true;
    }

    fn write(&mut self, changes: &ChangeBatch) -> Result<()> {
        let mut rows_of: BTreeMap<String, Vec<u32>> = BTreeMap::new();
        for (row, folder) in self.partitions.folders(&changes.rows)?.into_iter().enumerate() {
            rows_of.entry(folder).or_default().push(row as u32);
        }
        let rows = changes.rows.project(&self.in_files)?;
        let projected = ChangeBatch { rows, ..changes.clone() };
        for (folder, rows) in rows_of {
            if !self.folders.contains_key(&folder) {
                let mut sink = (self.open)(&folder)?;
                if self.keeps_epochs {
                    sink.keep_epochs();
                }
                self.folders.insert(folder.clone(), sink);
            }
            if let Some(sink) = self.folders.get_mut(&folder) {
                sink.write(&projected.take(&UInt32Array::from(rows))?)?;
            }
            if !self.awake.contains(&folder) {
                self.awake.push_back(folder);
            }
            if self.awake.len() > AWAKE_MAX
                && let Some(first) = self.awake.pop_front()
                && let Some(sink) = self.folders.get_mut(&first)
            {
                sink.rest()?;
            }
        }
        Ok(())
    }

    fn is_due(&self) -> bool {
        self.folders.values().any(|sink| sink.is_due())
    }

    fn end_epoch(&mut self, epoch: u64) -> Result<()> {
        self.folders.values_mut().try_for_each(|sink| sink.end_epoch(epoch))
    }

    fn commit(&mut self) -> Result<()> {
        self.folders.values_mut().try_for_each(|sink| sink.commit())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_folders_are_escaped() {
        for (name, due) in
            [("a b", "a b"), ("10:30", "10%3A30"), ("a/b=c%", "a%2Fb%3Dc%25"), ("é", "é")]
        {
            assert_eq!(escaped(name), due);
            assert_eq!(unescaped(due), name);
        }
        assert_eq!(unescaped("100%"), "100%");
    }

    #[test]
    fn folders_are_named_after_points_in_time_as_by_flink() {
        for (text, name) in [
            ("2024-02-29 10:00:00.000", "2024-02-29T10:00"),
            ("2024-02-29 10:00:05.000", "2024-02-29T10:00:05"),
            ("2024-02-29 10:00:00.120000", "2024-02-29T10:00:00.120"),
        ] {
            assert_eq!(iso(text), name);
        }
        assert_eq!(from_iso("2024-02-29T10:00"), "2024-02-29 10:00:00");
        assert_eq!(from_iso("2024-02-29 10:00:05.5"), "2024-02-29 10:00:05.5");
    }
}
