//! Right, in another style: no cut and no second decision. One walk through the
//! history answers every message in it, as it was answered then; the message at
//! hand is among them or it is not. A refused append is tried again on the spot,
//! with a new decision.

use shared::order::{Command, Order, OrderEvent, decide, first_item, nothing_changed};
use shared::{Context, Endpoint, Message, NewEvent, Ports, RecordedEvent, Snapshot, StoreError};

async fn handle(message: &Message, ports: &Ports, context: &Context) -> anyhow::Result<()> {
    let answer = loop {
        match attempt(message, ports).await {
            Err(error) if matches!(error.downcast_ref(), Some(StoreError::Conflict { .. })) => {}
            other => break other?,
        }
    };
    for event in answer {
        context.publish(Message::new(message.id.derive(event.name()), &event));
    }
    Ok(())
}

async fn attempt(message: &Message, ports: &Ports) -> anyhow::Result<Vec<OrderEvent>> {
    let command: Command = message.read()?;
    let stream = ports.events.read(command.order_id()).await?;
    let mut order = Order::default();
    let mut answer = Vec::new();
    for record in &stream {
        let event: OrderEvent = record.read()?;
        if record.caused_by == message.id {
            answer.extend(first_item(&order, &event));
            answer.push(event.clone());
        }
        order.apply(&event);
    }
    if answer.is_empty() {
        let mut news = decide(&order, &command);
        if news.is_empty() {
            news.push(nothing_changed(&command));
        }
        let records = news.iter().map(|event| NewEvent::caused_by(message, event)).collect();
        ports.events.append(command.order_id(), stream.len() as u64, records).await?;
        answer.extend(news.iter().filter_map(|event| first_item(&order, event)));
        answer.extend(news);
    }
    Ok(answer)
}

fn view(snapshot: &Snapshot, order_id: &str) -> anyhow::Result<Order> {
    let events: Result<Vec<OrderEvent>, _> =
        snapshot.stream(order_id).iter().map(RecordedEvent::read).collect();
    Ok(Order::after(&events?))
}

pub fn endpoint() -> Endpoint {
    Endpoint::new("orders", handle).view(view)
}
