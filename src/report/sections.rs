//! What stands behind the verdict in a terminal: crossovers, footprints, which figure matters, how
//! totals spread.

use super::escape::{printable, shortened, within_sentence};
use super::mark::{MEANING, of_distribution, of_sensitivity, star};
use crate::result::{Crossing, Report, Scope, Sensitivity, TargetReport, network_label as network};
use crate::units::{Range, si, times};

/// A table, its first two columns aligned left.
pub(super) struct Section {
    pub title: String,
    pub head: &'static [&'static str],
    pub rows: Vec<Vec<String>>,
    pub notes: Vec<String>,
}

/// Widest name of a target.
const NAME: usize = 26;
/// Figures shown per target.
const FIGURES: usize = 3;
/// Baselines shown per spiking target: the cheapest.
const BASELINES: usize = 4;

/// Every section that has something to say.
pub(super) fn sections(report: &Report) -> Vec<Section> {
    let mut sections: Vec<Section> = Scope::ALL
        .into_iter()
        .filter_map(|scope| crossovers(report, scope))
        .collect();
    sections.extend(footprints(report));
    sections.extend(sensitivities(report));
    sections.extend(distributions(report));
    sections.extend(kernels(report));
    sections
}

fn crossovers(report: &Report, scope: Scope) -> Option<Section> {
    let crossings = report.crossovers.iter();
    let crossings: Vec<&Crossing> = crossings.filter(|c| c.scope == scope).collect();
    let here = report.rate_curves.first()?.rate;
    let shown = cheapest(&crossings);
    let rows: Vec<Vec<String>> = shown.iter().map(|c| crossing_cells(c)).collect();
    let mut notes = vec![
        "rates scale the spikes of all neurons alike; input and timesteps stay as they are"
            .to_owned(),
    ];
    if shown.len() < crossings.len() {
        notes.push(format!(
            "the cheapest baselines; all {} pairs are in crossover.csv",
            crossings.len()
        ));
    }
    if shown.iter().any(|c| c.unverified || c.snn_unverified) {
        notes.push(MEANING.into());
    }
    (!rows.is_empty()).then(|| Section {
        title: format!(
            "Crossover, {} (this network: rate {:.2} %, T = {})",
            within_sentence(scope.label()),
            here * 100.0,
            report.timesteps
        ),
        head: &[
            "SNN on",
            "cheaper than",
            "batch",
            "below rate",
            "[bounds]",
            "below T",
            "period",
        ],
        rows,
        notes,
    })
}

/// The pairs with the cheapest baselines of each spiking target, in their order.
fn cheapest<'r>(crossings: &[&'r Crossing]) -> Vec<&'r Crossing> {
    let among_cheapest = |crossing: &&&Crossing| {
        let cheaper = crossings.iter().filter(|other| {
            other.snn == crossing.snn && other.baseline_j.nominal < crossing.baseline_j.nominal
        });
        cheaper.count() < BASELINES
    };
    crossings.iter().filter(among_cheapest).copied().collect()
}

fn crossing_cells(crossing: &Crossing) -> Vec<String> {
    vec![
        shortened(&crossing.snn, 20) + star(crossing.snn_unverified),
        format!(
            "{} {}{}",
            network(crossing.workload, crossing.format),
            shortened(&crossing.baseline, 20),
            star(crossing.unverified)
        ),
        crossing.batch.to_string(),
        crossing.rate.text(),
        format!(
            "[{} – {}]",
            crossing.rate_pessimistic.text(),
            crossing.rate_optimistic.text()
        ),
        crossing
            .timesteps
            .map_or("-".into(), |steps| format!("{steps:.1}")),
        crossing.period_s.map_or("-".into(), |s| si(s, "s")),
    ]
}

/// Energy, carbon and money, if anything but the default use was asked for.
fn footprints(report: &Report) -> Option<Section> {
    let usage = &report.usage;
    let asked = usage.price_per_kwh.is_some()
        || usage.period_s.is_some()
        || !usage.embodied_kg.is_empty()
        || usage.pue.value != Range::exact(1.0)
        || usage.grid.name != "world";
    let known = |t: &&TargetReport| t.footprint.per_inference.energy_kwh.is_some();
    let mut rows = Vec::new();
    for target in report.targets.iter().filter(known) {
        for (per, footprint) in target.footprint.scales().skip(1) {
            let plain = |value: Option<Range>, unit: &str| {
                value.map_or("-".into(), |v| {
                    let text = if unit.is_empty() {
                        format!("{:.3e}", v.nominal)
                    } else {
                        si(v.nominal, unit)
                    };
                    text.trim().to_owned()
                })
            };
            rows.push(vec![
                shortened(&target.name, NAME) + star(target.is_unverified()),
                target.network_label(),
                target.batch.to_string(),
                per.into(),
                plain(footprint.energy_kwh.map(|v| v * 1000.0), "Wh"),
                plain(footprint.carbon_g, "g"),
                plain(footprint.embodied_g, "g"),
                plain(footprint.cost, ""),
            ]);
        }
    }
    let mut notes = vec![format!(
        "electricity: {} ({} g CO2e/kWh; {}); PUE {} ({})",
        printable(&usage.grid.name),
        usage.grid.value.nominal,
        printable(&usage.grid.source),
        usage.pue.value.nominal,
        printable(&usage.pue.source)
    )];
    if report
        .targets
        .iter()
        .filter(known)
        .any(TargetReport::is_unverified)
    {
        notes.push(MEANING.into());
    }
    if let Some(period_s) = usage.period_s {
        notes.push(format!(
            "one inference every {}; idle power is charged for all of it",
            si(period_s, "s")
        ));
    }
    if !usage.embodied_kg.is_empty() && usage.lifetime_s.unverified {
        notes.push(
            "embodied: lifetime and utilisation are conventions that nobody has checked".into(),
        );
    }
    (asked && !rows.is_empty()).then_some(Section {
        title: "Carbon and money".into(),
        head: &[
            "target", "network", "batch", "per", "energy", "CO2e", "embodied", "cost",
        ],
        rows,
        notes,
    })
}

fn sensitivities(report: &Report) -> Option<Section> {
    let all = &report.sensitivities;
    let is_cheapest = |one: &&Sensitivity| {
        all.iter()
            .filter(|other| other.workload == one.workload && other.scope == one.scope)
            .all(|other| one.nominal_j <= other.nominal_j)
    };
    let shown: Vec<&Sensitivity> = all.iter().filter(is_cheapest).collect();
    let mut notes = Vec::new();
    if shown.len() < all.len() {
        notes.push("the cheapest target of each network; all are in sensitivity.csv".to_owned());
    }
    let (mut rows, mut starred) = (Vec::new(), false);
    for sensitivity in shown {
        let unverified = of_sensitivity(report, sensitivity);
        for swing in sensitivity.swings.iter().take(FIGURES) {
            starred |= unverified || swing.unverified;
            rows.push(vec![
                shortened(&sensitivity.target, NAME) + star(unverified),
                shortened(&swing.figure, 30) + star(swing.unverified),
                network(sensitivity.workload, sensitivity.format),
                sensitivity.batch.to_string(),
                si(swing.at_low_j, "J"),
                si(swing.at_high_j, "J"),
            ]);
        }
    }
    notes.extend(
        report
            .wide_totals()
            .into_iter()
            .map(|(target, span, figure)| {
                let figure = figure.map_or_else(String::new, |figure| {
                    format!("; {figure} would narrow it most")
                });
                format!(
                    "{} on {}: bounds {} apart{figure}",
                    target.network_label(),
                    printable(&target.name),
                    times(span)
                )
            }),
    );
    if starred {
        notes.push(MEANING.into());
    }
    (!rows.is_empty()).then_some(Section {
        title: "Sensitivity (total with each cost at its lower and upper bound)".into(),
        head: &["target", "figure", "network", "batch", "at low", "at high"],
        rows,
        notes,
    })
}

fn distributions(report: &Report) -> Option<Section> {
    let drawn = report.monte_carlo?;
    let (mut rows, mut starred) = (Vec::new(), false);
    for distribution in &report.distributions {
        for scope in Scope::ALL {
            if let Some(q) = distribution.get(scope) {
                let unverified = of_distribution(report, distribution, scope);
                starred |= unverified;
                rows.push(vec![
                    shortened(&distribution.target, NAME) + star(unverified),
                    network(distribution.workload, distribution.format),
                    distribution.batch.to_string(),
                    scope.short().into(),
                    si(q.q05, "J"),
                    si(q.q50, "J"),
                    si(q.q95, "J"),
                ]);
            }
        }
    }
    (!rows.is_empty()).then(|| Section {
        title: format!(
            "Monte Carlo ({} draws, triangular between the bounds, {})",
            drawn.draws,
            if drawn.correlated {
                "favourable or unfavourable together"
            } else {
                "each figure by itself"
            }
        ),
        head: &["target", "network", "batch", "scope", "5 %", "50 %", "95 %"],
        rows,
        notes: starred.then(|| MEANING.to_owned()).into_iter().collect(),
    })
}

/// Which loops the simulation ran on.
fn kernels(report: &Report) -> Option<Section> {
    let driven = report.kernels.iter();
    let rows = driven.filter_map(|of| {
        let neurons = of.neurons.as_deref()?;
        let synapses = of.synapses.iter();
        let synapses: Vec<String> = synapses
            .map(|synapse| format!("{} (from {})", synapse.kernel, printable(&synapse.source)))
            .collect();
        Some(vec![
            shortened(&of.population, NAME),
            neurons.to_owned(),
            synapses.join("; "),
        ])
    });
    let rows: Vec<Vec<String>> = rows.collect();
    let section = Section {
        title: "Simulation kernels".into(),
        head: &["population", "neurons", "synapses"],
        rows,
        notes: Vec::new(),
    };
    (!section.rows.is_empty()).then_some(section)
}
