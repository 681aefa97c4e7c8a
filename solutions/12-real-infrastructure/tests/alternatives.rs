//! Right answers that look different. Each passes every test of the exercise.

use ex12_real_infrastructure::{Answer, answer, consumer, documents};

#[path = "../../../exercises/12-real-infrastructure/tests/bench/mod.rs"]
mod bench;
#[path = "../../../exercises/12-real-infrastructure/tests/checks/mod.rs"]
mod checks;
#[path = "../alternatives/expects_nothing_and_looks_afterwards.rs"]
mod expects_nothing_and_looks_afterwards;
#[path = "../alternatives/gives_back_at_random_moments.rs"]
mod gives_back_at_random_moments;
#[path = "../alternatives/puts_aside_at_the_last_attempt.rs"]
mod puts_aside_at_the_last_attempt;
#[path = "../alternatives/says_in_progress_from_a_task.rs"]
mod says_in_progress_from_a_task;

/// Every question about the consumer loop.
fn asked(answer: Answer) {
    checks::consumer::what_is_published_is_stored(answer);
    checks::consumer::what_no_stream_takes_is_an_error(answer);
    checks::consumer::what_does_not_fit_is_an_error(answer);
    checks::consumer::what_is_done_does_not_come_again(answer);
    checks::consumer::a_worker_that_dies_leaves_its_message(answer);
    checks::consumer::what_fails_comes_again_after_a_while(answer);
    checks::consumer::a_slow_handler_keeps_its_message(answer);
    checks::consumer::what_fails_too_often_is_put_aside(answer);
    checks::consumer::a_letter_that_is_not_stored_is_not_the_end(answer);
    checks::consumer::what_nobody_has_confirmed_is_not_done(answer);
    checks::consumer::who_stood_still_does_no_harm(answer);
}

#[test]
fn says_in_progress_from_a_task() {
    asked(answer!(says_in_progress_from_a_task, documents));
}

#[test]
fn puts_aside_at_the_last_attempt() {
    asked(answer!(puts_aside_at_the_last_attempt, documents));
}

#[test]
fn gives_back_at_random_moments() {
    asked(answer!(gives_back_at_random_moments, documents));
}

#[test]
fn expects_nothing_and_looks_afterwards() {
    let answer = answer!(consumer, expects_nothing_and_looks_afterwards);
    checks::documents::rules_in_memory(answer);
    checks::documents::rules_on_a_server(answer);
    for search in checks::documents::searches(answer) {
        search.assert_exactly_once();
    }
}
