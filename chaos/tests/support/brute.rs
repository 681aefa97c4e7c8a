//! A tiny model of the same world, explored by brute force.
//!
//! Written from the fault table of the design, and using nothing of the
//! engine: the state is spelt out, every step from it is listed, and states are
//! told apart by comparing them. No reduction but one: states that differ only
//! in the names of ids (in their order of age) are one state.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use chaos::{Fault, Faults};

use super::programs::{Answer, Ask, Guard, Key, Name, Note, Program, Wish};

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

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct State {
    /// By store (own ones by endpoint, the shared one last) and key.
    documents: BTreeMap<(u8, char, Option<Name>), (Document, Vec<Document>)>,
    streams: BTreeMap<(u8, char), Vec<char>>,
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
        Ask::Read(_) | Ask::Get(_) => Kind::Read,
        Ask::Append { .. } | Ask::Put { .. } | Ask::Delete { .. } => Kind::Write,
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
                self.effect(&mut state, flying.endpoint, &flying.ask);
                next.push((!flying.certain, state));
            }
        }
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

    fn worker(&self, state: &State, worker: usize, endpoint: u8, busy: &Busy, next: &mut Vec<(bool, State)>) {
        // The same message on two workers.
        if busy.locked
            && let Some(other) = idle(state, endpoint)
            && let Some(mut state) = self.pay(state, Fault::LockExpires, busy.message)
        {
            state.workers[worker].1.as_mut().expect("busy").locked = false;
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
        let answer = self.effect(&mut fine, endpoint, &real);
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
                    self.effect(&mut state, endpoint, &real);
                    self.reply(&mut state, worker, place, &Answer::NoReply);
                }
                _ => {
                    match case {
                        3 => _ = self.effect(&mut state, endpoint, &real),
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
        state.workers[worker].1 =
            Some(Busy { message, locked: true, names, log: Vec::new(), doing: Doing::Waiting(Vec::new()) });
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

    fn effect(&self, state: &mut State, endpoint: u8, ask: &Ask) -> Answer {
        match *ask {
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
