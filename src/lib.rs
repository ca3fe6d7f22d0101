//! What would this trained network cost in joules?
//!
//! spikewatt imports a conventional trained network, converts it to a spiking one, simulates it
//! event-driven on real data, counts every event, and prices the counts on neuromorphic chips next
//! to GPU, CPU, edge and quantised baselines. Every joule is a line of a receipt with its source.
//!
//! # A guided tour
//!
//! Data flows one way, and each stage takes plain data and returns plain data. The modules in the
//! order of that flow, each step running:
//!
//! **Files** ([`formats`]) become the layers of the original network ([`ann`]). The file also goes
//! to an established inference engine, which says what the original answers.
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use spikewatt::{ann::Runtime, formats::{dataset, onnx}};
//! # let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
//! let model = onnx::load(&root.join("networks/digits_mlp.onnx"))?;
//! let runtime = Runtime::load("digits", model.bytes, &model.ann.sample_dims)?;
//! assert_eq!(model.ann.dense_counts().macs(), 64 * 32 + 32 * 16 + 16 * 10);
//!
//! let mut options = dataset::LoadOptions::default();
//! options.preprocessing.scale = Some(1.0 / 16.0);
//! let train = root.join("data/digits-train1k-images-idx3-ubyte.gz");
//! let train = dataset::load_with(&train, &options)?;
//!
//! // [`conversion`]: thresholds from unlabelled training samples, then a spiking [`network`] of
//! // integrate-and-fire [`neuron`]s.
//! use spikewatt::conversion::{Calibration, ConversionOptions, convert};
//! let calibration = Calibration::measure(&model.ann, &runtime, &train.inputs, 99.9)?;
//! let options = ConversionOptions::for_timesteps(8);
//! let conversion = convert(&model.ann, &calibration, &options)?;
//! assert_eq!(conversion.network.populations.len(), 4);
//!
//! // [`encoding`] drives the [`engine`], which does nothing but count: [`counts`] know no joule.
//! use spikewatt::{encoding::Encoding, engine::Simulator};
//! use std::ops::ControlFlow;
//! let drive = |i: usize| Encoding::Constant.encode(train.sample(i).to_vec(), 8, 0, i);
//! let simulation = Simulator::new(&conversion.network, 8)?
//!     .run(100, &drive, &|_| ControlFlow::Continue(()))?;
//! let hidden = simulation.counts.per_inference(1);
//! assert!(hidden.spikes > 0.0 && hidden.neuron_updates == 32.0 * 8.0);
//!
//! // [`mapping`] places neurons on cores and routes packets; [`energy`] prices the same counts on
//! // as many devices as one likes, without simulating again.
//! use spikewatt::energy::{Catalogue, PriceOptions, Work, price};
//! let dense = model.ann.dense_counts();
//! let work = Work::new(&simulation.counts, &dense);
//! let catalogue = Catalogue::shipped()?;
//! for name in ["loihi1", "loihi1-davies2018", "a100-sxm-80"] {
//!     for target in price(catalogue.get(name)?, &work, &PriceOptions::default()) {
//!         let total = target.energy_j.expect("every figure is known");
//!         let receipt: f64 = target.lines.iter().map(|line| line.joules).sum();
//!         assert_eq!(total.nominal, receipt);
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! [`budget`] holds a finished report against limits, and [`meter`] measures what a command really
//! draws, where the machine has counters.
//!
//! [`experiment`] joins these stages into one call and gives a [`report`], which exporters write as
//! tables and figures. The program `spikewatt` is a thin face over it.
//!
//! Spiking networks that exist already come in through [`formats::nir`] and [`formats::native`] and
//! go straight to the engine: [`experiment::simulate_network`].
//!
//! One sample at a time, [`explore`] takes that price apart: any neurons and timesteps have a receipt
//! of their own.
//!
//! # Features
//!
//! A user of the library takes what is needed (`default-features = false`); a call that needs more
//! returns [`features::MissingFeature`] with its name.
//!
//! | feature | what it brings |
//! |---|---|
//! | `figures` | SVG, PNG and PDF of results and sweeps |
//! | `parquet` | tables of sweeps as Parquet beside CSV |
//! | `sqlite` | stores of sweeps that survive a kill; [`sweep::run_in_memory`] does without |
//! | `nvml` | energy counters of NVIDIA GPUs in [`meter`] |
//! | `yaml` | architecture files of SANA-FE in [`formats::sanafe`] |
//! | `cli` | the program `spikewatt` |
//!
//! [`prelude`] has the names that most programs need. `CONTRIBUTING.md` says where a new device,
//! neuron model, operator, cost law or exporter goes; `CHANGELOG.md` what may change between versions.

#![warn(missing_docs)]
#![warn(clippy::print_stdout, clippy::print_stderr, clippy::unwrap_used)]
// Units stand in [brackets] in the documentation.
#![allow(rustdoc::broken_intra_doc_links)]
// Some helpers have no other user than the command line.
#![cfg_attr(not(feature = "cli"), allow(dead_code, unused_imports))]

pub mod ann;
mod answer;
pub mod budget;
#[cfg(feature = "cli")]
mod cli;
pub mod conversion;
pub mod counts;
pub mod digest;
pub mod encoding;
pub mod energy;
pub mod engine;
pub mod experiment;
pub mod explore;
pub mod features;
pub mod files;
pub mod formats;
pub mod manifest;
pub mod mapping;
pub mod memory;
pub mod meter;
mod names;
pub mod network;
pub mod neuron;
pub mod optimise;
pub mod prelude;
pub mod report;
pub mod result;
mod simd;
pub mod spike_train;
pub mod sweep;
pub mod units;
pub mod validation;

/// The version, and the commit it was built from where that is known: `0.1.0 (0123456789)`.
pub const VERSION: &str = env!("SPIKEWATT_VERSION");

// The program and the window start it; it is nothing to build upon.
#[cfg(feature = "cli")]
#[doc(hidden)]
pub use cli::main as run_cli;
