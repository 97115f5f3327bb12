//! `'connector' = 'nexmark'`: the people, auctions and bids of an online auction house.
//!
//! Of every 50 events one is a person, three are auctions and 46 are bids, as in the benchmark's public
//! generator; ids, hot keys and prices follow its proportions. Event n is a function of the seed and n
//! alone, so ranges of events are made on all cores and every run gives the same ones.

use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::array::{
    ArrayRef, Int64Array, RecordBatch, RecordBatchOptions, StringBuilder, TimestampMillisecondArray,
};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use millstream_formats::Decoded;
use millstream_plan::Table;
use millstream_types::sql_type::type_name;
use millstream_types::time::parse_timestamp;
use millstream_types::{Error, Result};

use crate::connector::{Connector, Each, Piece, Source, SourceEvent, number};

/// `'connector' = 'nexmark'`
pub const CONNECTOR: Connector = Connector {
    name: "nexmark",
    keys: &["table", "events.num", "next-event.rate", "rows-per-second", "base-time", "seed"],
    has_format: false,
    metadata: &[],
    source: Some(|table, columns| Ok(Box::new(Nexmark::new(table, columns)?))),
    sink: None,
};

/// Events of one cycle, and how many of them are of each kind.
const CYCLE: u64 = 50;
const PERSONS: u64 = 1;
const AUCTIONS: u64 = 3;

const FIRST_PERSON: u64 = 1_000;
const FIRST_AUCTION: u64 = 1_000;
const FIRST_CATEGORY: u64 = 10;
const CATEGORIES: u64 = 5;
const ACTIVE_PEOPLE: u64 = 1_000;
const AUCTIONS_IN_FLIGHT: u64 = 100;
const ID_LEAD: u64 = 10;
/// One in this many goes to a key that is not hot.
const HOT_AUCTION_RATIO: u64 = 2;
const HOT_BIDDER_RATIO: u64 = 4;
const HOT_SELLER_RATIO: u64 = 4;
const HOT_CHANNEL_RATIO: u64 = 2;
/// Hot keys are the multiples of this.
const HOT_STEP: u64 = 100;

/// The most events of a piece.
const PIECE_EVENTS: u64 = 50_000;

#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Person,
    Auction,
    Bid,
}

impl Kind {
    fn columns(self) -> &'static [(&'static str, DataType)] {
        const TEXT: DataType = DataType::Utf8;
        const BIGINT: DataType = DataType::Int64;
        const TIME: DataType = DataType::Timestamp(TimeUnit::Millisecond, None);
        match self {
            Self::Person => &[
                ("id", BIGINT),
                ("name", TEXT),
                ("emailAddress", TEXT),
                ("creditCard", TEXT),
                ("city", TEXT),
                ("state", TEXT),
                ("dateTime", TIME),
                ("extra", TEXT),
            ],
            Self::Auction => &[
                ("id", BIGINT),
                ("itemName", TEXT),
                ("description", TEXT),
                ("initialBid", BIGINT),
                ("reserve", BIGINT),
                ("dateTime", TIME),
                ("expires", TIME),
                ("seller", BIGINT),
                ("category", BIGINT),
                ("extra", TEXT),
            ],
            Self::Bid => &[
                ("auction", BIGINT),
                ("bidder", BIGINT),
                ("price", BIGINT),
                ("channel", TEXT),
                ("url", TEXT),
                ("dateTime", TIME),
                ("extra", TEXT),
            ],
        }
    }

    /// The events of this kind in a range, by number.
    fn events(self, first: u64, end: u64) -> impl Iterator<Item = u64> {
        (first..end).filter(move |event| kind_of(*event) == self)
    }
}

fn kind_of(event: u64) -> Kind {
    match event % CYCLE {
        0 => Kind::Person,
        1..=3 => Kind::Auction,
        _ => Kind::Bid,
    }
}

fn kind(table: &Table) -> Result<Kind> {
    match table.options.get("table").map(String::as_str) {
        Some("person") => Ok(Kind::Person),
        Some("auction") => Ok(Kind::Auction),
        Some("bid") => Ok(Kind::Bid),
        other => Err(Error::options(
            match other {
                Some(other) => format!("'table' of a nexmark table cannot be '{other}'"),
                None => "a nexmark table needs a 'table'".to_owned(),
            },
            "it is 'person', 'auction' or 'bid'",
        )),
    }
}

/// The columns of a table that declares none.
///
/// # Errors
/// When the option 'table' is missing or wrong.
pub fn infer_columns(table: &Table) -> Result<SchemaRef> {
    let columns = kind(table)?.columns().iter();
    let fields = columns.map(|(name, data_type)| Field::new(*name, data_type.clone(), true));
    Ok(Arc::new(Schema::new(fields.collect::<Vec<_>>())))
}

/// Checks a table's options and columns.
///
/// # Errors
/// When they are not the benchmark's.
pub fn validate(table: &Table) -> Result<()> {
    let columns: Vec<usize> = (0..table.physical.fields().len()).collect();
    Nexmark::new(table, &columns).map(|_| ())
}

struct Nexmark {
    spec: Arc<Spec>,
    next: u64,
    total: Option<u64>,
    rows_per_second: Option<u64>,
    started: Option<Instant>,
}

struct Spec {
    kind: Kind,
    /// The columns that are made, by name.
    columns: Vec<&'static str>,
    schema: SchemaRef,
    seed: u64,
    base_ms: i64,
    events_per_second: u64,
}

impl Nexmark {
    fn new(table: &Table, columns: &[usize]) -> Result<Self> {
        let kind = kind(table)?;
        let mut names = Vec::with_capacity(columns.len());
        for column in columns {
            let field = table.physical.field(*column);
            let known = kind.columns().iter().find(|(name, _)| name == field.name());
            let (name, data_type) = known.ok_or_else(|| {
                let all: Vec<_> = kind.columns().iter().map(|(name, _)| *name).collect();
                Error::options(
                    format!("column \"{}\" is not one that nexmark makes", field.name()),
                    format!("they are {}; without a column list all are there", all.join(", ")),
                )
            })?;
            if data_type != field.data_type() {
                return Err(Error::options(
                    format!(
                        "column \"{name}\" is {}, not {}",
                        type_name(data_type),
                        type_name(field.data_type())
                    ),
                    "cast it in a computed column",
                ));
            }
            names.push(*name);
        }
        let base = table.options.get("base-time").map_or("2015-07-15 00:00:00", String::as_str);
        let base_ms =
            parse_timestamp(base.as_bytes(), b' ').and_then(|point| point.in_units(1_000));
        let base_ms = base_ms.ok_or_else(|| {
            Error::options(
                format!("'base-time' cannot be '{base}'"),
                "it is a time such as '2015-07-15 00:00:00'",
            )
        })?;
        let schema =
            millstream_formats::json::nullable(&Arc::new(table.physical.project(columns)?));
        Ok(Self {
            spec: Arc::new(Spec {
                kind,
                columns: names,
                schema,
                seed: number(table, "seed", 0, i64::MAX)?.unwrap_or(0) as u64,
                base_ms,
                events_per_second: number(table, "next-event.rate", 1, 1_000_000_000)?
                    .unwrap_or(10_000) as u64,
            }),
            next: 0,
            total: number(table, "events.num", 0, i64::MAX)?.map(|events| events as u64),
            rows_per_second: number(table, "rows-per-second", 1, i64::MAX)?.map(|rows| rows as u64),
            started: None,
        })
    }
}

impl Source for Nexmark {
    fn is_bounded(&self) -> bool {
        self.total.is_some()
    }

    fn may_wait(&self) -> bool {
        self.rows_per_second.is_some()
    }

    fn next(&mut self) -> Result<Option<SourceEvent>> {
        let end = self.total.unwrap_or(u64::MAX);
        if self.next >= end {
            return Ok(None);
        }
        let mut events = PIECE_EVENTS;
        if let Some(rate) = self.rows_per_second {
            let started = *self.started.get_or_insert_with(Instant::now);
            events = events.min(rate.div_ceil(10).max(1));
            let due = Duration::from_secs_f64(self.next as f64 / rate as f64);
            std::thread::sleep(due.saturating_sub(started.elapsed()));
        }
        let first = self.next;
        self.next = first.saturating_add(events).min(end);
        let piece = NexmarkPiece { spec: Arc::clone(&self.spec), first, end: self.next };
        Ok(Some(SourceEvent::Rows { split: 0, piece: Box::new(piece) }))
    }
}

struct NexmarkPiece {
    spec: Arc<Spec>,
    first: u64,
    end: u64,
}

impl Piece for NexmarkPiece {
    fn decode(self: Box<Self>, each: Each<'_>) -> Result<()> {
        let spec = &self.spec;
        let events: Vec<u64> = spec.kind.events(self.first, self.end).collect();
        let columns = spec.columns.iter().map(|name| spec.column(name, &events)).collect();
        let options = RecordBatchOptions::new().with_row_count(Some(events.len()));
        let rows = RecordBatch::try_new_with_options(Arc::clone(&spec.schema), columns, &options)?;
        each(Decoded::clean(rows))
    }
}

/// Random numbers of one value of one event.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        // SplitMix64 (Steele, Lea, Flood 2014).
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below a bound.
    fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(bound)) >> 64) as u64
    }

    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// The number of persons, or auctions, made up to an event.
fn last_person(event: u64) -> u64 {
    // A cycle begins with its one person.
    event / CYCLE * PERSONS
}

fn last_auction(event: u64) -> u64 {
    let (cycle, offset) = (event / CYCLE, event % CYCLE);
    match offset {
        0 => (cycle * AUCTIONS).saturating_sub(1),
        _ => cycle * AUCTIONS + (offset - PERSONS).min(AUCTIONS - 1),
    }
}

const CITIES: [&str; 10] = [
    "Phoenix",
    "Los Angeles",
    "San Francisco",
    "Boise",
    "Portland",
    "Bend",
    "Redmond",
    "Seattle",
    "Kent",
    "Cheyenne",
];
const STATES: [&str; 6] = ["AZ", "CA", "ID", "OR", "WA", "WY"];
const FIRST_NAMES: [&str; 11] = [
    "Peter", "Paul", "Luke", "John", "Saul", "Vicky", "Kate", "Julie", "Sarah", "Deiter", "Walter",
];
const LAST_NAMES: [&str; 9] =
    ["Shultz", "Abrams", "Spencer", "White", "Bartels", "Walton", "Smith", "Jones", "Noris"];
const HOT_CHANNELS: [&str; 4] = ["Google", "Facebook", "Baidu", "Apple"];

impl Spec {
    /// Dice for one column of an event: a column is the same whichever others are made.
    fn dice(&self, event: u64, column: &str) -> Dice {
        let column =
            column.bytes().fold(0_u64, |sum, byte| sum.wrapping_mul(131).wrapping_add(byte.into()));
        let mut dice =
            Dice(self.seed ^ event.wrapping_mul(0xd134_2543_de82_ef95) ^ column.rotate_left(32));
        dice.next();
        dice
    }

    fn time(&self, event: u64) -> i64 {
        self.base_ms + (u128::from(event) * 1_000 / u128::from(self.events_per_second)) as i64
    }

    fn column(&self, name: &'static str, events: &[u64]) -> ArrayRef {
        let numbers = |value: &dyn Fn(u64, Dice) -> i64| -> ArrayRef {
            let values = events.iter().map(|event| value(*event, self.dice(*event, name)));
            Arc::new(Int64Array::from_iter_values(values))
        };
        let times = |value: &dyn Fn(u64, Dice) -> i64| -> ArrayRef {
            let values = events.iter().map(|event| value(*event, self.dice(*event, name)));
            Arc::new(TimestampMillisecondArray::from_iter_values(values))
        };
        let texts = |value: &dyn Fn(u64, Dice, &mut String)| -> ArrayRef {
            let mut out = StringBuilder::with_capacity(events.len(), events.len() * 24);
            let mut text = String::new();
            for event in events {
                text.clear();
                value(*event, self.dice(*event, name), &mut text);
                out.append_value(&text);
            }
            Arc::new(out.finish())
        };
        match (self.kind, name) {
            (Kind::Person, "id") => numbers(&|event, _| (FIRST_PERSON + last_person(event)) as i64),
            (Kind::Auction, "id") => {
                numbers(&|event, _| (FIRST_AUCTION + last_auction(event)) as i64)
            }
            (_, "dateTime") => times(&|event, _| self.time(event)),
            (_, "extra") => texts(&|_, mut dice, out| {
                let length = 40 + dice.below(40);
                push_letters(out, &mut dice, length);
            }),
            (Kind::Person, "name") => texts(&|_, mut dice, out| {
                out.push_str(pick(&FIRST_NAMES, &mut dice));
                out.push(' ');
                out.push_str(pick(&LAST_NAMES, &mut dice));
            }),
            (Kind::Person, "emailAddress") => texts(&|_, mut dice, out| {
                push_letters(out, &mut dice, 7);
                out.push('@');
                push_letters(out, &mut dice, 5);
                out.push_str(".com");
            }),
            (Kind::Person, "creditCard") => texts(&|_, mut dice, out| {
                for group in 0..4 {
                    out.push_str(if group > 0 { " " } else { "" });
                    out.push_str(&format!("{:04}", dice.below(10_000)));
                }
            }),
            (Kind::Person, "city") => {
                texts(&|_, mut dice, out| out.push_str(pick(&CITIES, &mut dice)))
            }
            (Kind::Person, "state") => {
                texts(&|_, mut dice, out| out.push_str(pick(&STATES, &mut dice)))
            }
            (Kind::Auction, "itemName") => {
                texts(&|_, mut dice, out| push_letters(out, &mut dice, 20))
            }
            (Kind::Auction, "description") => {
                texts(&|_, mut dice, out| push_letters(out, &mut dice, 60))
            }
            (Kind::Auction, "initialBid") => {
                numbers(&|event, _| price(&mut self.dice(event, "initialBid")))
            }
            (Kind::Auction, "reserve") => numbers(&|event, mut dice| {
                price(&mut self.dice(event, "initialBid")) + price(&mut dice)
            }),
            (Kind::Auction, "expires") => times(&|event, mut dice| {
                // Long enough for the auctions in flight to get their bids.
                let events = AUCTIONS_IN_FLIGHT * CYCLE / AUCTIONS;
                let horizon = (self.time(event + events) - self.time(event)).max(1) as u64;
                self.time(event) + 1 + dice.below(horizon * 2) as i64
            }),
            (Kind::Auction, "seller") => numbers(&|event, mut dice| {
                let last = last_person(event);
                let seller = match dice.below(HOT_SELLER_RATIO) {
                    0 => self.some_person(event, &mut dice),
                    _ => last / HOT_STEP * HOT_STEP,
                };
                (FIRST_PERSON + seller) as i64
            }),
            (Kind::Auction, "category") => {
                numbers(&|_, mut dice| (FIRST_CATEGORY + dice.below(CATEGORIES)) as i64)
            }
            (Kind::Bid, "auction") => numbers(&|event, mut dice| {
                let last = last_auction(event);
                let auction = match dice.below(HOT_AUCTION_RATIO) {
                    0 => {
                        let first = last.saturating_sub(AUCTIONS_IN_FLIGHT);
                        first + dice.below(last - first + 1 + ID_LEAD)
                    }
                    _ => last / HOT_STEP * HOT_STEP,
                };
                (FIRST_AUCTION + auction) as i64
            }),
            (Kind::Bid, "bidder") => numbers(&|event, mut dice| {
                let last = last_person(event);
                let bidder = match dice.below(HOT_BIDDER_RATIO) {
                    0 => self.some_person(event, &mut dice),
                    _ => last / HOT_STEP * HOT_STEP + 1,
                };
                (FIRST_PERSON + bidder) as i64
            }),
            (Kind::Bid, "price") => numbers(&|_, mut dice| price(&mut dice)),
            (Kind::Bid, "channel") => texts(&|event, _, out| {
                let mut dice = self.dice(event, "channel");
                match dice.below(HOT_CHANNEL_RATIO) {
                    0 => out.push_str(&format!("channel-{}", dice.below(10_000))),
                    _ => out.push_str(pick(&HOT_CHANNELS, &mut dice)),
                }
            }),
            (Kind::Bid, "url") => texts(&|event, mut dice, out| {
                let mut channel = self.dice(event, "channel");
                out.push_str("https://www.nexmark.com/");
                for _ in 0..3 {
                    push_letters(out, &mut dice, 5);
                    out.push('/');
                }
                out.push_str("item.htm?query=1");
                if channel.below(HOT_CHANNEL_RATIO) == 0 {
                    out.push_str(&format!("&channel_id={}", channel.below(10_000)));
                }
            }),
            // The columns were checked when the source was made.
            _ => numbers(&|_, _| 0),
        }
    }

    /// A person who is active, or soon will be.
    fn some_person(&self, event: u64, dice: &mut Dice) -> u64 {
        let last = last_person(event);
        let active = last.min(ACTIVE_PEOPLE);
        last - active + dice.below(active + ID_LEAD)
    }
}

/// From 1 to 1,000,000, evenly on a logarithmic scale, in cents.
fn price(dice: &mut Dice) -> i64 {
    (10_f64.powf(dice.unit() * 6.0) * 100.0).round() as i64
}

fn pick(words: &[&'static str], dice: &mut Dice) -> &'static str {
    words[dice.below(words.len() as u64) as usize]
}

fn push_letters(out: &mut String, dice: &mut Dice, count: u64) {
    let mut letters = [0_u8; LETTERS_MAX];
    let count = (count as usize).min(LETTERS_MAX);
    // Each 8 bits of a random number make a letter.
    for part in letters[..count.next_multiple_of(8)].chunks_exact_mut(8) {
        part.copy_from_slice(&dice.next().to_le_bytes());
    }
    for letter in &mut letters {
        *letter = b'a' + ((u16::from(*letter) * 26) >> 8) as u8;
    }
    out.push_str(std::str::from_utf8(&letters[..count]).unwrap_or_default());
}

/// The most letters of a text.
const LETTERS_MAX: usize = 80;
