//! A device as the text of a device file: what [`super::Catalogue`] reads.

use super::hardware::{Confidence, Figure, Hardware};
use std::collections::BTreeMap;
use toml::{Table, Value};

/// The device file of a device, inherited figures written out. Read back it gives the same prices.
#[must_use]
pub fn device_file(hardware: &Hardware) -> String {
    let mut sources: BTreeMap<&str, String> = BTreeMap::new();
    for figure in hardware.figures.values() {
        let next = format!("s{}", sources.len() + 1);
        sources.entry(&figure.source).or_insert(next);
    }
    let mut file = Table::new();
    let mut set = |key: &str, value: Value| file.insert(key.into(), value);
    set("name", hardware.title.as_str().into());
    set("kind", hardware.kind.to_string().into());
    if let Some(year) = hardware.year {
        set("year", i64::from(year).into());
    }
    if let Some(process_nm) = hardware.process_nm {
        set("process_nm", process_nm.into());
    }
    set("basis", hardware.basis.as_str().into());
    set("law", hardware.law.name.into());
    if hardware.shared_kernels {
        set("shared_kernels", true.into());
    }
    if let Some(class) = hardware.class {
        set("class", class.key().into());
    }
    set("chip", hardware.chip.as_str().into());
    if let Some(condition) = hardware.condition {
        set("condition", condition.key().into());
    }
    if let Some(host) = hardware.host {
        set("host", host.key().into());
    }
    set("formats", Value::Table(formats(hardware)));
    let cited = sources
        .iter()
        .map(|(text, key)| (key.clone(), (*text).into()));
    set("source", Value::Table(cited.collect()));
    for (key, figure) in &hardware.figures {
        if let Some((section, key)) = key.split_once('.') {
            let section = file
                .entry(section)
                .or_insert_with(|| Value::Table(Table::new()));
            if let Some(section) = section.as_table_mut() {
                let source = &sources[figure.source.as_str()];
                section.insert(key.into(), entry(figure, source));
            }
        }
    }
    toml::to_string(&file).unwrap_or_default()
}

/// What the device computes with and sends.
fn formats(hardware: &Hardware) -> Table {
    let mut formats = Table::new();
    if !hardware.formats.is_empty() {
        let numbers = hardware.formats.iter();
        let numbers: Vec<Value> = numbers.map(|format| format.to_string().into()).collect();
        formats.insert("numbers".into(), Value::Array(numbers));
    }
    if let Some(spike) = hardware.spike {
        formats.insert("spike".into(), spike.to_string().into());
    }
    formats
}

fn entry(figure: &Figure, source: &str) -> Value {
    let mut entry = Table::new();
    let mut set = |key: &str, value: Value| entry.insert(key.into(), value);
    set("low", figure.written.low.into());
    set("typ", figure.written.nominal.into());
    set("high", figure.written.high.into());
    set("unit", figure.unit.as_str().into());
    set("source", source.into());
    let confidence = match figure.confidence {
        Confidence::Memory => "memory".to_owned(),
        other => other.to_string(),
    };
    set("confidence", confidence.into());
    if let Some(basis) = figure.basis.and_then(|basis| Value::try_from(basis).ok()) {
        set("basis", basis);
    }
    if let Some(note) = &figure.note {
        set("note", note.as_str().into());
    }
    Value::Table(entry)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::energy::Catalogue;

    #[test]
    fn every_device_reads_back_with_the_same_figures() {
        let shipped = Catalogue::shipped().unwrap();
        for device in shipped.devices() {
            let mut catalogue = Catalogue::new();
            catalogue
                .add_text(&device.name, &device_file(device))
                .unwrap();
            let read = catalogue.get(&device.name).unwrap();
            assert_eq!(read.figures, device.figures, "{}", device.name);
            assert_eq!(read.fingerprint(), device.fingerprint());
        }
    }
}
