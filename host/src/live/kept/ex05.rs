//! What is kept of exercise 05.

use chaos::Report;
use ex05_state_machine_runner::endpoint_of;
use shared::loyalty::Loyalty;
use shared::order::Orders;

use super::{Kept, Shelf, Told, kept};

#[path = "../../../../solutions/05-state-machine-runner/mistakes/asks_for_the_etag_when_it_writes.rs"]
#[allow(dead_code, reason = "a mistake is a whole handler, for several tests")]
pub mod asks_for_the_etag_when_it_writes;
#[path = "../../../../solutions/05-state-machine-runner/mistakes/asks_the_machine_again.rs"]
#[allow(dead_code, reason = "a mistake is a whole handler, for several tests")]
pub mod asks_the_machine_again;
#[path = "../../../../solutions/05-state-machine-runner/mistakes/draws_one_lot_for_a_message.rs"]
#[allow(dead_code, reason = "a mistake is a whole handler, for several tests")]
pub mod draws_one_lot_for_a_message;
#[path = "../../../../solutions/05-state-machine-runner/mistakes/keeps_its_books_apart.rs"]
#[allow(dead_code, reason = "a mistake is a whole handler, for several tests")]
pub mod keeps_its_books_apart;
#[path = "../../../../solutions/05-state-machine-runner/mistakes/keeps_one_state_for_all.rs"]
#[allow(dead_code, reason = "a mistake is a whole handler, for several tests")]
pub mod keeps_one_state_for_all;
#[path = "../../../../solutions/05-state-machine-runner/mistakes/leaves_the_sending_to_the_endpoint.rs"]
#[allow(dead_code, reason = "a mistake is a whole handler, for several tests")]
pub mod leaves_the_sending_to_the_endpoint;
#[path = "../../../../solutions/05-state-machine-runner/mistakes/names_outputs_by_their_content.rs"]
#[allow(dead_code, reason = "a mistake is a whole handler, for several tests")]
pub mod names_outputs_by_their_content;
#[path = "../../../../solutions/05-state-machine-runner/mistakes/names_outputs_by_their_kind.rs"]
#[allow(dead_code, reason = "a mistake is a whole handler, for several tests")]
pub mod names_outputs_by_their_kind;
#[path = "../../../../solutions/05-state-machine-runner/mistakes/numbers_the_outputs_of_an_aggregate.rs"]
#[allow(dead_code, reason = "a mistake is a whole handler, for several tests")]
pub mod numbers_the_outputs_of_an_aggregate;
#[path = "../../../../solutions/05-state-machine-runner/mistakes/remembers_in_the_machine.rs"]
#[allow(dead_code, reason = "a mistake is a whole handler, for several tests")]
pub mod remembers_in_the_machine;
#[path = "../../../../solutions/05-state-machine-runner/mistakes/remembers_only_what_it_answered.rs"]
#[allow(dead_code, reason = "a mistake is a whole handler, for several tests")]
pub mod remembers_only_what_it_answered;
#[path = "../../../../solutions/05-state-machine-runner/mistakes/stores_nothing_when_nothing_is_said.rs"]
#[allow(dead_code, reason = "a mistake is a whole handler, for several tests")]
pub mod stores_nothing_when_nothing_is_said;
#[path = "../../../../solutions/05-state-machine-runner/tests/support/mod.rs"]
pub mod support;
#[path = "../../../../solutions/05-state-machine-runner/mistakes/writes_its_result_over_a_conflict.rs"]
#[allow(dead_code, reason = "a mistake is a whole handler, for several tests")]
pub mod writes_its_result_over_a_conflict;
use support::Pairs;

/// Each of them, and why some have no story.
pub const SHELF: Shelf = Shelf {
    exercise: "05",
    kept: &[BOTH, ORDERS, &[PAIR]],
    without: &[
        (
            "draws_one_lot_for_a_message",
            "no law can say which ticket it is, so no property is violated: a test asks for it",
        ),
        (
            "remembers_in_the_machine",
            "no property is violated: the engine sees that the same delivery does not do the same twice",
        ),
    ],
};

kept! { BOTH: Shortest of support::searches, (two machines), support::searches(endpoint_of::<Orders>, endpoint_of::<Loyalty>);
    asks_for_the_etag_when_it_writes
    asks_the_machine_again
    keeps_its_books_apart
    keeps_one_state_for_all
    leaves_the_sending_to_the_endpoint
    numbers_the_outputs_of_an_aggregate
    remembers_only_what_it_answered
    stores_nothing_when_nothing_is_said
    writes_its_result_over_a_conflict
}

kept! { ORDERS: Shortest of support::searches_of_orders, (one machine), support::searches_of_orders(endpoint_of::<Orders>);
    names_outputs_by_their_content
}

/// Its story is that of a script, about a machine that says two things of one kind.
const PAIR: Kept = Kept {
    name: "names_outputs_by_their_kind",
    wrong: || {
        Told::By(of_a_pair, Box::new(support::garage(names_outputs_by_their_kind::endpoint_of::<Pairs>)))
    },
    right: || Told::By(of_a_pair, Box::new(support::garage(endpoint_of::<Pairs>))),
};

fn of_a_pair() -> Option<Report> {
    let report = support::pair(names_outputs_by_their_kind::endpoint_of::<Pairs>).report().clone();
    (!report.holds()).then_some(report)
}
