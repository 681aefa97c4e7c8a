//! What README.md shows is what the harness prints.

use chaos::{Chaos, Crash, Point, System, explore, specifications};
use ex05_state_machine_runner::{endpoint, loyalty};
use shared::order::{OrderEvent, add_item};
use shared::{Message, MessageId};

const PAGE: &str = include_str!("../../../exercises/05-state-machine-runner/README.md");

fn programme() -> System {
    System::of(loyalty()).judged_by(specifications::loyalty())
}

fn shop() -> System {
    let orders = System::of(endpoint()).judged_by(specifications::orders_with_welcome());
    orders.and(loyalty()).judged_by(specifications::loyalty())
}

/// Where a line is broken is up to the page.
#[track_caller]
fn page_shows(text: &str) {
    let flat = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(flat(PAGE).contains(&flat(text)), "README.md should show this, and does not:\n\n{text}");
}

#[test]
fn the_story_of_the_voucher() {
    let run = Chaos::on(shop)
        .send([add_item("order-1", "tea")])
        .under(Crash::after(Point::Publish(0), "FirstItemAdded"))
        .run();
    run.assert_exactly_once();
    assert!(PAGE.contains(run.story()), "README.md should show this, and does not:\n\n{}", run.story());
}

#[test]
fn the_verdicts() {
    let welcome = OrderEvent::FirstItemAdded { order_id: "order-1".to_owned(), item: "tea".to_owned() };
    let welcome = Message::new(MessageId::named("FirstItemAdded tea order-1"), &welcome);
    page_shows(&explore(programme).send([welcome]).faults(2).run().headline());
    page_shows(&explore(shop).send([add_item("order-1", "tea")]).faults(2).run().headline());
}
