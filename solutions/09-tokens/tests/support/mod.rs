//! The systems and the searches of the exercise, for any endpoints.

#![allow(dead_code, reason = "not every test file uses all of them")]

use chaos::{Explore, Fault, Specification, Symptom, System, explore, specifications};
use serde_json::Value;
use shared::order::{Command, OrderEvent, add_item, remove_item};
use shared::{Endpoint, Message, MessageId, Snapshot};

/// How to make an endpoint.
pub type Make = fn() -> Endpoint;

/// The searches of the exercise.
pub fn searches(orders: Make, loyalty: Make) -> Vec<Explore> {
    let (tea, cake) = (add_item("order-1", "tea"), add_item("order-1", "cake"));
    let no_tea = remove_item("order-1", "tea");
    let one = [tea.clone()];
    let searches = [(vec![tea.clone()], 2), (vec![tea.clone(), cake], 1), (vec![no_tea, tea], 1)];
    let searches = searches.into_iter().map(|(sent, faults)| {
        explore(|| alone(orders(), &sent)).send(sent.clone()).workers(2).faults(faults)
    });
    let through_both = explore(|| both(orders(), loyalty(), &one)).send(one.clone()).workers(2).faults(1);
    let tokens = |all: &Snapshot| all.documents_in("tokens").count();
    let quiet = both(orders(), loyalty(), &one).stores_at_most("the number of tokens", 0, tokens);
    let quiet = explore(|| quiet).send(one.clone()).workers(2).faults(0);
    searches.chain([through_both, quiet]).collect()
}

/// The search of a duplicate and time, further down.
pub fn searches_in_time(loyalty: Make) -> Vec<Explore> {
    let tea = OrderEvent::ItemAdded { order_id: "order-1".into(), item: "tea".into() };
    let heard = [Message::new(MessageId::named("tea was added"), &tea)];
    let search = explore(|| further_down(loyalty(), &heard)).send(heard.clone()).faults(2);
    vec![search.only([Fault::Duplicate, Fault::TimeToLiveExpires])]
}

/// The search at the door.
pub fn searches_at(door: Make) -> Vec<Explore> {
    let request = [add_item("order-1", "tea")];
    let search = explore(|| behind(door())).send(request).workers(2).faults(2);
    vec![search.without(Fault::TimeToLiveExpires)]
}

/// The search for an entry that stays in the state.
pub fn searches_for_entries(orders: Make) -> Vec<Explore> {
    let sent = [add_item("order-1", "tea")];
    let entry = sent[0].id.to_string();
    let entries = move |all: &Snapshot| {
        all.documents().filter(|(_, body)| String::from_utf8_lossy(body).contains(&entry)).count()
    };
    let system =
        alone(orders(), &sent).stores_at_most("the number of entries in the state document", 0, entries);
    vec![explore(|| system).send(sent.clone()).workers(2).faults(2)]
}

/// The orders alone. The messages have their tokens.
pub fn alone(orders: Endpoint, sent: &[Message]) -> System {
    let orders = System::of(orders).judged_by(specifications::orders_with_welcome());
    with_tokens(orders.beside([ex09_tokens::orders()]), sent)
}

/// The loyalty programme alone. The messages have their tokens.
pub fn further_down(loyalty: Endpoint, sent: &[Message]) -> System {
    let loyalty = System::of(loyalty).judged_by(specifications::loyalty());
    with_tokens(loyalty.beside([ex09_tokens::loyalty()]), sent)
}

/// The orders and the loyalty programme. The messages have their tokens.
pub fn both(orders: Endpoint, loyalty: Endpoint, sent: &[Message]) -> System {
    let orders = System::of(orders).judged_by(specifications::orders_with_welcome());
    let both = orders.and(loyalty).judged_by(specifications::loyalty());
    with_tokens(both.beside([ex09_tokens::orders(), ex09_tokens::loyalty()]), sent)
}

fn with_tokens(system: System, sent: &[Message]) -> System {
    sent.iter().fold(system, |system, message| system.stored("tokens", message.id.to_string(), Vec::new()))
}

/// A door, and the orders of the solution behind it.
pub fn behind(door: Endpoint) -> System {
    System::of(door)
        .judged_by(Door)
        .beside([ex09_tokens::door()])
        .and(ex09_tokens::orders())
        .judged_by(specifications::orders_with_welcome())
}

/// What a door should do: let each request in, once.
pub struct Door;

impl Specification for Door {
    fn aggregate(&self, message: &Message) -> String {
        message.read::<Command>().map(|command| command.order_id().to_owned()).unwrap_or_default()
    }

    fn initial(&self) -> Value {
        Value::Null
    }

    fn process(&self, state: &Value, request: &Message) -> Vec<(Value, Vec<Value>)> {
        vec![(state.clone(), vec![request.body.clone()])]
    }

    fn describe(&self, _: &Value) -> String {
        "a door".to_owned()
    }

    fn damage(&self, order: &str, symptom: &Symptom) -> String {
        match symptom {
            Symptom::NeverPublished(_) => format!("a request to {order} is stuck at the door"),
            Symptom::PublishedAgain(_) => format!("one request to {order} is let in as two"),
            _ => format!("what the door lets in to {order} is not what came"),
        }
    }
}
