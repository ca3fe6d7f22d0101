//! Spiking input: what drives the input population, timestep by timestep.
//!
//! | file | content |
//! |---|---|
//! | `.npy`, `.npz` | an array (N, T, …), (T, …) or (T, N, …) of 0 and 1 or of real numbers; held: (…) or (N, …) |
//! | `.bin` | one event recording of an N-MNIST-style camera |
//! | folder | such recordings, in the order of their names, or in one folder per class |
//! | HDF5, NIRData | events or a time grid of one node |
//! | HDF5, SHD-style | `spikes/times` [s] and `spikes/units`, one list per sample |
//!
//! "…" is the shape of the input as the network states it, or the number of its neurons; its
//! row-major order is the channels-first order of the population. An `.npz` file holds the array as
//! `x`, with its labels as `y`, or alone. Labels decide between readings, and [`Layout`] says what
//! they cannot. Bytes above 1 are pixels: they are divided by 255. Events are binned: an input is
//! active in a timestep if it has an event in it.

mod array;
mod caution;
mod events;
mod folder;
mod labels;
mod layout;
mod nirdata;
mod nmnist;
mod scale;
mod shd;

use super::dataset::{self, SourceFile};
use super::hdf5_file::Hdf5Problem;
use super::nir::NirProblem;
use crate::digest::sha256_hex;
use crate::encoding::Drive;
use crate::files;
use crate::network::Shape;
use crate::spike_train::SpikeTrain;
pub use caution::Caution;
use events::Event;
pub use labels::Labels;
pub use layout::Layout;
use std::path::{Path, PathBuf};

/// Input that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{}: {problem}", file.display())]
#[non_exhaustive]
pub struct SpikesError {
    /// The file.
    pub file: PathBuf,
    /// What is wrong with it.
    pub problem: SpikesProblem,
}

/// What is wrong with spiking input.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SpikesProblem {
    /// An array or archive that cannot be read.
    #[error(transparent)]
    Array(#[from] dataset::Problem),
    /// A NIR recording that cannot be read.
    #[error(transparent)]
    Nir(#[from] NirProblem),
    /// An HDF5 file that cannot be read.
    #[error("it is not readable as HDF5: {0}")]
    Hdf5(#[from] Hdf5Problem),
    /// No reader knows the file.
    #[error(
        "its format is not recognised; give a .npy or .npz array, an N-MNIST .bin or a folder of them, or an HDF5 file of NIRData or in the style of SHD"
    )]
    Unrecognised,
    /// The wrong shape.
    #[error("it has the shape {have:?}, but {expected}")]
    Shape {
        /// Shape of the array.
        have: Vec<usize>,
        /// What the network takes.
        expected: String,
    },
    /// Fewer timesteps than asked for.
    #[error(
        "it has {have} timesteps, {asked} are asked for; ask for at most {have}, or hold the input in every timestep (--hold-input, without an axis of time), or say --layout tn if time stands first"
    )]
    TooShort {
        /// Timesteps in the file.
        have: usize,
        /// Timesteps asked for.
        asked: usize,
    },
    /// A value that is not finite.
    #[error("value {index} is {value}; input must be finite")]
    NotFinite {
        /// Its place in the array, row-major.
        index: usize,
        /// The value.
        value: f64,
    },
    /// The labels cannot be used.
    #[error("labels of {}: {problem}", file.display())]
    Labels {
        /// File of the labels.
        file: PathBuf,
        /// Why.
        problem: String,
    },
    /// The content contradicts its format or the network.
    #[error("{0}")]
    Content(String),
    /// Only arrays can be held.
    #[error("it is a recording of events, which cannot be held; leave the option away")]
    Held,
    /// Only arrays have axes.
    #[error("it is a recording of events, whose axes are known; leave --layout out")]
    Layout,
}

/// What the network and the user ask of a file.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// Name of the node that data enters.
    pub node: &'a str,
    /// Shape of the input at one time, as the network states it.
    pub dims: &'a [usize],
    /// The same values in every timestep: the file has no axis of time.
    pub hold: bool,
    /// What the axes of an array are; without it, its labels decide.
    pub layout: Option<Layout>,
    /// Timesteps to simulate, if the user says so.
    pub timesteps: Option<u32>,
    /// Length of the timesteps that events are binned into [s].
    pub bin_s: f64,
    /// Read only the first so many recordings of a folder.
    pub samples: Option<usize>,
    /// File of the labels, if they are not in or beside the data.
    pub labels: Option<&'a Path>,
}

impl Request<'_> {
    fn neurons(&self) -> usize {
        self.dims.iter().product()
    }
}

/// Input of one or more samples.
#[derive(Debug, Clone)]
pub struct SpikingInput {
    /// Number of samples.
    pub samples: usize,
    /// Whether the file has an axis (or a list) of samples.
    pub has_sample_axis: bool,
    /// Timesteps to simulate; `None` if the input is held and the user has not said.
    pub timesteps: Option<u32>,
    /// Whether every input is a spike: 0 or 1.
    pub is_binary: bool,
    /// The file.
    pub source: SourceFile,
    /// The class of each sample, if the file or one beside it says so.
    pub labels: Option<Labels>,
    /// What a reader should know, a sentence each.
    pub notes: Vec<String>,
    /// What a reader should check before trusting a result.
    pub cautions: Vec<Caution>,
    /// Length of its timesteps [s]: of bins of events, or of the grid of a recording; `None` if it
    /// does not say.
    pub step_s: Option<f64>,
    neurons: usize,
    content: Content,
}

/// Values in channels-first order.
#[derive(Debug, Clone)]
enum Content {
    /// `[sample, timestep, neuron]`, with so many timesteps in the file.
    Grid { values: Vec<f32>, timesteps: usize },
    /// `[sample, neuron]`.
    Held(Vec<f32>),
    /// Per sample, ascending and without repetition.
    Events(Vec<Vec<Event>>),
}

/// What a reader makes of a file.
struct Parsed {
    content: Content,
    samples: usize,
    has_sample_axis: bool,
    labels: Option<Labels>,
    notes: Vec<String>,
    cautions: Vec<Caution>,
    /// Length of the timesteps of a grid [s], where the file says so.
    step_s: Option<f64>,
}

/// Reads a file.
///
/// # Errors
/// The file, and why it cannot drive this network: what it has and what is expected.
pub fn read(path: &Path, request: &Request) -> Result<SpikingInput, SpikesError> {
    try_read(path, request).map_err(|problem| SpikesError {
        file: path.to_path_buf(),
        problem,
    })
}

fn try_read(path: &Path, request: &Request) -> Result<SpikingInput, SpikesProblem> {
    let (mut parsed, source) = match files::is_dir(path) {
        true if request.layout.is_some() => return Err(SpikesProblem::Layout),
        true => folder::read(path, request)?,
        false => file(path, request)?,
    };
    if let Some(labels) = request.labels {
        // Those of an array are read before it, because they say what its axes are.
        let known = parsed.labels.as_ref().and_then(|l| l.source.as_ref());
        if known.is_none_or(|known| known.path != labels) {
            let truncated = request.samples.is_some() && files::is_dir(path);
            parsed.labels = Some(labels::read_for(labels, parsed.samples, truncated)?);
        }
    }
    finish(parsed, source, request)
}

/// Reads a single file.
fn file(path: &Path, request: &Request) -> Result<(Parsed, SourceFile), SpikesProblem> {
    // Anything else, such as a device, may have no end.
    if !std::fs::metadata(files::place(path))
        .map_err(dataset::Problem::Io)?
        .is_file()
    {
        return Err(dataset::Problem::NotAFile.into());
    }
    let bytes = files::read(path).map_err(dataset::Problem::Io)?;
    let source = SourceFile {
        path: path.to_path_buf(),
        sha256: sha256_hex(&bytes),
    };
    let is_bin = path
        .extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("bin"));
    let parsed = match &bytes[..] {
        [0x93, b'N', b'U', b'M', b'P', b'Y', ..] => array::npy(&bytes, request)?,
        [b'P', b'K', 3, 4, ..] => array::npz(bytes, request)?,
        _ if request.layout.is_some() => return Err(SpikesProblem::Layout),
        [0x89, b'H', b'D', b'F', ..] if nirdata::recognises(&bytes)? => {
            nirdata::read(bytes, request)?
        }
        [0x89, b'H', b'D', b'F', ..] => shd::read(bytes, request)?,
        _ if is_bin => nmnist::read(&bytes, request)?,
        _ => return Err(SpikesProblem::Unrecognised),
    };
    Ok((parsed, source))
}

fn finish(
    parsed: Parsed,
    source: SourceFile,
    request: &Request,
) -> Result<SpikingInput, SpikesProblem> {
    if parsed.samples == 0 {
        return Err(dataset::Problem::Empty.into());
    }
    let timesteps = match (&parsed.content, request.timesteps) {
        (Content::Grid { timesteps, .. }, Some(asked)) if *timesteps < asked as usize => {
            return Err(SpikesProblem::TooShort {
                have: *timesteps,
                asked: asked as usize,
            });
        }
        (_, Some(asked)) => Some(asked),
        (Content::Held(_), None) => None,
        (Content::Grid { timesteps, .. }, None) => u32::try_from(*timesteps).ok(),
        (Content::Events(samples), None) => {
            let last = samples.iter().flatten().map(|event| event.step).max();
            u32::try_from(last.map_or(1, |last| last + 1)).ok()
        }
    };
    let spikes = |values: &[f32]| values.iter().all(|&value| value == 0.0 || value == 1.0);
    let is_binary = match &parsed.content {
        Content::Grid { values, .. } | Content::Held(values) => spikes(values),
        Content::Events(samples) => samples.iter().flatten().all(|event| event.value == 1.0),
    };
    let (mut notes, mut cautions) = (parsed.notes, parsed.cautions);
    if let (
        Content::Grid {
            timesteps: stored, ..
        },
        Some(used),
    ) = (&parsed.content, timesteps)
    {
        if (used as usize) < *stored {
            notes.push(format!(
                "the first {used} of {stored} timesteps of the input are used"
            ));
        }
        cautions.extend(layout::one_timestep(*stored, request.layout));
    }
    if let (Content::Events(samples), Some(timesteps)) = (&parsed.content, timesteps) {
        let behind = |event: &&Event| event.step >= u64::from(timesteps);
        let lost = samples.iter().flatten().filter(behind).count();
        if lost > 0 {
            notes.push(format!(
                "{lost} inputs come after the last of {timesteps} timesteps and are left out"
            ));
        }
    }
    Ok(SpikingInput {
        samples: parsed.samples,
        has_sample_axis: parsed.has_sample_axis,
        timesteps,
        is_binary,
        source,
        labels: parsed.labels,
        notes,
        cautions,
        step_s: parsed.step_s.or_else(|| {
            let is_binned = matches!(parsed.content, Content::Events(_));
            is_binned.then_some(request.bin_s)
        }),
        neurons: request.neurons(),
        content: parsed.content,
    })
}

impl SpikingInput {
    /// What it consists of, in words.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match (&self.content, self.is_binary) {
            (Content::Events(_), true) => "recorded events",
            (Content::Events(_), false) => "recorded events with values",
            (Content::Grid { .. }, true) => "given spikes",
            (Content::Grid { .. }, false) => "given values",
            (Content::Held(_), true) => "given spikes, the same in every timestep",
            (Content::Held(_), false) => "given values, the same in every timestep",
        }
    }

    /// What drives the input population of shape `shape` in sample `sample` for `timesteps`.
    ///
    /// # Panics
    /// If there is no such sample, or the shape is not of the neurons that were asked for.
    #[must_use]
    pub fn drive(&self, sample: usize, timesteps: u32, shape: Shape) -> Drive {
        assert_eq!(shape.neurons(), self.neurons, "one value per neuron");
        let timesteps = timesteps as usize;
        match &self.content {
            Content::Held(_) if !self.is_binary => Drive::Constant(self.held(sample, shape)),
            Content::Held(_) => {
                let values = self.held(sample, shape);
                Drive::Spikes(frames((0..timesteps).map(|_| &values[..])))
            }
            Content::Grid {
                values,
                timesteps: stored,
            } => {
                let first = sample * stored * self.neurons;
                let rows = values[first..].chunks_exact(self.neurons).take(timesteps);
                Drive::Spikes(frames(rows.map(|row| shape.to_channels_last(row))))
            }
            Content::Events(samples) => {
                Drive::Spikes(events::train(&samples[sample], timesteps, shape))
            }
        }
    }

    /// The real values, channels last, that a sample holds in every timestep; `None` if its input
    /// is given timestep by timestep or consists of spikes.
    #[must_use]
    pub fn constant(&self, sample: usize, shape: Shape) -> Option<Vec<f32>> {
        let is_constant = matches!(self.content, Content::Held(_)) && !self.is_binary;
        is_constant.then(|| self.held(sample, shape))
    }

    fn held(&self, sample: usize, shape: Shape) -> Vec<f32> {
        match &self.content {
            Content::Held(values) => {
                let first = sample * self.neurons;
                shape.to_channels_last(&values[first..first + self.neurons])
            }
            Content::Grid { .. } | Content::Events(_) => Vec::new(),
        }
    }
}

/// What is not zero, timestep by timestep.
fn frames(frames: impl Iterator<Item = impl AsRef<[f32]>>) -> SpikeTrain {
    let mut train = SpikeTrain::new();
    for frame in frames {
        for (neuron, &value) in frame.as_ref().iter().enumerate() {
            if value != 0.0 {
                train.push_value(neuron as u32, value);
            }
        }
        train.end_timestep();
    }
    train
}
