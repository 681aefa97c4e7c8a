//! The mistake: each output is taken out of the outbox as soon as it is sent, and
//! its id follows from the message and from its place in the outbox.
//!
//! Why it is tempting: either half is right, with another half. Ids that follow
//! from the place need not be stored, and ticking off saves repetitions. But once
//! the first output is ticked off, the second one stands in its place, and gets its
//! id.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use shared::order::{Command, Order, OrderEvent, decide, first_item, nothing_changed};
use shared::{Context, Document, Endpoint, Message, MessageId, Ports, Precondition, Snapshot, StoreError};

#[derive(Default, Serialize, Deserialize)]
struct OrderDocument {
    order: Order,
    processed: BTreeMap<MessageId, Vec<OrderEvent>>,
}

async fn handle(message: &Message, ports: &Ports, _: &Context) -> anyhow::Result<()> {
    let command: Command = message.read()?;
    let key = command.order_id();
    let read = ports.documents.get(key).await?;
    let mut document = parse(read.as_ref())?;
    let mut as_read = Precondition::unchanged_since(read.as_ref());

    if !document.processed.contains_key(&message.id) {
        let outputs = react(&mut document.order, &command);
        document.processed.insert(message.id, outputs);

        as_read = save(ports, key, &document, as_read).await?;
    }

    let mut outbox = document.processed.insert(message.id, Vec::new()).unwrap_or_default();
    let mut place = 0;
    while !outbox.is_empty() {
        let id = message.id.derive(&format!("output {place}"));
        ports.publisher.publish(Message::new(id, &outbox.remove(0))).await?;
        place += 1;
        document.processed.insert(message.id, outbox.clone());
        as_read = save(ports, key, &document, as_read).await?;
    }
    Ok(())
}

fn react(order: &mut Order, command: &Command) -> Vec<OrderEvent> {
    let mut announcements = Vec::new();
    for event in decide(order, command) {
        announcements.extend(first_item(order, &event));
        order.apply(&event);
        announcements.push(event);
    }
    if announcements.is_empty() {
        announcements.push(nothing_changed(command));
    }
    announcements
}

fn parse(read: Option<&Document>) -> anyhow::Result<OrderDocument> {
    Ok(match read {
        Some(document) => serde_json::from_slice(&document.body)?,
        None => OrderDocument::default(),
    })
}

async fn save(
    ports: &Ports,
    key: &str,
    document: &OrderDocument,
    as_read: Precondition,
) -> Result<Precondition, StoreError> {
    let body = serde_json::to_vec(document).map_err(|error| StoreError::Protocol(error.to_string()))?;
    ports.documents.put(key, body, as_read).await.map(Precondition::IfEtag)
}

fn view(snapshot: &Snapshot, order_id: &str) -> anyhow::Result<Order> {
    Ok(match snapshot.document(order_id) {
        Some(body) => serde_json::from_slice::<OrderDocument>(body)?.order,
        None => Order::default(),
    })
}

pub fn endpoint() -> Endpoint {
    Endpoint::new("orders", handle).view(view)
}
