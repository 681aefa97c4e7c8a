//! What time does: documents that expire, streams and services that forget,
//! deadlines that pass, and locks that run.

use std::time::Duration;

use super::fault::Fault;
use super::state::{Content, Due, Timer, World};
use super::step::Step;
use super::transition_system::TransitionSystem;
use crate::handler::text::Text;
use crate::system::outside::Outside;
use crate::system::store_map::Store;
use crate::system::under_test::MayForget;

/// How long a broker waits for a worker before it delivers the message again.
/// A time to live longer than this cannot expire before locks that are older.
pub(crate) const LOCK_DURATION: Duration = Duration::from_secs(30);

impl TransitionSystem {
    /// What may expire or be forgotten next: by itself, or as a fault.
    pub(super) fn expiries(&self, world: &World, faulty: bool, steps: &mut Vec<Step>) {
        for (number, timer) in (0..).zip(&world.timers) {
            let fault = self.fault_of_expiry(world, timer);
            let paid = match fault {
                Some(fault) => self.affordable(world, fault, None),
                None => self.bounds.time_passes,
            };
            if fault.is_some() == faulty && paid && self.may_expire(world, number, timer) {
                steps.push(Step::Expire { timer: number });
            }
        }
    }

    /// Whether nothing is in the way of this.
    pub(crate) fn may_expire(&self, world: &World, number: u8, timer: &Timer) -> bool {
        self.may_forget_at_will(world, timer).unwrap_or_else(|| self.is_due(world, number, timer))
    }

    /// Time passes by itself whenever nobody is at work. That it passes while
    /// somebody is, or that something is forgotten at will, is a fault.
    pub(super) fn fault_of_expiry(&self, world: &World, timer: &Timer) -> Option<Fault> {
        let by_itself = self.is_by_clock(timer) && !world.work_in_flight();
        (!by_itself).then_some(Fault::TimeToLiveExpires)
    }

    /// Whether nothing that is decided by the clock comes before this: no
    /// shorter time to live that runs as long, and no older lock.
    fn is_due(&self, world: &World, number: u8, timer: &Timer) -> bool {
        let sooner = world.timers[..usize::from(number)]
            .iter()
            .any(|earlier| self.is_by_clock(earlier) && earlier.time_to_live <= timer.time_to_live);
        let locks = timer.older_locks != 0 && timer.time_to_live >= LOCK_DURATION;
        !sooner && !locks
    }

    /// Whether it is the clock that decides when this is deleted or forgotten.
    pub(crate) fn is_by_clock(&self, timer: &Timer) -> bool {
        self.rule_of(timer).is_none()
    }

    fn rule_of(&self, timer: &Timer) -> Option<&MayForget> {
        let Due::Memory { of, .. } = &timer.due else { return None };
        self.stores.outside(of.store)?.forgets_at_will()
    }

    /// For what is forgotten at will, whether it may be now.
    fn may_forget_at_will(&self, world: &World, timer: &Timer) -> Option<bool> {
        let rule = self.rule_of(timer)?;
        let Due::Memory { of, message, .. } = &timer.due else { return None };
        let about = |other: &Text| other == message;
        let under_way =
            world.workers.iter().any(|worker| worker.busy.as_ref().is_some_and(|busy| about(&busy.message)))
                || world.in_flight.iter().any(|call| about(&call.message));
        if under_way {
            return Some(false);
        }
        let endpoint = self.stores.first_owner(of.store)?;
        let message = self.texts().message(message).ok()?;
        Some(rule(&super::snapshot::stored(self, world, endpoint), &message))
    }

    /// Whether anything is forgotten within the bounds: by the clock if time passes,
    /// else as a fault.
    pub(super) fn may_ever_forget(&self, outside: &Outside) -> bool {
        let by_clock = outside.forgets_at_will().is_none();
        by_clock && self.bounds.time_passes || self.bounds.classes.contains(Fault::TimeToLiveExpires)
    }

    /// Whether this is a service that forgets at will, as far as it can.
    pub(crate) fn forgets_at_will(&self, store: Store) -> bool {
        self.bounds.classes.contains(Fault::TimeToLiveExpires)
            && self.stores.outside(store).is_some_and(|outside| outside.forgets_at_will().is_some())
    }

    /// Whether what is in this store decides whether a service may forget.
    pub(crate) fn decides_forgetting(&self, store: Store) -> bool {
        let elsewhere = self.stores.outside(store).is_some_and(|outside| outside.model.is_elsewhere());
        !elsewhere
            && self.stores.outsides().any(|(service, outside)| {
                outside.forgets_at_will().is_some()
                    && self
                        .stores
                        .first_owner(service)
                        .is_some_and(|endpoint| self.stores.owns(endpoint, store))
            })
    }

    /// Something will happen once this time has passed.
    pub(super) fn will_come(&self, world: &mut World, due: Due, time_to_live: Duration) {
        let mut timer = Timer { due, time_to_live, older_locks: 0 };
        if self.is_by_clock(&timer) {
            timer.older_locks = world.running_locks();
            world.timers.push(timer);
        } else {
            // What is forgotten at will has no order and knows no locks. It comes
            // first, in an order that does not depend on when it came.
            let class = |timer: &Timer| timer.due.object().map(|of| (of.store, of.key.template));
            let before = |other: &&Timer| !self.is_by_clock(other) && class(other) <= class(&timer);
            let place = world.timers.iter().take_while(before).count();
            world.timers.insert(place, timer);
        }
    }

    /// The time of a timer has come.
    pub(super) fn expire(&mut self, world: &mut World, timer: &Timer) {
        let Some(found) = timer.due.object().and_then(|object| world.find(object).ok()) else { return };
        match &timer.due {
            Due::Document(_) => self.replace(world, found, None),
            Due::Memory { of, what, .. } => {
                let Some(outside) = self.stores.outside(of.store) else { return };
                let what = self.texts().string(what);
                let state = outside.model.forget(&self.outside_state(world, found), &what);
                world.objects[found].content = Content::Outside(self.rehearsal.texts.intern(&state));
            }
            // That it is no more among what is to come is all there is to it.
            Due::Deadline(_) => {}
        }
    }

    /// A deadline that nobody can ask for any more is none: the moment comes, and
    /// means nothing to anybody.
    pub(super) fn drop_deadlines_of_nobody(&self, world: &mut World) {
        let lost = |world: &World, due: &Due| match due {
            Due::Deadline(id) => !world.mentions(*id, self.any_left(world, Fault::StaleRead)),
            Due::Document(_) | Due::Memory { .. } => false,
        };
        while let Some(place) = world.timers.iter().position(|timer| lost(world, &timer.due)) {
            world.timers.remove(place);
        }
    }
}
