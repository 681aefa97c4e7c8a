//! What the messages of an endpoint mean, one after the other.

use serde_json::Value;

use super::{Drawing, Property, Symptom};
use crate::{Message, MessageId, words};

/// What the messages mean when they are processed one after the other.
///
/// This is the reference that a handler is held against, so it knows nothing
/// of stores, copies or failures. It can be [derived](super::Law) from a state
/// machine; written by hand, three functions will do, and the rest is better words:
///
/// ```
/// use ports::law::Specification;
/// use ports::{Message, MessageId};
/// use serde_json::{Value, json};
///
/// /// A webhook, `{"Paid": {"invoice": …, "cents": …}}`: the invoice is paid, and the
/// /// ledger hears of it. Somebody pays once.
/// struct Invoices;
///
/// impl Specification for Invoices {
///     fn aggregate(&self, message: &Message) -> String {
///         // What comes in and what goes out are both about an invoice.
///         let fields = message.body.as_object().and_then(|body| body.values().next());
///         fields.and_then(|fields| fields["invoice"].as_str()).unwrap_or_default().to_owned()
///     }
///
///     fn initial(&self) -> Value {
///         json!({ "paid": 0 })
///     }
///
///     fn process(&self, state: &Value, message: &Message) -> Vec<(Value, Vec<Value>)> {
///         let paid = &message.body["Paid"];
///         let sum = state["paid"].as_u64().unwrap_or(0) + paid["cents"].as_u64().unwrap_or(0);
///         let booked = json!({ "Booked": { "invoice": paid["invoice"], "cents": paid["cents"] } });
///         vec![(json!({ "paid": sum }), vec![booked])]
///     }
/// }
///
/// let paid = json!({ "Paid": { "invoice": "i-1", "cents": 300 } });
/// let paid = Message::new(MessageId::named("stripe 77"), &paid);
/// let (state, outputs) = Invoices.process(&Invoices.initial(), &paid).remove(0);
/// assert_eq!(Invoices.describe(&state), "paid: 300");
/// assert_eq!(outputs, [json!({ "Booked": { "invoice": "i-1", "cents": 300 } })]);
/// ```
pub trait Specification: Send + Sync {
    /// Which aggregate a message, coming in or going out, is about. Messages
    /// about different aggregates must not influence each other. What a message
    /// leads to may be about another aggregate than the message is. An empty name
    /// for one that goes out says that the law does not know: then it is laid to
    /// whatever can have led to it.
    fn aggregate(&self, message: &Message) -> String;

    /// The state of an aggregate that no message has reached yet, in the form
    /// in which the endpoint's view returns it.
    fn initial(&self) -> Value;

    /// The same, where aggregates open with different states: an account that has money
    /// in it, a seat that was sold long ago. By default, all open with the
    /// [initial](Self::initial) one.
    fn opening(&self, aggregate: &str) -> Value {
        _ = aggregate;
        self.initial()
    }

    /// What processing a message may lead to: the next state and the bodies of
    /// the messages to publish. More than one possibility where the handler is
    /// free to choose. A fresh id in an output is written as [`FRESH`]. An empty list
    /// says that the message cannot come just then: whoever names one for a message
    /// in every order has no law for it.
    fn process(&self, state: &Value, message: &Message) -> Vec<(Value, Vec<Value>)>;

    /// What processing a message would lead to that was processed before, if
    /// nobody noticed. Only used to recognise such a state; by default, the same
    /// as processing it for the first time.
    fn process_again(&self, state: &Value, message: &Message) -> Vec<(Value, Vec<Value>)> {
        self.process(state, message)
    }

    /// What an output says, with [`FRESH`] in the place of ids that may be any.
    /// By default these are the fresh ones.
    fn content(&self, output: &Value) -> Value {
        content(output)
    }

    /// What a state says that the view has shown, ids that may be any written as
    /// [`initial`](Self::initial) and [`process`](Self::process) write them. By
    /// default, all that is shown.
    fn state(&self, shown: &Value) -> Value {
        shown.clone()
    }

    /// What is wrong with a state to which no order leads, and neither one
    /// message too few nor one twice, held against a legal one: of a message
    /// that takes effect in parts, some may be missing, and some there twice.
    /// Each with what it means for the business, as in [`damage`](Self::damage).
    fn parts(&self, _aggregate: &str, _state: &Value, _legal: &Value) -> Vec<(Property, String)> {
        Vec::new()
    }

    /// A record of the endpoint's log in words: "StepCompleted(2)". By default
    /// there are none for it, and its text is shown.
    fn describe_record(&self, _record: &[u8]) -> Option<String> {
        None
    }

    /// A state in words: "an order with tea and cake". By default, its fields and
    /// their values: see [`words::state`].
    fn describe(&self, state: &Value) -> String {
        words::state(state)
    }

    /// What it means for the business that something went wrong, as a
    /// sentence without a full stop: "the customer of order-1 is never
    /// welcomed". By default, what it means for any business:
    /// see [`Symptom::about`].
    fn damage(&self, aggregate: &str, symptom: &Symptom) -> String {
        symptom.about(aggregate)
    }

    /// The same, where the state in the end says more than the symptom: what was done
    /// twice may be undone by now. By default, [`damage`](Self::damage), whatever the
    /// state.
    fn damage_in(&self, state: &Value, aggregate: &str, symptom: &Symptom) -> String {
        _ = state;
        self.damage(aggregate, symptom)
    }

    /// What is to be said of a verdict by this law, if it is worth less than that of
    /// an independent witness: "judged by its own state machine: wrong business
    /// rules are not seen". By default, nothing.
    fn worth(&self) -> Option<String> {
        None
    }

    /// The same law with nothing left open, if it can be told which ids its draws are.
    /// It is asked where an id that was drawn by lot comes back in a message: there,
    /// outputs are compared as [`Drawing::renamed`] writes them, and
    /// [`content`](Self::content) is not asked. Whoever puts a law around another one has
    /// both to think of. By default, there is none, and ids that may be any stay so.
    fn drawing(&self) -> Option<&dyn Drawing> {
        None
    }
}

/// Stands for any id in an output that a [`Specification`] expects: see
/// [`Specification::content`].
///
/// ```
/// use ports::MessageId;
/// use ports::law::{FRESH, Law, Specification};
/// use serde_json::json;
///
/// let law = Law::of(|_| "the door".to_owned(), |_: &mut (), _| vec![json!({ "Ticket": FRESH })]);
/// // Whichever ticket was drawn, it is one.
/// let drawn = json!({ "Ticket": MessageId::fresh(7) });
/// assert_eq!(law.content(&drawn), json!({ "Ticket": FRESH }));
/// ```
pub const FRESH: &str = "any id";

/// The content of an output, fresh ids left open.
fn content(body: &Value) -> Value {
    match body {
        Value::String(text) if text.parse::<MessageId>().is_ok_and(|id| id.is_fresh()) => FRESH.into(),
        Value::Array(items) => items.iter().map(content).collect(),
        Value::Object(fields) => fields.iter().map(|(name, value)| (name.clone(), content(value))).collect(),
        other => other.clone(),
    }
}
