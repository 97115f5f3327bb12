//! Columns of VALUES whose cells are written in different types: what the library below would bring together
//! by rules that are not Flink's.

use sqlparser::ast::{
    CastKind, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Parens, Value,
};

use crate::cast::{CAST, TRY_CAST};
use crate::dialect::cast_to;

/// Writes the cells of each column in one type, where literals differ in it.
pub fn in_one_type(rows: &mut [Parens<Vec<Expr>>]) {
    of_one_precision(rows);
    of_one_number(rows);
    of_any_length(rows);
    nulls_of_their_type(rows);
}

/// NULL beside cells of one type as one of that type, which may have details that NULL alone has not.
fn nulls_of_their_type(rows: &mut [Parens<Vec<Expr>>]) {
    let is_null =
        |cell: &Expr| matches!(cell, Expr::Value(value) if matches!(value.value, Value::Null));
    for column in 0..rows.first().map_or(0, |row| row.content.len()) {
        let of = {
            let mut types = cells_of(rows, column).filter(|cell| !is_null(cell)).map(target);
            let first = types.next().flatten().filter(|of| *of != "DECIMAL");
            first.filter(|_| types.all(|other| other == first)).map(str::to_owned)
        };
        let Some(of) = of else { continue };
        for cell in rows.iter_mut().filter_map(|row| row.content.get_mut(column)) {
            if is_null(cell) {
                *cell = cast_to(cell.clone(), CastKind::Cast, &of);
            }
        }
    }
}

/// Whether a call is a cast, which literals are, too.
pub(crate) fn is_cast(call: &Function) -> bool {
    matches!(call.name.to_string().as_str(), CAST | TRY_CAST)
}

/// The type that a cell is cast to; literals are casts, too.
fn target(cell: &Expr) -> Option<&str> {
    match cell {
        Expr::UnaryOp { expr, .. } | Expr::Nested(expr) => target(expr),
        Expr::Value(value) => match &value.value {
            Value::Number(text, _) if text.contains('.') => Some("DECIMAL"),
            _ => None,
        },
        Expr::Function(cast) if is_cast(cast) => match &cast.args {
            FunctionArguments::List(list) => match &list.args[..] {
                [_, FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Value(to)))] => {
                    match &to.value {
                        Value::SingleQuotedString(text) => Some(text),
                        _ => None,
                    }
                }
                _ => None,
            },
            _ => None,
        },
        _ => None,
    }
}

/// The cells of a column.
fn cells_of(rows: &[Parens<Vec<Expr>>], column: usize) -> impl Iterator<Item = &Expr> + Clone {
    rows.iter().filter_map(move |row| row.content.get(column))
}

/// A column of texts or bytes of different lengths as one of any length.
fn of_any_length(rows: &mut [Parens<Vec<Expr>>]) {
    let unbounded = |cell: &Expr| match target(cell)?.split_once('(')?.0 {
        "CHAR" | "VARCHAR" => Some("STRING"),
        "BINARY" | "VARBINARY" => Some("BYTES"),
        _ => None,
    };
    let columns = rows.first().map_or(0, |row| row.content.len());
    for column in 0..columns {
        let alike = {
            let mut types = cells_of(rows, column).map(target);
            let first = types.next();
            types.all(|other| Some(other) == first)
        };
        if alike {
            continue;
        }
        for cell in rows.iter_mut().filter_map(|row| row.content.get_mut(column)) {
            if let Some(of) = unbounded(cell) {
                *cell = cast_to(cell.clone(), CastKind::Cast, of);
            }
        }
    }
}

/// A column of VALUES that has decimals and floating point numbers as one of DOUBLE, which holds them all.
fn of_one_number(rows: &mut [Parens<Vec<Expr>>]) {
    let columns = rows.first().map_or(0, |row| row.content.len());
    for column in 0..columns {
        let floating = |text: &str| matches!(text, "DOUBLE" | "FLOAT");
        let decimal = |text: &str| text.starts_with("DECIMAL");
        let has = |of: &dyn Fn(&str) -> bool| cells_of(rows, column).filter_map(target).any(of);
        if !has(&floating) || !has(&decimal) {
            continue;
        }
        for cell in rows.iter_mut().filter_map(|row| row.content.get_mut(column)) {
            if target(cell).is_some_and(decimal) {
                *cell = cast_to(cell.clone(), CastKind::Cast, "DOUBLE");
            }
        }
    }
}

/// Literals of a column of VALUES, as in `TIMESTAMP '….5'` and `TIMESTAMP '….25'`, with as many digits as the
/// longest has.
fn of_one_precision(rows: &mut [Parens<Vec<Expr>>]) {
    fn precision(cell: &mut Expr) -> Option<(&'static str, u8, &mut String)> {
        let Expr::Function(cast) = cell else { return None };
        if !is_cast(cast) {
            return None;
        }
        let FunctionArguments::List(list) = &mut cast.args else { return None };
        let [_, FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Value(to)))] = &mut list.args[..]
        else {
            return None;
        };
        let Value::SingleQuotedString(text) = &mut to.value else { return None };
        let (name, digits) = text.strip_suffix(')')?.split_once('(')?;
        let name = ["TIMESTAMP", "TIMESTAMP_LTZ", "TIME"].into_iter().find(|of| *of == name)?;
        Some((name, digits.parse().ok()?, text))
    }
    let columns = rows.first().map_or(0, |row| row.content.len());
    for column in 0..columns {
        let mut found: Vec<(&'static str, u8, &mut String)> =
            rows.iter_mut().filter_map(|row| precision(row.content.get_mut(column)?)).collect();
        let Some(most) = found.iter().map(|(_, digits, _)| *digits).max() else { continue };
        for (name, digits, text) in &mut found {
            if *digits < most {
                **text = format!("{name}({most})");
            }
        }
    }
}
