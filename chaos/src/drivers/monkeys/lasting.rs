//! What goes wrong at every read of one delivery, and not only at one.

use super::Trick;
use super::scene::{ChoiceKind, Goes, Scene, Strike, Which};

/// After so many reads of one delivery it is over, within the delivery: before a handler
/// that goes on asking until it is answered is taken for one that does nothing else.
/// Nobody takes so many looks for a precaution.
pub(super) const PATIENCE: usize = 20;

/// Goes wrong in this way at every read from one on, in the first delivery of a message
/// in which it can.
#[derive(Clone)]
pub(super) struct Lasting {
    goes: Goes,
    message: Which,
    from: usize,
    /// The number of the read that went wrong last.
    last: Option<usize>,
    over: bool,
}

impl Lasting {
    pub(super) fn new(goes: Goes, from: usize, message: Which) -> Self {
        Self { goes, message, from, last: None, over: false }
    }
}

impl Trick for Lasting {
    fn strike(&mut self, scene: Scene<'_>) -> Option<Strike> {
        let of = |goes: Goes| {
            scene.find_of(&self.message, |choice| choice.goes() == goes && choice.kind() == ChoiceKind::Read)
        };
        // The reads of a delivery are counted upwards, so one with a smaller number
        // is one of another delivery.
        let next = of(Goes::Well)?.number();
        self.over |= self.last.is_some_and(|last| next <= last) || next >= self.from + PATIENCE;
        let wrong = of(self.goes).filter(|wrong| !self.over && wrong.number() >= self.from)?;
        self.last = Some(wrong.number());
        Some(wrong.strike())
    }

    fn strikes_again(&self) -> bool {
        true
    }
}
