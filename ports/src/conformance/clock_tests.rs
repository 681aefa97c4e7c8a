//! The suite for clocks passes what is right, and catches what is broken.

use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;

use super::tests::{assert_breaks, block_on};
use super::{clock, passing, rules};
use crate::memory::MemoryClock;
use crate::{Clock, ClockError, Deadline};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

#[test]
fn the_clock_in_memory_conforms_again_and_again() {
    let memory = MemoryClock::new();
    block_on(async {
        for _ in 0..2 {
            clock(&memory).await;
            for time in [DAY, Duration::from_millis(4)] {
                passing(&memory, time, async |by| memory.advance(by)).await;
            }
        }
        let far = memory.deadline_in(Duration::MAX).await;
        assert_eq!(far, Err(ClockError::TooFar(Duration::MAX)), "some time has passed by now");
    });
}

#[test]
fn a_broken_clock_is_caught_by_the_rule_it_breaks() {
    for (fault, rule) in [
        (Fault::HasAlwaysPassed, rules::DEADLINE_PASSES_NOT_BEFORE),
        (Fault::NoTimeIsToCome, rules::NO_TIME_HAS_PASSED),
        (Fault::LosesItsTextInWriting, rules::NOT_A_DEADLINE_IS_REFUSED),
        (Fault::KnowsTheLastOnly, rules::DEADLINES_ARE_APART),
        (Fault::PassesOnceOnly, rules::PASSED_IS_PASSED),
    ] {
        assert_breaks(clock(&Broken::by(fault)), rule, fault);
    }
    for (fault, rule) in [
        (Fault::HasAlwaysPassed, rules::DEADLINE_PASSES_NOT_BEFORE),
        (Fault::NeverPasses, rules::DEADLINE_PASSES),
        (Fault::AskingRenews, rules::DEADLINE_PASSES),
        (Fault::AllPassTogether, rules::DEADLINES_PASS_IN_ORDER),
        (Fault::PassesOnceOnly, rules::PASSED_IS_PASSED),
    ] {
        let broken = Broken::by(fault);
        assert_breaks(passing(&broken, DAY, async |by| broken.advance(by)), rule, fault);
    }
}

/// What is wrong with a clock.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    HasAlwaysPassed,
    NeverPasses,
    NoTimeIsToCome,
    LosesItsTextInWriting,
    KnowsTheLastOnly,
    PassesOnceOnly,
    AskingRenews,
    AllPassTogether,
}

/// A clock that numbers its deadlines, and has one fault.
struct Broken {
    fault: Fault,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    now: Duration,
    /// For each deadline, when it is, how long it was to be, and how often it was told
    /// to have passed.
    deadlines: Vec<(Duration, Duration, usize)>,
}

impl Broken {
    fn by(fault: Fault) -> Self {
        Self { fault, state: Mutex::default() }
    }

    fn advance(&self, by: Duration) {
        self.state.lock().unwrap().now += by;
    }
}

#[async_trait]
impl Clock for Broken {
    async fn deadline_in(&self, time: Duration) -> Result<Deadline, ClockError> {
        let mut state = self.state.lock().unwrap();
        let at = state.now + time;
        state.deadlines.push((at, time, 0));
        Ok(Deadline(format!("the deadline number {}", state.deadlines.len())))
    }

    async fn has_passed(&self, deadline: &Deadline) -> Result<bool, ClockError> {
        let mut state = self.state.lock().unwrap();
        let mut number = deadline.0.strip_prefix("the deadline number ").and_then(|text| text.parse().ok());
        if self.fault == Fault::LosesItsTextInWriting {
            number = number.or(Some(1));
        }
        if let (Fault::KnowsTheLastOnly, Some(_)) = (self.fault, number) {
            number = Some(state.deadlines.len());
        }
        let now = state.now;
        let first_is_over = state.deadlines.iter().any(|(at, ..)| *at <= now);
        let known = number.and_then(|number: usize| state.deadlines.get_mut(number.checked_sub(1)?));
        let Some((at, time, told)) = known else { return Err(ClockError::NotADeadline(deadline.0.clone())) };
        let passed = match self.fault {
            Fault::HasAlwaysPassed => true,
            Fault::NeverPasses => false,
            Fault::NoTimeIsToCome => *at < now,
            Fault::PassesOnceOnly => *at <= now && *told == 0,
            Fault::AllPassTogether => first_is_over,
            _ => *at <= now,
        };
        *told += usize::from(passed);
        if self.fault == Fault::AskingRenews && !passed {
            *at = now + *time;
        }
        Ok(passed)
    }
}
