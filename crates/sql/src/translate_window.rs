//! Window functions, ranks of windows, joins of windows and set operations.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema};
use datafusion_common::{DFSchema, JoinType, NullEquality};
use datafusion_expr::logical_plan::{Aggregate, Join};
use datafusion_expr::utils::split_conjunction;
use datafusion_expr::{BinaryExpr, Expr, LogicalPlan, Operator};
use millstream_expr::ScalarExpr;
use millstream_plan::{
    ChangelogMode, JoinKind, Node, NodeId, NodeKind, OrderKey, RankFunction, TimeWindow,
};
use millstream_types::sql_type::type_name;

use crate::diagnostics::{Result, SqlError};
use crate::translate::{Translator, WindowProperties, arrow_of, is_proctime};
use crate::translate_over::rank_call;
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
        if of.changelog != ChangelogMode::Append {
            return Err(SqlError::unsupported("a window over rows that change")
                .hint("put the window below what changes them")
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
        let rest = rest.into_iter().reduce(Expr::and);
        let Some(most) = bounds.most else {
            // Without a last number it is a running number, or nothing that ends.
            let by_time = self.over_by_time(window)?;
            return match by_time {
                true => Ok((self.over(window)?, Some(predicate.clone()))),
                false => Err(SqlError::new(format!("{name} needs a last number that is kept"))
                    .hint("add a condition on it, as in WHERE rownum <= 10")
                    .about(name)),
            };
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
        let Some(properties) = of_window else {
            return Err(SqlError::unsupported(format!("{name} over rows that are in no window"))
                .hint("partition by window_start and window_end of a window function")
                .about(name));
        };
        if self.plan.nodes[prepared].changelog != ChangelogMode::Append {
            return Err(SqlError::unsupported(format!("{name} over rows that change")).about(name));
        }
        let (start, end) = (properties.start.unwrap_or(0), properties.end.unwrap_or(0));
        partition.retain(|column| *column != start && *column != end);
        let order: Vec<OrderKey> = params
            .order_by
            .iter()
            .zip(order)
            .map(|(key, column)| OrderKey {
                column: *column,
                descending: !key.asc,
                nulls_first: key.nulls_first,
            })
            .collect();
        let by_time = match &order[..] {
            [one] => {
                self.plan.nodes[prepared].rowtimes.contains(&one.column)
                    || properties.rowtime == Some(one.column)
            }
            _ => false,
        };
        let last_wins = by_time && order[0].descending && most == 1;
        let kind = NodeKind::WindowRank {
            start,
            end,
            window: properties.window,
            partition,
            order,
            function,
            least: bounds.least,
            most,
            numbered: true,
            last_wins,
        };
        let id = self.plan.add_like(kind, prepared);
        let given = &self.plan.nodes[prepared].schema;
        let fields = given.fields().iter().cloned();
        let numbered = Arc::new(Field::new("$rank", DataType::Int64, false));
        let fields: Vec<Arc<Field>> = fields.chain([numbered]).collect();
        let last = fields.len() - 1;
        self.plan.nodes[id].schema = Arc::new(Schema::new(fields));
        self.windows.insert(id, properties);
        let kept = (0..width).chain([last]);
        let values =
            kept.map(|at| ScalarExpr::column(self.plan.nodes[id].schema.field(at).name(), at));
        let values = values.collect();
        Ok((self.calc(id, None, Some(values), Some(arrow_of(&window.schema))), rest))
    }

    pub(crate) fn join(&mut self, join: &Join) -> Result<NodeId> {
        if let Some(set) = set_operation(join) {
            return self.set_operation(join, set);
        }
        let word = format!("{} JOIN", join.join_type).to_uppercase();
        let kind = match join.join_type {
            JoinType::Inner => JoinKind::Inner,
            JoinType::Left => JoinKind::Left,
            JoinType::Right => JoinKind::Right,
            JoinType::Full => JoinKind::Full,
            JoinType::LeftSemi => JoinKind::Semi,
            JoinType::LeftAnti => JoinKind::Anti,
            _ => return Err(SqlError::unsupported(word).about("JOIN")),
        };
        let (left, right) = (self.node(&join.left)?, self.node(&join.right)?);
        let exprs = |side: fn(&(Expr, Expr)) -> &Expr| -> Vec<Expr> {
            join.on.iter().map(|pair| side(pair).clone()).collect()
        };
        let widths = [left, right].map(|id| self.plan.nodes[id].schema.fields().len());
        let (left, left_on) =
            self.with_columns(left, &exprs(|pair| &pair.0), join.left.schema())?;
        let (right, right_on) =
            self.with_columns(right, &exprs(|pair| &pair.1), join.right.schema())?;
        let pairs: Vec<(usize, usize)> = left_on.into_iter().zip(right_on).collect();
        let of = |id: NodeId| self.windows.get(&id).copied();
        let both = of(left).zip(of(right)).and_then(|(l, r)| {
            let bound =
                |l: Option<usize>, r: Option<usize>| pairs.contains(&(l?, r?)).then_some(());
            bound(l.start, r.start)?;
            bound(l.end, r.end)?;
            Some((l, r)).filter(|_| l.window == r.window)
        });
        let Some((of_left, of_right)) = both else {
            return Err(SqlError::unsupported(format!(
                "{word} of rows that are in no common window"
            ))
            .hint(
                "join two windows of the same kind with L.window_start = R.window_start AND \
                     L.window_end = R.window_end",
            )
            .about("JOIN"));
        };
        for side in [left, right] {
            if self.plan.nodes[side].changelog != ChangelogMode::Append {
                return Err(SqlError::unsupported("a join of rows that change").about("JOIN"));
            }
        }
        let bounds = |window: WindowProperties| {
            [window.start.unwrap_or_default(), window.end.unwrap_or_default()]
        };
        let (left_bounds, right_bounds) = (bounds(of_left), bounds(of_right));
        let windows = left_bounds.iter().copied().zip(right_bounds).collect::<Vec<_>>();
        let mut on: Vec<_> = pairs.into_iter().filter(|pair| !windows.contains(pair)).collect();
        // Positions among the columns of both sides as they are here.
        let left_width = self.plan.nodes[left].schema.fields().len();
        let place = |column: usize| {
            if column < widths[0] { column } else { column - widths[0] + left_width }
        };
        let mut conditions = Vec::new();
        if let Some(filter) = &join.filter {
            self.no_subquery(filter)?;
            let joined = join.left.schema().join(join.right.schema())?;
            let bound = ScalarExpr::bind(filter, &joined)?;
            conditions.push(bound.remap(place)?);
        }
        let mut null_aware = None;
        if join.null_aware
            && let Some(at) = null_aware_pair(join, &windows, &on)
        {
            null_aware = Some(on.remove(at));
        }
        let condition = match conditions.pop() {
            None => None,
            Some(only) => Some(only),
        };
        let equal_nulls = join.null_equality == NullEquality::NullEqualsNull;
        let node = NodeKind::WindowJoin {
            kind,
            left: left_bounds,
            right: right_bounds,
            window: of_left.window,
            on,
            equal_nulls,
            null_aware,
            condition,
        };
        let of = |id: NodeId| &self.plan.nodes[id];
        let one_sided = matches!(kind, JoinKind::Semi | JoinKind::Anti);
        let given: Vec<Arc<Field>> = match one_sided {
            true => of(left).schema.fields().iter().cloned().collect(),
            false => {
                of(left).schema.fields().iter().chain(of(right).schema.fields()).cloned().collect()
            }
        };
        let times = |window: WindowProperties, shift: usize, present: bool| {
            window.time.map(|at| at + shift).filter(|_| present)
        };
        let left_present = !matches!(kind, JoinKind::Right | JoinKind::Full);
        let right_present = matches!(kind, JoinKind::Inner | JoinKind::Right);
        let rowtimes = times(of_left, 0, left_present).into_iter().chain(times(
            of_right,
            left_width,
            right_present,
        ));
        let rowtimes: Vec<usize> = rowtimes.collect();
        let (rowtimes, proctimes) = match of_left.window.processing_time {
            true => (vec![], rowtimes),
            false => (rowtimes, vec![]),
        };
        let id = self.plan.add(Node {
            kind: node,
            inputs: vec![left, right],
            schema: Arc::new(Schema::new(given)),
            rowtimes,
            proctimes,
            changelog: ChangelogMode::Append,
        });
        let properties = match (left_present, right_present) {
            (true, _) => Some(of_left),
            (_, true) => {
                let shift = |column: Option<usize>| column.map(|at| at + left_width);
                Some(WindowProperties {
                    start: shift(of_right.start),
                    end: shift(of_right.end),
                    time: shift(of_right.time),
                    rowtime: shift(of_right.rowtime),
                    ..of_right
                })
            }
            _ => None,
        };
        self.windows.extend(properties.map(|properties| (id, properties)));
        let schema = arrow_of(&join.schema);
        let kept: Vec<usize> = match one_sided {
            true => (0..widths[0]).collect(),
            false => (0..widths[0]).chain(left_width..left_width + widths[1]).collect(),
        };
        let values = kept
            .iter()
            .map(|at| ScalarExpr::column(self.plan.nodes[id].schema.field(*at).name(), *at));
        let values = values.collect();
        Ok(self.calc(id, None, Some(values), Some(schema)))
    }

    fn set_operation(&mut self, join: &Join, (intersect, all): (bool, bool)) -> Result<NodeId> {
        let inputs = vec![self.node(&join.left)?, self.node(&join.right)?];
        let appends = |id: &NodeId| self.plan.nodes[*id].changelog == ChangelogMode::Append;
        let changelog = match intersect && inputs.iter().all(appends) {
            true => ChangelogMode::Append,
            false => ChangelogMode::Retract,
        };
        let schema = arrow_of(&join.schema);
        let kind = NodeKind::SetOperation { intersect, all };
        let (rowtimes, proctimes) = (vec![], vec![]);
        Ok(self.plan.add(Node { kind, inputs, schema, rowtimes, proctimes, changelog }))
    }
}

/// Which of the pairs that must be equal is that of NOT IN.
fn null_aware_pair(
    join: &Join,
    windows: &[(usize, usize)],
    on: &[(usize, usize)],
) -> Option<usize> {
    // The IN comes first, what the subquery refers to around it follows.
    let first = join.on.first()?;
    let column = |expr: &Expr, schema: &DFSchema| match expr {
        Expr::Column(column) => schema.index_of_column(column).ok(),
        _ => None,
    };
    let pair = (column(&first.0, join.left.schema())?, column(&first.1, join.right.schema())?);
    let place = on.iter().position(|known| *known == pair);
    place.or_else(|| (!windows.is_empty() && !on.is_empty()).then_some(0))
}

/// Whether a join is INTERSECT (true) or EXCEPT (false), and whether ALL.
fn set_operation(join: &Join) -> Option<(bool, bool)> {
    let intersect = match join.join_type {
        JoinType::LeftSemi => true,
        JoinType::LeftAnti => false,
        _ => return None,
    };
    let (left, right) = (join.left.schema(), join.right.schema());
    let at = |expr: &Expr, schema: &DFSchema| match expr {
        Expr::Column(column) => schema.index_of_column(column).ok(),
        _ => None,
    };
    let alike = join.null_equality == NullEquality::NullEqualsNull
        && join.filter.is_none()
        && left.fields().len() == right.fields().len()
        && join.on.len() == left.fields().len()
        && (join.on.iter().enumerate())
            .all(|(i, (l, r))| at(l, left) == Some(i) && at(r, right) == Some(i));
    alike.then(|| (intersect, !is_distinct(&join.left)))
}

/// Whether no row of a relation comes twice, because it is a grouping by all of its columns.
fn is_distinct(plan: &LogicalPlan) -> bool {
    match plan {
        LogicalPlan::Aggregate(Aggregate { aggr_expr, .. }) => aggr_expr.is_empty(),
        LogicalPlan::Distinct(_) => true,
        LogicalPlan::SubqueryAlias(alias) => is_distinct(&alias.input),
        LogicalPlan::Projection(projection) => {
            projection.expr.iter().all(|expr| matches!(expr.clone().unalias(), Expr::Column(_)))
                && projection.expr.len() == projection.input.schema().fields().len()
                && is_distinct(&projection.input)
        }
        _ => false,
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
                    Operator::Lt => self.at_most(value - 1),
                    Operator::GtEq => self.at_least(value),
                    Operator::Gt => self.at_least(value + 1),
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
