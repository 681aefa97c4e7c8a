//! Exercise 12, the second half: what becomes of a delivery, and when is something
//! published. Each test has a nats-server of its own.

mod bench;
mod checks;

use checks::consumer;
use ex12_real_infrastructure::ours;

/// What is said to be published is in the stream.
#[test]
fn t06_what_is_published_is_stored() {
    consumer::what_is_published_is_stored(ours());
}

/// No stream takes it, and nobody can have stored it.
#[test]
fn t07_what_no_stream_takes_is_an_error() {
    consumer::what_no_stream_takes_is_an_error(ours());
}

/// The stream has refused it.
#[test]
fn t08_what_does_not_fit_is_an_error() {
    consumer::what_does_not_fit_is_an_error(ours());
}

/// A handler that is done is the end of a message.
#[test]
fn t09_what_is_done_does_not_come_again() {
    consumer::what_is_done_does_not_come_again(ours());
}

/// A worker may die at every moment.
#[test]
fn t10_a_worker_that_dies_leaves_its_message() {
    consumer::a_worker_that_dies_leaves_its_message(ours());
}

/// A failed publish, a conflict, a store that is away: the message comes again, soon, but not
/// at once.
#[test]
fn t11_what_fails_comes_again_after_a_while() {
    consumer::what_fails_comes_again_after_a_while(ours());
}

/// The handler takes longer than the server waits.
#[test]
fn t12_a_slow_handler_keeps_its_message() {
    consumer::a_slow_handler_keeps_its_message(ours());
}

/// A message that nobody can process is not to stand in everybody's way.
#[test]
fn t13_what_fails_too_often_is_put_aside() {
    consumer::what_fails_too_often_is_put_aside(ours());
}

/// And it is not to get lost on the way.
#[test]
fn t14_a_letter_that_is_not_stored_is_not_the_end() {
    consumer::a_letter_that_is_not_stored_is_not_the_end(ours());
}

/// The server is gone when the handler is done, and when something is published.
#[test]
fn t15_what_nobody_has_confirmed_is_not_done() {
    consumer::what_nobody_has_confirmed_is_not_done(ours());
}

/// A worker was frozen for longer than the ack wait, and somebody else has its message.
#[test]
fn t16_who_stood_still_does_no_harm() {
    consumer::who_stood_still_does_no_harm(ours());
}

/// Two processes, one after the other.
#[test]
fn t17_the_next_process_makes_other_ids() {
    consumer::the_next_process_makes_other_ids(bench::PROGRAM, None);
}
