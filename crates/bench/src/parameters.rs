//! Fills in `${key}` in scripts, as `millstream run --param` does.

use crate::error::Error;

/// The text with each `${key}` replaced by its value; of equal keys the last one counts.
///
/// # Errors
/// When a key has no value.
pub fn fill(text: &str, parameters: &[(&str, &str)]) -> Result<String, Error> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once("${") {
        let Some((key, after)) = behind.split_once('}') else { break };
        let value = parameters.iter().rev().find(|(known, _)| *known == key);
        let (_, value) = value.ok_or_else(|| Error::Parameter(key.to_owned()))?;
        out.push_str(before);
        out.push_str(value);
        rest = after;
    }
    out.push_str(rest);
    Ok(out)
}

/// A text as it stands between quotes in SQL.
pub fn quoted(text: &str) -> String {
    text.replace('\'', "''")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_replaced() {
        let parameters = [("n", "0"), ("n", "5"), ("path", "/tmp/${n}")];
        assert_eq!(fill("a ${n}${n} '${path}'", &parameters).unwrap(), "a 55 '/tmp/${n}'");
        assert_eq!(fill("a $ { } ${n", &parameters).unwrap(), "a $ { } ${n");
    }

    #[test]
    fn a_key_without_value_is_an_error() {
        let error = fill("${rate}", &[]).unwrap_err();
        assert_eq!(error.to_string(), "parameter \"rate\" has no value");
    }
}
