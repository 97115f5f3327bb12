//! Writes a folder of part files, each of which becomes visible only when it is whole.
//!
//! Rows go into a hidden file; at the end it is made durable, renamed to its visible name, and the
//! folder is made durable too. A sink that is dropped before that removes what it wrote. The end is that of
//! the job, or, where somebody is answered when rows are kept, that of each epoch that has some.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use arrow::datatypes::SchemaRef;
use millstream_formats::Format;
use millstream_formats::encode::Encoder;
use millstream_formats::parquet_file::ParquetWriter;
use millstream_types::{ChangeBatch, Error, Result};

use crate::connector::Sink;
use crate::files::STANDARD;

/// The sink of a filesystem table.
pub struct FileSink {
    folder: PathBuf,
    format: Format,
    schema: SchemaRef,
    part: Option<Part>,
    standard: bool,
    header_due: bool,
    /// Whether each epoch is a part of its own.
    rolls: bool,
    /// What tells the parts of this run from those of others, and how many there are.
    run: u64,
    parts: u64,
}

/// A part file in the making.
struct Part {
    hidden: PathBuf,
    visible: PathBuf,
    writer: Writer,
}

enum Writer {
    Text { file: BufWriter<File>, encoder: Encoder },
    Parquet(Box<ParquetWriter>),
}

impl FileSink {
    /// Writes into a folder, which is made when it is not there, or to standard output.
    ///
    /// # Errors
    /// When the path is a file, or the format cannot be written there.
    pub fn new(path: &str, format: Format, schema: SchemaRef) -> Result<Self> {
        let standard = path == STANDARD;
        let folder = PathBuf::from(path.strip_prefix("file://").unwrap_or(path));
        if standard && matches!(format, Format::Parquet) {
            return Err(Error::options(
                "Parquet cannot be written to standard output",
                "give a folder",
            ));
        }
        if !standard && folder.is_file() {
            return Err(Error::options(
                format!("'{path}' is a file; a table writes a folder of part files"),
                "give the path of a folder, which is made when it is not there",
            ));
        }
        if !standard
            && (path.contains(['*', '?']) || path.ends_with(".gz") || path.ends_with(".zst"))
        {
            return Err(Error::options(
                format!("'{path}' cannot be written: it is a pattern, or names a compressed file"),
                "give the path of a folder",
            ));
        }
        let header_due = format.has_header();
        let (part, rolls, run, parts) = (None, false, rand::random(), 0);
        Ok(Self { folder, format, schema, part, standard, header_due, rolls, run, parts })
    }

    fn open(&mut self) -> Result<&mut Part> {
        if self.part.is_none() {
            let folder = &self.folder;
            fs::create_dir_all(folder)
                .map_err(|error| Error::io("cannot make folder", folder, error))?;
            // Runs add to a folder, they replace nothing; the names of parts are in their order.
            let name = loop {
                let part = self.parts;
                self.parts += 1;
                let name = format!("part-{:016x}-{part:06}.{}", self.run, self.format.name());
                if !folder.join(&name).exists() {
                    break name;
                }
            };
            let (hidden, visible) = (folder.join(format!(".{name}.inprogress")), folder.join(name));
            let file = File::create(&hidden)
                .map_err(|error| Error::io("cannot create", &hidden, error))?;
            let writer = match self.format.encoder(&self.schema) {
                Some(encoder) => {
                    let mut file = BufWriter::with_capacity(1 << 18, file);
                    if let Some(header) = encoder.header() {
                        write_all(&mut file, &hidden, &header)?;
                    }
                    Writer::Text { file, encoder }
                }
                None => Writer::Parquet(Box::new(ParquetWriter::new(&hidden, file, &self.schema)?)),
            };
            self.part = Some(Part { hidden, visible, writer });
        }
        self.part
            .as_mut()
            .ok_or_else(|| Error::Internal("a part file that was just opened is gone".to_owned()))
    }

    fn write_standard(&mut self, changes: &ChangeBatch) -> Result<()> {
        let mut text = String::new();
        if let Some(encoder) = self.format.encoder(&self.schema) {
            if std::mem::take(&mut self.header_due) {
                text.extend(encoder.header());
            }
            encoder.write_changes(changes, &mut text)?;
        }
        let mut out = std::io::stdout().lock();
        write_all(&mut out, Path::new("standard output"), &text)?;
        out.flush().map_err(|error| Error::io("cannot write to", "standard output", error))
    }
}

fn write_all(out: &mut impl Write, path: &Path, text: &str) -> Result<()> {
    out.write_all(text.as_bytes()).map_err(|error| Error::io("cannot write to", path, error))
}

impl Sink for FileSink {
    fn keep_epochs(&mut self) {
        self.rolls = true;
    }

    fn write(&mut self, changes: &ChangeBatch) -> Result<()> {
        if self.standard {
            return self.write_standard(changes);
        }
        let part = self.open()?;
        match &mut part.writer {
            Writer::Text { file, encoder } => {
                let mut text = String::new();
                encoder.write_changes(changes, &mut text)?;
                write_all(file, &part.hidden, &text)
            }
            Writer::Parquet(_) if changes.weights.is_some() => {
                Err(Error::Internal("a Parquet file takes rows that are added only".to_owned()))
            }
            Writer::Parquet(writer) => writer.write(&changes.rows),
        }
    }

    fn end_epoch(&mut self, _epoch: u64) -> Result<()> {
        if self.rolls { self.commit() } else { Ok(()) }
    }

    fn commit(&mut self) -> Result<()> {
        let Some(part) = self.part.take() else { return Ok(()) };
        let Part { hidden, visible, writer } = part;
        let finished = match writer {
            Writer::Text { file, .. } => file
                .into_inner()
                .map_err(|error| Error::io("cannot write to", &hidden, error.into_error())),
            Writer::Parquet(writer) => writer.finish(),
        };
        let published = finished.and_then(|file| {
            file.sync_all().map_err(|error| Error::io("cannot write to", &hidden, error))?;
            fs::rename(&hidden, &visible)
                .map_err(|error| Error::io("cannot rename to", &visible, error))?;
            let folder = File::open(&self.folder).and_then(|folder| folder.sync_all());
            folder.map_err(|error| Error::io("cannot make durable", &self.folder, error))
        });
        if published.is_err() {
            // The first error is the one to tell; what is left of the file is of no use.
            let _ = fs::remove_file(&hidden);
        }
        published
    }
}

impl Drop for FileSink {
    fn drop(&mut self) {
        if let Some(part) = self.part.take() {
            let hidden = part.hidden.clone();
            drop(part);
            // Nobody is left to be told.
            let _ = fs::remove_file(hidden);
        }
    }
}
