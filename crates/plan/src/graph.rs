//! [`Plan`]: the nodes of a dataflow, each after its inputs, and what follows from them.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;

use crate::node::NodeKind;

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
    /// What bounds the operator's state, in words; `None` for operators without any.
    pub fn state_bound(&self) -> Option<&'static str> {
        match &self.kind {
            NodeKind::WindowAggregate { .. } => Some("keys of open windows"),
            NodeKind::GroupAggregate { keys, .. } if keys.is_empty() => Some("one row"),
            NodeKind::GroupAggregate { .. } => Some("UNBOUNDED: one row per distinct key"),
            _ => None,
        }
    }
}

/// A dataflow: nodes in topological order. Statement sets share their sources.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// The nodes, each after those it reads.
    pub nodes: Vec<Node>,
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

    /// How many nodes read each node.
    pub fn reader_counts(&self) -> Vec<usize> {
        let mut counts = vec![0; self.nodes.len()];
        for node in &self.nodes {
            node.inputs.iter().for_each(|input| counts[*input] += 1);
        }
        counts
    }
}
