//! Smaller cases that fail in the same way.

use crate::ast::{Body, Expr, Form, Query, Select, Source, Type, Value};
use crate::run::{Case, Failure, Outcome};
use crate::tables::Coming;

/// The most cases that are tried.
const TRIES_MAX: usize = 1_500;

/// Makes a case smaller as long as it fails in the same way.
pub fn shrink(case: &Case, failure: Failure, runtime: &tokio::runtime::Runtime) -> (Case, Failure) {
    let kind = failure.kind();
    let (mut least, mut failure) = (case.clone(), failure);
    let mut tries = 0;
    let mut at = 0;
    let mut since = 0;
    // One edit after the other, round and round, until none helps any more.
    while tries < TRIES_MAX {
        let Some(candidate) = edited(&least, at) else {
            if since == 0 {
                break;
            }
            (at, since) = (0, 0);
            continue;
        };
        if !is_well_formed(&candidate.query) {
            at += 1;
            continue;
        }
        tries += 1;
        match candidate.run(runtime) {
            Outcome::Failed(found) if found.kind() == kind => {
                (least, failure) = (candidate, found);
                since += 1;
            }
            _ => at += 1,
        }
    }
    (least, failure)
}

/// The case with one thing taken away; `None` when there are fewer.
fn edited(case: &Case, at: usize) -> Option<Case> {
    let mut case = case.clone();
    let mut edits = Edits { left: at, done: false };
    edits.query(&mut case.query);
    if !edits.done {
        edits.tables(&mut case);
    }
    edits.done.then_some(case)
}

/// Counts the edits that are possible until one is due.
struct Edits {
    left: usize,
    done: bool,
}

impl Edits {
    /// Whether this edit is the one to be made.
    fn due(&mut self) -> bool {
        if self.done {
            return false;
        }
        self.done = self.left == 0;
        self.left = self.left.saturating_sub(1);
        self.done
    }

    fn query(&mut self, query: &mut Query) {
        for at in (0..query.with.len()).rev() {
            if self.due() {
                query.with.remove(at);
                return;
            }
        }
        let inner: Vec<Query> = match &query.body {
            Body::Select(select) => derived_alone(select),
            Body::Set { left, right, .. } => vec![(**left).clone(), (**right).clone()],
            Body::Ranked(ranked) => vec![ranked.query.clone()],
            Body::Limited { query, .. } => vec![(**query).clone()],
        };
        for inner in inner {
            if self.due() {
                query.body = inner.body;
                return;
            }
        }
        query.with.iter_mut().for_each(|(_, query)| self.query(query));
        match &mut query.body {
            Body::Select(select) => self.select(select),
            Body::Set { left, right, all, .. } => {
                if *all && self.due() {
                    *all = false;
                }
                self.query(left);
                self.query(right);
            }
            Body::Ranked(ranked) => {
                for at in 0..ranked.partition.len() {
                    if self.due() {
                        ranked.partition.remove(at);
                        return;
                    }
                }
                self.query(&mut ranked.query);
            }
            Body::Limited { query, .. } => self.query(query),
        }
    }

    fn select(&mut self, select: &mut Select) {
        for at in (1..select.from.len()).rev() {
            if self.due() {
                select.from.remove(at);
                return;
            }
            if !matches!(select.from[at].kind, "INNER" | "CROSS") && self.due() {
                select.from[at].kind = "INNER";
                return;
            }
        }
        if select.from.len() > 1 && self.due() {
            select.from.remove(0);
            (select.from[0].kind, select.from[0].on) = ("", None);
            return;
        }
        if select.filter.is_some() && self.due() {
            select.filter = None;
        }
        if select.having.is_some() && self.due() {
            select.having = None;
        }
        if select.distinct && self.due() {
            select.distinct = false;
        }
        for at in (0..select.items.len()).rev() {
            if select.items.len() > 1 && self.due() {
                select.items.remove(at);
                return;
            }
        }
        if let Some(group) = &mut select.group {
            if group.sets.is_some() && self.due() {
                group.sets = None;
            }
            for at in (0..group.keys.len()).rev() {
                if self.due() {
                    group.keys.remove(at);
                    return;
                }
            }
        }
        for join in &mut select.from {
            if let Source::Query(query) = &mut join.relation.source {
                for table in ["t0", "t1", "t2"] {
                    if self.due() {
                        join.relation.source = Source::Table(table.to_owned());
                        return;
                    }
                }
                self.query(query);
            }
            join.on.iter_mut().for_each(|on| self.expr(on, false));
        }
        select.items.iter_mut().for_each(|(_, item)| self.expr(item, false));
        select.filter.iter_mut().for_each(|filter| self.expr(filter, false));
        let keys = select.group.iter_mut().flat_map(|group| &mut group.keys);
        keys.for_each(|(_, key)| self.expr(key, true));
        select.having.iter_mut().for_each(|having| self.expr(having, false));
    }

    /// `key` is whether it must not become a literal.
    fn expr(&mut self, expr: &mut Expr, key: bool) {
        if self.done {
            return;
        }
        let simple = matches!(expr.form, Form::Literal(_) | Form::Column { .. } | Form::Key { .. });
        for at in 0..expr.args.len() {
            let fits = expr.ty.takes(expr.args[at].ty);
            if fits && !(key && matches!(expr.args[at].form, Form::Literal(_))) && self.due() {
                *expr = expr.args[at].clone();
                return;
            }
        }
        if !key && !matches!(expr.form, Form::Literal(_)) {
            let literals: &[Value] = match expr.ty {
                Type::Bool => &[Value::Number(1), Value::Number(0)],
                Type::Text => &[Value::Text(String::new())],
                _ => &[Value::Number(1)],
            };
            for literal in literals {
                if self.due() {
                    *expr = Expr::literal(literal.clone(), expr.ty);
                    return;
                }
            }
        }
        if simple {
            return;
        }
        match &mut expr.form {
            Form::Aggregate { filtered, .. } if *filtered && self.due() => {
                *filtered = false;
                expr.args.pop();
                return;
            }
            Form::Case if expr.args.len() > 3 && self.due() => {
                expr.args.drain(..2);
                return;
            }
            Form::InList { .. } if expr.args.len() > 2 && self.due() => {
                expr.args.pop();
                return;
            }
            Form::Call("COALESCE") if expr.args.len() > 2 && self.due() => {
                expr.args.pop();
                return;
            }
            Form::Exists { negated } | Form::Among { negated } if *negated && self.due() => {
                *negated = false;
            }
            _ => {}
        }
        expr.args.iter_mut().for_each(|arg| self.expr(arg, key));
        expr.query.iter_mut().for_each(|query| self.query(query));
    }

    fn tables(&mut self, case: &mut Case) {
        if case.parallelism > 1 && self.due() {
            case.parallelism = 1;
            return;
        }
        if case.pieces < 1_000 && self.due() {
            case.pieces = 1_000;
            return;
        }
        for table in &mut case.tables {
            if table.coming != Coming::Added && self.due() {
                table.coming = Coming::Added;
                table.passing.clear();
                return;
            }
            if !table.rows.is_empty() && self.due() {
                table.rows.clear();
                return;
            }
            for rows in [&mut table.rows, &mut table.passing] {
                for at in 0..rows.len() {
                    if self.due() {
                        rows.remove(at);
                        return;
                    }
                }
            }
        }
    }
}

/// Whether subqueries have the columns that are due, and those that are values one row. SQLite does
/// not mind.
fn is_well_formed(query: &Query) -> bool {
    let with = query.with.iter().all(|(_, query)| is_well_formed(query));
    with && match &query.body {
        Body::Select(select) => {
            let from = select.from.iter().all(|join| match &join.relation.source {
                Source::Query(query) => is_well_formed(query),
                Source::Table(_) => true,
            });
            let keys = select.group.iter().flat_map(|group| &group.keys).map(|(_, key)| key);
            let on = select.from.iter().filter_map(|join| join.on.as_ref());
            let items = select.items.iter().map(|(_, item)| item);
            let all = items.chain(on).chain(keys).chain(&select.filter).chain(&select.having);
            from && all.into_iter().all(|expr| is_sound(expr, select))
        }
        Body::Set { left, right, .. } => {
            left.names().len() == right.names().len()
                && is_well_formed(left)
                && is_well_formed(right)
        }
        Body::Ranked(ranked) => is_well_formed(&ranked.query),
        Body::Limited { query, descending, .. } => {
            query.names().len() == descending.len() && is_well_formed(query)
        }
    }
}

fn is_sound(expr: &Expr, of: &Select) -> bool {
    let shaped = match (&expr.form, &expr.query) {
        (Form::Scalar, Some(query)) => {
            query.names().len() == 1
                && matches!(&query.body, Body::Select(select) if select.is_global())
        }
        (Form::Among { .. }, Some(query)) => query.names().len() == expr.args.len(),
        (Form::Aggregate { .. }, _) => {
            // One of columns outside alone would be an aggregate of the query outside.
            let free = expr.free();
            free.is_empty() || of.from.iter().any(|join| free.contains(&join.relation.alias))
        }
        _ => true,
    };
    shaped
        && expr.args.iter().all(|arg| is_sound(arg, of))
        && expr.query.iter().all(|query| is_well_formed(query))
}

/// A query that is all that another selects from.
fn derived_alone(select: &Select) -> Vec<Query> {
    match &select.from[..] {
        [only] => match &only.relation.source {
            Source::Query(query) => vec![(**query).clone()],
            Source::Table(_) => Vec::new(),
        },
        _ => Vec::new(),
    }
}
