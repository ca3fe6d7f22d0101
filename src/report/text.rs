//! The result as a person reads it in a terminal.

use super::ExportError;
use super::conventions::conventions;
use super::escape::{printable, shortened};
use super::mark::{MEANING, star};
use super::sections::sections;
use crate::network::Role;
use crate::optimise::BASELINE_WEIGHT_BITS;
use crate::result::{Feasible, PopulationReport, Report, Scope, TargetReport};
use crate::units::{Range, si};
use std::io::Write;

/// Columns that no line exceeds.
pub const WIDTH: usize = 100;

/// Rows of populations before the small ones are summed into one.
const POPULATION_ROWS: usize = 20;

/// Writes the tables and the verdict for a terminal. Not a file of the output folder, hence no
/// [`Exporter`](super::Exporter).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Text {
    /// Whether headings are set in bold with ANSI escapes.
    pub ansi: bool,
}

impl Text {
    /// Writes the report, no line longer than [`WIDTH`] characters.
    ///
    /// # Errors
    /// If `out` refuses.
    pub fn write(self, report: &Report, out: &mut dyn Write) -> Result<(), ExportError> {
        out.write_all(self.render(report).as_bytes())
            .map_err(ExportError::io("report"))
    }

    /// The report as one string.
    #[must_use]
    pub fn render(self, report: &Report) -> String {
        let mut blocks = vec![self.header(report)];
        if !report.populations.is_empty() {
            blocks.push(self.populations(report));
        }
        if !report.targets.is_empty() {
            let targets = report.targets_in(Scope::System);
            let title = "Energy per inference (columns are cumulative; never compare across them)";
            blocks.push(self.targets(title, &targets, &ENERGY_COLUMNS, energy_cells));
            let title = "Latency, power, carbon, capacity";
            blocks.push(self.targets(title, &targets, &TIME_COLUMNS, time_cells));
        }
        blocks.extend(legend(report));
        blocks.extend(self.model_errors(report));
        blocks.push(self.verdict(report));
        for section in sections(report) {
            let mut text = self.bold(&section.title) + "\n";
            text += &self.table(section.head, &section.rows, 2);
            for note in &section.notes {
                text += &(wrapped(note, "  ").join("\n") + "\n");
            }
            blocks.push(text);
        }
        blocks.join("\n")
    }

    fn bold(self, text: &str) -> String {
        if self.ansi {
            format!("\u{1b}[1m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }

    fn header(self, report: &Report) -> String {
        let model = &report.model;
        let size = match model.macs {
            Some(macs) => format!(
                "{} parameters, {} MACs",
                count(model.parameters as f64),
                count(macs as f64)
            ),
            None => format!(
                "{} parameters, a spiking network",
                count(model.parameters as f64)
            ),
        };
        let name = shortened(report.model_name(), WIDTH - size.chars().count() - 2);
        let mut lines = vec![format!("{}  {size}", self.bold(&name))];
        let setup = &report.setup;
        let mut facts = vec![
            format!("data {}", printable(&setup.data)),
            format!("T = {}", report.timesteps),
        ];
        if report.samples > 0 {
            facts.insert(1, format!("{} samples", report.samples));
        }
        for fact in [&setup.encoding, &setup.normalization] {
            if !fact.is_empty() {
                facts.push(printable(fact));
            }
        }
        facts.push(format!("seed {}", report.seed));
        lines.extend(wrapped(&facts.join(" · "), ""));
        lines.extend(
            conventions(report, true)
                .map(|facts| wrapped(&facts, ""))
                .unwrap_or_default(),
        );
        lines.push(accuracy(report));
        lines.extend(quantised(report));
        lines.extend(pruned(report));
        lines.join("\n") + "\n"
    }

    fn populations(self, report: &Report) -> String {
        let cells = |name: String, p: &PopulationReport| {
            vec![
                name,
                count(p.neurons as f64),
                count(p.synapses as f64),
                format!("{:.2} %", p.rate * 100.0),
                count(p.spikes_per_inference),
                count(p.synops_per_inference),
                count(p.macs_per_inference),
            ]
        };
        let (shown, rest) = largest(&report.populations);
        let mut rows: Vec<_> = shown
            .iter()
            .map(|p| cells(shortened(&p.name, 30), p))
            .collect();
        if !rest.is_empty() {
            let name = format!("{} smaller ones", rest.len());
            rows.push(cells(name, &summed(&rest, report.timesteps)));
        }
        let all: Vec<_> = report.populations.iter().collect();
        let totals = &report.totals;
        let total = PopulationReport {
            neurons: all.iter().map(|p| p.own_neurons()).sum(),
            rate: totals.rate().unwrap_or(0.0),
            spikes_per_inference: totals.spikes_per_inference,
            synops_per_inference: totals.synops_per_inference,
            macs_per_inference: totals.macs_per_inference,
            ..summed(&all, report.timesteps)
        };
        let has_input = all.iter().any(|p| p.role == Some(Role::Input));
        let name = if has_input {
            "total without input"
        } else {
            "total"
        };
        rows.push(cells(name.into(), &total));
        let mut table = self.table(
            &[
                "population, per inference",
                "neurons",
                "synapses",
                "rate",
                "spikes",
                "SynOps",
                "MACs",
            ],
            &rows,
            1,
        );
        let negative = report.totals.negative_spikes_per_inference;
        if negative > 0.0 {
            table += &format!("{} negative (signed) spikes\n", count(negative));
        }
        table
    }

    /// A titled table with a row per target; the first cell is its name, as wide as there is room.
    fn targets(
        self,
        title: &str,
        targets: &[&TargetReport],
        head: &[&str],
        cells: fn(&TargetReport) -> Vec<String>,
    ) -> String {
        let rows: Vec<_> = targets.iter().map(|target| cells(target)).collect();
        let fixed: usize = (1..rows[0].len())
            .map(|column| {
                let widest = rows.iter().map(|row| row[column].chars().count()).max();
                widest.unwrap_or(0).max(head[column].chars().count()) + 2
            })
            .sum();
        let rows: Vec<Vec<String>> = rows
            .into_iter()
            .zip(targets)
            .map(|(mut row, target)| {
                let mark = star(target.is_unverified());
                let room = WIDTH.saturating_sub(fixed + mark.len()).max(8);
                row[0] = shortened(&target.name, room) + mark;
                row
            })
            .collect();
        format!("{}\n{}", self.bold(title), self.table(head, &rows, 2))
    }

    /// Columns as wide as their widest cell, the first `left` aligned left, the others right.
    fn table(self, head: &[&str], rows: &[Vec<String>], left: usize) -> String {
        let widths: Vec<usize> = head
            .iter()
            .enumerate()
            .map(|(column, name)| {
                rows.iter()
                    .map(|row| row[column].chars().count())
                    .chain([name.chars().count()])
                    .max()
                    .unwrap_or(0)
            })
            .collect();
        let line = |cells: Vec<&str>| {
            let cells: Vec<_> = cells
                .into_iter()
                .zip(&widths)
                .enumerate()
                .map(|(column, (cell, &width))| {
                    if column < left {
                        format!("{cell:<width$}")
                    } else {
                        format!("{cell:>width$}")
                    }
                })
                .collect();
            cells.join("  ").trim_end().to_owned()
        };
        let mut out = self.bold(&line(head.to_vec())) + "\n";
        for row in rows {
            out += &line(row.iter().map(String::as_str).collect());
            out.push('\n');
        }
        out
    }

    /// How far each device's table was from what was measured; `None` without a device.
    fn model_errors(self, report: &Report) -> Option<String> {
        let mut lines = vec![self.bold("Model error against published measurements")];
        let (mut quoted, mut unmeasured): (Vec<&str>, Vec<&str>) = (Vec::new(), Vec::new());
        for target in &report.targets {
            let name = target.name.as_str();
            match &target.model_error {
                _ if quoted.contains(&name) || unmeasured.contains(&name) => {}
                Some(error) => {
                    let line = format!("{}: {}", printable(name), printable(error));
                    lines.extend(wrapped(&line, "  "));
                    quoted.push(name);
                }
                None => unmeasured.push(name),
            }
        }
        if !unmeasured.is_empty() {
            let names = printable(&unmeasured.join(", "));
            lines.extend(wrapped(
                &format!("no measurement to compare with: {names}"),
                "  ",
            ));
        }
        (!report.targets.is_empty()).then(|| lines.join("\n") + "\n")
    }

    fn verdict(self, report: &Report) -> String {
        let mut lines = vec![self.bold("Verdict")];
        for paragraph in super::verdict::paragraphs(report) {
            lines.extend(wrapped(&paragraph, "  "));
        }
        lines.join("\n") + "\n"
    }
}

const ENERGY_COLUMNS: [&str; 7] = [
    "target",
    "network",
    "batch",
    "compute",
    "+ memory, routing",
    "+ idle, host, I/O",
    "[low – high]",
];

/// The range is that of the last known column.
fn energy_cells(target: &TargetReport) -> Vec<String> {
    let known = |scope: Scope| target.scopes.get(scope).known();
    let mut cells = vec![
        String::new(),
        target.network_label(),
        target.batch.to_string(),
    ];
    cells.extend(Scope::ALL.map(|scope| match known(scope) {
        Some(energy_j) => si(energy_j.nominal, "J"),
        None if target.unpriced.is_empty() => "-".into(),
        None => "?".into(),
    }));
    let widest = Scope::ALL.into_iter().rev().find_map(known);
    cells.push(widest.map_or_else(|| "?".into(), bounds));
    cells
}

const TIME_COLUMNS: [&str; 9] = [
    "target",
    "network",
    "batch",
    "latency",
    "per second",
    "E × delay",
    "idle",
    "CO2e",
    "fits",
];

fn time_cells(target: &TargetReport) -> Vec<String> {
    let chips = match (target.feasible, target.chips) {
        (Feasible::No, _) => "NO".into(),
        (Feasible::Unknown, _) => "unknown".into(),
        (Feasible::Yes, 1) => "1 chip".into(),
        (Feasible::Yes, chips) => format!("{} chips", count(chips as f64)),
    };
    vec![
        String::new(),
        target.network_label(),
        target.batch.to_string(),
        target.latency_s.map_or("-".into(), |s| si(s, "s")),
        target.throughput_per_s.map_or("-".into(), |r| si(r, "")),
        target.edp_js.map_or("-".into(), |edp| si(edp, "J·s")),
        target
            .static_share()
            .map_or("-".into(), |share| format!("{:.0} %", share * 100.0)),
        target.carbon_g.map_or("-".into(), |g| si(g.nominal, "g")),
        chips,
    ]
}

/// `[200 – 350 nJ]`, with two prefixes only where one does not do.
pub(super) fn bounds(energy_j: Range) -> String {
    let (low, high) = (si(energy_j.low, "J"), si(energy_j.high, "J"));
    match (low.split_once(' '), high.split_once(' ')) {
        (Some((value, unit)), Some((_, same))) if unit == same => format!("[{value} – {high}]"),
        _ => format!("[{low} – {high}]"),
    }
}

/// A count in at most seven characters.
fn count(value: f64) -> String {
    match value + 0.0 {
        v if v.fract() == 0.0 && v < 99_999.5 => format!("{v:.0}"),
        v if v < 10.0 => format!("{v:.2}"),
        v if v < 999.95 => format!("{v:.1}"),
        v => si(v, ""),
    }
}

fn accuracy(report: &Report) -> String {
    match &report.accuracy {
        None if report.samples == 0 => "accuracy unknown: nothing was simulated".into(),
        None => "accuracy unknown: the data has no labels".into(),
        Some(accuracy) => {
            let snn = accuracy.snn * 100.0;
            match (accuracy.ann, accuracy.agreement) {
                (Some(ann), Some(agreement)) => format!(
                    "accuracy ANN {:.2} % → SNN {snn:.2} % ({:+.2} percentage points), agreement {:.2} %",
                    ann * 100.0,
                    snn - ann * 100.0,
                    agreement * 100.0
                ),
                _ => format!("accuracy {snn:.2} %; no original network was run on the data"),
            }
        }
    }
}

/// How well the quantised baseline does.
fn quantised(report: &Report) -> Option<String> {
    let accuracy = report.accuracy.as_ref()?.qann?;
    Some(format!(
        "quantised ANN ({BASELINE_WEIGHT_BITS}-bit weights and activations) {:.2} %",
        100.0 * accuracy
    ))
}

/// How well the pruned baseline does.
fn pruned(report: &Report) -> Option<String> {
    let accuracy = report.accuracy.as_ref()?.pann?;
    Some(format!(
        "pruned ANN (smallest weights zero, not trained again) {:.2} %",
        100.0 * accuracy
    ))
}

/// The populations with most work in the order of the network, and the others.
fn largest(populations: &[PopulationReport]) -> (Vec<&PopulationReport>, Vec<&PopulationReport>) {
    if populations.len() <= POPULATION_ROWS {
        return (populations.iter().collect(), Vec::new());
    }
    let work = |p: &PopulationReport| p.synops_per_inference + p.macs_per_inference;
    let mut order: Vec<usize> = (0..populations.len()).collect();
    order.sort_by(|&a, &b| work(&populations[b]).total_cmp(&work(&populations[a])));
    let shown = &order[..POPULATION_ROWS - 1];
    let pick = |wanted: bool| {
        (0..populations.len())
            .filter(|index| shown.contains(index) == wanted)
            .map(|index| &populations[index])
            .collect()
    };
    (pick(true), pick(false))
}

/// Sums of the printed columns; the rate is that of all neurons together.
fn summed(populations: &[&PopulationReport], timesteps: u32) -> PopulationReport {
    let sum = |f: fn(&PopulationReport) -> f64| populations.iter().map(|p| f(p)).sum::<f64>();
    let neurons: u64 = populations.iter().map(|p| p.neurons).sum();
    let spikes = sum(|p| p.spikes_per_inference);
    let updates = neurons as f64 * f64::from(timesteps);
    PopulationReport {
        name: String::new(),
        role: None,
        shape: Vec::new(),
        neurons,
        synapses: populations.iter().map(|p| p.synapses).sum(),
        spikes_per_inference: spikes,
        negative_spikes_per_inference: sum(|p| p.negative_spikes_per_inference),
        rate: if updates > 0.0 { spikes / updates } else { 0.0 },
        synops_per_inference: sum(|p| p.synops_per_inference),
        macs_per_inference: sum(|p| p.macs_per_inference),
        macs_once_per_inference: sum(|p| p.macs_once_per_inference),
        neuron_updates_per_inference: sum(|p| p.neuron_updates_per_inference),
        touched_updates_per_inference: sum(|p| p.touched_updates_per_inference),
    }
}

/// What the marks in the tables mean; `None` if there are none.
fn legend(report: &Report) -> Option<String> {
    let mut lines = Vec::new();
    if report.targets.iter().any(TargetReport::is_unverified) {
        lines.push(MEANING.into());
    }
    let not_stated = |t: &TargetReport| {
        let open = |scope: Scope| t.scopes.get(scope).known().is_none();
        t.unpriced.is_empty() && Scope::ALL.into_iter().any(open)
    };
    if report.targets.iter().any(not_stated) {
        lines.push("- not available at this scope".into());
    }
    for target in &report.targets {
        if target.known_energy_j().is_none() {
            lines.extend(wrapped(
                &format!(
                    "? {} on {}: unknown: {}",
                    target.network_label(),
                    printable(&target.name),
                    printable(&target.unpriced.join(", "))
                ),
                "  ",
            ));
        }
    }
    (!lines.is_empty()).then(|| lines.join("\n") + "\n")
}

/// Lines of at most [`WIDTH`] characters; lines after the first begin with `indent`.
fn wrapped(text: &str, indent: &str) -> Vec<String> {
    wrapped_to(text, indent, WIDTH)
}

/// The same at another width. A text that is indented itself stays so.
pub(super) fn wrapped_to(text: &str, indent: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let own: String = text.chars().take_while(|letter| *letter == ' ').collect();
    let mut line = own.clone();
    let mut begun = false;
    for mut word in words(text) {
        let fits = line.chars().count() + 1 + word.chars().count() <= width;
        if begun && !fits {
            lines.push(std::mem::replace(&mut line, indent.to_owned()));
        } else if begun {
            line.push(' ');
        }
        begun = true;
        let room = width - line.chars().count();
        while word.chars().count() > room {
            let head: String = word.chars().take(width - line.chars().count()).collect();
            word = word.chars().skip(head.chars().count()).collect();
            line.push_str(&head);
            lines.push(std::mem::replace(&mut line, indent.to_owned()));
        }
        line.push_str(&word);
    }
    lines.push(line);
    lines
}

/// The words of a text, a number and the unit behind it as one.
fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        let unit = word.trim_end_matches([',', '.', ';', ')', ']']);
        match words.last_mut() {
            Some(number)
                if number.ends_with(|c: char| c.is_ascii_digit())
                    && (unit == "%" || unit.ends_with(['J', 's']) && unit.chars().count() <= 2) =>
            {
                number.push(' ');
                number.push_str(word);
            }
            _ => words.push(word.into()),
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_share_a_prefix_where_they_can() {
        assert_eq!(bounds(Range::new(2e-7, 3e-7, 3.5e-7)), "[200 – 350 nJ]");
        assert_eq!(bounds(Range::new(2e-7, 3e-7, 1e-6)), "[200 nJ – 1.00 µJ]");
    }

    #[test]
    fn counts_are_exact_while_short() {
        for (value, expected) in [
            (0.0, "0"),
            (1.5, "1.50"),
            (61_706.0, "61706"),
            (416_520.0, "417 k"),
        ] {
            assert_eq!(count(value).trim(), expected);
        }
    }

    #[test]
    fn wrapping_keeps_a_number_and_its_unit_together() {
        let text = format!("{} 98.70 %) end 1.2 µJ]", "x".repeat(95));
        assert_eq!(wrapped(&text, "")[1], "98.70 %) end 1.2 µJ]");
    }

    #[test]
    fn wrapping_never_exceeds_the_width_nor_loses_a_letter() {
        for word in ["a", "long-word", &"x".repeat(250)] {
            let text = vec![word; 40].join(" ");
            let lines = wrapped(&text, "  ");
            assert!(lines.iter().all(|line| line.chars().count() <= WIDTH));
            let letters = |t: &str| t.chars().filter(|c| !c.is_whitespace()).count();
            assert_eq!(letters(&lines.concat()), letters(&text));
        }
    }
}
