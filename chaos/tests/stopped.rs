//! A search that is stopped says how far it came, and claims no more.

#![allow(missing_docs)]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use chaos::{Explore, Inconclusive, System, Verdict, explore, specifications};
use shared::Endpoint;
use shared::order::add_item;
use support::handlers::{point_in_time, stream_view};

fn search() -> Explore {
    let orders = || {
        let endpoint = Endpoint::new("orders", point_in_time).view(stream_view);
        System::of(endpoint).judged_by(specifications::orders_with_welcome())
    };
    explore(orders).send([add_item("order-1", "tea"), add_item("order-1", "cake")]).faults(3)
}

/// Stops at the `looks`-th look, the first of which is number 0.
fn stopped_at(looks: usize) -> Verdict {
    let seen = Arc::new(AtomicUsize::new(0));
    search().observed_by(move |_| seen.fetch_add(1, Ordering::SeqCst) < looks).run().verdict
}

#[test]
fn what_was_tried_is_what_is_claimed() {
    assert_eq!(
        stopped_at(0),
        Verdict::Inconclusive(Inconclusive::Stopped { states: 1, fewer_than: 0 }),
        "nothing was tried at all"
    );
    // Searches with fewer faults tell how many states there are with so many.
    let states: Vec<usize> = (0..3).map(|faults| search().faults(faults).run().counts.states).collect();
    let mut claims = Vec::new();
    for looks in 1.. {
        let Verdict::Inconclusive(Inconclusive::Stopped { states: found, fewer_than }) = stopped_at(looks)
        else {
            break;
        };
        if let Some(faults) = (fewer_than as usize).checked_sub(1) {
            assert!(found >= states[faults], "{found} states cannot be all with {faults} faults");
        }
        claims.push(fewer_than);
    }
    assert!(claims.is_sorted() && claims.contains(&2) && claims.contains(&3), "{claims:?}");
}

#[test]
fn it_is_told_in_words() {
    let told = |states, fewer_than| Inconclusive::Stopped { states, fewer_than }.to_string();
    assert!(
        told(1, 0)
            .ends_with("it found 1 state and nothing wrong; not even every run without a fault was tried")
    );
    assert!(
        told(9_000, 1)
            .ends_with("it found 9,000 states and nothing wrong; every run without a fault was tried")
    );
    assert!(told(9_000, 2).ends_with("every run with at most 1 fault in all was tried"));
    assert!(told(9_000, 3).ends_with("every run with at most 2 faults in all was tried"));
}
