//! The mistake: for a copy, an item counts as the first one if none was ever added
//! before it.
//!
//! Why it is tempting: the stream says so at once, and nobody has to rebuild an
//! order for it. But an order can be emptied, and then there is a first item once
//! more.

use shared::order::{Command, Order, OrderEvent, decide, nothing_changed};
use shared::{Context, Endpoint, Message, NewEvent, Ports, RecordedEvent, Snapshot};

async fn handle(message: &Message, ports: &Ports, context: &Context) -> anyhow::Result<()> {
    let command: Command = message.read()?;
    let stream = ports.events.read(command.order_id()).await?;
    let (past, own) = match stream.iter().position(|event| event.caused_by == message.id) {
        Some(cut) => (history(&stream[..cut])?, history(&stream[cut..=cut])?),
        None => (history(&stream)?, Vec::new()),
    };
    let mut outcome = own;
    let comes_first = if outcome.is_empty() {
        let order = Order::after(&past);
        outcome = decide(&order, &command);
        if outcome.is_empty() {
            outcome.push(nothing_changed(&command));
        }
        let records = outcome.iter().map(|event| NewEvent::caused_by(message, event)).collect();
        ports.events.append(command.order_id(), stream.len() as u64, records).await?;
        order.is_empty()
    } else {
        !past.iter().any(|event| event.name() == "ItemAdded")
    };
    for event in &outcome {
        context.publish(Message::new(message.id.derive(event.name()), event));
        if let (OrderEvent::ItemAdded { order_id, item }, true) = (event, comes_first) {
            let welcome = OrderEvent::FirstItemAdded { order_id: order_id.clone(), item: item.clone() };
            context.publish(Message::new(message.id.derive(welcome.name()), &welcome));
        }
    }
    Ok(())
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
