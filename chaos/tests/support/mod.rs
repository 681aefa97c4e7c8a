//! Handlers for the tests of the engine: right ones and wrong ones.

#![allow(dead_code, missing_docs, clippy::type_complexity)]

pub mod brute;
pub mod compare;
pub mod handlers;
pub mod left_out;
pub mod manners;
pub mod programs;
pub mod random;
pub mod recorder;

use shared::order::Command;
use shared::{Message, MessageId};

/// A command to add an item; the same arguments give the same message.
pub fn add_item(order: &str, item: &str) -> Message {
    let command = Command::AddItem { order_id: order.into(), item: item.into() };
    Message::new(MessageId::named(&format!("add {order} {item}")), &command)
}

/// A command to remove an item.
pub fn remove_item(order: &str, item: &str) -> Message {
    let command = Command::RemoveItem { order_id: order.into(), item: item.into() };
    Message::new(MessageId::named(&format!("remove {order} {item}")), &command)
}

/// Messages for a handler that only counts them.
pub fn counter_mail(count: usize) -> Vec<Message> {
    (0..count).map(|n| Message::new(MessageId::named(&format!("count {n}")), &"Count")).collect()
}
