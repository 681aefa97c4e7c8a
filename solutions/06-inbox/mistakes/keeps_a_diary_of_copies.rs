//! The mistake: every copy that is recognised leaves a line in the state
//! document.
//!
//! Why it is tempting: somebody asked how many duplicates there are, and the
//! document is at hand. It has no message id in it, and it grows all the same.

use std::collections::BTreeMap;
use std::marker::PhantomData;

use serde::{Deserialize, Serialize};
use shared::order::Orders;
use shared::{
    Chance, Context, Document, Endpoint, Message, MessageId, Ports, Precondition, Snapshot, StateMachine,
    StoreError,
};

const INBOX: &str = "inbox";

#[derive(Serialize, Deserialize)]
struct StateDocument<S> {
    state: S,
    outbox: BTreeMap<MessageId, Vec<Message>>,
    copies: Vec<String>,
}

struct StateMachineRunner<M>(PhantomData<M>);

impl<M: StateMachine> StateMachineRunner<M> {
    async fn process(message: &Message, ports: &Ports, context: &Context) -> anyhow::Result<()> {
        let input: M::Input = message.read()?;
        let key = M::aggregate(&input);
        let inbox = ports.store(INBOX);
        let done = message.id.to_string();

        let read = ports.documents.get(key).await?;
        let mut document = Self::parse(read.as_ref())?;
        let mut as_read = Precondition::unchanged_since(read.as_ref());

        if !document.outbox.contains_key(&message.id) {
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
        inbox.put(&done, b"done".to_vec(), Precondition::None).await?;
        Self::save(ports, key, &document, as_read).await?;
        Ok(())
    }

    async fn let_go(done: MessageId, ports: &Ports, key: &str) -> anyhow::Result<()> {
        let read = ports.documents.get(key).await?;
        let mut document = Self::parse(read.as_ref())?;
        document.outbox.remove(&done);
        document.copies.push("a copy came".to_owned());
        Self::save(ports, key, &document, Precondition::unchanged_since(read.as_ref())).await?;
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
            None => StateDocument { state: M::State::default(), outbox: BTreeMap::new(), copies: Vec::new() },
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

fn endpoint_of<M: StateMachine>(name: &str) -> Endpoint {
    Endpoint::new(name, StateMachineRunner::<M>::process)
        .view(StateMachineRunner::<M>::view)
        .with_store(INBOX)
}

pub fn orders() -> Endpoint {
    endpoint_of::<Orders>("orders")
}
