//! [`Dataflow`]: the operators of a plan, and what they do in one epoch.
//!
//! In an epoch each node turns the flows of its inputs into its own, in the order of the plan. Nothing
//! is in flight between epochs.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use millstream_connectors::{Attachment, Door, Receipt, Sink, SourceEvent, open_source};
use millstream_operators::reduce::Reducer;
use millstream_operators::watermark::{Progress, WatermarkSpec};
use millstream_operators::{Operator, OperatorTime, Transform};
use millstream_plan::{NodeId, NodeKind, Plan};
use millstream_types::{ChangeBatch, Epoch, Error, Result, Watermark};
use rayon::ThreadPool;
use tokio::sync::mpsc;

use crate::feed::{Bell, Feed};
use crate::flow::{Dealt, Flow, Item, are_of_shard, deal};
use crate::inputs::{capped, floor, origins, others, raised};
use crate::job::JobOptions;
use crate::metrics::{Counters, SplitState, SplitStatus, Status, Wait};
use crate::stages::{Builder, source_check};
use crate::steps::{
    Due, assign, in_order_met, late_rows_say_so, receipts, renamed, run_shards, shards_flow,
    source_flow,
};
use crate::taps::{Followers, Taps};

/// A plan made ready to run.
pub struct Dataflow {
    stages: Vec<Stage>,
    plan: Plan,
    readers: Vec<usize>,
    /// How far event time has come at each node, after the last epoch.
    watermarks: Vec<Watermark>,
    /// Which nodes nothing waits for: all splits of their sources are idle.
    idle: Vec<bool>,
    /// The nodes that the event time of each node comes from.
    origins: Vec<BTreeSet<NodeId>>,
    pool: Arc<ThreadPool>,
    counters: Arc<Counters>,
    result: Option<mpsc::Sender<Result<ChangeBatch>>>,
    epoch: u64,
    /// The most pieces that each source gives to an epoch.
    pieces_max: usize,
    followers: Followers,
    /// When the bytes of state were last counted, and how long that took.
    weighed: Option<(Instant, std::time::Duration)>,
}

/// What a node is while it runs.
pub enum Stage {
    /// Reads a table.
    Source {
        /// Its rows.
        feed: Feed,
        /// What each split is called.
        splits: Vec<String>,
        /// The hold on it, where it waits for the world outside.
        attachment: Option<Attachment>,
        /// What the table promises of them.
        not_null: Option<Arc<dyn Transform>>,
    },
    /// Rows that stand in the statement.
    Values {
        /// The rows, until they are taken.
        rows: Option<ChangeBatch>,
    },
    /// Follows event time.
    Assigner {
        /// How.
        spec: WatermarkSpec,
        /// How far the splits have come.
        progress: Progress,
        /// The node of the source.
        source: NodeId,
    },
    /// Does something to each batch.
    Transform(Arc<dyn Transform>),
    /// All rows of all inputs.
    Union,
    /// An operator with state.
    Keyed {
        /// Its shards.
        shards: Vec<Box<dyn Operator>>,
        /// For each input the columns by which rows are dealt out to them.
        keys: Vec<Vec<usize>>,
        /// For each input whether its rows are already in the shard they belong to.
        stands: Vec<bool>,
        /// Whether its time is the clock.
        processing_time: bool,
        /// What puts rows together before they are dealt out.
        reducer: Option<Reducer>,
    },
    /// Writes a table.
    Sink {
        /// Where to.
        sink: Box<dyn Sink>,
        /// What the table promises.
        not_null: Option<Arc<dyn Transform>>,
    },
    /// Gives the result.
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
        options: &JobOptions,
        counters: Arc<Counters>,
        bell: &Arc<Bell>,
        result: Option<mpsc::Sender<Result<ChangeBatch>>>,
        taps: Arc<Taps>,
    ) -> Result<Self> {
        let (inlets, pieces_max) = (&options.inlets, options.pieces_per_epoch.max(1));
        let mut builder = Builder {
            plan: &plan,
            shards: pool.current_num_threads(),
            dropped: &counters.dropped,
            counters: &counters,
        };
        // Sinks and sources are opened before any thread starts, so that nothing begins that cannot end.
        let mut sources = Vec::new();
        for node in &plan.nodes {
            sources.push(match &node.kind {
                NodeKind::Source { table, columns } => Some(open_source(table, columns)?),
                _ => None,
            });
        }
        let mut made = Vec::with_capacity(plan.nodes.len());
        for (id, (node, source)) in plan.nodes.iter().zip(&sources).enumerate() {
            made.push(match source {
                Some(_) => None,
                None => Some(builder.stage(id, node)?),
            });
        }
        // Nothing is let in before everything is there that it will go through.
        let mut stages = Vec::with_capacity(plan.nodes.len());
        for ((node, source), stage) in plan.nodes.iter().zip(sources).zip(made) {
            stages.extend(stage);
            if let Some(mut source) = source {
                counters.meet(source.peer());
                stages.push(Stage::Source {
                    splits: source.split_names(),
                    attachment: source.attach(inlets, options.observes)?,
                    feed: Feed::start(source, pieces_max * 2, Arc::clone(bell))?,
                    not_null: source_check(node),
                });
            }
        }
        let promises = stages.iter().any(|stage| match stage {
            Stage::Source { attachment, .. } => {
                attachment.as_ref().is_some_and(Attachment::promises)
            }
            _ => false,
        });
        for stage in &mut stages {
            if let Stage::Sink { sink, .. } = stage {
                if promises {
                    sink.keep_epochs();
                }
                sink.attach(inlets);
                counters.meet(sink.peer());
            }
        }
        // An assigner follows the splits of its source.
        for id in 0..stages.len() {
            let source = plan.source_below(id).unwrap_or_default();
            let Stage::Source { splits, .. } = &stages[source] else { continue };
            let splits = splits.len();
            if let Stage::Assigner { progress, source: below, .. } = &mut stages[id] {
                *progress = Progress::new(splits, clock_ms());
                *below = source;
            }
        }
        Ok(Self {
            readers: plan.reader_counts(),
            watermarks: vec![Watermark::MIN; plan.nodes.len()],
            idle: vec![false; plan.nodes.len()],
            origins: origins(&plan),
            stages,
            plan,
            pool,
            counters,
            result,
            epoch: 0,
            pieces_max,
            followers: Followers::new(taps),
            weighed: None,
        })
    }

    /// Tells sinks what says when the job is to end.
    pub fn heed(&mut self, asked: &Arc<AtomicBool>) {
        for stage in &mut self.stages {
            if let Stage::Sink { sink, .. } = stage {
                sink.heed(asked);
            }
        }
    }

    /// Runs one epoch with what the sources have.
    ///
    /// # Errors
    /// When an operator, source or sink fails, or nobody takes the result any more.
    pub fn run_epoch(&mut self, clock_ms: i64) -> Result<Outcome> {
        self.followers.welcome();
        let mut taken = Vec::new();
        let paused = self.paused();
        let mut anything = self.ticks(clock_ms, &paused) || self.epoch == 0;
        for (id, stage) in self.stages.iter_mut().enumerate() {
            taken.push(match stage {
                Stage::Source { feed, .. } => {
                    let before = feed.ended();
                    let most = match paused[id] {
                        Alignment::Free => self.pieces_max,
                        // Small steps, so that none gets far ahead.
                        Alignment::Within => 1,
                        Alignment::Ahead => 0,
                    };
                    let events = feed.take(most)?;
                    anything |= !events.is_empty() || feed.ended() != before;
                    events
                }
                _ => Vec::new(),
            });
        }
        if !anything {
            self.count(&paused);
            return Ok(Outcome::Idle);
        }
        let receipts = receipts(&mut taken);
        let started = Instant::now();
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
        for stage in &mut self.stages {
            if let Stage::Sink { sink, .. } = stage {
                sink.epoch_ended();
            }
        }
        self.followers.tell(&self.plan);
        let took = started.elapsed().as_nanos() as u64;
        self.counters.epoch_nanos.fetch_add(took, Ordering::Relaxed);
        self.counters.last_epoch_nanos.store(took, Ordering::Relaxed);
        self.epoch += 1;
        self.count(&paused);
        // Who is told that rows are through sees them counted, too.
        receipts.into_iter().for_each(Receipt::done);
        Ok(if self.is_done() { Outcome::Done } else { Outcome::Continues })
    }

    /// The flow of a node, for one of its readers.
    fn hand_over(&self, flow: &mut Option<Flow>, left: &mut usize) -> Result<Flow> {
        *left -= 1;
        let whole = flow.take().unwrap_or_default();
        if *left == 0 {
            return Ok(whole);
        }
        let (from, by_shard, mut ends) = (whole.from, whole.by_shard, whole.ends.clone());
        let forced = whole.force(&self.pool, &self.counters, Ok)?;
        for (before, _) in &mut ends {
            *before = forced[..*before].iter().map(|(_, batches)| batches.len()).sum();
        }
        let batches = forced.iter().flat_map(|(split, all)| all.iter().map(|one| (*split, one)));
        let copy = || Flow {
            from,
            items: batches.clone().map(|(split, one)| (split, Item::Batch(one.clone()))).collect(),
            by_shard,
            ends: ends.clone(),
            pending: Vec::new(),
        };
        *flow = Some(copy());
        Ok(copy())
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
        let (mut watermark, mut idle) = self.combined(id);
        let (pool, counters) = (&self.pool, &self.counters);
        let started = Instant::now();
        let flow = match &mut self.stages[id] {
            Stage::Source { feed, not_null, .. } => {
                if feed.ended() {
                    watermark = Watermark::MAX;
                }
                let mut flow = source_flow(id, events);
                flow.pending.extend(not_null.clone().map(|check| (id, check)));
                flow
            }
            Stage::Values { rows } => {
                watermark = Watermark::MAX;
                Flow::of_batches(id, rows.take().into_iter().collect())
            }
            Stage::Assigner { spec, progress, .. } => {
                let input = inputs.swap_remove(0);
                let flow = assign(input, id, spec, progress, epoch.clock_ms, pool, counters)?;
                if watermark != Watermark::MAX {
                    watermark = Watermark(progress.watermark());
                    idle = progress.is_idle();
                }
                flow
            }
            Stage::Transform(transform) => {
                let mut flow = inputs.swap_remove(0);
                flow.pending.push((id, Arc::clone(transform)));
                flow
            }
            Stage::Union => {
                let mut batches = Vec::new();
                for (at, flow) in inputs.into_iter().enumerate() {
                    let others = others(node_inputs, at, before, &self.idle, &self.origins);
                    let floor = floor(node_inputs[at], id, before);
                    let schema = &self.plan.nodes[id].schema;
                    for batch in flow.batches(pool, counters)? {
                        let batch = raised(capped(batch, others), floor);
                        batches.push(renamed(batch, schema)?);
                    }
                }
                Flow::of_batches(id, in_order_met(batches)?)
            }
            Stage::Keyed { shards, keys, stands, processing_time, reducer } => {
                if *processing_time && watermark != Watermark::MAX {
                    // Rows of later epochs carry a later time than this epoch's.
                    watermark = Watermark(epoch.clock_ms - 1);
                }
                let count = shards.len();
                let mut due: Due = (0..count).map(|_| Vec::new()).collect();
                for (at, flow) in inputs.into_iter().enumerate() {
                    let others = others(node_inputs, at, before, &self.idle, &self.origins);
                    let floor = floor(node_inputs[at], id, before);
                    let stays = stands[at] && flow.by_shard;
                    let forced = flow.force(pool, counters, |changes| {
                        let changes = match *processing_time {
                            // Event time says nothing of who is late by the clock.
                            true => ChangeBatch { reached: None, ..changes },
                            false => raised(capped(changes, others), floor),
                        };
                        match stays {
                            true => Ok(vec![Dealt::Rows(changes)]),
                            false => deal(changes, &keys[at], count, reducer.as_ref()),
                        }
                    })?;
                    for (shard, batches) in forced {
                        let first = if stays { shard } else { 0 };
                        for parts in batches {
                            debug_assert!(
                                !stays || are_of_shard(&parts, &keys[at], shard, count),
                                "rows of input {at} are not in the shard of their key"
                            );
                            (first..).zip(parts).for_each(|(to, part)| due[to].push((at, part)));
                        }
                    }
                }
                let time = OperatorTime { epoch, watermark };
                let started = Instant::now();
                let batches = run_shards(shards, due, &time, pool)?;
                debug_assert!(
                    *processing_time
                        || late_rows_say_so(&batches, &self.plan.nodes[id].rowtimes, before[id]),
                    "{} gives late rows as if they were on time",
                    self.plan.nodes[id].kind.name()
                );
                let rows = batches.iter().map(|(_, batch)| batch.num_rows()).sum();
                counters.nodes[id].add(rows, started.elapsed());
                shards_flow(id, batches)?
            }
            Stage::Sink { sink, not_null } => {
                let mut input = inputs.swap_remove(0);
                input.pending.extend(not_null.clone().map(|check| (id, check)));
                for batch in input.batches(pool, counters)? {
                    let started = Instant::now();
                    counters.rows_out.fetch_add(batch.num_rows() as u64, Ordering::Relaxed);
                    sink.write(&batch)?;
                    self.followers.take(id, &batch);
                    counters.nodes[id].add(batch.num_rows(), started.elapsed());
                }
                let started = Instant::now();
                sink.end_epoch(epoch.number)?;
                counters.nodes[id].add(0, started.elapsed());
                Flow::default()
            }
            Stage::Result => {
                for batch in inputs.swap_remove(0).batches(pool, counters)? {
                    let rows = batch.num_rows();
                    counters.rows_out.fetch_add(rows as u64, Ordering::Relaxed);
                    counters.nodes[id].add(rows, std::time::Duration::ZERO);
                    if let Some(result) = &self.result {
                        result.blocking_send(Ok(batch)).map_err(|_| Error::Cancelled)?;
                    }
                }
                Flow::default()
            }
        };
        tracing::trace!(id, elapsed = ?started.elapsed(), "node ran");
        if watermark != Watermark::MAX {
            watermark.0 = watermark.0.saturating_sub(self.plan.nodes[id].delay_ms());
        }
        // What an operator has seen complete stays complete, whichever of its inputs wake up.
        self.watermarks[id] = watermark.max(self.watermarks[id]);
        self.idle[id] = idle;
        Ok(flow)
    }

    /// How far event time has come over all inputs of a node, and whether nothing waits for any of them.
    fn combined(&self, id: NodeId) -> (Watermark, bool) {
        let inputs = &self.plan.nodes[id].inputs;
        let of = |idle: bool| {
            let inputs = inputs.iter().filter(move |input| self.idle[**input] == idle);
            inputs.map(|input| self.watermarks[*input])
        };
        match of(false).min() {
            Some(least) => (least, false),
            None => (of(true).max().unwrap_or(Watermark::MIN), !inputs.is_empty()),
        }
    }

    /// Looks at the clock: whether it alone makes something happen.
    fn ticks(&mut self, clock_ms: i64, paused: &[Alignment]) -> bool {
        let mut anything = false;
        for stage in &mut self.stages {
            anything |= match stage {
                Stage::Assigner { progress, source, .. }
                    if matches!(paused[*source], Alignment::Ahead) =>
                {
                    progress.rest(clock_ms);
                    false
                }
                Stage::Assigner { spec, progress, .. } => {
                    spec.options.idle_timeout.is_some_and(|idle| progress.tick(clock_ms, idle))
                }
                Stage::Keyed { shards, processing_time, .. } => shards.iter().any(|shard| {
                    let window = shard.next_window().filter(|_| *processing_time);
                    window.is_some_and(|window| window.needs < clock_ms)
                        || shard.wakes_at().is_some_and(|wake| wake <= clock_ms)
                }),
                Stage::Sink { sink, .. } => sink.is_due(),
                _ => false,
            };
        }
        anything
    }

    /// For each source whether it is too far ahead of those it is aligned with.
    fn paused(&self) -> Vec<Alignment> {
        let mut aligned = vec![Alignment::Free; self.stages.len()];
        let members = self.stages.iter().enumerate().filter_map(|(id, stage)| match stage {
            Stage::Assigner { spec, source, .. } => {
                spec.options.alignment.as_ref().map(|(group, drift)| (id, *source, group, *drift))
            }
            _ => None,
        });
        let members: Vec<_> = members.collect();
        for (id, source, group, drift) in &members {
            let others =
                members.iter().filter(|(other, _, known, _)| known == group && other != id);
            let others = others.filter(|(other, ..)| !self.idle[*other]);
            let least = others.map(|(other, ..)| self.watermarks[*other].0).min();
            let ahead =
                least.is_some_and(|least| self.watermarks[*id].0 > least.saturating_add(*drift));
            aligned[*source] = if ahead { Alignment::Ahead } else { Alignment::Within };
        }
        aligned
    }

    /// Where rows are brought in from outside.
    pub fn doors(&self) -> Vec<Door> {
        self.attachments().filter_map(Attachment::door).collect()
    }

    /// Whether all that was let in has gone through.
    pub fn is_drained(&self) -> bool {
        self.attachments().all(Attachment::is_drained)
    }

    fn attachments(&self) -> impl Iterator<Item = &Attachment> {
        self.stages.iter().filter_map(|stage| match stage {
            Stage::Source { attachment, .. } => attachment.as_ref(),
            _ => None,
        })
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

    fn count(&mut self, paused: &[Alignment]) {
        // State is walked through to be weighed: not for longer than a small part of the time.
        let weighs =
            self.weighed.is_none_or(|(at, took)| at.elapsed() >= took * 50) || self.is_done();
        let started = Instant::now();
        let counters = &self.counters;
        counters.epochs.store(self.epoch, Ordering::Relaxed);
        let mut status = Status::default();
        let mut least: Option<Watermark> = None;
        let mut state = 0;
        for (id, stage) in self.stages.iter().enumerate() {
            let watermark = self.watermarks[id];
            match stage {
                Stage::Assigner { progress, source, .. } => {
                    least = Some(least.map_or(watermark, |known| known.min(watermark)));
                    let paused = matches!(paused[*source], Alignment::Ahead);
                    self.split_status(*source, progress, paused, &mut status.splits);
                }
                Stage::Keyed { shards, processing_time, .. } => {
                    let node = &counters.nodes[id];
                    if weighs {
                        let bytes = shards.iter().map(|shard| shard.state_bytes() as u64).sum();
                        node.state_bytes.store(bytes, Ordering::Relaxed);
                        node.state_peak.fetch_max(bytes, Ordering::Relaxed);
                    }
                    state += node.state_bytes.load(Ordering::Relaxed);
                    let next = shards.iter().filter_map(|shard| shard.next_window());
                    status.waits.extend(next.min_by_key(|window| window.needs).map(|window| {
                        Wait {
                            operator: self.plan.nodes[id].kind.name(),
                            window,
                            watermark: (watermark > Watermark::MIN).then_some(watermark.0),
                            processing_time: *processing_time,
                        }
                    }));
                }
                _ => {}
            }
        }
        if weighs {
            self.weighed = Some((Instant::now(), started.elapsed()));
        }
        counters.state_bytes.store(state, Ordering::Relaxed);
        if let Some(least) = least {
            counters.watermark.store(least.0, Ordering::Relaxed);
        }
        let active = |split: &&mut SplitStatus| split.state == SplitState::Active;
        if let Some(least) = status.splits.iter_mut().filter(active).map(|s| s.watermark).min() {
            let behind = status.splits.iter_mut().filter(active);
            behind.for_each(|split| split.holds_back = split.watermark == least);
        }
        counters.set_status(status);
    }

    fn split_status(
        &self,
        source: NodeId,
        progress: &Progress,
        paused: bool,
        into: &mut Vec<SplitStatus>,
    ) {
        let Stage::Source { splits: names, .. } = &self.stages[source] else { return };
        let NodeKind::Source { table, .. } = &self.plan.nodes[source].kind else { return };
        for (split, name) in progress.splits().iter().zip(names) {
            let state = match (split.ended, split.idle) {
                (true, _) => SplitState::Ended,
                (_, true) => SplitState::Idle,
                _ => SplitState::Active,
            };
            into.push(SplitStatus {
                table: table.name.clone(),
                split: name.clone(),
                watermark: (split.reached > i64::MIN).then_some(split.reached),
                state,
                active_ms: split.active_ms,
                holds_back: false,
                paused,
            });
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

/// Whether a source is held to the pace of others.
#[derive(Debug, Clone, Copy)]
enum Alignment {
    /// It is not.
    Free,
    /// It is near enough to them.
    Within,
    /// It is too far ahead.
    Ahead,
}

fn clock_ms() -> i64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.unwrap_or_default().as_millis() as i64
}
