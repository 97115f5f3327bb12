//! How the rows of a node are spread over the shards, where that is known: rows that stand already where the
//! next operator wants them need not be dealt out again.

use crate::graph::{NodeId, Plan};
use crate::node::{JoinKind, NodeKind, WindowOutput};

impl Plan {
    /// Lists of columns of what a node gives: by the hash of each of them a row is in the shard it stands
    /// in. None where that is not known, or where all rows are in one shard.
    pub fn partitions(&self, id: NodeId) -> Vec<Vec<usize>> {
        let node = &self.nodes[id];
        let below = || node.inputs.first().map_or_else(Vec::new, |input| self.partitions(*input));
        let known = match &node.kind {
            NodeKind::GroupAggregate { keys, .. } => {
                self.dealt(id, keys, |column| keys.iter().position(|key| *key == column))
            }
            NodeKind::WindowAggregate { keys, output, .. } => self.dealt(id, keys, |column| {
                let key = keys.iter().position(|key| *key == column)?;
                output.iter().position(|column| *column == WindowOutput::Key(key))
            }),
            NodeKind::SessionWindow { keys, .. } => self.dealt(id, keys, Some),
            NodeKind::Rank { partition, .. }
            | NodeKind::WindowRank { partition, .. }
            | NodeKind::Deduplicate { partition, .. }
            | NodeKind::OverAggregate { partition, .. } => self.dealt(id, partition, Some),
            NodeKind::Join { kind, on, .. }
            | NodeKind::IntervalJoin { kind, on, .. }
            | NodeKind::WindowJoin { kind, on, .. } => self.joined(id, *kind, on),
            NodeKind::TemporalJoin { outer, on, .. } => {
                let kind = if *outer { JoinKind::Left } else { JoinKind::Inner };
                self.joined(id, kind, on)
            }
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

    /// What [`Self::partitions`] says of a node with keys: `place` says where a column of its input is.
    fn dealt(
        &self,
        id: NodeId,
        keys: &[usize],
        place: impl Fn(usize) -> Option<usize>,
    ) -> Vec<Vec<usize>> {
        let standing = self.standing(id, keys);
        let lists = if standing.is_empty() { vec![keys.to_vec()] } else { standing };
        lists.iter().filter_map(|list| list.iter().map(|column| place(*column)).collect()).collect()
    }

    /// The lists of columns by which the rows of a node's only input are spread so that those of each key
    /// are in one shard.
    fn standing(&self, id: NodeId, keys: &[usize]) -> Vec<Vec<usize>> {
        let lists = self.partitions(self.nodes[id].inputs[0]).into_iter();
        lists.filter(|list| list.iter().all(|column| keys.contains(column))).collect()
    }

    /// The columns of what a join gives by which it was dealt its input: those of a side that has NULLs
    /// where a row has no partner do not tell.
    fn joined(&self, id: NodeId, kind: JoinKind, on: &[(usize, usize)]) -> Vec<Vec<usize>> {
        let width = self.nodes[self.nodes[id].inputs[0]].schema.fields().len();
        let left = on.iter().map(|(left, _)| *left).collect();
        let right = on.iter().map(|(_, right)| width + right).collect();
        match kind {
            JoinKind::Inner => vec![left, right],
            JoinKind::Left | JoinKind::Semi | JoinKind::Anti => vec![left],
            JoinKind::Right => vec![right],
            JoinKind::Full => Vec::new(),
        }
    }

    /// For each input of a node that has keys: the columns by whose hash its rows are dealt out to shards,
    /// and whether they stand there already. Some columns of the key do where the rows stand so; where there
    /// are several inputs it is all of them, because what belongs together must meet.
    pub fn dealing(&self, id: NodeId, keys: &[Vec<usize>]) -> Vec<(Vec<usize>, bool)> {
        let one_shard = keys.iter().any(Vec::is_empty);
        let dealing = |(input, keys): (&NodeId, &Vec<usize>)| {
            let stands = match self.nodes[id].inputs.len() {
                _ if one_shard => None,
                1 => self.standing(id, keys).into_iter().next(),
                _ => self.partitions(*input).into_iter().find(|list| list == keys),
            };
            stands.map_or_else(|| (keys.clone(), false), |columns| (columns, true))
        };
        self.nodes[id].inputs.iter().zip(keys).map(dealing).collect()
    }
}
