//! The script of a run, played with another handler: with the right answer, to be shown
//! beside that of a wrong one.
//!
//! It is the [`Script`] that a real server is played by, too. Here it chooses among the
//! steps that are possible. What has no counterpart is passed over and said in words; after
//! the last scene everything goes on as usual, to rest.

use std::sync::Arc;

use ports::{Message, words};
use records::Beside;

use super::script::{Stage, told};
use crate::handler::watchdog::Pulse;
use crate::judging::judge::Judge;
use crate::judging::verdict::Verdict;
use crate::scenario::Scenario;
use crate::telling::report::{Report, capitalised};
use crate::telling::script::{AllSaid, Logical, Scene, Script, without_ids};
use crate::telling::transcript::{Called, CopyFrom, Goes, Heard, Kind, LANDING, called, passing, published};
use crate::world::fault::Faults;
use crate::world::state::{Due, Phase};
use crate::world::step::{CallOutcome, Source, Step};
use crate::world::trace::Trace;
use crate::world::transition_system::TransitionSystem;

/// Plays what a report tells with the right answer, if the system knows it and the report
/// shows something wrong.
pub(super) fn show_beside(report: &mut Report, scenario: &Scenario, pulse: &Arc<Pulse>) {
    let is_wrong = matches!(report.verdict, Verdict::Violated(_));
    let Some(transcript) = report.transcript().filter(|_| is_wrong) else { return };
    let Some(system) = scenario.system.with_what_is_beside() else { return };
    let script = Script::of(transcript);
    let mut other = Scenario::unbounded(system, Faults::all());
    other.bounds.workers = scenario.bounds.workers;
    other.mail.clone_from(&scenario.mail);
    (other.naming, other.calls) = (scenario.naming, scenario.calls);
    let Played { report: played, counterparts, remarks } = play(script, &other, pulse);
    let (verdict, headline) = (played.verdict_in_a_word().to_owned(), played.headline());
    report.answer_fails = (!played.holds()).then(|| format!("{headline}\n\n{}", played.story));
    report.beside =
        played.film.map(|film| Box::new(Beside { verdict, headline, film: *film, counterparts, remarks }));
}

/// What came of playing a script.
struct Played {
    report: Report,
    /// For each step that is told, the scene that it is the counterpart of.
    counterparts: Vec<Option<usize>>,
    /// What has no counterpart, in sentences.
    remarks: Vec<String>,
}

/// Plays a script in this scenario, and tells what came of it.
fn play(script: Script, scenario: &Scenario, pulse: &Arc<Pulse>) -> Played {
    let mut transitions = scenario.transitions(Arc::clone(pulse));
    transitions.distinguish_workers = true;
    let mut player = Player::new(&mut transitions, script);
    for scene in 0..player.script.scenes.len() {
        player.act(scene);
    }
    player.go_on_as_usual();
    let Player { mut stage, mut counterparts, remarks, .. } = player;
    let mut judge = Judge::new(scenario.system.clone());
    let trace = match stage.world.at_rest() {
        true => Trace::of(&mut transitions, &stage.taken),
        false => told(&mut transitions, &stage),
    };
    let verdict = stage.is_wrong_already().unwrap_or_else(|| judge.verdict(&mut transitions, &stage.world));
    let mut report = Report::of_one_run(verdict, format!("the same script, {}", scenario.messages()));
    report.worth = scenario.worth();
    report.tell(&mut transitions, &mut judge, &trace);
    counterparts.truncate(trace.len());
    Played { report, counterparts, remarks }
}

/// Somebody in the middle of a script.
struct Player<'a> {
    transitions: &'a mut TransitionSystem,
    script: Script,
    stage: Stage,
    /// Which delivery each worker is at, of those of the script.
    at: Vec<Option<usize>>,
    /// The deliveries of the script that have come about.
    begun: Vec<bool>,
    /// For each step that was taken, the scene that it is the counterpart of.
    counterparts: Vec<Option<usize>>,
    remarks: Vec<String>,
    enabled: Vec<Step>,
}

/// Something that a worker can do next.
struct Next {
    /// The call that it is; none, if it is none that a script knows of.
    call: Option<Called>,
    is_ack: bool,
    step: fn(u8, u8, CallOutcome) -> Step,
    number: u8,
}

impl<'a> Player<'a> {
    fn new(transitions: &'a mut TransitionSystem, script: Script) -> Self {
        let stage = Stage::new(transitions, Vec::new());
        Self {
            at: vec![None; stage.world.workers.len()],
            begun: vec![false; script.deliveries.len()],
            transitions,
            script,
            stage,
            counterparts: Vec::new(),
            remarks: Vec::new(),
            enabled: Vec::new(),
        }
    }

    fn act(&mut self, scene: usize) {
        match self.script.scenes[scene].clone() {
            Scene::Start { delivery, endpoint, worker, logical, copy } => {
                self.start(scene, delivery, &endpoint, worker, &logical, copy);
            }
            Scene::Call { delivery, call, goes, heard } => {
                self.script.is_due(delivery, scene);
                self.call(scene, delivery, &call, goes, heard);
            }
            Scene::Acknowledge { delivery, goes, .. } => {
                self.script.is_due(delivery, scene);
                self.acknowledge(scene, delivery, goes);
            }
            Scene::Expire { store, key } => self.expire(scene, &store, &key),
            Scene::Lose { stream, messages } => self.lose(scene, &stream, messages),
            Scene::Other(what) => self.other(scene, &what),
        }
    }

    fn remark(&mut self, sentence: String) {
        self.remarks.push(sentence);
    }

    /// Whether this can happen now.
    fn is_possible(&mut self, step: Step) -> bool {
        self.transitions.enabled(&self.stage.world, &mut self.enabled);
        self.stage.handler_fault.is_none() && self.enabled.contains(&step)
    }

    /// Takes a step, as the counterpart of a scene.
    fn take(&mut self, step: Step, scene: Option<usize>) {
        self.stage.take(self.transitions, step);
        self.counterparts.push(scene);
        for (worker, at) in self.stage.world.workers.iter().zip(&mut self.at) {
            if worker.busy.is_none() {
                *at = None;
            }
        }
    }

    /// The worker that is at a delivery of the script, while it is.
    fn worker_at(&self, delivery: usize) -> Option<u8> {
        let place = self.at.iter().position(|at| *at == Some(delivery));
        place.filter(|_| self.stage.handler_fault.is_none()).map(|worker| worker as u8)
    }

    /// What was published so far.
    fn said(&self) -> AllSaid {
        let said = self.stage.world.published.iter().filter_map(|copy| {
            let by = self.transitions.endpoints()[usize::from(copy.endpoint)].name().to_owned();
            Some((by, self.transitions.texts().message(&copy.message).ok()?))
        });
        said.collect()
    }

    fn start(
        &mut self,
        scene: usize,
        delivery: usize,
        endpoint: &str,
        worker: usize,
        logical: &Logical,
        copy: CopyFrom,
    ) {
        let which = delivery + 1;
        let Some(message) = logical.find(&self.script.sent, &self.said()) else {
            self.script.is_left_out(delivery);
            return self.remark(format!("There is no delivery {which}: its message was not published."));
        };
        let name = message.name().to_owned();
        let Some(worker) = self.idle(endpoint, worker) else {
            self.script.is_left_out(delivery);
            return self
                .remark(format!("There is no delivery {which}, of {name}: every worker is still busy."));
        };
        let again =
            |player: &Self| player.source(endpoint, &message).map(|of| Step::Duplicate { of, worker });
        let step = match copy {
            CopyFrom::Queue => self.waiting(endpoint, &message).map(|copy| Step::Deliver { copy, worker }),
            CopyFrom::Nowhere => again(self),
            CopyFrom::LockOf(holder) => match self.worker_at(holder) {
                Some(from) => Some(Step::LockExpires { from, worker }),
                None => {
                    let holder = holder + 1;
                    self.remark(format!(
                        "No lock expires: delivery {holder} is done by then. The broker delivers another copy of {name} all the same."
                    ));
                    again(self)
                }
            },
        };
        match step {
            Some(step) if self.is_possible(step) => {
                self.take(step, Some(scene));
                self.begun[delivery] = true;
                if self.stage.world.workers[usize::from(worker)].busy.is_some() {
                    self.at[usize::from(worker)] = Some(delivery);
                }
                self.settle(delivery);
            }
            _ => {
                self.script.is_left_out(delivery);
                self.remark(format!(
                    "There is no delivery {which}: {name} is done with, and no copy of it waits."
                ));
            }
        }
    }

    /// A worker of this endpoint that is idle: that of the script, if it is.
    fn idle(&self, endpoint: &str, wanted: usize) -> Option<u8> {
        let workers = &self.stage.world.workers;
        let is_free = |&worker: &usize| {
            let worker = &workers[worker];
            let of = self.transitions.endpoints()[usize::from(worker.endpoint)].name();
            worker.busy.is_none() && of == endpoint
        };
        let first = || (0..workers.len()).find(is_free);
        Some(wanted)
            .filter(|wanted| *wanted < workers.len())
            .filter(is_free)
            .or_else(first)
            .map(|it| it as u8)
    }

    /// The place in the queue of a copy of this message.
    fn waiting(&self, endpoint: &str, message: &Message) -> Option<u8> {
        let place = self.stage.world.queue.iter().position(|copy| {
            self.transitions.endpoints()[usize::from(copy.endpoint)].name() == endpoint
                && self.transitions.texts().message(&copy.message).is_ok_and(|other| other == *message)
        });
        place.map(|place| place as u8)
    }

    /// Where another copy of this message comes from.
    fn source(&self, endpoint: &str, message: &Message) -> Option<Source> {
        let number = self.transitions.endpoints().iter().position(|other| other.name() == endpoint)? as u8;
        let is_it = |text| self.transitions.texts().message(text).is_ok_and(|other| other == *message);
        let sent =
            self.transitions.sent.iter().position(|copy| copy.endpoint == number && is_it(&copy.message));
        let published = || self.stage.world.published.iter().position(|copy| is_it(&copy.message));
        sent.map(|place| Source::Sent(place as u8))
            .or_else(|| published().map(|place| Source::Published(place as u8, number)))
    }

    /// What a worker can do next.
    fn nexts(&self, worker: u8) -> Vec<Next> {
        let Some(busy) = &self.stage.world.workers[usize::from(worker)].busy else { return Vec::new() };
        match busy.phase {
            Phase::Handling => {
                let calls = 0..self.transitions.pending_calls(busy).len() as u8;
                let next = |number| Next {
                    call: called(self.transitions, &self.transitions.pending_call(busy, number)),
                    is_ack: false,
                    step: |worker, call, outcome| Step::Call { worker, call, outcome },
                    number,
                };
                calls.map(next).collect()
            }
            Phase::Dispatching(index) => {
                let output = self.transitions.next_output(busy, index);
                let call = Some(published(self.transitions, &output));
                let step = |worker, _, outcome| Step::Dispatch { worker, outcome };
                vec![Next { call, is_ack: false, step, number: 0 }]
            }
            Phase::Acking => {
                let step = |worker, _, outcome| Step::Ack { worker, outcome };
                vec![Next { call: None, is_ack: true, step, number: 0 }]
            }
        }
    }

    /// Lets a delivery go on until it wants something that the script rules upon later, or
    /// is over.
    fn settle(&mut self, delivery: usize) {
        while let Some(worker) = self.worker_at(delivery) {
            let awaits = |next: &Next| match (&next.call, next.is_ack) {
                (None, false) => false,
                (call, _) => self.script.awaits(delivery, call.as_ref().map(|call| call.kind)),
            };
            let Some(next) = self.nexts(worker).into_iter().find(|next| !awaits(next)) else { return };
            self.take((next.step)(worker, next.number, CallOutcome::Ok), None);
        }
    }

    fn call(&mut self, scene: usize, delivery: usize, call: &Called, goes: Goes, heard: Option<Heard>) {
        let which = delivery + 1;
        let nexts = self.worker_at(delivery).map(|worker| (worker, self.nexts(worker)));
        let found = nexts.and_then(|(worker, nexts)| {
            let waiting: Vec<Option<Called>> = nexts.iter().map(|next| next.call.clone()).collect();
            Some((worker, nexts.into_iter().nth(call.place_among(&waiting)?)?))
        });
        let Some((worker, next)) = found else {
            // Of a delivery that never came about, it is said once.
            if self.begun[delivery] {
                self.remark(format!("Delivery {which} does not {}.", in_words(call)));
            }
            return;
        };
        let outcome = match goes {
            Goes::Well => CallOutcome::Ok,
            Goes::Unavailable if call.kind == Kind::Read => CallOutcome::Fails,
            Goes::Unavailable => CallOutcome::Unavailable,
            Goes::Fails => CallOutcome::Fails,
            Goes::ReplyLost => CallOutcome::ReplyLost,
            Goes::CrashesBefore => CallOutcome::CrashBefore,
            Goes::CrashesAfter => CallOutcome::CrashAfter,
            Goes::Late if heard.is_none() => CallOutcome::CrashDuring,
            Goes::Late => CallOutcome::ReplyLate,
            Goes::Old => CallOutcome::Stale(0),
        };
        let mut step = (next.step)(worker, next.number, outcome);
        if !self.is_possible(step) {
            let what = in_words(next.call.as_ref().unwrap_or(call));
            self.remark(match goes {
                Goes::Old => format!("Delivery {which} may {what}, and nothing is older than what it finds."),
                _ => format!(
                    "Delivery {which} may {what}: here that cannot go wrong in the way of the script."
                ),
            });
            step = (next.step)(worker, next.number, CallOutcome::Ok);
        }
        self.take(step, Some(scene));
        self.settle(delivery);
    }

    fn acknowledge(&mut self, scene: usize, delivery: usize, goes: Goes) {
        let which = delivery + 1;
        let acks = |worker: &u8| self.nexts(*worker).iter().any(|next| next.is_ack);
        let Some(worker) = self.worker_at(delivery).filter(acks) else {
            if self.begun[delivery] {
                self.remark(format!("Delivery {which} does not come to acknowledge its message."));
            }
            return;
        };
        let outcome = match goes {
            Goes::CrashesBefore => CallOutcome::CrashBefore,
            Goes::Fails => CallOutcome::Fails,
            _ => CallOutcome::Ok,
        };
        let mut step = Step::Ack { worker, outcome };
        if !self.is_possible(step) {
            self.remark(format!("Delivery {which} acknowledges its message, and nothing can go wrong with that: its lock is gone."));
            step = Step::Ack { worker, outcome: CallOutcome::Ok };
        }
        self.take(step, Some(scene));
        self.settle(delivery);
    }

    /// A document's time to live is over, if there is such a one.
    fn expire(&mut self, scene: usize, store: &str, key: &str) {
        let (stores, texts) = (&self.transitions.stores, self.transitions.texts());
        let is_alike = |exactly: bool| {
            self.stage.world.timers.iter().position(|timer| match &timer.due {
                Due::Document(object) if stores.name(object.store) == store => {
                    let other = texts.string(&object.key);
                    if exactly { other == key } else { without_ids(&other) == without_ids(key) }
                }
                _ => false,
            })
        };
        let timer = is_alike(true).or_else(|| is_alike(false));
        self.happens(
            scene,
            timer.map(|timer| Step::Expire { timer: timer as u8 }),
            &format!("nothing is stored in {store} that expires"),
        );
    }

    /// A stream forgets so many messages, if it has acknowledged so many.
    fn lose(&mut self, scene: usize, stream: &str, messages: usize) {
        let stores = &self.transitions.stores;
        let store = stores.outsides().map(|(store, _)| store).find(|&store| stores.label(store) == stream);
        let step = store.zip(u16::try_from(messages).ok()).map(|(store, lost)| Step::Lose { store, lost });
        let messages = words::count(messages as u128, "message");
        self.happens(
            scene,
            step,
            &format!("here it does not come to this: {stream} forgets {messages} that it has acknowledged"),
        );
    }

    /// Something happens by itself.
    fn other(&mut self, scene: usize, what: &str) {
        let timers = &self.stage.world.timers;
        let step = match what == LANDING {
            true => Some(Step::Land { in_flight: 0 }),
            false => {
                let timer = timers.iter().position(|timer| passing(&timer.due) == what);
                timer.map(|timer| Step::Expire { timer: timer as u8 })
            }
        };
        self.happens(scene, step, &format!("here it does not come to this: {what}"));
    }

    fn happens(&mut self, scene: usize, step: Option<Step>, or_else: &str) {
        match step {
            Some(step) if self.is_possible(step) => self.take(step, Some(scene)),
            _ => self.remark(format!("{}.", capitalised(or_else))),
        }
    }

    /// Nothing is in anybody's way any more.
    fn go_on_as_usual(&mut self) {
        self.script.is_over();
        while !self.stage.is_too_long(self.transitions)
            && let Some(step) = self.stage.next(self.transitions)
        {
            self.take(step, None);
        }
    }
}

/// What is asked for, in words that follow "to": without keys, which may be ids.
fn in_words(call: &Called) -> String {
    match (call.kind, &call.publishes) {
        (_, Some(message)) => format!("publish {}", message.name()),
        (Kind::Read, _) => format!("read from {}", call.store),
        (_, _) => format!("write to {}", call.store),
    }
}

#[cfg(test)]
mod tests {
    use ports::law::Law;
    use ports::outside::{StreamModel, Syncs};
    use ports::{Context, Endpoint, MessageId, Ports, Precondition, Publication, Snapshot};

    use super::*;
    use crate::drivers::explore::{Explore, explore};
    use crate::system::under_test::System;
    use crate::world::fault::Fault;

    const GUESTS: &str = "guests";

    fn guests(body: &[u8]) -> anyhow::Result<Vec<MessageId>> {
        Ok(serde_json::from_slice(body)?)
    }

    /// Writes down whoever rings, once more for a copy.
    async fn counts(message: &Message, ports: &Ports, _: &Context) -> anyhow::Result<()> {
        let read = ports.documents.get(GUESTS).await?;
        let known = read.as_ref().map_or(Ok(Vec::new()), |document| guests(&document.body))?;
        let all = [known, vec![message.id]].concat();
        let condition = Precondition::unchanged_since(read.as_ref());
        ports.documents.put(GUESTS, serde_json::to_vec(&all)?, condition).await?;
        Ok(())
    }

    /// The same, once for each guest.
    async fn remembers(message: &Message, ports: &Ports, context: &Context) -> anyhow::Result<()> {
        let read = ports.documents.get(GUESTS).await?;
        let known = read.as_ref().map_or(Ok(Vec::new()), |document| guests(&document.body))?;
        if known.contains(&message.id) {
            return Ok(());
        }
        counts(message, ports, context).await
    }

    fn bell(endpoint: Endpoint) -> System {
        let rings = |snapshot: &Snapshot, _: &str| {
            Ok(snapshot.document(GUESTS).map_or(Ok(Vec::new()), guests)?.len())
        };
        let law = Law::of(
            |_| "the bell".to_owned(),
            |rings: &mut usize, _| {
                *rings += 1;
                Vec::<()>::new()
            },
        );
        System::of(endpoint.view(rings)).judged_by(law)
    }

    fn wrong() -> System {
        bell(Endpoint::new("bell", counts))
    }

    fn right() -> System {
        bell(Endpoint::new("bell", remembers))
    }

    fn ringing() -> [Message; 2] {
        ["Ann", "Bob"].map(|name| Message::new(MessageId::named(name), &name))
    }

    /// What is found, if anything is, for each class of faults.
    fn found() -> impl Iterator<Item = Report> {
        let searches = Faults::all().iter().map(|fault| explore(wrong).send(ringing()).only([fault]));
        searches.map(Explore::run).filter(|report| report.violated().is_some())
    }

    fn played(report: &Report, system: System) -> Played {
        let script = Script::of(report.transcript().expect("something was told"));
        let mut scenario = Scenario::unbounded(system, Faults::all());
        scenario.send(script.sent.iter().map(|(_, message)| message.clone()));
        play(script, &scenario, &Arc::default())
    }

    #[test]
    fn with_the_handler_that_it_was_made_of_a_script_is_the_run_itself() {
        let mut told = 0;
        for report in found() {
            let again = played(&report, wrong());
            assert_eq!(again.report.choices, report.choices, "{report}");
            assert_eq!(again.report.violated(), report.violated(), "{report}");
            let all: Vec<Option<usize>> = (0..report.steps).map(Some).collect();
            assert_eq!((again.counterparts, again.remarks), (all, Vec::new()), "{report}");
            told += 1;
        }
        assert!(told >= 6, "only {told} classes of faults have something to tell");
    }

    #[test]
    fn the_right_answer_holds_under_the_same_script_and_comes_to_rest() {
        for report in found() {
            let other = played(&report, right());
            assert!(other.report.holds(), "{report}\n{}", other.report);
            assert_eq!(other.counterparts[0], Some(0), "both begin with the same delivery: {report}");
            let struck = |report: &Report| report.struck.clone();
            assert_eq!(struck(&other.report), struck(&report), "{report}\n{}", other.report);
            let scenes: Vec<usize> = other.counterparts.iter().copied().flatten().collect();
            assert!(scenes.is_sorted(), "scenes are played in their order: {scenes:?}");
        }
    }

    /// One ring for each guest, on a stream.
    fn rings(syncs: Syncs) -> System {
        let ring = async |message: &Message, ports: &Ports, _: &Context| {
            ports.stream("bells").publish(Publication::new("bell", message.id.to_string())).await?;
            Ok(())
        };
        let endpoint = Endpoint::new("bell", ring).with_stream("bells");
        let rings = |snapshot: &Snapshot, _: &str| Ok(snapshot.subject_stream("bells").len());
        let law = Law::of(
            |_| "the bell".to_owned(),
            |rings: &mut usize, _| {
                *rings += 1;
                Vec::<()>::new()
            },
        );
        let kind = StreamModel { syncs, ..StreamModel::default() };
        System::of(endpoint.view(rings)).judged_by(law).stream("bells", kind)
    }

    #[test]
    fn what_a_stream_forgets_is_played_where_it_can_be() {
        let report = explore(|| rings(Syncs::Later)).send(ringing()).only([Fault::StreamForgets]).run();
        let again = played(&report, rings(Syncs::Later));
        assert_eq!((again.report.choices, again.remarks), (report.choices.clone(), Vec::new()), "{report}");
        let synced = played(&report, rings(Syncs::Always));
        assert!(synced.report.holds(), "{}", synced.report);
        let said = ["Here it does not come to this: bells forgets 1 message that it has acknowledged."];
        assert_eq!(synced.remarks, said, "{report}");
    }

    #[test]
    fn what_has_no_counterpart_is_said() {
        let [ann, _] = ringing();
        let report = explore(wrong).send([ann]).only([Fault::AckFails]).run();
        let other = played(&report, right());
        assert_eq!(other.remarks, ["Delivery 2 does not write to bell."], "{report}\n{}", other.report);
    }
}
