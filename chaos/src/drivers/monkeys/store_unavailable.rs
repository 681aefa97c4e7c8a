//! Reads that find nobody at home.

use super::scene::{ChoiceKind, Goes, Scene, Strike, Which};
use super::{Monkey, Trick};

/// A store cannot be reached.
pub struct StoreUnavailable;

impl StoreUnavailable {
    /// For the `read`-th read for [this message](Which), counting from 0.
    #[must_use]
    pub fn for_read(read: usize, message: impl Into<Which>) -> Monkey {
        Monkey::new("StoreUnavailable", IsUnavailable { message: message.into(), read })
    }

    /// For every read from the `from`-th on (counting from 0), in the first delivery of
    /// [this message](Which) that gets so far: trying again, and again, is of no use.
    /// The next delivery finds the store there. So does whoever is patient enough to
    /// try twenty times.
    #[must_use]
    pub fn for_every_read(from: usize, message: impl Into<Which>) -> Monkey {
        Monkey::new("StoreUnavailable", StaysAway { message: message.into(), from, last: None, over: false })
    }
}

#[derive(Clone)]
struct IsUnavailable {
    message: Which,
    read: usize,
}

impl Trick for IsUnavailable {
    fn strike(&mut self, scene: Scene<'_>) -> Option<Strike> {
        let fails = scene.find_of(&self.message, |choice| {
            choice.kind() == ChoiceKind::Read && choice.goes() == Goes::Fails && choice.number() == self.read
        })?;
        Some(fails.strike())
    }
}

#[derive(Clone)]
struct StaysAway {
    message: Which,
    from: usize,
    /// The number of the read that has failed last.
    last: Option<usize>,
    over: bool,
}

impl Trick for StaysAway {
    fn strike(&mut self, scene: Scene<'_>) -> Option<Strike> {
        /// The store comes back before a handler that goes on asking for ever is taken
        /// for one that does nothing else.
        const PATIENCE: usize = 20;
        let of = |goes: Goes| {
            scene.find_of(&self.message, |choice| choice.goes() == goes && choice.kind() == ChoiceKind::Read)
        };
        // The reads of a delivery are counted upwards, so one with a smaller number
        // is one of another delivery.
        let next = of(Goes::Well)?.number();
        self.over |= self.last.is_some_and(|last| next <= last) || next >= self.from + PATIENCE;
        let fails = of(Goes::Fails).filter(|fails| !self.over && fails.number() >= self.from)?;
        self.last = Some(fails.number());
        Some(fails.strike())
    }

    fn strikes_again(&self) -> bool {
        true
    }
}
