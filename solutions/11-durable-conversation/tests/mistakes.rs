//! Tempting wrong answers. Each must die under the bounds of the exercise, of
//! its own disease, and the diagnosis must say so to somebody who has never
//! seen the code.
//!
//! Where the mistake is in the checkout, the conversation is that of the
//! solution.

use chaos::{Property, Report};
use closing::{Closing, Dialogue};

#[path = "../mistakes/asks_the_service_for_what_it_said.rs"]
mod asks_the_service_for_what_it_said;
#[path = "../mistakes/begins_again_with_the_last_step.rs"]
mod begins_again_with_the_last_step;
#[path = "../mistakes/does_not_wait_for_the_last_record.rs"]
mod does_not_wait_for_the_last_record;
#[path = "../mistakes/forgets_what_is_finished.rs"]
mod forgets_what_is_finished;
#[path = "../mistakes/is_finished_when_the_money_is_in.rs"]
mod is_finished_when_the_money_is_in;
#[path = "../mistakes/makes_a_new_key_at_every_attempt.rs"]
mod makes_a_new_key_at_every_attempt;
#[path = "../mistakes/names_the_key_after_the_step_alone.rs"]
mod names_the_key_after_the_step_alone;
#[path = "../mistakes/names_the_key_after_what_is_bought.rs"]
mod names_the_key_after_what_is_bought;
#[path = "../mistakes/notes_the_receipt_before_it_sends_it.rs"]
mod notes_the_receipt_before_it_sends_it;
#[path = "../mistakes/receives_when_the_first_step_is_done.rs"]
mod receives_when_the_first_step_is_done;
#[path = "../mistakes/remembers_in_a_static.rs"]
mod remembers_in_a_static;
#[path = "../mistakes/starts_over_when_it_resumes.rs"]
mod starts_over_when_it_resumes;
mod support;
#[path = "../mistakes/takes_a_conflict_for_a_colleague.rs"]
mod takes_a_conflict_for_a_colleague;
#[path = "../mistakes/takes_a_failure_for_an_end.rs"]
mod takes_a_failure_for_an_end;
#[path = "../mistakes/takes_a_new_key_after_a_failure.rs"]
mod takes_a_new_key_after_a_failure;
#[path = "../mistakes/trusts_the_keys_alone.rs"]
mod trusts_the_keys_alone;
#[path = "../mistakes/writes_at_the_next_place.rs"]
mod writes_at_the_next_place;
#[path = "../mistakes/writes_down_only_that_it_is_finished.rs"]
mod writes_down_only_that_it_is_finished;
use support::{Make, late_copy, searches};

/// The story of the first search that does not hold, in the order of the
/// exercise.
fn first_failure(endpoint: Make) -> Report {
    searches(endpoint)
        .into_iter()
        .map(|search| search.run())
        .find(|report| !report.holds())
        .expect("the mistake survives every search of the exercise")
}

/// The shortest story of all that the closing questions find.
fn closing_failure(endpoint: support::Make) -> Report {
    Closing::of(Dialogue::CHECKOUTS, |_| support::checkouts(endpoint))
        .shortest_failure()
        .expect("the mistake survives every closing question")
}

#[test]
fn makes_a_new_key_at_every_attempt() {
    let report = first_failure(makes_a_new_key_at_every_attempt::endpoint);
    assert_eq!(report.violated(), Some(Property::NoDuplicatedProcessing), "{report}");
    chaos::assert_golden!("makes-a-new-key-at-every-attempt", report);
}

#[test]
fn names_the_key_after_the_step_alone() {
    let report = first_failure(names_the_key_after_the_step_alone::endpoint);
    assert_eq!(report.violated(), Some(Property::Settles), "{report}");
    chaos::assert_golden!("names-the-key-after-the-step-alone", report);
}

#[test]
fn trusts_the_keys_alone() {
    let report = late_copy(trusts_the_keys_alone::endpoint);
    assert_eq!(report.violated(), Some(Property::NoDuplicatedProcessing), "{report}");
    chaos::assert_golden!("trusts-the-keys-alone", report);
}

#[test]
fn notes_the_receipt_before_it_sends_it() {
    let report = first_failure(notes_the_receipt_before_it_sends_it::endpoint);
    assert_eq!(report.violated(), Some(Property::NoLostMessages), "{report}");
    chaos::assert_golden!("notes-the-receipt-before-it-sends-it", report);
}

#[test]
fn is_finished_when_the_money_is_in() {
    let report = first_failure(is_finished_when_the_money_is_in::endpoint);
    assert_eq!(report.violated(), Some(Property::NoLostMessages), "{report}");
    chaos::assert_golden!("is-finished-when-the-money-is-in", report);
}

#[test]
fn begins_again_with_the_last_step() {
    let report = first_failure(begins_again_with_the_last_step::endpoint);
    assert_eq!(report.violated(), Some(Property::NoDuplicatedProcessing), "{report}");
    chaos::assert_golden!("begins-again-with-the-last-step", report);
}

#[test]
fn starts_over_when_it_resumes() {
    let report = first_failure(starts_over_when_it_resumes::endpoint);
    assert_eq!(report.violated(), Some(Property::NoDuplicatedProcessing), "{report}");
    chaos::assert_golden!("starts-over-when-it-resumes", report);
}

#[test]
fn writes_down_only_that_it_is_finished() {
    let report = first_failure(writes_down_only_that_it_is_finished::endpoint);
    assert_eq!(report.violated(), Some(Property::BoundedStorage), "{report}");
    chaos::assert_golden!("writes-down-only-that-it-is-finished", report);
}

#[test]
fn asks_the_service_for_what_it_said() {
    let report = first_failure(asks_the_service_for_what_it_said::endpoint);
    assert_eq!(report.violated(), Some(Property::NoDuplicatedProcessing), "{report}");
    chaos::assert_golden!("asks-the-service-for-what-it-said", report);
}

#[test]
fn takes_a_failure_for_an_end() {
    let report = first_failure(takes_a_failure_for_an_end::endpoint);
    assert_eq!(report.violated(), Some(Property::NoLostMessages), "{report}");
    chaos::assert_golden!("takes-a-failure-for-an-end", report);
}

#[test]
fn forgets_what_is_finished() {
    let report = first_failure(forgets_what_is_finished::endpoint);
    assert_eq!(report.violated(), Some(Property::NoDuplicatedProcessing), "{report}");
    chaos::assert_golden!("forgets-what-is-finished", report);
}

#[test]
fn writes_at_the_next_place() {
    let report = first_failure(writes_at_the_next_place::endpoint);
    assert_eq!(report.violated(), Some(Property::BoundedStorage), "{report}");
    chaos::assert_golden!("writes-at-the-next-place", report);
}

#[test]
fn takes_a_conflict_for_a_colleague() {
    let report = first_failure(takes_a_conflict_for_a_colleague::endpoint);
    assert_eq!(report.violated(), Some(Property::BoundedStorage), "{report}");
    chaos::assert_golden!("takes-a-conflict-for-a-colleague", report);
}

#[test]
fn does_not_wait_for_the_last_record() {
    let report = first_failure(does_not_wait_for_the_last_record::endpoint);
    assert_eq!(report.violated(), Some(Property::BoundedStorage), "{report}");
    chaos::assert_golden!("does-not-wait-for-the-last-record", report);
}

#[test]
fn remembers_in_a_static() {
    let report = first_failure(remembers_in_a_static::endpoint);
    assert_eq!(report.violated(), None, "{report}");
    chaos::assert_golden!("remembers-in-a-static", report);
}

#[test]
fn names_the_key_after_what_is_bought() {
    let report = closing_failure(names_the_key_after_what_is_bought::endpoint);
    assert_eq!(report.violated(), Some(Property::NoLostMessages), "{report}");
    chaos::assert_golden!("names-the-key-after-what-is-bought", report);
}

#[test]
fn takes_a_new_key_after_a_failure() {
    let report = first_failure(takes_a_new_key_after_a_failure::endpoint);
    assert_eq!(report.violated(), Some(Property::NoDuplicatedProcessing), "{report}");
    chaos::assert_golden!("takes-a-new-key-after-a-failure", report);
}

#[test]
fn receives_when_the_first_step_is_done() {
    let report = first_failure(receives_when_the_first_step_is_done::endpoint);
    assert_eq!(report.violated(), Some(Property::NoDuplicatedProcessing), "{report}");
    chaos::assert_golden!("receives-when-the-first-step-is-done", report);
}
