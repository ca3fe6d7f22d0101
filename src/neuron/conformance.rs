//! Every model under every option against the plain loop, bit for bit.

use crate::neuron::{
    Advance, CurrentOrder, FixedPoint, InitialPotential, InputKind, IntegrateFireOptions,
    Integration, LANES, MODELS, Model, NeuronError, Options, PRESETS, Parameter, Relay, Reset,
    ResetRule, SpikeLimit, ThresholdTest, build,
};
use crate::neuron::{Dynamics, model::ONE_BY_ONE};
use crate::spike_train::SpikeTrain;
use proptest::prelude::*;
use std::collections::BTreeMap;

/// Numbers that look random, of a seed.
fn mixed(seed: u64, place: usize) -> u64 {
    let mut z = seed.wrapping_add((place as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A value that a parameter may have.
fn value(name: &str, number: u64) -> f64 {
    let part = (number % 1000) as f64 / 1000.0;
    match name {
        "tau" | "tau_mem" | "tau_syn" | "tau_adaptation" => 1e-3 + 9e-3 * part,
        "r" => 0.5 + 4.0 * part,
        "v_threshold" | "threshold" => 0.25 + part,
        "beta" | "w_in" => 2.0 * part,
        "a" => 0.02 + 0.08 * part,
        "b" => 0.2 + 0.05 * part,
        "c" => -65.0 + 15.0 * part,
        "d" => 2.0 + 6.0 * part,
        _ => part - 0.5,
    }
}

/// Each parameter of a model shared, or with a value for each neuron.
fn parameters(
    model: &Model,
    neurons: usize,
    apart: bool,
    seed: u64,
) -> BTreeMap<String, Parameter> {
    let one = |(i, name): (usize, &'static str)| {
        let values = |n: usize| value(name, mixed(seed, i * 1000 + n));
        let parameter = match apart {
            true => Parameter::each((0..neurons).map(values).collect()),
            false => Parameter::uniform(values(0)),
        };
        (name.to_owned(), parameter)
    };
    let names = model.parameters.iter().map(|p| p.name).enumerate();
    // Izhikevich starts where it rests.
    names
        .filter(|(_, name)| model.name != "izhikevich" || *name != "v_initial")
        .map(one)
        .collect()
}

/// Every combination of what may be chosen, one bit or two of `choice` each.
fn options(choice: u32) -> Options {
    let bit = |i: u32| choice >> i & 1 == 1;
    Options {
        dt_s: 1e-3,
        integration: if bit(0) {
            Integration::Euler
        } else {
            Integration::Exponential
        },
        test: if bit(1) {
            ThresholdTest::Above
        } else {
            ThresholdTest::AtLeast
        },
        reset: match (bit(12), bit(13), bit(2)) {
            (false, false, true) => ResetRule::Subtract,
            (false, _, _) => ResetRule::Value,
            (true, false, true) => ResetRule::SubtractNext,
            (true, false, false) => ResetRule::ValueNext,
            (true, true, _) => ResetRule::None,
        },
        reads_v_reset: bit(3),
        refractory_timesteps: if bit(4) { 2 } else { 0 },
        spike_limit: if bit(5) {
            SpikeLimit::Unbounded
        } else {
            SpikeLimit::One
        },
        input: if bit(6) {
            InputKind::Current
        } else {
            InputKind::Delta
        },
        current_order: if bit(7) {
            CurrentOrder::New
        } else {
            CurrentOrder::Old
        },
        initial: if bit(8) {
            InitialPotential::File
        } else {
            InitialPotential::Value(0.3)
        },
        integrate_fire: IntegrateFireOptions {
            decay: if bit(9) { 1.0 } else { 0.9 },
            floor: bit(10),
            reset: Reset::ToValue,
        },
        fixed_point: bit(11).then_some(FixedPoint {
            weight_scale: 256.0,
        }),
        ..PRESETS[0].options
    }
}

/// Choices that a model may refuse: several spikes, integers, resets in the next timestep and what
/// Izhikevich has no place for.
const CHOICES: u32 = 1 << 14;

/// Input of a timestep: of either sign, zero, or none.
fn input(neurons: usize, scale: f32, seed: u64) -> Vec<f32> {
    let one = |n| match mixed(seed, n) % 64 {
        0..12 => -0.0,
        12..16 => 0.0,
        x => scale * (x as f32 / 32.0 - 0.875),
    };
    (0..neurons).map(one).collect()
}

/// Spikes, potentials and active neurons of every way that there is.
fn compare(model: &dyn Dynamics, neurons: usize, scale: f32, seed: u64) -> usize {
    let first = 3;
    let range = first..neurons;
    let neurons = range.len();
    let mut plain = model.plain_group_of(range.clone());
    let mut fast = model.group_of(range.clone());
    let mut by_block = model.group_of(range);
    let mut spikes = 0;
    let bits = |group: &dyn Advance| -> Vec<u64> {
        // Which of two that are no numbers comes out is nobody's business.
        let bits = |v: f64| {
            if v.is_nan() {
                f64::NAN.to_bits()
            } else {
                v.to_bits()
            }
        };
        (0..neurons).map(|n| bits(group.potential(n))).collect()
    };
    for t in 0..40 {
        let input = input(neurons, scale, seed ^ (t << 32));
        let (mut expected, mut found) = (SpikeTrain::new(), SpikeTrain::new());
        let active = plain.advance_train(&input, true, &mut expected);
        assert_eq!(
            fast.advance_train(&input, true, &mut found),
            active,
            "timestep {t}"
        );
        expected.end_timestep();
        found.end_timestep();
        assert_eq!(found, expected, "timestep {t}");
        assert_eq!(bits(&*fast), bits(&*plain), "timestep {t}");
        spikes += expected.at(0).neurons.len();
        let Some(blocks) = by_block.blocks() else {
            continue;
        };
        let (mut words, mut counted) = (Vec::new(), [0]);
        for (block, part) in input.chunks(LANES).enumerate() {
            let mut padded = [-0.0; LANES];
            padded[..part.len()].copy_from_slice(part);
            blocks.advance_block(block, &[padded], &mut words, Some(&mut counted));
        }
        let mut found = SpikeTrain::new();
        for (block, word) in words.into_iter().enumerate() {
            found.extend_word(word, (block * LANES) as u32);
        }
        found.end_timestep();
        assert_eq!(found, expected, "timestep {t}");
        assert_eq!(counted, [active], "timestep {t}");
        assert_eq!(bits(&*by_block), bits(&*plain), "timestep {t}");
    }
    fast.reset();
    plain.reset();
    assert_eq!(bits(&*fast), bits(&*plain), "at rest");
    spikes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn closed_form_many_at_once_equal_one_by_one(
        which in 0..MODELS.len(), choice in 0..CHOICES, apart in any::<bool>(),
        neurons in 4usize..150, seed in any::<u64>(),
    ) {
        let model = &MODELS[which];
        let parameters = parameters(model, neurons, apart, seed);
        let scale = if model.name == "izhikevich" { 40.0 } else { 1.0 };
        if let Ok(model) = build(model.name, &parameters, &options(choice)) {
            compare(&*model, neurons, scale, seed);
        }
    }
}

/// The property above means something: neurons of each model that spikes do.
#[test]
fn neurons_of_the_comparison_spike() {
    for model in MODELS {
        let parameters = parameters(model, 100, true, 7);
        let scale = if model.name == "izhikevich" {
            40.0
        } else {
            1.0
        };
        let built = build(model.name, &parameters, &options(0b0011_0000_1011)).expect("a model");
        let spikes = compare(&*built, 100, scale, 7);
        assert!(spikes > 50, "{}: {spikes} spikes", model.name);
    }
}

/// No model runs one neuron after the other, whatever is chosen and whatever neurons share.
#[test]
fn no_combination_runs_on_the_plain_loop() {
    let mut built = BTreeMap::new();
    for model in MODELS {
        for choice in 0..CHOICES {
            for apart in [false, true] {
                let parameters = parameters(model, 4, apart, 1);
                let made: Result<_, NeuronError> = build(model.name, &parameters, &options(choice));
                if let Ok(neuron) = made {
                    let kernel = neuron.group_of(0..4).kernel();
                    assert_ne!(kernel, ONE_BY_ONE, "{} {:?}", model.name, options(choice));
                    *built.entry(model.name).or_insert(0) += 1;
                }
            }
        }
    }
    assert_eq!(built.len(), MODELS.len());
    assert!(built.values().all(|built| *built > 100), "{built:?}");
    assert_ne!(Relay.group_of(0..4).kernel(), ONE_BY_ONE);
    compare(&Relay, 100, 1.0, 5);
}
