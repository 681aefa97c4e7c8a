//! Exercise 01: an order as a message-driven state machine on an event store.
//!
//! The order is its history: a stream of events, each labelled with the message
//! that caused it. The label is what makes the handler safe to run twice. A
//! message whose id is in the stream has been decided already; what remains is
//! to say again what was decided then.

use shared::order::{Command, Order, OrderEvent, decide, nothing_changed};
use shared::{Context, Endpoint, Message, NewEvent, Ports, RecordedEvent, Snapshot};

/// Processes one copy of one message.
///
/// Any line may be the last one that runs: workers die, stores fall silent,
/// locks expire. Whatever is lost that way, the message comes back, and this
/// function starts again from the stream.
///
/// # Errors
///
/// When the stream cannot be read or has moved on, and when the store does not
/// answer. An error is no accident here: it is how the message asks to be
/// delivered again.
pub async fn handle(message: &Message, ports: &Ports, context: &Context) -> anyhow::Result<()> {
    let command: Command = message.read()?;
    let stream = ports.events.read(command.order_id()).await?;

    // The stream is the memory that survives a delivery, so the question "have
    // I seen this message?" is put to it and to nothing else.
    let mut outcome = recorded_for(message, &stream)?;

    if outcome.is_empty() {
        outcome = decide(&Order::after(&history(&stream)?), &command);

        // To append nothing is to remember nothing. The marker makes "no" a
        // decision that lasts, like any other.
        if outcome.is_empty() {
            outcome.push(nothing_changed(&command));
        }

        // The expected version is the version that the decision was based on.
        // If another worker was faster, the store refuses, `?` gives the
        // message back, and the next attempt decides on what is true then.
        let records = outcome.iter().map(|event| NewEvent::caused_by(message, event)).collect();
        ports.events.append(command.order_id(), stream.len() as u64, records).await?;
    }

    // Only here is the outcome durable, so only here may it be announced. A
    // duplicate announces it once more: nobody knows whether the first attempt
    // got that far. The derived id tells everyone that it is the same news.
    for event in &outcome {
        context.publish(Message::new(message.id.derive(event.name()), event));
    }
    Ok(())
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
