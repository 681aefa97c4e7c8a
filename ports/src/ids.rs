//! Naming messages.
//!
//! A broker that delivers *at least once* will sometimes deliver the same
//! message twice. Whoever wants to notice needs a name that both copies carry:
//! the [`MessageId`]. A *logical* message has exactly one; a *copy* is one
//! delivery of it.
//!
//! Two ways to make an id, and the difference between them is half of this
//! workshop:
//!
//! - [`MessageId::derive`] computes the id of an output from the id of the
//!   message that caused it. Process the same message again and the output has
//!   the same id, so that the next endpoint recognises the copy.
//! - [`Context::new_id`](crate::Context::new_id) makes an id that nobody has
//!   seen before. Process the same message again and the output has *another*
//!   id: for everyone downstream it is another message, unless the first id was
//!   stored before it was sent.

mod guise;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::{Builder, Uuid};

use self::guise::Disguised;
#[doc(hidden)]
pub use self::guise::{Guise, Order};

/// The name of a logical message: a UUID.
///
/// It is written as the usual 36 characters, in [`Display`](fmt::Display) and
/// in serialised form alike.
///
/// ```
/// use ports::{Context, MessageId};
///
/// let message = MessageId::named("a click");
/// // The output of a copy has the same name…
/// assert_eq!(message.derive("Reserved"), message.derive("Reserved"));
/// assert_ne!(message.derive("Reserved"), message.derive("Refused"));
/// // …unless it is drawn anew.
/// let context = Context::numbered();
/// assert_ne!(context.new_id(), context.new_id());
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MessageId(Uuid);

/// The namespace of ids that are made from a name alone.
const NAMED: Uuid = Uuid::from_u128(0x8d6c_2f0b_41a3_5e77_9c1e_0d5b_7a42_f3c6);

impl MessageId {
    /// The first four bytes of an id that a simulator handed out as *fresh*.
    ///
    /// A model checker must be able to tell "the same state, under other
    /// random names" from "another state", even when the names are buried in
    /// an opaque document. Hence the mark; [`derive`](Self::derive) passes it
    /// on. Ids made outside of a simulator carry it by chance once in four
    /// billion. A handler that makes one is told so: see
    /// [`Context::new_id`](crate::Context::new_id) for ids that may be had.
    pub const FRESH_MARK: [u8; 4] = [0xf5, 0xe5, 0x4f, 0x1d];

    /// The id that belongs to a name: the same name gives the same id, always
    /// and everywhere (UUID version 5).
    #[must_use]
    pub fn named(name: &str) -> Self {
        Self(Uuid::new_v5(&NAMED, name.as_bytes()))
    }

    /// The id of the output `name` of the message with this id.
    ///
    /// The same message and name give the same id, always and everywhere
    /// (UUID version 5, with this id as the namespace), so a message that is
    /// processed twice produces outputs that can be recognised as copies.
    /// Two outputs of one message need two names.
    #[must_use]
    pub fn derive(&self, name: &str) -> Self {
        if !self.is_fresh() {
            return Self(Uuid::new_v5(&self.0, name.as_bytes()));
        }
        let derived = self.derive_fresh(name);
        DESCENT.with_borrow_mut(|descent| _ = descent.entry(derived).or_insert((*self, name.to_owned())));
        derived
    }

    /// The descendant of a fresh id: 34 bits for its line of names, then 56 bits
    /// for the number of the fresh id that it goes back to. So, like fresh ids,
    /// descendants keep their order when all numbers are moved, and a simulator
    /// that does so sees whether a handler looks at anything but that.
    fn derive_fresh(&self, name: &str) -> Self {
        let own = self.0.as_bytes();
        let disguised = Disguised::of(own);
        let mut line = match disguised {
            Some(Disguised { line, .. }) => guise::spread(line).to_vec(),
            None => own[4..9].to_vec(),
        };
        line.extend_from_slice(name.as_bytes());
        let hash = Uuid::new_v5(&NAMED, &line).into_bytes();
        let mut bytes = *own;
        bytes[4..9].copy_from_slice(&hash[..5]);
        // Never that of a fresh id itself.
        bytes[7] |= 1;
        if let Some(disguised) = disguised {
            bytes = Disguised { line: guise::gather(&bytes), ..disguised }.bytes();
        }
        Self(Builder::from_custom_bytes(bytes).into_uuid())
    }

    /// Where an id came from that was [derived](Self::derive) from a
    /// [fresh](Self::fresh) one: its parent and its name. `None` for any other
    /// id, and for ids derived on another thread.
    #[must_use]
    pub fn descent(&self) -> Option<(Self, String)> {
        DESCENT.with_borrow(|descent| descent.get(self).cloned())
    }

    /// An id that nobody has seen before, drawn from the randomness of the system
    /// (UUID version 4): what a [`Context`](crate::Context) hands out where handlers
    /// run for real. A counter would begin again with every process.
    ///
    /// Not in a simulation, which would be another one each time.
    #[cfg(feature = "random")]
    #[must_use]
    pub fn random() -> Self {
        loop {
            let id = Self(Uuid::new_v4());
            // Once in billions of draws, it would pass for one of a simulator.
            if !id.is_fresh() {
                return id;
            }
        }
    }

    /// The number that [`fresh`](Self::fresh) made this id from. `None` for
    /// any other id.
    #[must_use]
    pub fn serial(&self) -> Option<u64> {
        let bytes = self.0.as_bytes();
        if let Some(disguised) = Disguised::of(bytes) {
            return (disguised.line == 0).then_some(u64::from(disguised.number) + 1);
        }
        let low = u64::from_be_bytes(bytes[8..].try_into().ok()?) & !(0b11 << 62);
        (Self::fresh(low) == *self).then_some(low)
    }

    /// The `serial`-th id of a simulation, carrying [`FRESH_MARK`](Self::FRESH_MARK)
    /// (UUID version 8, the layout that is left to the maker). Serials below
    /// 2⁵⁶ give distinct ids, with distinct descendants.
    #[must_use]
    pub fn fresh(serial: u64) -> Self {
        let mut bytes = [0; 16];
        bytes[..4].copy_from_slice(&Self::FRESH_MARK);
        bytes[8..].copy_from_slice(&serial.to_be_bytes());
        Self(Builder::from_custom_bytes(bytes).into_uuid())
    }

    /// The fresh id with this number (which is one less than its serial) in a
    /// guise; `None` for a number that is too large.
    #[doc(hidden)]
    #[must_use]
    pub fn in_guise(number: u32, guise: Guise) -> Option<Self> {
        let bytes = || Disguised { line: 0, number, guise }.bytes();
        (number < Guise::NUMBERS).then(|| Self(Uuid::from_bytes(bytes())))
    }

    /// Whether this id, or one that it was derived from, was made by
    /// [`fresh`](Self::fresh), or by a simulator that wants to see whether
    /// anybody depends on how its ids look.
    #[must_use]
    pub fn is_fresh(&self) -> bool {
        let bytes = self.0.as_bytes();
        bytes[..4] == Self::FRESH_MARK || Disguised::of(bytes).is_some()
    }

    /// The id as a UUID.
    #[must_use]
    pub fn as_uuid(&self) -> Uuid {
        self.0
    }
}

thread_local! {
    /// The ids that were derived from fresh ones on this thread. A simulator
    /// that renames fresh ids must rename their descendants alike.
    static DESCENT: RefCell<BTreeMap<MessageId, (MessageId, String)>> = const { RefCell::new(BTreeMap::new()) };
}

impl From<Uuid> for MessageId {
    fn from(uuid: Uuid) -> Self {
        Self(uuid)
    }
}

impl FromStr for MessageId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl fmt::Debug for MessageId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reprocessed_message_derives_the_same_ids_again() {
        let id = MessageId::named("AddItem tea");
        assert_eq!(id.derive("ItemAdded"), id.derive("ItemAdded"));
        assert_ne!(id.derive("ItemAdded"), id.derive("FirstItemAdded"));
        assert_ne!(id.derive("ItemAdded"), MessageId::named("AddItem cake").derive("ItemAdded"));
    }

    #[test]
    fn derived_ids_are_plain_version_5() {
        let id = MessageId::named("AddItem tea");
        assert_eq!(id.derive("ItemAdded").0, Uuid::new_v5(&id.0, b"ItemAdded"));
        assert_eq!(id.derive("ItemAdded").0.get_version_num(), 5);
    }

    #[test]
    fn freshness_is_inherited_and_only_by_descent() {
        let fresh = MessageId::fresh(7);
        assert!(fresh.is_fresh() && fresh.derive("a").is_fresh() && fresh.derive("a").derive("b").is_fresh());
        assert_ne!(fresh.derive("a"), fresh.derive("b"));
        assert_ne!(fresh.derive("a"), MessageId::fresh(8).derive("a"));
        assert!(!MessageId::named("a").is_fresh());
        assert_eq!(fresh.serial(), Some(7));
        assert_eq!(fresh.derive("a").serial(), None);
        assert_eq!(fresh.derive("a").descent(), Some((fresh, "a".to_owned())));
        assert_eq!(fresh.descent(), None);
    }

    #[test]
    fn descendants_of_fresh_ids_keep_their_order_when_all_are_moved() {
        let family = |offset: u64| -> Vec<MessageId> {
            let roots = (1..20).map(|serial| MessageId::fresh(offset + serial));
            roots
                .flat_map(|root| {
                    [root, root.derive("0"), root.derive("1"), root.derive("1").derive("0"), root.derive("2")]
                })
                .collect()
        };
        let order = |ids: &[MessageId]| {
            let mut places: Vec<usize> = (0..ids.len()).collect();
            places.sort_by_key(|&place| ids[place]);
            places
        };
        let here = family(0);
        let mut different = here.clone();
        different.sort();
        different.dedup();
        assert_eq!(different.len(), here.len());
        assert_eq!(order(&here), order(&family(0x0123_4567_89ab << 8)));
    }

    #[test]
    fn an_id_survives_serialisation_as_its_36_characters() {
        let id = MessageId::named("x");
        let text = serde_json::to_string(&id).unwrap();
        assert_eq!(text, format!("\"{id}\""));
        assert_eq!(serde_json::from_str::<MessageId>(&text).unwrap(), id);
        assert_eq!(id.to_string().parse::<MessageId>().unwrap(), id);
    }
}
