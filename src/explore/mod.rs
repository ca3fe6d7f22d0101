//! Which spike cost what: one sample, event by event, and its energy taken apart.
//!
//! A [`Subject`] (an experiment or a spiking network) gives a [`Record`] of any of its samples. A
//! [`Ledger`] prices the record on a device and knows what each neuron, timestep and spike adds to
//! it: any [`Selection`] has a receipt of its own, and that of everything is the receipt of the
//! device, line by line.
//!
//! ```
//! use spikewatt::energy::{Catalogue, PriceOptions};
//! use spikewatt::explore::{Ledger, Rows, Selection, Subject};
//! use std::ops::ControlFlow;
//! # let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
//! let go_on = |_| ControlFlow::Continue(());
//! let subject = Subject::open(&root.join("examples/digits.toml"), &go_on)?;
//! let record = subject.record(0, &go_on)?;
//! let catalogue = Catalogue::shipped()?;
//! let ledger = Ledger::new(&record, catalogue.get("loihi1")?, &PriceOptions::default())?;
//!
//! let all = Selection { rows: record.all_rows(), timesteps: 0..16 };
//! assert_eq!(ledger.price(&record, &all).dynamic_j.unwrap().nominal, ledger.target.dynamic_j.unwrap());
//! let hidden = Selection { rows: Rows::from_range(record.rows_of(1)), timesteps: 4..8 };
//! assert!(ledger.price(&record, &hidden).share.unwrap() < 0.5);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod cause;
mod converted;
mod error;
mod given;
mod ledger;
mod moved;
mod picture;
mod raster;
mod record;
mod recording;
mod selection;
mod selection_counts;
mod structure;
mod subject;
mod trace;

pub use cause::Cause;
pub use converted::ConvertedSubject;
pub use error::SubjectError;
pub use given::Given;
pub use ledger::{Ledger, LedgerError, Priced, PricedLine};
pub use raster::Raster;
pub use record::{Potentials, Record};
pub use recording::{OpenError, open_recording};
pub use selection::{Rows, Selection};
pub use selection_counts::SelectionCounts;
pub use structure::Structure;
pub use subject::Subject;
pub use trace::{MOST_TRACES, Trace, TraceError};
