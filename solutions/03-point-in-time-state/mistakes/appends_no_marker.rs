//! The mistake: a message that changes nothing announces so, and records
//! nothing.
//!
//! Why it is tempting: a stream of events is no place for things that did not
//! happen. But without a trace the message has no place in the stream, and its
//! past is whatever the stream holds when its copy comes.

use shared::order::{Command, Order, OrderEvent, decide, first_item, nothing_changed};
use shared::{Context, Endpoint, Message, NewEvent, Ports, RecordedEvent, Snapshot};

async fn handle(message: &Message, ports: &Ports, context: &Context) -> anyhow::Result<()> {
    let command: Command = message.read()?;
    let stream = ports.events.read(command.order_id()).await?;
    let order = Order::after(&history(past_of(message, &stream))?);
    let mut outcome = decide(&order, &command);
    if !is_recorded(message, &stream) {
        let records = outcome.iter().map(|event| NewEvent::caused_by(message, event)).collect();
        ports.events.append(command.order_id(), stream.len() as u64, records).await?;
    }
    if outcome.is_empty() {
        outcome.push(nothing_changed(&command));
    }
    announce(message, &order, &outcome, context);
    Ok(())
}

fn is_recorded(message: &Message, stream: &[RecordedEvent]) -> bool {
    stream.iter().any(|event| event.caused_by == message.id)
}

fn past_of<'a>(message: &Message, stream: &'a [RecordedEvent]) -> &'a [RecordedEvent] {
    let cut = stream.iter().position(|event| event.caused_by == message.id);
    &stream[..cut.unwrap_or(stream.len())]
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
