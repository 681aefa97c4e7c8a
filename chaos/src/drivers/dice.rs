//! Decisions drawn from a seed.

use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng};

/// A seeded source of decisions.
pub(super) struct Dice {
    rng: Xoshiro256PlusPlus,
    fault_rate: f64,
}

impl Dice {
    pub(super) fn new(seed: u64, fault_rate: f64) -> Self {
        Self { rng: Xoshiro256PlusPlus::seed_from_u64(seed), fault_rate }
    }

    /// How long a step takes, in virtual microseconds: 1 to 2 milliseconds half
    /// of the time, 2 to 4 a quarter of the time, and so on (a Pareto
    /// distribution with α = 1, in whole numbers: floating-point powers differ
    /// from platform to platform).
    pub(super) fn delay(&mut self) -> u64 {
        const MOST_DOUBLINGS: u32 = 20;
        let bits: u64 = self.rng.random();
        let doublings = (bits >> 32 << 32).leading_zeros().min(MOST_DOUBLINGS);
        (1_000 + (bits & 0xffff_ffff) % 1_000) << doublings
    }

    /// Whether the next thing goes wrong.
    pub(super) fn goes_wrong(&mut self) -> bool {
        self.fault_rate > 0.0 && self.rng.random_bool(self.fault_rate)
    }

    /// One of so many.
    pub(super) fn pick(&mut self, count: usize) -> usize {
        self.rng.random_range(0..count)
    }
}
