//! Subqueries that are values: each is a column of a LEFT JOIN, or computed from such columns.

use std::sync::Arc;

use datafusion_common::{Column, JoinType, Result as DfResult};
use datafusion_expr::expr::{Exists, InSubquery, SetComparison, SetQuantifier};
use datafusion_expr::logical_plan::{Aggregate, EmptyRelation, Subquery};
use datafusion_expr::{Expr, LogicalPlan, Operator, lit, when};
use millstream_expr::aggregates::SINGLE_VALUE;

use crate::context::external;
use crate::decorrelate::{
    Unnested, aliased, defaults, filtered, is_correlated, join, or_default, projection,
};
use crate::diagnostics::SqlError;
use crate::subqueries::{Subqueries, null};

impl Subqueries<'_> {
    /// What a subquery gives for each row, beside the rows.
    pub(crate) fn value(&self, rows: &mut LogicalPlan, expr: Expr) -> DfResult<Expr> {
        let negate = |value: Expr, negated: bool| if negated { !value } else { value };
        match expr {
            Expr::ScalarSubquery(subquery) => self.scalar(rows, &subquery),
            Expr::Exists(Exists { subquery, negated }) => {
                let exists = match self.always(&subquery.subquery)? {
                    true => lit(true),
                    false => self.exists(rows, &subquery.subquery)?,
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
        let defaults = defaults(subquery)?.filter(|_| is_correlated(subquery));
        let replaces =
            |default: &Expr| !matches!(default, Expr::Literal(value, _) if value.is_null());
        let replaces = defaults.iter().flatten().any(replaces);
        let Unnested { plan, pending } = around.unnest(subquery)?;
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
        let unnested = around.unnest(subquery)?;
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
