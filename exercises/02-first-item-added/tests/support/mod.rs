//! The questions of `predictions.txt`, and what the harness answers.

#![allow(dead_code, unused_imports, reason = "several tests include this file, and each uses a part of it")]

use chaos::{
    Chaos, DelayedAckFailure, Explore, Finding, Property, Report, Run, System, Verdict, explore,
    specifications,
};
use closing::Closing;
use ex02_first_item_added::naive;
use shared::Message;
use shared::order::add_item;

#[path = "../../../00-meet-the-monkeys/tests/support/predictions.rs"]
mod predictions;
pub use predictions::{Predictions, Question, fail};

const YES_OR_NO: &[&str] = &["yes", "no"];

pub static QUESTIONS: &[Question] = &[
    Question { key: "ItemAdded(tea)", answers: YES_OR_NO },
    Question { key: "ItemAdded(cake)", answers: YES_OR_NO },
    Question { key: "FirstItemAdded(tea)", answers: YES_OR_NO },
    Question { key: "FirstItemAdded(cake)", answers: YES_OR_NO },
    Question {
        key: "violated",
        answers: &[
            "NoLostMessages",
            "NoGhostMessages",
            "NoDuplicatedProcessing",
            "ConsistentOutputs",
            "StateMatchesOutputs",
            "none",
        ],
    },
    Question {
        key: "customer",
        answers: &[
            "never-welcomed",
            "welcomed-twice",
            "welcomed-for-the-cake",
            "pays-twice",
            "nothing-unusual",
        ],
    },
    Question { key: "faults", answers: &["0", "1", "2"] },
];

/// The naive handler, and what an order should do.
pub fn naive_orders() -> System {
    System::of(naive::endpoint()).judged_by(specifications::orders_with_welcome())
}

/// Two items, added quickly.
pub fn two_items() -> [Message; 2] {
    [add_item("order-1", "tea"), add_item("order-1", "cake")]
}

/// The naive handler under the monkey of the day.
pub fn naive_run() -> Run {
    Chaos::on(naive_orders).send(two_items()).under(DelayedAckFailure::of_message(0)).run()
}

/// The naive handler under everything that can go wrong, and as often as the
/// largest of the answers has it.
pub fn naive_search() -> Explore {
    explore(naive_orders).send(two_items()).workers(2).faults(2)
}

/// What the harness observes, in the words of the answers.
fn observed(key: &str, run: &Run) -> String {
    match key {
        "violated" => {
            run.report().violated().map_or("none".to_owned(), |property: Property| format!("{property:?}"))
        }
        "customer" => {
            let report = run.report().to_string();
            let experiences = [
                ("never-welcomed", "is never welcomed"),
                ("welcomed-twice", "is welcomed twice"),
                ("welcomed-for-the-cake", "is welcomed for the cake"),
                ("pays-twice", "pays twice"),
            ];
            let felt = experiences.iter().find(|(_, sentence)| report.contains(sentence));
            felt.map_or("nothing-unusual", |(answer, _)| answer).to_owned()
        }
        "faults" => naive_search().run().faults.to_string(),
        message => {
            let heard = run.published().lines().any(|line| line == message);
            if heard { "yes" } else { "no" }.to_owned()
        }
    }
}

/// Compares some of the predictions with what happens. A wrong one is told what
/// happened instead, and the story; an open one is not.
pub fn check(predictions: &Predictions, keys: &[&str]) -> Result<(), String> {
    let questions = || QUESTIONS.iter().filter(|question| keys.contains(&question.key));
    for question in questions() {
        predictions.answer(question)?;
    }
    let run = naive_run();
    let mut wrong = String::new();
    for question in questions() {
        let (predicted, observed) = (predictions.answer(question)?, observed(question.key, &run));
        if predicted != observed {
            wrong += &format!("`{}`: you predicted {predicted}, and it is {observed}.\n", question.key);
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(format!("{wrong}\n{}", run.report().diagnosis())) }
}

/// What to make of a verdict. Panics if there is none: a handler that is not
/// done, or cannot be run, is no answer. Nor is one that does a damage from which
/// the handler of exercise 01 is safe: what is foreseen here is the welcome.
pub fn verdict_on_your_handler(report: &Report) -> String {
    match &report.verdict {
        Verdict::Holds => format!(
            "\n{}\nNothing of this does your handler any harm. Whether it has to do with what exercise 03 \
             is about, the last test asks.\n",
            report.headline()
        ),
        Verdict::Violated(Finding::Property(judgement))
            if !judgement.damage.iter().all(|sentence| sentence.contains("welcomed")) =>
        {
            fail(&format!(
                "{}\nThis is no matter of the welcome: the handler of exercise 01 is safe from it.\nWhat \
                 does yours do differently, apart from the welcome?",
                report.diagnosis()
            ))
        }
        Verdict::Violated(Finding::Property(_)) => format!(
            "\n{}\nThis was to be expected: the order as it is now is not the order as it was.\n\
             Exercise 03 puts it right.\n",
            report.diagnosis()
        ),
        _ => {
            report.assert_exactly_once();
            unreachable!("a report that does not hold does not pass")
        }
    }
}

/// What to make of the answers to the closing questions: how many there are, and the
/// shortest story of those that are wrong. Panics as [`verdict_on_your_handler`] does.
pub fn answers_of_your_handler<S: Fn(&[Message]) -> System>(closing: &Closing<S>) -> String {
    let reports: Vec<Report> = closing.searches().into_iter().map(|search| search.run()).collect();
    let wrong = reports.iter().filter(|report| !report.holds());
    if let Some(report) = wrong.clone().min_by_key(|report| (report.faults, report.steps)) {
        let said = verdict_on_your_handler(report);
        return format!(
            "\nOf {} searches, {} find something. The shortest:\n{said}",
            reports.len(),
            wrong.count()
        );
    }
    match closing.what_a_late_copy_changes().or_else(|| closing.what_grows_with_copies()) {
        Some(wrong) => format!("\n{wrong}.\nExercise 03 ends with the same question.\n"),
        None => format!(
            "\nAll {} searches hold, a late copy changes nothing, and copies take no room.\n\
             Your handler derives its outputs from the recorded past, or has recorded them.\n\
             That is the solution of exercise 03: you have solved it already.\n",
            reports.len()
        ),
    }
}
