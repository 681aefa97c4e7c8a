//! Right answers in other styles. None of them may be flagged.

use chaos::{System, explore, specifications};
use closing::{Closing, Dialogue};
use shared::Endpoint;
use shared::order::{add_item, remove_item};

#[path = "../alternatives/records_its_outputs.rs"]
mod records_its_outputs;
#[path = "../alternatives/walks_through_the_history.rs"]
mod walks_through_the_history;

/// The searches of the exercise.
fn holds(endpoint: fn() -> Endpoint) {
    let orders = || System::of(endpoint()).judged_by(specifications::orders_with_welcome());
    let (tea, cake) = (add_item("order-1", "tea"), add_item("order-1", "cake"));
    let no_tea = remove_item("order-1", "tea");
    explore(orders).send([tea.clone()]).faults(2).assert_exactly_once();
    explore(orders).send([tea.clone(), cake]).faults(1).assert_exactly_once();
    explore(orders).send([no_tea, tea]).faults(1).assert_exactly_once();
    Closing::of(Dialogue::ORDERS, |_| orders()).all();
}

#[test]
fn records_its_outputs() {
    holds(records_its_outputs::endpoint);
}

#[test]
fn walks_through_the_history() {
    holds(walks_through_the_history::endpoint);
}
