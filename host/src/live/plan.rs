//! What follows from the seed: what is sent, and when the monkey strikes.

use ports::{Message, MessageId};
use shared::order::{add_item, remove_item};

use crate::live::arguments::Arguments;
use crate::live::work::ACK_WAIT;

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
    pub mail: Vec<Message>,
    /// What the monkey does, in this order.
    pub strikes: Vec<Strike>,
}

/// What the monkey does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trick {
    /// A worker is killed, and another one takes its place.
    Kill,
    /// A worker is stopped for longer than the server waits for a sign of life, and then
    /// goes on as if nothing had happened.
    Freeze,
    /// The connection of a worker is cut: first nothing comes back, then it breaks.
    Cut,
    /// The server is killed, and started again with what it has stored.
    Restart,
    /// A message is published once more.
    Duplicate,
}

impl Trick {
    /// What one calls it: "a kill".
    pub fn word(self) -> &'static str {
        match self {
            Self::Kill => "kill",
            Self::Freeze => "freeze",
            Self::Cut => "cut",
            Self::Restart => "restart",
            Self::Duplicate => "duplicate",
        }
    }

    /// Each, and how often it is asked for.
    pub fn wanted(arguments: &Arguments) -> [(Self, u32); 5] {
        [
            (Self::Kill, arguments.kills),
            (Self::Freeze, arguments.freezes),
            (Self::Cut, arguments.cuts),
            (Self::Restart, arguments.restarts),
            (Self::Duplicate, arguments.duplicates()),
        ]
    }
}

/// What the monkey does, and when.
#[derive(Clone, Debug)]
pub struct Strike {
    /// What it does.
    pub trick: Trick,
    /// Once so many messages have been processed.
    pub after: u64,
    /// And then so many milliseconds later.
    pub and: u64,
    /// Whom or what it strikes, of all that there are: worker, connection, or message.
    pub lot: u64,
    /// For how many milliseconds: then another worker starts, the frozen one goes on, the
    /// connection breaks, or the server starts again.
    pub gap: u64,
}

impl Plan {
    /// What follows from the seed. Only the ids of the messages do not.
    pub fn new(arguments: &Arguments) -> Self {
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
                mail.push(Message { id: MessageId::random(), body: command.body });
            }
        }
        // What leads to nothing more is processed once, what comes in leads to one or
        // two messages more: about twice as many in all.
        let processed = mail.len() as u64 * 2;
        let mut strike = |trick| Strike {
            trick,
            after: lots.below(processed * 9 / 10),
            and: lots.below(30),
            lot: lots.next(),
            gap: match trick {
                Trick::Kill => lots.below(200),
                Trick::Freeze => ACK_WAIT.as_millis() as u64 + 200 + lots.below(1_000),
                Trick::Cut => lots.below(20),
                Trick::Restart => arguments.gone.map_or_else(|| lots.below(2_000), |seconds| seconds * 1_000),
                Trick::Duplicate => 0,
            },
        };
        let mut strikes = Vec::new();
        for (trick, times) in Trick::wanted(arguments) {
            strikes.extend((0..times).map(|_| strike(trick)));
        }
        strikes.sort_by_key(|strike| strike.after);
        Self { mail, strikes }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    fn strikes(arguments: &[&str]) -> Vec<String> {
        let arguments = Arguments::parse_from([&["live", "09"], arguments].concat());
        Plan::new(&arguments).strikes.iter().map(|strike| format!("{strike:?}")).collect()
    }

    #[test]
    fn what_the_monkey_does_follows_from_the_seed() {
        let all = ["--freezes", "2", "--cuts", "5", "--restarts", "1", "--duplicates", "7"];
        let planned = strikes(&all);
        assert!(planned == strikes(&all), "the same arguments lead to other strikes");
        assert!(planned != strikes(&[&all[..], &["--seed", "2"]].concat()), "the seed makes no difference");
        for (trick, times) in [("Kill", 20), ("Freeze", 2), ("Cut", 5), ("Restart", 1), ("Duplicate", 7)] {
            let found = planned.iter().filter(|strike| strike.contains(&format!("trick: {trick},"))).count();
            assert!(found == times, "{found} times {trick}, and {times} were asked for");
        }
        let frozen = Plan::new(&Arguments::parse_from(["live", "09", "--freezes", "50"])).strikes;
        let frozen = frozen.iter().filter(|strike| strike.trick == Trick::Freeze);
        let short = frozen.filter(|strike| u128::from(strike.gap) <= ACK_WAIT.as_millis()).count();
        assert!(short == 0, "{short} of 50 are thawed before the server has lost patience");
    }
}
