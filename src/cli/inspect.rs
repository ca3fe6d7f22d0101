//! `spikewatt inspect`.

mod model;
mod network;
mod operators;
mod recording;

use super::Common;
use super::estimate::input_shape;
use crate::formats::{self, FileKind};
use clap::Args;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(super) struct InspectArgs {
    /// Trained model (.onnx), spiking network (.nir, native .toml), or recording of
    /// `simulate --record` (.npz).
    model: PathBuf,
    /// Size of an input that a model without a spiking form leaves open; may be repeated.
    #[arg(long, value_name = "NAME=1x128", value_parser = input_shape)]
    input_shape: Vec<(String, Vec<usize>)>,
}

pub(super) fn execute(args: &InspectArgs, common: &Common) -> anyhow::Result<()> {
    let accepts = |kind: FileKind| {
        kind.is_spiking_network() || matches!(kind, FileKind::Onnx | FileKind::Recording)
    };
    let wanted = "a trained model, a spiking network or a recording";
    match formats::require(&args.model, wanted, accepts)? {
        FileKind::Onnx => model::execute(args, common),
        FileKind::Recording => recording::execute(&args.model, common),
        _ => network::execute(&args.model, common),
    }
}

/// Axes, as people write them.
fn dims(shape: &[usize]) -> String {
    let dims: Vec<String> = shape.iter().map(usize::to_string).collect();
    dims.join("×")
}
