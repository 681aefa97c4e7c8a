//! The searches of the exercise, for any runner.

use chaos::{Explore, System, explore, specifications};
use shared::loyalty::Loyalty;
use shared::order::{OrderEvent, add_item, remove_item};
use shared::{Endpoint, Message, MessageId};

/// Makes an endpoint of this name, running one machine.
pub type EndpointOf = fn(&str) -> Endpoint;

/// The loyalty programme, listening to what the orders announce.
pub fn listening(endpoint: Endpoint) -> Endpoint {
    Loyalty::LISTENS_TO.into_iter().fold(endpoint, Endpoint::subscribes_to)
}

/// The searches for the orders, for the programme, and for both.
pub fn searches(orders: EndpointOf, loyalty: EndpointOf) -> Vec<Explore> {
    let both = || {
        let orders = System::of(orders("orders")).judged_by(specifications::orders_with_welcome());
        orders.and(listening(loyalty("loyalty"))).judged_by(specifications::loyalty())
    };
    let mut searches = searches_of_orders(orders);
    searches.extend(searches_of_loyalty(loyalty));
    searches.push(explore(both).send([add_item("order-1", "tea")]).faults(2));
    searches
}

/// The searches for the orders alone.
pub fn searches_of_orders(orders: EndpointOf) -> Vec<Explore> {
    let orders = || System::of(orders("orders")).judged_by(specifications::orders_with_welcome());
    let (tea, cake) = (add_item("order-1", "tea"), add_item("order-1", "cake"));
    let no_tea = remove_item("order-1", "tea");
    vec![
        explore(orders).send([tea.clone()]).faults(2),
        explore(orders).send([tea.clone(), cake]).faults(1),
        explore(orders).send([no_tea.clone(), tea.clone()]).faults(1),
        explore(orders).send([tea, add_item("order-2", "tea")]).faults(1),
        explore(orders).send([no_tea.clone(), no_tea.said_again("a second click")]).faults(1),
    ]
}

/// The searches for the programme alone.
pub fn searches_of_loyalty(loyalty: EndpointOf) -> Vec<Explore> {
    let programme = || System::of(listening(loyalty("loyalty"))).judged_by(specifications::loyalty());
    let order_id = || "order-1".to_owned();
    let welcome = OrderEvent::FirstItemAdded { order_id: order_id(), item: "tea".to_owned() };
    let welcome = Message::new(MessageId::named("FirstItemAdded tea order-1"), &welcome);
    let item = OrderEvent::ItemAdded { order_id: order_id(), item: "tea".to_owned() };
    let item = Message::new(MessageId::named("ItemAdded tea order-1"), &item);
    vec![
        explore(programme).send([item.clone()]).faults(2),
        explore(programme).send([welcome.clone()]).faults(2),
        explore(programme).send([welcome, item]).faults(1),
    ]
}
