//! A recording (`.npz` of [`crate::formats::recording`]) as a record: spikes without synapses.

use super::Record;
use super::record::{Train, merge};
use crate::counts::{DenseCounts, EventCounts};
use crate::files;
use crate::formats::npy::{ElementKind, Header};
use crate::network::{Node, Role, Shape, Topology};
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};
use zip::ZipArchive;

/// Most neurons of all populations that are shown.
const MAX_NEURONS: u64 = 50_000_000;

/// Bytes that are read at once.
const BLOCK: usize = 1 << 20;

/// A recording that cannot be opened.
#[derive(Debug, thiserror::Error)]
#[error("{}: {reason}; give a recording of `spikewatt simulate --record`", file.display())]
#[non_exhaustive]
pub struct OpenError {
    /// The file.
    pub file: PathBuf,
    /// What is wrong with it.
    pub reason: String,
}

/// Opens one sample of a recording. Its arrays are streamed: only spikes take memory.
///
/// # Errors
/// If the file is no recording or is damaged.
pub fn open_recording(path: &Path, sample: usize) -> Result<Record, OpenError> {
    read(path, sample).map_err(|reason| OpenError {
        file: path.to_owned(),
        reason,
    })
}

/// Axes of an array of a recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Dims {
    samples: usize,
    timesteps: usize,
    neurons: usize,
}

fn read(path: &Path, sample: usize) -> Result<Record, String> {
    let said = |error: io::Error| error.to_string();
    let file = File::open(files::place(path)).map_err(said)?;
    let mut zip = ZipArchive::new(BufReader::new(file)).map_err(|e| e.to_string())?;
    let mut names: Vec<(u64, String)> = Vec::new();
    for index in 0..zip.len() {
        let entry = zip.by_index_raw(index).map_err(|e| e.to_string())?;
        if let Some(name) = entry.name().strip_prefix("spikes/")
            && let Some(name) = name.strip_suffix(".npy")
        {
            names.push((entry.header_start(), name.to_owned()));
        }
    }
    // Populations were written in the order of a timestep.
    names.sort_unstable();
    if names.is_empty() {
        return Err("it holds no array spikes/<population>".into());
    }
    let mut timesteps = None;
    let mut total = 0u64;
    let (mut trains, mut nodes) = (Vec::new(), Vec::new());
    for (_, name) in names {
        let entry = zip
            .by_name(&format!("spikes/{name}.npy"))
            .map_err(|e| e.to_string())?;
        let wrong = |reason: String| format!("spikes/{name}: {reason}");
        let size = entry.size();
        let mut reader = BufReader::with_capacity(BLOCK, entry);
        let (dims, header) = dims(&mut reader).map_err(wrong)?;
        let values = [dims.samples, dims.timesteps, dims.neurons]
            .iter()
            .try_fold(1u64, |product, &dim| product.checked_mul(dim as u64));
        if values.and_then(|values| values.checked_add(header)) != Some(size) {
            return Err(wrong("its size does not fit its shape".into()));
        }
        total += dims.neurons as u64;
        if total > MAX_NEURONS {
            return Err(wrong(format!("more than {MAX_NEURONS} neurons")));
        }
        if *timesteps.get_or_insert(dims.timesteps) != dims.timesteps {
            return Err(wrong("it has another number of timesteps".into()));
        }
        if sample >= dims.samples {
            return Err(format!("there is no sample {sample} of {}", dims.samples));
        }
        trains.push(train(&mut reader, dims, sample).map_err(|e| wrong(e.to_string()))?);
        nodes.push(Node {
            name,
            shape: Shape::vector(dims.neurons),
            role: Role::Spiking,
        });
    }
    Ok(record(path, sample, timesteps.unwrap_or(0), trains, nodes))
}

fn record(
    path: &Path,
    sample: usize,
    timesteps: usize,
    trains: Vec<Train>,
    populations: Vec<Node>,
) -> Record {
    let sizes: Vec<usize> = populations
        .iter()
        .map(|node| node.shape.neurons())
        .collect();
    let (raster, first_rows, potentials) = merge(trains, &sizes, timesteps);
    let topology = Topology {
        populations,
        edges: Vec::new(),
    };
    let mut counts = EventCounts::new(topology, timesteps as u32);
    counts.samples = 1;
    let stem = path.file_stem().unwrap_or_default();
    let mut record = Record {
        title: stem.to_string_lossy().into_owned(),
        sample,
        label: None,
        counts,
        dense: DenseCounts::default(),
        raster: raster.into(),
        first_rows,
        input: Vec::new(),
        constant: Vec::new(),
        potentials,
        predictions: Vec::new(),
        has_synapses: false,
    };
    for population in 0..sizes.len() {
        let rows = record.rows_of(population);
        let counts = &mut record.counts.populations[population];
        for t in 0..timesteps {
            record.raster.for_each(t, &rows, |row, value| {
                counts.spikes[(row - rows.start) as usize] += value as u64;
                counts.spikes_per_timestep[t] += value as u64;
            });
        }
    }
    record
}

/// The axes of an array and the bytes of its header.
fn dims(reader: &mut impl Read) -> Result<(Dims, u64), String> {
    let (header, bytes) = Header::read(reader).map_err(|error| error.to_string())?;
    if header.kind != ElementKind::U8 {
        return Err("its values are not u8".into());
    }
    if header.fortran_order {
        return Err("it is stored in Fortran order".into());
    }
    let (samples, timesteps, neurons) = match header.dims[..] {
        [timesteps, neurons] => (1, timesteps, neurons),
        [samples, timesteps, neurons] => (samples, timesteps, neurons),
        _ => return Err("its shape is not (T, neurons) or (N, T, neurons)".into()),
    };
    if u32::try_from(timesteps).is_err() {
        return Err(format!("{timesteps} timesteps are too many"));
    }
    let dims = Dims {
        samples,
        timesteps,
        neurons,
    };
    Ok((dims, bytes as u64))
}

/// The spikes of one sample, a timestep after the other.
fn train(reader: &mut impl Read, dims: Dims, sample: usize) -> io::Result<Train> {
    let before = (sample * dims.timesteps * dims.neurons) as u64;
    if io::copy(&mut reader.by_ref().take(before), &mut io::sink())? != before {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let mut train = Train::default();
    let mut row = vec![0u8; dims.neurons];
    for _ in 0..dims.timesteps {
        reader.read_exact(&mut row)?;
        // Most neurons are silent: eight at a time are skipped.
        for (chunk, values) in row.chunks(8).enumerate() {
            if values.iter().all(|&value| value == 0) {
                continue;
            }
            for (i, &value) in values.iter().enumerate().filter(|(_, value)| **value > 0) {
                train.push((chunk * 8 + i) as u32, f32::from(value));
            }
        }
        train.end_timestep();
    }
    Ok(train)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn recording(arrays: &[(&str, &[usize], &[u8])]) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        let mut zip = zip::ZipWriter::new(io::Cursor::new(Vec::new()));
        for (name, shape, values) in arrays {
            let name = format!("spikes/{name}.npy");
            zip.start_file(name, zip::write::SimpleFileOptions::default())
                .unwrap();
            zip.write_all(&crate::formats::npy::encode(shape, values))
                .unwrap();
        }
        let bytes = zip.finish().unwrap().into_inner();
        file.write_all(&bytes).unwrap();
        file
    }

    #[test]
    fn worked_recording_of_two_populations() {
        // Two samples, three timesteps; b comes first in the file, a second.
        let b = [0, 1, 0, 0, 1, 1, 0, 0, 0, 0, 2, 0];
        let a = [9, 0, 0, 0, 1, 0];
        let file = recording(&[("b", &[2, 3, 2], &b), ("a", &[2, 3, 1], &a)]);
        let record = open_recording(file.path(), 1).unwrap();
        assert_eq!(record.first_rows, [0, 2, 3]);
        assert_eq!(record.counts.topology.populations[0].name, "b");
        assert_eq!(record.raster.at(1, &(0..3)), [2]);
        assert_eq!(record.raster.at(2, &(0..3)), [0]);
        assert_eq!(record.counts.populations[0].spikes, [2, 0]);
        assert_eq!(record.spikes_per_row(0..3), [2, 0, 1]);
        assert!(!record.has_synapses);
        let error = open_recording(file.path(), 2).unwrap_err().to_string();
        assert!(error.contains("no sample 2 of 2"), "{error}");
    }

    #[test]
    fn what_is_no_recording_is_refused_by_name() {
        for (arrays, word) in [
            (recording(&[]), "spikes/<population>"),
            (recording(&[("a", &[3], &[0; 3])]), "its shape is not"),
            (
                recording(&[("a", &[2, 1], &[0; 2]), ("b", &[1, 2], &[0; 2])]),
                "spikes/b: it has another number of timesteps",
            ),
        ] {
            let error = open_recording(arrays.path(), 0).unwrap_err().to_string();
            assert!(error.contains(word), "{error}");
        }
        let whole = recording(&[("a", &[40, 50], &[1; 2000])]);
        let bytes = std::fs::read(whole.path()).unwrap();
        for length in [0, 10, bytes.len() / 2, bytes.len() - 1] {
            let mut cut = tempfile::NamedTempFile::new().unwrap();
            cut.write_all(&bytes[..length]).unwrap();
            assert!(open_recording(cut.path(), 0).is_err(), "{length} bytes");
        }
    }
}
