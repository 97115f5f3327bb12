//! Figures as a table: readable as it is, and Markdown for whoever puts it into a document.

use std::fmt;

/// A table of texts; the first columns name what was measured, the others are figures.
#[derive(Debug, Default)]
pub struct Table {
    header: Vec<String>,
    rows: Vec<Vec<String>>,
    names: usize,
}

impl Table {
    /// A table without rows whose first `names` columns are names.
    pub fn new(header: Vec<String>, names: usize) -> Self {
        Self { header, rows: Vec::new(), names }
    }

    /// Adds a row; cells that are missing are empty.
    pub fn push(&mut self, row: Vec<String>) {
        self.rows.push(row);
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cell = |row: &[String], column: usize| row.get(column).cloned().unwrap_or_default();
        let widths: Vec<usize> = (0..self.header.len())
            .map(|column| {
                let all = self.rows.iter().chain([&self.header]);
                all.map(|row| cell(row, column).chars().count()).max().unwrap_or(0).max(2)
            })
            .collect();
        let line = |f: &mut fmt::Formatter<'_>, row: &[String]| {
            for (column, width) in widths.iter().enumerate() {
                let text = cell(row, column);
                match column < self.names {
                    true => write!(f, "| {text:<width$} ")?,
                    false => write!(f, "| {text:>width$} ")?,
                }
            }
            writeln!(f, "|")
        };
        line(f, &self.header)?;
        for (column, width) in widths.iter().enumerate() {
            let end = if column < self.names { "-" } else { ":" };
            write!(f, "|{}{end}", "-".repeat(width + 1))?;
        }
        writeln!(f, "|")?;
        self.rows.iter().try_for_each(|row| line(f, row))
    }
}

/// A count with its digits in groups of three.
pub fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A figure with about three digits that count.
pub fn rounded(figure: f64) -> String {
    match figure.abs() {
        size if size >= 99.95 => format!("{figure:.0}"),
        size if size >= 9.995 => format!("{figure:.1}"),
        size if size >= 0.9995 => format!("{figure:.2}"),
        _ => format!("{figure:.3}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(cells: &[&str]) -> Vec<String> {
        cells.iter().map(|cell| (*cell).to_owned()).collect()
    }

    #[test]
    fn names_stand_left_and_figures_right() {
        let mut table = Table::new(row(&["query", "s", "rows out"]), 1);
        table.push(row(&["q0", "12.5", "7"]));
        table.push(row(&["a longer name", "1"]));
        let due = "\
| query         |    s | rows out |
|---------------|-----:|---------:|
| q0            | 12.5 |        7 |
| a longer name |    1 |          |
";
        assert_eq!(table.to_string(), due);
    }

    #[test]
    fn figures_are_readable() {
        let counts = [0, 999, 1_000, 1_234_567].map(grouped);
        assert_eq!(counts, ["0", "999", "1,000", "1,234,567"]);
        let figures = [0.01234, 0.9999, 9.994, 9.9951, 99.96, 1_234.5].map(rounded);
        assert_eq!(figures, ["0.012", "1.00", "9.99", "10.0", "100", "1234"]);
    }
}
