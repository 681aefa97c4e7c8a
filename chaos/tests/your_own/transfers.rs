//! Transfers between accounts, as a saga: the account of whoever pays asks the one of
//! whoever is paid, through a message to itself.

use chaos::what_to_send::Handful;
use chaos::{Law, Property, System, explore};
use ports::{Chance, Endpoint, StateMachine};
use serde::{Deserialize, Serialize};
use serde_json::json;

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

/// Not all accounts begin alike: Bob has a little, and Cleo nothing. What is in the store
/// and what the law opens with are the same.
#[test]
fn accounts_open_with_what_is_in_them() {
    fn opening(account: &str) -> u64 {
        match account {
            "ann" => 100,
            "bob" => 10,
            _ => 0,
        }
    }
    let law = || {
        let law = Law::of_machine::<Accounts>().opening_with(|account| Account { cents: opening(account) });
        law.described_by(|account: &Account| format!("a balance of {}", account.cents))
    };
    let system = move |opened_by_law: bool| {
        let endpoint = Endpoint::new("accounts", with_an_outbox::<Accounts>)
            .view(|snapshot, account| match snapshot.document(account) {
                Some(_) => view::<Accounts>(snapshot, account),
                None => Ok(Account { cents: opening(account) }),
            })
            .subscribes_to("Credit");
        let law = if opened_by_law { law() } else { Law::of_machine::<Accounts>() };
        let system = System::of(endpoint).judged_by(law);
        ["ann", "bob", "cleo"].into_iter().fold(system, |system, account| {
            let document = json!({ "state": { "cents": opening(account) }, "processed": {} });
            system.stored("accounts", account, serde_json::to_vec(&document).expect("plain data"))
        })
    };
    let transfer = |from: &str, to: &str, cents| Order::Transfer { from: from.into(), to: to.into(), cents };
    let handful = Handful::of(&transfer("bob", "cleo", 30)).in_conflict_with(&transfer("ann", "bob", 80));
    for sending in handful.interesting_messages() {
        explore(|| system(true)).send(sending.messages.clone()).assert_exactly_once();
        // A law by which everybody has 100 is refuted by the first plain run.
        assert!(!explore(|| system(false)).send(sending.messages).run().holds());
    }
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
