//! Exercise 05: the state machine runner.
//!
//! Whoever writes the next handler should not have to know any of what exercise
//! 04 was about. So what an order *means* moves into a state machine, which can
//! do nothing but compute, and what happens to its copies, its state and its
//! outputs moves into a runner, which knows nothing of orders. The runner is
//! written once. It is right once.

use std::collections::BTreeMap;
use std::marker::PhantomData;

use serde::{Deserialize, Serialize};
use shared::loyalty::{Loyalty, Membership};
use shared::order::{Command, Order, OrderEvent, decide, first_item, nothing_changed};
use shared::{
    Chance, Context, Document, Endpoint, Message, MessageId, Ports, Precondition, Snapshot, StateMachine,
    StoreError,
};

/// The orders of exercise 04, with everything taken away that is not about
/// orders. There is no `await` left in it, no `?`, and nothing to get wrong
/// but the business.
pub struct Orders;

impl StateMachine for Orders {
    type Input = Command;
    type State = Order;
    type Output = OrderEvent;

    fn aggregate(command: &Command) -> &str {
        command.order_id()
    }

    fn react(order: &mut Order, command: &Command, _: &Chance<'_>) -> Vec<OrderEvent> {
        let mut announcements = Vec::new();
        for event in decide(order, command) {
            announcements.extend(first_item(order, &event));
            order.apply(&event);
            announcements.push(event);
        }
        if announcements.is_empty() {
            announcements.push(nothing_changed(command));
        }
        announcements
    }
}

/// The document of one aggregate: what the machine remembers, and what the
/// runner does. Two owners, and one document all the same, because what belongs
/// to one message must be written in one put.
#[derive(Default, Serialize, Deserialize)]
struct StateDocument<S> {
    /// The business state. The runner never looks into it.
    state: S,
    /// The messages that have been processed, each with those of its outputs
    /// that may not have been sent yet. A message that had nothing to say is in
    /// here like any other: it was processed.
    processed: BTreeMap<MessageId, Vec<Message>>,
}

/// Runs a state machine on the ports of an endpoint.
pub struct StateMachineRunner<M>(PhantomData<M>);

impl<M: StateMachine> StateMachineRunner<M> {
    /// Processes one copy of one message: transact, dispatch, clean up, as in
    /// exercise 04.
    ///
    /// # Errors
    ///
    /// When the store or the broker does not answer, and when another worker
    /// has written to the aggregate in between. The message is delivered again.
    pub async fn process(message: &Message, ports: &Ports, context: &Context) -> anyhow::Result<()> {
        // All that the runner will ever know about the message: whose state it
        // is about, and that the machine understands it.
        let input: M::Input = message.read()?;
        let key = M::aggregate(&input);
        let read = ports.documents.get(key).await?;
        let mut document = Self::parse(read.as_ref())?;
        let mut as_read = Precondition::unchanged_since(read.as_ref());

        if !document.processed.contains_key(&message.id) {
            // The machine may throw as many dice as it likes: whichever attempt
            // the put below lets through is the one that was, and nobody ever
            // hears of the others. Between the get above and the put below
            // nothing is awaited, so an attempt that loses has done nothing.
            let new_id = || context.new_id();
            let outputs = M::react(&mut document.state, &input, &Chance::new(&new_id));
            let outputs = outputs.iter().map(|output| Message::new(context.new_id(), output)).collect();
            document.processed.insert(message.id, outputs);

            // Without any outputs, too: the state may have changed, and the id
            // must be known when a copy comes.
            as_read = Self::save(ports, key, &document, as_read).await?;
        }

        // From here on the machine is not needed. What is sent is what is in
        // the document, be it from just now or from an earlier copy.
        let outbox = document.processed.insert(message.id, Vec::new()).unwrap_or_default();
        if outbox.is_empty() {
            return Ok(());
        }
        for output in outbox {
            ports.publisher.publish(output).await?;
        }
        Self::save(ports, key, &document, as_read).await?;
        Ok(())
    }

    /// The state of one aggregate, at rest.
    ///
    /// # Errors
    ///
    /// When the document is none of ours.
    pub fn view(snapshot: &Snapshot, aggregate: &str) -> anyhow::Result<M::State> {
        Ok(match snapshot.document(aggregate) {
            Some(body) => serde_json::from_slice::<StateDocument<M::State>>(body)?.state,
            None => M::State::default(),
        })
    }

    fn parse(read: Option<&Document>) -> anyhow::Result<StateDocument<M::State>> {
        Ok(match read {
            Some(document) => serde_json::from_slice(&document.body)?,
            // An aggregate that nobody has heard of. What its state is only the
            // machine can say: an empty order, a garage with places free.
            None => StateDocument::default(),
        })
    }

    async fn save(
        ports: &Ports,
        key: &str,
        document: &StateDocument<M::State>,
        as_read: Precondition,
    ) -> Result<Precondition, StoreError> {
        let body = serde_json::to_vec(document).map_err(|error| StoreError::Protocol(error.to_string()))?;
        ports.documents.put(key, body, as_read).await.map(Precondition::IfEtag)
    }
}

/// An endpoint that runs a state machine: its name, which is also that of its
/// queue and its store, and nothing else to decide.
pub fn endpoint_of<M: StateMachine>(name: &str) -> Endpoint {
    Endpoint::new(name, StateMachineRunner::<M>::process).view(StateMachineRunner::<M>::view)
}

/// The orders, run.
#[must_use]
pub fn endpoint() -> Endpoint {
    endpoint_of::<Orders>("orders")
}

/// The orders as the tests of exercise 04 read them.
///
/// # Errors
///
/// When the document is none of ours.
pub fn view(snapshot: &Snapshot, order_id: &str) -> anyhow::Result<Order> {
    StateMachineRunner::<Orders>::view(snapshot, order_id)
}

/// The loyalty programme, run by the very same runner, on what the orders
/// announce.
#[must_use]
pub fn loyalty() -> Endpoint {
    let endpoint = endpoint_of::<Loyalty>("loyalty");
    Loyalty::LISTENS_TO.into_iter().fold(endpoint, Endpoint::subscribes_to)
}

/// A customer's membership, as the tests read it.
///
/// # Errors
///
/// When the document is none of ours.
pub fn membership(snapshot: &Snapshot, order_id: &str) -> anyhow::Result<Membership> {
    StateMachineRunner::<Loyalty>::view(snapshot, order_id)
}
