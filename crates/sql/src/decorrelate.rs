//! Decorrelation: a subquery that refers to columns of the rows around it, as one relation of all its
//! answers and a condition on which of them belong to which of those rows.
//!
//! [`Around::unnest`] walks down the subquery and back. What compares its rows with those around it is not
//! evaluated where it stands but handed up, as `pending`, to the join that puts both together:
//!
//! ```text
//! SELECT MAX(v) FROM b WHERE b.k = a.k AND b.v > 3
//! ⇒ plan: SELECT MAX(v), k FROM b WHERE b.v > 3 GROUP BY k     pending: k = a.k
//! ```
//!
//! Where a condition cannot be handed up, because an operator above it depends on which rows there are, the
//! subquery is joined with its *domain* first: the distinct values of the columns around it that it refers
//! to (Neumann and Kemper, "Unnesting Arbitrary Queries", BTW 2015). What is pending then are equalities with
//! the domain's columns, and those pass every operator as a further key of it.
//!
//! A global aggregate of no rows has no row in a stream, as in Flink. Where it is asked for a value,
//! NULL or 0 takes its place ([`defaults`]).

use std::cell::Cell;
use std::sync::Arc;

use arrow::datatypes::FieldRef;
use datafusion_common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion_common::{
    Column, DFSchema, JoinType, Result as DfResult, ScalarValue, TableReference,
};
use datafusion_expr::logical_plan::{Aggregate, Distinct, Filter, Join, Projection};
use datafusion_expr::utils::{conjunction, split_conjunction_owned};
use datafusion_expr::{BinaryExpr, Expr, ExprSchemable, LogicalPlan, Operator, lit};
use millstream_expr::Registry;

use crate::context::external;
use crate::diagnostics::SqlError;

/// Names that nothing else has, for the columns that decorrelation makes.
pub(crate) struct Names {
    next: Cell<usize>,
}

/// The qualifier of those names.
const TABLE: &str = "$subquery";

impl Names {
    pub fn new() -> Self {
        Self { next: Cell::new(0) }
    }

    /// A column that nobody else has; `kind` says what it holds.
    pub fn column(&self, kind: &str) -> Column {
        let number = self.next.replace(self.next.get() + 1);
        Column::new(Some(TABLE), format!("${kind}{number}"))
    }

    /// Whether a relation is that of a decorrelated subquery, all of whose columns were named here.
    pub fn are_of(schema: &DFSchema) -> bool {
        schema.iter().all(|(table, _)| table.is_some_and(|table| table.table() == TABLE))
    }
}

/// A subquery's rows for all rows around it at once.
#[derive(Debug, Clone)]
pub(crate) struct Unnested {
    /// At least the columns of the subquery, under their names, and those that `pending` compares.
    pub plan: LogicalPlan,
    /// What holds of a row and the row around it that it belongs to.
    pub pending: Vec<Expr>,
}

/// The rows around a subquery.
pub(crate) struct Around<'a> {
    pub rows: &'a LogicalPlan,
    pub names: &'a Names,
    pub functions: &'a Registry,
}

/// The columns of a domain in the place of the columns around that they hold.
pub(crate) type Substitution = Vec<(Column, Expr)>;

impl Around<'_> {
    /// Whether a column around is one of these rows: a subquery may refer to rows further out, too.
    fn has(&self, column: &Column) -> bool {
        self.rows
            .schema()
            .iter()
            .any(|(table, field)| table == column.relation.as_ref() && *field.name() == column.name)
    }

    pub(crate) fn outer_columns<'e>(
        &self,
        exprs: impl IntoIterator<Item = &'e Expr>,
    ) -> Vec<(FieldRef, Column)> {
        let mut found: Vec<(FieldRef, Column)> = Vec::new();
        for expr in exprs {
            // The closure never fails.
            let _ = expr.apply(|expr| {
                if let Expr::OuterReferenceColumn(field, column) = expr
                    && self.has(column)
                    && !found.iter().any(|(_, known)| known == column)
                {
                    found.push((Arc::clone(field), column.clone()));
                }
                Ok(TreeNodeRecursion::Continue)
            });
        }
        found
    }

    pub(crate) fn is_outer(&self, expr: &Expr) -> bool {
        !self.outer_columns([expr]).is_empty()
    }

    /// Whether a plan refers to these rows; its own subqueries are joins already.
    pub fn is_referred_to_by(&self, plan: &LogicalPlan) -> bool {
        plan.exists(|node| Ok(node.expressions().iter().any(|expr| self.is_outer(expr))))
            .unwrap_or(false)
    }

    pub(crate) fn columns_in(&self, plan: &LogicalPlan) -> Vec<(FieldRef, Column)> {
        let mut exprs = Vec::new();
        // The closure never fails.
        let _ = plan.apply(|node| {
            exprs.extend(node.expressions());
            Ok(TreeNodeRecursion::Continue)
        });
        self.outer_columns(&exprs)
    }

    /// An expression over both, with plain columns for those of the rows around.
    pub fn near(&self, expr: Expr) -> DfResult<Expr> {
        let near = expr.transform(|expr| {
            Ok(match expr {
                Expr::OuterReferenceColumn(_, column) if self.has(&column) => {
                    Transformed::yes(Expr::Column(column))
                }
                other => Transformed::no(other),
            })
        });
        Ok(near?.data)
    }

    /// An expression over the rows around, as a subquery refers to it.
    pub fn far(&self, expr: Expr) -> DfResult<Expr> {
        as_outer(expr, self.rows.schema())
    }

    /// Takes a subquery out of the rows around it.
    ///
    /// # Errors
    /// When an operator cannot be evaluated for many rows at once.
    pub fn unnest(&self, plan: &LogicalPlan) -> DfResult<Unnested> {
        if !self.is_referred_to_by(plan) {
            return Ok(Unnested { plan: plan.clone(), pending: Vec::new() });
        }
        match plan {
            LogicalPlan::Filter(filter) => {
                let mut below = self.unnest(&filter.input)?;
                let (mine, free) = self.conjuncts(filter.predicate.clone());
                below.plan = filtered(below.plan, free)?;
                below.pending.extend(mine);
                Ok(below)
            }
            LogicalPlan::Projection(projection) => {
                let below = self.unnest(&projection.input)?;
                self.projected(below, &projection.expr, &projection.schema)
            }
            LogicalPlan::SubqueryAlias(alias) => {
                let below = self.unnest(&alias.input)?;
                let columns = alias.input.schema().columns().into_iter().map(Expr::Column);
                self.projected(below, &columns.collect::<Vec<_>>(), &alias.schema)
            }
            LogicalPlan::Subquery(lateral) => self.unnest(&lateral.subquery),
            LogicalPlan::Join(join) => self.join(join),
            LogicalPlan::Aggregate(aggregate) => self.aggregate(aggregate),
            LogicalPlan::Distinct(Distinct::All(input)) => {
                let below = self.keyed(self.unnest(input)?, input.schema())?;
                let plan = LogicalPlan::Distinct(Distinct::All(Arc::new(below.plan)));
                Ok(Unnested { plan, ..below })
            }
            // Without LIMIT the order of a subquery's rows says nothing.
            LogicalPlan::Sort(sort) if sort.fetch.is_none() => self.unnest(&sort.input),
            LogicalPlan::Limit(limit) => self.limit(limit),
            LogicalPlan::Window(window) => self.window(window),
            LogicalPlan::Union(union) => self.union(union),
            LogicalPlan::Values(values) => self.values(values),
            LogicalPlan::Extension(extension) => self.extension(extension),
            other => Err(refused(&other.display().to_string())),
        }
    }

    /// The conjuncts of a condition that are about the rows around, and the others.
    fn conjuncts(&self, condition: Expr) -> (Vec<Expr>, Vec<Expr>) {
        split_conjunction_owned(condition).into_iter().partition(|part| self.is_outer(part))
    }

    /// The distinct values of columns around, as columns with names of their own.
    pub(crate) fn domain(
        &self,
        outer: &[(FieldRef, Column)],
    ) -> DfResult<(LogicalPlan, Substitution)> {
        let keys: Vec<Expr> =
            outer.iter().map(|(_, column)| Expr::Column(column.clone())).collect();
        let rows = Aggregate::try_new(Arc::new(self.rows.clone()), keys.clone(), Vec::new())?;
        let named = keys.into_iter().map(|key| aliased(key, &self.names.column("d"))).collect();
        let plan = projection(LogicalPlan::Aggregate(rows), named)?;
        let columns = plan.schema().columns().into_iter().map(Expr::Column);
        let columns = outer.iter().map(|(_, column)| column.clone()).zip(columns).collect();
        Ok((plan, columns))
    }

    /// Evaluates what is pending by a join with the domain, which has `wanted` columns besides.
    pub(crate) fn with_domain(
        &self,
        below: Unnested,
        wanted: Vec<(FieldRef, Column)>,
    ) -> DfResult<(Unnested, Substitution)> {
        let mut outer = self.outer_columns(&below.pending);
        let known = outer.clone();
        outer.extend(wanted.into_iter().filter(|column| !known.contains(column)));
        let (domain, columns) = self.domain(&outer)?;
        let condition = substituted_all(below.pending, &columns)?;
        let plan = join(domain, below.plan, condition, JoinType::Inner)?;
        Ok((Unnested { plan, pending: equalities(&outer, &columns) }, columns))
    }

    /// With what an operator asks of the rows around beside its input.
    pub(crate) fn with_columns(
        &self,
        below: Unnested,
        outer: Vec<(FieldRef, Column)>,
    ) -> DfResult<(Unnested, Substitution)> {
        match outer.is_empty() {
            true => Ok((below, Vec::new())),
            false => self.with_domain(below, outer),
        }
    }

    /// A projection that carries what is pending, too.
    pub(crate) fn projected(
        &self,
        below: Unnested,
        exprs: &[Expr],
        names: &DFSchema,
    ) -> DfResult<Unnested> {
        let outer = self.outer_columns(exprs);
        let (mut below, columns) = self.with_columns(below, outer)?;
        let mut outputs = Vec::with_capacity(exprs.len());
        for (expr, (table, field)) in exprs.iter().zip(names.iter()) {
            outputs.push(named(substituted(expr.clone(), &columns)?, table, field.name()));
        }
        below.pending = self.carried(below.pending, &mut outputs)?;
        Ok(Unnested { plan: projection(below.plan, outputs)?, ..below })
    }

    /// What is pending, over `outputs`, to which the columns that it compares are added.
    pub fn carried(&self, pending: Vec<Expr>, outputs: &mut Vec<Expr>) -> DfResult<Vec<Expr>> {
        let over = |expr: Expr, outputs: &mut Vec<Expr>| {
            expr.transform(|expr| {
                if !matches!(expr, Expr::Column(_)) {
                    return Ok(Transformed::no(expr));
                }
                let known = outputs.iter().find(|output| (*output).clone().unalias() == expr);
                let output = match known {
                    Some(known) => column_of(known.qualified_name()),
                    None => {
                        let column = self.names.column("c");
                        outputs.push(aliased(expr, &column));
                        column
                    }
                };
                Ok(Transformed::yes(Expr::Column(output)))
            })
        };
        pending.into_iter().map(|expr| Ok(over(expr, outputs)?.data)).collect()
    }

    /// The side of a condition that is about the subquery's rows alone, when it is an equality with
    /// something that is about the rows around alone: rows that differ in it belong to different rows around.
    fn key(&self, condition: &Expr, schema: &DFSchema) -> Option<(Expr, Operator, Expr)> {
        let Expr::BinaryExpr(BinaryExpr { left, op, right }) = condition else { return None };
        if !matches!(op, Operator::Eq | Operator::IsNotDistinctFrom) {
            return None;
        }
        let inner = |expr: &Expr| !expr.contains_outer() && expr.any_column_refs();
        let outer = |expr: &Expr| self.is_outer(expr) && !expr.any_column_refs();
        let (key, around) = match (inner(left) && outer(right), inner(right) && outer(left)) {
            (true, _) => (left, right),
            (_, true) => (right, left),
            _ => return None,
        };
        // Zeros of different signs are equal, but no group.
        let groups = *op == Operator::IsNotDistinctFrom
            || !key.get_type(schema).is_ok_and(|of| of.is_floating());
        groups.then(|| (key.as_ref().clone(), *op, around.as_ref().clone()))
    }

    /// What is pending, with columns in the place of its keys; what is no equality is evaluated.
    pub(crate) fn with_keys(&self, below: Unnested) -> DfResult<(Unnested, Vec<Expr>)> {
        let schema = Arc::clone(below.plan.schema());
        let passes = |expr: &Expr| !expr.any_column_refs() || self.key(expr, &schema).is_some();
        let below = match below.pending.iter().all(passes) {
            true => below,
            false => self.with_domain(below, Vec::new())?.0,
        };
        let schema = Arc::clone(below.plan.schema());
        let keys =
            below.pending.iter().filter_map(|expr| Some(self.key(expr, &schema)?.0)).collect();
        Ok((below, keys))
    }

    /// The sides of a condition that is a plain equality: that of the rows around, and that of the subquery.
    pub fn equality(&self, condition: &Expr, schema: &DFSchema) -> Option<(Expr, Expr)> {
        let (key, op, around) = self.key(condition, schema)?;
        (op == Operator::Eq).then_some((around, key))
    }

    /// A row for each value of the keys, or one when there are none.
    pub fn distinct_keys(&self, below: Unnested) -> DfResult<Unnested> {
        let (below, keys) = self.with_keys(below)?;
        if keys.is_empty() {
            return Ok(Unnested { plan: any_row(below.plan, self.names)?, ..below });
        }
        let below = self.keyed(below, &DFSchema::empty())?;
        let columns = below.plan.schema().columns().into_iter().map(Expr::Column).collect();
        let distinct = Aggregate::try_new(Arc::new(below.plan), columns, Vec::new())?;
        Ok(Unnested { plan: LogicalPlan::Aggregate(distinct), ..below })
    }

    /// What is pending when its keys are columns of these names.
    pub(crate) fn renamed(&self, below: &Unnested, keys: &[(Expr, Column)]) -> Vec<Expr> {
        let schema = below.plan.schema();
        let renamed = |expr: &Expr| match self.key(expr, schema) {
            Some((key, op, around)) => match keys.iter().find(|(known, _)| *known == key) {
                Some((_, column)) => comparison(Expr::Column(column.clone()), op, around),
                None => expr.clone(),
            },
            None => expr.clone(),
        };
        below.pending.iter().map(renamed).collect()
    }

    /// The columns of `schema` and one for each key of what is pending, nothing else.
    fn keyed(&self, below: Unnested, schema: &DFSchema) -> DfResult<Unnested> {
        let (below, keys) = self.with_keys(below)?;
        let mut outputs: Vec<Expr> = schema.columns().into_iter().map(Expr::Column).collect();
        let columns = self.key_columns(keys, &mut outputs);
        let pending = self.renamed(&below, &columns);
        Ok(Unnested { plan: projection(below.plan, outputs)?, pending })
    }

    /// The columns of keys among `outputs`, to which those that are missing are added.
    pub(crate) fn key_columns(
        &self,
        keys: Vec<Expr>,
        outputs: &mut Vec<Expr>,
    ) -> Vec<(Expr, Column)> {
        let mut columns: Vec<(Expr, Column)> = Vec::new();
        for key in keys {
            if columns.iter().any(|(known, _)| *known == key) {
                continue;
            }
            let same = outputs.iter().find(|output| (*output).clone().unalias() == key);
            let column = match same {
                Some(same) => column_of(same.qualified_name()),
                None => {
                    let column = self.names.column("k");
                    outputs.push(aliased(key.clone(), &column));
                    column
                }
            };
            columns.push((key, column));
        }
        columns
    }

    /// With the columns of all of `outer` behind those of `schema`.
    pub(crate) fn over_domain(
        &self,
        plan: &LogicalPlan,
        outer: &[(FieldRef, Column)],
    ) -> DfResult<(LogicalPlan, Vec<Expr>)> {
        let (below, columns) = self.with_domain(self.unnest(plan)?, outer.to_vec())?;
        let own: Vec<Expr> = plan.schema().columns().into_iter().map(Expr::Column).collect();
        let domain: DfResult<Vec<Expr>> = outer
            .iter()
            .map(|(field, column)| {
                substituted(Expr::OuterReferenceColumn(Arc::clone(field), column.clone()), &columns)
            })
            .collect();
        let domain = domain?;
        let all = own.into_iter().chain(domain.iter().cloned()).collect();
        Ok((projection(below.plan, all)?, domain))
    }
}

/// What the columns of a value's subquery are where a global aggregate has no group; `None` where it is no
/// global aggregate, and NULL it is.
pub(crate) fn defaults(plan: &LogicalPlan) -> DfResult<Option<Vec<Expr>>> {
    match plan {
        LogicalPlan::Aggregate(of) if of.group_expr.is_empty() => {
            let null = |(at, _): (usize, &Expr)| {
                let data_type = of.schema.field(at).data_type();
                Ok(Expr::Literal(ScalarValue::try_from(data_type)?, None))
            };
            let value = |(at, expr)| default_of(expr).map_or_else(|| null((at, expr)), Ok);
            Ok(Some(of.aggr_expr.iter().enumerate().map(value).collect::<DfResult<_>>()?))
        }
        LogicalPlan::Projection(projection) => {
            let Some(below) = defaults(&projection.input)? else { return Ok(None) };
            let columns: Substitution =
                projection.input.schema().columns().into_iter().zip(below).collect();
            let over = |expr: &Expr| {
                let value = expr.clone().unalias().transform(|expr| {
                    let known = match &expr {
                        Expr::Column(column) => columns.iter().find(|(of, _)| of == column),
                        _ => None,
                    };
                    Ok(known
                        .map(|(_, value)| Transformed::yes(value.clone()))
                        .unwrap_or_else(|| Transformed::no(expr)))
                });
                Ok(value?.data)
            };
            Ok(Some(projection.expr.iter().map(over).collect::<DfResult<_>>()?))
        }
        LogicalPlan::SubqueryAlias(alias) => defaults(&alias.input),
        LogicalPlan::Subquery(subquery) => defaults(&subquery.subquery),
        LogicalPlan::Distinct(Distinct::All(input)) => defaults(input),
        LogicalPlan::Sort(sort) if sort.fetch.is_none() => defaults(&sort.input),
        _ => Ok(None),
    }
}

/// What an aggregate of no rows gives, where that is not NULL.
pub(crate) fn default_of(aggregate: &Expr) -> Option<Expr> {
    match aggregate {
        Expr::Alias(alias) => default_of(&alias.expr),
        Expr::AggregateFunction(call) => {
            matches!(call.func.name(), "COUNT" | "APPROX_COUNT_DISTINCT").then(|| lit(0_i64))
        }
        _ => None,
    }
}

/// A value of a row that is there, else the default.
pub(crate) fn or_default(present: &Expr, value: Expr, default: Expr) -> DfResult<Expr> {
    datafusion_expr::when(present.clone().is_not_null(), value).otherwise(default)
}

/// Whether a plan refers to rows around it, whichever they are.
pub(crate) fn is_correlated(plan: &LogicalPlan) -> bool {
    plan.exists(|node| Ok(node.contains_outer_reference())).unwrap_or(false)
}

pub(crate) fn refused(operator: &str) -> datafusion_common::DataFusionError {
    let name = operator.split([':', ' ']).next().unwrap_or(operator);
    let what = format!("a subquery that refers to rows around it from below {name}");
    external(SqlError::unsupported(what).hint("join the relations, and compute it above the join"))
}

pub(crate) fn comparison(left: Expr, op: Operator, right: Expr) -> Expr {
    Expr::BinaryExpr(BinaryExpr { left: Box::new(left), op, right: Box::new(right) })
}

/// That columns of a domain hold what is around.
pub(crate) fn equalities(outer: &[(FieldRef, Column)], columns: &Substitution) -> Vec<Expr> {
    let pair = |(field, column): &(FieldRef, Column)| {
        let (_, of_domain) = columns.iter().find(|(known, _)| known == column)?;
        let around = Expr::OuterReferenceColumn(Arc::clone(field), column.clone());
        Some(comparison(of_domain.clone(), Operator::IsNotDistinctFrom, around))
    };
    outer.iter().filter_map(pair).collect()
}

pub(crate) fn substituted(expr: Expr, columns: &Substitution) -> DfResult<Expr> {
    let replaced = expr.transform(|expr| {
        let known = match &expr {
            Expr::OuterReferenceColumn(_, column) => columns.iter().find(|(of, _)| of == column),
            _ => None,
        };
        Ok(match known {
            Some((_, by)) => Transformed::yes(by.clone()),
            None => Transformed::no(expr),
        })
    });
    Ok(replaced?.data)
}

pub(crate) fn substituted_all(exprs: Vec<Expr>, columns: &Substitution) -> DfResult<Vec<Expr>> {
    exprs.into_iter().map(|expr| substituted(expr, columns)).collect()
}

/// An expression as a column of a name.
pub(crate) fn aliased(expr: Expr, column: &Column) -> Expr {
    expr.alias_qualified(column.relation.clone(), &column.name)
}

pub(crate) fn column_of((table, name): (Option<TableReference>, String)) -> Column {
    Column::new(table, name)
}

/// An expression under the name that a column had.
pub(crate) fn named(expr: Expr, table: Option<&TableReference>, name: &str) -> Expr {
    let (given_table, given) = expr.qualified_name();
    match given_table.as_ref() == table && given == name {
        true => expr,
        false => expr.unalias().alias_qualified(table.cloned(), name),
    }
}

pub(crate) fn projection(input: LogicalPlan, exprs: Vec<Expr>) -> DfResult<LogicalPlan> {
    Ok(LogicalPlan::Projection(Projection::try_new(exprs, Arc::new(input))?))
}

pub(crate) fn filtered(input: LogicalPlan, conditions: Vec<Expr>) -> DfResult<LogicalPlan> {
    Ok(match conjunction(conditions) {
        Some(condition) => LogicalPlan::Filter(Filter::try_new(condition, Arc::new(input))?),
        None => input,
    })
}

pub(crate) fn join(
    left: LogicalPlan,
    right: LogicalPlan,
    conditions: Vec<Expr>,
    kind: JoinType,
) -> DfResult<LogicalPlan> {
    let joined = Join::try_new(
        Arc::new(left),
        Arc::new(right),
        Vec::new(),
        conjunction(conditions),
        kind,
        datafusion_common::JoinConstraint::On,
        datafusion_common::NullEquality::NullEqualsNothing,
        false,
    )?;
    Ok(LogicalPlan::Join(joined))
}

/// A join of the kind of another.
pub(crate) fn rejoined(
    of: &Join,
    left: LogicalPlan,
    right: LogicalPlan,
    on: Vec<(Expr, Expr)>,
) -> DfResult<LogicalPlan> {
    Ok(LogicalPlan::Join(Join::try_new(
        Arc::new(left),
        Arc::new(right),
        on,
        of.filter.clone(),
        of.join_type,
        of.join_constraint,
        of.null_equality,
        of.null_aware,
    )?))
}

/// An expression over some rows, as a subquery refers to it.
pub(crate) fn as_outer(expr: Expr, schema: &DFSchema) -> DfResult<Expr> {
    let outer = expr.transform(|expr| {
        let Expr::Column(column) = &expr else { return Ok(Transformed::no(expr)) };
        let (table, field) = schema.qualified_field_from_column(column)?;
        let column = Column::new(table.cloned(), field.name());
        Ok(Transformed::yes(Expr::OuterReferenceColumn(Arc::clone(field), column)))
    });
    Ok(outer?.data)
}

/// One row when a relation has rows.
pub(crate) fn any_row(plan: LogicalPlan, names: &Names) -> DfResult<LogicalPlan> {
    let key = aliased(lit(true), &names.column("present"));
    let grouped = Aggregate::try_new(Arc::new(plan), vec![key], Vec::new())?;
    Ok(LogicalPlan::Aggregate(grouped))
}
