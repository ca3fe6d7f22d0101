//! Parameters that several models share, so that they read the same everywhere.

use super::parameter_info::ParameterInfo;

const fn info(
    name: &'static str,
    unit: &'static str,
    default: Option<f64>,
    about: &'static str,
) -> ParameterInfo {
    ParameterInfo {
        name,
        unit,
        default,
        about,
    }
}

pub(super) const TAU: ParameterInfo = info("tau", "s", None, "time constant of the membrane");
pub(super) const TAU_MEM: ParameterInfo =
    info("tau_mem", "s", None, "time constant of the membrane");
pub(super) const TAU_SYN: ParameterInfo = info(
    "tau_syn",
    "s",
    None,
    "time constant of the synaptic current",
);
pub(super) const R: ParameterInfo = info("r", "Ohm", Some(1.0), "what input is multiplied by");
pub(super) const V_LEAK: ParameterInfo =
    info("v_leak", "V", Some(0.0), "potential that the leak pulls to");
pub(super) const V_THRESHOLD: ParameterInfo = info(
    "v_threshold",
    "V",
    Some(1.0),
    "potential at which a neuron fires",
);
pub(super) const V_RESET: ParameterInfo = info(
    "v_reset",
    "V",
    Some(0.0),
    "potential after a spike, unless reset by subtraction",
);
pub(super) const W_IN: ParameterInfo = info(
    "w_in",
    "1",
    Some(1.0),
    "what input to the current is multiplied by",
);
pub(super) const V_INITIAL: ParameterInfo = info(
    "v_initial",
    "V",
    Some(0.0),
    "potential before the first timestep",
);
