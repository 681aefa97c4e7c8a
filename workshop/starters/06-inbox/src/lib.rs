//! Exercise 06: the inbox.
//!
//! The runner below is the one of exercise 05. It is right, and its documents
//! grow: every id of every message that ever came stays in the state document
//! for ever. Here the ids move out, into an *inbox*: a store with a small
//! document for each message that is done. That is easily said, and there are a
//! dozen ways to do it, nearly all of them wrong: with two stores there are two
//! orders in which to read, and several in which to write.
//!
//! Everything is green at the start but the storage, so there is no `todo!`
//! here. Comments mark the steps. The page, README.md, explains them; hints.md
//! has hints in three depths. `cargo test -p ex06-inbox` tells how far you are.

use std::collections::BTreeMap;
use std::marker::PhantomData;

use serde::{Deserialize, Serialize};
use shared::loyalty::Loyalty;
use shared::order::Orders;
use shared::{
    Chance, Context, Document, Endpoint, Message, MessageId, Ports, Precondition, Snapshot, StateMachine,
    StoreError,
};

/// The store with a document for every message that is done. It is wired up
/// already, at the bottom of this file; `ports.store(INBOX)` is a document
/// store like `ports.documents`, with `get`, `put` and `delete`.
pub const INBOX: &str = "inbox";

/// The document of one aggregate: what the machine remembers, and what the
/// runner does.
#[derive(Serialize, Deserialize)]
struct StateDocument<S> {
    /// The business state. The runner never looks into it.
    state: S,
    /// The messages that have been processed, each with those of its outputs
    /// that may not have been sent yet.
    // Step 4. Once only those messages are in here that are still being
    // processed, this is no longer a good name.
    processed: BTreeMap<MessageId, Vec<Message>>,
}

/// Runs a state machine on the ports of an endpoint.
pub struct StateMachineRunner<M>(PhantomData<M>);

impl<M: StateMachine> StateMachineRunner<M> {
    /// Processes one copy of one message: transact, dispatch, clean up, as in
    /// exercise 05.
    ///
    /// # Errors
    ///
    /// When a store or the broker does not answer, and when another worker has
    /// written to the aggregate in between. The message is delivered again.
    pub async fn process(message: &Message, ports: &Ports, context: &Context) -> anyhow::Result<()> {
        let input: M::Input = message.read()?;
        let key = M::aggregate(&input);
        let read = ports.documents.get(key).await?;
        let mut document = Self::parse(read.as_ref())?;
        let mut as_read = Precondition::unchanged_since(read.as_ref());

        // Step 3. Look. A message that is not in the state may be in the inbox.
        // There are now two places to look at, and between the two looks the
        // other worker may do anything. Which comes first? Which of the two is
        // to be believed when it knows the message?
        if !document.processed.contains_key(&message.id) {
            let new_id = || context.new_id();
            let outputs = M::react(&mut document.state, &input, &Chance::new(&new_id));
            let outputs = outputs.iter().map(|output| Message::new(context.new_id(), output)).collect();
            document.processed.insert(message.id, outputs);
            as_read = Self::save(ports, key, &document, as_read).await?;
        }

        // Step 1. Let go. Here the outputs are taken out of the document, and
        // the id stays. It should go, too: of every message, even of one that
        // has nothing to say.
        let outbox = document.processed.insert(message.id, Vec::new()).unwrap_or_default();
        if outbox.is_empty() {
            return Ok(());
        }
        for output in outbox {
            ports.publisher.publish(output).await?;
        }

        // Step 2. Mark. The inbox must know the message when the state forgets
        // it. Where in the order of things does this write belong: before the
        // state is put, before the outputs are sent, here, or at the very end?
        // The worker may die between any two of them.
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
            None => StateDocument { state: M::State::default(), processed: BTreeMap::new() },
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
