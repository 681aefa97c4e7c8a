//! Which messages find mistakes: what to send to a handler of your own.
//!
//! A search tries every schedule and every fault, but only of the messages that it is
//! given. A bank "holds" under every schedule if its two withdrawals never meet. Two
//! or three messages will do, and which ones depends on what could be wrong:
//!
//! | send | who fails |
//! |---|---|
//! | one message | forgets what it has done, or says it before it is done |
//! | the same content twice, each under an id of its own | takes a second click for a copy of the first |
//! | two that want the same thing, of two people | decides on what is no longer so |
//! | something, its undoing, and the same again | recognises copies by what they say; derives the past from the present |
//! | the same to somebody else | keeps one state for all |
//!
//! Copies of a message need not be sent: to deliver one twice is a fault, and the
//! search tries it. Begin with few messages and one fault; a third message and a
//! second fault find what is wrong with a repair. Where nothing has been said for an
//! aggregate yet is a case of its own, so begin with empty stores, too.
//!
//! [`Handful`] makes these of a handful of your commands:
//!
//! ```
//! use chaos::what_to_send::Handful;
//! use serde_json::json;
//!
//! let reserve = |seat: &str, guest: &str| json!({ "Reserve": { "seat": seat, "guest": guest } });
//! let sendings = Handful::of(&reserve("7c", "ann"))
//!     .undone_by(&json!({ "Cancel": { "seat": "7c", "guest": "ann" } }))
//!     .in_conflict_with(&reserve("7c", "bob"))
//!     .about_somebody_else(&reserve("7d", "ann"))
//!     .interesting_messages();
//! let told: Vec<String> = sendings.iter().map(ToString::to_string).collect();
//! assert_eq!(
//!     told,
//!     [
//!         "once: Reserve(ann, 7c)",
//!         "said again: Reserve(ann, 7c), Reserve(ann, 7c) #2",
//!         "in conflict: Reserve(ann, 7c), Reserve(bob, 7c)",
//!         "undone, and said again: Reserve(ann, 7c), Cancel(ann, 7c), Reserve(ann, 7c) #2",
//!         "about somebody else: Reserve(ann, 7c), Reserve(ann, 7d), Cancel(ann, 7c)",
//!     ]
//! );
//! ```

use std::fmt;

use ports::words::{self, Speaker};
use ports::{Message, MessageId};
use serde::Serialize;

/// A handful of commands, each with its part in what is worth sending.
///
/// ```
/// use chaos::what_to_send::Handful;
/// use chaos::{Law, System, explore};
/// use ports::{Context, Endpoint, Message, Ports};
/// use serde_json::json;
///
/// /// Forgets every guest.
/// async fn forget(_: &Message, _: &Ports, _: &Context) -> anyhow::Result<()> {
///     Ok(())
/// }
///
/// fn bell() -> System {
///     let law = Law::of(|_| "the bell".to_owned(), |rings: &mut u32, _| {
///         *rings += 1;
///         Vec::<()>::new()
///     });
///     System::of(Endpoint::new("bell", forget).view(|_, _| Ok(0))).judged_by(law)
/// }
///
/// // Each lot in a search of its own: the first that is violated has the shortest story.
/// let handful = Handful::of(&json!({ "Ring": { "guest": "ann" } }))
///     .in_conflict_with(&json!({ "Ring": { "guest": "bob" } }));
/// let mut searches = handful.interesting_messages().into_iter();
/// let violated = searches.find(|sending| !explore(bell).send(sending.messages.clone()).run().holds());
/// assert_eq!(violated.unwrap().to_string(), "once: Ring(ann)");
/// ```
#[derive(Clone, Debug)]
#[must_use = "nothing is made of it until `.interesting_messages()`"]
pub struct Handful {
    does: Message,
    undoes: Option<Message>,
    conflicts: Option<Message>,
    elsewhere: Option<Message>,
}

/// Messages to be sent together, and what they are to find out: see [`Handful`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sending {
    /// What is asked with them: "undone, and said again".
    pub what: &'static str,
    /// The messages, in an order in which they make sense. A search tries the others
    /// as well.
    pub messages: Vec<Message>,
}

impl Handful {
    /// A command that does something.
    pub fn of(does: &impl Serialize) -> Self {
        Self { does: message("does", does), undoes: None, conflicts: None, elsewhere: None }
    }

    /// The command that undoes it, if there is such a thing.
    pub fn undone_by(mut self, undoes: &impl Serialize) -> Self {
        self.undoes = Some(message("undoes", undoes));
        self
    }

    /// One that wants the same thing, of somebody else: of the two, one must lose, or
    /// come second.
    pub fn in_conflict_with(mut self, conflicts: &impl Serialize) -> Self {
        self.conflicts = Some(message("conflicts", conflicts));
        self
    }

    /// One that says the same about another aggregate.
    pub fn about_somebody_else(mut self, elsewhere: &impl Serialize) -> Self {
        self.elsewhere = Some(message("elsewhere", elsewhere));
        self
    }

    /// What is worth sending: each for a search or a run of its own. What needs a
    /// command that was not given is left out.
    #[must_use]
    pub fn interesting_messages(&self) -> Vec<Sending> {
        let does = || Some(self.does.clone());
        let again = || Some(self.does.said_again("later"));
        let sendings: [(&'static str, Vec<Option<Message>>); 5] = [
            ("once", vec![does()]),
            ("said again", vec![does(), again()]),
            ("in conflict", vec![does(), self.conflicts.clone()]),
            ("undone, and said again", vec![does(), self.undoes.clone(), again()]),
            ("about somebody else", {
                let undoes = self.undoes.clone().map(Some);
                [does(), self.elsewhere.clone()].into_iter().chain(undoes).collect()
            }),
        ];
        let made = sendings.into_iter().filter_map(|(what, messages)| {
            let messages = messages.into_iter().collect::<Option<_>>()?;
            Some(Sending { what, messages })
        });
        made.collect()
    }
}

impl fmt::Display for Sending {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let speaker = Speaker::of(&self.messages, true);
        let told = self.messages.iter().map(|message| speaker.said(message));
        write!(formatter, "{}: {}", self.what, words::list(told))
    }
}

/// A command as a message: what says the same in the same part has the same id.
fn message(part: &str, command: &impl Serialize) -> Message {
    let body = Message::new(MessageId::named(part), command).body;
    let id = MessageId::named(&format!("{part}: {body}"));
    Message { id, body }
}
