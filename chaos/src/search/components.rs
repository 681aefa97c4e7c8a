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
