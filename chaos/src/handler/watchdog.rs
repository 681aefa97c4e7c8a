//! The one place with clocks: noticing a handler that does not come back, or that
//! takes too long each time.
//!
//! The engine runs on a thread of its own. Whenever it is inside somebody else's
//! code it says so through a [`Pulse`]. Two look at the clocks:
//!
//! - the engine itself, when the handler has come back: how long was it away, and how
//!   long was it on a processor?
//! - [`supervise`], from outside, a hundred times a second, for as long as it has
//!   not. It counts its own looks, not the wall clock: when the machine stood still,
//!   it did not look either.
//!
//! What they measure is judged in [`pace`](super::pace). Whoever is given up once is
//! [remembered](super::given_up). A thread that does not come back is abandoned:
//! it ends with the process, or as soon as it comes back after all.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::hint::black_box;
use std::io::Write;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::cpu_time::{Seen, Visible, of_this_process, of_this_thread};
use super::fault::HandlerFault;
use super::given_up::{self, Place};
use super::pace::{
    Absence, Gone, Limits, Machine, NOTICED, Slow, Step, Sum, Tally, Why, is_long, is_suspicious,
    judge_absence, judge_steps, worth_a_look,
};
use super::panics;
use crate::{environment, limits};

/// How often the watchdog looks.
const LOOK_EVERY: Duration = Duration::from_millis(10);
/// The stack of the engine's thread. That of a test has 2 MiB.
pub(crate) const STACK: usize = 16 << 20;
/// How many engines run in this process, those included that were abandoned.
static ENGINES: AtomicUsize = AtomicUsize::new(0);

/// How the engine says that it is inside the handler.
#[derive(Debug, Default)]
pub(crate) struct Pulse {
    /// How often the handler was entered and left: odd while the engine is inside.
    beats: AtomicU64,
    place: Mutex<Option<Arc<Place>>>,
    thread: OnceLock<Option<Visible>>,
    limits: Option<Limits>,
    /// The steps that took their time, and when to look at them next.
    tally: Mutex<(Tally, Duration)>,
    /// By how much the watchdog's looks came too late, in nanoseconds.
    late: AtomicU64,
    /// It is worth its price to see how long each step waits for a processor.
    suspicious: AtomicBool,
    /// Two deliveries are kept in progress at once.
    together: AtomicBool,
    /// There is a verdict: whatever takes its time now only makes a better story.
    decided: AtomicBool,
    /// Nobody listens any more.
    abandoned: AtomicBool,
    kind: Kind,
}

/// Which kind of process this is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The handlers were not tried in a process of their own before.
    #[default]
    Untried,
    /// They were.
    Tried,
    /// This is that process. Each place is written to its standard output.
    Trial,
}

impl Pulse {
    /// Runs somebody else's code.
    pub(crate) fn inside<T>(&self, place: &Arc<Place>, code: impl FnOnce() -> T) -> T {
        if let Some(earlier) = given_up::earlier(place) {
            leave(earlier);
        }
        self.arrive(place);
        let before = self.suspicious.load(Ordering::Relaxed).then(|| seen(self)).flatten();
        let (start, cpu) = (Instant::now(), of_this_thread());
        let beat = Beat::begin(self);
        let value = code();
        drop(beat);
        let wall = start.elapsed();
        if self.abandoned.load(Ordering::Relaxed) {
            leave(Blocked::Harness("nobody listens".to_owned()));
        }
        if wall >= NOTICED {
            let cpu = cpu.and_then(|before| Some(of_this_thread()? - before));
            let queued = before.and_then(|before| Some(seen(self)?.queued.saturating_sub(before.queued)));
            self.took(Step { wall, cpu, queued }, place);
        }
        value
    }

    /// Whether the handlers are tried in this process for the first time.
    pub(crate) fn is_untried(&self) -> bool {
        self.kind == Kind::Untried
    }

    /// From now on, two deliveries are in progress at once; or not any more.
    pub(crate) fn keeps_two_at_once(&self, two: bool) {
        self.together.store(two, Ordering::Relaxed);
    }

    /// There is a verdict, and what is done from now on is for its story.
    pub(crate) fn decided(&self) {
        self.decided.store(true, Ordering::Relaxed);
    }

    /// Whether a handler that waits for no port is woken after all: by a test beside
    /// this one, with which it has a lock in a static in common, and which is at it.
    pub(crate) fn is_woken_by_others(&self, woken: &AtomicBool, place: &Place) -> bool {
        const LONG_ENOUGH: Duration = Duration::from_secs(1);
        if ENGINES.load(Ordering::Relaxed) <= 1 || self.together.load(Ordering::Relaxed) {
            return false;
        }
        let known = if given_up::is_stuck(place) { LONG_ENOUGH / 10 } else { LONG_ENOUGH };
        let start = Instant::now();
        while !woken.load(Ordering::Relaxed) {
            if start.elapsed() >= known {
                given_up::remember_stuck(place, &this_test());
                return false;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        true
    }

    fn arrive(&self, place: &Arc<Place>) {
        let mut now = locked(&self.place);
        if now.as_ref().is_none_or(|now| !Arc::ptr_eq(now, place)) {
            if self.kind == Kind::Trial {
                println!("{ANNOUNCED}{place}");
            }
            *now = Some(Arc::clone(place));
        }
    }

    /// Judges a step that took its time.
    fn took(&self, step: Step, place: &Place) {
        let Some(mut limits) = self.limits else { return };
        if given_up::is_slow(place) {
            limits = Limits {
                computing: limits.computing.map(|limit| limit / 10),
                sleeping: limits.sleeping.map(|limit| limit / 10),
                ..limits
            };
        }
        let mut guard = locked(&self.tally);
        let (tally, next) = &mut *guard;
        tally.add(step);
        self.suspicious.store(is_suspicious(tally, &limits), Ordering::Relaxed);
        let taken = tally.off.wall + tally.computing.wall + tally.unknown.wall;
        if taken < *next || !worth_a_look(tally, &limits) || self.decided.load(Ordering::Relaxed) {
            return;
        }
        // To find out what the machine is doing may take a moment.
        *next = taken + taken / 4;
        let late = Duration::from_nanos(self.late.load(Ordering::Relaxed));
        let steps = self.beats.load(Ordering::Relaxed) / 2;
        let judged = judge_steps(tally, steps, late, self.machine(), &limits);
        drop(guard);
        if let Some(slow) = judged {
            let blocked = Blocked::Slow(slow);
            given_up::remember(place, &this_test(), &blocked);
            leave(blocked);
        }
    }

    fn machine(&self) -> Machine {
        if seen(self).is_some() { Machine::Tells } else { try_to_compute() }
    }
}

/// What comes before each place that is announced.
pub(crate) const ANNOUNCED: &str = "chaos: now at ";

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Ends the engine's thread, and leaves word why.
fn leave(blocked: Blocked) -> ! {
    resume_unwind(Box::new(blocked))
}

/// The name of the test that runs on this thread, or has started it.
pub(crate) fn this_test() -> String {
    std::thread::current().name().unwrap_or("main").to_owned()
}

/// The engine is inside the handler for as long as this lives.
struct Beat<'a>(&'a Pulse);

impl<'a> Beat<'a> {
    fn begin(pulse: &'a Pulse) -> Self {
        pulse.beats.fetch_add(1, Ordering::Relaxed);
        _ = INSIDE.try_with(|inside| inside.handler.set(true));
        Self(pulse)
    }
}

impl Drop for Beat<'_> {
    fn drop(&mut self) {
        _ = INSIDE.try_with(|inside| inside.handler.set(false));
        self.0.beats.fetch_add(1, Ordering::Relaxed);
    }
}

thread_local! {
    static INSIDE: Inside = const {
        Inside { handler: Cell::new(false), test: RefCell::new(String::new()) }
    };
}

/// Whether this thread is inside a handler.
///
/// `std::process::exit(0)` in a handler would make `cargo test` green. It runs what is
/// to be run when *its own* thread ends, though, on most systems; that is the last
/// moment at which somebody can object.
struct Inside {
    handler: Cell<bool>,
    test: RefCell<String>,
}

impl Drop for Inside {
    fn drop(&mut self) {
        if self.handler.get() {
            // Not by `eprintln!`: what a test says is kept until it has ended.
            let test = self.test.borrow();
            _ = writeln!(
                std::io::stderr(),
                "\nThe handler ended the process in the test {test}, and with it every test that had not\n\
                 ended: std::process::exit, or something that calls it. A handler reports\n\
                 trouble by returning an error.\n"
            );
            std::process::abort();
        }
    }
}

/// The handler does not come back, or takes too long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Blocked {
    /// It has not come back.
    Gone(Gone),
    /// One of two deliveries that are in progress at once has not.
    Together(Gone),
    /// It takes too long each time.
    Slow(Slow),
    /// It was given up before.
    Earlier { test: String, sentence: String },
    /// It ends the process.
    Ends(HandlerFault),
    /// Another process has tried it, and says this.
    Told { certain: bool, slow: bool, lasting: bool, sentence: String },
    /// It is not the handler.
    Harness(String),
}

impl Blocked {
    /// Whether it is the handler's fault for certain. If not, there is no verdict.
    pub(crate) fn is_certain(&self) -> bool {
        match self {
            Self::Gone(gone) | Self::Together(gone) => gone.had_the_time,
            Self::Slow(slow) => matches!(slow, Slow::Sleeps(_)),
            Self::Earlier { .. } => false,
            Self::Told { certain, .. } => *certain,
            Self::Ends(_) | Self::Harness(_) => true,
        }
    }

    /// Whether somebody else may rest on it: on a busy machine, whoever has not had
    /// a second yet is asked once more.
    pub(crate) fn is_worth_remembering(&self) -> bool {
        const HAD_A_CHANCE: Duration = Duration::from_secs(1);
        match self {
            Self::Gone(gone) | Self::Together(gone) => {
                gone.had_the_time || gone.ran.is_some_and(|ran| ran >= HAD_A_CHANCE)
            }
            Self::Told { lasting, .. } => *lasting,
            _ => self.is_certain(),
        }
    }

    /// Whether it comes back each time, and takes too long.
    pub(crate) fn is_slow(&self) -> bool {
        matches!(self, Self::Slow(_) | Self::Told { slow: true, .. })
    }
}

const SWITCH: &str = "CHAOS_WATCHDOG_SECONDS=0 switches this watchdog off, for a debugger";
const BLOCKS: &str = "a call that blocks its thread (a std lock that is held already, a channel nobody sends on, std::thread::sleep)";

impl fmt::Display for Blocked {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gone(gone) => write!(formatter, "the handler {}. {SWITCH}", not_back(gone)),
            Self::Together(gone) => write!(
                formatter,
                "with two deliveries in progress at once, the second one {}. Did the first one keep a std lock (std::sync::Mutex, RwLock) across an .await? Nobody else on this thread can go on then, the first one included. Drop the guard before the .await, or keep nothing in common",
                not_back(gone)
            ),
            Self::Slow(slow) => formatter.write_str(&too_slow(slow)),
            Self::Earlier { test, sentence } => {
                write!(formatter, "{sentence}. That was in the test {test}, and it was not tried again here")
            }
            Self::Ends(fault) => fault.fmt(formatter),
            Self::Told { sentence, .. } => formatter.write_str(sentence),
            Self::Harness(error) => write!(
                formatter,
                "the harness itself failed: {error}. This is a bug in the workshop, please report it"
            ),
        }
    }
}

fn not_back(gone: &Gone) -> String {
    let queued = gone.queued.unwrap_or_default();
    // Only the time counts in which it could have come back.
    let counted = if gone.had_the_time { gone.away.saturating_sub(queued) } else { gone.away };
    let mut text = format!("has not come back for {} s", counted.as_secs());
    if let Some(ran) = gone.ran {
        text += &format!(
            " (measured: it was away for {:.2} s, computed for {:.2} of them, and waited {:.2} for a processor)",
            seconds(gone.away),
            seconds(ran),
            // The watchdog may have missed some of what it counts as away.
            seconds(queued.min(gone.away.saturating_sub(ran)))
        );
    }
    let why = match gone.why {
        Why::Computes => "an endless loop, or a computation that takes as good as for ever".to_owned(),
        Why::Waits => format!("it waits for something that never comes, in {BLOCKS}"),
        Why::Either => {
            format!("an endless loop, or {BLOCKS}; which of them, cannot be seen from outside here")
        }
    };
    match gone.had_the_time {
        true => text + ": " + &why,
        false => {
            text + ". The machine had so much else to do that this is no verdict; it looks like this: " + &why
        }
    }
}

fn too_slow(slow: &Slow) -> String {
    let of = |sum: &Sum, whole: Duration| {
        let each = whole.as_millis() / u128::from(sum.steps.max(1));
        format!("about {each} ms")
    };
    match slow {
        Slow::Computes(sum) => format!(
            "the handler computes for {} at a time (measured: {:.2} s of processor time in {} steps), so the search was given up before every schedule had been tried; until then it found nothing wrong. Let it compute less under the harness, or explore fewer messages and faults. {SWITCH}",
            of(sum, sum.cpu),
            seconds(sum.cpu),
            sum.steps
        ),
        Slow::Sleeps(sum) => format!(
            "the handler blocks its thread for {} at a time (measured: {:.2} s in {} steps, and it computed for {:.2} of them): it sleeps on the real clock (std::thread::sleep), or waits for a lock, a file or a network. Under the harness time is virtual; wait only for the ports. {SWITCH}",
            of(sum, sum.wall),
            seconds(sum.wall),
            sum.steps,
            seconds(sum.cpu)
        ),
        Slow::Either(sum) => format!(
            "the handler stays away for {} at a time (measured: {:.2} s in {} steps): it computes a great deal, or sleeps on the real clock (std::thread::sleep); this system does not tell which. The search was given up; until then it found nothing wrong. {SWITCH}",
            of(sum, sum.wall),
            seconds(sum.wall),
            sum.steps
        ),
    }
}

fn seconds(time: Duration) -> f64 {
    time.as_secs_f64()
}

/// Runs `work` on a thread of its own and waits for it, unless the handler
/// does not come back.
pub(crate) fn supervise<T: Send + 'static>(
    kind: Kind,
    work: impl FnOnce(Arc<Pulse>) -> T + Send + 'static,
) -> Result<T, Blocked> {
    supervise_within(limits(), kind, work)
}

fn supervise_within<T: Send + 'static>(
    limits: Option<Limits>,
    kind: Kind,
    work: impl FnOnce(Arc<Pulse>) -> T + Send + 'static,
) -> Result<T, Blocked> {
    let pulse = Arc::new(Pulse { limits, kind, ..Pulse::default() });
    let (sender, receiver) = channel();
    let (engine_pulse, test) = (Arc::clone(&pulse), this_test());
    // A stack that overflows ends the process with the name of the thread.
    let engine = std::thread::Builder::new().name(test.clone()).stack_size(STACK);
    let engine = engine
        .spawn(move || {
            let _running = Running::begin();
            _ = engine_pulse.thread.set(Visible::this_thread());
            _ = INSIDE.try_with(|inside| *inside.test.borrow_mut() = test);
            // Nobody listens any more once the watchdog has barked.
            _ = sender.send(work(engine_pulse));
        })
        .map_err(|error| Blocked::Harness(format!("no thread could be started ({error})")))?;
    watch(&pulse, &receiver, engine)
}

/// Waits for the engine, and looks at it now and then.
fn watch<T>(pulse: &Pulse, engine: &Receiver<T>, thread: JoinHandle<()>) -> Result<T, Blocked> {
    let patience = pulse.limits.and_then(|limits| limits.away);
    let mut last = Instant::now();
    let mut looks = Looks::default();
    loop {
        match engine.recv_timeout(LOOK_EVERY) {
            Ok(result) => return Ok(result),
            Err(RecvTimeoutError::Disconnected) => return Err(last_words(thread)),
            Err(RecvTimeoutError::Timeout) => {
                let gap = last.elapsed();
                last = Instant::now();
                // A little late it is whenever others have much to do.
                if let Some(late) = gap.checked_sub(20 * LOOK_EVERY) {
                    pulse.late.fetch_add(late.as_nanos() as u64, Ordering::Relaxed);
                }
                looks.look(pulse, gap);
                let Some(blocked) = patience.and_then(|patience| looks.judge(pulse, patience)) else {
                    continue;
                };
                pulse.abandoned.store(true, Ordering::Relaxed);
                if let Some(place) = locked(&pulse.place).as_ref() {
                    given_up::remember(place, &this_test(), &blocked);
                }
                return Err(blocked);
            }
        }
    }
}

/// Why the engine's thread has ended without a result.
fn last_words(thread: JoinHandle<()>) -> Blocked {
    let Err(payload) = thread.join() else { return Blocked::Harness(String::new()) };
    match payload.downcast::<Blocked>() {
        Ok(blocked) => *blocked,
        Err(payload) => Blocked::Harness(panics::panic_message(&*payload)),
    }
}

/// One more engine runs, for as long as this lives.
struct Running;

impl Running {
    fn begin() -> Self {
        ENGINES.fetch_add(1, Ordering::Relaxed);
        Self
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        ENGINES.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What the watchdog has seen of one step of the handler.
#[derive(Default)]
struct Looks {
    /// Which step it is.
    beat: u64,
    away: Duration,
    /// What thread and process had done when it was first seen.
    before: Option<(Option<Seen>, Option<Duration>)>,
}

impl Looks {
    fn look(&mut self, pulse: &Pulse, gap: Duration) {
        let beat = pulse.beats.load(Ordering::Relaxed);
        if beat != self.beat || beat.is_multiple_of(2) {
            *self = Self { beat, ..Self::default() };
        } else if !panics::being_told() {
            // While a panic is told with its backtrace, whoever makes an error waits.
            self.before.get_or_insert_with(|| (seen(pulse), of_this_process()));
            self.away += gap.min(2 * LOOK_EVERY);
        }
    }

    fn judge(&self, pulse: &Pulse, patience: Duration) -> Option<Blocked> {
        let mut absence = Absence { away: self.away, ..Absence::default() };
        if self.away < patience {
            return None;
        }
        let (thread, process) = self.before?;
        if let (Some(before), Some(now)) = (thread, seen(pulse)) {
            absence.ran = Some(now.ran.saturating_sub(before.ran));
            absence.queued = Some(now.queued.saturating_sub(before.queued));
        }
        if !is_long(&absence, patience) {
            return None;
        }
        absence.process = process.and_then(|before| Some(of_this_process()? - before));
        absence.alone = ENGINES.load(Ordering::Relaxed) == 1;
        let machine = if absence.queued.is_some() { Machine::Tells } else { try_to_compute() };
        let gone = judge_absence(&absence, patience, machine)?;
        let together = pulse.together.load(Ordering::Relaxed);
        Some(if together { Blocked::Together(gone) } else { Blocked::Gone(gone) })
    }
}

fn seen(pulse: &Pulse) -> Option<Seen> {
    pulse.thread.get()?.as_ref()?.look()
}

/// Computes for a moment, to see whether this machine lets us. The shortest of many
/// equal pieces is what a piece takes when nobody interferes.
fn try_to_compute() -> Machine {
    const LONG_ENOUGH: Duration = Duration::from_millis(20);
    let start = Instant::now();
    let (mut pieces, mut shortest) = (0, Duration::MAX);
    loop {
        let piece = Instant::now();
        for turn in 0..100_000u32 {
            black_box(turn);
        }
        shortest = shortest.min(piece.elapsed());
        pieces += 1;
        let (wall, cpu) = (start.elapsed(), shortest * pieces);
        if cpu >= LONG_ENOUGH || wall >= 10 * LONG_ENOUGH {
            return Machine::Tried { wall, cpu };
        }
    }
}

/// When a handler is given up: after five seconds, unless the environment says
/// otherwise. `None` for never.
fn limits() -> Option<Limits> {
    let asked = std::env::var(environment::WATCHDOG_SECONDS).ok();
    let patience =
        Duration::from_secs(asked.and_then(|text| text.parse().ok()).unwrap_or(limits::WATCHDOG_SECONDS));
    // `cargo workshop explore` takes as long as its user likes.
    let computing = std::env::var_os(environment::DEEPER).is_none().then_some(patience);
    let limits = Limits { away: Some(patience), computing, sleeping: Some(patience / 5) };
    (!patience.is_zero()).then_some(limits)
}

/// Whether somebody has switched the watchdog off.
pub(crate) fn is_off() -> bool {
    limits().is_none()
}

#[cfg(test)]
mod tests {
    use ports::{Endpoint, Message, MessageId};

    use super::*;
    use crate::handler::panics::{catching_panics, install_panic_hook};

    /// A place of its own for each test: what is given up is remembered.
    fn place(name: &str) -> Arc<Place> {
        let endpoint = Endpoint::new(name, async |_, _, _| Ok(()));
        Arc::new(Place::handling(&endpoint, &Message::new(MessageId::named("1"), &"Ring")))
    }

    fn within(millis: u64) -> Option<Limits> {
        let limit = Some(Duration::from_millis(millis));
        Some(Limits { away: limit, computing: limit, sleeping: limit })
    }

    #[test]
    fn work_that_comes_back_is_handed_over() {
        assert_eq!(supervise(Kind::Tried, |pulse| pulse.inside(&place("a"), || 7)), Ok(7));
    }

    #[test]
    fn work_that_does_not_come_back_is_given_up_once() {
        let waits = |pulse: Arc<Pulse>| {
            pulse.inside(&place("b"), || {
                loop {
                    std::thread::park();
                }
            })
        };
        let gone = supervise_within(within(200), Kind::Tried, waits);
        let Err(Blocked::Gone(Gone { why, away, .. })) = gone else { panic!("{gone:?}") };
        assert!(why != Why::Computes && away >= Duration::from_millis(200));
        let start = Instant::now();
        let again: Result<(), _> = supervise_within(within(60_000), Kind::Tried, waits);
        assert!(
            matches!(&again, Err(Blocked::Earlier { test, .. }) if test.contains("given_up_once")),
            "{again:?}"
        );
        assert!(start.elapsed() < Duration::from_secs(30));
        // Another message may be another matter.
        assert_eq!(supervise(Kind::Tried, |pulse| pulse.inside(&place("c"), || 7)), Ok(7));
    }

    #[test]
    fn work_that_sleeps_at_every_step_is_given_up() {
        let naps = |pulse: Arc<Pulse>| loop {
            pulse.inside(&place("d"), || std::thread::sleep(Duration::from_millis(20)));
        };
        let slow = supervise_within::<()>(within(100), Kind::Tried, naps);
        assert!(matches!(slow, Err(Blocked::Slow(Slow::Sleeps(_) | Slow::Either(_)))), "{slow:?}");
    }

    #[test]
    fn a_harness_that_fails_says_so() {
        install_panic_hook();
        let result: Result<(), _> = supervise(Kind::Tried, |_| {
            let caught = catching_panics(|| panic!("planted"));
            resume_unwind(Box::new(format!("{caught:?}")));
        });
        assert!(matches!(result, Err(Blocked::Harness(text)) if text.contains("planted")));
    }

    #[test]
    fn whether_the_machine_is_busy_is_tried_out() {
        let Machine::Tried { wall, cpu } = try_to_compute() else { panic!() };
        assert!(wall >= cpu && cpu > Duration::ZERO);
    }
}
