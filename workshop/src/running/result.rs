//! The result of an exercise: from the outcome of each test, and the records.

use records::Record;
use serde::{Deserialize, Serialize};

use super::cargo::TestRun;
use super::left_records::{sentence, unwrapped};
use super::libtest::TestResult;
use crate::repository::{Declared, Exercise};
use crate::terminal::grouped;

/// The result of an exercise. (A verdict is what the harness has on one search:
/// it is in the record.)
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ExerciseResult {
    /// Every test passes.
    Green,
    /// At least one fails.
    Red,
    /// None fails for certain, but one could not tell.
    Inconclusive,
}

/// What running an exercise came to.
#[derive(Debug)]
pub struct ExerciseRun {
    /// The result.
    pub result: ExerciseResult,
    /// Every test: those that are declared first, in their order.
    pub tests: Vec<ExplainedTest>,
    /// What a test program said that ended before its tests were done.
    pub crash: Option<String>,
}

/// One test, and why it ended as it did.
#[derive(Debug)]
pub struct ExplainedTest {
    /// Its name.
    pub name: String,
    /// How it ended.
    pub result: ExplainedResult,
    /// What the harness recorded in it.
    pub records: Vec<Record>,
}

/// How a test ended, and why.
#[derive(Debug)]
pub enum ExplainedResult {
    /// It passes.
    Green,
    /// It fails.
    Red(Reason),
    /// The harness could not tell.
    Inconclusive(Box<Record>),
    /// It is switched off.
    Ignored,
    /// It is declared, and was not run.
    Missing,
}

/// Why a test fails.
#[derive(Debug)]
pub enum Reason {
    /// The harness found something.
    Record(Box<Record>),
    /// The test itself says so.
    Words(String),
}

/// The one thing to be shown of all that failed.
#[derive(Debug)]
pub struct Telling<'a> {
    /// The test it comes from.
    pub test: &'a str,
    /// What it says.
    pub text: &'a str,
    /// Whether there is a story in it.
    pub story: bool,
}

/// What is in the name of the test that all exercises have in common: two items
/// are added quickly, while acking fails.
const MONKEY_OF_THE_DAY: &str = "acking_fails";

impl ExerciseRun {
    /// Explains a run of an exercise's tests. Without a filter, a test that is
    /// declared must have run.
    pub fn of(exercise: &Exercise, run: TestRun, filtered: bool) -> Self {
        let TestRun { output, records, crash } = run;
        let mut explained: Vec<(usize, ExplainedTest)> = Vec::new();
        let place = |name: &str| exercise.tests.iter().position(|(test, _)| test == name);
        for test in output.tests {
            let records: Vec<Record> =
                records.iter().filter(|record| record.test == test.name).cloned().collect();
            let declared = place(&test.name);
            let off = declared.is_none_or(|place| exercise.tests[place].1 == Declared::Ignored);
            let result = match test.result {
                TestResult::Ok => ExplainedResult::Green,
                TestResult::Ignored if off || filtered => ExplainedResult::Ignored,
                // It counts, and somebody has switched it off.
                TestResult::Ignored => ExplainedResult::Missing,
                TestResult::Failed => why(&test.said, &records),
            };
            explained
                .push((declared.unwrap_or(usize::MAX), ExplainedTest { name: test.name, result, records }));
        }
        for (place, (name, declared)) in exercise.tests.iter().enumerate() {
            if !filtered
                && *declared != Declared::Ignored
                && !explained.iter().any(|(_, test)| test.name == *name)
            {
                let missing = ExplainedTest {
                    name: name.clone(),
                    result: ExplainedResult::Missing,
                    records: Vec::new(),
                };
                explained.push((place, missing));
            }
        }
        explained.sort_by_key(|(place, _)| *place);
        let tests: Vec<ExplainedTest> = explained.into_iter().map(|(_, test)| test).collect();
        let any = |is: fn(&ExplainedResult) -> bool| tests.iter().any(|test| is(&test.result));
        let result = if crash.is_some() || any(ExplainedResult::is_red) {
            ExerciseResult::Red
        } else if any(|result| matches!(result, ExplainedResult::Inconclusive(_))) {
            ExerciseResult::Inconclusive
        } else {
            ExerciseResult::Green
        };
        Self { result, tests, crash }
    }

    /// How many tests count.
    pub fn counted(&self) -> usize {
        self.tests.iter().filter(|test| !matches!(test.result, ExplainedResult::Ignored)).count()
    }

    /// How many of them are to blame for the result.
    pub fn failed(&self) -> usize {
        let blamed = |test: &&ExplainedTest| match self.result {
            ExerciseResult::Green => false,
            ExerciseResult::Red => test.result.is_red(),
            ExerciseResult::Inconclusive => matches!(test.result, ExplainedResult::Inconclusive(_)),
        };
        self.tests.iter().filter(blamed).count()
    }

    /// Of all that failed, what tells most: the first run or search that the harness has
    /// something against, in the order in which the tests turn green; then the first
    /// test that fails in words of its own; then what is not done yet, for that comes
    /// later; and why there is no verdict last of all.
    pub fn most_telling(&self) -> Option<Telling<'_>> {
        let ranked = self.tests.iter().filter_map(|test| {
            let (rank, text, story) = match &test.result {
                ExplainedResult::Red(Reason::Record(record)) => {
                    let rank = if record.verdict == "not-done" { 2 } else { 0 };
                    (rank, record.text.as_str(), !record.story.is_empty())
                }
                ExplainedResult::Red(Reason::Words(text)) if todo(text).is_some() => {
                    (2, text.as_str(), false)
                }
                ExplainedResult::Red(Reason::Words(text)) if !text.is_empty() => (1, text.as_str(), false),
                ExplainedResult::Inconclusive(record) => (3, record.text.as_str(), !record.story.is_empty()),
                _ => return None,
            };
            Some((rank, Telling { test: &test.name, text, story }))
        });
        ranked.min_by_key(|(rank, _)| *rank).map(|(_, telling)| telling)
    }

    /// A story to begin with, where nothing that failed has one: of a run that a
    /// green test is content with, with damage if there is such a run.
    pub fn some_story(&self) -> Option<(&str, &Record)> {
        if self.most_telling().is_none_or(|telling| telling.story) {
            return None;
        }
        let green = self.tests.iter().filter(|test| matches!(test.result, ExplainedResult::Green));
        let runs = green.flat_map(|test| test.records.iter().map(|record| (test.name.as_str(), record)));
        runs.filter(|(_, record)| record.single && !record.story.is_empty())
            .min_by_key(|(_, record)| record.verdict != "violated")
    }

    /// The story to tell of the exercise as it stands. If something failed, that of
    /// [what tells most](Self::most_telling), or the first that one of them has.
    /// Otherwise, or if nothing that failed has a story, that of the monkey of the
    /// day, or of another run, or of a search.
    pub fn story(&self) -> Option<(&str, &Record)> {
        let told = |(_, record): &(&str, &Record)| !record.story.is_empty();
        let failed = || {
            self.tests.iter().filter_map(|test| match &test.result {
                ExplainedResult::Red(Reason::Record(record)) | ExplainedResult::Inconclusive(record) => {
                    Some((test.name.as_str(), &**record))
                }
                _ => None,
            })
        };
        let telling = self.most_telling().filter(|telling| telling.story);
        let most = telling.and_then(|telling| failed().find(|(test, _)| *test == telling.test));
        let green = self.tests.iter().filter(|test| matches!(test.result, ExplainedResult::Green));
        let runs = green.flat_map(|test| test.records.iter().map(|record| (test.name.as_str(), record)));
        most.or_else(|| failed().find(told)).or_else(|| {
            runs.filter(told).min_by_key(|(test, record)| {
                // What was foreseen, and is wrong, tells more than what is right.
                (record.verdict != "violated", !record.single, !test.contains(MONKEY_OF_THE_DAY))
            })
        })
    }

    /// Where all is green, and what was looked at last is wrong nevertheless: it was
    /// foreseen, and that is what the exercise is about. The test, and what it found.
    pub fn foreseen(&self) -> Option<(&str, &Record)> {
        if self.result != ExerciseResult::Green {
            return None;
        }
        let last = self.tests.iter().rfind(|test| !test.records.is_empty())?;
        last.violation().map(|record| (last.name.as_str(), record))
    }

    /// The search that looked at most, when all is well.
    pub fn widest_search(&self) -> Option<&Record> {
        let records = self.tests.iter().flat_map(|test| &test.records);
        // `max_by_key` takes the last of several; the first is the tidier one.
        records
            .rev()
            .filter(|record| record.verdict == "holds" && !record.single)
            .max_by_key(|record| record.states)
    }
}

impl ExplainedResult {
    /// Whether it stands in the way of green for certain.
    pub fn is_red(&self) -> bool {
        matches!(self, Self::Red(_) | Self::Missing)
    }
}

impl ExplainedTest {
    /// The first violation that it has seen, be it content with that or not.
    pub fn violation(&self) -> Option<&Record> {
        self.records.iter().find(|record| record.verdict == "violated")
    }

    /// What is to be said of it in a few words.
    pub fn in_short(&self) -> String {
        match &self.result {
            ExplainedResult::Green => {
                match self.records.iter().rev().find(|record| record.verdict == "holds") {
                    Some(record) if record.states > 0 => {
                        format!("holds in {} states", grouped(record.states))
                    }
                    _ => String::new(),
                }
            }
            ExplainedResult::Red(Reason::Record(record)) => match record.verdict.as_str() {
                "violated" => record.headline.clone(),
                _ => sentence(record),
            },
            ExplainedResult::Red(Reason::Words(text)) => match todo(text) {
                Some(what) => format!("not done yet: {what}"),
                None => first_words(text),
            },
            ExplainedResult::Inconclusive(record) => format!("no verdict: {}", sentence(record)),
            ExplainedResult::Ignored => "ignored".to_owned(),
            ExplainedResult::Missing => "did not run".to_owned(),
        }
    }
}

/// Why a test failed: for what the harness found, if that is what the test
/// printed; a run may be violated and the test be content with it.
fn why(said: &str, records: &[Record]) -> ExplainedResult {
    let printed = unwrapped(said);
    let reason = records.iter().rfind(|record| {
        record.verdict != "holds" && (printed.is_empty() || printed.contains(&unwrapped(&record.headline)))
    });
    match reason {
        Some(record) if record.verdict == "inconclusive" => {
            ExplainedResult::Inconclusive(Box::new(record.clone()))
        }
        Some(record) => ExplainedResult::Red(Reason::Record(Box::new(record.clone()))),
        None => ExplainedResult::Red(Reason::Words(plainly(said))),
    }
}

/// What a test said, without the words for those who debug the test program.
fn plainly(said: &str) -> String {
    let mut lines = Vec::new();
    for line in said.lines() {
        if line.starts_with("note: run with `RUST_BACKTRACE=") {
            continue;
        }
        match line.strip_prefix("thread '").and_then(|rest| rest.rsplit_once(" panicked at ")) {
            Some((_, place)) => lines.push(format!("Panicked at {place}")),
            None => lines.push(line.to_owned()),
        }
    }
    lines.join("\n").trim().to_owned()
}

/// What a `todo!` in the text says.
fn todo(text: &str) -> Option<&str> {
    let (_, what) = text.split_once("not yet implemented")?;
    let what = what.lines().next().unwrap_or_default();
    Some(what.strip_prefix(": ").unwrap_or("there is a todo!() in the way"))
}

/// The first line that says why.
fn first_words(text: &str) -> String {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let after_panic = lines.clone().skip_while(|line| !line.starts_with("Panicked at ")).nth(1);
    after_panic.or_else(|| lines.next()).unwrap_or("it fails without a word").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_told_without_the_debuggers_words() {
        let said = "tea\n\nthread 'a::b' (4711) panicked at tests/a.rs:2:3:\nwrong\n  left: 1\n\
                    note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace";
        let plain = plainly(said);
        assert_eq!(plain, "tea\n\nPanicked at tests/a.rs:2:3:\nwrong\n  left: 1");
        assert_eq!(first_words(&plain), "wrong");
        assert_eq!(first_words("Error: no"), "Error: no");
    }

    fn seen(name: &str, verdict: &str) -> ExplainedTest {
        let (test, verdict) = (name.to_owned(), verdict.to_owned());
        let record = Record { test, verdict, single: true, ..Record::default() };
        ExplainedTest { name: name.to_owned(), result: ExplainedResult::Green, records: vec![record] }
    }

    #[test]
    fn what_was_foreseen_is_what_is_wrong_in_the_end() {
        let run = |result, tests| ExerciseRun { result, tests, crash: None };
        let to_the_end = || vec![seen("t1", "holds"), seen("t2", "violated")];
        let foreseen = run(ExerciseResult::Green, to_the_end());
        assert_eq!(foreseen.foreseen().map(|(test, _)| test), Some("t2"));
        assert!(
            run(ExerciseResult::Red, to_the_end()).foreseen().is_none(),
            "something is wrong that was not"
        );
        let mended = run(ExerciseResult::Green, vec![seen("t1", "violated"), seen("t2", "holds")]);
        assert!(mended.foreseen().is_none(), "what came after it holds");
    }

    #[test]
    fn a_todo_is_recognised() {
        assert_eq!(todo("Panicked at x:\nnot yet implemented: step 2: load\nmore"), Some("step 2: load"));
        assert_eq!(todo("not yet implemented"), Some("there is a todo!() in the way"));
        assert_eq!(todo("nothing"), None);
    }
}
