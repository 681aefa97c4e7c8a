//! Which steps are possible, and which of them are faults.

use super::fault::Fault;
use super::state::{Busy, Phase, World};
use super::step::{CallOutcome, Source, Step};
use super::transition_system::TransitionSystem;
use crate::handler::call::{Call, CallKind};
use crate::handler::text::Text;

/// The ways in which a write can go wrong.
const WRITE: [(Fault, CallOutcome); 7] = [
    (Fault::WriteFails, CallOutcome::Fails),
    (Fault::WriteReplyLost, CallOutcome::ReplyLost),
    (Fault::CrashBeforeWrite, CallOutcome::CrashBefore),
    (Fault::CrashAfterWrite, CallOutcome::CrashAfter),
    (Fault::WriteLandsLate, CallOutcome::CrashDuring),
    (Fault::WriteUnavailable, CallOutcome::Unavailable),
    (Fault::WriteReplyLate, CallOutcome::ReplyLate),
];

/// The ways in which a publish can go wrong.
const PUBLISH: [(Fault, CallOutcome); 6] = [
    (Fault::PublishFails, CallOutcome::Fails),
    (Fault::PublishReplyLost, CallOutcome::ReplyLost),
    (Fault::CrashBeforePublish, CallOutcome::CrashBefore),
    (Fault::CrashAfterPublish, CallOutcome::CrashAfter),
    (Fault::PublishLandsLate, CallOutcome::CrashDuring),
    (Fault::PublishReplyLate, CallOutcome::ReplyLate),
];

impl TransitionSystem {
    /// Everything that can happen next: first what needs no fault, the dullest
    /// first; then the faults.
    pub(crate) fn enabled(&self, world: &World, steps: &mut Vec<Step>) {
        steps.clear();
        for worker in 0..world.workers.len() as u8 {
            self.worker_steps(world, worker, false, steps);
        }
        for in_flight in 0..world.in_flight.len() as u8 {
            if world.in_flight[usize::from(in_flight)].certain {
                steps.push(Step::Land { in_flight });
            }
        }
        self.deliveries(world, steps);
        self.expiries(world, false, steps);
        for worker in 0..world.workers.len() as u8 {
            self.worker_steps(world, worker, true, steps);
        }
        self.fault_deliveries(world, steps);
        self.late_effects(world, steps);
    }

    /// What can happen to one worker: either the steps that need no fault, or
    /// those that do.
    pub(crate) fn worker_steps(&self, world: &World, worker: u8, faulty: bool, steps: &mut Vec<Step>) {
        let Some(busy) = &world.workers[usize::from(worker)].busy else { return };
        match busy.phase {
            Phase::Handling => {
                for (call, _) in (0..).zip(self.pending_calls(busy)) {
                    let outcomes = |outcome| steps.push(Step::Call { worker, call, outcome });
                    self.call_outcomes(world, busy, call, faulty, outcomes);
                }
            }
            Phase::Dispatching(_) if faulty => {
                let outcomes = [
                    (Fault::PublishFails, CallOutcome::Fails),
                    (Fault::CrashBeforePublish, CallOutcome::CrashBefore),
                    (Fault::CrashAfterPublish, CallOutcome::CrashAfter),
                ];
                self.affordable_of(world, busy, &outcomes, |outcome| {
                    steps.push(Step::Dispatch { worker, outcome });
                });
            }
            Phase::Dispatching(_) => steps.push(Step::Dispatch { worker, outcome: CallOutcome::Ok }),
            Phase::Acking if faulty => {
                let outcomes = [
                    (Fault::AckFails, CallOutcome::Fails),
                    (Fault::CrashBeforeAck, CallOutcome::CrashBefore),
                ];
                // Without the lock, there is nothing left to acknowledge.
                if busy.holds_lock {
                    self.affordable_of(world, busy, &outcomes, |outcome| {
                        steps.push(Step::Ack { worker, outcome });
                    });
                }
            }
            Phase::Acking => steps.push(Step::Ack { worker, outcome: CallOutcome::Ok }),
        }
    }

    /// How one call can go: well, or in the ways that are faults.
    fn call_outcomes(
        &self,
        world: &World,
        busy: &Busy,
        call: u8,
        faulty: bool,
        mut push: impl FnMut(CallOutcome),
    ) {
        if !faulty {
            return push(CallOutcome::Ok);
        }
        let call = &self.pending_calls(busy)[usize::from(call)];
        match call.kind() {
            CallKind::Read => {
                if busy.reads_old || self.affordable(world, Fault::StaleRead, Some(&busy.message)) {
                    (0..self.stale_versions(world, busy, call)).map(CallOutcome::Stale).for_each(&mut push);
                }
                self.affordable_of(world, busy, &[(Fault::ReadFails, CallOutcome::Fails)], push);
            }
            CallKind::Write => self.affordable_of(world, busy, &WRITE, push),
            CallKind::Publish => self.affordable_of(world, busy, &PUBLISH, push),
            CallKind::Clock => {}
        }
    }

    /// Those of some outcomes whose faults can be paid for.
    fn affordable_of(
        &self,
        world: &World,
        busy: &Busy,
        outcomes: &[(Fault, CallOutcome)],
        push: impl FnMut(CallOutcome),
    ) {
        outcomes
            .iter()
            .filter(|(fault, _)| self.affordable(world, *fault, Some(&busy.message)))
            .map(|(_, outcome)| *outcome)
            .for_each(push);
    }

    fn stale_versions(&self, world: &World, busy: &Busy, call: &Call) -> u8 {
        let Some(object) = call.object() else { return 0 };
        if !self.stores.is_weak(object.store) {
            return 0;
        }
        let found = self.object_of(busy, call).and_then(|key| world.find(&key).ok());
        found.map_or(0, |found| world.objects[found].older.len() as u8)
    }

    /// The workers that a message for this endpoint can go to.
    fn idle(&self, world: &World, endpoint: u8) -> impl Iterator<Item = u8> {
        (0..)
            .zip(&world.workers)
            .filter(move |(_, worker)| worker.endpoint == endpoint && worker.busy.is_none())
            .map(|(number, _)| number)
            .take(if self.distinguish_workers { usize::MAX } else { 1 })
    }

    fn deliveries(&self, world: &World, steps: &mut Vec<Step>) {
        for (number, copy) in (0..).zip(&world.queue) {
            let earlier = &world.queue[..usize::from(number)];
            if earlier.contains(copy) {
                continue;
            }
            steps
                .extend(self.idle(world, copy.endpoint).map(|worker| Step::Deliver { copy: number, worker }));
        }
    }

    fn may_lose_its_lock(&self, world: &World, worker: u8) -> bool {
        let busy = world.workers[usize::from(worker)].busy.as_ref();
        busy.is_some_and(|busy| {
            busy.holds_lock && self.affordable(world, Fault::LockExpires, Some(&busy.message))
        })
    }

    /// Whether the lock of a busy worker may expire now, so that somebody else gets
    /// its message.
    pub(crate) fn lock_may_expire(&self, world: &World, worker: u8) -> bool {
        let endpoint = world.workers[usize::from(worker)].endpoint;
        self.may_lose_its_lock(world, worker) && self.idle(world, endpoint).next().is_some()
    }

    fn fault_deliveries(&self, world: &World, steps: &mut Vec<Step>) {
        for (from, holder) in (0..).zip(&world.workers) {
            if self.may_lose_its_lock(world, from) {
                steps.extend(
                    self.idle(world, holder.endpoint).map(|worker| Step::LockExpires { from, worker }),
                );
            }
        }
        if !self.bounds.classes.contains(Fault::Duplicate) {
            return;
        }
        for (number, copy) in (0..).zip(&self.sent) {
            let first = !self.sent[..usize::from(number)].contains(copy);
            if first && self.affordable(world, Fault::Duplicate, Some(&copy.message)) {
                let of = Source::Sent(number);
                steps.extend(self.idle(world, copy.endpoint).map(|worker| Step::Duplicate { of, worker }));
            }
        }
        for (number, copy) in (0..).zip(&world.published) {
            let Some(routes) = self.routes.get(&copy.message.template) else { continue };
            for &endpoint in routes {
                if self.affordable(world, Fault::Duplicate, Some(&copy.message)) {
                    let of = Source::Published(number, endpoint);
                    steps.extend(self.idle(world, endpoint).map(|worker| Step::Duplicate { of, worker }));
                }
            }
        }
    }

    fn late_effects(&self, world: &World, steps: &mut Vec<Step>) {
        for (number, in_flight) in (0..).zip(&world.in_flight) {
            let step = Step::Land { in_flight: number };
            if let Some(fault) = self.fault(world, step)
                && self.affordable(world, fault, Some(&in_flight.message))
            {
                steps.push(step);
            }
        }
        self.expiries(world, true, steps);
        self.losses(world, steps);
    }

    /// The fault that a step is, if it is one.
    pub(crate) fn fault(&self, world: &World, step: Step) -> Option<Fault> {
        match step {
            Step::Deliver { .. } => None,
            Step::Duplicate { .. } => Some(Fault::Duplicate),
            Step::LockExpires { .. } => Some(Fault::LockExpires),
            Step::Call { worker, call, outcome } => {
                let busy = world.workers[usize::from(worker)].busy.as_ref().expect("a busy worker calls");
                fault_of_kind(self.pending_calls(busy)[usize::from(call)].kind(), outcome)
            }
            Step::Dispatch { outcome, .. } => fault_of_kind(CallKind::Publish, outcome),
            Step::Ack { outcome, .. } => match outcome {
                CallOutcome::Ok => None,
                CallOutcome::CrashBefore => Some(Fault::CrashBeforeAck),
                _ => Some(Fault::AckFails),
            },
            Step::Land { in_flight } => {
                let in_flight = &world.in_flight[usize::from(in_flight)];
                (!in_flight.certain).then_some(match in_flight.call.kind() {
                    CallKind::Publish => Fault::PublishLandsLate,
                    _ => Fault::WriteLandsLate,
                })
            }
            Step::Expire { timer } => self.fault_of_expiry(world, &world.timers[usize::from(timer)]),
            Step::Lose { .. } => Some(Fault::StreamForgets),
        }
    }

    /// The message that a step is about, for budgets and independence.
    pub(crate) fn message_of<'w>(&'w self, world: &'w World, step: Step) -> Option<&'w Text> {
        match step {
            Step::Deliver { copy, .. } => Some(&world.queue[usize::from(copy)].message),
            Step::Duplicate { of, .. } => Some(self.source(world, of).1),
            Step::LockExpires { from: worker, .. }
            | Step::Call { worker, .. }
            | Step::Dispatch { worker, .. }
            | Step::Ack { worker, .. } => {
                world.workers[usize::from(worker)].busy.as_ref().map(|busy| &busy.message)
            }
            Step::Land { in_flight } => Some(&world.in_flight[usize::from(in_flight)].message),
            Step::Expire { .. } | Step::Lose { .. } => None,
        }
    }

    pub(crate) fn source<'w>(&'w self, world: &'w World, of: Source) -> (u8, &'w Text) {
        match of {
            Source::Sent(n) => (self.sent[usize::from(n)].endpoint, &self.sent[usize::from(n)].message),
            Source::Published(n, endpoint) => (endpoint, &world.published[usize::from(n)].message),
        }
    }
}

/// The fault that a call of this kind is when it goes so.
fn fault_of_kind(kind: CallKind, outcome: CallOutcome) -> Option<Fault> {
    let of = |table: &[(Fault, CallOutcome)]| {
        let found = table.iter().find(|(_, other)| *other == outcome);
        Some(found.expect("no call goes so").0)
    };
    match (kind, outcome) {
        (_, CallOutcome::Ok) => None,
        (_, CallOutcome::Stale(_)) => Some(Fault::StaleRead),
        (CallKind::Read, _) => Some(Fault::ReadFails),
        (CallKind::Write, _) => of(&WRITE),
        (CallKind::Publish, _) => of(&PUBLISH),
        (CallKind::Clock, _) => unreachable!("the clock is always there"),
    }
}
