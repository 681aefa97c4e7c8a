//! Message-driven state machines: what a message means, and nothing else.
//!
//! A [`StateMachine`] says how one message changes the state of one aggregate
//! and what is to be announced of it. It is synchronous, and there is no port
//! in its reach: it cannot read a store, it cannot send anything, it cannot
//! even fail. Where the state is kept, what happens to a copy, when the outputs
//! are sent: all of that is the business of whoever *runs* the machine, and
//! from exercise 05 on that is what the exercises are about.
//!
//! The workshop uses two throughout: `Orders`, and downstream of it `Loyalty`,
//! both in the crate `shared`.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::MessageId;

/// A pure function of a state and a message: the next state, and the outputs.
///
/// ```
/// use ports::{Chance, MessageId, StateMachine};
/// use serde::{Deserialize, Serialize};
///
/// /// A cloakroom: a coat for a ticket.
/// struct Cloakroom;
///
/// #[derive(Serialize, Deserialize)]
/// enum Coat { Left { hook: String } }
///
/// #[derive(Serialize)]
/// enum Given { Ticket(MessageId), NoRoom }
///
/// impl StateMachine for Cloakroom {
///     type Input = Coat;
///     type State = Option<MessageId>;
///     type Output = Given;
///
///     fn aggregate(Coat::Left { hook }: &Coat) -> &str { hook }
///
///     fn react(ticket: &mut Option<MessageId>, _: &Coat, chance: &Chance<'_>) -> Vec<Given> {
///         if ticket.is_some() {
///             return vec![Given::NoRoom];
///         }
///         vec![Given::Ticket(*ticket.insert(chance.new_id()))]
///     }
/// }
///
/// // It needs no runner to be tested.
/// let mut hook = None;
/// let draw = || MessageId::named("a ticket");
/// let coat = Coat::Left { hook: "3".into() };
/// Cloakroom::react(&mut hook, &coat, &Chance::new(&draw));
/// assert_eq!(hook, Some(MessageId::named("a ticket")));
/// ```
pub trait StateMachine: 'static {
    /// What it understands.
    type Input: DeserializeOwned;
    /// What it remembers of one aggregate; the default is an aggregate that no
    /// message has reached yet.
    type State: Default + Serialize + DeserializeOwned;
    /// What it announces.
    type Output: Serialize;

    /// Which aggregate a message is about: the key of its state.
    fn aggregate(input: &Self::Input) -> &str;

    /// Processes one message: changes the state, and returns what is to be
    /// announced.
    ///
    /// Whatever should not come out the same every time is drawn from
    /// `chance`. A machine that uses nothing else gives the same results for
    /// the same draws, so it can be tested without any runner.
    fn react(state: &mut Self::State, input: &Self::Input, chance: &Chance<'_>) -> Vec<Self::Output>;
}

/// Randomness on loan: the runner decides where it comes from.
#[derive(Clone, Copy)]
pub struct Chance<'a> {
    ids: &'a dyn Fn() -> MessageId,
}

impl<'a> Chance<'a> {
    /// Draws ids from `ids`; [`Context::new_id`](crate::Context::new_id) is a
    /// good source.
    #[must_use]
    pub fn new(ids: &'a dyn Fn() -> MessageId) -> Self {
        Self { ids }
    }

    /// An id that nobody has seen before: a voucher code, say.
    #[must_use]
    pub fn new_id(&self) -> MessageId {
        (self.ids)()
    }
}
