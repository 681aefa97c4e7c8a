//! What a user can ask for.

use std::path::PathBuf;

use chaos::ReplayCode;
use clap::Parser;

use crate::live::registry::Whose;
use crate::live::stores::Store;

/// Run an answer to an exercise on a real server, under kill -9, and judge it.
#[derive(Debug, Parser)]
#[command(
    name = "live",
    after_help = "Exit codes: 0 it holds, 1 it is violated (a mistake is found), 2 usage or environment,\n\
                  3 inconclusive: it did not come to rest in time, or cannot be judged.\n\
                  Of stories: 0 model and server agree, and the solution holds; 1 they do not."
)]
pub struct Arguments {
    /// 06 or 09
    #[arg(value_name = "NN", required_unless_present_any = ["story", "stories", "replay"])]
    exercise: Option<String>,
    /// Instead: play this story of the engine on a real server, with the mistake and
    /// with the solution. `06/marks_before_it_sends`; or `06/mine`: the first story that
    /// the engine finds of your own answer
    #[arg(long, value_name = "NN/NAME", conflicts_with = "exercise")]
    pub story: Vec<String>,
    /// Instead: play all stories of an exercise; 05, 06, 08 or 09
    #[arg(long, value_name = "NN", conflicts_with = "exercise")]
    pub stories: Vec<String>,
    /// Instead: play the run of this replay code on a real server, with your own answer and
    /// with the solution. It stands under each story of 05, 06, 08 or 09
    #[arg(long, value_name = "CODE", conflicts_with = "exercise")]
    pub replay: Vec<ReplayCode>,
    /// How many orders there are
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..))]
    pub orders: u32,
    /// How many messages are sent to each order
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=6))]
    pub messages: u32,
    /// How many worker processes each endpoint has
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=64))]
    pub workers: u32,
    /// How many messages a worker works on at once
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=256))]
    pub slots: u32,
    /// How often the monkey kills a worker
    #[arg(long, value_name = "K", default_value_t = 20)]
    pub kills: u32,
    /// How often the monkey freezes a worker for so long that others get its messages, and
    /// then lets it go on
    #[arg(long, value_name = "F", default_value_t = 0)]
    pub freezes: u32,
    /// How often the monkey cuts the connection of a worker: what the worker has asked for
    /// is done, and the reply is lost
    #[arg(long, value_name = "C", default_value_t = 0)]
    pub cuts: u32,
    /// How often the monkey kills a server, that of the documents and that of the messages in
    /// turn; it comes back with what it has stored
    #[arg(long, value_name = "R", default_value_t = 0)]
    pub restarts: u32,
    /// For how long it is gone then, in seconds [default: up to two, by lot]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(..=3600))]
    pub gone: Option<u64>,
    /// How often the monkey publishes a message once more that somebody has published
    /// [default: as often as a tenth of what is sent]
    #[arg(long, value_name = "D")]
    pub duplicates: Option<u32>,
    /// What is sent, and when the monkey strikes, follow from this number
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub seed: u64,
    /// A mistake of the exercise instead of its solution; `list` names them
    #[arg(long, value_name = "NAME")]
    pub mistake: Option<String>,
    /// Your own answer instead of our solution, from `exercises/`
    #[arg(long, conflicts_with_all = ["mistake", "story", "stories", "replay"])]
    pub mine: bool,
    /// Where nats-server is [default: NATS_SERVER, or on the PATH]
    #[arg(long, value_name = "PATH")]
    pub server: Option<PathBuf>,
    /// On which port of the loopback interface it listens [default: a free one]
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    pub port: Option<u16>,
    /// How much the server stores at most, in MiB [default: what the disk has room for]
    #[arg(long, value_name = "MIB", value_parser = clap::value_parser!(u64).range(1..=1 << 30))]
    pub room: Option<u64>,
    /// Where documents are stored: on the nats-server, too, or in a server of their own
    #[arg(long, value_enum, value_name = "STORE", default_value_t = Store::Nats)]
    pub store: Store,
    /// Where the program of that server is, postgres or moto_server [default:
    /// POSTGRES_SERVER or MOTO_SERVER, on the PATH, or where Debian puts it]
    #[arg(long, value_name = "PATH")]
    pub store_server: Option<PathBuf>,
    /// On which port of the loopback interface it listens [default: a free one]
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    pub store_port: Option<u16>,
    /// After how long without any progress it is given up, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..))]
    pub patience: u64,
}

impl Arguments {
    /// Which exercise is run.
    pub fn exercise(&self) -> &str {
        self.exercise.as_deref().unwrap_or_default()
    }

    /// Whose answer is run.
    pub fn whose(&self) -> Whose {
        match &self.mistake {
            Some(name) => Whose::Mistake(name.clone()),
            None if self.mine => Whose::Readers,
            None => Whose::Ours,
        }
    }

    /// How often a message is published once more.
    pub fn duplicates(&self) -> u32 {
        /// Of what is sent, one in so many.
        const ONE_IN: u32 = 10;
        self.duplicates.unwrap_or(self.orders.saturating_mul(self.messages) / ONE_IN)
    }

    /// Whether stories are to be played.
    pub fn wants_stories(&self) -> bool {
        !self.story.is_empty() || !self.stories.is_empty() || !self.replay.is_empty()
    }
}
