//! From the clauses of a MATCH_RECOGNIZE to its [`MatchNode`] and the projections around it.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion_common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion_common::{Column, DFSchema, Result as DfResult, ScalarValue};
use datafusion_expr::planner::RelationPlannerContext;
use datafusion_expr::{
    EmptyRelation, Expr, ExprSchemable, Extension, LogicalPlan, LogicalPlanBuilder,
};
use millstream_plan::{Quantifier, VARIABLES_MAX};
use millstream_types::sql_type::type_name;
use sqlparser::ast::{Expr as SqlExpr, FunctionArg, FunctionArgExpr, Ident, Visit, Visitor};

use crate::aggregate_call::{aggregate_function, read_arguments};
use crate::context::external;
use crate::diagnostics::{Result, SqlError, nearest};
use crate::match_names::{
    FIRST, LAST, MATCH_ROWTIME, clause, column_of_variable, parts_of_column, text_of,
};
use crate::match_node::{Condition, MatchNode, MatchSpec, Value};
use crate::match_pattern::{position, skip, variables, within};
use crate::match_syntax::{DEFINE, MEASURES, ORDER, PARTITION, PATTERN, SKIP, WITHIN};
use crate::translate_aggregate::is_present;
use crate::window::{column_of, relation};

/// Plans the call that a MATCH_RECOGNIZE has become.
///
/// # Errors
/// What is wrong with a clause.
pub fn plan_match(
    arguments: &[FunctionArg],
    context: &mut dyn RelationPlannerContext,
) -> DfResult<LogicalPlan> {
    let (Some(FunctionArg::Unnamed(FunctionArgExpr::Expr(query))), rest) =
        (arguments.first(), arguments.get(1..).unwrap_or_default())
    else {
        return Err(external(SqlError::unsupported("this MATCH_RECOGNIZE")));
    };
    let Some((factor, _)) = relation(query) else {
        return Err(external(SqlError::unsupported("this relation before MATCH_RECOGNIZE")));
    };
    let input = context.plan(factor)?;
    let items = |name: &str| clause(rest, name).unwrap_or_default();
    let pattern = variables(&items(PATTERN)).map_err(external)?;
    let mut builder = Builder::new(&input, &pattern, &items(DEFINE))?;
    for column in items(PARTITION) {
        let column = builder.named_column(column, PARTITION).map_err(external)?;
        builder.columns.push(column);
    }
    let partition = builder.columns.len();
    let mut order = Vec::new();
    for item in items(ORDER).chunks(2) {
        let column = builder.named_column(item[0], ORDER).map_err(external)?;
        builder.columns.push(column);
        let direction = item.get(1).and_then(|text| text_of(text)).unwrap_or_default();
        let descending = direction.starts_with("DESC");
        let nulls_first = match direction.trim_start_matches("DESC ").trim() {
            "FIRST" => true,
            "LAST" => false,
            _ => !descending,
        };
        order.push((descending, nulls_first));
    }
    let Some(first) = builder.columns.get(partition) else {
        return Err(external(
            SqlError::new("MATCH_RECOGNIZE needs ORDER BY").about("MATCH_RECOGNIZE"),
        ));
    };
    let time = first.get_type(input.schema())?;
    builder.time = Some(time);
    let within = within(items(WITHIN).first().copied()).map_err(external)?;
    let skip = skip(&items(SKIP), &pattern).map_err(external)?;
    let conditions = builder.conditions(&items(DEFINE), context)?;
    let measures = builder.measures(&items(MEASURES), partition, context)?;
    let variables = pattern.iter().zip(conditions.0);
    let variables = variables.map(|((name, of), is)| (name.clone(), *of, is));
    let spec = MatchSpec {
        variables: variables.collect(),
        within,
        skip,
        reads: builder.reads.iter().map(|(value, _)| value.clone()).collect(),
        values: builder.values.iter().map(|(value, _)| value.clone()).collect(),
    };
    builder.finish(spec, partition, order, conditions.1, measures)
}

/// What is gathered while clauses are planned.
struct Builder<'a> {
    input: &'a LogicalPlan,
    pattern: &'a [(String, Quantifier)],
    /// The columns of each variable, by the names they go by.
    names: DFSchema,
    columns: Vec<Expr>,
    /// What is computed of single rows, with the names of the columns.
    computed: Vec<(Expr, String)>,
    reads: Vec<(Value, FieldRef)>,
    values: Vec<(Value, FieldRef)>,
    /// The type of the time attribute.
    time: Option<DataType>,
}

impl<'a> Builder<'a> {
    fn new(
        input: &'a LogicalPlan,
        pattern: &'a [(String, Quantifier)],
        define: &[&SqlExpr],
    ) -> DfResult<Self> {
        let mut variables: Vec<&str> = vec![""];
        variables.extend(pattern.iter().map(|(name, _)| name.as_str()));
        for name in define.iter().step_by(2).filter_map(|name| text_of(name)) {
            if !variables.contains(&name) {
                variables.push(name);
            }
        }
        let fields = variables.iter().flat_map(|variable| {
            input.schema().fields().iter().map(|field| {
                let name = column_of_variable(variable, field.name());
                // There may be too few rows of a variable.
                let field = field.as_ref().clone().with_name(name).with_nullable(true);
                (None, Arc::new(field))
            })
        });
        let names = DFSchema::new_with_metadata(fields.collect(), Default::default())?;
        Ok(Self {
            input,
            pattern,
            names,
            columns: Vec::new(),
            computed: Vec::new(),
            reads: Vec::new(),
            values: Vec::new(),
            time: None,
        })
    }

    /// A column of the input that PARTITION BY or ORDER BY names.
    fn named_column(&self, expr: &SqlExpr, clause: &str) -> Result<Expr> {
        match expr {
            SqlExpr::Identifier(name) => column_of(self.input, name),
            SqlExpr::CompoundIdentifier(parts) if parts.len() == 2 && self.is_input(&parts[0]) => {
                column_of(self.input, &parts[1])
            }
            other => {
                let clause = clause.trim_start_matches('$');
                Err(SqlError::new(format!(
                    "{clause} BY in MATCH_RECOGNIZE takes columns, not {other}"
                ))
                .hint("compute it in a query: FROM (SELECT *, … AS x FROM t) MATCH_RECOGNIZE (…)")
                .about(clause))
            }
        }
    }

    /// Whether a name is that of the table the rows come from.
    fn is_input(&self, name: &Ident) -> bool {
        let mut tables = self.input.schema().iter().filter_map(|(table, _)| table);
        tables.any(|table| table.table() == name.value)
    }

    /// An expression of MEASURES or DEFINE, whose columns are those of variables.
    fn plan(&self, expr: &SqlExpr, context: &mut dyn RelationPlannerContext) -> DfResult<Expr> {
        let mut check = Columns { builder: self, wrong: None };
        let _ = expr.visit(&mut check);
        match check.wrong {
            Some(error) => Err(external(error)),
            None => context.sql_to_expr(expr.clone(), &self.names),
        }
    }

    /// The position of an expression over the input among the columns that are read.
    fn column(&mut self, expr: Expr, name: Option<&str>) -> usize {
        let value = match &expr {
            Expr::Column(_) => expr,
            _ => {
                let known = self.computed.iter().find(|(known, _)| *known == expr);
                let name = match known {
                    Some((_, name)) => name.clone(),
                    None => {
                        let number = (self.computed.len() + 1).to_string();
                        let name = format!("${}", name.unwrap_or(&number));
                        self.computed.push((expr, name.clone()));
                        name
                    }
                };
                Expr::Column(Column::from_name(name))
            }
        };
        self.columns.push(value);
        self.columns.len() - 1
    }

    /// An expression over the columns of one variable as one over the input, and the variable.
    fn of_one_row(&self, expr: &Expr) -> DfResult<(Expr, Option<usize>)> {
        let columns = expr.column_refs();
        let variables = columns.iter().filter_map(|column| parts_of_column(&column.name));
        let mut variables: Vec<&str> = variables.map(|(variable, _)| variable).collect();
        variables.sort_unstable();
        variables.dedup();
        if let [_, other, ..] = variables[..] {
            return Err(external(
                SqlError::new("FIRST, LAST and aggregates read the rows of one pattern variable")
                    .hint("compute a part for each variable, and put them together outside of it")
                    .about(other),
            ));
        }
        let variable = variables.first().copied();
        let nested =
            |expr: &Expr| marker(expr).is_some() || matches!(expr, Expr::AggregateFunction(_));
        if expr.exists(|expr| Ok(nested(expr)))? {
            return Err(external(
                SqlError::unsupported("FIRST, LAST or an aggregate inside of another one")
                    .about("MATCH_RECOGNIZE"),
            ));
        }
        let plain = self.over_input(expr.clone())?;
        Ok((plain, variable.and_then(|name| self.variable(name))))
    }

    /// The number of a variable; `None` of all rows. One that is not in the pattern never has any.
    fn variable(&self, name: &str) -> Option<usize> {
        match name {
            "" => None,
            name => Some(position(name, self.pattern).unwrap_or(VARIABLES_MAX)),
        }
    }

    /// The same expression over the columns of the input.
    fn over_input(&self, expr: Expr) -> DfResult<Expr> {
        let schema = self.input.schema();
        let moved = expr.transform_up(|expr| {
            let Expr::Column(column) = &expr else { return Ok(Transformed::no(expr)) };
            let Some((_, name)) = parts_of_column(&column.name) else {
                return Ok(Transformed::no(expr));
            };
            let (table, field) = schema.qualified_field_with_unqualified_name(name)?;
            Ok(Transformed::yes(Expr::Column(Column::from((table, field)))))
        })?;
        Ok(moved.data)
    }

    /// Whether a condition reads nothing but the row itself.
    fn is_of_row(&self, condition: &Expr, own: &str) -> bool {
        let aggregates = condition.exists(|expr| {
            Ok(marker(expr).is_some() || matches!(expr, Expr::AggregateFunction(_)))
        });
        let columns = condition.column_refs();
        let mut variables = columns.iter().filter_map(|column| parts_of_column(&column.name));
        !aggregates.unwrap_or(true) && variables.all(|(of, _)| of.is_empty() || of == own)
    }

    /// The same expression over values of the rows of a match, which are added to `values`.
    fn over_values(&mut self, expr: Expr, defining: bool) -> DfResult<Expr> {
        let replaced = expr.transform_down(|expr| {
            let text = shown(&expr);
            let value = match &expr {
                Expr::Column(column) if parts_of_column(&column.name).is_some() => {
                    // A column of all rows is that of the last one; columns of the partition have that
                    // name.
                    let text = if text.contains('.') { text } else { format!("LAST({text})") };
                    Some((self.row(&expr, true, 0)?, text))
                }
                Expr::ScalarFunction(call) if marker(&expr).is_some() => Some(match call.name() {
                    MATCH_ROWTIME => (Value::Time, text),
                    name => {
                        let offset = match call.args.get(1) {
                            Some(Expr::Literal(ScalarValue::Utf8(Some(text)), _)) => text.parse(),
                            _ => Ok(0),
                        };
                        let offset = offset.unwrap_or(0);
                        let value = self.row(&call.args[0], name == LAST, offset)?;
                        let function = name.trim_start_matches('$');
                        let of = shown(&call.args[0]);
                        let skipped =
                            if offset > 0 { format!(", {offset}") } else { String::new() };
                        (value, format!("{function}({of}{skipped})"))
                    }
                }),
                Expr::AggregateFunction(_) => Some((self.aggregate(&expr)?, text)),
                _ => None,
            };
            let Some((value, text)) = value else { return Ok(Transformed::no(expr)) };
            let name = self.add(value, &expr, text, defining)?;
            let column = Expr::Column(Column::from_name(name));
            Ok(Transformed::new(column, true, TreeNodeRecursion::Jump))
        })?;
        Ok(replaced.data)
    }

    fn row(&mut self, expr: &Expr, last: bool, offset: usize) -> DfResult<Value> {
        let (plain, variable) = self.of_one_row(expr)?;
        let column = self.column(plain, None);
        Ok(Value::Row { variable, last, offset, column })
    }

    fn aggregate(&mut self, expr: &Expr) -> DfResult<Value> {
        let Expr::AggregateFunction(call) = expr else {
            return Err(external(SqlError::unsupported(expr.to_string())));
        };
        let (name, params) = (call.func.name(), &call.params);
        let refused = match params {
            params if params.distinct => Some("DISTINCT"),
            params if params.filter.is_some() => Some("FILTER"),
            params if !params.order_by.is_empty() => Some("ORDER BY"),
            _ => None,
        };
        if let Some(refused) = refused {
            let what = format!("{refused} in an aggregate of a match");
            return Err(external(SqlError::unsupported(what).about(refused)));
        }
        let counts_rows = name == "COUNT" && params.args.iter().all(is_present);
        let read: Vec<Expr> =
            match counts_rows && params.args.iter().all(|arg| arg.column_refs().is_empty()) {
                true => Vec::new(),
                false => read_arguments(name, &params.args).into_iter().cloned().collect(),
            };
        let mut variables = Vec::new();
        let mut arguments = Vec::new();
        for argument in read {
            let (plain, variable) = self.of_one_row(&argument)?;
            variables.push(variable);
            arguments.push(self.column(plain, None));
        }
        let function = aggregate_function(name, &params.args, None).map_err(external)?;
        let result = expr.get_type(&self.names)?;
        let variable = variables.first().copied().flatten();
        Ok(Value::Aggregate { variable, function, arguments, result })
    }

    /// Adds a value; the name of its column.
    fn add(&mut self, value: Value, expr: &Expr, text: String, defining: bool) -> DfResult<String> {
        let (_, field) = expr.to_field(&self.names)?;
        let field = match (&value, &self.time) {
            (Value::Time, Some(time)) => Field::new("", time.clone(), false),
            _ => field.as_ref().clone().with_nullable(true),
        };
        let values = if defining { &mut self.reads } else { &mut self.values };
        // A column's own name may read as one of a variable does: `A.x`.
        let mut text = text;
        while let Some((known, _)) = values.iter().find(|(_, field)| *field.name() == text) {
            if known.reads_as(&value) {
                return Ok(text);
            }
            text.push('\'');
        }
        values.push((value, Arc::new(field.with_name(&text))));
        Ok(text)
    }

    /// For each variable what its rows must be, and the conditions that read other rows.
    fn conditions(
        &mut self,
        define: &[&SqlExpr],
        context: &mut dyn RelationPlannerContext,
    ) -> DfResult<(Vec<Condition>, Vec<Expr>)> {
        let mut conditions = vec![Condition::Always; self.pattern.len()];
        let (mut computed, mut seen) = (Vec::new(), Vec::new());
        for item in define.chunks(2) {
            let (Some(name), Some(condition)) = (text_of(item[0]), item.get(1)) else { continue };
            if seen.contains(&name) {
                let error = SqlError::new(format!("pattern variable \"{name}\" is defined twice"));
                return Err(external(
                    error.hint("put the conditions together with AND").about(name),
                ));
            }
            seen.push(name);
            let condition = self.plan(condition, context)?;
            let is = condition.get_type(&self.names)?;
            if !matches!(is, DataType::Boolean | DataType::Null) {
                let error = SqlError::new(format!(
                    "the condition of pattern variable \"{name}\" is BOOLEAN, not {}",
                    type_name(&is)
                ));
                return Err(external(error.hint("write DEFINE A AS A.price > 10").about(name)));
            }
            let Some(variable) = position(name, self.pattern) else { continue };
            conditions[variable] = if self.is_of_row(&condition, name) {
                let condition = self.over_input(condition)?;
                let condition = condition.cast_to(&DataType::Boolean, self.input.schema())?;
                Condition::Column(self.column(condition, Some(name)))
            } else {
                computed.push(self.over_values(condition, true)?.alias(name));
                Condition::Computed(computed.len() - 1)
            };
        }
        Ok((conditions, computed))
    }

    fn measures(
        &mut self,
        items: &[&SqlExpr],
        keys: usize,
        context: &mut dyn RelationPlannerContext,
    ) -> DfResult<Vec<Expr>> {
        let mut measures: Vec<Expr> = Vec::with_capacity(items.len() / 2);
        for item in items.chunks(2) {
            let Some(name) = item.get(1).and_then(|name| text_of(name)) else { continue };
            let is_key = |key: &Expr| matches!(key, Expr::Column(column) if column.name == name);
            let known = |measure: &Expr| measure.name_for_alias().is_ok_and(|known| known == name);
            if self.columns[..keys].iter().any(is_key) || measures.iter().any(known) {
                let error =
                    SqlError::new(format!("two columns of a match have the name \"{name}\""));
                return Err(external(
                    error
                        .hint("give the measure another name: those of PARTITION BY come out, too")
                        .about(name),
                ));
            }
            let measure = self.plan(item[0], context)?;
            measures.push(self.over_values(measure, false)?.alias(name));
        }
        Ok(measures)
    }

    /// The node, with the projections around it.
    fn finish(
        self,
        spec: MatchSpec,
        partition: usize,
        order: Vec<(bool, bool)>,
        conditions: Vec<Expr>,
        measures: Vec<Expr>,
    ) -> DfResult<LogicalPlan> {
        let keys: Vec<Expr> = self.columns[..partition].to_vec();
        let fields = keys.iter().map(|key| Ok(key.to_field(self.input.schema())?.1));
        let mut fields: Vec<FieldRef> = fields.collect::<DfResult<_>>()?;
        fields.extend(self.values.iter().map(|(_, field)| Arc::clone(field)));
        let unqualified = |fields: Vec<FieldRef>| {
            let fields = fields.into_iter().map(|field| (None, field)).collect();
            DFSchema::new_with_metadata(fields, Default::default()).map(Arc::new)
        };
        let schema = unqualified(fields)?;
        let reads = unqualified(self.reads.iter().map(|(_, field)| Arc::clone(field)).collect())?;
        let nothing = EmptyRelation { produce_one_row: false, schema: reads };
        let conditions = LogicalPlanBuilder::from(LogicalPlan::EmptyRelation(nothing))
            .project(conditions)?
            .build()?;
        let mut input = self.input.clone();
        if !self.computed.is_empty() {
            let all = input.schema().columns().into_iter().map(Expr::Column);
            let computed = self.computed.into_iter().map(|(expr, name)| expr.alias(name));
            let all: Vec<Expr> = all.chain(computed).collect();
            input = LogicalPlanBuilder::from(input).project(all)?.build()?;
        }
        let node = MatchNode {
            input,
            conditions,
            partition,
            order,
            columns: self.columns,
            spec: Arc::new(spec),
            schema: Arc::clone(&schema),
        };
        let keys = schema.fields().iter().take(partition);
        let keys = keys.map(|field| Expr::Column(Column::from_name(field.name())));
        let all: Vec<Expr> = keys.chain(measures).collect();
        if all.is_empty() {
            return Err(external(
                SqlError::new("a match gives no columns")
                    .hint("name what you want of it: MEASURES A.ts AS start_ts, B.ts AS end_ts")
                    .about("MATCH_RECOGNIZE"),
            ));
        }
        let node = LogicalPlan::Extension(Extension { node: Arc::new(node) });
        LogicalPlanBuilder::from(node).project(all)?.build()
    }
}

/// A navigation or the time of a match, by its name.
fn marker(expr: &Expr) -> Option<&str> {
    let Expr::ScalarFunction(call) = expr else { return None };
    [FIRST, LAST, MATCH_ROWTIME].into_iter().find(|name| *name == call.name())
}

/// An expression as it was written.
fn shown(expr: &Expr) -> String {
    let text = match expr {
        Expr::Column(column) => column.name.clone(),
        other => other.to_string(),
    };
    let mut marks = 0;
    let text = text.chars().filter_map(|c| match c {
        '\u{2}' => {
            marks += 1;
            (marks % 2 == 0).then_some('.')
        }
        other => Some(other),
    });
    let text: String = text.collect();
    // Of all variables: nothing stands before the dot.
    text.strip_prefix('.').map_or(text.clone(), str::to_owned).replace("(.", "(")
}

/// Whether the columns are there, before the library looks for them under names of ours.
struct Columns<'a> {
    builder: &'a Builder<'a>,
    wrong: Option<SqlError>,
}

impl Visitor for Columns<'_> {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &SqlExpr) -> std::ops::ControlFlow<()> {
        let SqlExpr::Identifier(name) = expr else { return std::ops::ControlFlow::Continue(()) };
        let Some((variable, column)) = parts_of_column(&name.value) else {
            return std::ops::ControlFlow::Continue(());
        };
        let fields = self.builder.input.schema().fields();
        if fields.iter().any(|field| field.name() == column) {
            return std::ops::ControlFlow::Continue(());
        }
        let of = if variable.is_empty() { String::new() } else { format!("{variable}.") };
        let error = SqlError::new(format!("column \"{of}{column}\" not found")).about(column);
        let near = nearest(column, fields.iter().map(|field| field.name().as_str()));
        let variables: Vec<&str> = self.builder.pattern.iter().map(|(name, _)| &**name).collect();
        self.wrong = Some(match near {
            Some(near) => error.hint(format!("a column with a similar name exists: \"{near}\"")),
            None => error.hint(format!("the variables of PATTERN are {}", variables.join(", "))),
        });
        std::ops::ControlFlow::Break(())
    }
}
