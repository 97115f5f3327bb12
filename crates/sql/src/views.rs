//! Views in the place of their names: the query, under the names that the view's columns have.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use datafusion_common::Result as DfResult;
use datafusion_expr::{Expr, LogicalPlan, LogicalPlanBuilder};

use crate::catalog::View;
use crate::context::external;
use crate::diagnostics::{Result, SqlError};
use crate::planner::Planner;

impl Planner<'_> {
    /// The columns of a view.
    ///
    /// # Errors
    /// When its query cannot be planned any more.
    pub fn schema_of_view(&self, view: &View) -> Result<SchemaRef> {
        Ok(Arc::new(self.view(view)?.schema().as_arrow().clone()))
    }

    /// A view's query, with the view's own names for its columns.
    pub(crate) fn view(&self, view: &View) -> Result<LogicalPlan> {
        if self.expanding.borrow().contains(&std::ptr::from_ref(view)) {
            return Err(SqlError::new(format!("view \"{}\" reads itself", view.name))
                .hint("ALTER VIEW … AS gives it a query that does not")
                .about(&view.name));
        }
        self.expanding.borrow_mut().push(view);
        let plan = self.logical(&view.query);
        self.expanding.borrow_mut().pop();
        let plan = as_made(plan?, view)?;
        if view.columns.is_empty() {
            return Ok(plan);
        }
        let given = plan.schema().fields().len();
        if given != view.columns.len() {
            return Err(SqlError::new(format!(
                "view \"{}\" names {} columns, its query has {given}",
                view.name,
                view.columns.len()
            )));
        }
        let renamed = plan.schema().columns().into_iter().zip(&view.columns);
        let renamed: Vec<Expr> =
            renamed.map(|(column, name)| Expr::Column(column).alias(name)).collect();
        Ok(LogicalPlanBuilder::from(plan).project(renamed)?.build()?)
    }
}

/// The columns that a view had when it was made, whatever `*` in it stands for since.
fn as_made(plan: LogicalPlan, view: &View) -> DfResult<LogicalPlan> {
    let fields = plan.schema().fields();
    let same = fields.iter().map(|field| field.name()).eq(&view.made_with);
    if same || view.made_with.is_empty() {
        return Ok(plan);
    }
    let columns = view.made_with.iter().map(|name| {
        let mut known = plan.schema().columns().into_iter();
        let found = known.find(|column| column.name == *name);
        found.map(Expr::Column).ok_or_else(|| {
            let message = format!("column \"{name}\" of view \"{}\" is gone", view.name);
            external(SqlError::new(message).hint("ALTER VIEW … AS makes it anew").about(&view.name))
        })
    });
    let columns = columns.collect::<DfResult<Vec<_>>>()?;
    LogicalPlanBuilder::from(plan).project(columns)?.build()
}
