//! What DataFusion's planner asks of us: tables, functions, types, and the meaning of operators.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef, SchemaRef};
use datafusion_common::config::ConfigOptions;
use datafusion_common::{DFSchema, DataFusionError, Result as DfResult, TableReference};
use datafusion_expr::planner::{
    ContextProvider, ExprPlanner, PlannedRelation, PlannerResult, RawBinaryExpr,
    RawFieldAccessExpr, RelationPlanner, RelationPlannerContext, RelationPlanning, TypePlanner,
};
use datafusion_expr::{
    AggregateUDF, Expr, ExprSchemable, GetFieldAccess, HigherOrderUDF, LogicalPlan,
    LogicalPlanBuilder, ScalarUDF, TableSource, WindowUDF,
};
use millstream_expr::Registry;
use millstream_expr::common_type::{common_type, is_approximate};
use millstream_expr::decimal::as_decimal;
use millstream_expr::field::Field as FieldAccess;
use millstream_plan::Table;
use millstream_types::sql_type::is_variant;
use sqlparser::ast::{
    BinaryOperator, Expr as SqlExpr, FunctionArg, FunctionArgExpr, FunctionArguments, ObjectName,
    TableAlias, TableFactor, Value,
};

use crate::catalog::{Catalog, Entry};
use crate::changelog::{self, ChangelogNode, is_changelog_function};
use crate::common_types::{comparable, settled, texts_only};
use crate::comparisons::{has_order_of, with_itself};
use crate::correlate::CorrelateNode;
use crate::diagnostics::{SqlError, nearest};
use crate::match_plan::plan_match;
use crate::match_syntax::MATCH;
use crate::names::{BEING_NAMED, being_named, unique_names};
use crate::parser::{file_of, parts_of};
use crate::planner::Planner;
use crate::rewrite::UNNEST;
use crate::temporal::{TemporalNode, Versioned, versioned};
use crate::types::parse_type_text;
use crate::unnest::unnest;
use crate::window::{
    WindowNode, column_of, is_window_function, read_call, table_factor, window_functions,
};

/// An error of ours on its way through the library.
pub fn external(error: SqlError) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}

/// A table as DataFusion's planner sees it.
#[derive(Debug)]
pub struct CatalogTable {
    /// The table.
    pub table: Arc<Table>,
}

impl TableSource for CatalogTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.table.schema)
    }
}

/// A view, whose query stands in its place.
struct ViewSource {
    plan: LogicalPlan,
    schema: SchemaRef,
}

impl TableSource for ViewSource {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn get_logical_plan(&self) -> Option<std::borrow::Cow<'_, LogicalPlan>> {
        Some(std::borrow::Cow::Borrowed(&self.plan))
    }
}

/// The catalog and our rules, in the form DataFusion's planner asks for.
pub struct Context<'a> {
    planner: &'a Planner<'a>,
    options: ConfigOptions,
    expr_planners: Vec<Arc<dyn ExprPlanner>>,
    relation_planners: Vec<Arc<dyn RelationPlanner>>,
}

impl<'a> Context<'a> {
    /// For one planner.
    pub fn new(planner: &'a Planner<'a>) -> Self {
        let functions = planner.catalog.functions.clone();
        let relations = Relations {
            catalog: Arc::new(planner.catalog.clone()),
            files: Arc::new(planner.catalog.files.clone()),
        };
        Self {
            planner,
            options: ConfigOptions::default(),
            expr_planners: vec![Arc::new(Operators { functions })],
            relation_planners: vec![Arc::new(relations)],
        }
    }
}

impl ContextProvider for Context<'_> {
    fn get_table_source(&self, name: TableReference) -> DfResult<Arc<dyn TableSource>> {
        let parts = match &name {
            TableReference::Bare { table } => vec![table.to_string()],
            TableReference::Partial { schema, table } => {
                vec![schema.to_string(), table.to_string()]
            }
            TableReference::Full { catalog, schema, table } => {
                vec![catalog.to_string(), schema.to_string(), table.to_string()]
            }
        };
        match self.planner.catalog.get(&parts).map_err(external)? {
            Entry::Table(table) => Ok(Arc::new(CatalogTable { table: Arc::clone(table) })),
            Entry::View(view) => {
                let plan = self.planner.view(view).map_err(external)?;
                let schema = Arc::new(plan.schema().as_arrow().clone());
                Ok(Arc::new(ViewSource { plan, schema }))
            }
        }
    }

    fn get_expr_planners(&self) -> &[Arc<dyn ExprPlanner>] {
        &self.expr_planners
    }

    fn get_relation_planners(&self) -> &[Arc<dyn RelationPlanner>] {
        &self.relation_planners
    }

    fn get_type_planner(&self) -> Option<Arc<dyn TypePlanner>> {
        Some(Arc::new(Types))
    }

    fn get_function_meta(&self, name: &str) -> Option<Arc<ScalarUDF>> {
        let zone = self.planner.catalog.zone();
        let special =
            crate::group_window::marker(name).or_else(|| crate::cast::function(name, zone));
        let special = special.or_else(|| crate::current_watermark::function(name));
        let special = special.or_else(|| crate::match_names::function(name));
        let database = || crate::current_database::function(name, self.planner.catalog);
        let special = special.or_else(database);
        special.or_else(|| self.planner.catalog.functions.scalar(name))
    }

    fn get_higher_order_meta(&self, _: &str) -> Option<Arc<HigherOrderUDF>> {
        None
    }

    fn get_aggregate_meta(&self, name: &str) -> Option<Arc<AggregateUDF>> {
        self.planner.catalog.functions.aggregate(name)
    }

    fn get_window_meta(&self, _: &str) -> Option<Arc<WindowUDF>> {
        None
    }

    fn get_variable_type(&self, _: &[String]) -> Option<DataType> {
        None
    }

    fn options(&self) -> &ConfigOptions {
        &self.options
    }

    fn udf_names(&self) -> Vec<String> {
        self.planner.catalog.functions.scalar_names()
    }

    fn higher_order_function_names(&self) -> Vec<String> {
        Vec::new()
    }

    fn udaf_names(&self) -> Vec<String> {
        self.planner.catalog.functions.aggregate_names()
    }

    fn udwf_names(&self) -> Vec<String> {
        Vec::new()
    }
}

/// Types travel through the syntax tree as their text.
#[derive(Debug)]
struct Types;

impl TypePlanner for Types {
    fn plan_type_field(&self, sql_type: &sqlparser::ast::DataType) -> DfResult<Option<FieldRef>> {
        let text = match sql_type {
            sqlparser::ast::DataType::Custom(name, _) => match parts_of(name).first() {
                Some(text) => text.clone(),
                None => return Ok(None),
            },
            other => other.to_string(),
        };
        let column = parse_type_text(&text).map_err(|error| external(error.into()))?;
        Ok(Some(Arc::new(column.field(""))))
    }
}

/// What operators and special forms mean.
#[derive(Debug)]
struct Operators {
    functions: Registry,
}

impl Operators {
    fn call(&self, name: &str, arguments: Vec<Expr>) -> DfResult<Expr> {
        match self.functions.scalar(name) {
            Some(function) => Ok(function.call(arguments)),
            None => Err(DataFusionError::Internal(format!("function {name} is not registered"))),
        }
    }

    fn planned<T>(&self, name: &str, arguments: Vec<Expr>) -> DfResult<PlannerResult<T>> {
        self.call(name, arguments).map(PlannerResult::Planned)
    }

    fn field(&self, of: Expr, name: &str) -> Expr {
        ScalarUDF::new_from_impl(FieldAccess::new(name.to_owned())).call(vec![of])
    }
}

fn to_double(value: Expr) -> Expr {
    to_type(value, DataType::Float64)
}

fn to_type(value: Expr, data_type: DataType) -> Expr {
    let field: FieldRef = Arc::new(Field::new("", data_type, true));
    Expr::Cast(datafusion_expr::Cast { expr: Box::new(value), field })
}

impl ExprPlanner for Operators {
    fn plan_binary_op(
        &self,
        mut raw: RawBinaryExpr,
        schema: &DFSchema,
    ) -> DfResult<PlannerResult<RawBinaryExpr>> {
        use BinaryOperator::{
            Divide, Eq, Gt, GtEq, Lt, LtEq, Minus, Modulo, Multiply, NotEq, Plus, StringConcat,
        };
        if !matches!(raw.op, BinaryOperator::And | BinaryOperator::Or) {
            raw.left = settled(raw.left, schema)?;
            raw.right = settled(raw.right, schema)?;
        }
        let (left, right) = (raw.left.get_type(schema)?, raw.right.get_type(schema)?);
        let decimal = |t: &DataType| matches!(t, DataType::Decimal128(..));
        if as_decimal(&left).is_some()
            && as_decimal(&right).is_some()
            && (decimal(&left) || decimal(&right))
        {
            let name = match raw.op {
                Plus => "DECIMAL_ADD",
                Minus => "DECIMAL_SUBTRACT",
                Multiply => "DECIMAL_MULTIPLY",
                Divide => "DECIMAL_DIVIDE",
                Modulo => "DECIMAL_MODULO",
                _ => return Ok(PlannerResult::Original(raw)),
            };
            return self.planned(name, vec![raw.left, raw.right]);
        }
        if is_approximate(&left, &right) {
            let side = if decimal(&left) { &mut raw.left } else { &mut raw.right };
            *side = to_double(side.clone());
            let other = if decimal(&left) { &mut raw.right } else { &mut raw.left };
            *other = to_double(other.clone());
            return Ok(PlannerResult::Original(raw));
        }
        if matches!(raw.op, Plus | Minus | Multiply | Divide | Modulo) {
            // FLOAT stays FLOAT beside an integer.
            for (one, other) in [(&left, &mut raw.right), (&right, &mut raw.left)] {
                if *one == DataType::Float32 && other.get_type(schema)?.is_integer() {
                    *other = to_type(other.clone(), DataType::Float32);
                }
            }
        }
        if raw.op == StringConcat {
            texts_only(&left, &right)?;
        }
        let of_day = |t: &DataType| matches!(t, DataType::Timestamp(..) | DataType::Time32(_));
        if raw.op == Minus && of_day(&left) && of_day(&right) {
            return Err(external(
                SqlError::new("what lies between two points in time needs a unit")
                    .hint(
                        "write (later - earlier) SECOND, or TIMESTAMPDIFF(SECOND, earlier, later)",
                    )
                    .about("-"),
            ));
        }
        let interval = |t: &DataType| matches!(t, DataType::Interval(_));
        if raw.op == Multiply && interval(&left) && right.is_integer() {
            return self.planned("INTERVAL_MULTIPLY", vec![raw.left, raw.right]);
        }
        if raw.op == Multiply && left.is_integer() && interval(&right) {
            return self.planned("INTERVAL_MULTIPLY", vec![raw.right, raw.left]);
        }
        // Of two floating point types the first one counts, as in Flink; but where an order is asked for.
        if let (DataType::Float32, DataType::Float64) | (DataType::Float64, DataType::Float32) =
            (&left, &right)
            && matches!(raw.op, Plus | Minus | Multiply | Divide | Eq | NotEq)
        {
            raw.right = to_type(raw.right, left);
            return Ok(PlannerResult::Original(raw));
        }
        match raw.op {
            Divide if left.is_integer() && right.is_integer() => {
                return self.planned("DIVIDE", vec![raw.left, raw.right]);
            }
            Modulo if left.is_integer() && right.is_integer() => {
                return self.planned("MOD", vec![raw.left, raw.right]);
            }
            Eq | NotEq | Lt | LtEq | Gt | GtEq => {
                let text = |t: &DataType| matches!(t, DataType::Utf8);
                if left.is_floating()
                    && raw.left == raw.right
                    && matches!(raw.left, Expr::Column(_))
                {
                    return Ok(PlannerResult::Planned(with_itself(&raw.op, raw.left)));
                }
                if let (DataType::Time32(a), DataType::Time32(b)) = (&left, &right)
                    && a != b
                {
                    let finer = common_type(&left, &right).unwrap_or(left);
                    raw.left = to_type(raw.left, finer.clone());
                    raw.right = to_type(raw.right, finer);
                    return Ok(PlannerResult::Original(raw));
                }
                let is_ordered = !matches!(raw.op, Eq | NotEq);
                if is_ordered {
                    has_order_of(&left)?;
                    has_order_of(&right)?;
                }
                let read = |t: &DataType| t.is_temporal() || (is_ordered && t.is_numeric());
                if (text(&left) && read(&right)) || (read(&left) && text(&right)) {
                    let target = if text(&left) { &right } else { &left };
                    let target: FieldRef = Arc::new(Field::new("", target.clone(), true));
                    let side = if text(&left) { &mut raw.left } else { &mut raw.right };
                    let expr = Box::new(side.clone());
                    // A text that is no time is equal to none, and stands in no order.
                    *side = match is_ordered || matches!(*expr, Expr::Literal(..)) {
                        true => Expr::Cast(datafusion_expr::Cast { expr, field: target }),
                        false => Expr::TryCast(datafusion_expr::TryCast { expr, field: target }),
                    };
                } else {
                    comparable(&left, &right)?;
                }
            }
            _ => {}
        }
        Ok(PlannerResult::Original(raw))
    }

    fn plan_field_access(
        &self,
        raw: RawFieldAccessExpr,
        schema: &DFSchema,
    ) -> DfResult<PlannerResult<RawFieldAccessExpr>> {
        let of = raw.expr.get_type(schema)?;
        match raw.field_access {
            GetFieldAccess::NamedStructField { name } => match of {
                of if matches!(of, DataType::Map(..)) || is_variant(&of) => {
                    self.planned("ITEM", vec![raw.expr, Expr::Literal(name, None)])
                }
                _ => Ok(PlannerResult::Planned(self.field(raw.expr, &name.to_string()))),
            },
            GetFieldAccess::ListIndex { key } => self.planned("ITEM", vec![raw.expr, *key]),
            GetFieldAccess::ListRange { .. } => {
                Err(DataFusionError::NotImplemented("a range of an array".to_owned()))
            }
        }
    }

    fn plan_compound_identifier(
        &self,
        field: &Field,
        qualifier: Option<&TableReference>,
        nested_names: &[String],
    ) -> DfResult<PlannerResult<Vec<Expr>>> {
        let column = Expr::Column(datafusion_common::Column::from((qualifier, field)));
        let access = nested_names.iter().fold(column, |of, name| self.field(of, name));
        Ok(PlannerResult::Planned(access))
    }

    fn plan_array_literal(
        &self,
        values: Vec<Expr>,
        _: &DFSchema,
    ) -> DfResult<PlannerResult<Vec<Expr>>> {
        self.planned("ARRAY", values)
    }

    fn plan_struct_literal(
        &self,
        values: Vec<Expr>,
        _: bool,
    ) -> DfResult<PlannerResult<Vec<Expr>>> {
        self.planned("ROW", values)
    }

    fn plan_position(&self, arguments: Vec<Expr>) -> DfResult<PlannerResult<Vec<Expr>>> {
        let mut arguments = arguments;
        // They come as (text, part).
        arguments.reverse();
        self.planned("POSITION", arguments)
    }

    fn plan_extract(&self, arguments: Vec<Expr>) -> DfResult<PlannerResult<Vec<Expr>>> {
        self.planned("EXTRACT", arguments)
    }

    fn plan_substring(&self, arguments: Vec<Expr>) -> DfResult<PlannerResult<Vec<Expr>>> {
        self.planned("SUBSTRING", arguments)
    }

    fn plan_overlay(&self, arguments: Vec<Expr>) -> DfResult<PlannerResult<Vec<Expr>>> {
        self.planned("OVERLAY", arguments)
    }
}

/// Relations of Flink's own: windows, table functions, option hints, files.
#[derive(Clone)]
struct Relations {
    catalog: Arc<Catalog>,
    files: Arc<BTreeMap<String, Arc<Table>>>,
}

impl std::fmt::Debug for Relations {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Relations")
    }
}

impl RelationPlanner for Relations {
    fn plan_relation(
        &self,
        relation: TableFactor,
        context: &mut dyn RelationPlannerContext,
    ) -> DfResult<RelationPlanning> {
        match &relation {
            TableFactor::Table { name, alias, args: Some(args), .. }
                if name.to_string() == MATCH =>
            {
                planned(plan_match(&args.args, context)?, alias.clone())
            }
            TableFactor::Table { name, alias, args: Some(args), .. } => {
                let plan = self.function(&name.to_string(), &args.args, context)?;
                planned(plan, alias.clone())
            }
            TableFactor::TableFunction { expr, alias } => {
                let plan = self.call(expr, context)?;
                planned(plan, alias.clone())
            }
            TableFactor::Function { name, args, alias, with_ordinality, .. }
                if name.to_string() == UNNEST =>
            {
                let plan = self.unnest(args, *with_ordinality, context)?;
                planned(plan, alias.clone())
            }
            TableFactor::Function { name, args, alias, with_ordinality: false, .. } => {
                let plan = match &args[..] {
                    [FunctionArg::Unnamed(FunctionArgExpr::Expr(expr))]
                        if name.to_string().eq_ignore_ascii_case("TABLE") =>
                    {
                        self.call(expr, context)?
                    }
                    _ => self.function(&name.to_string(), args, context)?,
                };
                planned(plan, alias.clone())
            }
            TableFactor::Derived { sample: Some(_), .. } => {
                Err(external(SqlError::unsupported("TABLESAMPLE").about("TABLESAMPLE")))
            }
            TableFactor::Table { name, alias, with_hints, version, sample, partitions, .. } => {
                let refused = match (version, sample) {
                    (Some(_), _) => Some("FOR SYSTEM_TIME AS OF"),
                    (None, Some(_)) => Some("TABLESAMPLE"),
                    (None, None) if !partitions.is_empty() => Some("PARTITION"),
                    _ => None,
                };
                if let Some(refused) = refused {
                    let word = refused.split(' ').nth(1).unwrap_or(refused);
                    return Err(external(SqlError::unsupported(refused).about(word)));
                }
                if let Some(file) = file_of(name) {
                    let table = self.files.get(&file.value).ok_or_else(|| {
                        external(SqlError::new(format!("file \"{}\" is not known", file.value)))
                    })?;
                    let source = Arc::new(CatalogTable { table: Arc::clone(table) });
                    let plan =
                        LogicalPlanBuilder::scan(file.value.as_str(), source, None)?.build()?;
                    return planned(plan, alias.clone());
                }
                if with_hints.is_empty() {
                    return Ok(RelationPlanning::Original(Box::new(relation)));
                }
                let plan = self.with_options(name, with_hints)?;
                planned(plan, alias.clone())
            }
            TableFactor::Derived { alias: Some(alias), .. } if alias.name.value == BEING_NAMED => {
                let TableFactor::Derived { lateral, subquery, sample, .. } = relation else {
                    return Ok(RelationPlanning::Original(Box::new(relation)));
                };
                let relation = TableFactor::Derived { lateral, subquery, sample, alias: None };
                Ok(RelationPlanning::Original(Box::new(relation)))
            }
            TableFactor::Derived { lateral: false, alias, .. } => {
                let plan = context.plan(being_named(relation.clone()))?;
                planned(unique_names(plan)?, alias.clone())
            }
            TableFactor::NestedJoin { table_with_joins, alias } => {
                match versioned(table_with_joins).map_err(external)? {
                    Some(join) => planned(temporal_join(join, context)?, alias.clone()),
                    None => Ok(RelationPlanning::Original(Box::new(relation))),
                }
            }
            _ => Ok(RelationPlanning::Original(Box::new(relation))),
        }
    }
}

fn temporal_join(
    join: Versioned,
    context: &mut dyn RelationPlannerContext,
) -> DfResult<LogicalPlan> {
    let left = context.plan(join.left)?;
    let right = context.plan(join.right)?;
    let time = context.sql_to_expr(join.time, left.schema())?;
    let condition = context.sql_to_expr(join.condition, &left.schema().join(right.schema())?)?;
    let node = TemporalNode::new(left, right, time, condition, join.outer)?;
    Ok(LogicalPlan::Extension(datafusion_expr::Extension { node: Arc::new(node) }))
}

fn planned(plan: LogicalPlan, alias: Option<TableAlias>) -> DfResult<RelationPlanning> {
    Ok(RelationPlanning::Planned(Box::new(PlannedRelation::new(plan, alias))))
}

impl Relations {
    fn call(
        &self,
        expr: &SqlExpr,
        context: &mut dyn RelationPlannerContext,
    ) -> DfResult<LogicalPlan> {
        match expr {
            SqlExpr::Function(function) => match &function.args {
                FunctionArguments::List(list) => {
                    self.function(&function.name.to_string(), &list.args, context)
                }
                _ => self.function(&function.name.to_string(), &[], context),
            },
            SqlExpr::CompoundIdentifier(parts) => {
                let name = ObjectName::from(parts.clone());
                context.plan(table_factor(name))
            }
            other => Err(external(SqlError::new(format!(
                "TABLE(…) takes a table function, not {other}"
            )))),
        }
    }

    fn unnest(
        &self,
        arguments: &[FunctionArg],
        ordinality: bool,
        context: &mut dyn RelationPlannerContext,
    ) -> DfResult<LogicalPlan> {
        let [FunctionArg::Unnamed(FunctionArgExpr::Expr(collection))] = arguments else {
            return Err(external(SqlError::new("UNNEST takes one collection").about("UNNEST")));
        };
        let collection = context.sql_to_expr(collection.clone(), &DFSchema::empty())?;
        let data_type = collection.get_type(&DFSchema::empty())?;
        let function = unnest(&data_type, ordinality).map_err(external)?;
        let node = CorrelateNode::alone(function, vec![collection])?;
        Ok(LogicalPlan::Extension(datafusion_expr::Extension { node: Arc::new(node) }))
    }

    fn function(
        &self,
        name: &str,
        arguments: &[FunctionArg],
        context: &mut dyn RelationPlannerContext,
    ) -> DfResult<LogicalPlan> {
        if is_window_function(name) {
            let call = read_call(name, arguments).map_err(external)?;
            let input = context.plan(call.relation)?;
            let rowtime = column_of(&input, &call.rowtime).map_err(external)?;
            let columns = call.partition.iter().map(|column| column_of(&input, column));
            let partition = columns.collect::<Result<Vec<_>, _>>().map_err(external)?;
            let node = WindowNode::new(input, rowtime, call.kind, partition)?;
            return Ok(LogicalPlan::Extension(datafusion_expr::Extension { node: Arc::new(node) }));
        }
        if is_changelog_function(name) {
            let call = changelog::read_call(name, arguments).map_err(external)?;
            let input = context.plan(call.relation.clone())?;
            let node = ChangelogNode::new(call, input)?;
            return Ok(LogicalPlan::Extension(datafusion_expr::Extension { node: Arc::new(node) }));
        }
        let Some(function) = self.catalog.table_functions.get(&name.to_ascii_uppercase()) else {
            let mut known: Vec<&str> = window_functions().chain(changelog::names()).collect();
            known.extend(self.catalog.table_functions.keys().map(String::as_str));
            let error = SqlError::new(format!("table function \"{name}\" not found")).about(name);
            return Err(external(match nearest(name, known.into_iter()) {
                Some(near) => error.hint(format!("did you mean {near}?")),
                None => error,
            }));
        };
        let mut values = Vec::with_capacity(arguments.len());
        for argument in arguments {
            let FunctionArg::Unnamed(FunctionArgExpr::Expr(value)) = argument else {
                return Err(external(
                    SqlError::new(format!("{name} cannot take {argument}")).about(name),
                ));
            };
            values.push(context.sql_to_expr(value.clone(), &DFSchema::empty())?);
        }
        let node = CorrelateNode::alone(function.clone(), values)?;
        Ok(LogicalPlan::Extension(datafusion_expr::Extension { node: Arc::new(node) }))
    }

    /// A table with other options for this statement only.
    fn with_options(&self, name: &ObjectName, hints: &[SqlExpr]) -> DfResult<LogicalPlan> {
        let parts = parts_of(name);
        let mut table = Table::clone(&*self.catalog.table(&parts).map_err(external)?);
        for hint in hints {
            let (key, value) = option_of(hint).ok_or_else(|| {
                external(SqlError::new(format!("a table hint is 'key' = 'value', not {hint}")))
            })?;
            table.options.insert(key, value);
        }
        let source = Arc::new(CatalogTable { table: Arc::new(table) });
        let reference = parts.last().map_or("", String::as_str);
        LogicalPlanBuilder::scan(TableReference::bare(reference), source, None)?.build()
    }
}

fn option_of(hint: &SqlExpr) -> Option<(String, String)> {
    let text = |expr: &SqlExpr| match expr {
        SqlExpr::Value(value) => match &value.value {
            Value::SingleQuotedString(text) => Some(text.clone()),
            _ => None,
        },
        _ => None,
    };
    match hint {
        SqlExpr::BinaryOp { left, op: BinaryOperator::Eq, right } => {
            Some((text(left)?, text(right)?))
        }
        _ => None,
    }
}
