//! One id, one content: whoever hears of an id twice takes the second message for
//! a copy of the first.
//!
//! That is asked of everything that was said by anybody, whether somebody judges
//! them or not, and before the messages are sorted by what they are about: a
//! subscriber knows nothing of who is judged, nor of aggregates.

use std::collections::BTreeMap;

use ports::law::{Property, Specification, Symptom};
use ports::words::{self, Speaker};
use ports::{Message, MessageId};

use super::judgement::Judgement;

/// A message that somebody said.
#[derive(Clone, Copy)]
pub(crate) struct Said<'a> {
    pub(crate) message: &'a Message,
    pub(crate) by: Author<'a>,
}

/// Who said it.
#[derive(Clone, Copy)]
pub(crate) enum Author<'a> {
    /// It was sent from outside.
    Sender,
    /// An endpoint published it.
    Endpoint { name: &'a str, specification: Option<&'a dyn Specification> },
}

/// The first message id under which two things were said: of the outputs, if they
/// have one; else an output's that is a sent message's, too.
pub(crate) fn two_contents<'a>(sent: &[Said<'a>], outputs: &[Said<'a>]) -> Option<(Said<'a>, Said<'a>)> {
    first_pair(outputs.iter()).or_else(|| first_pair(sent.iter().chain(outputs)))
}

fn first_pair<'s, 'a: 's>(said: impl Iterator<Item = &'s Said<'a>>) -> Option<(Said<'a>, Said<'a>)> {
    let mut known: BTreeMap<MessageId, Said<'a>> = BTreeMap::new();
    for &it in said {
        let first = *known.entry(it.message.id).or_insert(it);
        if first.message.body != it.message.body {
            return Some((first, it));
        }
    }
    None
}

/// What is wrong with one id that says two things, in words that name both.
pub(crate) fn judgement(one: Said<'_>, other: Said<'_>, speaker: &Speaker) -> Judgement {
    let [first, second] = words::told_apart(&one.message.body, &other.message.body, speaker);
    let reason = match (one.by, other.by) {
        (Author::Endpoint { name, .. }, Author::Endpoint { name: also, .. }) if name == also => {
            format!("under one message id, {name} publishes both {first} and {second}")
        }
        (Author::Endpoint { name, .. }, Author::Endpoint { name: also, .. }) => {
            format!("under one message id, {name} publishes {first}, and {also} publishes {second}")
        }
        (Author::Sender, Author::Endpoint { name, .. }) | (Author::Endpoint { name, .. }, Author::Sender) => {
            format!("under the message id of {first}, which was sent, {name} publishes {second}")
        }
        (Author::Sender, Author::Sender) => {
            format!("under one message id, both {first} and {second} were sent")
        }
    };
    let symptom = Symptom::TwoContents(one.message.body.clone(), other.message.body.clone());
    let law = [one, other].into_iter().find_map(|said| match said.by {
        Author::Endpoint { specification, .. } => {
            specification.map(|law| law.damage(&law.aggregate(said.message), &symptom))
        }
        Author::Sender => None,
    });
    let generic = || format!("whoever has heard of {first} takes {second} for a copy of it, and drops it");
    Judgement::plain(Property::ConsistentOutputs, reason, law.unwrap_or_else(generic))
}
