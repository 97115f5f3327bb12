//! `DECIMAL` arithmetic with Flink's result types, rounding and overflow.
//!
//! Types follow Flink's `LogicalTypeMerging` (after SQL Server): precision is capped at 38 and at least
//! six digits of fraction are kept. Results are rounded HALF_UP; what does not fit is NULL; a division
//! by zero fails.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, PrimitiveBuilder};
use arrow::datatypes::{DataType, Decimal128Type, i256};
use millstream_types::{Error, Result};

use crate::function::{Builtin, Call, Typing};

/// The functions that stand for `+ - * / %` once a DECIMAL is among the operands.
pub const BUILTINS: &[Builtin] = &[
    operator("DECIMAL_ADD", add_typing, |call| arithmetic(call, Op::Add)),
    operator("DECIMAL_SUBTRACT", add_typing, |call| arithmetic(call, Op::Subtract)),
    operator("DECIMAL_MULTIPLY", multiply_typing, |call| arithmetic(call, Op::Multiply)),
    operator("DECIMAL_DIVIDE", divide_typing, |call| arithmetic(call, Op::Divide)),
    MODULO,
];

/// `%` of decimals, which MOD is, too.
pub const MODULO: Builtin =
    operator("DECIMAL_MODULO", modulo_typing, |call| arithmetic(call, Op::Modulo));

const fn operator(
    name: &'static str,
    typing: crate::function::TypeRule,
    body: crate::function::Body,
) -> Builtin {
    Builtin { name, usage: "", about: "", volatile: false, typing, body }
}

#[derive(Clone, Copy)]
enum Op {
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
}

/// The DECIMAL that holds every value of an exact numeric type.
pub fn as_decimal(data_type: &DataType) -> Option<(u8, i8)> {
    Some(match data_type {
        DataType::Decimal128(precision, scale) => (*precision, *scale),
        DataType::Int8 => (3, 0),
        DataType::Int16 => (5, 0),
        DataType::Int32 => (10, 0),
        DataType::Int64 => (19, 0),
        _ => return None,
    })
}

fn typing(
    given: &[DataType],
    rule: fn(i32, i32, i32, i32) -> (i32, i32),
) -> Result<Typing, String> {
    let [left, right] = given else { return Err("it takes 2 arguments".to_owned()) };
    let decimals = as_decimal(left).zip(as_decimal(right));
    let ((p1, s1), (p2, s2)) = decimals.ok_or("both operands must be exact numbers")?;
    let (precision, scale) = rule(p1.into(), s1.into(), p2.into(), s2.into());
    let (precision, scale) = adjust(precision, scale);
    Ok(Typing {
        arguments: vec![DataType::Decimal128(p1, s1), DataType::Decimal128(p2, s2)],
        result: DataType::Decimal128(precision, scale),
    })
}

/// Fits a type into 38 digits, giving up fraction first but keeping at least six digits of it.
fn adjust(precision: i32, scale: i32) -> (u8, i8) {
    if precision <= 38 {
        return (precision as u8, scale as i8);
    }
    let least = scale.min(6);
    (38, (38 - (precision - scale)).max(least) as i8)
}

fn add_typing(given: &[DataType]) -> Result<Typing, String> {
    typing(given, |p1, s1, p2, s2| {
        let scale = s1.max(s2);
        ((p1 - s1).max(p2 - s2) + scale + 1, scale)
    })
}

fn multiply_typing(given: &[DataType]) -> Result<Typing, String> {
    typing(given, |p1, s1, p2, s2| (p1 + p2 + 1, s1 + s2))
}

fn divide_typing(given: &[DataType]) -> Result<Typing, String> {
    typing(given, |p1, s1, p2, s2| {
        let scale = 6.max(s1 + p2 + 1);
        (p1 - s1 + s2 + scale, scale)
    })
}

fn modulo_typing(given: &[DataType]) -> Result<Typing, String> {
    typing(given, |p1, s1, p2, s2| {
        let scale = s1.max(s2);
        ((p1 - s1).min(p2 - s2) + scale, scale)
    })
}

fn arithmetic(call: &Call<'_>, op: Op) -> Result<ArrayRef> {
    let left = call.arguments[0].as_primitive::<Decimal128Type>();
    let right = call.arguments[1].as_primitive::<Decimal128Type>();
    let (s1, s2) = (i32::from(left.scale()), i32::from(right.scale()));
    let DataType::Decimal128(precision, scale) = *call.result else {
        return Err(Error::Internal("decimal arithmetic without a decimal result".to_owned()));
    };
    let mut out = PrimitiveBuilder::<Decimal128Type>::with_capacity(call.rows)
        .with_data_type(call.result.clone());
    let (bound, scale) = (10_u128.pow(u32::from(precision)), i32::from(scale));
    for (a, b) in left.iter().zip(right) {
        out.append_option(match (a, b) {
            (Some(a), Some(b)) => {
                let value = match narrow(op, (a, s1), (b, s2), scale) {
                    Some(value) => Some(value),
                    None => compute(op, (a, s1), (b, s2), scale)?,
                };
                value.filter(|value| value.unsigned_abs() < bound)
            }
            _ => None,
        });
    }
    Ok(Arc::new(out.finish()))
}

/// The result where it takes no other scale and no more than 128 bits.
#[inline]
fn narrow(op: Op, (a, s1): (i128, i32), (b, s2): (i128, i32), scale: i32) -> Option<i128> {
    match op {
        Op::Add if s1 == s2 && scale == s1 => a.checked_add(b),
        Op::Subtract if s1 == s2 && scale == s1 => a.checked_sub(b),
        Op::Multiply if scale == s1 + s2 => a.checked_mul(b),
        _ => None,
    }
}

fn compute(op: Op, (a, s1): (i128, i32), (b, s2): (i128, i32), scale: i32) -> Result<Option<i128>> {
    let (a, b) = (i256::from_i128(a), i256::from_i128(b));
    let common = s1.max(s2);
    let widen = |value: i256, by: i32| power(by).and_then(|factor| value.checked_mul(factor));
    let value = match op {
        Op::Add | Op::Subtract => {
            let sum =
                widen(a, common - s1).zip(widen(b, common - s2)).and_then(|(a, b)| match op {
                    Op::Add => a.checked_add(b),
                    _ => a.checked_sub(b),
                });
            sum.and_then(|sum| rescale(sum, common, scale))
        }
        Op::Multiply => a.checked_mul(b).and_then(|product| rescale(product, s1 + s2, scale)),
        Op::Divide | Op::Modulo if b == i256::ZERO => {
            return Err(Error::Evaluation("division by zero".to_owned()));
        }
        Op::Divide => widen(a, scale - s1 + s2).map(|numerator| divide_half_up(numerator, b)),
        Op::Modulo => widen(a, common - s1)
            .zip(widen(b, common - s2))
            .and_then(|(a, b)| a.checked_rem(b))
            .and_then(|rest| rescale(rest, common, scale)),
    };
    Ok(value.and_then(i256::to_i128))
}

fn power(exponent: i32) -> Option<i256> {
    i256::from_i128(10).checked_pow(u32::try_from(exponent).ok()?)
}

fn rescale(value: i256, from: i32, to: i32) -> Option<i256> {
    if to >= from {
        return value.checked_mul(power(to - from)?);
    }
    Some(divide_half_up(value, power(from - to)?))
}

/// Divides and rounds half away from zero; the divisor is not zero.
fn divide_half_up(numerator: i256, divisor: i256) -> i256 {
    let quotient = numerator.wrapping_div(divisor);
    let rest = numerator.wrapping_rem(divisor).wrapping_abs();
    let half = divisor.wrapping_abs().wrapping_sub(rest);
    if rest < half {
        return quotient;
    }
    let negative = (numerator < i256::ZERO) != (divisor < i256::ZERO);
    let one = i256::from_i128(1);
    if negative { quotient.wrapping_sub(one) } else { quotient.wrapping_add(one) }
}

/// Moves a decimal to another scale, rounding half away from zero; `None` when it overflows.
pub fn rescale_i128(value: i128, from: i8, to: i8) -> Option<i128> {
    rescale(i256::from_i128(value), from.into(), to.into()).and_then(i256::to_i128)
}

/// The mean of a sum over a count that is not zero, at another scale, rounded half away from zero;
/// `None` when it overflows.
pub fn mean(sum: i128, scale: i8, count: i64, result_scale: i8) -> Option<i128> {
    let widened = rescale(i256::from_i128(sum), scale.into(), result_scale.into())?;
    divide_half_up(widened, i256::from_i128(count.into())).to_i128()
}
