//! The mistake: a duplicate is acknowledged without a word.
//!
//! Why it is tempting: "already processed, nothing to do" is how idempotent
//! consumers are usually described. But "recorded" is not "announced": the
//! first attempt may have died between the two.

use shared::order::{Command, Order, OrderEvent, decide, nothing_changed};
use shared::{Context, Endpoint, Message, NewEvent, Ports, RecordedEvent, Snapshot};

async fn handle(message: &Message, ports: &Ports, context: &Context) -> anyhow::Result<()> {
    let command: Command = message.read()?;
    let stream = ports.events.read(command.order_id()).await?;
    if stream.iter().any(|event| event.caused_by == message.id) {
        return Ok(());
    }
    let mut outcome = decide(&Order::after(&history(&stream)?), &command);
    if outcome.is_empty() {
        outcome.push(nothing_changed(&command));
    }
    let records = outcome.iter().map(|event| NewEvent::caused_by(message, event)).collect();
    ports.events.append(command.order_id(), stream.len() as u64, records).await?;
    for event in &outcome {
        context.publish(Message::new(message.id.derive(event.name()), event));
    }
    Ok(())
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
