//! `CURRENT_WATERMARK(rowtime)`: the watermark that a row met, NULL before there is one.
//!
//! It is known beside the rows and not from their columns, so below each Calc that asks for it a column is
//! appended, and the calls become that column.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use datafusion_common::tree_node::{Transformed, TreeNode};
use datafusion_common::{Column, DFSchema, DataFusionError, Result as DfResult};
use datafusion_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use millstream_plan::{NodeId, NodeKind};

use crate::context::external;
use crate::diagnostics::{Result, SqlError};
use crate::translate::Translator;

const NAME: &str = "CURRENT_WATERMARK";
/// The column that the calls become.
const COLUMN: &str = "$watermark";

/// The function, if that is its name.
pub fn function(name: &str) -> Option<Arc<ScalarUDF>> {
    name.eq_ignore_ascii_case(NAME).then(|| {
        let signature = Signature::user_defined(Volatility::Volatile);
        Arc::new(ScalarUDF::new_from_impl(Marker { signature }))
    })
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Marker {
    signature: Signature,
}

impl ScalarUDFImpl for Marker {
    fn name(&self) -> &str {
        NAME
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> DfResult<Vec<DataType>> {
        match types {
            [DataType::Timestamp(..)] => Ok(types.to_vec()),
            _ => Err(external(wrong())),
        }
    }

    fn return_type(&self, types: &[DataType]) -> DfResult<DataType> {
        match types {
            [DataType::Timestamp(_, zone)] => {
                Ok(DataType::Timestamp(TimeUnit::Millisecond, zone.clone()))
            }
            _ => Err(external(wrong())),
        }
    }

    fn invoke_with_args(&self, _: ScalarFunctionArgs) -> DfResult<ColumnarValue> {
        Err(external(SqlError::unsupported("CURRENT_WATERMARK here").about(NAME)))
    }
}

fn wrong() -> SqlError {
    SqlError::new("CURRENT_WATERMARK takes the column that a table's WATERMARK is for")
        .hint("after a window the watermark of a row is not known any more; ask for it below")
        .about(NAME)
}

fn call_of(expr: &Expr) -> Option<&[Expr]> {
    match expr {
        Expr::ScalarFunction(call) if call.name() == NAME => Some(&call.args),
        _ => None,
    }
}

/// Whether an expression asks for the watermark.
pub fn is_asked_for(expr: &Expr) -> bool {
    expr.exists(|expr| Ok(call_of(expr).is_some())).unwrap_or(false)
}

/// The column whose watermark some expressions ask for.
///
/// # Errors
/// When they ask for that of something that is no column.
pub fn argument<'a>(
    exprs: impl Iterator<Item = &'a mut Expr>,
    schema: &DFSchema,
) -> Result<Option<usize>> {
    let mut found = None;
    for expr in exprs {
        let mut failed = None;
        expr.apply(|expr| {
            match call_of(expr) {
                Some([Expr::Column(column)]) => found = Some(schema.index_of_column(column)?),
                Some(_) => failed = Some(wrong()),
                None => {}
            }
            Ok::<_, DataFusionError>(datafusion_common::tree_node::TreeNodeRecursion::Continue)
        })?;
        if let Some(error) = failed {
            return Err(error);
        }
    }
    Ok(found)
}

/// Puts the column in place of the calls.
///
/// # Errors
/// Never.
pub fn replace<'a>(exprs: impl Iterator<Item = &'a mut Expr>) -> Result<()> {
    for expr in exprs {
        let replaced = expr.clone().transform_up(|expr| {
            Ok(match call_of(&expr) {
                Some(_) => Transformed::yes(Expr::Column(Column::from_name(COLUMN))),
                None => Transformed::no(expr),
            })
        })?;
        *expr = replaced.data;
    }
    Ok(())
}

impl Translator<'_> {
    /// A node with the watermark of each row behind its columns, and the names they go by.
    pub(crate) fn with_watermark(
        &mut self,
        input: NodeId,
        rowtime: usize,
        schema: DFSchema,
    ) -> Result<(NodeId, DFSchema)> {
        if !self.plan.nodes[input].rowtimes.contains(&rowtime) || !self.is_stamped(input) {
            return Err(wrong());
        }
        let of = &self.plan.nodes[input].schema;
        let zone = match of.field(rowtime).data_type() {
            DataType::Timestamp(_, zone) => zone.clone(),
            _ => None,
        };
        let field = Field::new(COLUMN, DataType::Timestamp(TimeUnit::Millisecond, zone), true);
        let fields = of.fields().iter().map(|field| field.as_ref().clone());
        let appended: Vec<Field> = fields.chain([field.clone()]).collect();
        let id = self.plan.add_like(NodeKind::CurrentWatermark, input);
        self.plan.nodes[id].schema = Arc::new(Schema::new(appended));
        let own = (None, Arc::new(field));
        let fields = schema.iter().map(|(table, field)| (table.cloned(), Arc::clone(field)));
        let schema =
            DFSchema::new_with_metadata(fields.chain([own]).collect(), schema.metadata().clone())?;
        Ok((id, schema))
    }

    /// Whether the rows of a node still know the watermark they met.
    fn is_stamped(&self, id: NodeId) -> bool {
        let node = &self.plan.nodes[id];
        match node.kind {
            NodeKind::WatermarkAssigner { .. } => true,
            NodeKind::Calc { .. } | NodeKind::Union | NodeKind::Correlate { .. } => {
                node.inputs.iter().all(|input| self.is_stamped(*input))
            }
            _ => false,
        }
    }
}
