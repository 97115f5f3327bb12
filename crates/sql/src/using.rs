//! `JOIN … USING (k)` as a join ON equal columns, and `k` as the value that it has in the joined row.
//!
//! NATURAL is USING all columns that both sides have.
//!
//! The column of USING is one column of the result: that of the side that is always there, or of whichever is
//! there in a FULL JOIN. `SELECT *` gives such columns first.

use std::ops::ControlFlow;

use sqlparser::ast::{
    BinaryOperator, ExcludeSelectItem, Expr, Ident, JoinConstraint, JoinOperator, ObjectName,
    Query, Select, SelectItem, SelectItemQualifiedWildcardKind, TableAlias, TableFactor, Value,
    VisitMut, VisitorMut, WildcardAdditionalOptions,
};

use crate::diagnostics::{Result, SqlError};
use crate::dialect::call;

/// A column of USING: its name, its value, and the relations that have it.
struct Common {
    name: Ident,
    value: Expr,
    relations: Vec<Ident>,
}

/// A relation of the FROM, and its columns once they were asked for.
struct Relation {
    name: Ident,
    factor: TableFactor,
    columns: Option<Vec<String>>,
}

/// The columns of a relation, where they can be found out.
pub(crate) type ColumnsOf<'a> = dyn Fn(&TableFactor) -> Option<Vec<String>> + 'a;

impl Relation {
    /// Its columns; `None` where they cannot be found out.
    fn columns(&mut self, of: &ColumnsOf<'_>) -> Option<&[String]> {
        if self.columns.is_none() {
            self.columns = of(&self.factor);
        }
        self.columns.as_deref()
    }
}

/// Rewrites the joins of a SELECT and what it selects. `columns_of` is asked where the text does not say
/// which relation a column is of, and for NATURAL joins. Where that cannot be found out the SELECT stays as
/// it is.
///
/// # Errors
/// When a column of USING is in several relations before the join, or a NATURAL JOIN that cannot be rewritten
/// keeps rows of the right side: the planner below would give the column of the left one.
pub(crate) fn expand_using(select: &mut Select, columns_of: &ColumnsOf<'_>) -> Result<()> {
    let [from] = &mut select.from[..] else { return Ok(()) };
    let joins = from.joins.iter_mut().filter_map(|join| constraint_of(&mut join.join_operator));
    if !joins.into_iter().any(|of| matches!(of, JoinConstraint::Using(_) | JoinConstraint::Natural))
    {
        return Ok(());
    }
    let mut expanded = select.clone();
    if expand(&mut expanded, columns_of)?.is_some() {
        *select = expanded;
        return Ok(());
    }
    let keeps_right = select.from[0].joins.iter_mut().any(|join| {
        let kept = Kept::of(&join.join_operator);
        let of = constraint_of(&mut join.join_operator);
        matches!(of, Some(JoinConstraint::Natural)) && !matches!(kept, Kept::Left)
    });
    match keeps_right {
        true => Err(SqlError::unsupported("NATURAL with RIGHT or FULL JOIN of this table")
            .hint("name the columns: JOIN … USING (k)")
            .about("NATURAL")),
        false => Ok(()),
    }
}

/// As [`expand_using`]; `None` when the columns of a relation cannot be found out.
fn expand(select: &mut Select, columns_of: &ColumnsOf<'_>) -> Result<Option<()>> {
    let [from] = &mut select.from[..] else { return Ok(None) };
    let Some(first) = named(&mut from.relation, 0) else { return Ok(None) };
    let mut relations = vec![first];
    let mut common: Vec<Common> = Vec::new();
    for (number, join) in from.joins.iter_mut().enumerate() {
        let Some(mut relation) = named(&mut join.relation, number + 1) else { return Ok(None) };
        let kept = Kept::of(&join.join_operator);
        let Some(constraint) = constraint_of(&mut join.join_operator) else { return Ok(None) };
        let natural = matches!(constraint, JoinConstraint::Natural);
        let columns: Vec<Ident> = match constraint {
            JoinConstraint::Using(columns) => {
                columns.iter().filter_map(|name| name.0.last()?.as_ident().cloned()).collect()
            }
            JoinConstraint::Natural => {
                // In the order of the left side, of which the columns that are common come first.
                let mut left: Vec<String> = common.iter().map(|of| of.name.value.clone()).collect();
                for known in &mut relations {
                    let Some(own) = known.columns(columns_of) else { return Ok(None) };
                    let own = own.iter().filter(|name| !left.contains(name));
                    let own: Vec<String> = own.cloned().collect();
                    left.extend(own);
                }
                let Some(right) = relation.columns(columns_of) else { return Ok(None) };
                left.retain(|name| right.contains(name));
                left.into_iter().map(|name| Ident::with_quote('`', name)).collect()
            }
            _ => Vec::new(),
        };
        let mut conditions: Vec<Expr> = Vec::new();
        let of_join: Vec<String> = columns.iter().map(|column| column.value.clone()).collect();
        for column in columns {
            let own = Expr::CompoundIdentifier(vec![relation.name.clone(), column.clone()]);
            let known = common.iter().position(|known| known.name.value == column.value);
            let at = match known {
                Some(at) => at,
                None => {
                    let Some(of) = the_one_with(&column, &mut relations, columns_of)? else {
                        return Ok(None);
                    };
                    let value = Expr::CompoundIdentifier(vec![of.clone(), column.clone()]);
                    common.push(Common { name: column, value, relations: vec![of] });
                    common.len() - 1
                }
            };
            let of = &mut common[at];
            of.relations.push(relation.name.clone());
            let left = of.value.clone();
            of.value = match kept {
                Kept::Left => left.clone(),
                Kept::Right => own.clone(),
                Kept::Both => call(Ident::new("COALESCE"), vec![left.clone(), own.clone()]),
            };
            conditions.push(Expr::BinaryOp {
                left: Box::new(left),
                op: BinaryOperator::Eq,
                right: Box::new(own),
            });
        }
        let all = conditions.into_iter().reduce(|all, next| Expr::BinaryOp {
            left: Box::new(all),
            op: BinaryOperator::And,
            right: Box::new(next),
        });
        match all {
            Some(all) => *constraint = JoinConstraint::On(all),
            // Without a column in common it is a join of all rows.
            None if natural => {
                *constraint =
                    JoinConstraint::On(Expr::Value(Value::Boolean(true).with_empty_span()));
            }
            None => {}
        }
        // The columns of the last join come first.
        common.sort_by_key(|of| !of_join.contains(&of.name.value));
        relations.push(relation);
    }
    let relations: Vec<Ident> = relations.into_iter().map(|relation| relation.name).collect();
    if common.is_empty() {
        return Ok(Some(()));
    }
    let items = std::mem::take(&mut select.projection);
    select.projection =
        items.into_iter().flat_map(|item| selected(item, &common, &relations)).collect();
    let mut values = Values { common: &common, queries: 0 };
    for expr in select.selection.iter_mut().chain(&mut select.having) {
        let _ = expr.visit(&mut values);
    }
    let _ = select.group_by.visit(&mut values);
    for item in &mut select.projection {
        let _ = item.visit(&mut values);
    }
    Ok(Some(()))
}

/// Whose column is there in every row.
enum Kept {
    Left,
    Right,
    Both,
}

impl Kept {
    fn of(operator: &JoinOperator) -> Self {
        match operator {
            JoinOperator::Right(_) | JoinOperator::RightOuter(_) => Self::Right,
            JoinOperator::FullOuter(_) => Self::Both,
            _ => Self::Left,
        }
    }
}

fn constraint_of(operator: &mut JoinOperator) -> Option<&mut JoinConstraint> {
    match operator {
        JoinOperator::Join(of)
        | JoinOperator::Inner(of)
        | JoinOperator::Left(of)
        | JoinOperator::LeftOuter(of)
        | JoinOperator::Right(of)
        | JoinOperator::RightOuter(of)
        | JoinOperator::FullOuter(of)
        | JoinOperator::CrossJoin(of) => Some(of),
        _ => None,
    }
}

/// A relation with a name; a query without one is given one.
fn named(factor: &mut TableFactor, number: usize) -> Option<Relation> {
    let of = factor.clone();
    if let TableFactor::Derived { alias: alias @ None, .. } = factor {
        let name = Ident::with_quote('`', format!("${number}"));
        *alias = Some(TableAlias { name, columns: Vec::new(), explicit: true, at: None });
    }
    Some(Relation { name: name_of(factor)?, factor: of, columns: None })
}

/// Gives a name to relations without one, so that what HAVING names is a column of theirs, and not what the
/// SELECT list calls so.
pub fn name_relations(select: &mut Select) {
    let factors = select.from.iter_mut().flat_map(|from| {
        let joined = from.joins.iter_mut().map(|join| &mut join.relation);
        std::iter::once(&mut from.relation).chain(joined)
    });
    for (number, factor) in factors.enumerate() {
        if let TableFactor::Derived { alias: alias @ None, .. }
        | TableFactor::TableFunction { alias: alias @ None, .. }
        | TableFactor::Table { alias: alias @ None, args: Some(_), .. } = factor
        {
            let name = Ident::with_quote('`', format!("$from{number}"));
            *alias = Some(TableAlias { name, columns: Vec::new(), explicit: true, at: None });
        }
    }
}

/// The relation that has a column, where only one can be meant.
fn the_one_with(
    column: &Ident,
    relations: &mut [Relation],
    columns_of: &ColumnsOf<'_>,
) -> Result<Option<Ident>> {
    if let [only] = relations {
        return Ok(Some(only.name.clone()));
    }
    let mut having = relations.iter_mut().filter_map(|relation| {
        let has = relation.columns(columns_of)?.contains(&column.value);
        has.then(|| relation.name.clone())
    });
    let found = having.next();
    match having.next() {
        None => Ok(found),
        Some(_) => Err(SqlError::new(format!(
            "column \"{}\" of USING is in several of the tables before",
            column.value
        ))
        .hint("join ON the columns that are meant")
        .about(&column.value)),
    }
}

/// What a relation is called: its alias, or else the name of its table.
pub(crate) fn name_of(factor: &TableFactor) -> Option<Ident> {
    match factor {
        TableFactor::Table { name, alias: None, .. } => name.0.last()?.as_ident().cloned(),
        TableFactor::Table { alias, .. }
        | TableFactor::Derived { alias, .. }
        | TableFactor::Function { alias, .. }
        | TableFactor::TableFunction { alias, .. }
        | TableFactor::UNNEST { alias, .. }
        | TableFactor::NestedJoin { alias, .. } => Some(alias.as_ref()?.name.clone()),
        _ => None,
    }
}

/// An item of the SELECT list; `*` is the common columns, then all others.
fn selected(item: SelectItem, common: &[Common], relations: &[Ident]) -> Vec<SelectItem> {
    match item {
        SelectItem::UnnamedExpr(Expr::Identifier(name)) => {
            let known = common.iter().find(|known| known.name.value == name.value);
            vec![match known {
                Some(of) => SelectItem::ExprWithAlias { expr: of.value.clone(), alias: name },
                None => SelectItem::UnnamedExpr(Expr::Identifier(name)),
            }]
        }
        SelectItem::Wildcard(_) => {
            let first = common.iter().map(|of| SelectItem::ExprWithAlias {
                expr: of.value.clone(),
                alias: of.name.clone(),
            });
            let others = relations.iter().map(|relation| {
                let left_out = common
                    .iter()
                    .filter(|of| of.relations.iter().any(|known| known.value == relation.value));
                let left_out: Vec<ObjectName> =
                    left_out.map(|of| ObjectName::from(vec![of.name.clone()])).collect();
                let opt_exclude =
                    (!left_out.is_empty()).then_some(ExcludeSelectItem::Multiple(left_out));
                let name = ObjectName::from(vec![relation.clone()]);
                SelectItem::QualifiedWildcard(
                    SelectItemQualifiedWildcardKind::ObjectName(name),
                    WildcardAdditionalOptions { opt_exclude, ..Default::default() },
                )
            });
            first.chain(others).collect()
        }
        other => vec![other],
    }
}

/// Puts values in the place of names, but not in the queries inside.
struct Values<'a> {
    common: &'a [Common],
    queries: usize,
}

impl VisitorMut for Values<'_> {
    type Break = ();

    fn pre_visit_query(&mut self, _: &mut Query) -> ControlFlow<()> {
        self.queries += 1;
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &mut Query) -> ControlFlow<()> {
        self.queries -= 1;
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        if self.queries == 0
            && let Expr::Identifier(name) = &*expr
            && let Some(of) = self.common.iter().find(|of| of.name.value == name.value)
        {
            *expr = of.value.clone();
        }
        ControlFlow::Continue(())
    }
}
