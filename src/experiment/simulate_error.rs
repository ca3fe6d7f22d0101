//! Why a spiking network cannot be simulated.

use crate::ann::RuntimeError;
use crate::conversion::ConversionError;
use crate::engine::SimulationError;
use crate::formats::KindError;
use crate::formats::native::NativeError;
use crate::formats::nir::{LowerError, NirError};
use crate::formats::onnx::OnnxError;
use crate::formats::recording::RecordingError;
use crate::formats::spikes::SpikesError;
use crate::neuron::NeuronError;
use std::path::PathBuf;

/// Why a network could not be simulated.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SimulateError {
    /// The file is none of a spiking network.
    #[error(
        "{}: an ONNX model is no spiking network; `spikewatt run` converts and simulates it",
        .0.display()
    )]
    Onnx(PathBuf),
    /// The file is no network, or cannot be read.
    #[error(transparent)]
    Kind(#[from] KindError),
    /// The ONNX model cannot be read.
    #[error(transparent)]
    Model(#[from] OnnxError),
    /// The ONNX model cannot be run.
    #[error(transparent)]
    Runtime(#[from] RuntimeError),
    /// The ONNX model cannot be converted.
    #[error(transparent)]
    Conversion(#[from] ConversionError),
    /// The ONNX model takes no frames of events.
    #[error(
        "{}: it takes {dims:?}; recorded events need an input of [2, rows, columns], or [1, rows, columns] for both polarities in one channel",
        file.display()
    )]
    Frames {
        /// The model.
        file: PathBuf,
        /// Its input.
        dims: Vec<usize>,
    },
    /// The NIR file cannot be read.
    #[error(transparent)]
    Nir(#[from] NirError),
    /// The NIR graph cannot be run.
    #[error("{}: {problem}", file.display())]
    Lower {
        /// The file.
        file: PathBuf,
        /// All that is in the way.
        problem: LowerError,
    },
    /// The native description cannot be used.
    #[error(transparent)]
    Native(#[from] NativeError),
    /// The preset is not known.
    #[error(transparent)]
    Preset(#[from] NeuronError),
    /// The input cannot be used.
    #[error(transparent)]
    Input(#[from] SpikesError),
    /// The network needs input.
    #[error("{}: \"{node}\" takes input of shape {dims:?}; give --input FILE (with `run`, --data FILE)", file.display())]
    NoInput {
        /// The network.
        file: PathBuf,
        /// Where data enters.
        node: String,
        /// Shape at one time.
        dims: Vec<usize>,
    },
    /// The network has no use for input.
    #[error("{}: it has no input population; leave --input out", file.display())]
    UnusedInput {
        /// The network.
        file: PathBuf,
    },
    /// Nothing says how long to simulate.
    #[error("{}: nothing says how long to simulate; give --timesteps N", file.display())]
    NoTimesteps {
        /// The network.
        file: PathBuf,
    },
    /// Held input does not say how long it is held.
    #[error(
        "{}: it is held, the same in every timestep, so nothing says how long to simulate; give --timesteps N{}",
        file.display(), why.as_ref().map_or(String::new(), |why| format!(" ({why})"))
    )]
    HeldTimesteps {
        /// The input.
        file: PathBuf,
        /// Why it is held, if the user does not say so.
        why: Option<String>,
    },
    /// An option makes no sense.
    #[error("{option}: {value} is out of range; {expected}")]
    Option {
        /// The option, as on the command line.
        option: &'static str,
        /// Its value.
        value: String,
        /// What is in range.
        expected: &'static str,
    },
    /// The recording would replace what it is made from.
    #[error("--record {}: it is the network or its input; name another file", .0.display())]
    Overwrites(PathBuf),
    /// The simulation failed.
    #[error(transparent)]
    Simulation(#[from] SimulationError),
    /// The recording cannot be written.
    #[error(transparent)]
    Recording(#[from] RecordingError),
}
