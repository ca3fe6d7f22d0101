//! How much memory a large network and a long recording need, each measured in a process of its
//! own: the most that the system ever counted for it.

use spikewatt::encoding::Drive;
use spikewatt::engine::{Simulator, SpikeTrain};
use spikewatt::formats::native::Description;
use spikewatt::formats::recording::Recorder;
use std::ops::ControlFlow;
use std::path::Path;
use std::process::Command;

/// Tells a test that it is the process to be measured, and what to do.
const TASK: &str = "SPIKEWATT_MEMORY_TASK";

/// Runs the test `name` of this file in a process of its own; returns the numbers that it printed
/// and its peak memory [B]. `None`, loudly, where the system does not count memory.
fn measured(name: &str, task: &str) -> Option<(Vec<u64>, u64)> {
    if !Path::new("/proc/self/status").exists() {
        eprintln!("SKIPPED {name}: this system does not tell a process its peak memory");
        return None;
    }
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture"])
        .env(TASK, task)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{name} {task}: {text}");
    let line = text.lines().find_map(|line| line.split("measured ").nth(1));
    let mut numbers: Vec<u64> = line
        .unwrap_or_else(|| panic!("{name} {task} measured nothing: {text}"))
        .split(' ')
        .map(|number| number.parse().unwrap())
        .collect();
    let peak = numbers.pop().unwrap();
    Some((numbers, peak))
}

/// Prints numbers and the peak memory of this process.
fn tell(numbers: &[u64]) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib: u64 = line
        .unwrap()
        .trim()
        .trim_end_matches(" kB")
        .parse()
        .unwrap();
    let numbers: Vec<String> = numbers.iter().map(u64::to_string).collect();
    println!("measured {} {}", numbers.join(" "), kib * 1024);
}

/// 100 million synapses with weights of their own, built by a rule and simulated, in 1.2 GB.
#[test]
fn a_hundred_million_synapses_fit_1_2_gb() {
    let name = "a_hundred_million_synapses_fit_1_2_gb";
    let Ok(neurons) = std::env::var(TASK) else {
        // Targets in two bytes, in four bytes, and the limit of the former.
        for neurons in ["50000", "100000"] {
            let Some((numbers, peak)) = measured(name, neurons) else {
                return;
            };
            let [synapses, spikes, synops] = numbers[..] else {
                panic!("{numbers:?}");
            };
            eprintln!("{neurons} neurons, {synapses} synapses: {peak} B, {synops} SynOps");
            assert_eq!(synapses, 100_000_000);
            let fan_out = synapses / neurons.parse::<u64>().unwrap();
            assert!(spikes > 1000, "{spikes} spikes test little");
            assert_eq!(synops, spikes * fan_out);
            assert!(peak < 1_200_000_000, "{peak} B");
        }
        return;
    };
    let size: u64 = neurons.parse().unwrap();
    let toml = format!(
        r#"
        simulation = {{ dt_s = 1e-3, timesteps = 20, seed = 1 }}
        [[populations]]
        name = "all"
        size = {size}
        poisson = {{ rate_hz = 100.0, weight = 0.5 }}
        neuron = {{ model = "lif", tau = 20e-3, v_threshold = 1.0, integration = "exponential", input = "delta" }}
        [[projections]]
        source = "all"
        target = "all"
        rule = {{ fixed_outdegree = {} }}
        weight = {{ normal = {{ mean = 0.0, std = 1e-3 }} }}
        delay_s = 2e-3
        "#,
        100_000_000 / size
    );
    let description = Description::parse(toml.as_bytes(), "large.toml".as_ref()).unwrap();
    let native = description.build(1).unwrap();
    let simulator = Simulator::new(&native.network, native.timesteps.unwrap()).unwrap();
    let silence = |_| Ok(Drive::Spikes(SpikeTrain::new()));
    let counts = simulator
        .run(1, &silence, &|_| ControlFlow::Continue(()))
        .unwrap()
        .counts;
    tell(&[
        native.network.projections[0].connectivity.synapses(),
        counts.populations[0].spikes_per_timestep.iter().sum(),
        counts.projections[0].synops_per_timestep.iter().sum(),
    ]);
}

/// A recording of eleven million spikes takes the memory of one of a tenth: what is kept per
/// timestep are counts.
#[test]
fn a_recording_does_not_grow_memory_with_its_length() {
    let name = "a_recording_does_not_grow_memory_with_its_length";
    let Ok(timesteps) = std::env::var(TASK) else {
        let runs = [1_100, 11_000].map(|timesteps| measured(name, &format!("{timesteps}")));
        let [Some((short, short_peak)), Some((long, long_peak))] = runs else {
            return;
        };
        assert_eq!(short, [1_100_000]);
        assert_eq!(long, [11_000_000]);
        // Neurons of ten million spikes are 40 MB.
        let grown = long_peak.saturating_sub(short_peak);
        eprintln!("peak {short_peak} B for 1.1 million spikes, {long_peak} B for 11 million");
        assert!(grown < 6_000_000, "{grown} B more for ten times the spikes");
        return;
    };
    let timesteps: u32 = timesteps.parse().unwrap();
    let toml = r#"
        simulation = { dt_s = 1e-3, timesteps = 1, seed = 1 }
        [[populations]]
        name = "tonic"
        size = 1000
        bias = 2.0
        neuron = { model = "if", v_threshold = 1.0, input = "delta" }
        "#;
    let description = Description::parse(toml.as_bytes(), "tonic.toml".as_ref()).unwrap();
    let native = description.build(1).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("spikes.npz");
    let recorder = Recorder::new(&file, &native.network, timesteps, None, true).unwrap();
    let silence = |_| Ok(Drive::Spikes(SpikeTrain::new()));
    let counts = Simulator::new(&native.network, timesteps)
        .unwrap()
        .run_recorded(1, &silence, &recorder, &|_| ControlFlow::Continue(()))
        .unwrap()
        .counts;
    recorder.finish().unwrap();
    assert!(file.metadata().unwrap().len() > 0);
    tell(&[counts.populations[0].spikes_per_timestep.iter().sum()]);
}
