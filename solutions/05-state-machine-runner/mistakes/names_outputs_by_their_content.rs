//! The mistake: the id of an output is computed from what it says.
//!
//! Why it is tempting: such an id is stable without being stored, two attempts
//! agree on it, and the runner needs to know nothing of the output but its
//! text. But two messages may say the same, and then the second one is taken
//! for a copy of the first.

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
            let mut outbox = Vec::new();
            for output in &outputs {
                let text = serde_json::to_string(output)?;
                outbox.push(Message::new(MessageId::named(&text), output));
            }
            document.processed.insert(message.id, outbox);
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
