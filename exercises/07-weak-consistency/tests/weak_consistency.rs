//! scratch
use chaos::*;
use ex07_weak_consistency::{loyalty, orders};
use shared::order::add_item;
fn both() -> System {
    System::of(orders())
        .judged_by(specifications::orders_with_welcome())
        .and(loyalty())
        .judged_by(specifications::loyalty())
}
fn one() -> System {
    let weak = StoreKind { weak: true, limit: None };
    System::of(orders())
        .judged_by(specifications::orders_with_welcome())
        .store("orders", weak)
        .store("orders inbox", weak)
}
fn show(what: &str, e: Explore) {
    let t = std::time::Instant::now();
    let r = e.run();
    println!("{what}: {:?} {} states\n{r}", t.elapsed(), r.counts.states);
}
#[test]
fn x() {
    let (a, b, c) = (add_item("order-1", "tea"), add_item("order-1", "cake"), add_item("order-2", "tea"));
    show("1m2f", explore(one).send([a.clone()]).faults(2));
    show("2m1f", explore(one).send([a.clone(), b.clone()]).faults(1));
    show("2+1m2f", explore(one).send([a.clone(), b.clone(), c.clone()]).faults(2));
    show("1m2f2s", explore(one).send([a.clone()]).faults(2).stale(2));
    show("2m1f2s", explore(one).send([a.clone(), b.clone()]).faults(1).stale(2));
    show("2m1f1s", explore(one).send([a.clone(), b.clone()]).faults(1).stale(1));
    show("2+1m2f2s", explore(one).send([a.clone(), b.clone(), c.clone()]).faults(2).stale(2));
    show("both 1m1f", explore(both).send([a.clone()]).faults(1));
    show("both 1m2f", explore(both).send([a.clone()]).faults(2));
    let r = Chaos::on(both).send([a.clone(), b.clone()]).run();
    println!("{}\n{:?} {:?}", r.story(), r.round_trips("orders"), r.round_trips("loyalty"));
}
