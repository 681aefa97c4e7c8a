//! Ids that a handler draws by lot and that come back in messages: codes to be confirmed.
//! Right handlers and wrong ones, judged by the law of their machine; and the judge held
//! against the definition, tried out word by word.

#![allow(missing_docs)]

#[path = "../../workshop/templates/handler/src/runner.rs"]
#[allow(dead_code)]
mod runner;

use chaos::{Finding, Inconclusive, Judgement, Law, Property, Recorded, Report, System, Verdict, explore};
use ports::law::{Drawing, Specification, Symptom};
use ports::{Chance, Context, Endpoint, Message, MessageId, Ports, Precondition, Snapshot, StateMachine};
use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use runner::with_an_outbox;

#[derive(Clone, Debug, Serialize, Deserialize)]
enum Call {
    /// Asks for a code; whoever has one gets the same again.
    Register {
        customer: String,
    },
    /// Asks for another code.
    Renew {
        customer: String,
    },
    /// Has a code drawn, and not sent yet.
    Prepare {
        customer: String,
    },
    Confirm {
        customer: String,
        code: MessageId,
    },
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Account {
    code: Option<MessageId>,
    confirmed: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Answer {
    CodeSent { customer: String, code: MessageId },
    Confirmed { customer: String, code: MessageId },
    Refused { customer: String, code: MessageId },
}

struct Accounts;

impl StateMachine for Accounts {
    type Input = Call;
    type State = Account;
    type Output = Answer;

    fn aggregate(call: &Call) -> &str {
        match call {
            Call::Register { customer }
            | Call::Renew { customer }
            | Call::Prepare { customer }
            | Call::Confirm { customer, .. } => customer,
        }
    }

    fn react(account: &mut Account, call: &Call, chance: &Chance<'_>) -> Vec<Answer> {
        match call.clone() {
            Call::Register { customer } => {
                let code = *account.code.get_or_insert_with(|| chance.new_id());
                vec![Answer::CodeSent { customer, code }]
            }
            Call::Renew { customer } => {
                let code = *account.code.insert(chance.new_id());
                vec![Answer::CodeSent { customer, code }]
            }
            Call::Prepare { .. } => {
                _ = account.code.get_or_insert_with(|| chance.new_id());
                Vec::new()
            }
            Call::Confirm { customer, code } if account.code == Some(code) => {
                account.confirmed = true;
                vec![Answer::Confirmed { customer, code }]
            }
            Call::Confirm { customer, code } => vec![Answer::Refused { customer, code }],
        }
    }
}

fn register(customer: &str) -> Message {
    let call = Call::Register { customer: customer.to_owned() };
    Message::new(MessageId::named(&format!("register {customer}")), &call)
}

fn prepare(customer: &str) -> Message {
    let call = Call::Prepare { customer: customer.to_owned() };
    Message::new(MessageId::named(&format!("prepare {customer}")), &call)
}

/// Confirms every code that is sent, for whom `whom` says.
fn customers(whom: fn(&str) -> Vec<&str>) -> Endpoint {
    Endpoint::new("customers", async move |message, _, context| {
        let Ok(Answer::CodeSent { customer, code }) = message.read() else { return Ok(()) };
        for whom in whom(&customer) {
            let call = Call::Confirm { customer: whom.to_owned(), code };
            context.publish(Message::new(message.id.derive(whom), &call));
        }
        Ok(())
    })
    .subscribes_to("CodeSent")
}

/// Everybody confirms their own.
fn honest() -> Endpoint {
    customers(|customer| vec![customer])
}

/// Bob hears of Ann's code, and tries it.
fn bob_tries_anns() -> Endpoint {
    customers(|customer| if customer == "ann" { vec!["ann", "bob"] } else { Vec::new() })
}

/// Nobody has told them a code: they guess one.
fn guessing() -> Endpoint {
    Endpoint::new("customers", async |message, _, context| {
        let Ok(Answer::CodeSent { customer, .. }) = message.read() else { return Ok(()) };
        let call = Call::Confirm { customer, code: context.new_id() };
        context.publish(Message::new(context.new_id(), &call));
        Ok(())
    })
    .subscribes_to("CodeSent")
}

fn office(endpoint: Endpoint, customers: Endpoint) -> System {
    let office = endpoint.subscribes_to("Confirm").view(view);
    System::of(office).judged_by(Law::of_machine::<Accounts>()).and(customers)
}

/// What a customer's document says, of whichever runner.
fn view(snapshot: &Snapshot, customer: &str) -> anyhow::Result<Value> {
    Ok(match snapshot.document(customer) {
        Some(body) => serde_json::from_slice::<Value>(body)?["state"].clone(),
        None => serde_json::to_value(Account::default())?,
    })
}

/// The document of one customer, in the plainest runner that is right: what was said
/// stays in it, and is said again to a copy.
#[derive(Default, Serialize, Deserialize)]
struct Books {
    state: Account,
    said: Vec<(MessageId, Vec<Answer>)>,
}

/// Runs `rules` once for each message; wrong only as far as they are.
async fn by_rules(
    message: &Message,
    ports: &Ports,
    context: &Context,
    rules: fn(&mut Account, &Call, &Chance<'_>) -> Vec<Answer>,
) -> anyhow::Result<()> {
    let call: Call = message.read()?;
    let key = Accounts::aggregate(&call);
    let read = ports.documents.get(key).await?;
    let mut books: Books =
        read.as_ref().map_or(Ok(Books::default()), |it| serde_json::from_slice(&it.body))?;
    if !books.said.iter().any(|(id, _)| *id == message.id) {
        let said = rules(&mut books.state, &call, &Chance::new(&|| context.new_id()));
        books.said.push((message.id, said));
        let as_read = Precondition::unchanged_since(read.as_ref());
        ports.documents.put(key, serde_json::to_vec(&books)?, as_read).await?;
    }
    let said = books.said.iter().find(|(id, _)| *id == message.id);
    for answer in said.map_or(&[][..], |(_, said)| said) {
        ports.publisher.publish(Message::new(message.id.derive("answer"), answer)).await?;
    }
    Ok(())
}

fn searched(sent: &[Message], system: impl FnOnce() -> System) -> Report {
    explore(system).send(sent.iter().cloned()).run()
}

#[track_caller]
fn assert_violated(report: &Report, words: &str) {
    let text = report.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(report.violated().is_some(), "the handler is wrong, and nothing was found: {text}");
    assert!(text.contains(words), "{words:?} is not in: {text}");
}

// ---- right ----------------------------------------------------------------

#[test]
fn a_code_that_comes_back_is_known_again() {
    let system = || office(Endpoint::new("office", with_an_outbox::<Accounts>), honest());
    searched(&[register("ann")], system).assert_exactly_once();
}

#[test]
fn two_customers_have_two_codes() {
    let handler = async |message: &Message, ports: &Ports, context: &Context| {
        by_rules(message, ports, context, Accounts::react).await
    };
    let system = || office(Endpoint::new("office", handler), honest());
    explore(system).send([register("ann"), register("bob")]).workers(1).assert_exactly_once();
}

#[test]
fn a_code_that_is_somebody_elses_is_refused() {
    let handler = async |message: &Message, ports: &Ports, context: &Context| {
        by_rules(message, ports, context, Accounts::react).await
    };
    let system = || office(Endpoint::new("office", handler), bob_tries_anns());
    explore(system).send([register("ann"), register("bob")]).workers(1).assert_exactly_once();
}

#[test]
fn a_code_that_nobody_has_drawn_is_refused() {
    let system = || office(Endpoint::new("office", with_an_outbox::<Accounts>), guessing());
    // Every copy is one guess more: a search without these bounds was not done in a minute.
    explore(system).send([register("ann")]).workers(1).faults(1).assert_exactly_once();
}

#[test]
fn a_code_may_be_drawn_long_before_it_is_sent() {
    let handler = async |message: &Message, ports: &Ports, context: &Context| {
        by_rules(message, ports, context, Accounts::react).await
    };
    let system = || office(Endpoint::new("office", handler), honest());
    searched(&[prepare("ann"), register("ann")], system).assert_exactly_once();
}

/// Whoever asks for one order only asks for no draws.
#[test]
fn of_a_code_that_comes_back_nobody_says_in_turn_what_should_be() {
    let office = office(Endpoint::new("office", with_an_outbox::<Accounts>), honest());
    let (customer, code) = ("ann".to_owned(), code(7));
    let call = Call::Confirm { customer: customer.clone(), code };
    let sent = [register("ann"), Message::new(MessageId::named("confirm"), &call)];
    let said = [Answer::CodeSent { customer: customer.clone(), code }, Answer::Confirmed { customer, code }];
    let said = said.map(|answer| Message::new(MessageId::named(&format!("{answer:?}")), &answer));
    let shown = |confirmed| json!({ "code": code, "confirmed": confirmed });
    assert_eq!(office.unlike_in_turn("ann", &sent, &shown(true), &said), None);
    // Where none comes back, it says so as ever.
    assert_eq!(office.unlike_in_turn("ann", &[prepare("ann")], &shown(false), &[]), None);
    assert!(office.unlike_in_turn("ann", &[prepare("ann")], &shown(true), &[]).is_some());
    // One that comes in, and that nobody puts out, does not come back.
    let nothing = json!({ "code": null, "confirmed": false });
    let unlike = office.unlike_in_turn("ann", &sent[1..], &nothing, &[]);
    assert_eq!(
        unlike.as_deref(),
        Some(
            "1 message of ann should have been published, and one is missing: a message that was taken for a copy of another one gets no answer"
        )
    );
}

// ---- wrong ----------------------------------------------------------------

/// Any code will do.
fn accepts_all(account: &mut Account, call: &Call, chance: &Chance<'_>) -> Vec<Answer> {
    if let Call::Confirm { customer, code } = call.clone() {
        account.confirmed = true;
        return vec![Answer::Confirmed { customer, code }];
    }
    Accounts::react(account, call, chance)
}

#[test]
fn the_code_of_another_customer_is_accepted() {
    let handler = async |message: &Message, ports: &Ports, context: &Context| {
        by_rules(message, ports, context, accepts_all).await
    };
    let system = || office(Endpoint::new("office", handler), bob_tries_anns());
    let report = explore(system).send([register("ann"), register("bob")]).workers(1).run();
    assert_eq!(report.faults, 0, "{report}");
    assert_violated(&report, "publishes Confirmed(…000001, bob)");
}

#[test]
fn a_guess_is_accepted() {
    let handler = async |message: &Message, ports: &Ports, context: &Context| {
        by_rules(message, ports, context, accepts_all).await
    };
    let system = || office(Endpoint::new("office", handler), guessing());
    assert_violated(&searched(&[register("ann")], system), "and Refused(…000003, ann)");
}

/// Nobody is ever let in.
fn refuses_all(account: &mut Account, call: &Call, chance: &Chance<'_>) -> Vec<Answer> {
    if let Call::Confirm { customer, code } = call.clone() {
        return vec![Answer::Refused { customer, code }];
    }
    Accounts::react(account, call, chance)
}

/// By a law that draws for itself, that is as it should be.
#[test]
fn the_right_code_is_refused() {
    let handler = async |message: &Message, ports: &Ports, context: &Context| {
        by_rules(message, ports, context, refuses_all).await
    };
    let system = || office(Endpoint::new("office", handler), honest());
    let report = searched(&[register("ann")], system);
    assert_eq!(report.faults, 0, "{report}");
    assert_violated(&report, "unless Confirm(…000001, ann) was processed before Register(ann)");
}

/// One code is stored, and another one is sent.
#[test]
fn the_code_is_drawn_once_more_to_be_sent() {
    fn draws_twice(account: &mut Account, call: &Call, chance: &Chance<'_>) -> Vec<Answer> {
        let mut said = Accounts::react(account, call, chance);
        for answer in &mut said {
            if let Answer::CodeSent { code, .. } = answer {
                *code = chance.new_id();
            }
        }
        said
    }
    let handler = async |message: &Message, ports: &Ports, context: &Context| {
        by_rules(message, ports, context, draws_twice).await
    };
    let system = || office(Endpoint::new("office", handler), honest());
    let report = searched(&[register("ann")], system);
    assert_eq!(report.faults, 0, "{report}");
    assert_violated(&report, "and Confirmed(…000002, ann)");
}

/// It sends before it writes: after a crash it draws again, and the code that Ann has got
/// first is accepted, and is not the one in the books.
#[test]
fn a_code_is_drawn_anew_at_a_retry_and_the_first_one_confirmed() {
    let handler = async |message: &Message, ports: &Ports, context: &Context| -> anyhow::Result<()> {
        let call: Call = message.read()?;
        let Call::Register { customer } = &call else {
            anyhow::ensure!(ports.documents.get(Accounts::aggregate(&call)).await?.is_some(), "not yet");
            return by_rules(message, ports, context, accepts_all).await;
        };
        let read = ports.documents.get(customer).await?;
        if read.is_none() {
            let code = context.new_id();
            let sent = Answer::CodeSent { customer: customer.clone(), code };
            ports.publisher.publish(Message::new(context.new_id(), &sent)).await?;
            let state = Account { code: Some(code), confirmed: false };
            let body = serde_json::to_vec(&Books { state, said: Vec::new() })?;
            ports.documents.put(customer, body, Precondition::IfAbsent).await?;
        }
        Ok(())
    };
    let system = || office(Endpoint::new("office", handler), honest());
    let report = searched(&[register("ann")], system);
    assert_eq!(report.faults, 1, "{report}");
    assert_violated(&report, "CodeSent(…");
}

#[test]
fn two_customers_get_one_code() {
    let handler = async |message: &Message, ports: &Ports, context: &Context| -> anyhow::Result<()> {
        // Drawn by whoever comes first, for all.
        let code = match ports.documents.get("the code").await? {
            Some(read) => serde_json::from_slice::<MessageId>(&read.body)?,
            None => {
                let code = context.new_id();
                ports.documents.put("the code", serde_json::to_vec(&code)?, Precondition::IfAbsent).await?;
                code
            }
        };
        let call: Call = message.read()?;
        let key = Accounts::aggregate(&call);
        let read = ports.documents.get(key).await?;
        let mut books: Books =
            read.as_ref().map_or(Ok(Books::default()), |it| serde_json::from_slice(&it.body))?;
        if !books.said.iter().any(|(id, _)| *id == message.id) {
            let said = Accounts::react(&mut books.state, &call, &Chance::new(&|| code));
            for answer in &said {
                ports.publisher.publish(Message::new(message.id.derive("answer"), answer)).await?;
            }
            books.said.push((message.id, said));
            let as_read = Precondition::unchanged_since(read.as_ref());
            ports.documents.put(key, serde_json::to_vec(&books)?, as_read).await?;
        }
        Ok(())
    };
    let system = || office(Endpoint::new("office", handler), honest());
    let report = explore(system).send([register("ann"), register("bob")]).workers(1).faults(0).run();
    assert_violated(&report, "CodeSent(…000001, bob)");
}

// ---- in another spelling --------------------------------------------------

/// How a desk spells the codes that it gives out.
fn spelled(form: u8, code: MessageId) -> String {
    let code = code.as_uuid();
    match form {
        0 => code.to_string().to_uppercase(),
        1 => code.simple().to_string(),
        2 => code.braced().to_string(),
        _ => code.urn().to_string(),
    }
}

#[derive(Serialize, Deserialize)]
enum Visit {
    Ask,
    Show { code: String },
}

#[derive(Default, Serialize, Deserialize)]
struct Issued {
    code: Option<String>,
    shown: bool,
}

#[derive(Debug, Serialize, Deserialize)]
enum Told {
    YourCode { code: String },
    Welcome { code: String },
    NotYours { code: String },
}

struct Desk<const FORM: u8>;

impl<const FORM: u8> StateMachine for Desk<FORM> {
    type Input = Visit;
    type State = Issued;
    type Output = Told;

    fn aggregate(_: &Visit) -> &str {
        "the desk"
    }

    fn react(issued: &mut Issued, visit: &Visit, chance: &Chance<'_>) -> Vec<Told> {
        match visit {
            Visit::Ask => {
                let code = issued.code.get_or_insert_with(|| spelled(FORM, chance.new_id())).clone();
                vec![Told::YourCode { code }]
            }
            Visit::Show { code } if issued.code.as_ref() == Some(code) => {
                issued.shown = true;
                vec![Told::Welcome { code: code.clone() }]
            }
            Visit::Show { code } => vec![Told::NotYours { code: code.clone() }],
        }
    }
}

/// What is said of a desk that has given out a code, been shown it, and answered this; in
/// its books, the code may be spelled otherwise.
fn of_the_desk<const FORM: u8>(shown: bool, in_its_books: u8, answer: fn(String) -> Told) -> Verdict {
    let code = spelled(FORM, code(7));
    let message = |name: &str, body: Value| Message::new(MessageId::named(name), &body);
    let sent = [json!(Visit::Ask), json!(Visit::Show { code: code.clone() })];
    let published = [json!(Told::YourCode { code: code.clone() }), json!(answer(code.clone()))];
    let by = |(place, body): (usize, Value), what: &str| {
        ("desk".to_owned(), message(&format!("{what} {place}"), body))
    };
    let mut snapshot = Snapshot::default();
    let state = json!(Issued { code: Some(spelled(in_its_books, self::code(7))), shown });
    snapshot.insert_document("the desk", json!({ "state": state }).to_string().into_bytes());
    let desk = Endpoint::new("desk", async |_, _, _| Ok(())).view(view);
    let desk = desk.lists_aggregates(|_| Ok(vec!["the desk".to_owned()]));
    System::of(desk).judged_by(Law::of_machine::<Desk<FORM>>()).judge(&Recorded {
        sent: sent.into_iter().enumerate().map(|visit| by(visit, "visit")).collect(),
        published: published.into_iter().enumerate().map(|told| by(told, "told")).collect(),
        snapshots: vec![snapshot],
    })
}

/// An id is one however it is spelled, and the machine wants it as it spells it.
#[test]
fn a_code_in_another_spelling_is_known_again() {
    fn judged<const FORM: u8>() {
        for in_its_books in 0..4 {
            let let_in = of_the_desk::<FORM>(true, in_its_books, |code| Told::Welcome { code });
            assert_eq!(let_in, Verdict::Holds, "spelling {FORM}, in its books {in_its_books}");
            let refused = of_the_desk::<FORM>(false, in_its_books, |code| Told::NotYours { code });
            assert!(matches!(refused, Verdict::Violated(_)), "spelling {FORM}: {refused:?}");
        }
    }
    judged::<0>();
    judged::<1>();
    judged::<2>();
    judged::<3>();
}

// ---- what is told ---------------------------------------------------------

fn called(name: &str) -> String {
    name.to_owned()
}

/// What is found, and what it means.
#[track_caller]
fn told(verdict: Verdict) -> String {
    let Verdict::Violated(Finding::Property(judgement)) = verdict else { panic!("{verdict:?}") };
    let Judgement { violated, reason, findings, damage, nearest, .. } = *judgement;
    let findings = findings.iter().map(|(what, which)| format!("{what} {which}"));
    [vec![format!("{violated:?}: {reason}")], findings.collect(), nearest.into_iter().collect(), damage]
        .concat()
        .join("; ")
}

/// Ann and Bob have registered, and been told a code each; Bob has confirmed his.
fn bob_confirms(said: Answer, bob: Account) -> Evidence {
    let customers = NAMES.map(str::to_owned);
    let [ann, _] = &customers;
    Evidence {
        calls: vec![
            Call::Register { customer: ann.clone() },
            Call::Register { customer: called("bob") },
            Call::Confirm { customer: called("bob"), code: code(2) },
        ],
        said: vec![
            Answer::CodeSent { customer: ann.clone(), code: code(1) },
            Answer::CodeSent { customer: called("bob"), code: code(2) },
            said,
        ],
        accounts: [Account { code: Some(code(1)), confirmed: false }, bob],
    }
}

/// The second of two is told by his own code.
#[test]
fn each_is_told_by_the_code_that_he_was_sent() {
    let confirmed = || Answer::Confirmed { customer: called("bob"), code: code(2) };
    let bob = |confirmed| Account { code: Some(code(2)), confirmed };
    assert_eq!(bob_confirms(confirmed(), bob(true)).verdict(), Verdict::Holds);
    assert_eq!(
        told(bob_confirms(confirmed(), bob(false)).verdict()),
        "[StateMatchesOutputs]: no sequence of Register(bob) and Confirm(…000002, bob) explains the end; \
         ends with code: …000002, confirmed: false; published CodeSent(…000002, bob) and Confirmed(…000002, bob); \
         Confirm(…000002, bob), then Register(bob) leads to code: …000002, confirmed: false; published \
         Refused(…000002, bob) and CodeSent(…000002, bob); bob says one thing, and everybody who listens was told \
         another"
    );
}

/// A law that says everything in words of its own.
struct InItsWords(Law<Account>);

impl Specification for InItsWords {
    fn aggregate(&self, message: &Message) -> String {
        self.0.aggregate(message)
    }
    fn initial(&self) -> Value {
        self.0.initial()
    }
    fn process(&self, state: &Value, message: &Message) -> Vec<(Value, Vec<Value>)> {
        self.0.process(state, message)
    }
    fn content(&self, output: &Value) -> Value {
        self.0.content(output)
    }
    fn state(&self, shown: &Value) -> Value {
        self.0.state(shown)
    }
    fn describe(&self, state: &Value) -> String {
        format!("an account that is {}", if state["confirmed"] == true { "confirmed" } else { "open" })
    }
    fn damage(&self, customer: &str, _: &Symptom) -> String {
        format!("{customer} is kept waiting")
    }
    fn damage_in(&self, state: &Value, customer: &str, _: &Symptom) -> String {
        format!("{customer} stands there with {}", self.describe(state))
    }
    fn parts(&self, customer: &str, _: &Value, _: &Value) -> Vec<(Property, String)> {
        vec![(Property::NoDuplicatedProcessing, format!("{customer} was asked twice"))]
    }
    fn drawing(&self) -> Option<&dyn Drawing> {
        self.0.drawing()
    }
}

#[test]
fn a_law_tells_what_is_wrong_with_lots_in_its_own_words() {
    let law = || InItsWords(Law::of_machine::<Accounts>());
    let confirmed = Answer::Confirmed { customer: called("bob"), code: code(2) };
    let unconfirmed = Account { code: Some(code(2)), confirmed: false };
    assert_eq!(
        told(bob_confirms(confirmed.clone(), unconfirmed).judged_by(law())),
        "[StateMatchesOutputs]: no sequence of Register(bob) and Confirm(…000002, bob) explains the end; \
         ends with an account that is open; published CodeSent(…000002, bob) and Confirmed(…000002, bob); \
         Confirm(…000002, bob), then Register(bob) leads to an account that is open; published Refused(…000002, bob) \
         and CodeSent(…000002, bob); bob stands there with an account that is open"
    );
    // Neither too little was done nor anything twice: the law names the part.
    let with_another = Account { code: Some(code(3)), confirmed: true };
    assert_eq!(
        told(bob_confirms(confirmed, with_another).judged_by(law())),
        "[NoDuplicatedProcessing]: no sequence of Register(bob) and Confirm(…000002, bob) explains the end; ends with \
         an account that is confirmed; Register(bob), then Confirm(…000002, bob) leads to an account that is \
         confirmed; published CodeSent(…000002, bob) and Confirmed(…000002, bob); bob was asked twice"
    );
    // An effect before its cause.
    let handler = async |message: &Message, ports: &Ports, context: &Context| {
        by_rules(message, ports, context, refuses_all).await
    };
    let office = || Endpoint::new("office", handler).subscribes_to("Confirm").view(view);
    let report = searched(&[register("ann")], || System::of(office()).judged_by(law()).and(honest()));
    assert_violated(&report, "unless Confirm(…000001, ann) was processed before Register(ann)");
    assert_violated(&report, "Ann is kept waiting.");
}

/// What everybody finds on the wall is no lot, and is not taken for one.
#[test]
fn an_id_that_an_aggregate_opens_with_is_not_drawn() {
    #[derive(Clone, Debug, Serialize, Deserialize)]
    struct Door {
        on_the_wall: MessageId,
        key: Option<MessageId>,
        open: bool,
    }
    impl Default for Door {
        fn default() -> Self {
            Self { on_the_wall: code(9), key: None, open: false }
        }
    }
    #[derive(Serialize, Deserialize)]
    enum Knock {
        Ask,
        Read { code: MessageId },
    }
    #[derive(Debug, Serialize, Deserialize)]
    enum Heard {
        Key { key: MessageId },
        Opened,
        Stuck { wall: MessageId },
    }
    struct Doors;
    impl StateMachine for Doors {
        type Input = Knock;
        type State = Door;
        type Output = Heard;
        fn aggregate(_: &Knock) -> &str {
            "the door"
        }
        fn react(door: &mut Door, knock: &Knock, chance: &Chance<'_>) -> Vec<Heard> {
            match knock {
                Knock::Ask => {
                    let key = *door.key.get_or_insert_with(|| chance.new_id());
                    vec![Heard::Key { key }]
                }
                Knock::Read { code } if *code == door.on_the_wall => {
                    door.open = true;
                    vec![Heard::Opened]
                }
                Knock::Read { .. } => vec![Heard::Stuck { wall: door.on_the_wall }],
            }
        }
    }
    let judged = |read: u64, wall: u64, heard: Heard, open: bool| {
        let message =
            |name: &str, body: Value| ("hall".to_owned(), Message::new(MessageId::named(name), &body));
        let mut snapshot = Snapshot::default();
        let door = Door { on_the_wall: code(9), key: Some(code(1)), open };
        snapshot.insert_document("the door", json!({ "state": door }).to_string().into_bytes());
        let view = |snapshot: &Snapshot, door: &str| match snapshot.document(door) {
            Some(body) => Ok(serde_json::from_slice::<Value>(body)?["state"].clone()),
            None => Ok(serde_json::to_value(Door::default())?),
        };
        let hall = Endpoint::new("hall", async |_, _, _| Ok(())).view(view);
        System::of(hall).judged_by(Law::of_machine::<Doors>()).judge(&Recorded {
            sent: vec![
                message("ask", json!(Knock::Ask)),
                message("the key", json!(Knock::Read { code: code(1) })),
                message("read", json!(Knock::Read { code: code(read) })),
            ],
            published: vec![
                message("key", json!(Heard::Key { key: code(1) })),
                message("stuck", json!(Heard::Stuck { wall: code(wall) })),
                message("heard", json!(heard)),
            ],
            snapshots: vec![snapshot],
        })
    };
    assert_eq!(judged(9, 9, Heard::Opened, true), Verdict::Holds);
    assert_eq!(judged(8, 9, Heard::Stuck { wall: code(9) }, false), Verdict::Holds);
    // Another number opens it, as if that had been on the wall.
    assert!(matches!(judged(8, 9, Heard::Opened, true), Verdict::Violated(_)));
    // Another number is said to be on the wall.
    assert_eq!(
        told(judged(8, 7, Heard::Stuck { wall: code(9) }, false)),
        "[NoLostMessages, NoGhostMessages]: no sequence of Ask, Read(…000001) and Read(…000008) explains the end; \
         ends with key: …000001, on_the_wall: …000009, open: false; published only 1 Stuck(…000009) and Stuck(any \
         id); Ask, then Read(…000001), then Read(…000008) leads to key: …000001, on_the_wall: …000009, open: false; \
         published Key(…000001), Stuck(…000009) and Stuck(…000009); 1 of 2 times, whoever waits for Stuck(…000009) \
         from the door waits for ever; others hear Stuck(any id) from the door and act on it, and nothing justifies \
         it"
    );
}

/// A code is one wherever it is drawn: two desks have given out the same.
#[test]
fn two_endpoints_have_not_drawn_one_code() {
    let judged = |of_the_other: u64| {
        let office = |name: &str| {
            let endpoint = Endpoint::new(name, async |_, _, _| Ok(())).view(view);
            endpoint.lists_aggregates(|_| Ok(vec![called("ann")]))
        };
        let snapshot = |number| {
            let mut snapshot = Snapshot::default();
            let account = Account { code: Some(code(number)), confirmed: number == 1 };
            snapshot.insert_document("ann", json!({ "state": account }).to_string().into_bytes());
            snapshot
        };
        let said = |by: &str, answer: &Answer| {
            (called(by), Message::new(MessageId::named(&format!("{by} {answer:?}")), answer))
        };
        let ann = || called("ann");
        let confirm = Call::Confirm { customer: ann(), code: code(1) };
        let system = System::of(office("here")).judged_by(Law::of_machine::<Accounts>());
        system.and(office("there")).judged_by(Law::of_machine::<Accounts>()).judge(&Recorded {
            sent: vec![
                (called("here"), register("ann")),
                (called("there"), register("ann")),
                (called("here"), Message::new(MessageId::named("confirm"), &confirm)),
            ],
            published: vec![
                said("here", &Answer::CodeSent { customer: ann(), code: code(1) }),
                said("here", &Answer::Confirmed { customer: ann(), code: code(1) }),
                said("there", &Answer::CodeSent { customer: ann(), code: code(of_the_other) }),
            ],
            snapshots: vec![snapshot(1), snapshot(of_the_other)],
        })
    };
    assert_eq!(judged(2), Verdict::Holds);
    assert!(matches!(judged(1), Verdict::Violated(_)), "{:?}", judged(1));
}

/// A view that hides who came twice: where no code comes in, the machine's law says so.
#[test]
fn a_blind_view_is_noticed_by_the_law_of_a_machine() {
    #[derive(Serialize, Deserialize)]
    struct Enter(String);
    #[derive(Default, Serialize, Deserialize)]
    struct Hall(Vec<String>);
    struct Halls;
    impl StateMachine for Halls {
        type Input = Enter;
        type State = Hall;
        type Output = ();
        fn aggregate(_: &Enter) -> &str {
            "the hall"
        }
        fn react(hall: &mut Hall, enter: &Enter, _: &Chance<'_>) -> Vec<()> {
            hall.0.push(enter.0.clone());
            Vec::new()
        }
    }
    let searched = |view: fn(&Snapshot, &str) -> anyhow::Result<Value>| {
        let system = move || {
            let hall = Endpoint::new("hall", with_an_outbox::<Halls>).view(view);
            System::of(hall).judged_by(Law::of_machine::<Halls>())
        };
        explore(system).send([Message::new(MessageId::named("ann"), &Enter(called("ann")))]).run()
    };
    let all = |snapshot: &Snapshot, hall: &str| match snapshot.document(hall) {
        Some(body) => Ok(serde_json::from_slice::<Value>(body)?["state"].clone()),
        None => Ok(json!([])),
    };
    searched(all).assert_exactly_once();
    let each_once = |snapshot: &Snapshot, hall: &str| match snapshot.document(hall) {
        Some(body) => {
            let mut names: Vec<String> =
                serde_json::from_value(serde_json::from_slice::<Value>(body)?["state"].clone())?;
            names.dedup();
            Ok(json!(names))
        }
        None => Ok(json!([])),
    };
    let verdict = searched(each_once).verdict;
    assert!(matches!(verdict, Verdict::Inconclusive(Inconclusive::BlindView { .. })), "{verdict:?}");
}

// ---- word by word ---------------------------------------------------------

/// What was recorded of an office.
#[derive(Debug)]
struct Evidence {
    calls: Vec<Call>,
    said: Vec<Answer>,
    accounts: [Account; 2],
}

const NAMES: [&str; 2] = ["ann", "bob"];

fn code(number: u64) -> MessageId {
    MessageId::fresh(number)
}

impl Evidence {
    fn verdict(&self) -> Verdict {
        self.judged_by(Law::of_machine::<Accounts>())
    }

    fn judged_by(&self, law: impl Specification + 'static) -> Verdict {
        let message = |name: String, body: &dyn Fn(MessageId) -> Message| body(MessageId::named(&name));
        let sent = self.calls.iter().enumerate().map(|(place, call)| {
            ("office".to_owned(), message(format!("call {place}"), &|id| Message::new(id, call)))
        });
        let published = self.said.iter().enumerate().map(|(place, answer)| {
            ("office".to_owned(), message(format!("answer {place}"), &|id| Message::new(id, answer)))
        });
        let mut snapshot = Snapshot::default();
        for (name, account) in NAMES.iter().zip(&self.accounts) {
            snapshot.insert_document(*name, json!({ "state": account }).to_string().into_bytes());
        }
        let (sent, published) = (sent.collect(), published.collect());
        let office = Endpoint::new("office", async |_, _, _| Ok(())).view(view);
        let office = office.lists_aggregates(|_| Ok(NAMES.map(str::to_owned).to_vec()));
        System::of(office).judged_by(law).judge(&Recorded { sent, published, snapshots: vec![snapshot] })
    }

    /// The definition: there is an order of the calls, and draws of which each is an id
    /// that nobody has drawn or brought before, that lead to just this.
    fn is_explained(&self) -> bool {
        self.goes_on(&mut Vec::new(), &Default::default(), &[], &[])
    }

    fn goes_on(
        &self,
        done: &mut Vec<usize>,
        accounts: &[Account; 2],
        said: &[Answer],
        old: &[MessageId],
    ) -> bool {
        if done.len() == self.calls.len() {
            let mut left = self.said.clone();
            let all = said.iter().all(|answer| {
                left.iter().position(|other| other == answer).map(|place| left.swap_remove(place)).is_some()
            });
            return all && left.is_empty() && *accounts == self.accounts;
        }
        (0..self.calls.len()).any(|next| {
            if done.contains(&next) {
                return false;
            }
            let call = &self.calls[next];
            let mut old = old.to_vec();
            if let Call::Confirm { code, .. } = call {
                old.push(*code);
            }
            let whose = usize::from(Accounts::aggregate(call) == NAMES[1]);
            done.push(next);
            // One draw at most: it may be any of those that are seen anywhere.
            let found = (1..=4).map(code).filter(|code| !old.contains(code)).any(|drawn| {
                let mut accounts = accounts.clone();
                let drew = std::cell::Cell::new(false);
                let draw = || {
                    drew.set(true);
                    drawn
                };
                let new = Accounts::react(&mut accounts[whose], call, &Chance::new(&draw));
                let said = [said, &new].concat();
                let mut old = old.clone();
                old.extend(drew.get().then_some(drawn));
                self.goes_on(done, &accounts, &said, &old)
            });
            done.pop();
            found
        })
    }

    /// Whether an id that was put out, or is shown, came in.
    fn comes_back(&self) -> bool {
        let put_out = |code: &MessageId| {
            self.said.iter().any(|answer| match answer {
                Answer::CodeSent { code: it, .. }
                | Answer::Confirmed { code: it, .. }
                | Answer::Refused { code: it, .. } => it == code,
            })
        };
        let shown = |code: &MessageId| self.accounts.iter().any(|account| account.code == Some(*code));
        self.calls
            .iter()
            .any(|call| matches!(call, Call::Confirm { code, .. } if put_out(code) || shown(code)))
    }
}

/// What a true execution has led to, or nearly.
fn evidence(dice: &mut Xoshiro256PlusPlus) -> Evidence {
    let customer = |dice: &mut Xoshiro256PlusPlus| NAMES[dice.random_range(0..2)].to_owned();
    let count = dice.random_range(2..5);
    let calls: Vec<Call> = (0..count)
        .map(|_| {
            let customer = customer(dice);
            match dice.random_range(0..8) {
                0..3 => Call::Register { customer },
                3 => Call::Renew { customer },
                4 => Call::Prepare { customer },
                _ => Call::Confirm { customer, code: code(dice.random_range(1..4)) },
            }
        })
        .collect();
    let mut order: Vec<usize> = (0..count).collect();
    for place in (1..count).rev() {
        order.swap(place, dice.random_range(0..place + 1));
    }
    // Those who draw draw what will be confirmed, and now and then one for two.
    let shared = dice.random_bool(0.15);
    let mut codes: Vec<u64> = vec![1, 2, 3, 4];
    let mut accounts = <[Account; 2]>::default();
    let mut said = Vec::new();
    for place in order {
        let whose = usize::from(Accounts::aggregate(&calls[place]) == NAMES[1]);
        let drawn = codes[if shared { 0 } else { dice.random_range(0..codes.len()) }];
        let draw = || code(drawn);
        let drew = accounts[whose].code;
        said.extend(Accounts::react(&mut accounts[whose], &calls[place], &Chance::new(&draw)));
        if accounts[whose].code != drew && !shared {
            codes.retain(|&code| code != drawn);
        }
    }
    match dice.random_range(0..10) {
        0 => _ = said.pop(),
        1 => accounts[0].confirmed ^= true,
        2 => accounts[1].code = Some(code(dice.random_range(1..5))),
        3 | 4 if !said.is_empty() => {
            let place = dice.random_range(0..said.len());
            let other = code(dice.random_range(1..5));
            let (Answer::CodeSent { code, .. }
            | Answer::Confirmed { code, .. }
            | Answer::Refused { code, .. }) = &mut said[place];
            *code = other;
        }
        5 if !said.is_empty() => {
            let place = dice.random_range(0..said.len());
            said[place] = match said[place].clone() {
                Answer::Confirmed { customer, code } => Answer::Refused { customer, code },
                Answer::Refused { customer, code } | Answer::CodeSent { customer, code } => {
                    Answer::Confirmed { customer, code }
                }
            };
        }
        _ => {}
    }
    Evidence { calls, said, accounts }
}

/// Where an id comes back, the judge is to say what the definition says. Where none
/// does, it leaves open which they are, and may find right what is not.
#[test]
fn the_judge_says_what_the_definition_says() {
    let mut dice = Xoshiro256PlusPlus::seed_from_u64(17);
    let (mut right, mut wrong, mut open) = (0, 0, 0);
    for _ in 0..2_000 {
        let evidence = evidence(&mut dice);
        let (verdict, explained) = (evidence.verdict(), evidence.is_explained());
        match verdict {
            Verdict::Inconclusive(reason) => panic!("{reason:?}: {evidence:?}"),
            _ if !evidence.comes_back() => {
                open += 1;
                assert!(verdict == Verdict::Holds || !explained, "{evidence:?}\n{verdict:?}");
            }
            _ => {
                assert!((verdict == Verdict::Holds) == explained, "{evidence:?}\n{explained}\n{verdict:?}");
                *if explained { &mut right } else { &mut wrong } += 1;
            }
        }
    }
    println!("{right} right, {wrong} wrong, {open} in which nothing comes back");
    assert!(right > 500 && wrong > 500, "{right} right, {wrong} wrong, {open} without: too one-sided");
}
