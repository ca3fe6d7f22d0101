//! Numbers at their edges: the smallest that there are, and more timesteps than any buffer holds.

use spikewatt::encoding::Drive;
use spikewatt::engine::{Simulation, Simulator, SpikeTrain};
use spikewatt::formats::native::Description;
use std::ops::ControlFlow;
use std::path::Path;

/// Simulates a native network that drives itself.
fn simulate(toml: &str, timesteps: u32) -> Simulation {
    let description = Description::parse(toml.as_bytes(), Path::new("network.toml")).unwrap();
    let network = description.build(1).unwrap().network;
    let simulator = Simulator::new(&network, timesteps).unwrap().with_seed(1);
    let drive = |_| Ok(Drive::Spikes(SpikeTrain::new()));
    simulator
        .run(1, &drive, &|_| ControlFlow::Continue(()))
        .unwrap()
}

/// Random input, recurrence, delays: what happens first does not depend on what comes later, on
/// either side of every block of timesteps.
#[test]
fn regress_a_long_run_begins_as_a_short_one() {
    let toml = r#"
        simulation = { dt_s = 1e-3, timesteps = 1, seed = 1 }
        [[populations]]
        name = "a"
        size = 20
        neuron = { model = "lif", tau = 0.02, r = 1, v_leak = 0, v_threshold = 1 }
        poisson = { rate_hz = 300.0, weight = 8.0 }
        [[projections]]
        source = "a"
        target = "a"
        rule = { fixed_indegree = 4 }
        weight = 2.0
        delay_s = 3e-3
    "#;
    let long = simulate(toml, 5000);
    let spikes = &long.counts.populations[0].spikes_per_timestep;
    assert!(spikes.iter().sum::<u64>() > 1000, "few spikes test little");
    for timesteps in [1, 7, 1023, 1024, 1025, 2048] {
        let short = simulate(toml, timesteps);
        let n = timesteps as usize;
        let first = &short.counts.populations[0].spikes_per_timestep;
        assert_eq!(first[..], spikes[..n], "{timesteps} timesteps");
        assert_eq!(
            short.outcomes[0].predictions[..],
            long.outcomes[0].predictions[..n]
        );
    }
}

/// Nothing is flushed to zero: an integrate-and-fire neuron with denormal numbers fires as the sum
/// of its inputs says, computed here by itself.
#[test]
fn closed_form_denormal_numbers_count() {
    // 40 and 100 of the smallest f32 above 0, 2^-149: the third timestep crosses.
    let (bias, threshold) = (40.0 * 2f64.powi(-149), 100.0 * 2f64.powi(-149));
    let toml = format!(
        r#"
        simulation = {{ dt_s = 1.0, timesteps = 1, seed = 1 }}
        [[populations]]
        name = "a"
        size = 1
        neuron = {{ model = "if", r = 1, v_threshold = {threshold:e}, v_reset = 0 }}
        bias = {bias:e}
        "#
    );
    let simulation = simulate(&toml, 9);
    let spikes = &simulation.counts.populations[0].spikes_per_timestep;
    assert_eq!(spikes[..], [0, 0, 1, 0, 0, 1, 0, 0, 1]);
}
