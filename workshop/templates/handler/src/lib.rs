//! Seats, until you put your own business in their place.
//!
//! What a message *means* is here, as a state machine: a pure function of a state and
//! a message. What becomes of copies, conflicts and crashes is in [`runner`].

pub mod runner;

use ports::{Chance, Endpoint, StateMachine};
use serde::{Deserialize, Serialize};

/// What one can ask of a seat.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Wish {
    /// To have it.
    Reserve {
        /// Which seat.
        seat: String,
        /// For whom.
        guest: String,
    },
    /// To have it no more.
    Cancel {
        /// Which seat.
        seat: String,
        /// Who has it.
        guest: String,
    },
}

/// What is known of a seat; of one that nobody has asked for, the default.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Seat {
    /// Who has it, if anybody has.
    pub taken_by: Option<String>,
}

/// What is announced.
#[derive(Debug, Serialize, Deserialize)]
pub enum Answer {
    /// The guest has the seat.
    Reserved {
        /// Which seat.
        seat: String,
        /// For whom.
        guest: String,
    },
    /// The seat is free again.
    Freed {
        /// Which seat.
        seat: String,
        /// Who had it.
        guest: String,
    },
    /// The guest does not get what was asked for.
    Refused {
        /// Which seat.
        seat: String,
        /// Who has asked.
        guest: String,
    },
}

/// The business: no store, no broker, nothing that can fail.
pub struct Seats;

impl StateMachine for Seats {
    type Input = Wish;
    type State = Seat;
    type Output = Answer;

    fn aggregate(wish: &Wish) -> &str {
        match wish {
            Wish::Reserve { seat, .. } | Wish::Cancel { seat, .. } => seat,
        }
    }

    fn react(state: &mut Seat, wish: &Wish, _: &Chance<'_>) -> Vec<Answer> {
        match wish.clone() {
            Wish::Reserve { seat, guest } if state.taken_by.is_none() => {
                state.taken_by = Some(guest.clone());
                vec![Answer::Reserved { seat, guest }]
            }
            Wish::Cancel { seat, guest } if state.taken_by.as_ref() == Some(&guest) => {
                state.taken_by = None;
                vec![Answer::Freed { seat, guest }]
            }
            Wish::Reserve { seat, guest } | Wish::Cancel { seat, guest } => {
                vec![Answer::Refused { seat, guest }]
            }
        }
    }
}

/// The handler: the business, run.
#[must_use]
pub fn endpoint() -> Endpoint {
    // ▶ This is the line to change, once you have read the story that the tests tell:
    //   `runner::with_an_outbox` knows a message when it comes again.
    let handler = runner::as_at_work::<Seats>;
    Endpoint::new("seats", handler).view(runner::view::<Seats>)
}
