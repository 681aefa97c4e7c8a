//! A specification for free: derived from a state machine, or from two functions.

use std::cell::Cell;
use std::collections::BTreeMap;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::lots::{Lots, drawn};
use super::{Drawing, Specification, Symptom};
use crate::{Chance, Message, MessageId, StateMachine, words};

/// A [`Specification`] that nobody had to write by hand.
///
/// A [state machine](StateMachine) *is* the sequential meaning of its messages, so
/// whatever runs one can be judged by it:
///
/// ```
/// use ports::law::{Law, Specification};
/// use ports::{Chance, Message, MessageId, StateMachine};
/// use serde::{Deserialize, Serialize};
/// use serde_json::json;
///
/// struct Seats;
///
/// #[derive(Serialize, Deserialize)]
/// enum Wish { Reserve { seat: String, guest: String } }
///
/// #[derive(Default, Serialize, Deserialize)]
/// struct Seat { taken_by: Option<String> }
///
/// #[derive(Serialize, Deserialize)]
/// enum Answer { Reserved { seat: String, guest: String }, Refused { seat: String, guest: String } }
///
/// impl StateMachine for Seats {
///     type Input = Wish;
///     type State = Seat;
///     type Output = Answer;
///
///     fn aggregate(Wish::Reserve { seat, .. }: &Wish) -> &str { seat }
///
///     fn react(state: &mut Seat, wish: &Wish, _: &Chance<'_>) -> Vec<Answer> {
///         let Wish::Reserve { seat, guest } = wish;
///         let (seat, guest) = (seat.clone(), guest.clone());
///         if state.taken_by.is_some() {
///             return vec![Answer::Refused { seat, guest }];
///         }
///         state.taken_by = Some(guest.clone());
///         vec![Answer::Reserved { seat, guest }]
///     }
/// }
///
/// let law = Law::of_machine::<Seats>();
/// let ann = Wish::Reserve { seat: "7c".into(), guest: "ann".into() };
/// let ann = Message::new(MessageId::named("ann"), &ann);
/// assert_eq!(law.aggregate(&ann), "7c");
/// let (state, outputs) = law.process(&law.initial(), &ann).remove(0);
/// assert_eq!(law.describe(&state), "taken_by: ann");
/// assert_eq!(outputs, [json!({ "Reserved": { "seat": "7c", "guest": "ann" } })]);
/// ```
///
/// That is worth less than a law written by somebody else, and a verdict by it says
/// so: the handler is held against its *own* rules. What it does about copies,
/// crashes, conflicts and lost replies is judged in full; a rule that is wrong is
/// wrong on both sides, and nobody sees it. Where that matters, write a
/// [`Specification`] by hand, or a plain test of the machine.
///
/// A handler that runs no machine has a law [of two functions](Self::of).
///
/// # What is drawn by lot
///
/// Ids that a handler draws from its [context](crate::Context::new_id), a ticket or a
/// voucher, are recognised wherever they stand, in outputs and in the state: which
/// ones they are is left open, and which of a state's are the same is not. Whoever
/// makes them of something else says in which fields they are:
/// [`drawn_by_lot`](Self::drawn_by_lot).
///
/// Where a lot comes back in a message, a code that somebody confirms, say, the law of a
/// machine knows it again. Then one lot is one id in all that happens, in outputs, in
/// states and in messages; two lots are never one, and no lot is an id that a message
/// has brought before it was drawn. (So a code that others can work out beforehand, from
/// the [id of a message](crate::MessageId::derive), say, is no lot: have a law
/// [of two functions](Self::of) say which it is.) *Not seen* where none comes back: that
/// a state and an output name two different lots where it should be one.
pub struct Law<S> {
    about: Box<About>,
    opening: Box<Opening<S>>,
    process: Box<Process<S>>,
    lots: Lots,
    describe: Box<Describe<S>>,
    damage: Box<Damage>,
    worth: Option<&'static str>,
    /// Whether it draws, or leaves open what a handler draws.
    draws: bool,
}

/// Which aggregate a message is about.
type About = dyn Fn(&Message) -> String + Send + Sync;
/// What an aggregate is before any message has reached it.
type Opening<S> = dyn Fn(&str) -> S + Send + Sync;
/// Changes a state, and returns the bodies of the outputs; nothing of a message that
/// is not understood.
type Process<S> = dyn Fn(&mut S, &Message, &Chance<'_>) -> Option<Vec<Value>> + Send + Sync;
/// A state in words; the value is what it is written as.
type Describe<S> = dyn Fn(S, &Value) -> String + Send + Sync;
/// What it means for an aggregate that something went wrong.
type Damage = dyn Fn(&str, &Symptom) -> String + Send + Sync;

/// What a verdict is worth that goes by the handler's own machine.
const OWN_MACHINE: &str = "judged by its own state machine: wrong business rules are not seen";

impl<S: Default + Serialize + DeserializeOwned + 'static> Law<S> {
    /// What a state machine does when it is run once for each message, and nothing
    /// goes wrong. A message that it does not understand changes nothing.
    #[must_use]
    pub fn of_machine<M: StateMachine<State = S>>() -> Self {
        let about = |message: &Message| {
            // Of what the machine says, it does not say about whom.
            message.read::<M::Input>().map(|input| M::aggregate(&input).to_owned()).unwrap_or_default()
        };
        let process = |state: &mut S, message: &Message, chance: &Chance<'_>| {
            let outputs = M::react(state, &message.read().ok()?, chance);
            Some(outputs.iter().map(written).collect())
        };
        Self { worth: Some(OWN_MACHINE), draws: true, ..Self::by(about, process) }
    }

    /// What these two functions say: which aggregate a message is about, and how a
    /// message changes the state and what is published of it. An aggregate that no
    /// message has reached is the default one; in an output, [`FRESH`](super::FRESH)
    /// stands for an id that the handler draws.
    ///
    /// As long as the handler does not call the same functions, this is an
    /// independent witness.
    ///
    /// ```
    /// use ports::law::{Law, Specification};
    /// use ports::{Message, MessageId};
    /// use serde_json::json;
    ///
    /// // A bell that rings once for each guest, and counts them.
    /// let law = Law::of(
    ///     |_| "the bell".to_owned(),
    ///     |guests: &mut u32, message| {
    ///         *guests += 1;
    ///         vec![json!({ "Rang": { "for": message.name(), "number": *guests } })]
    ///     },
    /// );
    /// let ann = Message::new(MessageId::named("ann"), &"Ann");
    /// let rang = json!({ "Rang": { "for": "Ann", "number": 1 } });
    /// assert_eq!(law.process(&law.initial(), &ann), [(json!(1), vec![rang])]);
    /// ```
    #[must_use]
    pub fn of<O: Serialize>(
        about: impl Fn(&Message) -> String + Send + Sync + 'static,
        process: impl Fn(&mut S, &Message) -> Vec<O> + Send + Sync + 'static,
    ) -> Self {
        Self::by(about, move |state, message, _| Some(process(state, message).iter().map(written).collect()))
    }

    fn by(
        about: impl Fn(&Message) -> String + Send + Sync + 'static,
        process: impl Fn(&mut S, &Message, &Chance<'_>) -> Option<Vec<Value>> + Send + Sync + 'static,
    ) -> Self {
        Self {
            about: Box::new(about),
            opening: Box::new(|_| S::default()),
            process: Box::new(process),
            lots: Lots::default(),
            describe: Box::new(|_, written| words::state(written)),
            damage: Box::new(|aggregate, symptom| symptom.about(aggregate)),
            worth: None,
            draws: false,
        }
    }

    /// What an aggregate is before any message has reached it, where that is not the
    /// default for all of them: some accounts have money in them, some seats were sold
    /// long ago. The handler finds the same in its store: see `System::stored` of the
    /// engine.
    ///
    /// ```
    /// use ports::law::{Law, Specification};
    /// use serde_json::json;
    ///
    /// let law = Law::of(|_| "ann".to_owned(), |cents: &mut u64, _| {
    ///     *cents = cents.saturating_sub(80);
    ///     Vec::<()>::new()
    /// });
    /// let law = law.opening_with(|account| if account == "ann" { 100 } else { 0 });
    /// assert_eq!(law.opening("ann"), json!(100));
    /// assert_eq!(law.opening("bob"), json!(0));
    /// ```
    #[must_use]
    pub fn opening_with(mut self, opening: impl Fn(&str) -> S + Send + Sync + 'static) -> Self {
        self.opening = Box::new(opening);
        self
    }

    /// In fields of these names, in outputs and in the state, any id (a UUID) is as good
    /// as any other: the handler draws them by lot, from wherever.
    ///
    /// ```
    /// use ports::MessageId;
    /// use ports::law::{FRESH, Law, Specification};
    /// use serde_json::json;
    ///
    /// let law = Law::of(|_| "the shop".to_owned(), |(): &mut (), _| {
    ///     vec![json!({ "Voucher": { "code": FRESH, "cents": 500 } })]
    /// });
    /// let law = law.drawn_by_lot(["code"]);
    /// // Whichever id it is, and wherever the handler has it from: a voucher over 500.
    /// let code = MessageId::named("from a list of my own");
    /// let said = json!({ "Voucher": { "code": code, "cents": 500 } });
    /// assert_eq!(law.content(&said), json!({ "Voucher": { "code": FRESH, "cents": 500 } }));
    /// ```
    #[must_use]
    pub fn drawn_by_lot(mut self, fields: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.lots = Lots::in_fields(fields);
        self
    }

    /// A state in words of one's own: "a seat that Ann has".
    ///
    /// ```
    /// use ports::law::{Law, Specification};
    /// use serde_json::json;
    ///
    /// let law = Law::of(|_| "7c".to_owned(), |_: &mut Option<String>, _| Vec::<()>::new());
    /// let law = law.described_by(|seat| match seat {
    ///     Some(guest) => format!("a seat that {guest} has"),
    ///     None => "a free seat".to_owned(),
    /// });
    /// assert_eq!(law.describe(&json!("Ann")), "a seat that Ann has");
    /// ```
    #[must_use]
    pub fn described_by(mut self, describe: impl Fn(&S) -> String + Send + Sync + 'static) -> Self {
        self.describe = Box::new(move |state, _| describe(&state));
        self
    }

    /// What it means for the business that something went wrong, in words of one's
    /// own: see [`Specification::damage`].
    ///
    /// ```
    /// use ports::law::{Law, Specification, Symptom};
    /// use serde_json::json;
    ///
    /// let law = Law::of(|_| "7c".to_owned(), |_: &mut Option<String>, _| Vec::<()>::new());
    /// let law = law.which_means(|seat, symptom| match symptom {
    ///     Symptom::NeverPublished(_) => format!("somebody stands before seat {seat} without a ticket"),
    ///     other => other.about(seat),
    /// });
    /// let symptom = Symptom::NeverPublished(json!({ "Reserved": { "guest": "ann" } }));
    /// assert_eq!(law.damage("7c", &symptom), "somebody stands before seat 7c without a ticket");
    /// ```
    #[must_use]
    pub fn which_means(mut self, damage: impl Fn(&str, &Symptom) -> String + Send + Sync + 'static) -> Self {
        self.damage = Box::new(damage);
        self
    }
}

impl<S: Default + Serialize + DeserializeOwned + 'static> Specification for Law<S> {
    fn aggregate(&self, message: &Message) -> String {
        (self.about)(message)
    }

    fn initial(&self) -> Value {
        self.lots.numbered(&written(&S::default()))
    }

    fn opening(&self, aggregate: &str) -> Value {
        self.lots.numbered(&written(&(self.opening)(aggregate)))
    }

    fn process(&self, state: &Value, message: &Message) -> Vec<(Value, Vec<Value>)> {
        let Ok(mut next) = S::deserialize(state) else { return vec![(state.clone(), Vec::new())] };
        let count = Cell::new(0);
        let lot = || drawn(count.replace(count.get() + 1));
        match (self.process)(&mut next, message, &Chance::new(&lot)) {
            Some(outputs) => {
                let outputs = outputs.iter().map(|output| self.lots.left_open(output)).collect();
                vec![(self.lots.numbered(&written(&next)), outputs)]
            }
            None => vec![(state.clone(), Vec::new())],
        }
    }

    fn content(&self, output: &Value) -> Value {
        self.lots.left_open(output)
    }

    fn state(&self, shown: &Value) -> Value {
        self.lots.numbered(shown)
    }

    fn describe(&self, state: &Value) -> String {
        match S::deserialize(state) {
            Ok(known) => (self.describe)(known, state),
            Err(_) => format!("a state that the law does not know ({state})"),
        }
    }

    fn damage(&self, aggregate: &str, symptom: &Symptom) -> String {
        (self.damage)(aggregate, symptom)
    }

    fn worth(&self) -> Option<String> {
        self.worth.map(str::to_owned)
    }

    fn drawing(&self) -> Option<&dyn Drawing> {
        self.draws.then_some(self)
    }
}

impl<S: Default + Serialize + DeserializeOwned + 'static> Drawing for Law<S> {
    fn begins(&self, aggregate: &str) -> Value {
        written(&(self.opening)(aggregate))
    }

    fn goes_on(
        &self,
        state: &Value,
        message: &Message,
        lot: &dyn Fn(u64) -> MessageId,
    ) -> (Value, Vec<Value>) {
        let Ok(mut next) = S::deserialize(state) else { return (state.clone(), Vec::new()) };
        let count = Cell::new(0);
        let lot = || lot(count.replace(count.get() + 1));
        match (self.process)(&mut next, message, &Chance::new(&lot)) {
            Some(outputs) => (written(&next), outputs),
            None => (state.clone(), Vec::new()),
        }
    }

    fn lots(&self, value: &Value) -> Vec<MessageId> {
        self.lots.found(value)
    }

    fn renamed(&self, body: &Value, names: &BTreeMap<MessageId, MessageId>) -> Value {
        self.lots.renamed(body, names)
    }

    fn state_renamed(&self, state: &Value, names: &BTreeMap<MessageId, MessageId>) -> Value {
        let renamed = self.lots.renamed_as_spelled(state, names);
        S::deserialize(&renamed).map_or(renamed, |state| written(&state))
    }
}

fn written<T: Serialize>(value: &T) -> Value {
    serde_json::to_value(value).expect("states and outputs must be serialisable as JSON")
}

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};
    use serde_json::json;

    use super::Law;
    use crate::law::{FRESH, Specification, Symptom};
    use crate::{Chance, Message, MessageId, StateMachine};

    /// Gives everybody who comes a ticket, and remembers the last one.
    struct Counter;

    #[derive(Serialize, Deserialize)]
    enum Guest {
        Comes { door: String },
    }

    #[derive(Default, Serialize, Deserialize)]
    struct Door {
        last: Option<MessageId>,
    }

    #[derive(Serialize)]
    enum Given {
        Ticket { ticket: MessageId, before: Option<MessageId> },
    }

    impl StateMachine for Counter {
        type Input = Guest;
        type State = Door;
        type Output = Given;

        fn aggregate(Guest::Comes { door }: &Guest) -> &str {
            door
        }

        fn react(state: &mut Door, _: &Guest, chance: &Chance<'_>) -> Vec<Given> {
            let before = state.last.replace(chance.new_id());
            vec![Given::Ticket { ticket: chance.new_id(), before }]
        }
    }

    fn comes(name: &str) -> Message {
        Message::new(MessageId::named(name), &Guest::Comes { door: "north".to_owned() })
    }

    #[test]
    fn lots_are_left_open_in_outputs_and_numbered_in_states() {
        let law = Law::of_machine::<Counter>();
        let (first, said) = law.process(&law.initial(), &comes("ann")).remove(0);
        assert_eq!(first, json!({ "last": MessageId::fresh(1) }));
        assert_eq!(said, [json!({ "Ticket": { "ticket": FRESH, "before": null } })]);
        let (second, said) = law.process(&first, &comes("bob")).remove(0);
        assert_eq!(second, first, "which lot it is does not count");
        assert_eq!(said, [json!({ "Ticket": { "ticket": FRESH, "before": FRESH } })]);
        // What a handler stores is held against that, whichever lots it has drawn.
        assert_eq!(law.state(&json!({ "last": MessageId::fresh(77) })), second);
    }

    #[test]
    fn what_a_machine_does_not_understand_changes_nothing_and_is_about_nobody() {
        let law = Law::of_machine::<Counter>();
        let other = Message::new(MessageId::named("other"), &json!({ "Other": {} }));
        assert_eq!(law.aggregate(&other), "");
        assert_eq!(law.process(&law.initial(), &other), [(law.initial(), vec![])]);
    }

    #[test]
    fn words_of_ones_own_take_the_place_of_the_usual_ones() {
        let law = Law::of_machine::<Counter>();
        let symptom = Symptom::EffectTwice(comes("ann").into());
        assert_eq!(law.describe(&json!({ "last": null })), "last: nothing");
        assert_eq!(law.damage("north", &symptom), "Comes(north) takes effect twice");
        let law = law
            .described_by(|door| if door.last.is_some() { "used".to_owned() } else { "new".to_owned() })
            .which_means(|door, _| format!("nobody gets through {door}"));
        assert_eq!(law.describe(&law.initial()), "new");
        assert_eq!(law.damage("north", &symptom), "nobody gets through north");
        assert_eq!(law.describe(&json!(7)), "a state that the law does not know (7)");
    }
}
