//! The types of a UNION: those that hold the values of all its inputs, whole.

use std::sync::Arc;

use chrono_tz::Tz;
use datafusion_common::Result as DfResult;
use datafusion_expr::{Expr, LogicalPlan, LogicalPlanBuilder, Union};
use millstream_expr::common_type::chosen_type;
use millstream_types::SqlType;
use millstream_types::sql_type::ColumnType;

use crate::cast::to_field;

/// A UNION whose inputs have columns of the same types.
///
/// # Errors
/// When a plan cannot be rebuilt.
pub(crate) fn united(union: Union, zone: Tz) -> DfResult<Union> {
    let types = |input: &LogicalPlan| -> Vec<Option<SqlType>> {
        let fields = input.schema().fields().iter();
        fields.map(|field| Some(SqlType::of_field(field)?.sql_type)).collect()
    };
    let all: Vec<Vec<Option<SqlType>>> = union.inputs.iter().map(|input| types(input)).collect();
    let Some((first, others)) = all.split_first() else { return Ok(union) };
    if others.iter().all(|other| other == first || other.len() != first.len()) {
        return Ok(union);
    }
    let shared = (0..first.len()).map(|at| {
        let first = first[at].clone()?;
        others.iter().try_fold(first, |all, types| shared(&all, types[at].as_ref()?))
    });
    let shared: Vec<Option<SqlType>> = shared.collect();
    let inputs = union.inputs.iter().zip(&all).map(|(input, own)| {
        let differs =
            |(own, due): (&Option<SqlType>, &Option<SqlType>)| due.is_some() && own != due;
        if !own.iter().zip(&shared).any(differs) {
            return Ok(Arc::clone(input));
        }
        let columns = input.schema().columns().into_iter().zip(own).zip(&shared);
        let columns = columns.map(|((column, own), due)| {
            let (table, name) = (column.relation.clone(), column.name.clone());
            match due {
                Some(due) if own.as_ref() != Some(due) => {
                    let field = Arc::new(ColumnType::nullable(due.clone()).field(""));
                    to_field(Expr::Column(column), &field, zone).alias_qualified(table, name)
                }
                _ => Expr::Column(column),
            }
        });
        let columns: Vec<Expr> = columns.collect();
        let input = LogicalPlanBuilder::from(input.as_ref().clone()).project(columns)?;
        Ok(Arc::new(input.build()?))
    });
    Union::try_new_with_loose_types(inputs.collect::<DfResult<_>>()?)
}

/// The type of the values of both; `None` where the library says what becomes of them.
fn shared(first: &SqlType, next: &SqlType) -> Option<SqlType> {
    use SqlType::{
        Array, Binary, Char, Map, Row, Time, Timestamp, TimestampLtz, VarBinary, VarChar,
    };
    let of_both = |a: &ColumnType, b: &ColumnType| {
        let nullable = a.nullable || b.nullable;
        Some(ColumnType { sql_type: shared(&a.sql_type, &b.sql_type)?, nullable })
    };
    Some(match (first, next) {
        _ if first == next => first.clone(),
        (Char(a) | VarChar(a), Char(b) | VarChar(b)) => VarChar(*a.max(b)),
        (Binary(a) | VarBinary(a), Binary(b) | VarBinary(b)) => VarBinary(*a.max(b)),
        (Time(a), Time(b)) => Time(*a.max(b)),
        (Timestamp(a), Timestamp(b)) => Timestamp(*a.max(b)),
        (TimestampLtz(a), TimestampLtz(b)) => TimestampLtz(*a.max(b)),
        // What is text in one input only is refused, or told apart, by the library.
        (Char(_) | VarChar(_), _) | (_, Char(_) | VarChar(_)) => return None,
        (Array(a), Array(b)) => Array(Box::new(of_both(a, b)?)),
        (Map(key, value), Map(other_key, other_value)) => {
            Map(Box::new(of_both(key, other_key)?), Box::new(of_both(value, other_value)?))
        }
        (Row(a), Row(b)) if a.len() == b.len() => {
            let fields = a.iter().zip(b);
            let fields = fields.map(|((name, a), (_, b))| Some((name.clone(), of_both(a, b)?)));
            Row(fields.collect::<Option<_>>()?)
        }
        _ => SqlType::of_arrow(&chosen_type(&first.arrow(), &next.arrow())?)?,
    })
}
