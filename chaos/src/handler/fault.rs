//! Why a handler cannot be explored, each with the cure.

use ports::MessageId;

/// Why a handler cannot be explored.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HandlerFault {
    /// It ran into a `todo!`.
    #[error("not done yet: {what}{at}")]
    NotDone {
        /// What the `todo!` says.
        what: String,
        /// Where it is, as ` (file:line)`.
        at: String,
    },
    /// It panicked.
    #[error(
        "the handler panicked: {message}{at}. A handler reports trouble by returning an error; the message is then delivered again"
    )]
    Panicked {
        /// What the panic says.
        message: String,
        /// Where it happened, as ` (file:line)`.
        at: String,
    },
    /// Fed the same replies, it did something else.
    #[error(
        "the handler is nondeterministic: given the same message and the same replies, it first {first}, then {second}. Likely causes: Uuid::new_v4, rand, the machine's clock, the order of a HashMap, or a static that remembers. Take ids from MessageId::derive or context.new_id(), and time from ports.clock"
    )]
    Nondeterministic {
        /// What it did the first time.
        first: String,
        /// What it did the second time.
        second: String,
    },
    /// Given other fresh ids, in the same order, it did something else; or its view
    /// showed something else.
    ///
    /// An id may be written in capital or small letters, with hyphens or without,
    /// in braces, as a URN, as 16 bytes (raw, or as decimal numbers in a list), as
    /// one decimal number, and in base 64 of either alphabet.
    #[error(
        "the handler looks inside a fresh id: with one it {first}, with another it {second}. Ids are names: compare them for equality, pass them on whole (as text, as bytes, or in base 64), and make new ones from them with MessageId::derive"
    )]
    LooksInsideIds {
        /// What it did with one id.
        first: String,
        /// What it did with another.
        second: String,
    },
    /// With ids in another order, or otherwise different, a run that is right is
    /// wrong.
    #[error(
        "the handler depends on the order of ids, or on what they look like: of two runs that differ in nothing but the ids, one is right, and in the other {wrong}. Ids are random, and so is what `<`, `min`, `sort` or a BTreeMap make of them: keep an order of your own (a Vec, or a number that counts up), and compare ids for equality only"
    )]
    OrdersByIds {
        /// What is wrong in that run.
        wrong: String,
    },
    /// It uses an id that looks fresh, and that it did not get from anybody.
    #[error(
        "the handler uses the id {id}, which has the mark of a fresh id, and nobody has handed it out. Take fresh ids from context.new_id(), and make others from them with MessageId::derive; MessageId::fresh, and the mark, are for simulators"
    )]
    StrangeId {
        /// The id.
        id: MessageId,
    },
    /// It waits for something that is not a port call.
    #[error(
        "the handler waits for something that will never come: none of its port calls is open. Either it waits for itself (a lock it already holds, a channel nobody sends on), or for something outside the ports, which the harness cannot see"
    )]
    Stuck,
    /// It needs a tokio runtime.
    #[error(
        "the handler uses a real timer, socket or tokio::spawn (tokio says: {message}). Within a handler, wait only for the ports, and run things at the same time with tokio::join!"
    )]
    NeedsRuntime {
        /// What tokio said.
        message: String,
    },
    /// It yields over and over without making a call.
    #[error(
        "the handler yielded {polls} times without making a port call: it seems to wait in a loop for something that will never come"
    )]
    Spins {
        /// How often it was polled.
        polls: u32,
    },
    /// One delivery made very many calls.
    #[error(
        "one delivery of {message} made {calls} port calls and was still not done: it seems to poll in a loop. Return an error instead, and the message will be delivered again"
    )]
    TooManyCalls {
        /// Which message was processed.
        message: String,
        /// How many calls it made.
        calls: usize,
    },
    /// It does more at once than the engine can tell apart.
    #[error("{what}: more than {limit} at once cannot be explored. Is there a loop that does not end?")]
    TooMuchAtOnce {
        /// What there is too much of.
        what: String,
        /// How many there may be.
        limit: usize,
    },
    /// Its stack overflows, and with that the process ends.
    #[error(
        "the handler's stack overflows while {during} (it has {mebibytes} MiB): a recursion without an end, most likely, of a function that calls itself, or two that call each other. It ended a process that tried it, and would have ended this one with all of its tests"
    )]
    Overflows {
        /// What was going on: "it processes AddItem", or that its view is asked.
        during: String,
        /// How large the stack is.
        mebibytes: usize,
    },
    /// It ends the process.
    #[error(
        "the handler ends its process while {during} ({how}). Look for std::process::exit, std::process::abort, and a panic in a destructor. A handler reports trouble by returning an error; the message is then delivered again. It ended a process that tried it, and would have ended this one with all of its tests"
    )]
    EndsTheProcess {
        /// What was going on: "it processes AddItem", or that its view is asked.
        during: String,
        /// How it ended, in the words of the system.
        how: String,
    },
    /// Its view cannot read what it has stored.
    #[error("the view of {aggregate} cannot read what the handler has stored: {reason}")]
    UnreadableState {
        /// Which aggregate.
        aggregate: String,
        /// What the view says.
        reason: String,
    },
    /// The engine handed it a message it had itself published, and it cannot
    /// be read back.
    #[error("a message on a queue is not a message: {0}")]
    UnreadableMessage(String),
}

impl HandlerFault {
    /// What is added to a finding that is none with ids in another order.
    pub(crate) const ORDER_IS_CHANCE: &str = "In the same run with fresh ids in another order, all is well: the handler depends on their order, and that is random. Keep an order of your own (a Vec, or a number that counts up), and compare ids for equality only.";

    pub(crate) fn strange_id(id: MessageId) -> Self {
        Self::StrangeId { id }
    }
}
