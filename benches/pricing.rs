//! Pricing saved counts, against simulating again as SANA-FE has to for a new price.
//!
//! ```sh
//! cargo bench --bench pricing
//! ```

use spikewatt::counts::DenseCounts;
use spikewatt::encoding::Encoding;
use spikewatt::energy::{Catalogue, PriceOptions, Work, price};
use spikewatt::engine::Simulator;
use spikewatt::formats::dataset::{self, LoadOptions};
use spikewatt::formats::{onnx, saved_counts};
use spikewatt::{ann::Runtime, conversion};
use std::ops::ControlFlow;
use std::path::Path;
use std::time::{Duration, Instant};

const TIMESTEPS: u32 = 16;
const SAMPLES: usize = 360;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let model = onnx::load(&root.join("networks/digits_mlp.onnx"))?;
    let runtime = Runtime::load("digits", model.bytes, &model.ann.sample_dims)?;
    let mut options = LoadOptions::default();
    options.preprocessing.scale = Some(1.0 / 16.0);
    let load = |name: &str| dataset::load_with(&root.join("data").join(name), &options);
    let train = load("digits-train1k-images-idx3-ubyte.gz")?;
    let test = load("digits-test360-images-idx3-ubyte.gz")?;
    let calibration = conversion::Calibration::measure(&model.ann, &runtime, &train.inputs, 99.9)?;
    let options = conversion::ConversionOptions {
        timesteps: TIMESTEPS,
        use_max: false,
        initial_potential: 0.5,
        max_pool: None,
    };
    let network = conversion::convert(&model.ann, &calibration, &options)?.network;
    let simulator = Simulator::new(&network, TIMESTEPS)?;
    let drive = |i: usize| Encoding::Bernoulli.encode(test.sample(i).to_vec(), TIMESTEPS, 0, i);
    let go = |_: usize| ControlFlow::Continue(());
    let (simulation, simulate) = time(|| simulator.run(SAMPLES, &drive, &go));
    let counts = simulation?.counts;
    let saved = saved_counts::SavedCounts {
        counts,
        dense: DenseCounts::default(),
        report_context: String::new(),
    };
    let bytes = saved_counts::encode(&saved)?;
    let catalogue = Catalogue::shipped()?;
    let loihi = catalogue.get("loihi1")?;
    let mut best = Duration::MAX;
    for _ in 0..20 {
        let bytes = bytes.clone();
        let (priced, elapsed) = time(|| -> Result<_, saved_counts::SavedCountsProblem> {
            let saved = saved_counts::decode(bytes)?;
            let work = Work {
                counts: &saved.counts,
                dense: &saved.dense,
            };
            Ok(price(loihi, &work, &PriceOptions::default()))
        });
        assert!(priced?[0].energy_j.is_some());
        best = best.min(elapsed);
    }
    println!("{SAMPLES} samples of digits, T = {TIMESTEPS}, loihi1");
    println!("simulate once            {simulate:>12.3?}");
    println!("read and price the counts {best:>11.3?}");
    println!(
        "ratio                    {:>10.1} ×",
        simulate.as_secs_f64() / best.as_secs_f64()
    );
    Ok(())
}

fn time<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let result = work();
    (result, start.elapsed())
}
