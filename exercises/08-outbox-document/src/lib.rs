//! Exercise 08: the outbox in a document of its own.
//!
//! What is below is the runner of exercise 07, on stores that are strong again: a
//! read sees what was written last. It is right, but for its size. It keeps the
//! outgoing messages in the state document, if only for a moment, and a document
//! has a limit. There is a store for them now, [`OUTBOX`], and nobody uses it
//! yet. Once you do, one decision is spread over two puts. Which of them is the
//! decision?
//!
//! The page, README.md, has the steps; hints.md has hints in three depths.
//! `cargo test -p ex08-outbox-document` tells how far you are.

use std::collections::BTreeMap;
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
/// The store for outgoing messages, reached as `ports.store(OUTBOX)`.
pub const OUTBOX: &str = "outbox";

/// The document of one aggregate.
///
/// The layout is yours. The tests ask the view for the state, and look at how
/// large the document is.
#[derive(Serialize, Deserialize)]
struct StateDocument<S> {
    /// The business state.
    state: S,
    /// The messages that are being processed: decided, but perhaps not yet
    /// announced.
    // Step 1. Have room for one of them only. Whoever finds it in here has to
    // finish it, and knows no more of it than what is in here.
    // Step 2. Its letters go from here. What has to stay?
    outbox: BTreeMap<MessageId, Vec<Message>>,
}

/// The document of one message in the inbox.
#[derive(Clone, Serialize, Deserialize)]
struct Claim {
    /// Whether it is decided and everything is said. Nothing follows on this.
    /// Until then somebody means to process it; perhaps they are at it, perhaps
    /// they died.
    done: bool,
    // Step 3. An attempt that dies leaves letters behind which nobody will ever
    // look for. Where could it have left word?
}

/// Runs a state machine on the ports of an endpoint.
pub struct StateMachineRunner<M>(PhantomData<M>);

impl<M: StateMachine> StateMachineRunner<M> {
    /// Processes one copy of one message: claim, transact, dispatch, mark as
    /// done, clean up.
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

        // Step 1. Somebody may have died on the way, and what they decided
        // stands. It need not be your message that they were at.

        if !document.outbox.contains_key(&message.id) {
            // The claim comes after the state, for the reason that the inbox did
            // in 06: if the message was not done when we claimed it, and the
            // state is still as we read it before, then it is not in between.
            if claim_it(ports, message.id).await?.is_none() {
                // In 07 the state was written back here, so that no letters stay
                // in it. Once step 1 is done, whoever comes next sees to that.
                return Ok(());
            }
            let new_id = || context.new_id();
            let outputs = M::react(&mut document.state, &input, &Chance::new(&new_id));
            let outputs = outputs.iter().map(|output| Message::new(context.new_id(), output)).collect();

            // Step 2. There will be another put, of the letters. Imagine to die
            // between the two; then imagine two workers at this very message.
            document.outbox.insert(message.id, outputs);
            as_read = Self::save(ports, key, &document, as_read).await?;
        }

        announce(ports, document.outbox.remove(&message.id).unwrap_or_default()).await?;
        complete(ports, message.id).await?;
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
            None => StateDocument { state: M::State::default(), outbox: BTreeMap::new() },
        })
    }

    /// Writes the document if it is still as it was read, and says under which
    /// condition it can be written the next time.
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

/// Claims a message, by a write, and returns the claim as it is then; `None` if
/// the message is done.
///
/// A claim keeps nobody out: its owner may have died, so anybody may take it
/// over. What it does is make the store say, as of *now*, that the message is
/// not done.
async fn claim_it(ports: &Ports, message: MessageId) -> anyhow::Result<Option<(Claim, Etag)>> {
    let (inbox, key) = (ports.store(INBOX), message.to_string());
    let first = Claim { done: false };
    match inbox.put(&key, serde_json::to_vec(&first)?, Precondition::IfAbsent).await {
        Ok(etag) => return Ok(Some((first, etag))),
        Err(StoreError::Conflict { .. }) => {}
        Err(error) => return Err(error.into()),
    }
    let Some((claim, etag)) = read_claim(ports, message).await? else {
        anyhow::bail!("there is a claim, and it cannot be seen yet");
    };
    if claim.done {
        return Ok(None);
    }
    let etag = inbox.put(&key, serde_json::to_vec(&claim)?, Precondition::IfEtag(etag)).await?;
    Ok(Some((claim, etag)))
}

async fn read_claim(ports: &Ports, message: MessageId) -> anyhow::Result<Option<(Claim, Etag)>> {
    let Some(read) = ports.store(INBOX).get(&message.to_string()).await? else { return Ok(None) };
    Ok(Some((serde_json::from_slice(&read.body)?, read.etag)))
}

async fn announce(ports: &Ports, outputs: Vec<Message>) -> anyhow::Result<()> {
    for output in outputs {
        ports.publisher.publish(output).await?;
    }
    Ok(())
}

/// Takes note that everything about a message was said.
async fn complete(ports: &Ports, message: MessageId) -> anyhow::Result<()> {
    let done = serde_json::to_vec(&Claim { done: true })?;
    // No condition: whatever the claim says now, the message is done.
    ports.store(INBOX).put(&message.to_string(), done, Precondition::None).await?;
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
