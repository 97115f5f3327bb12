//! The key of a node: columns of which each value has at most one row at a time, where that is known. It
//! tells a row that takes the place of another one from one that comes beside it.

use crate::graph::{NodeId, Plan};
use crate::node::{NodeKind, RankFunction, WindowColumns, WindowOutput};
use crate::window::WindowKind;

impl Plan {
    /// The key of what a node gives, by the positions of its columns; none of them where there is one row.
    pub fn key(&self, id: NodeId) -> Option<Vec<usize>> {
        let node = &self.nodes[id];
        let below = || self.key(*node.inputs.first()?);
        match &node.kind {
            // The columns of the key come first.
            NodeKind::GroupAggregate { keys, .. } => Some((0..keys.len()).collect()),
            NodeKind::WindowAggregate { window, keys, output, .. } => {
                let at = |column: WindowOutput| output.iter().position(|known| *known == column);
                // Sessions of a key may end together, but do not start so.
                // Windows that accumulate share their start.
                let accumulates = matches!(window.window().kind, WindowKind::Cumulate { .. });
                let start = at(WindowOutput::Start).filter(|_| !accumulates);
                let aligned = matches!(window, WindowColumns::Rowtime { window, .. }
                    if window.kind.is_aligned());
                let end = at(WindowOutput::End).or_else(|| at(WindowOutput::Time));
                let bounds = start.or_else(|| end.filter(|_| aligned))?;
                let keys = (0..keys.len()).map(|key| at(WindowOutput::Key(key)));
                keys.chain([Some(bounds)]).collect()
            }
            NodeKind::Rank { partition, function, least, most, numbered, .. } => {
                if !matches!(function, RankFunction::RowNumber) {
                    return None;
                }
                let number = node.schema.fields().len().checked_sub(1)?;
                match (least == most, numbered) {
                    (true, _) => Some(partition.clone()),
                    (false, true) => Some(partition.iter().copied().chain([number]).collect()),
                    (false, false) => below(),
                }
            }
            NodeKind::ChangelogNormalize { key } => Some(key.clone()),
            NodeKind::Calc { projection: Some(projection), .. } => {
                let place = |column: usize| {
                    projection.iter().position(|value| value.as_column() == Some(column))
                };
                below()?.into_iter().map(place).collect()
            }
            NodeKind::Calc { projection: None, .. }
            | NodeKind::SortedOver { .. }
            | NodeKind::WatermarkAssigner { .. }
            | NodeKind::Limit { .. }
            | NodeKind::Sort { .. }
            | NodeKind::Sink { .. }
            | NodeKind::Result => below(),
            _ => None,
        }
    }
}
