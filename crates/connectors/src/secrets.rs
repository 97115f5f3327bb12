//! `${env:NAME}` and `${file:PATH}` in option values: filled in when a table is opened, and never shown.
//!
//! A table keeps its options as they were written, and so does everything that shows them. What a source
//! or a sink says of itself goes through [`Secrets::hide`], which puts the placeholder back.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use arrow::array::{ArrayRef, AsArray, RecordBatch, StringArray};
use millstream_formats::Decoded;
use millstream_operators::lookup_join::LookupTable;
use millstream_plan::Table;
use millstream_plan::table::Options;
use millstream_types::{ChangeBatch, Error, Result};

use crate::connector::{Attachment, Each, Piece, Sink, Source, SourceEvent};
use crate::http_inlet::{Inlets, Receipt};
use crate::peer::Peer;

/// What was filled in: placeholders and their values.
#[derive(Default, Clone)]
pub struct Secrets {
    values: Vec<(String, String)>,
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.values.iter().map(|(placeholder, _)| placeholder)).finish()
    }
}

impl Secrets {
    /// Whether nothing was filled in.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// A text with placeholders filled in.
    ///
    /// # Errors
    /// When a variable is not set, or a file cannot be read.
    pub fn fill(&mut self, text: &str) -> Result<String> {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find("${") {
            out.push_str(&rest[..at]);
            rest = &rest[at..];
            let Some(end) = rest.find('}') else { break };
            let placeholder = &rest[..=end];
            match value(&placeholder[2..end])? {
                Some(value) => {
                    out.push_str(&value);
                    // Of a URL messages name the server alone.
                    for part in server_of(&value) {
                        self.values.push((placeholder.to_owned(), part));
                    }
                    self.values.push((placeholder.to_owned(), value));
                }
                None => out.push_str(placeholder),
            }
            rest = &rest[end + 1..];
        }
        out.push_str(rest);
        Ok(out)
    }

    /// A text with the placeholders in the place of what was filled in.
    pub fn hide(&self, text: &str) -> String {
        // The longest first: a value may be the start of another one.
        let mut values: Vec<_> =
            self.values.iter().filter(|(_, value)| !value.is_empty()).collect();
        values.sort_by_key(|(_, value)| std::cmp::Reverse(value.len()));
        values.into_iter().fold(text.to_owned(), |hidden, (placeholder, value)| {
            hidden.replace(value.as_str(), placeholder)
        })
    }

    /// An error that shows nothing of what was filled in.
    pub fn hide_error(&self, error: Error) -> Error {
        if self.is_empty() {
            return error;
        }
        match error {
            Error::Data { location, message } => {
                Error::Data { location: self.hide(&location), message: self.hide(&message) }
            }
            Error::Io { action, path, source } => {
                let path = self.hide(&path.to_string_lossy());
                let text = self.hide(&source.to_string());
                Error::io(action, path, std::io::Error::new(source.kind(), text))
            }
            Error::Options { message, hint } => Error::Options {
                message: self.hide(&message),
                hint: hint.map(|hint| self.hide(&hint)),
            },
            Error::Cancelled => Error::Cancelled,
            Error::Internal(text) => Error::Internal(self.hide(&text)),
            other => Error::Evaluation(self.hide(&other.to_string())),
        }
    }
}

/// Host and port of a URL, and the host alone; none of any other text.
fn server_of(value: &str) -> Vec<String> {
    let Some((_, rest)) = value.split_once("://") else { return Vec::new() };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let server = authority.rsplit_once('@').map_or(authority, |(_, server)| server);
    let is_port = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let host = server.rsplit_once(':').filter(|(_, port)| is_port(port));
    vec![server.to_owned(), host.map_or(server, |(host, _)| host).to_owned()]
}

fn value(name: &str) -> Result<Option<String>> {
    if let Some(variable) = name.strip_prefix("env:") {
        return match std::env::var(variable) {
            Ok(value) => Ok(Some(value)),
            Err(_) => Err(Error::options(
                format!("'${{env:{variable}}}' has no value"),
                format!("set {variable} in the environment of the program"),
            )),
        };
    }
    let Some(path) = name.strip_prefix("file:") else { return Ok(None) };
    let text = std::fs::read_to_string(path).map_err(|error| {
        Error::options(
            format!("'${{file:{path}}}' cannot be read: {error}"),
            "the file holds the value, and may end in a line break",
        )
    })?;
    Ok(Some(text.trim_end_matches(['\n', '\r']).to_owned()))
}

/// Options with their placeholders filled in.
///
/// # Errors
/// When a variable is not set, or a file cannot be read.
pub fn fill_options(options: &Options) -> Result<(Options, Secrets)> {
    let mut secrets = Secrets::default();
    let mut filled = Options::new();
    for (key, value) in options {
        filled.insert(key.clone(), secrets.fill(value)?);
    }
    Ok((filled, secrets))
}

/// A table with the placeholders of its options filled in.
pub(crate) fn fill_table(table: &Table) -> Result<(Cow<'_, Table>, Secrets)> {
    let (options, secrets) = fill_options(&table.options)?;
    if secrets.is_empty() {
        return Ok((Cow::Borrowed(table), secrets));
    }
    Ok((Cow::Owned(Table { options, ..table.clone() }), secrets))
}

/// A source, sink, piece or lookup that shows nothing of what was filled in.
pub(crate) struct Discreet<T: ?Sized> {
    secrets: Secrets,
    inner: Box<T>,
}

fn conceal(peer: Option<Arc<Peer>>, secrets: &Secrets) {
    if let Some(peer) = peer {
        peer.conceal(secrets);
    }
}

/// A source whose messages show no secret.
pub(crate) fn source(inner: Box<dyn Source>, secrets: Secrets) -> Box<dyn Source> {
    conceal(inner.peer(), &secrets);
    if secrets.is_empty() { inner } else { Box::new(Discreet { secrets, inner }) }
}

/// A sink whose messages show no secret.
pub(crate) fn sink(inner: Box<dyn Sink>, secrets: Secrets) -> Box<dyn Sink> {
    conceal(inner.peer(), &secrets);
    if secrets.is_empty() { inner } else { Box::new(Discreet { secrets, inner }) }
}

/// A table to be asked for its rows whose messages show no secret.
pub(crate) fn lookup(inner: Box<dyn LookupTable>, secrets: Secrets) -> Box<dyn LookupTable> {
    if secrets.is_empty() { inner } else { Box::new(Discreet { secrets, inner }) }
}

impl Source for Discreet<dyn Source> {
    fn splits(&self) -> usize {
        self.inner.splits()
    }

    fn split_names(&self) -> Vec<String> {
        self.inner.split_names().iter().map(|name| self.secrets.hide(name)).collect()
    }

    fn is_bounded(&self) -> bool {
        self.inner.is_bounded()
    }

    fn may_wait(&self) -> bool {
        self.inner.may_wait()
    }

    fn attach(&mut self, inlets: &Arc<Inlets>, observes: bool) -> Result<Option<Attachment>> {
        let attached = self.inner.attach(inlets, observes);
        attached.map_err(|error| self.secrets.hide_error(error))
    }

    fn peer(&self) -> Option<Arc<Peer>> {
        self.inner.peer()
    }

    fn hold(&mut self) -> Result<()> {
        self.inner.hold().map_err(|error| self.secrets.hide_error(error))
    }

    fn next(&mut self) -> Result<Option<SourceEvent>> {
        let event = self.inner.next().map_err(|error| self.secrets.hide_error(error))?;
        Ok(event.map(|event| match event {
            SourceEvent::Rows { split, piece } => {
                let secrets = self.secrets.clone();
                SourceEvent::Rows { split, piece: Box::new(Discreet { secrets, inner: piece }) }
            }
            ended => ended,
        }))
    }
}

impl Piece for Discreet<dyn Piece> {
    fn take(&mut self) -> Vec<Receipt> {
        self.inner.take()
    }

    fn decode(self: Box<Self>, each: Each<'_>) -> Result<()> {
        let Self { secrets, inner } = *self;
        let decoded = inner.decode(&mut |mut decoded| {
            hide_places(&mut decoded, &secrets)?;
            each(decoded)
        });
        decoded.map_err(|error| secrets.hide_error(error))
    }

    fn weight(&self) -> usize {
        self.inner.weight()
    }
}

/// Records that were left out name the file they came from.
pub(crate) fn hide_places(decoded: &mut Decoded, secrets: &Secrets) -> Result<()> {
    decoded.bad.iter_mut().for_each(|bad| bad.place = secrets.hide(&bad.place));
    let Some(rejected) = &decoded.rejected else { return Ok(()) };
    let mut columns = rejected.columns().to_vec();
    if let Some(place) = columns.first_mut() {
        let hidden: StringArray = place
            .as_string::<i32>()
            .iter()
            .map(|text| text.map(|text| secrets.hide(text)))
            .collect();
        *place = Arc::new(hidden) as ArrayRef;
    }
    decoded.rejected = Some(RecordBatch::try_new(rejected.schema(), columns)?);
    Ok(())
}

impl Sink for Discreet<dyn Sink> {
    fn peer(&self) -> Option<Arc<Peer>> {
        self.inner.peer()
    }

    fn heed(&mut self, asked: &Arc<AtomicBool>) {
        self.inner.heed(asked);
    }

    fn keep_epochs(&mut self) {
        self.inner.keep_epochs();
    }

    fn keyed_by(&mut self, key: &[usize]) {
        self.inner.keyed_by(key);
    }

    fn attach(&mut self, inlets: &Arc<Inlets>) {
        self.inner.attach(inlets);
    }

    fn write(&mut self, changes: &ChangeBatch) -> Result<()> {
        self.inner.write(changes).map_err(|error| self.secrets.hide_error(error))
    }

    fn rest(&mut self) -> Result<()> {
        self.inner.rest().map_err(|error| self.secrets.hide_error(error))
    }

    fn is_due(&self) -> bool {
        self.inner.is_due()
    }

    fn end_epoch(&mut self, epoch: u64) -> Result<()> {
        self.inner.end_epoch(epoch).map_err(|error| self.secrets.hide_error(error))
    }

    fn epoch_ended(&mut self) {
        self.inner.epoch_ended();
    }

    fn commit(&mut self) -> Result<()> {
        self.inner.commit().map_err(|error| self.secrets.hide_error(error))
    }
}

impl LookupTable for Discreet<dyn LookupTable> {
    fn rows(&self, known: Option<u64>) -> Result<Option<(u64, Vec<RecordBatch>)>> {
        self.inner.rows(known).map_err(|error| self.secrets.hide_error(error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_filled_in_and_put_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        std::fs::write(&path, "canary-7\n").unwrap();
        let placeholder = format!("${{file:{}}}", path.display());
        let mut secrets = Secrets::default();
        let text = format!("a {placeholder} b ${{other}} ${{");
        let filled = secrets.fill(&text).unwrap();
        assert_eq!(filled, "a canary-7 b ${other} ${");
        assert_eq!(secrets.hide(&filled), text);
        assert!(!format!("{secrets:?}").contains("canary"));
        let error = secrets.hide_error(Error::io(
            "cannot open",
            "/canary-7/x",
            std::io::Error::other("canary-7"),
        ));
        assert!(!error.to_string().contains("canary"), "{error}");
        let missing = Secrets::default().fill("${env:MILLSTREAM_NO_SUCH_VARIABLE}").unwrap_err();
        assert!(missing.to_string().contains("MILLSTREAM_NO_SUCH_VARIABLE"));
    }

    #[test]
    fn a_value_that_starts_like_another_hides_nothing_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let mut secrets = Secrets::default();
        for (name, value) in [("short", "canary"), ("long", "canary-deep")] {
            let path = folder.path().join(name);
            std::fs::write(&path, value).unwrap();
            secrets.fill(&format!("${{file:{}}}", path.display())).unwrap();
        }
        assert!(!secrets.hide("x canary-deep y").contains("deep y"));
        assert!(secrets.hide("x canary-deep y").contains("long} y"));
    }
}
