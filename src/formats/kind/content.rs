//! What the bytes of a file say.

use super::{FileKind, extension};
use crate::files;
use crate::formats::hdf5_file::Hdf5File;
use crate::formats::saved_counts;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::Path;
use zip::ZipArchive;

/// Bytes of a head that formats are recognised by.
const HEAD: usize = 4096;

/// Largest HDF5 file that is opened to look what it holds \[B\]; a larger one is data.
const MAX_HDF5: u64 = 1 << 28;

/// What the bytes say; `None` if they have no mark of any kind.
pub(super) fn kind_of(path: &Path) -> io::Result<Option<FileKind>> {
    let mut file = File::open(files::place(path))?;
    if !file.metadata()?.is_file() {
        return Ok(None);
    }
    let mut head = Vec::with_capacity(HEAD);
    file.by_ref().take(HEAD as u64).read_to_end(&mut head)?;
    file.seek(SeekFrom::Start(0))?;
    Ok(match &head[..] {
        // A damaged graph is told so by the reader of graphs.
        [0x89, b'H', b'D', b'F', ..] if extension(path) == "nir" => Some(FileKind::Nir),
        [0x89, b'H', b'D', b'F', ..] => hdf5(file),
        [b'P', b'K', 3, 4, ..] => zip(file),
        [0x93, b'N', b'U', b'M', b'P', b'Y', ..] => Some(FileKind::Dataset),
        // gzip; IDX and CIFAR-10 come so.
        [0x1f, 0x8b, 8, ..] => Some(FileKind::Dataset),
        // IDX: two zeros, the type of the values, the number of axes.
        [0, 0, 8 | 9 | 11..=14, 1..=4, ..] => Some(FileKind::Dataset),
        [_, _, _, _, b'T', b'F', b'L', b'3', ..] => Some(FileKind::TfLite),
        _ if head.starts_with(b"MATLAB 5.0 MAT-file") => Some(FileKind::Matlab),
        // A pickle of protocol 2 to 5. PyTorch before 1.6 begins with a number of its own.
        [0x80, 2..=5, rest @ ..] => Some(pickle(rest)),
        [_, _, _, _, _, _, 0, 0, b'{', ..] => Some(FileKind::Safetensors),
        [b'{', ..] => json(&head),
        _ => None,
    })
}

/// Source: `torch/serialization.py`, `MAGIC_NUMBER`, written with protocol 2 as a number of ten
/// bytes.
fn pickle(after_protocol: &[u8]) -> FileKind {
    const MAGIC: [u8; 12] = [
        0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19,
    ];
    if after_protocol.starts_with(&MAGIC) {
        FileKind::TorchCheckpoint
    } else {
        FileKind::Pickle
    }
}

fn zip(file: File) -> Option<FileKind> {
    let archive = ZipArchive::new(BufReader::new(file)).ok()?;
    let any = |test: &dyn Fn(&str) -> bool| archive.file_names().any(test);
    if any(&|name| name.ends_with("data.pkl") || name.ends_with("constants.pkl")) {
        Some(FileKind::TorchCheckpoint)
    } else if any(&|name| name.ends_with("model.weights.h5")) {
        Some(FileKind::Keras)
    } else if any(&|name| name.starts_with("spikes/") || name.starts_with("potential/")) {
        Some(FileKind::Recording)
    } else if any(&|name| name.ends_with(".npy")) {
        Some(FileKind::Dataset)
    } else {
        None
    }
}

fn hdf5(mut file: File) -> Option<FileKind> {
    if file.metadata().ok()?.len() > MAX_HDF5 {
        return Some(FileKind::Dataset);
    }
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).ok()?;
    let file = Hdf5File::new(bytes).ok()?;
    let schema = file.attributes("/").ok();
    let schema = schema.as_ref().and_then(|root| root.str("schema").ok());
    // Counts of another version are told so by their reader.
    if schema.is_some_and(|schema| schema.starts_with(saved_counts::FAMILY)) {
        return Some(FileKind::SavedCounts);
    }
    let root = file.root();
    let groups = root.groups().ok()?;
    if groups.contains_key("model_weights") || groups.contains_key("layers") {
        return Some(FileKind::Keras);
    }
    if let Some(node) = groups.get("node") {
        // A graph has nodes of a type; recordings of its nodes have data.
        let members = node.datasets().ok()?;
        let is_graph = members.contains_key("type");
        return Some(if is_graph {
            FileKind::Nir
        } else {
            FileKind::Dataset
        });
    }
    let datasets = file.root_datasets().ok()?;
    let is_data = !datasets.is_empty() || groups.contains_key("spikes") || !groups.is_empty();
    is_data.then_some(FileKind::Dataset)
}

/// Documents of this program say by their schema what they are.
fn json(head: &[u8]) -> Option<FileKind> {
    let text = String::from_utf8_lossy(head);
    let schema = text.split_once("\"schema\"")?.1;
    let schema = schema.split('"').nth(1)?;
    let (family, _) = schema.split_once('/')?;
    Some(match family {
        "spikewatt.run" => FileKind::Summary,
        "spikewatt.manifest" => FileKind::Manifest,
        "spikewatt.sweep" => FileKind::SweepResults,
        _ => return None,
    })
}
