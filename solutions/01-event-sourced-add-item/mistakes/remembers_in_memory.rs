//! The mistake: the ids of processed messages are kept in the worker's memory.
//!
//! Why it is tempting: a set of ids is one line, and in a demonstration on one
//! machine it works. It does not survive a crash, and no other machine has it.

use std::collections::HashSet;

use shared::order::{Command, Order, OrderEvent, decide, nothing_changed};
use shared::{Context, Endpoint, Message, NewEvent, Ports, RecordedEvent, Snapshot};

async fn handle(message: &Message, ports: &Ports, context: &Context) -> anyhow::Result<()> {
    let command: Command = message.read()?;
    let mut processed = HashSet::new();
    let stream = ports.events.read(command.order_id()).await?;
    if processed.insert(message.id) {
        let mut outcome = decide(&Order::after(&history(&stream)?), &command);
        if outcome.is_empty() {
            outcome.push(nothing_changed(&command));
        }
        let records = outcome.iter().map(|event| NewEvent::caused_by(message, event)).collect();
        ports.events.append(command.order_id(), stream.len() as u64, records).await?;
        for event in &outcome {
            context.publish(Message::new(message.id.derive(event.name()), event));
        }
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
