//! `PRINTF`: values in a format of Java's `String.format`.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, StringBuilder};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, Int64Type};
use millstream_types::Result;
use millstream_types::text::TextColumn;

use crate::function::{Builtin, Call, Typing};

/// The functions of this family.
pub const BUILTINS: &[Builtin] = &[Builtin {
    name: "PRINTF",
    usage: "PRINTF(format, value, …)",
    about: "The values in a format of Java's, such as '%5d %.2f %s'; NULL where they do not fit it.",
    volatile: false,
    typing: |given| match given {
        [DataType::Utf8 | DataType::Null, rest @ ..] => {
            let mut arguments = vec![DataType::Utf8];
            arguments.extend(rest.iter().cloned());
            Ok(Typing { arguments, result: DataType::Utf8 })
        }
        _ => Err("it takes a format and values".to_owned()),
    },
    body: |call| {
        let arguments = call.arguments[1..].iter().map(|values| Argument::of(values, call));
        let arguments = arguments.collect::<Result<Vec<_>>>()?;
        let mut out = StringBuilder::new();
        for (row, format) in call.arguments[0].as_string::<i32>().iter().enumerate() {
            out.append_option(format.and_then(|format| formatted(format, &arguments, row)));
        }
        Ok(Arc::new(out.finish()))
    },
}];

/// The longest field, in characters.
const WIDTH_MAX: usize = 1 << 20;

/// The values of one argument.
struct Argument {
    values: ArrayRef,
    texts: TextColumn,
    integers: Option<ArrayRef>,
    doubles: Option<ArrayRef>,
    /// The bits of its integers.
    bits: u32,
}

impl Argument {
    fn of(values: &ArrayRef, call: &Call<'_>) -> Result<Self> {
        let integer = values.data_type().is_integer();
        let floating = matches!(values.data_type(), DataType::Float32 | DataType::Float64);
        let bits = values.data_type().primitive_width().map_or(64, |bytes| bytes as u32 * 8);
        let as_type =
            |wanted: bool, data_type| wanted.then(|| cast(values, &data_type)).transpose();
        Ok(Self {
            values: ArrayRef::clone(values),
            texts: TextColumn::new(values, call.zone, None)?,
            integers: as_type(integer, DataType::Int64)?,
            doubles: as_type(floating, DataType::Float64)?,
            bits,
        })
    }

    fn text(&self, row: usize) -> String {
        let mut out = String::new();
        match self.values.as_boolean_opt() {
            Some(values) if values.is_valid(row) => out.push_str(&values.value(row).to_string()),
            _ => self.texts.write_or(row, "null", &mut out),
        }
        out
    }
}

/// One `%…` of a format.
#[derive(Default)]
struct Spec {
    index: Option<usize>,
    left: bool,
    plus: bool,
    blank: bool,
    zero: bool,
    comma: bool,
    alternate: bool,
    parentheses: bool,
    width: usize,
    precision: Option<usize>,
    conversion: char,
}

impl Spec {
    /// Reads what follows a `%`.
    fn read(rest: &mut std::str::Chars<'_>) -> Option<Self> {
        let mut spec = Self::default();
        let digits = |rest: &mut std::str::Chars<'_>| {
            let text = rest.as_str();
            let length = text.bytes().take_while(u8::is_ascii_digit).count();
            *rest = text[length..].chars();
            text[..length].parse::<usize>().ok()
        };
        if !rest.as_str().starts_with('0') {
            let before = rest.clone();
            match digits(rest) {
                Some(index) if rest.as_str().starts_with('$') => {
                    rest.next();
                    spec.index = Some(index);
                }
                _ => *rest = before,
            }
        }
        loop {
            let flag = match rest.as_str().chars().next()? {
                '-' => &mut spec.left,
                '+' => &mut spec.plus,
                ' ' => &mut spec.blank,
                '0' => &mut spec.zero,
                ',' => &mut spec.comma,
                '#' => &mut spec.alternate,
                '(' => &mut spec.parentheses,
                _ => break,
            };
            // The same flag twice is an error in Java.
            if std::mem::replace(flag, true) {
                return None;
            }
            rest.next();
        }
        spec.width = digits(rest).unwrap_or(0);
        if rest.as_str().starts_with('.') {
            rest.next();
            spec.precision = Some(digits(rest)?);
        }
        spec.conversion = rest.next()?;
        let fits = spec.width <= WIDTH_MAX && spec.precision.is_none_or(|p| p <= WIDTH_MAX);
        let flags = (!spec.left && !spec.zero) || spec.width > 0;
        (fits && flags && !(spec.left && spec.zero) && !(spec.plus && spec.blank)).then_some(spec)
    }

    fn padded(&self, text: &str) -> String {
        let missing = self.width.saturating_sub(text.chars().count());
        match self.left {
            true => format!("{text}{}", " ".repeat(missing)),
            false => format!("{}{text}", " ".repeat(missing)),
        }
    }

    /// A number from its digits.
    fn number(&self, negative: bool, digits: &str) -> String {
        let mut digits = digits.to_owned();
        if self.comma {
            let whole = digits.find('.').unwrap_or(digits.len());
            let mut at = whole;
            while at > 3 {
                at -= 3;
                digits.insert(at, ',');
            }
        }
        let (before, after) = match (negative, self.parentheses) {
            (true, true) => ("(", ")"),
            (true, false) => ("-", ""),
            (false, _) if self.plus => ("+", ""),
            (false, _) if self.blank => (" ", ""),
            _ => ("", ""),
        };
        if self.zero {
            let taken = before.len() + after.len() + digits.len();
            digits.insert_str(0, &"0".repeat(self.width.saturating_sub(taken)));
        }
        self.padded(&format!("{before}{digits}{after}"))
    }

    fn apply(&self, argument: &Argument, row: usize) -> Option<String> {
        let null = argument.values.is_null(row);
        let upper = self.conversion.is_ascii_uppercase();
        let cut = |text: String| match self.precision {
            Some(precision) => text.chars().take(precision).collect(),
            None => text,
        };
        let numeric_flags = self.plus || self.blank || self.zero || self.comma || self.parentheses;
        let text = match self.conversion.to_ascii_lowercase() {
            's' | 'b' if numeric_flags || self.alternate => return None,
            's' => self.padded(&cut(argument.text(row))),
            'b' => {
                let value = argument.values.as_boolean_opt().map(|values| values.value(row));
                self.padded(&cut((!null && value.unwrap_or(true)).to_string()))
            }
            'c' | 'd' | 'x' | 'o' | 'f' | 'e' if null => match self.conversion {
                'c' | 'd' | 'x' | 'X' | 'o' | 'f' | 'e' | 'E' => {
                    self.padded(&cut("null".to_owned()))
                }
                _ => return None,
            },
            'd' if self.precision.is_none() && !self.alternate => {
                let value = argument.integers.as_ref()?.as_primitive::<Int64Type>().value(row);
                self.number(value < 0, &value.unsigned_abs().to_string())
            }
            'x' | 'o' if self.precision.is_none() && !self.comma => {
                let value = argument.integers.as_ref()?.as_primitive::<Int64Type>().value(row);
                let bits = value as u64 & (u64::MAX >> (64 - argument.bits));
                let digits = match (self.conversion.to_ascii_lowercase(), self.alternate) {
                    ('x', false) => format!("{bits:x}"),
                    ('x', true) => format!("0x{bits:x}"),
                    (_, false) => format!("{bits:o}"),
                    (_, true) => format!("0{bits:o}"),
                };
                self.number(false, &digits)
            }
            'c' => {
                let value = argument.integers.as_ref()?.as_primitive::<Int64Type>().value(row);
                self.padded(&char::from_u32(u32::try_from(value).ok()?)?.to_string())
            }
            'f' | 'e' => {
                let value = argument.doubles.as_ref()?.as_primitive::<Float64Type>().value(row);
                if !value.is_finite() {
                    let text = if value.is_nan() { "NaN" } else { "Infinity" };
                    let plain = Self {
                        zero: false,
                        comma: false,
                        width: self.width,
                        left: self.left,
                        plus: self.plus,
                        blank: self.blank,
                        parentheses: self.parentheses,
                        ..Self::default()
                    };
                    plain.number(value < 0.0, text)
                } else {
                    let precision = self.precision.unwrap_or(6);
                    let digits = match self.conversion.to_ascii_lowercase() {
                        'f' => fixed(value.abs(), precision),
                        _ => scientific(value.abs(), precision),
                    };
                    self.number(value.is_sign_negative(), &digits)
                }
            }
            _ => return None,
        };
        Some(if upper { text.to_uppercase() } else { text })
    }
}

/// Half up on the shortest decimal text of the number, as Java rounds.
fn fixed(value: f64, precision: usize) -> String {
    let text = format!("{value}");
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    if fraction.len() <= precision {
        let point = if precision > 0 { "." } else { "" };
        return format!("{whole}{point}{fraction}{}", "0".repeat(precision - fraction.len()));
    }
    let mut digits: Vec<u8> = whole.bytes().chain(fraction.bytes().take(precision)).collect();
    if fraction.as_bytes()[precision] >= b'5' {
        let mut at = digits.len();
        loop {
            if at == 0 {
                digits.insert(0, b'1');
                break;
            }
            at -= 1;
            if digits[at] == b'9' {
                digits[at] = b'0';
            } else {
                digits[at] += 1;
                break;
            }
        }
    }
    if precision > 0 {
        digits.insert(digits.len() - precision, b'.');
    }
    digits.into_iter().map(char::from).collect()
}

fn scientific(value: f64, precision: usize) -> String {
    let text = format!("{value:e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let mut exponent: i32 = exponent.parse().unwrap_or_default();
    let mut mantissa = fixed(mantissa.parse().unwrap_or_default(), precision);
    if mantissa.starts_with("10") {
        mantissa = fixed(1.0, precision);
        exponent += 1;
    }
    format!("{mantissa}e{}{:02}", if exponent < 0 { '-' } else { '+' }, exponent.abs())
}

/// The text of a row; `None` where the values do not fit the format.
fn formatted(format: &str, arguments: &[Argument], row: usize) -> Option<String> {
    let mut out = String::with_capacity(format.len() + 16);
    let mut next = 0;
    let mut rest = format.chars();
    while let Some(character) = rest.next() {
        if character != '%' {
            out.push(character);
            continue;
        }
        let spec = Spec::read(&mut rest)?;
        match spec.conversion {
            '%' => out.push_str(&spec.padded("%")),
            'n' => out.push('\n'),
            _ => {
                let at = spec.index.unwrap_or_else(|| {
                    next += 1;
                    next
                });
                out.push_str(&spec.apply(arguments.get(at.checked_sub(1)?)?, row)?);
            }
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_round_half_up_on_their_decimal_text() {
        assert_eq!(fixed(0.125, 2), "0.13");
        assert_eq!(fixed(1.005, 2), "1.01");
        assert_eq!(fixed(9.999, 2), "10.00");
        assert_eq!(fixed(2.0, 0), "2");
        assert_eq!(scientific(12_345.678, 2), "1.23e+04");
        assert_eq!(scientific(9.999, 1), "1.0e+01");
    }
}
