//! What the checkout of exercise 11 should do.

use serde_json::Value;
use shared::Message;
use shared::checkout::{Command, Purchases};

use super::to_value;
use crate::checker::{Specification, Symptom};
use crate::words;

/// A checkout: each puts one item aside, charges one card, sends one receipt,
/// and the receipt is true.
#[must_use]
pub fn checkouts() -> Checkouts {
    Checkouts
}

/// See [`checkouts`].
#[derive(Clone, Copy, Debug)]
pub struct Checkouts;

impl Specification for Checkouts {
    fn aggregate(&self, message: &Message) -> String {
        message.read::<Command>().map(|command| command.customer_id().to_owned()).unwrap_or_default()
    }

    fn initial(&self) -> Value {
        to_value(&Purchases::default())
    }

    fn process(&self, state: &Value, message: &Message) -> Vec<(Value, Vec<Value>)> {
        let mut purchases: Purchases = serde_json::from_value(state.clone()).unwrap_or_default();
        if let Ok(command) = message.read::<Command>() {
            purchases.add(&command);
        }
        vec![(to_value(&purchases), Vec::new())]
    }

    fn describe(&self, state: &Value) -> String {
        let Ok(purchases) = serde_json::from_value::<Purchases>(state.clone()) else {
            return format!("a state that is no list of purchases ({state})");
        };
        let Purchases { reserved, charged, receipts } = purchases;
        if (reserved.len(), charged.len(), receipts.len()) == (0, 0, 0) {
            return "a customer who has bought nothing".to_owned();
        }
        let charged: Vec<String> = charged.iter().map(u64::to_string).collect();
        format!(
            "a customer with {} put aside, {} charged, and {}",
            words::enumeration(&reserved),
            words::enumeration(&charged),
            match receipts.as_slice() {
                [] => "no receipt".to_owned(),
                receipts => format!("a receipt for {}", words::enumeration(receipts)),
            }
        )
    }

    fn damage(&self, customer: &str, symptom: &Symptom) -> String {
        match symptom {
            Symptom::EffectTwice(message) => {
                format!("{customer} buys once, as {} says, and pays twice", words::said(message))
            }
            Symptom::EffectMissing(message) => {
                format!("{customer} asked for {}, and hears nothing more of it", words::said(message))
            }
            _ => format!(
                "what was put aside for {customer}, what was charged and what the receipts say do not fit together"
            ),
        }
    }
}
