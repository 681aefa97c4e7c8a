//! The questions that every exercise ends with.
//!
//! The tests of an exercise lead to its idea, step by step; each asks one thing.
//! Whoever writes a handler to please them can please them all and still have
//! missed the idea: remember the last two messages only, name outputs after what
//! they say, keep one state for all orders. So every exercise closes with the same
//! few questions, asked of whatever it has led to:
//!
//! | question | what is wrong with who fails it |
//! |---|---|
//! | [`Closing::the_same_again`] | takes messages that say the same for copies |
//! | [`Closing::another_aggregate`] | mixes up who is who |
//! | [`Closing::a_copy_after_many`] | forgets what it has done, or remembers what it has not |
//! | [`Closing::two_messages_and_two_faults`] | is right as long as only one thing goes wrong |
//! | [`Closing::says_little`] | takes "nothing to do" for "nothing to remember" |
//! | [`Closing::copies_take_no_room`] | writes something down for every copy |
//!
//! Each takes a fraction of a second, searches included: where two workers would
//! be too much, there is one.

mod closing;
mod dialogue;

pub use closing::Closing;
pub use dialogue::{Dialogue, Saying};
