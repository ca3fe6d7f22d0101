//! A sweep against `spikewatt run` once per point: what sharing imports, answers of the original,
//! placements and simulations saves.
//!
//!     cargo bench --bench sweep                              # examples/sweep.toml, every 12th point
//!     cargo bench --bench sweep -- 1 simulation.timesteps=4  # every point of a part of it
//!
//! The points that are run one by one are a regular sample of the plan; their mean stands for all.

#![allow(clippy::print_stdout)]

use spikewatt::energy::Catalogue;
use spikewatt::sweep::{Plan, Shard, Sweep};
use std::ops::ControlFlow;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

/// Of how many points one is run on its own.
const STRIDE: usize = 12;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // cargo passes --bench.
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    arguments.retain(|argument| !argument.starts_with("--"));
    let stride = match arguments.first().map(|first| first.parse::<usize>()) {
        Some(Ok(stride)) => {
            arguments.remove(0);
            stride.max(1)
        }
        _ => STRIDE,
    };
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let sweep = Sweep::load(&root.join("examples/sweep.toml"), &arguments)?;
    let catalogue = Catalogue::shipped()?;
    let folder = tempfile::tempdir()?;

    let started = Instant::now();
    let plan = Plan::new(&sweep, &catalogue)?;
    let done = spikewatt::sweep::run(
        &plan,
        &catalogue,
        &folder.path().join("sweep"),
        Shard::WHOLE,
        &|_, _| ControlFlow::Continue(()),
    )?;
    let sweep_s = started.elapsed().as_secs_f64();
    let points = plan.points.len();
    println!(
        "sweep: {points} points, {} failed, {sweep_s:.1} s, {:.3} s a point",
        done.failed,
        sweep_s / points as f64
    );

    let chosen: Vec<_> = plan.points.iter().step_by(stride).collect();
    let started = Instant::now();
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
    let each_s = started.elapsed().as_secs_f64() / chosen.len() as f64;
    println!(
        "run:   {} of them one by one, {each_s:.3} s a point; the sweep is {:.1} times as fast",
        chosen.len(),
        each_s * points as f64 / sweep_s
    );
    Ok(())
}
