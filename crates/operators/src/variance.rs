//! STDDEV_POP, STDDEV_SAMP, VAR_POP and VAR_SAMP.
//!
//! They follow from count, mean and the sum of squared differences from the mean (Welford, 1962; two groups
//! are put together as in Chan, Golub and LeVeque, 1979), in DOUBLE whatever the type, as in Flink.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Float64Array, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type};
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
        // The shortest digits of a DOUBLE are those of the decimal.
        if let DataType::Decimal128(..) = self.result {
            let texts: StringArray =
                values.iter().map(|value| value.map(|value| value.to_string())).collect();
            return Ok(cast(&texts, &self.result)?);
        }
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
    if !argument.is_numeric() {
        return Err(Error::Internal(format!("a variance of {argument}")));
    }
    Ok(Groups::of(Variance { result: result.clone(), sample, root }))
}
