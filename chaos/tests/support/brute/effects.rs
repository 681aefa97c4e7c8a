//! What a call does to the world, at the moment at which it takes effect.

use super::super::programs::{Answer, Ask, Expect, Key, Note};
use super::steps::Model;
use super::time::{Fading, WINDOW};
use super::world::{Document, Message, State, place_of};

impl Model<'_> {
    /// Under the processing of a message, an endpoint publishes another one.
    pub fn publish(&self, state: &mut State, endpoint: u8, under: Message, note: Note) {
        let message = Message { by: Some(endpoint), note };
        for route in &self.scope.routes {
            if (route.0, route.1) == (endpoint, note.text) {
                state.queue.push((route.2, message));
            }
        }
        let causes = state.published.entry(message).or_default();
        if self.scope.faults_per_message.is_some() {
            causes.insert(under);
        }
    }

    pub fn effect(&self, state: &mut State, endpoint: u8, message: Message, ask: &Ask) -> Answer {
        match *ask {
            Ask::PutExpiring { key, body, guard, week } => {
                let answer = self.effect(state, endpoint, message, &Ask::Put { key, body, guard });
                if answer != Answer::Conflict {
                    state.fade(Fading::Document(place_of(endpoint, key)), seconds(week));
                }
                answer
            }
            Ask::Deadline { week } => {
                let name = state.fresh();
                state.fade(Fading::Deadline(name), seconds(week));
                Answer::Deadline(name)
            }
            Ask::HasPassed(name) => {
                Answer::Passed(!state.fading.iter().any(|(fading, _)| *fading == Fading::Deadline(name)))
            }
            Ask::Call { key, request } => {
                let (done, remembered) = state.service.entry(key).or_default();
                if remembered.is_some() && done.last() != Some(&request) {
                    return Answer::KeyReused;
                }
                if remembered.is_none() {
                    done.push(request);
                    *remembered = Some(message);
                }
                Answer::Done(done.len() as u64)
            }
            Ask::ReadLog { log, from, limit } => {
                let records = state.logs.get(&(endpoint, log)).into_iter().flatten();
                Answer::Records(records.skip(from as usize).take(limit).copied().collect())
            }
            Ask::AppendLog { log, expected, records } => {
                let length = state.logs.get(&(endpoint, log)).map_or(0, Vec::len) as u64;
                if length != expected {
                    return Answer::Conflict;
                }
                let records: Vec<Note> = records.into_iter().flatten().collect();
                if !records.is_empty() {
                    state.logs.entry((endpoint, log)).or_default().extend(&records);
                }
                Answer::Appended(length + records.len() as u64)
            }
            Ask::Send { subject, body, name, expected } => {
                let duplicate = name.and_then(|name| state.known.get(&name).copied());
                let duplicate = duplicate.map(|sequence| Answer::Acked { sequence, duplicate: true });
                if let (true, Some(answer)) = (self.scope.name_first, &duplicate) {
                    return answer.clone();
                }
                let (wanted, actual) = match expected {
                    Expect::Nothing => (0, 0),
                    Expect::Last(sequence) => (sequence, state.subjects.len() as u64),
                    Expect::LastOfSubject(sequence) => (sequence, state.last(subject)),
                    Expect::LastOf(filter, sequence) => (sequence, state.last(filter)),
                };
                if wanted != actual {
                    return Answer::WrongLast(actual);
                }
                if let Some(answer) = duplicate {
                    return answer;
                }
                state.subjects.push((subject, body, name));
                let sequence = state.subjects.len() as u64;
                if let Some(name) = name {
                    state.known.insert(name, sequence);
                    state.fade(Fading::Name(name), WINDOW);
                }
                Answer::Acked { sequence, duplicate: false }
            }
            Ask::Receive(filter) => Answer::Messages(
                (1..)
                    .zip(&state.subjects)
                    .filter(|(_, (subject, _, _))| matches(filter, subject))
                    .map(|(sequence, &(subject, body, name))| (sequence, subject.to_owned(), body, name))
                    .collect(),
            ),
            Ask::Read(stream) => {
                Answer::Events(state.streams.get(&(endpoint, stream)).cloned().unwrap_or_default())
            }
            Ask::Append { stream, expected, event } => {
                let version = state.streams.get(&(endpoint, stream)).map_or(0, Vec::len) as u64;
                if version != expected {
                    return Answer::Conflict;
                }
                state.streams.entry((endpoint, stream)).or_default().push(event);
                Answer::Appended(version + 1)
            }
            Ask::Get(key) => found(state.document(place_of(endpoint, key))),
            Ask::Put { key, body, guard } => {
                if !state.holds(endpoint, key, guard) {
                    return Answer::Conflict;
                }
                let etag = state.fresh();
                self.replace(state, endpoint, key, Some((body, etag)));
                Answer::Stored(etag)
            }
            Ask::Delete { key, guard } => {
                if !state.holds(endpoint, key, guard) {
                    return Answer::Conflict;
                }
                if state.documents.contains_key(&place_of(endpoint, key)) {
                    self.replace(state, endpoint, key, None);
                }
                Answer::Deleted
            }
            Ask::Publish(note) => {
                self.publish(state, endpoint, message, note);
                Answer::Published
            }
        }
    }

    pub fn replace(&self, state: &mut State, endpoint: u8, key: Key, now: Document) {
        let remembers = self.scope.weak && key.store == 0 && self.scope.stale > 0;
        let place = place_of(endpoint, key);
        state.keep_all(Fading::Document(place));
        let (current, history) = state.documents.entry(place).or_default();
        let before = std::mem::replace(current, now);
        if remembers {
            history.push(before);
        } else if now.is_none() {
            state.documents.remove(&place);
        }
    }
}

fn seconds(week: bool) -> u64 {
    if week { 7 * 24 * 3_600 } else { 1 }
}

/// What a read of this document answers.
pub(super) fn found(document: Document) -> Answer {
    document.map_or(Answer::Absent, |(body, etag)| Answer::Found(body, etag))
}

impl State {
    /// The sequence of the last message in the subject stream that matches.
    fn last(&self, filter: &str) -> u64 {
        let matching = (1..).zip(&self.subjects).filter(|(_, (subject, _, _))| matches(filter, subject));
        matching.map(|(sequence, _)| sequence).last().unwrap_or(0)
    }
}

/// Filters of as many parts as the subject, of which `*` is any, and `>`.
fn matches(filter: &str, subject: &str) -> bool {
    let parts: Vec<&str> = subject.split('.').collect();
    let wanted: Vec<&str> = filter.split('.').collect();
    let all =
        |wanted: &[&str]| wanted.iter().zip(&parts).all(|(wanted, part)| *wanted == "*" || wanted == part);
    match wanted.split_last() {
        Some((&">", before)) => parts.len() > before.len() && all(before),
        _ => parts.len() == wanted.len() && all(&wanted),
    }
}
