//! Which neurons share a neurocore, and whether the chip has room for them.

use super::Mesh;
use crate::network::{BitRows, Connectivity, Pattern, Role, Topology};
use std::ops::Range;

/// What one neurocore holds and how many of them there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capacity {
    /// Neurons of a core.
    pub neurons_per_core: u64,
    /// Synaptic memory of a core [bit].
    pub synaptic_memory_bits: u64,
    /// Memory of one synapse [bit]. Each synapse is stored: convolutions do not share weights.
    pub weight_bits: u64,
    /// Distinct presynaptic neurons that reach a core.
    pub fan_in_axons_per_core: u64,
    /// (neuron, destination core) pairs that leave a core.
    pub fan_out_axons_per_core: u64,
    /// Tiles and cores.
    pub mesh: Mesh,
    /// Chips that may be used.
    pub chips: u64,
}

/// Neighbouring neurons of one population on one core.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slice {
    /// Index of the population.
    pub population: usize,
    /// Indices of its neurons, channels last.
    pub neurons: Range<usize>,
    /// The core, counted over all chips.
    pub core: usize,
}

/// Why slices are not a placement.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum MappingError {
    /// Neurons are on no core or on two.
    #[error(
        "population {population}: its slices do not cover neurons 0..{neurons} once, the first gap or overlap is at {at}; give each neuron one core"
    )]
    Coverage {
        /// Name of the population.
        population: String,
        /// Its neurons.
        neurons: usize,
        /// First neuron that is missing or doubled.
        at: usize,
    },
    /// A slice names a population that is driven by the host or does not exist.
    #[error("slice of population {population}: only populations on the chip can be placed")]
    NotPlaceable {
        /// Index of the population.
        population: usize,
    },
}

/// Where each neuron sits. Input populations are driven by the host and sit nowhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placement {
    slices: Vec<Slice>,
    /// Slice of each neuron, per population; empty for a population that is not placed.
    slice_of: Vec<Vec<u32>>,
    mesh: Mesh,
    exceeded: Vec<String>,
}

impl Placement {
    /// A placement by hand; several slices may share a core. Limits that it exceeds are listed, not
    /// refused.
    ///
    /// # Errors
    /// If a neuron on the chip has no core or two.
    pub fn new(
        topology: &Topology,
        capacity: &Capacity,
        mut slices: Vec<Slice>,
    ) -> Result<Self, MappingError> {
        slices.sort_by_key(|slice| (slice.population, slice.neurons.start));
        let mut covered = vec![0; topology.populations.len()];
        let gap = |population: usize, at: usize| MappingError::Coverage {
            population: topology.populations[population].name.clone(),
            neurons: topology.populations[population].shape.neurons(),
            at,
        };
        for slice in &slices {
            let node = topology
                .populations
                .get(slice.population)
                .filter(|node| node.role != Role::Input)
                .ok_or(MappingError::NotPlaceable {
                    population: slice.population,
                })?;
            let done = &mut covered[slice.population];
            let Range { start, end } = slice.neurons;
            if start != *done || end < start || end > node.shape.neurons() {
                return Err(gap(slice.population, start.min(*done)));
            }
            *done = end;
        }
        for (population, node) in topology.populations.iter().enumerate() {
            if node.role != Role::Input && covered[population] != node.shape.neurons() {
                return Err(gap(population, covered[population]));
            }
        }
        Ok(Self::assemble(topology, capacity, slices))
    }

    /// A placement from slices that are sorted and cover each neuron once.
    fn assemble(topology: &Topology, capacity: &Capacity, slices: Vec<Slice>) -> Self {
        let mut slice_of = vec![Vec::new(); topology.populations.len()];
        for (index, slice) in slices.iter().enumerate() {
            slice_of[slice.population].resize(slice.neurons.end, index as u32);
        }
        let mut placement = Placement {
            slices,
            slice_of,
            mesh: capacity.mesh,
            exceeded: Vec::new(),
        };
        placement.exceeded = exceeded(topology, capacity, &placement);
        placement
    }

    /// Slices in the order of populations and neurons.
    #[must_use]
    pub fn slices(&self) -> &[Slice] {
        &self.slices
    }

    /// The mesh the cores belong to.
    #[must_use]
    pub fn mesh(&self) -> Mesh {
        self.mesh
    }

    /// Whether no limit is exceeded.
    #[must_use]
    pub fn fits(&self) -> bool {
        self.exceeded.is_empty()
    }

    /// Limits that are exceeded: name, have, allowed.
    #[must_use]
    pub fn exceeded(&self) -> &[String] {
        &self.exceeded
    }

    /// Cores with at least one neuron.
    #[must_use]
    pub fn cores(&self) -> usize {
        self.distinct(|core| core)
    }

    /// Tiles with at least one neuron.
    #[must_use]
    pub fn tiles(&self) -> usize {
        self.distinct(|core| self.mesh.tile(core))
    }

    /// Chips with at least one neuron.
    #[must_use]
    pub fn chips(&self) -> usize {
        self.distinct(|core| core / self.mesh.cores_per_chip())
    }

    fn distinct(&self, place: impl Fn(usize) -> usize) -> usize {
        let mut places: Vec<usize> = self.slices.iter().map(|s| place(s.core)).collect();
        places.sort_unstable();
        places.dedup();
        places.len()
    }

    /// One more than the largest core in use.
    pub(super) fn core_bound(&self) -> usize {
        self.slices.iter().map(|s| s.core + 1).max().unwrap_or(0)
    }

    /// Slice of a neuron; `None` for one driven by the host.
    pub(super) fn slice(&self, population: usize, neuron: usize) -> Option<usize> {
        self.slice_of[population].get(neuron).map(|&s| s as usize)
    }

    /// Calls `f(slice, edge, synapses)` for each stretch of synapses of one neuron that ends in one
    /// slice. A slice comes up several times if the synapses are not neighbours.
    pub(super) fn for_each_target(
        &self,
        topology: &Topology,
        population: usize,
        neuron: usize,
        mut f: impl FnMut(usize, usize, u64),
    ) {
        for (index, edge) in topology.edges.iter().enumerate() {
            if edge.source != population {
                continue;
            }
            let slice_of = &self.slice_of[edge.target];
            if slice_of.is_empty() {
                continue;
            }
            edge.connectivity.for_each_run(neuron, |first, length| {
                split(slice_of, &self.slices, first..first + length, |s, n| {
                    f(s, index, n);
                });
            });
        }
    }
}

/// Cuts a run of neurons at the ends of slices.
fn split(slice_of: &[u32], slices: &[Slice], run: Range<usize>, mut f: impl FnMut(usize, u64)) {
    let mut at = run.start;
    while at < run.end {
        let slice = slice_of[at] as usize;
        let end = slices[slice].neurons.end.min(run.end);
        f(slice, (end - at) as u64);
        at = end;
    }
}

/// Fills cores greedily.
///
/// Each population starts on a new core; its neurons, in index order, fill a core until the next
/// one would exceed the neurons, the synaptic memory, the fan-in axons or the fan-out axons of a
/// core. Cores are numbered in the order of the populations. A neuron that exceeds the memory or the
/// fan-out axons of a core on its own gets a core to itself. If it exceeds the fan-in axons, no
/// splitting helps, and its core is filled up to the other limits. Either way the limit is listed
/// in [`Placement::exceeded`]. Synapses from the input count like all others.
#[must_use]
pub fn place(topology: &Topology, capacity: &Capacity) -> Placement {
    let populations = topology.populations.len();
    let mut parts: Vec<Vec<Range<usize>>> = vec![Vec::new(); populations];
    // Targets first: fan-out axons count the cores of the targets.
    for population in (0..populations).rev() {
        if topology.populations[population].role != Role::Input {
            parts[population] = fill(topology, capacity, population, &parts);
        }
    }
    let slices = parts
        .into_iter()
        .enumerate()
        .flat_map(|(population, ranges)| ranges.into_iter().map(move |r| (population, r)))
        .enumerate()
        .map(|(core, (population, neurons))| Slice {
            population,
            neurons,
            core,
        })
        .collect();
    Placement::assemble(topology, capacity, slices)
}

/// Cuts one population into cores.
fn fill(
    topology: &Topology,
    capacity: &Capacity,
    population: usize,
    parts: &[Vec<Range<usize>>],
) -> Vec<Range<usize>> {
    let neurons = topology.populations[population].shape.neurons();
    let memory = running_sum(&synaptic_bits(topology, capacity, population));
    let fan_out = running_sum(&destinations(topology, population, parts));
    let reach = Reach::into(topology, population);
    let mut ranges = Vec::new();
    let mut start = 0;
    while start < neurons {
        let most = capacity.neurons_per_core.min((neurons - start) as u64) as usize;
        let within = |sums: &[u64], limit: u64| {
            sums[start..].partition_point(|&sum| sum - sums[start] <= limit) - 1
        };
        let most = most
            .min(within(&memory, capacity.synaptic_memory_bits))
            .min(within(&fan_out, capacity.fan_out_axons_per_core))
            .max(1);
        let count = reach.longest(start, most, capacity.fan_in_axons_per_core);
        ranges.push(start..start + count);
        start += count;
    }
    ranges
}

/// Synaptic memory of each neuron of a population [bit].
fn synaptic_bits(topology: &Topology, capacity: &Capacity, population: usize) -> Vec<u64> {
    let mut bits = vec![0u64; topology.populations[population].shape.neurons()];
    for edge in topology.edges.iter().filter(|e| e.target == population) {
        for (bits, fan_in) in bits.iter_mut().zip(edge.connectivity.fan_ins()) {
            *bits += u64::from(fan_in) * capacity.weight_bits;
        }
    }
    bits
}

/// Destination cores of each neuron of a population, as far as its targets are cut already.
fn destinations(topology: &Topology, population: usize, parts: &[Vec<Range<usize>>]) -> Vec<u64> {
    let mut counts = vec![0u64; topology.populations[population].shape.neurons()];
    let mut targets: Vec<usize> = topology
        .edges
        .iter()
        .filter(|e| e.source == population && !parts[e.target].is_empty())
        .map(|e| e.target)
        .collect();
    targets.sort_unstable();
    targets.dedup();
    for target in targets {
        let ranges = &parts[target];
        let mut seen = vec![usize::MAX; ranges.len()];
        for (neuron, count) in counts.iter_mut().enumerate() {
            for edge in &topology.edges {
                if (edge.source, edge.target) != (population, target) {
                    continue;
                }
                edge.connectivity.for_each_run(neuron, |first, length| {
                    let mut core = ranges.partition_point(|range| range.end <= first);
                    while core < ranges.len() && ranges[core].start < first + length {
                        if seen[core] != neuron {
                            seen[core] = neuron;
                            *count += 1;
                        }
                        core += 1;
                    }
                });
            }
        }
    }
    counts
}

fn running_sum(values: &[u64]) -> Vec<u64> {
    std::iter::once(0)
        .chain(values.iter().scan(0, |sum, value| {
            *sum += value;
            Some(*sum)
        }))
        .collect()
}

/// Which presynaptic neurons reach which part of a population.
struct Reach<'a> {
    topology: &'a Topology,
    /// Edges into the population, grouped by presynaptic population.
    groups: Vec<Vec<usize>>,
    /// First and last target of each presynaptic neuron, per group; first > last if it has none.
    extents: Vec<Vec<(usize, usize)>>,
}

impl<'a> Reach<'a> {
    fn into(topology: &'a Topology, population: usize) -> Self {
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
        let extents = groups
            .iter()
            .map(|group| {
                let sources = topology.edges[group[0]].connectivity.sources();
                (0..sources)
                    .map(|source| {
                        let (mut first, mut last) = (usize::MAX, 0);
                        for &edge in group {
                            topology.edges[edge]
                                .connectivity
                                .for_each_run(source, |at, length| {
                                    first = first.min(at);
                                    last = last.max(at + length - 1);
                                });
                        }
                        (first, last)
                    })
                    .collect()
            })
            .collect();
        Reach {
            topology,
            groups,
            extents,
        }
    }

    /// The longest stretch from `start`, 1 to `most` neurons, that at most `limit` distinct
    /// presynaptic neurons reach; `most` if the first neuron alone has more.
    fn longest(&self, start: usize, most: usize, limit: u64) -> usize {
        // How many presynaptic neurons reach the stretch for the first time at each of its neurons.
        let mut arrivals = vec![0u64; most];
        for (group, extents) in self.groups.iter().zip(&self.extents) {
            for (source, &(first, last)) in extents.iter().enumerate() {
                if first >= start + most || last < start {
                    continue;
                }
                let nearest = group
                    .iter()
                    .filter_map(|&edge| {
                        next_target(&self.topology.edges[edge].connectivity, source, start)
                    })
                    .min()
                    .unwrap_or(usize::MAX);
                if nearest < start + most {
                    arrivals[nearest - start] += 1;
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

/// The first target of a presynaptic neuron that is not before `start`. Unlike a walk over all its
/// runs, it stops at the first, which is what keeps pruned networks of VGG's size quick to place.
fn next_target(connectivity: &Connectivity, source: usize, start: usize) -> Option<usize> {
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

/// What one core is asked to hold.
#[derive(Clone, Copy, Default)]
struct Load {
    neurons: u64,
    memory_bits: u64,
    fan_in_axons: u64,
    fan_out_axons: u64,
}

/// Names the limits that a placement exceeds, each with its worst core.
fn exceeded(topology: &Topology, capacity: &Capacity, placement: &Placement) -> Vec<String> {
    let mut loads = vec![Load::default(); placement.core_bound()];
    for slice in &placement.slices {
        loads[slice.core].neurons += slice.neurons.len() as u64;
    }
    let mut seen = vec![usize::MAX; loads.len()];
    let mut mark = 0;
    for (population, node) in topology.populations.iter().enumerate() {
        if node.role != Role::Input {
            let bits = synaptic_bits(topology, capacity, population);
            for (neuron, bits) in bits.into_iter().enumerate() {
                if let Some(slice) = placement.slice(population, neuron) {
                    loads[placement.slices[slice].core].memory_bits += bits;
                }
            }
        }
        for neuron in 0..node.shape.neurons() {
            let home = placement.slice(population, neuron);
            placement.for_each_target(topology, population, neuron, |slice, _, _| {
                let core = placement.slices[slice].core;
                if seen[core] != mark {
                    seen[core] = mark;
                    loads[core].fan_in_axons += 1;
                    if let Some(home) = home {
                        loads[placement.slices[home].core].fan_out_axons += 1;
                    }
                }
            });
            mark += 1;
        }
    }
    let name = |core: usize| {
        placement
            .slices
            .iter()
            .find(|slice| slice.core == core)
            .map_or("", |slice| &topology.populations[slice.population].name)
    };
    type Use = fn(&Load) -> u64;
    let limits: [(&str, u64, Use); 4] = [
        ("neurons per core", capacity.neurons_per_core, |l| l.neurons),
        (
            "synaptic memory per core [bit]",
            capacity.synaptic_memory_bits,
            |l| l.memory_bits,
        ),
        (
            "fan-in axons per core",
            capacity.fan_in_axons_per_core,
            |l| l.fan_in_axons,
        ),
        (
            "fan-out axons per core",
            capacity.fan_out_axons_per_core,
            |l| l.fan_out_axons,
        ),
    ];
    let mut exceeded = Vec::new();
    for (limit, allowed, have) in limits {
        let over = loads.iter().filter(|load| have(load) > allowed).count();
        let worst = (0..loads.len())
            .rev()
            .max_by_key(|&core| have(&loads[core]));
        if let (true, Some(core)) = (over > 0, worst) {
            exceeded.push(format!(
                "{limit}: {} on core {core} ({}), allowed {allowed} (cores over it: {over})",
                have(&loads[core]),
                name(core),
            ));
        }
    }
    let chips = placement
        .core_bound()
        .div_ceil(capacity.mesh.cores_per_chip());
    if chips as u64 > capacity.chips {
        exceeded.push(format!(
            "cores: {} on {chips} chips, allowed {} on {}",
            placement.cores(),
            (capacity.mesh.cores_per_chip() as u64).saturating_mul(capacity.chips),
            capacity.chips,
        ));
    }
    exceeded
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::{Axis, Convolution, Edge, Node, Pooling, Shape, Window};
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn node(name: &str, shape: Shape, role: Role) -> Node {
        Node {
            name: name.into(),
            shape,
            role,
        }
    }

    fn dense(source: usize, target: usize, sources: usize, targets: usize) -> Edge {
        Edge {
            source,
            target,
            connectivity: Connectivity::new(Pattern::Dense {
                sources,
                targets,
                present: None,
            }),
        }
    }

    fn roomy() -> Capacity {
        Capacity {
            neurons_per_core: 1000,
            synaptic_memory_bits: 1 << 30,
            weight_bits: 8,
            fan_in_axons_per_core: 1 << 20,
            fan_out_axons_per_core: 1 << 20,
            mesh: Mesh {
                cores_per_tile: 2,
                width: 2,
                height: 2,
            },
            chips: 1,
        }
    }

    fn ranges(placement: &Placement, population: usize) -> Vec<Range<usize>> {
        let slices = placement.slices().iter();
        slices
            .filter(|slice| slice.population == population)
            .map(|slice| slice.neurons.clone())
            .collect()
    }

    /// 10 inputs, 4 hidden neurons, 6 outputs, all connected.
    fn layers() -> Topology {
        Topology {
            populations: vec![
                node("in", Shape::vector(10), Role::Input),
                node("hidden", Shape::vector(4), Role::Spiking),
                node("out", Shape::vector(6), Role::Readout),
            ],
            edges: vec![dense(0, 1, 10, 4), dense(1, 2, 4, 6)],
        }
    }

    #[test]
    fn worked_convolution_split_by_fan_in_axons() {
        // 4×4 pixels, 3×3 kernel, padding 1. A full output row reads two or three input rows, 8 or
        // 12 pixels; with 9 axons, inner rows split in halves that read 3×3 pixels each.
        let axis = Axis {
            pad_before: 1,
            pad_after: 1,
            ..Axis::new(3, 1)
        };
        let shape = Shape::maps(1, 4, 4);
        let topology = Topology {
            populations: vec![
                node("in", shape, Role::Input),
                node("conv", shape, Role::Spiking),
            ],
            edges: vec![Edge {
                source: 0,
                target: 1,
                connectivity: Connectivity::new(Pattern::Convolution {
                    convolution: Convolution {
                        input: shape,
                        output: shape,
                        window: Window {
                            vertical: axis,
                            horizontal: axis,
                        },
                        groups: 1,
                    },
                    present: None,
                }),
            }],
        };
        let capacity = Capacity {
            fan_in_axons_per_core: 9,
            ..roomy()
        };
        let placement = place(&topology, &capacity);
        assert_eq!(
            ranges(&placement, 1),
            [0..4, 4..6, 6..8, 8..10, 10..12, 12..16]
        );
        assert!(placement.fits());
        let cramped = Capacity {
            fan_in_axons_per_core: 8,
            ..capacity
        };
        let placement = place(&topology, &cramped);
        assert_eq!(
            placement.exceeded(),
            ["fan-in axons per core: 16 on core 2 (conv), allowed 8 (cores over it: 1)"]
        );
        assert_eq!(ranges(&placement, 1), [0..4, 4..5, 5..16]);
    }

    #[test]
    fn worked_limits_of_dense_layers() {
        let topology = layers();
        // An output stores 4 synapses of 8 bits, a hidden neuron 10.
        let capacity = Capacity {
            synaptic_memory_bits: 100,
            ..roomy()
        };
        let placement = place(&topology, &capacity);
        assert_eq!(ranges(&placement, 2), [0..3, 3..6]);
        assert_eq!(ranges(&placement, 1), [0..1, 1..2, 2..3, 3..4]);
        assert_eq!((placement.cores(), placement.tiles()), (6, 3));
        // With the outputs on two cores, each hidden neuron has two fan-out axons.
        let capacity = Capacity {
            neurons_per_core: 3,
            fan_out_axons_per_core: 5,
            ..roomy()
        };
        let placement = place(&topology, &capacity);
        assert_eq!(ranges(&placement, 1), [0..2, 2..4]);
        assert!(placement.fits());
        // A neuron too large for any core stands alone and is named.
        let capacity = Capacity {
            synaptic_memory_bits: 79,
            ..roomy()
        };
        let placement = place(&topology, &capacity);
        assert_eq!(
            placement.exceeded(),
            [
                "synaptic memory per core [bit]: 80 on core 0 (hidden), allowed 79 (cores over it: 4)"
            ]
        );
    }

    #[test]
    fn more_cores_than_a_chip_has_need_more_chips() {
        let capacity = Capacity {
            neurons_per_core: 1,
            ..roomy()
        };
        let placement = place(&layers(), &capacity);
        assert_eq!((placement.cores(), placement.chips()), (10, 2));
        assert_eq!(
            placement.exceeded(),
            ["cores: 10 on 2 chips, allowed 8 on 1"]
        );
        assert!(
            place(
                &layers(),
                &Capacity {
                    chips: 2,
                    ..capacity
                }
            )
            .fits()
        );
    }

    #[test]
    fn a_placement_by_hand_must_cover_each_neuron_once() {
        let slice = |population, neurons| Slice {
            population,
            neurons,
            core: 0,
        };
        let place = |slices| Placement::new(&layers(), &roomy(), slices);
        assert!(place(vec![slice(2, 0..6), slice(1, 0..4)]).is_ok());
        for (slices, at) in [
            (vec![slice(1, 0..4), slice(2, 0..5)], 5),
            (vec![slice(1, 0..4), slice(2, 0..4), slice(2, 3..6)], 3),
            (vec![slice(1, 0..4), slice(2, 1..6)], 0),
        ] {
            assert!(matches!(
                place(slices),
                Err(MappingError::Coverage { at: found, .. }) if found == at
            ));
        }
        assert_eq!(
            place(vec![slice(0, 0..10)]),
            Err(MappingError::NotPlaceable { population: 0 })
        );
    }

    /// Random synapses between an input, two hidden populations and an output, one edge a skip.
    fn sparse_topology() -> impl Strategy<Value = Topology> {
        let sizes = [7usize, 9, 8, 5];
        let edges = [(0usize, 1usize), (1, 2), (0, 2), (2, 3), (1, 3)];
        let patterns: Vec<_> = edges
            .iter()
            .map(|&(source, target)| {
                prop::collection::vec(any::<bool>(), sizes[source] * sizes[target])
            })
            .collect();
        patterns.prop_map(move |patterns| Topology {
            populations: sizes
                .iter()
                .enumerate()
                .map(|(index, &n)| {
                    let role = if index == 0 {
                        Role::Input
                    } else {
                        Role::Spiking
                    };
                    node(&format!("p{index}"), Shape::vector(n), role)
                })
                .collect(),
            edges: edges
                .iter()
                .zip(patterns)
                .map(|(&(source, target), present)| {
                    let (mut starts, mut targets) = (vec![0], Vec::new());
                    for row in present.chunks(sizes[target]) {
                        let there = (0..sizes[target]).filter(|&t| row[t]);
                        targets.extend(there.map(|t| t as u32));
                        starts.push(targets.len() as u64);
                    }
                    Edge {
                        source,
                        target,
                        connectivity: Connectivity::new(Pattern::Sparse {
                            neurons: sizes[target],
                            starts,
                            targets,
                        }),
                    }
                })
                .collect(),
        })
    }

    /// Neurons, memory, fan-in axons, fan-out axons of a range, from sets of synapses.
    fn load_of(
        topology: &Topology,
        placement: &Placement,
        population: usize,
        range: &Range<usize>,
    ) -> [u64; 4] {
        let (mut synapses, mut axons, mut out) = (0, BTreeSet::new(), BTreeSet::new());
        for edge in &topology.edges {
            for source in 0..edge.connectivity.sources() {
                edge.connectivity.for_each_run(source, |first, length| {
                    for target in first..first + length {
                        if edge.target == population && range.contains(&target) {
                            synapses += 1;
                            axons.insert((edge.source, source));
                        }
                        if edge.source == population && range.contains(&source) {
                            out.insert((source, placement.slice(edge.target, target)));
                        }
                    }
                });
            }
        }
        [
            range.len() as u64,
            synapses * 8,
            axons.len() as u64,
            out.len() as u64,
        ]
    }

    /// Pruned patterns of each kind, one behind a pooling, with more than 64 targets in a row.
    fn pruned(bits: &[bool]) -> Vec<Connectivity> {
        let values: Vec<f32> = bits.iter().map(|&bit| f32::from(u8::from(bit))).collect();
        let axis = Axis {
            pad_before: 1,
            pad_after: 1,
            ..Axis::new(3, 1)
        };
        let window = Window {
            vertical: axis,
            horizontal: axis,
        };
        let halves = Window {
            vertical: Axis::new(2, 2),
            horizontal: Axis::new(2, 2),
        };
        let input = Shape::maps(2, 2, 2);
        let convolution = |present| Pattern::Convolution {
            convolution: Convolution {
                input,
                output: Shape::maps(140, 2, 2),
                window,
                groups: 2,
            },
            present,
        };
        vec![
            Connectivity::new(Pattern::Dense {
                sources: 9,
                targets: 140,
                present: Some(BitRows::nonzero(&values[..9 * 140], 140)),
            }),
            Connectivity::new(convolution(None)),
            Connectivity {
                pooling: Some(Pooling {
                    input: Shape::maps(2, 5, 5),
                    output: input,
                    window: halves,
                }),
                pattern: convolution(Some(BitRows::nonzero(&values, 70))),
            },
        ]
    }

    proptest! {
        #[test]
        fn the_next_target_is_the_first_of_the_runs(
            bits in prop::collection::vec(prop::bool::weighted(0.02), 18 * 70),
        ) {
            for connectivity in pruned(&bits) {
                for source in 0..connectivity.sources() {
                    let mut all = BTreeSet::new();
                    connectivity.for_each_run(source, |first, length| {
                        all.extend(first..first + length);
                    });
                    for start in (0..connectivity.targets()).step_by(7) {
                        let expected = all.range(start..).next().copied();
                        prop_assert_eq!(next_target(&connectivity, source, start), expected);
                    }
                }
            }
        }

        #[test]
        fn greedy_cores_are_within_all_limits_and_full(
            topology in sparse_topology(),
            limits in (1u64..6, 100u64..400, 9u64..20, 5u64..12),
        ) {
            let capacity = Capacity {
                neurons_per_core: limits.0,
                synaptic_memory_bits: limits.1.max(17 * 8),
                fan_in_axons_per_core: limits.2.max(17),
                fan_out_axons_per_core: limits.3.max(13),
                chips: 100,
                ..roomy()
            };
            let allowed = [
                capacity.neurons_per_core,
                capacity.synaptic_memory_bits,
                capacity.fan_in_axons_per_core,
                capacity.fan_out_axons_per_core,
            ];
            let placement = place(&topology, &capacity);
            prop_assert!(placement.fits(), "{:?}", placement.exceeded());
            for slice in placement.slices() {
                let load = |range| load_of(&topology, &placement, slice.population, &range);
                let Range { start, end } = slice.neurons;
                prop_assert!(load(start..end).iter().zip(allowed).all(|(have, most)| *have <= most));
                if end < topology.populations[slice.population].shape.neurons() {
                    let more = load(start..end + 1);
                    prop_assert!(more.iter().zip(allowed).any(|(have, most)| *have > most));
                }
            }
        }
    }
}
