//! Networks by their shapes alone, in TOML: enough to count and price, without a single weight, so
//! for networks far too large to simulate.
//!
//! ```
//! let network = spikewatt::formats::shapes::parse(r#"
//!     name = "a residual network"
//!     input = [3, 32, 32]                                      # channels, height, width; or [neurons]
//!
//!     [[block]]
//!     layers = [{ conv = { channels = 16, kernel = 3, pad = 1 } }]
//!
//!     [[block]]
//!     repeat = 3                                               # one after the other
//!     layers = [
//!         { conv = { channels = 16, kernel = 3, pad = 1 } },
//!         { conv = { channels = 16, kernel = 3, pad = 1 }, skip = "input" },
//!     ]
//!
//!     [[block]]
//!     layers = [{ pool = { kernel = 32 } }, { dense = 10 }]
//! "#, "example")?;
//! assert_eq!(network.topology.populations.len(), 1 + 1 + 3 * 2 + 2);
//! # Ok::<(), spikewatt::formats::shapes::ShapesError>(())
//! ```
//!
//! | key of a layer | meaning |
//! |---|---|
//! | `conv` | `channels`, `kernel`, `stride` (1), `pad` (0), `groups` (1); sizes are one number or `[vertical, horizontal]` |
//! | `pool` | `kernel`, `stride` (the kernel), `pad` (0); a population of its own, without weights |
//! | `dense` | neurons |
//! | `name` | name within the block |
//! | `from` | the layer it hears, by name; `input` is what the block starts from; the layer before unless given |
//! | `skip` | a layer of the same shape that is added, neuron to neuron |
//!
//! The last layer is read out and does not spike. Each layer is a population of spiking neurons.

use crate::files;
use crate::network::{Axis, Pattern, Role, Shape, Topology, Window};
use serde::Deserialize;
use std::path::Path;

/// Most neurons of all layers together.
const MAX_NEURONS: usize = 1 << 25;
/// Most synapses between two layers: their number has to be countable many times over.
const MAX_SYNAPSES: u128 = 1 << 44;
/// Most layers, repetitions counted.
const MAX_LAYERS: usize = 100_000;
/// Largest description [bytes].
const MAX_BYTES: u64 = 1 << 20;

/// What is wrong with a description of shapes.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ShapesError {
    /// The file cannot be read.
    #[error("{file}: {source}")]
    Read {
        /// The file.
        file: String,
        /// Why.
        source: std::io::Error,
    },
    /// The file is too long to be a description.
    #[error("{file}: is longer than {MAX_BYTES} bytes; no description of shapes is")]
    Long {
        /// The file.
        file: String,
    },
    /// The text is no description of shapes.
    #[error("{file}: {reason}")]
    Syntax {
        /// The file.
        file: String,
        /// Position and reason.
        reason: String,
    },
    /// A layer is not possible.
    #[error("{file}: block {block}, layer {layer}: {reason}")]
    Layer {
        /// The file.
        file: String,
        /// Number of the block, from 1.
        block: usize,
        /// Number of the layer in it, from 1.
        layer: usize,
        /// What is wrong and what would be right.
        reason: String,
    },
}

/// A network without weights.
#[derive(Debug, Clone, PartialEq)]
pub struct Shapes {
    /// Its name.
    pub name: String,
    /// Populations and projections.
    pub topology: Topology,
}

/// Reads a description; the network is named after the file unless it says otherwise.
///
/// # Errors
/// If the file cannot be read, or the layer that is not possible.
pub fn load(path: &Path) -> Result<Shapes, ShapesError> {
    let file = path.display().to_string();
    let read = |source| ShapesError::Read {
        file: file.clone(),
        source,
    };
    if std::fs::metadata(files::place(path)).map_err(read)?.len() > MAX_BYTES {
        return Err(ShapesError::Long { file });
    }
    let text = files::read_text(path).map_err(read)?;
    let mut shapes = parse(&text, &file)?;
    if shapes.name.is_empty() {
        let stem = path.file_stem().unwrap_or_default();
        shapes.name = stem.to_string_lossy().into_owned();
    }
    Ok(shapes)
}

/// Reads a description from its text; errors name it `file`.
///
/// # Errors
/// What cannot be understood, or the layer that is not possible.
pub fn parse(text: &str, file: &str) -> Result<Shapes, ShapesError> {
    let syntax = |reason: String| ShapesError::Syntax {
        file: file.to_owned(),
        reason,
    };
    let description: Description =
        toml::from_str(text).map_err(|error| syntax(error.to_string().trim_end().to_owned()))?;
    let input = match description.input[..] {
        [neurons] => Shape::vector(neurons),
        [channels, height, width] => Shape::maps(channels, height, width),
        _ => {
            return Err(syntax(
                "input: give [neurons] or [channels, height, width]".into(),
            ));
        }
    };
    let layers = description
        .block
        .iter()
        .map(|b| b.layers.len().saturating_mul(b.repeat));
    if layers.fold(0, usize::saturating_add) > MAX_LAYERS {
        return Err(syntax(format!("more than {MAX_LAYERS} layers")));
    }
    let mut builder = Builder::new(input).map_err(syntax)?;
    for (block, described) in description.block.iter().enumerate() {
        for _ in 0..described.repeat {
            builder.begin_block();
            for (layer, described) in described.layers.iter().enumerate() {
                builder
                    .add(described)
                    .map_err(|reason| ShapesError::Layer {
                        file: file.to_owned(),
                        block: block + 1,
                        layer: layer + 1,
                        reason,
                    })?;
            }
        }
    }
    let mut topology = builder.topology;
    match topology.populations.as_mut_slice() {
        [] | [_] => return Err(syntax("block: a network needs a layer".into())),
        [.., last] => last.role = Role::Readout,
    }
    Ok(Shapes {
        name: description.name.unwrap_or_default(),
        topology,
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Description {
    name: Option<String>,
    input: Vec<usize>,
    block: Vec<Block>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Block {
    #[serde(default = "once")]
    repeat: usize,
    layers: Vec<ShapeLayer>,
}

fn once() -> usize {
    1
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ShapeLayer {
    name: Option<String>,
    from: Option<String>,
    skip: Option<String>,
    conv: Option<Conv>,
    pool: Option<Pool>,
    dense: Option<usize>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Conv {
    channels: usize,
    kernel: Size,
    #[serde(default = "Size::one")]
    stride: Size,
    #[serde(default)]
    pad: Size,
    #[serde(default = "once")]
    groups: usize,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Pool {
    kernel: Size,
    stride: Option<Size>,
    #[serde(default)]
    pad: Size,
}

/// The same in both directions, or vertical, horizontal.
#[derive(Clone, Copy, Default, Deserialize)]
#[serde(from = "OneOrTwo")]
struct Size([usize; 2]);

#[derive(Deserialize)]
#[serde(untagged, expecting = "expected a number or [vertical, horizontal]")]
enum OneOrTwo {
    One(usize),
    Two([usize; 2]),
}

impl From<OneOrTwo> for Size {
    fn from(size: OneOrTwo) -> Self {
        match size {
            OneOrTwo::One(size) => Size([size; 2]),
            OneOrTwo::Two(sizes) => Size(sizes),
        }
    }
}

impl Size {
    fn one() -> Self {
        Size([1; 2])
    }
}

/// Populations and projections while they are listed.
struct Builder {
    topology: Topology,
    neurons: usize,
    /// What the block starts from.
    input: usize,
    /// Named layers of the block.
    names: Vec<(String, usize)>,
}

impl Builder {
    fn new(input: Shape) -> Result<Self, String> {
        let mut builder = Builder {
            topology: Topology::default(),
            neurons: 0,
            input: 0,
            names: Vec::new(),
        };
        builder.populate("input".into(), input, Role::Input)?;
        Ok(builder)
    }

    fn begin_block(&mut self) {
        self.input = self.topology.populations.len() - 1;
        self.names.clear();
    }

    fn populate(&mut self, name: String, shape: Shape, role: Role) -> Result<usize, String> {
        let sizes = [shape.channels, shape.height, shape.width];
        let neurons = sizes
            .iter()
            .try_fold(1usize, |n, &size| n.checked_mul(size));
        let sum = neurons.and_then(|neurons| self.neurons.checked_add(neurons));
        match (neurons, sum) {
            (Some(1..), Some(sum)) if sum <= MAX_NEURONS => self.neurons = sum,
            (Some(0), _) => return Err("it has no neurons; give sizes above 0".into()),
            _ => return Err(format!("with it there are more than {MAX_NEURONS} neurons")),
        }
        Ok(self.topology.add(name, shape, role))
    }

    fn find(&self, name: &str) -> Result<usize, String> {
        if name == "input" {
            return Ok(self.input);
        }
        let found = self.names.iter().rev().find(|(known, _)| known == name);
        found.map(|(_, population)| *population).ok_or_else(|| {
            format!("no layer \"{name}\" stands before it in this block; name it there, or use \"input\"")
        })
    }

    fn add(&mut self, layer: &ShapeLayer) -> Result<(), String> {
        let before = self.topology.populations.len() - 1;
        let source = match &layer.from {
            Some(name) => self.find(name)?,
            None => before,
        };
        let skip = layer
            .skip
            .as_deref()
            .map(|name| self.find(name))
            .transpose()?;
        let shape = self.topology.populations[source].shape;
        let (pattern, output, role) = pattern(layer, shape)?;
        let name = match &layer.name {
            Some(name) => format!("{}_{name}", before + 1),
            None => format!("layer_{}", before + 1),
        };
        let target = self.populate(name, output, role)?;
        self.topology.connect(source, target, pattern);
        if let Some(skip) = skip {
            let shape = self.topology.populations[skip].shape;
            if shape != output {
                return Err(format!(
                    "it has shape {:?}, the layer it skips from {:?}; only equal shapes add up",
                    output.dims(),
                    shape.dims()
                ));
            }
            let one = axis(1, 1, 0);
            let (pattern, _) = convolution(shape, shape.channels, shape.channels, [one, one])?;
            self.topology.connect(skip, target, pattern);
        }
        if let Some(name) = &layer.name {
            self.names.push((name.clone(), target));
        }
        Ok(())
    }
}

fn axis(kernel: usize, stride: usize, pad: usize) -> Axis {
    Axis {
        pad_before: pad,
        pad_after: pad,
        ..Axis::new(kernel, stride)
    }
}

fn convolution(
    input: Shape,
    channels: usize,
    groups: usize,
    [vertical, horizontal]: [Axis; 2],
) -> Result<(Pattern, Shape), String> {
    let window = Window {
        vertical,
        horizontal,
    };
    Pattern::convolution(input, channels, window, groups).ok_or_else(|| {
        format!(
            "its window does not fit an input of {} × {}",
            input.height, input.width
        )
    })
}

/// The synapses of a layer behind maps of a shape, its own shape and what it is for.
fn pattern(layer: &ShapeLayer, shape: Shape) -> Result<(Pattern, Shape, Role), String> {
    let (pattern, output, role) = match (&layer.conv, &layer.pool, layer.dense) {
        (Some(conv), None, None) => {
            let (channels, groups) = (conv.channels, conv.groups);
            if groups == 0
                || ![channels, shape.channels]
                    .iter()
                    .all(|n| n.is_multiple_of(groups))
            {
                return Err(format!(
                    "groups {groups} divides not both {} input and {channels} output channels",
                    shape.channels
                ));
            }
            let axes = [0, 1].map(|i| axis(conv.kernel.0[i], conv.stride.0[i], conv.pad.0[i]));
            let (pattern, output) = convolution(shape, channels, groups, axes)?;
            (pattern, output, Role::Spiking)
        }
        (None, Some(pool), None) => {
            let stride = pool.stride.unwrap_or(pool.kernel);
            let axes = [0, 1].map(|i| axis(pool.kernel.0[i], stride.0[i], pool.pad.0[i]));
            let (pattern, output) = convolution(shape, shape.channels, shape.channels, axes)?;
            (pattern, output, Role::Pooling)
        }
        (None, None, Some(neurons)) => {
            let pattern = Pattern::Dense {
                sources: shape.neurons(),
                targets: neurons,
                present: None,
            };
            (pattern, Shape::vector(neurons), Role::Spiking)
        }
        _ => return Err("give one of conv, pool and dense".into()),
    };
    let most = match &pattern {
        Pattern::Convolution { convolution, .. } => {
            let window = convolution.window;
            output.neurons() as u128
                * window.vertical.kernel as u128
                * window.horizontal.kernel as u128
                * (shape.channels / convolution.groups) as u128
        }
        _ => shape.neurons() as u128 * output.neurons() as u128,
    };
    if most > MAX_SYNAPSES {
        return Err(format!(
            "it has {most:.1e} synapses, more than {MAX_SYNAPSES:.1e}"
        ));
    }
    Ok((pattern, output, role))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(layers: &str) -> String {
        let text = format!("input = [4, 8, 8]\n[[block]]\nlayers = [{layers}]\n");
        parse(&text, "net.toml")
            .expect_err("not possible")
            .to_string()
    }

    #[test]
    fn worked_synapses_of_each_kind() {
        let text = "input = [4, 8, 8]\n[[block]]\nlayers = [\n\
            { conv = { channels = 6, kernel = [3, 1], stride = 2, groups = 2 }, name = \"a\" },\n\
            { pool = { kernel = [3, 2] } },\n\
            { dense = 5, from = \"a\" },\n\
            { dense = 5, skip = \"b\", name = \"c\" }]";
        assert!(
            parse(text, "x")
                .expect_err("no b")
                .to_string()
                .contains("layer 4")
        );
        let text = text.replace("from = \"a\"", "name = \"b\"");
        let network = parse(&text, "x").expect("possible").topology;
        let synapses: Vec<u64> = network
            .edges
            .iter()
            .map(|e| e.connectivity.synapses())
            .collect();
        // 6 maps of 3 × 4 with 3 taps of 2 channels; maps of 1 × 2 from 6 taps; 12 · 5; 5 · 5; 5.
        assert_eq!(synapses, [6 * 12 * 6, 6 * 2 * 6, 12 * 5, 25, 5]);
        let roles: Vec<Role> = network.populations.iter().map(|p| p.role).collect();
        assert_eq!(roles[2..4], [Role::Pooling, Role::Spiking]);
        assert_eq!(roles[4], Role::Readout);
    }

    #[test]
    fn what_is_not_possible_is_named() {
        for (layers, word) in [
            ("{ }", "one of conv, pool and dense"),
            ("{ dense = 1, pool = { kernel = 2 } }", "one of conv"),
            ("{ dense = 0 }", "no neurons"),
            ("{ dense = 1000000000 }", "more than"),
            ("{ dense = 10, from = \"x\" }", "\"x\""),
            (
                "{ conv = { channels = 3, kernel = 3, groups = 2 } }",
                "groups 2",
            ),
            ("{ conv = { channels = 3, kernel = 9 } }", "8 × 8"),
            (
                "{ conv = { channels = 3, kernel = 3, stride = 0 } }",
                "8 × 8",
            ),
            (
                "{ conv = { channels = 3, kernel = 3 }, skip = \"input\" }",
                "equal shapes",
            ),
            ("{ dens = 3 }", "dens"),
        ] {
            let message = refused(layers);
            assert!(message.starts_with("net.toml: "), "{message}");
            assert!(message.contains(word), "{message}");
        }
        assert!(refused("").contains("needs a layer"));
        let many = "input = [1]\n[[block]]\nrepeat = 18446744073709551\nlayers = [{ dense = 1 }]";
        assert!(parse(many, "x").is_err());
    }
}
