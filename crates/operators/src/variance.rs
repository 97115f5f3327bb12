//! STDDEV_POP, STDDEV_SAMP, VAR_POP and VAR_SAMP.
//!
//! They follow from count, mean and the sum of squared differences from the mean (Welford, 1962; two groups
//! are put together as in Chan, Golub and LeVeque, 1979), in DOUBLE whatever the type, as in Flink.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Float64Array, Int64Array, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, i256};
use millstream_types::{Error, Result};

use crate::aggregate::{Aggregate, Groups, GroupsAggregate};

/// What is known of one group.
#[derive(Debug, Clone, Copy, Default)]
struct Moments {
    count: f64,
    mean: f64,
    squares: f64,
}

struct Variance {
    result: DataType,
    sample: bool,
    root: bool,
}

impl Aggregate for Variance {
    type State = Moments;
    type Input = Float64Array;
    type Value = Option<f64>;

    fn input(&self, arguments: &[ArrayRef]) -> Result<Float64Array> {
        Ok(cast(&arguments[0], &DataType::Float64)?.as_primitive::<Float64Type>().clone())
    }

    fn add(&self, state: &mut Moments, from: &Float64Array, row: usize, weight: i64, _: u64) {
        let value = from.value(row);
        for _ in 0..weight {
            let before = value - state.mean;
            state.count += 1.0;
            state.mean += before / state.count;
            state.squares += before * (value - state.mean);
        }
        for _ in weight..0 {
            let before = value - state.mean;
            state.count -= 1.0;
            if state.count <= 0.0 {
                *state = Moments { count: state.count, ..Moments::default() };
                continue;
            }
            state.mean -= before / state.count;
            state.squares -= before * (value - state.mean);
        }
    }

    fn merge(&self, into: &mut Moments, from: &Moments) -> Result<()> {
        if into.count == 0.0 {
            *into = *from;
        } else if from.count != 0.0 {
            let count = into.count + from.count;
            let apart = from.mean - into.mean;
            into.squares += from.squares + apart * apart * into.count * from.count / count;
            into.mean += apart * from.count / count;
            into.count = count;
        }
        Ok(())
    }

    fn value(&self, state: &Moments) -> Option<f64> {
        let divisor = if self.sample { state.count - 1.0 } else { state.count };
        if state.count <= 0.0 || divisor == 0.0 {
            return None;
        }
        let variance = state.squares / divisor;
        Some(if self.root { variance.sqrt() } else { variance })
    }

    fn column(&self, values: Vec<Option<f64>>) -> Result<ArrayRef> {
        in_type(values, &self.result)
    }
}

/// Variances as values of a type.
///
/// # Errors
/// When they do not fit it.
pub fn in_type(values: Vec<Option<f64>>, result: &DataType) -> Result<ArrayRef> {
    // The shortest digits of a DOUBLE are those of the decimal.
    if let DataType::Decimal128(..) = result {
        let texts: StringArray =
            values.iter().map(|value| value.map(|value| value.to_string())).collect();
        return Ok(cast(&texts, result)?);
    }
    // As Java narrows: what is too large is the largest INT or BIGINT, of which the low bits are kept.
    let values = match result {
        DataType::Int64 => {
            let whole = values.into_iter().map(|value| value.map(|value| value as i64));
            return Ok(Arc::new(whole.collect::<Int64Array>()));
        }
        DataType::Int32 => values.into_iter().map(|v| v.map(|v| f64::from(v as i32))).collect(),
        DataType::Int16 => {
            values.into_iter().map(|v| v.map(|v| f64::from(v as i32 as i16))).collect()
        }
        DataType::Int8 => {
            values.into_iter().map(|v| v.map(|v| f64::from(v as i32 as i8))).collect()
        }
        _ => values,
    };
    let values: ArrayRef = Arc::new(Float64Array::from(values));
    Ok(cast(&values, result)?)
}

/// The variance of values and how many copies there are of each, in whatever order they came.
pub fn variance_of(values: &[(f64, i64)], sample: bool) -> Option<f64> {
    let count: i64 = values.iter().map(|(_, copies)| copies).sum();
    let divisor = if sample { count - 1 } else { count };
    if divisor <= 0 {
        return None;
    }
    let whole = |value: f64| value.fract() == 0.0 && value.abs() < 9e18;
    if values.iter().all(|(value, _)| whole(*value)) {
        // Of whole numbers it is exact but for the last division.
        let wide = |value: i128| i256::from_i128(value);
        let (mut sum, mut squares) = (i256::ZERO, i256::ZERO);
        for (value, copies) in values {
            let (value, copies) = (wide(*value as i128), wide(i128::from(*copies)));
            sum = sum.wrapping_add(value.wrapping_mul(copies));
            squares = squares.wrapping_add(value.wrapping_mul(value).wrapping_mul(copies));
        }
        let count = wide(i128::from(count));
        let over = squares.wrapping_mul(count).wrapping_sub(sum.wrapping_mul(sum));
        // Its decimal digits are read as the nearest number.
        let over: f64 = over.to_string().parse().ok()?;
        return Some(over / values.iter().map(|(_, n)| n).sum::<i64>() as f64 / divisor as f64);
    }
    let count = count as f64;
    let mean = values.iter().map(|(value, copies)| value * *copies as f64).sum::<f64>() / count;
    let square = |(value, copies): &(f64, i64)| (value - mean).powi(2) * *copies as f64;
    Some(values.iter().map(square).sum::<f64>() / divisor as f64)
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
    if !argument.is_numeric() {
        return Err(Error::Internal(format!("a variance of {argument}")));
    }
    Ok(Groups::of(Variance { result: result.clone(), sample, root }))
}
