//! What a step of a run is about: the message it is taken at, the call that is answered,
//! what is put out.

use ports::MessageId;

use crate::handler::call::Call;
use crate::handler::text::Text;
use crate::world::state::{Busy, Phase, World};
use crate::world::step::Step;
use crate::world::trace::{TakenStep, Trace};
use crate::world::transition_system::TransitionSystem;

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
        Step::Land { .. } | Step::Expire { .. } | Step::Lose { .. } => return None,
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
    match call_in(transitions, taken) {
        Some(
            Call::ReadStream { .. }
            | Call::Get { .. }
            | Call::Ask { writes: false, .. }
            | Call::SetDeadline { .. }
            | Call::HasPassed { .. },
        ) => false,
        Some(
            Call::Append { .. }
            | Call::Put { .. }
            | Call::Delete { .. }
            | Call::Publish { .. }
            | Call::Ask { .. },
        ) => true,
        None => matches!(taken.step, Step::Dispatch { .. }),
    }
}

/// The delivery that a worker is busy with.
pub(super) fn busy_in(world: &World, worker: u8) -> &Busy {
    world.workers[usize::from(worker)].busy.as_ref().expect("only a busy worker takes such a step")
}

/// The call that a step answers, if it does.
pub(super) fn call_in(transitions: &TransitionSystem, taken: &TakenStep) -> Option<Call> {
    let Step::Call { worker, call, .. } = taken.step else { return None };
    Some(transitions.pending_call(busy_in(&taken.before, worker), call))
}

/// The message that is put out in a step, whether it gets through or not.
pub(super) fn put_out(transitions: &TransitionSystem, taken: &TakenStep) -> Option<Text> {
    let call = match taken.step {
        Step::Dispatch { worker, .. } => {
            let busy = busy_in(&taken.before, worker);
            let Phase::Dispatching(index) = busy.phase else { unreachable!("the handler is done") };
            return Some(transitions.next_output(busy, index));
        }
        Step::Land { in_flight } => taken.before.in_flight[usize::from(in_flight)].call.clone(),
        _ => call_in(transitions, taken)?,
    };
    match call {
        Call::Publish { message } => Some(message),
        _ => None,
    }
}
