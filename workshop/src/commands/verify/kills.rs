//! The kill table: which property catches each mistake, and with how little.
//!
//! It stands in `solutions/KILLS.md`, is written by `verify --fix`, and is
//! compared by `verify` in everything but the times.

use std::fmt::Write as _;

use records::Record;

use super::culprit::Culprit;
use crate::repository::{Exercise, Repository};
use crate::running::left_records::own_name;

const FILE: &str = "solutions/KILLS.md";

/// One mistake, killed.
#[derive(Debug)]
pub struct Kill {
    exercise: String,
    mistake: String,
    caught_by: String,
    faults: usize,
    steps: usize,
    micros: u64,
}

/// The mistakes of an exercise: those that have a file, each with the shortest
/// of the stories that its test has found.
pub fn of(repository: &Repository, exercise: &Exercise, records: &[Record]) -> Vec<Kill> {
    let folder = repository.solution(&exercise.name).join("mistakes");
    let mut files: Vec<String> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| Some(entry.file_name().to_str()?.strip_suffix(".rs")?.to_owned()))
        .collect();
    files.sort();
    files
        .into_iter()
        .filter_map(|mistake| {
            let found = records
                .iter()
                .filter(|record| own_name(&record.test) == mistake && record.verdict != "holds");
            let record = found.min_by_key(|record| (record.faults, record.steps))?;
            Some(Kill {
                exercise: exercise.name.number.clone(),
                mistake: mistake.replace('_', " "),
                caught_by: caught_by(record),
                faults: record.faults,
                steps: record.steps,
                micros: record.micros,
            })
        })
        .collect()
}

/// A property, or what else kept a search from holding.
fn caught_by(record: &Record) -> String {
    let no_property = match record.verdict.as_str() {
        "inconclusive" => "the search comes to no end",
        _ => "the handler cannot be run",
    };
    record.property.clone().unwrap_or_else(|| no_property.to_owned())
}

/// Compares the table that is written with the one that was found; with `fix`,
/// writes it. Rows of exercises that were not seen are left as they are.
pub fn check(repository: &Repository, kills: &[Kill], unseen: &[String], fix: bool) -> Option<Culprit> {
    let path = repository.root().join("solutions").join("KILLS.md");
    if kills.is_empty() && !path.exists() {
        return None;
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default().replace("\r\n", "\n");
    let table = table(kills, &rows_of(unseen, &written));
    // Where there are no mistakes, no table is missed.
    let none = kills.is_empty() && written.is_empty();
    if none || without_times(&written) == without_times(&table) {
        return None;
    }
    if fix {
        return std::fs::write(&path, table)
            .err()
            .map(|error| Culprit::new(FILE, format!("it cannot be written: {error}"), "make it writable"));
    }
    let mend = format!("run {}", crate::terminal::code("cargo workshop verify --fix"));
    Some(Culprit::new(FILE, "it is not what the harness finds now", mend))
}

/// The rows of these exercises in a table.
fn rows_of<'a>(numbers: &[String], table: &'a str) -> Vec<&'a str> {
    table
        .lines()
        .filter(|row| numbers.iter().any(|number| row.starts_with(&format!("| {number} |"))))
        .collect()
}

/// The table of these, and of those whose rows stay as they are, by exercise.
fn table(kills: &[Kill], unseen: &[&str]) -> String {
    let mut table = String::from(
        "# Mistakes, and what kills them\n\n\
         Tempting wrong answers, each compiled and run under the explorer. The property\n\
         is the first that its shortest story violates; the faults are the fewest that\n\
         will do. The times are from the machine that wrote this table (dev profile,\n\
         tests in parallel). Written by `cargo workshop verify --fix`.\n\n\
         | exercise | mistake | caught by | faults | steps | ms |\n\
         |---|---|---|---|---|---|\n",
    );
    let row = |Kill { exercise, mistake, caught_by, faults, steps, micros }: &Kill| {
        let ms = micros.div_ceil(1_000);
        format!("| {exercise} | {mistake} | {caught_by} | {faults} | {steps} | {ms} |")
    };
    let mut rows: Vec<String> = kills.iter().map(row).collect();
    rows.extend(unseen.iter().map(|&row| row.to_owned()));
    rows.sort_by(|one, other| exercise_of(one).cmp(&exercise_of(other)));
    for row in rows {
        _ = writeln!(table, "{row}");
    }
    table
}

/// The number in the first column of a row.
fn exercise_of(row: &str) -> Option<&str> {
    row.split(' ').nth(1)
}

/// The table without its last column.
fn without_times(table: &str) -> Vec<&str> {
    table
        .lines()
        .map(|line| match line.strip_suffix(" |").and_then(|row| row.rsplit_once(" | ")) {
            Some((row, _)) if line.starts_with("| ") => row,
            _ => line,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kill(steps: usize, micros: u64) -> Kill {
        let exercise = "04".to_owned();
        let (mistake, caught_by) = ("sends first".to_owned(), "NoLostMessages".to_owned());
        Kill { exercise, mistake, caught_by, faults: 1, steps, micros }
    }

    #[test]
    fn only_the_times_may_differ() {
        let one = table(&[kill(7, 900)], &[]);
        assert!(one.ends_with("| 04 | sends first | NoLostMessages | 1 | 7 | 1 |\n"), "{one}");
        assert_eq!(without_times(&one), without_times(&table(&[kill(7, 9_000)], &[])));
        assert_ne!(without_times(&one), without_times(&table(&[kill(8, 900)], &[])));
        assert_ne!(without_times(&one), without_times(&table(&[], &[])));
    }

    #[test]
    fn what_was_not_seen_stays_where_it_is() {
        let of = |exercise: &str| Kill { exercise: exercise.to_owned(), ..kill(7, 900) };
        let written = table(&[of("03"), of("04"), of("04"), of("12")], &[]);
        for unseen in ["03", "04", "12"] {
            let kept = rows_of(&[unseen.to_owned()], &written);
            let seen =
                [of("03"), of("04"), of("04"), of("12")].into_iter().filter(|it| it.exercise != unseen);
            assert_eq!(table(&seen.collect::<Vec<_>>(), &kept), written, "without {unseen}");
        }
    }
}
