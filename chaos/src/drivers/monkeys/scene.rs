//! What a monkey sees: everything that can happen next, and a little of what has
//! happened so far.

use ports::Message;

use crate::handler::call::CallKind;
use crate::handler::text::Text;
use crate::world::fault::Fault;
use crate::world::state::{Busy, Phase, World};
use crate::world::step::{CallOutcome, Step};
use crate::world::transition_system::TransitionSystem;

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
    fn is(&self, transitions: &TransitionSystem, text: &Text) -> bool {
        match self {
            Self::Sent(sent) => transitions.sent.get(*sent).is_some_and(|copy| &copy.message == text),
            Self::Published(name) => {
                transitions.sent.iter().all(|copy| &copy.message != text)
                    && serde_json::from_slice::<Message>(&transitions.texts().bytes(text))
                        .is_ok_and(|message| message.name() == name)
            }
        }
    }
}

/// What one delivery has done so far.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) reads: usize,
    /// Writes that took effect.
    pub(crate) writes: usize,
    /// Outputs that got through.
    pub(crate) publishes: usize,
}

/// The world at one moment, and everything that can happen next.
#[derive(Clone, Copy)]
pub struct Scene<'a> {
    pub(crate) transitions: &'a TransitionSystem,
    pub(crate) world: &'a World,
    pub(crate) steps: &'a [Step],
    /// For each worker, what its delivery has done.
    pub(crate) tallies: &'a [Tally],
}

/// What kind of thing can happen next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChoiceKind {
    /// A waiting copy goes to an idle worker.
    Delivery,
    /// The broker makes one copy more of a message, and delivers it.
    AnotherCopy,
    /// The lock of a slow worker expires, and its message goes to another one.
    LockExpiry,
    /// A handler reads.
    Read,
    /// A handler writes.
    Write,
    /// A handler publishes through a port.
    Publish,
    /// A handler asks the clock.
    Clock,
    /// The endpoint dispatches an output that a handler has handed over.
    Dispatch,
    /// The endpoint acknowledges a message.
    Ack,
    /// A call from before takes effect only now.
    LateEffect,
    /// A time to live or a deadline has passed, or something is forgotten.
    Expiry,
    /// A stream forgets the last of what it has acknowledged.
    Loss,
}

/// How it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Goes {
    /// As it should.
    Well,
    /// A read returns an older version.
    Stale,
    /// Without an effect, and without a good answer.
    Fails,
    /// It takes effect, and its caller does not hear of it.
    ReplyLost,
    /// The worker dies just before.
    CrashBefore,
    /// The worker dies just after.
    CrashAfter,
    /// The worker dies meanwhile, and it takes effect later.
    CrashDuring,
    /// Without an effect, and its caller knows.
    Unavailable,
    /// It takes effect later, and its caller does not hear of it.
    ReplyLate,
}

/// One thing that can happen next.
#[derive(Clone, Copy)]
pub struct Choice<'a> {
    scene: Scene<'a>,
    step: Step,
}

/// What a monkey wants to happen now.
#[derive(Clone, Copy, Debug)]
pub struct Strike {
    pub(crate) step: Step,
    pub(crate) prepares: bool,
}

impl<'a> Scene<'a> {
    /// Everything that can happen next: first what needs no fault, the dullest
    /// first; then the faults.
    pub fn choices(self) -> impl Iterator<Item = Choice<'a>> {
        self.steps.iter().map(move |&step| Choice { scene: self, step })
    }

    /// The first choice for which a test holds.
    pub fn find(self, wanted: impl Fn(&Choice<'a>) -> bool) -> Option<Choice<'a>> {
        self.choices().find(wanted)
    }

    /// The first choice of a busy worker on this message for which a test holds.
    pub fn find_of(self, message: &Which, wanted: impl Fn(&Choice<'a>) -> bool) -> Option<Choice<'a>> {
        self.find(|choice| choice.is_by_worker() && choice.is_about(message) && wanted(choice))
    }

    /// Whether no copy of any message is anywhere, and no worker busy.
    #[must_use]
    pub fn at_rest(self) -> bool {
        self.world.at_rest()
    }

    /// Whether any message is being worked on.
    #[must_use]
    pub fn work_in_flight(self) -> bool {
        self.world.work_in_flight()
    }

    /// Whether a copy of this message waits, or is being worked on.
    #[must_use]
    pub fn has_copy_of(self, message: &Which) -> bool {
        let is = |text: &Text| message.is(self.transitions, text);
        let mut busy = self.world.workers.iter().filter_map(|worker| worker.busy.as_ref());
        self.world.queue.iter().any(|copy| is(&copy.message)) || busy.any(|busy| is(&busy.message))
    }

    /// Whether a worker has this message and has done nothing for it yet.
    #[must_use]
    pub fn has_just_got(self, message: &Which) -> bool {
        self.world.workers.iter().zip(self.tallies).any(|(worker, tally)| {
            tally.reads + tally.writes + tally.publishes == 0
                && worker.busy.as_ref().is_some_and(|busy| message.is(self.transitions, &busy.message))
        })
    }
}

impl<'a> Choice<'a> {
    /// What kind of thing it is.
    #[must_use]
    pub fn kind(&self) -> ChoiceKind {
        match self.step {
            Step::Deliver { .. } => ChoiceKind::Delivery,
            Step::Duplicate { .. } => ChoiceKind::AnotherCopy,
            Step::LockExpires { .. } => ChoiceKind::LockExpiry,
            Step::Call { call, .. } => {
                let busy = self.busy().expect("a busy worker calls");
                match self.scene.transitions.pending_calls(busy)[usize::from(call)].kind() {
                    CallKind::Read => ChoiceKind::Read,
                    CallKind::Write => ChoiceKind::Write,
                    CallKind::Publish => ChoiceKind::Publish,
                    CallKind::Clock => ChoiceKind::Clock,
                }
            }
            Step::Dispatch { .. } => ChoiceKind::Dispatch,
            Step::Ack { .. } => ChoiceKind::Ack,
            Step::Land { .. } => ChoiceKind::LateEffect,
            Step::Expire { .. } => ChoiceKind::Expiry,
            Step::Lose { .. } => ChoiceKind::Loss,
        }
    }

    /// How it goes.
    #[must_use]
    pub fn goes(&self) -> Goes {
        match self.step {
            Step::Call { outcome, .. } | Step::Dispatch { outcome, .. } | Step::Ack { outcome, .. } => {
                match outcome {
                    CallOutcome::Ok => Goes::Well,
                    CallOutcome::Stale(_) => Goes::Stale,
                    CallOutcome::Fails => Goes::Fails,
                    CallOutcome::ReplyLost => Goes::ReplyLost,
                    CallOutcome::CrashBefore => Goes::CrashBefore,
                    CallOutcome::CrashAfter => Goes::CrashAfter,
                    CallOutcome::CrashDuring => Goes::CrashDuring,
                    CallOutcome::Unavailable => Goes::Unavailable,
                    CallOutcome::ReplyLate => Goes::ReplyLate,
                }
            }
            _ => Goes::Well,
        }
    }

    /// The fault that it is, if it is one.
    #[must_use]
    pub fn fault(&self) -> Option<Fault> {
        self.scene.transitions.fault(self.scene.world, self.step)
    }

    /// Whether it is about this message. An expiry is about none.
    #[must_use]
    pub fn is_about(&self, message: &Which) -> bool {
        let Scene { transitions, world, .. } = self.scene;
        transitions.message_of(world, self.step).is_some_and(|text| message.is(transitions, text))
    }

    /// How many calls of its kind the delivery has made before it, writes and
    /// publishes that took no effect left out. 0 where it is no call.
    #[must_use]
    pub fn number(&self) -> usize {
        match (self.kind(), self.tally(), self.busy().map(|busy| busy.phase)) {
            (ChoiceKind::Dispatch, _, Some(Phase::Dispatching(next))) => usize::from(next),
            (ChoiceKind::Read, Some(tally), _) => tally.reads,
            (ChoiceKind::Write, Some(tally), _) => tally.writes,
            (ChoiceKind::Publish, Some(tally), _) => tally.publishes,
            _ => 0,
        }
    }

    /// How many writes of its delivery have taken effect.
    #[must_use]
    pub fn writes_done(&self) -> usize {
        self.tally().map_or(0, |tally| tally.writes)
    }

    /// Whether its delivery waits for a write.
    #[must_use]
    pub fn waits_for_a_write(&self) -> bool {
        self.busy().is_some_and(|busy| {
            let calls = self.scene.transitions.pending_calls(busy);
            busy.phase == Phase::Handling && calls.iter().any(|call| call.kind() == CallKind::Write)
        })
    }

    /// The monkey strikes: this is to happen now.
    #[must_use]
    pub fn strike(&self) -> Strike {
        Strike { step: self.step, prepares: false }
    }

    /// This is to happen now, and the monkey has not struck yet.
    #[must_use]
    pub fn prepare(&self) -> Strike {
        Strike { step: self.step, prepares: true }
    }

    /// The place in the queue of the copy that is delivered.
    #[must_use]
    pub fn place_in_queue(&self) -> Option<usize> {
        match self.step {
            Step::Deliver { copy, .. } => Some(usize::from(copy)),
            _ => None,
        }
    }

    fn is_by_worker(&self) -> bool {
        matches!(self.step, Step::Call { .. } | Step::Dispatch { .. } | Step::Ack { .. })
    }

    /// The worker whose delivery it is part of, or disturbs.
    fn worker(&self) -> Option<usize> {
        match self.step {
            Step::Call { worker, .. }
            | Step::Dispatch { worker, .. }
            | Step::Ack { worker, .. }
            | Step::LockExpires { from: worker, .. } => Some(usize::from(worker)),
            _ => None,
        }
    }

    fn busy(&self) -> Option<&'a Busy> {
        self.scene.world.workers[self.worker()?].busy.as_ref()
    }

    fn tally(&self) -> Option<Tally> {
        self.scene.tallies.get(self.worker()?).copied()
    }
}
