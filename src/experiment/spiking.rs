//! A spiking network, simulated, counted and priced: what `spikewatt run` does with one.

use super::conventional::Conventional;
use super::simulate::{Prepared, SimulatedNetwork};
use super::watch::OutputKind;
use super::{
    Context, Observer, Run, SimulateError, SpikingError, SpikingExperiment, plausible, price, shown,
};
use crate::counts::{DenseCounts, NeuroBench, NumberFormat};
use crate::digest::sha256_hex;
use crate::energy::{Catalogue, Work};
use crate::engine::{NoProbe, Outcome};
use crate::files;
use crate::network::Network;
use crate::result::{Accuracy, Evaluation, InputEntry, ModelReport, Setup, Workload};
use std::path::Path;

/// Runs an experiment with a spiking network: simulate, count, price.
pub(super) fn run(
    experiment: &SpikingExperiment,
    catalogue: &Catalogue,
    observer: Observer,
) -> Result<Run, SpikingError> {
    // Cheap mistakes first: nobody should wait for a simulation to read of a typo.
    let targets = experiment.output.targets(catalogue)?;
    // The seed of a network is known once it is read.
    let options = |seed| experiment.output.price_options(&experiment.usage, seed);
    options(0)?;
    let conventional = Conventional::load(experiment)?;
    let bytes = files::read(&experiment.model).map_err(|source| SpikingError::Read {
        file: experiment.model.clone(),
        source,
    })?;
    let sha256 = sha256_hex(&bytes);

    let config = experiment.simulate_config();
    let run = Prepared::load(&config)?.run(&NoProbe, observer)?;
    let network = &run.loaded.network;
    let classes = match run.loaded.outputs[..] {
        [output] => Some(network.populations[output].shape.neurons()),
        _ => None,
    };
    let dense = conventional.dense(experiment, &run.counts.topology, classes)?;
    let inputs = inputs(experiment, &run, &conventional, &sha256);
    let evaluations = evaluations(&run);
    let mut warnings = run.warnings.clone();
    let answers = evaluations.iter();
    warnings.extend(answers.filter_map(|one| plausible::of_answers(one, classes, &run.outcomes)));
    let context = Context {
        model: ModelReport {
            path: shown(&experiment.model),
            sha256,
            parameters: parameters(network),
            macs: dense.as_ref().map(DenseCounts::macs),
            baseline: conventional.name(dense.as_ref()),
        },
        setup: setup(experiment, &run, conventional.note(dense.as_ref())),
        seed: run.loaded.seed,
        accuracy: accuracy(experiment, &run, classes)?,
        format: NumberFormat::Fp32,
        evaluations,
        neurobench: Some(NeuroBench::new(network, &run.counts)),
        kernels: run.kernels.clone(),
        warnings,
        experiment: Some(experiment.clone().into()),
    };
    let options = options(run.loaded.seed)?;
    let dense = dense.unwrap_or_default();
    let mut report = price(
        &Work::new(&run.counts, &dense),
        &context,
        &targets,
        &options,
    );
    report.timing = run.timing;
    Ok(Run {
        report,
        counts: run.counts,
        others: Vec::new(),
        dense,
        context,
        network: Some(run.loaded.network),
        outcomes: run.outcomes,
        inputs,
    })
}

/// How the network answers; nothing is known of an original on the same samples.
fn evaluations(run: &SimulatedNetwork) -> Vec<Evaluation> {
    let labels = run.input.as_ref().and_then(|input| input.labels.as_ref());
    let answers: Vec<u32> = (run.outcomes.iter())
        .filter_map(|outcome| outcome.predictions.last().copied())
        .collect();
    let evaluation = |labels: &[u32]| {
        Evaluation::of(
            Workload::Snn,
            NumberFormat::Fp32,
            &answers,
            Some(labels),
            None,
        )
    };
    let complete = labels.filter(|_| answers.len() == run.outcomes.len());
    complete
        .map(|labels| evaluation(&labels.values))
        .into_iter()
        .collect()
}

/// The files that were read.
fn inputs(
    experiment: &SpikingExperiment,
    run: &SimulatedNetwork,
    conventional: &Conventional,
    sha256: &str,
) -> Vec<InputEntry> {
    let entry = |role: &str, path: &Path, sha256: &str| InputEntry {
        role: role.to_owned(),
        path: shown(path),
        sha256: sha256.to_owned(),
    };
    let mut inputs = vec![entry("model", &experiment.model, sha256)];
    if let Some(original) = &run.loaded.original {
        let source = &original.calibration;
        inputs.push(entry("calibration", &source.path, &source.sha256));
    }
    if let Some(input) = &run.input {
        inputs.push(entry("data", &input.source.path, &input.source.sha256));
        let labels = input.labels.as_ref().and_then(|l| l.source.as_ref());
        inputs.extend(labels.map(|labels| entry("labels", &labels.path, &labels.sha256)));
    }
    if let Some((path, sha256)) = conventional.file() {
        inputs.push(entry("baseline", path, sha256));
    }
    inputs
}

/// Weights and biases, shared ones once.
fn parameters(network: &Network) -> u64 {
    let weights = network.projections.iter().filter_map(|p| p.weights.count());
    let biases = network.populations.iter().map(|population| {
        let channels = population.shape.channels;
        let mut positions = population.bias.chunks(channels.max(1));
        let first = positions.next().unwrap_or_default();
        match positions.all(|position| position == first) {
            true => first.len(),
            false => population.bias.len(),
        }
    });
    (weights.sum::<usize>() + biases.sum::<usize>()) as u64
}

fn setup(experiment: &SpikingExperiment, run: &SimulatedNetwork, baseline: String) -> Setup {
    let subject = &run.loaded;
    let original = subject.original.as_ref();
    let mut notes = match original {
        Some(_) => Vec::new(),
        None => vec![format!(
            "the network was given as it spikes, not converted; preset {}: {}",
            subject.preset.name, subject.options
        )],
    };
    let reads = |&output: &usize| {
        let population = &subject.network.populations[output];
        let what = match OutputKind::of(&population.neuron) {
            OutputKind::SpikeCount => "spike counts",
            OutputKind::FinalPotential => "potentials after the last timestep",
        };
        format!("output \"{}\" is read as {what}", population.name)
    };
    notes.extend(subject.outputs.iter().map(reads));
    notes.push(baseline);
    notes.extend(run.notes.iter().cloned());
    let input = run.input.as_ref();
    let conversion = experiment.conversion.clone().unwrap_or_default();
    Setup {
        data: input.map_or_else(
            || "no data: the network drives itself".to_owned(),
            |input| shown(&input.source.path),
        ),
        data_sha256: input.map_or_else(String::new, |input| input.source.sha256.clone()),
        calibration: original.map(|original| shown(&original.calibration.path)),
        calibration_samples: original.map_or(0, |original| original.calibration_samples as u64),
        encoding: input.map_or_else(String::new, |input| input.kind().to_owned()),
        normalization: match original {
            Some(_) => conversion.rule(run.timesteps),
            None => String::new(),
        },
        max_pool: original.and_then(|original| original.max_pool.map(str::to_owned)),
        thresholds: original.map_or_else(Vec::new, |original| original.thresholds.clone()),
        preset: original
            .is_none()
            .then(|| format!("{} ({})", subject.preset.name, subject.options)),
        notes,
    }
}

/// The share of samples that the network classifies as labelled; `None` without labels, or with
/// several outputs.
fn accuracy(
    experiment: &SpikingExperiment,
    run: &SimulatedNetwork,
    classes: Option<usize>,
) -> Result<Option<Accuracy>, SpikingError> {
    let labels = run.input.as_ref().and_then(|input| input.labels.as_ref());
    let (Some(labels), Some(classes)) = (labels, classes) else {
        return Ok(None);
    };
    let pairs = || run.outcomes.iter().zip(&labels.values);
    if let Some((sample, (_, &label))) = pairs()
        .enumerate()
        .find(|(_, (_, label))| **label as usize >= classes)
    {
        return Err(SpikingError::Label {
            data: experiment
                .data
                .as_ref()
                .map_or_else(String::new, |d| shown(&d.path)),
            sample,
            label,
            network: shown(&experiment.model),
            classes,
        });
    }
    let hits_at = |t: usize| {
        let hit = |(outcome, label): &(&Outcome, &u32)| outcome.predictions[t] == **label;
        pairs().filter(hit).count() as f64 / run.outcomes.len() as f64
    };
    let snn_per_timestep: Vec<f64> = (0..run.timesteps as usize).map(hits_at).collect();
    let share = |hits: usize| hits as f64 / run.outcomes.len() as f64;
    let originals = match (&run.loaded.original, &run.input) {
        (Some(original), Some(input)) => {
            let samples = run.outcomes.len();
            let answers = original.predictions(input, samples, run.timesteps);
            Some(answers.map_err(SimulateError::from)?)
        }
        _ => None,
    };
    let right = |answers: &Vec<u32>| {
        let pairs = answers.iter().zip(&labels.values);
        share(pairs.filter(|(a, b)| a == b).count())
    };
    let agreeing = |answers: &Vec<u32>| {
        let pairs = run.outcomes.iter().zip(answers);
        share(
            pairs
                .filter(|(o, a)| o.predictions.last() == Some(a))
                .count(),
        )
    };
    Ok(Some(Accuracy {
        qann: None,
        pann: None,
        ann: originals.as_ref().map(right),
        snn: snn_per_timestep.last().copied().unwrap_or(0.0),
        agreement: originals.as_ref().map(agreeing),
        snn_per_timestep,
    }))
}
