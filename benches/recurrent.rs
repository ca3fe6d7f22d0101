//! Brunel's balanced networks, one second of biological time: synapses scattered over the targets,
//! delays, leak, refractory periods and Poisson input.
//!
//! `cargo bench --bench recurrent` prints a Markdown table (`-- WORD` only the networks with that
//! word in their name): the time to build the network, and CPU and wall-clock time of the
//! simulation on one and on two threads, the least of rounds in which they take turns, next to the
//! machine's limit: additions scattered over 10,000 targets, measured in the same run.

mod common;

use common::limits::scatter_limit;
use common::{peak_mb, wanted};
use cpu_time::ProcessTime;
use spikewatt::encoding::Drive;
use spikewatt::engine::{Simulator, SpikeTrain};
use spikewatt::formats::native::Description;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Instant;

/// Rounds of one run on each number of threads, after one that warms up.
const ROUNDS: usize = 7;

fn main() {
    let limit = scatter_limit();
    println!("scattered additions, fan-out 1,000 into 10,000: {limit:.2} G/s");
    println!();
    println!(
        "| network | synapses | built in s | threads | rate Hz | CPU s | wall s | times as fast as one thread | M SynOps per CPU s | share of the limit | CPU ns per spike | peak MB |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|---|");
    for name in ["brunel2000", "brunel10000"] {
        if !wanted(name) {
            continue;
        }
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("examples/{name}.toml"));
        let description = Description::load(&path).expect("example");
        let start = Instant::now();
        let native = description.build(1).expect("example");
        let built_s = start.elapsed().as_secs_f64();
        let timesteps = native.timesteps.expect("the example states its duration");
        let network = &native.network;
        let synapses: u64 = network
            .projections
            .iter()
            .map(|p| p.connectivity.synapses())
            .sum();
        let pools = [1, 2].map(|threads| {
            rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .expect("threads")
        });
        let simulator = Simulator::new(network, timesteps)
            .expect("network")
            .with_seed(1);
        let run = |pool: &rayon::ThreadPool| {
            let none = |_| Ok(Drive::Spikes(SpikeTrain::new()));
            pool.install(|| simulator.run(1, &none, &|_| ControlFlow::Continue(())))
                .expect("simulation")
                .counts
        };
        let first = pools.each_ref().map(|pool| (run(pool), peak_mb()));
        let mut least = [[f64::INFINITY; 2]; 2];
        for _ in 0..ROUNDS {
            for (least, pool) in least.iter_mut().zip(&pools) {
                let (cpu, wall) = (ProcessTime::now(), Instant::now());
                run(pool);
                let spent = [cpu.elapsed(), wall.elapsed()].map(|time| time.as_secs_f64());
                *least = std::array::from_fn(|i| least[i].min(spent[i]));
            }
        }
        let neurons: usize = network.populations.iter().map(|p| p.shape.neurons()).sum();
        let duration_s = f64::from(timesteps) * native.dt_s;
        for ((pool, (counts, peak_mb)), [cpu_s, wall_s]) in pools.iter().zip(&first).zip(least) {
            let synops = counts.projections.iter();
            let synops: u64 = synops.flat_map(|p| &p.synops_per_timestep).sum();
            let spikes = counts.populations.iter();
            let spikes: u64 = spikes.flat_map(|p| &p.spikes_per_timestep).sum();
            let synops_per_s = synops as f64 / cpu_s;
            println!(
                "| {name} | {synapses} | {built_s:.2} | {} | {:.1} | {cpu_s:.2} | {wall_s:.2} | {:.2} | {:.0} | {:.0} % | {:.0} | {peak_mb:.0} |",
                pool.current_num_threads(),
                spikes as f64 / neurons as f64 / duration_s,
                least[0][1] / wall_s,
                synops_per_s / 1e6,
                100.0 * synops_per_s / 1e9 / limit,
                1e9 * cpu_s / spikes as f64,
            );
        }
    }
}
