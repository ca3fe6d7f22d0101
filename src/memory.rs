//! How much memory the program may take, asked before it is taken.
//!
//! The limit belongs to the process, like the memory: it is set once, by whoever starts the work.
//! Checks compare what is about to be allocated, on top of what is in use, with the limit; a
//! machine that swaps helps nobody, and a cluster kills without a message.

use std::fmt;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// Share of the memory available at the start that is taken unless somebody says otherwise.
const SHARE: f64 = 0.8;

/// 0: not set.
static LIMIT: AtomicU64 = AtomicU64::new(0);

/// More memory than allowed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{what} needs {} beside what is in use, {} are allowed in all; {advice}, or raise --memory-limit",
    Size(*.needed_bytes), Size(*.limit_bytes)
)]
#[non_exhaustive]
pub struct MemoryError {
    /// What would be allocated.
    pub what: String,
    /// How much that is \[B\]; `u64::MAX` where it cannot even be counted.
    pub needed_bytes: u64,
    /// The limit \[B\].
    pub limit_bytes: u64,
    /// What to do instead.
    pub advice: &'static str,
}

/// Sets the limit of this process \[B\].
pub fn set_limit(bytes: u64) {
    LIMIT.store(bytes.max(1), Ordering::Relaxed);
}

/// The limit of this process \[B\]: as set, or 80 % of what the machine or the control group had
/// available when it was first asked for; `u64::MAX` where the system does not tell.
#[must_use]
pub fn limit_bytes() -> u64 {
    static AVAILABLE: OnceLock<u64> = OnceLock::new();
    match LIMIT.load(Ordering::Relaxed) {
        0 => *AVAILABLE.get_or_init(|| match available_bytes() {
            Some(bytes) => (bytes as f64 * SHARE) as u64,
            None => u64::MAX,
        }),
        set => set,
    }
}

/// Refuses `what` if its `needed_bytes`, on top of the memory in use, exceed the limit.
///
/// # Errors
/// With both numbers and `advice`.
pub fn check(
    what: impl fmt::Display,
    needed_bytes: u64,
    advice: &'static str,
) -> Result<(), MemoryError> {
    // Small things need no look at the system.
    const SMALL: u64 = 16 << 20;
    let limit_bytes = limit_bytes();
    if needed_bytes <= SMALL.min(limit_bytes / 4) {
        return Ok(());
    }
    let in_use = resident_bytes().unwrap_or(0);
    if needed_bytes <= limit_bytes.saturating_sub(in_use) {
        return Ok(());
    }
    Err(MemoryError {
        what: what.to_string(),
        needed_bytes,
        limit_bytes,
        advice,
    })
}

/// `count` things of `each` bytes; `u64::MAX` where that cannot be counted.
#[must_use]
pub fn bytes_of(count: usize, each: usize) -> u64 {
    (count as u64).saturating_mul(each as u64)
}

/// A number of bytes as users write it: `8GB`, `512 MiB`, `1000000`.
///
/// # Errors
/// If it is none.
pub fn parse_size(text: &str) -> Result<u64, String> {
    const UNITS: [(&str, u64); 9] = [
        ("", 1),
        ("b", 1),
        ("kb", 1000),
        ("mb", 1_000_000),
        ("gb", 1_000_000_000),
        ("tb", 1_000_000_000_000),
        ("mib", 1 << 20),
        ("gib", 1 << 30),
        ("tib", 1 << 40),
    ];
    let lower = text.trim().to_lowercase();
    let digits = lower.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = &lower[digits.len()..];
    let unit = UNITS.iter().find(|(name, _)| *name == unit);
    let number = digits.trim_end().parse::<f64>().ok();
    match (number, unit) {
        (Some(number), Some((_, bytes))) if number * *bytes as f64 >= 1.0 => {
            Ok((number * *bytes as f64) as u64)
        }
        _ => Err("it is a size such as 8GB, 512MiB or 1000000000".to_owned()),
    }
}

/// Bytes in words.
struct Size(u64);

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            u64::MAX => write!(f, "more than there is anywhere"),
            bytes if bytes < 10_000_000 => write!(f, "{:.0} kB", (bytes as f64 / 1e3).ceil()),
            bytes if bytes < 10_000_000_000 => write!(f, "{:.0} MB", bytes as f64 / 1e6),
            bytes => write!(f, "{:.0} GB", bytes as f64 / 1e9),
        }
    }
}

/// Memory that the machine can still give \[B\], less if the control group allows less.
///
/// Sources: proc_meminfo(5), `MemAvailable`; Linux kernel, Control Group v2, `memory.max`.
fn available_bytes() -> Option<u64> {
    let meminfo = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = meminfo.lines().find(|l| l.starts_with("MemAvailable:"))?;
    let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    let group = std::fs::read_to_string("/sys/fs/cgroup/memory.max").ok();
    let group: Option<u64> = group.and_then(|text| text.trim().parse().ok());
    Some(group.unwrap_or(u64::MAX).min(kib.saturating_mul(1024)))
}

/// Memory in use by this process \[B\]. Source: proc_pid_status(5), `VmRSS`.
fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib.saturating_mul(1024))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn worked_sizes() {
        for (text, bytes) in [
            ("8GB", 8_000_000_000),
            ("512 MiB", 512 << 20),
            ("1000000", 1_000_000),
            ("1.5kb", 1500),
            (" 2 TiB ", 2 << 40),
        ] {
            assert_eq!(parse_size(text), Ok(bytes), "{text}");
        }
        for bad in [
            "", "GB", "-1GB", "0", "8 PB", "eight", "NaN", "1e400x", "0.1b",
        ] {
            assert!(parse_size(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_no_machine_has_is_refused_with_both_numbers() {
        check("nothing", 0, "").unwrap();
        let error = check("the network", bytes_of(usize::MAX, 8), "make it smaller");
        let error = error.unwrap_err();
        assert_eq!(error.needed_bytes, u64::MAX);
        let text = error.to_string();
        assert!(
            text.starts_with("the network needs more than there is anywhere "),
            "{text}"
        );
        assert!(text.ends_with("make it smaller, or raise --memory-limit"));
    }
}
