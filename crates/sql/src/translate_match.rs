//! MATCH_RECOGNIZE in the stream plan.

use std::sync::Arc;

use arrow::datatypes::Schema;
use datafusion_common::DFSchema;
use datafusion_common::tree_node::{Transformed, TreeNode};
use datafusion_expr::{Expr, LogicalPlan};
use millstream_expr::ScalarExpr;
use millstream_plan::{
    AggregateCall, ChangelogMode, MatchRecognize, MatchValue, Node, NodeId, NodeKind, OrderKey,
    Pattern, PatternCondition, PatternVariable,
};

use crate::diagnostics::{Result, SqlError};
use crate::match_node::{Condition, MatchNode, Value};
use crate::translate::{Translator, arrow_of};

impl Translator<'_> {
    pub(crate) fn match_recognize(&mut self, node: &MatchNode) -> Result<NodeId> {
        let input = self.node(&node.input)?;
        let schema = node.input.schema();
        let columns = node.columns.iter().map(|column| {
            let bound = ScalarExpr::bind(column, schema)?;
            bound.as_column().ok_or_else(|| SqlError::unsupported("this MATCH_RECOGNIZE"))
        });
        let columns = columns.collect::<Result<Vec<usize>>>()?;
        let (time, ties) = self.time_and_ties(node, input, &columns)?;
        let values = |values: &[Value]| -> Vec<MatchValue> {
            values.iter().map(|value| value_of(value, &columns)).collect()
        };
        let pattern = Pattern {
            variables: variables(node, &columns, &values(&node.spec.reads))?,
            within: node.spec.within,
            skip: node.spec.skip,
        };
        let of = &self.plan.nodes[input];
        let processing_time = of.proctimes.contains(&time);
        let partition = columns[..node.partition].to_vec();
        let values = values(&node.spec.values);
        let is_time = |value: &MatchValue| matches!(value, MatchValue::Time);
        let found = values.iter().position(is_time).map(|at| node.partition + at);
        let (rowtimes, proctimes) = match processing_time {
            true => (vec![], found.into_iter().collect()),
            false => (found.into_iter().collect(), vec![]),
        };
        let kind = NodeKind::MatchRecognize(MatchRecognize {
            time,
            processing_time,
            partition,
            ties,
            pattern,
            values,
        });
        Ok(self.plan.add(Node {
            kind,
            inputs: vec![input],
            schema: arrow_of(&node.schema),
            rowtimes,
            proctimes,
            changelog: ChangelogMode::Append,
        }))
    }

    /// The time attribute that the rows are ordered by, and the order of those of the same time.
    fn time_and_ties(
        &self,
        node: &MatchNode,
        input: NodeId,
        columns: &[usize],
    ) -> Result<(usize, Vec<OrderKey>)> {
        let of = &self.plan.nodes[input];
        if of.changelog != ChangelogMode::Append {
            return Err(SqlError::unsupported("MATCH_RECOGNIZE over rows that change")
                .hint("a match is of rows that stay: group by a time window below it")
                .about("MATCH_RECOGNIZE"));
        }
        let order = columns[node.partition..].iter().zip(&node.order);
        let mut order = order.map(|(column, (descending, nulls_first))| OrderKey {
            column: *column,
            descending: *descending,
            nulls_first: *nulls_first,
        });
        let wrong = |what: String| {
            Err(SqlError::new(what)
                .hint("write ORDER BY ts, where ts is what WATERMARK FOR names, or PROCTIME()")
                .about("MATCH_RECOGNIZE"))
        };
        let Some(first) = order.next() else {
            return wrong("MATCH_RECOGNIZE needs an order of the rows".to_owned());
        };
        let name = of.schema.field(first.column).name();
        if !of.rowtimes.contains(&first.column) && !of.proctimes.contains(&first.column) {
            return wrong(format!(
                "MATCH_RECOGNIZE must be ordered by a time attribute first, and \"{name}\" is none"
            ));
        }
        if first.descending {
            return wrong("MATCH_RECOGNIZE must be ordered by time ascending".to_owned());
        }
        Ok((first.column, order.collect()))
    }
}

fn value_of(value: &Value, columns: &[usize]) -> MatchValue {
    match value {
        Value::Row { variable, last, offset, column } => MatchValue::Row {
            variable: *variable,
            last: *last,
            offset: *offset,
            column: columns[*column],
        },
        Value::Aggregate { variable, function, arguments, result } => MatchValue::Aggregate {
            variable: *variable,
            call: AggregateCall {
                function: function.clone(),
                distinct: false,
                arguments: arguments.iter().map(|column| columns[*column]).collect(),
                filter: None,
                result: result.clone(),
            },
        },
        Value::Time => MatchValue::Time,
    }
}

fn variables(
    node: &MatchNode,
    columns: &[usize],
    reads: &[MatchValue],
) -> Result<Vec<PatternVariable>> {
    let (conditions, schema) = computed(&node.conditions)?;
    let variables = node.spec.variables.iter().map(|(name, quantifier, condition)| {
        let condition = match condition {
            Condition::Always => PatternCondition::Always,
            Condition::Column(column) => PatternCondition::Column(columns[*column]),
            Condition::Computed(at) => {
                let condition = ScalarExpr::bind(&conditions[*at], schema)?;
                let read: Vec<usize> = condition.columns().into_iter().collect();
                let place = |column: usize| read.iter().position(|at| *at == column).unwrap_or(0);
                let fields = read.iter().map(|at| schema.field(*at).as_ref().clone());
                PatternCondition::Values {
                    values: read.iter().map(|at| reads[*at].clone()).collect(),
                    condition: condition.remap(place)?,
                    schema: Arc::new(Schema::new(fields.collect::<Vec<_>>())),
                }
            }
        };
        Ok(PatternVariable { name: name.clone(), quantifier: *quantifier, condition })
    });
    variables.collect()
}

/// The expressions of projections, one above the other, over the columns below all of them.
fn computed(plan: &LogicalPlan) -> Result<(Vec<Expr>, &DFSchema)> {
    let LogicalPlan::Projection(projection) = plan else {
        let columns = plan.schema().columns().into_iter().map(Expr::Column);
        return Ok((columns.collect(), plan.schema()));
    };
    let (below, schema) = computed(&projection.input)?;
    let over_below = projection.expr.iter().map(|expr| {
        let replaced = expr.clone().unalias().transform_up(|expr| {
            Ok(match &expr {
                Expr::Column(column) => {
                    let at = projection.input.schema().index_of_column(column)?;
                    Transformed::yes(below[at].clone())
                }
                _ => Transformed::no(expr),
            })
        })?;
        Ok(replaced.data)
    });
    Ok((over_below.collect::<Result<_>>()?, schema))
}
