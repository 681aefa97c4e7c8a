//! Exercise 12, the last test: everything at once, in processes that are killed with
//! `kill -9`.

mod bench;
mod live_run;

/// Twenty orders, four workers, six kills, a worker that stands still, six duplicates. The
/// checker that judges the model judges what was really published and stored.
#[test]
fn t18_the_runner_of_06_under_the_monkey() {
    live_run::holds(bench::PROGRAM);
}
