//! The engine against the machine: what share of the fastest possible row additions it reaches.
//!
//! `cargo bench --bench engine` prints tables in Markdown (`-- WORD` only the rows with that word
//! in their name). Times are CPU seconds of one thread
//! unless a row says otherwise, medians of several runs.
//!
//! (a) The limit: rows of 1,024 weights added to a sum, four rows a pass, from a matrix in the
//! second-level cache and from one that does not fit; scattered additions, fan-out 1,000 into
//! 10,000 neurons.
//! (b) Feed-forward networks with random weights and thresholds set so that each population spikes
//! at about 10 %.

use cpu_time::ThreadTime;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use spikewatt::encoding::{Drive, Encoding};
use spikewatt::engine::{Simulation, Simulator};
use spikewatt::network::{
    Axis, Connectivity, Convolution, Network, Pattern, Pooling, Population, Projection, Shape,
    Window,
};
use spikewatt::neuron::{IntegrateFire, Neuron, Reset, ThresholdTest};
use std::hint::black_box;
use std::ops::ControlFlow;

fn main() {
    let one_thread = rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .build()
        .expect("a thread");
    let cached = row_add_limit(128);
    println!("| limit | G SynOps/s |");
    println!("|---|---|");
    println!("| rows of 1,024 f32, four a pass, 512 KiB | {cached:.1} |");
    println!("| the same, 64 MiB | {:.1} |", row_add_limit(16 * 1024));
    println!(
        "| scattered f32, fan-out 1,000 into 10,000 | {:.2} |",
        scatter_limit()
    );
    println!();
    println!(
        "| network | weights | T | samples | rate | G SynOps/s | share of the limit | ns per spike | ms per sample |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    for (name, network, timesteps, samples) in [
        ("dense 784-1024-1024-10", dense(), 100, 50),
        ("small CNN 1×28×28", small_cnn(), 32, 50),
        ("VGG-like 3×32×32", vgg(), 32, 5),
    ] {
        if !wanted(name) {
            continue;
        }
        one_thread.install(|| {
            let mut network = network;
            set_rates(&mut network, timesteps.min(32), 0.1);
            let int8 = Network {
                projections: network.projections.iter().map(Projection::to_int8).collect(),
                ..network.clone()
            };
            for (weights, network) in [("f32", network), ("int8", int8)] {
                let row = measure(&network, timesteps, samples);
                println!(
                    "| {name} | {weights} | {timesteps} | {samples} | {:.1} % | {:.2} | {:.0} % | {:.1} | {:.2} |",
                    100.0 * row.rate,
                    row.synops_per_s / 1e9,
                    100.0 * row.synops_per_s / 1e9 / cached,
                    1e9 / row.spikes_per_s,
                    1e3 * row.seconds / samples as f64,
                );
            }
        });
    }
}

/// Whether a row's name contains what was asked for on the command line, if anything was.
fn wanted(name: &str) -> bool {
    let mut words = std::env::args().skip(1).filter(|a| !a.starts_with("--"));
    words.next().is_none_or(|word| name.contains(&word))
}

/// Median of CPU seconds over several runs.
fn seconds(mut work: impl FnMut()) -> f64 {
    work();
    let mut times: Vec<f64> = (0..5)
        .map(|_| {
            let start = ThreadTime::now();
            work();
            start.elapsed().as_secs_f64()
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// Additions per second [G/s] of whole rows, four a pass.
fn row_add_limit(rows: usize) -> f64 {
    const FAN_OUT: usize = 1024;
    let matrix: Vec<f32> = (0..rows * FAN_OUT).map(|i| (i % 7) as f32).collect();
    let passes = (1 << 27) / (4 * FAN_OUT);
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let order: Vec<[usize; 4]> = (0..passes)
        .map(|_| std::array::from_fn(|_| rng.random_range(0..rows)))
        .collect();
    let mut sums = vec![0.0f32; FAN_OUT];
    let time = seconds(|| {
        #[cfg(target_arch = "x86_64")]
        if std::arch::is_x86_feature_detected!("avx2") {
            // SAFETY: the processor has AVX2.
            unsafe { add_rows_avx2(&matrix, &order, &mut sums) };
            return;
        }
        add_rows(&matrix, &order, &mut sums);
    });
    black_box(&sums);
    (order.len() * 4 * FAN_OUT) as f64 / time / 1e9
}

#[inline(always)]
fn add_rows(matrix: &[f32], order: &[[usize; 4]], sums: &mut [f32]) {
    let width = sums.len();
    for rows in order {
        let [a, b, c, d] = rows.map(|row| &matrix[row * width..(row + 1) * width]);
        for ((((sum, a), b), c), d) in sums.iter_mut().zip(a).zip(b).zip(c).zip(d) {
            *sum = *sum + a + b + c + d;
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn add_rows_avx2(matrix: &[f32], order: &[[usize; 4]], sums: &mut [f32]) {
    add_rows(matrix, order, sums);
}

/// Scattered additions per second [G/s].
fn scatter_limit() -> f64 {
    let (neurons, fan_out, sources) = (10_000u32, 1_000, 10_000);
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let mut targets: Vec<u32> = (0..fan_out * sources)
        .map(|_| rng.random_range(0..neurons))
        .collect();
    targets.chunks_mut(fan_out).for_each(<[u32]>::sort_unstable);
    let mut sums = vec![0.0f32; neurons as usize];
    let time = seconds(|| {
        for row in targets.chunks(fan_out) {
            for &target in row {
                sums[target as usize] += 0.1;
            }
        }
    });
    black_box(&sums);
    targets.len() as f64 / time / 1e9
}

struct Row {
    rate: f64,
    seconds: f64,
    synops_per_s: f64,
    spikes_per_s: f64,
}

fn simulate(network: &Network, timesteps: u32, samples: usize) -> Simulation {
    let inputs = network.populations[0].shape.neurons();
    let drive = |i: usize| -> Result<Drive, _> {
        Encoding::Bernoulli.encode(vec![0.1; inputs], timesteps, 7, i)
    };
    Simulator::new(network, timesteps)
        .expect("network")
        .run(samples, &drive, &|_| ControlFlow::Continue(()))
        .expect("simulation")
}

fn measure(network: &Network, timesteps: u32, samples: usize) -> Row {
    let inputs = network.populations[0].shape.neurons();
    // Inputs are made beforehand: this is the speed of the engine, not of the encoder.
    let drives: Vec<Drive> = (0..samples)
        .map(|i| {
            Encoding::Bernoulli
                .encode(vec![0.1; inputs], timesteps, 7, i)
                .expect("probabilities")
        })
        .collect();
    let simulator = Simulator::new(network, timesteps).expect("network");
    let run = || {
        simulator
            .run(samples, &|i| Ok(drives[i].clone()), &|_| {
                ControlFlow::Continue(())
            })
            .expect("simulation")
    };
    let counts = run().counts;
    // One thread: its CPU time is that of the whole run.
    let seconds = seconds(|| {
        black_box(run());
    });
    let total = |f: &dyn Fn(usize) -> f64| -> f64 {
        (0..network.populations.len()).map(f).sum::<f64>() * samples as f64
    };
    let synops = total(&|i| counts.per_inference(i).synops);
    let spikes = total(&|i| counts.per_inference(i).spikes);
    let updates = total(&|i| counts.per_inference(i).neuron_updates);
    Row {
        rate: spikes / updates,
        seconds,
        synops_per_s: synops / seconds,
        spikes_per_s: spikes / seconds,
    }
}

/// Sets thresholds, layer by layer, so that each population spikes at about `rate`.
fn set_rates(network: &mut Network, timesteps: u32, rate: f64) {
    for index in 1..network.populations.len() {
        let (mut low, mut high) = (0.0f32, 1000.0f32);
        for _ in 0..14 {
            let threshold = (low + high) / 2.0;
            if let Neuron::IntegrateFire(model) = &mut network.populations[index].neuron {
                model.threshold.fill(threshold);
            }
            let part = Network {
                name: network.name.clone(),
                populations: network.populations[..=index].to_vec(),
                projections: network
                    .projections
                    .iter()
                    .filter(|p| p.target <= index)
                    .cloned()
                    .collect(),
            };
            if simulate(&part, timesteps, 1).counts.rate(index) > rate {
                low = threshold;
            } else {
                high = threshold;
            }
        }
    }
}

struct Builder {
    network: Network,
    rng: ChaCha8Rng,
}

impl Builder {
    fn new(name: &str, input: Shape) -> Self {
        Builder {
            network: Network {
                name: name.to_owned(),
                populations: vec![Population::new("input", input, Neuron::Input)],
                projections: Vec::new(),
            },
            rng: ChaCha8Rng::seed_from_u64(1),
        }
    }

    fn weights(&mut self, count: usize) -> Vec<f32> {
        (0..count)
            .map(|_| {
                let uniform = self.rng.next_u32() as f32 / u32::MAX as f32 - 0.49;
                if uniform == 0.0 { 0.1 } else { uniform }
            })
            .collect()
    }

    fn add(mut self, shape: Shape, connectivity: Connectivity) -> Self {
        let neurons = shape.neurons();
        let neuron = Neuron::IntegrateFire(IntegrateFire {
            threshold: vec![1.0; neurons],
            initial: 0.5,
            reset: Reset::Subtract,
            test: ThresholdTest::AtLeast,
        });
        let weights = self.weights(connectivity.stored_weights() as usize);
        let target = self.network.populations.len();
        let mut population = Population::new(target.to_string(), shape, neuron);
        // Biases, as converted networks have them: every neuron is touched in every timestep.
        population.bias = vec![0.001; neurons];
        self.network.populations.push(population);
        self.network
            .projections
            .push(Projection::new(target - 1, target, connectivity, weights));
        self
    }

    fn dense(self, targets: usize) -> Self {
        let sources = self.last().neurons();
        self.add(
            Shape::vector(targets),
            Connectivity::new(Pattern::Dense {
                sources,
                targets,
                present: None,
            }),
        )
    }

    /// A dense layer behind 2×2 average pooling.
    fn pooled_dense(self, targets: usize) -> Self {
        let (pooling, sources) = (self.pooling(), self.last().neurons() / 4);
        self.add(
            Shape::vector(targets),
            Connectivity {
                pooling: Some(pooling),
                pattern: Pattern::Dense {
                    sources,
                    targets,
                    present: None,
                },
            },
        )
    }

    fn conv(self, channels: usize, stride: usize) -> Self {
        let input = self.last();
        self.convolution(None, input, channels, stride)
    }

    /// A convolution behind 2×2 average pooling.
    fn pooled_conv(self, channels: usize) -> Self {
        let pooling = self.pooling();
        self.convolution(Some(pooling), pooling.output, channels, 1)
    }

    fn convolution(
        self,
        pooling: Option<Pooling>,
        input: Shape,
        channels: usize,
        stride: usize,
    ) -> Self {
        let axis = Axis {
            pad_before: 1,
            pad_after: 1,
            ..Axis::new(3, stride)
        };
        let window = Window {
            vertical: axis,
            horizontal: axis,
        };
        let (height, width) = window.outputs(input).expect("fits");
        let output = Shape::maps(channels, height, width);
        let convolution = Convolution {
            input,
            output,
            window,
            groups: 1,
        };
        self.add(
            output,
            Connectivity {
                pooling,
                pattern: Pattern::Convolution {
                    convolution,
                    present: None,
                },
            },
        )
    }

    fn pooling(&self) -> Pooling {
        let input = self.last();
        let axis = Axis::new(2, 2);
        Pooling {
            input,
            output: Shape::maps(input.channels, input.height / 2, input.width / 2),
            window: Window {
                vertical: axis,
                horizontal: axis,
            },
        }
    }

    fn last(&self) -> Shape {
        self.network.populations[self.network.populations.len() - 1].shape
    }
}

fn dense() -> Network {
    Builder::new("dense", Shape::vector(784))
        .dense(1024)
        .dense(1024)
        .dense(10)
        .network
}

fn small_cnn() -> Network {
    Builder::new("small CNN", Shape::maps(1, 28, 28))
        .conv(32, 1)
        .conv(64, 2)
        .pooled_dense(128)
        .dense(10)
        .network
}

fn vgg() -> Network {
    Builder::new("VGG-like", Shape::maps(3, 32, 32))
        .conv(64, 1)
        .conv(64, 1)
        .pooled_conv(128)
        .conv(128, 1)
        .pooled_conv(256)
        .conv(256, 1)
        .conv(256, 1)
        .pooled_dense(256)
        .dense(10)
        .network
}
