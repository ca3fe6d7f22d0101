//! What to check before trusting a result.

/// Something about input that is told wherever a result is: a decision that the file did not make
/// alone, or content that is hardly what was meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caution {
    /// Short name, the same in every version.
    pub code: &'static str,
    /// What it is, the likely cause, and what to do.
    pub message: String,
}
