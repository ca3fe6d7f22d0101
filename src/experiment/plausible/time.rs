//! Time: the timestep against time constants and against the bins of recorded events.

use super::warning;
use crate::experiment::loaded::LoadedNetwork;
use crate::formats::spikes::SpikingInput;
use crate::network::Delays;
use crate::result::Warning;
use crate::units::si;

/// Files store time constants in single precision.
const SLACK: f64 = 1e-6;

/// Time constants that a timestep is not below.
pub(super) fn unstable(loaded: &LoadedNetwork) -> Option<Warning> {
    let dt_s = loaded.options.dt_s;
    let is_short = |tau: f64| tau <= dt_s * (1.0 + SLACK);
    let short: Vec<(&str, &str, f64)> = (loaded.stated.layers.iter())
        .flat_map(|layer| {
            let taus = layer.taus.iter();
            taus.map(|(name, tau)| (layer.name.as_str(), *name, *tau))
        })
        .filter(|(.., tau)| is_short(*tau))
        .collect();
    let shortest = short.iter().map(|(.., tau)| *tau).reduce(f64::min)?;
    let named: Vec<String> = (short.iter().take(4))
        .map(|(layer, name, tau)| format!("{name} of \"{layer}\" is {}", si(*tau, "s")))
        .collect();
    let more = match short.len().saturating_sub(named.len()) {
        0 => String::new(),
        more => format!(", and {more} more"),
    };
    Some(warning(
        "timestep-above-tau",
        format!(
            "the timestep of {} is not below the time constants: {}{more}; such neurons remember \
             nothing, or overshoot and alternate. Probably the file is meant for another timestep: \
             give --dt below {} (norse's exporter multiplies tau by dt, so its files need \
             --dt 1e-6), or check the unit of tau, which is seconds",
            si(dt_s, "s"),
            named.join(", "),
            si(shortest, "s"),
        ),
    ))
}

/// Events whose timesteps are of another length than those of the neurons.
pub(super) fn bins(loaded: &LoadedNetwork, input: Option<&SpikingInput>) -> Option<Warning> {
    let (step_s, dt_s) = (input?.step_s?, loaded.options.dt_s);
    let leaks = loaded
        .stated
        .layers
        .iter()
        .any(|layer| !layer.taus.is_empty());
    let waits = (loaded.network.projections.iter()).any(|one| one.delay != Delays::NONE);
    let differs = (step_s - dt_s).abs() > SLACK * dt_s;
    (differs && (leaks || waits)).then(|| {
        warning(
            "events-not-in-timesteps",
            format!(
                "the input has timesteps of {}, the neurons of {}: what they remember of events is \
                 {:.3} times as long as in the recording; give --dt {step_s} if the network was \
                 trained on such timesteps, or --dt-bin {dt_s}",
                si(step_s, "s"),
                si(dt_s, "s"),
                step_s / dt_s,
            ),
        )
    })
}

/// Neurons that start above their threshold.
pub(super) fn started(loaded: &LoadedNetwork) -> Option<Warning> {
    let above: Vec<String> = (loaded.stated.layers.iter())
        .filter_map(|layer| {
            let (start, threshold) = (layer.start?, layer.threshold?);
            (start > threshold).then(|| {
                format!(
                    "\"{}\" starts at {start} with a threshold of {threshold}",
                    layer.name
                )
            })
        })
        .collect();
    (!above.is_empty()).then(|| {
        warning(
            "start-above-threshold",
            format!(
                "neurons start above their threshold and fire before any input: {}; check \
                 --initial-potential, v_initial or v_leak",
                above.join(", ")
            ),
        )
    })
}
