//! The exhaustive driver: every schedule and every fault within bounds.
//!
//! A breadth-first search over the states of the [world](crate::world), in
//! order of the faults spent and then of the steps taken, so that the first
//! violation found has the fewest faults, and among those the fewest steps.
//!
//! A state is visited again only with a budget that was not yet available to
//! it: whoever has more faults left can do everything that whoever has fewer
//! left can do. Hence budgets are not part of a state's identity.

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

use crate::canonical::{Places, Reductions, canonicalise, fingerprint};
use crate::fault::{Fault, Faults};
use crate::independence::Footprints;
use crate::machine::{Machine, Step};
use crate::rehearsal::HandlerFault;
use crate::settles::{Cost, Edge, Graph};
use crate::verdict::{Finding, Inconclusive, Judge, Verdict};
use crate::world::{Content, Used, World, at_most};
use ports::words;

/// What a search counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Different states.
    pub states: usize,
    /// Steps tried from them.
    pub transitions: usize,
    /// States at rest.
    pub at_rest: usize,
    /// Ways through the explored states from the start to rest: every one is a
    /// schedule of its own, and stands for all that differ from it in the order
    /// of independent steps. At most `u128::MAX`; 0 where they are not counted
    /// (when the search ended early, or faults are bounded by message).
    pub schedules: u128,
    /// Different deliveries in progress: how often the handler really ran.
    pub deliveries: usize,
    /// The most faults spent in any state.
    pub faults: u32,
    /// How often the search was started afresh because an independence that it
    /// had assumed did not hold.
    pub restarts: u32,
}

/// The end states of a search, for comparing searches.
pub(crate) type EndStates = std::collections::BTreeSet<u128>;

/// How far a search has come, for whoever shows it.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// States found so far.
    pub states: usize,
    /// States found and not yet explored.
    pub frontier: usize,
}

/// Watches a search, and may stop it by returning `false`.
pub(crate) type Observer = Arc<dyn Fn(Progress) -> bool + Send + Sync>;

pub(crate) struct Search<'a> {
    pub(crate) machine: &'a mut Machine,
    pub(crate) judge: &'a mut Judge,
    pub(crate) reductions: Reductions,
    pub(crate) limit: usize,
    pub(crate) check_settles: bool,
    pub(crate) observer: Option<Observer>,
    pub(crate) collect_end_states: bool,
}

/// What a search came to.
pub(crate) struct Searched {
    pub(crate) verdict: Verdict,
    pub(crate) counts: Counts,
    pub(crate) visited: Faults,
    /// The steps that lead to the finding, from the unaltered initial world.
    pub(crate) steps: Vec<Step>,
    /// How many faults, stale reads included, the finding takes.
    pub(crate) faults: u32,
    /// The steps from `loops_from` on lead back to where they began.
    pub(crate) loops_from: Option<usize>,
    pub(crate) end_states: EndStates,
}

/// A state that was found.
struct Node {
    parent: u32,
    /// The step that led here from the parent (in the parent's canonical form).
    step: Step,
    used: Used,
    depth: u16,
    /// How many other workers were busy, added up over the steps: of equally
    /// short ways here, the one with the least of it is told.
    crowd: u16,
    at_rest: bool,
    /// The next node of the same world with other budgets, or `NONE`.
    twin: u32,
}

const NONE: u32 = u32::MAX;

/// Fingerprints are hashes already.
#[derive(Default)]
struct PassThrough(u64);

impl Hasher for PassThrough {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, _: &[u8]) {
        unreachable!("only fingerprints are hashed")
    }
    fn write_u128(&mut self, fingerprint: u128) {
        self.0 = fingerprint as u64;
    }
}

type Visited = HashMap<u128, u32, BuildHasherDefault<PassThrough>>;

enum Outcome {
    Finished(Box<Searched>),
    /// An access outside the footprints was met.
    Learned,
}

impl Search<'_> {
    /// Runs the search to its end.
    pub(crate) fn run(&mut self) -> Searched {
        let mut footprints = Footprints::default();
        let mut restarts = 0;
        if self.reductions.independence {
            self.trial_run(&mut footprints);
            footprints.settle(self.machine);
        }
        loop {
            match self.attempt(&mut footprints) {
                Outcome::Finished(mut searched) => {
                    searched.counts.restarts = restarts;
                    return *searched;
                }
                Outcome::Learned => {
                    restarts += 1;
                    footprints.settle(self.machine);
                }
            }
        }
    }

    /// One dull run, to learn what the messages touch.
    fn trial_run(&mut self, footprints: &mut Footprints) {
        const LONG_ENOUGH: usize = 1_000;
        let mut world = self.machine.initial();
        let mut steps = Vec::new();
        for _ in 0..LONG_ENOUGH {
            footprints.observe(self.machine, &world);
            self.machine.enabled(&world, &mut steps);
            let Some(&step) = steps.first() else { return };
            if self.machine.fault(&world, step).is_some() || self.machine.apply(&mut world, step).is_err() {
                return;
            }
        }
    }

    fn attempt(&mut self, footprints: &mut Footprints) -> Outcome {
        self.machine.distinguish_workers = !self.reductions.workers;
        let mut state = Attempt::new(self);
        let mut initial = self.machine.initial();
        canonicalise(&mut initial, self.reductions, self.machine.bounds.stale > 0);
        let root = Node {
            parent: NONE,
            step: Step::Land { flying: 0 },
            used: Used::default(),
            depth: 0,
            crowd: 0,
            at_rest: initial.at_rest(),
            twin: NONE,
        };
        state.visited.insert(fingerprint(&initial, &mut state.buffer), 0);
        state.nodes.push(root);
        state.graph.add_node();
        state.frontier.insert((0, 0), vec![(0, initial)]);

        let mut steps = Vec::new();
        let mut edges = Vec::new();
        let mut layer = 0;
        let mut expanded = 0usize;
        while let Some(mut bucket) = state.frontier.first_entry() {
            let (cost, depth) = *bucket.key();
            // Buckets are emptied from the front, to meet the shortest first in
            // the order in which they were found.
            let bucket = std::mem::take(bucket.get_mut());
            state.frontier.remove(&(cost, depth));
            if cost > layer {
                if let Some(searched) = self.look_for_cycles(&mut state) {
                    return Outcome::Finished(searched);
                }
                layer = cost;
            }
            let mut bucket = bucket.into_iter();
            while let Some((index, world)) = bucket.next() {
                if let Some(observer) = &self.observer
                    && expanded.is_multiple_of(1024)
                {
                    let frontier = state.frontier.values().map(Vec::len).sum::<usize>() + bucket.len();
                    let states = state.nodes.len();
                    if !observer(Progress { states, frontier }) {
                        // What costs less is done with: that is the order.
                        let stopped = Inconclusive::Stopped { states, fewer_than: cost };
                        return Outcome::Finished(self.finish(state, Verdict::Inconclusive(stopped), None));
                    }
                }
                expanded += 1;
                state.grown.observe(self.machine, &world);
                if state.nodes[index as usize].at_rest {
                    if self.collect_end_states {
                        state.end_states.insert(end_state(&world, &mut state.buffer));
                    }
                    match self.judge.judge(self.machine, &world, None) {
                        Ok(Ok(())) => state.judged = true,
                        Ok(Err(finding)) => {
                            return Outcome::Finished(self.finish(
                                state,
                                Verdict::Violated(finding),
                                Some(index),
                            ));
                        }
                        Err(reason) => {
                            return Outcome::Finished(self.finish(
                                state,
                                Verdict::Inconclusive(reason),
                                Some(index),
                            ));
                        }
                    }
                }
                if self.reductions.independence {
                    footprints.observe(self.machine, &world);
                    if footprints.learned() {
                        return Outcome::Learned;
                    }
                    footprints.reduced(self.machine, &world, &mut steps);
                } else {
                    self.machine.enabled(&world, &mut steps);
                }
                edges.clear();
                for &step in &steps {
                    state.transitions += 1;
                    let fault = self.machine.fault(&world, step);
                    let mut next = world.clone();
                    if self.reductions.independence {
                        next.phase = footprints.phase_after(self.machine, &world, step);
                        state.last_phase = state.last_phase.max(next.phase);
                    }
                    if let Err(handler_fault) = self.machine.apply_known(&mut next, step, fault) {
                        return Outcome::Finished(self.handler_fault(state, index, step, handler_fault));
                    }
                    if let Some(fault) = fault
                        && (world.work_in_flight() || next.work_in_flight())
                    {
                        state.faults_seen = state.faults_seen.with(fault);
                    }
                    let stale_left = self.machine.any_left(&next, Fault::StaleRead);
                    canonicalise(&mut next, self.reductions, stale_left);
                    let (target, new) = state.enter(&next, index, step, self.reductions.cache);
                    let cost = match fault {
                        None => Cost::Free,
                        Some(Fault::StaleRead) => Cost::Stale,
                        Some(_) => Cost::Fault,
                    };
                    edges.push(Edge { target, cost });
                    if new {
                        state.push(target, next);
                    }
                }
                state.graph.add_edges(index, &edges);
                if state.nodes.len() > self.limit {
                    let growing = state.grown.what(self.machine);
                    let reason = Inconclusive::TooManyStates { limit: self.limit, growing };
                    return Outcome::Finished(self.finish(state, Verdict::Inconclusive(reason), None));
                }
            }
        }
        if let Some(searched) = self.look_for_cycles(&mut state) {
            return Outcome::Finished(searched);
        }
        let verdict =
            if state.judged { Verdict::Holds } else { Verdict::Inconclusive(Inconclusive::NothingJudged) };
        Outcome::Finished(self.finish(state, verdict, None))
    }

    fn look_for_cycles(&mut self, state: &mut Attempt) -> Option<Box<Searched>> {
        if !self.check_settles {
            return None;
        }
        let cycle = state.graph.cycle(|node| {
            let node = &state.nodes[node as usize];
            (node.used.iter().map(|&n| u32::from(n)).sum::<u32>(), node.depth)
        })?;
        let taken = std::mem::replace(state, Attempt::new(self));
        let entry = cycle[0];
        let mut chain = taken.chain(entry);
        let loops_from = chain.len();
        for pair in cycle.windows(2) {
            chain.push(taken.step_between(self, pair[0], pair[1])?);
        }
        chain.push(taken.step_between(self, *cycle.last()?, entry)?);
        let steps = self.raw_steps(&chain);
        let finding = Finding::Property(crate::checker::Judgement {
            violated: vec![crate::Property::Settles],
            reason: "with no further fault, the same situation comes back again and again: the system never comes to rest"
                .to_owned(),
            damage: vec!["the message is delivered again and again, and never done with".to_owned()],
            nearest: None,
        });
        let counts = taken.counts(self);
        Some(Box::new(Searched {
            verdict: Verdict::Violated(finding),
            counts,
            visited: taken.faults_seen,
            faults: taken.spent(entry),
            steps,
            loops_from: Some(loops_from),
            end_states: taken.end_states,
        }))
    }

    fn handler_fault(
        &mut self,
        state: Attempt,
        index: u32,
        step: Step,
        fault: HandlerFault,
    ) -> Box<Searched> {
        let mut chain = state.chain(index);
        chain.push(step);
        let steps = self.raw_steps(&chain);
        Box::new(Searched {
            verdict: Verdict::Violated(Finding::Handler(fault)),
            counts: state.counts(self),
            visited: state.faults_seen,
            faults: state.spent(index),
            steps,
            loops_from: None,
            end_states: state.end_states,
        })
    }

    fn finish(&mut self, mut state: Attempt, verdict: Verdict, at: Option<u32>) -> Box<Searched> {
        let steps = at.map_or_else(Vec::new, |index| {
            let chain = state.chain(index);
            self.raw_steps(&chain)
        });
        let mut counts = state.counts(self);
        if verdict == Verdict::Holds && self.check_settles && self.machine.bounds.faults_per_message.is_none()
        {
            let bounds = &self.machine.bounds;
            counts.schedules =
                state.graph.schedules(bounds.faults, bounds.stale, |node| state.nodes[node as usize].at_rest);
        }
        Box::new(Searched {
            verdict,
            counts,
            visited: state.faults_seen,
            faults: at.map_or(0, |index| state.spent(index)),
            steps,
            loops_from: None,
            end_states: std::mem::take(&mut state.end_states),
        })
    }

    /// Turns steps between canonical worlds into steps of one world that is
    /// left as it is.
    fn raw_steps(&mut self, chain: &[Step]) -> Vec<Step> {
        let mut raw_world = self.machine.initial();
        let mut world = raw_world.clone();
        let places = canonicalise(&mut world, self.reductions, self.machine.bounds.stale > 0);
        let mut lens = Lens::new(&places);
        let mut steps = Vec::new();
        for &step in chain {
            lens.prefer_first_idle(step, &raw_world);
            let raw = lens.translate(step);
            steps.push(raw);
            let (before, raw_before) = (Sizes::of(&world), Sizes::of(&raw_world));
            let applied = self.machine.apply(&mut world, step);
            if applied.is_err() || self.machine.apply(&mut raw_world, raw).is_err() {
                break;
            }
            debug_assert_eq!(Sizes::of(&world), Sizes::of(&raw_world));
            debug_assert_eq!(before, raw_before);
            lens.step(step, raw, before, Sizes::of(&world));
            let stale_left = self.machine.any_left(&world, Fault::StaleRead);
            let places = canonicalise(&mut world, self.reductions, stale_left);
            lens.rearrange(&places);
        }
        steps
    }
}

/// How many of everything there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Sizes {
    queue: usize,
    published: usize,
    flying: usize,
}

impl Sizes {
    fn of(world: &World) -> Self {
        Self { queue: world.queue.len(), published: world.published.len(), flying: world.flying.len() }
    }
}

/// Translates places in a canonical world into places in an unaltered one.
struct Lens {
    workers: Vec<u8>,
    queue: Vec<u8>,
    published: Vec<u8>,
    flying: Vec<u8>,
}

impl Lens {
    fn new(places: &Places) -> Self {
        Self {
            workers: places.workers.to_vec(),
            queue: places.queue.to_vec(),
            published: places.published.to_vec(),
            flying: places.flying.to_vec(),
        }
    }

    /// Idle workers are alike: let the first of them do what any is to do.
    fn prefer_first_idle(&mut self, step: Step, raw_world: &World) {
        let (Step::Deliver { worker, .. }
        | Step::Duplicate { worker, .. }
        | Step::LockExpires { worker, .. }) = step
        else {
            return;
        };
        let chosen = self.workers[usize::from(worker)];
        let endpoint = raw_world.workers[usize::from(chosen)].endpoint;
        let first = raw_world
            .workers
            .iter()
            .position(|worker| worker.endpoint == endpoint && worker.busy.is_none())
            .map_or(chosen, |first| first as u8);
        for place in &mut self.workers {
            *place = match *place {
                place if place == chosen => first,
                place if place == first => chosen,
                place => place,
            };
        }
    }

    fn translate(&self, step: Step) -> Step {
        use crate::machine::Source;
        let worker = |place: u8| self.workers[usize::from(place)];
        match step {
            Step::Deliver { copy, worker: to } => {
                Step::Deliver { copy: self.queue[usize::from(copy)], worker: worker(to) }
            }
            Step::Duplicate { of, worker: to } => {
                let of = match of {
                    Source::Published(place, endpoint) => {
                        Source::Published(self.published[usize::from(place)], endpoint)
                    }
                    sent => sent,
                };
                Step::Duplicate { of, worker: worker(to) }
            }
            Step::LockExpires { from, worker: to } => {
                Step::LockExpires { from: worker(from), worker: worker(to) }
            }
            Step::Call { worker: by, call, outcome } => Step::Call { worker: worker(by), call, outcome },
            Step::Dispatch { worker: by, outcome } => Step::Dispatch { worker: worker(by), outcome },
            Step::Ack { worker: by, outcome } => Step::Ack { worker: worker(by), outcome },
            Step::Land { flying } => Step::Land { flying: self.flying[usize::from(flying)] },
            Step::Expire { timer } => Step::Expire { timer },
        }
    }

    /// Both worlds took the same step.
    fn step(&mut self, step: Step, raw: Step, before: Sizes, after: Sizes) {
        fn removed(places: &mut Vec<u8>, at: u8, raw_at: u8) {
            places.remove(usize::from(at));
            for place in places {
                *place -= u8::from(*place > raw_at);
            }
        }
        fn grown(places: &mut Vec<u8>, to: usize) {
            places.extend(places.len() as u8..to as u8);
        }
        match (step, raw) {
            (Step::Deliver { copy, .. }, Step::Deliver { copy: raw_copy, .. }) => {
                removed(&mut self.queue, copy, raw_copy);
            }
            (Step::Land { flying }, Step::Land { flying: raw_flying }) => {
                removed(&mut self.flying, flying, raw_flying);
            }
            _ => {}
        }
        debug_assert!(after.published >= before.published);
        grown(&mut self.queue, after.queue);
        grown(&mut self.published, after.published);
        grown(&mut self.flying, after.flying);
    }

    fn rearrange(&mut self, places: &Places) {
        fn through(ours: &mut Vec<u8>, places: &[u8]) {
            *ours = places.iter().map(|&old| ours[usize::from(old)]).collect();
        }
        through(&mut self.workers, &places.workers);
        through(&mut self.queue, &places.queue);
        through(&mut self.published, &places.published);
        through(&mut self.flying, &places.flying);
    }
}

/// What one attempt at the search has found.
struct Attempt {
    nodes: Vec<Node>,
    visited: Visited,
    /// States to explore, by faults spent and steps taken.
    frontier: BTreeMap<(u32, u16), Vec<(u32, World)>>,
    graph: Graph,
    transitions: usize,
    faults_seen: Faults,
    judged: bool,
    grown: Growth,
    buffer: Vec<u8>,
    end_states: EndStates,
    last_phase: u8,
}

impl Attempt {
    fn new(_: &Search<'_>) -> Self {
        Self {
            nodes: Vec::new(),
            visited: Visited::default(),
            frontier: BTreeMap::new(),
            graph: Graph::default(),
            transitions: 0,
            faults_seen: Faults::NONE,
            judged: false,
            grown: Growth::default(),
            buffer: Vec::new(),
            end_states: EndStates::new(),
            last_phase: 0,
        }
    }

    /// Finds the node of a world, or makes it.
    fn enter(&mut self, world: &World, parent: u32, step: Step, cache: bool) -> (u32, bool) {
        let new = self.nodes.len() as u32;
        let mut node = Node {
            parent,
            step,
            used: world.used,
            depth: self.nodes[parent as usize].depth.saturating_add(1),
            crowd: self.nodes[parent as usize].crowd.saturating_add(world.crowd()),
            at_rest: world.at_rest(),
            twin: NONE,
        };
        if cache {
            let known = self.visited.entry(fingerprint(world, &mut self.buffer)).or_insert(NONE);
            let mut next = *known;
            while next != NONE {
                let twin = &mut self.nodes[next as usize];
                if at_most(&twin.used, &world.used) {
                    if (twin.used, twin.depth) == (node.used, node.depth) && node.crowd < twin.crowd {
                        (twin.parent, twin.step, twin.crowd) = (parent, step, node.crowd);
                    }
                    return (next, false);
                }
                next = twin.twin;
            }
            node.twin = *known;
            *known = new;
        }
        self.nodes.push(node);
        self.graph.add_node();
        (new, true)
    }

    fn push(&mut self, index: u32, world: World) {
        let spent = world.used.iter().map(|&n| u32::from(n)).sum();
        let depth = self.nodes[index as usize].depth;
        self.frontier.entry((spent, depth)).or_default().push((index, world));
    }

    /// The faults that a node has cost.
    fn spent(&self, index: u32) -> u32 {
        self.nodes[index as usize].used.iter().map(|&n| u32::from(n)).sum()
    }

    /// The steps that lead to a node.
    fn chain(&self, mut index: u32) -> Vec<Step> {
        let mut steps = Vec::new();
        while self.nodes[index as usize].parent != NONE {
            steps.push(self.nodes[index as usize].step);
            index = self.nodes[index as usize].parent;
        }
        steps.reverse();
        steps
    }

    /// A step without a fault from one node to another.
    fn step_between(&self, search: &mut Search<'_>, from: u32, to: u32) -> Option<Step> {
        let stale = search.machine.bounds.stale > 0;
        let mut world = search.machine.initial();
        canonicalise(&mut world, search.reductions, stale);
        for step in self.chain(from) {
            search.machine.apply(&mut world, step).ok()?;
            // Phases only restrict what is explored; the last one is as good.
            world.phase = 0;
            let stale_left = search.machine.any_left(&world, Fault::StaleRead);
            canonicalise(&mut world, search.reductions, stale_left);
        }
        let mut buffer = Vec::new();
        let mut steps = Vec::new();
        search.machine.enabled(&world, &mut steps);
        steps.into_iter().find(|&step| {
            let mut next = world.clone();
            if search.machine.fault(&world, step).is_some() || search.machine.apply(&mut next, step).is_err()
            {
                return false;
            }
            let stale_left = search.machine.any_left(&next, Fault::StaleRead);
            canonicalise(&mut next, search.reductions, stale_left);
            // A delivery may have moved the search on to a later component.
            (world.phase..=self.last_phase).any(|phase| {
                next.phase = phase;
                let mut twin = self.visited.get(&fingerprint(&next, &mut buffer)).copied().unwrap_or(NONE);
                while twin != NONE && twin != to {
                    twin = self.nodes[twin as usize].twin;
                }
                twin == to
            })
        })
    }

    fn counts(&self, search: &Search<'_>) -> Counts {
        Counts {
            states: self.nodes.len(),
            transitions: self.transitions,
            at_rest: self.nodes.iter().filter(|node| node.at_rest).count(),
            schedules: 0,
            deliveries: search.machine.rehearsal.shape_count(),
            faults: self
                .nodes
                .iter()
                .map(|node| node.used.iter().map(|&n| u32::from(n)).sum())
                .max()
                .unwrap_or(0),
            restarts: 0,
        }
    }
}

/// What a world at rest holds, whoever's workers did it.
fn end_state(world: &World, buffer: &mut Vec<u8>) -> u128 {
    let mut world = world.clone();
    world.phase = 0;
    world.flying.clear();
    fingerprint(&world, buffer)
}

/// Which stored thing keeps growing.
#[derive(Default)]
struct Growth {
    largest: BTreeMap<(u8, u32), usize>,
    first: BTreeMap<(u8, u32), usize>,
    most_objects: usize,
    most_published: usize,
    most_queued: usize,
}

impl Growth {
    fn observe(&mut self, machine: &Machine, world: &World) {
        for object in &world.objects {
            let size = match &object.content {
                Content::Stream(events) => events.len(),
                Content::Outside(state) => machine.texts().len(state),
                Content::Document(version) => {
                    version.as_ref().map_or(0, |version| machine.texts().len(&version.body))
                }
            };
            let class = (object.key.store, object.key.key.template);
            let largest = self.largest.entry(class).or_insert(size);
            *largest = size.max(*largest);
            self.first.entry(class).or_insert(size);
        }
        self.most_objects = self.most_objects.max(world.objects.len());
        self.most_published = self.most_published.max(world.published.len());
        self.most_queued = self.most_queued.max(world.queue.len());
    }

    /// Names what has grown out of proportion.
    fn what(&self, machine: &Machine) -> Option<String> {
        const OUT_OF_PROPORTION: usize = 8;
        let messages = machine.sent.len().max(1);
        let (class, size) = self
            .largest
            .iter()
            .max_by_key(|(class, size)| *size / self.first[*class].max(1))
            .map(|(class, size)| (*class, *size))?;
        if self.most_queued > OUT_OF_PROPORTION * messages {
            return Some(format!("the queue (up to {})", words::count(self.most_queued as u128, "copy")));
        }
        if self.most_published > OUT_OF_PROPORTION * messages {
            return Some(format!(
                "the number of published messages (up to {}): is an output given a new id at every attempt?",
                words::thousands(self.most_published as u128)
            ));
        }
        if size > OUT_OF_PROPORTION * self.first[&class].max(1) {
            let key = crate::text::Text { template: class.1, ids: Default::default() };
            return Some(format!(
                "{} (up to {})",
                machine.texts().string(&key),
                words::thousands(size as u128)
            ));
        }
        if self.most_objects > OUT_OF_PROPORTION * messages {
            return Some(format!(
                "the number of stored documents (up to {})",
                words::thousands(self.most_objects as u128)
            ));
        }
        None
    }
}
