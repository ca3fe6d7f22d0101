//! `methods.md`: the paragraph a researcher pastes into a paper, with its sources.

use super::escape::{markdown, within_sentence};
use super::mark::{MEANING, markdown_star};
use super::{ExportError, Exporter};
use crate::optimise::{BASELINE_PRUNED_SHARE, BASELINE_WEIGHT_BITS};
use crate::result::{Evidence, Report, Scope, TargetReport, Workload};
use crate::units::{si, times};

/// Writes how the figures came about: network, conversion, counts, cost tables and their sources,
/// assumptions and what the figures leave out.
pub struct Methods;

impl Exporter for Methods {
    fn file_name(&self) -> &'static str {
        "methods.md"
    }

    fn bytes(&self, report: &Report) -> Result<Vec<u8>, ExportError> {
        let mut blocks = vec![
            "# Methods".to_owned(),
            network(report),
            counting(report),
            pricing(report),
        ];
        let warnings = report.warnings.iter();
        blocks.extend(list(
            "## Warnings",
            warnings.map(|warning| markdown(&warning.message)),
        ));
        let answers = report.headlines().into_iter();
        let answers = answers.map(|verdict| markdown(&verdict.sentence));
        blocks.extend(list("## Comparison", answers.collect::<Vec<_>>()));
        blocks.extend(list("## Targets", report.targets.iter().map(target)));
        if report.targets.iter().any(TargetReport::is_unverified) {
            blocks.push(markdown(MEANING));
        }
        blocks.extend(list("## Sources of the costs", sources(report)));
        blocks.extend(list("## Assumptions and limits", assumptions(report)));
        blocks.push(provenance(report));
        Ok((blocks.join("\n\n") + "\n").into_bytes())
    }
}

fn network(report: &Report) -> String {
    let (model, setup) = (&report.model, &report.setup);
    let mut text = format!(
        "The network {} ({} parameters{}) was simulated as a spiking network over T = {} timesteps \
         on {} samples of {}.",
        markdown(report.model_name()),
        model.parameters,
        match model.macs {
            Some(macs) => format!(", {macs} multiply-accumulates per inference"),
            None => String::new(),
        },
        report.timesteps,
        report.samples,
        markdown(&setup.data),
    );
    if !setup.encoding.is_empty() {
        text += &format!(" Inputs were encoded as: {}.", markdown(&setup.encoding));
    }
    if let Some(calibration) = &setup.calibration {
        text += &format!(
            " It was converted from the trained network with the threshold rule {} on {} \
             calibration samples of {}",
            markdown(&setup.normalization),
            setup.calibration_samples,
            markdown(calibration)
        );
        if !setup.thresholds.is_empty() {
            let thresholds: Vec<_> = setup
                .thresholds
                .iter()
                .map(|(name, value)| format!("{} {value:.4}", markdown(name)))
                .collect();
            text += &format!(" (thresholds: {})", thresholds.join(", "));
        }
        text.push('.');
    }
    if let Some(max_pool) = &setup.max_pool {
        text += &format!(" Max pooling followed the rule {}.", markdown(max_pool));
    }
    if let Some(accuracy) = &report.accuracy {
        let snn = accuracy.snn * 100.0;
        text += &match (accuracy.ann, accuracy.agreement) {
            (Some(ann), Some(agreement)) => format!(
                " The original network classifies {:.2} % of the samples correctly, the spiking \
                 network {snn:.2} % ({:+.2} percentage points); both agree on {:.2} %.",
                ann * 100.0,
                snn - ann * 100.0,
                agreement * 100.0
            ),
            _ => format!(
                " The spiking network classifies {snn:.2} % of the samples correctly; there is no \
                 original network whose accuracy was evaluated on them."
            ),
        };
    }
    text
}

fn counting(report: &Report) -> String {
    let totals = &report.totals;
    let neurons: u64 = report.populations.iter().map(|p| p.own_neurons()).sum();
    let synapses: u64 = report.populations.iter().map(|p| p.synapses).sum();
    format!(
        "Events were counted, not estimated. Its {neurons} neurons (inputs are none) and {synapses} synapses produce \
         {:.1} spikes, {:.1} synaptic operations (one spike through one existing synapse; zero \
         padding is none), {:.1} multiply-accumulates of non-binary input ({:.1} if a constant input \
         is multiplied once) and {:.1} neuron updates (neurons × timesteps) per inference.",
        totals.spikes_per_inference,
        totals.synops_per_inference,
        totals.macs_per_inference,
        totals.macs_once_per_inference,
        totals.neuron_updates_per_inference
    )
}

fn pricing(report: &Report) -> String {
    let mut text = String::from(
        "Energy is the sum over events of count × cost per event, plus power × time where the cost \
         table states idle power. Each cost has a lower, a nominal and an upper value from its \
         source; lower bounds are summed with lower and upper with upper, because errors of one \
         table are correlated, so a range is a bound and not a confidence interval.",
    );
    text += " Each energy is stated in three cumulative scopes:";
    for scope in Scope::ALL {
        let end = if scope == Scope::System { "." } else { ";" };
        text += &format!(" “{}” ({}){end}", scope.label(), scope.meaning());
    }
    text += " A cost that its source states for several scopes together counts in the widest of \
             them and leaves the narrower ones unknown. Figures of different scope were not compared.";
    for (evidence, how) in [
        (
            Evidence::Modelled,
            "modelled from counts and published costs, not metered",
        ),
        (
            Evidence::Simulated,
            "the result of a detailed hardware simulation",
        ),
        (Evidence::Measured, "measured with a power meter"),
    ] {
        let with = report.targets.iter().filter(|t| t.evidence == evidence);
        let names: Vec<_> = with.map(|t| markdown(&t.name)).collect();
        if names.len() == report.targets.len() && !names.is_empty() {
            text += &format!(" All figures are {how}.");
        } else if !names.is_empty() {
            text += &format!(" Figures of {} are {how}.", names.join(", "));
        }
    }
    text + &baselines(report) + &use_of(report) + &spreads(report)
}

/// What the quantised and the pruned baseline are.
fn baselines(report: &Report) -> String {
    let mut text = String::new();
    if report.targets.iter().any(|t| t.workload == Workload::Qann) {
        let accuracy = report.accuracy.as_ref().and_then(|accuracy| accuracy.qann);
        let evaluated = match accuracy {
            Some(share) => format!(
                "it classified {:.2} % of the samples correctly",
                100.0 * share
            ),
            None => "its accuracy was not evaluated".to_owned(),
        };
        text += &format!(
            " The quantised baseline is the original network with {BASELINE_WEIGHT_BITS}-bit weights \
             (one step per output channel) and {BASELINE_WEIGHT_BITS}-bit activations (one step per \
             layer, least squared error on the calibration data); {evaluated}."
        );
    }
    let pruned = report.accuracy.as_ref().and_then(|accuracy| accuracy.pann);
    if let Some(share) = pruned {
        text += &format!(
            " The pruned baseline is the original network without the weights that the experiment \
             prunes, or else without the {:.0} % smallest of each layer, not trained again; it \
             classified {:.2} % of the samples correctly (Han et al. 2015).",
            100.0 * BASELINE_PRUNED_SHARE,
            100.0 * share
        );
    }
    text
}

/// Where and how often the devices work.
fn use_of(report: &Report) -> String {
    let (intensity, source) = &report.grid;
    let mut text = format!(
        " Carbon is energy times a grid intensity of {intensity} g CO2e/kWh ({}) times a power usage \
         effectiveness of {} ({}).",
        markdown(source),
        report.usage.pue.value.nominal,
        markdown(&report.usage.pue.source)
    );
    if let Some(period_s) = report.usage.period_s {
        text += &format!(
            " One inference is asked for every {}; idle power is charged for the whole period.",
            si(period_s, "s")
        );
    }
    text
}

/// How totals were spread and crossovers found.
fn spreads(report: &Report) -> String {
    let mut text = String::new();
    if let Some(drawn) = report.monte_carlo {
        text += &format!(
            " Spreads are quantiles of {} draws (seed {}) in which each figure follows the \
             triangular distribution of its lower, nominal and upper value, {}.",
            drawn.draws,
            drawn.seed,
            if drawn.correlated {
                "all figures of a device favourable or unfavourable together"
            } else {
                "independently of the others"
            }
        );
    }
    if report.verdicts().iter().any(|one| one.factor.is_some()) {
        text += " Factors between networks have central 90 % intervals: each figure drawn by itself \
                 between its bounds, its nominal value the median, the same on both sides where both \
                 rest on it.";
    }
    if !report.rate_curves.is_empty() {
        text += " Crossover rates come from pricing the same counts with every spike of the network \
                 occurring more or less often, linear between the rates priced.";
    }
    text
}

fn target(target: &TargetReport) -> String {
    let mut text = format!(
        "{} ({}): {}, {}, batch {}",
        markdown(&target.title),
        markdown(&target.name),
        target.network_label(),
        target.evidence.label(),
        target.batch
    );
    for scope in Scope::ALL {
        if let Some(e) = target.scopes.get(scope).known() {
            text += &format!(
                "; {} {} [{} – {}]{}",
                within_sentence(scope.label()),
                si(e.nominal, "J"),
                si(e.low, "J"),
                si(e.high, "J"),
                markdown_star(target.is_unverified_in(scope))
            );
        }
    }
    if target.known_energy_j().is_none() {
        text += &format!("; total unknown: {}", markdown(&target.unpriced.join(", ")));
    }
    if !target.fits {
        text += &format!("; does not fit: {}", markdown(&target.exceeded.join(", ")));
    }
    text + "."
}

/// Every source of a line once, in the order of the receipts, unchecked ones marked.
fn sources(report: &Report) -> Vec<String> {
    let mut seen: Vec<(&str, bool)> = Vec::new();
    for line in report.targets.iter().flat_map(|t| &t.lines) {
        match seen.iter_mut().find(|(source, _)| *source == line.source) {
            Some((_, unverified)) => *unverified |= line.unverified,
            None => seen.push((&line.source, line.unverified)),
        }
    }
    seen.into_iter()
        .map(|(source, unverified)| {
            let mark = if unverified {
                " (contains figures not checked against the source)"
            } else {
                ""
            };
            format!("{}{mark}", markdown(source))
        })
        .collect()
}

/// Notes of the conversion, then each note of a target once, behind the targets it belongs to.
fn assumptions(report: &Report) -> Vec<String> {
    let mut notes: Vec<(&str, Vec<&str>)> = Vec::new();
    for target in &report.targets {
        for note in target.notes.iter().chain(&target.model_error) {
            let name = target.name.as_str();
            match notes.iter_mut().find(|(known, _)| known == note) {
                Some((_, names)) if names.contains(&name) => {}
                Some((_, names)) => names.push(name),
                None => notes.push((note, vec![name])),
            }
        }
    }
    let of_targets = notes
        .into_iter()
        .map(|(note, names)| format!("{}: {}", markdown(&names.join(", ")), markdown(note)));
    let of_conversion = report.setup.notes.iter().map(|note| markdown(note));
    let wide = report.wide_totals().into_iter();
    let wide = wide.map(|(target, span, figure)| {
        let figure = figure.map_or_else(String::new, |figure| {
            format!("; {figure} would narrow them most")
        });
        markdown(&format!(
            "{}, {}: the bounds of the total are {} apart{figure}",
            target.name,
            target.network_label(),
            times(span)
        ))
    });
    of_conversion.chain(of_targets).chain(wide).collect()
}

fn provenance(report: &Report) -> String {
    let (model, setup) = (&report.model, &report.setup);
    format!(
        "## Provenance\n\nspikewatt {}, seed {}. SHA-256 of the model: `{}`; of the data: `{}`.",
        markdown(&report.version),
        report.seed,
        model.sha256,
        setup.data_sha256
    )
}

/// A heading and its points; `None` without points.
fn list(heading: &str, points: impl IntoIterator<Item = String>) -> Option<String> {
    let points: Vec<_> = points.into_iter().map(|p| format!("- {p}")).collect();
    (!points.is_empty()).then(|| format!("{heading}\n\n{}", points.join("\n")))
}
