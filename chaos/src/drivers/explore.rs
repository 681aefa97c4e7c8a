//! `explore(…)`: the builder of an exhaustive search.

use std::convert::Infallible;
use std::ops::RangeInclusive;
use std::sync::Arc;

use ports::Message;
use ports::law::Property;
use records::{BadCode, Plan, ReplayCode, Space};

use super::env::{self, Deeper};
use super::replay;
use super::supervised::supervised;
use super::transfer;
use crate::environment;
use crate::handler::fault::HandlerFault;
use crate::handler::text::Naming;
use crate::handler::watchdog::Pulse;
use crate::judging::judge::Judge;
use crate::judging::plain_runs;
use crate::judging::verdict::{Finding, Inconclusive, Verdict};
use crate::limits;
use crate::scenario::Scenario;
use crate::search::counts::{Observer, Progress};
use crate::search::explored::EndStates;
use crate::search::explorer::{Search, Searched};
use crate::search::reductions::Reductions;
use crate::search::space::Told;
use crate::system::under_test::System;
use crate::telling::record::{is_drawn, leave_record};
use crate::telling::report::Report;
use crate::world::budget::Bounds;
use crate::world::fault::{Fault, Faults};
use crate::world::trace::Trace;
use crate::world::transition_system::TransitionSystem;

/// Explores every schedule and every fault within bounds. Which messages are worth
/// sending: [`what_to_send`](crate::what_to_send).
///
/// ```
/// use chaos::{Law, Property, System, explore};
/// use ports::{Context, Endpoint, Message, MessageId, Ports, Precondition, Snapshot};
///
/// /// A stroke for every guest who rings, unless somebody else has written meanwhile.
/// async fn ring(_: &Message, ports: &Ports, _: &Context) -> anyhow::Result<()> {
///     let read = ports.documents.get("bell").await?;
///     let rings = read.as_ref().map_or(0, |document| document.body.len());
///     let body = vec![b'|'; rings + 1];
///     ports.documents.put("bell", body, Precondition::unchanged_since(read.as_ref())).await?;
///     Ok(())
/// }
///
/// fn bell() -> System {
///     let rings = |snapshot: &Snapshot, _: &str| Ok(snapshot.document("bell").map_or(0, <[u8]>::len));
///     let law = Law::of(|_| "the bell".to_owned(), |rings: &mut usize, _| {
///         *rings += 1;
///         Vec::<()>::new()
///     });
///     System::of(Endpoint::new("bell", ring).view(rings)).judged_by(law)
/// }
///
/// let ann = Message::new(MessageId::named("ann"), &"Ann");
/// let bob = Message::new(MessageId::named("bob"), &"Bob");
/// // Nothing goes wrong, and two workers do not get into each other's way.
/// explore(bell).send([ann.clone(), bob]).faults(0).assert_exactly_once();
/// // One fault, and Ann has rung twice.
/// let report = explore(bell).send([ann]).run();
/// assert_eq!(report.violated(), Some(Property::NoDuplicatedProcessing));
/// assert_eq!(report.faults, 1);
/// ```
///
/// The defaults: 2 workers, 1 fault, no stale reads, every class of faults but
/// those in which a call [lands late](Faults::LATE), [`limits::STATES`] states. With
/// `CHAOS_NAMING=descending` or `scrambled` in the [environment], fresh ids are
/// other ones.
pub fn explore(system: impl FnOnce() -> System) -> Explore {
    let mut scenario = Scenario::new(system(), 1, 0, Faults::usual());
    scenario.naming = Naming::asked_for();
    Explore {
        scenario,
        demanded: Vec::new(),
        named: Faults::NONE,
        limit: limits::STATES,
        limit_bytes: limits::BYTES_OF_STATES,
        reductions: Reductions::ALL,
        settles: true,
        shrink: true,
        checked: false,
        draws: is_drawn(),
        observer: None,
    }
}

/// A search to be run: see [`explore`].
///
/// Its bounds are what a green verdict means. A good order to raise them in: two messages
/// and one fault (the default); another message; another fault; calls that land late.
///
/// ```
/// use chaos::{Fault, Property, explore};
/// use ports::{Message, MessageId};
/// # use chaos::{Law, System};
/// # use ports::{Context, Endpoint, Ports, Precondition, Snapshot};
/// # async fn ring(_: &Message, ports: &Ports, _: &Context) -> anyhow::Result<()> {
/// #     let read = ports.documents.get("bell").await?;
/// #     let rings = read.as_ref().map_or(0, |document| document.body.len());
/// #     let body = vec![b'|'; rings + 1];
/// #     ports.documents.put("bell", body, Precondition::unchanged_since(read.as_ref())).await?;
/// #     Ok(())
/// # }
/// # fn bell() -> System {
/// #     let rings = |snapshot: &Snapshot, _: &str| Ok(snapshot.document("bell").map_or(0, <[u8]>::len));
/// #     let law = Law::of(|_| "the bell".to_owned(), |rings: &mut usize, _| {
/// #         *rings += 1;
/// #         Vec::<()>::new()
/// #     });
/// #     System::of(Endpoint::new("bell", ring).view(rings)).judged_by(law)
/// # }
///
/// let ann = || Message::new(MessageId::named("ann"), &"Ann");
/// // A bell that counts, and remembers nobody: nothing is wrong with it on a good day.
/// explore(bell).send([ann()]).workers(1).faults(0).assert_exactly_once();
/// // Nor if all that can go wrong is that a store is away.
/// let away = explore(bell).send([ann()]).only([Fault::ReadFails, Fault::WriteUnavailable]);
/// away.clone().must_visit([Fault::ReadFails]).assert_exactly_once();
/// // With everything but this, a single fault is enough.
/// let report = explore(bell).send([ann()]).without(Fault::WriteReplyLost).run();
/// assert_eq!(report.violated(), Some(Property::NoDuplicatedProcessing));
/// // What never struck is no reason to be green, and a limit that was hit neither.
/// assert!(!away.clone().must_visit([Fault::LockExpires]).run().holds());
/// assert!(!away.limit_states(3).run().holds());
/// ```
#[derive(Clone)]
#[must_use = "nothing is explored until `.run()` or `.assert_exactly_once()`"]
pub struct Explore {
    scenario: Scenario,
    demanded: Vec<Fault>,
    /// The classes of faults that were asked for by name.
    named: Faults,
    limit: usize,
    limit_bytes: usize,
    reductions: Reductions,
    settles: bool,
    shrink: bool,
    checked: bool,
    draws: bool,
    observer: Option<Observer>,
}

impl Explore {
    /// Sends messages to the first endpoint. All of them wait on its queue from
    /// the start; any order of delivery is tried.
    pub fn send(mut self, messages: impl IntoIterator<Item = Message>) -> Self {
        self.scenario.send(messages);
        self
    }

    /// Sends messages to the endpoint of this name.
    ///
    /// ```
    /// use chaos::{Law, System, explore};
    /// use ports::{Endpoint, Message, MessageId};
    ///
    /// let quiet = || Law::of(|_| "all".to_owned(), |(): &mut (), _| Vec::<()>::new());
    /// let hotel = || {
    ///     let [door, desk] = ["door", "desk"].map(|name| Endpoint::new(name, async |_, _, _| Ok(())));
    ///     System::of(door).judged_by(quiet()).and(desk).judged_by(quiet())
    /// };
    /// let [ann, bob] = ["Ann", "Bob"].map(|name| Message::new(MessageId::named(name), &name));
    /// explore(hotel).send([ann]).send_to("desk", [bob]).assert_exactly_once();
    /// ```
    ///
    /// # Panics
    ///
    /// When there is no such endpoint.
    pub fn send_to(mut self, endpoint: &str, messages: impl IntoIterator<Item = Message>) -> Self {
        self.scenario.send_to(endpoint, messages);
        self
    }

    /// How many workers each endpoint has.
    pub fn workers(mut self, workers: u8) -> Self {
        self.scenario.bounds.workers = workers;
        self
    }

    /// At most so many faults in a run.
    pub fn faults(mut self, faults: u8) -> Self {
        self.scenario.bounds.faults = faults;
        self
    }

    /// At most so many faults for each message that was sent, instead of a
    /// bound on all faults together. A fault at a message that was published is
    /// charged to the sent ones that it goes back to; at several, to each.
    pub fn faults_per_message(mut self, faults: u8) -> Self {
        self.scenario.bounds.faults = 0;
        self.scenario.bounds.faults_per_message = Some(faults);
        self
    }

    /// At most so many stale reads in a run (of stores that are weak).
    pub fn stale(mut self, stale: u8) -> Self {
        self.scenario.bounds.stale = stale;
        self.scenario.bounds.stale_by_delivery = false;
        self
    }

    /// In at most so many deliveries, every read of a weak store may be stale: to
    /// read three times is no way round a bound of two.
    pub fn stale_deliveries(mut self, deliveries: u8) -> Self {
        self.scenario.bounds.stale = deliveries;
        self.scenario.bounds.stale_by_delivery = true;
        self
    }

    /// Tries only these classes of faults. Time passes all the same, while nobody is
    /// at work: that is no fault.
    pub fn only(mut self, faults: impl IntoIterator<Item = Fault>) -> Self {
        self.scenario.bounds.classes = faults.into_iter().collect();
        self.named = self.scenario.bounds.classes;
        self
    }

    /// Leaves out a class of faults. Leaving out
    /// [`TimeToLiveExpires`](Fault::TimeToLiveExpires) leaves out time: everything
    /// happens within every time to live, and before every deadline.
    ///
    /// A law has no clock. Where a deadline decides, it allows what is right before it and
    /// what is right after it, and nobody sees who is too early. Without time, a law does
    /// that knows nothing of an end:
    ///
    /// ```
    /// use chaos::{Fault, Law, Specification, System, explore};
    /// use ports::{Context, Endpoint, Message, MessageId, Ports, Precondition, Snapshot};
    /// use serde_json::{Value, json};
    ///
    /// /// Whoever comes gets the seat, though it is kept for a time for whoever has it:
    /// /// nobody asks whether that is over.
    /// async fn sit(message: &Message, ports: &Ports, context: &Context) -> anyhow::Result<()> {
    ///     let read = ports.documents.get("7c").await?;
    ///     let guest = message.name().as_bytes().to_vec();
    ///     ports.documents.put("7c", guest, Precondition::unchanged_since(read.as_ref())).await?;
    ///     let seated = json!({ "Seated": message.name() });
    ///     context.publish(Message::new(message.id.derive("seated"), &seated));
    ///     Ok(())
    /// }
    ///
    /// /// The seat is free, or its time may be over, or not.
    /// struct SoonerOrLater;
    ///
    /// impl Specification for SoonerOrLater {
    ///     fn aggregate(&self, _: &Message) -> String {
    ///         "7c".to_owned()
    ///     }
    ///     fn initial(&self) -> Value {
    ///         Value::Null
    ///     }
    ///     fn process(&self, guest: &Value, message: &Message) -> Vec<(Value, Vec<Value>)> {
    ///         let seated = json!({ "Seated": message.name() });
    ///         let gets_it = (json!(message.name()), vec![seated]);
    ///         let does_not = (guest.clone(), Vec::new());
    ///         if guest.is_null() { vec![gets_it] } else { vec![gets_it, does_not] }
    ///     }
    /// }
    ///
    /// let seat = || Endpoint::new("seat", sit).view(|snapshot: &Snapshot, _| {
    ///     Ok(snapshot.document("7c").map(String::from_utf8_lossy).map(|guest| guest.into_owned()))
    /// });
    /// let [ann, bob] = ["Ann", "Bob"].map(|name| Message::new(MessageId::named(name), &name));
    /// let sooner_or_later = || System::of(seat()).judged_by(SoonerOrLater);
    /// explore(sooner_or_later).send([ann.clone(), bob.clone()]).faults(0).assert_exactly_once();
    /// // While it is not over, the first one keeps it.
    /// let in_time = Law::of(|_| "7c".to_owned(), |guest: &mut Option<String>, message: &Message| {
    ///     if guest.is_some() {
    ///         return Vec::new();
    ///     }
    ///     *guest = Some(message.name().to_owned());
    ///     vec![json!({ "Seated": message.name() })]
    /// });
    /// let in_time = explore(|| System::of(seat()).judged_by(in_time)).send([ann, bob]).faults(0);
    /// assert!(!in_time.without(Fault::TimeToLiveExpires).run().holds());
    /// ```
    ///
    /// A message that is refused until a deadline has passed never gets through without
    /// time, and what comes after it is not judged: such a search is
    /// [inconclusive](crate::Inconclusive::WaitsForTime). So send what ends the wait in
    /// time.
    ///
    /// **What that does not see**: whoever *never* lets go is found in neither search: for
    /// that, let time pass in a scripted run, with a [`Trick`](crate::Trick) of your own.
    pub fn without(mut self, fault: Fault) -> Self {
        self.scenario.bounds.classes = self.scenario.bounds.classes.without(fault);
        self.scenario.bounds.time_passes &= fault != Fault::TimeToLiveExpires;
        self
    }

    /// Tries every class of faults, those included in which a call takes effect at
    /// some [later](Faults::LATE) moment: what was given up for lost lands behind
    /// whatever was done about it.
    ///
    /// ```
    /// use chaos::{Property, explore};
    /// use ports::{Message, MessageId};
    /// # use chaos::{Fault, Law, System};
    /// # use ports::{Context, Endpoint, Ports, Precondition, Snapshot, StoreError};
    /// /// Puts the guest down; without a reply, takes it back, and tries once more later.
    /// async fn note(message: &Message, ports: &Ports, _: &Context) -> anyhow::Result<()> {
    ///     let put = ports.documents.put("guest", b"here".to_vec(), Precondition::None).await;
    ///     if matches!(put, Err(StoreError::NoReply)) {
    ///         ports.documents.delete("guest", Precondition::None).await?;
    ///     }
    ///     put?;
    ///     if message.name() == "Goes" {
    ///         ports.documents.delete("guest", Precondition::None).await?;
    ///     }
    ///     Ok(())
    /// }
    /// # fn book() -> System {
    /// #     let law = Law::of(|_| "the book".to_owned(), |here: &mut bool, message: &Message| {
    /// #         *here = message.name() != "Goes";
    /// #         Vec::<()>::new()
    /// #     });
    /// #     let here = |snapshot: &Snapshot, _: &str| Ok(snapshot.document("guest").is_some());
    /// #     System::of(Endpoint::new("book", note).view(here)).judged_by(law)
    /// # }
    ///
    /// let goes = || explore(book).send([Message::new(MessageId::named("ann"), &"Goes")]).workers(1);
    /// goes().assert_exactly_once();
    /// // The write that nobody waits for any more comes when Ann has gone.
    /// assert!(!goes().with_late_effects().run().holds());
    /// ```
    pub fn with_late_effects(mut self) -> Self {
        self.scenario.bounds.classes = Faults::all();
        self
    }

    /// Demands that these classes of faults have struck while a message was
    /// being worked on; otherwise the search is inconclusive.
    pub fn must_visit(mut self, faults: impl IntoIterator<Item = Fault>) -> Self {
        self.demanded.extend(faults);
        self
    }

    /// Gives up after so many states.
    pub fn limit_states(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }

    /// Gives up as soon as the states that wait to be explored take so many bytes.
    pub fn limit_bytes(mut self, limit: usize) -> Self {
        self.limit_bytes = limit;
        self
    }

    /// Which reductions are used: all of them, unless a test compares.
    pub fn reductions(mut self, reductions: Reductions) -> Self {
        self.reductions = reductions;
        self
    }

    /// Which ids the fresh ids of a delivery are.
    pub fn naming(mut self, naming: Naming) -> Self {
        self.scenario.naming = naming;
        self
    }

    /// Does not check [`Property::Settles`](crate::Property::Settles).
    pub fn without_settles(mut self) -> Self {
        self.settles = false;
        self
    }

    /// Calls `observer` about every 1,024 states; the search ends, inconclusive,
    /// when it returns `false`.
    pub fn observed_by(mut self, observer: impl Fn(Progress) -> bool + Send + Sync + 'static) -> Self {
        self.observer = Some(Arc::new(observer));
        self
    }

    /// Goes through the states within the bounds once more, when there is a verdict, and
    /// puts them into the report, to be drawn: see [`Report::space`].
    pub fn with_space(mut self) -> Self {
        self.draws = true;
        self
    }

    /// Asserts after every step what must be true of every world. For tests of
    /// the engine: it costs a good deal of time. Whether a green verdict would mean
    /// anything (somebody judges, everybody who is judged is reached, the view is
    /// right about plain runs) is not asked: these tests compare the searches of
    /// programs that mean nothing.
    #[doc(hidden)]
    pub fn checked(mut self) -> Self {
        self.checked = true;
        self
    }

    /// What it searches.
    #[must_use]
    pub fn system(&self) -> &System {
        &self.scenario.system
    }

    /// Runs the search, and demands that it [holds](Verdict::Holds).
    ///
    /// # Panics
    ///
    /// With the shortest story of how it does not, or why there is no verdict.
    #[track_caller]
    pub fn assert_exactly_once(self) {
        self.run().assert_exactly_once();
    }

    /// Runs the search; or the one run of it that `CHAOS_REPLAY` names.
    ///
    /// # Panics
    ///
    /// With the story of the run that `CHAOS_REPLAY` names, if it is red: whoever
    /// asks for one run wants to read it, whatever the test makes of a search.
    #[must_use]
    #[track_caller]
    pub fn run(self) -> Report {
        let started = std::time::Instant::now();
        if let Some(place) = env::plan_asked_for() {
            // Whoever asked sees whether it is there.
            _ = std::fs::write(place, serde_json::to_string(&self.plan()).unwrap_or_default());
            return self.refused("only what it would search was asked for".to_owned());
        }
        let report = match self.with_env_bounds() {
            Ok(search) => search.run_unrecorded(),
            Err(report) => *report,
        };
        if std::env::var_os(environment::VERBOSE).is_some() {
            // A red one with its story, even where a test expects it to be red.
            let story = if report.holds() { String::new() } else { format!("\n{report}") };
            eprintln!("{}{story}", report.evidence());
        }
        leave_record(&report, started);
        if report.is_a_replay() && !report.holds() {
            report.assert_exactly_once();
        }
        report.taken_for_a_search()
    }

    /// What it would look at, for `cargo workshop explore`.
    fn plan(&self) -> Plan {
        let speaker = self.scenario.speaker();
        Plan {
            endpoints: self.scenario.system.endpoints.iter().map(|one| one.name().to_owned()).collect(),
            messages: self.scenario.mail.iter().map(|(_, message)| speaker.body(&message.body)).collect(),
            weak: self.scenario.has_weak_stores(),
            workers_range: (*limits::WORKERS.start(), *limits::WORKERS.end()),
            most_faults: limits::FAULTS,
        }
    }

    /// The search with the bounds that `cargo workshop explore` asks for, if it
    /// does, and with its eyes on it.
    fn with_env_bounds(mut self) -> Result<Self, Box<Report>> {
        self.observer = self.observer.or_else(env::observer);
        let Some(deeper) = Deeper::asked_for() else { return Ok(self) };
        let deeper = deeper.map_err(|sentence| Box::new(self.refused(sentence)))?;
        if let Some(messages) = deeper.messages {
            if messages > self.scenario.mail.len() {
                let there = self.scenario.messages();
                let sentence = format!("this search has {there}, and not {messages}");
                return Err(Box::new(self.refused(sentence)));
            }
            self.scenario.mail.truncate(messages);
        }
        let bounds = &mut self.scenario.bounds;
        bounds.workers = deeper.workers.unwrap_or(bounds.workers);
        bounds.stale = deeper.stale.unwrap_or(bounds.stale);
        if deeper.late {
            bounds.classes = Faults::LATE.into_iter().fold(bounds.classes, Faults::with);
        }
        if let Some(faults) = deeper.faults {
            bounds.faults = faults;
            bounds.faults_per_message = None;
        }
        self.limit = deeper.states.unwrap_or(usize::MAX);
        Ok(self)
    }

    pub(crate) fn run_unrecorded(self) -> Report {
        if let Some(sentence) = self.invalid() {
            return self.refused(sentence);
        }
        if let Some(report) = self.replay_asked_for() {
            return report;
        }
        let scenario = self.scenario.clone();
        supervised(&scenario, move |pulse| self.search(pulse).0)
            .unwrap_or_else(|verdict| Report::of_a_search(verdict, scenario.describe()))
    }

    /// The end states of the search, for comparing one search with another.
    #[doc(hidden)]
    #[must_use]
    pub fn end_states(self) -> (Report, EndStates) {
        let scenario = self.scenario.clone();
        supervised(&scenario, move |pulse| self.search(pulse))
            .unwrap_or_else(|verdict| (Report::of_a_search(verdict, scenario.describe()), EndStates::new()))
    }

    fn refused(&self, sentence: String) -> Report {
        let verdict = Verdict::Inconclusive(Inconclusive::BadBounds(sentence));
        Report::of_a_search(verdict, self.scenario.describe())
    }

    /// What is wrong with the bounds, if anything is.
    fn invalid(&self) -> Option<String> {
        let bounds = &self.scenario.bounds;
        let (messages, workers, faults) = (self.scenario.mail.len(), bounds.workers, bounds.faults);
        if let Some(sentence) = self.scenario.invalid() {
            Some(sentence)
        } else if !limits::WORKERS.contains(&workers) {
            let (least, most) = (limits::WORKERS.start(), limits::WORKERS.end());
            Some(format!("{workers} workers cannot be explored: give each endpoint {least} to {most}"))
        } else if messages == 0 {
            let sentence =
                "no message was sent, so there is nothing to explore: give `.send([…])` one at least";
            Some(sentence.to_owned())
        } else if messages > limits::MESSAGES {
            let most = limits::MESSAGES;
            Some(format!(
                "{messages} messages cannot be explored: send at most {most}, or use the random driver"
            ))
        } else if faults > limits::FAULTS {
            let most = limits::FAULTS;
            Some(format!("{faults} faults cannot be explored: allow at most {most}"))
        } else if bounds.stale > 0 && !self.scenario.has_weak_stores() {
            Some("no store of this system is weak, so no read can be stale: leave the bound on stale reads out, or make a store weak with `.store(name, kind)`".to_owned())
        } else if self.asks_for_loss() && !self.scenario.has_unsynced_streams() {
            Some("no stream of this system acknowledges before it has synced, so none can forget what it has acknowledged: leave `Fault::StreamForgets` out, or say `Syncs::Later` of a stream with `.stream(name, kind)`".to_owned())
        } else if self.asks_for_loss() && bounds.faults_per_message.is_some() {
            Some("what a stream forgets belongs to no one message, so it cannot be bounded by message: leave `Fault::StreamForgets` out, or bound the faults of the run with `.faults(n)`".to_owned())
        } else if bounds.faults_per_message.is_some() && messages > limits::MESSAGES_WITH_A_BOUND {
            let most = limits::MESSAGES_WITH_A_BOUND;
            Some(format!("faults can be bounded by message for at most {most} messages"))
        } else {
            None
        }
    }

    /// Whether it is to be tried that a stream forgets, in so many words.
    fn asks_for_loss(&self) -> bool {
        self.named.contains(Fault::StreamForgets) || self.demanded.contains(&Fault::StreamForgets)
    }

    /// The report of a single run, if `CHAOS_REPLAY` names one of this
    /// scenario.
    fn replay_asked_for(&self) -> Option<Report> {
        let text = std::env::var(environment::REPLAY).ok()?;
        let bad = |error: BadCode| self.refused(error.to_string());
        match text.parse::<ReplayCode>() {
            Ok(code) => self.that_recorded(&code).map(|search| match env::live() {
                true => search.live(&code).map_or_else(bad, |never| match never {}),
                false => search.replay(&code).unwrap_or_else(bad),
            }),
            Err(error) => Some(bad(error)),
        }
    }

    /// The search that a code was recorded in: this one; or, since a story is told with as
    /// few messages as will do, one with some of its messages. None, if it is the code of
    /// another search.
    #[must_use]
    pub fn that_recorded(&self, code: &ReplayCode) -> Option<Self> {
        let mut searches = self.smaller().chain([self.clone()]);
        searches.find(|search| replay::is_of(code, &search.scenario))
    }

    /// Runs one recorded run again.
    ///
    /// # Errors
    ///
    /// When the code does not fit the handler.
    pub fn replay(&self, code: &ReplayCode) -> Result<Report, BadCode> {
        let (this, code) = (self.clone(), code.clone());
        supervised(&self.scenario, move |pulse| {
            let mut transitions = this.scenario.transitions(pulse);
            let trace = replay::play(&code, &mut transitions)?;
            let report = this.report_of_run(&mut transitions, &trace);
            Ok(Report { replay: Some(code.to_string()), ..report })
        })
        .unwrap_or_else(|verdict| Ok(Report::of_a_search(verdict, self.scenario.describe())))
    }

    /// Runs the handlers of one recorded run once, on this thread and without a
    /// watchdog; then the test is over, and says no more.
    fn live(&self, code: &ReplayCode) -> Result<Infallible, BadCode> {
        let mut transitions = self.scenario.transitions(Arc::default());
        transitions.rehearsal.go_live();
        let trace = replay::play(code, &mut transitions)?;
        if let Some(fault) = trace.handler_fault() {
            eprintln!("» {fault}");
        }
        std::panic::resume_unwind(Box::new("the run is over"))
    }

    /// Judges one run by where it ends.
    fn report_of_run(&self, transitions: &mut TransitionSystem, trace: &Trace) -> Report {
        let mut judge = Judge::new(self.scenario.system.clone());
        let verdict = match trace.handler_fault() {
            Some(fault) => Verdict::Violated(Finding::Handler(fault.clone())),
            None if !trace.end().at_rest() => Verdict::Inconclusive(Inconclusive::NothingJudged),
            None => judge.verdict(transitions, trace.end()),
        };
        let mut report = Report::of_one_run(verdict, self.scenario.describe());
        report.worth = self.scenario.worth();
        report.visited = trace.visited();
        report.tell(transitions, &mut judge, trace);
        report.faults = trace.faults().count();
        report
    }

    /// The same search with fewer messages, the fewest first, where a story is
    /// told with as few as will do.
    fn smaller(&self) -> impl Iterator<Item = Self> {
        const WORTH_IT: RangeInclusive<usize> = 3..=8;
        let count = self.scenario.mail.len();
        let sizes = if self.shrink && WORTH_IT.contains(&count) { 1..count } else { 0..0 };
        sizes
            .flat_map(move |size| subsets(count, size))
            .map(|subset| Self { scenario: self.scenario.with_only(&subset), ..self.clone() })
    }

    fn search(&self, pulse: Arc<Pulse>) -> (Report, EndStates) {
        let (mut searched, mut transitions) = self.searched(Arc::clone(&pulse));
        if searched.verdict == Verdict::Holds && pulse.is_untried() {
            transitions.rehearsal.keep_two_in_progress();
        }
        // A story with fewer messages is a better story, if it is the same one: what
        // takes fewer faults when a message is missing tells of a handler that
        // waits for that message, and not of what was found. And so may what never comes
        // to rest, with as many faults.
        if matches!(searched.verdict, Verdict::Violated(Finding::Property(_))) {
            pulse.decided();
            let settles = searched.verdict.property() == Some(Property::Settles);
            for smaller in self.smaller().take_while(|_| !settles) {
                let (found, transitions) = smaller.searched(Arc::clone(&pulse));
                let as_many_faults = found.faults() == searched.faults();
                if as_many_faults && found.verdict.property() == searched.verdict.property() {
                    return (smaller.report(found, transitions, pulse), EndStates::new());
                }
            }
        }
        let end_states = std::mem::take(&mut searched.end_states);
        (self.report(searched, transitions, pulse), end_states)
    }

    fn searched(&self, pulse: Arc<Pulse>) -> (Searched, TransitionSystem) {
        let mut transitions = self.scenario.transitions(Arc::clone(&pulse));
        transitions.checked = self.checked;
        let mut judge = Judge::new(self.scenario.system.clone());
        let mut searched = self.begun(&mut transitions, &mut judge).run();
        if searched.verdict == Verdict::Holds
            && let Some(reason) = self.doubt(&judge, searched.visited, pulse)
        {
            searched.verdict = Verdict::Inconclusive(reason);
        }
        (searched, transitions)
    }

    /// The search, ready to be made.
    fn begun<'a>(&self, transitions: &'a mut TransitionSystem, judge: &'a mut Judge) -> Search<'a> {
        // Argument 5: who does not ask for rest does not reduce. And where a fault is
        // charged to whoever has published its message by then, publishing does not
        // commute with it (argument 3).
        let charged_by_cause =
            self.scenario.bounds.faults_per_message.is_some() && self.scenario.system.endpoints.len() > 1;
        let independence = self.reductions.independence && self.settles && !charged_by_cause;
        Search {
            transitions,
            judge,
            reductions: Reductions { independence, ..self.reductions },
            limit: self.limit,
            limit_bytes: self.limit_bytes,
            check_settles: self.settles,
            observer: self.observer.clone(),
            collect_end_states: true,
        }
    }

    /// The states within these bounds, to be drawn; none, if the handler cannot be run.
    fn space(&self, searched: &Searched, bounds: Bounds, pulse: Arc<Pulse>) -> Option<Box<Space>> {
        /// So many states are looked at, or as many as were to find what is told.
        const LIMIT: usize = 20_000;
        let told = match &searched.verdict {
            Verdict::Violated(Finding::Property(_)) => match &searched.trace {
                Some(trace) if trace.loop_start().is_some() => Told::ACycle,
                _ => Told::AnEnd,
            },
            Verdict::Violated(_) => return None,
            Verdict::Holds | Verdict::Inconclusive(_) => Told::Nothing,
        };
        let mut transitions = self.scenario.transitions(pulse);
        transitions.bounds = bounds;
        let mut judge = Judge::new(self.scenario.system.clone());
        let limit = LIMIT.max(searched.counts.states + 1);
        let mut search = self.begun(&mut transitions, &mut judge);
        Some(Box::new(search.space(limit, told, self.scenario.describe())))
    }

    /// Why it means nothing that nothing wrong was found, if there is a reason.
    fn doubt(&self, judge: &Judge, visited: Faults, pulse: Arc<Pulse>) -> Option<Inconclusive> {
        let missed = self.demanded.iter().copied().filter(|&fault| !visited.contains(fault));
        let missed: Vec<Fault> = missed.collect();
        let unvisited = (!missed.is_empty()).then_some(Inconclusive::NotVisited(missed));
        if self.checked {
            return unvisited;
        }
        let nothing = judge.judged_nothing().or(unvisited);
        nothing.or_else(|| plain_runs::blind_view(&self.scenario, pulse))
    }

    fn report(&self, searched: Searched, mut transitions: TransitionSystem, pulse: Arc<Pulse>) -> Report {
        let drawn = |pulse| self.space(&searched, transitions.bounds.clone(), pulse);
        let space = self.draws.then(|| drawn(Arc::clone(&pulse))).flatten();
        let mut report = Report::of_a_search(searched.verdict, self.scenario.describe());
        report.worth = self.scenario.worth();
        report.space = space;
        report.counts = searched.counts;
        report.visited = searched.visited;
        if let Some(trace) = searched.trace.filter(|trace| !trace.is_empty())
            && !report.verdict.is_not_done()
        {
            report.tell(&mut transitions, &mut Judge::new(self.scenario.system.clone()), &trace);
            transfer::show_beside(&mut report, &self.scenario, &pulse);
            report.faults = trace.faults().count();
            report.stale = trace.faults().filter(|&fault| fault == Fault::StaleRead).count();
            // A replay has the usual ids, with which all is well; and of a handler that
            // remembers, nobody knows what it would do next time.
            let remembers = matches!(
                report.verdict,
                Verdict::Violated(Finding::Handler(HandlerFault::Nondeterministic { .. }))
            );
            if trace.loop_start().is_none() && !transitions.rehearsal.has_lasting_ids() && !remembers {
                let code = replay::record(&mut transitions, &self.scenario, &trace);
                report.replay = code.map(|code| code.to_string());
            }
        }
        report
    }
}

/// All ways to choose `size` of the first `count` numbers, in order.
fn subsets(count: usize, size: usize) -> Vec<Vec<usize>> {
    (0u32..1 << count)
        .filter(|set| set.count_ones() as usize == size)
        .map(|set| (0..count).filter(|index| set & (1 << index) != 0).collect())
        .collect()
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::atomic::{AtomicUsize, Ordering};

    use ports::{Context, Endpoint, MessageId, Ports, Precondition, Snapshot};
    use serde_json::json;

    use super::*;

    static BEGUN: AtomicUsize = AtomicUsize::new(0);
    static ENDED: AtomicUsize = AtomicUsize::new(0);

    /// Counts how often it begins, and how often it gets to its end; and what it has
    /// stored grows with every delivery.
    async fn counted(_: &Message, ports: &Ports, _: &Context) -> anyhow::Result<()> {
        BEGUN.fetch_add(1, Ordering::Relaxed);
        let there = ports.documents.get("all").await?.map(|found| found.body).unwrap_or_default();
        ports.documents.put("all", [there, vec![b'x']].concat(), Precondition::None).await?;
        ENDED.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    #[test]
    fn a_live_run_runs_each_delivery_once() {
        let length = |snapshot: &Snapshot| snapshot.document("all").map_or(0, <[u8]>::len);
        let system = move || {
            let view = move |snapshot: &Snapshot, _: &str| Ok(length(snapshot));
            let endpoint = Endpoint::new("orders", counted).view(view);
            System::of(endpoint).stores_at_most("the length", 1, length)
        };
        let message = Message::new(MessageId::named("one"), &json!({ "One": {} }));
        let search = explore(system).send([message]).only([Fault::Duplicate]);
        let report = search.clone().run();
        let code: ReplayCode = report.replay.clone().unwrap_or_else(|| panic!("{report}")).parse().unwrap();
        for counter in [&BEGUN, &ENDED] {
            counter.store(0, Ordering::Relaxed);
        }
        assert!(catch_unwind(AssertUnwindSafe(|| search.live(&code))).is_err(), "it ends the test");
        let counted = [&BEGUN, &ENDED].map(|counter| counter.load(Ordering::Relaxed));
        assert_eq!(counted, [2, 2], "{report}");
    }
}
