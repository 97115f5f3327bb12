//! SUM and AVG of floating point numbers where rows are also taken back: a number that comes and goes again
//! leaves nothing of its rounding behind.
//!
//! A sum is kept exactly, as parts that do not overlap (Shewchuk, "Adaptive Precision Floating-Point
//! Arithmetic", 1997), of which there are one to three for most data. It is rounded once, when it is asked
//! for; one that is out of range is infinite. What is no finite number is counted apart, and numbers that
//! are so large that a sum of them may be out of range are kept apart, scaled down.

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

/// A sum as parts that do not overlap, the smallest first.
#[derive(Clone, Default)]
struct Parts(Vec<f64>);

impl Parts {
    fn add(&mut self, value: f64) {
        let (mut carried, mut kept) = (value, 0);
        for at in 0..self.0.len() {
            let part = self.0[at];
            let (large, small) =
                if carried.abs() < part.abs() { (part, carried) } else { (carried, part) };
            let sum = large + small;
            let error = small - (sum - large);
            if error != 0.0 {
                self.0[kept] = error;
                kept += 1;
            }
            carried = sum;
        }
        self.0.truncate(kept);
        if carried != 0.0 {
            self.0.push(carried);
        }
    }

    /// The sum of the parts, rounded to the nearest number; ties to the even one.
    fn rounded(&self) -> f64 {
        let mut parts = self.0.iter().rev().copied();
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
}

/// From here on numbers are large: fewer than 2^63 that are not add up to a finite one.
const LARGE: f64 = f64::from_bits((1023 + 960) << 52);

/// What large numbers are scaled by, 2^-128.
const SCALE: f64 = f64::from_bits((1023 - 128) << 52);

/// Numbers below it, 2^-800, may lose digits when they are scaled.
const SMALL: f64 = f64::from_bits((1023 - 800) << 52);

/// Less than the last digit of any other number that is scaled: 2^-1000.
const TRACE: f64 = f64::from_bits((1023 - 1000) << 52);

/// What is known of one group.
#[derive(Clone, Default)]
struct Exact {
    sum: Parts,
    /// The sum of the large numbers, scaled, while it is not zero.
    large: Option<Box<Parts>>,
    count: i64,
    /// How many there are of NaN, infinity and its negative.
    nan: i64,
    infinite: [i64; 2],
}

impl Exact {
    fn add(&mut self, value: f64) {
        match value.abs() < LARGE {
            true => self.sum.add(value),
            false => self.add_large(value * SCALE),
        }
    }

    fn add_large(&mut self, scaled: f64) {
        let large = self.large.get_or_insert_default();
        large.add(scaled);
        if large.0.is_empty() {
            self.large = None;
        }
    }

    fn finite(&self) -> f64 {
        let Some(large) = &self.large else { return self.sum.rounded() };
        let mut all = large.as_ref().clone();
        let mut small = Parts::default();
        for part in &self.sum.0 {
            match part.abs() < SMALL {
                true => small.0.push(*part),
                false => all.add(part * SCALE),
            }
        }
        if all.0.is_empty() {
            return small.rounded();
        }
        // Of what is so small that no digit of it is seen, the sign may matter.
        if let Some(greatest) = small.0.last() {
            all.add(TRACE.copysign(*greatest));
        }
        all.rounded() / SCALE
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
        from.sum.0.iter().for_each(|part| into.sum.add(*part));
        from.large.iter().flat_map(|large| &large.0).for_each(|part| into.add_large(*part));
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
        let large = |parts: &Parts| size_of::<Parts>() + parts.0.capacity() * size_of::<f64>();
        state.sum.0.capacity() * size_of::<f64>() + state.large.as_deref().map_or(0, large)
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

    /// The sum of some numbers.
    fn sum(values: &[f64]) -> f64 {
        let mut state = Exact::default();
        values.iter().for_each(|value| state.take(*value, 1));
        state.sum()
    }

    #[test]
    fn a_sum_may_be_out_of_range_for_a_while() {
        assert_eq!(sum(&[1.7e308, 1.7e308]), f64::INFINITY);
        assert_eq!(sum(&[-1.7e308, -1.7e308, 5.0]), f64::NEG_INFINITY);
        assert_eq!(sum(&[1.7e308, 1.7e308, 0.1, -1.7e308, -1.7e308]), 0.1);
        assert_eq!(sum(&[1.7e308, 1.7e308, 5e-324, -1.7e308, -1.7e308]), 5e-324);
        assert_eq!(sum(&[1.7e308, 1.7e308, -1.7e308]), 1.7e308);
        // Halfway between the greatest number and what is out of range.
        let half = f64::from_bits((1023 + 970) << 52);
        assert_eq!(sum(&[f64::MAX, half]), f64::INFINITY);
        assert_eq!(sum(&[f64::MAX, half, -5e-324]), f64::MAX);
        assert_eq!(sum(&[f64::MAX, half, -1e-200]), f64::MAX);
        // Many numbers that are not large.
        let below = f64::from_bits(LARGE.to_bits() - 1);
        let mut state = Exact::default();
        state.take(-LARGE, 1_000);
        state.take(below, 1_000);
        assert_eq!(state.sum(), -(LARGE - below) * 1_000.0);
        let mut other = Exact::default();
        other.take(1.7e308, 3);
        FloatSum { result: DataType::Float64, mean: false }.merge(&mut state, &other).unwrap();
        assert_eq!(state.sum(), f64::INFINITY);
        state.take(1.7e308, -3);
        state.take(below, -1_000);
        state.take(LARGE, 1_000);
        assert!(state.sum.0.is_empty() && state.large.is_none());
    }
}
