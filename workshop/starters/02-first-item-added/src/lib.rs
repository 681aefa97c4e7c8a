//! Exercise 02: the first item is welcomed.
//!
//! First the predictions: read `naive.rs`, then fill in `predictions.txt`. Then
//! extend the handler below, which is the one of exercise 01, by an output that
//! is not in the stream.
//!
//! The page, README.md, has the steps; hints.md has hints in three depths.
//! `cargo test -p ex02-first-item-added` tells how far you are.

/// Provided: the handler that the predictions are about.
pub mod naive;

use shared::order::{Command, Order, OrderEvent, decide, nothing_changed};
use shared::{Context, Endpoint, Message, NewEvent, Ports, RecordedEvent, Snapshot};

/// Processes one copy of one message.
///
/// This is the solution of exercise 01; put your own in its place if you like
/// it better.
///
/// # Errors
///
/// When the stream cannot be read or has moved on, and when the store does not
/// answer: the message is delivered again.
pub async fn handle(message: &Message, ports: &Ports, context: &Context) -> anyhow::Result<()> {
    let command: Command = message.read()?;
    let stream = ports.events.read(command.order_id()).await?;

    // What was recorded for this message, if it was processed before.
    let mut outcome = recorded_for(message, &stream)?;

    if outcome.is_empty() {
        outcome = decide(&Order::after(&history(&stream)?), &command);

        // A message that changes nothing is recorded, too.
        if outcome.is_empty() {
            outcome.push(nothing_changed(&command));
        }

        // The expected version is the version that the decision was based on.
        let records = outcome.iter().map(|event| NewEvent::caused_by(message, event)).collect();
        ports.events.append(command.order_id(), stream.len() as u64, records).await?;
    }

    // New or old, the outcome is durable here, and is announced. Derived ids
    // make a copy recognisable.
    for event in &outcome {
        announce(context, message, event);

        // Step 4. If this event brought the first item into the order, say so
        // with one more output. `shared::order::first_item` knows the rule; it
        // wants to be told the order as it was *before* the event. Which order
        // do you give it, and which one is it when the message comes again?
    }

    // Remove this line when you are done, and return `Ok(())`.
    todo!("step 4: announce FirstItemAdded when the first item comes in")
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
