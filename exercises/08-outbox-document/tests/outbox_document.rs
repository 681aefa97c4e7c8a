//! Exercise 08, in the order in which it is best solved.
//!
//! Most of these tests are green from the start: the runner of exercise 07 is
//! right, as long as what it has to say is short. `t08` to `t10` make it talk.
//! The others are there to stay green while you take the outbox out of the
//! state document, and they will not all stay green by themselves.

use std::collections::BTreeSet;

use chaos::{
    Chaos, Crash, DelayedAckFailure, DuplicateDelivery, LateDuplicate, LockExpiry, LostReply, Point,
    StoreKind, StoreUnavailable, System, explore, should_be, specifications,
};
use closing::{Closing, Dialogue};
use ex08_outbox_document::{INBOX, OUTBOX, endpoint_of, loyalty, orders};
use serde::{Deserialize, Serialize};
use shared::memory::{DYNAMODB_LIMIT, MemoryDocumentStore, MemoryPorts, Runner};
use shared::order::{Order, add_item, remove_item};
use shared::{Chance, DocumentStore, Endpoint, Message, MessageId, Precondition, Snapshot, StateMachine};

mod searches;

/// A store, and what each of its documents may measure, key and body.
fn at_most(bytes: usize) -> StoreKind {
    StoreKind { weak: false, limit: Some(bytes) }
}

/// What may be in the document of an order of two items, once all is quiet.
const SMALL: usize = 400;

/// Your runner with the orders in it, on stores with a limit.
///
/// At rest, the document of an order is small.
fn orders_in_small_documents() -> System {
    orders_with_a_document_of(DYNAMODB_LIMIT)
}

/// The same, with a limit of its own for the document of an order.
fn orders_with_a_document_of(bytes: usize) -> System {
    limited(orders(), bytes).judged_by(specifications::orders_with_welcome()).stores_at_most(
        "the document of the order",
        SMALL,
        |snapshot| snapshot.document("order-1").map_or(0, <[u8]>::len),
    )
}

/// The same, and at rest there is nothing in the outbox at all.
fn orders_in_a_tidy_office() -> System {
    orders_in_small_documents().stores_at_most("the number of outbox documents", 0, in_the_outbox)
}

/// The same as the first, and whatever is left in the outbox at rest can be found by starting
/// from the inbox.
fn orders_with_all_accounted_for() -> System {
    orders_in_small_documents().leaves_no_garbage(unaccounted_for)
}

/// An endpoint named `orders`, on stores with a limit: 400 KB, and this for the
/// states.
fn limited(endpoint: Endpoint, state: usize) -> System {
    System::of(endpoint)
        .store("orders", at_most(state))
        .store("orders inbox", at_most(DYNAMODB_LIMIT))
        .store("orders outbox", at_most(DYNAMODB_LIMIT))
}

/// The documents in the outbox that nobody could find who has only the inbox:
/// none of its documents has or mentions the key, or what comes before a slash
/// in the key.
fn unaccounted_for(snapshot: &Snapshot) -> Vec<String> {
    let known = |key: &str| {
        let name = key.split('/').next().unwrap_or(key);
        snapshot
            .documents_in(INBOX)
            .any(|(message, claim)| message == name || String::from_utf8_lossy(claim).contains(name))
    };
    let lost = snapshot.documents_in(OUTBOX).filter(|&(key, _)| !known(key));
    lost.map(|_| "an outbox document that the inbox knows nothing of".to_owned()).collect()
}

fn in_the_outbox(snapshot: &Snapshot) -> usize {
    snapshot.documents_in(OUTBOX).count()
}

/// The order, through the view of your endpoint.
#[track_caller]
fn order(snapshot: &Snapshot) -> Order {
    serde_json::from_value(orders().state_of(snapshot, "order-1").unwrap()).unwrap()
}

// A machine with a lot to remember and a lot to say.

/// Sends brochures to whoever asks for one.
struct Brochures;

#[derive(Serialize, Deserialize)]
enum Ask {
    AskFor { brochure: String },
}

/// What the print shop keeps of a brochure.
#[derive(Default, Serialize, Deserialize)]
struct Plates {
    /// The printing plates: 200 KB, once they are made.
    plates: String,
    /// How many have been printed.
    printed: usize,
}

#[derive(Serialize, Deserialize)]
enum Answer {
    Brochure { brochure: String, number: usize, pages: String },
}

impl StateMachine for Brochures {
    type Input = Ask;
    type State = Plates;
    type Output = Answer;

    fn aggregate(Ask::AskFor { brochure }: &Ask) -> &str {
        brochure
    }

    fn react(state: &mut Plates, Ask::AskFor { brochure }: &Ask, _: &Chance<'_>) -> Vec<Answer> {
        state.plates = "#".repeat(200_000 / shrunk(brochure));
        state.printed += 1;
        let pages = "~".repeat(250_000 / shrunk(brochure));
        vec![Answer::Brochure { brochure: brochure.clone(), number: state.printed, pages }]
    }
}

fn ask_for(brochure: &str) -> Message {
    Message::new(MessageId::named(brochure), &Ask::AskFor { brochure: brochure.to_owned() })
}

/// A leaflet is a brochure, and a tenth of it.
const LEAFLET: &str = "leaflet";

fn shrunk(brochure: &str) -> usize {
    if brochure == LEAFLET { 10 } else { 1 }
}

/// Leaflets, in documents that are as much smaller.
fn leaflets() -> System {
    limited(endpoint_of::<Brochures>("orders"), DYNAMODB_LIMIT / shrunk(LEAFLET))
}

/// The numbers of the brochures that were sent.
fn numbers(published: &[Message]) -> Vec<usize> {
    let answers = published.iter().map(|message| message.read::<Answer>().unwrap());
    let mut numbers: Vec<_> = answers.map(|Answer::Brochure { number, .. }| number).collect();
    numbers.sort_unstable();
    numbers
}

/// How many were printed, through the view of your endpoint.
#[track_caller]
fn printed(snapshot: &Snapshot, brochure: &str) -> u64 {
    let state = endpoint_of::<Brochures>("orders").state_of(snapshot, brochure).unwrap();
    state["printed"].as_u64().unwrap()
}

/// Before anything happens there is no document, and the view reads that as an
/// empty order. Your toolchain works.
#[test]
fn t00_an_order_that_nobody_touched_is_empty() {
    should_be!("an order that nobody has touched", order(&Snapshot::default()), Order::default());
}

/// The happy path: two items, no monkey, one welcome.
#[test]
fn t01_items_are_stored_and_announced() {
    let run = Chaos::on(orders_in_small_documents)
        .send([add_item("order-1", "tea"), add_item("order-1", "cake")])
        .run();
    run.assert_exactly_once();
    should_be!(
        "what was published",
        run.published_in_any_order(),
        ["FirstItemAdded(tea)", "ItemAdded(cake)", "ItemAdded(tea)"]
    );
    should_be!("what is in the order", order(run.snapshot()).items, ["tea", "cake"]);
}

/// The monkey of the day. The tea is committed; then the broker is gone, for
/// its outputs and its ack alike. The cake overtakes, and the tea comes again.
#[test]
fn t02_two_items_added_quickly_while_acking_fails() {
    let run = Chaos::on(orders_in_small_documents)
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

/// The worker has committed the tea and dies before it could say a word. The
/// next one comes with the cake. Nothing of the tea may get lost on the way,
/// and its copy, which comes last, must not be taken for new. Nor need there be
/// one: while the first worker was slow, another one may have acknowledged it.
#[test]
fn t03_what_was_begun_is_finished() {
    for message in [0, 1] {
        let run = Chaos::on(orders_in_small_documents)
            .send([add_item("order-1", "tea"), add_item("order-1", "cake"), remove_item("order-1", "tea")])
            .under(Crash::before(Point::Publish(0), message))
            .run();
        run.assert_exactly_once();
        assert!(order(run.snapshot()).contains("cake"), "the customer wants cake");
    }
    let goes_on = || {
        orders_in_small_documents()
            .stores_at_most("the number of messages that the order will never take", 0, refused)
            .which_means("nothing that this customer does has any effect from here on")
    };
    searches::one_item_begun_and_left(goes_on).assert_exactly_once();
}

/// How many of one further message the endpoint refuses for good, on the documents that
/// it has at rest.
fn refused(snapshot: &Snapshot) -> usize {
    let endpoint = orders();
    let memory = MemoryPorts::of(&endpoint);
    let runner = Runner::new(endpoint, memory.ports());
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let done = runtime.block_on(async {
        for (key, body) in snapshot.documents() {
            memory.documents.put(key, body.to_vec(), Precondition::None).await.unwrap();
        }
        for (name, store) in &memory.stores {
            for (key, body) in snapshot.documents_in(name) {
                store.put(key, body.to_vec(), Precondition::None).await.unwrap();
            }
        }
        runner.run([add_item("order-1", "cake")]).await
    });
    usize::from(done.is_err())
}

/// The worker dies before or after any of its first writes, before or after an
/// output, before the ack.
#[test]
fn t04_a_crash_at_any_point_is_survived() {
    let writes = (0..4).flat_map(|n| [Crash::before(Point::Write(n), 0), Crash::after(Point::Write(n), 0)]);
    let sends = [
        Crash::before(Point::Publish(0), 0),
        Crash::after(Point::Publish(0), 0),
        Crash::after(Point::Publish(1), 0),
        Crash::before(Point::Ack, 0),
    ];
    for monkey in writes.chain(sends) {
        let run = Chaos::on(orders_in_small_documents)
            .send([add_item("order-1", "tea"), add_item("order-1", "cake")])
            .under(monkey.if_it_gets_the_chance())
            .run();
        run.assert_exactly_once();
        should_be!("the number of messages that were published", run.published_messages().len(), 3);
    }
}

/// A write took effect, and its reply is lost. Your runner cannot know which of
/// the two happened, and must be right either way.
#[test]
fn t05_a_lost_reply_is_looked_up() {
    for write in 0..4 {
        let run = Chaos::on(orders_in_small_documents)
            .send([add_item("order-1", "tea"), add_item("order-1", "cake")])
            .under(LostReply::of_write(write, 0).if_it_gets_the_chance())
            .run();
        run.assert_exactly_once();
    }
}

/// Two workers on the same message. Each has letters in its drawer; those of
/// one of them count, and nothing of the other's may be heard.
#[test]
fn t06_the_slower_worker_stays_silent() {
    let run = Chaos::on(orders_in_small_documents)
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

/// The broker delivers a copy, at once or after a week. "Nothing changed" is
/// remembered like any other answer.
#[test]
fn t07_a_duplicate_changes_nothing_and_says_nothing_new() {
    for monkey in
        [DuplicateDelivery::of_message(0), LateDuplicate::of_message(0), DelayedAckFailure::of_message(0)]
    {
        let run = Chaos::on(orders_in_small_documents)
            .send([remove_item("order-1", "tea"), add_item("order-1", "tea")])
            .under(monkey)
            .run();
        run.assert_exactly_once();
        should_be!("what is in the order", order(run.snapshot()).items, ["tea"]);
        should_be!("the number of messages that were published", run.published_messages().len(), 3);
    }
}

/// A state of 200 KB and a letter of 250 KB. Each of them fits into a document;
/// together they don't. (No monkey here, but the store in memory, which has the
/// same limit: the runner meets it on every adapter alike.)
#[test]
fn t08_a_large_state_has_a_large_letter_to_write() {
    assert_that_it_fits();
}

#[track_caller]
fn assert_that_it_fits() {
    let endpoint = endpoint_of::<Brochures>("orders");
    let mut memory = MemoryPorts::of(&endpoint);
    memory.documents = MemoryDocumentStore::size_limited(DYNAMODB_LIMIT);
    for store in memory.stores.values_mut() {
        *store = MemoryDocumentStore::size_limited(DYNAMODB_LIMIT);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let done = runtime.block_on(Runner::new(endpoint, memory.ports()).run([ask_for("spring")]));
    if let Err(gave_up) = done {
        panic!("{gave_up}");
    }
    should_be!("the numbers of the brochures that were sent", numbers(&memory.publisher.published()), [1]);
    should_be!("the number of brochures that were printed", printed(&memory.snapshot(), "spring"), 1);
    should_be!(
        "the number of messages that are kept though they were sent",
        in_the_outbox(&memory.snapshot()),
        0
    );
}

/// The same for two messages, a tenth of the size in a tenth of the room, when the first
/// worker dies before its letter is sent, or after, or before its ack: one leaflet each,
/// and no number twice.
#[test]
fn t09_a_large_letter_survives_a_crash() {
    // Otherwise the story below would be a long one.
    assert_that_it_fits();
    for monkey in [
        Crash::before(Point::Publish(0), 0),
        Crash::after(Point::Publish(0), 0),
        Crash::before(Point::Ack, 0),
        DelayedAckFailure::of_message(0),
    ] {
        let two = [ask_for(LEAFLET), ask_for(LEAFLET).said_again("for a friend")];
        let run = Chaos::on(leaflets).send(two).under(monkey).run();
        run.assert_exactly_once();
        should_be!("the numbers of the leaflets that were sent", numbers(run.published_messages()), [1, 2]);
        should_be!("the number of leaflets that were printed", printed(run.snapshot(), LEAFLET), 2);
        should_be!(
            "the number of messages that are kept though they were sent",
            in_the_outbox(run.snapshot()),
            0
        );
    }
}

/// The state document is for the state. Here it may measure 1,000 bytes, key
/// included, which is plenty for an order and a reference; what two items have
/// to say of themselves is not to pass through it, not even for a moment.
#[test]
fn t10_no_letter_passes_through_the_state_document() {
    // Otherwise the story below would be a long one.
    assert_that_it_fits();
    let item = "a tea with a very long name, ".repeat(20);
    let run = Chaos::on(|| orders_with_a_document_of(1_000))
        .send([add_item("order-1", &item), remove_item("order-1", &item)])
        .run();
    run.assert_exactly_once();
    should_be!("the number of messages that were published", run.published_messages().len(), 3);
}

/// Tried three times, committed once. Attempts that came to nothing may have
/// left letters behind, which nobody will ever send. When the message is done,
/// they are gone as well.
#[test]
fn t11_what_failed_attempts_left_is_cleared_away() {
    for write in 0..4 {
        let run = Chaos::on(orders_in_small_documents)
            .send([add_item("order-1", "tea"), add_item("order-1", "cake")])
            .under(StoreUnavailable::for_read(0, 0))
            .under(Crash::before(Point::Write(write), 0).if_it_gets_the_chance())
            .run();
        run.assert_exactly_once();
        should_be!("the number of documents that are left in the outbox", in_the_outbox(run.snapshot()), 0);
    }
}

/// Twelve messages, and the documents are no larger than after two.
#[test]
fn t12_the_state_document_does_not_grow() {
    let round = |n: usize| {
        let n = n.to_string();
        [add_item("order-1", "tea").said_again(&n), remove_item("order-1", "tea").said_again(&n)]
    };
    let run = Chaos::on(orders_in_small_documents).send((0..6).flat_map(round)).run();
    run.assert_exactly_once();
    should_be!(
        "the documents in the outbox, and the messages that were published",
        (in_the_outbox(run.snapshot()), run.published_messages().len()),
        (0, 18)
    );
}

/// A runner does not know what it runs. Behind the orders, the loyalty
/// programme draws a voucher by lot; its worker dies, and there is one voucher.
#[test]
fn t13_the_runner_runs_any_machine() {
    let both = || orders_in_small_documents().and(loyalty()).judged_by(specifications::loyalty());
    for monkey in [
        Crash::before(Point::Publish(0), "FirstItemAdded"),
        Crash::after(Point::Publish(0), "FirstItemAdded"),
        LockExpiry::of_message("FirstItemAdded"),
    ] {
        let run = Chaos::on(both)
            .send([add_item("order-1", "tea"), add_item("order-1", "cake")])
            .under(monkey)
            .run();
        run.assert_exactly_once();
    }
}

// In these, every schedule and every fault within the bounds. What is searched is listed
// in searches/mod.rs, together with what must have been tried for the verdict to count.

/// One message, two workers, any two faults, at any two moments.
#[test]
fn t14_every_schedule_of_one_message_and_two_faults() {
    searches::one_item(orders_in_small_documents).assert_exactly_once();
}

/// The two items, whoever dies and whatever gets lost. Nothing is left in the outbox in the
/// end, either: of that, more in `t18`.
#[test]
fn t15_every_schedule_of_two_items() {
    searches::two_items(orders_in_a_tidy_office).assert_exactly_once();
}

/// Two messages each of which changes what the other one means.
#[test]
fn t16_every_schedule_of_removing_and_adding() {
    searches::removing_and_adding(orders_in_small_documents).assert_exactly_once();
}

/// Wherever a worker dies, what it leaves in the outbox is known to the inbox.
/// Nobody needs it, so nobody will look for it, unless it is accounted for. One message,
/// any two faults.
#[test]
fn t17_whatever_is_left_is_accounted_for() {
    // Two messages and one fault: there nothing may be left at all, says `t15`.
    searches::one_item(orders_with_all_accounted_for).assert_exactly_once();
}

/// As long as one copy of a message at a time is worked on (no lock expires, no
/// copy too many), whoever comes last leaves nothing behind at all, whatever
/// has died before. With one fault only, nothing is left either, whichever fault
/// it is: a worker that was slower than another one clears up after itself.
#[test]
fn t18_it_takes_two_copies_and_a_death_to_leave_anything() {
    // Two messages and one fault: that was `t15`.
    searches::one_item_and_one_worker_at_a_time(orders_in_a_tidy_office).assert_exactly_once();
    searches::one_item_and_one_fault(orders_in_a_tidy_office).assert_exactly_once();
}

/// Two copies at once are another matter: the slow one may write its letters
/// when everything has been done and cleared away, and then die. That is what
/// one attempt writes, no more. (If an
/// attempt of yours writes several documents, name them `{attempt}/…`.)
#[test]
fn t19_two_at_once_leave_one_attempt_at_most() {
    let attempts = |snapshot: &Snapshot| {
        let names = snapshot.documents_in(OUTBOX).filter_map(|(key, _)| key.split('/').next());
        names.collect::<BTreeSet<_>>().len()
    };
    let bare = move || {
        orders_in_small_documents().stores_at_most("the number of attempts in the outbox", 1, attempts)
    };
    searches::one_item(bare).assert_exactly_once();
}

// The questions that every exercise ends with (closing/src/lib.rs), asked of your
// handler. There is nothing new to do for them, if its idea is right.

fn closing() -> Closing<impl Fn(&[Message]) -> System> {
    Closing::of(Dialogue::ORDERS, |_| orders_in_small_documents())
}

/// Tea is added, and taken out; and then somebody wants tea. What says the same
/// is not the same message.
#[test]
fn t20_the_same_again_is_no_copy() {
    closing().the_same_again();
}

/// Two orders have nothing to do with each other.
#[test]
fn t21_another_order_is_another_order() {
    closing().another_aggregate();
}

/// A copy of the first message comes when 150 have been processed. Whoever
/// remembers "the last few" has forgotten it.
#[test]
fn t22_a_copy_comes_after_many_others() {
    closing().a_copy_after_many();
}

/// A worker dies and leaves something to do. Whoever finds it is disturbed, too.
#[test]
fn t23_two_messages_and_any_two_faults() {
    closing().two_messages_and_two_faults();
}

/// "Nothing changed" is an answer like any other, whatever goes wrong.
#[test]
fn t24_nothing_changed_and_any_two_faults() {
    closing().says_little();
}

/// Twelve late copies, and what is stored is no larger than before.
#[test]
fn t25_copies_take_no_room() {
    closing().copies_take_no_room();
}

/// The same of the other machine, which says nothing when it counts.
#[test]
fn t26_the_loyalty_programme_is_asked_as_well() {
    let closing =
        Closing::of(Dialogue::LOYALTY, |_| System::of(loyalty()).judged_by(specifications::loyalty()));
    closing.of_another_machine();
}

/// `cargo workshop explore 08` runs this with three of the messages, two workers and
/// two faults, a message and a fault more than the exercise looks at; or with as many
/// as you say.
#[test]
#[ignore = "for cargo workshop explore"]
fn explore_deeper() {
    let (tea, cake) = (add_item("order-1", "tea"), add_item("order-1", "cake"));
    let (no_tea, no_cake) = (remove_item("order-1", "tea"), remove_item("order-1", "cake"));
    explore(orders_in_small_documents)
        .send([tea, cake, no_tea, no_cake, add_item("order-1", "milk")])
        .workers(1)
        .faults(0)
        .assert_exactly_once();
}
