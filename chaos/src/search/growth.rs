//! What keeps growing in a search that does not end.

use std::collections::{BTreeMap, BTreeSet};

use ports::words;

use crate::handler::call::ObjectKey;
use crate::handler::text::Text;
use crate::world::state::{Content, Object, World};
use crate::world::transition_system::TransitionSystem;

/// So many times what is to be expected is too much.
const OUT_OF_PROPORTION: usize = 8;

/// Which stored thing keeps growing.
#[derive(Default)]
pub(super) struct Growth {
    largest: BTreeMap<(u8, u32), usize>,
    first: BTreeMap<(u8, u32), usize>,
    /// Those that are counted in events.
    streams: BTreeSet<(u8, u32)>,
    /// How many old versions of it are kept for reads that are old.
    most_versions: BTreeMap<(u8, u32), usize>,
    most_objects: usize,
    most_published: usize,
    most_queued: usize,
}

impl Growth {
    pub(super) fn observe(&mut self, transitions: &TransitionSystem, world: &World) {
        for object in &world.objects {
            let size = size(transitions, object);
            let class = (object.key.store, object.key.key.template);
            if matches!(object.content, Content::Stream(_)) {
                self.streams.insert(class);
            }
            let largest = self.largest.entry(class).or_insert(size);
            *largest = size.max(*largest);
            self.first.entry(class).or_insert(size);
            if object.older.len() > OUT_OF_PROPORTION {
                let most = self.most_versions.entry(class).or_default();
                *most = object.older.len().max(*most);
            }
        }
        self.most_objects = self.most_objects.max(world.objects.len());
        self.most_published = self.most_published.max(world.published.len());
        self.most_queued = self.most_queued.max(world.queue.len());
    }

    /// Names what has grown out of proportion.
    pub(super) fn what(&self, transitions: &TransitionSystem) -> Option<String> {
        let messages = transitions.sent.len().max(1);
        let (class, size) = self
            .largest
            .iter()
            .max_by_key(|(class, size)| *size / self.first[*class].max(1))
            .map(|(class, size)| (*class, *size))?;
        if self.most_queued > OUT_OF_PROPORTION * messages {
            return Some(format!("the queue (up to {})", words::count(self.most_queued as u128, "copy")));
        }
        if self.most_published > OUT_OF_PROPORTION * messages {
            return Some(format!(
                "the number of published messages (up to {}): is an output given a new id at every attempt?",
                words::thousands(self.most_published as u128)
            ));
        }
        let called = |class: (u8, u32)| {
            let key = ObjectKey { store: class.0, key: Text { template: class.1, ids: Default::default() } };
            name(transitions, &key)
        };
        if size > OUT_OF_PROPORTION * self.first[&class].max(1) {
            let units = if self.streams.contains(&class) { "event" } else { "byte" };
            return Some(format!("{} (up to {})", called(class), words::count(size as u128, units)));
        }
        let versions = self.most_versions.iter().max_by_key(|(_, most)| **most);
        if let Some((&class, &most)) = versions
            && most > OUT_OF_PROPORTION * messages
        {
            return Some(format!(
                "the old versions of {} (up to {}), of which each may still be read as long as an old read is left: is it written at every attempt?",
                called(class),
                words::thousands(most as u128)
            ));
        }
        if self.most_objects > OUT_OF_PROPORTION * messages {
            return Some(format!(
                "the number of stored documents (up to {})",
                words::thousands(self.most_objects as u128)
            ));
        }
        None
    }
}

/// How large an object is: in events where it is a stream of them, else in bytes.
pub(super) fn size(transitions: &TransitionSystem, object: &Object) -> usize {
    match &object.content {
        Content::Stream(events) => events.len(),
        Content::Outside(state) => transitions.texts().len(state),
        Content::Document(version) => {
            version.as_ref().map_or(0, |version| transitions.texts().len(&version.body))
        }
    }
}

/// An object by its key and what its store is called; a key may be empty.
pub(super) fn name(transitions: &TransitionSystem, object: &ObjectKey) -> String {
    let store = transitions.stores.label(object.store);
    match transitions.texts().string(&object.key) {
        key if key.is_empty() => store.to_owned(),
        key => format!("{key} in {store}"),
    }
}
