//! Deliveries that go as they should, and about which nobody has asked: they are
//! told in one line.

use std::ops::Range;

use super::knowledge::Followed;
use super::steps::message_at;
use crate::handler::call::Reply;
use crate::search::no_return::NoReturn;
use crate::world::step::{CallOutcome, Step};
use crate::world::trace::Trace;
use crate::world::transition_system::TransitionSystem;

/// Shorter ones are told as they are.
const WORTH_IT: usize = 4;

/// The steps of each such delivery. It begins and ends without any other step
/// between, nothing goes wrong in it, the handler says nothing about it, its message is
/// not the one that the story is about, and a right end is no further away after it than
/// before. Where a right end was never in reach, what comes after the message that the
/// story is about is told; and where that is not known, only what is the one delivery of
/// its message is folded.
pub(super) fn usual_deliveries(
    transitions: &TransitionSystem,
    trace: &Trace,
    followed: Option<&Followed>,
    no_return: Option<NoReturn>,
) -> Vec<Range<usize>> {
    let taken = trace.taken();
    let mut found = Vec::new();
    let mut at = 0;
    while at < taken.len() {
        let end = whole_delivery(transitions, trace, at);
        let quiet = end.is_some_and(|end| {
            let steps = at..end;
            let message = message_at(transitions, trace, at);
            let asked_about = message.is_none() || message == followed.map(|followed| followed.id);
            let once = || {
                let starts = taken.iter().enumerate().filter(|(_, taken)| taken.step.starts_a_delivery());
                starts.filter(|&(number, _)| message_at(transitions, trace, number) == message).count() == 1
            };
            let turns = match no_return {
                Some(NoReturn::After(step)) => steps.contains(&step),
                Some(NoReturn::FromTheStart) => {
                    let about = followed.map(|followed| followed.id);
                    (0..at).any(|number| message_at(transitions, trace, number) == about)
                }
                Some(NoReturn::Unknown { .. }) | None => !once(),
            };
            let loops = trace.loop_start().is_some_and(|from| from < end);
            steps.len() >= WORTH_IT && !asked_about && !turns && !loops
        });
        match end.filter(|_| quiet) {
            Some(end) => {
                found.push(at..end);
                at = end;
            }
            None => at += 1,
        }
    }
    found
}

/// Where the delivery ends that begins here, if it goes on undisturbed and well to
/// its acknowledgement.
fn whole_delivery(transitions: &TransitionSystem, trace: &Trace, start: usize) -> Option<usize> {
    let taken = trace.taken();
    let Step::Deliver { worker, .. } = taken[start].step else { return None };
    for (number, step) in taken.iter().enumerate().skip(start) {
        let refused = matches!(step.applied.reply, Some(Reply::Conflict | Reply::TooLarge { .. }));
        let says_something = step
            .applied
            .delivery
            .is_some_and(|history| !transitions.rehearsal.pending(history).notes.is_empty());
        if step.fault.is_some() || refused || says_something {
            return None;
        }
        match step.step {
            Step::Deliver { .. } if number == start => {}
            Step::Call { worker: by, outcome: CallOutcome::Ok, .. }
            | Step::Dispatch { worker: by, outcome: CallOutcome::Ok }
                if by == worker => {}
            Step::Ack { worker: by, outcome: CallOutcome::Ok } if by == worker => return Some(number + 1),
            _ => return None,
        }
    }
    None
}
