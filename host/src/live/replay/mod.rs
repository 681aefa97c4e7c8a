//! Stories of the engine, played on a real server: is the model the world?
//!
//! The engine finds the story of a mistake, as the mistake's own test does. It is written
//! down as a [script](chaos::script), and [played](player) with real processes on a real
//! server; then the judge of the engine judges what is really recorded and stored. Model
//! and world agree when both say that the same property is violated. After that the same
//! script is played with the solution, which must hold.

pub mod crew;
mod player;

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, anyhow, bail, ensure};
use chaos::script::Script;
use chaos::transcript::Transcript;
use chaos::{Finding, Property, ReplayCode, Report, System, Verdict};
use ports::words::{count, enumeration};
use tokio::task::LocalSet;

use crate::Connection;
use crate::server::{Server, Wanted};

use self::crew::Part;
use self::player::{Disturbed, MOST_ATTEMPTS, Played, play};
use crate::live::arguments::Arguments;
use crate::live::conductor::{interrupted, wanted};
use crate::live::kept::{self, Kept, Shelf, Story};
use crate::live::mine;
use crate::live::stores::Store;

/// How many remarks of a kind are shown.
const SHOWN: usize = 4;

/// Plays what was asked for, and says what came of it.
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let mut chosen: Vec<Chosen> = Vec::new();
    for name in &arguments.story {
        chosen.push(Chosen::of(kept::named(name)?));
    }
    for exercise in &arguments.stories {
        let shelf = kept::shelf(exercise)?;
        chosen.extend(shelf.kept().map(|kept| Chosen::of((shelf, kept))));
    }
    for code in &arguments.replay {
        ensure!(
            code.exercise() != "x",
            "{code} is a code, and it is none of an exercise's tests: those are played here"
        );
        let mine = format!("{}/{}", code.exercise(), mine::NAME);
        chosen.push(Chosen { code: Some(code.clone()), ..Chosen::of(kept::named(&mine)?) });
    }
    ensure!(
        arguments.store == Store::Nats,
        "stories are played with the documents on the nats-server: leave --store out"
    );
    let server = wanted(arguments)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut table = Table::default();
    for Chosen { name, kept, code } in chosen {
        let story = match &code {
            Some(code) => mine::recorded((kept.wrong)(), code)?,
            None => (kept.wrong)().story().with_context(|| {
                format!("{name}: the engine finds no story, so there is none to be played")
            })?,
        };
        let compared = runtime.block_on(LocalSet::new().run_until(async {
            tokio::select! {
                compared = compare(&server, &name, kept, &story) => compared,
                () = interrupted() => bail!("interrupted: there is no verdict"),
            }
        }))?;
        table.add(name, &compared);
    }
    for exercise in &arguments.stories {
        for (name, reason) in kept::shelf(exercise)?.without {
            println!("{exercise}/{name} is not played: {reason}");
        }
    }
    Ok(table.print())
}

/// A story that is to be played.
struct Chosen {
    /// `06/marks_before_it_sends`.
    name: String,
    kept: &'static Kept,
    /// The code of its run; otherwise it is the one that the engine finds.
    code: Option<ReplayCode>,
}

impl Chosen {
    fn of((shelf, kept): (&Shelf, &'static Kept)) -> Self {
        Self { name: format!("{}/{}", shelf.exercise, kept.name), kept, code: None }
    }
}

/// What came of playing one story.
struct Compared {
    /// What the model says.
    model: Said,
    /// What the server says.
    world: Said,
    /// What it says of the solution, under the same script.
    solution: Said,
    /// Whether every scene was played, and every call answered as in the model.
    step_for_step: bool,
}

/// What came of a run, in words and in short.
struct Said {
    /// The properties that are violated, the telling one first.
    violated: Vec<Property>,
    words: String,
}

impl Compared {
    fn agree(&self) -> bool {
        self.model.violated.first() == self.world.violated.first()
    }

    fn holds(&self) -> bool {
        self.solution.violated.is_empty() && self.solution.words == HOLDS
    }
}

/// How one says that nothing is wrong.
const HOLDS: &str = "holds";

async fn compare(server: &Wanted, name: &str, kept: &Kept, story: &Story) -> anyhow::Result<Compared> {
    let Story { report, search } = story;
    let transcript = report.transcript().with_context(|| {
        let model = of_model(report).words;
        format!("{name}: the engine has no run that could be played: {model}")
    })?;
    let wrong = (kept.wrong)().system(*search)?;
    let right = (kept.right)().system(*search)?;
    println!("{name}: {}, {}", count(report.steps as u128, "step"), faults(report));
    let model = of_model(report);
    println!("  model     {}", model.words);
    let stage = Stage { server, name, search: *search };
    let played = stage.play(&wrong, transcript, false).await?;
    let world = of_world(&played);
    println!("  server    {} ({})", world.words, of_how(&played));
    remarks(&played, true);
    let solved = stage.play(&right, transcript, true).await?;
    let solution = of_world(&solved);
    println!("  solution  {} ({})", solution.words, of_how(&solved));
    remarks(&solved, false);
    let step_for_step = played.left_out.is_empty() && played.answered_otherwise.is_empty();
    let compared = Compared { model, world, solution, step_for_step };
    println!(
        "  {}",
        match (compared.agree(), compared.holds()) {
            (true, true) => "model and server agree, and the solution holds under the same script",
            (true, false) => "model and server agree, and the solution does not hold under the same script",
            (false, true) => "MODEL AND SERVER DO NOT AGREE; the solution holds under the same script",
            (false, false) => "MODEL AND SERVER DO NOT AGREE, and the solution does not hold",
        }
    );
    Ok(compared)
}

/// Where a script is played.
struct Stage<'a> {
    server: &'a Wanted,
    name: &'a str,
    search: usize,
}

impl Stage<'_> {
    /// Plays a story. Where the machine is too busy, once more and slower.
    async fn play(&self, system: &System, transcript: &Transcript, right: bool) -> anyhow::Result<Played> {
        /// For how long the server waits for a sign of life, in seconds. At first a short time:
        /// whoever loses a worker waits for it.
        const ACK_WAITS: [u64; 4] = [1, 2, 5, 10];
        let mut played = Err(anyhow!(Disturbed));
        for seconds in ACK_WAITS {
            let ack_wait = Duration::from_secs(seconds);
            played = self.play_once(system, &mut Script::of(transcript), right, ack_wait).await;
            if !played.as_ref().is_err_and(|error| error.is::<Disturbed>()) {
                break;
            }
        }
        played
    }

    /// On a server of its own, on which nothing has happened yet.
    async fn play_once(
        &self,
        system: &System,
        script: &mut Script,
        right: bool,
        ack_wait: Duration,
    ) -> anyhow::Result<Played> {
        let mut server = Server::start(self.server, &["guard"])?;
        let address = server.address().clone();
        let part = Part {
            address: address.clone(),
            story: self.name.to_owned(),
            right,
            search: self.search,
            endpoint: String::new(),
            ack_wait,
        };
        let connection = Connection::open(&address).await?;
        match play(&connection, system, script, &part).await {
            Ok(played) => Ok(played),
            Err(error) => {
                // Whatever fails because the server has ended: that is what is to be said.
                tokio::time::sleep(Duration::from_millis(100)).await;
                server.check()?;
                Err(error)
            }
        }
    }
}

fn faults(report: &Report) -> String {
    let struck: Vec<String> = report.struck.iter().map(|fault| format!("{fault:?}")).collect();
    if struck.is_empty() { "without a fault".to_owned() } else { enumeration(&struck) }
}

fn of_model(report: &Report) -> Said {
    match &report.verdict {
        Verdict::Violated(Finding::Property(judgement)) => of_properties(&judgement.violated),
        other => of_verdict(other),
    }
}

fn of_world(played: &Played) -> Said {
    match &played.verdict {
        Some(verdict) => of_verdict(verdict),
        None => {
            let at_rest = format!(
                "{:?}: not at rest after {} of one message with nothing in their way",
                Property::Settles,
                count(MOST_ATTEMPTS as u128, "delivery")
            );
            Said { violated: vec![Property::Settles], words: at_rest }
        }
    }
}

fn of_verdict(verdict: &Verdict) -> Said {
    match verdict {
        Verdict::Holds => Said { violated: Vec::new(), words: HOLDS.to_owned() },
        Verdict::Violated(Finding::Property(judgement)) => of_properties(&judgement.violated),
        Verdict::Violated(finding) => Said { violated: Vec::new(), words: finding.to_string() },
        Verdict::Inconclusive(why) => Said { violated: Vec::new(), words: format!("inconclusive: {why}") },
    }
}

fn of_properties(violated: &[Property]) -> Said {
    let names: Vec<String> = violated.iter().map(|property| format!("{property:?}")).collect();
    Said { violated: violated.to_vec(), words: format!("violated: {}", names.join(", ")) }
}

fn of_how(played: &Played) -> String {
    let alike = match (played.left_out.is_empty(), played.answered_otherwise.is_empty()) {
        (true, true) => ", step for step",
        _ => "",
    };
    let deliveries = count(played.deliveries as u128, "delivery");
    format!("{deliveries}, {}{alike}", count(played.calls as u128, "call"))
}

/// What is to be said besides. Another handler than that of the script gets other answers,
/// of course.
fn remarks(played: &Played, is_that_of_the_script: bool) {
    let otherwise = ("answered otherwise", &played.answered_otherwise);
    let rest = [("in disguise", &played.disguised), ("no counterpart", &played.left_out)];
    for (what, remarks) in rest.into_iter().chain(is_that_of_the_script.then_some(otherwise)) {
        for remark in remarks.iter().take(SHOWN) {
            println!("            {what}: {remark}");
        }
        if let Some(more) = remarks.len().checked_sub(SHOWN).filter(|more| *more > 0) {
            println!("            {what}: and {more} more");
        }
    }
}

/// What all stories together came to.
#[derive(Default)]
struct Table {
    played: usize,
    agree: usize,
    step_for_step: usize,
    hold: usize,
    /// Those that are not as they should be, and why.
    others: Vec<String>,
}

impl Table {
    fn add(&mut self, name: String, compared: &Compared) {
        self.played += 1;
        self.agree += usize::from(compared.agree());
        self.step_for_step += usize::from(compared.step_for_step);
        self.hold += usize::from(compared.holds());
        if !compared.agree() {
            self.others.push(format!(
                "{name}: the model says {}; the server says {}",
                compared.model.words, compared.world.words
            ));
        }
        if !compared.holds() {
            self.others.push(format!("{name}: under its script, the solution {}", compared.solution.words));
        }
    }

    fn print(&self) -> ExitCode {
        println!(
            "{} played: model and server agree on {}, step for step on {}; the solution holds under {}",
            count(self.played as u128, "story"),
            self.agree,
            self.step_for_step,
            self.hold
        );
        for other in &self.others {
            println!("  {other}");
        }
        if self.others.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) }
    }
}
