//! A table of Markdown, as it was measured and kept.

use anyhow::{Context, Result, ensure};

/// A table: what its columns are called, and its rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// The names of the columns, that of the first included.
    pub head: Vec<String>,
    /// The rows, as many cells in each.
    pub rows: Vec<Vec<String>>,
}

impl Table {
    /// Reads a table: its head, a line of dashes, its rows.
    pub fn read(lines: &[String]) -> Result<Self> {
        let cells = |line: &String| -> Vec<String> {
            line.trim().trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect()
        };
        let mut lines = lines.iter().filter(|line| line.starts_with('|'));
        let head = cells(lines.next().context("there is no table")?);
        let dashes = lines.next().context("the table ends after its head")?;
        ensure!(dashes.contains("---"), "below the head of the table is no line of dashes");
        let rows: Vec<Vec<String>> = lines.map(cells).collect();
        ensure!(!rows.is_empty(), "the table has no rows");
        for row in &rows {
            ensure!(row.len() == head.len(), "the row {:?} has not as many cells as the head", row[0]);
        }
        Ok(Self { head, rows })
    }

    /// The first rows of it, up to the one that is called so.
    pub fn up_to(mut self, last: Option<&str>) -> Result<Self> {
        if let Some(last) = last {
            let place = self.rows.iter().position(|row| row[0] == last);
            self.rows.truncate(1 + place.with_context(|| format!("the table has no row {last:?}"))?);
        }
        Ok(self)
    }
}

/// The number that a text begins with, or ends with if `last`: `1,221 B` is 1221.
pub fn number_in(text: &str, last: bool) -> Result<f64> {
    let word = match last {
        true => text.split_whitespace().next_back(),
        false => text.split_whitespace().next(),
    };
    let digits = word.unwrap_or_default().trim_end_matches(',').replace(',', "");
    digits
        .parse()
        .ok()
        .filter(|number: &f64| number.is_finite())
        .with_context(|| format!("{text:?} is no number"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn a_table_is_read_and_what_is_none_is_refused() {
        let table = Table::read(&lines("| a | b |\n|---|---|\n| x | 1 |\n| y | 2 |\n")).unwrap();
        assert_eq!(table.head, ["a", "b"]);
        assert_eq!(table.clone().up_to(Some("x")).unwrap().rows, [["x", "1"]]);
        assert_eq!(table.clone().up_to(None).unwrap(), table);
        assert!(table.up_to(Some("z")).unwrap_err().to_string().contains("no row \"z\""));
        for (text, sentence) in [
            ("", "there is no table"),
            ("| a |", "ends after its head"),
            ("| a |\n| b |", "no line of dashes"),
            ("| a |\n|---|", "no rows"),
            ("| a | b |\n|---|---|\n| x |", "not as many cells"),
        ] {
            let error = Table::read(&lines(text)).unwrap_err().to_string();
            assert!(error.contains(sentence), "{error}");
        }
    }

    #[test]
    fn numbers_are_read_as_people_write_them() {
        let read = |text: &str, last: bool| number_in(text, last).map_err(|error| error.to_string());
        assert_eq!(read("123,893 B", false), Ok(123_893.0));
        assert_eq!(read("34 B, 1,000 in the inbox", false), Ok(34.0));
        assert_eq!(read("after 1,000", true), Ok(1_000.0));
        assert!(read("none", false).is_err() && read("", true).is_err() && read("inf", false).is_err());
    }
}
