//! What is stored, as text: each document as it is, a stream and a log as a list.

use ports::Snapshot;
use records::film::Content as FilmContent;
use serde::de::IgnoredAny;

use super::reel::Reel;
use crate::handler::call::ObjectKey;
use crate::handler::text::Text;
use crate::telling::story::Teller;
use crate::world::state::{Content, Object, Version};

impl Teller<'_> {
    /// What is stored in an object, if anything is.
    pub(super) fn content(&self, reel: &mut Reel, object: &Object) -> Option<FilmContent> {
        let texts = self.transitions.texts();
        match &object.content {
            Content::Document(None) => None,
            Content::Document(Some(Version { etag, body })) => {
                let content = self.version_of_document(reel, &object.key, *etag, body);
                let older = object.older.iter();
                let older = older.map(|old| old.as_ref().map(|old| reel.text(&texts.bytes(&old.body))));
                Some(FilmContent { older: older.collect(), ..content })
            }
            Content::Stream(events) => Some(self.events(reel, events)),
            Content::Outside(state) => {
                let shown = self.outside_state(&object.key, texts.bytes(state));
                Some(FilmContent { text: reel.text(&shown), ..FilmContent::default() })
            }
        }
    }

    /// The state of something outside. What is no JSON as a whole may be the records of
    /// a log.
    fn outside_state(&self, object: &ObjectKey, state: Vec<u8>) -> Vec<u8> {
        if serde_json::from_slice::<IgnoredAny>(&state).is_ok() {
            return state;
        }
        let mut snapshot = Snapshot::default();
        let (label, key) = (self.transitions.stores.label(object.store), self.text(&object.key));
        self.outside(object).show(&mut snapshot, label, &key, &state);
        match snapshot.log(&key) {
            [] => state,
            records => list(records),
        }
    }

    pub(super) fn version_of_document(
        &self,
        reel: &mut Reel,
        key: &ObjectKey,
        etag: u32,
        body: &Text,
    ) -> FilmContent {
        let text = reel.text(&self.transitions.texts().bytes(body));
        FilmContent { text, etag: Some(etag), version: self.version(key, etag), older: Vec::new() }
    }

    /// A stream's events, as a list.
    pub(super) fn events(&self, reel: &mut Reel, events: &[Text]) -> FilmContent {
        let events: Vec<Vec<u8>> = events.iter().map(|event| self.transitions.texts().bytes(event)).collect();
        FilmContent { text: reel.text(&list(&events)), ..FilmContent::default() }
    }
}

/// Texts as a list of JSON.
fn list(texts: &[Vec<u8>]) -> Vec<u8> {
    [b"[".as_slice(), &texts.join(b",".as_slice()), b"]"].concat()
}
