//! The runner of exercise 06, as it was. It stays as it is.
//!
//! It holds under every schedule, on stores that always return what was written
//! last. Your predictions are about what it does on stores that don't. Read it,
//! then go to `predictions.txt`; your own runner is in `lib.rs`.

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

/// The document of one aggregate.
#[derive(Serialize, Deserialize)]
struct StateDocument<S> {
    /// The business state.
    state: S,
    /// The messages that are being processed: decided, but perhaps not yet
    /// announced. An entry goes when its message is in the inbox.
    outbox: BTreeMap<MessageId, Vec<Message>>,
}

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

        // The state first, the inbox second. A message leaves the state only
        // after it has entered the inbox, so whoever looks in this order sees it
        // in one of the two. In the other order it can slip through: not yet in
        // the one, no longer in the other.
        let read = ports.documents.get(key).await?;
        let mut document = Self::parse(read.as_ref())?;
        let mut as_read = Precondition::unchanged_since(read.as_ref());

        // The state knows more than the inbox does: what is in its outbox may
        // have to be said. So as long as the state has the message, the inbox is
        // not even asked.
        if !document.outbox.contains_key(&message.id) {
            if inbox.get(&done).await?.is_some() {
                return Self::let_go(message.id, ports, key).await;
            }
            let new_id = || context.new_id();
            let outputs = M::react(&mut document.state, &input, &Chance::new(&new_id));
            let outputs = outputs.iter().map(|output| Message::new(context.new_id(), output)).collect();
            document.outbox.insert(message.id, outputs);
            // If another worker has processed the message since we looked at the
            // state, the state has changed, and this put is refused.
            as_read = Self::save(ports, key, &document, as_read).await?;
        }

        for output in document.outbox.remove(&message.id).unwrap_or_default() {
            ports.publisher.publish(output).await?;
        }
        // Done: everything is decided and everything is said. This may be
        // written twice; it makes no difference, so it needs no condition.
        inbox.put(&done, b"done".to_vec(), Precondition::None).await?;
        // From here on the inbox vouches for the message, and the state need not
        // any more. Until here it had to.
        Self::save(ports, key, &document, as_read).await?;
        Ok(())
    }

    /// Takes a message that is done out of the state, if it is still in there.
    ///
    /// It was not in the state a moment ago, and yet it may be now: another
    /// worker has committed, announced and marked it since. That worker means to
    /// clean up, but it may die before it does, and after our acknowledgement no
    /// further copy may come. So whoever acknowledges sees to it.
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
