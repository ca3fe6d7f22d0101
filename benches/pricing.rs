//! Pricing saved counts, against simulating again as SANA-FE has to for a new price.
//!
//! ```sh
//! cargo bench --bench pricing
//! ```
//!
//! Runs the shipped experiments, saves their counts, and prices the saved bytes on one target, then
//! through every cost table: reading the file, placement, packets and hops are in the time.

use spikewatt::energy::{Catalogue, Hardware, PriceOptions, Work, compare, price};
use spikewatt::experiment::{ConvertedExperiment, Imported};
use spikewatt::formats::saved_counts::{self, SavedCounts};
use std::error::Error;
use std::hint::black_box;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::{Duration, Instant};

const REPEATS: usize = 5;

fn main() -> Result<(), Box<dyn Error>> {
    let catalogue = Catalogue::shipped()?;
    for name in ["digits.toml", "fashion_mnist.toml"] {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let experiment = ConvertedExperiment::load(&root.join("examples").join(name), &[])?;
        report(&experiment, &catalogue)?;
    }
    Ok(())
}

fn report(experiment: &ConvertedExperiment, catalogue: &Catalogue) -> Result<(), Box<dyn Error>> {
    let go = |_| ControlFlow::Continue(());
    let simulated = Imported::load(experiment, &go)?.simulate(experiment, &go)?;
    let simulate = Duration::from_secs_f64(simulated.simulate_s);
    let samples = simulated.counts.samples;
    let timesteps = simulated.counts.timesteps;
    let model = &simulated.context.model.path;
    println!("{model}: {samples} samples, T = {timesteps}");
    let bytes = saved_counts::encode(&SavedCounts {
        counts: simulated.counts,
        others: Vec::new(),
        dense: simulated.dense,
        report_context: serde_json::to_string(&simulated.context)?,
    })?;

    let against = |what: &str, elapsed: Duration| {
        let ratio = simulate.as_secs_f64() / elapsed.as_secs_f64();
        println!("  {what:<44} {elapsed:>10.2?}  {ratio:>8.1} times faster");
    };
    println!("  {:<44} {simulate:>10.2?}", "simulate once");
    let loihi = catalogue.get("loihi1")?;
    let read = || saved_counts::decode(bytes.clone());
    let one = least(|| read().map(|saved| priced(loihi, &saved)))?;
    against("read the counts and price loihi1", one);

    let saved = read()?;
    let mut slowest = (Duration::ZERO, "");
    for device in catalogue.devices() {
        let elapsed = least(|| -> Result<(), Box<dyn Error>> {
            priced(device, &saved);
            Ok(())
        })?;
        slowest = slowest.max((elapsed, &device.name));
    }
    let (elapsed, name) = slowest;
    against(&format!("the slowest of all tables, {name}"), elapsed);

    let tables: Vec<&Hardware> = catalogue.devices().collect();
    let all = least(|| {
        read().map(|saved| {
            let (work, options) = (work(&saved), PriceOptions::default());
            black_box(compare(&tables, &work, &options));
        })
    })?;
    against(&format!("read and price all {} tables", tables.len()), all);
    Ok(())
}

fn work(saved: &SavedCounts) -> Work<'_> {
    Work::new(&saved.counts, &saved.dense)
}

fn priced(device: &Hardware, saved: &SavedCounts) {
    black_box(price(device, &work(saved), &PriceOptions::default()));
}

/// The least time of a few attempts.
fn least<E>(mut attempt: impl FnMut() -> Result<(), E>) -> Result<Duration, E> {
    let mut best = Duration::MAX;
    for _ in 0..REPEATS {
        let start = Instant::now();
        attempt()?;
        best = best.min(start.elapsed());
    }
    Ok(best)
}
