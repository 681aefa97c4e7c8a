//! Exercise 03: the order as it was when the message was first processed.
//!
//! A stream never forgets, so the order can be rebuilt as of any moment. Of all
//! these moments one matters to a message: the one just before it was first
//! processed. Whatever is decided from there comes out the same today, tomorrow
//! and under any monkey, because that past cannot change any more.

pub mod stretch;

use shared::order::{Command, Order, OrderEvent, decide, first_item, nothing_changed};
use shared::{Context, Endpoint, Message, NewEvent, Ports, RecordedEvent, Snapshot};

/// Processes one copy of one message.
///
/// There is one way through the function for the first copy and for any later
/// one. Both decide on the same order, so both say the same. They differ in a
/// single point: what is in the stream already is not appended again.
///
/// # Errors
///
/// When the stream cannot be read or has moved on, and when the store does not
/// answer. The message is delivered again.
pub async fn handle(message: &Message, ports: &Ports, context: &Context) -> anyhow::Result<()> {
    let command: Command = message.read()?;
    let stream = ports.events.read(command.order_id()).await?;

    // For a message that is new, its past is all there is. For a copy, it is
    // what the first copy saw, and not an event more.
    let order = Order::after(&history(past_of(message, &stream))?);
    let outcome = outcome_of(&order, &command);

    if !is_recorded(message, &stream) {
        // The version is the one that the decision was based on. It is also
        // what makes the cut below safe: nobody can slip an event in between
        // what this message saw and what it leaves behind.
        let records = outcome.iter().map(|event| NewEvent::caused_by(message, event)).collect();
        ports.events.append(command.order_id(), stream.len() as u64, records).await?;
    }

    // The outcome is durable: appended a moment ago, or by an earlier copy.
    announce(message, &order, &outcome, context);
    Ok(())
}

/// Whether a copy of the message has left its events in the stream.
fn is_recorded(message: &Message, stream: &[RecordedEvent]) -> bool {
    stream.iter().any(|event| event.caused_by == message.id)
}

/// The events that had happened when the message was first processed: those
/// before the *first* one that it caused.
///
/// Its own events are not its past, and neither is anything after them. For a
/// message that caused none, everything is.
fn past_of<'a>(message: &Message, stream: &'a [RecordedEvent]) -> &'a [RecordedEvent] {
    let cut = stream.iter().position(|event| event.caused_by == message.id);
    &stream[..cut.unwrap_or(stream.len())]
}

/// What the command does to the order; a marker when it does nothing.
///
/// Without a marker the message would leave no trace, hence no place in the
/// stream at which to cut.
fn outcome_of(order: &Order, command: &Command) -> Vec<OrderEvent> {
    let mut outcome = decide(order, command);
    if outcome.is_empty() {
        outcome.push(nothing_changed(command));
    }
    outcome
}

/// Hands over what others shall know, given the order before it happened.
///
/// Ids are derived, so two copies of one announcement can be told from two
/// announcements.
fn announce(message: &Message, before: &Order, outcome: &[OrderEvent], context: &Context) {
    for event in outcome {
        context.publish(Message::new(message.id.derive(event.name()), event));
        if let Some(welcome) = first_item(before, event) {
            context.publish(Message::new(message.id.derive(welcome.name()), &welcome));
        }
    }
}

/// The events of a stream, without the labels.
fn history(stream: &[RecordedEvent]) -> anyhow::Result<Vec<OrderEvent>> {
    stream.iter().map(RecordedEvent::read).collect()
}

/// The order, as the tests read it once everything has come to rest. Reading
/// today's order is right here: the question is asked today.
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
