//! The desktop face of spikewatt: which spike cost what.
//!
//! A thin face: every number comes from the library, [`spikewatt::explore`] above all, and equals
//! what the command line prints. A [`panels::Panel`] draws one view of the [`state::State`]; a new
//! one is a file in `panels/` and a line in its list. [`worker`] runs experiments beside the window.

#![warn(missing_docs)]
// Units stand in [brackets] in the documentation.
#![allow(rustdoc::broken_intra_doc_links)]
#![warn(clippy::unwrap_used, clippy::expect_used)]

pub mod app;
pub mod bare;
pub mod canvas;
pub mod commands;
pub mod export;
pub mod history;
pub mod lod;
pub mod message;
pub mod open;
pub mod panels;
pub mod screenshot;
pub mod soft;
pub mod state;
pub mod svg;
pub mod sweep;
pub mod theme;
pub mod view;
pub mod words;
pub mod worker;
