//! Makes the operators of a plan.

use std::sync::{Arc, RwLock};

use arrow::datatypes::{Schema, SchemaRef};
use millstream_connectors::lookup::{LeftOut, open_lookup};
use millstream_connectors::open_sink;
use millstream_operators::calc::Calc;
use millstream_operators::changelog::{FromChangelog, ToChangelog};
use millstream_operators::correlate::Correlate;
use millstream_operators::current_watermark::CurrentWatermark;
use millstream_operators::expand::Expand;
use millstream_operators::group_aggregate::{GroupAggregate, GroupAggregateSpec};
use millstream_operators::interval_join::{IntervalJoin, IntervalJoinSpec};
use millstream_operators::join::{Join, JoinSpec};
use millstream_operators::keep_first::{KeepFirst, KeepFirstSpec};
use millstream_operators::keep_one::KeepOne;
use millstream_operators::limit::Limit;
use millstream_operators::lookup_join::LookupJoin;
use millstream_operators::match_recognize::{MatchRecognize, MatchRecognizeSpec};
use millstream_operators::normalize::Normalize;
use millstream_operators::not_null::NotNull;
use millstream_operators::over_aggregate::{OverAggregate, OverAggregateSpec};
use millstream_operators::rank::{Rank, RankSpec};
use millstream_operators::reduce::Reducer;
use millstream_operators::session_aggregate::SessionAggregate;
use millstream_operators::session_window::SessionWindow;
use millstream_operators::set_operation::SetOperation;
use millstream_operators::sort::Sort;
use millstream_operators::sorted_over::{SortedOver, SortedOverSpec};
use millstream_operators::temporal_join::{TemporalJoin, TemporalJoinSpec};
use millstream_operators::watermark::{Progress, WatermarkSpec};
use millstream_operators::window_aggregate::WindowAggregate;
use millstream_operators::window_join::{WindowJoin, WindowJoinSpec};
use millstream_operators::window_rank::{WindowRank, WindowRankSpec};
use millstream_operators::window_table::WindowAggregateSpec;
use millstream_operators::window_table_function::WindowTableFunction;
use millstream_operators::{Dropped, Operator, Transform};
use millstream_plan::{ChangelogMode, Node, NodeId, NodeKind, Plan, Table, WindowColumns};
use millstream_types::{ChangeBatch, Error, Result, plain_paths};

use crate::dataflow::Stage;
use crate::metrics::Counters;

/// What the columns that a source reads promise.
pub fn source_check(node: &Node) -> Option<Arc<dyn Transform>> {
    match &node.kind {
        NodeKind::Source { table, .. } => {
            // A primary key is NOT ENFORCED: what it says of its columns holds for what is written.
            let fields = node.schema.fields().iter().map(|field| {
                let key = table.primary_key.contains(field.name());
                field.as_ref().clone().with_nullable(field.is_nullable() || key)
            });
            not_null(&table.name, &Arc::new(Schema::new(fields.collect::<Vec<_>>())))
        }
        _ => None,
    }
}

/// The columns of the inputs of a join.
fn two(inputs: &[SchemaRef]) -> Result<[SchemaRef; 2]> {
    match inputs {
        [left, right] => Ok([Arc::clone(left), Arc::clone(right)]),
        _ => Err(Error::Internal("a join has two inputs".to_owned())),
    }
}

fn not_null(table: &str, schema: &SchemaRef) -> Option<Arc<dyn Transform>> {
    NotNull::new(table, schema).map(|check| Arc::new(check) as Arc<dyn Transform>)
}

/// What a table that is written promises of its columns.
fn sink_check(table: &Table, drops: bool, dropped: &Arc<Dropped>) -> Option<Arc<dyn Transform>> {
    let check = NotNull::new(&table.name, &table.physical)?;
    Some(Arc::new(if drops { check.dropping(dropped) } else { check }))
}

/// Makes the operators of a plan.
pub struct Builder<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// Into how many shards state is split.
    pub shards: usize,
    /// Where each node counts what it leaves out.
    pub dropped: &'a [Arc<Dropped>],
    /// What the job counts.
    pub counters: &'a Arc<Counters>,
}

impl Builder<'_> {
    /// Shards by keys: one when there are none.
    fn keyed(
        &self,
        id: NodeId,
        processing_time: bool,
        shard: impl Fn() -> Result<Box<dyn Operator>>,
    ) -> Result<Stage> {
        let (keys, stands): (Vec<_>, _) =
            self.plan.dealing(id).unwrap_or_default().into_iter().unzip();
        let count = if keys.iter().any(Vec::is_empty) { 1 } else { self.shards };
        let shards = (0..count).map(|_| shard()).collect::<Result<_>>()?;
        Ok(Stage::Keyed { shards, keys, stands, processing_time, reducer: None })
    }

    /// What a node is while it runs.
    ///
    /// # Errors
    /// When a sink cannot be opened, or an operator does not take its input.
    pub fn stage(&mut self, id: NodeId, node: &Node) -> Result<Stage> {
        let inputs: Vec<SchemaRef> = node.inputs.iter().map(|input| self.given(*input)).collect();
        let input = inputs.first().cloned().unwrap_or_else(|| Arc::clone(&node.schema));
        let schema = self.given(id);
        let dropped = &self.dropped[id];
        let ttl = self.plan.ttl.get(&id).copied().unwrap_or_default();
        Ok(match &node.kind {
            NodeKind::Source { table, .. } => {
                return Err(Error::Internal(format!("table {} was not opened", table.name)));
            }
            NodeKind::Values { rows } => {
                Stage::Values { rows: Some(ChangeBatch::insert(rows.clone())) }
            }
            NodeKind::WatermarkAssigner { rowtime, watermark, options } => Stage::Assigner {
                spec: WatermarkSpec {
                    rowtime: *rowtime,
                    value: watermark.clone(),
                    options: options.clone(),
                    dropped: Arc::clone(dropped),
                },
                progress: Progress::new(1, 0),
                source: 0,
            },
            NodeKind::Calc { condition, projection } => {
                let calc = Calc::new(condition.clone(), projection.clone(), schema)?;
                Stage::Transform(Arc::new(calc))
            }
            NodeKind::Union => Stage::Union,
            NodeKind::WindowTableFunction { rowtime, window } => {
                let dropped = Arc::clone(dropped);
                let function = WindowTableFunction::new(*rowtime, *window, schema, dropped);
                Stage::Transform(Arc::new(function))
            }
            NodeKind::SessionWindow { rowtime, keys, window } => {
                self.keyed(id, window.processing_time, || {
                    Ok(Box::new(SessionWindow::new(
                        *rowtime,
                        keys.clone(),
                        *window,
                        &input,
                        Arc::clone(&schema),
                        Arc::clone(dropped),
                    )?))
                })?
            }
            NodeKind::ToChangelog { codes, key } => {
                let (codes, key) = (codes.clone(), key.clone());
                Stage::Transform(Arc::new(ToChangelog { codes, key, schema }))
            }
            NodeKind::FromChangelog { column, codes } => {
                let (column, codes) = (*column, codes.clone());
                Stage::Transform(Arc::new(FromChangelog { column, codes, schema }))
            }
            NodeKind::CurrentWatermark => Stage::Transform(Arc::new(CurrentWatermark { schema })),
            NodeKind::Expand { sets } => {
                Stage::Transform(Arc::new(Expand { sets: sets.clone(), schema }))
            }
            NodeKind::Correlate { function, arguments, outer } => {
                Stage::Transform(Arc::new(Correlate {
                    function: function.clone(),
                    arguments: arguments.clone(),
                    outer: *outer,
                    schema,
                }))
            }
            NodeKind::WindowAggregate { window, keys, aggregates, output, emit } => {
                let spec = Arc::new(WindowAggregateSpec {
                    window: window.clone(),
                    keys: keys.clone(),
                    aggregates: aggregates.clone(),
                    output: output.clone(),
                    emit: *emit,
                    removes: self.plan.nodes[node.inputs[0]].changelog != ChangelogMode::Append,
                    input,
                    schema,
                });
                let kind = window.window();
                let sessions =
                    !kind.kind.is_aligned() && matches!(window, WindowColumns::Rowtime { .. });
                let mut stage = self.keyed(id, kind.processing_time, || {
                    let (spec, dropped) = (Arc::clone(&spec), Arc::clone(dropped));
                    Ok(match sessions {
                        true => Box::new(SessionAggregate::new(spec, dropped)?),
                        false => Box::new(WindowAggregate::new(spec, dropped)?),
                    })
                })?;
                if let Stage::Keyed { reducer, stands, .. } = &mut stage {
                    *reducer = (!sessions && !stands[0]).then(|| Reducer::new(&spec)).flatten();
                }
                stage
            }
            NodeKind::WindowRank {
                start,
                end,
                window,
                partition,
                order,
                function,
                least,
                most,
                numbered,
                last_wins,
            } => {
                let spec = Arc::new(WindowRankSpec {
                    start: *start,
                    end: *end,
                    window: *window,
                    partition: partition.clone(),
                    order: order.clone(),
                    function: *function,
                    least: *least,
                    most: *most,
                    numbered: *numbered,
                    last_wins: *last_wins,
                    input,
                    schema,
                });
                self.keyed(id, window.processing_time, || {
                    Ok(Box::new(WindowRank::new(Arc::clone(&spec), Arc::clone(dropped))))
                })?
            }
            NodeKind::WindowJoin {
                kind,
                left,
                right,
                window,
                on,
                equal_nulls,
                null_aware,
                condition,
            } => {
                let (left_keys, right_keys): (Vec<usize>, Vec<usize>) = on.iter().copied().unzip();
                let spec = Arc::new(WindowJoinSpec {
                    kind: *kind,
                    windows: [*left, *right],
                    window: *window,
                    keys: [left_keys.clone(), right_keys.clone()],
                    equal_nulls: *equal_nulls,
                    null_aware: *null_aware,
                    condition: condition.clone(),
                    inputs: two(&inputs)?,
                    schema,
                });
                self.keyed(id, window.processing_time, || {
                    Ok(Box::new(WindowJoin::new(Arc::clone(&spec), Arc::clone(dropped))))
                })?
            }
            NodeKind::Deduplicate { partition, rowtime } => {
                let spec = Arc::new(KeepFirstSpec {
                    partition: partition.clone(),
                    rowtime: *rowtime,
                    ttl: ttl[0],
                    input,
                });
                self.keyed(id, false, || {
                    Ok(Box::new(KeepFirst::new(Arc::clone(&spec), Arc::clone(dropped))?))
                })?
            }
            NodeKind::Rank { partition, order, function, least, most, numbered, last_wins } => {
                let spec = Arc::new(RankSpec {
                    partition: partition.clone(),
                    order: order.clone(),
                    function: *function,
                    least: *least,
                    most: *most,
                    numbered: *numbered,
                    last_wins: *last_wins,
                    removes: self.plan.nodes[node.inputs[0]].changelog != ChangelogMode::Append,
                    ttl: ttl[0],
                    input,
                    schema,
                });
                let keeps_one = KeepOne::fits(&spec) && !plain_paths();
                self.keyed(id, false, || match keeps_one {
                    true => Ok(Box::new(KeepOne::new(Arc::clone(&spec))?)),
                    false => Ok(Box::new(Rank::new(Arc::clone(&spec))?)),
                })?
            }
            NodeKind::Join { kind, on, equal_nulls, null_aware, condition } => {
                let (left_keys, right_keys): (Vec<usize>, Vec<usize>) = on.iter().copied().unzip();
                let spec = Arc::new(JoinSpec {
                    kind: *kind,
                    keys: [left_keys.clone(), right_keys.clone()],
                    equal_nulls: *equal_nulls,
                    null_aware: *null_aware,
                    condition: condition.clone(),
                    inputs: two(&inputs)?,
                    schema,
                    removes: [0, 1].map(|side: usize| {
                        self.plan.nodes[node.inputs[side]].changelog != ChangelogMode::Append
                    }),
                    appends: node.changelog == ChangelogMode::Append,
                    ttl,
                });
                self.keyed(id, false, || Ok(Box::new(Join::new(Arc::clone(&spec))?)))?
            }
            NodeKind::IntervalJoin {
                kind,
                on,
                equal_nulls,
                times,
                processing_time,
                least,
                most,
                condition,
            } => {
                let (left_keys, right_keys): (Vec<usize>, Vec<usize>) = on.iter().copied().unzip();
                let spec = Arc::new(IntervalJoinSpec {
                    kind: *kind,
                    keys: [left_keys.clone(), right_keys.clone()],
                    equal_nulls: *equal_nulls,
                    times: [times.0, times.1],
                    least: *least,
                    most: *most,
                    delay: node.delay_ms(),
                    condition: condition.clone(),
                    inputs: two(&inputs)?,
                    schema,
                });
                self.keyed(id, *processing_time, || {
                    Ok(Box::new(IntervalJoin::new(Arc::clone(&spec), Arc::clone(dropped))?))
                })?
            }
            NodeKind::TemporalJoin { outer, on, times, ascending, condition } => {
                let (left_keys, right_keys): (Vec<usize>, Vec<usize>) = on.iter().copied().unzip();
                let spec = Arc::new(TemporalJoinSpec {
                    outer: *outer,
                    keys: [left_keys.clone(), right_keys.clone()],
                    times: [times.0, times.1],
                    ascending: *ascending,
                    left_goes: self.plan.nodes[node.inputs[0]].changelog != ChangelogMode::Append,
                    condition: condition.clone(),
                    inputs: two(&inputs)?,
                    schema,
                });
                self.keyed(id, false, || {
                    Ok(Box::new(TemporalJoin::new(Arc::clone(&spec), Arc::clone(dropped))?))
                })?
            }
            NodeKind::LookupJoin { outer, on, lookup, condition } => {
                let (left_keys, right_keys): (Vec<usize>, Vec<usize>) = on.iter().copied().unzip();
                let steps = lookup.steps.iter().map(|(condition, values, schema)| {
                    let schema = millstream_formats::json::nullable(schema);
                    Calc::new(condition.clone(), values.clone(), schema)
                });
                let rows = lookup.steps.last().map_or(&lookup.schema, |(_, _, schema)| schema);
                let (counters, dropped) = (Arc::clone(self.counters), Arc::clone(dropped));
                let name = lookup.table.name.clone();
                let left_out: LeftOut =
                    Arc::new(move |decoded| counters.left_out(&dropped, &name, decoded));
                Stage::Transform(Arc::new(LookupJoin {
                    table: open_lookup(&lookup.table, &lookup.columns, left_out)?,
                    steps: steps.collect::<Result<_>>()?,
                    outer: *outer,
                    keys: [left_keys, right_keys],
                    condition: condition.clone(),
                    inputs: [input, millstream_formats::json::nullable(rows)],
                    schema,
                    cache: RwLock::default(),
                }))
            }
            NodeKind::OverAggregate { time, processing_time, partition, ties, calls } => {
                let spec = Arc::new(OverAggregateSpec {
                    time: *time,
                    processing_time: *processing_time,
                    partition: partition.clone(),
                    ties: ties.clone(),
                    calls: calls.clone(),
                    input,
                    schema,
                });
                self.keyed(id, *processing_time, || {
                    Ok(Box::new(OverAggregate::new(Arc::clone(&spec), Arc::clone(dropped))?))
                })?
            }
            NodeKind::Sort { order } => self
                .keyed(id, false, || Ok(Box::new(Sort::new(order.clone(), Arc::clone(&schema)))))?,
            NodeKind::SortedOver { partition, order, calls } => {
                let spec = Arc::new(SortedOverSpec {
                    partition: partition.clone(),
                    order: order.clone(),
                    calls: calls.clone(),
                    ttl: ttl[0],
                    input,
                    schema,
                });
                self.keyed(id, false, || Ok(Box::new(SortedOver::new(Arc::clone(&spec))?)))?
            }
            NodeKind::MatchRecognize(found) => {
                let spec = Arc::new(MatchRecognizeSpec::new(found.clone(), input, schema));
                self.keyed(id, found.processing_time, || {
                    Ok(Box::new(MatchRecognize::new(Arc::clone(&spec), Arc::clone(dropped))?))
                })?
            }
            NodeKind::ChangelogNormalize { key } => self.keyed(id, false, || {
                Ok(Box::new(Normalize::new(key.clone(), Arc::clone(&schema), ttl[0])?))
            })?,
            NodeKind::SetOperation { intersect, all } => self.keyed(id, false, || {
                Ok(Box::new(SetOperation::new(*intersect, *all, Arc::clone(&schema), ttl[0])?))
            })?,
            NodeKind::GroupAggregate { keys, aggregates } => {
                let removes = self.plan.nodes[node.inputs[0]].changelog != ChangelogMode::Append;
                let spec = Arc::new(GroupAggregateSpec {
                    keys: keys.clone(),
                    aggregates: aggregates.clone(),
                    removes,
                    ttl: ttl[0],
                    input,
                    schema,
                });
                self.keyed(id, false, || Ok(Box::new(GroupAggregate::new(Arc::clone(&spec))?)))?
            }
            NodeKind::Limit { skip, fetch } => {
                self.keyed(id, false, || Ok(Box::new(Limit::new(*skip, *fetch))))?
            }
            NodeKind::Sink { table, drops_nulls } => {
                let mut sink = open_sink(table)?;
                if let Some(key) = self.plan.key(id) {
                    sink.keyed_by(&key);
                }
                Stage::Sink { sink, not_null: sink_check(table, *drops_nulls, dropped) }
            }
            NodeKind::Result => Stage::Result,
        })
    }

    /// What a node gives: it may be NULL wherever an outer join or a failing record made it so.
    fn given(&self, id: NodeId) -> SchemaRef {
        millstream_formats::json::nullable(&self.plan.nodes[id].schema)
    }
}
