//! What random handlers do besides: as handlers do that mean well.
//!
//! They wait for their turn, take a lock, wait for a document within one delivery,
//! tell a store that is unavailable from a reply that never came, give back the
//! lock; and they begin calls that they drop at once.

use super::programs::{Answer, Ask, Guard, Key, Log, Name, Note, Wish};

/// Which of that a handler does.
#[derive(Clone, Copy, Debug, Default)]
pub struct Manners {
    /// Tells failures apart: gives up and acknowledges, looks again, tries again,
    /// or returns an error.
    pub careful: bool,
    /// Begins calls and drops them before they can be answered.
    pub hasty: bool,
    /// All but the first message return an error until the first one is done.
    pub turns: bool,
    /// The last message looks up to three times for what the first one leaves.
    pub waits: bool,
    pub lock: Option<Lock>,
}

/// How long a lock document lasts that nobody deletes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lock {
    Second,
    Week,
    Forever,
    /// There is a deadline in it, of a second or a week, and whoever finds that it has
    /// passed takes the lock over.
    Lease {
        week: bool,
    },
}

/// How far a handler has come before or after what it is there for.
pub enum Phase {
    Wish(Wish),
    /// It is through, and so many replies belong to this.
    Through(usize),
}

const TURN: Key = Key::own('t');
const WAITED_FOR: Key = Key::own('w');
const LOCK: Key = Key::own('l');

/// So often it looks, within one delivery.
const LOOKS: usize = 3;

impl Manners {
    /// Whether there is anything of this at all.
    pub fn any(self) -> bool {
        self.careful || self.hasty || self.turns || self.waits || self.lock.is_some()
    }

    /// Before all: turn, lock, wait. `dice` are thrown for what is not said.
    pub fn before(self, message: Note, log: &Log, dice: u64) -> Phase {
        let mut at = 0;
        if self.turns && message.text != 'm' {
            match log.get(at) {
                None => return Phase::Wish(Wish::Ask(vec![Ask::Get(TURN)])),
                Some((_, Answer::Found(..))) => at += 1,
                Some(_) => return Phase::Wish(Wish::Fail),
            }
        }
        if let Some(Lock::Lease { week }) = self.lock {
            match leased(message, week, &log[at..], dice) {
                Phase::Through(replies) => at += replies,
                wish => return wish,
            }
        } else if let Some(lock) = self.lock {
            match log.get(at) {
                None => return Phase::Wish(Wish::Ask(vec![lock.taken_by(message)])),
                Some((_, Answer::Stored(_))) => at += 1,
                // Perhaps it has it.
                Some((_, Answer::NoReply)) if dice.is_multiple_of(3) => at += 1,
                Some((_, Answer::Unavailable)) if dice.is_multiple_of(11) => {
                    return Phase::Wish(Wish::Done(Vec::new()));
                }
                Some(_) => return Phase::Wish(Wish::Fail),
            }
        }
        if self.waits && message.text == 'n' {
            let looked = log[at..].iter().take(LOOKS);
            match looked.clone().position(|(_, answer)| matches!(answer, Answer::Found(..))) {
                Some(last) => at += last + 1,
                None if looked.len() < LOOKS => return Phase::Wish(Wish::Ask(vec![Ask::Get(WAITED_FOR)])),
                None if dice.is_multiple_of(4) => at += LOOKS,
                None => return Phase::Wish(Wish::Fail),
            }
        }
        Phase::Through(at)
    }

    /// After all: what others wait for, and the lock is deleted.
    pub fn after(self, message: Note, log: &Log, dice: u64) -> Phase {
        let put = |key| Ask::Put { key, body: Note::plain(message.text), guard: Guard::None };
        let mut asks: Vec<Ask> = Vec::new();
        if message.text == 'm' {
            asks.extend(self.turns.then(|| put(TURN)));
            asks.extend(self.waits.then(|| put(WAITED_FOR)));
        }
        asks.extend(self.lock.map(|_| Ask::Delete { key: LOCK, guard: Guard::None }));
        let mut at = 0;
        for ask in asks {
            match log.get(at).map(|(_, answer)| answer) {
                None => return Phase::Wish(Wish::Ask(vec![ask])),
                Some(Answer::NoReply | Answer::Unavailable) => match dice % 4 {
                    // Never mind.
                    0 => at += 1,
                    // Looks again: is it there?
                    1 => match (ask, log.get(at + 1)) {
                        (Ask::Put { key, .. } | Ask::Delete { key, .. }, None) => {
                            return Phase::Wish(Wish::Ask(vec![Ask::Get(key)]));
                        }
                        (Ask::Put { .. }, Some((_, Answer::Found(..))))
                        | (Ask::Delete { .. }, Some((_, Answer::Absent))) => at += 2,
                        _ => return Phase::Wish(Wish::Fail),
                    },
                    _ => return Phase::Wish(Wish::Fail),
                },
                Some(_) => at += 1,
            }
        }
        Phase::Through(at)
    }

    /// What to do after a call that went wrong; `None` if it goes on.
    pub fn after_failure(self, (ask, answer): &(Ask, Answer), dice: u64) -> Option<Wish> {
        if !self.careful {
            return None;
        }
        match (answer, dice % 6) {
            (Answer::NoReply | Answer::Unavailable, 0) => Some(Wish::Fail),
            (Answer::NoReply | Answer::Unavailable, 1) => Some(Wish::Done(Vec::new())),
            (Answer::NoReply, 2 | 3) => look_again(ask).map(|look| Wish::Ask(vec![look])),
            (Answer::NoReply | Answer::Unavailable, 4) => Some(Wish::Ask(vec![*ask])),
            _ => None,
        }
    }

    /// What it begins and drops, before it goes on.
    pub fn begun(self, message: Note, known: Name, dice: u64) -> Option<Ask> {
        if !self.hasty || !dice.is_multiple_of(3) {
            return None;
        }
        let text = ['a', 'b'][(dice / 3 % 2) as usize];
        let id = (dice / 6).is_multiple_of(4).then_some(known);
        Some(match dice / 24 % 4 {
            0 => Ask::Get(Key::own('x')),
            1 => Ask::Put { key: Key::own('x'), body: Note { text, id }, guard: Guard::None },
            2 => Ask::Put { key: Key::own(message.text), body: Note { text, id }, guard: Guard::IfAbsent },
            _ => Ask::Publish(Note { text, id }),
        })
    }
}

impl Lock {
    fn taken_by(self, message: Note) -> Ask {
        let (key, body, guard) = (LOCK, Note::plain(message.text), Guard::IfAbsent);
        match self {
            Self::Forever => Ask::Put { key, body, guard },
            Self::Second | Self::Week => Ask::PutExpiring { key, body, guard, week: self == Self::Week },
            Self::Lease { .. } => unreachable!("a lease takes more than one call"),
        }
    }
}

/// Takes a lease; if there is one that has passed, takes it over.
fn leased(message: Note, week: bool, log: &Log, dice: u64) -> Phase {
    let Some((_, first)) = log.first() else { return Phase::Wish(Wish::Ask(vec![Ask::Deadline { week }])) };
    let Answer::Deadline(mine) = *first else { unreachable!("the clock never fails") };
    let put = |guard| {
        let body = Note { text: message.text, id: Some(mine) };
        Phase::Wish(Wish::Ask(vec![Ask::Put { key: LOCK, body, guard }]))
    };
    let answers: Vec<&Answer> = log[1..].iter().map(|(_, answer)| answer).collect();
    match answers.as_slice() {
        [] => put(Guard::IfAbsent),
        [Answer::Stored(_), ..] => Phase::Through(2),
        [Answer::Conflict] => Phase::Wish(Wish::Ask(vec![Ask::Get(LOCK)])),
        [Answer::Conflict, Answer::Found(Note { id: Some(theirs), .. }, _)] => {
            Phase::Wish(Wish::Ask(vec![Ask::HasPassed(*theirs)]))
        }
        // Some believe what they have read, and some do not look at what they replace.
        [Answer::Conflict, Answer::Found(_, etag), Answer::Passed(true)] => {
            put(if dice.is_multiple_of(4) { Guard::None } else { Guard::IfEtag(*etag) })
        }
        [Answer::Conflict, Answer::Found(..), Answer::Passed(true), Answer::Stored(_), ..] => {
            Phase::Through(5)
        }
        _ => Phase::Wish(Wish::Fail),
    }
}

/// The read that shows whether a write has taken effect.
fn look_again(ask: &Ask) -> Option<Ask> {
    match *ask {
        Ask::Put { key, .. } | Ask::PutExpiring { key, .. } | Ask::Delete { key, .. } => Some(Ask::Get(key)),
        Ask::Append { stream, .. } => Some(Ask::Read(stream)),
        Ask::AppendLog { log, .. } => Some(Ask::ReadLog { log, from: 0, limit: 2 }),
        Ask::Send { subject, .. } => Some(Ask::Receive(subject)),
        _ => None,
    }
}
