//! Groups of messages that cannot get into each other's way.
//!
//! Messages that share no object, directly or through others, form separate
//! components, ordered so that causes come first (argument 4 in
//! [`how_it_works`](crate::how_it_works)).

/// At most so many kinds of messages are told apart; beyond, no step is held
/// to be independent.
pub(super) const MOST_MESSAGES: usize = 64;

/// A partition of the messages, being made.
pub(super) struct Components<'a> {
    /// The least message of each message's component.
    root: Vec<usize>,
    causes: &'a [u64],
}

impl<'a> Components<'a> {
    /// Each message by itself.
    pub(super) fn apart(count: usize, causes: &'a [u64]) -> Self {
        Self { root: (0..count).collect(), causes }
    }

    pub(super) fn join(&mut self, messages: u64) {
        let roots: Vec<usize> = bits(messages).map(|message| self.root[message]).collect();
        let Some(&least) = roots.iter().min() else { return };
        for root in &mut self.root {
            if roots.contains(root) {
                *root = least;
            }
        }
    }

    /// All messages that this one's component causes in the end, itself
    /// included.
    fn after(&self, message: usize) -> u64 {
        let mut reached = 1u64 << message;
        loop {
            let mut more = reached;
            for (other, &root) in self.root.iter().enumerate() {
                if bits(reached).any(|known| self.root[known] == root) {
                    more |= 1 << other | self.causes[other];
                }
            }
            if more == reached {
                return reached;
            }
            reached = more;
        }
    }

    /// Components that cause each other are one.
    pub(super) fn join_circles(&mut self) {
        for message in 0..self.root.len() {
            let after = self.after(message);
            let circle = bits(after).filter(|&other| self.after(other) & (1 << message) != 0);
            self.join(circle.fold(0, |circle, other| circle | 1 << other));
        }
    }

    /// Two components among those of `users` that may have learned the same
    /// fresh id from somebody else.
    pub(super) fn may_both_know(&self, users: u64, known_to_all: bool) -> Option<u64> {
        let pairs = bits(users).flat_map(|one| bits(users).map(move |other| (one, other)));
        pairs
            .filter(|&(one, other)| self.root[one] < self.root[other])
            .find(|&(one, other)| {
                let follows = self.after(one) & (1 << other) != 0 || self.after(other) & (1 << one) != 0;
                let both = 1 << one | 1 << other;
                let source = (0..self.root.len()).any(|source| self.after(source) & both == both);
                known_to_all || (!follows && source)
            })
            .map(|(one, other)| 1 << one | 1 << other)
    }

    /// The number of each message's component, those that cause others first,
    /// else in the order in which their messages were sent; and which components
    /// come after each.
    pub(super) fn numbered(&self, sent: Vec<usize>) -> (Vec<u8>, Vec<u64>) {
        let mut waiting: Vec<usize> = Vec::new();
        for root in sent.into_iter().chain(0..self.root.len()).map(|message| self.root[message]) {
            if !waiting.contains(&root) {
                waiting.push(root);
            }
        }
        let mut order: Vec<usize> = Vec::new();
        while !waiting.is_empty() {
            let first = waiting.iter().position(|&root| {
                waiting.iter().all(|&other| other == root || self.after(other) & (1 << root) == 0)
            });
            order.push(waiting.remove(first.expect("components that cause each other are one")));
        }
        let number = |root: usize| order.iter().position(|&other| other == root).expect("all are there");
        let component = self.root.iter().map(|&root| number(root) as u8).collect();
        let later = order.iter().map(|&root| {
            bits(self.after(root)).fold(0, |later, message| later | 1 << number(self.root[message]))
        });
        let later = later.collect();
        (component, later)
    }
}

/// The messages of a set, one bit each.
pub(super) fn bits(mask: u64) -> impl Iterator<Item = usize> {
    (0..MOST_MESSAGES).filter(move |bit| mask & (1 << bit) != 0)
}

#[cfg(test)]
mod tests {
    use rand::rngs::Xoshiro256PlusPlus;
    use rand::{RngExt, SeedableRng};

    use super::*;

    /// A few messages, which of them share something, and which cause which.
    struct Messages {
        count: usize,
        shared: Vec<u64>,
        causes: Vec<u64>,
    }

    impl Messages {
        fn any(lot: &mut Xoshiro256PlusPlus) -> Self {
            let count = lot.random_range(1..=6);
            let mut some = |most: u32| {
                let bits = (0..lot.random_range(0..=most)).map(|_| 1u64 << lot.random_range(0..count));
                bits.fold(0, |all, bit| all | bit)
            };
            let shared = (0..2).map(|_| some(2)).collect();
            Self { count, shared, causes: (0..count).map(|_| some(2)).collect() }
        }

        /// Who shares with whom, and who leads to whom, in as many steps as it takes:
        /// Warshall's closure, and not the loops above.
        fn leads_to(&self) -> Vec<Vec<bool>> {
            let count = self.count;
            let at_once = |one: usize, other: usize| {
                let both = |set: &u64| set & (1 << one) != 0 && set & (1 << other) != 0;
                one == other || self.causes[one] & (1 << other) != 0 || self.shared.iter().any(both)
            };
            let from = |one: usize| (0..count).map(|other| at_once(one, other)).collect();
            let mut leads: Vec<Vec<bool>> = (0..count).map(from).collect();
            for through in 0..count {
                for one in 0..count {
                    for other in 0..count {
                        leads[one][other] |= leads[one][through] && leads[through][other];
                    }
                }
            }
            leads
        }

        fn components(&self) -> Components<'_> {
            let mut components = Components::apart(self.count, &self.causes);
            self.shared.iter().for_each(|&messages| components.join(messages));
            components.join_circles();
            components
        }
    }

    #[test]
    fn components_are_what_leads_to_each_other_and_causes_come_first() {
        let mut lot = Xoshiro256PlusPlus::seed_from_u64(4);
        for _ in 0..3_000 {
            let messages = Messages::any(&mut lot);
            let (leads, components) = (messages.leads_to(), messages.components());
            let sent = vec![messages.count - 1];
            let (number, later) = components.numbered(sent.clone());
            for one in 0..messages.count {
                for other in 0..messages.count {
                    let together = leads[one][other] && leads[other][one];
                    assert_eq!(number[one] == number[other], together);
                    assert!(!leads[one][other] || number[one] <= number[other], "a cause comes first");
                    assert_eq!(
                        later[usize::from(number[one])] & (1 << number[other]) != 0,
                        leads[one][other]
                    );
                }
            }
            // Of those that nothing causes, the one that was sent first is the first.
            let alone =
                |&one: &usize| (0..messages.count).all(|other| !leads[other][one] || leads[one][other]);
            if sent.iter().all(alone) {
                assert_eq!(number[sent[0]], 0);
            }
        }
    }

    #[test]
    fn two_may_know_what_a_third_has_told_both() {
        let mut lot = Xoshiro256PlusPlus::seed_from_u64(5);
        let mut found = 0;
        for _ in 0..3_000 {
            let messages = Messages::any(&mut lot);
            let (leads, components) = (messages.leads_to(), messages.components());
            let all = 0..messages.count;
            let users: u64 = all.clone().filter(|_| lot.random_bool(0.7)).fold(0, |set, bit| set | 1 << bit);
            let apart = |one: usize, other: usize| !leads[one][other] || !leads[other][one];
            let told = |one: usize, other: usize| {
                let neither = !leads[one][other] && !leads[other][one];
                neither && all.clone().any(|source| leads[source][one] && leads[source][other])
            };
            for known_to_all in [false, true] {
                let pairs = || bits(users).flat_map(|one| bits(users).map(move |other| (one, other)));
                let may =
                    |(one, other): (usize, usize)| apart(one, other) && (known_to_all || told(one, other));
                match components.may_both_know(users, known_to_all) {
                    None => assert!(!pairs().any(may), "somebody may, and it is not seen"),
                    Some(pair) => {
                        let two: Vec<usize> = bits(pair).collect();
                        assert!(two.len() == 2 && pair & !users == 0 && may((two[0], two[1])), "{two:?}");
                        found += 1;
                    }
                }
            }
        }
        assert!(found > 500, "{found}");
    }
}
