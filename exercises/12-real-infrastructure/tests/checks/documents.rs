//! Documents in a bucket: the suite of `ports`, and searches with the runner of 06.

use std::sync::Arc;

use chaos::{Explore, System, explore, specifications};
use ex12_real_infrastructure::{Answer, endpoints};
use host::bucket::Bucket;
use host::worker::Rules;
use shared::memory::MemoryOutside;
use shared::order::{add_item, remove_item};
use shared::outside::{StreamClient, StreamModel};
use shared::{Message, SubjectStream, conformance};

use crate::bench::{Bench, in_time};

/// The orders on the buckets of this answer, and what they should do.
pub fn shop(answer: Answer) -> System {
    let [orders, _] = endpoints(answer);
    System::of(orders).judged_by(specifications::orders_with_welcome())
}

/// The rules, in memory.
pub fn rules_in_memory(answer: Answer) {
    in_time(async move || {
        let stream: Arc<dyn SubjectStream> =
            Arc::new(StreamClient(MemoryOutside::new(StreamModel::default())));
        conformance::document_store(&*(answer.documents)(stream, "orders"), "run").await;
    });
}

/// The rules, on a server. Twice, the second time in a bucket that is not empty.
pub fn rules_on_a_server(answer: Answer) {
    in_time(async move || {
        let bench = Bench::new(answer, Rules::default()).await;
        let bucket = Bucket::open(&bench.connection, "orders").await.expect("a bucket");
        let documents = (answer.documents)(Arc::new(bucket), "orders");
        for run in ["run-1", "run-2"] {
            conformance::document_store(&*documents, run).await;
        }
    });
}

fn every_schedule<const N: usize>(answer: Answer, messages: [Message; N], faults: u8) -> Explore {
    explore(move || shop(answer)).send(messages).workers(2).faults(faults)
}

/// One message, two workers, two faults.
pub fn one_message(answer: Answer) -> Explore {
    every_schedule(answer, [add_item("order-1", "tea")], 2)
}

/// Two messages to one order, one fault.
pub fn two_items(answer: Answer) -> Explore {
    every_schedule(answer, [add_item("order-1", "tea"), add_item("order-1", "cake")], 1)
}

/// A message to each of two orders, one fault.
pub fn two_orders(answer: Answer) -> Explore {
    every_schedule(answer, [add_item("order-1", "tea"), add_item("order-2", "cake")], 1)
}

/// Five messages, one worker, no fault; whoever asks for more says so.
pub fn deeper(answer: Answer) -> Explore {
    let (tea, cake) = (add_item("order-1", "tea"), add_item("order-1", "cake"));
    let (no_tea, no_cake) = (remove_item("order-1", "tea"), remove_item("order-1", "cake"));
    explore(move || shop(answer))
        .send([tea, cake, no_tea, no_cake, add_item("order-2", "milk")])
        .workers(1)
        .faults(0)
}

/// The searches, in their order.
pub fn searches(answer: Answer) -> [Explore; 3] {
    [one_message(answer), two_items(answer), two_orders(answer)]
}
