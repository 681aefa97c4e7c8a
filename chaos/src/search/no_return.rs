//! The point of no return: the first step of a run after which nothing ends right
//! any more, unless another fault happens to mend it.
//!
//! From each state of the run, the last one first, all steps without faults are
//! searched, the passing of deadlines included, for a state at rest that the judge
//! has nothing against. It is done for the one run that is told, so without any
//! reduction of steps; and within a limit for all of it.

use std::collections::HashSet;

use super::fingerprint::fingerprint;
use super::patience::patient_steps;
use super::reductions::Reductions;
use super::symmetry::canonicalise;
use crate::judging::judge::Judge;
use crate::world::state::World;
use crate::world::trace::Trace;
use crate::world::transition_system::TransitionSystem;

/// Where a run that ends wrong could not end right any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoReturn {
    /// After the step with this number, from 0; before it, it still could.
    After(usize),
    /// Not even before the first step.
    FromTheStart,
    /// So many states were looked at, and it was not found.
    Unknown {
        /// How many.
        states: usize,
    },
}

/// In so many states, all searches together, a right end is looked for.
const ENOUGH: usize = 50_000;
/// And in so many situations of a handler that were never met before: each costs some
/// runs of the handler, and where something grows, there is no end to them.
const ENOUGH_RUNS: usize = 1_500;

/// Looks for it, in a run that ends wrong; nothing, if the run is not told up to there.
pub(crate) fn point_of_no_return(
    transitions: &mut TransitionSystem,
    judge: &mut Judge,
    trace: &Trace,
) -> Option<NoReturn> {
    let mut search = Ahead::new(transitions, judge);
    for number in (0..trace.len()).rev() {
        match search.ends_right(trace.after(number)) {
            Some(false) => {}
            Some(true) => return (number + 1 < trace.len()).then_some(NoReturn::After(number + 1)),
            None => return Some(search.unknown()),
        }
    }
    Some(match search.ends_right(&trace.taken().first()?.before) {
        Some(true) => NoReturn::After(0),
        Some(false) => NoReturn::FromTheStart,
        None => search.unknown(),
    })
}

/// Whether any way on from a world ends right, however long one waits; nothing if that is
/// not known. And in how many states it was looked for.
pub(super) fn ends_right(
    transitions: &mut TransitionSystem,
    judge: &mut Judge,
    world: &World,
) -> (Option<bool>, usize) {
    let mut search = Ahead::new(transitions, judge);
    (search.ends_right(world), search.lost.len())
}

struct Ahead<'a> {
    transitions: &'a mut TransitionSystem,
    judge: &'a mut Judge,
    /// What was looked at, and from which nothing ends right. Who is reached again from
    /// further up need not be looked at again: the search stops at the first right end.
    lost: HashSet<u128>,
    /// How many situations of the handler may be known in the end.
    last_run: usize,
}

impl<'a> Ahead<'a> {
    fn new(transitions: &'a mut TransitionSystem, judge: &'a mut Judge) -> Self {
        let last_run = transitions.rehearsal.history_count() + ENOUGH_RUNS;
        Self { transitions, judge, lost: HashSet::new(), last_run }
    }

    fn unknown(&self) -> NoReturn {
        NoReturn::Unknown { states: self.lost.len() }
    }

    /// Whether any way on from here ends right; nothing if that is not known.
    fn ends_right(&mut self, from: &World) -> Option<bool> {
        let (mut buffer, mut steps) = (Vec::new(), Vec::new());
        let mut known = true;
        let mut waiting = vec![from.clone()];
        while let Some(world) = waiting.pop() {
            if world.at_rest() {
                match self.judge.judge(self.transitions, &world, None) {
                    Ok(Ok(())) => return Some(true),
                    Ok(Err(_)) => {}
                    Err(_) => known = false,
                }
            }
            patient_steps(self.transitions, &world, &mut steps);
            for &step in &steps {
                let mut next = world.clone();
                // Where the handler gives out, nothing ends at all.
                if self.transitions.apply_known(&mut next, step, None).is_err() {
                    continue;
                }
                next.component = 0;
                canonicalise(&mut next, Reductions::ALL, false);
                if self.lost.insert(fingerprint(&next, &mut buffer)) {
                    let runs = self.transitions.rehearsal.history_count();
                    if self.lost.len() >= ENOUGH || runs > self.last_run {
                        return None;
                    }
                    waiting.push(next);
                }
            }
        }
        known.then_some(false)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use anyhow::bail;
    use ports::law::Law;
    use ports::{Context, Endpoint, Message, MessageId, Ports, Precondition};

    use super::*;
    use crate::scenario::Scenario;
    use crate::system::under_test::System;
    use crate::world::fault::Faults;

    /// Whether anything ends right from the start, by a law to which nothing matters.
    fn ends_right_from_the_start(
        handler: impl AsyncFn(&Message, &Ports, &Context) -> anyhow::Result<()> + Send + Sync + 'static,
    ) -> Option<bool> {
        let nothing = Law::of(|_| "nothing".to_owned(), |(): &mut (), _| Vec::<()>::new());
        let endpoint = Endpoint::new("till", handler).view(|_, _| Ok(()));
        let system = System::of(endpoint).judged_by(nothing);
        let mut scenario = Scenario::new(system.clone(), 0, 0, Faults::NONE);
        scenario.send([Message::new(MessageId::named("ann"), &"Ann")]);
        let mut transitions = scenario.transitions(Arc::default());
        let initial = transitions.initial();
        ends_right(&mut transitions, &mut Judge::new(system), &initial).0
    }

    #[test]
    fn where_the_handler_gives_out_nothing_ends_right() {
        assert_eq!(ends_right_from_the_start(async |_, _, _| Ok(())), Some(true));
        assert_eq!(ends_right_from_the_start(async |_, _, _| bail!("never")), Some(false));
        assert_eq!(ends_right_from_the_start(async |_, _, _| panic!("it gives out")), Some(false));
    }

    #[test]
    fn where_something_grows_it_is_looked_for_within_a_limit() {
        let grows = async |_: &Message, ports: &Ports, _: &Context| {
            let count = ports.documents.get("count").await?.map_or(0, |count| count.body.len());
            ports.documents.put("count", vec![b'.'; count + 1], Precondition::None).await?;
            bail!("not yet")
        };
        assert_eq!(ends_right_from_the_start(grows), None);
    }
}
