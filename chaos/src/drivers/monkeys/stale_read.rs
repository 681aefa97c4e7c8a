//! A weak store looks back.

use super::scene::{Goes, Scene, Strike, Which};
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
