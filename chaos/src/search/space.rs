//! The states within the bounds, to be drawn: the search once more, with the same
//! reductions and in the same order, but it goes on where something is wrong.
//!
//! Besides, it asks of each state whether a right end is within reach of it, as
//! [`no_return`](super::no_return) does for the states of the one run that is told.

use std::collections::BTreeSet;

use records::Space;
use records::space::{Kind, MOST, Move, Spot};

use super::explored::Explored;
use super::explorer::Search;
use super::footprints::Footprints;
use super::no_return::ends_right;
use crate::world::fault::Fault;

/// What a search has found, and tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    /// Nothing.
    Nothing,
    /// A run to a state at rest where something is wrong.
    AnEnd,
    /// A run that goes round for ever.
    ACycle,
}

/// So many states are looked at, to find out what is within reach where a clock runs.
const ENOUGH: usize = 50_000;

/// What is known of the states besides what [`Explored`] has.
#[derive(Default)]
struct Seen {
    kinds: Vec<Kind>,
    moves: BTreeSet<Move>,
    faults: Vec<Fault>,
    /// The first state at rest where something is wrong.
    wrong: Option<u32>,
}

impl Seen {
    fn kind(&mut self, state: u32) -> &mut Kind {
        let place = state as usize;
        if self.kinds.len() <= place {
            self.kinds.resize(place + 1, Kind::Open);
        }
        &mut self.kinds[place]
    }

    fn step(&mut self, from: u32, to: u32, fault: Option<Fault>) {
        let fault = fault.map(|fault| {
            self.faults.iter().position(|known| *known == fault).unwrap_or_else(|| {
                self.faults.push(fault);
                self.faults.len() - 1
            })
        });
        self.moves.insert(Move { from: from as usize, to: to as usize, fault });
    }
}

impl Search<'_> {
    /// The states and the steps between them, until there are so many states; with the
    /// way to what the search tells.
    pub(crate) fn space(&mut self, limit: usize, told: Told, bounds: String) -> Space {
        let mut footprints = self.footprints();
        loop {
            let (mut explored, mut seen) = (self.begin(), Seen::default());
            if self.looks_everywhere(&mut explored, &mut footprints, limit, &mut seen) {
                return self.drawn(&explored, seen, told, bounds);
            }
            footprints.conclude(self.transitions);
        }
    }

    /// Goes through all states; no, if everything must be done afresh, because an access
    /// outside the footprints was met.
    fn looks_everywhere(
        &mut self,
        explored: &mut Explored,
        footprints: &mut Footprints,
        limit: usize,
        seen: &mut Seen,
    ) -> bool {
        while let Some((_, bucket)) = explored.next_bucket() {
            for (index, world) in bucket {
                if explored.states() >= limit {
                    *seen.kind(index) = Kind::Open;
                    continue;
                }
                let mut kind = Kind::Busy;
                if explored.node(index).at_rest {
                    kind = match self.judge.judge(self.transitions, &world, None) {
                        Ok(Ok(())) => Kind::Right,
                        Ok(Err(_)) => Kind::Wrong,
                        // Nobody can say.
                        Err(_) => Kind::Open,
                    };
                    if kind == Kind::Wrong {
                        seen.wrong.get_or_insert(index);
                    }
                }
                let (mut steps, mut edges) = explored.scratch();
                if self.steps_to_take(footprints, &world, &mut steps).is_some() {
                    return false;
                }
                for &step in &steps {
                    let fault = self.transitions.fault(&world, step);
                    match self.take(explored, footprints, index, &world, step) {
                        Ok(edge) => {
                            seen.step(index, edge.target, fault);
                            edges.push(edge);
                        }
                        Err(_) => kind = Kind::Broken,
                    }
                }
                *seen.kind(index) = kind;
                explored.graph.add_edges(index, &edges);
                explored.use_again(steps, edges);
            }
        }
        true
    }

    fn drawn(&mut self, explored: &Explored, mut seen: Seen, told: Told, bounds: String) -> Space {
        let found = explored.states();
        seen.kinds.resize(found, Kind::Open);
        let way = match told {
            Told::Nothing => Vec::new(),
            Told::AnEnd => seen.wrong.map(|end| explored.way(end)).unwrap_or_default(),
            Told::ACycle => {
                let cycle = explored.endless_cycle(self.transitions, self.reductions).ok().flatten();
                cycle.map(|cycle| round(explored, &cycle)).unwrap_or_default()
            }
        };
        let hopeful = self.hopeful(explored, &seen.kinds);
        let states = (0..).zip(&seen.kinds).map(|(index, &kind)| Spot {
            faults: explored.spent(index),
            depth: explored.depth(index).into(),
            kind,
            lost: !hopeful[index as usize],
        });
        let space = Space {
            bounds,
            found,
            whole: !seen.kinds.contains(&Kind::Open),
            faults: seen.faults.iter().map(Fault::to_string).collect(),
            way: way.into_iter().map(|state| state as usize).collect(),
            states: states.collect(),
            steps: seen.moves.into_iter().collect(),
        };
        space.cut_to(MOST)
    }

    /// For each state, whether a right end is within reach of it without another fault,
    /// or may be: what was not looked at counts as able to end right.
    fn hopeful(&mut self, explored: &Explored, kinds: &[Kind]) -> Vec<bool> {
        let ends = |state: u32| matches!(kinds[state as usize], Kind::Right | Kind::Open);
        let hopeful = explored.graph.can_reach(ends);
        // In the graph, a deadline does not pass under a busy worker unless by a fault.
        let mut waits = BTreeSet::new();
        let mut looked = 0;
        for state in (0..kinds.len() as u32).filter(|state| !hopeful[*state as usize]) {
            let Some(world) = explored.world(self.transitions, self.reductions, state) else { continue };
            if !world.timers.iter().any(|timer| self.transitions.is_by_clock(timer)) {
                continue;
            }
            let is_lost = looked < ENOUGH && {
                let (ends, states) = ends_right(self.transitions, self.judge, &world);
                looked += states;
                ends == Some(false)
            };
            if !is_lost {
                waits.insert(state);
            }
        }
        if waits.is_empty() {
            hopeful
        } else {
            explored.graph.can_reach(|state| ends(state) || waits.contains(&state))
        }
    }
}

/// The way to a cycle, and once round in it.
fn round(explored: &Explored, cycle: &[u32]) -> Vec<u32> {
    let mut way = explored.way(cycle[0]);
    way.extend(&cycle[1..]);
    way.push(cycle[0]);
    way
}
