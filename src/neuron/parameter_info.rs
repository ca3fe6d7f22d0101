//! What a model says of a parameter that it takes.

/// A parameter that a model takes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ParameterInfo {
    /// Name, as in NIR where NIR has it.
    pub name: &'static str,
    /// Unit; "1" for a plain number.
    pub unit: &'static str,
    /// Value where none is given; `None` if it must be given. `v_initial` has a default that
    /// [`InitialPotential`](super::InitialPotential) decides; it is listed as 0.
    pub default: Option<f64>,
    /// What it is.
    pub about: &'static str,
}
