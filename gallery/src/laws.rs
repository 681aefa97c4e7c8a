//! What messages mean, where several reports agree on that; and a law for where two
//! functions are not enough.

use ports::Message;
use ports::law::{Law, Specification};
use ports::words;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::said::about;

/// Every message adds one to what `of` has.
pub fn counts(of: &'static str, thing: &'static str) -> Law<u64> {
    let law = Law::of(
        move |_| of.to_owned(),
        |count: &mut u64, _| {
            *count += 1;
            Vec::<Value>::new()
        },
    );
    law.described_by(move |count| words::count(*count, thing))
}

/// Every message has what it says put into a list, which is kept in order.
pub fn collects(of: &'static str) -> Law<Vec<String>> {
    let law = Law::of(
        move |_| of.to_owned(),
        |list: &mut Vec<String>, message| {
            list.push(about(message).to_owned());
            list.sort();
            Vec::<Value>::new()
        },
    );
    law.described_by(|list| if list.is_empty() { "nothing".to_owned() } else { words::enumeration(list) })
}

/// Every message has something said of it, and no state.
pub fn passes_on(of: &'static str, says: fn(&str) -> Value) -> Law<()> {
    Law::of(move |_| of.to_owned(), move |(): &mut (), message| vec![says(about(message))])
}

/// A next state, and what is published.
pub type Outcome<S> = (S, Vec<Value>);

/// A law of which a message may have several outcomes, or none: then it cannot come
/// just then.
pub struct Outcomes<S> {
    /// What it is about.
    pub of: &'static str,
    /// What a message may lead to.
    pub process: fn(&S, &Message) -> Vec<Outcome<S>>,
    /// What it would lead to, if nobody noticed that it was there before.
    pub again: fn(&S, &Message) -> Vec<Outcome<S>>,
    /// A state in words.
    pub describe: fn(&S) -> String,
}

impl<S: Default + Serialize + DeserializeOwned> Outcomes<S> {
    fn ways(
        state: &Value,
        message: &Message,
        process: fn(&S, &Message) -> Vec<Outcome<S>>,
    ) -> Vec<(Value, Vec<Value>)> {
        let state = S::deserialize(state).expect("a state of this law");
        process(&state, message).into_iter().map(|(next, said)| (written(&next), said)).collect()
    }
}

impl<S: Default + Serialize + DeserializeOwned> Specification for Outcomes<S> {
    fn aggregate(&self, _: &Message) -> String {
        self.of.to_owned()
    }

    fn initial(&self) -> Value {
        written(&S::default())
    }

    fn process(&self, state: &Value, message: &Message) -> Vec<(Value, Vec<Value>)> {
        Self::ways(state, message, self.process)
    }

    fn process_again(&self, state: &Value, message: &Message) -> Vec<(Value, Vec<Value>)> {
        Self::ways(state, message, self.again)
    }

    fn describe(&self, state: &Value) -> String {
        S::deserialize(state).map_or_else(|_| words::state(state), |state| (self.describe)(&state))
    }
}

fn written(state: &impl Serialize) -> Value {
    serde_json::to_value(state).expect("it is plain data")
}
