//! A table is held for a quarter of an hour. Who confirms in time has it; if nobody does, it
//! is free again. The end of the hold is a message for later, and confirming calls it off.

use chaos::{Explore, Fault, Law, Property, System, explore};
use ports::later::{self, CallOff, Later};
use ports::{Chance, Context, Endpoint, Message, MessageId, Ports, StateMachine};
use serde::{Deserialize, Serialize};

use crate::runner::{as_at_work, view, with_an_outbox};

#[derive(Clone, Serialize, Deserialize)]
enum Wish {
    Hold { table: String },
    Confirm { table: String },
    HoldIsOver { table: String, hold: u32 },
}

#[derive(Serialize)]
enum Answer {
    Held { table: String },
    Confirmed { table: String },
    Freed { table: String },
    Refused { table: String },
    Later(Later),
    CallOff(CallOff),
}

#[derive(Default, Serialize, Deserialize)]
struct Table {
    /// How often it was held: each hold has its own end.
    holds: u32,
    is: Is,
}

#[derive(Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
enum Is {
    #[default]
    Free,
    Held,
    Taken,
}

struct Tables;

/// Believes that what was called off does not come.
struct Trusting;

fn end_of(hold: u32, table: &str) -> String {
    format!("hold {hold} of {table}")
}

impl StateMachine for Tables {
    type Input = Wish;
    type State = Table;
    type Output = Answer;

    fn aggregate(wish: &Wish) -> &str {
        match wish {
            Wish::Hold { table } | Wish::Confirm { table } | Wish::HoldIsOver { table, .. } => table,
        }
    }

    fn react(state: &mut Table, wish: &Wish, _: &Chance<'_>) -> Vec<Answer> {
        match wish.clone() {
            Wish::Hold { table } if state.is == Is::Free => {
                *state = Table { holds: state.holds + 1, is: Is::Held };
                let (name, hold) = (end_of(state.holds, &table), state.holds);
                let over = Wish::HoldIsOver { table: table.clone(), hold };
                let quarter = std::time::Duration::from_secs(15 * 60);
                vec![Answer::Held { table }, Answer::Later(Later::new(name, quarter, &over))]
            }
            Wish::Confirm { table } if state.is == Is::Held => {
                state.is = Is::Taken;
                let name = end_of(state.holds, &table);
                vec![Answer::Confirmed { table }, Answer::CallOff(CallOff::new(name))]
            }
            // It may be called off too late. And it may be the end of an earlier hold.
            Wish::HoldIsOver { table, hold } if (state.is, state.holds) == (Is::Held, hold) => {
                state.is = Is::Free;
                vec![Answer::Freed { table }]
            }
            Wish::HoldIsOver { .. } => Vec::new(),
            Wish::Hold { table } | Wish::Confirm { table } => vec![Answer::Refused { table }],
        }
    }
}

impl StateMachine for Trusting {
    type Input = Wish;
    type State = Table;
    type Output = Answer;

    fn aggregate(wish: &Wish) -> &str {
        Tables::aggregate(wish)
    }

    fn react(state: &mut Table, wish: &Wish, chance: &Chance<'_>) -> Vec<Answer> {
        let Wish::HoldIsOver { table, .. } = wish else { return Tables::react(state, wish, chance) };
        state.is = Is::Free;
        vec![Answer::Freed { table: table.clone() }]
    }
}

/// The tables, and who waits for them.
fn system<H>(handler: H) -> System
where
    H: AsyncFn(&Message, &Ports, &Context) -> anyhow::Result<()> + Send + Sync + 'static,
{
    let tables = Endpoint::new("tables", handler).view(view::<Tables>).subscribes_to("HoldIsOver");
    System::of(tables).judged_by(Law::of_machine::<Tables>()).and(later::endpoint()).judged_by(later::law())
}

fn sent<const N: usize>(names: [(&str, &str); N]) -> [Message; N] {
    names.map(|(name, table)| {
        let table = table.to_owned();
        let wish = match name {
            "hold" => Wish::Hold { table },
            _ => Wish::Confirm { table },
        };
        Message::new(MessageId::named(name), &wish)
    })
}

fn search<H>(handler: H) -> Explore
where
    H: AsyncFn(&Message, &Ports, &Context) -> anyhow::Result<()> + Send + Sync + 'static,
{
    explore(move || system(handler)).send(sent([("hold", "t4"), ("confirm", "t4")])).workers(1)
}

#[test]
fn with_an_outbox_they_hold_whenever_the_time_is_over() {
    let report = search(with_an_outbox::<Tables>).faults(1).run();
    report.assert_exactly_once();
    assert!(report.visited.contains(Fault::TimeToLiveExpires), "{report}");
    let again = ["hold", "confirm", "hold again"].map(|name| (name, "t4"));
    explore(|| system(with_an_outbox::<Tables>)).send(sent(again)).workers(1).faults(0).assert_exactly_once();
}

/// Between the confirmation and the calling off it was time. Nothing has failed.
#[test]
fn who_trusts_in_the_calling_off_gives_a_confirmed_table_away() {
    let report = search(with_an_outbox::<Trusting>).faults(0).run();
    let text = report.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(report.violated().is_some(), "{text}");
    for words in ["publishes HoldIsOver(1, t4)", "Confirm(t4) has no effect"] {
        assert!(text.contains(words), "{words:?} is not in: {text}");
    }
}

/// The state is written, the message for later is not sent: the table is held for ever.
#[test]
fn as_at_work_a_table_is_held_for_ever() {
    let search = || explore(|| system(as_at_work::<Tables>)).send(sent([("hold", "t4")])).workers(1);
    let report = search().faults(1).run();
    let text = report.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(report.violated(), Some(Property::NoLostMessages), "{text}");
    assert!(
        text.contains("Whoever waits for Later(hold 1 of t4, HoldIsOver(1, t4), 900) waits for ever"),
        "{text}"
    );
}
