//! Writes down every world at rest that the engine judges.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use chaos::{Fault, Faults, Specification, Symptom, System};
use serde_json::{Value, json};
use shared::outside::{CheckFirst, Effect, StreamModel, Syncs};
use shared::{Message, MessageId, Snapshot, StreamMessage};

use super::brute::{Forgets, Rest, Scope, canonical};
use super::programs::{self, Name, Program, letter};

/// The worlds at rest that were judged, in the form of [`super::brute`].
#[derive(Clone, Default)]
pub struct Recorder(Arc<Mutex<Recorded>>);

#[derive(Default)]
struct Recorded {
    rests: BTreeSet<Rest>,
    /// Of the world that is being judged: a line for everything in it.
    lines: BTreeSet<String>,
    /// What of it was published, to be explained.
    published: Vec<Message>,
    /// A world to object to.
    objection: Option<Rest>,
}

impl Recorder {
    pub fn rests(&self) -> BTreeSet<Rest> {
        self.0.lock().expect("nobody panics with it").rests.clone()
    }

    /// From now on, one of the worlds at rest is a violation.
    pub fn object_to(&self, rest: &Rest) {
        self.0.lock().expect("nobody panics with it").objection = Some(rest.clone());
    }

    /// A judge that takes note of all messages before it passes them on.
    pub fn recorded<S: Specification>(&self, specification: S) -> RecordedSpecification<S> {
        RecordedSpecification { recorder: self.clone(), specification }
    }

    /// Watches the endpoint added last, which is number `endpoint`, and `last`
    /// if no other follows.
    pub fn watch(
        &self,
        system: System,
        endpoint: u8,
        last: bool,
        streams: &'static [&'static str],
    ) -> System {
        let recorder = self.clone();
        system.stores_at_most("what the recorder objects to", 0, move |snapshot| {
            usize::from(recorder.snapshot(endpoint, snapshot, last, streams))
        })
    }

    fn message(&self, message: &Message) {
        let mut recorded = self.0.lock().expect("nobody panics with it");
        // Only what endpoints publish: the name says which of them.
        if message.name().starts_with(|first: char| first.is_ascii_digit()) {
            recorded.lines.insert(format!("published {}", message_line(message)));
        } else if message.name().len() > 1 {
            recorded.lines.insert(format!("message {} {}", message.id, message.body));
        }
        if !recorded.published.contains(message) {
            recorded.published.push(message.clone());
        }
    }

    /// Whether there is an objection.
    fn snapshot(&self, endpoint: u8, snapshot: &Snapshot, last: bool, streams: &[&str]) -> bool {
        let mut recorded = self.0.lock().expect("nobody panics with it");
        for (key, body) in snapshot.documents() {
            recorded.lines.insert(format!("e{endpoint}/{key} = {}", String::from_utf8_lossy(body)));
        }
        for (key, body) in snapshot.documents_in("shared") {
            recorded.lines.insert(format!("shared/{key} = {}", String::from_utf8_lossy(body)));
        }
        for name in streams {
            let events = snapshot.stream(name);
            let said: String = match name.len() {
                1 => events.iter().map(letter).collect(),
                _ => events.iter().map(|event| format!("{} by {}; ", event.body, event.caused_by)).collect(),
            };
            if !events.is_empty() {
                recorded.lines.insert(format!("e{endpoint} stream {name}: {said}"));
            }
        }
        for name in ["l", "k"] {
            let records: Vec<_> =
                snapshot.log(name).iter().map(|record| String::from_utf8_lossy(record)).collect();
            if !records.is_empty() {
                recorded.lines.insert(format!("e{endpoint} log {name}: {}", records.join(",")));
            }
        }
        let mut done: BTreeMap<MessageId, usize> = BTreeMap::new();
        for Effect { key, request, .. } in snapshot.effects("service") {
            let n = done.entry(key).or_default();
            *n += 1;
            let request = request.as_str().expect("a note").to_owned();
            recorded.lines.insert(format!("service {key} {n}: {request}"));
        }
        for message in snapshot.subject_stream("stream") {
            let StreamMessage { sequence, subject, body, message_id } = message;
            let (body, name) = (String::from_utf8_lossy(body), message_id.clone().unwrap_or_default());
            recorded.lines.insert(format!("sent {sequence} {subject}: {body} as {name}"));
        }
        if !last {
            return false;
        }
        recorded.published.clear();
        let lines: Vec<(String, Vec<Name>)> =
            std::mem::take(&mut recorded.lines).iter().map(|line| cut(line)).collect();
        let rest = canonical(&lines).expect("few ids are left at rest");
        let objected = recorded.objection.as_ref() == Some(&rest);
        recorded.rests.insert(rest);
        objected
    }
}

fn message_line(message: &Message) -> String {
    let id = message
        .body
        .as_object()
        .and_then(|body| body.values().next())
        .and_then(|fields| fields["id"].as_str());
    format!("{}{}", message.name(), id.unwrap_or_default())
}

/// Takes the fresh ids out of a line; `#` marks where each was.
fn cut(line: &str) -> (String, Vec<Name>) {
    let mut text = String::new();
    let mut ids = Vec::new();
    let mut rest = line;
    while let Some(first) = rest.chars().next() {
        let id = rest.get(..36).and_then(|id| id.parse::<MessageId>().ok()).filter(|id| id.is_fresh());
        if let Some(id) = id {
            let (mut root, mut way) = (id, String::new());
            while let Some((parent, name)) = root.descent() {
                way = format!(":{name}{way}");
                root = parent;
            }
            text.push('#');
            text.push_str(&way);
            ids.push(root.serial().expect("a root has a serial number") as Name);
            rest = &rest[36..];
        } else {
            text.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    (text, ids)
}

/// Passes on, and takes note.
pub struct RecordedSpecification<S> {
    recorder: Recorder,
    specification: S,
}

impl<S: Specification> Specification for RecordedSpecification<S> {
    fn aggregate(&self, message: &Message) -> String {
        self.recorder.message(message);
        self.specification.aggregate(message)
    }
    fn initial(&self) -> Value {
        self.specification.initial()
    }
    fn opening(&self, aggregate: &str) -> Value {
        self.specification.opening(aggregate)
    }
    fn process(&self, state: &Value, message: &Message) -> Vec<(Value, Vec<Value>)> {
        self.specification.process(state, message)
    }
    fn describe(&self, state: &Value) -> String {
        self.specification.describe(state)
    }
    fn damage(&self, aggregate: &str, symptom: &Symptom) -> String {
        self.specification.damage(aggregate, symptom)
    }
}

/// Finds everything right: whatever was published, processing the first message
/// was to publish it.
struct Anything(Recorder, u8);

impl Specification for Anything {
    fn aggregate(&self, message: &Message) -> String {
        self.0.message(message);
        String::new()
    }
    fn initial(&self) -> Value {
        Value::Null
    }
    fn process(&self, state: &Value, _: &Message) -> Vec<(Value, Vec<Value>)> {
        if !state.is_null() {
            return vec![(state.clone(), Vec::new())];
        }
        let recorded = self.0.0.lock().expect("nobody panics with it");
        let mine =
            recorded.published.iter().filter(|message| message.name().starts_with(&self.1.to_string()));
        vec![(json!("done"), mine.map(|message| content(&message.body)).collect())]
    }
    fn describe(&self, state: &Value) -> String {
        state.to_string()
    }
    fn damage(&self, _: &str, symptom: &Symptom) -> String {
        format!("{symptom:?}")
    }
}

fn content(body: &Value) -> Value {
    match body {
        Value::String(text) if text.parse::<MessageId>().is_ok_and(|id| id.is_fresh()) => chaos::FRESH.into(),
        Value::Object(fields) => fields.iter().map(|(name, value)| (name.clone(), content(value))).collect(),
        other => other.clone(),
    }
}

/// The system of a program, which finds everything right, and records it.
pub fn system_of(program: &Program, scope: &Scope, recorder: &Recorder) -> System {
    let mut system: Option<System> = None;
    for number in 0..scope.endpoints {
        let mut endpoint = programs::endpoint(number, program).view(|_, _| Ok(json!("done")));
        for &(from, text, to) in &scope.routes {
            if to == number {
                endpoint = endpoint.subscribes_to(programs::published_name(from, text));
            }
        }
        let next = match system {
            None => System::of(endpoint),
            Some(system) => system.and(endpoint),
        };
        let next = next
            .judged_by(Anything(recorder.clone(), number))
            .store(format!("e{number}"), chaos::StoreKind { weak: scope.weak, limit: None });
        system = Some(recorder.watch(next, number, number + 1 == scope.endpoints, &["s", "t"]));
    }
    let check_first = if scope.name_first { CheckFirst::MessageId } else { CheckFirst::Expectation };
    let system = system.expect("at least one endpoint");
    let syncs = if classes_of(scope).contains(Fault::StreamForgets) { Syncs::Later } else { Syncs::Always };
    let system = system.stream("stream", StreamModel { check_first, syncs, ..StreamModel::default() });
    let Some(rule) = scope.forgets else { return system };
    system.forgetful("service", move |snapshot, message| {
        let there = |text: char| snapshot.document(&text.to_string()).is_some();
        match rule {
            Forgets::Always => true,
            Forgets::WithDocumentOfMessage => there(message.name().chars().last().expect("a letter")),
            Forgets::WithoutDocument(text) => !there(text),
        }
    })
}

/// The classes of faults that a search can be asked for: what the stream loses cannot be
/// bounded by message.
fn classes_of(scope: &Scope) -> Faults {
    match scope.faults_per_message {
        Some(_) => scope.classes.without(Fault::StreamForgets),
        None => scope.classes,
    }
}

/// The search of a system within the bounds of the brute-force model.
pub fn search_of(program: &Program, scope: &Scope, recorder: &Recorder) -> chaos::Explore {
    let mut search = chaos::explore(|| system_of(program, scope, recorder))
        .checked()
        .workers(scope.workers)
        .stale(scope.stale)
        .only(classes_of(scope).iter())
        .limit_states(300_000);
    search = match scope.faults_per_message {
        None => search.faults(scope.faults),
        Some(faults) => search.faults_per_message(faults),
    };
    for &(endpoint, text) in &scope.mail {
        search = search.send_to(&format!("e{endpoint}"), [programs::sent(text)]);
    }
    search
}
