//! What the checkout of exercise 11 should do.

use crate::Message;
use crate::checkout::{Command, Purchases};
use crate::conversation::Record;
use serde_json::Value;

use super::to_value;
use crate::law::{Property, Specification, Symptom};
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

    fn parts(&self, customer: &str, state: &Value, legal: &Value) -> Vec<(Property, String)> {
        let read = |state: &Value| serde_json::from_value::<Purchases>(state.clone()).unwrap_or_default();
        let (is, should) = (read(state), read(legal));
        let mut found = Vec::new();
        for item in surplus(&is.reserved, &should.reserved) {
            let told = format!("the {item} is put aside for {customer} twice, and paid for once");
            found.push((Property::NoDuplicatedProcessing, told));
        }
        for cents in surplus(&is.charged, &should.charged) {
            let told = format!("the card of {customer} is charged {cents} once more, for nothing");
            found.push((Property::NoDuplicatedProcessing, told));
        }
        let untrue = |receipt: &&String| receipt.ends_with(Purchases::NOT_TRUE);
        for receipt in surplus(&is.receipts, &should.receipts).iter().filter(|receipt| !untrue(receipt)) {
            let told =
                format!("{customer} gets the receipt for {receipt} twice, and looks for a second charge");
            found.push((Property::NoDuplicatedProcessing, told));
        }
        for receipt in is.receipts.iter().filter(untrue) {
            let receipt = receipt.trim_end_matches(Purchases::NOT_TRUE);
            let told = format!("the receipt of {customer} for {receipt} names something that does not exist");
            found.push((Property::StateMatchesOutputs, told));
        }
        for item in surplus(&should.reserved, &is.reserved) {
            found.push((Property::NoLostMessages, format!("nobody has put the {item} aside for {customer}")));
        }
        for cents in surplus(&should.charged, &is.charged) {
            found.push((Property::NoLostMessages, format!("nobody has charged {customer} the {cents}")));
        }
        if is.receipts.len() < should.receipts.len() {
            for receipt in surplus(&should.receipts, &is.receipts) {
                let told = format!("{customer} never gets the receipt for {receipt}");
                found.push((Property::NoLostMessages, told));
            }
        }
        found
    }

    fn describe_record(&self, record: &[u8]) -> Option<String> {
        Record::decode(record).ok().map(|record| record.to_string())
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
                format!("{customer} buys once, as {} says, and pays twice", message)
            }
            Symptom::EffectMissing(message) => {
                format!("{customer} asked for {}, and hears nothing more of it", message)
            }
            _ => format!(
                "what was put aside for {customer}, what was charged and what the receipts say do not fit together"
            ),
        }
    }
}

/// What is in `these` and not in `those`, counting.
fn surplus<T: Clone + PartialEq>(these: &[T], those: &[T]) -> Vec<T> {
    let mut rest = those.to_vec();
    let mut left = Vec::new();
    for it in these {
        match rest.iter().position(|other| other == it) {
            Some(found) => _ = rest.swap_remove(found),
            None => left.push(it.clone()),
        }
    }
    left
}
