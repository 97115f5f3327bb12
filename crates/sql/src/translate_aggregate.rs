//! Groupings: from a logical aggregate to a window aggregate or a group aggregate.
//!
//! What a grouping reads (its keys, arguments and filters) is prepared by a Calc below it. A window that
//! was just assigned to the rows is computed by the aggregate itself.

use std::sync::Arc;

use arrow::datatypes::{DataType, Schema, SchemaRef};
use datafusion_common::{DFSchema, ScalarValue};
use datafusion_expr::Expr;
use datafusion_expr::logical_plan::Aggregate;
use millstream_expr::ScalarExpr;
use millstream_expr::aggregates::UserDeclaration;
use millstream_plan::node::{
    AggregateCall, AggregateFunction, NodeKind, TimeWindow, WindowColumns, WindowOutput,
};
use millstream_plan::{ChangelogMode, NodeId};

use crate::diagnostics::{Result, SqlError};
use crate::translate::{Translator, arrow_of};

impl Translator<'_> {
    pub(crate) fn aggregate(&mut self, aggregate: &Aggregate) -> Result<NodeId> {
        let input = self.node(&aggregate.input)?;
        if aggregate.group_expr.iter().any(|key| matches!(key, Expr::GroupingSet(_))) {
            return Err(SqlError::unsupported("GROUPING SETS, CUBE and ROLLUP").about("GROUP"));
        }
        let mut columns =
            Columns { values: Vec::new(), window: 0, schema: aggregate.input.schema() };
        let keys = aggregate
            .group_expr
            .iter()
            .map(|key| {
                self.no_subquery(key)?;
                Ok(ScalarExpr::bind(key, aggregate.input.schema())?)
            })
            .collect::<Result<Vec<_>>>()?;
        let properties = self.windows.get(&input).copied();
        let property = |key: &ScalarExpr| {
            let at = key.as_column()?;
            let window = properties?;
            [
                (window.start, WindowOutput::Start),
                (window.end, WindowOutput::End),
                (window.time, WindowOutput::Time),
            ]
            .into_iter()
            .find(|(column, _)| *column == Some(at))
            .map(|(_, output)| output)
        };
        let outputs: Vec<Option<WindowOutput>> = keys.iter().map(property).collect();
        let by_window = outputs.contains(&Some(WindowOutput::Start))
            && outputs.contains(&Some(WindowOutput::End));
        let window = properties.filter(|_| by_window);
        // A window that was just assigned is computed by the aggregate itself.
        let fused = window.and_then(|_| self.fusible(input));
        let mut window_columns = None;
        if let Some(properties) = window {
            window_columns = Some(match (&fused, properties.window) {
                (Some(below), window) => {
                    columns.values.push(ScalarExpr::column("rowtime", below.rowtime));
                    WindowColumns::Rowtime { rowtime: 0, window }
                }
                (None, TimeWindow::Tumble { zone, .. }) => {
                    for column in [properties.start, properties.end] {
                        let column = column.unwrap_or_default();
                        columns.values.push(ScalarExpr::column("window", column));
                    }
                    WindowColumns::Attached { start: 0, end: 1, zone }
                }
            });
        }
        columns.window = columns.values.len();
        let mut key_columns = Vec::new();
        let mut output = Vec::new();
        for (key, property) in keys.iter().zip(&outputs) {
            match property.filter(|_| by_window) {
                Some(property) => output.push(property),
                None => {
                    output.push(WindowOutput::Key(key_columns.len()));
                    key_columns.push(columns.add(key.clone()));
                }
            }
        }
        let mut calls = Vec::with_capacity(aggregate.aggr_expr.len());
        for (at, expr) in aggregate.aggr_expr.iter().enumerate() {
            let result = aggregate.schema.field(keys.len() + at).data_type().clone();
            calls.push(self.call(expr, result, &mut columns)?);
        }
        let schema = arrow_of(&aggregate.schema);
        let below = match &fused {
            Some(fused) => {
                for value in columns.values.iter_mut().skip(1) {
                    *value = value.remap(|column| fused.columns[column])?;
                }
                fused.input
            }
            None => input,
        };
        let input_schema = Arc::clone(&self.plan.nodes[below].schema);
        let prepared = columns.schema_over(&input_schema)?;
        let prepared = self.calc(below, None, Some(columns.values), Some(prepared));
        let retracts = self.plan.nodes[prepared].changelog == ChangelogMode::Retract;
        self.finish_aggregate(
            prepared,
            schema,
            window_columns,
            key_columns,
            calls,
            output,
            retracts,
        )
    }

    #[allow(clippy::too_many_arguments, reason = "the parts of one node, put together once")]
    fn finish_aggregate(
        &mut self,
        input: NodeId,
        schema: SchemaRef,
        window: Option<WindowColumns>,
        keys: Vec<usize>,
        aggregates: Vec<AggregateCall>,
        output: Vec<WindowOutput>,
        retracts: bool,
    ) -> Result<NodeId> {
        let id = match window {
            Some(window) => {
                if retracts {
                    return Err(
                        SqlError::unsupported("a window over rows that change").about("GROUP")
                    );
                }
                let rowtimes =
                    (0..output.len()).filter(|at| output[*at] == WindowOutput::Time).collect();
                let id = self.plan.add_like(
                    NodeKind::WindowAggregate { window, keys, aggregates, output },
                    input,
                );
                self.plan.nodes[id].rowtimes = rowtimes;
                id
            }
            None => {
                if retracts && aggregates.iter().any(|call| !call.function.retracts()) {
                    return Err(SqlError::unsupported(
                        "MIN, MAX or a function of your own over rows that change",
                    )
                    .about("GROUP"));
                }
                let kind = NodeKind::GroupAggregate { keys, aggregates };
                let id = self.plan.add_like(kind, input);
                let node = &mut self.plan.nodes[id];
                node.rowtimes = vec![];
                node.changelog = ChangelogMode::Retract;
                id
            }
        };
        self.plan.nodes[id].schema = schema;
        self.plan.nodes[id].proctimes = vec![];
        Ok(id)
    }

    fn call(
        &self,
        expr: &Expr,
        result: DataType,
        columns: &mut Columns<'_>,
    ) -> Result<AggregateCall> {
        let Expr::AggregateFunction(call) = expr.clone().unalias() else {
            return Err(SqlError::unsupported(format!("{expr} as an aggregate")));
        };
        let name = call.func.name();
        let function = match name {
            "COUNT" => AggregateFunction::Count,
            "SUM" => AggregateFunction::Sum,
            "AVG" => AggregateFunction::Avg,
            "MIN" => AggregateFunction::Min,
            "MAX" => AggregateFunction::Max,
            _ => match call.func.inner().downcast_ref::<UserDeclaration>() {
                Some(user) => AggregateFunction::User(Arc::clone(user.aggregate())),
                None => {
                    return Err(SqlError::unsupported(format!("the aggregate {name}")).about(name));
                }
            },
        };
        if !call.params.order_by.is_empty() || call.params.null_treatment.is_some() {
            return Err(SqlError::unsupported(format!("ORDER BY or IGNORE NULLS inside {name}"))
                .about(name));
        }
        let present = |argument: &Expr| match argument {
            Expr::Literal(value, _) => *value != ScalarValue::Null && !value.is_null(),
            _ => false,
        };
        let counts_rows = matches!(function, AggregateFunction::Count)
            && !call.params.distinct
            && call.params.args.iter().all(present);
        let mut arguments = Vec::new();
        if !counts_rows {
            for argument in &call.params.args {
                self.no_subquery(argument)?;
                arguments.push(columns.bind(argument)?);
            }
        }
        if call.params.distinct && arguments.len() > 1 {
            return Err(
                SqlError::unsupported(format!("{name}(DISTINCT …) of several values")).about(name)
            );
        }
        let filter = call.params.filter.as_ref().map(|filter| columns.bind(filter)).transpose()?;
        Ok(AggregateCall { function, distinct: call.params.distinct, arguments, filter, result })
    }

    /// The input of a window function below an aggregate, when only plain columns lie between them.
    fn fusible(&self, input: NodeId) -> Option<Fused> {
        match &self.plan.nodes[input].kind {
            NodeKind::WindowTableFunction { rowtime, .. } => Some(Fused {
                input: self.plan.nodes[input].inputs[0],
                rowtime: *rowtime,
                columns: (0..self.plan.nodes[input].schema.fields().len()).collect(),
            }),
            NodeKind::Calc { condition: None, projection: Some(values) } => {
                let below = self.fusible(self.plan.nodes[input].inputs[0])?;
                let columns = values
                    .iter()
                    .map(|value| value.as_column().map(|column| below.columns[column]))
                    .collect::<Option<Vec<_>>>()?;
                Some(Fused { columns, ..below })
            }
            _ => None,
        }
    }
}

/// What lies below a window function that an aggregate computes itself.
struct Fused {
    input: NodeId,
    rowtime: usize,
    /// For each column that the aggregate sees, its position in `input`.
    columns: Vec<usize>,
}

/// The columns that are prepared for an aggregate.
struct Columns<'a> {
    values: Vec<ScalarExpr>,
    /// How many of them, at the start, say where a row's window stands.
    window: usize,
    schema: &'a DFSchema,
}

impl Columns<'_> {
    fn bind(&mut self, expr: &Expr) -> Result<usize> {
        let value = ScalarExpr::bind(expr, self.schema)?;
        Ok(self.add(value))
    }

    fn add(&mut self, value: ScalarExpr) -> usize {
        let same = |known: &ScalarExpr| {
            known.as_column().is_some() && known.as_column() == value.as_column()
        };
        if let Some(at) = self.values[self.window..].iter().position(same) {
            return self.window + at;
        }
        self.values.push(value);
        self.values.len() - 1
    }

    fn schema_over(&self, input: &Schema) -> Result<SchemaRef> {
        let fields = self.values.iter().map(|value| {
            let name = match value.as_column() {
                Some(at) => input.field(at).name().clone(),
                None => value.to_string(),
            };
            Ok(arrow::datatypes::Field::new(name, value.data_type(input)?, true))
        });
        Ok(Arc::new(Schema::new(fields.collect::<Result<Vec<_>>>()?)))
    }
}
