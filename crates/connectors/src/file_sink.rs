//! Writes a folder of part files, each of which becomes visible only when it is whole.
//!
//! Rows go into a hidden file; at the end it is made durable, renamed to its visible name, and the
//! folder is made durable too. A sink that is dropped before that removes what it wrote. The end is that of
//! the job, or, where somebody is answered when rows are kept, that of each epoch that has some.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use arrow::datatypes::SchemaRef;
use millstream_formats::Format;
use millstream_formats::encode::Encoder;
use millstream_formats::parquet_file::ParquetWriter;
use millstream_plan::Table;
use millstream_types::{ChangeBatch, Error, Result};

use crate::connector::{Sink, duration};
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
    /// When a part ends before the job does.
    rolling: Rolling,
    /// The file beside the parts that says that they are all there.
    success: Option<String>,
    /// What tells the parts of this run from those of others, and how many there are.
    run: u64,
    parts: u64,
}

/// When a part is made visible and another one begun, as an epoch ends; where nothing is said, when the job
/// ends.
#[derive(Debug, Clone, Copy, Default)]
pub struct Rolling {
    /// From how many bytes on.
    bytes: Option<u64>,
    /// How long after its first row.
    age: Option<Duration>,
    /// How long after its last row.
    rest: Option<Duration>,
}

impl Rolling {
    /// What the options of a table say.
    ///
    /// # Errors
    /// When a size or a duration is none.
    pub fn of(table: &Table) -> Result<Self> {
        let some = |key: &str| -> Result<Option<Duration>> {
            let key = format!("sink.rolling-policy.{key}");
            let asked = table.options.contains_key(&key);
            asked.then(|| duration(table, &key, 0, 0)).transpose()
        };
        let key = "sink.rolling-policy.file-size";
        let bytes = table.options.get(key).map(|text| {
            parse_bytes(text).ok_or_else(|| {
                Error::options(
                    format!("'{key}' = '{text}' is no size"),
                    "write it as in '128 MB' or '500 kb'",
                )
            })
        });
        Ok(Self {
            bytes: bytes.transpose()?,
            age: some("rollover-interval")?,
            rest: some("inactivity-interval")?,
        })
    }

    fn is_due(&self, part: &Part) -> bool {
        let length = || fs::metadata(&part.hidden).map_or(0, |metadata| metadata.len());
        self.bytes.is_some_and(|most| length() >= most) || self.is_late(part)
    }

    /// Whether it is due by the clock.
    fn is_late(&self, part: &Part) -> bool {
        self.age.is_some_and(|most| part.opened.elapsed() >= most)
            || self.rest.is_some_and(|most| part.written.elapsed() >= most)
    }
}

/// A number of bytes, with a unit of 1,024 or of a power of it behind it, as Flink reads it.
fn parse_bytes(text: &str) -> Option<u64> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let unit = match text[digits..].trim().to_ascii_lowercase().as_str() {
        "" | "b" | "bytes" => 0,
        "k" | "kb" | "kibibytes" => 1,
        "m" | "mb" | "mebibytes" => 2,
        "g" | "gb" | "gibibytes" => 3,
        "t" | "tb" | "tebibytes" => 4,
        _ => return None,
    };
    text[..digits].parse::<u64>().ok()?.checked_mul(1024_u64.pow(unit))
}

/// How many bytes of text are written at a time.
const BUFFER_BYTES: usize = 1 << 18;

/// A part file in the making.
struct Part {
    hidden: PathBuf,
    visible: PathBuf,
    writer: Writer,
    opened: Instant,
    written: Instant,
}

enum Writer {
    /// Without a file while it rests.
    Text {
        file: Option<BufWriter<File>>,
        encoder: Encoder,
    },
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
        Ok(Self {
            folder,
            format,
            schema,
            part: None,
            standard,
            header_due,
            rolls: false,
            rolling: Rolling::default(),
            success: None,
            run: rand::random(),
            parts: 0,
        })
    }

    /// Ends parts before the job ends.
    pub fn rolling(mut self, rolling: Rolling) -> Self {
        self.rolling = rolling;
        self
    }

    /// Writes a file beside the parts when there is nothing more to come.
    pub fn telling(mut self, success: Option<String>) -> Self {
        self.success = success;
        self
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
                    let mut file = BufWriter::with_capacity(BUFFER_BYTES, file);
                    if let Some(header) = encoder.header() {
                        write_all(&mut file, &hidden, &header)?;
                    }
                    Writer::Text { file: Some(file), encoder }
                }
                None => Writer::Parquet(Box::new(ParquetWriter::new(&hidden, file, &self.schema)?)),
            };
            let now = Instant::now();
            self.part = Some(Part { hidden, visible, writer, opened: now, written: now });
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
        part.written = Instant::now();
        match &mut part.writer {
            Writer::Text { file, encoder } => {
                let mut text = String::new();
                encoder.write_changes(changes, &mut text)?;
                let file = match file.take() {
                    Some(open) => file.insert(open),
                    None => {
                        let opened = File::options().append(true).open(&part.hidden);
                        let opened = opened
                            .map_err(|error| Error::io("cannot open", &part.hidden, error))?;
                        file.insert(BufWriter::with_capacity(BUFFER_BYTES, opened))
                    }
                };
                write_all(file, &part.hidden, &text)
            }
            Writer::Parquet(_) if changes.weights.is_some() => {
                Err(Error::Internal("a Parquet file takes rows that are added only".to_owned()))
            }
            Writer::Parquet(writer) => writer.write(&changes.rows),
        }
    }

    fn rest(&mut self) -> Result<()> {
        let Some(Part { hidden, writer: Writer::Text { file, .. }, .. }) = &mut self.part else {
            return Ok(());
        };
        let flushed = file.take().map_or(Ok(()), |mut file| file.flush());
        flushed.map_err(|error| Error::io("cannot write to", &*hidden, error))
    }

    fn is_due(&self) -> bool {
        self.part.as_ref().is_some_and(|part| self.rolling.is_late(part))
    }

    fn end_epoch(&mut self, _epoch: u64) -> Result<()> {
        let due = self.part.as_ref().is_some_and(|part| self.rolls || self.rolling.is_due(part));
        if due { self.publish() } else { Ok(()) }
    }

    fn commit(&mut self) -> Result<()> {
        self.publish()?;
        // Nothing is told of a folder that has no part of this job.
        let Some(name) = self.success.as_ref().filter(|_| self.parts > 0) else { return Ok(()) };
        let path = self.folder.join(name);
        File::create(&path).map_err(|error| Error::io("cannot create", &path, error))?;
        Ok(())
    }
}

impl FileSink {
    /// Makes the part that is being written visible.
    fn publish(&mut self) -> Result<()> {
        let Some(part) = self.part.take() else { return Ok(()) };
        let Part { hidden, visible, writer, .. } = part;
        let finished = match writer {
            Writer::Text { file: Some(file), .. } => file
                .into_inner()
                .map_err(|error| Error::io("cannot write to", &hidden, error.into_error())),
            Writer::Text { file: None, .. } => File::options()
                .append(true)
                .open(&hidden)
                .map_err(|error| Error::io("cannot open", &hidden, error)),
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
