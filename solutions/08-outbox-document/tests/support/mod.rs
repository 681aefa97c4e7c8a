//! What the tests of the solution have in common with those of the exercise.

#![allow(dead_code, reason = "several tests include this file, and each uses a part of it")]

use std::collections::BTreeSet;

use chaos::{Explore, StoreKind, System, specifications};
use shared::memory::DYNAMODB_LIMIT;
use shared::order::add_item;
use shared::{Endpoint, Snapshot};

#[path = "../../../../exercises/08-outbox-document/tests/searches/mod.rs"]
pub mod searches;

/// How to make an endpoint.
pub type Make = fn() -> Endpoint;

/// The searches of the exercise for the guarantee, and for what nobody could find again.
pub fn searches(endpoint: Make) -> Vec<Explore> {
    let mut all = searches::of_the_guarantee(|| orders(endpoint()));
    all.push(searches::one_item(|| all_accounted_for(endpoint())));
    all
}

/// The search for a message that is never taken. The exercise asks whether an order at
/// rest takes another message; here that one is sent.
pub fn searches_for_rest(endpoint: Make) -> Vec<Explore> {
    let search = searches::one_item_begun_and_left(|| orders(endpoint()));
    vec![search.send([add_item("order-1", "cake")])]
}

/// As in the exercise: limited stores, and a small document of the order.
pub fn orders(endpoint: Endpoint) -> System {
    limited(endpoint)
        .judged_by(specifications::orders_with_welcome())
        .beside([ex08_outbox_document::orders()])
        .stores_at_most("the document of the order", 400, |snapshot| {
            snapshot.document("order-1").map_or(0, <[u8]>::len)
        })
}

/// The same, and nothing in the outbox that the inbox does not know of.
pub fn all_accounted_for(endpoint: Endpoint) -> System {
    orders(endpoint).leaves_no_garbage(unaccounted_for)
}

/// The same, and nothing in the outbox at all.
pub fn bare(endpoint: Endpoint) -> System {
    orders(endpoint).stores_at_most("the number of outbox documents", 0, in_the_outbox)
}

/// The same, and in the outbox what one attempt writes at most.
pub fn of_one_attempt(endpoint: Endpoint) -> System {
    orders(endpoint).stores_at_most("the number of attempts in the outbox", 1, |snapshot| {
        let names = snapshot.documents_in("outbox").filter_map(|(key, _)| key.split('/').next());
        names.collect::<BTreeSet<_>>().len()
    })
}

/// An endpoint on stores with a limit.
pub fn limited(endpoint: Endpoint) -> System {
    const LIMIT: StoreKind = StoreKind { weak: false, limit: Some(DYNAMODB_LIMIT) };
    System::of(endpoint).store("orders", LIMIT).store("orders inbox", LIMIT).store("orders outbox", LIMIT)
}

/// The orders on stores whose reads may be out of date.
pub fn weak(endpoint: Endpoint) -> System {
    const WEAK: StoreKind = StoreKind { weak: true, limit: Some(DYNAMODB_LIMIT) };
    System::of(endpoint)
        .store("orders", WEAK)
        .store("orders inbox", WEAK)
        .store("orders outbox", WEAK)
        .judged_by(specifications::orders_with_welcome())
}

fn unaccounted_for(snapshot: &Snapshot) -> Vec<String> {
    let known = |key: &str| {
        let name = key.split('/').next().unwrap_or(key);
        snapshot
            .documents_in("inbox")
            .any(|(message, claim)| message == name || String::from_utf8_lossy(claim).contains(name))
    };
    let lost = snapshot.documents_in("outbox").filter(|&(key, _)| !known(key));
    lost.map(|_| "an outbox document that the inbox knows nothing of".to_owned()).collect()
}

/// How many documents are in the outbox.
pub fn in_the_outbox(snapshot: &Snapshot) -> usize {
    snapshot.documents_in("outbox").count()
}
