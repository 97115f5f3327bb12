//! What the columns of a query are called.
//!
//! A column without a name is called `EXPR$n`, n being the number of names before it; the second column of
//! a name gets a number behind it: `k`, `k0`, `k1`. What `*` stands for is only known once the query is
//! planned. So a column beside a `*` may carry a [`MARK`] in its name until then, which makes it like no
//! other, and [`unique_names`] gives the final ones.

use std::ops::ControlFlow;

use crate::dialect::FlinkDialect;
use arrow::datatypes::{DataType, FieldRef};
use datafusion_common::{Column, Result as DfResult};
use datafusion_expr::{Expr as Logical, LogicalPlan, LogicalPlanBuilder, ScalarUDF};
use millstream_expr::field::Field as FieldAccess;
use sqlparser::ast::helpers::attached_token::AttachedToken;
use sqlparser::ast::{
    Cte, Expr, Ident, OrderByKind, Query, Select, SelectItem, SelectItemQualifiedWildcardKind,
    SetExpr, TableAlias, TableFactor, TableWithJoins, VisitMut, VisitorMut, With,
};
use sqlparser::parser::Parser;

/// Stands behind a name that is yet to be made unique.
const MARK: char = '\u{1}';

/// Stands for the fields of a row until its type is known: `r.*`.
const FIELDS: &str = "*";

/// The alias of a derived table whose names are being made unique.
pub(crate) const BEING_NAMED: &str = "\u{1}";

/// How columns beside a `*` are named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stars {
    /// As if nothing that `*` stands for had the same name.
    Plain,
    /// So that they may have the name of something that `*` stands for.
    Marked,
}

fn marked(name: &str, index: usize) -> Ident {
    Ident::new(format!("{name}{MARK}{index}"))
}

fn is_star(item: &SelectItem) -> bool {
    matches!(item, SelectItem::Wildcard(_) | SelectItem::QualifiedWildcard(..))
}

/// Whether some SELECT has a `*` beside other columns, so that [`Stars::Marked`] makes a difference.
pub(crate) fn has_star_beside_others(query: &mut Query) -> bool {
    struct Look(bool);
    impl VisitorMut for Look {
        type Break = ();
        fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<()> {
            let items = &select.projection;
            self.0 |= items.len() > 1 && items.iter().any(is_star);
            ControlFlow::Continue(())
        }
    }
    let mut look = Look(false);
    let _ = query.visit(&mut look);
    look.0
}

/// Gives names to the columns of a SELECT; `relations` are the names of those that it reads.
pub(crate) fn name_columns(select: &mut Select, relations: &[String], stars: Stars) {
    let has_star = select.projection.iter().any(is_star);
    let mut seen: Vec<String> = Vec::new();
    // How many of them have a number behind them because they came before.
    let mut again = 0;
    for (index, item) in select.projection.iter_mut().enumerate() {
        if let Some(row) = row_of(item, relations) {
            *item = SelectItem::ExprWithAlias { expr: row, alias: marked(FIELDS, index) };
            continue;
        }
        let (expr, name) = match &*item {
            SelectItem::UnnamedExpr(expr) => match expr {
                Expr::Identifier(name) => (expr, name.clone()),
                Expr::CompoundIdentifier(parts) => match parts.last() {
                    // It keeps the name of its table, too, while no other column has its own.
                    Some(last)
                        if parts.len() == 2
                            && relations.contains(&parts[0].value)
                            && !seen.contains(&last.value)
                            && !(has_star && stars == Stars::Marked) =>
                    {
                        seen.push(last.value.clone());
                        continue;
                    }
                    Some(last) => (expr, last.clone()),
                    None => continue,
                },
                _ if has_star => (expr, marked("EXPR$", index)),
                _ => (expr, Ident::new(format!("EXPR${}", seen.len() - again))),
            },
            SelectItem::ExprWithAlias { expr, alias } => (expr, alias.clone()),
            _ => continue,
        };
        let name = match has_star && stars == Stars::Marked {
            true if name.value.contains(MARK) => name,
            true => marked(&name.value, index),
            false => {
                let unused = unused(&name.value, &seen);
                again += usize::from(unused != name.value);
                Ident { value: unused, ..name }
            }
        };
        seen.push(name.value.clone());
        let plain = matches!(expr, Expr::Identifier(known) if known.value == name.value);
        if !plain {
            *item = SelectItem::ExprWithAlias { expr: expr.clone(), alias: name };
        }
    }
}

/// A name, with the first number behind it that makes it one of no other column.
fn unused(name: &str, seen: &[String]) -> String {
    let mut unused = name.to_owned();
    let mut number = 0;
    while seen.contains(&unused) {
        unused = format!("{name}{number}");
        number += 1;
    }
    unused
}

/// The row of `row.*`, where it is a column and no relation.
fn row_of(item: &SelectItem, relations: &[String]) -> Option<Expr> {
    let SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), _) = item
    else {
        return None;
    };
    let parts: Vec<Ident> = name.0.iter().filter_map(|part| part.as_ident().cloned()).collect();
    let is_relation = |part: Option<&Ident>| part.is_some_and(|p| relations.contains(&p.value));
    match &parts[..] {
        [only] if !is_relation(Some(only)) => Some(Expr::Identifier(only.clone())),
        [column, ..] if !is_relation(Some(column)) && !is_relation(parts.last()) => {
            Some(Expr::CompoundIdentifier(parts))
        }
        [table, ..]
            if parts.len() > 1 && is_relation(Some(table)) && !is_relation(parts.last()) =>
        {
            Some(Expr::CompoundIdentifier(parts))
        }
        _ => None,
    }
}

/// Writes the names of columns in ORDER BY as [`name_columns`] writes them beside a `*`.
pub(crate) fn mark_order(query: &mut Query) {
    let SetExpr::Select(select) = query.body.as_ref() else { return };
    if !select.projection.iter().any(is_star) {
        return;
    }
    let aliases: Vec<(usize, String)> = select
        .projection
        .iter()
        .enumerate()
        .filter_map(|(index, item)| match item {
            SelectItem::ExprWithAlias { alias, .. } => Some((index, alias.value.clone())),
            _ => None,
        })
        .collect();
    let Some(order) = &mut query.order_by else { return };
    let OrderByKind::Expressions(keys) = &mut order.kind else { return };
    for key in keys {
        if let Expr::Identifier(name) = &mut key.expr
            && let Some((index, _)) = aliases.iter().find(|(_, alias)| *alias == name.value)
        {
            *name = marked(&name.value, *index);
        }
    }
}

/// The query of everything in a relation, with what it may refer to.
pub(crate) fn all_of(factor: TableFactor, ctes: Vec<Cte>) -> Option<Query> {
    let mut query = around_derived()?;
    if let SetExpr::Select(select) = query.body.as_mut() {
        select.from[0].relation = factor;
    }
    let with_token = AttachedToken::empty();
    query.with =
        (!ctes.is_empty()).then_some(With { with_token, recursive: false, cte_tables: ctes });
    Some(query)
}

/// A query of everything in a derived table, which is to be put in its place.
fn around_derived() -> Option<Query> {
    let parser = Parser::new(&FlinkDialect).try_with_sql("SELECT * FROM (SELECT 1)");
    Some(*parser.and_then(|mut parser| parser.parse_query()).ok()?)
}

/// Makes a `WITH a AS (SELECT * …)` one in which the query stands as a derived table, so that its columns
/// are named as those of any other.
pub(crate) fn derive_ctes(query: &mut Query) {
    for cte in query.with.iter_mut().flat_map(|with| &mut with.cte_tables) {
        let needs = match cte.query.body.as_ref() {
            SetExpr::Select(select) => select.projection.iter().any(is_star),
            SetExpr::Values(_) => true,
            _ => false,
        };
        if needs
            && let Some(mut around) = around_derived()
            && let SetExpr::Select(select) = around.body.as_mut()
            && let [TableWithJoins { relation: TableFactor::Derived { subquery, .. }, .. }] =
                &mut select.from[..]
        {
            std::mem::swap(subquery, &mut cte.query);
            *cte.query = around;
        }
    }
}

/// A derived table under the alias that says that it is being named.
pub(crate) fn being_named(derived: TableFactor) -> TableFactor {
    match derived {
        TableFactor::Derived { lateral, subquery, sample, .. } => {
            let alias = TableAlias {
                name: Ident::new(BEING_NAMED),
                columns: Vec::new(),
                explicit: true,
                at: None,
            };
            TableFactor::Derived { lateral, subquery, sample, alias: Some(alias) }
        }
        other => other,
    }
}

/// A plan whose columns have names of their own: those of `*` and of columns beside it, and the fields of
/// rows in the place of `row.*`.
pub(crate) fn unique_names(plan: LogicalPlan) -> DfResult<LogicalPlan> {
    let schema = plan.schema();
    let (mut seen, mut again) = (Vec::new(), 0);
    let mut columns = Vec::with_capacity(schema.fields().len());
    let mut changed = false;
    let values = matches!(plan, LogicalPlan::Values(_));
    for (at, (qualifier, field)) in schema.iter().enumerate() {
        let column = Logical::Column(Column::from((qualifier, field)));
        let mut name = field.name().as_str();
        let mut parts = vec![(column, name.to_owned())];
        if let Some((before, _)) = name.split_once(MARK) {
            name = before;
            parts[0].1 = name.to_owned();
            if let (FIELDS, DataType::Struct(fields)) = (name, field.data_type()) {
                let row = &parts[0].0;
                let part = |field: &FieldRef| {
                    let access = FieldAccess::new(field.name().clone());
                    (ScalarUDF::new_from_impl(access).call(vec![row.clone()]), field.name().clone())
                };
                parts = fields.iter().map(part).collect();
                changed = true;
            }
        }
        for (value, name) in parts {
            let name = match name.as_str() {
                "EXPR$" => format!("EXPR${}", seen.len() - again),
                _ if values => format!("EXPR${at}"),
                _ => name,
            };
            let unused = unused(&name, &seen);
            again += usize::from(unused != name);
            changed |= unused != *field.name();
            columns.push(match &value {
                Logical::Column(column) if column.name == unused => value,
                _ => value.alias(unused.clone()),
            });
            seen.push(unused);
        }
    }
    match changed {
        true => LogicalPlanBuilder::from(plan).project(columns)?.build(),
        false => Ok(plan),
    }
}
