//! Exercise 08: the outbox in a document of its own.
//!
//! A document has a limit, and the state needs its share. So the outgoing
//! messages go into a document of their own, and with that the one put that
//! decided everything has become two. The trick is that only one of them
//! decides: the outbox is written *first*, under a name that nobody refers to
//! yet, and means nothing. Then the state is written, and with the state a
//! reference to it. From there on it means everything.

use std::marker::PhantomData;

use serde::{Deserialize, Serialize};
use shared::loyalty::Loyalty;
use shared::order::Orders;
use shared::{
    Chance, Context, Document, Endpoint, Etag, Message, MessageId, Ports, Precondition, Snapshot,
    StateMachine, StoreError,
};

/// The store with a document for every message that is claimed or done.
pub const INBOX: &str = "inbox";
/// The store with the outgoing messages of every attempt.
pub const OUTBOX: &str = "outbox";

/// The document of one aggregate.
#[derive(Serialize, Deserialize)]
struct StateDocument<S> {
    /// The business state.
    state: S,
    /// What was decided and is perhaps not yet announced. One at a time: whoever
    /// finds one finishes it before beginning another.
    transaction: Option<Transaction>,
}

/// A decision, and where its outgoing messages are.
#[derive(Clone, Copy, Serialize, Deserialize)]
struct Transaction {
    /// The message that opened it. Whoever finishes it, it is *this* one that
    /// is done then.
    opened_by: MessageId,
    /// The attempt that was the one: the key of its outbox document.
    attempt: MessageId,
}

/// The document of one message in the inbox.
#[derive(Clone, Serialize, Deserialize)]
struct Claim {
    /// Whether it is decided and everything is said. Nothing follows on this.
    done: bool,
    /// Every attempt at it, each written down before it writes anything else.
    /// So whatever an attempt leaves behind can be found.
    attempts: Vec<MessageId>,
}

/// Runs a state machine on the ports of an endpoint.
pub struct StateMachineRunner<M>(PhantomData<M>);

impl<M: StateMachine> StateMachineRunner<M> {
    /// Processes one copy of one message.
    ///
    /// # Errors
    ///
    /// When a store or the broker does not answer, when another worker has
    /// written to the aggregate or to the claim in between, and when a document
    /// would be too large. The message is delivered again.
    pub async fn process(message: &Message, ports: &Ports, context: &Context) -> anyhow::Result<()> {
        let input: M::Input = message.read()?;
        let key = M::aggregate(&input);
        let read = ports.documents.get(key).await?;
        let mut document = Self::parse(read.as_ref())?;
        let mut as_read = Precondition::unchanged_since(read.as_ref());

        // Somebody may have died on the way. What they decided stands, and there
        // is room for one decision only, so it is finished first, be it ours or
        // not.
        if let Some(transaction) = document.transaction {
            resume(ports, transaction).await?;
            document.transaction = None;
            as_read = Self::save(ports, key, &document, as_read).await?;
        }

        // The state first, the inbox second, as ever.
        let attempt = context.new_id();
        let Some((claim, etag)) = claim_it(ports, message.id, attempt).await? else {
            return Ok(());
        };

        let new_id = || context.new_id();
        let outputs = M::react(&mut document.state, &input, &Chance::new(&new_id));
        let outputs: Vec<_> = outputs.iter().map(|output| Message::new(context.new_id(), output)).collect();
        // Nobody refers to this yet. If we die now, it never happened.
        let outbox = ports.store(OUTBOX);
        outbox.put(&attempt.to_string(), serde_json::to_vec(&outputs)?, Precondition::IfAbsent).await?;

        // The point of no return.
        document.transaction = Some(Transaction { opened_by: message.id, attempt });
        as_read = match Self::save(ports, key, &document, as_read).await {
            Err(error @ StoreError::Conflict { .. }) => {
                // Somebody was faster. Perhaps it was another copy of this
                // message, and nobody comes after us; so we clear up ourselves.
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

    /// The state of one aggregate, at rest.
    ///
    /// # Errors
    ///
    /// When the document is none of ours.
    pub fn view(snapshot: &Snapshot, aggregate: &str) -> anyhow::Result<M::State> {
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

/// Enters an attempt into the claim of its message, and returns the claim;
/// `None` if the message is done.
async fn claim_it(
    ports: &Ports,
    message: MessageId,
    attempt: MessageId,
) -> anyhow::Result<Option<(Claim, Etag)>> {
    let (inbox, key) = (ports.store(INBOX), message.to_string());
    let first = Claim { done: false, attempts: vec![attempt] };
    match inbox.put(&key, serde_json::to_vec(&first)?, Precondition::IfAbsent).await {
        Ok(etag) => return Ok(Some((first, etag))),
        Err(StoreError::Conflict { .. }) => {}
        Err(error) => return Err(error.into()),
    }
    let Some((mut claim, etag)) = read_claim(ports, message).await? else {
        anyhow::bail!("there is a claim, and it cannot be seen yet");
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

/// Finishes what somebody else has begun.
async fn resume(ports: &Ports, transaction: Transaction) -> anyhow::Result<()> {
    // If there is no outbox any more, then it was cleared away, and that comes
    // after everything was said. (On a weak store, this would be a guess.)
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

/// Takes note that everything about a message was said, and clears away what
/// its attempts have left.
async fn complete(ports: &Ports, message: MessageId, claim: Claim, etag: Etag) -> anyhow::Result<()> {
    if !claim.done {
        // On condition that no attempt was entered since. Once it is done, none
        // will be, so the list is final.
        let done = serde_json::to_vec(&Claim { done: true, ..claim.clone() })?;
        ports.store(INBOX).put(&message.to_string(), done, Precondition::IfEtag(etag)).await?;
    }
    for attempt in claim.attempts {
        ports.store(OUTBOX).delete(&attempt.to_string(), Precondition::None).await?;
    }
    Ok(())
}

/// An endpoint that runs a state machine, with an inbox and an outbox of its
/// own.
pub fn endpoint_of<M: StateMachine>(name: &str) -> Endpoint {
    Endpoint::new(name, StateMachineRunner::<M>::process)
        .view(StateMachineRunner::<M>::view)
        .with_store(INBOX)
        .with_store(OUTBOX)
}

/// The orders.
#[must_use]
pub fn orders() -> Endpoint {
    endpoint_of::<Orders>("orders")
}

/// The loyalty programme, which listens to the orders.
#[must_use]
pub fn loyalty() -> Endpoint {
    let endpoint = endpoint_of::<Loyalty>("loyalty");
    Loyalty::LISTENS_TO.into_iter().fold(endpoint, Endpoint::subscribes_to)
}
