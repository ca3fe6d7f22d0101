//! Fingerprints of files and tables.

use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// Bytes of a file that are read at once \[B\].
const PIECE: usize = 1 << 20;

/// SHA-256 of some bytes, in lower-case hexadecimal.
///
/// ```
/// assert!(spikewatt::digest::sha256_hex(b"abc").starts_with("ba7816bf"));
/// ```
#[must_use]
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// SHA-256 of a file, read piece by piece, in lower-case hexadecimal.
///
/// # Errors
/// If the file cannot be read.
pub fn sha256_of_file(path: &Path) -> io::Result<String> {
    let mut digest = Sha256::new();
    let mut file = File::open(path)?;
    let mut piece = vec![0; PIECE];
    loop {
        match file.read(&mut piece)? {
            0 => return Ok(hex(&digest.finalize())),
            read => digest.update(&piece[..read]),
        }
    }
}

fn hex(digest: &[u8]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_the_hash_of_its_bytes() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let bytes: Vec<u8> = (0..3 * PIECE + 7).map(|i| i as u8).collect();
        std::fs::write(file.path(), &bytes).unwrap();
        assert_eq!(sha256_of_file(file.path()).unwrap(), sha256_hex(&bytes));
    }
}
