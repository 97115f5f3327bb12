//! Regular expressions as Java and SQL write them, in the words of the library that matches them.
//!
//! In Java `\w`, `\d` and `\s` are of ASCII alone. In SQL's `SIMILAR TO`, `%` and `_` are wildcards, classes
//! have names in brackets of their own, as in `[[:DIGIT:].]`, and a point is any character, too, as Flink
//! has it.

/// Java's classes of one letter, and what they hold.
const CLASSES: [(char, &str); 4] = [
    ('w', "a-zA-Z0-9_"),
    ('d', "0-9"),
    ('s', r" \t\n\x0B\f\r"),
    ('h', r" \t\u{a0}\u{1680}\u{180e}\u{2000}-\u{200a}\u{202f}\u{205f}\u{3000}"),
];

/// Java's classes `\p{…}` of ASCII, and what they hold.
const POSIX: [(&str, &str); 13] = [
    ("Lower", "a-z"),
    ("Upper", "A-Z"),
    ("ASCII", r"\x00-\x7F"),
    ("Alpha", "a-zA-Z"),
    ("Digit", "0-9"),
    ("Alnum", "a-zA-Z0-9"),
    ("Punct", r"!-/:-@\[-`{-~"),
    ("Graph", "!-~"),
    ("Print", " -~"),
    ("Blank", r" \t"),
    ("Cntrl", r"\x00-\x1F\x7F"),
    ("XDigit", "0-9a-fA-F"),
    ("Space", r" \t\n\x0B\f\r"),
];

/// Any end of a line, which Java writes `\R`.
const LINE_END: &str = r"(?:\r\n|[\n\x0B\f\r\u{85}\u{2028}\u{2029}])";

/// SQL's classes, and what they hold.
const NAMES: [(&str, &str); 7] = [
    ("ALPHA", "a-zA-Z"),
    ("UPPER", "A-Z"),
    ("LOWER", "a-z"),
    ("DIGIT", "0-9"),
    ("ALNUM", "a-zA-Z0-9"),
    ("SPACE", " "),
    ("WHITESPACE", r"\s"),
];

/// A pattern of Java's.
pub fn of_java(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len());
    let mut inside = 0_usize;
    let mut rest = pattern;
    while let Some(character) = rest.chars().next() {
        rest = &rest[character.len_utf8()..];
        match character {
            '\\' => {
                let Some(letter) = rest.chars().next() else {
                    out.push('\\');
                    break;
                };
                rest = &rest[letter.len_utf8()..];
                if letter == 'Q' {
                    let (quoted, behind) = rest.split_once("\\E").unwrap_or((rest, ""));
                    out.push_str(&fancy_regex::escape(quoted));
                    rest = behind;
                    continue;
                }
                let held = CLASSES.iter().find(|(of, _)| *of == letter.to_ascii_lowercase());
                let posix = || {
                    let (name, behind) = rest.strip_prefix('{')?.split_once('}')?;
                    let found = POSIX.iter().find(|(of, _)| *of == name)?;
                    Some((found.1, behind))
                };
                let held = match (held, letter) {
                    (None, 'p' | 'P') => posix().map(|(held, behind)| {
                        rest = behind;
                        held
                    }),
                    (held, _) => held.map(|(_, held)| *held),
                };
                match held {
                    Some(held) if letter.is_ascii_lowercase() && inside > 0 => out.push_str(held),
                    Some(held) if letter.is_ascii_lowercase() => out.extend(["[", held, "]"]),
                    Some(held) => out.extend(["[^", held, "]"]),
                    None if letter == 'R' && inside == 0 => out.push_str(LINE_END),
                    None => out.extend(['\\', letter]),
                }
                continue;
            }
            '[' => inside += 1,
            ']' => inside = inside.saturating_sub(1),
            _ => {}
        }
        out.push(character);
    }
    out
}

/// A pattern of SIMILAR TO, over the whole text.
pub fn of_similar(pattern: &str, escape: Option<char>) -> String {
    let mut out = String::from("^(?s:");
    let mut rest = pattern;
    while let Some(character) = rest.chars().next() {
        rest = &rest[character.len_utf8()..];
        match character {
            c if Some(c) == escape => {
                let escaped = rest.chars().next();
                rest = &rest[escaped.map_or(0, char::len_utf8)..];
                out.push_str(&fancy_regex::escape(&escaped.unwrap_or(c).to_string()));
            }
            '[' => rest = push_class(rest, escape, &mut out),
            '%' => out.push_str(".*"),
            '_' => out.push('.'),
            '^' | '$' | '\\' => out.extend(['\\', character]),
            c => out.push(c),
        }
    }
    out.push_str(")$");
    out
}

/// Writes what stands in brackets; what follows them.
fn push_class<'t>(text: &'t str, escape: Option<char>, out: &mut String) -> &'t str {
    out.push('[');
    let mut rest = text;
    if let Some(behind) = rest.strip_prefix('^') {
        out.push('^');
        rest = behind;
    }
    while let Some(character) = rest.chars().next() {
        let named = NAMES.iter().find_map(|(name, held)| {
            let behind = rest.strip_prefix("[:")?;
            let start = behind.get(..name.len())?;
            let behind = behind[name.len()..].strip_prefix(":]")?;
            start.eq_ignore_ascii_case(name).then_some((*held, behind))
        });
        if let Some((held, behind)) = named {
            out.push_str(held);
            rest = behind;
            continue;
        }
        rest = &rest[character.len_utf8()..];
        match character {
            ']' => {
                out.push(']');
                return rest;
            }
            c if Some(c) == escape => {
                let escaped = rest.chars().next();
                rest = &rest[escaped.map_or(0, char::len_utf8)..];
                out.extend(['\\', escaped.unwrap_or(c)]);
            }
            '[' | '\\' | '^' | '&' | '~' => out.extend(['\\', character]),
            c => out.push(c),
        }
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_of_one_letter_are_of_ascii() {
        assert_eq!(of_java(r"\w+\s[\d.]\W"), r"[a-zA-Z0-9_]+[ \t\n\x0B\f\r][0-9.][^a-zA-Z0-9_]");
        assert_eq!(of_java(r"\\w\Q.\d\E$"), r"\\w\.\\d$");
        assert_eq!(of_java(r"\p{Upper}[\p{Lower}]\P{Digit}\p{L}"), r"[A-Z][a-z][^0-9]\p{L}");
    }

    #[test]
    fn brackets_of_similar_hold_names_and_are_turned_round() {
        assert_eq!(of_similar("[^a-z]_", None), "^(?s:[^a-z].)$");
        assert_eq!(of_similar("[[:DIGIT:].^]%", None), r"^(?s:[0-9.\^].*)$");
    }
}
