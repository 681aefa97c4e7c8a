//! Right answers in other styles. None of them may be flagged.

use chaos::{System, explore, specifications};
use closing::{Closing, Dialogue};
use shared::Endpoint;
use shared::order::{add_item, remove_item};

#[path = "../alternatives/announces_what_the_stream_says.rs"]
mod announces_what_the_stream_says;
#[path = "../alternatives/tries_again_by_itself.rs"]
mod tries_again_by_itself;

/// The searches of the exercise.
fn holds(endpoint: fn() -> Endpoint) {
    let orders = || System::of(endpoint()).judged_by(specifications::orders());
    let (tea, cake) = (add_item("order-1", "tea"), add_item("order-1", "cake"));
    let no_tea = remove_item("order-1", "tea");
    explore(orders).send([tea.clone()]).faults(2).assert_exactly_once();
    explore(orders).send([tea.clone(), cake]).faults(1).assert_exactly_once();
    explore(orders).send([tea, no_tea]).faults(1).assert_exactly_once();
    Closing::of(Dialogue::ORDERS, |_| orders()).all();
}

#[test]
fn announces_what_the_stream_says() {
    holds(announces_what_the_stream_says::endpoint);
}

#[test]
fn tries_again_by_itself() {
    holds(tries_again_by_itself::endpoint);
}
