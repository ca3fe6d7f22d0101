//! Recordings of a simulation as `.npz`: what each population did in each timestep.
//!
//! | array | type | shape |
//! |---|---|---|
//! | `spikes/<population>` | u8 | (T, neurons) or (N, T, neurons): spikes in the timestep |
//! | `potential/<population>` | f32 | the same, for populations that do not spike |
//!
//! The comment of the archive says as JSON which experiment it is from.
//!
//! Neurons are numbered in the channels-first order of the model. Blocks go to temporary files
//! beside the recording as they come, so neither its length nor the number of samples takes memory;
//! the recording appears under its name only when it is complete.

use crate::engine::{Probe, Recording};
use crate::files;
use crate::formats::npy;
use crate::network::{Network, Shape};
use crate::neuron::Neuron;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

/// Bytes that are collected before they are written.
const BUFFER: usize = 1 << 20;

/// A recording that cannot be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecordingError {
    /// The operating system refuses.
    #[error("{}: it cannot be recorded: {source}", file.display())]
    Io {
        /// The recording.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// More spikes than a byte holds.
    #[error(
        "{}: neuron {neuron} of population \"{population}\" emits {spikes} in timestep {timestep}; a recording holds 0 to 255 spikes",
        file.display()
    )]
    Spikes {
        /// The recording.
        file: PathBuf,
        /// The population.
        population: String,
        /// The neuron, channels first.
        neuron: usize,
        /// The timestep.
        timestep: usize,
        /// What it emits.
        spikes: f32,
    },
}

/// What the values of a population are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum RecordedKind {
    /// Spikes.
    Spikes,
    /// Real numbers that it emits.
    Values,
    /// Potentials, which the engine shows.
    Potentials,
}

impl RecordedKind {
    fn folder(self) -> &'static str {
        match self {
            RecordedKind::Spikes => "spikes",
            RecordedKind::Values | RecordedKind::Potentials => "potential",
        }
    }

    fn element(self) -> npy::ElementKind {
        match self {
            RecordedKind::Spikes => npy::ElementKind::U8,
            RecordedKind::Values | RecordedKind::Potentials => npy::ElementKind::F32,
        }
    }

    fn bytes(self) -> usize {
        self.element().size()
    }
}

/// One population.
struct Spool {
    name: String,
    shape: Shape,
    kind: RecordedKind,
    /// Place of each neuron in channels-first order.
    place: Vec<usize>,
    file: Mutex<File>,
}

/// Writes what it is shown.
pub struct Recorder {
    path: PathBuf,
    timesteps: usize,
    /// Length of the axis of samples, if there is one.
    samples: Option<usize>,
    spools: Vec<Spool>,
    failure: Mutex<Option<RecordingError>>,
    /// See [`Recorder::with_note`].
    note: String,
}

impl Recorder {
    /// Prepares to record all populations of `network` as `path`: `samples` samples, or one without
    /// an axis of samples. `input_spikes` says whether the input consists of spikes.
    ///
    /// # Errors
    /// If nothing can be written beside `path`.
    pub fn new(
        path: &Path,
        network: &Network,
        timesteps: u32,
        samples: Option<usize>,
        input_spikes: bool,
    ) -> Result<Self, RecordingError> {
        let failed = |source| RecordingError::Io {
            file: path.to_path_buf(),
            source,
        };
        if path.is_dir() {
            let reason = "it is a folder; name a file that ends in .npz";
            return Err(failed(io::Error::other(reason)));
        }
        let spools = network.populations.iter().map(|population| {
            let kind = match &population.neuron {
                Neuron::Input if input_spikes => RecordedKind::Spikes,
                Neuron::Input => RecordedKind::Values,
                Neuron::Integrator => RecordedKind::Potentials,
                Neuron::Model(model) if !model.spikes() => RecordedKind::Values,
                _ => RecordedKind::Spikes,
            };
            let order: Vec<usize> = (0..population.shape.neurons()).collect();
            Ok(Spool {
                name: population.name.clone(),
                shape: population.shape,
                kind,
                place: population.shape.to_channels_last(&order),
                file: Mutex::new(tempfile::tempfile_in(files::folder_of(path))?),
            })
        });
        Ok(Recorder {
            path: path.to_path_buf(),
            timesteps: timesteps as usize,
            samples,
            spools: spools.collect::<io::Result<_>>().map_err(failed)?,
            failure: Mutex::new(None),
            note: String::new(),
        })
    }

    /// Writes a note with it, which is no array: the comment of the archive.
    #[must_use]
    pub fn with_note(self, note: String) -> Self {
        Recorder { note, ..self }
    }

    /// Whether something could not be recorded: there is no use in going on.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.failure
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .is_some()
    }

    /// Writes the recording under its name.
    ///
    /// # Errors
    /// The first thing that could not be recorded.
    pub fn finish(self) -> Result<(), RecordingError> {
        let failure = self.failure.into_inner();
        if let Some(failure) = failure.unwrap_or_else(PoisonError::into_inner) {
            return Err(failure);
        }
        let dims: Vec<usize> = self.samples.into_iter().chain([self.timesteps]).collect();
        assemble(&self.path, &dims, self.spools, self.note).map_err(|source| RecordingError::Io {
            file: self.path,
            source,
        })
    }

    fn write(&self, recording: &Recording) -> Result<(), RecordingError> {
        let spool = &self.spools[recording.population];
        let neurons = spool.shape.neurons();
        let row = neurons * spool.kind.bytes();
        let rows = (BUFFER / row.max(1)).max(1);
        let mut buffer = Vec::new();
        let mut start = recording.timesteps.start;
        while start < recording.timesteps.end {
            let end = recording.timesteps.end.min(start + rows);
            buffer.clear();
            buffer.resize((end - start) * row, 0);
            for t in start..end {
                let out = &mut buffer[(t - start) * row..][..row];
                match spool.kind {
                    RecordedKind::Potentials => {
                        let first = (t - recording.timesteps.start) * neurons;
                        let values = &recording.potentials[first..first + neurons];
                        for (&place, value) in spool.place.iter().zip(values) {
                            out[place * 4..][..4].copy_from_slice(&value.to_le_bytes());
                        }
                    }
                    RecordedKind::Values => self.values(spool, recording, t, out),
                    RecordedKind::Spikes => self.spikes(spool, recording, t, out)?,
                }
            }
            let offset = (recording.sample * self.timesteps + start) as u64 * row as u64;
            let mut file = spool.file.lock().unwrap_or_else(PoisonError::into_inner);
            file.seek(SeekFrom::Start(offset))
                .and_then(|_| file.write_all(&buffer))
                .map_err(|source| RecordingError::Io {
                    file: self.path.clone(),
                    source,
                })?;
            start = end;
        }
        Ok(())
    }

    fn values(&self, spool: &Spool, recording: &Recording, t: usize, out: &mut [u8]) {
        for (neuron, value) in recording.train.at(t).iter() {
            let place = spool.place[neuron as usize];
            out[place * 4..][..4].copy_from_slice(&value.to_le_bytes());
        }
    }

    fn spikes(
        &self,
        spool: &Spool,
        recording: &Recording,
        timestep: usize,
        out: &mut [u8],
    ) -> Result<(), RecordingError> {
        for (neuron, spikes) in recording.train.at(timestep).iter() {
            let place = spool.place[neuron as usize];
            if !(0.0..=255.0).contains(&spikes) {
                return Err(RecordingError::Spikes {
                    file: self.path.clone(),
                    population: spool.name.clone(),
                    neuron: place,
                    timestep,
                    spikes,
                });
            }
            out[place] = spikes as u8;
        }
        Ok(())
    }
}

impl Probe for Recorder {
    fn wants(&self, _: usize) -> bool {
        true
    }

    fn record(&self, recording: Recording) {
        if let Err(error) = self.write(&recording) {
            let mut failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
            failure.get_or_insert(error);
        }
    }
}

/// The note of a recording; empty if it has none.
///
/// # Errors
/// If the file cannot be read or is no archive.
pub fn note(path: &Path) -> io::Result<String> {
    let zip = ZipArchive::new(BufReader::new(File::open(files::place(path))?))
        .map_err(io::Error::other)?;
    Ok(String::from_utf8_lossy(zip.comment()).into_owned())
}

/// A name as a path that no unpacking program follows out of its folder.
fn inside(name: &str) -> String {
    let harmless = |c: char| if c.is_control() || c == '\\' { '_' } else { c };
    let plain: String = name.chars().map(harmless).collect();
    let part = |part| match part {
        "" | "." | ".." => "_",
        part => part,
    };
    plain.split('/').map(part).collect::<Vec<_>>().join("/")
}

fn assemble(path: &Path, dims: &[usize], spools: Vec<Spool>, note: String) -> io::Result<()> {
    let temporary = files::empty_temporary(files::folder_of(path))?;
    let mut zip = ZipWriter::new(BufWriter::new(temporary));
    // Longer comments cannot be written.
    if u16::try_from(note.len()).is_ok() {
        zip.set_comment(note);
    }
    for spool in spools {
        let dims: Vec<usize> = [dims, &[spool.shape.neurons()]].concat();
        let bytes = dims.iter().product::<usize>() as u64 * spool.kind.bytes() as u64;
        let header = npy::Header::row_major(spool.kind.element(), &dims).to_bytes();
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .compression_level(Some(1))
            .large_file(bytes + header.len() as u64 >= u64::from(u32::MAX));
        let name = format!("{}/{}.npy", spool.kind.folder(), inside(&spool.name));
        zip.start_file(name, options).map_err(io::Error::other)?;
        zip.write_all(&header)?;
        let mut file = spool
            .file
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        file.seek(SeekFrom::Start(0))?;
        if io::copy(&mut file.take(bytes), &mut zip)? != bytes {
            return Err(io::Error::other("a timestep was not recorded"));
        }
    }
    let temporary = zip.finish().map_err(io::Error::other)?;
    let temporary = temporary.into_inner().map_err(|error| error.into_error())?;
    files::put(temporary, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_inside_the_archive() {
        for (name, expected) in [
            ("hidden.1", "hidden.1"),
            ("block/conv", "block/conv"),
            ("../../etc/passwd", "_/_/etc/passwd"),
            ("/root", "_/root"),
            ("..\\..\\x", ".._.._x"),
            ("a\u{1b}[2Jb", "a_[2Jb"),
        ] {
            assert_eq!(inside(name), expected);
        }
    }
}
