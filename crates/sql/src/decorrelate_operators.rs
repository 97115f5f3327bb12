//! What decorrelation does to each operator that is more than a condition or a projection.
//!
//! See [`crate::decorrelate`] for how conditions are handed up, and what a domain is.

use std::sync::Arc;

use arrow::datatypes::FieldRef;
use datafusion_common::tree_node::{Transformed, TreeNode};
use datafusion_common::{Column, DFSchema, JoinType, Result as DfResult};
use datafusion_expr::expr::{Sort as SortKey, WindowFunction};
use datafusion_expr::logical_plan::{
    Aggregate, Distinct, Extension, FetchType, Join, Limit, SkipType, Sort, Union, Values, Window,
};
use datafusion_expr::utils::split_conjunction_owned;
use datafusion_expr::{
    Expr, ExprSchemable, LogicalPlan, Operator, WindowFrame, WindowFunctionDefinition, lit,
};

use crate::context::external;
use crate::correlate::CorrelateNode;
use crate::decorrelate::{
    Around, Substitution, Unnested, aliased, column_of, comparison, equalities, filtered, join,
    named, or_default, projection, refused, rejoined, substituted, substituted_all,
};
use crate::diagnostics::SqlError;
use crate::translate_join::{is_distinct, set_operation};
use crate::window::WindowNode;

impl Around<'_> {
    pub(crate) fn join(&self, of: &Join) -> DfResult<Unnested> {
        if set_operation(of).is_some() {
            return self.set_operation(of);
        }
        let conditions = of.on.iter().map(|(l, r)| comparison(l.clone(), equal(of), r.clone()));
        let conditions =
            conditions.chain(of.filter.clone().map(split_conjunction_owned).into_iter().flatten());
        let (mine, free): (Vec<Expr>, Vec<Expr>) =
            conditions.clone().partition(|part| self.is_outer(part));
        match of.join_type {
            JoinType::Inner => {
                let left = self.unnest(&of.left)?;
                let right = self.unnest(&of.right)?;
                let plan = join(left.plan, right.plan, free, JoinType::Inner)?;
                let pending = left.pending.into_iter().chain(right.pending).chain(mine).collect();
                Ok(Unnested { plan, pending })
            }
            JoinType::Left | JoinType::LeftSemi | JoinType::LeftAnti | JoinType::Right => {
                let (kept, other) = match of.join_type {
                    JoinType::Right => (&of.right, &of.left),
                    _ => (&of.left, &of.right),
                };
                let below = self.unnest(kept)?;
                if mine.is_empty() && !self.is_referred_to_by(other) {
                    let (left, right) = match of.join_type {
                        JoinType::Right => (of.left.as_ref().clone(), below.plan),
                        _ => (below.plan, of.right.as_ref().clone()),
                    };
                    let plan = rejoined(of, left, right, of.on.clone())?;
                    return Ok(Unnested { plan, pending: below.pending });
                }
                let outer = self.outer_columns(&mine).into_iter().chain(self.columns_in(other));
                let (below, columns) = self.with_domain(below, outer.collect())?;
                let other = self.unnest(other)?;
                let mut conditions: Vec<Expr> = conditions.collect();
                if of.null_aware {
                    // The first pair is that of NOT IN: it is refuted by a row that may be equal, too.
                    conditions[0] = conditions[0].clone().is_not_false();
                }
                let conditions = conditions.into_iter().chain(other.pending).collect();
                let conditions = substituted_all(conditions, &columns)?;
                let plan = match of.join_type {
                    JoinType::Right => join(other.plan, below.plan, conditions, JoinType::Right)?,
                    kind => join(below.plan, other.plan, conditions, kind)?,
                };
                Ok(Unnested { plan, pending: below.pending })
            }
            JoinType::Full => self.full_join(of, conditions.collect()),
            kind => Err(refused(&format!("{kind} JOIN"))),
        }
    }

    /// Both sides over the domain, which is equal in rows that are joined.
    fn full_join(&self, of: &Join, conditions: Vec<Expr>) -> DfResult<Unnested> {
        let outer = self.columns_in(&LogicalPlan::Join(of.clone()));
        let (left, left_domain) = self.over_domain(&of.left, &outer)?;
        let (right, right_domain) = self.over_domain(&of.right, &outer)?;
        let columns: Substitution = (outer.iter().map(|(_, column)| column.clone()))
            .zip(left_domain.iter().cloned())
            .collect();
        let pairs = left_domain.iter().cloned().zip(right_domain.iter().cloned());
        let mut all = substituted_all(conditions, &columns)?;
        all.extend(pairs.clone().map(|(l, r)| comparison(l, Operator::IsNotDistinctFrom, r)));
        // What tells a row that is filled up from one whose domain is NULL.
        let present = self.names.column("present");
        let mut left_columns: Vec<Expr> =
            left.schema().columns().into_iter().map(Expr::Column).collect();
        left_columns.push(aliased(lit(true), &present));
        let left = projection(left, left_columns)?;
        let present = Expr::Column(present);
        let joined = join(left, right, all, JoinType::Full)?;
        let mut outputs: Vec<Expr> = of.schema.columns().into_iter().map(Expr::Column).collect();
        let mut domain = Vec::with_capacity(outer.len());
        for (l, r) in pairs {
            let column = self.names.column("d");
            outputs.push(aliased(or_default(&present, l, r)?, &column));
            domain.push(Expr::Column(column));
        }
        let columns: Substitution =
            outer.iter().map(|(_, column)| column.clone()).zip(domain).collect();
        Ok(Unnested { plan: projection(joined, outputs)?, pending: equalities(&outer, &columns) })
    }

    /// INTERSECT or EXCEPT: the domain is a part of the rows that are compared.
    fn set_operation(&self, of: &Join) -> DfResult<Unnested> {
        let outer = self.columns_in(&LogicalPlan::Join(of.clone()));
        let (left, left_domain) = self.over_domain(&of.left, &outer)?;
        let (right, right_domain) = self.over_domain(&of.right, &outer)?;
        // The rows of a DISTINCT stay distinct, and are known to be.
        let left = match is_distinct(&of.left) {
            true => LogicalPlan::Distinct(Distinct::All(Arc::new(left))),
            false => left,
        };
        let own = of.left.schema().columns().into_iter().zip(of.right.schema().columns());
        let own = own.map(|(l, r)| (Expr::Column(l), Expr::Column(r)));
        let on = own.chain(left_domain.iter().cloned().zip(right_domain)).collect();
        let plan = rejoined(of, left, right, on)?;
        let columns: Substitution =
            outer.iter().map(|(_, column)| column.clone()).zip(left_domain).collect();
        Ok(Unnested { plan, pending: equalities(&outer, &columns) })
    }

    pub(crate) fn aggregate(&self, of: &Aggregate) -> DfResult<Unnested> {
        let outer = self.outer_columns(of.group_expr.iter().chain(&of.aggr_expr));
        let below = self.unnest(&of.input)?;
        let (below, columns) = self.with_columns(below, outer)?;
        let (below, keys) = self.with_keys(below)?;
        let mut group = Vec::with_capacity(of.group_expr.len());
        let width = of.schema.fields().len() - of.aggr_expr.len();
        for (at, expr) in of.group_expr.iter().enumerate() {
            let expr = substituted(expr.clone(), &columns)?;
            let (table, field) = of.schema.qualified_field(at);
            group.push(match expr {
                sets @ Expr::GroupingSet(_) => sets,
                expr => named(expr, table, field.name()),
            });
        }
        let mut aggregates = Vec::with_capacity(of.aggr_expr.len());
        for (at, expr) in of.aggr_expr.iter().enumerate() {
            let (table, field) = of.schema.qualified_field(width + at);
            aggregates.push(named(substituted(expr.clone(), &columns)?, table, field.name()));
        }
        let columns = self.key_columns(keys, &mut group);
        let pending = self.renamed(&below, &columns);
        let grouped = Aggregate::try_new(Arc::new(below.plan), group, aggregates)?;
        Ok(Unnested { plan: LogicalPlan::Aggregate(grouped), pending })
    }

    /// The first rows for each row around: a rank by the keys.
    pub(crate) fn limit(&self, limit: &Limit) -> DfResult<Unnested> {
        let (SkipType::Literal(skip), FetchType::Literal(fetch)) =
            (limit.get_skip_type()?, limit.get_fetch_type()?)
        else {
            return Err(external(SqlError::new("LIMIT and OFFSET take a number").about("LIMIT")));
        };
        // What is ordered by but not selected is dropped above the order.
        let (sorted, selected) = match limit.input.as_ref() {
            LogicalPlan::Projection(of) if matches!(of.input.as_ref(), LogicalPlan::Sort(_)) => {
                (&of.input, Some(of))
            }
            _ => (&limit.input, None),
        };
        let (input, order) = match sorted.as_ref() {
            LogicalPlan::Sort(Sort { expr, input, .. }) => (input, expr.clone()),
            _ => (sorted, Vec::new()),
        };
        let outer = self.outer_columns(order.iter().map(|key| &key.expr));
        let below = self.unnest(input)?;
        let (below, columns) = self.with_columns(below, outer)?;
        let (below, keys) = self.with_keys(below)?;
        let mut order_by = Vec::with_capacity(order.len());
        for key in order {
            order_by.push(SortKey { expr: substituted(key.expr, &columns)?, ..key });
        }
        if order_by.is_empty() {
            // In no order the first ones are those that came first.
            order_by.push(SortKey::new(lit(0_i64), true, true));
        }
        let function = self.functions.aggregate("ROW_NUMBER");
        let function = function.ok_or_else(|| refused("LIMIT"))?;
        let mut call =
            WindowFunction::new(WindowFunctionDefinition::AggregateUDF(function), vec![]);
        call.params.partition_by = keys;
        call.params.window_frame = WindowFrame::new(Some(true));
        call.params.order_by = order_by;
        let number = Expr::from(call);
        let name = number.schema_name().to_string();
        let ranked = LogicalPlan::Window(Window::try_new(vec![number], Arc::new(below.plan))?);
        let number = Expr::Column(Column::new_unqualified(name));
        let mut kept = Vec::new();
        if skip > 0 {
            kept.push(number.clone().gt(lit(skip as i64)));
        }
        if let Some(fetch) = fetch {
            kept.push(number.lt_eq(lit(skip.saturating_add(fetch) as i64)));
        }
        let kept = Unnested { plan: filtered(ranked, kept)?, pending: below.pending };
        match selected {
            Some(of) => self.projected(kept, &of.expr, &of.schema),
            None => Ok(kept),
        }
    }

    /// OVER: the keys are part of every partition.
    pub(crate) fn window(&self, window: &Window) -> DfResult<Unnested> {
        let outer = self.outer_columns(&window.window_expr);
        let below = self.unnest(&window.input)?;
        let (below, columns) = self.with_columns(below, outer)?;
        let (below, keys) = self.with_keys(below)?;
        let mut calls = Vec::with_capacity(window.window_expr.len());
        for expr in &window.window_expr {
            let call = substituted(expr.clone(), &columns)?.transform(|expr| {
                Ok(match expr {
                    Expr::WindowFunction(mut call) => {
                        call.params.partition_by.extend(keys.iter().cloned());
                        Transformed::yes(Expr::WindowFunction(call))
                    }
                    other => Transformed::no(other),
                })
            });
            calls.push(call?.data);
        }
        let names: Vec<_> = calls.iter().map(Expr::qualified_name).collect();
        let schema = Arc::clone(below.plan.schema());
        let plan = LogicalPlan::Window(Window::try_new(calls, Arc::new(below.plan))?);
        let mut outputs: Vec<Expr> = schema.columns().into_iter().map(Expr::Column).collect();
        let own = window.schema.iter().skip(window.input.schema().fields().len());
        for (name, (table, field)) in names.into_iter().zip(own) {
            outputs.push(named(Expr::Column(column_of(name)), table, field.name()));
        }
        Ok(Unnested { plan: projection(plan, outputs)?, pending: below.pending })
    }

    pub(crate) fn union(&self, union: &Union) -> DfResult<Unnested> {
        let outer = self.columns_in(&LogicalPlan::Union(union.clone()));
        let inputs =
            union.inputs.iter().map(|input| Ok(Arc::new(self.over_domain(input, &outer)?.0)));
        let inputs = inputs.collect::<DfResult<Vec<_>>>()?;
        let plan = LogicalPlan::Union(Union::try_new_with_loose_types(inputs)?);
        self.over_named_domain(plan, &union.schema, &outer)
    }

    /// A plan whose first columns are those of `schema`, and the others those of a domain, by position.
    fn over_named_domain(
        &self,
        plan: LogicalPlan,
        schema: &DFSchema,
        outer: &[(FieldRef, Column)],
    ) -> DfResult<Unnested> {
        let given = plan.schema().columns();
        let mut outputs = Vec::with_capacity(given.len());
        for (column, (of_table, field)) in given.iter().zip(schema.iter()) {
            outputs.push(named(Expr::Column(column.clone()), of_table, field.name()));
        }
        let mut columns = Substitution::new();
        for (column, (_, around)) in given.into_iter().skip(schema.fields().len()).zip(outer) {
            let named = self.names.column("d");
            outputs.push(aliased(Expr::Column(column), &named));
            columns.push((around.clone(), Expr::Column(named)));
        }
        Ok(Unnested { plan: projection(plan, outputs)?, pending: equalities(outer, &columns) })
    }

    /// VALUES of what is around: its rows one by one over the domain.
    pub(crate) fn values(&self, values: &Values) -> DfResult<Unnested> {
        let outer = self.outer_columns(values.values.iter().flatten());
        let (domain, columns) = self.domain(&outer)?;
        let mut inputs = Vec::with_capacity(values.values.len());
        for row in &values.values {
            let mut outputs = Vec::with_capacity(row.len() + outer.len());
            for (value, (table, field)) in row.iter().zip(values.schema.iter()) {
                let value = substituted(value.clone(), &columns)?;
                let value = value.cast_to(field.data_type(), domain.schema())?;
                outputs.push(named(value, table, field.name()));
            }
            outputs.extend(columns.iter().map(|(_, column)| column.clone()));
            inputs.push(Arc::new(projection(domain.clone(), outputs)?));
        }
        let plan = match &inputs[..] {
            [only] => only.as_ref().clone(),
            _ => LogicalPlan::Union(Union::try_new_with_loose_types(inputs)?),
        };
        self.over_named_domain(plan, &values.schema, &outer)
    }

    pub(crate) fn extension(&self, extension: &Extension) -> DfResult<Unnested> {
        let node = extension.node.as_any();
        let calls = node.is::<CorrelateNode>();
        let windows = node.downcast_ref::<WindowNode>().is_some_and(|node| node.kind.is_aligned());
        let [input] = &extension.node.inputs()[..] else {
            return Err(refused(extension.node.name()));
        };
        if !calls && !windows {
            return Err(refused(extension.node.name()));
        }
        let below = self.unnest(input)?;
        let exprs = extension.node.expressions();
        let outer = self.outer_columns(&exprs);
        let (below, columns) = self.with_columns(below, outer)?;
        let exprs = substituted_all(exprs, &columns)?;
        let node = extension.node.with_exprs_and_inputs(exprs, vec![below.plan])?;
        Ok(Unnested { plan: LogicalPlan::Extension(Extension { node }), pending: below.pending })
    }
}

/// How the keys of a join are compared.
fn equal(join: &Join) -> Operator {
    match join.null_equality {
        datafusion_common::NullEquality::NullEqualsNull => Operator::IsNotDistinctFrom,
        datafusion_common::NullEquality::NullEqualsNothing => Operator::Eq,
    }
}
