//! A sweep against `spikewatt run` once per point: what sharing imports, answers of the original,
//! placements and simulations saves.
//!
//!     cargo bench --bench sweep                              # examples/anytime.toml, every 13th point
//!     cargo bench --bench sweep -- examples/sweep.toml
//!     cargo bench --bench sweep -- 1 simulation.timesteps=4  # every point of a part of it
//!
//! The points that are run one by one are a regular sample of the plan; their mean stands for all.
//! Beside the time on the clock stands that of the processors, which other programs disturb less.

#![allow(clippy::print_stdout)]

use spikewatt::energy::Catalogue;
use spikewatt::sweep::{Plan, Shard, Sweep};
use std::ops::ControlFlow;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

/// The sweep unless another is named.
const SWEEP: &str = "examples/anytime.toml";

/// Of how many points one is run on its own: no axis has a divisor of it, so that all values come.
const STRIDE: usize = 13;

/// Units of processor time in `/proc`.
/// Source: proc(5), sysconf(_SC_CLK_TCK), which is 100 for every Linux program.
const TICKS_PER_S: f64 = 100.0;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // cargo passes --bench.
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    arguments.retain(|argument| !argument.starts_with("--"));
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let is_file = |argument: &&String| argument.ends_with(".toml") && !argument.contains('=');
    let file = arguments.first().filter(is_file).cloned();
    arguments.drain(..usize::from(file.is_some()));
    let file = root.join(file.as_deref().unwrap_or(SWEEP));
    let stride = arguments.first().and_then(|first| first.parse().ok());
    arguments.drain(..usize::from(stride.is_some()));
    let stride: usize = stride.unwrap_or(STRIDE).max(1);
    let sweep = Sweep::load(&file, &arguments)?;
    let catalogue = Catalogue::shipped()?;
    let folder = tempfile::tempdir()?;

    let before = Clock::now();
    let plan = Plan::new(&sweep, &catalogue)?;
    let done = spikewatt::sweep::run(
        &plan,
        &catalogue,
        &folder.path().join("sweep"),
        Shard::WHOLE,
        &|_, _| ControlFlow::Continue(()),
    )?;
    let sweep = before.until_now();
    let points = plan.points.len() as f64;
    println!(
        "sweep: {points} points in {} simulations, {} failed: {:.1} s, {:.3} s a point{}",
        done.simulations,
        done.failed,
        sweep.clock_s,
        sweep.clock_s / points,
        processor(sweep.processor_s),
    );

    let chosen: Vec<_> = plan.points.iter().step_by(stride).collect();
    let before = Clock::now();
    for point in &chosen {
        let file = folder.path().join(format!("{}.toml", point.id));
        std::fs::write(&file, toml::to_string(&point.experiment)?)?;
        let status = Command::new(env!("CARGO_BIN_EXE_spikewatt"))
            .args(["run", "--quiet"])
            .arg(&file)
            .arg("--out")
            .arg(folder.path().join(&point.id))
            .stdout(Stdio::null())
            .status()?;
        if !status.success() {
            return Err(format!("point {} failed: {status}", point.position).into());
        }
    }
    let share = points / chosen.len() as f64;
    let runs = before.until_now();
    println!(
        "run:   {} of them one by one, {:.3} s a point, {:.1} s for all{}",
        chosen.len(),
        runs.clock_s / chosen.len() as f64,
        runs.clock_s * share,
        processor(runs.processor_s.map(|s| s * share)),
    );
    println!(
        "the sweep is {:.1} times as fast{}",
        runs.clock_s * share / sweep.clock_s,
        match (runs.processor_s, sweep.processor_s) {
            (Some(runs), Some(sweep)) =>
                format!(", in processor time {:.1} times", runs * share / sweep),
            _ => String::new(),
        }
    );
    Ok(())
}

fn processor(seconds: Option<f64>) -> String {
    seconds.map_or(String::new(), |s| format!(", processors {s:.1} s"))
}

/// Seconds on the clock, and of the processors for this program and its children that ended.
struct Clock {
    started: Instant,
    processor_s: Option<f64>,
}

struct Elapsed {
    clock_s: f64,
    processor_s: Option<f64>,
}

impl Clock {
    fn now() -> Self {
        Clock {
            started: Instant::now(),
            processor_s: processor_s(),
        }
    }

    fn until_now(&self) -> Elapsed {
        Elapsed {
            clock_s: self.started.elapsed().as_secs_f64(),
            processor_s: processor_s().zip(self.processor_s).map(|(a, b)| a - b),
        }
    }
}

/// `None` where there is no `/proc`. Source: proc(5), fields utime, stime, cutime and cstime.
fn processor_s() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The name of the program may hold spaces, but nothing behind it a bracket.
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = fields.get(11..15)?.iter().map(|field| field.parse::<f64>());
    Some(ticks.sum::<Result<f64, _>>().ok()? / TICKS_PER_S)
}
