//! NIR files: networks in the Neuromorphic Intermediate Representation, and recordings of them.
//!
//! A NIR file is HDF5. It states equations in continuous time, and leaves the time step, the
//! integration scheme and the order of evaluation to the simulator; so does [`Graph`].
//!
//! [`read`] takes the layouts 0.x and 1.x of the package `nir`; [`write()`] writes what `nir` 1.0.8
//! reads. [`data`] holds recordings (`NIRGraphData`). [`lower`] makes a network that runs of a
//! graph, and [`raise`] a graph of a network.
//!
//! Source: <https://neuroir.org/docs/> and the package `nir` 1.0.8.

pub mod data;
mod decode;
mod encode;
mod fields;
mod graph;
mod lower;
mod primitives;
mod raise;
mod shapes;
mod tensor;

pub use decode::{MAX_EDGES, MAX_NESTING, decode};
pub use encode::{WRITTEN_VERSION, encode};
pub use graph::{Graph, GraphNode};
pub use lower::{LowerError, Lowered, Port, lower};
pub use primitives::{
    Affine, AvgPool2d, Conv1d, Conv2d, CubaLI, CubaLIF, Delay, Flatten, I, IF, Input, LI, LIF,
    Linear, Output, Primitive, Scale, SumPool2d, Threshold,
};
pub use raise::{RaiseError, Raised, raise};
pub use shapes::NodeShape;
pub use tensor::Tensor;

use super::hdf5_file::Hdf5Problem;
use crate::files;
use std::path::{Path, PathBuf};

/// A NIR file that cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[error("{}: {problem}", file.display())]
#[non_exhaustive]
pub struct NirError {
    /// The file.
    pub file: PathBuf,
    /// What is wrong.
    pub problem: NirProblem,
}

/// What is wrong with a NIR file, a graph or a recording.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NirProblem {
    /// The operating system refuses.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// A folder or device.
    #[error("it is not a file; give a .nir file")]
    NotAFile,
    /// The file is no HDF5 file, or it is damaged.
    #[error("it is not readable as HDF5: {0}; save it again, for example with nir.write")]
    Hdf5(#[from] Hdf5Problem),
    /// An HDF5 file of something else.
    #[error("{0}; give a file of nir.write (networks) or nir.write_data (recordings)")]
    NotNir(String),
    /// Nodes that cannot be used, all of them.
    #[error("{} of its parts cannot be used:\n{}", .0.len(), list(.0))]
    Nodes(Vec<NodeProblem>),
}

/// One reason why a node cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeProblem {
    /// Name of the node; empty for the whole graph.
    pub node: String,
    /// NIR's name of its type; empty if it has none.
    pub primitive: String,
    /// What is wrong and what to do.
    pub reason: String,
}

impl NodeProblem {
    fn of(node: &GraphNode, reason: String) -> Self {
        NodeProblem {
            node: node.name.clone(),
            primitive: node.primitive.type_name().into(),
            reason,
        }
    }

    fn graph(name: &str, reason: String) -> Self {
        NodeProblem {
            node: name.into(),
            primitive: "NIRGraph".into(),
            reason,
        }
    }
}

impl std::fmt::Display for NodeProblem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let NodeProblem {
            node,
            primitive,
            reason,
        } = self;
        match (node.as_str(), primitive.as_str()) {
            ("", _) => write!(f, "the graph: {reason}"),
            (_, "") => write!(f, "node \"{node}\": {reason}"),
            _ => write!(f, "node \"{node}\" ({primitive}): {reason}"),
        }
    }
}

fn list(problems: &[NodeProblem]) -> String {
    let lines: Vec<String> = problems.iter().map(|p| format!("  {p}")).collect();
    lines.join("\n")
}

/// Reads a network.
///
/// # Errors
/// The file, and all that is wrong with it; see [`decode`].
pub fn read(path: &Path) -> Result<Graph, NirError> {
    read_with(path, decode)
}

/// Writes a network to `path`, replacing what is there.
///
/// # Errors
/// The file, and all that cannot be written; see [`encode`].
pub fn write(graph: &Graph, path: &Path) -> Result<(), NirError> {
    write_with(path, || encode(graph))
}

fn read_with<T>(
    path: &Path,
    decode: impl FnOnce(Vec<u8>) -> Result<T, NirProblem>,
) -> Result<T, NirError> {
    let read = || {
        // Anything else, such as a device, may have no end.
        if !std::fs::metadata(files::place(path))?.is_file() {
            return Err(NirProblem::NotAFile);
        }
        decode(files::read(path)?)
    };
    read().map_err(|problem| NirError {
        file: path.into(),
        problem,
    })
}

fn write_with(
    path: &Path,
    encode: impl FnOnce() -> Result<Vec<u8>, NirProblem>,
) -> Result<(), NirError> {
    encode()
        .and_then(|bytes| Ok(files::write(path, &bytes)?))
        .map_err(|problem| NirError {
            file: path.into(),
            problem,
        })
}
