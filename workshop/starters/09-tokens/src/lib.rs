//! Exercise 09: tokens.
//!
//! You start from the runner of exercise 06, as it is used in practice: nobody
//! wants to keep the ids of all messages for ever, so what it writes into the
//! inbox expires after seven days. For how long must a message be remembered?
//! As long as a copy may come. Nobody knows how long that is.
//!
//! This exercise turns the question round. Don't remember what was processed.
//! Know what may still be processed.
//!
//! The page, README.md, has the steps; hints.md has hints in three depths.
//! `cargo test -p ex09-tokens` tells how far you are.

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

/// The store of tokens: one document for every message that may still be
/// processed, under the message's id. All endpoints share it, so that one of
/// them can create what another one removes. Nobody uses it yet.
pub const TOKENS: &str = "tokens";

/// The store with a document for every message that is done. Each endpoint has
/// its own.
pub const INBOX: &str = "inbox";

/// For how long an entry stays in the inbox; then the store deletes it.
pub const SEVEN_DAYS: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Whether an endpoint of ours receives this message, and hence whether it gets
/// a token. A voucher goes to the customer, who would not remove one.
#[must_use]
pub fn has_receiver(message: &Message) -> bool {
    ["AddItem", "RemoveItem"].into_iter().chain(Loyalty::LISTENS_TO).any(|name| name == message.name())
}

/// The document of one aggregate, as in 06.
#[derive(Serialize, Deserialize)]
struct StateDocument<S> {
    /// The business state.
    state: S,
    /// The messages that are being processed: decided, but perhaps not yet
    /// announced. An entry goes when its message is done.
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

        // The state first, the inbox second. In the other order a message can
        // slip through: not yet in the one, no longer in the other.
        let read = ports.documents.get(key).await?;
        let mut document = Self::parse(read.as_ref())?;
        let mut as_read = Precondition::unchanged_since(read.as_ref());

        if !document.outbox.contains_key(&message.id) {
            // Step 1. Don't ask whether the message is done. Ask whether it has
            // a token. And say with `context.note(…)` that you drop a message,
            // and why; stories are easier to read then.
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

        // Step 2. Since step 1, what this function sends is dropped by whoever
        // receives it. Each output that `has_receiver` needs a token. Somewhere
        // in this function is the one place where it may be created. Two
        // questions: may the receiver be faster than you? And what if this line
        // is run twice, and the receiver was there in between?

        // Step 3. The message is done: remove its token. The inbox is not needed
        // any more, neither here nor in `endpoint_of`. Is this still the right
        // place, between the dispatch and the clean-up?
        inbox.put_expiring(&done, Vec::new(), Precondition::None, SEVEN_DAYS).await?;

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

/// Lets one copy of a request in: from a browser, from an import, from wherever
/// nobody creates tokens.
///
/// The request goes on as a message of ours: the same body, an id of ours, and a
/// token. A copy of the request must go on as a copy of that message. And a copy
/// of *that* is recognised behind the door, by the token that is gone.
///
/// So the door is the one place that remembers, and it says for how long: seven
/// days.
async fn let_in(request: &Message, ports: &Ports, context: &Context) -> anyhow::Result<()> {
    let (inbox, tokens) = (ports.store(INBOX), ports.store(TOKENS));

    // This line only keeps the compiler quiet about what you don't use yet.
    // Delete it when you start.
    _ = (request, inbox, tokens, context);

    // Step 4. There are four things to be done for a request that the door has
    // not seen: draw an id, create its token, put the id into the inbox under
    // the id of the *request* (`put_expiring`), publish. One of the four fixes
    // the id for all copies, so it must not overwrite what another copy has
    // fixed. What comes before it, and what after? And which of the four is left
    // for a request that is in the inbox already?
    todo!("step 4: let a request in, under one id, however often it comes")
}

/// The door.
#[must_use]
pub fn door() -> Endpoint {
    Endpoint::new("door", let_in).with_store(INBOX).with_shared_store(TOKENS)
}

/// An endpoint that runs a state machine.
pub fn endpoint_of<M: StateMachine>(name: &str) -> Endpoint {
    Endpoint::new(name, StateMachineRunner::<M>::process)
        .view(StateMachineRunner::<M>::view)
        .with_store(INBOX)
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
