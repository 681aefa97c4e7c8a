//! How much may go wrong, and how much of that is spent.

use smallvec::SmallVec;

use super::fault::{Fault, Faults};
use crate::limits::MESSAGES_WITH_A_BOUND;

/// What a search or run may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// How many faults in all.
    pub faults: u8,
    /// How many faults for each message that was sent, instead of a bound on
    /// all of them. Whatever strikes at a message that was published is charged to
    /// the sent ones that it goes back to, to each of them.
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

/// Everything that a fault is paid from, each once.
pub(crate) type Budgets = SmallVec<[Budget; 2]>;

impl Bounds {
    /// How much there is of a budget.
    pub(crate) fn of(&self, budget: Budget) -> u8 {
        match budget {
            Budget::Faults => self.faults,
            Budget::Stale => self.stale,
            Budget::OfMessage(_) => self.faults_per_message.unwrap_or(0),
        }
    }

    /// What a fault is paid from, that strikes at a message which goes back to those
    /// in these places among the messages sent: from each of these. Where there is
    /// none (time belongs to no message), it is a fault of the whole run.
    pub(crate) fn budgets<Places: IntoIterator<Item = usize>>(
        &self,
        fault: Fault,
        roots: impl FnOnce() -> Places,
    ) -> Budgets {
        let mut budgets = Budgets::new();
        if fault == Fault::StaleRead {
            budgets.push(Budget::Stale);
        } else if self.faults_per_message.is_some() {
            let own = |place: usize| Budget::OfMessage(place.min(MESSAGES_WITH_A_BOUND - 1) as u8);
            budgets.extend(roots().into_iter().map(own));
        }
        if budgets.is_empty() {
            budgets.push(Budget::Faults);
        }
        budgets
    }
}

/// What a run has spent; not part of a state's identity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Spent {
    faults: u8,
    stale: u8,
    by_message: [u8; MESSAGES_WITH_A_BOUND],
}

impl Spent {
    /// Pays for one fault.
    pub(crate) fn pay(&mut self, budgets: &[Budget]) {
        for &budget in budgets {
            match budget {
                Budget::Faults => self.faults += 1,
                Budget::Stale => self.stale += 1,
                Budget::OfMessage(message) => self.by_message[usize::from(message)] += 1,
            }
        }
    }

    /// How many stale reads there were.
    pub(crate) fn stale(&self) -> u8 {
        self.stale
    }

    /// How much of a budget has been spent.
    fn on(&self, budget: Budget) -> u8 {
        match budget {
            Budget::Faults => self.faults,
            Budget::Stale => self.stale,
            Budget::OfMessage(message) => self.by_message[usize::from(message)],
        }
    }

    /// How many faults can still be paid from all of these together.
    pub(crate) fn left(&self, bounds: &Bounds, budgets: &[Budget]) -> u8 {
        budgets.iter().map(|&budget| bounds.of(budget) - self.on(budget)).min().unwrap_or(0)
    }

    /// Whether any fault of this class can still be paid for, by one of the
    /// first `sent` messages at least where they have bounds of their own.
    pub(crate) fn any_left(&self, bounds: &Bounds, fault: Fault, sent: usize) -> bool {
        match fault {
            Fault::StaleRead => self.stale < bounds.stale,
            _ => {
                self.faults < bounds.faults
                    || bounds.faults_per_message.is_some_and(|limit| {
                        self.by_message[..sent.min(MESSAGES_WITH_A_BOUND)].iter().any(|&n| n < limit)
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
