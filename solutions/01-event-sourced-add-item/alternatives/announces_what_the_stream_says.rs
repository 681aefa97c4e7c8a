//! Another right answer: write if need be, then read again, and announce what
//! is in the stream. One more read, and only one way to an output.

use shared::order::{Command, Order, OrderEvent, decide, nothing_changed};
use shared::{Context, Endpoint, Message, NewEvent, Ports, Snapshot};

async fn handle(message: &Message, ports: &Ports, context: &Context) -> anyhow::Result<()> {
    let command: Command = message.read()?;
    let stream = ports.events.read(command.order_id()).await?;
    if !stream.iter().any(|event| event.caused_by == message.id) {
        let mut order = Order::default();
        for event in &stream {
            order.apply(&event.read()?);
        }
        let mut events = decide(&order, &command);
        events.extend(events.is_empty().then(|| nothing_changed(&command)));
        let records = events.iter().map(|event| NewEvent::caused_by(message, event)).collect();
        ports.events.append(command.order_id(), stream.len() as u64, records).await?;
    }

    let stream = ports.events.read(command.order_id()).await?;
    for (place, event) in stream.iter().enumerate().filter(|(_, event)| event.caused_by == message.id) {
        // The place in the stream never changes, so it names an output as well
        // as the event's name does.
        context.publish(Message::new(message.id.derive(&place.to_string()), &event.read::<OrderEvent>()?));
    }
    Ok(())
}

fn view(snapshot: &Snapshot, order_id: &str) -> anyhow::Result<Order> {
    let mut order = Order::default();
    for event in snapshot.stream(order_id) {
        order.apply(&event.read()?);
    }
    Ok(order)
}

pub fn endpoint() -> Endpoint {
    Endpoint::new("orders", handle).view(view)
}
