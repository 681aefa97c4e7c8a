//! What is searched in this exercise. Each function is one search, with all that it
//! looks at: what is sent, how many workers there are, what may go wrong, how often, after
//! how many states it gives up, and what must have been tried for the verdict to count.
//!
//! The tests of the exercise read it, and so does what is kept beside a solution: its
//! mistakes, the other right answers, what the pages show, and what goes deeper.

// Each test program uses a part of this.
#![allow(dead_code)]

use chaos::{Explore, Fault, System, explore};
use shared::Message;
use shared::checkout::check_out;

/// The customer of all checkouts here, and the name of the conversation.
pub const ANN: &str = "ann";

/// All of them, those of one checkout first.
pub fn all(
    checkouts: impl Fn() -> System,
    forgetful: impl FnOnce() -> System,
    orderly: impl Fn(&[Message]) -> System,
) -> Vec<Explore> {
    vec![
        one_checkout(&checkouts),
        one_checkout_at_services_that_forget(forgetful),
        one_checkout_and_the_log(&orderly),
        two_checkouts(&checkouts),
        two_checkouts_and_the_log(&orderly),
    ]
}

/// What can go wrong, log or no log.
const FAULTS: [Fault; 8] = [
    Fault::WriteFails,
    Fault::WriteReplyLost,
    Fault::WriteUnavailable,
    Fault::CrashBeforeWrite,
    Fault::CrashAfterWrite,
    Fault::AckFails,
    Fault::CrashBeforeAck,
    Fault::Duplicate,
];

/// And what can go wrong besides where there is a log: it cannot be reached, or
/// two workers write to it.
const WITH_A_LOG: [Fault; 2] = [Fault::ReadFails, Fault::LockExpires];

/// One checkout, two workers, any three faults.
///
/// A log that grows with every copy has no last state, so the search gives up early, and
/// says what grows. A log of one message does not need more.
pub fn one_checkout(checkouts: impl FnOnce() -> System) -> Explore {
    explore(checkouts).send([tea()]).workers(2).faults(3).must_visit(FAULTS).limit_states(600_000)
}

/// One checkout, two workers, any two faults, at services that forget a key as soon as they
/// may.
pub fn one_checkout_at_services_that_forget(forgetful: impl FnOnce() -> System) -> Explore {
    one_checkout(forgetful).faults(2).must_visit(WITH_A_LOG)
}

/// One checkout, two workers, any three faults, and a log that is to be orderly in the end:
/// the system is made for what is sent.
pub fn one_checkout_and_the_log(orderly: impl FnOnce(&[Message]) -> System) -> Explore {
    one_checkout(|| orderly(&[tea()])).must_visit(WITH_A_LOG)
}

/// Two checkouts of one customer, two workers, one conversation, and one thing that goes
/// wrong.
///
/// That replies may be lost is tried with one message: with two, there would be too many
/// logs. And an attempt that fails for want of a store or a service is like one that dies
/// there; whether it takes it so, one message shows.
pub fn two_checkouts(checkouts: impl FnOnce() -> System) -> Explore {
    let lost = [Fault::WriteFails, Fault::WriteReplyLost, Fault::WriteUnavailable, Fault::ReadFails];
    let tried = FAULTS.into_iter().filter(|fault| !lost.contains(fault));
    let search = two(checkouts).must_visit(tried);
    lost.into_iter().fold(search, Explore::without)
}

/// Two checkouts of one customer, two workers, and a log that is to be orderly in the end.
/// What becomes of the checkouts, whatever goes wrong, is asked above; what puts a log into
/// disorder is that a worker is slow, or dies, or cannot read.
pub fn two_checkouts_and_the_log(orderly: impl FnOnce(&[Message]) -> System) -> Explore {
    let search = two(|| orderly(&tea_and_cake())).must_visit(WITH_A_LOG);
    search.only(WITH_A_LOG.into_iter().chain([Fault::CrashAfterWrite]))
}

fn two(checkouts: impl FnOnce() -> System) -> Explore {
    explore(checkouts).send(tea_and_cake()).workers(2).faults(1).limit_states(1_000_000)
}

/// A checkout of Ann's.
pub fn tea() -> Message {
    check_out(ANN, "tea", 300)
}

/// Another one.
pub fn cake() -> Message {
    check_out(ANN, "cake", 400)
}

/// The two of them.
pub fn tea_and_cake() -> [Message; 2] {
    [tea(), cake()]
}
