//! An endpoint at work, one message after the other.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::{Context, Endpoint, Message, MessageId, Ports};

/// Runs an endpoint over messages, one at a time and in their order, the way
/// a broker on a quiet day would: no chaos, no concurrency.
///
/// Each delivery gets a [`Context`] of its own. When the handler returns `Ok`,
/// what it handed to [`Context::publish`] is dispatched, in that order; when
/// the handler or the dispatch fails, the message is delivered again.
pub struct Runner {
    endpoint: Endpoint,
    ports: Ports,
    max_deliveries: u32,
    ids: Arc<AtomicU64>,
}

impl Runner {
    /// A runner that delivers a message up to five times. Its contexts number
    /// their [new ids](Context::new_id) from one, on through all deliveries.
    #[must_use]
    pub fn new(endpoint: Endpoint, ports: Ports) -> Self {
        Self { endpoint, ports, max_deliveries: 5, ids: Arc::new(AtomicU64::new(1)) }
    }

    /// Sets how often one message is delivered at most; once, at least.
    ///
    /// # Panics
    ///
    /// When `deliveries` is zero.
    #[must_use]
    pub fn max_deliveries(mut self, deliveries: u32) -> Self {
        assert!(deliveries > 0, "a message must be delivered at least once");
        self.max_deliveries = deliveries;
        self
    }

    /// Processes the messages, each until it succeeds.
    ///
    /// # Errors
    ///
    /// [`GaveUp`] for the first message of which every delivery failed. The
    /// messages after it are not delivered.
    pub async fn run(&self, messages: impl IntoIterator<Item = Message>) -> Result<(), GaveUp> {
        for message in messages {
            let message = Arc::new(message);
            let mut deliveries = 0;
            while let Err(cause) = self.deliver(&message).await {
                deliveries += 1;
                if deliveries == self.max_deliveries {
                    return Err(GaveUp { message: (*message).clone(), deliveries, cause });
                }
            }
        }
        Ok(())
    }

    /// Processes one copy of a message, once.
    ///
    /// # Errors
    ///
    /// What the handler returned, or that an output could not be dispatched.
    pub async fn deliver(&self, message: &Arc<Message>) -> anyhow::Result<()> {
        let ids = Arc::clone(&self.ids);
        let context = Arc::new(Context::new(move || MessageId::fresh(ids.fetch_add(1, Ordering::Relaxed))));
        self.endpoint.handle(Arc::clone(message), self.ports.clone(), Arc::clone(&context)).await?;
        for output in context.take_outputs() {
            self.ports.publisher.publish(output).await?;
        }
        Ok(())
    }
}

/// A message that failed at every delivery.
#[derive(Debug, thiserror::Error)]
#[error("{} ({}) failed at each of {deliveries} deliveries, the last time because: {cause:#}", message.name(), message.id)]
pub struct GaveUp {
    /// The message.
    pub message: Message,
    /// How often it was delivered.
    pub deliveries: u32,
    /// Why the last delivery failed.
    pub cause: anyhow::Error,
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::memory::MemoryPorts;
    use crate::{Precondition, PublishError, Publisher};

    fn message(name: &str) -> Message {
        Message::new(MessageId::named(name), &name)
    }

    #[tokio::test]
    async fn a_failed_delivery_publishes_nothing_and_is_repeated_with_new_ids() {
        let endpoint = Endpoint::new("e", async |message, ports, context| {
            context.publish(Message::new(context.new_id(), &message.name()));
            let before = ports.documents.get("k").await?;
            ports.documents.put("k", b"seen".to_vec(), Precondition::None).await?;
            anyhow::ensure!(before.is_some(), "the first delivery always fails");
            Ok(())
        });
        let memory = MemoryPorts::of(&endpoint);
        Runner::new(endpoint, memory.ports()).run([message("a"), message("b")]).await.unwrap();

        let output = |id, name: &str| Message::new(MessageId::fresh(id), &name);
        assert_eq!(memory.publisher.published(), [output(2, "a"), output(3, "b")]);
    }

    #[tokio::test]
    async fn a_message_that_never_succeeds_is_named_with_its_last_cause() {
        let attempts = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&attempts);
        let endpoint = Endpoint::new("e", async move |message, _, _| {
            let attempt = counter.fetch_add(1, Ordering::Relaxed) + 1;
            anyhow::ensure!(message.name() == "good", "attempt {attempt} failed");
            Ok(())
        });
        let memory = MemoryPorts::of(&endpoint);
        let runner = Runner::new(endpoint, memory.ports()).max_deliveries(2);
        let gave_up = runner.run([message("good"), message("bad"), message("later")]).await.unwrap_err();

        assert_eq!((gave_up.message.name(), gave_up.deliveries), ("bad", 2));
        let id = MessageId::named("bad");
        assert_eq!(
            gave_up.to_string(),
            format!("bad ({id}) failed at each of 2 deliveries, the last time because: attempt 3 failed")
        );
        assert_eq!(attempts.load(Ordering::Relaxed), 3, "nothing is delivered after it");
    }

    /// A publisher that loses the confirmation of the first message.
    struct LosesOne(Mutex<bool>, Arc<dyn Publisher>);

    #[async_trait::async_trait]
    impl Publisher for LosesOne {
        async fn publish(&self, message: Message) -> Result<(), PublishError> {
            self.1.publish(message).await?;
            let lost = std::mem::replace(&mut *self.0.lock().unwrap(), true);
            if lost { Ok(()) } else { Err(PublishError) }
        }
    }

    #[tokio::test]
    async fn an_output_without_confirmation_brings_the_message_back() {
        let endpoint = Endpoint::new("e", async |message, _, context| {
            context.publish(Message::new(message.id.derive("out"), &"out"));
            Ok(())
        });
        let memory = MemoryPorts::of(&endpoint);
        let mut ports = memory.ports();
        ports.publisher = Arc::new(LosesOne(Mutex::default(), ports.publisher));
        Runner::new(endpoint, ports).run([message("a")]).await.unwrap();
        let published = memory.publisher.published();
        assert_eq!(published.len(), 2);
        assert_eq!(published[0], published[1]);
    }
}
