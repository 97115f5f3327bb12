//! GROUP BY: what is grouped by, and GROUPING SETS, CUBE and ROLLUP.
//!
//! With grouping sets each row is given once for each set by an [`NodeKind::Expand`], with NULL in place of
//! what the set does not group by, and a number that tells the sets apart.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema};
use datafusion_common::DFSchema;
use datafusion_expr::{Expr, GroupingSet};
use millstream_expr::ScalarExpr;
use millstream_expr::aggregates::GROUPING_NAMES;
use millstream_plan::{ExpandColumn, NodeId, NodeKind, WindowOutput};

use crate::diagnostics::{Result, SqlError};
use crate::translate::{Translator, WindowProperties};

/// A grouping on its way into a node.
pub(crate) struct Grouping {
    /// What is grouped by: an expression each, and the property of the window that it is.
    pub keys: Vec<(ScalarExpr, Option<WindowOutput>)>,
    /// For each grouping set which of the keys it groups by; one set of all without GROUPING SETS.
    pub sets: Vec<Vec<bool>>,
    /// Whether there were grouping sets: the result has one more column that nobody reads.
    pub expands: bool,
}

impl Grouping {
    /// The number of a call of GROUPING, GROUPING_ID or GROUP_ID for each set.
    pub fn numbers(&self, name: &str, keys: &[usize]) -> Vec<i64> {
        let of_set = |(at, set): (usize, &Vec<bool>)| match name {
            // Which one it is of equal sets.
            "GROUP_ID" => self.sets[..at].iter().filter(|other| *other == set).count() as i64,
            _ => keys.iter().fold(0, |bits, key| bits << 1 | i64::from(!set[*key])),
        };
        self.sets.iter().enumerate().map(of_set).collect()
    }
}

impl Translator<'_> {
    /// What a logical aggregate groups by.
    pub(crate) fn grouping(
        &self,
        group: &[Expr],
        schema: &DFSchema,
        window: Option<WindowProperties>,
    ) -> Result<Grouping> {
        let (exprs, sets) = grouping_sets(group)?;
        let property = |key: &ScalarExpr| {
            let at = key.as_column()?;
            let window = window?;
            [
                (window.start, WindowOutput::Start),
                (window.end, WindowOutput::End),
                (window.time, WindowOutput::Time),
            ]
            .into_iter()
            .find(|(column, _)| *column == Some(at))
            .map(|(_, output)| output)
        };
        let keys = exprs.iter().map(|key| {
            self.no_subquery(key)?;
            let key = ScalarExpr::bind(key, schema)?;
            let property = property(&key);
            Ok((key, property))
        });
        let keys = keys.collect::<Result<Vec<_>>>()?;
        let expands = sets.is_some();
        let sets = sets.unwrap_or_else(|| vec![vec![true; keys.len()]]);
        Ok(Grouping { keys, sets, expands })
    }

    /// The positions of the keys that GROUPING or GROUPING_ID asks for.
    pub(crate) fn grouping_keys(
        &self,
        name: &str,
        arguments: &[Expr],
        grouping: &Grouping,
        schema: &DFSchema,
    ) -> Result<Vec<usize>> {
        arguments
            .iter()
            .map(|argument| {
                let value = ScalarExpr::bind(argument, schema)?;
                let place = grouping.keys.iter().position(|(key, _)| key.is_same(&value));
                place.ok_or_else(|| {
                    SqlError::new(format!(
                        "{name} takes what the query is grouped by, not {argument}"
                    ))
                    .about(name)
                })
            })
            .collect()
    }

    /// Gives each row once for each grouping set; the keys, then the numbers, then that of the set stand
    /// behind all other columns.
    pub(crate) fn expand(
        &mut self,
        input: NodeId,
        grouping: &Grouping,
        keys: &[usize],
        by_window: bool,
        numbers: &[Vec<i64>],
    ) -> (NodeId, Vec<usize>) {
        let of = Arc::clone(&self.plan.nodes[input].schema);
        let width = of.fields().len();
        let is_key = |property: &Option<WindowOutput>| !(by_window && property.is_some());
        let sets = grouping.sets.iter().enumerate().map(|(at, set)| {
            let grouped = grouping.keys.iter().zip(set);
            let grouped = grouped.filter(|((_, property), _)| is_key(property));
            let mut columns: Vec<ExpandColumn> = (0..width).map(ExpandColumn::Column).collect();
            columns.extend(grouped.zip(keys).map(|((_, in_set), key)| match in_set {
                true => ExpandColumn::Column(*key),
                false => ExpandColumn::Null,
            }));
            columns.extend(numbers.iter().map(|number| ExpandColumn::Number(number[at])));
            columns.push(ExpandColumn::Number(at as i64));
            columns
        });
        let kind = NodeKind::Expand { sets: sets.collect() };
        let mut fields: Vec<Field> = of.fields().iter().map(|f| f.as_ref().clone()).collect();
        fields.extend(keys.iter().map(|key| of.field(*key).clone().with_nullable(true)));
        for at in 0..=numbers.len() {
            fields.push(Field::new(format!("$set{at}"), DataType::Int64, false));
        }
        let positions = (width..fields.len()).collect();
        let id = self.plan.add_like(kind, input);
        self.plan.nodes[id].schema = Arc::new(Schema::new(fields));
        (id, positions)
    }
}

/// The name and the arguments of GROUPING, GROUPING_ID or GROUP_ID.
pub(crate) fn grouping_call(expr: &Expr) -> Option<(&'static str, &[Expr])> {
    match expr {
        Expr::Alias(alias) => grouping_call(&alias.expr),
        Expr::AggregateFunction(call) => {
            let name = GROUPING_NAMES.iter().find(|name| **name == call.func.name())?;
            Some((name, &call.params.args))
        }
        _ => None,
    }
}

/// Grouping sets: for each which of the expressions it groups by.
type Sets = Vec<Vec<bool>>;

/// What is grouped by, and the sets of a GROUP BY with GROUPING SETS, CUBE or ROLLUP.
fn grouping_sets(group: &[Expr]) -> Result<(Vec<Expr>, Option<Sets>)> {
    let [Expr::GroupingSet(set)] = group else {
        return match group.iter().any(|key| matches!(key, Expr::GroupingSet(_))) {
            true => Err(SqlError::unsupported("these grouping sets").about("GROUP")),
            false => Ok((group.to_vec(), None)),
        };
    };
    let all: Vec<Expr> = set.distinct_expr().into_iter().cloned().collect();
    let flags = |exprs: &[Expr]| all.iter().map(|expr| exprs.contains(expr)).collect::<Vec<bool>>();
    let sets = match set {
        GroupingSet::GroupingSets(sets) => sets.iter().map(|set| flags(set)).collect(),
        GroupingSet::Rollup(exprs) => {
            (0..=exprs.len()).rev().map(|length| flags(&exprs[..length])).collect()
        }
        GroupingSet::Cube(exprs) => {
            if exprs.len() > 12 {
                return Err(SqlError::new("CUBE takes 12 columns at most").about("CUBE"));
            }
            let of = |mask: usize| {
                let chosen = exprs.iter().enumerate().filter(|(at, _)| mask >> at & 1 == 0);
                flags(&chosen.map(|(_, expr)| expr.clone()).collect::<Vec<_>>())
            };
            (0..1 << exprs.len()).map(of).collect()
        }
    };
    Ok((all, Some(sets)))
}
