//! What the endpoints of the workshop should do, without any store or failure.

mod checkout;
mod payments;

pub use checkout::{Checkouts, checkouts};
pub use payments::{Payments, payments};

use crate::loyalty::{Loyalty, LoyaltyEvent, Membership};
use crate::order::{Command, Order, OrderEvent, decide, first_item, nothing_changed};
use crate::{Chance, Message, MessageId, StateMachine};
use serde_json::Value;

use crate::law::{FRESH, Specification, Symptom};
use crate::words;

/// An order that announces every change: exercise 01.
#[must_use]
pub fn orders() -> Orders {
    Orders { welcome: Welcome::Never }
}

/// An order that also welcomes the customer when its first item comes in: from
/// exercise 02 on.
#[must_use]
pub fn orders_with_welcome() -> Orders {
    Orders { welcome: Welcome::ForTheFirstItem }
}

/// An order that announces every change, and may welcome the customer or not, for
/// whichever item: what is left to ask of a handler, whatever becomes of its welcome.
#[must_use]
pub fn orders_welcomed_or_not() -> Orders {
    Orders { welcome: Welcome::ForAnyItem }
}

/// See [`orders`], [`orders_with_welcome`] and [`orders_welcomed_or_not`].
#[derive(Clone, Copy, Debug)]
pub struct Orders {
    welcome: Welcome,
}

/// When the customer is welcomed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Welcome {
    Never,
    ForTheFirstItem,
    /// Or not at all.
    ForAnyItem,
}

impl Orders {
    /// Each way in which this may be announced, where this welcome is due.
    fn announced(self, events: &[OrderEvent], due: Option<OrderEvent>) -> Vec<Vec<Value>> {
        let with = |welcome: Option<&OrderEvent>| {
            welcome.into_iter().chain(events).map(to_value).collect::<Vec<_>>()
        };
        match self.welcome {
            Welcome::Never => vec![with(None)],
            Welcome::ForTheFirstItem => vec![with(due.as_ref())],
            Welcome::ForAnyItem => {
                let for_it = events.iter().find_map(welcome_for);
                let mut ways = vec![with(None)];
                ways.extend(for_it.as_ref().map(|welcome| with(Some(welcome))));
                ways
            }
        }
    }
}

/// The welcome for what was added, whether it was the first item or not.
fn welcome_for(event: &OrderEvent) -> Option<OrderEvent> {
    match event.clone() {
        OrderEvent::ItemAdded { order_id, item } => Some(OrderEvent::FirstItemAdded { order_id, item }),
        _ => None,
    }
}

impl Specification for Orders {
    fn aggregate(&self, message: &Message) -> String {
        message
            .read::<Command>()
            .map(|command| command.order_id().to_owned())
            .or_else(|_| message.read::<OrderEvent>().map(|event| event.order_id().to_owned()))
            .unwrap_or_default()
    }

    fn initial(&self) -> Value {
        to_value(&Order::default())
    }

    fn process(&self, state: &Value, message: &Message) -> Vec<(Value, Vec<Value>)> {
        let Ok(command) = message.read::<Command>() else { return vec![(state.clone(), Vec::new())] };
        let mut order: Order = serde_json::from_value(state.clone()).unwrap_or_default();
        let mut events = decide(&order, &command);
        let mut due = None;
        for event in &events {
            due = due.or(first_item(&order, event));
            order.apply(event);
        }
        if events.is_empty() {
            events.push(nothing_changed(&command));
        }
        let ways = self.announced(&events, due);
        ways.into_iter().map(|outputs| (to_value(&order), outputs)).collect()
    }

    fn process_again(&self, state: &Value, message: &Message) -> Vec<(Value, Vec<Value>)> {
        // Unnoticed, a second copy finds the order as the first one did: without
        // the item that is to come in.
        let Ok(Command::AddItem { order_id, item }) = message.read() else {
            return self.process(state, message);
        };
        let mut order: Order = serde_json::from_value(state.clone()).unwrap_or_default();
        let event = OrderEvent::ItemAdded { order_id, item };
        order.apply(&event);
        let ways = self.announced(&[event], None);
        ways.into_iter().map(|outputs| (to_value(&order), outputs)).collect()
    }

    fn describe(&self, state: &Value) -> String {
        match serde_json::from_value::<Order>(state.clone()) {
            Ok(order) if order.is_empty() => "an empty order".to_owned(),
            Ok(order) => format!("an order with {}", words::enumeration(&order.items)),
            Err(_) => format!("a state that is no order ({state})"),
        }
    }

    fn damage(&self, order: &str, symptom: &Symptom) -> String {
        let event = |body: &Value| serde_json::from_value::<OrderEvent>(body.clone()).ok();
        let command = |message: &Message| message.read::<Command>().ok();
        match symptom {
            Symptom::NeverPublished(body) => match event(body) {
                Some(OrderEvent::FirstItemAdded { .. }) => {
                    format!("the customer of {order} is never welcomed")
                }
                Some(OrderEvent::ItemAdded { item, .. }) => {
                    format!("the warehouse never hears of the {item}; the customer of {order} waits for it")
                }
                Some(OrderEvent::ItemRemoved { item, .. }) => {
                    format!(
                        "the warehouse sends the {item} that the customer of {order} took out, and bills it"
                    )
                }
                Some(OrderEvent::NothingChanged { .. }) | None => {
                    format!("whoever asked for a change of {order} waits for an answer for ever")
                }
            },
            Symptom::Unjustified(body) => match event(body) {
                Some(OrderEvent::FirstItemAdded { item, .. }) => {
                    format!(
                        "the customer of {order} is welcomed for the {item}, which was not the first item"
                    )
                }
                Some(OrderEvent::ItemAdded { item, .. }) => {
                    format!("the warehouse packs a {item} for {order} that nobody ordered")
                }
                Some(OrderEvent::ItemRemoved { item, .. }) => {
                    format!("the warehouse takes the {item} out of {order}, and the customer wants it")
                }
                Some(OrderEvent::NothingChanged { .. }) | None => {
                    format!("whoever changed {order} is told that nothing has changed")
                }
            },
            Symptom::PublishedAgain(body) => match event(body) {
                Some(OrderEvent::FirstItemAdded { .. }) => {
                    format!("the customer of {order} is welcomed twice")
                }
                Some(OrderEvent::ItemAdded { item, .. }) => {
                    format!("the warehouse packs the {item} of {order} twice, and bills it twice")
                }
                _ => format!("one change of {order} is announced as two"),
            },
            Symptom::TwoContents(..) => {
                format!("two readers of one message about {order} act on different contents")
            }
            Symptom::Contradiction(message, _) => {
                format!("of {message} of {order}, others are told things that exclude each other")
            }
            Symptom::EffectMissing(message) => match command(message) {
                Some(Command::AddItem { item, .. }) => {
                    format!("the customer of {order} added {item}, and it is not in the order")
                }
                Some(Command::RemoveItem { item, .. }) => {
                    format!("the customer of {order} took the {item} out, and it is still in the order")
                }
                None => format!("a message to {order} has no effect"),
            },
            Symptom::EffectTwice(message) => match command(message) {
                Some(Command::AddItem { item, .. }) => {
                    format!("the customer of {order} added {item} once, pays twice, and gets two")
                }
                Some(Command::RemoveItem { item, .. }) => format!("the {item} is taken out of {order} twice"),
                None => format!("a message to {order} takes effect twice"),
            },
            Symptom::DifferentOrders => {
                format!("{order} says one thing, and everybody who listens was told another")
            }
            Symptom::BeforeItsCause(effect, cause) => {
                format!("{effect} came to {order} before {cause}, without which nobody would have said it")
            }
            Symptom::InPart(_) | Symptom::Unexplained => {
                format!("nobody can say how {order} came to be what it is")
            }
        }
    }

    fn damage_in(&self, state: &Value, order: &str, symptom: &Symptom) -> String {
        if let Symptom::EffectTwice(message) = symptom
            && let Some(Command::AddItem { item, .. }) = message.read().ok()
        {
            let Order { items } = serde_json::from_value(state.clone()).unwrap_or_default();
            match items.iter().filter(|other| **other == item).count() {
                0 => return format!("{item} was put into {order} twice by one message"),
                1 => return format!("the customer of {order} took the {item} out, and it came back"),
                _ => {}
            }
        }
        self.damage(order, symptom)
    }
}

/// The loyalty programme, downstream of the orders: from exercise 05 on.
#[must_use]
pub fn loyalty() -> Members {
    Members
}

/// See [`loyalty`].
#[derive(Clone, Copy, Debug)]
pub struct Members;

impl Specification for Members {
    fn aggregate(&self, message: &Message) -> String {
        message
            .read::<OrderEvent>()
            .map(|event| event.order_id().to_owned())
            .or_else(|_| {
                message.read().map(|LoyaltyEvent::CustomerWelcomed { order_id, .. }: LoyaltyEvent| order_id)
            })
            .unwrap_or_default()
    }

    fn initial(&self) -> Value {
        to_value(&Membership::default())
    }

    fn process(&self, state: &Value, message: &Message) -> Vec<(Value, Vec<Value>)> {
        let Ok(event) = message.read::<OrderEvent>() else { return vec![(state.clone(), Vec::new())] };
        let mut member: Membership = serde_json::from_value(state.clone()).unwrap_or_default();
        let placeholder = || MessageId::named(FRESH);
        let outputs = Loyalty::react(&mut member, &event, &Chance::new(&placeholder));
        let outputs = outputs.iter().map(|output| {
            let mut body = to_value(output);
            body["CustomerWelcomed"]["voucher"] = FRESH.into();
            body
        });
        vec![(to_value(&member), outputs.collect())]
    }

    fn content(&self, output: &Value) -> Value {
        // Whatever the lot is drawn from, it is a lot.
        match serde_json::from_value(output.clone()) {
            Ok(LoyaltyEvent::CustomerWelcomed { order_id, .. }) => {
                serde_json::json!({ "CustomerWelcomed": { "order_id": order_id, "voucher": FRESH } })
            }
            Err(_) => output.clone(),
        }
    }

    fn describe(&self, state: &Value) -> String {
        match serde_json::from_value::<Membership>(state.clone()) {
            Ok(Membership { welcomed, items }) => format!(
                "a customer with {} who was {}welcomed",
                words::count(u128::from(items), "item"),
                if welcomed { "" } else { "not " }
            ),
            Err(_) => format!("a state that is no membership ({state})"),
        }
    }

    fn damage(&self, order: &str, symptom: &Symptom) -> String {
        match symptom {
            Symptom::NeverPublished(_) => format!("the customer of {order} never gets a voucher"),
            Symptom::Unjustified(_) => {
                format!("the customer of {order} has a voucher that the programme knows nothing of")
            }
            Symptom::PublishedAgain(_) | Symptom::Contradiction(..) => {
                format!("the customer of {order} has two vouchers, and spends both")
            }
            Symptom::TwoContents(..) => format!("one welcome of the customer of {order} names two vouchers"),
            Symptom::EffectMissing(message) if message.name() == "FirstItemAdded" => {
                format!("the loyalty programme never welcomes the customer of {order}")
            }
            Symptom::EffectMissing(message) => {
                format!("the loyalty programme never counts {message} of {order}")
            }
            Symptom::EffectTwice(message) => {
                format!("the loyalty programme counts {message} of {order} twice")
            }
            Symptom::DifferentOrders => {
                format!("the customer of {order} was told one thing, and the programme says another")
            }
            Symptom::BeforeItsCause(effect, cause) => {
                format!("{effect} came to {order} before {cause}, without which nobody would have said it")
            }
            Symptom::InPart(_) | Symptom::Unexplained => {
                format!("nobody can say how the membership of {order} came about")
            }
        }
    }
}

fn to_value<T: serde::Serialize>(value: &T) -> Value {
    serde_json::to_value(value).expect("the domain's types can be written as JSON")
}
