//! Stretch: no token is left behind.
//!
//! An attempt that comes to nothing leaves the tokens of its outputs in the
//! store, and nobody knows of them. So they are made known first: before an
//! attempt creates a token, it writes the id into the token of the message that
//! it is working on. Whoever is done with that message finds all of them there,
//! those of the attempts that died included.

use std::collections::BTreeSet;

use shared::loyalty::Loyalty;
use shared::order::Orders;
use shared::{
    Chance, Context, Document, Endpoint, Message, MessageId, Ports, Precondition, StateMachine, StoreError,
};

use super::{StateMachineRunner, TOKENS, has_receiver};

/// Processes one copy of one message, as in the main exercise.
///
/// # Errors
///
/// As in the main exercise, and when another attempt has registered in between.
pub async fn process<M: StateMachine>(
    message: &Message,
    ports: &Ports,
    context: &Context,
) -> anyhow::Result<()> {
    let input: M::Input = message.read()?;
    let key = M::aggregate(&input);
    let tokens = ports.store(TOKENS);
    let own = message.id.to_string();

    let read = ports.documents.get(key).await?;
    let mut document = StateMachineRunner::<M>::parse(read.as_ref())?;
    let mut as_read = Precondition::unchanged_since(read.as_ref());

    if !document.outbox.contains_key(&message.id) {
        let Some(token) = tokens.get(&own).await? else {
            context.note(format!("{} has no token: it is done, or not from here", message.name()));
            return StateMachineRunner::<M>::let_go(message.id, ports, key).await;
        };
        let new_id = || context.new_id();
        let outputs = M::react(&mut document.state, &input, &Chance::new(&new_id));
        let outputs: Vec<_> = outputs.iter().map(|output| Message::new(context.new_id(), output)).collect();
        let ids: Vec<MessageId> =
            outputs.iter().filter(|output| has_receiver(output)).map(|output| output.id).collect();
        if !ids.is_empty() {
            // First the name, then the thing. The condition is what makes it
            // safe: onto a token that is gone, nobody can register any more, so
            // whoever removes it has seen every name.
            let mut registered = registered(&token)?;
            registered.extend(&ids);
            let body = serde_json::to_vec(&registered)?;
            tokens.put(&own, body, Precondition::IfEtag(token.etag)).await?;
        }
        for id in &ids {
            tokens.put(&id.to_string(), Vec::new(), Precondition::IfAbsent).await?;
        }
        document.outbox.insert(message.id, outputs);
        as_read = match StateMachineRunner::<M>::save(ports, key, &document, as_read).await {
            Ok(as_read) => as_read,
            Err(error) => {
                // A conflict is certain: these outputs will never be sent. If
                // the message is done already, nobody comes after us to tidy up.
                // No other error is certain.
                if let StoreError::Conflict { .. } = error {
                    for id in &ids {
                        tokens.delete(&id.to_string(), Precondition::None).await?;
                    }
                }
                return Err(error.into());
            }
        };
    }

    let outputs = document.outbox.remove(&message.id).unwrap_or_default();
    for output in &outputs {
        ports.publisher.publish(output.clone()).await?;
    }
    if let Some(token) = tokens.get(&own).await? {
        let committed: BTreeSet<MessageId> = outputs.iter().map(|output| output.id).collect();
        for id in registered(&token)?.difference(&committed) {
            tokens.delete(&id.to_string(), Precondition::None).await?;
        }
        // Only if nobody has registered since we looked.
        tokens.delete(&own, Precondition::IfEtag(token.etag)).await?;
    }
    StateMachineRunner::<M>::save(ports, key, &document, as_read).await?;
    Ok(())
}

/// The ids that attempts have written into a token. A token that nobody has
/// written into is empty.
fn registered(token: &Document) -> anyhow::Result<BTreeSet<MessageId>> {
    if token.body.is_empty() { Ok(BTreeSet::new()) } else { Ok(serde_json::from_slice(&token.body)?) }
}

fn endpoint_of<M: StateMachine>(name: &str) -> Endpoint {
    Endpoint::new(name, process::<M>).view(StateMachineRunner::<M>::view).with_shared_store(TOKENS)
}

/// The orders, which tidy up after themselves.
#[must_use]
pub fn orders() -> Endpoint {
    endpoint_of::<Orders>("orders").subscribes_to("AddItem").subscribes_to("RemoveItem")
}

/// The loyalty programme, which does the same.
#[must_use]
pub fn loyalty() -> Endpoint {
    let endpoint = endpoint_of::<Loyalty>("loyalty");
    Loyalty::LISTENS_TO.into_iter().fold(endpoint, Endpoint::subscribes_to)
}
