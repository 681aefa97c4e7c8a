//! Exercise 05: the state machine runner.
//!
//! The handler of exercise 04 is right, and nobody should have to write it
//! twice. So you take it apart. What an order *means* goes into a state
//! machine, which can do nothing but compute. What becomes of copies, states
//! and outputs goes into a runner, which knows nothing of orders.
//!
//! The page, README.md, has the steps; hints.md has hints in three depths.
//! `cargo test -p ex05-state-machine-runner` tells how far you are.

mod handler_of_04;

use std::marker::PhantomData;

use shared::loyalty::{Loyalty, Membership};
use shared::order::{Command, Order, OrderEvent};
use shared::{Chance, Context, Endpoint, Message, Ports, Snapshot, StateMachine};

// What the lines of src/handler_of_04.rs need when they come over here. (Delete
// the `allow` when they have, and whatever is still not used.)
#[allow(unused_imports, reason = "nothing has come over yet")]
use {
    serde::{Deserialize, Serialize},
    shared::order::{decide, first_item, nothing_changed},
    shared::{Document, MessageId, Precondition, StoreError},
    std::collections::{BTreeMap, BTreeSet},
};

/// The orders, and nothing that is not about orders.
pub struct Orders;

impl StateMachine for Orders {
    type Input = Command;
    type State = Order;
    type Output = OrderEvent;

    fn aggregate(command: &Command) -> &str {
        command.order_id()
    }

    fn react(order: &mut Order, command: &Command, chance: &Chance<'_>) -> Vec<OrderEvent> {
        // Step 1. What would still be true if the messages came by post, and
        // the orders were kept on index cards? (An order needs no luck: `chance`
        // is for other machines.)
        _ = (order, command, chance);
        todo!("step 1: move what an order does into the machine")
    }
}

/// Runs a state machine on the ports of an endpoint.
///
/// There is never a value of this type; it is a name for "the runner of an
/// `M`", and `PhantomData` is how Rust lets a type be about another one that it
/// does not contain.
pub struct StateMachineRunner<M>(PhantomData<M>);

impl<M: StateMachine> StateMachineRunner<M> {
    /// Processes one copy of one message.
    ///
    /// # Errors
    ///
    /// Whenever this attempt cannot go on. The message is delivered again.
    pub async fn process(message: &Message, ports: &Ports, context: &Context) -> anyhow::Result<()> {
        // Step 2. Do for any machine what the old handler does for the orders.
        // All that you may know of a machine is what the trait says of it. Does
        // the document of one aggregate look the same for all of them? And which
        // of the old lines would be wrong for a machine that you have not seen?
        //
        // Lending luck takes two lines, since what is lent needs an owner:
        //     let new_id = || context.new_id();
        //     let chance = Chance::new(&new_id);
        _ = (message, ports, context);
        todo!("step 2: process a message of any machine")
    }

    /// The state of one aggregate, at rest.
    ///
    /// # Errors
    ///
    /// When the document is none of ours.
    pub fn view(snapshot: &Snapshot, aggregate: &str) -> anyhow::Result<M::State> {
        // Step 2, the other half. What is the state of an aggregate that no
        // message has reached yet?
        _ = (snapshot, aggregate);
        todo!("step 2: read the state of any machine")
    }
}

/// An endpoint that runs a state machine: its name, which is also that of its
/// queue and its store, and nothing else to decide.
pub fn endpoint_of<M: StateMachine>(name: &str) -> Endpoint {
    Endpoint::new(name, StateMachineRunner::<M>::process).view(StateMachineRunner::<M>::view)
}

/// The orders.
#[must_use]
pub fn endpoint() -> Endpoint {
    // Step 3. Let the runner run them, here and in `view` below; then delete
    // src/handler_of_04.rs. If something is left over, the compiler says so.
    Endpoint::new("orders", handler_of_04::handle).view(view)
}

/// The orders as the tests of exercise 04 read them.
///
/// # Errors
///
/// When the document is none of ours.
pub fn view(snapshot: &Snapshot, order_id: &str) -> anyhow::Result<Order> {
    handler_of_04::view(snapshot, order_id)
}

/// The loyalty programme, run by the very same runner, on what the orders
/// announce. Nothing to do here: the machine was written by a colleague.
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
