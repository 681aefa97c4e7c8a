//! A run as it can be played elsewhere: on a real server, or with another handler.
//!
//! The engine's own choices (`c0.1!lost`) mean something in one world only. Here each
//! is said in terms that others have as well: which message, at which delivery, which
//! call of it, and how it goes.

use ports::Message;

use super::steps::{busy_in, put_out};
use crate::handler::call::{Call, CallKind, ObjectKey, Reply};
use crate::handler::text::Text;
use crate::world::state::Due;
use crate::world::step::{CallOutcome, Step};
use crate::world::trace::{TakenStep, Trace};
use crate::world::transition_system::TransitionSystem;

/// A run, in terms that a real server has as well.
#[derive(Clone, Debug, PartialEq)]
pub struct Transcript {
    /// What was sent from outside, and to which endpoint. All of it is there from the
    /// start.
    pub sent: Vec<(String, Message)>,
    /// What happened, in this order.
    pub happenings: Vec<Happening>,
    /// Whether it goes on for ever: the last happenings lead back to where they began.
    pub never_rests: bool,
}

/// One thing that happened in a run.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Happening {
    /// A copy of a message came to a worker, whose handler started. Deliveries are
    /// numbered in this order, from 0.
    Delivered {
        /// Which endpoint's worker it is.
        endpoint: String,
        /// Which worker, of all that there are.
        worker: usize,
        /// The message.
        message: Message,
        /// Why there was a copy.
        copy: CopyFrom,
    },
    /// A handler called a port.
    Called {
        /// In which delivery.
        delivery: usize,
        /// What it called.
        call: Called,
        /// How that went.
        goes: Goes,
        /// What the caller heard. None, if it was dead by then.
        heard: Option<Heard>,
    },
    /// A delivery was done, and acknowledged.
    Acknowledged {
        /// Which one.
        delivery: usize,
        /// How that went: it gets through, or [fails](Goes::Fails), or its worker
        /// [crashes before](Goes::CrashesBefore).
        goes: Goes,
        /// Whether somebody else had the message by then, so that the
        /// acknowledgement was not counted.
        in_vain: bool,
    },
    /// A document's time to live was over.
    Expired {
        /// The store, named as in [`System::store`](crate::System::store).
        store: String,
        /// Which document.
        key: String,
    },
    /// A stream forgot the last messages that it had acknowledged.
    Lost {
        /// The stream, as endpoints call it.
        stream: String,
        /// How many.
        messages: usize,
    },
    /// Something of which other worlds know nothing; in words.
    Other(String),
}

/// Why there was a copy of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CopyFrom {
    /// It waited, for the first time, or again after it had failed.
    Queue,
    /// The broker made one more, without a reason.
    Nowhere,
    /// The lock of this delivery had expired.
    LockOf(usize),
}

/// What a handler called.
#[derive(Clone, Debug, PartialEq)]
pub struct Called {
    /// What kind of call it is.
    pub kind: Kind,
    /// As the endpoint calls the store; its main store has its own name. Empty for a
    /// message that is published.
    pub store: String,
    /// The key. Empty for a message that is published.
    pub key: String,
    /// The message, if one is published.
    pub publishes: Option<Message>,
}

/// What kind of call it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// It only asks.
    Read,
    /// It changes something, or would.
    Write,
    /// It hands a message to the broker; also one that the endpoint dispatches after
    /// its handler is done.
    Publish,
}

/// How a call, or an acknowledgement, goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goes {
    /// As it should: it is carried out, and answered.
    Well,
    /// Nothing happens, and the caller knows.
    Unavailable,
    /// Nothing happens, and the caller does not know.
    Fails,
    /// It is carried out, and the caller does not know.
    ReplyLost,
    /// Its worker dies before.
    CrashesBefore,
    /// Its worker dies right after.
    CrashesAfter,
    /// It is carried out later, while its caller is dead or goes on.
    Late,
    /// A read shows what was there earlier.
    Old,
}

/// What a caller heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Heard {
    /// There is such a document.
    Found,
    /// There is none.
    Absent,
    /// It is stored, deleted, appended or published.
    Done,
    /// Something else is there than was expected.
    Conflict,
    /// It does not fit into the store.
    TooLarge,
    /// It was not carried out.
    Unavailable,
    /// Nothing.
    Nothing,
    /// Anything else: events, or the answer of something outside.
    Answered,
}

impl Transcript {
    /// The transcript of a run.
    pub(super) fn of(transitions: &TransitionSystem, trace: &Trace) -> Self {
        let endpoint = |number: u8| transitions.endpoints()[usize::from(number)].name().to_owned();
        let sent = transitions.sent.iter().filter_map(|copy| {
            let message = transitions.texts().message(&copy.message).ok()?;
            Some((endpoint(copy.endpoint), message))
        });
        let sent = sent.collect();
        // The delivery that each worker is at.
        let mut at = vec![0; trace.end().workers.len()];
        let mut deliveries = 0;
        let happened = trace.taken().iter().enumerate().map(|(number, taken)| {
            let from = match taken.step {
                Step::LockExpires { from, .. } => at[usize::from(from)],
                _ => 0,
            };
            let mut delivered = |worker: u8, copy| {
                let worker = usize::from(worker);
                at[worker] = deliveries;
                deliveries += 1;
                let after = &trace.after(number).workers[worker];
                let message = match taken.step {
                    Step::Deliver { copy, .. } => &taken.before.queue[usize::from(copy)].message,
                    Step::Duplicate { of, .. } => transitions.source(&taken.before, of).1,
                    Step::LockExpires { from, .. } => &busy_in(&taken.before, from).message,
                    _ => unreachable!("it starts a delivery"),
                };
                match transitions.texts().message(message) {
                    Ok(message) => {
                        Happening::Delivered { endpoint: endpoint(after.endpoint), worker, message, copy }
                    }
                    Err(_) => Happening::Other("a copy that is no message is delivered".to_owned()),
                }
            };
            match taken.step {
                Step::Deliver { worker, .. } => delivered(worker, CopyFrom::Queue),
                Step::Duplicate { worker, .. } => delivered(worker, CopyFrom::Nowhere),
                Step::LockExpires { worker, .. } => delivered(worker, CopyFrom::LockOf(from)),
                Step::Call { worker, call, outcome } => {
                    let busy = busy_in(&taken.before, worker);
                    let call = transitions.pending_call(busy, call);
                    let (delivery, goes) = (at[usize::from(worker)], Goes::of(outcome, call.kind()));
                    match called(transitions, &call) {
                        Some(call) => Happening::Called { delivery, call, goes, heard: heard(taken) },
                        None => Happening::Other("a handler asks the clock".to_owned()),
                    }
                }
                Step::Dispatch { worker, outcome } => {
                    let call = put_out(transitions, taken).map(|message| published(transitions, &message));
                    let call = call.expect("what is dispatched is put out");
                    let goes = Goes::of(outcome, CallKind::Publish);
                    let heard = (goes == Goes::Well).then_some(Heard::Done);
                    Happening::Called { delivery: at[usize::from(worker)], call, goes, heard }
                }
                Step::Ack { worker, outcome } => Happening::Acknowledged {
                    delivery: at[usize::from(worker)],
                    goes: Goes::of(outcome, CallKind::Write),
                    in_vain: !busy_in(&taken.before, worker).holds_lock,
                },
                Step::Expire { timer } => {
                    let timer = &taken.before.timers[usize::from(timer)];
                    match &timer.due {
                        Due::Document(object) => Happening::Expired {
                            store: transitions.stores.name(object.store).to_owned(),
                            key: transitions.texts().string(&object.key),
                        },
                        due => Happening::Other(passing(due).to_owned()),
                    }
                }
                Step::Lose { store, lost } => Happening::Lost {
                    stream: transitions.stores.label(store).to_owned(),
                    messages: usize::from(lost),
                },
                Step::Land { .. } => Happening::Other(LANDING.to_owned()),
            }
        });
        let happenings = happened.collect();
        Self { sent, happenings, never_rests: trace.loop_start().is_some() }
    }
}

impl Goes {
    fn of(outcome: CallOutcome, kind: CallKind) -> Self {
        match outcome {
            CallOutcome::Ok => Self::Well,
            CallOutcome::Stale(_) => Self::Old,
            CallOutcome::Fails if kind == CallKind::Read => Self::Unavailable,
            CallOutcome::Fails => Self::Fails,
            CallOutcome::Unavailable => Self::Unavailable,
            CallOutcome::ReplyLost => Self::ReplyLost,
            CallOutcome::CrashBefore => Self::CrashesBefore,
            CallOutcome::CrashAfter => Self::CrashesAfter,
            CallOutcome::CrashDuring | CallOutcome::ReplyLate => Self::Late,
        }
    }
}

/// How it is called that a call takes effect later.
pub(crate) const LANDING: &str = "a call takes effect whose caller is dead, or has gone on";

/// How it is called that a time is over.
pub(crate) fn passing(due: &Due) -> &'static str {
    match due {
        Due::Document(_) => "a document's time to live is over",
        Due::Memory { .. } => "a service outside forgets what it has done",
        Due::Deadline(_) => "a deadline passes",
    }
}

/// A call, as others can make it; none of the clock's, which everybody has.
pub(crate) fn called(transitions: &TransitionSystem, call: &Call) -> Option<Called> {
    let kind = match call.kind() {
        CallKind::Clock => return None,
        CallKind::Read => Kind::Read,
        CallKind::Write => Kind::Write,
        CallKind::Publish => Kind::Publish,
    };
    if let Call::Publish { message } = call {
        return Some(published(transitions, message));
    }
    let (store, key) = call.object().map(|object| place(transitions, object)).unwrap_or_default();
    Some(Called { kind, store, key, publishes: None })
}

/// The call that hands over a message.
pub(crate) fn published(transitions: &TransitionSystem, message: &Text) -> Called {
    let publishes = transitions.texts().message(message).ok();
    Called { kind: Kind::Publish, store: String::new(), key: String::new(), publishes }
}

fn place(transitions: &TransitionSystem, object: &ObjectKey) -> (String, String) {
    (transitions.stores.label(object.store).to_owned(), transitions.texts().string(&object.key))
}

/// What the caller heard in a step that answers a call.
fn heard(taken: &TakenStep) -> Option<Heard> {
    let Step::Call { outcome, .. } = taken.step else { return None };
    if matches!(outcome, CallOutcome::CrashBefore | CallOutcome::CrashAfter | CallOutcome::CrashDuring) {
        return None;
    }
    Some(match taken.applied.reply.as_ref()? {
        Reply::Unavailable => Heard::Unavailable,
        Reply::Silence => Heard::Nothing,
        Reply::Conflict => Heard::Conflict,
        Reply::TooLarge { .. } => Heard::TooLarge,
        Reply::Absent => Heard::Absent,
        Reply::Found { .. } => Heard::Found,
        Reply::Stored { .. } | Reply::Deleted | Reply::Appended(_) | Reply::Published => Heard::Done,
        Reply::Events(_)
        | Reply::Answered { .. }
        | Reply::Deadline(_)
        | Reply::Passed(_)
        | Reply::NotADeadline => Heard::Answered,
    })
}
