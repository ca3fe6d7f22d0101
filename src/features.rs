//! Parts of the library that can be left out of a build.

/// A call that needs a part which this build was made without.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} needs the feature `{feature}`; build spikewatt with `--features {feature}`")]
#[non_exhaustive]
pub struct MissingFeature {
    /// What was asked for.
    pub what: &'static str,
    /// The feature of the package.
    pub feature: &'static str,
}
