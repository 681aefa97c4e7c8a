//! Who knows a message: where its id is written at a moment of a run.

use ports::MessageId;

use super::story::Teller;
use crate::handler::call::Call;
use crate::handler::text::Text;
use crate::world::state::{Content, Object, World};
use crate::world::step::Step;
use crate::world::trace::{TakenStep, Trace};
use crate::world::transition_system::TransitionSystem;

/// A message whose way through a run is followed.
pub(super) struct Followed {
    pub(super) id: MessageId,
    pub(super) name: String,
}

/// The message at which a step is taken; of one that begins a delivery, the one that
/// is delivered.
pub(super) fn message_at(transitions: &TransitionSystem, trace: &Trace, number: usize) -> Option<MessageId> {
    let taken = &trace.taken()[number];
    let (world, worker) = match taken.step {
        Step::Deliver { worker, .. } | Step::Duplicate { worker, .. } | Step::LockExpires { worker, .. } => {
            (trace.after(number), worker)
        }
        Step::Call { worker, .. } | Step::Dispatch { worker, .. } | Step::Ack { worker, .. } => {
            (&taken.before, worker)
        }
        Step::Land { .. } | Step::Expire { .. } => return None,
    };
    let busy = world.workers[usize::from(worker)].busy.as_ref()?;
    transitions.texts().message(&busy.message).ok().map(|message| message.id)
}

/// The message that a run is most about where nobody says which: in a loop, the first
/// that is worked on in it; else the one that the first fault strikes; else the last
/// that something was written or published for.
pub(super) fn most_concerned(transitions: &TransitionSystem, trace: &Trace) -> Option<MessageId> {
    let at = |number: usize| message_at(transitions, trace, number);
    let steps = 0..trace.len();
    let in_loop = trace.loop_start().and_then(|from| (from..trace.len()).find_map(at));
    let struck = || steps.clone().filter(|&step| trace.taken()[step].fault.is_some()).find_map(at);
    let effective = || {
        let taken = trace.taken();
        steps.clone().rev().filter(|&step| has_an_effect(transitions, &taken[step])).find_map(at)
    };
    in_loop.or_else(struck).or_else(effective).or_else(|| steps.clone().find_map(at))
}

/// Whether something is written or published in this step.
fn has_an_effect(transitions: &TransitionSystem, taken: &TakenStep) -> bool {
    match taken.step {
        Step::Dispatch { .. } => true,
        Step::Call { worker, call, .. } => {
            let busy = taken.before.workers[usize::from(worker)].busy.as_ref();
            busy.is_some_and(|busy| match transitions.pending_call(busy, call) {
                Call::ReadStream { .. } | Call::Get { .. } | Call::Ask { writes: false, .. } => false,
                Call::Append { .. }
                | Call::Put { .. }
                | Call::Delete { .. }
                | Call::Publish { .. }
                | Call::Ask { .. } => true,
            })
        }
        _ => false,
    }
}

impl Teller<'_> {
    /// Whether the broker still owes a delivery of it: a copy waits, or is being
    /// worked on and will come again unless it is acknowledged.
    pub(super) fn broker_knows(&self, world: &World, followed: &Followed) -> bool {
        let is_it = |text: &Text| self.transitions.texts().message(text).is_ok_and(|it| it.id == followed.id);
        let waits = world.queue.iter().any(|copy| is_it(&copy.message));
        let busy = world.workers.iter().filter_map(|worker| worker.busy.as_ref());
        let under_way = world.in_flight.iter().any(|late| match &late.call {
            Call::Publish { message } => is_it(message),
            _ => false,
        });
        waits || under_way || busy.filter(|busy| busy.holds_lock).any(|busy| is_it(&busy.message))
    }

    /// Whether its id is written in a document, a stream or something outside, or is
    /// the name of one.
    pub(super) fn object_knows(&self, object: &Object, followed: &Followed) -> bool {
        let texts: Vec<&Text> = match &object.content {
            Content::Document(None) => return false,
            Content::Document(Some(version)) => vec![&object.key.key, &version.body],
            Content::Stream(events) if events.is_empty() => return false,
            Content::Stream(events) => std::iter::once(&object.key.key).chain(events).collect(),
            Content::Outside(state) => vec![state],
        };
        texts.into_iter().any(|text| self.transitions.texts().names(text, followed.id))
    }
}
