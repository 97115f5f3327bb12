//! `row.field`: a field of a ROW by its name.

use std::hash::Hash;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, FieldRef};
use chrono_tz::Tz;
use datafusion_common::{DataFusionError, Result as DfResult};
use datafusion_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility,
};
use millstream_types::sql_type::type_name;
use millstream_types::{Error, Result};

use crate::function::invoke;

/// Access to one field, as a function that DataFusion can call.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct Field {
    field: String,
    signature: Signature,
}

impl Field {
    /// Access to the field of a name.
    pub fn new(field: String) -> Self {
        Self { field, signature: Signature::any(1, Volatility::Immutable) }
    }

    fn find<'a>(&self, of: &'a DataType) -> DfResult<(usize, &'a FieldRef)> {
        let DataType::Struct(fields) = of else {
            return Err(DataFusionError::Plan(format!(
                "{} has no fields, so \"{}\" cannot be taken from it",
                type_name(of),
                self.field
            )));
        };
        fields.find(&self.field).ok_or_else(|| {
            let names: Vec<_> = fields.iter().map(|field| field.name().as_str()).collect();
            DataFusionError::Plan(format!(
                "field \"{}\" not found, the fields are {}",
                self.field,
                names.join(", ")
            ))
        })
    }
}

impl ScalarUDFImpl for Field {
    fn name(&self) -> &str {
        "FIELD"
    }

    fn schema_name(&self, arguments: &[datafusion_expr::Expr]) -> DfResult<String> {
        Ok(format!("{}.{}", arguments[0].schema_name(), self.field))
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, types: &[DataType]) -> DfResult<DataType> {
        Ok(self.find(&types[0])?.1.data_type().clone())
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> DfResult<FieldRef> {
        let field = self.find(args.arg_fields[0].data_type())?.1;
        Ok(Arc::new(field.as_ref().clone().with_nullable(true)))
    }

    fn invoke_with_args(&self, call: ScalarFunctionArgs) -> DfResult<ColumnarValue> {
        invoke(&call, Tz::UTC, |call| {
            let row = call.arguments[0].as_struct();
            let value = row
                .column_by_name(&self.field)
                .ok_or_else(|| Error::Internal(format!("field \"{}\" is gone", self.field)))?;
            under(value, row.nulls())
        })
    }
}

/// A field's values, NULL where the row itself is.
fn under(value: &ArrayRef, nulls: Option<&arrow::buffer::NullBuffer>) -> Result<ArrayRef> {
    let Some(nulls) = nulls else { return Ok(Arc::clone(value)) };
    let absent = arrow::array::BooleanArray::new(!nulls.inner(), None);
    Ok(arrow::compute::nullif(value, &absent)?)
}
