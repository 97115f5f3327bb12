//! [`TimeShift`]: a point in time plus or minus a constant interval of days and smaller units, as plain whole
//! numbers. The kernels below go through a calendar for each value, which only months need.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, ArrowPrimitiveType, AsArray, PrimitiveArray, RecordBatch};
use arrow::datatypes::{
    DataType, IntervalMonthDayNano, Schema, TimeUnit, TimestampMicrosecondType,
    TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType,
};
use arrow::error::ArrowError;
use datafusion_common::tree_node::{Transformed, TreeNode};
use datafusion_common::{Result as DfResult, ScalarValue};
use datafusion_expr::{ColumnarValue, Operator};
use datafusion_physical_expr::PhysicalExpr;
use datafusion_physical_expr::expressions::{BinaryExpr, Literal};
use millstream_types::sql_type::{LTZ_ZONE, units_per_second};

/// A point in time, moved by a number of its own units.
#[derive(Debug, Clone, Eq)]
pub(crate) struct TimeShift {
    time: Arc<dyn PhysicalExpr>,
    by: i64,
    /// What it was written as.
    text: String,
}

impl TimeShift {
    /// What is moved.
    pub(crate) fn time(&self) -> &Arc<dyn PhysicalExpr> {
        &self.time
    }

    /// By how many units.
    pub(crate) fn by(&self) -> i64 {
        self.by
    }
}

// Derived, these would compare pointers to traits, which they cannot.
impl PartialEq for TimeShift {
    fn eq(&self, other: &Self) -> bool {
        self.by == other.by && self.time.eq(&other.time)
    }
}

impl Hash for TimeShift {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.time.hash(state);
        self.by.hash(state);
    }
}

/// An expression in which points in time are moved by adding numbers.
///
/// # Errors
/// When it cannot be rebuilt.
pub fn times_shifted(
    expr: Arc<dyn PhysicalExpr>,
    schema: &Schema,
) -> DfResult<Arc<dyn PhysicalExpr>> {
    let shifted = expr.transform_up(|node| {
        let Some(binary) = node.downcast_ref::<BinaryExpr>() else {
            return Ok(Transformed::no(node));
        };
        let sign = match binary.op() {
            Operator::Plus => 1,
            Operator::Minus => -1,
            _ => return Ok(Transformed::no(node)),
        };
        let by = binary.right().downcast_ref::<Literal>().map(Literal::value);
        let (Some(ScalarValue::IntervalMonthDayNano(Some(interval))), time) = (by, binary.left())
        else {
            return Ok(Transformed::no(node));
        };
        let Some(by) = units(*interval, &time.data_type(schema)?) else {
            return Ok(Transformed::no(node));
        };
        let (time, text) = (Arc::clone(time), binary.to_string());
        Ok(Transformed::yes(Arc::new(TimeShift { time, by: sign * by, text }) as _))
    })?;
    Ok(shifted.data)
}

/// An interval in units of a type, if it is a whole number of them and the calendar does not matter.
fn units(interval: IntervalMonthDayNano, of: &DataType) -> Option<i64> {
    let DataType::Timestamp(unit, zone) = of else { return None };
    let plain = zone.as_deref().is_none_or(|zone| zone == LTZ_ZONE);
    if interval.months != 0 || !plain {
        return None;
    }
    let per_second = units_per_second(unit);
    let nanos_each = 1_000_000_000 / per_second;
    if interval.nanoseconds % nanos_each != 0 {
        return None;
    }
    let days = i64::from(interval.days).checked_mul(86_400)?.checked_mul(per_second)?;
    days.checked_add(interval.nanoseconds / nanos_each)
}

impl fmt::Display for TimeShift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn shifted<T: ArrowPrimitiveType<Native = i64>>(
    times: &PrimitiveArray<T>,
    by: i64,
) -> Result<ArrayRef, ArrowError> {
    let moved = times.unary::<_, T>(|time| time.wrapping_add(by));
    let overflows = |time: &i64| time.checked_add(by).is_none();
    // What stands in the place of NULL may overflow.
    if times.values().iter().any(overflows) && times.iter().flatten().any(|time| overflows(&time)) {
        return Err(ArrowError::ArithmeticOverflow("a point in time is out of range".to_owned()));
    }
    Ok(Arc::new(moved.with_data_type(times.data_type().clone())))
}

impl PhysicalExpr for TimeShift {
    fn data_type(&self, schema: &Schema) -> DfResult<DataType> {
        self.time.data_type(schema)
    }

    fn nullable(&self, schema: &Schema) -> DfResult<bool> {
        self.time.nullable(schema)
    }

    fn evaluate(&self, batch: &RecordBatch) -> DfResult<ColumnarValue> {
        let times = self.time.evaluate(batch)?.into_array(batch.num_rows())?;
        let moved = match times.data_type() {
            DataType::Timestamp(TimeUnit::Second, _) => {
                shifted(times.as_primitive::<TimestampSecondType>(), self.by)
            }
            DataType::Timestamp(TimeUnit::Millisecond, _) => {
                shifted(times.as_primitive::<TimestampMillisecondType>(), self.by)
            }
            DataType::Timestamp(TimeUnit::Microsecond, _) => {
                shifted(times.as_primitive::<TimestampMicrosecondType>(), self.by)
            }
            _ => shifted(times.as_primitive::<TimestampNanosecondType>(), self.by),
        };
        Ok(ColumnarValue::Array(moved?))
    }

    fn children(&self) -> Vec<&Arc<dyn PhysicalExpr>> {
        vec![&self.time]
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn PhysicalExpr>>,
    ) -> DfResult<Arc<dyn PhysicalExpr>> {
        let Some(time) = children.into_iter().next() else { return Ok(self) };
        Ok(Arc::new(Self { time, by: self.by, text: self.text.clone() }))
    }

    fn fmt_sql(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
