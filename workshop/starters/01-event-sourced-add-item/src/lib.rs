//! Exercise 01: an order as a message-driven state machine on an event store.
//!
//! The order is its history: a stream of events, named after the order. Each
//! recorded event carries a label, `caused_by`: the id of the message that was
//! being processed when it happened. Everything you need to recognise a
//! duplicate is in that label.
//!
//! The page, README.md, has the steps; hints.md has hints in three depths.
//! `cargo test -p ex01-event-sourced-add-item` tells how far you are.

use shared::order::{Command, Order, OrderEvent};
use shared::{Context, Endpoint, Message, Ports, RecordedEvent, Snapshot};

/// Processes one copy of one message.
///
/// Returning `Ok` means: done, acknowledge it. Returning an error means: put
/// the message back, I will start again from the top. Any `.await` may be the
/// last line that runs, because a worker can die at each of them.
///
/// What you have: `ports.events` to read and append, `context.publish` to hand
/// over an output (dispatched after you have returned `Ok`), and the pure
/// domain in `shared::order`, of which you will want `decide` and
/// `nothing_changed`. Recorded events start out as `shared::NewEvent`.
///
/// # Errors
///
/// Whenever this attempt cannot go on. It is an everyday event here, not an
/// accident: the message is delivered again.
pub async fn handle(message: &Message, ports: &Ports, context: &Context) -> anyhow::Result<()> {
    let command: Command = message.read()?;

    // This line only keeps the compiler quiet about what you don't use yet.
    // Delete it when you start.
    _ = (ports, context, &command);

    // Step 1. Load. Get everything that ever happened to this order, and say
    // which order it describes. A stream that nobody has written to is empty.

    // Step 2. Recognise. Find out whether *this message* was processed before,
    // by asking something that survives the death of a worker. If it was, go
    // straight to step 5, with the events it led to then.

    // Step 3. Decide. Ask the domain what the command does to the order. It
    // may do nothing. That, too, must be known when the message comes again.

    // Step 4. Record, in one append: what happened, labelled with the message,
    // on condition that the stream is still the one you decided on. Think
    // about who should deal with it when it is not.

    // Step 5. Announce what is recorded for this message, one output for each
    // event, be it new or old. Whoever hears it twice must be able to tell that
    // it is the same piece of news.
    todo!("step 1: load the order's stream, then go on to steps 2 to 5")
}

/// The events of a stream, without the labels. Together with [`Order::after`]
/// it turns a stream into an order.
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
