//! The explored state graph: is rest always within reach, and how many schedules
//! are there? (Argument 8 in [`how_it_works`](crate::how_it_works).)

use crate::world::fault::Fault;

/// A step from one state to another.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Edge {
    pub(crate) target: u32,
    pub(crate) cost: Cost,
    /// Whether a delivery begins with it.
    pub(crate) delivers: bool,
}

/// What a step costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cost {
    Free,
    Fault,
    Stale,
}

impl Cost {
    /// What a step costs that is this fault, or none.
    pub(crate) fn of(fault: Option<Fault>) -> Self {
        match fault {
            None => Self::Free,
            Some(Fault::StaleRead) => Self::Stale,
            Some(_) => Self::Fault,
        }
    }
}

/// States and the steps between them. Edges are kept in one list, a stretch of
/// it for each state.
#[derive(Debug, Default)]
pub(crate) struct Graph {
    stretches: Vec<(u32, u32)>,
    edges: Vec<u32>,
}

const FAULT: u32 = 1 << 31;
const STALE: u32 = 1 << 30;
const DELIVERS: u32 = 1 << 29;

impl Graph {
    pub(crate) fn add_node(&mut self) {
        self.stretches.push((0, 0));
    }

    pub(crate) fn add_edges(&mut self, node: u32, edges: &[Edge]) {
        let from = self.edges.len() as u32;
        self.edges.extend(edges.iter().map(|edge| {
            assert!(edge.target < DELIVERS, "more than 2^29 states");
            edge.target
                | if edge.delivers { DELIVERS } else { 0 }
                | match edge.cost {
                    Cost::Free => 0,
                    Cost::Fault => FAULT,
                    Cost::Stale => STALE,
                }
        }));
        self.stretches[node as usize] = (from, self.edges.len() as u32);
    }

    fn edges(&self, node: u32) -> impl Iterator<Item = Edge> {
        let (from, until) = self.stretches[node as usize];
        self.edges[from as usize..until as usize].iter().map(|&edge| Edge {
            target: edge & !(FAULT | STALE | DELIVERS),
            delivers: edge & DELIVERS != 0,
            cost: match (edge & FAULT, edge & STALE) {
                (0, 0) => Cost::Free,
                (0, _) => Cost::Stale,
                _ => Cost::Fault,
            },
        })
    }

    fn free(&self, node: u32) -> impl Iterator<Item = u32> {
        self.edges(node).filter(|edge| edge.cost == Cost::Free).map(|edge| edge.target)
    }

    /// Whether no steps without faults lead back to where they began.
    pub(crate) fn has_no_free_cycle(&self) -> bool {
        self.peel(|edge| edge.cost == Cost::Free).is_none()
    }

    /// A cycle of steps without faults from which no such step leads to a state
    /// where `rests` is true: of the states on such cycles, the one with the least
    /// `rank`, and a shortest way back to it.
    ///
    /// Every explored state that is not at rest has a step without a fault, so
    /// where there is no cycle, rest is within reach from everywhere.
    pub(crate) fn cycle_without_an_end(
        &self,
        rests: impl Fn(u32) -> bool,
        rank: impl Fn(u32) -> (u32, u16),
    ) -> Option<Vec<u32>> {
        let incoming = self.peel(|edge| edge.cost == Cost::Free)?;
        let ends = self.can_reach(rests);
        let mut candidates: Vec<u32> = (0..self.stretches.len() as u32)
            .filter(|&node| incoming[node as usize] > 0 && !ends[node as usize])
            .collect();
        candidates.sort_by_key(|&node| (rank(node), node));
        candidates.into_iter().find_map(|start| self.way_back(start, &incoming))
    }

    /// For each state, whether steps without faults lead from it to one where
    /// `wanted` is true.
    pub(crate) fn can_reach(&self, wanted: impl Fn(u32) -> bool) -> Vec<bool> {
        let count = self.stretches.len();
        // The edges turned round: those into a state are a stretch of one list.
        let mut until = vec![0u32; count + 1];
        for node in 0..count as u32 {
            self.free(node).for_each(|target| until[target as usize + 1] += 1);
        }
        for node in 0..count {
            until[node + 1] += until[node];
        }
        let mut sources = vec![0u32; until[count] as usize];
        let mut next = until.clone();
        for node in 0..count as u32 {
            for target in self.free(node) {
                sources[next[target as usize] as usize] = node;
                next[target as usize] += 1;
            }
        }
        let mut reached: Vec<bool> = (0..count as u32).map(wanted).collect();
        let mut waiting: Vec<u32> = (0..count as u32).filter(|&node| reached[node as usize]).collect();
        while let Some(node) = waiting.pop() {
            let into = until[node as usize] as usize..until[node as usize + 1] as usize;
            for &source in &sources[into] {
                if !std::mem::replace(&mut reached[source as usize], true) {
                    waiting.push(source);
                }
            }
        }
        reached
    }

    /// Whether there is a delivery in every cycle of steps without faults. A
    /// delivery is finite: replies only accumulate, calls are bounded, and what
    /// lands or expires is consumed.
    pub(crate) fn every_free_cycle_delivers(&self) -> bool {
        self.peel(|edge| edge.cost == Cost::Free && !edge.delivers).is_none()
    }

    /// Takes away, over and over, the states that no kept edge leads to (Kahn
    /// 1962). If any are left, they are on a cycle of kept edges or behind one;
    /// then how many edges still lead to each.
    fn peel(&self, keep: impl Fn(&Edge) -> bool) -> Option<Vec<u32>> {
        let count = self.stretches.len();
        let targets = |node: u32| self.edges(node).filter(|edge| keep(edge)).map(|edge| edge.target);
        let mut incoming = vec![0u32; count];
        for node in 0..count as u32 {
            targets(node).for_each(|target| incoming[target as usize] += 1);
        }
        let mut peel: Vec<u32> = (0..count as u32).filter(|&node| incoming[node as usize] == 0).collect();
        let mut peeled = 0;
        while let Some(node) = peel.pop() {
            peeled += 1;
            for target in targets(node) {
                incoming[target as usize] -= 1;
                if incoming[target as usize] == 0 {
                    peel.push(target);
                }
            }
        }
        (peeled < count).then_some(incoming)
    }

    /// A shortest way from a state back to itself.
    fn way_back(&self, start: u32, suspects: &[u32]) -> Option<Vec<u32>> {
        let mut from = vec![u32::MAX; self.stretches.len()];
        let mut queue = std::collections::VecDeque::from([start]);
        while let Some(node) = queue.pop_front() {
            for target in self.free(node) {
                if target == start {
                    let mut cycle = vec![node];
                    let mut at = node;
                    while at != start {
                        at = from[at as usize];
                        cycle.push(at);
                    }
                    cycle.reverse();
                    return Some(cycle);
                }
                if suspects[target as usize] > 0 && from[target as usize] == u32::MAX {
                    from[target as usize] = node;
                    queue.push_back(target);
                }
            }
        }
        None
    }

    /// How many ways with at most `faults` faults and `stale` stale reads lead
    /// from the first state to one where `ends` is true. The steps without
    /// faults must form no cycle.
    pub(crate) fn schedules(&self, faults: u8, stale: u8, ends: impl Fn(u32) -> bool) -> u128 {
        let order = self.topological_order();
        let (faults, stale) = (usize::from(faults), usize::from(stale));
        // ways[f][s][state]: with at most f faults and s stale reads from there on.
        let mut ways: Vec<Vec<Vec<u128>>> = Vec::with_capacity(faults + 1);
        for f in 0..=faults {
            ways.push(Vec::with_capacity(stale + 1));
            for s in 0..=stale {
                let mut here = vec![0u128; self.stretches.len()];
                for &node in order.iter().rev() {
                    let mut total = u128::from(ends(node));
                    for edge in self.edges(node) {
                        let target = edge.target as usize;
                        total = total.saturating_add(match edge.cost {
                            Cost::Free => here[target],
                            Cost::Fault if f > 0 => ways[f - 1][s][target],
                            Cost::Stale if s > 0 => ways[f][s - 1][target],
                            Cost::Fault | Cost::Stale => 0,
                        });
                    }
                    here[node as usize] = total;
                }
                ways[f].push(here);
            }
        }
        ways[faults][stale][0]
    }

    /// The states in an order in which every free step leads forward.
    fn topological_order(&self) -> Vec<u32> {
        let count = self.stretches.len();
        let mut incoming = vec![0u32; count];
        for node in 0..count as u32 {
            for target in self.free(node) {
                incoming[target as usize] += 1;
            }
        }
        let mut order: Vec<u32> = (0..count as u32).filter(|&node| incoming[node as usize] == 0).collect();
        let mut next = 0;
        while next < order.len() {
            for target in self.free(order[next]) {
                incoming[target as usize] -= 1;
                if incoming[target as usize] == 0 {
                    order.push(target);
                }
            }
            next += 1;
        }
        order
    }
}

#[cfg(test)]
mod tests {
    use rand::rngs::Xoshiro256PlusPlus;
    use rand::{RngExt, SeedableRng};

    use super::*;

    fn graph(edges: &[(u32, u32, bool)], count: u32) -> Graph {
        let mut graph = Graph::default();
        (0..count).for_each(|_| graph.add_node());
        for node in 0..count {
            let edges: Vec<Edge> = edges
                .iter()
                .filter(|edge| edge.0 == node)
                .map(|&(_, target, fault)| Edge {
                    target,
                    cost: if fault { Cost::Fault } else { Cost::Free },
                    delivers: false,
                })
                .collect();
            graph.add_edges(node, &edges);
        }
        graph
    }

    /// Where nothing is ever at rest.
    fn cycle(graph: &Graph) -> Option<Vec<u32>> {
        graph.cycle_without_an_end(|_| false, |node| (0, node as u16))
    }

    #[test]
    fn a_cycle_that_can_be_left_for_rest_is_no_hang() {
        // 0 and 1 go round and may end in 2; 3 and 4 go round for ever.
        let edges = [(0, 1, false), (1, 0, false), (1, 2, false), (0, 3, true), (3, 4, false), (4, 3, false)];
        let rests = |node| node == 2;
        let found = graph(&edges, 5).cycle_without_an_end(rests, |node| (0, node as u16));
        assert_eq!(found, Some(vec![3, 4]));
        let found = graph(&edges[..4], 5).cycle_without_an_end(rests, |node| (0, node as u16));
        assert_eq!(found, None);
    }

    #[test]
    fn a_cycle_of_faults_is_no_cycle() {
        let graph = graph(&[(0, 1, false), (1, 0, true)], 2);
        assert_eq!(cycle(&graph), None);
    }

    #[test]
    fn the_cycle_nearest_to_the_start_is_found_with_a_shortest_way_back() {
        let graph = graph(
            &[(0, 1, false), (1, 2, false), (2, 3, false), (3, 1, false), (2, 1, false), (3, 4, false)],
            5,
        );
        assert_eq!(cycle(&graph), Some(vec![1, 2]));
    }

    #[test]
    fn a_state_that_leads_to_itself_is_a_cycle() {
        let graph = graph(&[(0, 1, false), (1, 1, false)], 2);
        assert_eq!(cycle(&graph), Some(vec![1]));
    }

    #[test]
    fn a_cycle_without_a_delivery_is_told_from_one_with() {
        let mut with = Graph::default();
        with.add_node();
        with.add_edges(0, &[Edge { target: 0, cost: Cost::Free, delivers: true }]);
        assert!(with.every_free_cycle_delivers() && cycle(&with).is_some());
        let without = graph(&[(0, 1, false), (1, 0, false)], 2);
        assert!(!without.every_free_cycle_delivers());
    }

    #[test]
    fn ways_are_counted_through_a_diamond() {
        let graph = graph(
            &[(0, 1, false), (0, 2, false), (1, 3, false), (2, 3, false), (3, 4, true), (3, 0, true)],
            5,
        );
        let ends = |node| node >= 3;
        assert_eq!(graph.schedules(0, 0, ends), 2);
        // Two that end at once, two that go on to 4, and four that start again.
        assert_eq!(graph.schedules(1, 0, ends), 2 + 2 + 4);
    }

    /// A few states, and steps that lead from anywhere to anywhere.
    struct Drawn {
        steps: Vec<Vec<Edge>>,
        rests: Vec<bool>,
        ranks: Vec<(u32, u16)>,
    }

    impl Drawn {
        fn any(lot: &mut Xoshiro256PlusPlus) -> Self {
            let count = lot.random_range(1..=6);
            let step = |lot: &mut Xoshiro256PlusPlus| Edge {
                target: lot.random_range(0..count),
                cost: [Cost::Free, Cost::Free, Cost::Fault, Cost::Stale][lot.random_range(0..4)],
                delivers: lot.random_bool(0.5),
            };
            let steps = (0..count).map(|_| (0..lot.random_range(0..=3)).map(|_| step(lot)).collect());
            Self {
                steps: steps.collect(),
                rests: (0..count).map(|_| lot.random_bool(0.2)).collect(),
                ranks: (0..count).map(|_| (lot.random_range(0..2), lot.random_range(0..2))).collect(),
            }
        }

        /// The states are added first, and their steps in another order. Those without
        /// any are yet to be explored.
        fn graph(&self) -> Graph {
            let mut graph = Graph::default();
            self.steps.iter().for_each(|_| graph.add_node());
            for (node, steps) in self.steps.iter().enumerate().rev().filter(|(_, steps)| !steps.is_empty()) {
                graph.add_edges(node as u32, steps);
            }
            graph
        }

        /// In how few of these steps, one at least, each state is reached from each:
        /// Floyd's and Warshall's closure, and not the loops above.
        fn distances(&self, kept: impl Fn(&Edge) -> bool) -> Vec<Vec<Option<usize>>> {
            let count = self.steps.len();
            let mut far = vec![vec![None; count]; count];
            for (node, steps) in self.steps.iter().enumerate() {
                steps
                    .iter()
                    .filter(|step| kept(step))
                    .for_each(|step| far[node][step.target as usize] = Some(1));
            }
            for through in 0..count {
                for from in 0..count {
                    for to in 0..count {
                        let Some((one, other)) = far[from][through].zip(far[through][to]) else { continue };
                        far[from][to] =
                            Some(far[from][to].map_or(one + other, |known| known.min(one + other)));
                    }
                }
            }
            far
        }

        fn ways(&self, from: usize, faults: u8, stale: u8) -> u128 {
            let steps = self.steps[from].iter().map(|step| match (step.cost, faults, stale) {
                (Cost::Fault, 0, _) | (Cost::Stale, _, 0) => 0,
                (Cost::Free, ..) => self.ways(step.target as usize, faults, stale),
                (Cost::Fault, ..) => self.ways(step.target as usize, faults - 1, stale),
                (Cost::Stale, ..) => self.ways(step.target as usize, faults, stale - 1),
            });
            steps.sum::<u128>() + u128::from(self.rests[from])
        }
    }

    #[test]
    fn a_drawn_graph_has_the_cycles_and_the_ways_that_can_be_counted_by_hand() {
        let mut lot = Xoshiro256PlusPlus::seed_from_u64(6);
        let (mut cycles, mut counted) = (0, 0);
        for _ in 0..5_000 {
            let drawn = Drawn::any(&mut lot);
            let (graph, all) = (drawn.graph(), 0..drawn.steps.len());
            let far = drawn.distances(|step| step.cost == Cost::Free);
            let goes_round = |node: usize| far[node][node].is_some();
            assert_eq!(graph.has_no_free_cycle(), !all.clone().any(goes_round));
            let silent = drawn.distances(|step| step.cost == Cost::Free && !step.delivers);
            let none_silent = all.clone().all(|node| silent[node][node].is_none());
            assert_eq!(graph.every_free_cycle_delivers(), none_silent);

            let rests = |node: usize| drawn.rests[node];
            let lost =
                |node: usize| !rests(node) && !all.clone().any(|end| rests(end) && far[node][end].is_some());
            let first = all.clone().filter(|&node| goes_round(node) && lost(node));
            let first = first.min_by_key(|&node| (drawn.ranks[node], node));
            let found =
                graph.cycle_without_an_end(|node| rests(node as usize), |node| drawn.ranks[node as usize]);
            match found {
                None => assert_eq!(first, None),
                Some(cycle) => {
                    assert_eq!(first, Some(cycle[0] as usize));
                    assert_eq!(
                        far[cycle[0] as usize][cycle[0] as usize],
                        Some(cycle.len()),
                        "no shorter one"
                    );
                    let round = cycle.iter().zip(cycle.iter().cycle().skip(1));
                    for (&from, &to) in round {
                        assert_eq!(far[from as usize][to as usize], Some(1), "{cycle:?}");
                    }
                    cycles += 1;
                }
            }
            if graph.has_no_free_cycle() {
                for (faults, stale) in [(0, 0), (1, 0), (0, 1), (2, 1), (1, 2)] {
                    let ways = graph.schedules(faults, stale, |node| rests(node as usize));
                    assert_eq!(ways, drawn.ways(0, faults, stale));
                }
                counted += 1;
            }
        }
        assert!(cycles > 500 && counted > 500, "{cycles} cycles, {counted} counted");
    }
}
