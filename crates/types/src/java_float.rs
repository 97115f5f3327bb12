//! The digits of floating point numbers as Java up to version 18 finds them, which Flink runs on.
//!
//! They are mostly, but not always, the shortest that tell a number from its neighbours: 1e23 is
//! 9.999999999999999E22, and 2^62 is 4.6116860184273879E18. A number is a fraction B / S of whole numbers,
//! M is half the distance to its neighbour, scaled as B; digits are divided out until what is left is less
//! than M, or so near to the next digit. After Steele and White, "How to print floating-point numbers
//! accurately" (1990), with the places where Java leaves their path: whole numbers below 2^63 are cut
//! instead, small terms overflow, M ignores that the neighbour below a power of two is nearer, and a number
//! shown with an exponent has two digits at least.

use std::cmp::Ordering;

/// The most digits there are.
const DIGITS_MAX: usize = 20;

/// The digits of a number that is 0.d₁d₂… × 10^`point`.
pub(crate) struct Digits {
    digits: [u8; DIGITS_MAX],
    length: usize,
    /// Where the point is, counted from before the first digit.
    pub(crate) point: i32,
}

impl Digits {
    /// Those of a number that is finite and not 0, without its sign.
    pub(crate) fn of_double(value: f64) -> Self {
        let bits = value.to_bits();
        let (exponent, fraction) = ((bits >> 52 & 0x7ff) as i32, bits & ((1 << 52) - 1));
        Binary::new(exponent, fraction, 52, 1_023).digits()
    }

    /// As [`Self::of_double`].
    pub(crate) fn of_float(value: f32) -> Self {
        let bits = value.to_bits();
        let (exponent, fraction) = ((bits >> 23 & 0xff) as i32, bits & ((1 << 23) - 1));
        Binary::new(exponent, fraction.into(), 23, 127).digits()
    }

    /// The digits as text.
    pub(crate) fn as_str(&self) -> &str {
        std::str::from_utf8(&self.digits[..self.length]).unwrap_or_default()
    }

    fn new() -> Self {
        Self { digits: [0; DIGITS_MAX], length: 0, point: 0 }
    }

    fn push(&mut self, digit: u8) {
        if self.length < DIGITS_MAX {
            self.digits[self.length] = b'0' + digit;
            self.length += 1;
        }
    }

    fn round_up(&mut self) {
        for digit in self.digits[..self.length].iter_mut().rev() {
            if *digit < b'9' {
                *digit += 1;
                return;
            }
            *digit = b'0';
        }
        self.digits[0] = b'1';
        self.point += 1;
    }
}

/// A number `fraction` / 2^52 × 2^`exponent`, whose first bit is bit 52.
struct Binary {
    fraction: u64,
    exponent: i32,
    /// How many bits of the fraction its type has room for.
    precision: i32,
}

/// The powers of two, and of five, in a term.
#[derive(Clone, Copy)]
struct Powers {
    two: i32,
    five: i32,
}

/// What is left when the digits end.
struct Rest {
    low: bool,
    high: bool,
    /// How the rest compares with half of the last digit.
    half: Ordering,
}

impl Binary {
    fn new(exponent: i32, fraction: u64, width: i32, bias: i32) -> Self {
        let up = 52 - width;
        if exponent > 0 {
            let fraction = (fraction | 1 << width) << up;
            return Self { fraction, exponent: exponent - bias, precision: width + 1 };
        }
        let length = 64 - fraction.leading_zeros() as i32;
        let shift = width + 1 - length;
        let fraction = fraction << (shift + up);
        Self { fraction, exponent: 1 - shift - bias, precision: length }
    }

    fn digits(&self) -> Digits {
        let zeros = self.fraction.trailing_zeros() as i32;
        let length = 53 - zeros;
        let tiny = (length - self.exponent - 1).max(0);
        if tiny == 0 && self.exponent <= 62 {
            return self.whole();
        }
        let estimate = self.decimal_exponent();
        let five = (-estimate).max(0);
        let mut b = Powers { two: five + tiny + self.exponent, five };
        let mut s = Powers { two: estimate.max(0) + tiny, five: estimate.max(0) };
        let mut m = Powers { two: b.two - self.precision, five };
        b.two -= length - 1;
        let common = b.two.min(s.two);
        [&mut b, &mut s, &mut m].into_iter().for_each(|term| term.two -= common);
        if length == 1 {
            m.two -= 1;
        }
        if m.two < 0 {
            b.two -= m.two;
            s.two -= m.two;
            m.two = 0;
        }
        let fraction = self.fraction >> zeros;
        let bits_of_b = length + b.two + bits_of_five(b.five);
        let bits_of_tens = s.two + 1 + bits_of_five(s.five + 1);
        let mut digits = Digits::new();
        digits.point = estimate + 1;
        let rest = match bits_of_b.max(bits_of_tens) {
            ..32 => {
                in_machine_words(&mut digits, [(fraction, b), (1, s), (1, m)], |v| v as i32 as i64)
            }
            32..64 => in_machine_words(&mut digits, [(fraction, b), (1, s), (1, m)], |v| v),
            _ => in_long_numbers(&mut digits, (fraction, b), s, m),
        };
        let odd = digits.length > 0 && digits.digits[digits.length - 1] & 1 == 1;
        let up = !rest.low
            || match rest.half {
                Ordering::Less => false,
                Ordering::Equal => odd,
                Ordering::Greater => true,
            };
        if rest.high && up {
            digits.round_up();
        }
        digits
    }

    /// Of a whole number below 2^63 the digits that its type cannot tell apart are rounded away.
    fn whole(&self) -> Digits {
        let mut value = match self.exponent {
            52.. => self.fraction << (self.exponent - 52),
            _ => self.fraction >> (52 - self.exponent),
        };
        let mut point = 0;
        let beyond = self.exponent - self.precision - 1;
        if beyond > 1 {
            let cut = (1_u64 << beyond).ilog10();
            let power = 10_u64.pow(cut);
            value = value / power + u64::from(value % power >= power / 2 && cut > 0);
            point = cut as i32;
        }
        while value.is_multiple_of(10) {
            value /= 10;
            point += 1;
        }
        let mut digits = Digits::new();
        let count = value.ilog10() + 1;
        (0..count).rev().for_each(|at| digits.push((value / 10_u64.pow(at) % 10) as u8));
        digits.point = point + count as i32;
        digits
    }

    /// The decimal exponent by a line through the logarithm; it may be one too large.
    #[expect(clippy::approx_constant, reason = "the digits of the constant are Java's")]
    fn decimal_exponent(&self) -> i32 {
        let one = f64::from_bits(1_023 << 52 | self.fraction & ((1 << 52) - 1));
        let estimate =
            (one - 1.5) * 0.289529654 + 0.176091259 + f64::from(self.exponent) * 0.301029995663981;
        estimate.floor() as i32
    }
}

/// How many bits a power of five has, roughly above 5^26.
fn bits_of_five(power: i32) -> i32 {
    match power {
        0 => 0,
        1..27 => 64 - 5_u64.pow(power as u32).leading_zeros() as i32,
        _ => power * 3,
    }
}

/// Whether a number whose first digit has this place is shown with an exponent.
fn has_exponent(point: i32) -> bool {
    !(-2..9).contains(&point)
}

/// B, S and M in machine words, cut to a width by `cut`; M may overflow, and does so in Java.
fn in_machine_words(digits: &mut Digits, terms: [(u64, Powers); 3], cut: fn(i64) -> i64) -> Rest {
    let value = |(factor, powers): (u64, Powers)| {
        let product = (factor as i64).wrapping_mul(5_i64.wrapping_pow(powers.five as u32));
        cut(product.wrapping_shl(powers.two as u32))
    };
    let [mut b, s, mut m] = terms.map(value);
    let tens = s * 10;
    let mut next = |first: bool| {
        let digit = b / s;
        b = 10 * (b % s);
        m = cut(m.wrapping_mul(10));
        let (low, high) = match first || m > 0 {
            true => (b < m, cut(b.wrapping_add(m)) > tens),
            false => (true, true),
        };
        // Twice the rest may overflow; its distance from tens does not.
        let half = cut(b.wrapping_mul(2).wrapping_sub(tens)).cmp(&0);
        (digit as u8, low, high, half)
    };
    divide(digits, &mut next)
}

/// As [`in_machine_words`], where the terms are too long for that.
fn in_long_numbers(
    digits: &mut Digits,
    (fraction, b): (u64, Powers),
    s: Powers,
    m: Powers,
) -> Rest {
    let term = |factor: u64, powers: Powers| {
        let mut long = Long::new(factor);
        long.multiply_by_five(powers.five);
        long.shift(powers.two);
        long
    };
    let (mut b, s, mut m) = (term(fraction, b), term(1, s), term(1, m));
    let mut tens = s.clone();
    tens.multiply(10);
    let mut next = |_: bool| {
        let digit = b.divide(&s);
        b.multiply(10);
        m.multiply(10);
        let mut above = b.clone();
        above.add(&m);
        let mut twice = b.clone();
        twice.shift(1);
        (digit, b.compare(&m).is_lt(), above.compare(&tens).is_ge(), twice.compare(&tens))
    };
    divide(digits, &mut next)
}

/// Takes digits until what is left is small enough, on one side or the other.
fn divide(digits: &mut Digits, next: &mut dyn FnMut(bool) -> (u8, bool, bool, Ordering)) -> Rest {
    let (digit, mut low, mut high, mut half) = next(true);
    if digit == 0 && !high {
        digits.point -= 1;
    } else {
        digits.push(digit);
    }
    if has_exponent(digits.point) {
        (low, high) = (false, false);
    }
    while !low && !high && digits.length < DIGITS_MAX {
        let digit;
        (digit, low, high, half) = next(false);
        digits.push(digit);
    }
    Rest { low, high, half }
}

/// A whole number of any length, the least word first, without zeros at the end.
#[derive(Clone)]
struct Long(Vec<u32>);

impl Long {
    fn new(value: u64) -> Self {
        let mut long = Self(vec![value as u32, (value >> 32) as u32]);
        long.trim();
        long
    }

    fn trim(&mut self) {
        while self.0.last() == Some(&0) {
            self.0.pop();
        }
    }

    fn multiply(&mut self, by: u32) {
        let mut carry = 0_u64;
        for word in &mut self.0 {
            let product = u64::from(*word) * u64::from(by) + carry;
            *word = product as u32;
            carry = product >> 32;
        }
        if carry > 0 {
            self.0.push(carry as u32);
        }
    }

    fn multiply_by_five(&mut self, power: i32) {
        (0..power / 13).for_each(|_| self.multiply(5_u32.pow(13)));
        self.multiply(5_u32.pow((power % 13) as u32));
    }

    fn shift(&mut self, bits: i32) {
        self.multiply(1 << (bits % 32));
        if !self.0.is_empty() {
            self.0.splice(0..0, std::iter::repeat_n(0, bits as usize / 32));
        }
    }

    fn compare(&self, other: &Self) -> Ordering {
        let lengths = self.0.len().cmp(&other.0.len());
        lengths.then_with(|| self.0.iter().rev().cmp(other.0.iter().rev()))
    }

    fn add(&mut self, other: &Self) {
        self.0.resize(self.0.len().max(other.0.len()) + 1, 0);
        let mut carry = 0_u64;
        for (at, word) in self.0.iter_mut().enumerate() {
            let sum = u64::from(*word) + u64::from(other.0.get(at).copied().unwrap_or(0)) + carry;
            *word = sum as u32;
            carry = sum >> 32;
        }
        self.trim();
    }

    /// What is left of a division, whose quotient is below 10 and given.
    fn divide(&mut self, by: &Self) -> u8 {
        let mut quotient = 0;
        while self.compare(by).is_ge() {
            let mut borrow = 0_i64;
            for (at, word) in self.0.iter_mut().enumerate() {
                let taken = i64::from(by.0.get(at).copied().unwrap_or(0));
                let difference = i64::from(*word) - taken - borrow;
                *word = difference as u32;
                borrow = i64::from(difference < 0);
            }
            self.trim();
            quotient += 1;
        }
        quotient
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn double(value: f64) -> String {
        let digits = Digits::of_double(value);
        format!("{}e{}", digits.as_str(), digits.point)
    }

    #[test]
    fn digits_are_those_of_java_17() {
        for (value, due) in [
            (0.1, "1e0"),
            (1e23, "9999999999999999e23"),
            (2f64.powi(62), "46116860184273879e19"),
            (f64::from_bits(1), "49e-323"),
            (f64::from_bits(2), "10e-322"),
            (f64::MAX, "17976931348623157e309"),
            (2f64.powi(-128), "29387358770557188e-38"),
            (1.0 / 3.0, "3333333333333333e0"),
        ] {
            assert_eq!(double(value), due);
        }
        let float = |value: f32| Digits::of_float(value).as_str().to_owned();
        assert_eq!(float(2_147_483_647.0), "214748365");
        assert_eq!(float(16_777_216.0), "16777216");
        assert_eq!(float(0.3), "3");
    }

    #[test]
    fn digits_read_back() {
        let mut bits = 0x0123_4567_89ab_cdef_u64;
        for _ in 0..20_000 {
            // Marsaglia's xorshift.
            bits ^= bits << 13;
            bits ^= bits >> 7;
            bits ^= bits << 17;
            let value = f64::from_bits(bits & !(1 << 63));
            if value.is_finite() && value > 0.0 {
                let digits = Digits::of_double(value);
                let text = format!("0.{}e{}", digits.as_str(), digits.point);
                assert_eq!(text.parse(), Ok(value));
            }
        }
    }
}
