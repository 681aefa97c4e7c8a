//! Stretch: no token is left behind.
//!
//! An attempt that comes to nothing leaves the tokens of its outputs in the
//! store, and nobody knows of them: their names died with the worker. So make
//! the names known before there is anything to name.
//!
//! The tests are `s30` to `s33`:
//! `cargo test -p ex09-tokens -- --ignored s3`

use shared::loyalty::Loyalty;
use shared::order::Orders;
use shared::{Context, Endpoint, Message, Ports, StateMachine};

use super::{StateMachineRunner, TOKENS};

/// Processes one copy of one message, as in the main exercise.
///
/// # Errors
///
/// As in the main exercise, and when another attempt has registered in between.
pub async fn process<M: StateMachine>(
    message: &Message,
    ports: &Ports,
    context: &Context,
) -> anyhow::Result<()> {
    // Delete this line when you start with a copy of your `process`.
    _ = (message, ports, context);

    // Stretch a. Every attempt has a document that it reads anyway: the token of
    // its message, and it is empty. Write into it, on condition that it is as
    // you read it, which tokens you are about to create. Then create them. Keep
    // what other attempts have registered.

    // Stretch b. When the message is done, its token holds the ids of all
    // attempts. Some of them are those that were sent. The others go, and only
    // then the token itself. On which condition, and what for?

    // Stretch c. An attempt that is told of a conflict when it commits knows
    // something that no other error tells it. What may it do about its tokens?

    todo!("stretch: register the tokens of an attempt before it creates them")
}

fn endpoint_of<M: StateMachine>(name: &str) -> Endpoint {
    Endpoint::new(name, process::<M>).view(StateMachineRunner::<M>::view).with_shared_store(TOKENS)
}

/// The orders, which tidy up after themselves.
#[must_use]
pub fn orders() -> Endpoint {
    endpoint_of::<Orders>("orders").subscribes_to("AddItem").subscribes_to("RemoveItem")
}

/// The loyalty programme, which does the same.
#[must_use]
pub fn loyalty() -> Endpoint {
    let endpoint = endpoint_of::<Loyalty>("loyalty");
    Loyalty::LISTENS_TO.into_iter().fold(endpoint, Endpoint::subscribes_to)
}
