//! Runs with ids in other orders (argument 2 in
//! [`how_it_works`](crate::how_it_works)).
//!
//! A handler that compares ids is right if it does not matter how the comparison
//! ends. A search has one order of ids only; so where a handler or a view compares
//! ids, runs are repeated in worlds where ids are in other orders. Such a run is as
//! real as any other: what is wrong at its end is wrong.
//!
//! Messages that are sent have ids of their own, which a test has made from names:
//! they are the same in every run, as if that had a meaning. So some runs are also
//! repeated with other ones. To look inside of these is no fault in itself (whoever
//! picks a shard by the id of a message picks the same for each copy), but it must
//! lead to nothing wrong.

use ports::MessageId;
use uuid::Uuid;

use super::explored::Explored;
use super::explorer::Search;
use super::to_raw::raw_trace;
use crate::handler::fault::HandlerFault;
use crate::handler::text::Assignment;
use crate::judging::judge::Judge;
use crate::world::step::Step;
use crate::world::trace::Trace;
use crate::world::transition_system::TransitionSystem;

/// A run that is wrong with other ids, and the world in which it is.
pub(super) struct Wrong {
    pub(super) fault: HandlerFault,
    pub(super) trace: Trace,
    pub(super) transitions: TransitionSystem,
}

impl Search<'_> {
    /// Repeats runs that ended well with other ids, and finds one that does not.
    pub(super) fn wrong_with_other_ids(&mut self, explored: &Explored) -> Option<Wrong> {
        self.wrong_with_other_sent_ids(explored).or_else(|| self.wrong_with_other_fresh_ids(explored))
    }

    fn wrong_with_other_sent_ids(&mut self, explored: &Explored) -> Option<Wrong> {
        const A_FEW: usize = 8;
        // The programs that the engine is compared with mean nothing, and their law
        // only takes notes.
        if self.transitions.checked {
            return None;
        }
        let runs: Vec<_> = explored.comparing(A_FEW).iter().map(|chain| self.steps_to(chain)).collect();
        [opposite, anew].into_iter().find_map(|change| {
            let mut transitions = self.transitions.with_lasting_ids(Assignment::LASTING[3]);
            let mut judge = self.judge.by_the_law_only();
            if !judge.is_indifferent_to_ids(&transitions, change) || !transitions.change_sent_ids(change) {
                return None;
            }
            let (wrong, trace) =
                runs.iter().find_map(|steps| wrong_run(&mut transitions, &mut judge, steps))?;
            Some(Wrong { fault: HandlerFault::OrdersByIds { wrong }, trace, transitions })
        })
    }

    /// In other orders, if anybody compares ids.
    fn wrong_with_other_fresh_ids(&mut self, explored: &Explored) -> Option<Wrong> {
        if !self.transitions.rehearsal.compares_ids {
            return None;
        }
        // So many runs through deliveries that compare ids, and so many to rest: not
        // much more than the search itself has cost.
        let most = (explored.states() / 8).clamp(16, 48);
        let runs: Vec<_> = explored.comparing(most).iter().map(|chain| self.steps_to(chain)).collect();
        (0..).zip(Assignment::LASTING).find_map(|(order, ids)| {
            let mut transitions = self.transitions.with_lasting_ids(ids);
            let mut judge = self.judge.afresh();
            // Every run the other way round, and in one of the other orders.
            let runs = (0..).zip(&runs).filter(|(run, _)| order == 0 || run % 3 + 1 == order);
            let (wrong, trace) =
                runs.into_iter().find_map(|(_, steps)| wrong_run(&mut transitions, &mut judge, steps))?;
            Some(Wrong { fault: HandlerFault::OrdersByIds { wrong }, trace, transitions })
        })
    }

    /// Whether a run that is wrong is right with ids in another order.
    pub(super) fn right_with_other_ids(&mut self, explored: &Explored, end: u32) -> bool {
        if !self.transitions.rehearsal.compares_ids {
            return false;
        }
        let steps = self.steps_to(&explored.chain(end));
        Assignment::LASTING.into_iter().any(|ids| {
            let mut transitions = self.transitions.with_lasting_ids(ids);
            let trace = follow(&mut transitions, &steps);
            let ended = trace.len() == steps.len() && trace.handler_fault().is_none();
            ended
                && trace.end().at_rest()
                && self.judge.afresh().judge(&mut transitions, trace.end(), None) == Ok(Ok(()))
        })
    }

    fn steps_to(&mut self, chain: &[Step]) -> Vec<Step> {
        let trace = raw_trace(self.transitions, self.reductions, chain);
        trace.taken().iter().map(|taken| taken.step).collect()
    }
}

/// The id that is the opposite in each bit that is free: all of them are in the
/// opposite order.
fn opposite(id: MessageId) -> MessageId {
    let mut bytes = id.as_uuid().into_bytes().map(|byte| !byte);
    // The version and the variant.
    bytes[6] ^= 0xf0;
    bytes[8] ^= 0xc0;
    Uuid::from_bytes(bytes).into()
}

/// Another id, of the same kind.
fn anew(id: MessageId) -> MessageId {
    id.derive("another")
}

/// The run that takes these steps, as far as they are there.
fn follow(transitions: &mut TransitionSystem, steps: &[Step]) -> Trace {
    let mut trace = Trace::at(transitions.initial());
    let mut enabled = Vec::new();
    for &step in steps {
        transitions.enabled(trace.end(), &mut enabled);
        if !enabled.contains(&step) || !trace.take(transitions, step) {
            break;
        }
    }
    trace
}

/// What is wrong with the run that takes these steps, as far as they are there, and
/// then goes on to rest without any fault.
fn wrong_run(
    transitions: &mut TransitionSystem,
    judge: &mut Judge,
    steps: &[Step],
) -> Option<(String, Trace)> {
    const LONG_ENOUGH: usize = 1_000;
    let mut trace = follow(transitions, steps);
    let mut enabled = Vec::new();
    while trace.handler_fault().is_none() && !trace.end().at_rest() {
        transitions.enabled(trace.end(), &mut enabled);
        let dull = enabled.iter().find(|&&step| transitions.fault(trace.end(), step).is_none());
        if trace.len() >= LONG_ENOUGH {
            return None;
        }
        trace.take(transitions, *dull?);
    }
    let wrong = match trace.handler_fault() {
        Some(fault) => fault.to_string(),
        None => judge.judge(transitions, trace.end(), None).ok()?.err()?.to_string(),
    };
    Some((wrong, trace))
}
