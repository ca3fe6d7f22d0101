//! What a run found, as plain data: receipts, targets, crossovers, uncertainty, verdicts.
//!
//! Stages of the flow fill these types; reports and windows read them. Nothing here draws, writes or
//! prices.

mod boundary;
pub mod central;
mod columns;
mod contender;
mod crossover;
mod decide;
mod device;
mod eligible;
mod evaluation;
mod footprint;
mod measure;
mod profile;
mod receipt;
mod roof;
mod run;
#[cfg(test)]
mod schema;
mod scope;
mod sentence;
mod spike_source;
mod target;
mod terms;
mod uncertainty;
mod usage;
mod verdict;
mod why;

pub use crate::counts::NumberFormat;
pub use crate::engine::{Kernels, SynapseKernel};
pub use boundary::Boundary;
pub use central::central_energy_j;
pub use columns::{Column, Scopes};
pub use contender::{Contender, Standing};
pub use crossover::{Crossing, Equal, Meeting, RateCurve, RatePoint, crossover_period_s, idle_w};
pub use decide::{standings, verdicts};
pub use device::{Basis, Condition, DeviceClass, Feasible, FirstLayer};
pub use eligible::{eligible, factor, qualifies};
pub use evaluation::{Evaluation, Paired, Share};
pub use footprint::{Footprint, Footprints};
pub use measure::{Measure, Unit};
pub use profile::{LayerBill, Profile, RATE_SHARES, RateSpread, TimeCurve, TimePoint};
pub use receipt::{Line, Part};
pub use roof::{Limit, Roof};
pub use run::{
    Accuracy, InputEntry, ModelReport, PopulationReport, Report, Setup, Timing, Totals, Warning,
};
pub use scope::{Bill, Scope};
pub use spike_source::SpikeSource;
pub use target::{Evidence, TargetReport, Workload, network_label};
pub use terms::Terms;
pub use uncertainty::{EnergyDistribution, MonteCarlo, Quantiles, Sensitivity, Swing};
pub use usage::{Sourced, Usage};
pub use verdict::{Crossover, Excluded, Party, Question, Verdict, VerdictTerms};
pub use why::Why;
