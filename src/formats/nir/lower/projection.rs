//! Links as projections.

use super::map::{LinearMap, MAX_DELAY, at, kernel_entry, positions, uniform};
use super::signal::Link;
use crate::network::{
    BitRows, Connectivity, Convolution, Delays, Pattern, Pooling, Shape, Weights,
};

/// Most synapses of a projection that has to list them.
const MAX_SYNAPSES: usize = 1 << 28;

/// The synapses of a link between populations of the shapes `source` and `target`; `None` if there
/// are none. A link that is not `forward` closes a cycle: its delay starts in the next timestep.
///
/// # Errors
/// What makes it impossible, and what to do.
pub(super) fn projection(
    link: &Link,
    maps: &[Option<LinearMap>],
    [source, target]: [Shape; 2],
    forward: bool,
) -> Result<Option<(Connectivity, Weights, Delays)>, String> {
    let core = link.core.and_then(|core| maps[core].as_ref());
    let pool = match link.pool.and_then(|pool| maps[pool].as_ref()) {
        Some(LinearMap::Pool(pool, _)) => Some(pool),
        _ => None,
    };
    let pooling = pool.filter(|_| core.is_some()).map(|pool| Pooling {
        input: pool.input,
        output: pool.output,
        window: pool.window,
    });
    let between = pooling.map_or(source, |pooling| pooling.output);
    let (pattern, weights) = match (core, pool) {
        (Some(LinearMap::Dense(weight, _)), _) => dense(link, &weight.data, between, target),
        (Some(LinearMap::Convolution(convolution, weight, _)), _) => {
            kernel(link, convolution, &weight.data)
        }
        (_, Some(pool)) => {
            let pattern = Pattern::Convolution {
                convolution: *pool,
                present: None,
            };
            (pattern, Weights::Uniform(at(&link.outer, 0) as f32))
        }
        _ => one_to_one(link, source, target),
    };
    let mut connectivity = Connectivity { pooling, pattern };
    let mut weights = weights;

    // Windows see maps; a population in another order is reached synapse by synapse.
    let enters = match (&connectivity.pooling, &connectivity.pattern) {
        (Some(pooling), _) => pooling.input,
        (None, Pattern::Convolution { convolution, .. }) => convolution.input,
        _ => source,
    };
    let leaves = match &connectivity.pattern {
        Pattern::Convolution { convolution, .. } => convolution.output,
        _ => target,
    };
    if !same_order(enters, source) || !same_order(leaves, target) {
        (connectivity, weights) =
            listed(&connectivity, &weights, [enters, source], [leaves, target])?;
    }

    if weights.all(|weight| weight == 0.0) {
        return Ok(None);
    }
    if !weights.all(f32::is_finite) {
        return Err("a weight exceeds single precision; scale weights and thresholds down".into());
    }
    let delay = delay(link, source, forward)?;
    Ok(Some((connectivity, weights, delay)))
}

/// Whether neurons of both shapes are numbered alike.
fn same_order(a: Shape, b: Shape) -> bool {
    let flat = |shape: Shape| shape.channels == 1 || shape.height * shape.width == 1;
    a.neurons() == b.neurons() && (a.channels == b.channels || (flat(a) && flat(b)))
}

fn dense(link: &Link, weight: &[f64], source: Shape, target: Shape) -> (Pattern, Weights) {
    let (sources, targets) = (source.neurons(), target.neurons());
    let rows = positions(target);
    let mut weights = Vec::with_capacity(sources * targets);
    for column in positions(source) {
        let factor = at(&link.inner, column);
        weights.extend(
            rows.iter().map(|&row| {
                (weight[row * sources + column] * factor * at(&link.outer, row)) as f32
            }),
        );
    }
    let pattern = Pattern::Dense {
        sources,
        targets,
        present: present(&weights, targets),
    };
    (pattern, weights.into())
}

fn kernel(link: &Link, convolution: &Convolution, weight: &[f64]) -> (Pattern, Weights) {
    let (input, output) = (convolution.input, convolution.output);
    let plane = |shape: Shape| shape.height * shape.width;
    let mut weights =
        Vec::with_capacity(convolution.kernel_rows() * convolution.outputs_per_group());
    for ky in 0..convolution.window.vertical.kernel {
        for kx in 0..convolution.window.horizontal.kernel {
            for c in 0..input.channels {
                let factor = at(&link.inner, c * plane(input));
                weights.extend(convolution.group_outputs(c).map(|o| {
                    let weight = weight[kernel_entry(convolution, o, c, ky, kx)];
                    (weight * factor * at(&link.outer, o * plane(output))) as f32
                }));
            }
        }
    }
    let pattern = Pattern::Convolution {
        convolution: *convolution,
        present: present(&weights, convolution.outputs_per_group()),
    };
    (pattern, weights.into())
}

/// The bits of the weights that are not zero, unless that is all of them.
fn present(weights: &[f32], columns: usize) -> Option<BitRows> {
    let absent = weights.contains(&0.0);
    absent.then(|| BitRows::nonzero(weights, columns))
}

/// Each neuron to the one at the same row-major position.
fn one_to_one(link: &Link, source: Shape, target: Shape) -> (Pattern, Weights) {
    let neurons = target.neurons();
    let mut neuron_at = vec![0u32; neurons];
    for (neuron, position) in positions(target).into_iter().enumerate() {
        neuron_at[position] = neuron as u32;
    }
    let (mut starts, mut targets, mut weights) = (vec![0u64], Vec::new(), Vec::new());
    for position in positions(source) {
        let weight = at(&link.outer, position) as f32;
        if weight != 0.0 {
            targets.push(neuron_at[position]);
            weights.push(weight);
        }
        starts.push(targets.len() as u64);
    }
    let pattern = Pattern::Sparse {
        neurons,
        starts,
        targets: targets.into(),
    };
    let weights = match uniform(&weights) {
        Some(weight) => Weights::Uniform(weight),
        None => Weights::Each(weights),
    };
    (pattern, weights)
}

fn delay(link: &Link, source: Shape, forward: bool) -> Result<Delays, String> {
    if let Some(steps) = link.delay.iter().find(|&&steps| steps > MAX_DELAY) {
        return Err(format!(
            "a delay of {steps} timesteps in all, the most is {MAX_DELAY}; run it with a longer timestep"
        ));
    }
    // What closes a cycle carries the previous timestep, and a delay adds to that.
    let late = |steps: u32| steps + u32::from(!forward);
    Ok(match uniform(&link.delay) {
        Some(0) => Delays::NONE,
        Some(steps) => Delays::Uniform(late(steps)),
        None => {
            let order = positions(source).into_iter();
            let synapses = order.filter(|&position| at(&link.outer, position) as f32 != 0.0);
            Delays::Each(
                synapses
                    .map(|position| late(link.delay[position]) as u16)
                    .collect(),
            )
        }
    })
}

/// The same synapses, listed, between neurons of other shapes: each pair holds the shape that the
/// connectivity has, and the shape of the population.
fn listed(
    connectivity: &Connectivity,
    weights: &Weights,
    [enters, source]: [Shape; 2],
    [leaves, target]: [Shape; 2],
) -> Result<(Connectivity, Weights), String> {
    let renumber = |from: Shape, to: Shape| {
        let mut neuron_at = vec![0usize; to.neurons()];
        for (neuron, position) in positions(to).into_iter().enumerate() {
            neuron_at[position] = neuron;
        }
        let renumbered: Vec<usize> = positions(from).iter().map(|&p| neuron_at[p]).collect();
        renumbered
    };
    let (sources, targets_of) = (renumber(source, enters), renumber(leaves, target));
    let Pattern::Convolution { convolution, .. } = &connectivity.pattern else {
        return Err("its source and target have different shapes; put a Flatten between".into());
    };
    let per_group = convolution.outputs_per_group();
    let (mut starts, mut targets, mut values) = (vec![0u64], Vec::new(), Vec::new());
    for &source in &sources {
        let mut row: Vec<(u32, f32)> = Vec::new();
        let entry = match &connectivity.pooling {
            Some(pooling) => pooling.pooled(source),
            None => Some(source),
        };
        if let Some(entry) = entry {
            let (c, y, x) = convolution.input.coordinates(entry);
            let outputs = convolution.group_outputs(c);
            let window = convolution.window;
            for (ky, oy) in window.vertical.reached(y, convolution.output.height) {
                for (kx, ox) in window.horizontal.reached(x, convolution.output.width) {
                    for (i, o) in outputs.clone().enumerate() {
                        let kernel_row = convolution.kernel_row(ky, kx, c);
                        let weight = weights.get(kernel_row * per_group + i);
                        if weight != 0.0 {
                            let target = targets_of[convolution.output.index(o, oy, ox)];
                            row.push((target as u32, weight));
                        }
                    }
                }
            }
        }
        row.sort_unstable_by_key(|&(target, _)| target);
        for (target, weight) in row {
            targets.push(target);
            values.push(weight);
        }
        if targets.len() > MAX_SYNAPSES {
            return Err(format!(
                "more than {MAX_SYNAPSES} synapses would have to be listed; give its target the shape [C, H, W]"
            ));
        }
        starts.push(targets.len() as u64);
    }
    let pattern = Pattern::Sparse {
        neurons: target.neurons(),
        starts,
        targets: targets.into(),
    };
    Ok((Connectivity::new(pattern), Weights::Each(values)))
}
