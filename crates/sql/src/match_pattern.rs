//! The clauses PATTERN, WITHIN and AFTER MATCH of a MATCH_RECOGNIZE, and what cannot stand in them.

use millstream_plan::{AfterMatch, Quantifier, VARIABLES_MAX};
use sqlparser::ast::Expr as SqlExpr;

use crate::diagnostics::{Result, SqlError};
use crate::match_names::text_of;
use crate::match_syntax::quantifier_of;
use crate::window::interval_ms;

/// The variables of PATTERN.
pub(crate) fn variables(items: &[&SqlExpr]) -> Result<Vec<(String, Quantifier)>> {
    let mut found: Vec<(String, Quantifier)> = Vec::new();
    for item in items.chunks(2) {
        let (Some(name), Some(quantifier)) =
            (text_of(item[0]), item.get(1).and_then(|text| quantifier_of(text_of(text)?)))
        else {
            return Err(SqlError::unsupported("this PATTERN").about("PATTERN"));
        };
        if found.iter().any(|(known, _)| known == name) {
            return Err(SqlError::unsupported(format!("variable \"{name}\" twice in PATTERN"))
                .hint("give the second one another name, and the same condition")
                .about(name));
        }
        found.push((name.to_owned(), quantifier));
    }
    let Some((last, quantifier)) = found.last() else {
        return Err(SqlError::new("PATTERN needs a variable").about("PATTERN"));
    };
    if found.iter().all(|(_, quantifier)| quantifier.least == 0) {
        return Err(SqlError::unsupported("a PATTERN that fits no rows at all")
            .hint("write at least one variable that must have a row, such as A or A+")
            .about("PATTERN"));
    }
    if quantifier.insists() {
        return Err(SqlError::unsupported(format!("the greedy {last}{quantifier} at the end of PATTERN"))
            .hint(format!(
                "the longest run of rows ends with the first row that is none of it: add a variable for that \
                 row, as in {last}{quantifier} END, or take the shortest run: {last}{quantifier}?"
            ))
            .about(last));
    }
    let counted = found.iter().map(|(_, of)| of.most.unwrap_or(0).max(of.least));
    if counted.sum::<u32>() > STATES_MAX {
        return Err(SqlError::unsupported(format!(
            "a PATTERN that counts more than {STATES_MAX} rows"
        ))
        .hint("bound a match in time: WITHIN INTERVAL '1' HOUR")
        .about("PATTERN"));
    }
    if found.len() > VARIABLES_MAX {
        return Err(SqlError::unsupported(format!(
            "a PATTERN of more than {VARIABLES_MAX} variables"
        ))
        .about("PATTERN"));
    }
    Ok(found)
}

/// Each row that a pattern counts is a state of its automaton.
const STATES_MAX: u32 = 4_000;

/// The length of WITHIN in ms.
pub(crate) fn within(interval: Option<&SqlExpr>) -> Result<Option<i64>> {
    let Some(interval) = interval else { return Ok(None) };
    match interval_ms(interval) {
        // 0 is how Flink says for ever.
        Some(ms) if ms >= 0 => Ok(Some(ms).filter(|ms| *ms > 0)),
        Some(_) => {
            Err(SqlError::new("WITHIN takes an interval that is not negative").about("WITHIN"))
        }
        None => Err(SqlError::new("WITHIN takes an INTERVAL of days to seconds")
            .hint("write WITHIN INTERVAL '1' HOUR")
            .about("WITHIN")),
    }
}

/// Where the next match starts.
pub(crate) fn skip(items: &[&SqlExpr], pattern: &[(String, Quantifier)]) -> Result<AfterMatch> {
    let words: Vec<&str> = items.iter().filter_map(|item| text_of(item)).collect();
    let (which, name) = match words[..] {
        ["PAST"] => return Ok(AfterMatch::PastLastRow),
        [which, name] => (which, name),
        _ => return Ok(AfterMatch::ToNextRow),
    };
    let variable = position(name, pattern).ok_or_else(|| unknown_variable(name, pattern))?;
    let quantifier = pattern[variable].1;
    let is_start = variable == 0 && quantifier.least > 0;
    if is_start && (which == "FIRST" || quantifier.most == Some(1)) {
        return Err(SqlError::new(format!(
            "AFTER MATCH SKIP TO {which} {name} goes back to the first row of a match, which would be \
             found again"
        ))
        .hint("skip to a variable behind it, TO NEXT ROW, or PAST LAST ROW")
        .about("SKIP"));
    }
    Ok(match which {
        "FIRST" => AfterMatch::ToFirst(variable),
        _ => AfterMatch::ToLast(variable),
    })
}

/// The number of a variable.
pub(crate) fn position(name: &str, pattern: &[(String, Quantifier)]) -> Option<usize> {
    pattern.iter().position(|(known, _)| known == name)
}

fn unknown_variable(name: &str, pattern: &[(String, Quantifier)]) -> SqlError {
    let names: Vec<&str> = pattern.iter().map(|(name, _)| name.as_str()).collect();
    SqlError::new(format!("pattern variable \"{name}\" not found"))
        .hint(format!("PATTERN has {}", names.join(", ")))
        .about(name)
}
