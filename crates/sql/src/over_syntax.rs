//! Calls with OVER as text has them, in terms that mean the same to the planner below.

use std::ops::ControlFlow;

use sqlparser::ast::helpers::attached_token::AttachedToken;
use sqlparser::ast::{
    CaseWhen, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Value,
    WindowFrameBound, WindowSpec, visit_expressions,
};

use crate::literals::plain_number;
use crate::values_types::is_cast;

/// The bounds of a frame as they were written: plain numbers.
pub(crate) fn plain_bounds(spec: &mut WindowSpec) {
    let Some(frame) = &mut spec.window_frame else { return };
    for bound in std::iter::once(&mut frame.start_bound).chain(&mut frame.end_bound) {
        let (WindowFrameBound::Preceding(Some(value)) | WindowFrameBound::Following(Some(value))) =
            bound
        else {
            continue;
        };
        plain_number(value);
    }
}

/// `LAG(value, n, default)` whose default is no constant: where there is no row so far back, that of the
/// row itself.
pub(crate) fn default_of_row(function: &Function) -> Option<Expr> {
    let FunctionArguments::List(list) = &function.args else { return None };
    let expr = |argument: &FunctionArg| match argument {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(value)) => Some(value.clone()),
        _ => None,
    };
    let [value, offset, default] = list.args.as_slice() else { return None };
    let default = expr(default).filter(|default| !is_constant(default))?;
    let with = |value: FunctionArg| {
        let mut call = function.clone();
        if let FunctionArguments::List(list) = &mut call.args {
            list.args = vec![value, offset.clone()];
        }
        Box::new(Expr::Function(call))
    };
    let present = Expr::Value(Value::Boolean(true).with_empty_span());
    let condition = Expr::IsNotNull(with(FunctionArg::Unnamed(FunctionArgExpr::Expr(present))));
    Some(Expr::Case {
        case_token: AttachedToken::empty(),
        end_token: AttachedToken::empty(),
        operand: None,
        conditions: vec![CaseWhen { condition, result: *with(value.clone()) }],
        else_result: Some(Box::new(default)),
    })
}

/// Whether an expression is a literal, or one that is cast.
fn is_constant(expr: &Expr) -> bool {
    visit_expressions(expr, |part| match part {
        Expr::Value(_) | Expr::UnaryOp { .. } | Expr::Nested(_) => ControlFlow::Continue(()),
        Expr::Function(call) if is_cast(call) => ControlFlow::Continue(()),
        _ => ControlFlow::Break(()),
    })
    .is_continue()
}
