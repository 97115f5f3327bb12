//! What every function and operator is for, with examples: `DESCRIBE FUNCTION` and the reference show it.
//!
//! The answers in `examples.tsv` are Flink's.

use crate::function::Builtin;
use crate::registry::FAMILIES;

/// A function or operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// What it belongs to.
    pub family: &'static str,
    /// Its name, or its sign.
    pub name: &'static str,
    /// How it is written.
    pub usage: &'static str,
    /// What it gives.
    pub about: &'static str,
}

/// An expression, or a query of one value, and its value as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Example {
    /// The name of the entry.
    pub name: &'static str,
    /// The expression, or a query.
    pub sql: &'static str,
    /// The value as text.
    pub value: &'static str,
}

const EXAMPLES: &str = include_str!("examples.tsv");

/// All examples, in the order of the names.
pub fn examples() -> impl Iterator<Item = Example> {
    EXAMPLES.lines().filter_map(|line| {
        let mut parts = line.split('\t');
        Some(Example { name: parts.next()?, sql: parts.next()?, value: parts.next()? })
    })
}

/// All entries, family by family.
pub fn entries() -> Vec<Entry> {
    let operators = [
        ("Comparison", COMPARISON),
        ("Logic", LOGIC),
        ("Arithmetic", ARITHMETIC),
        ("Values", VALUES),
    ];
    let listed = |(family, list): (&'static str, &'static [[&'static str; 3]])| {
        list.iter().map(move |[name, usage, about]| Entry { family, name, usage, about })
    };
    let of_builtin = |family: &'static str, builtin: &'static Builtin| Entry {
        family,
        name: builtin.name,
        usage: builtin.usage,
        about: builtin.about,
    };
    let shown = |builtin: &&Builtin| !builtin.usage.is_empty() && !HIDDEN.contains(&builtin.name);
    let functions = FAMILIES.iter().flat_map(|(family, builtins)| {
        builtins.iter().filter(shown).map(move |builtin| of_builtin(family, builtin))
    });
    let last = [("Aggregates", AGGREGATES), ("Over windows", OVER), ("Grouping sets", GROUPING)];
    let all = operators.into_iter().flat_map(listed).chain(functions);
    all.chain(last.into_iter().flat_map(listed)).collect()
}

/// An entry by its name, without regard to case.
pub fn entry(name: &str) -> Option<Entry> {
    entries().into_iter().find(|entry| entry.name.eq_ignore_ascii_case(name))
}

/// Functions that only operators call.
const HIDDEN: [&str; 6] = [
    "DIVIDE",
    "DECIMAL_ADD",
    "DECIMAL_SUBTRACT",
    "DECIMAL_MULTIPLY",
    "DECIMAL_DIVIDE",
    "DECIMAL_MODULO",
];

const COMPARISON: &[[&str; 3]] = &[
    ["=", "a = b", "Whether both are equal; NULL when either is NULL."],
    ["<>", "a <> b", "Whether they are not equal; also written !=."],
    ["<", "a < b", "Whether the first is less."],
    ["<=", "a <= b", "Whether the first is not greater."],
    [">", "a > b", "Whether the first is greater."],
    [">=", "a >= b", "Whether the first is not less."],
    ["IS NULL", "a IS [NOT] NULL", "Whether there is no value."],
    ["IS DISTINCT FROM", "a IS [NOT] DISTINCT FROM b", "Whether they differ; NULL equals NULL."],
    ["BETWEEN", "a [NOT] BETWEEN [ASYMMETRIC | SYMMETRIC] b AND c", "Whether a lies from b to c."],
    ["IN", "a [NOT] IN (b, …) or a [NOT] IN (SELECT …)", "Whether any of the values is equal."],
    ["EXISTS", "EXISTS (SELECT …)", "Whether the query has any row."],
];

const LOGIC: &[[&str; 3]] = &[
    ["AND", "a AND b", "Whether both are true; three-valued."],
    ["OR", "a OR b", "Whether one is true; three-valued."],
    ["NOT", "NOT a", "Whether it is false."],
    ["IS TRUE", "a IS [NOT] {TRUE | FALSE | UNKNOWN}", "Which of the three it is; never NULL."],
];

const ARITHMETIC: &[[&str; 3]] = &[
    ["+", "a + b, + a", "The sum; a point in time and an interval."],
    ["-", "a - b, - a", "The difference; a point in time before."],
    ["*", "a * b", "The product; an interval many times over."],
    ["/", "a / b", "The quotient, cut off for integers."],
    ["%", "a % b", "What is left over by a division."],
];

const VALUES: &[[&str; 3]] = &[
    [
        "CASE",
        "CASE WHEN a THEN b … ELSE c END, CASE a WHEN b, … THEN c … END",
        "The first that fits.",
    ],
    ["CAST", "CAST(a AS type)", "The value as another type; fails where it does not fit."],
    ["TRY_CAST", "TRY_CAST(a AS type)", "The value as another type; NULL where it does not fit."],
    ["IF", "IF(condition, a, b)", "The first value if the condition is true, else the second."],
    ["||", "a || b", "Both texts in a row; NULL when either is."],
    ["row.field", "row.field", "A field of a row."],
    [
        "DATE, TIME, TIMESTAMP",
        "DATE '2026-01-31', TIME '12:00:00'",
        "A point in time as it is written.",
    ],
    ["CURRENT_DATABASE", "CURRENT_DATABASE()", "The database in which names are looked up."],
];

const AGGREGATES: &[[&str; 3]] = &[
    [
        "COUNT",
        "COUNT(*), COUNT([DISTINCT] value, …)",
        "How many rows, or rows with all values present.",
    ],
    ["SUM", "SUM([DISTINCT] number)", "The sum, of the type of the numbers."],
    ["AVG", "AVG([DISTINCT] number)", "The mean, of the type of the numbers."],
    ["MIN", "MIN(value)", "The least value."],
    ["MAX", "MAX(value)", "The greatest value."],
    ["STDDEV_POP", "STDDEV_POP([DISTINCT] number)", "The standard deviation of all rows."],
    ["STDDEV_SAMP", "STDDEV_SAMP([DISTINCT] number)", "The standard deviation of a sample."],
    ["STDDEV", "STDDEV([DISTINCT] number)", "As STDDEV_SAMP."],
    ["VAR_POP", "VAR_POP([DISTINCT] number)", "The variance of all rows."],
    ["VAR_SAMP", "VAR_SAMP([DISTINCT] number)", "The variance of a sample."],
    ["VARIANCE", "VARIANCE([DISTINCT] number)", "As VAR_SAMP."],
    ["FIRST_VALUE", "FIRST_VALUE(value)", "The value that came first and is not NULL."],
    ["LAST_VALUE", "LAST_VALUE(value)", "The value that came last and is not NULL."],
    [
        "LISTAGG",
        "LISTAGG([DISTINCT] text[, separator])",
        "The texts in a row, with commas between.",
    ],
    ["ARRAY_AGG", "ARRAY_AGG([DISTINCT] value [IGNORE NULLS])", "The values as an array."],
    ["COLLECT", "COLLECT([DISTINCT] value)", "The values and how often each came, as a multiset."],
    ["BITMAP_BUILD_AGG", "BITMAP_BUILD_AGG(integer)", "The set of the integers."],
    ["BITMAP_AND_AGG", "BITMAP_AND_AGG(bitmap)", "The integers that are in all of the sets."],
    ["BITMAP_OR_AGG", "BITMAP_OR_AGG(bitmap)", "The integers that are in any of the sets."],
    [
        "BITMAP_XOR_AGG",
        "BITMAP_XOR_AGG(bitmap)",
        "The integers that are in an odd number of the sets.",
    ],
    [
        "BITMAP_BUILD_CARDINALITY_AGG",
        "BITMAP_BUILD_CARDINALITY_AGG(integer)",
        "How many integers are in that set.",
    ],
    [
        "BITMAP_AND_CARDINALITY_AGG",
        "BITMAP_AND_CARDINALITY_AGG(bitmap)",
        "How many integers are in all of the sets.",
    ],
    [
        "BITMAP_OR_CARDINALITY_AGG",
        "BITMAP_OR_CARDINALITY_AGG(bitmap)",
        "How many integers are in any of the sets.",
    ],
    [
        "BITMAP_XOR_CARDINALITY_AGG",
        "BITMAP_XOR_CARDINALITY_AGG(bitmap)",
        "How many integers are in an odd number of the sets.",
    ],
    [
        "JSON_OBJECTAGG",
        "JSON_OBJECTAGG([KEY] key VALUE value [{NULL | ABSENT} ON NULL])",
        "Keys and values as a JSON object.",
    ],
    [
        "JSON_ARRAYAGG",
        "JSON_ARRAYAGG(value [{NULL | ABSENT} ON NULL])",
        "The values as a JSON array.",
    ],
    [
        "PERCENTILE",
        "PERCENTILE(number, share or array of shares[, frequency])",
        "The number at a share of the way through all of them, on a line between two.",
    ],
    [
        "APPROX_COUNT_DISTINCT",
        "APPROX_COUNT_DISTINCT(value)",
        "How many values there are; it counts exactly.",
    ],
];

const OVER: &[[&str; 3]] = &[
    [
        "ROW_NUMBER",
        "ROW_NUMBER() OVER (PARTITION BY … ORDER BY …)",
        "The number of the row, from 1.",
    ],
    ["RANK", "RANK() OVER (…)", "The number of the row; equal ones share it, with a gap behind."],
    [
        "DENSE_RANK",
        "DENSE_RANK() OVER (…)",
        "The number of the row; equal ones share it, without a gap.",
    ],
    ["LAG", "LAG(value[, offset[, default]]) OVER (…)", "The value of an earlier row."],
    ["LEAD", "LEAD(value[, offset[, default]]) OVER (…)", "The value of a later row."],
    [
        "NTILE",
        "NTILE(parts) OVER (…)",
        "Which of so many parts the row is in, from 1; the first ones may have a row more.",
    ],
    [
        "PERCENT_RANK",
        "PERCENT_RANK() OVER (…)",
        "The share of the other rows that stand before the row and its equals.",
    ],
    [
        "CUME_DIST",
        "CUME_DIST() OVER (…)",
        "The share of rows that do not stand behind the row and its equals.",
    ],
];

const GROUPING: &[[&str; 3]] = &[
    ["GROUPING", "GROUPING(column)", "1 where the grouping set does not group by the column."],
    [
        "GROUPING_ID",
        "GROUPING_ID(column, …)",
        "The same of several columns, as the bits of a number.",
    ],
    ["GROUP_ID", "GROUP_ID()", "Tells grouping sets apart that are alike."],
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_example_is_of_an_entry_and_every_entry_says_what_it_is() {
        let entries = entries();
        for example in examples() {
            assert!(entries.iter().any(|entry| entry.name == example.name), "{}", example.name);
        }
        for entry in &entries {
            assert!(!entry.about.is_empty() && !entry.usage.is_empty(), "{}", entry.name);
        }
    }
}
