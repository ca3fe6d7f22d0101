//! Neuron nodes as neuron models.

use super::super::{IF, Primitive, Tensor};
use super::map::positions;
use crate::network::Shape;
use crate::neuron::{InitialPotential, Options, Resistance, SpikeLimit};
use crate::neuron::{IntegrateFire, Neuron, NeuronError, Parameter, Reset, build};
use std::collections::BTreeMap;

/// The model of a node that is a neuron; `None` if it is none.
pub(super) fn neuron(
    primitive: &Primitive,
    shape: Shape,
    options: &Options,
) -> Option<Result<Neuron, NeuronError>> {
    let (model, parameters): (_, Vec<(&str, &Tensor)>) = match primitive {
        Primitive::Input(_) => return Some(Ok(Neuron::Input)),
        Primitive::Threshold(node) => ("threshold", vec![("threshold", &node.threshold)]),
        Primitive::I(node) => ("i", vec![("r", &node.r)]),
        Primitive::IF(node) => {
            if let Some(fast) = integrate_fire(node, shape, options) {
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
    let parameters: BTreeMap<String, Parameter> = parameters
        .into_iter()
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

/// The node as the neuron of converted networks, which the engine runs faster, if it is one.
fn integrate_fire(node: &IF, shape: Shape, options: &Options) -> Option<IntegrateFire> {
    let all = |tensor: &Tensor, value: f64| tensor.data.iter().all(|&v| v == value);
    let rules = options.integrate_fire;
    let reset = options.reset.resolve(rules.reset);
    let plain = options.fixed_point.is_none()
        && options.spike_limit == SpikeLimit::One
        && options.refractory_timesteps == 0
        && rules.decay == 1.0
        && !rules.floor;
    let at_zero = match options.initial {
        InitialPotential::File | InitialPotential::Leak => true,
        InitialPotential::Value(v) => v == 0.0,
    };
    let whole_input = all(&node.r, 1.0) || options.resistance == Resistance::Ignored;
    let to_zero = reset == Reset::Subtract || !options.reads_v_reset || all(&node.v_reset, 0.0);
    let thresholds = node.v_threshold.broadcast(&[shape.neurons()]);
    let thresholds = thresholds.map_or_else(|| node.v_threshold.data.clone(), |t| t.data);
    let exact = thresholds
        .iter()
        .all(|&v| v > 0.0 && f64::from(v as f32) == v);
    (plain && at_zero && whole_input && to_zero && exact).then(|| IntegrateFire {
        threshold: positions(shape)
            .into_iter()
            .map(|position| thresholds[position] as f32)
            .collect(),
        initial: 0.0,
        reset,
        test: options.test,
    })
}
