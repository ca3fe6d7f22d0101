//! From a network to a NIR graph, in which weights, biases, pooling and delays are nodes.

use super::graph::{Graph, Node};
use super::primitives::{
    Affine, AvgPool2d, Conv2d, CubaLI, CubaLIF, Delay, Flatten, I, IF, Input, LI, LIF, Linear,
    Output, Primitive, Scale, SumPool2d, Threshold,
};
use super::tensor::Tensor;
use super::{NodeProblem, WRITTEN_VERSION, list};
use crate::network::{
    Convolution, Network, Pattern, Pooling, Population, Projection, Shape, Weights, Window,
};
use crate::neuron::{
    self, CubaLi, CubaLif, If, Li, Lif, Loihi, Neuron, Options, PRESETS, Parameter, Relay, Reset,
    Setup,
};
use std::collections::{BTreeMap, BTreeSet};

/// Most entries of a matrix that sparse synapses are written as.
const MAX_ENTRIES: usize = 1 << 26;

/// A graph, and what NIR has no place for.
#[derive(Debug, Clone, PartialEq)]
pub struct Raised {
    /// The graph. Nodes of populations have their names, with "/" replaced by "_".
    pub graph: Graph,
    /// What a simulator has to be told besides the graph, a sentence each.
    pub notes: Vec<String>,
}

/// A network that NIR cannot express: all populations in the way.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} parts of the network cannot be written as NIR:\n{}", .problems.len(), list(.problems))]
pub struct RaiseError {
    /// What is wrong with which population.
    pub problems: Vec<NodeProblem>,
}

/// The graph that a network, whose timestep is `dt_s` [s], describes. `outputs` are the
/// populations that the result leaves from.
///
/// [`super::lower`] with the options of the network gives the network back if its one-to-one
/// synapses are the only listed ones; other listed synapses come back as a matrix with absent
/// entries, and merged average pooling as sum pooling with smaller weights.
///
/// # Errors
/// All populations that NIR has no node for.
pub fn raise(network: &Network, dt_s: f64, outputs: &[usize]) -> Result<Raised, RaiseError> {
    let mut raising = Raising {
        network,
        dt_s,
        nodes: Vec::new(),
        names: BTreeSet::new(),
        edges: Vec::new(),
        notes: Vec::new(),
        problems: Vec::new(),
    };
    if let Err(problem) = network.check() {
        raising
            .problems
            .push(NodeProblem::graph("", problem.to_string()));
    } else {
        raising.populations();
        raising.projections();
        raising.outputs(outputs);
    }
    if !raising.problems.is_empty() {
        return Err(RaiseError {
            problems: raising.problems,
        });
    }
    Ok(raising.finish())
}

struct Raising<'a> {
    network: &'a Network,
    dt_s: f64,
    /// Those of the populations first, in their order.
    nodes: Vec<Node>,
    names: BTreeSet<String>,
    edges: Vec<(usize, usize)>,
    notes: Vec<String>,
    problems: Vec<NodeProblem>,
}

impl Raising<'_> {
    fn problem(&mut self, population: &Population, reason: impl Into<String>) {
        self.problems.push(NodeProblem {
            node: population.name.clone(),
            primitive: String::new(),
            reason: reason.into(),
        });
    }

    fn node(&mut self, name: &str, primitive: Primitive) -> usize {
        let plain = name.replace(['/', '\0'], "_");
        let mut name = plain.clone();
        let mut number = 2;
        while name.is_empty() || name == "." || !self.names.insert(name.clone()) {
            name = format!("{plain}_{number}");
            number += 1;
        }
        self.nodes.push(Node { name, primitive });
        self.nodes.len() - 1
    }

    /// Adds a node behind another.
    fn chain(&mut self, from: usize, name: &str, primitive: Primitive) -> usize {
        let node = self.node(name, primitive);
        self.edges.push((from, node));
        node
    }

    /// Dimensions of a population's node: maps wherever a window reads them.
    fn dims(&self, index: usize) -> Vec<usize> {
        let shape = self.network.populations[index].shape;
        let windowed = |p: &Projection| {
            p.source == index
                && (p.connectivity.pooling.is_some()
                    || matches!(p.connectivity.pattern, Pattern::Convolution { .. }))
        };
        match self.network.projections.iter().any(windowed) {
            true => maps(shape),
            false => shape.dims(),
        }
    }

    fn populations(&mut self) {
        for (index, population) in self.network.populations.iter().enumerate() {
            let dims = self.dims(index);
            if population.poisson.is_some() {
                self.problem(
                    population,
                    "NIR has no random input; feed its events through an Input",
                );
            }
            let primitive = match self.primitive(population, &dims) {
                Ok(primitive) => primitive,
                Err(reason) => {
                    self.problem(population, reason);
                    Primitive::Input(Input { shape: dims })
                }
            };
            self.node(&population.name, primitive);
        }
    }

    fn primitive(&mut self, population: &Population, dims: &[usize]) -> Result<Primitive, String> {
        let filled = |value: f64| Tensor {
            dims: dims.to_vec(),
            data: vec![value; population.shape.neurons()],
        };
        Ok(match &population.neuron {
            Neuron::Input => Primitive::Input(Input {
                shape: dims.to_vec(),
            }),
            Neuron::Integrator => Primitive::I(I { r: filled(1.0) }),
            Neuron::MaxPool(_) => {
                return Err(String::from(
                    "NIR has no spiking max pooling; replace it by average pooling before conversion",
                ));
            }
            Neuron::IntegrateFire(model) => {
                if model.initial != 0.0 {
                    self.notes.push(format!(
                        "population \"{}\" starts at {} of its threshold; NIR has no initial potential",
                        population.name, model.initial
                    ));
                }
                if model.reset == Reset::Subtract {
                    self.notes.push(format!(
                        "population \"{}\" is reset by subtraction, NIR can only say to v_reset",
                        population.name
                    ));
                }
                if model.test == neuron::ThresholdTest::AtLeast {
                    self.notes.push(format!(
                        "population \"{}\" fires at its threshold, NIR says above it",
                        population.name
                    ));
                }
                let thresholds: Vec<f64> = model.threshold.iter().map(|&v| v.into()).collect();
                Primitive::IF(IF {
                    r: filled(1.0),
                    v_threshold: Tensor {
                        dims: dims.to_vec(),
                        data: population.shape.to_channels_first(&thresholds),
                    },
                    v_reset: filled(0.0),
                })
            }
            Neuron::Model(model) => {
                if model.as_any().is::<Relay>() {
                    return Ok(Primitive::Scale(Scale { scale: filled(1.0) }));
                }
                let setup = setup(model.as_any())
                    .ok_or_else(|| format!("NIR has no neuron like {}", model.name()))?;
                if *setup.options() != spec(self.dt_s) || starts_elsewhere(setup) {
                    self.notes.push(format!(
                        "population \"{}\" runs with options that NIR has no place for; run it with the same",
                        population.name
                    ));
                }
                from_setup(setup, population.shape, dims)?
            }
        })
    }

    fn projections(&mut self) {
        let network = self.network;
        // A bias enters through the first projection that has a place for it.
        let mut biased: Vec<bool> = network
            .populations
            .iter()
            .map(|p| p.bias.is_empty())
            .collect();
        for projection in &network.projections {
            let target = &network.populations[projection.target];
            let bias = match (biased[projection.target], &projection.connectivity.pattern) {
                (false, Pattern::Dense { .. }) => {
                    Some(target.bias.iter().map(|&b| b.into()).collect())
                }
                (false, Pattern::Convolution { convolution, .. })
                    if !is_pool(convolution, &projection.weights) =>
                {
                    by_channel(&target.bias, convolution.output.channels)
                }
                _ => None,
            };
            biased[projection.target] |= bias.is_some();
            if let Err(reason) = self.projection(projection, bias) {
                let source = &network.populations[projection.source].name;
                self.problem(
                    target,
                    format!("the projection from \"{source}\": {reason}"),
                );
            }
        }
        for (population, _) in network
            .populations
            .iter()
            .zip(biased)
            .filter(|(_, biased)| !biased)
        {
            self.problem(
                population,
                "no projection into it can carry its bias: NIR has one bias per neuron behind a matrix and one per channel behind a convolution",
            );
        }
    }

    fn projection(
        &mut self,
        projection: &Projection,
        bias: Option<Vec<f64>>,
    ) -> Result<(), String> {
        let network = self.network;
        let (source, target) = (
            &network.populations[projection.source],
            &network.populations[projection.target],
        );
        let name = |what: &str| format!("{}_{}_{what}", source.name, target.name);
        let mut at = projection.source;
        let mut shape = source.shape;
        if let Some(delay) = self.delay(projection)? {
            at = self.chain(at, &name("delay"), Primitive::Delay(Delay { delay }));
        }
        if let Some(pooling) = &projection.connectivity.pooling {
            at = self.chain(at, &name("pool"), sum_pool(pooling)?);
            shape = pooling.output;
        }
        match &projection.connectivity.pattern {
            Pattern::Dense { .. } | Pattern::Sparse { .. } => {
                if let Some(scale) = one_to_one(projection, shape, target.shape) {
                    if scale.data.iter().any(|&factor| factor != 1.0) {
                        at = self.chain(at, &name("scale"), Primitive::Scale(Scale { scale }));
                    }
                } else {
                    if target.shape.dims().len() > 1 {
                        return Err(format!(
                            "a matrix cannot feed maps of shape {}; NIR has no node that makes maps of a vector",
                            target.shape
                        ));
                    }
                    if shape.dims().len() > 1 || maps_read(network, projection) {
                        let flatten = Flatten {
                            start_dim: 0,
                            end_dim: -1,
                            input_shape: Some(match projection.connectivity.pooling {
                                Some(_) => maps(shape),
                                None => self.dims(projection.source),
                            }),
                        };
                        at = self.chain(at, &name("flatten"), Primitive::Flatten(flatten));
                    }
                    let weight = matrix(projection, shape, target.shape)?;
                    let primitive = match bias {
                        Some(bias) => Primitive::Affine(Affine {
                            bias: Tensor {
                                dims: vec![bias.len()],
                                data: bias,
                            },
                            weight,
                        }),
                        None => Primitive::Linear(Linear { weight }),
                    };
                    at = self.chain(at, &name("weight"), primitive);
                }
            }
            Pattern::Convolution { convolution, .. } => {
                if convolution.window.outputs(convolution.input)
                    != Some((convolution.output.height, convolution.output.width))
                {
                    return Err(String::from(
                        "its last windows leave the padded input, which NIR does not allow",
                    ));
                }
                let primitive = match pool_of(convolution, &projection.weights) {
                    Some(pool) if bias.is_none() => pool,
                    _ => conv(convolution, &projection.weights, bias),
                };
                at = self.chain(at, &name("conv"), primitive);
            }
        }
        if shape_differs(&projection.connectivity.pattern, shape, target.shape) {
            let flatten = Flatten {
                start_dim: 0,
                end_dim: -1,
                input_shape: None,
            };
            at = self.chain(at, &name("flatten"), Primitive::Flatten(flatten));
        }
        if !projection.is_forward() {
            self.notes.push(format!(
                "what \"{}\" sends to \"{}\" closes a cycle and arrives one timestep late; NIR fixes no order",
                source.name, target.name
            ));
        }
        self.edges.push((at, projection.target));
        Ok(())
    }

    /// The delay beyond the timestep that closing a cycle takes.
    fn delay(&self, projection: &Projection) -> Result<Option<Tensor>, String> {
        let cycle = u32::from(!projection.is_forward());
        let seconds = |steps: u32| f64::from(steps.saturating_sub(cycle)) * self.dt_s;
        match &projection.delay {
            crate::network::Delay::Uniform(steps) if *steps <= cycle => Ok(None),
            crate::network::Delay::Uniform(steps) => Ok(Some(Tensor::scalar(seconds(*steps)))),
            crate::network::Delay::Each(delays) => {
                let source = self.network.populations[projection.source].shape;
                match (
                    &projection.connectivity.pooling,
                    &projection.connectivity.pattern,
                ) {
                    (None, Pattern::Sparse { starts, .. })
                        if starts.windows(2).all(|row| row[1] - row[0] <= 1) =>
                    {
                        let each: Vec<f64> = starts
                            .windows(2)
                            .map(|row| {
                                let delay = delays.get(row[0] as usize).filter(|_| row[1] > row[0]);
                                seconds(delay.copied().map_or(0, u32::from))
                            })
                            .collect();
                        Ok(Some(Tensor {
                            dims: self.dims(projection.source),
                            data: source.to_channels_first(&each),
                        }))
                    }
                    _ => Err(String::from(
                        "NIR has a delay per source, not per synapse; give all synapses of a neuron the same delay",
                    )),
                }
            }
        }
    }

    fn outputs(&mut self, outputs: &[usize]) {
        for &index in outputs {
            if index >= self.network.populations.len() {
                self.problems.push(NodeProblem::graph(
                    "",
                    format!(
                        "output {index} is none of its {} populations",
                        self.network.populations.len()
                    ),
                ));
                continue;
            }
            let shape = self.dims(index);
            self.chain(index, "output", Primitive::Output(Output { shape }));
        }
    }

    fn finish(self) -> Raised {
        let mut order: Vec<usize> = (0..self.nodes.len()).collect();
        order.sort_by(|&a, &b| self.nodes[a].name.cmp(&self.nodes[b].name));
        let mut place = vec![0; order.len()];
        for (index, &node) in order.iter().enumerate() {
            place[node] = index;
        }
        let mut edges: Vec<(usize, usize)> = self
            .edges
            .iter()
            .map(|&(source, target)| (place[source], place[target]))
            .collect();
        edges.sort_unstable();
        let mut nodes = self.nodes;
        nodes.sort_by(|a, b| a.name.cmp(&b.name));
        Raised {
            graph: Graph {
                nodes,
                edges,
                version: Some(WRITTEN_VERSION.into()),
                repairs: Vec::new(),
            },
            notes: self.notes,
        }
    }
}

fn maps(shape: Shape) -> Vec<usize> {
    vec![shape.channels, shape.height, shape.width]
}

/// Whether the source has the dimensions of maps although it is a vector.
fn maps_read(network: &Network, projection: &Projection) -> bool {
    projection.connectivity.pooling.is_some()
        || network.projections.iter().any(|other| {
            other.source == projection.source
                && (other.connectivity.pooling.is_some()
                    || matches!(other.connectivity.pattern, Pattern::Convolution { .. }))
        })
}

/// Whether maps arrive at a vector without a matrix between.
fn shape_differs(pattern: &Pattern, source: Shape, target: Shape) -> bool {
    let arriving = match pattern {
        Pattern::Convolution { convolution, .. } => convolution.output,
        Pattern::Sparse { .. } if source.neurons() == target.neurons() => source,
        _ => return false,
    };
    arriving.dims().len() > 1 && target.dims().len() == 1
}

/// One value per channel, if a list of values per neuron has no more.
fn by_channel(values: &[f32], channels: usize) -> Option<Vec<f64>> {
    let first = values.get(..channels)?;
    values
        .chunks(channels)
        .all(|position| position == first)
        .then(|| first.iter().map(|&value| value.into()).collect())
}

/// The factors \[row-major\] of synapses that join each neuron to the one at the same position.
fn one_to_one(projection: &Projection, source: Shape, target: Shape) -> Option<Tensor> {
    let Pattern::Sparse {
        starts, targets, ..
    } = &projection.connectivity.pattern
    else {
        return None;
    };
    if source.neurons() != target.neurons() || projection.connectivity.pooling.is_some() {
        return None;
    }
    let indices: Vec<usize> = (0..target.neurons()).collect();
    let expected = source.to_channels_last(&target.to_channels_first(&indices));
    let mut factors = vec![0.0; source.neurons()];
    for (neuron, row) in starts.windows(2).enumerate() {
        match row[1] - row[0] {
            0 => {}
            1 if targets[row[0] as usize] as usize == expected[neuron] => {
                factors[neuron] = f64::from(projection.weights.get(row[0] as usize));
            }
            _ => return None,
        }
    }
    Some(Tensor {
        dims: source.dims(),
        data: source.to_channels_first(&factors),
    })
}

/// The weights \[out, in\] of a dense or sparse projection, channels first.
fn matrix(projection: &Projection, source: Shape, target: Shape) -> Result<Tensor, String> {
    let (inputs, outputs) = (source.neurons(), target.neurons());
    let entries = inputs.checked_mul(outputs).filter(|&n| n <= MAX_ENTRIES);
    let listed = matches!(projection.connectivity.pattern, Pattern::Sparse { .. });
    if listed && entries.is_none() {
        return Err(format!(
            "{inputs} × {outputs} weights, most of them absent, are too many for a matrix"
        ));
    }
    let columns = source.to_channels_last(&(0..inputs).collect::<Vec<_>>());
    let rows = target.to_channels_last(&(0..outputs).collect::<Vec<_>>());
    let mut data = vec![0.0; inputs * outputs];
    for (neuron, column) in columns.into_iter().enumerate() {
        match &projection.connectivity.pattern {
            Pattern::Sparse {
                starts, targets, ..
            } => {
                for synapse in starts[neuron] as usize..starts[neuron + 1] as usize {
                    data[rows[targets[synapse] as usize] * inputs + column] +=
                        f64::from(projection.weights.get(synapse));
                }
            }
            Pattern::Dense { present, .. } => {
                let mut set = |first: usize, length: usize| {
                    for (to, row) in rows.iter().enumerate().skip(first).take(length) {
                        data[row * inputs + column] =
                            f64::from(projection.weights.get(neuron * outputs + to));
                    }
                };
                match present {
                    None => set(0, outputs),
                    Some(bits) => bits.for_each_run(neuron, set),
                }
            }
            Pattern::Convolution { .. } => {}
        }
    }
    Ok(Tensor {
        dims: vec![outputs, inputs],
        data,
    })
}

/// Kernel, stride and padding of a window that a pooling node can express.
fn pool_window(window: &Window) -> Option<[[usize; 2]; 3]> {
    let axes = [window.vertical, window.horizontal];
    let fits = axes
        .iter()
        .all(|axis| axis.pad_before == axis.pad_after && (axis.dilation == 1 || axis.kernel == 1));
    fits.then(|| {
        [
            axes.map(|axis| axis.kernel),
            axes.map(|axis| axis.stride),
            axes.map(|axis| axis.pad_before),
        ]
    })
}

fn sum_pool(pooling: &Pooling) -> Result<Primitive, String> {
    let whole = pooling.window.outputs(pooling.input)
        == Some((pooling.output.height, pooling.output.width));
    match pool_window(&pooling.window).filter(|_| whole) {
        Some([kernel_size, stride, padding]) => Ok(Primitive::SumPool2d(SumPool2d {
            kernel_size,
            stride,
            padding,
        })),
        None => Err(String::from(
            "its pooling has different padding before and after, or windows that leave the padded input, which NIR does not allow",
        )),
    }
}

fn is_pool(convolution: &Convolution, weights: &Weights) -> bool {
    pool_of(convolution, weights).is_some()
}

/// A depthwise convolution of equal weights as the pooling that it is.
fn pool_of(convolution: &Convolution, weights: &Weights) -> Option<Primitive> {
    let Weights::Uniform(weight) = *weights else {
        return None;
    };
    let channels = convolution.input.channels;
    if convolution.groups != channels || convolution.output.channels != channels {
        return None;
    }
    let [kernel_size, stride, padding] = pool_window(&convolution.window)?;
    let size = kernel_size[0] as f64 * kernel_size[1] as f64;
    if weight == 1.0 {
        Some(Primitive::SumPool2d(SumPool2d {
            kernel_size,
            stride,
            padding,
        }))
    } else if weight == (1.0 / size) as f32 {
        Some(Primitive::AvgPool2d(AvgPool2d {
            kernel_size,
            stride,
            padding,
        }))
    } else {
        None
    }
}

fn conv(convolution: &Convolution, weights: &Weights, bias: Option<Vec<f64>>) -> Primitive {
    let Convolution {
        input,
        output,
        window,
        groups,
    } = *convolution;
    let (outputs, inputs) = (output.channels, input.channels / groups);
    let per_group = convolution.outputs_per_group();
    let axes = [window.vertical, window.horizontal];
    let kernel = axes.map(|axis| axis.kernel);
    let mut data = Vec::with_capacity(outputs * inputs * kernel[0] * kernel[1]);
    for o in 0..outputs {
        for i in 0..inputs {
            for ky in 0..kernel[0] {
                for kx in 0..kernel[1] {
                    let row = convolution.kernel_row(ky, kx, o / per_group * inputs + i);
                    data.push(f64::from(weights.get(row * per_group + o % per_group)));
                }
            }
        }
    }
    Primitive::Conv2d(Conv2d {
        input_shape: Some([input.height, input.width]),
        weight: Tensor {
            dims: vec![outputs, inputs, kernel[0], kernel[1]],
            data,
        },
        bias: Tensor {
            dims: vec![outputs],
            data: bias.unwrap_or_else(|| vec![0.0; outputs]),
        },
        stride: axes.map(|axis| axis.stride),
        padding: axes.map(|axis| [axis.pad_before, axis.pad_after]),
        dilation: axes.map(|axis| axis.dilation),
        groups,
    })
}

/// How a simulator that knows nothing but the file runs it.
fn spec(dt_s: f64) -> Options {
    Options {
        dt_s,
        ..PRESETS[0].options
    }
}

fn starts_elsewhere(setup: &Setup) -> bool {
    let initial = setup.parameters().get("v_initial");
    initial.is_some_and(|initial| initial.values().iter().any(|&v| v != 0.0))
}

/// Parameters of a model that has them by name.
fn setup(model: &dyn std::any::Any) -> Option<&Setup> {
    None.or_else(|| model.downcast_ref().map(If::setup))
        .or_else(|| model.downcast_ref().map(Lif::setup))
        .or_else(|| model.downcast_ref().map(CubaLif::setup))
        .or_else(|| model.downcast_ref().map(neuron::I::setup))
        .or_else(|| model.downcast_ref().map(Li::setup))
        .or_else(|| model.downcast_ref().map(CubaLi::setup))
        .or_else(|| model.downcast_ref().map(neuron::Threshold::setup))
        .or_else(|| model.downcast_ref().map(Loihi::<true>::setup))
        .or_else(|| model.downcast_ref().map(Loihi::<false>::setup))
}

/// The node of a model, by the names that it shares with NIR.
fn from_setup(setup: &Setup, shape: Shape, dims: &[usize]) -> Result<Primitive, String> {
    let parameters: BTreeMap<&str, Tensor> = setup
        .parameters()
        .iter()
        .map(|(&name, parameter)| (name, tensor(parameter, shape, dims)))
        .collect();
    let get = |name: &str| {
        let missing = || format!("neuron model {} has no {name}", setup.model());
        parameters.get(name).cloned().ok_or_else(missing)
    };
    Ok(match setup.model() {
        "threshold" => Primitive::Threshold(Threshold {
            threshold: get("threshold")?,
        }),
        "i" => Primitive::I(I { r: get("r")? }),
        "if" => Primitive::IF(IF {
            r: get("r")?,
            v_threshold: get("v_threshold")?,
            v_reset: get("v_reset")?,
        }),
        "li" => Primitive::LI(LI {
            tau: get("tau")?,
            r: get("r")?,
            v_leak: get("v_leak")?,
        }),
        "lif" => Primitive::LIF(LIF {
            tau: get("tau")?,
            r: get("r")?,
            v_leak: get("v_leak")?,
            v_threshold: get("v_threshold")?,
            v_reset: get("v_reset")?,
        }),
        "cuba_li" => Primitive::CubaLI(CubaLI {
            tau_syn: get("tau_syn")?,
            tau_mem: get("tau_mem")?,
            r: get("r")?,
            v_leak: get("v_leak")?,
            w_in: get("w_in")?,
        }),
        "cuba_lif" => Primitive::CubaLIF(CubaLIF {
            tau_syn: get("tau_syn")?,
            tau_mem: get("tau_mem")?,
            r: get("r")?,
            v_leak: get("v_leak")?,
            v_threshold: get("v_threshold")?,
            v_reset: get("v_reset")?,
            w_in: get("w_in")?,
        }),
        other => return Err(format!("NIR has no neuron like {other}")),
    })
}

fn tensor(parameter: &Parameter, shape: Shape, dims: &[usize]) -> Tensor {
    let all: Vec<f64> = (0..shape.neurons()).map(|n| parameter.get(n)).collect();
    Tensor {
        dims: dims.to_vec(),
        data: shape.to_channels_first(&all),
    }
}
