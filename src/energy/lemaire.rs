//! Operations, memory accesses and addressing, layer by layer.

use super::Job;
use super::hardware::Figure;
use super::law::{CostTerm, Law};
use super::receipt::{LineDraft, NO_DENSE, Receipt};
use crate::counts::NumberFormat;
use crate::network::{Connectivity, Pattern, Role};
use crate::result::{Bill, FirstLayer, Line, Measure, Part, Scope, TargetReport, Workload};
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
/// the same accesses for each nonzero value and synapse, once per inference if it is constant.
///
/// Source: Lemaire et al., An analytical estimation of spiking neural networks energy efficiency,
/// ICONIP 2022, read in two re-implementations that differ; memory and operations of Horowitz,
/// ISSCC 2014.
pub(super) static LAW: Law = Law {
    name: "lemaire",
    about: "operations, accesses of memories sized by each layer, and addressing",
    formats: &[NumberFormat::Int(32)],
    // What it counts depends on the shape of each layer, and what an access costs on its memory.
    tables: &[],
    figures: &[&MEMORY, &["energy.add_int32", "energy.mul_int32"]],
    price,
    divide,
};

/// Width of a word, and what one costs from memories of 8 KB, 32 KB and 1 MB.
const MEMORY: [&str; 4] = [
    "capacity.word",
    "energy.memory_8k",
    "energy.memory_32k",
    "energy.memory_1m",
];

/// Operations with the figures that price them.
const OPERATIONS: [CostTerm; 5] = [
    CostTerm::new(
        Bill::COMPUTE,
        Measure::LeakMultiplications,
        "energy.mul_int32",
        "multiplication of a leaking potential",
    ),
    CostTerm::new(
        Bill::COMPUTE,
        Measure::Multiplications,
        "energy.mul_int32",
        "multiplication",
    ),
    CostTerm::new(
        Bill::COMPUTE,
        Measure::Additions,
        "energy.add_int32",
        "addition",
    ),
    CostTerm::new(
        Bill::MEMORY_ROUTING,
        Measure::AddressMultiplications,
        "energy.mul_int32",
        "multiplication of an address",
    ),
    CostTerm::new(
        Bill::MEMORY_ROUTING,
        Measure::AddressAdditions,
        "energy.add_int32",
        "addition of an address",
    ),
];

/// Which value an access moves, with what is counted and the name of its line.
const OPERANDS: [(Operand, Measure, &str); 4] = [
    (Operand::Input, Measure::InputReads, "input read"),
    (Operand::Weight, Measure::WeightReads, "weight read"),
    (
        Operand::Potential,
        Measure::PotentialAccesses,
        "potential read and write",
    ),
    (Operand::Output, Measure::OutputWrites, "output write"),
];

/// Which value an access moves.
#[derive(Clone, Copy)]
enum Operand {
    Input,
    Weight,
    Potential,
    Output,
}

fn price(job: &Job) -> Vec<TargetReport> {
    vec![spiking(job), original(job)]
}

/// Operations of a layer, or of all of them.
#[derive(Clone, Copy, Default)]
struct Operations {
    macs: f64,
    /// Multiplications of potentials that leak.
    leaks: f64,
    accs: f64,
    address_macs: f64,
    address_accs: f64,
}

impl Operations {
    fn add(&mut self, more: Operations) {
        self.macs += more.macs;
        self.leaks += more.leaks;
        self.accs += more.accs;
        self.address_macs += more.address_macs;
        self.address_accs += more.address_accs;
    }

    /// How many of them there are of a measure of this law; a MAC is a multiplication and an
    /// addition.
    fn count(&self, what: Measure) -> Option<f64> {
        match what {
            Measure::LeakMultiplications => Some(self.leaks),
            Measure::Multiplications => Some(self.macs),
            Measure::Additions => Some(self.macs + self.accs),
            Measure::AddressMultiplications => Some(self.address_macs),
            Measure::AddressAdditions => Some(self.address_macs + self.address_accs),
            _ => None,
        }
    }
}

/// What one population does and pays.
#[derive(Clone, Copy, Default)]
struct Layer {
    operations: Operations,
    /// Nominal energy of its accesses \[J\], by operand.
    access_j: [f64; 4],
}

/// Accesses and operations per inference while they are added up.
struct Ledger<'a> {
    memory: Memory<'a>,
    /// Number and energy \[J\] of accesses, by operand.
    accesses: [(f64, Range); 4],
    operations: Operations,
    layers: Vec<Layer>,
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

impl<'a> Ledger<'a> {
    fn new(receipt: &mut Receipt<'a>, layers: usize) -> Option<Self> {
        let [word, small, middle, large] = receipt.figures(MEMORY)?;
        let kib = 1024.0;
        Some(Ledger {
            memory: Memory {
                word,
                knots: [(8.0 * kib, small), (32.0 * kib, middle), (kib * kib, large)],
            },
            accesses: [(0.0, Range::ZERO); 4],
            operations: Operations::default(),
            layers: vec![Layer::default(); layers],
        })
    }

    /// `count` accesses of a memory of `words` words for a layer.
    fn access(&mut self, layer: usize, operand: Operand, count: f64, words: u64) {
        let each = self.memory.access(words as f64);
        let (total, energy) = &mut self.accesses[operand as usize];
        *total += count;
        *energy = *energy + each * count;
        self.layers[layer].access_j[operand as usize] += (each * count).nominal;
    }

    /// Operations of a layer.
    fn operate(&mut self, layer: usize, operations: Operations) {
        self.operations.add(operations);
        self.layers[layer].operations.add(operations);
    }

    /// Writes the lines.
    fn charge(&self, receipt: &mut Receipt<'a>) {
        let Memory { word, knots } = &self.memory;
        let used: Vec<&Figure> = knots.iter().map(|(_, f)| *f).chain([*word]).collect();
        for (operand, measure, event) in OPERANDS {
            let (count, energy) = self.accesses[operand as usize];
            if count > 0.0 {
                receipt.line(LineDraft {
                    part: Part::Dynamic,
                    bill: Bill::MEMORY_ROUTING,
                    event: event.to_owned(),
                    measure,
                    amount: (count, energy.nominal / count),
                    bounds: energy,
                    figure: None,
                    used: &used,
                });
            }
        }
        for term in &OPERATIONS {
            if let Some(count) = self.operations.count(term.what) {
                receipt.charge(term, count);
            }
        }
    }

    /// The energy of a line by layer \[J\]: accesses cost what the memory of their layer costs.
    fn by_layer(&self, line: &Line) -> Option<Vec<f64>> {
        let measure = line.measure?;
        let operand = OPERANDS.iter().find(|(_, of, _)| *of == measure);
        if let Some((operand, ..)) = operand {
            let layers = self.layers.iter();
            return Some(
                layers
                    .map(|layer| layer.access_j[*operand as usize])
                    .collect(),
            );
        }
        let layers = self.layers.iter();
        layers
            .map(|layer| Some(layer.operations.count(measure)? * line.joules_each))
            .collect()
    }
}

fn divide(job: &Job, line: &Line) -> Option<Vec<f64>> {
    let mut ledger = Ledger::new(&mut Receipt::new(job), job.work.counts.populations.len())?;
    count_spiking(job, &mut ledger);
    ledger.by_layer(line)
}

fn spiking(job: &Job) -> TargetReport {
    let mut receipt = Receipt::new(job);
    match Ledger::new(&mut receipt, job.work.counts.populations.len()) {
        Some(mut ledger) => {
            count_spiking(job, &mut ledger);
            ledger.charge(&mut receipt);
        }
        None => receipt.lose(Part::Dynamic, Bill::EVENT),
    }
    receipt.finish(Workload::Snn, Scope::MemoryRouting, None)
}

fn count_spiking(job: &Job, ledger: &mut Ledger) {
    let counts = job.work.counts;
    let topology = &counts.topology;
    let samples = counts.samples.max(1) as f64;
    let neurons = |index: usize| topology.populations[index].shape.neurons() as u64;
    for (edge, counted) in topology.edges.iter().zip(&counts.projections) {
        let sum = |values: &[u64]| values.iter().sum::<u64>() as f64 / samples;
        let spikes = counts.per_inference(edge.source).spikes;
        let synops = sum(&counted.synops_per_timestep);
        let reach = Reach::of(&edge.connectivity, spikes, synops);
        let macs = match job.options.first_layer {
            FirstLayer::Once => counted.macs_once as f64 / samples,
            FirstLayer::EachStep => sum(&counted.macs_per_timestep),
        };
        let layer = edge.target;
        ledger.access(layer, Operand::Input, spikes + macs, neurons(edge.source));
        let weights = edge.connectivity.stored_weights();
        ledger.access(layer, Operand::Weight, reach.accesses + macs, weights);
        let potentials = 2.0 * (reach.accesses + macs);
        ledger.access(layer, Operand::Potential, potentials, neurons(layer));
        let mut operations = Operations {
            accs: reach.additions,
            macs,
            ..Operations::default()
        };
        if reach.convolution {
            operations.address_macs = 2.0 * spikes;
            operations.address_accs = reach.accesses;
            // A bias for each channel, read for each neuron in each timestep.
            let updates = neurons(layer) as f64 * f64::from(counts.timesteps);
            let biases = topology.populations[layer].shape.channels as u64;
            ledger.access(layer, Operand::Weight, updates, biases);
        }
        ledger.operate(layer, operations);
    }
    for (layer, node) in topology.populations.iter().enumerate() {
        if node.role != Role::Input {
            let figures = counts.per_inference(layer);
            let updates = figures.neuron_updates;
            ledger.access(layer, Operand::Potential, 2.0 * updates, neurons(layer));
            ledger.access(layer, Operand::Output, figures.spikes, neurons(layer));
            let operations = Operations {
                accs: updates + figures.spikes,
                leaks: figures.leak_updates,
                ..Operations::default()
            };
            ledger.operate(layer, operations);
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
    let layers = &job.work.dense.layers;
    if layers.is_empty() {
        receipt.lack(NO_DENSE);
        receipt.lose(Part::Dynamic, Bill::EVENT);
    }
    match Ledger::new(&mut receipt, layers.len()) {
        Some(mut ledger) => {
            let priced = layers
                .iter()
                .enumerate()
                .filter(|(_, layer)| layer.macs > 0);
            for (index, layer) in priced {
                let macs = layer.macs as f64;
                let (inputs, outputs) = (layer.inputs as f64, layer.outputs as f64);
                let full = u128::from(layer.inputs) * u128::from(layer.outputs);
                let convolution = u128::from(layer.macs) != full;
                let reads = if convolution { macs } else { inputs };
                ledger.access(index, Operand::Input, reads, layer.inputs);
                let biases = if convolution { outputs } else { 0.0 };
                ledger.access(index, Operand::Weight, macs + biases, layer.parameters);
                ledger.access(index, Operand::Output, outputs, layer.outputs);
                let address_accs = if convolution { inputs + outputs } else { 0.0 };
                let operations = Operations {
                    macs,
                    accs: outputs,
                    address_accs,
                    ..Operations::default()
                };
                ledger.operate(index, operations);
            }
            ledger.charge(&mut receipt);
        }
        None => receipt.lose(Part::Dynamic, Bill::EVENT),
    }
    receipt.finish(Workload::Ann, Scope::MemoryRouting, None)
}
