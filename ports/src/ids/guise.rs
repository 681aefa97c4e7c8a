//! Fresh ids that look entirely different.
//!
//! The ids that a simulator usually hands out look much alike: the mark first,
//! then zeros, then a small number. A handler that depends on what ids look like
//! would never be told apart from one that does not. So a simulator that wants to
//! know runs it again with its ids in a *guise*: in the same order or in another
//! one, and with every byte changed.
//!
//! | bytes | bits | what |
//! |---|---|---|
//! | 0–3 | 32 | what decides the order: the line, and the number that the id goes back to |
//! | 4–8 | 34 | the line, masked |
//! | 9–12 | 32 | the mark |
//! | 13–15 | 24 | the guise, masked, and a check |
//!
//! The *line* of an id is a hash of the names by which it was derived from a fresh
//! one; that of a fresh one itself is 0. (Six bits belong to the version and the
//! variant of a UUID.)
//!
//! Where the order is to be kept, it should be so towards other ids as well, those
//! that are no fresh ones. So in these guises all ids begin with a little more than
//! [`FRESH_MARK`](super::MessageId::FRESH_MARK), and only what lies between changes
//! its place. In the other guises they begin with anything.

use uuid::Builder;

/// How the ids of one assignment look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Guise {
    /// In which order they are.
    pub order: Order,
    /// Of two guises that differ in nothing else, the ids differ. Below
    /// [`Guise::SALTS`].
    pub salt: u8,
}

/// In which order the ids of one assignment are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Order {
    /// Later ids are larger; descendants are sorted by line first. As usual.
    Rising,
    /// Of one line, later ids are smaller.
    Falling,
    /// All is the other way round.
    Reversed,
    /// None that one could guess; every eight salts, another one.
    Scrambled,
}

impl Guise {
    /// How many salts there are.
    pub const SALTS: u8 = 32;
    /// Numbers below this one have ids in a guise.
    pub const NUMBERS: u32 = 1 << NUMBER_BITS;

    /// The mark of an id in a guise, at the tenth byte.
    pub const MARK: [u8; 4] = [0xfb, 0xe5, 0x4f, 0x1d];

    fn code(self) -> u8 {
        ((self.order as u8) << 5) | (self.salt % Self::SALTS)
    }

    fn decode(code: u8) -> Option<Self> {
        const ORDERS: [Order; 4] = [Order::Rising, Order::Falling, Order::Reversed, Order::Scrambled];
        let order = *ORDERS.get(usize::from(code >> 5))?;
        Some(Self { order, salt: code % Self::SALTS })
    }
}

const NUMBER_BITS: u32 = 12;

impl Guise {
    /// The first four bytes: they decide the order. Of an id that descends from a
    /// fresh one, the line comes first and then the number, of a fresh one the
    /// number and then noise; fresh ones are smaller. In a scramble, a number that
    /// nobody can guess comes first.
    fn word(self, line: u64, number: u32, noise: u64) -> u32 {
        let number = if self.order == Order::Falling { !number & (Self::NUMBERS - 1) } else { number };
        match self.order {
            Order::Rising | Order::Falling => 0xf800_0000 | rising::<14>(line, number, noise),
            Order::Reversed => !rising::<19>(line, number, noise),
            Order::Scrambled => {
                let rest = rising::<19>(line, 0, noise);
                let rest = if line == 0 { rest } else { 1 << 19 | (rest >> NUMBER_BITS & ((1 << 19) - 1)) };
                (scramble(number, self.flip()) ^ hidden(rest)) << 20 | rest
            }
        }
    }

    /// The number that is hidden in the first four bytes.
    fn number_in(self, word: u32) -> u32 {
        match self.order {
            Order::Rising => number_in::<14>(word),
            Order::Falling => !number_in::<14>(word) & (Self::NUMBERS - 1),
            Order::Reversed => number_in::<19>(!word),
            Order::Scrambled => unscramble(word >> 20 ^ hidden(word & ((1 << 20) - 1)), self.flip()),
        }
    }

    fn flip(self) -> u32 {
        mix(u64::from(self.salt >> 3)) as u32
    }
}

/// A word whose order is the usual one, with so many bits for the line.
fn rising<const BITS: u32>(line: u64, number: u32, noise: u64) -> u32 {
    match line {
        0 => number << BITS | noise as u32 >> (32 - BITS),
        _ => 1 << (BITS + NUMBER_BITS) | ((line >> (34 - BITS)) as u32) << NUMBER_BITS | number,
    }
}

fn number_in<const BITS: u32>(word: u32) -> u32 {
    let descends = word >> (BITS + NUMBER_BITS) & 1 == 1;
    let place = if descends { word } else { word >> BITS };
    place & (Guise::NUMBERS - 1)
}

/// What hides a number in a scramble: of a fresh id nothing, of one that descends
/// from it something that its line decides.
fn hidden(rest: u32) -> u32 {
    let descends = rest >> 19 == 1;
    if descends { mix(u64::from(rest)) as u32 & (Guise::NUMBERS - 1) } else { 0 }
}

const ODD: u32 = 0x9e37_79b1;

fn scramble(number: u32, flip: u32) -> u32 {
    (number.wrapping_mul(ODD) ^ flip) & (Guise::NUMBERS - 1)
}

fn unscramble(number: u32, flip: u32) -> u32 {
    // Newton's method: every turn doubles the bits that are right.
    let mut inverse = ODD;
    for _ in 0..5 {
        inverse = inverse.wrapping_mul(2u32.wrapping_sub(ODD.wrapping_mul(inverse)));
    }
    (number ^ flip).wrapping_mul(inverse) & (Guise::NUMBERS - 1)
}

/// An id in a guise, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Disguised {
    pub(super) line: u64,
    pub(super) number: u32,
    pub(super) guise: Guise,
}

impl Disguised {
    pub(super) fn bytes(self) -> [u8; 16] {
        let Self { line, number, guise } = self;
        let code = u64::from(guise.code());
        let noise = mix(line << 20 | u64::from(number) << 8 | code);
        let word = guise.word(line, number, noise);
        let mut bytes = [0; 16];
        bytes[..4].copy_from_slice(&word.to_be_bytes());
        bytes[4..9].copy_from_slice(&spread(line ^ mask(number, guise)));
        bytes[9..13].copy_from_slice(&Guise::MARK);
        bytes[13] = guise.code() ^ mix(u64::from(word)) as u8;
        bytes[14..].copy_from_slice(&(noise as u16).to_be_bytes());
        Builder::from_custom_bytes(bytes).into_uuid().into_bytes()
    }

    pub(super) fn of(bytes: &[u8; 16]) -> Option<Self> {
        if bytes[9..13] != Guise::MARK {
            return None;
        }
        let word = u32::from_be_bytes(bytes[..4].try_into().ok()?);
        let guise = Guise::decode(bytes[13] ^ mix(u64::from(word)) as u8)?;
        let number = guise.number_in(word);
        let line = gather(bytes) ^ mask(number, guise);
        let found = Self { line, number, guise };
        (found.bytes() == *bytes).then_some(found)
    }
}

/// Hides the line, so that ids which have it in common do not look it.
fn mask(number: u32, guise: Guise) -> u64 {
    mix(u64::from(number) << 8 | u64::from(guise.code())) >> 30
}

/// The 34 bits of bytes 4 to 8 that are free.
pub(super) fn gather(bytes: &[u8; 16]) -> u64 {
    let byte = |place: usize| u64::from(bytes[place]);
    byte(4) << 26 | byte(5) << 18 | (byte(6) & 0xf) << 14 | byte(7) << 6 | byte(8) & 0x3f
}

/// Bytes 4 to 8 with these 34 bits, those of a version-8 UUID.
pub(super) fn spread(bits: u64) -> [u8; 5] {
    [
        (bits >> 26) as u8,
        (bits >> 18) as u8,
        0x80 | (bits >> 14) as u8 & 0xf,
        (bits >> 6) as u8,
        0x80 | bits as u8 & 0x3f,
    ]
}

/// Bits that look random (SplitMix64).
fn mix(value: u64) -> u64 {
    let mut bits = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ bits >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ bits >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ bits >> 31
}

#[cfg(test)]
mod tests {
    use super::super::MessageId;
    use super::*;

    const ALL: [Order; 4] = [Order::Rising, Order::Falling, Order::Reversed, Order::Scrambled];

    fn in_guise(number: u32, order: Order, salt: u8) -> MessageId {
        MessageId::in_guise(number, Guise { order, salt }).unwrap()
    }

    /// Some fresh ids and their descendants.
    fn family(id: impl Fn(u32) -> MessageId) -> Vec<MessageId> {
        let roots = (0..40).map(id);
        roots
            .flat_map(|root| [root, root.derive("0"), root.derive("1"), root.derive("1").derive("0")])
            .collect()
    }

    fn ranks(ids: &[MessageId]) -> Vec<usize> {
        let mut places: Vec<usize> = (0..ids.len()).collect();
        places.sort_by_key(|&place| ids[place]);
        places
    }

    #[test]
    fn an_id_in_a_guise_is_fresh_and_knows_its_number() {
        for order in ALL {
            for number in (0..Guise::NUMBERS).step_by(37) {
                let id = in_guise(number, order, 3);
                assert!(id.is_fresh());
                assert_eq!(id.serial(), Some(u64::from(number) + 1));
                let child = id.derive("a");
                assert!(child.is_fresh() && child.serial().is_none());
                assert_eq!(child.descent(), Some((id, "a".to_owned())));
            }
        }
        assert_eq!(MessageId::in_guise(Guise::NUMBERS, Guise { order: Order::Rising, salt: 0 }), None);
    }

    #[test]
    fn a_guise_keeps_the_order_or_turns_it_round() {
        let usual = family(|number| MessageId::fresh(u64::from(number) + 1));
        let rising = ranks(&usual);
        let falling = ranks(&family(|number| MessageId::fresh((1 << 40) - u64::from(number))));
        for salt in 0..Guise::SALTS {
            let of = |order| ranks(&family(|number| in_guise(number, order, salt)));
            assert_eq!(of(Order::Rising), rising);
            assert_eq!(of(Order::Falling), falling);
            assert!(of(Order::Reversed).into_iter().rev().eq(rising.iter().copied()));
            let same = ranks(&family(|number| in_guise(number, Order::Scrambled, salt & !7)));
            assert_eq!(of(Order::Scrambled), same);
            assert_ne!(of(Order::Scrambled), rising);
            for id in family(|number| in_guise(number, Order::Rising, salt)) {
                assert!(id > MessageId::fresh(u64::MAX >> 8));
            }
        }
    }

    #[test]
    fn in_a_guise_every_byte_but_the_mark_differs_from_id_to_id() {
        let usual = family(|number| MessageId::fresh(u64::from(number) + 1));
        for salt in [1, 2, 31] {
            let other = family(|number| in_guise(number, Order::Rising, salt));
            for place in 0..16 {
                let byte = |id: &MessageId| id.as_uuid().as_bytes()[place];
                let changed = usual.iter().zip(&other).filter(|(a, b)| byte(a) != byte(b)).count();
                assert!(changed > usual.len() / 2, "byte {place}: {changed} of {}", usual.len());
            }
            let short: std::collections::BTreeSet<String> = (0..40)
                .map(|number| in_guise(number, Order::Rising, salt).to_string()[..8].to_owned())
                .collect();
            assert_eq!(short.len(), 40);
        }
    }

    #[test]
    fn in_a_scramble_even_the_first_bit_is_not_always_the_same() {
        let first =
            |number: u32, salt: u8| in_guise(number, Order::Scrambled, salt).as_uuid().as_bytes()[0] >> 7;
        for salt in [0, 8, 16, 24] {
            assert!((1..4).any(|number| first(number, salt) != first(0, salt)));
        }
        for number in 0..4 {
            assert!([16, 24].iter().any(|&salt| first(number, salt) != first(number, 8)), "{number}");
        }
    }

    #[test]
    fn what_only_has_the_mark_is_not_in_a_guise() {
        let mut bytes = *in_guise(7, Order::Rising, 0).as_uuid().as_bytes();
        bytes[15] ^= 1;
        assert!(!MessageId::from(uuid::Uuid::from_bytes(bytes)).is_fresh());
    }
}
