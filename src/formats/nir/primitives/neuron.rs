//! Neurons.
//!
//! Each parameter has one value per neuron, (N) or (C, H, W), or is a scalar for all of them. Time
//! constants are in seconds; NIR's documentation gives potentials in mV, but the files in
//! circulation use plain numbers.

use super::elementwise::{Domain, Elementwise};
use crate::formats::nir::Tensor;
use crate::formats::nir::fields::Fields;

/// Integrator: v' = R x; the output is v.
///
/// Source: `nir/ir/neuron.py` of the package `nir` 1.0.8.
#[derive(Debug, Clone, PartialEq)]
pub struct I {
    /// Resistance R.
    pub r: Tensor,
}

impl Elementwise for I {
    fn read(fields: &mut Fields) -> Self {
        I {
            r: fields.tensor("r"),
        }
    }

    fn parameters(&self) -> Vec<(&'static str, &Tensor, Domain)> {
        vec![("r", &self.r, Domain::Any)]
    }
}

/// Integrate-and-fire: v' = R x; the output is z.
///
/// Threshold: z = 1 if v > v_threshold, else 0.
///
/// Reset: v ← v_reset when z = 1.
///
/// Source: `nir/ir/neuron.py` of the package `nir` 1.0.8.
#[derive(Debug, Clone, PartialEq)]
pub struct IF {
    /// Resistance R.
    pub r: Tensor,
    /// Threshold.
    pub v_threshold: Tensor,
    /// Potential after a spike; 0 where a file has none.
    pub v_reset: Tensor,
}

impl Elementwise for IF {
    fn read(fields: &mut Fields) -> Self {
        let v_threshold = fields.tensor("v_threshold");
        IF {
            r: fields.tensor("r"),
            v_reset: fields.tensor_or("v_reset", &v_threshold, 0.0),
            v_threshold,
        }
    }

    fn parameters(&self) -> Vec<(&'static str, &Tensor, Domain)> {
        vec![
            ("r", &self.r, Domain::Any),
            ("v_threshold", &self.v_threshold, Domain::Any),
            ("v_reset", &self.v_reset, Domain::Any),
        ]
    }
}

/// Leaky integrator: tau v' = (v_leak - v) + R x; the output is v.
///
/// Source: `nir/ir/neuron.py` of the package `nir` 1.0.8.
#[derive(Debug, Clone, PartialEq)]
pub struct LI {
    /// Time constant of the potential, above 0 \[s\].
    pub tau: Tensor,
    /// Resistance R.
    pub r: Tensor,
    /// Potential without input.
    pub v_leak: Tensor,
}

impl Elementwise for LI {
    fn read(fields: &mut Fields) -> Self {
        LI {
            tau: fields.tensor("tau"),
            r: fields.tensor("r"),
            v_leak: fields.tensor("v_leak"),
        }
    }

    fn parameters(&self) -> Vec<(&'static str, &Tensor, Domain)> {
        vec![
            ("tau", &self.tau, Domain::Positive),
            ("r", &self.r, Domain::Any),
            ("v_leak", &self.v_leak, Domain::Any),
        ]
    }
}

/// Leaky integrate-and-fire: tau v' = (v_leak - v) + R x; the output is z.
///
/// Threshold: z = 1 if v > v_threshold, else 0.
///
/// Reset: v ← v_reset when z = 1.
///
/// Source: `nir/ir/neuron.py` of the package `nir` 1.0.8.
#[derive(Debug, Clone, PartialEq)]
pub struct LIF {
    /// Time constant of the potential, above 0 \[s\].
    pub tau: Tensor,
    /// Resistance R.
    pub r: Tensor,
    /// Potential without input.
    pub v_leak: Tensor,
    /// Threshold.
    pub v_threshold: Tensor,
    /// Potential after a spike; 0 where a file has none.
    pub v_reset: Tensor,
}

impl Elementwise for LIF {
    fn read(fields: &mut Fields) -> Self {
        let v_threshold = fields.tensor("v_threshold");
        LIF {
            tau: fields.tensor("tau"),
            r: fields.tensor("r"),
            v_leak: fields.tensor("v_leak"),
            v_reset: fields.tensor_or("v_reset", &v_threshold, 0.0),
            v_threshold,
        }
    }

    fn parameters(&self) -> Vec<(&'static str, &Tensor, Domain)> {
        vec![
            ("tau", &self.tau, Domain::Positive),
            ("r", &self.r, Domain::Any),
            ("v_leak", &self.v_leak, Domain::Any),
            ("v_threshold", &self.v_threshold, Domain::Any),
            ("v_reset", &self.v_reset, Domain::Any),
        ]
    }
}

/// Current-based leaky integrator: tau_syn i' = -i + w_in x, tau_mem v' = (v_leak - v) + R i; the output is v.
///
/// Source: `nir/ir/neuron.py` of the package `nir` 1.0.8.
#[derive(Debug, Clone, PartialEq)]
pub struct CubaLI {
    /// Time constant of the current, above 0 \[s\].
    pub tau_syn: Tensor,
    /// Time constant of the potential, above 0 \[s\].
    pub tau_mem: Tensor,
    /// Resistance R.
    pub r: Tensor,
    /// Potential without input.
    pub v_leak: Tensor,
    /// Weight of the input; 1 where a file has none.
    pub w_in: Tensor,
}

impl Elementwise for CubaLI {
    fn read(fields: &mut Fields) -> Self {
        let v_leak = fields.tensor("v_leak");
        CubaLI {
            tau_syn: fields.tensor("tau_syn"),
            tau_mem: fields.tensor("tau_mem"),
            r: fields.tensor("r"),
            w_in: fields.tensor_or("w_in", &v_leak, 1.0),
            v_leak,
        }
    }

    fn parameters(&self) -> Vec<(&'static str, &Tensor, Domain)> {
        vec![
            ("tau_syn", &self.tau_syn, Domain::Positive),
            ("tau_mem", &self.tau_mem, Domain::Positive),
            ("r", &self.r, Domain::Any),
            ("v_leak", &self.v_leak, Domain::Any),
            ("w_in", &self.w_in, Domain::Any),
        ]
    }
}

/// Current-based leaky integrate-and-fire: tau_syn i' = -i + w_in x, tau_mem v' = (v_leak - v) + R i; the output is z.
///
/// Threshold: z = 1 if v > v_threshold, else 0.
///
/// Reset: v ← v_reset when z = 1.
///
/// Source: `nir/ir/neuron.py` of the package `nir` 1.0.8.
#[derive(Debug, Clone, PartialEq)]
pub struct CubaLIF {
    /// Time constant of the current, above 0 \[s\].
    pub tau_syn: Tensor,
    /// Time constant of the potential, above 0 \[s\].
    pub tau_mem: Tensor,
    /// Resistance R.
    pub r: Tensor,
    /// Potential without input.
    pub v_leak: Tensor,
    /// Threshold.
    pub v_threshold: Tensor,
    /// Potential after a spike; 0 where a file has none.
    pub v_reset: Tensor,
    /// Weight of the input; 1 where a file has none.
    pub w_in: Tensor,
}

impl Elementwise for CubaLIF {
    fn read(fields: &mut Fields) -> Self {
        let v_threshold = fields.tensor("v_threshold");
        CubaLIF {
            tau_syn: fields.tensor("tau_syn"),
            tau_mem: fields.tensor("tau_mem"),
            r: fields.tensor("r"),
            v_leak: fields.tensor("v_leak"),
            v_reset: fields.tensor_or("v_reset", &v_threshold, 0.0),
            w_in: fields.tensor_or("w_in", &v_threshold, 1.0),
            v_threshold,
        }
    }

    fn parameters(&self) -> Vec<(&'static str, &Tensor, Domain)> {
        vec![
            ("tau_syn", &self.tau_syn, Domain::Positive),
            ("tau_mem", &self.tau_mem, Domain::Positive),
            ("r", &self.r, Domain::Any),
            ("v_leak", &self.v_leak, Domain::Any),
            ("v_threshold", &self.v_threshold, Domain::Any),
            ("v_reset", &self.v_reset, Domain::Any),
            ("w_in", &self.w_in, Domain::Any),
        ]
    }
}
