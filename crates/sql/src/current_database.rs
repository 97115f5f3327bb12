//! `CURRENT_DATABASE()`: the database in which names are looked up when a statement is planned.

use std::sync::Arc;

use arrow::datatypes::DataType;
use datafusion_common::{Result as DfResult, ScalarValue};
use datafusion_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use crate::catalog::Catalog;

/// The function, if that is its name.
pub fn function(name: &str, catalog: &Catalog) -> Option<Arc<ScalarUDF>> {
    let is_it = name.eq_ignore_ascii_case(NAME);
    let signature = Signature::nullary(Volatility::Immutable);
    let database = catalog.current().1.to_owned();
    is_it.then(|| Arc::new(ScalarUDF::new_from_impl(CurrentDatabase { database, signature })))
}

const NAME: &str = "CURRENT_DATABASE";

#[derive(Debug, PartialEq, Eq, Hash)]
struct CurrentDatabase {
    database: String,
    signature: Signature,
}

impl ScalarUDFImpl for CurrentDatabase {
    fn name(&self) -> &str {
        NAME
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> DfResult<DataType> {
        Ok(DataType::Utf8)
    }

    fn invoke_with_args(&self, _: ScalarFunctionArgs) -> DfResult<ColumnarValue> {
        Ok(ColumnarValue::Scalar(ScalarValue::Utf8(Some(self.database.clone()))))
    }
}
