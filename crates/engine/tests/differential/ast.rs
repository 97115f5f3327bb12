//! The generator's own query tree: typed, and of no SQL dialect.
//!
//! Every relation has an alias of its own and every SELECT a number of its own, so that what a
//! subquery takes from outside of itself is found without resolving names.

use std::collections::BTreeSet;

/// The type of a column or an expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    Int,
    BigInt,
    Text,
    Bool,
}

impl Type {
    /// Whether a value of another type can stand where this one is due.
    pub fn takes(self, other: Type) -> bool {
        self == other || (self == Type::BigInt && other == Type::Int)
    }
}

/// A value; booleans are 0 and 1.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Value {
    Null,
    Number(i64),
    Text(String),
}

/// An expression: its form, and the expressions and the query that it is made of.
#[derive(Debug, Clone, PartialEq)]
pub struct Expr {
    pub form: Form,
    pub ty: Type,
    pub args: Vec<Expr>,
    pub query: Option<Box<Query>>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Form {
    Literal(Value),
    /// A column; `bare` ones are written without their relation.
    Column {
        relation: String,
        name: String,
        bare: bool,
    },
    /// What a SELECT is grouped by: the number of the SELECT and of the key.
    Key {
        select: u32,
        key: u32,
    },
    /// An operator between two arguments.
    Infix(&'static str),
    /// An operator before its argument.
    Prefix(&'static str),
    /// An operator behind its argument.
    Suffix(&'static str),
    /// The value and both bounds.
    Between {
        negated: bool,
    },
    /// The value and those it may be.
    InList {
        negated: bool,
    },
    /// Pairs of a condition and a value, and the value otherwise.
    Case,
    Call(&'static str),
    Like {
        pattern: &'static str,
        negated: bool,
    },
    /// Its argument, if it has one, and then the condition of FILTER if it has that.
    Aggregate {
        name: &'static str,
        distinct: bool,
        filtered: bool,
    },
    Cast,
    /// The value of a subquery.
    Scalar,
    Exists {
        negated: bool,
    },
    /// Whether the row of the arguments is one of the subquery.
    Among {
        negated: bool,
    },
}

impl Expr {
    pub fn new(form: Form, ty: Type, args: Vec<Expr>) -> Self {
        Self { form, ty, args, query: None }
    }

    pub fn literal(value: Value, ty: Type) -> Self {
        Self::new(Form::Literal(value), ty, Vec::new())
    }

    pub fn infix(operator: &'static str, ty: Type, left: Expr, right: Expr) -> Self {
        Self::new(Form::Infix(operator), ty, vec![left, right])
    }

    /// A subquery as a part of an expression.
    pub fn of_query(form: Form, ty: Type, args: Vec<Expr>, query: Query) -> Self {
        Self { form, ty, args, query: Some(Box::new(query)) }
    }

    /// Whether it aggregates rows of the SELECT that it stands in.
    pub fn aggregates(&self) -> bool {
        matches!(self.form, Form::Aggregate { .. }) || self.args.iter().any(Self::aggregates)
    }

    /// The relations whose columns and the numbers of the SELECTs whose keys it takes from outside.
    pub fn free(&self) -> BTreeSet<String> {
        let mut names = Names::default();
        names.expr(self);
        names.free()
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    /// Common table expressions.
    pub with: Vec<(String, Query)>,
    pub body: Body,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Body {
    Select(Box<Select>),
    Set {
        operator: &'static str,
        all: bool,
        left: Box<Query>,
        right: Box<Query>,
    },
    /// The first rows of each partition.
    Ranked(Box<Ranked>),
    /// The first rows, by all columns.
    Limited {
        alias: String,
        query: Box<Query>,
        descending: Vec<bool>,
        count: u64,
    },
}

/// The rows of a query with a number of at most `most` in their partition.
#[derive(Debug, Clone, PartialEq)]
pub struct Ranked {
    pub alias: String,
    pub query: Query,
    pub function: &'static str,
    /// Positions of columns.
    pub partition: Vec<usize>,
    /// Positions of columns, and whether they descend.
    pub order: Vec<(usize, bool)>,
    pub most: u64,
    /// The name of the number.
    pub number: String,
    /// Whether the number is a column of the result.
    pub shown: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Select {
    pub number: u32,
    pub distinct: bool,
    pub items: Vec<(String, Expr)>,
    /// What the first of them is joined to is nothing.
    pub from: Vec<Join>,
    pub filter: Option<Expr>,
    pub group: Option<Group>,
    pub having: Option<Expr>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Join {
    pub kind: &'static str,
    pub relation: Relation,
    pub on: Option<Expr>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Relation {
    pub alias: String,
    pub source: Source,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Source {
    /// A table or a common table expression.
    Table(String),
    Query(Box<Query>),
}

/// GROUP BY; without keys all rows are one group.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    pub keys: Vec<(u32, Expr)>,
    pub sets: Option<Sets>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Sets {
    Rollup,
    Cube,
    Listed(Vec<Vec<u32>>),
}

impl Group {
    /// The keys of each grouping set.
    pub fn listed(&self) -> Option<Vec<Vec<u32>>> {
        let keys: Vec<u32> = self.keys.iter().map(|(key, _)| *key).collect();
        Some(match self.sets.as_ref()? {
            Sets::Rollup => (0..=keys.len()).rev().map(|length| keys[..length].to_vec()).collect(),
            Sets::Cube => (0..1_usize << keys.len())
                .map(|set| {
                    let chosen = (0..keys.len()).filter(|at| set >> at & 1 == 1);
                    chosen.map(|at| keys[at]).collect()
                })
                .collect(),
            Sets::Listed(sets) => sets.clone(),
        })
    }
}

impl Select {
    /// Whether all rows are one group.
    pub fn is_global(&self) -> bool {
        let aggregates = self.items.iter().any(|(_, item)| item.aggregates())
            || self.having.as_ref().is_some_and(Expr::aggregates);
        aggregates && self.group.as_ref().is_none_or(|group| group.keys.is_empty())
    }

    /// Whether it has a row for each row of the one relation that it reads.
    pub fn passes(&self) -> bool {
        self.filter.is_none()
            && self.group.is_none()
            && self.having.is_none()
            && !self.distinct
            && !self.is_global()
            && self.from.len() == 1
    }
}

impl Query {
    pub fn select(select: Select) -> Self {
        Self { with: Vec::new(), body: Body::Select(Box::new(select)) }
    }

    /// Whether it takes columns of a query that it is inside of.
    pub fn is_correlated(&self) -> bool {
        let mut names = Names::default();
        names.query(self);
        !names.free().is_empty()
    }

    /// Whether a subquery is a part of an expression.
    pub fn has_subqueries(&self) -> bool {
        let mut names = Names::default();
        names.query(self);
        names.subqueries
    }

    /// The names of its columns.
    pub fn names(&self) -> Vec<String> {
        match &self.body {
            Body::Select(select) => select.items.iter().map(|(name, _)| name.clone()).collect(),
            Body::Set { left, .. } => left.names(),
            Body::Limited { query, .. } => query.names(),
            Body::Ranked(ranked) => {
                let mut names = ranked.query.names();
                if ranked.shown {
                    names.push(ranked.number.clone());
                }
                names
            }
        }
    }
}

/// The names that a part of a query defines and uses.
#[derive(Default)]
struct Names {
    defined: BTreeSet<String>,
    used: BTreeSet<String>,
    /// Whether a subquery is a part of an expression.
    subqueries: bool,
}

impl Names {
    fn free(&self) -> BTreeSet<String> {
        self.used.difference(&self.defined).cloned().collect()
    }

    fn expr(&mut self, expr: &Expr) {
        match &expr.form {
            Form::Column { relation, .. } => drop(self.used.insert(relation.clone())),
            Form::Key { select, .. } => drop(self.used.insert(select.to_string())),
            _ => {}
        }
        expr.args.iter().for_each(|arg| self.expr(arg));
        self.subqueries |= expr.query.is_some();
        expr.query.iter().for_each(|query| self.query(query));
    }

    fn query(&mut self, query: &Query) {
        query.with.iter().for_each(|(_, query)| self.query(query));
        match &query.body {
            Body::Select(select) => self.select(select),
            Body::Set { left, right, .. } => {
                self.query(left);
                self.query(right);
            }
            Body::Ranked(ranked) => self.query(&ranked.query),
            Body::Limited { query, .. } => self.query(query),
        }
    }

    fn select(&mut self, select: &Select) {
        self.defined.insert(select.number.to_string());
        for join in &select.from {
            self.defined.insert(join.relation.alias.clone());
            if let Source::Query(query) = &join.relation.source {
                self.query(query);
            }
            join.on.iter().for_each(|on| self.expr(on));
        }
        select.items.iter().for_each(|(_, item)| self.expr(item));
        select.filter.iter().chain(&select.having).for_each(|condition| self.expr(condition));
        let keys = select.group.iter().flat_map(|group| &group.keys);
        keys.for_each(|(_, key)| self.expr(key));
    }
}
