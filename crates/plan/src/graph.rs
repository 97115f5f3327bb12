//! [`Plan`]: the nodes of a dataflow, each after its inputs, and what follows from them.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;

use crate::node::{NodeKind, WindowColumns};
use crate::over::Frame;
use crate::window::{TimeWindow, WindowKind, duration};

/// The position of a node in its plan.
pub type NodeId = usize;

/// What changes a node emits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangelogMode {
    /// Rows are only ever added.
    Append,
    /// Rows are added and taken back, the row before an update too.
    Retract,
}

impl ChangelogMode {
    /// As EXPLAIN shows it, in Flink's letters.
    pub fn letters(self) -> &'static str {
        match self {
            Self::Append => "[I]",
            Self::Retract => "[I,UB,UA,D]",
        }
    }
}

/// One operator of a plan.
#[derive(Debug, Clone)]
pub struct Node {
    /// What it does.
    pub kind: NodeKind,
    /// The nodes it reads.
    pub inputs: Vec<NodeId>,
    /// The columns it gives.
    pub schema: SchemaRef,
    /// The columns of `schema` that follow event time.
    pub rowtimes: Vec<usize>,
    /// The columns that follow processing time.
    pub proctimes: Vec<usize>,
    /// What changes it emits.
    pub changelog: ChangelogMode,
}

impl Node {
    /// How far the time of what the operator gives is behind that of its inputs, in ms.
    pub fn delay_ms(&self) -> i64 {
        match &self.kind {
            // A left row may be joined when the watermark has gone past it by `most`, a right one by
            // `-least`.
            NodeKind::IntervalJoin { least, most, .. } => {
                (*most).max(least.saturating_neg()).max(0).saturating_add(1)
            }
            _ => 0,
        }
    }

    /// What bounds the operator's state, in words; `None` for operators without any.
    pub fn state_bound(&self) -> Option<String> {
        let keys = |keys: &[usize]| match keys {
            [] => String::new(),
            _ => "keys × ".to_owned(),
        };
        Some(match &self.kind {
            NodeKind::WindowAggregate { window, keys: columns, emit, .. } => {
                let lateness = emit.filter(|emit| emit.lateness > 0);
                let lateness = lateness.map_or(String::new(), |emit| {
                    format!(", kept {} longer for late rows", duration(emit.lateness))
                });
                format!("{}{}{lateness}", keys(columns), open(window.window()))
            }
            NodeKind::SessionWindow { window, .. } => format!("rows of {}", open(*window)),
            NodeKind::WindowRank { most, window, .. } if *most < u64::from(u32::MAX) => {
                format!("{most} rows a partition × {}", open(*window))
            }
            NodeKind::WindowRank { window, .. } => format!("rows of {}", open(*window)),
            NodeKind::WindowJoin { window, .. } => {
                format!("rows of both inputs in {}", open(*window))
            }
            NodeKind::OverAggregate { calls, .. } if calls.is_empty() => {
                "rows ahead of the watermark".to_owned()
            }
            NodeKind::OverAggregate { partition, calls, processing_time, .. } => {
                let waiting = match processing_time {
                    true => "",
                    false => " and rows ahead of the watermark",
                };
                let furthest =
                    calls.iter().map(|over| over.frame).max_by_key(|frame| match frame {
                        Frame::Range(Some(_)) => 0,
                        Frame::Rows(Some(_)) => 1,
                        Frame::Rows(None) | Frame::Range(None) => 2,
                    });
                match (furthest, &partition[..]) {
                    (Some(Frame::Range(Some(ms))), _) => {
                        format!("rows of the last {}{waiting}", duration(ms))
                    }
                    (Some(Frame::Rows(Some(rows))), []) => format!("the last {rows} rows{waiting}"),
                    (Some(Frame::Rows(Some(rows))), _) => format!(
                        "UNBOUNDED: the last {rows} rows of each distinct partition key{waiting}"
                    ),
                    (_, []) => format!("one running value a function{waiting}"),
                    _ => format!("UNBOUNDED: one state per distinct partition key{waiting}"),
                }
            }
            NodeKind::MatchRecognize(found) => {
                let waiting = match found.processing_time {
                    true => "",
                    false => ", and rows ahead of the watermark",
                };
                match found.pattern.within {
                    Some(ms) => format!("partial matches of the last {}{waiting}", duration(ms)),
                    None => format!(
                        "UNBOUNDED: partial matches, as WITHIN is not given{waiting}"
                    ),
                }
            }
            NodeKind::Deduplicate { .. } => {
                "UNBOUNDED: each distinct partition key; rows that are ahead of the watermark".to_owned()
            }
            // OFFSET alone has no last row.
            NodeKind::Rank { most, .. } if *most >= u64::from(u32::MAX) => {
                "UNBOUNDED: all rows".to_owned()
            }
            NodeKind::Rank { partition, most, .. } => {
                let of = if partition.is_empty() { "" } else { " of each distinct partition key" };
                format!("UNBOUNDED: {most} rows{of}; all rows, where rows are taken back")
            }
            NodeKind::IntervalJoin { least, most, processing_time, .. } => {
                let until = if *processing_time { "clock" } else { "watermark" };
                format!(
                    "left rows of the last {} and right rows of the last {} before the {until}, and those \
                     ahead of it",
                    duration((*most).max(0)),
                    duration(least.saturating_neg().max(0))
                )
            }
            NodeKind::TemporalJoin { .. } if self.changelog != ChangelogMode::Append => {
                "UNBOUNDED: all versions, as left rows change, and the rows that wait for the watermark"
                    .to_owned()
            }
            NodeKind::TemporalJoin { .. } => {
                "UNBOUNDED: one version per distinct key of the right input; all that are ahead of the \
                 watermark, and the rows that wait for it"
                    .to_owned()
            }
            NodeKind::LookupJoin { .. } => "all rows of the table".to_owned(),
            NodeKind::ChangelogNormalize { .. } => "UNBOUNDED: one row per distinct key".to_owned(),
            NodeKind::Join { .. } => "UNBOUNDED: all rows of both inputs".to_owned(),
            NodeKind::Sort { .. } => "all rows, until the input ends".to_owned(),
            NodeKind::SortedOver { .. } => "UNBOUNDED: all rows".to_owned(),
            NodeKind::SetOperation { .. } => "UNBOUNDED: two counts per distinct row".to_owned(),
            NodeKind::GroupAggregate { keys, .. } if keys.is_empty() => "one row".to_owned(),
            NodeKind::GroupAggregate { .. } => "UNBOUNDED: one row per distinct key".to_owned(),
            _ => return None,
        })
    }
}

/// What is kept of windows that are open, in words.
fn open(window: TimeWindow) -> String {
    let until = if window.processing_time { "clock" } else { "watermark" };
    match window.kind {
        WindowKind::Tumble { size_ms, .. } => {
            format!("open windows ({} and how far the {until} is behind)", duration(size_ms))
        }
        WindowKind::Hop { size_ms, slide_ms, .. } => format!(
            "open slices ({} of {} a window, and how far the {until} is behind)",
            (size_ms + slide_ms - 1) / slide_ms.max(1),
            duration(slide_ms.min(size_ms))
        ),
        WindowKind::Cumulate { size_ms, step_ms, .. } => format!(
            "open windows ({} in steps of {}, and how far the {until} is behind)",
            duration(size_ms),
            duration(step_ms)
        ),
        WindowKind::Session { gap_ms } => format!(
            "open sessions (those with a row in the last {} before the {until})",
            duration(gap_ms)
        ),
    }
}

/// A dataflow: nodes in topological order. Statement sets share their sources.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// The nodes, each after those it reads.
    pub nodes: Vec<Node>,
    /// How long nodes keep state that does not change, in ms, for each of their inputs.
    pub ttl: BTreeMap<NodeId, [Option<i64>; 2]>,
}

impl Plan {
    /// Adds a node after its inputs.
    pub fn add(&mut self, node: Node) -> NodeId {
        self.nodes.push(node);
        self.nodes.len() - 1
    }

    /// A node that has one input and keeps its columns and properties.
    pub fn add_like(&mut self, kind: NodeKind, input: NodeId) -> NodeId {
        let like = &self.nodes[input];
        let node = Node {
            kind,
            inputs: vec![input],
            schema: Arc::clone(&like.schema),
            rowtimes: like.rowtimes.clone(),
            proctimes: like.proctimes.clone(),
            changelog: like.changelog,
        };
        self.add(node)
    }

    /// The nodes that nobody reads: sinks and results.
    pub fn outputs(&self) -> impl Iterator<Item = NodeId> + '_ {
        (0..self.nodes.len())
            .filter(|id| matches!(self.nodes[*id].kind, NodeKind::Sink { .. } | NodeKind::Result))
    }

    /// The source whose rows a node gives, where only one is below it.
    pub fn source_below(&self, id: NodeId) -> Option<NodeId> {
        match (&self.nodes[id].kind, &self.nodes[id].inputs[..]) {
            (NodeKind::Source { .. }, _) => Some(id),
            (_, [input]) => self.source_below(*input),
            _ => None,
        }
    }

    /// What a node is called where it counts what it leaves out, the position of the rowtime among the
    /// columns of the rows it leaves out, and that of a number that is 0 in one of several copies.
    pub fn drop_place(&self, id: NodeId) -> (String, Option<usize>, Option<usize>) {
        let node = &self.nodes[id];
        let of_table = |what: &str| match self.source_below(id).map(|id| &self.nodes[id].kind) {
            Some(NodeKind::Source { table, .. }) => format!("{what}({})", table.name),
            _ => what.to_owned(),
        };
        let rowtime = match &node.kind {
            NodeKind::WatermarkAssigner { rowtime, .. }
            | NodeKind::WindowTableFunction { rowtime, .. }
            | NodeKind::SessionWindow { rowtime, .. }
            | NodeKind::WindowAggregate {
                window: WindowColumns::Rowtime { rowtime, .. }, ..
            } => Some(*rowtime),
            NodeKind::OverAggregate { time, .. } => Some(*time),
            NodeKind::MatchRecognize(found) => Some(found.time),
            NodeKind::WindowAggregate { window: WindowColumns::Attached { end, .. }, .. }
            | NodeKind::WindowRank { end, .. } => Some(*end),
            _ => None,
        };
        let copies = node.inputs.first().map(|input| &self.nodes[*input]);
        let copies = copies.filter(|input| matches!(input.kind, NodeKind::Expand { .. }));
        let copy = copies.map(|input| input.schema.fields().len() - 1);
        (of_table(node.kind.name()), rowtime, copy)
    }

    /// How many nodes read each node.
    pub fn reader_counts(&self) -> Vec<usize> {
        let mut counts = vec![0; self.nodes.len()];
        for node in &self.nodes {
            node.inputs.iter().for_each(|input| counts[*input] += 1);
        }
        counts
    }
}
