//! One thing that can happen next, and what came of it.

use std::fmt;

use crate::handler::call::Reply;
use crate::handler::rehearsal::HistoryId;
use crate::system::store_map::Store;

/// One thing that can happen next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Step {
    /// A waiting copy goes to an idle worker.
    Deliver { copy: u8, worker: u8 },
    /// The broker makes another copy of a message and delivers it.
    Duplicate { of: Source, worker: u8 },
    /// The lock of `from` expires, and the message goes to `worker` too.
    LockExpires { from: u8, worker: u8 },
    /// A port answers a call.
    Call { worker: u8, call: u8, outcome: CallOutcome },
    /// The endpoint dispatches the next output of a handler that is done.
    Dispatch { worker: u8, outcome: CallOutcome },
    /// The endpoint acknowledges the message.
    Ack { worker: u8, outcome: CallOutcome },
    /// A call whose caller is dead takes effect.
    Land { in_flight: u8 },
    /// A document's time to live has passed, or a deadline; or something is forgotten
    /// outside.
    Expire { timer: u8 },
    /// A stream forgets so many of the last messages that it has acknowledged.
    Lose { store: Store, lost: u16 },
}

/// Which message a duplicate is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Source {
    /// The n-th message that was sent.
    Sent(u8),
    /// The n-th published message, to an endpoint that subscribes to it.
    Published(u8, u8),
}

/// How a call, a dispatch or an acknowledgement goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum CallOutcome {
    Ok,
    /// A read returns the n-th of the older versions.
    Stale(u8),
    /// No effect, and no good answer.
    Fails,
    ReplyLost,
    CrashBefore,
    CrashAfter,
    CrashDuring,
    /// No effect, and the caller knows.
    Unavailable,
    /// No reply; it takes effect later, for certain.
    ReplyLate,
}

/// What a step did, for whoever tells the story.
#[derive(Debug, Default)]
pub(crate) struct Applied {
    /// What the port answered.
    pub(crate) reply: Option<Reply>,
    /// Whether a call changed what it was to change, whatever the caller heard.
    pub(crate) took_effect: bool,
    /// The delivery after the step.
    pub(crate) delivery: Option<HistoryId>,
}

impl Step {
    /// Whether a delivery begins with it.
    pub(crate) fn starts_a_delivery(self) -> bool {
        matches!(self, Self::Deliver { .. } | Self::Duplicate { .. } | Self::LockExpires { .. })
    }
}

/// As short as can be and without any words of a story: `d0>1` is the delivery of
/// the first waiting copy to the second worker, `c1.0!lost` the first call of the
/// second worker, whose reply is lost.
impl fmt::Display for Step {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Deliver { copy, worker } => write!(formatter, "d{copy}>{worker}"),
            Self::Duplicate { of: Source::Sent(sent), worker } => write!(formatter, "again{sent}>{worker}"),
            Self::Duplicate { of: Source::Published(published, endpoint), worker } => {
                write!(formatter, "again{published}.{endpoint}>{worker}")
            }
            Self::LockExpires { from, worker } => write!(formatter, "unlock{from}>{worker}"),
            Self::Call { worker, call, outcome } => write!(formatter, "c{worker}.{call}{outcome}"),
            Self::Dispatch { worker, outcome } => write!(formatter, "out{worker}{outcome}"),
            Self::Ack { worker, outcome } => write!(formatter, "ack{worker}{outcome}"),
            Self::Land { in_flight } => write!(formatter, "land{in_flight}"),
            Self::Expire { timer } => write!(formatter, "expire{timer}"),
            Self::Lose { store, lost } => write!(formatter, "lose{store}.{lost}"),
        }
    }
}

impl fmt::Display for CallOutcome {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ok => Ok(()),
            Self::Stale(version) => write!(formatter, "!old{version}"),
            Self::Fails => formatter.write_str("!fails"),
            Self::ReplyLost => formatter.write_str("!lost"),
            Self::CrashBefore => formatter.write_str("!before"),
            Self::CrashAfter => formatter.write_str("!after"),
            Self::CrashDuring => formatter.write_str("!during"),
            Self::Unavailable => formatter.write_str("!away"),
            Self::ReplyLate => formatter.write_str("!late"),
        }
    }
}
