//! A plan as text: a tree of operators with the properties that users ask about.
//!
//! ```text
//! Result [I]
//!   WindowAggregate(TUMBLE(size=10 s) on ts, key=[auction], …) [I] state: keys of open windows
//!     Calc(where …, select …) [I] rowtime: ts
//!       Source(bid, columns=[auction, price, ts]) [I]
//! ```

use std::fmt::Write;

use arrow::datatypes::Schema;

use crate::graph::{Node, NodeId, Plan};
use crate::node::{AggregateCall, NodeKind, WindowColumns, WindowOutput};

/// Draws the trees above all outputs of a plan.
pub fn explain(plan: &Plan) -> String {
    let mut out = String::new();
    for output in plan.outputs() {
        draw(plan, output, 0, &mut out);
    }
    out
}

fn draw(plan: &Plan, id: NodeId, depth: usize, out: &mut String) {
    let node = &plan.nodes[id];
    // Writing into a String cannot fail.
    let _ = write!(out, "{:indent$}{}", "", node.kind.name(), indent = depth * 2);
    let details = details(plan, node);
    if !details.is_empty() {
        let _ = write!(out, "({details})");
    }
    let _ = write!(out, " {}", node.changelog.letters());
    if !node.rowtimes.is_empty() {
        let _ = write!(out, " rowtime: {}", names(&node.schema, &node.rowtimes));
    }
    if let Some(bound) = node.state_bound() {
        let _ = write!(out, " state: {bound}");
    }
    out.push('\n');
    for input in &node.inputs {
        draw(plan, *input, depth + 1, out);
    }
}

fn names(schema: &Schema, columns: &[usize]) -> String {
    let names: Vec<_> = columns.iter().map(|at| schema.field(*at).name().as_str()).collect();
    names.join(", ")
}

fn details(plan: &Plan, node: &Node) -> String {
    let input = node.inputs.first().map(|input| &plan.nodes[*input].schema);
    let of_input = |columns: &[usize]| input.map_or(String::new(), |schema| names(schema, columns));
    match &node.kind {
        NodeKind::Source { table, columns } => {
            let connector = table.connector().unwrap_or("in memory");
            format!(
                "{}, connector={connector}, columns=[{}]",
                table.name,
                names(&table.physical, columns)
            )
        }
        NodeKind::Values { rows } => format!("{} rows", rows.num_rows()),
        NodeKind::WatermarkAssigner { rowtime, watermark } => {
            format!("{} AS {watermark}", of_input(&[*rowtime]))
        }
        NodeKind::Calc { condition, projection } => {
            let mut parts = Vec::new();
            if let Some(condition) = condition {
                parts.push(format!("where {condition}"));
            }
            if let Some(projection) = projection {
                let columns = projection.iter().zip(node.schema.fields()).map(|(value, field)| {
                    let text = value.to_string();
                    let plain = value.as_column().and_then(|at| input.map(|s| s.field(at).name()));
                    match plain {
                        Some(name) if name == field.name() => name.clone(),
                        _ => format!("{text} AS {}", field.name()),
                    }
                });
                parts.push(format!("select {}", columns.collect::<Vec<_>>().join(", ")));
            }
            parts.join(", ")
        }
        NodeKind::WindowTableFunction { rowtime, window } => {
            format!("{window} on {}", of_input(&[*rowtime]))
        }
        NodeKind::WindowAggregate { window, keys, aggregates, output } => {
            let window = match window {
                WindowColumns::Rowtime { rowtime, window } => {
                    format!("{window} on {}", of_input(&[*rowtime]))
                }
                WindowColumns::Attached { start, end, .. } => {
                    format!("window [{}]", of_input(&[*start, *end]))
                }
            };
            let bounds = output.iter().filter_map(|column| match column {
                WindowOutput::Start => Some("window_start"),
                WindowOutput::End => Some("window_end"),
                WindowOutput::Time => Some("window_time"),
                WindowOutput::Key(_) => None,
            });
            let calls = aggregates.iter().map(|call| self::call(call, input.map(AsRef::as_ref)));
            let select: Vec<String> = bounds.map(str::to_owned).chain(calls).collect();
            format!("{window}, key=[{}], select=[{}]", of_input(keys), select.join(", "))
        }
        NodeKind::GroupAggregate { keys, aggregates } => {
            let calls = aggregates.iter().map(|call| self::call(call, input.map(AsRef::as_ref)));
            let select: Vec<String> = calls.collect();
            format!("key=[{}], select=[{}]", of_input(keys), select.join(", "))
        }
        NodeKind::Correlate { function, arguments, outer } => {
            let arguments: Vec<_> = arguments.iter().map(ToString::to_string).collect();
            let join = if *outer { "left join " } else { "" };
            format!("{join}{}({})", function.name, arguments.join(", "))
        }
        NodeKind::Limit { skip, fetch } => match fetch {
            Some(fetch) if *skip > 0 => format!("{fetch} after {skip}"),
            Some(fetch) => fetch.to_string(),
            None => format!("all after {skip}"),
        },
        NodeKind::Sink { table } => {
            format!("{}, connector={}", table.name, table.connector().unwrap_or("in memory"))
        }
        NodeKind::Union | NodeKind::Result => String::new(),
    }
}

fn call(call: &AggregateCall, schema: Option<&Schema>) -> String {
    let arguments = schema.map_or(String::new(), |schema| names(schema, &call.arguments));
    let arguments = if call.arguments.is_empty() { "*".to_owned() } else { arguments };
    let distinct = if call.distinct { "DISTINCT " } else { "" };
    let filter = match (call.filter, schema) {
        (Some(at), Some(schema)) => format!(" FILTER {}", schema.field(at).name()),
        _ => String::new(),
    };
    format!("{:?}({distinct}{arguments}){filter}", call.function)
}
