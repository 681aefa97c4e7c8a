//! What can be run: solutions, the mistakes that are kept beside them, and the reader's own
//! answers.

use std::sync::Arc;

use anyhow::{anyhow, bail};
use chaos::{Specification, specifications};
use ports::{Endpoint, Message, Snapshot};
use serde::{Deserialize, Serialize};

use crate::live::kept::{ex06, ex09};
use crate::live::mine;

/// Whose answer to an exercise it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Whose {
    /// That of `solutions/`.
    Ours,
    /// A mistake, by its name.
    Mistake(String),
    /// That of `exercises/`.
    Readers,
}

/// Endpoints, what they should do, and what must be there before a message is sent.
pub struct System {
    /// The first one gets what is sent.
    pub endpoints: Vec<(Endpoint, Arc<dyn Specification>)>,
    /// What the sender puts into a store that all share, under which key, before it
    /// sends a message: tokens.
    pub before_sending: Option<(&'static str, KeyOf)>,
    /// What may be at most how much in the stores of each endpoint, at rest.
    pub bound: Option<Bound>,
}

/// Under which key something is stored for a message.
pub type KeyOf = fn(&Message) -> String;

/// What is measured in the stores of an endpoint, and how much it may be.
pub struct Bound {
    /// In words.
    pub what: &'static str,
    /// How it is measured.
    pub measure: fn(&Snapshot) -> usize,
    /// How much it may be.
    pub at_most: usize,
}

/// How to make an endpoint.
pub type Make = fn() -> Endpoint;

/// The system of an exercise, with somebody's answer to it.
pub fn system(exercise: &str, whose: &Whose) -> anyhow::Result<System> {
    let number = exercise.trim_start_matches("ex").trim_start_matches('0');
    let (solution, mistakes): ([Make; 2], &[(&str, [Make; 2])]) = match number {
        "6" => ([ex06_inbox::orders, ex06_inbox::loyalty], MISTAKES_06),
        "9" => ([ex09_tokens::orders, ex09_tokens::loyalty], MISTAKES_09),
        _ => bail!("{exercise} does not run live: 06 and 09 do"),
    };
    let [orders, loyalty] = match whose {
        Whose::Ours => solution,
        Whose::Readers => mine::endpoints(number)?,
        Whose::Mistake(name) => {
            let known = mistakes.iter().find(|(known, _)| *known == name.replace('-', "_"));
            known.map(|(_, made)| *made).ok_or_else(|| {
                let names: Vec<_> = mistakes.iter().map(|(name, _)| format!("  {name}")).collect();
                anyhow!("the mistakes of {exercise} that can be run live are\n{}", names.join("\n"))
            })?
        }
    };
    let tokens = number == "9";
    Ok(System {
        endpoints: vec![
            (orders(), Arc::new(specifications::orders_with_welcome())),
            (loyalty(), Arc::new(specifications::loyalty())),
        ],
        before_sending: tokens.then_some((ex09_tokens::TOKENS, |message| message.id.to_string())),
        bound: (!tokens).then_some(Bound {
            what: "the number of message ids in the state documents",
            measure: |snapshot| snapshot.documents().map(|(_, body)| ids_in(body)).sum(),
            at_most: 0,
        }),
    })
}

/// How many of the 36 characters in a row have the shape of a UUID.
fn ids_in(body: &[u8]) -> usize {
    let is_id = |text: &&[u8]| {
        text.iter().enumerate().all(|(place, &letter)| match place {
            8 | 13 | 18 | 23 => letter == b'-',
            _ => letter.is_ascii_hexdigit(),
        })
    };
    body.windows(36).filter(is_id).count()
}

/// The mistakes of an exercise that run live, by name.
macro_rules! mistakes {
    ($list:ident of $shelf:ident: $($name:ident,)*) => {
        const $list: &[(&str, [Make; 2])] =
            &[$((stringify!($name), [$shelf::$name::orders, $shelf::$name::loyalty]),)*];
    };
}

mistakes! { MISTAKES_06 of ex06:
    acknowledges_what_it_sees_in_the_inbox,
    asks_for_the_etag_again,
    believes_the_inbox_alone,
    claims_before_it_commits,
    cleans_up_without_a_condition,
    does_not_insist_on_the_mark,
    empties_the_whole_outbox,
    files_the_inbox_by_order,
    keeps_what_says_nothing,
    lets_go_before_it_marks,
    looks_at_both_at_once,
    looks_into_the_inbox_first,
    marks_before_it_sends,
    marks_before_it_sends_and_asks_the_state,
    swallows_the_conflict,
    takes_an_empty_entry_for_none,
}

mistakes! { MISTAKES_09 of ex09:
    cleans_up_before_the_token_goes,
    creates_the_tokens_after_it_sends,
    creates_the_tokens_before_it_sends,
    derives_the_ids_from_the_message,
    looks_at_the_token_before_the_state,
    makes_ids_when_it_sends,
    processes_what_has_no_token,
    removes_its_token_before_it_sends,
    removes_its_token_before_the_commit,
    swallows_the_error_of_a_token,
    takes_its_tokens_back_after_any_error,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_leads_to_two_endpoints() {
        for (exercise, mistakes) in [("06", MISTAKES_06), ("09", MISTAKES_09)] {
            let mistakes = mistakes.iter().map(|(name, _)| Whose::Mistake((*name).to_owned()));
            for whose in [Whose::Ours].into_iter().chain(mistakes) {
                let system = system(exercise, &whose).expect("a system");
                let names: Vec<_> = system.endpoints.iter().map(|(endpoint, _)| endpoint.name()).collect();
                assert_eq!(names, ["orders", "loyalty"]);
            }
        }
    }

    #[test]
    fn who_asks_for_something_else_is_told_what_there_is() {
        let error = |exercise, whose| system(exercise, &whose).err().expect("no such thing").to_string();
        assert!(error("10", Whose::Ours).contains("06 and 09 do"));
        let list = Whose::Mistake("list".to_owned());
        assert!(error("06", list).contains("\n  marks_before_it_sends\n"));
    }
}
