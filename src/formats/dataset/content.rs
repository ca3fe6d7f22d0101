//! Bytes of a file, gzip or not, never decompressed beyond an announced size.

use super::Problem;
use crate::formats::MAX_INFLATION;
use crate::memory;
use flate2::read::GzDecoder;
use std::io::{ErrorKind, Read};

/// Bytes of a head that readers recognise their format by.
const HEAD: usize = 64;

/// The bytes of one file.
pub(super) struct Content {
    bytes: Vec<u8>,
    gzip: bool,
}

impl Content {
    pub(super) fn new(bytes: Vec<u8>) -> Self {
        let gzip = bytes.starts_with(&[0x1f, 0x8b, 8]);
        Content { bytes, gzip }
    }

    pub(super) fn is_gzip(&self) -> bool {
        self.gzip
    }

    /// Bytes of the file on disk.
    pub(super) fn stored(&self) -> u64 {
        self.bytes.len() as u64
    }

    /// The first bytes, decompressed; fewer where the file is short or damaged.
    pub(super) fn head(&self) -> Vec<u8> {
        if !self.gzip {
            return self.bytes[..self.bytes.len().min(HEAD)].to_vec();
        }
        let mut head = Vec::with_capacity(HEAD);
        // What a damaged stream yields before its error is all there is to recognise.
        let _ = GzDecoder::new(&self.bytes[..])
            .take(HEAD as u64)
            .read_to_end(&mut head);
        head
    }

    /// Bytes of the decompressed content as the file announces it.
    pub(super) fn announced(&self) -> u64 {
        match self.bytes.last_chunk::<4>() {
            // The trailer of gzip: RFC 1952, section 2.3.1 (ISIZE).
            Some(size) if self.gzip => u64::from(u32::from_le_bytes(*size)),
            _ => self.bytes.len() as u64,
        }
    }

    /// The bytes as they are on disk.
    pub(super) fn into_raw(self) -> Vec<u8> {
        self.bytes
    }

    /// The decompressed content, which must have `expected` bytes.
    pub(super) fn into_exactly(self, expected: u64) -> Result<Vec<u8>, Problem> {
        if !self.gzip {
            check_length(self.bytes.len() as u64, expected)?;
            return Ok(self.bytes);
        }
        inflate_exactly(
            GzDecoder::new(&self.bytes[..]),
            expected,
            self.bytes.len() as u64,
            "gzip",
        )
    }
}

/// Reads a decompressor that works on `stored` bytes and must yield `expected`.
pub(super) fn inflate_exactly(
    decoder: impl Read,
    expected: u64,
    stored: u64,
    format: &'static str,
) -> Result<Vec<u8>, Problem> {
    check_plausible(Some(expected), stored)?;
    memory::check("its content", expected, "store fewer samples")?;
    let mut out = Vec::new();
    // One byte more, to see the end of the stream, where its checksum is verified.
    match decoder.take(expected + 1).read_to_end(&mut out) {
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Err(Problem::Truncated {
            expected,
            found: out.len() as u64,
        }),
        Err(error) => Err(Problem::Malformed {
            format,
            reason: error.to_string(),
        }),
        Ok(_) => check_length(out.len() as u64, expected).map(|()| out),
    }
}

/// Refuses sizes that `stored` bytes cannot hold, however well compressed; `None` overflowed.
pub(super) fn check_plausible(declared: Option<u64>, stored: u64) -> Result<u64, Problem> {
    declared
        .filter(|&declared| declared <= stored.saturating_mul(MAX_INFLATION))
        .ok_or(Problem::Implausible {
            declared: declared.unwrap_or(u64::MAX),
            stored,
        })
}

/// Compares the bytes that are there with those announced.
pub(super) fn check_length(found: u64, expected: u64) -> Result<(), Problem> {
    match found.cmp(&expected) {
        std::cmp::Ordering::Less => Err(Problem::Truncated { expected, found }),
        std::cmp::Ordering::Equal => Ok(()),
        std::cmp::Ordering::Greater => Err(Problem::Excess { expected }),
    }
}
