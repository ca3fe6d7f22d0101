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

mod common;

use common::feed_forward::{Builder, drives, set_rates};
use common::limits::{row_add_limit, scatter_limit};
use common::{peak_mb, seconds, wanted};
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
