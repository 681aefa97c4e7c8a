//! The states of a search, drawn: what model checking looks like.

use std::fmt::Write as _;

use records::Space;
use records::space::{Kind, Move};

use super::canvas::{Canvas, WIDTH, number, width_of, wrapped};
use super::layout::{Layout, layout};
use crate::terminal::grouped;

/// What stands above the drawing.
#[derive(Clone, Debug, Default)]
pub struct Caption {
    /// What it is a drawing of; on a slide, that is said by the slide.
    pub title: Option<String>,
    /// What the search has found, and what it means.
    pub lines: Vec<String>,
}

const LINE: f64 = 26.0;
/// Around a drawing that stands by itself.
const MARGIN: f64 = 24.0;
/// Of more states than these, none has a text of its own.
const SPOKEN: usize = 400;
/// Half as high, at least, is the sign of a state at rest, however many there are.
const AT_REST: f64 = 5.0;

const STYLE: &str = "\
.title { font-size: 26px; font-weight: bold; fill: var(--accent); }
.step, .fault, .story, .loop { fill: none; stroke: var(--line); stroke-width: 1.4; }
.fault { stroke-dasharray: 5 4; }
.many { stroke-width: 0.7; opacity: 0.7; }
.astray { stroke: var(--lost); }
.story { stroke: var(--accent); stroke-width: 5; stroke-linecap: round; stroke-linejoin: round; }
.struck { stroke: var(--bad); stroke-dasharray: 2 9; }
.busy { fill: var(--quiet); }
.right { fill: var(--good); }
.wrong { fill: none; stroke: var(--bad); stroke-linecap: round; }
.lost, .broken, .open, .start { fill: var(--paper); stroke: var(--lost); stroke-width: 2.2; }
.broken { stroke: var(--bad); }
.open { stroke: var(--quiet); stroke-dasharray: 2 2; }
.start { fill: none; stroke: var(--ink); }
.told { fill: var(--bad); font-size: 24px; font-weight: bold; stroke: var(--board); stroke-width: 6; paint-order: stroke; stroke-linejoin: round; }
.turn { fill: var(--lost); stroke: var(--board); stroke-width: 1.5; }
";

/// The looks of a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Look {
    Busy,
    Lost,
    Right,
    Wrong,
    Broken,
    Open,
}

impl Look {
    const ALL: [Self; 6] = [Self::Busy, Self::Right, Self::Wrong, Self::Lost, Self::Broken, Self::Open];

    fn of(space: &Space, state: usize) -> Self {
        let state = space.states[state];
        match state.kind {
            Kind::Right => Self::Right,
            Kind::Wrong => Self::Wrong,
            Kind::Broken => Self::Broken,
            Kind::Open => Self::Open,
            Kind::Busy if state.lost => Self::Lost,
            Kind::Busy => Self::Busy,
        }
    }

    /// A sign for it, with this middle and half height.
    fn sign(self, (x, y): (f64, f64), radius: f64) -> String {
        let at = |dx: f64, dy: f64| format!("{} {}", number(x + dx), number(y + dy));
        let (cx, cy, r) = (number(x), number(y), number(radius));
        match self {
            Self::Busy => format!("<circle class=\"busy\" cx=\"{cx}\" cy=\"{cy}\" r=\"{r}\"/>"),
            Self::Lost => format!("<circle class=\"lost\" cx=\"{cx}\" cy=\"{cy}\" r=\"{r}\"/>"),
            Self::Open => format!("<circle class=\"open\" cx=\"{cx}\" cy=\"{cy}\" r=\"{r}\"/>"),
            Self::Right => {
                let (x, y, side) = (number(x - radius), number(y - radius), number(2.0 * radius));
                format!("<rect class=\"right\" x=\"{x}\" y=\"{y}\" width=\"{side}\" height=\"{side}\"/>")
            }
            Self::Wrong => {
                let (out, wide) = (radius * 1.05, number((radius * 0.65).max(1.8)));
                format!(
                    "<path class=\"wrong\" stroke-width=\"{wide}\" d=\"M{}L{}M{}L{}\"/>",
                    at(-out, -out),
                    at(out, out),
                    at(-out, out),
                    at(out, -out)
                )
            }
            Self::Broken => {
                let out = radius * 1.15;
                format!(
                    "<path class=\"broken\" d=\"M{}L{}L{}Z\"/>",
                    at(0.0, -out),
                    at(out, out),
                    at(-out, out)
                )
            }
        }
    }

    /// What it means, of so many of them.
    fn meaning(self, count: usize) -> String {
        let states = grouped(count);
        match self {
            Self::Busy => format!("{states} where something is still to be done"),
            Self::Lost => format!("{states} from which no right end is within reach without another fault"),
            Self::Right => format!("{states} at rest: all is well"),
            Self::Wrong => format!("{states} at rest: something is wrong"),
            Self::Broken => format!("{states} where the handler gives out"),
            Self::Open => format!("{states} that nobody has looked further from"),
        }
    }
}

/// Draws a space with this caption.
pub fn space(space: &Space, caption: &Caption) -> String {
    // One that has a title stands by itself.
    let mut canvas = Canvas::with_margin(if caption.title.is_some() { MARGIN } else { 0.0 });
    let mut y = 0.0;
    if let Some(title) = &caption.title {
        for line in wrapped(title, (WIDTH - 20.0) / 1.35) {
            y += 34.0;
            canvas.text(0.0, y, "title", &line);
        }
        y += 6.0;
    }
    for line in caption.lines.iter().flat_map(|line| wrapped(line, WIDTH - 20.0)) {
        y += LINE;
        canvas.text(0.0, y, "", &line);
    }
    y += 14.0;
    let drawn = layout(space, y);
    bands(&mut canvas, &drawn, may_be_stale(space));
    steps(&mut canvas, space, &drawn);
    story(&mut canvas, space, &drawn);
    states(&mut canvas, space, &drawn);
    turn(&mut canvas, space, &drawn);
    let below = drawn.bands.last().map_or(y, |(_, band)| band.end);
    scale(&mut canvas, space, &drawn, below);
    let end = legend(&mut canvas, space, below + 36.0);
    let title = caption.title.clone().unwrap_or_else(|| format!("The states of a search: {}", space.bounds));
    canvas.finished(end + 12.0, &title, &in_words(space), STYLE)
}

fn bands(canvas: &mut Canvas, drawn: &Layout, stale: bool) {
    for (faults, band) in &drawn.bands {
        let (x, y) = (number(drawn.across.start), number(band.start));
        let (width, height) = (number(drawn.across.end - drawn.across.start), number(band.end - band.start));
        canvas.put(&format!(
            "<rect class=\"board\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"10\"/>"
        ));
        let middle = f64::midpoint(band.start, band.end) + 7.0;
        canvas.text(0.0, middle, "strong", &in_the_band(*faults));
        if stale && *faults > 0 {
            canvas.text(0.0, middle + 22.0, "quiet", "or stale reads");
        }
    }
}

fn in_the_band(faults: u32) -> String {
    match faults {
        0 => "no fault".to_owned(),
        1 => "one fault".to_owned(),
        2 => "two faults".to_owned(),
        3 => "three faults".to_owned(),
        4 => "four faults".to_owned(),
        more => format!("{more} faults"),
    }
}

/// Whether reads may be stale: each is counted with the faults.
fn may_be_stale(space: &Space) -> bool {
    space.bounds.contains("stale read")
}

/// How a step from one place to another is drawn: straight, if it leads on; what leads
/// back, or to where it comes from, goes round.
fn line(from: (f64, f64), to: (f64, f64), radius: f64) -> String {
    let at = |(x, y): (f64, f64)| format!("{} {}", number(x), number(y));
    if from == to {
        let (left, right) =
            ((from.0 - 3.0 * radius, from.1 - 4.0 * radius), (from.0 + 3.0 * radius, from.1 - 4.0 * radius));
        return format!("M{}C{} {} {}", at(from), at(left), at(right), at(to));
    }
    if from.0 < to.0 {
        return format!("M{}L{}", at(from), at(to));
    }
    let over = from.1.min(to.1) - 3.0 * radius - 0.12 * (from.0 - to.0);
    format!("M{}Q{} {}", at(from), at((f64::midpoint(from.0, to.0), over)), at(to))
}

fn steps(canvas: &mut Canvas, space: &Space, drawn: &Layout) {
    let many = if space.steps.len() > 600 { " many" } else { "" };
    let lost = |step: &Move| space.states[step.from].lost && space.states[step.to].lost;
    for (class, astray, fault) in [
        ("step", false, false),
        ("fault", false, true),
        ("step astray", true, false),
        ("fault astray", true, true),
    ] {
        let chosen = space.steps.iter().filter(|step| lost(step) == astray && step.fault.is_some() == fault);
        let lines: String =
            chosen.map(|step| line(drawn.places[step.from], drawn.places[step.to], drawn.radius)).collect();
        if !lines.is_empty() {
            canvas.put(&format!("<path class=\"{class}{many}\" d=\"{lines}\"/>"));
        }
    }
}

/// The way of the story, and what strikes on it.
fn story(canvas: &mut Canvas, space: &Space, drawn: &Layout) {
    let mut struck = Vec::new();
    let (mut steps, mut faults) = (String::new(), String::new());
    for pair in space.way.windows(2) {
        let (from, to) = (drawn.places[pair[0]], drawn.places[pair[1]]);
        let drawn = line(from, to, drawn.radius);
        match striking(space, pair[0], pair[1]) {
            None => steps += &drawn,
            Some(_) => {
                faults += &drawn;
                struck.push((f64::midpoint(from.0, to.0), f64::midpoint(from.1, to.1)));
            }
        }
    }
    for (class, lines) in [("story", steps), ("story struck", faults)] {
        if !lines.is_empty() {
            canvas.put(&format!("<path class=\"{class}\" d=\"{lines}\"/>"));
        }
    }
    // What they are, the legend says: there is no room for words here.
    for (x, y) in struck {
        canvas.text(x, y + 8.0, "told middle", "✗");
    }
}

/// The fault that leads from one state to another, if there is no other way.
fn striking(space: &Space, from: usize, to: usize) -> Option<usize> {
    let between = |step: &&Move| (step.from, step.to) == (from, to);
    space.steps.iter().filter(between).map(|step| step.fault).min().flatten()
}

fn states(canvas: &mut Canvas, space: &Space, drawn: &Layout) {
    let spoken = space.states.len() <= SPOKEN;
    let at_rest = |state: &usize| matches!(Look::of(space, *state), Look::Right | Look::Wrong | Look::Broken);
    // What is at rest is what one looks for: it stands above all others.
    let (resting, busy): (Vec<usize>, Vec<usize>) = (0..space.states.len()).partition(at_rest);
    for (state, rests) in
        busy.into_iter().map(|state| (state, false)).chain(resting.into_iter().map(|state| (state, true)))
    {
        let place = &drawn.places[state];
        let on_the_way = space.way.contains(&state);
        let least = if !rests {
            0.0
        } else if on_the_way {
            AT_REST * 1.6
        } else {
            AT_REST
        };
        let radius =
            if on_the_way { (drawn.radius * 1.25).max(4.0).min(drawn.radius + 3.0) } else { drawn.radius };
        let mut sign = Look::of(space, state).sign(*place, radius.max(least));
        if state == 0 {
            let (x, y, around) = (number(place.0), number(place.1), number(radius + 4.0));
            _ = write!(sign, "<circle class=\"start\" cx=\"{x}\" cy=\"{y}\" r=\"{around}\"/>");
        }
        match spoken {
            true => canvas.put(&format!("<g><title>{}</title>{sign}</g>", of_a_state(space, state))),
            false => canvas.put(&sign),
        }
    }
}

fn of_a_state(space: &Space, state: usize) -> String {
    let spot = space.states[state];
    let what = match Look::of(space, state) {
        Look::Busy => "something is still to be done",
        Look::Lost => "no right end is within reach",
        Look::Right => "at rest, all is well",
        Look::Wrong => "at rest, something is wrong",
        Look::Broken => "the handler gives out",
        Look::Open => "nobody has looked further",
    };
    format!("{}, {}: {what}", counted(spot.depth as usize, "step"), counted(spot.faults as usize, "fault"))
}

/// Where the story can no longer end right: the place on its way.
fn turning(space: &Space) -> Option<usize> {
    let lost = |state: &usize| space.states[*state].lost;
    let since = space.way.iter().rposition(|state| !lost(state)).map_or(0, |last| last + 1);
    (since < space.way.len()).then(|| space.way[since])
}

fn turn(canvas: &mut Canvas, space: &Space, drawn: &Layout) {
    let Some(state) = turning(space) else { return };
    let (x, y) = drawn.places[state];
    // In a sign that is hollow there is room for it.
    let y = if Look::of(space, state) == Look::Lost { y } else { y - drawn.radius - 15.0 };
    canvas.put(&diamond(x, y, (drawn.radius * 0.85).max(7.0)));
}

fn diamond(x: f64, y: f64, out: f64) -> String {
    let at = |dx: f64, dy: f64| format!("{} {}", number(x + dx), number(y + dy));
    format!(
        "<path class=\"turn\" d=\"M{}L{}L{}L{}Z\"/>",
        at(0.0, -out),
        at(out * 0.8, 0.0),
        at(0.0, out),
        at(-out * 0.8, 0.0)
    )
}

/// How many steps, below the bands.
fn scale(canvas: &mut Canvas, space: &Space, drawn: &Layout, below: f64) {
    let deepest = space.states.iter().map(|state| state.depth).max().unwrap_or(0);
    let start = drawn.places.first().map_or(0.0, |place| place.0);
    let every = (1..).find(|every| f64::from(*every) * drawn.step >= 60.0).unwrap_or(1);
    let every = [1, 2, 5, 10, 20, 50, 100].into_iter().find(|nice| *nice >= every).unwrap_or(every);
    canvas.text(0.0, below + 22.0, "quiet", "steps");
    for steps in (0..=deepest).step_by(every as usize) {
        let class = "quiet middle";
        canvas.text(start + f64::from(steps) * drawn.step, below + 22.0, class, &steps.to_string());
    }
}

/// What the signs mean; where it ends.
fn legend(canvas: &mut Canvas, space: &Space, top: f64) -> f64 {
    let count = |look: Look| (0..space.states.len()).filter(|state| Look::of(space, *state) == look).count();
    let mut entries: Vec<(String, String)> = Look::ALL
        .into_iter()
        .map(|look| (look, count(look)))
        .filter(|(_, count)| *count > 0)
        .map(|(look, count)| (look.sign((16.0, 0.0), 8.0), look.meaning(count)))
        .collect();
    let stroke = |class: &str| format!("<path class=\"{class}\" d=\"M0 0L34 0\"/>");
    entries.push((stroke("step"), "a step".to_owned()));
    if space.steps.iter().any(|step| step.fault.is_some()) {
        let fault = if may_be_stale(space) { "a fault or a stale read" } else { "a fault" };
        entries.push((stroke("fault"), fault.to_owned()));
    }
    if !space.way.is_empty() {
        let struck = space.way.windows(2).filter_map(|pair| striking(space, pair[0], pair[1]));
        let mut struck: Vec<&str> = struck.map(|fault| space.faults[fault].as_str()).collect();
        struck.dedup();
        let with = if struck.is_empty() { String::new() } else { format!(": ✗ {}", struck.join("; ✗ ")) };
        entries.push((stroke("story"), format!("the way of the story{with}")));
    }
    if turning(space).is_some() {
        entries.push((diamond(16.0, 0.0, 9.0), "from here on it is too late".to_owned()));
    }
    let (mut x, mut y) = (0.0, top + LINE);
    for (sign, words) in entries {
        let wide = 44.0 + width_of(&words) + 30.0;
        if x > 0.0 && x + wide > WIDTH + 30.0 {
            (x, y) = (0.0, y + LINE + 2.0);
        }
        canvas.put(&format!("<g transform=\"translate({} {})\">{sign}</g>", number(x), number(y - 7.0)));
        canvas.text(x + 44.0, y, "", &words);
        x += wide;
    }
    for sentence in left_out(space) {
        y += LINE + 2.0;
        canvas.text(0.0, y, "strong", &sentence);
    }
    y
}

/// What is not to be seen.
fn left_out(space: &Space) -> Vec<String> {
    let mut sentences = Vec::new();
    let (drawn, found) = (space.states.len(), space.found);
    if found > drawn {
        sentences.push(format!(
            "Of {} states, {} are drawn, with few faults and few steps; {} are left out.",
            grouped(found),
            grouped(drawn),
            grouped(found - drawn)
        ));
    }
    if !space.whole {
        sentences.push("Not every step was tried: there are more states than were looked for.".to_owned());
    }
    sentences
}

/// The picture for those who cannot see it.
fn in_words(space: &Space) -> String {
    let mut words = format!("{}. {} drawn", space.bounds, counted(space.states.len(), "state"));
    for look in Look::ALL {
        let count = (0..space.states.len()).filter(|state| Look::of(space, *state) == look).count();
        if count > 0 {
            _ = write!(words, "; {}", look.meaning(count));
        }
    }
    words.push('.');
    if !space.way.is_empty() {
        let end = space.states[space.way[space.way.len() - 1]];
        _ = write!(
            words,
            " The story takes {} and {}.",
            counted(space.way.len() - 1, "step"),
            counted(end.faults as usize, "fault")
        );
    }
    for sentence in left_out(space) {
        _ = write!(words, " {sentence}");
    }
    words
}

fn counted(number: usize, what: &str) -> String {
    format!("{} {what}{}", grouped(number), if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand::rngs::Xoshiro256PlusPlus;
    use records::space::Spot;

    use super::super::layout::tests::any;
    use super::*;

    const HOSTILE: &str = "</svg><script>alert(1)</script><img src=x onerror=alert(1)>\" & ' \u{0}";

    fn drawn(space: &Space) -> String {
        super::space(space, &Caption::default())
    }

    /// The ends of the lines of each path of a class.
    fn ends(svg: &str, class: &str) -> Vec<[String; 2]> {
        let paths = svg.lines().filter_map(|line| line.strip_prefix("<path class=\"")?.split_once("\" d=\""));
        let lines = paths.filter(|(classes, _)| classes.split(' ').next() == Some(class));
        let lines = lines.flat_map(|(_, path)| path.trim_end_matches("\"/>").split('M').skip(1));
        let ends = lines.map(|line| {
            let numbers: Vec<&str> = line.split(['L', 'Q', 'C', ' ']).collect();
            [&numbers[..2], &numbers[numbers.len() - 2..]].map(|end| end.join(" "))
        });
        ends.collect()
    }

    #[test]
    fn every_step_ends_at_states_and_the_story_is_drawn_step_by_step() {
        let mut lot = Xoshiro256PlusPlus::seed_from_u64(2);
        for count in [2, 30, 500] {
            let mut space = any(&mut lot, count);
            let way = space.way.clone();
            space.steps.extend(way.windows(2).map(|pair| Move { from: pair[0], to: pair[1], fault: None }));
            let svg = drawn(&space);
            let places = layout(&space, 14.0).places;
            let place = |state: usize| format!("{} {}", number(places[state].0), number(places[state].1));
            let mut wanted: Vec<[String; 2]> =
                space.steps.iter().map(|step| [place(step.from), place(step.to)]).collect();
            let mut lines = [ends(&svg, "step"), ends(&svg, "fault")].concat();
            wanted.sort();
            lines.sort();
            assert_eq!(lines, wanted);
            let story: Vec<[String; 2]> =
                way.windows(2).map(|pair| [place(pair[0]), place(pair[1])]).collect();
            assert_eq!(ends(&svg, "story")[..story.len()], story);
        }
    }

    #[test]
    fn what_code_has_written_is_no_markup() {
        let mut lot = Xoshiro256PlusPlus::seed_from_u64(3);
        let mut space = any(&mut lot, 9);
        let caption = |words: &str| Caption { title: Some(words.to_owned()), lines: vec![words.to_owned()] };
        space.steps.push(Move { from: 0, to: 1, fault: Some(0) });
        space.steps.retain(|step| (step.from, step.to) != (0, 1) || step.fault.is_some());
        let plain = super::space(&space, &caption("x"));
        (space.bounds, space.faults) = (HOSTILE.to_owned(), vec![HOSTILE.to_owned()]);
        let hostile = super::space(&space, &caption(HOSTILE));
        for mark in ["<script", "<img", "</svg", "\u{0}"] {
            assert_eq!(hostile.matches(mark).count(), plain.matches(mark).count(), "{mark}");
        }
        assert!(hostile.matches("&lt;script&gt;").count() >= 4, "{hostile}");
        for bad in ["http:", "https:", "url(", "@import", "href", "<foreignObject"] {
            assert!(!plain.replace("http://www.w3.org/2000/svg", "").contains(bad), "{bad}");
        }
    }

    #[test]
    fn what_is_left_out_is_said() {
        let space = Space { states: vec![Spot::default()], found: 20_735, whole: true, ..Space::default() };
        let svg = drawn(&space);
        assert_eq!(
            svg.matches("Of 20,735 states, 1 are drawn, with few faults and few steps; 20,734 are left out.")
                .count(),
            2,
            "{svg}"
        );
        assert!(!svg.contains("Not every step"));
        let svg = drawn(&Space { whole: false, found: 1, ..space });
        assert!(svg.contains("Not every step was tried") && !svg.contains("left out"), "{svg}");
    }

    #[test]
    fn the_sign_stands_where_it_is_too_late() {
        let lost = Spot { lost: true, ..Spot::default() };
        let states = [Spot::default(), lost, Spot::default(), lost, lost];
        let states: Vec<Spot> = (0..).zip(states).map(|(depth, state)| Spot { depth, ..state }).collect();
        let space = Space { way: (0..5).collect(), states, ..Space::default() };
        assert_eq!(turning(&space), Some(3));
        assert!(drawn(&space).contains("class=\"turn\""));
        assert_eq!(turning(&Space { way: vec![0], ..space.clone() }), None);
        assert_eq!(turning(&Space { way: Vec::new(), ..space }), None);
    }
}
