//! Whether a view depends on what fresh ids are (argument 2 in
//! [`how_it_works`](crate::how_it_works)).

use std::sync::Arc;

use ports::ids::Guise;
use ports::{Message, MessageId};
use serde_json::Value;

use super::judge::Judge;
use crate::handler::fault::HandlerFault;
use crate::handler::given_up::Place;
use crate::handler::panics::catching_panics;
use crate::handler::text::{Assignment, Text, Texts};
use crate::world::snapshot::snapshot;
use crate::world::state::{Content, Envelope, World};
use crate::world::transition_system::TransitionSystem;

impl Judge {
    /// Asks a view once more, with other ids in what is stored. It may look inside
    /// an id, which is a finding; or it may compare ids, which is remembered.
    pub(super) fn view_with_other_ids(
        &self,
        transitions: &mut TransitionSystem,
        world: &World,
        endpoint: usize,
        aggregate: &str,
        state: &Value,
    ) -> Result<(), HandlerFault> {
        let many = world.next_id >= Guise::NUMBERS;
        if many || transitions.rehearsal.has_lasting_ids() || !stores_ids(transitions, world, endpoint as u8)
        {
            return Ok(());
        }
        let turn = transitions.rehearsal.next_turn();
        let naming = transitions.texts().naming();
        let usual = transitions.texts().assignment();
        let shown = say(&mut transitions.rehearsal.texts, usual, state);
        let other = self.view_with(transitions, world, endpoint, aggregate, naming.in_the_same_order(turn));
        let fault = match &other {
            Some((_, text)) if *text == shown => None,
            Some((_, text)) if transitions.texts().bag([text]) == transitions.texts().bag([&shown]) => {
                transitions.rehearsal.compares_ids = true;
                None
            }
            _ => Some(HandlerFault::LooksInsideIds {
                first: format!("shows {aggregate} as {state}"),
                second: match &other {
                    Some((state, _)) => format!("shows it as {state}"),
                    None => "cannot show it".to_owned(),
                },
            }),
        };
        if fault.is_none() && !transitions.rehearsal.compares_ids {
            let other =
                self.view_with(transitions, world, endpoint, aggregate, naming.in_another_order(turn));
            transitions.rehearsal.compares_ids = other.is_none_or(|(_, text)| text != shown);
        }
        transitions.rehearsal.texts.as_usual();
        fault.map_or(Ok(()), Err)
    }

    /// Whether the law says the same about a message that is sent if that has another
    /// id. One that does not knows these very ids.
    pub(crate) fn is_indifferent_to_ids(
        &self,
        transitions: &TransitionSystem,
        change: fn(MessageId) -> MessageId,
    ) -> bool {
        let indifferent = |copy: &Envelope| {
            let Some(law) = self.system.specifications[usize::from(copy.endpoint)].as_deref() else {
                return true;
            };
            let Ok(message) = transitions.texts().message(&copy.message) else { return false };
            let said = |message: &Message| {
                let aggregate = law.aggregate(message);
                let said = law.process(&law.opening(&aggregate), message);
                (aggregate, said)
            };
            let other = Message { id: change(message.id), body: message.body.clone() };
            said(&message) == said(&other)
        };
        catching_panics(|| transitions.sent.iter().all(indifferent)).unwrap_or(false)
    }

    fn view_with(
        &self,
        transitions: &mut TransitionSystem,
        world: &World,
        endpoint: usize,
        aggregate: &str,
        ids: Assignment,
    ) -> Option<(Value, Text)> {
        transitions.rehearsal.texts.try_on(ids);
        let snapshot = snapshot(transitions, world, endpoint as u8);
        let endpoint = &self.system.endpoints[endpoint];
        let view = || catching_panics(|| endpoint.state_of(&snapshot, aggregate));
        let place = Arc::new(Place::viewing(endpoint));
        let state = transitions.rehearsal.pulse().inside(&place, view).ok()?.ok()?;
        let text = say(&mut transitions.rehearsal.texts, ids, &state);
        Some((state, text))
    }
}

/// A state as a text, without a trace.
fn say(texts: &mut Texts, ids: Assignment, state: &Value) -> Text {
    texts.try_on(ids);
    texts.intern(state.to_string().as_bytes())
}

/// Whether there are fresh ids in what an endpoint stores.
fn stores_ids(transitions: &TransitionSystem, world: &World, endpoint: u8) -> bool {
    world.objects.iter().filter(|object| transitions.stores.owns(endpoint, object.key.store)).any(|object| {
        let text = |text: &Text| !text.ids.is_empty();
        text(&object.key.key)
            || match &object.content {
                Content::Stream(events) => events.iter().any(text),
                Content::Outside(state) => text(state),
                Content::Document(version) => version.as_ref().is_some_and(|version| text(&version.body)),
            }
    })
}
