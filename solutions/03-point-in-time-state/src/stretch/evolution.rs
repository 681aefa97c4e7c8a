//! Stretch b: the rules change, the past does not.
//!
//! To decide again from the same past gives the same answer, as long as the
//! decision is made by the same rules. Code is deployed in the middle of the
//! day, and a message that was first processed before may come back after. So
//! what is recorded says by which rules it was decided, and a copy is answered
//! by those.

use serde::{Deserialize, Serialize};
use shared::order::{Command, Order, OrderEvent, decide, first_item, nothing_changed};
use shared::{Context, Endpoint, Message, NewEvent, Ports, RecordedEvent, Snapshot};

/// A free sample: it is in the order, and nobody pays for it.
pub const SAMPLE: &str = "sample";

/// A version of the rules by which a customer is welcomed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Rules {
    /// The first item of an empty order is welcomed, whatever it is.
    ///
    /// The default: whatever was recorded before anybody thought of versions
    /// was decided by these.
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

/// An event, and the rules by which it was decided. On disk an event from
/// before there were rules looks just like one, without the second field.
#[derive(Serialize, Deserialize)]
pub struct Entry {
    /// What happened.
    #[serde(flatten)]
    pub event: OrderEvent,
    /// The rules in force when it did.
    #[serde(default)]
    pub rules: Rules,
}

/// Processes one copy of one message, in a program of the version `today`.
///
/// # Errors
///
/// As in the main exercise.
pub async fn handle(today: Rules, message: &Message, ports: &Ports, context: &Context) -> anyhow::Result<()> {
    let command: Command = message.read()?;
    let stream = ports.events.read(command.order_id()).await?;
    let cut = stream.iter().position(|event| event.caused_by == message.id);

    // Two things are taken from the past: what was known, and how it was judged.
    let order = replay(&stream[..cut.unwrap_or(stream.len())])?;
    let rules = match cut {
        Some(first) => stream[first].read::<Entry>()?.rules,
        None => today,
    };

    let mut outcome = decide(&order, &command);
    if outcome.is_empty() {
        outcome.push(nothing_changed(&command));
    }
    if cut.is_none() {
        let records = outcome.iter().map(|event| {
            let event = event.clone();
            NewEvent::caused_by(message, &Entry { event, rules })
        });
        ports.events.append(command.order_id(), stream.len() as u64, records.collect()).await?;
    }

    for event in &outcome {
        context.publish(Message::new(message.id.derive(event.name()), event));
        if let Some(welcome) = rules.welcome(&order, event) {
            context.publish(Message::new(message.id.derive(welcome.name()), &welcome));
        }
    }
    Ok(())
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
