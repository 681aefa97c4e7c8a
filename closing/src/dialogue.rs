//! What is said to a handler: messages of one domain that have to do with each
//! other.

use ports::{Message, MessageId};
use shared::checkout::check_out;
use shared::order::{OrderEvent, add_item, remove_item};
use shared::payments::Command;

/// A message to an aggregate, about a thing. The same arguments give the same
/// message.
pub type Saying = fn(aggregate: &str, thing: &str) -> Message;

/// Messages of one domain that have to do with each other.
///
/// Which messages find which mistakes is no secret: one that does something, one
/// that undoes it, the same once more under another id; and the same to somebody
/// else.
#[derive(Clone, Copy, Debug)]
pub struct Dialogue {
    /// Two that have nothing to do with each other.
    pub aggregates: [&'static str; 2],
    /// Does something.
    pub does: Saying,
    /// Undoes it, where that can be done.
    pub undoes: Option<Saying>,
    /// Has least to say, or nothing: alone, it changes nothing, or changes something
    /// in silence.
    pub says_little: Saying,
    /// After so many messages, whoever remembers "enough of them" has run out.
    pub many: usize,
    /// Every attempt that fails is written down, and stays: with two messages there would
    /// be too many ways to tell what became of them, if replies were lost as well.
    pub writes_down_what_fails: bool,
}

impl Dialogue {
    /// With the orders: tea is added, and taken out again.
    pub const ORDERS: Self = Self {
        aggregates: ["order-1", "order-2"],
        does: add_item,
        undoes: Some(remove_item),
        says_little: remove_item,
        many: 150,
        writes_down_what_fails: false,
    };

    /// With the loyalty programme: there is a first item, and items are counted, in
    /// silence.
    pub const LOYALTY: Self = Self {
        aggregates: ["order-1", "order-2"],
        does: first_item_added,
        undoes: Some(item_added),
        says_little: item_added,
        many: 60,
        writes_down_what_fails: false,
    };

    /// With the payments: money is taken, and some of it is given back. Where
    /// nothing was paid, nothing is given back.
    pub const PAYMENTS: Self = Self {
        aggregates: ["order-1", "order-2"],
        does: withdraw,
        undoes: Some(refund),
        says_little: refund,
        many: 150,
        writes_down_what_fails: false,
    };

    /// With the checkout: one thing is bought, and another.
    pub const CHECKOUTS: Self = Self {
        aggregates: ["ann", "bob"],
        does: buy,
        undoes: None,
        says_little: buy,
        many: 40,
        writes_down_what_fails: true,
    };
}

fn first_item_added(order_id: &str, item: &str) -> Message {
    heard(OrderEvent::FirstItemAdded { order_id: order_id.to_owned(), item: item.to_owned() }, item)
}

fn item_added(order_id: &str, item: &str) -> Message {
    heard(OrderEvent::ItemAdded { order_id: order_id.to_owned(), item: item.to_owned() }, item)
}

/// What the orders say, as the loyalty programme hears it.
fn heard(event: OrderEvent, item: &str) -> Message {
    let name = format!("{} of {item} to {}", event.name(), event.order_id());
    Message::new(MessageId::named(&name), &event)
}

fn withdraw(order_id: &str, what: &str) -> Message {
    let name = format!("withdraw for {what} of {order_id}");
    Command::Withdraw { order_id: order_id.to_owned(), cents: 300 }.named(&name)
}

fn refund(order_id: &str, what: &str) -> Message {
    let name = format!("refund for {what} of {order_id}");
    Command::Refund { order_id: order_id.to_owned(), cents: 100 }.named(&name)
}

fn buy(customer_id: &str, item: &str) -> Message {
    check_out(customer_id, item, 300)
}
