//! The named monkeys: scripted drivers, each with one trick.
//!
//! A monkey looks at everything that can happen next and waits for its moment.
//! Until then, and after it, the run is as dull as can be: one message at a
//! time, in the order in which they were sent, nothing goes wrong.

use ports::Message;

use crate::call::CallKind;
use crate::fault::Fault;
use crate::machine::{Machine, Outcome, Step};
use crate::text::Text;
use crate::world::{Busy, Phase, World};

/// A scripted driver. Made by one of the types in this module's list:
/// [`DelayedAckFailure`], [`DuplicateDelivery`], [`Reordering`], [`Crash`],
/// [`LostReply`], [`StoreUnavailable`], [`LockExpiry`], [`StaleRead`],
/// [`LateDuplicate`].
#[derive(Clone, Debug)]
pub struct Monkey {
    name: String,
    trick: Trick,
    struck: bool,
}

#[derive(Clone, Debug)]
enum Trick {
    DelayedAckFailure { message: Which, cut_off: bool },
    DuplicateDelivery { message: Which },
    Reordering,
    Crash { message: Which, point: Point, after: bool },
    LostReply { message: Which, write: usize },
    StoreUnavailable { message: Which, read: usize },
    LockExpiry { message: Which },
    StaleRead { message: Which, read: usize },
    LateDuplicate { message: Which },
}

/// The handler is done and its state is committed; then the connection to the
/// broker is gone, and neither outputs nor ack get through. Meanwhile other
/// messages are processed, and after a delay the message is back.
pub struct DelayedAckFailure;
/// The broker delivers a message a second time, right after the first.
pub struct DuplicateDelivery;
/// The broker delivers the messages in the opposite order.
pub struct Reordering;
/// A worker dies, at a point of your choice.
pub struct Crash;
/// A write takes effect, and its caller never hears of it.
pub struct LostReply;
/// A store cannot be reached.
pub struct StoreUnavailable;
/// A worker is slow: its lock expires, and the same message runs on two workers
/// at once. The second is done before the first goes on.
pub struct LockExpiry;
/// A weak store returns an older version than the current one.
pub struct StaleRead;
/// A copy of a message arrives long after everything else is done, and after
/// every time to live has passed.
pub struct LateDuplicate;

/// A point in a handler's work. The numbers count from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Point {
    /// The n-th write to a store.
    Write(usize),
    /// The n-th output.
    Publish(usize),
    /// The acknowledgement.
    Ack,
}

/// Which message a monkey is after: the n-th one that was sent, counting from
/// 0, or the published ones of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    /// The n-th message that was sent.
    Sent(usize),
    /// What an endpoint has published under this name: `"FirstItemAdded"`.
    Published(String),
}

impl From<usize> for Which {
    fn from(sent: usize) -> Self {
        Self::Sent(sent)
    }
}

impl From<&str> for Which {
    fn from(name: &str) -> Self {
        Self::Published(name.to_owned())
    }
}

impl Which {
    fn is(&self, machine: &Machine, text: &Text) -> bool {
        match self {
            Self::Sent(sent) => machine.sent.get(*sent).is_some_and(|copy| &copy.message == text),
            Self::Published(name) => {
                machine.sent.iter().all(|copy| &copy.message != text)
                    && serde_json::from_slice::<Message>(&machine.texts().bytes(text))
                        .is_ok_and(|message| message.name() == name)
            }
        }
    }
}

impl Monkey {
    fn new(name: impl Into<String>, trick: Trick) -> Self {
        Self { name: name.into(), trick, struck: false }
    }

    /// What the monkey is called.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether its moment came.
    pub(crate) fn has_struck(&self) -> bool {
        self.struck
    }
}

impl DelayedAckFailure {
    /// Strikes when [this message](Which) is done.
    #[must_use]
    pub fn of_message(message: impl Into<Which>) -> Monkey {
        Monkey::new("DelayedAckFailure", Trick::DelayedAckFailure { message: message.into(), cut_off: false })
    }
}

impl DuplicateDelivery {
    /// Of [this message](Which).
    #[must_use]
    pub fn of_message(message: impl Into<Which>) -> Monkey {
        Monkey::new("DuplicateDelivery", Trick::DuplicateDelivery { message: message.into() })
    }
}

impl Reordering {
    /// Of all messages.
    #[must_use]
    pub fn of_all() -> Monkey {
        Monkey { struck: true, ..Monkey::new("Reordering", Trick::Reordering) }
    }
}

impl Crash {
    /// Just before this point of [this message](Which).
    #[must_use]
    pub fn before(point: Point, message: impl Into<Which>) -> Monkey {
        Monkey::new(
            format!("CrashBefore({point:?})"),
            Trick::Crash { message: message.into(), point, after: false },
        )
    }

    /// Just after this point of [this message](Which).
    /// There is nothing after the acknowledgement that could be lost.
    #[must_use]
    pub fn after(point: Point, message: impl Into<Which>) -> Monkey {
        Monkey::new(
            format!("CrashAfter({point:?})"),
            Trick::Crash { message: message.into(), point, after: true },
        )
    }
}

impl LostReply {
    /// Of the `write`-th write for [this message](Which), counting from 0.
    #[must_use]
    pub fn of_write(write: usize, message: impl Into<Which>) -> Monkey {
        Monkey::new("LostReply", Trick::LostReply { message: message.into(), write })
    }
}

impl StoreUnavailable {
    /// For the `read`-th read for [this message](Which), counting from 0.
    #[must_use]
    pub fn for_read(read: usize, message: impl Into<Which>) -> Monkey {
        Monkey::new("StoreUnavailable", Trick::StoreUnavailable { message: message.into(), read })
    }
}

impl LockExpiry {
    /// Of [this message](Which), just before its first write.
    #[must_use]
    pub fn of_message(message: impl Into<Which>) -> Monkey {
        Monkey::new("LockExpiry", Trick::LockExpiry { message: message.into() })
    }
}

impl StaleRead {
    /// In the first read from the `read`-th on (counting from 0) for [this
    /// message](Which) that can be stale.
    #[must_use]
    pub fn of_read(read: usize, message: impl Into<Which>) -> Monkey {
        Monkey::new("StaleRead", Trick::StaleRead { message: message.into(), read })
    }
}

impl LateDuplicate {
    /// Of [this message](Which).
    #[must_use]
    pub fn of_message(message: impl Into<Which>) -> Monkey {
        Monkey::new("LateDuplicate", Trick::LateDuplicate { message: message.into() })
    }
}

/// What a director knows about a delivery besides what the world says.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) reads: usize,
    pub(crate) writes: usize,
    pub(crate) publishes: usize,
}

impl Monkey {
    /// The step to take now, if this is the monkey's moment.
    pub(crate) fn strike(
        &mut self,
        machine: &Machine,
        world: &World,
        steps: &[Step],
        tallies: &[Tally],
    ) -> Option<Step> {
        let again = matches!(self.trick, Trick::DelayedAckFailure { cut_off: true, .. } | Trick::Reordering);
        if self.struck && !again {
            return None;
        }
        let step = self.moment(machine, world, steps, tallies)?;
        self.struck = true;
        Some(step)
    }

    fn moment(
        &mut self,
        machine: &Machine,
        world: &World,
        steps: &[Step],
        tallies: &[Tally],
    ) -> Option<Step> {
        let find = |wanted: &dyn Fn(Step) -> bool| steps.iter().copied().find(|&step| wanted(step));
        let is_message = |text: &Text, message: &Which| message.is(machine, text);
        let another_copy = |message: &Which, step: Step| match step {
            Step::Duplicate { of, .. } => message.is(machine, machine.source(world, of).1),
            _ => false,
        };
        // The step of a busy worker on this message for which the test holds.
        let of = |message: &Which, test: &dyn Fn(&Busy, Tally, Step) -> bool| {
            find(&|step| {
                let (Step::Call { worker, .. } | Step::Dispatch { worker, .. } | Step::Ack { worker, .. }) =
                    step
                else {
                    return false;
                };
                let worker = usize::from(worker);
                world.workers[worker].busy.as_ref().is_some_and(|busy| {
                    is_message(&busy.message, message) && test(busy, tallies[worker], step)
                })
            })
        };
        let kind = |busy: &Busy, step: Step| match step {
            Step::Call { call, .. } => Some(machine.pending_calls(busy)[usize::from(call)].kind()),
            _ => None,
        };
        match &mut self.trick {
            Trick::DelayedAckFailure { message, cut_off } => {
                // The connection was gone for one delivery. When the message is
                // back, so is the broker.
                let back = world.workers.iter().zip(tallies).any(|(worker, tally)| {
                    let busy = worker.busy.as_ref();
                    tally.reads + tally.writes + tally.publishes == 0
                        && busy.is_some_and(|busy| is_message(&busy.message, message))
                });
                if *cut_off && back {
                    *cut_off = false;
                    return None;
                }
                let struck = *cut_off;
                let step = of(message, &|busy, tally, step| match step {
                    Step::Dispatch { outcome, .. } => outcome == Outcome::Fails,
                    Step::Ack { outcome, .. } => outcome == Outcome::Fails,
                    Step::Call { outcome, .. } => {
                        kind(busy, step) == Some(CallKind::Publish)
                            && outcome == Outcome::Fails
                            && (tally.writes > 0 || struck)
                    }
                    _ => false,
                })?;
                // A handler that swallows the failure of a publish finds the
                // broker gone for the ack as well; then the delivery is over.
                *cut_off = matches!(step, Step::Call { .. });
                if struck && matches!(step, Step::Ack { .. }) {
                    *cut_off = false;
                }
                Some(step)
            }
            Trick::DuplicateDelivery { message } => {
                let still_there = world.queue.iter().any(|copy| is_message(&copy.message, message))
                    || world
                        .workers
                        .iter()
                        .flat_map(|worker| &worker.busy)
                        .any(|b| is_message(&b.message, message));
                if still_there {
                    return None;
                }
                find(&|step| another_copy(message, step))
            }
            Trick::LateDuplicate { message } => {
                if !world.at_rest() {
                    return None;
                }
                if let Some(expiry) = find(&|step| matches!(step, Step::Expire { .. })) {
                    // It has not struck before every time to live has passed.
                    return Some(expiry);
                }
                find(&|step| another_copy(message, step))
            }
            Trick::Reordering => {
                if world.work_in_flight() {
                    return None;
                }
                let last = world.queue.len().checked_sub(1)?;
                steps
                    .iter()
                    .copied()
                    .filter(|step| matches!(step, Step::Deliver { copy, .. } if usize::from(*copy) <= last))
                    .max_by_key(|step| match step {
                        Step::Deliver { copy, .. } => *copy,
                        _ => 0,
                    })
            }
            Trick::Crash { message, point, after } => {
                let (point, after) = (*point, *after);
                of(message, &|busy, tally, step| {
                    let outcome = if after { Outcome::CrashAfter } else { Outcome::CrashBefore };
                    match (point, step) {
                        (Point::Write(n), Step::Call { outcome: o, .. }) => {
                            kind(busy, step) == Some(CallKind::Write) && tally.writes == n && o == outcome
                        }
                        (Point::Publish(n), Step::Call { outcome: o, .. }) => {
                            kind(busy, step) == Some(CallKind::Publish)
                                && tally.publishes == n
                                && o == outcome
                        }
                        (Point::Publish(n), Step::Dispatch { outcome: o, .. }) => {
                            busy.phase == Phase::Dispatching(n as u8) && o == outcome
                        }
                        (Point::Ack, Step::Ack { outcome: o, .. }) => !after && o == Outcome::CrashBefore,
                        _ => false,
                    }
                })
            }
            Trick::LostReply { message, write } => {
                let write = *write;
                of(message, &|busy, tally, step| {
                    kind(busy, step) == Some(CallKind::Write)
                        && tally.writes == write
                        && matches!(step, Step::Call { outcome: Outcome::ReplyLost, .. })
                })
            }
            Trick::StoreUnavailable { message, read } => {
                let read = *read;
                of(message, &|busy, tally, step| {
                    kind(busy, step) == Some(CallKind::Read)
                        && tally.reads == read
                        && matches!(step, Step::Call { outcome: Outcome::Fails, .. })
                })
            }
            Trick::StaleRead { message, read } => {
                let read = *read;
                of(message, &|_, tally, step| {
                    tally.reads >= read && matches!(step, Step::Call { outcome: Outcome::Stale(_), .. })
                })
            }
            Trick::LockExpiry { message } => find(&|step| {
                let Step::LockExpires { from, .. } = step else { return false };
                let busy = world.workers[usize::from(from)].busy.as_ref();
                busy.is_some_and(|busy| {
                    is_message(&busy.message, message)
                        && busy.phase == Phase::Handling
                        && machine.pending_calls(busy).iter().any(|call| call.kind() == CallKind::Write)
                })
            }),
        }
    }

    /// Takes note that a step was taken on this monkey's word.
    pub(crate) fn took(&mut self, fault: Option<Fault>) {
        if matches!(self.trick, Trick::LateDuplicate { .. }) && fault == Some(Fault::TimeToLiveExpires) {
            self.struck = false;
        }
    }
}
