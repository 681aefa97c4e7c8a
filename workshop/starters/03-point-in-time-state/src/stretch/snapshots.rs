//! Stretch a: snapshots that don't lose the way back.
//!
//! An order with ten thousand events is slow to rebuild. So every now and then
//! a *summary* goes into the stream, and whoever reads starts from the last
//! one. But a summary cannot be cut: the order as it is at the summary says
//! nothing about the order as it was before message number three. Keep the
//! speed for the everyday case, a new message, without giving a wrong answer in
//! the rare one, a very late copy.
//!
//! The tests are `s10` to `s12`:
//! `cargo test -p ex03-point-in-time-state -- --ignored s1`

use serde::{Deserialize, Serialize};
use shared::order::{Command, Order, OrderEvent};
use shared::{Context, Endpoint, Message, Ports, RecordedEvent, Snapshot};

/// After how many events a summary follows. In production rather a hundred; the
/// smaller, the fewer messages it takes a test to get past one.
pub const EVERY: usize = 2;

/// What is in the stream.
#[derive(Serialize, Deserialize)]
pub enum Entry {
    /// A sum of everything before it.
    Summary(Summary),
    /// Something that happened, written as in the main exercise.
    #[serde(untagged)]
    Event(OrderEvent),
}

/// The sum of all events so far.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct Summary {
    /// The order they lead to.
    pub order: Order,
    // Step a1. A copy arrives of a message that is summed up in here. What must
    // the summary remember about it so that it isn't taken for new? You can do
    // with very little, if you are willing to read more in the rare case.
}

/// Processes one copy of one message, reading from the last summary on.
///
/// # Errors
///
/// As in the main exercise.
pub async fn handle(message: &Message, ports: &Ports, context: &Context) -> anyhow::Result<()> {
    let command: Command = message.read()?;
    let stream = ports.events.read(command.order_id()).await?;
    let (summary, recent) = since_last_summary(&stream)?;

    // Delete this line when you start.
    _ = (summary, recent, context);

    // Step a2. Three kinds of messages arrive: new ones, copies of those in
    // `recent`, and copies of those that the summary sums up. From where does
    // each of them get the order it is decided on? Only the last kind may look
    // at the whole stream.

    // Step a3. When EVERY events have come together, add a summary. Choose the
    // moment so that it can neither be missing nor say too much, whatever goes
    // wrong with the write.
    todo!("stretch a: decide from the last summary on, and go further back only for an old copy")
}

/// The last summary in the stream and the events after it.
///
/// A real store would be read backwards up to the summary. Ours hands out whole
/// streams, so this function plays that part: what it leaves out has not been
/// read.
fn since_last_summary(stream: &[RecordedEvent]) -> anyhow::Result<(Summary, &[RecordedEvent])> {
    for (place, record) in stream.iter().enumerate().rev() {
        if let Entry::Summary(summary) = record.read()? {
            return Ok((summary, &stream[place + 1..]));
        }
    }
    Ok((Summary::default(), stream))
}

/// What an order becomes by these events. A summary among them adds nothing
/// that they have not said already.
fn replay(mut order: Order, stream: &[RecordedEvent]) -> anyhow::Result<Order> {
    for record in stream {
        if let Entry::Event(event) = record.read()? {
            order.apply(&event);
        }
    }
    Ok(order)
}

/// The order, as the tests read it.
///
/// # Errors
///
/// When the stream holds something that is no [`Entry`].
pub fn view(snapshot: &Snapshot, order_id: &str) -> anyhow::Result<Order> {
    replay(Order::default(), snapshot.stream(order_id))
}

/// The queue `orders`, its handler and its view.
#[must_use]
pub fn endpoint() -> Endpoint {
    Endpoint::new("orders", handle).view(view)
}
