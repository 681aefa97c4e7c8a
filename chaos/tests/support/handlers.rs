//! Handlers under test, each with the system it runs in.

use std::collections::BTreeMap;

use chaos::{System, specifications};
use serde::{Deserialize, Serialize};
use shared::order::{Command, Order, OrderEvent, decide, first_item, nothing_changed};
use shared::{Context, Endpoint, Message, MessageId, NewEvent, Ports, Precondition, RecordedEvent, Snapshot};

pub fn events(recorded: &[RecordedEvent]) -> anyhow::Result<Vec<OrderEvent>> {
    recorded.iter().map(RecordedEvent::read).collect()
}

pub fn stream_view(snapshot: &Snapshot, order: &str) -> anyhow::Result<Order> {
    Ok(Order::after(&events(snapshot.stream(order))?))
}

fn announce(context: &Context, message: &Message, event: &OrderEvent) {
    context.publish(Message::new(message.id.derive(event.name()), event));
}

/// Outputs are derived from the state as it is now: loses the welcome.
pub async fn naive(message: &Message, ports: &Ports, context: &Context) -> anyhow::Result<()> {
    let command: Command = message.read()?;
    let recorded = ports.events.read(command.order_id()).await?;
    let history = events(&recorded)?;
    let order = Order::after(&history);
    let processed: Vec<&OrderEvent> =
        recorded.iter().zip(&history).filter(|(r, _)| r.caused_by == message.id).map(|(_, e)| e).collect();
    if processed.is_empty() {
        let mut new = decide(&order, &command);
        if new.is_empty() {
            new.push(nothing_changed(&command));
        }
        let records = new.iter().map(|event| NewEvent::caused_by(message, event)).collect();
        ports.events.append(command.order_id(), recorded.len() as u64, records).await?;
        for event in &new {
            announce(context, message, event);
            if let Some(first) = first_item(&order, event) {
                announce(context, message, &first);
            }
        }
    } else {
        for event in processed {
            announce(context, message, event);
            if let Some(first) = first_item(&order, event) {
                announce(context, message, &first);
            }
        }
    }
    Ok(())
}

/// Outputs are derived from the state as it was when the message was first
/// processed.
pub async fn point_in_time(message: &Message, ports: &Ports, context: &Context) -> anyhow::Result<()> {
    let command: Command = message.read()?;
    let recorded = ports.events.read(command.order_id()).await?;
    let history = events(&recorded)?;
    let then = recorded.iter().position(|event| event.caused_by == message.id);
    let before = Order::after(&history[..then.unwrap_or(history.len())]);
    let mut new = decide(&before, &command);
    if new.is_empty() {
        new.push(nothing_changed(&command));
    }
    if then.is_none() {
        let records = new.iter().map(|event| NewEvent::caused_by(message, event)).collect();
        ports.events.append(command.order_id(), recorded.len() as u64, records).await?;
    }
    for event in &new {
        announce(context, message, event);
        if let Some(first) = first_item(&before, event) {
            announce(context, message, &first);
        }
    }
    Ok(())
}

#[derive(Default, Serialize, Deserialize)]
pub struct Stored {
    pub order: Order,
    /// Messages to dispatch, by the message that was processed.
    pub outbox: BTreeMap<MessageId, Option<Vec<Message>>>,
}

pub fn stored_view(snapshot: &Snapshot, order: &str) -> anyhow::Result<Order> {
    Ok(match snapshot.document(order) {
        Some(body) => serde_json::from_slice::<Stored>(body)?.order,
        None => Order::default(),
    })
}

/// State and outgoing messages in one put; then dispatch; then mark as
/// dispatched.
pub async fn outbox(message: &Message, ports: &Ports, context: &Context) -> anyhow::Result<()> {
    let command: Command = message.read()?;
    let key = command.order_id();
    let read = ports.documents.get(key).await?;
    let mut stored: Stored = match &read {
        Some(document) => serde_json::from_slice(&document.body)?,
        None => Stored::default(),
    };
    let mut condition = Precondition::unchanged_since(read.as_ref());
    if !stored.outbox.contains_key(&message.id) {
        let mut new = decide(&stored.order, &command);
        if new.is_empty() {
            new.push(nothing_changed(&command));
        }
        let mut outputs = Vec::new();
        for event in new {
            if let Some(first) = first_item(&stored.order, &event) {
                outputs.push(Message::new(context.new_id(), &first));
            }
            stored.order.apply(&event);
            outputs.push(Message::new(context.new_id(), &event));
        }
        stored.outbox.insert(message.id, Some(outputs));
        let etag = ports.documents.put(key, serde_json::to_vec(&stored)?, condition).await?;
        condition = Precondition::IfEtag(etag);
    }
    if let Some(outputs) = stored.outbox[&message.id].clone() {
        for output in outputs {
            ports.publisher.publish(output).await?;
        }
        stored.outbox.insert(message.id, None);
        ports.documents.put(key, serde_json::to_vec(&stored)?, condition).await?;
    }
    Ok(())
}

pub fn naive_orders() -> System {
    System::of(Endpoint::new("orders", naive).view(stream_view))
        .judged_by(specifications::orders_with_welcome())
}

pub fn point_in_time_orders() -> System {
    System::of(Endpoint::new("orders", point_in_time).view(stream_view))
        .judged_by(specifications::orders_with_welcome())
}

pub fn outbox_orders() -> System {
    System::of(Endpoint::new("orders", outbox).view(stored_view))
        .judged_by(specifications::orders_with_welcome())
}
