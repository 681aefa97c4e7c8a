//! Right answers in other styles. None of them may be flagged.

use chaos::{System, specifications};
use closing::{Closing, Dialogue};
use shared::loyalty::Loyalty;
use shared::order::Orders;
use support::EndpointOf;

#[path = "../alternatives/derives_ids_by_place.rs"]
mod derives_ids_by_place;
#[path = "../alternatives/one_document_for_all.rs"]
mod one_document_for_all;
#[path = "../alternatives/starts_again_after_a_conflict.rs"]
mod starts_again_after_a_conflict;
mod support;

/// The searches of the exercise.
fn holds(orders: EndpointOf, loyalty: EndpointOf) {
    for search in support::searches(orders, loyalty) {
        search.assert_exactly_once();
    }
    Closing::of(Dialogue::ORDERS, |_| {
        System::of(orders("orders")).judged_by(specifications::orders_with_welcome())
    })
    .all();
}

#[test]
fn derives_ids_by_place() {
    use derives_ids_by_place::endpoint_of;
    holds(endpoint_of::<Orders>, endpoint_of::<Loyalty>);
}

#[test]
fn one_document_for_all() {
    use one_document_for_all::endpoint_of;
    holds(endpoint_of::<Orders>, endpoint_of::<Loyalty>);
}

#[test]
fn starts_again_after_a_conflict() {
    use starts_again_after_a_conflict::endpoint_of;
    holds(endpoint_of::<Orders>, endpoint_of::<Loyalty>);
}
