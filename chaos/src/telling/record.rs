//! Hands reports to the `cargo workshop` command.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use records::Record;

use super::report::Report;
use crate::environment;

/// Leaves a mark for `cargo workshop` for as long as this lives: if the process ends
/// meanwhile, the mark stays, and says in which test.
pub(crate) fn mark_running() -> Option<Mark> {
    static SERIAL: AtomicU32 = AtomicU32::new(0);
    let directory = std::env::var_os(environment::REPORTS).map(PathBuf::from)?;
    let serial = SERIAL.fetch_add(1, Ordering::Relaxed);
    let place = directory.join(format!("{}-{serial}.running", std::process::id()));
    let test = std::thread::current().name().unwrap_or("main").to_owned();
    std::fs::write(&place, test).ok()?;
    Some(Mark(place))
}

/// A run or a search is going on.
pub(crate) struct Mark(PathBuf);

impl Drop for Mark {
    fn drop(&mut self) {
        _ = std::fs::remove_file(&self.0);
    }
}

/// Whether what is told is to be filmed, too: films are large, and few are looked at.
pub(crate) fn is_filmed() -> bool {
    [environment::REPORTS, environment::FILMS].iter().all(|name| std::env::var_os(name).is_some())
}

/// Whether the states of a search are to be drawn, too.
pub(crate) fn is_drawn() -> bool {
    [environment::REPORTS, environment::SPACE].iter().all(|name| std::env::var_os(name).is_some())
}

/// Leaves a record of the report for `cargo workshop`, if it has asked for one
/// by naming a directory in `CHAOS_REPORTS`.
pub(crate) fn leave_record(report: &Report, started: Instant) {
    static SERIAL: AtomicU32 = AtomicU32::new(0);
    let Some(directory) = std::env::var_os(environment::REPORTS).map(PathBuf::from) else { return };
    let record = Record {
        package: std::env::var("CARGO_PKG_NAME").unwrap_or_default(),
        test: std::thread::current().name().unwrap_or("main").to_owned(),
        verdict: report.verdict_in_a_word().to_owned(),
        headline: report.headline(),
        text: report.to_string(),
        story: report.story.clone(),
        coverage: report.visited.iter().map(|fault| fault.to_string()).collect(),
        states: report.counts.states,
        property: report.violated().map(|property| format!("{property:?}")),
        faults: report.faults,
        steps: report.steps,
        micros: started.elapsed().as_micros() as u64,
        single: report.single,
        replay: report.replay.clone(),
        film: report.film.clone(),
        beside: report.beside.clone(),
        space: report.space.clone(),
    };
    let serial = SERIAL.fetch_add(1, Ordering::Relaxed);
    let name = format!("{}-{}-{serial}.json", std::process::id(), record.test.replace("::", "-"));
    // A record that cannot be written is no reason to fail a test.
    if let Ok(text) = serde_json::to_string_pretty(&record) {
        _ = std::fs::write(directory.join(name), text);
    }
}
