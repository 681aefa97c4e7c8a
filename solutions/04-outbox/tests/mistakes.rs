//! Tempting wrong answers. Each must die under the bounds of the exercise, of
//! its own disease, and the diagnosis must say so to somebody who has never
//! seen the code.

use chaos::{
    Chaos, DelayedAckFailure, Explore, Monkey, Property, Report, StoreUnavailable, System, specifications,
};
use closing::{Closing, Dialogue};
use shared::Endpoint;
use shared::order::add_item;

#[path = "../mistakes/begins_again_with_an_empty_order.rs"]
mod begins_again_with_an_empty_order;
#[path = "../mistakes/clears_the_outbox_before_it_sends.rs"]
mod clears_the_outbox_before_it_sends;
#[path = "../mistakes/drops_a_message_it_knows.rs"]
mod drops_a_message_it_knows;
#[path = "../mistakes/forgets_the_id_with_the_outbox.rs"]
mod forgets_the_id_with_the_outbox;
#[path = "../mistakes/gives_up_after_five_tries.rs"]
mod gives_up_after_five_tries;
#[path = "../mistakes/gives_up_when_the_store_is_away.rs"]
mod gives_up_when_the_store_is_away;
#[path = "../mistakes/helps_others_and_does_not_insist.rs"]
mod helps_others_and_does_not_insist;
#[path = "../mistakes/keeps_one_outbox_for_all.rs"]
mod keeps_one_outbox_for_all;
#[path = "../mistakes/lets_the_last_writer_win.rs"]
mod lets_the_last_writer_win;
#[path = "../mistakes/makes_ids_when_it_sends.rs"]
mod makes_ids_when_it_sends;
#[path = "../mistakes/names_outputs_by_their_place_in_what_is_left.rs"]
mod names_outputs_by_their_place_in_what_is_left;
#[path = "../mistakes/publishes_before_it_commits.rs"]
mod publishes_before_it_commits;
#[path = "../mistakes/remembers_in_a_filter.rs"]
mod remembers_in_a_filter;
#[path = "../mistakes/remembers_in_a_second_put.rs"]
mod remembers_in_a_second_put;
#[path = "../mistakes/remembers_in_memory.rs"]
mod remembers_in_memory;
#[path = "../mistakes/remembers_the_last_two.rs"]
mod remembers_the_last_two;
#[path = "../../../exercises/04-outbox/tests/searches/mod.rs"]
mod searches;
#[path = "../mistakes/swallows_the_error_of_a_publish.rs"]
mod swallows_the_error_of_a_publish;
#[path = "../mistakes/tries_three_times_and_goes_on.rs"]
mod tries_three_times_and_goes_on;

/// A mistake, with our answer beside it.
fn orders(endpoint: fn() -> Endpoint) -> System {
    System::of(endpoint()).judged_by(specifications::orders_with_welcome()).beside([ex04_outbox::endpoint()])
}

/// The shortest story of all that the searches of the exercise find.
fn shortest_failure(endpoint: fn() -> Endpoint) -> Report {
    searches::all(|| orders(endpoint))
        .into_iter()
        .map(Explore::run)
        .filter(|report| !report.holds())
        .min_by_key(|report| report.steps)
        .expect("the mistake survives every search of the exercise")
}

/// The shortest story of all that the closing questions find.
fn closing_failure(endpoint: fn() -> Endpoint) -> Report {
    Closing::of(Dialogue::ORDERS, |_| orders(endpoint))
        .shortest_failure()
        .expect("the mistake survives every closing question")
}

/// What becomes of one message under a monkey.
fn under(endpoint: fn() -> Endpoint, monkey: Monkey) -> Report {
    Chaos::on(|| orders(endpoint))
        .send([add_item("order-1", "tea"), add_item("order-1", "cake")])
        .under(monkey)
        .run()
        .report()
        .clone()
}

#[test]
fn publishes_before_it_commits() {
    let report = shortest_failure(publishes_before_it_commits::endpoint);
    assert_eq!(report.violated(), Some(Property::ConsistentOutputs), "{report}");
    chaos::assert_golden!("publishes-before-it-commits", report);
}

#[test]
fn remembers_in_a_second_put() {
    let report = shortest_failure(remembers_in_a_second_put::endpoint);
    assert_eq!(report.violated(), Some(Property::NoLostMessages), "{report}");
    chaos::assert_golden!("remembers-in-a-second-put", report);
}

#[test]
fn lets_the_last_writer_win() {
    let report = shortest_failure(lets_the_last_writer_win::endpoint);
    assert_eq!(report.violated(), Some(Property::NoLostMessages), "{report}");
    chaos::assert_golden!("lets-the-last-writer-win", report);
}

#[test]
fn makes_ids_when_it_sends() {
    let report = shortest_failure(makes_ids_when_it_sends::endpoint);
    assert_eq!(report.violated(), Some(Property::NoDuplicatedProcessing), "{report}");
    chaos::assert_golden!("makes-ids-when-it-sends", report);
}

#[test]
fn clears_the_outbox_before_it_sends() {
    let report = shortest_failure(clears_the_outbox_before_it_sends::endpoint);
    assert_eq!(report.violated(), Some(Property::NoLostMessages), "{report}");
    chaos::assert_golden!("clears-the-outbox-before-it-sends", report);
}

#[test]
fn drops_a_message_it_knows() {
    let report = shortest_failure(drops_a_message_it_knows::endpoint);
    assert_eq!(report.violated(), Some(Property::NoLostMessages), "{report}");
    chaos::assert_golden!("drops-a-message-it-knows", report);
}

#[test]
fn swallows_the_error_of_a_publish() {
    let report = shortest_failure(swallows_the_error_of_a_publish::endpoint);
    assert_eq!(report.violated(), Some(Property::NoLostMessages), "{report}");
    chaos::assert_golden!("swallows-the-error-of-a-publish", report);
}

#[test]
fn remembers_in_memory() {
    let report = shortest_failure(remembers_in_memory::endpoint);
    assert_eq!(report.violated(), Some(Property::ConsistentOutputs), "{report}");
    chaos::assert_golden!("remembers-in-memory", report);
}

#[test]
fn forgets_the_id_with_the_outbox() {
    let report = shortest_failure(forgets_the_id_with_the_outbox::endpoint);
    assert_eq!(report.violated(), Some(Property::ConsistentOutputs), "{report}");
    chaos::assert_golden!("forgets-the-id-with-the-outbox", report);
}

#[test]
fn keeps_one_outbox_for_all() {
    let report = shortest_failure(keeps_one_outbox_for_all::endpoint);
    assert_eq!(report.violated(), Some(Property::NoLostMessages), "{report}");
    chaos::assert_golden!("keeps-one-outbox-for-all", report);
}

#[test]
fn remembers_the_last_two() {
    let report = closing_failure(remembers_the_last_two::endpoint);
    assert_eq!(report.violated(), Some(Property::NoDuplicatedProcessing), "{report}");
    chaos::assert_golden!("remembers-the-last-two", report);
}

#[test]
fn helps_others_and_does_not_insist() {
    let report = closing_failure(helps_others_and_does_not_insist::endpoint);
    assert_eq!(report.violated(), Some(Property::NoLostMessages), "{report}");
    chaos::assert_golden!("helps-others-and-does-not-insist", report);
}

#[test]
fn gives_up_when_the_store_is_away() {
    let report = closing_failure(gives_up_when_the_store_is_away::endpoint);
    assert_eq!(report.violated(), Some(Property::NoLostMessages), "{report}");
    chaos::assert_golden!("gives-up-when-the-store-is-away", report);
}

#[test]
fn begins_again_with_an_empty_order() {
    let report = shortest_failure(begins_again_with_an_empty_order::endpoint);
    assert_eq!(report.violated(), Some(Property::NoDuplicatedProcessing), "{report}");
    chaos::assert_golden!("begins-again-with-an-empty-order", report);
}

#[test]
fn names_outputs_by_their_place_in_what_is_left() {
    let report = shortest_failure(names_outputs_by_their_place_in_what_is_left::endpoint);
    assert_eq!(report.violated(), Some(Property::ConsistentOutputs), "{report}");
    chaos::assert_golden!("names-outputs-by-their-place-in-what-is-left", report);
}

/// Two faults at any two moments are too few for it; a broker that is away is enough.
#[test]
fn tries_three_times_and_goes_on() {
    let report = under(tries_three_times_and_goes_on::endpoint, DelayedAckFailure::of_message(0));
    assert_eq!(report.violated(), Some(Property::NoLostMessages), "{report}");
    chaos::assert_golden!("tries-three-times-and-goes-on", report);
}

/// The same with a store that is away.
#[test]
fn gives_up_after_five_tries() {
    let report = under(gives_up_after_five_tries::endpoint, StoreUnavailable::for_every_read(0, 0));
    assert_eq!(report.violated(), Some(Property::NoLostMessages), "{report}");
    chaos::assert_golden!("gives-up-after-five-tries", report);
}

/// What is lost is one of many messages, too many for a search.
#[test]
fn remembers_in_a_filter() {
    let orders =
        || System::of(remembers_in_a_filter::endpoint()).judged_by(specifications::orders_with_welcome());
    let lost = Closing::of(Dialogue::ORDERS, |_| orders()).what_a_late_copy_changes();
    let lost = lost.expect("the mistake survives the closing questions");
    assert!(lost.contains("messages of order-1 should have been published"), "{lost}");
}
