//! Exercise 03: the order as it was when the message was first processed.
//!
//! You start from a handler that is right about every message it has not seen
//! before. About a copy it used to be wrong: in exercise 02 it answered from
//! the order *as it is now*, and now is a different moment each time. Give it a
//! better answer, out of the same stream.
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

    if is_recorded(message, &stream) {
        return answer_again(message, &command, &stream, context);
    }

    // From here on the message is new, and everything is as it should be: the
    // decision is based on all that has happened so far, and the append says
    // so by the version it expects.
    let order = Order::after(&history(&stream)?);
    let outcome = outcome_of(&order, &command);
    let records = outcome.iter().map(|event| NewEvent::caused_by(message, event)).collect();
    ports.events.append(command.order_id(), stream.len() as u64, records).await?;

    // The outcome is durable, so it may be announced.
    announce(message, &order, &outcome, context);
    Ok(())

    // Step 3, once everything is green. There are now two ways through this
    // function, one for a new message and one for a copy, and they look very
    // much alike. What is the past of a message that has not left any trace
    // yet? With a good answer to that, one way is enough.
}

/// Answers a copy of a message that was recorded before.
///
/// Whoever listens must not be able to tell whether the outputs come from the
/// first copy or from this one: the same announcements with the same ids, none
/// more and none less, whatever has happened to the order since.
fn answer_again(
    message: &Message,
    command: &Command,
    stream: &[RecordedEvent],
    context: &Context,
) -> anyhow::Result<()> {
    let past = past_of(message, stream);

    // This line only keeps the compiler quiet about what you don't use yet.
    // Delete it when you start.
    _ = (past, command, context);

    // Step 2. You have the message's past, and the function that decides is
    // pure. What does it need to come to the same result as the first time?
    // And what must not be done a second time?
    todo!("step 2: decide once more, on the order as it was, and announce that")
}

/// The events that had happened when the message was first processed. The
/// stream is given as it is now; the first copy saw less of it.
fn past_of<'a>(message: &Message, stream: &'a [RecordedEvent]) -> &'a [RecordedEvent] {
    // Delete this line, too, when you start.
    _ = (message, stream);

    // Step 1. Find the place in the stream where this message left its first
    // trace. What of the stream had the first copy read when it decided? Be
    // careful at the edge: an answer that is one event too long decides that
    // the tea is in the order already.
    todo!("step 1: the part of the stream that the first copy of this message saw")
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

/// The events of a stream, without the labels. Together with [`Order::after`]
/// it turns a stream, or a part of one, into an order.
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
