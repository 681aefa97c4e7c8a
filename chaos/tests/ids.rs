//! Fresh ids are names. Whoever makes more of them, by their order or by a part of
//! them, is noticed; whoever writes them down in some way of their own is not.

#[path = "support/law.rs"]
mod support;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use chaos::{Finding, HandlerFault, Naming, Report, Specification, System, Verdict, explore};
use ports::{Context, Endpoint, Message, MessageId, Ports, Precondition, Snapshot};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::json;
use support::{about_one, tally};
use uuid::Uuid;

// ------------------------------------------------------------------ the domain

/// Guests come to a table, and each is told who sat there before.
fn table() -> impl Specification {
    about_one("the table", json!([]), |state, message| {
        let mut guests: Vec<String> = serde_json::from_value(state.clone()).unwrap();
        guests.push(message.read().unwrap());
        (json!(guests), vec![json!({ "Seated": guests })])
    })
}

fn guests(count: usize) -> Vec<Message> {
    let names = ["ann", "bob", "cem"];
    names[..count].iter().map(|name| Message::new(MessageId::named(name), name)).collect()
}

/// What is stored: the guests, in some form, and what each was told.
#[derive(Default, Serialize, Deserialize)]
struct Stored<G> {
    guests: G,
    told: BTreeMap<MessageId, Message>,
}

/// A way to keep guests, each with a ticket, which is a fresh id.
trait Seating: Default + Serialize + DeserializeOwned + Send + 'static {
    fn seat(&mut self, ticket: MessageId, name: String);
    fn names(&self) -> Vec<String>;
}

/// The outbox in the document. Whatever is wrong with it, the seating is to blame.
async fn host<G: Seating>(message: &Message, ports: &Ports, context: &Context) -> anyhow::Result<()> {
    let read = ports.documents.get("table").await?;
    let mut stored: Stored<G> = match &read {
        Some(document) => serde_json::from_slice(&document.body)?,
        None => Stored::default(),
    };
    if !stored.told.contains_key(&message.id) {
        stored.guests.seat(context.new_id(), message.read()?);
        let seated = Message::new(message.id.derive("Seated"), &json!({ "Seated": stored.guests.names() }));
        stored.told.insert(message.id, seated);
        let condition = Precondition::unchanged_since(read.as_ref());
        ports.documents.put("table", serde_json::to_vec(&stored)?, condition).await?;
    }
    ports.publisher.publish(stored.told[&message.id].clone()).await?;
    Ok(())
}

fn seated<G: Seating>() -> System {
    let view = |snapshot: &Snapshot, _: &str| {
        let Some(body) = snapshot.document("table") else { return Ok(Vec::new()) };
        Ok(serde_json::from_slice::<Stored<G>>(body)?.guests.names())
    };
    System::of(Endpoint::new("host", host::<G>).view(view)).judged_by(table())
}

fn explored(system: impl FnOnce() -> System) -> Report {
    explore(system).send(guests(2)).run()
}

#[track_caller]
fn fault_of(report: &Report) -> &HandlerFault {
    match &report.verdict {
        Verdict::Violated(Finding::Handler(fault)) => fault,
        other => panic!("{other:?}\n{report}"),
    }
}

#[track_caller]
fn orders_by_ids(report: &Report) {
    assert!(matches!(fault_of(report), HandlerFault::OrdersByIds { .. }), "{report}");
    let text = report.to_string().replace('\n', " ");
    for words in ["the order of ids", "keep an order of your own", "compare ids for equality only"] {
        assert!(text.to_lowercase().contains(words), "{text}");
    }
    assert!(!report.story.is_empty(), "the run is told");
    assert_eq!(report.replay, None, "with the usual ids, it is right");
}

#[track_caller]
fn looks_inside(report: &Report) {
    assert!(matches!(fault_of(report), HandlerFault::LooksInsideIds { .. }), "{report}");
    let text = report.to_string();
    assert!(text.contains("looks inside a fresh id") && text.contains("MessageId::derive"), "{text}");
}

// ------------------------------------------------------ wrong: the order of ids

/// Sorted by ticket: the order in which a map is read back is the order of ids.
#[derive(Default, Serialize, Deserialize)]
struct ByTicket(BTreeMap<MessageId, String>);

impl Seating for ByTicket {
    fn seat(&mut self, ticket: MessageId, name: String) {
        self.0.insert(ticket, name);
    }
    fn names(&self) -> Vec<String> {
        self.0.values().cloned().collect()
    }
}

/// The same, written as text.
#[derive(Default, Serialize, Deserialize)]
struct ByTicketInCapitals(BTreeMap<String, String>);

impl Seating for ByTicketInCapitals {
    fn seat(&mut self, ticket: MessageId, name: String) {
        self.0.insert(ticket.to_string().to_uppercase(), name);
    }
    fn names(&self) -> Vec<String> {
        self.0.values().cloned().collect()
    }
}

/// In order of arrival, and sorted when it is asked for.
#[derive(Default, Serialize, Deserialize)]
struct SortedLater(Vec<(MessageId, String)>);

impl Seating for SortedLater {
    fn seat(&mut self, ticket: MessageId, name: String) {
        self.0.push((ticket, name));
    }
    fn names(&self) -> Vec<String> {
        let mut tickets: Vec<MessageId> = self.0.iter().map(|(ticket, _)| *ticket).collect();
        tickets.sort();
        let name = |ticket| self.0.iter().find(|(other, _)| *other == ticket).unwrap().1.clone();
        tickets.into_iter().map(name).collect()
    }
}

/// The guest who came last has the largest ticket, or so it is thought.
#[derive(Default, Serialize, Deserialize)]
struct NewestIsLargest(Vec<(MessageId, String)>);

impl Seating for NewestIsLargest {
    fn seat(&mut self, ticket: MessageId, name: String) {
        // Whoever is newest sits at the end.
        let newest = self.0.iter().all(|(other, _)| other.to_string() < ticket.to_string());
        let place = if newest { self.0.len() } else { 0 };
        self.0.insert(place, (ticket, name));
    }
    fn names(&self) -> Vec<String> {
        self.0.iter().map(|(_, name)| name.clone()).collect()
    }
}

/// The smallest ticket is taken for that of the first guest.
#[derive(Default, Serialize, Deserialize)]
struct FirstIsSmallest(BTreeSet<(MessageId, String)>, Vec<String>);

impl Seating for FirstIsSmallest {
    fn seat(&mut self, ticket: MessageId, name: String) {
        self.0.insert((ticket, name.clone()));
        self.1.push(name);
    }
    fn names(&self) -> Vec<String> {
        let Some((_, first)) = self.0.iter().min() else { return Vec::new() };
        let others = self.1.iter().filter(|name| *name != first);
        [first].into_iter().chain(others).cloned().collect()
    }
}

#[test]
fn an_order_of_ids_is_noticed() {
    orders_by_ids(&explored(seated::<ByTicket>));
    orders_by_ids(&explored(seated::<ByTicketInCapitals>));
    orders_by_ids(&explored(seated::<SortedLater>));
    orders_by_ids(&explored(seated::<NewestIsLargest>));
    orders_by_ids(&explored(seated::<FirstIsSmallest>));
}

/// What is noticed is noticed whatever ids a search has. (A search whose ids are in
/// another order may find it by itself, as a property that does not hold.)
#[test]
fn an_order_of_ids_is_noticed_under_every_naming() {
    for naming in [Naming::Ascending, Naming::Descending, Naming::Scrambled] {
        for system in [seated::<ByTicket>, seated::<SortedLater>, seated::<FirstIsSmallest>] {
            let report = explore(system).send(guests(2)).naming(naming).run();
            assert!(matches!(report.verdict, Verdict::Violated(_)), "{naming:?}: {report}");
        }
    }
}

/// The handler is right; it is the view that sorts. Only the judge ever asks it.
#[test]
fn a_view_that_orders_by_ids_is_noticed() {
    let view = |snapshot: &Snapshot, _: &str| {
        let Some(body) = snapshot.document("table") else { return Ok(Vec::new()) };
        let mut guests = serde_json::from_slice::<Stored<Arrivals>>(body)?.guests.0;
        guests.sort();
        Ok(guests.into_iter().map(|(_, name)| name).collect::<Vec<_>>())
    };
    orders_by_ids(&explored(|| {
        System::of(Endpoint::new("host", host::<Arrivals>).view(view)).judged_by(table())
    }));
}

/// Two attempts at one message, and the smaller id wins: that matters only after a
/// fault, and then only if two ids are compared that come from two deliveries.
#[test]
fn an_order_of_ids_that_matters_after_a_fault_is_noticed() {
    async fn elects(message: &Message, ports: &Ports, context: &Context) -> anyhow::Result<()> {
        let key = format!("attempts at {}", message.id);
        let read = ports.documents.get(&key).await?;
        let attempt = context.new_id();
        let mut attempts: Vec<MessageId> = match &read {
            Some(document) => serde_json::from_slice(&document.body)?,
            None => Vec::new(),
        };
        attempts.push(attempt);
        let condition = Precondition::unchanged_since(read.as_ref());
        ports.documents.put(&key, serde_json::to_vec(&attempts)?, condition).await?;
        if attempts.iter().max() == Some(&attempt) {
            // Every attempt is the largest, as long as ids rise.
            ports.documents.put(&format!("done {}", message.id), vec![], Precondition::None).await?;
        }
        Ok(())
    }
    let view = |snapshot: &Snapshot, _: &str| {
        Ok(snapshot.documents().filter(|(key, _)| key.starts_with("done")).count())
    };
    let system = || System::of(Endpoint::new("host", elects).view(view)).judged_by(tally());
    orders_by_ids(&explore(system).send(guests(1)).run());
}

// ---------------------------------------------------------- wrong: a part of ids

/// A counter in shards. Which one a delivery goes to, an id decides.
fn sharded(shard: fn(MessageId) -> String) -> System {
    let count = move |message: &Message, ports: &Ports, context: &Context| {
        let (id, ports, key) = (message.id, ports.clone(), format!("till-{}", shard(context.new_id())));
        async move {
            let read = ports.documents.get(&key).await?;
            let mut seen: BTreeSet<MessageId> = match &read {
                Some(document) => serde_json::from_slice(&document.body)?,
                None => BTreeSet::new(),
            };
            if seen.insert(id) {
                let condition = Precondition::unchanged_since(read.as_ref());
                ports.documents.put(&key, serde_json::to_vec(&seen)?, condition).await?;
            }
            anyhow::Ok(())
        }
    };
    let view = |snapshot: &Snapshot, _: &str| {
        snapshot.documents().try_fold(0, |sum, (_, body)| {
            Ok(sum + serde_json::from_slice::<BTreeSet<MessageId>>(body)?.len())
        })
    };
    let count =
        async move |message: &Message, ports: &Ports, context: &Context| count(message, ports, context).await;
    System::of(Endpoint::new("till", count).view(view)).judged_by(tally())
}

#[test]
fn a_part_of_an_id_is_noticed_wherever_it_is() {
    let shards: &[fn(MessageId) -> String] = &[
        |id| (id.as_uuid().as_bytes()[15] % 4).to_string(),
        |id| (id.as_uuid().as_bytes()[0] % 4).to_string(),
        |id| (id.as_uuid().as_bytes()[9] % 2).to_string(),
        |id| (id.as_uuid().as_u128() % 7).to_string(),
        |id| id.to_string()[..8].to_owned(),
        |id| id.to_string()[24..].to_owned(),
        |id| id.to_string()[14..18].to_uppercase(),
        |id| id.as_uuid().simple().to_string()[..10].to_owned(),
        |id| id.to_string().bytes().map(u32::from).sum::<u32>().to_string(),
        |id| MessageId::named(&id.to_string()).to_string(),
        |id| id.derive("child").to_string()[..13].to_owned(),
    ];
    for shard in shards {
        looks_inside(&explore(|| sharded(*shard)).send(guests(2)).faults(1).run());
    }
}

/// The highest bit of an id as a coin. It is the same in all ids that a simulator
/// usually hands out, and in those in the same order.
#[test]
fn a_coin_that_always_falls_on_one_side_is_noticed() {
    let coin = || sharded(|id| (id.as_uuid().as_u128() >> 127).to_string());
    orders_by_ids(&explore(coin).send(guests(2)).faults(1).run());
}

/// Whole ids are stored; what is compared is their beginning. In a simulation they
/// all begin alike, so without a look with other ids this would be a false alarm.
#[test]
fn to_compare_the_beginning_of_ids_is_noticed() {
    #[derive(Default, Serialize, Deserialize)]
    struct ByPrefix(Vec<(MessageId, String)>);
    impl Seating for ByPrefix {
        fn seat(&mut self, ticket: MessageId, name: String) {
            let short = |id: &MessageId| id.to_string()[..8].to_owned();
            if self.0.iter().all(|(other, _)| short(other) != short(&ticket)) {
                self.0.push((ticket, name));
            }
        }
        fn names(&self) -> Vec<String> {
            self.0.iter().map(|(_, name)| name.clone()).collect()
        }
    }
    looks_inside(&explored(seated::<ByPrefix>));
}

#[test]
fn a_view_that_looks_inside_ids_is_noticed() {
    let view = |snapshot: &Snapshot, _: &str| {
        let Some(body) = snapshot.document("table") else { return Ok(Vec::new()) };
        let guests = serde_json::from_slice::<Stored<Arrivals>>(body)?.guests.0;
        let places: BTreeMap<String, String> =
            guests.into_iter().map(|(ticket, name)| (ticket.to_string()[..8].to_owned(), name)).collect();
        Ok(places.into_values().collect::<Vec<_>>())
    };
    let system = || System::of(Endpoint::new("host", host::<Arrivals>).view(view)).judged_by(table());
    looks_inside(&explored(system));
}

// ------------------------------------------------- wrong: ids that nobody gave out

#[test]
fn an_id_that_only_looks_fresh_is_a_sentence() {
    let makers: &[fn(&Message) -> MessageId] = &[
        |_| MessageId::fresh(42),
        |_| MessageId::fresh(1),
        |_| MessageId::fresh(42).derive("child"),
        |message| {
            let mut bytes = *message.id.as_uuid().as_bytes();
            bytes[..4].copy_from_slice(&MessageId::FRESH_MARK);
            MessageId::from(Uuid::from_bytes(bytes))
        },
    ];
    for &make in makers {
        for naming in [Naming::Ascending, Naming::Descending, Naming::Scrambled] {
            let stores = async move |message: &Message, ports: &Ports, context: &Context| {
                _ = context.new_id();
                ports.documents.put(&make(message).to_string(), vec![], Precondition::None).await?;
                Ok(())
            };
            let publishes = async move |message: &Message, _: &Ports, context: &Context| {
                context.publish(Message::new(make(message), &json!({ "Seated": null })));
                Ok(())
            };
            let endpoints = [Endpoint::new("stores", stores), Endpoint::new("publishes", publishes)];
            for endpoint in endpoints {
                let report = explore(|| System::of(endpoint.view(|_, _| Ok(0))).judged_by(tally()))
                    .send(guests(1))
                    .naming(naming)
                    .run();
                let fault = fault_of(&report);
                assert!(matches!(fault, HandlerFault::StrangeId { .. }), "{report}");
                assert!(report.to_string().contains("context.new_id()"), "{report}");
            }
        }
    }
}

/// Whoever sends an id that looks fresh may do so, and a handler may pass it on.
#[test]
fn an_id_that_was_sent_may_look_like_anything() {
    for id in [MessageId::fresh(42), MessageId::fresh(42).derive("child"), MessageId::fresh(1 << 50)] {
        for naming in [Naming::Ascending, Naming::Descending, Naming::Scrambled] {
            let message = Message::new(id, &"ann");
            let report = explore(seated::<Arrivals>).send([message]).naming(naming).run();
            assert!(report.holds(), "{report}");
        }
    }
}

// ------------------------------------------------------------------ right: a name

/// In order of arrival.
#[derive(Default, Serialize, Deserialize)]
struct Arrivals(Vec<(MessageId, String)>);

impl Seating for Arrivals {
    fn seat(&mut self, ticket: MessageId, name: String) {
        self.0.push((ticket, name));
    }
    fn names(&self) -> Vec<String> {
        self.0.iter().map(|(_, name)| name.clone()).collect()
    }
}

/// A map by ids, and the order in a number that counts up.
#[derive(Default, Serialize, Deserialize)]
struct Numbered(BTreeMap<MessageId, (usize, String)>);

impl Seating for Numbered {
    fn seat(&mut self, ticket: MessageId, name: String) {
        self.0.insert(ticket, (self.0.len(), name));
    }
    fn names(&self) -> Vec<String> {
        let in_order: BTreeMap<_, _> = self.0.values().cloned().collect();
        in_order.into_values().collect()
    }
}

/// The names in order of arrival; besides, all tickets in a sorted list, in which
/// they are looked up by halves.
#[derive(Default, Serialize, Deserialize)]
struct Halved(Vec<MessageId>, Vec<String>);

impl Seating for Halved {
    fn seat(&mut self, ticket: MessageId, name: String) {
        for known in &self.0 {
            assert!(self.0.binary_search(known).is_ok(), "what is stored is sorted");
        }
        if let Err(place) = self.0.binary_search(&ticket) {
            self.0.insert(place, ticket);
            self.1.push(name);
        }
    }
    fn names(&self) -> Vec<String> {
        self.1.clone()
    }
}

/// The last tickets, the one that was used longest ago goes first.
#[derive(Default, Serialize, Deserialize)]
struct Recent(VecDeque<MessageId>, BTreeSet<MessageId>, Vec<String>);

impl Seating for Recent {
    fn seat(&mut self, ticket: MessageId, name: String) {
        self.0.push_back(ticket);
        self.1.insert(ticket);
        if self.0.len() > 1 {
            self.1.remove(&self.0.pop_front().unwrap());
        }
        self.2.push(name);
    }
    fn names(&self) -> Vec<String> {
        self.2.clone()
    }
}

#[test]
fn ids_in_whatever_collection_are_harmless_where_their_order_does_not_matter() {
    for naming in [Naming::Ascending, Naming::Scrambled] {
        explore(seated::<Arrivals>).send(guests(2)).naming(naming).assert_exactly_once();
        explore(seated::<Numbered>).send(guests(2)).naming(naming).assert_exactly_once();
        explore(seated::<Recent>).send(guests(2)).naming(naming).assert_exactly_once();
    }
    explore(seated::<Numbered>).send(guests(3)).assert_exactly_once();
    explore(seated::<Halved>).send(guests(3)).assert_exactly_once();
}

/// Writes an id down and reads it back.
#[derive(Clone, Copy)]
struct Spelling {
    write: fn(Uuid) -> String,
    read: fn(&str) -> Uuid,
}

const STANDARD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const FOR_URLS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

fn base64(id: Uuid, alphabet: &[u8; 64]) -> String {
    let bits: String = id.as_bytes().iter().map(|byte| format!("{byte:08b}")).collect::<String>() + "0000";
    let digit = |bits: &[u8]| usize::from_str_radix(std::str::from_utf8(bits).unwrap(), 2).unwrap();
    bits.as_bytes().chunks(6).map(|bits| char::from(alphabet[digit(bits)])).collect()
}

fn from_base64(text: &str, alphabet: &[u8; 64]) -> Uuid {
    let digit = |byte: u8| alphabet.iter().position(|&other| other == byte).expect("a digit of the alphabet");
    let bits: String =
        text.trim_end_matches('=').bytes().map(|byte| format!("{:06b}", digit(byte))).collect();
    Uuid::from_u128(u128::from_str_radix(&bits[..128], 2).unwrap())
}

const SPELLINGS: &[Spelling] = &[
    Spelling { write: |id| id.to_string(), read: |text| text.parse().unwrap() },
    Spelling { write: |id| id.to_string().to_uppercase(), read: |text| text.parse().unwrap() },
    Spelling { write: |id| id.simple().to_string(), read: |text| text.parse().unwrap() },
    Spelling { write: |id| format!("{:X}", id.simple()), read: |text| text.parse().unwrap() },
    Spelling { write: |id| id.braced().to_string(), read: |text| text.parse().unwrap() },
    Spelling { write: |id| format!("{:X}", id.urn()), read: |text| text.to_lowercase().parse().unwrap() },
    Spelling { write: |id| base64(id, STANDARD), read: |text| from_base64(text, STANDARD) },
    Spelling { write: |id| base64(id, STANDARD) + "==", read: |text| from_base64(text, STANDARD) },
    Spelling { write: |id| base64(id, FOR_URLS), read: |text| from_base64(text, FOR_URLS) },
    Spelling { write: |id| base64(id, FOR_URLS) + "==", read: |text| from_base64(text, FOR_URLS) },
    Spelling {
        write: |id| serde_json::to_string(id.as_bytes()).unwrap(),
        read: |text| Uuid::from_bytes(serde_json::from_str(text).unwrap()),
    },
    Spelling { write: |id| id.as_u128().to_string(), read: |text| Uuid::from_u128(text.parse().unwrap()) },
    Spelling {
        write: |id| format!("table-1/{}/3", id.hyphenated()),
        read: |text| text.split('/').nth(1).unwrap().parse().unwrap(),
    },
];

/// What to say is kept under the id of the attempt, and the id of the attempt that
/// counts in the table's document, in some spelling. Whoever comes by says what is
/// still to be said, in the order of a map by the spelled ids.
fn spelled(Spelling { write, read }: Spelling) -> System {
    #[derive(Default, Serialize, Deserialize)]
    struct Attempts {
        names: Vec<String>,
        done: BTreeSet<MessageId>,
        open: BTreeMap<String, String>,
    }
    let host = async move |message: &Message, ports: &Ports, context: &Context| {
        let found = ports.documents.get("table").await?;
        let mut stored: Attempts = match &found {
            Some(document) => serde_json::from_slice(&document.body)?,
            None => Attempts::default(),
        };
        let condition = Precondition::unchanged_since(found.as_ref());
        if stored.done.insert(message.id) {
            stored.names.push(message.read()?);
            let seated = Message::new(context.new_id(), &json!({ "Seated": stored.names }));
            let attempt = write(context.new_id().as_uuid());
            ports.documents.put(&attempt, serde_json::to_vec(&seated)?, Precondition::IfAbsent).await?;
            stored.open.insert(attempt, "open".to_owned());
            ports.documents.put("table", serde_json::to_vec(&stored)?, condition).await?;
            // Whoever comes next says it.
            anyhow::bail!("seated");
        }
        while let Some((attempt, _)) = stored.open.pop_first() {
            let key = write(read(&attempt));
            if let Some(document) = ports.documents.get(&key).await? {
                ports.publisher.publish(serde_json::from_slice(&document.body)?).await?;
            }
        }
        ports.documents.put("table", serde_json::to_vec(&stored)?, condition).await?;
        Ok(())
    };
    let view = |snapshot: &Snapshot, _: &str| {
        let Some(body) = snapshot.document("table") else { return Ok(Vec::new()) };
        Ok(serde_json::from_slice::<Attempts>(body)?.names)
    };
    System::of(Endpoint::new("host", host).view(view)).judged_by(table())
}

#[test]
fn a_whole_id_in_any_spelling_is_harmless() {
    for spelling in SPELLINGS {
        let usual = explore(|| spelled(SPELLINGS[0])).send(guests(2)).run();
        let report = explore(|| spelled(*spelling)).send(guests(2)).run();
        let example = (spelling.write)(Uuid::from_u128(1));
        assert!(report.holds(), "{example}: {report}");
        // Ids are found in this spelling, too: otherwise there were more states.
        assert_eq!(report.counts, usual.counts, "{example}");
    }
}

// ---- ids that were sent ---------------------------------------------------

/// Guests sit by the order of the messages' ids, whoever comes first.
#[derive(Default, Serialize, Deserialize)]
struct ByMessage(BTreeMap<MessageId, String>);

/// Seats whoever has the smaller id first, and tells nobody: as a table that lists
/// its guests in some order would.
async fn smaller_first(message: &Message, ports: &Ports, _: &Context) -> anyhow::Result<()> {
    let read = ports.documents.get("table").await?;
    let mut guests: ByMessage = match &read {
        Some(document) => serde_json::from_slice(&document.body)?,
        None => ByMessage::default(),
    };
    guests.0.insert(message.id, message.read()?);
    let condition = Precondition::unchanged_since(read.as_ref());
    ports.documents.put("table", serde_json::to_vec(&guests)?, condition).await?;
    Ok(())
}

/// Only the guest with the name that comes first may sit at the head of the table.
fn by_name() -> impl Specification {
    about_one("the table", json!([]), |state, message| {
        let mut guests: BTreeSet<String> = serde_json::from_value(state.clone()).unwrap();
        guests.insert(message.read().unwrap());
        (json!(guests), Vec::new())
    })
}

/// The ids of these two happen to be in the order of their names.
fn in_order() -> [Message; 2] {
    let named = |name: &str| Message::new(MessageId::named(name), &name);
    let mut names = (0..).map(|number| [format!("ann {number}"), format!("bob {number}")]);
    let both = names.find_map(|[one, other]| {
        let both = [named(&one), named(&other)];
        (both[0].id < both[1].id).then_some(both)
    });
    both.expect("one pair in two is")
}

#[test]
fn an_order_of_sent_ids_is_noticed() {
    let view = |snapshot: &Snapshot, _: &str| {
        let guests: ByMessage = match snapshot.document("table") {
            Some(body) => serde_json::from_slice(body)?,
            None => ByMessage::default(),
        };
        Ok(guests.0.into_values().collect::<Vec<_>>())
    };
    let system = move || System::of(Endpoint::new("table", smaller_first).view(view)).judged_by(by_name());
    orders_by_ids(&explore(system).send(in_order()).run());
    // One that orders by names does not care.
    let right = move || {
        let view = move |snapshot: &Snapshot, aggregate: &str| {
            view(snapshot, aggregate).map(|guests| guests.into_iter().collect::<BTreeSet<_>>())
        };
        System::of(Endpoint::new("table", smaller_first).view(view)).judged_by(by_name())
    };
    explore(right).send(in_order()).assert_exactly_once();
}

#[test]
fn a_part_of_a_sent_id_that_matters_is_noticed() {
    /// Guests with an even id are let in.
    async fn doorman(message: &Message, ports: &Ports, context: &Context) -> anyhow::Result<()> {
        let even = message.id.as_uuid().as_bytes()[15].is_multiple_of(2);
        if even { smaller_first(message, ports, context).await } else { Ok(()) }
    }
    let named = |name: String| Message::new(MessageId::named(&name), &name);
    let even = (0..).map(|number| named(format!("ann {number}")));
    let even = even.into_iter().find(|guest| guest.id.as_uuid().as_bytes()[15].is_multiple_of(2)).unwrap();
    let view = |snapshot: &Snapshot, _: &str| {
        let guests: ByMessage = match snapshot.document("table") {
            Some(body) => serde_json::from_slice(body)?,
            None => ByMessage::default(),
        };
        Ok(guests.0.into_values().collect::<BTreeSet<_>>())
    };
    let system = move || System::of(Endpoint::new("table", doorman).view(view)).judged_by(by_name());
    orders_by_ids(&explore(system).send([even]).run());
}

/// Whoever picks a shard by the id of a message picks the same for each copy.
#[test]
fn a_shard_by_a_sent_id_is_harmless() {
    async fn sharded(message: &Message, ports: &Ports, _: &Context) -> anyhow::Result<()> {
        let shard = format!("shard {}", message.id.as_uuid().as_bytes()[0] % 2);
        let read = ports.documents.get(&shard).await?;
        let mut guests: ByMessage = match &read {
            Some(document) => serde_json::from_slice(&document.body)?,
            None => ByMessage::default(),
        };
        guests.0.insert(message.id, message.read()?);
        let condition = Precondition::unchanged_since(read.as_ref());
        ports.documents.put(&shard, serde_json::to_vec(&guests)?, condition).await?;
        Ok(())
    }
    let view = |snapshot: &Snapshot, _: &str| {
        let mut all = BTreeSet::new();
        for (_, body) in snapshot.documents() {
            all.extend(serde_json::from_slice::<ByMessage>(body)?.0.into_values());
        }
        Ok(all)
    };
    let system = move || System::of(Endpoint::new("table", sharded).view(view)).judged_by(by_name());
    explore(system).send(guests(2)).assert_exactly_once();
}
