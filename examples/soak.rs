//! Does anything break if one just goes on? Random networks and data go through import, conversion,
//! simulation, pricing, export and re-import, for as many minutes as one likes.
//!
//!     cargo run --release --example soak -- 30        # minutes; a seed may follow
//!
//! Each experiment checks: the sum of every receipt is its total, totals are sums over populations,
//! neurons are updated in every timestep, one thread and two give the same bits, more timesteps
//! take no fewer updates and no less energy of updates, and saved counts, reports and networks that are
//! written and read again are the same.

#[path = "../tests/suite/build/mod.rs"]
mod build;

use build::{ints, model, node, tensor};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rten_onnx::onnx::{NodeProto, TensorProto};
use spikewatt::encoding::ENCODINGS;
use spikewatt::energy::{Catalogue, Work};
use spikewatt::experiment::{self, CalibrationConfig, ConvertedExperiment, Run};
use spikewatt::formats::nir;
use spikewatt::formats::saved_counts::{self, SavedCounts};
use spikewatt::result::{Report, Timing};
use std::ops::ControlFlow;
use std::path::Path;
use std::time::{Duration, Instant};

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Targets with different laws.
const TARGETS: [&str; 5] = [
    "loihi1",
    "spinnaker2",
    "yan-45nm",
    "a100-sxm-80",
    "cortex-m4-stm32l4r5",
];

/// A random network, layer by layer.
struct Generator {
    rng: ChaCha8Rng,
    nodes: Vec<NodeProto>,
    weights: Vec<TensorProto>,
    last: String,
}

impl Generator {
    fn add(&mut self, operator: &str, weights: &[&[i64]], attributes: &[(&str, Vec<i64>)]) {
        let name = format!("{}{}", operator.to_lowercase(), self.nodes.len());
        let mut inputs = vec![self.last.clone()];
        for (i, dims) in weights.iter().enumerate() {
            let size: i64 = dims.iter().product();
            let fan_in = dims[1..].iter().product::<i64>() as f32;
            let scale = if i == 0 { 2.0 / fan_in.sqrt() } else { 0.2 };
            let mut draw =
                |_| self.rng.random_range(-scale..scale) + if i == 0 { 0.2 * scale } else { 0.0 };
            let values: Vec<f32> = (0..size).map(&mut draw).collect();
            let tensor_name = format!("{name}.{i}");
            self.weights.push(tensor(&tensor_name, dims, &values));
            inputs.push(tensor_name);
        }
        let attributes = attributes.iter().map(|(key, values)| ints(key, values));
        let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
        self.nodes
            .push(node(operator, &name, &inputs, &name, attributes.collect()));
        self.last = name;
    }

    /// The bytes of a model, and the shape of its samples.
    fn model(mut self) -> (Vec<u8>, Vec<i64>) {
        let is_image = self.rng.random_bool(0.5);
        let sample = match is_image {
            true => vec![self.rng.random_range(1..4), 8, 8],
            false => vec![self.rng.random_range(1..40)],
        };
        let mut width = sample.iter().product::<i64>();
        if is_image {
            let (mut channels, mut side) = (sample[0], 8);
            for _ in 0..self.rng.random_range(1..3) {
                let out = self.rng.random_range(1..9);
                self.add(
                    "Conv",
                    &[&[out, channels, 3, 3], &[out]],
                    &[("pads", vec![1; 4]), ("kernel_shape", vec![3, 3])],
                );
                self.add("Relu", &[], &[]);
                channels = out;
                if self.rng.random_bool(0.6) {
                    let pool = ["AveragePool", "MaxPool"][usize::from(self.rng.random_bool(0.3))];
                    self.add(
                        pool,
                        &[],
                        &[("kernel_shape", vec![2, 2]), ("strides", vec![2, 2])],
                    );
                    side /= 2;
                }
            }
            self.add("Flatten", &[], &[]);
            width = channels * side * side;
        }
        for _ in 0..self.rng.random_range(0..3) {
            let out = self.rng.random_range(1..40);
            self.add("Gemm", &[&[width, out], &[out]], &[]);
            self.add("Relu", &[], &[]);
            width = out;
        }
        self.add("Gemm", &[&[width, 5], &[5]], &[]);
        let Generator {
            nodes,
            weights,
            last,
            ..
        } = self;
        (model(&sample, nodes, weights, &last), sample)
    }
}

/// A file of NumPy with random samples.
fn samples(rng: &mut ChaCha8Rng, count: usize, sample: &[i64]) -> Vec<u8> {
    let dims: Vec<String> = sample.iter().map(i64::to_string).collect();
    let text = format!(
        "{{'descr': '<f4', 'fortran_order': False, 'shape': ({count}, {},), }}\n",
        dims.join(", ")
    );
    let mut out = b"\x93NUMPY\x01\x00".to_vec();
    out.extend((text.len() as u16).to_le_bytes());
    out.extend(text.as_bytes());
    let size = count as i64 * sample.iter().product::<i64>();
    out.extend((0..size).flat_map(|_| rng.random_range(0.0f32..1.0).to_le_bytes()));
    out
}

/// A random experiment in a folder.
fn experiment(seed: u64, folder: &Path) -> Result<ConvertedExperiment, Failure> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let generator = Generator {
        rng: ChaCha8Rng::seed_from_u64(rng.random()),
        nodes: Vec::new(),
        weights: Vec::new(),
        last: "x".to_owned(),
    };
    let (bytes, sample) = generator.model();
    std::fs::write(folder.join("model.onnx"), bytes)?;
    for (name, count) in [("x.npy", rng.random_range(1..12)), ("train.npy", 24)] {
        std::fs::write(folder.join(name), samples(&mut rng, count, &sample))?;
    }
    let mut experiment =
        ConvertedExperiment::of_model(folder.join("model.onnx"), folder.join("x.npy"));
    experiment.calibration = Some(CalibrationConfig {
        path: folder.join("train.npy"),
        samples: None,
    });
    experiment.simulation.timesteps = rng.random_range(1..20);
    experiment.simulation.seed = rng.random();
    experiment.simulation.encoding = ENCODINGS[rng.random_range(0..ENCODINGS.len())].1;
    experiment.output.targets = TARGETS.map(String::from).to_vec();
    Ok(experiment)
}

fn run(
    experiment: &ConvertedExperiment,
    catalogue: &Catalogue,
    threads: usize,
) -> Result<Run, Failure> {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()?;
    let observer = |_| ControlFlow::Continue(());
    pool.install(|| experiment::run(experiment, catalogue, &observer).map_err(Failure::from))
}

fn timeless(report: &Report) -> Report {
    Report {
        timing: Timing::default(),
        ..report.clone()
    }
}

/// What does not hold, in words.
fn violations(
    experiment: &ConvertedExperiment,
    catalogue: &Catalogue,
) -> Result<Vec<String>, Failure> {
    let mut found = Violations::default();
    let one = run(experiment, catalogue, 1)?;
    let two = run(experiment, catalogue, 2)?;
    found.check(
        one.counts == two.counts,
        "counts differ with the threads".into(),
    );
    found.check(
        one.outcomes == two.outcomes,
        "outcomes differ with the threads".into(),
    );
    found.check(
        timeless(&one.report) == timeless(&two.report),
        "reports differ with the threads".into(),
    );

    found.sums(&one.report, f64::from(experiment.simulation.timesteps));
    let mut longer = experiment.clone();
    longer.simulation.timesteps *= 2;
    let longer = run(&longer, catalogue, 2)?;
    let (short, long) = (&one.report.totals, &longer.report.totals);
    found.check(
        long.neuron_updates_per_inference == 2.0 * short.neuron_updates_per_inference,
        "twice the timesteps are not twice the updates".into(),
    );

    found.returns(experiment, catalogue, &one)?;
    Ok(found.0)
}

/// What does not hold.
#[derive(Default)]
struct Violations(Vec<String>);

impl Violations {
    fn check(&mut self, holds: bool, what: String) {
        if !holds {
            self.0.push(what);
        }
    }

    /// Whether everything adds up.
    fn sums(&mut self, report: &Report, timesteps: f64) {
        let populations = &report.populations;
        for population in populations {
            let updates = population.neuron_updates_per_inference;
            // The input population is driven, not updated.
            let expected = population.own_neurons() as f64 * timesteps;
            self.check(
                updates == expected,
                format!("{}: {updates} updates, not {expected}", population.name),
            );
            self.check(
                population.rate >= 0.0 && population.rate <= 1.0,
                format!("{}: rate {}", population.name, population.rate),
            );
        }
        let close = |a: f64, b: f64| (a - b).abs() <= 1e-9 * a.abs().max(b.abs());
        let spikes: f64 = (populations.iter())
            .filter(|p| p.own_neurons() > 0)
            .map(|p| p.spikes_per_inference)
            .sum();
        let synops: f64 = populations.iter().map(|p| p.synops_per_inference).sum();
        let totals = &report.totals;
        self.check(
            close(totals.spikes_per_inference, spikes),
            "spikes do not add up".into(),
        );
        self.check(
            close(totals.synops_per_inference, synops),
            "SynOps do not add up".into(),
        );
        for target in &report.targets {
            let Some(energy) = target.energy_j else {
                self.check(
                    !target.unpriced.is_empty(),
                    format!("{}: no energy and no reason", target.name),
                );
                continue;
            };
            let receipt: f64 = target.lines.iter().map(|line| line.joules).sum();
            self.check(
                close(energy.nominal, receipt),
                format!("{}: {receipt} J is not {} J", target.name, energy.nominal),
            );
            self.check(
                energy.low <= energy.nominal && energy.nominal <= energy.high,
                format!("{}: its range is {energy:?}", target.name),
            );
            self.check(
                energy.nominal.is_finite() && energy.nominal >= 0.0,
                format!("{}: {} J", target.name, energy.nominal),
            );
        }
    }

    /// Whether counts, reports and networks come back from files as they were.
    fn returns(
        &mut self,
        experiment: &ConvertedExperiment,
        catalogue: &Catalogue,
        one: &Run,
    ) -> Result<(), Failure> {
        let saved = SavedCounts {
            counts: one.counts.clone(),
            others: one.others.clone(),
            dense: one.dense.clone(),
            report_context: serde_json::to_string(&one.context)?,
        };
        let read = saved_counts::decode(saved_counts::encode(&saved)?)?;
        self.check(read == saved, "saved counts come back different".into());
        let context: experiment::Context = serde_json::from_str(&read.report_context)?;
        let targets = TARGETS
            .iter()
            .map(|name| catalogue.get(name))
            .collect::<Result<Vec<_>, _>>()?;
        let again = experiment::price(
            &Work {
                counts: &read.counts,
                dense: &read.dense,
                format: context.format,
                others: &read.others,
            },
            &context,
            &targets,
            &experiment.price_options()?,
        );
        self.check(
            again.targets == one.report.targets,
            "prices of saved counts differ".into(),
        );

        let text = serde_json::to_string(&one.report)?;
        self.check(
            serde_json::from_str::<Report>(&text)? == one.report,
            "a report comes back different".into(),
        );

        let network = one.network.as_ref();
        let raised = network.map(|network| {
            let output = network.populations.len() - 1;
            nir::raise(network, 1.0, &[output])
        });
        if let Some(Ok(raised)) = raised {
            let graph = nir::decode(nir::encode(&raised.graph)?)?;
            self.check(
                graph == raised.graph,
                "a NIR network comes back different".into(),
            );
        }
        Ok(())
    }
}

fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let minutes: f64 = arguments.next().map_or(Ok(30.0), |text| text.parse())?;
    let first: u64 = arguments.next().map_or(Ok(0), |text| text.parse())?;
    let until = Instant::now() + Duration::from_secs_f64(60.0 * minutes);
    let catalogue = Catalogue::shipped()?;
    let (mut ran, mut refused, mut violated) = (0u64, 0u64, 0u64);
    let mut seed = first;
    while Instant::now() < until {
        let folder = tempfile::tempdir()?;
        let experiment = experiment(seed, folder.path())?;
        match violations(&experiment, &catalogue) {
            Ok(found) => {
                ran += 1;
                violated += u64::from(!found.is_empty());
                for what in found {
                    println!("seed {seed}: {what}");
                }
            }
            // Not every random network can be converted; whether the reason is a good one is for
            // the reader to judge.
            Err(error) => {
                refused += 1;
                println!("seed {seed}: refused: {error}");
            }
        }
        seed += 1;
    }
    println!(
        "seeds {first} to {}: {ran} experiments ran, {refused} refused, {violated} violated something",
        seed - 1
    );
    if violated > 0 {
        return Err(format!("{violated} experiments violated something").into());
    }
    Ok(())
}
