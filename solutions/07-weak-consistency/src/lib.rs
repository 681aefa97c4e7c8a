//! Exercise 07: weak consistency.
//!
//! In exercise 06 the inbox was *read*, and everything hung on the answer "not
//! there". A store whose reads may lag behind can give that answer about a
//! document that was written a minute ago. But such a store does not lag when it
//! *writes*: a condition is decided by the true current version. So nothing is
//! believed any more that was only read. Whoever wants to know whether a
//! message is done tries to write.

/// Provided: the runner that the predictions are about.
#[path = "../../../exercises/07-weak-consistency/src/as_in_06.rs"]
pub mod as_in_06;

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

/// The document of one aggregate.
#[derive(Serialize, Deserialize)]
struct StateDocument<S> {
    /// The business state.
    state: S,
    /// The messages that are being processed: decided, but perhaps not yet
    /// announced.
    outbox: BTreeMap<MessageId, Vec<Message>>,
}

/// The document of one message.
#[derive(Serialize, Deserialize)]
enum Claim {
    /// Somebody means to process it; perhaps they are at it, perhaps they died.
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
    /// written to the aggregate or to the claim in between, and when a read was
    /// too old to go on from. The message is delivered again.
    pub async fn process(message: &Message, ports: &Ports, context: &Context) -> anyhow::Result<()> {
        let input: M::Input = message.read()?;
        let key = M::aggregate(&input);
        let inbox = ports.store(INBOX);
        let claim = message.id.to_string();

        // This may be an old version. Then the put below is refused: its etag
        // has been overtaken.
        let read = ports.documents.get(key).await?;
        let mut document = Self::parse(read.as_ref())?;
        let mut as_read = Precondition::unchanged_since(read.as_ref());

        // That there is no entry has only been read. Before it is believed, it is
        // written: each way through these lines that goes on, or acknowledges,
        // has a put on condition that the state is as it was read.
        if !document.outbox.contains_key(&message.id) {
            // The claim comes after the state, for the reason that the inbox did
            // in 06: if the message was not done when we claimed it, and the
            // state is still as we read it before, then it is not in between.
            if claim_it(inbox, &claim).await? == Claimed::Done {
                // It is not in the state either: so we have read, and the read
                // may have been old. Writing back what we read finds out. If
                // it is refused, the copy comes again and looks once more.
                Self::save(ports, key, &document, as_read).await?;
                return Ok(());
            }
            let new_id = || context.new_id();
            let outputs = M::react(&mut document.state, &input, &Chance::new(&new_id));
            let outputs = outputs.iter().map(|output| Message::new(context.new_id(), output)).collect();
            document.outbox.insert(message.id, outputs);
            as_read = Self::save(ports, key, &document, as_read).await?;
        }

        // An old read may show an outbox that was sent long ago. Sent again, it has
        // the same ids; no harm done.
        for output in document.outbox.remove(&message.id).unwrap_or_default() {
            ports.publisher.publish(output).await?;
        }
        // No condition: whatever the claim says now, the message is done.
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

    /// The document as it was read; an empty one if there is none.
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
    // There is a claim. If the read does not show it, the read is old, and there
    // is nothing to be learned from it; but the message must not be lost either.
    let Some(read) = inbox.get(key).await? else {
        anyhow::bail!("there is a claim, and it cannot be seen yet");
    };
    match serde_json::from_slice(&read.body)? {
        // Nothing follows on *done*, so an old version of it is as good as a new one.
        Claim::Done => Ok(Claimed::Done),
        // This may be an old version. Taking over finds out: by a write.
        Claim::Claimed => {
            inbox.put(key, claimed, Precondition::IfEtag(read.etag)).await?;
            Ok(Claimed::Ours)
        }
    }
}

/// An endpoint that runs a state machine, with an inbox of its own.
pub fn endpoint_of<M: StateMachine>(name: &str) -> Endpoint {
    Endpoint::new(name, StateMachineRunner::<M>::process)
        .view(StateMachineRunner::<M>::view)
        .with_store(INBOX)
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
