//! `print` shows every change on standard output, `blackhole` lets it vanish.

use std::io::Write;

use chrono_tz::Tz;
use millstream_plan::Table;
use millstream_types::text::TextColumn;
use millstream_types::{ChangeBatch, Error, Result, for_each_change};

use crate::connector::{Connector, Sink};

/// `'connector' = 'print'`
pub const PRINT: Connector = Connector {
    name: "print",
    keys: &["print-identifier", "sink.parallelism"],
    has_format: false,
    metadata: &[],
    source: None,
    sink: Some(|table| Ok(Box::new(Print::new(table)))),
};

/// `'connector' = 'blackhole'`
pub const BLACKHOLE: Connector = Connector {
    name: "blackhole",
    keys: &[],
    has_format: false,
    metadata: &[],
    source: None,
    sink: Some(|_| Ok(Box::new(Blackhole))),
};

struct Blackhole;

impl Sink for Blackhole {
    fn write(&mut self, _: &ChangeBatch) -> Result<()> {
        Ok(())
    }

    fn commit(&mut self) -> Result<()> {
        Ok(())
    }
}

/// Prints `+I[a, 1]`, one change a line.
struct Print {
    prefix: String,
    key: Option<Vec<usize>>,
}

impl Print {
    fn new(table: &Table) -> Self {
        let prefix = table.options.get("print-identifier").map(|name| format!("{name}> "));
        Self { prefix: prefix.unwrap_or_default(), key: table.key() }
    }
}

impl Sink for Print {
    fn keyed_by(&mut self, key: &[usize]) {
        self.key = Some(key.to_vec());
    }

    fn write(&mut self, changes: &ChangeBatch) -> Result<()> {
        let columns = changes.rows.columns().iter();
        let columns = columns
            .map(|column| TextColumn::new(column, Tz::UTC, None))
            .collect::<Result<Vec<_>>>()?;
        let mut text = String::new();
        for_each_change(changes, self.key.as_deref(), |op, row| {
            text.push_str(&self.prefix);
            text.push_str(op.letters());
            text.push('[');
            for (at, column) in columns.iter().enumerate() {
                text.push_str(if at > 0 { ", " } else { "" });
                column.write_or(row, "null", &mut text);
            }
            text.push_str("]\n");
        });
        let mut out = std::io::stdout().lock();
        out.write_all(text.as_bytes())
            .and_then(|()| out.flush())
            .map_err(|error| Error::io("cannot write to", "standard output", error))
    }

    fn commit(&mut self) -> Result<()> {
        Ok(())
    }
}
