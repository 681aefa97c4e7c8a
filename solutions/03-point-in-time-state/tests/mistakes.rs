//! Tempting wrong answers. Each must die under the bounds of the exercise, of
//! its own disease, and the diagnosis must say so to somebody who has never
//! seen the code.

use chaos::{Explore, Property, Report, System, specifications};
use closing::{Closing, Dialogue};
use shared::Endpoint;

#[path = "../mistakes/answers_from_the_order_of_today.rs"]
mod answers_from_the_order_of_today;
#[path = "../mistakes/appends_no_marker.rs"]
mod appends_no_marker;
#[path = "../mistakes/appends_the_old_decision_again.rs"]
mod appends_the_old_decision_again;
#[path = "../mistakes/counts_its_own_event_as_past.rs"]
mod counts_its_own_event_as_past;
#[path = "../mistakes/cuts_at_its_last_event.rs"]
mod cuts_at_its_last_event;
#[path = "../mistakes/keeps_silent_about_a_copy.rs"]
mod keeps_silent_about_a_copy;
#[path = "../mistakes/leaves_out_its_own_events.rs"]
mod leaves_out_its_own_events;
#[path = "../mistakes/looks_for_an_earlier_item.rs"]
mod looks_for_an_earlier_item;
#[path = "../mistakes/makes_new_ids.rs"]
mod makes_new_ids;
#[path = "../../../exercises/03-point-in-time-state/tests/searches/mod.rs"]
mod searches;
#[path = "../mistakes/takes_snapshots_that_forget.rs"]
mod takes_snapshots_that_forget;

/// A mistake, with our answer beside it.
fn orders(endpoint: fn() -> Endpoint) -> System {
    System::of(endpoint())
        .judged_by(specifications::orders_with_welcome())
        .beside([ex03_point_in_time_state::endpoint()])
}

/// The searches of the exercise, until one of them does not hold.
fn first_failure(endpoint: fn() -> Endpoint) -> Report {
    searches::all(|| orders(endpoint))
        .into_iter()
        .map(Explore::run)
        .find(|report| !report.holds())
        .expect("the mistake survives every search of the exercise")
}

/// The shortest story of all that the closing questions find.
fn closing_failure(endpoint: fn() -> Endpoint) -> Report {
    Closing::of(Dialogue::ORDERS, |_| orders(endpoint))
        .shortest_failure()
        .expect("the mistake survives every closing question")
}

#[test]
fn answers_from_the_order_of_today() {
    let report = first_failure(answers_from_the_order_of_today::endpoint);
    assert_eq!(report.violated(), Some(Property::NoLostMessages), "{report}");
    chaos::assert_golden!("answers-from-the-order-of-today", report);
}

#[test]
fn counts_its_own_event_as_past() {
    let report = first_failure(counts_its_own_event_as_past::endpoint);
    assert_eq!(report.violated(), Some(Property::NoLostMessages), "{report}");
    chaos::assert_golden!("counts-its-own-event-as-past", report);
}

#[test]
fn leaves_out_its_own_events() {
    let report = first_failure(leaves_out_its_own_events::endpoint);
    assert_eq!(report.violated(), Some(Property::NoLostMessages), "{report}");
    chaos::assert_golden!("leaves-out-its-own-events", report);
}

#[test]
fn cuts_at_its_last_event() {
    let report = first_failure(cuts_at_its_last_event::endpoint);
    assert_eq!(report.violated(), Some(Property::NoLostMessages), "{report}");
    chaos::assert_golden!("cuts-at-its-last-event", report);
}

#[test]
fn appends_no_marker() {
    let report = first_failure(appends_no_marker::endpoint);
    assert_eq!(report.violated(), Some(Property::ConsistentOutputs), "{report}");
    chaos::assert_golden!("appends-no-marker", report);
}

#[test]
fn makes_new_ids() {
    let report = first_failure(makes_new_ids::endpoint);
    assert_eq!(report.violated(), Some(Property::NoDuplicatedProcessing), "{report}");
    chaos::assert_golden!("makes-new-ids", report);
}

#[test]
fn keeps_silent_about_a_copy() {
    let report = first_failure(keeps_silent_about_a_copy::endpoint);
    assert_eq!(report.violated(), Some(Property::NoLostMessages), "{report}");
    chaos::assert_golden!("keeps-silent-about-a-copy", report);
}

#[test]
fn appends_the_old_decision_again() {
    let report = first_failure(appends_the_old_decision_again::endpoint);
    assert_eq!(report.violated(), Some(Property::NoGhostMessages), "{report}");
    chaos::assert_golden!("appends-the-old-decision-again", report);
}

#[test]
fn takes_snapshots_that_forget() {
    let report = first_failure(takes_snapshots_that_forget::endpoint);
    assert_eq!(report.violated(), Some(Property::NoLostMessages), "{report}");
    chaos::assert_golden!("takes-snapshots-that-forget", report);
}

#[test]
fn looks_for_an_earlier_item() {
    let report = closing_failure(looks_for_an_earlier_item::endpoint);
    assert_eq!(report.violated(), Some(Property::NoLostMessages), "{report}");
    chaos::assert_golden!("looks-for-an-earlier-item", report);
}
