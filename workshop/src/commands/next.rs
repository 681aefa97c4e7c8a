//! The one next thing to do.

use crate::attendee::{State, current};
use crate::repository::Exercise;
use crate::running::ExerciseResult;
use crate::terminal;

/// What to do about an exercise in this state.
pub fn about(exercise: &Exercise, state: &State) -> String {
    let test = terminal::code(&format!("cargo workshop test {}", exercise.name.number));
    let page = exercise.page();
    let source = source(exercise);
    say(&match (state, &exercise.predictions) {
        (State::Untouched, Some(file)) => {
            format!("open {page}, write what you expect into {file} next to it, then run {test}")
        }
        (State::Untouched, None) => {
            format!("open {page} and edit {}, then run {test}", exercise.edit.join(" and "))
        }
        (State::InProgress, _) => format!("run {test}"),
        (State::OurSolution, _) => {
            let reset = terminal::code(&format!("cargo workshop reset {}", exercise.name.number));
            format!("read our solution in {source}, or run {reset} to write your own")
        }
        (State::Tested(tested), _) => match tested.result {
            ExerciseResult::Red if tested.tests == 0 => {
                format!("mend {} where the compiler points, then run {test}", exercise.source())
            }
            ExerciseResult::Red => {
                let hint = terminal::code(&format!("cargo workshop hint {}", exercise.name.number));
                format!("edit {source} (stuck? {hint}), then run {test}")
            }
            ExerciseResult::Inconclusive => {
                format!("see above why there is no verdict, edit {source}, then run {test}")
            }
            ExerciseResult::Green => format!("run {test}, with all its tests"),
        },
    })
}

/// What to do about an exercise that is being watched, and is not green: tests
/// run by themselves.
pub fn after_save(exercise: &Exercise, state: &State) -> String {
    let what = match state {
        State::Untouched => format!("open {} and edit {}", exercise.page(), source(exercise)),
        State::Tested(tested) if tested.result == ExerciseResult::Red && tested.tests == 0 => {
            format!("mend {} where the compiler points", exercise.source())
        }
        _ => {
            let hint = terminal::code(&format!("cargo workshop hint {}", exercise.name.number));
            format!("edit {} (stuck? {hint})", source(exercise))
        }
    };
    say(&format!("{what}, and save"))
}

/// Where the answers to the questions of an exercise are that has just turned
/// green.
pub fn answers(exercise: &Exercise) -> String {
    exercise.answers().map_or_else(String::new, |file| {
        format!("\n{}", terminal::paragraph(&format!("The answers to its questions: {file}"), "  "))
    })
}

/// What to do after a green exercise: turn to the first that is not.
pub fn after_green(exercises: &[Exercise], states: &[State]) -> String {
    match current(states) {
        Some(place) => about(&exercises[place], &states[place]),
        None if states.contains(&State::OurSolution) => {
            say("every exercise is green or has our solution in it; `cargo workshop status` shows which")
        }
        None => {
            say("every exercise is green; compare your answers with those in solutions/, and then try a \
             handler of your own: papers/your-own.md")
        }
    }
}

/// What the attendee edits.
fn source(exercise: &Exercise) -> String {
    match &exercise.predictions {
        Some(file) => format!("{file} or src/lib.rs in exercises/{}", exercise.name),
        None => exercise.source(),
    }
}

fn say(sentence: &str) -> String {
    let text = terminal::paragraph(&format!("Next: {sentence}."), "  ");
    let rest = text.strip_prefix("  Next:").unwrap_or(&text);
    format!("\n  {}{rest}", terminal::paint(terminal::STRONG, "Next:"))
}
