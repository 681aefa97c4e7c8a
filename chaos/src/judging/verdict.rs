//! The three-valued verdict on a search or a run.

use std::fmt;

use ports::law::Property;
use ports::words;

use crate::environment;
use crate::guarantee::judgement::Judgement;
use crate::handler::fault::HandlerFault;
use crate::handler::watchdog::Blocked;
use crate::world::fault::Fault;

/// What a search or a run came to.
///
/// ```
/// use chaos::{Inconclusive, Verdict, explore, System};
/// use ports::{Endpoint, Message, MessageId};
///
/// // Nobody says what the bell should do, so nothing it does is right or wrong.
/// let bell = || System::of(Endpoint::new("bell", async |_, _, _| Ok(())));
/// let ann = Message::new(MessageId::named("ann"), &"Ann");
/// let report = explore(bell).send([ann]).run();
/// assert_eq!(report.verdict, Verdict::Inconclusive(Inconclusive::NobodyJudges));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Every schedule and fault within the bounds was tried, and none violates
    /// a property.
    Holds,
    /// A property is violated, or the handler cannot be run.
    Violated(Finding),
    /// Neither: a limit was hit, or something that was to be visited was not.
    Inconclusive(Inconclusive),
}

impl Verdict {
    /// The verdict on a handler that does not come back, or takes too long.
    pub(crate) fn on_blocked(blocked: &Blocked) -> Self {
        match blocked {
            Blocked::Ends(fault) => Self::Violated(Finding::Handler(fault.clone())),
            _ if blocked.is_certain() => Self::Violated(Finding::Blocked(blocked.to_string())),
            _ => Self::Inconclusive(Inconclusive::GivenUp(blocked.to_string())),
        }
    }

    /// The violated property, if one is.
    pub(crate) fn property(&self) -> Option<Property> {
        match self {
            Self::Violated(finding) => finding.property(),
            Self::Holds | Self::Inconclusive(_) => None,
        }
    }

    /// Whether the handler ran into a `todo!`.
    pub(crate) fn is_not_done(&self) -> bool {
        matches!(self, Self::Violated(Finding::Handler(HandlerFault::NotDone { .. })))
    }
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Finding {
    /// A property of the guarantee is violated.
    Property(Box<Judgement>),
    /// The handler itself cannot be run.
    Handler(HandlerFault),
    /// The handler blocks the thread it runs on.
    Blocked(String),
}

impl Finding {
    /// The violated property, if it is one.
    #[must_use]
    pub fn property(&self) -> Option<Property> {
        match self {
            Self::Property(judgement) => judgement.violated.first().copied(),
            Self::Handler(_) | Self::Blocked(_) => None,
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Property(judgement) => formatter.write_str(&judgement.reason),
            Self::Handler(fault) => fault.fmt(formatter),
            Self::Blocked(sentence) => formatter.write_str(sentence),
        }
    }
}

/// Why there is no verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Inconclusive {
    /// There are more states than were allowed.
    TooManyStates {
        /// How many were allowed.
        limit: usize,
        /// What keeps growing, if something does.
        growing: Option<String>,
    },
    /// The states that waited to be explored took more room than was allowed.
    TooManyBytes {
        /// How many bytes were allowed.
        limit: usize,
        /// How many states had been found.
        states: usize,
        /// What keeps growing, if something does.
        growing: Option<String>,
    },
    /// Something that the test demands to have been visited was not.
    NotVisited(Vec<Fault>),
    /// No run came to rest within the bounds, so nothing was judged.
    NothingJudged,
    /// Nobody judges: no endpoint has a specification, or a rule about what it
    /// stores.
    NobodyJudges,
    /// These endpoints are judged, and no run sent them a message.
    NotReached(Vec<String>),
    /// Somebody subscribes to a message that nobody says, and one that is called nearly so
    /// went to nobody.
    Misspelt {
        /// Who subscribes.
        endpoint: String,
        /// To what.
        listens_to: String,
        /// What was said.
        said: String,
    },
    /// It was one replayed run.
    OneRunOnly,
    /// The run was [not to be judged](crate::Chaos::unjudged).
    NotJudged,
    /// The specification itself is at fault.
    BrokenLaw(String),
    /// In a plain run, one message after the other and without any fault, a view
    /// shows nothing of what was done to what it looks at, and the law wants it to
    /// be seen.
    BlindView {
        /// Whose view.
        endpoint: String,
        /// What happened, what the view shows, and what it should be.
        what: String,
    },
    /// A world at rest has too many messages to try all their orders.
    TooManyOrders {
        /// How many messages there were.
        messages: usize,
    },
    /// Somebody stopped the search.
    Stopped {
        /// How many states had been found.
        states: usize,
        /// Every run with fewer faults than this, stale reads included, had
        /// been tried.
        fewer_than: u32,
    },
    /// Whether the system comes to rest from some state is not known.
    RestUnknown {
        /// In how many states rest was looked for.
        states: usize,
    },
    /// Some run waits for a deadline, and the search lets no time pass.
    WaitsForTime,
    /// The handler takes too long, or was given up before, or may not have had the
    /// time to come back.
    GivenUp(String),
    /// The bounds make no sense.
    BadBounds(String),
}

impl fmt::Display for Inconclusive {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cure = |growing: &Option<String>, limit: &str| match growing {
            Some(growing) => format!("what keeps growing is {growing}"),
            None => format!("lower the bounds, or raise the limit with .{limit}(…)"),
        };
        match self {
            Self::TooManyStates { limit, growing } => write!(
                formatter,
                "the search was given up after {}, before every schedule had been tried; {}",
                words::count(*limit as u128, "state"),
                cure(growing, "limit_states")
            ),
            Self::TooManyBytes { limit, states, growing } => write!(
                formatter,
                "the search was given up after {}, before every schedule had been tried: those that wait to be explored take more than {} MiB; {}",
                words::count(*states as u128, "state"),
                words::thousands((*limit >> 20) as u128),
                cure(growing, "limit_bytes")
            ),
            Self::NotVisited(faults) => write!(
                formatter,
                "within the bounds, this never happened while a message was being worked on: {}. Either the handler does not get that far, or the bounds are too small",
                words::enumeration(&faults.iter().map(Fault::to_string).collect::<Vec<_>>())
            ),
            Self::NothingJudged => formatter
                .write_str("no run came to rest with all messages processed, so there was nothing to judge"),
            Self::NobodyJudges => formatter.write_str(
                "nobody judges: no endpoint has a specification or a rule about what it stores, so that anything would do. Say what one should do with .judged_by(…)",
            ),
            Self::NotReached(endpoints) => write!(
                formatter,
                "no message ever came to {}, so nothing that should happen there was judged. Either something is lost on the way, or nobody subscribes there",
                words::enumeration(endpoints)
            ),
            Self::Misspelt { endpoint, listens_to, said } => write!(
                formatter,
                "{said} is said, and nobody hears it; {endpoint} subscribes to {listens_to}, which nobody says. If that is a slip of the pen, what should follow was not judged. If they are two messages, send what leads to {listens_to}, too"
            ),
            Self::OneRunOnly => {
                formatter.write_str("this was one run only, a replayed one, and proves nothing of any other")?;
                match std::env::var_os(environment::REPLAY) {
                    Some(_) => formatter
                        .write_str(": CHAOS_REPLAY is set in the environment. Take it out, and every schedule is tried again"),
                    None => Ok(()),
                }
            }
            Self::NotJudged => formatter.write_str(
                "this run was not to be judged: it came to rest, and what it came to was held against nothing",
            ),
            Self::BrokenLaw(fault) => write!(
                formatter,
                "it is the specification that is at fault, and not the handler, of which nothing can be said: {fault}"
            ),
            Self::BlindView { endpoint, what } => write!(
                formatter,
                "the view of {endpoint} hides what its handler does, or the handler itself is wrong in a plain run, without any fault: {what}. As long as that is so, what the view shows proves nothing"
            ),
            Self::TooManyOrders { messages } => write!(
                formatter,
                "there are too many orders of {messages} messages to one aggregate to try them all; send fewer"
            ),
            Self::Stopped { states, fewer_than } => {
                write!(
                    formatter,
                    "the search was stopped before every schedule had been tried. Until then it found {} and nothing wrong; ",
                    words::count(*states as u128, "state")
                )?;
                match fewer_than {
                    0 => formatter.write_str("not even every run without a fault was tried"),
                    1 => formatter.write_str("every run without a fault was tried"),
                    _ => write!(
                        formatter,
                        "every run with at most {} in all was tried",
                        words::count(u128::from(fewer_than - 1), "fault")
                    ),
                }
            }
            Self::RestUnknown { states } => write!(
                formatter,
                "from one situation, rest was looked for in {} and not found, and deadlines still run: whether the system comes to rest is not known. Shorten what is waited for, or send fewer messages",
                words::count(*states as u128, "state")
            ),
            Self::WaitsForTime => formatter.write_str(
                "a run waits for a deadline, and this search lets no time pass: what comes after it was not judged. Leave `Fault::TimeToLiveExpires` in",
            ),
            Self::GivenUp(sentence) | Self::BadBounds(sentence) => formatter.write_str(sentence),
        }
    }
}
