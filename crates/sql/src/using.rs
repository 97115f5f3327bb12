//! `JOIN … USING (k)` as a join ON equal columns, and `k` as the value that it has in the joined row.
//!
//! The column of USING is one column of the result: that of the side that is always there, or of whichever is
//! there in a FULL JOIN. `SELECT *` gives such columns first.

use std::ops::ControlFlow;

use sqlparser::ast::{
    BinaryOperator, ExcludeSelectItem, Expr, Ident, JoinConstraint, JoinOperator, ObjectName,
    Query, Select, SelectItem, SelectItemQualifiedWildcardKind, TableFactor, VisitMut, VisitorMut,
    WildcardAdditionalOptions,
};

use crate::diagnostics::{Result, SqlError};
use crate::dialect::call;

/// A column of USING: its name, its value, and the relations that have it.
struct Common {
    name: Ident,
    value: Expr,
    relations: Vec<Ident>,
}

/// Rewrites the joins of a SELECT and what it selects.
///
/// # Errors
/// For a NATURAL JOIN that keeps rows of the right side: what its columns are is not known from its text.
pub fn expand_using(select: &mut Select) -> Result<()> {
    let [from] = &mut select.from[..] else { return Ok(()) };
    let mut relations: Vec<Ident> = name_of(&from.relation).into_iter().collect();
    let mut common: Vec<Common> = Vec::new();
    for join in &mut from.joins {
        let Some(name) = name_of(&join.relation) else { return Ok(()) };
        let kept = Kept::of(&join.join_operator);
        let Some(constraint) = constraint_of(&mut join.join_operator) else { return Ok(()) };
        let columns = match constraint {
            JoinConstraint::Using(columns) => columns.clone(),
            JoinConstraint::Natural if !matches!(kept, Kept::Left) => {
                return Err(SqlError::unsupported("NATURAL with RIGHT or FULL JOIN")
                    .hint("name the columns: JOIN … USING (k)")
                    .about("NATURAL"));
            }
            _ => Vec::new(),
        };
        let columns = columns.iter().filter_map(|name| name.0.last()?.as_ident().cloned());
        let mut conditions: Vec<Expr> = Vec::new();
        for column in columns {
            let own = Expr::CompoundIdentifier(vec![name.clone(), column.clone()]);
            let known = common.iter().position(|known| known.name.value == column.value);
            let at = match (known, &relations[..]) {
                (Some(at), _) => at,
                (None, [only]) => {
                    let value = Expr::CompoundIdentifier(vec![only.clone(), column.clone()]);
                    let relations = vec![only.clone()];
                    common.push(Common { name: column, value, relations });
                    common.len() - 1
                }
                // Which of the relations before has it is not known from the text.
                _ => return Ok(()),
            };
            let of = &mut common[at];
            of.relations.push(name.clone());
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
        if let Some(all) = all {
            *constraint = JoinConstraint::On(all);
        }
        relations.push(name);
    }
    if common.is_empty() {
        return Ok(());
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
    Ok(())
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

fn name_of(factor: &TableFactor) -> Option<Ident> {
    match factor {
        TableFactor::Table { name, alias, .. } => match alias {
            Some(alias) => Some(alias.name.clone()),
            None => name.0.last()?.as_ident().cloned(),
        },
        TableFactor::Derived { alias, .. } | TableFactor::Function { alias, .. } => {
            Some(alias.as_ref()?.name.clone())
        }
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
