//! The exhaustive search: every schedule and every fault within bounds.
//!
//! A breadth-first search over the states of the [world](crate::world), in
//! order of the faults spent and then of the steps taken, so that the first
//! violation found has the fewest faults, and among those the fewest steps.

use super::counts::{Counts, Observer, Progress};
use super::explored::{EndStates, Explored};
use super::footprints::Footprints;
use super::independence;
use super::liveness::{Cost, Edge};
use super::other_ids::Wrong;
use super::patience::{self, Patience};
use super::reductions::Reductions;
use super::symmetry::canonicalise;
use super::to_raw::raw_trace;
use super::treadmill::{self, Growing};
use crate::guarantee::judgement::Judgement;
use crate::handler::fault::HandlerFault;
use crate::judging::judge::Judge;
use crate::judging::verdict::{Finding, Inconclusive, Verdict};
use crate::world::fault::{Fault, Faults};
use crate::world::state::World;
use crate::world::step::Step;
use crate::world::trace::Trace;
use crate::world::transition_system::TransitionSystem;

/// From states that are so deep, or in which a store keeps so many old versions, and once
/// in so many states, the search looks back whether it goes round for ever. Few right
/// answers get so far.
const DEEP: u16 = 150;
const MANY_ROUNDS: usize = 16;
const LOOK_BACK: usize = 256;
/// From so many states a search that is given up looks back.
const DEEPEST: usize = 32;
/// In so many states, rest is looked for ahead of a state that is suspicious, since a
/// store keeps so many old versions.
const MANY: usize = 8;
const LOOK_AHEAD: usize = 50_000;

/// A search that is ready to be made.
pub(crate) struct Search<'a> {
    pub(crate) transitions: &'a mut TransitionSystem,
    pub(crate) judge: &'a mut Judge,
    pub(crate) reductions: Reductions,
    pub(crate) limit: usize,
    /// How many bytes the states may take that wait to be explored.
    pub(crate) limit_bytes: usize,
    pub(crate) check_settles: bool,
    pub(crate) observer: Option<Observer>,
    pub(crate) collect_end_states: bool,
}

/// What a search came to.
pub(crate) struct Searched {
    pub(crate) verdict: Verdict,
    pub(crate) counts: Counts,
    pub(crate) visited: Faults,
    /// The run that leads to the finding; none if there is nothing to show.
    pub(crate) trace: Option<Trace>,
    pub(crate) end_states: EndStates,
}

impl Searched {
    /// How many faults, stale reads included, the finding takes.
    pub(crate) fn faults(&self) -> usize {
        self.trace.as_ref().map_or(0, |trace| trace.faults().count())
    }
}

/// Why an attempt ends.
pub(super) enum Stop {
    /// An access outside the footprints was met: everything must be done afresh.
    Learned,
    /// There is a verdict, shown by the run to this state if there is one.
    Verdict(Verdict, Option<u32>),
    /// The handler cannot go on after this step from this state.
    Handler(u32, Step, HandlerFault),
    /// A cycle of steps without faults, and where in it it goes round.
    Cycle(Vec<Step>, usize),
    /// Rest is out of reach, after so many stale reads; and since older versions are
    /// kept as long as one may still be read, no cycle ever closes.
    Endless { stale: u8 },
}

/// How often something in a weak store was written, as far as its old versions are kept:
/// after so many times, the run may have no end. As long as an old version may still be
/// read, no state of such a run ever comes back.
fn most_versions(world: &World) -> usize {
    world.objects.iter().map(|object| object.older.len()).max().unwrap_or(0)
}

impl Search<'_> {
    /// Runs the search to its end.
    pub(crate) fn run(&mut self) -> Searched {
        let mut footprints = self.footprints();
        let mut restarts = 0;
        let mut endless = false;
        loop {
            let mut explored = self.begin();
            match self.attempt(&mut explored, &mut footprints) {
                Stop::Learned => {
                    restarts += 1;
                    footprints.conclude(self.transitions);
                }
                // With no stale read left to come, nothing old is kept, and the cycle
                // closes.
                Stop::Endless { stale } => {
                    endless = true;
                    self.transitions.bounds.stale = stale;
                }
                Stop::Verdict(Verdict::Holds, _) if endless => {
                    unreachable!("rest is out of reach with so many stale reads")
                }
                stop => {
                    let mut searched = self.finish_with_other_ids(explored, stop);
                    searched.counts.restarts = restarts;
                    return searched;
                }
            }
        }
    }

    /// What one dull run teaches of what the messages touch.
    pub(super) fn footprints(&mut self) -> Footprints {
        let mut footprints = Footprints::default();
        if self.reductions.independence {
            self.trial_run(&mut footprints);
            footprints.conclude(self.transitions);
        }
        footprints
    }

    /// One dull run, to learn what the messages touch.
    fn trial_run(&mut self, footprints: &mut Footprints) {
        const LONG_ENOUGH: usize = 1_000;
        let mut world = self.transitions.initial();
        let mut steps = Vec::new();
        for _ in 0..LONG_ENOUGH {
            footprints.observe(self.transitions, &world);
            self.transitions.enabled(&world, &mut steps);
            let Some(&step) = steps.first() else { return };
            let faulty = self.transitions.fault(&world, step).is_some();
            if faulty || self.transitions.apply(&mut world, step).is_err() {
                return;
            }
        }
    }

    pub(super) fn begin(&mut self) -> Explored {
        self.transitions.distinguish_workers = !self.reductions.workers;
        let mut initial = self.transitions.initial();
        canonicalise(&mut initial, self.reductions, self.transitions.bounds.stale > 0);
        Explored::from_initial(initial)
    }

    fn attempt(&mut self, explored: &mut Explored, footprints: &mut Footprints) -> Stop {
        let mut layer = 0;
        let mut expanded = 0usize;
        let mut look_ahead = LOOK_BACK;
        while let Some((cost, bucket)) = explored.next_bucket() {
            if cost > layer {
                // Steps without faults stay within a layer, and so do cycles.
                if let Some(cycle) = self.cycle(explored) {
                    return cycle;
                }
                layer = cost;
            }
            let mut bucket = bucket.into_iter();
            while let Some((index, world)) = bucket.next() {
                if expanded.is_multiple_of(1024)
                    && let Some(stop) = self.show(explored, bucket.len(), cost)
                {
                    return stop;
                }
                if (explored.depth(index) >= DEEP || most_versions(&world) >= MANY_ROUNDS)
                    && expanded.is_multiple_of(LOOK_BACK)
                    && let Some(stop) = self.look_back(explored, index, &world)
                {
                    return stop;
                }
                if expanded >= look_ahead && self.check_settles && most_versions(&world) >= MANY {
                    match patience::look(self.transitions, self.reductions, &world, LOOK_AHEAD) {
                        Patience::Never => return Stop::Endless { stale: world.spent.stale() },
                        // The way to rest is short where there is one.
                        Patience::Ends => look_ahead = expanded + LOOK_BACK,
                        Patience::Unknown { .. } => look_ahead = 2 * (expanded + LOOK_BACK),
                    }
                }
                expanded += 1;
                if let Some(stop) = self.explore(explored, footprints, index, &world) {
                    return stop;
                }
            }
        }
        assert_eq!(explored.bytes_waiting(), 0, "nothing waits any more");
        self.cycle(explored).unwrap_or_else(|| {
            let unjudged = match () {
                // Before the other: where every run waits, nothing was judged because of that.
                () if explored.waits_for_time.get() && !self.transitions.bounds.time_passes => {
                    Some(Inconclusive::WaitsForTime)
                }
                () if !explored.judged => Some(Inconclusive::NothingJudged),
                () => None,
            };
            Stop::Verdict(unjudged.map_or(Verdict::Holds, Verdict::Inconclusive), None)
        })
    }

    /// Shows how far the search has come, to somebody who may stop it.
    fn show(&self, explored: &Explored, in_bucket: usize, cost: u32) -> Option<Stop> {
        let observer = self.observer.as_ref()?;
        let states = explored.states();
        if observer(Progress { states, frontier: explored.waiting() + in_bucket }) {
            return None;
        }
        // What costs less is done with: that is the order.
        let stopped = Inconclusive::Stopped { states, fewer_than: cost };
        Some(Stop::Verdict(Verdict::Inconclusive(stopped), None))
    }

    /// Looks back at the way to a state: does something grow on it without end?
    fn look_back(&mut self, explored: &Explored, index: u32, world: &World) -> Option<Stop> {
        let Growing { what, is_content } =
            treadmill::grows(self.transitions, self.reductions, &explored.chain(index))?;
        // Where nothing else grows, whether there is rest can be told.
        let never = |patience| matches!(patience, Patience::Never);
        if !is_content
            && self.check_settles
            && never(patience::look(self.transitions, self.reductions, world, LOOK_AHEAD))
        {
            return Some(Stop::Endless { stale: world.spent.stale() });
        }
        let growing = what;
        let reason = Inconclusive::TooManyStates { limit: explored.states(), growing: Some(growing) };
        Some(Stop::Verdict(Verdict::Inconclusive(reason), None))
    }

    /// What keeps growing, where a search is given up.
    fn what_grows(&mut self, explored: &Explored) -> Option<String> {
        // One of the deepest states may show it, though none that was looked back from did.
        let mut deepest = explored.deepest_waiting(DEEPEST).into_iter();
        let round = deepest
            .find_map(|index| treadmill::grows(self.transitions, self.reductions, &explored.chain(index)));
        round.map(|growing| growing.what).or_else(|| explored.grown.what(self.transitions))
    }

    /// Judges a state if it is at rest, and takes every step from it that must be
    /// explored.
    fn explore(
        &mut self,
        explored: &mut Explored,
        footprints: &mut Footprints,
        index: u32,
        world: &World,
    ) -> Option<Stop> {
        explored.grown.observe(self.transitions, world);
        if explored.node(index).at_rest
            && let Some(verdict) = self.judge_at_rest(explored, world)
        {
            return Some(Stop::Verdict(verdict, Some(index)));
        }
        let (mut steps, mut edges) = explored.scratch();
        if let Some(stop) = self.steps_to_take(footprints, world, &mut steps) {
            return Some(stop);
        }
        if self.reductions.independence {
            explored.faults_seen = self.dominated(&steps, world).fold(explored.faults_seen, Faults::with);
        }
        for &step in &steps {
            match self.take(explored, footprints, index, world, step) {
                Ok(edge) => edges.push(edge),
                Err(handler_fault) => return Some(Stop::Handler(index, step, handler_fault)),
            }
        }
        explored.graph.add_edges(index, &edges);
        explored.use_again(steps, edges);
        if explored.states() > self.limit {
            let growing = self.what_grows(explored);
            let reason = Inconclusive::TooManyStates { limit: self.limit, growing };
            return Some(Stop::Verdict(Verdict::Inconclusive(reason), None));
        }
        if explored.bytes_waiting() > self.limit_bytes {
            let (limit, states) = (self.limit_bytes, explored.states());
            let reason = Inconclusive::TooManyBytes { limit, states, growing: self.what_grows(explored) };
            return Some(Stop::Verdict(Verdict::Inconclusive(reason), None));
        }
        None
    }

    /// The steps from a state that must be explored; that everything must be done afresh,
    /// if there is more to know of footprints.
    pub(super) fn steps_to_take(
        &mut self,
        footprints: &mut Footprints,
        world: &World,
        steps: &mut Vec<Step>,
    ) -> Option<Stop> {
        if !self.reductions.independence {
            self.transitions.enabled(world, steps);
            return None;
        }
        footprints.observe(self.transitions, world);
        if footprints.learned() {
            return Some(Stop::Learned);
        }
        independence::reduced(footprints, self.transitions, world, steps);
        None
    }

    /// The classes of faults that strike here by argument 7, though their steps are
    /// left out: they count as visited.
    fn dominated(&self, steps: &[Step], world: &World) -> impl Iterator<Item = Fault> {
        let left_out = match steps.first() {
            Some(&Step::Ack { worker, .. }) => {
                let is_there = steps.iter().any(|step| matches!(step, Step::LockExpires { .. }));
                !is_there && self.transitions.lock_may_expire(world, worker)
            }
            _ => false,
        };
        left_out.then_some(Fault::LockExpires).into_iter()
    }

    /// What is wrong with a world at rest, if anything is.
    fn judge_at_rest(&mut self, explored: &mut Explored, world: &World) -> Option<Verdict> {
        if self.collect_end_states {
            explored.keep_end_state(world);
        }
        match self.judge.judge(self.transitions, world, None) {
            Ok(Ok(())) => {
                explored.judged = true;
                None
            }
            Ok(Err(finding)) => Some(Verdict::Violated(finding)),
            Err(reason) => Some(Verdict::Inconclusive(reason)),
        }
    }

    /// Takes a step from a state, and enters where it leads to.
    pub(super) fn take(
        &mut self,
        explored: &mut Explored,
        footprints: &Footprints,
        index: u32,
        world: &World,
        step: Step,
    ) -> Result<Edge, HandlerFault> {
        explored.transitions_tried += 1;
        let fault = self.transitions.fault(world, step);
        let mut next = world.clone();
        if self.reductions.independence {
            next.component = independence::component_after(footprints, self.transitions, world, step);
            explored.last_component = explored.last_component.max(next.component);
        }
        let applied = self.transitions.apply_known(&mut next, step, fault)?;
        if let Some(history) = applied.delivery
            && self.transitions.rehearsal.compares_ids_in(history)
        {
            explored.keep_comparison(history, index, step);
        }
        if let Some(fault) = fault
            && (world.work_in_flight() || next.work_in_flight())
        {
            explored.faults_seen = explored.faults_seen.with(fault);
        }
        let stale_left = self.transitions.any_left(&next, Fault::StaleRead);
        canonicalise(&mut next, self.reductions, stale_left);
        self.transitions.assert_well_formed(&next);
        let target = explored.enter(next, index, step, self.reductions.cache);
        Ok(Edge { target, cost: Cost::of(fault), delivers: step.starts_a_delivery() })
    }

    fn cycle(&mut self, explored: &Explored) -> Option<Stop> {
        if !self.check_settles {
            return None;
        }
        // Argument 5: the proviso.
        let sound = !self.transitions.checked || explored.graph.every_free_cycle_delivers();
        assert!(sound, "a cycle of steps without faults has no delivery in it");
        match explored.cycle_without_an_end(self.transitions, self.reductions) {
            Ok(cycle) => cycle.map(|(chain, loops_from)| Stop::Cycle(chain, loops_from)),
            Err(states) => {
                let unknown = Inconclusive::RestUnknown { states };
                Some(Stop::Verdict(Verdict::Inconclusive(unknown), None))
            }
        }
    }

    /// Finishes, and looks whether anything is otherwise with ids in another order.
    fn finish_with_other_ids(&mut self, explored: Explored, mut stop: Stop) -> Searched {
        let wrong = match &mut stop {
            Stop::Verdict(Verdict::Holds, _) => self.wrong_with_other_ids(&explored),
            Stop::Verdict(Verdict::Violated(Finding::Property(judgement)), Some(end)) => {
                if self.right_with_other_ids(&explored, *end) {
                    judgement.note += HandlerFault::ORDER_IS_CHANCE;
                }
                None
            }
            _ => None,
        };
        let mut searched = self.finish(explored, stop);
        if let Some(Wrong { fault, trace, transitions }) = wrong {
            searched.verdict = Verdict::Violated(Finding::Handler(fault));
            searched.trace = Some(trace);
            *self.transitions = transitions;
        }
        searched
    }

    fn finish(&mut self, mut explored: Explored, stop: Stop) -> Searched {
        let (verdict, chain, loops_from) = match stop {
            Stop::Learned | Stop::Endless { .. } => unreachable!("what was learned is used"),
            Stop::Verdict(verdict, at) => (verdict, at.map(|index| explored.chain(index)), None),
            Stop::Handler(index, step, handler_fault) => {
                let mut chain = explored.chain(index);
                chain.push(step);
                (Verdict::Violated(Finding::Handler(handler_fault)), Some(chain), None)
            }
            Stop::Cycle(chain, loops_from) => {
                let finding = Finding::Property(Box::new(Judgement::never_ends()));
                (Verdict::Violated(finding), Some(chain), Some(loops_from))
            }
        };
        let trace = chain.map(|chain| raw_trace(self.transitions, self.reductions, &chain));
        let trace = match loops_from {
            Some(loops_from) => trace.map(|trace| trace.loops_from(loops_from)),
            None => trace,
        };
        let mut counts = explored.counts(self.transitions);
        let bounds = &self.transitions.bounds;
        if verdict == Verdict::Holds
            && bounds.faults_per_message.is_none()
            && !bounds.stale_by_delivery
            && explored.graph.has_no_free_cycle()
        {
            counts.schedules =
                explored.graph.schedules(bounds.faults, bounds.stale, |node| explored.node(node).at_rest);
        }
        let end_states = std::mem::take(&mut explored.end_states);
        Searched { verdict, counts, visited: explored.faults_seen, trace, end_states }
    }
}
