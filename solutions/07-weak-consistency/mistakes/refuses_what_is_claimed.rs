//! The mistake: a claim that exists is never taken over. Its owner will mark the
//! message as done, and until then every other copy is put back.
//!
//! Why it is tempting: it is so nearly right. Nothing is lost, since no copy is
//! acknowledged, and nothing is done twice. But when the owner has died, nobody
//! will ever be allowed to do it.

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

#[derive(Serialize, Deserialize)]
enum Claim {
    Claimed,
    Done,
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
    inbox.put(&claim, serde_json::to_vec(&Claim::Done)?, Precondition::None).await?;
    save(ports, key, &document, as_read).await?;
    Ok(())
}

async fn claim_it(inbox: &dyn DocumentStore, key: &str) -> anyhow::Result<Claimed> {
    let claimed = serde_json::to_vec(&Claim::Claimed)?;
    match inbox.put(key, claimed, Precondition::IfAbsent).await {
        Ok(_) => return Ok(Claimed::Ours),
        Err(StoreError::Conflict { .. }) => {}
        Err(error) => return Err(error.into()),
    }
    let Some(read) = inbox.get(key).await? else {
        anyhow::bail!("there is a claim, and it cannot be seen yet");
    };
    match serde_json::from_slice(&read.body)? {
        Claim::Done => Ok(Claimed::Done),
        Claim::Claimed => anyhow::bail!("somebody is at it"),
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
