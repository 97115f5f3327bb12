//! Results as a table, CSV or JSON lines.

use std::collections::HashMap;
use std::io::Write;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{DataType, SchemaRef};
use arrow::row::{OwnedRow, RowConverter, SortField};
use chrono_tz::Tz;
use millstream::{ChangeBatch, Error, JsonStyle, JsonValue, Query, for_each_change};
use millstream_types::text::TextColumn;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// How results are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Style {
    /// A table with borders.
    Table,
    /// Comma separated values with a header, RFC 4180; NULL is empty.
    Csv,
    /// One JSON object a line.
    Json,
}

/// Why showing something ended early.
#[derive(Debug)]
pub enum Failure {
    /// The query failed.
    Error(Error),
    /// Ctrl-C or SIGTERM, and how the program ends of it.
    Interrupted(crate::runner::Exit),
    /// The same, but what was to be done had been done until it was heard.
    AskedTooLate(crate::runner::Exit),
    /// Nobody reads standard output any more.
    Closed,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

impl From<millstream_types::Error> for Failure {
    fn from(error: millstream_types::Error) -> Self {
        Self::Error(error.into())
    }
}

/// Writes to standard output.
///
/// # Errors
/// When it is closed.
pub fn write(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(|error| match error.kind() {
        std::io::ErrorKind::BrokenPipe => Failure::Closed,
        _ => millstream_types::Error::io("cannot write to", "standard output", error).into(),
    })
}

/// The only value of a listing, where it is a text of several lines, as a statement is.
pub fn only_text(rows: &RecordBatch) -> Option<&str> {
    let [column] = rows.columns() else { return None };
    let texts = column.as_string_opt::<i32>().filter(|texts| texts.len() == 1)?;
    texts.is_valid(0).then(|| texts.value(0)).filter(|text| text.contains('\n'))
}

/// Rows shown of a long result to a person: half from its start, half from its end.
const SHOWN_ROWS: usize = 40;
/// The widest cell shown to a person.
const CELL_WIDTH: usize = 60;

/// Shows the changes of one result.
pub struct Printer {
    style: Style,
    schema: SchemaRef,
    zone: Tz,
    /// Every change with its kind, instead of the final rows.
    changelog: bool,
    /// The columns of which each value has at most one row at a time, where that is known.
    key: Option<Vec<usize>>,
    /// Shown as they come, instead of at the end.
    streams: bool,
    interactive: bool,
    header_due: bool,
    rows: usize,
    /// Cells of a table that is shown at the end.
    cells: Vec<Vec<Option<String>>>,
    fold: Option<Fold>,
    widths: Vec<usize>,
}

impl Printer {
    /// For rows that are there.
    pub fn rows(style: Style, schema: SchemaRef, interactive: bool) -> Self {
        Self {
            style,
            widths: Vec::new(),
            schema,
            zone: Tz::UTC,
            changelog: false,
            key: None,
            streams: style != Style::Table,
            interactive,
            header_due: true,
            rows: 0,
            cells: Vec::new(),
            fold: None,
        }
    }

    /// For a query: its final rows where it ends, its changes where it does not or they are asked for.
    pub fn query(style: Style, changelog: bool, query: &Query, interactive: bool) -> Self {
        let mut printer = Self::rows(style, query.schema().clone(), interactive);
        printer.zone = query.zone();
        printer.key = query.key().map(<[usize]>::to_vec);
        printer.changelog = changelog || !query.is_bounded();
        let folds = !printer.changelog && !query.appends();
        printer.fold = folds.then(Fold::default);
        printer.streams = !query.is_bounded() || (style != Style::Table && !folds);
        printer
    }

    /// Takes changes.
    ///
    /// # Errors
    /// When a column has no text form or standard output is closed.
    pub fn push(&mut self, changes: &ChangeBatch) -> Result<(), Failure> {
        match &mut self.fold {
            Some(fold) => Ok(fold.push(changes)?),
            None => self.show(changes),
        }
    }

    /// Shows what was kept for the end; gives the number of rows of the result.
    ///
    /// # Errors
    /// As [`Self::push`].
    pub fn finish(&mut self) -> Result<usize, Failure> {
        if let Some(fold) = self.fold.take()
            && let Some(rows) = fold.finish(&self.schema)?
        {
            self.show(&ChangeBatch::insert(rows))?;
        }
        match self.style {
            Style::Table if self.streams => {}
            Style::Table => write(&self.table())?,
            Style::Csv => self.header()?,
            Style::Json => {}
        }
        Ok(self.rows)
    }

    fn names(&self) -> Vec<&str> {
        let names = self.schema.fields().iter().map(|field| field.name().as_str());
        self.changelog.then_some("op").into_iter().chain(names).collect()
    }

    /// The header of CSV, once.
    fn header(&mut self) -> Result<(), Failure> {
        if !std::mem::take(&mut self.header_due) {
            return Ok(());
        }
        let names: Vec<String> = self.names().iter().map(|name| csv_cell(name)).collect();
        write(&(names.join(",") + "\n"))
    }

    fn show(&mut self, changes: &ChangeBatch) -> Result<(), Failure> {
        let mut order = Vec::with_capacity(changes.num_rows());
        for_each_change(changes, self.key.as_deref(), |op, row| order.push((op, row)));
        self.rows += order.len();
        match self.style {
            Style::Json => {
                let names: Vec<String> = self
                    .schema
                    .fields()
                    .iter()
                    .map(|field| millstream::json_string(field.name()))
                    .collect();
                let values = changes.rows.columns().iter().map(JsonValue::new);
                let values = values.collect::<Result<Vec<_>, _>>()?;
                let style = JsonStyle::default();
                let mut text = String::new();
                for (op, row) in order {
                    text.push('{');
                    if self.changelog {
                        text.push_str(&format!("\"op\":\"{}\"", op.letters()));
                    }
                    for (at, (name, value)) in names.iter().zip(&values).enumerate() {
                        text.push_str(if at > 0 || self.changelog { "," } else { "" });
                        text.push_str(name);
                        text.push(':');
                        value.write(row, &style, &mut text);
                    }
                    text.push_str("}\n");
                }
                write(&text)
            }
            Style::Csv => {
                self.header()?;
                let columns = self.columns(changes)?;
                let (mut text, mut cell) = (String::new(), String::new());
                for (op, row) in order {
                    if self.changelog {
                        text.push_str(op.letters());
                    }
                    for (at, column) in columns.iter().enumerate() {
                        text.push_str(if at > 0 || self.changelog { "," } else { "" });
                        if column.is_null(row) {
                            continue;
                        }
                        cell.clear();
                        column.write(row, &mut cell);
                        // An empty text is told from NULL by its quotes.
                        if cell.is_empty() {
                            text.push_str("\"\"")
                        } else {
                            text.push_str(&csv_cell(&cell))
                        }
                    }
                    text.push('\n');
                }
                write(&text)
            }
            Style::Table => {
                let columns = self.columns(changes)?;
                for (op, row) in order {
                    let cells = columns.iter().map(|column| {
                        (!column.is_null(row)).then(|| {
                            let mut text = String::new();
                            column.write(row, &mut text);
                            text
                        })
                    });
                    let op = self.changelog.then(|| Some(op.letters().to_owned()));
                    self.cells.push(op.into_iter().chain(cells).collect());
                    self.drop_middle();
                }
                if self.streams { self.stream_table() } else { Ok(()) }
            }
        }
    }

    fn columns(&self, changes: &ChangeBatch) -> Result<Vec<TextColumn>, Failure> {
        let columns = changes.rows.columns().iter();
        let columns = columns.map(|column: &ArrayRef| TextColumn::new(column, self.zone, None));
        Ok(columns.collect::<Result<Vec<_>, _>>()?)
    }

    /// Keeps a long result short, for a person.
    fn drop_middle(&mut self) {
        if self.interactive && !self.streams && self.cells.len() > SHOWN_ROWS {
            self.cells.remove(SHOWN_ROWS / 2);
        }
    }

    /// Rows of an unbounded result: widths follow what was seen so far.
    fn stream_table(&mut self) -> Result<(), Failure> {
        let cells = std::mem::take(&mut self.cells);
        let names: Vec<Option<String>> =
            self.names().iter().map(|name| Some((*name).to_owned())).collect();
        let before = self.widths.clone();
        self.widths.resize(names.len(), 0);
        for (at, name) in names.iter().enumerate() {
            let widest =
                cells.iter().map(|row| shown(&row[at], CELL_WIDTH).width()).max().unwrap_or(0);
            self.widths[at] = self.widths[at].max(widest).max(shown(name, usize::MAX).width());
        }
        let mut text = String::new();
        if before != self.widths {
            text.push_str(&rule(&self.widths));
            text.push_str(&line(&names, &self.widths, &vec![false; names.len()]));
            text.push_str(&rule(&self.widths));
        }
        let right = self.right();
        cells.iter().for_each(|row| text.push_str(&line(row, &self.widths, &right)));
        write(&text)
    }

    /// Which columns hold numbers, which are aligned at the right.
    fn right(&self) -> Vec<bool> {
        let numeric = self.schema.fields().iter().map(|field| {
            field.data_type().is_numeric() && !matches!(field.data_type(), DataType::Date32)
        });
        self.changelog.then_some(false).into_iter().chain(numeric).collect()
    }

    fn table(&self) -> String {
        let header: Vec<Option<String>> =
            self.names().iter().map(|name| Some((*name).to_owned())).collect();
        let most = if self.interactive { CELL_WIDTH } else { usize::MAX };
        let widths: Vec<usize> = (0..header.len())
            .map(|at| {
                let cells = self.cells.iter().map(|row| shown(&row[at], most).width());
                cells.max().unwrap_or(0).max(shown(&header[at], usize::MAX).width())
            })
            .collect();
        let right = self.right();
        let mut text = rule(&widths);
        text.push_str(&line(&header, &widths, &vec![false; header.len()]));
        text.push_str(&rule(&widths));
        let hidden = self.rows - self.cells.len().min(self.rows);
        for (at, row) in self.cells.iter().enumerate() {
            if hidden > 0 && at == SHOWN_ROWS / 2 {
                let dots = vec![Some("…".to_owned()); header.len()];
                text.push_str(&line(&dots, &widths, &right));
            }
            let row: Vec<Option<String>> = row.iter().map(|cell| Some(shown(cell, most))).collect();
            text.push_str(&line(&row, &widths, &right));
        }
        text.push_str(&rule(&widths));
        text
    }
}

/// A cell on one line, cut to a width.
fn shown(cell: &Option<String>, most: usize) -> String {
    let Some(text) = cell else { return "NULL".to_owned() };
    let text = visible(text, |_| false);
    if text.width() <= most {
        return text;
    }
    let mut out = String::new();
    let mut width = 0;
    for character in text.chars() {
        width += character.width().unwrap_or(0);
        if width + 1 > most {
            break;
        }
        out.push(character);
    }
    out + "…"
}

/// A text whose control characters are shown by their escapes, all but those that are `kept`: data must not
/// colour, move or retitle anything in a terminal.
pub fn visible(text: &str, kept: fn(char) -> bool) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            plain if !plain.is_control() || kept(plain) => out.push(plain),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            control => out.push_str(&format!("\\u{:04X}", u32::from(control))),
        }
    }
    out
}

fn rule(widths: &[usize]) -> String {
    let parts: Vec<String> = widths.iter().map(|width| "-".repeat(width + 2)).collect();
    format!("+{}+\n", parts.join("+"))
}

fn line(cells: &[Option<String>], widths: &[usize], right: &[bool]) -> String {
    let mut out = String::from("|");
    for ((cell, width), right) in cells.iter().zip(widths).zip(right) {
        let text = shown(cell, usize::MAX);
        let fill = " ".repeat(width.saturating_sub(text.width()));
        let (before, after) = if *right { (fill.as_str(), "") } else { ("", fill.as_str()) };
        out.push_str(&format!(" {before}{text}{after} |"));
    }
    out.push('\n');
    out
}

/// A field as RFC 4180 has it.
fn csv_cell(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

/// The rows that are left when all changes are counted, in the order they came.
#[derive(Default)]
struct Fold {
    converter: Option<RowConverter>,
    rows: HashMap<OwnedRow, (i64, u64)>,
    next: u64,
}

impl Fold {
    fn push(&mut self, changes: &ChangeBatch) -> Result<(), millstream_types::Error> {
        if self.converter.is_none() {
            let fields = changes.rows.schema_ref().fields().iter();
            let fields = fields.map(|field| SortField::new(field.data_type().clone()));
            self.converter = Some(RowConverter::new(fields.collect())?);
        }
        let Some(converter) = &self.converter else { return Ok(()) };
        let encoded = converter.convert_columns(changes.rows.columns())?;
        for (at, row) in encoded.iter().enumerate() {
            let entry = self.rows.entry(row.owned()).or_insert((0, self.next));
            entry.0 += changes.weight(at);
            self.next += 1;
            if entry.0 == 0 {
                self.rows.remove(&row.owned());
            }
        }
        Ok(())
    }

    fn finish(self, schema: &SchemaRef) -> Result<Option<RecordBatch>, millstream_types::Error> {
        let Some(converter) = &self.converter else { return Ok(None) };
        let mut rows: Vec<_> = self.rows.iter().filter(|(_, (count, _))| *count > 0).collect();
        rows.sort_by_key(|(_, (_, order))| *order);
        let repeated = rows
            .iter()
            .flat_map(|(row, (count, _))| std::iter::repeat_n(row.row(), *count as usize));
        let columns = converter.convert_rows(repeated)?;
        let fields = schema.fields().iter().map(|field| field.as_ref().clone().with_nullable(true));
        let schema = arrow::datatypes::Schema::new(fields.collect::<Vec<_>>());
        Ok(Some(RecordBatch::try_new(std::sync::Arc::new(schema), columns)?))
    }
}
