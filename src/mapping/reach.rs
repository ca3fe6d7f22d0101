//! Which presynaptic neurons a part of a population hears.

use crate::network::{BitRows, Connectivity, Pattern, Topology};

/// Which presynaptic neurons reach which part of a population.
pub(super) struct Reach<'a> {
    topology: &'a Topology,
    /// Edges into the population, grouped by presynaptic population.
    groups: Vec<Vec<usize>>,
    /// Neighbours that reach the same neurons, per group, by first target; those that reach none
    /// are left out.
    bundles: Vec<Vec<Bundle>>,
    /// Of each group: how many bundles began to matter, and which of them still do.
    near: Vec<(usize, Vec<usize>)>,
}

/// Neighbouring presynaptic neurons that reach the same neurons of the population.
struct Bundle {
    first_source: usize,
    sources: u64,
    /// First and last target.
    extent: (usize, usize),
}

impl<'a> Reach<'a> {
    pub fn into(topology: &'a Topology, population: usize) -> Self {
        let mut groups: Vec<Vec<usize>> = Vec::new();
        for (index, edge) in topology.edges.iter().enumerate() {
            if edge.target != population {
                continue;
            }
            let group = groups
                .iter_mut()
                .find(|group| topology.edges[group[0]].source == edge.source);
            match group {
                Some(group) => group.push(index),
                None => groups.push(vec![index]),
            }
        }
        let bundles = groups.iter().map(|group| bundles(topology, group));
        Reach {
            topology,
            bundles: bundles.collect(),
            near: vec![(0, Vec::new()); groups.len()],
            groups,
        }
    }

    /// The longest stretch from `start`, 1 to `most` neurons, that at most `limit` distinct
    /// presynaptic neurons reach; `most` if the first neuron alone has more. Each call starts where
    /// the one before did or later.
    pub fn longest(&mut self, start: usize, most: usize, limit: u64) -> usize {
        // How many presynaptic neurons reach the stretch for the first time at each of its neurons.
        let mut arrivals = vec![0u64; most];
        let groups = self.groups.iter().zip(&self.bundles);
        for ((group, bundles), (begun, near)) in groups.zip(&mut self.near) {
            let new = bundles[*begun..].partition_point(|b| b.extent.0 < start + most);
            near.extend(*begun..*begun + new);
            *begun += new;
            near.retain(|&bundle| bundles[bundle].extent.1 >= start);
            for bundle in near.iter().map(|&bundle| &bundles[bundle]) {
                let nearest = group
                    .iter()
                    .filter_map(|&edge| {
                        let connectivity = &self.topology.edges[edge].connectivity;
                        next_target(connectivity, bundle.first_source, start)
                    })
                    .min()
                    .unwrap_or(usize::MAX);
                if nearest < start + most {
                    arrivals[nearest - start] += bundle.sources;
                }
            }
        }
        if arrivals[0] > limit {
            return most;
        }
        let mut axons = 0;
        arrivals
            .iter()
            .take_while(|&&new| {
                axons += new;
                axons <= limit
            })
            .count()
    }
}

/// The presynaptic neurons of edges from one population, neighbours alike taken together, by first
/// target; those without targets are left out.
fn bundles(topology: &Topology, edges: &[usize]) -> Vec<Bundle> {
    let edges = || edges.iter().map(|&edge| &topology.edges[edge].connectivity);
    let sources = edges().map(Connectivity::sources).max().unwrap_or(0);
    let mut bundles: Vec<Bundle> = Vec::new();
    for source in 0..sources {
        if let Some(last) = bundles.last_mut()
            && edges().all(|edge| edge.same_reach(last.first_source, source))
        {
            last.sources += 1;
            continue;
        }
        let (mut first, mut last) = (usize::MAX, 0);
        for edge in edges() {
            edge.for_each_run(source, |at, length| {
                first = first.min(at);
                last = last.max(at + length - 1);
            });
        }
        bundles.push(Bundle {
            first_source: source,
            sources: 1,
            extent: (first, last),
        });
    }
    bundles.retain(|bundle| bundle.extent.0 <= bundle.extent.1);
    bundles.sort_by_key(|bundle| bundle.extent.0);
    bundles
}

/// The first target of a presynaptic neuron that is not before `start`. Unlike a walk over all its
/// runs, it stops at the first, which is what keeps pruned networks of VGG's size quick to place.
pub(super) fn next_target(
    connectivity: &Connectivity,
    source: usize,
    start: usize,
) -> Option<usize> {
    let source = match &connectivity.pooling {
        Some(pooling) => pooling.pooled(source)?,
        None => source,
    };
    match &connectivity.pattern {
        Pattern::Dense {
            targets, present, ..
        } => match present {
            None => Some(start).filter(|start| start < targets),
            Some(rows) => next_bit(rows, source, start),
        },
        Pattern::Convolution {
            convolution,
            present,
        } => {
            let (c, y, x) = convolution.input.coordinates(source);
            let outputs = convolution.group_outputs(c);
            let (shape, window) = (convolution.output, convolution.window);
            let rows = window.vertical.reached(y, shape.height);
            rows.flat_map(|(ky, oy)| {
                let columns = window.horizontal.reached(x, shape.width);
                columns.map(move |(kx, ox)| (ky, kx, oy, ox))
            })
            .filter_map(|(ky, kx, oy, ox)| {
                let base = shape.index(outputs.start, oy, ox);
                let channel = start.saturating_sub(base);
                let next = match present {
                    None => Some(channel).filter(|&channel| channel < outputs.len()),
                    Some(rows) => next_bit(rows, convolution.kernel_row(ky, kx, c), channel),
                };
                next.map(|channel| base + channel)
            })
            .min()
        }
        Pattern::Sparse {
            starts, targets, ..
        } => targets[starts[source] as usize..starts[source + 1] as usize]
            .iter()
            .map(|&target| target as usize)
            .filter(|&target| target >= start)
            .min(),
    }
}

/// The first set bit of a row that is not before `column`.
fn next_bit(rows: &BitRows, row: usize, column: usize) -> Option<usize> {
    let words = rows.row(row);
    let first = words.get(column / 64)? & (u64::MAX << (column % 64));
    let later = words.iter().copied().skip(column / 64 + 1);
    std::iter::once(first)
        .chain(later)
        .enumerate()
        .find(|(_, word)| *word != 0)
        .map(|(index, word)| (column / 64 + index) * 64 + word.trailing_zeros() as usize)
}
