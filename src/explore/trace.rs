//! Membrane potentials of chosen neurons: the sample runs once more with their populations watched.

use crate::network::Network;
use crate::neuron::{Advance, Dynamics, IntegrateFire, Neuron};
use std::any::Any;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

/// Most neurons whose potentials are kept in one go.
pub const MOST_TRACES: usize = 64;

/// Potential of one neuron over time.
#[derive(Debug, Clone, PartialEq)]
pub struct Trace {
    /// Row of the neuron.
    pub row: u32,
    /// Potential above or at which it fires, in the unit of its weights; `None` where the model says
    /// of its potential no more than when it fires.
    pub threshold: Option<f32>,
    /// Potential at the end of each timestep, after a spike has reset it.
    pub potential: Vec<f32>,
}

/// Why potentials cannot be shown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TraceError {
    /// The row has no potential.
    #[error(
        "{population}: its neurons have no potential that could be recorded; choose neurons of a spiking population"
    )]
    NoPotential {
        /// The population.
        population: String,
    },
    /// Too many at once.
    #[error("potentials of {rows} neurons: at most {MOST_TRACES} are recorded at once")]
    TooMany {
        /// Neurons asked for.
        rows: usize,
    },
    /// There is no network to run.
    #[error("a recording holds spikes but no network, so there are no potentials")]
    NoNetwork,
}

/// Potentials of the chosen neurons of a population, as they come.
type Kept = Arc<Mutex<Vec<Vec<f32>>>>;

/// Watches some neurons of a network.
pub(super) struct Watching {
    /// `(row, threshold)` of each, and where its potentials arrive: a population's list and a place
    /// in it.
    neurons: Vec<(u32, Option<f32>, Kept, usize)>,
}

impl Watching {
    /// Puts watched neurons, which behave as before, in the place of the populations of `rows`.
    ///
    /// # Errors
    /// If there are too many, or one belongs to a population without potentials.
    pub fn start(network: &mut Network, rows: &[u32]) -> Result<Self, TraceError> {
        if rows.len() > MOST_TRACES {
            return Err(TraceError::TooMany { rows: rows.len() });
        }
        let mut neurons = Vec::new();
        let mut end = 0;
        for population in &mut network.populations {
            let own = end..end + population.shape.neurons() as u32;
            end = own.end;
            let chosen: Vec<u32> = rows.iter().copied().filter(|r| own.contains(r)).collect();
            if chosen.is_empty() {
                continue;
            }
            let physics = match &population.neuron {
                Neuron::IntegrateFire(model) => Physics::IntegrateFire(model.clone()),
                Neuron::Model(model) if model.spikes() => Physics::Model(model.clone()),
                _ => {
                    return Err(TraceError::NoPotential {
                        population: population.name.clone(),
                    });
                }
            };
            let kept = Kept::new(Mutex::new(vec![Vec::new(); chosen.len()]));
            let places = chosen.iter().map(|row| (row - own.start) as usize);
            let watched = Watched {
                chosen: places.collect(),
                kept: kept.clone(),
                physics,
            };
            for (place, &row) in chosen.iter().enumerate() {
                let threshold = watched.physics.threshold(watched.chosen[place]);
                neurons.push((row, threshold, kept.clone(), place));
            }
            population.neuron = Neuron::Model(Box::new(watched));
        }
        Ok(Watching { neurons })
    }

    /// What was seen.
    pub fn finish(self) -> Vec<Trace> {
        let trace = |(row, threshold, kept, place): (u32, Option<f32>, Kept, usize)| Trace {
            row,
            threshold,
            potential: std::mem::take(&mut lock(&kept)[place]),
        };
        self.neurons.into_iter().map(trace).collect()
    }
}

fn lock(kept: &Kept) -> std::sync::MutexGuard<'_, Vec<Vec<f32>>> {
    // Another thread that panicked is reported.
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What watched neurons do.
#[derive(Debug, Clone, PartialEq)]
enum Physics {
    IntegrateFire(IntegrateFire),
    Model(Box<dyn Dynamics>),
}

impl Physics {
    fn threshold(&self, neuron: usize) -> Option<f32> {
        match self {
            Physics::IntegrateFire(model) => model.threshold.get(neuron).copied(),
            Physics::Model(_) => None,
        }
    }
}

/// A population that tells the potentials of chosen neurons, and is else as it was.
#[derive(Debug, Clone)]
struct Watched {
    physics: Physics,
    chosen: Vec<usize>,
    kept: Kept,
}

impl Dynamics for Watched {
    fn name(&self) -> &'static str {
        match &self.physics {
            Physics::IntegrateFire(_) => "integrate_fire",
            Physics::Model(model) => model.name(),
        }
    }

    fn spikes(&self) -> bool {
        true
    }

    fn leaks(&self) -> bool {
        matches!(&self.physics, Physics::Model(model) if model.leaks())
    }

    fn parameters_for(&self) -> Option<usize> {
        match &self.physics {
            Physics::IntegrateFire(model) => Some(model.threshold.len()),
            Physics::Model(model) => model.parameters_for(),
        }
    }

    fn group_of(&self, neurons: Range<usize>) -> Box<dyn Advance> {
        let inside = |(_, neuron): &(usize, &usize)| neurons.contains(neuron);
        let chosen = self.chosen.iter().enumerate().filter(inside);
        let chosen = chosen.map(|(place, neuron)| (place, neuron - neurons.start));
        Box::new(WatchedGroup {
            chosen: chosen.collect(),
            kept: self.kept.clone(),
            group: match &self.physics {
                Physics::IntegrateFire(model) => Box::new(Plain::new(model, neurons)),
                Physics::Model(model) => model.group_of(neurons),
            },
        })
    }

    fn plain_group_of(&self, neurons: Range<usize>) -> Box<dyn Advance> {
        self.group_of(neurons)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn boxed(&self) -> Box<dyn Dynamics> {
        Box::new(self.clone())
    }

    fn equals(&self, other: &dyn Dynamics) -> bool {
        other
            .as_any()
            .downcast_ref::<Self>()
            .is_some_and(|other| other.physics == self.physics && other.chosen == self.chosen)
    }
}

/// Neurons at work, some of them watched.
struct WatchedGroup {
    group: Box<dyn Advance>,
    /// Place of each chosen neuron in the list of its population, and its number in the group.
    chosen: Vec<(usize, usize)>,
    kept: Kept,
}

impl Advance for WatchedGroup {
    fn reset(&mut self) {
        self.group.reset();
        let mut kept = lock(&self.kept);
        for &(place, _) in &self.chosen {
            kept[place].clear();
        }
    }

    fn advance(&mut self, input: &[f32], emit: &mut dyn FnMut(u32, f32)) -> usize {
        let active = self.group.advance(input, emit);
        if !self.chosen.is_empty() {
            let mut kept = lock(&self.kept);
            for &(place, neuron) in &self.chosen {
                kept[place].push(self.group.potential(neuron) as f32);
            }
        }
        active
    }

    fn is_still(&self, neuron: usize) -> bool {
        self.group.is_still(neuron)
    }

    fn idle(&mut self, neuron: usize, timesteps: u32) -> f64 {
        self.group.idle(neuron, timesteps)
    }

    fn potential(&self, neuron: usize) -> f64 {
        self.group.potential(neuron)
    }
}

/// [`IntegrateFire`] one neuron after the other, in the arithmetic of the engine.
struct Plain {
    model: IntegrateFire,
    /// Potential of each neuron, and the sum of what it emitted.
    states: Vec<(f32, f32)>,
}

impl Plain {
    fn new(model: &IntegrateFire, neurons: Range<usize>) -> Self {
        let mut plain = Plain {
            model: IntegrateFire {
                threshold: model.threshold[neurons].to_vec(),
                ..model.clone()
            },
            states: Vec::new(),
        };
        plain.reset();
        plain
    }

    /// The state after an input, and what is emitted.
    fn step(&self, neuron: usize, input: f32) -> ((f32, f32), f32) {
        let (threshold, (mut v, mut emitted)) = (self.model.threshold[neuron], self.states[neuron]);
        let emission = self.model.step(threshold, &mut v, &mut emitted, input);
        ((v, emitted), emission)
    }
}

impl Advance for Plain {
    fn reset(&mut self) {
        let start = |threshold: &f32| (self.model.initial * threshold, 0.0);
        self.states = self.model.threshold.iter().map(start).collect();
    }

    fn advance(&mut self, input: &[f32], emit: &mut dyn FnMut(u32, f32)) -> usize {
        let mut active = 0;
        for (neuron, &input) in input.iter().enumerate() {
            let reached = input.to_bits() != (-0.0f32).to_bits();
            active += usize::from(reached || self.states[neuron].0 != 0.0);
            let (state, emission) = self.step(neuron, input);
            self.states[neuron] = state;
            if emission != 0.0 {
                emit(neuron as u32, emission);
            }
        }
        active
    }

    fn is_still(&self, neuron: usize) -> bool {
        self.step(neuron, 0.0).1 == 0.0
    }

    fn idle(&mut self, neuron: usize, timesteps: u32) -> f64 {
        let mut emitted = 0.0;
        for _ in 0..timesteps {
            let (state, emission) = self.step(neuron, 0.0);
            self.states[neuron] = state;
            emitted += f64::from(emission);
        }
        emitted
    }

    fn potential(&self, neuron: usize) -> f64 {
        f64::from(self.states[neuron].0)
    }
}
