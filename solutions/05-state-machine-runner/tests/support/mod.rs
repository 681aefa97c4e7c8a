//! The searches of the exercise, on any runner.

// Each test program uses a part of this.
#![allow(dead_code)]

use chaos::{Chaos, Explore, FRESH, Run, Specification, Symptom, System, specifications};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use shared::loyalty::Loyalty;
use shared::{Chance, Endpoint, Message, MessageId, StateMachine};

#[path = "../../../../exercises/05-state-machine-runner/tests/searches/mod.rs"]
pub mod searches;

/// Makes an endpoint of this name, running one machine.
pub type EndpointOf = fn(&str) -> Endpoint;

/// The loyalty programme, listening to what the orders announce.
pub fn listening(endpoint: Endpoint) -> Endpoint {
    Loyalty::LISTENS_TO.into_iter().fold(endpoint, Endpoint::subscribes_to)
}

/// The searches for the orders, for the programme, and for both.
pub fn searches(orders: EndpointOf, loyalty: EndpointOf) -> Vec<Explore> {
    let both = || {
        let orders = System::of(orders("orders")).judged_by(specifications::orders_with_welcome());
        let both = orders.and(listening(loyalty("loyalty"))).judged_by(specifications::loyalty());
        both.beside([ex05_state_machine_runner::endpoint(), ex05_state_machine_runner::loyalty()])
    };
    let mut searches = searches_of_orders(orders);
    searches.extend(searches_of_loyalty(loyalty));
    searches.push(searches::one_item(both));
    searches
}

/// The searches for the orders alone.
pub fn searches_of_orders(orders: EndpointOf) -> Vec<Explore> {
    let orders = || {
        let orders = System::of(orders("orders")).judged_by(specifications::orders_with_welcome());
        orders.beside([ex05_state_machine_runner::endpoint()])
    };
    searches::of_orders(orders)
}

/// The searches for the programme alone.
pub fn searches_of_loyalty(loyalty: EndpointOf) -> Vec<Explore> {
    let programme = || {
        let programme = System::of(listening(loyalty("loyalty"))).judged_by(specifications::loyalty());
        programme.beside([ex05_state_machine_runner::loyalty()])
    };
    searches::of_programme(programme)
}

/// A garage for motorbikes, which come in pairs: one message, two answers of the same
/// kind, and a lot for each of them.
pub struct Pairs;

#[derive(Serialize, Deserialize)]
pub enum Pair {
    Arrive { garage_id: String, plates: [String; 2] },
}

#[derive(Serialize, Deserialize)]
pub enum Gate {
    Opened { garage_id: String, plate: String, ticket: MessageId },
}

impl StateMachine for Pairs {
    type Input = Pair;
    type State = u32;
    type Output = Gate;

    fn aggregate(Pair::Arrive { garage_id, .. }: &Pair) -> &str {
        garage_id
    }

    fn react(inside: &mut u32, Pair::Arrive { garage_id, plates }: &Pair, chance: &Chance<'_>) -> Vec<Gate> {
        *inside += 2;
        let opened = |plate: &String| Gate::Opened {
            garage_id: garage_id.clone(),
            plate: plate.clone(),
            ticket: chance.new_id(),
        };
        plates.iter().map(opened).collect()
    }
}

/// What such a garage should do.
struct Attendant;

impl Specification for Attendant {
    fn aggregate(&self, _: &Message) -> String {
        "garage-1".to_owned()
    }

    fn initial(&self) -> Value {
        json!(0)
    }

    fn process(&self, state: &Value, message: &Message) -> Vec<(Value, Vec<Value>)> {
        let mut inside = state.as_u64().unwrap_or_default() as u32;
        let ticket = || MessageId::named(FRESH);
        let outputs = Pairs::react(&mut inside, &message.read().unwrap(), &Chance::new(&ticket));
        let outputs = outputs.iter().map(|gate| self.content(&serde_json::to_value(gate).unwrap()));
        vec![(json!(inside), outputs.collect())]
    }

    fn content(&self, output: &Value) -> Value {
        let mut body = output.clone();
        body["Opened"]["ticket"] = FRESH.into();
        body
    }

    fn describe(&self, state: &Value) -> String {
        format!("a garage with {state} motorbikes")
    }

    fn damage(&self, _: &str, symptom: &Symptom) -> String {
        match symptom {
            Symptom::NeverPublished(_) => "a motorbike waits before the gate for ever".to_owned(),
            Symptom::TwoContents(..) => {
                "who listens takes the second motorbike for the first one, and its gate stays closed"
                    .to_owned()
            }
            _ => "nobody can say how many motorbikes there are".to_owned(),
        }
    }
}

/// A garage, and what it should do.
pub fn garage(endpoint: EndpointOf) -> System {
    let right = ex05_state_machine_runner::endpoint_of::<Pairs>("garage");
    System::of(endpoint("garage")).judged_by(Attendant).beside([right])
}

/// Two motorbikes arrive.
pub fn pair(endpoint: EndpointOf) -> Run {
    let plates = ["A", "B"].map(str::to_owned);
    let arrive = Pair::Arrive { garage_id: "garage-1".to_owned(), plates };
    Chaos::on(|| garage(endpoint)).send([Message::new(MessageId::named("both arrive"), &arrive)]).run()
}
