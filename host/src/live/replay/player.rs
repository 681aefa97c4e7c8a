//! Plays a script on a real server, one scene after the other, and then lets everything
//! go on as usual, to rest.
//!
//! What is left to chance is what the script decides: when a handler starts, in which
//! order calls are carried out, and how each of them goes. Everything else is real: the
//! copies are the server's, a message that is given back comes again from there, one
//! whose worker is dead or gives no sign of life after the server's own wait, and
//! whether a write meets a conflict is for the store to say.
//!
//! Scenes are about the n-th delivery of a message, and the n-th call of a kind in it.
//! So a script can be played with another handler than it was made of. Where that one
//! makes fewer calls, the scenes about the others are passed over; where it makes more,
//! those go well, at once.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use anyhow::{Context, bail};
use chaos::script::{AllSaid, Logical, Scene, Script, says, without_ids};
use chaos::transcript::{Called, CopyFrom, Goes, Heard, Kind as CallKind};
use chaos::{Recorded, System, Verdict};
use ports::{DocumentStore, Endpoint, Message, MessageId, Precondition};

use crate::conducted::{Answer, Asked, Kind, Order, Ruling, Word};
use crate::connection::Connection;
use crate::hand::{Copy, Hand, until};
use crate::kv::KvStore;
use crate::record::{Kind as Entered, Record};
use crate::seam::Seam;
use crate::worker::{Ports, bucket_of};

use super::crew::{Crew, Part};

/// The machine was so busy that signs of life came too late: the server has delivered a
/// message once more that nobody wanted to lose. That is another story.
#[derive(Debug)]
pub struct Disturbed;

impl std::fmt::Display for Disturbed {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("the machine was too busy for signs of life to come in time: there is no verdict. Try again while it has less to do")
    }
}

impl std::error::Error for Disturbed {}

/// After so many deliveries of one message that come to nothing, with nothing in their
/// way, it is not believed any more that there will be rest.
pub const MOST_ATTEMPTS: usize = 12;

/// What came of playing a script.
pub struct Played {
    /// What the checker says of what was recorded and stored; none, if it did not come
    /// to rest.
    pub verdict: Option<Verdict>,
    /// How often handlers were started.
    pub deliveries: usize,
    /// How many calls were asked for.
    pub calls: usize,
    /// What was done in another way than the script has it, to the same end.
    pub disguised: Vec<String>,
    /// What of the script could not be done.
    pub left_out: Vec<String>,
    /// Where a real server answered otherwise than the model.
    pub answered_otherwise: Vec<String>,
}

/// A delivery in progress, or over.
struct Delivery {
    endpoint: String,
    /// The number of its message in the record.
    stored: u64,
    worker: usize,
    /// What it has asked for.
    waiting: Vec<Asked>,
    /// Whether it can do nothing until it is told how a call goes.
    stopped: bool,
    is_over: bool,
    locked: bool,
}

/// A player in the middle of a script.
pub struct Player<'a> {
    system: &'a System,
    script: &'a mut Script,
    connection: Connection,
    record: Record,
    hands: BTreeMap<String, Hand>,
    crew: Crew,
    part: Part,
    /// By their numbers in the script; those that rest is made of come after them. None,
    /// if it never came to it.
    deliveries: Vec<Option<Delivery>>,
    /// Which delivery each worker is at.
    at: BTreeMap<usize, usize>,
    /// Calls that are being carried out, with how they go.
    under_way: BTreeMap<(usize, u64), Asked>,
    /// What the last call was answered.
    answer: Option<Answer>,
    said: AllSaid,
    /// How often the server has a reason to deliver a message again, by endpoint and
    /// number.
    reasons: BTreeMap<(String, u64), u64>,
    /// Documents that expire, each a bucket and a key, the oldest first.
    expiring: Vec<(String, String)>,
    played: Played,
}

/// Plays a script with the workers of this part, and judges what came of it.
pub async fn play(
    connection: &Connection,
    system: &System,
    script: &mut Script,
    part: &Part,
) -> anyhow::Result<Played> {
    let record = Record::open(connection).await?;
    for (store, key, body) in system.documents_at_the_start() {
        let bucket = bucket(system, store).with_context(|| format!("there is no store named {store}"))?;
        let bucket = KvStore::open(connection, &bucket).await?;
        bucket.put(key, body.to_vec(), Precondition::None).await?;
    }
    let mut hands = BTreeMap::new();
    for endpoint in system.endpoints() {
        Ports::open(connection, endpoint, &Seam::default()).await?;
        hands.insert(endpoint.name().to_owned(), Hand::open(connection, endpoint, part.ack_wait).await?);
    }
    for (endpoint, message) in &script.sent {
        record.send(endpoint, message).await?;
    }
    let deliveries = script.deliveries.iter().map(|_| None).collect();
    let mut player = Player {
        system,
        script,
        connection: connection.clone(),
        record,
        hands,
        crew: Crew::new(),
        part: part.clone(),
        deliveries,
        at: BTreeMap::new(),
        under_way: BTreeMap::new(),
        answer: None,
        said: AllSaid::new(),
        reasons: BTreeMap::new(),
        expiring: Vec::new(),
        played: Played {
            verdict: None,
            deliveries: 0,
            calls: 0,
            disguised: Vec::new(),
            left_out: Vec::new(),
            answered_otherwise: Vec::new(),
        },
    };
    for scene in 0..player.script.scenes.len() {
        player.act(scene).await?;
    }
    let rests = player.go_on_as_usual().await?;
    if rests {
        player.played.verdict = Some(player.judge().await?);
    }
    Ok(player.played)
}

/// The bucket of a store that is named as the engine names it. None, if there is no such
/// store.
fn bucket(system: &System, store: &str) -> Option<String> {
    system.endpoints().iter().find_map(|endpoint| {
        let name = endpoint.name();
        let is_it = |further: &&String| match endpoint.shares(further) {
            true => store == *further,
            false => store == format!("{name} {further}"),
        };
        let further = endpoint.stores().iter().filter(|_| store != name).find(is_it);
        (store == name || further.is_some()).then(|| bucket_of(endpoint, further.map(String::as_str)))
    })
}

impl Player<'_> {
    async fn act(&mut self, scene: usize) -> anyhow::Result<()> {
        match &self.script.scenes[scene] {
            Scene::Start { delivery, endpoint, worker, logical, copy } => {
                let (delivery, worker, copy) = (*delivery, *worker, *copy);
                let (endpoint, logical) = (endpoint.clone(), logical.clone());
                self.start(delivery, &endpoint, worker, &logical, copy).await
            }
            Scene::Call { delivery, call, goes, heard } => {
                let (delivery, call, goes, heard) = (*delivery, call.clone(), *goes, *heard);
                self.script.is_due(delivery, scene);
                self.call(delivery, &call, goes, heard).await
            }
            Scene::Acknowledge { delivery, goes, is_kept_back } => {
                let (delivery, goes, is_kept_back) = (*delivery, *goes, *is_kept_back);
                self.script.is_due(delivery, scene);
                self.acknowledge(delivery, goes, is_kept_back).await
            }
            Scene::Expire { store, key } => {
                let (store, key) = (store.clone(), key.clone());
                self.expire(&store, &key).await
            }
            Scene::Lose { stream, messages } => {
                let messages = ports::words::count(*messages as u128, "message");
                self.played.left_out.push(format!(
                    "power is lost, and {stream} forgets the last {messages} of those that it has acknowledged: this server syncs before it acknowledges, and no process can switch off its machine"
                ));
                Ok(())
            }
            Scene::Other(what) => {
                self.played.left_out.push(what.clone());
                Ok(())
            }
        }
    }

    /// A delivery that goes on.
    fn running(&mut self, delivery: usize) -> Option<&mut Delivery> {
        self.deliveries[delivery].as_mut().filter(|delivery| !delivery.is_over)
    }

    async fn start(
        &mut self,
        delivery: usize,
        endpoint: &str,
        worker: usize,
        logical: &Logical,
        copy: CopyFrom,
    ) -> anyhow::Result<()> {
        let name = |message: &Message| format!("{} to {endpoint}", message.name());
        let Some(message) = logical.find(&self.script.sent, &self.said) else {
            let what = match logical {
                Logical::Said { says, .. } => says.clone(),
                Logical::Sent(id) => id.to_string(),
            };
            self.left_out(delivery, format!("delivery {}: {what} was not published", delivery + 1));
            return Ok(());
        };
        match copy {
            CopyFrom::Queue => {}
            CopyFrom::Nowhere => {
                self.publish_again(endpoint, &message).await?;
                let what =
                    format!("a copy from nowhere of {}: it was published a second time", name(&message));
                self.played.disguised.push(what);
            }
            CopyFrom::LockOf(holder) => match self.running(holder) {
                Some(running) if running.locked => {
                    let worker = running.worker;
                    self.comes_again(holder);
                    self.crew.tell(worker, &Order::LoseTheLock).await?;
                }
                _ => {
                    self.publish_again(endpoint, &message).await?;
                    let what = format!(
                        "the lock of delivery {} was to expire, and it is over: {} was published a second time",
                        holder + 1,
                        name(&message)
                    );
                    self.played.disguised.push(what);
                }
            },
        }
        let Some(copy) = self.take(endpoint, message.id).await? else {
            let what = format!("delivery {}: no copy of {} was left", delivery + 1, name(&message));
            self.left_out(delivery, what);
            return Ok(());
        };
        self.begin(delivery, endpoint, worker, copy).await?;
        self.settle(delivery).await
    }

    /// A delivery does not come about, and with it nothing that is about it.
    fn left_out(&mut self, delivery: usize, what: String) {
        self.script.is_left_out(delivery);
        self.played.left_out.push(what);
    }

    /// Puts a message into the record once more, as whoever it came from.
    async fn publish_again(&self, endpoint: &str, message: &Message) -> anyhow::Result<()> {
        match self.said.iter().find(|(_, known)| known == message) {
            Some((by, message)) => {
                Ok(ports::Publisher::publish(&self.record.publisher(by), message.clone()).await?)
            }
            None => self.record.send(endpoint, message).await,
        }
    }

    /// A copy of a message, as soon as the server has one for the endpoint. None, if
    /// none is to be expected.
    async fn take(&self, endpoint: &str, id: MessageId) -> anyhow::Result<Option<Copy>> {
        let hand = &self.hands[endpoint];
        let found = until(self.part.ack_wait * 8, async || {
            hand.fill().await?;
            if let Some(copy) = hand.take(|message| message.id == id).await {
                return Ok(Some(Some(copy)));
            }
            let waiting = self.record.waiting(endpoint).await?;
            let there = waiting.undelivered + waiting.unacknowledged as u64;
            let locked = self
                .deliveries
                .iter()
                .flatten()
                .filter(|delivery| delivery.endpoint == endpoint && delivery.locked && !delivery.is_over);
            let known = hand.len() + locked.count();
            // All that there is is in the hand, or being worked on.
            Ok((there <= known as u64).then_some(None))
        });
        Ok(found.await?.flatten())
    }

    /// Has a worker start on a copy.
    async fn begin(
        &mut self,
        delivery: usize,
        endpoint: &str,
        worker: usize,
        copy: Copy,
    ) -> anyhow::Result<()> {
        let Copy { message, receipt, stored, attempt } = copy;
        let reasons = self.reasons.get(&(endpoint.to_owned(), stored)).copied().unwrap_or_default();
        if attempt > 1 + reasons {
            bail!(Disturbed);
        }
        let part = Part { endpoint: endpoint.to_owned(), ..self.part.clone() };
        self.crew.hire(worker, &part).await?;
        self.crew.tell(worker, &Order::Start { message, receipt }).await?;
        self.played.deliveries += 1;
        self.at.insert(worker, delivery);
        let begun = Delivery {
            endpoint: endpoint.to_owned(),
            stored,
            worker,
            waiting: Vec::new(),
            stopped: false,
            is_over: false,
            locked: true,
        };
        if delivery == self.deliveries.len() {
            self.deliveries.push(None);
        }
        self.deliveries[delivery] = Some(begun);
        Ok(())
    }

    /// Waits until a delivery can do nothing without being told, or is over. What it
    /// asks for and the script knows nothing of goes well.
    async fn settle(&mut self, delivery: usize) -> anyhow::Result<()> {
        loop {
            let Some(running) = self.running(delivery) else { return Ok(()) };
            if !running.stopped {
                self.hear().await?;
                continue;
            }
            let waiting: Vec<Kind> = running.waiting.iter().map(|asked| asked.kind).collect();
            let beyond = waiting.iter().position(|&kind| !self.script.awaits(delivery, of_call(kind)));
            let Some(beyond) = beyond else { return Ok(()) };
            self.rule(delivery, beyond, Ruling::Well).await?;
        }
    }

    /// Hears what a worker says next.
    async fn hear(&mut self) -> anyhow::Result<()> {
        let (worker, word) = self.crew.hear().await?;
        let Some(&delivery) = self.at.get(&worker) else { return Ok(()) };
        let Some(running) = self.deliveries[delivery].as_mut() else { return Ok(()) };
        match word {
            Word::Ready => {}
            Word::Asks(asked) => {
                self.played.calls += usize::from(asked.kind != Kind::Acknowledge);
                running.stopped = false;
                running.waiting.push(asked);
            }
            Word::Did { call, answer } => {
                self.answer = Some(answer);
                let asked = self.under_way.remove(&(worker, call)).filter(|_| answer == Answer::Done);
                let Some(asked) = asked else { return Ok(()) };
                if asked.kind == Kind::Write {
                    let by = self.system.endpoints().iter().find(|it| it.name() == running.endpoint);
                    let by = by.context("a worker of no endpoint")?;
                    let further = (asked.store != by.name()).then_some(&*asked.store);
                    let place = (bucket_of(by, further), asked.key);
                    self.expiring.retain(|known| *known != place);
                    self.expiring.extend(asked.time_to_live.map(|_| place));
                } else if let Some(message) = asked.publishes {
                    says(&mut self.said, &running.endpoint, &message);
                }
            }
            Word::GivesUp { call } => running.waiting.retain(|asked| asked.call != call),
            Word::Waits => running.stopped = true,
            Word::Ended(ended) => {
                running.is_over = true;
                self.at.remove(&worker);
                if ended.is_err() {
                    self.comes_again(delivery);
                }
            }
        }
        Ok(())
    }

    /// A delivery gives its message up, whether it knows or not, so that the server is to
    /// deliver it again.
    fn comes_again(&mut self, delivery: usize) {
        let Some(delivery) = self.deliveries[delivery].as_mut() else { return };
        if std::mem::replace(&mut delivery.locked, false) {
            *self.reasons.entry((delivery.endpoint.clone(), delivery.stored)).or_default() += 1;
        }
    }

    /// Says how a call goes that a delivery waits for.
    async fn rule(&mut self, delivery: usize, place: usize, ruling: Ruling) -> anyhow::Result<()> {
        let running = self.running(delivery).context("a delivery that is over waits for nothing")?;
        let asked = running.waiting.remove(place);
        running.stopped = false;
        let (worker, call) = (running.worker, asked.call);
        self.answer = None;
        self.under_way.insert((worker, call), asked);
        self.crew.tell(worker, &Order::Rule { call, ruling }).await
    }

    async fn call(
        &mut self,
        delivery: usize,
        call: &Called,
        goes: Goes,
        heard: Option<Heard>,
    ) -> anyhow::Result<()> {
        let Some(running) = self.running(delivery) else { return self.is_not_made(delivery, call) };
        let waiting: Vec<_> = running.waiting.iter().map(as_called).collect();
        let Some(place) = call.place_among(&waiting) else { return self.is_not_made(delivery, call) };
        let worker = running.worker;
        match goes {
            Goes::Well | Goes::Unavailable | Goes::Fails | Goes::ReplyLost | Goes::Late | Goes::Old => {
                let ruling = match goes {
                    Goes::Unavailable => Ruling::Unavailable,
                    Goes::Fails => Ruling::Fails,
                    Goes::ReplyLost | Goes::Late => Ruling::ReplyLost,
                    _ => Ruling::Well,
                };
                if goes == Goes::Late {
                    let what =
                        "a call that takes effect late: it took effect at once, and its reply was lost";
                    self.played.left_out.push(what.to_owned());
                }
                if goes == Goes::Old {
                    let what = "a read that shows what was there earlier: a single server shows none";
                    self.played.left_out.push(what.to_owned());
                }
                self.rule(delivery, place, ruling).await?;
                while self.answer.is_none() && matches!(ruling, Ruling::Well | Ruling::ReplyLost) {
                    self.hear().await?;
                }
                if let (Some(answer), Some(heard), Goes::Well) = (self.answer, heard, goes)
                    && !is_alike(answer, heard)
                {
                    self.played.answered_otherwise.push(format!(
                        "delivery {}, {}: the model says {heard:?}, and the world {answer:?}",
                        delivery + 1,
                        call.in_words()
                    ));
                }
            }
            Goes::CrashesBefore => return self.kill(delivery, worker).await,
            Goes::CrashesAfter => {
                self.rule(delivery, place, Ruling::Last).await?;
                while self.answer.is_none() {
                    self.hear().await?;
                }
                return self.kill(delivery, worker).await;
            }
        }
        self.settle(delivery).await
    }

    /// A call of the script that the handler does not make.
    fn is_not_made(&mut self, delivery: usize, call: &Called) -> anyhow::Result<()> {
        // Of a delivery that never came about, it is said once.
        if self.deliveries[delivery].is_some() {
            self.played.left_out.push(format!(
                "delivery {} does not ask to {}",
                delivery + 1,
                call.in_words()
            ));
        }
        Ok(())
    }

    async fn acknowledge(&mut self, delivery: usize, goes: Goes, is_kept_back: bool) -> anyhow::Result<()> {
        let waits = |running: &mut Delivery| {
            let place = running.waiting.iter().position(|asked| asked.kind == Kind::Acknowledge)?;
            Some((place, running.worker))
        };
        let Some((place, worker)) = self.running(delivery).and_then(waits) else {
            if self.deliveries[delivery].is_some() {
                let what = format!("delivery {} does not come to acknowledge its message", delivery + 1);
                self.played.left_out.push(what);
            }
            return Ok(());
        };
        match goes {
            Goes::CrashesBefore => return self.kill(delivery, worker).await,
            Goes::Fails => {
                // Nothing is heard of it any more.
                self.comes_again(delivery);
                self.crew.tell(worker, &Order::LoseTheLock).await?;
                self.rule(delivery, place, Ruling::Fails).await?;
            }
            _ if is_kept_back => {
                self.played.disguised.push(
                    "an acknowledgement after the lock is gone: it was kept back, since this server would count it"
                        .to_owned(),
                );
                self.rule(delivery, place, Ruling::Fails).await?;
            }
            _ => self.rule(delivery, place, Ruling::Well).await?,
        }
        self.settle(delivery).await
    }

    async fn kill(&mut self, delivery: usize, worker: usize) -> anyhow::Result<()> {
        self.crew.kill(worker).await?;
        self.comes_again(delivery);
        self.at.remove(&worker);
        if let Some(delivery) = &mut self.deliveries[delivery] {
            delivery.is_over = true;
        }
        Ok(())
    }

    /// Lets the time to live of a document be over, by deleting it. What was stored for
    /// ever stays.
    async fn expire(&mut self, store: &str, key: &str) -> anyhow::Result<()> {
        let bucket = bucket(self.system, store);
        let there = || self.expiring.iter().filter(|(of, _)| Some(of) == bucket.as_ref());
        let alike = there().find(|(_, other)| other == key);
        let alike = alike.or_else(|| there().find(|(_, other)| without_ids(other) == without_ids(key)));
        let Some((bucket, key)) = alike.cloned() else {
            self.played.left_out.push(format!("nothing is stored in {store} that expires"));
            return Ok(());
        };
        self.expiring.retain(|(of, other)| (of, other) != (&bucket, &key));
        KvStore::open(&self.connection, &bucket).await?.delete(&key, Precondition::None).await?;
        let what = format!("a time to live that is over: the document in {store} was deleted");
        self.played.disguised.push(what);
        Ok(())
    }

    /// Nothing is in anybody's way any more. Says whether it comes to rest.
    async fn go_on_as_usual(&mut self) -> anyhow::Result<bool> {
        self.script.is_over();
        for delivery in 0..self.deliveries.len() {
            self.settle(delivery).await?;
        }
        let mut attempts: BTreeMap<(String, MessageId), usize> = BTreeMap::new();
        loop {
            let mut waiting = 0;
            let endpoints: Vec<Endpoint> = self.system.endpoints().to_vec();
            for (number, endpoint) in endpoints.iter().enumerate() {
                let name = endpoint.name();
                let hand = &self.hands[name];
                hand.fill().await?;
                while let Some(copy) = self.hands[name].take(|_| true).await {
                    let tried = attempts.entry((name.to_owned(), copy.message.id)).or_default();
                    *tried += 1;
                    if *tried > MOST_ATTEMPTS {
                        return Ok(false);
                    }
                    let (delivery, worker) = (self.deliveries.len(), self.somebody(number, name));
                    self.script.deliveries.push(VecDeque::new());
                    self.begin(delivery, name, worker, copy).await?;
                    self.settle(delivery).await?;
                    self.hands[name].fill().await?;
                }
                let left = self.record.waiting(name).await?;
                waiting += left.undelivered + left.unacknowledged as u64;
            }
            if waiting == 0 {
                return Ok(true);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// A worker of an endpoint: whoever was at a delivery of it, or somebody new.
    fn somebody(&self, number: usize, endpoint: &str) -> usize {
        /// More than any script has.
        const NEW: usize = 1_000;
        let known = self.deliveries.iter().flatten().find(|delivery| delivery.endpoint == endpoint);
        known.map_or(NEW + number, |delivery| delivery.worker)
    }

    /// What the checker says of what is recorded and stored.
    async fn judge(&self) -> anyhow::Result<Verdict> {
        let mut recorded = Recorded { sent: Vec::new(), published: Vec::new(), snapshots: Vec::new() };
        for entry in self.record.read().await? {
            match entry.kind {
                Entered::Sent => recorded.sent.push((entry.endpoint, entry.message)),
                Entered::Said => recorded.published.push((entry.endpoint, entry.message)),
                Entered::Dead => {}
            }
        }
        for endpoint in self.system.endpoints() {
            recorded
                .snapshots
                .push(Ports::open(&self.connection, endpoint, &Seam::default()).await?.snapshot().await?);
        }
        Ok(self.system.judge(&recorded))
    }
}

/// The kind of call that it is; none, if it is an acknowledgement.
fn of_call(kind: Kind) -> Option<CallKind> {
    match kind {
        Kind::Read => Some(CallKind::Read),
        Kind::Write => Some(CallKind::Write),
        Kind::Publish => Some(CallKind::Publish),
        Kind::Acknowledge => None,
    }
}

/// What a worker asks for, as a script has it; none, if it is no call.
fn as_called(asked: &Asked) -> Option<Called> {
    let (store, key, publishes) = (asked.store.clone(), asked.key.clone(), asked.publishes.clone());
    Some(Called { kind: of_call(asked.kind)?, store, key, publishes })
}

/// Whether a real answer is what the model's caller heard.
fn is_alike(answer: Answer, heard: Heard) -> bool {
    matches!(
        (answer, heard),
        (Answer::Found, Heard::Found)
            | (Answer::Absent, Heard::Absent)
            | (Answer::Done, Heard::Done)
            | (Answer::Conflict, Heard::Conflict)
            | (Answer::TooLarge, Heard::TooLarge)
    )
}
