//! Paths into JSON values, as Flink's JSON functions take them.
//!
//! A path is *definite* when it leads to one place at most; any other gives an array of what it finds.
//! Source: Flink, "JSON Functions", whose paths are those of Jayway's JsonPath.

use serde_json::Value;

/// A path, read.
#[derive(Debug, Clone, PartialEq)]
pub struct Path {
    /// Whether what does not exist is empty rather than an error.
    pub lax: bool,
    steps: Vec<Step>,
}

#[derive(Debug, Clone, PartialEq)]
enum Step {
    /// `.name`, `['name', …]`
    Members(Vec<String>),
    /// `[1, …]`; from the end when below 0.
    Indexes(Vec<i64>),
    /// `[from:to:by]`
    Slice(Option<i64>, Option<i64>, i64),
    /// `.*`, `[*]`
    All,
    /// `..`: the values below, and the value itself.
    Below,
    /// `[?(…)]`
    Where(Filter),
    /// `.length()`
    Length,
}

impl Step {
    /// Whether it leads to one place at most. Several names make one object.
    fn is_definite(&self) -> bool {
        match self {
            Self::Members(_) | Self::Length => true,
            Self::Indexes(indexes) => indexes.len() == 1,
            _ => false,
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Filter {
    Or(Vec<Filter>),
    And(Vec<Filter>),
    Not(Box<Filter>),
    Exists(Vec<Step>),
    Compare(Operand, String, Operand),
}

#[derive(Debug, Clone, PartialEq)]
enum Operand {
    At(Vec<Step>),
    Root(Vec<Step>),
    Constant(Value),
}

impl Path {
    /// Reads a path, which starts with `$` and may have `lax` or `strict` before it; `strict` is the
    /// default. `None` where it cannot be read.
    pub fn parse(text: &str) -> Option<Self> {
        let mode = |word: &str| {
            let text = text.trim_start();
            let head = text.get(..word.len())?;
            let rest = &text[word.len()..];
            let is = head.eq_ignore_ascii_case(word) && rest.starts_with(char::is_whitespace);
            is.then(|| rest.trim_start())
        };
        let (lax, path) = match (mode("lax"), mode("strict")) {
            (Some(path), _) => (true, path),
            (_, Some(path)) => (false, path),
            _ => (false, text),
        };
        let mut reader = Reader { text: path, at: 0, in_filter: false };
        // A path without `$` is read as if it stood there.
        if !reader.take("$") && path.starts_with('@') {
            return None;
        }
        let steps = match path.starts_with('$') {
            true => reader.steps(true)?,
            false => {
                let mut first = vec![Step::Members(vec![reader.name()?])];
                first.extend(reader.steps(true)?);
                first
            }
        };
        (reader.at == path.len()).then_some(Self { lax, steps })
    }

    /// What stands at the path: `None` where nothing does. A path that is not definite gives an array.
    pub fn read(&self, root: &Value) -> Option<Value> {
        // Up to the first step that may lead to several places each must lead to one.
        let first = self.steps.iter().position(|step| !step.is_definite());
        let (one, many) = self.steps.split_at(first.unwrap_or(self.steps.len()));
        let from = walk(one, root, root).into_iter().next();
        let Some(from) = from else {
            // A lax path to several places finds none of them.
            return (self.lax && !many.is_empty()).then(|| Value::Array(Vec::new()));
        };
        let needs_array = matches!(many.first(), Some(Step::Slice(..) | Step::Indexes(_)));
        match many {
            [] => Some(from),
            _ if needs_array && !from.is_array() => self.lax.then(|| Value::Array(Vec::new())),
            _ => Some(Value::Array(walk(many, &from, root))),
        }
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    /// Whether it stands in a filter, where operators end a name.
    in_filter: bool,
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn take(&mut self, token: &str) -> bool {
        let found = self.rest().starts_with(token);
        self.at += if found { token.len() } else { 0 };
        found
    }

    fn blanks(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }

    fn token(&mut self, token: &str) -> bool {
        self.blanks();
        self.take(token)
    }

    /// A name without quotes.
    fn name(&mut self) -> Option<String> {
        let operator = |c: char| matches!(c, '=' | '!' | '<' | '>' | '&' | '|' | ',');
        let ends = |c: char| {
            matches!(c, '.' | '[' | ']' | '(' | ')')
                || c.is_whitespace()
                || (self.in_filter && operator(c))
        };
        let length = self.rest().find(ends).unwrap_or(self.rest().len());
        let name = self.rest()[..length].to_owned();
        self.at += length;
        (!name.is_empty()).then_some(name)
    }

    /// A name in single or double quotes.
    fn quoted(&mut self) -> Option<String> {
        self.blanks();
        let quote = self.rest().chars().next().filter(|c| matches!(c, '\'' | '"'))?;
        self.at += 1;
        let mut name = String::new();
        loop {
            let next = self.rest().chars().next()?;
            self.at += next.len_utf8();
            match next {
                '\\' => {
                    let escaped = self.rest().chars().next()?;
                    self.at += escaped.len_utf8();
                    name.push(escaped);
                }
                end if end == quote => return Some(name),
                other => name.push(other),
            }
        }
    }

    fn integer(&mut self) -> Option<i64> {
        self.blanks();
        let digits = |c: char| !c.is_ascii_digit() && c != '-';
        let length = self.rest().find(digits).unwrap_or(self.rest().len());
        let number = self.rest()[..length].parse().ok()?;
        self.at += length;
        Some(number)
    }

    /// Steps as far as they go; `to_end` where nothing but steps may follow.
    fn steps(&mut self, to_end: bool) -> Option<Vec<Step>> {
        let mut steps = Vec::new();
        loop {
            if self.take("..") {
                steps.push(Step::Below);
                if !self.rest().starts_with('[') {
                    steps.push(self.member()?);
                }
            } else if self.take(".") {
                steps.push(self.member()?);
            } else if self.take("[") {
                steps.push(self.bracket()?);
            } else {
                let done = !to_end || self.rest().is_empty();
                return done.then_some(steps);
            }
        }
    }

    fn member(&mut self) -> Option<Step> {
        if self.take("*") {
            return Some(Step::All);
        }
        let name = self.name()?;
        if self.take("()") {
            return matches!(name.as_str(), "length" | "size").then_some(Step::Length);
        }
        Some(Step::Members(vec![name]))
    }

    /// What stands between brackets, the first of which was read.
    fn bracket(&mut self) -> Option<Step> {
        let step = if self.token("*") {
            Step::All
        } else if self.token("?") {
            let open = self.token("(");
            let outside = std::mem::replace(&mut self.in_filter, true);
            let filter = self.filter()?;
            self.in_filter = outside;
            if open && !self.token(")") {
                return None;
            }
            Step::Where(filter)
        } else if matches!(self.rest().trim_start().chars().next()?, '\'' | '"') {
            let mut names = vec![self.quoted()?];
            while self.token(",") {
                names.push(self.quoted()?);
            }
            Step::Members(names)
        } else {
            self.numbers()?
        };
        self.token("]").then_some(step)
    }

    fn numbers(&mut self) -> Option<Step> {
        let first = self.integer();
        if self.token(":") {
            let to = self.integer();
            let by = if self.token(":") { self.integer().unwrap_or(1) } else { 1 };
            return (by > 0).then_some(Step::Slice(first, to, by));
        }
        let mut indexes = vec![first?];
        while self.token(",") {
            indexes.push(self.integer()?);
        }
        Some(Step::Indexes(indexes))
    }

    fn filter(&mut self) -> Option<Filter> {
        let mut any = vec![self.all_of()?];
        while self.token("||") {
            any.push(self.all_of()?);
        }
        Some(if any.len() == 1 { any.remove(0) } else { Filter::Or(any) })
    }

    fn all_of(&mut self) -> Option<Filter> {
        let mut all = vec![self.term()?];
        while self.token("&&") {
            all.push(self.term()?);
        }
        Some(if all.len() == 1 { all.remove(0) } else { Filter::And(all) })
    }

    fn term(&mut self) -> Option<Filter> {
        if self.token("!") {
            return Some(Filter::Not(Box::new(self.term()?)));
        }
        if self.token("(") {
            let inner = self.filter()?;
            return self.token(")").then_some(inner);
        }
        let left = self.operand()?;
        let operators = ["==", "!=", "<=", ">=", "<", ">"];
        let Some(operator) = operators.into_iter().find(|operator| self.token(operator)) else {
            return match left {
                Operand::At(steps) => Some(Filter::Exists(steps)),
                _ => None,
            };
        };
        let right = self.operand()?;
        Some(Filter::Compare(left, operator.to_owned(), right))
    }

    fn operand(&mut self) -> Option<Operand> {
        self.blanks();
        if self.take("@") {
            return Some(Operand::At(self.steps(false)?));
        }
        if self.take("$") {
            return Some(Operand::Root(self.steps(false)?));
        }
        if self.rest().starts_with(['\'', '"']) {
            return Some(Operand::Constant(Value::String(self.quoted()?)));
        }
        let ends = |c: char| matches!(c, ')' | ']' | '=' | '!' | '<' | '>' | '&' | '|' | ' ');
        let length = self.rest().find(ends).unwrap_or(self.rest().len());
        let constant = serde_json::from_str(&self.rest()[..length]).ok()?;
        self.at += length;
        Some(Operand::Constant(constant))
    }
}

fn walk(steps: &[Step], from: &Value, root: &Value) -> Vec<Value> {
    let mut found = vec![from.clone()];
    for step in steps {
        found = found.iter().flat_map(|value| next(step, value, root)).collect();
    }
    found
}

fn next(step: &Step, value: &Value, root: &Value) -> Vec<Value> {
    let place = |index: i64, length: usize| {
        let at = if index < 0 { length as i64 + index } else { index };
        usize::try_from(at).ok().filter(|at| *at < length)
    };
    match (step, value) {
        (Step::Members(names), Value::Object(object)) if names.len() == 1 => {
            object.get(&names[0]).into_iter().cloned().collect()
        }
        (Step::Members(names), Value::Object(object)) => {
            let chosen = names
                .iter()
                .filter_map(|name| object.get(name).map(|value| (name.clone(), value.clone())));
            vec![Value::Object(chosen.collect())]
        }
        (Step::Indexes(indexes), Value::Array(elements)) => {
            let chosen = indexes.iter().filter_map(|index| place(*index, elements.len()));
            chosen.map(|at| elements[at].clone()).collect()
        }
        (Step::Slice(from, to, by), Value::Array(elements)) => {
            let length = elements.len() as i64;
            let bound = |at: i64| if at < 0 { length + at } else { at }.clamp(0, length) as usize;
            let (from, to) = (from.map_or(0, bound), to.map_or(elements.len(), bound));
            let chosen = elements.get(from..to).unwrap_or_default();
            chosen.iter().step_by(*by as usize).cloned().collect()
        }
        (Step::All, Value::Object(object)) => object.values().cloned().collect(),
        (Step::All, Value::Array(elements)) => elements.clone(),
        (Step::Below, _) => {
            let mut all = Vec::new();
            below(value, &mut all);
            all
        }
        (Step::Where(filter), Value::Array(elements)) => {
            elements.iter().filter(|element| holds(filter, element, root)).cloned().collect()
        }
        (Step::Where(filter), Value::Object(_)) if holds(filter, value, root) => {
            vec![value.clone()]
        }
        (Step::Length, Value::Array(elements)) => vec![Value::from(elements.len())],
        (Step::Length, Value::Object(object)) => vec![Value::from(object.len())],
        _ => Vec::new(),
    }
}

fn below(value: &Value, all: &mut Vec<Value>) {
    if value.is_object() || value.is_array() {
        all.push(value.clone());
    }
    match value {
        Value::Object(object) => object.values().for_each(|value| below(value, all)),
        Value::Array(elements) => elements.iter().for_each(|value| below(value, all)),
        _ => {}
    }
}

fn holds(filter: &Filter, at: &Value, root: &Value) -> bool {
    match filter {
        Filter::Or(any) => any.iter().any(|filter| holds(filter, at, root)),
        Filter::And(all) => all.iter().all(|filter| holds(filter, at, root)),
        Filter::Not(inner) => !holds(inner, at, root),
        Filter::Exists(steps) => !walk(steps, at, root).is_empty(),
        Filter::Compare(left, operator, right) => {
            let value = |operand: &Operand| match operand {
                Operand::At(steps) => walk(steps, at, root).into_iter().next(),
                Operand::Root(steps) => walk(steps, root, root).into_iter().next(),
                Operand::Constant(constant) => Some(constant.clone()),
            };
            compare(value(left), operator, value(right))
        }
    }
}

fn compare(left: Option<Value>, operator: &str, right: Option<Value>) -> bool {
    let order = match (&left, &right) {
        (Some(Value::Number(a)), Some(Value::Number(b))) => {
            a.as_f64().zip(b.as_f64()).and_then(|(a, b)| a.partial_cmp(&b))
        }
        (Some(Value::String(a)), Some(Value::String(b))) => Some(a.cmp(b)),
        _ => None,
    };
    match operator {
        "==" => order.map_or(left == right, |order| order.is_eq()),
        "!=" => order.map_or(left != right, |order| order.is_ne()),
        "<" => order.is_some_and(|order| order.is_lt()),
        "<=" => order.is_some_and(|order| order.is_le()),
        ">" => order.is_some_and(|order| order.is_gt()),
        _ => order.is_some_and(|order| order.is_ge()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(path: &str, text: &str) -> Option<String> {
        let value: Value = serde_json::from_str(text).unwrap_or_default();
        Path::parse(path)?.read(&value).map(|value| value.to_string())
    }

    #[test]
    fn definite_paths_lead_to_one_place() {
        let text = r#"{"a":{"b":[1,2,{"c d":true}]},"":0,"é":"x"}"#;
        assert_eq!(read("$", "5").as_deref(), Some("5"));
        assert_eq!(read("$.a.b[1]", text).as_deref(), Some("2"));
        assert_eq!(read("lax $['a'].b[-1]['c d']", text).as_deref(), Some("true"));
        assert_eq!(read("$.é", text).as_deref(), Some("\"x\""));
        assert_eq!(read("$.a.x", text), None);
        assert_eq!(read("$.a.b.length()", text).as_deref(), Some("3"));
        assert_eq!(Path::parse("$.a["), None);
        assert_eq!(Path::parse("$..."), None);
    }

    #[test]
    fn other_paths_give_arrays() {
        let text = r#"{"s":[{"p":1,"t":"x"},{"p":5},{"p":9,"t":"y"}]}"#;
        assert_eq!(read("$.s[*].p", text).as_deref(), Some("[1,5,9]"));
        assert_eq!(read("$..t", text).as_deref(), Some(r#"["x","y"]"#));
        assert_eq!(read("$.s[0,2].p", text).as_deref(), Some("[1,9]"));
        assert_eq!(read("$.s[1:].p", text).as_deref(), Some("[5,9]"));
        assert_eq!(read("$.s[?(@.p > 1 && @.t)].t", text).as_deref(), Some(r#"["y"]"#));
        assert_eq!(read("$.s[?(@.t == 'x')].p", text).as_deref(), Some("[1]"));
        assert_eq!(read("$.s[?(@.p>1&&@.t=='y')].t", text).as_deref(), Some(r#"["y"]"#));
        assert_eq!(read("$.s[?(@.p>=5)].p", text).as_deref(), Some("[5,9]"));
        assert_eq!(read("$.s[?(!(@.p < 5))].p", text).as_deref(), Some("[5,9]"));
    }
}
