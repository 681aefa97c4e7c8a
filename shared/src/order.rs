//! The domain of the workshop: a customer fills an order, item by item.
//!
//! Everything here is *pure*: no clock, no randomness, no store. What is done
//! with a decision — where it is recorded, when it is announced, what happens
//! when its message comes a second time — is the subject of the exercises.
//!
//! ```
//! use shared::order::{Command, Order, OrderEvent, decide};
//!
//! let add_tea = Command::AddItem { order_id: "order-1".into(), item: "tea".into() };
//! let mut order = Order::default();
//!
//! let events = decide(&order, &add_tea);
//! assert_eq!(events, [OrderEvent::ItemAdded { order_id: "order-1".into(), item: "tea".into() }]);
//!
//! order.apply(&events[0]);
//! assert!(decide(&order, &add_tea).is_empty(), "the tea is in already: nothing changes");
//! ```

use serde::{Deserialize, Serialize};

use crate::state_machine::{Chance, StateMachine};
use crate::{Message, MessageId};

/// What a customer can ask for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Command {
    /// Put an item into an order. An order has at most one of each.
    AddItem {
        /// Which order.
        order_id: String,
        /// Which item.
        item: String,
    },
    /// Take an item out of an order.
    RemoveItem {
        /// Which order.
        order_id: String,
        /// Which item.
        item: String,
    },
}

impl Command {
    /// The order that this command is about.
    #[must_use]
    pub fn order_id(&self) -> &str {
        match self {
            Self::AddItem { order_id, .. } | Self::RemoveItem { order_id, .. } => order_id,
        }
    }

    /// The item that this command is about.
    #[must_use]
    pub fn item(&self) -> &str {
        match self {
            Self::AddItem { item, .. } | Self::RemoveItem { item, .. } => item,
        }
    }
}

/// The message that asks to put an item into an order. The same arguments give
/// the same logical message; see [`Message::said_again`] for another one.
#[must_use]
pub fn add_item(order_id: &str, item: &str) -> Message {
    let command = Command::AddItem { order_id: order_id.to_owned(), item: item.to_owned() };
    Message::new(MessageId::named(&format!("add {item} to {order_id}")), &command)
}

/// The message that asks to take an item out of an order. The same arguments
/// give the same logical message; see [`Message::said_again`] for another one.
#[must_use]
pub fn remove_item(order_id: &str, item: &str) -> Message {
    let command = Command::RemoveItem { order_id: order_id.to_owned(), item: item.to_owned() };
    Message::new(MessageId::named(&format!("remove {item} from {order_id}")), &command)
}

/// What has happened to an order.
///
/// The same type serves as the recorded event (in the event store) and as the
/// published one (a message that other endpoints see).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum OrderEvent {
    /// An item is in the order that was not in it before.
    ItemAdded {
        /// Which order.
        order_id: String,
        /// Which item.
        item: String,
    },
    /// An item is no longer in the order.
    ItemRemoved {
        /// Which order.
        order_id: String,
        /// Which item.
        item: String,
    },
    /// The command asked for what was so already; nothing changed.
    ///
    /// Recorded, it is a *marker*: it changes no state, but it remembers that
    /// the message was processed. Published, it is the answer to whoever asked.
    NothingChanged {
        /// Which order.
        order_id: String,
        /// Which item.
        item: String,
    },
    /// The order was empty, and now has its first item: time to welcome the
    /// customer. Announced from exercise 02 on; never recorded, because it
    /// follows from the state before the item was added.
    FirstItemAdded {
        /// Which order.
        order_id: String,
        /// Which item.
        item: String,
    },
}

impl OrderEvent {
    /// The order that this event is about.
    #[must_use]
    pub fn order_id(&self) -> &str {
        match self {
            Self::ItemAdded { order_id, .. }
            | Self::ItemRemoved { order_id, .. }
            | Self::NothingChanged { order_id, .. }
            | Self::FirstItemAdded { order_id, .. } => order_id,
        }
    }

    /// The name of the event: a good name to
    /// [derive](crate::MessageId::derive) an output's id from, since one
    /// command never leads to two events of one name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::ItemAdded { .. } => "ItemAdded",
            Self::ItemRemoved { .. } => "ItemRemoved",
            Self::NothingChanged { .. } => "NothingChanged",
            Self::FirstItemAdded { .. } => "FirstItemAdded",
        }
    }
}

/// An order: the items in it, in the order in which they were added.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// The items, first added first.
    pub items: Vec<String>,
}

impl Order {
    /// The order that a history leads to.
    pub fn after<'a>(history: impl IntoIterator<Item = &'a OrderEvent>) -> Self {
        let mut order = Self::default();
        for event in history {
            order.apply(event);
        }
        order
    }

    /// Whether there is nothing in the order.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Whether `item` is in the order.
    #[must_use]
    pub fn contains(&self, item: &str) -> bool {
        self.items.iter().any(|other| other == item)
    }

    /// Takes note of what has happened.
    pub fn apply(&mut self, event: &OrderEvent) {
        match event {
            OrderEvent::ItemAdded { item, .. } => self.items.push(item.clone()),
            OrderEvent::ItemRemoved { item, .. } => self.items.retain(|other| other != item),
            OrderEvent::NothingChanged { .. } | OrderEvent::FirstItemAdded { .. } => {}
        }
    }
}

/// What a command does to an order: the events to record, none when nothing
/// changes.
#[must_use]
pub fn decide(order: &Order, command: &Command) -> Vec<OrderEvent> {
    match command {
        Command::AddItem { order_id, item } if !order.contains(item) => {
            vec![OrderEvent::ItemAdded { order_id: order_id.clone(), item: item.clone() }]
        }
        Command::RemoveItem { order_id, item } if order.contains(item) => {
            vec![OrderEvent::ItemRemoved { order_id: order_id.clone(), item: item.clone() }]
        }
        Command::AddItem { .. } | Command::RemoveItem { .. } => Vec::new(),
    }
}

/// The announcement that nothing changed, for the command that changed nothing.
#[must_use]
pub fn nothing_changed(command: &Command) -> OrderEvent {
    OrderEvent::NothingChanged { order_id: command.order_id().to_owned(), item: command.item().to_owned() }
}

/// Whether `event` brings the first item into `before`, and if so, the
/// announcement of it.
#[must_use]
pub fn first_item(before: &Order, event: &OrderEvent) -> Option<OrderEvent> {
    match event {
        OrderEvent::ItemAdded { order_id, item } if before.is_empty() => {
            Some(OrderEvent::FirstItemAdded { order_id: order_id.clone(), item: item.clone() })
        }
        _ => None,
    }
}

/// The orders as a state machine, the welcome included: from exercise 06 on.
#[derive(Clone, Copy, Debug)]
pub struct Orders;

impl StateMachine for Orders {
    type Input = Command;
    type State = Order;
    type Output = OrderEvent;

    fn aggregate(command: &Command) -> &str {
        command.order_id()
    }

    fn react(order: &mut Order, command: &Command, _: &Chance<'_>) -> Vec<OrderEvent> {
        let mut announcements = Vec::new();
        for event in decide(order, command) {
            announcements.extend(first_item(order, &event));
            order.apply(&event);
            announcements.push(event);
        }
        if announcements.is_empty() {
            announcements.push(nothing_changed(command));
        }
        announcements
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_click_is_another_message() {
        let tea = add_item("order-1", "tea");
        assert_eq!(tea, add_item("order-1", "tea"));
        assert_eq!(tea.said_again("x").body, tea.body);
        assert_ne!(tea.said_again("x").id, tea.id);
        assert_ne!(tea.said_again("x").id, tea.said_again("y").id);
        assert_ne!(remove_item("order-1", "tea").id, tea.id);
    }

    fn add(item: &str) -> Command {
        Command::AddItem { order_id: "o".into(), item: item.into() }
    }

    fn remove(item: &str) -> Command {
        Command::RemoveItem { order_id: "o".into(), item: item.into() }
    }

    fn order_after(commands: &[Command]) -> Order {
        let mut order = Order::default();
        for command in commands {
            for event in decide(&order, command) {
                order.apply(&event);
            }
        }
        order
    }

    #[test]
    fn items_keep_the_order_in_which_they_were_added() {
        assert_eq!(order_after(&[add("tea"), add("cake")]).items, ["tea", "cake"]);
        assert_eq!(order_after(&[add("tea"), add("cake"), remove("tea"), add("tea")]).items, ["cake", "tea"]);
    }

    #[test]
    fn what_is_so_already_changes_nothing() {
        assert!(decide(&order_after(&[add("tea")]), &add("tea")).is_empty());
        assert!(decide(&Order::default(), &remove("tea")).is_empty());
    }

    #[test]
    fn only_an_item_that_comes_into_an_empty_order_is_the_first() {
        let tea = &decide(&Order::default(), &add("tea"))[0];
        assert_eq!(first_item(&Order::default(), tea).map(|event| event.name()), Some("FirstItemAdded"));
        assert_eq!(first_item(&order_after(&[add("cake")]), tea), None);
        let removed = &decide(&order_after(&[add("tea")]), &remove("tea"))[0];
        assert_eq!(first_item(&Order::default(), removed), None);
    }

    #[test]
    fn a_marker_changes_no_state() {
        let mut order = order_after(&[add("tea")]);
        order.apply(&nothing_changed(&add("tea")));
        assert_eq!(order, order_after(&[add("tea")]));
    }
}
