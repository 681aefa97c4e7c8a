//! What is kept of exercise 08.

use chaos::Report;
use closing::{Closing, Dialogue};

use super::{Kept, Shelf, Told, kept};

#[path = "../../../../solutions/08-outbox-document/mistakes/adopts_the_letters_of_a_failed_attempt.rs"]
#[allow(dead_code, reason = "a mistake is a whole handler, for several tests")]
pub mod adopts_the_letters_of_a_failed_attempt;
#[path = "../../../../solutions/08-outbox-document/mistakes/clears_up_after_any_error.rs"]
#[allow(dead_code, reason = "a mistake is a whole handler, for several tests")]
pub mod clears_up_after_any_error;
#[path = "../../../../solutions/08-outbox-document/mistakes/closes_the_list_without_looking.rs"]
#[allow(dead_code, reason = "a mistake is a whole handler, for several tests")]
pub mod closes_the_list_without_looking;
#[path = "../../../../solutions/08-outbox-document/mistakes/closes_the_transaction_before_it_marks.rs"]
#[allow(dead_code, reason = "a mistake is a whole handler, for several tests")]
pub mod closes_the_transaction_before_it_marks;
#[path = "../../../../solutions/08-outbox-document/mistakes/commits_before_it_writes_the_outbox.rs"]
#[allow(dead_code, reason = "a mistake is a whole handler, for several tests")]
pub mod commits_before_it_writes_the_outbox;
#[path = "../../../../solutions/08-outbox-document/mistakes/decides_again_to_finish.rs"]
#[allow(dead_code, reason = "a mistake is a whole handler, for several tests")]
pub mod decides_again_to_finish;
#[path = "../../../../solutions/08-outbox-document/mistakes/enters_its_attempt_after_its_letters.rs"]
#[allow(dead_code, reason = "a mistake is a whole handler, for several tests")]
pub mod enters_its_attempt_after_its_letters;
#[path = "../../../../solutions/08-outbox-document/mistakes/keeps_no_list_of_attempts.rs"]
#[allow(dead_code, reason = "a mistake is a whole handler, for several tests")]
pub mod keeps_no_list_of_attempts;
#[path = "../../../../solutions/08-outbox-document/mistakes/keeps_one_outbox_for_all_attempts.rs"]
#[allow(dead_code, reason = "a mistake is a whole handler, for several tests")]
pub mod keeps_one_outbox_for_all_attempts;
#[path = "../../../../solutions/08-outbox-document/mistakes/keeps_one_state_for_all_orders.rs"]
#[allow(dead_code, reason = "a mistake is a whole handler, for several tests")]
pub mod keeps_one_state_for_all_orders;
#[path = "../../../../solutions/08-outbox-document/mistakes/lets_the_outbox_expire.rs"]
#[allow(dead_code, reason = "a mistake is a whole handler, for several tests")]
pub mod lets_the_outbox_expire;
#[path = "../../../../solutions/08-outbox-document/mistakes/looks_at_the_inbox_first.rs"]
#[allow(dead_code, reason = "a mistake is a whole handler, for several tests")]
pub mod looks_at_the_inbox_first;
#[path = "../../../../solutions/08-outbox-document/mistakes/marks_the_message_it_is_on.rs"]
#[allow(dead_code, reason = "a mistake is a whole handler, for several tests")]
pub mod marks_the_message_it_is_on;
#[path = "../../../../solutions/08-outbox-document/mistakes/names_the_outbox_after_the_version.rs"]
#[allow(dead_code, reason = "a mistake is a whole handler, for several tests")]
pub mod names_the_outbox_after_the_version;
#[path = "../../../../solutions/08-outbox-document/mistakes/opens_a_second_transaction_over_the_first.rs"]
#[allow(dead_code, reason = "a mistake is a whole handler, for several tests")]
pub mod opens_a_second_transaction_over_the_first;
#[path = "../../../../solutions/08-outbox-document/tests/support/mod.rs"]
pub mod support;
#[path = "../../../../solutions/08-outbox-document/mistakes/sweeps_while_others_are_at_work.rs"]
#[allow(dead_code, reason = "a mistake is a whole handler, for several tests")]
pub mod sweeps_while_others_are_at_work;
#[path = "../../../../solutions/08-outbox-document/mistakes/uses_a_number_twice.rs"]
#[allow(dead_code, reason = "a mistake is a whole handler, for several tests")]
pub mod uses_a_number_twice;
#[path = "../../../../solutions/08-outbox-document/mistakes/waits_for_whoever_opened_the_transaction.rs"]
#[allow(dead_code, reason = "a mistake is a whole handler, for several tests")]
pub mod waits_for_whoever_opened_the_transaction;

/// Each of them.
pub const SHELF: Shelf = Shelf { exercise: "08", kept: &[SEARCHED, FOR_REST, &[CLOSING]], without: &[] };

kept! { SEARCHED: Shortest of support::searches, (orders), support::searches(ex08_outbox_document::orders);
    adopts_the_letters_of_a_failed_attempt
    clears_up_after_any_error
    closes_the_list_without_looking
    closes_the_transaction_before_it_marks
    commits_before_it_writes_the_outbox
    decides_again_to_finish
    enters_its_attempt_after_its_letters
    keeps_no_list_of_attempts
    keeps_one_outbox_for_all_attempts
    lets_the_outbox_expire
    looks_at_the_inbox_first
    marks_the_message_it_is_on
    names_the_outbox_after_the_version
    opens_a_second_transaction_over_the_first
    sweeps_while_others_are_at_work
    uses_a_number_twice
}

kept! { FOR_REST: Shortest of support::searches_for_rest, (orders), support::searches_for_rest(ex08_outbox_document::orders);
    waits_for_whoever_opened_the_transaction
}

/// Its story is that of a closing question.
const CLOSING: Kept = Kept {
    name: "keeps_one_state_for_all_orders",
    wrong: || Told::By(of_a_question, Box::new(support::orders(keeps_one_state_for_all_orders::orders()))),
    right: || Told::By(of_a_question, Box::new(support::orders(ex08_outbox_document::orders()))),
};

fn of_a_question() -> Option<Report> {
    let orders = |_: &[_]| support::orders(keeps_one_state_for_all_orders::orders());
    Closing::of(Dialogue::ORDERS, orders).shortest_failure()
}
