//! What is asked of the handler, in the order in which it is best answered.

use chaos::what_to_send::Handful;
use chaos::{Chaos, DelayedAckFailure, Law, System, explore};

use IDENTIFIER::{Seats, Wish, endpoint};

/// The handler, judged by its own state machine: what it does about copies, conflicts
/// and crashes is seen; a rule that is wrong in the machine is not.
fn seats() -> System {
    System::of(endpoint()).judged_by(Law::of_machine::<Seats>())
}

fn reserve(seat: &str, guest: &str) -> Wish {
    Wish::Reserve { seat: seat.to_owned(), guest: guest.to_owned() }
}

fn cancel(seat: &str, guest: &str) -> Wish {
    Wish::Cancel { seat: seat.to_owned(), guest: guest.to_owned() }
}

/// What is worth sending: see `chaos::what_to_send`.
fn handful() -> Handful {
    Handful::of(&reserve("7c", "ann"))
        .undone_by(&cancel("7c", "ann"))
        .in_conflict_with(&reserve("7c", "bob"))
        .about_somebody_else(&reserve("7d", "ann"))
}

/// Nothing goes wrong.
#[test]
fn t1_on_a_quiet_day() {
    for sending in handful().interesting_messages() {
        Chaos::on(seats).send(sending.messages).run().assert_exactly_once();
    }
}

/// The handler is done, and then neither its outputs nor its ack get through. The
/// message comes again.
#[test]
fn t2_the_broker_is_gone_for_a_moment() {
    for sending in handful().interesting_messages() {
        let run = Chaos::on(seats).send(sending.messages).under(DelayedAckFailure::of_message(0)).run();
        run.assert_exactly_once();
    }
}

/// Every schedule of two workers, with any one fault.
#[test]
fn t3_every_schedule() {
    for sending in handful().interesting_messages() {
        explore(seats).send(sending.messages).assert_exactly_once();
    }
}
