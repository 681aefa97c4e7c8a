//! A copy comes when everything is over.

use super::scene::{ChoiceKind, Scene, Strike, Which};
use super::{Monkey, Trick};

/// A copy of a message arrives long after everything else is done, and after
/// every time to live has passed.
pub struct LateDuplicate;

impl LateDuplicate {
    /// Of [this message](Which).
    #[must_use]
    pub fn of_message(message: impl Into<Which>) -> Monkey {
        Monkey::new("LateDuplicate", DuplicatesLate(message.into()))
    }
}

#[derive(Clone)]
struct DuplicatesLate(Which);

impl Trick for DuplicatesLate {
    fn strike(&mut self, scene: Scene<'_>) -> Option<Strike> {
        if !scene.at_rest() {
            return None;
        }
        // It has not struck before every time to live has passed.
        if let Some(expiry) = scene.find(|choice| choice.kind() == ChoiceKind::Expiry) {
            return Some(expiry.prepare());
        }
        let copy =
            scene.find(|choice| choice.kind() == ChoiceKind::AnotherCopy && choice.is_about(&self.0))?;
        Some(copy.strike())
    }
}
