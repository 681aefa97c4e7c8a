//! Right, in another style: every outgoing message has a document of its own,
//! so that together they may be larger than a document. The claim says how many
//! there are, for whoever has to clear them away.

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
    attempt: Attempt,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
struct Attempt {
    id: MessageId,
    letters: usize,
}

impl Attempt {
    fn drawers(self) -> impl Iterator<Item = String> {
        (0..self.letters).map(move |letter| format!("{}/{letter}", self.id))
    }
}

#[derive(Clone, Serialize, Deserialize)]
struct Claim {
    done: bool,
    attempts: Vec<Attempt>,
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

        let new_id = || context.new_id();
        let outputs = M::react(&mut document.state, &input, &Chance::new(&new_id));
        let outputs: Vec<_> = outputs.iter().map(|output| Message::new(context.new_id(), output)).collect();

        let attempt = Attempt { id: context.new_id(), letters: outputs.len() };
        let Some((claim, etag)) = claim_it(ports, message.id, attempt).await? else {
            return Ok(());
        };
        let outbox = ports.store(OUTBOX);
        for (drawer, output) in attempt.drawers().zip(&outputs) {
            outbox.put(&drawer, serde_json::to_vec(output)?, Precondition::IfAbsent).await?;
        }

        document.transaction = Some(Transaction { opened_by: message.id, attempt });
        as_read = match Self::save(ports, key, &document, as_read).await {
            Err(error @ StoreError::Conflict { .. }) => {
                clear(ports, attempt).await?;
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
    attempt: Attempt,
) -> anyhow::Result<Option<(Claim, Etag)>> {
    let (inbox, key) = (ports.store(INBOX), message.to_string());
    let first = Claim { done: false, attempts: vec![attempt] };
    match inbox.put(&key, serde_json::to_vec(&first)?, Precondition::IfAbsent).await {
        Ok(etag) => return Ok(Some((first, etag))),
        Err(StoreError::Conflict { .. }) => {}
        Err(error) => return Err(error.into()),
    }
    let Some((mut claim, etag)) = read_claim(ports, message).await? else {
        anyhow::bail!("there is a claim, and it cannot be seen");
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
    for drawer in transaction.attempt.drawers() {
        // A drawer that is empty was emptied, and that comes after all is said.
        if let Some(read) = ports.store(OUTBOX).get(&drawer).await? {
            ports.publisher.publish(serde_json::from_slice(&read.body)?).await?;
        }
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
        clear(ports, attempt).await?;
    }
    Ok(())
}

async fn clear(ports: &Ports, attempt: Attempt) -> anyhow::Result<()> {
    for drawer in attempt.drawers() {
        ports.store(OUTBOX).delete(&drawer, Precondition::None).await?;
    }
    Ok(())
}

pub fn orders() -> Endpoint {
    endpoint_of::<Orders>("orders")
}

pub fn endpoint_of<M: StateMachine>(name: &str) -> Endpoint {
    Endpoint::new(name, StateMachineRunner::<M>::process)
        .view(StateMachineRunner::<M>::view)
        .with_store(INBOX)
        .with_store(OUTBOX)
}
