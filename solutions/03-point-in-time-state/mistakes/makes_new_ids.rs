//! The mistake: the outputs are decided from the right moment, and sent under
//! new ids.
//!
//! Why it is tempting: the content is the same at every attempt now, so what
//! could go wrong? Nobody downstream compares contents.

use shared::order::{Command, Order, OrderEvent, decide, first_item, nothing_changed};
use shared::{Context, Endpoint, Message, NewEvent, Ports, RecordedEvent, Snapshot};

async fn handle(message: &Message, ports: &Ports, context: &Context) -> anyhow::Result<()> {
    let command: Command = message.read()?;
    let stream = ports.events.read(command.order_id()).await?;
    let order = Order::after(&history(past_of(message, &stream))?);
    let outcome = outcome_of(&order, &command);
    if !is_recorded(message, &stream) {
        let records = outcome.iter().map(|event| NewEvent::caused_by(message, event)).collect();
        ports.events.append(command.order_id(), stream.len() as u64, records).await?;
    }
    announce(&order, &outcome, context);
    Ok(())
}

fn is_recorded(message: &Message, stream: &[RecordedEvent]) -> bool {
    stream.iter().any(|event| event.caused_by == message.id)
}

fn past_of<'a>(message: &Message, stream: &'a [RecordedEvent]) -> &'a [RecordedEvent] {
    let cut = stream.iter().position(|event| event.caused_by == message.id);
    &stream[..cut.unwrap_or(stream.len())]
}

fn outcome_of(order: &Order, command: &Command) -> Vec<OrderEvent> {
    let mut outcome = decide(order, command);
    if outcome.is_empty() {
        outcome.push(nothing_changed(command));
    }
    outcome
}

fn announce(before: &Order, outcome: &[OrderEvent], context: &Context) {
    for event in outcome {
        context.publish(Message::new(context.new_id(), event));
        if let Some(welcome) = first_item(before, event) {
            context.publish(Message::new(context.new_id(), &welcome));
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
