//! Counts without a simulation: what a network of known shape does at given rates.

use super::EventCounts;
use crate::network::{Node, Role, Topology};
use serde::{Deserialize, Serialize};
use std::cell::Cell;
use std::collections::BTreeMap;

/// Samples that stand for one, so that whole numbers of events can hold fractions of an event.
const RESOLUTION: u64 = 1_000_000;

/// How often neurons are assumed to fire.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AssumedRates {
    /// Spikes per neuron and timestep, 0 to 1, of each spiking population that has none of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<f64>,
    /// The same of single populations, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub layers: BTreeMap<String, f64>,
    /// Spikes per input and timestep, 0 to 1; `None`: the input is a constant non-binary value that
    /// is nowhere zero.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input_rate: Option<f64>,
}

impl AssumedRates {
    /// Each spiking population at one rate; the input is a constant value that is nowhere zero.
    #[must_use]
    pub fn uniform(rate: f64) -> Self {
        AssumedRates {
            rate: Some(rate),
            ..AssumedRates::default()
        }
    }

    /// The rate of a population; `None` for what does not spike or has no rate.
    #[must_use]
    pub fn of(&self, node: &Node) -> Option<f64> {
        let own = self.layers.get(&node.name).copied();
        match node.role {
            Role::Input => own.or(self.input_rate),
            Role::Spiking | Role::Pooling => own.or(self.rate),
            Role::Readout => None,
        }
    }

    /// Spiking populations without a rate.
    pub fn missing<'a>(&self, topology: &'a Topology) -> impl Iterator<Item = &'a str> {
        let placed = topology.populations.iter();
        let spiking = placed.filter(|node| matches!(node.role, Role::Spiking | Role::Pooling));
        spiking
            .filter(|node| self.of(node).is_none())
            .map(|node| node.name.as_str())
    }

    /// Names with a rate that no spiking population or input of a network has.
    pub fn unknown<'a>(&'a self, topology: &Topology) -> impl Iterator<Item = &'a str> {
        let has = |name: &str| {
            let mut nodes = topology.populations.iter();
            nodes.any(|node| node.name == name && node.role != Role::Readout)
        };
        let named = self.layers.keys().map(String::as_str);
        named.filter(move |name| !has(name))
    }
}

impl EventCounts {
    /// The expected counts of a network whose neurons fire independently at the rate of their
    /// population:
    ///
    /// ```text
    /// spikes    = rate · neurons · T             SynOps = rate · synapses · T, per projection
    /// touched   = 1 − Π_projections (1 − rate)^fan-in, 1 with a bias or a constant input
    /// active(t) = 1 − (1 − touched)^(t + 1)
    /// ```
    ///
    /// A potential, once moved, is taken not to come back to exactly zero; fan-ins are means over
    /// the population. `biased` says of each population whether its neurons have a bias.
    #[must_use]
    pub fn assumed(
        topology: Topology,
        timesteps: u32,
        biased: &[bool],
        rates: &AssumedRates,
    ) -> Self {
        let mut counts = EventCounts::new(topology, timesteps);
        let synapses: Vec<u64> = counts
            .topology
            .edges
            .iter()
            .map(|edge| edge.connectivity.synapses())
            .collect();
        let most = synapses
            .iter()
            .copied()
            .chain(counts.populations.iter().map(|p| p.spikes.len() as u64))
            .max()
            .unwrap_or(1)
            .max(1)
            .saturating_mul(u64::from(timesteps.max(1)));
        let samples = (u64::MAX / 16_000 / most).clamp(1, RESOLUTION);
        counts.samples = samples;
        let scaled = |events: f64| (events * samples as f64).round() as u64;

        let nodes = &counts.topology.populations;
        let rate_of: Vec<f64> = nodes.iter().map(|n| rates.of(n).unwrap_or(0.0)).collect();
        let is_constant = |node: &Node| node.role == Role::Input && rates.of(node).is_none();
        let constant: Vec<bool> = nodes.iter().map(is_constant).collect();
        let roles: Vec<Role> = nodes.iter().map(|n| n.role).collect();
        let mut silent: Vec<f64> = biased
            .iter()
            .map(|&biased| if biased { 0.0 } else { 1.0 })
            .collect();
        silent.resize(roles.len(), 1.0);
        for (index, edge) in counts.topology.edges.iter().enumerate() {
            let source = edge.source;
            let neurons = counts.populations[edge.target].spikes.len().max(1);
            let fan_in = synapses[index] as f64 / neurons as f64;
            let quiet = if constant[source] {
                0.0
            } else {
                1.0 - rate_of[source]
            };
            silent[edge.target] *= quiet.powf(fan_in);
            let projection = &mut counts.projections[index];
            if constant[source] {
                let macs = synapses[index] * samples;
                projection.macs_per_timestep.fill(macs);
                projection.macs_once = macs;
            } else {
                let synops = scaled(rate_of[source] * synapses[index] as f64);
                projection.synops_per_timestep.fill(synops);
            }
        }
        for (index, population) in counts.populations.iter_mut().enumerate() {
            let neurons = population.spikes.len() as f64;
            let rate = rate_of[index];
            population.spikes.fill(scaled(rate * f64::from(timesteps)));
            population.spikes_per_timestep.fill(scaled(rate * neurons));
            if roles[index] == Role::Input {
                continue;
            }
            let touched = 1.0 - silent[index];
            population
                .touched
                .fill(scaled(touched * f64::from(timesteps)));
            population
                .touched_per_timestep
                .fill(scaled(touched * neurons));
            let mut still = 1.0;
            for active in &mut population.active_per_timestep {
                still *= silent[index];
                *active = scaled((1.0 - still) * neurons);
            }
        }
        counts
    }

    /// Parts that [`at_rate`](Self::at_rate) divides the rate at hand into, and by how much it
    /// multiplies the samples.
    pub const RATE_PARTS: u64 = 1000;

    /// The counts if each neuron on the chip fired `parts / RATE_PARTS` times as often, at the same
    /// timesteps; input stays as it is. A neuron-timestep that is active with probability `a`
    /// becomes so with `1 − (1 − a)^(parts / RATE_PARTS)`: those that a bias or a constant input
    /// moves stay active.
    ///
    /// Whatever is counted per spike is exact, because the samples are multiplied by
    /// [`RATE_PARTS`](Self::RATE_PARTS). `parts` must keep each population's rate at or below 1
    /// ([`EventCounts::largest_rate`]).
    #[must_use]
    pub fn at_rate(&self, parts: u64) -> Self {
        const PARTS: u64 = EventCounts::RATE_PARTS;
        let mut counts = self.clone();
        counts.samples = self.samples * PARTS;
        let factor = parts as f64 / PARTS as f64;
        let thin = |value: u64, all: f64| {
            let idle = 1.0 - (value as f64 / all).min(1.0);
            // What is always moved stays so without a single spike.
            let idle = if idle == 0.0 { 0.0 } else { idle.powf(factor) };
            ((1.0 - idle) * all * PARTS as f64).round() as u64
        };
        let each = |values: &mut [u64], times: u64| {
            for value in values {
                *value = value.saturating_mul(times);
            }
        };
        for (index, population) in counts.populations.iter_mut().enumerate() {
            let on_chip = self.topology.populations[index].role != Role::Input;
            let spiking = if on_chip { parts } else { PARTS };
            (population.spikes).map(|spikes| spikes.saturating_mul(spiking));
            each(&mut population.spikes_per_timestep, spiking);
            each(&mut population.negative_spikes_per_timestep, spiking);
            let samples = self.samples as f64;
            let neurons = population.touched.len() as f64 * samples;
            let steps = f64::from(self.timesteps) * samples;
            (population.touched).map(remembered(|value| thin(value, steps)));
            for values in [
                &mut population.touched_per_timestep,
                &mut population.active_per_timestep,
            ] {
                let thinned = remembered(|value| thin(value, neurons));
                values.iter_mut().for_each(|value| *value = thinned(*value));
            }
            population.leak_updates = population.leak_updates.saturating_mul(PARTS);
        }
        for (edge, projection) in self.topology.edges.iter().zip(&mut counts.projections) {
            let from_chip = self.topology.populations[edge.source].role != Role::Input;
            let spiking = if from_chip { parts } else { PARTS };
            each(&mut projection.synops_per_timestep, spiking);
            each(&mut projection.macs_per_timestep, PARTS);
            projection.macs_once *= PARTS;
        }
        counts
    }

    /// The counts if the timesteps were run through twice without a reset between them; constant
    /// input is still multiplied once.
    #[must_use]
    pub fn doubled(&self) -> Self {
        let mut counts = self.clone();
        counts.timesteps *= 2;
        let twice = |values: &mut Vec<u64>| values.extend_from_within(..);
        for population in &mut counts.populations {
            for values in [&mut population.spikes, &mut population.touched] {
                values.map(|value| value * 2);
            }
            twice(&mut population.spikes_per_timestep);
            twice(&mut population.negative_spikes_per_timestep);
            twice(&mut population.touched_per_timestep);
            twice(&mut population.active_per_timestep);
            population.leak_updates *= 2;
        }
        for projection in &mut counts.projections {
            twice(&mut projection.synops_per_timestep);
            twice(&mut projection.macs_per_timestep);
        }
        counts
    }

    /// Rate of the population that fires most often, 0 to 1.
    #[must_use]
    pub fn largest_rate(&self) -> f64 {
        let populations = self.topology.populations.iter().enumerate();
        populations
            .filter(|(_, node)| matches!(node.role, Role::Spiking | Role::Pooling))
            .map(|(index, _)| self.rate(index))
            .fold(0.0, f64::max)
    }
}

/// A rule that is not worked out again for a value like the one before: neighbours are often alike.
fn remembered(rule: impl Fn(u64) -> u64) -> impl Fn(u64) -> u64 {
    let last = Cell::new((0, rule(0)));
    move |value| {
        if last.get().0 != value {
            last.set((value, rule(value)));
        }
        last.get().1
    }
}
