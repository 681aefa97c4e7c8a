//! Calls and their replies in words.

use ports::words;

use super::steps::call_in;
use super::story::Teller;
use crate::handler::call::{Call, Condition, ObjectKey, Reply, event_in_words};
use crate::handler::text::{Id, Text};
use crate::world::state::World;
use crate::world::step::CallOutcome;

/// A document of so many characters is told every time: `Claimed` says more than `v1`.
const A_FEW_WORDS: usize = 24;

impl Teller<'_> {
    /// A call and what came of it.
    pub(super) fn call(
        &mut self,
        before: &World,
        call: &Call,
        outcome: CallOutcome,
        reply: Option<&Reply>,
    ) -> String {
        let refused = outcome == CallOutcome::Ok && matches!(reply, Some(Reply::Conflict));
        let what = match call {
            // It took no effect, so what it would have been is of no interest.
            Call::Put { object, condition, .. } if refused => {
                let condition = self.condition(object, condition);
                format!("puts {}{condition}", self.object_name(object))
            }
            _ => self.request(before, call),
        };
        let mut replied = || reply.map_or(String::new(), |reply| self.reply(call, reply));
        match outcome {
            CallOutcome::Ok => format!("{what}{}{}", replied(), self.once_more(self.at)),
            CallOutcome::Stale(_) => {
                let told = replied();
                match told.strip_suffix(')').filter(|_| told.contains(" (v")) {
                    Some(told) => format!("{what}{told}, an old version!)"),
                    None => format!("{what}{told} (an old version!)"),
                }
            }
            CallOutcome::Fails => match call {
                Call::ReadStream { .. } | Call::Get { .. } => format!("{what}: the store is unavailable"),
                Call::Ask { writes: false, .. } => format!("{what}: it cannot be reached"),
                Call::Publish { .. } => format!("{what}: the broker cannot be reached"),
                _ => format!("{what}: no reply, and it took no effect"),
            },
            CallOutcome::Unavailable => match call {
                Call::Ask { .. } => format!("{what}: it cannot be reached"),
                _ => format!("{what}: the store is unavailable"),
            },
            CallOutcome::ReplyLate => format!("{what}: no reply; the call is still under way"),
            CallOutcome::ReplyLost => {
                let and = if what.contains(": ") { ";" } else { ":" };
                format!("{what}{and} it takes effect, but the reply is lost")
            }
            CallOutcome::CrashBefore => format!("dies before it {what}"),
            CallOutcome::CrashAfter => {
                let done =
                    if matches!(call, Call::Ask { writes: true, .. }) { ": it takes effect" } else { "" };
                let told = replied();
                format!("{what}{}, and dies", if told.is_empty() { done } else { &told })
            }
            CallOutcome::CrashDuring => format!("{what} and dies; the call is still under way"),
        }
    }

    /// What a service has to say to a request that it has met before: the same reply, if
    /// it knows it again; or it is done once more.
    fn once_more(&self, number: usize) -> &'static str {
        let Some((said, writes, changed)) = self.asked(number) else { return "" };
        let before = || (0..number).filter_map(|earlier| self.asked(earlier));
        match (writes, changed) {
            (true, false) => ": known by its key, answered as before",
            (true, true) if before().any(|(other, _, changed)| changed && other == said) => {
                ": done once more"
            }
            _ => "",
        }
    }

    /// What a service that repeats its replies is asked for in a step, whether that could
    /// change anything, and whether it did.
    fn asked(&self, number: usize) -> Option<(String, bool, bool)> {
        let taken = &self.trace.taken()[number];
        let Call::Ask { object, request, writes } = call_in(self.transitions, taken)? else { return None };
        let model = self.outside(&object);
        let refused = matches!(taken.applied.reply, Some(Reply::Answered { refused: true, .. }));
        let changed = taken.before.object(&object) != self.trace.after(number).object(&object);
        let said = model.say_request(&self.transitions.texts().bytes(&request));
        (model.repeats() && !refused).then_some((said, writes, changed))
    }

    /// What a call asks for.
    pub(super) fn request(&mut self, before: &World, call: &Call) -> String {
        match call {
            Call::ReadStream { object } => format!("reads {}", self.object_name(object)),
            Call::Append { object, expected, events } => {
                let events: Vec<String> = events
                    .iter()
                    .map(|event| event_in_words(&self.transitions.texts().bytes(event), &self.speaker))
                    .collect();
                format!(
                    "appends {} to {}, expecting version {expected}",
                    words::enumeration(&events),
                    self.object_name(object)
                )
            }
            Call::Get { object } => format!("gets {}", self.object_name(object)),
            Call::Put { object, body, condition, .. } => {
                let baseline = self.baseline(before, object, condition);
                let condition = self.condition(object, condition);
                let in_full = self.body(body);
                let bytes = |text: &Text| self.transitions.texts().bytes(text);
                let length = in_full.chars().count();
                let change =
                    baseline.and_then(|old| match bytes(&old) == bytes(body) && length <= A_FEW_WORDS {
                        // What it says can be said.
                        true => Some(format!("{in_full}, as before")),
                        false => self.change(&bytes(&old), &bytes(body), length),
                    });
                let what = match bytes(body).is_empty() {
                    true => String::new(),
                    false => format!(": {}", change.unwrap_or(in_full)),
                };
                format!("puts {}{condition}{what}", self.object_name(object))
            }
            Call::Delete { object, condition } => {
                let condition = self.condition(object, condition);
                format!("deletes {}{condition}", self.object_name(object))
            }
            Call::Ask { object, request, .. } => {
                self.with_names(&self.outside(object).say_request(&self.transitions.texts().bytes(request)))
            }
            Call::Publish { message } => {
                format!("publishes {}{}", self.message(message), self.other_id(message))
            }
            Call::SetDeadline { time } => format!("sets a deadline in {}", words::duration(*time)),
            Call::HasPassed { deadline } => {
                format!("asks whether {} has passed", self.deadline_in(deadline))
            }
        }
    }

    /// What a write is told against: the version that it is to replace.
    fn baseline(&self, before: &World, object: &ObjectKey, condition: &Condition) -> Option<Text> {
        match condition {
            Condition::IfAbsent => None,
            Condition::IfEtag(etag) => {
                let &[etag] = etag.ids.as_slice() else { return None };
                self.body_of(object, etag)
            }
            Condition::None => before.current(object).map(|version| version.body.clone()),
        }
    }

    fn body_of(&self, object: &ObjectKey, etag: Id) -> Option<Text> {
        let known = |(key, id, _): &&(ObjectKey, Id, Text)| key == object && *id == etag;
        self.bodies.iter().find(known).map(|(_, _, body)| body.clone())
    }

    /// Numbers the version that a reply speaks of, and remembers what is in it.
    pub(super) fn learn(&mut self, call: &Call, reply: &Reply) {
        let (object, etag, body) = match (call, reply) {
            (Call::Get { object }, Reply::Found { body, etag }) => (object, *etag, body),
            (Call::Put { object, body, .. }, Reply::Stored { etag }) => (object, *etag, body),
            _ => return,
        };
        self.etag(object, etag);
        if self.body_of(object, etag).is_none() {
            self.bodies.push((object.clone(), etag, body.clone()));
        }
    }

    fn condition(&mut self, object: &ObjectKey, condition: &Condition) -> String {
        match condition {
            Condition::None => String::new(),
            Condition::IfAbsent => " if absent".to_owned(),
            Condition::IfEtag(etag) => match etag.ids.as_slice() {
                &[id] => format!(" if still {}", self.etag(object, id)),
                _ => " if unchanged".to_owned(),
            },
        }
    }

    /// Remembers that the contents of a version are told now. Whether they were not
    /// told before.
    fn tell_version(&mut self, object: &ObjectKey, etag: Id) -> bool {
        let told = self.told.iter().any(|(key, id)| key == object && *id == etag);
        if !told {
            self.told.push((object.clone(), etag));
        }
        !told
    }

    fn reply(&mut self, call: &Call, reply: &Reply) -> String {
        self.learn(call, reply);
        match (call, reply) {
            (_, Reply::Conflict) => ": conflict".to_owned(),
            (_, Reply::TooLarge { size, limit }) => {
                format!(
                    ": refused, {} bytes and the limit is {}",
                    words::thousands(*size as u128),
                    words::thousands(*limit as u128)
                )
            }
            (_, Reply::Absent) => ": not there".to_owned(),
            (_, Reply::Deadline(id)) => format!(": {}", self.deadline(*id)),
            (_, Reply::Passed(true)) => ": it has".to_owned(),
            (_, Reply::Passed(false)) => ": not yet".to_owned(),
            (_, Reply::NotADeadline) => ": that is no deadline".to_owned(),
            (Call::Ask { object, .. }, Reply::Answered { reply, .. }) => {
                let said = self.outside(object).say_reply(&self.transitions.texts().bytes(reply));
                if said.is_empty() { said } else { format!(": {}", self.with_names(&said)) }
            }
            (Call::Get { object }, Reply::Found { body, etag }) => {
                let shown = !self.tell_version(object, *etag);
                let etag = self.etag(&object.clone(), *etag);
                let text = self.body(body);
                match text.as_str() {
                    "" => format!(": there ({etag})"),
                    _ if shown && text.chars().count() > A_FEW_WORDS => format!(": {etag}"),
                    _ => format!(": {text} ({etag})"),
                }
            }
            (Call::Put { object, .. }, Reply::Stored { etag }) => {
                self.tell_version(object, *etag);
                let etag = self.etag(&object.clone(), *etag);
                format!(" ({etag})")
            }
            (_, Reply::Events(events)) if events.is_empty() => ": empty".to_owned(),
            (_, Reply::Events(events)) => {
                let events: Vec<String> = events
                    .iter()
                    .map(|event| event_in_words(&self.transitions.texts().bytes(event), &self.speaker))
                    .collect();
                format!(": {}", events.join(", "))
            }
            _ => String::new(),
        }
    }
}
