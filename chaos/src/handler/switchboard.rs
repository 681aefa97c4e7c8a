//! The simulated ports: every call waits until the engine answers it.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Poll, Waker};
use std::time::Duration;

use async_trait::async_trait;
use ports::outside::{LogClient, NoAnswer, ServiceClient, StreamClient, Wire};
use ports::{
    Clock, ClockError, Deadline, Document, DocumentStore, Endpoint, Etag, EventStore, Message, NewEvent,
    Ports, Precondition, PublishError, Publisher, RecordedEvent, Service, StoreError, SubjectStream,
};

use super::call::{Answer, RawCall};

/// One call on its way to the world and back.
struct Slot {
    call: RawCall,
    answer: Option<Answer>,
    /// Whoever awaits the call right now.
    waker: Option<Waker>,
}

/// The calls of one delivery, in the order in which they were made.
#[derive(Clone, Default)]
pub(crate) struct Switchboard(Arc<Mutex<Slots>>);

#[derive(Default)]
struct Slots {
    all: Vec<Slot>,
    /// Those that wait, so that a long delivery need not look at all of them.
    waiting: Vec<usize>,
    /// Those that nobody waits for any more, though no answer has come.
    dropped: Vec<usize>,
}

impl Switchboard {
    fn slots(&self) -> MutexGuard<'_, Slots> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// The calls that wait for an answer, ordered by content, each with the
    /// line to answer it on.
    pub(crate) fn waiting(&self) -> Vec<(RawCall, usize)> {
        let slots = self.slots();
        let mut waiting: Vec<_> =
            slots.waiting.iter().map(|&line| (slots.all[line].call.clone(), line)).collect();
        waiting.sort();
        waiting
    }

    /// The calls that were given up since this was asked last, ordered by content:
    /// made at any time, and also those that were made and given up within one
    /// poll.
    pub(super) fn take_dropped(&self) -> Vec<RawCall> {
        let mut slots = self.slots();
        let lines = std::mem::take(&mut slots.dropped);
        let mut dropped: Vec<_> = lines.into_iter().map(|line| slots.all[line].call.clone()).collect();
        dropped.sort();
        dropped
    }

    /// Answers the call on this line and wakes whoever awaits it.
    pub(crate) fn answer(&self, line: usize, answer: Answer) {
        let waker = {
            let mut slots = self.slots();
            slots.waiting.retain(|&waiting| waiting != line);
            let slot = &mut slots.all[line];
            slot.answer = Some(answer);
            slot.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// The ports of an endpoint whose calls go to this switchboard.
    pub(crate) fn ports(&self, endpoint: &Endpoint) -> Ports {
        let stores = endpoint.stores();
        let outside = |number: u8| SimulatedOutside { switchboard: self.clone(), number };
        let first_stream = 1 + stores.len() as u8;
        let first_service = first_stream + endpoint.streams().len() as u8;
        let first_own = first_service + endpoint.services().len() as u8;
        let store = |number: u8| Arc::new(SimulatedStore { switchboard: self.clone(), number });
        Ports {
            events: store(0),
            documents: store(0),
            publisher: store(0),
            clock: Arc::new(SimulatedClock { switchboard: self.clone() }),
            stores: (1..)
                .zip(stores)
                .map(|(number, name)| (name.clone(), store(number) as Arc<dyn DocumentStore>))
                .collect(),
            log: Arc::new(LogClient(outside(0))),
            streams: (first_stream..)
                .zip(endpoint.streams())
                .map(|(number, name)| {
                    (name.clone(), Arc::new(StreamClient(outside(number))) as Arc<dyn SubjectStream>)
                })
                .collect(),
            services: (first_service..)
                .zip(endpoint.services())
                .map(|(number, name)| {
                    (name.clone(), Arc::new(ServiceClient(outside(number))) as Arc<dyn Service>)
                })
                .collect(),
            outsides: (first_own..)
                .zip(endpoint.outsides())
                .map(|(number, (name, _))| (name.clone(), Arc::new(outside(number)) as Arc<dyn Wire>))
                .collect(),
        }
    }

    /// A call, made when it is first polled.
    fn call(&self, call: RawCall) -> PendingCall {
        PendingCall { switchboard: self.clone(), call: Some(call), line: None }
    }
}

/// Waits for the answer to one call.
struct PendingCall {
    switchboard: Switchboard,
    call: Option<RawCall>,
    line: Option<usize>,
}

impl Future for PendingCall {
    type Output = Answer;

    fn poll(mut self: Pin<&mut Self>, context: &mut std::task::Context<'_>) -> Poll<Answer> {
        if let Some(call) = self.call.take() {
            let mut slots = self.switchboard.slots();
            let line = slots.all.len();
            slots.all.push(Slot { call, answer: None, waker: Some(context.waker().clone()) });
            slots.waiting.push(line);
            drop(slots);
            self.line = Some(line);
            return Poll::Pending;
        }
        let line = self.line.expect("a call that was made has a line");
        let mut slots = self.switchboard.slots();
        let slot = &mut slots.all[line];
        match slot.answer.take() {
            Some(answer) => Poll::Ready(answer),
            None => {
                slot.waker = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }
}

impl Drop for PendingCall {
    fn drop(&mut self) {
        if let Some(line) = self.line {
            let mut slots = self.switchboard.slots();
            let before = slots.waiting.len();
            slots.waiting.retain(|&waiting| waiting != line);
            if slots.waiting.len() < before {
                slots.dropped.push(line);
            }
        }
    }
}

/// A store or publisher of the simulated world.
struct SimulatedStore {
    switchboard: Switchboard,
    /// 0 for the endpoint's main stores, n for its n-th further one.
    number: u8,
}

/// Takes the answer of the kind that the call asked for.
macro_rules! expect {
    ($answer:expr, $kind:ident) => {
        match $answer {
            Answer::$kind(result) => result,
            other => unreachable!("the world answered {other:?}"),
        }
    };
}

/// A way to something outside the simulated process.
struct SimulatedOutside {
    switchboard: Switchboard,
    /// 0 for the endpoint's logs, n for its n-th further store, stream or
    /// service.
    number: u8,
}

/// The clock of the simulated world.
struct SimulatedClock {
    switchboard: Switchboard,
}

#[async_trait]
impl Clock for SimulatedClock {
    async fn deadline_in(&self, time: Duration) -> Result<Deadline, ClockError> {
        expect!(self.switchboard.call(RawCall::SetDeadline { time }).await, Deadline)
    }

    async fn has_passed(&self, deadline: &Deadline) -> Result<bool, ClockError> {
        let call = RawCall::HasPassed { deadline: deadline.0.clone() };
        expect!(self.switchboard.call(call).await, Passed)
    }
}

#[async_trait]
impl Wire for SimulatedOutside {
    async fn ask(&self, key: &str, request: Vec<u8>, writes: bool) -> Result<Vec<u8>, NoAnswer> {
        let call = RawCall::Ask { place: self.number, key: key.to_owned(), request, writes };
        expect!(self.switchboard.call(call).await, Answered)
    }
}

#[async_trait]
impl EventStore for SimulatedStore {
    async fn read(&self, stream: &str) -> Result<Vec<RecordedEvent>, StoreError> {
        let call = RawCall::ReadStream { stream: stream.to_owned() };
        expect!(self.switchboard.call(call).await, Events)
    }

    async fn append(&self, stream: &str, expected: u64, events: Vec<NewEvent>) -> Result<u64, StoreError> {
        let events = events
            .iter()
            .map(|event| serde_json::to_vec(event).expect("an event is an id and a JSON value"))
            .collect();
        let call = RawCall::Append { stream: stream.to_owned(), expected, events };
        expect!(self.switchboard.call(call).await, Appended)
    }
}

#[async_trait]
impl DocumentStore for SimulatedStore {
    async fn get(&self, key: &str) -> Result<Option<Document>, StoreError> {
        let call = RawCall::Get { store: self.number, key: key.to_owned() };
        expect!(self.switchboard.call(call).await, Document)
    }

    async fn put(&self, key: &str, body: Vec<u8>, condition: Precondition) -> Result<Etag, StoreError> {
        let call =
            RawCall::Put { store: self.number, key: key.to_owned(), body, condition, time_to_live: None };
        expect!(self.switchboard.call(call).await, Stored)
    }

    async fn put_expiring(
        &self,
        key: &str,
        body: Vec<u8>,
        condition: Precondition,
        time_to_live: Duration,
    ) -> Result<Etag, StoreError> {
        let time_to_live = Some(time_to_live);
        let call = RawCall::Put { store: self.number, key: key.to_owned(), body, condition, time_to_live };
        expect!(self.switchboard.call(call).await, Stored)
    }

    async fn delete(&self, key: &str, condition: Precondition) -> Result<(), StoreError> {
        let call = RawCall::Delete { store: self.number, key: key.to_owned(), condition };
        expect!(self.switchboard.call(call).await, Deleted)
    }
}

#[async_trait]
impl Publisher for SimulatedStore {
    async fn publish(&self, message: Message) -> Result<(), PublishError> {
        let message = serde_json::to_vec(&message).expect("a message is an id and a JSON value");
        expect!(self.switchboard.call(RawCall::Publish { message }).await, Published)
    }
}
