//! Flink's spelling of a query in terms that mean the same to the planner below.
//!
//! - number literals get Flink's types: `1` is INT, `1.5` DECIMAL(2, 1), `1e3` DOUBLE;
//! - `LIKE`, `SIMILAR TO` and `IF` become calls of functions of ours and `CASE`;
//! - `GROUP BY TUMBLE(…)` becomes a grouping by the window's three properties.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use sqlparser::ast::helpers::attached_token::AttachedToken;
use sqlparser::ast::{
    AccessExpr, BinaryOperator, CaseWhen, CastKind, Cte, Distinct, Expr, FunctionArg,
    FunctionArgExpr, FunctionArguments, Ident, LimitClause, NamedWindowDefinition, NamedWindowExpr,
    OptimizerHint, OptimizerHintStyle, OrderBy, OrderByKind, Query, Select, SetExpr, Subscript,
    TableFactor, TableWithJoins, UnaryOperator, Value, ValueWithSpan, Visit, VisitMut, VisitorMut,
    WindowType, visit_relations,
};

use crate::diagnostics::{SqlError, nearest};
use crate::dialect::{call, cast_to};
use crate::group_by::{distinct_sets, expand_group_window};
use crate::hints::{check_lookup, is_join_strategy, is_lookup, state_ttl_of};
use crate::literals::{
    digits_as_written, has_too_many_digits, least_integer, number, plain_number, positive_interval,
};
use crate::match_names::qualify;
use crate::match_syntax::MATCH;
use crate::names::{Stars, all_of, derive_ctes, mark_order, name_columns};
use crate::over_syntax::{default_of_row, plain_bounds};
use crate::row_comparisons::{equal_rows, row_in_list, rows_in};
use crate::temporal::nest_versioned;
use crate::time_settings::duration_of;
use crate::using::{expand_using, name_of, name_relations};
use crate::values_types::in_one_type;

/// How long state is kept, in ms, by the tables that hints name.
pub type StateHints = BTreeMap<String, i64>;

/// Rewrites a query in place; what its hints say of state.
///
/// # Errors
/// When it uses something that is not supported.
pub(crate) fn rewrite_query(
    query: &mut Query,
    stars: Stars,
    columns_of: &ColumnsOfQuery<'_>,
) -> Result<StateHints, SqlError> {
    run(query, stars, columns_of)
}

/// Rewrites a single expression in place.
///
/// # Errors
/// When it uses something that is not supported.
pub fn rewrite_expression(expr: &mut Expr) -> Result<(), SqlError> {
    run(expr, Stars::Plain, &|_| None).map(|_| ())
}

fn run(
    tree: &mut impl VisitMut,
    stars: Stars,
    columns_of: &ColumnsOfQuery<'_>,
) -> Result<StateHints, SqlError> {
    let (limits, ctes, scopes, hints) = (vec![], vec![], vec![], BTreeMap::new());
    let mut rewriter = Rewriter {
        stars,
        columns_of,
        ctes,
        scopes,
        qualified: BTreeSet::new(),
        table_functions: 0,
        limits,
        depth: 0,
        calls: 0,
        hints,
    };
    match tree.visit(&mut rewriter) {
        ControlFlow::Break(error) => Err(error),
        ControlFlow::Continue(()) => Ok(rewriter.hints),
    }
}

/// The names of the columns of a query, where it can be planned.
pub(crate) type ColumnsOfQuery<'a> = dyn Fn(&Query) -> Option<Vec<String>> + 'a;

struct Rewriter<'a> {
    /// How columns beside a `*` are named.
    stars: Stars,
    columns_of: &'a ColumnsOfQuery<'a>,
    /// What the queries around declare by WITH, as it was written.
    ctes: Vec<Vec<Cte>>,
    /// The names of the relations that the current query, its SELECT, and those around them read.
    scopes: Vec<Vec<String>>,
    /// Those that are written with their database and go by it.
    qualified: BTreeSet<String>,
    /// How many table functions the current expression is an argument of.
    table_functions: usize,
    /// The LIMIT and ORDER BY of the queries around, whose plain numbers stay plain numbers.
    limits: Vec<Option<LimitClause>>,
    /// How many expressions the current one is inside of.
    depth: usize,
    /// How many calls stand around the expression.
    calls: usize,
    hints: StateHints,
}

/// Stands as a database before a relation of a query around, where the library looks for columns that have
/// the name of the relation last.
const AROUND: &str = "\u{1}around";

/// The name of the table function that gives the elements of a collection.
pub const UNNEST: &str = "UNNEST";

/// The deepest nesting of an expression; `a + b + c` nests too. What plans and evaluates expressions
/// is recursive, and a stack must not end before the statement does.
const DEPTH_MAX: usize = 500;

/// The library types all that a call is made of again at each level.
const CALLS_MAX: usize = 150;

impl VisitorMut for Rewriter<'_> {
    type Break = SqlError;

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<SqlError> {
        let recursive = query.with.as_ref().is_some_and(|with| with.recursive);
        let refused = match () {
            () if recursive => Some("RECURSIVE"),
            () if !query.locks.is_empty() => Some("FOR UPDATE"),
            () => None,
        };
        if let Some(refused) = refused {
            let word = refused.split(' ').next_back().unwrap_or(refused);
            return ControlFlow::Break(SqlError::unsupported(refused).about(word));
        }
        if let Err(error) = fetch_as_limit(query) {
            return ControlFlow::Break(error);
        }
        let declared = query.with.iter().flat_map(|with| with.cte_tables.iter().cloned());
        self.ctes.push(declared.collect());
        derive_ctes(query);
        if self.stars == Stars::Marked {
            mark_order(query);
        }
        self.limits.push(query.limit_clause.take());
        // What ORDER BY sees, which stands behind the SELECT.
        self.scopes.push(match query.body.as_ref() {
            SetExpr::Select(select) => relation_names(&select.from),
            _ => Vec::new(),
        });
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, query: &mut Query) -> ControlFlow<SqlError> {
        if let SetExpr::Values(values) = query.body.as_mut() {
            in_one_type(&mut values.rows);
        }
        query.limit_clause = self.limits.pop().flatten();
        self.ctes.pop();
        self.scopes.pop();
        if let Some(OrderBy { kind: OrderByKind::Expressions(keys), .. }) = &mut query.order_by {
            // Plain numbers are those of columns.
            keys.iter_mut().for_each(|key| plain_number(&mut key.expr));
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<SqlError> {
        if let Some(Distinct::On(_)) = select.distinct {
            return ControlFlow::Break(SqlError::unsupported("DISTINCT ON").about("DISTINCT"));
        }
        for hint in std::mem::take(&mut select.optimizer_hints) {
            if let Err(error) = self.hint(&hint, &select.from) {
                return ControlFlow::Break(error);
            }
        }
        if let Err(error) = expand_using(select, &|factor| self.columns_of(factor)) {
            return ControlFlow::Break(error);
        }
        if select.having.is_some() {
            name_relations(select);
        }
        self.scopes.push(relation_names(&select.from));
        name_columns(select, self.scopes.last().map_or(&[], Vec::as_slice), self.stars);
        select.from.iter_mut().for_each(nest_versioned);
        distinct_sets(&mut select.group_by);
        expand_group_window(select);
        ControlFlow::Continue(())
    }

    fn post_visit_select(&mut self, select: &mut Select) -> ControlFlow<SqlError> {
        self.scopes.pop();
        for NamedWindowDefinition(_, window) in &mut select.named_window {
            if let NamedWindowExpr::WindowSpec(spec) = window {
                plain_bounds(spec);
            }
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<SqlError> {
        if let TableFactor::Table { name, args: Some(arguments), .. } = factor
            && name.to_string() == MATCH
            && let Err(error) = qualify(&mut arguments.args)
        {
            return ControlFlow::Break(error);
        }
        // Its argument may name columns of the relations before it.
        if let TableFactor::Table { name, args: Some(args), alias, with_ordinality, .. } = factor
            && name.to_string().eq_ignore_ascii_case(UNNEST)
        {
            *factor = TableFactor::Function {
                lateral: true,
                name: vec![Ident::new(UNNEST)].into(),
                args: std::mem::take(&mut args.args),
                with_ordinality: *with_ordinality,
                alias: alias.take(),
            };
        }
        if let TableFactor::Table { name, alias: None, .. } = factor
            && let [_, .., last] = &name.0[..]
        {
            self.qualified.extend(last.as_ident().map(|name| name.value.clone()));
        }
        self.table_functions += usize::from(matches!(factor, TableFactor::Function { .. }));
        ControlFlow::Continue(())
    }

    fn post_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<SqlError> {
        self.table_functions -= usize::from(matches!(factor, TableFactor::Function { .. }));
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<SqlError> {
        self.depth += 1;
        self.calls += usize::from(matches!(expr, Expr::Function(_)));
        if self.calls > CALLS_MAX {
            let error = SqlError::new(format!("calls are nested deeper than {CALLS_MAX}"));
            return ControlFlow::Break(error.hint("compute parts of it in a subquery"));
        }
        if self.depth > DEPTH_MAX {
            let error = SqlError::new(format!("an expression is nested deeper than {DEPTH_MAX}"));
            return ControlFlow::Break(
                error.hint("compute parts of it in a subquery, or use IN (…)"),
            );
        }
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<SqlError> {
        self.depth -= 1;
        self.calls -= usize::from(matches!(expr, Expr::Function(_)));
        if let Expr::Function(function) = expr
            && let Some(WindowType::WindowSpec(spec)) = &mut function.over
        {
            plain_bounds(spec);
        }
        if let Expr::CompoundIdentifier(parts) = expr
            && let Some(field) = self.field_of_column(parts)
        {
            *expr = field;
            return ControlFlow::Continue(());
        }
        match rewrite(expr) {
            Ok(Some(new)) => *expr = new,
            Ok(None) => {}
            Err(error) => return ControlFlow::Break(error),
        }
        ControlFlow::Continue(())
    }
}

impl Rewriter<'_> {
    /// `relation.column.field` and `column.field`, of which the library knows those of the current SELECT
    /// only, as fields of a column.
    fn field_of_column(&self, parts: &[Ident]) -> Option<Expr> {
        let is_relation =
            |part: &Ident| self.scopes.iter().flatten().any(|name| *name == part.value);
        // Arguments of table functions may be columns of the relations before them.
        let sees_others = self.scopes.len() > 2 || self.table_functions > 0;
        let outer = match self.scopes.split_last() {
            Some((own, around)) => |part: &Ident| {
                !own.contains(&part.value)
                    && around.iter().flatten().any(|name| *name == part.value)
                    && !self.qualified.contains(&part.value)
            },
            None => return None,
        };
        let (root, fields) = match parts {
            // A column of the current SELECT that has the name of the relation would be found first.
            [relation, column, fields @ ..] if outer(relation) => {
                let around = vec![Ident::new(AROUND), relation.clone(), column.clone()];
                (Box::new(Expr::CompoundIdentifier(around)), fields)
            }
            [relation, column, fields @ ..] if is_relation(relation) && !fields.is_empty() => {
                let root = Expr::CompoundIdentifier(vec![relation.clone(), column.clone()]);
                (Box::new(root), fields)
            }
            // With the name of a relation in it, it is one of a database.
            [column, fields @ ..]
                if sees_others && !fields.is_empty() && !parts.iter().any(is_relation) =>
            {
                (Box::new(Expr::Identifier(column.clone())), fields)
            }
            _ => return None,
        };
        let chain = fields.iter().map(|field| {
            let text = Value::SingleQuotedString(field.value.clone()).with_empty_span();
            AccessExpr::Subscript(Subscript::Index { index: Expr::Value(text) })
        });
        Some(match fields.is_empty() {
            true => *root,
            false => Expr::CompoundFieldAccess { root, access_chain: chain.collect() },
        })
    }

    /// The columns of a relation of the FROM.
    fn columns_of(&self, factor: &TableFactor) -> Option<Vec<String>> {
        // Only those that it refers to: others may be the very query that is asked for.
        let mut named = names_in(factor);
        let mut ctes: Vec<Cte> = Vec::new();
        for cte in self.ctes.iter().flatten().rev() {
            if named.contains(&cte.alias.name.value) {
                named.extend(names_in(&cte.query));
                ctes.insert(0, cte.clone());
            }
        }
        (self.columns_of)(&all_of(factor.clone(), ctes)?)
    }

    fn hint(&mut self, hint: &OptimizerHint, from: &[TableWithJoins]) -> Result<(), SqlError> {
        // `--+` is a comment like any other.
        if hint.style != OptimizerHintStyle::MultiLine || !hint.prefix.is_empty() {
            return Ok(());
        }
        let hint = hint.text.trim();
        if is_lookup(hint) {
            return check_lookup(hint);
        }
        if is_join_strategy(hint) {
            return Ok(());
        }
        for (table, ttl) in state_ttl_of(hint)? {
            let ms = duration_of("STATE_TTL", &ttl)?;
            let names = relation_names(from);
            if !names.contains(&table) {
                let error = SqlError::new(format!(
                    "STATE_TTL is about \"{table}\", which this SELECT does not read"
                ));
                return Err(match nearest(&table, names.iter().map(String::as_str)) {
                    Some(near) => error.hint(format!("did you mean \"{near}\"?")),
                    None => error.hint("name a table of its FROM, by its alias if it has one"),
                }
                .about(&table));
            }
            self.hints.insert(table, ms);
        }
        Ok(())
    }
}

/// The names of a call without its module, in capitals.
pub fn function_name(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Function(function) if function.over.is_none() => {
            Some(function.name.to_string().to_ascii_uppercase())
        }
        _ => None,
    }
}

fn rewrite(expr: &Expr) -> Result<Option<Expr>, SqlError> {
    Ok(match expr {
        Expr::Value(ValueWithSpan { value: Value::Number(text, _), .. })
            if has_too_many_digits(text) =>
        {
            return Err(SqlError::new("a number has more than the 38 digits of a DECIMAL")
                .hint("write it with an exponent, as in 1.5e40, for a DOUBLE")
                .about(text.clone()));
        }
        Expr::Value(ValueWithSpan { value: Value::Number(text, _), .. }) => number(text, expr),
        Expr::Value(ValueWithSpan {
            value: Value::UnicodeStringLiteral(text) | Value::NationalStringLiteral(text),
            ..
        }) => Some(Expr::Value(Value::SingleQuotedString(text.clone()).with_empty_span())),
        // A charset before a text, as in _UTF8'abc': all are Unicode here.
        Expr::Prefixed { prefix, value } if prefix.value.starts_with('_') => {
            Some(value.as_ref().clone())
        }
        Expr::Identifier(name)
            if name.quote_style.is_none() && name.value.eq_ignore_ascii_case("UNKNOWN") =>
        {
            let null = Expr::Value(Value::Null.with_empty_span());
            Some(cast_to(null, CastKind::Cast, "BOOLEAN"))
        }
        // The least integers are read with their sign.
        Expr::UnaryOp { op: UnaryOperator::Minus, expr } => {
            least_integer(expr).or_else(|| positive_interval(expr))
        }
        Expr::Like { negated, any: false, expr, pattern, escape_char } => {
            Some(pattern_call("LIKE", *negated, expr, pattern, escape_char.as_ref()))
        }
        Expr::SimilarTo { negated, expr, pattern, escape_char } => {
            Some(pattern_call("SIMILAR", *negated, expr, pattern, escape_char.as_ref()))
        }
        Expr::CompoundFieldAccess { root, access_chain } => fields_as_texts(root, access_chain),
        // A call sees the columns around a subquery; the library's array literal does not.
        Expr::Array(array) => Some(call(Ident::new("ARRAY"), array.elem.clone())),
        // A subquery or a list of rows is compared by rows.
        Expr::Tuple(values) => Some(call(Ident::new("ROW"), values.clone())),
        Expr::InSubquery { expr, subquery, negated } => rows_in(expr, subquery, *negated)?,
        Expr::BinaryOp { left, op: BinaryOperator::Eq, right } => equal_rows(left, right),
        Expr::InList { expr, list, negated } => row_in_list(expr, list, *negated),
        Expr::ILike { .. } | Expr::RLike { .. } => {
            return Err(
                SqlError::unsupported("ILIKE and RLIKE").hint("LIKE and REGEXP(text, regex) are")
            );
        }
        Expr::Function(function) => match function.name.to_string().to_ascii_uppercase().as_str() {
            "IF" => if_as_case(expr)?,
            "COUNT" => count_of_one(expr),
            "LAG" | "LEAD" if function.over.is_some() => default_of_row(function),
            "ROUND" | "TRUNCATE" => digits_as_written(function),
            "TUMBLE_PROCTIME" | "HOP_PROCTIME" | "SESSION_PROCTIME" => rowtime_of(expr),
            _ => None,
        },
        _ => None,
    })
}

/// The names of all relations that something reads.
fn names_in(read: &impl Visit) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let _ = visit_relations(read, |name| {
        names.extend(name.0.last().and_then(|part| part.as_ident()).map(|name| name.value.clone()));
        ControlFlow::<()>::Continue(())
    });
    names
}

/// The names of the relations of a FROM: aliases, or else names of tables.
fn relation_names(from: &[TableWithJoins]) -> Vec<String> {
    let factors = from.iter().flat_map(|table| {
        std::iter::once(&table.relation).chain(table.joins.iter().map(|join| &join.relation))
    });
    let mut names = Vec::new();
    for factor in factors {
        match factor {
            TableFactor::NestedJoin { table_with_joins, alias: None } => {
                names.extend(relation_names(std::slice::from_ref(table_with_joins)));
            }
            named => names.extend(name_of(named).map(|name| name.value)),
        }
    }
    names
}

/// `FETCH FIRST n ROWS ONLY` as `LIMIT n`.
fn fetch_as_limit(query: &mut Query) -> Result<(), SqlError> {
    let Some(fetch) = query.fetch.take() else { return Ok(()) };
    if fetch.with_ties || fetch.percent {
        return Err(SqlError::unsupported("FETCH with ties or percent")
            .hint("FETCH FIRST n ROWS ONLY is; keep ties with RANK() … <= n")
            .about("FETCH"));
    }
    let one = || Expr::Value(Value::Number("1".to_owned(), false).with_empty_span());
    let limit = Some(fetch.quantity.unwrap_or_else(one));
    query.limit_clause = Some(match query.limit_clause.take() {
        Some(LimitClause::LimitOffset { offset, limit_by, .. }) => {
            LimitClause::LimitOffset { limit, offset, limit_by }
        }
        _ => LimitClause::LimitOffset { limit, offset: None, limit_by: Vec::new() },
    });
    Ok(())
}

/// `rows[1].field`: a field is named by a text below.
fn fields_as_texts(root: &Expr, chain: &[AccessExpr]) -> Option<Expr> {
    let named = |access: &AccessExpr| matches!(access, AccessExpr::Dot(Expr::Identifier(_)));
    // Up to the first index the names may be those of a table and its column.
    let first = match root {
        Expr::Identifier(_) | Expr::CompoundIdentifier(_) => {
            chain.iter().position(|access| !named(access))?
        }
        _ => 0,
    };
    if !chain[first..].iter().any(named) {
        return None;
    }
    let chain = chain.iter().enumerate().map(|(at, access)| match access {
        before if at < first => before.clone(),
        AccessExpr::Dot(Expr::Identifier(name)) => {
            let text = Value::SingleQuotedString(name.value.clone()).with_empty_span();
            AccessExpr::Subscript(Subscript::Index { index: Expr::Value(text) })
        }
        other => other.clone(),
    });
    Some(Expr::CompoundFieldAccess { root: Box::new(root.clone()), access_chain: chain.collect() })
}

/// `HOP_PROCTIME(…)` as `HOP_ROWTIME(…)`: what is asked for is the time attribute either way.
fn rowtime_of(expr: &Expr) -> Option<Expr> {
    let Expr::Function(function) = expr else { return None };
    let name = function.name.to_string().to_ascii_uppercase().replace("PROCTIME", "ROWTIME");
    let function =
        sqlparser::ast::Function { name: vec![Ident::new(name)].into(), ..function.clone() };
    Some(Expr::Function(function))
}

/// `COUNT(*)` as a count of a constant, which is never NULL.
fn count_of_one(expr: &Expr) -> Option<Expr> {
    let Expr::Function(function) = expr else { return None };
    let FunctionArguments::List(list) = &function.args else { return None };
    let [FunctionArg::Unnamed(FunctionArgExpr::Wildcard)] = list.args[..] else { return None };
    let one = Expr::Value(Value::Number("1".to_owned(), false).with_empty_span());
    let mut function = function.clone();
    if let FunctionArguments::List(list) = &mut function.args {
        list.args = vec![FunctionArg::Unnamed(FunctionArgExpr::Expr(one))];
    }
    Some(Expr::Function(function))
}

fn pattern_call(
    name: &str,
    negated: bool,
    text: &Expr,
    pattern: &Expr,
    escape: Option<&ValueWithSpan>,
) -> Expr {
    let mut arguments = vec![text.clone(), pattern.clone()];
    arguments.extend(escape.map(|escape| Expr::Value(escape.clone())));
    let matches = call(Ident::new(name), arguments);
    match negated {
        true => Expr::UnaryOp { op: UnaryOperator::Not, expr: Box::new(matches) },
        false => matches,
    }
}

fn if_as_case(expr: &Expr) -> Result<Option<Expr>, SqlError> {
    let Expr::Function(function) = expr else { return Ok(None) };
    let FunctionArguments::List(list) = &function.args else { return Ok(None) };
    let values: Vec<&Expr> = list
        .args
        .iter()
        .filter_map(|argument| match argument {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(value)) => Some(value),
            _ => None,
        })
        .collect();
    let [condition, result, otherwise] = values[..] else {
        return Err(SqlError::new("IF takes a condition and two values").about("IF"));
    };
    Ok(Some(Expr::Case {
        case_token: AttachedToken::empty(),
        end_token: AttachedToken::empty(),
        operand: None,
        conditions: vec![CaseWhen { condition: condition.clone(), result: result.clone() }],
        else_result: Some(Box::new(otherwise.clone())),
    }))
}
