//! Payments on a stream of subjects: exercise 10.

use serde::{Deserialize, Serialize};

use crate::{Message, MessageId, Snapshot};

/// The stream that everything about payments is published to.
pub const PAYMENTS: &str = "PAYMENTS";

/// What others ask for. Each names an order, and orders are independent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Command {
    /// Take the money for an order. The partner who asks for it may ask again,
    /// even a day later: that is another message, about the same withdrawal.
    Withdraw {
        /// Which order.
        order_id: String,
        /// How much, in cents.
        cents: u64,
    },
    /// The customer clicked *buy* on a page. Impatient customers click often:
    /// each click is another message, with the same page.
    Click {
        /// Which order.
        order_id: String,
        /// Which page was shown: every click on it means the same.
        page: String,
    },
    /// Give money back, as much as was paid at most.
    Refund {
        /// Which order.
        order_id: String,
        /// How much, in cents.
        cents: u64,
    },
    /// A human agrees to a return.
    Validate {
        /// Which order.
        order_id: String,
        /// Who.
        by: String,
    },
    /// Pay for a return that two humans have agreed to.
    PayReturn {
        /// Which order.
        order_id: String,
    },
}

impl Command {
    /// The order that it is about.
    #[must_use]
    pub fn order_id(&self) -> &str {
        match self {
            Self::Withdraw { order_id, .. }
            | Self::Click { order_id, .. }
            | Self::Refund { order_id, .. }
            | Self::Validate { order_id, .. }
            | Self::PayReturn { order_id } => order_id,
        }
    }

    /// The command as a message of this name: another name is another message.
    #[must_use]
    pub fn named(&self, name: &str) -> Message {
        Message::new(MessageId::named(name), self)
    }
}

/// What stands in the stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fact {
    /// Under `payment.ORDER`.
    Withdrawn {
        /// How much, in cents.
        cents: u64,
    },
    /// Under `click.ORDER`.
    Clicked {
        /// On which page.
        page: String,
    },
    /// Under `refund.ORDER`.
    Refunded {
        /// How much, in cents.
        cents: u64,
        /// The message that asked for it.
        caused_by: MessageId,
    },
    /// Under `return.ORDER`.
    Validated {
        /// Who agreed.
        by: String,
    },
    /// Under `return.ORDER`, in third place.
    ReturnPaid,
}

impl Fact {
    /// The fact as it stands in the stream.
    ///
    /// # Panics
    ///
    /// Never: a fact can be written as JSON.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("a fact is plain data")
    }

    /// The fact that stands in the stream as these bytes.
    ///
    /// # Errors
    ///
    /// When it is none.
    pub fn read(bytes: &[u8]) -> anyhow::Result<Self> {
        Ok(serde_json::from_slice(bytes)?)
    }
}

/// What the stream says of one order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Each withdrawal, in cents.
    pub withdrawn: Vec<u64>,
    /// The page of each click that was counted.
    pub clicks: Vec<String>,
    /// Each refund, in cents, smallest first.
    pub refunded: Vec<u64>,
    /// What happened to the return, in its order.
    pub returned: Vec<Fact>,
}

impl Account {
    /// What the stream in a snapshot says of one order.
    ///
    /// # Errors
    ///
    /// When there is something in the stream that is no [`Fact`].
    pub fn of(snapshot: &Snapshot, order_id: &str) -> anyhow::Result<Self> {
        let mut account = Self::default();
        for message in snapshot.subject_stream(PAYMENTS) {
            if message.subject.rsplit('.').next() == Some(order_id) {
                account.add(Fact::read(&message.body)?);
            }
        }
        Ok(account)
    }

    /// What has been paid and not been given back, in cents.
    #[must_use]
    pub fn left(&self) -> u64 {
        let sum = |amounts: &[u64]| amounts.iter().sum::<u64>();
        sum(&self.withdrawn).saturating_sub(sum(&self.refunded))
    }

    /// Takes in one more fact.
    pub fn add(&mut self, fact: Fact) {
        match fact {
            Fact::Withdrawn { cents } => self.withdrawn.push(cents),
            Fact::Clicked { page } => {
                self.clicks.push(page);
                self.clicks.sort();
            }
            Fact::Refunded { cents, .. } => {
                self.refunded.push(cents);
                self.refunded.sort_unstable();
            }
            fact @ (Fact::Validated { .. } | Fact::ReturnPaid) => self.returned.push(fact),
        }
    }
}
