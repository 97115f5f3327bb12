//! What EXPLAIN says of MATCH_RECOGNIZE, in the words of its clauses.

use arrow::datatypes::SchemaRef;

use crate::explain::{call, names, orders};
use crate::pattern::{AfterMatch, MatchRecognize, MatchValue, Pattern, PatternCondition};
use crate::window::duration;

/// The clauses.
pub(crate) fn details(found: &MatchRecognize, input: &SchemaRef) -> String {
    let pattern = &found.pattern;
    let variables: Vec<String> = pattern
        .variables
        .iter()
        .map(|variable| format!("{}{}", variable.name, variable.quantifier))
        .collect();
    let define: Vec<String> = pattern
        .variables
        .iter()
        .filter_map(|variable| {
            let condition = match &variable.condition {
                PatternCondition::Always => return None,
                PatternCondition::Column(column) => names(input, &[*column]),
                PatternCondition::Values { condition, .. } => condition.to_string(),
            };
            Some(format!("{} AS {condition}", variable.name))
        })
        .collect();
    let values = found.values.iter().map(|value| value_text(value, pattern, input));
    let within = pattern.within.map_or(String::new(), |ms| format!(", within {}", duration(ms)));
    format!(
        "order=[{}], partition=[{}], pattern=[{}]{within}, skip {}, define=[{}], select=[{}]",
        orders(Some(input), found.time, &found.ties),
        names(input, &found.partition),
        variables.join(" "),
        skip(pattern),
        define.join(", "),
        values.collect::<Vec<_>>().join(", ")
    )
}

fn skip(pattern: &Pattern) -> String {
    let name = |variable: usize| &pattern.variables[variable].name;
    match pattern.skip {
        AfterMatch::PastLastRow => "past last row".to_owned(),
        AfterMatch::ToNextRow => "to next row".to_owned(),
        AfterMatch::ToFirst(variable) => format!("to first {}", name(variable)),
        AfterMatch::ToLast(variable) => format!("to last {}", name(variable)),
    }
}

fn value_text(value: &MatchValue, pattern: &Pattern, input: &SchemaRef) -> String {
    // A variable that the pattern does not have never has rows.
    let of = |variable: &Option<usize>| match variable.map(|at| pattern.variables.get(at)) {
        Some(Some(variable)) => format!("{}.", variable.name),
        Some(None) => "none.".to_owned(),
        None => String::new(),
    };
    match value {
        MatchValue::Row { variable, last, offset, column } => {
            let column = format!("{}{}", of(variable), names(input, &[*column]));
            let function = if *last { "LAST" } else { "FIRST" };
            match offset {
                0 => format!("{function}({column})"),
                _ => format!("{function}({column}, {offset})"),
            }
        }
        MatchValue::Aggregate { variable, call: aggregate } => {
            call(aggregate, Some(input)).replacen('(', &format!("({}", of(variable)), 1)
        }
        MatchValue::Time => "MATCH_ROWTIME()".to_owned(),
    }
}
