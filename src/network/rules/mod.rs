//! Connection rules: which synapses a projection has, drawn at random or not.
//!
//! Each neuron draws from a stream of its own ([`Streams`]), so the same seed gives the same
//! synapses at any number of threads.
//!
//! | rule | synapses |
//! |---|---|
//! | [`Rule::AllToAll`] | each source to each target, once |
//! | [`Rule::OneToOne`] | source `i` to target `i` |
//! | [`Rule::FixedIndegree`] | `k` sources for each target, drawn uniformly |
//! | [`Rule::FixedOutdegree`] | `k` targets for each source, drawn uniformly |
//! | [`Rule::PairwiseBernoulli`] | each pair with probability `p`, independently |
//!
//! A new rule is a variant of [`Rule`], its expected number of synapses, and a function that draws
//! it. Source of the definitions: J. Senk et al., Connectivity concepts in neuronal network
//! modeling, PLoS Comput. Biol. 18(9):e1010086, 2022.

mod bernoulli;
mod distribution;
mod fixed_degree;
mod rows;
mod stream;

pub use distribution::{Distribution, Sampler};
pub use rows::{CompressedRows, per_synapse};
pub use stream::Streams;

use crate::network::Pattern;

/// A connection rule.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Rule {
    /// Each source to each target, once.
    AllToAll,
    /// Source `i` to target `i`.
    OneToOne,
    /// So many synapses into each target.
    FixedIndegree(u32),
    /// So many synapses out of each source.
    FixedOutdegree(u32),
    /// Each pair with this probability.
    PairwiseBernoulli(f64),
}

/// The populations that a rule joins, and the synapses that it may not draw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ends {
    /// Presynaptic neurons.
    pub sources: u32,
    /// Postsynaptic neurons.
    pub targets: u32,
    /// Whether both are the same population, so that a synapse can be an autapse: from a neuron to
    /// itself.
    pub same: bool,
    /// Whether autapses may be drawn.
    pub autapses: bool,
    /// Whether multapses may be drawn: several synapses from one neuron to another.
    pub multapses: bool,
}

impl Ends {
    fn excludes_autapses(&self) -> bool {
        self.same && !self.autapses
    }
}

/// Why a rule cannot be followed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RuleError {
    /// Populations of different sizes.
    #[error("one_to_one joins populations of one size, not {sources} neurons to {targets}")]
    OneToOne {
        /// Presynaptic neurons.
        sources: u32,
        /// Postsynaptic neurons.
        targets: u32,
    },
    /// All synapses of one_to_one within a population are autapses.
    #[error("one_to_one within a population draws nothing but autapses, which are not allowed")]
    OnlyAutapses,
    /// More synapses than neurons to choose from.
    #[error(
        "{degree} synapses per neuron, but only {candidates} neurons to choose from; allow multapses or choose fewer"
    )]
    Degree {
        /// Synapses per neuron.
        degree: u32,
        /// Neurons to choose from.
        candidates: u32,
    },
    /// No probability.
    #[error("{0} is no probability; it must lie between 0 and 1")]
    Probability(f64),
    /// The memory does not suffice.
    #[error("{entries} entries do not fit the memory; make the network smaller")]
    Memory {
        /// Entries of a list.
        entries: u64,
    },
}

impl Rule {
    /// Synapses that the rule draws, on average; exact for all but the pairwise Bernoulli rule.
    #[must_use]
    pub fn expected_synapses(&self, ends: &Ends) -> f64 {
        let (sources, targets) = (f64::from(ends.sources), f64::from(ends.targets));
        let autapses = if ends.excludes_autapses() {
            sources
        } else {
            0.0
        };
        match *self {
            Rule::AllToAll => sources * targets - autapses,
            Rule::OneToOne => sources,
            Rule::FixedIndegree(degree) => targets * f64::from(degree),
            Rule::FixedOutdegree(degree) => sources * f64::from(degree),
            Rule::PairwiseBernoulli(probability) => probability * (sources * targets - autapses),
        }
    }

    /// Draws the synapses, with targets ascending in each row.
    ///
    /// All-to-all with nothing excluded is a dense pattern, which needs no memory; everything else
    /// is sparse. Nothing of the size of the network is allocated before the rule is checked.
    ///
    /// # Errors
    /// If the rule does not fit the populations, or the memory does not suffice.
    pub fn connect(&self, ends: &Ends, streams: &Streams) -> Result<Pattern, RuleError> {
        let rows = match *self {
            Rule::AllToAll if !ends.excludes_autapses() => {
                return Ok(Pattern::Dense {
                    sources: ends.sources as usize,
                    targets: ends.targets as usize,
                    present: None,
                });
            }
            Rule::AllToAll => bernoulli::draw(1.0, ends, streams)?,
            Rule::OneToOne => one_to_one(ends)?,
            Rule::FixedIndegree(degree) => fixed_degree::draw_sources(degree, ends, streams)?,
            Rule::FixedOutdegree(degree) => fixed_degree::draw_targets(degree, ends, streams)?,
            Rule::PairwiseBernoulli(probability) => bernoulli::draw(probability, ends, streams)?,
        };
        Ok(rows.into_pattern(ends.targets as usize))
    }
}

fn one_to_one(ends: &Ends) -> Result<CompressedRows, RuleError> {
    let &Ends {
        sources, targets, ..
    } = ends;
    if sources != targets {
        return Err(RuleError::OneToOne { sources, targets });
    }
    if ends.excludes_autapses() {
        return Err(RuleError::OnlyAutapses);
    }
    let mut starts = rows::zeroed::<u64>(sources as usize + 1)?;
    starts.iter_mut().zip(0..).for_each(|(start, i)| *start = i);
    let mut own = rows::zeroed::<u32>(targets as usize)?;
    own.iter_mut().zip(0..).for_each(|(target, i)| *target = i);
    Ok(CompressedRows {
        starts,
        targets: own,
    })
}

#[cfg(test)]
mod tests;
