//! `cargo workshop explore`: a search with other bounds than those of the tests.
//!
//! Every exercise with a handler has an ignored test, `explore_deeper`. It runs
//! alone, and is told the bounds through its environment.

use std::fs::File;

use anyhow::{Context, Result, bail};
use records::Record;

use crate::args::Bounds;
use crate::outcome::Outcome;
use crate::render;
use crate::repository::{Exercise, Repository};
use crate::running::{Built, Cargo, Package, Patience, Presses, TestRun, Unwanted, step_aside};
use crate::terminal;

/// The test that is run.
const TEST: &str = "explore_deeper";

/// Explores an exercise within these bounds, or until Ctrl-C is pressed.
pub fn run(repository: &Repository, name: &str, bounds: Bounds) -> Result<Outcome> {
    let exercises = Exercise::all(repository)?;
    let exercise = Exercise::choose(&exercises, name)?;
    if !exercise.tests.iter().any(|(test, _)| test == TEST) {
        let able: Vec<&str> = exercises
            .iter()
            .filter(|exercise| exercise.tests.iter().any(|(test, _)| test == TEST))
            .map(|exercise| exercise.name.number.as_str())
            .collect();
        let able = if able.is_empty() { "none".to_owned() } else { able.join(", ") };
        bail!("{} has no search that could go further; those that have one: {able}", exercise.name);
    }
    step_aside();
    let folder = tempfile::tempdir().context("no temporary directory can be made")?;
    let (stop, alive) = (folder.path().join("stop"), folder.path().join("alive"));
    // The child looks whether the lock is still held: should this command be
    // killed, a search without a limit must not go on.
    let lock = File::create(&alive).context("no temporary file can be made")?;
    _ = lock.lock();
    let presses = Presses::count({
        let stop = stop.clone();
        // Another press, or none at all, has to do where this fails.
        move || _ = File::create(&stop)
    })?;

    let package = Package { name: exercise.name.package(), directory: exercise.directory.clone() };
    let mut cargo = Cargo::at(repository.root());
    cargo.patience = until(&presses, 1);
    match cargo.build(&package) {
        Ok(Built::Done(_)) => {}
        Ok(Built::Errors(text)) => {
            terminal::pass_on(&text);
            terminal::show(&render::compile_errors(exercise));
            return Ok(Outcome::Red);
        }
        Err(error) => return stopped(error),
    }
    let notice = format!(
        "Exploring {}: {}. Ctrl-C ends it with what is known by then.",
        exercise.name,
        in_words(bounds)
    );
    terminal::show(&(terminal::paragraph(&notice, "  ") + "\n"));
    cargo.patience = until(&presses, 2);
    cargo.environment = vec![
        ("CHAOS_DEEPER", for_the_search(bounds).into()),
        ("CHAOS_STOP", stop.into()),
        ("CHAOS_ALIVE", alive.into()),
    ];
    let filter = ["--exact", TEST, "--ignored"].map(str::to_owned);
    match cargo.test(&package, None, &filter) {
        Ok(run) => tell(exercise, bounds, run),
        Err(error) => stopped(error),
    }
}

fn until(presses: &Presses, times: usize) -> Patience {
    let presses = presses.clone();
    Patience { unwanted: Some(std::sync::Arc::new(move || presses.at_least(times))), ..Patience::default() }
}

/// It was stopped for good: there is nothing to tell.
fn stopped(error: anyhow::Error) -> Result<Outcome> {
    if error.is::<Unwanted>() {
        terminal::show("\n  Stopped, and nothing is known.\n");
        return Ok(Outcome::Inconclusive);
    }
    Err(error)
}

/// Shows what the search came to.
fn tell(exercise: &Exercise, bounds: Bounds, run: TestRun) -> Result<Outcome> {
    let Some(record) = run.records.iter().rfind(|record| record.test == TEST) else {
        match run.crash {
            Some(crash) => bail!("the search in {} came to no end: {crash}", exercise.name),
            None => bail!(
                "the test {TEST} of {} makes no search: its tests/ are not as they were; restore them, and try again",
                exercise.name
            ),
        }
    };
    terminal::show(&render::record(&record.text));
    Ok(match record.verdict.as_str() {
        "holds" => {
            terminal::show(&covered(record));
            Outcome::Green
        }
        "inconclusive" => {
            if record.states > bounds.states as usize {
                let more = "More states are allowed with --states; mind the memory of this machine.";
                terminal::show(&terminal::paragraph(more, ""));
            }
            Outcome::Inconclusive
        }
        _ => Outcome::Red,
    })
}

/// What a green search rests on.
fn covered(record: &Record) -> String {
    if record.coverage.is_empty() {
        return String::new();
    }
    let struck = format!("Struck with work in flight: {}.", record.coverage.join("; "));
    format!("\n{}", terminal::paragraph(&struck, ""))
}

/// The bounds as the search reads them.
fn for_the_search(bounds: Bounds) -> String {
    let Bounds { messages, workers, faults, stale, late, states } = bounds;
    let stale = stale.map(|stale| format!(" stale={stale}")).unwrap_or_default();
    let late = if late { " late=1" } else { "" };
    format!("messages={messages} workers={workers} faults={faults}{stale}{late} states={states}")
}

fn in_words(bounds: Bounds) -> String {
    let count = |number: u8, what: &str| format!("{number} {what}{}", if number == 1 { "" } else { "s" });
    let mut words = format!(
        "{}, {}, at most {}",
        count(bounds.messages, "message"),
        count(bounds.workers, "worker"),
        count(bounds.faults, "fault")
    );
    if let Some(stale) = bounds.stale {
        words += &format!(", at most {}", count(stale, "stale read"));
    }
    if bounds.late {
        words += ", calls may land late";
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_told_to_the_search_and_to_people() {
        let bounds = Bounds { messages: 3, workers: 1, faults: 2, stale: None, late: false, states: 9 };
        assert_eq!(for_the_search(bounds), "messages=3 workers=1 faults=2 states=9");
        assert_eq!(in_words(bounds), "3 messages, 1 worker, at most 2 faults");
        let bounds = Bounds { stale: Some(1), ..bounds };
        assert_eq!(for_the_search(bounds), "messages=3 workers=1 faults=2 stale=1 states=9");
        assert_eq!(in_words(bounds), "3 messages, 1 worker, at most 2 faults, at most 1 stale read");
        let bounds = Bounds { stale: None, late: true, ..bounds };
        assert_eq!(for_the_search(bounds), "messages=3 workers=1 faults=2 late=1 states=9");
        assert_eq!(in_words(bounds), "3 messages, 1 worker, at most 2 faults, calls may land late");
    }
}
