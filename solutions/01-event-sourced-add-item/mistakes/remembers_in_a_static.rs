//! The mistake: the ids of processed messages are kept in a static.
//!
//! Why it is tempting: the set must live longer than one delivery, and a static
//! does. It still dies with its process, and the other machines have their own.

use std::collections::HashSet;
use std::sync::{LazyLock, Mutex};

use shared::order::{Command, Order, OrderEvent, decide, nothing_changed};
use shared::{Context, Endpoint, Message, MessageId, NewEvent, Ports, RecordedEvent, Snapshot};

static PROCESSED: LazyLock<Mutex<HashSet<MessageId>>> = LazyLock::new(Mutex::default);

async fn handle(message: &Message, ports: &Ports, context: &Context) -> anyhow::Result<()> {
    let command: Command = message.read()?;
    if PROCESSED.lock().expect("nobody panics with the lock").contains(&message.id) {
        return Ok(());
    }
    let stream = ports.events.read(command.order_id()).await?;
    let mut outcome = decide(&Order::after(&history(&stream)?), &command);
    if outcome.is_empty() {
        outcome.push(nothing_changed(&command));
    }
    let records = outcome.iter().map(|event| NewEvent::caused_by(message, event)).collect();
    ports.events.append(command.order_id(), stream.len() as u64, records).await?;
    PROCESSED.lock().expect("nobody panics with the lock").insert(message.id);
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
