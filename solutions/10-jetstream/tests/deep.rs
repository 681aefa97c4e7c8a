//! Beyond the bounds of the exercise.

use chaos::{Fault, explore};
use ex10_jetstream::endpoint;

mod support;
use support::searches::{self, pay_return, refund};
use support::{KINDS, paid, payments};

/// Two refunds, any three faults; what the dead had under way may be stored
/// late, when another has taken its place or will.
#[test]
fn two_refunds_and_calls_of_the_dead() {
    for kind in KINDS {
        searches::two_refunds(|| paid(endpoint, kind)).faults(3).with_late_effects().assert_exactly_once();
    }
}

/// Three refunds at once, and the money for two of them, on three workers.
#[test]
fn three_refunds_on_three_workers() {
    for kind in KINDS {
        explore(|| paid(endpoint, kind))
            .send([refund("one", 100), refund("two", 200), refund("three", 100)])
            .workers(3)
            .faults(2)
            .assert_exactly_once();
    }
}

/// Three withdrawals, any three faults, three workers, and calls of the dead.
#[test]
fn withdrawals_on_three_workers() {
    for kind in KINDS {
        searches::withdrawals(|| payments(endpoint, kind))
            .workers(3)
            .faults(3)
            .with_late_effects()
            .assert_exactly_once();
    }
}

/// Clicks, as long as the window lasts: calls of the dead are recognised, too.
#[test]
fn clicks_within_the_window() {
    for kind in KINDS {
        searches::clicks_within_the_window(|| payments(endpoint, kind))
            .faults(2)
            .with_late_effects()
            .without(Fault::TimeToLiveExpires)
            .assert_exactly_once();
    }
}

/// Two humans of three, the payment, and any two faults.
#[test]
fn three_humans_and_a_payment() {
    for kind in KINDS {
        searches::three_humans(|| payments(endpoint, kind))
            .send([pay_return("pay")])
            .faults(2)
            .with_late_effects()
            .assert_exactly_once();
    }
}
