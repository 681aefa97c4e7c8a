//! What messages lead to, one after the other in the order in which they were sent.
//!
//! Hundreds of messages have too many orders for a judge. But where nothing went
//! wrong, and one worker was busy at a time, there is only one to ask for.

use ports::Message;
use ports::words;
use serde_json::Value;

use super::under_test::System;
use crate::guarantee::lots;

impl System {
    /// What is wrong, in words, with what the first endpoint shows of an aggregate and
    /// with what was published about it, after these messages have been processed in
    /// this order, each once. Nothing if all is right, if nobody judges the endpoint,
    /// if its law leaves it a choice, and where an id that may be drawn by lot comes in
    /// and is shown or published: nobody asks here which of the law's draws it is.
    #[must_use]
    pub fn unlike_in_turn(
        &self,
        aggregate: &str,
        sent: &[Message],
        state: &Value,
        published: &[Message],
    ) -> Option<String> {
        let law = self.specifications.first()?.as_deref()?;
        let about = |message: &&Message| law.aggregate(message) == aggregate;
        let brought = sent.iter().filter(about).map(|message| &message.body);
        let put_out = published.iter().map(|message| &message.body).chain([state]);
        if law.drawing().is_some_and(|law| lots::meet(law, brought, put_out)) {
            return None;
        }
        let (mut expected, mut outputs) = (law.opening(aggregate), Vec::new());
        for message in sent.iter().filter(about) {
            let mut possible = law.process(&expected, message);
            let (next, said) = possible.pop().filter(|_| possible.is_empty())?;
            expected = next;
            outputs.extend(said.iter().map(|output| law.content(output)));
        }
        let told: Vec<Value> =
            published.iter().filter(about).map(|message| law.content(&message.body)).collect();
        if told.len() < outputs.len() {
            let (told, missing) = (told.len() as u128, (outputs.len() - told.len()) as u128);
            return Some(format!(
                "{} of {aggregate} should have been published, and {} missing: a message that was taken for a \
                 copy of another one gets no answer",
                words::count(told + missing, "message"),
                if missing == 1 { "one is".to_owned() } else { format!("{missing} are") }
            ));
        }
        let state = law.state(state);
        (state != expected).then(|| {
            format!("{aggregate} should be {}, and is {}", law.describe(&expected), law.describe(&state))
        })
    }
}
