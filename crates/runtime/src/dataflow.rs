//! [`Dataflow`]: the operators of a plan, and what they do in one epoch.
//!
//! In an epoch each node turns the flows of its inputs into its own, in the order of the plan. Nothing
//! is in flight between epochs.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use arrow::array::Int64Array;
use millstream_connectors::{Sink, SourceEvent, open_sink, open_source};
use millstream_expr::ScalarExpr;
use millstream_operators::calc::Calc;
use millstream_operators::correlate::Correlate;
use millstream_operators::group_aggregate::{GroupAggregate, GroupAggregateSpec};
use millstream_operators::limit::Limit;
use millstream_operators::not_null::NotNull;
use millstream_operators::watermark::{Progress, observe};
use millstream_operators::window_aggregate::{WindowAggregate, WindowAggregateSpec};
use millstream_operators::window_table_function::WindowTableFunction;
use millstream_operators::{Dropped, Operator, OperatorTime, Output, Transform};
use millstream_plan::{Node, NodeKind, Plan};
use millstream_types::{ChangeBatch, Epoch, Error, Result, Watermark};
use rayon::ThreadPool;
use rayon::prelude::*;
use tokio::sync::mpsc;

use crate::feed::{Bell, Feed};
use crate::flow::{Flow, Item, partition};
use crate::metrics::Counters;

/// A plan made ready to run.
pub struct Dataflow {
    stages: Vec<Stage>,
    plan: Plan,
    readers: Vec<usize>,
    /// How far event time has come at each node, after the last epoch.
    watermarks: Vec<Watermark>,
    dropped: Vec<Arc<Dropped>>,
    pool: Arc<ThreadPool>,
    counters: Arc<Counters>,
    result: Option<mpsc::Sender<Result<ChangeBatch>>>,
    epoch: u64,
    /// The most pieces that each source gives to an epoch.
    pieces_max: usize,
}

/// What a node is while it runs.
enum Stage {
    Source { feed: Feed, splits: usize, not_null: Option<Arc<dyn Transform>> },
    Values { rows: Option<ChangeBatch> },
    Assigner { rowtime: usize, watermark: ScalarExpr, progress: Progress },
    Transform(Arc<dyn Transform>),
    Union,
    Keyed { shards: Vec<Box<dyn Operator>>, keys: Vec<usize> },
    Sink { sink: Box<dyn Sink>, not_null: Option<Arc<dyn Transform>> },
    Result,
}

/// What an epoch came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// There is more to come.
    Continues,
    /// No source had anything.
    Idle,
    /// Everything is done.
    Done,
}

impl Dataflow {
    /// Opens the sources and sinks of a plan and makes its operators.
    ///
    /// # Errors
    /// When something cannot be opened.
    pub fn new(
        plan: Plan,
        pool: Arc<ThreadPool>,
        pieces_max: usize,
        counters: Arc<Counters>,
        bell: &Arc<Bell>,
        result: Option<mpsc::Sender<Result<ChangeBatch>>>,
    ) -> Result<Self> {
        let mut builder =
            Builder { plan: &plan, shards: pool.current_num_threads(), dropped: Vec::new() };
        // Sinks and sources are opened before any thread starts, so that nothing begins that cannot end.
        let mut sources = Vec::new();
        for node in &plan.nodes {
            sources.push(match &node.kind {
                NodeKind::Source { table, columns } => Some(open_source(table, columns)?),
                _ => None,
            });
        }
        let mut stages = Vec::with_capacity(plan.nodes.len());
        for (node, source) in plan.nodes.iter().zip(sources) {
            stages.push(match source {
                Some(source) => {
                    let splits = source.splits();
                    Stage::Source {
                        feed: Feed::start(source, pieces_max * 2, Arc::clone(bell))?,
                        splits,
                        not_null: source_check(node),
                    }
                }
                None => builder.stage(node)?,
            });
        }
        let dropped = builder.dropped;
        // An assigner follows the splits of its source.
        for id in 0..stages.len() {
            if let Stage::Assigner { .. } = stages[id] {
                let splits = splits_below(&plan, &stages, id);
                if let Stage::Assigner { progress, .. } = &mut stages[id] {
                    *progress = Progress::new(splits);
                }
            }
        }
        Ok(Self {
            readers: plan.reader_counts(),
            watermarks: vec![Watermark::MIN; plan.nodes.len()],
            stages,
            plan,
            dropped,
            pool,
            counters,
            result,
            epoch: 0,
            pieces_max,
        })
    }

    /// Runs one epoch with what the sources have.
    ///
    /// # Errors
    /// When an operator, source or sink fails, or nobody takes the result any more.
    pub fn run_epoch(&mut self, clock_ms: i64) -> Result<Outcome> {
        let mut taken = Vec::new();
        let mut anything = self.epoch == 0;
        for stage in &mut self.stages {
            taken.push(match stage {
                Stage::Source { feed, .. } => {
                    let before = feed.ended();
                    let events = feed.take(self.pieces_max)?;
                    anything |= !events.is_empty() || feed.ended() != before;
                    events
                }
                _ => Vec::new(),
            });
        }
        if !anything {
            return Ok(Outcome::Idle);
        }
        let epoch = Epoch { number: self.epoch, clock_ms };
        let before = self.watermarks.clone();
        let mut flows: Vec<Option<Flow>> = Vec::with_capacity(self.stages.len());
        let mut left = self.readers.clone();
        for (id, events) in taken.into_iter().enumerate() {
            let mut inputs = Vec::new();
            for input in self.plan.nodes[id].inputs.clone() {
                inputs.push(self.hand_over(&mut flows[input], &mut left[input])?);
            }
            let flow = self.run_node(id, events, inputs, &before, epoch)?;
            flows.push(Some(flow));
        }
        self.epoch += 1;
        self.count();
        Ok(if self.is_done() { Outcome::Done } else { Outcome::Continues })
    }

    /// The flow of a node, for one of its readers.
    fn hand_over(&self, flow: &mut Option<Flow>, left: &mut usize) -> Result<Flow> {
        *left -= 1;
        let whole = flow.take().unwrap_or_default();
        if *left == 0 {
            return Ok(whole);
        }
        let ends = whole.ends.clone();
        let batches = whole.force(&self.pool, &self.counters, Ok)?;
        let copy = |batches: &[(usize, ChangeBatch)]| Flow {
            items: batches
                .iter()
                .map(|(split, batch)| (*split, Item::Batch(batch.clone())))
                .collect(),
            ends: ends.clone(),
            pending: Vec::new(),
        };
        *flow = Some(copy(&batches));
        Ok(copy(&batches))
    }

    fn run_node(
        &mut self,
        id: usize,
        events: Vec<SourceEvent>,
        mut inputs: Vec<Flow>,
        before: &[Watermark],
        epoch: Epoch,
    ) -> Result<Flow> {
        let node_inputs = &self.plan.nodes[id].inputs;
        let watermark = node_inputs.iter().map(|input| self.watermarks[*input]).min();
        let mut watermark = watermark.unwrap_or(Watermark::MIN);
        let (pool, counters) = (&self.pool, &self.counters);
        let flow = match &mut self.stages[id] {
            Stage::Source { feed, not_null, .. } => {
                if feed.ended() {
                    watermark = Watermark::MAX;
                }
                let mut flow = source_flow(events);
                flow.pending.extend(not_null.clone());
                flow
            }
            Stage::Values { rows } => {
                watermark = Watermark::MAX;
                Flow::of_batches(rows.take().into_iter().collect())
            }
            Stage::Assigner { rowtime, watermark: value, progress } => {
                let input = inputs.swap_remove(0);
                let flow = assign(input, *rowtime, value, progress, pool, counters)?;
                if watermark != Watermark::MAX {
                    watermark = Watermark(progress.watermark());
                }
                flow
            }
            Stage::Transform(transform) => {
                let mut flow = inputs.swap_remove(0);
                flow.pending.push(Arc::clone(transform));
                flow
            }
            Stage::Union => {
                let of = node_inputs.iter().map(|input| before[*input].0).collect::<Vec<_>>();
                let mut items = Vec::new();
                for (at, flow) in inputs.into_iter().enumerate() {
                    let others = of.iter().enumerate().filter(|(other, _)| *other != at);
                    let others = others.map(|(_, watermark)| *watermark).min().unwrap_or(i64::MAX);
                    let batches = flow.batches(pool, counters)?;
                    let schema = &self.plan.nodes[id].schema;
                    for batch in batches {
                        items.push((0, Item::Batch(united(batch, others, schema)?)));
                    }
                }
                Flow { items, ..Flow::default() }
            }
            Stage::Keyed { shards, keys } => {
                let count = shards.len();
                let dealt = inputs
                    .swap_remove(0)
                    .force(pool, counters, |changes| partition(changes, keys, count))?;
                let time = OperatorTime { epoch, watermark };
                run_shards(shards, &dealt, &time, pool)?
            }
            Stage::Sink { sink, not_null } => {
                let mut input = inputs.swap_remove(0);
                input.pending.extend(not_null.clone());
                for batch in input.batches(pool, counters)? {
                    counters.rows_out.fetch_add(batch.num_rows() as u64, Ordering::Relaxed);
                    sink.write(&batch)?;
                }
                sink.end_epoch()?;
                Flow::default()
            }
            Stage::Result => {
                for batch in inputs.swap_remove(0).batches(pool, counters)? {
                    counters.rows_out.fetch_add(batch.num_rows() as u64, Ordering::Relaxed);
                    if let Some(result) = &self.result {
                        result.blocking_send(Ok(batch)).map_err(|_| Error::Cancelled)?;
                    }
                }
                Flow::default()
            }
        };
        self.watermarks[id] = watermark;
        Ok(flow)
    }

    /// Makes what sinks wrote visible.
    ///
    /// # Errors
    /// When that fails.
    pub fn commit(&mut self) -> Result<()> {
        for stage in &mut self.stages {
            if let Stage::Sink { sink, .. } = stage {
                sink.commit()?;
            }
        }
        Ok(())
    }

    fn count(&self) {
        let counters = &self.counters;
        counters.epochs.store(self.epoch, Ordering::Relaxed);
        counters
            .late
            .store(self.dropped.iter().map(|dropped| dropped.late()).sum(), Ordering::Relaxed);
        let without = self.dropped.iter().map(|dropped| dropped.null_rowtime()).sum();
        counters.null_rowtime.store(without, Ordering::Relaxed);
        let mut least = None;
        let mut state = 0;
        for (stage, watermark) in self.stages.iter().zip(&self.watermarks) {
            match stage {
                Stage::Assigner { .. } => {
                    least = Some(least.map_or(*watermark, |known| watermark.min(&known).to_owned()))
                }
                Stage::Keyed { shards, .. } => {
                    state += shards.iter().map(|shard| shard.state_bytes() as u64).sum::<u64>();
                }
                _ => {}
            }
        }
        counters.state_bytes.store(state, Ordering::Relaxed);
        if let Some(least) = least {
            counters.watermark.store(least.0, Ordering::Relaxed);
        }
    }

    /// Whether nothing that may still come changes any output.
    fn is_done(&self) -> bool {
        let mut done = vec![false; self.stages.len()];
        for (id, stage) in self.stages.iter().enumerate() {
            let inputs = &self.plan.nodes[id].inputs;
            let above = !inputs.is_empty() && inputs.iter().all(|input| done[*input]);
            done[id] = match stage {
                Stage::Source { feed, .. } => feed.ended(),
                Stage::Values { .. } => true,
                Stage::Keyed { shards, .. } => above || shards.iter().all(|shard| shard.is_done()),
                _ => above,
            };
        }
        self.plan.outputs().all(|output| done[output])
    }
}

fn splits_below(plan: &Plan, stages: &[Stage], id: usize) -> usize {
    match &stages[id] {
        Stage::Source { splits, .. } => *splits,
        _ => plan.nodes[id]
            .inputs
            .iter()
            .map(|input| splits_below(plan, stages, *input))
            .max()
            .unwrap_or(1),
    }
}

fn source_flow(events: Vec<SourceEvent>) -> Flow {
    let mut flow = Flow::default();
    for event in events {
        match event {
            SourceEvent::Rows { split, piece } => flow.items.push((split, Item::Piece(piece))),
            SourceEvent::EndOfSplit(split) => flow.ends.push((flow.items.len(), split)),
        }
    }
    flow
}

fn assign(
    mut flow: Flow,
    rowtime: usize,
    watermark: &ScalarExpr,
    progress: &mut Progress,
    pool: &ThreadPool,
    counters: &Counters,
) -> Result<Flow> {
    let ends = std::mem::take(&mut flow.ends);
    let mut ends = ends.into_iter().peekable();
    let observed = flow.force(pool, counters, |changes| observe(changes, rowtime, watermark))?;
    let mut items = Vec::with_capacity(observed.len());
    for (at, (split, observation)) in observed.into_iter().enumerate() {
        while let Some((_, ended)) = ends.next_if(|(before, _)| *before <= at) {
            progress.end_split(ended);
        }
        items.push((split, Item::Batch(progress.stamp(split, observation))));
    }
    ends.for_each(|(_, ended)| progress.end_split(ended));
    Ok(Flow { items, ..Flow::default() })
}

/// A batch of one input of a union: a row is late only by what all inputs had reached.
fn united(
    batch: ChangeBatch,
    others: i64,
    schema: &arrow::datatypes::SchemaRef,
) -> Result<ChangeBatch> {
    let reached = batch.reached.filter(|_| others > i64::MIN);
    let reached =
        reached.map(|reached| reached.unary::<_, arrow::datatypes::Int64Type>(|ms| ms.min(others)));
    let fields = schema.fields().iter().map(|field| field.as_ref().clone().with_nullable(true));
    let schema = Arc::new(arrow::datatypes::Schema::new(fields.collect::<Vec<_>>()));
    let options =
        arrow::array::RecordBatchOptions::new().with_row_count(Some(batch.rows.num_rows()));
    let columns = batch.rows.columns().to_vec();
    let rows = arrow::array::RecordBatch::try_new_with_options(schema, columns, &options)?;
    let reached: Option<Int64Array> = reached;
    Ok(ChangeBatch { rows, weights: batch.weights, reached })
}

fn run_shards(
    shards: &mut [Box<dyn Operator>],
    dealt: &[(usize, Vec<ChangeBatch>)],
    time: &OperatorTime,
    pool: &ThreadPool,
) -> Result<Flow> {
    let run = |(at, shard): (usize, &mut Box<dyn Operator>)| -> Result<Output> {
        let mut out = Output::default();
        for (_, parts) in dealt {
            // Rows without a key all belong to the first shard.
            if let Some(part) = parts.get(at).filter(|part| part.num_rows() > 0) {
                shard.process(0, part.clone(), &mut out)?;
            }
        }
        shard.end_epoch(time, &mut out)?;
        Ok(out)
    };
    let outputs: Vec<Result<Output>> = if shards.len() == 1 {
        shards.iter_mut().enumerate().map(run).collect()
    } else {
        pool.install(|| shards.par_iter_mut().enumerate().map(run).collect())
    };
    let mut batches = Vec::new();
    for output in outputs {
        batches.extend(output?.into_batches());
    }
    Ok(Flow::of_batches(batches))
}

/// What the columns that a source reads promise.
fn source_check(node: &Node) -> Option<Arc<dyn Transform>> {
    match &node.kind {
        NodeKind::Source { table, .. } => not_null(&table.name, &node.schema),
        _ => None,
    }
}

fn not_null(table: &str, schema: &arrow::datatypes::SchemaRef) -> Option<Arc<dyn Transform>> {
    NotNull::new(table, schema).map(|check| Arc::new(check) as Arc<dyn Transform>)
}

/// Makes the operators of a plan.
struct Builder<'a> {
    plan: &'a Plan,
    shards: usize,
    dropped: Vec<Arc<Dropped>>,
}

impl Builder<'_> {
    fn dropped(&mut self) -> Arc<Dropped> {
        let dropped = Arc::new(Dropped::default());
        self.dropped.push(Arc::clone(&dropped));
        dropped
    }

    fn stage(&mut self, node: &Node) -> Result<Stage> {
        let input = node.inputs.first().map(|input| Arc::clone(&self.plan.nodes[*input].schema));
        let input = input.unwrap_or_else(|| Arc::clone(&node.schema));
        // What an operator gives may be NULL wherever an outer join or a failing record made it so.
        let schema = millstream_formats::json::nullable(&node.schema);
        Ok(match &node.kind {
            NodeKind::Source { table, .. } => {
                return Err(Error::Internal(format!("table {} was not opened", table.name)));
            }
            NodeKind::Values { rows } => {
                Stage::Values { rows: Some(ChangeBatch::insert(rows.clone())) }
            }
            NodeKind::WatermarkAssigner { rowtime, watermark } => Stage::Assigner {
                rowtime: *rowtime,
                watermark: watermark.clone(),
                progress: Progress::new(1),
            },
            NodeKind::Calc { condition, projection } => {
                let calc = Calc::new(condition.clone(), projection.clone(), schema)?;
                Stage::Transform(Arc::new(calc))
            }
            NodeKind::Union => Stage::Union,
            NodeKind::WindowTableFunction { rowtime, window } => {
                let dropped = self.dropped();
                Stage::Transform(Arc::new(WindowTableFunction::new(
                    *rowtime, *window, schema, dropped,
                )))
            }
            NodeKind::Correlate { function, arguments, outer } => {
                Stage::Transform(Arc::new(Correlate {
                    function: function.clone(),
                    arguments: arguments.clone(),
                    outer: *outer,
                    schema,
                }))
            }
            NodeKind::WindowAggregate { window, keys, aggregates, output } => {
                let dropped = self.dropped();
                let spec = Arc::new(WindowAggregateSpec {
                    window: window.clone(),
                    keys: keys.clone(),
                    aggregates: aggregates.clone(),
                    output: output.clone(),
                    input,
                    schema,
                });
                let shard = || -> Box<dyn Operator> {
                    Box::new(WindowAggregate::new(Arc::clone(&spec), Arc::clone(&dropped)))
                };
                let count = if keys.is_empty() { 1 } else { self.shards };
                Stage::Keyed { shards: (0..count).map(|_| shard()).collect(), keys: keys.clone() }
            }
            NodeKind::GroupAggregate { keys, aggregates } => {
                let (keys, aggregates) = (keys.clone(), aggregates.clone());
                let spec =
                    Arc::new(GroupAggregateSpec { keys: keys.clone(), aggregates, input, schema });
                let count = if keys.is_empty() { 1 } else { self.shards };
                let shards = (0..count)
                    .map(|_| {
                        Ok(Box::new(GroupAggregate::new(Arc::clone(&spec))?) as Box<dyn Operator>)
                    })
                    .collect::<Result<_>>()?;
                Stage::Keyed { shards, keys }
            }
            NodeKind::Limit { skip, fetch } => {
                Stage::Keyed { shards: vec![Box::new(Limit::new(*skip, *fetch))], keys: Vec::new() }
            }
            NodeKind::Sink { table } => Stage::Sink {
                sink: open_sink(table)?,
                not_null: not_null(&table.name, &table.physical),
            },
            NodeKind::Result => Stage::Result,
        })
    }
}
