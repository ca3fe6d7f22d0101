//! HDF5 files in the style of the Spiking Heidelberg Digits: `spikes/times` [s] and `spikes/units`,
//! each a list of variable length per sample, and `labels` where there are such.
//!
//! Source: B. Cramer, Y. Stradmann, J. Schemmel, F. Zenke, The Heidelberg spiking data sets for the
//! systematic evaluation of spiking neural networks, IEEE Trans. Neural Netw. Learn. Syst.
//! 33:2744, 2022; HDF5 File Format Specification 3.0, III.E (global heap).

use super::events::binary;
use super::{Content, Parsed, Request, SpikesProblem, labels};
use crate::formats::hdf5_file::{Hdf5File, Hdf5Problem, library};
use crate::formats::nir::data::time_step;
use hdf5::{Datatype, DatatypeByteOrder};

const TIMES: &str = "spikes/times";
const UNITS: &str = "spikes/units";

/// Length, address of a heap, index in it.
const REFERENCE_BYTES: usize = 4 + 8 + 4;
/// Signature, version, reserved, size.
const HEAP_HEADER: usize = 16;
/// Index, references, reserved, size.
const OBJECT_HEADER: usize = 16;

pub(super) fn read(bytes: Vec<u8>, request: &Request) -> Result<Parsed, SpikesProblem> {
    if request.hold {
        return Err(SpikesProblem::Held);
    }
    let file = Hdf5File::new(bytes.clone())?;
    let heaps = Heaps { bytes: &bytes };
    let times = heaps.lists(&file, TIMES)?;
    let units = heaps.lists(&file, UNITS)?;
    if times.len() != units.len() {
        return Err(SpikesProblem::Content(format!(
            "{TIMES} is of {} samples, {UNITS} of {}",
            times.len(),
            units.len()
        )));
    }
    let neurons = request.neurons();
    let mut samples = Vec::with_capacity(times.len());
    for (sample, (times, units)) in times.iter().zip(&units).enumerate() {
        if times.len() != units.len() {
            return Err(SpikesProblem::Content(format!(
                "sample {sample} has {} times and {} units",
                times.len(),
                units.len()
            )));
        }
        if let Some(time_s) = times.iter().find(|t| !(t.is_finite() && **t >= 0.0)) {
            return Err(SpikesProblem::Content(format!(
                "sample {sample} has a spike at {time_s} s; times count from 0"
            )));
        }
        let inside = |unit: &&f64| **unit >= 0.0 && **unit < neurons as f64;
        if let Some(unit) = units.iter().find(|unit| !inside(unit)) {
            return Err(SpikesProblem::Content(format!(
                "sample {sample} has a spike of unit {unit}, but \"{}\" takes units 0 to {}",
                request.node,
                neurons.saturating_sub(1)
            )));
        }
        let events = times.iter().zip(units);
        samples.push(binary(events.map(|(&time_s, &unit)| {
            (time_step(time_s, request.bin_s), unit as u32)
        })));
    }
    Ok(Parsed {
        labels: labels::of_file(&file, samples.len())?,
        samples: samples.len(),
        content: Content::Events(samples),
        has_sample_axis: true,
        cautions: Vec::new(),
        step_s: None,
        notes: vec![format!(
            "events are binned into timesteps of {} s, at most one an input and timestep",
            request.bin_s
        )],
    })
}

/// The global heaps of a file, where lists of variable length are stored.
struct Heaps<'a> {
    bytes: &'a [u8],
}

impl Heaps<'_> {
    /// All lists of a dataset.
    fn lists(&self, file: &Hdf5File, path: &str) -> Result<Vec<Vec<f64>>, SpikesProblem> {
        let (dataset, shape) = file.dataset(path)?;
        let datatype = dataset.datatype().map_err(library(path))?;
        let wrong_type = || {
            SpikesProblem::Hdf5(Hdf5Problem::Type {
                object: path.into(),
                expected: "lists of numbers",
                found: format!("{datatype:?}"),
            })
        };
        let Datatype::VariableLength {
            is_string: false,
            base_type,
            ..
        } = &datatype
        else {
            return Err(wrong_type());
        };
        let element = Element::of(base_type).ok_or_else(wrong_type)?;
        let references = dataset.read_raw().map_err(library(path))?;
        let lists = usize::try_from(shape.iter().product::<u64>()).ok();
        if lists.and_then(|n| n.checked_mul(REFERENCE_BYTES)) != Some(references.len()) {
            return Err(damaged(path));
        }
        // Several references to one object would multiply what the file holds.
        let mut budget = self.bytes.len();
        let mut found = Vec::new();
        for reference in references.chunks_exact(REFERENCE_BYTES) {
            let length = number(&reference[..4]) as usize;
            let data = match length {
                0 => &[][..],
                _ => self
                    .object(number(&reference[4..12]), number(&reference[12..]))
                    .zip(length.checked_mul(element.size))
                    .and_then(|(data, size)| data.get(..size))
                    .ok_or_else(|| damaged(path))?,
            };
            budget = budget
                .checked_sub(data.len())
                .ok_or_else(|| damaged(path))?;
            found.push(
                data.chunks_exact(element.size)
                    .map(|b| element.decode(b))
                    .collect(),
            );
        }
        Ok(found)
    }

    /// The data of an object of the heap at `address`.
    fn object(&self, address: u64, index: u64) -> Option<&[u8]> {
        let heap = self.bytes.get(usize::try_from(address).ok()?..)?;
        let size = usize::try_from(number(heap.get(8..HEAP_HEADER)?)).ok()?;
        let heap = heap.strip_prefix(b"GCOL").and(heap.get(..size))?;
        let mut at = HEAP_HEADER;
        loop {
            let header = heap.get(at..at.checked_add(OBJECT_HEADER)?)?;
            let size = usize::try_from(number(&header[8..])).ok()?;
            let data = at + OBJECT_HEADER;
            match number(&header[..2]) {
                // Index 0 is the free space behind the last object.
                0 => return None,
                found if found == index => return heap.get(data..data.checked_add(size)?),
                _ => at = data.checked_add(size.checked_next_multiple_of(8)?)?,
            }
        }
    }
}

fn damaged(path: &str) -> SpikesProblem {
    SpikesProblem::Content(format!(
        "{path}: its lists are damaged; save the file again"
    ))
}

/// Up to eight bytes, the least significant first.
fn number(bytes: &[u8]) -> u64 {
    let mut all = [0; 8];
    all[..bytes.len()].copy_from_slice(bytes);
    u64::from_le_bytes(all)
}

/// A type of number.
struct Element {
    size: usize,
    is_float: bool,
    is_signed: bool,
}

impl Element {
    /// `None` if it is not a little-endian number of a common size.
    fn of(datatype: &Datatype) -> Option<Self> {
        let (size, order, is_float, is_signed) = match datatype {
            Datatype::FixedPoint {
                size,
                byte_order,
                layout,
            } => (*size, byte_order, false, layout.signed),
            Datatype::FloatingPoint {
                size, byte_order, ..
            } => (*size, byte_order, true, true),
            _ => return None,
        };
        let known: &[u32] = if is_float { &[2, 4, 8] } else { &[1, 2, 4, 8] };
        let usual = known.contains(&size) && *order == DatatypeByteOrder::LittleEndian;
        usual.then_some(Element {
            size: size as usize,
            is_float,
            is_signed,
        })
    }

    fn decode(&self, bytes: &[u8]) -> f64 {
        let bits = number(bytes);
        match (self.is_float, self.size) {
            (true, 2) => half(bits as u16),
            (true, 4) => f64::from(f32::from_bits(bits as u32)),
            (true, _) => f64::from_bits(bits),
            (false, size) if self.is_signed => {
                let unused = 64 - 8 * size as u32;
                ((bits << unused) as i64 >> unused) as f64
            }
            _ => bits as f64,
        }
    }
}

/// A number in half precision (IEEE 754 binary16).
fn half(bits: u16) -> f64 {
    let sign = if bits >> 15 == 0 { 1.0 } else { -1.0 };
    let mantissa = f64::from(bits & 0x3ff);
    let exponent = i32::from(bits >> 10 & 0x1f);
    sign * match exponent {
        0 => mantissa * (-24_f64).exp2(),
        31 if mantissa == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        _ => (1024.0 + mantissa) * f64::from(exponent - 25).exp2(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn worked_half_precision() {
        for (bits, value) in [
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x3555, 0.333_251_953_125),
            (0x0001, 2f64.powi(-24)),
            (0x7bff, 65504.0),
        ] {
            assert_eq!(half(bits), value);
        }
        assert!(half(0x7e00).is_nan() && half(0x7c00).is_infinite());
    }

    #[test]
    fn worked_signed_integers() {
        let element = Element {
            size: 2,
            is_float: false,
            is_signed: true,
        };
        assert_eq!(element.decode(&[0xfe, 0xff]), -2.0);
    }
}
