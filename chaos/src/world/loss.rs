//! What a loss of power takes: the last things that were acknowledged and not synced.
//!
//! Nothing is kept for it. Whatever a stream has stored in a run that syncs only after
//! it has acknowledged can be gone at any moment, so which losses there are can be seen
//! in what is stored.

use std::sync::Arc;

use ports::outside::Loss;

use super::fault::Fault;
use super::state::{Content, Due, World};
use super::step::Step;
use super::transition_system::TransitionSystem;
use crate::handler::call::ObjectKey;
use crate::system::store_map::Store;

impl TransitionSystem {
    /// What may be lost next: always a fault. Of each stream the last thing, then the last
    /// two, and so on.
    pub(crate) fn losses(&self, world: &World, steps: &mut Vec<Step>) {
        if !self.affordable(world, Fault::StreamForgets, None) {
            return;
        }
        for (store, outside) in self.stores.outsides() {
            let Some(unsynced) = outside.model.unsynced() else { continue };
            let Some(found) = self.place_of(world, store) else { continue };
            let most = unsynced.unsynced(&self.outside_state(world, found));
            let most = u16::try_from(most).unwrap_or(u16::MAX);
            steps.extend((1..=most).map(|lost| Step::Lose { store, lost }));
        }
    }

    /// Whether anything that was acknowledged there may be lost.
    pub(crate) fn may_lose(&self, store: Store) -> bool {
        self.bounds.classes.contains(Fault::StreamForgets)
            && self.stores.outside(store).is_some_and(|outside| outside.model.unsynced().is_some())
    }

    /// So many of the last things are gone, and what was to be remembered of them.
    pub(super) fn lose(&mut self, world: &mut World, store: Store, lost: u16) {
        let stores = Arc::clone(&self.stores);
        let model = &stores.outside(store).expect("only what is outside loses anything").model;
        let unsynced = model.unsynced().expect("it may lose something");
        let found = self.place_of(world, store).expect("it has something to lose");
        let Loss { state, forgotten } = unsynced.lose(&self.outside_state(world, found), usize::from(lost));
        let texts = &mut self.rehearsal.texts;
        let forgotten = forgotten.iter().map(|what| texts.intern(what.as_bytes())).collect::<Vec<_>>();
        let object = &mut world.objects[found];
        object.content = Content::Outside(texts.intern(&state));
        let of_it = |due: &Due| match due {
            Due::Memory { of, what, .. } => *of == object.key && forgotten.contains(what),
            Due::Document(_) | Due::Deadline(_) => false,
        };
        world.timers.retain(|timer| !of_it(&timer.due));
    }

    /// Where that is which can be lost: what is about the empty key.
    pub(crate) fn place_of(&self, world: &World, store: Store) -> Option<usize> {
        let is_it = |key: &ObjectKey| key.store == store && self.texts().len(&key.key) == 0;
        world.objects.iter().position(|object| is_it(&object.key))
    }
}
