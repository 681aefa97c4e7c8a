//! Two ways to run a state machine on a document store and a broker: as it is done
//! everywhere, and with an outbox. Yours of exercise 05 or 09 fits in here, too.

use std::collections::BTreeMap;

use ports::{
    Chance, Context, Document, Message, MessageId, Ports, Precondition, Snapshot, StateMachine, StoreError,
};
use serde::{Deserialize, Serialize};

/// The document of one aggregate.
#[derive(Default, Serialize, Deserialize)]
struct Stored<S> {
    /// The business state.
    state: S,
    /// The messages that have been processed, each with those of its outputs that may
    /// not have been sent yet.
    processed: BTreeMap<MessageId, Vec<Message>>,
}

/// As at work: read, decide, write unless somebody else has written, then publish.
///
/// # Errors
///
/// When the store or the broker does not answer, and when another worker has written
/// in between. The message is delivered again.
pub async fn as_at_work<M: StateMachine>(
    message: &Message,
    ports: &Ports,
    context: &Context,
) -> anyhow::Result<()> {
    let input: M::Input = message.read()?;
    let key = M::aggregate(&input);
    let read = ports.documents.get(key).await?;
    let mut stored = parse::<M>(read.as_ref())?;

    let new_id = || context.new_id();
    let outputs = M::react(&mut stored.state, &input, &Chance::new(&new_id));
    save(ports, key, &stored, Precondition::unchanged_since(read.as_ref())).await?;
    for output in &outputs {
        ports.publisher.publish(Message::new(context.new_id(), output)).await?;
    }
    Ok(())
}

/// With an outbox: the state, the id of the message and what is to be sent are one
/// document, written at once. A copy decides nothing; it sends what is left to send.
///
/// # Errors
///
/// As [`as_at_work`].
pub async fn with_an_outbox<M: StateMachine>(
    message: &Message,
    ports: &Ports,
    context: &Context,
) -> anyhow::Result<()> {
    let input: M::Input = message.read()?;
    let key = M::aggregate(&input);
    let read = ports.documents.get(key).await?;
    let mut stored = parse::<M>(read.as_ref())?;
    let mut as_read = Precondition::unchanged_since(read.as_ref());

    if !stored.processed.contains_key(&message.id) {
        let new_id = || context.new_id();
        let outputs = M::react(&mut stored.state, &input, &Chance::new(&new_id));
        let outputs = outputs.iter().map(|output| Message::new(context.new_id(), output)).collect();
        stored.processed.insert(message.id, outputs);
        as_read = save(ports, key, &stored, as_read).await?;
    }

    let outbox = stored.processed.insert(message.id, Vec::new()).unwrap_or_default();
    if outbox.is_empty() {
        return Ok(());
    }
    for output in outbox {
        ports.publisher.publish(output).await?;
    }
    save(ports, key, &stored, as_read).await?;
    Ok(())
}

/// The business state of one aggregate, for whoever judges.
///
/// # Errors
///
/// When the document is none of ours.
pub fn view<M: StateMachine>(snapshot: &Snapshot, aggregate: &str) -> anyhow::Result<M::State> {
    Ok(match snapshot.document(aggregate) {
        Some(body) => serde_json::from_slice::<Stored<M::State>>(body)?.state,
        None => M::State::default(),
    })
}

fn parse<M: StateMachine>(read: Option<&Document>) -> anyhow::Result<Stored<M::State>> {
    Ok(match read {
        Some(document) => serde_json::from_slice(&document.body)?,
        None => Stored::default(),
    })
}

async fn save<S: Serialize>(
    ports: &Ports,
    key: &str,
    stored: &Stored<S>,
    as_read: Precondition,
) -> Result<Precondition, StoreError> {
    let body = serde_json::to_vec(stored).map_err(|error| StoreError::Protocol(error.to_string()))?;
    ports.documents.put(key, body, as_read).await.map(Precondition::IfEtag)
}
