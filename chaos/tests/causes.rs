//! Causes before effects: the judge of what endpoints have said to each other, held
//! against the definition, tried out one order after the other; and what is told where
//! an effect was processed before its cause.

#![allow(missing_docs)]

#[path = "support/law.rs"]
mod support;

use chaos::{Inconclusive, Property, Recorded, System, Verdict};
use ports::law::{FRESH, Specification};
use ports::{Endpoint, Message, MessageId, Snapshot};
use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};
use support::{Law, about_one};

/// An endpoint that hears these kinds of messages; what it did has been recorded.
fn endpoint(name: &str, hears: &[&str]) -> Endpoint {
    let view = |snapshot: &Snapshot, whom: &str| match snapshot.document(whom) {
        Some(body) => Ok(serde_json::from_slice::<Value>(body)?),
        None => Ok(Value::Null),
    };
    let endpoint = Endpoint::new(name, async |_, _, _| Ok(())).view(view);
    hears.iter().fold(endpoint, |endpoint, &kind| endpoint.subscribes_to(kind))
}

/// What a message is about, of whichever kind it is.
fn about(message: &Message) -> String {
    message.body[message.name()]["about"].as_str().unwrap_or_default().to_owned()
}

/// What was sent to whom, who published what, and what each endpoint shows of whom.
#[derive(Debug, Default)]
struct Record {
    sent: Vec<(&'static str, Message)>,
    published: Vec<(&'static str, Message)>,
    shown: Vec<Vec<(&'static str, Value)>>,
}

impl Record {
    fn verdict(&self, system: &System) -> Verdict {
        let named = |said: &[(&'static str, Message)]| {
            said.iter().map(|(name, message)| ((*name).to_owned(), message.clone())).collect()
        };
        let snapshots = self.shown.iter().map(|shown| {
            let mut snapshot = Snapshot::default();
            for (whom, state) in shown {
                snapshot.insert_document(*whom, state.to_string().into_bytes());
            }
            snapshot
        });
        let snapshots = snapshots.collect();
        system.judge(&Recorded { sent: named(&self.sent), published: named(&self.published), snapshots })
    }
}

// ---- the definition -------------------------------------------------------

const ENDPOINTS: [&str; 3] = ["a", "b", "c"];
/// What each of them hears; and what nobody does.
const KINDS: [&str; 4] = ["ToA", "ToB", "ToC", "ToNobody"];
const ABOUT: [&str; 2] = ["x", "y"];

/// States, and what messages say, are numbers below this.
const FEW: usize = 3;

/// A message: to whom, about what, and what it says.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Words {
    to: usize,
    about: usize,
    says: usize,
}

impl Words {
    fn body(self) -> Value {
        json!({ KINDS[self.to]: { "about": ABOUT[self.about], "says": self.says } })
    }
}

/// What one message may lead to in one state: the next state, and what is said.
type Outcomes = Vec<(usize, Vec<Words>)>;

/// The rules of an endpoint, for each state and for each thing that is said to it.
#[derive(Clone, Debug)]
struct Rules(Vec<Vec<Outcomes>>);

impl Rules {
    fn thrown(dice: &mut Xoshiro256PlusPlus) -> Self {
        let mut outcome = |about: usize| {
            let next = dice.random_range(0..FEW);
            let count = [0, 1, 1, 2][dice.random_range(0..4)];
            let words = (0..count).map(|_| Words {
                to: [0, 0, 1, 1, 2, 3][dice.random_range(0..6)],
                // Now and then about something else than what it came from.
                about: if dice.random_bool(0.2) { 1 - about } else { about },
                says: dice.random_range(0..FEW),
            });
            let words: Vec<Words> = words.collect();
            (next, words)
        };
        let mut cells = || -> Vec<Outcomes> {
            (0..FEW * ABOUT.len())
                .map(|cell| {
                    let about = cell / FEW;
                    let first = outcome(about);
                    let (_, of_two) = outcome(about);
                    // A law may leave a choice.
                    if of_two.len() == 2 { vec![first, outcome(about)] } else { vec![first] }
                })
                .collect()
        };
        Self((0..FEW).map(|_| cells()).collect())
    }

    fn outcomes(&self, state: usize, message: Words) -> &Outcomes {
        &self.0[state][message.about * FEW + message.says]
    }

    /// The same, for the judge.
    fn law(&self) -> impl Specification + use<> {
        let rules = self.clone();
        Law(json!(0), about, move |state: &Value, message: &Message| {
            let number = |value: &Value| value.as_u64().expect("a number") as usize;
            let about = ABOUT.iter().position(|it| about(message) == *it).expect("one of them");
            let says = number(&message.body[message.name()]["says"]);
            let words = Words { to: 0, about, says };
            let outcomes = rules.outcomes(number(state), words).iter();
            let outcome = |(next, said): &(usize, Vec<Words>)| {
                (json!(next), said.iter().map(|words| words.body()).collect())
            };
            outcomes.map(outcome).collect()
        })
    }
}

/// What has come to an endpoint, or been said by one.
#[derive(Clone, Debug, PartialEq)]
struct Said {
    /// By whom; nobody, if it was sent from outside.
    by: Option<usize>,
    words: Words,
    id: MessageId,
}

/// A run of three endpoints.
#[derive(Clone, Debug)]
struct Run {
    rules: Vec<Rules>,
    sent: Vec<Said>,
    published: Vec<Said>,
    /// For each endpoint, the state of each thing.
    states: [[usize; 2]; 3],
}

impl Run {
    /// Each endpoint processes what comes in some order; nothing, if it does not end soon.
    fn made(dice: &mut Xoshiro256PlusPlus) -> Option<Self> {
        const MOST_INPUTS: usize = 6;
        let rules: Vec<Rules> = (0..3).map(|_| Rules::thrown(dice)).collect();
        let sent: Vec<Said> = (0..dice.random_range(1..4))
            .map(|number| Said {
                by: None,
                words: Words {
                    to: dice.random_range(0..3),
                    about: dice.random_range(0..2),
                    says: dice.random_range(0..FEW),
                },
                id: MessageId::named(&format!("sent {number}")),
            })
            .collect();
        // Who says the same as somebody else may say it under one id.
        let shared_ids = dice.random_bool(0.3);
        let mut run = Self { rules, sent, published: Vec::new(), states: Default::default() };
        let mut waiting = run.sent.clone();
        let mut done: Vec<Said> = Vec::new();
        while !waiting.is_empty() {
            let input = waiting.swap_remove(dice.random_range(0..waiting.len()));
            if done.iter().any(|it| it.id == input.id && it.words == input.words) {
                continue;
            }
            done.push(input.clone());
            if done.len() > MOST_INPUTS {
                return None;
            }
            for words in run.process(&input, dice) {
                let by = input.words.to;
                let again = run.published.iter().filter(|it| it.by == Some(by) && it.words == words).count();
                let whose = if shared_ids { "somebody" } else { ENDPOINTS[by] };
                let id = MessageId::named(&format!("{whose} says {words:?} {again}"));
                let said = Said { by: Some(by), words, id };
                if words.to < 3 {
                    waiting.push(said.clone());
                }
                run.published.push(said);
            }
        }
        // Where nobody hears what is said, nothing is caused.
        (done.len() > run.sent.len() + 1).then_some(run)
    }

    fn process(&mut self, input: &Said, dice: &mut Xoshiro256PlusPlus) -> Vec<Words> {
        let (by, about) = (input.words.to, input.words.about);
        let outcomes = self.rules[by].outcomes(self.states[by][about], input.words);
        let (next, said) = outcomes[dice.random_range(0..outcomes.len())].clone();
        self.states[by][about] = next;
        said
    }

    /// What comes in, each message once for each endpoint.
    fn inputs(&self) -> Vec<Said> {
        let mut inputs: Vec<Said> = Vec::new();
        for said in self.sent.iter().chain(&self.published).filter(|said| said.words.to < 3) {
            if !inputs.iter().any(|it| it.id == said.id && it.words == said.words) {
                inputs.push(said.clone());
            }
        }
        inputs
    }

    /// The same messages in some other order, an effect before its cause, too: what is said
    /// is to be the same, and the states may be others.
    fn turned_round(&mut self, dice: &mut Xoshiro256PlusPlus) {
        let before = self.states;
        for _ in 0..100 {
            self.turn_round(dice);
            if self.states != before {
                return;
            }
        }
    }

    fn turn_round(&mut self, dice: &mut Xoshiro256PlusPlus) {
        let mut run = Self { states: Default::default(), ..self.clone() };
        let mut inputs = run.inputs();
        let mut said: Vec<(usize, Words)> = Vec::new();
        while !inputs.is_empty() {
            let input = inputs.swap_remove(dice.random_range(0..inputs.len()));
            let by = input.words.to;
            said.extend(run.process(&input, dice).into_iter().map(|words| (by, words)));
        }
        let all = self.published.iter().all(|it| {
            let found = said.iter().position(|(by, words)| Some(*by) == it.by && *words == it.words);
            found.map(|place| said.swap_remove(place)).is_some()
        });
        if all && said.is_empty() {
            self.states = run.states;
        }
    }

    /// Something is wrong with it, or looks like it.
    fn damaged(&mut self, dice: &mut Xoshiro256PlusPlus) {
        match dice.random_range(0..4) {
            0 => {
                let (endpoint, about) = (dice.random_range(0..3), dice.random_range(0..2));
                self.states[endpoint][about] = dice.random_range(0..FEW);
            }
            1 if self.published.len() > 1 => {
                // Two have said what the other one has.
                let one = dice.random_range(0..self.published.len());
                let other = dice.random_range(0..self.published.len());
                let (by_one, by_other) = (self.published[one].by, self.published[other].by);
                self.published[one].by = by_other;
                self.published[other].by = by_one;
            }
            2 if !self.published.is_empty() => {
                let place = dice.random_range(0..self.published.len());
                self.published.remove(place);
            }
            _ => {}
        }
    }

    /// The definition: there is one order of all inputs, each after something that has said
    /// it, in which each step says what the law says it does; all that was published is said
    /// by one step each, and the states are those that are shown.
    fn is_explained(&self) -> bool {
        let mut published: Vec<Said> = Vec::new();
        for said in &self.published {
            if !published.contains(said) {
                published.push(said.clone());
            }
        }
        let inputs = self.inputs();
        let mut said = vec![false; published.len()];
        self.goes_on(&inputs, &published, &mut vec![false; inputs.len()], &mut said, &Default::default())
    }

    fn goes_on(
        &self,
        inputs: &[Said],
        published: &[Said],
        done: &mut Vec<bool>,
        said: &mut Vec<bool>,
        states: &[[usize; 2]; 3],
    ) -> bool {
        if done.iter().all(|&done| done) {
            return said.iter().all(|&said| said) && *states == self.states;
        }
        for place in 0..inputs.len() {
            let Said { id, words, .. } = inputs[place];
            let from_outside = self.sent.iter().any(|it| it.id == id && it.words == words);
            let was_said = || (0..published.len()).any(|it| said[it] && published[it].id == id);
            if done[place] || !(from_outside || was_said()) {
                continue;
            }
            done[place] = true;
            for (next, outputs) in self.rules[words.to].outcomes(states[words.to][words.about], words) {
                let mut states = *states;
                states[words.to][words.about] = *next;
                if self.says(inputs, published, done, said, &states, words.to, outputs) {
                    return true;
                }
            }
            done[place] = false;
        }
        false
    }

    /// Any of what was published may be what is said now.
    #[allow(clippy::too_many_arguments)]
    fn says(
        &self,
        inputs: &[Said],
        published: &[Said],
        done: &mut Vec<bool>,
        said: &mut Vec<bool>,
        states: &[[usize; 2]; 3],
        by: usize,
        outputs: &[Words],
    ) -> bool {
        let Some((first, rest)) = outputs.split_first() else {
            return self.goes_on(inputs, published, done, said, states);
        };
        for place in 0..published.len() {
            if !said[place] && published[place].by == Some(by) && published[place].words == *first {
                said[place] = true;
                if self.says(inputs, published, done, said, states, by, rest) {
                    return true;
                }
                said[place] = false;
            }
        }
        false
    }

    /// What comes of the same if no effect need wait for its cause.
    fn is_explained_in_any_order(&self) -> bool {
        let sent = self.inputs();
        Self { sent, ..self.clone() }.is_explained()
    }

    fn verdict(&self) -> Verdict {
        let to = |said: &Said| (ENDPOINTS[said.words.to], Message::new(said.id, &said.words.body()));
        let by =
            |said: &Said| (ENDPOINTS[said.by.expect("somebody")], Message::new(said.id, &said.words.body()));
        let shown =
            |states: &[usize; 2]| ABOUT.iter().copied().zip(states.iter().map(|it| json!(it))).collect();
        let record = Record {
            sent: self.sent.iter().map(to).collect(),
            published: self.published.iter().map(by).collect(),
            shown: self.states.iter().map(shown).collect(),
        };
        let [a, b, c] = [0, 1, 2].map(|it| {
            endpoint(ENDPOINTS[it], &[KINDS[it]]).lists_aggregates(|_| Ok(ABOUT.map(str::to_owned).to_vec()))
        });
        let system = System::of(a).judged_by(self.rules[0].law());
        let system = system.and(b).judged_by(self.rules[1].law());
        record.verdict(&system.and(c).judged_by(self.rules[2].law()))
    }
}

#[test]
fn the_judge_says_what_the_definition_says() {
    let mut dice = Xoshiro256PlusPlus::seed_from_u64(2027);
    let (mut right, mut wrong, mut too_early) = (0, 0, 0);
    for _ in 0..15_000 {
        let Some(mut run) = Run::made(&mut dice) else { continue };
        match dice.random_range(0..5) {
            0 => run.damaged(&mut dice),
            1..5 => run.turned_round(&mut dice),
            _ => {}
        }
        let (verdict, explained) = (run.verdict(), run.is_explained());
        if let Verdict::Inconclusive(reason) = &verdict {
            // The law is asked whether it has any outcome at all.
            assert!(!explained, "{reason:?}: {run:?}");
        } else {
            assert!((verdict == Verdict::Holds) == explained, "{run:#?}\n{explained}\n{verdict:?}");
        }
        *if explained { &mut right } else { &mut wrong } += 1;
        too_early += usize::from(!explained && run.is_explained_in_any_order());
    }
    println!("{right} right, {wrong} wrong, {too_early} of them only for an effect before its cause");
    assert!(right > 1_000 && wrong > 300 && too_early > 50, "{right}, {wrong}, {too_early}: too one-sided");
}

// ---- what is told ---------------------------------------------------------

fn named(name: &str, about: &str) -> Message {
    Message::new(MessageId::named(&format!("{name} {about}")), &json!({ name: { "about": about } }))
}

/// Says what it is told to say for each kind of message, about the same, and keeps nothing.
fn relay(says: &'static [(&'static str, &'static str)]) -> impl Specification {
    about_one("the relay", Value::Null, move |state, message| {
        let said = says.iter().filter(|(heard, _)| *heard == message.name());
        (state.clone(), said.map(|(_, says)| json!({ *says: { "about": about(message) } })).collect())
    })
}

/// A sale is placed, which asks for its payment; paid is one that had been placed before.
fn sales() -> impl Specification {
    Law(json!("nothing"), about, |state: &Value, message: &Message| {
        let about = about(message);
        let (next, said) = match message.name() {
            "Place" => ("placed", vec![json!({ "Charge": { "about": about } })]),
            "Charged" if state == "placed" => ("paid", Vec::new()),
            "Charged" => ("refused", Vec::new()),
            _ => ("nothing", Vec::new()),
        };
        let next = if state == "refused" { "refused" } else { next };
        vec![(json!(next), said)]
    })
}

#[track_caller]
fn reason(verdict: &Verdict) -> String {
    let Verdict::Violated(finding) = verdict else { panic!("{verdict:?}") };
    assert_eq!(finding.property(), Some(Property::StateMatchesOutputs), "{verdict:?}");
    finding.to_string()
}

/// What caused it is told by what the same part had to process, though that came later into
/// the books.
#[test]
fn an_effect_before_its_cause_is_told_by_the_cause_at_home() {
    let record = Record {
        sent: vec![("site", named("Order", "tea"))],
        published: vec![
            ("bank", named("Charged", "tea")),
            ("shop", named("Charge", "tea")),
            ("site", named("Place", "tea")),
        ],
        shown: vec![vec![("the relay", Value::Null)], vec![("tea", json!("refused"))], vec![]],
    };
    let system = System::of(endpoint("site", &["Order"])).judged_by(relay(&[("Order", "Place")]));
    let system = system.and(endpoint("shop", &["Place", "Charged"])).judged_by(sales());
    let system = system.and(endpoint("bank", &["Charge"])).judged_by(relay(&[("Charge", "Charged")]));
    assert_eq!(
        reason(&record.verdict(&system)),
        "no order of Charged(tea), Place(tea) and Charge(tea) explains \"refused\" and null, unless Charged(tea) \
         was processed before Place(tea), which caused it"
    );
}

/// One sale went as it should; the two others are told, and it is not.
#[test]
fn where_it_takes_several_only_those_that_came_too_early_are_told() {
    let sales_of = ["cake", "pie", "tea"];
    let all = |name| sales_of.map(|about| named(name, about));
    let record = Record {
        sent: all("Place").map(|place| ("shop", place)).to_vec(),
        published: [all("Charge").map(|it| ("shop", it)), all("Charged").map(|it| ("bank", it))].concat(),
        shown: vec![
            vec![("cake", json!("paid")), ("pie", json!("refused")), ("tea", json!("refused"))],
            vec![],
        ],
    };
    let system = System::of(endpoint("shop", &["Place", "Charged"])).judged_by(sales());
    let system = system.and(endpoint("bank", &["Charge"])).judged_by(relay(&[("Charge", "Charged")]));
    assert_eq!(
        reason(&record.verdict(&system)),
        "no order of Place(cake), Charged(cake), Place(pie), Charged(pie), Place(tea), Charged(tea), Charge(cake), \
         Charge(pie) and Charge(tea) explains \"paid\", \"refused\", \"refused\" and null, unless Charged(pie) was \
         processed before Place(pie), which caused it, and so was another message"
    );
}

/// One that is the reason by itself is told, where two others would be one together, too.
#[test]
fn one_that_came_too_early_is_told_rather_than_two() {
    const ANSWERS: [(&str, &str, u64); 3] =
        [("One", "AnswerOne", 1), ("Two", "AnswerTwo", 1), ("Three", "AnswerThree", 2)];
    // Each question asks for its answer; an answer that comes before it weighs so much.
    let desk =
        about_one("the desk", json!({ "asked": 0, "early": 0 }), |state: &Value, message: &Message| {
            let mut next = state.clone();
            let place = ANSWERS
                .iter()
                .position(|(ask, answer, _)| [*ask, *answer].contains(&message.name()))
                .unwrap();
            let (ask, _, weight) = ANSWERS[place];
            let asked = state["asked"].as_u64().unwrap();
            if message.name() == ask {
                next["asked"] = json!(asked | 1 << place);
                return (next, vec![json!({ format!("Ask{ask}"): { "about": "it" } })]);
            }
            if asked & 1 << place == 0 {
                next["early"] = json!(state["early"].as_u64().unwrap() + weight);
            }
            (next, Vec::new())
        });
    let hears = ANSWERS.map(|(ask, answer, _)| [ask, answer]).concat();
    let record = Record {
        sent: ANSWERS.map(|(ask, ..)| ("desk", named(ask, "it"))).to_vec(),
        published: ANSWERS
            .iter()
            .flat_map(|(ask, answer, _)| [("desk", format!("Ask{ask}")), ("clerk", (*answer).to_owned())])
            .map(|(by, name)| (by, named(&name, "it")))
            .collect(),
        shown: vec![vec![("the desk", json!({ "asked": 7, "early": 2 }))], vec![]],
    };
    let clerk = relay(&[("AskOne", "AnswerOne"), ("AskTwo", "AnswerTwo"), ("AskThree", "AnswerThree")]);
    let system = System::of(endpoint("desk", &hears)).judged_by(desk);
    let system = system.and(endpoint("clerk", &["AskOne", "AskTwo", "AskThree"])).judged_by(clerk);
    let reason = reason(&record.verdict(&system));
    assert!(
        reason.ends_with("unless AnswerThree(it) was processed before Three(it), which caused it"),
        "{reason}"
    );
}

/// Two tickets say the same to whoever gives them out, and not to whoever takes them: which of
/// them the first visitor got is known by what came of it only.
#[test]
fn of_two_that_say_the_same_each_that_somebody_waits_for_is_tried() {
    // Any ticket will do.
    let desk = || {
        about_one("the desk", Value::Null, |state, _| {
            (state.clone(), vec![json!({ "Ticket": { "about": "it", "number": FRESH } })])
        })
    };
    let booth = || {
        about_one("the booth", json!([]), |state: &Value, message: &Message| {
            let taken = state.as_array().unwrap();
            let next = taken.is_empty().then(|| json!({ "Next": { "about": "it" } }));
            let number = message.body["Ticket"]["number"].clone();
            (taken.iter().cloned().chain([number]).collect(), next.into_iter().collect())
        })
    };
    let [one, two] = [1, 2].map(MessageId::fresh);
    let ticket = |number: MessageId| {
        let id = MessageId::named(&format!("ticket {number}"));
        ("desk", Message::new(id, &json!({ "Ticket": { "about": "it", "number": number } })))
    };
    let verdict = |shown: Value| {
        let record = Record {
            sent: vec![("desk", named("Come", "it"))],
            published: vec![ticket(one), ("booth", named("Next", "it")), ticket(two)],
            shown: vec![vec![("the desk", Value::Null)], vec![("the booth", shown)]],
        };
        let system = System::of(endpoint("desk", &["Come", "Next"])).judged_by(desk());
        record.verdict(&system.and(endpoint("booth", &["Ticket"])).judged_by(booth()))
    };
    for taken in [json!([one, two]), json!([two, one])] {
        let verdict = verdict(taken.clone());
        assert!(matches!(verdict, Verdict::Holds), "the booth took {taken}: {verdict:?}");
    }
    assert!(matches!(verdict(json!([one, one])), Verdict::Violated(_)));
}

/// An answer that two have given, who were asked one after the other.
#[test]
fn of_two_causes_the_first_is_told() {
    let asks = || {
        about_one("the desk", json!("nothing"), |state: &Value, message: &Message| {
            let kind = message.name();
            let early = kind == "Answer" && state == "nothing" || state == "early";
            let next = if early { "early" } else { "asked" };
            let said = match kind {
                "First" => vec![json!({ "AskAnn": { "about": "it" } })],
                "Second" => vec![json!({ "AskBob": { "about": "it" } })],
                _ => Vec::new(),
            };
            (json!(next), said)
        })
    };
    let record = Record {
        sent: vec![("desk", named("First", "it")), ("desk", named("Second", "it"))],
        published: vec![
            ("bob", named("Answer", "it")),
            ("ann", named("Answer", "it")),
            ("desk", named("AskAnn", "it")),
            ("desk", named("AskBob", "it")),
        ],
        shown: vec![vec![("the desk", json!("early"))], vec![], vec![]],
    };
    let system = System::of(endpoint("desk", &["First", "Second", "Answer"])).judged_by(asks());
    let system = system.and(endpoint("ann", &["AskAnn"])).judged_by(relay(&[("AskAnn", "Answer")]));
    let system = system.and(endpoint("bob", &["AskBob"])).judged_by(relay(&[("AskBob", "Answer")]));
    assert_eq!(
        reason(&record.verdict(&system)),
        "no order of First(it), Second(it), Answer(it), AskAnn(it) and AskBob(it) explains \"early\", null and null, \
         unless Answer(it) was processed before First(it), which caused it"
    );
}

/// Nobody has said it but whoever heard it.
#[test]
fn what_only_it_has_caused_itself_was_never_caused() {
    let echo = || relay(&[("Echo", "Echo")]);
    let record = |echoes: &[&str]| Record {
        sent: Vec::new(),
        published: echoes.iter().map(|about| ("hall", named("Echo", about))).collect(),
        shown: vec![vec![]],
    };
    let system = || System::of(endpoint("hall", &["Echo"])).judged_by(echo());
    assert_eq!(
        reason(&record(&["oh"]).verdict(&system())),
        "no order of Echo(oh) explains null, unless Echo(oh) was there before anything had caused it"
    );
    assert_eq!(
        reason(&record(&["oh", "ho", "hi"]).verdict(&system())),
        "no order of Echo(oh), Echo(ho) and Echo(hi) explains null, unless Echo(oh) was there before anything had \
         caused it, and so were 2 other messages"
    );
    // Two that are called the same, of which each has caused the other, are told once.
    let mut two = record(&["oh", "oh"]);
    two.published[1].1.id = MessageId::named("again");
    assert_eq!(
        reason(&two.verdict(&system())),
        "no order of Echo(oh) explains null, unless Echo(oh) was processed before Echo(oh), which caused it"
    );
}

/// Nobody waits for an answer that takes for ever.
#[test]
fn too_many_orders_are_a_sentence() {
    let counts = || {
        about_one("the desk", json!(""), |state: &Value, message: &Message| {
            let told = format!("{}{}", state.as_str().unwrap_or_default(), about(message));
            let said = if message.name() == "Say" {
                vec![json!({ "Said": { "about": about(message) } })]
            } else {
                vec![]
            };
            (json!(told), said)
        })
    };
    let whom = ["a", "b", "c", "d", "e", "f"];
    let record = Record {
        sent: whom.map(|about| ("desk", named("Say", about))).to_vec(),
        published: whom.map(|about| ("desk", named("Said", about))).to_vec(),
        shown: vec![vec![("the desk", json!("no order leads to this"))]],
    };
    let system = System::of(endpoint("desk", &["Say", "Said"])).judged_by(counts());
    let verdict = record.verdict(&system);
    assert!(
        matches!(verdict, Verdict::Inconclusive(Inconclusive::TooManyOrders { messages: 12 })),
        "{verdict:?}"
    );
}
