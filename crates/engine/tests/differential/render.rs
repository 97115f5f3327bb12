//! A query tree as text, in Flink's dialect and in SQLite's.

use std::collections::BTreeMap;

use crate::ast::{
    Body, Expr, Form, Join, Query, Ranked, Relation, Select, Sets, Source, Type, Value,
};

/// The query as millstream takes it.
pub fn flink(query: &Query) -> String {
    Renderer { flink: true, keys: BTreeMap::new(), whole: false }.query(query, false)
}

/// The query as SQLite takes it.
pub fn sqlite(query: &Query) -> String {
    Renderer { flink: false, keys: BTreeMap::new(), whole: false }.query(query, false)
}

/// A value as a literal of either dialect.
pub fn literal(value: &Value, ty: Type, flink: bool) -> String {
    let name = type_name(ty, flink);
    match (value, ty) {
        (Value::Null, _) => format!("CAST(NULL AS {name})"),
        (Value::Number(number), Type::Bool) => {
            if *number == 0 { "FALSE" } else { "TRUE" }.to_owned()
        }
        (Value::Number(number), Type::BigInt) if flink => format!("CAST({number} AS BIGINT)"),
        (Value::Number(number), _) if *number < 0 => format!("({number})"),
        (Value::Number(number), _) => number.to_string(),
        (Value::Text(text), _) => format!("'{text}'"),
    }
}

/// The name of a type in either dialect.
pub fn type_name(ty: Type, flink: bool) -> &'static str {
    match (ty, flink) {
        (Type::Int, true) => "INT",
        (Type::BigInt, true) => "BIGINT",
        (Type::Text, true) => "STRING",
        (Type::Bool, true) => "BOOLEAN",
        (Type::Text, false) => "TEXT",
        (_, false) => "INTEGER",
    }
}

struct Renderer {
    flink: bool,
    /// What the keys of the SELECTs around are written as.
    keys: BTreeMap<(u32, u32), String>,
    /// Whether the derived table that is written next is `whole`.
    whole: bool,
}

impl Renderer {
    /// `whole` is whether it has a row of no rows, if it aggregates all of them: in a stream there is
    /// none, but a value has one, and so has what EXISTS asks about.
    fn query(&mut self, query: &Query, whole: bool) -> String {
        let mut text = String::new();
        for (at, (name, query)) in query.with.iter().enumerate() {
            let word = if at == 0 { "WITH " } else { ", " };
            text.push_str(&format!("{word}{name} AS ({})", self.query(query, false)));
        }
        if !query.with.is_empty() {
            text.push(' ');
        }
        text.push_str(&match &query.body {
            Body::Select(select) => self.select(select, whole),
            Body::Set { operator, all, left, right } => self.set(operator, *all, left, right),
            Body::Ranked(ranked) => self.ranked(ranked),
            Body::Limited { alias, query, descending, count } => {
                let inner = self.query(query, false);
                let names = query.names();
                let columns = list(names.iter().map(|name| format!("{alias}.{name}")));
                let order = list(names.iter().zip(descending).map(|(name, down)| {
                    format!("{alias}.{name}{}", if *down { " DESC" } else { "" })
                }));
                format!("SELECT {columns} FROM ({inner}) AS {alias} ORDER BY {order} LIMIT {count}")
            }
        });
        text
    }

    fn set(&mut self, operator: &str, all: bool, left: &Query, right: &Query) -> String {
        let (names, others) = (left.names(), right.names());
        let [left, right] = [left, right].map(|side| self.query(side, false));
        let word = if all { " ALL" } else { "" };
        if self.flink {
            return format!("({left}) {operator}{word} ({right})");
        }
        if !all || operator == "UNION" {
            return format!("SELECT * FROM ({left}) {operator}{word} SELECT * FROM ({right})");
        }
        // Equal rows are numbered: those of a number are a set.
        let numbered = |names: &[String], side: &str| {
            let columns = names.join(", ");
            format!("SELECT *, ROW_NUMBER() OVER (PARTITION BY {columns}) AS copy FROM ({side})")
        };
        let sides = (numbered(&names, &left), numbered(&others, &right));
        format!("SELECT {} FROM ({} {operator} {})", names.join(", "), sides.0, sides.1)
    }

    fn ranked(&mut self, ranked: &Ranked) -> String {
        let Ranked { alias, query, function, partition, order, most, number, shown } = ranked;
        let inner = self.query(query, false);
        let names = query.names();
        let column = |at: &usize| format!("{alias}.{}", names.get(*at).map_or("lost", |name| name));
        let by = match partition.is_empty() {
            true => String::new(),
            false => format!("PARTITION BY {} ", list(partition.iter().map(column))),
        };
        let order = order
            .iter()
            .map(|(at, down)| format!("{}{}", column(at), if *down { " DESC" } else { "" }));
        let window = format!("{function}() OVER ({by}ORDER BY {})", list(order));
        let columns = list(names.iter().cloned());
        let shown = if *shown { format!(", {number}") } else { String::new() };
        format!(
            "SELECT {columns}{shown} FROM (SELECT {alias}.*, {window} AS {number} FROM ({inner}) \
             AS {alias}) AS {alias}r WHERE {number} <= {most}"
        )
    }

    fn select(&mut self, select: &Select, whole: bool) -> String {
        // What further subqueries are put beside has no row of no rows.
        let whole = whole && !select.items.iter().any(|(_, item)| asks(item));
        let keys = select.group.iter().flat_map(|group| &group.keys);
        let texts: Vec<(u32, Type, String)> =
            keys.map(|(key, expr)| (*key, expr.ty, self.expr(expr))).collect();
        for (key, _, text) in &texts {
            self.keys.insert((select.number, *key), text.clone());
        }
        let listed = select.group.as_ref().and_then(|group| group.listed());
        if let (Some(sets), false) = (listed, self.flink) {
            let mut parts = Vec::new();
            for set in sets {
                for (key, ty, text) in &texts {
                    let text = match set.contains(key) {
                        true => text.clone(),
                        false => literal(&Value::Null, *ty, false),
                    };
                    self.keys.insert((select.number, *key), text);
                }
                let by = texts.iter().filter(|(key, ..)| set.contains(key));
                let by: Vec<String> = by.map(|(.., text)| text.clone()).collect();
                // No rows have no group: NULL is a key like any other.
                let by = if by.is_empty() { "NULL".to_owned() } else { by.join(", ") };
                parts.push(self.plain(select, false, Some(by)));
            }
            let all = parts.join(" UNION ALL ");
            return if select.distinct { format!("SELECT DISTINCT * FROM ({all})") } else { all };
        }
        let by = match &select.group {
            Some(group) if !group.keys.is_empty() => Some(self.group_by(&texts, &group.sets)),
            _ if self.flink || !select.is_global() => None,
            // All rows are one group; no rows are none, but for what is asked for a value or by EXISTS.
            _ if whole && select.having.is_none() => None,
            _ => Some("NULL".to_owned()),
        };
        self.whole = whole && select.passes();
        self.plain(select, select.distinct, by)
    }

    fn group_by(&self, keys: &[(u32, Type, String)], sets: &Option<Sets>) -> String {
        let named = |set: &Vec<u32>| {
            let keys = keys.iter().filter(|(key, ..)| set.contains(key));
            format!("({})", list(keys.map(|(.., text)| text.clone())))
        };
        let all = list(keys.iter().map(|(.., text)| text.clone()));
        match sets {
            None => all,
            Some(Sets::Rollup) => format!("ROLLUP ({all})"),
            Some(Sets::Cube) => format!("CUBE ({all})"),
            Some(Sets::Listed(sets)) => format!("GROUPING SETS ({})", list(sets.iter().map(named))),
        }
    }

    fn plain(&mut self, select: &Select, distinct: bool, by: Option<String>) -> String {
        let whole = std::mem::take(&mut self.whole);
        let mut text = String::from(if distinct { "SELECT DISTINCT " } else { "SELECT " });
        let items = select.items.iter();
        text.push_str(&list(items.map(|(name, item)| format!("{} AS {name}", self.expr(item)))));
        for (at, join) in select.from.iter().enumerate() {
            text.push_str(&match at {
                0 => " FROM ".to_owned(),
                _ => format!(" {} JOIN ", join.kind),
            });
            text.push_str(&match &join.relation.source {
                Source::Table(name) => name.clone(),
                Source::Query(query) => format!("({})", self.query(query, whole)),
            });
            text.push_str(&format!(" AS {}", join.relation.alias));
            if let Some(on) = &join.on {
                text.push_str(&format!(" ON {}", self.expr(on)));
            }
        }
        if let Some(filter) = &select.filter {
            text.push_str(&format!(" WHERE {}", self.expr(filter)));
        }
        if let Some(by) = by {
            text.push_str(&format!(" GROUP BY {by}"));
        }
        if let Some(having) = &select.having {
            text.push_str(&format!(" HAVING {}", self.expr(having)));
        }
        text
    }

    fn expr(&mut self, expr: &Expr) -> String {
        let query = match &expr.query {
            Some(query) => {
                let whole = match expr.form {
                    Form::Exists { .. } => true,
                    Form::Scalar => query.is_correlated(),
                    _ => false,
                };
                self.query(query, whole)
            }
            None => String::new(),
        };
        let args: Vec<String> = expr.args.iter().map(|arg| self.expr(arg)).collect();
        let not = |negated: &bool| if *negated { " NOT" } else { "" };
        match &expr.form {
            Form::Literal(value) => literal(value, expr.ty, self.flink),
            Form::Column { name, bare: true, .. } => name.clone(),
            Form::Column { relation, name, .. } => format!("{relation}.{name}"),
            Form::Key { select, key } => {
                self.keys.get(&(*select, *key)).map_or("lost", |text| text).to_owned()
            }
            Form::Infix(operator) => format!("({} {operator} {})", args[0], args[1]),
            Form::Prefix(operator) => format!("({operator} {})", args[0]),
            Form::Suffix(operator) => {
                let operator = match (*operator, self.flink) {
                    ("IS UNKNOWN", false) => "IS NULL",
                    ("IS NOT UNKNOWN", false) => "IS NOT NULL",
                    (operator, _) => operator,
                };
                format!("({} {operator})", args[0])
            }
            Form::Between { negated } => {
                format!("({}{} BETWEEN {} AND {})", args[0], not(negated), args[1], args[2])
            }
            Form::InList { negated } => {
                format!("({}{} IN ({}))", args[0], not(negated), args[1..].join(", "))
            }
            Form::Case => {
                let (otherwise, pairs) = args.split_last().map_or(("", &args[..]), |(o, p)| (o, p));
                let pairs =
                    pairs.chunks(2).map(|pair| format!("WHEN {} THEN {}", pair[0], pair[1]));
                format!("CASE {} ELSE {otherwise} END", pairs.collect::<Vec<_>>().join(" "))
            }
            Form::Call("CHAR_LENGTH") if !self.flink => format!("LENGTH({})", args[0]),
            Form::Call(name) => format!("{name}({})", args.join(", ")),
            Form::Like { pattern, negated } => {
                format!("({}{} LIKE '{pattern}')", args[0], not(negated))
            }
            Form::Aggregate { name, distinct, filtered } => {
                self.aggregate(name, *distinct, *filtered, &args)
            }
            Form::Cast => format!("CAST({} AS {})", args[0], type_name(expr.ty, self.flink)),
            Form::Scalar => format!("({query})"),
            Form::Exists { negated: false } => format!("EXISTS ({query})"),
            Form::Exists { negated: true } => format!("(NOT EXISTS ({query}))"),
            Form::Among { negated } if args.len() == 1 => {
                format!("({}{} IN ({query}))", args[0], not(negated))
            }
            Form::Among { negated } => {
                format!("(({}){} IN ({query}))", args.join(", "), not(negated))
            }
        }
    }

    fn aggregate(&self, name: &str, distinct: bool, filtered: bool, args: &[String]) -> String {
        let (filter, argument) = match (filtered, args) {
            (true, [argument @ .., filter]) => (format!(" FILTER (WHERE {filter})"), argument),
            _ => (String::new(), args),
        };
        let word = if distinct { "DISTINCT " } else { "" };
        let argument = argument.first().map_or("*", |argument| argument);
        let call = |name: &str| format!("{name}({word}{argument}){filter}");
        match (name, self.flink) {
            // Of whole numbers it is a whole number.
            ("AVG", false) => format!("({} / {})", call("SUM"), call("COUNT")),
            _ => call(name),
        }
    }
}

/// Whether a subquery that has to be asked is a part of an expression: that one with a row always
/// EXISTS is known.
fn asks(expr: &Expr) -> bool {
    let known = |query: &Query| matches!(expr.form, Form::Exists { .. }) && has_a_row(query);
    expr.query.as_deref().is_some_and(|query| !known(query)) || expr.args.iter().any(asks)
}

/// Whether a query is known to have a row whatever its tables hold.
fn has_a_row(query: &Query) -> bool {
    let Body::Select(select) = &query.body else { return false };
    let joined = select.items.iter().any(|(_, item)| asks(item));
    match &select.from[..] {
        _ if joined || select.having.is_some() => false,
        _ if select.is_global() => true,
        [Join { relation: Relation { source: Source::Query(query), .. }, .. }] => {
            select.passes() && has_a_row(query)
        }
        _ => false,
    }
}

fn list(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(", ")
}
