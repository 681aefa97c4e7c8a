//! What is true of every world, whatever has happened in it.
//!
//! These are the invariants that the rest of the engine leans on without saying
//! so. A search that is [checked](crate::Explore::checked) asserts them after
//! every step; the engine's own tests do that with all their random programs.

use super::fault::Fault;
use super::state::{Content, Due, Phase, Timer, World};
use super::transition_system::TransitionSystem;
use crate::handler::call::Call;
use crate::handler::rehearsal::Ending;
use crate::handler::text::Id;

/// What must hold, and whether it does.
type Rule<'a> = (&'static str, Box<dyn Fn() -> bool + 'a>);

impl TransitionSystem {
    /// Panics if a world breaks an invariant and this is looked at.
    pub(crate) fn assert_well_formed(&self, world: &World) {
        if self.checked
            && let Some(rule) = self.broken_invariant(world)
        {
            panic!("no world like this may exist: {rule}\n{world:#?}");
        }
    }

    /// The first invariant that a world breaks, if it breaks one.
    fn broken_invariant(&self, world: &World) -> Option<&'static str> {
        let rules = self.rules_of_objects(world);
        let rules = rules.into_iter().chain(self.rules_of_work(world)).chain(self.rules_of_time(world));
        rules.into_iter().find(|(_, holds)| !holds()).map(|(rule, _)| rule)
    }

    fn rules_of_objects<'a>(&'a self, world: &'a World) -> Vec<Rule<'a>> {
        vec![
            (
                "objects are sorted by key, each there once",
                Box::new(|| world.objects.is_sorted_by(|a, b| a.key < b.key)),
            ),
            (
                "what is outside is where something outside is",
                Box::new(|| {
                    world.objects.iter().all(|object| {
                        let outside = self.stores.outside(object.key.store).is_some();
                        outside == matches!(object.content, Content::Outside(_))
                    })
                }),
            ),
            (
                "only a weak store keeps older versions, or a trace of what is gone",
                Box::new(|| {
                    world.objects.iter().all(|object| {
                        let nothing_old =
                            object.older.is_empty() && object.content != Content::Document(None);
                        nothing_old || self.stores.is_weak(object.key.store)
                    })
                }),
            ),
            ("every id has been given out", Box::new(|| all_ids(world).all(|id| id < world.next_id))),
            (
                "nothing is published twice",
                Box::new(|| {
                    (1..world.published.len())
                        .all(|place| !world.published[..place].contains(&world.published[place]))
                }),
            ),
            (
                "causes are sorted, each of something that was published",
                Box::new(|| {
                    world.causes.is_sorted_by(|a, b| a < b)
                        && world.causes.iter().all(|cause| world.published.contains(&cause.output))
                }),
            ),
        ]
    }

    fn rules_of_work<'a>(&'a self, world: &'a World) -> Vec<Rule<'a>> {
        let endpoints = self.endpoints().len() as u8;
        let busy = || world.workers.iter().filter_map(|worker| worker.busy.as_ref());
        vec![
            (
                "the workers of an endpoint stand side by side",
                Box::new(|| world.workers.is_sorted_by_key(|worker| worker.endpoint)),
            ),
            (
                "copies wait at endpoints that exist",
                Box::new(move || world.queue.iter().all(|copy| copy.endpoint < endpoints)),
            ),
            (
                "a delivery knows as many ids as its handler has seen",
                Box::new(move || busy().all(|busy| busy.ids.len() == self.pending(busy).known_ids as usize)),
            ),
            (
                "a delivery is in the phase that its handler has come to",
                Box::new(move || {
                    busy().all(|busy| match (busy.phase, &self.pending(busy).ending) {
                        (Phase::Handling, None) => !self.pending(busy).calls.is_empty(),
                        (Phase::Dispatching(next), Some(Ending::Done(outputs))) => {
                            usize::from(next) < outputs.len()
                        }
                        (Phase::Acking, Some(Ending::Done(_))) => true,
                        _ => false,
                    })
                }),
            ),
            ("no budget is overdrawn", Box::new(|| world.spent.is_within(&self.bounds))),
            (
                "what is under way without having been paid for can be paid for",
                Box::new(|| {
                    world.in_flight.iter().filter(|call| !call.certain).all(|call| {
                        let fault = match call.call {
                            Call::Publish { .. } => Fault::PublishLandsLate,
                            _ => Fault::WriteLandsLate,
                        };
                        self.bounds.classes.contains(fault)
                    })
                }),
            ),
        ]
    }

    fn rules_of_time<'a>(&'a self, world: &'a World) -> Vec<Rule<'a>> {
        let at_will = |timer: &Timer| !self.is_by_clock(timer);
        vec![
            (
                "what is forgotten at will stands before what the clock decides",
                Box::new(move || world.timers.is_sorted_by_key(|timer| !at_will(timer))),
            ),
            (
                "what is forgotten at will knows no locks",
                Box::new(move || {
                    world.timers.iter().filter(|timer| at_will(timer)).all(|timer| timer.older_locks == 0)
                }),
            ),
            (
                "a timer waits only for locks that run",
                Box::new(|| {
                    let running = world.running_locks();
                    world.timers.iter().all(|timer| timer.older_locks & !running == 0)
                }),
            ),
            (
                "a document that will expire is there",
                Box::new(|| {
                    world.timers.iter().all(|timer| match &timer.due {
                        Due::Document(key) => world.current(key).is_some(),
                        Due::Memory { .. } | Due::Deadline(_) => true,
                    })
                }),
            ),
            (
                "a deadline that will pass is known to somebody, and set once",
                Box::new(|| {
                    let older = self.any_left(world, Fault::StaleRead);
                    (1..).zip(&world.timers).all(|(next, timer)| match timer.due {
                        Due::Deadline(id) => {
                            let again = world.timers[next..].iter().any(|other| other.due == timer.due);
                            world.mentions(id, older) && !again
                        }
                        Due::Document(_) | Due::Memory { .. } => true,
                    })
                }),
            ),
        ]
    }
}

/// All ids that a world mentions.
fn all_ids(world: &World) -> impl Iterator<Item = Id> {
    let of_objects =
        world.objects.iter().flat_map(|object| object.key.key.ids.iter().copied().chain(object.ids()));
    let copies = world.queue.iter().chain(&world.published);
    let of_copies = copies.flat_map(|copy| copy.message.ids.iter().copied());
    let of_workers = world.workers.iter().filter_map(|worker| worker.busy.as_ref());
    let of_workers = of_workers.flat_map(|busy| busy.message.ids.iter().chain(&busy.ids).copied());
    let of_calls = world.in_flight.iter().flat_map(|call| call.message.ids.iter().copied());
    let of_causes = world.causes.iter().flat_map(|cause| cause.under.ids.iter().copied());
    let deadlines = world.timers.iter().filter_map(|timer| match timer.due {
        Due::Deadline(id) => Some(id),
        Due::Document(_) | Due::Memory { .. } => None,
    });
    of_objects.chain(of_copies).chain(of_workers).chain(of_calls).chain(of_causes).chain(deadlines)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use ports::words::Speaker;
    use ports::{Endpoint, Message, MessageId, Precondition};

    use super::*;
    use crate::handler::text::Naming;
    use crate::handler::text::Text;
    use crate::system::under_test::System;
    use crate::world::budget::{Bounds, Budget};
    use crate::world::fault::Faults;
    use crate::world::state::{Cause, Envelope, InFlight, World};
    use crate::world::step::Step;

    /// Two messages under way at two workers, each with a document that will
    /// expire, and with a deadline.
    fn in_the_middle() -> (TransitionSystem, World) {
        let endpoint = Endpoint::new("e", async |message, ports, _| {
            let (key, hour) = (message.id.to_string(), std::time::Duration::from_secs(3_600));
            ports.documents.put_expiring(&key, b"seen".to_vec(), Precondition::None, hour).await?;
            ports.clock.deadline_in(hour).await?;
            ports.documents.get(&key).await?;
            Ok(())
        });
        let bounds = Bounds {
            faults: 1,
            faults_per_message: None,
            stale: 0,
            stale_by_delivery: false,
            classes: Faults::usual(),
            time_passes: true,
            workers: 2,
        };
        let sent = ["a", "b"].map(|name| (0, Message::new(MessageId::named(name), &name)));
        let mut transitions = TransitionSystem::new(
            &System::of(endpoint),
            &sent,
            bounds,
            Naming::default(),
            10,
            Arc::default(),
            Speaker::default(),
        );
        let mut world = transitions.initial();
        for worker in 0..2 {
            transitions.apply(&mut world, Step::Deliver { copy: 0, worker }).unwrap();
        }
        for worker in [0, 1, 0, 1] {
            let outcome = crate::world::step::CallOutcome::Ok;
            transitions.apply(&mut world, Step::Call { worker, call: 0, outcome }).unwrap();
        }
        (transitions, world)
    }

    /// How to break an invariant, and how its rule begins.
    type Tamper = (fn(&mut World), &'static str);

    /// An invariant that no world could break would be worth nothing: here each
    /// is broken once.
    #[test]
    fn a_world_that_was_tampered_with_is_noticed() {
        let (transitions, world) = in_the_middle();
        assert_eq!(transitions.broken_invariant(&world), None);
        let broken = |tamper: fn(&mut World)| {
            let mut world = world.clone();
            tamper(&mut world);
            transitions.broken_invariant(&world).unwrap_or("nothing is broken")
        };
        let expected: [Tamper; 16] = [
            (|world| world.objects.swap(0, 1), "objects are sorted"),
            (|world| world.objects[0].content = Content::Outside(Text::etag(0)), "what is outside"),
            (|world| world.objects[0].older.push(None), "only a weak store"),
            (|world| world.next_id = 0, "every id"),
            (
                |world| {
                    let message = world.workers[0].busy.clone().unwrap().message;
                    world.published = vec![Envelope { endpoint: 0, message }; 2];
                },
                "nothing is published twice",
            ),
            (
                |world| {
                    let under = world.workers[0].busy.clone().unwrap().message;
                    let output = Envelope { endpoint: 0, message: under.clone() };
                    world.causes.push(Cause { output, under });
                },
                "causes are sorted",
            ),
            (|world| world.workers[0].endpoint = 1, "the workers of an endpoint"),
            (
                |world| {
                    let message = world.workers[0].busy.clone().unwrap().message;
                    world.queue.push(Envelope { endpoint: 7, message });
                },
                "copies wait",
            ),
            (|world| world.workers[0].busy.as_mut().unwrap().ids.push(0), "a delivery knows"),
            (|world| world.workers[0].busy.as_mut().unwrap().phase = Phase::Acking, "a delivery is in"),
            (
                |world| {
                    world.spent.pay(&[Budget::Faults]);
                    world.spent.pay(&[Budget::Faults]);
                },
                "no budget",
            ),
            (
                |world| {
                    let busy = world.workers[0].busy.clone().unwrap();
                    let call = Call::Publish { message: busy.message.clone() };
                    world.in_flight.push(InFlight {
                        endpoint: 0,
                        message: busy.message,
                        call,
                        certain: false,
                    });
                },
                "what is under way",
            ),
            (|world| world.workers[0].busy.as_mut().unwrap().holds_lock = false, "a timer waits"),
            (
                |world| {
                    let key = world.timers[0].due.object().cloned();
                    world.objects.retain(|object| Some(&object.key) != key.as_ref());
                },
                "a document that will expire",
            ),
            (
                |world| {
                    let deadline = world.timers[2].due.clone();
                    world.timers[3].due = deadline;
                },
                "a deadline that will pass",
            ),
            (
                |world| {
                    world.next_id += 1;
                    world.timers[2].due = Due::Deadline(world.next_id - 1);
                },
                "a deadline that will pass",
            ),
        ];
        for (tamper, rule) in expected {
            assert!(broken(tamper).starts_with(rule), "{rule}: {}", broken(tamper));
        }
    }
}
