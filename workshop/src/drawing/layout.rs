//! Where each state of a space is drawn: a band for each number of faults, in which the
//! steps go from left to right; in what order those of a column stand there, its
//! neighbours say (the barycentre heuristic of Sugiyama, Tagawa and Toda, 1981). The way
//! of the story goes through the middle of its band.

use std::collections::BTreeMap;
use std::ops::Range;

use records::Space;

use super::canvas::WIDTH;

/// Left of the bands stand their names.
const LEFT: f64 = 150.0;
const RIGHT: f64 = 24.0;
/// Between two bands, and around what is in one.
const GAP: f64 = 14.0;
const MARGIN: f64 = 14.0;
/// The most pixels that states are apart.
const MOST_APART: (f64, f64) = (76.0, 30.0);
/// As high as all bands may be together, and as close as states may come for it.
const HIGH: f64 = 820.0;
const CLOSE: f64 = 5.0;
/// So often the order of a column is made to follow its neighbours.
const SWEEPS: usize = 8;

/// A drawing of a space, in numbers.
#[derive(Debug)]
pub struct Layout {
    /// Where the middle of each state is.
    pub places: Vec<(f64, f64)>,
    /// How large a state is: half its height.
    pub radius: f64,
    /// For each number of faults that there is, where its band is.
    pub bands: Vec<(u32, Range<f64>)>,
    /// How far two steps are apart.
    pub step: f64,
    /// Where the bands begin and end.
    pub across: Range<f64>,
}

/// Lays a space out; the first band begins at this height.
pub fn layout(space: &Space, top: f64) -> Layout {
    let columns = Columns::of(space);
    let deepest = space.states.iter().map(|state| state.depth).max().unwrap_or(0);
    let across = LEFT..WIDTH - RIGHT;
    let room = across.end - across.start - 2.0 * MARGIN;
    let step = (room / f64::from(deepest.max(1))).min(MOST_APART.0);
    // A band is as high as what is highest in it.
    let heights = columns.heights();
    let rows: f64 = heights.values().sum();
    let fixed = heights.len() as f64 * (2.0 * MARGIN + GAP);
    let apart = ((HIGH - fixed) / rows.max(1.0)).clamp(CLOSE, MOST_APART.1.min(step.max(CLOSE) * 1.1));
    let mut bands = Vec::new();
    let mut middles = BTreeMap::new();
    let mut y = top;
    for (&faults, &rows) in &heights {
        let end = y + 2.0 * MARGIN + rows * apart;
        bands.push((faults, y..end));
        middles.insert(faults, y + MARGIN + (-columns.highest(faults) + 0.5) * apart);
        y = end + GAP;
    }
    let places = (0..space.states.len()).map(|state| {
        let spot = space.states[state];
        (
            across.start + MARGIN + f64::from(spot.depth) * step,
            middles[&spot.faults] + columns.offsets[state] * apart,
        )
    });
    let places = places.collect();
    Layout { places, radius: (0.4 * apart.min(step)).clamp(1.6, 11.0), bands, step, across }
}

/// The states of each band and depth, and how far each is from the middle of its band,
/// in rows.
struct Columns {
    states: BTreeMap<(u32, u32), Vec<usize>>,
    offsets: Vec<f64>,
}

impl Columns {
    fn of(space: &Space) -> Self {
        let mut states: BTreeMap<(u32, u32), Vec<usize>> = BTreeMap::new();
        for (number, state) in space.states.iter().enumerate() {
            states.entry((state.faults, state.depth)).or_default().push(number);
        }
        let mut on_the_way = vec![false; space.states.len()];
        space.way.iter().for_each(|state| on_the_way[*state] = true);
        let mut neighbours = (vec![Vec::new(); space.states.len()], vec![Vec::new(); space.states.len()]);
        for step in space.steps.iter().filter(|step| step.from != step.to) {
            neighbours.0[step.to].push(step.from);
            neighbours.1[step.from].push(step.to);
        }
        let mut columns = Self { states, offsets: vec![0.0; space.states.len()] };
        columns.settle(&on_the_way);
        let keys: Vec<(u32, u32)> = columns.states.keys().copied().collect();
        for sweep in 0..SWEEPS {
            // Forwards along the steps that lead here, backwards along those that lead on.
            let forwards = sweep % 2 == 0;
            let beside = if forwards { &neighbours.0 } else { &neighbours.1 };
            let order: Vec<&(u32, u32)> =
                if forwards { keys.iter().collect() } else { keys.iter().rev().collect() };
            for key in order {
                columns.sort(*key, beside, &on_the_way);
            }
        }
        columns
    }

    fn settle(&mut self, on_the_way: &[bool]) {
        for column in self.states.values_mut() {
            place(column, on_the_way, &mut self.offsets);
        }
    }

    /// Sorts a column by where its neighbours are.
    fn sort(&mut self, key: (u32, u32), beside: &[Vec<usize>], on_the_way: &[bool]) {
        let Some(column) = self.states.get_mut(&key) else { return };
        let middle = |state: &usize| {
            let near = &beside[*state];
            match near.len() {
                0 => self.offsets[*state],
                count => near.iter().map(|other| self.offsets[*other]).sum::<f64>() / count as f64,
            }
        };
        let mut sorted: Vec<(f64, usize)> = column.iter().map(|state| (middle(state), *state)).collect();
        sorted.sort_by(|one, other| one.0.total_cmp(&other.0).then(one.1.cmp(&other.1)));
        *column = sorted.into_iter().map(|(_, state)| state).collect();
        place(column, on_the_way, &mut self.offsets);
    }

    /// How far a column reaches above the middle of its band, at most: 0 or less.
    fn highest(&self, faults: u32) -> f64 {
        self.of_band(faults).fold(0.0, f64::min)
    }

    fn of_band(&self, faults: u32) -> impl Iterator<Item = f64> {
        let columns = self.states.range((faults, 0)..=(faults, u32::MAX));
        columns.flat_map(|(_, column)| column).map(|state| self.offsets[*state])
    }

    /// How many rows each band has.
    fn heights(&self) -> BTreeMap<u32, f64> {
        let bands = self.states.keys().map(|(faults, _)| *faults);
        bands
            .map(|faults| {
                let lowest = self.of_band(faults).fold(0.0, f64::max);
                (faults, lowest - self.highest(faults) + 1.0)
            })
            .collect()
    }
}

/// Puts the states of a column a row apart, around the middle; one on the way of the
/// story stands right there, with half of the others above it.
fn place(column: &mut Vec<usize>, on_the_way: &[bool], offsets: &mut [f64]) {
    let way = column.iter().position(|state| on_the_way[*state]);
    let middle = match way {
        Some(at) => {
            let state = column.remove(at);
            let middle = column.len() / 2;
            column.insert(middle, state);
            middle as f64
        }
        None => (column.len() - 1) as f64 / 2.0,
    };
    for (row, state) in column.iter().enumerate() {
        offsets[*state] = row as f64 - middle;
    }
}

#[cfg(test)]
pub mod tests {
    use rand::rngs::Xoshiro256PlusPlus;
    use rand::{RngExt, SeedableRng};
    use records::space::{Kind, Move, Spot};

    use super::*;

    /// A space of so many states, with steps from anywhere to anywhere.
    pub fn any(lot: &mut Xoshiro256PlusPlus, count: usize) -> Space {
        let kinds = [Kind::Busy, Kind::Busy, Kind::Right, Kind::Wrong, Kind::Broken, Kind::Open];
        let spot = |lot: &mut Xoshiro256PlusPlus, number: usize| Spot {
            faults: if number == 0 { 0 } else { lot.random_range(0..4) },
            depth: if number == 0 { 0 } else { lot.random_range(0..30) },
            kind: kinds[lot.random_range(0..kinds.len())],
            lost: lot.random_bool(0.3),
        };
        Space {
            bounds: "orders × 1 message".to_owned(),
            found: count,
            whole: true,
            faults: vec!["a crash".to_owned()],
            way: (0..count.min(7)).collect(),
            states: (0..count).map(|number| spot(lot, number)).collect(),
            steps: (0..2 * count)
                .map(|_| Move {
                    from: lot.random_range(0..count),
                    to: lot.random_range(0..count),
                    fault: lot.random_bool(0.3).then_some(0),
                })
                .collect(),
        }
    }

    #[test]
    fn no_two_states_are_on_one_spot_and_each_is_in_its_band() {
        let mut lot = Xoshiro256PlusPlus::seed_from_u64(18);
        for count in [1, 2, 20, 300, 2_000] {
            let space = any(&mut lot, count);
            let drawn = layout(&space, 100.0);
            let mut spots: Vec<(i64, i64)> = drawn
                .places
                .iter()
                .map(|(x, y)| ((x * 10.0).round() as i64, (y * 10.0).round() as i64))
                .collect();
            spots.sort_unstable();
            let apart = |pair: &[(i64, i64)]| pair[0].0 != pair[1].0 || pair[1].1 - pair[0].1 >= 32;
            assert!(spots.windows(2).all(apart), "{count}");
            for (state, (x, y)) in space.states.iter().zip(&drawn.places) {
                let (_, band) = drawn.bands.iter().find(|(faults, _)| *faults == state.faults).unwrap();
                assert!(band.start + drawn.radius <= *y && *y + drawn.radius <= band.end, "{band:?} {y}");
                assert!(
                    drawn.across.contains(&(x - drawn.radius)) && drawn.across.contains(&(x + drawn.radius)),
                    "{x}"
                );
            }
            assert!(drawn.bands.windows(2).all(|pair| pair[0].1.end < pair[1].1.start));
            // The same, each time.
            assert_eq!(drawn.places, layout(&space, 100.0).places);
        }
    }

    /// How many pairs of steps between neighbouring columns cross.
    fn crossings(space: &Space, places: &[(f64, f64)]) -> usize {
        let steps: Vec<(f64, f64, f64)> = space
            .steps
            .iter()
            .map(|step| (places[step.from].0, places[step.from].1, places[step.to].1))
            .collect();
        let cross = |one: &(f64, f64, f64), other: &(f64, f64, f64)| {
            one.0 == other.0 && (one.1 - other.1) * (one.2 - other.2) < 0.0
        };
        (0..steps.len())
            .map(|one| steps[one + 1..].iter().filter(|other| cross(&steps[one], other)).count())
            .sum()
    }

    #[test]
    fn ways_side_by_side_do_not_cross() {
        // Four ways of five steps from one start, whose states were found in any order.
        let order = [0, 3, 1, 2];
        let number = |way: usize, step: usize| 1 + 4 * step + order[(way + step) % 4];
        let mut space = Space { states: vec![Spot::default(); 21], ..Space::default() };
        for way in 0..4 {
            for step in 0..5 {
                let from = if step == 0 { 0 } else { number(way, step - 1) };
                space.states[number(way, step)].depth = step as u32 + 1;
                space.steps.push(Move { from, to: number(way, step), fault: None });
            }
        }
        assert_eq!(crossings(&space, &layout(&space, 0.0).places), 0);
    }
}
