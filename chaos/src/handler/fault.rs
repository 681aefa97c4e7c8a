//! Why a handler cannot be explored, each with the cure.

/// Why a handler cannot be explored.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
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
        "the handler is nondeterministic: given the same message and the same replies, it first {first}, then {second}. Likely causes: Uuid::new_v4, rand, the clock, the order of a HashMap, or a static that remembers. Take ids from MessageId::derive or context.new_id()"
    )]
    Nondeterministic {
        /// What it did the first time.
        first: String,
        /// What it did the second time.
        second: String,
    },
    /// Given other fresh ids, it did something else.
    #[error(
        "the handler looks inside a fresh id: with one it {first}, with another it {second}. Ids are names: compare them for equality, pass them on whole, and make new ones from them with MessageId::derive"
    )]
    LooksInsideIds {
        /// What it did with one id.
        first: String,
        /// What it did with another.
        second: String,
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
        "the handler's stack overflows while it processes {message} (it has {mebibytes} MiB): a recursion without an end, most likely, of a function that calls itself, or two that call each other. It ended a process that tried it, and would have ended this one with all of its tests"
    )]
    Overflows {
        /// The name of the message.
        message: String,
        /// How large the stack is.
        mebibytes: usize,
    },
    /// It ends the process.
    #[error(
        "the handler ends its process while it processes {message} ({how}). Look for std::process::exit, std::process::abort, and a panic in a destructor. A handler reports trouble by returning an error; the message is then delivered again. It ended a process that tried it, and would have ended this one with all of its tests"
    )]
    EndsTheProcess {
        /// The name of the message.
        message: String,
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
