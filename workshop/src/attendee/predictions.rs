//! The attendee's predictions, and what the tests say about them.

use crate::running::left_records::unwrapped;

/// One line of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prediction {
    /// What is asked.
    pub question: String,
    /// What was predicted; `?` if nothing was.
    pub answer: String,
}

impl Prediction {
    /// Whether nothing is predicted yet.
    pub fn is_open(&self) -> bool {
        matches!(self.answer.as_str(), "?" | "")
    }
}

/// What became of a prediction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Observation {
    /// It was right.
    AsPredicted,
    /// This was observed instead.
    Instead(String),
    /// The test that could tell did not.
    Unknown,
}

/// The predictions in a file of lines `key = value`. Whether they make sense is
/// for the tests to say.
pub fn parse(text: &str) -> Vec<Prediction> {
    text.trim_start_matches('\u{feff}')
        .lines()
        .filter_map(|line| {
            let (question, answer) = line.split('#').next()?.split_once('=')?;
            Some(Prediction { question: question.trim().to_owned(), answer: answer.trim().to_owned() })
        })
        .collect()
}

/// What the tests observed, question by question. `asked` are the tests and the
/// first question of each, in the order of the file; `said` is whether a test
/// passed, and what it said, if it ran.
pub fn observe<'a>(
    predictions: &[Prediction],
    asked: &[(&str, &str)],
    said: impl Fn(&str) -> Option<(bool, &'a str)>,
) -> Vec<Observation> {
    let mut test = None;
    predictions
        .iter()
        .map(|prediction| {
            test =
                asked.iter().find(|(_, first)| *first == prediction.question).map(|(test, _)| *test).or(test);
            match test.and_then(&said) {
                Some((true, _)) => Observation::AsPredicted,
                Some((false, words)) => among(&unwrapped(words), prediction),
                None => Observation::Unknown,
            }
        })
        .collect()
}

/// What a failed test says about one of its questions. It names those that were
/// wrong, and has seen the others.
fn among(words: &str, prediction: &Prediction) -> Observation {
    const WRONG: &str = "`: you predicted ";
    let Prediction { question, answer } = prediction;
    let start = format!("`{question}{WRONG}{answer}, and it is ");
    match words.split_once(&start).and_then(|(_, rest)| Some(rest.split_once('.')?.0)) {
        Some(observed) => Observation::Instead(observed.to_owned()),
        None if words.contains(WRONG) => Observation::AsPredicted,
        None => Observation::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str =
        "\u{feff}# Which?\r\n\r\nItemAdded(tea) = yes # sure\r\nfaults=2\n no line\nlast = ?\n";

    #[test]
    fn a_file_is_read_as_it_is() {
        let read: Vec<(String, String)> =
            parse(FILE).into_iter().map(|prediction| (prediction.question, prediction.answer)).collect();
        let expected = [("ItemAdded(tea)", "yes"), ("faults", "2"), ("last", "?")];
        assert_eq!(read, expected.map(|(question, answer)| (question.to_owned(), answer.to_owned())));
        assert!(parse(FILE)[2].is_open() && !parse(FILE)[1].is_open());
    }

    #[test]
    fn what_is_wrong_is_named_and_the_rest_is_right() {
        use Observation::{AsPredicted, Instead, Unknown};
        let predictions = parse("a = yes\nb = no\nc = 1\nd = none\ne = 2\n");
        let asked = [("t1", "a"), ("t2", "c"), ("t3", "d"), ("t4", "e")];
        let said = |test: &str| match test {
            "t1" => Some((false, "`b`: you predicted no, and it is\nyes or no.\n\nVIOLATED: no story.")),
            "t2" => Some((true, "")),
            // It failed for a reason of its own.
            "t3" => Some((false, "Panicked at tests/x.rs")),
            _ => None,
        };
        let expected = [AsPredicted, Instead("yes or no".to_owned()), AsPredicted, Unknown, Unknown];
        assert_eq!(observe(&predictions, &asked, said), expected);
        // A question that no test is known for.
        assert_eq!(observe(&predictions, &[], said), vec![Unknown; 5]);
    }
}
