//! Transfers between accounts, as a saga: the account of whoever pays asks the one of
//! whoever is paid, through a message to itself.

use chaos::what_to_send::Handful;
use chaos::{Law, Property, System};
use ports::{Chance, Endpoint, StateMachine};
use serde::{Deserialize, Serialize};

use crate::runner::{as_at_work, view, with_an_outbox};
use crate::{assert_all_hold, first_violated, searched};

struct Accounts;

#[derive(Clone, Serialize, Deserialize)]
enum Order {
    Transfer { from: String, to: String, cents: u64 },
    Credit { to: String, cents: u64 },
}

#[derive(Serialize, Deserialize)]
struct Account {
    cents: u64,
}

impl Default for Account {
    fn default() -> Self {
        Self { cents: 100 }
    }
}

#[derive(Serialize)]
enum Said {
    /// What it says to itself, about another account.
    Credit {
        to: String,
        cents: u64,
    },
    Declined {
        from: String,
        cents: u64,
    },
}

impl StateMachine for Accounts {
    type Input = Order;
    type State = Account;
    type Output = Said;

    fn aggregate(order: &Order) -> &str {
        match order {
            Order::Transfer { from, .. } => from,
            Order::Credit { to, .. } => to,
        }
    }

    fn react(account: &mut Account, order: &Order, _: &Chance<'_>) -> Vec<Said> {
        match order.clone() {
            Order::Transfer { to, cents, .. } if cents <= account.cents => {
                account.cents -= cents;
                vec![Said::Credit { to, cents }]
            }
            Order::Transfer { from, cents, .. } => vec![Said::Declined { from, cents }],
            Order::Credit { cents, .. } => {
                account.cents += cents;
                Vec::new()
            }
        }
    }
}

fn accounts(endpoint: Endpoint) -> System {
    let endpoint = endpoint.view(view::<Accounts>).subscribes_to("Credit");
    System::of(endpoint).judged_by(
        Law::of_machine::<Accounts>()
            .described_by(|account: &Account| format!("a balance of {}", account.cents)),
    )
}

fn right() -> System {
    accounts(Endpoint::new("accounts", with_an_outbox::<Accounts>))
}

fn naive() -> System {
    accounts(Endpoint::new("accounts", as_at_work::<Accounts>))
}

fn handful() -> Handful {
    let transfer = |from: &str, to: &str, cents| Order::Transfer { from: from.into(), to: to.into(), cents };
    Handful::of(&transfer("ann", "bob", 80)).in_conflict_with(&transfer("bob", "ann", 150))
}

#[test]
fn with_an_outbox_no_cent_is_lost() {
    assert_all_hold(&searched(right, &handful()));
}

#[test]
fn as_at_work_the_money_is_gone() {
    let (property, text) = first_violated(&searched(naive, &handful()));
    assert_eq!(property, Property::NoLostMessages, "{text}");
    for words in ["ends with a balance of", "Credit(80, bob)"] {
        assert!(
            text.split_whitespace().collect::<Vec<_>>().join(" ").contains(words),
            "{words:?} is not in: {text}"
        );
    }
}
