//! Pruning and quantisation before conversion, and the quantised baseline.

use spikewatt::ann::{Ann, Observed, Operation, Runtime};
use spikewatt::energy::Catalogue;
use spikewatt::experiment::{self, ConvertedExperiment};
use spikewatt::formats::dataset::{self, Dataset, LoadOptions};
use spikewatt::formats::onnx;
use spikewatt::optimise::{Optimisation, PruneUnit, quantised_baseline};
use spikewatt::result::{Report, Workload};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn digits(name: &str) -> Dataset {
    let mut options = LoadOptions::default();
    options.preprocessing.scale = Some(1.0 / 16.0);
    let file = path(&format!("data/{name}-images-idx3-ubyte.gz"));
    dataset::load_with(&file, &options).expect("shipped data")
}

fn report(overrides: &[&str]) -> Report {
    let overrides: Vec<String> = overrides.iter().map(|o| (*o).to_owned()).collect();
    let experiment =
        ConvertedExperiment::load(&path("examples/digits.toml"), &overrides).expect("shipped");
    let catalogue = Catalogue::shipped().expect("shipped");
    experiment::run(&experiment, &catalogue, &|_| ControlFlow::Continue(()))
        .expect("runs")
        .report
}

#[test]
fn pruned_weights_are_no_synapses() {
    let whole = report(&["simulation.timesteps=4"]);
    let half = report(&["simulation.timesteps=4", "optimise.prune=0.5"]);
    for (whole, half) in whole.populations.iter().zip(&half.populations).skip(1) {
        assert_eq!(half.synapses, whole.synapses / 2, "{}", whole.name);
    }
    assert!(half.totals.synops_per_inference < whole.totals.synops_per_inference);
    assert!(half.setup.notes.iter().any(|note| note.contains("50.0 %")));
    let same = report(&["simulation.timesteps=4", "optimise.prune=0.0"]);
    assert_eq!(same.totals, whole.totals);
}

#[test]
fn a_removed_channel_leaves_a_neuron_without_input() {
    let model = onnx::load(&path("networks/digits_mlp.onnx")).expect("shipped");
    let optimisation = Optimisation {
        prune: 0.25,
        prune_unit: PruneUnit::Channel,
        ..Optimisation::default()
    };
    let pruned = optimisation.apply(model).expect("applies");
    let empty: Vec<usize> = dense(&pruned.ann)
        .iter()
        .map(|(weight, bias)| {
            let rows = weight.chunks_exact(weight.len() / bias.len());
            rows.filter(|row| row.iter().all(|w| *w == 0.0)).count()
        })
        .collect();
    assert_eq!(
        empty,
        [8, 4, 0],
        "a quarter of 32 and 16, none of the classes"
    );
}

fn dense(ann: &Ann) -> Vec<(&[f32], &[f32])> {
    ann.layers
        .iter()
        .filter_map(|layer| match &layer.operation {
            Operation::Dense { weight, bias } => Some((weight.as_slice(), bias.as_slice())),
            _ => None,
        })
        .collect()
}

/// The quantised network written out by hand: weights to 8 bits per row, activations to `bits`.
fn by_hand(ann: &Ann, train: &Dataset, test: &Dataset, bits: u32) -> Vec<Vec<f32>> {
    let layers: Vec<(Vec<f32>, Vec<f32>)> = dense(ann)
        .into_iter()
        .map(|(weight, bias)| {
            let mut weight = weight.to_vec();
            let width = weight.len() / bias.len();
            for row in weight.chunks_exact_mut(width) {
                let step = row.iter().fold(0.0_f32, |m, w| m.max(w.abs())) / 127.0;
                for w in row {
                    *w = (*w / step).round_ties_even() * step;
                }
            }
            (weight, bias.to_vec())
        })
        .collect();
    let linear = |x: &[f32], (weight, bias): &(Vec<f32>, Vec<f32>)| -> Vec<f32> {
        let rows = weight.chunks_exact(x.len());
        rows.zip(bias)
            .map(|(row, b)| row.iter().zip(x).map(|(w, x)| w * x).sum::<f32>() + b)
            .collect()
    };
    let relu = |x: Vec<f32>| -> Vec<f32> { x.into_iter().map(|v| v.max(0.0)).collect() };
    let levels = (2.0_f64.powi(bits as i32) - 1.0) as f32;
    let round = |x: f32, step: f32| (x / step).round_ties_even().clamp(0.0, levels) * step;
    // Steps: least squared error among 28 clips on the unrounded activations.
    let mut seen: Vec<Vec<f32>> = vec![Vec::new(); layers.len() - 1];
    for sample in 0..train.len() {
        let mut x = train.sample(sample).to_vec();
        for (layer, seen) in layers.iter().zip(&mut seen) {
            x = relu(linear(&x, layer));
            seen.extend(&x);
        }
    }
    let steps: Vec<f32> = seen
        .iter()
        .map(|values| {
            let largest = values.iter().copied().fold(0.0, f32::max);
            let candidate = |k: i32| {
                (f64::from(largest) * 0.93_f64.powi(k) / (2.0_f64.powi(bits as i32) - 1.0)) as f32
            };
            let error = |step: f32| -> f64 {
                values
                    .iter()
                    .map(|&v| f64::from((round(v, step) - v).powi(2)))
                    .sum()
            };
            (0..28)
                .map(candidate)
                .min_by(|a, b| error(*a).total_cmp(&error(*b)))
                .expect("candidates")
        })
        .collect();
    (0..test.len())
        .map(|sample| {
            let mut x = test.sample(sample).to_vec();
            for (index, layer) in layers.iter().enumerate() {
                x = linear(&x, layer);
                if let Some(step) = steps.get(index) {
                    x = relu(x).into_iter().map(|v| round(v, *step)).collect();
                }
            }
            x
        })
        .collect()
}

#[test]
fn worked_quantised_baseline_of_a_multilayer_perceptron() {
    let model = onnx::load(&path("networks/digits_mlp.onnx")).expect("shipped");
    let (train, test) = (digits("digits-train1k"), digits("digits-test360"));
    let output = model.ann.layers.last().expect("layers").output.clone();
    let logits = |runtime: &Runtime| -> Vec<f32> {
        let collect = |_, observed: Vec<Observed>| observed[0].data.clone();
        runtime
            .observe(&test.inputs, &[&output], &collect)
            .expect("runs")
            .concat()
    };
    for bits in [2, 4] {
        let runtime =
            quantised_baseline(&model.ann, &model.bytes, &train.inputs, bits).expect("quantises");
        let found = logits(&runtime);
        let expected = by_hand(&model.ann, &train, &test, bits).concat();
        // A sum in another order may fall on the other side of a rounding step now and then.
        let off = found
            .iter()
            .zip(&expected)
            .filter(|(a, b)| (*a - *b).abs() > 1e-3)
            .count();
        assert!(
            off * 50 < found.len(),
            "{bits} bits: {off} of {}",
            found.len()
        );
    }
    let exact =
        Runtime::load("digits", model.bytes.clone(), &model.ann.sample_dims).expect("loads");
    let fine = quantised_baseline(&model.ann, &model.bytes, &train.inputs, 16).expect("quantises");
    let worst = logits(&exact)
        .iter()
        .zip(logits(&fine))
        .fold(0.0_f32, |m, (a, b)| m.max((a - b).abs()));
    assert!(
        worst > 0.0 && worst < 0.5,
        "8-bit weights alone change little: {worst}"
    );
}

#[test]
fn accuracy_of_the_quantised_baseline_is_measured() {
    let accuracy = report(&["simulation.timesteps=4"])
        .accuracy
        .expect("labels");
    let qann = accuracy.qann.expect("evaluated");
    assert!((0.85..=1.0).contains(&qann), "{qann}");
    let coarse = report(&["simulation.timesteps=1"])
        .accuracy
        .expect("labels");
    // Eight bits, whatever the timesteps of the spiking network.
    assert_eq!(coarse.qann.expect("evaluated"), qann);
}

#[test]
fn accuracy_of_the_pruned_baseline_is_measured() {
    let kept = |report: &Report| {
        let mut targets = report.targets.iter();
        let pruned = targets.find(|target| target.workload == Workload::Pann);
        pruned.expect("operations are counted").lines[0].count
    };
    let plain = report(&["simulation.timesteps=4"]);
    // A fifth of the weights of each layer is gone, rounded to whole weights.
    let left = [(64 * 32, 410), (32 * 16, 102), (16 * 10, 32)].map(|(all, gone)| all - gone);
    assert_eq!(kept(&plain), f64::from(left.iter().sum::<i32>()));
    let accuracy = plain.accuracy.expect("labels");
    let (ann, pann) = (accuracy.ann.expect("run"), accuracy.pann.expect("run"));
    assert!((0.9..=1.0).contains(&pann) && pann != ann, "{pann}");
    // An experiment that prunes is its own pruned network.
    let pruned = report(&["simulation.timesteps=4", "optimise.prune=0.9"]);
    assert!((kept(&pruned) - 272.0).abs() <= 2.0);
    let accuracy = pruned.accuracy.expect("labels");
    assert_eq!(accuracy.pann, accuracy.ann);
    assert!(accuracy.pann < Some(pann));
}
