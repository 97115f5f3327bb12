//! From logical plans to one stream plan, or to the reason why there is none.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::datatypes::{DataType, Schema, SchemaRef, TimeUnit};
use datafusion_common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion_common::{Column, DFSchema};
use datafusion_expr::logical_plan::{FetchType, Filter, Limit, Projection, SkipType, Values};
use datafusion_expr::utils::split_conjunction;
use datafusion_expr::{Expr, ExprSchemable, LogicalPlan, cast, lit};
use millstream_expr::ScalarExpr;
use millstream_plan::{
    ChangelogMode, Node, NodeId, NodeKind, Plan, RankFunction, Stamps, Table, TimeWindow,
};

use crate::catalog::Catalog;
use crate::changelog::ChangelogNode;
use crate::correlate::CorrelateNode;
use crate::current_watermark;
use crate::diagnostics::{Result, SqlError};
use crate::match_node::MatchNode;
use crate::rewrite::StateHints;
use crate::statement::Conflict;
use crate::temporal::TemporalNode;
use crate::tidy::tidy;
use crate::time_settings::{drops_nulls, state_ttl};
use crate::translate_over::{follows_keys, is_rank};
use crate::translate_source::table_of;
use crate::translate_temporal::compares_times;
use crate::window::WindowNode;

/// Where the rows of a logical plan go.
pub enum Output {
    /// To whoever asked.
    Result,
    /// Into a table.
    Sink(Arc<Table>, Option<Conflict>),
}

/// Makes one dataflow of all logical plans; tables they share are read once.
///
/// # Errors
/// When something is not supported, a window is over a column that does not follow event time, or a
/// sink cannot take what is sent to it.
pub fn translate(
    catalog: &Catalog,
    hints: &StateHints,
    outputs: Vec<(LogicalPlan, Output)>,
) -> Result<Plan> {
    let mut translator = Translator {
        catalog,
        hints,
        plan: Plan::default(),
        needed: HashMap::new(),
        sources: HashMap::new(),
        windows: HashMap::new(),
        event_time: false,
        stamps: Stamps::Behind,
    };
    for (logical, _) in &outputs {
        translator.look_ahead(logical)?;
    }
    for (logical, output) in &outputs {
        let mut input = translator.node(logical)?;
        let kind = match output {
            Output::Result => NodeKind::Result,
            Output::Sink(table, conflict) => {
                if let Some(conflict) = conflict {
                    input = translator.one_by_key(table, *conflict, input)?;
                }
                translator.check_sink(table, input)?;
                NodeKind::Sink { table: Arc::clone(table), drops_nulls: drops_nulls(catalog) }
            }
        };
        translator.plan.add_like(kind, input);
    }
    let mut plan = translator.plan;
    let usual = state_ttl(catalog)?;
    for (id, node) in plan.nodes.iter().enumerate() {
        let keeps = matches!(
            node.kind,
            NodeKind::GroupAggregate { .. }
                | NodeKind::Join { .. }
                | NodeKind::Rank { .. }
                | NodeKind::SortedOver { .. }
                | NodeKind::Deduplicate { .. }
                | NodeKind::SetOperation { .. }
                | NodeKind::ChangelogNormalize { .. }
        );
        if keeps {
            let ttl = plan.ttl.entry(id).or_default();
            // 0 is how Flink says for ever.
            *ttl = ttl.map(|hinted| hinted.or(usual).filter(|ms| *ms > 0));
        }
    }
    tidy(plan)
}

/// Which columns of a node hold the bounds of a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct WindowProperties {
    pub start: Option<usize>,
    pub end: Option<usize>,
    pub time: Option<usize>,
    /// The time attribute that the windows were cut by, which orders rows still.
    pub rowtime: Option<usize>,
    pub window: TimeWindow,
    /// Whether it is that of a GROUP BY TUMBLE(…), which ends with its aggregate.
    pub grouping: bool,
}

pub(crate) struct Translator<'a> {
    pub catalog: &'a Catalog,
    hints: &'a StateHints,
    pub plan: Plan,
    /// The columns that any part of the statement reads, by table.
    pub needed: HashMap<*const Table, BTreeSet<usize>>,
    /// The node that gives exactly those columns.
    pub sources: HashMap<*const Table, NodeId>,
    pub windows: HashMap<NodeId, WindowProperties>,
    /// Whether any operator follows event time, so that watermarks are worth their cost.
    pub event_time: bool,
    /// Which rows need the watermark they met.
    pub stamps: Stamps,
}

pub(crate) fn arrow_of(schema: &DFSchema) -> SchemaRef {
    Arc::new(schema.as_arrow().clone())
}

/// A value of the type NULL as a BOOLEAN that is NULL: arrays of that type do not say which of their rows
/// are NULL.
pub(crate) fn with_nulls(expr: &Expr, schema: &DFSchema) -> Result<Expr> {
    Ok(match expr.get_type(schema)? {
        DataType::Null => cast(expr.clone(), DataType::Boolean),
        _ => expr.clone(),
    })
}

impl Translator<'_> {
    fn look_ahead(&mut self, logical: &LogicalPlan) -> Result<()> {
        let mut failed = None;
        let _ = logical.apply(|plan| {
            match plan {
                LogicalPlan::TableScan(scan) => match table_of(scan) {
                    Ok(table) => {
                        let needed = self.needed.entry(Arc::as_ptr(table)).or_default();
                        match &scan.projection {
                            Some(columns) => needed.extend(columns),
                            None => needed.extend(0..table.schema.fields().len()),
                        }
                    }
                    Err(error) => failed = Some(error),
                },
                LogicalPlan::Extension(extension) => {
                    if let Some(window) = extension.node.as_any().downcast_ref::<WindowNode>() {
                        self.event_time = true;
                        if !window.kind.is_aligned() {
                            self.stamps = self.stamps.max(Stamps::Touching);
                        }
                    }
                    let node = extension.node.as_any();
                    self.event_time |= node.is::<TemporalNode>() || node.is::<MatchNode>();
                }
                LogicalPlan::Window(window) => {
                    self.event_time = true;
                    if follows_keys(window) {
                        self.stamps = Stamps::All;
                    }
                }
                LogicalPlan::Sort(_) => self.event_time = true,
                LogicalPlan::Join(join) => self.event_time |= compares_times(join),
                _ => {}
            }
            if plan.expressions().iter().any(current_watermark::is_asked_for) {
                self.event_time = true;
                self.stamps = Stamps::All;
            }
            Ok(TreeNodeRecursion::Continue)
        });
        failed.map_or(Ok(()), Err)
    }

    pub(crate) fn node(&mut self, logical: &LogicalPlan) -> Result<NodeId> {
        match logical {
            LogicalPlan::TableScan(scan) => self.scan(scan),
            LogicalPlan::Projection(projection) => self.projection(projection),
            LogicalPlan::Filter(filter) => {
                let (input, condition) = self.filtered(filter, None)?;
                match condition {
                    Some(condition) => {
                        let schema = Arc::clone(filter.input.schema());
                        let values = schema.columns().into_iter().map(Expr::Column).collect();
                        self.calc_of(input, Some(condition), values, &schema, arrow_of(&schema))
                    }
                    None => Ok(input),
                }
            }
            LogicalPlan::SubqueryAlias(alias) => self.node(&alias.input),
            LogicalPlan::Union(union) => {
                let inputs = union
                    .inputs
                    .iter()
                    .map(|input| self.node(input))
                    .collect::<Result<Vec<_>>>()?;
                self.union(inputs, arrow_of(&union.schema))
            }
            LogicalPlan::Limit(limit) => self.limit(limit),
            LogicalPlan::Values(values) => self.values(values),
            LogicalPlan::EmptyRelation(empty) => {
                let rows = usize::from(empty.produce_one_row);
                let schema = arrow_of(&empty.schema);
                let batch = empty_rows(&schema, rows)?;
                // Of no rows any time may stand beside a time attribute in a UNION, or below a window.
                let times = |known: fn(&DataType) -> bool| -> Vec<usize> {
                    let fields = schema.fields().iter().enumerate();
                    let fields = fields.filter(|(_, field)| rows == 0 && known(field.data_type()));
                    fields.map(|(at, _)| at).collect()
                };
                let (rowtimes, proctimes) = (times(is_rowtime), times(is_clock));
                let id = self.leaf(NodeKind::Values { rows: batch }, schema);
                let node = &mut self.plan.nodes[id];
                (node.rowtimes, node.proctimes) = (rowtimes, proctimes);
                Ok(id)
            }
            LogicalPlan::Aggregate(aggregate) => self.aggregate(aggregate),
            LogicalPlan::Extension(extension) => {
                let node = extension.node.as_any();
                if let Some(window) = node.downcast_ref::<WindowNode>() {
                    self.window(window)
                } else if let Some(call) = node.downcast_ref::<CorrelateNode>() {
                    self.correlate(call)
                } else if let Some(join) = node.downcast_ref::<TemporalNode>() {
                    self.temporal_join(join)
                } else if let Some(found) = node.downcast_ref::<MatchNode>() {
                    self.match_recognize(found)
                } else if let Some(call) = node.downcast_ref::<ChangelogNode>() {
                    self.changelog(call)
                } else {
                    Err(SqlError::unsupported(extension.node.name()))
                }
            }
            LogicalPlan::Join(join) => self.join(join),
            LogicalPlan::Sort(sort) => self.sort(sort),
            LogicalPlan::Window(window) => self.over(window),
            LogicalPlan::Subquery(_) => Err(SqlError::unsupported("a correlated subquery in FROM")),
            other => {
                let text = other.display().to_string();
                let name = text.split([':', ' ']).next().unwrap_or("this relation").to_owned();
                Err(SqlError::unsupported(name))
            }
        }
    }

    /// Refuses what can stand in an expression but not where this one stands.
    pub(crate) fn no_subquery(&self, expr: &Expr) -> Result<()> {
        let has = |test: fn(&Expr) -> bool| expr.exists(|expr| Ok(test(expr))).unwrap_or(false);
        if has(|expr| matches!(expr, Expr::WindowFunction(_))) {
            return Err(SqlError::new("OVER stands in the SELECT list only")
                .hint("compute it in a subquery, and use it in the query around that")
                .about("OVER"));
        }
        let is_subquery = |expr: &Expr| {
            matches!(
                expr,
                Expr::ScalarSubquery(_)
                    | Expr::InSubquery(_)
                    | Expr::Exists(_)
                    | Expr::SetComparison(_)
            )
        };
        if has(is_subquery) {
            return Err(SqlError::unsupported("a subquery at this place of an expression")
                .hint("compute it in a subquery in FROM, and use its column here"));
        }
        Ok(())
    }

    pub(crate) fn leaf(&mut self, kind: NodeKind, schema: SchemaRef) -> NodeId {
        self.plan.add(Node {
            kind,
            inputs: vec![],
            schema,
            rowtimes: vec![],
            proctimes: vec![],
            changelog: ChangelogMode::Append,
        })
    }

    /// How long the hints say that state is kept of a relation's rows, in ms.
    pub(crate) fn hinted_ttl(&self, relation: &LogicalPlan) -> Option<i64> {
        let mut qualifiers = relation.schema().iter().filter_map(|(table, _)| table);
        qualifiers.find_map(|table| self.hints.get(table.table()).copied())
    }

    /// A Calc whose properties follow from the columns it passes on.
    pub(crate) fn calc(
        &mut self,
        input: NodeId,
        condition: Option<ScalarExpr>,
        projection: Option<Vec<ScalarExpr>>,
        schema: Option<SchemaRef>,
    ) -> NodeId {
        let of = &self.plan.nodes[input];
        // Where a column of the input ends up.
        let moved = |column: usize| match &projection {
            Some(values) => values.iter().position(|value| value.as_column() == Some(column)),
            None => Some(column),
        };
        let node = Node {
            inputs: vec![input],
            schema: schema.unwrap_or_else(|| Arc::clone(&of.schema)),
            rowtimes: of.rowtimes.iter().filter_map(|column| moved(*column)).collect(),
            proctimes: of.proctimes.iter().filter_map(|column| moved(*column)).collect(),
            changelog: of.changelog,
            kind: NodeKind::Calc { condition, projection: projection.clone() },
        };
        let window = self.windows.get(&input).map(|window| WindowProperties {
            start: window.start.and_then(moved),
            end: window.end.and_then(moved),
            time: window.time.and_then(moved),
            rowtime: window.rowtime.and_then(moved),
            ..*window
        });
        let id = self.plan.add(node);
        if let Some(window) = window {
            self.windows.insert(id, window);
        }
        id
    }

    fn projection(&mut self, projection: &Projection) -> Result<NodeId> {
        // A filter below is part of the same Calc.
        let (input, condition) = match projection.input.as_ref() {
            LogicalPlan::Filter(filter) => self.filtered(filter, Some(&projection.expr))?,
            below => (self.node(below)?, None),
        };
        let (values, schema) = (projection.expr.clone(), arrow_of(&projection.schema));
        self.calc_of(input, condition, values, projection.input.schema(), schema)
    }

    /// The input of a filter, and what is left of its condition: a bound on a rank is not.
    /// `reads` is what stands above it, where only that reads its columns.
    fn filtered(
        &mut self,
        filter: &Filter,
        reads: Option<&[Expr]>,
    ) -> Result<(NodeId, Option<Expr>)> {
        self.no_subquery(&filter.predicate)?;
        match filter.input.as_ref() {
            LogicalPlan::Window(window) if is_rank(window) => {
                self.rank(window, &filter.predicate, reads)
            }
            // Columns that nobody reads are gone or what is asked twice is computed, right above the rank.
            LogicalPlan::Projection(Projection { expr, input, schema, .. }) => match input.as_ref()
            {
                LogicalPlan::Window(window) if is_rank(window) => {
                    let passed = |column: &&Column| {
                        expr.iter().any(|expr| matches!(expr, Expr::Column(of) if of == *column))
                    };
                    let (of_rank, mut rest): (Vec<Expr>, Vec<Expr>) =
                        split_conjunction(&filter.predicate)
                            .into_iter()
                            .cloned()
                            .partition(|condition| condition.column_refs().iter().all(passed));
                    let of_rank =
                        of_rank.into_iter().reduce(Expr::and).unwrap_or_else(|| lit(true));
                    let (id, left) = self.rank(window, &of_rank, None)?;
                    let result = arrow_of(schema);
                    let id = self.calc_of(id, None, expr.clone(), input.schema(), result)?;
                    rest.extend(left);
                    Ok((id, rest.into_iter().reduce(Expr::and)))
                }
                _ => Ok((self.node(&filter.input)?, Some(filter.predicate.clone()))),
            },
            below => Ok((self.node(below)?, Some(filter.predicate.clone()))),
        }
    }

    /// A Calc of logical expressions; what they ask of the watermark is computed below it.
    pub(crate) fn calc_of(
        &mut self,
        mut input: NodeId,
        condition: Option<Expr>,
        mut values: Vec<Expr>,
        schema: &DFSchema,
        result: SchemaRef,
    ) -> Result<NodeId> {
        for value in &values {
            self.no_subquery(value)?;
        }
        let mut schema = schema.clone();
        let mut condition = condition;
        let all = condition.iter_mut().chain(&mut values);
        if let Some(rowtime) = current_watermark::argument(all, &schema)? {
            (input, schema) = self.with_watermark(input, rowtime, schema)?;
            let all = condition.iter_mut().chain(&mut values);
            current_watermark::replace(all)?;
        }
        let clocks = values.iter().enumerate().filter(|(_, value)| is_proctime(value));
        let clocks: Vec<usize> = clocks.map(|(at, _)| at).collect();
        let bind = |expr: &Expr| ScalarExpr::bind(expr, &schema);
        let condition = condition.as_ref().map(bind).transpose()?;
        let values = values.iter().map(bind).collect::<Result<Vec<_>, _>>()?;
        let plain = |(at, value): (usize, &ScalarExpr)| value.as_column() == Some(at);
        let width = self.plan.nodes[input].schema.fields().len();
        let all = values.len() == width && values.iter().enumerate().all(plain);
        let values = if all && condition.is_some() { None } else { Some(values) };
        let id = self.calc(input, condition, values, Some(result));
        self.plan.nodes[id].proctimes.extend(clocks);
        Ok(id)
    }

    fn union(&mut self, inputs: Vec<NodeId>, schema: SchemaRef) -> Result<NodeId> {
        let mut rowtimes = self.plan.nodes[inputs[0]].rowtimes.clone();
        let mut proctimes = self.plan.nodes[inputs[0]].proctimes.clone();
        let mut changelog = ChangelogMode::Append;
        let window = self.windows.get(&inputs[0]).copied();
        let window = window
            .filter(|window| inputs.iter().all(|input| self.windows.get(input) == Some(window)));
        for input in &inputs {
            let node = &self.plan.nodes[*input];
            proctimes.retain(|column| node.proctimes.contains(column));
            rowtimes.retain(|column| node.rowtimes.contains(column));
            if node.changelog == ChangelogMode::Retract {
                changelog = ChangelogMode::Retract;
            }
        }
        let kind = NodeKind::Union;
        let id = self.plan.add(Node { kind, inputs, schema, rowtimes, proctimes, changelog });
        self.windows.extend(window.map(|window| (id, window)));
        Ok(id)
    }

    fn limit(&mut self, limit: &Limit) -> Result<NodeId> {
        let (SkipType::Literal(skip), FetchType::Literal(fetch)) =
            (limit.get_skip_type()?, limit.get_fetch_type()?)
        else {
            return Err(SqlError::new("LIMIT and OFFSET take a number").about("LIMIT"));
        };
        if let Some(id) = self.first_in_order(&limit.input, skip, fetch)? {
            return Ok(id);
        }
        let input = self.node(&limit.input)?;
        if self.plan.nodes[input].changelog != ChangelogMode::Append {
            // The first rows as they came, of those that are still there.
            let schema = Arc::clone(&self.plan.nodes[input].schema);
            let kept = self.with_any_column(input)?;
            let first = self.first_rows(kept, vec![], skip, fetch);
            return Ok(match kept == input {
                true => first,
                false => self.calc(first, None, Some(vec![]), Some(schema)),
            });
        }
        Ok(self.plan.add_like(NodeKind::Limit { skip, fetch }, input))
    }

    fn values(&mut self, values: &Values) -> Result<NodeId> {
        let schema = arrow_of(&values.schema);
        let nothing = DFSchema::empty();
        let one_row = empty_rows(&Arc::new(Schema::empty()), 1)?;
        let mut columns = Vec::with_capacity(schema.fields().len());
        for (at, field) in schema.fields().iter().enumerate() {
            let mut parts = Vec::with_capacity(values.values.len());
            for row in &values.values {
                let value = ScalarExpr::bind(&row[at], &nothing)?.evaluate(&one_row)?;
                let value = arrow::compute::cast(&value, field.data_type())
                    .map_err(millstream_types::Error::from)?;
                parts.push(value);
            }
            let parts: Vec<&dyn arrow::array::Array> = parts.iter().map(AsRef::as_ref).collect();
            columns.push(arrow::compute::concat(&parts).map_err(millstream_types::Error::from)?);
        }
        let fields = schema.fields().iter().map(|field| field.as_ref().clone().with_nullable(true));
        let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        let rows = RecordBatch::try_new(Arc::clone(&schema), columns)
            .map_err(millstream_types::Error::from)?;
        Ok(self.leaf(NodeKind::Values { rows }, schema))
    }

    pub(crate) fn correlate(&mut self, call: &CorrelateNode) -> Result<NodeId> {
        let input = self.node(&call.input)?;
        let arguments = call
            .arguments
            .iter()
            .map(|argument| Ok(ScalarExpr::bind(argument, call.input.schema())?))
            .collect::<Result<Vec<_>>>()?;
        let function = call.function.clone();
        let kind = NodeKind::Correlate { function, arguments, outer: call.outer };
        let id = self.plan.add_like(kind, input);
        self.plan.nodes[id].schema =
            arrow_of(datafusion_expr::UserDefinedLogicalNodeCore::schema(call));
        Ok(id)
    }

    /// One row of each primary key of a table.
    fn one_by_key(&mut self, table: &Table, conflict: Conflict, input: NodeId) -> Result<NodeId> {
        let key = table.primary_key.iter().map(|name| table.physical.index_of(name).ok());
        let partition = key.collect::<Option<Vec<_>>>().filter(|key| !key.is_empty());
        let Some(partition) = partition else {
            return Err(SqlError::new(format!(
                "ON CONFLICT is about a primary key, and table \"{}\" has none",
                table.name
            ))
            .hint("declare one: PRIMARY KEY (…) NOT ENFORCED")
            .about("CONFLICT"));
        };
        let kind = NodeKind::Rank {
            partition,
            order: vec![],
            function: RankFunction::RowNumber,
            least: 1,
            most: 1,
            numbered: false,
            last_wins: conflict == Conflict::Deduplicate,
        };
        let id = self.plan.add_like(kind, input);
        let appends = conflict == Conflict::Nothing && self.appends(input);
        let node = &mut self.plan.nodes[id];
        node.changelog = if appends { ChangelogMode::Append } else { ChangelogMode::Retract };
        (node.rowtimes, node.proctimes) = (vec![], vec![]);
        Ok(id)
    }

    fn check_sink(&self, table: &Table, input: NodeId) -> Result<()> {
        let Some(connector) = table.connector() else { return Ok(()) };
        let changes = table.options.get("format").is_some_and(|format| format == "debezium-json");
        let by_key = connector == "sqlite" && !table.primary_key.is_empty();
        let told = table.options.get("changelog").is_some_and(|told| told == "true");
        let told = connector == "webhook" && told;
        let takes_updates = changes
            || by_key
            || told
            || matches!(connector, "print" | "blackhole" | "http-response");
        if takes_updates || self.plan.nodes[input].changelog == ChangelogMode::Append {
            return Ok(());
        }
        let mut at = input;
        while !matches!(self.plan.nodes[at].kind, NodeKind::GroupAggregate { .. }) {
            let next = self.plan.nodes[at].inputs.iter().copied();
            let mut changing =
                next.filter(|id| self.plan.nodes[*id].changelog != ChangelogMode::Append);
            match changing.next() {
                Some(id) => at = id,
                None => break,
            }
        }
        Err(SqlError::new(format!(
            "table \"{}\" only takes rows that are added, and {} updates the rows it gave before",
            table.name,
            self.plan.nodes[at].kind.name()
        ))
        .hint(
            "group by a time window, or write to a table that takes updates: 'format' = 'debezium-json', a \
             sqlite table with a PRIMARY KEY, a webhook with 'changelog' = 'true', or a connector such as print",
        )
        .about(&table.name))
    }
}

/// Whether an expression is PROCTIME(), the clock as a time attribute.
pub(crate) fn is_proctime(expr: &Expr) -> bool {
    match expr {
        Expr::Alias(alias) => is_proctime(&alias.expr),
        Expr::ScalarFunction(call) => call.name().eq_ignore_ascii_case("PROCTIME"),
        _ => false,
    }
}

pub(crate) fn empty_rows(schema: &SchemaRef, rows: usize) -> Result<RecordBatch> {
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    let columns = schema.fields().iter().map(|f| arrow::array::new_null_array(f.data_type(), rows));
    RecordBatch::try_new_with_options(Arc::clone(schema), columns.collect(), &options)
        .map_err(|error| millstream_types::Error::from(error).into())
}

fn is_rowtime(of: &DataType) -> bool {
    matches!(of, DataType::Timestamp(TimeUnit::Second | TimeUnit::Millisecond, _))
}

/// Whether it may be `PROCTIME()`.
fn is_clock(of: &DataType) -> bool {
    matches!(of, DataType::Timestamp(TimeUnit::Millisecond, Some(_)))
}
