//! The mistake: the outputs of an aggregate are numbered, and key and number are
//! the id.
//!
//! Why it is tempting: the number is stored with the state, so no two attempts that
//! count have the same; it is the id that an event has in its stream. But two
//! machines have the same keys, since both are about the same order, and the first
//! output of the one has the id of the first output of the other.

use std::collections::BTreeMap;
use std::marker::PhantomData;

use serde::{Deserialize, Serialize};
use shared::{
    Chance, Context, Document, Endpoint, Message, MessageId, Ports, Precondition, Snapshot, StateMachine,
    StoreError,
};

#[derive(Default, Serialize, Deserialize)]
struct StateDocument<S> {
    state: S,
    said: u64,
    processed: BTreeMap<MessageId, Vec<Message>>,
}

struct StateMachineRunner<M>(PhantomData<M>);

impl<M: StateMachine> StateMachineRunner<M> {
    async fn process(message: &Message, ports: &Ports, context: &Context) -> anyhow::Result<()> {
        let input: M::Input = message.read()?;
        let key = M::aggregate(&input);
        let read = ports.documents.get(key).await?;
        let mut document = Self::parse(read.as_ref())?;
        let mut as_read = Precondition::unchanged_since(read.as_ref());

        if !document.processed.contains_key(&message.id) {
            let new_id = || context.new_id();
            let outputs = M::react(&mut document.state, &input, &Chance::new(&new_id));
            let outputs = outputs.iter().map(|output| {
                document.said += 1;
                Message::new(MessageId::named(&format!("{key} {}", document.said)), output)
            });
            let outputs = outputs.collect();
            document.processed.insert(message.id, outputs);

            as_read = Self::save(ports, key, &document, as_read).await?;
        }

        let outbox = document.processed.insert(message.id, Vec::new()).unwrap_or_default();
        if outbox.is_empty() {
            return Ok(());
        }
        for output in outbox {
            ports.publisher.publish(output).await?;
        }
        Self::save(ports, key, &document, as_read).await?;
        Ok(())
    }

    fn view(snapshot: &Snapshot, aggregate: &str) -> anyhow::Result<M::State> {
        Ok(match snapshot.document(aggregate) {
            Some(body) => serde_json::from_slice::<StateDocument<M::State>>(body)?.state,
            None => M::State::default(),
        })
    }

    fn parse(read: Option<&Document>) -> anyhow::Result<StateDocument<M::State>> {
        Ok(match read {
            Some(document) => serde_json::from_slice(&document.body)?,
            None => StateDocument::default(),
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

pub fn endpoint_of<M: StateMachine>(name: &str) -> Endpoint {
    Endpoint::new(name, StateMachineRunner::<M>::process).view(StateMachineRunner::<M>::view)
}
