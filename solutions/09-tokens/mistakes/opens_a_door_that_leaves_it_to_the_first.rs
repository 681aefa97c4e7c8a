//! The mistake: a door that finds another id chosen in the meantime leaves it to
//! the other one to let the request in.
//!
//! Why it is tempting: one of the two was faster, and it is about to publish. But
//! to choose and to publish are two things. If the other one dies between them, its
//! copy may be the one that was thrown away with its lock, and this was the last.

use std::time::Duration;

use shared::{Context, Endpoint, Message, MessageId, Ports, Precondition, StoreError};

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
        match inbox.put_expiring(&key, chosen, Precondition::IfAbsent, SEVEN_DAYS).await {
            Err(StoreError::Conflict { .. }) => return Ok(()),
            chosen => chosen?,
        };
        id
    };

    ports.publisher.publish(Message { id, body: request.body.clone() }).await?;
    Ok(())
}

pub fn door() -> Endpoint {
    Endpoint::new("door", let_in).with_store(INBOX).with_shared_store(TOKENS)
}
