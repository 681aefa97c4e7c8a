//! How much may go wrong, and how much of that is spent.

use super::fault::{Fault, Faults};

/// At most so many messages can have a bound of their own: what a run has spent
/// is kept in each of millions of states, in so many bytes.
pub(crate) const MOST_BOUNDED_MESSAGES: usize = 6;

/// What a search or run may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// How many faults in all.
    pub faults: u8,
    /// How many faults for each message that was sent, instead of a bound on
    /// all of them.
    pub faults_per_message: Option<u8>,
    /// How many stale reads.
    pub stale: u8,
    /// Whether it is deliveries that are counted, instead of reads: in each of them
    /// every read may be stale.
    pub stale_by_delivery: bool,
    /// Which classes of faults.
    pub classes: Faults,
    /// Whether deadlines pass by themselves while nobody is at work. Where they do
    /// not, everything happens within every time to live.
    pub time_passes: bool,
    /// How many workers each endpoint has.
    pub workers: u8,
}

/// What a fault is paid from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Budget {
    /// The faults of the whole run.
    Faults,
    /// The stale reads of the whole run.
    Stale,
    /// The faults of the n-th message that was sent.
    OfMessage(u8),
}

impl Bounds {
    /// How much there is of a budget.
    pub(crate) fn of(&self, budget: Budget) -> u8 {
        match budget {
            Budget::Faults => self.faults,
            Budget::Stale => self.stale,
            Budget::OfMessage(_) => self.faults_per_message.unwrap_or(0),
        }
    }

    /// What a fault is paid from that strikes at the message in this place among
    /// those sent, if it is one of them.
    pub(crate) fn budget(&self, fault: Fault, sent: impl FnOnce() -> Option<usize>) -> Budget {
        match fault {
            Fault::StaleRead => Budget::Stale,
            _ if self.faults_per_message.is_some() => sent().map_or(Budget::Faults, |index| {
                Budget::OfMessage(index.min(MOST_BOUNDED_MESSAGES - 1) as u8)
            }),
            _ => Budget::Faults,
        }
    }
}

/// What a run has spent; not part of a state's identity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Spent {
    faults: u8,
    stale: u8,
    by_message: [u8; MOST_BOUNDED_MESSAGES],
}

impl Spent {
    pub(crate) fn pay(&mut self, budget: Budget) {
        match budget {
            Budget::Faults => self.faults += 1,
            Budget::Stale => self.stale += 1,
            Budget::OfMessage(message) => self.by_message[usize::from(message)] += 1,
        }
    }

    /// How much of a budget has been spent.
    pub(crate) fn on(&self, budget: Budget) -> u8 {
        match budget {
            Budget::Faults => self.faults,
            Budget::Stale => self.stale,
            Budget::OfMessage(message) => self.by_message[usize::from(message)],
        }
    }

    /// How much of a budget is left.
    pub(crate) fn left(&self, bounds: &Bounds, budget: Budget) -> u8 {
        bounds.of(budget) - self.on(budget)
    }

    /// Whether any fault of this class can still be paid for, by one of the
    /// first `sent` messages at least where they have bounds of their own.
    pub(crate) fn any_left(&self, bounds: &Bounds, fault: Fault, sent: usize) -> bool {
        match fault {
            Fault::StaleRead => self.stale < bounds.stale,
            _ => {
                self.faults < bounds.faults
                    || bounds.faults_per_message.is_some_and(|limit| {
                        self.by_message[..sent.min(MOST_BOUNDED_MESSAGES)].iter().any(|&n| n < limit)
                    })
            }
        }
    }

    /// Whether this has left at least as much of every budget as `other`.
    pub(crate) fn dominates(&self, other: &Self) -> bool {
        self.faults <= other.faults
            && self.stale <= other.stale
            && self.by_message.iter().zip(&other.by_message).all(|(ours, theirs)| ours <= theirs)
    }

    /// Whether no budget is overdrawn.
    pub(crate) fn is_within(&self, bounds: &Bounds) -> bool {
        let per_message = bounds.of(Budget::OfMessage(0));
        self.faults <= bounds.faults
            && self.stale <= bounds.stale
            && self.by_message.iter().all(|&spent| spent <= per_message)
    }

    /// All of it together.
    pub(crate) fn total(&self) -> u32 {
        let by_message: u32 = self.by_message.iter().map(|&n| u32::from(n)).sum();
        u32::from(self.faults) + u32::from(self.stale) + by_message
    }
}
