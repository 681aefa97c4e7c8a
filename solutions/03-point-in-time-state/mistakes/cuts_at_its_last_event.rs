//! The mistake: this handler records the welcome as well, as a second event,
//! and cuts the stream at the *last* event that the message caused.
//!
//! Why it is tempting: searching from the end finds a recent message sooner,
//! and as long as each message causes one event, first and last are the same.

use shared::order::{Command, Order, OrderEvent, decide, first_item, nothing_changed};
use shared::{Context, Endpoint, Message, NewEvent, Ports, RecordedEvent, Snapshot};

async fn handle(message: &Message, ports: &Ports, context: &Context) -> anyhow::Result<()> {
    let command: Command = message.read()?;
    let stream = ports.events.read(command.order_id()).await?;
    let order = Order::after(&history(past_of(message, &stream))?);
    let outcome = outcome_of(&order, &command);
    let welcomes: Vec<OrderEvent> = outcome.iter().filter_map(|event| first_item(&order, event)).collect();
    if !is_recorded(message, &stream) {
        let records =
            outcome.iter().chain(&welcomes).map(|event| NewEvent::caused_by(message, event)).collect();
        ports.events.append(command.order_id(), stream.len() as u64, records).await?;
    }
    announce(message, &order, &outcome, context);
    Ok(())
}

fn is_recorded(message: &Message, stream: &[RecordedEvent]) -> bool {
    stream.iter().any(|event| event.caused_by == message.id)
}

fn past_of<'a>(message: &Message, stream: &'a [RecordedEvent]) -> &'a [RecordedEvent] {
    let cut = stream.iter().rposition(|event| event.caused_by == message.id);
    &stream[..cut.unwrap_or(stream.len())]
}

fn outcome_of(order: &Order, command: &Command) -> Vec<OrderEvent> {
    let mut outcome = decide(order, command);
    if outcome.is_empty() {
        outcome.push(nothing_changed(command));
    }
    outcome
}

fn announce(message: &Message, before: &Order, outcome: &[OrderEvent], context: &Context) {
    for event in outcome {
        context.publish(Message::new(message.id.derive(event.name()), event));
        if let Some(welcome) = first_item(before, event) {
            context.publish(Message::new(message.id.derive(welcome.name()), &welcome));
        }
    }
}

fn history(stream: &[RecordedEvent]) -> anyhow::Result<Vec<OrderEvent>> {
    stream.iter().map(RecordedEvent::read).collect()
}

fn view(snapshot: &Snapshot, order_id: &str) -> anyhow::Result<Order> {
    Ok(Order::after(&history(snapshot.stream(order_id))?))
}

pub fn endpoint() -> Endpoint {
    Endpoint::new("orders", handle).view(view)
}
