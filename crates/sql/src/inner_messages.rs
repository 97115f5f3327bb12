//! What is said in place of messages that are about the parts of a library, and not about SQL.

use crate::diagnostics::SqlError;

/// What is wrong where a message of the library has some words in it: what to say, what would work, and what
/// it is about.
const KNOWN: [(&str, &str, &str, &str); 18] = [
    (
        "Unsupported interval argument",
        "INTERVAL takes a literal, as in INTERVAL '10' SECOND",
        "multiply one, as in x * INTERVAL '1' SECOND",
        "INTERVAL",
    ),
    (
        "expression Wildcard",
        "* stands where a value is due",
        "name a column; only COUNT takes *",
        "*",
    ),
    (
        "Substring without",
        "SUBSTRING takes a text and where to start",
        "write SUBSTRING(text, start[, length])",
        "SUBSTRING",
    ),
    (
        "Date arithmetic overflow",
        "a date or time is moved out of its range",
        "years go from 1 to 9999 where times are shown",
        "",
    ),
    (
        "Arithmetic overflow",
        "a value is out of the range of its type",
        "cast it to a wider one",
        "",
    ),
    ("StructArray field \"key\"", "a key of a map is NULL", "put COALESCE around it", "MAP"),
    (
        "was not provided a value",
        "? has no value",
        "write ${name}, and give it with --param name=value",
        "?",
    ),
    (
        "Column in HAVING must be",
        "HAVING asks for a column that is neither grouped by nor inside an aggregate function",
        "add it to GROUP BY or wrap it in an aggregate such as MAX(…)",
        "HAVING",
    ),
    (
        "HAVING clause references",
        "HAVING asks for what is neither grouped by nor inside an aggregate function",
        "compare an aggregate, as in HAVING COUNT(*) > 1",
        "HAVING",
    ),
    (
        "Projections require unique expression names",
        "a column stands twice in the SELECT list",
        "name the columns, and give one of the two another name with AS",
        "",
    ),
    (
        "duplicate qualified field name",
        "two relations of FROM have the same name, or one has two columns of one name",
        "give one another name, as in FROM t AS a JOIN t AS b",
        "",
    ),
    (
        "Aggregate function calls cannot be nested",
        "an aggregate stands inside of another one",
        "aggregate in a subquery first",
        "",
    ),
    (
        "for temporal operation",
        "dates, times and intervals cannot be calculated with like this",
        "+ and - take a date or time and an interval, * an interval and an integer",
        "",
    ),
    (
        "Cannot coerce arithmetic expression",
        "values of these types cannot be calculated with",
        "cast them to numbers",
        "",
    ),
    (
        "Cannot infer common argument type",
        "values of these types cannot be compared",
        "cast one side, as in CAST(x AS STRING)",
        "",
    ),
    (
        "Divide by zero",
        "division by zero",
        "put NULLIF around the divisor, as in x / NULLIF(y, 0)",
        "",
    ),
    (
        "Inconsistent data length",
        "the rows of VALUES have different numbers of values",
        "give each row as many as the first one",
        "VALUES",
    ),
    (
        "coerce types",
        "values of these types cannot be compared",
        "cast one side, as in CAST(x AS STRING)",
        "",
    ),
];

/// Words of messages that are about nothing a person wrote.
const PARTS: [&str; 6] =
    ["Internal error", "Physical plan", "LogicalPlan", "Ident {", "Expr {", "Expr("];

/// What to say instead; `None` where a message is about SQL.
pub(crate) fn replaced(message: &str) -> Option<SqlError> {
    if let Some((_, said, hint, about)) = KNOWN.iter().find(|(words, ..)| message.contains(words)) {
        let error = SqlError::new(*said).hint(*hint);
        return Some(if about.is_empty() { error } else { error.about(*about) });
    }
    PARTS.iter().any(|part| message.contains(part)).then(|| {
        SqlError::unsupported("this form of a statement or of a part of it").hint(
            "write it as the reference has it, or leave parts out to find the one that is meant",
        )
    })
}
