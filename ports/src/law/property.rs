//! The named properties of the guarantee.

/// A named property of the guarantee.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Property {
    /// Every message has its effect, and everything that follows from it is
    /// published.
    NoLostMessages,
    /// Nothing is published that no committed state change justifies.
    NoGhostMessages,
    /// No message takes effect twice.
    NoDuplicatedProcessing,
    /// The copies of one message do not lead to contradicting outputs.
    ConsistentOutputs,
    /// One order of the messages explains both the state and the outputs.
    StateMatchesOutputs,
    /// Once faults stop, the system comes to rest.
    Settles,
    /// What is stored stays within a bound.
    BoundedStorage,
    /// Nothing is left behind that nobody needs.
    NoGarbage,
}

impl Property {
    /// Every property there is.
    pub const ALL: [Self; 8] = [
        Self::NoLostMessages,
        Self::NoGhostMessages,
        Self::NoDuplicatedProcessing,
        Self::ConsistentOutputs,
        Self::StateMatchesOutputs,
        Self::Settles,
        Self::BoundedStorage,
        Self::NoGarbage,
    ];
}
