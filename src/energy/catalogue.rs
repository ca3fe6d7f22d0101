//! The list of devices, and how their files are read.

use super::hardware::{
    COMMON, Confidence, DeviceKind, Figure, FigureQuantity, FigureSection, Hardware, HostExchange,
    SpikeFormat, exponent, scale,
};
use super::{LAWS, Law, sanafe_yaml};
use crate::files;
use crate::names::suggestion;
use crate::result::{Basis, Condition, DeviceClass, NumberFormat};
use crate::units::Range;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::Path;

/// Tables that come with the program: `data/hardware/defaults`, then `data/hardware`, by name. A
/// table may inherit from any before it; one without a law only serves others.
const SHIPPED: &[(&str, &str)] = &include!(concat!(env!("OUT_DIR"), "/hardware.rs"));

/// Largest device file [bytes]: far above any table, far below what would fill memory.
const LARGEST_FILE: u64 = 1 << 20;

/// What is wrong with a device file or a device's name.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum HardwareError {
    /// The file cannot be read.
    #[error("{path}: {reason}")]
    Read {
        /// The file.
        path: String,
        /// What the system says.
        reason: String,
    },
    /// The file is not a device table.
    #[error("{file}: {reason}")]
    Syntax {
        /// The device file.
        file: String,
        /// Position and reason.
        reason: String,
    },
    /// A value in the file is wrong.
    #[error("{file}: {key}: {reason}")]
    Value {
        /// The device file.
        file: String,
        /// The key.
        key: String,
        /// What is wrong and what would be right.
        reason: String,
    },
    /// Two tables have one name.
    #[error("{name}: there is already a device of this name; rename the file")]
    Taken {
        /// The name.
        name: String,
    },
    /// No device has the name.
    #[error("no device \"{name}\"{suggestion} There are {known}")]
    Unknown {
        /// The name asked for.
        name: String,
        /// `; did you mean "x"?`, or a full stop where no name is near.
        suggestion: String,
        /// All names.
        known: String,
    },
}

/// Figures of one section by key, as written.
type Entries = BTreeMap<String, Entry>;

/// A device file as written.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct File {
    name: Option<String>,
    kind: Option<DeviceKind>,
    year: Option<u16>,
    process_nm: Option<f64>,
    basis: Option<String>,
    figures: Option<Basis>,
    law: Option<String>,
    inherits: Option<String>,
    shared_kernels: Option<bool>,
    class: Option<DeviceClass>,
    chip: Option<String>,
    host: Option<HostExchange>,
    condition: Option<Condition>,
    formats: Formats,
    source: BTreeMap<String, String>,
    capacity: Entries,
    energy: Entries,
    latency: Entries,
    barrier_sync: Entries,
    power: Entries,
    compute: Entries,
    bandwidth: Entries,
    efficiency: Entries,
    rate: Entries,
    info: Entries,
}

/// What a device computes with and sends, as written.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Formats {
    numbers: Option<Vec<NumberFormat>>,
    spike: Option<String>,
}

/// A figure as written.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    low: Option<f64>,
    typ: f64,
    high: Option<f64>,
    unit: String,
    source: String,
    confidence: Confidence,
    basis: Option<Basis>,
    note: Option<String>,
}

/// A table after inheritance.
#[derive(Debug, Clone, Default)]
struct Table {
    name: Option<String>,
    kind: Option<DeviceKind>,
    year: Option<u16>,
    process_nm: Option<f64>,
    basis: Option<String>,
    shared_kernels: Option<bool>,
    class: Option<DeviceClass>,
    chip: Option<String>,
    host: Option<HostExchange>,
    condition: Option<Condition>,
    numbers: Option<Vec<NumberFormat>>,
    spike: Option<SpikeFormat>,
    law: Option<&'static Law>,
    inherits: Option<String>,
    stated: Option<Basis>,
    figures: BTreeMap<String, Figure>,
}

/// The devices that can be priced, in the order they were added.
#[derive(Debug, Clone, Default)]
pub struct Catalogue {
    /// Everything that can be inherited.
    tables: BTreeMap<String, Table>,
    devices: Vec<Hardware>,
}

impl Catalogue {
    /// A catalogue without devices.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The devices that come with the program.
    ///
    /// # Errors
    /// If one of their files is wrong.
    pub fn shipped() -> Result<Self, HardwareError> {
        let mut catalogue = Self::new();
        for (name, text) in SHIPPED {
            catalogue.add_text(name, text)?;
        }
        Ok(catalogue)
    }

    /// Adds a device from a table (.toml) or a SANA-FE architecture (.yaml); it is named after the
    /// file.
    ///
    /// # Errors
    /// If the file cannot be read or is not a device table.
    pub fn add_file(&mut self, path: &Path) -> Result<&Hardware, HardwareError> {
        let read = |reason: String| HardwareError::Read {
            path: path.display().to_string(),
            reason,
        };
        let name = path
            .file_stem()
            .and_then(|stem| stem.to_str())
            .ok_or_else(|| read("the file name is not text; rename it".into()))?;
        let is_yaml = path
            .extension()
            .is_some_and(|e| e.eq_ignore_ascii_case("yaml") || e.eq_ignore_ascii_case("yml"));
        let text = if is_yaml {
            sanafe_yaml::table(path).map_err(read)?
        } else {
            read_table(path).map_err(read)?
        };
        self.add_text(name, &text)?;
        let device = self.devices.last().filter(|device| device.name == name);
        device.ok_or_else(|| value_error(name, "law", missing_law()))
    }

    /// Adds a table from its text. What it inherits must be there already, so nothing can inherit
    /// itself. Without a law it is no device, but can be inherited.
    ///
    /// # Errors
    /// If the text is not a device table or the name is taken.
    pub fn add_text(&mut self, name: &str, text: &str) -> Result<(), HardwareError> {
        if self.tables.contains_key(name) {
            return Err(HardwareError::Taken { name: name.into() });
        }
        let file: File = toml::from_str(text).map_err(|error| HardwareError::Syntax {
            file: name.into(),
            reason: error.to_string().trim_end().to_owned(),
        })?;
        let table = self.inherit(name, file)?;
        if let Some(law) = table.law {
            self.devices.push(device(name, law, &table)?);
        }
        self.tables.insert(name.into(), table);
        Ok(())
    }

    /// Names of the devices.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.devices.iter().map(|device| device.name.as_str())
    }

    /// The devices.
    pub fn devices(&self) -> impl Iterator<Item = &Hardware> {
        self.devices.iter()
    }

    /// A device by name.
    ///
    /// # Errors
    /// If there is none: the message lists all and the nearest.
    pub fn get(&self, name: &str) -> Result<&Hardware, HardwareError> {
        self.devices
            .iter()
            .find(|device| device.name == name)
            .ok_or_else(|| HardwareError::Unknown {
                name: name.into(),
                suggestion: match crate::formats::extension(Path::new(name)).as_str() {
                    "toml" | "yaml" | "yml" => {
                        "; give a file with --hardware-file and its device by name.".to_owned()
                    }
                    _ => suggestion(name, self.names()),
                },
                known: self.names().collect::<Vec<_>>().join(", "),
            })
    }

    /// The figure `key` of the table that a device inherits from: what was known of the device
    /// before its own figures.
    #[must_use]
    pub fn inherited(&self, device: &str, key: &str) -> Option<&Figure> {
        let base = self.tables.get(device)?.inherits.as_ref()?;
        self.tables.get(base)?.figures.get(key)
    }

    /// The devices of some names and classes, each once; a device's name wins over a class. `edge` is
    /// the two edge classes, `all` every device.
    ///
    /// # Errors
    /// The first that is neither: the message lists all names and the nearest.
    pub fn select(&self, wanted: &[String]) -> Result<Vec<&Hardware>, HardwareError> {
        let mut found: Vec<&Hardware> = Vec::new();
        for name in wanted {
            let of_class = |device: &&Hardware| {
                let edge = [DeviceClass::EdgeAccelerator, DeviceClass::EdgeGpu];
                name == "all"
                    || device.class.is_some_and(|class| {
                        class.key() == name || (name == "edge" && edge.contains(&class))
                    })
            };
            let named = self.get(name);
            let mut devices: Vec<&Hardware> = match &named {
                Ok(device) => vec![*device],
                Err(_) => self.devices().filter(of_class).collect(),
            };
            if devices.is_empty() {
                devices.push(named?);
            }
            for device in devices {
                if !found.iter().any(|have| have.name == device.name) {
                    found.push(device);
                }
            }
        }
        Ok(found)
    }

    /// A file with what it inherits filled in.
    fn inherit(&self, name: &str, file: File) -> Result<Table, HardwareError> {
        let base = match &file.inherits {
            None => Table::default(),
            Some(base) => self.tables.get(base).cloned().ok_or_else(|| {
                let known = self.tables.keys().map(String::as_str);
                let reason = format!(
                    "no table \"{base}\" is known here{}",
                    suggestion(base, known)
                );
                value_error(name, "inherits", reason)
            })?,
        };
        let law = match &file.law {
            None => base.law,
            Some(law) => Some(find_law(name, law)?),
        };
        let stated = file.figures.or(base.stated);
        let spike = file.formats.spike.as_deref().map(str::parse).transpose();
        let spike = spike.map_err(|reason: String| value_error(name, "formats.spike", reason))?;
        let mut figures = base.figures;
        figures.extend(read_figures(name, &file, law, stated)?);
        Ok(Table {
            name: file.name.or(base.name),
            kind: file.kind.or(base.kind),
            year: file.year.or(base.year),
            process_nm: file.process_nm.or(base.process_nm),
            basis: file.basis.or(base.basis),
            shared_kernels: file.shared_kernels.or(base.shared_kernels),
            class: file.class.or(base.class),
            chip: file.chip.or(base.chip),
            host: file.host.or(base.host),
            condition: file.condition.or(base.condition),
            numbers: file.formats.numbers.or(base.numbers),
            spike: spike.or(base.spike),
            law,
            inherits: file.inherits,
            stated,
            figures,
        })
    }
}

/// The text of a device table.
fn read_table(path: &Path) -> Result<String, String> {
    let file = std::fs::File::open(files::place(path)).map_err(|error| error.to_string())?;
    let mut text = String::new();
    file.take(LARGEST_FILE + 1)
        .read_to_string(&mut text)
        .map_err(|error| error.to_string())?;
    if text.len() as u64 > LARGEST_FILE {
        return Err(format!(
            "is longer than {LARGEST_FILE} bytes; no device table is"
        ));
    }
    Ok(text)
}

fn value_error(file: &str, key: &str, reason: impl Into<String>) -> HardwareError {
    HardwareError::Value {
        file: file.into(),
        key: key.into(),
        reason: reason.into(),
    }
}

fn law_names() -> impl Iterator<Item = &'static str> {
    LAWS.iter().map(|law| law.name)
}

fn missing_law() -> String {
    let names: Vec<&str> = law_names().collect();
    format!("missing; name one of {}", names.join(", "))
}

fn find_law(file: &str, name: &str) -> Result<&'static Law, HardwareError> {
    let found = LAWS.iter().copied().find(|law| law.name == name);
    found.ok_or_else(|| {
        let reason = format!("no law \"{name}\"{}", suggestion(name, law_names()));
        value_error(file, "law", reason)
    })
}

fn device(name: &str, law: &'static Law, table: &Table) -> Result<Hardware, HardwareError> {
    let missing = |key: &str| value_error(name, key, "missing; each device states it");
    let part = |wanted: &dyn Fn(&str, &Figure) -> bool| {
        let found = table
            .figures
            .iter()
            .filter(|(key, figure)| wanted(key, figure));
        found
            .map(|(key, figure)| (key.clone(), figure.clone()))
            .collect()
    };
    Ok(Hardware {
        name: name.into(),
        title: table.name.clone().ok_or_else(|| missing("name"))?,
        kind: table.kind.ok_or_else(|| missing("kind"))?,
        year: table.year,
        process_nm: table.process_nm,
        basis: table.basis.clone().ok_or_else(|| missing("basis"))?,
        shared_kernels: table.shared_kernels.unwrap_or(false),
        stated: table.stated,
        class: table.class,
        chip: table.chip.clone().unwrap_or_else(|| name.into()),
        formats: table.numbers.clone().unwrap_or_default(),
        spike: table.spike,
        host: table.host,
        condition: table.condition,
        law,
        figures: part(&|key, _| reads(law, key) || COMMON.contains(&key)),
        info: part(&|_, figure| figure.section == FigureSection::Info),
    })
}

/// Whether a law reads the figure `key`.
fn reads(law: &Law, key: &str) -> bool {
    law.figures().any(|known| match known.strip_suffix('*') {
        Some(section) => key.starts_with(section),
        None => known == key,
    })
}

/// All figures of a file in SI units, with their citations.
fn read_figures(
    file_name: &str,
    file: &File,
    law: Option<&Law>,
    stated: Option<Basis>,
) -> Result<BTreeMap<String, Figure>, HardwareError> {
    let sections = [
        ("capacity", &file.capacity),
        ("energy", &file.energy),
        ("latency", &file.latency),
        ("barrier_sync", &file.barrier_sync),
        ("power", &file.power),
        ("compute", &file.compute),
        ("bandwidth", &file.bandwidth),
        ("efficiency", &file.efficiency),
        ("rate", &file.rate),
        ("info", &file.info),
    ];
    let mut figures = BTreeMap::new();
    for (name, entries) in sections {
        for (key, entry) in entries {
            let full = format!("{name}.{key}");
            let figure = section(name, key)
                .and_then(|section| read_figure(entry, section, &file.source, stated))
                .and_then(|figure| check_key(&full, figure.section, law).map(|()| figure))
                .map_err(|reason| value_error(file_name, &full, reason))?;
            figures.insert(full, figure);
        }
    }
    Ok(figures)
}

/// What the figure `key` of a section of a file is.
fn section(name: &str, key: &str) -> Result<FigureSection, String> {
    Ok(match name {
        "capacity" => FigureSection::Capacity,
        "energy" => FigureSection::Energy,
        "latency" => FigureSection::Latency,
        "barrier_sync" => FigureSection::BarrierSync {
            tiles: (key.parse()).map_err(|_| "the key must be a number of tiles".to_owned())?,
        },
        "power" => FigureSection::Power,
        "compute" => FigureSection::Compute,
        "bandwidth" => FigureSection::Bandwidth,
        "efficiency" if key == "active_power" => FigureSection::PowerShare,
        "efficiency" => FigureSection::Efficiency,
        "rate" => FigureSection::Rate,
        _ => FigureSection::Info,
    })
}

/// Refuses a figure that the law would never look at: most likely its key is misspelt.
fn check_key(key: &str, section: FigureSection, law: Option<&Law>) -> Result<(), String> {
    match law {
        Some(law)
            if !reads(law, key) && !COMMON.contains(&key) && section != FigureSection::Info =>
        {
            Err(format!(
                "the law \"{}\" has no such figure{}",
                law.name,
                suggestion(key, law.figures().chain(COMMON))
            ))
        }
        _ => Ok(()),
    }
}

fn read_figure(
    entry: &Entry,
    section: FigureSection,
    sources: &BTreeMap<String, String>,
    stated: Option<Basis>,
) -> Result<Figure, String> {
    let source = sources.get(&entry.source).ok_or_else(|| {
        format!(
            "source \"{}\" is not in the table [source] of the file; cite it there",
            entry.source
        )
    })?;
    let quantity = section.quantity();
    let exponent = exponent(&entry.unit, quantity)
        .map_err(|fitting| format!("unit \"{}\" does not fit; use {fitting}", entry.unit))?;
    let written = Range::new(
        entry.low.unwrap_or(entry.typ),
        entry.typ,
        entry.high.unwrap_or(entry.typ),
    );
    let Range { low, nominal, high } = written;
    if !(low >= 0.0 && low <= nominal && nominal <= high && high.is_finite()) {
        return Err(format!(
            "low {low}, typ {nominal}, high {high} must rise from 0 on"
        ));
    }
    let value = written.map(|v| scale(v, exponent));
    let positive = !matches!(
        quantity,
        FigureQuantity::Energy | FigureQuantity::Time | FigureQuantity::Power | FigureQuantity::Any
    );
    if positive && low == 0.0 {
        return Err("must be above 0".into());
    }
    if quantity == FigureQuantity::Count && value.nominal.fract() != 0.0 {
        return Err(format!("{nominal} is not a whole number"));
    }
    let largest = largest(quantity, &entry.unit);
    if value.high > largest {
        return Err(format!(
            "{high} {} is above {largest:e}, the most that can be computed with",
            entry.unit
        ));
    }
    if quantity == FigureQuantity::Fraction && high > 1.0 {
        return Err(format!("{high} is above 1"));
    }
    Ok(Figure {
        section,
        value,
        written,
        unit: entry.unit.clone(),
        source: source.clone(),
        confidence: entry.confidence,
        basis: entry.basis.or(stated),
        note: entry.note.clone(),
    })
}

/// Largest value [SI] of a quantity: products of a few of them stay finite and countable.
fn largest(quantity: FigureQuantity, unit: &str) -> f64 {
    match (quantity, unit) {
        (FigureQuantity::Count, "cores" | "tiles" | "timesteps") => 32768.0,
        // The largest machine that was built has 57,600.
        (FigureQuantity::Count, "chips") => 65536.0,
        (FigureQuantity::Count, _) => 1e15,
        _ => 1e30,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOY: &str = r#"
name = "Toy"
kind = "edge"
year = 2020
process_nm = 1
basis = "made up"
law = "nj-per-mac"
[source]
here = "This test"
[energy]
mac = { typ = 1, unit = "J", source = "here", confidence = "memory" }
[power]
active = { typ = 1, unit = "W", source = "here", confidence = "verified" }
"#;

    fn reason(text: &str) -> String {
        Catalogue::new()
            .add_text("toy", text)
            .expect_err("a wrong file")
            .to_string()
    }

    #[test]
    fn mistakes_in_a_file_are_named() {
        for (from, to, expected) in [
            ("[power]", "[powr]", "powr"),
            (
                "mac =",
                "mca =",
                "toy: energy.mca: the law \"nj-per-mac\" has no such figure; did you mean \"energy.mac\"?",
            ),
            (
                "\"J\"",
                "\"W\"",
                "toy: energy.mac: unit \"W\" does not fit; use fJ, pJ",
            ),
            (
                "\"here\", confidence = \"memory\"",
                "\"there\", confidence = \"memory\"",
                "toy: energy.mac: source \"there\"",
            ),
            (
                "typ = 1, unit = \"J\"",
                "low = 2, typ = 1, unit = \"J\"",
                "toy: energy.mac: low 2, typ 1",
            ),
            (
                "typ = 1, unit = \"J\"",
                "typ = nan, unit = \"J\"",
                "toy: energy.mac: low NaN",
            ),
            ("typ = 1, unit = \"J\"", "tpy = 1, unit = \"J\"", "tpy"),
            (
                "\"nj-per-mac\"",
                "\"nj-per-mca\"",
                "toy: law: no law \"nj-per-mca\"; did you mean \"nj-per-mac\"?",
            ),
            ("basis = \"made up\"\n", "", "toy: basis: missing"),
            (
                "kind =",
                "inherits = \"toy\"\nkind =",
                "toy: inherits: no table \"toy\"",
            ),
        ] {
            let message = reason(&TOY.replacen(from, to, 1));
            assert!(message.contains(expected), "{to}: {message}");
        }
    }

    #[test]
    fn a_table_inherits_and_overrides() {
        let mut catalogue = Catalogue::new();
        catalogue.add_text("toy", TOY).expect("a device");
        let child = r#"
inherits = "toy"
[source]
better = "A better test"
[energy]
mac = { low = 1, typ = 2, high = 3, unit = "mJ", source = "better", confidence = "verified" }
"#;
        catalogue.add_text("child", child).expect("a device");
        let child = catalogue.get("child").expect("just added");
        let mac = &child.figures["energy.mac"];
        assert_eq!(mac.value, Range::new(1e-3, 2e-3, 3e-3));
        assert_eq!(mac.source, "A better test");
        assert_eq!(child.figures["power.active"].source, "This test");
        assert_eq!(child.title, "Toy");
        let taken = catalogue.add_text("toy", TOY);
        assert_eq!(taken, Err(HardwareError::Taken { name: "toy".into() }));
    }

    #[test]
    fn an_unknown_device_is_answered_with_the_nearest() {
        let catalogue = Catalogue::shipped().expect("shipped files are right");
        let message = catalogue
            .get("loihi")
            .expect_err("no such device")
            .to_string();
        assert!(message.contains("did you mean \"loihi1\"?"), "{message}");
        assert!(message.contains("arithmetic-45nm"), "{message}");
    }
}
