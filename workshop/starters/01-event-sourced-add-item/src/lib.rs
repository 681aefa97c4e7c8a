//! Exercise 01: an order as a message-driven state machine on an event store.
//!
//! The order is its history: a stream of events, named after the order. Nothing
//! else is kept, and nothing in it is ever overwritten.
//!
//! The page, README.md, has the steps; hints.md has hints in three depths.
//! `cargo test -p ex01-event-sourced-add-item` tells how far you are.

use shared::order::{Command, Order, OrderEvent, decide, nothing_changed};
use shared::{Context, Endpoint, Message, NewEvent, Ports, RecordedEvent, Snapshot};

/// Processes one copy of one message.
///
/// Returning `Ok` means: done, acknowledge it. Returning an error means: put
/// the message back, I will start again from the top. Any `.await` may be the
/// last line that runs, because a worker can die at each of them.
///
/// # Errors
///
/// Whenever this attempt cannot go on. It is an everyday event here, not an
/// accident: the message is delivered again.
pub async fn handle(message: &Message, ports: &Ports, context: &Context) -> anyhow::Result<()> {
    let command: Command = message.read()?;

    // This line only keeps the compiler quiet about what you don't use yet.
    // Delete it when you start.
    _ = (ports, context, command, decide, nothing_changed, None::<NewEvent>);

    // Step 1. A message, a worker, and nothing goes wrong. When you return
    // `Ok`, what has happened must be in the stream, and whoever asked must have
    // an answer, also when nothing changes. How do you make sure that the stream
    // is still the one that you have decided on?
    //
    // Steps 2 to 4. Now read your lines once more as the second worker who is
    // given this message. What do you find? What would you like to know? Who is
    // still waiting for what?
    todo!("step 1: process a message, as if it came only once")
}

/// What has happened, out of a stream as it was read. Together with
/// [`Order::after`] it turns a stream into an order.
fn history(stream: &[RecordedEvent]) -> anyhow::Result<Vec<OrderEvent>> {
    stream.iter().map(RecordedEvent::read).collect()
}

/// The order, as the tests read it once everything has come to rest. It is
/// complete: nobody but you knows how your state is laid out, so a layout of
/// your own would need a view of your own.
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
