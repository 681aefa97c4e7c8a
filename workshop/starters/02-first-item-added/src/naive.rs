//! A colleague's handler. It is exercise 01, extended by the welcome.
//!
//! It has been reviewed: duplicates are recognised, markers are recorded,
//! nothing is announced before it is durable, every id is derived. Your task is
//! not to repair it but to say what it does. Read it, then go to
//! `predictions.txt`.

use shared::order::{Command, Order, OrderEvent, decide, first_item, nothing_changed};
use shared::{Context, Endpoint, Message, NewEvent, Ports, RecordedEvent, Snapshot};

/// Processes one copy of one message.
///
/// # Errors
///
/// When the store does not do what it is asked; the message comes again then.
pub async fn handle(message: &Message, ports: &Ports, context: &Context) -> anyhow::Result<()> {
    let command: Command = message.read()?;
    let stream = ports.events.read(command.order_id()).await?;
    let history: Vec<OrderEvent> = stream.iter().map(RecordedEvent::read).collect::<anyhow::Result<_>>()?;
    let order = Order::after(&history);

    // What was recorded for this message, if it was processed before.
    let mut outcome: Vec<OrderEvent> = stream
        .iter()
        .filter(|event| event.caused_by == message.id)
        .map(RecordedEvent::read)
        .collect::<anyhow::Result<_>>()?;

    if outcome.is_empty() {
        outcome = decide(&order, &command);
        if outcome.is_empty() {
            outcome.push(nothing_changed(&command));
        }
        let records = outcome.iter().map(|event| NewEvent::caused_by(message, event)).collect();
        ports.events.append(command.order_id(), stream.len() as u64, records).await?;
    }

    // A message that was processed before announces the same again, in case
    // that nobody heard of it the first time.
    for event in &outcome {
        announce(context, message, event);

        // The order was read before anything was appended to it. If it was
        // empty, this is the first item, and the customer is welcomed.
        if let Some(welcome) = first_item(&order, event) {
            announce(context, message, &welcome);
        }
    }
    Ok(())
}

/// The id is derived from the message and the name of the event, so that a copy
/// is recognised as a copy.
fn announce(context: &Context, message: &Message, event: &OrderEvent) {
    context.publish(Message::new(message.id.derive(event.name()), event));
}

/// The order, as the tests read it once everything has come to rest.
///
/// # Errors
///
/// When the stream holds something that is no event of an order.
pub fn view(snapshot: &Snapshot, order_id: &str) -> anyhow::Result<Order> {
    let history: Vec<OrderEvent> =
        snapshot.stream(order_id).iter().map(RecordedEvent::read).collect::<anyhow::Result<_>>()?;
    Ok(Order::after(&history))
}

/// The queue `orders`, the handler and its view.
#[must_use]
pub fn endpoint() -> Endpoint {
    Endpoint::new("orders", handle).view(view)
}
