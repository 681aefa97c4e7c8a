//! How the world changes: which steps are possible, and what each one does.

use std::sync::Arc;
use std::time::Duration;

use ports::words::Speaker;
use ports::{Endpoint, Message};
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use crate::call::{Call, CallKind, Condition, ObjectKey, Reply};
use crate::fault::{Fault, Faults};
use crate::outside::Outside;
use crate::rehearsal::{Ending, EndpointStores, Expansion, HandlerFault, MOST_AT_ONCE, Rehearsal, ShapeId};
use crate::system::{MayForget, System};
use crate::text::{Id, Ids, Naming, Text, TextId, Texts};
use crate::watchdog::Pulse;
use crate::world::{Busy, Content, Copy, Flying, Object, Phase, Timer, Used, Version, Worker, World};

/// How long a broker waits for a worker before it delivers the message again.
/// A time to live longer than this cannot expire before locks that are older.
pub(crate) const LOCK_DURATION: Duration = Duration::from_secs(30);

/// What kind of document store it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StoreKind {
    /// Whether reads may return older versions.
    pub weak: bool,
    /// The largest document, key and body together, in bytes.
    pub limit: Option<usize>,
}

/// What a search or run may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// How many faults in all.
    pub faults: u8,
    /// How many faults for each message that was sent, instead of a bound on
    /// all of them.
    pub faults_per_message: Option<u8>,
    /// How many stale reads.
    pub stale: u8,
    /// Which classes of faults.
    pub classes: Faults,
    /// How many workers each endpoint has.
    pub workers: u8,
}

/// One thing that can happen next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Step {
    /// A waiting copy goes to an idle worker.
    Deliver { copy: u8, worker: u8 },
    /// The broker makes another copy of a message and delivers it.
    Duplicate { of: Source, worker: u8 },
    /// The lock of `from` expires, and the message goes to `worker` too.
    LockExpires { from: u8, worker: u8 },
    /// A port answers a call.
    Call { worker: u8, call: u8, outcome: Outcome },
    /// The endpoint dispatches the next output of a handler that is done.
    Dispatch { worker: u8, outcome: Outcome },
    /// The endpoint acknowledges the message.
    Ack { worker: u8, outcome: Outcome },
    /// A call whose caller is dead takes effect.
    Land { flying: u8 },
    /// A document's time to live has passed, or something is forgotten outside.
    Expire { timer: u8 },
}

/// Which message a duplicate is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Source {
    /// The n-th message that was sent.
    Sent(u8),
    /// The n-th published message, to an endpoint that subscribes to it.
    Published(u8, u8),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Outcome {
    Ok,
    /// A read returns the n-th version of the history.
    Stale(u8),
    /// No effect, and no good answer.
    Fails,
    ReplyLost,
    CrashBefore,
    CrashAfter,
    CrashDuring,
}

/// What a step did, for whoever tells the story.
#[derive(Debug, Default)]
pub(crate) struct Applied {
    /// What the port answered.
    pub(crate) reply: Option<Reply>,
    /// Whether a call changed what it was to change, whatever the caller heard.
    pub(crate) took_effect: bool,
    /// The delivery after the step.
    pub(crate) delivery: Option<ShapeId>,
}

/// A system of endpoints, ready to be run step by step.
pub(crate) struct Machine {
    pub(crate) rehearsal: Rehearsal,
    pub(crate) bounds: Bounds,
    pub(crate) sent: Vec<Copy>,
    /// The documents that are there from the start.
    stored: Vec<(ObjectKey, Text)>,
    /// What is outside and not empty at the start.
    stored_outside: Vec<(ObjectKey, Text)>,
    endpoints: Vec<Endpoint>,
    store_kinds: Vec<StoreKind>,
    /// What its endpoints call each store.
    store_labels: Vec<String>,
    stores_of: Vec<EndpointStores>,
    /// What is outside, by store.
    outsides: Vec<Option<Outside>>,
    routes: FxHashMap<TextId, SmallVec<[u8; 2]>>,
    /// Whether idle workers of one endpoint are tried one by one.
    pub(crate) distinguish_workers: bool,
}

impl Machine {
    pub(crate) fn new(
        system: &System,
        sent: &[(usize, Message)],
        bounds: Bounds,
        naming: Naming,
        max_calls: usize,
        pulse: Arc<Pulse>,
        speaker: Speaker,
    ) -> Self {
        let endpoints = &system.endpoints;
        let mut texts = Texts::new(naming);
        let mut store_names = Vec::new();
        let mut store_labels = Vec::new();
        let mut stores_of = Vec::new();
        let mut outsides = Vec::new();
        for (endpoint, specification) in endpoints.iter().zip(&system.specifications) {
            let main = store_names.len() as u8;
            store_names.push(endpoint.name().to_owned());
            store_names.push(format!("{} events", endpoint.name()));
            store_names.push(format!("{} logs", endpoint.name()));
            store_labels.extend(std::iter::repeat_n(endpoint.name().to_owned(), 3));
            outsides.extend([None, None, Some(Outside::logs(specification.clone()))]);
            stores_of.push(EndpointStores { main, further: Vec::new() });
        }
        for (endpoint, stores) in endpoints.iter().zip(&mut stores_of) {
            let further = endpoint.stores().iter().map(|label| {
                let name = System::store_name(endpoint, label);
                (name, label.clone(), None)
            });
            let outside = Outside::of(system, endpoint).into_iter();
            let outside = outside.map(|(name, label, outside)| (name, label, Some(outside)));
            for (name, label, outside) in further.chain(outside) {
                let number = store_names.iter().position(|known| *known == name).unwrap_or_else(|| {
                    store_names.push(name);
                    store_labels.push(label);
                    outsides.push(outside);
                    store_names.len() - 1
                });
                stores.further.push(number as u8);
            }
        }
        let store_kinds = store_names
            .iter()
            .map(|name| {
                system
                    .stores
                    .iter()
                    .find(|(of, _)| of == name)
                    .map_or(StoreKind::default(), |(_, kind)| *kind)
            })
            .collect();
        let sent = sent
            .iter()
            .map(|(endpoint, message)| Copy {
                endpoint: *endpoint as u8,
                message: texts
                    .intern(&serde_json::to_vec(message).expect("a message is an id and a JSON value")),
            })
            .collect();
        let stored = system.stored.iter().map(|(name, key, body)| {
            let store = store_names.iter().position(|known| known == name).expect("the system knows it");
            let key = ObjectKey { store: store as u8, key: texts.intern(key.as_bytes()) };
            (key, texts.intern(body))
        });
        let stored = stored.collect();
        let stored_outside = Outside::stored(system).into_iter().map(|(name, state)| {
            let store = store_names.iter().position(|known| *known == name).expect("the system knows it");
            (ObjectKey { store: store as u8, key: texts.intern(b"") }, texts.intern(&state))
        });
        let stored_outside = stored_outside.collect();
        Self {
            rehearsal: Rehearsal::new(endpoints.clone(), stores_of.clone(), texts, pulse, max_calls, speaker),
            bounds,
            sent,
            endpoints: endpoints.clone(),
            store_kinds,
            store_labels,
            stored,
            stored_outside,
            stores_of,
            outsides,
            routes: FxHashMap::default(),
            distinguish_workers: false,
        }
    }

    pub(crate) fn texts(&self) -> &Texts {
        &self.rehearsal.texts
    }

    pub(crate) fn speaker(&self) -> &Speaker {
        self.rehearsal.speaker()
    }

    pub(crate) fn endpoints(&self) -> &[Endpoint] {
        &self.endpoints
    }

    /// What the endpoints that have this store call it.
    pub(crate) fn store_label(&self, store: u8) -> &str {
        &self.store_labels[usize::from(store)]
    }

    /// Whether it is an endpoint's main store, its event store or its logs.
    pub(crate) fn is_main(&self, store: u8) -> bool {
        self.stores_of.iter().any(|stores| (stores.main..=stores.main + 2).contains(&store))
    }

    /// What is outside under this number.
    pub(crate) fn outside(&self, store: u8) -> Option<&Outside> {
        self.outsides[usize::from(store)].as_ref()
    }

    pub(crate) fn stores_of(&self, endpoint: usize) -> &EndpointStores {
        &self.stores_of[endpoint]
    }

    pub(crate) fn is_weak(&self, store: u8) -> bool {
        self.store_kinds[usize::from(store)].weak
    }

    /// Whether there are fresh ids in what is sent or stored at the start.
    pub(crate) fn starts_with_ids(&self) -> bool {
        self.first_texts().any(|text| !text.ids.is_empty())
    }

    /// Everything that is sent or stored at the start.
    fn first_texts(&self) -> impl Iterator<Item = &Text> {
        let sent = self.sent.iter().map(|copy| &copy.message);
        let stored = self.stored.iter().chain(&self.stored_outside);
        sent.chain(stored.flat_map(|(key, body)| [&key.key, body]))
    }

    /// The world before anything has happened: all messages on their queues.
    pub(crate) fn initial(&self) -> World {
        let workers = (0..self.endpoints.len() as u8)
            .flat_map(|endpoint| (0..self.bounds.workers).map(move |_| Worker { endpoint, busy: None }))
            .collect();
        let ids = self.first_texts().flat_map(|text| &text.ids);
        let mut next_id = ids.map(|id| id + 1).max().unwrap_or(0);
        let mut objects: Vec<Object> = Vec::new();
        for (key, body) in &self.stored {
            let version = Version { etag: next_id, body: body.clone() };
            next_id += 1;
            let content = Content::Document(Some(version));
            objects.push(Object { key: key.clone(), content, history: Vec::new() });
        }
        objects.extend(self.stored_outside.iter().map(|(key, state)| Object {
            key: key.clone(),
            content: Content::Outside(state.clone()),
            history: Vec::new(),
        }));
        objects.sort_by(|a, b| a.key.cmp(&b.key));
        World {
            objects,
            queue: self.sent.clone(),
            workers,
            published: Vec::new(),
            flying: Vec::new(),
            timers: Vec::new(),
            phase: 0,
            used: Used::default(),
            next_id,
        }
    }

    /// The endpoints that get this message when it is published.
    pub(crate) fn subscribers(&mut self, message: &Text) -> SmallVec<[u8; 2]> {
        if let Some(routes) = self.routes.get(&message.template) {
            return routes.clone();
        }
        let routes = match serde_json::from_slice::<Message>(&self.texts().bytes(message)) {
            Ok(message) => (0u8..)
                .zip(&self.endpoints)
                .filter(|(_, endpoint)| endpoint.subscriptions().iter().any(|name| name == message.name()))
                .map(|(number, _)| number)
                .collect(),
            Err(_) => SmallVec::new(),
        };
        self.routes.insert(message.template, routes.clone());
        routes
    }

    fn expansion(&self, busy: &Busy) -> &Arc<Expansion> {
        self.rehearsal.expansion(busy.shape)
    }

    /// The call that a worker waits for, in the world's names.
    pub(crate) fn pending_call(&self, busy: &Busy, call: u8) -> Call {
        self.expansion(busy).calls[usize::from(call)].map(&mut |id| busy.ids[id as usize])
    }

    pub(crate) fn pending_calls<'a>(&'a self, busy: &Busy) -> &'a [Call] {
        &self.expansion(busy).calls
    }

    /// The output that a worker dispatches next.
    pub(crate) fn next_output(&self, busy: &Busy, index: u8) -> Text {
        let Some(Ending::Done(outputs)) = &self.expansion(busy).ending else {
            unreachable!("only a handler that is done dispatches")
        };
        outputs[usize::from(index)].map(|id| busy.ids[id as usize])
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
            Step::Land { flying } => Some(&world.flying[usize::from(flying)].message),
            Step::Expire { .. } => None,
        }
    }

    pub(crate) fn source<'w>(&'w self, world: &'w World, of: Source) -> (u8, &'w Text) {
        match of {
            Source::Sent(n) => (self.sent[usize::from(n)].endpoint, &self.sent[usize::from(n)].message),
            Source::Published(n, endpoint) => (endpoint, &world.published[usize::from(n)].message),
        }
    }

    /// The fault that a step is, if it is one.
    pub(crate) fn fault(&self, world: &World, step: Step) -> Option<Fault> {
        let by_kind = |kind: CallKind, outcome: Outcome| match (kind, outcome) {
            (_, Outcome::Ok) => None,
            (_, Outcome::Stale(_)) => Some(Fault::StaleRead),
            (CallKind::Read, _) => Some(Fault::ReadFails),
            (CallKind::Write, Outcome::Fails) => Some(Fault::WriteFails),
            (CallKind::Write, Outcome::ReplyLost) => Some(Fault::WriteReplyLost),
            (CallKind::Write, Outcome::CrashBefore) => Some(Fault::CrashBeforeWrite),
            (CallKind::Write, Outcome::CrashAfter) => Some(Fault::CrashAfterWrite),
            (CallKind::Write, Outcome::CrashDuring) => Some(Fault::WriteLandsLate),
            (CallKind::Publish, Outcome::Fails) => Some(Fault::PublishFails),
            (CallKind::Publish, Outcome::ReplyLost) => Some(Fault::PublishReplyLost),
            (CallKind::Publish, Outcome::CrashBefore) => Some(Fault::CrashBeforePublish),
            (CallKind::Publish, Outcome::CrashAfter) => Some(Fault::CrashAfterPublish),
            (CallKind::Publish, Outcome::CrashDuring) => Some(Fault::PublishLandsLate),
        };
        match step {
            Step::Deliver { .. } => None,
            Step::Duplicate { .. } => Some(Fault::Duplicate),
            Step::LockExpires { .. } => Some(Fault::LockExpires),
            Step::Call { worker, call, outcome } => {
                let busy = world.workers[usize::from(worker)].busy.as_ref().expect("a busy worker calls");
                by_kind(self.pending_calls(busy)[usize::from(call)].kind(), outcome)
            }
            Step::Dispatch { outcome, .. } => by_kind(CallKind::Publish, outcome),
            Step::Ack { outcome, .. } => match outcome {
                Outcome::Ok => None,
                Outcome::CrashBefore => Some(Fault::CrashBeforeAck),
                _ => Some(Fault::AckFails),
            },
            Step::Land { flying } => {
                let flying = &world.flying[usize::from(flying)];
                (!flying.certain).then_some(match flying.call.kind() {
                    CallKind::Publish => Fault::PublishLandsLate,
                    _ => Fault::WriteLandsLate,
                })
            }
            Step::Expire { .. } => Some(Fault::TimeToLiveExpires),
        }
    }

    /// Which of the budgets a fault draws on.
    fn budget(&self, fault: Fault, message: Option<&Text>) -> usize {
        match fault {
            Fault::StaleRead => 1,
            _ if self.bounds.faults_per_message.is_some() => message
                .and_then(|message| self.sent.iter().position(|copy| &copy.message == message))
                .map_or(0, |index| 2 + index.min(5)),
            _ => 0,
        }
    }

    fn limit(&self, budget: usize) -> u8 {
        match budget {
            0 => self.bounds.faults,
            1 => self.bounds.stale,
            _ => self.bounds.faults_per_message.unwrap_or(0),
        }
    }

    fn affordable(&self, world: &World, fault: Fault, message: Option<&Text>) -> bool {
        let budget = self.budget(fault, message);
        self.bounds.classes.contains(fault) && world.used[budget] < self.limit(budget)
    }

    /// Whether any fault of this class can still be paid for.
    pub(crate) fn any_left(&self, world: &World, fault: Fault) -> bool {
        self.bounds.classes.contains(fault)
            && match fault {
                Fault::StaleRead => world.used[1] < self.bounds.stale,
                _ => {
                    world.used[0] < self.bounds.faults
                        || self.bounds.faults_per_message.is_some_and(|limit| {
                            world.used[2..][..self.sent.len().min(6)].iter().any(|&n| n < limit)
                        })
                }
            }
    }

    /// Everything that can happen next: first what needs no fault, the dullest
    /// first; then the faults.
    pub(crate) fn enabled(&self, world: &World, steps: &mut Vec<Step>) {
        steps.clear();
        for worker in 0..world.workers.len() as u8 {
            self.worker_steps(world, worker, false, steps);
        }
        for flying in 0..world.flying.len() as u8 {
            if world.flying[usize::from(flying)].certain {
                steps.push(Step::Land { flying });
            }
        }
        self.deliveries(world, steps);
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
        let message = Some(&busy.message);
        let can = |fault| self.affordable(world, fault, message);
        match busy.phase {
            Phase::Handling => {
                for (index, call) in (0..).zip(self.pending_calls(busy)) {
                    let mut push = |outcome| steps.push(Step::Call { worker, call: index, outcome });
                    if !faulty {
                        push(Outcome::Ok);
                        continue;
                    }
                    let [fails, lost, before, after, during] = match call.kind() {
                        CallKind::Read => {
                            if can(Fault::StaleRead) {
                                for version in 0..self.stale_versions(world, busy, call) {
                                    push(Outcome::Stale(version));
                                }
                            }
                            if can(Fault::ReadFails) {
                                push(Outcome::Fails);
                            }
                            continue;
                        }
                        CallKind::Write => [
                            Fault::WriteFails,
                            Fault::WriteReplyLost,
                            Fault::CrashBeforeWrite,
                            Fault::CrashAfterWrite,
                            Fault::WriteLandsLate,
                        ],
                        CallKind::Publish => [
                            Fault::PublishFails,
                            Fault::PublishReplyLost,
                            Fault::CrashBeforePublish,
                            Fault::CrashAfterPublish,
                            Fault::PublishLandsLate,
                        ],
                    };
                    let outcomes = [
                        (fails, Outcome::Fails),
                        (lost, Outcome::ReplyLost),
                        (before, Outcome::CrashBefore),
                        (after, Outcome::CrashAfter),
                        (during, Outcome::CrashDuring),
                    ];
                    for (fault, outcome) in outcomes {
                        if can(fault) {
                            push(outcome);
                        }
                    }
                }
            }
            Phase::Dispatching(_) if faulty => {
                let outcomes = [
                    (Fault::PublishFails, Outcome::Fails),
                    (Fault::CrashBeforePublish, Outcome::CrashBefore),
                    (Fault::CrashAfterPublish, Outcome::CrashAfter),
                ];
                steps.extend(
                    outcomes
                        .into_iter()
                        .filter(|&(fault, _)| can(fault))
                        .map(|(_, outcome)| Step::Dispatch { worker, outcome }),
                );
            }
            Phase::Dispatching(_) => steps.push(Step::Dispatch { worker, outcome: Outcome::Ok }),
            Phase::Acking if faulty => {
                let outcomes =
                    [(Fault::AckFails, Outcome::Fails), (Fault::CrashBeforeAck, Outcome::CrashBefore)];
                steps.extend(
                    outcomes
                        .into_iter()
                        // Without the lock, there is nothing left to acknowledge.
                        .filter(|&(fault, _)| busy.holds_lock && can(fault))
                        .map(|(_, outcome)| Step::Ack { worker, outcome }),
                );
            }
            Phase::Acking => steps.push(Step::Ack { worker, outcome: Outcome::Ok }),
        }
    }

    fn stale_versions(&self, world: &World, busy: &Busy, call: &Call) -> u8 {
        let Some(object) = call.object() else { return 0 };
        if !self.is_weak(object.store) {
            return 0;
        }
        let key = ObjectKey { store: object.store, key: object.key.map(|id| busy.ids[id as usize]) };
        world.find(&key).map_or(0, |found| world.objects[found].history.len() as u8)
    }

    /// The workers that a message for this endpoint can go to.
    fn idle(&self, world: &World, endpoint: u8) -> impl Iterator<Item = u8> {
        (0..)
            .zip(&world.workers)
            .filter(move |(_, worker)| worker.endpoint == endpoint && worker.busy.is_none())
            .map(|(number, _)| number)
            .take(if self.distinguish_workers { usize::MAX } else { 1 })
    }

    pub(crate) fn deliveries(&self, world: &World, steps: &mut Vec<Step>) {
        for (number, copy) in (0..).zip(&world.queue) {
            let earlier = &world.queue[..usize::from(number)];
            if earlier.contains(copy) {
                continue;
            }
            steps
                .extend(self.idle(world, copy.endpoint).map(|worker| Step::Deliver { copy: number, worker }));
        }
    }

    pub(crate) fn fault_deliveries(&self, world: &World, steps: &mut Vec<Step>) {
        for (from, holder) in (0..).zip(&world.workers) {
            let Some(busy) = &holder.busy else { continue };
            if busy.holds_lock && self.affordable(world, Fault::LockExpires, Some(&busy.message)) {
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

    pub(crate) fn late_effects(&self, world: &World, steps: &mut Vec<Step>) {
        for (number, flying) in (0..).zip(&world.flying) {
            let step = Step::Land { flying: number };
            if let Some(fault) = self.fault(world, step)
                && self.affordable(world, fault, Some(&flying.message))
            {
                steps.push(step);
            }
        }
        for (number, timer) in (0..).zip(&world.timers) {
            if let Some(allowed) = self.may_forget_at_will(world, timer) {
                if allowed && self.affordable(world, Fault::TimeToLiveExpires, None) {
                    steps.push(Step::Expire { timer: number });
                }
                continue;
            }
            let sooner = world.timers[..usize::from(number)]
                .iter()
                .any(|earlier| self.is_by_clock(earlier) && earlier.time_to_live <= timer.time_to_live);
            let locks = timer.older_locks != 0 && timer.time_to_live >= LOCK_DURATION;
            if !sooner && !locks && self.affordable(world, Fault::TimeToLiveExpires, None) {
                steps.push(Step::Expire { timer: number });
            }
        }
    }

    /// Whether it is the clock that decides when this is deleted or forgotten.
    pub(crate) fn is_by_clock(&self, timer: &Timer) -> bool {
        self.rule_of(timer).is_none()
    }

    fn rule_of(&self, timer: &Timer) -> Option<&MayForget> {
        self.outside(timer.key.store)?.forgets_at_will()
    }

    /// For what is forgotten at will, whether it may be now.
    fn may_forget_at_will(&self, world: &World, timer: &Timer) -> Option<bool> {
        let rule = self.rule_of(timer)?;
        let (_, message) = timer.forgets.as_ref()?;
        let about = |other: &Text| other == message;
        let under_way =
            world.workers.iter().any(|worker| worker.busy.as_ref().is_some_and(|busy| about(&busy.message)))
                || world.flying.iter().any(|flying| about(&flying.message));
        if under_way {
            return Some(false);
        }
        let endpoint = self.judge_of(timer.key.store)?;
        let message = serde_json::from_slice(&self.texts().bytes(message)).ok()?;
        Some(rule(&crate::verdict::stored(self, world, endpoint), &message))
    }

    /// Whether this is a service that forgets at will, as far as it can.
    pub(crate) fn forgets_at_will(&self, store: u8) -> bool {
        self.bounds.classes.contains(Fault::TimeToLiveExpires)
            && self.outside(store).is_some_and(|outside| outside.forgets_at_will().is_some())
    }

    /// The endpoint whose stores decide whether a service may forget.
    fn judge_of(&self, service: u8) -> Option<usize> {
        self.stores_of.iter().position(|stores| stores.further.contains(&service))
    }

    /// Whether what is in this store decides whether a service may forget.
    pub(crate) fn is_watched(&self, store: u8) -> bool {
        let service = self.outside(store).is_some_and(|outside| outside.model.is_elsewhere());
        !service
            && (0..).zip(&self.outsides).any(|(number, outside)| {
                outside.as_ref().is_some_and(|outside| outside.forgets_at_will().is_some())
                    && self.judge_of(number).is_some_and(|endpoint| {
                        let stores = &self.stores_of[endpoint];
                        (stores.main..=stores.main + 2).contains(&store) || stores.further.contains(&store)
                    })
            })
    }

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
        if world.queue.len().max(world.published.len()).max(world.flying.len()) > MOST_AT_ONCE {
            let what = format!(
                "{} messages wait on the queues, and {} were published",
                world.queue.len(),
                world.published.len()
            );
            return Err(HandlerFault::TooMuchAtOnce { what, limit: MOST_AT_ONCE });
        }
        if let Some(fault) = fault {
            let budget = self.budget(fault, self.message_of(world, step));
            world.used[budget] += 1;
        }
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
                unlock(world, from);
                self.start(world, worker, message)
            }
            Step::Call { worker, call, outcome } => self.answer(world, worker, call, outcome),
            Step::Dispatch { worker, outcome } => {
                let slot = &mut world.workers[usize::from(worker)];
                let endpoint = slot.endpoint;
                let busy = slot.busy.as_mut().expect("a busy worker dispatches");
                let Phase::Dispatching(index) = busy.phase else { unreachable!("the handler is done") };
                let Some(Ending::Done(outputs)) = &self.rehearsal.expansion(busy.shape).ending else {
                    unreachable!("the handler is done")
                };
                let output = outputs[usize::from(index)].map(|id| busy.ids[id as usize]);
                busy.phase = match usize::from(index) + 1 {
                    next if next == outputs.len() => Phase::Acking,
                    next => Phase::Dispatching(next as u8),
                };
                if matches!(outcome, Outcome::Ok | Outcome::CrashAfter) {
                    self.publish(world, endpoint, output);
                }
                if outcome != Outcome::Ok {
                    release(world, worker, true);
                }
                Ok(Applied::default())
            }
            Step::Ack { worker, outcome } => {
                release(world, worker, outcome != Outcome::Ok);
                Ok(Applied::default())
            }
            Step::Land { flying } => {
                let flying = world.flying.remove(usize::from(flying));
                let reply = self.effect(world, flying.endpoint, &flying.message, &flying.call);
                Ok(Applied { reply: Some(reply), took_effect: true, delivery: None })
            }
            Step::Expire { timer } => {
                let timer = world.timers.remove(usize::from(timer));
                if let Ok(found) = world.find(&timer.key) {
                    match &timer.forgets {
                        Some((what, _)) => self.forget(world, found, what),
                        None => self.replace(world, found, None),
                    }
                }
                Ok(Applied::default())
            }
        }
    }

    fn start(&mut self, world: &mut World, worker: u8, message: Text) -> Result<Applied, HandlerFault> {
        let mut ids = Ids::new();
        let local = message.map(|id| localise(&mut ids, id));
        let endpoint = world.workers[usize::from(worker)].endpoint;
        let shape = self.rehearsal.start(endpoint, local)?;
        world.workers[usize::from(worker)].busy =
            Some(Busy { message, holds_lock: true, shape, ids, phase: Phase::Handling });
        Ok(self.arrived(world, worker))
    }

    /// A delivery has come to a new shape: names its new ids, and sees whether
    /// the handler has ended.
    fn arrived(&self, world: &mut World, worker: u8) -> Applied {
        let slot = &mut world.workers[usize::from(worker)];
        let busy = slot.busy.as_mut().expect("a delivery is in progress");
        let expansion = self.rehearsal.expansion(busy.shape);
        while busy.ids.len() < expansion.known_ids as usize {
            busy.ids.push(world.next_id);
            world.next_id += 1;
        }
        let applied = Applied { delivery: Some(busy.shape), ..Applied::default() };
        match &expansion.ending {
            Some(Ending::Done(outputs)) if outputs.is_empty() => busy.phase = Phase::Acking,
            Some(Ending::Done(_)) => busy.phase = Phase::Dispatching(0),
            None | Some(Ending::Failed(_)) => {}
        }
        if !expansion.dropped.is_empty() {
            self.drop_calls(world, worker, expansion.dropped.iter());
        }
        if let Some(Ending::Failed(_)) = &expansion.ending {
            release(world, worker, true);
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
                CallKind::Read => continue,
                CallKind::Write => Fault::WriteLandsLate,
                CallKind::Publish => Fault::PublishLandsLate,
            };
            if self.affordable(world, fault, Some(&message)) {
                let call = call.map(&mut |id| ids[id as usize]);
                let dropped = Flying { endpoint, message: message.clone(), call, certain: false };
                // No more of them can land than can be paid for.
                let budget = self.budget(fault, Some(&message));
                let left = usize::from(self.limit(budget) - world.used[budget]);
                if world.flying.iter().filter(|other| **other == dropped).count() < left {
                    world.flying.push(dropped);
                }
            }
        }
    }

    /// The worker dies: whatever else it waited for may still land.
    fn die(&self, world: &mut World, worker: u8, call: u8) {
        let busy = world.workers[usize::from(worker)].busy.as_ref().expect("a delivery is in progress");
        let expansion = Arc::clone(self.expansion(busy));
        let others = (0..).zip(&expansion.calls).filter(|&(index, _)| index != call).map(|(_, other)| other);
        self.drop_calls(world, worker, others);
        release(world, worker, true);
    }

    fn answer(
        &mut self,
        world: &mut World,
        worker: u8,
        index: u8,
        outcome: Outcome,
    ) -> Result<Applied, HandlerFault> {
        let slot = &world.workers[usize::from(worker)];
        let endpoint = slot.endpoint;
        let busy = slot.busy.as_ref().expect("a busy worker calls");
        let call = self.pending_call(busy, index);
        let message = busy.message.clone();
        let mut took_effect = false;
        let mut effect = |machine: &mut Self, world: &mut World| {
            let reply = machine.effect(world, endpoint, &message, &call);
            took_effect = !matches!(
                reply,
                Reply::Conflict | Reply::TooLarge { .. } | Reply::Answered { refused: true, .. }
            );
            reply
        };
        let reply = match outcome {
            Outcome::Ok => effect(self, world),
            Outcome::Stale(version) => stale(world, &call, version),
            Outcome::Fails if call.kind() == CallKind::Read => Reply::Unavailable,
            Outcome::Fails => Reply::Silence,
            Outcome::ReplyLost => {
                effect(self, world);
                Reply::Silence
            }
            Outcome::CrashBefore => {
                self.die(world, worker, index);
                return Ok(Applied::default());
            }
            Outcome::CrashAfter => {
                let reply = effect(self, world);
                self.die(world, worker, index);
                return Ok(Applied { reply: Some(reply), took_effect, delivery: None });
            }
            Outcome::CrashDuring => {
                world.flying.push(Flying { endpoint, message, call, certain: true });
                self.die(world, worker, index);
                return Ok(Applied::default());
            }
        };
        let busy = world.workers[usize::from(worker)].busy.as_mut().expect("the worker is still busy");
        let ids = &mut busy.ids;
        let local = reply.map(|id| localise(ids, id));
        busy.shape = self.rehearsal.follow(busy.shape, index, local)?;
        let applied = self.arrived(world, worker);
        Ok(Applied { reply: Some(reply), took_effect, ..applied })
    }

    /// What a call does to the world, and the true answer to it.
    /// `message` is the one that is being processed.
    fn effect(&mut self, world: &mut World, endpoint: u8, message: &Text, call: &Call) -> Reply {
        match call {
            Call::ReadStream { object } => match world.find(object) {
                Ok(found) => match &world.objects[found].content {
                    Content::Stream(events) => Reply::Events(events.clone()),
                    _ => unreachable!("streams and documents have stores of their own"),
                },
                Err(_) => Reply::Events(Vec::new()),
            },
            Call::Append { object, expected, events } => {
                let found = world.find(object);
                let version = match found.map(|found| &world.objects[found].content) {
                    Ok(Content::Stream(events)) => events.len() as u64,
                    _ => 0,
                };
                if version != *expected {
                    return Reply::Conflict;
                }
                if !events.is_empty() {
                    let found = found.unwrap_or_else(|place| {
                        let content = Content::Stream(Vec::new());
                        world
                            .objects
                            .insert(place, Object { key: object.clone(), content, history: Vec::new() });
                        place
                    });
                    if let Content::Stream(stream) = &mut world.objects[found].content {
                        stream.extend(events.iter().cloned());
                    }
                }
                Reply::Appended(version + events.len() as u64)
            }
            Call::Get { object } => match current(world, object) {
                Some(version) => Reply::Found { body: version.body.clone(), etag: version.etag },
                None => Reply::Absent,
            },
            Call::Put { object, body, condition, time_to_live } => {
                if let Some(limit) = self.store_kinds[usize::from(object.store)].limit {
                    let size = self.texts().len(&object.key) + self.texts().len(body);
                    if size > limit {
                        return Reply::TooLarge { size, limit };
                    }
                }
                if !holds(world, object, condition) {
                    return Reply::Conflict;
                }
                let etag = world.next_id;
                world.next_id += 1;
                let place = world.find(object).unwrap_or_else(|place| {
                    let content = Content::Document(None);
                    world.objects.insert(place, Object { key: object.clone(), content, history: Vec::new() });
                    place
                });
                self.replace(world, place, Some(Version { etag, body: body.clone() }));
                if let Some(time_to_live) = *time_to_live {
                    let older_locks = running_locks(world);
                    world.timers.push(Timer {
                        key: object.clone(),
                        time_to_live,
                        forgets: None,
                        older_locks,
                    });
                }
                Reply::Stored { etag }
            }
            Call::Delete { object, condition } => {
                if !holds(world, object, condition) {
                    return Reply::Conflict;
                }
                if let Ok(found) = world.find(object) {
                    self.replace(world, found, None);
                }
                Reply::Deleted
            }
            Call::Publish { message } => {
                self.publish(world, endpoint, message.clone());
                Reply::Published
            }
            Call::Ask { object, request, .. } => self.ask(world, message, object, request),
        }
    }

    /// What is outside answers.
    fn ask(&mut self, world: &mut World, message: &Text, object: &ObjectKey, request: &Text) -> Reply {
        let Some(outside) = self.outside(object.store).cloned() else { unreachable!("it is outside") };
        let found = world.find(object);
        let state = found.map_or_else(|_| Vec::new(), |found| self.outside_state(world, found));
        let turn = outside.model.answer(&state, &self.texts().bytes(request));
        let texts = &mut self.rehearsal.texts;
        if let Some(state) = turn.state {
            let content = Content::Outside(texts.intern(&state));
            match found {
                Ok(found) => world.objects[found].content = content,
                Err(place) => {
                    world.objects.insert(place, Object { key: object.clone(), content, history: Vec::new() });
                }
            }
        }
        let reply = Reply::Answered { reply: texts.intern(&turn.reply), refused: turn.refused };
        if let Some((what, time_to_live)) = turn.remembers
            && outside.forgets()
            && self.bounds.classes.contains(Fault::TimeToLiveExpires)
        {
            let forgets = Some((self.rehearsal.texts.intern(what.as_bytes()), message.clone()));
            let mut timer = Timer { key: object.clone(), time_to_live, forgets, older_locks: 0 };
            if self.is_by_clock(&timer) {
                timer.older_locks = running_locks(world);
                world.timers.push(timer);
            } else {
                // What is forgotten at will has no order and knows no locks. It
                // comes first, in an order that does not depend on when it came.
                let class = |timer: &Timer| (timer.key.store, timer.key.key.template);
                let before = |other: &&Timer| !self.is_by_clock(other) && class(other) <= class(&timer);
                let place = world.timers.iter().take_while(before).count();
                world.timers.insert(place, timer);
            }
        }
        reply
    }

    /// The state of what is outside.
    fn outside_state(&self, world: &World, found: usize) -> Vec<u8> {
        let Content::Outside(state) = &world.objects[found].content else { unreachable!("it is outside") };
        self.texts().bytes(state)
    }

    /// Something outside forgets what it was to remember only for a time.
    fn forget(&mut self, world: &mut World, found: usize, what: &Text) {
        let Some(outside) = self.outside(world.objects[found].key.store).cloned() else { return };
        let state = outside.model.forget(&self.outside_state(world, found), &self.texts().string(what));
        world.objects[found].content = Content::Outside(self.rehearsal.texts.intern(&state));
    }

    /// Puts a new version (or none) in place of a document's current one.
    fn replace(&self, world: &mut World, place: usize, version: Option<Version>) {
        let weak = self.is_weak(world.objects[place].key.store) && self.any_left(world, Fault::StaleRead);
        let object = &mut world.objects[place];
        let Content::Document(content) = &mut object.content else { unreachable!("it is a document") };
        let gone = version.is_none();
        let before = std::mem::replace(content, version);
        if weak {
            object.history.push(before);
        } else {
            object.history.clear();
        }
        let key = &world.objects[place].key;
        world.timers.retain(|timer| &timer.key != key);
        if gone && !weak {
            world.objects.remove(place);
        }
    }

    fn publish(&mut self, world: &mut World, endpoint: u8, message: Text) {
        for subscriber in self.subscribers(&message) {
            world.queue.push(Copy { endpoint: subscriber, message: message.clone() });
        }
        let published = Copy { endpoint, message };
        if !world.published.contains(&published) {
            world.published.push(published);
        }
    }

    /// Whether a write is bound to fail, now and for ever, and with the same
    /// answer: its etag or version has been overtaken.
    pub(crate) fn overtaken(&self, world: &World, call: &Call) -> bool {
        match call {
            Call::Put { object, condition: Condition::IfEtag(etag), .. }
            | Call::Delete { object, condition: Condition::IfEtag(etag) } => {
                current(world, object).is_none_or(|version| Text::etag(version.etag) != *etag)
            }
            Call::Append { object, expected, .. } => match world.find(object) {
                Ok(found) => match &world.objects[found].content {
                    Content::Stream(events) => events.len() as u64 > *expected,
                    _ => false,
                },
                Err(_) => false,
            },
            Call::Ask { object, request, writes: true } => {
                let (Some(outside), Ok(found)) = (self.outside(object.store), world.find(object)) else {
                    return false;
                };
                let state = self.outside_state(world, found);
                outside.model.refuses_for_ever(&state, &self.texts().bytes(request))
            }
            _ => false,
        }
    }
}

fn localise(ids: &mut Ids, id: Id) -> Id {
    let place = ids.iter().position(|&known| known == id).unwrap_or_else(|| {
        ids.push(id);
        ids.len() - 1
    });
    place as Id
}

fn current<'w>(world: &'w World, object: &ObjectKey) -> Option<&'w Version> {
    match &world.objects[world.find(object).ok()?].content {
        Content::Document(version) => version.as_ref(),
        Content::Stream(_) | Content::Outside(_) => None,
    }
}

fn holds(world: &World, object: &ObjectKey, condition: &Condition) -> bool {
    match condition {
        Condition::None => true,
        Condition::IfAbsent => current(world, object).is_none(),
        Condition::IfEtag(etag) => {
            current(world, object).is_some_and(|version| Text::etag(version.etag) == *etag)
        }
    }
}

fn stale(world: &World, call: &Call, version: u8) -> Reply {
    let object = call.object().expect("only stores are read");
    let found = world.find(object).expect("only what was written once has a history");
    match &world.objects[found].history[usize::from(version)] {
        Some(version) => Reply::Found { body: version.body.clone(), etag: version.etag },
        None => Reply::Absent,
    }
}

/// The workers (one bit each) whose lock is running.
fn running_locks(world: &World) -> u32 {
    (0..)
        .zip(&world.workers)
        .filter(|(_, worker)| worker.busy.as_ref().is_some_and(|busy| busy.holds_lock))
        .fold(0, |locks, (number, _)| locks | 1 << number)
}

/// The worker's lock no longer runs.
fn unlock(world: &mut World, worker: u8) {
    for timer in &mut world.timers {
        timer.older_locks &= !(1 << worker);
    }
}

/// The worker is idle again; its copy goes back to the queue if it must be
/// delivered again.
fn release(world: &mut World, worker: u8, redeliver: bool) {
    unlock(world, worker);
    let slot = &mut world.workers[usize::from(worker)];
    let busy = slot.busy.take().expect("only a busy worker is released");
    if redeliver && busy.holds_lock {
        world.queue.push(Copy { endpoint: slot.endpoint, message: busy.message });
    }
}
