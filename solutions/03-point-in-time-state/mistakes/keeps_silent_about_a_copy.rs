//! The mistake: a copy of a recorded message is acknowledged, and that is all.
//!
//! Why it is tempting: it *is* a duplicate, and duplicates are dropped. But what
//! is recorded has been decided, not announced: the worker may have died in
//! between.

use shared::order::{Command, Order, OrderEvent, decide, first_item, nothing_changed};
use shared::{Context, Endpoint, Message, NewEvent, Ports, RecordedEvent, Snapshot};

async fn handle(message: &Message, ports: &Ports, context: &Context) -> anyhow::Result<()> {
    let command: Command = message.read()?;
    let stream = ports.events.read(command.order_id()).await?;
    if is_recorded(message, &stream) {
        return Ok(());
    }
    let order = Order::after(&history(&stream)?);
    let outcome = outcome_of(&order, &command);
    let records = outcome.iter().map(|event| NewEvent::caused_by(message, event)).collect();
    ports.events.append(command.order_id(), stream.len() as u64, records).await?;
    announce(message, &order, &outcome, context);
    Ok(())
}

fn is_recorded(message: &Message, stream: &[RecordedEvent]) -> bool {
    stream.iter().any(|event| event.caused_by == message.id)
}

fn outcome_of(order: &Order, command: &Command) -> Vec<OrderEvent> {
    let mut outcome = decide(order, command);
    if outcome.is_empty() {
        outcome.push(nothing_changed(command));
    }
    outcome
}

fn announce(message: &Message, before: &Order, outcome: &[OrderEvent], context: &Context) {
    for event in outcome {
        context.publish(Message::new(message.id.derive(event.name()), event));
        if let Some(welcome) = first_item(before, event) {
            context.publish(Message::new(message.id.derive(welcome.name()), &welcome));
        }
    }
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
