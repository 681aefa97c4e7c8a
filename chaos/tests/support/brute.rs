//! A tiny model of the same world, explored by brute force.
//!
//! Written from the fault table of the design, and using nothing of the
//! engine: the state is spelt out, every step from it is listed, and states are
//! told apart by comparing them. No reduction but one: states that differ only
//! in the names of ids (in their order of age) are one state.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use chaos::{Fault, Faults};

use super::programs::{Answer, Ask, Expect, Guard, Key, Name, Note, Program, Wish, service_key};

/// What the model may do.
#[derive(Clone, Debug)]
pub struct Scope {
    pub faults: u8,
    pub faults_per_message: Option<u8>,
    pub stale: u8,
    pub classes: Faults,
    pub workers: u8,
    pub endpoints: u8,
    /// Letters of messages, and the endpoint each is sent to.
    pub mail: Vec<(u8, char)>,
    /// Which letters, published by which endpoint, go to which endpoint.
    pub routes: Vec<(u8, char, u8)>,
    /// Whether the documents of the endpoints' own stores may be read stale.
    pub weak: bool,
    /// When the service may forget what the processing of a message had it
    /// remember; never, if there is no rule.
    pub forgets: Option<Forgets>,
    /// Whether the stream looks for a name that it knows before it looks at
    /// what is expected of it.
    pub name_first: bool,
}

/// When the service may forget.
#[derive(Clone, Copy, Debug)]
pub enum Forgets {
    Always,
    /// Once the first endpoint has a document named after the message.
    WithDocumentOfMessage,
    /// As long as the first endpoint has no document of this name.
    WithoutDocument(char),
}

impl Default for Scope {
    fn default() -> Self {
        Self {
            faults: 1,
            faults_per_message: None,
            stale: 0,
            classes: Faults::all(),
            workers: 2,
            endpoints: 1,
            mail: vec![(0, 'm'), (0, 'n')],
            routes: Vec::new(),
            weak: false,
            forgets: None,
            name_first: false,
        }
    }
}

/// What is left when all is done: a line for each document, stream and
/// published message, with the fresh ids numbered.
pub type Rest = Vec<String>;

/// What the model found.
#[derive(Debug, Default)]
pub struct Found {
    /// Every world at rest, with the fewest faults and then the fewest steps
    /// that lead to it.
    pub rests: BTreeMap<Rest, (usize, usize)>,
    /// The fewest faults that lead to where the same can come again and again
    /// without any further fault.
    pub endless: Option<usize>,
    pub states: usize,
}

type Document = Option<(Note, Name)>;

/// Store, letter and id.
type Place = (u8, char, Option<Name>);

/// What was done under a key, and what is remembered of the last: at the
/// processing of which message it was done.
type Account = (Vec<Note>, Option<Note>);

/// Subject, body and name of a message in the subject stream.
type Sent = (&'static str, Note, Option<Note>);

/// What only time undoes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Fading {
    Document(Place),
    /// The stream's knowledge of a name.
    Name(Note),
}

/// How long locks last, and how long the stream remembers a name, in seconds.
const LOCK: u64 = 30;
const WINDOW: u64 = 120;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct State {
    /// By store (own ones by endpoint, the shared one last) and key.
    documents: BTreeMap<Place, (Document, Vec<Document>)>,
    streams: BTreeMap<(u8, char), Vec<char>>,
    logs: BTreeMap<(u8, char), Vec<Note>>,
    service: BTreeMap<Note, Account>,
    /// The subject stream, and the sequence under which it knows each name.
    subjects: Vec<Sent>,
    known: BTreeMap<Note, u64>,
    /// What will fade and after how many seconds, oldest first.
    fading: Vec<(Fading, u64)>,
    /// Sorted.
    queue: Vec<(u8, Note)>,
    /// Sorted within an endpoint.
    workers: Vec<(u8, Option<Busy>)>,
    published: BTreeSet<(u8, Note)>,
    /// Sorted.
    flying: Vec<Flying>,
    used: [u8; 8],
    /// One more than the greatest name.
    next: Name,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Busy {
    message: Note,
    locked: bool,
    /// What began to fade while this lock was running, by place.
    outlasts: Vec<usize>,
    names: Vec<Name>,
    log: Vec<(Ask, Answer)>,
    doing: Doing,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Doing {
    Waiting(Vec<Ask>),
    /// What is left to dispatch; then to acknowledge.
    Dispatching(Vec<Note>),
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Flying {
    endpoint: u8,
    message: Note,
    ask: Ask,
    certain: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Read,
    Write,
    Publish,
}

fn kind(ask: &Ask) -> Kind {
    match ask {
        Ask::Read(_) | Ask::Get(_) | Ask::ReadLog { .. } | Ask::Receive(_) => Kind::Read,
        Ask::Append { .. }
        | Ask::Put { .. }
        | Ask::Delete { .. }
        | Ask::PutExpiring { .. }
        | Ask::Call { .. }
        | Ask::AppendLog { .. }
        | Ask::Send { .. } => Kind::Write,
        Ask::Publish(_) => Kind::Publish,
    }
}

/// More names than this are a sign of a system that never ends.
const MOST_NAMES: Name = 16;
const MOST_COPIES: usize = 8;

/// Explores everything; `None` if there are more states than `limit`, or too
/// many ids.
pub fn explore(program: &Program, scope: &Scope, limit: usize) -> Option<Found> {
    let model = Model { program, scope, wishes: RefCell::default() };
    let mut found = Found::default();
    let mut numbers: HashMap<State, usize> = HashMap::from([(model.initial(), 0)]);
    // By number of the state: the fewest faults and then steps that lead there,
    // and the steps from it that are no fault.
    let mut least: Vec<(usize, usize)> = vec![(0, 0)];
    let mut free: Vec<Vec<usize>> = vec![Vec::new()];
    let mut frontier: BTreeMap<(usize, usize), Vec<State>> =
        BTreeMap::from([((0, 0), vec![model.initial()])]);
    let mut done: HashSet<usize> = HashSet::new();
    while let Some(((faults, steps), states)) = frontier.pop_first() {
        for state in states {
            let from = numbers[&state];
            if !done.insert(from) {
                continue;
            }
            if state.at_rest() {
                found.rests.entry(model.rest(&state)?).or_insert((faults, steps));
            }
            for (fault, mut next) in model.successors(&state) {
                next.normalise();
                let count = numbers.len();
                let copies = next.queue.len() + next.flying.len();
                if count >= limit || next.next > MOST_NAMES || copies > MOST_COPIES {
                    return None;
                }
                let to = *numbers.entry(next.clone()).or_insert(count);
                if to == count {
                    least.push((usize::MAX, usize::MAX));
                    free.push(Vec::new());
                }
                if !fault {
                    free[from].push(to);
                }
                let way = (faults + usize::from(fault), steps + 1);
                if way < least[to] {
                    least[to] = way;
                    frontier.entry(way).or_default().push(next);
                }
            }
        }
    }
    found.states = numbers.len();
    found.endless = on_cycles(&free).into_iter().map(|state| least[state].0).min();
    Some(found)
}

/// The states from which the way leads back to them.
fn on_cycles(free: &[Vec<usize>]) -> Vec<usize> {
    // Whatever has no way out, or only ways to such, is on no cycle; and
    // likewise for ways in.
    let mut candidates: Vec<bool> = vec![true; free.len()];
    loop {
        let mut entered = vec![false; free.len()];
        for (from, targets) in free.iter().enumerate().filter(|(from, _)| candidates[*from]) {
            _ = from;
            targets.iter().for_each(|&to| entered[to] = true);
        }
        let keep: Vec<bool> = (0..free.len())
            .map(|state| candidates[state] && entered[state] && free[state].iter().any(|&to| candidates[to]))
            .collect();
        if keep == candidates {
            break;
        }
        candidates = keep;
    }
    (0..free.len())
        .filter(|&start| {
            candidates[start] && {
                let mut reached: HashSet<usize> = HashSet::new();
                let mut stack = vec![start];
                while let Some(at) = stack.pop() {
                    stack.extend(free[at].iter().copied().filter(|&to| candidates[to] && reached.insert(to)));
                }
                reached.contains(&start)
            }
        })
        .collect()
}

impl State {
    fn at_rest(&self) -> bool {
        self.queue.is_empty()
            && self.workers.iter().all(|(_, busy)| busy.is_none())
            && self.flying.iter().all(|flying| !flying.certain)
    }

    /// Sorts what has no order, and renumbers the names by their age.
    fn normalise(&mut self) {
        let mut names = 0u64;
        self.mention(&mut |name| names |= 1 << name);
        self.next = names.count_ones();
        if names.trailing_ones() < self.next {
            self.rename(&mut |name| (names & ((1 << name) - 1)).count_ones());
        }
        self.queue.sort_unstable();
        self.workers.sort();
        self.flying.sort();
    }

    /// Every name that occurs.
    fn mention(&self, f: &mut impl FnMut(Name)) {
        for ((_, _, id), (now, history)) in &self.documents {
            id.iter().for_each(|&id| f(id));
            for (note, etag) in history.iter().chain([now]).flatten() {
                note.id.iter().for_each(|&id| f(id));
                f(*etag);
            }
        }
        let accounts = self.service.iter();
        let accounts =
            accounts.flat_map(|(key, (done, message))| [key].into_iter().chain(done).chain(message));
        let sent = self.subjects.iter().flat_map(|(_, body, name)| [body].into_iter().chain(name));
        let outside = self.logs.values().flatten().chain(accounts).chain(sent).chain(self.known.keys());
        outside.filter_map(|note| note.id).for_each(&mut *f);
        for (fading, _) in &self.fading {
            let (Fading::Document((_, _, id)) | Fading::Name(Note { id, .. })) = fading;
            id.iter().for_each(|&id| f(id));
        }
        let notes = self.queue.iter().chain(&self.published).map(|(_, note)| note);
        notes
            .chain(self.flying.iter().map(|flying| &flying.message))
            .filter_map(|note| note.id)
            .for_each(&mut *f);
        for busy in self.workers.iter().filter_map(|(_, busy)| busy.as_ref()) {
            busy.message.id.iter().chain(&busy.names).for_each(|&name| f(name));
        }
        for flying in &self.flying {
            _ = flying.ask.map(&mut |name| {
                f(name);
                name
            });
        }
    }

    fn rename(&mut self, f: &mut dyn FnMut(Name) -> Name) {
        self.documents = std::mem::take(&mut self.documents)
            .into_iter()
            .map(|((store, text, id), (now, history))| {
                let id = id.map(&mut *f);
                let now = rename_document(now, f);
                ((store, text, id), (now, history.into_iter().map(|old| rename_document(old, f)).collect()))
            })
            .collect();
        self.logs.values_mut().flatten().for_each(|record| *record = record.map(f));
        self.service = std::mem::take(&mut self.service)
            .into_iter()
            .map(|(key, (done, message))| {
                let done = done.into_iter().map(|request| request.map(f)).collect();
                (key.map(f), (done, message.map(|message| message.map(f))))
            })
            .collect();
        for (_, body, name) in &mut self.subjects {
            *body = body.map(f);
            *name = name.map(|name| name.map(f));
        }
        self.known =
            std::mem::take(&mut self.known).into_iter().map(|(name, at)| (name.map(f), at)).collect();
        for (fading, _) in &mut self.fading {
            match fading {
                Fading::Document((_, _, id)) => *id = id.map(&mut *f),
                Fading::Name(name) => *name = name.map(f),
            }
        }
        for (_, note) in &mut self.queue {
            *note = note.map(f);
        }
        for busy in self.workers.iter_mut().filter_map(|(_, busy)| busy.as_mut()) {
            busy.message = busy.message.map(f);
            busy.names.iter_mut().for_each(|name| *name = f(*name));
        }
        self.published =
            std::mem::take(&mut self.published).into_iter().map(|(e, note)| (e, note.map(f))).collect();
        for flying in &mut self.flying {
            flying.message = flying.message.map(f);
            flying.ask = flying.ask.map(f);
        }
    }

    fn fresh(&mut self) -> Name {
        self.next += 1;
        self.next - 1
    }

    /// From now on, this fades.
    fn fade(&mut self, what: Fading, seconds: u64) {
        let place = self.fading.len();
        self.fading.push((what, seconds));
        for busy in self.workers.iter_mut().filter_map(|(_, busy)| busy.as_mut()) {
            if busy.locked {
                busy.outlasts.push(place);
            }
        }
    }

    /// This fades no more.
    fn keep(&mut self, place: usize) -> Fading {
        for busy in self.workers.iter_mut().filter_map(|(_, busy)| busy.as_mut()) {
            busy.outlasts.retain(|&other| other != place);
            busy.outlasts.iter_mut().filter(|other| **other > place).for_each(|other| *other -= 1);
        }
        self.fading.remove(place).0
    }

    /// The sequence of the last message in the subject stream that matches.
    fn last(&self, filter: &str) -> u64 {
        let matching = (1..).zip(&self.subjects).filter(|(_, (subject, _, _))| matches(filter, subject));
        matching.map(|(sequence, _)| sequence).last().unwrap_or(0)
    }
}

/// Filters of as many parts as the subject, of which `*` is any, and `>`.
fn matches(filter: &str, subject: &str) -> bool {
    let parts: Vec<&str> = subject.split('.').collect();
    let wanted: Vec<&str> = filter.split('.').collect();
    let all =
        |wanted: &[&str]| wanted.iter().zip(&parts).all(|(wanted, part)| *wanted == "*" || wanted == part);
    match wanted.split_last() {
        Some((&">", before)) => parts.len() > before.len() && all(before),
        _ => parts.len() == wanted.len() && all(&wanted),
    }
}

fn rename_document(document: Document, f: &mut dyn FnMut(Name) -> Name) -> Document {
    document.map(|(note, etag)| {
        let note = note.map(f);
        (note, f(etag))
    })
}

struct Model<'a> {
    program: &'a Program,
    scope: &'a Scope,
    /// What the program has answered before.
    wishes: RefCell<HashMap<(u8, Note, Vec<(Ask, Answer)>), Wish>>,
}

impl Model<'_> {
    fn initial(&self) -> State {
        let mut state = State {
            documents: BTreeMap::new(),
            streams: BTreeMap::new(),
            logs: BTreeMap::new(),
            service: BTreeMap::new(),
            subjects: Vec::new(),
            known: BTreeMap::new(),
            fading: Vec::new(),
            queue: self.scope.mail.iter().map(|&(endpoint, text)| (endpoint, Note::plain(text))).collect(),
            workers: (0..self.scope.endpoints)
                .flat_map(|endpoint| (0..self.scope.workers).map(move |_| (endpoint, None)))
                .collect(),
            published: BTreeSet::new(),
            flying: Vec::new(),
            used: [0; 8],
            next: 0,
        };
        state.normalise();
        state
    }

    fn rest(&self, state: &State) -> Option<Rest> {
        let mut lines = Vec::new();
        let mut line =
            |text: String, ids: &[Option<Name>]| lines.push((text, ids.iter().flatten().copied().collect()));
        for (&(store, text, id), (now, _)) in &state.documents {
            if let Some((body, _)) = now {
                let store = if store == SHARED { "shared".to_owned() } else { format!("e{store}") };
                let (key_hole, body_hole) = (hole(id), hole(body.id));
                line(format!("{store}/{text}{key_hole} = {}{body_hole}", body.text), &[id, body.id]);
            }
        }
        for ((endpoint, name), events) in &state.streams {
            line(format!("e{endpoint} stream {name}: {}", events.iter().collect::<String>()), &[]);
        }
        for ((endpoint, name), records) in &state.logs {
            let said: Vec<String> =
                records.iter().map(|note| format!("{}{}", note.text, hole(note.id))).collect();
            let ids: Vec<Option<Name>> = records.iter().map(|note| note.id).collect();
            line(format!("e{endpoint} log {name}: {}", said.join(",")), &ids);
        }
        for (key, (done, _)) in &state.service {
            let said = match key.id {
                None => service_key(key.text, None).to_string(),
                Some(_) => format!("#:{}", key.text),
            };
            for (n, request) in (1..).zip(done) {
                let text = format!("service {said} {n}: {}{}", request.text, hole(request.id));
                line(text, &[key.id, request.id]);
            }
        }
        for (sequence, (subject, body, name)) in (1..).zip(&state.subjects) {
            let said = name.map_or_else(String::new, |name| format!("{}{}", name.text, hole(name.id)));
            let text = format!("sent {sequence} {subject}: {}{} as {said}", body.text, hole(body.id));
            line(text, &[body.id, name.and_then(|name| name.id)]);
        }
        for (endpoint, note) in &state.published {
            line(format!("published {endpoint}{}{}", note.text, hole(note.id)), &[note.id]);
        }
        canonical(&lines)
    }

    // Budgets.

    fn budget(&self, fault: Fault, message: Note) -> (usize, u8) {
        let sent = self.scope.mail.iter().position(|&(_, text)| message == Note::plain(text));
        match (fault, self.scope.faults_per_message) {
            (Fault::StaleRead, _) => (1, self.scope.stale),
            (_, None) => (0, self.scope.faults),
            (_, Some(each)) => sent.map_or((0, 0), |index| (2 + index, each)),
        }
    }

    /// The state after paying for the fault, if that is possible.
    fn pay(&self, state: &State, fault: Fault, message: Note) -> Option<State> {
        let (budget, limit) = self.budget(fault, message);
        (self.scope.classes.contains(fault) && state.used[budget] < limit).then(|| {
            let mut state = state.clone();
            state.used[budget] += 1;
            state
        })
    }

    // Steps.

    fn successors(&self, state: &State) -> Vec<(bool, State)> {
        let mut next = Vec::new();
        for place in 0..state.queue.len() {
            let (endpoint, message) = state.queue[place];
            if let Some(worker) = idle(state, endpoint) {
                let mut state = state.clone();
                state.queue.remove(place);
                self.start(&mut state, worker, message);
                next.push((false, state));
            }
        }
        for worker in 0..state.workers.len() {
            if let (endpoint, Some(busy)) = &state.workers[worker] {
                self.worker(state, worker, *endpoint, busy, &mut next);
            }
        }
        for place in 0..state.flying.len() {
            let flying = state.flying[place].clone();
            let fault = if kind(&flying.ask) == Kind::Publish {
                Fault::PublishLandsLate
            } else {
                Fault::WriteLandsLate
            };
            let paid =
                if flying.certain { Some(state.clone()) } else { self.pay(state, fault, flying.message) };
            if let Some(mut state) = paid {
                state.flying.remove(place);
                self.effect(&mut state, flying.endpoint, flying.message, &flying.ask);
                next.push((!flying.certain, state));
            }
        }
        self.time(state, &mut next);
        // Another copy, of whatever was sent or published to anybody.
        let published = state.published.iter().flat_map(|&(from, note)| {
            let routes =
                self.scope.routes.iter().filter(move |route| (route.0, route.1) == (from, note.text));
            routes.map(move |route| (route.2, note))
        });
        let sent = self.scope.mail.iter().map(|&(endpoint, text)| (endpoint, Note::plain(text)));
        for (endpoint, message) in sent.chain(published) {
            if let Some(worker) = idle(state, endpoint)
                && let Some(mut state) = self.pay(state, Fault::Duplicate, message)
            {
                self.start(&mut state, worker, message);
                next.push((true, state));
            }
        }
        next
    }

    /// What time undoes, and what the service forgets.
    fn time(&self, state: &State, next: &mut Vec<(bool, State)>) {
        // Of no message, so that a budget for each message has nothing for it.
        let limit = if self.scope.faults_per_message.is_some() { 0 } else { self.scope.faults };
        if !self.scope.classes.contains(Fault::TimeToLiveExpires) || state.used[0] >= limit {
            return;
        }
        let mut paid = state.clone();
        paid.used[0] += 1;
        for (place, (_, seconds)) in state.fading.iter().enumerate() {
            let sooner = state.fading[..place].iter().any(|(_, other)| other <= seconds);
            let mut busy = state.workers.iter().filter_map(|(_, busy)| busy.as_ref());
            let locked = *seconds >= LOCK && busy.any(|busy| busy.outlasts.contains(&place));
            if sooner || locked {
                continue;
            }
            let mut state = paid.clone();
            match state.keep(place) {
                Fading::Document((store, text, id)) => {
                    let key = Key { store: u8::from(store == SHARED), text, id };
                    self.replace(&mut state, store, key, None);
                }
                Fading::Name(name) => _ = state.known.remove(&name),
            }
            next.push((true, state));
        }
        let Some(rule) = self.scope.forgets else { return };
        for (key, (_, remembered)) in &state.service {
            let Some(message) = remembered else { continue };
            let mut busy = state.workers.iter().filter_map(|(_, busy)| busy.as_ref());
            let under_way = busy.any(|busy| busy.message == *message)
                || state.flying.iter().any(|flying| flying.message == *message);
            let there =
                |text| state.documents.get(&(0, text, None)).is_some_and(|(document, _)| document.is_some());
            let may = match rule {
                Forgets::Always => true,
                Forgets::WithDocumentOfMessage => there(message.text),
                Forgets::WithoutDocument(text) => !there(text),
            };
            if may && !under_way {
                let mut state = paid.clone();
                state.service.get_mut(key).expect("it is there").1 = None;
                next.push((true, state));
            }
        }
    }

    fn worker(&self, state: &State, worker: usize, endpoint: u8, busy: &Busy, next: &mut Vec<(bool, State)>) {
        // The same message on two workers.
        if busy.locked
            && let Some(other) = idle(state, endpoint)
            && let Some(mut state) = self.pay(state, Fault::LockExpires, busy.message)
        {
            let slow = state.workers[worker].1.as_mut().expect("busy");
            slow.locked = false;
            slow.outlasts.clear();
            self.start(&mut state, other, busy.message);
            next.push((true, state));
        }
        match &busy.doing {
            Doing::Waiting(asks) => {
                for (place, ask) in asks.iter().enumerate() {
                    self.call(state, worker, place, busy, ask, next);
                }
            }
            Doing::Dispatching(left) if left.is_empty() => {
                let mut done = state.clone();
                done.workers[worker].1 = None;
                next.push((false, done));
                for fault in [Fault::AckFails, Fault::CrashBeforeAck] {
                    if busy.locked
                        && let Some(mut state) = self.pay(state, fault, busy.message)
                    {
                        self.give_back(&mut state, worker);
                        next.push((true, state));
                    }
                }
            }
            Doing::Dispatching(left) => {
                let output = left[0].map(&mut |name| busy.names[name as usize]);
                let mut sent = state.clone();
                self.publish(&mut sent, endpoint, output);
                sent.workers[worker].1.as_mut().expect("busy").doing = Doing::Dispatching(left[1..].to_vec());
                next.push((false, sent));
                for (fault, takes_effect) in [
                    (Fault::PublishFails, false),
                    (Fault::CrashBeforePublish, false),
                    (Fault::CrashAfterPublish, true),
                ] {
                    if let Some(mut state) = self.pay(state, fault, busy.message) {
                        if takes_effect {
                            self.publish(&mut state, endpoint, output);
                        }
                        self.give_back(&mut state, worker);
                        next.push((true, state));
                    }
                }
            }
        }
    }

    fn call(
        &self,
        state: &State,
        worker: usize,
        place: usize,
        busy: &Busy,
        ask: &Ask,
        next: &mut Vec<(bool, State)>,
    ) {
        let endpoint = state.workers[worker].0;
        let real = ask.map(&mut |name| busy.names[name as usize]);
        // All goes well.
        let mut fine = state.clone();
        let answer = self.effect(&mut fine, endpoint, busy.message, &real);
        self.reply(&mut fine, worker, place, &answer);
        next.push((false, fine));
        let faults = match kind(ask) {
            Kind::Read => {
                if let Some(mut state) = self.pay(state, Fault::ReadFails, busy.message) {
                    self.reply(&mut state, worker, place, &Answer::Unavailable);
                    next.push((true, state));
                }
                if let Ask::Get(key) = real
                    && self.scope.weak
                    && key.store == 0
                    && let Some((_, history)) = state.documents.get(&place_of(endpoint, key))
                {
                    for old in history {
                        if let Some(mut state) = self.pay(state, Fault::StaleRead, busy.message) {
                            let answer = old.map_or(Answer::Absent, |(body, etag)| Answer::Found(body, etag));
                            self.reply(&mut state, worker, place, &answer);
                            next.push((true, state));
                        }
                    }
                }
                return;
            }
            Kind::Write => [
                Fault::WriteFails,
                Fault::WriteReplyLost,
                Fault::CrashBeforeWrite,
                Fault::CrashAfterWrite,
                Fault::WriteLandsLate,
            ],
            Kind::Publish => [
                Fault::PublishFails,
                Fault::PublishReplyLost,
                Fault::CrashBeforePublish,
                Fault::CrashAfterPublish,
                Fault::PublishLandsLate,
            ],
        };
        for (case, fault) in faults.into_iter().enumerate() {
            let Some(mut state) = self.pay(state, fault, busy.message) else { continue };
            match case {
                0 => self.reply(&mut state, worker, place, &Answer::NoReply),
                1 => {
                    self.effect(&mut state, endpoint, busy.message, &real);
                    self.reply(&mut state, worker, place, &Answer::NoReply);
                }
                _ => {
                    match case {
                        3 => _ = self.effect(&mut state, endpoint, busy.message, &real),
                        4 => state.flying.push(Flying {
                            endpoint,
                            message: busy.message,
                            ask: real,
                            certain: true,
                        }),
                        _ => {}
                    }
                    let Doing::Waiting(asks) = &busy.doing else { unreachable!("it waits") };
                    let others =
                        asks.iter().enumerate().filter(|(other, _)| *other != place).map(|(_, ask)| *ask);
                    self.drop_asks(&mut state, worker, &others.collect::<Vec<_>>());
                    self.give_back(&mut state, worker);
                }
            }
            next.push((true, state));
        }
    }

    fn start(&self, state: &mut State, worker: usize, message: Note) {
        let names: Vec<Name> = message.id.into_iter().collect();
        state.workers[worker].1 = Some(Busy {
            message,
            locked: true,
            outlasts: Vec::new(),
            names,
            log: Vec::new(),
            doing: Doing::Waiting(Vec::new()),
        });
        self.advance(state, worker);
    }

    fn reply(&self, state: &mut State, worker: usize, place: usize, answer: &Answer) {
        let busy = state.workers[worker].1.as_mut().expect("busy");
        let Doing::Waiting(asks) = &mut busy.doing else { unreachable!("it waits") };
        let ask = asks.remove(place);
        let names = &mut busy.names;
        let answer = answer.map(&mut |name| {
            let place = names.iter().position(|&known| known == name).unwrap_or_else(|| {
                names.push(name);
                names.len() - 1
            });
            place as Name
        });
        busy.log.push((ask, answer));
        self.advance(state, worker);
    }

    /// Lets the handler run on.
    fn advance(&self, state: &mut State, worker: usize) {
        let (endpoint, Some(busy)) = &state.workers[worker] else { unreachable!("busy") };
        let asked = (*endpoint, local_message(busy), busy.log.clone());
        let mut wishes = self.wishes.borrow_mut();
        let wish = wishes
            .entry(asked)
            .or_insert_with_key(|(endpoint, message, log)| {
                (self.program)(*endpoint, *message, log, busy.names.len() as Name)
            })
            .clone();
        let Doing::Waiting(before) = busy.doing.clone() else { unreachable!("it ran") };
        let draw = |state: &mut State, mention: &mut dyn FnMut(&mut dyn FnMut(Name) -> Name)| {
            mention(&mut |name| {
                while state.workers[worker].1.as_ref().expect("busy").names.len() <= name as usize {
                    let fresh = state.fresh();
                    state.workers[worker].1.as_mut().expect("busy").names.push(fresh);
                }
                name
            });
        };
        let doing = match wish {
            Wish::Ask(asks) => {
                let gone: Vec<Ask> = before.iter().filter(|ask| !asks.contains(ask)).copied().collect();
                self.drop_asks(state, worker, &gone);
                let mut open: Vec<Ask> = Vec::new();
                for ask in asks {
                    draw(state, &mut |f| _ = ask.map(f));
                    if !open.contains(&ask) {
                        open.push(ask);
                    }
                }
                open.sort_unstable();
                Doing::Waiting(open)
            }
            Wish::Done(outputs) => {
                self.drop_asks(state, worker, &before);
                for output in &outputs {
                    draw(state, &mut |f| _ = output.map(f));
                }
                Doing::Dispatching(outputs)
            }
            Wish::Fail => {
                self.drop_asks(state, worker, &before);
                return self.give_back(state, worker);
            }
        };
        state.workers[worker].1.as_mut().expect("busy").doing = doing;
    }

    /// Calls that nobody waits for any more may take effect later, or not.
    fn drop_asks(&self, state: &mut State, worker: usize, asks: &[Ask]) {
        let (endpoint, Some(busy)) = state.workers[worker].clone() else { unreachable!("busy") };
        for ask in asks {
            let fault = match kind(ask) {
                Kind::Read => continue,
                Kind::Write => Fault::WriteLandsLate,
                Kind::Publish => Fault::PublishLandsLate,
            };
            if self.pay(state, fault, busy.message).is_some() {
                let ask = ask.map(&mut |name| busy.names[name as usize]);
                state.flying.push(Flying { endpoint, message: busy.message, ask, certain: false });
            }
        }
    }

    /// The worker is free again, and the message back on the queue, unless
    /// another worker has it by now.
    fn give_back(&self, state: &mut State, worker: usize) {
        let endpoint = state.workers[worker].0;
        let busy = state.workers[worker].1.take().expect("busy");
        if busy.locked {
            state.queue.push((endpoint, busy.message));
        }
    }

    // Effects.

    fn publish(&self, state: &mut State, endpoint: u8, note: Note) {
        for route in &self.scope.routes {
            if (route.0, route.1) == (endpoint, note.text) {
                state.queue.push((route.2, note));
            }
        }
        state.published.insert((endpoint, note));
    }

    fn effect(&self, state: &mut State, endpoint: u8, message: Note, ask: &Ask) -> Answer {
        match *ask {
            Ask::PutExpiring { key, body, guard, week } => {
                let answer = self.effect(state, endpoint, message, &Ask::Put { key, body, guard });
                if answer != Answer::Conflict {
                    let seconds = if week { 7 * 24 * 3_600 } else { 1 };
                    state.fade(Fading::Document(place_of(endpoint, key)), seconds);
                }
                answer
            }
            Ask::Call { key, request } => {
                let (done, remembered) = state.service.entry(key).or_default();
                if remembered.is_some() && done.last() != Some(&request) {
                    return Answer::KeyReused;
                }
                if remembered.is_none() {
                    done.push(request);
                    *remembered = Some(message);
                }
                Answer::Done(done.len() as u64)
            }
            Ask::ReadLog { log, from, limit } => {
                let records = state.logs.get(&(endpoint, log)).into_iter().flatten();
                Answer::Records(records.skip(from as usize).take(limit).copied().collect())
            }
            Ask::AppendLog { log, expected, records } => {
                let length = state.logs.get(&(endpoint, log)).map_or(0, Vec::len) as u64;
                if length != expected {
                    return Answer::Conflict;
                }
                let records: Vec<Note> = records.into_iter().flatten().collect();
                if !records.is_empty() {
                    state.logs.entry((endpoint, log)).or_default().extend(&records);
                }
                Answer::Appended(length + records.len() as u64)
            }
            Ask::Send { subject, body, name, expected } => {
                let duplicate = name.and_then(|name| state.known.get(&name).copied());
                let duplicate = duplicate.map(|sequence| Answer::Acked { sequence, duplicate: true });
                if let (true, Some(answer)) = (self.scope.name_first, &duplicate) {
                    return answer.clone();
                }
                let (wanted, actual) = match expected {
                    Expect::Nothing => (0, 0),
                    Expect::Last(sequence) => (sequence, state.subjects.len() as u64),
                    Expect::LastOfSubject(sequence) => (sequence, state.last(subject)),
                    Expect::LastOf(filter, sequence) => (sequence, state.last(filter)),
                };
                if wanted != actual {
                    return Answer::WrongLast(actual);
                }
                if let Some(answer) = duplicate {
                    return answer;
                }
                state.subjects.push((subject, body, name));
                let sequence = state.subjects.len() as u64;
                if let Some(name) = name {
                    state.known.insert(name, sequence);
                    state.fade(Fading::Name(name), WINDOW);
                }
                Answer::Acked { sequence, duplicate: false }
            }
            Ask::Receive(filter) => Answer::Messages(
                (1..)
                    .zip(&state.subjects)
                    .filter(|(_, (subject, _, _))| matches(filter, subject))
                    .map(|(sequence, &(subject, body, name))| (sequence, subject.to_owned(), body, name))
                    .collect(),
            ),
            Ask::Read(stream) => {
                Answer::Events(state.streams.get(&(endpoint, stream)).cloned().unwrap_or_default())
            }
            Ask::Append { stream, expected, event } => {
                let version = state.streams.get(&(endpoint, stream)).map_or(0, Vec::len) as u64;
                if version != expected {
                    return Answer::Conflict;
                }
                state.streams.entry((endpoint, stream)).or_default().push(event);
                Answer::Appended(version + 1)
            }
            Ask::Get(key) => match state.documents.get(&place_of(endpoint, key)) {
                Some((Some((body, etag)), _)) => Answer::Found(*body, *etag),
                _ => Answer::Absent,
            },
            Ask::Put { key, body, guard } => {
                if !holds(state, endpoint, key, guard) {
                    return Answer::Conflict;
                }
                let etag = state.fresh();
                self.replace(state, endpoint, key, Some((body, etag)));
                Answer::Stored(etag)
            }
            Ask::Delete { key, guard } => {
                if !holds(state, endpoint, key, guard) {
                    return Answer::Conflict;
                }
                if state.documents.contains_key(&place_of(endpoint, key)) {
                    self.replace(state, endpoint, key, None);
                }
                Answer::Deleted
            }
            Ask::Publish(note) => {
                self.publish(state, endpoint, note);
                Answer::Published
            }
        }
    }

    fn replace(&self, state: &mut State, endpoint: u8, key: Key, now: Document) {
        let remembers = self.scope.weak && key.store == 0 && self.scope.stale > 0;
        let place = place_of(endpoint, key);
        while let Some(fading) =
            state.fading.iter().position(|(fading, _)| *fading == Fading::Document(place))
        {
            state.keep(fading);
        }
        let (current, history) = state.documents.entry(place).or_default();
        let before = std::mem::replace(current, now);
        if remembers {
            history.push(before);
        } else if now.is_none() {
            state.documents.remove(&place);
        }
    }
}

const SHARED: u8 = 100;

fn place_of(endpoint: u8, key: Key) -> (u8, char, Option<Name>) {
    (if key.store == 0 { endpoint } else { SHARED }, key.text, key.id)
}

fn holds(state: &State, endpoint: u8, key: Key, guard: Guard) -> bool {
    let now = state.documents.get(&place_of(endpoint, key)).and_then(|(now, _)| now.as_ref());
    match guard {
        Guard::None => true,
        Guard::IfAbsent => now.is_none(),
        Guard::IfEtag(etag) => now.is_some_and(|(_, current)| *current == etag),
    }
}

fn local_message(busy: &Busy) -> Note {
    Note { text: busy.message.text, id: busy.message.id.map(|_| 0) }
}

fn idle(state: &State, endpoint: u8) -> Option<usize> {
    state.workers.iter().position(|(of, busy)| *of == endpoint && busy.is_none())
}

pub fn hole(id: Option<Name>) -> &'static str {
    if id.is_some() { "#" } else { "" }
}

/// Lines with holes for ids, and the ids: with the ids numbered so that the
/// whole is least. Two worlds that differ only in names give the same. `None`
/// if too many of them are alike.
pub fn canonical(lines: &[(String, Vec<Name>)]) -> Option<Rest> {
    let mut names: Vec<Name> = lines.iter().flat_map(|(_, ids)| ids.iter().copied()).collect();
    names.sort_unstable();
    names.dedup();
    // Names that occur in different places are told apart by that, which
    // leaves few orders to try.
    let mut classes: BTreeMap<Name, usize> = names.iter().map(|&name| (name, 0)).collect();
    for _ in 0..names.len() {
        let mut places: BTreeMap<Name, Vec<(&str, usize, Vec<usize>)>> = BTreeMap::new();
        for (text, ids) in lines {
            for (place, id) in ids.iter().enumerate() {
                let others = ids.iter().map(|id| classes[id]).collect();
                places.entry(*id).or_default().push((text, place, others));
            }
        }
        places.values_mut().for_each(|places| places.sort());
        let kinds: BTreeSet<_> = places.values().collect();
        classes = places
            .iter()
            .map(|(&name, places)| {
                (name, kinds.iter().position(|kind| *kind == places).expect("it is one of them"))
            })
            .collect();
    }
    names.sort_by_key(|name| classes[name]);
    let class: Vec<usize> = names.iter().map(|name| classes[name]).collect();
    let orders = class
        .chunk_by(|a, b| a == b)
        .flat_map(|alike| 1..=alike.len())
        .try_fold(1usize, |product, factor| product.checked_mul(factor).filter(|&product| product <= 720));
    orders?;
    let mut best: Option<Rest> = None;
    permute(&mut names, &class, 0, &mut |order| {
        let mut rest: Rest = lines
            .iter()
            .map(|(text, ids)| {
                let mut ids = ids.iter();
                text.chars().fold(String::new(), |mut line, letter| {
                    line.push(letter);
                    if letter == '#' {
                        let id = ids.next().expect("an id for each hole");
                        let number =
                            order.iter().position(|other| other == id).expect("a number for each id");
                        line.push_str(&number.to_string());
                    }
                    line
                })
            })
            .collect();
        rest.sort();
        if best.as_ref().is_none_or(|best| rest < *best) {
            best = Some(rest);
        }
    });
    best
}

/// Every order of the items in which the classes stay where they are.
fn permute(items: &mut [Name], class: &[usize], from: usize, visit: &mut impl FnMut(&[Name])) {
    if from == items.len() {
        return visit(items);
    }
    for place in from..items.len() {
        if class[place] == class[from] {
            items.swap(from, place);
            permute(items, class, from + 1, visit);
            items.swap(from, place);
        }
    }
}
