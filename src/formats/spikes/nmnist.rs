//! Event recordings of N-MNIST: 5 bytes an event.
//!
//! Source: G. Orchard, A. Jayawant, G. K. Cohen, N. Thakor, Converting static image datasets to
//! spiking neuromorphic datasets using saccades, Front. Neurosci. 9:437, 2015: column (8 bits),
//! row (8 bits), polarity (1 bit), time (23 bits) [µs], the most significant byte first.

use super::events::binary;
use super::{Content, Parsed, Request, SpikesProblem};

const EVENT_BYTES: usize = 5;

pub(super) fn read(bytes: &[u8], request: &Request) -> Result<Parsed, SpikesProblem> {
    if request.hold {
        return Err(SpikesProblem::Held);
    }
    let [channels @ (1 | 2), height, width] = *request.dims else {
        return Err(SpikesProblem::Shape {
            have: vec![2, 34, 34],
            expected: format!(
                "\"{}\" takes {:?}; a recording of events has two polarities (or one channel for both), rows and columns",
                request.node, request.dims
            ),
        });
    };
    if bytes.is_empty() || !bytes.len().is_multiple_of(EVENT_BYTES) {
        return Err(SpikesProblem::Content(format!(
            "it has {} bytes, which are no whole events of {EVENT_BYTES} bytes",
            bytes.len()
        )));
    }
    let bin_us = request.bin_s * 1e6;
    let mut events = Vec::with_capacity(bytes.len() / EVENT_BYTES);
    for (index, event) in bytes.chunks_exact(EVENT_BYTES).enumerate() {
        let (x, y) = (usize::from(event[0]), usize::from(event[1]));
        if x >= width || y >= height {
            return Err(SpikesProblem::Content(format!(
                "event {index} is at column {x}, row {y}, beyond the {width}×{height} of \"{}\"",
                request.node
            )));
        }
        let channel = usize::from(event[2] >> 7) % channels;
        let time_us = u32::from_be_bytes([0, event[2] & 0x7f, event[3], event[4]]);
        let step = (f64::from(time_us) / bin_us).floor() as u64;
        events.push((step, ((channel * height + y) * width + x) as u32));
    }
    Ok(Parsed {
        content: Content::Events(vec![binary(events.into_iter())]),
        samples: 1,
        has_sample_axis: false,
        labels: None,
        cautions: Vec::new(),
        step_s: None,
        notes: vec![format!(
            "events are binned into timesteps of {} s, at most one an input and timestep; {}",
            request.bin_s,
            match channels {
                1 => "both polarities in one channel",
                _ => "channel = polarity",
            }
        )],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(dims: &[usize]) -> Request<'_> {
        Request {
            node: "input",
            dims,
            hold: false,
            layout: None,
            timesteps: None,
            bin_s: 1e-3,
            samples: None,
            labels: None,
        }
    }

    #[test]
    fn worked_bytes_of_an_event() {
        // Column 3, row 1, polarity 1, 0x010203 µs = 66,051 µs.
        let parsed = read(&[3, 1, 0x81, 2, 3], &request(&[2, 2, 4])).unwrap();
        let Content::Events(samples) = parsed.content else {
            panic!("no events");
        };
        assert_eq!((samples[0][0].step, samples[0][0].neuron), (66, 8 + 4 + 3));
        // In one channel both polarities are the same input.
        let both = [3, 1, 0x81, 2, 3, 3, 1, 0x01, 2, 3];
        let Content::Events(samples) = read(&both, &request(&[1, 2, 4])).unwrap().content else {
            panic!("no events");
        };
        assert_eq!(samples[0].len(), 1);
        assert_eq!((samples[0][0].step, samples[0][0].neuron), (66, 4 + 3));
    }

    #[test]
    fn regress_damage_is_named() {
        let refusal = |bytes: &[u8], dims: &[usize]| {
            let refused = read(bytes, &request(dims)).err();
            refused.expect("a refusal").to_string()
        };
        assert!(refusal(&[1, 2, 3], &[2, 4, 4]).contains("3 bytes"));
        assert!(refusal(&[], &[2, 4, 4]).contains("0 bytes"));
        assert!(refusal(&[4, 0, 0, 0, 0], &[2, 4, 4]).contains("column 4"));
        assert!(refusal(&[0; 5], &[16]).contains("[16]"));
    }
}
