//! Beyond the bounds of the exercise.

use chaos::{Fault, Property, explore};
use ex08_outbox_document::orders;
use shared::order::add_item;

mod support;

/// Two items to one order, one to another, any two faults, on two workers.
/// 583,390 states, about 4 s in the dev profile.
#[test]
#[ignore = "deep: takes seconds"]
fn three_messages_and_two_faults() {
    explore(|| support::orders(orders()))
        .send([add_item("order-1", "tea"), add_item("order-1", "cake"), add_item("order-2", "tea")])
        .workers(2)
        .faults(2)
        .assert_exactly_once();
}

/// A worker is dead, and its call takes effect nevertheless, at any later
/// moment.
#[test]
fn late_effects() {
    let (tea, cake) = (add_item("order-1", "tea"), add_item("order-1", "cake"));
    let orders = || support::orders(orders());
    explore(orders).send([tea.clone()]).faults(2).with_late_effects().assert_exactly_once();
    explore(orders).send([tea, cake]).faults(1).with_late_effects().assert_exactly_once();
}

/// One worker at a time on each message: nothing at all is left in the outbox,
/// whoever finishes what.
#[test]
fn two_messages_leave_nothing_behind() {
    let bare = || {
        support::orders(orders()).stores_at_most("the number of outbox documents", 0, support::in_the_outbox)
    };
    explore(bare)
        .send([add_item("order-1", "tea"), add_item("order-1", "cake")])
        .faults(2)
        .without(Fault::LockExpires)
        .without(Fault::Duplicate)
        .assert_exactly_once();
}

/// Two workers at once on one message: so many faults, less one, is how many
/// documents are left at most.
#[test]
fn one_message_and_three_faults() {
    let bare = |count| {
        move || {
            support::orders(orders()).stores_at_most(
                "the number of outbox documents",
                count,
                support::in_the_outbox,
            )
        }
    };
    let tea = add_item("order-1", "tea");
    let found = explore(bare(1)).send([tea.clone()]).faults(3).run();
    assert_eq!(found.violated(), Some(Property::BoundedStorage));
    explore(bare(2)).send([tea]).faults(3).assert_exactly_once();
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
    let bare = || {
        support::orders(orders()).stores_at_most("the number of outbox documents", 1, support::in_the_outbox)
    };
    explore(bare)
        .send([add_item("order-1", "tea"), add_item("order-1", "cake")])
        .faults(2)
        .assert_exactly_once();
}
