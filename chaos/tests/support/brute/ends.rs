//! What is left at the end, in a form in which two ends that differ in names
//! only are the same.

use std::collections::{BTreeMap, BTreeSet};

use super::super::programs::{Name, service_key};
use super::Rest;
use super::world::{SHARED, State};

impl State {
    /// A line for everything that is left; `None` if too much of it is alike.
    pub fn rest(&self) -> Option<Rest> {
        let mut lines = Vec::new();
        let mut line =
            |text: String, ids: &[Option<Name>]| lines.push((text, ids.iter().flatten().copied().collect()));
        for (&(store, text, id), (now, _)) in &self.documents {
            if let Some((body, _)) = now {
                let store = if store == SHARED { "shared".to_owned() } else { format!("e{store}") };
                let (key_hole, body_hole) = (hole(id), hole(body.id));
                line(format!("{store}/{text}{key_hole} = {}{body_hole}", body.text), &[id, body.id]);
            }
        }
        for ((endpoint, name), events) in &self.streams {
            line(format!("e{endpoint} stream {name}: {}", events.iter().collect::<String>()), &[]);
        }
        for ((endpoint, name), records) in &self.logs {
            let said: Vec<String> =
                records.iter().map(|note| format!("{}{}", note.text, hole(note.id))).collect();
            let ids: Vec<Option<Name>> = records.iter().map(|note| note.id).collect();
            line(format!("e{endpoint} log {name}: {}", said.join(",")), &ids);
        }
        for (key, (done, _)) in &self.service {
            let said = match key.id {
                None => service_key(key.text, None).to_string(),
                Some(_) => format!("#:{}", key.text),
            };
            for (n, request) in (1..).zip(done) {
                let text = format!("service {said} {n}: {}{}", request.text, hole(request.id));
                line(text, &[key.id, request.id]);
            }
        }
        for (sequence, (subject, body, name)) in (1..).zip(&self.subjects) {
            let said = name.map_or_else(String::new, |name| format!("{}{}", name.text, hole(name.id)));
            let text = format!("sent {sequence} {subject}: {}{} as {said}", body.text, hole(body.id));
            line(text, &[body.id, name.and_then(|name| name.id)]);
        }
        for message in self.published.keys() {
            let (endpoint, note) = (message.by.expect("an endpoint publishes it"), message.note);
            line(format!("published {endpoint}{}{}", note.text, hole(note.id)), &[note.id]);
        }
        canonical(&lines)
    }
}

fn hole(id: Option<Name>) -> &'static str {
    if id.is_some() { "#" } else { "" }
}

/// Lines with holes for ids, and the ids: with the ids numbered so that the
/// whole is least. Two worlds that differ only in names give the same. `None`
/// if too many of them are alike.
pub fn canonical(lines: &[(String, Vec<Name>)]) -> Option<Rest> {
    let mut names: Vec<Name> = lines.iter().flat_map(|(_, ids)| ids.iter().copied()).collect();
    names.sort_unstable();
    names.dedup();
    // Names that occur in different places are told apart by that, which
    // leaves few orders to try.
    let mut classes: BTreeMap<Name, usize> = names.iter().map(|&name| (name, 0)).collect();
    for _ in 0..names.len() {
        let mut places: BTreeMap<Name, Vec<(&str, usize, Vec<usize>)>> = BTreeMap::new();
        for (text, ids) in lines {
            for (place, id) in ids.iter().enumerate() {
                let others = ids.iter().map(|id| classes[id]).collect();
                places.entry(*id).or_default().push((text, place, others));
            }
        }
        places.values_mut().for_each(|places| places.sort());
        let kinds: BTreeSet<_> = places.values().collect();
        classes = places
            .iter()
            .map(|(&name, places)| {
                (name, kinds.iter().position(|kind| *kind == places).expect("it is one of them"))
            })
            .collect();
    }
    names.sort_by_key(|name| classes[name]);
    let class: Vec<usize> = names.iter().map(|name| classes[name]).collect();
    let orders = class
        .chunk_by(|a, b| a == b)
        .flat_map(|alike| 1..=alike.len())
        .try_fold(1usize, |product, factor| product.checked_mul(factor).filter(|&product| product <= 720));
    orders?;
    let mut best: Option<Rest> = None;
    permute(&mut names, &class, 0, &mut |order| {
        let mut rest: Rest = lines
            .iter()
            .map(|(text, ids)| {
                let mut ids = ids.iter();
                text.chars().fold(String::new(), |mut line, letter| {
                    line.push(letter);
                    if letter == '#' {
                        let id = ids.next().expect("an id for each hole");
                        let number =
                            order.iter().position(|other| other == id).expect("a number for each id");
                        line.push_str(&number.to_string());
                    }
                    line
                })
            })
            .collect();
        rest.sort();
        if best.as_ref().is_none_or(|best| rest < *best) {
            best = Some(rest);
        }
    });
    best
}

/// Every order of the items in which the classes stay where they are.
fn permute(items: &mut [Name], class: &[usize], from: usize, visit: &mut impl FnMut(&[Name])) {
    if from == items.len() {
        return visit(items);
    }
    for place in from..items.len() {
        if class[place] == class[from] {
            items.swap(from, place);
            permute(items, class, from + 1, visit);
            items.swap(from, place);
        }
    }
}
