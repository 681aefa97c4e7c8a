//! The outbox in documents of its own, as in 08, and tokens instead of claims.
//! The attempts at a message are numbered, so whoever is done with it finds the
//! documents of all of them.

use std::marker::PhantomData;

use serde::{Deserialize, Serialize};
use shared::loyalty::Loyalty;
use shared::order::Orders;
use shared::{
    Chance, Context, Document, DocumentStore, Endpoint, Message, MessageId, Ports, Precondition, Snapshot,
    StateMachine, StoreError,
};

/// The store with a document for every message that may still be processed. All
/// endpoints share it: the sender creates what the receiver removes.
const TOKENS: &str = "tokens";
/// The store with the outgoing messages of every attempt.
const OUTBOX: &str = "outbox";

fn has_receiver(message: &Message) -> bool {
    Loyalty::LISTENS_TO.contains(&message.name())
}

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
    message: MessageId,
    /// Which of the attempts at this message was the one.
    attempt: u32,
}

impl Transaction {
    /// The key of its outbox document. The attempts at one message are
    /// numbered, so that they can be found without a list of them.
    fn outbox(self) -> String {
        format!("{}/{}", self.message, self.attempt)
    }
}

/// Runs a state machine on the ports of an endpoint.
struct StateMachineRunner<M>(PhantomData<M>);

impl<M: StateMachine> StateMachineRunner<M> {
    /// Processes one copy of one message.
    async fn process(message: &Message, ports: &Ports, context: &Context) -> anyhow::Result<()> {
        let input: M::Input = message.read()?;
        let key = M::aggregate(&input);
        let (tokens, outbox) = (ports.store(TOKENS), ports.store(OUTBOX));

        let read = ports.documents.get(key).await?;
        let mut document = Self::parse(read.as_ref())?;
        let mut as_read = Precondition::unchanged_since(read.as_ref());

        // Somebody may have died on the way. What they decided stands, and there
        // is room for one decision only, so it is finished first, be it ours or
        // not.
        if let Some(transaction) = document.transaction {
            if let Some(read) = outbox.get(&transaction.outbox()).await? {
                let outputs: Vec<Message> = serde_json::from_slice(&read.body)?;
                announce(ports, transaction, outputs).await?;
            }
            // If there is none, it was swept away, and that happens only after
            // everything was said.
            as_read = Self::close(ports, key, &mut document, as_read).await?;
        }

        // The state first, the token second, as with the inbox in 06. No token:
        // it was removed, by whoever was done with the message.
        if tokens.get(&message.id.to_string()).await?.is_none() {
            return sweep(outbox, message.id, 0).await;
        }

        let new_id = || context.new_id();
        let outputs = M::react(&mut document.state, &input, &Chance::new(&new_id));
        let outputs: Vec<_> = outputs.iter().map(|output| Message::new(context.new_id(), output)).collect();
        let transaction = write_outbox(outbox, message.id, &outputs).await?;
        // Before the point of no return, and never after it: who creates a token
        // for a message that is on its way may create it for the second time, and
        // bring back what the receiver has removed. The price: an attempt that
        // comes to nothing leaves its tokens behind.
        for output in outputs.iter().filter(|output| has_receiver(output)) {
            tokens.put(&output.id.to_string(), Vec::new(), Precondition::IfAbsent).await?;
        }
        document.transaction = Some(transaction);
        // The point of no return.
        as_read = match Self::save(ports, key, &document, as_read).await {
            Ok(as_read) => as_read,
            Err(error) => {
                // Somebody was faster. If it was another copy of this message,
                // and it is done already, then nobody comes after us to sweep.
                if tokens.get(&message.id.to_string()).await?.is_none() {
                    sweep(outbox, message.id, transaction.attempt).await?;
                }
                return Err(error.into());
            }
        };

        announce(ports, transaction, outputs).await?;
        Self::close(ports, key, &mut document, as_read).await?;
        sweep(outbox, message.id, transaction.attempt).await
    }

    /// Takes note that everything was said.
    async fn close(
        ports: &Ports,
        key: &str,
        document: &mut StateDocument<M::State>,
        as_read: Precondition,
    ) -> Result<Precondition, StoreError> {
        document.transaction = None;
        Self::save(ports, key, document, as_read).await
    }

    /// The state of one aggregate, at rest.
    fn view(snapshot: &Snapshot, aggregate: &str) -> anyhow::Result<M::State> {
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

/// Writes the outgoing messages of an attempt under the first number that is
/// free. The condition decides who gets which.
async fn write_outbox(
    outbox: &dyn DocumentStore,
    message: MessageId,
    outputs: &[Message],
) -> anyhow::Result<Transaction> {
    let body = serde_json::to_vec(outputs)?;
    let mut transaction = Transaction { message, attempt: 0 };
    loop {
        match outbox.put(&transaction.outbox(), body.clone(), Precondition::IfAbsent).await {
            Ok(_) => return Ok(transaction),
            // An earlier attempt left it behind. Its messages are not ours: they
            // were decided on another state.
            Err(StoreError::Conflict { .. }) => transaction.attempt += 1,
            Err(error) => return Err(error.into()),
        }
    }
}

/// Sends what was decided, and removes the token of the message that it was
/// decided for.
async fn announce(ports: &Ports, transaction: Transaction, outputs: Vec<Message>) -> anyhow::Result<()> {
    for output in outputs {
        ports.publisher.publish(output).await?;
    }
    ports.store(TOKENS).delete(&transaction.message.to_string(), Precondition::None).await?;
    Ok(())
}

/// Deletes the outbox documents of all attempts at a message that is done; they
/// are known to exist up to the one of number `known`.
async fn sweep(outbox: &dyn DocumentStore, message: MessageId, known: u32) -> anyhow::Result<()> {
    let key = |attempt| Transaction { message, attempt }.outbox();
    let mut attempts = known;
    while outbox.get(&key(attempts)).await?.is_some() {
        attempts += 1;
    }
    // From the last to the first: if we die on the way, there is no gap at which
    // the next one would stop.
    for attempt in (0..attempts).rev() {
        outbox.delete(&key(attempt), Precondition::None).await?;
    }
    Ok(())
}

/// An endpoint that runs a state machine, with an outbox of its own, and the
/// tokens of everybody.
fn endpoint_of<M: StateMachine>(name: &str) -> Endpoint {
    Endpoint::new(name, StateMachineRunner::<M>::process)
        .view(StateMachineRunner::<M>::view)
        .with_shared_store(TOKENS)
        .with_store(OUTBOX)
}

/// The orders.
pub fn orders() -> Endpoint {
    endpoint_of::<Orders>("orders").subscribes_to("AddItem").subscribes_to("RemoveItem")
}

/// The loyalty programme, which listens to the orders.
pub fn loyalty() -> Endpoint {
    let endpoint = endpoint_of::<Loyalty>("loyalty");
    Loyalty::LISTENS_TO.into_iter().fold(endpoint, Endpoint::subscribes_to)
}
