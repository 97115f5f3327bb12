//! One case: tables, a query, and how it is run; and whether millstream answers as SQLite does.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use millstream::Engine;
use millstream_testing::Random;

use crate::ast::Query;
use crate::generate::Generator;
use crate::oracle::{Answer, answer};
use crate::result::{Rows, cell};
use crate::tables::{Coming, Table};
use crate::{REFUSALS, render};

/// Tables, a query over them, and how the engine runs it.
#[derive(Debug, Clone)]
pub struct Case {
    pub seed: u64,
    pub tables: Vec<Table>,
    pub query: Query,
    pub parallelism: usize,
    pub pieces: usize,
}

/// What came of a case.
#[derive(Debug)]
pub enum Outcome {
    /// Both gave the same number of rows.
    Same(usize),
    /// SQLite would take too long.
    Skipped,
    /// A refusal that is known and documented.
    Refused(&'static str),
    Failed(Failure),
}

/// What is wrong.
#[derive(Debug)]
pub enum Failure {
    /// SQLite does not take the query: the test is wrong.
    Oracle(String),
    /// The engine does not take the query, or fails while it runs.
    Error(String),
    /// A row was taken back that was not there.
    Negative(Rows),
    Different {
        given: Rows,
        due: Rows,
    },
}

impl Failure {
    /// Failures of one kind have equal texts.
    pub fn kind(&self) -> String {
        match self {
            Self::Oracle(message) => format!("oracle: {message}"),
            // Names and numbers are those of one query.
            Self::Error(message) => {
                let plain = |c: &char| !c.is_ascii_digit();
                let start: String = message.chars().filter(plain).take(70).collect();
                format!("error: {start}")
            }
            Self::Negative(_) => "negative".to_owned(),
            Self::Different { .. } => "different".to_owned(),
        }
    }
}

impl Case {
    /// The case of a seed: the first of a few whose result has rows.
    pub fn random(seed: u64) -> Self {
        let mut random = Random::new(seed.wrapping_mul(0x2545_f491_4f6c_dd1d));
        let mut case = Self::next(seed, &mut random);
        for _ in 0..3 {
            match answer(&case.tables, &render::sqlite(&case.query)) {
                Answer::Rows(rows) if rows.is_empty() => case = Self::next(seed, &mut random),
                _ => break,
            }
        }
        case
    }

    fn next(seed: u64, random: &mut Random) -> Self {
        let changing = random.below(3) == 0;
        let tables: Vec<Table> =
            (0..3).map(|at| Table::random(random, &format!("t{at}"), changing)).collect();
        let columns = tables.iter().map(|table| (table.name.clone(), table.columns()));
        let query = Generator::new(random, columns.collect()).whole();
        let parallelism = 1 + random.below(3) as usize;
        let pieces = 1 + random.below(4) as usize;
        Self { seed, tables, query, parallelism, pieces }
    }

    /// Runs it on both.
    pub fn run(&self, runtime: &tokio::runtime::Runtime) -> Outcome {
        let due = match answer(&self.tables, &render::sqlite(&self.query)) {
            Answer::Rows(rows) => rows,
            Answer::TooLong => return Outcome::Skipped,
            Answer::Wrong(message) => return Outcome::Failed(Failure::Oracle(message)),
        };
        let streamed = async {
            let limit = Duration::from_secs(60);
            tokio::time::timeout(limit, self.stream())
                .await
                .unwrap_or_else(|_| Err(Failure::Error("it does not end".to_owned())))
        };
        let given =
            catch_unwind(AssertUnwindSafe(|| runtime.block_on(streamed))).unwrap_or_else(|panic| {
                let text = panic.downcast_ref::<String>().cloned();
                let text = text.or_else(|| panic.downcast_ref::<&str>().map(|s| (*s).to_owned()));
                Err(Failure::Error(format!("panic: {}", text.unwrap_or_default())))
            });
        match given {
            Ok(given) if given == due => Outcome::Same(due.len()),
            Ok(given) => Outcome::Failed(Failure::Different { given, due }),
            Err(Failure::Error(message)) => {
                match REFUSALS.iter().find(|(refusal, _)| message.contains(refusal)) {
                    Some((refusal, _)) => Outcome::Refused(refusal),
                    None => Outcome::Failed(Failure::Error(message)),
                }
            }
            Err(failure) => Outcome::Failed(failure),
        }
    }

    async fn stream(&self) -> Result<Rows, Failure> {
        let engine =
            Engine::builder().parallelism(self.parallelism).pieces_per_epoch(self.pieces).build();
        let folder = tempfile::tempdir().unwrap();
        for table in &self.tables {
            self.register(&engine, table, folder.path()).await;
        }
        let wrong = |error: millstream::Error| Failure::Error(error.to_string());
        let mut query = engine.sql(&render::flink(&self.query)).await.map_err(wrong)?;
        let mut rows = Rows::new();
        while let Some(changes) = query.next().await {
            let changes = changes.map_err(wrong)?;
            for row in 0..changes.num_rows() {
                let line = changes.rows.columns().iter().map(|column| cell(column, row)).collect();
                *rows.entry(line).or_default() += changes.weight(row);
            }
            rows.retain(|_, copies| *copies != 0);
            // Shards give the changes of an epoch one after the other.
            if self.parallelism == 1 && rows.values().any(|copies| *copies < 0) {
                return Err(Failure::Negative(rows));
            }
        }
        match rows.values().any(|copies| *copies < 0) {
            true => Err(Failure::Negative(rows)),
            false => Ok(rows),
        }
    }

    async fn register(&self, engine: &Engine, table: &Table, folder: &std::path::Path) {
        let name = &table.name;
        // How rows are cut does not change while a case is made smaller.
        let mut random = Random::new(self.seed);
        let added = table.added(&mut random);
        match table.coming {
            Coming::Added => {
                engine.register_batches(name, table.batches(&mut random, &added)).unwrap();
            }
            Coming::Difference => {
                let added = table.batches(&mut random, &added);
                let taken = table.batches(&mut random, &table.passing);
                engine.register_batches(&format!("{name}_added"), added).unwrap();
                engine.register_batches(&format!("{name}_taken"), taken).unwrap();
                let view = format!(
                    "CREATE VIEW {name} AS SELECT * FROM {name}_added EXCEPT ALL \
                     SELECT * FROM {name}_taken"
                );
                engine.execute(&view).await.unwrap();
            }
            Coming::Changes => {
                let folder = folder.join(name);
                table.write_changes(&mut random, &folder);
                let create = format!(
                    "CREATE TABLE {name} ({}) WITH ('connector' = 'filesystem', \
                     'format' = 'debezium-json', 'path' = '{}')",
                    table.declared(true),
                    folder.display()
                );
                engine.execute(&create).await.unwrap();
            }
        }
    }
}
