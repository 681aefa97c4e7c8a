//! A tiny model of the same world, explored by brute force.
//!
//! Written from the documentation, and using nothing of the engine: the state is
//! spelt out, every step from it is listed, and states are told apart by
//! comparing them. No reduction but one: states that differ only in the names of
//! ids (in their order of age) are one state. What follows is what the engine is
//! held to; the files of this folder say it again, in code.
//!
//! # Steps that are free
//!
//! - Any copy that is on a queue is delivered to any idle worker of its endpoint.
//! - A call is answered as it should be: with what is there, or a true conflict.
//! - An endpoint whose handler returned `Ok` dispatches its outputs, one by one,
//!   and acknowledges. One whose handler returned an error, or whose worker died,
//!   hands its message back to the queue, if it still has the lock.
//! - A call that is *certain* to land takes effect, at any later moment.
//! - **Time passes by itself**: when no worker is busy (whether copies are queued
//!   or not), the next deadline in order passes. *In order*: of two deadlines set
//!   one after the other, the later one cannot pass first if its time to live is
//!   as long or longer. That needs no class of faults to be allowed.
//! - The clock gives a handler a deadline, or says whether one has passed. It never
//!   fails. A deadline is a name; once nobody knows it any more (no document, message,
//!   worker, or call that is under way), there is no such deadline.
//!
//! # Steps that are faults
//!
//! Each is of a class that must be allowed, and costs one of its budget.
//!
//! | at | class | effect | the handler |
//! |---|---|---|---|
//! | a read | `ReadFails` | – | gets `Unavailable` |
//! | a read of a weak store | `StaleRead` (a budget of its own) | – | gets an older version |
//! | a write | `WriteUnavailable` | never | gets `Unavailable` |
//! | | `WriteFails` | never | gets no reply |
//! | | `WriteReplyLost` | at once | gets no reply |
//! | | `WriteReplyLate` | later, certain | gets no reply, and goes on |
//! | | `CrashBeforeWrite` | never | dies |
//! | | `CrashAfterWrite` | at once | dies |
//! | | `WriteLandsLate` | later, certain | dies |
//! | a publish | `PublishFails` | never | gets no reply |
//! | | `PublishReplyLost` | at once | gets no reply |
//! | | `PublishReplyLate` | later, certain | gets no reply, and goes on |
//! | | `CrashBeforePublish`, `CrashAfterPublish`, `PublishLandsLate` | never, at once, later and certain | dies |
//! | a dispatch | `PublishFails`, `CrashBeforePublish` | never | its message comes back |
//! | | `CrashAfterPublish` | at once | its message comes back |
//! | an ack | `AckFails`, `CrashBeforeAck` | – | its message comes back |
//! | a busy worker that has its lock | `LockExpires` | – | another worker begins the same message |
//! | a dropped write or publish | `WriteLandsLate`, `PublishLandsLate` | at any later moment, or never: paid when it lands | knows nothing |
//! | any message ever sent or published | `Duplicate` | – | an idle worker begins another copy |
//! | a deadline, while a worker is busy | `TimeToLiveExpires` | in order, and never before a lock that was running when it was set and lasts no longer | knows nothing |
//! | a service that forgets at will | `TimeToLiveExpires` | if its rule allows; while nobody works on the message at which it was told, and no call of it is in flight | knows nothing |
//! | the subject stream | `StreamForgets` | its last messages, one or more, are gone, and so are the names of these | knows nothing |
//!
//! A call is *dropped* if it was begun and nobody waits for it any more: because
//! the handler went on without it or ended, because its worker died at another
//! call, or because it was begun and given up within one and the same run of the
//! handler between two replies.
//!
//! # Budgets
//!
//! So many faults in a run; or so many for each message that was sent. Then a
//! fault is charged to the sent messages at the roots of what causes the message
//! at which it strikes, and must be affordable by each of them. A message is
//! *caused* by those under whose processing it has been published so far, and so
//! through any number of them; a publish that lands late counts from when it lands.
//! What was charged once stays charged. Deadlines, forgetting and losing belong to no
//! message, so under such a bound they are no faults that could happen.
//!
//! # Rest, and whether it is within reach
//!
//! **At rest** there is no copy anywhere, no worker busy, and no call in flight
//! that is certain to land. Deadlines may run, and calls be in flight that may or
//! may not land.
//!
//! A state is **stuck** if rest is out of its reach: no sequence of steps leads
//! from it to rest, of the free ones above, and of deadlines that pass in order,
//! now also while workers are busy. No faults; no stale reads; no call that may
//! or may not land (neither as a help nor as a duty); no service that forgets at
//! will. `Settles` is violated exactly if a stuck state is reached within the
//! budget. A run that could go on for ever is no violation by itself.
//!
//! What is unknown counts as able to rest: a delivery that makes more calls than
//! are looked at. (Where there are too many states, nothing is said at all.)

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap, HashSet};

use chaos::Faults;

use super::programs::{Name, Program};
use steps::Model;
use world::State;

pub use ends::canonical;
pub use turns::{Look, Turn, turns};

mod effects;
mod ends;
mod rest;
mod steps;
mod time;
mod turns;
mod world;

/// What the model may do.
#[derive(Clone, Debug)]
pub struct Scope {
    pub faults: u8,
    pub faults_per_message: Option<u8>,
    pub stale: u8,
    /// The stream acknowledges before it has synced, if its class of faults is there.
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
    /// A delivery with more replies than this is not looked at any more.
    pub calls: usize,
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
            calls: 40,
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
    /// The fewest faults that lead to a state from which rest is out of reach.
    pub stuck: Option<usize>,
    /// Whether some delivery made too many calls.
    pub cut_off: bool,
    pub states: usize,
}

/// More names than this are a sign of a system that never ends.
const MOST_NAMES: Name = 16;
const MOST_COPIES: usize = 8;

/// Explores everything; `None` if there are more states than `limit`, or too
/// many ids.
pub fn explore(program: &Program, scope: &Scope, limit: usize) -> Option<Found> {
    let model = Model { program, scope, calm: false, wishes: RefCell::default() };
    let mut found = Found::default();
    let mut numbers: HashMap<State, usize> = HashMap::from([(model.initial(), 0)]);
    // By number of the state: the fewest faults and then steps that lead there;
    // and from where it is reached by a free step.
    let mut least: Vec<(usize, usize)> = vec![(0, 0)];
    let mut back: Vec<Vec<usize>> = vec![Vec::new()];
    let mut frontier: BTreeMap<(usize, usize), Vec<State>> =
        BTreeMap::from([((0, 0), vec![model.initial()])]);
    let mut done: HashSet<usize> = HashSet::new();
    while let Some(((faults, steps), states)) = frontier.pop_first() {
        for state in states {
            let from = numbers[&state];
            if !done.insert(from) {
                continue;
            }
            found.cut_off |= state.is_cut_off();
            if state.at_rest() {
                found.rests.entry(state.rest()?).or_insert((faults, steps));
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
                    back.push(Vec::new());
                }
                if !fault {
                    back[to].push(from);
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
    let model = Model { calm: true, ..model };
    let stuck = rest::stuck(&model, numbers, &back, limit)?;
    found.stuck = stuck.into_iter().map(|state| least[state].0).min();
    Some(found)
}
