//! The systems and the searches of the exercise, for any endpoints.

#![allow(dead_code, reason = "not every test file uses all of them")]

use chaos::{Explore, Specification, Symptom, System, specifications};
use serde_json::Value;
use shared::order::Command;
use shared::{Endpoint, Message, Snapshot};

#[path = "../../../../exercises/09-tokens/tests/searches/mod.rs"]
pub mod searches;

/// How to make an endpoint.
pub type Make = fn() -> Endpoint;

/// The searches of the exercise, but for one: of one message and any two faults, the orders
/// alone are asked, and not both endpoints together. What goes wrong at the orders is a
/// shorter story without the other one, and found much sooner.
pub fn searches(orders: Make, loyalty: Make) -> Vec<Explore> {
    let alone = |sent: &[Message]| alone(orders(), sent);
    let mut all = vec![
        searches::one_item_and_two_faults(alone),
        searches::two_items(alone),
        searches::removing_and_adding(alone),
    ];
    let [no_fault, one_fault, _] = through_both_endpoints(orders, loyalty);
    all.extend([no_fault, one_fault]);
    all
}

/// Those of one message through both endpoints, and what is left of it.
pub fn through_both_endpoints(orders: Make, loyalty: Make) -> [Explore; 3] {
    searches::through_both_endpoints(|sent, tokens| with_at_most(tokens, both(orders(), loyalty(), sent)))
}

/// The search of a duplicate and time, further down.
pub fn searches_in_time(loyalty: Make) -> Vec<Explore> {
    vec![searches::a_duplicate_and_time(|heard| further_down(loyalty(), heard))]
}

/// The search at the door.
pub fn searches_at(door: Make) -> Vec<Explore> {
    vec![searches::one_request_within_seven_days(|| behind(door()))]
}

/// The search for an entry that stays in the state. The exercise looks for it wherever it
/// goes through both endpoints; of the orders alone the story is shorter.
pub fn searches_for_entries(orders: Make) -> Vec<Explore> {
    let system = |sent: &[Message]| {
        let entry = sent[0].id.to_string();
        let entries = move |all: &Snapshot| {
            all.documents().filter(|(_, body)| String::from_utf8_lossy(body).contains(&entry)).count()
        };
        alone(orders(), sent).stores_at_most("the number of entries in the state document", 0, entries)
    };
    vec![searches::one_item_and_two_faults(system)]
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

/// A system, and so many tokens at rest at most.
pub fn with_at_most(tokens: usize, system: System) -> System {
    system.stores_at_most("the number of tokens", tokens, |all| all.documents_in("tokens").count())
}

/// A system, with a token for each message.
pub fn with_tokens(system: System, sent: &[Message]) -> System {
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
