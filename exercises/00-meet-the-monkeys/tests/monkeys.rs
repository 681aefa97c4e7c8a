//! Exercise 00: ten questions, one for each way to be unlucky.
//!
//! Each test compares a line of `predictions.txt` with what the harness
//! observes. Nothing is shown before there is a prediction. When it was wrong
//! you get the story; when it was right, too, with `-- --nocapture`.

use chaos::{
    Chaos, Crash, DelayedAckFailure, DuplicateDelivery, Finding, LateDuplicate, LockExpiry, LostReply,
    Monkey, Point, Property, Reordering, Report, StoreUnavailable, System, Verdict, explore, should_be,
    specifications,
};
use ex00_meet_the_monkeys::endpoint;
use shared::Message;
use shared::order::{add_item, remove_item};

#[path = "support/predictions.rs"]
mod predictions;
use predictions::{Predictions, Question};

/// The handler of this exercise, and what an order should do.
fn orders() -> System {
    System::of(endpoint()).judged_by(specifications::orders())
}

/// Two items for one order.
fn tea_and_cake() -> [Message; 2] {
    [add_item("order-1", "tea"), add_item("order-1", "cake")]
}

/// A run under a monkey that has its eye on the first message.
fn run(messages: [Message; 2], monkey: Monkey) -> Report {
    Chaos::on(orders).send(messages).under(monkey).run().report().clone()
}

/// The way everybody hopes for: no monkey, one message after the other. Green
/// from the start.
#[test]
fn t00_without_a_monkey_all_is_well() {
    let run = Chaos::on(orders).send(tea_and_cake()).run();
    run.assert_exactly_once();
    should_be!("what was published", run.published(), "ItemAdded(tea)\nItemAdded(cake)");
}

/// The broker delivers the cake before the tea, although the tea was sent first.
#[test]
fn t01_reordering() {
    predicted("reordering", || run(tea_and_cake(), Reordering::of_all()));
}

/// The store cannot be reached when the handler wants to read. The handler
/// returns an error, and the message goes back to the queue.
#[test]
fn t02_store_unavailable() {
    predicted("store-unavailable", || run(tea_and_cake(), StoreUnavailable::for_read(0, 0)));
}

/// The worker dies just before it writes the tea into the order.
#[test]
fn t03_crash_before_the_write() {
    predicted("crash-before-write", || run(tea_and_cake(), Crash::before(Point::Write(0), 0)));
}

/// The worker dies just after it has written the tea into the order.
#[test]
fn t04_crash_after_the_write() {
    predicted("crash-after-write", || run(tea_and_cake(), Crash::after(Point::Write(0), 0)));
}

/// The tea is written, and the reply of the store gets lost. All that the
/// handler gets is a time-out.
#[test]
fn t05_lost_reply() {
    predicted("lost-reply", || run(tea_and_cake(), LostReply::of_write(0, 0)));
}

/// The handler is done and the tea is in the order. Then the broker is gone:
/// neither the output nor the ack gets through. The cake is processed, and the
/// tea is delivered again.
#[test]
fn t06_delayed_ack_failure() {
    predicted("delayed-ack-failure", || run(tea_and_cake(), DelayedAckFailure::of_message(0)));
}

/// Everything has gone well, and the broker delivers the tea once more.
#[test]
fn t07_duplicate_delivery() {
    predicted("duplicate-delivery", || run(tea_and_cake(), DuplicateDelivery::of_message(0)));
}

/// The worker is slow, and its lock on the tea expires before it has written.
/// Another worker gets the tea and processes it; then the slow one goes on.
#[test]
fn t08_lock_expiry() {
    predicted("lock-expiry", || run(tea_and_cake(), LockExpiry::of_message(0)));
}

/// The tea is added and, later, taken out again. A week after that, a copy of
/// the first message turns up.
#[test]
fn t09_late_duplicate() {
    let messages = [add_item("order-1", "tea"), remove_item("order-1", "tea")];
    predicted("late-duplicate", || run(messages, LateDuplicate::of_message(0)));
}

/// No monkey, no fault: only two workers instead of one, and every way in which
/// their steps can interleave. Which is the worst that can happen?
#[test]
fn t10_two_workers() {
    predicted("two-workers", || explore(orders).send(tea_and_cake()).workers(2).faults(0).run());
}

const DAMAGES: &[&str] = &["none", "lost-message", "ghost-message", "duplicate", "alternative-worlds"];

static QUESTIONS: &[Question] = &[
    Question { key: "reordering", answers: DAMAGES },
    Question { key: "store-unavailable", answers: DAMAGES },
    Question { key: "crash-before-write", answers: DAMAGES },
    Question { key: "crash-after-write", answers: DAMAGES },
    Question { key: "lost-reply", answers: DAMAGES },
    Question { key: "delayed-ack-failure", answers: DAMAGES },
    Question { key: "duplicate-delivery", answers: DAMAGES },
    Question { key: "lock-expiry", answers: DAMAGES },
    Question { key: "late-duplicate", answers: DAMAGES },
    Question { key: "two-workers", answers: DAMAGES },
];

/// The violated properties, in the words of `predictions.txt`. Where the harness
/// names several, each of them is a right answer.
fn damages(report: &Report) -> Vec<&'static str> {
    match &report.verdict {
        Verdict::Holds => vec!["none"],
        Verdict::Violated(Finding::Property(judgement)) => {
            let word = |property: &Property| match property {
                Property::NoLostMessages => Some("lost-message"),
                Property::NoGhostMessages => Some("ghost-message"),
                Property::NoDuplicatedProcessing => Some("duplicate"),
                Property::ConsistentOutputs => Some("alternative-worlds"),
                _ => None,
            };
            judgement.violated.iter().filter_map(word).collect()
        }
        _ => panic!("{report}"),
    }
}

/// Compares a prediction with what happens.
fn predicted(monkey: &str, observe: impl FnOnce() -> Report) {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/predictions.txt");
    let question =
        QUESTIONS.iter().find(|question| question.key == monkey).expect("each monkey has its question");
    let prediction = Predictions::load(path, QUESTIONS)
        .and_then(|predictions| predictions.answer(question).map(str::to_owned))
        .unwrap_or_else(|sentence| predictions::fail(&sentence));
    let report = observe();
    let damages = damages(&report);
    if damages.contains(&prediction.as_str()) {
        println!("\n`{monkey}`: {prediction}, as you predicted.\n\n{}", report.diagnosis());
    } else {
        let damages = damages.join(" or ");
        let answer =
            predictions::folded(&format!("`{monkey}`: you predicted {prediction}, and it is {damages}."));
        predictions::fail(&format!("{answer}\n\n{}", report.diagnosis()));
    }
}
