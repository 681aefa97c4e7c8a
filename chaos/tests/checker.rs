//! The verdict on evidence against an independent checker: plain enumeration of
//! all permutations, without memory, without pruning, and written from the
//! definition.

mod support;

use chaos::{Evidence, judge, specifications};
use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng};
use serde_json::Value;
use shared::order::{Command, Order, OrderEvent};
use shared::{Message, MessageId};
use support::{add_item, remove_item};

/// Whether some order of the commands leads to these items and announcements.
fn explained(commands: &[Command], items: &[String], announced: &[Value]) -> bool {
    fn permutations(
        rest: &mut Vec<Command>,
        done: &mut Vec<Command>,
        found: &mut dyn FnMut(&[Command]) -> bool,
    ) -> bool {
        if rest.is_empty() {
            return found(done);
        }
        for index in 0..rest.len() {
            let command = rest.remove(index);
            done.push(command.clone());
            let hit = permutations(rest, done, found);
            done.pop();
            rest.insert(index, command);
            if hit {
                return true;
            }
        }
        false
    }
    let mut wanted: Vec<String> = announced.iter().map(Value::to_string).collect();
    wanted.sort();
    permutations(&mut commands.to_vec(), &mut Vec::new(), &mut |order| {
        let mut basket: Vec<String> = Vec::new();
        let mut said: Vec<String> = Vec::new();
        let mut say = |event: OrderEvent| said.push(serde_json::to_value(event).unwrap().to_string());
        for command in order {
            let (order_id, item) = (command.order_id().to_owned(), command.item().to_owned());
            let there = basket.contains(&item);
            match command {
                Command::AddItem { .. } if !there => {
                    if basket.is_empty() {
                        say(OrderEvent::FirstItemAdded { order_id: order_id.clone(), item: item.clone() });
                    }
                    basket.push(item.clone());
                    say(OrderEvent::ItemAdded { order_id, item });
                }
                Command::RemoveItem { .. } if there => {
                    basket.retain(|other| *other != item);
                    say(OrderEvent::ItemRemoved { order_id, item });
                }
                _ => say(OrderEvent::NothingChanged { order_id, item }),
            }
        }
        said.sort();
        basket == items && said == wanted
    })
}

#[test]
fn three_thousand_pieces_of_evidence_get_the_same_verdict() {
    let specification = specifications::orders_with_welcome();
    let mut dice = Xoshiro256PlusPlus::seed_from_u64(2026);
    let (mut right, mut wrong) = (0, 0);
    for _ in 0..3_000 {
        let inputs: Vec<Message> = (0..dice.random_range(1..5))
            .map(|n| {
                let item = ["tea", "cake", "pie"][dice.random_range(0..3)];
                let message =
                    if dice.random_bool(0.7) { add_item("o", item) } else { remove_item("o", item) };
                message.said_again(&n.to_string())
            })
            .collect();
        let commands: Vec<Command> = inputs.iter().map(|input| input.read().unwrap()).collect();
        // Start from a true execution in a random order, and spoil it half of
        // the time.
        let mut order: Vec<usize> = (0..inputs.len()).collect();
        for index in (1..order.len()).rev() {
            order.swap(index, dice.random_range(0..index + 1));
        }
        let mut state = serde_json::to_value(Order::default()).unwrap();
        let mut outputs: Vec<Message> = Vec::new();
        for &index in &order {
            let (next, said) =
                chaos::Specification::process(&specification, &state, &inputs[index]).remove(0);
            state = next;
            for (number, body) in said.into_iter().enumerate() {
                outputs.push(Message { id: inputs[index].id.derive(&number.to_string()), body });
            }
        }
        match dice.random_range(0..8) {
            0 => _ = outputs.pop(),
            1 => {
                let body = outputs[dice.random_range(0..outputs.len())].body.clone();
                outputs.push(Message { id: MessageId::named("spoiled"), body });
            }
            2 => {
                let mut spoiled: Order = serde_json::from_value(state).unwrap();
                spoiled.items.reverse();
                state = serde_json::to_value(spoiled).unwrap();
            }
            3 => {
                let mut spoiled: Order = serde_json::from_value(state).unwrap();
                spoiled.items.pop();
                state = serde_json::to_value(spoiled).unwrap();
            }
            _ => {}
        }
        let items: Order = serde_json::from_value(state.clone()).unwrap();
        let announced: Vec<Value> = outputs.iter().map(|output| output.body.clone()).collect();
        let expected = explained(&commands, &items.items, &announced);
        let evidence = Evidence { aggregate: "o", inputs: &inputs, state: &state, outputs: &outputs };
        let verdict = judge(&specification, &evidence).unwrap();
        assert_eq!(verdict.is_ok(), expected, "{commands:?} {items:?} {announced:?}: {verdict:?}");
        if let Err(judgement) = verdict {
            assert!(!judgement.violated.is_empty() && !judgement.damage.is_empty(), "{judgement:?}");
            wrong += 1;
        } else {
            right += 1;
        }
    }
    assert!(right > 700 && wrong > 700, "{right} right, {wrong} wrong: too one-sided to mean anything");
}

#[test]
fn an_order_that_helps_is_only_a_hint() {
    // The inputs in the wrong order: the checker must still find the right one.
    let specification = specifications::orders_with_welcome();
    let inputs: Vec<Message> = (0..6).map(|n| add_item("o", &format!("item {n}"))).collect();
    let mut state = serde_json::to_value(Order::default()).unwrap();
    let mut outputs = Vec::new();
    for input in inputs.iter().rev() {
        let (next, said) = chaos::Specification::process(&specification, &state, input).remove(0);
        state = next;
        outputs.extend(
            said.into_iter()
                .enumerate()
                .map(|(n, body)| Message { id: input.id.derive(&n.to_string()), body }),
        );
    }
    let evidence = Evidence { aggregate: "o", inputs: &inputs, state: &state, outputs: &outputs };
    assert_eq!(judge(&specification, &evidence), Ok(Ok(())));
}
