//! `cargo workshop replay`: one recorded run, told again.

use anyhow::{Context, Result, bail};
use records::{BadCode, Record, ReplayCode};

use crate::outcome::Outcome;
use crate::render;
use crate::repository::{Exercise, Repository};
use crate::running::left_records::unwrapped;
use crate::running::{Built, Cargo, Package};
use crate::terminal;

/// Runs the tests of the exercise that the code belongs to, and shows what the
/// one that knows the code makes of it.
pub fn run(repository: &Repository, text: &str) -> Result<Outcome> {
    let code: ReplayCode = text.parse()?;
    let number = code.exercise();
    // As it is printed, however it was typed.
    let code_text = code.to_string();
    if number == "x" {
        bail!(
            "{code_text} was recorded outside of the exercises; set CHAOS_REPLAY to it, and run the tests of the \
             package that printed it"
        );
    }
    let exercises = Exercise::all(repository)?;
    let exercise = Exercise::choose(&exercises, number)
        .with_context(|| format!("{code_text} belongs to exercise {number}"))?;
    let cargo = Cargo::at(repository.root());
    let package = Package { name: exercise.name.package(), directory: exercise.directory.clone() };
    if let Built::Errors(text) = cargo.build(&package)? {
        terminal::pass_on(&text);
        terminal::show(&render::compile_errors(exercise));
        return Ok(Outcome::Red);
    }
    let records = cargo.test(&package, Some(&code_text), &[])?.records;
    if let Some(record) =
        records.iter().find(|record| record.single && record.replay.as_deref() == Some(&*code_text))
    {
        terminal::show(&render::record(&record.text));
        return Ok(match record.verdict.as_str() {
            "holds" => Outcome::Green,
            "inconclusive" => Outcome::Inconclusive,
            _ => Outcome::Red,
        });
    }
    let test = terminal::code(&format!("cargo workshop test {number}"));
    if records.iter().any(recorded_with_other_code) {
        bail!(
            "{code_text} was recorded with other code than exercises/{} has now: run {test}, \
             and replay the code that it prints",
            exercise.name
        );
    }
    bail!(
        "no test of {} knows the code {code_text}: run {test}, and replay the code that it \
         prints",
        exercise.name
    );
}

/// Whether a test knew the code, and its handler could not follow it.
fn recorded_with_other_code(record: &Record) -> bool {
    let sentence = BadCode::OtherHandler { step: 0, choice: 0, available: 0 }.to_string();
    let (words, _) = sentence.split_once(':').unwrap_or((&sentence, ""));
    // The report begins it with a capital letter.
    unwrapped(&record.text).to_lowercase().contains(&words.to_lowercase())
}
