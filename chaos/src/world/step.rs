//! One thing that can happen next, and what came of it.

use crate::handler::call::Reply;
use crate::handler::rehearsal::HistoryId;

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
    /// A document's time to live has passed, or something is forgotten outside.
    Expire { timer: u8 },
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
