//! scratch
mod support;
use support::handlers::*;
use support::*;
use chaos::*;

#[test]
fn first() {
    let mail = || [add_item("order-1", "tea"), add_item("order-1", "cake")];
    let r = explore(naive_orders).send(mail()).run();
    eprintln!("{r}");
    let r = explore(naive_orders).send(mail()).only([Fault::AckFails, Fault::PublishFails]).run();
    eprintln!("{r}");
    let run = Chaos::on(naive_orders).send(mail()).under(DelayedAckFailure::of_message(0)).run();
    eprintln!("{}\n{}", run.report(), run.published());
    assert_eq!(r.story, run.story());
    for m in [DuplicateDelivery::of_message(0), Reordering::of_all(), Crash::before(Point::Write(0), 0), Crash::after(Point::Write(0), 0),Crash::before(Point::Publish(0), 0), Crash::after(Point::Publish(0), 0), Crash::before(Point::Ack, 0), LostReply::of_write(0, 0), StoreUnavailable::for_read(0,0), LockExpiry::of_message(0), LateDuplicate::of_message(0)] {
        for s in [naive_orders, point_in_time_orders, outbox_orders] {
        let run = Chaos::on(s).send(mail()).under(m.clone()).run();
        eprintln!("{} {}", m.name(), run.report().headline());
        if s == outbox_orders { 
        eprintln!("{}", run.report());
          run.assert_exactly_once() }
        }
    }
    let r = explore(outbox_orders).send([add_item("order-1", "tea"), add_item("order-1", "cake")]).faults(2).run();
    eprintln!("{r}");
}
