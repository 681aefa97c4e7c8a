//! What the payments of exercise 10 should do.

use crate::Message;
use crate::payments::{Account, Command, Fact};
use serde_json::Value;

use super::to_value;
use crate::law::{Specification, Symptom};
use crate::words::{self, Speaker};

/// Payments on a stream: one withdrawal for each order, one click for each
/// page, never more refunded than was paid, and a return that is paid in third
/// place, after two humans have agreed.
#[must_use]
pub fn payments() -> Payments {
    Payments { before: Account::default() }
}

/// See [`payments`].
#[derive(Clone, Debug)]
pub struct Payments {
    before: Account,
}

impl Payments {
    /// The same, where this has happened before, to each order: see
    /// `System::published` in the crate `chaos`.
    #[must_use]
    pub fn after(mut self, facts: impl IntoIterator<Item = Fact>) -> Self {
        facts.into_iter().for_each(|fact| self.before.add(fact));
        self
    }
}

impl Specification for Payments {
    fn aggregate(&self, message: &Message) -> String {
        message.read::<Command>().map(|command| command.order_id().to_owned()).unwrap_or_default()
    }

    fn initial(&self) -> Value {
        to_value(&self.before)
    }

    fn process(&self, state: &Value, message: &Message) -> Vec<(Value, Vec<Value>)> {
        let mut account: Account = serde_json::from_value(state.clone()).unwrap_or_default();
        let Ok(command) = message.read::<Command>() else { return vec![(state.clone(), Vec::new())] };
        let fact = fact(&command, message);
        let agreed = |by: &String| account.returned.contains(&Fact::Validated { by: by.clone() });
        let allowed = match &command {
            Command::Withdraw { .. } => account.withdrawn.is_empty(),
            Command::Click { page, .. } => !account.clicks.contains(page),
            Command::Refund { cents, .. } => *cents <= account.left(),
            Command::Validate { by, .. } => account.returned.len() < 2 && !agreed(by),
            Command::PayReturn { .. } => account.returned.len() == 2,
        };
        if allowed {
            account.add(fact);
        }
        vec![(to_value(&account), Vec::new())]
    }

    fn process_again(&self, state: &Value, message: &Message) -> Vec<(Value, Vec<Value>)> {
        let mut account: Account = serde_json::from_value(state.clone()).unwrap_or_default();
        if let Ok(command) = message.read::<Command>() {
            // What was refused before is not done twice when it is done.
            let fact = fact(&command, message);
            let done = match &fact {
                Fact::Withdrawn { cents } => account.withdrawn.contains(cents),
                Fact::Clicked { page } => account.clicks.contains(page),
                Fact::Refunded { cents, .. } => account.refunded.contains(cents),
                Fact::Validated { .. } | Fact::ReturnPaid => account.returned.contains(&fact),
            };
            if done {
                account.add(fact);
            }
        }
        vec![(to_value(&account), Vec::new())]
    }

    fn describe(&self, state: &Value) -> String {
        let Ok(account) = serde_json::from_value::<Account>(state.clone()) else {
            return format!("a state that is no account ({state})");
        };
        let mut said = Vec::new();
        let amounts = |amounts: &[u64]| amounts.iter().map(u64::to_string).collect::<Vec<_>>().join(" + ");
        if !account.withdrawn.is_empty() {
            said.push(format!("{} withdrawn", amounts(&account.withdrawn)));
        }
        if !account.clicks.is_empty() {
            said.push(words::count(account.clicks.len() as u128, "click"));
        }
        if !account.refunded.is_empty() {
            said.push(format!("{} refunded", amounts(&account.refunded)));
        }
        said.extend(account.returned.iter().map(|fact| Speaker::default().body(&to_value(fact))));
        match said.is_empty() {
            true => "an empty account".to_owned(),
            false => format!("an account with {}", words::enumeration(&said)),
        }
    }

    fn damage(&self, order: &str, symptom: &Symptom) -> String {
        let command = |message: &Message| message.read::<Command>().ok();
        match symptom {
            Symptom::EffectTwice(message) => match command(message) {
                Some(Command::Withdraw { cents, .. }) => {
                    format!("the customer of {order} pays {cents} cents twice")
                }
                Some(Command::Click { .. }) => {
                    format!("one click of the customer of {order} is counted twice")
                }
                Some(Command::Refund { cents, .. }) => {
                    format!("the customer of {order} is given {cents} cents back twice")
                }
                Some(Command::Validate { .. }) => {
                    format!(
                        "one human is counted as two, and the return of {order} is paid on the word of one"
                    )
                }
                Some(Command::PayReturn { .. }) => format!("the return of {order} is paid twice"),
                None => format!("a message about {order} takes effect twice"),
            },
            Symptom::EffectMissing(message) => match command(message) {
                Some(Command::Withdraw { .. }) => format!("nobody ever takes the money for {order}"),
                Some(Command::Click { .. }) => format!("the click of the customer of {order} goes unnoticed"),
                Some(Command::Refund { .. }) => {
                    format!("the customer of {order} waits for the money for ever")
                }
                Some(Command::Validate { by, .. }) => {
                    format!("{by} agreed to the return of {order}, and nobody knows")
                }
                Some(Command::PayReturn { .. }) => {
                    format!("two humans agreed to the return of {order}, and it is never paid")
                }
                None => format!("a message about {order} has no effect"),
            },
            _ => format!("the books of {order} do not add up: no order of its messages leads to them"),
        }
    }
}

fn fact(command: &Command, message: &Message) -> Fact {
    match command.clone() {
        Command::Withdraw { cents, .. } => Fact::Withdrawn { cents },
        Command::Click { page, .. } => Fact::Clicked { page },
        Command::Refund { cents, .. } => Fact::Refunded { cents, caused_by: message.id },
        Command::Validate { by, .. } => Fact::Validated { by },
        Command::PayReturn { .. } => Fact::ReturnPaid,
    }
}
