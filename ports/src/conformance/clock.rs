//! The rules of a clock.

use std::time::Duration;

use super::rules::{
    ASKING_CHANGES_NOTHING, DEADLINE_IS_TEXT, DEADLINE_PASSES, DEADLINE_PASSES_NOT_BEFORE,
    DEADLINES_ARE_APART, DEADLINES_PASS_IN_ORDER, NO_TIME_HAS_PASSED, NOT_A_DEADLINE_IS_REFUSED,
    PASSED_IS_PASSED,
};
use super::{Calls, Told};
use crate::{Clock, ClockError, Deadline};

/// So long, no check takes.
const WEEK: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Checks a clock, as far as no time need pass for it.
///
/// # Panics
///
/// When a rule is broken.
pub async fn clock(clock: &dyn Clock) {
    let on = Asked { clock, calls: Calls::default() };
    let [one, other] = [on.deadline(WEEK).await, on.deadline(WEEK).await];
    for deadline in [&one, &other, &one] {
        on.is(DEADLINE_PASSES_NOT_BEFORE, deadline, false).await;
    }
    let written = serde_json::to_string(&one).ok();
    let read = written.as_deref().and_then(|text| serde_json::from_str::<Deadline>(text).ok());
    on.calls.note(format_args!("written as {}", written.unwrap_or_default()), &read);
    on.calls.require(DEADLINE_IS_TEXT, read.as_ref() == Some(&one));
    on.is(DEADLINE_IS_TEXT, &read.unwrap_or(one.clone()), false).await;

    let over = on.deadline(Duration::ZERO).await;
    on.is(NO_TIME_HAS_PASSED, &over, true).await;
    on.is(DEADLINES_ARE_APART, &other, false).await;
    on.is(PASSED_IS_PASSED, &over, true).await;

    for text in ["", "soon", "0", "1.5", "2026-11-28", &format!("{} ", one.0)] {
        let strange = Deadline(text.to_owned());
        let reply = on.has_passed(&strange).await;
        on.calls.require(NOT_A_DEADLINE_IS_REFUSED, reply == Err(ClockError::NotADeadline(strange.0)));
    }
}

/// Checks that deadlines pass when it is time. `advance` makes this much time pass for
/// the clock: by moving it, or by waiting. It is called three times, for 2¼ times `time`
/// altogether, and the check never comes closer to a deadline than a quarter of `time`.
///
/// # Panics
///
/// When a rule is broken.
pub async fn passing(clock: &dyn Clock, time: Duration, advance: impl AsyncFn(Duration)) {
    let on = Asked { clock, calls: Calls::default() };
    let wait = async |by: Duration| {
        advance(by).await;
        on.calls.note(format_args!("{by:?} pass"), &());
    };
    // Time 0.
    let [long, first] = [on.deadline(time * 3 / 2).await, on.deadline(time).await];
    wait(time / 2).await; // time ½
    on.is(DEADLINE_PASSES_NOT_BEFORE, &first, false).await;
    // Made later, it passes later, though it has been asked for since.
    let second = on.deadline(time).await;
    on.is(ASKING_CHANGES_NOTHING, &first, false).await;
    wait(time * 3 / 4).await; // time 1¼
    on.is(DEADLINE_PASSES, &first, true).await;
    on.is(DEADLINES_PASS_IN_ORDER, &second, false).await;
    on.is(DEADLINES_PASS_IN_ORDER, &long, false).await;
    wait(time).await; // time 2¼
    for deadline in [&second, &long] {
        on.is(DEADLINE_PASSES, deadline, true).await;
    }
    let third = on.deadline(time).await;
    on.is(DEADLINES_ARE_APART, &third, false).await;
    on.is(PASSED_IS_PASSED, &first, true).await;
}

/// A clock under test, and what it was asked.
struct Asked<'a> {
    clock: &'a dyn Clock,
    calls: Calls,
}

impl Asked<'_> {
    async fn deadline(&self, time: Duration) -> Deadline {
        let reply = self.clock.deadline_in(time).await;
        self.calls.note(format_args!("deadline_in({time:?})"), &reply.as_ref().map(|it| Told(it.0.clone())));
        self.calls.require(DEADLINE_PASSES_NOT_BEFORE, reply.is_ok());
        reply.unwrap_or_else(|_| unreachable!("a broken rule panics"))
    }

    async fn has_passed(&self, deadline: &Deadline) -> Result<bool, ClockError> {
        let reply = self.clock.has_passed(deadline).await;
        self.calls.note(format_args!("has_passed({:?})", deadline.0), &reply);
        reply
    }

    /// The rule says whether it has passed.
    async fn is(&self, rule: &str, deadline: &Deadline, passed: bool) {
        let reply = self.has_passed(deadline).await;
        self.calls.require(rule, reply == Ok(passed));
    }
}
