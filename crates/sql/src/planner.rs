//! [`Planner`]: from a parsed statement and a catalog to a plan. A pure function of the two.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef};
use datafusion_common::tree_node::{Transformed, TreeNode};
use datafusion_common::{DFSchema, Result as DfResult};
use datafusion_expr::builder::LogicalTableSource;
use datafusion_expr::expr_rewriter::NamePreserver;
use datafusion_expr::{Expr, ExprSchemable, LogicalPlan, LogicalPlanBuilder, ScalarUDF};
use datafusion_sql::planner::{NullOrdering, ParserOptions, PlannerContext, SqlToRel};
use millstream_expr::ScalarExpr;
use millstream_expr::cast::Cast;
use millstream_plan::table::Computed;
use millstream_plan::{Plan, Table, WatermarkSpec};
use millstream_types::SqlType;
use millstream_types::sql_type::{TYPE_KEY, type_name};
use sqlparser::ast::{
    CastKind, Expr as SqlExpr, ObjectName, Query, Statement as SqlStatement, Value, ValueWithSpan,
    visit_relations,
};

use crate::cast::to_field;
use crate::catalog::{Catalog, View};
use crate::common_types::in_common_types;
use crate::context::Context;
use crate::correlate::correlate;
use crate::diagnostics::{Result, SqlError};
use crate::dialect::cast_to;
use crate::group_window;
use crate::names::{Stars, has_star_beside_others, unique_names};
use crate::optimize::{optimize, simplified};
use crate::parser::{file_of, parts_of};
use crate::rewrite::{StateHints, function_name, rewrite_expression, rewrite_query};
use crate::statement::{Alter, ColumnKind, CreateTable, Insert, Statement};
use crate::translate::{Output, translate};

/// Plans statements over a catalog.
pub struct Planner<'a> {
    /// The tables and views.
    pub catalog: &'a Catalog,
    /// How long state is kept, by what the hints of the statement say.
    hints: RefCell<StateHints>,
    /// How many queries are being planned only for their columns, one for the other.
    asking: Cell<usize>,
    /// The views whose queries are being planned, one for the other.
    pub(crate) expanding: RefCell<Vec<*const View>>,
}

/// How deeply that may be nested.
const ASKING_MAX: usize = 6;

impl<'a> Planner<'a> {
    /// For statements over a catalog, which knows the files that they query without a table.
    pub fn new(catalog: &'a Catalog) -> Self {
        Self {
            catalog,
            hints: RefCell::default(),
            asking: Cell::new(0),
            expanding: RefCell::default(),
        }
    }

    /// The plan of a query, whose changes come out of a Result node.
    ///
    /// # Errors
    /// When a name is not found, types do not fit or something is not supported.
    pub fn query(&self, query: &Query) -> Result<Plan> {
        let plan = optimize(self.logical(query)?, self.catalog)?;
        translate(self.catalog, &self.hints.borrow(), vec![(plan, Output::Result)])
    }

    /// The plan of a statement set: one dataflow with shared sources.
    ///
    /// # Errors
    /// As [`Self::query`], and when rows do not fit their table.
    pub fn inserts(&self, inserts: &[Insert]) -> Result<Plan> {
        let mut outputs = Vec::with_capacity(inserts.len());
        for insert in inserts {
            let mut table = Table::clone(&*self.catalog.table(&parts_of(&insert.table))?);
            table.options.extend(insert.options.iter().cloned());
            let plan = self.fit(self.logical(&insert.query)?, insert, &table)?;
            let plan = optimize(plan, self.catalog)?;
            outputs.push((plan, Output::Sink(Arc::new(table), insert.conflict)));
        }
        translate(self.catalog, &self.hints.borrow(), outputs)
    }

    /// The columns a query gives, without running it.
    ///
    /// # Errors
    /// As [`Self::query`].
    pub fn schema_of(&self, query: &Query) -> Result<SchemaRef> {
        Ok(Arc::new(self.logical(query)?.schema().as_arrow().clone()))
    }

    /// The files that a statement queries without a table.
    pub fn files_of(statement: &Statement) -> Vec<String> {
        let mut files = Vec::new();
        let mut look = |query: &Query| {
            let _ = visit_relations(query, |name: &ObjectName| {
                if let Some(file) = file_of(name) {
                    files.push(file.value.clone());
                }
                ControlFlow::<()>::Continue(())
            });
        };
        match statement {
            Statement::Query(query) => look(query),
            Statement::Insert(inserts) => inserts.iter().for_each(|insert| look(&insert.query)),
            Statement::CreateTable(create) => create.query.iter().for_each(|query| look(query)),
            Statement::CreateView { query, .. } | Statement::Alter(Alter::View { query, .. }) => {
                look(query);
            }
            Statement::Explain { statement, .. } => return Self::files_of(statement),
            _ => {}
        }
        files
    }

    pub(crate) fn logical(&self, query: &Query) -> Result<LogicalPlan> {
        let plain = self.logical_named(query, Stars::Plain);
        match plain {
            // What is wrong may be that a column is called as something that `*` stands for.
            Err(error) if has_star_beside_others(&mut query.clone()) => {
                self.logical_named(query, Stars::Marked).map_err(|_| error)
            }
            other => other,
        }
    }

    fn logical_named(&self, query: &Query, stars: Stars) -> Result<LogicalPlan> {
        let mut query = query.clone();
        let columns_of = |query: &Query| {
            // A query that asks for the columns of another one, and so on, ends.
            if self.asking.get() >= ASKING_MAX {
                return None;
            }
            self.asking.set(self.asking.get() + 1);
            let plan = self.logical(query);
            self.asking.set(self.asking.get() - 1);
            let plan = plan.ok()?;
            Some(plan.schema().fields().iter().map(|field| field.name().clone()).collect())
        };
        let hints = rewrite_query(&mut query, stars, &columns_of)?;
        self.hints.borrow_mut().extend(hints);
        let context = Context::new(self);
        let planner = SqlToRel::new_with_options(&context, options());
        let plan = planner
            .sql_statement_to_plan(SqlStatement::Query(Box::new(query)))
            .map_err(|error| self.hinted(error.into()))?;
        let plan = group_window::expand(correlate(unique_names(plan)?)?)?;
        Ok(own_casts(in_common_types(plan, self.catalog.zone())?, self.catalog)?)
    }

    /// An error with the function that was perhaps meant.
    fn hinted(&self, error: SqlError) -> SqlError {
        let name = error
            .message
            .strip_prefix("function \"")
            .and_then(|rest| rest.strip_suffix("\" not found"));
        let Some(name) = name.map(str::to_owned) else { return error };
        if NOT_YET.iter().any(|known| known.eq_ignore_ascii_case(&name)) {
            let upper = name.to_ascii_uppercase();
            return SqlError::unsupported(format!("the function {upper}"))
                .hint("SHOW FUNCTIONS lists those that are")
                .about(name);
        }
        let known = self.catalog.functions.names();
        match crate::diagnostics::nearest(&name, known.iter().map(String::as_str)) {
            Some(near) => error.hint(format!("a function with a similar name exists: {near}")),
            None => error.hint("SHOW FUNCTIONS lists them"),
        }
    }

    /// The rows of an INSERT in the columns of its table.
    fn fit(&self, plan: LogicalPlan, insert: &Insert, table: &Table) -> Result<LogicalPlan> {
        let name = &table.name;
        let fixed: BTreeMap<&str, &SqlExpr> =
            insert.partition.iter().map(|(column, value)| (column.value.as_str(), value)).collect();
        let given: Vec<String> = if insert.columns.is_empty() {
            let all = table.physical.fields().iter().map(|field| field.name().clone());
            all.filter(|column| !fixed.contains_key(column.as_str())).collect()
        } else {
            insert.columns.iter().map(|column| column.value.clone()).collect()
        };
        for column in given.iter().map(String::as_str).chain(fixed.keys().copied()) {
            if table.physical.index_of(column).is_err() {
                let names = table.physical.fields().iter().map(|field| field.name().as_str());
                let error =
                    SqlError::new(format!("column \"{column}\" not found in table \"{name}\""));
                return Err(match crate::diagnostics::nearest(column, names) {
                    Some(near) => {
                        error.hint(format!("a column with a similar name exists: \"{near}\""))
                    }
                    None => error,
                }
                .about(column));
            }
        }
        for (at, column) in given.iter().enumerate() {
            if given[..at].contains(column) || fixed.contains_key(column.as_str()) {
                return Err(
                    SqlError::new(format!("column \"{column}\" is named twice")).about(column)
                );
            }
        }
        for field in table.physical.fields().iter().filter(|field| !field.is_nullable()) {
            let name = field.name();
            if !given.contains(name) && !fixed.contains_key(name.as_str()) {
                return Err(SqlError::new(format!(
                    "column \"{name}\" is NOT NULL and is given no value"
                ))
                .hint(format!("add \"{name}\" to the columns of the INSERT"))
                .about(&table.name));
            }
        }
        let columns = plan.schema().columns();
        if columns.len() != given.len() {
            return Err(SqlError::new(format!(
                "table \"{name}\" takes {} columns ({}), the query gives {}",
                given.len(),
                given.join(", "),
                columns.len()
            ))
            .about(name));
        }
        let schema = Arc::clone(plan.schema());
        let mut values = Vec::with_capacity(table.physical.fields().len());
        for field in table.physical.fields() {
            let value = if let Some(at) = given.iter().position(|column| column == field.name()) {
                Expr::Column(columns[at].clone())
            } else if let Some(value) = fixed.get(field.name().as_str()) {
                // The name of a folder, which is text, may stand for the value.
                let value = match (value, field.data_type()) {
                    (SqlExpr::Value(text), of) if *of != DataType::Utf8 && is_text(text) => {
                        cast_to((*value).clone(), CastKind::Cast, &type_name(of))
                    }
                    _ => (*value).clone(),
                };
                self.expression(value, &Schema::empty())?.0
            } else {
                Expr::Literal(datafusion_common::ScalarValue::Null, None)
            };
            let from = value.get_type(&schema)?;
            if !stores(&from, field.data_type()) {
                return Err(SqlError::new(format!(
                    "column \"{}\" of table \"{name}\" is {}, the query gives {}",
                    field.name(),
                    type_name(field.data_type()),
                    type_name(&from)
                ))
                .hint(format!("cast it: CAST(… AS {})", type_name(field.data_type())))
                .about(name));
            }
            // A declared length is heeded, unless the values are of that type already.
            let (_, given) = value.to_field(&schema)?;
            let exact = field.metadata().contains_key(TYPE_KEY)
                && given.metadata().get(TYPE_KEY) != field.metadata().get(TYPE_KEY);
            let value = if from == *field.data_type() && !exact {
                value
            } else {
                to_field(value, field, self.catalog.zone())
            };
            values.push(value.alias(field.name()));
        }
        Ok(LogicalPlanBuilder::from(plan).project(values)?.build()?)
    }

    /// A table from its declaration. `inferred` are the columns found in the data, for a declaration
    /// without any.
    ///
    /// # Errors
    /// When a column's expression, the watermark or the key does not fit the columns.
    pub fn table(&self, create: &CreateTable, inferred: Option<SchemaRef>) -> Result<Table> {
        let name = parts_of(&create.name).last().cloned().unwrap_or_default();
        let inferred = inferred.unwrap_or_else(|| Arc::new(Schema::empty()));
        let mut table = Table {
            primary_key: create.primary_key.iter().map(|column| column.value.clone()).collect(),
            partitioned_by: create.partitioned_by.iter().map(|c| c.value.clone()).collect(),
            options: create.options.iter().cloned().collect(),
            comment: create.comment.clone(),
            ..Table::new(name, inferred)
        };
        let mut columns: Vec<(Arc<Field>, Option<Computed>)> =
            table.physical.fields().iter().map(|field| (Arc::clone(field), None)).collect();
        let mut inherited_watermark = None;
        if let Some(like) = &create.like {
            let base = self.catalog.table(&parts_of(&like.table))?;
            for (at, field) in base.schema.fields().iter().enumerate() {
                let computed = base.computed.get(&at).cloned();
                if computed.is_none() || !like.excluding_generated {
                    columns.push((Arc::clone(field), computed));
                }
            }
            table.metadata.clone_from(&base.metadata);
            table.column_comments.clone_from(&base.column_comments);
            if !like.excluding_options {
                for (key, value) in &base.options {
                    table.options.entry(key.clone()).or_insert_with(|| value.clone());
                }
            }
            if !like.excluding_constraints && table.primary_key.is_empty() {
                table.primary_key.clone_from(&base.primary_key);
            }
            if !like.excluding_partitions && table.partitioned_by.is_empty() {
                table.partitioned_by.clone_from(&base.partitioned_by);
            }
            inherited_watermark = base.watermark.clone().filter(|_| !like.excluding_watermarks);
        }
        for column in &create.columns {
            if columns.iter().any(|(field, _)| *field.name() == column.name.value) {
                let name = &column.name.value;
                return Err(SqlError::new(format!(
                    "column \"{name}\" is in the LIKE table already"
                ))
                .hint("leave it out, or give it another name")
                .about(name));
            }
        }
        let mut physical: Vec<Arc<Field>> = columns
            .iter()
            .filter(|(_, computed)| computed.is_none())
            .map(|(f, _)| Arc::clone(f))
            .collect();
        for column in &create.columns {
            if let Some(comment) = &column.comment {
                table.column_comments.insert(column.name.value.clone(), comment.clone());
            }
            if let ColumnKind::Metadata(_, key) = &column.kind {
                table.metadata.insert(column.name.value.clone(), key.clone());
            }
            if let ColumnKind::Physical(column_type) | ColumnKind::Metadata(column_type, _) =
                &column.kind
            {
                let key = table.primary_key.contains(&column.name.value);
                let mut column_type = column_type.clone();
                column_type.nullable &= !key;
                physical.push(Arc::new(column_type.field(&column.name.value)));
            }
        }
        table.physical = Arc::new(Schema::new(Fields::from(physical.clone())));
        for column in &create.columns {
            let name = &column.name.value;
            let declared = match &column.kind {
                ColumnKind::Physical(_) | ColumnKind::Metadata(..) => {
                    let field = physical.iter().find(|field| field.name() == name);
                    (
                        field
                            .cloned()
                            .unwrap_or_else(|| Arc::new(Field::new(name, DataType::Null, true))),
                        None,
                    )
                }
                ColumnKind::Computed(expr, text) => {
                    let (field, computed) = self.computed(name, expr, text, &table.physical)?;
                    (field, Some(computed))
                }
            };
            columns.push(declared);
        }
        for (at, (_, computed)) in columns.iter().enumerate() {
            if let Some(computed) = computed {
                table.computed.insert(at, computed.clone());
            }
        }
        let fields: Vec<Arc<Field>> = columns.into_iter().map(|(field, _)| field).collect();
        table.schema = Arc::new(Schema::new(Fields::from(fields)));
        table.watermark = match (&create.watermark, inherited_watermark) {
            (Some((column, expr, text)), _) => {
                Some(self.watermark(&table, &column.value, expr, text)?)
            }
            (None, Some(inherited)) => {
                let expr = crate::parser::parse_expression(&inherited.text)?;
                let base =
                    create.like.as_ref().map(|like| self.catalog.table(&parts_of(&like.table)));
                let base = base
                    .transpose()?
                    .map_or_else(|| Arc::clone(&table.schema), |b| Arc::clone(&b.schema));
                let column = base.field(inherited.rowtime).name().clone();
                Some(self.watermark(&table, &column, &expr, &inherited.text)?)
            }
            (None, None) => None,
        };
        for key in &table.primary_key {
            if table.physical.index_of(key).is_err() {
                return Err(SqlError::new(format!(
                    "the primary key names \"{key}\", which is no column"
                ))
                .about(key));
            }
        }
        Ok(table)
    }

    fn computed(
        &self,
        name: &str,
        expr: &SqlExpr,
        text: &str,
        physical: &Schema,
    ) -> Result<(Arc<Field>, Computed)> {
        let (logical, schema) = self.expression(expr.clone(), physical)?;
        let (_, field) = logical.to_field(&schema)?;
        let data_type = match field.data_type() {
            DataType::Null => DataType::Utf8,
            other => other.clone(),
        };
        let field = Field::new(name, data_type, true);
        let processing_time = function_name(expr).as_deref() == Some("PROCTIME");
        let value = ScalarExpr::bind(&logical, &schema)?;
        Ok((Arc::new(field), Computed { value, text: text.to_owned(), processing_time }))
    }

    /// A table whose columns and watermark are computed by the session's settings as they are now; `None`
    /// where it computes nothing.
    ///
    /// # Errors
    /// When an expression of it cannot be planned.
    pub(crate) fn computed_anew(&self, table: &Table) -> Result<Option<Table>> {
        if table.computed.is_empty() && table.watermark.is_none() {
            return Ok(None);
        }
        let mut anew = table.clone();
        for (at, computed) in &mut anew.computed {
            let expr = crate::parser::parse_expression(&computed.text)?;
            let name = table.schema.field(*at).name();
            *computed = self.computed(name, &expr, &computed.text, &table.physical)?.1;
        }
        if let Some(watermark) = &mut anew.watermark {
            let column = table.schema.field(watermark.rowtime).name();
            *watermark = self.watermark_for(table, column, &watermark.text)?;
        }
        Ok(Some(anew))
    }

    /// `WATERMARK FOR column AS expression` for a table that exists.
    ///
    /// # Errors
    /// When the column is no timestamp of the table, or the expression is none over its columns.
    pub fn watermark_for(
        &self,
        table: &Table,
        column: &str,
        expression: &str,
    ) -> Result<WatermarkSpec> {
        let expr = crate::parser::parse_expression(expression)?;
        self.watermark(table, column, &expr, expression)
    }

    fn watermark(
        &self,
        table: &Table,
        column: &str,
        expr: &SqlExpr,
        text: &str,
    ) -> Result<WatermarkSpec> {
        let Ok(rowtime) = table.schema.index_of(column) else {
            let names = table.schema.fields().iter().map(|field| field.name().as_str());
            let error =
                SqlError::new(format!("the watermark is for \"{column}\", which is no column"));
            return Err(match crate::diagnostics::nearest(column, names) {
                Some(near) => {
                    error.hint(format!("a column with a similar name exists: \"{near}\""))
                }
                None => error,
            }
            .about(column));
        };
        let field = table.schema.field(rowtime);
        if !matches!(field.data_type(), DataType::Timestamp(..)) {
            return Err(SqlError::new(format!(
                "the watermark is for \"{column}\", which is {}, not TIMESTAMP(3) or TIMESTAMP_LTZ(3)",
                type_name(field.data_type())
            ))
            .hint(format!(
                "compute a timestamp, as in rowtime AS TO_TIMESTAMP({column}), and declare it for that"
            ))
            .about(column));
        }
        let (logical, schema) = self.expression(expr.clone(), &table.schema)?;
        let given = logical.get_type(&schema)?;
        if !matches!(given, DataType::Timestamp(..)) {
            return Err(SqlError::new(format!(
                "a watermark is a timestamp, not {}",
                type_name(&given)
            ))
            .hint(format!("write WATERMARK FOR {column} AS {column} - INTERVAL '5' SECOND"))
            .about(column));
        }
        Ok(WatermarkSpec {
            rowtime,
            value: ScalarExpr::bind(&logical, &schema)?,
            text: text.to_owned(),
        })
    }

    /// An expression over columns, typed and simplified.
    fn expression(&self, mut expr: SqlExpr, columns: &Schema) -> Result<(Expr, DFSchema)> {
        rewrite_expression(&mut expr)?;
        let context = Context::new(self);
        let planner = SqlToRel::new_with_options(&context, options());
        let source = Arc::new(LogicalTableSource::new(Arc::new(columns.clone())));
        let scan = LogicalPlanBuilder::scan("t", source, None)?.build()?;
        let schema = scan.schema().as_ref().clone();
        let logical = planner
            .sql_to_expr(expr, &schema, &mut PlannerContext::new())
            .map_err(|error| self.hinted(error.into()))?;
        let plan = LogicalPlanBuilder::from(scan).project(vec![logical.alias("value")])?.build()?;
        let plan = own_casts(in_common_types(plan, self.catalog.zone())?, self.catalog)?;
        let plan = simplified(plan)?;
        match plan {
            LogicalPlan::Projection(projection) if projection.expr.len() == 1 => {
                Ok((projection.expr[0].clone().unalias(), schema))
            }
            _ => Err(SqlError::unsupported("this expression in a table's declaration")),
        }
    }
}

/// Whether a value of one type is stored in a column of another without a cast in the text.
fn stores(from: &DataType, to: &DataType) -> bool {
    use DataType::{
        Binary, Date32, Float32, Float64, List, Map, Null, Struct, Time32, Timestamp, Utf8,
    };
    match (from, to) {
        (Null, _) => true,
        (from, to) if from == to => true,
        (Timestamp(..), Timestamp(..)) | (Timestamp(_, None), Date32 | Time32(_)) => true,
        (Date32, Timestamp(..)) | (Time32(_), Time32(_)) | (Utf8, Utf8) | (Binary, Binary) => true,
        (Float32, Float64) => true,
        (from, Float32 | Float64) => from.is_integer() || matches!(from, DataType::Decimal128(..)),
        (List(a), List(b)) => stores(a.data_type(), b.data_type()),
        (Map(a, _), Map(b, _)) => stores(a.data_type(), b.data_type()),
        (Struct(a), Struct(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| stores(a.data_type(), b.data_type()))
        }
        (from, DataType::Decimal128(..)) => {
            from.is_integer() || matches!(from, DataType::Decimal128(..))
        }
        (from, to) => {
            from.is_integer() && to.is_integer() && from.primitive_width() <= to.primitive_width()
        }
    }
}

/// Functions of Flink's that are understood but not there yet.
const NOT_YET: [&str; 3] = ["OBJECT_OF", "OBJECT_UPDATE", "SOURCE_WATERMARK"];

fn options() -> ParserOptions {
    ParserOptions::new()
        .with_enable_ident_normalization(false)
        .with_parse_float_as_decimal(true)
        .with_map_string_types_to_utf8view(false)
        // NULL is the least of all values.
        .with_default_null_ordering(NullOrdering::NullsMin)
}

/// Casts as Flink does them, in place of the library's.
fn own_casts(plan: LogicalPlan, catalog: &Catalog) -> DfResult<LogicalPlan> {
    let zone = catalog.zone();
    let ours = |expr: Expr| {
        Ok(match expr {
            Expr::Cast(cast) if SqlType::of_field(&cast.field).is_some() => {
                let function = ScalarUDF::new_from_impl(Cast::new(cast.field, false, zone));
                Transformed::yes(function.call(vec![*cast.expr]))
            }
            Expr::TryCast(cast) if SqlType::of_field(&cast.field).is_some() => {
                let function = ScalarUDF::new_from_impl(Cast::new(cast.field, true, zone));
                Transformed::yes(function.call(vec![*cast.expr]))
            }
            other => Transformed::no(other),
        })
    };
    let rewritten = plan.transform_up_with_subqueries(|plan| {
        let names = NamePreserver::new(&plan);
        let plan = plan.map_expressions(|expr| {
            let name = names.save(&expr);
            let expr = expr.transform_up(ours)?;
            Ok(expr.update_data(|expr| name.restore(expr)))
        })?;
        plan.map_data(LogicalPlan::recompute_schema)
    })?;
    Ok(rewritten.data)
}
fn is_text(value: &ValueWithSpan) -> bool {
    matches!(value.value, Value::SingleQuotedString(_))
}
