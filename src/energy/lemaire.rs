//! Operations, memory accesses and addressing, layer by layer.

use super::hardware::Figure;
use super::receipt::{NO_DENSE, Receipt};
use super::{Job, Law};
use crate::network::{Connectivity, Pattern, Role};
use crate::result::{Bill, Part, Scope, TargetReport, Workload};
use crate::units::Range;

/// ```text
/// E = E_mem + E_ops + E_addr; an access of a memory of x bytes costs M(x) · word / 64,
/// M linear between (0, 0), (8 KB, memory_8k), (32 KB, memory_32k), (1 MB, memory_1m) and beyond
///
/// ANN conv: reads_in = reads_w = MACs; ANN fc: reads_in = N_in, reads_w = MACs
///           writes_out = outputs; conv: reads_b = outputs; MAC = MACs; ACC = outputs
///           addr ACC = inputs + outputs (conv)
/// SNN conv: th_in spikes in, K = ky · kx: reads_in = th_in; reads_w = th_in C_out K;
///           reads_b = T N_out; reads_pot = writes_pot = th_in C_out K + T N_out;
///           writes_out = th_out; ACC = th_in ceil(ky/sy) ceil(kx/sx) C_out + T N_out + th_out
///           addr: MAC = 2 th_in, ACC = th_in C_out K; MAC = T N_out if the potential leaks
/// SNN fc:   reads_w = th_in N_out; reads_pot = writes_pot = th_in N_out + T N_out;
///           ACC = th_in N_out + T N_out + th_out; MAC = T N_out if the potential leaks
/// ```
///
/// The pinned variant: `C_out` is that of one group and stays in the convolution's address term;
/// the kernel term of the ANN's addresses is left out. A leak multiplies the potential, which each
/// timestep reads and writes anyway; the decay of a synaptic current is not in the law. Sparse
/// projections use their synaptic operations for `th_in N_out`. A non-binary input costs a MAC and
/// the same accesses for each nonzero value, synapse and timestep.
///
/// Source: Lemaire et al., An analytical estimation of spiking neural networks energy efficiency,
/// ICONIP 2022, read in two re-implementations that differ; memory and operations of Horowitz,
/// ISSCC 2014.
pub(super) static LAW: Law = Law {
    name: "lemaire",
    about: "operations, accesses of memories sized by each layer, and addressing",
    groups: &[&[
        "capacity.word",
        "energy.add_int32",
        "energy.mul_int32",
        "energy.memory_8k",
        "energy.memory_32k",
        "energy.memory_1m",
    ]],
    price,
};

fn price(job: &Job) -> Vec<TargetReport> {
    vec![spiking(job), original(job)]
}

/// Accesses and operations per inference while they are added up.
struct Tally<'a> {
    memory: Memory<'a>,
    /// Kinds of access with their number and energy [J].
    accesses: [(&'static str, f64, Range); 4],
    macs: f64,
    /// Multiplications of potentials that leak.
    leaks: f64,
    accs: f64,
    address_macs: f64,
    address_accs: f64,
}

/// Which value an access moves.
#[derive(Clone, Copy)]
enum Kind {
    Input,
    Weight,
    Potential,
    Output,
}

/// What an access of a memory costs.
struct Memory<'a> {
    word: &'a Figure,
    knots: [(f64, &'a Figure); 3],
}

impl Memory<'_> {
    /// Energy of one word from a memory of so many words [J].
    fn access(&self, words: f64) -> Range {
        let bits = self.word.value.nominal;
        let bytes = words * bits / 8.0;
        let mut from = (0.0, Range::ZERO);
        let last = self.knots.len() - 1;
        for (index, (to, figure)) in self.knots.iter().enumerate() {
            if bytes <= *to || index == last {
                let share = (bytes - from.0) / (to - from.0);
                let each = from.1.zip(figure.value, |a, b| a + (b - a) * share);
                return each * (bits / 64.0);
            }
            from = (*to, figure.value);
        }
        Range::ZERO
    }
}

impl<'a> Tally<'a> {
    fn new(receipt: &mut Receipt<'a>) -> Option<Self> {
        let [word, small, middle, large] = receipt.figures([
            "capacity.word",
            "energy.memory_8k",
            "energy.memory_32k",
            "energy.memory_1m",
        ])?;
        let kib = 1024.0;
        Some(Tally {
            memory: Memory {
                word,
                knots: [(8.0 * kib, small), (32.0 * kib, middle), (kib * kib, large)],
            },
            accesses: [
                "input read",
                "weight read",
                "potential read and write",
                "output write",
            ]
            .map(|event| (event, 0.0, Range::ZERO)),
            macs: 0.0,
            leaks: 0.0,
            accs: 0.0,
            address_macs: 0.0,
            address_accs: 0.0,
        })
    }

    /// `count` accesses of a memory of `words` words.
    fn access(&mut self, kind: Kind, count: f64, words: u64) {
        let each = self.memory.access(words as f64);
        let (_, total, energy) = &mut self.accesses[kind as usize];
        *total += count;
        *energy = *energy + each * count;
    }

    /// Writes the lines.
    fn charge(&self, receipt: &mut Receipt<'a>) {
        let Memory { word, knots } = &self.memory;
        let used: Vec<&Figure> = knots.iter().map(|(_, f)| *f).chain([*word]).collect();
        for (event, count, energy) in &self.accesses {
            if *count > 0.0 {
                let amount = (*count, energy.nominal / count);
                receipt.line(
                    Part::Dynamic,
                    Bill::MEMORY_ROUTING,
                    event,
                    amount,
                    *energy,
                    &used,
                );
            }
        }
        let (event, key) = ("multiplication of a leaking potential", "energy.mul_int32");
        receipt.charge(Bill::COMPUTE, event, self.leaks, key);
        for (bill, macs, accs, multiply, add) in [
            (
                Bill::COMPUTE,
                self.macs,
                self.accs,
                "multiplication",
                "addition",
            ),
            (
                Bill::MEMORY_ROUTING,
                self.address_macs,
                self.address_accs,
                "multiplication of an address",
                "addition of an address",
            ),
        ] {
            receipt.charge(bill, multiply, macs, "energy.mul_int32");
            receipt.charge(bill, add, macs + accs, "energy.add_int32");
        }
    }
}

fn spiking(job: &Job) -> TargetReport {
    let mut receipt = Receipt::new(job);
    match Tally::new(&mut receipt) {
        Some(mut tally) => {
            count_spiking(job, &mut tally);
            tally.charge(&mut receipt);
        }
        None => receipt.lose(Part::Dynamic, Bill::EVENT),
    }
    receipt.finish(Workload::Snn, Scope::MemoryRouting, None)
}

fn count_spiking(job: &Job, tally: &mut Tally) {
    let counts = job.work.counts;
    let topology = &counts.topology;
    let samples = counts.samples.max(1) as f64;
    let neurons = |index: usize| topology.populations[index].shape.neurons() as u64;
    for (edge, counted) in topology.edges.iter().zip(&counts.projections) {
        let sum = |values: &[u64]| values.iter().sum::<u64>() as f64 / samples;
        let spikes = counts.per_inference(edge.source).spikes;
        let reach = Reach::of(
            &edge.connectivity,
            spikes,
            sum(&counted.synops_per_timestep),
        );
        let macs = sum(&counted.macs_per_timestep);
        tally.access(Kind::Input, spikes + macs, neurons(edge.source));
        let weights = edge.connectivity.stored_weights();
        tally.access(Kind::Weight, reach.accesses + macs, weights);
        let potentials = 2.0 * (reach.accesses + macs);
        tally.access(Kind::Potential, potentials, neurons(edge.target));
        tally.accs += reach.additions;
        tally.macs += macs;
        if reach.convolution {
            tally.address_macs += 2.0 * spikes;
            tally.address_accs += reach.accesses;
            // A bias for each channel, read for each neuron in each timestep.
            let updates = neurons(edge.target) as f64 * f64::from(counts.timesteps);
            let biases = topology.populations[edge.target].shape.channels as u64;
            tally.access(Kind::Weight, updates, biases);
        }
    }
    for (index, node) in topology.populations.iter().enumerate() {
        if node.role != Role::Input {
            let figures = counts.per_inference(index);
            let updates = figures.neuron_updates;
            tally.access(Kind::Potential, 2.0 * updates, neurons(index));
            tally.access(Kind::Output, figures.spikes, neurons(index));
            tally.accs += updates + figures.spikes;
            tally.leaks += figures.leak_updates;
        }
    }
}

/// What the spikes of a projection touch.
struct Reach {
    convolution: bool,
    /// Weights and potentials.
    accesses: f64,
    additions: f64,
}

impl Reach {
    fn of(connectivity: &Connectivity, spikes: f64, synops: f64) -> Self {
        match &connectivity.pattern {
            Pattern::Convolution { convolution, .. } => {
                let channels = convolution.outputs_per_group() as f64;
                let axes = [convolution.window.vertical, convolution.window.horizontal];
                let taps: usize = axes.iter().map(|axis| axis.kernel).product();
                let outputs = axes.iter().map(|axis| axis.kernel.div_ceil(axis.stride));
                let outputs: usize = outputs.product();
                Reach {
                    convolution: true,
                    accesses: spikes * channels * taps as f64,
                    additions: spikes * channels * outputs as f64,
                }
            }
            Pattern::Dense { targets, .. } => {
                let accesses = spikes * *targets as f64;
                Reach {
                    convolution: false,
                    accesses,
                    additions: accesses,
                }
            }
            Pattern::Sparse { .. } => Reach {
                convolution: false,
                accesses: synops,
                additions: synops,
            },
        }
    }
}

fn original(job: &Job) -> TargetReport {
    let mut receipt = Receipt::new(job);
    if job.work.dense.layers.is_empty() {
        receipt.lack(NO_DENSE);
        receipt.lose(Part::Dynamic, Bill::EVENT);
    }
    match Tally::new(&mut receipt) {
        Some(mut tally) => {
            for layer in job.work.dense.layers.iter().filter(|layer| layer.macs > 0) {
                let macs = layer.macs as f64;
                let (inputs, outputs) = (layer.inputs as f64, layer.outputs as f64);
                let full = u128::from(layer.inputs) * u128::from(layer.outputs);
                let convolution = u128::from(layer.macs) != full;
                let reads = if convolution { macs } else { inputs };
                tally.access(Kind::Input, reads, layer.inputs);
                let biases = if convolution { outputs } else { 0.0 };
                tally.access(Kind::Weight, macs + biases, layer.parameters);
                tally.access(Kind::Output, outputs, layer.outputs);
                tally.macs += macs;
                tally.accs += outputs;
                if convolution {
                    tally.address_accs += inputs + outputs;
                }
            }
            tally.charge(&mut receipt);
        }
        None => receipt.lose(Part::Dynamic, Bill::EVENT),
    }
    receipt.finish(Workload::Ann, Scope::MemoryRouting, None)
}
