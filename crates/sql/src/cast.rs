//! `CAST` and `TRY_CAST` in the logical plan: a function of the value and the type's text.
//!
//! As functions they keep the type in their name, so that `SUM(x)` and `SUM(CAST(x AS TINYINT))` are two
//! columns.

use std::sync::Arc;

use arrow::datatypes::{DataType, FieldRef};
use chrono_tz::Tz;
use datafusion_common::{DataFusionError, Result as DfResult, ScalarValue};
use datafusion_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility,
};
use millstream_expr::cast::{Cast, How, allowed, cast};
use millstream_expr::function::invoke;
use millstream_types::sql_type::{ColumnType, type_name};

use crate::context::external;
use crate::diagnostics::SqlError;
use crate::types::parse_type_text;

/// The names under which casts travel through the syntax tree: those of the functions, as a call by another
/// name is one with an alias, of which each doubles what it takes to find the type of what is around it.
pub const CAST: &str = "CAST";
/// As [`CAST`], giving NULL where a value does not fit.
pub const TRY_CAST: &str = "TRY_CAST";

/// The function of one of these names.
pub fn function(name: &str, zone: Tz) -> Option<Arc<ScalarUDF>> {
    let try_cast = name.eq_ignore_ascii_case(TRY_CAST);
    if !try_cast && !name.eq_ignore_ascii_case(CAST) {
        return None;
    }
    let signature = Signature::any(2, Volatility::Immutable);
    Some(Arc::new(ScalarUDF::new_from_impl(WrittenCast { try_cast, zone, signature })))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct WrittenCast {
    try_cast: bool,
    zone: Tz,
    signature: Signature,
}

fn target(text: Option<&ScalarValue>) -> DfResult<ColumnType> {
    let Some(ScalarValue::Utf8(Some(text))) = text else {
        return Err(DataFusionError::Internal("a cast without a type".to_owned()));
    };
    parse_type_text(text).map_err(|error| external(error.into()))
}

impl ScalarUDFImpl for WrittenCast {
    fn name(&self) -> &str {
        if self.try_cast { "TRY_CAST" } else { "CAST" }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> DfResult<DataType> {
        Err(DataFusionError::Internal("the type of a cast follows from its arguments".to_owned()))
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> DfResult<FieldRef> {
        let column = target(args.scalar_arguments[1])?;
        let from = &args.arg_fields[0];
        if !allowed(from.data_type(), &column.sql_type.arrow()) {
            let (from, to) = (type_name(from.data_type()), &column.sql_type);
            return Err(external(
                SqlError::new(format!("a cast from {from} to {to} is not supported"))
                    .about(self.name()),
            ));
        }
        Ok(Arc::new(column.field("").with_nullable(from.is_nullable() || self.try_cast)))
    }

    fn invoke_with_args(&self, call: ScalarFunctionArgs) -> DfResult<ColumnarValue> {
        let column = match &call.args[1] {
            ColumnarValue::Scalar(text) => target(Some(text))?,
            ColumnarValue::Array(_) => target(None)?,
        };
        invoke(&call, self.zone, |call| {
            let how = How::of(self.try_cast, self.zone, call);
            cast(&call.arguments[0], &column.sql_type, &how)
        })
    }
}

/// A cast that the planner itself needs.
pub fn to_field(value: datafusion_expr::Expr, field: &FieldRef, zone: Tz) -> datafusion_expr::Expr {
    ScalarUDF::new_from_impl(Cast::new(Arc::clone(field), false, zone)).call(vec![value])
}
