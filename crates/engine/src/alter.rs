//! What `ALTER` does to the catalog. A table is declared anew with what was changed.

use std::sync::Arc;

use millstream_plan::Table;
use millstream_sql::catalog::Entry;
use millstream_sql::parser::parts_of;
use millstream_sql::statement::{Alter, Column, CreateTable, Place, Statement, TableChange};
use millstream_sql::{Catalog, Script, SqlError};
use sqlparser::ast::Ident;

use crate::error::Error;
use crate::{show, statement};

/// Does what the statement says.
///
/// # Errors
/// When the table or view is not there, or would not be one after the change.
pub fn alter(catalog: &mut Catalog, alter: &Alter) -> Result<(), Error> {
    match alter {
        Alter::Rename { view, name, to, if_exists } => {
            let parts = parts_of(name);
            if *if_exists && !catalog.contains(&parts) {
                return Ok(());
            }
            Ok(catalog.rename(&parts, *view, &parts_of(to))?)
        }
        Alter::View { name, query, text } => {
            let parts = parts_of(name);
            let Entry::View(view) = catalog.get(&parts)? else {
                let message = format!("\"{}\" is a table, not a view", parts.join("."));
                return Err(SqlError::new(message).about(parts.join(".")).into());
            };
            let mut view = view.as_ref().clone();
            (view.query, view.text) = (query.as_ref().clone(), text.clone());
            // Its columns are called as the query calls them.
            view.columns.clear();
            statement::create_view(catalog, &parts, view, false, true)
        }
        Alter::Table { name, change, if_exists } => {
            let parts = parts_of(name);
            if *if_exists && !catalog.contains(&parts) {
                return Ok(());
            }
            let table = catalog.table(&parts)?;
            let mut create = declaration(&table)?;
            change_declaration(&mut create, change)?;
            let changed = statement::declared(catalog, &create, None)?;
            Ok(catalog.create(&parts, Entry::Table(Arc::new(changed)), false, true)?)
        }
    }
}

/// The statement that makes a table.
fn declaration(table: &Table) -> Result<CreateTable, Error> {
    if table.handle.is_some() {
        let message =
            format!("table \"{}\" is given by the program and stays as it is", table.name);
        return Err(SqlError::new(message).about(&table.name).into());
    }
    let text = show::create_table(table);
    let script = Script::new(&text)?;
    let statement = script.statements().first().map(|tokens| millstream_sql::parse(tokens, &text));
    match statement.transpose()? {
        Some(Statement::CreateTable(create)) => Ok(*create),
        _ => Err(SqlError::new(format!("table \"{}\" cannot be declared anew", table.name)).into()),
    }
}

fn change_declaration(create: &mut CreateTable, change: &TableChange) -> Result<(), SqlError> {
    let names = |columns: &[Column]| -> Vec<String> {
        columns.iter().map(|column| column.name.value.clone()).collect()
    };
    let not_found = |name: &Ident, columns: &[Column]| {
        SqlError::new(format!("column \"{}\" not found", name.value))
            .hint(format!("the columns are {}", names(columns).join(", ")))
            .about(&name.value)
    };
    let place = |name: &Ident, columns: &[Column]| {
        let found = columns.iter().position(|column| column.name.value == name.value);
        found.ok_or_else(|| not_found(name, columns))
    };
    match change {
        TableChange::Set(options) => {
            create.options.retain(|(key, _)| !options.iter().any(|(set, _)| set == key));
            create.options.extend(options.iter().cloned());
        }
        TableChange::Reset(keys) => create.options.retain(|(key, _)| !keys.contains(key)),
        TableChange::RenameColumn(from, to) => {
            let at = place(from, &create.columns)?;
            if place(to, &create.columns).is_ok() {
                let message = format!("column \"{}\" exists already", to.value);
                return Err(SqlError::new(message).hint("choose another name").about(&to.value));
            }
            create.columns[at].name = to.clone();
            let named = create.primary_key.iter_mut().chain(&mut create.partitioned_by);
            named.filter(|name| name.value == from.value).for_each(|name| *name = to.clone());
        }
        TableChange::DropColumns(columns) => {
            for name in columns {
                let at = place(name, &create.columns)?;
                if create.primary_key.iter().any(|key| key.value == name.value) {
                    let message = format!("column \"{}\" is part of the PRIMARY KEY", name.value);
                    return Err(SqlError::new(message).hint("drop that first").about(&name.value));
                }
                create.columns.remove(at);
            }
        }
        TableChange::DropPrimaryKey if create.primary_key.is_empty() => {
            return Err(SqlError::new("the table has no PRIMARY KEY"));
        }
        TableChange::DropPrimaryKey => create.primary_key.clear(),
        TableChange::DropWatermark => {
            if create.watermark.take().is_none() {
                return Err(SqlError::new("the table has no WATERMARK"));
            }
        }
        TableChange::Elements { adds, elements } => {
            for column in &elements.columns {
                put(&mut create.columns, column, *adds)?;
            }
            let known = [create.watermark.is_some(), !create.primary_key.is_empty()];
            let given = [elements.watermark.is_some(), !elements.primary_key.is_empty()];
            for (what, (known, given)) in
                ["WATERMARK", "PRIMARY KEY"].iter().zip(known.iter().zip(given))
            {
                if given && known == adds {
                    let (state, hint) = match adds {
                        true => ("has a", "MODIFY changes it"),
                        false => ("has no", "ADD gives it one"),
                    };
                    let message = format!("the table {state} {what}");
                    return Err(SqlError::new(message).hint(hint));
                }
            }
            if elements.watermark.is_some() {
                create.watermark.clone_from(&elements.watermark);
            }
            if !elements.primary_key.is_empty() {
                create.primary_key.clone_from(&elements.primary_key);
            }
        }
    }
    Ok(())
}

/// Puts a column where it says, a new one or in the place of the one of its name.
fn put(columns: &mut Vec<Column>, column: &Column, adds: bool) -> Result<(), SqlError> {
    let name = &column.name.value;
    let known = columns.iter().position(|known| known.name.value == *name);
    let at = match (known, adds) {
        (Some(_), true) => {
            let message = format!("column \"{name}\" exists already");
            return Err(SqlError::new(message).hint("MODIFY changes it").about(name));
        }
        (None, false) => {
            let message = format!("column \"{name}\" not found");
            return Err(SqlError::new(message).hint("ADD makes it").about(name));
        }
        (Some(at), false) => {
            columns.remove(at);
            at
        }
        (None, true) => columns.len(),
    };
    let at = match &column.place {
        Place::Last => at,
        Place::First => 0,
        Place::After(other) => {
            let found = columns.iter().position(|known| known.name.value == other.value);
            let missing = || {
                SqlError::new(format!("column \"{}\" not found", other.value)).about(&other.value)
            };
            found.ok_or_else(missing)? + 1
        }
    };
    columns.insert(at, column.clone());
    Ok(())
}
