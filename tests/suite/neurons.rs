//! Neuron models: closed forms, other simulators' spikes, and what must hold for each model under
//! each preset.

use spikewatt::neuron::{
    Advance, CurrentOrder, Dynamics, InitialPotential, InputKind, Integration, LeakPotential,
    MODELS, Model, NeuronError, Options, PRESETS, Parameter, Preset, ResetRule, Resistance,
    SpikeLimit, ThresholdTest, build,
};
use std::collections::BTreeMap;
use std::path::PathBuf;

type Parameters = BTreeMap<String, Parameter>;

fn options(preset: &str) -> Options {
    Preset::get(preset).expect("a preset").options
}

fn uniform(values: &[(&str, f64)]) -> Parameters {
    values
        .iter()
        .map(|(name, value)| ((*name).to_owned(), Parameter::uniform(*value)))
        .collect()
}

fn neuron(name: &str, values: &[(&str, f64)], options: &Options) -> Box<dyn Dynamics> {
    build(name, &uniform(values), options).expect("a model")
}

/// One timestep of all neurons; returns what each emits.
fn step(group: &mut dyn Advance, input: &[f32]) -> Vec<f32> {
    let mut out = vec![0.0; input.len()];
    group.advance(input, &mut |n, value| out[n as usize] = value);
    out
}

/// Timesteps, from 1, in which a single neuron with constant input emits.
fn spike_times(model: &dyn Dynamics, input: f32, timesteps: usize) -> Vec<usize> {
    let mut group = model.group(1);
    (1..=timesteps)
        .filter(|_| step(group.as_mut(), &[input])[0] > 0.0)
        .collect()
}

/// Potentials of a single neuron after each timestep.
fn trace(model: &dyn Dynamics, input: &[f32]) -> Vec<f64> {
    let mut group = model.group(1);
    input
        .iter()
        .map(|&x| {
            step(group.as_mut(), &[x]);
            group.potential(0)
        })
        .collect()
}

#[track_caller]
fn close(found: f64, expected: f64) {
    assert!(
        (found - expected).abs() <= 1e-12 * expected.abs().max(1e-3),
        "{found} is not {expected}"
    );
}

const EXACT: fn() -> Options = || Options {
    integration: Integration::Exponential,
    ..options("nir")
};

// ---- closed forms ----------------------------------------------------------------------------

/// Constant current: v(n) = E·(1 − e^(−n·dt/tau)), so the interval is ⌊tau/dt·ln(E/(E − threshold))⌋ + 1.
#[test]
fn closed_form_interval_of_exponential_lif() {
    for (tau, drive) in [(2.5e-3, 1.5_f32), (0.01, 1.01), (1e-3, 7.25)] {
        let lif = neuron("lif", &[("tau", tau)], &EXACT());
        let e = f64::from(drive);
        let interval = (tau / 1e-4 * (e / (e - 1.0)).ln()).floor() as usize + 1;
        let expected: Vec<usize> = (1..=1000 / interval).map(|k| k * interval).collect();
        assert_eq!(
            spike_times(lif.as_ref(), drive, 1000),
            expected,
            "tau {tau}"
        );
    }
}

/// Forward Euler keeps (1 − dt/tau)^n; the exponential keeps e^(−n·dt/tau).
#[test]
fn closed_form_decay_of_both_integrations() {
    for (options, keep) in [(options("nir"), 0.96_f64), (EXACT(), (-0.04_f64).exp())] {
        for name in ["lif", "li"] {
            let model = neuron(name, &[("tau", 2.5e-3), ("v_initial", 0.9)], &options);
            for (n, v) in trace(model.as_ref(), &[0.0; 200]).into_iter().enumerate() {
                close(v, 0.9 * keep.powi(n as i32 + 1));
            }
        }
    }
}

/// The leak pulls to v_leak, and a constant current adds r times itself.
#[test]
fn closed_form_steady_state() {
    for options in [options("nir"), EXACT()] {
        let li = neuron(
            "li",
            &[("tau", 1e-3), ("v_leak", -0.3), ("r", 5.0)],
            &options,
        );
        close(trace(li.as_ref(), &[0.25; 1000])[999], -0.3 + 5.0 * 0.25);
        let (syn, mem) = (("tau_syn", 3e-4), ("tau_mem", 1e-3));
        let values = [syn, mem, ("v_leak", -0.3), ("r", 5.0), ("w_in", 2.0)];
        let cuba = neuron("cuba_li", &values, &options);
        close(
            trace(cuba.as_ref(), &[0.25; 1000])[999],
            -0.3 + 5.0 * 2.0 * 0.25,
        );
    }
}

/// Input of a quarter threshold: a spike each fourth timestep for ≥, and one timestep later each
/// time for > with reset to zero.
#[test]
fn closed_form_rate_of_if() {
    let subtract = Options {
        test: ThresholdTest::AtLeast,
        reset: ResetRule::Subtract,
        ..options("nir")
    };
    let every = |n: usize| (1..=100).filter(|t| t % n == 0).collect::<Vec<_>>();
    let unit = neuron("if", &[], &subtract);
    assert_eq!(spike_times(unit.as_ref(), 0.25, 100), every(4));
    let unit = neuron("if", &[], &options("nir"));
    assert_eq!(spike_times(unit.as_ref(), 0.25, 100), every(5));
    let unit = neuron("if", &[("r", 2.0)], &subtract);
    assert_eq!(spike_times(unit.as_ref(), 0.25, 100), every(2));
    // 0.375 per timestep: after n timesteps, ⌊0.375·n⌋ spikes, nothing is lost.
    let unit = neuron("if", &[], &subtract);
    assert_eq!(spike_times(unit.as_ref(), 0.375, 800).len(), 300);
}

/// Impulse: the difference of two exponentials, and t·e^(−t) where the time constants are equal.
#[test]
fn closed_form_double_exponential_of_cuba_li() {
    let delta = Options {
        input: InputKind::Delta,
        ..EXACT()
    };
    let mut pulse = vec![0.0; 300];
    pulse[0] = 1.5;
    let (r, w, dt) = (3.0, 0.7, 1e-4);
    for (syn, mem) in [
        (1e-3, 4e-3),
        (5e-3, 2e-3),
        (2e-3, 2e-3),
        (2e-3, 2.000_000_01e-3),
    ] {
        let values = [("tau_syn", syn), ("tau_mem", mem), ("r", r), ("w_in", w)];
        let v = trace(neuron("cuba_li", &values, &delta).as_ref(), &pulse);
        for (n, v) in v.into_iter().enumerate() {
            // The input of a timestep arrives at its end.
            let t = n as f64 * dt;
            let shape = if (syn - mem).abs() < 1e-9 {
                t / mem * (-t / mem).exp()
            } else {
                syn / (syn - mem) * ((-t / syn).exp() - (-t / mem).exp())
            };
            let expected = 1.5 * r * w * shape;
            assert!(
                (v - expected).abs() < 1e-8,
                "{syn} {mem} step {n}: {v}, {expected}"
            );
        }
    }
}

/// Step of current: exact at any timestep, so a step of five times the length gives the same values.
#[test]
fn closed_form_step_response_of_cuba_li() {
    let (syn, mem, r, w) = (1e-3_f64, 4e-3_f64, 3.0, 0.7);
    for dt in [1e-4, 5e-4] {
        let options = Options {
            dt_s: dt,
            ..EXACT()
        };
        let values = [("tau_syn", syn), ("tau_mem", mem), ("r", r), ("w_in", w)];
        let v = trace(neuron("cuba_li", &values, &options).as_ref(), &[2.0; 100]);
        for (n, v) in v.into_iter().enumerate() {
            let t = (n + 1) as f64 * dt;
            let rise =
                1.0 - (-t / mem).exp() - syn / (syn - mem) * ((-t / syn).exp() - (-t / mem).exp());
            close(v, 2.0 * r * w * rise);
        }
    }
}

/// A refractory period lengthens each interval by itself; a synaptic current goes on meanwhile.
#[test]
fn closed_form_refractory_interval() {
    let refractory = Options {
        refractory_timesteps: 20,
        ..EXACT()
    };
    let lif = neuron("lif", &[("tau", 2.5e-3)], &refractory);
    let interval = (25.0 * 3.0_f64.ln()).floor() as usize + 1;
    let times = spike_times(lif.as_ref(), 1.5, 1000);
    assert!(times.len() > 15 && times[0] == interval);
    assert!(times.windows(2).all(|w| w[1] - w[0] == interval + 20));

    let unit = neuron("if", &[], &refractory);
    assert_eq!(spike_times(unit.as_ref(), 2.0, 50), [1, 22, 43]);
}

/// What arrives in the refractory period is lost, and the potential stays at the reset.
#[test]
fn worked_refractory_input_is_lost() {
    let options = Options {
        input: InputKind::Delta,
        refractory_timesteps: 2,
        ..EXACT()
    };
    let lif = neuron("lif", &[("tau", 1.0), ("v_reset", 0.25)], &options);
    let v = trace(lif.as_ref(), &[1.5, 0.5, 9.0, 0.5]);
    assert_eq!(v[..3], [0.25, 0.25, 0.25]);
    close(v[3], 0.25 * (-1e-4_f64).exp() + 0.5);
}

// ---- equations to the last bit ---------------------------------------------------------------

/// Numbers without pattern, the same in each run.
fn noise(n: usize) -> Vec<f32> {
    let mut x = 0x9e37_79b9_7f4a_7c15_u64;
    (0..n)
        .map(|_| {
            x ^= x << 13;
            x ^= x >> 7;
            x ^= x << 17;
            (x >> 40) as f32 / (1u32 << 23) as f32 - 0.8
        })
        .collect()
}

/// The operation order of the published traces, in both orders of the current.
#[test]
fn worked_euler_is_bitwise() {
    let (dt, tau, syn, mem) = (1e-4, 1.7e-3, 0.9e-3, 2.3e-3);
    let (r, leak, thr, reset, w) = (13.1, 0.07, 0.8, -0.3, 3.3);
    let shared = [
        ("r", r),
        ("v_leak", leak),
        ("v_threshold", thr),
        ("v_reset", reset),
    ];
    let lif = [&shared[..], &[("tau", tau)]].concat();
    let cuba = [
        &shared[..],
        &[("tau_syn", syn), ("tau_mem", mem), ("w_in", w)],
    ]
    .concat();
    let old = Options {
        current_order: CurrentOrder::Old,
        ..options("nir")
    };
    let mut groups = [
        neuron("lif", &lif, &options("nir")).group(1),
        neuron("cuba_lif", &cuba, &options("nir")).group(1),
        neuron("cuba_lif", &cuba, &old).group(1),
    ];
    let (mut v, mut i, mut spikes) = ([0.0_f64; 3], 0.0_f64, [0; 3]);
    for x in noise(5000) {
        let input = f64::from(x);
        v[0] += dt / tau * ((leak - v[0]) + r * input);
        v[2] += dt / mem * ((leak - v[2]) + r * i);
        i += dt / syn * (-i + w * input);
        v[1] += dt / mem * ((leak - v[1]) + r * i);
        for k in 0..3 {
            let fires = v[k] > thr;
            spikes[k] += usize::from(fires);
            if fires {
                v[k] = reset;
            }
            assert_eq!(step(groups[k].as_mut(), &[x])[0], f32::from(fires));
            assert_eq!(groups[k].potential(0).to_bits(), v[k].to_bits());
        }
    }
    assert!(spikes.iter().all(|n| *n > 50), "{spikes:?}");
}

/// V ← V·e^(−dt/tau) + E·(1 − e^(−dt/tau)) + weights, in this order.
#[test]
fn worked_exponential_delta_is_bitwise() {
    let delta = Options {
        input: InputKind::Delta,
        ..EXACT()
    };
    let values = [
        ("tau", 0.02),
        ("v_leak", 24.0),
        ("v_threshold", 20.0),
        ("r", 7.0),
    ];
    let mut group = neuron("lif", &values, &delta).group(1);
    let (keep, mut v) = ((-1e-4_f64 / 0.02).exp(), 0.0);
    for x in noise(2000) {
        v = v * keep + 24.0 * (1.0 - keep) + f64::from(x);
        if v > 20.0 {
            v = 0.0;
        }
        step(group.as_mut(), &[x]);
        assert_eq!(group.potential(0).to_bits(), v.to_bits());
    }
}

// ---- options -------------------------------------------------------------------------------

#[test]
fn worked_threshold_test_and_reset() {
    let run = |test, reset| {
        let options = Options {
            test,
            reset,
            ..options("nir")
        };
        let unit = neuron("if", &[("v_reset", -0.5)], &options);
        let mut group = unit.group(1);
        [1.0, 0.5].map(|x| (step(group.as_mut(), &[x])[0], group.potential(0)))
    };
    use ResetRule::{File, Subtract, Value};
    use ThresholdTest::{Above, AtLeast};
    assert_eq!(run(Above, File), [(0.0, 1.0), (1.0, -0.5)]);
    assert_eq!(run(Above, Value), [(0.0, 1.0), (1.0, -0.5)]);
    assert_eq!(run(Above, Subtract), [(0.0, 1.0), (1.0, 0.5)]);
    assert_eq!(run(AtLeast, File), [(1.0, -0.5), (0.0, 0.0)]);
    assert_eq!(run(AtLeast, Subtract), [(1.0, 0.0), (0.0, 0.5)]);
}

/// sinabs: trunc(max(v, 0)/threshold) spikes, subtraction, then v ≥ −threshold.
#[test]
fn worked_sinabs_multiple_spikes_and_floor() {
    let unit = neuron(
        "if",
        &[("v_threshold", 0.5), ("r", 9.0)],
        &options("sinabs"),
    );
    let mut group = unit.group(1);
    let steps =
        [1.75, 0.25, -0.9, 0.75, 1.0].map(|x| (step(group.as_mut(), &[x])[0], group.potential(0)));
    assert_eq!(
        steps,
        [
            (3.0, 0.25),
            (1.0, 0.0),
            (0.0, -0.5),
            (0.0, 0.25),
            (2.0, 0.25)
        ]
    );

    // Leaky neurons have no floor, and tau counts timesteps.
    let lif = neuron("lif", &[("tau", 25.0)], &options("sinabs"));
    let v = trace(lif.as_ref(), &[-3.0, 0.0]);
    close(v[1], -3.0 * (-1.0_f64 / 25.0).exp());

    // With >, a multiple of the threshold leaves one threshold behind.
    let above = Options {
        test: ThresholdTest::Above,
        ..options("sinabs")
    };
    let mut group = neuron("if", &[], &above).group(1);
    assert_eq!(step(group.as_mut(), &[3.0]), [2.0]);
    assert_eq!(group.potential(0), 1.0);
}

/// norse ignores r and v_reset and starts at v_leak, but keeps r in the current-based model.
#[test]
fn worked_norse() {
    let values = [
        ("tau", 1e-3),
        ("r", 5.0),
        ("v_leak", 0.2),
        ("v_reset", -0.7),
    ];
    let v = trace(
        neuron("lif", &values, &options("norse")).as_ref(),
        &[0.5, 40.0],
    );
    close(v[0], 0.2 + 0.1 * 0.5);
    assert_eq!(v[1], 0.0);
    let values = [("tau_syn", 1e-4), ("tau_mem", 1e-3), ("r", 5.0)];
    let v = trace(
        neuron("cuba_lif", &values, &options("norse")).as_ref(),
        &[0.5],
    );
    close(v[0], 0.1 * 5.0 * 0.5);
}

/// snnTorch imports integrate-and-fire as a neuron that keeps 0.9 and subtracts.
#[test]
fn worked_snntorch() {
    let unit = neuron("if", &[("v_reset", -0.7)], &options("snntorch"));
    let v = trace(unit.as_ref(), &[0.5, 0.5, 0.5]);
    close(v[1], 0.95);
    close(v[2], 0.9 * 0.95 + 0.5 - 1.0);
    let refused = |model, values: &[_]| {
        build(model, &uniform(values), &options("snntorch"))
            .expect_err("it asserts")
            .to_string()
    };
    assert!(refused("if", &[("r", 2.0)]).contains("r = 2"));
    assert!(refused("lif", &[("tau", 0.01), ("v_leak", 0.1)]).contains("v_leak = 0.1"));
    let cuba = [("tau_syn", 1e-3), ("tau_mem", 2e-3), ("r", 19.0)];
    assert!(refused("cuba_lif", &cuba).contains("r = 19"));
}

#[test]
fn worked_initial_potential() {
    let start = |initial, values: &[_]| {
        let options = Options {
            initial,
            ..options("nir")
        };
        neuron("lif", &[&[("tau", 1.0)], values].concat(), &options)
            .group(1)
            .potential(0)
    };
    use InitialPotential::{File, Leak, Value};
    assert_eq!(start(File, &[("v_leak", 0.4)]), 0.0);
    assert_eq!(start(Leak, &[("v_leak", 0.4)]), 0.4);
    assert_eq!(start(Leak, &[("v_leak", 0.4), ("v_initial", 0.1)]), 0.1);
    assert_eq!(start(File, &[("v_initial", 0.1)]), 0.1);
    assert_eq!(start(Value(-2.0), &[("v_initial", 0.1)]), -2.0);
}

/// The threshold rises by beta·(1 − ρ) with a spike and decays with ρ.
#[test]
fn worked_adaptive_threshold() {
    // A membrane that forgets everything in a timestep: the potential is the input.
    let options = Options {
        dt_s: 1.0,
        input: InputKind::Delta,
        ..EXACT()
    };
    let rho = (-1.0_f64 / 4.0).exp();
    let beta = 2.0;
    let values = [("tau", 1e-3), ("tau_adaptation", 4.0), ("beta", beta)];
    let mut group = neuron("alif", &values, &options).group(1);
    let mut fires = |x: f64| step(group.as_mut(), &[x as f32])[0] == 1.0;
    assert!(!fires(0.99) && fires(1.01));
    let first = 1.0 + beta * (1.0 - rho);
    assert!(!fires(first - 0.01));
    let second = 1.0 + beta * (1.0 - rho) * rho;
    assert!(!fires(second - 0.01));
    let third = 1.0 + beta * (1.0 - rho) * rho * rho;
    assert!(fires(third + 0.01));
    let fourth = 1.0 + beta * (1.0 - rho) * (1.0 + rho.powi(3));
    assert!(!fires(fourth - 0.01));
}

/// Spike times of the program printed in the paper, run apart from this crate in Python: regular
/// spiking and fast spiking neurons with a constant current of 10 in timesteps of 1 ms.
#[test]
fn reference_izhikevich() {
    let ms = Options {
        dt_s: 1e-3,
        ..options("nir")
    };
    let regular = neuron("izhikevich", &[], &ms);
    assert_eq!(
        spike_times(regular.as_ref(), 10.0, 1000),
        IZHIKEVICH_REGULAR
    );
    let fast = neuron("izhikevich", &[("a", 0.1), ("d", 2.0)], &ms);
    let times = spike_times(fast.as_ref(), 10.0, 1000);
    assert_eq!(times.len(), IZHIKEVICH_FAST_COUNT);
    assert_eq!(&times[..12], IZHIKEVICH_FAST);
}

const IZHIKEVICH_REGULAR: &[usize] = &[
    4, 31, 79, 141, 195, 243, 292, 345, 405, 464, 524, 571, 619, 676, 724, 774, 832, 881, 937, 999,
];
const IZHIKEVICH_FAST_COUNT: usize = 65;
const IZHIKEVICH_FAST: &[usize] = &[4, 11, 22, 34, 58, 71, 92, 110, 124, 148, 163, 177];

/// Decay by 3933/4096 rounded down, and 640 = 64·trunc(256·0.04) per spike: the potentials that the
/// NIR paper published for Loihi, a timestep after theirs.
#[test]
fn reference_loihi_potentials() {
    let lif = neuron(
        "lif",
        &[("tau", 2.5e-3), ("v_threshold", 0.1)],
        &options("loihi"),
    );
    let mut input = vec![0.0; 11];
    input[0] = 1.0;
    input[10] = 1.0;
    let v: Vec<f64> = trace(lif.as_ref(), &input)
        .iter()
        .map(|v| v * 64.0 * 256.0)
        .collect();
    assert_eq!(
        v,
        [
            640., 614., 589., 565., 542., 520., 499., 479., 459., 440., 1062.
        ]
    );
}

/// Loihi rounds toward zero, also below it, and its current wraps around where it overflows.
#[test]
fn worked_loihi_arithmetic() {
    let lif = neuron(
        "lif",
        &[("tau", 2.5e-3), ("v_threshold", 0.1)],
        &options("loihi"),
    );
    let v: Vec<f64> = trace(lif.as_ref(), &[-1.0, 0.0, 0.0])
        .iter()
        .map(|v| v * 16384.0)
        .collect();
    assert_eq!(v, [-640., -614., -589.]);

    // decay_u = trunc(4095/4) + 1 = 1024 keeps 3/4; decay_v = trunc(4095/2) = 2047 keeps 2049/4096.
    let values = [
        ("tau_syn", 4e-4),
        ("tau_mem", 2e-4),
        ("r", 2.0),
        ("w_in", 4.0),
        ("v_threshold", 511.0),
    ];
    let cuba = neuron("cuba_lif", &values, &options("loihi"));
    let v: Vec<f64> = trace(cuba.as_ref(), &[1.0 / 256.0, 0.0, 0.0])
        .iter()
        .map(|v| v * 16384.0)
        .collect();
    // v: 64; 64/2 + 48; 80/2 + 36.
    assert_eq!(v, [64., 80., 76.]);

    let unit = neuron("cuba_li", &values[..4], &options("loihi"));
    let mut group = unit.group(1);
    for _ in 0..2 {
        step(group.as_mut(), &[500.0]);
    }
    // 64·128000·(1 + 3/4) exceeds 2^23, so the second current is 14336000 − 2^24.
    let first = 8_192_000_i64;
    let expected = first * 2049 / 4096 + (first * 3 / 4 + first - (1 << 24));
    assert_eq!(group.potential(0) * 16384.0, expected as f64);
}

// ---- each model under each preset --------------------------------------------------------------

/// What a preset does not run, and why.
const REFUSED: &[(&str, &str, &str)] = &[
    ("alif", "loihi", "integer arithmetic"),
    ("izhikevich", "loihi", "integer arithmetic"),
    ("threshold", "loihi", "integer arithmetic"),
    ("izhikevich", "sinabs", "longer than 0.001 s"),
];

/// Parameters of three neurons, each a little different in all that the preset lets differ.
fn three(model: &Model, options: &Options) -> [Vec<(&'static str, f64)>; 3] {
    [0.0, 1.0, 2.0].map(|k| {
        let tau = options.dt_s * (10.0 + k);
        let cuba = model.parameters.iter().any(|p| p.name == "tau_syn");
        model
            .parameters
            .iter()
            .map(|p| {
                let value = match p.name {
                    "tau" | "tau_mem" => tau,
                    "tau_syn" => options.dt_s * (4.0 + k),
                    "tau_adaptation" => options.dt_s * (30.0 + k),
                    "beta" => 0.5 + 0.1 * k,
                    "r" if cuba => tau / options.dt_s,
                    // What adds the input whole in a timestep.
                    "r" if options.resistance == Resistance::PerSecond && model.name == "if" => {
                        1.0 / options.dt_s
                    }
                    "r" => 1.0,
                    "v_leak" if options.leak == LeakPotential::Any => 0.1 * k,
                    "v_threshold" | "threshold" => 1.0 + 0.1 * k,
                    "v_reset" if options.reads_v_reset => -0.1 * k,
                    "v_initial" if model.name != "izhikevich" => 0.05 * k,
                    name => match (p.default.expect(name), model.name) {
                        (default, "izhikevich") => default * (1.0 + 0.01 * k),
                        (default, _) => default,
                    },
                };
                (p.name, value)
            })
            .collect()
    })
}

/// Calls `check` for each model under each preset, with three neurons of different parameters and
/// the three models that have those of one of them; checks that exactly [`REFUSED`] is refused.
fn for_each(check: impl Fn(&str, &dyn Dynamics, &[Box<dyn Dynamics>])) {
    for model in MODELS {
        for preset in PRESETS {
            let case = format!("{} under {}", model.name, preset.name);
            let sets = three(model, &preset.options);
            let each: Parameters = (0..sets[0].len())
                .map(|p| {
                    let values = sets.iter().map(|set| set[p].1).collect();
                    (sets[0][p].0.to_owned(), Parameter::each(values))
                })
                .collect();
            let refused = REFUSED
                .iter()
                .find(|r| (r.0, r.1) == (model.name, preset.name));
            match (build(model.name, &each, &preset.options), refused) {
                (Ok(three), None) => {
                    let single = sets.map(|set| neuron(model.name, &set, &preset.options));
                    check(&case, three.as_ref(), &single);
                }
                (Err(error), Some((_, _, why))) => {
                    assert!(error.to_string().contains(why), "{case}: {error}");
                }
                (built, _) => panic!("{case}: {built:?}"),
            }
        }
    }
}

/// Input that makes any of the models fire: constant, well above rheobase.
fn strong(model: &dyn Dynamics) -> f32 {
    if model.name() == "izhikevich" {
        15.0
    } else {
        2.0
    }
}

/// Input with long silences.
fn sparse(model: &dyn Dynamics, timesteps: usize) -> Vec<f32> {
    let scale = strong(model) * 4.0;
    noise(timesteps)
        .into_iter()
        .enumerate()
        .map(|(t, x)| {
            if t % 30_000 < 60 && t % 3 == 0 {
                scale * x
            } else {
                0.0
            }
        })
        .collect()
}

#[test]
fn conformance_idle_equals_empty_steps() {
    for_each(|case, model, _| {
        for length in [0, 1, 2, 7, 100, 9000] {
            let (mut idle, mut steps) = (model.group(3), model.group(3));
            for x in [1.0, 2.0, 0.5, -1.0].map(|x| x * strong(model)) {
                step(idle.as_mut(), &[x, -x, 0.0]);
                step(steps.as_mut(), &[x, -x, 0.0]);
            }
            let mut emitted = [0.0; 3];
            for _ in 0..length {
                for (sum, out) in emitted.iter_mut().zip(step(steps.as_mut(), &[0.0; 3])) {
                    *sum += f64::from(out);
                }
            }
            for (n, expected) in emitted.into_iter().enumerate() {
                assert_eq!(idle.idle(n, length), expected, "{case}: {length} timesteps");
            }
            // The whole state agrees: so does the future.
            for x in noise(50) {
                let x = [4.0 * x * strong(model); 3];
                assert_eq!(step(idle.as_mut(), &x), step(steps.as_mut(), &x), "{case}");
                for n in 0..3 {
                    assert_eq!(idle.potential(n), steps.potential(n), "{case}");
                }
            }
        }
    });
}

/// One group takes each timestep; the other skips those in which it is still and has no input.
#[test]
fn conformance_still_neurons_may_be_skipped() {
    for_each(|case, model, _| {
        let (mut every, mut lazy) = (model.group(1), model.group(1));
        let mut skipped = 0;
        for x in sparse(model, 60_000) {
            let out = step(every.as_mut(), &[x]);
            if x == 0.0 && lazy.is_still(0) {
                skipped += 1;
                assert_eq!(out, [0.0], "{case}: a still neuron emits");
            } else {
                assert_eq!(step(lazy.as_mut(), &[x]), out, "{case}");
            }
            assert_eq!(every.potential(0), lazy.potential(0), "{case}");
        }
        // Those that emit their potential in each timestep rest only at exactly 0 V.
        assert!(
            skipped > 0 || !model.spikes(),
            "{case}: nothing was ever skipped"
        );
    });
}

#[test]
fn conformance_reset_restores() {
    for_each(|case, model, _| {
        let mut group = model.group(3);
        let mut run = || {
            noise(200)
                .into_iter()
                .map(|x| {
                    let out = step(group.as_mut(), &[4.0 * x * strong(model); 3]);
                    (out, [0, 1, 2].map(|n| group.potential(n).to_bits()))
                })
                .collect::<Vec<_>>()
        };
        let first = run();
        group.reset();
        let fresh = model.group(3);
        for n in 0..3 {
            assert_eq!(group.potential(n), fresh.potential(n), "{case}");
        }
        let mut run = || {
            noise(200)
                .into_iter()
                .map(|x| {
                    let out = step(group.as_mut(), &[4.0 * x * strong(model); 3]);
                    (out, [0, 1, 2].map(|n| group.potential(n).to_bits()))
                })
                .collect::<Vec<_>>()
        };
        assert_eq!(first, run(), "{case}");
    });
}

#[test]
fn conformance_silent_until_driven() {
    for_each(|case, _, single| {
        let model = single[0].as_ref();
        let mut group = model.group(1);
        let mut count = |input: f32| {
            (0..200)
                .filter(|_| step(group.as_mut(), &[input])[0] > 0.0)
                .count()
        };
        assert_eq!(count(0.0), 0, "{case} fires without input");
        assert!(
            count(strong(model)) > 0,
            "{case} is silent above its rheobase"
        );
    });
}

/// A biased neuron that no spike reaches fires where the leak pulls it above its threshold.
#[test]
fn conformance_leak_above_threshold_fires() {
    let values = [("tau", 1e-3), ("v_leak", 1.2)];
    for preset in ["nir", "norse", "loihi"] {
        let lif = neuron("lif", &values, &options(preset));
        let mut group = lif.group(1);
        assert!(!group.is_still(0), "{preset}");
        assert!(group.idle(0, 100) > 1.0, "{preset}");
    }
}

#[test]
fn conformance_shared_and_single_parameters_agree() {
    for_each(|case, three, single| {
        assert_eq!(three.parameters_for(), Some(3), "{case}");
        let mut together = three.group(3);
        let mut apart: Vec<_> = single.iter().map(|model| model.group(1)).collect();
        let mut differ = false;
        for x in noise(400) {
            let x = 4.0 * x * strong(three);
            let out = step(together.as_mut(), &[x; 3]);
            for (n, group) in apart.iter_mut().enumerate() {
                assert_eq!(step(group.as_mut(), &[x]), [out[n]], "{case}");
                assert_eq!(group.potential(0), together.potential(n), "{case}");
            }
            differ |= out[0] != out[2] || together.potential(0) != together.potential(2);
        }
        assert!(differ, "{case}: parameters make no difference");
        for model in single {
            assert_eq!(model.parameters_for(), None, "{case}");
        }
    });
}

#[test]
fn conformance_copies_are_equal_and_others_are_not() {
    for_each(|case, three, single| {
        assert!(three.equals(three.boxed().as_ref()), "{case}");
        assert!(!three.equals(single[0].as_ref()), "{case}");
        assert!(!single[0].equals(single[1].as_ref()), "{case}");
    });
}

// ---- errors ------------------------------------------------------------------------------------

#[test]
fn worked_errors_name_the_thing() {
    let nir = options("nir");
    let message = |name: &str, parameters: &Parameters, options: &Options| {
        build(name, parameters, options)
            .expect_err("refused")
            .to_string()
    };
    let tau = uniform(&[("tau", 0.01)]);
    assert!(message("liff", &tau, &nir).contains("did you mean \"lif\""));
    let typo = uniform(&[("tau", 0.01), ("v_treshold", 1.0)]);
    assert!(message("lif", &typo, &nir).contains("did you mean \"v_threshold\""));
    assert!(message("lif", &uniform(&[]), &nir).contains("needs the parameter \"tau\" [s]"));
    assert!(message("lif", &uniform(&[("tau", 0.0)]), &nir).contains("tau = 0"));
    let infinite = uniform(&[("tau", 1.0), ("r", f64::INFINITY)]);
    assert!(message("lif", &infinite, &nir).contains("r = inf"));
    let mut lengths = tau.clone();
    lengths.insert("r".into(), Parameter::each(vec![1.0, 2.0]));
    lengths.insert("v_reset".into(), Parameter::each(vec![1.0, 2.0, 3.0]));
    assert!(message("lif", &lengths, &nir).contains("v_reset has 3 values, but r has 2"));
    let still = Options { dt_s: 0.0, ..nir };
    assert!(message("lif", &tau, &still).contains("dt_s = 0"));
    let many = Options {
        spike_limit: SpikeLimit::Unbounded,
        ..nir
    };
    assert!(message("if", &uniform(&[("v_threshold", 0.0)]), &many).contains("v_threshold = 0"));
    let loihi = options("loihi");
    assert!(message("lif", &uniform(&[("tau", 1.0)]), &loihi).contains("12-bit decay"));
    let high = uniform(&[("v_threshold", 1e6)]);
    assert!(message("if", &high, &loihi).contains("131071"));
    let subtract = Options {
        reset: ResetRule::Subtract,
        ..loihi
    };
    assert!(message("lif", &tau, &subtract).contains("resets to 0"));
    let error = Preset::get("snn_torch").expect_err("no such preset");
    assert!(error.to_string().contains("did you mean \"snntorch\""));
    assert!(matches!(error, NeuronError::UnknownPreset { .. }));
}

// ---- spikes of other simulators ------------------------------------------------------------------

/// Folder named by the environment variable, if its reference files are there.
fn shared(variable: &str) -> Option<PathBuf> {
    let folder = std::env::var_os(variable).map(PathBuf::from);
    if folder.is_none() {
        eprintln!("SKIPPED: {variable} names no folder with reference files");
    }
    folder
}

fn npy<T: spikewatt::formats::npy::Element>(path: &std::path::Path) -> ndarray::Array2<T> {
    crate::npy::read_npy(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// The numbers of a dataset of a NIR file; `None` if there is none.
fn field(file: &hdf5::File, node: &str, name: &str) -> Option<Vec<f64>> {
    let dataset = file.dataset(&format!("/node/nodes/{node}/{name}")).ok()?;
    Some(match dataset.read_f64() {
        Ok(values) => values,
        Err(_) => dataset
            .read_f32()
            .expect("numbers")
            .into_iter()
            .map(f64::from)
            .collect(),
    })
}

/// A node of a NIR file, ready to run.
enum Stage {
    /// Weights `[out, in]` and bias.
    Affine(Vec<f64>, Vec<f64>),
    Scale(Vec<f64>),
    Neurons(Box<dyn Advance>, usize),
}

impl Stage {
    fn load(file: &hdf5::File, node: &str, model: Option<&str>, options: &Options) -> Stage {
        if let Some(scale) = field(file, node, "scale") {
            return Stage::Scale(scale);
        }
        let Some(model) = model else {
            let weight = field(file, node, "weight").expect("weights");
            return Stage::Affine(weight, field(file, node, "bias").unwrap_or_default());
        };
        let mut neurons = 0;
        let parameters = Model::get(model)
            .expect("a model")
            .parameters
            .iter()
            .filter_map(|p| {
                let values = field(file, node, p.name)?;
                neurons = values.len();
                Some((p.name.to_owned(), Parameter::each(values)))
            })
            .collect();
        let model = build(model, &parameters, options).expect("a model");
        Stage::Neurons(model.group(neurons), neurons)
    }

    fn run(&mut self, input: &[f64]) -> Vec<f64> {
        match self {
            Stage::Affine(weight, bias) => weight
                .chunks(input.len())
                .enumerate()
                .map(|(o, row)| {
                    let sum: f64 = row.iter().zip(input).map(|(w, x)| w * x).sum();
                    sum + bias.get(o).unwrap_or(&0.0)
                })
                .collect(),
            Stage::Scale(scale) => scale.iter().zip(input).map(|(s, x)| s * x).collect(),
            Stage::Neurons(group, neurons) => {
                assert_eq!(*neurons, input.len());
                let input: Vec<f32> = input.iter().map(|x| *x as f32).collect();
                step(group.as_mut(), &input)
                    .into_iter()
                    .map(f64::from)
                    .collect()
            }
        }
    }
}

/// Chains of nodes of small NIR files against the spikes of a simulator written apart from this
/// crate, which agrees with norse and snnTorch: both resets, and both orders of the current.
#[test]
fn reference_nir_chains() {
    let Some(folder) = shared("SPIKEWATT_SHARED_MODELS") else {
        return;
    };
    let folder = folder.join("nir");
    type Node = (&'static str, Option<&'static str>);
    let chains: &[(&str, &str, &[Node])] = &[
        ("lif_norse", "", &[("0", None), ("1", Some("lif"))]),
        (
            "two_lif_neurons",
            ".lif1",
            &[("linear1", None), ("lif1", Some("lif"))],
        ),
        (
            "p_affine_lif",
            "",
            &[("0_affine", None), ("1_lif", Some("lif"))],
        ),
        (
            "p_linear_if",
            "",
            &[("0_linear", None), ("1_if", Some("if"))],
        ),
        (
            "p_cubalif",
            "",
            &[("0_affine", None), ("1_cubalif", Some("cuba_lif"))],
        ),
        (
            "p_lif_nonzero_leak_reset",
            "",
            &[("0_linear", None), ("1_lif", Some("lif"))],
        ),
        (
            "p_scale_threshold",
            "",
            &[("0_scale", None), ("1_threshold", Some("threshold"))],
        ),
        (
            "p_li_readout",
            "",
            &[
                ("0_linear", None),
                ("1_lif", Some("lif")),
                ("2_linear", None),
                ("3_li", Some("li")),
            ],
        ),
    ];
    let nir = options("nir");
    let subtract = Options {
        reset: ResetRule::Subtract,
        ..nir
    };
    let old = Options {
        current_order: CurrentOrder::Old,
        ..nir
    };
    let mut compared = 0;
    for (name, inner, nodes) in chains {
        let file = hdf5::File::open(folder.join(format!("{name}.nir"))).expect("a NIR file");
        let input = npy::<f32>(&folder.join(format!("ref/{name}.in.npy")));
        for (suffix, options) in [
            ("value", &nir),
            ("subtract", &subtract),
            ("value_oldI", &old),
        ] {
            let path = folder.join(format!("ref/{name}{inner}.np_{suffix}.npy"));
            if !path.exists() {
                continue;
            }
            let expected = match crate::npy::read_npy::<_, ndarray::Array2<u8>>(&path) {
                Ok(spikes) => spikes.mapv(f64::from),
                Err(_) => npy::<f32>(&path).mapv(f64::from),
            };
            let mut stages: Vec<Stage> = nodes
                .iter()
                .map(|(node, model)| Stage::load(&file, node, *model, options))
                .collect();
            for (t, x) in input.outer_iter().enumerate() {
                let x = x.iter().map(|x| f64::from(*x)).collect();
                let out = stages
                    .iter_mut()
                    .fold(x, |x: Vec<f64>, stage| stage.run(&x));
                for (n, (found, expected)) in out.iter().zip(expected.row(t)).enumerate() {
                    assert!(
                        (found - expected).abs() < 1e-5,
                        "{name} {suffix}: step {t}, neuron {n}: {found}, expected {expected}"
                    );
                }
            }
            compared += 1;
        }
    }
    assert_eq!(compared, 16);
}

/// The recurrent layer of the NIR paper's Braille network: 38 neurons with parameters of their own.
#[test]
fn reference_nir_recurrent_braille() {
    let Some(folder) = shared("SPIKEWATT_SHARED_MODELS") else {
        return;
    };
    let folder = folder.join("nir");
    let name = "braille_noDelay_bias_zero";
    let file = hdf5::File::open(folder.join(format!("{name}.nir"))).expect("a NIR file");
    let input = npy::<f32>(&folder.join(format!("ref/{name}.in.npy")));
    for (suffix, reset) in [
        ("value", ResetRule::File),
        ("subtract", ResetRule::Subtract),
    ] {
        let options = Options {
            reset,
            ..options("nir")
        };
        let path = |layer: &str| folder.join(format!("ref/{name}{layer}.np_{suffix}.npy"));
        let (hidden, output) = (npy::<u8>(&path(".lif1.lif")), npy::<u8>(&path("")));
        let load = |node, model| Stage::load(&file, node, model, &options);
        let (mut fc1, mut recurrent, mut fc2) = (
            load("fc1", None),
            load("lif1.w_rec", None),
            load("fc2", None),
        );
        let (mut lif1, mut lif2) = (
            load("lif1.lif", Some("cuba_lif")),
            load("lif2", Some("cuba_lif")),
        );
        let mut before = vec![0.0; 38];
        for (t, x) in input.outer_iter().enumerate() {
            let x: Vec<f64> = x.iter().map(|x| f64::from(*x)).collect();
            let back = recurrent.run(&before);
            let sum: Vec<f64> = fc1.run(&x).iter().zip(back).map(|(a, b)| a + b).collect();
            before = lif1.run(&sum);
            let out = lif2.run(&fc2.run(&before));
            assert_eq!(
                before,
                hidden.row(t).mapv(f64::from).to_vec(),
                "{suffix} step {t}"
            );
            assert_eq!(
                out,
                output.row(t).mapv(f64::from).to_vec(),
                "{suffix} step {t}"
            );
        }
    }
}

/// Published traces of one LIF neuron: norse, snnTorch, sinabs and Loihi.
#[test]
fn reference_published_lif_traces() {
    let Some(folder) = shared("SPIKEWATT_SHARED_MODELS") else {
        return;
    };
    let folder = folder.join("nir/ref");
    let rows = |name: &str| -> Vec<[f64; 3]> {
        let path = folder.join(format!("lif_{name}.csv"));
        let text = std::fs::read_to_string(&path).expect("a published trace");
        text.lines()
            .map(|line| {
                let mut values = line.split(',').map(|v| v.parse().expect("a number"));
                [(); 3].map(|()| values.next().expect("three columns"))
            })
            .collect()
    };
    let input = npy::<f32>(&folder.join("lif_norse.in.npy"));
    // (trace, preset, timestep [s], timesteps it lags, potential per unit, accuracy)
    let sinabs = Options {
        // tau was given in timesteps, and the published input is already scaled by dt/tau.
        dt_s: 1e-4,
        input: InputKind::Delta,
        ..options("sinabs")
    };
    let cases = [
        ("norse", options("norse"), 1.0, 0, 1.0, 1e-6),
        // snnTorch divides the threshold instead of scaling the input.
        ("snntorch", options("snntorch"), 1.0, 0, 0.04, 1e-6),
        ("sinabs", sinabs, 0.04, 0, 1.0, 1e-6),
        (
            "lava_loihi_fixed",
            options("loihi"),
            1.0,
            1,
            1.0 / 16384.0,
            0.0,
        ),
    ];
    for (name, options, scale, lag, unit, tolerance) in cases {
        let values = [("tau", 2.5e-3), ("v_threshold", 0.1)];
        let mut group = neuron("lif", &values, &options).group(1);
        let rows = rows(name);
        for (t, &x) in input.iter().enumerate() {
            let spikes = step(group.as_mut(), &[x * scale])[0];
            let Some([_, v, z]) = rows.get(t + lag) else {
                continue;
            };
            assert_eq!(f64::from(spikes), *z, "{name}: spike in step {t}");
            if spikes == 0.0 {
                let found = group.potential(0);
                assert!(
                    (found - v * unit).abs() <= tolerance,
                    "{name}: potential {found} in step {t}, published {v}"
                );
            }
        }
    }
}

/// A noise-free Brunel network on which NEST and GeNN agree spike for spike: 45,965 spikes.
#[test]
fn reference_brunel_2000() {
    let Some(folder) = shared("SPIKEWATT_SHARED_DATA") else {
        return;
    };
    let file = std::fs::File::open(folder.join("brunel2000.npz")).expect("the network");
    let mut npz = crate::npy::NpzReader::new(file).expect("an npz file");
    let indptr: ndarray::Array1<i64> = npz.by_name("indptr").expect("indptr");
    let target: ndarray::Array1<u16> = npz.by_name("target").expect("target");
    let initial: ndarray::Array1<f64> = npz.by_name("initial_potential").expect("potentials");
    let spike_step: ndarray::Array1<u16> = npz.by_name("spike_step").expect("steps");
    let spike_neuron: ndarray::Array1<u16> = npz.by_name("spike_neuron").expect("neurons");
    let expected: Vec<(u16, u16)> = spike_step.into_iter().zip(spike_neuron).collect();

    let mut parameters = uniform(&[
        ("tau", 20.0),
        ("v_leak", 24.0),
        ("v_threshold", 20.0),
        ("v_reset", 10.0),
    ]);
    parameters.insert("v_initial".into(), Parameter::each(initial.to_vec()));
    let options = Options {
        dt_s: 0.1,
        integration: Integration::Exponential,
        input: InputKind::Delta,
        test: ThresholdTest::AtLeast,
        refractory_timesteps: 20,
        ..options("nir")
    };
    let mut group = build("lif", &parameters, &options)
        .expect("a model")
        .group(2000);
    let mut arriving = vec![vec![0.0_f32; 2000]; 15];
    let mut found = Vec::new();
    for t in 1..=10_000_u16 {
        let slot = usize::from(t) % 15;
        let mut fired = Vec::new();
        group.advance(&arriving[slot], &mut |n, _| fired.push(n as u16));
        arriving[slot].fill(0.0);
        for n in fired {
            found.push((t, n));
            let weight = if n < 1600 { 0.5 } else { -2.5 };
            let row = indptr[usize::from(n)] as usize..indptr[usize::from(n) + 1] as usize;
            for synapse in row {
                arriving[slot][usize::from(target[synapse])] += weight;
            }
        }
    }
    assert_eq!(found.len(), 45_965);
    assert!(found == expected, "the spikes differ");
}
