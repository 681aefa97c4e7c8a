//! The mistake: the door puts the id into the inbox, and then creates the
//! token.
//!
//! Why it is tempting: then no token is left of an id that was not chosen. But
//! a door that dies between the two leaves an id that was chosen, without a
//! token. Each copy of the request is let in under it, and dropped behind the
//! door.

use std::time::Duration;

use shared::{Context, Endpoint, Message, MessageId, Ports, Precondition};

const TOKENS: &str = "tokens";
const INBOX: &str = "inbox";
const SEVEN_DAYS: Duration = Duration::from_secs(7 * 24 * 60 * 60);

async fn let_in(request: &Message, ports: &Ports, context: &Context) -> anyhow::Result<()> {
    let (inbox, tokens) = (ports.store(INBOX), ports.store(TOKENS));
    let key = request.id.to_string();

    let id: MessageId = if let Some(chosen) = inbox.get(&key).await? {
        serde_json::from_slice(&chosen.body)?
    } else {
        let id = context.new_id();
        let chosen = serde_json::to_vec(&id)?;
        inbox.put_expiring(&key, chosen, Precondition::IfAbsent, SEVEN_DAYS).await?;
        tokens.put(&id.to_string(), Vec::new(), Precondition::IfAbsent).await?;
        id
    };

    ports.publisher.publish(Message { id, body: request.body.clone() }).await?;
    Ok(())
}

pub fn door() -> Endpoint {
    Endpoint::new("door", let_in).with_store(INBOX).with_shared_store(TOKENS)
}
