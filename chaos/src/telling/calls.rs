//! Calls and their replies in words.

use ports::words;

use super::story::Teller;
use crate::handler::call::{Call, Condition, ObjectKey, Reply, event_in_words};
use crate::world::state::World;
use crate::world::step::CallOutcome;

impl Teller<'_> {
    /// A call and what came of it.
    pub(super) fn call(
        &mut self,
        before: &World,
        call: &Call,
        outcome: CallOutcome,
        reply: Option<&Reply>,
    ) -> String {
        let what = self.request(before, call);
        let mut replied = || reply.map_or(String::new(), |reply| self.reply(call, reply));
        match outcome {
            CallOutcome::Ok => format!("{what}{}", replied()),
            CallOutcome::Stale(_) => format!("{what}{} (an old version!)", replied()),
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
            CallOutcome::ReplyLost => format!("{what}: it takes effect, but the reply is lost"),
            CallOutcome::CrashBefore => format!("dies before it {what}"),
            CallOutcome::CrashAfter => format!("{what}{}, and dies", replied()),
            CallOutcome::CrashDuring => format!("{what} and dies; the call is still under way"),
        }
    }

    /// What a call asks for.
    fn request(&mut self, before: &World, call: &Call) -> String {
        match call {
            Call::ReadStream { object } => format!("reads {}", self.object_name(object)),
            Call::Append { object, expected, events } => {
                let events: Vec<String> = events
                    .iter()
                    .map(|event| {
                        event_in_words(&self.transitions.texts().bytes(event), self.transitions.speaker())
                    })
                    .collect();
                format!(
                    "appends {} to {}, expecting version {expected}",
                    words::enumeration(&events),
                    self.object_name(object)
                )
            }
            Call::Get { object } => format!("gets {}", self.object_name(object)),
            Call::Put { object, body, condition, .. } => {
                let condition = self.condition(object, condition);
                format!("puts {}{condition}: {}", self.object_name(object), self.body(body))
            }
            Call::Delete { object, condition } => {
                let condition = self.condition(object, condition);
                format!("deletes {}{condition}", self.object_name(object))
            }
            Call::Ask { object, request, .. } => {
                self.with_names(&self.outside(object).say_request(&self.transitions.texts().bytes(request)))
            }
            Call::Publish { message } => {
                format!("publishes {}{}", self.message(message), self.other_id(before, message))
            }
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

    fn reply(&mut self, call: &Call, reply: &Reply) -> String {
        match (call, reply) {
            (_, Reply::Conflict) => ": conflict, it has changed".to_owned(),
            (_, Reply::TooLarge { size, limit }) => {
                format!(
                    ": refused, {} bytes and the limit is {}",
                    words::thousands(*size as u128),
                    words::thousands(*limit as u128)
                )
            }
            (_, Reply::Absent) => ": not there".to_owned(),
            (Call::Ask { object, .. }, Reply::Answered { reply, .. }) => {
                let said = self.outside(object).say_reply(&self.transitions.texts().bytes(reply));
                format!(": {}", self.with_names(&said))
            }
            (Call::Get { object }, Reply::Found { body, etag }) => {
                let shown = self.etags.iter().any(|(key, id)| key == object && id == etag);
                let etag = self.etag(&object.clone(), *etag);
                if shown { format!(": {etag}") } else { format!(": {} ({etag})", self.body(body)) }
            }
            (Call::Put { object, .. }, Reply::Stored { etag }) => {
                let etag = self.etag(&object.clone(), *etag);
                format!(" ({etag})")
            }
            (_, Reply::Events(events)) if events.is_empty() => ": empty".to_owned(),
            (_, Reply::Events(events)) => {
                let events: Vec<String> = events
                    .iter()
                    .map(|event| {
                        event_in_words(&self.transitions.texts().bytes(event), self.transitions.speaker())
                    })
                    .collect();
                format!(": {}", events.join(", "))
            }
            _ => String::new(),
        }
    }
}
