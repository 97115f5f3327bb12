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
use datafusion_common::{Column, DFSchema, JoinType, Result as DfResult, ScalarValue, Spans};
use datafusion_expr::expr::{Case, Exists, InList, InSubquery, SetComparison, SetQuantifier};
use datafusion_expr::expr_rewriter::NamePreserver;
use datafusion_expr::logical_plan::{
    Aggregate, EmptyRelation, Filter, Join, Projection, Sort, Subquery,
};
use datafusion_expr::utils::{merge_schema, split_conjunction_owned};
use datafusion_expr::{Expr, LogicalPlan, Operator, lit, when};
use millstream_expr::Registry;
use millstream_expr::aggregates::SINGLE_VALUE;

use crate::context::external;
use crate::decorrelate::{
    Around, Names, Unnested, aliased, any_row, as_outer, defaults, filtered, join, or_default,
    projection,
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

struct Subqueries<'a> {
    names: Names,
    functions: &'a Registry,
}

impl Subqueries<'_> {
    fn around<'r>(&'r self, rows: &'r LogicalPlan) -> Around<'r> {
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
        if let Some(always) = self.always(&subquery.subquery)? {
            *rows = filtered(rows.clone(), vec![lit(always != negated)])?;
            return Ok(());
        }
        let around = self.around(rows);
        let Unnested { plan, pending } = around.unnest(&subquery.subquery, false)?;
        self.semi(rows, plan, pending, vec![], negated)
    }

    /// Whether a subquery has a row for every row around, as a global aggregate has.
    fn always(&self, subquery: &LogicalPlan) -> DfResult<Option<bool>> {
        Ok(defaults(subquery)?.map(|_| true))
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
        let Unnested { plan, pending } = around.unnest(&subquery.subquery, false)?;
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
                if !is_subquery(&expr) {
                    return Ok(Transformed::no(expr));
                }
                let of_side = |side: &LogicalPlan, other: &LogicalPlan| {
                    let known = |column: &&Column| side.schema().has_column(column);
                    !self.around(other).is_referred_to_by(subquery_of(&expr))
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
        let Unnested { plan, pending } = around.unnest(&of.right, false)?;
        let mut outputs: Vec<Expr> =
            of.right.schema().columns().into_iter().map(Expr::Column).collect();
        let pending = around.carried(pending, &mut outputs)?;
        let right = projection(plan, outputs)?;
        let pending = pending.into_iter().map(|expr| around.near(expr));
        let all = conditions.into_iter().map(Ok).chain(pending).collect::<DfResult<Vec<_>>>()?;
        projection(join(of.left.as_ref().clone(), right, all, of.join_type)?, columns)
    }

    /// An expression whose subqueries are columns, joined to the rows.
    fn valued(&self, rows: &mut LogicalPlan, expr: Expr) -> DfResult<Expr> {
        let valued = expr.transform_up(|expr| match is_subquery(&expr) {
            true => Ok(Transformed::yes(self.value(rows, expr)?)),
            false => Ok(Transformed::no(expr)),
        });
        Ok(valued?.data)
    }

    fn value(&self, rows: &mut LogicalPlan, expr: Expr) -> DfResult<Expr> {
        let negate = |value: Expr, negated: bool| if negated { !value } else { value };
        match expr {
            Expr::ScalarSubquery(subquery) => self.scalar(rows, &subquery),
            Expr::Exists(Exists { subquery, negated }) => {
                let exists = match self.always(&subquery.subquery)? {
                    Some(always) => lit(always),
                    None => self.exists(rows, &subquery.subquery)?,
                };
                Ok(negate(exists, negated))
            }
            Expr::InSubquery(InSubquery { expr, subquery, negated }) => {
                Ok(negate(self.is_among(rows, *expr, &subquery.subquery)?, negated))
            }
            Expr::SetComparison(SetComparison { expr, subquery, op, quantifier }) => {
                match (op, &quantifier) {
                    (Operator::Eq, SetQuantifier::Any) => {
                        self.is_among(rows, *expr, &subquery.subquery)
                    }
                    (Operator::NotEq, SetQuantifier::All) => {
                        Ok(!self.is_among(rows, *expr, &subquery.subquery)?)
                    }
                    _ => self.ordered(rows, *expr, &subquery.subquery, op, &quantifier),
                }
            }
            other => Ok(other),
        }
    }

    /// The value of a subquery's only row.
    fn scalar(&self, rows: &mut LogicalPlan, subquery: &Subquery) -> DfResult<Expr> {
        let plan = &subquery.subquery;
        let default = defaults(plan)?;
        let one_row =
            default.is_some() || plan.max_rows().is_some_and(|rows| rows <= 1) || is_one_row(plan);
        let plan = match one_row {
            true => plan.as_ref().clone(),
            false => {
                let value = Expr::Column(plan.schema().columns()[0].clone());
                let function = self.functions.aggregate(SINGLE_VALUE);
                let function =
                    function.ok_or_else(|| external(SqlError::unsupported(SINGLE_VALUE)))?;
                let single = vec![function.call(vec![value])];
                LogicalPlan::Aggregate(Aggregate::try_new(Arc::clone(plan), vec![], single)?)
            }
        };
        let values = self.attached(rows, &plan)?;
        values
            .into_iter()
            .next()
            .ok_or_else(|| external(SqlError::unsupported("a subquery of no columns")))
    }

    /// The columns of a subquery of one row at most, beside the rows that it is of.
    fn attached(&self, rows: &mut LogicalPlan, subquery: &LogicalPlan) -> DfResult<Vec<Expr>> {
        let around = self.around(rows);
        // Flink's global aggregate of no rows has a row only where it is computed for each row around.
        let correlated = around.is_referred_to_by(subquery);
        let defaults = defaults(subquery)?.filter(|_| correlated);
        let replaces =
            |default: &Expr| !matches!(default, Expr::Literal(value, _) if value.is_null());
        let replaces = defaults.iter().flatten().any(replaces);
        let Unnested { plan, pending } = around.unnest(subquery, true)?;
        let columns = subquery.schema().columns();
        let values: Vec<Column> = columns.iter().map(|_| self.names.column("v")).collect();
        let outputs = columns.into_iter().zip(&values);
        let mut outputs: Vec<Expr> =
            outputs.map(|(column, value)| aliased(Expr::Column(column), value)).collect();
        let values: Vec<Expr> = values.into_iter().map(Expr::Column).collect();
        let present = self.names.column("present");
        if replaces {
            outputs.push(aliased(lit(true), &present));
        }
        let pending = around.carried(pending, &mut outputs)?;
        let right = projection(plan, outputs)?;
        let pending =
            pending.into_iter().map(|expr| around.near(expr)).collect::<DfResult<Vec<_>>>()?;
        let present = Expr::Column(present);
        let values = match defaults.filter(|_| replaces) {
            Some(defaults) => (values.into_iter().zip(defaults))
                .map(|(value, default)| or_default(&present, value, around.near(default)?))
                .collect::<DfResult<_>>()?,
            None => values,
        };
        *rows = join(rows.clone(), right, pending, JoinType::Left)?;
        Ok(values)
    }

    /// Whether a subquery has rows.
    fn exists(&self, rows: &mut LogicalPlan, subquery: &LogicalPlan) -> DfResult<Expr> {
        let around = self.around(rows);
        let unnested = around.unnest(subquery, false)?;
        let Unnested { plan, pending } = around.distinct_keys(unnested)?;
        let present = self.names.column("present");
        let mut outputs = vec![aliased(lit(true), &present)];
        let pending = around.carried(pending, &mut outputs)?;
        let right = projection(plan, outputs)?;
        let pending =
            pending.into_iter().map(|expr| around.near(expr)).collect::<DfResult<Vec<_>>>()?;
        *rows = join(rows.clone(), right, pending, JoinType::Left)?;
        Ok(Expr::Column(present).is_not_null())
    }

    /// `x IN (S)` as a value: TRUE, FALSE or NULL.
    fn is_among(
        &self,
        rows: &mut LogicalPlan,
        value: Expr,
        subquery: &LogicalPlan,
    ) -> DfResult<Expr> {
        let column = Expr::Column(subquery.schema().columns()[0].clone());
        let equal = self.around(rows).far(value.clone())?.eq(column.clone());
        let counts = vec![self.count(lit(1_i64))?, self.count(column)?];
        let equal = self.exists(rows, &filtered(subquery.clone(), vec![equal])?)?;
        let counts = Aggregate::try_new(Arc::new(subquery.clone()), vec![], counts)?;
        let counts = self.attached(rows, &LogicalPlan::Aggregate(counts))?;
        let [all, known] = &counts[..] else { return Err(external(SqlError::unsupported("IN"))) };
        let none = all.clone().is_null().or(all.clone().eq(lit(0_i64)));
        let unknown = value.is_null().or(all.clone().gt(known.clone()));
        when(equal, lit(true)).when(none, lit(false)).when(unknown, null()).otherwise(lit(false))
    }

    /// A comparison with any row or with all, as one with the least and the greatest of them.
    fn ordered(
        &self,
        rows: &mut LogicalPlan,
        value: Expr,
        subquery: &LogicalPlan,
        op: Operator,
        quantifier: &SetQuantifier,
    ) -> DfResult<Expr> {
        let column = Expr::Column(subquery.schema().columns()[0].clone());
        let extreme = |name: &str| -> DfResult<Expr> {
            let function = self.functions.aggregate(name);
            let function = function.ok_or_else(|| external(SqlError::unsupported(name)))?;
            Ok(function.call(vec![column.clone()]))
        };
        let columns = vec![
            self.count(lit(1_i64))?,
            self.count(column.clone())?,
            extreme("MIN")?,
            extreme("MAX")?,
        ];
        let counts = Aggregate::try_new(Arc::new(subquery.clone()), vec![], columns)?;
        let counts = self.attached(rows, &LogicalPlan::Aggregate(counts))?;
        let [all, known, least, greatest] = &counts[..] else {
            return Err(external(SqlError::unsupported("ANY")));
        };
        let compared = |with: &Expr| {
            Expr::BinaryExpr(datafusion_expr::BinaryExpr {
                left: Box::new(value.clone()),
                op,
                right: Box::new(with.clone()),
            })
        };
        let is_all = matches!(quantifier, SetQuantifier::All);
        let holds = match (op, is_all) {
            (Operator::Gt | Operator::GtEq, true) | (Operator::Lt | Operator::LtEq, false) => {
                compared(greatest)
            }
            (Operator::Lt | Operator::LtEq, true) | (Operator::Gt | Operator::GtEq, false) => {
                compared(least)
            }
            (Operator::Eq, true) => compared(least).and(compared(greatest)),
            (Operator::NotEq, false) => compared(least).or(compared(greatest)),
            _ => {
                let word = if is_all { "ALL" } else { "ANY" };
                return Err(external(SqlError::unsupported(format!("{op} {word}")).about(word)));
            }
        };
        // One row is enough to refute ALL, and to fulfil ANY.
        let decided = if is_all { !holds } else { holds };
        let none = all.clone().is_null().or(all.clone().eq(lit(0_i64)));
        let unknown = all.clone().gt(known.clone());
        when(none, lit(is_all))
            .when(value.is_null(), null())
            .when(decided, lit(!is_all))
            .when(unknown, null())
            .otherwise(lit(is_all))
    }

    fn count(&self, of: Expr) -> DfResult<Expr> {
        let function = self.functions.aggregate("COUNT");
        let function = function.ok_or_else(|| external(SqlError::unsupported("COUNT")))?;
        Ok(function.call(vec![of]))
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

/// Comparisons of rows, `(a, b) IN (S)`, as what they mean: whether a row is there that is equal, and whether one
/// is that may be. A list of IN with columns is a chain of OR: the library's rules take lists for constants. Keys
/// of a grouping that stand twice stand once.
///
/// # Errors
/// When a plan cannot be rebuilt.
pub fn compare_rows(plan: LogicalPlan) -> DfResult<LogicalPlan> {
    let compared = plan.transform_up_with_subqueries(|plan| {
        let plan = match plan {
            LogicalPlan::Aggregate(of) => LogicalPlan::Aggregate(distinct_keys(of)?),
            other => other,
        };
        let compares = |expr: &Expr| {
            let of = |expr: &Expr| Ok(matches!(expr, Expr::InSubquery(_) | Expr::InList(_)));
            expr.exists(of).unwrap_or(false)
        };
        if !plan.expressions().iter().any(compares) {
            return Ok(Transformed::no(plan));
        }
        let schema = merge_schema(&plan.inputs());
        let names = NamePreserver::new(&plan);
        let plan = plan.map_expressions(|expr| {
            let name = names.save(&expr);
            let expr = expr.transform_up(|expr| {
                row_among(expr, &schema)?.transform_data(|expr| Ok(among_columns(expr)))
            })?;
            Ok(expr.update_data(|expr| name.restore(expr)))
        })?;
        Ok(Transformed::yes(plan.data))
    });
    Ok(compared?.data)
}

fn distinct_keys(of: Aggregate) -> DfResult<Aggregate> {
    let mut keys: Vec<Expr> = Vec::with_capacity(of.group_expr.len());
    for key in &of.group_expr {
        if !keys.contains(key) {
            keys.push(key.clone());
        }
    }
    match keys.len() == of.group_expr.len() {
        true => Ok(of),
        false => Aggregate::try_new(of.input, keys, of.aggr_expr),
    }
}

fn among_columns(expr: Expr) -> Transformed<Expr> {
    let Expr::InList(InList { expr: value, list, negated }) = &expr else {
        return Transformed::no(expr);
    };
    if !list.iter().any(|item| item.any_column_refs() || item.contains_outer()) {
        return Transformed::no(expr);
    }
    let equal = list.iter().map(|item| value.as_ref().clone().eq(item.clone()));
    let among = equal.reduce(Expr::or).unwrap_or_else(|| lit(false));
    Transformed::yes(if *negated { !among } else { among })
}

fn row_among(expr: Expr, schema: &DFSchema) -> DfResult<Transformed<Expr>> {
    let Expr::InSubquery(InSubquery { expr: row, subquery, negated }) = &expr else {
        return Ok(Transformed::no(expr));
    };
    let values = |expr: &Expr| match expr.clone().unalias() {
        Expr::ScalarFunction(row) if row.name() == "ROW" => Some(row.args),
        _ => None,
    };
    let LogicalPlan::Projection(rows) = subquery.subquery.as_ref() else {
        return Ok(Transformed::no(expr));
    };
    let (Some(own), Some(theirs)) = (values(row), rows.expr.first().and_then(values)) else {
        return Ok(Transformed::no(expr));
    };
    let pairs = own.into_iter().zip(theirs);
    let pairs = pairs.map(|(own, theirs)| Ok(theirs.eq(as_outer(own, schema)?)));
    let equal = and_all(pairs.collect::<DfResult<_>>()?);
    let exists = |condition: Expr| -> DfResult<Expr> {
        let plan = Filter::try_new(condition, Arc::clone(&rows.input))?;
        let subquery = Arc::new(LogicalPlan::Filter(plan));
        let outer_ref_columns = subquery.all_out_ref_exprs();
        let subquery = Subquery { subquery, outer_ref_columns, spans: Spans::new() };
        Ok(Expr::Exists(Exists { subquery, negated: false }))
    };
    let among = when(exists(equal.clone())?, lit(true))
        .when(exists(equal.is_not_false())?, null())
        .otherwise(lit(false))?;
    Ok(Transformed::yes(if *negated { !among } else { among }))
}

/// The two subqueries of `(a, b) IN (S)`.
fn rows_among(case: &Case) -> Option<[Subquery; 2]> {
    let exists = |expr: &Expr| match expr {
        Expr::Exists(Exists { subquery, negated: false }) => Some(subquery.clone()),
        _ => None,
    };
    let holds = |expr: &Expr, due: Option<bool>| matches!(expr, Expr::Literal(ScalarValue::Boolean(given), _) if *given == due);
    let [(equal, first), (maybe, second)] = &case.when_then_expr[..] else { return None };
    let otherwise = case.else_expr.as_deref()?;
    let is = case.expr.is_none()
        && holds(first, Some(true))
        && holds(second, None)
        && holds(otherwise, Some(false));
    if is { Some([exists(equal)?, exists(maybe)?]) } else { None }
}

fn is_subquery(expr: &Expr) -> bool {
    matches!(
        expr,
        Expr::ScalarSubquery(_) | Expr::Exists(_) | Expr::InSubquery(_) | Expr::SetComparison(_)
    )
}

fn has_subquery(expr: &Expr) -> bool {
    expr.exists(|expr| Ok(is_subquery(expr))).unwrap_or(false)
}

/// The plan of an expression that is a subquery.
fn subquery_of(expr: &Expr) -> &LogicalPlan {
    static NOTHING: std::sync::LazyLock<LogicalPlan> =
        std::sync::LazyLock::new(crate::decorrelate::unit);
    match expr {
        Expr::ScalarSubquery(of)
        | Expr::Exists(Exists { subquery: of, .. })
        | Expr::InSubquery(InSubquery { subquery: of, .. })
        | Expr::SetComparison(SetComparison { subquery: of, .. }) => &of.subquery,
        _ => &NOTHING,
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

fn null() -> Expr {
    Expr::Literal(ScalarValue::Boolean(None), None)
}

/// Whether a plan is a global aggregate, with what is computed from its row.
fn is_one_row(plan: &LogicalPlan) -> bool {
    match plan {
        LogicalPlan::Aggregate(aggregate) => aggregate.group_expr.is_empty(),
        LogicalPlan::Projection(projection) => is_one_row(&projection.input),
        LogicalPlan::SubqueryAlias(alias) => is_one_row(&alias.input),
        LogicalPlan::Filter(filter) => is_one_row(&filter.input),
        LogicalPlan::EmptyRelation(EmptyRelation { .. }) => true,
        _ => false,
    }
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
