//! Subqueries in expressions become joins.
//!
//! ```text
//! WHERE EXISTS (S), WHERE x IN (S)      LEFT SEMI JOIN
//! WHERE NOT EXISTS (S), x NOT IN (S)    LEFT ANTI JOIN, for NOT IN one that knows about NULLs
//! (S) as a value                        LEFT JOIN with its only row; SINGLE_VALUE fails at a second one
//! EXISTS, IN, ANY, ALL as values        LEFT JOIN with what tells them: whether a row is there, how many
//!                                       are there, how many of them are NULL, the least and the greatest
//! LATERAL (S)                           INNER or LEFT JOIN
//! ```
//!
//! What a subquery refers to around it becomes a condition of the join; see [`crate::decorrelate`].

use std::sync::Arc;

use datafusion_common::tree_node::{Transformed, TreeNode};
use datafusion_common::{Column, JoinType, Result as DfResult, ScalarValue};
use datafusion_expr::expr::{Case, Exists, InSubquery, SetComparison, SetQuantifier};
use datafusion_expr::logical_plan::{Aggregate, Filter, Join, Projection, Sort, Subquery};
use datafusion_expr::utils::split_conjunction_owned;
use datafusion_expr::{Expr, LogicalPlan, Operator, lit};
use millstream_expr::Registry;

use crate::context::external;
use crate::decorrelate::{
    Around, Names, Unnested, aliased, any_row, defaults, filtered, join, or_default, projection,
};
use crate::diagnostics::SqlError;

/// A plan without subqueries in its expressions.
///
/// # Errors
/// When a subquery stands where it cannot be computed, or cannot be computed for many rows at once.
pub fn join_subqueries(plan: LogicalPlan, functions: &Registry) -> DfResult<LogicalPlan> {
    let plan = Subqueries { names: Names::new(), functions }.resolve(plan)?;
    group_globally(plan)
}

/// The subqueries of one plan.
pub(crate) struct Subqueries<'a> {
    pub names: Names,
    pub functions: &'a Registry,
}

impl Subqueries<'_> {
    /// The rows around a subquery.
    pub(crate) fn around<'r>(&'r self, rows: &'r LogicalPlan) -> Around<'r> {
        Around { rows, names: &self.names, functions: self.functions }
    }

    /// From the innermost queries outwards.
    fn resolve(&self, plan: LogicalPlan) -> DfResult<LogicalPlan> {
        let resolved = plan.transform_up(|plan| {
            if !plan.expressions().iter().any(has_subquery) && !is_lateral(&plan) {
                return Ok(Transformed::no(plan));
            }
            let plan =
                plan.map_expressions(|expr| expr.transform_up(|expr| self.inner(expr)))?.data;
            Ok(Transformed::yes(self.joined(plan)?))
        });
        Ok(resolved?.data)
    }

    /// A subquery with its own subqueries resolved.
    fn inner(&self, expr: Expr) -> DfResult<Transformed<Expr>> {
        let of = |subquery: Subquery| -> DfResult<Subquery> {
            let plan = self.resolve(Arc::unwrap_or_clone(subquery.subquery))?;
            Ok(Subquery { subquery: Arc::new(plan), ..subquery })
        };
        Ok(match expr {
            Expr::ScalarSubquery(subquery) => Transformed::yes(Expr::ScalarSubquery(of(subquery)?)),
            Expr::Exists(Exists { subquery, negated }) => {
                Transformed::yes(Expr::Exists(Exists { subquery: of(subquery)?, negated }))
            }
            Expr::InSubquery(InSubquery { expr, subquery, negated }) => {
                Transformed::yes(Expr::InSubquery(InSubquery::new(expr, of(subquery)?, negated)))
            }
            Expr::SetComparison(SetComparison { expr, subquery, op, quantifier }) => {
                let of = SetComparison::new(expr, of(subquery)?, op, quantifier);
                Transformed::yes(Expr::SetComparison(of))
            }
            other => Transformed::no(other),
        })
    }

    /// One operator with the subqueries of its expressions joined to its input.
    fn joined(&self, plan: LogicalPlan) -> DfResult<LogicalPlan> {
        match plan {
            LogicalPlan::Filter(filter) => self.filter(filter),
            LogicalPlan::Projection(of) => {
                let mut rows = Arc::unwrap_or_clone(of.input);
                let mut outputs = Vec::with_capacity(of.expr.len());
                for (expr, (table, field)) in of.expr.into_iter().zip(of.schema.iter()) {
                    outputs.push(match has_subquery(&expr) {
                        true => self
                            .valued(&mut rows, expr)?
                            .unalias()
                            .alias_qualified(table.cloned(), field.name()),
                        false => expr,
                    });
                }
                projection(rows, outputs)
            }
            LogicalPlan::Aggregate(of) => {
                let mut rows = Arc::unwrap_or_clone(of.input);
                let mut valued = |exprs: Vec<Expr>| -> DfResult<Vec<Expr>> {
                    exprs.into_iter().map(|expr| self.named(&mut rows, expr)).collect()
                };
                let (group, aggregates) = (valued(of.group_expr)?, valued(of.aggr_expr)?);
                let of = Aggregate::try_new(Arc::new(rows), group, aggregates)?;
                Ok(LogicalPlan::Aggregate(of))
            }
            LogicalPlan::Sort(sort) => {
                let columns = sort.input.schema().columns().into_iter().map(Expr::Column);
                let columns = columns.collect();
                let mut rows = Arc::unwrap_or_clone(sort.input);
                let mut keys = Vec::with_capacity(sort.expr.len());
                for key in sort.expr {
                    let expr = self.valued(&mut rows, key.expr)?;
                    keys.push(datafusion_expr::SortExpr { expr, ..key });
                }
                let input = Arc::new(rows);
                projection(
                    LogicalPlan::Sort(Sort { expr: keys, input, fetch: sort.fetch }),
                    columns,
                )
            }
            LogicalPlan::Join(of) => self.join(of),
            other => Ok(other),
        }
    }

    /// An expression under the name that it had with its subqueries.
    fn named(&self, rows: &mut LogicalPlan, expr: Expr) -> DfResult<Expr> {
        if !has_subquery(&expr) {
            return Ok(expr);
        }
        let (table, name) = expr.qualified_name();
        Ok(self.valued(rows, expr)?.unalias().alias_qualified(table, name))
    }

    fn filter(&self, filter: Filter) -> DfResult<LogicalPlan> {
        let columns = filter.input.schema().columns();
        let conditions = split_conjunction_owned(filter.predicate);
        let (with, without): (Vec<Expr>, Vec<Expr>) =
            conditions.into_iter().partition(has_subquery);
        let mut rows = filtered(Arc::unwrap_or_clone(filter.input), without)?;
        let mut values = Vec::new();
        for condition in with {
            match condition_of(condition) {
                Condition::Exists { subquery, negated } => {
                    self.exists_among(&mut rows, &subquery, negated)?;
                }
                Condition::In { expr, subquery, negated } => {
                    let expr = self.valued(&mut rows, expr)?;
                    self.among(&mut rows, expr, &subquery, negated)?;
                }
                Condition::Rows { equal, negated: false, .. } => {
                    self.exists_among(&mut rows, &equal, false)?;
                }
                Condition::Rows { maybe, negated: true, .. } => {
                    self.exists_among(&mut rows, &maybe, true)?;
                }
                Condition::Value(value) => values.push(self.valued(&mut rows, value)?),
            }
        }
        let plan = filtered(rows, values)?;
        match plan.schema().fields().len() == columns.len() {
            true => Ok(plan),
            false => projection(plan, columns.into_iter().map(Expr::Column).collect()),
        }
    }

    /// Keeps the rows for which a subquery has rows, or has none.
    fn exists_among(
        &self,
        rows: &mut LogicalPlan,
        subquery: &Subquery,
        negated: bool,
    ) -> DfResult<()> {
        if self.always(&subquery.subquery)? {
            *rows = filtered(rows.clone(), vec![lit(!negated)])?;
            return Ok(());
        }
        let around = self.around(rows);
        let Unnested { plan, pending } = around.unnest(&subquery.subquery)?;
        self.semi(rows, plan, pending, vec![], negated)
    }

    /// Whether a subquery has a row for every row around, as a global aggregate has.
    pub(crate) fn always(&self, subquery: &LogicalPlan) -> DfResult<bool> {
        Ok(defaults(subquery)?.is_some())
    }

    /// Keeps the rows whose value is among those of a subquery, or is surely not.
    fn among(
        &self,
        rows: &mut LogicalPlan,
        expr: Expr,
        subquery: &Subquery,
        negated: bool,
    ) -> DfResult<()> {
        // What is compared is a column, so that no rule takes it for a constant.
        let compared = match negated && !matches!(expr, Expr::Column(_)) {
            true => self.computed(rows, expr)?,
            false => expr,
        };
        let around = self.around(rows);
        let value = Expr::Column(subquery.subquery.schema().columns()[0].clone());
        let Unnested { plan, pending } = around.unnest(&subquery.subquery)?;
        if !negated {
            let equal = around.far(compared)?.eq(value);
            return self.semi(rows, plan, [vec![equal], pending].concat(), vec![], false);
        }
        let keys: Option<Vec<(Expr, Expr)>> =
            pending.iter().map(|expr| around.equality(expr, plan.schema())).collect();
        match keys {
            Some(keys) => {
                let mut on = vec![(compared, value)];
                for (own, of_subquery) in keys {
                    on.push((around.near(own)?, of_subquery));
                }
                self.semi(rows, plan, vec![], on, true)
            }
            // A row that may be equal refutes, too.
            None => {
                let maybe = around.far(compared)?.eq(value).is_not_false();
                self.semi(rows, plan, [vec![maybe], pending].concat(), vec![], true)
            }
        }
    }

    /// A semi or an anti join; with `on`, one that knows that NULL may be equal to its first pair.
    fn semi(
        &self,
        rows: &mut LogicalPlan,
        plan: LogicalPlan,
        pending: Vec<Expr>,
        on: Vec<(Expr, Expr)>,
        negated: bool,
    ) -> DfResult<()> {
        let mut outputs = Vec::new();
        let around = self.around(rows);
        let (own, others): (Vec<Expr>, Vec<Expr>) = on.into_iter().unzip();
        let width = others.len();
        let all = around.carried([others, pending].concat(), &mut outputs)?;
        let (others, pending) = all.split_at(width);
        let others = others.to_vec();
        let right = match outputs.is_empty() {
            // All that is asked is whether there is a row.
            true => any_row(plan, &self.names)?,
            false => projection(plan, outputs)?,
        };
        let pending = pending.iter().cloned().map(|expr| around.near(expr));
        let pending = pending.collect::<DfResult<Vec<_>>>()?;
        let kind = if negated { JoinType::LeftAnti } else { JoinType::LeftSemi };
        *rows = if own.is_empty() {
            join(rows.clone(), right, pending, kind)?
        } else {
            LogicalPlan::Join(Join::try_new(
                Arc::new(rows.clone()),
                Arc::new(right),
                own.into_iter().zip(others).collect(),
                None,
                kind,
                datafusion_common::JoinConstraint::On,
                datafusion_common::NullEquality::NullEqualsNothing,
                true,
            )?)
        };
        Ok(())
    }

    /// A join with a subquery in its condition, or with a lateral one.
    fn join(&self, of: Join) -> DfResult<LogicalPlan> {
        let columns: Vec<Expr> = of.schema.columns().into_iter().map(Expr::Column).collect();
        let on = of.on.iter().map(|(l, r)| l.clone().eq(r.clone()));
        let conditions: Vec<Expr> = on
            .chain(of.filter.clone().map(split_conjunction_owned).into_iter().flatten())
            .collect();
        if is_lateral(&LogicalPlan::Join(of.clone())) {
            return self.lateral(of, conditions, columns);
        }
        if of.join_type == JoinType::Inner {
            let (with, without): (Vec<Expr>, Vec<Expr>) =
                conditions.into_iter().partition(has_subquery);
            let joined = join(
                Arc::unwrap_or_clone(of.left),
                Arc::unwrap_or_clone(of.right),
                without,
                JoinType::Inner,
            )?;
            return self.filter(Filter::try_new(and_all(with), Arc::new(joined))?);
        }
        let refused = || {
            let what = "a subquery that refers to both sides of an outer join, in its ON";
            external(SqlError::unsupported(what).about("ON"))
        };
        let mut left = Arc::unwrap_or_clone(of.left);
        let mut right = Arc::unwrap_or_clone(of.right);
        let mut all = Vec::with_capacity(conditions.len());
        for condition in conditions {
            let replaced = condition.transform_up(|expr| {
                let Some(subquery) = subquery_of(&expr) else {
                    return Ok(Transformed::no(expr));
                };
                let of_side = |side: &LogicalPlan, other: &LogicalPlan| {
                    let known = |column: &&Column| side.schema().has_column(column);
                    !self.around(other).is_referred_to_by(subquery)
                        && expr.column_refs().iter().all(known)
                };
                if of_side(&left, &right) {
                    return Ok(Transformed::yes(self.value(&mut left, expr)?));
                }
                match of_side(&right, &left) {
                    true => Ok(Transformed::yes(self.value(&mut right, expr)?)),
                    false => Err(refused()),
                }
            })?;
            all.push(replaced.data);
        }
        projection(join(left, right, all, of.join_type)?, columns)
    }

    fn lateral(
        &self,
        of: Join,
        conditions: Vec<Expr>,
        columns: Vec<Expr>,
    ) -> DfResult<LogicalPlan> {
        if !matches!(of.join_type, JoinType::Inner | JoinType::Left) {
            let what = format!("{} JOIN with LATERAL", of.join_type.to_string().to_uppercase());
            return Err(external(SqlError::unsupported(what).about("LATERAL")));
        }
        let around = self.around(&of.left);
        let always = |condition: &Expr| *condition == lit(true);
        let filled = of.join_type == JoinType::Left && conditions.iter().all(always);
        let defaults = if filled { defaults(&of.right)? } else { None };
        let Unnested { plan, pending } = around.unnest(&of.right)?;
        let mut outputs: Vec<Expr> =
            of.right.schema().columns().into_iter().map(Expr::Column).collect();
        let present = self.names.column("present");
        if defaults.is_some() {
            outputs.push(aliased(lit(true), &present));
        }
        let pending = around.carried(pending, &mut outputs)?;
        let right = projection(plan, outputs)?;
        let pending = pending.into_iter().map(|expr| around.near(expr));
        let all = conditions.into_iter().map(Ok).chain(pending).collect::<DfResult<Vec<_>>>()?;
        let joined = join(of.left.as_ref().clone(), right, all, of.join_type)?;
        let Some(defaults) = defaults else { return projection(joined, columns) };
        // A global aggregate without rows, where LEFT JOIN asks for one.
        let (present, own) = (Expr::Column(present), of.left.schema().fields().len());
        let mut outputs: Vec<Expr> = columns[..own].to_vec();
        for (column, default) in columns[own..].iter().zip(defaults) {
            let (table, name) = column.qualified_name();
            let value = or_default(&present, column.clone(), around.near(default)?)?;
            outputs.push(value.alias_qualified(table, name));
        }
        projection(joined, outputs)
    }

    /// An expression whose subqueries are columns, joined to the rows.
    fn valued(&self, rows: &mut LogicalPlan, expr: Expr) -> DfResult<Expr> {
        let valued = expr.transform_up(|expr| match is_subquery(&expr) {
            true => Ok(Transformed::yes(self.value(rows, expr)?)),
            false => Ok(Transformed::no(expr)),
        });
        Ok(valued?.data)
    }

    /// A value as a column of the rows.
    fn computed(&self, rows: &mut LogicalPlan, expr: Expr) -> DfResult<Expr> {
        let computed = self.names.column("x");
        let mut outputs: Vec<Expr> =
            rows.schema().columns().into_iter().map(Expr::Column).collect();
        outputs.push(aliased(expr, &computed));
        *rows = projection(rows.clone(), outputs)?;
        Ok(Expr::Column(computed))
    }
}

/// What a conjunct of WHERE with a subquery is.
enum Condition {
    Exists {
        subquery: Subquery,
        negated: bool,
    },
    In {
        expr: Expr,
        subquery: Subquery,
        negated: bool,
    },
    /// A row of several values among those of a subquery: one that is equal, and one that may be.
    Rows {
        equal: Subquery,
        maybe: Subquery,
        negated: bool,
    },
    Value(Expr),
}

fn condition_of(condition: Expr) -> Condition {
    match condition {
        Expr::Exists(Exists { subquery, negated }) => Condition::Exists { subquery, negated },
        Expr::InSubquery(InSubquery { expr, subquery, negated }) => {
            Condition::In { expr: *expr, subquery, negated }
        }
        Expr::SetComparison(SetComparison {
            expr,
            subquery,
            op: Operator::Eq,
            quantifier: SetQuantifier::Any,
        }) => Condition::In { expr: *expr, subquery, negated: false },
        Expr::SetComparison(SetComparison {
            expr,
            subquery,
            op: Operator::NotEq,
            quantifier: SetQuantifier::All,
        }) => Condition::In { expr: *expr, subquery, negated: true },
        Expr::Case(case) => match rows_among(&case) {
            Some([equal, maybe]) => Condition::Rows { equal, maybe, negated: false },
            None => Condition::Value(Expr::Case(case)),
        },
        Expr::Not(inner) => match condition_of(*inner) {
            Condition::Exists { subquery, negated } => {
                Condition::Exists { subquery, negated: !negated }
            }
            Condition::In { expr, subquery, negated } => {
                Condition::In { expr, subquery, negated: !negated }
            }
            Condition::Rows { equal, maybe, negated } => {
                Condition::Rows { equal, maybe, negated: !negated }
            }
            Condition::Value(value) => Condition::Value(!value),
        },
        other => Condition::Value(other),
    }
}

/// The two subqueries of `(a, b) IN (S)`.
fn rows_among(case: &Case) -> Option<[Subquery; 2]> {
    let exists = |expr: &Expr| match expr {
        Expr::Exists(Exists { subquery, negated: false }) => Some(subquery.clone()),
        _ => None,
    };
    let holds = |expr: &Expr, due: Option<bool>| match expr {
        Expr::Literal(ScalarValue::Boolean(given), _) => *given == due,
        _ => false,
    };
    let [(equal, first), (maybe, second)] = &case.when_then_expr[..] else { return None };
    let otherwise = case.else_expr.as_deref()?;
    let is = case.expr.is_none()
        && holds(first, Some(true))
        && holds(second, None)
        && holds(otherwise, Some(false));
    if is { Some([exists(equal)?, exists(maybe)?]) } else { None }
}

fn is_subquery(expr: &Expr) -> bool {
    subquery_of(expr).is_some()
}

fn has_subquery(expr: &Expr) -> bool {
    expr.exists(|expr| Ok(is_subquery(expr))).unwrap_or(false)
}

/// The plan of an expression that is a subquery.
fn subquery_of(expr: &Expr) -> Option<&LogicalPlan> {
    match expr {
        Expr::ScalarSubquery(of)
        | Expr::Exists(Exists { subquery: of, .. })
        | Expr::InSubquery(InSubquery { subquery: of, .. })
        | Expr::SetComparison(SetComparison { subquery: of, .. }) => Some(&of.subquery),
        _ => None,
    }
}

/// Whether a plan is a join with a subquery that may refer to what stands before it.
fn is_lateral(plan: &LogicalPlan) -> bool {
    let LogicalPlan::Join(join) = plan else { return false };
    fn below(plan: &LogicalPlan) -> bool {
        match plan {
            LogicalPlan::Subquery(_) => true,
            LogicalPlan::SubqueryAlias(alias) => below(&alias.input),
            LogicalPlan::Projection(projection) => below(&projection.input),
            _ => false,
        }
    }
    below(&join.right)
}

fn and_all(conditions: Vec<Expr>) -> Expr {
    datafusion_expr::utils::conjunction(conditions).unwrap_or_else(|| lit(true))
}

/// The truth value that is unknown.
pub(crate) fn null() -> Expr {
    Expr::Literal(ScalarValue::Boolean(None), None)
}

/// Global aggregates as groupings by a constant: a stream of no rows has no row of it, whether its values are
/// read or not.
fn group_globally(plan: LogicalPlan) -> DfResult<LogicalPlan> {
    let grouped = plan.transform_up(|plan| {
        let LogicalPlan::Aggregate(of) = &plan else { return Ok(Transformed::no(plan)) };
        if !of.group_expr.is_empty() {
            return Ok(Transformed::no(plan));
        }
        let columns = plan.schema().columns().into_iter().map(Expr::Column).collect();
        let key = lit(true).alias("$all");
        let of = Aggregate::try_new(Arc::clone(&of.input), vec![key], of.aggr_expr.clone())?;
        let of = Projection::try_new(columns, Arc::new(LogicalPlan::Aggregate(of)))?;
        Ok(Transformed::yes(LogicalPlan::Projection(of)))
    });
    Ok(grouped?.data)
}
