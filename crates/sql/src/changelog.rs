//! [`ChangelogNode`]: changes as rows and rows as changes in the logical plan, and how the calls of
//! `TO_CHANGELOG` and `FROM_CHANGELOG` are read. Source: Flink, "Changelog Conversion".

use std::cmp::Ordering;
use std::collections::HashSet;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::datatypes::{DataType, Field};
use datafusion_common::{DFSchema, DFSchemaRef, DataFusionError, Result as DfResult};
use datafusion_expr::{Expr, LogicalPlan, UserDefinedLogicalNodeCore};
use millstream_plan::{ChangeCodes, ChangelogMode, NodeId, NodeKind};
use millstream_types::ChangeOp;
use sqlparser::ast::{
    Expr as SqlExpr, FunctionArg, FunctionArgExpr, FunctionArguments, Ident, TableFactor, Value,
};

use crate::context::external;
use crate::diagnostics::SqlError;
use crate::rewrite::function_name;
use crate::translate::{Translator, arrow_of};
use crate::window::{column_of, descriptor, in_order, relation};

/// What the kind of a change is called in the text of a statement.
const KINDS: [(&str, ChangeOp); 4] = [
    ("INSERT", ChangeOp::Insert),
    ("UPDATE_BEFORE", ChangeOp::UpdateBefore),
    ("UPDATE_AFTER", ChangeOp::UpdateAfter),
    ("DELETE", ChangeOp::Delete),
];

/// The name of the column without `op => DESCRIPTOR(…)`.
const OP: &str = "op";

/// Changes as rows, which have the code of their kind in a column before the others; or rows as changes,
/// whose kind is told by the code in a column, which goes.
#[derive(Clone, PartialEq, Eq)]
pub struct ChangelogNode {
    /// The relation.
    pub input: LogicalPlan,
    /// The position of the column that tells the kind, where rows become changes.
    pub column: Option<usize>,
    /// The codes of the kinds.
    pub codes: ChangeCodes,
    /// The columns by which changes are told apart where rows become changes; none where they say the whole
    /// row.
    pub key: Vec<usize>,
    schema: DFSchemaRef,
}

/// Whether a name is that of one of the two functions.
pub fn is_changelog_function(name: &str) -> bool {
    names().any(|known| name.eq_ignore_ascii_case(known))
}

/// The names of the two functions.
pub fn names() -> impl Iterator<Item = &'static str> {
    FUNCTIONS.iter().map(|(name, _)| *name)
}

const FUNCTIONS: [(&str, &str); 2] = [
    (
        "TO_CHANGELOG",
        "TO_CHANGELOG(input => TABLE t [PARTITION BY k] [, op => DESCRIPTOR(name)] [, op_mapping => \
         MAP['INSERT', 'c', 'UPDATE_AFTER', 'u']])",
    ),
    (
        "FROM_CHANGELOG",
        "FROM_CHANGELOG(input => TABLE t [PARTITION BY key] [, op => DESCRIPTOR(column)] [, op_mapping => \
         MAP['c, r', 'INSERT', 'd', 'DELETE']])",
    ),
];

/// What a call says.
pub struct ChangelogCall {
    /// What it is over.
    pub relation: TableFactor,
    partition: Vec<Ident>,
    makes_rows: bool,
    column: Option<Ident>,
    codes: ChangeCodes,
}

/// Reads the arguments of one of the two functions.
///
/// # Errors
/// When they are not as Flink wants them.
pub fn read_call(name: &str, arguments: &[FunctionArg]) -> Result<ChangelogCall, SqlError> {
    let function = FUNCTIONS.iter().find(|(known, _)| name.eq_ignore_ascii_case(known));
    let (name, usage) = function.copied().unwrap_or(FUNCTIONS[0]);
    let makes_rows = name == FUNCTIONS[0].0;
    let wrong = |what: String| SqlError::new(what).hint(usage).about(name);
    let given = in_order(name, &["INPUT", "OP", "OP_MAPPING"], arguments).map_err(wrong)?;
    let table = given[0].ok_or_else(|| wrong(format!("{name} takes a table")))?;
    let Some((relation, partition)) = relation(table) else {
        return Err(wrong(format!(
            "the input must be TABLE name or a query in parentheses, not {table}"
        )));
    };
    let column = match given[1] {
        None => None,
        Some(op) => Some(
            descriptor(op)
                .ok_or_else(|| wrong(format!("op must be DESCRIPTOR(column), not {op}")))?,
        ),
    };
    let codes = match given[2] {
        None => KINDS.map(|(code, kind)| (code.to_owned(), kind)).to_vec(),
        Some(mapping) => read_codes(mapping, makes_rows).map_err(wrong)?,
    };
    let maps = |kind: ChangeOp| codes.iter().any(|(_, of)| *of == kind);
    let replaces = maps(ChangeOp::UpdateAfter) && !maps(ChangeOp::UpdateBefore);
    if !makes_rows && replaces && partition.is_empty() {
        return Err(SqlError::new("an update has to say what it replaces")
            .hint("map a code to UPDATE_BEFORE, too, or name the key: input => TABLE t PARTITION BY key")
            .about("op_mapping"));
    }
    Ok(ChangelogCall { relation, partition, makes_rows, column, codes: ChangeCodes(codes) })
}

/// The codes of `MAP['INSERT, UPDATE_AFTER', 'u']`, or of `MAP['c, r', 'INSERT']`.
fn read_codes(mapping: &SqlExpr, makes_rows: bool) -> Result<Vec<(String, ChangeOp)>, String> {
    let wrong = || format!("op_mapping must be MAP['text', 'text', …], not {mapping}");
    let texts = match (function_name(mapping).as_deref(), mapping) {
        (Some("`MAP`"), SqlExpr::Function(map)) => match &map.args {
            FunctionArguments::List(list) => {
                list.args.iter().map(text_of).collect::<Option<Vec<_>>>().ok_or_else(wrong)?
            }
            _ => return Err(wrong()),
        },
        _ => return Err(wrong()),
    };
    if !texts.len().is_multiple_of(2) {
        return Err(wrong());
    }
    let mut codes: Vec<(String, ChangeOp)> = Vec::new();
    for pair in texts.chunks(2) {
        for each in pair[0].split(',').map(str::trim) {
            let (kind, code) = if makes_rows { (each, &*pair[1]) } else { (&*pair[1], each) };
            let known = KINDS.iter().find(|(known, _)| *known == kind);
            let (_, kind) = known.ok_or_else(|| {
                let known = KINDS.map(|(known, _)| known).join(", ");
                format!("\"{kind}\" is no kind of change; those are {known}")
            })?;
            let is_twice = codes.iter().any(|(known, of)| match makes_rows {
                true => of == kind,
                false => known == code,
            });
            if is_twice {
                return Err(format!("op_mapping has \"{each}\" twice"));
            }
            codes.push((code.to_owned(), *kind));
        }
    }
    Ok(codes)
}

fn text_of(argument: &FunctionArg) -> Option<String> {
    let FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) = argument else { return None };
    match expr {
        SqlExpr::Value(value) => match &value.value {
            Value::SingleQuotedString(text) => Some(text.clone()),
            _ => None,
        },
        // A literal with its type.
        SqlExpr::Function(cast) => match &cast.args {
            FunctionArguments::List(list) => list.args.first().and_then(text_of),
            _ => None,
        },
        _ => None,
    }
}

impl ChangelogNode {
    /// A call over its relation.
    ///
    /// # Errors
    /// When a column is missing, or there twice, or has no text.
    pub fn new(call: ChangelogCall, input: LogicalPlan) -> DfResult<Self> {
        let column = call.column.unwrap_or_else(|| Ident::new(OP));
        let op = &column.value;
        let fields = input.schema().iter();
        let mut fields: Vec<_> =
            fields.map(|(table, field)| (table.cloned(), Arc::clone(field))).collect();
        let place = fields.iter().position(|(_, field)| field.name() == op);
        if call.makes_rows {
            if place.is_some() {
                return Err(external(
                    SqlError::new(format!("the relation has a column \"{op}\" already"))
                        .hint("give that of the change another name: op => DESCRIPTOR(name)")
                        .about(op),
                ));
            }
            fields.insert(0, (None, Arc::new(Field::new(op, DataType::Utf8, false))));
        } else {
            column_of(&input, &column).map_err(external)?;
            let data_type = place.map(|at| fields[at].1.data_type());
            if data_type != Some(&DataType::Utf8) {
                return Err(external(
                    SqlError::new(format!("the kind of a change is a text, and \"{op}\" is none"))
                        .about(op),
                ));
            }
        }
        let column = place.filter(|_| !call.makes_rows);
        if let Some(at) = column {
            fields.remove(at);
        }
        let mut key = Vec::with_capacity(call.partition.len());
        for part in &call.partition {
            column_of(&input, part).map_err(external)?;
            match fields.iter().position(|(_, field)| *field.name() == part.value) {
                Some(_) if call.makes_rows => {}
                Some(at) => key.push(at),
                None => {
                    let what =
                        format!("\"{op}\" tells the kind of a change, and is no part of its key");
                    return Err(external(SqlError::new(what).about("PARTITION")));
                }
            }
        }
        let schema = DFSchema::new_with_metadata(fields, input.schema().metadata().clone())?;
        Ok(Self { input, column, codes: call.codes, key, schema: Arc::new(schema) })
    }
}

impl Hash for ChangelogNode {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.input.hash(state);
        self.column.hash(state);
    }
}

impl PartialOrd for ChangelogNode {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        (self == other).then_some(Ordering::Equal)
    }
}

impl fmt::Debug for ChangelogNode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.fmt_for_explain(f)
    }
}

impl UserDefinedLogicalNodeCore for ChangelogNode {
    fn name(&self) -> &str {
        if self.column.is_some() { "FROM_CHANGELOG" } else { "TO_CHANGELOG" }
    }

    fn inputs(&self) -> Vec<&LogicalPlan> {
        vec![&self.input]
    }

    fn schema(&self) -> &DFSchemaRef {
        &self.schema
    }

    fn expressions(&self) -> Vec<Expr> {
        Vec::new()
    }

    fn prevent_predicate_push_down_columns(&self) -> HashSet<String> {
        // Below, a filter would meet changes where it is over rows, or rows where it is over changes.
        self.schema.fields().iter().map(|field| field.name().clone()).collect()
    }

    fn fmt_for_explain(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", UserDefinedLogicalNodeCore::name(self), self.codes)
    }

    fn with_exprs_and_inputs(&self, _: Vec<Expr>, inputs: Vec<LogicalPlan>) -> DfResult<Self> {
        let [input] = <[LogicalPlan; 1]>::try_from(inputs)
            .map_err(|_| DataFusionError::Internal("a changelog has one input".to_owned()))?;
        Ok(Self { input, ..self.clone() })
    }
}

impl Translator<'_> {
    pub(crate) fn changelog(&mut self, call: &ChangelogNode) -> Result<NodeId, SqlError> {
        let input = self.node(&call.input)?;
        let of = &self.plan.nodes[input];
        let codes = call.codes.clone();
        let (kind, changelog) = match call.column {
            None => {
                let key = self.plan.key(input);
                (NodeKind::ToChangelog { codes, key }, ChangelogMode::Append)
            }
            Some(column) if of.changelog == ChangelogMode::Append => {
                (NodeKind::FromChangelog { column, codes }, ChangelogMode::Retract)
            }
            Some(_) => {
                return Err(SqlError::unsupported("FROM_CHANGELOG over rows that change")
                    .hint("its rows are the changes: they only come")
                    .about("FROM_CHANGELOG"));
            }
        };
        let schema = arrow_of(UserDefinedLogicalNodeCore::schema(call));
        let id = self.plan.add_like(kind, input);
        let node = &mut self.plan.nodes[id];
        (node.schema, node.changelog) = (schema, changelog);
        // The columns move; time is plain data from here on.
        (node.rowtimes, node.proctimes) = (Vec::new(), Vec::new());
        if call.column.is_some() && !call.key.is_empty() {
            let kind = NodeKind::ChangelogNormalize { key: call.key.clone() };
            return Ok(self.plan.add_like(kind, id));
        }
        Ok(id)
    }
}
