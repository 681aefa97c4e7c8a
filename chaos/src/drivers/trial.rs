//! A handler is tried in a process of its own before it is let into this one.
//!
//! All tests of a program run in one process. A handler that recurses without an end,
//! calls `std::process::exit` or aborts takes all of them with it, and whoever
//! catches a panic can catch none of these. So the first time that a test sends a
//! kind of message to a handler, the test program is started once more, with that
//! test alone; when the test gets to the same point, it plays the plainest run there
//! is (each message delivered once, everything goes well, then two deliveries in
//! progress at once) and ends. What it says, or how it ends without a word, is the
//! answer. That takes some ten milliseconds.
//!
//! What happens only on another way, after a conflict for instance, is not seen here.
//! Then the process does end; the name of its last thread is that of the test.

use std::collections::BTreeSet;
use std::hash::{BuildHasher, Hash};
use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::environment;
use crate::handler::fault::HandlerFault;
use crate::handler::given_up::{self, Place};
use crate::handler::watchdog::{self, ANNOUNCED, Blocked, Kind, Pulse, STACK, supervise, this_test};
use crate::judging::judge::Judge;
use crate::scenario::Scenario;

/// What comes before the answer.
const ANSWER: &str = "chaos: the trial says ";

/// What a trial says.
#[derive(Debug, Serialize, Deserialize)]
struct Answer {
    /// Nothing, if the handler comes back.
    sentence: Option<String>,
    certain: bool,
    slow: bool,
    lasting: bool,
}

/// Tries the handlers of a scenario, unless that was done before. In the trial itself
/// this does not return if it is the point to get to.
///
/// # Errors
///
/// What became of the trial, if this is the test that it was made for. Every other
/// one finds it among what was [given up](given_up).
pub(super) fn before(scenario: &Scenario) -> Result<Kind, Blocked> {
    static TRIED: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
    let places = places(scenario);
    let key = key(&places);
    if let Some(asked) = std::env::var_os(environment::TRIAL) {
        return if asked == *key { answer(scenario) } else { Ok(Kind::Untried) };
    }
    let Some(mut command) = this_test_alone() else { return Ok(Kind::Untried) };
    // One at a time: the next one may ask for what this one finds out.
    let mut tried = TRIED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(earlier) = places.iter().find_map(given_up::earlier) {
        return Err(earlier);
    }
    if !tried.insert(key.clone()) {
        return Ok(Kind::Tried);
    }
    let Some((at, blocked)) = run(command.env(environment::TRIAL, &key)).and_then(|ended| ended.judged())
    else {
        return Ok(Kind::Tried);
    };
    if let Some(place) = at.and_then(|at| places.iter().find(|place| place.has_the_handler_at(&at))) {
        given_up::remember(place, &this_test(), &blocked);
    }
    Err(blocked)
}

/// Which messages of a scenario go to which handlers, each kind once.
fn places(scenario: &Scenario) -> Vec<Place> {
    let endpoints = &scenario.system.endpoints;
    let mut seen = BTreeSet::new();
    let sent =
        scenario.mail.iter().map(|(endpoint, message)| Place::handling(&endpoints[*endpoint], message));
    let all = endpoints.iter().map(Place::viewing).chain(sent);
    all.filter(|place| seen.insert(place.to_string())).collect()
}

fn key(places: &[Place]) -> String {
    let mut names: Vec<String> = places.iter().map(Place::to_string).collect();
    names.sort_unstable();
    let mut hasher = rustc_hash::FxBuildHasher.build_hasher();
    names.hash(&mut hasher);
    format!("{:016x}", std::hash::Hasher::finish(&hasher))
}

/// The plainest run there is, and what came of it. Then this process ends.
fn answer(scenario: &Scenario) -> ! {
    let scenario = scenario.clone();
    let blocked = supervise(Kind::Trial, move |pulse| rehearse(&scenario, pulse)).err();
    let is = |what: fn(&Blocked) -> bool| blocked.as_ref().is_some_and(what);
    let answer = Answer {
        sentence: blocked.as_ref().map(Blocked::to_string),
        certain: is(Blocked::is_certain),
        slow: is(Blocked::is_slow),
        lasting: is(Blocked::is_worth_remembering),
    };
    println!("\n{ANSWER}{}", serde_json::to_string(&answer).expect("an answer is a text and a word"));
    std::process::exit(0)
}

/// Delivers each message once, lets everything go well, and then keeps two
/// deliveries in progress at once.
fn rehearse(scenario: &Scenario, pulse: Arc<Pulse>) {
    const LONGEST: usize = 2_000;
    const A_FEW: usize = 4;
    let few: Vec<usize> = (0..scenario.mail.len()).take(A_FEW).collect();
    let kinds = (A_FEW..scenario.mail.len()).filter(|&place| {
        let name = |place: usize| (scenario.mail[place].0, scenario.mail[place].1.name());
        (0..place).all(|other| name(other) != name(place))
    });
    let scenario = scenario.with_only(&few.iter().copied().chain(kinds).collect::<Vec<_>>());
    let mut transitions = scenario.transitions(pulse);
    let (mut world, mut steps) = (transitions.initial(), Vec::new());
    for _ in 0..LONGEST {
        // The dullest thing that can happen is the first.
        transitions.enabled(&world, &mut steps);
        let Some(&step) = steps.first() else { break };
        if transitions.fault(&world, step).is_some() || transitions.apply(&mut world, step).is_err() {
            break;
        }
    }
    if world.at_rest() {
        _ = Judge::new(scenario.system.clone()).verdict(&mut transitions, &world);
    }
    transitions.rehearsal.keep_two_in_progress();
}

/// This program once more, with the test that runs on this thread and no other. Not
/// if this is no test program of cargo's.
fn this_test_alone() -> Option<Command> {
    let program = std::env::current_exe().ok()?;
    let in_deps = program.parent().and_then(Path::file_name).is_some_and(|folder| folder == "deps");
    let thread = std::thread::current();
    let test = thread.name().filter(|name| *name != "main" && in_deps && !watchdog::is_off())?;
    let mut command = Command::new(program);
    command.args([test, "--exact", "--include-ignored", "--nocapture"]).stdin(Stdio::null());
    for name in [
        environment::ALIVE,
        environment::FILMS,
        environment::PROGRESS,
        environment::REPLAY,
        environment::REPORTS,
        environment::STOP,
        environment::VERBOSE,
    ] {
        command.env_remove(name);
    }
    // One test, told as the harness tells it by itself.
    for name in ["RUST_TEST_THREADS", "RUST_TEST_SHUFFLE", "RUST_TEST_TIME_UNIT"] {
        command.env_remove(name);
    }
    Some(command)
}

/// How a trial ended.
struct Ended {
    said: String,
    complained: String,
    how: String,
}

/// Runs a trial to its end. It has a watchdog of its own, so it ends, unless the
/// machine does nothing for us; then nothing is known.
fn run(command: &mut Command) -> Option<Ended> {
    const AT_MOST: Duration = Duration::from_secs(30);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().ok()?;
    let (sender, both) = channel();
    let drain = |source: Option<Box<dyn Read + Send>>, first| {
        let sender = sender.clone();
        std::thread::spawn(move || {
            _ = sender.send((first, source.map(the_end_of).unwrap_or_default()));
        });
    };
    drain(child.stdout.take().map(|pipe| Box::new(pipe) as _), true);
    drain(child.stderr.take().map(|pipe| Box::new(pipe) as _), false);
    let until = Instant::now() + AT_MOST;
    let (mut said, mut complained) = (String::new(), String::new());
    for _ in 0..2 {
        let Ok((first, text)) = both.recv_timeout(until.saturating_duration_since(Instant::now())) else {
            end(&mut child);
            return None;
        };
        *if first { &mut said } else { &mut complained } = text;
    }
    let status = child.wait().ok()?;
    Some(Ended { said, complained, how: status.to_string() })
}

fn end(child: &mut Child) {
    _ = child.kill();
    _ = child.wait();
}

/// The last of what somebody says. A handler in a loop may say a great deal.
fn the_end_of(mut source: Box<dyn Read + Send>) -> String {
    const ENOUGH: usize = 1 << 20;
    let (mut text, mut buffer) = (Vec::new(), vec![0; 1 << 16]);
    while let Ok(length @ 1..) = source.read(&mut buffer) {
        text.extend_from_slice(&buffer[..length]);
        if text.len() > 2 * ENOUGH {
            text.drain(..text.len() - ENOUGH);
        }
    }
    String::from_utf8_lossy(&text).into_owned()
}

impl Ended {
    /// What is to be said of the handler, and where it was.
    fn judged(&self) -> Option<(Option<String>, Blocked)> {
        let last = |start: &str| self.said.lines().rev().find_map(|line| line.split_once(start)?.1.into());
        let at: Option<&str> = last(ANNOUNCED);
        let answer: Option<Answer> = last(ANSWER).and_then(|text| serde_json::from_str(text).ok());
        let blocked = match answer {
            Some(Answer { sentence, certain, slow, lasting }) => {
                Blocked::Told { certain, slow, lasting, sentence: sentence? }
            }
            // It has not got to the point, or it is no program that runs tests.
            None if at.is_none() || self.said.contains("\ntest result: ") => return None,
            None => Blocked::Ends(self.last_words(at?)),
        };
        Some((at.map(str::to_owned), blocked))
    }

    /// Why the process ended in the handler.
    fn last_words(&self, at: &str) -> HandlerFault {
        let during = match at.split_once(" on ").map_or(at, |(message, _)| message) {
            Place::VIEW => "its view is asked".to_owned(),
            message => format!("it processes {message}"),
        };
        match self.complained.contains("overflowed its stack") {
            true => HandlerFault::Overflows { during, mebibytes: STACK >> 20 },
            false => HandlerFault::EndsTheProcess { during, how: self.how.clone() },
        }
    }
}
