//! The mistake: the inbox is read three times, and the third answer is believed.
//!
//! Why it is tempting: after two reads that were old somebody tries three, and with
//! each one more the accident gets rarer. It never becomes impossible.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use shared::order::{Order, Orders};
use shared::{
    Chance, Context, Document, DocumentStore, Endpoint, Message, MessageId, Ports, Precondition, Snapshot,
    StateMachine, StoreError,
};

const INBOX: &str = "inbox";

#[derive(Default, Serialize, Deserialize)]
struct StateDocument {
    state: Order,
    outbox: BTreeMap<MessageId, Vec<Message>>,
}

#[derive(PartialEq, Eq)]
enum Found {
    Nothing,
    Done,
}

async fn process(message: &Message, ports: &Ports, context: &Context) -> anyhow::Result<()> {
    let input = message.read()?;
    let key = Orders::aggregate(&input);
    let inbox = ports.store(INBOX);
    let done = message.id.to_string();

    let read = ports.documents.get(key).await?;
    let mut document = parse(read.as_ref())?;
    let mut as_read = Precondition::unchanged_since(read.as_ref());

    if !document.outbox.contains_key(&message.id) {
        if look_often(inbox, &done).await? == Found::Done {
            save(ports, key, &document, as_read).await?;
            return Ok(());
        }
        let new_id = || context.new_id();
        let outputs = Orders::react(&mut document.state, &input, &Chance::new(&new_id));
        let outputs = outputs.iter().map(|output| Message::new(context.new_id(), output)).collect();
        document.outbox.insert(message.id, outputs);
        as_read = save(ports, key, &document, as_read).await?;
    }

    for output in document.outbox.remove(&message.id).unwrap_or_default() {
        ports.publisher.publish(output).await?;
    }
    inbox.put(&done, b"done".to_vec(), Precondition::None).await?;
    save(ports, key, &document, as_read).await?;
    Ok(())
}

async fn look_often(inbox: &dyn DocumentStore, key: &str) -> anyhow::Result<Found> {
    for _ in 0..3 {
        if inbox.get(key).await?.is_some() {
            return Ok(Found::Done);
        }
    }
    Ok(Found::Nothing)
}

fn parse(read: Option<&Document>) -> anyhow::Result<StateDocument> {
    Ok(match read {
        Some(document) => serde_json::from_slice(&document.body)?,
        None => StateDocument::default(),
    })
}

async fn save(
    ports: &Ports,
    key: &str,
    document: &StateDocument,
    as_read: Precondition,
) -> Result<Precondition, StoreError> {
    let body = serde_json::to_vec(document).map_err(|error| StoreError::Protocol(error.to_string()))?;
    ports.documents.put(key, body, as_read).await.map(Precondition::IfEtag)
}

fn view(snapshot: &Snapshot, order_id: &str) -> anyhow::Result<Order> {
    Ok(match snapshot.document(order_id) {
        Some(body) => serde_json::from_slice::<StateDocument>(body)?.state,
        None => Order::default(),
    })
}

pub fn orders() -> Endpoint {
    Endpoint::new("orders", process).view(view).with_store(INBOX)
}
