//! Which states and steps a search may leave out.

/// Which reductions a search uses. All of them keep every end state and every
/// verdict; a test compares them all on and off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reductions {
    /// States are remembered, and explored once.
    pub cache: bool,
    /// Fresh ids are renamed to the order of their first appearance.
    pub ids: bool,
    /// Workers of one endpoint are interchangeable.
    pub workers: bool,
    /// Independent steps are explored in one order.
    pub independence: bool,
}

impl Reductions {
    /// All of them.
    pub const ALL: Self = Self { cache: true, ids: true, workers: true, independence: true };
    /// None of them.
    pub const NONE: Self = Self { cache: false, ids: false, workers: false, independence: false };
}
