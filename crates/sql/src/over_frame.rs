//! Frames of OVER: which rows around a row count, as text has it and as operators are told.

use arrow::datatypes::{DataType, TimeUnit};
use datafusion_common::ScalarValue;
use datafusion_expr::expr::WindowFunctionParams;
use datafusion_expr::{WindowFrame, WindowFrameBound, WindowFrameUnits};
use millstream_plan::{Frame, Span, SpanUnit};

use crate::diagnostics::{Result, SqlError};

/// The functions that go by the order of rows, and not only by a frame.
const IN_ORDER: [&str; 10] = [
    "ROW_NUMBER",
    "RANK",
    "DENSE_RANK",
    "LAG",
    "LEAD",
    "NTILE",
    "PERCENT_RANK",
    "CUME_DIST",
    "FIRST_VALUE",
    "LAST_VALUE",
];

/// Whether a bound is the row itself: CURRENT ROW, or no distance from it.
fn is_here(bound: &WindowFrameBound) -> bool {
    match bound {
        WindowFrameBound::CurrentRow => true,
        WindowFrameBound::Preceding(value) | WindowFrameBound::Following(value) => {
            let zero = ScalarValue::new_zero(&value.data_type());
            !value.is_null() && zero.is_ok_and(|zero| *value == zero)
        }
    }
}

fn is_unbounded(bound: &WindowFrameBound) -> bool {
    match bound {
        WindowFrameBound::CurrentRow => false,
        WindowFrameBound::Preceding(value) | WindowFrameBound::Following(value) => value.is_null(),
    }
}

/// Whether a value depends on rows behind its row, or not on the row itself.
pub(crate) fn looks_ahead(name: &str, params: &WindowFunctionParams) -> bool {
    match name {
        "LEAD" | "NTILE" | "PERCENT_RANK" | "CUME_DIST" => true,
        "LAG" | "ROW_NUMBER" | "RANK" | "DENSE_RANK" => false,
        _ => !is_here(&params.window_frame.end_bound),
    }
}

/// # Errors
/// When a function that goes by the order of rows has none.
pub(crate) fn needs_order(name: &str, params: &WindowFunctionParams) -> Result<()> {
    if !params.order_by.is_empty() || !IN_ORDER.contains(&name) {
        return Ok(());
    }
    Err(SqlError::new(format!("{name} with OVER needs an ORDER BY"))
        .hint(format!("write {name}(…) OVER (PARTITION BY key ORDER BY column)"))
        .about(name))
}

fn no_rows(value: &ScalarValue) -> SqlError {
    SqlError::new(format!("ROWS takes a number of rows, not {value}")).about("OVER")
}

fn rows(value: &ScalarValue) -> Result<u64> {
    match value.cast_to(&DataType::Int64) {
        Ok(ScalarValue::Int64(Some(rows))) => u64::try_from(rows).map_err(|_| no_rows(value)),
        _ => Err(no_rows(value)),
    }
}

/// The rows before a row that count, in the order of time.
///
/// # Errors
/// When the frame has bounds that time does not have.
pub(crate) fn frame(name: &str, params: &WindowFunctionParams) -> Result<Frame> {
    let frame = &params.window_frame;
    match name {
        "LAG" => return Ok(Frame::Range(None)),
        "ROW_NUMBER" | "RANK" | "DENSE_RANK" => return Ok(Frame::Rows(None)),
        _ => {}
    }
    let back = match &frame.start_bound {
        bound if is_here(bound) => Some(ScalarValue::UInt64(Some(0))),
        WindowFrameBound::Preceding(value) => Some(value.clone()).filter(|value| !value.is_null()),
        WindowFrameBound::CurrentRow | WindowFrameBound::Following(_) => {
            return Err(backwards());
        }
    };
    match frame.units {
        WindowFrameUnits::Rows => Ok(Frame::Rows(back.as_ref().map(rows).transpose()?)),
        WindowFrameUnits::Range => match back {
            None => Ok(Frame::Range(None)),
            Some(ScalarValue::UInt64(Some(0))) => Ok(Frame::Range(Some(0))),
            Some(value) => match interval_ms(&value) {
                Some(ms) if ms >= 0 => Ok(Frame::Range(Some(ms))),
                _ => Err(SqlError::new(
                    "RANGE takes an interval of days to seconds before the current row",
                )
                .hint("write RANGE BETWEEN INTERVAL '1' HOUR PRECEDING AND CURRENT ROW")
                .about("OVER")),
            },
        },
        WindowFrameUnits::Groups if back.is_none() => Ok(Frame::Range(None)),
        WindowFrameUnits::Groups => Err(SqlError::unsupported("GROUPS in OVER").about("OVER")),
    }
}

fn backwards() -> SqlError {
    SqlError::new("this frame ends before it begins")
        .hint("write the earlier bound first, as in ROWS BETWEEN 2 PRECEDING AND 1 PRECEDING")
        .about("OVER")
}

/// The rows around a row that count, in an order of values: of one column, its type is given.
///
/// # Errors
/// When the function needs an order and there is none, or a distance is none in that order.
pub(crate) fn span(
    name: &str,
    params: &WindowFunctionParams,
    order: Option<&DataType>,
) -> Result<Span> {
    needs_order(name, params)?;
    if ["LAG", "ROW_NUMBER", "RANK", "DENSE_RANK"].contains(&name) {
        return Ok(Span::ROWS_BEFORE);
    }
    let frame = &params.window_frame;
    let unit = unit(frame);
    let distance = |value: &ScalarValue| match unit {
        SpanUnit::Values => distance(value, order),
        SpanUnit::Rows | SpanUnit::Peers => rows(value).map(i128::from),
    };
    let bound = |bound: &WindowFrameBound| match bound {
        bound if is_unbounded(bound) => Ok(None),
        WindowFrameBound::Preceding(value) if !is_here(bound) => {
            distance(value).map(|rows| Some(-rows))
        }
        WindowFrameBound::Following(value) if !is_here(bound) => distance(value).map(Some),
        _ => Ok(Some(0)),
    };
    let span = Span { unit, from: bound(&frame.start_bound)?, to: bound(&frame.end_bound)? };
    match (span.from, span.to) {
        (Some(from), Some(to)) if from > to => Err(backwards()),
        _ => Ok(span),
    }
}

fn unit(frame: &WindowFrame) -> SpanUnit {
    let is_distance = |bound| !is_here(bound) && !is_unbounded(bound);
    match frame.units {
        WindowFrameUnits::Rows => SpanUnit::Rows,
        WindowFrameUnits::Range
            if is_distance(&frame.start_bound) || is_distance(&frame.end_bound) =>
        {
            SpanUnit::Values
        }
        WindowFrameUnits::Range | WindowFrameUnits::Groups => SpanUnit::Peers,
    }
}

/// A distance between two values of a type, in its least digits or units.
fn distance(value: &ScalarValue, order: Option<&DataType>) -> Result<i128> {
    let wrong = |due: &str| {
        SqlError::new(format!("RANGE takes {due} as a distance in this order, not {value}"))
            .about("OVER")
    };
    let Some(order) = order else {
        return Err(SqlError::new("RANGE with a distance takes an ORDER BY of one column")
            .hint("use ROWS, or order by one number or time")
            .about("OVER"));
    };
    let in_units = |units: fn(i64) -> Option<i128>| match interval_ms(value) {
        Some(ms) if ms >= 0 => units(ms).ok_or_else(|| wrong("whole days")),
        _ => Err(wrong("an interval of days to seconds")),
    };
    match order {
        DataType::Date32 => {
            in_units(|ms| (ms % 86_400_000 == 0).then_some(i128::from(ms / 86_400_000)))
        }
        DataType::Timestamp(TimeUnit::Second, _) | DataType::Time32(TimeUnit::Second) => {
            in_units(|ms| Some(i128::from(ms / 1_000)))
        }
        DataType::Timestamp(TimeUnit::Millisecond, _) | DataType::Time32(_) => {
            in_units(|ms| Some(i128::from(ms)))
        }
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            in_units(|ms| Some(i128::from(ms) * 1_000))
        }
        DataType::Timestamp(TimeUnit::Nanosecond, _) => {
            in_units(|ms| Some(i128::from(ms) * 1_000_000))
        }
        DataType::Decimal128(_, scale) => match value.cast_to(&DataType::Decimal128(38, *scale)) {
            Ok(ScalarValue::Decimal128(Some(value), ..)) if value >= 0 => Ok(value),
            _ => Err(wrong("a number of 0 or more")),
        },
        order if order.is_integer() => match value.cast_to(&DataType::Int64) {
            Ok(ScalarValue::Int64(Some(value))) if value >= 0 => Ok(i128::from(value)),
            _ => Err(wrong("an integer of 0 or more")),
        },
        _ => Err(SqlError::unsupported("RANGE with a distance in an order of values like these")
            .hint("use ROWS, or order by an integer, a DECIMAL or a time")
            .about("OVER")),
    }
}

fn interval_ms(value: &ScalarValue) -> Option<i64> {
    match value {
        ScalarValue::IntervalMonthDayNano(Some(interval)) if interval.months == 0 => {
            Some(i64::from(interval.days) * 86_400_000 + interval.nanoseconds / 1_000_000)
        }
        ScalarValue::Utf8(Some(text)) => {
            text.strip_suffix(" MILLISECOND").and_then(|text| text.trim().parse().ok())
        }
        _ => None,
    }
}
