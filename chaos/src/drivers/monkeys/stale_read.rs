//! A weak store looks back.

use super::lasting::{Lasting, PATIENCE};
use super::scene::{Goes, Scene, Strike, Which};
use super::{Monkey, Trick};

/// A weak store returns an older version than the current one.
pub struct StaleRead;

impl StaleRead {
    /// So many reads of one delivery are stale at most, under
    /// [`of_every_read`](Self::of_every_read): more than anybody takes for a precaution,
    /// and an end to the waiting of whoever asks until there is an answer.
    pub const AT_MOST_IN_A_DELIVERY: usize = PATIENCE;

    /// In the first read from the `read`-th on (counting from 0) for [this
    /// message](Which) that can be stale.
    #[must_use]
    pub fn of_read(read: usize, message: impl Into<Which>) -> Monkey {
        Monkey::new("StaleRead", IsStale { message: message.into(), read })
    }

    /// In every read from the `from`-th on (counting from 0), in the first delivery
    /// of [this message](Which) in which one can be stale: however often it looks,
    /// it sees what is old. The next delivery sees what there is. So does one that asks
    /// on and on: a store that is consistent in the end is so after
    /// [that many](Self::AT_MOST_IN_A_DELIVERY) old answers.
    #[must_use]
    pub fn of_every_read(from: usize, message: impl Into<Which>) -> Monkey {
        Monkey::new("StaleReads", Lasting::new(Goes::Stale, from, message.into()))
    }
}

#[derive(Clone)]
struct IsStale {
    message: Which,
    read: usize,
}

impl Trick for IsStale {
    fn strike(&mut self, scene: Scene<'_>) -> Option<Strike> {
        let old = scene
            .find_of(&self.message, |choice| choice.goes() == Goes::Stale && choice.number() >= self.read)?;
        Some(old.strike())
    }
}
