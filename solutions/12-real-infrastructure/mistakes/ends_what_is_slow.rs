//! The mistake: a handler must be done within the ack wait, or is ended, so that no two ever work
//! on the same message. What needs longer is never done.
//!
//! Why it is tempting: a timeout on everything is good advice, and one thing less that can go on
//! behind one's back.

use std::time::Duration;

use async_nats::jetstream::{self, AckKind};
use host::desk::{Desk, Outcome, Work};
use shared::{MessageId, PublishError};
use tokio::time::timeout;

/// Publishes a message, and comes back when a stream has it.
///
/// # Errors
///
/// When nobody can say that it is stored. Perhaps it is.
pub async fn publish(
    jetstream: &jetstream::Context,
    subject: String,
    body: Vec<u8>,
) -> Result<(), PublishError> {
    let on_its_way = jetstream.publish(subject, body.into()).await.map_err(|_| PublishError)?;
    on_its_way.await.map_err(|_| PublishError)?;
    Ok(())
}

/// Makes something of one delivery of a message: has the handler work on it, and tells the
/// server what is to become of it.
pub async fn deliver(desk: &Desk, delivery: &jetstream::Message, mut work: Work) -> Outcome {
    let rules = &desk.rules;
    let Ok(attempt) = delivery.info().map(|info| info.delivered.unsigned_abs()) else {
        return Outcome::NotConfirmed;
    };
    if attempt > rules.most_attempts {
        return put_aside(desk, delivery).await;
    }
    let worked = timeout(rules.ack_wait * 9 / 10, &mut work).await;
    let worked = worked.unwrap_or_else(|_| Err(anyhow::anyhow!("it took too long")));
    match worked {
        Ok(()) => match delivery.double_ack().await {
            Ok(()) => Outcome::Done,
            Err(_) => Outcome::NotConfirmed,
        },
        Err(error) => {
            let _ = delivery.ack_with(AckKind::Nak(Some(after(rules.delay, attempt)))).await;
            Outcome::GivenBack(error)
        }
    }
}

/// Puts a message aside at which everybody has failed: it is for a human, and the others go
/// on.
async fn put_aside(desk: &Desk, delivery: &jetstream::Message) -> Outcome {
    let letter = publish(&desk.jetstream, desk.dead_letters.clone(), delivery.payload.to_vec()).await;
    if let Err(error) = letter {
        let _ = delivery.ack_with(AckKind::Nak(Some(desk.rules.delay))).await;
        return Outcome::GivenBack(error.into());
    }
    match delivery.double_ack_with(AckKind::Term).await {
        Ok(()) => Outcome::DeadLetter,
        Err(_) => Outcome::NotConfirmed,
    }
}

/// How long a message waits that has failed so often: twice as long each time, up to a
/// second.
fn after(delay: Duration, attempt: u64) -> Duration {
    const LONGEST: Duration = Duration::from_secs(1);
    let doublings = u32::try_from(attempt.saturating_sub(1)).unwrap_or(u32::MAX).min(16);
    delay.saturating_mul(1 << doublings).min(LONGEST)
}

/// An id that nobody has ever seen: not in this process, and not in another one.
#[must_use]
pub fn new_id() -> MessageId {
    MessageId::random()
}
