//! How the search works, and why it may be believed.
//!
//! Nothing is in this module but this page. The arguments are numbered; a line of
//! code that rests on one of them names it ("Argument 3"). Read it from the top,
//! or look up the number that brought you here.
//!
//! # What is searched
//!
//! A **state** is a world: what is stored, the queues, what each worker is busy
//! with, what was published, which calls are in flight, which deadlines run. A
//! **transition** is one thing that can happen: a copy is delivered, a port
//! answers a call in one of its ways, an output is dispatched, a message is
//! acknowledged, a lock expires, a deadline passes. The **state space** is
//! everything that can be reached from the initial state within the bounds.
//!
//! The search is *explicit-state* and breadth-first in the order of the faults
//! spent and then of the steps taken. A state is reached first in the cheapest
//! way, so the first violation found has the fewest faults, and of those nearly
//! the fewest steps (argument 7 says why "nearly").
//!
//! A **quiescent** state ("at rest") has no copy of any message anywhere, no busy
//! worker and no call that will surely land. Safety properties are judged there,
//! as a function of the state alone. The liveness property, `Settles`, is judged
//! of the graph that the search leaves behind (argument 8).
//!
//! # What is compared at rest
//!
//! The law asks for **one sequential execution** in which each message is processed
//! exactly once and which explains every state and every output. It is one order
//! over all endpoints that are judged, and *causes come before effects*: a message
//! is there once it was sent or an earlier step has put it out. Through an endpoint
//! that nobody judges, an output is there once one of the messages is under whose
//! processing it was published; the set of these is part of the state, and being a
//! set, it does not depend on the order in which it was filled.
//!
//! That is looked for one aggregate at a time wherever it can be: where messages
//! only flow downstream, whatever explains upstream comes first as a whole, and
//! then all of its outputs are there. Only aggregates that cause each other, or
//! themselves, are explained together. An output that is about an aggregate other
//! than the one it came from may have come from any of its endpoint.
//!
//! *Assumes* that the view is a function of what is stored, and shows all of it
//! that matters. *Checked*: it is asked twice about every world; and where nothing
//! wrong is found, it must show what is done in plain runs, one message after the
//! other: in every order of up to four, and with each content once more. *Not checked*: a view that
//! hides what shows under faults only.
//!
//! # A handler is a function
//!
//! **Argument 1: replay.** The future of an `async fn` cannot be cloned. But a
//! deterministic handler is a function from *(message, replies so far)* to *(calls
//! it waits for, or how it ended)*. So a delivery in progress is represented by a
//! *history*, a node in a tree of replies, and going back to it means running the
//! handler once more and feeding it the replies, one per poll. What it wants then
//! is remembered with the node. (Stateless model checkers such as loom and shuttle
//! replay whole executions; here each delivery is replayed by itself, and only
//! once for each history.)
//!
//! *Assumes* that the handler is deterministic given its replies. *Checked*
//! whenever a history is replayed: the same calls must be there again. *Not
//! checked*: what was not observed to differ. A clock that ticks once a day is
//! deterministic for as long as anybody looks.
//!
//! # Symmetry: states that are one
//!
//! **Argument 2: names and places.** Two worlds that differ only in the names of
//! fresh ids, or in which of several equal workers does what, have the same future
//! up to those names: there is a bisimulation between them that respects rest and
//! every property. Before a state is looked up it is brought into a canonical
//! form, workers sorted and ids renamed to the order of their first appearance.
//! (Symmetry reduction: Ip and Dill, *Better Verification Through Symmetry*, 1996.)
//! Where a tie cannot be broken without naming ids first, two names may be kept
//! for one state. That costs time, not soundness: what is merged is equal.
//!
//! *Assumes* that ids are mere names: compared for equality, derived from, stored
//! whole, in whatever spelling. *Checked* in three ways, for there are two ways to
//! make more of an id than a name, and one of them may be harmless.
//!
//! - *To look inside*: at a byte, a prefix, a remainder, a hash. Whenever a handler
//!   has ended, it is run again with ids that are in the same order, and of which
//!   every byte is another, and so is every view. Its replies are what a world with
//!   these ids would have answered: the same texts with other ids in them. A
//!   handler that treats ids as names does the same but for the ids, whatever it
//!   sorts by them, for their order is kept. So a difference is a finding
//!   ([`LooksInsideIds`](crate::HandlerFault::LooksInsideIds)). One exception is
//!   made: calls and texts that consist of the same parts in another order are no
//!   finding, since a map may be sorted by another spelling of ids.
//! - *To compare two of them*: `<`, `min`, `sort`, a `BTreeMap`. That is harmless
//!   where nothing depends on how it ends; a set of processed ids is written in
//!   another order, and is the same set. What a call means cannot be seen in it. So
//!   when a handler does anything otherwise with ids in another order, or a view
//!   shows anything otherwise, that is only a suspicion, and it is the outcome that
//!   decides: up to 64 runs of the search, spread evenly over its states at rest,
//!   are repeated in worlds in which every id is in one order from its birth on,
//!   whoever reads it back: later ones smaller, scrambled, and later ones larger.
//!   No id is renamed there, and no state merged. Such a run is a real one, so if it
//!   ends wrong, the handler is wrong
//!   ([`OrdersByIds`](crate::HandlerFault::OrdersByIds)), and a right one is never
//!   blamed. A search alone would not see it: it numbers the ids of a stored
//!   document by first appearance, so that a sorted map is always read back in the
//!   order in which it was written.
//! - *To make one up*: an id that carries the mark of fresh ids, and that nobody has
//!   handed out ([`StrangeId`](crate::HandlerFault::StrangeId)).
//!
//! Besides, `cargo workshop verify` repeats every search with `CHAOS_NAMING=scrambled`.
//!
//! - *Of messages that are sent*, ids are no fresh ones: a test has
//!   [named](ports::MessageId::named) them, and they are the same in every run. There
//!   a look inside is no fault in itself (whoever picks a shard by a message's id
//!   picks the same for each copy), and only the outcome counts: a few runs are
//!   repeated with the opposite ids, each bit another and all of them in the opposite
//!   order, and with other ones. Left out if the law itself says something else about
//!   a message with another id.
//!
//! *Not checked*, or not all: a handler that compares ids is seen to do so wherever
//! it ends, but what comes of it only in the runs that are repeated. An id in a
//! spelling that is not [known](crate::HandlerFault::LooksInsideIds), in base 58, say,
//! is taken for a look inside. A delivery with more than 4,096 ids is not looked at.
//!
//! *Assumes* that workers are alike: nothing tells a handler where it runs. *Not
//! checked*: process ids, host names.
//!
//! # Independence: steps that need one order only
//!
//! Two steps are *independent* if neither can disable the other and both orders
//! lead to the same world. All arguments of this section have one form: any run
//! can be reordered into one that is explored, with the same end and no more
//! faults.
//!
//! **Argument 3: local steps.** A step is *local* if it commutes with every step
//! that any other delivery can still take. These are:
//!
//! - a dispatch or a publish: it adds to a set;
//! - an acknowledgement: it removes a copy that nobody else looks at;
//! - a conditional write that can never succeed again, if its refusal depends on
//!   nothing (an etag that is overtaken stays overtaken, for etags are never used
//!   again);
//! - an access to an object that no other message accesses in conflict, where two
//!   accesses *conflict* if one of them writes, and *other* is every message that
//!   is under way, or can still come under way before this worker moves;
//! - a repeated idempotent request, which counts as a read, if it is the only
//!   thing that is ever asked under its key.
//!
//! An object whose key is a fresh id can be accessed only by who can know the id:
//! from a message, or from an object that it can read. What a service forgets at
//! will, it forgets while nobody works on the message that it was told at, but
//! others may be at work: so a call is not local if it uses the key of another
//! message that may be forgotten, or writes where the service's rule looks. A stream
//! that acknowledges before it has synced may forget at any moment, whoever is at
//! work: as long as one still can, no access to it is local. (Whoever uses it is in
//! one component with whoever has written what is forgotten, by argument 4, and what is
//! left of the run has no part in it.)
//!
//! A worker all of whose next steps are local goes first, with all the outcomes of
//! these steps, and everybody else waits: a *persistent set* of one worker
//! (Godefroid, *Partial-Order Methods for the Verification of Concurrent Systems*,
//! 1996). Budgets make faults dependent on each other; but the reordering moves
//! only steps that are taken anyway, so it spends the same.
//!
//! **Argument 4: components.** Messages that share no object, directly or through
//! others, form separate *components*. (Whoever uses a service that forgets at
//! will shares what its rule looks at; whatever sets a deadline shares the clock.)
//! A component comes after those whose messages cause its own. Nothing flows back,
//! so any run can be reordered so that the components follow each other: what
//! causes a message only happens sooner, and as to workers, the one thing that
//! components compete for, none of them then needs more than it had. Documents
//! named by fresh ids join two components only where the later one can know an id
//! whose document the earlier one accessed; that is looked for in every state.
//!
//! **Argument 5: the ignoring problem and the cycle proviso.** A reduction that
//! always prefers somebody could put off everybody else for ever (Valmari 1989).
//! The classic remedy is a proviso: on every cycle of the reduced graph there is a
//! state from which everything is expanded (Peled 1994; Evangelista and Pajault
//! 2010). It holds here by construction. *Every cycle of steps without faults
//! contains a delivery*: a delivery in progress is finite, since replies only
//! accumulate and calls are bounded, and landing and expiring only consume. And
//! *deliveries are taken only where everything enabled is expanded* (within the
//! component whose turn it is): a local worker's steps never begin a delivery.
//! Both are asserted, the first after every layer of the searches that are
//! compared with brute force, the second wherever a persistent set is used. A
//! search that does not ask for `Settles` does not reduce either, so that nothing
//! rests on a proviso that nobody has checked.
//!
//! **Argument 6: footprints are learned.** Arguments 3 and 4 need to know which
//! objects the processing of a message may ever access. Nobody declares it. A
//! trial run gives a first guess, the search records every access, and an access
//! outside of what is known is learned and the search started afresh. A search
//! that completes has met none: up to its first access outside, any run could have
//! been reordered into an explored one, which would have met it.
//!
//! **Argument 7: domination.** That a lock expires while its worker is
//! acknowledging needs no step of its own. The acknowledgement that *fails* leads
//! to a world in which the message is on the queue and the worker idle, at the
//! same price, and from there the same delivery can begin: whatever is reached by
//! the one is reached by the other, though by one step more. This is no
//! independence, the two steps disable each other. It is why a story may be a step
//! longer than the shortest; and it holds only where acknowledgements may fail, so
//! otherwise the worker is not local.
//!
//! # Liveness
//!
//! **Argument 8: rest within reach.** `Settles` holds if from every reachable state
//! rest is *within reach* by steps without faults, while time passes (in the terms
//! of branching time: AG EF rest). In a finite graph that is the same as: under a
//! scheduler that gives every enabled step a chance, every run comes to rest with
//! probability one. So waiting for a lock holder, for one's turn or for a lease to
//! run out is no violation; nor is a duel that may end at any moment. A message
//! that is refused for ever is one, and a lock that nobody will ever release.
//!
//! *What that does not say*: the chance is given to every *step*, not to every
//! *action*. A handler that accepts a message only at every second delivery settles
//! here, though a broker that kept an unlucky rhythm could refuse it for ever.
//!
//! Steps without faults keep the budget, so the question is asked when a layer of
//! the search is complete, of a graph in which nothing new was learned, by going
//! backwards from the states at rest. What is left, and goes round, is out of
//! reach of rest. Every state that is not at rest has a step without a fault: a
//! busy worker can always go on, a queued copy can be delivered once its component
//! has its turn, a call that will land lands.
//!
//! *Why the reductions keep it.* Let *t* be a state of the full graph from which
//! rest is out of reach, reached by the steps *w* from a visited state *s*. If no
//! step of *w* is in the persistent set at *s*, then what is taken there commutes
//! with *w*, and *w* leads from the next visited state to a state after *t*, from
//! which rest is out of reach as well. Walk so towards rest in the reduced graph (if
//! there is no way, *s* itself is the witness). Somewhere on the walk a step of *w*
//! is in the persistent set: take it, and *w* is shorter by one. In the end a
//! visited state is reached that extends *t*. The conditions under which this goes
//! through, each with a program of its own in the comparison with brute force:
//!
//! 1. Rest is no deadlock (a duplicate is enabled there, so is a deadline). The
//!    walk needs less: a persistent set in use has a step of a busy worker, and no
//!    state with that worker busy is at rest; at rest everything is expanded.
//! 2. Components: the walk goes only to the end of the least component that *w*
//!    touches, while it still has its turn.
//! 3. A call that may or may not land takes no part: *done*, *never* and *later* are
//!    three outcomes, and later is certain. So do services that forget at will.
//! 4. A busy worker can finish without faults and without anybody else. No port
//!    blocks; whoever waits inside a delivery for somebody else's effect makes calls
//!    in a loop, and their number is bounded.
//! 5. A handler that waits inside its delivery for a deadline: behind the question,
//!    deadlines pass under busy workers, too (`search/patience.rs` looks once more,
//!    unreduced, before anything is reported where a clock runs).
//! 6. The fault-free part of a persistent set is persistent for the fault-free
//!    steps, and not empty. The argument inserts only free steps, so *w* stays
//!    affordable.
//! 7. Renaming and symmetry are a quotient by a bisimulation that respects rest
//!    (argument 2).
//! 8. "Out of reach" is a claim about all runs, where a cycle would be a run by
//!    itself: it is concluded only where nothing was learned and a layer is done.
//! 9. What lies beyond a limit, or beyond the bound on calls, counts as able to
//!    rest: unknown, never stuck. Where that would decide, the verdict is
//!    inconclusive.
//!
//! **Argument 10: time.** Deadlines are ordered, not counted. While no worker is
//! busy the next deadline in order may pass, for nothing, whatever waits in the
//! queues: a copy that was handed back may be delivered late. While a worker is
//! busy, one that passes costs a fault, and never comes before an older lock. Where
//! a clock runs all messages share it, so they are one component, and no access is
//! local.
//!
//! A handler may set a deadline itself, and ask whether it has passed. It gets a name,
//! no time: nothing can be calculated from it, only the clock knows what it means, and
//! that is one bit, *to come* or *passed*. So a state has an ordered list of the names
//! that are to come, and cycles close. A time of which handlers see the value would be
//! another one in every state.
//!
//! - *Setting* one appends to the list, and notes which locks run: it commutes neither
//!   with another one's setting nor with the end of a lock, and is not local.
//! - *Asking* for one that is to come depends on whether it passes first, and is not
//!   local. One that has passed stays so, whatever anybody does: that answer depends on
//!   nothing.
//! - *A deadline of nobody*, whose name is in nothing that is stored or was published,
//!   in no message, delivery or call, is dropped from the list at once. Nobody can come
//!   by its name any more (an id cannot be guessed), so nobody asks for it; all that it
//!   could still do is to keep others waiting. That is the meaning of the model, and
//!   not a reduction: brute force drops it, too. A step after which a deadline is
//!   nobody's, an acknowledgement say, disables its passing. But while that worker was
//!   busy the passing was a fault, and the world after both is the world after the
//!   acknowledgement alone: it is dominated, as in argument 7.
//! - *Names* are fresh ids like any other. Whoever holds one in its hands knows it
//!   until its delivery is over, whether it looks at it again or not.
//!
//! *Assumes* that all machines have one time, and that a deadline is not made up of
//! pieces. *Checked*: one that the clock has not made is refused.
//!
//! # Budgets
//!
//! **Argument 9: dominance.** What has been spent is not part of a state's
//! identity. Whoever has more of every budget left can do everything that whoever
//! has less can do, and ends in the same worlds. So a state is explored again only
//! with a budget that none of its earlier ones dominates in every component.
//!
//! # What is remembered
//!
//! A state is remembered by a 128-bit fingerprint of everything that its future or
//! a verdict depends on: world, histories, deadlines, published set and causes,
//! component. At ten million states the chance that any two are confused is below
//! 10⁻²⁴.
//!
//! # How all this is held against the truth
//!
//! A second model in `tests/support/brute`, written from the ports'
//! documentation and sharing no line with the engine, explores small systems
//! without any reduction. Random handlers, chains of endpoints and things outside
//! must reach the same ends with the same fewest faults in both. Every invariant
//! that the engine leans on ([`Explore`](crate::Explore) with `checked`) is
//! asserted on the way. `tests/reductions.rs` repeats searches with each reduction
//! on and off and demands the same end states and verdicts.
