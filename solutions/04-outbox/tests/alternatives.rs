//! Right answers in other styles. None of them may be flagged.

use chaos::{System, explore, specifications};
use closing::{Closing, Dialogue};
use shared::Endpoint;
use shared::order::{add_item, remove_item};

#[path = "../alternatives/has_other_names_for_everything.rs"]
mod has_other_names_for_everything;
#[path = "../alternatives/sends_all_at_once.rs"]
mod sends_all_at_once;
#[path = "../alternatives/ticks_off_each_output.rs"]
mod ticks_off_each_output;

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
fn has_other_names_for_everything() {
    holds(has_other_names_for_everything::endpoint);
}

#[test]
fn sends_all_at_once() {
    holds(sends_all_at_once::endpoint);
}

#[test]
fn ticks_off_each_output() {
    holds(ticks_off_each_output::endpoint);
}
