//! Our solution, as the files of the exercise that it is put into.

use std::path::Path;

use anyhow::{Result, ensure};

use super::exercise::Exercise;
use super::files::Files;
use super::paths::Repository;
use super::starters;
use crate::terminal;

/// Our solution to an exercise; an error, if this copy of the workshop has none.
///
/// A solution may include files of its exercise by their paths. One that it
/// includes stays there, as it was shipped; and a file of the solution that does
/// nothing but include the one at its own place is that one.
pub fn of(repository: &Repository, exercise: &Exercise) -> Result<Files> {
    let name = &exercise.name;
    let predictions = exercise.predictions.as_deref();
    let starter = starters::of(repository, exercise)?;
    ensure!(is_here(repository, exercise), missing(&[name.number.as_str()]));
    let mut ours = Files::read(&repository.solution(name), predictions)?;
    let included: Vec<_> = starter.paths().filter(|path| includes(&ours, exercise, path)).collect();
    for path in included {
        ours.take_over(path, &starter);
    }
    for path in starter.paths().filter(|path| predictions.is_some_and(|file| *path == Path::new(file))) {
        if ours.get(path).is_none() {
            ours.take_over(path, &starter);
        }
    }
    Ok(ours)
}

/// Our solutions to all of these; an error that names each one that this copy of the
/// workshop does not have.
pub fn of_all<'a>(repository: &Repository, exercises: &[&'a Exercise]) -> Result<Vec<(&'a Exercise, Files)>> {
    let not_here: Vec<&str> = exercises
        .iter()
        .filter(|exercise| !is_here(repository, exercise))
        .map(|exercise| exercise.name.number.as_str())
        .collect();
    ensure!(not_here.is_empty(), missing(&not_here));
    exercises.iter().map(|&exercise| Ok((exercise, of(repository, exercise)?))).collect()
}

/// Whether this copy of the workshop has our solution.
fn is_here(repository: &Repository, exercise: &Exercise) -> bool {
    repository.solution(&exercise.name).join("src").join("lib.rs").is_file()
}

/// That there are no solutions to the exercises with these numbers, and what to do.
fn missing(numbers: &[&str]) -> String {
    let unlock = |number: &str| terminal::code(&format!("cargo workshop handout DIR --unlock {number}"));
    match numbers {
        [one] => {
            format!(
                "this handout has no solution for {one}: ask the instructor to unlock it with {}",
                unlock(one)
            )
        }
        several => format!(
            "this handout has no solutions for {}: ask the instructor to unlock each of them with {}",
            several.join(", "),
            unlock("NN")
        ),
    }
}

/// What we have written of it below `src/`; what was provided tells no story.
pub fn written(repository: &Repository, exercise: &Exercise) -> Result<Files> {
    let ours = of(repository, exercise)?;
    let starter = starters::of(repository, exercise)?;
    let library = Path::new("src").join("lib.rs");
    let mut written = Files::default();
    for path in ours.paths().filter(|path| path.starts_with("src")) {
        if path == library || ours.get(path) != starter.get(path) {
            written.take_over(path, &ours);
        }
    }
    Ok(written)
}

/// Whether one of the files includes this file of the exercise.
fn includes(files: &Files, exercise: &Exercise, path: &Path) -> bool {
    let parts: Vec<_> = path.iter().map(|part| part.to_string_lossy()).collect();
    let wanted = format!("exercises/{}/{}\"", exercise.name, parts.join("/"));
    files
        .paths()
        .any(|path| files.get(path).is_some_and(|bytes| String::from_utf8_lossy(bytes).contains(&wanted)))
}
