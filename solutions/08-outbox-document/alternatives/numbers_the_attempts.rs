//! Right, in another style: the attempts at a message are numbered, and its
//! number and the id of the message are the key of an outbox document. Nobody
//! keeps a list of them: a number is free if it can be written to, and the
//! leftovers of a message are found by counting. They are cleared away from the
//! last to the first, so that counting from the first finds all that are left.

use std::marker::PhantomData;

use serde::{Deserialize, Serialize};
use shared::order::Orders;
use shared::{
    Chance, Context, Document, Endpoint, Message, MessageId, Ports, Precondition, Snapshot, StateMachine,
    StoreError,
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
    attempt: usize,
}

#[derive(Serialize, Deserialize)]
struct Claim {
    done: bool,
}

fn drawer(message: MessageId, attempt: usize) -> String {
    format!("{message}/{attempt}")
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

        if !claim_it(ports, message.id).await? {
            return Ok(());
        }

        let new_id = || context.new_id();
        let outputs = M::react(&mut document.state, &input, &Chance::new(&new_id));
        let outputs: Vec<_> = outputs.iter().map(|output| Message::new(context.new_id(), output)).collect();
        let outbox = ports.store(OUTBOX);
        let letters = serde_json::to_vec(&outputs)?;
        let mut attempt = 1;
        let written = loop {
            let drawer = drawer(message.id, attempt);
            match outbox.put(&drawer, letters.clone(), Precondition::IfAbsent).await {
                Err(StoreError::Conflict { .. }) => attempt += 1,
                written => break written?,
            }
        };

        document.transaction = Some(Transaction { opened_by: message.id, attempt });
        as_read = match Self::save(ports, key, &document, as_read).await {
            Err(error @ StoreError::Conflict { .. }) => {
                // A number may be used again, so: only what we have written.
                outbox.delete(&drawer(message.id, attempt), Precondition::IfEtag(written)).await?;
                return Err(error.into());
            }
            saved => saved?,
        };

        announce(ports, outputs).await?;
        complete(ports, message.id, attempt).await?;
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

async fn claim_it(ports: &Ports, message: MessageId) -> anyhow::Result<bool> {
    let (inbox, key) = (ports.store(INBOX), message.to_string());
    let claim = serde_json::to_vec(&Claim { done: false })?;
    match inbox.put(&key, claim.clone(), Precondition::IfAbsent).await {
        Ok(_) => return Ok(true),
        Err(StoreError::Conflict { .. }) => {}
        Err(error) => return Err(error.into()),
    }
    let Some(read) = inbox.get(&key).await? else {
        anyhow::bail!("there is a claim, and it cannot be seen");
    };
    if serde_json::from_slice::<Claim>(&read.body)?.done {
        return Ok(false);
    }
    inbox.put(&key, claim, Precondition::IfEtag(read.etag)).await?;
    Ok(true)
}

async fn resume(ports: &Ports, transaction: Transaction) -> anyhow::Result<()> {
    let Transaction { opened_by, attempt } = transaction;
    let letters = ports.store(OUTBOX).get(&drawer(opened_by, attempt)).await?;
    // Numbers come free when the message is done, and another attempt may have
    // taken this one since. As long as the message was not done *after* we had
    // read the letters, they are the right ones.
    let claim = ports.store(INBOX).get(&opened_by.to_string()).await?;
    let done = match claim {
        Some(read) => serde_json::from_slice::<Claim>(&read.body)?.done,
        None => anyhow::bail!("a transaction without a claim"),
    };
    if let Some(letters) = letters.filter(|_| !done) {
        announce(ports, serde_json::from_slice(&letters.body)?).await?;
    }
    complete(ports, opened_by, attempt).await
}

async fn announce(ports: &Ports, outputs: Vec<Message>) -> anyhow::Result<()> {
    for output in outputs {
        ports.publisher.publish(output).await?;
    }
    Ok(())
}

async fn complete(ports: &Ports, message: MessageId, committed: usize) -> anyhow::Result<()> {
    let done = serde_json::to_vec(&Claim { done: true })?;
    ports.store(INBOX).put(&message.to_string(), done, Precondition::None).await?;
    let outbox = ports.store(OUTBOX);
    let mut last = committed;
    while outbox.get(&drawer(message, last + 1)).await?.is_some() {
        last += 1;
    }
    for attempt in (1..=last).rev() {
        outbox.delete(&drawer(message, attempt), Precondition::None).await?;
    }
    Ok(())
}

pub fn orders() -> Endpoint {
    Endpoint::new("orders", StateMachineRunner::<Orders>::process)
        .view(StateMachineRunner::<Orders>::view)
        .with_store(INBOX)
        .with_store(OUTBOX)
}
