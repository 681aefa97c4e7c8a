//! Right answers in other styles. None of them may be flagged.

use chaos::explore;
use closing::{Closing, Dialogue};
use shared::order::{add_item, remove_item};
use shared::{Endpoint, Snapshot};

#[path = "support/mod.rs"]
mod support;
use support::{alone, both};

#[path = "../alternatives/derives_the_ids_from_the_attempt.rs"]
mod derives_the_ids_from_the_attempt;
#[path = "../alternatives/takes_its_tokens_back_after_a_conflict.rs"]
mod takes_its_tokens_back_after_a_conflict;

/// The searches of the exercise, and its bounds on what is left.
fn holds(orders: fn() -> Endpoint, loyalty: fn() -> Endpoint) {
    let (tea, cake) = (add_item("order-1", "tea"), add_item("order-1", "cake"));
    let no_tea = remove_item("order-1", "tea");
    for sent in [[tea.clone(), cake], [no_tea, tea.clone()]] {
        explore(|| alone(orders(), &sent)).send(sent.clone()).faults(1).assert_exactly_once();
    }
    for (faults, at_most) in [(0, 0), (1, 2), (2, 4)] {
        let sent = [tea.clone()];
        let tokens = |all: &Snapshot| all.documents_in("tokens").count();
        let system = both(orders(), loyalty(), &sent).stores_at_most("the number of tokens", at_most, tokens);
        explore(|| system).send(sent).faults(faults).assert_exactly_once();
    }
    Closing::of(Dialogue::ORDERS, |sent| alone(orders(), sent)).all();
}

#[test]
fn derives_the_ids_from_the_attempt() {
    holds(derives_the_ids_from_the_attempt::orders, derives_the_ids_from_the_attempt::loyalty);
}

#[test]
fn takes_its_tokens_back_after_a_conflict() {
    holds(takes_its_tokens_back_after_a_conflict::orders, takes_its_tokens_back_after_a_conflict::loyalty);
}
