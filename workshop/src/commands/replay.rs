//! `cargo workshop replay`: one recorded run, told again.

use std::path::PathBuf;

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
    let exercises = Exercise::all(repository)?;
    let exercise = exercise_of(&exercises, &code)?;
    let cargo = Cargo::at(repository.root());
    let Some(Known { record, .. }) = known(&cargo, exercise, &code)? else { return Ok(Outcome::Red) };
    terminal::show(&render::record(&record.text));
    if !record.story.is_empty() {
        terminal::show(&render::look_at_it(&exercise.name.number, &format!("--code {code}")));
    }
    Ok(outcome(&record))
}

/// What a run or a search comes to.
pub fn outcome(record: &Record) -> Outcome {
    match record.verdict.as_str() {
        "holds" => Outcome::Green,
        "inconclusive" => Outcome::Inconclusive,
        _ => Outcome::Red,
    }
}

/// The exercise that a code was recorded in.
pub fn exercise_of<'a>(exercises: &'a [Exercise], code: &ReplayCode) -> Result<&'a Exercise> {
    let number = code.exercise();
    if number == "x" {
        bail!(
            "{code} was recorded outside of the exercises; set CHAOS_REPLAY to it, and run the tests of the \
             package that printed it"
        );
    }
    Exercise::choose(exercises, number).with_context(|| format!("{code} belongs to exercise {number}"))
}

/// A code that a test knows.
pub struct Known {
    /// The package of the test.
    pub package: Package,
    /// Its test programs.
    pub programs: Vec<PathBuf>,
    /// The run, told again.
    pub record: Record,
}

/// Looks for the test that knows a code; nothing, if the exercise does not compile,
/// which is shown.
pub fn known(cargo: &Cargo, exercise: &Exercise, code: &ReplayCode) -> Result<Option<Known>> {
    // As it is printed, however it was typed.
    let code = code.to_string();
    let package = Package::of(exercise);
    let programs = match cargo.build(&package)? {
        Built::Done { programs, .. } => programs,
        Built::Errors(text) => {
            terminal::pass_on(&text);
            terminal::show(&render::compile_errors(exercise));
            return Ok(None);
        }
    };
    let mut records = cargo.test(&package, Some(&code), &[])?.records;
    let is_it = |record: &Record| record.single && record.replay.as_deref() == Some(&*code);
    if let Some(place) = records.iter().position(is_it) {
        return Ok(Some(Known { package, programs, record: records.swap_remove(place) }));
    }
    let test = terminal::code(&format!("cargo workshop test {}", exercise.name.number));
    if records.iter().any(recorded_with_other_code) {
        bail!(
            "{code} was recorded with other code than exercises/{} has now: run {test}, \
             and replay the code that it prints",
            exercise.name
        );
    }
    bail!(
        "no test of {} knows the code {code}: run {test}, and replay the code that it \
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
