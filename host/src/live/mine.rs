//! The reader's own answers, from `exercises/`: each is built in only where somebody asks
//! for it, with a feature of its own, since it may not compile today.
//!
//! What finds their stories are the searches that the exercise's tests make, one after the
//! other, so that a replay code of one of those tests finds its run again. Left out are
//! those of machines and demands that the tests have written for themselves: the garage
//! of 05, and the cake of 08 that no order takes.

use anyhow::{Context, bail};
use chaos::{Explore, ReplayCode, System, specifications};
use closing::{Closing, Dialogue};
use ports::Message;

use crate::live::kept::{Kept, Story, Told, ex05, ex06, ex08, ex09};
use crate::live::registry::Make;

/// What a reader's own answer is called in the place of a mistake: `06/mine`.
pub const NAME: &str = "mine";

/// Where somebody's answer to an exercise has its endpoints.
macro_rules! answers {
    ($($feature:literal, $number:literal: $searches:ident of $theirs:ident, $ours:ident: $($make:ident),+;)*) => {
        /// By exercise, the reader's answer, and ours beside it.
        const ANSWERS: &[(&str, Kept)] = &[$(
            #[cfg(feature = $feature)]
            ($number, Kept {
                name: NAME,
                wrong: || Told::First($searches($($theirs::$make),+)),
                right: || Told::First($searches($($ours::$make),+)),
            }),
        )*];
    };
}

answers! {
    "mine05", "5": of_05 of mine05, ex05_state_machine_runner: endpoint, loyalty;
    "mine06", "6": of_06 of mine06, ex06_inbox: orders, loyalty;
    "mine08", "8": of_08 of mine08, ex08_outbox_document: orders, loyalty;
    "mine09", "9": of_09 of mine09, ex09_tokens: orders, loyalty, door;
}

/// The endpoints of the reader's answer that run without a script; `6`.
pub fn endpoints(exercise: &str) -> anyhow::Result<[Make; 2]> {
    match exercise {
        #[cfg(feature = "mine06")]
        "6" => Ok([mine06::orders, mine06::loyalty]),
        #[cfg(feature = "mine09")]
        "9" => Ok([mine09::orders, mine09::loyalty]),
        _ => bail!(is_not_here(exercise)),
    }
}

/// The reader's answer to an exercise, `6`, in the place of a mistake.
pub fn answer(exercise: &str) -> anyhow::Result<&'static Kept> {
    let found = ANSWERS.iter().find(|(number, _)| *number == exercise);
    found.map(|(_, kept)| kept).with_context(|| is_not_here(exercise))
}

fn is_not_here(exercise: &str) -> String {
    format!(
        "this program was built without your answer to 0{exercise}: `cargo workshop live` builds it with it, \
         and so does cargo with `--features host/mine0{exercise}`"
    )
}

/// The run of a replay code, by somebody's answer.
pub fn recorded(told: Told, code: &ReplayCode) -> anyhow::Result<Story> {
    let searches = told.searches().into_iter().enumerate();
    let mut of_code = searches.filter_map(|(search, explore)| Some((search, explore.that_recorded(code)?)));
    let (search, explore) = of_code.next().with_context(|| {
        format!(
            "{code} belongs to none of the searches of {} that a server can play. It may be of an earlier \
             version of the exercise, or of a test with a machine or a demand of its own",
            code.exercise()
        )
    })?;
    Ok(Story { report: explore.replay(code)?, search })
}

#[cfg_attr(not(feature = "mine"), allow(dead_code, reason = "built in where it is asked for"))]
fn of_05(orders: Make, loyalty: Make) -> Vec<Explore> {
    use ex05::support::searches;
    let orders = || System::of(orders()).judged_by(specifications::orders_with_welcome());
    let programme = || System::of(loyalty()).judged_by(specifications::loyalty());
    let mut all = searches::of_orders(orders);
    all.extend(searches::of_programme(programme));
    all.push(searches::one_item(|| orders().and(loyalty()).judged_by(specifications::loyalty())));
    all.extend(closing(|_| orders(), |_| programme()));
    all
}

#[cfg_attr(not(feature = "mine"), allow(dead_code, reason = "built in where it is asked for"))]
fn of_06(orders: Make, loyalty: Make) -> Vec<Explore> {
    use ex06::support::{bounded, only_loyalty, only_orders, searches};
    let mut all = searches(orders, loyalty);
    all.extend(closing(|_| bounded(only_orders(orders)), |_| bounded(only_loyalty(loyalty))));
    all
}

#[cfg_attr(not(feature = "mine"), allow(dead_code, reason = "built in where it is asked for"))]
fn of_08(orders: Make, loyalty: Make) -> Vec<Explore> {
    use ex08::support::{all_accounted_for, bare, of_one_attempt, orders as small, searches};
    let mut all = searches::of_the_guarantee(|| small(orders()));
    all.extend(searches::of_the_outbox(
        || all_accounted_for(orders()),
        || bare(orders()),
        || of_one_attempt(orders()),
    ));
    let programme = |_: &[Message]| System::of(loyalty()).judged_by(specifications::loyalty());
    all.extend(closing(|_| small(orders()), programme));
    all
}

#[cfg_attr(not(feature = "mine"), allow(dead_code, reason = "built in where it is asked for"))]
fn of_09(orders: Make, loyalty: Make, door: Make) -> Vec<Explore> {
    // The same is demanded as in 06, in the same words.
    use ex06::support::bounded as without_ids;
    use ex09::support::{Door, alone, further_down, searches, with_at_most, with_tokens};
    let both = |sent: &[Message], tokens| {
        let orders = System::of(orders()).judged_by(specifications::orders_with_welcome());
        let both = without_ids(orders).and(loyalty()).judged_by(specifications::loyalty());
        with_tokens(with_at_most(tokens, without_ids(both)), sent)
    };
    let tidy = |sent: &[Message]| without_ids(alone(orders(), sent));
    let mut all = vec![searches::a_duplicate_and_time(|heard| further_down(loyalty(), heard))];
    all.extend(searches::through_both_endpoints(both));
    all.extend([searches::two_items(tidy), searches::removing_and_adding(tidy)]);
    all.push(searches::one_request_within_seven_days(|| {
        let door = System::of(door()).judged_by(Door);
        door.and(orders()).judged_by(specifications::orders_with_welcome())
    }));
    all.extend(closing(|sent| alone(orders(), sent), |sent| further_down(loyalty(), sent)));
    all
}

/// The questions that every exercise ends with.
#[cfg_attr(not(feature = "mine"), allow(dead_code, reason = "built in where it is asked for"))]
fn closing(orders: impl Fn(&[Message]) -> System, programme: impl Fn(&[Message]) -> System) -> Vec<Explore> {
    let mut all = Closing::of(Dialogue::ORDERS, orders).searches();
    all.extend(Closing::of(Dialogue::LOYALTY, programme).searches_of_another_machine());
    all
}

#[cfg(test)]
mod tests {
    use chaos::Verdict;

    use super::*;
    use crate::live::kept::ex06::marks_before_it_sends;
    use crate::live::kept::ex09::removes_its_token_before_it_sends;

    /// On a thread without a name: there no handler is tried in a process of its own first,
    /// which would begin by making all searches before that once more.
    fn without_trials(test: impl FnOnce() + Send + 'static) {
        std::thread::spawn(test).join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    }

    /// A code leads to the run that it was written for, in whichever of the searches.
    fn are_found_again(searches: fn() -> Vec<Explore>, least: usize) {
        let (mut red, mut last) = (0, 0);
        for (number, search) in searches().into_iter().enumerate() {
            let report = search.run();
            let Some(code) = &report.replay else { continue };
            let story = recorded(Told::First(searches()), &code.parse().expect("a code")).expect("its run");
            assert!(story.search <= number, "one that asks for the same may come before");
            assert!(matches!(story.report.verdict, Verdict::Violated(_)), "{}", story.report);
            assert_eq!(story.report.violated(), report.violated());
            (red, last) = (red + 1, story.search);
        }
        assert!(red >= least, "{red} were red");
        assert!(last > 0, "all were found in the first");
    }

    #[test]
    fn the_code_of_a_red_test_leads_to_its_run() {
        without_trials(|| {
            are_found_again(|| of_06(marks_before_it_sends::orders, marks_before_it_sends::loyalty), 5);
            use removes_its_token_before_it_sends::{loyalty, orders};
            are_found_again(|| of_09(orders, loyalty, ex09_tokens::door), 4);
        });
    }

    #[test]
    fn every_solution_holds_in_all_that_is_asked_of_the_readers_answer() {
        let all = [
            of_05(ex05_state_machine_runner::endpoint, ex05_state_machine_runner::loyalty),
            of_06(ex06_inbox::orders, ex06_inbox::loyalty),
            of_08(ex08_outbox_document::orders, ex08_outbox_document::loyalty),
            of_09(ex09_tokens::orders, ex09_tokens::loyalty, ex09_tokens::door),
        ];
        without_trials(|| {
            for search in all.into_iter().flatten() {
                let report = search.run();
                assert!(report.holds(), "{report}");
            }
        });
    }
}
