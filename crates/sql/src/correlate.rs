//! [`CorrelateNode`]: a relation joined with the rows that a table function makes of each of its rows.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion_common::tree_node::{Transformed, TreeNode};
use datafusion_common::{
    DFSchema, DFSchemaRef, DataFusionError, JoinType, Result as DfResult, ScalarValue,
};
use datafusion_expr::{
    EmptyRelation, Expr, ExprSchemable, Extension, LogicalPlan, UserDefinedLogicalNodeCore,
};
use millstream_plan::function::TableFunction;
use millstream_types::sql_type::type_name;

use crate::context::external;
use crate::diagnostics::SqlError;

/// `input, LATERAL TABLE(function(arguments))`: the columns of the input, then those of the function.
#[derive(Clone)]
pub struct CorrelateNode {
    /// The relation.
    pub input: LogicalPlan,
    /// The function.
    pub function: TableFunction,
    /// Its arguments, over the relation.
    pub arguments: Vec<Expr>,
    /// Whether a row without any stays, with NULLs beside it.
    pub outer: bool,
    schema: DFSchemaRef,
}

impl CorrelateNode {
    /// A call that stands alone, over one row without columns. Its arguments may name columns of
    /// relations around it, until [`correlate`] finds them.
    pub fn alone(function: TableFunction, arguments: Vec<Expr>) -> DfResult<Self> {
        let input = LogicalPlan::EmptyRelation(EmptyRelation {
            produce_one_row: true,
            schema: Arc::new(DFSchema::empty()),
        });
        let schema = Arc::new(DFSchema::try_from(Arc::clone(&function.result))?);
        let node = Self { input, function, arguments, outer: false, schema };
        let given = node.arguments.len();
        if given != node.function.arguments.len() {
            let due = node.function.arguments.iter().map(type_name).collect::<Vec<_>>().join(", ");
            let name = &node.function.name;
            return Err(external(
                SqlError::new(format!("{name} cannot be called with {given} arguments"))
                    .hint(format!("its arguments are ({due})"))
                    .about(name),
            ));
        }
        Ok(node)
    }
}

impl fmt::Debug for CorrelateNode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.fmt_for_explain(f)
    }
}

impl PartialEq for CorrelateNode {
    fn eq(&self, other: &Self) -> bool {
        self.input == other.input
            && self.arguments == other.arguments
            && self.outer == other.outer
            && Arc::ptr_eq(&self.function.body, &other.function.body)
    }
}

impl Eq for CorrelateNode {}

impl Hash for CorrelateNode {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.input.hash(state);
        self.function.name.hash(state);
        self.arguments.hash(state);
    }
}

impl PartialOrd for CorrelateNode {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        (self == other).then_some(Ordering::Equal)
    }
}

impl UserDefinedLogicalNodeCore for CorrelateNode {
    fn name(&self) -> &str {
        "Correlate"
    }

    fn inputs(&self) -> Vec<&LogicalPlan> {
        vec![&self.input]
    }

    fn schema(&self) -> &DFSchemaRef {
        &self.schema
    }

    fn expressions(&self) -> Vec<Expr> {
        self.arguments.clone()
    }

    fn fmt_for_explain(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Correlate: {} {:?}", self.function.name, self.arguments)
    }

    fn with_exprs_and_inputs(&self, exprs: Vec<Expr>, inputs: Vec<LogicalPlan>) -> DfResult<Self> {
        let Some(input) = inputs.into_iter().next() else {
            return Err(DataFusionError::Internal("a correlate has one input".to_owned()));
        };
        // The function's own columns are the last ones, whatever the input's became.
        let own = self.schema.fields().len() - self.input.schema().fields().len();
        let own = self.schema.iter().skip(self.schema.fields().len() - own);
        let inherited = input.schema().iter();
        let fields: Vec<_> = inherited
            .chain(own)
            .map(|(table, field)| (table.cloned(), Arc::clone(field)))
            .collect();
        let schema = DFSchema::new_with_metadata(fields, self.schema.metadata().clone())?;
        Ok(Self { input, arguments: exprs, schema: Arc::new(schema), ..self.clone() })
    }
}

/// Puts each lateral call of a table function on top of the relation it refers to.
///
/// # Errors
/// When a lateral join is of a kind that is not supported.
pub fn correlate(plan: LogicalPlan) -> DfResult<LogicalPlan> {
    let moved = plan.transform_up(|plan| {
        let LogicalPlan::Join(join) = &plan else { return Ok(Transformed::no(plan)) };
        let Some(call) = call_below(&join.right) else { return Ok(Transformed::no(plan)) };
        let outer = match join.join_type {
            JoinType::Inner => false,
            JoinType::Left => true,
            _ => {
                return Err(external(SqlError::unsupported(
                    "this kind of join with a table function",
                )));
            }
        };
        let always =
            |filter: &Expr| matches!(filter, Expr::Literal(ScalarValue::Boolean(Some(true)), _));
        let condition = join.filter.clone().filter(|filter| !always(filter));
        // What the condition leaves out is filled up with NULLs: a join with the call's rows, as of any
        // other lateral relation.
        if !join.on.is_empty() || (outer && condition.is_some()) {
            return Ok(Transformed::no(plan));
        }
        let arguments = call
            .arguments
            .iter()
            .map(|argument| {
                let near = argument.clone().transform(|expr| {
                    Ok(match expr {
                        Expr::OuterReferenceColumn(_, column) => {
                            Transformed::yes(Expr::Column(column))
                        }
                        other => Transformed::no(other),
                    })
                });
                Ok(near?.data)
            })
            .collect::<DfResult<Vec<_>>>()?;
        let node = CorrelateNode {
            input: join.left.as_ref().clone(),
            function: call.function.clone(),
            arguments,
            outer,
            schema: Arc::clone(&join.schema),
        };
        let plan = LogicalPlan::Extension(Extension { node: Arc::new(node) });
        Ok(Transformed::yes(match condition {
            Some(condition) => {
                let filter =
                    datafusion_expr::logical_plan::Filter::try_new(condition, Arc::new(plan))?;
                LogicalPlan::Filter(filter)
            }
            None => plan,
        }))
    });
    Ok(moved?.data)
}

/// The lateral call that a join's right side is, below new names for its columns.
fn call_below(plan: &LogicalPlan) -> Option<&CorrelateNode> {
    match plan {
        LogicalPlan::Extension(extension) => {
            let call = extension.node.as_any().downcast_ref::<CorrelateNode>()?;
            call.arguments.iter().any(Expr::contains_outer).then_some(call)
        }
        LogicalPlan::Subquery(subquery) => call_below(&subquery.subquery),
        LogicalPlan::SubqueryAlias(alias) => call_below(&alias.input),
        LogicalPlan::Projection(projection) => call_below(&projection.input),
        _ => None,
    }
}

/// Casts the arguments of table functions to the types they declare.
///
/// # Errors
/// When an argument has no cast to its type.
pub fn coerce_arguments(plan: LogicalPlan) -> DfResult<LogicalPlan> {
    let coerced = plan.transform_up(|plan| {
        let LogicalPlan::Extension(extension) = &plan else { return Ok(Transformed::no(plan)) };
        let Some(node) = extension.node.as_any().downcast_ref::<CorrelateNode>() else {
            return Ok(Transformed::no(plan));
        };
        let arguments = node.arguments.iter().zip(&node.function.arguments);
        let arguments: Vec<Expr> = arguments
            .map(|(argument, due)| argument.clone().cast_to(due, node.input.schema()))
            .collect::<DfResult<_>>()?;
        let node = CorrelateNode { arguments, ..node.clone() };
        Ok(Transformed::yes(LogicalPlan::Extension(Extension { node: Arc::new(node) })))
    });
    Ok(coerced?.data)
}
