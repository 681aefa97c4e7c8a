//! Exercise 04: the outbox.
//!
//! No event store this time, but documents: bytes under a key, written as a
//! whole. A document has no past. What is overwritten is gone, so there is no
//! point in time to go back to when a copy arrives, and nothing to decide from
//! once more. And nothing need come out the same twice: think of a voucher that
//! is drawn by lot. What can a copy be answered from?
//!
//! The page, README.md, has the steps; hints.md has hints in three depths.
//! `cargo test -p ex04-outbox` tells how far you are.

use serde::{Deserialize, Serialize};
use shared::order::{Command, Order, OrderEvent, decide, first_item, nothing_changed};
use shared::{Context, Document, Endpoint, Message, Ports, Precondition, Snapshot, StoreError};

/// All there is to know about an order, under the order's id.
///
/// The layout is yours: names, nesting, lists or maps. The tests look at the order
/// through [`view`]; at the document itself, only `t10` does.
#[derive(Default, Serialize, Deserialize)]
struct OrderDocument {
    /// The business state.
    order: Order,
    // You are a copy of a message, and this document is all you have. Is there
    // something that you would like to find in it?
}

/// Processes one copy of one message.
///
/// What you have: `ports.documents` to get and put, `ports.publisher` to say
/// something to the world. The world hears it *at once*: `context.publish`,
/// which waited until you were done, is not used any more. Any `.await` may be
/// the last line that runs.
///
/// # Errors
///
/// Whenever this attempt cannot go on. The message is delivered again.
pub async fn handle(message: &Message, ports: &Ports, context: &Context) -> anyhow::Result<()> {
    let command: Command = message.read()?;
    let key = command.order_id();

    // The document as it is now, and the condition under which it may be
    // overwritten: that it still is what was read.
    let read = ports.documents.get(key).await?;
    let mut document = parse(read.as_ref())?;
    let as_read = Precondition::unchanged_since(read.as_ref());

    // This line only keeps the compiler quiet about what you don't use yet.
    // Delete it when you start.
    _ = (context, as_read, &mut document, react, save);

    // Step 1. What does the command do to the order, and who must be told?
    //
    // Steps 2 to 4. There will be several awaits in here. Put your finger on one
    // of them, and say: the worker dies here, and another one begins at the top,
    // perhaps after quite different messages. What does it find? What has the
    // world heard? Then take the next await.
    todo!("step 1: store what the command does, and publish what follows")
}

/// What the command does to the order, and what is to be announced of it. It
/// always announces something: that nothing changed is an answer, too.
fn react(order: &mut Order, command: &Command) -> Vec<OrderEvent> {
    let mut announcements = Vec::new();
    for event in decide(order, command) {
        announcements.extend(first_item(order, &event));
        order.apply(&event);
        announcements.push(event);
    }
    if announcements.is_empty() {
        announcements.push(nothing_changed(command));
    }
    announcements
}

/// The document as it was read; an empty one if there is none.
fn parse(read: Option<&Document>) -> anyhow::Result<OrderDocument> {
    Ok(match read {
        Some(document) => serde_json::from_slice(&document.body)?,
        None => OrderDocument::default(),
    })
}

/// Writes the document if it is still as it was read, and says under which
/// condition it can be written the next time.
async fn save(
    ports: &Ports,
    key: &str,
    document: &OrderDocument,
    as_read: Precondition,
) -> Result<Precondition, StoreError> {
    let body = serde_json::to_vec(document).map_err(|error| StoreError::Protocol(error.to_string()))?;
    ports.documents.put(key, body, as_read).await.map(Precondition::IfEtag)
}

/// The order, as the tests read it once everything has come to rest. If you change the
/// layout of the document, change this.
///
/// # Errors
///
/// When the document is none of ours.
pub fn view(snapshot: &Snapshot, order_id: &str) -> anyhow::Result<Order> {
    Ok(match snapshot.document(order_id) {
        Some(body) => serde_json::from_slice::<OrderDocument>(body)?.order,
        None => Order::default(),
    })
}

/// The queue `orders`, its handler and its view.
#[must_use]
pub fn endpoint() -> Endpoint {
    Endpoint::new("orders", handle).view(view)
}
