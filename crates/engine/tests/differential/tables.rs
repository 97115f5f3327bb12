//! Random tables, and the ways they are given to the engine: rows that are added, and rows that are
//! added of which some are taken back again.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Int32Array, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use millstream_testing::Random;

use crate::ast::{Type, Value};
use crate::render::{literal, type_name};

/// How rows come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coming {
    /// As batches of rows that stay.
    Added,
    /// As the difference of two tables.
    Difference,
    /// As changes in files.
    Changes,
}

/// A table of columns `c0`, `c1`, …
#[derive(Debug, Clone)]
pub struct Table {
    pub name: String,
    pub types: Vec<Type>,
    /// The rows that remain.
    pub rows: Vec<Vec<Value>>,
    /// Rows that are taken back after they were added.
    pub passing: Vec<Vec<Value>>,
    pub coming: Coming,
}

/// A value of a small domain, or NULL.
pub fn value(random: &mut Random, ty: Type) -> Value {
    const TEXTS: [&str; 6] = ["a", "b", "a", "ab", "B", ""];
    match ty {
        _ if random.below(4) == 0 => Value::Null,
        Type::Int | Type::BigInt => Value::Number(random.below(6) as i64 - 1),
        Type::Bool => Value::Number(random.below(2) as i64),
        Type::Text => Value::Text(TEXTS[random.below(6) as usize].to_owned()),
    }
}

impl Table {
    pub fn random(random: &mut Random, name: &str, changing: bool) -> Self {
        const TYPES: [Type; 7] =
            [Type::BigInt, Type::BigInt, Type::Int, Type::Int, Type::Text, Type::Text, Type::Bool];
        let columns = 2 + random.below(3);
        let types: Vec<Type> = (0..columns)
            .map(|at| {
                if at == 0 {
                    TYPES[random.below(3) as usize]
                } else {
                    TYPES[random.below(7) as usize]
                }
            })
            .collect();
        let count = match random.below(12) {
            0 => 0,
            1 => 8 + random.below(12),
            _ => 2 + random.below(8),
        };
        let row = |random: &mut Random| types.iter().map(|ty| value(random, *ty)).collect();
        let rows: Vec<Vec<Value>> = (0..count).map(|_| row(random)).collect();
        let coming = match random.below(3) {
            _ if !changing => Coming::Added,
            0 => Coming::Added,
            1 => Coming::Difference,
            _ => Coming::Changes,
        };
        let passing = match coming {
            Coming::Added => 0,
            _ => random.below(6),
        };
        let passing = (0..passing)
            .map(|_| match random.below(3) {
                // A copy of a row that stays.
                0 if !rows.is_empty() => rows[random.below(rows.len() as u64) as usize].clone(),
                _ => row(random),
            })
            .collect();
        Self { name: name.to_owned(), types, rows, passing, coming }
    }

    pub fn columns(&self) -> Vec<(String, Type)> {
        self.types.iter().enumerate().map(|(at, ty)| (format!("c{at}"), *ty)).collect()
    }

    /// All rows that are ever added, in some order.
    pub fn added(&self, random: &mut Random) -> Vec<Vec<Value>> {
        let mut rows = self.rows.clone();
        for row in &self.passing {
            rows.insert(random.below(rows.len() as u64 + 1) as usize, row.clone());
        }
        rows
    }

    /// Rows as batches of random lengths.
    pub fn batches(&self, random: &mut Random, rows: &[Vec<Value>]) -> Vec<RecordBatch> {
        let most = [1, 3, 100][random.below(3) as usize];
        let mut batches = Vec::new();
        let mut rest = rows;
        while !rest.is_empty() || batches.is_empty() {
            let length = (1 + random.below(most) as usize).min(rest.len());
            batches.push(self.batch(&rest[..length]));
            rest = &rest[length..];
        }
        batches
    }

    fn batch(&self, rows: &[Vec<Value>]) -> RecordBatch {
        let number = |row: &Vec<Value>, at: usize| match row[at] {
            Value::Number(number) => Some(number),
            _ => None,
        };
        let columns = self.types.iter().enumerate().map(|(at, ty)| -> (DataType, ArrayRef) {
            let numbers = rows.iter().map(|row| number(row, at));
            match ty {
                Type::BigInt => (DataType::Int64, Arc::new(numbers.collect::<Int64Array>())),
                Type::Int => {
                    let numbers = numbers.map(|number| number.map(|number| number as i32));
                    (DataType::Int32, Arc::new(numbers.collect::<Int32Array>()))
                }
                Type::Bool => {
                    let truths = numbers.map(|number| number.map(|number| number != 0));
                    (DataType::Boolean, Arc::new(truths.collect::<BooleanArray>()))
                }
                Type::Text => {
                    let texts = rows.iter().map(|row| match &row[at] {
                        Value::Text(text) => Some(text.clone()),
                        _ => None,
                    });
                    (DataType::Utf8, Arc::new(texts.collect::<StringArray>()))
                }
            }
        });
        let (types, arrays): (Vec<DataType>, Vec<ArrayRef>) = columns.unzip();
        let fields = self.columns().into_iter().zip(types);
        let fields: Vec<Field> = fields.map(|((name, _), ty)| Field::new(name, ty, true)).collect();
        RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).unwrap()
    }

    /// Writes its changes into files of a folder, to be read in the order of their names.
    pub fn write_changes(&self, random: &mut Random, folder: &Path) {
        // Each row that passes is taken back somewhere behind the place it was added at.
        let mut changes: Vec<(&Vec<Value>, bool)> =
            self.rows.iter().map(|row| (row, true)).collect();
        for row in &self.passing {
            let added = random.below(changes.len() as u64 + 1) as usize;
            changes.insert(added, (row, true));
            let taken = added + 1 + random.below((changes.len() - added) as u64) as usize;
            changes.insert(taken, (row, false));
        }
        std::fs::create_dir(folder).unwrap();
        let lines: Vec<String> =
            changes.iter().map(|(row, added)| self.change(row, *added)).collect();
        let length = 1 + random.below(6) as usize;
        if lines.is_empty() {
            std::fs::write(folder.join("000.json"), "").unwrap();
        }
        for (at, lines) in lines.chunks(length).enumerate() {
            std::fs::write(folder.join(format!("{at:03}.json")), lines.concat()).unwrap();
        }
    }

    fn change(&self, row: &[Value], added: bool) -> String {
        let fields = row.iter().zip(&self.types).enumerate().map(|(at, (value, ty))| {
            let text = match (value, ty) {
                (Value::Null, _) => "null".to_owned(),
                (Value::Number(number), Type::Bool) => (*number != 0).to_string(),
                (Value::Number(number), _) => number.to_string(),
                (Value::Text(text), _) => format!("\"{text}\""),
            };
            format!("\"c{at}\": {text}")
        });
        let row = format!("{{{}}}", fields.collect::<Vec<_>>().join(", "));
        match added {
            true => format!("{{\"before\": null, \"after\": {row}, \"op\": \"c\"}}\n"),
            false => format!("{{\"before\": {row}, \"after\": null, \"op\": \"d\"}}\n"),
        }
    }

    /// The declaration of its columns in either dialect.
    pub fn declared(&self, flink: bool) -> String {
        let columns = self.columns().into_iter();
        let columns = columns.map(|(name, ty)| format!("{name} {}", type_name(ty, flink)));
        columns.collect::<Vec<_>>().join(", ")
    }

    /// The table as SQL that anyone can run.
    pub fn text(&self) -> String {
        let mut text = format!("{} ({}), {:?}:", self.name, self.declared(true), self.coming);
        for (word, rows) in [("VALUES", &self.rows), ("  passing", &self.passing)] {
            let rows: Vec<String> = rows
                .iter()
                .map(|row| {
                    let cells = row.iter().zip(&self.types).map(|(value, ty)| match value {
                        Value::Null => "NULL".to_owned(),
                        value => literal(value, *ty, false),
                    });
                    format!("({})", cells.collect::<Vec<_>>().join(", "))
                })
                .collect();
            if !rows.is_empty() || word == "VALUES" {
                let _ = write!(text, " {word} {}", rows.join(", "));
            }
        }
        text
    }
}
