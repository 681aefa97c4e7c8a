//! Exercise 09: tokens.
//!
//! An inbox remembers what was processed, and for how long is a guess. A token
//! turns this round: it says that a message has *not* been processed yet. It is
//! there before the message is sent, and it goes when the message is done. A
//! copy that comes a year later finds no token, and nothing had to be kept for
//! it.

pub mod registered;

use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::time::Duration;

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

/// The store in which the door remembers the requests of the last seven days.
pub const INBOX: &str = "inbox";

/// For how long the door promises to recognise a request.
pub const SEVEN_DAYS: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Whether an endpoint of ours receives this message, and hence whether it has
/// a token. A voucher goes to the customer, who would not remove one.
#[must_use]
pub fn has_receiver(message: &Message) -> bool {
    ["AddItem", "RemoveItem"].into_iter().chain(Loyalty::LISTENS_TO).any(|name| name == message.name())
}

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
            // today or a year ago. Or there never was one; that looks the same,
            // so it must be treated the same.
            if tokens.get(&message.id.to_string()).await?.is_none() {
                context.note(format!("{} has no token: it is done, or not from here", message.name()));
                return Self::let_go(message.id, ports, key).await;
            }
            let new_id = || context.new_id();
            let outputs = M::react(&mut document.state, &input, &Chance::new(&new_id));
            let outputs: Vec<_> =
                outputs.iter().map(|output| Message::new(context.new_id(), output)).collect();
            // Before the point of no return, and never after it. Who creates a
            // token for a message that may be on its way already may bring back
            // one that its receiver has removed. The price: an attempt that comes
            // to nothing leaves tokens behind, of messages that nobody will send.
            for output in outputs.iter().filter(|output| has_receiver(output)) {
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

    /// Takes a message that is done out of the state, if it is still in there:
    /// whoever acknowledges it without having cleaned up looks once more, as in
    /// 06.
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

/// Lets one copy of a request in.
///
/// Out there nobody creates tokens. So the door does it, and the request goes on
/// as a message of ours, under an id of ours.
async fn let_in(request: &Message, ports: &Ports, context: &Context) -> anyhow::Result<()> {
    let (inbox, tokens) = (ports.store(INBOX), ports.store(TOKENS));
    let key = request.id.to_string();

    let id: MessageId = if let Some(chosen) = inbox.get(&key).await? {
        // Its token was created before it was chosen. By now it may be removed
        // again, and must stay so.
        serde_json::from_slice(&chosen.body)?
    } else {
        let id = context.new_id();
        tokens.put(&id.to_string(), Vec::new(), Precondition::IfAbsent).await?;
        // The point of no return: of all the ids that the copies of this request
        // draw, the first to get here is the one. A conflict means that we were
        // second; the next delivery reads which one it is.
        let chosen = serde_json::to_vec(&id)?;
        inbox.put_expiring(&key, chosen, Precondition::IfAbsent, SEVEN_DAYS).await?;
        id
    };

    // As often as the request comes, and always under the same id. Who is behind
    // the door recognises a copy by its token.
    ports.publisher.publish(Message { id, body: request.body.clone() }).await?;
    Ok(())
}

/// The door: where requests come in, from browsers, from an import, from others.
#[must_use]
pub fn door() -> Endpoint {
    Endpoint::new("door", let_in).with_store(INBOX).with_shared_store(TOKENS)
}

/// An endpoint that runs a state machine, and shares the tokens.
pub fn endpoint_of<M: StateMachine>(name: &str) -> Endpoint {
    Endpoint::new(name, StateMachineRunner::<M>::process)
        .view(StateMachineRunner::<M>::view)
        .with_shared_store(TOKENS)
}

/// The orders. They get their commands from the door.
#[must_use]
pub fn orders() -> Endpoint {
    endpoint_of::<Orders>("orders").subscribes_to("AddItem").subscribes_to("RemoveItem")
}

/// The loyalty programme, which listens to the orders.
#[must_use]
pub fn loyalty() -> Endpoint {
    let endpoint = endpoint_of::<Loyalty>("loyalty");
    Loyalty::LISTENS_TO.into_iter().fold(endpoint, Endpoint::subscribes_to)
}
