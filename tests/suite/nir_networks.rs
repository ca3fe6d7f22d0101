//! Networks made of NIR graphs: against an independent simulator that works on the graph's own
//! nodes in double precision, against other simulators' spikes, and there and back.

use crate::npy::read_npy;
use ndarray::ArrayD;
use proptest::prelude::*;
use spikewatt::formats::nir::*;
use spikewatt::network::{
    Axis, BitRows, Connectivity, Convolution, Network, Pattern, Pooling, Population, Projection,
    Shape, Weights, Window,
};
use spikewatt::neuron::{
    CurrentOrder, IntegrateFire, Neuron, Options, Preset, Relay, Reset, ResetRule, ThresholdTest,
};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// What each neuron emits: `[population][timestep][neuron]`, neurons channels last.
type Emissions = Vec<Vec<Vec<f32>>>;

/// Runs a network on input `[timestep][neuron]`, channels last.
type Runner<'a> = &'a dyn Fn(&Network, &[Vec<f32>]) -> Emissions;

// ---------------------------------------------------------------- clock-driven runner

struct Synapse {
    source: usize,
    target: usize,
    weight: f32,
    delay: usize,
}

fn weight(weights: &Weights, index: usize) -> f32 {
    weights.get(index)
}

/// All synapses of a projection, one by one.
fn synapses(projection: &Projection) -> Vec<Synapse> {
    let connectivity = &projection.connectivity;
    let mut found = Vec::new();
    for source in 0..connectivity.sources() {
        let entry = match &connectivity.pooling {
            Some(pooling) => match pooling.pooled(source) {
                Some(entry) => entry,
                None => continue,
            },
            None => source,
        };
        let mut add = |target: usize, index: usize| {
            let delay = match &projection.delay {
                spikewatt::network::Delays::Uniform(delay) => *delay as usize,
                spikewatt::network::Delays::Each(delays) => usize::from(delays[index]),
            };
            found.push(Synapse {
                source,
                target,
                weight: weight(&projection.weights, index),
                delay: delay.max(usize::from(!projection.is_forward())),
            });
        };
        match &connectivity.pattern {
            Pattern::Dense { targets, .. } => {
                (0..*targets).for_each(|target| add(target, entry * targets + target));
            }
            Pattern::Sparse {
                starts, targets, ..
            } => {
                (starts[entry] as usize..starts[entry + 1] as usize)
                    .for_each(|index| add(targets[index] as usize, index));
            }
            Pattern::Convolution { convolution, .. } => {
                let (c, y, x) = convolution.input.coordinates(entry);
                let outputs = convolution.group_outputs(c);
                let window = convolution.window;
                for (ky, oy) in window.vertical.reached(y, convolution.output.height) {
                    for (kx, ox) in window.horizontal.reached(x, convolution.output.width) {
                        let row = convolution.kernel_row(ky, kx, c) * outputs.len();
                        for (i, o) in outputs.clone().enumerate() {
                            add(convolution.output.index(o, oy, ox), row + i);
                        }
                    }
                }
            }
        }
    }
    found.retain(|synapse| synapse.weight != 0.0);
    found
}

/// Every timestep visits every neuron; synapses are pulled from what was emitted.
fn clock_driven(network: &Network, input: &[Vec<f32>]) -> Emissions {
    network.check().unwrap();
    let synapses: Vec<Vec<Synapse>> = network.projections.iter().map(synapses).collect();
    let mut groups: Vec<_> = network
        .populations
        .iter()
        .map(|population| match &population.neuron {
            Neuron::Model(model) => Some(model.group(population.shape.neurons())),
            _ => None,
        })
        .collect();
    let mut potentials: Vec<Vec<f32>> = network
        .populations
        .iter()
        .map(|population| match &population.neuron {
            Neuron::IntegrateFire(model) => {
                model.threshold.iter().map(|v| v * model.initial).collect()
            }
            _ => vec![0.0; population.shape.neurons()],
        })
        .collect();
    let mut emitted: Emissions = vec![Vec::new(); network.populations.len()];
    for t in 0..input.len() {
        for (index, population) in network.populations.iter().enumerate() {
            let neurons = population.shape.neurons();
            let mut arriving = vec![0.0f32; neurons];
            for (projection, synapses) in network.projections.iter().zip(&synapses) {
                if projection.target != index {
                    continue;
                }
                for synapse in synapses.iter().filter(|synapse| synapse.delay <= t) {
                    let value = emitted[projection.source][t - synapse.delay][synapse.source];
                    arriving[synapse.target] += synapse.weight * value;
                }
            }
            for (sum, bias) in arriving.iter_mut().zip(&population.bias) {
                *sum += bias;
            }
            let mut out = vec![0.0f32; neurons];
            let potential = &mut potentials[index];
            match (&population.neuron, &mut groups[index]) {
                (Neuron::Input, _) => out.clone_from(&input[t]),
                (Neuron::IntegrateFire(model), _) => {
                    for n in 0..neurons {
                        potential[n] += arriving[n];
                        let fires = match model.test {
                            ThresholdTest::AtLeast => potential[n] >= model.threshold[n],
                            ThresholdTest::Above => potential[n] > model.threshold[n],
                        };
                        if fires {
                            out[n] = 1.0;
                            potential[n] = match model.reset {
                                Reset::Subtract => potential[n] - model.threshold[n],
                                Reset::ToValue => 0.0,
                            };
                        }
                    }
                }
                (Neuron::Integrator, _) => {
                    potential
                        .iter_mut()
                        .zip(&arriving)
                        .for_each(|(v, x)| *v += x);
                    out.clone_from(potential);
                }
                (Neuron::Model(_), Some(group)) => {
                    group.advance(&arriving, &mut |n, value| out[n as usize] = value);
                }
                (other, _) => panic!("{other:?} is not run here"),
            }
            emitted[index].push(out);
        }
    }
    emitted
}

/// What population `index` emits, in the order of its node.
fn in_order(network: &Network, emitted: &Emissions, index: usize) -> Vec<Vec<f32>> {
    let shape = network.populations[index].shape;
    emitted[index]
        .iter()
        .map(|values| shape.to_channels_first(values))
        .collect()
}

fn to_input(network: &Network, input: &[Vec<f32>]) -> Vec<Vec<f32>> {
    let shape = network.populations[0].shape;
    input
        .iter()
        .map(|values| shape.to_channels_last(values))
        .collect()
}

// ---------------------------------------------------------------- simulator of graphs

fn each(tensor: &Tensor, index: usize) -> f64 {
    if tensor.dims.is_empty() {
        tensor.data[0]
    } else {
        tensor.data[index]
    }
}

/// y[o, n, m] = b[o] + Σ W x, gathered output by output.
fn convolve(
    x: &[f64],
    [channels, height, width]: [usize; 3],
    out: &[usize],
    kernel: [usize; 2],
    [stride, pad, dilation]: [[usize; 2]; 3],
    weight: &dyn Fn(usize, usize, usize, usize) -> f64,
) -> Vec<f64> {
    let mut result = Vec::new();
    for o in 0..out[0] {
        for oy in 0..out[1] {
            for ox in 0..out[2] {
                let mut sum = 0.0;
                for c in 0..channels {
                    for ky in 0..kernel[0] {
                        for kx in 0..kernel[1] {
                            let y = (oy * stride[0] + ky * dilation[0]).wrapping_sub(pad[0]);
                            let at = (ox * stride[1] + kx * dilation[1]).wrapping_sub(pad[1]);
                            if y < height && at < width {
                                sum += weight(o, c, ky, kx) * x[(c * height + y) * width + at];
                            }
                        }
                    }
                }
                result.push(sum);
            }
        }
    }
    result
}

fn dims3(dims: &[usize]) -> [usize; 3] {
    match *dims {
        [c, l] => [c, 1, l],
        [c, h, w] => [c, h, w],
        _ => panic!("{dims:?}"),
    }
}

/// Runs a graph node by node in the given order in the discretisation of NIR's paper. A node that
/// has not had its turn in a timestep shows its previous value. Results by node.
fn simulate(
    graph: &Graph,
    order: &[&str],
    input: &[Vec<f64>],
    dt_s: f64,
    subtract: bool,
) -> BTreeMap<String, Vec<Vec<f64>>> {
    let shapes = graph.shapes().unwrap();
    let count = |dims: &[usize]| dims.iter().product::<usize>();
    let mut shown: Vec<Vec<f64>> = shapes.iter().map(|s| vec![0.0; count(&s.output)]).collect();
    let mut v: Vec<Vec<f64>> = shown.clone();
    let mut current: Vec<Vec<f64>> = shown.clone();
    let mut late: Vec<Vec<Vec<f64>>> = vec![Vec::new(); shapes.len()];
    let mut results: BTreeMap<String, Vec<Vec<f64>>> = BTreeMap::new();
    for frame in input {
        for name in order {
            let node = graph.find(name).unwrap();
            let shape = &shapes[node];
            let mut x = vec![0.0; count(&shape.input)];
            for &(source, target) in &graph.edges {
                if target == node {
                    x.iter_mut().zip(&shown[source]).for_each(|(x, y)| *x += y);
                }
            }
            let (v, i) = (&mut v[node], &mut current[node]);
            let n = x.len();
            let fire = |v: &mut Vec<f64>, threshold: &Tensor, reset: &Tensor| {
                (0..n)
                    .map(|k| {
                        let fires = v[k] > each(threshold, k);
                        if fires {
                            v[k] = if subtract {
                                v[k] - each(threshold, k)
                            } else {
                                each(reset, k)
                            };
                        }
                        f64::from(u8::from(fires))
                    })
                    .collect::<Vec<f64>>()
            };
            let pool = |kernel: [usize; 2], stride, padding, factor: f64| {
                let input = dims3(&shape.input);
                convolve(
                    &x,
                    input,
                    &shape.output,
                    kernel,
                    [stride, padding, [1, 1]],
                    &|o, c, _, _| {
                        if o == c { factor } else { 0.0 }
                    },
                )
            };
            shown[node] = match &graph.nodes[node].primitive {
                Primitive::Input(_) => frame.clone(),
                Primitive::Output(_) | Primitive::Flatten(_) => x,
                Primitive::Linear(p) => p
                    .weight
                    .data
                    .chunks(n)
                    .map(|w| w.iter().zip(&x).map(|(w, x)| w * x).sum())
                    .collect(),
                Primitive::Affine(p) => p
                    .weight
                    .data
                    .chunks(n)
                    .enumerate()
                    .map(|(o, w)| {
                        w.iter().zip(&x).map(|(w, x)| w * x).sum::<f64>() + each(&p.bias, o)
                    })
                    .collect(),
                Primitive::Scale(p) => (0..n).map(|k| x[k] * each(&p.scale, k)).collect(),
                Primitive::Conv1d(p) => {
                    let (inputs, k) = (p.weight.dims[1], p.weight.dims[2]);
                    let per_group = p.weight.dims[0] / p.groups;
                    let out = dims3(&shape.output);
                    let mut y = convolve(
                        &x,
                        dims3(&shape.input),
                        &out,
                        [1, k],
                        [[1, p.stride], [0, p.padding[0]], [1, p.dilation]],
                        &|o, c, _, kx| {
                            if o / per_group == c / inputs {
                                p.weight.data[(o * inputs + c % inputs) * k + kx]
                            } else {
                                0.0
                            }
                        },
                    );
                    y.iter_mut()
                        .enumerate()
                        .for_each(|(at, y)| *y += each(&p.bias, at / out[2]));
                    y
                }
                Primitive::Conv2d(p) => {
                    let (inputs, h, w) = (p.weight.dims[1], p.weight.dims[2], p.weight.dims[3]);
                    let per_group = p.weight.dims[0] / p.groups;
                    let pad = p.padding.map(|[before, _]| before);
                    let mut y = convolve(
                        &x,
                        dims3(&shape.input),
                        &shape.output,
                        [h, w],
                        [p.stride, pad, p.dilation],
                        &|o, c, ky, kx| {
                            if o / per_group == c / inputs {
                                p.weight.data[((o * inputs + c % inputs) * h + ky) * w + kx]
                            } else {
                                0.0
                            }
                        },
                    );
                    let plane = shape.output[1] * shape.output[2];
                    y.iter_mut()
                        .enumerate()
                        .for_each(|(at, y)| *y += each(&p.bias, at / plane));
                    y
                }
                Primitive::SumPool2d(p) => pool(p.kernel_size, p.stride, p.padding, 1.0),
                Primitive::AvgPool2d(p) => pool(
                    p.kernel_size,
                    p.stride,
                    p.padding,
                    1.0 / (p.kernel_size[0] * p.kernel_size[1]) as f64,
                ),
                Primitive::Delay(p) => {
                    late[node].push(x);
                    (0..n)
                        .map(|k| {
                            let steps = (each(&p.delay, k) / dt_s).round() as usize;
                            late[node]
                                .len()
                                .checked_sub(1 + steps)
                                .map_or(0.0, |t| late[node][t][k])
                        })
                        .collect()
                }
                Primitive::Threshold(p) => (0..n)
                    .map(|k| f64::from(u8::from(x[k] > each(&p.threshold, k))))
                    .collect(),
                Primitive::I(p) => {
                    (0..n).for_each(|k| v[k] += each(&p.r, k) * x[k]);
                    v.clone()
                }
                Primitive::IF(p) => {
                    (0..n).for_each(|k| v[k] += each(&p.r, k) * x[k]);
                    fire(v, &p.v_threshold, &p.v_reset)
                }
                Primitive::LI(p) => {
                    (0..n).for_each(|k| {
                        v[k] += dt_s / each(&p.tau, k)
                            * ((each(&p.v_leak, k) - v[k]) + each(&p.r, k) * x[k])
                    });
                    v.clone()
                }
                Primitive::LIF(p) => {
                    (0..n).for_each(|k| {
                        v[k] += dt_s / each(&p.tau, k)
                            * ((each(&p.v_leak, k) - v[k]) + each(&p.r, k) * x[k])
                    });
                    fire(v, &p.v_threshold, &p.v_reset)
                }
                Primitive::CubaLI(p) => {
                    for k in 0..n {
                        i[k] += dt_s / each(&p.tau_syn, k) * (each(&p.w_in, k) * x[k] - i[k]);
                        v[k] += dt_s / each(&p.tau_mem, k)
                            * ((each(&p.v_leak, k) - v[k]) + each(&p.r, k) * i[k]);
                    }
                    v.clone()
                }
                Primitive::CubaLIF(p) => {
                    for k in 0..n {
                        i[k] += dt_s / each(&p.tau_syn, k) * (each(&p.w_in, k) * x[k] - i[k]);
                        v[k] += dt_s / each(&p.tau_mem, k)
                            * ((each(&p.v_leak, k) - v[k]) + each(&p.r, k) * i[k]);
                    }
                    fire(v, &p.v_threshold, &p.v_reset)
                }
            };
            results
                .entry((*name).to_owned())
                .or_default()
                .push(shown[node].clone());
        }
    }
    results
}

// ---------------------------------------------------------------- graphs by hand

/// Multiples of 1/16 in -1..1: sums of their products are exact in single precision.
fn numbers(dims: &[usize], seed: u64) -> Tensor {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let data = (0..dims.iter().product()).map(|_| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ((state >> 59) as f64 - 15.0) / 16.0
    });
    Tensor {
        dims: dims.to_vec(),
        data: data.collect(),
    }
}

fn all(dims: &[usize], value: f64) -> Tensor {
    Tensor::filled(dims, value).unwrap()
}

fn graph(nodes: Vec<(&str, Primitive)>, edges: &[(&str, &str)]) -> Graph {
    let mut nodes: Vec<GraphNode> = nodes
        .into_iter()
        .map(|(name, primitive)| GraphNode {
            name: name.into(),
            primitive,
        })
        .collect();
    nodes.sort_by(|a, b| a.name.cmp(&b.name));
    let mut graph = Graph {
        nodes,
        ..Graph::default()
    };
    let find = |name: &str| graph.find(name).unwrap_or_else(|| panic!("{name}"));
    graph.edges = edges.iter().map(|(a, b)| (find(a), find(b))).collect();
    graph
}

/// Edges of a chain.
fn chain<'a>(names: &[&'a str]) -> Vec<(&'a str, &'a str)> {
    names.windows(2).map(|pair| (pair[0], pair[1])).collect()
}

fn input(dims: &[usize]) -> Primitive {
    Primitive::Input(Input {
        shape: dims.to_vec(),
    })
}

fn output(dims: &[usize]) -> Primitive {
    Primitive::Output(Output {
        shape: dims.to_vec(),
    })
}

fn affine(out: usize, inputs: usize, seed: u64) -> Primitive {
    Primitive::Affine(Affine {
        weight: numbers(&[out, inputs], seed),
        bias: numbers(&[out], seed + 1),
    })
}

fn linear(out: usize, inputs: usize, seed: u64) -> Primitive {
    Primitive::Linear(Linear {
        weight: numbers(&[out, inputs], seed),
    })
}

fn conv(
    dims: [usize; 4],
    [stride, padding, dilation]: [[usize; 2]; 3],
    groups: usize,
    seed: u64,
) -> Primitive {
    Primitive::Conv2d(Conv2d {
        input_shape: None,
        weight: numbers(&dims, seed),
        bias: numbers(&[dims[0]], seed + 1),
        stride,
        padding: padding.map(|p| [p, p]),
        dilation,
        groups,
    })
}

fn sum_pool(kernel_size: [usize; 2], stride: [usize; 2], padding: [usize; 2]) -> Primitive {
    Primitive::SumPool2d(SumPool2d {
        kernel_size,
        stride,
        padding,
    })
}

fn avg_pool(kernel_size: [usize; 2], stride: [usize; 2], padding: [usize; 2]) -> Primitive {
    Primitive::AvgPool2d(AvgPool2d {
        kernel_size,
        stride,
        padding,
    })
}

fn flatten() -> Primitive {
    Primitive::Flatten(Flatten {
        start_dim: 0,
        end_dim: -1,
        input_shape: None,
    })
}

fn scale(scale: Tensor) -> Primitive {
    Primitive::Scale(Scale { scale })
}

fn delay(steps: &[f64]) -> Primitive {
    let data = steps.iter().map(|steps| steps * 1e-4).collect();
    Primitive::Delay(Delay {
        delay: Tensor {
            dims: vec![steps.len()],
            data,
        },
    })
}

fn integrate_fire(dims: &[usize]) -> Primitive {
    Primitive::IF(IF {
        r: all(dims, 1.0),
        v_threshold: all(dims, 0.25),
        v_reset: all(dims, 0.0),
    })
}

fn lif(dims: &[usize]) -> Primitive {
    Primitive::LIF(LIF {
        tau: all(dims, 8e-4),
        r: numbers(dims, 77)
            .broadcast(dims)
            .map(|mut r| {
                r.data.iter_mut().for_each(|r| *r += 2.0);
                r
            })
            .unwrap(),
        v_leak: all(dims, 0.125),
        v_threshold: all(dims, 0.25),
        v_reset: all(dims, -0.25),
    })
}

fn li(dims: &[usize]) -> Primitive {
    Primitive::LI(LI {
        tau: all(dims, 8e-4),
        r: all(dims, 2.0),
        v_leak: numbers(dims, 5),
    })
}

fn nir_options() -> Options {
    Preset::get("nir").unwrap().options
}

/// As [`verify_emissions`], and the network is the same after the way through a file.
fn verify(graph: &Graph, order: &[&str], populations: &[&str]) -> Lowered {
    let (lowered, frames, emitted) = verify_emissions(graph, order, populations);
    let outputs: Vec<usize> = lowered.outputs.iter().map(|port| port.population).collect();
    let raised = raise(&lowered.network, 1e-4, &outputs).unwrap_or_else(|e| panic!("{e}"));
    let bytes = encode(&raised.graph).unwrap_or_else(|e| panic!("{e}"));
    let again = lower(&decode(bytes).unwrap(), &nir_options())
        .unwrap()
        .network;
    if lists_synapses(&lowered.network) {
        let flat = |emitted: Emissions| -> Vec<f32> { emitted.concat().concat() };
        assert_eq!(flat(clock_driven(&again, &frames)), flat(emitted));
    } else {
        assert_eq!(again, lowered.network);
    }
    lowered
}

/// Lowers a graph, checks the names of its populations in their order, and compares all that they
/// emit with the simulator of graphs. The network, its input and what was emitted.
fn verify_emissions(
    graph: &Graph,
    order: &[&str],
    populations: &[&str],
) -> (Lowered, Vec<Vec<f32>>, Emissions) {
    let lowered = lower(graph, &nir_options()).unwrap_or_else(|e| panic!("{e}"));
    let names: Vec<&str> = lowered
        .network
        .populations
        .iter()
        .map(|p| &*p.name)
        .collect();
    assert_eq!(names, populations);
    let neurons = lowered.input.dims.iter().product::<usize>();
    let frames: Vec<Vec<f64>> = (0..40)
        .map(|t| {
            numbers(&[neurons], 1000 + t)
                .data
                .iter()
                .map(|x| (x * 4.0).round() / 4.0)
                .collect()
        })
        .collect();
    let expected = simulate(graph, order, &frames, 1e-4, false);
    let frames: Vec<Vec<f32>> = frames
        .iter()
        .map(|f| f.iter().map(|&x| x as f32).collect())
        .collect();
    let emitted = clock_driven(&lowered.network, &to_input(&lowered.network, &frames));
    let compare = |name: &str, index: usize| {
        let mut active = 0;
        for (t, (have, want)) in in_order(&lowered.network, &emitted, index)
            .iter()
            .zip(&expected[name])
            .enumerate()
        {
            for (n, (have, want)) in have.iter().zip(want).enumerate() {
                active += usize::from(*want != 0.0);
                assert!(
                    (f64::from(*have) - want).abs() < 1e-5,
                    "{name}, timestep {t}, {n}: {have} instead of {want}"
                );
            }
        }
        assert!(
            active > 10,
            "{name} is silent: the comparison shows nothing"
        );
    };
    for (index, name) in names.iter().enumerate() {
        compare(name, index);
    }
    for port in &lowered.outputs {
        compare(&port.node, port.population);
    }
    let frames = to_input(&lowered.network, &frames);
    (lowered, frames, emitted)
}

/// Whether synapses are listed that do not join each neuron to one other.
fn lists_synapses(network: &Network) -> bool {
    network
        .projections
        .iter()
        .any(|p| match &p.connectivity.pattern {
            Pattern::Sparse { starts, .. } => starts.windows(2).any(|row| row[1] > row[0] + 1),
            _ => false,
        })
}

/// The only pattern of projections between two populations.
fn pattern<'a>(lowered: &'a Lowered, from: &str, to: &str) -> &'a Connectivity {
    let at = |name: &str| {
        lowered
            .network
            .populations
            .iter()
            .position(|p| p.name == name)
            .unwrap()
    };
    let found: Vec<&Projection> = lowered
        .network
        .projections
        .iter()
        .filter(|p| p.source == at(from) && p.target == at(to))
        .collect();
    assert_eq!(found.len(), 1, "{from} -> {to}");
    &found[0].connectivity
}

#[test]
fn oracle_each_neuron_behind_a_matrix() {
    let dims = [5];
    let threshold = Primitive::Threshold(Threshold {
        threshold: all(&dims, 0.25),
    });
    let integrator = Primitive::I(I { r: all(&dims, 0.5) });
    let cuba = Primitive::CubaLIF(CubaLIF {
        tau_syn: all(&dims, 4e-4),
        tau_mem: all(&dims, 8e-4),
        r: all(&dims, 2.0),
        v_leak: all(&dims, 0.0),
        v_threshold: all(&dims, 0.25),
        v_reset: all(&dims, -0.125),
        w_in: all(&dims, 2.0),
    });
    let cuba_li = Primitive::CubaLI(CubaLI {
        tau_syn: all(&dims, 4e-4),
        tau_mem: all(&dims, 8e-4),
        r: all(&dims, 2.0),
        v_leak: all(&dims, 0.5),
        w_in: all(&dims, 2.0),
    });
    for neuron in [
        threshold,
        integrator,
        integrate_fire(&dims),
        lif(&dims),
        li(&dims),
        cuba,
        cuba_li,
    ] {
        let names = ["in", "w", "neuron", "out"];
        let graph = graph(
            vec![
                ("in", input(&[7])),
                ("w", affine(5, 7, 3)),
                ("neuron", neuron),
                ("out", output(&dims)),
            ],
            &chain(&names),
        );
        let lowered = verify(&graph, &names, &["in", "neuron"]);
        assert_eq!(
            lowered.outputs,
            [Port {
                node: "out".into(),
                population: 1,
                dims: vec![5]
            }]
        );
        assert_eq!(lowered.network.populations[1].bias.len(), 5);
    }
}

#[test]
fn oracle_convolution_pooling_and_flatten_merge() {
    let names = ["in", "conv", "if1", "pool", "flat", "dense", "li", "out"];
    let graph = graph(
        vec![
            ("in", input(&[2, 7, 6])),
            ("conv", conv([4, 1, 3, 2], [[2, 1], [1, 0], [1, 2]], 2, 4)),
            ("if1", integrate_fire(&[4, 4, 4])),
            ("pool", avg_pool([2, 2], [2, 2], [0, 0])),
            ("flat", flatten()),
            ("dense", affine(3, 16, 9)),
            ("li", li(&[3])),
            ("out", output(&[3])),
        ],
        &chain(&names),
    );
    let lowered = verify(&graph, &names, &["in", "if1", "li"]);
    assert!(matches!(
        lowered.network.populations[1].neuron,
        Neuron::IntegrateFire(_)
    ));
    assert!(matches!(
        pattern(&lowered, "in", "if1").pattern,
        Pattern::Convolution { .. }
    ));
    assert!(pattern(&lowered, "if1", "li").pooling.is_some());
}

#[test]
fn oracle_pooling_everywhere() {
    // Overlapping in front of a convolution, behind one, in front of a neuron, and at the end.
    let names = ["in", "p1", "c1", "p2", "if1", "p3", "if2", "p4", "out"];
    let graph = graph(
        vec![
            ("in", input(&[2, 8, 8])),
            ("p1", avg_pool([2, 2], [1, 2], [1, 0])),
            ("c1", conv([3, 2, 2, 2], [[1, 1], [0, 0], [1, 1]], 1, 8)),
            ("p2", sum_pool([2, 1], [1, 1], [0, 0])),
            ("if1", integrate_fire(&[3, 7, 3])),
            ("p3", sum_pool([3, 2], [2, 1], [1, 1])),
            ("if2", integrate_fire(&[3, 4, 4])),
            ("p4", sum_pool([2, 2], [2, 2], [0, 0])),
            ("out", output(&[3, 2, 2])),
        ],
        &chain(&names),
    );
    let lowered = verify(&graph, &names, &["in", "p1", "c1", "if1", "if2", "p4"]);
    let Pattern::Convolution { convolution, .. } = &pattern(&lowered, "if1", "if2").pattern else {
        panic!()
    };
    assert_eq!(convolution.groups, 3);
    let biased: Vec<bool> = lowered
        .network
        .populations
        .iter()
        .map(|p| !p.bias.is_empty())
        .collect();
    assert_eq!(biased, [false, false, true, false, false, false]);
}

#[test]
fn oracle_factors_fold_into_neighbours() {
    let names = ["in", "s1", "w", "s2", "if", "s3", "li", "out"];
    let mut weight = numbers(&[6, 5], 12);
    weight.data[7] = 0.0;
    let graph = graph(
        vec![
            ("in", input(&[5])),
            ("s1", scale(numbers(&[5], 20))),
            (
                "w",
                Primitive::Affine(Affine {
                    weight,
                    bias: numbers(&[6], 13),
                }),
            ),
            ("s2", scale(all(&[6], 2.0))),
            ("if", integrate_fire(&[6])),
            ("s3", scale(numbers(&[6], 22))),
            ("li", li(&[6])),
            ("out", output(&[6])),
        ],
        &chain(&names),
    );
    let lowered = verify(&graph, &names, &["in", "if", "li"]);
    assert!(
        matches!(&pattern(&lowered, "in", "if").pattern, Pattern::Dense { present: Some(bits), .. } if !bits.is_full())
    );
    assert!(matches!(
        pattern(&lowered, "if", "li").pattern,
        Pattern::Sparse { .. }
    ));
}

#[test]
fn oracle_delays_of_all_kinds() {
    let steps = [1.0, 3.0, 0.0, 7.0];
    let names = ["in", "d1", "w1", "d2", "if", "d3", "w2", "li", "out"];
    let graph = graph(
        vec![
            ("in", input(&[4])),
            ("d1", delay(&[2.0; 4])),
            ("w1", affine(4, 4, 30)),
            ("d2", delay(&[3.0; 4])),
            ("if", integrate_fire(&[4])),
            ("d3", delay(&steps)),
            ("w2", linear(2, 4, 34)),
            ("li", li(&[2])),
            ("out", output(&[2])),
        ],
        &chain(&names),
    );
    // The bias of w1 is late, too, and w2 sees spikes of different ages.
    verify(&graph, &names, &["in", "w1", "if", "d3", "li"]);
}

#[test]
fn oracle_sums_copies_and_maps_of_maps() {
    let names = ["in", "a", "b", "sum", "c", "d", "lif", "out", "raw"];
    let mut edges = chain(&["in", "a", "sum"]);
    edges.extend([
        ("in", "b"),
        ("b", "sum"),
        ("b", "sum"),
        ("sum", "c"),
        ("sum", "d"),
        ("c", "lif"),
        ("d", "lif"),
        ("in", "lif"),
        ("lif", "out"),
        ("d", "raw"),
    ]);
    let graph = graph(
        vec![
            ("in", input(&[4])),
            ("a", affine(4, 4, 40)),
            ("b", affine(4, 4, 42)),
            ("sum", scale(all(&[4], 0.5))),
            ("c", affine(4, 4, 44)),
            ("d", linear(4, 4, 46)),
            ("lif", lif(&[4])),
            ("out", output(&[4])),
            ("raw", output(&[4])),
        ],
        &edges,
    );
    let lowered = verify(&graph, &names, &["in", "sum", "d", "lif"]);
    assert_eq!(lowered.outputs.len(), 2);
}

#[test]
fn oracle_conv1d_into_a_flattened_recurrent_population() {
    let names = ["in", "conv", "flat", "rec", "lif", "out"];
    let mut edges = chain(&["in", "conv", "flat", "lif", "out"]);
    edges.extend([("lif", "rec"), ("rec", "lif")]);
    let conv = Primitive::Conv1d(Conv1d {
        input_shape: None,
        weight: numbers(&[3, 2, 3], 50),
        bias: numbers(&[3], 51),
        stride: 2,
        padding: [1, 1],
        dilation: 1,
        groups: 1,
    });
    let graph = graph(
        vec![
            ("in", input(&[2, 7])),
            ("conv", conv),
            ("flat", flatten()),
            ("rec", affine(12, 12, 52)),
            ("lif", lif(&[12])),
            ("out", output(&[12])),
        ],
        &edges,
    );
    let lowered = verify(&graph, &names, &["in", "lif"]);
    assert!(
        lowered
            .notes
            .iter()
            .any(|note| note.contains("closes a cycle")),
        "{:?}",
        lowered.notes
    );
}

#[test]
fn oracle_mutual_recurrence_and_a_delay_in_a_cycle() {
    let names = ["in", "w", "late", "back", "a", "forth", "b", "out"];
    let mut edges = chain(&["in", "w", "a", "forth", "b", "out"]);
    edges.extend([("b", "late"), ("late", "back"), ("back", "a")]);
    let graph = graph(
        vec![
            ("in", input(&[3])),
            ("w", linear(4, 3, 60)),
            ("a", integrate_fire(&[4])),
            ("forth", linear(5, 4, 61)),
            ("b", integrate_fire(&[5])),
            ("late", delay(&[2.0; 5])),
            ("back", linear(4, 5, 63)),
            ("out", output(&[5])),
        ],
        &edges,
    );
    // In the order of the list, "late" sees b of the timestep before.
    verify(&graph, &names, &["in", "a", "b"]);
}

#[test]
fn oracle_a_cycle_without_neurons() {
    let names = ["in", "b", "a", "out"];
    let mut edges = chain(&["in", "a", "b", "a", "out"]);
    edges.dedup();
    let graph = graph(
        vec![
            ("in", input(&[3])),
            ("a", scale(all(&[3], 0.5))),
            ("b", scale(all(&[3], 0.5))),
            ("out", output(&[3])),
        ],
        &edges,
    );
    verify(&graph, &names, &["in", "a"]);
}

#[test]
fn regress_problems_are_collected_by_name() {
    let bad = graph(
        vec![
            ("in1", input(&[2])),
            ("in2", input(&[2])),
            ("d", delay(&[1e9, 0.0])),
            ("out", output(&[2])),
            ("if", integrate_fire(&[2])),
        ],
        &[("in1", "d"), ("d", "if"), ("in2", "if")],
    );
    let message = lower(&bad, &nir_options()).unwrap_err().to_string();
    for part in [
        "2 Inputs, in1, in2",
        "node \"d\" (Delay): a delay of 1000000000",
        "node \"out\" (Output): no edge leads to it",
    ] {
        assert!(message.contains(part), "{message}");
    }
}

#[test]
fn oracle_constants_go_through_linear_nodes() {
    // What nothing leads to is its bias, and the border of the pooling halves it here and there.
    let names = ["in", "direct", "idle", "pool", "factor", "if", "out"];
    let mut edges = chain(&["in", "direct", "if", "out"]);
    edges.extend(chain(&["idle", "pool", "factor", "if"]));
    let mut idle = conv([2, 1, 2, 2], [[1, 1], [0, 0], [1, 1]], 1, 70);
    if let Primitive::Conv2d(conv) = &mut idle {
        conv.input_shape = Some([4, 4]);
    }
    let graph = graph(
        vec![
            ("in", input(&[2, 5, 5])),
            (
                "direct",
                conv([2, 2, 2, 2], [[2, 2], [0, 0], [1, 1]], 1, 74),
            ),
            ("idle", idle),
            ("pool", sum_pool([2, 3], [2, 2], [1, 1])),
            ("factor", scale(all(&[], 0.5))),
            ("if", integrate_fire(&[2, 2, 2])),
            ("out", output(&[2, 2, 2])),
        ],
        &edges,
    );
    let lowered = lower(&graph, &nir_options()).unwrap_or_else(|e| panic!("{e}"));
    let bias = &lowered.network.populations[1].bias;
    assert!(
        bias.chunks(2).any(|position| position != &bias[..2]),
        "{bias:?}"
    );
    // Only a bias per channel can be written.
    let message = raise(&lowered.network, 1e-4, &[1]).unwrap_err().to_string();
    assert!(message.contains("one per channel"), "{message}");
    verify_emissions(&graph, &names, &["in", "if"]);
}

#[test]
fn regress_a_small_file_cannot_ask_for_any_memory() {
    let dims = [1 << 31];
    let threshold = Primitive::Threshold(Threshold {
        threshold: Tensor::scalar(1.0),
    });
    let huge = graph(
        vec![
            ("in", input(&dims)),
            ("z", threshold),
            ("out", output(&dims)),
        ],
        &chain(&["in", "z", "out"]),
    );
    let message = lower(&huge, &nir_options()).unwrap_err().to_string();
    assert!(
        message.contains("node \"z\" (Threshold): 2147483648 values"),
        "{message}"
    );
}

// ---------------------------------------------------------------- networks there and back

/// A converted network: convolution, merged pooling, dense, readout by potential.
fn converted(
    seed: u64,
    channels: [usize; 2],
    [kernel, stride, pad, pool]: [usize; 4],
    absent: bool,
    residual: bool,
) -> Network {
    let values = |count: usize, seed: u64| -> Vec<f32> {
        numbers(&[count], seed)
            .data
            .iter()
            .map(|&x| x as f32 + if absent { 0.0 } else { 1.0 / 64.0 })
            .collect()
    };
    let axis = Axis {
        pad_before: pad,
        pad_after: pad,
        ..Axis::new(kernel, stride)
    };
    let window = Window {
        vertical: axis,
        horizontal: Axis::new(3, 1),
    };
    let input = Shape::maps(channels[0], 9, 8);
    let (height, width) = window.outputs(input).unwrap();
    let maps = Shape::maps(channels[1], height, width);
    let pooling = Window {
        vertical: Axis::new(pool, pool),
        horizontal: Axis::new(1, 2),
    };
    let (height, width) = pooling.outputs(maps).unwrap();
    let pooled = Shape::maps(channels[1], height, width);
    let neuron = |shape: Shape, seed: u64| {
        Neuron::IntegrateFire(IntegrateFire {
            threshold: numbers(&[shape.neurons()], seed)
                .data
                .iter()
                .map(|&v| v as f32 + 1.5)
                .collect(),
            initial: 0.0,
            reset: Reset::Subtract,
            test: ThresholdTest::AtLeast,
            signed: false,
        })
    };
    let bits = |weights: &[f32], columns| {
        Some(BitRows::nonzero(weights, columns)).filter(|bits| !bits.is_full())
    };
    let convolution = Convolution {
        input,
        output: maps,
        window,
        groups: 1,
    };
    let kernel = values(convolution.kernel_rows() * channels[1], seed);
    let (hidden, last) = (Shape::vector(6), Shape::vector(3));
    let dense = values(pooled.neurons() * 6, seed + 1);
    let readout = values(18, seed + 2);
    let per_channel = values(channels[1], seed + 3);
    let mut network = Network {
        name: String::new(),
        populations: vec![
            Population::new("input", input, Neuron::Input),
            Population {
                bias: (0..maps.neurons())
                    .map(|n| per_channel[n % channels[1]])
                    .collect(),
                ..Population::new("conv", maps, neuron(maps, seed + 4))
            },
            Population {
                bias: values(6, seed + 5),
                ..Population::new("hidden", hidden, neuron(hidden, seed + 6))
            },
            Population::new("readout", last, Neuron::Integrator),
        ],
        projections: vec![
            Projection::new(
                0,
                1,
                Connectivity::new(Pattern::Convolution {
                    convolution,
                    present: bits(&kernel, channels[1]),
                }),
                kernel,
            ),
            Projection::new(
                1,
                2,
                Connectivity {
                    pooling: Some(Pooling {
                        input: maps,
                        output: pooled,
                        window: pooling,
                    }),
                    pattern: Pattern::Dense {
                        sources: pooled.neurons(),
                        targets: 6,
                        present: bits(&dense, 6),
                    },
                },
                dense,
            ),
            Projection::new(
                2,
                3,
                Connectivity::new(Pattern::Dense {
                    sources: 6,
                    targets: 3,
                    present: bits(&readout, 3),
                }),
                readout,
            ),
        ],
    };
    if residual {
        // A relay and a one-to-one path with a delay around it.
        network
            .populations
            .insert(2, Population::new("relay", maps, Neuron::model(Relay)));
        network.projections.iter_mut().for_each(|p| {
            p.source += usize::from(p.source >= 2);
            p.target += usize::from(p.target >= 2);
        });
        let n = maps.neurons();
        let same = Pattern::Sparse {
            neurons: n,
            starts: (0..=n as u64).collect(),
            targets: Arc::new((0..n as u32).collect()),
        };
        let pool = Convolution {
            input: maps,
            output: pooled,
            window: pooling,
            groups: channels[1],
        };
        let mut late = Projection::new(1, 2, Connectivity::new(same), Weights::Uniform(0.5));
        late.delay = spikewatt::network::Delays::Uniform(3);
        network.projections.insert(1, late);
        network.populations.insert(
            3,
            Population::new("pooled", pooled, neuron(pooled, seed + 7)),
        );
        network.projections.iter_mut().for_each(|p| {
            p.source += usize::from(p.source >= 3);
            p.target += usize::from(p.target >= 3);
        });
        let through = Projection::new(
            2,
            3,
            Connectivity::new(Pattern::Convolution {
                convolution: pool,
                present: None,
            }),
            Weights::Uniform(1.0),
        );
        network.projections.insert(2, through);
    }
    // A file has no way to tell biases that are all zero from none at all.
    for population in &mut network.populations {
        if population.bias.iter().all(|&bias| bias == 0.0) {
            population.bias.clear();
        }
    }
    network.check().unwrap();
    network
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn oracle_networks_survive_the_way_through_a_file(
        seed in 1u64..1_000_000,
        channels in [1usize..4, 1usize..4],
        kernel in 1usize..4,
        stride in 1usize..3,
        pad in 0usize..3,
        pool in 1usize..4,
        absent: bool,
        residual: bool,
    ) {
        let network = converted(seed, channels, [kernel, stride, pad, pool], absent, residual);
        let raised = raise(&network, 1e-4, &[network.populations.len() - 1]).unwrap();
        let graph = decode(encode(&raised.graph).unwrap()).unwrap();
        let mut options = nir_options();
        options.reset = ResetRule::Subtract;
        options.test = ThresholdTest::AtLeast;
        let mut lowered = lower(&graph, &options).unwrap();
        // A relay that one projection can bypass is not needed.
        if residual {
            prop_assert!(lowered.network.populations.len() + 1 >= network.populations.len());
            let frames: Vec<Vec<f32>> = (0..20).map(|t| {
                numbers(&[network.populations[0].shape.neurons()], seed + t).data.iter().map(|&x| x as f32).collect()
            }).collect();
            let (a, b) = (clock_driven(&network, &frames), clock_driven(&lowered.network, &frames));
            prop_assert_eq!(a.last(), b.last());
        } else {
            lowered.network.name.clone_from(&network.name);
            prop_assert_eq!(lowered.network, network);
        }
    }
}

#[test]
fn regress_what_nir_cannot_say_is_refused_by_name() {
    let mut network = converted(1, [1, 2], [3, 1, 0, 2], true, false);
    network.populations[1].bias[0] += 1.0;
    network.populations[2].poisson = Some(spikewatt::network::PoissonInput {
        events_per_timestep: 0.5,
        weight: 1.0,
    });
    let message = raise(&network, 1e-4, &[3]).unwrap_err().to_string();
    for part in [
        "node \"conv\"",
        "one per channel",
        "node \"hidden\"",
        "random input",
    ] {
        assert!(message.contains(part), "{message}");
    }
}

// ---------------------------------------------------------------- other simulators' spikes

/// An array (T, …) as frames.
fn frames(path: &Path) -> Option<Vec<Vec<f32>>> {
    let array: ArrayD<f32> = read_npy(path)
        .ok()
        .or_else(|| {
            read_npy::<_, ArrayD<u8>>(path)
                .ok()
                .map(|a| a.mapv(f32::from))
        })
        .or_else(|| {
            read_npy::<_, ArrayD<f64>>(path)
                .ok()
                .map(|a| a.mapv(|x| x as f32))
        })?;
    Some(
        array
            .outer_iter()
            .map(|frame| frame.iter().copied().collect())
            .collect(),
    )
}

/// Runs the files of `folder` and compares with what is recorded beside them: spikes exactly,
/// potentials to 1e-5. The reports, a line per recording, and whether all agree.
fn compare_with_recordings(folder: &Path, run: Runner) -> (Vec<String>, bool) {
    let mut reports = Vec::new();
    let mut agree = true;
    let mut paths: Vec<_> = std::fs::read_dir(folder.join("ref"))
        .unwrap()
        .map(|e| e.unwrap().path())
        .collect();
    paths.sort();
    for path in paths {
        let file = path.file_name().unwrap().to_str().unwrap();
        let Some((subject, rule)) = file.strip_suffix(".npy").and_then(|f| {
            f.split_once(".np_")
                .or_else(|| f.split_once(".sinabs").map(|(s, _)| (s, "sinabs")))
        }) else {
            continue;
        };
        let (name, node) = subject
            .split_once('.')
            .map_or((subject, None), |(name, node)| (name, Some(node)));
        let mut options = nir_options();
        match rule {
            "value" => {}
            "subtract" => options.reset = ResetRule::Subtract,
            "value_oldI" => options.current_order = CurrentOrder::Old,
            "sinabs" => options = Preset::get("sinabs").unwrap().options,
            other => panic!("{file}: {other}"),
        }
        let graph = read(&folder.join(format!("{name}.nir"))).unwrap();
        let lowered = lower(&graph, &options).unwrap_or_else(|e| panic!("{name}: {e}"));
        let network = &lowered.network;
        let index = match node {
            Some(node) => network
                .populations
                .iter()
                .position(|p| p.name == node)
                .unwrap(),
            None => lowered.outputs[0].population,
        };
        let input = frames(&folder.join(format!("ref/{name}.in.npy"))).unwrap();
        let want = frames(&path).unwrap();
        let emitted = run(network, &to_input(network, &input));
        let have = in_order(network, &emitted, index);
        let spiking = match &network.populations[index].neuron {
            Neuron::Model(model) => model.spikes(),
            _ => true,
        };
        assert_eq!(
            (have.len(), have[0].len()),
            (want.len(), want[0].len()),
            "{file}"
        );
        let pairs = || have.iter().flatten().zip(want.iter().flatten());
        let tolerance = if spiking { 0.0 } else { 1e-5 };
        let wrong = pairs().filter(|(a, b)| (*a - *b).abs() > tolerance).count();
        let events: f32 = pairs().map(|(_, b)| b.abs()).sum();
        agree &= wrong == 0;
        reports.push(format!(
            "{file}: {wrong} of {} values differ, {events} in all",
            have.len() * have[0].len()
        ));
    }
    (reports, agree)
}

#[test]
fn reference_recordings_of_other_simulators() {
    let Ok(shared) = std::env::var("SPIKEWATT_SHARED_MODELS") else {
        eprintln!(
            "SKIPPED: set SPIKEWATT_SHARED_MODELS to a folder with nir/*.nir and nir/ref/*.npy"
        );
        return;
    };
    let (reports, agree) = compare_with_recordings(&Path::new(&shared).join("nir"), &clock_driven);
    eprintln!("{}", reports.join("\n"));
    assert!(
        agree && reports.len() >= 30,
        "{} recordings:\n{}",
        reports.len(),
        reports.join("\n")
    );
}
