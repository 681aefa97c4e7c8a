//! Exercise 04, in the order in which it is best solved.
//!
//! From now on your code sends its outputs itself, through `ports.publisher`.
//! What is published is seen by others at once, and a publish can fail like any
//! write. The monkeys know.

use chaos::{
    Chaos, Crash, DelayedAckFailure, DuplicateDelivery, LateDuplicate, LockExpiry, LostReply, Point,
    StoreUnavailable, System, explore, should_be, specifications,
};
use closing::{Closing, Dialogue};
use ex04_outbox::{endpoint, view};
use shared::order::{Order, add_item, remove_item};
use shared::{Message, Snapshot};

mod searches;

/// Your handler, and what an order should do: announce every change, and
/// welcome the customer when an empty order gets its first item.
fn orders() -> System {
    System::of(endpoint()).judged_by(specifications::orders_with_welcome())
}

/// Before anything happens there is no document, and the view reads that as an
/// empty order. Your toolchain works.
#[test]
fn t00_an_order_that_nobody_touched_is_empty() {
    should_be!(
        "an order that nobody has touched",
        view(&Snapshot::default(), "order-1").unwrap(),
        Order::default()
    );
}

/// The happy path: two items, no monkey, one welcome.
#[test]
fn t01_items_are_stored_and_announced() {
    let run = Chaos::on(orders).send([add_item("order-1", "tea"), add_item("order-1", "cake")]).run();
    run.assert_exactly_once();
    should_be!(
        "what was published",
        run.published_in_any_order(),
        ["FirstItemAdded(tea)", "ItemAdded(cake)", "ItemAdded(tea)"]
    );
}

/// How the document looks inside is your business: this test never opens it,
/// and asks the view. But of each order there is *one* document, because one
/// document is all that a put can write at once. (One for all orders would be right,
/// too, and slow: every put would conflict with every other.)
#[test]
fn t02_the_layout_is_yours_and_it_is_one_document() {
    let run = Chaos::on(orders)
        .send([add_item("order-1", "tea"), add_item("order-1", "cake"), add_item("order-2", "tea")])
        .run();
    run.assert_exactly_once();
    should_be!("what is in the order", view(run.snapshot(), "order-1").unwrap().items, ["tea", "cake"]);
    let documents: Vec<&str> = run.snapshot().documents().map(|(key, _)| key).collect();
    assert!(
        documents.len() <= 2,
        "There are two orders, and these documents: {}. One put writes one of them; whatever belongs \
         together is in one.",
        documents.join(", ")
    );
}

/// The monkey of the day. The tea is committed; then the broker is gone, for
/// its outputs and its ack alike. The cake overtakes, and the tea comes again.
#[test]
fn t03_two_items_added_quickly_while_acking_fails() {
    let run = Chaos::on(orders)
        .send([add_item("order-1", "tea"), add_item("order-1", "cake")])
        .under(DelayedAckFailure::of_message(0))
        .run();
    run.assert_exactly_once();
    should_be!(
        "what was published",
        run.published_in_any_order(),
        ["FirstItemAdded(tea)", "ItemAdded(cake)", "ItemAdded(tea)"]
    );
}

/// "Nothing changed" is remembered like any other answer. The tea is to be
/// taken out of an empty order; then it is added; then the old message comes
/// again. It must not touch the tea.
#[test]
fn t04_no_stays_no_when_the_world_has_moved_on() {
    for monkey in [DelayedAckFailure::of_message(0), LateDuplicate::of_message(0)] {
        let run = Chaos::on(orders)
            .send([remove_item("order-1", "tea"), add_item("order-1", "tea")])
            .under(monkey)
            .run();
        run.assert_exactly_once();
        should_be!("what is in the order", view(run.snapshot(), "order-1").unwrap().items, ["tea"]);
    }
}

/// The worker dies before or after the commit, before or after an output,
/// before or after the clean-up, before the ack. Wherever it dies, the next
/// delivery goes on from there. (Yours need not have all of these moments.)
#[test]
fn t05_a_crash_at_any_point_is_survived() {
    for monkey in [
        Crash::before(Point::Write(0), 0),
        Crash::after(Point::Write(0), 0),
        Crash::before(Point::Publish(0), 0),
        Crash::after(Point::Publish(0), 0),
        Crash::before(Point::Write(1), 0),
        Crash::after(Point::Write(1), 0),
        Crash::before(Point::Ack, 0),
    ] {
        let run = Chaos::on(orders)
            .send([add_item("order-1", "tea"), add_item("order-1", "cake")])
            .under(monkey.if_it_gets_the_chance())
            .run();
        run.assert_exactly_once();
        should_be!("the number of messages that were published", run.published_in_any_order().len(), 3);
    }
}

/// The put took effect, and its reply is lost: that of the commit, or that of
/// the clean-up. Your handler cannot know which; the document can.
#[test]
fn t06_a_lost_reply_is_looked_up() {
    for write in [0, 1] {
        let run = Chaos::on(orders)
            .send([add_item("order-1", "tea"), add_item("order-1", "cake")])
            .under(LostReply::of_write(write, 0).if_it_gets_the_chance())
            .run();
        run.assert_exactly_once();
    }
}

/// A worker is so slow that its lock expires, and another one does everything
/// in the meantime. The slow one's put meets a document that it has not read: a
/// conflict. Nothing of what it was about to say may be heard.
#[test]
fn t07_a_conflict_silences_the_slower_worker() {
    let run = Chaos::on(orders)
        .send([add_item("order-1", "tea"), add_item("order-1", "cake")])
        .under(LockExpiry::of_message(0))
        .run();
    run.assert_exactly_once();
    should_be!(
        "what was published",
        run.published_in_any_order(),
        ["FirstItemAdded(tea)", "ItemAdded(cake)", "ItemAdded(tea)"]
    );
}

/// The broker delivers a copy, at once or after a week.
#[test]
fn t08_a_duplicate_changes_nothing_and_says_nothing_new() {
    for monkey in [DuplicateDelivery::of_message(0), LateDuplicate::of_message(0)] {
        let run = Chaos::on(orders)
            .send([add_item("order-1", "tea"), remove_item("order-1", "tea")])
            .under(monkey)
            .run();
        run.assert_exactly_once();
        should_be!(
            "what was published",
            run.published_in_any_order(),
            ["FirstItemAdded(tea)", "ItemAdded(tea)", "ItemRemoved(tea)"]
        );
    }
}

/// Tried three times, committed once.
#[test]
fn t09_three_tries_are_one_processing() {
    let run = Chaos::on(orders)
        .send([add_item("order-1", "tea")])
        .under(StoreUnavailable::for_read(0, 0))
        .under(Crash::before(Point::Write(0), 0))
        .run();
    run.assert_exactly_once();
    should_be!("the number of attempts that have failed", run.report().faults, 2);

    // The store is away for as long as a delivery lasts. However often your handler
    // asks again by itself: in the end the message has to come again.
    let run = Chaos::on(orders)
        .send([add_item("order-1", "tea")])
        .under(StoreUnavailable::for_every_read(0, 0))
        .run();
    run.assert_exactly_once();
}

/// What was sent need not be kept. When all is quiet, no outgoing message is in
/// the document any more. (What must stay is for the next tests to find out.)
#[test]
fn t10_what_was_sent_is_cleaned_away() {
    let run = Chaos::on(orders)
        .send([add_item("order-1", "tea"), add_item("order-1", "cake")])
        .under(Crash::after(Point::Publish(0), 0))
        .run();
    run.assert_exactly_once();
    let document =
        String::from_utf8_lossy(run.snapshot().document("order-1").unwrap_or_default()).into_owned();
    for output in run.published_messages() {
        assert!(!document.contains(&output.id.to_string()), "{} is still in {document}", output.name());
    }

    // Nor what it said: the item is out of the order again, so whoever still has
    // its name keeps it for a message.
    let sent = [add_item("order-1", "oolong"), remove_item("order-1", "oolong")];
    let run = Chaos::on(orders).send(sent).run();
    run.assert_exactly_once();
    let document = run.snapshot().document("order-1").unwrap_or_default();
    let document = String::from_utf8_lossy(document);
    assert!(!document.contains("oolong"), "what was said about the oolong is still in {document}");
}

// From here on, every schedule and every fault within the bounds. What is searched is
// listed in searches/mod.rs, together with what must have been tried for the verdict to
// count.

/// One message, two workers, any two faults, at any two moments.
#[test]
fn t11_every_schedule_of_one_message_and_two_faults() {
    searches::one_item(orders).assert_exactly_once();
}

/// The two items, under everything that can go wrong once.
#[test]
fn t12_every_schedule_of_two_items() {
    searches::two_items(orders).assert_exactly_once();
}

/// Two messages each of which changes what the other one means.
#[test]
fn t13_every_schedule_of_removing_and_adding() {
    searches::removing_and_adding(orders).assert_exactly_once();
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

/// `cargo workshop explore 04` runs this with three of the messages, two workers and
/// two faults, a message and a fault more than the exercise looks at; or with as many
/// as you say.
#[test]
#[ignore = "for cargo workshop explore"]
fn explore_deeper() {
    let (tea, cake) = (add_item("order-1", "tea"), add_item("order-1", "cake"));
    let (no_tea, no_cake) = (remove_item("order-1", "tea"), remove_item("order-1", "cake"));
    explore(orders)
        .send([tea, cake, no_tea, no_cake, add_item("order-1", "milk")])
        .workers(1)
        .faults(0)
        .assert_exactly_once();
}
