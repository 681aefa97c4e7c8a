//! A read that finds nobody at home.

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
