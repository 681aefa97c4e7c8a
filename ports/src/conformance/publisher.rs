//! The rules of a publisher.

use super::Calls;
use super::rules::{PUBLISH_SUCCEEDS, PUBLISHED_IS_SEEN};
use crate::{Message, MessageId, Publisher};

/// Checks a publisher. `seen` returns what others can see of what was
/// published so far; copies may be among it or not, and so may messages of
/// somebody else. No order is asked for: a broker promises none.
///
/// What `publisher` must be, and that the ids of the messages are made from
/// `prefix`: see the [module](super).
///
/// # Panics
///
/// When a rule is broken.
pub async fn publisher(publisher: &dyn Publisher, prefix: &str, seen: impl AsyncFn() -> Vec<Message>) {
    let calls = Calls::default();
    let message = |name: &str| Message::new(MessageId::named(&format!("{prefix}-{name}")), &name);
    let [one, two] = ["one", "two"].map(message);
    for (message, so_far) in [(&one, &[&one][..]), (&two, &[&one, &two]), (&one, &[&one, &two])] {
        let reply = publisher.publish(message.clone()).await;
        calls.note(format_args!("publish({} {})", message.id, message.body), &reply);
        calls.require(PUBLISH_SUCCEEDS, reply.is_ok());

        let seen = seen().await;
        calls.note(format_args!("what others see"), &seen);
        for message in so_far {
            let mut copies = seen.iter().filter(|copy| copy.id == message.id).peekable();
            calls.require(PUBLISHED_IS_SEEN, copies.peek().is_some() && copies.all(|copy| copy == *message));
        }
    }
}
