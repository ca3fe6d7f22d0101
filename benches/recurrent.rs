//! Brunel's balanced networks, one second of biological time: synapses scattered over the targets,
//! delays, leak, refractory periods and Poisson input.
//!
//! `cargo bench --bench recurrent` prints a Markdown table: the time to build the network, and the
//! wall-clock time of the simulation on one and on two threads.

use spikewatt::encoding::Drive;
use spikewatt::engine::{Simulator, SpikeTrain};
use spikewatt::formats::native::Description;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Instant;

fn main() {
    println!(
        "| network | synapses | built in s | threads | rate Hz | simulated in s | M SynOps/s |"
    );
    println!("|---|---|---|---|---|---|---|");
    for name in ["brunel2000", "brunel10000"] {
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
        for threads in [1, 2] {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .expect("threads");
            pool.install(|| {
                let simulator = Simulator::new(network, timesteps)
                    .expect("network")
                    .with_seed(1);
                let run = || {
                    let none = |_| Ok(Drive::Spikes(SpikeTrain::new()));
                    simulator
                        .run(1, &none, &|_| ControlFlow::Continue(()))
                        .expect("simulation")
                };
                let mut times: Vec<f64> = (0..3)
                    .map(|_| {
                        let start = Instant::now();
                        run();
                        start.elapsed().as_secs_f64()
                    })
                    .collect();
                times.sort_by(f64::total_cmp);
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
                println!(
                    "| {name} | {synapses} | {built_s:.2} | {threads} | {:.1} | {:.2} | {:.0} |",
                    spikes as f64 / neurons as f64 / duration_s,
                    times[1],
                    synops as f64 / times[1] / 1e6,
                );
            });
        }
    }
}
