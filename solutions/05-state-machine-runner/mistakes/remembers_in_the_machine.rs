//! The mistake: the machine remembers in a static whom it has welcomed.
//!
//! Why it is tempting: the signature of `react` has no room for what one
//! machine wants to know across all its aggregates, and Rust does not forbid it.
//! But a process remembers its own attempts, and nobody else's, and an attempt
//! that it remembers may never have been stored.

use std::collections::BTreeSet;
use std::sync::Mutex;

use ex05_state_machine_runner::endpoint_of;
use shared::loyalty::{Loyalty, LoyaltyEvent, Membership};
use shared::order::OrderEvent;
use shared::{Chance, Endpoint, StateMachine};

static WELCOMED: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

struct Forgetful;

impl StateMachine for Forgetful {
    type Input = OrderEvent;
    type State = Membership;
    type Output = LoyaltyEvent;

    fn aggregate(event: &OrderEvent) -> &str {
        Loyalty::aggregate(event)
    }

    fn react(member: &mut Membership, event: &OrderEvent, chance: &Chance<'_>) -> Vec<LoyaltyEvent> {
        let outputs = Loyalty::react(member, event, chance);
        let mut welcomed = WELCOMED.lock().expect("nobody panics while welcoming");
        outputs
            .into_iter()
            .filter(|LoyaltyEvent::CustomerWelcomed { order_id, .. }| welcomed.insert(order_id.clone()))
            .collect()
    }
}

pub fn endpoint() -> Endpoint {
    endpoint_of::<Forgetful>("loyalty")
}
