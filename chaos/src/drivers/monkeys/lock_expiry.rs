//! A worker that is too slow for its lock.

use super::scene::{ChoiceKind, Scene, Strike, Which};
use super::{Monkey, Trick};

/// A worker is slow: its lock expires, and the same message runs on two workers
/// at once. The second is done before the first goes on.
pub struct LockExpiry;

impl LockExpiry {
    /// Of [this message](Which), just before its first write.
    #[must_use]
    pub fn of_message(message: impl Into<Which>) -> Monkey {
        Monkey::new("LockExpiry", IsSlow(message.into()))
    }
}

#[derive(Clone)]
struct IsSlow(Which);

impl Trick for IsSlow {
    fn strike(&mut self, scene: Scene<'_>) -> Option<Strike> {
        let expires = scene.find(|choice| {
            choice.kind() == ChoiceKind::LockExpiry && choice.is_about(&self.0) && choice.waits_for_a_write()
        })?;
        Some(expires.strike())
    }
}
