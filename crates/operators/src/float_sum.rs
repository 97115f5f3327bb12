//! SUM and AVG of floating point numbers where rows are also taken back: a number that comes and goes again
//! leaves nothing of its rounding behind.
//!
//! A sum is kept exactly, as parts that do not overlap (Shewchuk, "Adaptive Precision Floating-Point
//! Arithmetic", 1997), of which there are one to three for most data; what is no finite number is counted
//! apart. It is rounded once, when it is asked for.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Float64Array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type};
use millstream_types::Result;

use crate::aggregate::{Aggregate, Groups, GroupsAggregate};

/// The state of a sum, or of a mean.
pub fn float_sum(result: &DataType, mean: bool) -> Box<dyn GroupsAggregate> {
    Groups::of(FloatSum { result: result.clone(), mean })
}

struct FloatSum {
    result: DataType,
    mean: bool,
}

/// What is known of one group.
#[derive(Clone, Default)]
struct Exact {
    /// The parts of the sum, the smallest first.
    parts: Vec<f64>,
    count: i64,
    /// How many there are of NaN, infinity and its negative.
    nan: i64,
    infinite: [i64; 2],
}

impl Exact {
    fn add(&mut self, value: f64) {
        let (mut carried, mut kept) = (value, 0);
        for at in 0..self.parts.len() {
            let part = self.parts[at];
            let (large, small) =
                if carried.abs() < part.abs() { (part, carried) } else { (carried, part) };
            let sum = large + small;
            let error = small - (sum - large);
            if error != 0.0 {
                self.parts[kept] = error;
                kept += 1;
            }
            carried = sum;
        }
        self.parts.truncate(kept);
        if carried != 0.0 {
            self.parts.push(carried);
        }
    }

    /// The sum of the parts, rounded to the nearest number; ties to the even one.
    fn finite(&self) -> f64 {
        let mut parts = self.parts.iter().rev().copied();
        let (mut sum, mut error) = (parts.next().unwrap_or(0.0), 0.0);
        for part in parts.by_ref() {
            let before = sum;
            sum = before + part;
            error = part - (sum - before);
            if error != 0.0 {
                break;
            }
        }
        // What is left decides where the error lies in the middle.
        if let Some(next) = parts.next()
            && ((error < 0.0 && next < 0.0) || (error > 0.0 && next > 0.0))
        {
            let twice = error * 2.0;
            let rounded = sum + twice;
            if twice == rounded - sum {
                return rounded;
            }
        }
        sum
    }

    fn take(&mut self, value: f64, weight: i64) {
        self.count += weight;
        if value.is_nan() {
            self.nan += weight;
        } else if value.is_infinite() {
            self.infinite[usize::from(value < 0.0)] += weight;
        } else {
            // Each copy for itself: a product would be rounded.
            (0..weight.unsigned_abs()).for_each(|_| self.add(value * weight.signum() as f64));
        }
    }

    fn sum(&self) -> f64 {
        match (self.nan, self.infinite) {
            (0, [0, 0]) => self.finite(),
            (0, [_, 0]) => f64::INFINITY,
            (0, [0, _]) => f64::NEG_INFINITY,
            _ => f64::NAN,
        }
    }
}

impl Aggregate for FloatSum {
    type State = Exact;
    type Input = Float64Array;
    type Value = Option<f64>;

    fn input(&self, arguments: &[ArrayRef]) -> Result<Float64Array> {
        Ok(cast(&arguments[0], &DataType::Float64)?.as_primitive::<Float64Type>().clone())
    }

    fn add(&self, state: &mut Exact, from: &Float64Array, row: usize, weight: i64, _: u64) {
        state.take(from.value(row), weight);
    }

    fn merge(&self, into: &mut Exact, from: &Exact) -> Result<()> {
        from.parts.iter().for_each(|part| into.add(*part));
        into.count += from.count;
        into.nan += from.nan;
        into.infinite = [0, 1].map(|sign| into.infinite[sign] + from.infinite[sign]);
        Ok(())
    }

    fn value(&self, state: &Exact) -> Option<f64> {
        let divisor = if self.mean { state.count as f64 } else { 1.0 };
        (state.count != 0).then(|| state.sum() / divisor)
    }

    fn heap(&self, state: &Exact) -> usize {
        state.parts.capacity() * size_of::<f64>()
    }

    fn column(&self, values: Vec<Option<f64>>) -> Result<ArrayRef> {
        let values: ArrayRef = Arc::new(Float64Array::from(values));
        Ok(if *values.data_type() == self.result { values } else { cast(&values, &self.result)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_and_goes_leaves_nothing() {
        let mut state = Exact::default();
        state.take(0.1, 1);
        for value in [1e16, 0.2, f64::NAN, f64::INFINITY, 1e-300, -7.5] {
            state.take(value, 2);
        }
        for value in [f64::INFINITY, -7.5, 0.2, 1e16, 1e-300, f64::NAN] {
            state.take(value, -2);
        }
        assert_eq!(state.sum(), 0.1);
    }
}
