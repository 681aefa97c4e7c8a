//! Exercise 01, in the order in which it is best solved.
//!
//! The first tests play one scripted run each, under one named monkey. The last
//! ones try every schedule and every fault within their bounds.

use std::collections::BTreeSet;

use chaos::{
    Chaos, Crash, DelayedAckFailure, DuplicateDelivery, LateDuplicate, LockExpiry, LostReply, Point, Run,
    StoreUnavailable, System, explore, should_be, specifications,
};
use closing::{Closing, Dialogue};
use ex01_event_sourced_add_item::{endpoint, view};
use shared::order::{Order, add_item, remove_item};
use shared::{Message, MessageId, Snapshot};

mod searches;

/// Your handler, and what an order should do.
fn orders() -> System {
    System::of(endpoint()).judged_by(specifications::orders())
}

/// Asks whether each of these messages has left a trace in the stream, and nothing
/// else has. How many events a message leaves, and what is in them, is your affair.
#[track_caller]
fn assert_traces(run: &Run, messages: &[&Message]) {
    let causes: BTreeSet<MessageId> = run.stream("order-1").iter().map(|event| event.caused_by).collect();
    for message in messages {
        let name = message.name();
        assert!(
            causes.contains(&message.id),
            "no event in the stream says that {name} ({}) caused it",
            message.id
        );
    }
    assert!(causes.len() == messages.len(), "there are events in the stream that other messages have caused");
}

/// Before anything happens there is no stream, and the provided view reads
/// that as an empty order. Green from the start: your toolchain works.
#[test]
fn t00_an_order_that_nobody_touched_is_empty() {
    should_be!(
        "an order that nobody has touched",
        view(&Snapshot::default(), "order-1").unwrap(),
        Order::default()
    );
}

/// The happy path. One message, no monkey: the item is in the stream, labelled
/// with the message that brought it, and `ItemAdded` is announced.
#[test]
fn t01_an_item_is_recorded_and_announced() {
    let tea = add_item("order-1", "tea");
    let run = Chaos::on(orders).send([tea.clone()]).run();
    run.assert_exactly_once();
    assert_traces(&run, &[&tea]);
    should_be!("what was published", run.published_in_any_order(), ["ItemAdded(tea)"]);
}

/// Several items, and one taken out again. The order is rebuilt from its whole
/// history each time.
#[test]
fn t02_the_order_follows_from_its_history() {
    let run = Chaos::on(orders)
        .send([add_item("order-1", "tea"), add_item("order-1", "cake"), remove_item("order-1", "tea")])
        .run();
    run.assert_exactly_once();
    should_be!("what is in the order", view(run.snapshot(), "order-1").unwrap().items, ["cake"]);
    should_be!(
        "what was published",
        run.published_in_any_order(),
        ["ItemAdded(cake)", "ItemAdded(tea)", "ItemRemoved(tea)"]
    );
}

/// The customer clicks twice. The second click is another message, not a copy;
/// it changes nothing, says so, and is in the stream nevertheless.
#[test]
fn t03_a_message_that_changes_nothing_is_recorded() {
    let tea = add_item("order-1", "tea");
    let again = tea.said_again("second click");
    let run = Chaos::on(orders).send([tea.clone(), again.clone()]).run();
    run.assert_exactly_once();
    assert_traces(&run, &[&tea, &again]);
    should_be!("what was published", run.published_in_any_order(), ["ItemAdded(tea)", "NothingChanged(tea)"]);
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
    should_be!("what is in the order", view(run.snapshot(), "order-1").unwrap().items, ["tea"]);
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
        should_be!("what was published", run.published(), "ItemAdded(tea)\nItemRemoved(tea)");
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
    assert_traces(&run, &[&add_item("order-1", "tea"), &add_item("order-1", "cake")]);
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
    assert_traces(&run, &[&add_item("order-1", "tea"), &add_item("order-1", "cake")]);
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
    should_be!("the number of attempts that have failed", run.report().faults, 2);
    assert_traces(&run, &[&add_item("order-1", "tea")]);
    should_be!("what was published", run.published_in_any_order(), ["ItemAdded(tea)"]);
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
    should_be!("what was published", run.published_in_any_order(), ["ItemAdded(cake)", "ItemAdded(tea)"]);
}

// From here on, every schedule and every fault within the bounds. What is searched is
// listed in searches/mod.rs, together with what must have been tried for the verdict to
// count.

/// One message, two workers, any two faults, at any two moments.
#[test]
fn t11_every_schedule_of_one_message_and_two_faults() {
    searches::one_item(orders).assert_exactly_once();
}

/// Two messages that don't care about each other.
#[test]
fn t12_every_schedule_of_two_items() {
    searches::two_items(orders).assert_exactly_once();
}

/// Two messages that do: each changes what the other one means.
#[test]
fn t13_every_schedule_of_adding_and_removing() {
    searches::adding_and_removing(orders).assert_exactly_once();
}

// The questions that every exercise ends with (closing/src/lib.rs), asked of your
// handler. There is nothing new to do for them, if its idea is right.

fn closing() -> Closing<impl Fn(&[Message]) -> System> {
    Closing::of(Dialogue::ORDERS, |_| orders())
}

/// Tea is added, and taken out; and then somebody wants tea. What says the same
/// is not the same message.
#[test]
fn t14_the_same_again_is_no_copy() {
    closing().the_same_again();
}

/// Two orders have nothing to do with each other.
#[test]
fn t15_another_order_is_another_order() {
    closing().another_aggregate();
}

/// A copy of the first message comes when 150 have been processed. Whoever
/// remembers "the last few" has forgotten it.
#[test]
fn t16_a_copy_comes_after_many_others() {
    closing().a_copy_after_many();
}

/// A worker dies and leaves something to do. Whoever finds it is disturbed, too.
#[test]
fn t17_two_messages_and_any_two_faults() {
    closing().two_messages_and_two_faults();
}

/// "Nothing changed" is an answer like any other, whatever goes wrong.
#[test]
fn t18_nothing_changed_and_any_two_faults() {
    closing().says_little();
}

/// Twelve late copies, and what is stored is no larger than before.
#[test]
fn t19_copies_take_no_room() {
    closing().copies_take_no_room();
}

/// `cargo workshop explore 01` runs this with three of the messages, two workers and
/// two faults, a message and a fault more than the exercise looks at; or with as many
/// as you say.
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
