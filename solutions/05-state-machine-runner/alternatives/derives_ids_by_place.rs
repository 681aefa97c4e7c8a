//! Right, in another style: the ids in one set, the outbox in one list, whose
//! letters are sent by whoever finds them. The ids of the outputs follow from
//! the message and their place; the lots are drawn and stored.

use std::collections::BTreeSet;
use std::marker::PhantomData;

use serde::{Deserialize, Serialize};
use shared::{
    Chance, Context, Document, Endpoint, Message, MessageId, Ports, Precondition, Snapshot, StateMachine,
    StoreError,
};

#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct StateDocument<S> {
    machine: S,
    seen: BTreeSet<MessageId>,
    to_be_sent: Vec<Message>,
}

struct StateMachineRunner<M>(PhantomData<M>);

impl<M: StateMachine> StateMachineRunner<M> {
    async fn process(message: &Message, ports: &Ports, context: &Context) -> anyhow::Result<()> {
        let input: M::Input = message.read()?;
        let key = M::aggregate(&input);
        let read = ports.documents.get(key).await?;
        let mut document = Self::parse(read.as_ref())?;
        let mut as_read = Precondition::unchanged_since(read.as_ref());

        if document.seen.insert(message.id) {
            let new_id = || context.new_id();
            let outputs = M::react(&mut document.machine, &input, &Chance::new(&new_id));
            let letters = outputs
                .iter()
                .enumerate()
                .map(|(place, output)| Message::new(message.id.derive(&place.to_string()), output));
            document.to_be_sent.extend(letters);
            as_read = Self::save(ports, key, &document, as_read).await?;
        }

        if document.to_be_sent.is_empty() {
            return Ok(());
        }
        for letter in std::mem::take(&mut document.to_be_sent) {
            ports.publisher.publish(letter).await?;
        }
        Self::save(ports, key, &document, as_read).await?;
        Ok(())
    }

    fn view(snapshot: &Snapshot, aggregate: &str) -> anyhow::Result<M::State> {
        Ok(match snapshot.document(aggregate) {
            Some(body) => serde_json::from_slice::<StateDocument<M::State>>(body)?.machine,
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
