//! Texts that stand for something else: encoded bytes, addresses on the web and in networks, lists and maps.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BinaryBuilder, Int64Array, ListBuilder, MapBuilder, MapFieldNames,
    StringArray, StringBuilder,
};
use arrow::datatypes::{DataType, Field, Int64Type};
use millstream_types::{Error, Result};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode, utf8_percent_encode};

use crate::function::{Builtin, Call, function, typing};
use crate::nested::map_type;
use crate::pattern::{Cache, rows2, texts};

const TEXT: DataType = DataType::Utf8;

/// The functions of this family.
pub const BUILTINS: &[Builtin] = &[
    function!(
        "ENCODE",
        "ENCODE(text, charset)",
        "The bytes of the text in US-ASCII, ISO-8859-1, UTF-8, UTF-16BE, UTF-16LE or UTF-16.",
        |given| typing::exact(given, &texts::<2>(), DataType::Binary),
        |call| {
            let mut out = BinaryBuilder::new();
            let encoded =
                rows2(call, |text, charset| Charset::of(charset).map(|c| c.encode(text)))?;
            encoded.into_iter().for_each(|bytes| out.append_option(bytes));
            Ok(Arc::new(out.finish()))
        }
    ),
    function!(
        "DECODE",
        "DECODE(bytes, charset)",
        "The text that bytes are in a charset; those of ENCODE.",
        |given| typing::exact(given, &[DataType::Binary, TEXT], TEXT),
        |call| {
            let charsets = call.arguments[1].as_string::<i32>();
            let mut out = StringBuilder::new();
            for (bytes, charset) in call.arguments[0].as_binary::<i32>().iter().zip(charsets) {
                out.append_option(match bytes.zip(charset) {
                    Some((bytes, charset)) => Some(Charset::of(charset)?.decode(bytes)),
                    None => None,
                });
            }
            Ok(Arc::new(out.finish()))
        }
    ),
    function!(
        "UNHEX",
        "UNHEX(text)",
        "The bytes that hexadecimal digits stand for; NULL where they are none.",
        |given| typing::exact(given, &[TEXT], DataType::Binary),
        |call| {
            let mut out = BinaryBuilder::new();
            let texts = call.arguments[0].as_string::<i32>().iter();
            texts.for_each(|text| out.append_option(text.and_then(unhex)));
            Ok(Arc::new(out.finish()))
        }
    ),
    function!(
        "URL_ENCODE",
        "URL_ENCODE(text)",
        "The text as part of a URL.",
        |given| typing::exact(given, &[TEXT], TEXT),
        |call| mapped(call, |text| {
            Some(utf8_percent_encode(text, &ENCODED).to_string().replace("%20", "+"))
        })
    ),
    function!(
        "URL_DECODE",
        "URL_DECODE(text)",
        "The text that a part of a URL stands for; NULL where it is none.",
        |given| typing::exact(given, &[TEXT], TEXT),
        |call| mapped(call, url_decode)
    ),
    function!(
        "PARSE_URL",
        "PARSE_URL(url, part[, key])",
        "A part of a URL: HOST, PATH, QUERY, REF, PROTOCOL, FILE, AUTHORITY or USERINFO; of QUERY the \
         value of a key.",
        |given| typing::between(given, &texts::<3>(), 2, TEXT),
        parse_url
    ),
    function!(
        "STR_TO_MAP",
        "STR_TO_MAP(text[, between pairs, between key and value])",
        "A map of texts; the separators are regular expressions, `,` and `=` unless given.",
        |given| {
            if given.len() == 2 {
                return Err("it takes one text, or three".to_owned());
            }
            typing::between(given, &texts::<3>(), 1, map_type(&TEXT, &TEXT))
        },
        str_to_map
    ),
    function!(
        "SPLIT",
        "SPLIT(text, separator)",
        "The parts between separators; the characters, when that is empty.",
        |given| {
            let list = DataType::List(Arc::new(Field::new("item", TEXT, true)));
            typing::exact(given, &texts::<2>(), list)
        },
        |call| {
            let mut out = ListBuilder::new(StringBuilder::new());
            for parts in rows2(call, |text, separator| Ok(split(text, separator)))? {
                let valid = parts.is_some();
                parts.iter().flatten().for_each(|part| out.values().append_value(part));
                out.append(valid);
            }
            Ok(Arc::new(out.finish()))
        }
    ),
    function!(
        "INET_ATON",
        "INET_ATON(text)",
        "The number of an IPv4 address; NULL where it is none.",
        |given| typing::exact(given, &[TEXT], DataType::Int64),
        |call| {
            let texts = call.arguments[0].as_string::<i32>().iter();
            Ok(Arc::new(texts.map(|text| text.and_then(inet_aton)).collect::<Int64Array>()))
        }
    ),
    function!(
        "INET_NTOA",
        "INET_NTOA(number)",
        "The IPv4 address of a number.",
        |given| typing::exact(given, &[DataType::Int64], TEXT),
        |call| {
            let numbers = call.arguments[0].as_primitive::<Int64Type>().iter();
            let address = |number: i64| {
                u32::try_from(number).ok().map(|n| std::net::Ipv4Addr::from(n).to_string())
            };
            Ok(Arc::new(numbers.map(|n| n.and_then(address)).collect::<StringArray>()))
        }
    ),
];

fn mapped(call: &Call<'_>, compute: impl Fn(&str) -> Option<String>) -> Result<ArrayRef> {
    let texts = call.arguments[0].as_string::<i32>().iter();
    Ok(Arc::new(texts.map(|text| text.and_then(&compute)).collect::<StringArray>()))
}

/// A charset every Java runtime has.
#[derive(Clone, Copy)]
enum Charset {
    Ascii,
    Latin1,
    Utf8,
    /// With a byte order mark; big endian where there is none.
    Utf16,
    Utf16Be,
    Utf16Le,
}

impl Charset {
    fn of(name: &str) -> Result<Self> {
        Ok(match name.to_ascii_uppercase().as_str() {
            "US-ASCII" | "ASCII" => Self::Ascii,
            "ISO-8859-1" | "ISO8859_1" | "LATIN1" => Self::Latin1,
            "UTF-8" | "UTF8" => Self::Utf8,
            "UTF-16" | "UTF16" => Self::Utf16,
            "UTF-16BE" => Self::Utf16Be,
            "UTF-16LE" => Self::Utf16Le,
            _ => {
                return Err(Error::Evaluation(format!(
                    "'{name}' is no charset; US-ASCII, ISO-8859-1, UTF-8, UTF-16BE, UTF-16LE and UTF-16 are"
                )));
            }
        })
    }

    fn encode(self, text: &str) -> Vec<u8> {
        // There is no mark of the byte order before nothing.
        if text.is_empty() {
            return Vec::new();
        }
        let narrow = |most: u32| {
            let byte = |c: char| if u32::from(c) < most { u32::from(c) as u8 } else { b'?' };
            text.chars().map(byte).collect()
        };
        let wide = |bytes: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(bytes);
        match self {
            Self::Ascii => narrow(128),
            Self::Latin1 => narrow(256),
            Self::Utf8 => text.as_bytes().to_vec(),
            Self::Utf16 => [0xfe, 0xff].into_iter().chain(wide(u16::to_be_bytes)).collect(),
            Self::Utf16Be => wide(u16::to_be_bytes).collect(),
            Self::Utf16Le => wide(u16::to_le_bytes).collect(),
        }
    }

    fn decode(self, bytes: &[u8]) -> String {
        let wide = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
            let units = bytes.chunks(2).map(|pair| match pair {
                [a, b] => unit([*a, *b]),
                _ => 0xfffd,
            });
            let characters = char::decode_utf16(units);
            characters.map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
        };
        match self {
            Self::Ascii => {
                let character = |b: &u8| match b {
                    0..128 => char::from(*b),
                    _ => char::REPLACEMENT_CHARACTER,
                };
                bytes.iter().map(character).collect()
            }
            Self::Latin1 => bytes.iter().map(|byte| char::from(*byte)).collect(),
            Self::Utf8 => String::from_utf8_lossy(bytes).into_owned(),
            Self::Utf16 => match bytes {
                [0xff, 0xfe, rest @ ..] => wide(rest, u16::from_le_bytes),
                [0xfe, 0xff, rest @ ..] => wide(rest, u16::from_be_bytes),
                _ => wide(bytes, u16::from_be_bytes),
            },
            Self::Utf16Be => wide(bytes, u16::from_be_bytes),
            Self::Utf16Le => wide(bytes, u16::from_le_bytes),
        }
    }
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
    // Of an odd number of digits the first one is checked, and counts as 0.
    let (first, rest) = text.as_bytes().split_at(text.len() % 2);
    let mut bytes =
        first.iter().map(|byte| digit(*byte).map(|_| 0)).collect::<Option<Vec<u8>>>()?;
    for pair in rest.chunks_exact(2) {
        bytes.push(digit(pair[0])? << 4 | digit(pair[1])?);
    }
    Some(bytes)
}

/// What Java's URLEncoder writes as %XX; a blank is `+`.
const ENCODED: AsciiSet = NON_ALPHANUMERIC.remove(b'.').remove(b'-').remove(b'*').remove(b'_');

fn url_decode(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let broken = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'%').any(|(at, _)| {
        let digits = bytes.get(at + 1..at + 3);
        !digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    });
    let text = text.replace('+', " ");
    (!broken).then(|| percent_decode(text.as_bytes()).decode_utf8_lossy().into_owned())
}

/// A URL as java.net.URL takes it apart.
struct Url<'a> {
    protocol: String,
    authority: Option<&'a str>,
    user_info: Option<&'a str>,
    host: &'a str,
    path: &'a str,
    query: Option<&'a str>,
    reference: Option<&'a str>,
}

impl<'a> Url<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let text = text.trim_matches(|c| c <= ' ');
        let (protocol, rest) = text.split_once(':').filter(|(p, _)| !p.contains('/'))?;
        let protocol = protocol.to_ascii_lowercase();
        let known = ["http", "https", "ftp", "file", "jar", "mailto", "jrt", "jmod"];
        if !known.contains(&protocol.as_str()) {
            return None;
        }
        let (rest, reference) = match rest.split_once('#') {
            Some((rest, reference)) => (rest, Some(reference)),
            None => (rest, None),
        };
        let (rest, query) = match rest.split_once('?') {
            Some((rest, query)) => (rest, Some(query)),
            None => (rest, None),
        };
        let mut url = Self {
            protocol,
            authority: None,
            user_info: None,
            host: "",
            path: rest,
            query,
            reference,
        };
        let Some(rest) = rest.strip_prefix("//") else { return Some(url) };
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        (url.authority, url.path) = (Some(authority), path);
        let host = match authority.split_once('@') {
            Some((user, host)) if !host.contains('@') => {
                url.user_info = Some(user);
                host
            }
            Some(_) => return None,
            None => authority,
        };
        let port_from = match host.starts_with('[') {
            true => host.find(']')? + 1,
            false => host.find(':').unwrap_or(host.len()),
        };
        let (name, port) = host.split_at(port_from);
        let port = port.strip_prefix(':').unwrap_or(port);
        if !port.is_empty() && port.parse::<u32>().is_err() {
            return None;
        }
        url.host = name;
        Some(url)
    }
}

fn parse_url(call: &Call<'_>) -> Result<ArrayRef> {
    let (urls, parts) =
        (call.arguments[0].as_string::<i32>(), call.arguments[1].as_string::<i32>());
    let keys = call.arguments.get(2).map(|keys| keys.as_string::<i32>());
    let mut out = StringBuilder::new();
    for (row, (url, part)) in urls.iter().zip(parts).enumerate() {
        let found = url.zip(part).and_then(|(url, part)| {
            let url = Url::parse(url)?;
            if let Some(keys) = keys {
                let key = keys.is_valid(row).then(|| keys.value(row))?;
                let pairs = url.query.filter(|_| part == "QUERY")?.split('&');
                let mut pairs = pairs.filter_map(|pair| pair.split_once('='));
                return pairs.find(|(known, _)| *known == key).map(|(_, value)| value.to_owned());
            }
            match part {
                "HOST" => Some(url.host.to_owned()),
                "PATH" => Some(url.path.to_owned()),
                "QUERY" => url.query.map(str::to_owned),
                "REF" => url.reference.map(str::to_owned),
                "PROTOCOL" => Some(url.protocol),
                "FILE" => Some(match url.query {
                    Some(query) => format!("{}?{query}", url.path),
                    None => url.path.to_owned(),
                }),
                "AUTHORITY" => url.authority.map(str::to_owned),
                "USERINFO" => url.user_info.map(str::to_owned),
                _ => None,
            }
        });
        out.append_option(found);
    }
    Ok(Arc::new(out.finish()))
}

fn str_to_map(call: &Call<'_>) -> Result<ArrayRef> {
    let texts = call.arguments[0].as_string::<i32>();
    let given =
        |argument: usize| call.arguments.get(argument).map(|given| given.as_string::<i32>());
    let (pairs, values) = (given(1), given(2));
    let names = MapFieldNames {
        entry: "entries".to_owned(),
        key: "key".to_owned(),
        value: "value".to_owned(),
    };
    let mut out = MapBuilder::new(Some(names), StringBuilder::new(), StringBuilder::new());
    let mut cache = Cache::default();
    for (row, text) in texts.iter().enumerate() {
        let null = |given: &Option<&StringArray>| given.is_some_and(|given| given.is_null(row));
        let Some(text) = text.filter(|_| !null(&pairs) && !null(&values)) else {
            out.append(false)?;
            continue;
        };
        let mut entries: Vec<(&str, Option<&str>)> = Vec::new();
        let parts = cache.split(pairs.map_or(",", |given| given.value(row)), text, usize::MAX)?;
        for pair in parts.into_iter().filter(|_| !text.is_empty()) {
            let parts = cache.split(values.map_or("=", |given| given.value(row)), pair, 2)?;
            let (key, value) = (parts.first().copied().unwrap_or(pair), parts.get(1).copied());
            match entries.iter_mut().find(|(known, _)| *known == key) {
                Some(entry) => entry.1 = value,
                None => entries.push((key, value)),
            }
        }
        for (key, value) in entries {
            out.keys().append_value(key);
            out.values().append_option(value);
        }
        out.append(true)?;
    }
    Ok(arrow::compute::cast(&out.finish(), call.result)?)
}

fn split(text: &str, separator: &str) -> Vec<String> {
    match separator {
        _ if text.is_empty() => Vec::new(),
        "" => text.chars().map(String::from).collect(),
        _ => text.split(separator).map(str::to_owned).collect(),
    }
}

/// The parts of an address count from the left; where there are less than four, the last one stands at
/// the end.
fn inet_aton(text: &str) -> Option<i64> {
    let parts = text.split('.').map(|part| part.parse::<u32>().ok());
    let parts = parts.collect::<Option<Vec<u32>>>()?;
    let (last, first) = parts.split_last()?;
    if parts.len() > 4 || parts.iter().any(|part| *part > 255) {
        return None;
    }
    let room = 32 - 8 * first.len() as u32;
    let high = first.iter().fold(0_i64, |address, part| address << 8 | i64::from(*part));
    Some(high << room | i64::from(*last))
}
