//! The reports, a file each.

use crate::Case;

/// Declares the files, and what there is to all of them.
macro_rules! reports {
    ($($name:ident)*) => {
        $(mod $name;)*

        /// All of them, in the order of the table: who is at work, what is written down
        /// before it is sent, workflows, logs and their order.
        #[must_use]
        pub fn all() -> Vec<Case> {
            vec![$($name::case(Case::new(stringify!($name), include_str!(concat!(stringify!($name), ".rs"))))),*]
        }
    };
}

reports! {
    claim_without_an_end
    claim_that_runs_out
    lock_that_runs_out
    stale_claim_taken_twice
    recovery_of_the_living
    numbered_before_the_commit
    noted_before_it_is_stored
    retried_under_its_old_id
    stored_just_in_case
    collector_between_two_stores
    request_merged_into_a_running_job
    event_for_the_last_generation
    late_timeout
    called_off_too_late
    two_recoveries
    request_known_to_its_run
    overwritten_file
    write_behind_the_abort
    offset_above_what_is_at_work
    older_event_comes_last
}
