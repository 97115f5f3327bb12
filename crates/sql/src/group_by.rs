//! GROUP BY as text has it: group windows, and ROLLUP and CUBE also within GROUPING SETS.

use sqlparser::ast::{
    Expr, FunctionArg, FunctionArgExpr, FunctionArguments, GroupByExpr, Ident, Select,
};

use crate::group_window::{GROUP_WINDOWS, PROPERTIES};
use crate::rewrite::function_name;

/// A grouping by a window, as one by its three properties.
pub(crate) fn expand_group_window(select: &mut Select) {
    let GroupByExpr::Expressions(keys, _) = &mut select.group_by else { return };
    let mut expanded = Vec::with_capacity(keys.len() + 2);
    // Columns in parentheses are columns.
    let keys_alone = keys.drain(..).flat_map(|key| match key {
        Expr::Tuple(columns) => columns,
        key => vec![key],
    });
    for key in keys_alone.collect::<Vec<_>>() {
        let window = function_name(&key).filter(|name| GROUP_WINDOWS.contains(&name.as_str()));
        match (&key, window) {
            (Expr::Function(function), Some(window)) => {
                for property in PROPERTIES {
                    let mut named = function.clone();
                    named.name = vec![Ident::new(format!("{window}{property}"))].into();
                    expanded.push(Expr::Function(named));
                }
            }
            _ => expanded.push(key),
        }
    }
    *keys = expanded;
}

/// ROLLUP and CUBE as the sets that they are where something stands twice, several columns stand together
/// or others stand beside them; nothing stands twice in a set.
pub(crate) fn distinct_sets(group_by: &mut GroupByExpr) {
    let GroupByExpr::Expressions(keys, _) = group_by else { return };
    for key in keys {
        let (parts, cube) = match key {
            Expr::Rollup(parts) => (parts, false),
            Expr::Cube(parts) => (parts, true),
            Expr::GroupingSets(sets) => {
                let all = sets.drain(..).flat_map(|set| match set.as_slice() {
                    [one] => nested_sets(one).unwrap_or(vec![set]),
                    _ => vec![set],
                });
                *sets = all.map(|set| distinct(&set)).collect();
                continue;
            }
            _ => continue,
        };
        let all: Vec<Expr> = parts.iter().flatten().cloned().collect();
        let plain = parts.iter().all(|part| part.len() == 1) && distinct(&all).len() == all.len();
        if plain || (cube && parts.len() > PARTS_MAX) {
            continue;
        }
        *key = Expr::GroupingSets(sets_of(parts, cube));
    }
}

/// CUBE of more columns than that makes too many sets to be written out.
const PARTS_MAX: usize = 12;

/// The sets of a ROLLUP or CUBE that stands within GROUPING SETS, which the parser takes for a call.
fn nested_sets(set: &Expr) -> Option<Vec<Vec<Expr>>> {
    let Expr::Function(function) = set else { return None };
    let cube = match function_name(set)?.as_str() {
        "ROLLUP" => false,
        "CUBE" => true,
        _ => return None,
    };
    let FunctionArguments::List(list) = &function.args else { return None };
    let parts = list.args.iter().map(|argument| match argument {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Tuple(columns))) => Some(columns.clone()),
        FunctionArg::Unnamed(FunctionArgExpr::Expr(column)) => Some(vec![column.clone()]),
        _ => None,
    });
    let parts: Vec<Vec<Expr>> = parts.collect::<Option<_>>()?;
    let plain = list.duplicate_treatment.is_none() && function.filter.is_none();
    (plain && (!cube || parts.len() <= PARTS_MAX)).then(|| sets_of(&parts, cube))
}

/// The sets that ROLLUP or CUBE of some parts stands for.
fn sets_of(parts: &[Vec<Expr>], cube: bool) -> Vec<Vec<Expr>> {
    let of = |chosen: Vec<&Vec<Expr>>| {
        distinct(&chosen.into_iter().flatten().cloned().collect::<Vec<_>>())
    };
    match cube {
        false => (0..=parts.len()).rev().map(|to| of(parts[..to].iter().collect())).collect(),
        true => (0..1_usize << parts.len())
            .map(|mask| {
                let chosen = parts.iter().enumerate().filter(|(at, _)| mask >> at & 1 == 0);
                of(chosen.map(|(_, part)| part).collect())
            })
            .collect(),
    }
}

fn distinct(exprs: &[Expr]) -> Vec<Expr> {
    let mut kept: Vec<Expr> = Vec::with_capacity(exprs.len());
    for expr in exprs {
        if !kept.contains(expr) {
            kept.push(expr.clone());
        }
    }
    kept
}
