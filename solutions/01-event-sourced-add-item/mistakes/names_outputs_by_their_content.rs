//! The mistake: an output has its id from what it says, not from the message that
//! led to it.
//!
//! Why it is tempting: the same news has the same id, whoever tells it, and a
//! hash of the content is what many products call a de-duplication key. But tea
//! that is added, taken out and added again is news twice.

use shared::order::{Command, Order, OrderEvent, decide, nothing_changed};
use shared::{Context, Endpoint, Message, MessageId, NewEvent, Ports, RecordedEvent, Snapshot};

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
        context.publish(Message::new(MessageId::named(&format!("{event:?}")), event));
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
