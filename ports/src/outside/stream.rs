//! A stream with publish expectations and a de-duplication window.

use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::{Loss, Model, NoAnswer, Turn, Unsynced, Wire, decode, encode};
use crate::ports::check_filter;
use crate::{Expected, Publication, PublishAck, Snapshot, StreamError, StreamMessage, SubjectStream};

/// What a server looks at first when a message comes that carries both an id
/// it knows and an expectation that no longer holds: a retry after a lost
/// acknowledgement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckFirst {
    /// The id: the retry is acknowledged as a duplicate (nats-server up to
    /// 2.11).
    MessageId,
    /// The expectation: the retry is refused (nats-server 2.12 and later).
    Expectation,
}

/// Whether a message is on the disk when it is acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Syncs {
    /// It is: what was acknowledged stays (`sync_interval: always` in the configuration
    /// of nats-server).
    #[default]
    Always,
    /// It will be some time later, and until then a loss of power takes it away, with
    /// all that came after it and with the ids of these messages. (nats-server has two
    /// minutes for it, unless it is told otherwise.) No moment is modelled at which it
    /// is synced: what was stored in a run may be gone at any later time of the run.
    Later,
}

/// See [`SubjectStream`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamModel {
    /// What is looked at first.
    pub check_first: CheckFirst,
    /// For how long the id of a message is remembered, from when it was stored.
    /// JetStream's default is two minutes; less than 100 ms it does not take.
    pub window: Duration,
    /// Whether what it acknowledges is on the disk by then.
    pub syncs: Syncs,
}

impl StreamModel {
    /// JetStream's default window.
    pub const WINDOW: Duration = Duration::from_secs(120);
}

impl Default for StreamModel {
    /// As nats-server is from 2.12 on, with the default window, and told to sync before
    /// it acknowledges.
    fn default() -> Self {
        Self { check_first: CheckFirst::Expectation, window: Self::WINDOW, syncs: Syncs::Always }
    }
}

/// What the stream is: its messages and the ids that it remembers.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct State {
    messages: Vec<StreamMessage>,
    remembered: Vec<(String, u64)>,
    /// How many of the messages were there at the start: they have been on the disk for
    /// long.
    #[serde(default)]
    synced: usize,
}

#[derive(Serialize, Deserialize)]
enum Request {
    Publish(Publication),
    Read(String),
}

type Published = Result<PublishAck, StreamError>;

impl State {
    fn of(bytes: &[u8]) -> Self {
        if bytes.is_empty() { Self::default() } else { decode(bytes) }
    }

    fn duplicate_of(&self, publication: &Publication) -> Option<PublishAck> {
        let id = publication.message_id.as_ref()?;
        let (_, sequence) = self.remembered.iter().find(|(known, _)| known == id)?;
        Some(PublishAck { sequence: *sequence, duplicate: true })
    }

    /// What is expected, and what is.
    fn expectation(&self, publication: &Publication) -> Option<(u64, u64)> {
        let last = |filter: &str| {
            let mut newest_first = self.messages.iter().rev();
            newest_first
                .find(|message| subject_matches(filter, &message.subject))
                .map_or(0, |message| message.sequence)
        };
        publication.expected.as_ref().map(|expected| match expected {
            Expected::LastSequence(sequence) => (*sequence, last(">")),
            Expected::LastSubjectSequence(sequence) => (*sequence, last(&publication.subject)),
            Expected::LastSequenceOf { filter, sequence } => (*sequence, last(filter)),
        })
    }
}

impl Model for StreamModel {
    fn answer(&self, state: &[u8], request: &[u8]) -> Turn {
        let mut state = State::of(state);
        let answered = |reply| Turn { reply, state: None, refused: false, remembers: None };
        let publication = match decode(request) {
            Request::Publish(publication) => publication,
            Request::Read(filter) => {
                state.messages.retain(|message| subject_matches(&filter, &message.subject));
                return answered(encode(&state.messages));
            }
        };
        let duplicate = state.duplicate_of(&publication);
        let unexpected = state.expectation(&publication).filter(|(expected, actual)| expected != actual);
        let [duplicate, refusal]: [Option<Published>; 2] =
            [duplicate.map(Ok), unexpected.map(|(_, actual)| Err(StreamError::WrongLastSequence { actual }))];
        let verdict = match self.check_first {
            CheckFirst::MessageId => duplicate.or(refusal),
            CheckFirst::Expectation => refusal.or(duplicate),
        };
        if let Some(verdict) = verdict {
            return Turn { refused: verdict.is_err(), ..answered(encode(&verdict)) };
        }
        let sequence = state.messages.len() as u64 + 1;
        let Publication { subject, body, message_id, .. } = publication;
        state.remembered.extend(message_id.clone().map(|id| (id, sequence)));
        state.messages.push(StreamMessage { sequence, subject, body, message_id: message_id.clone() });
        Turn {
            state: Some(encode(&state)),
            remembers: message_id.map(|id| (id, self.window)),
            ..answered(encode(&Published::Ok(PublishAck { sequence, duplicate: false })))
        }
    }

    fn forget(&self, state: &[u8], what: &str) -> Vec<u8> {
        let mut state = State::of(state);
        state.remembered.retain(|(id, _)| id != what);
        encode(&state)
    }

    fn say_forgotten(&self, _what: &str) -> String {
        "the stream forgets the message id".to_owned()
    }

    fn unsynced(&self) -> Option<&dyn Unsynced> {
        (self.syncs == Syncs::Later).then_some(self)
    }

    fn show(&self, snapshot: &mut Snapshot, name: &str, _key: &str, state: &[u8]) {
        snapshot.insert_subject_stream(name, Self::messages(state));
    }

    fn say_request(&self, request: &[u8]) -> String {
        match decode(request) {
            Request::Read(filter) => format!("reads {filter}"),
            Request::Publish(Publication { subject, body, message_id, expected }) => {
                let expected = match expected {
                    None => String::new(),
                    Some(Expected::LastSequence(n)) => format!(", expecting {n} as the stream's last"),
                    Some(Expected::LastSubjectSequence(n)) => format!(", expecting {n} as its last"),
                    Some(Expected::LastSequenceOf { filter, sequence }) => {
                        format!(", expecting {sequence} as the last of {filter}")
                    }
                };
                let id = message_id.map(|id| format!(", with the id \"{id}\"")).unwrap_or_default();
                format!("publishes {} to {subject}{expected}{id}", String::from_utf8_lossy(&body))
            }
        }
    }

    fn say_reply(&self, reply: &[u8]) -> String {
        if let Ok(messages) = serde_json::from_slice::<Vec<StreamMessage>>(reply) {
            return if messages.is_empty() { "nothing there".to_owned() } else { places(&messages) };
        }
        match decode(reply) {
            Published::Ok(PublishAck { sequence, duplicate: false }) => format!("stored as {sequence}"),
            Published::Ok(PublishAck { sequence, .. }) => format!("a duplicate of {sequence}"),
            Published::Err(error) => format!("refused, {error}"),
        }
    }
}

/// A number is given again to whatever is stored next, and an id means nothing any more:
/// nats-server numbers on from the last message on its disk, and knows the ids of the
/// messages there.
impl Unsynced for StreamModel {
    fn unsynced(&self, state: &[u8]) -> usize {
        let state = State::of(state);
        state.messages.len() - state.synced
    }

    fn lose(&self, state: &[u8], lost: usize) -> Loss {
        let mut state = State::of(state);
        state.messages.truncate(state.messages.len() - lost);
        let left = state.messages.len() as u64;
        let (remembered, forgotten): (Vec<_>, Vec<_>) =
            state.remembered.into_iter().partition(|(_, sequence)| *sequence <= left);
        let state = State { remembered, ..state };
        Loss { state: encode(&state), forgotten: forgotten.into_iter().map(|(id, _)| id).collect() }
    }

    fn say_lost(&self, state: &[u8], lost: usize) -> String {
        let messages = Self::messages(state);
        let gone = places(&messages[messages.len() - lost..]);
        format!("power is lost, and the stream forgets what it has acknowledged: {gone}")
    }
}

/// `1 Withdrawn(300), 2 Refunded(100)`
fn places(messages: &[StreamMessage]) -> String {
    let places: Vec<String> = messages
        .iter()
        .map(|message| format!("{} {}", message.sequence, String::from_utf8_lossy(&message.body)))
        .collect();
    places.join(", ")
}

/// Whether a subject matches a filter.
#[must_use]
pub fn subject_matches(filter: &str, subject: &str) -> bool {
    let mut parts = subject.split('.');
    let mut filter = filter.split('.');
    loop {
        match (filter.next(), parts.next()) {
            (Some(">"), Some(_)) => return true,
            (Some("*"), Some(_)) => {}
            (Some(wanted), Some(part)) if wanted == part => {}
            (None, None) => return true,
            _ => return false,
        }
    }
}

/// The port over a [`Wire`] to a [`StreamModel`].
pub struct StreamClient<W>(pub W);

#[async_trait]
impl<W: Wire> SubjectStream for StreamClient<W> {
    async fn publish(&self, publication: Publication) -> Published {
        publication.check()?;
        let reply = self.0.ask("", encode(&Request::Publish(publication)), true).await;
        decode::<Published>(&reply.map_err(no_answer)?)
    }

    async fn read(&self, filter: &str) -> Result<Vec<StreamMessage>, StreamError> {
        check_filter(filter)?;
        let reply = self.0.ask("", encode(&Request::Read(filter.to_owned())), false).await;
        Ok(decode(&reply.map_err(no_answer)?))
    }
}

fn no_answer(error: NoAnswer) -> StreamError {
    match error {
        NoAnswer::Unavailable => StreamError::Unavailable,
        NoAnswer::NoReply => StreamError::NoReply,
    }
}

impl StreamModel {
    /// The state in which these messages are in the stream, oldest first, all of them
    /// synced, and no id is remembered.
    #[must_use]
    pub fn holding(messages: &[StreamMessage]) -> Vec<u8> {
        let synced = messages.len();
        encode(&State { messages: messages.to_vec(), remembered: Vec::new(), synced })
    }

    /// The messages in a state, oldest first.
    #[must_use]
    pub fn messages(state: &[u8]) -> Vec<StreamMessage> {
        State::of(state).messages
    }
}

#[cfg(test)]
mod tests {
    use super::{Published, Request, places};
    use super::{StreamModel, Syncs, Unsynced, decode, encode, subject_matches};
    use crate::outside::{Loss, Model};
    use crate::{Publication, PublishAck};

    const LATER: StreamModel = StreamModel {
        check_first: super::CheckFirst::Expectation,
        window: StreamModel::WINDOW,
        syncs: Syncs::Later,
    };

    /// Publishes with this id, and says what is heard.
    fn publish(state: &mut Vec<u8>, id: &str) -> PublishAck {
        let publication = Publication::new("a", id).with_id(id);
        let turn = LATER.answer(state, &encode(&Request::Publish(publication)));
        *state = turn.state.unwrap_or_else(|| state.clone());
        decode::<Published>(&turn.reply).expect("it is stored")
    }

    #[test]
    fn what_is_lost_are_the_last_messages_and_their_ids() {
        let mut state = Vec::new();
        assert_eq!(Unsynced::unsynced(&LATER, &state), 0);
        for id in ["one", "two", "three"] {
            publish(&mut state, id);
        }
        assert_eq!(Unsynced::unsynced(&LATER, &state), 3);
        let said = LATER.say_lost(&state, 2);
        assert!(said.ends_with("2 two, 3 three"), "{said}");
        let Loss { mut state, forgotten } = LATER.lose(&state, 2);
        assert_eq!(forgotten, ["two", "three"]);
        assert_eq!(places(&StreamModel::messages(&state)), "1 one");
        // The first is known by its id, the third is not, and has the number of the second.
        assert_eq!(publish(&mut state, "one"), PublishAck { sequence: 1, duplicate: true });
        assert_eq!(publish(&mut state, "three"), PublishAck { sequence: 2, duplicate: false });
    }

    #[test]
    fn what_was_there_at_the_start_and_what_is_synced_stays() {
        let mut state = Vec::new();
        publish(&mut state, "one");
        let mut state = StreamModel::holding(&StreamModel::messages(&state));
        assert_eq!(Unsynced::unsynced(&LATER, &state), 0);
        publish(&mut state, "two");
        assert_eq!(Unsynced::unsynced(&LATER, &state), 1);
        assert!(Model::unsynced(&LATER).is_some() && Model::unsynced(&StreamModel::default()).is_none());
    }

    #[test]
    fn filters_match_part_by_part() {
        for (filter, subject, matches) in [
            ("a.b", "a.b", true),
            ("a.b", "a.b.c", false),
            ("a.b.c", "a.b", false),
            ("*.b", "a.b", true),
            ("*.b", "a.c.b", false),
            ("a.*", "a", false),
            ("a.>", "a.b.c", true),
            ("a.>", "a", false),
            (">", "a", true),
            ("a", "A", false),
        ] {
            assert_eq!(subject_matches(filter, subject), matches, "{filter} {subject}");
        }
    }
}
