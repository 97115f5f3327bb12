//! Numbers from text, read as Java reads them.

/// A text without what Java takes for blanks around it: all up to the space, and nothing behind ASCII.
pub fn trimmed(text: &str) -> &str {
    text.trim_matches(|character| character <= ' ')
}

/// An integer with blanks around it.
pub fn integer(text: &str) -> Option<i64> {
    trimmed(text).parse().ok()
}

/// A floating point number as Java reads it.
pub fn floating(text: &str) -> Option<f64> {
    let text = trimmed(text);
    if let Ok(value) = fast_float2::parse::<f64, _>(text) {
        // The library also takes `inf` and `nan`, which Java does not.
        let plain = text.bytes().all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b));
        return (plain || matches!(text, "NaN" | "Infinity" | "-Infinity" | "+Infinity"))
            .then_some(value);
    }
    let digits = text.strip_suffix(['d', 'D', 'f', 'F'])?;
    let last = digits.bytes().last()?;
    (last.is_ascii_digit() || last == b'.').then(|| fast_float2::parse(digits).ok())?
}

/// A decimal rounded half up to a scale: `None` for what is no number, `Some(None)` when it is too large.
pub fn decimal(text: &str, precision: u8, scale: i8) -> Option<Option<i128>> {
    let text = trimmed(text);
    let (mantissa, exponent) = match text.find(['e', 'E']) {
        Some(at) => (&text[..at], text[at + 1..].parse::<i32>().ok()?),
        None => (text, 0),
    };
    let negative = mantissa.starts_with('-');
    let digits = mantissa.strip_prefix(['-', '+']).unwrap_or(mantissa);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let mut all = whole.bytes().chain(fraction.bytes());
    if (whole.is_empty() && fraction.is_empty()) || !all.clone().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let wanted = whole.len() as i64 + i64::from(exponent) + i64::from(scale);
    let mut value: i128 = 0;
    for index in 0..wanted.min(200) {
        let digit = all.next().map_or(0, |byte| i128::from(byte - b'0'));
        // What has no place in 38 digits is too large; stop before it overflows.
        value = match value.checked_mul(10) {
            Some(tens) if tens < 10_i128.pow(38) => tens + digit,
            _ => return Some(None),
        };
        debug_assert!(index < 200);
    }
    if wanted >= 0 && all.next().is_some_and(|byte| byte >= b'5') {
        value += 1;
    }
    let fits = value < 10_i128.pow(u32::from(precision));
    Some(fits.then_some(if negative { -value } else { value }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_java_reads_them() {
        assert_eq!(floating("1.5f"), Some(1.5));
        assert_eq!(floating(" 1e3 "), Some(1000.0));
        assert_eq!(floating("-Infinity"), Some(f64::NEG_INFINITY));
        assert!(floating("inf").is_none() && floating("").is_none() && floating("x").is_none());
        assert_eq!(decimal("1.005", 5, 2), Some(Some(101)));
        assert_eq!(decimal("12345", 5, 2), Some(None));
        assert_eq!(decimal("1e2", 5, 2), Some(Some(10_000)));
        assert_eq!(decimal("0.004", 5, 2), Some(Some(0)));
        assert_eq!(decimal("1e999999", 5, 2), Some(None));
        assert_eq!(decimal("1e-999999", 5, 2), Some(Some(0)));
        assert_eq!(decimal("x", 5, 2), None);
        assert_eq!(decimal(".", 5, 2), None);
    }
}
