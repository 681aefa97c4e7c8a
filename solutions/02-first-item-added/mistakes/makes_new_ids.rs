//! The mistake: each attempt makes new ids for its outputs.
//!
//! Why it is tempting: with two outputs to one message, an id that is derived needs a
//! name for each, and a fresh one is always right. But then the outputs of a second
//! attempt are news to everybody: the tea is packed twice.

use shared::order::{Command, Order, OrderEvent, decide, first_item, nothing_changed};
use shared::{Context, Endpoint, Message, NewEvent, Ports, RecordedEvent, Snapshot};

async fn handle(message: &Message, ports: &Ports, context: &Context) -> anyhow::Result<()> {
    let command: Command = message.read()?;
    let stream = ports.events.read(command.order_id()).await?;
    let before = Order::after(&history(&stream)?);

    let mut outcome = recorded_for(message, &stream)?;
    if outcome.is_empty() {
        outcome = decide(&before, &command);
        if outcome.is_empty() {
            outcome.push(nothing_changed(&command));
        }
        let records = outcome.iter().map(|event| NewEvent::caused_by(message, event)).collect();
        ports.events.append(command.order_id(), stream.len() as u64, records).await?;
    }

    for event in &outcome {
        announce(context, event);
        if let Some(welcome) = first_item(&before, event) {
            announce(context, &welcome);
        }
    }
    Ok(())
}

fn announce(context: &Context, event: &OrderEvent) {
    context.publish(Message::new(context.new_id(), event));
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
