//! Another right answer: a conflict, or a reply that never came, starts the
//! handler over without a detour through the queue. What makes it right is that
//! it starts over *from the stream*, and decides anew.

use shared::order::{Command, Order, OrderEvent, decide, nothing_changed};
use shared::{Context, Endpoint, Message, NewEvent, Ports, RecordedEvent, Snapshot, StoreError};

const TRIES: usize = 3;

async fn handle(message: &Message, ports: &Ports, context: &Context) -> anyhow::Result<()> {
    for _ in 0..TRIES {
        match attempt(message, ports).await {
            Ok(outcome) => {
                for event in outcome {
                    context.publish(Message::new(message.id.derive(event.name()), &event));
                }
                return Ok(());
            }
            Err(error) if worth_another_look(&error) => context.note(format!("tries again: {error}")),
            Err(error) => return Err(error),
        }
    }
    anyhow::bail!("gave up after {TRIES} tries")
}

fn worth_another_look(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(StoreError::Conflict { .. } | StoreError::NoReply))
}

async fn attempt(message: &Message, ports: &Ports) -> anyhow::Result<Vec<OrderEvent>> {
    let command: Command = message.read()?;
    let stream = ports.events.read(command.order_id()).await?;
    let (ours, all) = split(message, &stream)?;
    if !ours.is_empty() {
        return Ok(ours);
    }
    let mut outcome = decide(&Order::after(&all), &command);
    if outcome.is_empty() {
        outcome.push(nothing_changed(&command));
    }
    let records = outcome.iter().map(|event| NewEvent::caused_by(message, event)).collect();
    ports.events.append(command.order_id(), all.len() as u64, records).await?;
    Ok(outcome)
}

/// The events that this message caused, and all events.
fn split(message: &Message, stream: &[RecordedEvent]) -> anyhow::Result<(Vec<OrderEvent>, Vec<OrderEvent>)> {
    let (mut ours, mut all) = (Vec::new(), Vec::new());
    for recorded in stream {
        let event: OrderEvent = recorded.read()?;
        if recorded.caused_by == message.id {
            ours.push(event.clone());
        }
        all.push(event);
    }
    Ok((ours, all))
}

fn view(snapshot: &Snapshot, order_id: &str) -> anyhow::Result<Order> {
    let events: anyhow::Result<Vec<OrderEvent>> =
        snapshot.stream(order_id).iter().map(RecordedEvent::read).collect();
    Ok(Order::after(&events?))
}

pub fn endpoint() -> Endpoint {
    Endpoint::new("orders", handle).view(view)
}
