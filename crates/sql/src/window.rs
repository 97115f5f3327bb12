//! [`WindowNode`]: a window table function in the logical plan, and how its call is read.

use std::cmp::Ordering;
use std::collections::HashSet;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, TimeUnit};
use datafusion_common::{Column, DFSchema, DFSchemaRef, DataFusionError, Result as DfResult};
use datafusion_expr::{Expr, LogicalPlan, UserDefinedLogicalNodeCore};
use sqlparser::ast::{
    DateTimeField, Expr as SqlExpr, FunctionArg, FunctionArgExpr, FunctionArguments, Ident,
    ObjectName, Value,
};

use crate::diagnostics::SqlError;
use crate::rewrite::function_name;

/// The columns that a window table function appends.
pub const WINDOW_COLUMNS: [&str; 3] = ["window_start", "window_end", "window_time"];

/// `TUMBLE` over a relation: its columns, then [`WINDOW_COLUMNS`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct WindowNode {
    /// The relation.
    pub input: LogicalPlan,
    /// Its time attribute.
    pub rowtime: Expr,
    /// The length of a window in ms.
    pub size_ms: i64,
    /// How far windows are moved, in ms.
    pub offset_ms: i64,
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
    pub fn new(input: LogicalPlan, rowtime: Expr, size_ms: i64, offset_ms: i64) -> DfResult<Self> {
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
        let inherited =
            input.schema().iter().map(|(table, field)| (table.cloned(), Arc::clone(field)));
        let fields: Vec<_> = inherited.chain(own).collect();
        let schema = DFSchema::new_with_metadata(fields, input.schema().metadata().clone())?;
        Ok(Self { input, rowtime, size_ms, offset_ms, schema: Schema(Arc::new(schema)) })
    }
}

impl UserDefinedLogicalNodeCore for WindowNode {
    fn name(&self) -> &str {
        "Tumble"
    }

    fn inputs(&self) -> Vec<&LogicalPlan> {
        vec![&self.input]
    }

    fn schema(&self) -> &DFSchemaRef {
        &self.schema.0
    }

    fn expressions(&self) -> Vec<Expr> {
        vec![self.rowtime.clone()]
    }

    fn prevent_predicate_push_down_columns(&self) -> HashSet<String> {
        WINDOW_COLUMNS.iter().map(|name| (*name).to_owned()).collect()
    }

    fn fmt_for_explain(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tumble: {} size={} offset={}", self.rowtime, self.size_ms, self.offset_ms)
    }

    fn with_exprs_and_inputs(&self, exprs: Vec<Expr>, inputs: Vec<LogicalPlan>) -> DfResult<Self> {
        match (exprs.into_iter().next(), inputs.into_iter().next()) {
            (Some(rowtime), Some(input)) => Self::new(input, rowtime, self.size_ms, self.offset_ms),
            _ => Err(DataFusionError::Internal("a window has one input".to_owned())),
        }
    }

    fn necessary_children_exprs(&self, output_columns: &[usize]) -> Option<Vec<Vec<usize>>> {
        let inherited = self.input.schema().fields().len();
        let mut needed: Vec<usize> =
            output_columns.iter().copied().filter(|column| *column < inherited).collect();
        if let Expr::Column(column) = &self.rowtime {
            needed.push(self.input.schema().index_of_column(column).ok()?);
        }
        needed.sort_unstable();
        needed.dedup();
        Some(vec![needed])
    }
}

/// A call such as `TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL '10' SECOND)`.
#[derive(Debug)]
pub struct WindowCall {
    /// The table it is over.
    pub table: ObjectName,
    /// The column in DESCRIPTOR.
    pub rowtime: Ident,
    /// The length of a window in ms.
    pub size_ms: i64,
    /// How far windows are moved, in ms.
    pub offset_ms: i64,
}

/// Whether a name is that of a window table function of Flink's.
pub fn is_window_function(name: &str) -> bool {
    ["TUMBLE", "HOP", "CUMULATE", "SESSION"].iter().any(|known| name.eq_ignore_ascii_case(known))
}

/// Reads the arguments of a window table function.
///
/// # Errors
/// When they are not as Flink wants them, or the function is not supported.
pub fn read_call(name: &str, arguments: &[FunctionArg]) -> Result<WindowCall, SqlError> {
    let name = name.to_ascii_uppercase();
    if name != "TUMBLE" {
        return Err(SqlError::unsupported(format!("the window function {name}"))
            .hint("TUMBLE is")
            .about(name));
    }
    let usage = "TUMBLE(TABLE t, DESCRIPTOR(time column), INTERVAL '10' MINUTE[, offset])";
    let wrong = |what: String| SqlError::new(what).hint(usage).about(&name);
    let mut given: [Option<&SqlExpr>; 4] = [None; 4];
    for (position, argument) in arguments.iter().enumerate() {
        let (slot, value) = match argument {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(value)) => (position, value),
            FunctionArg::Named { name: key, arg: FunctionArgExpr::Expr(value), .. } => {
                let keys = ["DATA", "TIMECOL", "SIZE", "OFFSET"];
                let slot = keys.iter().position(|known| key.value.eq_ignore_ascii_case(known));
                let Some(slot) = slot else {
                    return Err(wrong(format!("TUMBLE has no argument named {}", key.value)));
                };
                (slot, value)
            }
            other => return Err(wrong(format!("TUMBLE cannot take {other}"))),
        };
        match given.get_mut(slot) {
            Some(place) if place.is_none() => *place = Some(value),
            _ => {
                return Err(wrong(
                    "TUMBLE takes three arguments, or four with an offset".to_owned(),
                ));
            }
        }
    }
    let [Some(data), Some(time), Some(size), offset] = given else {
        return Err(wrong("TUMBLE takes a table, a DESCRIPTOR and a size".to_owned()));
    };
    let table = match data {
        SqlExpr::CompoundIdentifier(parts) => ObjectName::from(parts.clone()),
        other => return Err(wrong(format!("the first argument must be TABLE name, not {other}"))),
    };
    let rowtime = descriptor(time).ok_or_else(|| {
        wrong(format!("the second argument must be DESCRIPTOR(column), not {time}"))
    })?;
    let size_ms = interval_ms(size).filter(|ms| *ms > 0).ok_or_else(|| {
        wrong(format!("the size must be an INTERVAL of days to seconds, not {size}"))
    })?;
    let offset_ms = match offset {
        Some(offset) => interval_ms(offset).ok_or_else(|| {
            wrong(format!("the offset must be an INTERVAL of days to seconds, not {offset}"))
        })?,
        None => 0,
    };
    if offset_ms.abs() >= size_ms {
        return Err(wrong("the offset must be shorter than the size".to_owned()));
    }
    Ok(WindowCall { table, rowtime, size_ms, offset_ms })
}

fn descriptor(expr: &SqlExpr) -> Option<Ident> {
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
