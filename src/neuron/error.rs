//! What can be wrong with a request for a neuron model.

/// What is wrong with a request for a neuron model.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NeuronError {
    /// No such model.
    #[error("no neuron model \"{name}\"{suggestion} There are {known}")]
    UnknownModel {
        /// The name.
        name: String,
        /// `; did you mean "x"?`, or a full stop where no name is near.
        suggestion: String,
        /// All.
        known: String,
    },
    /// No such preset.
    #[error("no preset \"{name}\"{suggestion} There are {known}")]
    UnknownPreset {
        /// The name.
        name: String,
        /// `; did you mean "x"?`, or a full stop where no name is near.
        suggestion: String,
        /// All.
        known: String,
    },
    /// A parameter that the model does not have.
    #[error(
        "neuron model {model} has no parameter \"{parameter}\"{suggestion} \
         It takes {known}"
    )]
    UnknownParameter {
        /// The model.
        model: &'static str,
        /// The name.
        parameter: String,
        /// `; did you mean "x"?`, or a full stop where no name is near.
        suggestion: String,
        /// All.
        known: String,
    },
    /// A parameter without default is not given.
    #[error("neuron model {model} needs the parameter \"{parameter}\" [{unit}]")]
    Missing {
        /// The model.
        model: &'static str,
        /// The parameter.
        parameter: &'static str,
        /// Its unit.
        unit: &'static str,
    },
    /// A value that cannot be used.
    #[error("neuron model {model}: {parameter} = {value}, but {needs}")]
    Value {
        /// The model.
        model: &'static str,
        /// The parameter or option.
        parameter: &'static str,
        /// Its value.
        value: f64,
        /// What is accepted.
        needs: String,
    },
    /// Parameters for different numbers of neurons.
    #[error(
        "neuron model {model}: {parameter} has {found} values, but {other} has {expected}; \
         give one value per neuron, or one for all"
    )]
    Lengths {
        /// The model.
        model: &'static str,
        /// A parameter.
        parameter: &'static str,
        /// Its number of values.
        found: usize,
        /// Another parameter.
        other: &'static str,
        /// Its number of values.
        expected: usize,
    },
    /// The options ask for what the model does not do.
    #[error("neuron model {model}: {what}; {advice}")]
    Unsupported {
        /// The model.
        model: &'static str,
        /// What.
        what: &'static str,
        /// The next step.
        advice: &'static str,
    },
}
