//! The searches of the exercise, for any answer to it.

// Each test program uses a part of this.
#![allow(dead_code)]

use chaos::{Explore, System, explore, specifications};
use shared::order::{OrderEvent, add_item, remove_item};
use shared::{Endpoint, Message, MessageId, Snapshot};

/// How to make an endpoint.
pub type Make = fn() -> Endpoint;

/// The orders, and what they should do.
pub fn only_orders(orders: Make) -> System {
    System::of(orders()).judged_by(specifications::orders_with_welcome()).beside([ex06_inbox::orders()])
}

/// The loyalty programme, and what it should do.
pub fn only_loyalty(loyalty: Make) -> System {
    System::of(loyalty()).judged_by(specifications::loyalty()).beside([ex06_inbox::loyalty()])
}

/// Both, the one listening to the other, each with small state documents.
pub fn both(orders: Make, loyalty: Make) -> System {
    let both = bounded(only_orders(orders)).and(loyalty()).judged_by(specifications::loyalty());
    bounded(both.beside([ex06_inbox::loyalty()]))
}

/// The searches of the exercise, in its order: first those that ask for the
/// guarantee alone, then those that ask for small state documents as well.
pub fn searches(orders: Make, loyalty: Make) -> Vec<Explore> {
    let (tea, cake) = (add_item("order-1", "tea"), add_item("order-1", "cake"));
    let no_tea = remove_item("order-1", "tea");
    let any = || explore(|| only_orders(orders)).workers(2);
    let small = || explore(|| bounded(only_orders(orders))).workers(2);
    vec![
        any().send([tea.clone()]).faults(2),
        any().send([tea.clone(), cake.clone()]).faults(1),
        any().send([no_tea, tea.clone()]).faults(1),
        explore(|| only_loyalty(loyalty)).workers(2).send(first_and_added()).faults(1),
        small().send([tea.clone(), cake.clone()]).faults(0),
        small().send([tea.clone()]).faults(2),
        small().send([tea.clone(), cake]).faults(1),
        explore(|| bounded(only_loyalty(loyalty))).workers(2).send(first_and_added()).faults(1),
        explore(|| both(orders, loyalty)).workers(2).send([tea]).faults(2),
    ]
}

/// What the loyalty programme hears when the tea comes into an empty order.
pub fn first_and_added() -> [Message; 2] {
    let (order_id, item) = ("order-1".to_owned(), "tea".to_owned());
    let first = OrderEvent::FirstItemAdded { order_id: order_id.clone(), item: item.clone() };
    let added = OrderEvent::ItemAdded { order_id, item };
    [Message::new(MessageId::named("first"), &first), Message::new(MessageId::named("added"), &added)]
}

/// The demand that no message id be left in a state document at rest.
pub fn bounded(system: System) -> System {
    system.stores_at_most("the number of message ids in the state document", 0, |snapshot: &Snapshot| {
        snapshot.documents().map(|(_, body)| ids_in(body)).sum()
    })
}

/// How many of the 36 characters in a row have the shape of a UUID.
fn ids_in(body: &[u8]) -> usize {
    let is_id = |text: &&[u8]| {
        text.iter().enumerate().all(|(place, &letter)| match place {
            8 | 13 | 18 | 23 => letter == b'-',
            _ => letter.is_ascii_hexdigit(),
        })
    };
    body.windows(36).filter(is_id).count()
}
