//! Whether a situation ends if one only waits long enough.
//!
//! In the explored graph a deadline passes by itself only while nobody is at
//! work: that it passes under a busy worker is a fault, and may be beyond the
//! budget. Where the question is whether rest is *out of reach*, all deadlines
//! pass in the end, in their order, whoever is at work. So where the graph shows
//! no way to rest from a state, and a clock runs, this looks once more, without
//! any reduction of steps.

use std::collections::HashSet;

use super::fingerprint::fingerprint;
use super::reductions::Reductions;
use super::symmetry::canonicalise;
use crate::world::state::World;
use crate::world::step::Step;
use crate::world::transition_system::TransitionSystem;

/// Whether rest is within reach of a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Patience {
    /// Steps without faults and the passing of time lead to rest; or to where the
    /// handler gives out, which is told elsewhere.
    Ends,
    /// They do not.
    Never,
    /// So many states were looked at, and none of them was at rest.
    Unknown {
        /// How many.
        states: usize,
        /// Whether there was anything to wait for. If not, the graph itself has the
        /// answer.
        clock_runs: bool,
    },
}

/// The steps that are no faults, and every deadline that may pass, also under a busy
/// worker.
pub(super) fn patient_steps(transitions: &TransitionSystem, world: &World, steps: &mut Vec<Step>) {
    transitions.enabled(world, steps);
    steps.retain(|&step| transitions.fault(world, step).is_none());
    let deadlines = (0..).zip(&world.timers).filter(|&(number, timer)| {
        transitions.is_by_clock(timer) && transitions.may_expire(world, number, timer)
    });
    steps.extend(deadlines.map(|(number, _)| Step::Expire { timer: number }));
}

/// Looks for rest from a world from which the graph has no way to it, in so many
/// states.
pub(super) fn look(
    transitions: &mut TransitionSystem,
    reductions: Reductions,
    world: &World,
    enough: usize,
) -> Patience {
    let mut clock_runs = false;
    let (mut seen, mut buffer) = (HashSet::new(), Vec::new());
    let mut waiting = vec![world.clone()];
    let mut steps = Vec::new();
    while let Some(world) = waiting.pop() {
        if world.at_rest() {
            return Patience::Ends;
        }
        if seen.len() > enough {
            return Patience::Unknown { states: seen.len(), clock_runs };
        }
        patient_steps(transitions, &world, &mut steps);
        clock_runs |= world.timers.iter().any(|timer| transitions.is_by_clock(timer));
        for &step in &steps {
            let mut next = world.clone();
            if transitions.apply_known(&mut next, step, None).is_err() {
                return Patience::Ends;
            }
            next.component = 0;
            canonicalise(&mut next, reductions, false);
            if seen.insert(fingerprint(&next, &mut buffer)) {
                waiting.push(next);
            }
        }
    }
    Patience::Never
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use anyhow::bail;
    use ports::{Endpoint, Message, MessageId, Precondition};

    use super::*;
    use crate::scenario::Scenario;
    use crate::system::under_test::System;
    use crate::world::fault::Faults;

    /// One that counts its attempts, and gives up after so many; the first one takes a lease,
    /// if it is to.
    fn looked(attempts: usize, takes_a_lease: bool, enough: usize) -> Patience {
        let handler = async move |_: &Message, ports: &ports::Ports, _: &ports::Context| {
            let count = ports.documents.get("count").await?.map_or(0, |count| count.body.len());
            if takes_a_lease && count == 0 {
                let minute = Duration::from_secs(60);
                ports.documents.put_expiring("lease", Vec::new(), Precondition::None, minute).await?;
            }
            if count < attempts {
                ports.documents.put("count", vec![b'.'; count + 1], Precondition::None).await?;
                bail!("not yet");
            }
            Ok(())
        };
        looked_at(Endpoint::new("patient", handler), enough)
    }

    fn looked_at(endpoint: Endpoint, enough: usize) -> Patience {
        let mut scenario = Scenario::new(System::of(endpoint), 0, 0, Faults::NONE);
        scenario.send([Message::new(MessageId::named("ann"), &"Ann")]);
        let mut transitions = scenario.transitions(Arc::default());
        let initial = transitions.initial();
        look(&mut transitions, Reductions::ALL, &initial, enough)
    }

    /// What is wrong with it is told where it gives out, and not as a rest out of reach.
    #[test]
    fn where_the_handler_gives_out_nothing_is_waited_for() {
        let handler = async |_: &Message, ports: &ports::Ports, _: &ports::Context| {
            let count = ports.documents.get("count").await?.map_or(0, |count| count.body.len());
            assert!(count < 2, "two are more than it can count");
            ports.documents.put("count", vec![b'.'; count + 1], Precondition::None).await?;
            bail!("not yet")
        };
        assert_eq!(looked_at(Endpoint::new("hasty", handler), 1_000), Patience::Ends);
    }

    #[test]
    fn rest_is_looked_for_in_so_many_states() {
        assert_eq!(looked(3, false, 1_000), Patience::Ends);
        assert_eq!(looked(3, true, 1_000), Patience::Ends);
        let unknown = |clock_runs| Patience::Unknown { states: 101, clock_runs };
        assert_eq!(looked(usize::MAX, false, 100), unknown(false));
        assert_eq!(looked(usize::MAX, true, 100), unknown(true));
    }
}
