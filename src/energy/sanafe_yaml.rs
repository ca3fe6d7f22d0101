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
/// SANA-FE does not limit (memory, axons) is unlimited, and what it does not know (static power)
/// stays unknown.
///
/// # Errors
/// What is wrong with the file.
pub(super) fn table(path: &Path) -> Result<String, String> {
    let chip = sanafe::load(path).map_err(|error| error.reason)?;
    let file = path.file_name().unwrap_or_default().to_string_lossy();
    Ok(device(&chip, &file).to_string())
}

fn device(chip: &Architecture, file: &str) -> Table {
    let mut notes = chip.notes.clone();
    let mut table = Table::new();
    let mut basis = "SANA-FE architecture; its figures are not checked here".to_owned();
    let synapse = |kind: &str| {
        let named = chip.synapses.iter().find(|(name, _)| name.contains(kind));
        named.or(chip.synapses.first())
    };
    let hop = |a: f64, b: f64| Figure {
        low: a.min(b),
        typ: 0.5 * (a + b),
        high: a.max(b),
        note: (a != b).then_some("mean of the two directions, which differ"),
    };
    let one = |value: f64| hop(value, value);
    let unlimited = Figure {
        note: Some("SANA-FE states no limit"),
        ..one(UNLIMITED)
    };
    let mut add = |section: &str, key: &str, unit: &str, figure: Figure| {
        let entry = table
            .entry(section)
            .or_insert_with(|| Value::Table(Table::new()));
        if let Value::Table(entries) = entry {
            entries.insert(key.into(), Value::Table(figure.entry(unit)));
        }
    };
    for (key, unit, figure) in [
        (
            "neurons_per_core",
            "neurons",
            one(chip.neurons_per_core as f64),
        ),
        ("cores_per_tile", "cores", one(chip.cores_per_tile as f64)),
        ("mesh_width", "tiles", one(chip.width as f64)),
        ("mesh_height", "tiles", one(chip.height as f64)),
        ("chips", "chips", one(1.0)),
        ("weight", "bit", one(1.0)),
        ("synaptic_memory", "bit", unlimited),
        ("fan_in_axons_per_core", "axons", unlimited),
        ("fan_out_axons_per_core", "axons", unlimited),
    ] {
        add("capacity", key, unit, figure);
    }
    let mut event = |key: &str, cost: Cost| {
        add("energy", key, "J", one(cost.energy_j));
        add("latency", key, "s", one(cost.latency_s));
    };
    event("neuron_access", chip.soma.access);
    event("neuron_update", chip.soma.update);
    event("spike", chip.soma.spike);
    for kind in SynapseKind::ALL.map(SynapseKind::name) {
        if let Some((_, cost)) = synapse(kind) {
            event(&format!("synop_{kind}"), *cost);
        }
    }
    let packet_j = chip.axon_out.energy_j + chip.axon_in.energy_j;
    add("energy", "packet", "J", one(packet_j));
    add("latency", "packet_out", "s", one(chip.axon_out.latency_s));
    add("latency", "packet_in", "s", one(chip.axon_in.latency_s));
    let hops = chip.hops;
    for (key, a, b) in [
        ("hop_east_west", hops.east, hops.west),
        ("hop_north_south", hops.north, hops.south),
    ] {
        add("energy", key, "J", hop(a.energy_j, b.energy_j));
    }
    for (tiles, &time) in &chip.barrier_s {
        add("barrier_sync", &tiles.to_string(), "s", one(time));
    }
    if chip.synapses.len() > 1 {
        let units: Vec<String> = SynapseKind::ALL
            .map(SynapseKind::name)
            .into_iter()
            .filter_map(|kind| Some(format!("{kind}: {}", synapse(kind)?.0)))
            .collect();
        notes.push(format!("synapse units: {}", units.join(", ")));
    }
    for note in notes {
        basis += "; ";
        basis += &note;
    }
    for (key, value) in [
        ("name", chip.name.as_str()),
        ("kind", "neuromorphic"),
        ("law", "sana-fe"),
        ("basis", &basis),
    ] {
        table.insert(key.into(), value.into());
    }
    let citation = format!("SANA-FE architecture {}, file {file}", chip.name);
    let source = Table::from_iter([("architecture".to_owned(), Value::String(citation))]);
    table.insert("source".into(), Value::Table(source));
    table
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
