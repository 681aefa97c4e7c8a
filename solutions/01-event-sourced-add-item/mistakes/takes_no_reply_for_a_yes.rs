//! The mistake: an append without a reply counts as an append.
//!
//! Why it is tempting: most lost replies belong to writes that took effect, and
//! to give up a message that is as good as done feels wasteful. When the write
//! did *not* take effect, the announcement is a ghost.

use shared::order::{Command, Order, OrderEvent, decide, nothing_changed};
use shared::{Context, Endpoint, Message, NewEvent, Ports, RecordedEvent, Snapshot, StoreError};

async fn handle(message: &Message, ports: &Ports, context: &Context) -> anyhow::Result<()> {
    let command: Command = message.read()?;
    let stream = ports.events.read(command.order_id()).await?;
    let mut outcome = recorded_for(message, &stream)?;
    if outcome.is_empty() {
        outcome = decide(&Order::after(&history(&stream)?), &command);
        if outcome.is_empty() {
            outcome.push(nothing_changed(&command));
        }
        let records = outcome.iter().map(|event| NewEvent::caused_by(message, event)).collect();
        match ports.events.append(command.order_id(), stream.len() as u64, records).await {
            Ok(_) | Err(StoreError::NoReply) => {}
            Err(error) => return Err(error.into()),
        }
    }
    for event in &outcome {
        context.publish(Message::new(message.id.derive(event.name()), event));
    }
    Ok(())
}

fn recorded_for(message: &Message, stream: &[RecordedEvent]) -> anyhow::Result<Vec<OrderEvent>> {
    stream.iter().filter(|event| event.caused_by == message.id).map(RecordedEvent::read).collect()
}

fn history(stream: &[RecordedEvent]) -> anyhow::Result<Vec<OrderEvent>> {
    stream.iter().map(RecordedEvent::read).collect()
}

fn view(snapshot: &Snapshot, order_id: &str) -> anyhow::Result<Order> {
    Ok(Order::after(&history(snapshot.stream(order_id))?))
}

pub fn endpoint() -> Endpoint {
    Endpoint::new("orders", handle).view(view)
}
