//! A host: runs an [`Endpoint`](ports::Endpoint), exactly as an exercise exports it,
//! on a real server.
//!
//! | what a handler asks for | what it gets here |
//! |---|---|
//! | messages | a consumer of its own on one stream, the [record]: explicit acknowledgement, redelivery, in-progress, a delay after a failure, dead letters |
//! | [`Publisher`](ports::Publisher) | that same stream; published is what the server has acknowledged |
//! | [`DocumentStore`](ports::DocumentStore) | a key-value bucket each: [`kv`]; or a table of PostgreSQL each, or objects of S3: `postgres` and `s3`, behind features of these names |
//! | [`Clock`](ports::Clock) | the time of the machine: [`clock`] |
//! | ids | [`MessageId::random`](ports::MessageId::random), never a counter of the process |
//!
//! One server binary, `nats-server` 2.11 or later, is all that it needs;
//! [`server`] starts one, on loopback, with a secret of its own, syncing to the disk
//! before it acknowledges, and a PostgreSQL, or something that speaks S3, in the same way. The [`worker`] is the consumer loop. The program `live`
//! runs both under a monkey that kills worker processes and the server with `kill -9`,
//! freezes workers, cuts their connections and publishes messages once more, and has the
//! engine's checker judge what was really published and stored. It also plays stories
//! that the engine has found: a [`conducted`] worker asks before each call, and is told
//! how it goes, and the copies that it works on are kept in [`hand`] until then.
//!
//! # Nothing tries again behind your back
//!
//! A request that may have been carried out is `NoReply`, and goes up to the handler,
//! whose delivery fails and comes again. The client's own retries are not used. What
//! is repeated are choices, and made here: a connection that breaks is made anew; a
//! message whose handler fails is delivered again after a delay; a `put` under
//! if-absent that meets the marker of a delete is sent once more, on top of it.
//!
//! # Limits
//!
//! - Document stores and the publisher are there; event stores, logs, streams with
//!   expectations, services and ports of one's own are not. [`worker::Ports`] says so
//!   when an endpoint declares one, and event stores and logs say so when they are
//!   used. So this runs 04 to 09, and not 01 to 03, 10 and 11.
//! - One server. What a cluster does on a change of leader is not tried.
//! - The server's process is killed, and never the machine: what a loss of power does to
//!   what is acknowledged is not tried. If something acknowledged is missing after a
//!   restart, a run says so, and gives no verdict.
//! - A run tries the schedules that happen to happen. It finds; it proves nothing. A
//!   story that is played is one schedule, chosen by the engine.
//! - Of a story, a real server can be made to do: crashes before and after a call, calls
//!   that are refused or whose replies are lost, conflicts, any order of handlers, lost
//!   acknowledgements, locks that expire. In disguise, and the run says so: a duplicate is
//!   a second publish, a time to live that is over is a delete. Not at all: reads that are
//!   old, services that forget, calls that take effect late, a loss of power.

pub mod bucket;
pub mod clock;
pub mod conducted;
pub mod connection;
pub mod desk;
pub mod hand;
pub mod kv;
#[cfg(unix)]
pub mod live;
#[cfg(feature = "postgres")]
pub mod postgres;
pub mod record;
#[cfg(feature = "s3")]
pub mod s3;
pub mod seam;
#[cfg(unix)]
pub mod server;
pub mod worker;

pub use connection::{Address, Connection};
pub use seam::Seam;
