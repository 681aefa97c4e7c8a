//! Tempting wrong answers. Each must die under the bounds of the exercise, of
//! its own disease, and the diagnosis must say so to somebody who has never
//! seen the code.

use chaos::{Property, Report, System, specifications};
use closing::{Closing, Dialogue};

#[path = "../mistakes/acknowledges_what_it_sees_in_the_inbox.rs"]
mod acknowledges_what_it_sees_in_the_inbox;
#[path = "../mistakes/asks_for_the_etag_again.rs"]
mod asks_for_the_etag_again;
#[path = "../mistakes/believes_the_inbox_alone.rs"]
mod believes_the_inbox_alone;
#[path = "../mistakes/claims_before_it_commits.rs"]
mod claims_before_it_commits;
#[path = "../mistakes/cleans_up_without_a_condition.rs"]
mod cleans_up_without_a_condition;
#[path = "../mistakes/deletes_the_document_of_an_empty_order.rs"]
mod deletes_the_document_of_an_empty_order;
#[path = "../mistakes/does_not_insist_on_the_mark.rs"]
mod does_not_insist_on_the_mark;
#[path = "../mistakes/empties_the_whole_outbox.rs"]
mod empties_the_whole_outbox;
#[path = "../mistakes/files_the_inbox_by_order.rs"]
mod files_the_inbox_by_order;
#[path = "../mistakes/keeps_a_diary_of_copies.rs"]
mod keeps_a_diary_of_copies;
#[path = "../mistakes/keeps_what_says_nothing.rs"]
mod keeps_what_says_nothing;
#[path = "../mistakes/leaves_the_cleaning_to_whoever_marked.rs"]
mod leaves_the_cleaning_to_whoever_marked;
#[path = "../mistakes/lets_go_before_it_marks.rs"]
mod lets_go_before_it_marks;
#[path = "../mistakes/lets_the_inbox_forget.rs"]
mod lets_the_inbox_forget;
#[path = "../mistakes/looks_at_both_at_once.rs"]
mod looks_at_both_at_once;
#[path = "../mistakes/looks_into_the_inbox_first.rs"]
mod looks_into_the_inbox_first;
#[path = "../mistakes/marks_before_it_sends.rs"]
mod marks_before_it_sends;
#[path = "../mistakes/marks_before_it_sends_and_asks_the_state.rs"]
mod marks_before_it_sends_and_asks_the_state;
mod support;
#[path = "../mistakes/swallows_the_conflict.rs"]
mod swallows_the_conflict;
#[path = "../mistakes/takes_an_empty_entry_for_none.rs"]
mod takes_an_empty_entry_for_none;
use support::{Make, searches};

/// The story of the first search that does not hold: those for the guarantee
/// come first, as in the exercise.
fn first_failure(orders: Make, loyalty: Make) -> Report {
    searches(orders, loyalty)
        .into_iter()
        .map(|search| search.run())
        .find(|report| !report.holds())
        .expect("the mistake survives every search of the exercise")
}

#[test]
fn looks_into_the_inbox_first() {
    let report = first_failure(looks_into_the_inbox_first::orders, looks_into_the_inbox_first::loyalty);
    assert_eq!(report.violated(), Some(Property::ConsistentOutputs), "{report}");
    chaos::assert_golden!("looks-into-the-inbox-first", report);
}

#[test]
fn looks_at_both_at_once() {
    let report = first_failure(looks_at_both_at_once::orders, looks_at_both_at_once::loyalty);
    assert_eq!(report.violated(), Some(Property::ConsistentOutputs), "{report}");
    chaos::assert_golden!("looks-at-both-at-once", report);
}

#[test]
fn lets_go_before_it_marks() {
    let report = first_failure(lets_go_before_it_marks::orders, lets_go_before_it_marks::loyalty);
    assert_eq!(report.violated(), Some(Property::ConsistentOutputs), "{report}");
    chaos::assert_golden!("lets-go-before-it-marks", report);
}

#[test]
fn does_not_insist_on_the_mark() {
    let report = first_failure(does_not_insist_on_the_mark::orders, does_not_insist_on_the_mark::loyalty);
    assert_eq!(report.violated(), Some(Property::ConsistentOutputs), "{report}");
    chaos::assert_golden!("does-not-insist-on-the-mark", report);
}

#[test]
fn files_the_inbox_by_order() {
    let report = first_failure(files_the_inbox_by_order::orders, files_the_inbox_by_order::loyalty);
    assert_eq!(report.violated(), Some(Property::NoLostMessages), "{report}");
    chaos::assert_golden!("files-the-inbox-by-order", report);
}

#[test]
fn claims_before_it_commits() {
    let report = first_failure(claims_before_it_commits::orders, claims_before_it_commits::loyalty);
    assert_eq!(report.violated(), Some(Property::NoLostMessages), "{report}");
    chaos::assert_golden!("claims-before-it-commits", report);
}

#[test]
fn marks_before_it_sends() {
    let report = first_failure(marks_before_it_sends::orders, marks_before_it_sends::loyalty);
    assert_eq!(report.violated(), Some(Property::NoLostMessages), "{report}");
    chaos::assert_golden!("marks-before-it-sends", report);
}

#[test]
fn marks_before_it_sends_and_asks_the_state() {
    let report = first_failure(
        marks_before_it_sends_and_asks_the_state::orders,
        marks_before_it_sends_and_asks_the_state::loyalty,
    );
    assert_eq!(report.violated(), Some(Property::NoLostMessages), "{report}");
    chaos::assert_golden!("marks-before-it-sends-and-asks-the-state", report);
}

#[test]
fn cleans_up_without_a_condition() {
    let report = first_failure(cleans_up_without_a_condition::orders, cleans_up_without_a_condition::loyalty);
    assert_eq!(report.violated(), Some(Property::NoLostMessages), "{report}");
    chaos::assert_golden!("cleans-up-without-a-condition", report);
}

#[test]
fn asks_for_the_etag_again() {
    let report = first_failure(asks_for_the_etag_again::orders, asks_for_the_etag_again::loyalty);
    assert_eq!(report.violated(), Some(Property::NoLostMessages), "{report}");
    chaos::assert_golden!("asks-for-the-etag-again", report);
}

#[test]
fn empties_the_whole_outbox() {
    let report = first_failure(empties_the_whole_outbox::orders, empties_the_whole_outbox::loyalty);
    assert_eq!(report.violated(), Some(Property::NoLostMessages), "{report}");
    chaos::assert_golden!("empties-the-whole-outbox", report);
}

#[test]
fn swallows_the_conflict() {
    let report = first_failure(swallows_the_conflict::orders, swallows_the_conflict::loyalty);
    assert_eq!(report.violated(), Some(Property::BoundedStorage), "{report}");
    chaos::assert_golden!("swallows-the-conflict", report);
}

#[test]
fn takes_an_empty_entry_for_none() {
    let report = first_failure(takes_an_empty_entry_for_none::orders, takes_an_empty_entry_for_none::loyalty);
    assert_eq!(report.violated(), Some(Property::NoDuplicatedProcessing), "{report}");
    chaos::assert_golden!("takes-an-empty-entry-for-none", report);
}

#[test]
fn keeps_what_says_nothing() {
    let report = first_failure(keeps_what_says_nothing::orders, keeps_what_says_nothing::loyalty);
    assert_eq!(report.violated(), Some(Property::BoundedStorage), "{report}");
    chaos::assert_golden!("keeps-what-says-nothing", report);
}

#[test]
fn believes_the_inbox_alone() {
    let report = first_failure(believes_the_inbox_alone::orders, believes_the_inbox_alone::loyalty);
    assert_eq!(report.violated(), Some(Property::BoundedStorage), "{report}");
    chaos::assert_golden!("believes-the-inbox-alone", report);
}

#[test]
fn acknowledges_what_it_sees_in_the_inbox() {
    let report = first_failure(
        acknowledges_what_it_sees_in_the_inbox::orders,
        acknowledges_what_it_sees_in_the_inbox::loyalty,
    );
    assert_eq!(report.violated(), Some(Property::BoundedStorage), "{report}");
    chaos::assert_golden!("acknowledges-what-it-sees-in-the-inbox", report);
}

/// Nothing is lost or done twice, so no search finds it: it is the storage that is
/// wrong, and what stores too much are the copies.
#[test]
fn keeps_a_diary_of_copies() {
    let orders = |_: &[_]| {
        System::of(keeps_a_diary_of_copies::orders()).judged_by(specifications::orders_with_welcome())
    };
    let closing = Closing::of(Dialogue::ORDERS, orders);
    let growth = closing.what_grows_with_copies().expect("the mistake survives the closing questions");
    assert!(growth.contains("the document order-1 had"), "{growth}");
}

#[test]
fn deletes_the_document_of_an_empty_order() {
    let report = first_failure(
        deletes_the_document_of_an_empty_order::orders,
        deletes_the_document_of_an_empty_order::loyalty,
    );
    assert_eq!(report.violated(), Some(Property::NoDuplicatedProcessing), "{report}");
    chaos::assert_golden!("deletes-the-document-of-an-empty-order", report);
}

#[test]
fn leaves_the_cleaning_to_whoever_marked() {
    let report = first_failure(
        leaves_the_cleaning_to_whoever_marked::orders,
        leaves_the_cleaning_to_whoever_marked::loyalty,
    );
    assert_eq!(report.violated(), Some(Property::BoundedStorage), "{report}");
    chaos::assert_golden!("leaves-the-cleaning-to-whoever-marked", report);
}

#[test]
fn lets_the_inbox_forget() {
    let report = first_failure(lets_the_inbox_forget::orders, lets_the_inbox_forget::loyalty);
    assert_eq!(report.violated(), Some(Property::ConsistentOutputs), "{report}");
    chaos::assert_golden!("lets-the-inbox-forget", report);
}
