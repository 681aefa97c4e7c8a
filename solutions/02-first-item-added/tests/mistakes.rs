//! Tempting wrong answers: predictions that don't come true, and handlers that
//! welcome at the wrong moment.

use chaos::{Chaos, Explore, Property, Report, Specification, System, specifications};
use shared::Endpoint;
use shared::order::{add_item, remove_item};

#[path = "../mistakes/appends_no_marker.rs"]
mod appends_no_marker;
#[path = "../mistakes/counts_the_events.rs"]
mod counts_the_events;
#[path = "../mistakes/counts_the_items_afterwards.rs"]
mod counts_the_items_afterwards;
#[path = "../mistakes/keeps_silent_about_a_copy.rs"]
mod keeps_silent_about_a_copy;
#[path = "../mistakes/makes_new_ids.rs"]
mod makes_new_ids;
#[path = "../mistakes/one_id_for_two_outputs.rs"]
mod one_id_for_two_outputs;
#[path = "../../../exercises/02-first-item-added/tests/searches/mod.rs"]
mod searches;
#[path = "../../../exercises/02-first-item-added/tests/support/mod.rs"]
mod support;
#[path = "../mistakes/welcomes_once_and_for_all.rs"]
mod welcomes_once_and_for_all;
#[path = "../mistakes/welcomes_the_first_of_the_order.rs"]
mod welcomes_the_first_of_the_order;

/// What the harness answers to a file of predictions, which must not be "right".
fn answer_to(text: &str) -> String {
    let keys: Vec<&str> = support::QUESTIONS.iter().map(|question| question.key).collect();
    support::Predictions::parse(text, support::QUESTIONS)
        .and_then(|predictions| support::check(&predictions, &keys))
        .expect_err("these predictions are wrong")
}

#[test]
fn all_is_well() {
    insta::assert_snapshot!("all-is-well", answer_to(include_str!("../mistakes/all_is_well.txt")));
}

#[test]
fn welcomed_twice() {
    insta::assert_snapshot!("welcomed-twice", answer_to(include_str!("../mistakes/welcomed_twice.txt")));
}

#[test]
fn welcomed_for_the_cake() {
    insta::assert_snapshot!(
        "welcomed-for-the-cake",
        answer_to(include_str!("../mistakes/welcomed_for_the_cake.txt"))
    );
}

#[test]
fn two_faults() {
    insta::assert_snapshot!("two-faults", answer_to(include_str!("../mistakes/two_faults.txt")));
}

#[test]
fn not_predicted() {
    insta::assert_snapshot!("not-predicted", answer_to(include_str!("../mistakes/not_predicted.txt")));
}

/// A file that cannot be understood is answered in one sentence.
#[test]
fn unreadable_predictions() {
    let right = include_str!("../predictions.txt");
    let spoilt = [
        right.replace("violated = NoLostMessages", "violated NoLostMessages"),
        right.replace("violated = NoLostMessages", "violated = a lot"),
        right.replace("violated = ", "broken = "),
        right.replace("faults = 1", "faults = 1\nfaults = 2"),
        right.replace("faults = 1", ""),
    ];
    let answers: Vec<String> = spoilt.iter().map(|text| answer_to(text)).collect();
    insta::assert_snapshot!("unreadable-predictions", answers.join("\n\n"));
}

/// A mistake with our answer beside it, by this law.
fn orders(endpoint: fn() -> Endpoint, law: impl Specification + 'static) -> System {
    System::of(endpoint()).judged_by(law).beside([ex02_first_item_added::endpoint()])
}

/// The shortest failure with the fewest faults that any of these comes to.
fn shortest<const N: usize>(searches: [Explore; N]) -> Report {
    searches
        .into_iter()
        .map(Explore::run)
        .filter(|report| !report.holds())
        .min_by_key(|report| (report.faults, report.steps))
        .expect("the mistake survives every search of the exercise")
}

/// The shortest failure where nothing goes wrong but that two workers meet.
fn shortest_failure(endpoint: fn() -> Endpoint) -> Report {
    shortest(searches::without_a_fault(|| orders(endpoint, specifications::orders_with_welcome())))
}

#[test]
fn counts_the_events() {
    let report = shortest_failure(counts_the_events::endpoint);
    assert_eq!(report.violated(), Some(Property::NoLostMessages), "{report}");
    chaos::assert_golden!("counts-the-events", report);
}

#[test]
fn counts_the_items_afterwards() {
    let report = shortest_failure(counts_the_items_afterwards::endpoint);
    assert_eq!(report.violated(), Some(Property::NoDuplicatedProcessing), "{report}");
    chaos::assert_golden!("counts-the-items-afterwards", report);
}

#[test]
fn welcomes_the_first_of_the_order() {
    let report = shortest_failure(welcomes_the_first_of_the_order::endpoint);
    assert_eq!(report.violated(), Some(Property::NoDuplicatedProcessing), "{report}");
    chaos::assert_golden!("welcomes-the-first-of-the-order", report);
}

#[test]
fn one_id_for_two_outputs() {
    let report = shortest_failure(one_id_for_two_outputs::endpoint);
    assert_eq!(report.violated(), Some(Property::ConsistentOutputs), "{report}");
    chaos::assert_golden!("one-id-for-two-outputs", report);
}

/// The shortest failure that has nothing to do with the welcome, one fault at most.
fn shortest_failure_but_for_the_welcome(endpoint: fn() -> Endpoint) -> Report {
    shortest(searches::but_for_the_welcome(|| orders(endpoint, specifications::orders_welcomed_or_not())))
}

#[test]
fn keeps_silent_about_a_copy() {
    let report = shortest_failure_but_for_the_welcome(keeps_silent_about_a_copy::endpoint);
    assert_eq!(report.violated(), Some(Property::NoLostMessages), "{report}");
    chaos::assert_golden!("keeps-silent-about-a-copy", report);
}

#[test]
fn makes_new_ids() {
    let report = shortest_failure_but_for_the_welcome(makes_new_ids::endpoint);
    assert_eq!(report.violated(), Some(Property::NoDuplicatedProcessing), "{report}");
    chaos::assert_golden!("makes-new-ids", report);
}

#[test]
fn appends_no_marker() {
    let report = shortest_failure_but_for_the_welcome(appends_no_marker::endpoint);
    assert_eq!(report.violated(), Some(Property::ConsistentOutputs), "{report}");
    chaos::assert_golden!("appends-no-marker", report);
}

/// No search finds it: had the cake come before the tea was taken out, one welcome would
/// be right. `t07` looks at what was published, one message after the other.
#[test]
fn welcomes_once_and_for_all() {
    let orders = || orders(welcomes_once_and_for_all::endpoint, specifications::orders_with_welcome());
    let refilled = [add_item("order-1", "tea"), remove_item("order-1", "tea"), add_item("order-1", "cake")];
    let run = Chaos::on(orders).send(refilled).run();
    run.assert_exactly_once();
    insta::assert_snapshot!("welcomes-once-and-for-all", run.published_in_any_order().join("\n"));
}
