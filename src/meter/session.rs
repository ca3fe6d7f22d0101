//! Running a command under counters.

use super::{Counter, Coverage, Found, MeterError};
use serde::Serialize;
use std::process::{Command, ExitStatus};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

/// What one counter says.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CounterEnergy {
    /// Name of the counter.
    pub name: String,
    /// What it includes.
    pub coverage: Coverage,
    /// Energy while the command ran [J].
    pub energy_j: f64,
    /// Whether it is part of [`Measurement::energy_j`]: what includes others is not added to them.
    pub added: bool,
}

/// What the counters say about a command.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Measurement {
    /// Wall-clock time [s].
    pub duration_s: f64,
    /// Sum of the parts, or of one counter of the whole machine if no part can be read [J];
    /// `None` without a readable counter.
    pub energy_j: Option<f64>,
    /// What each counter says.
    pub counters: Vec<CounterEnergy>,
    /// Counters that cannot be read, and why.
    pub unreadable: Vec<String>,
}

/// Runs a command to its end and samples the counters every `interval`, which must be shorter than
/// the time in which a counter starts over (minutes), and at both ends.
///
/// The counters see everything that runs on the machine, not the command alone.
///
/// # Errors
/// If the command cannot be run. A counter that fails on the way is reported as unreadable.
pub fn measure(
    command: &mut Command,
    found: Found,
    interval: Duration,
) -> Result<(ExitStatus, Measurement), MeterError> {
    let Found {
        counters,
        unreadable,
    } = found;
    let mut sampler = Sampler {
        counters,
        unreadable,
    };
    let program = command.get_program().to_string_lossy().into_owned();
    let start = Instant::now();
    sampler.sample(0.0);
    let mut child = command.spawn().map_err(|source| MeterError::Start {
        program: program.clone(),
        source,
    })?;
    let (ended, end) = channel::<()>();
    let status = thread::scope(|scope| {
        let sampling = &mut sampler;
        scope.spawn(move || {
            while end.recv_timeout(interval) == Err(RecvTimeoutError::Timeout) {
                sampling.sample(start.elapsed().as_secs_f64());
            }
        });
        let status = child.wait();
        drop(ended);
        status
    });
    let duration_s = start.elapsed().as_secs_f64();
    sampler.sample(duration_s);
    let status = status.map_err(|source| MeterError::Wait { program, source })?;
    Ok((status, sampler.finish(duration_s)))
}

struct Sampler {
    counters: Vec<Box<dyn Counter>>,
    unreadable: Vec<String>,
}

impl Sampler {
    /// A counter with a gap says nothing about the whole: it is dropped.
    fn sample(&mut self, elapsed_s: f64) {
        let unreadable = &mut self.unreadable;
        self.counters.retain_mut(|counter| {
            counter
                .sample(elapsed_s)
                .map_err(|error| unreadable.push(format!("{}: {error}", counter.name())))
                .is_ok()
        });
    }

    fn finish(self, duration_s: f64) -> Measurement {
        let coverages = self.counters.iter().map(|counter| counter.coverage());
        let coverage = coverages.min();
        let mut counters: Vec<CounterEnergy> = self
            .counters
            .iter()
            .map(|counter| CounterEnergy {
                name: counter.name().to_owned(),
                coverage: counter.coverage(),
                energy_j: counter.energy_j(),
                added: Some(counter.coverage()) == coverage,
            })
            .collect();
        if coverage == Some(Coverage::Machine) {
            // Batteries deliver together; a platform counter sees what they deliver.
            let platform = counters.iter().any(|c| !c.name.starts_with("battery"));
            for counter in &mut counters {
                counter.added = counter.name.starts_with("battery") != platform;
            }
        }
        let added = counters.iter().filter(|counter| counter.added);
        Measurement {
            duration_s,
            energy_j: (!counters.is_empty()).then(|| added.map(|c| c.energy_j).sum()),
            counters,
            unreadable: self.unreadable,
        }
    }
}
