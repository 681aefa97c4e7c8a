//! What the pages of the exercise show is what the harness prints: it is kept in
//! tests/snapshots/, and the pages name those files as their sources.

use chaos::{Chaos, Crash, Explore, Point, System, explore, headlines, specifications};
use ex05_state_machine_runner::{endpoint, loyalty};
use shared::order::{OrderEvent, add_item};
use shared::{Message, MessageId};

fn programme() -> System {
    System::of(loyalty()).judged_by(specifications::loyalty())
}

fn shop() -> System {
    let orders = System::of(endpoint()).judged_by(specifications::orders_with_welcome());
    orders.and(loyalty()).judged_by(specifications::loyalty())
}

#[test]
fn the_story_of_the_voucher() {
    let run = Chaos::on(shop)
        .send([add_item("order-1", "tea")])
        .under(Crash::after(Point::Publish(0), "FirstItemAdded"))
        .run();
    run.assert_exactly_once();
    insta::assert_snapshot!("voucher", run.story());
}

#[test]
fn the_verdicts() {
    let welcome = OrderEvent::FirstItemAdded { order_id: "order-1".to_owned(), item: "tea".to_owned() };
    let welcome = Message::new(MessageId::named("FirstItemAdded tea order-1"), &welcome);
    let searches = [
        explore(programme).send([welcome]).faults(2),
        explore(shop).send([add_item("order-1", "tea")]).faults(2),
    ];
    insta::assert_snapshot!("verdicts", headlines(searches.map(Explore::run)));
}
