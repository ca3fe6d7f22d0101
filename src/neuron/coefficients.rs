//! Numbers worked out from parameters, neuron by neuron.

use super::Parameter;

/// `f` of the values of two parameters, neuron by neuron.
pub(super) fn zip(a: &Parameter, b: &Parameter, f: impl Fn(f64, f64) -> f64) -> Parameter {
    match a.neurons().or(b.neurons()) {
        None => Parameter::uniform(f(a.get(0), b.get(0))),
        Some(neurons) => Parameter::each((0..neurons).map(|n| f(a.get(n), b.get(n))).collect()),
    }
}

/// Coefficients of one timestep, a row per neuron or one for all: a neuron needs one look-up.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Coefficients<T> {
    rows: Vec<T>,
    /// All ones for a row per neuron, zero for a shared one.
    mask: usize,
}

impl<T> Coefficients<T> {
    /// Coefficients of `row(neuron)`, where it reads no parameters but these.
    pub fn new(parameters: &[&Parameter], row: impl Fn(usize) -> T) -> Self {
        let neurons = parameters.iter().find_map(|parameter| parameter.neurons());
        Coefficients {
            rows: (0..neurons.unwrap_or(1)).map(row).collect(),
            mask: if neurons.is_some() { usize::MAX } else { 0 },
        }
    }

    /// The row of one neuron.
    #[inline]
    pub fn get(&self, neuron: usize) -> &T {
        &self.rows[neuron & self.mask]
    }
}
