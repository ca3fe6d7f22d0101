//! How the answer is read from the last population.
//!
//! Potentials of neurons that never fire say exactly what the last layer received. On chips whose
//! potentials cannot be read, the last population has to spike, and what it says is coarse: over T
//! timesteps a count has T + 1 values, a first spike T. So its threshold, and a bias that is the same
//! for all outputs and decides nothing in the original, are those with which most calibration
//! samples get the answer of the original.

use super::samples::{Seen, Watched};
use super::{Conversion, ConversionError};
use crate::answer::largest;
use crate::engine::SpikeReadout;
use crate::neuron::{IntegrateFire, Neuron, Reset, ThresholdTest};
use serde::{Deserialize, Serialize};

/// How the answer is read from the last population. A network that ends in an activation spikes by
/// itself: its spikes are counted, or the first one decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Readout {
    /// The largest accumulated potential; outputs have no threshold and send no spikes.
    #[default]
    Potential,
    /// The most spikes, the lowest index of equals.
    #[serde(alias = "spike_count")]
    SpikeCount,
    /// The first spike, the lowest index of equals; an output that never fires comes last.
    #[serde(alias = "first_spike")]
    FirstSpike,
}

/// All read-outs: name, value, one sentence.
pub const READOUTS: [(&str, Readout, &str); 3] = [
    (
        "potential",
        Readout::Potential,
        "the largest accumulated potential; outputs send no spikes",
    ),
    (
        "spike-count",
        Readout::SpikeCount,
        "the output with the most spikes, which are counted and priced",
    ),
    (
        "first-spike",
        Readout::FirstSpike,
        "the output that spikes first; its spikes are counted and priced",
    ),
];

impl Readout {
    /// The name users write.
    #[must_use]
    pub fn name(self) -> &'static str {
        let known = READOUTS.iter().find(|(_, readout, _)| *readout == self);
        known.map_or("", |(name, ..)| name)
    }

    /// How the engine reads outputs that spike.
    #[must_use]
    pub fn of_spikes(self) -> SpikeReadout {
        match self {
            Readout::FirstSpike => SpikeReadout::First,
            Readout::Potential | Readout::SpikeCount => SpikeReadout::Count,
        }
    }
}

/// Thresholds that are tried at each level, from far above what an output gets in one timestep.
const THRESHOLDS: usize = 32;

/// The lowest of them, as a part of the mean drive of the best output.
const LOWEST: f32 = 0.125;

/// A threshold and a bias, the same for all outputs.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Candidate {
    threshold: f32,
    bias: f32,
}

/// Means over samples of what the original gives: all outputs, the second best and the best.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Levels {
    all: f32,
    second: f32,
    best: f32,
}

impl Levels {
    fn of<'a>(rows: impl Iterator<Item = &'a [f32]>) -> Option<Self> {
        let (mut sums, mut count) = ([0.0f64; 3], 0u64);
        for row in rows {
            let (mut best, mut second) = (f32::NEG_INFINITY, f32::NEG_INFINITY);
            for &value in row {
                second = second.max(value.min(best));
                best = best.max(value);
            }
            let all = row.iter().copied().map(f64::from).sum::<f64>() / row.len().max(1) as f64;
            let levels = [all, f64::from(second), f64::from(best)];
            sums.iter_mut().zip(levels).for_each(|(s, v)| *s += v);
            count += 1;
        }
        let [all, second, best] = sums.map(|sum| (sum / count.max(1) as f64) as f32);
        (count > 0 && [all, second, best].iter().all(|v| v.is_finite())).then_some(Levels {
            all,
            second,
            best,
        })
    }

    /// From few spikes to many: what all outputs are lowered by, and then the threshold.
    fn candidates(self, timesteps: f32) -> Vec<Candidate> {
        let middle = (self.all + self.second) / 2.0;
        let levels = [self.second, middle, self.all, 0.0];
        let drives = levels.map(|level| (level, self.best - level));
        let ratio = (LOWEST / timesteps).powf(1.0 / (THRESHOLDS - 1) as f32);
        let drives = drives.into_iter().filter(|(_, drive)| *drive > 0.0);
        drives
            .flat_map(|(level, drive)| {
                (0..THRESHOLDS).map(move |k| Candidate {
                    threshold: drive * timesteps * ratio.powi(k as i32),
                    bias: -level,
                })
            })
            .collect()
    }
}

/// The answer of outputs that spike, from their accumulated input `[timestep, neuron]`.
fn answer(
    accumulated: &[f32],
    neurons: usize,
    candidate: Candidate,
    initial: f32,
    readout: SpikeReadout,
) -> usize {
    let Candidate { threshold, bias } = candidate;
    let timesteps = accumulated.len() / neurons.max(1);
    let (mut best, mut most) = (0, 0.0f32);
    for neuron in 0..neurons {
        let (mut spikes, mut first) = (0.0f32, 0.0f32);
        for t in 0..timesteps {
            let input = accumulated[t * neurons + neuron] + bias * (t + 1) as f32;
            if input + (initial - spikes) * threshold >= threshold {
                spikes += 1.0;
                first = first.max((timesteps - t) as f32);
            }
        }
        let value = match readout {
            SpikeReadout::Count => spikes,
            SpikeReadout::First => first,
        };
        if value > most {
            (best, most) = (neuron, value);
        }
    }
    best
}

/// Lets the outputs spike, from a potential that is `initial` of their threshold; nothing to do if they do already or if potentials are read.
pub(super) fn let_outputs_spike(
    watched: &Watched,
    conversion: &mut Conversion,
    readout: Readout,
    initial: f32,
) -> Result<(), ConversionError> {
    let output = conversion.network.populations.len() - 1;
    let population = &conversion.network.populations[output];
    if readout == Readout::Potential || !matches!(population.neuron, Neuron::Integrator) {
        return Ok(());
    }
    let neurons = population.shape.neurons();
    let rows = watched.originals(&<[f32]>::to_vec)?;
    let rows = rows.iter().flat_map(|batch| batch.chunks_exact(neurons));
    let Some(levels) = Levels::of(rows) else {
        return Ok(());
    };
    let candidates = levels.candidates(watched.timesteps());
    let hits = watched.visit(&conversion.network, &|seen: Seen| {
        let right = largest(seen.original.iter().copied()) as usize;
        let is_right = |candidate: &Candidate| {
            let code = readout.of_spikes();
            right == answer(seen.accumulated, neurons, *candidate, initial, code)
        };
        candidates.iter().map(is_right).collect::<Vec<bool>>()
    })?;
    let total = |candidate: usize| hits.iter().filter(|hits| hits[candidate]).count();
    // The first of equals has the fewest spikes.
    let best = (0..candidates.len()).rev().max_by_key(|&c| total(c));
    let Some((index, chosen)) = best.map(|index| (index, candidates[index])) else {
        return Ok(());
    };
    let population = &mut conversion.network.populations[output];
    population.neuron = Neuron::IntegrateFire(IntegrateFire {
        threshold: vec![chosen.threshold; neurons],
        initial,
        reset: Reset::Subtract,
        test: ThresholdTest::AtLeast,
        signed: false,
    });
    population.bias.resize(neurons, 0.0);
    population.bias.iter_mut().for_each(|b| *b += chosen.bias);
    let name = population.name.clone();
    conversion.notes.push(format!(
        "read-out by {}: \"{name}\" spikes with threshold {:.4} and {:+.4} on the bias of every output, chosen by the answers on the calibration data, {:.1} % of which are the original's",
        readout.name(),
        chosen.threshold,
        chosen.bias,
        100.0 * total(index) as f64 / hits.len().max(1) as f64,
    ));
    conversion
        .thresholds
        .push((name, f64::from(chosen.threshold)));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn worked_answers_by_count_and_by_first_spike() {
        // Inputs per timestep: 0 gets 1, 1, 1; 1 gets 2, 0, 0. With θ = 2 and v₀ = 1 neuron 0 fires
        // at t = 0 (1 + 1) and t = 2, neuron 1 at t = 0; without v₀, 0 fires at 1 and 1 at 0.
        let accumulated = [1.0, 2.0, 2.0, 2.0, 3.0, 2.0];
        let by = |bias, initial, readout| {
            let candidate = Candidate {
                threshold: 2.0,
                bias,
            };
            answer(&accumulated, 2, candidate, initial, readout)
        };
        assert_eq!(by(0.0, 0.5, SpikeReadout::Count), 0);
        assert_eq!(by(0.0, 0.5, SpikeReadout::First), 0);
        assert_eq!(by(0.0, 0.0, SpikeReadout::Count), 0);
        assert_eq!(by(0.0, 0.0, SpikeReadout::First), 1);
        // Lowered by 0.5: 0 has 0.5, 1, 1.5 and 1 has 1.5, 1, 0.5, of which only 1 reaches θ − v₀.
        assert_eq!(by(-0.5, 0.5, SpikeReadout::Count), 0);
        assert_eq!(by(-0.5, 0.25, SpikeReadout::First), 1);
        // Nobody fires: the lowest index.
        assert_eq!(by(-9.0, 0.5, SpikeReadout::First), 0);
    }

    #[test]
    fn worked_levels() {
        let rows: [&[f32]; 2] = [&[1.0, 5.0, 3.0], &[-1.0, -3.0, 1.0]];
        let levels = Levels::of(rows.into_iter()).unwrap();
        let expected = Levels {
            all: 1.0,
            second: 1.0,
            best: 3.0,
        };
        assert_eq!(levels, expected);
        let candidates = levels.candidates(8.0);
        assert_eq!(candidates.len(), 4 * THRESHOLDS);
        // From T times the drive, which only T timesteps together reach, to an eighth of it.
        assert_eq!((candidates[0].threshold, candidates[0].bias), (16.0, -1.0));
        let lowest = candidates[THRESHOLDS - 1].threshold;
        assert!((lowest - 0.25).abs() < 1e-5, "{lowest}");
        assert_eq!(Levels::of(std::iter::empty()), None);
    }

    #[test]
    fn property_each_name_is_what_files_say() {
        for (name, readout, about) in READOUTS {
            assert_eq!(readout.name(), name);
            assert!(!about.is_empty());
            let written = toml::Value::try_from(readout).unwrap();
            assert_eq!(written.as_str(), Some(name));
        }
    }
}
