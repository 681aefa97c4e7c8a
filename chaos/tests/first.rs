//! scratch
mod support;
use support::handlers::*;
use support::*;
use chaos::explore;

#[test]
fn first() {
    let t = std::time::Instant::now();
    let r = explore(naive_orders).send([add_item("order-1", "tea"), add_item("order-1", "cake")]).run();
    eprintln!("{r}\n{:?} {:?}", r.counts, t.elapsed());
    for f in 0..=2 {
        for sys in [point_in_time_orders, outbox_orders] {
            let t = std::time::Instant::now();
            let r = explore(sys).send([add_item("order-1", "tea"), add_item("order-1", "cake")]).faults(f).run();
            eprintln!("{r}\n{:?} {:?}\n", r.counts, t.elapsed());
        }
    }
    for (m, f) in [(vec![add_item("order-1", "tea"), add_item("order-1", "cake"), add_item("order-2", "pie")], 2), (vec![add_item("order-1", "tea"), add_item("order-1", "cake"), add_item("order-1", "pie")], 2)] {
        for sys in [point_in_time_orders, outbox_orders] {
            let t = std::time::Instant::now();
            let r = explore(sys).send(m.clone()).faults(f).run();
            eprintln!("{r}\n{:?} {:?}\n", r.counts, t.elapsed());
        }
    }
}
