//! The names that most programs need: `use spikewatt::prelude::*;`
//!
//! ```
//! use spikewatt::prelude::*;
//! use std::ops::ControlFlow;
//! # let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
//!
//! let file = root.join("examples/digits.toml");
//! let experiment = Experiment::load(&file, &["data.samples=20".to_owned()])?;
//! let catalogue = Catalogue::shipped()?;
//! let run = experiment::run(&experiment, &catalogue, &|_| ControlFlow::Continue(()))?;
//! for target in &run.report.targets {
//!     // An unknown energy is `None`, never 0.
//!     let energy = target.known_energy_j().map(|energy| si(energy.nominal, "J"));
//!     println!("{}: {}", target.title, energy.unwrap_or("unknown".to_owned()));
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub use crate::conversion::{self, Calibration, ConversionOptions};
pub use crate::counts::{DenseCounts, EventCounts};
pub use crate::encoding::Encoding;
pub use crate::energy::{Catalogue, Hardware, PriceOptions, Work, price};
pub use crate::engine::{Simulation, Simulator};
pub use crate::experiment::{self, ConvertedExperiment, Experiment, SpikingExperiment};
pub use crate::formats::{dataset, native, nir, onnx};
pub use crate::network::Network;
pub use crate::result::{Report, Scope, TargetReport, Workload};
pub use crate::units::{Range, si};
