//! Aggregates with OVER.

use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::datatypes::{DataType, Schema};
use datafusion_common::{DFSchema, ScalarValue};
use datafusion_expr::expr::{NullTreatment, WindowFunctionParams};
use datafusion_expr::logical_plan::{Sort, Window};
use datafusion_expr::{
    Expr, ExprSchemable, LogicalPlan, WindowFrameBound, WindowFrameUnits, WindowFunctionDefinition,
    lit,
};
use millstream_expr::ScalarExpr;
use millstream_expr::aggregates::WINDOW_NAMES;
use millstream_plan::{
    AggregateCall, AggregateFunction, ChangelogMode, NodeId, NodeKind, OrderKey, OverCall, Place,
    RankFunction, SortedCall, Span, SpanUnit,
};
use millstream_types::sql_type::type_name;

use crate::aggregate_call::{aggregate_function, null_treatment};
use crate::diagnostics::{Result, SqlError};
use crate::over_frame::{frame, looks_ahead, needs_order, span};
use crate::translate::{Translator, arrow_of, with_nulls};
use crate::translate_window::rank_function;

/// The name and the parts of a call with OVER.
fn over_call(expr: &Expr) -> Result<(&str, &WindowFunctionParams)> {
    let inner = match expr {
        Expr::Alias(alias) => alias.expr.as_ref(),
        other => other,
    };
    match inner {
        Expr::WindowFunction(function) => match &function.fun {
            WindowFunctionDefinition::AggregateUDF(udaf) => Ok((udaf.name(), &function.params)),
            WindowFunctionDefinition::WindowUDF(udwf) => {
                Err(SqlError::unsupported(format!("{} with OVER", udwf.name())).about(udwf.name()))
            }
        },
        other => Err(SqlError::unsupported(format!("{other} with OVER")).about("OVER")),
    }
}

/// The rank that a node computes, if it is all it does.
pub(crate) fn rank_call(window: &Window) -> Option<(&str, RankFunction, &WindowFunctionParams)> {
    let [only] = &window.window_expr[..] else { return None };
    let (name, params) = over_call(only).ok()?;
    Some((name, rank_function(name)?, params))
}

/// Whether a node computes a rank and nothing else.
pub(crate) fn is_rank(window: &Window) -> bool {
    rank_call(window).is_some()
}

/// Whether lateness depends on how far a row's key has come, and not only on the watermark.
pub(crate) fn follows_keys(window: &Window) -> bool {
    let frame = |expr: &Expr| over_call(expr).map(|(_, params)| params.window_frame.clone());
    window.window_expr.iter().filter_map(|expr| frame(expr).ok()).any(|frame| {
        frame.units == WindowFrameUnits::Range
            && matches!(&frame.start_bound, WindowFrameBound::Preceding(back) if !back.is_null())
    })
}

impl Translator<'_> {
    pub(crate) fn over(&mut self, window: &Window) -> Result<NodeId> {
        let input = self.node(&window.input)?;
        let schema = window.input.schema();
        let width = self.plan.nodes[input].schema.fields().len();
        // The columns that the calls read: partition, order, arguments.
        let mut exprs: Vec<Expr> = Vec::new();
        let mut parts = Vec::new();
        for expr in &window.window_expr {
            let (name, params) = over_call(expr)?;
            let start = exprs.len();
            exprs.extend(params.partition_by.iter().cloned());
            exprs.extend(params.order_by.iter().map(|key| key.expr.clone()));
            let arguments = arguments(name, params);
            for argument in &arguments {
                exprs.push(match expr.get_type(schema)? {
                    DataType::Null => argument.clone(),
                    _ => with_nulls(argument, schema)?,
                });
            }
            exprs.extend(params.filter.as_deref().cloned());
            parts.push((name, params, start, arguments.len()));
        }
        // Rows without any column cannot be told apart, nor kept.
        if exprs.is_empty() && width == 0 {
            exprs.push(lit(true));
        }
        let (prepared, positions) = self.with_columns(input, &exprs, schema)?;
        let (mut partition, mut keys) = (Vec::new(), Vec::new());
        if let Some((_, params, start, _)) = parts.first() {
            let order = start + params.partition_by.len();
            partition = positions[*start..order].to_vec();
            keys = order_keys(&params.order_by, &positions[order..]);
        }
        let appends = self.plan.nodes[prepared].changelog == ChangelogMode::Append;
        let ahead = parts.iter().any(|(name, params, ..)| looks_ahead(name, params));
        let time =
            self.time_of_order(prepared, &keys).filter(|_| appends && keys.len() == 1 && !ahead);
        let order_type = match keys.as_slice() {
            [key] => Some(self.plan.nodes[prepared].schema.field(key.column).data_type().clone()),
            _ => None,
        };
        let (mut by_time, mut sorted) = (Vec::new(), Vec::new());
        for (at, (name, params, start, arguments)) in parts.into_iter().enumerate() {
            let first = start + params.partition_by.len() + params.order_by.len();
            let last = first + arguments;
            let result = window.schema.field(width_of(schema) + at).data_type().clone();
            plain_call(name, params)?;
            if let Some(place) = place(name, params)? {
                sorted.push(SortedCall::Place(place));
                continue;
            }
            let function = match name {
                "LAG" => {
                    let (offset, default) = offset_and_default(name, params, &result)?;
                    AggregateFunction::Lag { offset, default }
                }
                // It is the last row of those that its frame ends with.
                "LEAD" => {
                    let (_, default) = offset_and_default(name, params, &result)?;
                    AggregateFunction::Lag { offset: 0, default }
                }
                "ROW_NUMBER" => AggregateFunction::Count,
                "RANK" | "DENSE_RANK" => AggregateFunction::Rank { dense: name == "DENSE_RANK" },
                _ => {
                    let function = aggregate_function(name, &params.args, None)?;
                    null_treatment(name, function, params.null_treatment)?
                }
            };
            let retracts = function.retracts();
            let call = AggregateCall {
                function,
                distinct: params.distinct,
                arguments: positions[first..last].to_vec(),
                filter: params.filter.as_ref().map(|_| positions[last]),
                result,
            };
            let is_bounded = match time {
                Some(_) => {
                    let frame = frame(name, params)?;
                    by_time.push(OverCall { call, frame });
                    frame.is_bounded()
                }
                None => {
                    let span = match name {
                        "LEAD" => {
                            let by = offset_and_default(name, params, &call.result)?.0 as i128;
                            Span { unit: SpanUnit::Rows, from: Some(by), to: Some(by) }
                        }
                        _ => span(name, params, order_type.as_ref())?,
                    };
                    sorted.push(SortedCall::Aggregate { call, span });
                    span.from.is_some()
                }
            };
            if is_bounded && !retracts {
                return Err(SqlError::unsupported(format!(
                    "{name}, a function of the program, over a frame that rows leave"
                ))
                .hint("use UNBOUNDED PRECEDING")
                .about(name));
            }
        }
        let kind = match time {
            Some(time) => NodeKind::OverAggregate {
                time,
                processing_time: self.plan.nodes[prepared].proctimes.contains(&time),
                partition,
                ties: Vec::new(),
                calls: by_time,
            },
            None => NodeKind::SortedOver { partition, order: keys, calls: sorted },
        };
        let id = self.plan.add_like(kind, prepared);
        if time.is_none() {
            let node = &mut self.plan.nodes[id];
            node.changelog = ChangelogMode::Retract;
            (node.rowtimes, node.proctimes) = (vec![], vec![]);
        }
        let given = self.plan.nodes[prepared].schema.fields().len();
        let result = arrow_of(&window.schema);
        let own = result.fields().iter().skip(width).cloned();
        let all = self.plan.nodes[prepared].schema.fields().iter().cloned().chain(own);
        let all: Vec<_> = all.collect();
        let count = all.len() - given;
        self.plan.nodes[id].schema = Arc::new(Schema::new(all));
        if let Some(properties) = self.windows.get(&prepared).copied()
            && time.is_some()
        {
            self.windows.insert(id, properties);
        }
        if given == width {
            self.plan.nodes[id].schema = result;
            return Ok(id);
        }
        let kept = (0..width).chain(given..given + count);
        let values =
            kept.map(|at| ScalarExpr::column(self.plan.nodes[id].schema.field(at).name(), at));
        let values = values.collect();
        Ok(self.calc(id, None, Some(values), Some(result)))
    }

    /// The first rows in some order, when LIMIT stands above ORDER BY; `None` when it does not.
    pub(crate) fn first_in_order(
        &mut self,
        plan: &LogicalPlan,
        skip: usize,
        fetch: Option<usize>,
    ) -> Result<Option<NodeId>> {
        let sort = match plan {
            LogicalPlan::Sort(sort) => sort,
            LogicalPlan::Projection(projection) => {
                let Some(id) = self.first_in_order(&projection.input, skip, fetch)? else {
                    return Ok(None);
                };
                let (values, schema) = (projection.expr.clone(), arrow_of(&projection.schema));
                let id = self.calc_of(id, None, values, projection.input.schema(), schema)?;
                return Ok(Some(id));
            }
            _ => return Ok(None),
        };
        let (input, order) = self.order(sort)?;
        let width = sort.input.schema().fields().len();
        let id = self.first_rows(input, order, skip, fetch);
        Ok(Some(self.first_columns(id, width)))
    }

    /// The rows from `skip` on, `fetch` of them, in an order or as they came; they change as rows do.
    pub(crate) fn first_rows(
        &mut self,
        input: NodeId,
        order: Vec<OrderKey>,
        skip: usize,
        fetch: Option<usize>,
    ) -> NodeId {
        let most = fetch.map_or(u64::MAX, |fetch| (skip + fetch) as u64);
        let kind = NodeKind::Rank {
            partition: vec![],
            order,
            function: RankFunction::RowNumber,
            least: skip as u64 + 1,
            most,
            numbered: false,
            last_wins: false,
        };
        let id = self.plan.add_like(kind, input);
        let node = &mut self.plan.nodes[id];
        node.changelog = ChangelogMode::Retract;
        (node.rowtimes, node.proctimes) = (vec![], vec![]);
        id
    }

    /// The first columns of a node, without what was computed behind them.
    fn first_columns(&mut self, id: NodeId, width: usize) -> NodeId {
        let schema = Arc::clone(&self.plan.nodes[id].schema);
        if schema.fields().len() == width {
            return id;
        }
        let fields = schema.fields().iter().take(width);
        let values = fields
            .clone()
            .enumerate()
            .map(|(at, field)| ScalarExpr::column(field.name(), at))
            .collect();
        let kept = Arc::new(Schema::new(fields.cloned().collect::<Vec<_>>()));
        self.calc(id, None, Some(values), Some(kept))
    }

    /// What a sort orders by, among the columns of a node.
    fn order(&mut self, sort: &Sort) -> Result<(NodeId, Vec<OrderKey>)> {
        let input = self.node(&sort.input)?;
        let exprs: Vec<Expr> = sort.expr.iter().map(|key| key.expr.clone()).collect();
        let (prepared, columns) = self.with_columns(input, &exprs, sort.input.schema())?;
        Ok((prepared, order_keys(&sort.expr, &columns)))
    }

    /// The time attribute that an order starts with.
    fn time_of_order(&self, input: NodeId, order: &[OrderKey]) -> Option<usize> {
        let of = &self.plan.nodes[input];
        let first = order.first().filter(|first| !first.descending)?;
        let is_time =
            |column: &usize| of.rowtimes.contains(column) || of.proctimes.contains(column);
        Some(first.column).filter(is_time)
    }

    /// ORDER BY: of rows that append by time as the watermark moves on, any other when the input has ended.
    pub(crate) fn sort(&mut self, sort: &Sort) -> Result<NodeId> {
        let (prepared, order) = self.order(sort)?;
        let of = &self.plan.nodes[prepared];
        let time = self.time_of_order(prepared, &order);
        let kind = match time.filter(|_| of.changelog == ChangelogMode::Append) {
            Some(time) => NodeKind::OverAggregate {
                time,
                processing_time: of.proctimes.contains(&time),
                partition: Vec::new(),
                ties: order[1..].to_vec(),
                calls: Vec::new(),
            },
            None => NodeKind::Sort { order },
        };
        let at_end = matches!(kind, NodeKind::Sort { .. });
        let id = self.plan.add_like(kind, prepared);
        if at_end {
            let node = &mut self.plan.nodes[id];
            node.changelog = ChangelogMode::Append;
            (node.rowtimes, node.proctimes) = (vec![], vec![]);
        }
        Ok(self.first_columns(id, sort.input.schema().fields().len()))
    }
}

/// What rows are ordered by, among some columns.
pub(crate) fn order_keys(order: &[datafusion_expr::SortExpr], columns: &[usize]) -> Vec<OrderKey> {
    let keys = order.iter().zip(columns).map(|(key, column)| OrderKey {
        column: *column,
        descending: !key.asc,
        nulls_first: key.nulls_first,
    });
    keys.collect()
}

fn width_of(schema: &DFSchema) -> usize {
    schema.fields().len()
}

/// The arguments of a call that are read from the rows.
fn arguments(name: &str, params: &WindowFunctionParams) -> Vec<Expr> {
    let all = &params.args;
    match name {
        "ROW_NUMBER" | "NTILE" | "PERCENT_RANK" | "CUME_DIST" => Vec::new(),
        "RANK" | "DENSE_RANK" => params.order_by.iter().map(|key| key.expr.clone()).collect(),
        "COUNT" if !params.distinct && all.iter().all(crate::translate_aggregate::is_present) => {
            Vec::new()
        }
        _ => crate::aggregate_call::read_arguments(name, all).into_iter().cloned().collect(),
    }
}

/// # Errors
/// When a call of a function of places and neighbours has what only aggregates have.
fn plain_call(name: &str, params: &WindowFunctionParams) -> Result<()> {
    if !WINDOW_NAMES.contains(&name) {
        return Ok(());
    }
    let refused = match params {
        _ if params.null_treatment == Some(NullTreatment::IgnoreNulls) => "IGNORE NULLS",
        _ if params.filter.is_some() => "FILTER",
        _ if params.distinct => "DISTINCT",
        _ => return Ok(()),
    };
    Err(SqlError::unsupported(format!("{name} with {refused}")).about(name))
}

/// What a call is that asks for the place of a row alone.
fn place(name: &str, params: &WindowFunctionParams) -> Result<Option<Place>> {
    let place = match name {
        "PERCENT_RANK" => Place::PercentRank,
        "CUME_DIST" => Place::CumeDist,
        "NTILE" => {
            let parts = match constant(name, &params.args, 0)? {
                Some(value) => value.cast_to(&DataType::Int64)?,
                None => ScalarValue::Null,
            };
            let ScalarValue::Int64(Some(parts @ 1..)) = parts else {
                return Err(SqlError::new(format!("NTILE cannot make {parts} parts"))
                    .hint("write NTILE(4) OVER (ORDER BY column): the number is 1 or more")
                    .about("NTILE"));
            };
            Place::Ntile(parts.unsigned_abs())
        }
        _ => return Ok(None),
    };
    needs_order(name, params)?;
    Ok(Some(place))
}

/// An argument that has to be a constant; `None` when it was not given.
fn constant(name: &str, arguments: &[Expr], at: usize) -> Result<Option<ScalarValue>> {
    let not_constant = || {
        let (what, hint) = match name {
            "NTILE" => {
                ("the argument of NTILE is a constant".to_owned(), "write NTILE(4)".to_owned())
            }
            _ => (format!("the offset of {name} is a constant"), format!("write {name}(value, 1)")),
        };
        SqlError::new(what).hint(hint).about(name)
    };
    match arguments.get(at).map(|expr| expr.clone().unalias()) {
        None => Ok(None),
        Some(Expr::Literal(value, _)) => Ok(Some(value)),
        Some(Expr::Cast(cast)) => match *cast.expr {
            Expr::Literal(value, _) => Ok(Some(value.cast_to(cast.field.data_type())?)),
            _ => Err(not_constant()),
        },
        Some(_) => Err(not_constant()),
    }
}

/// How many rows LAG and LEAD look away, and what they give where there is none, of the type of the others.
fn offset_and_default(
    name: &str,
    params: &WindowFunctionParams,
    result: &DataType,
) -> Result<(usize, Option<ArrayRef>)> {
    let offset = match constant(name, &params.args, 1)? {
        None => 1,
        Some(value) => match value.cast_to(&DataType::Int64)? {
            ScalarValue::Int64(Some(offset)) if (0..=1_000_000).contains(&offset) => {
                offset as usize
            }
            other => {
                let way = if name == "LAG" { "back" } else { "ahead" };
                return Err(SqlError::new(format!("the offset of {name} cannot be {other}"))
                    .hint(format!("it is the number of rows to look {way}: 0 or more"))
                    .about(name));
            }
        },
    };
    let default: Option<ArrayRef> = match constant(name, &params.args, 2)? {
        Some(value) if !value.is_null() => {
            let fits = value.cast_to(result).ok();
            let fits = fits
                .filter(|fits| fits.cast_to(&value.data_type()).is_ok_and(|again| again == value));
            let fits = fits.ok_or_else(|| {
                let (value, due) = (value.to_string(), type_name(result));
                SqlError::new(format!("the default of {name} is {due}, which {value} is not"))
                    .hint(format!("write CAST(… AS {due})"))
                    .about(name)
            });
            Some(fits?.to_array()?)
        }
        _ => None,
    };
    Ok((offset, default))
}
