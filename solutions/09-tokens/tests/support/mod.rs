//! The systems of the exercise, for any endpoints.

#![allow(dead_code, reason = "not every test file uses all of them")]

use chaos::{Specification, Symptom, System, specifications};
use serde_json::Value;
use shared::order::Command;
use shared::{Endpoint, Message};

/// The orders alone. The messages have their tokens.
pub fn alone(orders: Endpoint, sent: &[Message]) -> System {
    with_tokens(System::of(orders).judged_by(specifications::orders_with_welcome()), sent)
}

/// The loyalty programme alone. The messages have their tokens.
pub fn further_down(loyalty: Endpoint, sent: &[Message]) -> System {
    with_tokens(System::of(loyalty).judged_by(specifications::loyalty()), sent)
}

/// The orders and the loyalty programme. The messages have their tokens.
pub fn both(orders: Endpoint, loyalty: Endpoint, sent: &[Message]) -> System {
    let orders = System::of(orders).judged_by(specifications::orders_with_welcome());
    with_tokens(orders.and(loyalty).judged_by(specifications::loyalty()), sent)
}

fn with_tokens(system: System, sent: &[Message]) -> System {
    sent.iter().fold(system, |system, message| system.stored("tokens", message.id.to_string(), Vec::new()))
}

/// A door, and the orders of the solution behind it.
pub fn behind(door: Endpoint) -> System {
    System::of(door)
        .judged_by(Door)
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
