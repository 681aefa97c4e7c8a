//! What is kept of exercise 06.

use super::{Kept, Shelf, Told, kept};

#[path = "../../../../solutions/06-inbox/mistakes/acknowledges_what_it_sees_in_the_inbox.rs"]
#[allow(dead_code, reason = "a mistake is a whole handler, for several tests")]
pub mod acknowledges_what_it_sees_in_the_inbox;
#[path = "../../../../solutions/06-inbox/mistakes/asks_for_the_etag_again.rs"]
#[allow(dead_code, reason = "a mistake is a whole handler, for several tests")]
pub mod asks_for_the_etag_again;
#[path = "../../../../solutions/06-inbox/mistakes/believes_the_inbox_alone.rs"]
#[allow(dead_code, reason = "a mistake is a whole handler, for several tests")]
pub mod believes_the_inbox_alone;
#[path = "../../../../solutions/06-inbox/mistakes/claims_before_it_commits.rs"]
#[allow(dead_code, reason = "a mistake is a whole handler, for several tests")]
pub mod claims_before_it_commits;
#[path = "../../../../solutions/06-inbox/mistakes/cleans_up_without_a_condition.rs"]
#[allow(dead_code, reason = "a mistake is a whole handler, for several tests")]
pub mod cleans_up_without_a_condition;
#[path = "../../../../solutions/06-inbox/mistakes/deletes_the_document_of_an_empty_order.rs"]
#[allow(dead_code, reason = "a mistake is a whole handler, for several tests")]
pub mod deletes_the_document_of_an_empty_order;
#[path = "../../../../solutions/06-inbox/mistakes/does_not_insist_on_the_mark.rs"]
#[allow(dead_code, reason = "a mistake is a whole handler, for several tests")]
pub mod does_not_insist_on_the_mark;
#[path = "../../../../solutions/06-inbox/mistakes/empties_the_whole_outbox.rs"]
#[allow(dead_code, reason = "a mistake is a whole handler, for several tests")]
pub mod empties_the_whole_outbox;
#[path = "../../../../solutions/06-inbox/mistakes/files_the_inbox_by_order.rs"]
#[allow(dead_code, reason = "a mistake is a whole handler, for several tests")]
pub mod files_the_inbox_by_order;
#[path = "../../../../solutions/06-inbox/mistakes/keeps_a_diary_of_copies.rs"]
#[allow(dead_code, reason = "a mistake is a whole handler, for several tests")]
pub mod keeps_a_diary_of_copies;
#[path = "../../../../solutions/06-inbox/mistakes/keeps_what_says_nothing.rs"]
#[allow(dead_code, reason = "a mistake is a whole handler, for several tests")]
pub mod keeps_what_says_nothing;
#[path = "../../../../solutions/06-inbox/mistakes/leaves_the_cleaning_to_whoever_marked.rs"]
#[allow(dead_code, reason = "a mistake is a whole handler, for several tests")]
pub mod leaves_the_cleaning_to_whoever_marked;
#[path = "../../../../solutions/06-inbox/mistakes/lets_go_before_it_marks.rs"]
#[allow(dead_code, reason = "a mistake is a whole handler, for several tests")]
pub mod lets_go_before_it_marks;
#[path = "../../../../solutions/06-inbox/mistakes/lets_the_inbox_forget.rs"]
#[allow(dead_code, reason = "a mistake is a whole handler, for several tests")]
pub mod lets_the_inbox_forget;
#[path = "../../../../solutions/06-inbox/mistakes/looks_at_both_at_once.rs"]
#[allow(dead_code, reason = "a mistake is a whole handler, for several tests")]
pub mod looks_at_both_at_once;
#[path = "../../../../solutions/06-inbox/mistakes/looks_into_the_inbox_first.rs"]
#[allow(dead_code, reason = "a mistake is a whole handler, for several tests")]
pub mod looks_into_the_inbox_first;
#[path = "../../../../solutions/06-inbox/mistakes/marks_before_it_sends.rs"]
#[allow(dead_code, reason = "a mistake is a whole handler, for several tests")]
pub mod marks_before_it_sends;
#[path = "../../../../solutions/06-inbox/mistakes/marks_before_it_sends_and_asks_the_state.rs"]
#[allow(dead_code, reason = "a mistake is a whole handler, for several tests")]
pub mod marks_before_it_sends_and_asks_the_state;
#[path = "../../../../solutions/06-inbox/tests/support/mod.rs"]
pub mod support;
#[path = "../../../../solutions/06-inbox/mistakes/swallows_the_conflict.rs"]
#[allow(dead_code, reason = "a mistake is a whole handler, for several tests")]
pub mod swallows_the_conflict;
#[path = "../../../../solutions/06-inbox/mistakes/takes_an_empty_entry_for_none.rs"]
#[allow(dead_code, reason = "a mistake is a whole handler, for several tests")]
pub mod takes_an_empty_entry_for_none;

/// Each of them, and why one has no story.
pub const SHELF: Shelf = Shelf {
    exercise: "06",
    kept: &[KEPT],
    without: &[(
        "keeps_a_diary_of_copies",
        "nothing is lost or done twice, so no search finds it: what it stores grows with the copies, which the closing questions ask",
    )],
};

kept! { KEPT: First of support::searches, (orders, loyalty), support::searches(ex06_inbox::orders, ex06_inbox::loyalty);
    acknowledges_what_it_sees_in_the_inbox
    asks_for_the_etag_again
    believes_the_inbox_alone
    claims_before_it_commits
    cleans_up_without_a_condition
    deletes_the_document_of_an_empty_order
    does_not_insist_on_the_mark
    empties_the_whole_outbox
    files_the_inbox_by_order
    keeps_what_says_nothing
    leaves_the_cleaning_to_whoever_marked
    lets_go_before_it_marks
    lets_the_inbox_forget
    looks_at_both_at_once
    looks_into_the_inbox_first
    marks_before_it_sends
    marks_before_it_sends_and_asks_the_state
    swallows_the_conflict
    takes_an_empty_entry_for_none
}
