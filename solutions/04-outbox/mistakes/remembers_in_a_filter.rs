//! The mistake: of each message that was processed it remembers a bit, in a filter
//! of 64.
//!
//! Why it is tempting: the filter never grows, and it recognises every copy. It
//! also recognises messages that are none, the more of them the longer it is in
//! use: who shares a bit with an earlier message gets no answer. A larger filter
//! takes longer to fill, that is all.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use shared::order::{Command, Order, OrderEvent, decide, first_item, nothing_changed};
use shared::{Context, Document, Endpoint, Message, MessageId, Ports, Precondition, Snapshot, StoreError};

#[derive(Default, Serialize, Deserialize)]
struct OrderDocument {
    order: Order,
    outbox: BTreeMap<MessageId, Vec<Message>>,
    processed: u64,
}

async fn handle(message: &Message, ports: &Ports, context: &Context) -> anyhow::Result<()> {
    let command: Command = message.read()?;
    let key = command.order_id();
    let read = ports.documents.get(key).await?;
    let mut document = parse(read.as_ref())?;
    let mut as_read = Precondition::unchanged_since(read.as_ref());

    if document.processed & bit_of(message.id) == 0 {
        let outputs = react(&mut document.order, &command)
            .iter()
            .map(|event| Message::new(context.new_id(), event))
            .collect();
        document.outbox.insert(message.id, outputs);
        document.processed |= bit_of(message.id);

        as_read = save(ports, key, &document, as_read).await?;
    }

    let outbox = document.outbox.remove(&message.id).unwrap_or_default();
    if outbox.is_empty() {
        return Ok(());
    }
    for output in outbox {
        ports.publisher.publish(output).await?;
    }

    save(ports, key, &document, as_read).await?;
    Ok(())
}

fn bit_of(id: MessageId) -> u64 {
    1 << (id.to_string().bytes().fold(0_u64, |hash, byte| hash.wrapping_mul(31).wrapping_add(byte.into()))
        % 64)
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
