//! How far it goes, and why no further.
//!
//! Whoever goes beyond one of these is told so, in words; none of them makes a verdict
//! green that would have been red. What is meant by "every schedule" is every one within
//! the bounds of the [search](crate::Explore), and they have to be within these.

use std::ops::RangeInclusive;

/// An endpoint may have so many workers in a search: more than two or three show
/// nothing new, and each multiplies the states.
pub const WORKERS: RangeInclusive<u8> = 1..=8;

/// So many messages can be sent in a search: one of that size ends at
/// [`STATES`], unless hardly anything can happen to them.
pub const MESSAGES: usize = 24;

/// So many faults can be allowed in a search: each multiplies the states.
pub const FAULTS: u8 = 32;

/// So many messages can have a [bound of their own](crate::Explore::faults_per_message):
/// what a run has spent is kept in each of millions of states, in so many bytes.
pub const MESSAGES_WITH_A_BOUND: usize = 6;

/// A search is given up, and inconclusive, after so many states, unless the test
/// [says otherwise](crate::Explore::limit_states): a state space that has no end is to be
/// told as such, before the memory is full.
pub const STATES: usize = 3_000_000;

/// A search is given up, too, as soon as the states that wait to be explored take so many
/// bytes, unless the test [says otherwise](crate::Explore::limit_bytes): a few thousand of
/// them can fill a machine if each is larger than the last. Of all searches in the
/// workshop's tests, the deep ones included, none has more than 80 MiB of them.
pub const BYTES_OF_STATES: usize = 2 << 30;

/// One delivery may make so many calls, unless the test says otherwise: whoever makes
/// more goes round in circles.
pub const CALLS: usize = 150;

/// A delivery may wait for so many calls at once, and hand over so many outputs, and a
/// queue may be so long: steps number them in a byte.
pub const AT_ONCE: usize = 200;

/// A judge tries the orders of the messages to one aggregate in so many steps, and says
/// then that there are [too many](crate::Inconclusive::TooManyOrders): their number grows
/// as a factorial where each order leads to another state.
pub const STEPS_OF_A_JUDGE: usize = 1_000_000;

/// A handler that has not come back after so many seconds is given up, unless
/// [`CHAOS_WATCHDOG_SECONDS`](crate::environment::WATCHDOG_SECONDS) says otherwise. It is
/// the one place where a real clock is asked, and time in which others had the processor
/// does not count.
pub const WATCHDOG_SECONDS: u64 = 5;
