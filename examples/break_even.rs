//! At how many spikes per synapse does a spiking network stop being cheaper? Three published
//! answers beside this program's, from the cost tables as they ship.
//!
//! `cargo run --release --example break_even`; see docs/break_even.md.

use spikewatt::energy::{Catalogue, PriceOptions, Work, price, quantised_bits};
use spikewatt::result::{TargetReport, Workload};
use spikewatt::units::Range;
use spikewatt::validation::CaseNetwork;

/// Spikes per synapse and inference at which a table gives both networks the same energy, over
/// the range of the baseline's figures.
fn break_even(
    catalogue: &Catalogue,
    table: &str,
    timesteps: u32,
    baseline: Workload,
) -> Result<Range, Box<dyn std::error::Error>> {
    const SYNAPSES: u64 = 1_000_000;
    let synops = SYNAPSES;
    let spiking = CaseNetwork::Events { neurons: 1, synops };
    let counts = spiking.spiking(timesteps, 0.0).ok_or("no structure")?;
    let original = CaseNetwork::Aggregate {
        macs: SYNAPSES,
        parameters: SYNAPSES,
        activations: 0,
        kernels: 1,
    };
    let dense = original.dense();
    let work = Work::new(&counts, &dense);
    let reports = price(catalogue.get(table)?, &work, &PriceOptions::default());
    let of = |workload| {
        let found = reports
            .iter()
            .find(|r: &&TargetReport| r.workload == workload);
        let lines = found.map(|report| report.lines.iter().map(|line| line.joules_range).sum());
        lines.ok_or("no such workload")
    };
    // Energy of the spiking network is proportional to its synaptic operations.
    let each: Range = of(Workload::Snn)?;
    let whole: Range = of(baseline)?;
    Ok(whole * (1.0 / each.nominal))
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let catalogue = Catalogue::shipped()?;
    println!("Spikes per synapse and inference at break-even\n");
    let found = break_even(&catalogue, "arithmetic-45nm", 8, Workload::Ann)?;
    println!(
        "  operations alone, fp32 (Horowitz): {:.1}; published 5.1",
        found.nominal
    );

    let Range { low, nominal, high } =
        break_even(&catalogue, "dampfhoffer-45nm", 8, Workload::Qann)?;
    println!(
        "  with memory (Dampfhoffer): {low:.2} to {high:.2}, weights read once {nominal:.2}; published 0.15 to 1.38"
    );

    println!(
        "\nSpikes per neuron and timestep at break-even with the ANN of equal resolution (Yan)\n"
    );
    for (timesteps, published) in [
        (5, "5.7 % (6.4 % in an earlier version)"),
        (6, "7 to 8 % (sparsity above 92 to 93 %)"),
        (17, "3 % (sparsity above 97 % beyond T = 16)"),
    ] {
        let found = break_even(&catalogue, "yan-45nm", timesteps, Workload::Qann)?;
        let rate = found * (100.0 / f64::from(timesteps));
        println!(
            "  T = {timesteps:>2}, {} bits: {:.1} % to {:.1} %; published {published}",
            quantised_bits(timesteps),
            rate.low,
            rate.high
        );
    }

    // VGG-16 on 32 × 32 pixels priced by five published models [pJ].
    let models = [
        ("operations alone", 272.6e6),
        ("Lemaire", 77.2e6),
        ("NeuroMC", 553.4e6),
        ("SpikeSim, dense", 7.85e6),
        ("SpikeSim, event", 1.13e6),
    ];
    let most = models.iter().map(|(_, energy)| *energy).fold(0.0, f64::max);
    let least = models
        .iter()
        .map(|(_, energy)| *energy)
        .fold(f64::INFINITY, f64::min);
    println!(
        "\nFive published models on one network differ by {:.0}x; published 218x to 753x over 28 networks.",
        most / least
    );
    println!("`spikewatt compare RESULT --tables all` prints the same for your counts.");
    Ok(())
}
