//! The names and types of aggregate functions. How they are computed is the operators' business.

use arrow::datatypes::DataType;
use datafusion_common::{DataFusionError, Result as DfResult, ScalarValue};
use datafusion_expr::function::AccumulatorArgs;
use datafusion_expr::{Accumulator, AggregateUDFImpl, Signature, Volatility};
use millstream_types::SqlType;
use millstream_types::sql_type::{ColumnType, is_bitmap, type_name};

/// The aggregate functions there are.
pub const NAMES: &[&str] = &[
    "APPROX_COUNT_DISTINCT",
    "ARRAY_AGG",
    "AVG",
    "BITMAP_AND_AGG",
    "BITMAP_AND_CARDINALITY_AGG",
    "BITMAP_BUILD_AGG",
    "BITMAP_BUILD_CARDINALITY_AGG",
    "BITMAP_OR_AGG",
    "BITMAP_OR_CARDINALITY_AGG",
    "BITMAP_XOR_AGG",
    "BITMAP_XOR_CARDINALITY_AGG",
    "COLLECT",
    "COUNT",
    "FIRST_VALUE",
    "JSON_ARRAYAGG",
    "JSON_OBJECTAGG",
    "LAST_VALUE",
    "LISTAGG",
    "MAX",
    "MIN",
    "PERCENTILE",
    "STDDEV",
    "STDDEV_POP",
    "STDDEV_SAMP",
    "SUM",
    "VARIANCE",
    "VAR_POP",
    "VAR_SAMP",
];

/// The only value of a group; it fails where there are several. Written by the planner alone.
pub const SINGLE_VALUE: &str = "$SINGLE_VALUE";

/// The functions of where a row stands and of its neighbours; they need OVER.
pub const WINDOW_NAMES: &[&str] =
    &["CUME_DIST", "DENSE_RANK", "LAG", "LEAD", "NTILE", "PERCENT_RANK", "RANK", "ROW_NUMBER"];

/// The functions that tell grouping sets apart.
pub const GROUPING_NAMES: &[&str] = &["GROUPING", "GROUPING_ID", "GROUP_ID"];

/// One call's result type; `Err` says what arguments would be right.
///
/// # Errors
/// When the function does not take such arguments.
pub fn result_type(name: &str, arguments: &[DataType]) -> Result<DataType, String> {
    let most = match name {
        "COUNT" | "GROUPING" | "GROUPING_ID" => usize::MAX,
        "LAG" | "LEAD" | "JSON_OBJECTAGG" | "PERCENTILE" => 3,
        "LISTAGG" | "JSON_ARRAYAGG" => 2,
        "ROW_NUMBER" | "RANK" | "DENSE_RANK" | "PERCENT_RANK" | "CUME_DIST" | "GROUP_ID" => 0,
        _ => 1,
    };
    let (given, plural) = (arguments.len(), |n: usize| if n == 1 { "" } else { "s" });
    if given > most {
        return Err(format!("{name} takes {most} argument{}, not {given}", plural(most)));
    }
    // What stands for NULL comes last among the arguments of the two for JSON.
    let (least, due) = match name {
        "JSON_OBJECTAGG" => (3, "a key and a value"),
        "JSON_ARRAYAGG" => (2, "an argument"),
        "COUNT" => (1, "an argument, or *"),
        "APPROX_COUNT_DISTINCT" => (1, "an argument"),
        "NTILE" => (1, "the number of parts"),
        _ => (0, ""),
    };
    if given < least {
        return Err(format!("{name} takes {due}"));
    }
    if matches!(name, "PERCENT_RANK" | "CUME_DIST") {
        return Ok(DataType::Float64);
    }
    if name == "NTILE" && !arguments[0].is_integer() {
        return Err(format!("NTILE takes an integer, not {}", type_name(&arguments[0])));
    }
    if most == 0
        || matches!(name, "COUNT" | "NTILE" | "GROUPING" | "GROUPING_ID" | "APPROX_COUNT_DISTINCT")
    {
        return Ok(DataType::Int64);
    }
    let Some(argument) = arguments.first() else {
        return Err(format!("{name} takes an argument"));
    };
    let numeric = argument.is_numeric() || argument.is_null();
    if name.starts_with("BITMAP_") {
        return bitmap_type(name, argument);
    }
    match name {
        "FIRST_VALUE" | "LAST_VALUE" | "LAG" | "LEAD" | SINGLE_VALUE => Ok(argument.clone()),
        "ARRAY_AGG" => {
            let field = arrow::datatypes::Field::new_list_field(argument.clone(), true);
            Ok(DataType::List(std::sync::Arc::new(field)))
        }
        "JSON_ARRAYAGG" => Ok(DataType::Utf8),
        "JSON_OBJECTAGG" if !matches!(argument, DataType::Utf8) => {
            Err(format!("a key of JSON_OBJECTAGG is a STRING, not {}", type_name(argument)))
        }
        "JSON_OBJECTAGG" => Ok(DataType::Utf8),
        "COLLECT" => {
            let element = SqlType::of_arrow(argument).unwrap_or(SqlType::Null);
            Ok(SqlType::Multiset(Box::new(ColumnType::nullable(element))).arrow())
        }
        "PERCENTILE" if !numeric => {
            Err(format!("PERCENTILE takes a number, not {}", type_name(argument)))
        }
        "PERCENTILE" => match (arguments.get(1), arguments.get(2)) {
            (None, _) => Err("PERCENTILE takes a number and a share from 0 to 1".to_owned()),
            (_, Some(frequency)) if !frequency.is_integer() => Err(format!(
                "the frequency of PERCENTILE is an integer, not {}",
                type_name(frequency)
            )),
            (Some(DataType::List(_)), _) => {
                let field = arrow::datatypes::Field::new_list_field(DataType::Float64, true);
                Ok(DataType::List(std::sync::Arc::new(field)))
            }
            _ => Ok(DataType::Float64),
        },
        "LISTAGG" if !matches!(argument, DataType::Utf8 | DataType::Null) => {
            Err(format!("LISTAGG takes a STRING, not {}", type_name(argument)))
        }
        "LISTAGG" => Ok(DataType::Utf8),
        "MIN" | "MAX" if argument.is_nested() || matches!(argument, DataType::Interval(_)) => {
            Err(format!("{name} takes values that have an order, not {}", type_name(argument)))
        }
        "MIN" | "MAX" => Ok(argument.clone()),
        _ if !numeric => Err(format!("{name} takes a number, not {}", type_name(argument))),
        _ => Ok(match argument {
            DataType::Decimal128(_, scale) if name == "SUM" => DataType::Decimal128(38, *scale),
            DataType::Decimal128(_, scale) => DataType::Decimal128(38, 6.max(*scale)),
            DataType::Null => DataType::Int32,
            other => other.clone(),
        }),
    }
}

/// The result of an aggregate that makes a set of integers, or that makes one set of several.
fn bitmap_type(name: &str, argument: &DataType) -> Result<DataType, String> {
    let (due, fits) = match name.starts_with("BITMAP_BUILD_") {
        true => (
            "an INT, SMALLINT or TINYINT",
            matches!(argument, DataType::Int8 | DataType::Int16 | DataType::Int32),
        ),
        false => ("a BITMAP", is_bitmap(argument)),
    };
    if !fits && !argument.is_null() {
        return Err(format!("{name} takes {due}, not {}", type_name(argument)));
    }
    let result = if name.ends_with("_CARDINALITY_AGG") { SqlType::BigInt } else { SqlType::Bitmap };
    Ok(result.arrow())
}

/// The declaration of an aggregate function, as the SQL front end sees it.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct Declaration {
    name: &'static str,
    signature: Signature,
}

impl Declaration {
    /// Declares a function of [`NAMES`], [`WINDOW_NAMES`] or [`GROUPING_NAMES`].
    pub fn new(name: &'static str) -> Self {
        Self { name, signature: Signature::user_defined(Volatility::Immutable) }
    }
}

impl AggregateUDFImpl for Declaration {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, types: &[DataType]) -> DfResult<DataType> {
        result_type(self.name, types).map_err(DataFusionError::Plan)
    }

    fn coerce_types(&self, types: &[DataType]) -> DfResult<Vec<DataType>> {
        self.return_type(types)?;
        Ok(types
            .iter()
            .map(|given| match given {
                DataType::Null if self.name == "LISTAGG" => DataType::Utf8,
                DataType::Null
                    if self.name.starts_with("BITMAP_") && !self.name.contains("_BUILD_") =>
                {
                    SqlType::Bitmap.arrow()
                }
                DataType::Null if self.name != "COUNT" => DataType::Int32,
                other => other.clone(),
            })
            .collect())
    }

    fn supports_null_handling_clause(&self) -> bool {
        matches!(self.name, "ARRAY_AGG" | "FIRST_VALUE" | "LAST_VALUE")
    }

    fn is_nullable(&self) -> bool {
        !matches!(self.name, "COUNT" | "APPROX_COUNT_DISTINCT")
            && self.name != "ROW_NUMBER"
            && !GROUPING_NAMES.contains(&self.name)
    }

    fn default_value(&self, data_type: &DataType) -> DfResult<ScalarValue> {
        match self.name {
            "COUNT" | "APPROX_COUNT_DISTINCT" => Ok(ScalarValue::Int64(Some(0))),
            _ => ScalarValue::try_from(data_type),
        }
    }

    fn accumulator(&self, _: AccumulatorArgs<'_>) -> DfResult<Box<dyn Accumulator>> {
        Err(DataFusionError::NotImplemented(format!("{} runs in our own operators", self.name)))
    }
}

/// An aggregate function given by the embedding program: its values are kept a group at a time.
pub struct UserAggregate {
    /// The name it is called by.
    pub name: String,
    /// The types its arguments are cast to.
    pub arguments: Vec<DataType>,
    /// The type of its value.
    pub result: DataType,
    /// Makes the state of a new group.
    pub state: UserStateFactory,
}

/// Makes the state of a new group of a [`UserAggregate`].
pub type UserStateFactory = std::sync::Arc<dyn Fn() -> Box<dyn UserAggregateState> + Send + Sync>;

/// What a [`UserAggregate`] remembers of one group.
pub trait UserAggregateState: Send {
    /// Takes rows of the group: one array an argument, all of the same length.
    ///
    /// # Errors
    /// When a value cannot be taken; the query fails with it.
    fn accumulate(&mut self, arguments: &[arrow::array::ArrayRef]) -> millstream_types::Result<()>;

    /// The value of the group: one element of the declared type.
    ///
    /// # Errors
    /// When there is no value; the query fails with it.
    fn value(&self) -> millstream_types::Result<arrow::array::ArrayRef>;

    /// Bytes held beyond the state itself.
    fn heap_bytes(&self) -> usize {
        0
    }
}

/// Makes a [`UserAggregate`] known to the SQL front end.
pub struct UserDeclaration {
    aggregate: std::sync::Arc<UserAggregate>,
    signature: Signature,
}

impl UserDeclaration {
    /// Declares a function.
    pub fn new(aggregate: std::sync::Arc<UserAggregate>) -> Self {
        let signature = Signature::exact(aggregate.arguments.clone(), Volatility::Immutable);
        Self { aggregate, signature }
    }

    /// The function itself.
    pub fn aggregate(&self) -> &std::sync::Arc<UserAggregate> {
        &self.aggregate
    }
}

impl std::fmt::Debug for UserDeclaration {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.aggregate.name)
    }
}

impl PartialEq for UserDeclaration {
    fn eq(&self, other: &Self) -> bool {
        std::sync::Arc::ptr_eq(&self.aggregate, &other.aggregate)
    }
}

impl Eq for UserDeclaration {}

impl std::hash::Hash for UserDeclaration {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.aggregate.name.hash(state);
    }
}

impl AggregateUDFImpl for UserDeclaration {
    fn name(&self) -> &str {
        &self.aggregate.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> DfResult<DataType> {
        Ok(self.aggregate.result.clone())
    }

    fn accumulator(&self, _: AccumulatorArgs<'_>) -> DfResult<Box<dyn Accumulator>> {
        Err(DataFusionError::NotImplemented("runs in our own operators".to_owned()))
    }
}
