//! Runs tasks in rounds, takes medians and shows them.

use std::path::Path;

use serde::Serialize;

use crate::child::{self, Measurement, QueryTask, Task};
use crate::error::Error;
use crate::table::{Table, grouped, rounded};

/// Something that is measured.
#[derive(Debug)]
pub struct Case {
    /// What names it in the report, one text a column.
    pub names: Vec<String>,
    /// What runs.
    pub task: QueryTask,
    /// The events or rows that its speed is told of.
    pub size: u64,
    /// The rows that its sources must give, where that is known.
    pub rows_in: Option<u64>,
    /// What its runs took.
    pub runs: Vec<Measurement>,
}

/// How speed is told.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Speed {
    /// Millions a second of the named.
    MillionsPerSecond(&'static str),
    /// Nanoseconds for each of the named.
    NanosEach(&'static str),
}

/// Runs every case once, then every case again, so that what else the machine does hits all alike.
///
/// # Errors
/// When a run fails, or read something else than it should.
pub fn run(cases: &mut [Case], runs: u32) -> Result<(), Error> {
    for round in 1..=runs {
        for case in &mut *cases {
            eprintln!("run {round} of {runs}: {}", case.task.name);
            let figures: Measurement = child::run(&Task::Query(case.task.clone()))?;
            if let Some(due) = case.rows_in.filter(|due| *due != figures.rows_in) {
                return Err(Error::Unexpected(format!(
                    "{} read {} rows, not the {due} of --events",
                    case.task.name, figures.rows_in
                )));
            }
            case.runs.push(figures);
        }
    }
    Ok(())
}

/// The middle of some figures, or the mean of the two in the middle; `None` of none.
pub fn median(figures: impl IntoIterator<Item = f64>) -> Option<f64> {
    let mut sorted: Vec<f64> = figures.into_iter().collect();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => None,
        odd if odd % 2 == 1 => Some(sorted[middle]),
        _ => Some(f64::midpoint(sorted[middle - 1], sorted[middle])),
    }
}

impl Case {
    fn median(&self, figure: impl Fn(&Measurement) -> Option<f64>) -> Option<f64> {
        median(self.runs.iter().filter_map(figure))
    }

    fn wall_s(&self) -> f64 {
        self.median(|run| Some(run.wall_s)).unwrap_or(f64::NAN)
    }

    /// The shortest and the longest run.
    fn spread(&self) -> String {
        let walls = || self.runs.iter().map(|run| run.wall_s);
        let (least, most) =
            (walls().fold(f64::INFINITY, f64::min), walls().fold(0.0_f64, f64::max));
        format!("{}–{}", rounded(least), rounded(most))
    }

    fn row(&self, speed: Speed) -> Vec<String> {
        let wall_s = self.wall_s();
        let optional = |figure: Option<f64>| figure.map(rounded).unwrap_or_default();
        let mut row = self.names.clone();
        row.extend([
            rounded(match speed {
                Speed::MillionsPerSecond(_) => self.size as f64 / wall_s / 1e6,
                Speed::NanosEach(_) => wall_s * 1e9 / self.size as f64,
            }),
            rounded(wall_s),
            self.spread(),
            optional(self.median(|run| run.cpu_s)),
            optional(self.median(|run| run.peak_mb)),
            // How updates are cut into epochs depends on timing, so the number of changes may, too.
            grouped(self.median(|run| Some(run.rows_out as f64)).unwrap_or(0.0) as u64),
        ]);
        row
    }
}

/// The cases as a table of medians; `names` are the columns that name them.
pub fn table(names: &[&str], speed: Speed, cases: &[Case]) -> String {
    let speed_name = match speed {
        Speed::MillionsPerSecond(what) => format!("M {what}/s"),
        Speed::NanosEach(what) => format!("ns/{what}"),
    };
    let figures = ["wall s", "from–to", "CPU s", "peak MB", "rows out"].map(str::to_owned);
    let mut header: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    header.push(speed_name);
    header.extend(figures);
    let mut table = Table::new(header, names.len());
    cases.iter().for_each(|case| table.push(case.row(speed)));
    table.to_string()
}

#[derive(Serialize)]
struct Line<'a> {
    size: u64,
    parallelism: usize,
    rows_per_second: f64,
    wall_s: f64,
    cpu_s: Option<f64>,
    peak_mb: Option<f64>,
    rows_out: Option<f64>,
    runs: &'a [Measurement],
}

/// The medians and all runs of the cases, as an array of JSON objects; `names` are the keys of what names
/// them.
///
/// # Errors
/// When there are figures that JSON does not have.
pub fn json(names: &[&str], cases: &[Case]) -> Result<serde_json::Value, Error> {
    let line = |case: &Case| {
        let mut object = serde_json::Map::new();
        for (key, name) in names.iter().zip(&case.names) {
            object.insert((*key).to_owned(), name.as_str().into());
        }
        let figures = serde_json::to_value(Line {
            size: case.size,
            parallelism: case.task.parallelism,
            rows_per_second: case.size as f64 / case.wall_s(),
            wall_s: case.wall_s(),
            cpu_s: case.median(|run| run.cpu_s),
            peak_mb: case.median(|run| run.peak_mb),
            rows_out: case.median(|run| Some(run.rows_out as f64)),
            runs: &case.runs,
        })?;
        if let serde_json::Value::Object(figures) = figures {
            object.extend(figures);
        }
        Ok(serde_json::Value::Object(object))
    };
    cases.iter().map(line).collect()
}

/// Writes figures into a file, where one is asked for.
///
/// # Errors
/// When it cannot be written.
pub fn save(path: Option<&Path>, figures: &serde_json::Value) -> Result<(), Error> {
    let Some(path) = path else { return Ok(()) };
    std::fs::write(path, format!("{figures:#}\n")).map_err(Error::at(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case(walls: &[f64]) -> Case {
        let run = |wall_s: &f64| Measurement {
            rows_in: 2_000_000,
            rows_out: 1_234,
            wall_s: *wall_s,
            cpu_s: Some(wall_s * 2.0),
            peak_mb: None,
        };
        let name = "q0".to_owned();
        let task =
            QueryTask { name: name.clone(), parallelism: 2, load: None, script: String::new() };
        let runs = walls.iter().map(run).collect();
        Case { names: vec![name], task, size: 2_000_000, rows_in: None, runs }
    }

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(median([]), None);
        assert_eq!(median([3.0]), Some(3.0));
        assert_eq!(median([9.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median([4.0, 1.0, 2.0, 100.0]), Some(3.0));
    }

    #[test]
    fn a_table_has_medians_and_the_spread() {
        let shown =
            table(&["query"], Speed::MillionsPerSecond("events"), &[case(&[0.5, 0.4, 2.0])]);
        let due = "\
| query | M events/s | wall s |    from–to | CPU s | peak MB | rows out |
|-------|-----------:|-------:|-----------:|------:|--------:|---------:|
| q0    |       4.00 |  0.500 | 0.400–2.00 |  1.00 |         |    1,234 |
";
        assert_eq!(shown, due);
        assert!(table(&["query"], Speed::NanosEach("row"), &[case(&[0.5])]).contains("|    250 |"));
    }

    #[test]
    fn json_has_the_runs_beside_their_medians() {
        let json = json(&["query"], &[case(&[0.5, 1.0])]).unwrap();
        assert_eq!(json[0]["query"], "q0");
        assert_eq!(json[0]["wall_s"].to_string(), "0.75");
        assert_eq!(json[0]["runs"][1]["wall_s"].to_string(), "1.0");
        assert_eq!(json[0]["peak_mb"], serde_json::Value::Null);
    }
}
