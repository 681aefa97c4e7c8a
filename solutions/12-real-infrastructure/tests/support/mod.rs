//! The mistakes, as answers.

// Each program uses a part of this.
#![allow(dead_code)]

use ex12_real_infrastructure::{Answer, answer, consumer, documents};

#[path = "../../mistakes/acknowledges_a_conflict.rs"]
mod acknowledges_a_conflict;
#[path = "../../mistakes/acknowledges_before_the_work.rs"]
mod acknowledges_before_the_work;
#[path = "../../mistakes/acknowledges_what_has_failed.rs"]
mod acknowledges_what_has_failed;
#[path = "../../mistakes/believes_that_it_was_heard.rs"]
mod believes_that_it_was_heard;
#[path = "../../mistakes/counts_its_ids.rs"]
mod counts_its_ids;
#[path = "../../mistakes/deletes_whatever_is_there.rs"]
mod deletes_whatever_is_there;
#[path = "../../mistakes/ends_it_before_the_letter.rs"]
mod ends_it_before_the_letter;
#[path = "../../mistakes/ends_what_is_slow.rs"]
mod ends_what_is_slow;
#[path = "../../mistakes/expects_nothing_after_a_delete.rs"]
mod expects_nothing_after_a_delete;
#[path = "../../mistakes/expects_the_last_of_the_bucket.rs"]
mod expects_the_last_of_the_bucket;
#[path = "../../mistakes/gives_back_at_once.rs"]
mod gives_back_at_once;
#[path = "../../mistakes/gives_back_for_ever.rs"]
mod gives_back_for_ever;
#[path = "../../mistakes/lets_the_lock_run_out.rs"]
mod lets_the_lock_run_out;
#[path = "../../mistakes/looks_before_it_writes.rs"]
mod looks_before_it_writes;
#[path = "../../mistakes/never_says_in_progress.rs"]
mod never_says_in_progress;
#[path = "../../mistakes/publishes_to_whoever_listens.rs"]
mod publishes_to_whoever_listens;
#[path = "../../mistakes/publishes_without_waiting.rs"]
mod publishes_without_waiting;
#[path = "../../mistakes/takes_no_answer_for_stored.rs"]
mod takes_no_answer_for_stored;
#[path = "../../mistakes/takes_silence_for_a_yes.rs"]
mod takes_silence_for_a_yes;
#[path = "../../mistakes/takes_the_marker_for_a_document.rs"]
mod takes_the_marker_for_a_document;
#[path = "../../mistakes/takes_the_number_of_another_key.rs"]
mod takes_the_number_of_another_key;

/// A mistake: its name, and the answer with the file of this name in the place of ours.
pub type Mistake = (&'static str, fn() -> Answer);

macro_rules! mistakes {
    ($list:ident: $($name:ident: $consumer:ident, $documents:ident;)*) => {
        /// Those of one of the two files.
        pub const $list: &[Mistake] = &[$((stringify!($name), || answer!($consumer, $documents))),*];
    };
}

mistakes! { OF_THE_CONSUMER:
    acknowledges_a_conflict: acknowledges_a_conflict, documents;
    acknowledges_before_the_work: acknowledges_before_the_work, documents;
    acknowledges_what_has_failed: acknowledges_what_has_failed, documents;
    believes_that_it_was_heard: believes_that_it_was_heard, documents;
    counts_its_ids: counts_its_ids, documents;
    ends_it_before_the_letter: ends_it_before_the_letter, documents;
    ends_what_is_slow: ends_what_is_slow, documents;
    gives_back_at_once: gives_back_at_once, documents;
    gives_back_for_ever: gives_back_for_ever, documents;
    lets_the_lock_run_out: lets_the_lock_run_out, documents;
    never_says_in_progress: never_says_in_progress, documents;
    publishes_to_whoever_listens: publishes_to_whoever_listens, documents;
    publishes_without_waiting: publishes_without_waiting, documents;
    takes_no_answer_for_stored: takes_no_answer_for_stored, documents;
}

mistakes! { OF_THE_DOCUMENTS:
    deletes_whatever_is_there: consumer, deletes_whatever_is_there;
    expects_nothing_after_a_delete: consumer, expects_nothing_after_a_delete;
    expects_the_last_of_the_bucket: consumer, expects_the_last_of_the_bucket;
    looks_before_it_writes: consumer, looks_before_it_writes;
    takes_silence_for_a_yes: consumer, takes_silence_for_a_yes;
    takes_the_marker_for_a_document: consumer, takes_the_marker_for_a_document;
    takes_the_number_of_another_key: consumer, takes_the_number_of_another_key;
}

/// The answer with this mistake in it.
pub fn named(name: &str) -> Option<Answer> {
    let all = OF_THE_CONSUMER.iter().chain(OF_THE_DOCUMENTS);
    all.into_iter().find(|(known, _)| *known == name).map(|(_, answer)| answer())
}
