//! Which presynaptic neurons a part of a population hears.

use super::fan_out::stretch;
use crate::network::{Axis, BitRows, Connectivity, Convolution, Pattern, Topology, Window};

/// Which presynaptic neurons reach which part of a population.
pub(super) struct Reach<'a> {
    /// One for each presynaptic population.
    groups: Vec<Group<'a>>,
    /// How many presynaptic neurons reach the stretch at hand for the first time at each neuron.
    arrivals: Vec<u64>,
}

/// The presynaptic neurons of one population.
enum Group<'a> {
    /// So many, of which all reach every neuron.
    All(u64),
    Windows(Windows<'a>),
    Listed(Listed<'a>),
}

impl<'a> Reach<'a> {
    pub fn into(topology: &'a Topology, population: usize) -> Self {
        let mut groups: Vec<(usize, Vec<&'a Connectivity>)> = Vec::new();
        for edge in topology
            .edges
            .iter()
            .filter(|edge| edge.target == population)
        {
            match groups.iter_mut().find(|(source, _)| *source == edge.source) {
                Some((_, group)) => group.push(&edge.connectivity),
                None => groups.push((edge.source, vec![&edge.connectivity])),
            }
        }
        Reach {
            groups: groups
                .into_iter()
                .map(|(_, group)| Group::of(group))
                .collect(),
            arrivals: Vec::new(),
        }
    }

    /// The longest stretch from `start`, 1 to `most` neurons, that at most `limit` distinct
    /// presynaptic neurons reach; `most` if the first neuron alone has more. Each call starts where
    /// the one before did or later.
    pub fn longest(&mut self, start: usize, most: usize, limit: u64) -> usize {
        let Reach { groups, arrivals } = self;
        arrivals.clear();
        arrivals.resize(most, 0);
        for group in groups {
            match group {
                Group::All(sources) => arrivals[0] += *sources,
                Group::Windows(windows) => windows.arrive(start, arrivals),
                Group::Listed(listed) => listed.arrive(start, arrivals),
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

impl<'a> Group<'a> {
    fn of(edges: Vec<&'a Connectivity>) -> Self {
        let all = |edge: &&Connectivity| {
            let whole = matches!(edge.pattern, Pattern::Dense { present: None, .. });
            whole && edge.pooling.is_none()
        };
        if edges.iter().all(all) {
            return Group::All(edges[0].sources() as u64);
        }
        match Windows::of(&edges) {
            Some(windows) => Group::Windows(windows),
            None => Group::Listed(Listed {
                bundles: bundles(&edges),
                edges,
                begun: 0,
                near: Vec::new(),
            }),
        }
    }
}

/// Convolutions of one input that lack no synapse: all channels of a group at an input position
/// reach the same neurons.
struct Windows<'a> {
    convolutions: Vec<&'a Convolution>,
    /// Number of the stretch that each group of channels at each input position last reached.
    seen: Vec<u32>,
    stretch: u32,
}

impl<'a> Windows<'a> {
    fn of(edges: &[&'a Connectivity]) -> Option<Self> {
        let whole = |edge: &&'a Connectivity| match &edge.pattern {
            Pattern::Convolution {
                convolution,
                present: None,
            } if edge.pooling.is_none() => Some(convolution),
            _ => None,
        };
        let convolutions: Vec<&Convolution> = edges.iter().map(whole).collect::<Option<_>>()?;
        let first = convolutions[0];
        let alike = |other: &&Convolution| {
            (other.groups, other.input, other.output) == (first.groups, first.input, first.output)
        };
        convolutions.iter().all(alike).then(|| Windows {
            seen: vec![0; first.input.height * first.input.width * first.groups],
            stretch: 0,
            convolutions,
        })
    }

    fn arrive(&mut self, start: usize, arrivals: &mut [u64]) {
        self.stretch += 1;
        let Convolution {
            input,
            output,
            groups,
            ..
        } = *self.convolutions[0];
        let (together, each) = (output.channels / groups, (input.channels / groups) as u64);
        let end = start + arrivals.len();
        let mut at = start;
        while at < end {
            // Groups divide the channels, so that none lies at two positions.
            let (channel, y, x) = output.coordinates(at);
            let group = channel / together;
            for convolution in &self.convolutions {
                let Window {
                    vertical,
                    horizontal,
                } = convolution.window;
                for row in taps(vertical, y, input.height) {
                    for column in taps(horizontal, x, input.width) {
                        let seen = &mut self.seen[(row * input.width + column) * groups + group];
                        if *seen != self.stretch {
                            *seen = self.stretch;
                            arrivals[at - start] += each;
                        }
                    }
                }
            }
            at = (at / together + 1) * together;
        }
    }
}

/// Input positions that an output reads along an axis.
fn taps(axis: Axis, output: usize, inputs: usize) -> impl Iterator<Item = usize> {
    (0..axis.kernel).filter_map(move |tap| {
        let padded = output * axis.stride + tap * axis.dilation;
        let input = padded.checked_sub(axis.pad_before)?;
        (input < inputs).then_some(input)
    })
}

/// Presynaptic neurons of which each has to be looked at.
struct Listed<'a> {
    edges: Vec<&'a Connectivity>,
    /// Neighbours that reach the same neurons, by first target; those that reach none are left out.
    bundles: Vec<Bundle>,
    /// How many bundles began to matter.
    begun: usize,
    /// Which of them still do.
    near: Vec<usize>,
}

/// Neighbouring presynaptic neurons that reach the same neurons of the population.
struct Bundle {
    first_source: usize,
    sources: u64,
    /// First and last target.
    extent: (usize, usize),
}

impl Listed<'_> {
    fn arrive(&mut self, start: usize, arrivals: &mut [u64]) {
        let Listed {
            edges,
            bundles,
            begun,
            near,
        } = self;
        let end = start + arrivals.len();
        let new = bundles[*begun..].partition_point(|bundle| bundle.extent.0 < end);
        near.extend(*begun..*begun + new);
        *begun += new;
        near.retain(|&bundle| bundles[bundle].extent.1 >= start);
        for bundle in near.iter().map(|&bundle| &bundles[bundle]) {
            let nearest = edges
                .iter()
                .filter_map(|edge| next_target(edge, bundle.first_source, start))
                .min()
                .unwrap_or(usize::MAX);
            if nearest < end {
                arrivals[nearest - start] += bundle.sources;
            }
        }
    }
}

/// The presynaptic neurons of edges from one population, neighbours alike taken together, by first
/// target; those without targets are left out.
fn bundles(edges: &[&Connectivity]) -> Vec<Bundle> {
    let sources = edges[0].sources();
    let mut bundles: Vec<Bundle> = Vec::new();
    let mut next = 0;
    while next < sources {
        let source = next;
        next = stretch(edges, source, sources);
        let (mut first, mut last) = (usize::MAX, 0);
        for edge in edges {
            edge.for_each_run(source, |at, length| {
                first = first.min(at);
                last = last.max(at + length - 1);
            });
        }
        bundles.push(Bundle {
            first_source: source,
            sources: (next - source) as u64,
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
