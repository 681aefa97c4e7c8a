//! The connection to the broker is gone when the work is done.

use super::scene::{ChoiceKind, Goes, Scene, Strike, Which};
use super::{Monkey, Trick};

/// The handler is done and its state is committed; then the connection to the
/// broker is gone, and neither outputs nor ack get through. Meanwhile other
/// messages are processed, and after a delay the message is back.
pub struct DelayedAckFailure;

impl DelayedAckFailure {
    /// Strikes when [this message](Which) is done.
    #[must_use]
    pub fn of_message(message: impl Into<Which>) -> Monkey {
        Monkey::new("DelayedAckFailure", CutOff { message: message.into(), cut_off: false })
    }
}

#[derive(Clone)]
struct CutOff {
    message: Which,
    /// The connection is gone, and the delivery not over yet.
    cut_off: bool,
}

impl Trick for CutOff {
    fn strike(&mut self, scene: Scene<'_>) -> Option<Strike> {
        // The connection was gone for one delivery. When the message is back, so
        // is the broker.
        if self.cut_off && scene.has_just_got(&self.message) {
            self.cut_off = false;
            return None;
        }
        let was_cut_off = self.cut_off;
        let choice = scene.find_of(&self.message, |choice| {
            choice.goes() == Goes::Fails
                && match choice.kind() {
                    ChoiceKind::Dispatch | ChoiceKind::Ack => true,
                    ChoiceKind::Publish => choice.writes_done() > 0 || was_cut_off,
                    _ => false,
                }
        })?;
        // A handler that swallows the failure of a publish finds the broker gone
        // for the ack as well; then the delivery is over.
        self.cut_off = choice.kind() == ChoiceKind::Publish;
        Some(choice.strike())
    }

    fn strikes_again(&self) -> bool {
        self.cut_off
    }
}
