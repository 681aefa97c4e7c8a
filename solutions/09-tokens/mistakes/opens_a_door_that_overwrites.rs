//! The mistake: the door puts the id into the inbox whatever is there.
//!
//! Why it is tempting: it has just looked, and nothing was there.

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
        tokens.put(&id.to_string(), Vec::new(), Precondition::IfAbsent).await?;
        let chosen = serde_json::to_vec(&id)?;
        inbox.put_expiring(&key, chosen, Precondition::None, SEVEN_DAYS).await?;
        id
    };

    ports.publisher.publish(Message { id, body: request.body.clone() }).await?;
    Ok(())
}

pub fn door() -> Endpoint {
    Endpoint::new("door", let_in).with_store(INBOX).with_shared_store(TOKENS)
}
