//! From counts to a report.

use super::Context;
use crate::counts::{EventCounts, PerNeuron};
use crate::energy::{self, Analysis, EnergyProfile, Hardware, PriceOptions, Work};
use crate::result::{
    PopulationReport, Profile, RateSpread, Report, Scope, TargetReport, Terms, Timing, Totals,
    verdicts,
};
use crate::validation;
use rayon::prelude::*;

/// Prices counts on targets: what follows a simulation, and all that saved counts need.
#[must_use]
pub fn price(
    work: &Work,
    context: &Context,
    targets: &[&Hardware],
    options: &PriceOptions,
) -> Report {
    let analyses: Vec<Analysis> = targets
        .par_iter()
        .map(|hardware| {
            let mut analysis = energy::analyse(hardware, work, options);
            for report in &mut analysis.targets {
                report.model_error = validation::quote(&hardware.name);
            }
            analysis
        })
        .collect();
    let mut prices = Vec::new();
    let (mut rate_curves, mut sensitivities) = (Vec::new(), Vec::new());
    let mut profiles = Vec::new();
    for analysis in analyses {
        prices.extend(analysis.targets);
        rate_curves.extend(analysis.rate_curves);
        sensitivities.extend(analysis.sensitivities);
        profiles.extend(analysis.profile);
    }
    let mut report = priced(work.counts, context, prices, options);
    report.terms = Some(Terms {
        accuracy_tolerance: options.accuracy_tolerance,
        first_layer: options.first_layer,
    });
    report.rate_curves = rate_curves;
    report.sensitivities = sensitivities;
    report.distributions = options
        .monte_carlo
        .iter()
        .flat_map(|monte_carlo| {
            targets
                .iter()
                .flat_map(|hardware| energy::distributions(hardware, work, options, monte_carlo))
        })
        .collect();
    report.profile = profile(work, profiles, targets, options);
    report.crossovers = Scope::ALL
        .into_iter()
        .flat_map(|scope| report.crossings(scope))
        .collect();
    report.verdict = verdicts(&report);
    report
}

/// Rates of the neurons of a population.
fn spread(name: &str, spikes: &PerNeuron, observed: u64) -> Option<RateSpread> {
    match spikes.common() {
        Some(each) => Some(RateSpread {
            neurons: spikes.len() as u64,
            ..RateSpread::of(name, &[each], observed)?
        }),
        None => RateSpread::of(name, spikes, observed),
    }
}

/// How work and its price spread over layers, timesteps and neurons.
fn profile(
    work: &Work,
    priced: Vec<EnergyProfile>,
    targets: &[&Hardware],
    options: &PriceOptions,
) -> Profile {
    let counts = work.counts;
    let observed = counts.samples * u64::from(counts.timesteps);
    let populations = counts.topology.populations.iter().zip(&counts.populations);
    let (timesteps, layers): (Vec<_>, Vec<_>) = priced.into_iter().unzip();
    Profile {
        rates: populations
            .filter(|(_, counts)| counts.spikes.sum() > 0)
            .filter_map(|(node, counts)| spread(&node.name, &counts.spikes, observed))
            .collect(),
        timesteps,
        layers: layers.into_iter().flatten().collect(),
        roofs: (targets.iter())
            .flat_map(|hardware| energy::roofs(hardware, work, options))
            .collect(),
    }
}

/// A report of prices without any analysis of them.
pub(super) fn priced(
    counts: &EventCounts,
    context: &Context,
    prices: Vec<TargetReport>,
    options: &PriceOptions,
) -> Report {
    let (populations, totals) = figures(counts);
    Report {
        schema: "spikewatt.run/2".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        model: context.model.clone(),
        setup: context.setup.clone(),
        samples: counts.samples,
        timesteps: counts.timesteps,
        seed: context.seed,
        accuracy: context.accuracy.clone(),
        evaluations: context.evaluations.clone(),
        terms: None,
        verdict: Vec::new(),
        warnings: context.warnings.clone(),
        neurobench: context.neurobench.clone(),
        kernels: context.kernels.clone(),
        quantised_bits: energy::quantised_bits(counts.timesteps),
        populations,
        totals,
        grid: (
            options.usage.grid.value.nominal,
            options.usage.grid.source.clone(),
        ),
        usage: options.usage.clone(),
        targets: prices,
        rate_curves: Vec::new(),
        sensitivities: Vec::new(),
        distributions: Vec::new(),
        profile: Profile::default(),
        monte_carlo: options.monte_carlo,
        crossovers: Vec::new(),
        timing: Timing::default(),
    }
}

/// Figures per inference of each population, and their sums without inputs.
pub(super) fn figures(counts: &EventCounts) -> (Vec<PopulationReport>, Totals) {
    let populations = (0..counts.populations.len()).map(|index| population_report(counts, index));
    let total = counts.total();
    let totals = Totals {
        spikes_per_inference: total.spikes,
        negative_spikes_per_inference: total.negative_spikes,
        synops_per_inference: total.synops,
        macs_per_inference: total.macs,
        macs_once_per_inference: total.macs_once,
        neuron_updates_per_inference: total.neuron_updates,
        touched_updates_per_inference: total.touched_updates,
    };
    (populations.collect(), totals)
}

fn population_report(counts: &EventCounts, index: usize) -> PopulationReport {
    let node = &counts.topology.populations[index];
    let figures = counts.per_inference(index);
    PopulationReport {
        name: node.name.clone(),
        role: Some(node.role),
        shape: node.shape.dims(),
        neurons: node.shape.neurons() as u64,
        synapses: counts.topology.synapses_into(index),
        spikes_per_inference: figures.spikes,
        negative_spikes_per_inference: figures.negative_spikes,
        rate: counts.rate(index),
        synops_per_inference: figures.synops,
        macs_per_inference: figures.macs,
        macs_once_per_inference: figures.macs_once,
        neuron_updates_per_inference: figures.neuron_updates,
        touched_updates_per_inference: figures.touched_updates,
    }
}
