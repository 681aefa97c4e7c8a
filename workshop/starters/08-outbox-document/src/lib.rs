//! Exercise 08: the outbox in a document of its own.
//!
//! What is below is the runner of exercise 07, and it is right. But it keeps
//! the outgoing messages in the state document, if only for a moment, and a
//! document has a limit. There is a store for them now, [`OUTBOX`], and nobody
//! uses it yet. Once you do, one decision is spread over two puts. Which of
//! them is the decision?
//!
//! The stores are strong again: a read sees what was written last.
//!
//! The page, README.md, has the steps; hints.md has hints in three depths.
//! `cargo test -p ex08-outbox-document` tells how far you are.

use std::collections::BTreeMap;
use std::marker::PhantomData;

use serde::{Deserialize, Serialize};
use shared::loyalty::Loyalty;
use shared::order::Orders;
use shared::{
    Chance, Context, Document, DocumentStore, Endpoint, Message, MessageId, Ports, Precondition, Snapshot,
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
    // Step 1. The letters themselves have to go from here. What has to stay, so
    // that somebody who has only this document finds them, and knows which
    // message is done when they are sent?
    outbox: BTreeMap<MessageId, Vec<Message>>,
}

/// The document of one message in the inbox.
#[derive(Serialize, Deserialize)]
enum Claim {
    /// Somebody means to process it; perhaps they are at it, perhaps they died.
    // Step 5. An attempt that dies leaves an outbox behind which nobody will
    // ever look for. Where could it have left word?
    Claimed,
    /// It is decided, and everything is said. Nothing follows on this.
    Done,
}

/// Whether a message may still be processed.
#[derive(PartialEq, Eq)]
enum Claimed {
    /// It was not done when we wrote our claim.
    Ours,
    /// It is done.
    Done,
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
        let inbox = ports.store(INBOX);
        let claim = message.id.to_string();

        let read = ports.documents.get(key).await?;
        let mut document = Self::parse(read.as_ref())?;
        let mut as_read = Precondition::unchanged_since(read.as_ref());

        // Step 4. Somebody may have died on the way: the document refers to
        // letters that were perhaps never sent. Whoever comes next finishes
        // that, be it a copy of the same message or quite another one. Which
        // message is done then?

        if !document.outbox.contains_key(&message.id) {
            // The claim comes after the state, for the reason that the inbox did
            // in 06: if the message was not done when we claimed it, and the
            // state is still as we read it before, then it is not in between.
            if claim_it(inbox, &claim).await? == Claimed::Done {
                return Ok(());
            }
            let new_id = || context.new_id();
            let outputs = M::react(&mut document.state, &input, &Chance::new(&new_id));
            let outputs = outputs.iter().map(|output| Message::new(context.new_id(), output)).collect();

            // Step 2. The letters go into a document of their own. Under which
            // key, if two workers may be at this same message at this moment?
            // And before the state, or after it? Imagine to die in between.
            document.outbox.insert(message.id, outputs);

            // Step 3. The state, and with it the reference. From here on the
            // letters mean something. What if this put is refused, and what if
            // there is no reply?
            as_read = Self::save(ports, key, &document, as_read).await?;
        }

        // Send, mark as done, close: an order that you know. Step 5 has
        // something to clear away as well. When does nobody need it any more?
        for output in document.outbox.remove(&message.id).unwrap_or_default() {
            ports.publisher.publish(output).await?;
        }
        inbox.put(&claim, serde_json::to_vec(&Claim::Done)?, Precondition::None).await?;
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

/// Claims a message, by a write.
///
/// A claim keeps nobody out: its owner may have died, so anybody may take it
/// over. What it does is make the store say, as of *now*, that the message is
/// not done.
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
    match serde_json::from_slice(&read.body)? {
        Claim::Done => Ok(Claimed::Done),
        Claim::Claimed => {
            inbox.put(key, claimed, Precondition::IfEtag(read.etag)).await?;
            Ok(Claimed::Ours)
        }
    }
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
