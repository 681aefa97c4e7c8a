//! Right, with another layout: a list instead of a map, an inbox that says what
//! it was about, and no clean-up for others: who finds a message in the inbox
//! *and* in the state hands it back to the queue. The next copy finds it in the
//! state, says everything again, and cleans up.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use shared::loyalty::Loyalty;
use shared::order::Orders;
use shared::{Chance, Context, Endpoint, Message, MessageId, Ports, Precondition, Snapshot, StateMachine};

const INBOX: &str = "inbox";

#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Aggregate<S> {
    under_way: Vec<Entry>,
    business: S,
}

#[derive(Serialize, Deserialize)]
struct Entry {
    message: MessageId,
    letters: Vec<Message>,
}

#[derive(Serialize)]
struct Receipt<'a> {
    message: MessageId,
    about: &'a str,
}

async fn process<M: StateMachine>(message: &Message, ports: &Ports, context: &Context) -> anyhow::Result<()> {
    let input: M::Input = message.read()?;
    let name = M::aggregate(&input);
    let inbox = ports.store(INBOX);
    let receipt = format!("receipts/{}", message.id);

    let (mut aggregate, mut as_read) = load::<M::State>(ports, name).await?;
    if !aggregate.knows(message.id) {
        if inbox.get(&receipt).await?.is_some() {
            let (aggregate, _) = load::<M::State>(ports, name).await?;
            anyhow::ensure!(!aggregate.knows(message.id), "another worker is cleaning up, or has died");
            return Ok(());
        }
        let draw = || context.new_id();
        let outputs = M::react(&mut aggregate.business, &input, &Chance::new(&draw));
        let letters = outputs.iter().map(|output| Message::new(draw(), output)).collect();
        aggregate.under_way.push(Entry { message: message.id, letters });
        let body = serde_json::to_vec(&aggregate)?;
        as_read = Precondition::IfEtag(ports.documents.put(name, body, as_read).await?);
    }

    for entry in aggregate.under_way.extract_if(.., |entry| entry.message == message.id) {
        for letter in entry.letters {
            ports.publisher.publish(letter).await?;
        }
    }
    let body = serde_json::to_vec(&Receipt { message: message.id, about: name })?;
    inbox.put(&receipt, body, Precondition::None).await?;
    ports.documents.put(name, serde_json::to_vec(&aggregate)?, as_read).await?;
    Ok(())
}

impl<S> Aggregate<S> {
    fn knows(&self, message: MessageId) -> bool {
        self.under_way.iter().any(|entry| entry.message == message)
    }
}

async fn load<S: Default + DeserializeOwned>(
    ports: &Ports,
    name: &str,
) -> anyhow::Result<(Aggregate<S>, Precondition)> {
    let read = ports.documents.get(name).await?;
    let aggregate = match &read {
        Some(document) => serde_json::from_slice(&document.body)?,
        None => Aggregate::default(),
    };
    Ok((aggregate, Precondition::unchanged_since(read.as_ref())))
}

fn view<M: StateMachine>(snapshot: &Snapshot, name: &str) -> anyhow::Result<M::State> {
    Ok(match snapshot.document(name) {
        Some(body) => serde_json::from_slice::<Aggregate<M::State>>(body)?.business,
        None => M::State::default(),
    })
}

fn endpoint_of<M: StateMachine>(name: &str) -> Endpoint {
    Endpoint::new(name, process::<M>).view(view::<M>).with_store(INBOX)
}

pub fn orders() -> Endpoint {
    endpoint_of::<Orders>("orders")
}

pub fn loyalty() -> Endpoint {
    let endpoint = endpoint_of::<Loyalty>("loyalty");
    Loyalty::LISTENS_TO.into_iter().fold(endpoint, Endpoint::subscribes_to)
}
