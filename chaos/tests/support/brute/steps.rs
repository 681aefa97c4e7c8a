//! What can happen next, and what it costs.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use chaos::Fault;

use super::super::programs::{Answer, Ask, Name, Note, Program, Wish};
use super::Scope;
use super::effects::found;
use super::world::{Busy, Doing, Flying, Message, State, place_of};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Read,
    Write,
    Publish,
    /// It never fails.
    Clock,
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
        Ask::Deadline { .. } | Ask::HasPassed(_) => Kind::Clock,
    }
}

/// What becomes of a call that does not go well.
enum Mishap {
    /// No effect, and the caller knows.
    Refused,
    /// No reply; and the call never takes effect, has taken it, or will.
    NoReply(When),
    /// The worker dies; likewise.
    Crash(When),
}

enum When {
    Never,
    AtOnce,
    /// Certain, and rest waits for it.
    Later,
}

const MISHAPS_OF_WRITES: [(Fault, Mishap); 7] = [
    (Fault::WriteUnavailable, Mishap::Refused),
    (Fault::WriteFails, Mishap::NoReply(When::Never)),
    (Fault::WriteReplyLost, Mishap::NoReply(When::AtOnce)),
    (Fault::WriteReplyLate, Mishap::NoReply(When::Later)),
    (Fault::CrashBeforeWrite, Mishap::Crash(When::Never)),
    (Fault::CrashAfterWrite, Mishap::Crash(When::AtOnce)),
    (Fault::WriteLandsLate, Mishap::Crash(When::Later)),
];

const MISHAPS_OF_PUBLISHES: [(Fault, Mishap); 6] = [
    (Fault::PublishFails, Mishap::NoReply(When::Never)),
    (Fault::PublishReplyLost, Mishap::NoReply(When::AtOnce)),
    (Fault::PublishReplyLate, Mishap::NoReply(When::Later)),
    (Fault::CrashBeforePublish, Mishap::Crash(When::Never)),
    (Fault::CrashAfterPublish, Mishap::Crash(When::AtOnce)),
    (Fault::PublishLandsLate, Mishap::Crash(When::Later)),
];

/// An endpoint, a message as its handler sees it, and the replies so far.
type Situation = (u8, Note, Vec<(Ask, Answer)>);

pub(super) struct Model<'a> {
    pub program: &'a Program,
    pub scope: &'a Scope,
    /// Whether faults and stale reads have stopped for good.
    pub calm: bool,
    /// What the program has answered before.
    pub wishes: RefCell<HashMap<Situation, Wish>>,
}

impl Model<'_> {
    pub fn initial(&self) -> State {
        let mail = self.scope.mail.iter();
        let mut state = State {
            documents: BTreeMap::new(),
            streams: BTreeMap::new(),
            logs: BTreeMap::new(),
            service: BTreeMap::new(),
            subjects: Vec::new(),
            known: BTreeMap::new(),
            fading: Vec::new(),
            queue: mail.map(|&(endpoint, text)| (endpoint, Message::sent(text))).collect(),
            workers: (0..self.scope.endpoints)
                .flat_map(|endpoint| (0..self.scope.workers).map(move |_| (endpoint, None)))
                .collect(),
            published: BTreeMap::new(),
            flying: Vec::new(),
            used: Default::default(),
            next: 0,
        };
        state.normalise();
        state
    }

    // Budgets.

    /// The messages that were sent and at whose processing, or at that of what
    /// came of it, this one was published. Those that are known by now.
    fn roots(&self, state: &State, message: Message) -> BTreeSet<usize> {
        let mut causes = vec![message];
        let mut seen: BTreeSet<Message> = BTreeSet::new();
        while let Some(message) = causes.pop() {
            if seen.insert(message) {
                causes.extend(state.published.get(&message).into_iter().flatten());
            }
        }
        let mail = self.scope.mail.iter();
        mail.enumerate()
            .filter(|(_, (_, text))| seen.contains(&Message::sent(*text)))
            .map(|(index, _)| index)
            .collect()
    }

    /// The state after paying for the fault, if that is possible: by all that a
    /// fault at this message is charged to.
    pub fn pay(&self, state: &State, fault: Fault, message: Option<Message>) -> Option<State> {
        if self.calm || !self.scope.classes.contains(fault) {
            return None;
        }
        let charged: Vec<(usize, u8)> = match (fault, self.scope.faults_per_message) {
            (Fault::StaleRead, _) => vec![(1, self.scope.stale)],
            (_, None) => vec![(0, self.scope.faults)],
            (_, Some(each)) => {
                let roots = message.map(|message| self.roots(state, message)).unwrap_or_default();
                roots.into_iter().map(|root| (2 + root, each)).collect()
            }
        };
        let affordable =
            !charged.is_empty() && charged.iter().all(|&(budget, limit)| state.used[budget] < limit);
        affordable.then(|| {
            let mut state = state.clone();
            charged.iter().for_each(|&(budget, _)| state.used[budget] += 1);
            state
        })
    }

    // Steps. Each comes with whether it is a fault.

    pub fn successors(&self, state: &State) -> Vec<(bool, State)> {
        let mut next = Vec::new();
        self.deliveries(state, &mut next);
        for worker in 0..state.workers.len() {
            if let (endpoint, Some(busy)) = &state.workers[worker] {
                self.worker(state, worker, *endpoint, busy, &mut next);
            }
        }
        self.landings(state, &mut next);
        self.deadlines(state, &mut next);
        self.forgetting(state, &mut next);
        self.losing(state, &mut next);
        for (_, state) in &mut next {
            let old = self.scope.classes.contains(Fault::StaleRead) && state.used[1] < self.scope.stale;
            state.forget_deadlines(old);
        }
        next
    }

    /// A copy that is there; or another one, of whatever was sent or published
    /// to anybody.
    fn deliveries(&self, state: &State, next: &mut Vec<(bool, State)>) {
        for place in 0..state.queue.len() {
            let (endpoint, message) = state.queue[place];
            if let Some(worker) = state.idle(endpoint) {
                let mut state = state.clone();
                state.queue.remove(place);
                self.start(&mut state, worker, message);
                next.push((false, state));
            }
        }
        let sent = self.scope.mail.iter().map(|&(endpoint, text)| (endpoint, Message::sent(text)));
        let published = state.published.keys().flat_map(|&message| {
            let routes = self.scope.routes.iter();
            let routes =
                routes.filter(move |route| (Some(route.0), route.1) == (message.by, message.note.text));
            routes.map(move |route| (route.2, message))
        });
        for (endpoint, message) in sent.chain(published) {
            if let Some(worker) = state.idle(endpoint)
                && let Some(mut state) = self.pay(state, Fault::Duplicate, Some(message))
            {
                self.start(&mut state, worker, message);
                next.push((true, state));
            }
        }
    }

    /// A call that is under way by itself takes effect: for nothing if that is
    /// certain, and otherwise as a fault.
    fn landings(&self, state: &State, next: &mut Vec<(bool, State)>) {
        for place in 0..state.flying.len() {
            let Flying { endpoint, message, ask, certain } = state.flying[place].clone();
            let paid =
                if certain { Some(state.clone()) } else { self.pay(state, lands_late(&ask), Some(message)) };
            if let Some(mut state) = paid {
                state.flying.remove(place);
                self.effect(&mut state, endpoint, message, &ask);
                next.push((!certain, state));
            }
        }
    }

    fn worker(&self, state: &State, worker: usize, endpoint: u8, busy: &Busy, next: &mut Vec<(bool, State)>) {
        let pay = |fault| self.pay(state, fault, Some(busy.message));
        match &busy.doing {
            Doing::CutOff => return,
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
                        && let Some(mut state) = pay(fault)
                    {
                        self.give_back(&mut state, worker);
                        next.push((true, state));
                    }
                }
            }
            Doing::Dispatching(left) => {
                let output = left[0].map(&mut |name| busy.names[name as usize]);
                let mut sent = state.clone();
                self.publish(&mut sent, endpoint, busy.message, output);
                sent.at(worker).doing = Doing::Dispatching(left[1..].to_vec());
                next.push((false, sent));
                for (fault, takes_effect) in [
                    (Fault::PublishFails, false),
                    (Fault::CrashBeforePublish, false),
                    (Fault::CrashAfterPublish, true),
                ] {
                    if let Some(mut state) = pay(fault) {
                        if takes_effect {
                            self.publish(&mut state, endpoint, busy.message, output);
                        }
                        self.give_back(&mut state, worker);
                        next.push((true, state));
                    }
                }
            }
        }
        // The same message on two workers.
        if busy.locked
            && let Some(other) = state.idle(endpoint)
            && let Some(mut state) = pay(Fault::LockExpires)
        {
            let slow = state.at(worker);
            slow.locked = false;
            slow.outlasts.clear();
            self.start(&mut state, other, busy.message);
            next.push((true, state));
        }
    }

    /// The ways in which a call can be answered, or not.
    fn call(
        &self,
        state: &State,
        worker: usize,
        place: usize,
        busy: &Busy,
        ask: &Ask,
        next: &mut Vec<(bool, State)>,
    ) {
        let (endpoint, message, real) = (state.workers[worker].0, busy.message, busy.real(ask));
        // All goes well, or there is a true conflict.
        let mut fine = state.clone();
        let answer = self.effect(&mut fine, endpoint, message, &real);
        self.reply(&mut fine, worker, place, &answer);
        next.push((false, fine));
        let mishaps = match kind(ask) {
            Kind::Read => return self.failed_read(state, worker, place, message, &real, next),
            Kind::Write => &MISHAPS_OF_WRITES[..],
            Kind::Publish => &MISHAPS_OF_PUBLISHES[..],
            Kind::Clock => &[],
        };
        for (fault, mishap) in mishaps {
            let Some(mut state) = self.pay(state, *fault, Some(message)) else { continue };
            let take_effect = |state: &mut State, when: &When| match when {
                When::Never => {}
                When::AtOnce => _ = self.effect(state, endpoint, message, &real),
                When::Later => state.flying.push(Flying { endpoint, message, ask: real, certain: true }),
            };
            match mishap {
                Mishap::Refused => self.reply(&mut state, worker, place, &Answer::Unavailable),
                Mishap::NoReply(when) => {
                    take_effect(&mut state, when);
                    self.reply(&mut state, worker, place, &Answer::NoReply);
                }
                Mishap::Crash(when) => {
                    take_effect(&mut state, when);
                    let Doing::Waiting(asks) = &mut state.at(worker).doing else { unreachable!("it waits") };
                    asks.remove(place);
                    let others = asks.clone();
                    self.drop_asks(&mut state, worker, &others);
                    self.give_back(&mut state, worker);
                }
            }
            next.push((true, state));
        }
    }

    /// A read finds its store unavailable, or an older version.
    fn failed_read(
        &self,
        state: &State,
        worker: usize,
        place: usize,
        message: Message,
        real: &Ask,
        next: &mut Vec<(bool, State)>,
    ) {
        if let Some(mut state) = self.pay(state, Fault::ReadFails, Some(message)) {
            self.reply(&mut state, worker, place, &Answer::Unavailable);
            next.push((true, state));
        }
        if let Ask::Get(key) = real
            && self.scope.weak
            && key.store == 0
            && let Some((_, history)) = state.documents.get(&place_of(state.workers[worker].0, *key))
        {
            for old in history {
                if let Some(mut state) = self.pay(state, Fault::StaleRead, Some(message)) {
                    self.reply(&mut state, worker, place, &found(*old));
                    next.push((true, state));
                }
            }
        }
    }

    // What workers do.

    fn start(&self, state: &mut State, worker: usize, message: Message) {
        state.workers[worker].1 = Some(Busy::of(message));
        self.advance(state, worker);
    }

    fn reply(&self, state: &mut State, worker: usize, place: usize, answer: &Answer) {
        let busy = state.at(worker);
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

    /// Lets the handler run on, until it waits or ends.
    fn advance(&self, state: &mut State, worker: usize) {
        let (endpoint, Some(busy)) = &state.workers[worker] else { unreachable!("busy") };
        let Doing::Waiting(before) = busy.doing.clone() else { unreachable!("it ran") };
        let calls = busy.log.len();
        let mut wish = self
            .wishes
            .borrow_mut()
            .entry((*endpoint, busy.local_message(), busy.log.clone()))
            .or_insert_with_key(|(endpoint, message, log)| {
                (self.program)(*endpoint, *message, log, busy.names.len() as Name)
            })
            .clone();
        let draw = |state: &mut State, mention: &mut dyn FnMut(&mut dyn FnMut(Name) -> Name)| {
            mention(&mut |name| {
                while state.at(worker).names.len() <= name as usize {
                    let fresh = state.fresh();
                    state.at(worker).names.push(fresh);
                }
                name
            });
        };
        while let Wish::Begin(asks, then) = wish {
            for ask in &asks {
                draw(state, &mut |f| _ = ask.map(f));
            }
            self.drop_asks(state, worker, &asks);
            wish = *then;
        }
        let doing = match wish {
            Wish::Ask(_) if calls >= self.scope.calls => Doing::CutOff,
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
            Wish::Begin(..) => unreachable!("all are begun"),
        };
        state.at(worker).doing = doing;
    }

    /// Calls that nobody waits for any more may take effect later, or not.
    fn drop_asks(&self, state: &mut State, worker: usize, asks: &[Ask]) {
        let (endpoint, Some(busy)) = state.workers[worker].clone() else { unreachable!("busy") };
        for ask in asks.iter().filter(|ask| !matches!(kind(ask), Kind::Read | Kind::Clock)) {
            // What cannot be paid for now never can.
            if self.pay(state, lands_late(ask), Some(busy.message)).is_some() {
                let (message, ask) = (busy.message, busy.real(ask));
                state.flying.push(Flying { endpoint, message, ask, certain: false });
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
}

/// The class of the fault that a dropped call takes effect.
fn lands_late(ask: &Ask) -> Fault {
    if kind(ask) == Kind::Publish { Fault::PublishLandsLate } else { Fault::WriteLandsLate }
}
