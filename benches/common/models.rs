//! Neuron models and options that the same networks are run with.

use spikewatt::network::Population;
use spikewatt::neuron::{
    CurrentOrder, InitialPotential, IntegrateFire, IntegrateFireOptions, Integration, Neuron,
    Options, Parameter, Preset, Reset, ResetRule, SpikeLimit, ThresholdTest, build,
};

/// Makes a population one of a model whose neurons fire less the larger a number is: their
/// threshold, where they have one.
pub type Set = Box<dyn Fn(&mut Population, f32)>;

/// A model under its name in a table.
pub struct Case {
    /// As a table says it.
    pub name: &'static str,
    /// How.
    pub set: Set,
}

/// Length of a timestep [s]; time constants are multiples of it.
const DT: f64 = 1e-3;

fn options() -> Options {
    Options {
        dt_s: DT,
        ..Preset::get("nir").expect("a preset").options
    }
}

/// A model with these parameters and the threshold; each neuron has values of its own if `apart`.
fn case(
    name: &'static str,
    model: &'static str,
    values: &'static [(&'static str, f64)],
    apart: bool,
    options: Options,
) -> Case {
    let set = move |population: &mut Population, threshold: f32| {
        let neurons = population.shape.neurons();
        let parameter = |value: f64| {
            if !apart {
                return Parameter::uniform(value);
            }
            let near = |n: usize| value * (1.0 + 1e-3 * (n % 97) as f64);
            Parameter::each((0..neurons).map(near).collect())
        };
        let threshold = ("v_threshold", f64::from(threshold));
        let parameters = (values.iter().copied().chain([threshold]))
            .map(|(name, value)| (name.to_owned(), parameter(value)))
            .collect();
        population.neuron = Neuron::Model(build(model, &parameters, &options).expect("a model"));
    };
    Case {
        name,
        set: Box::new(set),
    }
}

/// Integrate-and-fire in single precision, what converted networks consist of.
pub fn plain_if() -> Case {
    let set = |population: &mut Population, threshold: f32| {
        population.neuron = Neuron::IntegrateFire(IntegrateFire {
            threshold: vec![threshold; population.shape.neurons()],
            initial: 0.5,
            reset: Reset::Subtract,
            test: ThresholdTest::AtLeast,
            signed: false,
        });
    };
    Case {
        name: "IF, starts at half its threshold",
        set: Box::new(set),
    }
}

/// What any file may say of integrate-and-fire.
pub fn any_start() -> Case {
    let starts = Options {
        initial: InitialPotential::Value(0.3),
        ..options()
    };
    case("IF, starts at 0.3 V", "if", &[], false, starts)
}

/// What two presets say of leaky neurons.
pub fn euler() -> Case {
    case("LIF, Euler", "lif", LEAKY, false, options())
}

/// `r` = tau/dt: input is added whole.
const LEAKY: &[(&str, f64)] = &[("tau", 20.0 * DT), ("r", 20.0)];
const CURRENT: &[(&str, f64)] = &[
    ("tau_syn", 5.0 * DT),
    ("tau_mem", 20.0 * DT),
    ("r", 20.0),
    ("w_in", 5.0),
];
const ADAPTIVE: &[(&str, f64)] = &[
    ("tau", 20.0 * DT),
    ("r", 20.0),
    ("tau_adaptation", 50.0 * DT),
    ("beta", 0.5),
];

fn exponential() -> Options {
    Options {
        integration: Integration::Exponential,
        ..options()
    }
}

fn subtract() -> Options {
    Options {
        reset: ResetRule::Subtract,
        ..options()
    }
}

fn refractory() -> Options {
    Options {
        refractory_timesteps: 2,
        ..options()
    }
}

fn sinabs() -> Options {
    Options {
        dt_s: DT,
        ..Preset::get("sinabs").expect("a preset").options
    }
}

/// Everything that is run on the dense network alone.
pub fn others() -> Vec<Case> {
    let mut cases = without_current();
    cases.extend(with_current_or_adaptation());
    cases.extend([izhikevich(), loihi(), signed()]);
    cases
}

fn without_current() -> Vec<Case> {
    let leaky_if = Options {
        integrate_fire: IntegrateFireOptions {
            decay: 0.9,
            floor: true,
            reset: Reset::Subtract,
        },
        ..options()
    };
    let at_least = Options {
        test: ThresholdTest::AtLeast,
        spike_limit: SpikeLimit::One,
        ..subtract()
    };
    let both = Options {
        integration: Integration::Exponential,
        ..refractory()
    };
    let unit = &[("r", 1.0)];
    vec![
        case("IF, leak and floor", "if", &[], false, leaky_if),
        case("IF, sinabs", "if", &[], false, sinabs()),
        case("IF, values of its own", "if", unit, true, at_least),
        case("LIF, exponential", "lif", LEAKY, false, exponential()),
        case("LIF, Euler, subtracts", "lif", LEAKY, false, subtract()),
        case("LIF, Euler, refractory", "lif", LEAKY, false, refractory()),
        case("LIF, exponential, refractory", "lif", LEAKY, false, both),
        case(
            "LIF, Euler, values of its own",
            "lif",
            LEAKY,
            true,
            options(),
        ),
        case("LIF, sinabs", "lif", LEAKY, false, sinabs()),
    ]
}

fn with_current_or_adaptation() -> Vec<Case> {
    let old = Options {
        current_order: CurrentOrder::Old,
        ..options()
    };
    let exact = Options {
        integration: Integration::Exponential,
        ..subtract()
    };
    let (cuba, alif) = ("cuba_lif", "alif");
    vec![
        case("CubaLIF, Euler", cuba, CURRENT, false, options()),
        case("CubaLIF, Euler, old current", cuba, CURRENT, false, old),
        case("CubaLIF, exponential", cuba, CURRENT, false, exponential()),
        case(
            "CubaLIF, refractory, own values",
            cuba,
            CURRENT,
            true,
            refractory(),
        ),
        case("ALIF, Euler", alif, ADAPTIVE, false, options()),
        case("ALIF, exponential, subtracts", alif, ADAPTIVE, false, exact),
        case(
            "ALIF, refractory, own values",
            alif,
            ADAPTIVE,
            true,
            refractory(),
        ),
    ]
}

/// Without a threshold to set: what is injected falls instead.
fn izhikevich() -> Case {
    let set = |population: &mut Population, threshold: f32| {
        let built = build("izhikevich", &std::collections::BTreeMap::new(), &options());
        population.neuron = Neuron::Model(built.expect("a model"));
        population.bias.fill(200.0 - 0.3 * threshold);
    };
    Case {
        name: "Izhikevich",
        set: Box::new(set),
    }
}

/// The integer neuron of a chip, whose registers hold 0.0625 to 8,191 V.
fn loihi() -> Case {
    let chip = Options {
        dt_s: DT,
        fixed_point: Some(spikewatt::neuron::FixedPoint { weight_scale: 16.0 }),
        ..Preset::get("loihi").expect("a preset").options
    };
    let inner = case("LIF, Loihi", "lif", LEAKY, false, chip);
    let set = move |population: &mut Population, threshold: f32| {
        (inner.set)(population, threshold.max(0.25));
    };
    Case {
        name: "LIF, Loihi",
        set: Box::new(set),
    }
}

/// Spikes that are taken back.
fn signed() -> Case {
    let set = |population: &mut Population, threshold: f32| {
        population.neuron = Neuron::IntegrateFire(IntegrateFire {
            threshold: vec![threshold; population.shape.neurons()],
            initial: 0.5,
            reset: Reset::Subtract,
            test: ThresholdTest::AtLeast,
            signed: true,
        });
    };
    Case {
        name: "IF, signed spikes",
        set: Box::new(set),
    }
}
