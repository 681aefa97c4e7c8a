//! The mistake: what is recorded counts as announced.
//!
//! Why it is tempting: the message is a copy, so it has been processed, and whoever
//! welcomes a copy welcomes for the wrong item or not at all. So it is left alone.
//! But the first attempt may have got as far as the stream, and no further.

use shared::order::{Command, Order, OrderEvent, decide, first_item, nothing_changed};
use shared::{Context, Endpoint, Message, NewEvent, Ports, RecordedEvent, Snapshot};

async fn handle(message: &Message, ports: &Ports, context: &Context) -> anyhow::Result<()> {
    let command: Command = message.read()?;
    let stream = ports.events.read(command.order_id()).await?;
    let before = Order::after(&history(&stream)?);

    if !recorded_for(message, &stream)?.is_empty() {
        return Ok(());
    }
    let mut outcome = decide(&before, &command);
    if outcome.is_empty() {
        outcome.push(nothing_changed(&command));
    }
    let records = outcome.iter().map(|event| NewEvent::caused_by(message, event)).collect();
    ports.events.append(command.order_id(), stream.len() as u64, records).await?;

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
