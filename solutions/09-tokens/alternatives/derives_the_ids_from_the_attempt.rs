//! One id is drawn for the attempt, and those of its outputs are derived from
//! it. Two attempts have nothing in common, which is what counts. And the
//! outbox is a list.

use std::marker::PhantomData;

use serde::{Deserialize, Serialize};
use shared::loyalty::Loyalty;
use shared::order::Orders;
use shared::{
    Chance, Context, Document, Endpoint, Message, MessageId, Ports, Precondition, Snapshot, StateMachine,
    StoreError,
};

const TOKENS: &str = "tokens";

fn has_receiver(message: &Message) -> bool {
    ["AddItem", "RemoveItem"].into_iter().chain(Loyalty::LISTENS_TO).any(|name| name == message.name())
}

#[derive(Serialize, Deserialize)]
struct StateDocument<S> {
    state: S,
    outbox: Vec<(MessageId, Vec<Message>)>,
}

struct StateMachineRunner<M>(PhantomData<M>);

impl<M: StateMachine> StateMachineRunner<M> {
    async fn process(message: &Message, ports: &Ports, context: &Context) -> anyhow::Result<()> {
        let input: M::Input = message.read()?;
        let key = M::aggregate(&input);
        let tokens = ports.store(TOKENS);

        let read = ports.documents.get(key).await?;
        let mut document = Self::parse(read.as_ref())?;
        let mut as_read = Precondition::unchanged_since(read.as_ref());

        if !document.outbox.iter().any(|(known, _)| *known == message.id) {
            if tokens.get(&message.id.to_string()).await?.is_none() {
                context.note(format!("{} has no token: it is done, or not from here", message.name()));
                return Self::let_go(message.id, ports, key).await;
            }
            let new_id = || context.new_id();
            let outputs = M::react(&mut document.state, &input, &Chance::new(&new_id));
            let attempt = context.new_id();
            let outputs: Vec<_> = (0..)
                .zip(&outputs)
                .map(|(n, output): (u32, _)| Message::new(attempt.derive(&n.to_string()), output))
                .collect();
            for output in outputs.iter().filter(|output| has_receiver(output)) {
                tokens.put(&output.id.to_string(), Vec::new(), Precondition::IfAbsent).await?;
            }
            document.outbox.push((message.id, outputs));
            as_read = Self::save(ports, key, &document, as_read).await?;
        }

        let (mine, others): (Vec<_>, Vec<_>) =
            document.outbox.into_iter().partition(|(known, _)| *known == message.id);
        document.outbox = others;
        for output in mine.into_iter().flat_map(|(_, outputs)| outputs) {
            ports.publisher.publish(output).await?;
        }
        tokens.delete(&message.id.to_string(), Precondition::None).await?;
        Self::save(ports, key, &document, as_read).await?;
        Ok(())
    }

    async fn let_go(done: MessageId, ports: &Ports, key: &str) -> anyhow::Result<()> {
        let read = ports.documents.get(key).await?;
        let mut document = Self::parse(read.as_ref())?;
        let before = document.outbox.len();
        document.outbox.retain(|(known, _)| *known != done);
        if document.outbox.len() < before {
            Self::save(ports, key, &document, Precondition::unchanged_since(read.as_ref())).await?;
        }
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
            None => StateDocument { state: M::State::default(), outbox: Vec::new() },
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
        .with_shared_store(TOKENS)
}

pub fn orders() -> Endpoint {
    endpoint_of::<Orders>("orders").subscribes_to("AddItem").subscribes_to("RemoveItem")
}

pub fn loyalty() -> Endpoint {
    let endpoint = endpoint_of::<Loyalty>("loyalty");
    Loyalty::LISTENS_TO.into_iter().fold(endpoint, Endpoint::subscribes_to)
}
