//! What follows from the seed: what is sent, and when the monkey strikes.

use ports::{Message, MessageId};
use shared::order::{add_item, remove_item};

use crate::arguments::Arguments;
use crate::work::ACK_WAIT;

/// Numbers that look random and follow from a seed (SplitMix64).
struct Lots(u64);

impl Lots {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }
}

/// What is sent, and what the monkey does.
pub struct Plan {
    /// What is sent, in this order.
    pub mail: Vec<Mail>,
    /// What the monkey does, in this order.
    pub strikes: Vec<Strike>,
}

/// A message to an order.
#[derive(Clone)]
pub struct Mail {
    /// The message.
    pub message: Message,
    /// Its sender has not heard that it arrived, and sends it once more.
    pub twice: bool,
}

/// What the monkey does to a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trick {
    /// It is killed, and another one takes its place.
    Kill,
    /// It is stopped for longer than the server waits for a sign of life, and then
    /// goes on as if nothing had happened.
    Pause,
}

/// What the monkey does to a worker, and when.
pub struct Strike {
    /// What it does.
    pub trick: Trick,
    /// Once so many messages have been processed.
    pub after: u64,
    /// And then so many milliseconds later.
    pub and: u64,
    /// Which worker, of all.
    pub victim: usize,
    /// After how many milliseconds another one starts, or it goes on.
    pub gap: u64,
}

/// Of the messages, every so many-th is sent twice.
const TWICE: u64 = 10;

impl Plan {
    /// What follows from the seed. Only the ids of the messages do not.
    pub fn new(arguments: &Arguments, workers: usize) -> Self {
        let mut lots = Lots(arguments.seed);
        let mut mail = Vec::new();
        for order in 1..=arguments.orders {
            let order = format!("order-{order}");
            for place in 0..arguments.messages {
                let item = ["tea", "cake", "milk"][lots.below(3) as usize];
                // What comes first is something that comes in.
                let command = match place > 0 && lots.below(4) == 0 {
                    true => remove_item(&order, item),
                    false => add_item(&order, item),
                };
                let message = Message { id: MessageId::random(), body: command.body };
                mail.push(Mail { message, twice: lots.below(TWICE) == 0 });
            }
        }
        // What leads to nothing more is processed once, what comes in leads to one or
        // two messages more: about twice as many in all.
        let processed = mail.len() as u64 * 2;
        let mut strike = |trick| Strike {
            trick,
            after: lots.below(processed * 9 / 10),
            and: lots.below(30),
            victim: lots.below(workers as u64) as usize,
            gap: match trick {
                Trick::Kill => lots.below(200),
                Trick::Pause => ACK_WAIT.as_millis() as u64 + 200 + lots.below(1_000),
            },
        };
        let kills: Vec<_> = (0..arguments.kills).map(|_| strike(Trick::Kill)).collect();
        let pauses = (0..arguments.pauses).map(|_| strike(Trick::Pause));
        let mut strikes: Vec<_> = pauses.chain(kills).collect();
        strikes.sort_by_key(|strike| strike.after);
        Self { mail, strikes }
    }
}
