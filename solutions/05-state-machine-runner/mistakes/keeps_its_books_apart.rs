//! The mistake: the machine's state is in one document, and what the runner has
//! to remember is in another one beside it.
//!
//! Why it is tempting: this exercise is about separating the business from the
//! book-keeping, and so are the documents. But what was split in the code must
//! stay together in the store: one put is atomic, two are not.

use std::collections::BTreeMap;
use std::marker::PhantomData;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use shared::{
    Chance, Context, Document, Endpoint, Message, MessageId, Ports, Precondition, Snapshot, StateMachine,
    StoreError,
};

/// The runner's own document, beside that of the machine.
#[derive(Default, Serialize, Deserialize)]
struct Books {
    processed: BTreeMap<MessageId, Vec<Message>>,
}

struct StateMachineRunner<M>(PhantomData<M>);

impl<M: StateMachine> StateMachineRunner<M> {
    async fn process(message: &Message, ports: &Ports, context: &Context) -> anyhow::Result<()> {
        let input: M::Input = message.read()?;
        let key = M::aggregate(&input);
        let books_key = format!("{key}-book");
        let read = ports.documents.get(key).await?;
        let mut state: M::State = Self::parse(read.as_ref())?;
        let as_read = Precondition::unchanged_since(read.as_ref());
        let books_read = ports.documents.get(&books_key).await?;
        let mut books: Books = Self::parse(books_read.as_ref())?;
        let mut books_as_read = Precondition::unchanged_since(books_read.as_ref());

        let is_new = !books.processed.contains_key(&message.id);
        if is_new {
            let new_id = || context.new_id();
            let outputs = M::react(&mut state, &input, &Chance::new(&new_id));
            let outputs = outputs.iter().map(|output| Message::new(context.new_id(), output)).collect();
            books.processed.insert(message.id, outputs);
            Self::save(ports, key, &state, as_read).await?;
            books_as_read = Self::save(ports, &books_key, &books, books_as_read).await?;
        }

        let outbox = books.processed.insert(message.id, Vec::new()).unwrap_or_default();
        if outbox.is_empty() {
            return Ok(());
        }
        for output in outbox {
            ports.publisher.publish(output).await?;
        }
        Self::save(ports, &books_key, &books, books_as_read).await?;
        Ok(())
    }

    fn view(snapshot: &Snapshot, aggregate: &str) -> anyhow::Result<M::State> {
        Ok(match snapshot.document(aggregate) {
            Some(body) => serde_json::from_slice(body)?,
            None => M::State::default(),
        })
    }

    fn parse<D: Default + DeserializeOwned>(read: Option<&Document>) -> anyhow::Result<D> {
        Ok(match read {
            Some(document) => serde_json::from_slice(&document.body)?,
            None => D::default(),
        })
    }

    async fn save(
        ports: &Ports,
        key: &str,
        document: &impl Serialize,
        as_read: Precondition,
    ) -> Result<Precondition, StoreError> {
        let body = serde_json::to_vec(document).map_err(|error| StoreError::Protocol(error.to_string()))?;
        ports.documents.put(key, body, as_read).await.map(Precondition::IfEtag)
    }
}

pub fn endpoint_of<M: StateMachine>(name: &str) -> Endpoint {
    Endpoint::new(name, StateMachineRunner::<M>::process).view(StateMachineRunner::<M>::view)
}
