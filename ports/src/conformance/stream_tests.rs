//! The suite for streams passes what is right, and catches what is broken.

use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use tokio::task::yield_now;

use super::tests::{Pauses, assert_breaks, block_on};
use super::{last_of_filter, retry, rules, subject_stream, window};
use crate::memory::MemoryOutside;
use crate::outside::{CheckFirst, StreamClient, StreamModel, subject_matches};
use crate::ports::check_filter;
use crate::{Expected, Publication, PublishAck, StreamError, StreamMessage, SubjectStream};

const BOTH: [CheckFirst; 2] = [CheckFirst::MessageId, CheckFirst::Expectation];
const WINDOW: Duration = Duration::from_secs(120);

#[test]
fn the_stream_in_memory_conforms_again_and_again() {
    for check_first in BOTH {
        let outside =
            MemoryOutside::new(StreamModel { check_first, window: WINDOW, ..StreamModel::default() });
        let stream = StreamClient(outside.clone());
        block_on(async {
            for prefix in ["run-1", "run-2"] {
                subject_stream(&stream, prefix).await;
                last_of_filter(&stream, prefix).await;
                retry(&stream, prefix, check_first).await;
                window(&stream, prefix, WINDOW, async |by| outside.advance(by)).await;
            }
        });
    }
}

#[test]
fn no_interleaving_of_calls_breaks_a_correct_stream() {
    for seed in 0..200 {
        block_on(async {
            let stream = Stream { pauses: Pauses::seeded(seed), ..Stream::default() };
            subject_stream(&stream, "p").await;
            last_of_filter(&stream, "p").await;
            retry(&stream, "p", CheckFirst::MessageId).await;
            window(&stream, "p", WINDOW, async |by| stream.advance(by)).await;
        });
    }
}

#[test]
fn a_broken_stream_is_caught_by_the_rule_it_breaks() {
    use Fault as F;
    for (fault, rule) in [
        (F::NumbersPerSubject, rules::NUMBERED_THROUGH_THE_STREAM),
        (F::SkipsNumbers, rules::NUMBERED_THROUGH_THE_STREAM),
        (F::NewestFirst, rules::READ_BY_FILTER),
        (F::ReadsLag, rules::READ_BY_FILTER),
        (F::ForgetsTheId, rules::READ_BY_FILTER),
        (F::LossyText, rules::READ_BY_FILTER),
        (F::IgnoresCase, rules::READ_BY_FILTER),
        (F::StarIsAnyNumber, rules::READ_BY_FILTER),
        (F::RestMayBeNothing, rules::READ_BY_FILTER),
        (F::DeduplicatesByContent, rules::WITHOUT_EXPECTATION_IS_STORED),
        (F::IdsIgnoreCase, rules::WITHOUT_EXPECTATION_IS_STORED),
        (F::IgnoresIds, rules::ID_IS_RECOGNISED),
        (F::IdsPerSubject, rules::ID_IS_RECOGNISED),
        (F::SaysNotThatItIsADuplicate, rules::ID_IS_RECOGNISED),
        (F::DuplicateIsTheLast, rules::ID_IS_RECOGNISED),
        (F::StoresAndRefuses, rules::REFUSED_PUBLISH_STORES_NOTHING),
        (F::RemembersRefusedIds, rules::REFUSED_ID_STAYS_UNKNOWN),
        (F::IgnoresLastOfStream, rules::LAST_OF_STREAM_IS_EXPECTED),
        (F::IgnoresLastOfSubject, rules::LAST_OF_SUBJECT_IS_EXPECTED),
        (F::ExpectsPlaceInSubject, rules::ACTUAL_IS_TOLD),
        (F::ExpectsAtMost, rules::LAST_OF_STREAM_IS_EXPECTED),
        (F::TellsWhatWasExpected, rules::ACTUAL_IS_TOLD),
        (F::TellsTheLastOfAll, rules::ACTUAL_IS_TOLD),
        (F::TakesNonsense, rules::NONSENSE_IS_REFUSED),
        (F::ChecksThenWrites, rules::ONE_PUBLISH_WINS),
        (F::InventsRefusals, rules::REFUSALS_ARE_TRUE),
        (F::AcknowledgesLosers, rules::NO_PUBLISH_IS_LOST),
    ] {
        let stream = Stream { fault: Some(fault), ..Stream::default() };
        assert_breaks(subject_stream(&stream, "p"), rule, fault);
    }
}

#[test]
fn a_broken_expectation_of_filters_is_caught() {
    for fault in [Fault::IgnoresTheFilter, Fault::NoWildcardsInExpectations, Fault::FilterMustMatchItself] {
        let stream = Stream { fault: Some(fault), ..Stream::default() };
        // Nothing but filters is broken.
        block_on(subject_stream(&stream, "q"));
        assert_breaks(last_of_filter(&stream, "p"), rules::LAST_OF_FILTER_IS_EXPECTED, fault);
    }
}

#[test]
fn the_other_answer_to_a_retry_is_noticed() {
    for (checks, expected, rule) in [
        (CheckFirst::MessageId, CheckFirst::Expectation, rules::RETRY_IS_REFUSED),
        (CheckFirst::Expectation, CheckFirst::MessageId, rules::RETRY_IS_DUPLICATE),
    ] {
        let outside =
            MemoryOutside::new(StreamModel { check_first: checks, window: WINDOW, ..StreamModel::default() });
        let stream = StreamClient(outside);
        assert_breaks(async move { retry(&stream, "p", expected).await }, rule, checks);
    }
}

#[test]
fn a_broken_window_is_caught_by_the_rule_it_breaks() {
    use Fault as F;
    for (fault, rule) in [
        (F::NeverForgets, rules::ID_IS_FORGOTTEN),
        (F::DuplicateExtendsWindow, rules::ID_IS_FORGOTTEN),
        (F::ForgetsEarly, rules::ID_IS_RECOGNISED),
        (F::ForgetsSoonerTheSecondTime, rules::NEW_WINDOW_BEGINS),
        (F::ExpectationsExpire, rules::EXPECTATION_OUTLIVES_WINDOW),
    ] {
        let stream = Stream { fault: Some(fault), ..Stream::default() };
        assert_breaks(window(&stream, "p", WINDOW, async |by| stream.advance(by)), rule, fault);
    }
}

#[test]
fn the_evidence_is_told() {
    let stream = Stream { fault: Some(Fault::NoWildcardsInExpectations), ..Stream::default() };
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        block_on(last_of_filter(&stream, "p"));
    }));
    let said = *panic.unwrap_err().downcast::<String>().unwrap();
    let last = said.lines().last().unwrap().trim();
    let expected = r#"publish("p.filter.refund.order-1", "d", expecting LastSequenceOf { filter: "p.filter.*.order-1", sequence: 0 }) -> Ok(PublishAck { sequence: 3, duplicate: false })"#;
    assert_eq!(last, expected);
}

/// A stream in memory with a fault. Not the model: two who say the same are
/// better evidence than one.
#[derive(Default)]
struct Stream {
    fault: Option<Fault>,
    pauses: Pauses,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    messages: Vec<StreamMessage>,
    ids: Vec<Known>,
    now: Duration,
    /// The last message, as long as a read may lag.
    hidden: usize,
}

struct Known {
    id: String,
    subject: String,
    sequence: u64,
    until: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    NumbersPerSubject,
    SkipsNumbers,
    NewestFirst,
    ReadsLag,
    ForgetsTheId,
    LossyText,
    IgnoresCase,
    StarIsAnyNumber,
    RestMayBeNothing,
    DeduplicatesByContent,
    IdsIgnoreCase,
    IgnoresIds,
    IdsPerSubject,
    SaysNotThatItIsADuplicate,
    DuplicateIsTheLast,
    StoresAndRefuses,
    RemembersRefusedIds,
    IgnoresLastOfStream,
    IgnoresLastOfSubject,
    ExpectsPlaceInSubject,
    ExpectsAtMost,
    TellsWhatWasExpected,
    TellsTheLastOfAll,
    TakesNonsense,
    ChecksThenWrites,
    InventsRefusals,
    AcknowledgesLosers,
    IgnoresTheFilter,
    NoWildcardsInExpectations,
    FilterMustMatchItself,
    NeverForgets,
    DuplicateExtendsWindow,
    ForgetsEarly,
    ForgetsSoonerTheSecondTime,
    ExpectationsExpire,
}

impl Stream {
    fn has(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }

    fn advance(&self, by: Duration) {
        self.state.lock().unwrap().now += by;
    }

    fn matches(&self, filter: &str, subject: &str) -> bool {
        match self.fault {
            Some(Fault::IgnoresCase) => subject_matches(&filter.to_lowercase(), &subject.to_lowercase()),
            Some(Fault::StarIsAnyNumber) => {
                subject_matches(filter, subject)
                    || filter.ends_with('*') && {
                        subject_matches(&format!("{}>", filter.trim_end_matches('*')), subject)
                    }
            }
            Some(Fault::RestMayBeNothing) => {
                subject_matches(filter, subject) || filter.strip_suffix(".>") == Some(subject)
            }
            _ => subject_matches(filter, subject),
        }
    }

    /// What is expected, and what is.
    fn expectation(&self, state: &State, publication: &Publication) -> Option<(u64, u64)> {
        use Fault as F;
        let last = |filter: &str| {
            let mut matching =
                state.messages.iter().filter(|message| subject_matches(filter, &message.subject));
            match self.has(F::ExpectsPlaceInSubject) && filter != ">" {
                true => matching.count() as u64,
                false => matching.next_back().map_or(0, |message| message.sequence),
            }
        };
        let subject = &publication.subject;
        Some(match publication.expected.as_ref()? {
            _ if self.has(F::ExpectationsExpire) && state.now > WINDOW => return None,
            Expected::LastSequence(_) if self.has(F::IgnoresLastOfStream) => return None,
            Expected::LastSubjectSequence(_) if self.has(F::IgnoresLastOfSubject) => return None,
            Expected::LastSequence(expected) => (*expected, last(">")),
            Expected::LastSubjectSequence(expected) => (*expected, last(subject)),
            Expected::LastSequenceOf { filter, sequence } => {
                let literally = |filter: &str| {
                    let mut newest_first = state.messages.iter().rev();
                    newest_first
                        .find(|message| message.subject == filter)
                        .map_or(0, |message| message.sequence)
                };
                let actual = match self.fault {
                    Some(F::IgnoresTheFilter) => last(subject),
                    Some(F::NoWildcardsInExpectations) => literally(filter),
                    Some(F::FilterMustMatchItself) if !subject_matches(filter, subject) => u64::MAX,
                    _ => last(filter),
                };
                (*sequence, actual)
            }
        })
    }

    fn duplicate(&self, state: &mut State, publication: &Publication) -> Option<PublishAck> {
        use Fault as F;
        let last = state.messages.last()?.sequence;
        if self.has(F::DeduplicatesByContent) {
            let equal = |message: &&StreamMessage| {
                message.subject == publication.subject && message.body == publication.body
            };
            return state
                .messages
                .iter()
                .find(equal)
                .map(|message| PublishAck { sequence: message.sequence, duplicate: true });
        }
        let id = publication.message_id.as_ref().filter(|_| !self.has(F::IgnoresIds))?;
        let now = state.now;
        let same = |known: &&mut Known| match self.fault {
            Some(F::IdsIgnoreCase) => known.id.eq_ignore_ascii_case(id),
            Some(F::IdsPerSubject) => known.id == *id && known.subject == publication.subject,
            Some(F::NeverForgets) => known.id == *id,
            _ => known.id == *id && known.until > now,
        };
        let known = state.ids.iter_mut().rev().find(same)?;
        if self.has(F::DuplicateExtendsWindow) {
            known.until = now + WINDOW;
        }
        let sequence = if self.has(F::DuplicateIsTheLast) { last } else { known.sequence };
        Some(PublishAck { sequence, duplicate: !self.has(F::SaysNotThatItIsADuplicate) })
    }

    fn store(&self, state: &mut State, publication: Publication) -> u64 {
        use Fault as F;
        let Publication { subject, mut body, message_id, .. } = publication;
        let sequence = match self.fault {
            Some(F::NumbersPerSubject) => {
                state.messages.iter().filter(|message| message.subject == subject).count() as u64 + 1
            }
            Some(F::SkipsNumbers) => 2 * state.messages.len() as u64 + 1,
            _ => state.messages.len() as u64 + 1,
        };
        self.remember(state, message_id.clone(), &subject, sequence);
        if self.has(F::LossyText) {
            body = String::from_utf8_lossy(&body).into_owned().into_bytes();
        }
        let message_id = message_id.filter(|_| !self.has(F::ForgetsTheId));
        state.messages.push(StreamMessage { sequence, subject, body, message_id });
        state.hidden = 1;
        sequence
    }

    fn remember(&self, state: &mut State, id: Option<String>, subject: &str, sequence: u64) {
        let Some(id) = id else { return };
        let again = state.ids.iter().any(|known| known.id == id);
        let window = match self.fault {
            Some(Fault::ForgetsEarly) => WINDOW / 4,
            Some(Fault::ForgetsSoonerTheSecondTime) if again => WINDOW / 4,
            _ => WINDOW,
        };
        state.ids.push(Known { id, subject: subject.to_owned(), sequence, until: state.now + window });
    }

    async fn try_publish(&self, publication: Publication) -> Result<PublishAck, StreamError> {
        use Fault as F;
        if !self.has(F::TakesNonsense) {
            publication.check()?;
        }
        if self.has(F::AcknowledgesLosers) {
            yield_now().await;
        }
        // Only under contention: a stream that always did would not get far.
        let contended = publication.subject.ends_with("contention.order");
        let refused = {
            let mut state = self.state.lock().unwrap();
            if let Some(duplicate) = self.duplicate(&mut state, &publication) {
                return Ok(duplicate);
            }
            let expectation = self.expectation(&state, &publication);
            expectation.filter(|(expected, actual)| match self.has(F::ExpectsAtMost) {
                true => expected > actual,
                false => expected != actual,
            })
        };
        if self.has(F::ChecksThenWrites) {
            yield_now().await;
        }
        let mut state = self.state.lock().unwrap();
        if let Some((expected, mut actual)) = refused {
            if self.has(F::StoresAndRefuses) {
                self.store(&mut state, publication);
            } else if self.has(F::RemembersRefusedIds) {
                self.remember(&mut state, publication.message_id, &publication.subject, actual);
            } else if self.has(F::AcknowledgesLosers) && contended {
                return Ok(PublishAck { sequence: state.messages.len() as u64 + 1, duplicate: false });
            } else if self.has(F::TellsWhatWasExpected) {
                actual = expected;
            } else if self.has(F::TellsTheLastOfAll) {
                actual = state.messages.len() as u64;
            }
            return Err(StreamError::WrongLastSequence { actual });
        }
        if self.has(F::InventsRefusals) && contended {
            return Err(StreamError::WrongLastSequence { actual: u64::MAX });
        }
        let sequence = self.store(&mut state, publication);
        Ok(PublishAck { sequence, duplicate: false })
    }
}

#[async_trait]
impl SubjectStream for Stream {
    async fn publish(&self, publication: Publication) -> Result<PublishAck, StreamError> {
        self.pauses.pause().await;
        let reply = self.try_publish(publication).await;
        self.pauses.pause().await;
        reply
    }

    async fn read(&self, filter: &str) -> Result<Vec<StreamMessage>, StreamError> {
        if !self.has(Fault::TakesNonsense) {
            check_filter(filter)?;
        }
        self.pauses.pause().await;
        let read = {
            let mut state = self.state.lock().unwrap();
            let hidden = if self.has(Fault::ReadsLag) { std::mem::take(&mut state.hidden) } else { 0 };
            let shown = &state.messages[..state.messages.len() - hidden];
            let mut read: Vec<_> =
                shown.iter().filter(|message| self.matches(filter, &message.subject)).cloned().collect();
            if self.has(Fault::NewestFirst) {
                read.reverse();
            }
            read
        };
        self.pauses.pause().await;
        Ok(read)
    }
}
