//! A plan without what translating it left behind: nodes that nobody reads, and Calcs on top of each other.

use std::sync::Arc;

use arrow::datatypes::{Field, Schema};
use millstream_expr::ScalarExpr;
use millstream_expr::shared::{carried_name, shared};
use millstream_plan::{NodeKind, Plan};

use crate::diagnostics::Result;

/// The same plan with one Calc in the place of two, and without the nodes that nobody reads.
///
/// # Errors
/// When an expression cannot be rebuilt.
pub fn tidy(plan: Plan) -> Result<Plan> {
    let mut plan = prune(plan);
    let mut readers = readers(&plan);
    for id in 0..plan.nodes.len() {
        while let Some((input, kind)) = fused(&plan, id, &readers)? {
            let lower = std::mem::replace(&mut plan.nodes[id].inputs, vec![input])[0];
            plan.nodes[id].kind = kind;
            readers[lower] -= 1;
            readers[input] += usize::from(readers[lower] > 0);
        }
    }
    for id in 0..plan.nodes.len() {
        carry(&mut plan, id, &readers)?;
    }
    Ok(prune(plan))
}

/// What a Calc computes that the condition of the Calc below it has computed for every row comes from there,
/// as a column.
fn carry(plan: &mut Plan, id: usize, readers: &[usize]) -> Result<()> {
    let upper = &plan.nodes[id];
    let NodeKind::Calc { condition: None, projection: Some(values) } = &upper.kind else {
        return Ok(());
    };
    let below = upper.inputs[0];
    let lower = &plan.nodes[below];
    let NodeKind::Calc { condition: Some(condition), projection: Some(given) } = &lower.kind else {
        return Ok(());
    };
    let over =
        values.iter().map(|value| value.over(given)).collect::<std::result::Result<Vec<_>, _>>()?;
    let calls = shared(condition, &over);
    if calls.is_empty() || readers[below] > 1 {
        return Ok(());
    }
    let values = values.iter().map(|value| value.with_calls(&calls, given, given.len()));
    let values = values.collect::<std::result::Result<Vec<_>, _>>()?;
    let input = &plan.nodes[lower.inputs[0]].schema;
    let mut fields: Vec<_> = lower.schema.fields().iter().cloned().collect();
    for (at, call) in calls.iter().enumerate() {
        fields.push(Arc::new(Field::new(carried_name(at), call.data_type(input)?, true)));
    }
    let projection = given.iter().chain(&calls).cloned().collect();
    let condition = Some(condition.clone());
    plan.nodes[below].kind = NodeKind::Calc { condition, projection: Some(projection) };
    plan.nodes[below].schema = Arc::new(Schema::new(fields));
    plan.nodes[id].kind = NodeKind::Calc { condition: None, projection: Some(values) };
    Ok(())
}

/// How many nodes read each node.
fn readers(plan: &Plan) -> Vec<usize> {
    let mut readers = vec![0; plan.nodes.len()];
    plan.nodes.iter().flat_map(|node| &node.inputs).for_each(|input| readers[*input] += 1);
    readers
}

/// A Calc over the input of the Calc below it.
fn fused(plan: &Plan, id: usize, readers: &[usize]) -> Result<Option<(usize, NodeKind)>> {
    let upper = &plan.nodes[id];
    let NodeKind::Calc { condition, projection } = &upper.kind else { return Ok(None) };
    let lower = &plan.nodes[upper.inputs[0]];
    let NodeKind::Calc { condition: first, projection: below } = &lower.kind else {
        return Ok(None);
    };
    let all_columns = below.iter().flatten().all(|value| value.as_column().is_some());
    // What several nodes read is computed once, for all of them.
    if readers[upper.inputs[0]] > 1 && (first.is_some() || !all_columns) {
        return Ok(None);
    }
    // What the second condition computes may fail for rows that the first one leaves out.
    if first.is_some() && condition.is_some() {
        return Ok(None);
    }
    let Some(below) = below else {
        let projection = projection.clone();
        let kind =
            NodeKind::Calc { condition: condition.clone().or_else(|| first.clone()), projection };
        return Ok(Some((lower.inputs[0], kind)));
    };
    let only_selects = || condition.is_none() && selects_once(projection.as_deref(), below);
    if !all_columns && !only_selects() {
        return Ok(None);
    }
    let over = |value: &ScalarExpr| value.over(below);
    let projection = match projection {
        Some(values) => values.iter().map(over).collect::<std::result::Result<_, _>>()?,
        None => below.clone(),
    };
    let condition = match condition {
        Some(condition) => Some(over(condition)?),
        None => first.clone(),
    };
    let kind = NodeKind::Calc { condition, projection: Some(projection) };
    Ok(Some((lower.inputs[0], kind)))
}

/// Whether a projection only selects columns, and none that is computed twice.
fn selects_once(projection: Option<&[ScalarExpr]>, below: &[ScalarExpr]) -> bool {
    let Some(values) = projection else { return true };
    let mut taken = vec![false; below.len()];
    values.iter().all(|value| match value.as_column() {
        Some(column) => {
            let again = std::mem::replace(&mut taken[column], true);
            !again || below[column].as_column().is_some()
        }
        None => false,
    })
}

/// Without the nodes that nobody reads.
fn prune(plan: Plan) -> Plan {
    let mut used = vec![false; plan.nodes.len()];
    plan.outputs().for_each(|output| used[output] = true);
    for id in (0..plan.nodes.len()).rev() {
        if used[id] {
            plan.nodes[id].inputs.iter().for_each(|input| used[*input] = true);
        }
    }
    let mut moved = vec![0; plan.nodes.len()];
    let ttl = plan.ttl;
    let mut kept = Plan::default();
    for (id, mut node) in plan.nodes.into_iter().enumerate().filter(|(id, _)| used[*id]) {
        node.inputs.iter_mut().for_each(|input| *input = moved[*input]);
        moved[id] = match is_nothing(&kept, &node) {
            true => node.inputs[0],
            false => kept.add(node),
        };
        let ttl = ttl.get(&id).filter(|ttl| ttl.iter().any(Option::is_some));
        kept.ttl.extend(ttl.map(|ttl| (moved[id], *ttl)));
    }
    kept
}

/// Whether a node is a Calc that gives what it gets.
fn is_nothing(plan: &Plan, node: &millstream_plan::Node) -> bool {
    let NodeKind::Calc { condition: None, projection } = &node.kind else { return false };
    let input = &plan.nodes[node.inputs[0]];
    let in_place = |values: &Vec<ScalarExpr>| {
        values.len() == input.schema.fields().len()
            && values.iter().enumerate().all(|(at, value)| value.as_column() == Some(at))
    };
    let same = Arc::ptr_eq(&input.schema, &node.schema) || input.schema == node.schema;
    same && projection.as_ref().is_none_or(in_place)
}

#[cfg(test)]
mod tests {
    use arrow::array::RecordBatch;
    use arrow::datatypes::DataType;
    use millstream_plan::{ChangelogMode, Node};

    use super::*;

    fn node(kind: NodeKind, inputs: Vec<usize>, schema: &Arc<Schema>) -> Node {
        let (rowtimes, proctimes, changelog) = (vec![], vec![], ChangelogMode::Append);
        Node { kind, inputs, schema: Arc::clone(schema), rowtimes, proctimes, changelog }
    }

    fn calc(condition: Option<&str>, columns: &[usize]) -> NodeKind {
        let named = |column: &usize| ScalarExpr::column("c", *column);
        let condition = condition.map(|name| ScalarExpr::column(name, 0));
        NodeKind::Calc { condition, projection: Some(columns.iter().map(named).collect()) }
    }

    /// Two columns, a Calc below, and `readers` Calcs above that swap what it gives.
    fn plan(below: NodeKind, readers: usize) -> Plan {
        let fields = ["a", "b"].map(|name| Field::new(name, DataType::Boolean, true));
        let schema = Arc::new(Schema::new(fields.to_vec()));
        let mut plan = Plan::default();
        let rows = RecordBatch::new_empty(Arc::clone(&schema));
        let leaf = plan.add(node(NodeKind::Values { rows }, vec![], &schema));
        let lower = plan.add(node(below, vec![leaf], &schema));
        for _ in 0..readers {
            let upper = plan.add(node(calc(None, &[1, 0]), vec![lower], &schema));
            plan.add(node(NodeKind::Result, vec![upper], &schema));
        }
        plan
    }

    fn calcs(plan: &Plan) -> usize {
        plan.nodes.iter().filter(|node| matches!(node.kind, NodeKind::Calc { .. })).count()
    }

    #[test]
    fn a_calc_with_one_reader_becomes_a_part_of_it() {
        assert_eq!(calcs(&tidy(plan(calc(Some("a"), &[1, 0]), 1)).unwrap()), 1);
    }

    #[test]
    fn what_several_read_is_filtered_once() {
        assert_eq!(calcs(&tidy(plan(calc(Some("a"), &[1, 0]), 2)).unwrap()), 3);
    }

    #[test]
    fn a_selection_of_columns_that_several_read_is_a_part_of_each() {
        assert_eq!(calcs(&tidy(plan(calc(None, &[0, 0]), 2)).unwrap()), 2);
    }
}
