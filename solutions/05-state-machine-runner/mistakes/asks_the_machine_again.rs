//! The mistake: instead of the outputs, the runner keeps the state as it was
//! before the message, and lets the machine react to it again whenever it needs
//! the outputs. Their ids follow from the message and their place.
//!
//! Why it is tempting: the machine is pure, so asking twice must give the same
//! answer; it is exercise 03 with a document. But pure means: for the same
//! lots. The second time, the machine draws another voucher.

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
    /// The state before each message; nothing once its outputs have been sent.
    processed: BTreeMap<MessageId, Option<serde_json::Value>>,
}

struct StateMachineRunner<M>(PhantomData<M>);

impl<M: StateMachine> StateMachineRunner<M> {
    async fn process(message: &Message, ports: &Ports, context: &Context) -> anyhow::Result<()> {
        let input: M::Input = message.read()?;
        let key = M::aggregate(&input);
        let read = ports.documents.get(key).await?;
        let mut document = Self::parse(read.as_ref())?;
        let mut as_read = Precondition::unchanged_since(read.as_ref());

        let new_id = || context.new_id();
        let chance = Chance::new(&new_id);
        if !document.processed.contains_key(&message.id) {
            let before = serde_json::to_value(&document.state)?;
            M::react(&mut document.state, &input, &chance);
            document.processed.insert(message.id, Some(before));
            as_read = Self::save(ports, key, &document, as_read).await?;
        }

        let Some(before) = document.processed.insert(message.id, None).flatten() else { return Ok(()) };
        let outputs = M::react(&mut serde_json::from_value(before)?, &input, &chance);
        for (place, output) in outputs.iter().enumerate() {
            let id = message.id.derive(&place.to_string());
            ports.publisher.publish(Message::new(id, output)).await?;
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
