//! `layers.tex`, `timesteps.tex`, `rates.tex` and `receipt.tex`: the data of figures as tables of a
//! paper.

use super::escape::latex;
use super::latex::{TexTable, percent, quantity, table_file};
use super::mark::{LATEX_MEANING, latex_star, of_spiking};
use super::shown::{curve, spiking};
use crate::result::{LayerBill, Report, Scope};

/// The energy of each layer on each spiking target: `layers.tex`.
pub struct LayersTable;

/// Accuracy and energy on the first spiking target against T: `timesteps.tex`.
pub struct TimestepsTable;

/// How the neurons of each population fire: `rates.tex`.
pub struct RatesTable;

/// What the waterfall shows, event by event, on the first spiking target: `receipt.tex`.
pub struct ReceiptTable;

table_file!(LayersTable, "layers.tex", layers);
table_file!(TimestepsTable, "timesteps.tex", timesteps);
table_file!(RatesTable, "rates.tex", rates);
table_file!(ReceiptTable, "receipt.tex", receipt);

fn joules(joules: f64) -> String {
    quantity(joules, "J", "\\joule")
}

fn layers(report: &Report) -> String {
    let is_unverified = |bill: &LayerBill| of_spiking(report, &bill.target, Scope::System);
    let bills = report.profile.layers.iter();
    let starred = bills.clone().any(is_unverified);
    let rows = bills.flat_map(|bill| {
        let rows = bill.rows();
        let total: f64 = rows.iter().map(|row| row.1).sum();
        rows.into_iter().map(move |(layer, energy_j)| {
            let target = latex(&bill.target) + latex_star(is_unverified(bill));
            let layer = latex(&layer);
            let share = percent(energy_j / total, 1);
            format!("{target} & {layer} & {} & {share}", joules(energy_j))
        })
    });
    TexTable {
        label: "layers",
        caption: format!(
            "Modelled energy per inference of {} by the layer whose events it is spent on ($T = \
             {}$): the synapses into it, its updates, its spikes and the packets it sends.{}",
            latex(report.model_name()),
            report.timesteps,
            if starred { LATEX_MEANING } else { "" }
        ),
        columns: "llrr",
        head: &["Target & Layer & Energy & Share"],
        rows,
    }
    .text()
}

fn timesteps(report: &Report) -> String {
    let (points, target) = match curve(report) {
        Some((curve, _)) => (&curve.points[..], curve.target.as_str()),
        None => (&[][..], "no spiking target of known energy"),
    };
    let unverified = Scope::ALL.map(|scope| of_spiking(report, target, scope));
    let open = || "---".to_owned();
    let rows = points.iter().map(|point| {
        let accuracy = report.accuracy.as_ref().and_then(|accuracy| {
            let last = (point.timesteps as usize).checked_sub(1)?;
            accuracy.snn_per_timestep.get(last)
        });
        let accuracy = accuracy.map_or_else(open, |share| percent(*share, 2));
        let energies = Scope::ALL.map(|scope| {
            let energy_j = point.energy_j[scope as usize];
            let mark = latex_star(unverified[scope as usize]);
            energy_j.map_or_else(open, |energy_j| joules(energy_j.nominal) + mark)
        });
        let timesteps = point.timesteps;
        format!(
            "\\num{{{timesteps}}} & {accuracy} & {}",
            energies.join(" & ")
        )
    });
    TexTable {
        label: "timesteps",
        caption: format!(
            "{} read out after $T$ timesteps, and its modelled energy per inference by then on {} \
             (\\num{{{}}} samples). Columns are cumulative; what a cost table does not state is left \
             open.{}",
            latex(report.model_name()),
            latex(target),
            report.samples,
            if unverified.contains(&true) { LATEX_MEANING } else { "" }
        ),
        columns: "rrrrr",
        head: &[
            "& & \\multicolumn{3}{c}{Energy}",
            "$T$ & Accuracy & Compute & + memory, routing & + idle, host, I/O",
        ],
        rows,
    }
    .text()
}

fn rates(report: &Report) -> String {
    let rows = report.profile.rates.iter().map(|spread| {
        let rates = spread.quantiles.map(|rate| format!("\\num{{{rate:.3}}}"));
        let [_, low, first, median, third, high, most] = rates;
        format!(
            "{} & \\num{{{}}} & {} & {low} & {first} & {median} & {third} & {high} & {most}",
            latex(&spread.population),
            spread.neurons,
            percent(spread.silent, 1),
        )
    });
    TexTable {
        label: "rates",
        caption: format!(
            "Spikes per timestep of the neurons of {} ($T = {}$, \\num{{{}}} samples): what so many of \
             them do not exceed.",
            latex(report.model_name()),
            report.timesteps,
            report.samples
        ),
        columns: "lrrrrrrrr",
        head: &[
            "Population & Neurons & Silent & \\SI{5}{\\percent} & \\SI{25}{\\percent} & \
             \\SI{50}{\\percent} & \\SI{75}{\\percent} & \\SI{95}{\\percent} & all",
        ],
        rows,
    }
    .text()
}

fn receipt(report: &Report) -> String {
    let target = spiking(report);
    let lines = target.map_or(&[][..], |target| &target.lines[..]);
    let title = target.map_or("no spiking target of known energy", |t| t.title.as_str());
    let rows = lines.iter().map(|line| {
        let (count, each) = match line.is_time() {
            true => (
                quantity(line.count, "s", "\\second"),
                quantity(line.joules_each, "W", "\\watt"),
            ),
            false => (
                format!("\\num{{{:.4e}}}", line.count),
                joules(line.joules_each),
            ),
        };
        let mark = latex_star(line.unverified);
        let energy = joules(line.joules);
        format!("{}{mark} & {count} & {each} & {energy}", latex(&line.event))
    });
    let mut caption = format!(
        "Modelled energy per inference of {} on {}, event by event ($T = {}$).",
        latex(report.model_name()),
        latex(title),
        report.timesteps
    );
    if lines.iter().any(|line| line.unverified) {
        caption += LATEX_MEANING;
    }
    TexTable {
        label: "receipt",
        caption,
        columns: "lrrr",
        head: &["Event & Count & Each & Energy"],
        rows,
    }
    .text()
}
