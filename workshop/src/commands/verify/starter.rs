//! The starter: it compiles without a warning, and each of its tests ends as
//! `exercise.toml` declares, for the reason that it declares; and each story can be
//! told again by its code.

use super::culprit::Culprit;
use super::replays;
use crate::repository::{Declared, Exercise};
use crate::running::left_records::unwrapped;
use crate::running::{Built, Cargo, Package, TestResult, TestRun};
use crate::terminal;

/// Builds and runs the starter.
pub fn check(cargo: &Cargo, exercise: &Exercise) -> Vec<Culprit> {
    let package = Package::of(exercise);
    let run = format!("cargo test -p {}", package.name);
    let see = format!("see {}", terminal::code(&run));
    let mut culprits = Vec::new();
    match cargo.build(&package) {
        Ok(Built::Done { warnings, .. }) => {
            for warning in warnings {
                culprits.push(Culprit::new(
                    place_of(&warning).unwrap_or_else(|| exercise.source()),
                    format!("the starter compiles with a warning: {}", first_line(&warning)),
                    format!("see {}", terminal::code(&format!("cargo check --tests -p {}", package.name))),
                ));
            }
        }
        Ok(Built::Errors(text)) => {
            terminal::pass_on(&text);
            culprits.push(Culprit::new(exercise.source(), "the starter does not compile, see above", see));
            return culprits;
        }
        Err(error) => {
            culprits.push(Culprit::new(exercise.source(), format!("{error:#}"), see));
            return culprits;
        }
    }
    match cargo.test(&package, None, &[]) {
        Ok(tested) => {
            culprits.extend(compare(exercise, &tested, &run));
            let wrong = replays::check(cargo, &package, &tested.records);
            culprits.extend(wrong.into_iter().map(|what| Culprit::new(exercise.source(), what, &see)));
        }
        Err(error) => culprits.push(Culprit::new(exercise.source(), format!("{error:#}"), see)),
    }
    culprits
}

/// Compares what the tests came to with what is declared.
fn compare(exercise: &Exercise, tested: &TestRun, run: &str) -> Vec<Culprit> {
    let file = format!("exercises/{}/exercise.toml", exercise.name);
    let mut culprits = Vec::new();
    let mut blame = |what: String, mend: String| culprits.push(Culprit::new(&file, what, mend));
    if let Some(crash) = &tested.crash {
        // How far the other tests came is chance.
        blame(format!("a test program died: {}", unwrapped(crash)), format!("see {}", terminal::code(run)));
        return culprits;
    }
    for (name, declared) in &exercise.tests {
        let named: Vec<_> = tested.output.tests.iter().filter(|test| test.name == *name).collect();
        let [test] = named[..] else {
            let (what, mend) = match named.len() {
                0 => ("is declared, and there is no such test", "take it out of [tests], or write it"),
                _ => ("is the name of several tests", "give each test a name of its own"),
            };
            blame(format!("{name:?} {what}"), mend.to_owned());
            continue;
        };
        let mend = format!("see {}", terminal::code(&format!("{run} -- --exact {name}")));
        match (declared, test.result) {
            (Declared::Green, TestResult::Ok) | (Declared::Ignored, TestResult::Ignored) => {}
            (Declared::Red(reason), TestResult::Failed) => {
                let said = unwrapped(&test.said);
                if !said.contains(&unwrapped(reason)) {
                    let what = format!(
                        "{name:?} is red for another reason than {reason:?}: it says {:?}",
                        terminal::short(&said, 200)
                    );
                    blame(what, mend);
                }
            }
            (_, result) => {
                let (declared, result) = (in_words(declared), ended(result));
                blame(format!("{name:?} is declared {declared}, and it {result}"), mend);
            }
        }
    }
    for test in &tested.output.tests {
        if !exercise.tests.iter().any(|(name, _)| *name == test.name) {
            let declaration = match test.result {
                TestResult::Ok => "green",
                TestResult::Failed => "red: <what it says>",
                TestResult::Ignored => "ignored",
            };
            let mend = format!("write {:?} = {declaration:?} under [tests]", test.name);
            blame(format!("the test {:?} is not declared", test.name), mend);
        }
    }
    culprits
}

fn in_words(declared: &Declared) -> &'static str {
    match declared {
        Declared::Green => "green",
        Declared::Red(_) => "red",
        Declared::Ignored => "ignored",
    }
}

fn ended(result: TestResult) -> &'static str {
    match result {
        TestResult::Ok => "passes",
        TestResult::Failed => "fails",
        TestResult::Ignored => "is ignored",
    }
}

/// The file that a warning points at.
fn place_of(warning: &str) -> Option<String> {
    let plain = anstream::adapter::strip_str(warning).to_string();
    let place = plain.lines().find_map(|line| line.trim_start().strip_prefix("--> "))?;
    Some(place.trim().replace('\\', "/"))
}

fn first_line(warning: &str) -> String {
    let plain = anstream::adapter::strip_str(warning).to_string();
    let line = plain.lines().next().unwrap_or_default();
    line.strip_prefix("warning: ").unwrap_or(line).to_owned()
}
