//! Digits of a text, eight at a time.
//!
//! Bytes are taken together as one number with the first byte lowest. A text of digits, less `'0'` in each
//! byte, is put together in three steps: pairs, then fours, then all eight.

const ZEROS: u64 = 0x3030_3030_3030_3030;

/// Bits that are set in a byte, of which `'0'` was taken away, when it is no digit.
#[inline]
fn strays(values: u64) -> u64 {
    (values | values.wrapping_add(0x0606_0606_0606_0606)) & 0xF0F0_F0F0_F0F0_F0F0
}

/// The end of the digits that start at a place.
#[inline]
pub fn end_of_digits(bytes: &[u8], mut at: usize) -> usize {
    while let Some(eight) = bytes.get(at..).and_then(|rest| rest.first_chunk()) {
        let strays = strays(u64::from_le_bytes(*eight) ^ ZEROS);
        if strays != 0 {
            // A carry into a higher byte comes from a byte that is no digit itself.
            return at + strays.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    while bytes.get(at).is_some_and(u8::is_ascii_digit) {
        at += 1;
    }
    at
}

/// The number of eight digits.
#[inline]
fn eight(values: u64) -> u64 {
    let pairs = (values * 10 + (values >> 8)) & 0x00FF_00FF_00FF_00FF;
    let fours = (pairs * 100 + (pairs >> 16)) & 0x0000_FFFF_0000_FFFF;
    (fours * 10_000 + (fours >> 32)) & 0xFFFF_FFFF
}

/// The number that starts at a place, and where its digits end; `None` unless they are 1 to 15 with enough
/// bytes behind them to be looked at together.
#[inline]
pub fn leading_number(bytes: &[u8], at: usize) -> Option<(u64, usize)> {
    // What is shifted in stands for zeros in front.
    let first_digits = |values: u64, count: usize| eight(values << (8 * (8 - count)));
    let (first, rest) = bytes.get(at..)?.split_first_chunk()?;
    let first = u64::from_le_bytes(*first) ^ ZEROS;
    let strays_in_first = strays(first);
    if strays_in_first != 0 {
        let count = strays_in_first.trailing_zeros() as usize / 8;
        return (count > 0).then(|| (first_digits(first, count), at + count));
    }
    let second = u64::from_le_bytes(*rest.first_chunk()?) ^ ZEROS;
    let count = strays(second).trailing_zeros() as usize / 8;
    match count {
        0 => Some((eight(first), at + 8)),
        1..=7 => {
            let value = eight(first) * TENS[count] + first_digits(second, count);
            Some((value, at + 8 + count))
        }
        _ => None,
    }
}

/// Powers of ten.
const TENS: [u64; 8] = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000];

/// The whole number of a text of at most 16 digits, with a minus sign or without; `None` for any other.
#[inline]
pub fn short_integer(text: &[u8]) -> Option<i64> {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    let value = match digits.len() {
        1..=3 => {
            let mut value = 0;
            for digit in digits {
                let digit = digit.wrapping_sub(b'0');
                if digit > 9 {
                    return None;
                }
                value = value * 10 + u64::from(digit);
            }
            value
        }
        length @ 4..=8 => {
            // The two overlap in bytes that are the same in both.
            let (first, last) = (digits.first_chunk()?, digits.last_chunk()?);
            let (first, last) = (u32::from_le_bytes(*first), u32::from_le_bytes(*last));
            let all = u64::from(first) | u64::from(last) << (8 * (length - 4));
            // What is shifted in stands for zeros in front.
            let unused = 8 * (8 - length);
            let values = (all << unused) ^ (ZEROS << unused);
            if strays(values) != 0 {
                return None;
            }
            eight(values)
        }
        length @ 9..=16 => {
            let (first, last) = (digits.first_chunk()?, digits.last_chunk()?);
            let first = u64::from_le_bytes(*first) ^ ZEROS;
            let last = u64::from_le_bytes(*last) ^ ZEROS;
            if strays(first) | strays(last) != 0 {
                return None;
            }
            let behind = last & (u64::MAX << (8 * (16 - length)));
            eight(first) * 10_u64.pow(length as u32 - 8) + eight(behind)
        }
        _ => return None,
    };
    let value = value as i64;
    Some(if digits.len() < text.len() { -value } else { value })
}

/// The seconds of the day of `HH:mm:ss`.
#[inline]
pub fn seconds_of_day(text: [u8; 8]) -> Option<u32> {
    let values = u64::from_le_bytes(text) ^ u64::from_le_bytes(*b"00:00:00");
    if strays(values) | values & 0x0000_FF00_00FF_0000 != 0 {
        return None;
    }
    let pairs = values * 10 + (values >> 8);
    let (hour, minute, second) = (pairs as u8, (pairs >> 24) as u8, (pairs >> 48) as u8);
    (hour < 24 && minute < 60 && second < 60)
        .then(|| u32::from(hour) * 3_600 + u32::from(minute) * 60 + u32::from(second))
}

#[cfg(test)]
mod tests {
    use millstream_testing::Random;

    use super::*;

    #[test]
    fn integers_are_those_of_the_standard_library() {
        let mut random = Random::new(3);
        for _ in 0..200_000 {
            let length = random.below(26) as usize;
            let mut text: Vec<u8> = (0..length).map(|_| b'0' + random.below(10) as u8).collect();
            if random.below(3) == 0 {
                text.insert(0, b'-');
            }
            if random.below(2) == 0 && !text.is_empty() {
                let at = random.below(text.len() as u64) as usize;
                text[at] = random.below(256) as u8;
            }
            let digits = text.strip_prefix(b"-").unwrap_or(&text).iter();
            let plain = digits.clone().all(u8::is_ascii_digit) && (1..=16).contains(&digits.len());
            let due = plain.then(|| String::from_utf8(text.clone()).unwrap().parse().unwrap());
            assert_eq!(short_integer(&text), due, "{}", String::from_utf8_lossy(&text));
            let from = random.below(text.len() as u64 + 1) as usize;
            let end = (from..text.len()).find(|at| !text[*at].is_ascii_digit());
            assert_eq!(end_of_digits(&text, from), end.unwrap_or(text.len()));
            if let Some((value, end)) = leading_number(&text, from) {
                assert_eq!(end, end_of_digits(&text, from));
                assert_eq!(
                    value,
                    String::from_utf8_lossy(&text[from..end]).parse::<u64>().unwrap()
                );
            } else if text.len() >= from + 16 {
                let digits = end_of_digits(&text, from) - from;
                assert!(digits == 0 || digits > 15, "{}", String::from_utf8_lossy(&text));
            }
        }
    }

    #[test]
    fn times_of_day_are_checked() {
        assert_eq!(seconds_of_day(*b"00:00:00"), Some(0));
        assert_eq!(seconds_of_day(*b"23:59:59"), Some(86_399));
        assert_eq!(seconds_of_day(*b"12:34:56"), Some(45_296));
        for place in 0..8 {
            for byte in 0..=255 {
                let mut text = *b"11:11:11";
                text[place] = byte;
                let due = match place {
                    2 | 5 => byte == b':',
                    0 => (b'0'..=b'2').contains(&byte),
                    3 | 6 => (b'0'..=b'5').contains(&byte),
                    _ => byte.is_ascii_digit(),
                };
                assert_eq!(seconds_of_day(text).is_some(), due, "{:?}", text.map(char::from));
            }
        }
        assert_eq!(seconds_of_day(*b"24:00:00"), None);
        assert_eq!(seconds_of_day(*b"29:00:00"), None);
    }
}
