//! Exercise 09: tokens.
//!
//! An inbox remembers what was processed, and for how long is a guess. A token
//! turns this round: it says that a message has *not* been processed yet. It is
//! there before the message is sent, and it goes when the message is done. A
//! copy that comes a year later finds no token, and nothing had to be kept for
//! it.

use std::collections::BTreeMap;
use std::marker::PhantomData;

use serde::{Deserialize, Serialize};
use shared::loyalty::Loyalty;
use shared::order::Orders;
use shared::{
    Chance, Context, Document, Endpoint, Message, MessageId, Ports, Precondition, Snapshot, StateMachine,
    StoreError,
};

/// The store with a document for every message that may still be processed. All
/// endpoints share it: the sender creates what the receiver removes.
pub const TOKENS: &str = "tokens";

/// The document of one aggregate.
#[derive(Serialize, Deserialize)]
struct StateDocument<S> {
    /// The business state.
    state: S,
    /// The messages that are being processed: decided, but perhaps not yet
    /// announced. An entry goes when the token of its message is gone.
    outbox: BTreeMap<MessageId, Vec<Message>>,
}

/// Runs a state machine on the ports of an endpoint.
pub struct StateMachineRunner<M>(PhantomData<M>);

impl<M: StateMachine> StateMachineRunner<M> {
    /// Processes one copy of one message: create the tokens of what it may say,
    /// transact, dispatch, remove its own token, clean up.
    ///
    /// # Errors
    ///
    /// When a store or the broker does not answer, and when another worker has
    /// written to the aggregate in between. The message is delivered again.
    pub async fn process(message: &Message, ports: &Ports, context: &Context) -> anyhow::Result<()> {
        let input: M::Input = message.read()?;
        let key = M::aggregate(&input);
        let tokens = ports.store(TOKENS);

        // The state first, the token second, as with the inbox in 06.
        let read = ports.documents.get(key).await?;
        let mut document = Self::parse(read.as_ref())?;
        let mut as_read = Precondition::unchanged_since(read.as_ref());

        if !document.outbox.contains_key(&message.id) {
            // No token: it was removed by whoever was done with the message,
            // today or a year ago.
            if tokens.get(&message.id.to_string()).await?.is_none() {
                return Ok(());
            }
            let new_id = || context.new_id();
            let outputs = M::react(&mut document.state, &input, &Chance::new(&new_id));
            let outputs: Vec<_> =
                outputs.iter().map(|output| Message::new(context.new_id(), output)).collect();
            // Before the point of no return, and never after it. Who creates a
            // token for a message that may be on its way already may bring back
            // one that its receiver has removed. The price: an attempt that comes
            // to nothing leaves tokens behind, of messages that nobody will send.
            for output in &outputs {
                tokens.put(&output.id.to_string(), Vec::new(), Precondition::IfAbsent).await?;
            }
            document.outbox.insert(message.id, outputs);
            // With this put, the ids of the outputs are fixed: whoever sends them
            // from now on sends these, and their tokens are there.
            as_read = Self::save(ports, key, &document, as_read).await?;
        }

        for output in document.outbox.remove(&message.id).unwrap_or_default() {
            ports.publisher.publish(output).await?;
        }
        // Done: everything is decided and everything is said. What is gone may be
        // removed once more; it makes no difference.
        tokens.delete(&message.id.to_string(), Precondition::None).await?;
        // From here on the missing token vouches for the message, and the state
        // need not any more. Until here it had to.
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

/// An endpoint that runs a state machine, and shares the tokens.
pub fn endpoint_of<M: StateMachine>(name: &str) -> Endpoint {
    Endpoint::new(name, StateMachineRunner::<M>::process)
        .view(StateMachineRunner::<M>::view)
        .with_shared_store(TOKENS)
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
