//! CIFAR-10 binary batches: per image a label, then 1024 red, 1024 green and 1024 blue bytes.
//!
//! Source: Krizhevsky, "The CIFAR-10 dataset", section "Binary version".

use super::array::{Array, ArrayValues};
use super::{Content, Contents, Problem, Reader};

pub(super) const READER: Reader = Reader {
    name: "CIFAR-10 binary batches (.bin, gzip or not)",
    suffixes: &[".bin"],
    gzip: true,
    // The format has no mark of its own.
    recognises: |_| false,
    read,
};

const DIMS: [usize; 3] = [3, 32, 32];
const IMAGE: usize = 3 * 32 * 32;
const RECORD: usize = 1 + IMAGE;
const CLASSES: u8 = 10;

fn read(content: Content) -> Result<Contents, Problem> {
    let malformed = |reason| Problem::Malformed {
        format: "CIFAR-10",
        reason,
    };
    let announced = content.announced();
    if !announced.is_multiple_of(RECORD as u64) {
        return Err(malformed(format!(
            "{announced} bytes are not whole images of {RECORD} bytes"
        )));
    }
    let bytes = content.into_exactly(announced)?;
    let samples = bytes.len() / RECORD;
    let mut labels = Vec::with_capacity(samples);
    let mut pixels = Vec::with_capacity(samples * IMAGE);
    for (i, record) in bytes.chunks_exact(RECORD).enumerate() {
        if record[0] >= CLASSES {
            return Err(malformed(format!("label {i} is {}, not 0 to 9", record[0])));
        }
        labels.push(record[0]);
        pixels.extend_from_slice(&record[1..]);
    }
    Ok(Contents {
        x: Array {
            dims: [&[samples], &DIMS[..]].concat(),
            values: ArrayValues::U8(pixels),
        },
        y: Some(Array {
            dims: vec![samples],
            values: ArrayValues::U8(labels),
        }),
    })
}
