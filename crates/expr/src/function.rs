//! How a scalar function is declared, typed and called.
//!
//! A [`Builtin`] is data: its name, what it is for, a typing rule and a body over whole columns. One
//! adapter makes each of them callable by DataFusion.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef};
use arrow::datatypes::{DataType, Field, FieldRef, TimeUnit};
use chrono_tz::Tz;
use datafusion_common::{DataFusionError, Result as DfResult, ScalarValue};
use datafusion_expr::{
    ColumnarValue, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility,
};
use millstream_types::sql_type::type_name;
use millstream_types::{Error, Result};

/// What a call looks like once its argument types are known: the types its arguments are cast to,
/// and the type of its values.
pub struct Typing {
    /// One type an argument.
    pub arguments: Vec<DataType>,
    /// The type of the result.
    pub result: DataType,
}

/// Types a call or says what arguments would be right.
pub type TypeRule = fn(&[DataType]) -> Result<Typing, String>;

/// Computes one value for each row.
pub type Body = fn(&Call<'_>) -> Result<ArrayRef>;

/// A function built into the engine.
#[derive(Debug)]
pub struct Builtin {
    /// Its name in capitals.
    pub name: &'static str,
    /// How it is called, such as `LPAD(text, length, pad)`.
    pub usage: &'static str,
    /// What it gives, in one sentence.
    pub about: &'static str,
    /// Whether two calls with the same arguments may differ.
    pub volatile: bool,
    /// Types a call.
    pub typing: TypeRule,
    /// Computes it.
    pub body: Body,
}

/// A [`Builtin`] that gives the same for the same arguments.
macro_rules! function {
    ($name:literal, $usage:literal, $about:literal, $typing:expr, $body:expr) => {
        $crate::function::Builtin {
            name: $name,
            usage: $usage,
            about: $about,
            volatile: false,
            typing: $typing,
            body: $body,
        }
    };
}
pub(crate) use function;

/// One call over the rows of a batch.
pub struct Call<'a> {
    /// The arguments, one value a row.
    pub arguments: &'a [ArrayRef],
    /// The arguments' columns, with the details of their SQL types.
    pub fields: &'a [FieldRef],
    /// Which of the arguments are the same for all rows.
    pub constant: &'a [bool],
    /// The number of rows.
    pub rows: usize,
    /// The type the result must have.
    pub result: &'a DataType,
    /// The session's time zone.
    pub zone: Tz,
}

/// Makes a [`Builtin`] callable by DataFusion in a session's time zone.
#[derive(Debug)]
pub struct Adapter {
    builtin: &'static Builtin,
    zone: Tz,
    signature: Signature,
}

impl Adapter {
    /// Wraps a function for a session.
    pub fn new(builtin: &'static Builtin, zone: Tz) -> Self {
        let volatility =
            if builtin.volatile { Volatility::Volatile } else { Volatility::Immutable };
        Self { builtin, zone, signature: Signature::user_defined(volatility) }
    }

    fn typing(&self, types: &[DataType]) -> DfResult<Typing> {
        (self.builtin.typing)(types).map_err(|expected| {
            let given: Vec<_> = types.iter().map(type_name).collect();
            DataFusionError::Plan(format!(
                "{} cannot be called with ({}): {expected}; usage: {}",
                self.builtin.name,
                given.join(", "),
                self.builtin.usage
            ))
        })
    }
}

impl PartialEq for Adapter {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.builtin, other.builtin) && self.zone == other.zone
    }
}

impl Eq for Adapter {}

impl Hash for Adapter {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.builtin.name.hash(state);
    }
}

/// The functions whose later arguments are only evaluated where those before leave something open.
pub(crate) const EVALUATED_IN_TURN: [&str; 2] = ["COALESCE", "IFNULL"];

impl ScalarUDFImpl for Adapter {
    fn name(&self) -> &str {
        self.builtin.name
    }

    fn short_circuits(&self) -> bool {
        EVALUATED_IN_TURN.contains(&self.builtin.name)
    }

    fn conditional_arguments<'a>(
        &self,
        args: &'a [Expr],
    ) -> Option<(Vec<&'a Expr>, Vec<&'a Expr>)> {
        let (first, others) = args.split_first().filter(|_| self.short_circuits())?;
        Some((vec![first], others.iter().collect()))
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, types: &[DataType]) -> DfResult<DataType> {
        Ok(self.typing(types)?.result)
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> DfResult<FieldRef> {
        let types: Vec<DataType> =
            args.arg_fields.iter().map(|field| field.data_type().clone()).collect();
        let mut result = self.typing(&types)?.result;
        // How many digits a decimal keeps follows from the number that is asked for.
        if let (Some(DataType::Decimal128(precision, scale)), "ROUND" | "TRUNCATE") =
            (types.first(), self.builtin.name)
            && let Some(Some(digits)) = args.scalar_arguments.get(1)
            && let ScalarValue::Int64(Some(digits)) = digits.cast_to(&DataType::Int64)?
        {
            result = crate::maths::rounded_type(*precision, *scale, digits);
        }
        // The digits that a count of parts of a second has are those of the point in time.
        if let (
            "TO_TIMESTAMP_LTZ",
            DataType::Timestamp(unit, _),
            Some(Some(ScalarValue::Int32(Some(digits)))),
        ) = (self.builtin.name, &mut result, args.scalar_arguments.get(1))
        {
            *unit = millstream_types::sql_type::unit_for((*digits).clamp(3, 9) as u8);
        }
        // A date with hours in it is a timestamp.
        if let (Some(DataType::Date32), "TIMESTAMPADD", Some(Some(ScalarValue::Utf8(Some(unit))))) =
            (types.get(2), self.builtin.name, args.scalar_arguments.first())
            && crate::calendar::is_within_day(unit)
        {
            result = DataType::Timestamp(TimeUnit::Millisecond, None);
        }
        Ok(Arc::new(Field::new(self.builtin.name, result, true)))
    }

    fn coerce_types(&self, types: &[DataType]) -> DfResult<Vec<DataType>> {
        Ok(self.typing(types)?.arguments)
    }

    fn invoke_with_args(&self, call: ScalarFunctionArgs) -> DfResult<ColumnarValue> {
        let once = !self.builtin.volatile;
        invoke_as(&call, self.zone, once, self.builtin.body)
    }
}

/// Runs a body over the arguments of a DataFusion call; over one row where all are constants.
///
/// # Errors
/// What the body says.
pub fn invoke(
    call: &ScalarFunctionArgs,
    zone: Tz,
    body: impl Fn(&Call<'_>) -> Result<ArrayRef>,
) -> DfResult<ColumnarValue> {
    invoke_as(call, zone, true, body)
}

/// As [`invoke`]; unless `once`, a call of constants is different in each row, too.
fn invoke_as(
    call: &ScalarFunctionArgs,
    zone: Tz,
    once: bool,
    body: impl Fn(&Call<'_>) -> Result<ArrayRef>,
) -> DfResult<ColumnarValue> {
    let constant: Vec<bool> =
        call.args.iter().map(|value| matches!(value, ColumnarValue::Scalar(_))).collect();
    let once = once && !constant.is_empty() && constant.iter().all(|constant| *constant);
    let rows = if once { 1 } else { call.number_rows };
    let arguments: Vec<ArrayRef> =
        call.args.iter().map(|value| value.to_array(rows)).collect::<DfResult<_>>()?;
    let given = Call {
        arguments: &arguments,
        fields: &call.arg_fields,
        constant: &constant,
        rows,
        result: call.return_type(),
        zone,
    };
    let values = body(&given).map_err(external)?;
    if values.len() != rows || values.data_type() != call.return_type() {
        return Err(external(Error::Internal(format!(
            "a function gave {} values of type {} where {rows} of type {} were due",
            values.len(),
            values.data_type(),
            call.return_type()
        ))));
    }
    Ok(if once {
        ColumnarValue::Scalar(ScalarValue::try_from_array(&values, 0)?)
    } else {
        ColumnarValue::Array(values)
    })
}

/// An error of ours on its way through the library.
pub fn external(error: Error) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}

/// A scalar function given by the embedding program: `body` takes one array an argument, all of the
/// declared types and the same length, and returns as many values of the result type.
#[derive(Clone)]
pub struct UserFunction {
    /// The name it is called by.
    pub name: String,
    /// The types its arguments are cast to.
    pub arguments: Vec<DataType>,
    /// The type of its values.
    pub result: DataType,
    /// What it computes.
    pub body: UserBody,
}

/// What a [`UserFunction`] computes.
pub type UserBody = Arc<dyn Fn(&[ArrayRef]) -> Result<ArrayRef> + Send + Sync>;

/// Makes a [`UserFunction`] callable by DataFusion.
pub struct UserAdapter {
    function: UserFunction,
    signature: Signature,
}

impl UserAdapter {
    /// Wraps a function.
    pub fn new(function: UserFunction) -> Self {
        let signature = match function.arguments.len() {
            0 => Signature::nullary(Volatility::Volatile),
            _ => Signature::exact(function.arguments.clone(), Volatility::Immutable),
        };
        Self { function, signature }
    }
}

impl std::fmt::Debug for UserAdapter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.function.name)
    }
}

impl PartialEq for UserAdapter {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.function.body, &other.function.body)
    }
}

impl Eq for UserAdapter {}

impl Hash for UserAdapter {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.function.name.hash(state);
    }
}

impl ScalarUDFImpl for UserAdapter {
    fn name(&self) -> &str {
        &self.function.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> DfResult<DataType> {
        Ok(self.function.result.clone())
    }

    fn invoke_with_args(&self, call: ScalarFunctionArgs) -> DfResult<ColumnarValue> {
        let body = Arc::clone(&self.function.body);
        invoke(&call, Tz::UTC, |call| body(call.arguments))
    }
}

/// Typing rules that many functions share.
pub mod typing {
    use super::{DataType, Typing};

    /// Exactly these argument types.
    pub fn exact(
        given: &[DataType],
        arguments: &[DataType],
        result: DataType,
    ) -> Result<Typing, String> {
        between(given, arguments, arguments.len(), result)
    }

    /// The first `least` arguments are due, the others may follow.
    pub fn between(
        given: &[DataType],
        arguments: &[DataType],
        least: usize,
        result: DataType,
    ) -> Result<Typing, String> {
        if given.len() < least || given.len() > arguments.len() {
            return Err(format!("it takes {} arguments", count(least, arguments.len())));
        }
        for (given, due) in given.iter().zip(arguments) {
            if !fits(given, due) {
                let (given, due) =
                    (millstream_types::sql_type::type_name(given), super::type_name(due));
                return Err(format!("{given} stands where {due} is due"));
            }
        }
        Ok(Typing { arguments: arguments[..given.len()].to_vec(), result })
    }

    /// Any number of arguments, at least `least`, all of one type.
    pub fn all(
        given: &[DataType],
        least: usize,
        argument: DataType,
        result: DataType,
    ) -> Result<Typing, String> {
        if given.len() < least {
            return Err(format!("it takes at least {least} arguments"));
        }
        Ok(Typing { arguments: vec![argument; given.len()], result })
    }

    fn count(least: usize, most: usize) -> String {
        if least == most { least.to_string() } else { format!("{least} to {most}") }
    }

    /// Whether a value of one type may stand where another is due, without a cast in the text.
    pub fn fits(given: &DataType, due: &DataType) -> bool {
        given == due
            || given.is_null()
            || (given.is_numeric() && due.is_numeric())
            || (given.is_temporal() && due.is_temporal())
            || (matches!(due, DataType::Utf8)
                && matches!(given, DataType::Utf8 | DataType::LargeUtf8))
            || (matches!(given, DataType::Utf8) && due.is_temporal())
            || (matches!(given, DataType::Utf8) && due.is_numeric())
    }
}
