//! What a price rests on beside counts and figures: number formats, the host, feasibility, batches.

use spikewatt::counts::{
    DenseCounts, DenseLayer, EffectiveMacs, EventCounts, FormatCounts, NumberFormat,
};
use spikewatt::energy::{
    Catalogue, DeviceLimits, Hardware, HostExchange, LargeBatch, PriceOptions, Work, price,
};
use spikewatt::network::{Connectivity, Edge, Node, Pattern, Role, Shape, Topology};
use spikewatt::result::{
    Condition, Feasible, FirstLayer, Measure, Scope, TargetReport, Usage, Workload,
};

fn device(name: &str) -> Hardware {
    let catalogue = Catalogue::shipped().expect("the shipped files are right");
    catalogue.get(name).expect("a shipped device").clone()
}

/// One input held over 8 timesteps, into neurons that spike.
fn counts(macs_once: u64, synops: u64, input_spikes: u64) -> EventCounts {
    let node = |name: &str, neurons, role| Node {
        name: name.into(),
        shape: Shape::vector(neurons),
        role,
    };
    let edge = |source, sources, targets| Edge {
        source,
        target: source + 1,
        connectivity: Connectivity::new(Pattern::Dense {
            sources,
            targets,
            present: None,
        }),
        delay: 0,
    };
    let topology = Topology {
        populations: vec![
            node("input", 100, Role::Input),
            node("hidden", 50, Role::Spiking),
            node("output", 10, Role::Readout),
        ],
        edges: vec![edge(0, 100, 50), edge(1, 50, 10)],
    };
    let mut counts = EventCounts::new(topology, 8);
    counts.samples = 1;
    counts.populations[0].spikes_per_timestep[0] = input_spikes;
    counts.projections[0].macs_once = macs_once;
    counts.projections[0].macs_per_timestep = vec![macs_once; 8];
    counts.projections[1].synops_per_timestep[0] = synops;
    counts
}

fn layer(macs: u64, parameters: u64) -> DenseLayer {
    DenseLayer {
        name: "layer".into(),
        macs,
        parameters,
        inputs: 1000,
        outputs: 1000,
    }
}

/// The LeNet of the example at 8 bits: 1,469,363 additions, 55,834 multiplications of the image once
/// or 446,670 (its 8 timesteps, less rounding) each step, 1,491,264 MACs of which 809,973 of nonzero
/// weight and activation.
#[test]
fn worked_lenet_at_eight_bits() {
    let mut counts = counts(55_834, 1_469_363, 0);
    counts.projections[0].macs_per_timestep = vec![55_834; 8];
    // 446,670 in all: two multiplications of the eighth timestep are of a pixel that is gone.
    counts.projections[0].macs_per_timestep[7] -= 2;
    let dense = DenseCounts {
        layers: vec![layer(1_491_264, 117_000)],
        effective: vec![EffectiveMacs {
            format: NumberFormat::INT8,
            total: 809_973,
            samples: 1,
        }],
        ..DenseCounts::default()
    };
    let work = Work::new(&counts, &dense);
    let nominal = |workload, first_layer| {
        let options = PriceOptions::default().with_first_layer(first_layer);
        let reports = price(&device("arithmetic-45nm"), &work, &options);
        let found = reports
            .iter()
            .find(|r| r.workload == workload && r.format == Some(NumberFormat::INT8));
        found.and_then(|r| r.energy_j).expect("known").nominal * 1e9
    };
    for (workload, first_layer, nanojoules) in [
        (Workload::Snn, FirstLayer::Once, 163.7),
        (Workload::Snn, FirstLayer::EachStep, 280.9),
        (Workload::Qann, FirstLayer::Once, 447.4),
        (Workload::ZeroSkipping, FirstLayer::Once, 243.0),
        // The original multiplies its input once, whatever the spiking network does.
        (Workload::Qann, FirstLayer::EachStep, 447.4),
    ] {
        let found = nominal(workload, first_layer);
        assert!(
            (found / nanojoules - 1.0).abs() < 1e-3,
            "{workload:?} {first_layer:?}: {found} nJ"
        );
    }
}

#[test]
fn each_format_is_priced_with_its_own_counts() {
    let (floats, eight) = (counts(0, 1000, 0), counts(0, 900, 0));
    let others = [FormatCounts {
        format: NumberFormat::INT8,
        counts: eight,
    }];
    let dense = DenseCounts::default();
    let work = Work {
        others: &others,
        ..Work::new(&floats, &dense)
    };
    let synops = |report: &TargetReport| {
        let mut lines = report.lines.iter();
        let found = lines.find(|line| {
            [Some(Measure::Synops), Some(Measure::SynopsDense)].contains(&line.measure)
        });
        found.map(|line| line.count)
    };
    let reports = price(&device("arithmetic-45nm"), &work, &PriceOptions::default());
    for (format, expected) in [(NumberFormat::Fp32, 1000.0), (NumberFormat::INT8, 900.0)] {
        let of = |r: &&TargetReport| r.workload == Workload::Snn && r.format == Some(format);
        let report = reports.iter().find(of).expect("a report of the format");
        assert_eq!(synops(report), Some(expected));
        assert!(report.counted_at_format);
    }
    // Loihi holds 8-bit weights.
    let report = &price(&device("loihi1"), &work, &PriceOptions::default())[0];
    assert_eq!(report.format, Some(NumberFormat::INT8));
    assert_eq!(
        (synops(report), report.counted_at_format),
        (Some(900.0), true)
    );
    // Nothing better than the floats is there: priced, and said to be no evaluation.
    let alone = Work::new(&floats, &dense);
    let report = &price(&device("loihi1"), &alone, &PriceOptions::default())[0];
    assert_eq!(
        (synops(report), report.counted_at_format),
        (Some(1000.0), false)
    );
}

/// Host figures of Loihi: 544 µs a step, 4.74 ms a sample, 65 mW; 96 mW of the chip.
#[test]
fn worked_host_of_loihi() {
    let dense = DenseCounts::default();
    let held = counts(100, 1000, 0);
    let events = counts(0, 1000, 7);
    let chip = device("loihi1");
    let figure = |key: &str| chip.figures[key].value.nominal;
    let (step, sample) = (figure("latency.host_step"), figure("latency.host_sample"));
    let (host_w, chip_w) = (figure("power.host"), figure("power.chip_static"));
    let priced = |counts: &EventCounts, options: &PriceOptions| {
        price(&chip, &Work::new(counts, &dense), options).remove(0)
    };
    let streamed = PriceOptions::default().with_host(HostExchange::Streamed);
    for (counts, exchange) in [(&held, sample), (&events, 8.0 * step + sample)] {
        let alone = priced(counts, &streamed);
        let whole = priced(counts, &PriceOptions::default());
        let chip_s = alone.latency_s.expect("known");
        let latency_s = whole.latency_s.expect("known");
        // A constant input is handed over once; events in each timestep, which then lasts as long.
        let expected = match exchange > sample {
            true => exchange,
            false => chip_s + exchange,
        };
        assert!(
            (latency_s / expected - 1.0).abs() < 1e-9,
            "{latency_s} {expected}"
        );
        let energy = |report: &TargetReport| report.energy_j.expect("known").nominal;
        let host_mac = |report: &TargetReport| -> f64 {
            let lines = report.lines.iter();
            let of = lines.filter(|line| line.figure.as_deref() == Some("energy.host_mac"));
            of.map(|line| line.joules).sum()
        };
        // The host's multiplications are paid by its power.
        assert_eq!(host_mac(&whole), 0.0);
        let added = (latency_s - chip_s) * chip_w + latency_s * host_w - host_mac(&alone);
        let found = energy(&whole) - energy(&alone);
        assert!((found / added - 1.0).abs() < 1e-9, "{found} {added}");
    }
    // What is told wins over the table.
    let told = priced(&held, &PriceOptions::default().with_host_exchange(1e-3));
    assert!((told.latency_s.expect("known") - 8e-3 - sample).abs() < 1e-9);
}

#[test]
fn a_host_that_no_table_states_makes_the_device_unknown() {
    let dense = DenseCounts::default();
    let counts = counts(100, 1000, 0);
    let mut chip = device("loihi1");
    chip.host = None;
    let report = &price(&chip, &Work::new(&counts, &dense), &PriceOptions::default())[0];
    assert_eq!((report.energy_j, report.latency_s), (None, None));
    assert!(
        report.unpriced[0].contains("--host"),
        "{:?}",
        report.unpriced
    );
    assert!(report.scopes.get(Scope::MemoryRouting).energy_j.is_some());
    for key in ["latency.host_sample", "power.host"] {
        let mut chip = device("loihi1");
        chip.figures.remove(key);
        chip.figures.remove("energy.host_mac");
        let report = &price(&chip, &Work::new(&counts, &dense), &PriceOptions::default())[0];
        assert_eq!(report.energy_j, None, "{key}");
        assert!(
            report.unpriced.iter().any(|name| name.contains(key)),
            "{key}"
        );
    }
}

#[test]
fn energies_that_are_all_zero_state_none() {
    let mut chip = device("loihi1");
    for (key, figure) in &mut chip.figures {
        if key.starts_with("energy.") {
            figure.value = figure.value * 0.0;
        }
    }
    let counts = counts(0, 1000, 1);
    let dense = DenseCounts::default();
    let report = &price(&chip, &Work::new(&counts, &dense), &PriceOptions::default())[0];
    assert_eq!(report.energy_j, None);
    for scope in Scope::ALL {
        assert_eq!(report.scopes.get(scope).energy_j, None, "{scope:?}");
    }
    assert!(
        report
            .unpriced
            .iter()
            .any(|name| name.contains("zeros alone"))
    );
}

#[test]
fn limits_of_time_rate_power_and_memory_are_kept() {
    let none = EventCounts::new(
        Topology {
            populations: Vec::new(),
            edges: Vec::new(),
        },
        1,
    );
    let dense = DenseCounts {
        layers: vec![layer(1_000_000, 1_000_000)],
        ..DenseCounts::default()
    };
    let mcu = device("cortex-m4-stm32l4r5");
    let priced = |dense: &DenseCounts, options: &PriceOptions| {
        price(&mcu, &Work::new(&none, dense), options).remove(0)
    };
    let free = priced(&dense, &PriceOptions::default());
    assert_eq!(free.feasible, Feasible::Yes, "{}", free.why);
    let latency_s = free.latency_s.expect("known");
    let power_w = free.energy_j.expect("known").nominal / latency_s;
    let told = |options: PriceOptions| {
        let report = priced(&dense, &options);
        (report.feasible, report.fits, report.why)
    };
    let limited = |latency_s, power_w| {
        PriceOptions::default().with_limits(DeviceLimits { latency_s, power_w })
    };
    for factor in [0.5, 2.0] {
        let expected = if factor < 1.0 {
            Feasible::No
        } else {
            Feasible::Yes
        };
        let late = told(limited(Some(factor * latency_s), None));
        let hot = told(limited(None, Some(factor * power_w)));
        let mut usage = Usage::default();
        usage.period_s = Some(factor * latency_s);
        let slow = told(PriceOptions::default().with_usage(usage));
        for (found, word) in [(late, "latency: "), (hot, "power: "), (slow, "rate: ")] {
            assert_eq!(found.0, expected, "{factor}: {word}");
            assert_eq!(found.1, expected == Feasible::Yes);
            assert_eq!(
                found.2.starts_with(word),
                expected == Feasible::No,
                "{}",
                found.2
            );
        }
    }
    // VGG-16: 138 M weights beside 2 MB of flash.
    let large = DenseCounts {
        layers: vec![layer(15_000_000_000, 138_000_000)],
        ..DenseCounts::default()
    };
    let report = priced(&large, &PriceOptions::default());
    assert_eq!(report.feasible, Feasible::No);
    assert_eq!(report.why, "weights take 138 MB, flash is 2.10 MB");
    // A card that does not state its memory may or may not hold it.
    let mut card = device("a100-sxm-80");
    card.figures.remove("capacity.memory");
    let report = &price(&card, &Work::new(&none, &dense), &PriceOptions::default())[0];
    assert_eq!(report.feasible, Feasible::Unknown);
    assert_eq!(report.why, "capacity.memory");
}

#[test]
fn the_searched_batch_is_the_smallest_on_the_plateau() {
    let none = EventCounts::new(
        Topology {
            populations: Vec::new(),
            edges: Vec::new(),
        },
        1,
    );
    let dense = DenseCounts {
        layers: vec![layer(1_000_000, 100_000); 5],
        ..DenseCounts::default()
    };
    let work = Work::new(&none, &dense);
    for name in ["a100-sxm-80", "jetson-orin-nano-8"] {
        let card = device(name);
        let at = |batch: u64| {
            let options = PriceOptions {
                large_batch: LargeBatch::Of(batch),
                ..PriceOptions::default()
            };
            let reports = price(&card, &work, &options);
            let of = |r: &&TargetReport| r.batch == batch && r.workload == Workload::Ann;
            let report = reports.iter().find(of).expect("this batch");
            report.energy_j.expect("known").nominal
        };
        let reports = price(&card, &work, &PriceOptions::default());
        let of = |r: &&TargetReport| {
            r.condition == Some(Condition::Throughput) && r.workload == Workload::Ann
        };
        let found = reports
            .iter()
            .find(of)
            .expect("a report for throughput")
            .batch;
        let energies = (0..=16).map(|power| at(1 << power));
        let least = energies.fold(f64::INFINITY, f64::min);
        assert!(
            found.is_power_of_two() && at(found) <= 1.05 * least,
            "{name}: {found}"
        );
        assert!(
            at(found / 2) > 1.05 * least,
            "{name}: a smaller one would do"
        );
    }
}
