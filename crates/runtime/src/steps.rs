//! What single nodes do in an epoch: take what sources gave, follow event time, run an operator's shards.

use std::time::Instant;

use arrow::array::UInt32Array;
use arrow::compute::concat_batches;
use millstream_connectors::{Receipt, SourceEvent};
use millstream_operators::watermark::{Progress, WatermarkSpec, milliseconds};
use millstream_operators::{Operator, OperatorTime, Output};
use millstream_plan::NodeId;
use millstream_types::{ChangeBatch, Result, Watermark};
use rayon::ThreadPool;
use rayon::prelude::*;

use crate::flow::{Dealt, Flow, Item};
use crate::metrics::Counters;

/// What the senders of rows wait for.
pub(crate) fn receipts(taken: &mut [Vec<SourceEvent>]) -> Vec<Receipt> {
    let mut receipts = Vec::new();
    for event in taken.iter_mut().flatten() {
        if let SourceEvent::Rows { piece, .. } = event {
            receipts.extend(piece.take());
        }
    }
    receipts
}

pub(crate) fn source_flow(from: NodeId, events: Vec<SourceEvent>) -> Flow {
    let mut flow = Flow { from, ..Flow::default() };
    for event in events {
        match event {
            SourceEvent::Rows { split, piece } => flow.items.push((split, Item::Piece(piece))),
            SourceEvent::EndOfSplit(split) => flow.ends.push((flow.items.len(), split)),
        }
    }
    flow
}

pub(crate) fn assign(
    mut flow: Flow,
    id: NodeId,
    spec: &WatermarkSpec,
    progress: &mut Progress,
    clock_ms: i64,
    pool: &ThreadPool,
    counters: &Counters,
) -> Result<Flow> {
    let ends = std::mem::take(&mut flow.ends);
    let mut ends = ends.into_iter().peekable();
    let observed = flow.force(pool, counters, |changes| {
        let (started, rows) = (Instant::now(), changes.num_rows());
        let observed = spec.observe(changes, clock_ms);
        counters.nodes[id].add(rows, started.elapsed());
        observed
    })?;
    let mut items = Vec::with_capacity(observed.len());
    for (at, (split, observations)) in observed.into_iter().enumerate() {
        while let Some((_, ended)) = ends.next_if(|(before, _)| *before <= at) {
            progress.end_split(ended);
        }
        for observation in observations {
            items.push((split, Item::Batch(progress.stamp(split, observation, spec, clock_ms))));
        }
    }
    ends.for_each(|(_, ended)| progress.end_split(ended));
    Ok(Flow { from: id, items, ..Flow::default() })
}

/// A batch under the names of a schema.
pub(crate) fn renamed(
    batch: ChangeBatch,
    schema: &arrow::datatypes::SchemaRef,
) -> Result<ChangeBatch> {
    let schema = millstream_formats::json::nullable(schema);
    let options =
        arrow::array::RecordBatchOptions::new().with_row_count(Some(batch.rows.num_rows()));
    let columns = batch.rows.columns().to_vec();
    let rows = arrow::array::RecordBatch::try_new_with_options(schema, columns, &options)?;
    Ok(ChangeBatch { rows, ..batch })
}

/// What each shard of an operator is to take: the rows of its inputs, batch by batch, each with its input.
pub(crate) type Due = Vec<Vec<(usize, Dealt)>>;

/// Runs the shards of an operator over what is due to them.
pub(crate) fn run_shards(
    shards: &mut [Box<dyn Operator>],
    due: Due,
    time: &OperatorTime,
    pool: &ThreadPool,
) -> Result<Vec<(usize, ChangeBatch)>> {
    let run =
        |(shard, due): (&mut Box<dyn Operator>, Vec<(usize, Dealt)>)| -> Result<Vec<ChangeBatch>> {
            let mut out = Output::default();
            shard.begin_epoch(time.epoch.clock_ms)?;
            for (input, part) in due {
                match part {
                    Dealt::Rows(rows) if rows.num_rows() == 0 => {}
                    Dealt::Rows(rows) => shard.process(input, rows, &mut out)?,
                    Dealt::Groups(groups) => shard.merge(groups)?,
                }
            }
            shard.end_epoch(time, &mut out)?;
            Ok(out.into_batches())
        };
    let outputs: Vec<Result<Vec<ChangeBatch>>> = if shards.len() == 1 {
        shards.iter_mut().zip(due).map(run).collect()
    } else {
        pool.install(|| shards.par_iter_mut().zip(due).map(run).collect())
    };
    let mut batches = Vec::new();
    for (shard, output) in outputs.into_iter().enumerate() {
        batches.extend(output?.into_iter().map(|batch| (shard, batch)));
    }
    Ok(batches)
}

/// Whether rows that say which watermark they met stand in the order of that, behind those that were ahead
/// of it. Where rows of several shards or inputs follow one another, a late one could else come before rows
/// that the watermark it met had passed, and windows be complete without them.
fn stand_as_met<'a>(batches: impl Iterator<Item = &'a ChangeBatch> + Clone) -> bool {
    let mut last = i64::MIN;
    let ascends = |batch: &ChangeBatch| match &batch.reached {
        None => last == i64::MIN,
        Some(reached) => {
            reached.values().iter().all(|met| std::mem::replace(&mut last, *met) <= *met)
        }
    };
    batches.clone().any(|batch| batch.weights.is_some()) || batches.clone().all(ascends)
}

/// What shards gave, in the order in which late rows met the watermark: see [`in_order_met`].
pub(crate) fn shards_flow(from: NodeId, batches: Vec<(usize, ChangeBatch)>) -> Result<Flow> {
    if stand_as_met(batches.iter().map(|(_, batch)| batch)) {
        return Ok(Flow::of_shards(from, batches));
    }
    let batches = batches.into_iter().map(|(_, batch)| batch).collect();
    Ok(Flow::of_batches(from, in_order_met(batches)?))
}

/// Puts rows that say which watermark they met in the order of that, behind those that were ahead of it.
pub(crate) fn in_order_met(batches: Vec<ChangeBatch>) -> Result<Vec<ChangeBatch>> {
    if stand_as_met(batches.iter()) {
        return Ok(batches);
    }
    let (mut ordered, marked): (Vec<_>, Vec<_>) =
        batches.into_iter().partition(|batch| batch.reached.is_none());
    let Some(first) = marked.first() else { return Ok(ordered) };
    let rows = concat_batches(&first.schema(), marked.iter().map(|batch| &batch.rows))?;
    let met = marked.iter().filter_map(|batch| batch.reached.as_ref());
    let met: Vec<i64> = met.flat_map(|met| met.values()).copied().collect();
    let mut order: Vec<u32> = (0..met.len() as u32).collect();
    order.sort_by_key(|row| met[*row as usize]);
    let marked = ChangeBatch { reached: Some(met.into()), ..ChangeBatch::insert(rows) };
    ordered.push(marked.take(&UInt32Array::from(order))?);
    Ok(ordered)
}

/// Whether all rows that the watermark of the last epoch had passed say so, by each of their event times:
/// what is above takes the others for rows that are on time.
pub(crate) fn late_rows_say_so(
    batches: &[(usize, ChangeBatch)],
    rowtimes: &[usize],
    watermark: Watermark,
) -> bool {
    let says_so = |batch: &ChangeBatch, rowtime: usize| {
        let Ok(times) = milliseconds(batch.rows.column(rowtime)) else { return false };
        times.iter().enumerate().all(|(row, time)| {
            let met = batch.reached.as_ref().map_or(i64::MIN, |reached| reached.value(row));
            time.is_none_or(|time| time > watermark.0 || time <= met || batch.weight(row) < 0)
        })
    };
    batches.iter().all(|(_, batch)| rowtimes.iter().all(|rowtime| says_so(batch, *rowtime)))
}
