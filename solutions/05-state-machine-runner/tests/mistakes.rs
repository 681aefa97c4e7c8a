//! Tempting wrong answers. Each must die under the bounds of the exercise, of
//! its own disease, and the diagnosis must say so to somebody who has never
//! seen the code.

use chaos::{Explore, Property, Report};
use shared::loyalty::Loyalty;
use shared::order::Orders;
use support::Pairs;

#[path = "../mistakes/asks_for_the_etag_when_it_writes.rs"]
mod asks_for_the_etag_when_it_writes;
#[path = "../mistakes/asks_the_machine_again.rs"]
mod asks_the_machine_again;
#[path = "../mistakes/draws_one_lot_for_a_message.rs"]
mod draws_one_lot_for_a_message;
#[path = "../mistakes/keeps_its_books_apart.rs"]
mod keeps_its_books_apart;
#[path = "../mistakes/keeps_one_state_for_all.rs"]
mod keeps_one_state_for_all;
#[path = "../mistakes/leaves_the_sending_to_the_endpoint.rs"]
mod leaves_the_sending_to_the_endpoint;
#[path = "../mistakes/names_outputs_by_their_content.rs"]
mod names_outputs_by_their_content;
#[path = "../mistakes/names_outputs_by_their_kind.rs"]
mod names_outputs_by_their_kind;
#[path = "../mistakes/numbers_the_outputs_of_an_aggregate.rs"]
mod numbers_the_outputs_of_an_aggregate;
#[path = "../mistakes/remembers_in_the_machine.rs"]
mod remembers_in_the_machine;
#[path = "../mistakes/remembers_only_what_it_answered.rs"]
mod remembers_only_what_it_answered;
#[path = "../mistakes/stores_nothing_when_nothing_is_said.rs"]
mod stores_nothing_when_nothing_is_said;
mod support;
#[path = "../mistakes/writes_its_result_over_a_conflict.rs"]
mod writes_its_result_over_a_conflict;

/// The shortest story of all that the searches of the exercise find.
fn shortest_failure(searches: Vec<Explore>) -> Report {
    searches
        .into_iter()
        .map(Explore::run)
        .filter(|report| !report.holds())
        .min_by_key(|report| report.steps)
        .expect("the mistake survives every search of the exercise")
}

#[test]
fn stores_nothing_when_nothing_is_said() {
    use stores_nothing_when_nothing_is_said::endpoint_of;
    let report = shortest_failure(support::searches(endpoint_of::<Orders>, endpoint_of::<Loyalty>));
    assert_eq!(report.violated(), Some(Property::NoLostMessages), "{report}");
    chaos::assert_golden!("stores-nothing-when-nothing-is-said", report);
}

#[test]
fn remembers_only_what_it_answered() {
    use remembers_only_what_it_answered::endpoint_of;
    let report = shortest_failure(support::searches(endpoint_of::<Orders>, endpoint_of::<Loyalty>));
    assert_eq!(report.violated(), Some(Property::NoDuplicatedProcessing), "{report}");
    chaos::assert_golden!("remembers-only-what-it-answered", report);
}

#[test]
fn asks_the_machine_again() {
    use asks_the_machine_again::endpoint_of;
    let report = shortest_failure(support::searches(endpoint_of::<Orders>, endpoint_of::<Loyalty>));
    assert_eq!(report.violated(), Some(Property::ConsistentOutputs), "{report}");
    chaos::assert_golden!("asks-the-machine-again", report);
}

#[test]
fn asks_for_the_etag_when_it_writes() {
    use asks_for_the_etag_when_it_writes::endpoint_of;
    let report = shortest_failure(support::searches(endpoint_of::<Orders>, endpoint_of::<Loyalty>));
    assert_eq!(report.violated(), Some(Property::NoLostMessages), "{report}");
    chaos::assert_golden!("asks-for-the-etag-when-it-writes", report);
}

#[test]
fn writes_its_result_over_a_conflict() {
    use writes_its_result_over_a_conflict::endpoint_of;
    let report = shortest_failure(support::searches(endpoint_of::<Orders>, endpoint_of::<Loyalty>));
    assert_eq!(report.violated(), Some(Property::NoLostMessages), "{report}");
    chaos::assert_golden!("writes-its-result-over-a-conflict", report);
}

#[test]
fn keeps_one_state_for_all() {
    use keeps_one_state_for_all::endpoint_of;
    let report = shortest_failure(support::searches(endpoint_of::<Orders>, endpoint_of::<Loyalty>));
    assert_eq!(report.violated(), Some(Property::NoLostMessages), "{report}");
    chaos::assert_golden!("keeps-one-state-for-all", report);
}

#[test]
fn leaves_the_sending_to_the_endpoint() {
    use leaves_the_sending_to_the_endpoint::endpoint_of;
    let report = shortest_failure(support::searches(endpoint_of::<Orders>, endpoint_of::<Loyalty>));
    assert_eq!(report.violated(), Some(Property::NoLostMessages), "{report}");
    chaos::assert_golden!("leaves-the-sending-to-the-endpoint", report);
}

#[test]
fn names_outputs_by_their_content() {
    use names_outputs_by_their_content::endpoint_of;
    let report = shortest_failure(support::searches_of_orders(endpoint_of::<Orders>));
    assert_eq!(report.violated(), Some(Property::NoLostMessages), "{report}");
    chaos::assert_golden!("names-outputs-by-their-content", report);
}

#[test]
fn keeps_its_books_apart() {
    use keeps_its_books_apart::endpoint_of;
    let report = shortest_failure(support::searches(endpoint_of::<Orders>, endpoint_of::<Loyalty>));
    assert_eq!(report.violated(), Some(Property::NoDuplicatedProcessing), "{report}");
    chaos::assert_golden!("keeps-its-books-apart", report);
}

/// No property is violated here: the explorer runs the same delivery more than
/// once, and notices that it does not do the same.
#[test]
fn remembers_in_the_machine() {
    let endpoint_of = |_: &str| remembers_in_the_machine::endpoint();
    let report = shortest_failure(support::searches_of_loyalty(endpoint_of));
    assert_eq!(report.violated(), None, "{report}");
    chaos::assert_golden!("remembers-in-the-machine", report);
}

/// Neither the orders nor the programme says two things of one kind.
#[test]
fn names_outputs_by_their_kind() {
    use names_outputs_by_their_kind::endpoint_of;
    let report = support::pair(endpoint_of::<Pairs>).report().clone();
    assert_eq!(report.violated(), Some(Property::ConsistentOutputs), "{report}");
    chaos::assert_golden!("names-outputs-by-their-kind", report);
}

/// Which ticket it is, no law can say; that there are two is for the tests to ask.
#[test]
fn draws_one_lot_for_a_message() {
    use draws_one_lot_for_a_message::endpoint_of;
    let run = support::pair(endpoint_of::<Pairs>);
    run.assert_exactly_once();
    let tickets = run.published_messages().iter().map(|message| message.body["Opened"]["ticket"].clone());
    let tickets: Vec<_> = tickets.collect();
    assert_eq!(tickets[0], tickets[1], "two motorbikes, one ticket");
}

#[test]
fn numbers_the_outputs_of_an_aggregate() {
    use numbers_the_outputs_of_an_aggregate::endpoint_of;
    let report = shortest_failure(support::searches(endpoint_of::<Orders>, endpoint_of::<Loyalty>));
    assert_eq!(report.violated(), Some(Property::ConsistentOutputs), "{report}");
    chaos::assert_golden!("numbers-the-outputs-of-an-aggregate", report);
}
