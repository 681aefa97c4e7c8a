//! `cargo workshop code`: one's progress in a few characters, to be read out or
//! pasted for `cargo workshop room`.

use std::path::Path;

use anyhow::Result;

use crate::attendee::{Mark, Progress, RoomCode, State};
use crate::outcome::Outcome;
use crate::repository::{Exercise, Repository};
use crate::running::ExerciseResult;
use crate::terminal;

/// Shows the code. Nothing is built, and nothing is sent.
pub fn run(repository: &Repository, name: Option<&str>) -> Result<Outcome> {
    let exercises = Exercise::all(repository)?;
    let progress = Progress::load(repository.root())?;
    let mut marks = Vec::new();
    for exercise in &exercises {
        let number: usize = exercise.name.number.parse()?;
        marks.resize(number, Mark::Absent);
        marks.push(mark(repository, exercise, &progress));
    }
    let code = RoomCode::new(name, marks)?;
    terminal::show(&format!("  {}\n\n", terminal::paint(terminal::STRONG, &code.to_string())));
    let rest = match name {
        Some(_) => "your name, and which exercises are green, red, in progress or our solution",
        None => "which exercises are green, red, in progress or our solution, and not who you are",
    };
    terminal::show(&terminal::paragraph(&format!("Read it out, or paste it. It tells {rest}."), "  "));
    Ok(Outcome::Green)
}

fn mark(repository: &Repository, exercise: &Exercise, progress: &Progress) -> Mark {
    match State::of(exercise, progress) {
        State::Untouched => Mark::Untouched,
        _ if is_our_solution(repository, exercise) => Mark::Ours,
        State::OurSolution => Mark::Ours,
        State::InProgress => Mark::InProgress,
        State::Tested(tested) => match tested.result {
            ExerciseResult::Green => Mark::Green,
            ExerciseResult::Red => Mark::Red,
            ExerciseResult::Inconclusive => Mark::Inconclusive,
        },
    }
}

/// Whether every source of our solution is in the exercise as it is. One that
/// only includes the exercise's own says nothing, and right predictions are no
/// copy: there is but one way to write them.
fn is_our_solution(repository: &Repository, exercise: &Exercise) -> bool {
    let solution = repository.solution(&exercise.name).join("src");
    let mut files = Vec::new();
    collect(&solution, &mut files);
    let own = format!("exercises/{}/src/lib.rs\"]", exercise.name);
    let mut texts = files.iter().map(|path| {
        let theirs = exercise.directory.join("src").join(path.strip_prefix(&solution).unwrap_or(path));
        (text(path), text(&theirs))
    });
    let mut any = false;
    let same = texts.all(|(ours, theirs)| {
        any |= ours.as_ref().is_some_and(|ours| !ours.contains(&own));
        ours.is_some() && ours == theirs
    });
    any && same
}

fn collect(directory: &Path, files: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            files.push(path);
        }
    }
}

fn text(path: &Path) -> Option<String> {
    std::fs::read_to_string(path).ok().map(|text| text.replace("\r\n", "\n"))
}
