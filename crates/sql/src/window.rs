//! [`WindowNode`]: a window table function in the logical plan, and how its call is read.

use std::cmp::Ordering;
use std::collections::HashSet;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, TimeUnit};
use datafusion_common::{Column, DFSchema, DFSchemaRef, DataFusionError, Result as DfResult};
use datafusion_expr::{Expr, LogicalPlan, UserDefinedLogicalNodeCore};
use millstream_plan::WindowKind;
use millstream_plan::window::duration;
use sqlparser::ast::{
    DateTimeField, Expr as SqlExpr, FunctionArg, FunctionArgExpr, FunctionArguments, Ident,
    ObjectName, TableFactor, Value,
};

use crate::context::external;
use crate::diagnostics::SqlError;
use crate::dialect::{HINTED, PARTITIONED};
use crate::rewrite::function_name;

/// The columns that a window table function appends.
pub const WINDOW_COLUMNS: [&str; 3] = ["window_start", "window_end", "window_time"];

/// A window function over a relation: its columns, then [`WINDOW_COLUMNS`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct WindowNode {
    /// The relation.
    pub input: LogicalPlan,
    /// Its time attribute.
    pub rowtime: Expr,
    /// The shape of the windows.
    pub kind: WindowKind,
    /// The values each of which has windows of its own; for sessions only.
    pub partition: Vec<Expr>,
    /// Whether it stands for the older `GROUP BY TUMBLE(…)`.
    pub grouping: bool,
    /// Whether conditions above it are on the rows that its sessions are made of.
    pub filtered: bool,
    schema: Schema,
}

/// A schema that takes no part in comparisons: it follows from the rest.
#[derive(Debug, Clone)]
struct Schema(DFSchemaRef);

impl PartialEq for Schema {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Schema {}

impl Hash for Schema {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

impl PartialOrd for WindowNode {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        (self == other).then_some(Ordering::Equal)
    }
}

impl WindowNode {
    /// A window over a relation.
    ///
    /// # Errors
    /// When the relation has a column of the name of a window's own.
    pub fn new(
        input: LogicalPlan,
        rowtime: Expr,
        kind: WindowKind,
        partition: Vec<Expr>,
    ) -> DfResult<Self> {
        let bound = DataType::Timestamp(TimeUnit::Millisecond, None);
        let time = match datafusion_expr::ExprSchemable::get_type(&rowtime, input.schema())? {
            DataType::Timestamp(_, Some(zone)) => {
                DataType::Timestamp(TimeUnit::Millisecond, Some(zone))
            }
            _ => bound.clone(),
        };
        let types = [bound.clone(), bound, time];
        let own = WINDOW_COLUMNS.iter().zip(types);
        let own =
            own.map(|(name, data_type)| (None, Arc::new(Field::new(*name, data_type, false))));
        for name in WINDOW_COLUMNS {
            if input.schema().fields().iter().any(|field| field.name() == name) {
                return Err(external(
                    SqlError::new(format!("the relation has a column \"{name}\" already"))
                        .hint("a window function adds one: give that of the relation another name")
                        .about(name),
                ));
            }
        }
        let inherited =
            input.schema().iter().map(|(table, field)| (table.cloned(), Arc::clone(field)));
        let fields: Vec<_> = inherited.chain(own).collect();
        let schema = DFSchema::new_with_metadata(fields, input.schema().metadata().clone())?;
        let schema = Schema(Arc::new(schema));
        Ok(Self { input, rowtime, kind, partition, grouping: false, filtered: false, schema })
    }

    /// The same where conditions above it are on the rows that its sessions are made of, or are not.
    pub fn filtered(&self, filtered: bool) -> Self {
        Self { filtered, ..self.clone() }
    }
}

impl UserDefinedLogicalNodeCore for WindowNode {
    fn name(&self) -> &str {
        "Window"
    }

    fn inputs(&self) -> Vec<&LogicalPlan> {
        vec![&self.input]
    }

    fn schema(&self) -> &DFSchemaRef {
        &self.schema.0
    }

    fn expressions(&self) -> Vec<Expr> {
        std::iter::once(&self.rowtime).chain(&self.partition).cloned().collect()
    }

    fn prevent_predicate_push_down_columns(&self) -> HashSet<String> {
        let mut kept: HashSet<String> =
            WINDOW_COLUMNS.iter().map(|name| (*name).to_owned()).collect();
        if !self.kind.is_aligned() && !self.filtered {
            // A row that is filtered away would have kept a session open.
            let inherited = self.input.schema().columns().into_iter();
            let of_key = |column: &Column| self.partition.contains(&Expr::Column(column.clone()));
            kept.extend(inherited.filter(|column| !of_key(column)).map(|column| column.name));
        }
        kept
    }

    fn fmt_for_explain(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Window: {} {:?}", self.rowtime, self.kind)
    }

    fn with_exprs_and_inputs(&self, exprs: Vec<Expr>, inputs: Vec<LogicalPlan>) -> DfResult<Self> {
        let mut exprs = exprs.into_iter();
        match (exprs.next(), inputs.into_iter().next()) {
            (Some(rowtime), Some(input)) => Ok(Self {
                grouping: self.grouping,
                filtered: self.filtered,
                ..Self::new(input, rowtime, self.kind, exprs.collect())?
            }),
            _ => Err(DataFusionError::Internal("a window has one input".to_owned())),
        }
    }

    fn necessary_children_exprs(&self, output_columns: &[usize]) -> Option<Vec<Vec<usize>>> {
        let inherited = self.input.schema().fields().len();
        let mut needed: Vec<usize> =
            output_columns.iter().copied().filter(|column| *column < inherited).collect();
        for expr in self.expressions() {
            for column in expr.column_refs() {
                needed.push(self.input.schema().index_of_column(column).ok()?);
            }
        }
        needed.sort_unstable();
        needed.dedup();
        Some(vec![needed])
    }
}

/// A call such as `TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL '10' SECOND)`.
#[derive(Debug)]
pub struct WindowCall {
    /// What it is over.
    pub relation: TableFactor,
    /// The column in DESCRIPTOR.
    pub rowtime: Ident,
    /// The shape of the windows.
    pub kind: WindowKind,
    /// The columns behind PARTITION BY.
    pub partition: Vec<Ident>,
}

/// A window function of Flink's.
struct Function {
    name: &'static str,
    /// Its arguments by name; those in brackets may be left out.
    arguments: &'static [&'static str],
    usage: &'static str,
}

const FUNCTIONS: [Function; 4] = [
    Function {
        name: "TUMBLE",
        arguments: &["DATA", "TIMECOL", "SIZE", "OFFSET"],
        usage: "TUMBLE(TABLE t, DESCRIPTOR(time column), INTERVAL '10' MINUTE[, offset])",
    },
    Function {
        name: "HOP",
        arguments: &["DATA", "TIMECOL", "SLIDE", "SIZE", "OFFSET"],
        usage: "HOP(TABLE t, DESCRIPTOR(time column), INTERVAL '5' MINUTE, INTERVAL '10' MINUTE[, \
                offset]): first the slide, then the size",
    },
    Function {
        name: "CUMULATE",
        arguments: &["DATA", "TIMECOL", "STEP", "SIZE", "OFFSET"],
        usage: "CUMULATE(TABLE t, DESCRIPTOR(time column), INTERVAL '2' MINUTE, INTERVAL '10' \
                MINUTE[, offset]): first the step, then the greatest size",
    },
    Function {
        name: "SESSION",
        arguments: &["DATA", "TIMECOL", "GAP"],
        usage: "SESSION(TABLE t [PARTITION BY key], DESCRIPTOR(time column), INTERVAL '5' MINUTE): \
                the gap after which a session ends",
    },
];

/// The names of the window functions.
pub fn window_functions() -> impl Iterator<Item = &'static str> {
    FUNCTIONS.iter().map(|function| function.name)
}

/// Whether a name is that of a window table function of Flink's.
pub fn is_window_function(name: &str) -> bool {
    window_functions().any(|known| name.eq_ignore_ascii_case(known))
}

/// A shape of windows from the intervals of its call, `None` where one is missing. `aligned` says that
/// the size must be a multiple of slide or step.
///
/// # Errors
/// What is wrong with them.
pub fn window_kind(
    name: &str,
    intervals: &[Option<i64>],
    aligned: bool,
) -> Result<WindowKind, String> {
    let get = |at: usize| intervals.get(at).copied().flatten();
    let positive = |what: &str, ms: Option<i64>| match ms {
        Some(ms) if ms > 0 => Ok(ms),
        Some(ms) => Err(format!("the {what} must be longer than nothing, and is {}", duration(ms))),
        None => Err(format!("{name} needs a {what}")),
    };
    let multiple = |size: i64, part: i64, what: &str| match size % part {
        _ if !aligned => Ok(()),
        0 => Ok(()),
        _ => Err(format!(
            "the size must be a multiple of the {what}, and {} is none of {}",
            duration(size),
            duration(part)
        )),
    };
    match name {
        "TUMBLE" => {
            let (size_ms, offset_ms) = (positive("size", get(0))?, get(1).unwrap_or(0));
            if offset_ms.abs() >= size_ms {
                return Err("the offset must be shorter than the size".to_owned());
            }
            Ok(WindowKind::Tumble { size_ms, offset_ms })
        }
        "HOP" => {
            let (slide_ms, size_ms) = (positive("slide", get(0))?, positive("size", get(1))?);
            multiple(size_ms, slide_ms, "slide")?;
            Ok(WindowKind::Hop { size_ms, slide_ms, offset_ms: get(2).unwrap_or(0) })
        }
        "CUMULATE" => {
            let (step_ms, size_ms) = (positive("step", get(0))?, positive("size", get(1))?);
            multiple(size_ms, step_ms, "step")?;
            Ok(WindowKind::Cumulate { size_ms, step_ms, offset_ms: get(2).unwrap_or(0) })
        }
        _ => Ok(WindowKind::Session { gap_ms: positive("gap", get(0))? }),
    }
}

/// Reads the arguments of a window table function.
///
/// # Errors
/// When they are not as Flink wants them.
pub fn read_call(name: &str, arguments: &[FunctionArg]) -> Result<WindowCall, SqlError> {
    let function = FUNCTIONS.iter().find(|function| name.eq_ignore_ascii_case(function.name));
    let Some(function) = function else {
        return Err(SqlError::new(format!("{name} is no window function")).about(name));
    };
    let name = function.name;
    let wrong = |what: String| SqlError::new(what).hint(function.usage).about(name);
    let given = in_order(name, function.arguments, arguments).map_err(wrong)?;
    let Some(data) = given[0] else { return Err(wrong(format!("{name} takes a table"))) };
    let (relation, partition) = relation(data).ok_or_else(|| {
        wrong(format!(
            "the first argument must be TABLE name or a query in parentheses, not {data}"
        ))
    })?;
    if name != "SESSION" && !partition.is_empty() {
        return Err(SqlError::new(format!(
            "{name} takes no PARTITION BY: all rows have its windows"
        ))
        .hint("only SESSION has windows by key; group by the column instead")
        .about("PARTITION"));
    }
    let Some(time) = given[1] else {
        return Err(wrong(format!("{name} takes a DESCRIPTOR of the time column")));
    };
    let rowtime = descriptor(time).ok_or_else(|| {
        wrong(format!("the second argument must be DESCRIPTOR(column), not {time}"))
    })?;
    let mut intervals = Vec::new();
    for (what, value) in function.arguments.iter().zip(&given).skip(2) {
        let what = what.to_lowercase();
        intervals.push(match value {
            None => None,
            Some(value) => Some(interval_ms(value).ok_or_else(|| {
                wrong(format!("the {what} must be an INTERVAL of days to seconds"))
            })?),
        });
    }
    let kind = window_kind(name, &intervals, true).map_err(wrong)?;
    Ok(WindowCall { relation, rowtime, kind, partition })
}

/// The arguments of a call in the order of their names, by which they may be given; `None` for one that is
/// not.
///
/// # Errors
/// When there is one too many.
pub fn in_order<'a>(
    function: &str,
    names: &[&str],
    arguments: &'a [FunctionArg],
) -> Result<Vec<Option<&'a SqlExpr>>, String> {
    let mut given: Vec<Option<&SqlExpr>> = vec![None; names.len()];
    for (position, argument) in arguments.iter().enumerate() {
        let (slot, value) = match argument {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(value)) => (position, value),
            FunctionArg::Named { name: key, arg: FunctionArgExpr::Expr(value), .. } => {
                let slot = names.iter().position(|known| key.value.eq_ignore_ascii_case(known));
                let Some(slot) = slot else {
                    return Err(format!("{function} has no argument named {}", key.value));
                };
                (slot, value)
            }
            other => return Err(format!("{function} cannot take {other}")),
        };
        match given.get_mut(slot) {
            Some(place) if place.is_none() => *place = Some(value),
            Some(_) => {
                return Err(format!(
                    "{function} is given its {} twice",
                    names[slot].to_lowercase()
                ));
            }
            None => {
                return Err(format!(
                    "{function} takes {} arguments, not {}",
                    names.len(),
                    arguments.len()
                ));
            }
        }
    }
    Ok(given)
}

/// The relation that a window function is over, and the columns behind its PARTITION BY.
pub fn relation(expr: &SqlExpr) -> Option<(TableFactor, Vec<Ident>)> {
    match expr {
        SqlExpr::CompoundIdentifier(parts) => {
            Some((table_factor(ObjectName::from(parts.clone())), Vec::new()))
        }
        SqlExpr::Subquery(query) => {
            let derived = TableFactor::Derived {
                lateral: false,
                subquery: query.clone(),
                alias: None,
                sample: None,
            };
            Some((derived, Vec::new()))
        }
        SqlExpr::Function(call) => {
            let FunctionArguments::List(list) = &call.args else { return None };
            let mut values = list.args.iter().filter_map(|argument| match argument {
                FunctionArg::Unnamed(FunctionArgExpr::Expr(value)) => Some(value),
                _ => None,
            });
            let (mut table, _) = relation(values.next()?)?;
            match call.name.to_string().as_str() {
                PARTITIONED => {}
                HINTED => {
                    if let TableFactor::Table { with_hints, .. } = &mut table {
                        with_hints.extend(values.cloned());
                    }
                    return Some((table, Vec::new()));
                }
                _ => return None,
            }
            let columns = values.filter_map(|value| match value {
                SqlExpr::Identifier(column) => Some(column.clone()),
                _ => None,
            });
            Some((table, columns.collect()))
        }
        _ => None,
    }
}

/// A table by its name.
pub fn table_factor(name: ObjectName) -> TableFactor {
    TableFactor::Table {
        name,
        alias: None,
        args: None,
        with_hints: vec![],
        version: None,
        with_ordinality: false,
        partitions: vec![],
        json_path: None,
        sample: None,
        index_hints: vec![],
    }
}

/// The column in `DESCRIPTOR(column)`.
pub fn descriptor(expr: &SqlExpr) -> Option<Ident> {
    if function_name(expr).as_deref() != Some("DESCRIPTOR") {
        return None;
    }
    let SqlExpr::Function(function) = expr else { return None };
    let FunctionArguments::List(list) = &function.args else { return None };
    match &list.args[..] {
        [FunctionArg::Unnamed(FunctionArgExpr::Expr(SqlExpr::Identifier(column)))] => {
            Some(column.clone())
        }
        _ => None,
    }
}

/// The milliseconds of an interval literal of days to seconds.
pub fn interval_ms(expr: &SqlExpr) -> Option<i64> {
    let SqlExpr::Interval(interval) = expr else { return None };
    match (&interval.leading_field, interval.value.as_ref()) {
        (Some(DateTimeField::Millisecond), SqlExpr::Value(value)) => match &value.value {
            Value::SingleQuotedString(text) => text.parse().ok(),
            _ => None,
        },
        _ => None,
    }
}

/// The column of a relation by its unqualified name.
pub fn column_of(plan: &LogicalPlan, name: &Ident) -> Result<Expr, SqlError> {
    let schema = plan.schema();
    let found = schema.iter().find(|(_, field)| field.name() == &name.value);
    match found {
        Some((table, field)) => Ok(Expr::Column(Column::new(table.cloned(), field.name()))),
        None => {
            let names = schema.fields().iter().map(|field| field.name().as_str());
            let error =
                SqlError::new(format!("column \"{}\" not found", name.value)).about(&name.value);
            Err(match crate::diagnostics::nearest(&name.value, names) {
                Some(near) => {
                    error.hint(format!("a column with a similar name exists: \"{near}\""))
                }
                None => error,
            })
        }
    }
}
