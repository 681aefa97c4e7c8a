//! Exercise 03: the order as it was when the message was first processed.
//!
//! You start from a handler that is right about every message it has not seen
//! before. About a copy it used to be wrong: in exercise 02 a customer was not
//! welcomed, since her message came twice. Give the copy a better answer, out of
//! the same stream.
//!
//! The page, README.md, has the steps; hints.md has hints in three depths.
//! `cargo test -p ex03-point-in-time-state` tells how far you are.

pub mod stretch;

use shared::order::{Command, Order, OrderEvent, decide, first_item, nothing_changed};
use shared::{Context, Endpoint, Message, NewEvent, Ports, RecordedEvent, Snapshot};

/// Processes one copy of one message.
///
/// # Errors
///
/// When the stream cannot be read or has moved on, and when the store does not
/// answer. The message is delivered again.
pub async fn handle(message: &Message, ports: &Ports, context: &Context) -> anyhow::Result<()> {
    let command: Command = message.read()?;
    let stream = ports.events.read(command.order_id()).await?;
    let order = Order::after(&history(&stream)?);

    if is_recorded(message, &stream) {
        // Step 1. This is a copy, and the first copy was decided and recorded.
        // Whoever listens must not be able to tell whether the outputs come from
        // that one or from this one: the same announcements under the same ids,
        // none more and none less. What do you announce, and how do you know?
        todo!("step 1: answer the copy as the first one was answered")
    }

    // From here on the message is new, and everything is as it should be: the
    // decision is based on all that has happened so far, and the append says
    // so by the version it expects.
    let outcome = outcome_of(&order, &command);
    let records = outcome.iter().map(|event| NewEvent::caused_by(message, event)).collect();
    ports.events.append(command.order_id(), stream.len() as u64, records).await?;

    // The outcome is durable, so it may be announced.
    announce(message, &order, &outcome, context);
    Ok(())

    // Step 2, once everything is green. There are now two ways through this
    // function, one for a new message and one for a copy. In what do they have
    // to differ?
}

/// Whether a copy of the message has left its events in the stream.
fn is_recorded(message: &Message, stream: &[RecordedEvent]) -> bool {
    stream.iter().any(|event| event.caused_by == message.id)
}

/// What the command does to the order; a marker when it does nothing.
///
/// Without a marker the message would leave no trace in the stream, and a copy
/// of it would be taken for new.
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

/// What has happened, out of recorded events. Together with [`Order::after`] it
/// turns them into an order.
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
