//! Exercise 02: the first item is welcomed.
//!
//! The handler of exercise 01 announces what is in the stream, and the stream
//! is the same for every attempt. `FirstItemAdded` is not in the stream: it
//! follows from the event *and from the order before it*. This solution takes
//! the order that it has at hand. That is right as long as nothing goes wrong,
//! it is what most of us write, and it is where exercise 03 begins.

/// Provided: the handler that the predictions are about.
#[path = "../../../exercises/02-first-item-added/src/naive.rs"]
pub mod naive;

use shared::order::{Command, Order, OrderEvent, decide, first_item, nothing_changed};
use shared::{Context, Endpoint, Message, NewEvent, Ports, RecordedEvent, Snapshot};

/// Processes one copy of one message.
///
/// # Errors
///
/// When the stream cannot be read or has moved on, and when the store does not
/// answer: the message is delivered again.
pub async fn handle(message: &Message, ports: &Ports, context: &Context) -> anyhow::Result<()> {
    let command: Command = message.read()?;
    let stream = ports.events.read(command.order_id()).await?;
    let before = Order::after(&history(&stream)?);

    let mut outcome = recorded_for(message, &stream)?;
    if outcome.is_empty() {
        outcome = decide(&before, &command);
        if outcome.is_empty() {
            outcome.push(nothing_changed(&command));
        }
        let records = outcome.iter().map(|event| NewEvent::caused_by(message, event)).collect();
        ports.events.append(command.order_id(), stream.len() as u64, records).await?;
    }

    // `before` deserves its name at the first attempt only. For a duplicate it
    // is the order as it is *now*, with the item in it and others besides, so
    // that `first_item` finds nothing to welcome.
    for event in &outcome {
        announce(context, message, event);
        if let Some(welcome) = first_item(&before, event) {
            announce(context, message, &welcome);
        }
    }
    Ok(())
}

/// Hands over an output. Its name takes part in its id: the two outputs of one
/// message are two messages.
fn announce(context: &Context, message: &Message, event: &OrderEvent) {
    context.publish(Message::new(message.id.derive(event.name()), event));
}

/// What was recorded when this message was processed; nothing, if it was not.
fn recorded_for(message: &Message, stream: &[RecordedEvent]) -> anyhow::Result<Vec<OrderEvent>> {
    stream.iter().filter(|event| event.caused_by == message.id).map(RecordedEvent::read).collect()
}

/// The events of a stream, without the labels.
fn history(stream: &[RecordedEvent]) -> anyhow::Result<Vec<OrderEvent>> {
    stream.iter().map(RecordedEvent::read).collect()
}

/// The order, as the tests read it once everything has come to rest.
///
/// # Errors
///
/// When the stream holds something that is no event of an order.
pub fn view(snapshot: &Snapshot, order_id: &str) -> anyhow::Result<Order> {
    Ok(Order::after(&history(snapshot.stream(order_id))?))
}

/// The queue `orders`, its handler and its view.
#[must_use]
pub fn endpoint() -> Endpoint {
    Endpoint::new("orders", handle).view(view)
}
