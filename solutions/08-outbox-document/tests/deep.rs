//! Beyond the bounds of the exercise.

use chaos::{Property, System, explore};
use ex08_outbox_document::orders;
use shared::order::add_item;

mod support;
use support::searches;

/// Our orders, and so many documents in the outbox at rest.
fn leaves_at_most(documents: usize) -> impl Fn() -> System {
    move || {
        let orders = support::all_accounted_for(orders());
        orders.stores_at_most("the number of outbox documents", documents, support::in_the_outbox)
    }
}

/// Two items to one order, one to another, any two faults, on two workers.
/// 583,390 states, about 4 s in the dev profile.
#[test]
#[ignore = "deep: takes seconds"]
fn three_messages_and_two_faults() {
    explore(|| support::all_accounted_for(orders()))
        .send(searches::tea_and_cake())
        .send([add_item("order-2", "tea")])
        .workers(2)
        .faults(2)
        .assert_exactly_once();
}

/// A worker is dead, and its call takes effect nevertheless, at any later
/// moment.
#[test]
fn late_effects() {
    let orders = || support::all_accounted_for(orders());
    searches::one_item(orders).with_late_effects().assert_exactly_once();
    searches::two_items(orders).with_late_effects().assert_exactly_once();
}

/// One worker at a time on each message, and any two faults, or any one fault: nothing at
/// all is left in the outbox, whoever finishes what.
#[test]
fn two_messages_leave_nothing_behind() {
    let one_item = searches::one_item_and_one_worker_at_a_time(leaves_at_most(0));
    one_item.send([add_item("order-1", "cake")]).assert_exactly_once();
    explore(leaves_at_most(0)).send(searches::tea_and_cake()).workers(2).faults(1).assert_exactly_once();
}

/// Two workers at once on one message: so many faults, less one, is how many
/// documents are left at most.
#[test]
fn one_message_and_three_faults() {
    let found = searches::one_item(leaves_at_most(1)).faults(3).run();
    assert_eq!(found.violated(), Some(Property::BoundedStorage));
    searches::one_item(leaves_at_most(2)).faults(3).assert_exactly_once();
}

/// The page's question: what would break on weak stores? The answer "there is
/// no outbox", when it is out of date, is taken for "everything was said".
#[test]
fn on_a_weak_store_letters_are_lost() {
    let tea = add_item("order-1", "tea");
    let weak = || support::weak(orders());
    explore(weak).send([tea.clone()]).faults(0).stale(1).assert_exactly_once();
    explore(weak).send([tea.clone()]).faults(1).stale(0).assert_exactly_once();
    let found = explore(weak).send([tea]).faults(1).stale(1).run();
    assert_eq!(found.violated(), Some(Property::NoLostMessages), "{found}");
}

/// What two faults leave behind, with two messages about: one document at most.
#[test]
#[ignore = "deep: takes seconds"]
fn two_messages_and_two_faults_leave_one_document_at_most() {
    explore(leaves_at_most(1)).send(searches::tea_and_cake()).workers(2).faults(2).assert_exactly_once();
}
