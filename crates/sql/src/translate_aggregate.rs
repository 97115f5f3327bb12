//! Groupings: from a logical aggregate to a window aggregate or a group aggregate.
//!
//! What a grouping reads (its keys, arguments and filters) is prepared by a Calc below it. A window that
//! was just assigned to the rows is computed by the aggregate itself.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use datafusion_common::{DFSchema, ScalarValue};
use datafusion_expr::Expr;
use datafusion_expr::logical_plan::Aggregate;
use millstream_expr::ScalarExpr;
use millstream_expr::aggregates::UserDeclaration;
use millstream_plan::{
    AggregateCall, AggregateFunction, ChangelogMode, EmitPolicy, NodeId, NodeKind, WindowColumns,
    WindowKind, WindowOutput,
};

use crate::aggregate_call::{aggregate_function, null_treatment, read_arguments};
use crate::current_watermark;
use crate::diagnostics::{Result, SqlError};
use crate::grouping::{Grouping, grouping_call};
use crate::time_settings::emit_policy;
use crate::translate::{Translator, WindowProperties, arrow_of, with_nulls};

/// Where a column of the result comes from.
enum Origin {
    /// What stands before the aggregates in what the node gives.
    Before(usize),
    /// An aggregate.
    Aggregate(usize),
    /// A number that is the same in all rows.
    Constant(ScalarValue),
}

/// What is grouped by, once each: two keys may have become one expression, which is one column then.
fn distinct(group: &[Expr]) -> Vec<Expr> {
    let first = |(at, key): &(usize, &Expr)| !group[..*at].contains(key);
    group.iter().enumerate().filter(first).map(|(_, key)| key.clone()).collect()
}

/// The value of a key that is the same for all rows.
fn constant(group: &[Expr], at: usize) -> Option<ScalarValue> {
    match group.get(at)?.clone().unalias() {
        Expr::Literal(value, _) => Some(value),
        _ => None,
    }
}

impl Translator<'_> {
    pub(crate) fn aggregate(&mut self, aggregate: &Aggregate) -> Result<NodeId> {
        let mut input = self.node(&aggregate.input)?;
        let mut below = aggregate.input.schema().as_ref().clone();
        let (mut group, mut aggregates) =
            (distinct(&aggregate.group_expr), aggregate.aggr_expr.clone());
        let asked = current_watermark::argument(group.iter_mut().chain(&mut aggregates), &below)?;
        if let Some(rowtime) = asked {
            (input, below) = self.with_watermark(input, rowtime, below)?;
            current_watermark::replace(group.iter_mut().chain(&mut aggregates))?;
        }
        let properties = self.windows.get(&input).copied();
        let grouping = self.grouping(&group, &below, properties)?;
        let has = |set: &Vec<bool>, due: WindowOutput| {
            grouping
                .keys
                .iter()
                .zip(set)
                .any(|((_, output), in_set)| *in_set && *output == Some(due))
        };
        let by_window = grouping
            .sets
            .iter()
            .all(|set| has(set, WindowOutput::Start) && has(set, WindowOutput::End));
        let window = properties.filter(|_| by_window);
        let mut calls = Vec::new();
        let mut columns = Columns { values: Vec::new(), window: 0, schema: &below };
        let emit = self.emit(window)?;
        let fused = window.and_then(|_| self.fusible(input, &grouping, &aggregates, &below));
        let fused = fused.filter(|_| emit.is_none());
        // Right above a window function the time is there still, whatever is passed on from it.
        let above = window.filter(|_| fused.is_none()).and_then(|_| self.fused(input));
        let window_columns = window.map(|properties| match &fused {
            Some(below) => {
                columns.values.push(ScalarExpr::column("rowtime", below.rowtime));
                WindowColumns::Rowtime { rowtime: 0, window: properties.window }
            }
            None => {
                for column in [properties.start, properties.end] {
                    let column = column.unwrap_or_default();
                    columns.values.push(ScalarExpr::column("window", column));
                }
                let rowtime = above.as_ref().map(|above| above.rowtime).or(properties.rowtime);
                let rowtime = rowtime.map(|column| {
                    columns.values.push(ScalarExpr::column("rowtime", column));
                    2
                });
                let window = properties.window;
                WindowColumns::Attached { start: 0, end: 1, rowtime, window }
            }
        });
        columns.window = columns.values.len();
        let mut key_columns = Vec::new();
        let mut output = Vec::new();
        let mut origins = Vec::new();
        // For each key its position in `key_columns`, where it is one.
        let computes = aggregates.iter().any(|expr| grouping_call(expr).is_none());
        for (at, (key, property)) in grouping.keys.iter().enumerate() {
            if let Some(value) = constant(&group, at).filter(|_| computes) {
                origins.push(Origin::Constant(value));
                continue;
            }
            origins.push(Origin::Before(output.len()));
            match property.filter(|_| by_window) {
                Some(property) => output.push(property),
                None => {
                    output.push(WindowOutput::Key(key_columns.len()));
                    key_columns.push(columns.add(key.clone()));
                }
            }
        }
        let base = grouping.keys.len() + usize::from(grouping.expands);
        if grouping.expands {
            let data_type = aggregate.schema.field(grouping.keys.len()).data_type();
            origins.push(Origin::Constant(ScalarValue::new_zero(data_type)?));
        }
        // The numbers that calls of GROUPING and the like give in each set.
        let mut numbers: Vec<Vec<i64>> = Vec::new();
        for (at, expr) in aggregates.iter().enumerate() {
            let result = aggregate.schema.field(base + at).data_type().clone();
            if let Some((name, arguments)) = grouping_call(expr) {
                let keys = self.grouping_keys(name, arguments, &grouping, &below)?;
                origins.push(if grouping.expands {
                    numbers.push(grouping.numbers(name, &keys));
                    output.push(WindowOutput::Key(key_columns.len() + numbers.len() - 1));
                    Origin::Before(output.len() - 1)
                } else {
                    Origin::Constant(ScalarValue::Int64(Some(0)))
                });
                continue;
            }
            origins.push(Origin::Aggregate(calls.len()));
            calls.push(self.call(expr, result, &mut columns)?);
        }
        let source = match &fused {
            Some(fused) => {
                for value in columns.values.iter_mut().skip(1) {
                    *value = value.over(&fused.columns)?;
                }
                fused.input
            }
            None => match &above {
                Some(above) => {
                    let values = columns.values.iter_mut().enumerate().filter(|(at, _)| *at != 2);
                    for (_, value) in values {
                        *value = value.over(&above.columns)?;
                    }
                    above.node
                }
                None => input,
            },
        };
        let input_schema = Arc::clone(&self.plan.nodes[source].schema);
        let prepared = columns.schema_over(&input_schema)?;
        let mut prepared = self.calc(source, None, Some(columns.values), Some(prepared));
        if grouping.expands {
            (prepared, key_columns) =
                self.expand(prepared, &grouping, &key_columns, by_window, &numbers);
        }
        let id = self.grouped(prepared, window_columns, key_columns, &calls, &output, emit)?;
        let ttl = self.hinted_ttl(&aggregate.input);
        self.plan.ttl.insert(id, [ttl, None]);
        self.arrange(id, aggregate, &output, &origins, window)
    }

    /// When windows come, if the settings say other than once. They are about GROUP BY TUMBLE and HOP.
    fn emit(&self, window: Option<WindowProperties>) -> Result<Option<EmitPolicy>> {
        let Some((window, emit)) = window.zip(emit_policy(self.catalog)?) else { return Ok(None) };
        let hint = "RESET 'table.exec.emit.early-fire.enabled' and 'table.exec.emit.late-fire.enabled', \
                    or group by TUMBLE(ts, INTERVAL …) or HOP(…)";
        let refused = match window.window.kind {
            _ if !window.grouping => "early and late firing of a window table function",
            WindowKind::Session { .. } => "early and late firing of SESSION",
            _ => return Ok(Some(emit)),
        };
        Err(SqlError::unsupported(refused).hint(hint).about("GROUP"))
    }

    fn grouped(
        &mut self,
        input: NodeId,
        window: Option<WindowColumns>,
        keys: Vec<usize>,
        calls: &[AggregateCall],
        output: &[WindowOutput],
        emit: Option<EmitPolicy>,
    ) -> Result<NodeId> {
        let retracts = self.plan.nodes[input].changelog == ChangelogMode::Retract;
        let refuse = |what: &str| Err(SqlError::unsupported(what).about("GROUP"));
        let of = Arc::clone(&self.plan.nodes[input].schema);
        let aggregates = calls.to_vec();
        let output = output.to_vec();
        let mut fields: Vec<Field> = Vec::new();
        for column in &output {
            let key = |at: usize| of.field(keys[at]).clone();
            fields.push(match (column, &window) {
                (WindowOutput::Key(at), _) => key(*at),
                (WindowOutput::Time, Some(window)) => {
                    let zone =
                        window.window().zone.map(|_| millstream_types::sql_type::LTZ_ZONE.into());
                    Field::new(
                        "window_time",
                        DataType::Timestamp(TimeUnit::Millisecond, zone),
                        false,
                    )
                }
                (bound, _) => {
                    let name =
                        if *bound == WindowOutput::Start { "window_start" } else { "window_end" };
                    Field::new(name, DataType::Timestamp(TimeUnit::Millisecond, None), false)
                }
            });
        }
        // The sets are told apart by a key that is no column of the result.
        let node = match window {
            Some(_) if retracts && emit.is_some() => {
                return refuse("early or late firing over rows that change");
            }
            Some(_) if retracts && calls.iter().any(|call| !call.function.retracts()) => {
                return refuse("a function of the program over rows that change");
            }
            Some(window) => {
                let attached = matches!(window, WindowColumns::Attached { .. });
                if emit.is_some() && calls.iter().any(|call| !call.function.retracts()) {
                    return refuse("early or late firing with a function of the program");
                }
                debug_assert!(attached || emit.is_none());
                NodeKind::WindowAggregate { window, keys, aggregates, output, emit }
            }
            None => {
                if retracts && calls.iter().any(|call| !call.function.retracts()) {
                    return refuse("a function of the program over rows that change");
                }
                fields = keys.iter().map(|key| of.field(*key).clone()).collect();
                NodeKind::GroupAggregate { keys, aggregates }
            }
        };
        // A key alone, as in SELECT DISTINCT, comes once and stays while no row is taken back.
        let grows = calls.is_empty() && !retracts;
        let updates = emit.is_some() || (matches!(node, NodeKind::GroupAggregate { .. }) && !grows);
        fields.extend(calls.iter().map(|call| {
            let arguments = call.arguments.iter().map(|at| of.field(*at).name().as_str());
            let arguments: Vec<&str> = arguments.collect();
            let arguments =
                if arguments.is_empty() { "*".to_owned() } else { arguments.join(", ") };
            let distinct = if call.distinct { "DISTINCT " } else { "" };
            let name = format!("{:?}({distinct}{arguments})", call.function);
            Field::new(name, call.result.clone(), true)
        }));
        let id = self.plan.add_like(node, input);
        let node = &mut self.plan.nodes[id];
        node.schema = Arc::new(Schema::new(fields));
        (node.rowtimes, node.proctimes) = (vec![], vec![]);
        node.changelog = if updates { ChangelogMode::Retract } else { ChangelogMode::Append };
        Ok(id)
    }

    /// The columns of a grouping in the order of its logical plan.
    fn arrange(
        &mut self,
        id: NodeId,
        aggregate: &Aggregate,
        output: &[WindowOutput],
        origins: &[Origin],
        window: Option<WindowProperties>,
    ) -> Result<NodeId> {
        let schema = arrow_of(&aggregate.schema);
        let (before, of_window) = match &self.plan.nodes[id].kind {
            NodeKind::GroupAggregate { keys, .. } => (keys.len(), false),
            _ => (output.len(), true),
        };
        let mut properties = window.filter(|window| of_window && !window.grouping);
        let mut times = Vec::new();
        let mut plain = true;
        let mut values = Vec::with_capacity(origins.len());
        let mut positions = WindowPositions::default();
        for (at, origin) in origins.iter().enumerate() {
            let column = match origin {
                Origin::Before(column) => {
                    if of_window {
                        match output[*column] {
                            WindowOutput::Start => positions.start = Some(at),
                            WindowOutput::End => positions.end = Some(at),
                            WindowOutput::Time => {
                                positions.time = Some(at);
                                times.push(at);
                            }
                            WindowOutput::Key(_) => {}
                        }
                    }
                    Some(*column)
                }
                Origin::Aggregate(aggregate) => Some(before + aggregate),
                Origin::Constant(_) => None,
            };
            plain &= column == Some(at);
            values.push(match (column, origin) {
                (Some(column), _) => ScalarExpr::column(schema.field(at).name(), column),
                (None, Origin::Constant(value)) => {
                    ScalarExpr::bind(&Expr::Literal(value.clone(), None), &DFSchema::empty())?
                }
                (None, _) => return Err(SqlError::new("a column that comes from nowhere")),
            });
        }
        let width = self.plan.nodes[id].schema.fields().len();
        let id = if plain && values.len() == width {
            self.plan.nodes[id].schema = schema;
            id
        } else {
            self.calc(id, None, Some(values), Some(schema))
        };
        if let Some(properties) = &mut properties {
            let WindowPositions { start, end, time } = positions;
            *properties = WindowProperties { start, end, time, rowtime: None, ..*properties };
            self.windows.insert(id, *properties);
        }
        if let Some(window) = window.filter(|_| of_window) {
            let node = &mut self.plan.nodes[id];
            if window.window.processing_time {
                node.proctimes = times;
            } else if node.changelog == ChangelogMode::Append {
                node.rowtimes = times;
            }
        }
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
        let user = call.func.inner().downcast_ref::<UserDeclaration>();
        let function = aggregate_function(name, &call.params.args, user)?;
        if !call.params.order_by.is_empty() {
            return Err(SqlError::unsupported(format!("ORDER BY inside {name}")).about(name));
        }
        let function = null_treatment(name, function, call.params.null_treatment)?;
        let distinct = call.params.distinct || name == "APPROX_COUNT_DISTINCT";
        let counts_rows = matches!(function, AggregateFunction::Count)
            && !distinct
            && call.params.args.iter().all(is_present);
        let mut arguments = Vec::new();
        if !counts_rows {
            for argument in read_arguments(name, &call.params.args) {
                self.no_subquery(argument)?;
                arguments.push(match result {
                    DataType::Null => columns.bind(argument)?,
                    _ => columns.bind(&with_nulls(argument, columns.schema)?)?,
                });
            }
        }
        if call.params.distinct && arguments.len() > 1 {
            return Err(
                SqlError::unsupported(format!("{name}(DISTINCT …) of several values")).about(name)
            );
        }
        if call.params.distinct && matches!(function, AggregateFunction::User(_)) {
            return Err(SqlError::unsupported(format!("{name}(DISTINCT …)")).about(name));
        }
        let filter = call.params.filter.as_ref();
        filter.map_or(Ok(()), |filter| self.no_subquery(filter))?;
        let filter = filter.map(|filter| columns.bind(filter)).transpose()?;
        Ok(AggregateCall { function, distinct, arguments, filter, result })
    }

    /// The input of a window function below an aggregate, when only plain columns lie between them and
    /// the aggregate can put groups together from parts.
    fn fusible(
        &self,
        input: NodeId,
        grouping: &Grouping,
        aggregates: &[Expr],
        schema: &DFSchema,
    ) -> Option<Fused> {
        let fused = self.fused(input)?;
        // The window's own columns are not there before the window.
        let width = self.plan.nodes[fused.input].schema.fields().len();
        let of_window =
            |column: usize| fused.columns[column].columns().iter().any(|at| *at >= width);
        let computed = aggregates.iter().filter(|expr| grouping_call(expr).is_none());
        let mut read = computed.flat_map(|expr| expr.column_refs());
        let mut keys = grouping.keys.iter().filter(|(_, property)| property.is_none());
        if read.any(|column| schema.index_of_column(column).map_or(true, of_window))
            || keys.any(|(key, _)| key.columns().into_iter().any(of_window))
        {
            return None;
        }
        let merges = |expr: &Expr| match expr.clone().unalias() {
            Expr::AggregateFunction(call) => {
                call.func.inner().downcast_ref::<UserDeclaration>().is_none()
            }
            _ => true,
        };
        let tumbles = fused.sessions.is_none() && fused.tumbles;
        if !tumbles && !aggregates.iter().all(merges) {
            return None;
        }
        if let Some(keys) = &fused.sessions {
            // The sessions must be those of the groups.
            let plain = grouping.keys.iter().filter(|(_, property)| property.is_none());
            let below = |key: &ScalarExpr| fused.columns[key.as_column()?].as_column();
            let grouped = plain.map(|(key, _)| below(key));
            let mut grouped = grouped.collect::<Option<Vec<_>>>()?;
            let mut keys = keys.clone();
            for columns in [&mut keys, &mut grouped] {
                columns.sort_unstable();
                columns.dedup();
            }
            if grouping.expands || keys != grouped {
                return None;
            }
        }
        Some(fused)
    }

    fn fused(&self, input: NodeId) -> Option<Fused> {
        let node = &self.plan.nodes[input];
        let columns = || {
            let fields = node.schema.fields().iter().enumerate();
            fields.map(|(at, field)| ScalarExpr::column(field.name(), at)).collect()
        };
        match &node.kind {
            NodeKind::WindowTableFunction { rowtime, window } => Some(Fused {
                node: input,
                input: node.inputs[0],
                rowtime: *rowtime,
                columns: columns(),
                sessions: None,
                tumbles: matches!(window.kind, WindowKind::Tumble { .. }),
            }),
            NodeKind::SessionWindow { rowtime, keys, .. } => Some(Fused {
                node: input,
                input: node.inputs[0],
                rowtime: *rowtime,
                columns: columns(),
                sessions: Some(keys.clone()),
                tumbles: false,
            }),
            NodeKind::Calc { condition: None, projection: Some(values) } => {
                let below = self.fused(node.inputs[0])?;
                // What is computed from the window's own columns is not there before the window.
                let width = self.plan.nodes[below.input].schema.fields().len();
                let columns = values
                    .iter()
                    .map(|value| {
                        let value_below = value.over(&below.columns).ok()?;
                        let own = value_below.columns().iter().any(|column| *column >= width);
                        (value_below.as_column().is_some() || !own).then_some(value_below)
                    })
                    .collect::<Option<Vec<_>>>()?;
                Some(Fused { columns, ..below })
            }
            _ => None,
        }
    }
}

#[derive(Default)]
struct WindowPositions {
    start: Option<usize>,
    end: Option<usize>,
    time: Option<usize>,
}

/// Whether an argument is never NULL, so that counting it is counting rows.
pub(crate) fn is_present(argument: &Expr) -> bool {
    match argument {
        Expr::Literal(value, _) => *value != ScalarValue::Null && !value.is_null(),
        _ => false,
    }
}

/// What lies below a window function that an aggregate computes itself.
struct Fused {
    /// The window function.
    node: NodeId,
    /// What it is over.
    input: NodeId,
    rowtime: usize,
    /// For each column that the aggregate sees, what it is over `input`; the window's own columns stand
    /// behind those of `input`.
    columns: Vec<ScalarExpr>,
    /// The columns of `input` by which sessions are cut, if they are sessions.
    sessions: Option<Vec<usize>>,
    /// Whether each row falls into one window.
    tumbles: bool,
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
            Ok(Field::new(name, value.data_type(input)?, true))
        });
        Ok(Arc::new(Schema::new(fields.collect::<Result<Vec<_>>>()?)))
    }
}
