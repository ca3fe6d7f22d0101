//! Accuracy before and after conversion, on the shipped networks and data.

use crate::npy::read_npy;
use spikewatt::ann::Runtime;
use spikewatt::conversion::{
    Calibration, Conversion, ConversionOptions, Correction, Fit, FitOptions, MaxPoolChoice,
    ThresholdRule, convert, fit,
};
use spikewatt::encoding::Encoding;
use spikewatt::energy::Catalogue;
use spikewatt::engine::{Simulation, Simulator};
use spikewatt::experiment;
use spikewatt::formats::dataset::{Dataset, LoadOptions, Preprocessing, load_with};
use spikewatt::formats::onnx;
use spikewatt::network::Pattern;
use spikewatt::neuron::Neuron;
use spikewatt::result::Workload;
use std::ops::ControlFlow;
use std::path::Path;

struct Case {
    model: onnx::OnnxModel,
    runtime: Runtime,
    test: Dataset,
    train: Dataset,
}

fn load(network: &str, test: &str, train: &str, scale: Option<f64>) -> Case {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let model = onnx::load(&root.join(format!("networks/{network}.onnx"))).unwrap();
    let runtime = Runtime::load(network, model.bytes.clone(), &model.ann.sample_dims).unwrap();
    let options = LoadOptions {
        preprocessing: Preprocessing {
            scale,
            ..Preprocessing::default()
        },
        ..LoadOptions::default()
    };
    let data = |name: &str| {
        let path = root.join(format!("data/{name}-images-idx3-ubyte.gz"));
        load_with(&path, &options).unwrap()
    };
    Case {
        test: data(test),
        train: data(train),
        model,
        runtime,
    }
}

fn fashion(network: &str) -> Case {
    load(network, "fmnist-t1k", "fmnist-train1k", None)
}

fn digits() -> Case {
    load(
        "digits_mlp",
        "digits-test360",
        "digits-train1k",
        Some(1.0 / 16.0),
    )
}

impl Case {
    fn logits(&self) -> Vec<f32> {
        let output = &self.model.ann.layers.last().unwrap().output;
        self.runtime
            .observe(&self.test.inputs, &[output], &|_, mut observed| {
                observed.remove(0).data
            })
            .unwrap()
            .concat()
    }

    fn ann_accuracy(&self) -> f64 {
        let logits = self.logits();
        let hits = logits
            .chunks_exact(10)
            .zip(self.test.labels.as_ref().unwrap())
            .filter(|(logits, label)| {
                let best = (0..10)
                    .rev()
                    .max_by(|&a, &b| logits[a].total_cmp(&logits[b]));
                best == Some(**label as usize)
            });
        hits.count() as f64 / self.test.len() as f64
    }

    fn convert(&self, timesteps: u32) -> Conversion {
        let calibration =
            Calibration::measure(&self.model.ann, &self.runtime, &self.train.inputs, 99.9).unwrap();
        let options = ConversionOptions {
            timesteps,
            use_max: false,
            initial_potential: 0.5,
            max_pool: None,
            signed_spikes: false,
        };
        convert(&self.model.ann, &calibration, &options).unwrap()
    }

    fn fit(&self, timesteps: u32, options: FitOptions) -> Fit {
        let options = FitOptions {
            timesteps,
            ..options
        };
        fit(&self.model.ann, &self.runtime, &self.train.inputs, &options).unwrap()
    }

    fn snn_accuracy(&self, timesteps: u32, encoding: Encoding) -> f64 {
        self.accuracy_of(&self.convert(timesteps), timesteps, encoding)
    }

    fn simulate(&self, conversion: &Conversion, timesteps: u32, encoding: Encoding) -> Simulation {
        let shape = conversion.network.populations[0].shape;
        let drive = |i: usize| {
            let values = shape.to_channels_last(self.test.sample(i));
            encoding.encode(values, timesteps, 0, i)
        };
        Simulator::new(&conversion.network, timesteps)
            .unwrap()
            .run(self.test.len(), &drive, &|_| ControlFlow::Continue(()))
            .unwrap()
    }

    fn accuracy_of(&self, conversion: &Conversion, timesteps: u32, encoding: Encoding) -> f64 {
        let simulation = self.simulate(conversion, timesteps, encoding);
        let hits = simulation
            .outcomes
            .iter()
            .zip(self.test.labels.as_ref().unwrap())
            .filter(|(outcome, label)| outcome.predictions.last() == Some(label));
        hits.count() as f64 / self.test.len() as f64
    }
}

/// The runtime gives what onnxruntime 1.31 gave (`tests/reference/README.md`).
#[test]
fn reference_logits_of_onnxruntime() {
    for (case, name) in [
        (fashion("fmnist_mlp"), "fmnist_mlp"),
        (fashion("fmnist_lenet_bn"), "fmnist_lenet_bn"),
        (digits(), "digits_mlp"),
    ] {
        let path = format!(
            "{}/tests/reference/{name}.logits100.npy",
            env!("CARGO_MANIFEST_DIR")
        );
        let reference: ndarray::Array2<f32> = read_npy(path).unwrap();
        let scale = reference.iter().fold(0f32, |max, v| max.max(v.abs()));
        for (found, expected) in case.logits().iter().zip(&reference) {
            assert!(
                (found - expected).abs() < 1e-4 * scale,
                "{name}: {found} {expected}"
            );
        }
    }
}

/// Accuracies of the original as trained (`networks/README.md`) and what conversion may lose.
#[test]
fn reference_accuracy_survives_conversion() {
    for (case, ann) in [
        (fashion("fmnist_mlp"), 0.895),
        (fashion("fmnist_lenet_bn"), 0.938),
    ] {
        assert_eq!(case.ann_accuracy(), ann);
        for (timesteps, may_lose) in [(8, 0.015), (32, 0.007)] {
            let snn = case.snn_accuracy(timesteps, Encoding::Constant);
            assert!(
                snn >= ann - may_lose,
                "{} at T = {timesteps}: {snn} of {ann}",
                case.model.ann.name
            );
        }
    }
    let digits = digits();
    assert!((digits.ann_accuracy() - 349.0 / 360.0).abs() < 1e-12);
    assert!(digits.snn_accuracy(32, Encoding::Constant) >= 0.96);
}

/// Random input spikes need more timesteps for the same answer, and get there.
#[test]
fn bernoulli_input_approaches_the_original() {
    let case = digits();
    let (short, long) = (
        case.snn_accuracy(8, Encoding::Bernoulli),
        case.snn_accuracy(256, Encoding::Bernoulli),
    );
    assert!(long > 0.95 && long > short, "{short} {long}");
}

/// As T grows, potential / T of the readout becomes the logit of the original.
#[test]
fn closed_form_readout_converges_to_the_logits() {
    let case = digits();
    let logits = case.logits();
    let scale = logits.iter().fold(0f32, |max, v| max.max(v.abs()));
    let error = |timesteps: u32| -> f32 {
        // Thresholds at the maximum of the very samples: no activation is clipped.
        let calibration =
            Calibration::measure(&case.model.ann, &case.runtime, &case.test.inputs, 99.9).unwrap();
        let options = ConversionOptions {
            timesteps,
            use_max: true,
            initial_potential: 0.5,
            max_pool: None,
            signed_spikes: false,
        };
        let network = convert(&case.model.ann, &calibration, &options)
            .unwrap()
            .network;
        let drive =
            |i: usize| Encoding::Constant.encode(case.test.sample(i).to_vec(), timesteps, 0, i);
        let simulation = Simulator::new(&network, timesteps)
            .unwrap()
            .run(case.test.len(), &drive, &|_| ControlFlow::Continue(()))
            .unwrap();
        simulation
            .outcomes
            .iter()
            .flat_map(|outcome| &outcome.output)
            .zip(&logits)
            .map(|(v, logit)| (v / timesteps as f32 - logit).abs() / scale)
            .fold(0.0, f32::max)
    };
    let (coarse, fine) = (error(64), error(2048));
    assert!(fine < 0.01 && fine < coarse / 8.0, "{coarse} {fine}");
}

/// Average pooling merges exactly where windows do not overlap, and synapse by synapse where they
/// do: both give the same current as pooling first.
#[test]
fn lenet_structure_is_as_expected() {
    let network = fashion("fmnist_lenet_bn").convert(8).network;
    let names: Vec<_> = network
        .populations
        .iter()
        .map(|p| (p.name.as_str(), p.shape.dims()))
        .collect();
    assert_eq!(
        names,
        [
            ("input", vec![1, 28, 28]),
            ("0/0.0/Conv", vec![16, 28, 28]),
            ("1/MaxPool", vec![16, 14, 14]),
            ("2/2.0/Conv", vec![32, 10, 10]),
            ("5/Gemm", vec![128]),
            ("7/Gemm", vec![10]),
        ]
    );
    let merged = &network.projections[3].connectivity;
    assert!(matches!(merged.pattern, Pattern::Dense { .. }) && merged.pooling.is_some());
    // Each of the 3,200 neurons in front of the average pooling reaches all 128 behind it.
    assert_eq!(merged.synapses(), 3200 * 128);
}

/// Accuracy on the shipped test images with the defaults alone. Conversion is deterministic, so
/// these are exact numbers of correct samples less a few for other processors' arithmetic.
#[test]
fn regress_accuracy_of_the_defaults() {
    let options = FitOptions::default;
    for (case, expected) in [
        (
            fashion("fmnist_mlp"),
            &[(4, 0.893), (8, 0.887), (16, 0.896), (32, 0.895)][..],
        ),
        (
            digits(),
            &[(4, 0.95), (8, 0.9667), (16, 0.9722), (32, 0.9694)],
        ),
        (fashion("fmnist_lenet_bn"), &[(4, 0.933), (8, 0.939)]),
        (fashion("fmnist_cnn_qcfs8"), &[(4, 0.913), (8, 0.922)]),
        (fashion("keras_fmnist_cnn"), &[(4, 0.847), (8, 0.854)]),
    ] {
        for &(timesteps, expected) in expected {
            let fit = case.fit(timesteps, options());
            let found = case.accuracy_of(&fit.conversion, timesteps, Encoding::Constant);
            assert!(
                found >= expected - 0.003,
                "{} at T = {timesteps}: {found}, expected {expected}",
                case.model.ann.name
            );
        }
    }
}

/// A stated initial potential is that of every population, whatever would suit it better.
#[test]
fn a_stated_initial_potential_is_kept() {
    let initials = |initial_potential| {
        let options = FitOptions {
            initial_potential,
            ..FitOptions::default()
        };
        let fit = digits().fit(8, options);
        let populations = fit.conversion.network.populations.into_iter();
        let initials = populations.filter_map(|population| match population.neuron {
            Neuron::IntegrateFire(model) => Some(model.initial),
            _ => None,
        });
        initials.collect::<Vec<f32>>()
    };
    assert_eq!(initials(Some(0.3)), [0.3, 0.3]);
    let chosen = initials(None);
    assert!(chosen.iter().all(|initial| (0.0..1.0).contains(initial)));
    assert_ne!(chosen, [0.5, 0.5]);
}

/// Each part of the fit lowers the error of the output on the data it is fitted to, and more
/// timesteps lower it further.
#[test]
fn fitting_lowers_the_error_of_the_output() {
    let case = digits();
    let error = |timesteps, thresholds, correction| {
        let options = FitOptions {
            thresholds,
            correction,
            ..FitOptions::default()
        };
        case.fit(timesteps, options).output_error
    };
    let plain = error(8, ThresholdRule::Percentile, Correction::None);
    let mmse = error(8, ThresholdRule::Mmse, Correction::None);
    let biases = error(8, ThresholdRule::Mmse, Correction::Bias);
    let weights = error(8, ThresholdRule::Mmse, Correction::Weights);
    assert!(
        weights < biases && biases < mmse && mmse < plain,
        "{weights} {biases} {mmse} {plain}"
    );
    let longer = error(64, ThresholdRule::Mmse, Correction::Weights);
    assert!(longer < weights / 3.0, "{longer} {weights}");
}

/// Corrected weights hold on images that they were not fitted to: there, too, outputs are closer to
/// the original's, for hardly more spikes.
#[test]
fn corrected_weights_hold_on_other_images() {
    const TIMESTEPS: u32 = 4;
    let case = fashion("keras_fmnist_cnn");
    let centred = |outputs: &[f32]| -> Vec<f64> {
        let mean = outputs.iter().sum::<f32>() / outputs.len() as f32;
        outputs.iter().map(|v| f64::from(v - mean)).collect()
    };
    let logits = case.logits();
    let found = |correction| {
        let options = FitOptions {
            correction,
            ..FitOptions::default()
        };
        let conversion = case.fit(TIMESTEPS, options).conversion;
        let simulation = case.simulate(&conversion, TIMESTEPS, Encoding::Constant);
        let (mut error, mut spread) = (0.0, 0.0);
        for (outcome, logits) in simulation.outcomes.iter().zip(logits.chunks_exact(10)) {
            for (found, logit) in centred(&outcome.output).iter().zip(centred(logits)) {
                error += (found / f64::from(TIMESTEPS) - logit).powi(2);
                spread += logit.powi(2);
            }
        }
        let populations = 0..simulation.counts.populations.len();
        let spikes = populations.map(|p| simulation.counts.per_inference(p).spikes);
        ((error / spread).sqrt(), spikes.sum::<f64>())
    };
    let (biases, weights) = (found(Correction::Bias), found(Correction::Weights));
    assert!(weights.0 < 0.8 * biases.0, "{weights:?} {biases:?}");
    assert!(weights.1 < 1.05 * biases.1, "{weights:?} {biases:?}");
}

/// Average pooling is another network: no pooling neurons, a larger error, and both are said.
#[test]
fn average_in_place_of_max_pooling_says_what_it_costs() {
    let case = fashion("keras_fmnist_cnn");
    let fit = |max_pool| {
        let options = FitOptions {
            max_pool,
            ..FitOptions::default()
        };
        case.fit(4, options)
    };
    let (exact, average) = (fit(MaxPoolChoice::Auto), fit(MaxPoolChoice::Average));
    let pools = |fit: &Fit| {
        let populations = &fit.conversion.network.populations;
        let pools = populations
            .iter()
            .filter(|p| matches!(p.neuron, Neuron::MaxPool(_)));
        pools.count()
    };
    assert_eq!((pools(&exact), pools(&average)), (1, 0));
    assert!(average.output_error > exact.output_error);
    let note = format!(
        "{:.1} % on the calibration data, {:.1} % with max pooling by the rule cumulative_max",
        100.0 * average.output_error,
        100.0 * exact.output_error
    );
    let notes = &average.conversion.notes;
    assert!(notes.iter().any(|n| n.contains(&note)), "{notes:?}");
}

/// Correction makes no synapse of a pruned one, and leaves rounded weights where they are.
#[test]
fn optimised_weights_keep_their_synapses_and_their_grid() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let run = |overrides: &[&str]| {
        let mut overrides: Vec<String> = overrides.iter().map(|o| (*o).to_owned()).collect();
        overrides.push("data.samples=1".to_owned());
        let experiment =
            experiment::ConvertedExperiment::load(&root.join("examples/digits.toml"), &overrides)
                .unwrap();
        let catalogue = Catalogue::shipped().unwrap();
        let go_on = |_| ControlFlow::Continue(());
        experiment::run(&experiment, &catalogue, &go_on).unwrap()
    };
    let synapses = |run: &experiment::Run| -> u64 {
        let topology = &run.counts.topology;
        let populations = 0..topology.populations.len();
        populations.map(|p| topology.synapses_into(p)).sum()
    };
    let (bias, weights) = (
        "conversion.correction=bias",
        "conversion.correction=weights",
    );
    let pruned = [bias, weights].map(|what| run(&["optimise.prune=0.5", what]));
    assert_ne!(pruned[0].network, pruned[1].network);
    assert_eq!(synapses(&pruned[0]), synapses(&pruned[1]));
    assert_eq!(synapses(&pruned[0]), (64 * 32 + 32 * 16 + 16 * 10) / 2);
    let rounded = [bias, weights].map(|what| run(&["optimise.weight_bits=4", what]));
    assert_eq!(rounded[0].network, rounded[1].network);
}

/// The fitted network does not depend on the number of threads.
#[test]
fn fits_are_the_same_on_any_number_of_threads() {
    let case = digits();
    let on = |threads| {
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap()
            .install(|| case.fit(4, FitOptions::default()))
    };
    assert_eq!(on(1), on(3));
}

/// Test images and test labels cannot reach conversion: `fit` takes neither, and a run on other
/// images with other labels simulates the same network bit for bit. Other calibration data do
/// change it.
#[test]
fn test_data_never_reach_conversion() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let run = |overrides: &[&str]| {
        let overrides: Vec<String> = overrides.iter().map(|o| (*o).to_owned()).collect();
        let experiment =
            experiment::ConvertedExperiment::load(&root.join("examples/digits.toml"), &overrides)
                .unwrap();
        let catalogue = Catalogue::shipped().unwrap();
        experiment::run(&experiment, &catalogue, &|_| ControlFlow::Continue(())).unwrap()
    };
    let shipped = run(&[]);
    let folder = tempfile::tempdir().unwrap();
    // Noise for images, all labels wrong.
    let images: Vec<f32> = (0..40 * 64u32)
        .map(|i| (i.wrapping_mul(2_654_435_761) >> 28) as f32)
        .collect();
    let images = ndarray::Array2::from_shape_vec((40, 64), images).unwrap();
    let labels = ndarray::Array1::from_elem(40, 9i64);
    let path = folder.path().join("other.npz");
    let mut npz = crate::npy::NpzWriter::new(std::fs::File::create(&path).unwrap());
    npz.add_array("x", &images).unwrap();
    npz.add_array("y", &labels).unwrap();
    npz.finish().unwrap();
    let other = run(&[&format!("data.path=\"{}\"", path.display())]);
    assert_ne!(other.report.accuracy, shipped.report.accuracy);
    assert_eq!(other.network, shipped.network);
    let recalibrated = run(&["calibration.samples=50"]);
    assert_ne!(recalibrated.network, shipped.network);
}

/// Outputs that spike cost spikes, keep most answers, and say them earlier the more they spike; the
/// flag does what the key does.
#[test]
fn outputs_that_spike_are_counted_and_read_by_their_spikes() {
    const TIMESTEPS: usize = 16;
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let run = |readout: &str| {
        let overrides = [format!("conversion.readout={readout}")];
        let experiment =
            experiment::ConvertedExperiment::load(&root.join("examples/digits.toml"), &overrides)
                .unwrap();
        let catalogue = Catalogue::shipped().unwrap();
        experiment::run(&experiment, &catalogue, &|_| ControlFlow::Continue(())).unwrap()
    };
    let output_spikes = |run: &experiment::Run| run.counts.per_inference(3).spikes;
    let snn = |run: &experiment::Run| run.report.accuracy.as_ref().unwrap().snn;
    let potential = run("potential");
    assert_eq!(output_spikes(&potential), 0.0);

    let count = run("spike-count");
    let counted: f32 = count.outcomes.iter().flat_map(|o| &o.output).sum();
    let samples = count.outcomes.len() as f64;
    assert!((output_spikes(&count) - f64::from(counted) / samples).abs() < 1e-9);
    assert!(counted > 0.0);
    // What happens in front of the outputs is the same.
    assert_eq!(
        count.counts.per_inference(2).spikes,
        potential.counts.per_inference(2).spikes
    );
    assert!((snn(&count) - snn(&potential)).abs() < 0.03);

    let first = run("first_spike");
    assert!((snn(&first) - snn(&potential)).abs() < 0.06);
    for outcome in &first.outcomes {
        let left = outcome.output.iter().copied().fold(0.0, f32::max);
        let decided = match left > 0.0 {
            true => (1.0 / left).round() as usize - 1,
            false => TIMESTEPS,
        };
        let answers = &outcome.predictions;
        assert!(answers[..decided].iter().all(|&a| a == 0), "{answers:?}");
        let answer = outcome.output.iter().position(|&o| o == left).unwrap() as u32;
        let after = &answers[decided.min(TIMESTEPS - 1)..];
        assert!(after.iter().all(|&a| a == answer), "{answers:?}");
    }

    let folder = tempfile::tempdir().unwrap();
    assert_cmd::Command::cargo_bin("spikewatt")
        .unwrap()
        .args(["run", "--readout", "first-spike", "--out"])
        .arg(folder.path().join("out"))
        .arg(root.join("examples/digits.toml"))
        .assert()
        .success();
    let summary = std::fs::read_to_string(folder.path().join("out/summary.json")).unwrap();
    let summary: serde_json::Value = serde_json::from_str(&summary).unwrap();
    let found = summary["populations"][3]["spikes_per_inference"].as_f64();
    assert_eq!(found, Some(output_spikes(&first)));
}

/// Neurons that take spikes back say so in the counts, fit only chips whose spikes carry a sign, and
/// cannot be written to a format that has none.
#[test]
fn signed_spikes_are_events_of_their_own() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let run = |signed: bool| {
        let overrides = [
            format!("conversion.signed_spikes={signed}"),
            "simulation.timesteps=16".to_owned(),
            "output.targets=[\"loihi1\", \"loihi2\", \"arithmetic-45nm\"]".to_owned(),
        ];
        let experiment =
            experiment::ConvertedExperiment::load(&root.join("examples/digits.toml"), &overrides)
                .unwrap();
        let catalogue = Catalogue::shipped().unwrap();
        experiment::run(&experiment, &catalogue, &|_| ControlFlow::Continue(())).unwrap()
    };
    let (without, with) = (run(false), run(true));
    let negative = |run: &experiment::Run| run.report.totals.negative_spikes_per_inference;
    assert_eq!(negative(&without), 0.0);
    assert!(negative(&with) > 0.0);
    assert!(negative(&with) < with.report.totals.spikes_per_inference / 2.0);
    let snn = |run: &experiment::Run| run.report.accuracy.as_ref().unwrap().snn;
    assert!((snn(&with) - snn(&without)).abs() < 0.02);
    let exceeded = |run: &experiment::Run, target: &str| -> String {
        let mut targets = run.report.targets.iter();
        let found = targets.find(|t| t.name == target && t.workload == Workload::Snn);
        found.unwrap().exceeded.join(";")
    };
    for target in ["loihi1", "loihi2", "arithmetic-45nm"] {
        assert!(!exceeded(&without, target).contains("negative"));
    }
    assert!(exceeded(&with, "loihi1").contains("negative spikes"));
    assert!(!exceeded(&with, "loihi2").contains("negative spikes"));

    let folder = tempfile::tempdir().unwrap();
    let output = assert_cmd::Command::cargo_bin("spikewatt")
        .unwrap()
        .args(["convert", "--set", "conversion.signed_spikes=true", "--out"])
        .arg(folder.path().join("out"))
        .arg(root.join("examples/digits.toml"))
        .assert()
        .failure();
    let message = String::from_utf8_lossy(&output.get_output().stderr).into_owned();
    assert!(message.contains("takes spikes back"), "{message}");
}

/// The doctor's curve ends where `run` ends, its energies grow with T, and stopping early keeps
/// the answers at a fraction of the timesteps.
#[test]
fn the_doctor_agrees_with_a_run() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let overrides = [
        "simulation.timesteps=16",
        "output.targets=[\"loihi1\", \"arithmetic-45nm\"]",
    ]
    .map(str::to_owned);
    let experiment =
        experiment::ConvertedExperiment::load(&root.join("examples/digits.toml"), &overrides)
            .unwrap();
    let catalogue = Catalogue::shipped().unwrap();
    let go_on = |_| ControlFlow::Continue(());
    let run = experiment::run(&experiment, &catalogue, &go_on).unwrap();
    let diagnosis = experiment::diagnose(&experiment, &catalogue, &go_on).unwrap();
    assert_eq!(
        run.others.len(),
        1,
        "8 bits beside the floats of the doctor"
    );
    let mut floats = experiment.clone();
    floats.simulation.formats = Some(Vec::new());
    let run = experiment::run(&floats, &catalogue, &go_on).unwrap();

    let accuracy = run.report.accuracy.unwrap();
    let curve: Vec<f64> = diagnosis
        .curve
        .iter()
        .filter_map(|point| point.accuracy)
        .collect();
    assert_eq!(curve, accuracy.snn_per_timestep);
    assert_eq!(diagnosis.ann_accuracy, accuracy.ann);
    let energies = |target: usize| -> Vec<f64> {
        let points = diagnosis.curve.iter();
        points
            .map(|point| point.energy[target].energy_j.unwrap())
            .collect()
    };
    for (target, name) in ["loihi1", "arithmetic-45nm"].iter().enumerate() {
        let energies = energies(target);
        assert!(energies.is_sorted(), "{name}: {energies:?}");
        let priced = run.report.targets.iter().find(|t| t.name == *name).unwrap();
        assert_eq!(
            energies.last(),
            priced.energy_j.map(|e| e.nominal).as_ref(),
            "{name}"
        );
    }
    // What is recommended was judged by samples that it was not fitted to, and does what it says.
    let recommendation = &diagnosis.recommendation;
    assert_eq!(recommendation.held_out, 250);
    assert_eq!(recommendation.tried.len(), 6);
    let chosen = &recommendation.tried[recommendation.chosen];
    let potentials = || {
        recommendation
            .tried
            .iter()
            .filter(|t| t.readout == "potential" && !t.signed_spikes)
    };
    let least = potentials()
        .filter_map(|t| t.output_error)
        .fold(f64::INFINITY, f64::min);
    if chosen.readout == "potential" && !chosen.signed_spikes {
        assert_eq!(chosen.output_error, Some(least));
    }
    let folder = tempfile::tempdir().unwrap();
    assert_cmd::Command::cargo_bin("spikewatt")
        .unwrap()
        .arg("run")
        .args(recommendation.flags.split(' '))
        .args(["--targets", "loihi1", "--format", "json", "--out"])
        .arg(folder.path().join("out"))
        .arg(root.join("examples/digits.toml"))
        .assert()
        .success();
    let summary = std::fs::read_to_string(folder.path().join("out/summary.json")).unwrap();
    let summary: serde_json::Value = serde_json::from_str(&summary).unwrap();
    assert_eq!(summary["timesteps"], recommendation.timesteps);
    let recommended = summary["accuracy"]["agreement"].as_f64().unwrap();
    assert!((recommended - chosen.agreement).abs() < 0.04);

    let exit = &diagnosis.early_exit;
    assert!(exit.mean_timesteps < 10.0, "{}", exit.mean_timesteps);
    assert!((exit.accuracy.unwrap() - accuracy.snn).abs() < 0.01);
    assert!(exit.energy[0].energy_j.unwrap() < *energies(0).last().unwrap());
}
