//! Joins that follow time: within an interval, and with the version of a table at a point in time.

use std::sync::Arc;

use arrow::datatypes::{DataType, Schema};
use datafusion_common::{DFSchema, NullEquality, ScalarValue};
use datafusion_expr::logical_plan::Join;
use datafusion_expr::utils::split_conjunction;
use datafusion_expr::{BinaryExpr, Expr, Operator};
use millstream_expr::ScalarExpr;
use millstream_plan::{
    ChangelogMode, JoinKind, Node, NodeId, NodeKind, OrderKey, RankFunction, Table,
};

use crate::diagnostics::{Result, SqlError};
use crate::temporal::TemporalNode;
use crate::translate::{Translator, arrow_of};
use crate::translate_join::Sides;

/// How far the times of a pair are apart: right minus left, in ms.
#[derive(Default)]
struct Interval {
    times: Option<(usize, usize)>,
    least: Option<i64>,
    most: Option<i64>,
}

/// A time attribute, by its position among the columns of both sides, plus so many ms.
struct Shifted {
    column: usize,
    ms: i64,
}

impl Shifted {
    fn of(expr: &Expr, schema: &DFSchema) -> Option<Self> {
        match expr {
            Expr::Column(column) => {
                Some(Self { column: schema.index_of_column(column).ok()?, ms: 0 })
            }
            Expr::BinaryExpr(BinaryExpr { left, op, right }) => {
                let (of, sign, length) = match (op, interval_ms(left), interval_ms(right)) {
                    (Operator::Plus, None, Some(ms)) => (left, 1, ms),
                    (Operator::Plus, Some(ms), None) => (right, 1, ms),
                    (Operator::Minus, None, Some(ms)) => (left, -1, ms),
                    _ => return None,
                };
                let of = Self::of(of, schema)?;
                Some(Self { ms: of.ms.checked_add(length.checked_mul(sign)?)?, ..of })
            }
            Expr::Alias(alias) => Self::of(&alias.expr, schema),
            _ => None,
        }
    }
}

/// An interval of whole ms that is the same at any time.
fn interval_ms(expr: &Expr) -> Option<i64> {
    let Expr::Literal(value, _) = expr else { return None };
    match value {
        ScalarValue::IntervalMonthDayNano(Some(interval)) if interval.months == 0 => {
            let days = i64::from(interval.days).checked_mul(86_400_000)?;
            let whole = interval.nanoseconds % 1_000_000 == 0;
            whole.then(|| days.checked_add(interval.nanoseconds / 1_000_000))?
        }
        ScalarValue::IntervalDayTime(Some(interval)) => {
            let days = i64::from(interval.days).checked_mul(86_400_000)?;
            days.checked_add(i64::from(interval.milliseconds))
        }
        _ => None,
    }
}

/// Whether a join compares points in time of both sides, so that it may be one within an interval.
pub(crate) fn compares_times(join: &Join) -> bool {
    let Ok(schema) = join.left.schema().join(join.right.schema()) else { return false };
    let is_time = |expr: &Expr| {
        let column = Shifted::of(expr, &schema).map(|shifted| shifted.column);
        column.is_some_and(|at| matches!(schema.field(at).data_type(), DataType::Timestamp(..)))
    };
    let filter = join.filter.iter().flat_map(|filter| split_conjunction(filter));
    let compared = filter.filter(|condition| match condition {
        Expr::BinaryExpr(compare) => is_time(&compare.left) && is_time(&compare.right),
        Expr::Between(between) => is_time(&between.expr) && is_time(&between.low),
        _ => false,
    });
    let equal = join.on.iter().filter(|(left, right)| is_time(left) && is_time(right));
    compared.count() + equal.count() > 0
}

impl Interval {
    /// Takes `left op right`; false where that says nothing about a pair of times.
    fn take(
        &mut self,
        left: &Expr,
        op: Operator,
        right: &Expr,
        schema: &DFSchema,
        is_pair: &impl Fn(usize, usize) -> bool,
    ) -> bool {
        let (Some(a), Some(b)) = (Shifted::of(left, schema), Shifted::of(right, schema)) else {
            return false;
        };
        // Written as right time - left time op ms.
        let (times, op, ms) = if is_pair(a.column, b.column) {
            let turned = op.swap().unwrap_or(op);
            ((a.column, b.column), turned, a.ms.saturating_sub(b.ms))
        } else if is_pair(b.column, a.column) {
            ((b.column, a.column), op, b.ms.saturating_sub(a.ms))
        } else {
            return false;
        };
        if self.times.is_some_and(|known| known != times) {
            return false;
        }
        let (least, most) = match op {
            Operator::Eq => (Some(ms), Some(ms)),
            Operator::GtEq => (Some(ms), None),
            Operator::Gt => (ms.checked_add(1), None),
            Operator::LtEq => (None, Some(ms)),
            Operator::Lt => (None, ms.checked_sub(1)),
            _ => return false,
        };
        self.times = Some(times);
        self.least = self.least.max(least);
        self.most = match (self.most, most) {
            (Some(known), Some(most)) => Some(known.min(most)),
            (known, most) => known.or(most),
        };
        true
    }
}

impl Translator<'_> {
    /// A join whose condition bounds how far the times of a pair are apart, in both directions.
    pub(crate) fn interval_join(
        &mut self,
        join: &Join,
        kind: JoinKind,
        sides: &Sides,
    ) -> Result<Option<NodeId>> {
        let outer = !matches!(kind, JoinKind::Semi | JoinKind::Anti);
        if !outer || sides.ids.iter().any(|id| !self.appends(*id)) {
            return Ok(None);
        }
        let joined = join.left.schema().join(join.right.schema())?;
        let width = sides.widths[0];
        let [left, right] = sides.ids.map(|id| &self.plan.nodes[id]);
        let event_time = |a: usize, b: usize| {
            a < width
                && b >= width
                && left.rowtimes.contains(&a)
                && right.rowtimes.contains(&(b - width))
        };
        let clock = |a: usize, b: usize| {
            a < width
                && b >= width
                && left.proctimes.contains(&a)
                && right.proctimes.contains(&(b - width))
        };
        let is_pair = |a: usize, b: usize| event_time(a, b) || clock(a, b);
        let mut interval = Interval::default();
        for (left, right) in &join.on {
            interval.take(left, Operator::Eq, right, &joined, &is_pair);
        }
        let mut rest = Vec::new();
        for condition in join.filter.iter().flat_map(|filter| split_conjunction(filter)) {
            let taken = match condition {
                Expr::BinaryExpr(BinaryExpr { left, op, right }) => {
                    interval.take(left, *op, right, &joined, &is_pair)
                }
                Expr::Between(between) if !between.negated => {
                    interval.take(&between.expr, Operator::GtEq, &between.low, &joined, &is_pair)
                        && interval.take(
                            &between.expr,
                            Operator::LtEq,
                            &between.high,
                            &joined,
                            &is_pair,
                        )
                }
                _ => false,
            };
            if !taken {
                rest.push(condition.clone());
            }
        }
        let Interval { times: Some(times), least: Some(least), most: Some(most) } = interval else {
            return Ok(None);
        };
        let rest = rest.into_iter().reduce(Expr::and);
        let condition = self.pair_condition(rest.as_ref(), &joined, sides)?;
        let (rowtimes, proctimes) = {
            let shifted = |columns: &[usize]| columns.iter().map(|at| at + sides.left).collect();
            let both = |a: &[usize], b: &[usize]| -> Vec<usize> {
                let b: Vec<usize> = shifted(b);
                [a, &b].concat()
            };
            (both(&left.rowtimes, &right.rowtimes), both(&left.proctimes, &right.proctimes))
        };
        let node = NodeKind::IntervalJoin {
            kind,
            on: sides.pairs.clone(),
            equal_nulls: join.null_equality == NullEquality::NullEqualsNull,
            times: (times.0, times.1 - width),
            processing_time: clock(times.0, times.1),
            least,
            most,
            condition,
        };
        Ok(Some(self.plan.add(Node {
            kind: node,
            inputs: sides.ids.to_vec(),
            schema: Arc::new(Schema::new(self.fields(kind, sides))),
            rowtimes,
            proctimes,
            changelog: ChangelogMode::Append,
        })))
    }

    /// A join with the version of a table at a point in time.
    pub(crate) fn temporal_join(&mut self, node: &TemporalNode) -> Result<NodeId> {
        let left = self.node(&node.left)?;
        // What it reads is changed to give versions, which is nothing for others that read the same table.
        let shared = std::mem::take(&mut self.sources);
        let right = self.node(&node.right)?;
        self.sources = shared;
        let wrong = |what: String| SqlError::new(what).about("SYSTEM_TIME");
        let hint = "the time is a time attribute of the left table: FOR SYSTEM_TIME AS OF o.ts, where ts \
                    is what WATERMARK FOR names, or PROCTIME()";
        let time = match &node.time.clone().unalias() {
            Expr::Column(column) => node.left.schema().index_of_column(column).ok(),
            _ => None,
        };
        let Some(time) = time else {
            let what = match &node.time {
                Expr::Column(column) => {
                    format!("\"{}\" is no column of the left table", column.name)
                }
                _ => "the time of a version is a column of the left table".to_owned(),
            };
            return Err(wrong(what).hint(hint));
        };
        let (mut left_on, mut right_on, mut rest) = (Vec::new(), Vec::new(), Vec::new());
        for condition in &node.conditions {
            match sides_of_equality(condition, node) {
                Some((of_left, of_right)) => {
                    left_on.push(of_left);
                    right_on.push(of_right);
                }
                None => rest.push(condition.clone()),
            }
        }
        if left_on.is_empty() {
            return Err(wrong("FOR SYSTEM_TIME AS OF needs an equality of both tables".to_owned())
                .hint("write ON o.key = r.key"));
        }
        let widths = [left, right].map(|id| self.plan.nodes[id].schema.fields().len());
        let is_rowtime = self.plan.nodes[left].rowtimes.contains(&time);
        if !is_rowtime && !self.plan.nodes[left].proctimes.contains(&time) {
            return Err(wrong(format!("{} is no time attribute", node.time)).hint(hint));
        }
        let versions = match is_rowtime {
            true => Some(self.versions(right)?),
            false => None,
        };
        let (left, left_on) = self.with_columns(left, &left_on, node.left.schema())?;
        let (right, right_on) = self.with_columns(right, &right_on, node.right.schema())?;
        let pairs: Vec<(usize, usize)> = left_on.into_iter().zip(right_on).collect();
        let left_width = self.plan.nodes[left].schema.fields().len();
        let sides = Sides { ids: [left, right], widths, left: left_width, pairs };
        let rest = rest.into_iter().reduce(Expr::and);
        let joined = node.left.schema().join(node.right.schema())?;
        let condition = self.pair_condition(rest.as_ref(), &joined, &sides)?;
        let kind = if node.outer { JoinKind::Left } else { JoinKind::Inner };
        let schema = Arc::new(Schema::new(self.fields(kind, &sides)));
        let (rowtimes, proctimes, changelog) = {
            let left = &self.plan.nodes[left];
            (left.rowtimes.clone(), left.proctimes.clone(), left.changelog)
        };
        let on = sides.pairs.clone();
        let (kind, inputs) = match versions {
            Some(versions) => {
                let covered = |key: &usize| on.iter().any(|(_, right)| right == key);
                if !versions.key.iter().all(covered) {
                    return Err(wrong(
                        "the join with versions must be on the whole key of their table".to_owned(),
                    )
                    .hint("every column of the PRIMARY KEY, or of PARTITION BY, stands in an equality"));
                }
                let times = (time, versions.rowtime);
                let (outer, ascending) = (node.outer, versions.ascending);
                let kind = NodeKind::TemporalJoin { outer, on, times, ascending, condition };
                (kind, sides.ids.to_vec())
            }
            // What a row met when it came is not known any more when it goes.
            None if !self.appends(left) => {
                let what = "FOR SYSTEM_TIME AS OF a processing time for rows that change";
                return Err(SqlError::unsupported(what).about("SYSTEM_TIME"));
            }
            None => {
                let lookup = self.lookup(right)?;
                let kind = NodeKind::LookupJoin { outer: node.outer, on, lookup, condition };
                (kind, vec![left])
            }
        };
        let id = self.plan.add(Node { kind, inputs, schema, rowtimes, proctimes, changelog });
        let columns = widths[0] + widths[1];
        let values = (0..columns).map(|column| {
            let at = sides.place(column);
            ScalarExpr::column(self.plan.nodes[id].schema.field(at).name(), at)
        });
        let schema = arrow_of(datafusion_expr::UserDefinedLogicalNodeCore::schema(node));
        let values = values.collect();
        Ok(self.calc(id, None, Some(values), Some(schema)))
    }

    /// What must hold of a pair, over the columns of both sides as they are here.
    fn pair_condition(
        &self,
        condition: Option<&Expr>,
        joined: &DFSchema,
        sides: &Sides,
    ) -> Result<Option<ScalarExpr>> {
        let Some(condition) = condition else { return Ok(None) };
        self.no_subquery(condition)?;
        Ok(Some(ScalarExpr::bind(condition, joined)?.remap(|column| sides.place(column))?))
    }

    /// Makes a node give all versions of its rows, not only the last ones.
    fn versions(&mut self, id: NodeId) -> Result<Versions> {
        let hint = "it needs a PRIMARY KEY and a WATERMARK, or is a view that keeps the last row of each \
                    key: ROW_NUMBER() OVER (PARTITION BY key ORDER BY ts DESC) … = 1";
        let none =
            || SqlError::new("the right table has no versions").hint(hint).about("SYSTEM_TIME");
        let inputs = self.plan.nodes[id].inputs.clone();
        let found = match &self.plan.nodes[id].kind {
            NodeKind::Calc { condition: None, projection } => {
                let moved = |column: usize| match projection {
                    Some(values) => {
                        values.iter().position(|value| value.as_column() == Some(column))
                    }
                    None => Some(column),
                };
                let moves: Vec<Option<usize>> =
                    (0..self.plan.nodes[inputs[0]].schema.fields().len()).map(moved).collect();
                let below = self.versions(inputs[0])?;
                let key = below.key.iter().map(|column| moves[*column]);
                let key = key.collect::<Option<Vec<_>>>().ok_or_else(none)?;
                let rowtime = match moves.get(below.rowtime) {
                    Some(moved) => moved.ok_or_else(none)?,
                    // The assigner above says which column it is.
                    None => below.rowtime,
                };
                Versions { key, rowtime, ascending: below.ascending }
            }
            NodeKind::WatermarkAssigner { rowtime, .. } => {
                let rowtime = *rowtime;
                Versions { rowtime, ..self.versions(inputs[0])? }
            }
            NodeKind::ChangelogNormalize { .. } => {
                // Each change is a version, not only the last one of an epoch.
                let found = self.versions(inputs[0])?;
                self.plan.nodes[id].kind = NodeKind::Calc { condition: None, projection: None };
                found
            }
            NodeKind::Source { table, columns } if !table.primary_key.is_empty() => {
                let schema = &self.plan.nodes[id].schema;
                let key = table.primary_key.iter().map(|name| schema.index_of(name).ok());
                let key = key.collect::<Option<Vec<_>>>().ok_or_else(none)?;
                // The end of a version is a row that is deleted, not one that is replaced.
                let mut table = Table::clone(table);
                table.after_only = true;
                let (table, columns) = (Arc::new(table), columns.clone());
                self.plan.nodes[id].kind = NodeKind::Source { table, columns };
                // The assigner above says which column it is.
                Versions { key, rowtime: usize::MAX, ascending: false }
            }
            NodeKind::Rank { partition, order, function, least: 1, most: 1, numbered, .. }
                if *function == RankFunction::RowNumber =>
            {
                let below = &self.plan.nodes[inputs[0]];
                let [OrderKey { column, descending: true, .. }] = order[..] else {
                    return Err(none());
                };
                if !below.rowtimes.contains(&column) || !self.appends(inputs[0]) {
                    return Err(none());
                }
                // What is not the last row of its key when it comes is none of its versions.
                let found = Versions { key: partition.clone(), rowtime: column, ascending: true };
                let columns = below.schema.fields().iter().enumerate();
                let columns = columns.map(|(at, field)| ScalarExpr::column(field.name(), at));
                let mut columns: Vec<ScalarExpr> = columns.collect();
                if *numbered {
                    // Every version was the last one of its key once.
                    let one = Expr::Literal(ScalarValue::Int64(Some(1)), None);
                    columns.push(ScalarExpr::bind(&one, &DFSchema::empty())?);
                }
                let rowtimes = below.rowtimes.clone();
                let node = &mut self.plan.nodes[id];
                node.kind = NodeKind::Calc { condition: None, projection: Some(columns) };
                node.rowtimes = rowtimes;
                found
            }
            _ => return Err(none()),
        };
        let is_time =
            |field: &arrow::datatypes::Field| matches!(field.data_type(), DataType::Timestamp(..));
        let node = &mut self.plan.nodes[id];
        if found.rowtime != usize::MAX {
            if !node.schema.fields().get(found.rowtime).is_some_and(|field| is_time(field)) {
                return Err(none());
            }
            node.rowtimes = vec![found.rowtime];
        }
        node.changelog = ChangelogMode::Append;
        Ok(found)
    }

    /// The table that a node reads, with what is computed and filtered on the way.
    fn lookup(&self, id: NodeId) -> Result<millstream_plan::Lookup> {
        let mut at = id;
        let mut steps = Vec::new();
        loop {
            let node = &self.plan.nodes[at];
            match &node.kind {
                NodeKind::Calc { condition, projection } => {
                    let schema = Arc::clone(&node.schema);
                    steps.push((condition.clone(), projection.clone(), schema));
                    at = node.inputs[0];
                }
                NodeKind::WatermarkAssigner { .. } => at = node.inputs[0],
                NodeKind::Source { table, columns } if node.changelog == ChangelogMode::Append => {
                    steps.reverse();
                    let (table, columns) = (Arc::clone(table), columns.clone());
                    let schema = Arc::clone(&node.schema);
                    return Ok(millstream_plan::Lookup { table, columns, schema, steps });
                }
                _ => {
                    return Err(SqlError::new(
                        "only a table can be asked for its rows of now, not a query that changes",
                    )
                    .hint("join without FOR SYSTEM_TIME AS OF, or AS OF an event time")
                    .about("SYSTEM_TIME"));
                }
            }
        }
    }
}

/// Where the versions of a relation stand in its columns.
struct Versions {
    key: Vec<usize>,
    rowtime: usize,
    /// Whether a version counts only if it is not earlier than those that came before.
    ascending: bool,
}

/// The left and the right side of an equality between both tables.
fn sides_of_equality(condition: &Expr, node: &TemporalNode) -> Option<(Expr, Expr)> {
    let Expr::BinaryExpr(BinaryExpr { left, op: Operator::Eq, right }) = condition else {
        return None;
    };
    let within = |expr: &Expr, schema: &DFSchema| {
        let columns = expr.column_refs();
        !columns.is_empty() && columns.iter().all(|column| schema.has_column(column))
    };
    let (of_left, of_right) = (node.left.schema(), node.right.schema());
    if within(left, of_left) && within(right, of_right) {
        Some((left.as_ref().clone(), right.as_ref().clone()))
    } else if within(right, of_left) && within(left, of_right) {
        Some((right.as_ref().clone(), left.as_ref().clone()))
    } else {
        None
    }
}
