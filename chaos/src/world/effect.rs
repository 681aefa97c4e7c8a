//! What a call does to what is stored, and the true answer to it.

use std::sync::Arc;

use super::fault::Fault;
use super::state::{Cause, Content, Due, Envelope, Version, World};
use super::transition_system::TransitionSystem;
use crate::handler::call::{Call, Condition, ObjectKey, Reply};
use crate::handler::text::Text;

impl TransitionSystem {
    /// What a call does to the world, and the true answer to it.
    /// `message` is the one that is being processed.
    pub(super) fn effect(&mut self, world: &mut World, endpoint: u8, message: &Text, call: &Call) -> Reply {
        match call {
            Call::ReadStream { object } => match world.find(object) {
                Ok(found) => match &world.objects[found].content {
                    Content::Stream(events) => Reply::Events(events.clone()),
                    _ => unreachable!("streams and documents have stores of their own"),
                },
                Err(_) => Reply::Events(Vec::new()),
            },
            Call::Append { object, expected, events } => append(world, object, *expected, events),
            Call::Get { object } => match world.current(object) {
                Some(version) => Reply::Found { body: version.body.clone(), etag: version.etag },
                None => Reply::Absent,
            },
            Call::Put { object, body, condition, time_to_live } => {
                let reply = self.put(world, object, body, condition);
                if let (Reply::Stored { .. }, Some(time_to_live)) = (&reply, *time_to_live) {
                    self.will_come(world, Due::Document(object.clone()), time_to_live);
                }
                reply
            }
            Call::Delete { object, condition } => {
                if !world.meets(object, condition) {
                    return Reply::Conflict;
                }
                if let Ok(found) = world.find(object) {
                    self.replace(world, found, None);
                }
                Reply::Deleted
            }
            Call::Publish { message: output } => {
                self.publish(world, endpoint, output.clone(), message);
                Reply::Published
            }
            Call::Ask { object, request, .. } => self.ask(world, message, object, request),
            Call::SetDeadline { time } => {
                let deadline = world.next_id;
                world.next_id += 1;
                if !time.is_zero() {
                    self.will_come(world, Due::Deadline(deadline), *time);
                }
                Reply::Deadline(deadline)
            }
            Call::HasPassed { deadline } => match deadline.sole_id() {
                Some(deadline) => Reply::Passed(!world.is_to_come(deadline)),
                None => Reply::NotADeadline,
            },
        }
    }

    fn put(&self, world: &mut World, object: &ObjectKey, body: &Text, condition: &Condition) -> Reply {
        if let Some(limit) = self.stores.limit(object.store) {
            let size = self.texts().len(&object.key) + self.texts().len(body);
            if size > limit {
                return Reply::TooLarge { size, limit };
            }
        }
        if !world.meets(object, condition) {
            return Reply::Conflict;
        }
        let etag = world.next_id;
        world.next_id += 1;
        let place = world.find_or_add(object, Content::Document(None));
        self.replace(world, place, Some(Version { etag, body: body.clone() }));
        Reply::Stored { etag }
    }

    /// What is outside answers.
    fn ask(&mut self, world: &mut World, message: &Text, object: &ObjectKey, request: &Text) -> Reply {
        let stores = Arc::clone(&self.stores);
        let outside = stores.outside(object.store).expect("only what is outside is asked");
        let found = world.find(object);
        let state = found.map_or_else(|_| Vec::new(), |found| self.outside_state(world, found));
        let turn = outside.model.answer(&state, &self.texts().bytes(request));
        let forgets = outside.forgets() && self.may_ever_forget(outside);
        let texts = &mut self.rehearsal.texts;
        if let Some(state) = turn.state {
            let content = Content::Outside(texts.intern(&state));
            let place = world.find_or_add(object, content.clone());
            world.objects[place].content = content;
        }
        let reply = Reply::Answered { reply: texts.intern(&turn.reply), refused: turn.refused };
        if let Some((what, time_to_live)) = turn.remembers
            && forgets
        {
            let what = texts.intern(what.as_bytes());
            let due = Due::Memory { of: object.clone(), what, message: message.clone() };
            self.will_come(world, due, time_to_live);
        }
        reply
    }

    /// The state of what is outside.
    pub(crate) fn outside_state(&self, world: &World, found: usize) -> Vec<u8> {
        let Content::Outside(state) = &world.objects[found].content else { unreachable!("it is outside") };
        self.texts().bytes(state)
    }

    /// Puts a new version (or none) in place of a document's current one.
    pub(super) fn replace(&self, world: &mut World, place: usize, version: Option<Version>) {
        let weak =
            self.stores.is_weak(world.objects[place].key.store) && self.any_left(world, Fault::StaleRead);
        let object = &mut world.objects[place];
        let Content::Document(content) = &mut object.content else { unreachable!("it is a document") };
        let gone = version.is_none();
        let before = std::mem::replace(content, version);
        if weak {
            object.older.push(before);
        } else {
            object.older.clear();
        }
        let key = &world.objects[place].key;
        world.timers.retain(|timer| !matches!(&timer.due, Due::Document(of) if of == key));
        if gone && !weak {
            world.objects.remove(place);
        }
    }

    /// An endpoint publishes a message, while it processes the one that it is
    /// published `under`.
    pub(super) fn publish(&mut self, world: &mut World, endpoint: u8, message: Text, under: &Text) {
        let subscribers = self.subscribers(&message);
        for &subscriber in &subscribers {
            world.queue.push(Envelope { endpoint: subscriber, message: message.clone() });
        }
        let published = Envelope { endpoint, message };
        if !subscribers.is_empty() && self.asks_for_causes(endpoint) {
            let cause = Cause { output: published.clone(), under: under.clone() };
            if let Err(place) = world.causes.binary_search(&cause) {
                world.causes.insert(place, cause);
            }
        }
        if !world.published.contains(&published) {
            world.published.push(published);
        }
    }

    /// Whether a write is bound to fail, now and for ever, and with the same
    /// answer: its etag or version has been refused_for_ever.
    pub(crate) fn refused_for_ever(&self, world: &World, call: &Call) -> bool {
        match call {
            Call::Put { object, condition: Condition::IfEtag(etag), .. }
            | Call::Delete { object, condition: Condition::IfEtag(etag) } => {
                world.current(object).is_none_or(|version| Text::etag(version.etag) != *etag)
            }
            Call::Append { object, expected, .. } => match world.find(object) {
                Ok(found) => match &world.objects[found].content {
                    Content::Stream(events) => events.len() as u64 > *expected,
                    _ => false,
                },
                Err(_) => false,
            },
            Call::Ask { object, request, writes: true } => {
                let (Some(outside), Ok(found)) = (self.stores.outside(object.store), world.find(object))
                else {
                    return false;
                };
                let state = self.outside_state(world, found);
                outside.model.refuses_for_ever(&state, &self.texts().bytes(request))
            }
            _ => false,
        }
    }
}

fn append(world: &mut World, object: &ObjectKey, expected: u64, events: &[Text]) -> Reply {
    let found = world.find(object);
    let version = match found.map(|found| &world.objects[found].content) {
        Ok(Content::Stream(events)) => events.len() as u64,
        _ => 0,
    };
    if version != expected {
        return Reply::Conflict;
    }
    if !events.is_empty() {
        let place = world.find_or_add(object, Content::Stream(Vec::new()));
        if let Content::Stream(stream) = &mut world.objects[place].content {
            stream.extend(events.iter().cloned());
        }
    }
    Reply::Appended(version + events.len() as u64)
}

/// What a read of an older version answers.
pub(super) fn stale(world: &World, call: &Call, version: u8) -> Reply {
    let object = call.object().expect("only stores are read");
    let found = world.find(object).expect("only what was written once has older versions");
    match &world.objects[found].older[usize::from(version)] {
        Some(version) => Reply::Found { body: version.body.clone(), etag: version.etag },
        None => Reply::Absent,
    }
}
