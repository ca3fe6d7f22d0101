//! Neuron nodes as neuron models.

use super::super::{IF, Primitive, Tensor};
use super::map::{at, positions};
use crate::network::Shape;
use crate::neuron::{InitialPotential, Options, Resistance, SpikeLimit};
use crate::neuron::{IntegrateFire, Model, Neuron, NeuronError, Parameter, Reset, build};
use std::collections::BTreeMap;

/// The model of a node that is a neuron; `None` if it is none. `last`: it only leads to Outputs;
/// `start`: potentials before the first timestep that are not the options'.
pub(super) fn neuron(
    primitive: &Primitive,
    shape: Shape,
    last: bool,
    options: &Options,
    start: Option<&Tensor>,
) -> Option<Result<Neuron, NeuronError>> {
    let (model, parameters): (_, Vec<(&str, &Tensor)>) = match primitive {
        Primitive::Input(_) => return Some(Ok(Neuron::Input)),
        Primitive::Threshold(node) => ("threshold", vec![("threshold", &node.threshold)]),
        Primitive::I(node) => {
            if last && start.is_none() && is_plain(options) && adds_whole_input(&node.r, options) {
                return Some(Ok(Neuron::Integrator));
            }
            ("i", vec![("r", &node.r)])
        }
        Primitive::IF(node) => {
            if let Some(fast) = integrate_fire(node, shape, options, start) {
                return Some(Ok(Neuron::IntegrateFire(fast)));
            }
            (
                "if",
                vec![
                    ("r", &node.r),
                    ("v_threshold", &node.v_threshold),
                    ("v_reset", &node.v_reset),
                ],
            )
        }
        Primitive::LI(node) => (
            "li",
            vec![("tau", &node.tau), ("r", &node.r), ("v_leak", &node.v_leak)],
        ),
        Primitive::LIF(node) => (
            "lif",
            vec![
                ("tau", &node.tau),
                ("r", &node.r),
                ("v_leak", &node.v_leak),
                ("v_threshold", &node.v_threshold),
                ("v_reset", &node.v_reset),
            ],
        ),
        Primitive::CubaLI(node) => (
            "cuba_li",
            vec![
                ("tau_syn", &node.tau_syn),
                ("tau_mem", &node.tau_mem),
                ("r", &node.r),
                ("v_leak", &node.v_leak),
                ("w_in", &node.w_in),
            ],
        ),
        Primitive::CubaLIF(node) => (
            "cuba_lif",
            vec![
                ("tau_syn", &node.tau_syn),
                ("tau_mem", &node.tau_mem),
                ("r", &node.r),
                ("v_leak", &node.v_leak),
                ("v_threshold", &node.v_threshold),
                ("v_reset", &node.v_reset),
                ("w_in", &node.w_in),
            ],
        ),
        _ => return None,
    };
    let order = positions(shape);
    let has_start = |model: &&Model| model.parameters.iter().any(|p| p.name == "v_initial");
    let start = start.filter(|_| Model::get(model).is_ok_and(|model| has_start(&model)));
    let parameters: BTreeMap<String, Parameter> = parameters
        .into_iter()
        .chain(start.map(|start| ("v_initial", start)))
        .map(|(name, tensor)| (name.to_owned(), per_neuron(tensor, &order)))
        .collect();
    Some(build(model, &parameters, options).map(Neuron::Model))
}

fn per_neuron(tensor: &Tensor, order: &[usize]) -> Parameter {
    match tensor.data[..] {
        [value] => Parameter::uniform(value),
        _ => Parameter::each(
            order
                .iter()
                .map(|&position| tensor.data[position])
                .collect(),
        ),
    }
}

/// Whether potentials start at 0 and are plain numbers.
fn is_plain(options: &Options) -> bool {
    let at_zero = match options.initial {
        InitialPotential::File | InitialPotential::Leak | InitialPotential::Metadata => true,
        InitialPotential::Value(v) => v == 0.0,
    };
    at_zero && options.fixed_point.is_none()
}

fn adds_whole_input(r: &Tensor, options: &Options) -> bool {
    let scale = match options.resistance {
        Resistance::Ignored => return true,
        Resistance::PerSecond => options.dt_s,
        Resistance::Used | Resistance::Fixed => 1.0,
    };
    r.data.iter().all(|&r| r * scale == 1.0)
}

/// The node as the neuron of converted networks, which the engine runs faster, if it is one.
fn integrate_fire(
    node: &IF,
    shape: Shape,
    options: &Options,
    start: Option<&Tensor>,
) -> Option<IntegrateFire> {
    let rules = options.integrate_fire;
    let reset = options.reset.resolve(rules.reset)?;
    let plain = is_plain(options)
        && options.spike_limit == SpikeLimit::One
        && options.refractory_timesteps == 0
        && rules.decay == 1.0
        && !rules.floor;
    let to_zero = reset == Reset::Subtract
        || !options.reads_v_reset
        || node.v_reset.data.iter().all(|&v| v == 0.0);
    let exact = |v: &f64| *v > 0.0 && f64::from(*v as f32) == *v;
    let initial = match start {
        Some(start) => fraction(start, &node.v_threshold, shape.neurons())?,
        None => 0.0,
    };
    (plain
        && to_zero
        && adds_whole_input(&node.r, options)
        && node.v_threshold.data.iter().all(exact))
    .then(|| IntegrateFire {
        threshold: positions(shape)
            .into_iter()
            .map(|position| at(&node.v_threshold.data, position) as f32)
            .collect(),
        initial,
        reset,
        test: options.test,
        signed: false,
    })
}

/// The part of the threshold at which all neurons start, if it is the same for all: exactly what
/// single precision makes of it.
fn fraction(start: &Tensor, threshold: &Tensor, neurons: usize) -> Option<f32> {
    let pair = |n| (at(&start.data, n) as f32, at(&threshold.data, n) as f32);
    let (v, theta) = pair(0);
    let near = v / theta;
    let fits = |fraction: &f32| {
        (0..neurons).all(|n| {
            let (v, theta) = pair(n);
            f64::from(v) == at(&start.data, n) && fraction * theta == v
        })
    };
    [near, near.next_up(), near.next_down()]
        .into_iter()
        .find(fits)
}
