//! Judging a run that somebody else has made, by what was recorded of it.

use std::collections::BTreeSet;

use ports::words::Speaker;
use ports::{Message, Snapshot};
use serde_json::Value;

use super::evidence::{Heard, Part};
use super::judge::{Judge, Judged, found, parts_of};
use super::verdict::{Finding, Inconclusive, Verdict};
use crate::handler::fault::HandlerFault;
use crate::handler::panics::install_panic_hook;
use crate::system::under_test::System;

/// What was recorded of a run that nobody here has made: on a real server, say. It has
/// come to rest.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// What was sent from outside, and to which endpoint. How often does not matter.
    pub sent: Vec<(String, Message)>,
    /// What was published, and by which endpoint. How often does not matter.
    pub published: Vec<(String, Message)>,
    /// What the stores of each endpoint hold, in the order of the endpoints.
    pub snapshots: Vec<Snapshot>,
}

impl System {
    /// What a run of this system comes to that somebody else has made: the judge that
    /// judges the ends of a search, asked about what was recorded.
    ///
    /// Of endpoints that nobody judges it is not known under which messages they
    /// published something, so what comes from them is taken to be there from the
    /// start.
    ///
    /// ```
    /// use chaos::{Law, Property, Recorded, System, Verdict};
    /// use ports::{Endpoint, Message, MessageId, Snapshot};
    ///
    /// let rings = |snapshot: &Snapshot, _: &str| Ok(snapshot.document("bell").map_or(0, <[u8]>::len));
    /// let law = Law::of(|_| "the bell".to_owned(), |rings: &mut usize, _| {
    ///     *rings += 1;
    ///     Vec::<()>::new()
    /// });
    /// let bell = System::of(Endpoint::new("bell", async |_, _, _| Ok(())).view(rings)).judged_by(law);
    /// let ann = Message::new(MessageId::named("ann"), &"Ann");
    /// let judge = |strokes: &str| {
    ///     let mut snapshot = Snapshot::default();
    ///     snapshot.insert_document("bell", strokes.as_bytes().to_vec());
    ///     let sent = vec![("bell".to_owned(), ann.clone())];
    ///     bell.judge(&Recorded { sent, published: Vec::new(), snapshots: vec![snapshot] })
    /// };
    /// assert_eq!(judge("|"), Verdict::Holds);
    /// let Verdict::Violated(finding) = judge("||") else { panic!("she has rung once") };
    /// assert_eq!(finding.property(), Some(Property::NoDuplicatedProcessing));
    /// ```
    ///
    /// # Panics
    ///
    /// When it names an endpoint that there is not, or has not as many snapshots as
    /// there are endpoints.
    #[must_use]
    pub fn judge(&self, recorded: &Recorded) -> Verdict {
        let (snapshots, endpoints) = (recorded.snapshots.len(), self.endpoints.len());
        assert!(snapshots == endpoints, "{snapshots} snapshots of {endpoints} endpoints");
        install_panic_hook();
        if !self.asks_anything() {
            return Verdict::Inconclusive(Inconclusive::NobodyJudges);
        }
        match Judge::new(self.clone()).object_to_record(recorded).err().unwrap_or(Ok(Ok(()))) {
            Ok(Ok(())) => Verdict::Holds,
            Ok(Err(finding)) => Verdict::Violated(finding),
            Err(reason) => Verdict::Inconclusive(reason),
        }
    }
}

impl Judge {
    fn object_to_record(&self, recorded: &Recorded) -> Result<(), Judged> {
        let system = &self.system;
        let each_once = |said: &[(String, Message)]| {
            let mut known: Vec<(usize, Message)> = Vec::new();
            for (endpoint, message) in said {
                let said = (system.endpoint_named(endpoint), message.clone());
                if !known.contains(&said) {
                    known.push(said);
                }
            }
            known
        };
        let speaker = Speaker::of(recorded.sent.iter().map(|(_, message)| message), true);
        let heard = Heard::recorded(system, each_once(&recorded.sent), each_once(&recorded.published));
        let mut parts = parts_of(&heard, &speaker)?;
        for (number, (endpoint, snapshot)) in system.endpoints.iter().zip(&recorded.snapshots).enumerate() {
            if system.specifications[number].is_none() {
                continue;
            }
            let known = parts.iter().filter(|part| part.endpoint == number);
            let known: BTreeSet<String> = known.map(|part| part.aggregate.clone()).collect();
            let listed = endpoint.aggregates(snapshot);
            let listed = listed.map_err(|error| unreadable("the list of aggregates", &error))?;
            let others = listed.into_iter().filter(|aggregate| !known.contains(aggregate));
            parts.extend(others.map(|aggregate| Part::untouched(number, aggregate)));
        }
        let states = parts.iter().map(|part| {
            let (endpoint, snapshot) = (&system.endpoints[part.endpoint], &recorded.snapshots[part.endpoint]);
            let state = endpoint.state_of(snapshot, &part.aggregate);
            state.map_err(|error| unreadable(&part.aggregate, &error))
        });
        let states = states.collect::<Result<Vec<Value>, _>>()?;
        self.hold_against_the_law(&parts, &states, &speaker)?;
        self.measure(&recorded.snapshots)
    }
}

fn unreadable(aggregate: &str, error: &anyhow::Error) -> Judged {
    let (aggregate, reason) = (aggregate.to_owned(), format!("{error:#}"));
    found(Finding::Handler(HandlerFault::UnreadableState { aggregate, reason }))
}
