//! `cargo workshop predict`: what was predicted next to what was observed.
//!
//! Nothing is observed before everything is predicted. What is observed comes
//! from the tests of the predictions: each says of a wrong one, "`customer`: you
//! predicted pays-twice, and it is never-welcomed".

use std::fs;

use anyhow::{Context, Result, bail};

use crate::attendee::predictions::{Observation, Prediction, observe, parse};
use crate::outcome::Outcome;
use crate::render;
use crate::repository::{Declared, Exercise, Repository};
use crate::running::{Built, Cargo, Package, Test, TestResult};
use crate::terminal;

/// Shows the predictions of an exercise, and what became of them.
pub fn run(repository: &Repository, name: &str) -> Result<Outcome> {
    let exercises = Exercise::all(repository)?;
    let exercise = Exercise::choose(&exercises, name)?;
    let Some(file) = &exercise.predictions else {
        let others: Vec<&str> = exercises
            .iter()
            .filter(|exercise| exercise.predictions.is_some())
            .map(|exercise| exercise.name.number.as_str())
            .collect();
        let others = if others.is_empty() { "none".to_owned() } else { others.join(", ") };
        bail!("{} asks for no predictions; those that do: {others}", exercise.name);
    };
    let shown = format!("exercises/{}/{file}", exercise.name);
    let text = fs::read(exercise.directory.join(file)).with_context(|| format!("{shown} cannot be read"))?;
    let predictions = parse(&String::from_utf8_lossy(&text));
    if predictions.is_empty() {
        bail!("{shown} has no line of the form `key = value`: restore it, and write your answers in it");
    }
    if predictions.iter().any(Prediction::is_open) {
        terminal::show(&render::predictions(exercise, &predictions, None));
        return Ok(Outcome::Red);
    }
    let Some(observed) = observed(repository, exercise, &predictions)? else { return Ok(Outcome::Red) };
    terminal::show(&render::predictions(exercise, &predictions, Some(&observed)));
    let right = observed.iter().all(|observation| *observation == Observation::AsPredicted);
    Ok(if right { Outcome::Green } else { Outcome::Red })
}

/// Runs the tests of the predictions. Nothing, if the exercise does not compile.
fn observed(
    repository: &Repository,
    exercise: &Exercise,
    predictions: &[Prediction],
) -> Result<Option<Vec<Observation>>> {
    let asked = questions(exercise);
    let package = Package::of(exercise);
    let cargo = Cargo::at(repository.root());
    if let Built::Errors(text) = cargo.build(&package)? {
        terminal::pass_on(&text);
        terminal::show(&render::compile_errors(exercise));
        return Ok(None);
    }
    let mut filter = vec!["--exact".to_owned()];
    filter.extend(asked.iter().map(|(test, _)| (*test).to_owned()));
    let run = cargo.test(&package, None, &filter)?;
    if let Some(crash) = run.crash {
        bail!("the tests of {} came to no end: {crash}", exercise.name);
    }
    if let Some(complaint) = run.output.tests.iter().find_map(complaint) {
        bail!("{complaint}");
    }
    let said = |test: &str| -> Option<(bool, &str)> {
        let test = run.output.tests.iter().find(|ran| ran.name == test)?;
        (test.result != TestResult::Ignored).then_some((test.result == TestResult::Ok, test.said.as_str()))
    };
    Ok(Some(observe(predictions, &asked, said)))
}

/// The tests of the predictions, and the first question of each: that is what
/// the untouched starter misses.
fn questions(exercise: &Exercise) -> Vec<(&str, &str)> {
    let mut asked = Vec::new();
    for (test, declared) in &exercise.tests {
        if let Declared::Red(reason) = declared
            && let Some((question, _)) =
                reason.strip_prefix('`').and_then(|rest| rest.split_once("` is not predicted yet"))
        {
            asked.push((test.as_str(), question));
        }
    }
    asked
}

/// What a test says about the file itself.
fn complaint(test: &Test) -> Option<String> {
    let said = crate::running::left_records::unwrapped(&test.said);
    let about_the_file = said.starts_with("predictions.txt, line ") || said.starts_with("predictions.txt: ");
    (test.result == TestResult::Failed && about_the_file).then_some(said)
}
