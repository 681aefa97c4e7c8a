//! Right, in another style: all aggregates of a machine in one document, each
//! with its own state. Slow where many are written at once, since each put
//! conflicts with every other. Never wrong.

use std::collections::BTreeMap;
use std::marker::PhantomData;

use serde::{Deserialize, Serialize};
use shared::{
    Chance, Context, Endpoint, Message, MessageId, Ports, Precondition, Snapshot, StateMachine, StoreError,
};

const KEY: &str = "everything";

#[derive(Serialize, Deserialize)]
struct Everything<S> {
    states: BTreeMap<String, S>,
    processed: BTreeMap<MessageId, Vec<Message>>,
}

impl<S> Default for Everything<S> {
    fn default() -> Self {
        Self { states: BTreeMap::new(), processed: BTreeMap::new() }
    }
}

struct StateMachineRunner<M>(PhantomData<M>);

impl<M: StateMachine> StateMachineRunner<M> {
    async fn process(message: &Message, ports: &Ports, context: &Context) -> anyhow::Result<()> {
        let input: M::Input = message.read()?;
        let read = ports.documents.get(KEY).await?;
        let mut document: Everything<M::State> = read
            .as_ref()
            .map_or_else(|| Ok(Everything::default()), |read| serde_json::from_slice(&read.body))?;
        let mut as_read = Precondition::unchanged_since(read.as_ref());

        if !document.processed.contains_key(&message.id) {
            let state = document.states.entry(M::aggregate(&input).to_owned()).or_default();
            let new_id = || context.new_id();
            let outputs = M::react(state, &input, &Chance::new(&new_id));
            let outputs = outputs.iter().map(|output| Message::new(context.new_id(), output)).collect();
            document.processed.insert(message.id, outputs);
            as_read = Self::save(ports, &document, as_read).await?;
        }

        let outbox = document.processed.insert(message.id, Vec::new()).unwrap_or_default();
        if outbox.is_empty() {
            return Ok(());
        }
        for output in outbox {
            ports.publisher.publish(output).await?;
        }
        Self::save(ports, &document, as_read).await?;
        Ok(())
    }

    fn view(snapshot: &Snapshot, aggregate: &str) -> anyhow::Result<M::State> {
        let Some(body) = snapshot.document(KEY) else { return Ok(M::State::default()) };
        let mut document: Everything<M::State> = serde_json::from_slice(body)?;
        Ok(document.states.remove(aggregate).unwrap_or_default())
    }

    async fn save(
        ports: &Ports,
        document: &Everything<M::State>,
        as_read: Precondition,
    ) -> Result<Precondition, StoreError> {
        let body = serde_json::to_vec(document).map_err(|error| StoreError::Protocol(error.to_string()))?;
        ports.documents.put(KEY, body, as_read).await.map(Precondition::IfEtag)
    }
}

pub fn endpoint_of<M: StateMachine>(name: &str) -> Endpoint {
    Endpoint::new(name, StateMachineRunner::<M>::process).view(StateMachineRunner::<M>::view)
}
