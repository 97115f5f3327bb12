//! How the event times of the inputs of one node come together: a row is late by what all had reached.

use std::collections::BTreeSet;

use arrow::array::Int64Array;
use millstream_plan::{NodeId, NodeKind, Plan};
use millstream_types::{ChangeBatch, Watermark};

/// For each node the nodes that its event time comes from.
pub(crate) fn origins(plan: &Plan) -> Vec<BTreeSet<NodeId>> {
    let mut origins: Vec<BTreeSet<NodeId>> = Vec::with_capacity(plan.nodes.len());
    for (id, node) in plan.nodes.iter().enumerate() {
        origins.push(match &node.kind {
            NodeKind::WatermarkAssigner { .. } | NodeKind::Source { .. } => BTreeSet::from([id]),
            _ => node.inputs.iter().flat_map(|input| origins[*input].clone()).collect(),
        });
    }
    origins
}

/// How far the other inputs of a node had come at the start of the epoch. What they share with this input
/// the rows of this input know better.
pub(crate) fn others(
    inputs: &[NodeId],
    at: usize,
    before: &[Watermark],
    idle: &[bool],
    origins: &[BTreeSet<NodeId>],
) -> i64 {
    let own = &origins[inputs[at]];
    let others = inputs.iter().enumerate().filter(|(other, input)| {
        *other != at && !idle[**input] && !origins[**input].is_subset(own)
    });
    others.map(|(_, input)| before[*input].0).min().unwrap_or(i64::MAX)
}

/// A batch of one input of several: a row is late only by what all inputs had reached.
pub(crate) fn capped(batch: ChangeBatch, others: i64) -> ChangeBatch {
    if others == i64::MAX {
        return batch;
    }
    let reached = batch.reached.as_ref().filter(|_| others > i64::MIN);
    let reached: Option<Int64Array> = reached.map(|reached| reached.unary(|ms| ms.min(others)));
    ChangeBatch { reached, ..batch }
}

/// How far a node had come ahead of one of its inputs, which had been silent: no row of it is met by less.
pub(crate) fn floor(input: NodeId, id: NodeId, before: &[Watermark]) -> Option<i64> {
    (before[input] < before[id]).then_some(before[id].0)
}

/// A batch of an input that others did not wait for.
pub(crate) fn raised(batch: ChangeBatch, floor: Option<i64>) -> ChangeBatch {
    let Some(floor) = floor else { return batch };
    let reached = match &batch.reached {
        Some(reached) => reached.unary(|ms| ms.max(floor)),
        None => Int64Array::from(vec![floor; batch.num_rows()]),
    };
    ChangeBatch { reached: Some(reached), ..batch }
}
