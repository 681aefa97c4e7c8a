//! The named monkeys: scripted drivers, each with one trick.
//!
//! A monkey looks at everything that can happen next and waits for its moment.
//! Until then, and after it, the run is as dull as can be: one message at a
//! time, in the order in which they were sent, nothing goes wrong.
//!
//! Each monkey is a file of its own. Whoever needs another one writes a
//! [`Trick`], here or anywhere else:
//!
//! ```
//! use chaos::{ChoiceKind, Goes, Monkey, Scene, Strike, Trick, Which};
//!
//! /// The acknowledgement of a message does not get through, again and again.
//! #[derive(Clone)]
//! struct DeafBroker {
//!     message: Which,
//!     times: usize,
//! }
//!
//! impl Trick for DeafBroker {
//!     fn strike(&mut self, scene: Scene<'_>) -> Option<Strike> {
//!         let fails = scene.find_of(&self.message, |choice| {
//!             choice.kind() == ChoiceKind::Ack && choice.goes() == Goes::Fails
//!         })?;
//!         self.times -= 1;
//!         Some(fails.strike())
//!     }
//!
//!     fn strikes_again(&self) -> bool {
//!         self.times > 0
//!     }
//! }
//!
//! let monkey = Monkey::new("DeafBroker", DeafBroker { message: 0.into(), times: 2 });
//! assert_eq!(monkey.name(), "DeafBroker");
//! ```

mod crash;
mod delayed_ack_failure;
mod duplicate_delivery;
mod lasting;
mod late_duplicate;
mod lock_expiry;
mod lost_reply;
mod reordering;
pub(crate) mod scene;
mod stale_read;
mod store_unavailable;

use std::fmt;

pub use crash::{Crash, Point};
pub use delayed_ack_failure::DelayedAckFailure;
pub use duplicate_delivery::DuplicateDelivery;
pub use late_duplicate::LateDuplicate;
pub use lock_expiry::LockExpiry;
pub use lost_reply::LostReply;
pub use reordering::Reordering;
pub use scene::{Choice, ChoiceKind, Goes, Scene, Strike, Which};
pub use stale_read::StaleRead;
pub use store_unavailable::StoreUnavailable;

/// What a monkey does. It must do the same in the same scene, so it keeps no
/// clock and draws no lots.
///
/// By itself, time passes in a scripted run only when all who are left wait for it. With
/// this trick it does as soon as nobody is at work:
///
/// ```
/// use std::time::Duration;
///
/// use chaos::{Chaos, ChoiceKind, Law, Monkey, Scene, Strike, System, Trick};
/// use ports::{Context, Deadline, Endpoint, Message, MessageId, Ports, Precondition};
///
/// #[derive(Clone)]
/// struct TimePasses;
///
/// impl Trick for TimePasses {
///     fn strike(&mut self, scene: Scene<'_>) -> Option<Strike> {
///         let passes = scene.find(|choice| choice.kind() == ChoiceKind::Expiry)?;
///         (!scene.work_in_flight()).then(|| passes.strike())
///     }
/// }
///
/// /// Keeps the seat for whoever came first; the second comes when the time is over.
/// async fn sit(message: &Message, ports: &Ports, context: &Context) -> anyhow::Result<()> {
///     let read = ports.documents.get("7c").await?;
///     if let Some(kept) = &read {
///         let until: Deadline = serde_json::from_slice(&kept.body)?;
///         if !ports.clock.has_passed(&until).await? {
///             return Ok(());
///         }
///     }
///     let until = ports.clock.deadline_in(Duration::from_secs(900)).await?;
///     let until = serde_json::to_vec(&until)?;
///     ports.documents.put("7c", until, Precondition::unchanged_since(read.as_ref())).await?;
///     context.publish(Message::new(message.id.derive("seated"), &"Seated"));
///     Ok(())
/// }
///
/// let seats = || {
///     let law = Law::of(|_| "7c".to_owned(), |(): &mut (), _| vec!["Seated"]);
///     System::of(Endpoint::new("seats", sit).view(|_, _| Ok(()))).judged_by(law)
/// };
/// let guests = || ["Ann", "Bob"].map(|name| Message::new(MessageId::named(name), &name));
/// let late = Chaos::on(seats).send(guests()).under(Monkey::new("TimePasses", TimePasses));
/// late.run().assert_exactly_once();
/// assert!(!Chaos::on(seats).send(guests()).run().report().holds());
/// ```
pub trait Trick: CloneTrick + Send + Sync {
    /// What is to happen now, if this is the monkey's moment.
    fn strike(&mut self, scene: Scene<'_>) -> Option<Strike>;

    /// Whether it goes on looking for moments once it has struck.
    fn strikes_again(&self) -> bool {
        false
    }

    /// Whether it needs a moment at all. A run in which a monkey that does never
    /// strikes shows nothing, and says so.
    fn needs_a_moment(&self) -> bool {
        true
    }
}

/// Lets a [`Monkey`] be cloned; whatever is `Clone` has it.
pub trait CloneTrick {
    /// The same trick, as far as it has come.
    fn clone_trick(&self) -> Box<dyn Trick>;
}

impl<T: Trick + Clone + 'static> CloneTrick for T {
    fn clone_trick(&self) -> Box<dyn Trick> {
        Box::new(self.clone())
    }
}

/// A scripted driver. Made by [`DelayedAckFailure`], [`DuplicateDelivery`],
/// [`Reordering`], [`Crash`], [`LostReply`], [`StoreUnavailable`],
/// [`LockExpiry`], [`StaleRead`], [`LateDuplicate`], or of a [`Trick`] of one's
/// own.
pub struct Monkey {
    name: String,
    trick: Box<dyn Trick>,
    struck: bool,
    /// Whether a run in which it never strikes shows nothing.
    needed: bool,
}

impl Monkey {
    /// A monkey of this name, with this trick.
    #[must_use]
    pub fn new(name: impl Into<String>, trick: impl Trick + 'static) -> Self {
        let needed = trick.needs_a_moment();
        Self { name: name.into(), trick: Box::new(trick), struck: false, needed }
    }

    /// The same monkey, where its moment need not come: the second write of a
    /// delivery, say, where a handler may be right that needs only one.
    #[must_use]
    pub fn if_it_gets_the_chance(mut self) -> Self {
        self.needed = false;
        self
    }

    /// What the monkey is called.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether its moment came, where it had to.
    pub(crate) fn has_struck(&self) -> bool {
        self.struck || !self.needed
    }

    /// What is to happen now, if this is the monkey's moment.
    pub(crate) fn strike(&mut self, scene: Scene<'_>) -> Option<Strike> {
        if self.struck && !self.trick.strikes_again() {
            return None;
        }
        let strike = self.trick.strike(scene)?;
        self.struck |= !strike.prepares;
        Some(strike)
    }
}

impl Clone for Monkey {
    fn clone(&self) -> Self {
        Self {
            name: self.name.clone(),
            trick: self.trick.clone_trick(),
            struck: self.struck,
            needed: self.needed,
        }
    }
}

impl fmt::Debug for Monkey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Monkey").field("name", &self.name).finish_non_exhaustive()
    }
}
