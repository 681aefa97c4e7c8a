//! The questions.

use std::collections::BTreeMap;

use chaos::{Chaos, Explore, Fault, LateDuplicate, Monkey, Report, Run, System, explore};
use ports::{Message, MessageId};
use serde_json::Value;

use crate::Dialogue;

/// The questions that an exercise ends with, asked of one endpoint.
pub struct Closing<S> {
    dialogue: Dialogue,
    system: S,
}

impl<S: Fn(&[Message]) -> System> Closing<S> {
    /// About a system whose first endpoint understands this dialogue. It is made anew
    /// for each run, given the messages that will be sent.
    pub fn of(dialogue: Dialogue, system: S) -> Self {
        Self { dialogue, system }
    }

    /// Something is done and undone, and then somebody asks for the same again. That
    /// is no copy: it has an id of its own, it takes effect, and what it leads to is
    /// news, under ids that nobody has heard of.
    ///
    /// # Panics
    ///
    /// With the story, when it is taken for a copy.
    #[track_caller]
    pub fn the_same_again(&self) {
        assert_all(self.searches_of_the_same_again());
    }

    fn searches_of_the_same_again(&self) -> Vec<Explore> {
        let does = self.does(0, "tea");
        let again = does.said_again("later");
        let undone: Vec<Message> =
            [does.clone()].into_iter().chain(self.undoes(0, "tea")).chain([again.clone()]).collect();
        let faults = [Fault::CrashAfterWrite, Fault::AckFails, Fault::Duplicate];
        vec![
            self.search(&undone).workers(1).faults(1).only(faults),
            self.search(&[does, again]).workers(2).faults(0),
        ]
    }

    /// Somebody else has business here, too. What one says changes nothing for the
    /// other.
    ///
    /// # Panics
    ///
    /// With the story, when it does.
    #[track_caller]
    pub fn another_aggregate(&self) {
        assert_all(self.searches_of_another_aggregate(1));
    }

    fn searches_of_another_aggregate(&self, faults: u8) -> Vec<Explore> {
        let sent = [self.does(0, "tea"), self.does(1, "tea")];
        let all: Vec<Message> = sent.iter().cloned().chain(self.undoes(0, "tea")).collect();
        vec![
            self.search(&all).workers(1).faults(faults).only([Fault::CrashAfterWrite]),
            self.search(&sent).workers(2).faults(0),
            // One has something that the other asks for.
            self.search(&all[1..]).workers(1).faults(0),
        ]
    }

    /// Two messages, and any two faults, one worker: somebody dies and leaves
    /// something undone, and whoever finds it is disturbed, too.
    ///
    /// # Panics
    ///
    /// With the story.
    #[track_caller]
    pub fn two_messages_and_two_faults(&self) {
        assert_all(self.searches_of_two_messages());
    }

    fn searches_of_two_messages(&self) -> Vec<Explore> {
        let search = self.search(&[self.does(0, "tea"), self.does(0, "cake")]).workers(1).faults(2);
        // An attempt that fails for want of a store is like one that dies there; whether
        // it takes it so, one message shows.
        let away = [Fault::ReadFails, Fault::WriteFails, Fault::WriteUnavailable];
        let lost = self.dialogue.writes_down_what_fails.then_some(Fault::WriteReplyLost);
        vec![away.into_iter().chain(lost).fold(search, Explore::without)]
    }

    /// A message that has little to say, or nothing, is one like any other: two
    /// workers, any two faults.
    ///
    /// # Panics
    ///
    /// With the story.
    #[track_caller]
    pub fn says_little(&self) {
        assert_all(self.searches_of_one_that_says_little(2));
    }

    fn searches_of_one_that_says_little(&self, faults: u8) -> Vec<Explore> {
        vec![self.search(&[self.says_little_of(0, "tea")]).workers(2).faults(faults)]
    }

    /// All questions, one after the other.
    ///
    /// # Panics
    ///
    /// As the first of them does that is not answered as it should be.
    #[track_caller]
    pub fn all(&self) {
        assert_all(self.searches());
        self.a_copy_after_many();
        self.copies_take_no_room();
    }

    /// All searches of all questions, for whoever wants to know what they make of a
    /// handler.
    #[must_use]
    pub fn searches(&self) -> Vec<Explore> {
        let mut searches = self.searches_of_the_same_again();
        searches.extend(self.searches_of_another_aggregate(1));
        searches.extend(self.searches_of_one_that_says_little(2));
        searches.extend(self.searches_of_two_messages());
        searches
    }

    /// The shortest of the failures with the fewest faults that the searches find, if
    /// they find any.
    #[must_use]
    pub fn shortest_failure(&self) -> Option<Report> {
        let reports = self.searches().into_iter().map(|search| search.run());
        reports.filter(|report| !report.holds()).min_by_key(|report| (report.faults, report.steps))
    }

    /// What is asked of a second machine on the same runner: where it may come to
    /// something else than the first. One thing goes wrong with one message, and none with
    /// several; the first has been asked with one more.
    ///
    /// # Panics
    ///
    /// As the first of the questions does that is not answered as it should be.
    #[track_caller]
    pub fn of_another_machine(&self) {
        assert_all(self.searches_of_another_machine());
        self.a_copy_after_many();
        self.copies_take_no_room();
    }

    /// The searches of what is asked of a second machine.
    #[must_use]
    pub fn searches_of_another_machine(&self) -> Vec<Explore> {
        let mut searches = self.searches_of_one_that_says_little(1);
        searches.extend(self.searches_of_another_aggregate(0));
        searches
    }

    /// Many messages are processed, each of them once; then a copy of the first comes,
    /// and of the second, and changes nothing.
    ///
    /// # Panics
    ///
    /// In words, when it does.
    #[track_caller]
    pub fn a_copy_after_many(&self) {
        if let Some(change) = self.what_a_late_copy_changes() {
            panic!("{change}");
        }
    }

    /// What a copy changes that comes after many other messages, in words, if it
    /// changes anything; or what became of the many, if it is not what should have.
    #[must_use]
    pub fn what_a_late_copy_changes(&self) -> Option<String> {
        let many = self.dialogue.many;
        let more =
            (2..many).map(|number| self.says_little_of(0, "cake").said_again(&format!("no. {number}")));
        let second = self.undoes(0, "tea").unwrap_or_else(|| self.does(0, "cake"));
        let sent: Vec<Message> = [self.does(0, "tea"), second].into_iter().chain(more).collect();
        // The undoing comes first: after the doing, it would leave everything as it was.
        let copies = [1, 0];
        let run_with =
            |copies: &[usize]| self.run(&sent, copies.iter().map(|&copy| LateDuplicate::of_message(copy)));
        let whom = self.dialogue.aggregates[0];
        let system = (self.system)(&sent);
        let with_copies = run_with(&copies);
        if is_as_in_turn(&system, whom, &sent, &with_copies) {
            return None;
        }

        // Something is wrong: before the copies came, or since?
        let quiet = self.run(&sent, None);
        // Whoever remembers that there was *some* message like this one, a hash of it
        // or a bit, recognises every copy, and loses messages that are none.
        if let Some(lost) = system.unlike_in_turn(whom, &sent, &quiet.state(whom), quiet.published_messages())
        {
            return Some(format!(
                "{many} messages were processed, one after the other, and nothing went wrong. {lost}"
            ));
        }
        let change = self.changed_by_copies(&quiet, &with_copies)?;
        // Which of the two it was is only asked if it was one.
        let changed = |copy| self.changed_by_copies(&quiet, &run_with(&[copy]));
        let which = [0, 1].into_iter().find_map(|copy| Some((copy, changed(copy)?)));
        Some(match which {
            Some((copy, change)) => format!(
                "{many} messages were processed, and then a copy of the one that was number {}, {}, came once more. \
                 {change}",
                copy + 1,
                sent[copy].name()
            ),
            None => format!(
                "{many} messages were processed, and then a copy of the second and one of the first came once more. \
                 {change}"
            ),
        })
    }

    /// However often a copy comes, what is stored is no larger than before.
    ///
    /// # Panics
    ///
    /// In words, with what grows.
    #[track_caller]
    pub fn copies_take_no_room(&self) {
        if let Some(growth) = self.what_grows_with_copies() {
            panic!("{growth}");
        }
    }

    /// What is larger after a dozen late copies than before them, in words, if
    /// anything is. They are of messages of each kind: a handler may go another way
    /// for one that says little.
    #[must_use]
    pub fn what_grows_with_copies(&self) -> Option<String> {
        const COPIES: usize = 12;
        let sent = [self.does(0, "tea"), self.does(0, "cake"), self.says_little_of(0, "milk")];
        let copies = (0..COPIES).map(|copy| LateDuplicate::of_message(copy % sent.len()));
        let (before, after) = (self.run(&sent, None), self.run(&sent, copies));
        let sizes = before.snapshot().sizes();
        after.snapshot().sizes().into_iter().find_map(|(what, after)| {
            let before = sizes.get(&what).copied().unwrap_or(0);
            (after > before).then(|| {
                format!(
                    "{COPIES} copies came of messages that were done long before. Each is to leave what is stored \
                     as it is; {what} had {before} bytes, and has {after}"
                )
            })
        })
    }

    /// Runs it with one worker busy at a time; the caller judges.
    fn run(&self, sent: &[Message], monkeys: impl IntoIterator<Item = Monkey>) -> Run {
        let chaos = Chaos::on(|| (self.system)(sent)).send(sent.iter().cloned()).unjudged();
        let run = monkeys.into_iter().fold(chaos, Chaos::under).run();
        run.assert_at_rest();
        run
    }

    fn does(&self, whom: usize, thing: &str) -> Message {
        (self.dialogue.does)(self.dialogue.aggregates[whom], thing)
    }

    fn undoes(&self, whom: usize, thing: &str) -> Option<Message> {
        Some((self.dialogue.undoes?)(self.dialogue.aggregates[whom], thing))
    }

    fn says_little_of(&self, whom: usize, thing: &str) -> Message {
        (self.dialogue.says_little)(self.dialogue.aggregates[whom], thing)
    }

    fn search(&self, sent: &[Message]) -> Explore {
        explore(|| (self.system)(sent)).send(sent.iter().cloned())
    }

    /// What late copies have changed, in words, if they have changed anything.
    fn changed_by_copies(&self, without: &Run, with: &Run) -> Option<String> {
        let whom = self.dialogue.aggregates[0];
        let (before, after) = (without.state(whom), with.state(whom));
        if before != after {
            let (before, after) = (before.to_string(), after.to_string());
            let (before, after) = (excerpt(&before, &after), excerpt(&after, &before));
            return Some(format!("It was taken for a new one: {whom} was {before}, and is {after}"));
        }
        let said: BTreeMap<MessageId, &Value> =
            without.published_messages().iter().map(|message| (message.id, &message.body)).collect();
        with.published_messages().iter().find_map(|message| match said.get(&message.id) {
            Some(&body) if *body == message.body => None,
            Some(_) => Some(format!(
                "{} was published then, under an id that had been used before for something else",
                message.name()
            )),
            None => {
                Some(format!("{} was published then, under an id that nobody had heard of", message.name()))
            }
        })
    }
}

#[track_caller]
fn assert_all(searches: Vec<Explore>) {
    for search in searches {
        search.assert_exactly_once();
    }
}

/// Whether the run has come to what the messages come to one after the other, and has said
/// nothing else: nothing is missed in what was published, and one message less would be.
/// Where more than one end would be right, nobody can say, and it is not.
fn is_as_in_turn(system: &System, whom: &str, sent: &[Message], run: &Run) -> bool {
    let mut said: BTreeMap<MessageId, &Message> = BTreeMap::new();
    for message in run.published_messages() {
        if said.insert(message.id, message).is_some_and(|other| other.body != message.body) {
            return false;
        }
    }
    let state = run.state(whom);
    let is_unlike =
        |sent: &[Message], said: &[Message]| system.unlike_in_turn(whom, sent, &state, said).is_some();
    let said: Vec<Message> = said.into_values().cloned().collect();
    let one_less_is_missed = match said.split_first() {
        Some((_, less)) => is_unlike(sent, less),
        // Where nothing is said, the state shows it.
        None => is_unlike(&sent[1..], &said),
    };
    one_less_is_missed && !is_unlike(sent, &said)
}

/// As much of a text as shows in what it differs from another one.
fn excerpt(text: &str, other: &str) -> String {
    const SHORT: usize = 80;
    const BEFORE: usize = 20;
    let same = text.chars().zip(other.chars()).take_while(|(one, two)| one == two).count();
    let from = if text.chars().count() <= SHORT { 0 } else { same.saturating_sub(BEFORE) };
    let shown: String = text.chars().skip(from).take(SHORT).collect();
    let cut = |is_cut: bool| if is_cut { "…" } else { "" };
    format!("{}{shown}{}", cut(from > 0), cut(text.chars().count() > from + SHORT))
}
