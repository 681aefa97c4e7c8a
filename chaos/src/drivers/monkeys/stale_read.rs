//! A weak store looks back.

use super::scene::{ChoiceKind, Goes, Scene, Strike, Which};
use super::{Monkey, Trick};

/// A weak store returns an older version than the current one.
pub struct StaleRead;

impl StaleRead {
    /// In the first read from the `read`-th on (counting from 0) for [this
    /// message](Which) that can be stale.
    #[must_use]
    pub fn of_read(read: usize, message: impl Into<Which>) -> Monkey {
        Monkey::new("StaleRead", IsStale { message: message.into(), read })
    }

    /// In every read from the `from`-th on (counting from 0), in the first delivery
    /// of [this message](Which) in which one can be stale: however often it looks,
    /// it sees what is old. The next delivery sees what there is.
    #[must_use]
    pub fn of_every_read(from: usize, message: impl Into<Which>) -> Monkey {
        Monkey::new("StaleReads", StayStale { message: message.into(), from, last: None, over: false })
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

#[derive(Clone)]
struct StayStale {
    message: Which,
    from: usize,
    /// The number of the read that was stale last.
    last: Option<usize>,
    over: bool,
}

impl Trick for StayStale {
    fn strike(&mut self, scene: Scene<'_>) -> Option<Strike> {
        let of = |goes: Goes| {
            scene.find_of(&self.message, |choice| choice.goes() == goes && choice.kind() == ChoiceKind::Read)
        };
        // The reads of a delivery are counted upwards, so one with a smaller number
        // is one of another delivery.
        let next = of(Goes::Well)?.number();
        self.over |= self.last.is_some_and(|last| next <= last);
        let old = of(Goes::Stale).filter(|old| !self.over && old.number() >= self.from)?;
        self.last = Some(old.number());
        Some(old.strike())
    }

    fn strikes_again(&self) -> bool {
        true
    }
}
