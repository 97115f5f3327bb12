//! The tables that SHOW and DESCRIBE give.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use millstream_expr::reference::{Example, entry, examples};
use millstream_plan::Table;
use millstream_runtime::metrics::Counters;
use millstream_sql::catalog::{Entry, View};
use millstream_sql::parser::parts_of;
use millstream_sql::statement::{NamePattern, Show};
use millstream_sql::{Catalog, Planner, SqlError};
use millstream_types::sql_type::field_type_name;
use sqlparser::ast::ObjectName;

use crate::observe;

/// What a SHOW statement gives.
///
/// # Errors
/// When it names something that is not there.
pub fn show(
    catalog: &Catalog,
    queries: &[Arc<Counters>],
    show: &Show,
) -> Result<RecordBatch, SqlError> {
    let chosen = |names: Vec<String>, like: &Option<NamePattern>| {
        names.into_iter().filter(|name| is_meant(like.as_ref(), name)).collect()
    };
    let names = |of: &Option<ObjectName>, test: fn(&Entry) -> bool| match of {
        Some(database) => catalog.names_in(&parts_of(database), test),
        None => Ok(catalog.names(test)),
    };
    match show {
        Show::Tables { of, like } => column("table name", chosen(names(of, |_| true)?, like)),
        Show::Views { of, like } => {
            let views = names(of, |entry| matches!(entry, Entry::View(_)))?;
            column("view name", chosen(views, like))
        }
        Show::Functions(like) => column("function name", chosen(catalog.functions.names(), like)),
        Show::Columns { of, like } => describe(catalog, &parts_of(of), like.as_ref()),
        Show::Create(name) => {
            let text = match catalog.get(&parts_of(name))? {
                Entry::Table(table) => create_table(table),
                Entry::View(view) => create_view(view),
            };
            column("result", vec![text])
        }
        Show::Catalogs(like) => column("catalog name", chosen(catalog.catalogs(), like)),
        Show::Databases { of, like } => {
            let of = of.as_ref().map(|of| parts_of(of).join("."));
            column("database name", chosen(catalog.databases(of.as_deref())?, like))
        }
        Show::CurrentCatalog => {
            column("current catalog name", vec![catalog.current().0.to_owned()])
        }
        Show::CurrentDatabase => {
            column("current database name", vec![catalog.current().1.to_owned()])
        }
        Show::Function(name) => function(catalog, name),
        Show::Watermarks => watermarks(queries),
    }
}

/// How far event time has come in the queries that run, or in the last one that did.
fn watermarks(queries: &[Arc<Counters>]) -> Result<RecordBatch, SqlError> {
    let running: Vec<_> = queries.iter().filter(|counters| counters.is_running()).collect();
    let last = || queries.iter().rev().find(|counters| !counters.status().splits.is_empty());
    let shown = if running.is_empty() { last().into_iter().collect() } else { running };
    let mut columns: Vec<Vec<Option<String>>> = vec![Vec::new(); observe::WATERMARK_COLUMNS.len()];
    for line in shown.into_iter().flat_map(|counters| observe::watermarks(&counters.status())) {
        columns.iter_mut().zip(line).for_each(|(column, value)| column.push(value));
    }
    table(&observe::WATERMARK_COLUMNS, columns)
}

fn column(name: &str, values: Vec<String>) -> Result<RecordBatch, SqlError> {
    table(&[name], vec![values.into_iter().map(Some).collect()])
}

/// A table of texts, given by column.
///
/// # Errors
/// When the columns are of different lengths, which is a bug.
pub fn table(names: &[&str], columns: Vec<Vec<Option<String>>>) -> Result<RecordBatch, SqlError> {
    let fields: Vec<Field> =
        names.iter().map(|name| Field::new(*name, DataType::Utf8, true)).collect();
    let columns: Vec<ArrayRef> =
        columns.into_iter().map(|values| Arc::new(StringArray::from(values)) as ArrayRef).collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)
        .map_err(|error| SqlError::new(error.to_string()))
}

/// Whether a name is one of those that are asked for.
fn is_meant(like: Option<&NamePattern>, name: &str) -> bool {
    like.is_none_or(|like| {
        let found = match like.any_case {
            true => matches(&like.text.to_lowercase(), &name.to_lowercase()),
            false => matches(&like.text, name),
        };
        found != like.negated
    })
}

/// SQL's LIKE over names.
fn matches(pattern: &str, name: &str) -> bool {
    match pattern.split_once('%') {
        None => {
            pattern.chars().count() == name.chars().count()
                && pattern.chars().zip(name.chars()).all(|(due, given)| due == '_' || due == given)
        }
        Some((start, rest)) => {
            let length = start.chars().count();
            let head: String = name.chars().take(length).collect();
            let tail: Vec<char> = name.chars().skip(length).collect();
            matches(start, &head)
                && (0..=tail.len()).any(|at| matches(rest, &tail[at..].iter().collect::<String>()))
        }
    }
}

fn describe(
    catalog: &Catalog,
    parts: &[String],
    like: Option<&NamePattern>,
) -> Result<RecordBatch, SqlError> {
    let mut columns: Vec<Vec<Option<String>>> = vec![Vec::new(); 7];
    let mut add = |values: [Option<String>; 7]| {
        if !is_meant(like, values[0].as_deref().unwrap_or_default()) {
            return;
        }
        columns.iter_mut().zip(values).for_each(|(column, value)| column.push(value));
    };
    let null = |nullable: bool| Some(if nullable { "TRUE" } else { "FALSE" }.to_owned());
    match catalog.get(parts)? {
        Entry::Table(table) => {
            for (at, field) in table.schema.fields().iter().enumerate() {
                let watermark =
                    table.watermark.as_ref().filter(|watermark| watermark.rowtime == at);
                let computed = table.computed.get(&at);
                let clock = computed.is_some_and(|computed| computed.processing_time);
                let (attribute, nullable) = match (watermark, clock) {
                    (Some(_), _) => (" *ROWTIME*", field.is_nullable()),
                    (None, true) => (" *PROCTIME*", false),
                    (None, false) => ("", field.is_nullable()),
                };
                let key = table.primary_key.contains(field.name());
                let key = key.then(|| format!("PRI({})", table.primary_key.join(", ")));
                add([
                    Some(field.name().clone()),
                    Some(format!("{}{attribute}", field_type_name(field))),
                    null(nullable),
                    key,
                    match table.metadata.get(field.name()) {
                        Some(key) => Some(format!("METADATA FROM {}", quoted(key))),
                        None => computed.map(|computed| format!("AS {}", computed.text)),
                    },
                    watermark.map(|watermark| watermark.text.clone()),
                    table.column_comments.get(field.name()).cloned(),
                ]);
            }
        }
        Entry::View(view) => {
            let schema = Planner::new(catalog).schema_of_view(view)?;
            for field in schema.fields() {
                let name = field.name().clone();
                let data_type = Some(field_type_name(field));
                add([Some(name), data_type, null(field.is_nullable()), None, None, None, None]);
            }
        }
    }
    let names = ["name", "type", "null", "key", "extras", "watermark", "comment"];
    // Comments are shown where there are any.
    let shown = if columns[6].iter().any(Option::is_some) { 7 } else { 6 };
    columns.truncate(shown);
    table(&names[..shown], columns)
}

fn function(catalog: &Catalog, name: &str) -> Result<RecordBatch, SqlError> {
    let upper = name.to_ascii_uppercase();
    let known = catalog.functions.names();
    let entry = entry(&upper);
    if entry.is_none() && !known.contains(&upper) {
        let error = SqlError::new(format!("function \"{name}\" not found")).about(name);
        return Err(
            match millstream_sql::diagnostics::nearest(&upper, known.iter().map(String::as_str)) {
                Some(near) => error.hint(format!("did you mean {near}?")),
                None => error.hint("SHOW FUNCTIONS lists them"),
            },
        );
    }
    let mut pairs = vec![("name", upper.clone())];
    match entry {
        Some(entry) => {
            pairs.push(("usage", entry.usage.to_owned()));
            pairs.push(("description", entry.about.to_owned()));
        }
        None if catalog.functions.aggregate(&upper).is_some() => {
            pairs.push(("usage", format!("{upper}(value)")));
            pairs.push(("description", "An aggregate function of the program.".to_owned()));
        }
        None => {
            pairs.push(("usage", format!("{upper}(…)")));
            pairs.push(("description", "A function of the program.".to_owned()));
        }
    }
    let of_entry = |example: &Example| entry.is_some_and(|entry| entry.name == example.name);
    let shown =
        examples().filter(of_entry).map(|example| format!("{} → {}", example.sql, example.value));
    pairs.extend(shown.map(|text| ("example", text)));
    let (keys, values) =
        pairs.into_iter().map(|(key, value)| (Some(key.to_owned()), Some(value))).unzip();
    table(&["info name", "info value"], vec![keys, values])
}

fn quoted_name(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// A table's declaration, which makes the same table again.
pub fn create_table(table: &Table) -> String {
    let mut lines: Vec<String> = Vec::new();
    for (at, field) in table.schema.fields().iter().enumerate() {
        let said = table.column_comments.get(field.name());
        let said = said.map_or(String::new(), |said| format!(" COMMENT {}", quoted(said)));
        let line = match table.computed.get(&at) {
            Some(computed) => format!("  {} AS {}", quoted_name(field.name()), computed.text),
            None => {
                let null = if field.is_nullable() { "" } else { " NOT NULL" };
                let metadata = table.metadata.get(field.name());
                let metadata =
                    metadata.map_or(String::new(), |key| format!(" METADATA FROM {}", quoted(key)));
                format!(
                    "  {} {}{null}{metadata}",
                    quoted_name(field.name()),
                    field_type_name(field)
                )
            }
        };
        lines.push(line + &said);
    }
    if let Some(watermark) = &table.watermark {
        let name = table.schema.field(watermark.rowtime).name();
        lines.push(format!("  WATERMARK FOR {} AS {}", quoted_name(name), watermark.text));
    }
    if !table.primary_key.is_empty() {
        let key: Vec<_> = table.primary_key.iter().map(|name| quoted_name(name)).collect();
        lines.push(format!("  PRIMARY KEY ({}) NOT ENFORCED", key.join(", ")));
    }
    let options: Vec<_> = table
        .options
        .iter()
        .map(|(key, value)| format!("  {} = {}", quoted(key), quoted(value)))
        .collect();
    let mut text = format!("CREATE TABLE {} (\n{}\n)", quoted_name(&table.name), lines.join(",\n"));
    if let Some(comment) = &table.comment {
        text.push_str(&format!(" COMMENT {}", quoted(comment)));
    }
    if !table.partitioned_by.is_empty() {
        let by: Vec<_> = table.partitioned_by.iter().map(|name| quoted_name(name)).collect();
        text.push_str(&format!(" PARTITIONED BY ({})", by.join(", ")));
    }
    if !options.is_empty() {
        text.push_str(&format!(" WITH (\n{}\n)", options.join(",\n")));
    }
    text
}

fn create_view(view: &View) -> String {
    let columns = match &view.columns[..] {
        [] => String::new(),
        names => {
            format!(
                " ({})",
                names.iter().map(|name| quoted_name(name)).collect::<Vec<_>>().join(", ")
            )
        }
    };
    let comment = view.comment.as_ref();
    let comment = comment.map_or(String::new(), |said| format!(" COMMENT {}", quoted(said)));
    format!("CREATE VIEW {}{columns}{comment} AS\n{}", quoted_name(&view.name), view.text)
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn names_match_like_patterns() {
        for (pattern, name, due) in [
            ("o%", "orders", true),
            ("%s", "orders", true),
            ("o_ders", "orders", true),
            ("o", "orders", false),
        ] {
            assert_eq!(matches(pattern, name), due, "{pattern}");
        }
    }
}
