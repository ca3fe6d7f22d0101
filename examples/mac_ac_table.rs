//! Reproduces Table 3 of Front. Neurosci. 17:1091097 (2023): an ANN and its spiking counterpart
//! priced by counting operations at 4.6 pJ per MAC and 0.9 pJ per AC, and shows what the printed
//! ratio rests on: the spike rate is multiplied in twice.
//!
//! `cargo run --release --example mac_ac_table` prints it and draws `results/mac_ac_table.svg`:
//! bars are this program's, red marks are printed in the paper.

mod figure;

use figure::{Bar, bars};
use spikewatt::energy::{Catalogue, PriceOptions, Work, price};
use spikewatt::result::{TargetReport, Workload};
use spikewatt::units::si;
use spikewatt::validation::CaseNetwork;

/// Operations of the ANN, and spikes per neuron and timestep of the spiking network, as printed.
const MACS: u64 = 18_390_000;
const RATE: f64 = 0.1366;
/// Printed energies [J].
const PRINTED_ANN_J: f64 = 845.94e-7;
const PRINTED_SNN_J: f64 = 3.09e-7;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let catalogue = Catalogue::shipped()?;
    let table = catalogue.get("arithmetic-45nm")?;
    let energies = |synops: u64| -> Option<(f64, f64)> {
        let spiking = CaseNetwork::Events { neurons: 1, synops };
        let original = CaseNetwork::Aggregate {
            macs: MACS,
            parameters: 120_000,
            activations: 0,
            kernels: 1,
        };
        let counts = spiking.spiking(1, 0.0)?;
        let dense = original.dense();
        let work = Work::new(&counts, &dense);
        let reports = price(table, &work, &PriceOptions::default());
        let of = |workload| {
            let found = reports
                .iter()
                .find(|r: &&TargetReport| r.workload == workload)?;
            found.energy_j.map(|energy| energy.nominal)
        };
        Some((of(Workload::Ann)?, of(Workload::Snn)?))
    };
    let synops = (MACS as f64 * RATE).round();
    let once = energies(synops as u64).ok_or("the table lacks a figure")?;
    let twice = energies((synops * RATE).round() as u64).ok_or("the table lacks a figure")?;
    println!("{:<44} {:>10} {:>10} {:>8}", "", "ANN", "SNN", "ratio");
    for (name, (ann, snn)) in [
        ("printed", (PRINTED_ANN_J, PRINTED_SNN_J)),
        ("the same formula: ACs times the rate again", twice),
        ("each spike counted once", once),
    ] {
        println!(
            "{name:<44} {:>10} {:>10} {:>8.1}",
            si(ann, "J"),
            si(snn, "J"),
            ann / snn
        );
    }
    println!("\nArithmetic only: no memory, no control, no static power on either side.");
    std::fs::create_dir_all("results")?;
    let bar = |label: &str, value: f64, mark: Option<f64>| Bar {
        label: label.into(),
        value,
        mark,
    };
    let drawn = [
        bar("ANN", once.0, Some(PRINTED_ANN_J)),
        bar("SNN, rate twice", twice.1, Some(PRINTED_SNN_J)),
        bar("SNN, rate once", once.1, None),
    ];
    let title = "Operations at 4.6 pJ per MAC and 0.9 pJ per AC (red: printed)";
    std::fs::write("results/mac_ac_table.svg", bars(title, "J", &drawn))?;
    Ok(())
}
