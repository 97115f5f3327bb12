//! `GET /tables/NAME/changes`: what a table or view holds, and what becomes of it, as server-sent events.
//!
//! A table that a job writes is followed at its sink: what it holds is read between two epochs, and then
//! come the changes of each. Anything else is queried; the changes are those of `SELECT * FROM NAME`.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use millstream_plan::Table;
use millstream_runtime::serve::{Encode, Events, Page};
use millstream_runtime::taps::Following;
use millstream_sql::catalog::Entry;
use millstream_types::json_text::{JsonStyle, JsonValue, json_string, write_object};
use millstream_types::{ChangeBatch, ChangeOp, Result, for_each_change};
use percent_encoding::percent_decode_str;

use crate::engine::Engine;
use crate::error::Error;
use crate::query::Query;

/// How many streams there are at most: each may be a query of its own.
const STREAMS_MAX: usize = 32;

/// The page of a path; `None` when it is none of these.
pub(crate) fn page(engine: &Engine, path: &str, streams: &Arc<AtomicUsize>) -> Option<Page> {
    let name = path.strip_prefix("/tables/")?.strip_suffix("/changes")?;
    let name = percent_decode_str(name).decode_utf8().ok()?;
    let Some(place) = Place::take(streams) else {
        return Some(refused(503, &format!("there are {STREAMS_MAX} streams of changes already")));
    };
    Some(match Changes::of(engine, &name, place) {
        Ok(changes) => Page::Events(Box::new(changes)),
        Err(Error::Sql(error)) => refused(404, &error.message),
        Err(error) => refused(409, &error.to_string()),
    })
}

fn refused(status: u16, message: &str) -> Page {
    let body = format!("{{\"result\":\"error\",\"error\":{}}}\n", json_string(message));
    Page::Text { status, content_type: "application/json", body }
}

/// One of the streams that there may be.
struct Place(Arc<AtomicUsize>);

impl Place {
    fn take(streams: &Arc<AtomicUsize>) -> Option<Self> {
        let place = Self(Arc::clone(streams));
        let before = streams.fetch_add(1, Ordering::Relaxed);
        (before < STREAMS_MAX).then_some(place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Where changes come from.
enum Origin {
    /// A job that writes the table, which has a key or not.
    Sink { changes: Following, key: Arc<[usize]> },
    /// A query.
    Query(Query),
}

/// A stream of changes.
struct Changes {
    origin: Origin,
    begun: bool,
    _place: Place,
}

impl Changes {
    fn of(engine: &Engine, name: &str, place: Place) -> std::result::Result<Self, Error> {
        let parts: Vec<String> = name.split('.').map(str::to_owned).collect();
        let mut catalog = engine.catalog();
        engine.observed(&mut catalog);
        let followed = match catalog.get(&parts)? {
            Entry::Table(table) => followed(engine, table),
            Entry::View(_) => None,
        };
        let origin = match followed {
            Some(sink) => sink,
            None => {
                let quoted: Vec<String> =
                    parts.iter().map(|part| format!("`{}`", part.replace('`', "``"))).collect();
                Origin::Query(engine.observe(&format!("SELECT * FROM {}", quoted.join(".")))?)
            }
        };
        Ok(Self { origin, begun: false, _place: place })
    }

    fn poll_changes(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<ChangeBatch>>> {
        match &mut self.origin {
            Origin::Sink { changes, .. } => changes.poll_next(context),
            Origin::Query(query) => query.changes.poll_recv(context),
        }
    }

    /// The positions of the key, where changes are told by it.
    fn key(&self) -> Option<Arc<[usize]>> {
        match &self.origin {
            Origin::Sink { key, .. } if !key.is_empty() => Some(Arc::clone(key)),
            _ => None,
        }
    }

    /// The columns of which each value has at most one row, where changes are those of a query.
    fn row_key(&self) -> Option<Arc<[usize]>> {
        match &self.origin {
            Origin::Query(query) => query.key().map(Arc::from),
            Origin::Sink { .. } => None,
        }
    }
}

/// Changes as events.
fn text(changes: &ChangeBatch, key: Option<&[usize]>, row_key: Option<&[usize]>) -> Result<String> {
    let columns = changes.rows.columns().iter().map(JsonValue::new).collect::<Result<Vec<_>>>()?;
    let schema = changes.rows.schema();
    let names: Vec<String> =
        schema.fields().iter().map(|field| json_string(field.name())).collect();
    let mut text = String::new();
    let mut push = |op: ChangeOp, row: usize| {
        let mut object = String::new();
        write_object(&names, &columns, row, &JsonStyle::default(), &mut object);
        let comma = if object == "{}" { "" } else { "," };
        let letters = op.letters();
        text.push_str(&format!("data: {{\"op\":\"{letters}\"{comma}{}\n\n", &object[1..]));
    };
    match key {
        Some(key) => by_key(changes, &columns, key, push),
        None => for_each_change(changes, row_key, &mut push),
    }
    Ok(text)
}

/// The last event of a stream that cannot go on.
fn last(error: &millstream_types::Error) -> String {
    format!("event: error\ndata: {{\"error\":{}}}\n\n", json_string(&error.to_string()))
}

/// The stream of a table that a running job writes.
fn followed(engine: &Engine, table: &Table) -> Option<Origin> {
    let changes = engine.options().taps.follow(table)?;
    let key = table.primary_key.iter().filter_map(|name| table.physical.index_of(name).ok());
    Some(Origin::Sink { changes, key: key.collect() })
}

/// The net changes of keys: a key that loses one row and gets another is updated.
fn by_key(
    changes: &ChangeBatch,
    columns: &[JsonValue],
    key: &[usize],
    mut push: impl FnMut(ChangeOp, usize),
) {
    let text = |row: usize| {
        let mut text = String::new();
        for column in key {
            columns[*column].write(row, &JsonStyle::default(), &mut text);
            text.push(',');
        }
        text
    };
    let rows = |wanted: fn(i64) -> bool| {
        (0..changes.num_rows()).filter(move |row| wanted(changes.weight(*row)))
    };
    let gone: HashSet<String> = rows(|weight| weight < 0).map(text).collect();
    let come: HashSet<String> = match gone.is_empty() {
        true => HashSet::new(),
        false => rows(|weight| weight > 0).map(text).collect(),
    };
    for row in rows(|weight| weight < 0) {
        if !come.contains(&text(row)) {
            push(ChangeOp::Delete, row);
        }
    }
    for row in rows(|weight| weight > 0) {
        let updates = !gone.is_empty() && gone.contains(&text(row));
        push(if updates { ChangeOp::UpdateAfter } else { ChangeOp::Insert }, row);
    }
}

impl Events for Changes {
    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Encode>> {
        if !std::mem::replace(&mut self.begun, true) {
            // Whoever asked sees at once that there is a stream.
            return Poll::Ready(Some(Box::new(|| Ok(":\n\n".to_owned()))));
        }
        let (key, row_key) = (self.key(), self.row_key());
        self.poll_changes(context).map(|next| {
            next.map(|next| -> Encode {
                Box::new(move || {
                    let text =
                        next.and_then(|changes| text(&changes, key.as_deref(), row_key.as_deref()));
                    text.map_err(|error| last(&error))
                })
            })
        })
    }
}
