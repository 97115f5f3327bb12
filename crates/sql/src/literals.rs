//! Numbers as they are written, and the types that Flink gives them.

use sqlparser::ast::{
    CastKind, Expr, FunctionArg, FunctionArgExpr, FunctionArguments, Interval, UnaryOperator,
    Value, ValueWithSpan,
};

use crate::dialect::cast_to;

/// The number that is an INT only below 0.
const ABOVE_INT: &str = "2147483648";

/// The number that is a BIGINT only below 0.
const ABOVE_BIGINT: &str = "9223372036854775808";

/// A number as it was written, without the type that it was given.
pub(crate) fn plain_number(value: &mut Expr) {
    if let Expr::Function(cast) = value
        && let FunctionArguments::List(list) = &cast.args
        && let [FunctionArg::Unnamed(FunctionArgExpr::Expr(number)), _] = &list.args[..]
        && let Expr::Value(ValueWithSpan { value: Value::Number(..), .. }) = number
    {
        *value = number.clone();
    }
}

/// What stands behind a minus as an INT or a BIGINT, if it is one above the greatest of them.
pub(crate) fn least_integer(number: &Expr) -> Option<Expr> {
    if let Expr::Value(ValueWithSpan { value: Value::Number(text, _), .. }) = number
        && text == ABOVE_INT
    {
        let least = Value::Number(format!("-{ABOVE_INT}"), false).with_empty_span();
        return Some(cast_to(Expr::Value(least), CastKind::Cast, "INT"));
    }
    let literal = Value::SingleQuotedString(ABOVE_BIGINT.to_owned()).with_empty_span();
    let read = cast_to(Expr::Value(literal), CastKind::Cast, "DECIMAL(19, 0)");
    let least = Value::Number(format!("-{ABOVE_BIGINT}"), false).with_empty_span();
    (*number == read).then_some(Expr::Value(least))
}

/// What stands behind a minus, if it is an interval with a minus of its own.
pub(crate) fn positive_interval(interval: &Expr) -> Option<Expr> {
    let Expr::Interval(interval) = interval else { return None };
    let Expr::Value(ValueWithSpan { value: Value::SingleQuotedString(text), .. }) =
        interval.value.as_ref()
    else {
        return None;
    };
    let positive = Value::SingleQuotedString(text.strip_prefix('-')?.to_owned());
    let value = Box::new(Expr::Value(positive.with_empty_span()));
    Some(Expr::Interval(Interval { value, ..interval.clone() }))
}

/// Whether a number that is written without an exponent fits no DECIMAL.
pub(crate) fn has_too_many_digits(text: &str) -> bool {
    let digits = text.trim_start_matches('0').bytes().filter(u8::is_ascii_digit).count();
    digits > 38 && !text.contains(['e', 'E'])
}

/// A number in the type that Flink gives it.
pub(crate) fn number(text: &str, original: &Expr) -> Option<Expr> {
    if let Some(whole) = text.strip_suffix('.').filter(|whole| !whole.is_empty()) {
        let written = Expr::Value(Value::Number(whole.to_owned(), false).with_empty_span());
        return Some(number(whole, &written).unwrap_or(written));
    }
    if text.contains(['e', 'E']) {
        let literal = Value::SingleQuotedString(text.to_owned()).with_empty_span();
        return Some(cast_to(Expr::Value(literal), CastKind::Cast, "DOUBLE"));
    }
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    if digits && text.len() <= 38 && text.parse::<u64>().is_ok_and(|value| value >= 1 << 63) {
        let literal = Value::SingleQuotedString(text.to_owned()).with_empty_span();
        let to = format!("DECIMAL({}, 0)", text.len());
        return Some(cast_to(Expr::Value(literal), CastKind::Cast, &to));
    }
    // A zero before the point counts as a digit, too.
    if let Some((whole, fraction)) = text.split_once('.')
        && whole.starts_with('0')
        && !fraction.is_empty()
        && whole.len() + fraction.len() <= 38
    {
        let literal = Value::SingleQuotedString(text.to_owned()).with_empty_span();
        let to = format!("DECIMAL({}, {})", whole.len() + fraction.len(), fraction.len());
        return Some(cast_to(Expr::Value(literal), CastKind::Cast, &to));
    }
    // What does not fit an INT keeps the type it is read with: BIGINT or DECIMAL.
    text.parse::<i32>().ok()?;
    Some(cast_to(original.clone(), CastKind::Cast, "INT"))
}

/// `ROUND(x, 2)` with its number of digits as it was written: the type of what is rounded follows from it.
pub(crate) fn digits_as_written(function: &sqlparser::ast::Function) -> Option<Expr> {
    let FunctionArguments::List(list) = &function.args else { return None };
    let [_, FunctionArg::Unnamed(FunctionArgExpr::Expr(digits))] = &list.args[..] else {
        return None;
    };
    let mut written = digits.clone();
    match &mut written {
        Expr::UnaryOp { op: UnaryOperator::Minus, expr } => {
            plain_number(expr);
            let number = match expr.as_ref() {
                Expr::Value(ValueWithSpan { value: Value::Number(text, long), .. }) => {
                    Value::Number(format!("-{text}"), *long)
                }
                _ => return None,
            };
            written = Expr::Value(number.with_empty_span());
        }
        number => plain_number(number),
    }
    if written == *digits {
        return None;
    }
    let mut function = function.clone();
    if let FunctionArguments::List(list) = &mut function.args {
        list.args[1] = FunctionArg::Unnamed(FunctionArgExpr::Expr(written));
    }
    Some(Expr::Function(function))
}
