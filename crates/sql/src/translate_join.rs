//! Joins, of windows and of rows whenever they came; INTERSECT and EXCEPT.

use std::sync::Arc;

use arrow::datatypes::{Field, Schema};
use datafusion_common::{DFSchema, JoinType, NullEquality};
use datafusion_expr::logical_plan::{Aggregate, Join};
use datafusion_expr::{Expr, LogicalPlan};
use millstream_expr::ScalarExpr;
use millstream_plan::{ChangelogMode, JoinKind, Node, NodeId, NodeKind};

use crate::decorrelate::Names;
use crate::diagnostics::{Result, SqlError};
use crate::translate::{Translator, WindowProperties, arrow_of, with_nulls};

/// The inputs of a join, with the keys that had to be computed behind their columns.
pub(crate) struct Sides {
    pub ids: [NodeId; 2],
    /// How many columns each has for the logical plan.
    pub widths: [usize; 2],
    /// How many columns the left one has here.
    pub left: usize,
    /// The columns that must be equal, by their positions on each side.
    pub pairs: Vec<(usize, usize)>,
}

impl Sides {
    /// The position of a column of the logical join among the columns of both sides.
    pub fn place(&self, column: usize) -> usize {
        if column < self.widths[0] { column } else { column - self.widths[0] + self.left }
    }
}

impl Translator<'_> {
    pub(crate) fn join(&mut self, join: &Join) -> Result<NodeId> {
        if let Some(set) = set_operation(join) {
            return self.set_operation(join, set);
        }
        let word = match join.join_type {
            JoinType::LeftSemi => "IN or EXISTS".to_owned(),
            JoinType::LeftAnti => "NOT IN or NOT EXISTS".to_owned(),
            other => format!("{other} JOIN").to_uppercase(),
        };
        let about = match word.split(' ').next_back() {
            Some("JOIN") => "JOIN",
            _ => "WHERE",
        };
        let kind = match join.join_type {
            JoinType::Inner => JoinKind::Inner,
            JoinType::Left => JoinKind::Left,
            JoinType::Right => JoinKind::Right,
            JoinType::Full => JoinKind::Full,
            JoinType::LeftSemi => JoinKind::Semi,
            JoinType::LeftAnti => JoinKind::Anti,
            _ => return Err(SqlError::unsupported(word).about(about)),
        };
        let sides = self.sides(join)?;
        let id = match self.common_window(&sides) {
            Some(windows) => {
                if sides.ids.iter().any(|id| !self.appends(*id)) {
                    return Err(
                        SqlError::unsupported("a join of windows of rows that change").about(about)
                    );
                }
                let node = self.window_join(join, kind, &sides, &windows)?;
                self.joined(node, kind, &sides, &windows)
            }
            None => match self.interval_join(join, kind, &sides)? {
                Some(id) => id,
                None => self.plain_join(join, kind, &sides)?,
            },
        };
        let columns = join.schema.fields().len();
        let values = (0..columns).map(|column| {
            let at = sides.place(column);
            ScalarExpr::column(self.plan.nodes[id].schema.field(at).name(), at)
        });
        let values = values.collect();
        Ok(self.calc(id, None, Some(values), Some(arrow_of(&join.schema))))
    }

    fn sides(&mut self, join: &Join) -> Result<Sides> {
        let inputs = [self.node(&join.left)?, self.node(&join.right)?];
        let widths = inputs.map(|id| self.plan.nodes[id].schema.fields().len());
        let (mut left_on, mut right_on) = (Vec::new(), Vec::new());
        for (left, right) in &join.on {
            left_on.push(with_nulls(left, join.left.schema())?);
            right_on.push(with_nulls(right, join.right.schema())?);
        }
        let (left, left_on) = self.with_columns(inputs[0], &left_on, join.left.schema())?;
        let (right, right_on) = self.with_columns(inputs[1], &right_on, join.right.schema())?;
        let left = self.with_any_column(left)?;
        let right = self.with_any_column(right)?;
        Ok(Sides {
            ids: [left, right],
            widths,
            left: self.plan.nodes[left].schema.fields().len(),
            pairs: left_on.into_iter().zip(right_on).collect(),
        })
    }

    /// The windows of both sides, when they are of the same kind and must be equal.
    fn common_window(&self, sides: &Sides) -> Option<[WindowProperties; 2]> {
        let [left, right] = sides.ids.map(|id| self.windows.get(&id).copied());
        let (left, right) = (left?, right?);
        // Rows of windows are joined when they are complete, if they only come.
        if !sides.ids.iter().all(|id| self.appends(*id)) {
            return None;
        }
        let equal =
            |l: Option<usize>, r: Option<usize>| sides.pairs.contains(&(l?, r?)).then_some(());
        equal(left.start, right.start)?;
        equal(left.end, right.end)?;
        (left.window == right.window).then_some([left, right])
    }

    pub(crate) fn appends(&self, id: NodeId) -> bool {
        self.plan.nodes[id].changelog == ChangelogMode::Append
    }

    /// A join of rows whenever they came; it has no time attribute.
    fn plain_join(&mut self, join: &Join, kind: JoinKind, sides: &Sides) -> Result<NodeId> {
        let mut on = sides.pairs.clone();
        let null_aware = if join.null_aware && !on.is_empty() { Some(on.remove(0)) } else { None };
        let node = NodeKind::Join {
            kind,
            on,
            equal_nulls: join.null_equality == NullEquality::NullEqualsNull,
            null_aware,
            condition: self.condition(join, sides)?,
        };
        let never_lost = matches!(kind, JoinKind::Inner | JoinKind::Semi);
        let appends = never_lost && sides.ids.iter().all(|id| self.appends(*id));
        let schema = Arc::new(Schema::new(self.fields(kind, sides)));
        let id = self.plan.add(Node {
            kind: node,
            inputs: sides.ids.to_vec(),
            schema,
            rowtimes: vec![],
            proctimes: vec![],
            changelog: if appends { ChangelogMode::Append } else { ChangelogMode::Retract },
        });
        let ttl = [self.hinted_ttl(&join.left), self.hinted_ttl(&join.right)];
        self.plan.ttl.insert(id, ttl);
        Ok(id)
    }

    /// What must hold of a pair beside its keys, over the columns of both sides as they are here.
    fn condition(&self, join: &Join, sides: &Sides) -> Result<Option<ScalarExpr>> {
        let Some(filter) = &join.filter else { return Ok(None) };
        self.no_subquery(filter)?;
        let joined = join.left.schema().join(join.right.schema())?;
        Ok(Some(ScalarExpr::bind(filter, &joined)?.remap(|column| sides.place(column))?))
    }

    /// The columns that a join gives.
    pub(crate) fn fields(&self, kind: JoinKind, sides: &Sides) -> Vec<Arc<Field>> {
        let of = |side: usize| self.plan.nodes[sides.ids[side]].schema.fields().iter().cloned();
        let one_sided = matches!(kind, JoinKind::Semi | JoinKind::Anti);
        if one_sided { of(0).collect() } else { of(0).chain(of(1)).collect() }
    }

    fn window_join(
        &self,
        join: &Join,
        kind: JoinKind,
        sides: &Sides,
        windows: &[WindowProperties; 2],
    ) -> Result<NodeKind> {
        let [left, right] = windows
            .map(|window| [window.start.unwrap_or_default(), window.end.unwrap_or_default()]);
        let bounds = [(left[0], right[0]), (left[1], right[1])];
        let mut on = sides.pairs.clone();
        // The pair of NOT IN comes first, what the subquery refers to around it follows.
        let null_aware = if join.null_aware && !on.is_empty() { Some(on.remove(0)) } else { None };
        on.retain(|pair| !bounds.contains(pair));
        let condition = self.condition(join, sides)?;
        Ok(NodeKind::WindowJoin {
            kind,
            left,
            right,
            window: windows[0].window,
            on,
            equal_nulls: join.null_equality == NullEquality::NullEqualsNull,
            null_aware,
            condition,
        })
    }

    /// Adds the node of a join, with the columns of both sides as they are here.
    fn joined(
        &mut self,
        node: NodeKind,
        kind: JoinKind,
        sides: &Sides,
        [left, right]: &[WindowProperties; 2],
    ) -> NodeId {
        let both = self.fields(kind, sides);
        let shift = |column: Option<usize>| column.map(|at| at + sides.left);
        let right = WindowProperties {
            start: shift(right.start),
            end: shift(right.end),
            time: shift(right.time),
            rowtime: shift(right.rowtime),
            ..*right
        };
        // A side that is filled up with NULLs has no time any more.
        let present = [
            Some(*left).filter(|_| !matches!(kind, JoinKind::Right | JoinKind::Full)),
            Some(right).filter(|_| matches!(kind, JoinKind::Inner | JoinKind::Right)),
        ];
        let times: Vec<usize> = present.iter().flatten().filter_map(|window| window.time).collect();
        let (rowtimes, proctimes) = match left.window.processing_time {
            true => (vec![], times),
            false => (times, vec![]),
        };
        let id = self.plan.add(Node {
            kind: node,
            inputs: sides.ids.to_vec(),
            schema: Arc::new(Schema::new(both)),
            rowtimes,
            proctimes,
            changelog: ChangelogMode::Append,
        });
        let window = present.into_iter().flatten().next();
        self.windows.extend(window.map(|window| (id, window)));
        id
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

/// Whether a join is INTERSECT (true) or EXCEPT (false), and whether ALL.
pub(crate) fn set_operation(join: &Join) -> Option<(bool, bool)> {
    let intersect = match join.join_type {
        JoinType::LeftSemi => true,
        JoinType::LeftAnti => false,
        _ => return None,
    };
    // EXISTS by IS NOT DISTINCT FROM looks the same, but for the names of its columns.
    if Names::are_of(join.right.schema()) {
        return None;
    }
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
pub(crate) fn is_distinct(plan: &LogicalPlan) -> bool {
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
