//! Brunel's balanced networks, one second of biological time: synapses scattered over the targets,
//! delays, leak, refractory periods and Poisson input.
//!
//! `cargo bench --bench recurrent` prints a Markdown table (`-- WORD` only the networks with that
//! word in their name): the time to build the network, and CPU and wall-clock time of the
//! simulation on one and on two threads, next to the machine's limit: additions scattered over
//! 10,000 targets, measured in the same run.

mod common;

use common::limits::scatter_limit;
use common::{median, peak_mb, wanted};
use cpu_time::ProcessTime;
use spikewatt::encoding::Drive;
use spikewatt::engine::{Simulator, SpikeTrain};
use spikewatt::formats::native::Description;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Instant;

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
        let mut alone_s = None;
        for threads in [1, 2] {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .expect("threads");
            let wall_s = pool.install(|| {
                let simulator = Simulator::new(network, timesteps)
                    .expect("network")
                    .with_seed(1);
                let run = || {
                    let none = |_| Ok(Drive::Spikes(SpikeTrain::new()));
                    simulator
                        .run(1, &none, &|_| ControlFlow::Continue(()))
                        .expect("simulation")
                };
                let (mut cpu_s, mut wall_s) = (Vec::new(), Vec::new());
                for _ in 0..3 {
                    let (cpu, wall) = (ProcessTime::now(), Instant::now());
                    run();
                    cpu_s.push(cpu.elapsed().as_secs_f64());
                    wall_s.push(wall.elapsed().as_secs_f64());
                }
                let (cpu_s, wall_s) = (median(cpu_s), median(wall_s));
                let counts = run().counts;
                let synops: u64 = counts
                    .projections
                    .iter()
                    .flat_map(|p| &p.synops_per_timestep)
                    .sum();
                let neurons: usize = network.populations.iter().map(|p| p.shape.neurons()).sum();
                let spikes: u64 = counts
                    .populations
                    .iter()
                    .flat_map(|p| &p.spikes_per_timestep)
                    .sum();
                let duration_s = f64::from(timesteps) * native.dt_s;
                let synops_per_s = synops as f64 / cpu_s;
                let gain = alone_s.unwrap_or(wall_s) / wall_s;
                println!(
                    "| {name} | {synapses} | {built_s:.2} | {threads} | {:.1} | {cpu_s:.2} | {wall_s:.2} | {gain:.2} | {:.0} | {:.0} % | {:.0} | {:.0} |",
                    spikes as f64 / neurons as f64 / duration_s,
                    synops_per_s / 1e6,
                    100.0 * synops_per_s / 1e9 / limit,
                    1e9 * cpu_s / spikes as f64,
                    peak_mb(),
                );
                wall_s
            });
            alone_s.get_or_insert(wall_s);
        }
    }
}
