//! The ladder: one line for each exercise.

use crate::attendee::{State, current};
use crate::repository::Exercise;
use crate::running::ExerciseResult;
use crate::terminal::{BAD, FAINT, GOOD, STRONG, UNSURE, columns, paint, paragraph, short};

/// Longer names are cut.
const LONGEST: usize = 40;

/// The ladder, the current exercise marked.
pub fn ladder(exercises: &[Exercise], states: &[State]) -> String {
    let names: Vec<String> = exercises
        .iter()
        .map(|exercise| short(&format!("{} {}", exercise.name.number, exercise.name.slug), LONGEST))
        .collect();
    let width = names.iter().map(|name| columns(name)).max().unwrap_or(0);
    let mut text = format!("  {}\n", paint(STRONG, "The ladder"));
    for (place, ((name, exercise), state)) in names.iter().zip(exercises).zip(states).enumerate() {
        let mark = match state {
            _ if current(states) == Some(place) => paint(STRONG, "▸"),
            _ if state.is_green() => paint(GOOD, "✓"),
            _ => " ".to_owned(),
        };
        let padding = " ".repeat(width - columns(name));
        let minutes = exercise.minutes;
        text += &format!(
            "  {mark} {name}{padding}  {minutes:>3} min  {}\n",
            paint(style(state), &state.to_string())
        );
    }
    text
}

/// What an exercise is about.
pub fn heading(exercise: &Exercise) -> String {
    let Exercise { name, title, minutes, summary, .. } = exercise;
    let text = paragraph(&format!("{} {title} ({minutes} min)", name.number), "  ");
    paint(STRONG, text.trim_end_matches('\n')) + "\n" + &paragraph(summary, "  ")
}

fn style(state: &State) -> anstyle::Style {
    match state {
        State::Untouched | State::OurSolution => FAINT,
        State::InProgress => UNSURE,
        State::Tested(tested) => match tested.result {
            ExerciseResult::Green => GOOD,
            ExerciseResult::Red => BAD,
            ExerciseResult::Inconclusive => UNSURE,
        },
    }
}
