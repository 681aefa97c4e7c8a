//! Whether the view is to be believed.
//!
//! Everything that is known about the state of an endpoint is known through its
//! view, and a view may hide what it should show: one that collects into a set
//! shows a tea that was put in twice as one tea. Under faults nobody can tell. In a
//! *plain run*, one message after the other and nothing going wrong, there is no
//! doubt what should come out; and where each content comes once more, as a
//! message of its own, it must show that as well.
//!
//! A view is *blind* if in such a run something is done to what it looks at, it
//! shows what it showed before, and no order of the messages leads to that. Either
//! it hides what was done, or the handler did something else than the law says; a
//! view that shows something, if the wrong thing, is a matter for the search.
//!
//! A right handler is right about these runs, too: they are the runs of a test
//! that sends fewer messages, or more of the same. Nothing is made of a run in
//! which a delivery failed or that did not come to rest (whoever waits for somebody
//! else may do so), nor of new messages where something that was stored before
//! knows the others by their ids (then a new one is none of the same).

use std::sync::Arc;

use ports::words::{self, Speaker};

use super::judge::{Judge, Unlike};
use super::verdict::Inconclusive;
use crate::handler::rehearsal::Ending;
use crate::handler::watchdog::Pulse;
use crate::scenario::Scenario;
use crate::system::under_test::Mail;
use crate::world::state::{Content, Envelope, Object, Version, World};
use crate::world::step::Step;
use crate::world::transition_system::TransitionSystem;

/// Of so many messages every order is tried.
const EVERY_ORDER: usize = 4;

/// The first plain run in which an endpoint's view is blind.
pub(crate) fn blind_view(scenario: &Scenario, pulse: Arc<Pulse>) -> Option<Inconclusive> {
    if scenario.system.specifications.iter().all(Option::is_none) {
        return None;
    }
    let sent = distinct(scenario);
    let mut extended = Scenario { mail: sent.clone(), ..scenario.clone() };
    if !knows_ids(scenario) {
        extended.mail.extend(sent.iter().map(|(to, message)| (*to, message.said_again("in a plain run"))));
    }
    let transitions = extended.transitions(pulse);
    let judge = Judge::new(scenario.system.clone());
    let mut runs = PlainRuns { transitions, judge, sent: sent.len(), speaker: extended.speaker() };
    let mut start = runs.transitions.initial();
    start.queue.clear();
    let every_order = sent.len() <= EVERY_ORDER;
    runs.go_on(&start, &mut Vec::new(), every_order).err()
}

/// The messages that are sent, each once.
fn distinct(scenario: &Scenario) -> Mail {
    let mut mail = Mail::new();
    for sent in &scenario.mail {
        if !mail.contains(sent) {
            mail.push(sent.clone());
        }
    }
    mail
}

/// Whether something stored before the start mentions a message's id.
fn knows_ids(scenario: &Scenario) -> bool {
    let ids: Vec<Vec<u8>> =
        scenario.mail.iter().map(|(_, message)| message.id.to_string().into_bytes()).collect();
    let mentions = |text: &[u8]| ids.iter().any(|id| text.windows(id.len()).any(|part| part == id));
    let stored = &scenario.system.stored;
    let published = scenario.system.published.iter().flat_map(|(_, messages)| messages);
    stored.iter().any(|(_, key, body)| mentions(key.as_bytes()) || mentions(body))
        || published.clone().any(|message| mentions(&message.body))
        || published
            .filter_map(|message| message.message_id.as_ref())
            .any(|id| mentions(id.to_string().as_bytes()))
}

struct PlainRuns {
    transitions: TransitionSystem,
    judge: Judge,
    /// How many messages are sent; those after them say the same again.
    sent: usize,
    speaker: Speaker,
}

impl PlainRuns {
    /// Sends the next message, whichever it may be; after all of them, each once
    /// more.
    fn go_on(&mut self, world: &World, sent: &mut Vec<usize>, every_order: bool) -> Result<(), Inconclusive> {
        let all = self.transitions.sent.len();
        let again = sent.len() == self.sent;
        let next: Vec<usize> = match (again, every_order) {
            (false, true) => (0..self.sent).filter(|message| !sent.contains(message)).collect(),
            (false, false) => vec![sent.len()],
            // The order of those before it is all one by now.
            (true, _) if sent.is_sorted() => (self.sent..all).collect(),
            (true, _) => Vec::new(),
        };
        for message in next {
            let Some(after) = self.after(world, message) else { continue };
            sent.push(message);
            if let Some(blind) = self.blind_view(world, &after, sent) {
                return Err(blind);
            }
            if !again {
                self.go_on(&after, sent, every_order)?;
            }
            sent.pop();
        }
        Ok(())
    }

    /// The world at rest after one more message; none, if it does not come to rest,
    /// or only after something failed.
    fn after(&mut self, world: &World, message: usize) -> Option<World> {
        const LONG_ENOUGH: usize = 1_000;
        let mut world = world.clone();
        let Envelope { endpoint, message } = self.transitions.sent[message].clone();
        world.queue.push(Envelope { endpoint, message });
        let mut steps = Vec::new();
        for _ in 0..LONG_ENOUGH {
            if world.at_rest() {
                return Some(world);
            }
            self.transitions.enabled(&world, &mut steps);
            // Time need not pass: whoever waits for it is left to the search.
            let step = *steps.iter().find(|step| !matches!(step, Step::Expire { .. }))?;
            if self.transitions.fault(&world, step).is_some() {
                return None;
            }
            let applied = self.transitions.apply(&mut world, step).ok()?;
            let failed = |history| {
                matches!(self.transitions.rehearsal.pending(history).ending, Some(Ending::Failed(_)))
            };
            if applied.delivery.is_some_and(failed) {
                return None;
            }
        }
        None
    }

    /// The first view that shows nothing of what was done since, and should.
    fn blind_view(&mut self, before: &World, after: &World, sent: &[usize]) -> Option<Inconclusive> {
        let unlike = self.judge.states_unlike_the_law(&mut self.transitions, after, sent);
        let blind = unlike.into_iter().find(|unlike| self.is_blind(before, after, unlike))?;
        let run = sent.iter().map(|&index| {
            let copy = &self.transitions.sent[index];
            self.speaker.message(&self.transitions.texts().bytes(&copy.message))
        });
        let run = words::enumeration(&run.collect::<Vec<_>>());
        let Unlike { endpoint, is, should_be, .. } = blind;
        let endpoint = self.transitions.endpoints()[endpoint].name().to_owned();
        let what = format!("after {run}, it shows {is}, as it did before, and it should be {should_be}");
        Some(Inconclusive::BlindView { endpoint, what })
    }

    /// Whether a view shows what it showed before, and looks at what has changed
    /// since: it would show something else without that, or shows something where
    /// there is nothing else.
    fn is_blind(&self, before: &World, after: &World, unlike: &Unlike) -> bool {
        let shown =
            |world: &World| self.judge.shown(&self.transitions, world, unlike.endpoint, &unlike.aggregate);
        let is_new = |object: &Object| match before.find(&object.key) {
            Ok(found) => !same_content(&before.objects[found].content, &object.content),
            Err(_) => true,
        };
        let with = |keep: &dyn Fn(&Object) -> bool| {
            let mut world = after.clone();
            world.objects.retain(keep);
            shown(&world)
        };
        let looks_at_it = || {
            with(&|object| !is_new(object)).as_ref() != Some(&unlike.shown)
                || with(&is_new) != with(&|_| false)
        };
        after.objects.iter().any(is_new) && shown(before).as_ref() == Some(&unlike.shown) && looks_at_it()
    }
}

/// Whether a document, a stream or something outside says the same, whoever wrote
/// it.
fn same_content(one: &Content, other: &Content) -> bool {
    match (one, other) {
        (Content::Document(one), Content::Document(other)) => {
            let body = |version: &Option<Version>| version.as_ref().map(|version| version.body.clone());
            body(one) == body(other)
        }
        _ => one == other,
    }
}
