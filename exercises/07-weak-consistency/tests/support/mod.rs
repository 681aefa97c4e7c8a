//! The questions of `predictions.txt`, and what the harness answers; and what
//! else several tests need.

#![allow(dead_code, unused_imports, reason = "several tests include this file, and each uses a part of it")]

use chaos::{
    Chaos, Crash, Explore, Finding, Point, Report, Run, StaleRead, StoreKind, System, Verdict, explore,
    specifications,
};
use ex07_weak_consistency::as_in_06;
use shared::order::{add_item, remove_item};
use shared::{Message, Snapshot};

#[path = "../../../00-meet-the-monkeys/tests/support/predictions.rs"]
mod predictions;
pub use predictions::{Predictions, Question, fail};

/// A store whose reads may be stale.
pub const WEAK: StoreKind = StoreKind { weak: true, limit: None };

const YES_OR_NO: &[&str] = &["yes", "no"];
const UP_TO_TWO: &[&str] = &["0", "1", "2"];

pub static QUESTIONS: &[Question] = &[
    Question { key: "tea-in-the-order", answers: YES_OR_NO },
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
        answers: &["never-welcomed", "welcomed-twice", "told-two-things", "nothing-unusual"],
    },
    Question { key: "stale-reads", answers: UP_TO_TWO },
    Question { key: "other-faults", answers: UP_TO_TWO },
    Question { key: "old-states-do-harm", answers: YES_OR_NO },
    Question { key: "old-inboxes-do-harm", answers: YES_OR_NO },
];

/// The runner of exercise 06, with these of its stores weak.
pub fn orders_as_in_06(weak: &[&str]) -> System {
    let orders = System::of(as_in_06::orders()).judged_by(specifications::orders_with_welcome());
    weak.iter().fold(orders, |orders, store| orders.store(*store, WEAK))
}

pub const STATE: &str = "orders";
pub const INBOX: &str = "orders inbox";

/// The tea is added, and everything is done for it but the ack. It is taken out.
/// The copy comes, reads the order as it is, and the inbox as it was.
pub fn run_as_in_06() -> Run {
    Chaos::on(|| orders_as_in_06(&[STATE, INBOX]))
        .send([add_item("order-1", "tea"), remove_item("order-1", "tea")])
        .under(Crash::before(Point::Ack, 0))
        .under(StaleRead::of_read(1, 0))
        .run()
}

/// One message, and so many things that may go wrong.
pub fn search_as_in_06(weak: &[&str], stale: u8, faults: u8) -> Explore {
    explore(|| orders_as_in_06(weak))
        .send([add_item("order-1", "tea")])
        .workers(2)
        .faults(faults)
        .stale(stale)
}

/// What the harness observes, in the words of the answers: each of them is
/// right. And the report that shows it.
fn observed(key: &str) -> (Vec<String>, Report) {
    let one = |word: &str| vec![word.to_owned()];
    let yes_or_no = |yes: bool| one(if yes { "yes" } else { "no" });
    // The fewest of a kind, however many of the other kind it takes.
    let fewest = |search: &dyn Fn(u8) -> Explore| {
        (0..=2)
            .map(|number| (number, search(number).run()))
            .find(|(_, report)| !report.holds())
            .map(|(number, report)| (vec![number.to_string()], report))
            .expect("two of each are enough")
    };
    let run = run_as_in_06();
    let report = run.report().clone();
    match key {
        "tea-in-the-order" => {
            let order =
                as_in_06::StateMachineRunner::<shared::order::Orders>::view(run.snapshot(), "order-1");
            (yes_or_no(order.is_ok_and(|order| order.contains("tea"))), report)
        }
        "violated" => {
            let names = match &report.verdict {
                Verdict::Violated(Finding::Property(judgement)) => {
                    judgement.violated.iter().map(|property| format!("{property:?}")).collect()
                }
                _ => one("none"),
            };
            (names, report)
        }
        "customer" => {
            let told = report.to_string();
            let experiences = [
                ("never-welcomed", "is never welcomed"),
                ("welcomed-twice", "is welcomed twice"),
                ("told-two-things", "told things that exclude"),
            ];
            let felt = experiences.iter().find(|(_, sentence)| told.contains(sentence));
            (one(felt.map_or("nothing-unusual", |(answer, _)| answer)), report)
        }
        "stale-reads" => fewest(&|stale| search_as_in_06(&[STATE, INBOX], stale, 2)),
        "other-faults" => fewest(&|faults| search_as_in_06(&[STATE, INBOX], 2, faults)),
        "old-states-do-harm" => {
            let report = search_as_in_06(&[STATE], 2, 2).run();
            (yes_or_no(!report.holds()), report)
        }
        "old-inboxes-do-harm" => {
            let report = search_as_in_06(&[INBOX], 2, 2).run();
            (yes_or_no(!report.holds()), report)
        }
        other => unreachable!("there is no question {other}"),
    }
}

/// Compares some of the predictions with what happens. A wrong one is told what
/// happened instead, and the story; an open one is not.
pub fn check(predictions: &Predictions, keys: &[&str]) -> Result<(), String> {
    let questions = || QUESTIONS.iter().filter(|question| keys.contains(&question.key));
    for question in questions() {
        predictions.answer(question)?;
    }
    let mut wrong = String::new();
    let mut stories: Vec<String> = Vec::new();
    for question in questions() {
        let predicted = predictions.answer(question)?;
        let (observed, report) = observed(question.key);
        if !observed.iter().any(|right| right == predicted) {
            let observed = observed.join(" or ");
            wrong += &format!("`{}`: you predicted {predicted}, and it is {observed}.\n", question.key);
            // Several questions about one run are answered by one story.
            let story = report.diagnosis();
            if !stories.contains(&story) {
                stories.push(story);
            }
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(format!("{wrong}\n{}", stories.join("\n\n"))) }
}

/// How many ids there are in the documents of the main store. They are
/// recognised by what they look like; nothing else is known of the layout.
pub fn message_ids(snapshot: &Snapshot) -> usize {
    let ids_in = |body: &[u8]| {
        let text = String::from_utf8_lossy(body).into_owned();
        text.split(|letter: char| !letter.is_ascii_hexdigit() && letter != '-')
            .filter(|word| word.len() == 36)
            .count()
    };
    snapshot.documents().map(|(_, body)| ids_in(body)).sum()
}
