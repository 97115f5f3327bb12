//! Parquet files, by the maintainers of arrow: only the columns that are asked for are read.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef, TimeUnit};
use millstream_types::sql_type::{SqlType, type_name};
use millstream_types::{Error, Result};
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader,
    ParquetRecordBatchReaderBuilder, RowSelection, RowSelector,
};
use parquet::arrow::{ArrowWriter, ProjectionMask};
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::metadata::PageIndexPolicy;
use parquet::file::properties::WriterProperties;

/// The most rows of a batch.
const ROWS_MAX: usize = 16_384;

/// About so many bytes of a row group are decoded together. Each range decodes the dictionaries anew, which
/// is why it is no small one.
const PIECE_BYTES: usize = 12 << 20;

/// Into so many pieces at least a file is cut, if it has that many rows.
const FILE_PIECES: usize = 4;

fn broken(path: &Path, error: &impl std::fmt::Display) -> Error {
    Error::Data {
        location: path.display().to_string(),
        message: format!("not a readable Parquet file: {error}"),
    }
}

fn unwritten(path: &Path, error: &ParquetError) -> Error {
    // What the system says stands inside of what the library says.
    let cause = match error {
        ParquetError::External(cause) => cause.to_string(),
        other => other.to_string(),
    };
    Error::Data {
        location: path.display().to_string(),
        message: format!("cannot be written: {cause}"),
    }
}

fn open(path: &Path) -> Result<(File, ArrowReaderMetadata)> {
    let file = File::open(path).map_err(|error| Error::io("cannot open", path, error))?;
    let options = ArrowReaderOptions::new()
        // Types are those of Parquet: what arrow's writers add may be broken, and is read without a check.
        .with_skip_arrow_metadata(true)
        .with_offset_index_policy(PageIndexPolicy::Optional);
    let metadata =
        ArrowReaderMetadata::load(&file, options).map_err(|error| broken(path, &error))?;
    check(path, &file, &metadata)?;
    Ok((file, metadata))
}

/// The library takes what a file says of where its columns are for true.
fn check(path: &Path, file: &File, metadata: &ArrowReaderMetadata) -> Result<()> {
    let length = file.metadata().map_err(|error| Error::io("cannot open", path, error))?.len();
    let damaged = || broken(path, &"what it says of its columns cannot be");
    for group in metadata.metadata().row_groups() {
        u64::try_from(group.num_rows()).map_err(|_| damaged())?;
        for column in group.columns() {
            let start = column.dictionary_page_offset().unwrap_or(column.data_page_offset());
            let start = u64::try_from(start).map_err(|_| damaged())?;
            let bytes = u64::try_from(column.compressed_size()).map_err(|_| damaged())?;
            if start.checked_add(bytes).is_none_or(|end| end > length) {
                return Err(damaged());
            }
            u64::try_from(column.num_values()).map_err(|_| damaged())?;
        }
    }
    Ok(())
}

/// The columns of a file, in types that SQL has names for.
///
/// # Errors
/// When the file cannot be opened or is no Parquet.
pub fn schema_of(path: &Path) -> Result<SchemaRef> {
    let (_, metadata) = open(path)?;
    let fields = metadata.schema().fields().iter().map(|field| {
        let column = SqlType::of_field(field).ok_or_else(|| Error::Data {
            location: path.display().to_string(),
            message: format!(
                "column \"{}\" has the type {}, which SQL has no name for",
                field.name(),
                field.data_type()
            ),
        })?;
        Ok(Field::new(field.name(), column.sql_type.arrow(), true))
    });
    Ok(Arc::new(Schema::new(fields.collect::<Result<Vec<_>>>()?)))
}

/// One row group of a file.
#[derive(Debug, Clone)]
pub struct RowGroup {
    path: Arc<Path>,
    metadata: ArrowReaderMetadata,
    group: usize,
}

/// The row groups of a file, in order.
///
/// # Errors
/// When the file cannot be opened or is no Parquet.
pub fn row_groups(path: &Path) -> Result<Vec<RowGroup>> {
    let (_, metadata) = open(path)?;
    let path: Arc<Path> = path.into();
    let groups = 0..metadata.metadata().num_row_groups();
    Ok(groups
        .map(|group| RowGroup { path: Arc::clone(&path), metadata: metadata.clone(), group })
        .collect())
}

/// Some rows of a row group, which can be decoded without those before them.
#[derive(Debug, Clone)]
pub struct RowRange {
    group: RowGroup,
    from: usize,
    rows: usize,
    /// About how many bytes a row has.
    width: usize,
}

impl RowRange {
    /// About how many bytes its rows have.
    pub fn bytes(&self) -> usize {
        self.rows * self.width
    }

    /// Reads them a batch after the other; as [`RowGroup::read`].
    ///
    /// # Errors
    /// When the file cannot be opened or is broken.
    pub fn read(&self, schema: &SchemaRef) -> Result<RowGroupReader> {
        let selection = vec![RowSelector::skip(self.from), RowSelector::select(self.rows)];
        self.group.reader(schema, Some(selection.into()))
    }
}

/// Reads a row group, a batch at a time.
pub struct RowGroupReader {
    path: Arc<Path>,
    reader: ParquetRecordBatchReader,
    schema: SchemaRef,
}

impl RowGroup {
    /// Reads the columns of `schema` by their names; those that the file does not have are NULL.
    ///
    /// # Errors
    /// When the file cannot be opened or is broken.
    pub fn read(&self, schema: &SchemaRef) -> Result<RowGroupReader> {
        self.reader(schema, None)
    }

    /// Its rows in ranges that can be decoded on several cores; `None` where they are not to be. They start
    /// with a page of the first column that is read where the file says where its pages are.
    pub fn ranges(&self, schema: &SchemaRef) -> Option<Vec<RowRange>> {
        if millstream_types::plain_paths() {
            return None;
        }
        let fields = self.metadata.parquet_schema();
        let is_read = |column: &usize| {
            let root = fields.get_column_root(*column).name();
            schema.fields().iter().any(|field| field.name() == root)
        };
        let read: Vec<usize> = (0..fields.num_columns()).filter(is_read).collect();
        let rows = self.metadata.metadata().row_group(self.group).num_rows() as usize;
        let pages = read.first().and_then(|first| self.page_starts(*first));
        let width = self.width(&read);
        // So that a file of one row group keeps some cores busy, too.
        let all = self.metadata.metadata().file_metadata().num_rows() as usize;
        let most = (PIECE_BYTES / width).min(all / FILE_PIECES).max(ROWS_MAX);
        let share = rows.div_ceil(rows.div_ceil(most).max(1));
        let mut ranges = Vec::new();
        let mut from = 0;
        while from < rows {
            let due = (from + share).min(rows);
            let to = match &pages {
                Some(starts) => starts.iter().copied().find(|at| *at >= due).unwrap_or(rows),
                None => due,
            };
            ranges.push(RowRange { group: self.clone(), from, rows: to - from, width });
            from = to;
        }
        Some(ranges)
    }

    /// About how many bytes a row of some columns has.
    fn width(&self, columns: &[usize]) -> usize {
        let group = self.metadata.metadata().row_group(self.group);
        let rows = group.num_rows().max(1);
        // A dictionary may make values smaller in the file than they are decoded.
        let width =
            |column: &usize| (group.column(*column).uncompressed_size() / rows).max(8) as usize;
        columns.iter().map(width).sum::<usize>().max(1)
    }

    /// The first row of each page of a column, where the file says so.
    fn page_starts(&self, column: usize) -> Option<Vec<usize>> {
        let pages = self.metadata.metadata().offset_index()?.get(self.group)?.get(column)?;
        let starts = pages.page_locations().iter();
        Some(starts.map(|page| page.first_row_index as usize).collect())
    }

    fn reader(
        &self,
        schema: &SchemaRef,
        selection: Option<RowSelection>,
    ) -> Result<RowGroupReader> {
        let file =
            File::open(&self.path).map_err(|error| Error::io("cannot open", &*self.path, error))?;
        let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
        let roots = self.metadata.schema().fields().iter().enumerate();
        let roots =
            roots.filter(|(_, field)| names.contains(&field.name().as_str())).map(|(at, _)| at);
        let mask = ProjectionMask::roots(self.metadata.parquet_schema(), roots);
        let builder =
            ParquetRecordBatchReaderBuilder::new_with_metadata(file, self.metadata.clone())
                .with_row_groups(vec![self.group])
                .with_projection(mask)
                .with_batch_size(ROWS_MAX);
        let builder = match selection {
            Some(selection) => builder.with_row_selection(selection),
            None => builder,
        };
        let reader = builder.build().map_err(|error| broken(&self.path, &error))?;
        Ok(RowGroupReader { path: Arc::clone(&self.path), reader, schema: Arc::clone(schema) })
    }
}

impl RowGroupReader {
    /// The next rows; `None` at the end.
    ///
    /// # Errors
    /// When the file is broken or a value does not fit its declared type.
    pub fn next_rows(&mut self) -> Result<Option<RecordBatch>> {
        let Some(rows) = self.reader.next() else { return Ok(None) };
        let rows = rows.map_err(|error| broken(&self.path, &error))?;
        let columns = self
            .schema
            .fields()
            .iter()
            .map(|field| match rows.column_by_name(field.name()) {
                Some(column) => self.fit(column, field),
                None => Ok(arrow::array::new_null_array(field.data_type(), rows.num_rows())),
            })
            .collect::<Result<Vec<_>>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(rows.num_rows()));
        let schema = crate::json::nullable(&self.schema);
        Ok(Some(RecordBatch::try_new_with_options(schema, columns, &options)?))
    }

    fn fit(&self, column: &ArrayRef, field: &Field) -> Result<ArrayRef> {
        if column.data_type() == field.data_type() {
            return Ok(Arc::clone(column));
        }
        let strict = CastOptions { safe: false, ..CastOptions::default() };
        cast_with_options(column, field.data_type(), &strict).map_err(|error| Error::Data {
            location: format!("{}, column \"{}\"", self.path.display(), field.name()),
            message: format!(
                "{} in the file does not fit {}: {error}",
                type_name(column.data_type()),
                type_name(field.data_type())
            ),
        })
    }
}

/// A type with milliseconds for seconds, which Parquet has no name for.
fn without_seconds(data_type: &DataType) -> DataType {
    let inner = |field: &FieldRef| -> FieldRef {
        let of = without_seconds(field.data_type());
        Arc::new(field.as_ref().clone().with_data_type(of))
    };
    match data_type {
        DataType::Timestamp(TimeUnit::Second, zone) => {
            DataType::Timestamp(TimeUnit::Millisecond, zone.clone())
        }
        DataType::Time32(TimeUnit::Second) => DataType::Time32(TimeUnit::Millisecond),
        DataType::List(element) => DataType::List(inner(element)),
        DataType::Map(entries, sorted) => DataType::Map(inner(entries), *sorted),
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(inner).collect()),
        other => other.clone(),
    }
}

/// Writes rows to a Parquet file.
pub struct ParquetWriter {
    path: Arc<Path>,
    schema: SchemaRef,
    writer: ArrowWriter<File>,
}

impl ParquetWriter {
    /// Writes into a file that was just created.
    ///
    /// # Errors
    /// When a column is of a type that Parquet does not hold.
    pub fn new(path: &Path, file: File, schema: &SchemaRef) -> Result<Self> {
        let level = ZstdLevel::try_new(1).map_err(|error| broken(path, &error))?;
        let properties =
            WriterProperties::builder().set_compression(Compression::ZSTD(level)).build();
        let fields = schema.fields().iter();
        let fields = fields
            .map(|field| field.as_ref().clone().with_data_type(without_seconds(field.data_type())));
        let schema: SchemaRef = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        let writer = ArrowWriter::try_new(file, Arc::clone(&schema), Some(properties));
        let writer =
            writer.map_err(|error| Error::Options { message: error.to_string(), hint: None })?;
        Ok(Self { path: path.into(), schema, writer })
    }

    /// Adds rows.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&mut self, rows: &RecordBatch) -> Result<()> {
        let columns = rows.columns().iter().zip(self.schema.fields());
        let columns =
            columns.map(|(column, field)| match column.data_type() == field.data_type() {
                true => Ok(Arc::clone(column)),
                false => cast_with_options(column, field.data_type(), &CastOptions::default()),
            });
        let columns = columns.collect::<std::result::Result<Vec<_>, _>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(rows.num_rows()));
        let rows = RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options)?;
        self.writer.write(&rows).map_err(|error| unwritten(&self.path, &error))
    }

    /// Writes what is left and the footer; gives back the file.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn finish(self) -> Result<File> {
        self.writer.into_inner().map_err(|error| unwritten(&self.path, &error))
    }
}
