//! What one attempt at a search has found: the states, how each was reached, and
//! which are still to be explored.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{BuildHasherDefault, Hasher};

use rustc_hash::FxHashMap;

use super::counts::Counts;
use super::fingerprint::fingerprint;
use super::growth::Growth;
use super::liveness::{Edge, Graph};
use super::patience::{self, Patience};
use super::reductions::Reductions;
use super::symmetry::canonicalise;
use crate::handler::rehearsal::HistoryId;
use crate::world::budget::Spent;
use crate::world::fault::{Fault, Faults};
use crate::world::state::World;
use crate::world::step::Step;
use crate::world::transition_system::TransitionSystem;

/// The end states of a search, for comparing searches.
pub(crate) type EndStates = BTreeSet<u128>;

/// States to be explored, by the faults that they cost and the steps that lead
/// to them.
type Frontier = BTreeMap<(u32, u16), Bucket>;

/// States of which each costs as many faults and steps as the others.
#[derive(Default)]
struct Bucket {
    states: Vec<(u32, World)>,
    /// How many bytes they take.
    bytes: usize,
}

impl Bucket {
    /// Says how many bytes were added.
    fn add(&mut self, index: u32, world: World) -> usize {
        let bytes = world.bytes();
        self.states.push((index, world));
        self.bytes += bytes;
        bytes
    }
}

/// A state that was found.
pub(super) struct Node {
    parent: u32,
    /// The step that led here from the parent (in the parent's canonical form).
    step: Step,
    spent: Spent,
    depth: u16,
    /// How many other workers were busy, added up over the steps: of equally
    /// short ways here, the one with the least of it is told.
    busy_others: u16,
    pub(super) at_rest: bool,
    /// The next node of the same world with other budgets, or `NONE`.
    next_budget: u32,
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

/// What one attempt at the search has found.
#[derive(Default)]
pub(super) struct Explored {
    nodes: Vec<Node>,
    visited: Visited,
    frontier: Frontier,
    /// How many bytes those take that wait, and those that were handed out last.
    bytes_waiting: usize,
    bytes_handed_out: usize,
    pub(super) graph: Graph,
    pub(super) transitions_tried: usize,
    /// The classes of faults that struck with work in flight.
    pub(super) faults_seen: Faults,
    pub(super) judged: bool,
    /// Some state comes to rest only once a deadline has passed that the graph does not let
    /// pass from there.
    pub(super) waits_for_time: Cell<bool>,
    pub(super) grown: Growth,
    buffer: Vec<u8>,
    /// Memory that is used for one state after the other.
    scratch: (Vec<Step>, Vec<Edge>),
    pub(super) end_states: EndStates,
    comparisons: FxHashMap<HistoryId, [Option<(u32, Step)>; 3]>,
    pub(super) last_component: u8,
}

impl Explored {
    /// Nothing but the state from which everything starts.
    pub(super) fn from_initial(initial: World) -> Self {
        let mut explored = Self::default();
        explored.nodes.push(Node {
            parent: NONE,
            // The root has no step that leads to it; nobody looks.
            step: Step::Land { in_flight: 0 },
            spent: Spent::default(),
            depth: 0,
            busy_others: 0,
            at_rest: initial.at_rest(),
            next_budget: NONE,
        });
        explored.visited.insert(fingerprint(&initial, &mut explored.buffer), 0);
        explored.graph.add_node();
        explored.bytes_waiting = explored.frontier.entry((0, 0)).or_default().add(0, initial);
        explored
    }

    pub(super) fn node(&self, index: u32) -> &Node {
        &self.nodes[index as usize]
    }

    /// How many steps lead to a state.
    pub(super) fn depth(&self, index: u32) -> u16 {
        self.nodes[index as usize].depth
    }

    pub(super) fn states(&self) -> usize {
        self.nodes.len()
    }

    /// Empty lists, with room for the steps from a state.
    pub(super) fn scratch(&mut self) -> (Vec<Step>, Vec<Edge>) {
        let (mut steps, mut edges) = std::mem::take(&mut self.scratch);
        steps.clear();
        edges.clear();
        (steps, edges)
    }

    /// Gives the lists back.
    pub(super) fn use_again(&mut self, steps: Vec<Step>, edges: Vec<Edge>) {
        self.scratch = (steps, edges);
    }

    /// How many states wait to be explored.
    pub(super) fn waiting(&self) -> usize {
        self.frontier.values().map(|bucket| bucket.states.len()).sum()
    }

    /// How many bytes the states take that wait to be explored, those included that are
    /// being explored.
    pub(super) fn bytes_waiting(&self) -> usize {
        self.bytes_waiting
    }

    /// So many of the states that took most steps without one more fault than those that
    /// come next, spread evenly over them.
    pub(super) fn deepest_waiting(&self, most: usize) -> Vec<u32> {
        let next = self.frontier.first_key_value().map_or(0, |((cost, _), _)| *cost);
        let deepest = self.frontier.range(..=(next, u16::MAX)).next_back();
        let deepest = deepest.map_or(&[][..], |(_, bucket)| &bucket.states);
        deepest.iter().step_by(deepest.len().div_ceil(most).max(1)).map(|&(index, _)| index).collect()
    }

    /// The states that cost least and are reached soonest, in the order in which
    /// they were found, and what they cost. They no longer wait.
    pub(super) fn next_bucket(&mut self) -> Option<(u32, Vec<(u32, World)>)> {
        // Whoever asks for more is done with what there was before.
        self.bytes_waiting -= std::mem::take(&mut self.bytes_handed_out);
        let ((cost, _), bucket) = self.frontier.pop_first()?;
        self.bytes_handed_out = bucket.bytes;
        Some((cost, bucket.states))
    }

    /// Finds the node of a world, or makes it, and then it waits to be explored.
    ///
    /// A state is explored again only with a budget that none of its earlier ones
    /// dominates (argument 9 in [`how_it_works`](crate::how_it_works)).
    pub(super) fn enter(&mut self, world: World, parent: u32, step: Step, cache: bool) -> u32 {
        let new = self.nodes.len() as u32;
        let mut node = Node {
            parent,
            step,
            spent: world.spent,
            depth: self.nodes[parent as usize].depth.saturating_add(1),
            busy_others: self.nodes[parent as usize].busy_others.saturating_add(world.busy_others()),
            at_rest: world.at_rest(),
            next_budget: NONE,
        };
        if cache {
            let known = self.visited.entry(fingerprint(&world, &mut self.buffer)).or_insert(NONE);
            let mut next = *known;
            while next != NONE {
                let other = &mut self.nodes[next as usize];
                if other.spent.dominates(&world.spent) {
                    if (other.spent, other.depth) == (node.spent, node.depth)
                        && node.busy_others < other.busy_others
                    {
                        (other.parent, other.step, other.busy_others) = (parent, step, node.busy_others);
                    }
                    return next;
                }
                next = other.next_budget;
            }
            node.next_budget = *known;
            *known = new;
        }
        let bucket = self.frontier.entry((node.spent.total(), node.depth)).or_default();
        self.bytes_waiting += bucket.add(new, world);
        self.nodes.push(node);
        self.graph.add_node();
        new
    }

    /// Remembers that a step from a node ends a delivery that compares ids.
    pub(super) fn keep_comparison(&mut self, history: HistoryId, node: u32, step: Step) {
        let known = self.comparisons.entry(history).or_insert([None; 3]);
        // The ways that cost least, and one that costs a good deal.
        let place = known.iter().position(Option::is_none).unwrap_or(2);
        known[place] = Some((node, step));
    }

    /// Runs to the end of a delivery that compares ids, and runs to rest: at most so
    /// many of each, spread evenly.
    pub(super) fn comparing(&self, most: usize) -> Vec<Vec<Step>> {
        let mut found: Vec<_> = self.comparisons.values().flatten().flatten().collect();
        found.sort_by_key(|(node, step)| (*node, step.to_string()));
        let every = found.len().div_ceil(most).max(1);
        let deliveries = found.into_iter().step_by(every).map(|&(node, step)| {
            let mut chain = self.chain(node);
            chain.push(step);
            chain
        });
        let ends: Vec<u32> =
            (0..).zip(&self.nodes).filter(|(_, node)| node.at_rest).map(|(index, _)| index).collect();
        let every = ends.len().div_ceil(most).max(1);
        deliveries.chain(ends.into_iter().step_by(every).map(|end| self.chain(end))).collect()
    }

    /// The faults that a node has cost.
    pub(super) fn spent(&self, index: u32) -> u32 {
        self.nodes[index as usize].spent.total()
    }

    /// Remembers a world at rest.
    pub(super) fn keep_end_state(&mut self, world: &World) {
        let end_state = end_state(world, &mut self.buffer);
        self.end_states.insert(end_state);
    }

    /// The nodes on the way to a node, itself included.
    pub(super) fn way(&self, mut index: u32) -> Vec<u32> {
        let mut nodes = vec![index];
        while self.nodes[index as usize].parent != NONE {
            index = self.nodes[index as usize].parent;
            nodes.push(index);
        }
        nodes.reverse();
        nodes
    }

    /// The steps that lead to a node.
    pub(super) fn chain(&self, mut index: u32) -> Vec<Step> {
        let mut steps = Vec::new();
        while self.nodes[index as usize].parent != NONE {
            steps.push(self.nodes[index as usize].step);
            index = self.nodes[index as usize].parent;
        }
        steps.reverse();
        steps
    }

    /// The steps that lead to a cycle of steps without faults from which rest is
    /// out of reach, and from which of them on it goes round; none if rest is
    /// within reach from everywhere.
    ///
    /// # Errors
    ///
    /// So many states were looked at without an answer.
    pub(super) fn cycle_without_an_end(
        &self,
        transitions: &mut TransitionSystem,
        reductions: Reductions,
    ) -> Result<Option<(Vec<Step>, usize)>, usize> {
        let cycle = self.endless_cycle(transitions, reductions)?;
        Ok(cycle.and_then(|cycle| self.round(transitions, reductions, &cycle)))
    }

    /// The nodes of that cycle.
    ///
    /// # Errors
    ///
    /// So many states were looked at without an answer.
    pub(super) fn endless_cycle(
        &self,
        transitions: &mut TransitionSystem,
        reductions: Reductions,
    ) -> Result<Option<Vec<u32>>, usize> {
        const ENOUGH: usize = 200_000;
        let rank = |node: u32| (self.spent(node), self.nodes[node as usize].depth);
        let mut ends: BTreeSet<u32> = BTreeSet::new();
        loop {
            let rests = |node: u32| self.nodes[node as usize].at_rest || ends.contains(&node);
            let Some(cycle) = self.graph.cycle_without_an_end(rests, rank) else { return Ok(None) };
            let world = self.world(transitions, reductions, cycle[0]);
            let look = |world| patience::look(transitions, reductions, &world, ENOUGH);
            match world.map_or(Patience::Never, look) {
                Patience::Ends => {
                    self.waits_for_time.set(true);
                    ends.insert(cycle[0]);
                }
                Patience::Unknown { states, clock_runs: true } => return Err(states),
                Patience::Never | Patience::Unknown { .. } => return Ok(Some(cycle)),
            }
        }
    }

    /// The steps to the first state of a cycle and once round in it.
    fn round(
        &self,
        transitions: &mut TransitionSystem,
        reductions: Reductions,
        cycle: &[u32],
    ) -> Option<(Vec<Step>, usize)> {
        let mut chain = self.chain(cycle[0]);
        let loops_from = chain.len();
        for (place, &from) in cycle.iter().enumerate() {
            let to = cycle.get(place + 1).copied().unwrap_or(cycle[0]);
            chain.push(self.step_between(transitions, reductions, from, to)?);
        }
        Some((chain, loops_from))
    }

    /// The world of a node, up to its component: components only restrict what is
    /// explored.
    pub(super) fn world(
        &self,
        transitions: &mut TransitionSystem,
        reductions: Reductions,
        node: u32,
    ) -> Option<World> {
        let mut world = transitions.initial();
        canonicalise(&mut world, reductions, transitions.bounds.stale > 0);
        for step in self.chain(node) {
            transitions.apply(&mut world, step).ok()?;
            world.component = 0;
            let stale_left = transitions.any_left(&world, Fault::StaleRead);
            canonicalise(&mut world, reductions, stale_left);
        }
        Some(world)
    }

    /// A step without a fault from one node to another.
    fn step_between(
        &self,
        transitions: &mut TransitionSystem,
        reductions: Reductions,
        from: u32,
        to: u32,
    ) -> Option<Step> {
        let world = self.world(transitions, reductions, from)?;
        let mut buffer = Vec::new();
        let mut steps = Vec::new();
        transitions.enabled(&world, &mut steps);
        steps.into_iter().find(|&step| {
            let mut next = world.clone();
            if transitions.fault(&world, step).is_some() || transitions.apply(&mut next, step).is_err() {
                return false;
            }
            let stale_left = transitions.any_left(&next, Fault::StaleRead);
            canonicalise(&mut next, reductions, stale_left);
            // A delivery may have moved the search on to a later component.
            (world.component..=self.last_component).any(|component| {
                next.component = component;
                let known = self.visited.get(&fingerprint(&next, &mut buffer)).copied();
                let mut node = known.unwrap_or(NONE);
                while node != NONE && node != to {
                    node = self.nodes[node as usize].next_budget;
                }
                node == to
            })
        })
    }

    pub(super) fn counts(&self, transitions: &TransitionSystem) -> Counts {
        Counts {
            states: self.nodes.len(),
            transitions: self.transitions_tried,
            at_rest: self.nodes.iter().filter(|node| node.at_rest).count(),
            schedules: 0,
            deliveries: transitions.rehearsal.history_count(),
            faults: self.nodes.iter().map(|node| node.spent.total()).max().unwrap_or(0),
            restarts: 0,
        }
    }
}

/// What a world at rest holds, whoever's workers did it.
fn end_state(world: &World, buffer: &mut Vec<u8>) -> u128 {
    let mut world = world.clone();
    world.component = 0;
    world.in_flight.clear();
    fingerprint(&world, buffer)
}
