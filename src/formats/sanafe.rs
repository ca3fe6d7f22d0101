//! SANA-FE architecture files, as far as they state costs and numbers of things.
//!
//! Source of the layout: SLAM-Lab/SANA-FE 2.2.9, `yaml_arch.cpp` and the architectures that come
//! with it.

use crate::files;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::Path;

/// Largest file that is read [bytes].
const SIZE_LIMIT: u64 = 1 << 20;

/// Most tiles or cores that a range in a name may stand for.
const RANGE_LIMIT: u64 = 1 << 20;

/// Why an architecture cannot be read.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{file}: {reason}")]
#[non_exhaustive]
pub struct ArchitectureError {
    /// The file.
    pub file: String,
    /// Where and what is wrong.
    pub reason: String,
}

/// An architecture whose tiles and cores are all alike. Energies in joules, times in seconds.
#[derive(Debug, Clone, PartialEq)]
pub struct Architecture {
    /// Name of the chip.
    pub name: String,
    /// Columns of tiles.
    pub width: u64,
    /// Rows of tiles.
    pub height: u64,
    /// Cores of a tile.
    pub cores_per_tile: u64,
    /// Neurons that a core holds.
    pub neurons_per_core: u64,
    /// Messages that a link holds.
    pub link_buffer: u64,
    /// Barrier at the end of a timestep [s] by the fewest tiles in use for which it holds.
    pub barrier_s: BTreeMap<u64, f64>,
    /// Hops to each side.
    pub hops: Hops,
    /// Receiving a message.
    pub axon_in: Cost,
    /// Sending a message.
    pub axon_out: Cost,
    /// The first unit that is no input.
    pub soma: Soma,
    /// Processing a spike, per unit, in the order of the file.
    pub synapses: Vec<(String, Cost)>,
    /// Units that are not used, and why.
    pub notes: Vec<String>,
}

/// Energy [J] and time [s] of an event.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cost {
    /// Energy [J].
    pub energy_j: f64,
    /// Time [s].
    pub latency_s: f64,
}

/// Costs of a hop.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hops {
    /// To the next row up.
    pub north: Cost,
    /// To the next column.
    pub east: Cost,
    /// To the next row down.
    pub south: Cost,
    /// To the column before.
    pub west: Cost,
}

/// Costs of a neuron.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Soma {
    /// Each neuron in each timestep.
    pub access: Cost,
    /// Added when it is active.
    pub update: Cost,
    /// Added when it fires.
    pub spike: Cost,
}

/// Reads an architecture from a file.
///
/// # Errors
/// If it cannot be read, is no architecture, or states what a device table cannot.
pub fn load(path: &Path) -> Result<Architecture, ArchitectureError> {
    let failed = |reason: String| ArchitectureError {
        file: path.display().to_string(),
        reason,
    };
    let file =
        std::fs::File::open(files::place(path)).map_err(|error| failed(error.to_string()))?;
    let mut text = String::new();
    file.take(SIZE_LIMIT + 1)
        .read_to_string(&mut text)
        .map_err(|error| failed(error.to_string()))?;
    if text.len() as u64 > SIZE_LIMIT {
        return Err(failed(format!(
            "is longer than {SIZE_LIMIT} bytes; no architecture is"
        )));
    }
    parse(&text).map_err(failed)
}

#[cfg(feature = "yaml")]
fn document(text: &str) -> Result<Document, String> {
    serde_saphyr::from_str(text).map_err(|error| error.to_string())
}

#[cfg(not(feature = "yaml"))]
fn document(_: &str) -> Result<Document, String> {
    let missing = crate::features::MissingFeature {
        what: "reading YAML",
        feature: "yaml",
    };
    Err(missing.to_string())
}

/// Reads an architecture from its text.
///
/// # Errors
/// Where and what is wrong.
pub fn parse(text: &str) -> Result<Architecture, String> {
    let document = document(text)?;
    let Chip {
        name,
        attributes,
        tile,
    } = document.architecture;
    let tile = single(tile, "tile")?;
    let core = single(tile.core, "core")?;
    let tiles = count(&tile.name)?;
    let room = attributes.width.saturating_mul(attributes.height);
    if tiles > room {
        return Err(format!(
            "{tiles} tiles do not fit a mesh of {} × {}",
            attributes.width, attributes.height
        ));
    }
    let mut notes = Vec::new();
    if let Some(unit) = core.dendrite.items().find(|unit| {
        let cost = &unit.attributes;
        cost.energy_update.unwrap_or(0.0) != 0.0 || cost.latency_update.unwrap_or(0.0) != 0.0
    }) {
        return Err(format!(
            "dendrite {}: its update has a cost, which the law \"sana-fe\" does not charge; add it to the soma",
            unit.name
        ));
    }
    let soma = soma(&core.soma, &mut notes)?;
    let synapses: Vec<(String, Cost)> = core
        .synapse
        .items()
        .map(|unit| {
            let cost = &unit.attributes;
            let cost = Cost {
                energy_j: required(
                    cost.energy_process_spike,
                    &unit.name,
                    "energy_process_spike",
                )?,
                latency_s: required(
                    cost.latency_process_spike,
                    &unit.name,
                    "latency_process_spike",
                )?,
            };
            Ok((unit.name.clone(), cost))
        })
        .collect::<Result<_, String>>()?;
    let axon_in = single(core.axon_in, "axon_in")?.attributes;
    let axon_out = single(core.axon_out, "axon_out")?.attributes;
    let hops = tile.attributes;
    let hop = |energy_j, latency_s| Cost {
        energy_j,
        latency_s,
    };
    Ok(Architecture {
        name,
        width: attributes.width,
        height: attributes.height,
        cores_per_tile: count(&core.name)?,
        neurons_per_core: core.attributes.max_neurons_supported,
        link_buffer: attributes.link_buffer_size,
        barrier_s: barrier(attributes.sync_model.as_deref(), attributes.latency_sync)?,
        hops: Hops {
            north: hop(hops.energy_north_hop, hops.latency_north_hop),
            east: hop(hops.energy_east_hop, hops.latency_east_hop),
            south: hop(hops.energy_south_hop, hops.latency_south_hop),
            west: hop(hops.energy_west_hop, hops.latency_west_hop),
        },
        axon_in: hop(axon_in.energy_message_in, axon_in.latency_message_in),
        axon_out: hop(axon_out.energy_message_out, axon_out.latency_message_out),
        soma,
        synapses,
        notes,
    })
}

fn soma(units: &OneOrMany<Unit<SomaCosts>>, notes: &mut Vec<String>) -> Result<Soma, String> {
    let mut neurons = units
        .items()
        .filter(|unit| unit.attributes.model != "input");
    let unit = neurons
        .next()
        .ok_or("soma: no unit holds neurons; all are inputs")?;
    notes.extend(neurons.map(|other| {
        format!(
            "soma {} is not used: all neurons sit on {}",
            other.name, unit.name
        )
    }));
    let cost = &unit.attributes;
    let event = |energy: (Option<f64>, &str), latency: (Option<f64>, &str)| {
        Ok::<Cost, String>(Cost {
            energy_j: required(energy.0, &unit.name, energy.1)?,
            latency_s: required(latency.0, &unit.name, latency.1)?,
        })
    };
    Ok(Soma {
        access: event(
            (cost.energy_access_neuron, "energy_access_neuron"),
            (cost.latency_access_neuron, "latency_access_neuron"),
        )?,
        update: event(
            (cost.energy_update_neuron, "energy_update_neuron"),
            (cost.latency_update_neuron, "latency_update_neuron"),
        )?,
        spike: event(
            (cost.energy_spike_out, "energy_spike_out"),
            (cost.latency_spike_out, "latency_spike_out"),
        )?,
    })
}

fn required(value: Option<f64>, unit: &str, key: &str) -> Result<f64, String> {
    value.ok_or_else(|| format!("{unit}: {key} is missing; a cost that is not known is not zero"))
}

fn barrier(model: Option<&str>, latency: Option<Barrier>) -> Result<BTreeMap<u64, f64>, String> {
    // Without a model and a time, SANA-FE's timesteps end without a barrier.
    let model = model.unwrap_or("fixed");
    match (model, latency) {
        ("fixed", None) => Ok([(1, 0.0)].into()),
        ("fixed" | "table", Some(Barrier::Fixed(time))) => Ok([(1, time)].into()),
        // The entries of a list are for 0, 1, 2 … tiles.
        ("table", Some(Barrier::List(times))) => Ok((0..).zip(times).skip(1).collect()),
        ("table", Some(Barrier::Table(times))) => times
            .into_iter()
            .map(|(tiles, time)| Ok((tiles.number()?.max(1), time)))
            .collect(),
        _ => Err(format!(
            "sync_model \"{model}\" with this latency_sync is not known; give \"fixed\" and a time, or \"table\" and times by tiles"
        )),
    }
}

/// How many things a name stands for: `tile[0..31]` for 32.
fn count(name: &str) -> Result<u64, String> {
    let Some((_, range)) = name.split_once('[') else {
        return Ok(1);
    };
    let bounds = range.strip_suffix(']').and_then(|r| r.split_once(".."));
    let parsed = bounds.and_then(|(first, last)| {
        let (first, last): (u64, u64) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
        (last.checked_sub(first)? < RANGE_LIMIT).then_some(last - first + 1)
    });
    parsed.ok_or_else(|| format!("{name}: the range is not \"[first..last]\", up to {RANGE_LIMIT}"))
}

fn single<T>(list: OneOrMany<T>, what: &str) -> Result<T, String> {
    match list {
        OneOrMany::One(item) => Ok(item),
        OneOrMany::Many(mut items) if items.len() == 1 => Ok(items.remove(0)),
        OneOrMany::Many(items) => Err(format!(
            "{what}: {} kinds; a device table has one, give one kind with a range in its name",
            items.len()
        )),
    }
}

#[derive(Deserialize)]
struct Document {
    architecture: Chip,
}

#[derive(Deserialize)]
struct Chip {
    name: String,
    attributes: Noc,
    tile: OneOrMany<Tile>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany<T> {
    Many(Vec<T>),
    One(T),
}

impl<T> OneOrMany<T> {
    fn items(&self) -> impl Iterator<Item = &T> {
        match self {
            OneOrMany::Many(items) => items.iter(),
            OneOrMany::One(item) => std::slice::from_ref(item).iter(),
        }
    }
}

#[derive(Deserialize)]
struct Noc {
    width: u64,
    height: u64,
    link_buffer_size: u64,
    sync_model: Option<String>,
    latency_sync: Option<Barrier>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Barrier {
    Fixed(f64),
    List(Vec<f64>),
    Table(BTreeMap<Tiles, f64>),
}

/// A number of tiles as a key.
#[derive(Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(untagged)]
enum Tiles {
    Number(u64),
    Text(String),
}

impl Tiles {
    fn number(&self) -> Result<u64, String> {
        match self {
            Tiles::Number(number) => Ok(*number),
            Tiles::Text(text) => text
                .parse()
                .map_err(|_| format!("latency_sync: \"{text}\" is no number of tiles")),
        }
    }
}

#[derive(Deserialize)]
struct Tile {
    name: String,
    attributes: TileCosts,
    core: OneOrMany<Core>,
}

#[derive(Deserialize)]
struct TileCosts {
    energy_north_hop: f64,
    latency_north_hop: f64,
    energy_east_hop: f64,
    latency_east_hop: f64,
    energy_south_hop: f64,
    latency_south_hop: f64,
    energy_west_hop: f64,
    latency_west_hop: f64,
}

#[derive(Deserialize)]
struct Core {
    name: String,
    attributes: CoreLimits,
    axon_in: OneOrMany<Unit<AxonIn>>,
    synapse: OneOrMany<Unit<SynapseCosts>>,
    dendrite: OneOrMany<Unit<DendriteCosts>>,
    soma: OneOrMany<Unit<SomaCosts>>,
    axon_out: OneOrMany<Unit<AxonOut>>,
}

#[derive(Deserialize)]
struct CoreLimits {
    max_neurons_supported: u64,
}

#[derive(Deserialize)]
struct Unit<T> {
    name: String,
    attributes: T,
}

#[derive(Deserialize)]
struct AxonIn {
    energy_message_in: f64,
    latency_message_in: f64,
}

#[derive(Deserialize)]
struct AxonOut {
    energy_message_out: f64,
    latency_message_out: f64,
}

#[derive(Deserialize)]
struct SynapseCosts {
    energy_process_spike: Option<f64>,
    latency_process_spike: Option<f64>,
}

#[derive(Deserialize)]
struct DendriteCosts {
    energy_update: Option<f64>,
    latency_update: Option<f64>,
}

#[derive(Deserialize)]
struct SomaCosts {
    model: String,
    energy_access_neuron: Option<f64>,
    latency_access_neuron: Option<f64>,
    energy_update_neuron: Option<f64>,
    latency_update_neuron: Option<f64>,
    energy_spike_out: Option<f64>,
    latency_spike_out: Option<f64>,
}
