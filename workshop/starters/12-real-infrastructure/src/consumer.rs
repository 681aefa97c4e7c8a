//! The consumer loop, and the way out: the second half of exercise 12.
//!
//! It runs, on a quiet day. What does each line of it believe?

use std::sync::atomic::{AtomicU64, Ordering};

use async_nats::jetstream;
use host::desk::{Desk, Outcome, Work};
use shared::{MessageId, PublishError};

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
    // Step 3. What has happened when this await is over?
    jetstream.publish(subject, body.into()).await.map_err(|_| PublishError)?;
    Ok(())
}

/// Makes something of one delivery of a message: has the handler work on it, and tells the
/// server what is to become of it.
pub async fn deliver(desk: &Desk, delivery: &jetstream::Message, work: Work) -> Outcome {
    // Steps 4 to 6. `desk.rules` says for how long the server waits (`ack_wait`), how long a
    // message is to wait that has failed (`delay`), and how often it is tried
    // (`most_attempts`); `delivery.info()` says which delivery this is, from 1.
    _ = desk;
    match work.await {
        Ok(()) => {
            // Who knows of this, when it is over?
            let _ = delivery.ack().await;
            Outcome::Done
        }
        // The server hears nothing. What will it do?
        Err(error) => Outcome::GivenBack(error),
    }
}

/// An id that nobody has ever seen.
#[must_use]
pub fn new_id() -> MessageId {
    // Step 7.
    static NEXT: AtomicU64 = AtomicU64::new(1);
    MessageId::named(&format!("message {}", NEXT.fetch_add(1, Ordering::Relaxed)))
}
