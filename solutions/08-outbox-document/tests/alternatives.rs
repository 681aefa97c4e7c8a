//! Right answers in other styles. None of them may be flagged.

use chaos::{Chaos, Crash, Fault, Point, explore};
use closing::{Closing, Dialogue};
use serde::{Deserialize, Serialize};
use shared::order::add_item;
use shared::{Chance, Endpoint, Message, MessageId, StateMachine};

#[path = "../alternatives/keeps_small_letters_in_the_state.rs"]
mod keeps_small_letters_in_the_state;
mod support;
use support::searches;

#[path = "../alternatives/keeps_a_reference_for_each_message.rs"]
mod keeps_a_reference_for_each_message;
#[path = "../alternatives/numbers_the_attempts.rs"]
mod numbers_the_attempts;
#[path = "../alternatives/reads_the_claim_before_it_writes_it.rs"]
mod reads_the_claim_before_it_writes_it;
#[path = "../alternatives/trusts_no_absence.rs"]
mod trusts_no_absence;
#[path = "../alternatives/writes_one_document_per_letter.rs"]
mod writes_one_document_per_letter;

/// The searches of the exercise. An attempt that is left behind has so many
/// documents.
fn holds(endpoint: fn() -> Endpoint, documents: usize) {
    let orders = || support::orders(endpoint());
    let accounted_for = || support::all_accounted_for(endpoint());
    let bare = |count: usize| {
        move || orders().stores_at_most("the number of outbox documents", count, support::in_the_outbox)
    };
    let mut all = searches::of_the_guarantee(orders);
    all.extend(searches::of_the_outbox(accounted_for, bare(0), bare(documents)));
    // And one that goes further.
    all.push(searches::one_item(accounted_for).with_late_effects());
    for search in all {
        search.assert_exactly_once();
    }
    Closing::of(Dialogue::ORDERS, |_| orders()).all();
}

#[test]
fn keeps_a_reference_for_each_message() {
    holds(keeps_a_reference_for_each_message::orders, 1);
}

#[test]
fn numbers_the_attempts() {
    holds(numbers_the_attempts::orders, 1);
}

#[test]
fn reads_the_claim_before_it_writes_it() {
    holds(reads_the_claim_before_it_writes_it::orders, 1);
}

#[test]
fn trusts_no_absence() {
    holds(trusts_no_absence::orders, 1);
    let weak = || support::weak(trusts_no_absence::orders());
    let tea = add_item("order-1", "tea");
    explore(weak).send([tea]).stale(1).must_visit([Fault::StaleRead]).assert_exactly_once();
}

#[test]
#[ignore = "deep: takes seconds"]
fn trusts_no_absence_of_two_messages() {
    let weak = || support::weak(trusts_no_absence::orders());
    let two = [add_item("order-1", "tea"), add_item("order-1", "cake")];
    explore(weak).send(two).stale(1).must_visit([Fault::StaleRead]).assert_exactly_once();
}

#[test]
fn writes_one_document_per_letter() {
    holds(writes_one_document_per_letter::orders, 2);
}

/// Has two letters to write that don't fit into one document.
struct Verbose;

#[derive(Serialize, Deserialize)]
enum Letter {
    Letter { number: usize, text: String },
}

impl StateMachine for Verbose {
    type Input = String;
    type State = usize;
    type Output = Letter;

    fn aggregate(input: &String) -> &str {
        input
    }

    fn react(written: &mut usize, _: &String, _: &Chance<'_>) -> Vec<Letter> {
        let text = "~".repeat(250_000);
        let letters = [1, 2].map(|number| Letter::Letter { number: *written + number, text: text.clone() });
        *written += 2;
        letters.into()
    }
}

/// The stretch of the page: the letters of one message may be larger than a
/// document.
#[test]
fn letters_of_any_number_fit() {
    for monkey in [Crash::before(Point::Publish(1), 0), Crash::after(Point::Publish(1), 0)] {
        let message = Message::new(MessageId::named("write"), &"to-me");
        let verbose = || support::limited(writes_one_document_per_letter::endpoint_of::<Verbose>("orders"));
        let run = Chaos::on(verbose).send([message]).under(monkey).run();
        run.assert_exactly_once();
        assert_eq!(run.published_messages().len(), 2);
        assert_eq!(support::in_the_outbox(run.snapshot()), 0);
    }
}

#[test]
fn keeps_small_letters_in_the_state() {
    holds(keeps_small_letters_in_the_state::orders, 1);
}
