//! The mistake: a refusal is an error, and no answer is none: the server has the message, and
//! only its word got lost. Or it never got there.
//!
//! Why it is tempting: a slow server fills the log with errors otherwise, and what was published
//! comes a second time.

use std::time::Duration;

use async_nats::jetstream::context::PublishErrorKind;
use async_nats::jetstream::{self, AckKind};
use host::desk::{Desk, Outcome, Work};
use shared::{MessageId, PublishError};
use tokio::time::{Instant, interval_at};

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
    match on_its_way.await {
        Err(error) if error.kind() != PublishErrorKind::TimedOut => Err(PublishError),
        _ => Ok(()),
    }
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
    let mut alive = interval_at(Instant::now() + rules.ack_wait / 3, rules.ack_wait / 3);
    let worked = loop {
        tokio::select! {
            biased;
            worked = &mut work => break worked,
            _ = alive.tick() => { let _ = delivery.ack_with(AckKind::Progress).await; }
        }
    };
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
