//! The predictions: predicted next to observed.

use crate::attendee::predictions::{Observation, Prediction};
use crate::repository::Exercise;
use crate::terminal::{BAD, FAINT, GOOD, STRONG, UNSURE, code, columns, paint, paragraph, short, width};

/// Longer questions and answers are cut.
const LONGEST: usize = 24;

/// What was predicted, and what was observed if it may be shown by now.
pub fn predictions(
    exercise: &Exercise,
    predictions: &[Prediction],
    observed: Option<&[Observation]>,
) -> String {
    let name = short(&exercise.name.to_string(), 40);
    let (style, sum) = match observed {
        None => {
            let open = predictions.iter().filter(|prediction| prediction.is_open()).count();
            (UNSURE, format!("{open} of {} predictions are open", predictions.len()))
        }
        Some(observed) => {
            let right = observed.iter().filter(|one| **one == Observation::AsPredicted).count();
            let style = if right == predictions.len() { GOOD } else { BAD };
            (style, format!("{right} of {} predictions are right", predictions.len()))
        }
    };
    let mut text = format!("  {}  {}\n\n", paint(STRONG, &name), paint(style, &sum));
    let wide = |word: fn(&Prediction) -> &str, least: usize| {
        predictions.iter().map(|one| columns(word(one))).max().unwrap_or(0).clamp(least, LONGEST)
    };
    let widths = (wide(|one| &one.question, "question".len()), wide(|one| &one.answer, "predicted".len()));
    let heading = row(widths, "question", "predicted", observed.map_or("", |_| "observed"));
    text += &format!("    {}\n", paint(FAINT, &heading));
    for (place, prediction) in predictions.iter().enumerate() {
        let (mark, seen) = match observed.map(|observed| &observed[place]) {
            None if prediction.is_open() => (paint(UNSURE, "?"), ""),
            None => (" ".to_owned(), ""),
            Some(Observation::AsPredicted) => (paint(GOOD, "✓"), "as predicted"),
            Some(Observation::Instead(other)) => (paint(BAD, "✗"), other.as_str()),
            Some(Observation::Unknown) => (paint(UNSURE, "?"), "the test does not tell"),
        };
        let answer = if prediction.is_open() { "open" } else { &prediction.answer };
        text += &format!("  {mark} {}\n", row(widths, &prediction.question, answer, seen));
    }
    text + "\n" + &paragraph(&remark(exercise, observed), "  ")
}

/// What is to be said under the table.
fn remark(exercise: &Exercise, observed: Option<&[Observation]>) -> String {
    let test = code(&format!("cargo workshop test {}", exercise.name.number));
    let file = exercise.predictions.as_deref().unwrap_or("predictions.txt");
    let right = |one: &Observation| *one == Observation::AsPredicted;
    match observed {
        None => format!(
            "What was observed is shown once every ? in exercises/{}/{file} is replaced.",
            exercise.name
        ),
        Some(observed) if observed.iter().all(right) => format!("{test} runs everything else."),
        Some(_) => format!("{test} tells the story of each that was not right."),
    }
}

fn row((first, second): (usize, usize), question: &str, answer: &str, seen: &str) -> String {
    let cell = |text: &str, width: usize| {
        let text = short(text, width);
        format!("{text}{}", " ".repeat(width - columns(&text)))
    };
    let room = width() - 4 - first - second - 4;
    let row = format!("{}  {}  {}", cell(question, first), cell(answer, second), short(seen, room));
    row.trim_end().to_owned()
}
