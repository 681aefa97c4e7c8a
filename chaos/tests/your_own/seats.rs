//! Seats are reserved and given back; each reservation has a ticket, drawn by lot, which
//! the seat remembers.

use chaos::what_to_send::Handful;
use chaos::{Chaos, Law, Property, System, Verdict, explore};
use ports::{Chance, Context, Endpoint, Message, MessageId, Ports, StateMachine};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::runner::{as_at_work, view, with_an_outbox};
use crate::{assert_all_hold, first_violated, searched};

struct Seats;

#[derive(Clone, Serialize, Deserialize)]
enum Wish {
    Reserve { seat: String, guest: String },
    Cancel { seat: String, guest: String },
}

#[derive(Default, Serialize, Deserialize)]
struct Seat {
    taken_by: Option<String>,
    ticket: Option<MessageId>,
}

#[derive(Serialize)]
enum Answer {
    /// The answers do not say about which seat: the law has to find out.
    Reserved {
        guest: String,
        ticket: MessageId,
    },
    Freed {
        guest: String,
        ticket: Option<MessageId>,
    },
    Refused {
        guest: String,
    },
}

impl StateMachine for Seats {
    type Input = Wish;
    type State = Seat;
    type Output = Answer;

    fn aggregate(wish: &Wish) -> &str {
        match wish {
            Wish::Reserve { seat, .. } | Wish::Cancel { seat, .. } => seat,
        }
    }

    fn react(state: &mut Seat, wish: &Wish, chance: &Chance<'_>) -> Vec<Answer> {
        match wish.clone() {
            Wish::Reserve { guest, .. } if state.taken_by.is_none() => {
                let ticket = chance.new_id();
                *state = Seat { taken_by: Some(guest.clone()), ticket: Some(ticket) };
                vec![Answer::Reserved { guest, ticket }]
            }
            Wish::Cancel { guest, .. } if state.taken_by.as_ref() == Some(&guest) => {
                let Seat { ticket, .. } = std::mem::take(state);
                vec![Answer::Freed { guest, ticket }]
            }
            Wish::Reserve { guest, .. } | Wish::Cancel { guest, .. } => vec![Answer::Refused { guest }],
        }
    }
}

fn seats(endpoint: Endpoint) -> System {
    System::of(endpoint.view(view::<Seats>)).judged_by(Law::of_machine::<Seats>())
}

fn right() -> System {
    seats(Endpoint::new("seats", with_an_outbox::<Seats>))
}

fn naive() -> System {
    seats(Endpoint::new("seats", as_at_work::<Seats>))
}

fn reserve(seat: &str, guest: &str) -> Wish {
    Wish::Reserve { seat: seat.to_owned(), guest: guest.to_owned() }
}

fn handful() -> Handful {
    Handful::of(&reserve("7c", "ann"))
        .undone_by(&Wish::Cancel { seat: "7c".to_owned(), guest: "ann".to_owned() })
        .in_conflict_with(&reserve("7c", "bob"))
        .about_somebody_else(&reserve("7d", "ann"))
}

#[test]
fn with_an_outbox_they_hold_and_the_verdict_says_what_that_is_worth() {
    let reports = searched(right, &handful());
    assert_all_hold(&reports);
    let worth = "judged by its own state machine: wrong business rules are not seen";
    for report in &reports {
        assert!(report.headline().ends_with(worth), "{}", report.headline());
        assert!(report.evidence().replace('\n', " ").contains(worth), "{}", report.evidence());
    }
}

#[test]
fn as_at_work_ann_has_the_seat_and_is_told_that_she_has_not() {
    let (property, text) = first_violated(&searched(naive, &handful()));
    assert_eq!(property, Property::NoLostMessages, "{text}");
    for words in ["taken_by: ann", "Reserved(ann", "waits for ever"] {
        assert!(text.contains(words), "{words:?} is not in: {text}");
    }
    // The handler is at fault, whatever the law is worth.
    assert!(!text.contains("judged by its own"), "{text}");
}

/// Two seats, two guests, and no answer says which seat it is about.
#[test]
fn an_answer_belongs_to_the_seat_that_can_have_led_to_it() {
    let sent = [("7c", "ann"), ("7d", "bob")].map(|(seat, guest)| reserve(seat, guest));
    let [one, other] = sent.map(|wish| Handful::of(&wish).interesting_messages().remove(0).messages);
    explore(right).send([one, other].concat()).assert_exactly_once();
}

/// What nobody can have said is laid to the seat that it names.
#[test]
fn a_ghost_is_laid_to_the_seat_that_it_names() {
    let shouts = async |message: &Message, ports: &Ports, context: &Context| {
        let wish: Wish = message.read()?;
        let shout = json!({ "Shouted": { "at": Seats::aggregate(&wish) } });
        context.publish(Message::new(message.id.derive("shout"), &shout));
        with_an_outbox::<Seats>(message, ports, context).await
    };
    let system = move || seats(Endpoint::new("seats", shouts));
    let sent = handful().interesting_messages().remove(4).messages;
    let report = explore(system).send(sent[1..2].iter().chain(&sent[..1]).cloned()).faults(0).run();
    assert_eq!(report.violated(), Some(Property::NoGhostMessages), "{report}");
    let text = report.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
    let told = "Processing Reserve(ann, 7d) exactly once does not explain the end: ends with taken_by: ann, \
                ticket: …000001 published Shouted(7d) right would be";
    assert!(text.contains(told), "{text}");
}

/// Without a view there is nothing to be judged by.
#[test]
fn who_shows_nothing_is_told_so() {
    let endpoint = || Endpoint::new("seats", with_an_outbox::<Seats>);
    let system = || System::of(endpoint()).judged_by(Law::of_machine::<Seats>());
    for sending in handful().interesting_messages() {
        let report = explore(system).send(sending.messages).run();
        assert!(matches!(report.verdict, Verdict::Inconclusive(_)), "{report}");
        assert!(report.to_string().contains("`Endpoint::view`"), "{report}");
    }
}

/// What a machine gets wrong, its own law gets wrong, too: that is what the verdict says.
#[test]
fn a_wrong_rule_is_not_seen_by_the_machine_it_is_in() {
    struct Overbooked;

    impl StateMachine for Overbooked {
        type Input = Wish;
        type State = Seat;
        type Output = Answer;

        fn aggregate(wish: &Wish) -> &str {
            Seats::aggregate(wish)
        }

        fn react(state: &mut Seat, wish: &Wish, chance: &Chance<'_>) -> Vec<Answer> {
            state.taken_by = None;
            Seats::react(state, wish, chance)
        }
    }

    let endpoint =
        || Endpoint::new("seats", with_an_outbox::<Overbooked>).view(crate::runner::view::<Overbooked>);
    let sent = handful().interesting_messages().remove(2).messages;
    let by_itself = || System::of(endpoint()).judged_by(Law::of_machine::<Overbooked>());
    Chaos::on(by_itself).send(sent.clone()).run().assert_exactly_once();
    let by_a_witness = || System::of(endpoint()).judged_by(Law::of_machine::<Seats>());
    let report = explore(by_a_witness).send(sent).run();
    assert_eq!(report.faults, 0, "{report}");
    assert!(report.violated().is_some(), "{report}");
}
