//! What a step does to the world.

use std::sync::Arc;

use super::effect;
use super::fault::Fault;
use super::state::{Busy, InFlight, Phase, World};
use super::step::{Applied, CallOutcome, Step};
use super::transition_system::TransitionSystem;
use crate::handler::call::{Call, CallKind, Reply};
use crate::handler::fault::HandlerFault;
use crate::handler::rehearsal::Ending;
use crate::handler::text::{Id, Ids, Text};
use crate::limits;

impl TransitionSystem {
    /// Lets one thing happen.
    pub(crate) fn apply(&mut self, world: &mut World, step: Step) -> Result<Applied, HandlerFault> {
        let fault = self.fault(world, step);
        self.apply_known(world, step, fault)
    }

    /// Lets one thing happen, of which it is known which fault it is, if any.
    pub(crate) fn apply_known(
        &mut self,
        world: &mut World,
        step: Step,
        fault: Option<Fault>,
    ) -> Result<Applied, HandlerFault> {
        if world.queue.len().max(world.published.len()).max(world.in_flight.len()) > limits::AT_ONCE {
            let what = format!(
                "{} messages wait on the queues, and {} were published",
                world.queue.len(),
                world.published.len()
            );
            return Err(HandlerFault::TooMuchAtOnce { what, limit: limits::AT_ONCE });
        }
        if let Some(fault) = fault {
            self.pay(world, step, fault);
        }
        let applied = self.change(world, step)?;
        self.drop_deadlines_of_nobody(world);
        Ok(applied)
    }

    fn change(&mut self, world: &mut World, step: Step) -> Result<Applied, HandlerFault> {
        match step {
            Step::Deliver { copy, worker } => {
                let copy = world.queue.remove(usize::from(copy));
                self.start(world, worker, copy.message)
            }
            Step::Duplicate { of, worker } => {
                let message = self.source(world, of).1.clone();
                self.start(world, worker, message)
            }
            Step::LockExpires { from, worker } => {
                let busy = world.workers[usize::from(from)].busy.as_mut().expect("a busy worker has a lock");
                busy.holds_lock = false;
                let message = busy.message.clone();
                world.unlock(from);
                self.start(world, worker, message)
            }
            Step::Call { worker, call, outcome } => self.answer(world, worker, call, outcome),
            Step::Dispatch { worker, outcome } => {
                let slot = &mut world.workers[usize::from(worker)];
                let endpoint = slot.endpoint;
                let busy = slot.busy.as_mut().expect("a busy worker dispatches");
                let Phase::Dispatching(index) = busy.phase else { unreachable!("the handler is done") };
                let Some(Ending::Done(outputs)) = &self.rehearsal.pending(busy.history).ending else {
                    unreachable!("the handler is done")
                };
                let output = outputs[usize::from(index)].map(|id| busy.ids[id as usize]);
                busy.phase = match usize::from(index) + 1 {
                    next if next == outputs.len() => Phase::Acking,
                    next => Phase::Dispatching(next as u8),
                };
                if matches!(outcome, CallOutcome::Ok | CallOutcome::CrashAfter) {
                    let under = busy.message.clone();
                    self.publish(world, endpoint, output, &under);
                }
                if outcome != CallOutcome::Ok {
                    world.release(worker, true);
                }
                Ok(Applied::default())
            }
            Step::Ack { worker, outcome } => {
                world.release(worker, outcome != CallOutcome::Ok);
                Ok(Applied::default())
            }
            Step::Land { in_flight } => {
                let in_flight = world.in_flight.remove(usize::from(in_flight));
                let reply = self.effect(world, in_flight.endpoint, &in_flight.message, &in_flight.call);
                Ok(Applied { reply: Some(reply), took_effect: true, delivery: None })
            }
            Step::Expire { timer } => {
                let timer = world.timers.remove(usize::from(timer));
                self.expire(world, &timer);
                Ok(Applied::default())
            }
            Step::Lose { store, lost } => {
                self.lose(world, store, lost);
                Ok(Applied::default())
            }
        }
    }

    /// Pays for a fault. Where deliveries with old reads are counted, it is the first
    /// of them that is paid for.
    fn pay(&self, world: &mut World, step: Step, fault: Fault) {
        let budgets = self.budgets(world, fault, self.message_of(world, step));
        if let (Fault::StaleRead, Step::Call { worker, .. }) = (fault, step)
            && self.bounds.stale_by_delivery
        {
            let busy = world.workers[usize::from(worker)].busy.as_mut().expect("a busy worker reads");
            if std::mem::replace(&mut busy.reads_old, true) {
                return;
            }
        }
        world.spent.pay(&budgets);
    }

    fn start(&mut self, world: &mut World, worker: u8, message: Text) -> Result<Applied, HandlerFault> {
        let mut ids = Ids::new();
        let known = self.learn_all_ids(world, &mut ids);
        let local = message.map(|id| localise(&mut ids, id));
        let endpoint = world.workers[usize::from(worker)].endpoint;
        let history = self.rehearsal.start(endpoint, local, known)?;
        world.workers[usize::from(worker)].busy =
            Some(Busy { message, holds_lock: true, reads_old: false, history, ids, phase: Phase::Handling });
        Ok(self.arrived(world, worker))
    }

    /// Where ids are lasting, a delivery numbers all that there are as the world
    /// does, so that each is the same wherever it is read. Returns how many it
    /// knows at least.
    fn learn_all_ids(&self, world: &World, ids: &mut Ids) -> Id {
        if !self.rehearsal.has_lasting_ids() {
            return 0;
        }
        ids.extend(ids.len() as Id..world.next_id);
        world.next_id
    }

    /// A delivery has come to a new history: names its new ids, and sees whether
    /// the handler has ended.
    fn arrived(&self, world: &mut World, worker: u8) -> Applied {
        let slot = &mut world.workers[usize::from(worker)];
        let busy = slot.busy.as_mut().expect("a delivery is in progress");
        let pending = self.rehearsal.pending(busy.history);
        while busy.ids.len() < pending.known_ids as usize {
            busy.ids.push(world.next_id);
            world.next_id += 1;
        }
        let applied = Applied { delivery: Some(busy.history), ..Applied::default() };
        match &pending.ending {
            Some(Ending::Done(outputs)) if outputs.is_empty() => busy.phase = Phase::Acking,
            Some(Ending::Done(_)) => busy.phase = Phase::Dispatching(0),
            None | Some(Ending::Failed(_)) => {}
        }
        if !pending.dropped.is_empty() {
            self.drop_calls(world, worker, pending.dropped.iter());
        }
        if let Some(Ending::Failed(_)) = &pending.ending {
            world.release(worker, true);
        }
        applied
    }

    /// Calls that nobody waits for any more may still land.
    fn drop_calls<'a>(&self, world: &mut World, worker: u8, dropped: impl Iterator<Item = &'a Call>) {
        let slot = &world.workers[usize::from(worker)];
        let endpoint = slot.endpoint;
        let busy = slot.busy.as_ref().expect("a delivery is in progress");
        let (message, ids) = (busy.message.clone(), busy.ids.clone());
        for call in dropped {
            let fault = match call.kind() {
                CallKind::Read | CallKind::Clock => continue,
                CallKind::Write => Fault::WriteLandsLate,
                CallKind::Publish => Fault::PublishLandsLate,
            };
            if self.affordable(world, fault, Some(&message)) {
                let call = call.map(&mut |id| ids[id as usize]);
                let dropped = InFlight { endpoint, message: message.clone(), call, certain: false };
                // No more of them can land than can be paid for.
                let budgets = self.budgets(world, fault, Some(&message));
                let left = usize::from(world.spent.left(&self.bounds, &budgets));
                if world.in_flight.iter().filter(|other| **other == dropped).count() < left {
                    world.in_flight.push(dropped);
                }
            }
        }
    }

    /// The worker dies: whatever else it waited for may still land.
    fn die(&self, world: &mut World, worker: u8, call: u8) {
        let busy = world.workers[usize::from(worker)].busy.as_ref().expect("a delivery is in progress");
        let pending = Arc::clone(self.pending(busy));
        let others = (0..).zip(&pending.calls).filter(|&(index, _)| index != call).map(|(_, other)| other);
        self.drop_calls(world, worker, others);
        world.release(worker, true);
    }

    fn answer(
        &mut self,
        world: &mut World,
        worker: u8,
        index: u8,
        outcome: CallOutcome,
    ) -> Result<Applied, HandlerFault> {
        let slot = &world.workers[usize::from(worker)];
        let endpoint = slot.endpoint;
        let busy = slot.busy.as_ref().expect("a busy worker calls");
        let call = self.pending_call(busy, index);
        let message = busy.message.clone();
        let mut took_effect = false;
        let mut effect = |transitions: &mut Self, world: &mut World| {
            let reply = transitions.effect(world, endpoint, &message, &call);
            took_effect = !matches!(
                reply,
                Reply::Conflict | Reply::TooLarge { .. } | Reply::Answered { refused: true, .. }
            );
            reply
        };
        let reply = match outcome {
            CallOutcome::Ok => effect(self, world),
            CallOutcome::Stale(version) => effect::stale(world, &call, version),
            CallOutcome::Fails if call.kind() == CallKind::Read => Reply::Unavailable,
            CallOutcome::Unavailable => Reply::Unavailable,
            CallOutcome::Fails => Reply::Silence,
            CallOutcome::ReplyLate => {
                // The caller goes on and may look again; rest waits for the call.
                let (message, call) = (message.clone(), call.clone());
                world.in_flight.push(InFlight { endpoint, message, call, certain: true });
                Reply::Silence
            }
            CallOutcome::ReplyLost => {
                effect(self, world);
                Reply::Silence
            }
            CallOutcome::CrashBefore => {
                self.die(world, worker, index);
                return Ok(Applied::default());
            }
            CallOutcome::CrashAfter => {
                let reply = effect(self, world);
                self.die(world, worker, index);
                return Ok(Applied { reply: Some(reply), took_effect, delivery: None });
            }
            CallOutcome::CrashDuring => {
                world.in_flight.push(InFlight { endpoint, message, call, certain: true });
                self.die(world, worker, index);
                return Ok(Applied::default());
            }
        };
        let mut ids = {
            let busy = world.workers[usize::from(worker)].busy.as_mut().expect("the worker is still busy");
            std::mem::take(&mut busy.ids)
        };
        let known = self.learn_all_ids(world, &mut ids);
        let local = reply.map(|id| localise(&mut ids, id));
        let busy = world.workers[usize::from(worker)].busy.as_mut().expect("the worker is still busy");
        busy.ids = ids;
        busy.history = self.rehearsal.follow(busy.history, index, local, known)?;
        let applied = self.arrived(world, worker);
        Ok(Applied { reply: Some(reply), took_effect, ..applied })
    }
}

fn localise(ids: &mut Ids, id: Id) -> Id {
    let place = ids.iter().position(|&known| known == id).unwrap_or_else(|| {
        ids.push(id);
        ids.len() - 1
    });
    place as Id
}
