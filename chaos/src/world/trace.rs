//! A run: what was chosen, and what came of it.
//!
//! It is made once, by whichever driver ran it, and read by everybody else: the
//! story, the replay code, the report, whoever looks for a loop in it. Drivers
//! that make millions of runs keep bare steps, and make a [`Trace`] of the one
//! that is told.

use super::fault::{Fault, Faults};
use super::state::World;
use super::step::{Applied, Step};
use super::transition_system::TransitionSystem;
use crate::handler::fault::HandlerFault;

/// A run.
#[derive(Debug)]
pub(crate) struct Trace {
    taken: Vec<TakenStep>,
    /// The world after the last step.
    end: World,
    /// What the handler did in the last step that ends the run.
    handler_fault: Option<HandlerFault>,
    /// The steps from this one on lead back to where they began.
    loops_from: Option<usize>,
}

/// One step of a run.
#[derive(Debug)]
pub(crate) struct TakenStep {
    pub(crate) step: Step,
    /// The fault that it was, if it was one.
    pub(crate) fault: Option<Fault>,
    pub(crate) applied: Applied,
    pub(crate) before: World,
}

impl Trace {
    /// A run that is at its beginning.
    pub(crate) fn at(world: World) -> Self {
        Self { taken: Vec::new(), end: world, handler_fault: None, loops_from: None }
    }

    /// The run that takes these steps, as far as the handler lets it.
    pub(crate) fn of(transitions: &mut TransitionSystem, steps: &[Step]) -> Self {
        let mut trace = Self::at(transitions.initial());
        for &step in steps {
            if !trace.take(transitions, step) {
                break;
            }
        }
        trace
    }

    /// Takes one more step. `false` when the handler does not survive it: that is
    /// the end of the run.
    pub(crate) fn take(&mut self, transitions: &mut TransitionSystem, step: Step) -> bool {
        assert!(self.handler_fault.is_none(), "nothing follows what ended a run");
        let before = self.end.clone();
        let fault = transitions.fault(&before, step);
        let (applied, handler_fault) = match transitions.apply_known(&mut self.end, step, fault) {
            Ok(applied) => (applied, None),
            Err(handler_fault) => (Applied::default(), Some(handler_fault)),
        };
        self.taken.push(TakenStep { step, fault, applied, before });
        self.handler_fault = handler_fault;
        self.handler_fault.is_none()
    }

    /// Says that the steps from this one on lead back to where they began.
    pub(crate) fn loops_from(mut self, step: usize) -> Self {
        self.loops_from = Some(step);
        self
    }

    /// Whether and from where on it repeats itself.
    pub(crate) fn loop_start(&self) -> Option<usize> {
        self.loops_from
    }

    pub(crate) fn taken(&self) -> &[TakenStep] {
        &self.taken
    }

    /// How many steps it has.
    pub(crate) fn len(&self) -> usize {
        self.taken.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.taken.is_empty()
    }

    /// The world after the last step.
    pub(crate) fn end(&self) -> &World {
        &self.end
    }

    /// The world after the n-th step.
    pub(crate) fn after(&self, step: usize) -> &World {
        self.taken.get(step + 1).map_or(&self.end, |next| &next.before)
    }

    /// What the handler did in the last step that ends the run.
    pub(crate) fn handler_fault(&self) -> Option<&HandlerFault> {
        self.handler_fault.as_ref()
    }

    /// The faults that struck, in their order, stale reads included.
    pub(crate) fn faults(&self) -> impl Iterator<Item = Fault> {
        self.taken.iter().filter_map(|taken| taken.fault)
    }

    /// What was chosen, as short as can be.
    pub(crate) fn choices(&self) -> Vec<String> {
        self.taken.iter().map(|taken| taken.step.to_string()).collect()
    }

    /// The classes of faults that struck.
    pub(crate) fn visited(&self) -> Faults {
        self.faults().collect()
    }
}
