//! [`TemporalNode`]: a join with the version of a table at a point in time, `FOR SYSTEM_TIME AS OF`.

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use datafusion_common::{DFSchemaRef, DataFusionError, JoinType, Result as DfResult};
use datafusion_expr::logical_plan::builder::build_join_schema;
use datafusion_expr::utils::split_conjunction_owned;
use datafusion_expr::{Expr, LogicalPlan, UserDefinedLogicalNodeCore};
use sqlparser::ast::{
    Join, JoinConstraint, JoinOperator, TableFactor, TableVersion, TableWithJoins,
};

use crate::diagnostics::SqlError;

/// `left [LEFT] JOIN right FOR SYSTEM_TIME AS OF time ON conditions`: the columns of both.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TemporalNode {
    /// The rows that are joined.
    pub left: LogicalPlan,
    /// The table with versions.
    pub right: LogicalPlan,
    /// The point in time, over the left rows.
    pub time: Expr,
    /// What must hold of a pair, all of it.
    pub conditions: Vec<Expr>,
    /// Whether left rows without a version stay.
    pub outer: bool,
    schema: DFSchemaRef,
}

impl TemporalNode {
    /// From its parts.
    ///
    /// # Errors
    /// When two columns of the sides have the same name.
    pub fn new(
        left: LogicalPlan,
        right: LogicalPlan,
        time: Expr,
        condition: Expr,
        outer: bool,
    ) -> DfResult<Self> {
        let conditions = split_conjunction_owned(condition);
        let schema = Self::join_schema(&left, &right, outer)?;
        Ok(Self { left, right, time, conditions, outer, schema })
    }

    fn join_schema(left: &LogicalPlan, right: &LogicalPlan, outer: bool) -> DfResult<DFSchemaRef> {
        let kind = if outer { JoinType::Left } else { JoinType::Inner };
        Ok(Arc::new(build_join_schema(left.schema(), right.schema(), &kind)?))
    }
}

impl PartialOrd for TemporalNode {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        (self == other).then_some(Ordering::Equal)
    }
}

impl UserDefinedLogicalNodeCore for TemporalNode {
    fn name(&self) -> &str {
        "TemporalJoin"
    }

    fn inputs(&self) -> Vec<&LogicalPlan> {
        vec![&self.left, &self.right]
    }

    fn schema(&self) -> &DFSchemaRef {
        &self.schema
    }

    fn expressions(&self) -> Vec<Expr> {
        std::iter::once(&self.time).chain(&self.conditions).cloned().collect()
    }

    fn fmt_for_explain(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TemporalJoin: as of {} on {:?}", self.time, self.conditions)
    }

    fn with_exprs_and_inputs(&self, exprs: Vec<Expr>, inputs: Vec<LogicalPlan>) -> DfResult<Self> {
        let mut exprs = exprs.into_iter().map(Expr::unalias);
        let mut inputs = inputs.into_iter();
        let (Some(time), Some(left), Some(right)) = (exprs.next(), inputs.next(), inputs.next())
        else {
            return Err(DataFusionError::Internal("a temporal join has two inputs".to_owned()));
        };
        let schema = Self::join_schema(&left, &right, self.outer)?;
        Ok(Self { left, right, time, conditions: exprs.collect(), outer: self.outer, schema })
    }
}

/// Puts each join with a versioned table in parentheses, so that it is planned as one relation.
pub fn nest_versioned(from: &mut TableWithJoins) {
    let joins = std::mem::take(&mut from.joins);
    for join in joins {
        from.joins.push(join);
        if from.joins.last().is_some_and(is_versioned) {
            let inner = TableWithJoins {
                relation: from.relation.clone(),
                joins: std::mem::take(&mut from.joins),
            };
            from.relation =
                TableFactor::NestedJoin { table_with_joins: Box::new(inner), alias: None };
        }
    }
}

fn is_versioned(join: &Join) -> bool {
    matches!(&join.relation, TableFactor::Table { version: Some(_), .. })
}

/// A join with a versioned table, taken apart.
pub struct Versioned {
    /// What is before it.
    pub left: TableFactor,
    /// The table, without the point in time.
    pub right: TableFactor,
    /// The point in time.
    pub time: sqlparser::ast::Expr,
    /// The condition.
    pub condition: sqlparser::ast::Expr,
    /// Whether left rows without a version stay.
    pub outer: bool,
}

/// Takes a join in parentheses apart, if the last one is with a versioned table.
///
/// # Errors
/// When it is a kind of join that is not there for versions.
pub fn versioned(nested: &TableWithJoins) -> Result<Option<Versioned>, SqlError> {
    let Some((join, before)) = nested.joins.split_last() else { return Ok(None) };
    let mut right = join.relation.clone();
    let TableFactor::Table { version, .. } = &mut right else { return Ok(None) };
    let Some(version) = version.take() else { return Ok(None) };
    let TableVersion::ForSystemTimeAsOf(time) = version else {
        return Err(SqlError::unsupported(format!("{version}")).about("FOR"));
    };
    let (constraint, outer) = match &join.join_operator {
        JoinOperator::Join(constraint) | JoinOperator::Inner(constraint) => (constraint, false),
        JoinOperator::Left(constraint) | JoinOperator::LeftOuter(constraint) => (constraint, true),
        _ => {
            return Err(SqlError::unsupported("this kind of join with FOR SYSTEM_TIME AS OF")
                .hint("JOIN and LEFT JOIN are")
                .about("SYSTEM_TIME"));
        }
    };
    let JoinConstraint::On(condition) = constraint else {
        return Err(SqlError::new("a join with FOR SYSTEM_TIME AS OF needs ON")
            .hint("write FROM o JOIN r FOR SYSTEM_TIME AS OF o.ts ON o.key = r.key")
            .about("SYSTEM_TIME"));
    };
    let left = match before {
        [] => nested.relation.clone(),
        _ => TableFactor::NestedJoin {
            table_with_joins: Box::new(TableWithJoins {
                relation: nested.relation.clone(),
                joins: before.to_vec(),
            }),
            alias: None,
        },
    };
    Ok(Some(Versioned { left, right, time, condition: condition.clone(), outer }))
}
