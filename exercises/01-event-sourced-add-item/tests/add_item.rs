//! Exercise 01, in the order in which it is best solved.
//!
//! The first tests play one scripted run each, under one named monkey. The last
//! ones try every schedule and every fault within their bounds.

use chaos::{
    Chaos, Crash, DelayedAckFailure, DuplicateDelivery, Fault, LateDuplicate, LockExpiry, LostReply, Point,
    StoreUnavailable, System, explore, specifications,
};
use ex01_event_sourced_add_item::{endpoint, view};
use shared::order::{Order, OrderEvent, add_item, remove_item};
use shared::{Message, MessageId, Snapshot};

/// Your handler, and what an order should do.
fn orders() -> System {
    System::of(endpoint()).judged_by(specifications::orders())
}

/// Who caused the events in a stream, oldest first.
fn causes(run: &chaos::Run) -> Vec<MessageId> {
    run.stream("order-1").iter().map(|event| event.caused_by).collect()
}

/// Before anything happens there is no stream, and the provided view reads
/// that as an empty order. Green from the start: your toolchain works.
#[test]
fn t00_an_order_that_nobody_touched_is_empty() {
    assert_eq!(view(&Snapshot::default(), "order-1").unwrap(), Order::default());
}

/// The happy path. One message, no monkey: the item is in the stream, labelled
/// with the message that brought it, and `ItemAdded` is announced.
#[test]
fn t01_an_item_is_recorded_and_announced() {
    let tea = add_item("order-1", "tea");
    let run = Chaos::on(orders).send([tea.clone()]).run();
    run.assert_exactly_once();
    assert_eq!(causes(&run), [tea.id]);
    insta::assert_snapshot!(run.published(), @"ItemAdded(tea)");
}

/// Several items, and one taken out again. The order is rebuilt from its whole
/// history each time.
#[test]
fn t02_the_order_follows_from_its_history() {
    let run = Chaos::on(orders)
        .send([add_item("order-1", "tea"), add_item("order-1", "cake"), remove_item("order-1", "tea")])
        .run();
    run.assert_exactly_once();
    assert_eq!(view(run.snapshot(), "order-1").unwrap().items, ["cake"]);
    insta::assert_snapshot!(run.published(), @r"
    ItemAdded(tea)
    ItemAdded(cake)
    ItemRemoved(tea)
    ");
}

/// The customer clicks twice. The second click is another message, not a copy;
/// it changes nothing, says so, and is in the stream nevertheless.
#[test]
fn t03_a_message_that_changes_nothing_is_recorded() {
    let tea = add_item("order-1", "tea");
    let again = tea.said_again("second click");
    let run = Chaos::on(orders).send([tea.clone(), again.clone()]).run();
    run.assert_exactly_once();
    assert_eq!(causes(&run), [tea.id, again.id], "each message should have left one event in the stream");
    assert_eq!(run.stream("order-1")[1].read::<OrderEvent>().unwrap().name(), "NothingChanged");
    insta::assert_snapshot!(run.published(), @r"
    ItemAdded(tea)
    NothingChanged(tea)
    ");
}

/// Why the marker matters. The tea is to be taken out of an empty order; the
/// answer is "nothing changed". The worker dies before the ack. Now the tea is
/// added, and then the old message comes back. It must not touch the tea.
#[test]
fn t04_no_stays_no_when_the_world_has_moved_on() {
    let run = Chaos::on(orders)
        .send([remove_item("order-1", "tea"), add_item("order-1", "tea")])
        .under(Crash::before(Point::Ack, 0))
        .run();
    run.assert_exactly_once();
    assert_eq!(view(run.snapshot(), "order-1").unwrap().items, ["tea"]);
}

/// The broker delivers a copy, at once or after a week.
#[test]
fn t05_a_duplicate_changes_nothing_and_says_nothing_new() {
    for monkey in [DuplicateDelivery::of_message(0), LateDuplicate::of_message(0)] {
        let run = Chaos::on(orders)
            .send([add_item("order-1", "tea"), remove_item("order-1", "tea")])
            .under(monkey)
            .run();
        run.assert_exactly_once();
        assert_eq!(run.published(), "ItemAdded(tea)\nItemRemoved(tea)");
    }
}

/// A worker is so slow that its lock expires, and another one does the work in
/// the meantime. The slow one's append is refused: a conflict. It should say
/// so, and leave the rest to the next delivery.
#[test]
fn t06_a_conflict_sends_the_message_back() {
    let run = Chaos::on(orders)
        .send([add_item("order-1", "tea"), add_item("order-1", "cake")])
        .under(LockExpiry::of_message(0))
        .run();
    run.assert_exactly_once();
    assert_eq!(run.stream("order-1").len(), 2);
}

/// The worker dies before or after its write, before or after its output, or
/// before its ack. There is no good moment to die, and none that does harm.
#[test]
fn t07_a_crash_at_any_point_is_survived() {
    for monkey in [
        Crash::before(Point::Write(0), 0),
        Crash::after(Point::Write(0), 0),
        Crash::before(Point::Publish(0), 0),
        Crash::after(Point::Publish(0), 0),
        Crash::before(Point::Ack, 0),
    ] {
        let run = Chaos::on(orders)
            .send([add_item("order-1", "tea"), remove_item("order-1", "tea")])
            .under(monkey)
            .run();
        run.assert_exactly_once();
    }
}

/// The append takes effect and its reply is lost. The handler cannot know; the
/// next delivery can.
#[test]
fn t08_a_lost_reply_is_looked_up() {
    let run = Chaos::on(orders)
        .send([add_item("order-1", "tea"), add_item("order-1", "cake")])
        .under(LostReply::of_write(0, 0))
        .run();
    run.assert_exactly_once();
    assert_eq!(run.stream("order-1").len(), 2);
}

/// Tried three times, committed once. That is exactly-once *processing*: what
/// counts is the state and the outputs, not how many attempts they took.
#[test]
fn t09_three_tries_are_one_processing() {
    let run = Chaos::on(orders)
        .send([add_item("order-1", "tea")])
        .under(StoreUnavailable::for_read(0, 0))
        .under(Crash::before(Point::Write(0), 0))
        .run();
    run.assert_exactly_once();
    assert_eq!(run.report().faults, 2, "two attempts should have failed");
    assert_eq!(run.stream("order-1").len(), 1);
    insta::assert_snapshot!(run.published(), @"ItemAdded(tea)");
}

/// The monkey of the day. The tea is committed; then the broker is gone, for
/// its output and its ack alike. The cake overtakes, and the tea comes again.
#[test]
fn t10_two_items_added_quickly_while_acking_fails() {
    let run = Chaos::on(orders)
        .send([add_item("order-1", "tea"), add_item("order-1", "cake")])
        .under(DelayedAckFailure::of_message(0))
        .run();
    run.assert_exactly_once();
    insta::assert_snapshot!(run.published(), @r"
    ItemAdded(cake)
    ItemAdded(tea)
    ");
}

/// What may go wrong in the searches below, and must have been tried for the
/// verdict to count.
const FAULTS: [Fault; 12] = [
    Fault::ReadFails,
    Fault::WriteFails,
    Fault::WriteReplyLost,
    Fault::CrashBeforeWrite,
    Fault::CrashAfterWrite,
    Fault::PublishFails,
    Fault::CrashBeforePublish,
    Fault::CrashAfterPublish,
    Fault::AckFails,
    Fault::CrashBeforeAck,
    Fault::LockExpires,
    Fault::Duplicate,
];

fn every_schedule(messages: impl IntoIterator<Item = Message>, faults: u8) {
    explore(orders).send(messages).workers(2).faults(faults).must_visit(FAULTS).assert_exactly_once();
}

/// One message, two workers, any two faults, at any two moments.
#[test]
fn t11_every_schedule_of_one_message_and_two_faults() {
    every_schedule([add_item("order-1", "tea")], 2);
}

/// Two messages that don't care about each other.
#[test]
fn t12_every_schedule_of_two_items() {
    every_schedule([add_item("order-1", "tea"), add_item("order-1", "cake")], 1);
}

/// Two messages that do: each changes what the other one means.
#[test]
fn t13_every_schedule_of_adding_and_removing() {
    every_schedule([add_item("order-1", "tea"), remove_item("order-1", "tea")], 1);
}

/// `cargo workshop explore 01` runs this with as many of the messages, workers
/// and faults as you like.
#[test]
#[ignore = "for cargo workshop explore"]
fn explore_deeper() {
    let (tea, cake) = (add_item("order-1", "tea"), add_item("order-1", "cake"));
    let (no_tea, no_cake) = (remove_item("order-1", "tea"), remove_item("order-1", "cake"));
    explore(orders)
        .send([tea, cake, no_tea, no_cake, add_item("order-1", "milk")])
        .workers(2)
        .faults(0)
        .assert_exactly_once();
}
