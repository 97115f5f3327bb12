//! `'connector' = 'datagen'`: random rows or sequences, with Flink's options.

use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow::compute::{CastOptions, cast, cast_with_options};
use arrow::datatypes::{DataType, Field, SchemaRef};
use millstream_formats::Decoded;
use millstream_plan::Table;
use millstream_types::sql_type::{SqlType, is_opaque, type_name};
use millstream_types::time::parse_duration;
use millstream_types::{Error, Result};
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};

use crate::connector::{Connector, Each, Piece, Source, SourceEvent, number};

/// `'connector' = 'datagen'`
pub const CONNECTOR: Connector = Connector {
    name: "datagen",
    keys: &[
        "rows-per-second",
        "number-of-rows",
        "seed",
        // Rows are made on all cores anyway.
        "scan.parallelism",
        "fields.*.kind",
        "fields.*.min",
        "fields.*.max",
        "fields.*.max-past",
        "fields.*.length",
        "fields.*.var-len",
        "fields.*.start",
        "fields.*.end",
        "fields.*.null-rate",
    ],
    has_format: false,
    metadata: &[],
    source: Some(|table, columns| Ok(Box::new(Datagen::new(table, columns)?))),
    sink: None,
};

/// What Flink generates when nothing is said.
const ROWS_PER_SECOND: i64 = 10_000;

/// The most rows made at a time.
const PIECE_ROWS: u64 = 8_192;

/// Checks a table's options.
///
/// # Errors
/// When they make no sense.
pub fn validate(table: &Table) -> Result<()> {
    for (key, rest) in
        table.options.keys().filter_map(|key| Some((key, key.strip_prefix("fields.")?)))
    {
        // What follows the column may be a part of it: `fields.<array>.element.min`.
        let is_of = |name: &str| rest.strip_prefix(name).is_some_and(|rest| rest.starts_with('.'));
        if !table.physical.fields().iter().any(|field| is_of(field.name())) {
            let name = rest.rsplit_once('.').map_or("", |(name, _)| name);
            return Err(Error::options(
                format!("'{key}' names \"{name}\", which is no column of table \"{}\"", table.name),
                "the key is fields.<column>.<option>",
            ));
        }
    }
    let columns: Vec<usize> = (0..table.physical.fields().len()).collect();
    Datagen::new(table, &columns).map(|_| ())
}

#[derive(Debug, Clone)]
enum Generator {
    Sequence {
        start: i64,
    },
    Integer {
        min: i64,
        max: i64,
    },
    Floating {
        min: f64,
        max: f64,
    },
    Text {
        length: usize,
        variable: bool,
    },
    Boolean,
    /// A point in time at most this far back.
    Past {
        ms: i64,
    },
    Days,
    List(Box<Generator>),
    Row(Vec<Generator>),
}

struct Datagen {
    fields: Arc<Vec<(Field, Generator, f64)>>,
    schema: SchemaRef,
    rows_per_second: u64,
    total: Option<u64>,
    made: u64,
    seed: u64,
    started: Option<Instant>,
}

impl Datagen {
    fn new(table: &Table, columns: &[usize]) -> Result<Self> {
        let mut total = number(table, "number-of-rows", 0, i64::MAX)?.map(|rows| rows as u64);
        let mut fields = Vec::new();
        for (at, field) in table.physical.fields().iter().enumerate() {
            let name = field.name();
            let key = |option: &str| format!("fields.{name}.{option}");
            let kind = table.options.get(&key("kind")).map_or("random", String::as_str);
            let generator = match kind {
                "random" => random(table, name, field.data_type())?,
                "sequence" => {
                    let start = number(table, &key("start"), i64::MIN, i64::MAX)?;
                    let end = number(table, &key("end"), i64::MIN, i64::MAX)?;
                    let (Some(start), Some(end)) = (start, end) else {
                        return Err(Error::options(
                            format!("the sequence of \"{name}\" has no bounds"),
                            format!("set '{}' and '{}'", key("start"), key("end")),
                        ));
                    };
                    let rows = (i128::from(end) - i128::from(start) + 1)
                        .clamp(0, i128::from(i64::MAX)) as u64;
                    total = Some(total.map_or(rows, |total| total.min(rows)));
                    Generator::Sequence { start }
                }
                other => {
                    return Err(Error::options(
                        format!("'{}' cannot be '{other}'", key("kind")),
                        "it is 'random' or 'sequence'",
                    ));
                }
            };
            let null_rate = floating(table, &key("null-rate"))?.unwrap_or(0.0);
            if columns.contains(&at) {
                fields
                    .push((at, (field.as_ref().clone().with_nullable(true), generator, null_rate)));
            }
        }
        fields.sort_by_key(|(at, _)| columns.iter().position(|column| column == at));
        let rows_per_second =
            number(table, "rows-per-second", 1, i64::MAX)?.unwrap_or(ROWS_PER_SECOND);
        // A bounded table without a rate is made as fast as it is read.
        let paced = table.options.contains_key("rows-per-second") || total.is_none();
        Ok(Self {
            fields: Arc::new(fields.into_iter().map(|(_, field)| field).collect()),
            schema: millstream_formats::json::nullable(&Arc::new(table.physical.project(columns)?)),
            rows_per_second: if paced { rows_per_second as u64 } else { u64::MAX },
            total,
            made: 0,
            seed: number(table, "seed", 0, i64::MAX)?.map_or_else(rand::random, |seed| seed as u64),
            started: None,
        })
    }
}

fn floating(table: &Table, key: &str) -> Result<Option<f64>> {
    let Some(text) = table.options.get(key) else { return Ok(None) };
    match text.trim().parse() {
        Ok(value) => Ok(Some(value)),
        Err(_) => Err(Error::options(format!("'{key}' cannot be '{text}'"), "it is a number")),
    }
}

fn random(table: &Table, name: &str, data_type: &DataType) -> Result<Generator> {
    let key = |option: &str| format!("fields.{name}.{option}");
    let bounds = |least: i64, most: i64| -> Result<Generator> {
        let min = number(table, &key("min"), least, most)?.unwrap_or(least);
        let max = number(table, &key("max"), least, most)?.unwrap_or(most);
        if min > max {
            return Err(Error::options(
                format!("'{}' is greater than '{}'", key("min"), key("max")),
                "exchange them",
            ));
        }
        Ok(Generator::Integer { min, max })
    };
    Ok(match data_type {
        DataType::Boolean => Generator::Boolean,
        DataType::Int8 => bounds(i8::MIN.into(), i8::MAX.into())?,
        DataType::Int16 => bounds(i16::MIN.into(), i16::MAX.into())?,
        DataType::Int32 => bounds(i32::MIN.into(), i32::MAX.into())?,
        DataType::Int64 => bounds(i64::MIN, i64::MAX)?,
        DataType::Float32 | DataType::Float64 | DataType::Decimal128(..) => {
            let most = match data_type {
                DataType::Decimal128(precision, scale) => {
                    10_f64.powi(i32::from(*precision) - i32::from(*scale)) - 1.0
                }
                _ => f64::from(f32::MAX),
            };
            let least = if matches!(data_type, DataType::Decimal128(..)) { -most } else { 0.0 };
            Generator::Floating {
                min: floating(table, &key("min"))?.unwrap_or(least),
                max: floating(table, &key("max"))?.unwrap_or(most),
            }
        }
        DataType::Utf8 | DataType::Binary => Generator::Text {
            length: number(table, &key("length"), 0, 1 << 20)?.unwrap_or(100) as usize,
            variable: table.options.get(&key("var-len")).is_some_and(|text| text == "true"),
        },
        DataType::Timestamp(..) => {
            let past = table.options.get(&key("max-past"));
            let ms = past.map(|text| duration_ms(text, &key("max-past"))).transpose()?.unwrap_or(0);
            Generator::Past { ms }
        }
        DataType::Date32 | DataType::Time32(_) => Generator::Days,
        DataType::List(element) => Generator::List(Box::new(random(
            table,
            &format!("{name}.element"),
            element.data_type(),
        )?)),
        DataType::Struct(fields) if !is_opaque(data_type) => Generator::Row(
            fields
                .iter()
                .map(|field| random(table, &format!("{name}.{}", field.name()), field.data_type()))
                .collect::<Result<_>>()?,
        ),
        other => {
            return Err(Error::options(
                format!("datagen makes no values of {}, the type of \"{name}\"", type_name(other)),
                "compute the column from another one",
            ));
        }
    })
}

fn duration_ms(text: &str, key: &str) -> Result<i64> {
    parse_duration(text).ok_or_else(|| {
        Error::options(format!("'{key}' cannot be '{text}'"), "it is a duration such as '10 s'")
    })
}

impl Source for Datagen {
    fn is_bounded(&self) -> bool {
        self.total.is_some()
    }

    fn may_wait(&self) -> bool {
        self.rows_per_second != u64::MAX
    }

    fn next(&mut self) -> Result<Option<SourceEvent>> {
        let left = self.total.map_or(u64::MAX, |total| total - self.made);
        if left == 0 {
            return Ok(None);
        }
        let mut rows = left.min(PIECE_ROWS);
        if self.rows_per_second != u64::MAX {
            let started = *self.started.get_or_insert_with(Instant::now);
            // Ten pieces a second, so that slow tables look alive.
            rows = rows.min(self.rows_per_second.div_ceil(10));
            let due = Duration::from_secs_f64(self.made as f64 / self.rows_per_second as f64);
            std::thread::sleep(due.saturating_sub(started.elapsed()));
        }
        let piece = DatagenPiece {
            fields: Arc::clone(&self.fields),
            schema: Arc::clone(&self.schema),
            first: self.made,
            rows: rows as usize,
            seed: self.seed,
        };
        self.made += rows;
        Ok(Some(SourceEvent::Rows { split: 0, piece: Box::new(piece) }))
    }
}

struct DatagenPiece {
    fields: Arc<Vec<(Field, Generator, f64)>>,
    schema: SchemaRef,
    first: u64,
    rows: usize,
    seed: u64,
}

impl Piece for DatagenPiece {
    fn decode(self: Box<Self>, each: Each<'_>) -> Result<()> {
        let mut random =
            SmallRng::seed_from_u64(self.seed ^ self.first.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let columns = self
            .fields
            .iter()
            .map(|(field, generator, null_rate)| {
                let values =
                    make(generator, field.data_type(), self.first, self.rows, &mut random)?;
                if *null_rate <= 0.0 {
                    return Ok(values);
                }
                let nulls = (0..self.rows).map(|_| Some(random.random::<f64>() < *null_rate));
                Ok(arrow::compute::nullif(&values, &nulls.collect())?)
            })
            .collect::<Result<Vec<_>>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(self.rows));
        let rows = RecordBatch::try_new_with_options(self.schema, columns, &options)?;
        each(Decoded::clean(rows))
    }
}

fn make(
    generator: &Generator,
    data_type: &DataType,
    first: u64,
    rows: usize,
    random: &mut SmallRng,
) -> Result<ArrayRef> {
    use arrow::array::{
        BooleanArray, Float64Array, Int64Array, ListArray, StringArray, StructArray,
    };
    let values: ArrayRef = match generator {
        Generator::Sequence { start } => {
            let numbers = (0..rows as u64).map(|row| start.wrapping_add((first + row) as i64));
            let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(numbers));
            match SqlType::of_arrow(data_type) {
                Some(sql) if data_type == &DataType::Utf8 => {
                    let how = millstream_expr::cast::How {
                        try_cast: false,
                        zone: chrono_tz::Tz::UTC,
                        digits: None,
                    };
                    millstream_expr::cast::cast(&numbers, &sql, &how)?
                }
                _ => numbers,
            }
        }
        Generator::Integer { min, max } => {
            let numbers = (0..rows).map(|_| random.random_range(*min..=*max));
            Arc::new(Int64Array::from_iter_values(numbers))
        }
        Generator::Floating { min, max } => {
            let numbers = (0..rows).map(|_| min + random.random::<f64>() * (max - min));
            Arc::new(Float64Array::from_iter_values(numbers))
        }
        Generator::Text { length, variable } => {
            let texts = (0..rows).map(|_| {
                let length = if *variable && *length > 1 {
                    random.random_range(1..=*length)
                } else {
                    *length
                };
                let digits = (0..length).map(|_| char::from_digit(random.random_range(0..16), 16));
                digits.map(|digit| digit.unwrap_or('0')).collect::<String>()
            });
            Arc::new(StringArray::from_iter_values(texts))
        }
        Generator::Boolean => {
            Arc::new((0..rows).map(|_| Some(random.random::<bool>())).collect::<BooleanArray>())
        }
        Generator::Past { ms } => {
            let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
            let now = now.map_or(0, |since| since.as_millis() as i64);
            let times = (0..rows).map(|_| now - random.random_range(0..=*ms));
            let times = Int64Array::from_iter_values(times);
            let millis = DataType::Timestamp(arrow::datatypes::TimeUnit::Millisecond, None);
            cast(&times, &millis)?
        }
        Generator::Days => {
            let days = (0..rows).map(|_| random.random_range(0..20_000));
            Arc::new(arrow::array::Int32Array::from_iter_values(days))
        }
        Generator::List(element) => {
            let DataType::List(field) = data_type else {
                return Err(Error::Internal("a list that is none".to_owned()));
            };
            let lengths: Vec<usize> = (0..rows).map(|_| random.random_range(0..4)).collect();
            let total = lengths.iter().sum();
            let values = make(element, field.data_type(), 0, total, random)?;
            let offsets = arrow::buffer::OffsetBuffer::from_lengths(lengths);
            return Ok(Arc::new(ListArray::try_new(Arc::clone(field), offsets, values, None)?));
        }
        Generator::Row(parts) => {
            let DataType::Struct(fields) = data_type else {
                return Err(Error::Internal("a row that is none".to_owned()));
            };
            let columns = parts.iter().zip(fields);
            let columns =
                columns.map(|(part, field)| make(part, field.data_type(), first, rows, random));
            let columns = columns.collect::<Result<Vec<_>>>()?;
            return Ok(Arc::new(StructArray::try_new(fields.clone(), columns, None)?));
        }
    };
    let through = match data_type {
        DataType::Timestamp(unit, Some(_)) => cast(&values, &DataType::Timestamp(*unit, None))?,
        _ => values,
    };
    let strict = CastOptions { safe: false, ..CastOptions::default() };
    cast_with_options(&through, data_type, &strict).map_err(|error| {
        let hint = "keep the bounds of the sequence within the type of its column";
        Error::options(
            format!("a generated value does not fit {}: {error}", type_name(data_type)),
            hint,
        )
    })
}
