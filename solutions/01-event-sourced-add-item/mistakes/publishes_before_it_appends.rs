//! The mistake: the news goes out before the decision is durable.
//!
//! Why it is tempting: the output exists as soon as the decision does, and
//! whoever waits for it gets it earlier. `context.publish` would have waited
//! for the end of the handler; the publisher port does as it is told.

use shared::order::{Command, Order, OrderEvent, decide, nothing_changed};
use shared::{Context, Endpoint, Message, NewEvent, Ports, RecordedEvent, Snapshot};

async fn handle(message: &Message, ports: &Ports, context: &Context) -> anyhow::Result<()> {
    let command: Command = message.read()?;
    let stream = ports.events.read(command.order_id()).await?;
    let mut outcome = recorded_for(message, &stream)?;
    if outcome.is_empty() {
        outcome = decide(&Order::after(&history(&stream)?), &command);
        if outcome.is_empty() {
            outcome.push(nothing_changed(&command));
        }
        for event in &outcome {
            ports.publisher.publish(Message::new(message.id.derive(event.name()), event)).await?;
        }
        let records = outcome.iter().map(|event| NewEvent::caused_by(message, event)).collect();
        ports.events.append(command.order_id(), stream.len() as u64, records).await?;
    } else {
        for event in &outcome {
            context.publish(Message::new(message.id.derive(event.name()), event));
        }
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
