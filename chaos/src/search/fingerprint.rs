//! The key under which a state is remembered.

use xxhash_rust::xxh3::xxh3_128;

use crate::handler::call::{Call, Condition, ObjectKey};
use crate::handler::text::Text;
use crate::world::state::{Content, Due, Phase, World};

/// A phase as a number.
pub(super) fn phase(phase: Phase) -> u32 {
    match phase {
        Phase::Handling => 0,
        Phase::Acking => 1,
        Phase::Dispatching(next) => 2 + u32::from(next),
    }
}

/// The 128-bit key of a world in canonical form: everything that the future or
/// a verdict depends on, but for what is left of the budgets.
pub(crate) fn fingerprint(world: &World, buffer: &mut Vec<u8>) -> u128 {
    buffer.clear();
    let mut sink = Sink(buffer);
    for worker in &world.workers {
        match &worker.busy {
            None => sink.word(0),
            Some(busy) => {
                let flags = u32::from(busy.holds_lock) + 2 * u32::from(busy.reads_old);
                sink.word(1 + 4 * phase(busy.phase) + flags);
                sink.text(&busy.message);
                sink.word(busy.history);
                sink.words(&busy.ids);
            }
        }
    }
    sink.word(world.queue.len() as u32);
    for copy in &world.queue {
        sink.word(u32::from(copy.endpoint));
        sink.text(&copy.message);
    }
    sink.word(world.objects.len() as u32);
    for object in &world.objects {
        sink.key(&object.key);
        match &object.content {
            Content::Stream(events) => {
                sink.word(events.len() as u32);
                events.iter().for_each(|event| sink.text(event));
            }
            Content::Outside(state) => sink.text(state),
            Content::Document(version) => {
                sink.word(object.older.len() as u32);
                for version in object.older.iter().chain([version]) {
                    match version {
                        None => sink.word(0),
                        Some(version) => {
                            sink.word(1 + version.etag);
                            sink.text(&version.body);
                        }
                    }
                }
            }
        }
    }
    sink.word(world.published.len() as u32);
    for copy in &world.published {
        sink.word(u32::from(copy.endpoint));
        sink.text(&copy.message);
    }
    sink.word(world.causes.len() as u32);
    for cause in &world.causes {
        sink.word(u32::from(cause.output.endpoint));
        sink.text(&cause.output.message);
        sink.text(&cause.under);
    }
    sink.word(world.in_flight.len() as u32);
    for in_flight in &world.in_flight {
        sink.word(u32::from(in_flight.endpoint) * 2 + u32::from(in_flight.certain));
        sink.text(&in_flight.message);
        sink.call(&in_flight.call);
    }
    sink.word(world.timers.len() as u32);
    for timer in &world.timers {
        match &timer.due {
            Due::Document(key) => {
                sink.word(0);
                sink.key(key);
            }
            Due::Memory { of, what, message } => {
                sink.word(1);
                sink.key(of);
                sink.text(what);
                sink.text(message);
            }
            Due::Deadline(id) => {
                sink.word(2);
                sink.word(*id);
            }
        }
        sink.long(timer.time_to_live.as_millis() as u64);
        sink.word(timer.older_locks);
    }
    sink.word(u32::from(world.component));
    xxh3_128(buffer)
}

struct Sink<'a>(&'a mut Vec<u8>);

impl Sink<'_> {
    fn word(&mut self, word: u32) {
        self.0.extend_from_slice(&word.to_le_bytes());
    }

    fn long(&mut self, long: u64) {
        self.0.extend_from_slice(&long.to_le_bytes());
    }

    fn words(&mut self, words: &[u32]) {
        self.word(words.len() as u32);
        words.iter().for_each(|&word| self.word(word));
    }

    fn text(&mut self, text: &Text) {
        // How many ids there are is a matter of the template.
        self.word(text.template);
        text.ids.iter().for_each(|&id| self.word(id));
    }

    fn key(&mut self, key: &ObjectKey) {
        self.word(u32::from(key.store));
        self.text(&key.key);
    }

    /// What kind of call it is comes first: only then is it certain how to read the
    /// rest.
    fn call(&mut self, call: &Call) {
        self.word(match call {
            Call::ReadStream { .. } => 0,
            Call::Get { .. } => 1,
            Call::Append { .. } => 2,
            Call::Put { .. } => 3,
            Call::Delete { .. } => 4,
            Call::Publish { .. } => 5,
            Call::Ask { writes, .. } => 6 + u32::from(*writes),
            Call::SetDeadline { .. } => 8,
            Call::HasPassed { .. } => 9,
        });
        if let Some(object) = call.object() {
            self.key(object);
        }
        match call {
            Call::ReadStream { .. } | Call::Get { .. } => {}
            Call::Append { expected, events, .. } => {
                self.long(*expected);
                self.word(events.len() as u32);
                events.iter().for_each(|event| self.text(event));
            }
            Call::Put { body, condition, time_to_live, .. } => {
                self.text(body);
                self.condition(condition);
                self.long(time_to_live.map_or(0, |time| 1 + time.as_millis() as u64));
            }
            Call::Delete { condition, .. } => self.condition(condition),
            Call::Publish { message } => self.text(message),
            Call::Ask { request, .. } => self.text(request),
            Call::SetDeadline { time } => self.long(time.as_millis() as u64),
            Call::HasPassed { deadline } => self.text(deadline),
        }
    }

    fn condition(&mut self, condition: &Condition) {
        match condition {
            Condition::None => self.word(0),
            Condition::IfAbsent => self.word(1),
            Condition::IfEtag(etag) => {
                self.word(2);
                self.text(etag);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::world::budget::Spent;
    use crate::world::state::Object;
    use crate::world::state::tests::Words;

    /// Everything that the future or a verdict depends on, in the form that is easiest
    /// to be sure of.
    fn what_counts(world: &World) -> String {
        format!("{:?}", World { spent: Spent::default(), next_id: 0, sent_ids: 0, ..world.clone() })
    }

    #[test]
    fn two_worlds_that_can_go_on_differently_have_two_fingerprints() {
        let mut words = Words::new(3);
        let mut known: BTreeMap<u128, String> = BTreeMap::new();
        let (mut buffer, mut again) = (Vec::new(), 0);
        for _ in 0..60_000 {
            let mut world = words.world();
            // Of what kind something is, is a matter of its store.
            let fits = |object: &Object| match &object.content {
                Content::Document(_) => object.key.store == 0,
                Content::Stream(_) => object.key.store == 1,
                Content::Outside(_) => object.key.store == 2,
            };
            world.objects.retain(fits);
            let what = what_counts(&world);
            match known.get(&fingerprint(&world, &mut buffer)) {
                Some(other) => {
                    assert_eq!(*other, what, "two worlds share a fingerprint");
                    again += 1;
                }
                None => _ = known.insert(fingerprint(&world, &mut buffer), what),
            }
        }
        let different: std::collections::BTreeSet<&String> = known.values().collect();
        assert_eq!(different.len(), known.len(), "one world has two fingerprints");
        assert!(again > 1_000, "{again}");
    }
}
