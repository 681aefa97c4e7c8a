//! scratch
use chaos::*;
use ex06_inbox::{loyalty, orders};
use shared::order::*;
use shared::*;
fn both() -> System {
    System::of(orders())
        .judged_by(specifications::orders_with_welcome())
        .and(loyalty())
        .judged_by(specifications::loyalty())
}
fn lo() -> System {
    System::of(loyalty()).judged_by(specifications::loyalty())
}
fn show(what: &str, e: Explore) {
    let t = std::time::Instant::now();
    let r = e.limit_states(8_000_000).run();
    println!(
        "{what}: {:?} {} states {} at rest {:?}",
        t.elapsed(),
        r.counts.states,
        r.counts.at_rest,
        r.verdict
    );
}
#[test]
fn x() {
    let (a, b) = (add_item("order-1", "tea"), add_item("order-1", "cake"));
    let f = Message::new(
        MessageId::named("f"),
        &OrderEvent::FirstItemAdded { order_id: "order-1".into(), item: "tea".into() },
    );
    let g = Message::new(
        MessageId::named("g"),
        &OrderEvent::ItemAdded { order_id: "order-1".into(), item: "tea".into() },
    );
    let h = Message::new(
        MessageId::named("h"),
        &OrderEvent::ItemAdded { order_id: "order-1".into(), item: "cake".into() },
    );
    show("lo 2m0f", explore(lo).send([f.clone(), g.clone()]).faults(0));
    show("lo 3m0f", explore(lo).send([f.clone(), g.clone(), h.clone()]).faults(0));
    show("lo 3m1f", explore(lo).send([f.clone(), g.clone(), h.clone()]).faults(1));
    show("lo 3m2f", explore(lo).send([f.clone(), g.clone(), h.clone()]).faults(2));
    show("both 2m0f", explore(both).send([a.clone(), b.clone()]).faults(0));
    show("both 2m1f", explore(both).send([a.clone(), b.clone()]).faults(1));
}
