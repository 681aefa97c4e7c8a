//! Everything that can go wrong, by class.

use std::fmt;

/// A class of faults: what a bound counts, what a test can demand to have been
/// visited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Fault {
    /// A read finds its store unavailable.
    ReadFails,
    /// A read of a weak store returns an older version. Counted by a budget of
    /// its own.
    StaleRead,
    /// A write finds its store unavailable: it takes no effect, and the caller
    /// knows.
    WriteUnavailable,
    /// The caller of a write gets no reply, and it never takes effect.
    WriteFails,
    /// The caller of a write gets no reply, and it has taken effect.
    WriteReplyLost,
    /// The caller of a write gets no reply, and it takes effect at some later
    /// moment.
    WriteReplyLate,
    /// The worker dies just before a write.
    CrashBeforeWrite,
    /// The worker dies just after a write.
    CrashAfterWrite,
    /// The worker dies with a write under way, which takes effect at some later
    /// moment.
    WriteLandsLate,
    /// The broker cannot be reached when an output is to be sent.
    PublishFails,
    /// An output is sent, and the confirmation is lost.
    PublishReplyLost,
    /// The caller of a publish gets no confirmation, and it gets through at
    /// some later moment.
    PublishReplyLate,
    /// The worker dies just before an output is sent.
    CrashBeforePublish,
    /// The worker dies just after an output is sent.
    CrashAfterPublish,
    /// The worker dies with an output under way, which gets through at some
    /// later moment.
    PublishLandsLate,
    /// The acknowledgement does not get through.
    AckFails,
    /// The worker dies just before it acknowledges.
    CrashBeforeAck,
    /// The lock on a message expires while its worker is busy, and another
    /// worker gets the message too.
    LockExpires,
    /// The broker delivers a message once more, now or much later.
    Duplicate,
    /// A document's time to live has passed; or a stream has forgotten the id of
    /// a message, or a [forgetful](crate::System::forgetful) service a key.
    TimeToLiveExpires,
}

impl Fault {
    /// Every class there is.
    pub const ALL: [Self; 20] = [
        Self::ReadFails,
        Self::StaleRead,
        Self::WriteUnavailable,
        Self::WriteFails,
        Self::WriteReplyLost,
        Self::WriteReplyLate,
        Self::CrashBeforeWrite,
        Self::CrashAfterWrite,
        Self::WriteLandsLate,
        Self::PublishFails,
        Self::PublishReplyLost,
        Self::PublishReplyLate,
        Self::CrashBeforePublish,
        Self::CrashAfterPublish,
        Self::PublishLandsLate,
        Self::AckFails,
        Self::CrashBeforeAck,
        Self::LockExpires,
        Self::Duplicate,
        Self::TimeToLiveExpires,
    ];
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::ReadFails => "store unavailable on a read",
            Self::StaleRead => "stale read",
            Self::WriteUnavailable => "store unavailable on a write",
            Self::WriteFails => "write fails",
            Self::WriteReplyLost => "write takes effect, reply lost",
            Self::WriteReplyLate => "write without a reply takes effect late",
            Self::CrashBeforeWrite => "crash before a write",
            Self::CrashAfterWrite => "crash after a write",
            Self::WriteLandsLate => "crash during a write, which lands late",
            Self::PublishFails => "publish fails",
            Self::PublishReplyLost => "publish gets through, reply lost",
            Self::PublishReplyLate => "publish without a reply gets through late",
            Self::CrashBeforePublish => "crash before a publish",
            Self::CrashAfterPublish => "crash after a publish",
            Self::PublishLandsLate => "crash during a publish, which lands late",
            Self::AckFails => "acking fails",
            Self::CrashBeforeAck => "crash before the ack",
            Self::LockExpires => "lock expires, two workers on one message",
            Self::Duplicate => "duplicate delivery",
            Self::TimeToLiveExpires => "time to live expires",
        })
    }
}

/// A set of fault classes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct Faults(u32);

impl Faults {
    /// No class at all.
    pub const NONE: Self = Self(0);

    /// Every class but those in which a call takes effect late: these belong to
    /// the deep bounds.
    #[must_use]
    pub fn usual() -> Self {
        Self::all()
            .without(Fault::WriteReplyLate)
            .without(Fault::PublishReplyLate)
            .without(Fault::WriteLandsLate)
            .without(Fault::PublishLandsLate)
    }

    /// Every class.
    #[must_use]
    pub fn all() -> Self {
        Fault::ALL.into_iter().collect()
    }

    /// Whether the class is in the set.
    #[must_use]
    pub fn contains(self, fault: Fault) -> bool {
        self.0 & (1 << fault as u32) != 0
    }

    /// The set with one more class.
    #[must_use]
    pub fn with(self, fault: Fault) -> Self {
        Self(self.0 | (1 << fault as u32))
    }

    /// The set with one class less.
    #[must_use]
    pub fn without(self, fault: Fault) -> Self {
        Self(self.0 & !(1 << fault as u32))
    }

    /// The classes in the set.
    pub fn iter(self) -> impl Iterator<Item = Fault> {
        Fault::ALL.into_iter().filter(move |&fault| self.contains(fault))
    }
}

impl FromIterator<Fault> for Faults {
    fn from_iter<I: IntoIterator<Item = Fault>>(faults: I) -> Self {
        faults.into_iter().fold(Self::NONE, Self::with)
    }
}
