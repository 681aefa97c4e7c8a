//! The mistake: where nothing changes, nothing is recorded.
//!
//! Why it is tempting: a stream of changes is what one expects, and "nothing changed"
//! can be found out again at any time. But not that it was *this* message by which
//! nothing changed: a copy of it finds another order, and takes out what came later.

use shared::order::{Command, Order, OrderEvent, decide, first_item, nothing_changed};
use shared::{Context, Endpoint, Message, NewEvent, Ports, RecordedEvent, Snapshot};

async fn handle(message: &Message, ports: &Ports, context: &Context) -> anyhow::Result<()> {
    let command: Command = message.read()?;
    let stream = ports.events.read(command.order_id()).await?;
    let before = Order::after(&history(&stream)?);

    let mut outcome = recorded_for(message, &stream)?;
    if outcome.is_empty() {
        outcome = decide(&before, &command);
        let records = outcome.iter().map(|event| NewEvent::caused_by(message, event)).collect();
        ports.events.append(command.order_id(), stream.len() as u64, records).await?;
    }
    if outcome.is_empty() {
        outcome.push(nothing_changed(&command));
    }

    for event in &outcome {
        announce(context, message, event);
        if let Some(welcome) = first_item(&before, event) {
            announce(context, message, &welcome);
        }
    }
    Ok(())
}

fn announce(context: &Context, message: &Message, event: &OrderEvent) {
    context.publish(Message::new(message.id.derive(event.name()), event));
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
