//! The loyalty programme: listens to what happens to an order, welcomes the
//! customer, and counts what was bought.
//!
//! It is downstream of the [orders](crate::order): its inputs are their
//! [events](OrderEvent). They may come in any order, so the count does not wait
//! for the welcome.

use serde::{Deserialize, Serialize};

use crate::MessageId;
use crate::order::OrderEvent;
use crate::state_machine::{Chance, StateMachine};

/// What the programme knows about the customer of one order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Membership {
    /// Whether the customer has been welcomed.
    pub welcomed: bool,
    /// How many items have been added to the order so far. (One that was taken
    /// out again still counts.)
    pub items: u32,
}

/// What the programme announces.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LoyaltyEvent {
    /// The customer is a member now, and gets a voucher.
    CustomerWelcomed {
        /// Whose customer.
        order_id: String,
        /// The code of the voucher, drawn by lot. Whoever holds it may spend it,
        /// so no two of them may be sent.
        voucher: MessageId,
    },
}

/// The loyalty programme as a state machine.
#[derive(Clone, Copy, Debug)]
pub struct Loyalty;

impl Loyalty {
    /// The names of the messages it wants to hear.
    pub const LISTENS_TO: [&'static str; 2] = ["FirstItemAdded", "ItemAdded"];
}

impl StateMachine for Loyalty {
    type Input = OrderEvent;
    type State = Membership;
    type Output = LoyaltyEvent;

    fn aggregate(event: &OrderEvent) -> &str {
        event.order_id()
    }

    fn react(member: &mut Membership, event: &OrderEvent, chance: &Chance<'_>) -> Vec<LoyaltyEvent> {
        match event {
            OrderEvent::FirstItemAdded { .. } if member.welcomed => Vec::new(),
            OrderEvent::FirstItemAdded { order_id, .. } => {
                member.welcomed = true;
                vec![LoyaltyEvent::CustomerWelcomed { order_id: order_id.clone(), voucher: chance.new_id() }]
            }
            OrderEvent::ItemAdded { .. } => {
                member.items += 1;
                Vec::new()
            }
            OrderEvent::ItemRemoved { .. } | OrderEvent::NothingChanged { .. } => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_customer_is_welcomed_once_and_every_item_counts() {
        let chance = Chance::new(&|| MessageId::named("a voucher"));
        let mut member = Membership::default();
        let event = |name: fn(String, String) -> OrderEvent| name("order-1".into(), "tea".into());
        let first = event(|order_id, item| OrderEvent::FirstItemAdded { order_id, item });
        let added = event(|order_id, item| OrderEvent::ItemAdded { order_id, item });
        assert!(Loyalty::react(&mut member, &added, &chance).is_empty());
        let welcome = Loyalty::react(&mut member, &first, &chance);
        assert_eq!(
            welcome,
            [LoyaltyEvent::CustomerWelcomed {
                order_id: "order-1".into(),
                voucher: MessageId::named("a voucher")
            }]
        );
        assert!(
            Loyalty::react(&mut member, &first, &chance).is_empty(),
            "an order can be emptied and refilled"
        );
        assert_eq!(member, Membership { welcomed: true, items: 1 });
    }
}
