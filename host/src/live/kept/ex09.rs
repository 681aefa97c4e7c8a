//! What is kept of exercise 09.

use super::{Kept, Shelf, Told, kept};

#[path = "../../../../solutions/09-tokens/mistakes/cleans_up_before_the_token_goes.rs"]
#[allow(dead_code, reason = "a mistake is a whole handler, for several tests")]
pub mod cleans_up_before_the_token_goes;
#[path = "../../../../solutions/09-tokens/mistakes/creates_a_token_where_it_finds_none_when_it_resumes.rs"]
#[allow(dead_code, reason = "a mistake is a whole handler, for several tests")]
pub mod creates_a_token_where_it_finds_none_when_it_resumes;
#[path = "../../../../solutions/09-tokens/mistakes/creates_the_tokens_after_it_sends.rs"]
#[allow(dead_code, reason = "a mistake is a whole handler, for several tests")]
pub mod creates_the_tokens_after_it_sends;
#[path = "../../../../solutions/09-tokens/mistakes/creates_the_tokens_before_it_sends.rs"]
#[allow(dead_code, reason = "a mistake is a whole handler, for several tests")]
pub mod creates_the_tokens_before_it_sends;
#[path = "../../../../solutions/09-tokens/mistakes/creates_tokens_that_nobody_removes.rs"]
#[allow(dead_code, reason = "a mistake is a whole handler, for several tests")]
pub mod creates_tokens_that_nobody_removes;
#[path = "../../../../solutions/09-tokens/mistakes/derives_the_ids_from_the_message.rs"]
#[allow(dead_code, reason = "a mistake is a whole handler, for several tests")]
pub mod derives_the_ids_from_the_message;
#[path = "../../../../solutions/09-tokens/mistakes/derives_the_ids_from_the_version.rs"]
#[allow(dead_code, reason = "a mistake is a whole handler, for several tests")]
pub mod derives_the_ids_from_the_version;
#[path = "../../../../solutions/09-tokens/mistakes/keeps_an_inbox_for_seven_days.rs"]
#[allow(dead_code, reason = "a mistake is a whole handler, for several tests")]
pub mod keeps_an_inbox_for_seven_days;
#[path = "../../../../solutions/09-tokens/mistakes/leaves_the_cleaning_to_whoever_removed_the_token.rs"]
#[allow(dead_code, reason = "a mistake is a whole handler, for several tests")]
pub mod leaves_the_cleaning_to_whoever_removed_the_token;
#[path = "../../../../solutions/09-tokens/mistakes/looks_at_the_token_before_the_state.rs"]
#[allow(dead_code, reason = "a mistake is a whole handler, for several tests")]
pub mod looks_at_the_token_before_the_state;
#[path = "../../../../solutions/09-tokens/mistakes/makes_ids_when_it_sends.rs"]
#[allow(dead_code, reason = "a mistake is a whole handler, for several tests")]
pub mod makes_ids_when_it_sends;
#[path = "../../../../solutions/09-tokens/mistakes/opens_a_door_that_creates_a_token_every_time.rs"]
#[allow(dead_code, reason = "a mistake is a whole handler, for several tests")]
pub mod opens_a_door_that_creates_a_token_every_time;
#[path = "../../../../solutions/09-tokens/mistakes/opens_a_door_that_creates_the_token_last.rs"]
#[allow(dead_code, reason = "a mistake is a whole handler, for several tests")]
pub mod opens_a_door_that_creates_the_token_last;
#[path = "../../../../solutions/09-tokens/mistakes/opens_a_door_that_leaves_it_to_the_first.rs"]
#[allow(dead_code, reason = "a mistake is a whole handler, for several tests")]
pub mod opens_a_door_that_leaves_it_to_the_first;
#[path = "../../../../solutions/09-tokens/mistakes/opens_a_door_that_overwrites.rs"]
#[allow(dead_code, reason = "a mistake is a whole handler, for several tests")]
pub mod opens_a_door_that_overwrites;
#[path = "../../../../solutions/09-tokens/mistakes/opens_a_door_that_remembers_too_late.rs"]
#[allow(dead_code, reason = "a mistake is a whole handler, for several tests")]
pub mod opens_a_door_that_remembers_too_late;
#[path = "../../../../solutions/09-tokens/mistakes/processes_what_has_no_token.rs"]
#[allow(dead_code, reason = "a mistake is a whole handler, for several tests")]
pub mod processes_what_has_no_token;
#[path = "../../../../solutions/09-tokens/mistakes/removes_its_token_before_it_sends.rs"]
#[allow(dead_code, reason = "a mistake is a whole handler, for several tests")]
pub mod removes_its_token_before_it_sends;
#[path = "../../../../solutions/09-tokens/mistakes/removes_its_token_before_the_commit.rs"]
#[allow(dead_code, reason = "a mistake is a whole handler, for several tests")]
pub mod removes_its_token_before_the_commit;
#[path = "../../../../solutions/09-tokens/tests/support/mod.rs"]
pub mod support;
#[path = "../../../../solutions/09-tokens/mistakes/swallows_the_error_of_a_token.rs"]
#[allow(dead_code, reason = "a mistake is a whole handler, for several tests")]
pub mod swallows_the_error_of_a_token;
#[path = "../../../../solutions/09-tokens/mistakes/takes_its_tokens_back_after_any_error.rs"]
#[allow(dead_code, reason = "a mistake is a whole handler, for several tests")]
pub mod takes_its_tokens_back_after_any_error;

/// Each of them.
pub const SHELF: Shelf = Shelf { exercise: "09", kept: &[RUNNERS, IN_TIME, ENTRIES, DOORS], without: &[] };

kept! { RUNNERS: Shortest of support::searches, (orders, loyalty), support::searches(ex09_tokens::orders, ex09_tokens::loyalty);
    cleans_up_before_the_token_goes
    creates_a_token_where_it_finds_none_when_it_resumes
    creates_the_tokens_after_it_sends
    creates_the_tokens_before_it_sends
    creates_tokens_that_nobody_removes
    derives_the_ids_from_the_message
    derives_the_ids_from_the_version
    looks_at_the_token_before_the_state
    makes_ids_when_it_sends
    processes_what_has_no_token
    removes_its_token_before_it_sends
    removes_its_token_before_the_commit
    swallows_the_error_of_a_token
    takes_its_tokens_back_after_any_error
}

kept! { IN_TIME: Shortest of support::searches_in_time, (loyalty), support::searches_in_time(ex09_tokens::loyalty);
    keeps_an_inbox_for_seven_days
}

kept! { ENTRIES: Shortest of support::searches_for_entries, (orders), support::searches_for_entries(ex09_tokens::orders);
    leaves_the_cleaning_to_whoever_removed_the_token
}

kept! { DOORS: Shortest of support::searches_at, (door), support::searches_at(ex09_tokens::door);
    opens_a_door_that_creates_a_token_every_time
    opens_a_door_that_creates_the_token_last
    opens_a_door_that_leaves_it_to_the_first
    opens_a_door_that_overwrites
    opens_a_door_that_remembers_too_late
}
