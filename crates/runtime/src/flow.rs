//! [`Flow`]: batches on their way from one operator to the next in one epoch.
//!
//! Transforms are not run one after the other over all batches: they are put off until something needs
//! the rows, and then each batch goes through all of them on one core while it is in its cache.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use arrow::array::UInt32Array;
use millstream_connectors::Piece;
use millstream_formats::decoder::Decoded;
use millstream_operators::reduce::{Reduced, Reducer};
use millstream_operators::{Dropped, Transform};
use millstream_plan::NodeId;
use millstream_state::{hash_rows, shard_of};
use millstream_types::{ChangeBatch, Result, batch_rows};
use rayon::ThreadPool;
use rayon::prelude::*;

use crate::metrics::Counters;

/// Rows, yet to be decoded or there.
#[allow(clippy::large_enum_variant, reason = "most items are batches, and there are few of them")]
pub enum Item {
    /// Rows of a split of a source.
    Piece(Box<dyn Piece>),
    /// Changes.
    Batch(ChangeBatch),
}

/// Batches in order, and what is still to be done to each.
#[derive(Default)]
pub struct Flow {
    /// The node they come from.
    pub from: NodeId,
    /// The batches, each with the split it came from, or the shard.
    pub items: Vec<(usize, Item)>,
    /// Whether they come with the shard whose rows they are.
    pub by_shard: bool,
    /// Splits that ended, each with the number of items before that.
    pub ends: Vec<(usize, usize)>,
    /// Transforms that are put off, each with its node.
    pub pending: Vec<(NodeId, Arc<dyn Transform>)>,
}

impl Flow {
    /// Changes that are there.
    pub fn of_batches(from: NodeId, batches: Vec<ChangeBatch>) -> Self {
        let items = batches.into_iter().map(|batch| (0, Item::Batch(batch))).collect();
        Self { from, items, ..Self::default() }
    }

    /// Changes that are there, each with its shard.
    pub fn of_shards(from: NodeId, batches: Vec<(usize, ChangeBatch)>) -> Self {
        let items = batches.into_iter().map(|(shard, batch)| (shard, Item::Batch(batch))).collect();
        Self { from, items, by_shard: true, ..Self::default() }
    }

    /// Runs what was put off, then `last`, on each batch on its own; the results are in order, those of each
    /// item together with its split: a piece may be several batches.
    ///
    /// # Errors
    /// The first error in the order of the stream.
    pub fn force<T: Send>(
        self,
        pool: &ThreadPool,
        counters: &Counters,
        last: impl Fn(ChangeBatch) -> Result<T> + Sync,
    ) -> Result<Vec<(usize, Vec<T>)>> {
        let (pending, from) = (&self.pending, self.from);
        let apply = |mut changes: ChangeBatch| -> Result<T> {
            for (node, transform) in pending {
                let started = Instant::now();
                changes = transform.apply(changes)?;
                counters.nodes[*node].add(changes.num_rows(), started.elapsed());
            }
            last(changes)
        };
        let run = |(split, item): (usize, Item)| -> Result<(usize, Vec<T>)> {
            let piece = match item {
                Item::Piece(piece) => piece,
                Item::Batch(changes) => return Ok((split, vec![apply(changes)?])),
            };
            let mut done = Vec::new();
            let mut started = Instant::now();
            piece.decode(&mut |decoded| {
                let changes = taken(decoded, counters, &counters.dropped[from]);
                counters.nodes[from].add(changes.num_rows(), started.elapsed());
                for changes in cut(changes) {
                    done.push(apply(changes)?);
                }
                started = Instant::now();
                Ok(())
            })?;
            Ok((split, done))
        };
        if self.items.len() < 2 || pool.current_num_threads() < 2 {
            return self.items.into_iter().map(run).collect();
        }
        // They are begun in their order: pieces of a file follow from each other.
        let items = self.items.into_iter().enumerate().par_bridge();
        let mut done: Vec<(usize, Result<_>)> =
            pool.install(|| items.map(|(at, item)| (at, run(item))).collect());
        done.sort_unstable_by_key(|(at, _)| *at);
        done.into_iter().map(|(_, done)| done).collect()
    }

    /// The batches, once everything has been done to them; empty ones are gone.
    ///
    /// # Errors
    /// As [`Self::force`].
    pub fn batches(self, pool: &ThreadPool, counters: &Counters) -> Result<Vec<ChangeBatch>> {
        let batches = self.force(pool, counters, Ok)?.into_iter().flat_map(|(_, batches)| batches);
        Ok(batches.filter(|batch| batch.num_rows() > 0).collect())
    }
}

/// Counts rows that were decoded and those that were not.
fn taken(mut decoded: Decoded, counters: &Counters, dropped: &Dropped) -> ChangeBatch {
    counters.rows_in.fetch_add(decoded.rows.num_rows() as u64, Ordering::Relaxed);
    counters.left_out(dropped, dropped.operator(), &mut decoded);
    ChangeBatch { weights: decoded.weights, ..ChangeBatch::insert(decoded.rows) }
}

/// A batch in parts of at most [`batch_rows`], or one more: the row before an update stays with the one
/// after it.
fn cut(changes: ChangeBatch) -> impl Iterator<Item = ChangeBatch> {
    let (count, most) = (changes.num_rows(), batch_rows());
    let mut next = Some(0);
    std::iter::from_fn(move || {
        let from = next.take()?;
        let mut to = count.min(from + most);
        if to > from && to < count && changes.weight(to - 1) < 0 {
            to += 1;
        }
        next = (to < count).then_some(to);
        Some(changes.slice(from, to - from))
    })
}

/// What a batch is to one shard.
#[allow(clippy::large_enum_variant, reason = "there are few of them, and most are rows")]
pub enum Dealt {
    /// Its rows.
    Rows(ChangeBatch),
    /// What its rows add to groups.
    Groups(Reduced),
}

/// Deals the rows of a batch out to shards by the hash of their key, or what they add to groups: one part
/// a shard, in order. Rows without a key all belong to the first.
///
/// # Errors
/// When a column cannot be a key, or a value cannot be computed.
pub fn deal(
    changes: ChangeBatch,
    keys: &[usize],
    shards: usize,
    reducer: Option<&Reducer>,
) -> Result<Vec<Dealt>> {
    if shards == 1 || keys.is_empty() {
        return Ok(vec![Dealt::Rows(changes)]);
    }
    if let Some(reducer) = reducer
        && let Some(reduced) = reducer.reduce(&changes, shards)?
    {
        return Ok(reduced.into_iter().map(Dealt::Groups).collect());
    }
    let columns: Vec<_> = keys.iter().map(|key| Arc::clone(changes.rows.column(*key))).collect();
    let mut positions: Vec<Vec<u32>> = vec![Vec::new(); shards];
    for (row, hash) in hash_rows(&columns, changes.num_rows())?.into_iter().enumerate() {
        positions[shard_of(hash, shards)].push(row as u32);
    }
    let rows = |positions| Ok(Dealt::Rows(changes.take(&UInt32Array::from(positions))?));
    positions.into_iter().map(rows).collect()
}

/// Whether rows are those of a shard by the hash of their key.
pub fn are_of_shard(parts: &[Dealt], keys: &[usize], shard: usize, shards: usize) -> bool {
    parts.iter().all(|part| {
        let Dealt::Rows(changes) = part else { return false };
        let columns: Vec<_> =
            keys.iter().map(|key| Arc::clone(changes.rows.column(*key))).collect();
        let hashes = hash_rows(&columns, changes.num_rows());
        hashes.is_ok_and(|hashes| hashes.iter().all(|hash| shard_of(*hash, shards) == shard))
    })
}
