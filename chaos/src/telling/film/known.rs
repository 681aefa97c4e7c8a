//! What a worker knows: what it was told since its delivery began.

use ports::words;
use records::film::{Content, Known};

use super::reel::Reel;
use crate::handler::call::{Call, Reply};
use crate::telling::steps::call_in;
use crate::telling::story::Teller;
use crate::world::state::World;
use crate::world::step::Step;
use crate::world::trace::TakenStep;

impl Teller<'_> {
    /// Remembers what a worker was told in a step, if it lives to hear of it.
    pub(super) fn learns(&mut self, reel: &mut Reel, taken: &TakenStep, after: &World) {
        let Step::Call { worker, .. } = taken.step else { return };
        let alive = after.workers[usize::from(worker)].busy.is_some();
        let reply = taken.applied.reply.as_ref().filter(|_| alive);
        let (Some(call), Some(reply)) = (call_in(self.transitions, taken), reply) else { return };
        let known = self.known(reel, &call, reply, after);
        let knows = &mut reel.known[usize::from(worker)];
        knows.retain(|other| other.about != known.about);
        knows.push(known);
    }

    fn known(&self, reel: &mut Reel, call: &Call, reply: &Reply, after: &World) -> Known {
        let about = match call {
            Call::Publish { message } => self.message(message),
            Call::SetDeadline { .. } => match reply {
                Reply::Deadline(id) => self.deadline(*id),
                _ => String::new(),
            },
            Call::HasPassed { deadline } => self.deadline_in(deadline),
            _ => call.object().map(|object| self.object_name(object)).unwrap_or_default(),
        };
        let place = call.object().and_then(|object| reel.place(object));
        let stored = |content: Option<Content>| match (place, content) {
            (None, None) => in_words("not there"),
            (place, content) => Known { place, content, ..Known::default() },
        };
        let known = match (call, reply) {
            (Call::Get { object }, Reply::Found { body, etag })
            | (Call::Put { object, body, .. }, Reply::Stored { etag }) => {
                stored(Some(self.version_of_document(reel, object, *etag, body)))
            }
            (_, Reply::Absent | Reply::Deleted) => stored(None),
            (Call::ReadStream { .. }, Reply::Events(events)) => {
                let there = (!events.is_empty()).then(|| self.events(reel, events));
                stored(there)
            }
            // What it has appended to is what it has read before.
            (Call::Append { object, .. }, Reply::Appended(_)) => {
                stored(after.object(object).and_then(|object| self.content(reel, object)))
            }
            (Call::Ask { object, .. }, Reply::Answered { reply, .. }) => {
                let said = self.outside(object).say_reply(&self.transitions.texts().bytes(reply));
                in_words(&self.with_names(&said))
            }
            (_, Reply::Conflict) => in_words("conflict: it is another by now"),
            (_, Reply::TooLarge { .. }) => in_words("refused: too large"),
            (_, Reply::Unavailable) => in_words("cannot be reached"),
            (_, Reply::Silence) => in_words("no reply: done or not, who knows"),
            (Call::Publish { .. }, _) => in_words("published"),
            (Call::SetDeadline { time }, _) => in_words(&format!("in {}", words::duration(*time))),
            (_, Reply::Passed(true)) => in_words("has passed"),
            (_, Reply::Passed(false)) => in_words("has not passed yet"),
            (_, Reply::NotADeadline) => in_words("is no deadline"),
            _ => in_words("done"),
        };
        Known { about, ..known }
    }
}

fn in_words(words: &str) -> Known {
    Known { words: words.to_owned(), ..Known::default() }
}
