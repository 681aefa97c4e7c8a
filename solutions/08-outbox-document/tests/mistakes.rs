//! Tempting wrong answers. Each must die under the bounds of the exercise, of
//! its own disease, and the diagnosis must say so to somebody who has never
//! seen the code.

use chaos::{Explore, Property, Report};
use closing::{Closing, Dialogue};

#[path = "../mistakes/enters_its_attempt_after_its_letters.rs"]
mod enters_its_attempt_after_its_letters;
#[path = "../mistakes/names_the_outbox_after_the_version.rs"]
mod names_the_outbox_after_the_version;
mod support;
use support::{Make, searches, searches_for_rest};

#[path = "../mistakes/adopts_the_letters_of_a_failed_attempt.rs"]
mod adopts_the_letters_of_a_failed_attempt;
#[path = "../mistakes/clears_up_after_any_error.rs"]
mod clears_up_after_any_error;
#[path = "../mistakes/closes_the_list_without_looking.rs"]
mod closes_the_list_without_looking;
#[path = "../mistakes/closes_the_transaction_before_it_marks.rs"]
mod closes_the_transaction_before_it_marks;
#[path = "../mistakes/commits_before_it_writes_the_outbox.rs"]
mod commits_before_it_writes_the_outbox;
#[path = "../mistakes/decides_again_to_finish.rs"]
mod decides_again_to_finish;
#[path = "../mistakes/keeps_no_list_of_attempts.rs"]
mod keeps_no_list_of_attempts;
#[path = "../mistakes/keeps_one_outbox_for_all_attempts.rs"]
mod keeps_one_outbox_for_all_attempts;
#[path = "../mistakes/keeps_one_state_for_all_orders.rs"]
mod keeps_one_state_for_all_orders;
#[path = "../mistakes/lets_the_outbox_expire.rs"]
mod lets_the_outbox_expire;
#[path = "../mistakes/looks_at_the_inbox_first.rs"]
mod looks_at_the_inbox_first;
#[path = "../mistakes/marks_the_message_it_is_on.rs"]
mod marks_the_message_it_is_on;
#[path = "../mistakes/opens_a_second_transaction_over_the_first.rs"]
mod opens_a_second_transaction_over_the_first;
#[path = "../mistakes/sweeps_while_others_are_at_work.rs"]
mod sweeps_while_others_are_at_work;
#[path = "../mistakes/uses_a_number_twice.rs"]
mod uses_a_number_twice;
#[path = "../mistakes/waits_for_whoever_opened_the_transaction.rs"]
mod waits_for_whoever_opened_the_transaction;

/// The shortest story of all that the searches of the exercise find.
fn shortest_failure(endpoint: Make) -> Report {
    shortest(searches(endpoint))
}

fn shortest(searches: Vec<Explore>) -> Report {
    searches
        .into_iter()
        .map(Explore::run)
        .filter(|report| !report.holds())
        .min_by_key(|report| report.steps)
        .expect("the mistake survives every search of the exercise")
}

/// The shortest story of all that the closing questions find.
fn closing_failure(endpoint: Make) -> Report {
    Closing::of(Dialogue::ORDERS, |_| support::orders(endpoint()))
        .shortest_failure()
        .expect("the mistake survives every closing question")
}

#[test]
fn commits_before_it_writes_the_outbox() {
    let report = shortest_failure(commits_before_it_writes_the_outbox::orders);
    assert_eq!(report.violated(), Some(Property::NoLostMessages), "{report}");
    chaos::assert_golden!("commits-before-it-writes-the-outbox", report);
}

#[test]
fn marks_the_message_it_is_on() {
    let report = shortest_failure(marks_the_message_it_is_on::orders);
    assert_eq!(report.violated(), Some(Property::NoLostMessages), "{report}");
    chaos::assert_golden!("marks-the-message-it-is-on", report);
}

#[test]
fn decides_again_to_finish() {
    let report = shortest_failure(decides_again_to_finish::orders);
    assert_eq!(report.violated(), Some(Property::NoLostMessages), "{report}");
    chaos::assert_golden!("decides-again-to-finish", report);
}

#[test]
fn opens_a_second_transaction_over_the_first() {
    let report = shortest_failure(opens_a_second_transaction_over_the_first::orders);
    assert_eq!(report.violated(), Some(Property::NoLostMessages), "{report}");
    chaos::assert_golden!("opens-a-second-transaction-over-the-first", report);
}

#[test]
fn closes_the_transaction_before_it_marks() {
    let report = shortest_failure(closes_the_transaction_before_it_marks::orders);
    assert_eq!(report.violated(), Some(Property::ConsistentOutputs), "{report}");
    chaos::assert_golden!("closes-the-transaction-before-it-marks", report);
}

#[test]
fn keeps_one_outbox_for_all_attempts() {
    let report = shortest_failure(keeps_one_outbox_for_all_attempts::orders);
    assert_eq!(report.violated(), Some(Property::NoDuplicatedProcessing), "{report}");
    chaos::assert_golden!("keeps-one-outbox-for-all-attempts", report);
}

#[test]
fn uses_a_number_twice() {
    let report = shortest_failure(uses_a_number_twice::orders);
    assert_eq!(report.violated(), Some(Property::NoDuplicatedProcessing), "{report}");
    chaos::assert_golden!("uses-a-number-twice", report);
}

#[test]
fn adopts_the_letters_of_a_failed_attempt() {
    let report = shortest_failure(adopts_the_letters_of_a_failed_attempt::orders);
    assert_eq!(report.violated(), Some(Property::StateMatchesOutputs), "{report}");
    chaos::assert_golden!("adopts-the-letters-of-a-failed-attempt", report);
}

#[test]
fn clears_up_after_any_error() {
    let report = shortest_failure(clears_up_after_any_error::orders);
    assert_eq!(report.violated(), Some(Property::NoLostMessages), "{report}");
    chaos::assert_golden!("clears-up-after-any-error", report);
}

#[test]
fn sweeps_while_others_are_at_work() {
    let report = shortest_failure(sweeps_while_others_are_at_work::orders);
    assert_eq!(report.violated(), Some(Property::NoLostMessages), "{report}");
    chaos::assert_golden!("sweeps-while-others-are-at-work", report);
}

#[test]
fn lets_the_outbox_expire() {
    let report = shortest_failure(lets_the_outbox_expire::orders);
    assert_eq!(report.violated(), Some(Property::NoLostMessages), "{report}");
    chaos::assert_golden!("lets-the-outbox-expire", report);
}

#[test]
fn keeps_no_list_of_attempts() {
    let report = shortest_failure(keeps_no_list_of_attempts::orders);
    assert_eq!(report.violated(), Some(Property::NoGarbage), "{report}");
    chaos::assert_golden!("keeps-no-list-of-attempts", report);
}

#[test]
fn closes_the_list_without_looking() {
    let report = shortest_failure(closes_the_list_without_looking::orders);
    assert_eq!(report.violated(), Some(Property::NoGarbage), "{report}");
    chaos::assert_golden!("closes-the-list-without-looking", report);
}

#[test]
fn looks_at_the_inbox_first() {
    let report = shortest_failure(looks_at_the_inbox_first::orders);
    assert_eq!(report.violated(), Some(Property::ConsistentOutputs), "{report}");
    chaos::assert_golden!("looks-at-the-inbox-first", report);
}

#[test]
fn keeps_one_state_for_all_orders() {
    let report = closing_failure(keeps_one_state_for_all_orders::orders);
    assert_eq!(report.violated(), Some(Property::NoLostMessages), "{report}");
    chaos::assert_golden!("keeps-one-state-for-all-orders", report);
}

#[test]
fn names_the_outbox_after_the_version() {
    let report = shortest_failure(names_the_outbox_after_the_version::orders);
    assert_eq!(report.violated(), Some(Property::NoDuplicatedProcessing), "{report}");
    chaos::assert_golden!("names-the-outbox-after-the-version", report);
}

#[test]
fn enters_its_attempt_after_its_letters() {
    let report = shortest_failure(enters_its_attempt_after_its_letters::orders);
    assert_eq!(report.violated(), Some(Property::NoGarbage), "{report}");
    chaos::assert_golden!("enters-its-attempt-after-its-letters", report);
}

#[test]
fn waits_for_whoever_opened_the_transaction() {
    let report = shortest(searches_for_rest(waits_for_whoever_opened_the_transaction::orders));
    assert_eq!(report.violated(), Some(Property::Settles), "{report}");
    chaos::assert_golden!("waits-for-whoever-opened-the-transaction", report);
}
