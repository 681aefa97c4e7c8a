//! Messages overtake each other.

use super::scene::{ChoiceKind, Scene, Strike};
use super::{Monkey, Trick};

/// The broker delivers the messages in the opposite order.
pub struct Reordering;

impl Reordering {
    /// Of all messages.
    #[must_use]
    pub fn of_all() -> Monkey {
        Monkey::new("Reordering", LastFirst)
    }
}

#[derive(Clone)]
struct LastFirst;

impl Trick for LastFirst {
    fn strike(&mut self, scene: Scene<'_>) -> Option<Strike> {
        if scene.work_in_flight() {
            return None;
        }
        let deliveries = scene.choices().filter(|choice| choice.kind() == ChoiceKind::Delivery);
        Some(deliveries.max_by_key(|choice| choice.place_in_queue())?.strike())
    }

    fn strikes_again(&self) -> bool {
        true
    }

    fn needs_a_moment(&self) -> bool {
        false
    }
}
