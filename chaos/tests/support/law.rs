//! Laws in a few lines, for tests that bring a domain of their own.

#![allow(dead_code)]

use chaos::{Specification, Symptom};
use ports::Message;
use serde_json::{Value, json};

/// A law of two functions: the initial state, which aggregate a message is about, and
/// what comes of it. It says everything as it is.
pub struct Law<A, P>(pub Value, pub A, pub P);

impl<A, P> Specification for Law<A, P>
where
    A: Fn(&Message) -> String + Send + Sync,
    P: Fn(&Value, &Message) -> Vec<(Value, Vec<Value>)> + Send + Sync,
{
    fn aggregate(&self, message: &Message) -> String {
        self.1(message)
    }
    fn initial(&self) -> Value {
        self.0.clone()
    }
    fn process(&self, state: &Value, message: &Message) -> Vec<(Value, Vec<Value>)> {
        self.2(state, message)
    }
    fn describe(&self, state: &Value) -> String {
        state.to_string()
    }
    fn damage(&self, _: &str, symptom: &Symptom) -> String {
        format!("{symptom:?}")
    }
}

/// A law about one thing, which is called so: what comes of a message.
pub fn about_one(
    name: &'static str,
    initial: Value,
    process: impl Fn(&Value, &Message) -> (Value, Vec<Value>) + Send + Sync,
) -> impl Specification {
    Law(
        initial,
        move |_: &Message| name.to_owned(),
        move |state: &Value, message: &Message| vec![process(state, message)],
    )
}

/// A till: every message adds one.
pub fn tally() -> impl Specification {
    about_one("the till", json!(0), |state, _| (json!(state.as_u64().unwrap_or(0) + 1), Vec::new()))
}
