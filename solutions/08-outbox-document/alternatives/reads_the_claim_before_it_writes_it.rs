//! Right, in another style: the claim is read first, and then written under the
//! condition that it is as it was read. On a strong store, that is one call
//! less for a copy of a message that is done, and one more for a new message.

use std::marker::PhantomData;

use serde::{Deserialize, Serialize};
use shared::order::Orders;
use shared::{
    Chance, Context, Document, Endpoint, Etag, Message, MessageId, Ports, Precondition, Snapshot,
    StateMachine, StoreError,
};

const INBOX: &str = "inbox";
const OUTBOX: &str = "outbox";

#[derive(Serialize, Deserialize)]
struct StateDocument<S> {
    state: S,
    transaction: Option<Transaction>,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
struct Transaction {
    opened_by: MessageId,
    attempt: MessageId,
}

#[derive(Clone, Serialize, Deserialize)]
struct Claim {
    done: bool,
    attempts: Vec<MessageId>,
}

struct StateMachineRunner<M>(PhantomData<M>);

impl<M: StateMachine> StateMachineRunner<M> {
    async fn process(message: &Message, ports: &Ports, context: &Context) -> anyhow::Result<()> {
        let input: M::Input = message.read()?;
        let key = M::aggregate(&input);
        let read = ports.documents.get(key).await?;
        let mut document = Self::parse(read.as_ref())?;
        let mut as_read = Precondition::unchanged_since(read.as_ref());

        if let Some(transaction) = document.transaction {
            resume(ports, transaction).await?;
            document.transaction = None;
            as_read = Self::save(ports, key, &document, as_read).await?;
        }

        let attempt = context.new_id();
        let Some((claim, etag)) = claim_it(ports, message.id, attempt).await? else {
            return Ok(());
        };

        let new_id = || context.new_id();
        let outputs = M::react(&mut document.state, &input, &Chance::new(&new_id));
        let outputs: Vec<_> = outputs.iter().map(|output| Message::new(context.new_id(), output)).collect();
        let outbox = ports.store(OUTBOX);
        outbox.put(&attempt.to_string(), serde_json::to_vec(&outputs)?, Precondition::IfAbsent).await?;

        document.transaction = Some(Transaction { opened_by: message.id, attempt });
        as_read = match Self::save(ports, key, &document, as_read).await {
            Err(error @ StoreError::Conflict { .. }) => {
                outbox.delete(&attempt.to_string(), Precondition::None).await?;
                return Err(error.into());
            }
            saved => saved?,
        };

        announce(ports, outputs).await?;
        complete(ports, message.id, claim, etag).await?;
        document.transaction = None;
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
            None => StateDocument { state: M::State::default(), transaction: None },
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

async fn claim_it(
    ports: &Ports,
    message: MessageId,
    attempt: MessageId,
) -> anyhow::Result<Option<(Claim, Etag)>> {
    let (inbox, key) = (ports.store(INBOX), message.to_string());
    let first = Claim { done: false, attempts: vec![attempt] };
    let Some((mut claim, etag)) = read_claim(ports, message).await? else {
        let etag = inbox.put(&key, serde_json::to_vec(&first)?, Precondition::IfAbsent).await?;
        return Ok(Some((first, etag)));
    };
    if claim.done {
        return Ok(None);
    }
    claim.attempts.push(attempt);
    let etag = inbox.put(&key, serde_json::to_vec(&claim)?, Precondition::IfEtag(etag)).await?;
    Ok(Some((claim, etag)))
}

async fn read_claim(ports: &Ports, message: MessageId) -> anyhow::Result<Option<(Claim, Etag)>> {
    let Some(read) = ports.store(INBOX).get(&message.to_string()).await? else { return Ok(None) };
    Ok(Some((serde_json::from_slice(&read.body)?, read.etag)))
}

async fn resume(ports: &Ports, transaction: Transaction) -> anyhow::Result<()> {
    if let Some(read) = ports.store(OUTBOX).get(&transaction.attempt.to_string()).await? {
        announce(ports, serde_json::from_slice(&read.body)?).await?;
    }
    let Some((claim, etag)) = read_claim(ports, transaction.opened_by).await? else {
        anyhow::bail!("a transaction without a claim");
    };
    complete(ports, transaction.opened_by, claim, etag).await
}

async fn announce(ports: &Ports, outputs: Vec<Message>) -> anyhow::Result<()> {
    for output in outputs {
        ports.publisher.publish(output).await?;
    }
    Ok(())
}

async fn complete(ports: &Ports, message: MessageId, claim: Claim, etag: Etag) -> anyhow::Result<()> {
    if !claim.done {
        let done = serde_json::to_vec(&Claim { done: true, ..claim.clone() })?;
        ports.store(INBOX).put(&message.to_string(), done, Precondition::IfEtag(etag)).await?;
    }
    for attempt in claim.attempts {
        ports.store(OUTBOX).delete(&attempt.to_string(), Precondition::None).await?;
    }
    Ok(())
}

pub fn orders() -> Endpoint {
    Endpoint::new("orders", StateMachineRunner::<Orders>::process)
        .view(StateMachineRunner::<Orders>::view)
        .with_store(INBOX)
        .with_store(OUTBOX)
}
