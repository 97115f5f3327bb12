//! The names in the clauses MEASURES and DEFINE of a MATCH_RECOGNIZE.
//!
//! `A.price` is no column of a relation `A` but that of the rows of a pattern variable. Before the
//! library looks at a name, variable and column become one name, and the navigations `FIRST` and `LAST`
//! functions of ours.

use std::ops::ControlFlow;
use std::sync::Arc;

use arrow::datatypes::DataType;
use datafusion_common::Result as DfResult;
use datafusion_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use sqlparser::ast::{
    AccessExpr, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Ident, Subscript,
    UnaryOperator, Value, VisitMut, VisitorMut,
};

use crate::context::external;
use crate::diagnostics::SqlError;
use crate::match_syntax::{DEFINE, MEASURES, PATTERN};

/// Stands before and behind a variable in the name of a column of its rows.
const MARK: char = '\u{2}';

/// The name that a column of the rows of a variable goes by; those of all rows without one.
pub fn column_of_variable(variable: &str, column: &str) -> String {
    format!("{MARK}{variable}{MARK}{column}")
}

/// The variable and the column of such a name.
pub fn parts_of_column(name: &str) -> Option<(&str, &str)> {
    name.strip_prefix(MARK)?.split_once(MARK)
}

/// The first row of a variable, as a function.
pub const FIRST: &str = "$FIRST";
/// The last row of a variable, as a function.
pub const LAST: &str = "$LAST";
/// When a match was found.
pub const MATCH_ROWTIME: &str = "MATCH_ROWTIME";

/// The call of a clause among the arguments of the table function.
pub fn clause<'a>(arguments: &'a [FunctionArg], name: &str) -> Option<Vec<&'a Expr>> {
    arguments.iter().find_map(|argument| match argument {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Function(call)))
            if call.name.to_string() == name =>
        {
            Some(arguments_of(call).collect())
        }
        _ => None,
    })
}

fn arguments_of(call: &Function) -> impl Iterator<Item = &Expr> {
    let list = match &call.args {
        FunctionArguments::List(list) => &list.args[..],
        _ => &[],
    };
    list.iter().filter_map(|argument| match argument {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(value)) => Some(value),
        _ => None,
    })
}

/// The text that an argument is.
pub fn text_of(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Value(value) => match &value.value {
            Value::SingleQuotedString(text) => Some(text),
            _ => None,
        },
        _ => None,
    }
}

/// Renames what stands in the arguments of the table function.
///
/// # Errors
/// When something stands in a clause that cannot.
pub fn qualify(arguments: &mut [FunctionArg]) -> Result<(), SqlError> {
    let texts = |name: &str| {
        let items = clause(arguments, name).unwrap_or_default();
        items.into_iter().step_by(2).filter_map(text_of).map(str::to_owned).collect::<Vec<_>>()
    };
    let mut names = Names { variables: texts(PATTERN), defining: false };
    names.variables.extend(texts(DEFINE));
    for argument in arguments {
        let FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Function(call))) = argument else {
            continue;
        };
        let name = call.name.to_string();
        names.defining = name == DEFINE;
        if (name == MEASURES || names.defining)
            && let ControlFlow::Break(error) = call.args.visit(&mut names)
        {
            return Err(error);
        }
    }
    Ok(())
}

struct Names {
    variables: Vec<String>,
    defining: bool,
}

impl VisitorMut for Names {
    type Break = SqlError;

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<SqlError> {
        let refused = |what: &str, hint: &str, word: &str| {
            ControlFlow::Break(SqlError::unsupported(what).hint(hint).about(word))
        };
        match expr {
            Expr::Subquery(_) | Expr::InSubquery { .. } | Expr::Exists { .. } => refused(
                "a subquery in MEASURES or DEFINE",
                "join in a query around MATCH_RECOGNIZE, or below it",
                "MATCH_RECOGNIZE",
            ),
            Expr::Identifier(name) => {
                let is_value =
                    name.quote_style.is_none() && name.value.eq_ignore_ascii_case("UNKNOWN");
                // The column of a field that was renamed comes again, as a part of what it became.
                if !is_value && parts_of_column(&name.value).is_none() {
                    name.value = column_of_variable("", &name.value);
                }
                ControlFlow::Continue(())
            }
            Expr::CompoundIdentifier(parts) => {
                *expr = self.column(parts);
                ControlFlow::Continue(())
            }
            Expr::Function(call) => match self.function(call) {
                Ok(Some(new)) => {
                    *expr = new;
                    self.pre_visit_expr(expr)
                }
                Ok(None) => ControlFlow::Continue(()),
                Err(error) => ControlFlow::Break(error),
            },
            _ => ControlFlow::Continue(()),
        }
    }
}

impl Names {
    /// `variable.column.field`, or `column.field`
    fn column(&self, parts: &[Ident]) -> Expr {
        let (variable, parts) = match parts {
            [first, rest @ ..] if self.variables.contains(&first.value) => (&*first.value, rest),
            parts => ("", parts),
        };
        let Some((column, fields)) = parts.split_first() else {
            return Expr::Identifier(Ident::new(column_of_variable(variable, "")));
        };
        let name = column_of_variable(variable, &column.value);
        let root = Expr::Identifier(Ident { value: name, ..column.clone() });
        if fields.is_empty() {
            return root;
        }
        let chain = fields.iter().map(|field| {
            let text = Value::SingleQuotedString(field.value.clone()).with_empty_span();
            AccessExpr::Subscript(Subscript::Index { index: Expr::Value(text) })
        });
        Expr::CompoundFieldAccess { root: Box::new(root), access_chain: chain.collect() }
    }

    /// A navigation as a function of ours, or as what it means.
    fn function(&self, call: &mut Function) -> Result<Option<Expr>, SqlError> {
        let name = call.name.to_string().to_ascii_uppercase();
        match name.as_str() {
            "FIRST" | "LAST" => {
                refuse_modifiers(call)?;
                let offset = offset_of(call, 0)?;
                let ours = if name == "FIRST" { FIRST } else { LAST };
                call.name = vec![Ident::new(ours)].into();
                if let FunctionArguments::List(list) = &mut call.args {
                    list.args.truncate(1);
                    let text = Value::SingleQuotedString(offset.to_string()).with_empty_span();
                    list.args.push(FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Value(text))));
                }
                Ok(None)
            }
            // The row itself.
            "PREV" | "NEXT" if self.defining && offset_of(call, 1)? == 0 => {
                Ok(arguments_of(call).next().cloned())
            }
            "PREV" | "NEXT" => Err(SqlError::unsupported(format!(
                "{name}, an offset among all rows of the partition,"
            ))
            .hint(
                "use LAST(variable.column, 1), the row before the last one of a variable, or \
                 LAST(column, 1), the one before of any",
            )
            .about(name)),
            "CLASSIFIER" | "MATCH_NUMBER" => Err(SqlError::unsupported(name.clone()).about(name)),
            "MATCH_PROCTIME" => {
                call.name = vec![Ident::new("PROCTIME")].into();
                Ok(None)
            }
            _ => Ok(None),
        }
    }
}

/// The offset of a navigation, a number that stands in the text.
fn offset_of(call: &Function, usual: usize) -> Result<usize, SqlError> {
    let name = call.name.to_string();
    let mut arguments = arguments_of(call);
    let given = (arguments.next(), arguments.next(), arguments.next());
    let number = match given {
        (Some(_), None, None) => Some(usual),
        (Some(_), Some(Expr::Value(value)), None) => match &value.value {
            Value::Number(text, _) => text.parse::<u32>().ok().map(|number| number as usize),
            _ => None,
        },
        (Some(_), Some(Expr::UnaryOp { op: UnaryOperator::Plus, expr }), None) => {
            match expr.as_ref() {
                Expr::Value(value) => value.to_string().parse().ok(),
                _ => None,
            }
        }
        _ => None,
    };
    number.ok_or_else(|| {
        SqlError::new(format!("{name} takes a value and how many rows are passed over, 0 or more"))
            .hint(format!("write {name}(A.price) or {name}(A.price, 1)"))
            .about(name)
    })
}

/// The marker function of a name, if it is one.
pub fn function(name: &str) -> Option<Arc<ScalarUDF>> {
    let known = [FIRST, LAST, MATCH_ROWTIME].into_iter();
    let name = known.into_iter().find(|known| name.eq_ignore_ascii_case(known))?;
    let signature = Signature::user_defined(Volatility::Volatile);
    Some(Arc::new(ScalarUDF::new_from_impl(Marker { name, signature })))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Marker {
    name: &'static str,
    signature: Signature,
}

impl ScalarUDFImpl for Marker {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> DfResult<Vec<DataType>> {
        Ok(types.to_vec())
    }

    fn return_type(&self, types: &[DataType]) -> DfResult<DataType> {
        let ms = DataType::Timestamp(arrow::datatypes::TimeUnit::Millisecond, None);
        Ok(types.first().cloned().unwrap_or(ms))
    }

    fn invoke_with_args(&self, _: ScalarFunctionArgs) -> DfResult<ColumnarValue> {
        let name = self.name.trim_start_matches('$');
        Err(external(
            SqlError::new(format!("{name} stands outside of MATCH_RECOGNIZE"))
                .hint("it is a value of the rows of a match: write it in MEASURES or DEFINE")
                .about(name),
        ))
    }
}
/// What stands beside the arguments of a navigation in other calls, and would mean nothing here.
fn refuse_modifiers(call: &Function) -> Result<(), SqlError> {
    let clauses = matches!(&call.args, FunctionArguments::List(list)
        if !list.clauses.is_empty() || list.duplicate_treatment.is_some());
    let behind = call.null_treatment.is_some() || call.filter.is_some() || call.over.is_some();
    match clauses || behind {
        true => Err(SqlError::unsupported(format!("{call}"))
            .hint("in MATCH_RECOGNIZE, FIRST and LAST take a column and a number of rows")
            .about(call.name.to_string())),
        false => Ok(()),
    }
}
