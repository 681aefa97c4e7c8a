//! A system of endpoints, ready to be run step by step: a transition system.
//!
//! What it is made of is here; which steps there are, in [`enabled`](super::enabled);
//! what each one does, in [`apply`](super::apply) and [`effect`](super::effect);
//! and what time does, in [`expiry`](super::expiry).

use std::collections::BTreeSet;
use std::sync::Arc;

use ports::words::Speaker;
use ports::{Endpoint, Message, MessageId};
use rustc_hash::FxHashMap;
use smallvec::{SmallVec, smallvec};

use super::budget::{Bounds, Budgets, Spent};
use super::fault::Fault;
use super::state::{Busy, Content, Envelope, Object, Version, Worker, World};
use crate::handler::call::{Call, ObjectKey};
use crate::handler::rehearsal::{Ending, Pending, Rehearsal};
use crate::handler::text::{Assignment, Naming, Text, TextId, Texts, spellings};
use crate::handler::watchdog::Pulse;
use crate::system::outside::Outside;
use crate::system::store_map::StoreMap;
use crate::system::under_test::System;

/// A system of endpoints, ready to be run step by step.
pub(crate) struct TransitionSystem {
    pub(crate) rehearsal: Rehearsal,
    pub(crate) bounds: Bounds,
    pub(crate) sent: Vec<Envelope>,
    pub(crate) stores: Arc<StoreMap>,
    /// The documents that are there from the start.
    stored: Vec<(ObjectKey, Text)>,
    /// What is outside and not empty at the start.
    stored_outside: Vec<(ObjectKey, Text)>,
    endpoints: Vec<Endpoint>,
    /// Whether it must be known what led to an endpoint's outputs, for each endpoint:
    /// the law asks for it where no explanation of its own tells it, and who pays for
    /// a fault where each message has its own.
    asks_for_causes: Vec<bool>,
    /// Who gets which published messages.
    pub(super) routes: FxHashMap<TextId, SmallVec<[u8; 2]>>,
    /// Whether idle workers of one endpoint are tried one by one.
    pub(crate) distinguish_workers: bool,
    /// Whether every world is looked at once more: see
    /// [`well_formed`](super::well_formed).
    pub(crate) checked: bool,
}

impl TransitionSystem {
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
        let judged = system.specifications.iter().map(Option::is_some);
        let any_judged = judged.clone().any(|judged| judged);
        let by_message = bounds.faults_per_message.is_some();
        let asks_for_causes = judged.map(|judged| by_message || any_judged && !judged).collect();
        let stores = Arc::new(StoreMap::of(system));
        let mut texts = Texts::new(naming);
        let sent = sent.iter().map(|(endpoint, message)| {
            let bytes = serde_json::to_vec(message).expect("a message is an id and a JSON value");
            Envelope { endpoint: *endpoint as u8, message: texts.intern_at_the_start(&bytes) }
        });
        let sent = sent.collect();
        let stored = system.stored.iter().map(|(name, key, body)| {
            let key = ObjectKey { store: stores.named(name), key: texts.intern_at_the_start(key.as_bytes()) };
            (key, texts.intern_at_the_start(body))
        });
        let stored = stored.collect();
        let stored_outside = Outside::stored(system).into_iter().map(|(name, state)| {
            let key = ObjectKey { store: stores.named(&name), key: texts.intern(b"") };
            (key, texts.intern_at_the_start(&state))
        });
        let stored_outside = stored_outside.collect();
        let rehearsal =
            Rehearsal::new(endpoints.clone(), Arc::clone(&stores), texts, pulse, max_calls, speaker);
        Self {
            rehearsal,
            bounds,
            sent,
            stores,
            stored,
            stored_outside,
            endpoints: endpoints.clone(),
            asks_for_causes,
            routes: FxHashMap::default(),
            distinguish_workers: false,
            checked: false,
        }
    }

    /// The same system, in a world whose ids are these from their birth on.
    pub(crate) fn with_lasting_ids(&self, ids: Assignment) -> Self {
        Self {
            rehearsal: self.rehearsal.with_lasting_ids(ids),
            bounds: self.bounds.clone(),
            sent: self.sent.clone(),
            stores: Arc::clone(&self.stores),
            stored: self.stored.clone(),
            stored_outside: self.stored_outside.clone(),
            endpoints: self.endpoints.clone(),
            asks_for_causes: self.asks_for_causes.clone(),
            routes: self.routes.clone(),
            distinguish_workers: true,
            checked: self.checked,
        }
    }

    /// Lets every message that is sent have another id, in the message and wherever
    /// it is written in what is stored at the start. Ids that were fresh stay. Whether
    /// there was any to change.
    pub(crate) fn change_sent_ids(&mut self, change: fn(MessageId) -> MessageId) -> bool {
        let read = |copy: &Envelope| self.texts().message(&copy.message).ok();
        let ids = self.sent.iter().filter_map(|copy| Some(read(copy)?.id));
        let ids: BTreeSet<MessageId> = ids.filter(|id| !id.is_fresh()).collect();
        let texts = &mut self.rehearsal.texts;
        let mut changed = |text: &mut Text| {
            let mut bytes = texts.bytes(text);
            for &id in &ids {
                rename(&mut bytes, id, change(id));
            }
            *text = texts.intern_at_the_start(&bytes);
        };
        self.sent.iter_mut().for_each(|copy| changed(&mut copy.message));
        for (key, body) in &mut self.stored {
            changed(&mut key.key);
            changed(body);
        }
        self.stored_outside.iter_mut().for_each(|(_, state)| changed(state));
        !ids.is_empty()
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

    /// Whether it must be known under which messages this endpoint published its
    /// outputs.
    pub(super) fn asks_for_causes(&self, endpoint: u8) -> bool {
        self.asks_for_causes[usize::from(endpoint)]
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
            objects.push(Object { key: key.clone(), content, older: Vec::new() });
        }
        objects.extend(self.stored_outside.iter().map(|(key, state)| Object {
            key: key.clone(),
            content: Content::Outside(state.clone()),
            older: Vec::new(),
        }));
        objects.sort_by(|a, b| a.key.cmp(&b.key));
        World {
            objects,
            queue: self.sent.clone(),
            workers,
            published: Vec::new(),
            causes: Vec::new(),
            in_flight: Vec::new(),
            timers: Vec::new(),
            component: 0,
            spent: Spent::default(),
            next_id,
            sent_ids: self.sent.iter().flat_map(|copy| &copy.message.ids).map(|id| id + 1).max().unwrap_or(0),
        }
    }

    /// The endpoints that get this message when it is published.
    pub(crate) fn subscribers(&mut self, message: &Text) -> SmallVec<[u8; 2]> {
        if let Some(routes) = self.routes.get(&message.template) {
            return routes.clone();
        }
        let routes = match self.texts().message(message) {
            Ok(message) => (0u8..)
                .zip(&self.endpoints)
                .filter(|(_, endpoint)| endpoint.hears(&message))
                .map(|(number, _)| number)
                .collect(),
            Err(_) => SmallVec::new(),
        };
        self.routes.insert(message.template, routes.clone());
        routes
    }

    pub(crate) fn pending(&self, busy: &Busy) -> &Arc<Pending> {
        self.rehearsal.pending(busy.history)
    }

    /// The call that a worker waits for, in the world's names.
    pub(crate) fn pending_call(&self, busy: &Busy, call: u8) -> Call {
        self.pending(busy).calls[usize::from(call)].map(&mut |id| busy.ids[id as usize])
    }

    pub(crate) fn pending_calls<'a>(&'a self, busy: &Busy) -> &'a [Call] {
        &self.pending(busy).calls
    }

    /// The output that a worker dispatches next.
    pub(crate) fn next_output(&self, busy: &Busy, index: u8) -> Text {
        let Some(Ending::Done(outputs)) = &self.pending(busy).ending else {
            unreachable!("only a handler that is done dispatches")
        };
        outputs[usize::from(index)].map(|id| busy.ids[id as usize])
    }

    /// The object that a call of a delivery is about, in the world's names.
    pub(crate) fn object_of(&self, busy: &Busy, call: &Call) -> Option<ObjectKey> {
        let object = call.object()?;
        Some(ObjectKey { store: object.store, key: object.key.map(|id| busy.ids[id as usize]) })
    }

    /// What a fault at this message is paid from.
    pub(super) fn budgets(&self, world: &World, fault: Fault, message: Option<&Text>) -> Budgets {
        self.bounds.budgets(fault, || message.map(|message| self.roots(world, message)).unwrap_or_default())
    }

    /// The messages that were sent, by their places, and under whose processing, or
    /// under that of what came of it, this one was published.
    fn roots(&self, world: &World, message: &Text) -> SmallVec<[usize; 2]> {
        let mut caused_by: SmallVec<[&Text; 4]> = smallvec![message];
        let mut next = 0;
        while let Some(&message) = caused_by.get(next) {
            for cause in world.causes.iter().filter(|cause| cause.output.message == *message) {
                if !caused_by.contains(&&cause.under) {
                    caused_by.push(&cause.under);
                }
            }
            next += 1;
        }
        (0..self.sent.len()).filter(|&place| caused_by.contains(&&self.sent[place].message)).collect()
    }

    pub(super) fn affordable(&self, world: &World, fault: Fault, message: Option<&Text>) -> bool {
        self.bounds.classes.contains(fault)
            && world.spent.left(&self.bounds, &self.budgets(world, fault, message)) > 0
    }

    /// Whether any fault of this class can still be paid for.
    pub(crate) fn any_left(&self, world: &World, fault: Fault) -> bool {
        let reads_old = || {
            let mut busy = world.workers.iter().filter_map(|worker| worker.busy.as_ref());
            fault == Fault::StaleRead && busy.any(|busy| busy.reads_old)
        };
        self.bounds.classes.contains(fault)
            && (world.spent.any_left(&self.bounds, fault, self.sent.len()) || reads_old())
    }
}

/// Replaces an id by another, however it is written.
fn rename(bytes: &mut Vec<u8>, id: MessageId, other: MessageId) {
    for (from, to) in spellings(id).zip(spellings(other)) {
        let mut place = 0;
        while place + from.len() <= bytes.len() {
            if bytes[place..].starts_with(&from) {
                bytes.splice(place..place + from.len(), to.iter().copied());
                place += from.len();
            } else {
                place += 1;
            }
        }
    }
}
