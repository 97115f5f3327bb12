//! A plan as text: a tree of operators with the properties that users ask about.
//!
//! ```text
//! Result [I]
//!   WindowAggregate(TUMBLE(size=10 s) on ts, key=[auction], …) [I] state: keys of open windows
//!     Calc(where …, select …) [I] rowtime: ts
//!       Source(bid, columns=[auction, price, ts]) [I]
//! ```

use std::fmt::{Display, Write};

use arrow::datatypes::{Schema, SchemaRef};

use millstream_expr::ScalarExpr;

use crate::aggregate::AggregateCall;
use crate::graph::{Node, NodeId, Plan};
use crate::node::{ExpandColumn, NodeKind, OrderKey, WindowColumns, WindowOutput};
use crate::over::SortedCall;
use crate::window::duration;

/// Draws the trees above all outputs of a plan.
pub fn explain(plan: &Plan) -> String {
    explain_with(plan, |_| String::new())
}

/// Draws the trees above all outputs of a plan, with more to say behind each node.
pub fn explain_with(plan: &Plan, more: impl Fn(NodeId) -> String) -> String {
    let mut out = String::new();
    for output in plan.outputs() {
        draw(plan, output, 0, &more, &mut out);
    }
    out
}

fn draw(plan: &Plan, id: NodeId, depth: usize, more: &impl Fn(NodeId) -> String, out: &mut String) {
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
    if !node.proctimes.is_empty() {
        let _ = write!(out, " proctime: {}", names(&node.schema, &node.proctimes));
    }
    if let Some(bound) = node.state_bound() {
        let _ = write!(out, " state: {bound}");
    }
    if let Some(ttl) = plan.ttl.get(&id) {
        let kept = |ttl: Option<i64>| ttl.map_or("for ever".to_owned(), duration);
        let both = node.inputs.len() > 1 && ttl[0] != ttl[1];
        let _ = match both {
            true => write!(out, ", kept {} and {}", kept(ttl[0]), kept(ttl[1])),
            false => write!(out, ", kept {} after its last change", kept(ttl[0])),
        };
    }
    out.push_str(&more(id));
    out.push('\n');
    for input in &node.inputs {
        draw(plan, *input, depth + 1, more, out);
    }
}

pub(crate) fn names(schema: &Schema, columns: &[usize]) -> String {
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
        NodeKind::WatermarkAssigner { rowtime, watermark, options } => {
            let mut text = format!("{} AS {watermark}", of_input(&[*rowtime]));
            if let Some(idle) = options.idle_timeout {
                let _ = write!(text, ", idle after {}", duration(idle));
            }
            if let Some(skew) = options.future_skew {
                let _ = write!(text, ", at most {} ahead of the clock", duration(skew));
            }
            if let Some((group, drift)) = &options.alignment {
                let _ = write!(text, ", at most {} ahead of group {group}", duration(*drift));
            }
            text
        }
        NodeKind::Calc { condition, projection } => {
            let mut parts = Vec::new();
            if let Some(condition) = condition {
                parts.push(format!("where {condition}"));
            }
            if let Some(projection) = projection {
                let columns = projection.iter().zip(node.schema.fields()).map(|(value, field)| {
                    let plain = value.as_column().and_then(|at| input.map(|s| s.field(at).name()));
                    match plain {
                        Some(name) if name == field.name() => name.clone(),
                        Some(name) => format!("{} AS {}", short(name), field.name()),
                        None => format!("{value} AS {}", field.name()),
                    }
                });
                parts.push(format!("select {}", columns.collect::<Vec<_>>().join(", ")));
            }
            parts.join(", ")
        }
        NodeKind::WindowTableFunction { rowtime, window } => {
            format!("{window} on {}", of_input(&[*rowtime]))
        }
        NodeKind::SessionWindow { rowtime, keys, window } => {
            format!("{window} on {}, key=[{}]", of_input(&[*rowtime]), of_input(keys))
        }
        NodeKind::ChangelogNormalize { key } => format!("key=[{}]", of_input(key)),
        NodeKind::Expand { sets } => {
            let sets = sets.iter().map(|set| {
                let columns = set.iter().filter_map(|column| match column {
                    ExpandColumn::Column(at) => Some(*at),
                    _ => None,
                });
                format!("({})", of_input(&columns.collect::<Vec<_>>()))
            });
            sets.collect::<Vec<_>>().join(", ")
        }
        NodeKind::Deduplicate { partition, rowtime } => {
            format!("partition=[{}], first by {}", of_input(partition), of_input(&[*rowtime]))
        }
        NodeKind::Rank { partition, order, function, least, most, numbered, .. } => {
            let order = order_text(input, order);
            let function = function.name();
            let numbered = if *numbered { ", with the number" } else { "" };
            format!(
                "{function} {}, partition=[{}], order=[{order}]{numbered}",
                numbers(*least, *most),
                of_input(partition)
            )
        }
        NodeKind::WindowRank {
            start,
            end,
            partition,
            order,
            function,
            least,
            most,
            numbered,
            ..
        } => {
            let order = order_text(input, order);
            let function = function.name();
            let numbered = if *numbered { ", with the number" } else { "" };
            format!(
                "window [{}], {function} {}, partition=[{}], order=[{order}]{numbered}",
                of_input(&[*start, *end]),
                numbers(*least, *most),
                of_input(partition)
            )
        }
        NodeKind::WindowJoin { kind, left, on, null_aware, condition, .. } => {
            let window = format!(", window [{}]", of_input(left));
            let among = not_in(plan, node, *null_aware);
            format!("{kind:?}{window}{among}{}", join_details(plan, node, on, condition.as_ref()))
        }
        NodeKind::Join { kind, on, null_aware, condition, .. } => {
            let among = not_in(plan, node, *null_aware);
            format!("{kind:?}{among}{}", join_details(plan, node, on, condition.as_ref()))
        }
        NodeKind::IntervalJoin { kind, on, times, least, most, condition, .. } => {
            let sides = [0, 1].map(|side: usize| &plan.nodes[node.inputs[side]].schema);
            let (left, right) = (names(sides[0], &[times.0]), names(sides[1], &[times.1]));
            let within = format!(", {right} - {left} from {} to {}", apart(*least), apart(*most));
            format!("{kind:?}{within}{}", join_details(plan, node, on, condition.as_ref()))
        }
        NodeKind::TemporalJoin { outer, on, times, condition, .. } => {
            let kind = if *outer { "Left" } else { "Inner" };
            let time = of_input(&[times.0]);
            format!("{kind}, as of {time}{}", join_details(plan, node, on, condition.as_ref()))
        }
        NodeKind::LookupJoin { outer, on, lookup, condition } => {
            let kind = if *outer { "Left" } else { "Inner" };
            let rows = lookup.steps.last().map_or(&lookup.schema, |(_, _, schema)| schema);
            let on = on.iter().map(|(left, right)| {
                format!("{} = {}", of_input(&[*left]), names(rows, &[*right]))
            });
            let on = on.collect::<Vec<_>>().join(" AND ");
            let condition = condition.as_ref().map_or(String::new(), |c| format!(", where {c}"));
            format!("{kind}, table={}, on [{on}]{condition}", lookup.table.name)
        }
        NodeKind::OverAggregate { time, ties, calls, .. } if calls.is_empty() => {
            format!("order=[{}]", orders(input, *time, ties))
        }
        NodeKind::OverAggregate { time, partition, calls, .. } => {
            let (order, partition) = (of_input(&[*time]), of_input(partition));
            let calls = over_calls(calls.iter().map(|over| (&over.call, over.frame)), input);
            format!("order=[{order}], partition=[{partition}], select=[{calls}]")
        }
        NodeKind::Sort { order } => format!("order=[{}]", order_text(input, order)),
        NodeKind::SortedOver { partition, order, calls } => {
            let (order, partition) = (order_text(input, order), of_input(partition));
            let calls = sorted_calls(calls, input);
            format!("order=[{order}], partition=[{partition}], select=[{calls}]")
        }
        NodeKind::MatchRecognize(found) => match input {
            Some(input) => crate::explain_pattern::details(found, input),
            None => String::new(),
        },
        NodeKind::SetOperation { all, .. } => if *all { "ALL" } else { "" }.to_owned(),
        NodeKind::WindowAggregate { window, keys, aggregates, output, emit } => {
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
            let mut text =
                format!("{window}, key=[{}], select=[{}]", of_input(keys), select.join(", "));
            if let Some(emit) = emit {
                let mut say = |what: &str, ms: Option<i64>| {
                    if let Some(ms) = ms {
                        let _ = write!(text, ", {what} {}", duration(ms));
                    }
                };
                say("early every", emit.early);
                say("late every", emit.late);
                say("lateness", Some(emit.lateness));
            }
            text
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
        NodeKind::ToChangelog { codes, .. } => format!("codes=[{codes}]"),
        NodeKind::FromChangelog { column, codes } => {
            format!("by {}, codes=[{codes}]", of_input(&[*column]))
        }
        NodeKind::Limit { skip, fetch } => match fetch {
            Some(fetch) if *skip > 0 => format!("{fetch} after {skip}"),
            Some(fetch) => fetch.to_string(),
            None => format!("all after {skip}"),
        },
        NodeKind::Sink { table, .. } => {
            format!("{}, connector={}", table.name, table.connector().unwrap_or("in memory"))
        }
        NodeKind::Union | NodeKind::CurrentWatermark | NodeKind::Result => String::new(),
    }
}

/// The name of a computed column without what its operator says already.
fn short(name: &str) -> &str {
    name.split(" PARTITION BY")
        .next()
        .and_then(|name| name.split(" ORDER BY").next())
        .unwrap_or(name)
}

/// The pair of NOT IN, which NULL may be equal to.
fn not_in(plan: &Plan, node: &Node, pair: Option<(usize, usize)>) -> String {
    let Some((left, right)) = pair else { return String::new() };
    let [of_left, of_right] = [0, 1].map(|side: usize| &plan.nodes[node.inputs[side]].schema);
    format!(", {} NOT IN [{}]", names(of_left, &[left]), names(of_right, &[right]))
}

fn join_details(
    plan: &Plan,
    node: &Node,
    on: &[(usize, usize)],
    condition: Option<&ScalarExpr>,
) -> String {
    let schema = |side: usize| &plan.nodes[node.inputs[side]].schema;
    let on = on.iter().map(|(left, right)| {
        format!("{} = {}", names(schema(0), &[*left]), names(schema(1), &[*right]))
    });
    let on = on.collect::<Vec<_>>().join(" AND ");
    let condition = condition.map_or(String::new(), |condition| format!(", where {condition}"));
    format!(", on [{on}]{condition}")
}

/// How far two times are apart, which may be backwards.
fn apart(ms: i64) -> String {
    if ms < 0 { format!("-{}", duration(ms.saturating_neg())) } else { duration(ms) }
}

pub(crate) fn orders(schema: Option<&SchemaRef>, time: usize, ties: &[OrderKey]) -> String {
    let time = OrderKey { column: time, descending: false, nulls_first: true };
    order_text(schema, &[&[time], ties].concat())
}

/// The numbers that a rank keeps.
fn numbers(least: u64, most: u64) -> String {
    if most == u64::MAX { format!("{least} and up") } else { format!("{least} to {most}") }
}

pub(crate) fn order_text(schema: Option<&SchemaRef>, order: &[OrderKey]) -> String {
    let order = order.iter().map(|key| {
        let name = schema.map_or("", |schema| schema.field(key.column).name());
        let direction = if key.descending { " DESC" } else { "" };
        format!("{name}{direction}")
    });
    order.collect::<Vec<_>>().join(", ")
}

/// Calls with OVER, each with its frame.
fn over_calls<'a, F: Display>(
    calls: impl Iterator<Item = (&'a AggregateCall, F)>,
    input: Option<&SchemaRef>,
) -> String {
    let calls =
        calls.map(|(over, frame)| format!("{} {frame}", call(over, input.map(AsRef::as_ref))));
    calls.collect::<Vec<_>>().join(", ")
}

fn sorted_calls(calls: &[SortedCall], input: Option<&SchemaRef>) -> String {
    let calls = calls.iter().map(|sorted| match sorted {
        SortedCall::Aggregate { call, span } => over_calls([(call, *span)].into_iter(), input),
        SortedCall::Place(place) => place.to_string(),
    });
    calls.collect::<Vec<_>>().join(", ")
}

pub(crate) fn call(call: &AggregateCall, schema: Option<&Schema>) -> String {
    let arguments = schema.map_or(String::new(), |schema| names(schema, &call.arguments));
    let arguments = if call.arguments.is_empty() { "*".to_owned() } else { arguments };
    let distinct = if call.distinct { "DISTINCT " } else { "" };
    let filter = match (call.filter, schema) {
        (Some(at), Some(schema)) => format!(" FILTER {}", schema.field(at).name()),
        _ => String::new(),
    };
    format!("{:?}({distinct}{arguments}){filter}", call.function)
}
