//! Functions over the elements of arrays.
//!
//! Elements are compared in arrow's row format: NULL equals NULL, as Flink has it here. The order of
//! results is that of the first array.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Int32Array, ListArray, StringBuilder, UInt32Array,
};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::compute::{concat, take};
use arrow::datatypes::{DataType, Field, Float32Type, Float64Type, Int32Type};
use arrow::row::{RowConverter, Rows, SortField};
use millstream_types::sql_type::type_name;
use millstream_types::{Error, Result};

use crate::function::{Builtin, Call, Typing, function};
use crate::nested::unite_all;

/// The functions of this family.
pub const BUILTINS: &[Builtin] = &[
    function!(
        "ARRAY_APPEND",
        "ARRAY_APPEND(array, element)",
        "The array with an element behind it.",
        array_and_element,
        |call| joined(call, &[0, 1])
    ),
    function!(
        "ARRAY_PREPEND",
        "ARRAY_PREPEND(array, element)",
        "The array with an element before it.",
        array_and_element,
        |call| joined(call, &[1, 0])
    ),
    function!(
        "ARRAY_CONCAT",
        "ARRAY_CONCAT(array, …)",
        "The elements of all arrays; NULL when any is.",
        |given| arrays(given, 1, usize::MAX),
        |call| joined(call, &(0..call.arguments.len()).collect::<Vec<_>>())
    ),
    function!(
        "ARRAY_DISTINCT",
        "ARRAY_DISTINCT(array)",
        "The array without elements that came before.",
        |given| arrays(given, 1, 1),
        |call| set(call, |_, _| true)
    ),
    function!(
        "ARRAY_UNION",
        "ARRAY_UNION(array, array)",
        "The elements of both arrays, each once.",
        |given| arrays(given, 2, 2),
        |call| set(call, |_, _| true)
    ),
    function!(
        "ARRAY_EXCEPT",
        "ARRAY_EXCEPT(array, array)",
        "The elements of the first array that the second has not, each once.",
        |given| arrays(given, 2, 2),
        |call| set(call, |first, second| first && !second)
    ),
    function!(
        "ARRAY_INTERSECT",
        "ARRAY_INTERSECT(array, array)",
        "The elements that both arrays have, each once.",
        |given| arrays(given, 2, 2),
        |call| set(call, |first, second| first && second)
    ),
    function!(
        "ARRAY_REVERSE",
        "ARRAY_REVERSE(array)",
        "The elements in the opposite order.",
        |given| arrays(given, 1, 1),
        |call| {
            let lists = Lists::of(call)?;
            lists.select(call, |row| Some(lists.positions(0, row).rev().collect()))
        }
    ),
    function!(
        "ARRAY_REMOVE",
        "ARRAY_REMOVE(array, element)",
        "The array without the elements that equal one; NULL equals NULL.",
        array_and_element,
        |call| {
            let lists = Lists::of(call)?;
            lists.select(call, |row| {
                let gone = lists.row(lists.positions(1, row).start);
                Some(lists.positions(0, row).filter(|at| lists.row(*at) != gone).collect())
            })
        }
    ),
    function!(
        "ARRAY_CONTAINS",
        "ARRAY_CONTAINS(array, element)",
        "Whether an element equals one; NULL is found as NULL.",
        |given| Ok(Typing { result: DataType::Boolean, ..array_and_element(given)? }),
        |call| {
            let lists = Lists::of(call)?;
            let found = (0..call.rows).map(|row| {
                let due = lists.row(lists.positions(1, row).start);
                let any = || lists.positions(0, row).any(|at| lists.row(at) == due);
                lists.valid(row).then(any)
            });
            Ok(Arc::new(found.collect::<BooleanArray>()))
        }
    ),
    function!(
        "ARRAY_POSITION",
        "ARRAY_POSITION(array, element)",
        "Where an element first stands, counted from 1; 0 when it does not.",
        |given| Ok(Typing { result: DataType::Int32, ..array_and_element(given)? }),
        |call| {
            let lists = Lists::of(call)?;
            let found = (0..call.rows).map(|row| {
                if !lists.valid(row) || call.arguments[1].is_null(row) {
                    return None;
                }
                let due = lists.row(lists.positions(1, row).start);
                let at = lists.positions(0, row).position(|at| lists.row(at) == due);
                Some(at.map_or(0, |at| at as i32 + 1))
            });
            Ok(Arc::new(found.collect::<Int32Array>()))
        }
    ),
    function!(
        "ARRAY_SLICE",
        "ARRAY_SLICE(array, start[, end])",
        "The elements from one position to another, counted from 1, or from the end below 0.",
        slice_typing,
        slice
    ),
    function!(
        "ARRAY_SORT",
        "ARRAY_SORT(array[, ascending[, nulls first]])",
        "The elements in order; NULL is least unless said otherwise.",
        sort_typing,
        sort
    ),
    function!(
        "ARRAY_MAX",
        "ARRAY_MAX(array)",
        "The greatest element.",
        |given| element_of(given),
        |call| extreme(call, true)
    ),
    function!(
        "ARRAY_MIN",
        "ARRAY_MIN(array)",
        "The least element.",
        |given| element_of(given),
        |call| extreme(call, false)
    ),
    function!(
        "ELEMENT",
        "ELEMENT(array)",
        "The only element of an array; NULL when it is empty.",
        |given| element_of(given),
        |call| {
            let lists = Lists::of(call)?;
            lists.one(call, |row| {
                let mut positions = lists.positions(0, row);
                match (positions.next(), positions.next()) {
                    (_, Some(_)) => {
                        Err(Error::Evaluation("ELEMENT of an array of several elements".to_owned()))
                    }
                    (only, None) => Ok(only),
                }
            })
        }
    ),
    function!(
        "ARRAY_JOIN",
        "ARRAY_JOIN(array, separator[, in place of NULL])",
        "The texts of an array as one.",
        |given| match given {
            [DataType::List(element), rest @ ..]
                if matches!(rest.len(), 1 | 2)
                    && matches!(element.data_type(), DataType::Utf8 | DataType::Null) =>
            {
                let list = DataType::List(Arc::new(Field::new("item", DataType::Utf8, true)));
                let mut arguments = vec![list];
                arguments.resize(given.len(), DataType::Utf8);
                Ok(Typing { arguments, result: DataType::Utf8 })
            }
            _ => Err("it takes an array of STRING and a separator".to_owned()),
        },
        join
    ),
];

pub(crate) fn wrong(given: &DataType) -> Error {
    Error::Internal(format!("{given} where another type was due"))
}

fn list_of(element: DataType) -> DataType {
    DataType::List(Arc::new(Field::new("item", element, true)))
}

/// Arrays of one element type.
fn arrays(given: &[DataType], least: usize, most: usize) -> Result<Typing, String> {
    let elements = given.iter().map(|given| match given {
        DataType::List(element) => Ok(element.data_type().clone()),
        DataType::Null => Ok(DataType::Null),
        other => Err(format!("{} stands where an array is due", type_name(other))),
    });
    let elements = elements.collect::<Result<Vec<_>, _>>()?;
    if elements.len() < least || elements.len() > most {
        return Err(format!("it takes {least} array{}", if least == 1 { "" } else { "s" }));
    }
    let list = list_of(unite_all(&elements)?);
    Ok(Typing { arguments: vec![list.clone(); given.len()], result: list })
}

fn array_and_element(given: &[DataType]) -> Result<Typing, String> {
    match given {
        [DataType::List(list), element] => {
            let element = unite_all(&[list.data_type().clone(), element.clone()])?;
            let list = list_of(element.clone());
            Ok(Typing { arguments: vec![list.clone(), element], result: list })
        }
        _ => Err("it takes an array and an element".to_owned()),
    }
}

fn element_of(given: &[DataType]) -> Result<Typing, String> {
    let typing = arrays(given, 1, 1)?;
    match &typing.result {
        DataType::List(element) => Ok(Typing { result: element.data_type().clone(), ..typing }),
        other => Err(format!("{} stands where an array is due", type_name(other))),
    }
}

fn slice_typing(given: &[DataType]) -> Result<Typing, String> {
    let rest = given.get(1..).unwrap_or_default();
    if !matches!(rest.len(), 1 | 2) || rest.iter().any(|t| !t.is_integer() && !t.is_null()) {
        return Err("it takes an array and one or two positions".to_owned());
    }
    with_more(arrays(&given[..1], 1, 1)?, DataType::Int32, rest.len())
}

fn sort_typing(given: &[DataType]) -> Result<Typing, String> {
    let rest = given.get(1..).unwrap_or_default();
    if rest.len() > 2 || rest.iter().any(|t| !matches!(t, DataType::Boolean | DataType::Null)) {
        return Err("it takes an array and up to two booleans".to_owned());
    }
    let first = &given[..given.len().min(1)];
    with_more(arrays(first, 1, 1)?, DataType::Boolean, rest.len())
}

fn with_more(mut typing: Typing, more: DataType, count: usize) -> Result<Typing, String> {
    typing.arguments.extend(std::iter::repeat_n(more, count));
    Ok(typing)
}

/// The arrays of a call, and elements as arrays of one: all elements behind one another.
struct Lists {
    elements: ArrayRef,
    /// The elements in row format.
    rows: Rows,
    /// For each argument where its elements start, and where those of each row do among them.
    arguments: Vec<(usize, Option<OffsetBuffer<i32>>)>,
    nulls: Option<NullBuffer>,
}

impl Lists {
    /// Of all arguments that are arrays or elements.
    fn of(call: &Call<'_>) -> Result<Self> {
        Self::of_first(call, call.arguments.len())
    }

    fn of_first(call: &Call<'_>, count: usize) -> Result<Self> {
        let (mut parts, mut arguments) = (Vec::<ArrayRef>::new(), Vec::new());
        let (mut start, mut nulls) = (0, None);
        let is_array = matches!(call.arguments[0].data_type(), DataType::List(_));
        let DataType::List(element) = call.arguments[0].data_type() else {
            return Err(wrong(call.arguments[0].data_type()));
        };
        for (argument, given) in call.arguments[..count].iter().enumerate() {
            let one = argument > 0 && is_array && given.data_type() == element.data_type();
            if one {
                arguments.push((start, None));
                start += given.len();
                parts.push(ArrayRef::clone(given));
                continue;
            }
            let list = given.as_list::<i32>();
            nulls = NullBuffer::union(nulls.as_ref(), list.nulls());
            arguments.push((start, Some(list.offsets().clone())));
            start += list.values().len();
            parts.push(ArrayRef::clone(list.values()));
        }
        let parts: Vec<&dyn Array> = parts.iter().map(AsRef::as_ref).collect();
        let elements = concat(&parts)?;
        // 0.0 and -0.0 are equal.
        let compared = match elements.data_type() {
            DataType::Float64 => {
                let values = elements.as_primitive::<Float64Type>();
                Arc::new(values.unary::<_, Float64Type>(|value| value + 0.0)) as ArrayRef
            }
            DataType::Float32 => {
                let values = elements.as_primitive::<Float32Type>();
                Arc::new(values.unary::<_, Float32Type>(|value| value + 0.0)) as ArrayRef
            }
            _ => ArrayRef::clone(&elements),
        };
        let converter = RowConverter::new(vec![SortField::new(elements.data_type().clone())])?;
        let rows = converter.convert_columns(&[compared])?;
        Ok(Self { elements, rows, arguments, nulls })
    }

    fn valid(&self, row: usize) -> bool {
        self.nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row))
    }

    /// Where the elements of an argument's row stand among all.
    fn positions(&self, argument: usize, row: usize) -> std::ops::Range<usize> {
        match &self.arguments[argument] {
            (start, Some(offsets)) => {
                start + offsets[row] as usize..start + offsets[row + 1] as usize
            }
            (start, None) => start + row..start + row + 1,
        }
    }

    fn row(&self, position: usize) -> &[u8] {
        self.rows.row(position).data()
    }

    /// Arrays of the elements at some positions; NULL where an array is, or there are none.
    fn select(
        &self,
        call: &Call<'_>,
        of: impl Fn(usize) -> Option<Vec<usize>>,
    ) -> Result<ArrayRef> {
        let DataType::List(field) = call.result else { return Err(wrong(call.result)) };
        let (mut chosen, mut lengths, mut valid) = (Vec::new(), Vec::new(), Vec::new());
        for row in 0..call.rows {
            let positions = if self.valid(row) { of(row) } else { None };
            valid.push(positions.is_some());
            let positions = positions.unwrap_or_default();
            lengths.push(positions.len());
            chosen.extend(positions.into_iter().map(|at| at as u32));
        }
        let values = take(&self.elements, &UInt32Array::from(chosen), None)?;
        let (offsets, nulls) = (OffsetBuffer::from_lengths(lengths), NullBuffer::from(valid));
        Ok(Arc::new(ListArray::try_new(Arc::clone(field), offsets, values, Some(nulls))?))
    }

    /// The element at a position, or NULL.
    fn one(
        &self,
        call: &Call<'_>,
        of: impl Fn(usize) -> Result<Option<usize>>,
    ) -> Result<ArrayRef> {
        let chosen = (0..call.rows).map(|row| {
            let position = if self.valid(row) { of(row)? } else { None };
            Ok(position.map(|at| at as u32))
        });
        let chosen = chosen.collect::<Result<UInt32Array>>()?;
        Ok(take(&self.elements, &chosen, None)?)
    }
}

/// The elements of arguments one after the other.
fn joined(call: &Call<'_>, order: &[usize]) -> Result<ArrayRef> {
    let lists = Lists::of(call)?;
    lists.select(call, |row| {
        Some(order.iter().flat_map(|argument| lists.positions(*argument, row)).collect())
    })
}

/// Each element once that is kept, by whether the first and the second array have it.
fn set(call: &Call<'_>, keep: fn(bool, bool) -> bool) -> Result<ArrayRef> {
    let lists = Lists::of(call)?;
    let two = call.arguments.len() == 2;
    lists.select(call, |row| {
        let of = |argument: usize| -> HashSet<&[u8]> {
            lists.positions(argument, row).map(|at| lists.row(at)).collect()
        };
        let (first, second) = (of(0), if two { of(1) } else { HashSet::new() });
        let mut seen = HashSet::new();
        let second_positions = if two { lists.positions(1, row) } else { 0..0 };
        let all = lists.positions(0, row).chain(second_positions);
        let kept = all.filter(|at| {
            let element = lists.row(*at);
            keep(first.contains(element), second.contains(element)) && seen.insert(element)
        });
        Some(kept.collect())
    })
}

fn slice(call: &Call<'_>) -> Result<ArrayRef> {
    let lists = Lists::of_first(call, 1)?;
    let position = |argument: usize, row: usize| {
        let given = call.arguments.get(argument).map(|given| given.as_primitive::<Int32Type>());
        given.map(|given| given.is_valid(row).then(|| i64::from(given.value(row))))
    };
    lists.select(call, |row| {
        let elements = lists.positions(0, row);
        let length = elements.len() as i64;
        let start = position(1, row)??;
        let end = match position(2, row) {
            Some(end) => end?,
            None => length,
        };
        let absolute = |at: i64| if at < 0 { length + at + 1 } else { at };
        // A position of 0 is that of the first element.
        let end = if end == 0 { 1 } else { absolute(end) };
        let (start, end) = (absolute(start).max(1), end.min(length));
        let taken = if start <= end { start - 1..end } else { 0..0 };
        Some(taken.map(|at| elements.start + at as usize).collect())
    })
}

fn sort(call: &Call<'_>) -> Result<ArrayRef> {
    let lists = Lists::of_first(call, 1)?;
    let given: Vec<&BooleanArray> = call.arguments[1..].iter().map(|g| g.as_boolean()).collect();
    lists.select(call, |row| {
        if given.iter().any(|given| given.is_null(row)) {
            return None;
        }
        let ascending = given.first().is_none_or(|given| given.value(row));
        let nulls_first = given.get(1).map_or(ascending, |given| given.value(row));
        let mut positions: Vec<usize> = lists.positions(0, row).collect();
        positions.sort_by(|a, b| {
            let (null_a, null_b) = (lists.elements.is_null(*a), lists.elements.is_null(*b));
            match (null_a, null_b) {
                (false, false) if ascending => lists.row(*a).cmp(lists.row(*b)),
                (false, false) => lists.row(*b).cmp(lists.row(*a)),
                _ if nulls_first => null_b.cmp(&null_a),
                _ => null_a.cmp(&null_b),
            }
        });
        Some(positions)
    })
}

fn extreme(call: &Call<'_>, greatest: bool) -> Result<ArrayRef> {
    let lists = Lists::of(call)?;
    lists.one(call, |row| {
        let present = lists.positions(0, row).filter(|at| lists.elements.is_valid(*at));
        Ok(match greatest {
            true => present.max_by_key(|at| lists.row(*at)),
            false => present.min_by_key(|at| lists.row(*at)),
        })
    })
}

fn join(call: &Call<'_>) -> Result<ArrayRef> {
    let list = call.arguments[0].as_list::<i32>();
    let separators = call.arguments[1].as_string::<i32>();
    let nulls = call.arguments.get(2).map(|nulls| nulls.as_string::<i32>());
    let mut out = StringBuilder::new();
    for row in 0..call.rows {
        let unknown = nulls.is_some_and(|nulls| nulls.is_null(row));
        if list.is_null(row) || separators.is_null(row) || unknown {
            out.append_null();
            continue;
        }
        let elements = list.value(row);
        let texts = elements.as_string::<i32>().iter();
        let texts = texts.filter_map(|text| text.or_else(|| nulls.map(|nulls| nulls.value(row))));
        out.append_value(texts.collect::<Vec<_>>().join(separators.value(row)));
    }
    Ok(Arc::new(out.finish()))
}
