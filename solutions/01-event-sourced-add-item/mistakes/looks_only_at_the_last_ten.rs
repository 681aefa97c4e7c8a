//! The mistake: a message is looked for among the last ten events only.
//!
//! Why it is tempting: a copy comes within seconds, and nobody wants to look through ten
//! thousand events for each message. Until a copy comes that was held up.

use shared::order::{Command, Order, OrderEvent, decide, nothing_changed};
use shared::{Context, Endpoint, Message, NewEvent, Ports, RecordedEvent, Snapshot};

const LATELY: usize = 10;

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
        ports.events.append(command.order_id(), stream.len() as u64, records).await?;
    }
    for event in &outcome {
        announce(context, message, event);
    }
    Ok(())
}

fn announce(context: &Context, message: &Message, event: &OrderEvent) {
    context.publish(Message::new(message.id.derive(event.name()), event));
}

fn recorded_for(message: &Message, stream: &[RecordedEvent]) -> anyhow::Result<Vec<OrderEvent>> {
    let lately = &stream[stream.len().saturating_sub(LATELY)..];
    lately.iter().filter(|event| event.caused_by == message.id).map(RecordedEvent::read).collect()
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
