//! Exercise 00: a handler that trusts its broker.
//!
//! There is nothing to program here. Read the handler, predict in
//! `predictions.txt` what each monkey does to it, and let the tests compare.

use shared::order::{Command, Order, decide, nothing_changed};
use shared::{Context, Endpoint, Message, Ports, Precondition, Snapshot};

/// Processes one copy of one message, as if there were only ever one.
///
/// Load, decide, store, announce: four lines that are right in every
/// demonstration. What they take for granted is for you to find out.
///
/// # Errors
///
/// When the store does not do what it is asked. The broker then delivers the
/// message again.
pub async fn handle(message: &Message, ports: &Ports, context: &Context) -> anyhow::Result<()> {
    let command: Command = message.read()?;
    let mut order = match ports.documents.get(command.order_id()).await? {
        Some(document) => serde_json::from_slice(&document.body)?,
        None => Order::default(),
    };

    // What is in the order already is not added a second time. Does that make
    // the handler safe against duplicates?
    let mut events = decide(&order, &command);
    if events.is_empty() {
        events.push(nothing_changed(&command));
    }
    for event in &events {
        order.apply(event);
    }

    // Stored without a precondition: the last writer wins.
    ports.documents.put(command.order_id(), serde_json::to_vec(&order)?, Precondition::None).await?;

    // Announced under an id that nobody has seen before. The endpoint sends it
    // when this function has returned, and acknowledges the command after that.
    for event in &events {
        context.publish(Message::new(context.new_id(), event));
    }
    Ok(())
}

/// The order, as the tests read it once everything has come to rest.
///
/// # Errors
///
/// When the document is no order.
pub fn view(snapshot: &Snapshot, order_id: &str) -> anyhow::Result<Order> {
    Ok(match snapshot.document(order_id) {
        Some(body) => serde_json::from_slice(body)?,
        None => Order::default(),
    })
}

/// The queue `orders`, the handler and its view.
#[must_use]
pub fn endpoint() -> Endpoint {
    Endpoint::new("orders", handle).view(view)
}
