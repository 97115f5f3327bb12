//! Functions for which the order of the rows matters: FIRST_VALUE, LAST_VALUE, LISTAGG, ARRAY_AGG, LAG, LEAD.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, ListArray, StringArray, UInt32Array};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::compute::{cast, take};
use arrow::datatypes::{DataType, Field};
use arrow::row::{RowConverter, Rows, SortField};
use millstream_types::json_text::push_plain_string;
use millstream_types::{Error, Result};

use crate::aggregate::{Aggregate, Groups, GroupsAggregate};

/// What becomes of the values of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pick {
    /// The first one that is not NULL.
    First,
    /// The last one that is not NULL.
    Last,
    /// The only one.
    Only,
    /// All of them as one text, with a separator between.
    Joined(String),
    /// All of them as an array.
    All {
        /// Whether NULL is left out.
        ignore_nulls: bool,
    },
    /// Pairs of a key and a value in JSON, as one JSON object.
    JsonObject {
        /// Whether members without a value are left out.
        absent: bool,
    },
    /// Values in JSON as one JSON array.
    JsonArray {
        /// Whether NULL is left out.
        absent: bool,
    },
    /// The one that came so many rows before the last one.
    Back(usize),
}

/// Values in the order in which they came, in arrow's row format.
pub struct Ordered {
    pick: Pick,
    converter: RowConverter,
    result: DataType,
    /// What [`Pick::Back`] gives before there are as many rows.
    default: Option<Box<[u8]>>,
    /// Whether rows are taken back, so that all of them must be remembered.
    removes: bool,
}

/// The values of a group, each with its number.
#[derive(Clone, Default)]
pub struct Values {
    values: VecDeque<(u64, Box<[u8]>)>,
    bytes: usize,
}

impl Ordered {
    /// For values of a type.
    ///
    /// # Errors
    /// When the type cannot be remembered.
    pub fn create(
        pick: Pick,
        arguments: &[DataType],
        result: &DataType,
        removes: bool,
    ) -> Result<Box<dyn GroupsAggregate>> {
        let columns = if let Pick::JsonObject { .. } = pick { 2 } else { 1 };
        let fields = arguments.iter().take(columns).cloned().map(SortField::new).collect();
        let converter = RowConverter::new(fields)?;
        Ok(Groups::of(Self { pick, converter, result: result.clone(), default: None, removes }))
    }

    /// For the value of an earlier row, or `default` (an array of one value) where there is none.
    ///
    /// # Errors
    /// As [`Self::create`].
    pub fn lag(
        offset: usize,
        default: Option<&ArrayRef>,
        argument: &DataType,
        result: &DataType,
    ) -> Result<Box<dyn GroupsAggregate>> {
        let converter = RowConverter::new(vec![SortField::new(argument.clone())])?;
        let default = match default {
            Some(value) => {
                let rows = converter.convert_columns(std::slice::from_ref(value))?;
                Some(rows.row(0).as_ref().into())
            }
            None => None,
        };
        let (pick, result) = (Pick::Back(offset), result.clone());
        Ok(Groups::of(Self { pick, converter, result, default, removes: false }))
    }

    /// Forgets what cannot matter any more.
    fn trim(&self, state: &mut Values) {
        let most = match self.pick {
            Pick::Back(offset) => offset + 1,
            Pick::First | Pick::Last if !self.removes => 1,
            _ => return,
        };
        while state.values.len() > most {
            let gone = match self.pick {
                Pick::First => state.values.pop_back(),
                _ => state.values.pop_front(),
            };
            state.bytes -= gone.map_or(0, |(_, value)| value.len());
        }
    }

    fn insert(&self, state: &mut Values, order: u64, value: &[u8]) {
        // Most values come after all others.
        let at = match state.values.back() {
            Some((last, _)) if *last > order => {
                state.values.partition_point(|(known, _)| *known <= order)
            }
            _ => state.values.len(),
        };
        if self.pick == Pick::First && !self.removes && at > 0 {
            return;
        }
        state.values.insert(at, (order, value.into()));
        state.bytes += value.len();
    }
}

impl Aggregate for Ordered {
    type State = Values;
    type Input = Rows;
    type Value = Vec<Box<[u8]>>;

    fn input(&self, arguments: &[ArrayRef]) -> Result<Rows> {
        let columns = if let Pick::JsonObject { .. } = self.pick { 2 } else { 1 };
        Ok(self.converter.convert_columns(&arguments[..columns])?)
    }

    fn add(&self, state: &mut Values, from: &Rows, row: usize, weight: i64, order: u64) {
        let value = from.row(row);
        for _ in 0..weight {
            self.insert(state, order, value.as_ref());
        }
        for _ in weight..0 {
            if let Some(at) = state.values.iter().position(|(_, known)| **known == *value.as_ref())
            {
                state.values.remove(at);
                state.bytes -= value.as_ref().len();
            }
        }
        self.trim(state);
    }

    fn merge(&self, into: &mut Values, from: &Values) -> Result<()> {
        from.values.iter().for_each(|(order, value)| self.insert(into, *order, value));
        self.trim(into);
        Ok(())
    }

    fn value(&self, state: &Values) -> Self::Value {
        let values = &state.values;
        let one = match self.pick {
            Pick::First => values.front(),
            Pick::Last => values.back(),
            Pick::Back(offset) => {
                let value = values.len().checked_sub(offset + 1).and_then(|at| values.get(at));
                let value = value.map(|(_, value)| value).or(self.default.as_ref());
                return value.cloned().into_iter().collect();
            }
            Pick::Only
            | Pick::Joined(_)
            | Pick::All { .. }
            | Pick::JsonObject { .. }
            | Pick::JsonArray { .. } => {
                return values.iter().map(|(_, value)| value.clone()).collect();
            }
        };
        one.map(|(_, value)| value.clone()).into_iter().collect()
    }

    fn column(&self, values: Vec<Self::Value>) -> Result<ArrayRef> {
        match &self.pick {
            Pick::First | Pick::Last | Pick::Back(_) | Pick::Only => {
                if values.iter().any(|values| values.len() > 1) {
                    return Err(Error::Evaluation(
                        "a subquery used as a value has several rows; aggregate it, as in (SELECT MAX(x) \
                         FROM t), or end it with LIMIT 1"
                            .to_owned(),
                    ));
                }
                let values: Vec<_> =
                    values.into_iter().map(|value| value.into_iter().next()).collect();
                let values = column(&self.converter, &values)?;
                Ok(if *values.data_type() == self.result {
                    values
                } else {
                    cast(&values, &self.result)?
                })
            }
            Pick::Joined(separator) => {
                let all = flat(&self.converter, &values)?;
                let all = all.as_string_opt::<i32>().ok_or_else(|| {
                    Error::Internal("LISTAGG joins values that are no texts".to_owned())
                })?;
                let mut at = 0;
                let texts = values.iter().map(|value| {
                    let parts: Vec<&str> =
                        (at..at + value.len()).map(|row| all.value(row)).collect();
                    at += value.len();
                    (!parts.is_empty()).then(|| parts.join(separator))
                });
                Ok(Arc::new(texts.collect::<StringArray>()))
            }
            Pick::JsonObject { absent } | Pick::JsonArray { absent } => {
                let parser = self.converter.parser();
                let rows = values.iter().flatten().map(|value| parser.parse(value));
                let columns = self.converter.convert_rows(rows)?;
                let texts = columns.iter().map(|column| column.as_string_opt::<i32>());
                let texts = texts.collect::<Option<Vec<_>>>();
                let texts = texts.ok_or_else(|| {
                    Error::Internal("values that are no texts stand for JSON".to_owned())
                })?;
                let lengths = values.iter().map(Vec::len);
                Ok(Arc::new(json_texts(&texts, lengths, *absent)?))
            }
            Pick::All { .. } => {
                let all = flat(&self.converter, &values)?;
                let offsets = OffsetBuffer::from_lengths(values.iter().map(Vec::len));
                let field = match &self.result {
                    DataType::List(field) => Arc::clone(field),
                    _ => Arc::new(Field::new_list_field(all.data_type().clone(), true)),
                };
                let nulls = NullBuffer::from_iter(values.iter().map(|value| !value.is_empty()));
                Ok(Arc::new(ListArray::try_new(field, offsets, all, Some(nulls))?))
            }
        }
    }

    fn nulls_count(&self) -> bool {
        !matches!(
            self.pick,
            Pick::First | Pick::Last | Pick::Joined(_) | Pick::All { ignore_nulls: true }
        )
    }

    fn heap(&self, state: &Values) -> usize {
        state.bytes + state.values.capacity() * size_of::<(u64, Box<[u8]>)>()
    }
}

/// A JSON array a group from its values, or an object where keys stand before them: members in the order of
/// their keys, of equal keys the last one.
fn json_texts(
    columns: &[&StringArray],
    lengths: impl Iterator<Item = usize>,
    absent: bool,
) -> Result<StringArray> {
    let mut from = 0;
    let texts = lengths.map(|length| -> Result<Option<String>> {
        let rows = from..from + length;
        from += length;
        let value = |column: &StringArray, row: usize| match column.is_null(row) {
            true => (!absent).then(|| "null".to_owned()),
            false => Some(column.value(row).to_owned()),
        };
        Ok(Some(match columns {
            [keys, values] => {
                let mut members = BTreeMap::new();
                for row in rows {
                    if keys.is_null(row) {
                        return Err(Error::Evaluation("JSON_OBJECTAGG: a key is NULL".to_owned()));
                    }
                    members.extend(value(values, row).map(|value| (keys.value(row), value)));
                }
                let members = members.iter().map(|(key, value)| {
                    let mut text = String::new();
                    push_plain_string(&mut text, key);
                    format!("{text}:{value}")
                });
                format!("{{{}}}", members.collect::<Vec<_>>().join(","))
            }
            _ => {
                let elements = rows.filter_map(|row| value(columns[0], row));
                format!("[{}]", elements.collect::<Vec<_>>().join(","))
            }
        }))
    });
    texts.collect()
}

/// All values of all groups, one after the other.
fn flat(converter: &RowConverter, values: &[Vec<Box<[u8]>>]) -> Result<ArrayRef> {
    let parser = converter.parser();
    let rows = values.iter().flatten().map(|value| parser.parse(value));
    converter.convert_rows(rows)?.pop().ok_or_else(|| Error::Internal("no column".to_owned()))
}

/// A column of one value or none a group.
///
/// # Errors
/// Never, for values of the converter.
pub fn column(converter: &RowConverter, values: &[Option<Box<[u8]>>]) -> Result<ArrayRef> {
    let parser = converter.parser();
    let present = values.iter().flatten().map(|value| parser.parse(value));
    let present = converter.convert_rows(present)?.pop();
    let present = present.ok_or_else(|| Error::Internal("no column".to_owned()))?;
    let mut next = 0;
    let positions: UInt32Array = values
        .iter()
        .map(|value| {
            value.as_ref().map(|_| {
                next += 1;
                next - 1
            })
        })
        .collect();
    Ok(take(&present, &positions, None)?)
}
