//! Exercise 07: weak consistency.
//!
//! The stores have changed. A `get` may return an older version of a document,
//! even one from before there was a document. A `put` with a condition is
//! decided by the true current version, as ever. First say in
//! `predictions.txt` what that does to the runner of exercise 06, which is kept
//! in `as_in_06.rs`. Then repair it, here.
//!
//! The page, README.md, has the steps; hints.md has hints in three depths.
//! `cargo test -p ex07-weak-consistency` tells how far you are.

/// Provided: the runner that the predictions are about.
pub mod as_in_06;

use std::collections::BTreeMap;
use std::marker::PhantomData;

use serde::{Deserialize, Serialize};
use shared::loyalty::Loyalty;
use shared::order::Orders;
use shared::{
    Chance, Context, Document, Endpoint, Message, MessageId, Ports, Precondition, Snapshot, StateMachine,
    StoreError,
};

/// The store with a document for every message that is done.
pub const INBOX: &str = "inbox";

/// The document of one aggregate. It need not change in this exercise.
#[derive(Serialize, Deserialize)]
struct StateDocument<S> {
    /// The business state.
    state: S,
    /// The messages that are being processed: decided, but perhaps not yet
    /// announced. An entry goes when its message is in the inbox.
    outbox: BTreeMap<MessageId, Vec<Message>>,
}

// Step 3. So far a document in the inbox says "done", by being there. From now
// on there is one thing more that it can say, and it says it earlier. What must
// a later copy be able to tell apart? Make it a type, so that it can be stored.

/// Runs a state machine on the ports of an endpoint.
pub struct StateMachineRunner<M>(PhantomData<M>);

impl<M: StateMachine> StateMachineRunner<M> {
    /// Processes one copy of one message: transact, dispatch, mark as done,
    /// clean up.
    ///
    /// # Errors
    ///
    /// When a store or the broker does not answer, and when another worker has
    /// written to the aggregate in between. The message is delivered again.
    pub async fn process(message: &Message, ports: &Ports, context: &Context) -> anyhow::Result<()> {
        let input: M::Input = message.read()?;
        let key = M::aggregate(&input);
        let inbox = ports.store(INBOX);
        let done = message.id.to_string();

        // This read may be old now. What happens further down if it is? Find
        // out before you change anything here.
        let read = ports.documents.get(key).await?;
        let mut document = Self::parse(read.as_ref())?;
        let mut as_read = Precondition::unchanged_since(read.as_ref());

        if !document.outbox.contains_key(&message.id) {
            // Step 4. This read may be old, too, and here nothing protects: no
            // later write is conditional on it. "Not there" may be an answer
            // from before the message was done. Which operation of the store
            // cannot be mistaken about what is there?
            //
            // Step 5. That operation has two outcomes, and in one of them you
            // will have to read after all. Go through all that the read can
            // say; each answer may be an old one. What follows from it then?
            if inbox.get(&done).await?.is_some() {
                return Self::let_go(message.id, ports, key).await;
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
        // Step 6. There will be a document here by now, and another worker may
        // have written it since. Under which condition may it be overwritten
        // with "done"?
        inbox.put(&done, b"done".to_vec(), Precondition::None).await?;
        Self::save(ports, key, &document, as_read).await?;
        Ok(())
    }

    /// Takes a message that is done out of the state, if it is still in there.
    ///
    /// Step 7. "It is not in there" is one more absence that was only read.
    /// Nobody will be told a wrong thing because of it, but an entry may stay
    /// behind for ever. You have read the document before; what would tell you
    /// that it still is as you read it?
    async fn let_go(done: MessageId, ports: &Ports, key: &str) -> anyhow::Result<()> {
        let read = ports.documents.get(key).await?;
        let mut document = Self::parse(read.as_ref())?;
        if document.outbox.remove(&done).is_some() {
            Self::save(ports, key, &document, Precondition::unchanged_since(read.as_ref())).await?;
        }
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
