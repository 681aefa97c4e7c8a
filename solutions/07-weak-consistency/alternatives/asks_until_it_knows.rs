//! Another right answer, in another layout: the claim is a document under the
//! message's id with nothing but a word in it; and a copy asks again, instead of
//! giving up, as long as it cannot see what has refused its claim.

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
enum Claimed {
    Ours,
    Done,
}

async fn process(message: &Message, ports: &Ports, context: &Context) -> anyhow::Result<()> {
    let input = message.read()?;
    let key = Orders::aggregate(&input);
    let inbox = ports.store(INBOX);
    let claim = message.id.to_string();

    let read = ports.documents.get(key).await?;
    let mut document = parse(read.as_ref())?;
    let mut as_read = Precondition::unchanged_since(read.as_ref());

    if !document.outbox.contains_key(&message.id) {
        if claim_it(inbox, &claim).await? == Claimed::Done {
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
    inbox.put(&claim, b"done".to_vec(), Precondition::None).await?;
    save(ports, key, &document, as_read).await?;
    Ok(())
}

async fn claim_it(inbox: &dyn DocumentStore, key: &str) -> anyhow::Result<Claimed> {
    let mut condition = Precondition::IfAbsent;
    loop {
        match inbox.put(key, b"claimed".to_vec(), condition.clone()).await {
            Ok(_) => return Ok(Claimed::Ours),
            Err(StoreError::Conflict { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        if let Some(read) = inbox.get(key).await? {
            if read.body == b"done" {
                return Ok(Claimed::Done);
            }
            condition = Precondition::IfEtag(read.etag);
        }
    }
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
