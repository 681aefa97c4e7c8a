//! What an endpoint's stores hold in a world, in the words of its ports.

use ports::Snapshot;

use super::state::{Content, World};
use super::transition_system::TransitionSystem;
use crate::handler::call::recorded_events;
use crate::system::outside::Outside;

/// What an endpoint's stores hold.
pub(crate) fn snapshot(transitions: &TransitionSystem, world: &World, endpoint: u8) -> Snapshot {
    view(transitions, world, endpoint, |_| true)
}

/// What an endpoint's stores hold, without what is done elsewhere.
pub(crate) fn stored(transitions: &TransitionSystem, world: &World, endpoint: u8) -> Snapshot {
    view(transitions, world, endpoint, |outside| !outside.model.is_elsewhere())
}

fn view(
    transitions: &TransitionSystem,
    world: &World,
    endpoint: u8,
    shown: fn(&Outside) -> bool,
) -> Snapshot {
    let mut snapshot = Snapshot::default();
    let (stores, texts) = (&transitions.stores, transitions.texts());
    for object in world.objects.iter().filter(|object| stores.owns(endpoint, object.key.store)) {
        let (store, key) = (object.key.store, texts.string(&object.key.key));
        match &object.content {
            Content::Stream(events) => snapshot.insert_stream(key, recorded_events(events, texts)),
            Content::Document(Some(version)) if store == stores.documents(endpoint) => {
                snapshot.insert_document(key, texts.bytes(&version.body));
            }
            Content::Document(Some(version)) => {
                snapshot.insert_document_in(stores.label(store), key, texts.bytes(&version.body));
            }
            Content::Document(None) => {}
            Content::Outside(state) => {
                let outside = stores.outside(store).expect("only what is outside has such a state");
                if shown(outside) {
                    outside.model.show(&mut snapshot, stores.label(store), &key, &texts.bytes(state));
                }
            }
        }
    }
    snapshot
}
