//! A message comes twice.

use super::scene::{ChoiceKind, Scene, Strike, Which};
use super::{Monkey, Trick};

/// The broker delivers a message a second time, right after the first.
pub struct DuplicateDelivery;

impl DuplicateDelivery {
    /// Of [this message](Which).
    #[must_use]
    pub fn of_message(message: impl Into<Which>) -> Monkey {
        Monkey::new("DuplicateDelivery", Duplicates(message.into()))
    }
}

#[derive(Clone)]
struct Duplicates(Which);

impl Trick for Duplicates {
    fn strike(&mut self, scene: Scene<'_>) -> Option<Strike> {
        if scene.has_copy_of(&self.0) {
            return None;
        }
        let copy =
            scene.find(|choice| choice.kind() == ChoiceKind::AnotherCopy && choice.is_about(&self.0))?;
        Some(copy.strike())
    }
}
