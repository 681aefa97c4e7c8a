//! Round trips as bars: for each variant one, of as many parts as there are kinds, and a
//! second one for a copy that comes later.

use std::fmt::Write as _;

use anyhow::{Result, ensure};

use super::canvas::{Canvas, WIDTH, escaped, number, width_of};
use super::table::{Table, number_in};

const STYLE: &str = "\
text { font-size: 24px; }
.part { stroke: var(--paper); stroke-width: 2; }
.p0 { fill: var(--accent); }
.p1 { fill: var(--bad); }
.p2 { fill: var(--good); }
.in { fill: var(--paper); font-weight: bold; }
.copy { fill: none; stroke: var(--quiet); stroke-width: 2; stroke-dasharray: 5 3; }
.new { fill: var(--board); }
.stripe { stroke: var(--paper); stroke-width: 1.5; }
";

/// Texts are larger than elsewhere: there are few.
const LARGER: f64 = 1.2;
const NAMES: f64 = 310.0;
const TOP: f64 = 52.0;

/// Draws a table with columns for a name, three kinds of round trips, all of them, and
/// those of a copy. Rows from `new` on are marked as such.
pub fn bars(table: &Table, new: Option<&str>) -> Result<String> {
    ensure!(table.head.len() == 6, "there are not six columns: a name, three kinds, all, and a copy");
    let mut rows = Vec::new();
    for row in &table.rows {
        let numbers: Result<Vec<f64>> = row[1..].iter().map(|cell| number_in(cell, false)).collect();
        rows.push((row[0].as_str(), numbers?));
    }
    let first_new = match new {
        Some(new) => rows.iter().position(|(name, _)| *name == new),
        None => Some(rows.len()),
    };
    ensure!(first_new.is_some(), "the table has no row {:?}", new.unwrap_or_default());
    let first_new = first_new.unwrap_or(rows.len());
    // As if the longest were there always: so pictures of some of the rows have one scale.
    let most = rows.iter().map(|(_, numbers)| numbers[3]).fold(8.0, f64::max);
    let unit = ((WIDTH - NAMES - 120.0) / most).min(90.0);

    // Few rows may be high ones.
    let high = (340.0 / rows.len() as f64).clamp(54.0, 100.0);
    let (bar, copy_bar) = (high * 0.5, high * 0.22);
    let middle = bar / 2.0 + 8.5;
    let mut canvas = Canvas::new();
    let kinds = &table.head[1..4];
    canvas.text(0.0, 22.0, "quiet", "round trips");
    let mut x = NAMES;
    for (kind, name) in kinds.iter().enumerate() {
        canvas.put(&part(kind, x, 4.0, 26.0, 22.0));
        canvas.text(x + 36.0, 22.0, "", name);
        x += 36.0 + LARGER * width_of(name) + 34.0;
    }
    canvas.put(&format!("<rect class=\"copy\" x=\"{}\" y=\"5\" width=\"26\" height=\"20\"/>", number(x)));
    canvas.text(x + 36.0, 22.0, "", &table.head[5]);
    for (place, (name, numbers)) in rows.iter().enumerate() {
        let y = TOP + high * place as f64;
        let is_new = place >= first_new;
        if is_new {
            canvas.put(&format!(
                "<rect class=\"new\" x=\"0\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"8\"/>",
                number(y - 5.0),
                number(WIDTH),
                number(high - 4.0)
            ));
            canvas.text(WIDTH - 12.0, y + middle, "strong end", "new");
        }
        let class = if is_new { "strong" } else { "" };
        canvas.text(if is_new { 12.0 } else { 0.0 }, y + middle, class, name);
        let mut x = NAMES;
        for (kind, number) in numbers[..3].iter().enumerate().filter(|(_, number)| **number > 0.0) {
            canvas.put(&part(kind, x, y, number * unit, bar));
            canvas.text(x + number * unit / 2.0, y + middle, "in middle", &short(*number));
            x += number * unit;
        }
        canvas.text(x + 12.0, y + middle, "strong", &short(numbers[3]));
        let (copy, y) = (numbers[4], y + bar + 3.0);
        canvas.put(&format!(
            "<rect class=\"copy\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"/>",
            number(NAMES + 1.0),
            number(y),
            number((copy * unit - 2.0).max(1.0)),
            number(copy_bar)
        ));
        canvas.text(NAMES + copy * unit + 12.0, y + copy_bar / 2.0 + 8.5, "quiet", &short(copy));
    }
    let height = TOP + high * rows.len() as f64;
    let mut words = String::new();
    for (name, numbers) in &rows {
        let all = short(numbers[3]);
        let parts: Vec<String> =
            kinds.iter().zip(numbers).map(|(kind, number)| format!("{} {kind}", short(*number))).collect();
        _ = write!(words, "{name}: {all} ({}), {}: {}. ", parts.join(", "), table.head[5], short(numbers[4]));
    }
    Ok(canvas.finished(height, "Round trips for one message with one output", words.trim_end(), STYLE))
}

/// A part of a bar; those of the second kind are striped, those of the third dotted, but
/// not below the number in the middle: where bars are low, it reaches down to the edge.
fn part(kind: usize, x: f64, y: f64, width: f64, height: f64) -> String {
    let mut drawn = format!(
        "<rect class=\"part p{kind}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"/>",
        number(x),
        number(y),
        number(width),
        number(height)
    );
    let in_the_middle = |from: f64| width > 40.0 && (from + 2.5 - x - width / 2.0).abs() < 16.0;
    // Along the lower edge.
    let marks = (width / 9.0) as usize;
    let mut lines = String::new();
    for mark in 0..marks {
        let from = x + 4.0 + 9.0 * mark as f64;
        if in_the_middle(from) {
            continue;
        }
        match kind {
            1 => _ = write!(lines, "M{} {}l5 -5", number(from), number(y + height - 1.5)),
            2 => _ = write!(lines, "M{} {}h2", number(from), number(y + height - 3.5)),
            _ => {}
        }
    }
    if !lines.is_empty() {
        _ = write!(drawn, "<path class=\"stripe\" d=\"{lines}\"/>");
    }
    drawn
}

fn short(number: f64) -> String {
    escaped(&super::canvas::number(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let text = "| variant | reads | writes | publishes | all | a copy, later |\n|---|---|---|---|---|---|\n\
                    | 03 one | 1 | 1 | 1 | 3 | 2 |\n| 08 <b> | 1 | 6 | 1 | 8 | 3 |";
        Table::read(&text.lines().map(str::to_owned).collect::<Vec<_>>()).unwrap()
    }

    #[test]
    fn a_bar_is_as_long_as_its_number() {
        let svg = bars(&table(), Some("08 <b>")).unwrap();
        let widths = |class: &str| -> Vec<f64> {
            let mark = format!("class=\"part {class}\"");
            let parts = svg.split(&mark).skip(2);
            parts
                .map(|part| {
                    part.split("width=\"").nth(1).unwrap().split('"').next().unwrap().parse().unwrap()
                })
                .collect()
        };
        let (reads, writes) = (widths("p0"), widths("p1"));
        assert_eq!((reads.len(), writes.len()), (2, 2));
        assert!(
            (writes[1] / writes[0] - 6.0).abs() < 0.05 && (reads[0] - writes[0]).abs() < 0.1,
            "{writes:?}"
        );
        assert!(svg.contains("03 one: 3 (1 reads, 1 writes, 1 publishes), a copy, later: 2."), "{svg}");
        assert_eq!(svg.matches(">new<").count(), 1);
        assert!(!svg.contains("<b>") && svg.contains("08 &lt;b&gt;"));
        assert_eq!(bars(&table(), None).unwrap().matches(">new<").count(), 0);
    }

    #[test]
    fn what_is_no_such_table_is_refused() {
        assert!(bars(&table(), Some("07")).unwrap_err().to_string().contains("no row \"07\""));
        let mut table = table();
        table.rows[1][2] = "many".to_owned();
        assert!(bars(&table, None).unwrap_err().to_string().contains("\"many\" is no number"));
        table.head.pop();
        assert!(bars(&table, None).unwrap_err().to_string().contains("six columns"));
    }
}
