//! Storage over messages as curves, on scales on which ten times as much is one step.

use std::fmt::Write as _;

use anyhow::{Result, ensure};

use super::canvas::{Canvas, WIDTH, number, width_of};
use super::table::{Table, number_in};
use crate::terminal::grouped;

const STYLE: &str = "\
text { font-size: 24px; }
.grid { stroke: var(--line); stroke-width: 1; opacity: 0.5; }
.curve { fill: none; stroke-width: 4; stroke-linejoin: round; }
.mark { stroke: var(--paper); stroke-width: 2; }
.thin { stroke: var(--quiet); stroke-width: 1.5; fill: none; }
.c0 { stroke: var(--accent); } .m0 { fill: var(--accent); }
.c1 { stroke: var(--bad); stroke-dasharray: 14 6; } .m1 { fill: var(--bad); }
.c2 { stroke: var(--good); stroke-dasharray: 4 5; } .m2 { fill: var(--good); }
.c3 { stroke: var(--lost); stroke-dasharray: 16 5 4 5; } .m3 { fill: var(--lost); }
.c4 { stroke: var(--quiet); stroke-dasharray: 9 4; } .m4 { fill: var(--quiet); }
";

/// Texts are larger than elsewhere: there are few.
const LARGER: f64 = 1.2;
const LEFT: f64 = 140.0;
const RIGHT: f64 = 610.0;
const TOP: f64 = 44.0;
const LINE: f64 = 30.0;

/// How high the scale is: so high that so many curves have room beside it for what they
/// are.
fn high(curves: usize) -> f64 {
    if curves > 3 { 310.0 } else { 260.0 }
}

/// What several variants have in common: one curve.
struct Curve {
    names: Vec<String>,
    bytes: Vec<f64>,
    /// What is stored elsewhere in the end: `1,000 in the inbox`.
    elsewhere: Option<String>,
    is_new: bool,
}

/// Draws a table with columns for a name and for what is stored after so many messages:
/// bytes, and what is elsewhere. Rows from `new` on are marked as such.
pub fn curves(table: &Table, new: Option<&str>) -> Result<String> {
    ensure!(table.head.len() > 2, "there are not two columns with numbers at least");
    let messages: Result<Vec<f64>> = table.head[1..].iter().map(|head| number_in(head, true)).collect();
    let messages = messages?;
    ensure!(
        messages.windows(2).all(|pair| 0.0 < pair[0] && pair[0] < pair[1]),
        "the columns are not in order"
    );
    let curves = grouped_curves(table, new)?;
    let high = high(curves.len());
    let across = |count: f64| {
        let (first, last) = (messages[0].log10(), messages[messages.len() - 1].log10());
        LEFT + (RIGHT - LEFT) * (count.log10() - first) / (last - first)
    };
    let all = || curves.iter().flat_map(|curve| curve.bytes.iter().copied());
    let least = all().fold(f64::INFINITY, f64::min).log10().floor();
    let most = all().fold(0.0, f64::max).log10().ceil().max(least + 1.0);
    let up = |bytes: f64| TOP + high * (most - bytes.log10()) / (most - least);

    let mut canvas = Canvas::new();
    canvas.text(0.0, 26.0, "quiet", "bytes of one order, at rest");
    for power in least as i32..=most as i32 {
        let bytes = 10f64.powi(power);
        let y = number(up(bytes));
        canvas.put(&format!("<path class=\"grid\" d=\"M{} {y}H{}\"/>", number(LEFT), number(RIGHT)));
        canvas.text(LEFT - 14.0, up(bytes) + 7.0, "quiet end", &grouped(bytes as usize));
    }
    for count in &messages {
        let x = across(*count);
        canvas.put(&format!(
            "<path class=\"grid\" d=\"M{} {}V{}\"/>",
            number(x),
            number(TOP),
            number(TOP + high)
        ));
        canvas.text(x, TOP + high + 28.0, "quiet middle", &grouped(*count as usize));
    }
    canvas.text(
        f64::midpoint(LEFT, RIGHT),
        TOP + high + 58.0,
        "quiet middle",
        "messages that put an item in or take it out",
    );
    for (place, curve) in curves.iter().enumerate() {
        let points: Vec<(f64, f64)> =
            messages.iter().zip(&curve.bytes).map(|(count, bytes)| (across(*count), up(*bytes))).collect();
        let way: Vec<String> = points.iter().map(|(x, y)| format!("{} {}", number(*x), number(*y))).collect();
        canvas.put(&format!("<path class=\"curve c{}\" d=\"M{}\"/>", place % 5, way.join("L")));
        points.iter().for_each(|point| canvas.put(&mark(place, *point)));
    }
    labels(&mut canvas, &curves, TOP + high, up);
    let mut words = String::new();
    for curve in &curves {
        let bytes: Vec<String> = messages
            .iter()
            .zip(&curve.bytes)
            .map(|(count, bytes)| {
                format!("{} bytes after {}", grouped(*bytes as usize), grouped(*count as usize))
            })
            .collect();
        _ = write!(words, "{}: {}", curve.names.join(", "), bytes.join(", "));
        words +=
            &curve.elsewhere.as_ref().map_or(". ".to_owned(), |elsewhere| format!(", and {elsewhere}. "));
    }
    let title = "What one order has stored, over the number of messages";
    Ok(canvas.finished(TOP + high + 68.0, title, words.trim_end(), STYLE))
}

fn grouped_curves(table: &Table, new: Option<&str>) -> Result<Vec<Curve>> {
    let first_new = new.map(|new| table.rows.iter().position(|row| row[0] == new));
    ensure!(first_new != Some(None), "the table has no row {:?}", new.unwrap_or_default());
    let first_new = first_new.flatten().unwrap_or(usize::MAX);
    let mut curves: Vec<Curve> = Vec::new();
    for (place, row) in table.rows.iter().enumerate() {
        let bytes: Result<Vec<f64>> = row[1..].iter().map(|cell| number_in(cell, false)).collect();
        let bytes = bytes?;
        ensure!(
            bytes.iter().all(|bytes| *bytes > 0.0),
            "{}: nothing is stored, which this scale has no place for",
            row[0]
        );
        let elsewhere = row[row.len() - 1].split_once("B, ").map(|(_, elsewhere)| elsewhere.to_owned());
        let is_new = place >= first_new;
        match curves
            .iter_mut()
            .find(|known| (&known.bytes, &known.elsewhere, known.is_new) == (&bytes, &elsewhere, is_new))
        {
            Some(known) => known.names.push(row[0].clone()),
            None => curves.push(Curve { names: vec![row[0].clone()], bytes, elsewhere, is_new }),
        }
    }
    Ok(curves)
}

/// What each curve is, at its end; as far apart as texts must be.
fn labels(canvas: &mut Canvas, curves: &[Curve], bottom: f64, up: impl Fn(f64) -> f64) {
    let texts: Vec<Vec<String>> = curves.iter().map(label).collect();
    let end = |place: usize| up(curves[place].bytes[curves[place].bytes.len() - 1]);
    let mut order: Vec<usize> = (0..curves.len()).collect();
    order.sort_by(|one, other| end(*one).total_cmp(&end(*other)).then(one.cmp(other)));
    // From the bottom up: each as far down as it may be, and none below the picture.
    let mut floor = bottom + 20.0;
    let mut tops = vec![0.0; curves.len()];
    for place in order.iter().rev() {
        let lines = LINE * texts[*place].len() as f64;
        tops[*place] = (end(*place) - LINE / 2.0).min(floor - lines);
        floor = tops[*place] - 6.0;
    }
    for (place, lines) in texts.iter().enumerate() {
        let (top, y) = (tops[place], end(place));
        let middle = top + LINE / 2.0;
        canvas.put(&format!(
            "<path class=\"thin\" d=\"M{} {}L{} {}\"/>",
            number(RIGHT + 12.0),
            number(y),
            number(RIGHT + 44.0),
            number(middle)
        ));
        canvas.put(&mark(place, (RIGHT + 56.0, middle)));
        let mut x = RIGHT + 74.0;
        if curves[place].is_new {
            canvas.put(&format!(
                "<rect class=\"board\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"8\"/>",
                number(x - 6.0),
                number(top - 2.0),
                number(WIDTH - x + 6.0),
                number(LINE * lines.len() as f64 + 2.0)
            ));
            canvas.text(x + 2.0, middle + 7.0, "strong", "new:");
            x += 64.0;
        }
        for (row, line) in lines.iter().enumerate() {
            let class = if curves[place].is_new && row == 0 { "strong" } else { "" };
            canvas.text(x, middle + 7.0 + LINE * row as f64, class, line);
        }
    }
}

/// Names, how much, and what is elsewhere, in lines that fit beside the curves.
fn label(curve: &Curve) -> Vec<String> {
    let room = WIDTH - RIGHT - 74.0 - if curve.is_new { 70.0 } else { 0.0 };
    let bytes = format!("{} B", grouped(curve.bytes[curve.bytes.len() - 1] as usize));
    let end = curve.elsewhere.as_ref().map_or(bytes.clone(), |elsewhere| format!("{bytes}, {elsewhere}"));
    let mut words: Vec<String> = curve.names.iter().map(|name| format!("{name},")).collect();
    if let Some(last) = words.last_mut() {
        last.pop();
        last.push(':');
    }
    words.push(end);
    let mut lines: Vec<String> = Vec::new();
    for word in words {
        match lines.last_mut() {
            Some(line) if LARGER * (width_of(line) + 6.0 + width_of(&word)) <= room => {
                *line += &format!(" {word}")
            }
            _ => lines.push(word),
        }
    }
    lines
}

/// A sign for a curve: each has its own.
fn mark(place: usize, (x, y): (f64, f64)) -> String {
    let at = |dx: f64, dy: f64| format!("{} {}", number(x + dx), number(y + dy));
    let class = format!("class=\"mark m{}\"", place % 5);
    match place % 5 {
        0 => format!("<circle {class} cx=\"{}\" cy=\"{}\" r=\"9\"/>", number(x), number(y)),
        1 => format!("<path {class} d=\"M{}h16v16h-16Z\"/>", at(-8.0, -8.0)),
        2 => format!("<path {class} d=\"M{}L{}L{}Z\"/>", at(0.0, -10.0), at(10.0, 8.0), at(-10.0, 8.0)),
        3 => format!(
            "<path {class} d=\"M{}L{}L{}L{}Z\"/>",
            at(0.0, -11.0),
            at(10.0, 0.0),
            at(0.0, 11.0),
            at(-10.0, 0.0)
        ),
        _ => format!("<path {class} d=\"M{}L{}L{}Z\"/>", at(0.0, 10.0), at(10.0, -8.0), at(-10.0, -8.0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let text = "| variant | after 10 | after 100 | after 1,000 |\n|---|---|---|---|\n\
                    | 03 <a> | 100 B | 1,000 B | 10,000 B |\n| 04 two | 100 B | 1,000 B | 10,000 B |\n\
                    | 06 inbox | 34 B, 10 in the inbox | 34 B, 100 in the inbox | 34 B, 1,000 in the inbox |\n\
                    | 09 tokens | 34 B | 34 B | 34 B |";
        Table::read(&text.lines().map(str::to_owned).collect::<Vec<_>>()).unwrap()
    }

    fn places(svg: &str) -> Vec<Vec<(f64, f64)>> {
        let curves = svg.split("class=\"curve ").skip(1);
        let point = |text: &str| {
            let (x, y) = text.split_once(' ').unwrap();
            (x.parse().unwrap(), y.parse().unwrap())
        };
        let ways = curves.map(|curve| curve.split("d=\"M").nth(1).unwrap().split('"').next().unwrap());
        ways.map(|way| way.split('L').map(point).collect()).collect()
    }

    #[test]
    fn ten_times_as_much_is_one_step_and_those_that_are_alike_are_one_curve() {
        let svg = curves(&table(), Some("09 tokens")).unwrap();
        let curves = places(&svg);
        assert_eq!(curves.len(), 3, "03 and 04 are one");
        let [(x0, y0), (x1, y1), (x2, y2)] = curves[0][..] else { panic!("{curves:?}") };
        assert!(x2 - x1 == x1 - x0 && ((y0 - y1) - (y1 - y2)).abs() < 0.2 && y0 > y1, "{curves:?}");
        assert!(curves[1].iter().all(|(_, y)| *y == curves[1][0].1));
        assert!(svg.contains("03 &lt;a&gt;, 04 two: 100 bytes after 10, 1,000 bytes after 100"), "{svg}");
        assert!(svg.contains("34 bytes after 1,000, and 1,000 in the inbox. 09 tokens: 34 bytes"), "{svg}");
        assert_eq!(svg.matches(">new:<").count(), 1);
    }

    #[test]
    fn no_label_stands_on_another() {
        let svg = curves(&table(), None).unwrap();
        let mut rows: Vec<(f64, f64)> = svg
            .split("<text ")
            .skip(1)
            .filter_map(|text| {
                let field = |name: &str| {
                    text.split(&format!("{name}=\"")).nth(1)?.split('"').next()?.parse::<f64>().ok()
                };
                Some((field("y")?, field("x")?)).filter(|(_, x)| *x > RIGHT + 60.0)
            })
            .collect();
        rows.sort_by(|one, other| one.0.total_cmp(&other.0));
        assert!(
            rows.len() >= 3 && rows.windows(2).all(|pair| pair[1].0 - pair[0].0 >= LINE - 0.1),
            "{rows:?}"
        );
        assert!(rows.iter().all(|(y, _)| *y <= TOP + 260.0 + 60.0));
    }

    #[test]
    fn what_is_no_such_table_is_refused() {
        let refused = |mend: fn(&mut Table)| {
            let mut table = table();
            mend(&mut table);
            curves(&table, None).unwrap_err().to_string()
        };
        assert!(refused(|table| table.rows[0][1] = "much".into()).contains("\"much\" is no number"));
        assert!(refused(|table| table.rows[0][1] = "0 B".into()).contains("nothing is stored"));
        assert!(refused(|table| table.head[3] = "after 5".into()).contains("not in order"));
        assert!(refused(|table| table.head.truncate(2)).contains("two columns"));
        assert!(curves(&table(), Some("10")).unwrap_err().to_string().contains("no row \"10\""));
    }
}
