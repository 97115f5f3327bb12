//! STDDEV_POP, STDDEV_SAMP, VAR_POP and VAR_SAMP.
//!
//! They follow from three sums, as in Flink: (Σx² − (Σx)² / n) / n, or / (n − 1) for a sample.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Float64Array, Int64Array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, Int64Type};
use millstream_types::{Error, Result};

use crate::aggregate::{Aggregate, Groups, GroupsAggregate};

/// The sums of one group.
#[derive(Debug, Clone, Copy, Default)]
struct Sums<N> {
    squares: N,
    values: N,
    count: i64,
}

/// Over integers, in integers: sums wrap and quotients are cut off.
struct OfIntegers {
    result: DataType,
    sample: bool,
    root: bool,
}

impl Aggregate for OfIntegers {
    type State = Sums<i64>;
    type Input = Int64Array;
    type Value = Option<i64>;

    fn input(&self, arguments: &[ArrayRef]) -> Result<Int64Array> {
        Ok(cast(&arguments[0], &DataType::Int64)?.as_primitive::<Int64Type>().clone())
    }

    fn add(&self, state: &mut Sums<i64>, from: &Int64Array, row: usize, weight: i64, _: u64) {
        let value = from.value(row);
        let square = value.wrapping_mul(value);
        state.squares = state.squares.wrapping_add(square.wrapping_mul(weight));
        state.values = state.values.wrapping_add(value.wrapping_mul(weight));
        state.count += weight;
    }

    fn merge(&self, into: &mut Sums<i64>, from: &Sums<i64>) -> Result<()> {
        into.squares = into.squares.wrapping_add(from.squares);
        into.values = into.values.wrapping_add(from.values);
        into.count += from.count;
        Ok(())
    }

    fn value(&self, sums: &Sums<i64>) -> Option<i64> {
        let divisor = sums.count - i64::from(self.sample);
        if sums.count == 0 || divisor == 0 {
            return None;
        }
        let mean = sums.values.wrapping_mul(sums.values).wrapping_div(sums.count);
        let variance = sums.squares.wrapping_sub(mean).wrapping_div(divisor);
        Some(if self.root { (variance as f64).sqrt() as i64 } else { variance })
    }

    fn column(&self, values: Vec<Option<i64>>) -> Result<ArrayRef> {
        Ok(cast(&Int64Array::from(values), &self.result)?)
    }
}

/// Over numbers with a fraction, in DOUBLE.
struct OfDoubles {
    result: DataType,
    sample: bool,
    root: bool,
}

impl Aggregate for OfDoubles {
    type State = Sums<f64>;
    type Input = Float64Array;
    type Value = Option<f64>;

    fn input(&self, arguments: &[ArrayRef]) -> Result<Float64Array> {
        Ok(cast(&arguments[0], &DataType::Float64)?.as_primitive::<Float64Type>().clone())
    }

    fn add(&self, state: &mut Sums<f64>, from: &Float64Array, row: usize, weight: i64, _: u64) {
        let value = from.value(row);
        state.squares += value * value * weight as f64;
        state.values += value * weight as f64;
        state.count += weight;
    }

    fn merge(&self, into: &mut Sums<f64>, from: &Sums<f64>) -> Result<()> {
        into.squares += from.squares;
        into.values += from.values;
        into.count += from.count;
        Ok(())
    }

    fn value(&self, sums: &Sums<f64>) -> Option<f64> {
        let divisor = sums.count - i64::from(self.sample);
        if sums.count == 0 || divisor == 0 {
            return None;
        }
        let mean = sums.values * sums.values / sums.count as f64;
        let variance = (sums.squares - mean) / divisor as f64;
        Some(if self.root { variance.sqrt() } else { variance })
    }

    fn column(&self, values: Vec<Option<f64>>) -> Result<ArrayRef> {
        let values: ArrayRef = Arc::new(Float64Array::from(values));
        Ok(cast(&values, &self.result)?)
    }
}

/// The state of a variance, or of its root, the standard deviation.
///
/// # Errors
/// For types that are no numbers.
pub fn variance(
    argument: &DataType,
    result: &DataType,
    sample: bool,
    root: bool,
) -> Result<Box<dyn GroupsAggregate>> {
    let result = result.clone();
    Ok(match argument {
        integer if integer.is_integer() => Groups::of(OfIntegers { result, sample, root }),
        number if number.is_numeric() => Groups::of(OfDoubles { result, sample, root }),
        other => return Err(Error::Internal(format!("a variance of {other}"))),
    })
}
