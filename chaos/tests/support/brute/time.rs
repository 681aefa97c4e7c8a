//! What time undoes, what the service forgets, and what the stream loses.

use chaos::Fault;

use super::super::programs::{Key, Name, Note};
use super::Forgets;
use super::steps::Model;
use super::world::{Place, SHARED, State};

/// What only time undoes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Fading {
    Document(Place),
    /// The stream's knowledge of a name.
    Name(Note),
    /// That a deadline of the clock is yet to come.
    Deadline(Name),
}

/// How long locks last, and how long the stream remembers a name, in seconds.
const LOCK: u64 = 30;
pub(super) const WINDOW: u64 = 120;

impl State {
    /// From now on, this fades.
    pub fn fade(&mut self, what: Fading, seconds: u64) {
        let place = self.fading.len();
        self.fading.push((what, seconds));
        for busy in self.busy_mut().filter(|busy| busy.locked) {
            busy.outlasts.push(place);
        }
    }

    /// This fades no more.
    fn keep(&mut self, place: usize) -> Fading {
        for busy in self.busy_mut() {
            busy.outlasts.retain(|&other| other != place);
            busy.outlasts.iter_mut().filter(|other| **other > place).for_each(|other| *other -= 1);
        }
        self.fading.remove(place).0
    }

    /// Nothing like this fades any more.
    pub fn keep_all(&mut self, what: Fading) {
        while let Some(place) = self.fading.iter().position(|(fading, _)| *fading == what) {
            self.keep(place);
        }
    }

    /// The clock has no deadlines but those of which somebody knows the name. Older
    /// versions of documents count if they can still be read.
    pub fn forget_deadlines(&mut self, old: bool) {
        loop {
            let mut known = Vec::new();
            self.mention_elsewhere(old, &mut |name| known.push(name));
            let unknown = self.fading.iter().position(|(fading, _)| match fading {
                Fading::Deadline(name) => !known.contains(name),
                Fading::Document(_) | Fading::Name(_) => false,
            });
            match unknown {
                Some(place) => _ = self.keep(place),
                None => return,
            }
        }
    }

    /// Whether this deadline is the next one. One that was set before and lasts
    /// no longer passes before it; and so does a lock that was running when it
    /// was set, if that lasts no longer.
    fn in_order(&self, place: usize) -> bool {
        let seconds = self.fading[place].1;
        let sooner = self.fading[..place].iter().any(|(_, other)| *other <= seconds);
        let locked = seconds >= LOCK && self.busy().any(|busy| busy.outlasts.contains(&place));
        !sooner && !locked
    }
}

impl Model<'_> {
    /// A deadline passes: for nothing if nobody is busy. While somebody is, it is
    /// a fault; but where only the way to rest is looked for, it is free.
    pub fn deadlines(&self, state: &State, next: &mut Vec<(bool, State)>) {
        let free = self.calm || state.busy().next().is_none();
        for place in (0..state.fading.len()).filter(|&place| state.in_order(place)) {
            let paid =
                if free { Some(state.clone()) } else { self.pay(state, Fault::TimeToLiveExpires, None) };
            let Some(mut state) = paid else { continue };
            match state.keep(place) {
                Fading::Document((store, text, id)) => {
                    let key = Key { store: u8::from(store == SHARED), text, id };
                    self.replace(&mut state, store, key, None);
                }
                Fading::Name(name) => _ = state.known.remove(&name),
                Fading::Deadline(_) => {}
            }
            next.push((!free, state));
        }
    }

    /// The stream forgets its last messages, and with them the names by which it knows
    /// them: always a fault.
    pub fn losing(&self, state: &State, next: &mut Vec<(bool, State)>) {
        for left in 0..state.subjects.len() {
            let Some(mut state) = self.pay(state, Fault::StreamForgets, None) else { return };
            state.subjects.truncate(left);
            for (name, sequence) in std::mem::take(&mut state.known) {
                if sequence <= left as u64 {
                    state.known.insert(name, sequence);
                } else {
                    state.keep_all(Fading::Name(name));
                }
            }
            next.push((true, state));
        }
    }

    /// The service forgets what it was told when a message was processed that
    /// nobody is working on, if its rule allows that: always a fault.
    pub fn forgetting(&self, state: &State, next: &mut Vec<(bool, State)>) {
        let Some(rule) = self.scope.forgets else { return };
        for (key, (_, remembered)) in &state.service {
            let Some(message) = remembered else { continue };
            let under_way = state.busy().any(|busy| busy.message == *message)
                || state.flying.iter().any(|flying| flying.message == *message);
            let there = |text| state.document((0, text, None)).is_some();
            let may = match rule {
                Forgets::Always => true,
                Forgets::WithDocumentOfMessage => there(message.note.text),
                Forgets::WithoutDocument(text) => !there(text),
            };
            if may
                && !under_way
                && let Some(mut state) = self.pay(state, Fault::TimeToLiveExpires, None)
            {
                state.service.get_mut(key).expect("it is there").1 = None;
                next.push((true, state));
            }
        }
    }
}
