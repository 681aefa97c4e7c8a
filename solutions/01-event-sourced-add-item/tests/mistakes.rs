//! Tempting wrong answers. Each must die under the bounds of the exercise, of
//! its own disease, and the diagnosis must say so to somebody who has never
//! seen the code.

use chaos::{Explore, Property, Report, System, specifications};
use closing::{Closing, Dialogue};
use shared::Endpoint;

#[path = "../mistakes/appends_no_marker.rs"]
mod appends_no_marker;
#[path = "../mistakes/asks_for_the_version_again.rs"]
mod asks_for_the_version_again;
#[path = "../mistakes/keeps_silent_about_a_duplicate.rs"]
mod keeps_silent_about_a_duplicate;
#[path = "../mistakes/looks_only_at_the_last_ten.rs"]
mod looks_only_at_the_last_ten;
#[path = "../mistakes/makes_new_ids.rs"]
mod makes_new_ids;
#[path = "../mistakes/names_outputs_by_their_content.rs"]
mod names_outputs_by_their_content;
#[path = "../mistakes/publishes_before_it_appends.rs"]
mod publishes_before_it_appends;
#[path = "../mistakes/remembers_in_a_static.rs"]
mod remembers_in_a_static;
#[path = "../mistakes/remembers_in_memory.rs"]
mod remembers_in_memory;
#[path = "../../../exercises/01-event-sourced-add-item/tests/searches/mod.rs"]
mod searches;
#[path = "../mistakes/swallows_the_conflict.rs"]
mod swallows_the_conflict;
#[path = "../mistakes/takes_no_reply_for_a_yes.rs"]
mod takes_no_reply_for_a_yes;

/// A mistake, with our answer beside it.
fn orders(endpoint: fn() -> Endpoint) -> System {
    System::of(endpoint())
        .judged_by(specifications::orders())
        .beside([ex01_event_sourced_add_item::endpoint()])
}

/// The searches of the exercise, and the shortest failure among them.
fn shortest_failure(endpoint: fn() -> Endpoint) -> Report {
    searches::all(|| orders(endpoint))
        .into_iter()
        .map(Explore::run)
        .filter(|report| !report.holds())
        .min_by_key(|report| (report.faults, report.steps))
        .expect("the mistake survives every search of the exercise")
}

/// The shortest story of all that the closing questions find.
fn closing_failure(endpoint: fn() -> Endpoint) -> Report {
    Closing::of(Dialogue::ORDERS, |_| orders(endpoint))
        .shortest_failure()
        .expect("the mistake survives every closing question")
}

#[test]
fn publishes_before_it_appends() {
    let report = shortest_failure(publishes_before_it_appends::endpoint);
    assert_eq!(report.violated(), Some(Property::ConsistentOutputs), "{report}");
    chaos::assert_golden!("publishes-before-it-appends", report);
}

#[test]
fn makes_new_ids() {
    let report = shortest_failure(makes_new_ids::endpoint);
    assert_eq!(report.violated(), Some(Property::NoDuplicatedProcessing), "{report}");
    chaos::assert_golden!("makes-new-ids", report);
}

#[test]
fn appends_no_marker() {
    let report = shortest_failure(appends_no_marker::endpoint);
    assert_eq!(report.violated(), Some(Property::ConsistentOutputs), "{report}");
    chaos::assert_golden!("appends-no-marker", report);
}

#[test]
fn swallows_the_conflict() {
    let report = shortest_failure(swallows_the_conflict::endpoint);
    assert_eq!(report.violated(), Some(Property::NoLostMessages), "{report}");
    chaos::assert_golden!("swallows-the-conflict", report);
}

#[test]
fn keeps_silent_about_a_duplicate() {
    let report = shortest_failure(keeps_silent_about_a_duplicate::endpoint);
    assert_eq!(report.violated(), Some(Property::NoLostMessages), "{report}");
    chaos::assert_golden!("keeps-silent-about-a-duplicate", report);
}

#[test]
fn asks_for_the_version_again() {
    let report = shortest_failure(asks_for_the_version_again::endpoint);
    assert_eq!(report.violated(), Some(Property::NoDuplicatedProcessing), "{report}");
    chaos::assert_golden!("asks-for-the-version-again", report);
}

#[test]
fn takes_no_reply_for_a_yes() {
    let report = shortest_failure(takes_no_reply_for_a_yes::endpoint);
    assert_eq!(report.violated(), Some(Property::NoLostMessages), "{report}");
    chaos::assert_golden!("takes-no-reply-for-a-yes", report);
}

#[test]
fn remembers_in_memory() {
    let report = shortest_failure(remembers_in_memory::endpoint);
    assert_eq!(report.violated(), Some(Property::NoLostMessages), "{report}");
    chaos::assert_golden!("remembers-in-memory", report);
}

/// Not a violated property: the engine feeds a handler the same replies several
/// times over, and a static answers differently each time.
#[test]
fn remembers_in_a_static() {
    let report = shortest_failure(remembers_in_a_static::endpoint);
    assert_eq!(report.violated(), None, "{report}");
    chaos::assert_golden!("remembers-in-a-static", report);
}

#[test]
fn names_outputs_by_their_content() {
    let report = closing_failure(names_outputs_by_their_content::endpoint);
    assert_eq!(report.violated(), Some(Property::NoLostMessages), "{report}");
    chaos::assert_golden!("names-outputs-by-their-content", report);
}

/// No search has so many messages. And since its ids are derived, a copy of the doing and
/// one of the undoing leave everything as it was, if they come in this order.
#[test]
fn looks_only_at_the_last_ten() {
    let orders = || System::of(looks_only_at_the_last_ten::endpoint()).judged_by(specifications::orders());
    let changed = Closing::of(Dialogue::ORDERS, |_| orders()).what_a_late_copy_changes();
    let changed = changed.expect("the mistake survives every closing question");
    assert!(changed.contains("a copy of the one that was number 1, AddItem, came once more"), "{changed}");
}
