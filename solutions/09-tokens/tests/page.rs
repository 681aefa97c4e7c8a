//! What the pages of the exercise show is what the harness prints: it is kept in
//! tests/snapshots/, and the pages name those files as their sources.

use chaos::{Chaos, Crash, Explore, LateDuplicate, Point, System, headlines, specifications};
use ex09_tokens::{TOKENS, loyalty, orders, registered};
use shared::memory::{MemoryPorts, Runner};
use shared::order::add_item;
use shared::{Endpoint, Message, Precondition, Snapshot};

/// The solution of 06, to compare with.
#[path = "../../06-inbox/src/lib.rs"]
mod inbox;
/// The runner that the exercise starts from.
#[path = "../mistakes/keeps_an_inbox_for_seven_days.rs"]
mod keeps_an_inbox_for_seven_days;
#[path = "support/mod.rs"]
mod support;
use support::{alone, behind, both, further_down, searches};

#[test]
fn the_story_of_a_duplicate_and_time() {
    let system = |heard: &[Message]| further_down(keeps_an_inbox_for_seven_days::loyalty(), heard);
    insta::assert_snapshot!("eighth-day", searches::a_duplicate_and_time(system).run().diagnosis());
}

#[test]
fn the_story_of_a_crash_and_a_late_copy() {
    let sent = [add_item("order-1", "tea")];
    let run = Chaos::on(|| alone(orders(), &sent))
        .send(sent.clone())
        .under(Crash::before(Point::Write(2), 0))
        .under(LateDuplicate::of_message(0))
        .run();
    run.assert_exactly_once();
    insta::assert_snapshot!("crash-and-late-copy", run.story());
}

#[test]
fn the_verdicts() {
    let alone = |sent: &[Message]| alone(orders(), sent);
    let [_, one_fault, two_faults] = support::through_both_endpoints(orders, loyalty);
    let searches = [
        one_fault,
        two_faults,
        searches::two_items(alone),
        searches::removing_and_adding(alone),
        searches::one_request_within_seven_days(|| behind(ex09_tokens::door())),
    ];
    insta::assert_snapshot!("verdicts", headlines(searches.map(Explore::run)));
}

/// The table: round trips for the tea, and documents after a thousand messages.
#[test]
fn what_it_costs() {
    let row = |name: &str, orders: fn() -> Endpoint, loyalty: fn() -> Endpoint| {
        let sent = [add_item("order-1", "tea")];
        let system = || match name {
            "06, inbox" => System::of(orders())
                .judged_by(specifications::orders_with_welcome())
                .and(loyalty())
                .judged_by(specifications::loyalty()),
            _ => both(orders(), loyalty(), &sent),
        };
        let run = Chaos::on(system).send(sent.clone()).run();
        run.assert_exactly_once();
        let (here, there) = (run.round_trips("orders"), run.round_trips("loyalty"));
        let kept = documents_after_a_thousand(&orders());
        format!("| {name} | {} | {} | {kept} |\n", here.total(), there.total())
    };
    let table = "| | round trips, orders | round trips, loyalty | documents kept |\n|---|---|---|---|\n"
        .to_owned()
        + &row("06, inbox", inbox::orders, inbox::loyalty)
        + &row("09, tokens", orders, loyalty)
        + &row("09, tokens registered", registered::orders, registered::loyalty);
    insta::assert_snapshot!("price", table);
}

/// What the orders keep for the sake of a thousand messages that are done.
fn documents_after_a_thousand(orders: &Endpoint) -> usize {
    let memory = MemoryPorts::of(orders);
    let messages: Vec<Message> =
        (0..1_000).map(|n: u32| add_item("order-1", "tea").said_again(&n.to_string())).collect();
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
        for message in messages {
            if let Some(tokens) = memory.ports().stores.get(TOKENS) {
                tokens.put(&message.id.to_string(), Vec::new(), Precondition::None).await.unwrap();
            }
            Runner::new(orders.clone(), memory.ports()).run([message]).await.unwrap();
        }
    });
    // The outputs wait for the loyalty programme, which is not here.
    let snapshot = memory.snapshot();
    let waiting = memory.publisher.published();
    let waits = |key: &str| waiting.iter().any(|output| output.id.to_string() == key);
    let further = |store: &String| kept(&snapshot, store).filter(|key| !waits(key)).count();
    orders.stores().iter().map(further).sum()
}

fn kept<'a>(snapshot: &'a Snapshot, store: &str) -> impl Iterator<Item = &'a str> {
    snapshot.documents_in(store).map(|(key, _)| key)
}
