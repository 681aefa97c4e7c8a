//! The mistake: that a message is done is written to a document beside the claim.
//!
//! Why it is tempting: a claim is one thing and "done" another, and each document
//! has one meaning now. But the write that takes over a claim says only that the
//! claim is still the same. That nobody is done has to be read, and that is an
//! absence.

use std::collections::BTreeMap;
use std::marker::PhantomData;

use serde::{Deserialize, Serialize};
use shared::order::Orders;
use shared::{
    Chance, Context, Document, DocumentStore, Endpoint, Message, MessageId, Ports, Precondition, Snapshot,
    StateMachine, StoreError,
};

const INBOX: &str = "inbox";

#[derive(Serialize, Deserialize)]
struct StateDocument<S> {
    state: S,
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

struct StateMachineRunner<M>(PhantomData<M>);

impl<M: StateMachine> StateMachineRunner<M> {
    async fn process(message: &Message, ports: &Ports, context: &Context) -> anyhow::Result<()> {
        let input: M::Input = message.read()?;
        let key = M::aggregate(&input);
        let inbox = ports.store(INBOX);
        let claim = message.id.to_string();

        let read = ports.documents.get(key).await?;
        let mut document = Self::parse(read.as_ref())?;
        let mut as_read = Precondition::unchanged_since(read.as_ref());

        if !document.outbox.contains_key(&message.id) {
            if claim_it(inbox, &claim).await? == Claimed::Done {
                Self::save(ports, key, &document, as_read).await?;
                return Ok(());
            }
            let new_id = || context.new_id();
            let outputs = M::react(&mut document.state, &input, &Chance::new(&new_id));
            let outputs = outputs.iter().map(|output| Message::new(context.new_id(), output)).collect();
            document.outbox.insert(message.id, outputs);
            as_read = Self::save(ports, key, &document, as_read).await?;
        }

        for output in document.outbox.remove(&message.id).unwrap_or_default() {
            ports.publisher.publish(output).await?;
        }
        let done = format!("{claim} done");
        inbox.put(&done, serde_json::to_vec(&Claim::Done)?, Precondition::None).await?;
        Self::save(ports, key, &document, as_read).await?;
        Ok(())
    }

    fn view(snapshot: &Snapshot, aggregate: &str) -> anyhow::Result<M::State> {
        Ok(match snapshot.document(aggregate) {
            Some(body) => serde_json::from_slice::<StateDocument<M::State>>(body)?.state,
            None => M::State::default(),
        })
    }

    fn parse(read: Option<&Document>) -> anyhow::Result<StateDocument<M::State>> {
        Ok(match read {
            Some(document) => serde_json::from_slice(&document.body)?,
            None => StateDocument { state: M::State::default(), outbox: BTreeMap::new() },
        })
    }

    async fn save(
        ports: &Ports,
        key: &str,
        document: &StateDocument<M::State>,
        as_read: Precondition,
    ) -> Result<Precondition, StoreError> {
        let body = serde_json::to_vec(document).map_err(|error| StoreError::Protocol(error.to_string()))?;
        ports.documents.put(key, body, as_read).await.map(Precondition::IfEtag)
    }
}

async fn claim_it(inbox: &dyn DocumentStore, key: &str) -> anyhow::Result<Claimed> {
    let claimed = serde_json::to_vec(&Claim::Claimed)?;
    match inbox.put(key, claimed.clone(), Precondition::IfAbsent).await {
        Ok(_) => return Ok(Claimed::Ours),
        Err(StoreError::Conflict { .. }) => {}
        Err(error) => return Err(error.into()),
    }
    let Some(read) = inbox.get(key).await? else {
        anyhow::bail!("there is a claim, and it cannot be seen yet");
    };
    inbox.put(key, claimed, Precondition::IfEtag(read.etag)).await?;
    let done = inbox.get(&format!("{key} done")).await?;
    Ok(if done.is_some() { Claimed::Done } else { Claimed::Ours })
}

fn endpoint_of<M: StateMachine>(name: &str) -> Endpoint {
    Endpoint::new(name, StateMachineRunner::<M>::process)
        .view(StateMachineRunner::<M>::view)
        .with_store(INBOX)
}

pub fn orders() -> Endpoint {
    endpoint_of::<Orders>("orders")
}
