//! Integration tests that can share a process: linked once, as linking is most of what a test costs
//! while one works on it. Run those of a file with `cargo test --release --test suite FILE::`.
//!
//! Beside it stand what needs a process of its own: memory peaks, faults of the system, an
//! allocator that counts, and the order of modules, which needs no library at all.

mod answers;
mod build;
mod carbon;
mod check;
mod cli;
mod conversion;
mod convert;
mod devices;
mod documents;
mod energy;
mod engine;
mod estimate;
mod explore;
mod exports;
mod folders;
mod guide;
mod hostile;
mod input;
mod meter;
mod models;
mod native;
mod neurobench;
mod neurons;
mod nir_networks;
mod npy;
mod numbers;
mod offline;
mod onnx;
mod operators;
mod optimise;
mod paper;
mod parity;
mod placement;
mod plausible;
mod recorded;
mod recurrent;
mod reports;
mod reproduce;
mod sanafe;
mod schemas;
mod scopes;
mod simulate;
mod spiking;
mod supply_chain;
mod survey;
mod sweep;
mod sweep_axes;
mod terms;
mod third_party;
mod validation;
mod words;
