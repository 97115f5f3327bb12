//! Window functions, ranks of windows, joins of windows and set operations.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion_common::DFSchema;
use datafusion_expr::utils::split_conjunction;
use datafusion_expr::{BinaryExpr, Expr, Operator, lit};
use millstream_expr::ScalarExpr;
use millstream_plan::{ChangelogMode, NodeId, NodeKind, RankFunction, TimeWindow};
use millstream_types::sql_type::type_name;

use crate::diagnostics::{Result, SqlError};
use crate::translate::{Translator, WindowProperties, arrow_of, is_proctime};
use crate::translate_over::{order_keys, rank_call};
use crate::window::WindowNode;

impl Translator<'_> {
    pub(crate) fn window(&mut self, window: &WindowNode) -> Result<NodeId> {
        let input = self.node(&window.input)?;
        let Expr::Column(column) = &window.rowtime else {
            return Err(SqlError::new("DESCRIPTOR names a column"));
        };
        let name = &column.name;
        let rowtime = window.input.schema().index_of_column(column)?;
        let of = &self.plan.nodes[input];
        let data_type = of.schema.field(rowtime).data_type().clone();
        let processing_time = of.proctimes.contains(&rowtime);
        if !processing_time && !of.rowtimes.contains(&rowtime) {
            let message = match &data_type {
                DataType::Timestamp(..) => {
                    format!("a window needs a time attribute, and \"{name}\" has no watermark")
                }
                other => format!(
                    "a window needs a time attribute, and \"{name}\" is {}",
                    type_name(other)
                ),
            };
            return Err(SqlError::new(message)
                .hint(format!(
                    "declare one in CREATE TABLE: WATERMARK FOR {name} AS {name} - INTERVAL '5' SECOND; \
                     after a window, window_time is one"
                ))
                .about(name));
        }
        if of.changelog != ChangelogMode::Append && !window.kind.is_aligned() {
            return Err(SqlError::unsupported("SESSION over rows that change")
                .hint("TUMBLE, HOP and CUMULATE are; or put the window below what changes them")
                .about(name));
        }
        let zone = match &data_type {
            DataType::Timestamp(_, Some(_)) => Some(self.catalog.zone()),
            _ => None,
        };
        let kind = TimeWindow { kind: window.kind, zone, processing_time };
        let (input, keys) = self.with_columns(input, &window.partition, window.input.schema())?;
        let schema = arrow_of(datafusion_expr::UserDefinedLogicalNodeCore::schema(window));
        let width = schema.fields().len() - 3;
        let node = match kind.kind.is_aligned() {
            true => NodeKind::WindowTableFunction { rowtime, window: kind },
            false => NodeKind::SessionWindow { rowtime, keys, window: kind },
        };
        let id = self.plan.add_like(node, input);
        // Columns that were only computed as keys stand between the relation's and the window's.
        let given = self.plan.nodes[input].schema.fields().len();
        let computed = self.plan.nodes[input].schema.fields().iter().skip(width);
        let fields = schema.fields().iter();
        let all: Vec<Arc<Field>> =
            fields.clone().take(width).chain(computed).chain(fields.skip(width)).cloned().collect();
        let node = &mut self.plan.nodes[id];
        node.schema = Arc::new(Schema::new(all));
        // The original time attribute is plain data from here on.
        (node.rowtimes, node.proctimes) = match processing_time {
            true => (vec![], vec![given + 2]),
            false => (vec![given + 2], vec![]),
        };
        let properties = WindowProperties {
            start: Some(given),
            end: Some(given + 1),
            time: Some(given + 2),
            rowtime: Some(rowtime),
            window: kind,
            grouping: window.grouping,
        };
        self.windows.insert(id, properties);
        if given == width {
            return Ok(id);
        }
        let kept = (0..width).chain(given..given + 3);
        let values =
            kept.map(|at| ScalarExpr::column(self.plan.nodes[id].schema.field(at).name(), at));
        let values = values.collect();
        Ok(self.calc(id, None, Some(values), Some(schema)))
    }

    /// Rows of which no column is asked for, with one: operators that keep rows keep their columns.
    pub(crate) fn with_any_column(&mut self, id: NodeId) -> Result<NodeId> {
        if !self.plan.nodes[id].schema.fields().is_empty() {
            return Ok(id);
        }
        Ok(self.with_columns(id, &[lit(true)], &DFSchema::empty())?.0)
    }

    /// A node with some expressions among its columns, and their positions: those that are no columns
    /// are computed behind all others.
    pub(crate) fn with_columns(
        &mut self,
        input: NodeId,
        exprs: &[Expr],
        schema: &DFSchema,
    ) -> Result<(NodeId, Vec<usize>)> {
        let of = Arc::clone(&self.plan.nodes[input].schema);
        let columns = of.fields().iter().enumerate();
        let mut values: Vec<ScalarExpr> =
            columns.map(|(at, field)| ScalarExpr::column(field.name(), at)).collect();
        let mut fields: Vec<Field> = of.fields().iter().map(|f| f.as_ref().clone()).collect();
        let mut positions = Vec::with_capacity(exprs.len());
        let mut clocks = Vec::new();
        for expr in exprs {
            self.no_subquery(expr)?;
            let value = ScalarExpr::bind(expr, schema)?;
            positions.push(match value.as_column() {
                Some(at) => at,
                None => {
                    if is_proctime(expr) {
                        clocks.push(values.len());
                    }
                    let name = format!("${}", values.len());
                    fields.push(Field::new(name, value.data_type(&of)?, true));
                    values.push(value);
                    values.len() - 1
                }
            });
        }
        if values.len() == of.fields().len() {
            return Ok((input, positions));
        }
        let id = self.calc(input, None, Some(values), Some(Arc::new(Schema::new(fields))));
        self.plan.nodes[id].proctimes.extend(clocks);
        Ok((id, positions))
    }

    /// The rows of windows that a condition on their rank keeps, and what is left of the condition.
    pub(crate) fn rank(
        &mut self,
        window: &datafusion_expr::logical_plan::Window,
        predicate: &Expr,
        reads: Option<&[Expr]>,
    ) -> Result<(NodeId, Option<Expr>)> {
        let Some((name, function, params)) = rank_call(window) else {
            return Err(SqlError::unsupported("this rank").about("OVER"));
        };
        let number = window.schema.columns().pop();
        let mut bounds = Bounds { least: 1, most: None };
        let mut rest = Vec::new();
        for condition in split_conjunction(predicate) {
            if !bounds.take(condition, number.as_ref()) {
                rest.push(condition.clone());
            }
        }
        if bounds.most.is_none() {
            let named = rest.iter().filter_map(|condition| greatest(condition, number.as_ref()));
            bounds.most = named.min();
        }
        let rest = rest.into_iter().reduce(Expr::and);
        let Some(most) = bounds.most else {
            // Without a last number it is a running number.
            return Ok((self.over(window)?, Some(predicate.clone())));
        };
        if params.order_by.is_empty() {
            return Err(SqlError::new(format!("{name} needs an ORDER BY")).about(name));
        }
        let input = self.node(&window.input)?;
        let schema = window.input.schema();
        let mut exprs = params.partition_by.clone();
        exprs.extend(params.order_by.iter().map(|key| key.expr.clone()));
        let width = self.plan.nodes[input].schema.fields().len();
        let (prepared, positions) = self.with_columns(input, &exprs, schema)?;
        let (mut partition, order) = (
            positions[..params.partition_by.len()].to_vec(),
            &positions[params.partition_by.len()..],
        );
        let of_window = self.windows.get(&prepared).copied().filter(|properties| {
            let has = |column: Option<usize>| column.is_some_and(|at| partition.contains(&at));
            !properties.grouping && has(properties.start) && has(properties.end)
        });
        let order = order_keys(&params.order_by, order);
        let of = &self.plan.nodes[prepared];
        let is_time = |column: usize| {
            let of_window = self.windows.get(&prepared).and_then(|window| window.rowtime);
            of.rowtimes.contains(&column)
                || of.proctimes.contains(&column)
                || of_window == Some(column)
        };
        let by_time = matches!(&order[..], [one] if is_time(one.column));
        let last_wins = by_time && order[0].descending && most == 1;
        let of_window = of_window.filter(|_| of.changelog == ChangelogMode::Append);
        // A number that nobody reads is not put out, so that rows that only change places are not either.
        let read =
            |expr: &Expr| number.as_ref().is_none_or(|number| expr.column_refs().contains(number));
        let read_above = reads.is_none_or(|reads| reads.iter().any(read));
        let (least, numbered) = (bounds.least, read_above || rest.iter().any(read));
        let Some(properties) = of_window else {
            let first_alone = (least, most) == (1, 1)
                && matches!(function, RankFunction::RowNumber)
                && of.changelog == ChangelogMode::Append;
            if let [one] = &order[..]
                && first_alone
                && !one.descending
                && of.rowtimes.contains(&one.column)
            {
                let kind = NodeKind::Deduplicate { partition, rowtime: one.column };
                let id = self.plan.add_like(kind, prepared);
                return Ok((self.first_by_time(id, width, numbered, &window.schema)?, rest));
            }
            // The first row by the clock is the first to come, and stays.
            let by_clock = by_time && of.proctimes.contains(&order[0].column);
            let first = by_clock && !order[0].descending && first_alone;
            let order = if first { Vec::new() } else { order };
            let kind =
                NodeKind::Rank { partition, order, function, least, most, numbered, last_wins };
            let id = self.ranked(prepared, width, kind, first, &arrow_of(&window.schema));
            return Ok((id, rest));
        };
        let (start, end) = (properties.start.unwrap_or(0), properties.end.unwrap_or(0));
        partition.retain(|column| *column != start && *column != end);
        let kind = NodeKind::WindowRank {
            start,
            end,
            window: properties.window,
            partition,
            order,
            function,
            least,
            most,
            numbered,
            last_wins,
        };
        let id = self.ranked(prepared, width, kind, true, &arrow_of(&window.schema));
        self.windows.insert(id, properties);
        Ok((id, rest))
    }

    /// The first `width` columns of rows that are all first, and their number where it is read.
    fn first_by_time(
        &mut self,
        id: NodeId,
        width: usize,
        numbered: bool,
        schema: &DFSchema,
    ) -> Result<NodeId> {
        let given = Arc::clone(&self.plan.nodes[id].schema);
        let column = |at: usize| ScalarExpr::column(given.field(at).name(), at);
        let mut values: Vec<ScalarExpr> = (0..width).map(column).collect();
        if numbered {
            values.push(ScalarExpr::bind(&lit(1_i64), &DFSchema::empty())?);
        }
        let fields = schema.as_arrow().fields()[..values.len()].to_vec();
        Ok(self.calc(id, None, Some(values), Some(Arc::new(Schema::new(fields)))))
    }

    /// Adds a rank with its number, if it has one, behind the first `width` columns of its input.
    fn ranked(
        &mut self,
        input: NodeId,
        width: usize,
        kind: NodeKind,
        appends: bool,
        schema: &SchemaRef,
    ) -> NodeId {
        let has_time = matches!(kind, NodeKind::WindowRank { .. });
        let id = self.plan.add_like(kind, input);
        let given = &self.plan.nodes[input].schema;
        let numbered = match self.plan.nodes[id].kind {
            NodeKind::Rank { numbered, .. } | NodeKind::WindowRank { numbered, .. } => numbered,
            _ => true,
        };
        let number = numbered.then(|| Arc::new(Field::new("$rank", DataType::Int64, false)));
        let last = numbered.then_some(given.fields().len());
        let fields: Vec<Arc<Field>> = given.fields().iter().cloned().chain(number).collect();
        let node = &mut self.plan.nodes[id];
        node.schema = Arc::new(Schema::new(fields));
        if !appends {
            node.changelog = ChangelogMode::Retract;
        }
        if !has_time {
            (node.rowtimes, node.proctimes) = (vec![], vec![]);
        }
        let kept = (0..width).chain(last);
        let values =
            kept.map(|at| ScalarExpr::column(self.plan.nodes[id].schema.field(at).name(), at));
        let values: Vec<ScalarExpr> = values.collect();
        let fields = schema.fields()[..values.len()].to_vec();
        self.calc(id, None, Some(values), Some(Arc::new(Schema::new(fields))))
    }
}

/// The numbers that conditions on a rank keep.
struct Bounds {
    least: u64,
    most: Option<u64>,
}

impl Bounds {
    /// Takes a condition; whether it is about nothing but the number.
    fn take(&mut self, condition: &Expr, number: Option<&datafusion_common::Column>) -> bool {
        let is_number = |expr: &Expr| match expr {
            Expr::Column(column) => Some(column) == number,
            _ => false,
        };
        match condition {
            Expr::BinaryExpr(BinaryExpr { left, op, right }) => {
                let (op, value) = if is_number(left) {
                    (Some(*op), constant(right))
                } else if is_number(right) {
                    (op.swap(), constant(left))
                } else {
                    return false;
                };
                let (Some(op), Some(value)) = (op, value) else { return false };
                match op {
                    Operator::LtEq => self.at_most(value),
                    Operator::Lt => self.at_most(value.saturating_sub(1)),
                    Operator::GtEq => self.at_least(value),
                    Operator::Gt => match value.checked_add(1) {
                        Some(least) => self.at_least(least),
                        // No number is greater.
                        None => self.at_most(0),
                    },
                    Operator::Eq => {
                        self.at_least(value);
                        self.at_most(value);
                    }
                    _ => return false,
                }
                true
            }
            Expr::Between(between) if !between.negated && is_number(&between.expr) => {
                let (Some(low), Some(high)) = (constant(&between.low), constant(&between.high))
                else {
                    return false;
                };
                self.at_least(low);
                self.at_most(high);
                true
            }
            _ => false,
        }
    }

    fn at_most(&mut self, value: i64) {
        let value = value.max(0) as u64;
        self.most = Some(self.most.map_or(value, |most| most.min(value)));
    }

    fn at_least(&mut self, value: i64) {
        self.least = self.least.max(value.max(1) as u64);
    }
}

/// The last number that a condition keeps which names several, as in `IN (1, 3)`.
fn greatest(condition: &Expr, number: Option<&datafusion_common::Column>) -> Option<u64> {
    match condition {
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Or, right }) => {
            Some(greatest(left, number)?.max(greatest(right, number)?))
        }
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::And, right }) => {
            [left, right].into_iter().filter_map(|side| greatest(side, number)).min()
        }
        Expr::InList(list) if !list.negated => match &*list.expr {
            Expr::Column(column) if Some(column) == number => {
                let numbers = list.list.iter().map(|value| Some(constant(value)?.max(0) as u64));
                numbers.collect::<Option<Vec<_>>>()?.into_iter().max()
            }
            _ => None,
        },
        one => {
            let mut bounds = Bounds { least: 1, most: None };
            bounds.take(one, number);
            bounds.most
        }
    }
}

fn constant(expr: &Expr) -> Option<i64> {
    match expr {
        Expr::Literal(value, _) => {
            let wide = value.cast_to(&DataType::Int64).ok()?;
            match wide {
                datafusion_common::ScalarValue::Int64(value) => value,
                _ => None,
            }
        }
        _ => None,
    }
}

/// How a function numbers rows, if it is a rank.
pub(crate) fn rank_function(name: &str) -> Option<RankFunction> {
    match name {
        "ROW_NUMBER" => Some(RankFunction::RowNumber),
        "RANK" => Some(RankFunction::Rank),
        "DENSE_RANK" => Some(RankFunction::DenseRank),
        _ => None,
    }
}
