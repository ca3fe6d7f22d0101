//! Reproduces the table of Blouw et al., Benchmarking keyword spotting efficiency on neuromorphic
//! hardware (NICE 2019): dynamic energy per inference of one network on five devices at batch 1,
//! measured beside modelled.
//!
//! `cargo run --release --example keyword_spotting` prints it and draws
//! `results/keyword_spotting.svg`: bars are modelled, red marks are measured.

mod figure;

use figure::{Bar, bars};
use spikewatt::energy::Catalogue;
use spikewatt::units::si;
use spikewatt::validation::{MeasuredQuantity, validate};

/// Title, device, experiment and point.
const DEVICES: [(&str, &str, &str, &str); 5] = [
    ("GPU (Quadro K4000)", "quadro-k4000", "kws_gpu", "batch 1"),
    ("CPU (Xeon E5-2630)", "xeon-e5-2630", "kws_cpu", "batch 1"),
    ("Jetson TX1", "jetson-tx1", "kws_jetson_tx1", "batch 1"),
    ("Movidius NCS", "ncs1", "kws_movidius", "batch 1"),
    ("Loihi", "loihi1", "kws_base_loihi", "base"),
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let catalogue = Catalogue::shipped()?;
    println!(
        "{:<22} {:>10} {:>10} {:>24} {:>6}",
        "device", "measured", "modelled", "[low – high]", "ratio"
    );
    let mut drawn = Vec::new();
    for (title, device, case, point) in DEVICES {
        let found = validate(&catalogue, Some(device))?;
        let row = found.iter().flat_map(|found| &found.rows).find(|row| {
            row.case == case && row.point == point && row.quantity == MeasuredQuantity::DynamicJ
        });
        let Some((row, predicted)) = row.and_then(|row| Some((row, row.predicted?))) else {
            return Err(format!("{device}: no prediction of {case} {point}").into());
        };
        let range = format!("[{} – {}]", si(predicted.low, "J"), si(predicted.high, "J"));
        println!(
            "{title:<22} {:>10} {:>10} {range:>24} {:>6.2}",
            si(row.measured, "J"),
            si(predicted.nominal, "J"),
            predicted.nominal / row.measured
        );
        drawn.push(Bar {
            label: title.into(),
            value: predicted.nominal,
            mark: Some(row.measured),
        });
    }
    println!(
        "\nConventional devices: after a fit to the same logs (spikewatt hardware validate).\n\
         Loihi: rates assumed, nothing fitted; measured above the idle power after the run. Above\n\
         that before boot, as printed in the paper, the same run is 0.27 mJ."
    );
    std::fs::create_dir_all("results")?;
    let title = "Keyword spotting, dynamic energy per inference at batch 1 (red: measured)";
    std::fs::write("results/keyword_spotting.svg", bars(title, "J", &drawn))?;
    Ok(())
}
