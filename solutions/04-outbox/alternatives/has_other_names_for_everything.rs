//! Right, in another style: another layout with other names, a list instead of
//! a map, derived ids, and a clean-up that may fail: whoever comes next will do
//! it.

use serde::{Deserialize, Serialize};
use shared::order::{Command, Order, OrderEvent, decide, first_item, nothing_changed};
use shared::{Context, Endpoint, Message, MessageId, Ports, Precondition, Snapshot};

#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
enum Basket {
    V1 { contents: Vec<String>, diary: Vec<Line> },
}

#[derive(Serialize, Deserialize)]
struct Line {
    of: MessageId,
    letters: Option<Vec<(MessageId, OrderEvent)>>,
}

async fn handle(message: &Message, ports: &Ports, _context: &Context) -> anyhow::Result<()> {
    let command: Command = message.read()?;
    let key = command.order_id();
    let blob = ports.documents.get(key).await?;
    let Basket::V1 { mut contents, mut diary } = match &blob {
        Some(blob) => serde_json::from_slice(&blob.body)?,
        None => Basket::V1 { contents: Vec::new(), diary: Vec::new() },
    };
    let mut condition = Precondition::unchanged_since(blob.as_ref());

    let page = match diary.iter().position(|line| line.of == message.id) {
        Some(page) => page,
        None => {
            let mut order = Order { items: contents };
            let news = decide(&order, &command);
            let mut letters: Vec<OrderEvent> =
                news.iter().filter_map(|event| first_item(&order, event)).collect();
            news.iter().for_each(|event| order.apply(event));
            letters.extend(news);
            if letters.is_empty() {
                letters.push(nothing_changed(&command));
            }
            contents = order.items;
            let letters = letters.into_iter().map(|event| (message.id.derive(event.name()), event)).collect();
            diary.push(Line { of: message.id, letters: Some(letters) });
            let basket = Basket::V1 { contents, diary };
            let etag = ports.documents.put(key, serde_json::to_vec(&basket)?, condition).await?;
            condition = Precondition::IfEtag(etag);
            Basket::V1 { contents, diary } = basket;
            diary.len() - 1
        }
    };

    if let Some(letters) = diary[page].letters.take() {
        for (id, event) in letters {
            ports.publisher.publish(Message::new(id, &event)).await?;
        }
        // Whether the clean-up succeeds is of no interest to this message.
        _ = ports.documents.put(key, serde_json::to_vec(&Basket::V1 { contents, diary })?, condition).await;
    }
    Ok(())
}

fn view(snapshot: &Snapshot, order_id: &str) -> anyhow::Result<Order> {
    let Some(body) = snapshot.document(order_id) else { return Ok(Order::default()) };
    let Basket::V1 { contents, .. } = serde_json::from_slice(body)?;
    Ok(Order { items: contents })
}

pub fn endpoint() -> Endpoint {
    Endpoint::new("orders", handle).view(view)
}
