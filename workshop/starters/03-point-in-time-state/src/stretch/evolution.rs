//! Stretch b: the rules change, the past does not.
//!
//! To decide again from the same past gives the same answer, as long as the
//! decision is made by the same rules. But code is deployed in the middle of
//! the day, and a message that was first processed before may come back after.
//! Nobody may be able to tell from the outputs of the copy that there was a
//! deployment in between.
//!
//! The tests are `s20` to `s23`:
//! `cargo test -p ex03-point-in-time-state -- --ignored s2`

use serde::{Deserialize, Serialize};
use shared::order::{Command, Order, OrderEvent, first_item};
use shared::{Context, Endpoint, Message, Ports, RecordedEvent, Snapshot};

/// A free sample: it is in the order, and nobody pays for it.
pub const SAMPLE: &str = "sample";

/// A version of the rules by which a customer is welcomed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Rules {
    /// The first item of an empty order is welcomed, whatever it is.
    #[default]
    First,
    /// A free sample doesn't count: it is not welcomed, and an order that holds
    /// nothing else still waits for its first item.
    Second,
}

impl Rules {
    /// What is announced besides the event itself.
    #[must_use]
    pub fn welcome(self, before: &Order, event: &OrderEvent) -> Option<OrderEvent> {
        match self {
            Self::First => first_item(before, event),
            Self::Second => {
                let mut paid = before.clone();
                paid.items.retain(|item| item != SAMPLE);
                let is_sample = matches!(event, OrderEvent::ItemAdded { item, .. } if item == SAMPLE);
                first_item(&paid, event).filter(|_| !is_sample)
            }
        }
    }
}

/// What is in the stream: an event, and room for what else a copy will need to
/// know. On disk it is the event with further fields beside it, so the events
/// of the main exercise can be read as entries, provided that every further
/// field can do without a value (`#[serde(default)]`).
#[derive(Serialize, Deserialize)]
pub struct Entry {
    /// What happened.
    #[serde(flatten)]
    pub event: OrderEvent,
    // Step b1. What must be known about the day on which this happened, to
    // answer a copy as on that day? And what is true of the events from before
    // anybody wrote it down?
}

/// Processes one copy of one message, in a program of the version `today`.
///
/// # Errors
///
/// As in the main exercise.
pub async fn handle(today: Rules, message: &Message, ports: &Ports, context: &Context) -> anyhow::Result<()> {
    let command: Command = message.read()?;
    let stream = ports.events.read(command.order_id()).await?;

    // Delete this line when you start.
    _ = (today, stream, context);

    // Step b2. As in the main exercise, with one more question to the past: by
    // which rules was this message judged? `Rules::welcome` takes the place of
    // `first_item`.
    todo!("stretch b: judge a new message by today's rules, and a copy by those of its day")
}

/// The order that a stream leads to. Rules decide what happens; once it has
/// happened, it means the same for ever.
fn replay(stream: &[RecordedEvent]) -> anyhow::Result<Order> {
    let mut order = Order::default();
    for record in stream {
        order.apply(&record.read::<Entry>()?.event);
    }
    Ok(order)
}

/// The order, as the tests read it.
///
/// # Errors
///
/// When the stream holds something that is no [`Entry`].
pub fn view(snapshot: &Snapshot, order_id: &str) -> anyhow::Result<Order> {
    replay(snapshot.stream(order_id))
}

/// The queue `orders`, with the program of the version `today` deployed.
#[must_use]
pub fn endpoint(today: Rules) -> Endpoint {
    Endpoint::new("orders", async move |message, ports, context| handle(today, message, ports, context).await)
        .view(view)
}
