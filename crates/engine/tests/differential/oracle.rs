//! SQLite: what a query gives over tables that do not change.

use rusqlite::types::ValueRef;
use rusqlite::{Connection, params_from_iter};

use crate::ast::Value;
use crate::result::Rows;
use crate::tables::Table;

/// The most instructions of its virtual machine that a query may take, in thousands.
const THOUSANDS_MAX: u32 = 3_000;

/// What came of a query.
pub enum Answer {
    Rows(Rows),
    /// It would take too long.
    TooLong,
    /// The text is wrong.
    Wrong(String),
}

/// Runs a query over the rows of some tables.
pub fn answer(tables: &[Table], sql: &str) -> Answer {
    match run(tables, sql) {
        Ok(rows) => Answer::Rows(rows),
        Err(error)
            if error.sqlite_error_code() == Some(rusqlite::ErrorCode::OperationInterrupted) =>
        {
            Answer::TooLong
        }
        Err(error) => Answer::Wrong(error.to_string()),
    }
}

fn run(tables: &[Table], sql: &str) -> rusqlite::Result<Rows> {
    let mut connection = Connection::open_in_memory()?;
    connection.pragma_update(None, "case_sensitive_like", true)?;
    for table in tables {
        connection
            .execute(&format!("CREATE TABLE {} ({})", table.name, table.declared(false)), [])?;
        let marks = vec!["?"; table.types.len()].join(", ");
        let mut insert =
            connection.prepare(&format!("INSERT INTO {} VALUES ({marks})", table.name))?;
        for row in &table.rows {
            let cells = row.iter().map(|value| match value {
                Value::Null => rusqlite::types::Value::Null,
                Value::Number(number) => rusqlite::types::Value::Integer(*number),
                Value::Text(text) => rusqlite::types::Value::Text(text.clone()),
            });
            insert.execute(params_from_iter(cells))?;
        }
    }
    let mut thousands = 0;
    let count = move || {
        thousands += 1;
        thousands > THOUSANDS_MAX
    };
    connection.progress_handler(1_000, Some(count))?;
    let mut statement = connection.prepare(sql)?;
    let columns = statement.column_count();
    let mut rows = statement.query([])?;
    let mut given = Rows::new();
    while let Some(row) = rows.next()? {
        let cells = (0..columns).map(|at| {
            Ok(match row.get_ref(at)? {
                ValueRef::Null => Value::Null,
                ValueRef::Integer(number) => Value::Number(number),
                ValueRef::Text(text) => Value::Text(String::from_utf8_lossy(text).into_owned()),
                other => Value::Text(format!("{other:?}")),
            })
        });
        *given.entry(cells.collect::<rusqlite::Result<_>>()?).or_default() += 1;
    }
    Ok(given)
}
