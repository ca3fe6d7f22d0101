//! What the benches share: clocks, limits of the machine, and random feed-forward networks.

#![allow(dead_code)] // No bench uses all of it.

pub mod feed_forward;
pub mod limits;
pub mod models;

use cpu_time::ThreadTime;

/// Whether a row's name contains what was asked for on the command line, if anything was.
pub fn wanted(name: &str) -> bool {
    let mut words = std::env::args().skip(1).filter(|a| !a.starts_with("--"));
    words.next().is_none_or(|word| name.contains(&word))
}

/// The value in the middle.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Median of CPU seconds of this thread over several runs, after one that warms up.
pub fn seconds(mut work: impl FnMut()) -> f64 {
    work();
    median(
        (0..5)
            .map(|_| {
                let start = ThreadTime::now();
                work();
                start.elapsed().as_secs_f64()
            })
            .collect(),
    )
}

/// Most memory that this process has had at any time [MB]; not a number where the system does not
/// say.
pub fn peak_mb() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<f64>().ok())
        .map_or(f64::NAN, |kib| kib * 1024.0 / 1e6)
}
