//! Beyond the bounds of the exercise.

use chaos::{Fault, explore};
use ex11_durable_conversation::endpoint;
use shared::checkout::check_out;

mod support;
use support::searches::{self, tea, tea_and_cake};
use support::{checkouts, forgetful, orderly};

/// One checkout, any three faults, on three workers.
#[test]
fn three_workers_and_three_faults() {
    searches::one_checkout_and_the_log(|sent| orderly(forgetful(endpoint), sent))
        .workers(3)
        .limit_states(20_000_000)
        .assert_exactly_once();
}

/// One checkout, any two faults, and what the dead had under way may land late:
/// a charge that was given up for lost, say, or a record.
#[test]
fn a_checkout_and_calls_of_the_dead() {
    searches::one_checkout_and_the_log(|sent| orderly(checkouts(endpoint), sent))
        .faults(2)
        .with_late_effects()
        .assert_exactly_once();
}

/// Two customers, who have nothing to do with each other.
#[test]
fn two_conversations() {
    explore(|| checkouts(endpoint))
        .send([tea(), check_out("bob", "tea", 300)])
        .workers(2)
        .faults(1)
        .assert_exactly_once();
}

/// Two checkouts compete for one conversation, and any two faults.
#[test]
#[ignore = "deep: some seconds"]
fn two_checkouts_and_two_faults() {
    explore(|| orderly(checkouts(endpoint), &tea_and_cake()))
        .send(tea_and_cake())
        .workers(2)
        .faults(2)
        .limit_states(20_000_000)
        .assert_exactly_once();
}

/// Two checkouts compete for one conversation, and any three of the faults that
/// set one worker against another: a death, a lock that expires, a copy. With the
/// errors as well it is millions of states, and more memory than a laptop has.
#[test]
#[ignore = "deep: some seconds"]
fn two_checkouts_and_three_faults() {
    use Fault::{CrashAfterWrite, CrashBeforeAck, CrashBeforeWrite, Duplicate, LockExpires};
    explore(|| checkouts(endpoint))
        .send(tea_and_cake())
        .workers(2)
        .faults(3)
        .only([CrashBeforeWrite, CrashAfterWrite, CrashBeforeAck, LockExpires, Duplicate])
        .limit_states(20_000_000)
        .assert_exactly_once();
}

/// The same with calls of the dead that land late, and one fault.
#[test]
#[ignore = "deep: some seconds"]
fn two_checkouts_and_calls_of_the_dead() {
    searches::two_checkouts(|| checkouts(endpoint))
        .with_late_effects()
        .limit_states(20_000_000)
        .assert_exactly_once();
}

/// Two checkouts at services that forget, and any one fault.
#[test]
fn two_checkouts_and_services_that_forget() {
    explore(|| orderly(forgetful(endpoint), &tea_and_cake()))
        .send(tea_and_cake())
        .workers(2)
        .faults(1)
        .assert_exactly_once();
}

/// The same, and any two faults.
#[test]
#[ignore = "deep: some seconds"]
fn two_checkouts_services_that_forget_and_two_faults() {
    explore(|| forgetful(endpoint))
        .send(tea_and_cake())
        .workers(2)
        .faults(2)
        .limit_states(20_000_000)
        .assert_exactly_once();
}

/// The same, and any three of the faults that have most to do with it.
#[test]
#[ignore = "deep: some seconds"]
fn two_checkouts_that_are_resumed_late() {
    use Fault::{CrashAfterWrite, Duplicate, TimeToLiveExpires};
    explore(|| forgetful(endpoint))
        .send(tea_and_cake())
        .workers(2)
        .faults(3)
        .only([TimeToLiveExpires, CrashAfterWrite, Duplicate])
        .limit_states(20_000_000)
        .assert_exactly_once();
}
