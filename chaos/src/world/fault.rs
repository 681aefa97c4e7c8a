//! Everything that can go wrong, by class.

use std::fmt;

/// A class of faults: what a bound counts, what a test can demand to have been
/// visited.
///
/// ```
/// use chaos::{Fault, Inconclusive, Law, System, Verdict, explore};
/// use ports::{Endpoint, Message, MessageId};
///
/// // It does nothing, as it should; and nothing is proved of whoever writes.
/// let lazy = Endpoint::new("lazy", async |_, _, _| Ok(()));
/// let law = Law::of(|_| String::new(), |_: &mut (), _| Vec::<()>::new());
/// let search = explore(|| System::of(lazy).judged_by(law))
///     .send([Message::new(MessageId::named("ring"), &"Ring")])
///     .must_visit([Fault::AckFails, Fault::CrashAfterWrite]);
/// let report = search.run();
/// let missed = Inconclusive::NotVisited(vec![Fault::CrashAfterWrite]);
/// assert_eq!(report.verdict, Verdict::Inconclusive(missed));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Fault {
    /// A read finds its store unavailable.
    ReadFails,
    /// A read of a weak store returns an older version. Counted by a budget of
    /// its own.
    StaleRead,
    /// A write takes no effect, and the caller gets no reply.
    WriteFails,
    /// A write takes effect, and the caller gets no reply.
    WriteReplyLost,
    /// A write finds its store unavailable: it takes no effect, and the caller
    /// knows.
    WriteUnavailable,
    /// A write takes effect at some later moment. Its caller gets no reply, and
    /// may look again meanwhile.
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
    /// An output gets through at some later moment, and whoever sent it is told
    /// that it could not be.
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
    /// While a worker is busy, a document's time to live or a deadline passes (while none
    /// is, time passes by itself); or a stream has forgotten the id of
    /// a message, or a [forgetful](crate::System::forgetful) service a key.
    TimeToLiveExpires,
    /// A stream forgets the last messages that it has acknowledged. Only one that
    /// acknowledges before it has synced can, and it must be said
    /// [of the stream](crate::System::stream) that it does. No handler can do anything
    /// about it, so it is good for showing that.
    StreamForgets,
}

impl Fault {
    /// Every class there is.
    pub const ALL: [Self; 21] = [
        Self::ReadFails,
        Self::StaleRead,
        Self::WriteFails,
        Self::WriteReplyLost,
        Self::WriteUnavailable,
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
        Self::StreamForgets,
    ];
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::ReadFails => "store unavailable on a read",
            Self::StaleRead => "stale read",
            Self::WriteFails => "write fails",
            Self::WriteReplyLost => "write takes effect, reply lost",
            Self::WriteUnavailable => "store unavailable on a write",
            Self::WriteReplyLate => "write without a reply, which lands late",
            Self::CrashBeforeWrite => "crash before a write",
            Self::CrashAfterWrite => "crash after a write",
            Self::WriteLandsLate => "crash during a write, which lands late",
            Self::PublishFails => "publish fails",
            Self::PublishReplyLost => "publish gets through, reply lost",
            Self::PublishReplyLate => "publish without a reply, which gets through late",
            Self::CrashBeforePublish => "crash before a publish",
            Self::CrashAfterPublish => "crash after a publish",
            Self::PublishLandsLate => "crash during a publish, which lands late",
            Self::AckFails => "acking fails",
            Self::CrashBeforeAck => "crash before the ack",
            Self::LockExpires => "lock expires, two workers on one message",
            Self::Duplicate => "duplicate delivery",
            Self::TimeToLiveExpires => "time to live expires",
            Self::StreamForgets => "stream forgets what it acknowledged",
        })
    }
}

/// A set of fault classes.
///
/// ```
/// use chaos::{Fault, Faults};
///
/// let two: Faults = [Fault::LockExpires, Fault::Duplicate].into_iter().collect();
/// assert!(two.contains(Fault::Duplicate) && !two.contains(Fault::WriteFails));
/// // What a search tries, unless it is told otherwise.
/// assert!(Faults::usual().contains(Fault::WriteReplyLost));
/// assert!(!Faults::usual().contains(Fault::WriteReplyLate));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct Faults(u32);

impl Faults {
    /// No class at all.
    pub const NONE: Self = Self(0);

    /// The four classes in which a call takes effect at some later moment, whoever
    /// made it: they belong to the deep bounds.
    pub const LATE: [Fault; 4] =
        [Fault::WriteReplyLate, Fault::WriteLandsLate, Fault::PublishReplyLate, Fault::PublishLandsLate];

    /// What can strike a handler that keeps its state in a stream of events, and says
    /// what it has to say as outputs of its endpoint: every class but the late ones,
    /// old reads and times to live, which such a handler does not meet.
    pub const WITH_EVENTS: [Fault; 13] = [
        Fault::ReadFails,
        Fault::WriteFails,
        Fault::WriteReplyLost,
        Fault::WriteUnavailable,
        Fault::CrashBeforeWrite,
        Fault::CrashAfterWrite,
        Fault::PublishFails,
        Fault::CrashBeforePublish,
        Fault::CrashAfterPublish,
        Fault::AckFails,
        Fault::CrashBeforeAck,
        Fault::LockExpires,
        Fault::Duplicate,
    ];

    /// What can strike a handler that keeps its state in documents and publishes by
    /// itself: a publish, too, can get through and its reply be lost.
    pub const WITH_DOCUMENTS: [Fault; 14] = [
        Fault::ReadFails,
        Fault::WriteFails,
        Fault::WriteReplyLost,
        Fault::WriteUnavailable,
        Fault::CrashBeforeWrite,
        Fault::CrashAfterWrite,
        Fault::PublishFails,
        Fault::PublishReplyLost,
        Fault::CrashBeforePublish,
        Fault::CrashAfterPublish,
        Fault::AckFails,
        Fault::CrashBeforeAck,
        Fault::LockExpires,
        Fault::Duplicate,
    ];

    /// Every class but the [late](Self::LATE) ones.
    #[must_use]
    pub fn usual() -> Self {
        Self::LATE.into_iter().fold(Self::all(), Self::without)
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
