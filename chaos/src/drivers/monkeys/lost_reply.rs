//! A write whose caller never hears of it.

use super::scene::{ChoiceKind, Goes, Scene, Strike, Which};
use super::{Monkey, Trick};

/// A write takes effect, and its caller never hears of it.
pub struct LostReply;

impl LostReply {
    /// Of the `write`-th write for [this message](Which), counting from 0.
    #[must_use]
    pub fn of_write(write: usize, message: impl Into<Which>) -> Monkey {
        Monkey::new("LostReply", LosesReply { message: message.into(), write })
    }
}

#[derive(Clone)]
struct LosesReply {
    message: Which,
    write: usize,
}

impl Trick for LosesReply {
    fn strike(&mut self, scene: Scene<'_>) -> Option<Strike> {
        let lost = scene.find_of(&self.message, |choice| {
            choice.kind() == ChoiceKind::Write
                && choice.goes() == Goes::ReplyLost
                && choice.number() == self.write
        })?;
        Some(lost.strike())
    }
}
