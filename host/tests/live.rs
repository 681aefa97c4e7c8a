//! The live run as a user meets it: verdicts, trouble, and that nothing is left
//! behind. Each test has a directory of its own for temporary files, which is empty
//! again once the guardian of the server is done.
#![cfg(unix)]

use std::fs;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use ports::real::NatsServer;

struct Place {
    server: PathBuf,
    directory: PathBuf,
}

impl Place {
    /// None, if there is no server here; `NATS_REQUIRED` says that there must be.
    fn new(name: &str) -> Option<Self> {
        // It says so on standard error where it is missing.
        drop(NatsServer::for_test()?);
        let directory = std::env::temp_dir().join(format!("live-test-{name}-{}", std::process::id()));
        fs::create_dir_all(&directory).expect("a directory");
        Some(Self { server: NatsServer::find()?, directory })
    }

    fn live(&self, arguments: &[&str]) -> Child {
        Command::new(env!("CARGO_BIN_EXE_live"))
            .args(arguments)
            .env("NATS_SERVER", &self.server)
            .env("TMPDIR", &self.directory)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the live run")
    }

    /// Waits for the end. Workers and the guardian inherit standard error, so it is
    /// open for as long as there is any.
    fn end(&self, live: Child) -> (Option<i32>, String) {
        let Output { status, stdout, stderr } = live.wait_with_output().expect("an end");
        let began = Instant::now();
        while self.is_anything_left() {
            assert!(began.elapsed() < Duration::from_secs(5), "the directory of the server is still there");
            std::thread::sleep(Duration::from_millis(10));
        }
        let said = [stdout, stderr].map(|said| String::from_utf8_lossy(&said).into_owned()).concat();
        (status.code(), said)
    }

    fn is_anything_left(&self) -> bool {
        fs::read_dir(&self.directory).expect("the directory").next().is_some()
    }

    /// Waits until the server has its directory, and a little more.
    fn wait_until_it_runs(&self) {
        while !self.is_anything_left() {
            std::thread::sleep(Duration::from_millis(10));
        }
        std::thread::sleep(Duration::from_secs(2));
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.directory);
    }
}

fn signal(signal: &str, process: u32) {
    let kill = Command::new("kill").args([signal, &process.to_string()]).status();
    assert!(kill.expect("kill").success());
}

#[test]
fn a_solution_holds_and_a_mistake_is_found() {
    let Some(place) = Place::new("verdicts") else { return };
    let small = ["--orders", "20", "--workers", "2", "--kills", "3", "--pauses", "1"];
    let (code, said) = place.end(place.live(&[&["09"], &small[..]].concat()));
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("\nholds: ") && said.contains("3 kills and 1 pause in"), "{said}");
    let mistake = ["06", "--mistake", "claims-before-it-commits"];
    let (code, said) = place.end(place.live(&[&mistake, &small[..]].concat()));
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("\nviolated") && said.contains("NoLostMessages"), "{said}");
}

#[test]
fn trouble_is_a_sentence() {
    let Some(place) = Place::new("trouble") else { return };
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("its number").port().to_string();
    for (arguments, sentence) in [
        (&["09", "--port", &port][..], "address already in use"),
        (&["09", "--server", "/nowhere"], "/nowhere is no file"),
        (&["10"], "10 does not run live"),
        (&["09", "--mistake", "list"], "  makes_ids_when_it_sends"),
        (&["work"], "a worker is started by `live`, not by hand"),
        (&["guard"], "a guardian is started by `live`, not by hand"),
    ] {
        let (code, said) = place.end(place.live(arguments));
        assert_eq!(code, Some(2), "{said}");
        assert!(said.contains(sentence), "{said}");
    }
}

#[test]
fn a_conductor_that_is_killed_leaves_nobody_behind() {
    let Some(place) = Place::new("killed") else { return };
    let live = place.live(&["09", "--orders", "5000"]);
    place.wait_until_it_runs();
    signal("-KILL", live.id());
    let (code, said) = place.end(live);
    assert_eq!(code, None, "{said}");
    assert!(!said.contains("holds") && !said.contains("violated"), "{said}");
}

#[test]
fn who_interrupts_gets_no_verdict() {
    let Some(place) = Place::new("interrupted") else { return };
    let live = place.live(&["09", "--orders", "5000"]);
    place.wait_until_it_runs();
    signal("-INT", live.id());
    let (code, said) = place.end(live);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.ends_with("interrupted: there is no verdict\n"), "{said}");
}
