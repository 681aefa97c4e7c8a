//! Stretch a: snapshots that don't lose the way back.
//!
//! A snapshot sums up a stream, so that nobody need read all of it. But what
//! is summed up cannot be cut any more: the order as it is at the snapshot says
//! nothing about the order as it was before message number three. So this
//! snapshot remembers *which* messages it sums up, not what was answered. For
//! the everyday case, a new message, that is enough. For the rare case, an old
//! copy, it is enough to know that one has to go back to the full stream.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use shared::order::{Command, Order, OrderEvent, decide, first_item, nothing_changed};
use shared::{Context, Endpoint, Message, MessageId, NewEvent, Ports, RecordedEvent, Snapshot};

/// After how many events a snapshot follows. In production rather a hundred;
/// the smaller, the fewer messages it takes a test to get past one.
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
    /// The messages that caused them. The set grows with every message: a
    /// snapshot shortens the reading, not the remembering. How to get rid of
    /// that is the subject of 06 and 09.
    pub answered: BTreeSet<MessageId>,
}

/// Processes one copy of one message, reading from the last snapshot on.
///
/// # Errors
///
/// As in the main exercise.
pub async fn handle(message: &Message, ports: &Ports, context: &Context) -> anyhow::Result<()> {
    let command: Command = message.read()?;
    let stream = ports.events.read(command.order_id()).await?;
    let (summary, recent) = since_last_summary(&stream)?;

    let summed_up = summary.answered.contains(&message.id);
    let order = if summed_up {
        // The long way round. Only a copy that comes late takes it.
        replay(Order::default(), past_of(message, &stream))?
    } else {
        replay(summary.order.clone(), past_of(message, recent))?
    };

    let mut outcome = decide(&order, &command);
    if outcome.is_empty() {
        outcome.push(nothing_changed(&command));
    }

    if !summed_up && !recent.iter().any(|event| event.caused_by == message.id) {
        let mut records: Vec<NewEvent> =
            outcome.iter().map(|event| NewEvent::caused_by(message, event)).collect();
        if recent.len() + outcome.len() >= EVERY {
            // In the same append as the events: a snapshot can neither be
            // missing nor be ahead of what it sums up.
            let mut next = summary.clone();
            next.order = order.clone();
            outcome.iter().for_each(|event| next.order.apply(event));
            next.answered.extend(recent.iter().map(|event| event.caused_by));
            next.answered.insert(message.id);
            records.push(NewEvent::caused_by(message, &Entry::Summary(next)));
        }
        ports.events.append(command.order_id(), stream.len() as u64, records).await?;
    }

    for event in &outcome {
        context.publish(Message::new(message.id.derive(event.name()), event));
        if let Some(welcome) = first_item(&order, event) {
            context.publish(Message::new(message.id.derive(welcome.name()), &welcome));
        }
    }
    Ok(())
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

/// The events before the first one that the message caused.
fn past_of<'a>(message: &Message, stream: &'a [RecordedEvent]) -> &'a [RecordedEvent] {
    let cut = stream.iter().position(|event| event.caused_by == message.id);
    &stream[..cut.unwrap_or(stream.len())]
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
