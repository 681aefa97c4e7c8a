//! Reads that find nobody at home.

use super::lasting::Lasting;
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
        Monkey::new("StoreUnavailable", Lasting::new(Goes::Fails, from, message.into()))
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
