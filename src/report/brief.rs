//! The answer in sixteen lines: what it costs, how sure that is, who is cheaper, what limits it.

use super::conventions::conventions;
use super::escape::{printable, shortened};
use super::mark::star;
use super::text::{bounds, wrapped_to};
use crate::result::{
    Boundary, Condition, Contender, DeviceClass, Evaluation, NumberFormat, Report, Scope, Share,
    TargetReport, Why, Workload, central_energy_j, standings,
};
use crate::units::si;
use std::ops::Range;

/// Lines that a result takes at a width: 16, and 24 where fewer than 100 columns are there.
fn most_lines(width: usize) -> usize {
    if width >= 100 { 16 } else { 24 }
}

/// Columns that it is made for.
pub const WIDTHS: std::ops::RangeInclusive<usize> = 60..=200;

/// The answer for a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Brief {
    /// Columns, within [`WIDTHS`].
    pub width: usize,
    /// Whether the answer is set in bold with ANSI escapes.
    pub ansi: bool,
}

/// What stands around the answer.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct BriefNotes {
    /// Behind the facts of the first line, such as the time it took.
    pub time: Option<String>,
    /// Where the files are, for the last line.
    pub folder: Option<String>,
    /// What else there is, for the last line; the last ones go where it is too long.
    pub hints: Vec<String>,
}

/// Of the column of energies: intervals are central.
const HEADING: &str = "energy per inference [90 %]";

/// A row that may have to go.
struct Row {
    /// The higher, the sooner it goes; 0 stays.
    goes: u8,
    cells: [String; 6],
}

impl Brief {
    /// The answer, ending in a line break.
    #[must_use]
    pub fn render(self, report: &Report, notes: &BriefNotes) -> String {
        let mut head = self.heading(report, notes);
        for facts in conventions(report, false)
            .into_iter()
            .chain([accuracies(report)])
        {
            head.extend(self.lines(&facts, "          "));
        }
        let mut rows = rows(report);
        let circuits = self.circuits(report);
        let answer = self.answer(report);
        let most = most_lines(self.width);
        let fixed = head.len() + 1 + circuits.len() + answer.len() + 1;
        let room = most.saturating_sub(fixed);
        let aside = aside(report);
        let mut aside_lines: Vec<String> = aside
            .iter()
            .flat_map(|group| self.lines(&group.text(), "   "))
            .collect();
        let mut left_out = 0;
        if rows.len() + usize::from(!rows.is_empty()) + aside_lines.len() > room {
            left_out = aside.iter().map(|group| group.names.len()).sum();
            aside_lines.clear();
        }
        while rows.len() > room {
            let soonest = rows.iter().map(|row| row.goes).max().unwrap_or(0);
            if soonest == 0 {
                break;
            }
            let before = rows.len();
            rows.retain(|row| row.goes < soonest);
            left_out += before - rows.len();
        }
        let fixed = fixed + aside_lines.len();
        let blank = fixed + rows.len() + 2 <= most;
        let mut lines = head;
        if blank {
            lines.push(String::new());
        }
        if !rows.is_empty() {
            lines.extend(self.table(report, &rows));
        }
        lines.extend(aside_lines);
        lines.extend(circuits);
        if blank {
            lines.push(String::new());
        }
        lines.extend(answer.into_iter().map(|line| self.bold(&line)));
        lines.extend(self.last(notes, left_out));
        lines.join("\n") + "\n"
    }

    /// Where the files are and how to see more, as much as fits a line.
    fn last(self, notes: &BriefNotes, left_out: usize) -> Option<String> {
        let more = match left_out {
            0 => "all: --details".to_owned(),
            rows => format!("{rows} more: --details"),
        };
        let folder = notes.folder.iter().map(|folder| printable(folder));
        let mut parts: Vec<String> = folder.chain([more]).chain(notes.hints.clone()).collect();
        let width = |parts: &[String]| {
            parts
                .iter()
                .map(|part| part.chars().count() + 3)
                .sum::<usize>()
        };
        while parts.len() > 1 && width(&parts) > self.width + 3 {
            parts.pop();
        }
        (notes != &BriefNotes::default()).then(|| parts.join("   "))
    }

    /// The sentences alone.
    #[must_use]
    pub fn sentences(self, report: &Report) -> String {
        self.answer(report).join("\n") + "\n"
    }

    fn lines(self, text: &str, indent: &str) -> Vec<String> {
        wrapped_to(text, indent, self.width)
    }

    fn bold(self, text: &str) -> String {
        match self.ansi {
            true => format!("\u{1b}[1m{text}\u{1b}[0m"),
            false => text.to_owned(),
        }
    }

    fn heading(self, report: &Report, notes: &BriefNotes) -> Vec<String> {
        let mut facts = vec![shortened(report.model_name(), self.width / 2)];
        let macs = report.model.macs;
        let macs = macs.map(|macs| format!("{} MACs", si(macs as f64, "").trim_end()));
        if report.setup.preset.is_some() || macs.is_none() {
            facts.push("a spiking network".to_owned());
        }
        facts.extend(macs);
        if !report.populations.is_empty() {
            facts.push(format!("T = {}", report.timesteps));
        }
        if report.samples > 0 {
            facts.push(match report.samples {
                1 => "1 sample".to_owned(),
                samples => format!("{samples} samples"),
            });
        }
        facts.push("whole device".to_owned());
        facts.push(match report.usage.period_s {
            Some(period_s) => format!("one inference every {}", si(period_s, "s")),
            None => "one inference at a time".to_owned(),
        });
        let text = facts.join(" · ");
        let mut lines = self.lines(&text, "  ");
        if let (Some(time), Some(line)) = (&notes.time, lines.last_mut()) {
            let used = line.chars().count() + time.chars().count();
            if used + 2 <= self.width {
                *line += &format!("{}{time}", " ".repeat(self.width - used));
            }
        }
        lines
    }

    fn table(self, report: &Report, rows: &[Row]) -> Vec<String> {
        let head = match report.usage.period_s {
            Some(_) => ["", "", "", HEADING, "mean power", "per year"],
            None => ["", "", "", HEADING, "latency", "CO2e/million"],
        };
        let cells: Vec<&[String; 6]> = rows.iter().map(|row| &row.cells).collect();
        let mut widths = [0; 6];
        for (column, width) in widths.iter_mut().enumerate() {
            let widest = cells.iter().map(|row| row[column].chars().count()).max();
            *width = widest.unwrap_or(0).max(head[column].chars().count());
        }
        // What does not fit goes from the right; then the class goes, which the name tells, too.
        let mut shown = 0..6;
        let width_of = |shown: &Range<usize>| {
            widths[shown.clone()].iter().sum::<usize>() + 2 * shown.len() - 1
        };
        while shown.end > 4 && width_of(&shown) > self.width {
            shown.end -= 1;
        }
        if width_of(&shown) > self.width {
            shown.start = 1;
        }
        let line = |cells: [&str; 6]| {
            let padded = cells.iter().zip(&widths).enumerate();
            let text: Vec<String> = padded
                .filter(|(column, _)| shown.contains(column))
                .map(|(column, (cell, width))| match column {
                    0..=2 => format!("{cell:<width$}"),
                    _ => format!("{cell:>width$}"),
                })
                .collect();
            format!(" {}", text.join("  ")).trim_end().to_owned()
        };
        let mut lines = vec![line(head)];
        lines.extend(
            rows.iter()
                .map(|row| line(row.cells.each_ref().map(String::as_str))),
        );
        lines
    }

    /// Every network on the first circuit, format by format.
    fn circuits(self, report: &Report) -> Vec<String> {
        let boundary = Boundary::CircuitOperations;
        let known = standings(report, boundary, Condition::Streaming);
        let known: Vec<&Contender> = known
            .iter()
            .map(|(one, _)| one)
            .filter(|one| one.energy_j().is_some())
            .collect();
        let in_order = report.targets.iter().map(|target| target.name.as_str());
        let on = |name: &&str| known.iter().any(|one| one.target.name == *name);
        let Some(table) = in_order.into_iter().find(on) else {
            return Vec::new();
        };
        let mut formats: Vec<NumberFormat> = Vec::new();
        for one in known.iter().filter(|one| one.target.name == table) {
            formats.extend(one.target.format.filter(|format| !formats.contains(format)));
        }
        formats.sort_unstable();
        formats.reverse();
        let of = |format: NumberFormat| {
            let order = [
                (Workload::Snn, "SNN"),
                (Workload::Ann, "ANN"),
                (Workload::Qann, "ANN"),
                (Workload::ZeroSkipping, "zero-skipping"),
            ];
            let cells: Vec<String> = order
                .iter()
                .filter_map(|(workload, name)| {
                    let mut found = known.iter().filter(|one| {
                        let target = one.target;
                        target.name == table
                            && target.workload == *workload
                            && target.format == Some(format)
                    });
                    let energy = found.next()?.energy_j()?;
                    Some(format!("{name} {}", si(energy.nominal, "J")))
                })
                .collect();
            format!("{} {}", format.label(), cells.join(" · "))
        };
        let formats: Vec<String> = formats.into_iter().map(of).collect();
        let table = printable(table);
        self.lines(
            &format!(
                " same circuit ({table}, operations): {}",
                formats.join("; ")
            ),
            "   ",
        )
    }

    /// One to three sentences.
    fn answer(self, report: &Report) -> Vec<String> {
        let sentences: Vec<String> = report
            .headlines()
            .into_iter()
            .map(|verdict| verdict.sentence)
            .collect();
        if sentences.is_empty() {
            return self.lines(&format!("=> {}", report.without_verdict()), "   ");
        }
        sentences
            .into_iter()
            .flat_map(|sentence| self.lines(&format!("=> {}", printable(&sentence)), "   "))
            .collect()
    }
}

/// `ANN 93.8 % · 8-bit ANN 93.7 % · SNN 93.9 % (± 1.5: no difference shown)`.
fn accuracies(report: &Report) -> String {
    let find = |workload, format: Option<NumberFormat>| {
        report.evaluations.iter().find(|found| {
            found.workload == workload && format.is_none_or(|format| found.format == format)
        })
    };
    let entries: Vec<(String, &Evaluation)> = [
        ("ANN", find(Workload::Ann, Some(NumberFormat::Fp32))),
        ("8-bit ANN", find(Workload::Qann, Some(NumberFormat::INT8))),
        ("SNN", find(Workload::Snn, None)),
        ("8-bit SNN", find(Workload::Snn, Some(NumberFormat::INT8))),
    ]
    .into_iter()
    .filter_map(|(name, found)| Some((name.to_owned(), found?)))
    .collect();
    let mut shares: Vec<(String, Share)> = Vec::new();
    for (name, found) in entries {
        // A spiking network that has 8 bits itself is named once.
        if let Some(share) = found.share()
            && !shares
                .iter()
                .any(|(_, have)| have == &share && name == "8-bit SNN")
        {
            shares.push((name, share));
        }
    }
    if shares.is_empty() {
        return match (&report.accuracy, report.samples) {
            (Some(accuracy), _) => format!("accuracy SNN {:.1} %", 100.0 * accuracy.snn),
            (None, 0) => "accuracy unknown: nothing was simulated".to_owned(),
            (None, _) => "accuracy unknown: no labels, and no original to agree with".to_owned(),
        };
    }
    let labelled = report
        .evaluations
        .iter()
        .any(|found| found.correct.is_some());
    let half = |share: &Share| 50.0 * (share.high - share.low);
    let widest = shares
        .iter()
        .map(|(_, share)| half(share))
        .fold(0.0, f64::max);
    let cells: Vec<String> = shares
        .iter()
        .filter(|(name, _)| labelled || name != "ANN")
        .map(|(name, share)| format!("{name} {:.1} %", 100.0 * share.value))
        .collect();
    let apart = shares.iter().any(|(_, a)| {
        let overlaps = |b: &Share| a.low <= b.high && b.low <= a.high;
        shares.iter().any(|(_, b)| !overlaps(b))
    });
    let shown = if apart { "" } else { ": no difference shown" };
    let what = if labelled {
        "accuracy "
    } else {
        "agreement with the original (no labels) "
    };
    format!("{what}{} (± {widest:.1}{shown})", cells.join(" · "))
}

/// The best row of each class, the spiking chips first, then by energy.
fn rows(report: &Report) -> Vec<Row> {
    let found = standings(report, Boundary::DeviceTotal, Condition::Streaming);
    let mut rows = Vec::new();
    for class in DeviceClass::ALL {
        let mut of_class = found
            .iter()
            .filter(|(one, why)| why.is_none() && one.target.class == Some(class));
        if let Some((one, _)) = of_class.next() {
            rows.push((class, row(report, one)));
        }
    }
    if rows.is_empty() {
        // Tables of before classes were stated.
        let unnamed = found
            .iter()
            .filter(|(one, why)| why.is_none() && one.target.class.is_none());
        rows.extend(
            unnamed
                .take(6)
                .map(|(one, _)| (DeviceClass::Circuit, row(report, one))),
        );
    }
    rows.into_iter()
        .map(|(class, cells)| Row {
            goes: match class {
                DeviceClass::Cpu => 2,
                DeviceClass::EdgeAccelerator => 1,
                _ => 0,
            },
            cells,
        })
        .collect()
}

/// Targets that do not compete for the same reason.
struct Aside {
    word: &'static str,
    names: Vec<String>,
    why: String,
}

impl Aside {
    /// ` infeasible: a, b (why)`.
    fn text(&self) -> String {
        let names = self.names.join(", ");
        format!(" {}: {names} ({})", self.word, self.why)
    }
}

/// What does not compete for a reason that a reader can do something about.
fn aside(report: &Report) -> Vec<Aside> {
    let mut found: Vec<Aside> = Vec::new();
    for (one, why) in standings(report, Boundary::DeviceTotal, Condition::Streaming) {
        let (word, why) = match why {
            Some(Why::Infeasible(why)) => ("infeasible", why),
            Some(Why::Unknown(what)) => ("unknown", what),
            Some(Why::BelowAccuracy { share, difference }) => (
                "below accuracy",
                format!(
                    "{:.1} %, {:.1} points under the fp32 original",
                    100.0 * share,
                    -100.0 * difference
                ),
            ),
            _ => continue,
        };
        // Further reasons stand in the details.
        let why = printable(
            why.split_once("; ")
                .map_or(why.as_str(), |(first, _)| first),
        );
        let name = printable(&one.target.name);
        match found
            .iter_mut()
            .find(|group| group.word == word && group.why == why)
        {
            Some(group) if group.names.contains(&name) => {}
            Some(group) => group.names.push(name),
            None => found.push(Aside {
                word,
                names: vec![name],
                why,
            }),
        }
    }
    found
}

fn row(report: &Report, one: &Contender) -> [String; 6] {
    let target = one.target;
    let network = match target.workload {
        Workload::Snn => "SNN".to_owned(),
        _ => target
            .format
            .map_or_else(|| "ANN".to_owned(), NumberFormat::label),
    };
    let energy = central_energy_j(report, one).map_or_else(String::new, |energy| {
        format!("{} {}", si(energy.nominal, "J"), bounds(energy))
    });
    let (time, carbon) = match report.usage.period_s {
        Some(period_s) => (
            power(one, period_s),
            (target.footprint.per_year.and_then(|year| year.energy_kwh))
                .map_or_else(|| "-".to_owned(), |kwh| kilowatt_hours(kwh.nominal)),
        ),
        None => (
            target
                .latency_s
                .map_or_else(|| "-".to_owned(), |s| si(s, "s")),
            (target.footprint.per_million.carbon_g)
                .map_or_else(|| "-".to_owned(), |g| si(g.nominal, "g")),
        ),
    };
    [
        target
            .class
            .map_or_else(|| target.kind.clone(), |class| class.label().to_owned()),
        network,
        shortened(&target.name, 28) + star(is_starred(target)),
        energy,
        time,
        carbon,
    ]
}

fn is_starred(target: &TargetReport) -> bool {
    target.is_unverified_in(Scope::System)
}

fn power(one: &Contender, period_s: f64) -> String {
    let energy = one.energy_j().map(|energy| energy.nominal / period_s);
    energy.map_or_else(|| "-".to_owned(), |watts| si(watts, "W"))
}

fn kilowatt_hours(kwh: f64) -> String {
    match kwh {
        kwh if kwh < 1.0 => si(kwh * 1000.0, "Wh"),
        kwh => format!("{kwh:.1} kWh"),
    }
}
