//! A law that can be told what its draws come to.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::{Message, MessageId};

/// A [`Specification`](super::Specification) by which ids are drawn, and that can be
/// asked with nothing left open: for whoever judges messages in which such an id comes
/// back, a code that somebody confirms. The judge tells it which ids its draws are.
///
/// States and outputs are as the machine has made them: no id is written as
/// [`FRESH`](super::FRESH), and none is numbered.
pub trait Drawing: Send + Sync {
    /// The state of an aggregate that no message has reached: see
    /// [`Specification::opening`](super::Specification::opening).
    fn begins(&self, aggregate: &str) -> Value;

    /// The next state and the outputs, where the draws for this message are `lot` of 0,
    /// of 1, and so on.
    fn goes_on(
        &self,
        state: &Value,
        message: &Message,
        lot: &dyn Fn(u64) -> MessageId,
    ) -> (Value, Vec<Value>);

    /// The ids in a state or a body that may have been drawn by lot, each once, in the
    /// order in which they come.
    fn lots(&self, value: &Value) -> Vec<MessageId>;

    /// A body, or a state that is to be compared, with other ids in the place of lots,
    /// wherever they stand, all spelled alike: how an id is spelled makes no difference.
    fn renamed(&self, body: &Value, names: &BTreeMap<MessageId, MessageId>) -> Value;

    /// A state with other ids in the place of lots, as the machine would write it: what
    /// it keeps in the order of ids is in that of the new ones, and each is spelled as it
    /// was.
    fn state_renamed(&self, state: &Value, names: &BTreeMap<MessageId, MessageId>) -> Value;
}
