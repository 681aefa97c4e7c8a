//! The mistake (stretch a): a snapshot that holds the order, and not which
//! messages it sums up.
//!
//! Why it is tempting: the order is all one needs to go on from here. But a
//! copy of a message from before the snapshot looks like a new one.

use serde::{Deserialize, Serialize};
use shared::order::{Command, Order, OrderEvent, decide, first_item, nothing_changed};
use shared::{Context, Endpoint, Message, NewEvent, Ports, RecordedEvent, Snapshot};

const EVERY: usize = 2;

#[derive(Serialize, Deserialize)]
enum Entry {
    Summary(Summary),
    #[serde(untagged)]
    Event(OrderEvent),
}

#[derive(Clone, Default, Serialize, Deserialize)]
struct Summary {
    order: Order,
}

async fn handle(message: &Message, ports: &Ports, context: &Context) -> anyhow::Result<()> {
    let command: Command = message.read()?;
    let stream = ports.events.read(command.order_id()).await?;
    let (summary, recent) = since_last_summary(&stream)?;

    let order = replay(summary.order.clone(), past_of(message, recent))?;

    let mut outcome = decide(&order, &command);
    if outcome.is_empty() {
        outcome.push(nothing_changed(&command));
    }

    if !recent.iter().any(|event| event.caused_by == message.id) {
        let mut records: Vec<NewEvent> =
            outcome.iter().map(|event| NewEvent::caused_by(message, event)).collect();
        if recent.len() + outcome.len() >= EVERY {
            let mut next = summary.clone();
            next.order = order.clone();
            outcome.iter().for_each(|event| next.order.apply(event));
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

fn since_last_summary(stream: &[RecordedEvent]) -> anyhow::Result<(Summary, &[RecordedEvent])> {
    for (place, record) in stream.iter().enumerate().rev() {
        if let Entry::Summary(summary) = record.read()? {
            return Ok((summary, &stream[place + 1..]));
        }
    }
    Ok((Summary::default(), stream))
}

fn past_of<'a>(message: &Message, stream: &'a [RecordedEvent]) -> &'a [RecordedEvent] {
    let cut = stream.iter().position(|event| event.caused_by == message.id);
    &stream[..cut.unwrap_or(stream.len())]
}

fn replay(mut order: Order, stream: &[RecordedEvent]) -> anyhow::Result<Order> {
    for record in stream {
        if let Entry::Event(event) = record.read()? {
            order.apply(&event);
        }
    }
    Ok(order)
}

fn view(snapshot: &Snapshot, order_id: &str) -> anyhow::Result<Order> {
    replay(Order::default(), snapshot.stream(order_id))
}

pub fn endpoint() -> Endpoint {
    Endpoint::new("orders", handle).view(view)
}
