//! Functions over numbers.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, ArrowPrimitiveType, AsArray, Float64Array, Int32Array, StringArray,
};
use arrow::datatypes::{
    DataType, Decimal128Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
};
use millstream_types::{Error, Result};
use rand::Rng;

use crate::decimal::rescale_i128;
use crate::function::{Builtin, Call, Typing, typing};

const DOUBLE: DataType = DataType::Float64;

macro_rules! double {
    ($name:literal, $about:literal, $compute:expr) => {
        Builtin {
            name: $name,
            usage: concat!($name, "(number)"),
            about: $about,
            volatile: false,
            typing: |given| typing::exact(given, &[DOUBLE], DOUBLE),
            body: |call| {
                let compute: fn(f64) -> f64 = $compute;
                Ok(Arc::new(
                    call.arguments[0]
                        .as_primitive::<Float64Type>()
                        .unary::<_, Float64Type>(compute),
                ))
            },
        }
    };
}

macro_rules! double2 {
    ($name:literal, $usage:literal, $about:literal, $compute:expr) => {
        Builtin {
            name: $name,
            usage: $usage,
            about: $about,
            volatile: false,
            typing: |given| typing::exact(given, &[DOUBLE, DOUBLE], DOUBLE),
            body: |call| {
                let compute: fn(f64, f64) -> f64 = $compute;
                let (a, b) = (
                    call.arguments[0].as_primitive::<Float64Type>(),
                    call.arguments[1].as_primitive::<Float64Type>(),
                );
                let values: Float64Array = arrow::compute::binary(a, b, compute)?;
                Ok(Arc::new(values))
            },
        }
    };
}

macro_rules! kept {
    ($name:literal, $about:literal, $kind:expr) => {
        Builtin {
            name: $name,
            usage: concat!($name, "(number)"),
            about: $about,
            volatile: false,
            typing: |given| numeric(given, $kind),
            body: |call| step(call, $kind),
        }
    };
}

/// The functions of this family.
pub const BUILTINS: &[Builtin] = &[
    double!("SQRT", "The square root.", f64::sqrt),
    double!("LN", "The natural logarithm.", f64::ln),
    double!("LOG10", "The logarithm to base 10.", f64::log10),
    double!("LOG2", "The logarithm to base 2.", |x| x.ln() / std::f64::consts::LN_2),
    double!("EXP", "e to the power of the number.", f64::exp),
    double!("SIN", "The sine.", f64::sin),
    double!("COS", "The cosine.", f64::cos),
    double!("TAN", "The tangent.", f64::tan),
    double!("COT", "The cotangent.", |x| 1.0 / x.tan()),
    double!("ASIN", "The arc sine.", f64::asin),
    double!("ACOS", "The arc cosine.", f64::acos),
    double!("ATAN", "The arc tangent.", f64::atan),
    double!("SINH", "The hyperbolic sine.", f64::sinh),
    double!("COSH", "The hyperbolic cosine.", f64::cosh),
    double!("TANH", "The hyperbolic tangent.", f64::tanh),
    double!("DEGREES", "Radians as degrees.", f64::to_degrees),
    double!("RADIANS", "Degrees as radians.", f64::to_radians),
    double2!("POWER", "POWER(base, exponent)", "The base to the power of the exponent.", f64::powf),
    double2!("ATAN2", "ATAN2(y, x)", "The angle of a point.", f64::atan2),
    kept!("ABS", "The number without its sign.", Step::Abs),
    kept!("SIGN", "-1, 0 or 1.", Step::Sign),
    Builtin {
        name: "LOG",
        usage: "LOG([base, ]number)",
        about: "The natural logarithm, or that to a base.",
        volatile: false,
        typing: |given| typing::between(given, &[DOUBLE, DOUBLE], 1, DOUBLE),
        body: |call| {
            let first = call.arguments[0].as_primitive::<Float64Type>();
            let values: Float64Array = match call.arguments.get(1) {
                None => first.unary(f64::ln),
                Some(number) => {
                    arrow::compute::binary(first, number.as_primitive::<Float64Type>(), |b, x| {
                        x.ln() / b.ln()
                    })?
                }
            };
            Ok(Arc::new(values))
        },
    },
    Builtin {
        name: "PI",
        usage: "PI()",
        about: "The ratio of a circle's circumference to its diameter.",
        volatile: false,
        typing: |given| typing::exact(given, &[], DOUBLE),
        body: |call| Ok(Arc::new(Float64Array::from_value(std::f64::consts::PI, call.rows))),
    },
    Builtin {
        name: "E",
        usage: "E()",
        about: "The base of the natural logarithm.",
        volatile: false,
        typing: |given| typing::exact(given, &[], DOUBLE),
        body: |call| Ok(Arc::new(Float64Array::from_value(std::f64::consts::E, call.rows))),
    },
    Builtin {
        name: "DIVIDE",
        usage: "",
        about: "",
        volatile: false,
        typing: |given| match given {
            [a, b] => {
                let wide = if a.primitive_width() >= b.primitive_width() { a } else { b };
                Ok(Typing { arguments: vec![wide.clone(), wide.clone()], result: wide.clone() })
            }
            _ => Err("it takes 2 arguments".to_owned()),
        },
        body: divide,
    },
    Builtin {
        name: "MOD",
        usage: "MOD(number, divisor)",
        about: "The rest of a division, with the sign of the number.",
        volatile: false,
        typing: |given| match given {
            [a, b] if a.is_integer() && b.is_integer() => {
                Ok(Typing { arguments: given.to_vec(), result: b.clone() })
            }
            [a, b]
                if matches!(a, DataType::Decimal128(..))
                    || matches!(b, DataType::Decimal128(..)) =>
            {
                (crate::decimal::MODULO.typing)(given)
            }
            _ => typing::exact(given, &[DOUBLE, DOUBLE], DOUBLE),
        },
        body: |call| {
            if let DataType::Decimal128(..) = call.result {
                return (crate::decimal::MODULO.body)(call);
            }
            if !call.result.is_integer() {
                let (a, b) = (&call.arguments[0], &call.arguments[1]);
                return Ok(arrow::compute::kernels::numeric::rem(a, b)?);
            }
            let wide = |at: usize| arrow::compute::cast(&call.arguments[at], &DataType::Int64);
            let rest = arrow::compute::kernels::numeric::rem(&wide(0)?, &wide(1)?)?;
            // The rest is smaller than the divisor, so it fits the divisor's type.
            Ok(arrow::compute::cast(&rest, call.result)?)
        },
    },
    Builtin {
        name: "ROUND",
        usage: "ROUND(number[, digits])",
        about: "The number rounded half up to digits of fraction.",
        volatile: false,
        typing: |given| digits_typing(given),
        body: |call| digits(call, true),
    },
    Builtin {
        name: "TRUNCATE",
        usage: "TRUNCATE(number[, digits])",
        about: "The number cut to digits of fraction.",
        volatile: false,
        typing: |given| digits_typing(given),
        body: |call| digits(call, false),
    },
    Builtin {
        name: "RAND",
        usage: "RAND([seed])",
        about: "A random number from 0 up to 1.",
        volatile: true,
        typing: |given| typing::between(given, &[DataType::Int32], 0, DOUBLE),
        body: |call| {
            let mut random = Random::of(call.arguments.first(), call);
            let values = (0..call.rows).map(|row| random.at(row, JavaRandom::double, rand::random));
            Ok(Arc::new(values.collect::<Float64Array>()))
        },
    },
    Builtin {
        name: "RAND_INTEGER",
        usage: "RAND_INTEGER([seed, ]bound)",
        about: "A random integer from 0 up to a bound.",
        volatile: true,
        typing: |given| {
            typing::between(given, &[DataType::Int32, DataType::Int32], 1, DataType::Int32)
        },
        body: |call| {
            let (bound, seed) = match call.arguments {
                [seed, bound] => (bound, Some(seed)),
                _ => (&call.arguments[0], None),
            };
            let bounds = bound.as_primitive::<Int32Type>();
            let mut random = Random::of(seed, call);
            let values = bounds.iter().enumerate().map(|(row, bound)| {
                let bound = bound?.max(1);
                random.at(row, |seeded| seeded.below(bound), || rand::rng().random_range(0..bound))
            });
            Ok(Arc::new(values.collect::<Int32Array>()))
        },
    },
    Builtin {
        name: "UUID",
        usage: "UUID()",
        about: "A random identifier, as RFC 4122 has it.",
        volatile: true,
        typing: |given| typing::exact(given, &[], DataType::Utf8),
        body: |call| {
            let mut random = rand::rng();
            let texts = (0..call.rows).map(|_| Some(uuid(random.random::<u128>())));
            Ok(Arc::new(texts.collect::<StringArray>()))
        },
    },
    Builtin {
        name: "BIN",
        usage: "BIN(integer)",
        about: "The integer in base 2.",
        volatile: false,
        typing: |given| typing::exact(given, &[DataType::Int64], DataType::Utf8),
        body: |call| {
            let values = call.arguments[0].as_primitive::<Int64Type>().iter();
            Ok(Arc::new(values.map(|v| v.map(|v| format!("{v:b}"))).collect::<StringArray>()))
        },
    },
    Builtin {
        name: "HEX",
        usage: "HEX(integer or text)",
        about: "The integer, or the bytes of the text, in base 16.",
        volatile: false,
        typing: |given| match given {
            [DataType::Utf8] => typing::exact(given, &[DataType::Utf8], DataType::Utf8),
            _ => typing::exact(given, &[DataType::Int64], DataType::Utf8),
        },
        body: |call| {
            let hex = |text: &str| text.bytes().map(|b| format!("{b:02X}")).collect::<String>();
            Ok(match call.arguments[0].as_string_opt::<i32>() {
                Some(texts) => Arc::new(texts.iter().map(|t| t.map(hex)).collect::<StringArray>()),
                None => {
                    let values = call.arguments[0].as_primitive::<Int64Type>().iter();
                    Arc::new(values.map(|v| v.map(|v| format!("{v:X}"))).collect::<StringArray>())
                }
            })
        },
    },
];

/// Random numbers, from a seed or from chance.
enum Random<'a> {
    Chance,
    /// One generator for all rows.
    Seeded(JavaRandom),
    /// One for each row.
    Seeds(&'a Int32Array),
}

impl<'a> Random<'a> {
    fn of(seeds: Option<&'a ArrayRef>, call: &Call<'_>) -> Self {
        let Some(seeds) = seeds else { return Self::Chance };
        let seeds = seeds.as_primitive::<Int32Type>();
        let constant = call.constant.first().is_some_and(|constant| *constant);
        match constant && !seeds.is_empty() && seeds.is_valid(0) {
            true => Self::Seeded(JavaRandom::new(seeds.value(0))),
            false => Self::Seeds(seeds),
        }
    }

    fn at<T>(
        &mut self,
        row: usize,
        seeded: impl Fn(&mut JavaRandom) -> T,
        chance: impl Fn() -> T,
    ) -> Option<T> {
        match self {
            Self::Chance => Some(chance()),
            Self::Seeded(random) => Some(seeded(random)),
            Self::Seeds(seeds) => {
                seeds.is_valid(row).then(|| seeded(&mut JavaRandom::new(seeds.value(row))))
            }
        }
    }
}

/// The generator of java.util.Random, so that seeds mean the same as in Flink.
struct JavaRandom {
    state: u64,
}

impl JavaRandom {
    const MASK: u64 = (1 << 48) - 1;

    fn new(seed: i32) -> Self {
        Self { state: (i64::from(seed) as u64 ^ 0x5_DEEC_E66D) & Self::MASK }
    }

    fn next(&mut self, bits: u32) -> i32 {
        self.state = self.state.wrapping_mul(0x5_DEEC_E66D).wrapping_add(0xB) & Self::MASK;
        (self.state as i64 >> (48 - bits)) as i32
    }

    fn double(&mut self) -> f64 {
        let high = i64::from(self.next(26)) << 27;
        (high + i64::from(self.next(27))) as f64 / (1_i64 << 53) as f64
    }

    /// An integer from 0 up to a bound above 0.
    fn below(&mut self, bound: i32) -> i32 {
        if bound & (bound - 1) == 0 {
            return ((i64::from(bound) * i64::from(self.next(31))) >> 31) as i32;
        }
        loop {
            let bits = self.next(31);
            let value = bits % bound;
            if bits.wrapping_sub(value).wrapping_add(bound - 1) >= 0 {
                return value;
            }
        }
    }
}

/// The quotient of integers, cut off; the one that overflows wraps, as in Java.
fn divide(call: &Call<'_>) -> Result<ArrayRef> {
    let wide = |at: usize| arrow::compute::cast(&call.arguments[at], &DataType::Int64);
    let (a, b) = (wide(0)?, wide(1)?);
    let (a, b) = (a.as_primitive::<Int64Type>(), b.as_primitive::<Int64Type>());
    let quotient: arrow::array::Int64Array = arrow::compute::try_binary(a, b, |a, b| match b {
        0 => Err(arrow::error::ArrowError::DivideByZero),
        b => Ok(a.wrapping_div(b)),
    })
    .map_err(|_| Error::Evaluation("division by zero".to_owned()))?;
    Ok(match call.result {
        DataType::Int8 => Arc::new(quotient.unary::<_, Int8Type>(|v| v as i8)),
        DataType::Int16 => Arc::new(quotient.unary::<_, Int16Type>(|v| v as i16)),
        DataType::Int32 => Arc::new(quotient.unary::<_, Int32Type>(|v| v as i32)),
        _ => Arc::new(quotient),
    })
}

fn uuid(bits: u128) -> String {
    let bits = (bits & !(0xf << 76) & !(0x3 << 62)) | (0x4 << 76) | (0x2 << 62);
    let hex = format!("{bits:032x}");
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

/// Functions that keep the type of a number.
#[derive(Clone, Copy, PartialEq)]
pub enum Step {
    /// `ABS`
    Abs,
    /// `SIGN`
    Sign,
    /// `FLOOR`
    Floor,
    /// `CEIL`
    Ceil,
}

/// The typing of [`step`].
///
/// # Errors
/// When the argument is not one number.
pub fn numeric(given: &[DataType], kind: Step) -> Result<Typing, String> {
    match given {
        [one] if one.is_numeric() => {
            let result = match (one, kind) {
                (DataType::Decimal128(precision, scale), Step::Floor | Step::Ceil)
                    if *scale > 0 =>
                {
                    DataType::Decimal128(*precision, 0)
                }
                _ => one.clone(),
            };
            Ok(Typing { arguments: vec![one.clone()], result })
        }
        [DataType::Utf8 | DataType::Null] => Ok(Typing { arguments: vec![DOUBLE], result: DOUBLE }),
        _ => Err("it takes one number".to_owned()),
    }
}

/// Computes a function that keeps the type of a number.
///
/// # Errors
/// Never, for arguments typed by [`numeric`].
pub fn step(call: &Call<'_>, kind: Step) -> Result<ArrayRef> {
    fn unary<T: ArrowPrimitiveType>(
        call: &Call<'_>,
        compute: impl Fn(T::Native) -> T::Native,
    ) -> ArrayRef {
        Arc::new(call.arguments[0].as_primitive::<T>().unary::<_, T>(compute))
    }
    macro_rules! integer {
        ($arrow:ty) => {
            match kind {
                Step::Abs => unary::<$arrow>(call, |v| v.wrapping_abs()),
                Step::Sign => unary::<$arrow>(call, |v| v.signum()),
                Step::Floor | Step::Ceil => ArrayRef::clone(&call.arguments[0]),
            }
        };
    }
    macro_rules! floating {
        ($arrow:ty) => {
            match kind {
                Step::Abs => unary::<$arrow>(call, |v| v.abs()),
                Step::Sign => unary::<$arrow>(call, |v| if v == 0.0 { v } else { v.signum() }),
                Step::Floor => unary::<$arrow>(call, |v| v.floor()),
                Step::Ceil => unary::<$arrow>(call, |v| v.ceil()),
            }
        };
    }
    Ok(match call.arguments[0].data_type() {
        DataType::Int8 => integer!(Int8Type),
        DataType::Int16 => integer!(Int16Type),
        DataType::Int32 => integer!(Int32Type),
        DataType::Int64 => integer!(Int64Type),
        DataType::Float32 => floating!(Float32Type),
        DataType::Float64 => floating!(Float64Type),
        DataType::Decimal128(_, scale) => {
            let unit = 10_i128.pow(u32::from(scale.max(&0).unsigned_abs()));
            let values = call.arguments[0].as_primitive::<Decimal128Type>();
            let computed = values.unary::<_, Decimal128Type>(|v| match kind {
                Step::Abs => v.abs(),
                Step::Sign => v.signum() * unit,
                Step::Floor => v.div_euclid(unit),
                Step::Ceil => -(-v).div_euclid(unit),
            });
            Arc::new(computed.with_data_type(call.result.clone()))
        }
        other => return Err(Error::Internal(format!("{other} is no number"))),
    })
}

/// The type of a decimal rounded to digits of fraction.
pub fn rounded_type(precision: u8, scale: i8, digits: i64) -> DataType {
    if digits >= i64::from(scale) {
        return DataType::Decimal128(precision, scale);
    }
    let whole = 1 + i32::from(precision) - i32::from(scale);
    let kept = digits.max(0) as i32;
    DataType::Decimal128((whole + kept).min(38) as u8, kept as i8)
}

fn digits_typing(given: &[DataType]) -> Result<Typing, String> {
    let number = match given.first() {
        Some(number) if number.is_numeric() => number.clone(),
        Some(DataType::Utf8 | DataType::Null) => DOUBLE,
        _ => return Err("the first argument must be a number".to_owned()),
    };
    if given.len() > 2 || given.get(1).is_some_and(|digits| !digits.is_integer()) {
        return Err("the number of digits must be an integer".to_owned());
    }
    let result = match &number {
        DataType::Decimal128(p, s) if given.len() == 1 => rounded_type(*p, *s, 0),
        other => other.clone(),
    };
    // A constant stays one, so that the type of the result can follow from it.
    let digits = given.get(1).filter(|digits| **digits == DataType::Int64);
    let digits = digits.cloned().unwrap_or(DataType::Int32);
    Ok(Typing { arguments: [number, digits][..given.len()].to_vec(), result })
}

fn digits(call: &Call<'_>, round: bool) -> Result<ArrayRef> {
    let digits = call.arguments.get(1);
    let digits = digits.map(|digits| arrow::compute::cast(digits, &DataType::Int32)).transpose()?;
    let digits = digits.as_ref().map(|digits| digits.as_primitive::<Int32Type>());
    let digits_at = |row: usize| match digits {
        Some(digits) => digits.is_valid(row).then(|| digits.value(row)),
        None => Some(0),
    };
    let number = &call.arguments[0];
    if let DataType::Decimal128(precision, scale) = *number.data_type() {
        let DataType::Decimal128(result_precision, result_scale) = *call.result else {
            return Err(Error::Internal("a rounded decimal is a decimal".to_owned()));
        };
        let values = number.as_primitive::<Decimal128Type>();
        let rounded = (0..call.rows).map(|row| {
            let digits = digits_at(row).filter(|_| values.is_valid(row))?;
            let keep = digits.clamp(-i32::from(precision), i32::from(scale)) as i8;
            let value = values.value(row);
            let short = if round {
                rescale_i128(value, scale, keep.max(-38))?
            } else {
                value / 10_i128.checked_pow(u32::from(scale.abs_diff(keep)))?
            };
            let most = 10_i128.checked_pow(u32::from(result_precision)).unwrap_or(i128::MAX);
            rescale_i128(short, keep, result_scale).filter(|value| value.abs() < most)
        });
        let array: arrow::array::Decimal128Array = rounded.collect();
        return Ok(Arc::new(array.with_data_type(call.result.clone())));
    }
    if number.data_type().is_integer() {
        let wide = arrow::compute::cast(number, &DataType::Int64)?;
        let values = wide.as_primitive::<Int64Type>();
        let rounded: arrow::array::Int64Array = (0..call.rows)
            .map(|row| {
                let digits = digits_at(row).filter(|_| values.is_valid(row))?;
                let value = values.value(row);
                if digits >= 0 {
                    return Some(value);
                }
                let Some(unit) = 10_i64.checked_pow(digits.unsigned_abs()) else { return Some(0) };
                let half = if round { unit / 2 * value.signum() } else { 0 };
                Some(value.saturating_add(half) / unit * unit)
            })
            .collect();
        return Ok(arrow::compute::cast(&rounded, call.result)?);
    }
    let wide = arrow::compute::cast(number, &DOUBLE)?;
    let values = wide.as_primitive::<Float64Type>();
    let rounded: Float64Array = (0..call.rows)
        .map(|row| {
            let digits = digits_at(row).filter(|_| values.is_valid(row))?;
            Some(round_double(values.value(row), digits, round))
        })
        .collect();
    Ok(arrow::compute::cast(&rounded, call.result)?)
}

/// Rounds the shortest decimal text of a number, as Java's BigDecimal does, so that 2.675 has 2.68.
fn round_double(value: f64, digits: i32, round: bool) -> f64 {
    if !value.is_finite() || !(-30..=17).contains(&digits) {
        return value;
    }
    let mut text = String::new();
    millstream_types::text::push_double(&mut text, value);
    let scale = digits.max(0) as i8;
    let exact = millstream_types::number::decimal(&text, 38, 18.max(scale)).flatten();
    let Some(exact) = exact else { return value };
    let unit = 10_i128.pow((18.max(i32::from(scale)) - digits).clamp(0, 38) as u32);
    let half = if round { unit / 2 * exact.signum() } else { 0 };
    let whole = (exact + half) / unit;
    format!("{whole}e{}", -digits).parse().unwrap_or(value)
}
