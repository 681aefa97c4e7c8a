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
        // Step 1. The business, and only that. Most of it is written already:
        // which function of src/handler_of_04.rs has no `await` and no `?` in
        // it, and sees no document? (An order needs no luck: `chance` is for
        // other machines.)
        _ = (order, command, chance);
        todo!("step 1: move what an order does into the machine")
    }
}

// Step 2. The document of one aggregate, of any machine. What in the
// `OrderDocument` of 04 was the machine's, and what was the runner's? Only the
// type of the one depends on the machine.

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
        // Step 3. Transact, dispatch, clean up, as in 04, for a machine of
        // which you know only what the trait says: that `M::aggregate` names
        // the key and `M::react` does the thinking.
        //
        // The machine may draw lots: `Chance::new(&|| context.new_id())` lends
        // it the means. And it may have nothing to say: `react` of 04 always
        // announced something, this one need not. Follow a message without
        // outputs, and then its copy, through your lines.
        _ = (message, ports, context);
        todo!("step 3: process a message of any machine")
    }

    /// The state of one aggregate, at rest.
    ///
    /// # Errors
    ///
    /// When the document is none of ours.
    pub fn view(snapshot: &Snapshot, aggregate: &str) -> anyhow::Result<M::State> {
        // Step 4. The state out of the document of step 2. An aggregate that no
        // message has reached yet has no document, but it has a state.
        _ = (snapshot, aggregate);
        todo!("step 4: read the state of any machine")
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
    // Step 5. Let the runner run them, here and in `view` below; then delete
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
