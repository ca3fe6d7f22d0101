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
//! (c) The same networks with other neuron models, their rows run in turns: the first of each
//! network is what converted networks consist of.

mod common;

use common::feed_forward::{Builder, drives, set_rates, set_rates_by};

use common::limits::{row_add_limit, scatter_limit};
use common::models::{Case, any_start, euler, others, plain_if};
use common::{median, peak_mb, seconds, wanted};
use cpu_time::ThreadTime;
use spikewatt::counts::EventCounts;
use spikewatt::encoding::Drive;
use spikewatt::engine::Simulator;
use spikewatt::network::{Network, Projection, Shape};
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
        "| network | weights | T | samples | rate | G SynOps/s | share of the limit | ns per spike | ms per sample | peak MB |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|");
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
                    "| {name} | {weights} | {timesteps} | {samples} | {:.1} % | {:.2} | {:.0} % | {:.1} | {:.2} | {:.0} |",
                    100.0 * row.rate,
                    row.synops_per_s / 1e9,
                    100.0 * row.synops_per_s / 1e9 / cached,
                    1e9 / row.spikes_per_s,
                    1e3 * row.seconds / samples as f64,
                    peak_mb(),
                );
            }
        });
    }
    one_thread.install(models);
}

/// A network with the neurons of one case.
struct Contender {
    network: Network,
    timesteps: u32,
    drives: Vec<Drive>,
    name: String,
    rate: f64,
    /// Synaptic operations of a run.
    synops: f64,
}

impl Contender {
    fn new(name: &str, case: &Case, mut network: Network, timesteps: u32, samples: usize) -> Self {
        set_rates_by(&mut network, timesteps.min(32), 0.1, &case.set);
        let mut contender = Contender {
            drives: drives(&network, timesteps, samples, 0.1),
            network,
            timesteps,
            name: format!("{name} | {}", case.name),
            rate: 0.0,
            synops: 0.0,
        };
        let counts = contender.run(&contender.simulator());
        let total = |f: &dyn Fn(usize) -> f64| -> f64 {
            (1..contender.network.populations.len()).map(f).sum()
        };
        contender.rate = total(&|i| counts.per_inference(i).spikes)
            / total(&|i| counts.per_inference(i).neuron_updates);
        let all = (0..contender.network.populations.len()).map(|i| counts.per_inference(i).synops);
        contender.synops = all.sum::<f64>() * samples as f64;
        contender
    }

    fn simulator(&self) -> Simulator<'_> {
        Simulator::new(&self.network, self.timesteps).expect("network")
    }

    fn run(&self, simulator: &Simulator) -> EventCounts {
        let run = simulator.run(self.drives.len(), &|i| Ok(self.drives[i].clone()), &|_| {
            ControlFlow::Continue(())
        });
        run.expect("simulation").counts
    }
}

/// Rounds of which the medians are told.
const ROUNDS: usize = 7;

fn models() {
    let mut contenders = Vec::new();
    for (name, network, timesteps, samples) in [
        ("dense", dense(), 100, 20),
        ("small CNN", small_cnn(), 32, 20),
        ("VGG-like", vgg(), 32, 2),
    ] {
        let mut cases = vec![plain_if(), any_start(), euler()];
        if name == "dense" {
            cases.extend(others());
        }
        for case in cases {
            if wanted("models") || wanted(&format!("{name} {}", case.name)) {
                let network = network.clone();
                contenders.push(Contender::new(name, &case, network, timesteps, samples));
            }
        }
    }
    let simulators: Vec<Simulator> = contenders.iter().map(Contender::simulator).collect();
    // Of each round: operations per second as a share of the limit of that round, and their number.
    let mut rounds = vec![Vec::new(); contenders.len()];
    for _ in 0..ROUNDS {
        let limit = row_add_limit(128) * 1e9;
        for ((contender, simulator), shares) in contenders.iter().zip(&simulators).zip(&mut rounds)
        {
            let start = ThreadTime::now();
            black_box(contender.run(simulator));
            let speed = contender.synops / start.elapsed().as_secs_f64();
            shares.push((speed / limit, speed));
        }
    }
    println!();
    println!("| network | neurons | rate | G SynOps/s | share of the limit |");
    println!("|---|---|---|---|---|");
    for (Contender { name, rate, .. }, shares) in contenders.iter().zip(&rounds) {
        let share = median(shares.iter().map(|(share, _)| *share).collect());
        let speed = median(shares.iter().map(|(_, speed)| *speed).collect());
        println!(
            "| {name} | {:.1} % | {:.2} | {:.0} % |",
            100.0 * rate,
            speed / 1e9,
            100.0 * share
        );
    }
}

struct Row {
    rate: f64,
    seconds: f64,
    synops_per_s: f64,
    spikes_per_s: f64,
}

fn measure(network: &Network, timesteps: u32, samples: usize) -> Row {
    // Inputs are made beforehand: this is the speed of the engine, not of the encoder.
    let drives = drives(network, timesteps, samples, 0.1);
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
