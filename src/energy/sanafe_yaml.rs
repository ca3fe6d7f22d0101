//! SANA-FE architectures as devices.

use crate::formats::sanafe::{self, Architecture, Cost};
use crate::network::SynapseKind;
use std::path::Path;
use toml::{Table, Value};

/// What SANA-FE does not limit. A device table needs a number.
const UNLIMITED: f64 = 1e15;

/// The device table of an architecture file: the same figures under the keys of the law "sana-fe".
///
/// A message costs what sending and receiving it cost together, since it is received once. Where
/// directions differ, a hop is their mean, between the two. Synapses are dense, sparse or
/// convolutional by the name of their unit; if no name tells, the first unit holds all. What
/// SANA-FE does not limit (memory, axons) is unlimited, and what it does not know (static power,
/// the host) stays unknown: the host can be given where the device is priced, or in a device table
/// that inherits from the file.
///
/// # Errors
/// What is wrong with the file.
pub(super) fn table(path: &Path) -> Result<String, String> {
    let chip = sanafe::load(path).map_err(|error| error.reason)?;
    let file = path.file_name().unwrap_or_default().to_string_lossy();
    Ok(device(&chip, &file).to_string())
}

fn device(chip: &Architecture, file: &str) -> Table {
    let mut device = DeviceTable(Table::new());
    room(chip, &mut device);
    events(chip, &mut device);
    for (tiles, &time) in &chip.barrier_s {
        device.add("barrier_sync", &tiles.to_string(), "s", exact(time));
    }
    let DeviceTable(mut table) = device;
    for (key, value) in [
        ("name", chip.name.as_str()),
        ("kind", "neuromorphic"),
        ("class", "neuromorphic"),
        ("law", "sana-fe"),
        ("basis", &basis(chip)),
    ] {
        table.insert(key.into(), value.into());
    }
    let citation = format!("SANA-FE architecture {}, file {file}", chip.name);
    let source = Table::from_iter([("architecture".to_owned(), Value::String(citation))]);
    table.insert("source".into(), Value::Table(source));
    table
}

/// A device table while it is filled.
struct DeviceTable(Table);

impl DeviceTable {
    fn add(&mut self, section: &str, key: &str, unit: &str, figure: Figure) {
        let entry = self.0.entry(section);
        let entry = entry.or_insert_with(|| Value::Table(Table::new()));
        if let Value::Table(entries) = entry {
            entries.insert(key.into(), Value::Table(figure.entry(unit)));
        }
    }

    fn event(&mut self, key: &str, cost: Cost) {
        self.add("energy", key, "J", exact(cost.energy_j));
        self.add("latency", key, "s", exact(cost.latency_s));
    }
}

fn exact(value: f64) -> Figure {
    hop(value, value)
}

/// The mean of both directions.
fn hop(a: f64, b: f64) -> Figure {
    Figure {
        low: a.min(b),
        typ: 0.5 * (a + b),
        high: a.max(b),
        note: (a != b).then_some("mean of the two directions, which differ"),
    }
}

fn room(chip: &Architecture, device: &mut DeviceTable) {
    let unlimited = Figure {
        note: Some("SANA-FE states no limit"),
        ..exact(UNLIMITED)
    };
    for (key, unit, figure) in [
        (
            "neurons_per_core",
            "neurons",
            exact(chip.neurons_per_core as f64),
        ),
        ("cores_per_tile", "cores", exact(chip.cores_per_tile as f64)),
        ("mesh_width", "tiles", exact(chip.width as f64)),
        ("mesh_height", "tiles", exact(chip.height as f64)),
        ("chips", "chips", exact(1.0)),
        ("weight", "bit", exact(1.0)),
        ("synaptic_memory", "bit", unlimited),
        ("fan_in_axons_per_core", "axons", unlimited),
        ("fan_out_axons_per_core", "axons", unlimited),
    ] {
        device.add("capacity", key, unit, figure);
    }
}

fn events(chip: &Architecture, device: &mut DeviceTable) {
    device.event("neuron_access", chip.soma.access);
    device.event("neuron_update", chip.soma.update);
    device.event("spike", chip.soma.spike);
    for kind in SynapseKind::ALL.map(SynapseKind::name) {
        if let Some((_, cost)) = synapse(chip, kind) {
            device.event(&format!("synop_{kind}"), *cost);
        }
    }
    let packet_j = chip.axon_out.energy_j + chip.axon_in.energy_j;
    device.add("energy", "packet", "J", exact(packet_j));
    device.add("latency", "packet_out", "s", exact(chip.axon_out.latency_s));
    device.add("latency", "packet_in", "s", exact(chip.axon_in.latency_s));
    let hops = chip.hops;
    for (key, a, b) in [
        ("hop_east_west", hops.east, hops.west),
        ("hop_north_south", hops.north, hops.south),
    ] {
        device.add("energy", key, "J", hop(a.energy_j, b.energy_j));
    }
}

/// The unit of a kind of synapse: by its name, else the first.
fn synapse<'a>(chip: &'a Architecture, kind: &str) -> Option<&'a (String, Cost)> {
    let named = chip.synapses.iter().find(|(name, _)| name.contains(kind));
    named.or(chip.synapses.first())
}

/// What the figures are based on, with what the file makes of them.
fn basis(chip: &Architecture) -> String {
    let mut basis = "SANA-FE architecture; its figures are not checked here".to_owned();
    for note in &chip.notes {
        basis += "; ";
        basis += note;
    }
    if chip.synapses.len() > 1 {
        let kinds = SynapseKind::ALL.map(SynapseKind::name).into_iter();
        let units = kinds.filter_map(|kind| Some(format!("{kind}: {}", synapse(chip, kind)?.0)));
        let units: Vec<String> = units.collect();
        basis += &format!("; synapse units: {}", units.join(", "));
    }
    basis
}

#[derive(Clone, Copy)]
struct Figure {
    low: f64,
    typ: f64,
    high: f64,
    note: Option<&'static str>,
}

impl Figure {
    fn entry(&self, unit: &str) -> Table {
        let mut entry = Table::new();
        for (key, value) in [("low", self.low), ("typ", self.typ), ("high", self.high)] {
            entry.insert(key.into(), Value::Float(value));
        }
        for (key, value) in [
            ("unit", unit),
            ("source", "architecture"),
            ("confidence", "derived"),
        ] {
            entry.insert(key.into(), value.into());
        }
        if let Some(note) = self.note {
            entry.insert("note".into(), note.into());
        }
        entry
    }
}
