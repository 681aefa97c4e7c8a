//! A checkout in three steps, each at somebody else's service: exercise 11.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::outside::Effect;
use crate::{Message, MessageId, Snapshot};

/// The service that reserves stock.
pub const STOCK: &str = "stock";
/// The service that charges cards.
pub const CARD: &str = "card";
/// The service that sends receipts.
pub const MAIL: &str = "mail";

/// What customers ask for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Command {
    /// Buys an item.
    CheckOut {
        /// Who: the conversation.
        customer_id: String,
        /// What.
        item: String,
        /// For how much, in cents.
        cents: u64,
        /// When the customer asked for it: milliseconds since 1970.
        at: u64,
    },
}

impl Command {
    /// Whose conversation it belongs to.
    #[must_use]
    pub fn customer_id(&self) -> &str {
        let Self::CheckOut { customer_id, .. } = self;
        customer_id
    }
}

/// A checkout as a message, named after what it says.
#[must_use]
pub fn check_out(customer_id: &str, item: &str, cents: u64) -> Message {
    let command = Command::CheckOut {
        customer_id: customer_id.to_owned(),
        item: item.to_owned(),
        cents,
        at: 1_700_000_000_000,
    };
    Message::new(MessageId::named(&format!("check out {customer_id} {item} {cents}")), &command)
}

/// What the services are asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Request {
    /// Put an item aside.
    Reserve {
        /// For whom.
        customer_id: String,
        /// What.
        item: String,
    },
    /// Take money for what was put aside.
    Charge {
        /// From whom.
        customer_id: String,
        /// How much.
        cents: u64,
        /// For which reservation.
        reservation: MessageId,
    },
    /// Tell the customer.
    Receipt {
        /// Whom.
        customer_id: String,
        /// What was bought.
        item: String,
        /// How much was charged.
        cents: u64,
        /// What was put aside.
        reservation: MessageId,
        /// What was charged.
        charge: MessageId,
    },
}

impl Request {
    /// The request as it goes to the service.
    ///
    /// # Panics
    ///
    /// Never: a request can be written as JSON.
    #[must_use]
    pub fn to_json(&self) -> Value {
        serde_json::to_value(self).expect("a request is plain data")
    }

    fn customer_id(&self) -> &str {
        match self {
            Self::Reserve { customer_id, .. }
            | Self::Charge { customer_id, .. }
            | Self::Receipt { customer_id, .. } => customer_id,
        }
    }
}

/// What the world has done for one customer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Purchases {
    /// What was put aside.
    pub reserved: Vec<String>,
    /// What was charged, in cents.
    pub charged: Vec<u64>,
    /// What the receipts say: `tea for 300`. One that names a reservation or a
    /// charge which does not exist ends in [`NOT_TRUE`](Self::NOT_TRUE).
    pub receipts: Vec<String>,
}

impl Purchases {
    /// How a receipt ends that names what does not exist.
    pub const NOT_TRUE: &str = ", and it is not true";

    /// What the services have done for a customer, in alphabetical order.
    ///
    /// # Errors
    ///
    /// When a service was asked for something else.
    pub fn of(snapshot: &Snapshot, customer_id: &str) -> anyhow::Result<Self> {
        let read = |service: &str| -> anyhow::Result<Vec<(Request, Effect)>> {
            let effects = snapshot.effects(service).into_iter();
            let read = effects.map(|effect| Ok((serde_json::from_value(effect.request.clone())?, effect)));
            let mut read: Vec<(Request, Effect)> = read.collect::<anyhow::Result<_>>()?;
            read.retain(|(request, _)| request.customer_id() == customer_id);
            Ok(read)
        };
        let (stock, card) = (read(STOCK)?, read(CARD)?);
        let mut purchases = Self::default();
        for (request, _) in &stock {
            if let Request::Reserve { item, .. } = request {
                purchases.reserved.push(item.clone());
            }
        }
        for (request, _) in &card {
            if let Request::Charge { cents, .. } = request {
                purchases.charged.push(*cents);
            }
        }
        for (request, _) in read(MAIL)? {
            let Request::Receipt { item, cents, reservation, charge, .. } = request else { continue };
            let reserved = stock.iter().any(|(request, effect)| {
                effect.reference == reservation
                    && matches!(request, Request::Reserve { item: it, .. } if *it == item)
            });
            let charged = card.iter().any(|(request, effect)| {
                let of = |request: &Request| matches!(request, Request::Charge { cents: it, reservation: of, .. } if (*it, *of) == (cents, reservation));
                effect.reference == charge && of(request)
            });
            let truth = if reserved && charged { "" } else { Self::NOT_TRUE };
            purchases.receipts.push(format!("{item} for {cents}{truth}"));
        }
        purchases.reserved.sort();
        purchases.charged.sort_unstable();
        purchases.receipts.sort();
        Ok(purchases)
    }

    /// Everything that one checkout does to the world.
    pub fn add(&mut self, command: &Command) {
        let Command::CheckOut { item, cents, .. } = command;
        self.reserved.push(item.clone());
        self.charged.push(*cents);
        self.receipts.push(format!("{item} for {cents}"));
        self.reserved.sort();
        self.charged.sort_unstable();
        self.receipts.sort();
    }
}
