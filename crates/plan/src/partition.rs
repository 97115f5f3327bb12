//! How the rows of a node are spread over the shards, where that is known: rows that stand already where the
//! next operator wants them need not be dealt out again.

use crate::graph::{NodeId, Plan};
use crate::node::{JoinKind, NodeKind, WindowOutput};

impl Plan {
    /// For each input of a node with state the columns of its key: rows with the same values there belong
    /// together. An empty key means that all rows do. `None` for a node that takes each row alone.
    fn keys(&self, id: NodeId) -> Option<Vec<Vec<usize>>> {
        let node = &self.nodes[id];
        Some(match &node.kind {
            NodeKind::GroupAggregate { keys, .. }
            | NodeKind::WindowAggregate { keys, .. }
            | NodeKind::SessionWindow { keys, .. } => vec![keys.clone()],
            NodeKind::Rank { partition, .. }
            | NodeKind::WindowRank { partition, .. }
            | NodeKind::Deduplicate { partition, .. }
            | NodeKind::OverAggregate { partition, .. }
            | NodeKind::SortedOver { partition, .. } => vec![partition.clone()],
            NodeKind::MatchRecognize(found) => vec![found.partition.clone()],
            NodeKind::Join { on, .. }
            | NodeKind::IntervalJoin { on, .. }
            | NodeKind::WindowJoin { on, .. }
            | NodeKind::TemporalJoin { on, .. } => {
                let (left, right) = on.iter().copied().unzip();
                vec![left, right]
            }
            NodeKind::SetOperation { .. } => {
                let columns: Vec<usize> = (0..node.schema.fields().len()).collect();
                vec![columns.clone(), columns]
            }
            // One shard: what comes out stands in the order of the stream, on which texts put together, first
            // and last values and equal ranks depend.
            NodeKind::ChangelogNormalize { .. }
            | NodeKind::Limit { .. }
            | NodeKind::Sort { .. } => vec![Vec::new()],
            _ => return None,
        })
    }

    /// Lists of columns of what a node gives: by the hash of each of them a row is in the shard it stands
    /// in. None where that is not known, or where all rows are in one shard.
    pub fn partitions(&self, id: NodeId) -> Vec<Vec<usize>> {
        let node = &self.nodes[id];
        let below = || node.inputs.first().map_or_else(Vec::new, |input| self.partitions(*input));
        let known = match &node.kind {
            NodeKind::GroupAggregate { keys, .. } => {
                self.placed(id, |column| keys.iter().position(|key| *key == column))
            }
            NodeKind::WindowAggregate { keys, output, .. } => self.placed(id, |column| {
                let key = keys.iter().position(|key| *key == column)?;
                output.iter().position(|column| *column == WindowOutput::Key(key))
            }),
            NodeKind::SessionWindow { .. }
            | NodeKind::Rank { .. }
            | NodeKind::WindowRank { .. }
            | NodeKind::Deduplicate { .. }
            | NodeKind::OverAggregate { .. }
            | NodeKind::SortedOver { .. } => self.placed(id, Some),
            NodeKind::Join { kind, .. }
            | NodeKind::IntervalJoin { kind, .. }
            | NodeKind::WindowJoin { kind, .. } => self.joined(id, *kind),
            NodeKind::TemporalJoin { outer: true, .. } => self.joined(id, JoinKind::Left),
            NodeKind::TemporalJoin { outer: false, .. } => self.joined(id, JoinKind::Inner),
            NodeKind::Calc { projection: Some(projection), .. } => {
                let place = |column: &usize| {
                    projection.iter().position(|value| value.as_column() == Some(*column))
                };
                let below = below();
                below.iter().filter_map(|columns| columns.iter().map(place).collect()).collect()
            }
            // They put columns behind those of their input, or none.
            NodeKind::Calc { projection: None, .. }
            | NodeKind::WindowTableFunction { .. }
            | NodeKind::CurrentWatermark
            | NodeKind::Correlate { .. }
            | NodeKind::LookupJoin { .. } => below(),
            _ => Vec::new(),
        };
        known.into_iter().filter(|columns: &Vec<usize>| !columns.is_empty()).collect()
    }

    /// What [`Self::partitions`] says of a node with one input: `place` says where a column of that is.
    fn placed(&self, id: NodeId, place: impl Fn(usize) -> Option<usize>) -> Vec<Vec<usize>> {
        let dealt = self.dealing(id).into_iter().flatten().map(|(columns, _)| columns);
        dealt.filter_map(|columns| columns.iter().map(|column| place(*column)).collect()).collect()
    }

    /// The columns of what a join gives by which it was dealt its input: those of a side that has NULLs
    /// where a row has no partner do not tell.
    fn joined(&self, id: NodeId, kind: JoinKind) -> Vec<Vec<usize>> {
        let width = self.nodes[self.nodes[id].inputs[0]].schema.fields().len();
        let mut keys = self.keys(id).unwrap_or_default();
        keys.iter_mut().skip(1).flatten().for_each(|right| *right += width);
        let known = match kind {
            JoinKind::Inner => 0..2,
            JoinKind::Left | JoinKind::Semi | JoinKind::Anti => 0..1,
            JoinKind::Right => 1..2,
            JoinKind::Full => 0..0,
        };
        keys.drain(known).collect()
    }

    /// For each input of a node with state: the columns by whose hash its rows are dealt out to shards,
    /// and whether they stand there already. Some columns of the key do where the rows stand so; where there
    /// are several inputs it is all of them, because what belongs together must meet. `None` for a node that
    /// takes each row alone.
    pub fn dealing(&self, id: NodeId) -> Option<Vec<(Vec<usize>, bool)>> {
        let keys = self.keys(id)?;
        let one_shard = keys.iter().any(Vec::is_empty);
        let alone = keys.len() == 1;
        let dealing = |(input, keys): (&NodeId, Vec<usize>)| {
            let fits = |list: &Vec<usize>| match alone {
                true => list.iter().all(|column| keys.contains(column)),
                false => *list == keys,
            };
            let stands =
                (!one_shard).then(|| self.partitions(*input).into_iter().find(fits)).flatten();
            stands.map_or_else(|| (keys, false), |columns| (columns, true))
        };
        Some(self.nodes[id].inputs.iter().zip(keys).map(dealing).collect())
    }
}
