//! Right, in another style: what is announced is recorded, the welcome as well
//! as the change, so a copy reads its answer from the stream and decides
//! nothing. It also outlives every change of the rules; the price is a stream
//! that holds more than the history of the order.

use shared::order::{Command, Order, OrderEvent, decide, first_item, nothing_changed};
use shared::{Context, Endpoint, Message, NewEvent, Ports, RecordedEvent, Snapshot};

async fn handle(message: &Message, ports: &Ports, context: &Context) -> anyhow::Result<()> {
    let command: Command = message.read()?;
    let stream = ports.events.read(command.order_id()).await?;
    let mut answer = recorded_for(message, &stream)?;
    if answer.is_empty() {
        let order = Order::after(&history(&stream)?);
        answer = decide(&order, &command);
        if answer.is_empty() {
            answer.push(nothing_changed(&command));
        }
        answer.extend(answer.clone().iter().filter_map(|event| first_item(&order, event)));
        let records = answer.iter().map(|event| NewEvent::caused_by(message, event)).collect();
        ports.events.append(command.order_id(), stream.len() as u64, records).await?;
    }
    for event in &answer {
        context.publish(Message::new(message.id.derive(event.name()), event));
    }
    Ok(())
}

fn recorded_for(message: &Message, stream: &[RecordedEvent]) -> anyhow::Result<Vec<OrderEvent>> {
    stream.iter().filter(|event| event.caused_by == message.id).map(RecordedEvent::read).collect()
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
