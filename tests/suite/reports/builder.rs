//! A report made by hand. Every total is the sum of its receipt's lines.

use spikewatt::network::Role;
use spikewatt::result::Usage;
use spikewatt::result::{
    Accuracy, Basis, Bill, Condition, DeviceClass, Evaluation, Evidence, Feasible, Footprints,
    Line, Measure, ModelReport, NumberFormat, Part, PopulationReport, Profile, RateCurve,
    RatePoint, Report, Scope, Scopes, Sensitivity, Setup, Swing, TargetReport, Terms, Timing,
    Totals, Workload,
};
use spikewatt::units::Range;

/// A dynamic line with costs of ±`spread` around nominal.
pub fn line(event: &str, count: f64, joules_each: f64, spread: f64) -> Line {
    let joules = count * joules_each;
    Line {
        event: event.into(),
        measure: Some(Measure::Synops),
        count,
        joules_each,
        joules,
        joules_range: Range::new(joules * (1.0 - spread), joules, joules * (1.0 + spread)),
        part: Part::Dynamic,
        bill: Bill::EVENT,
        figure: None,
        source: format!("Table of {event} (2018)"),
        unverified: false,
    }
}

/// A line for idle power [W] during a latency [s].
pub fn idle(latency_s: f64, power_w: f64) -> Line {
    Line {
        part: Part::Static,
        bill: Bill::SYSTEM,
        measure: Some(Measure::SecondsRunning),
        ..line("idle power", latency_s, power_w, 0.0)
    }
}

pub fn unverified(mut line: Line) -> Line {
    line.unverified = true;
    line
}

/// A device-scope target whose totals follow from its lines.
pub fn target(name: &str, workload: Workload, lines: Vec<Line>) -> TargetReport {
    let energy_j: Range = lines.iter().map(|l| l.joules_range).sum();
    let sum = |part: Part| {
        lines
            .iter()
            .filter(|l| l.part == part)
            .fold(0.0, |sum, l| sum + l.joules)
    };
    let latency_s = lines
        .iter()
        .find(|l| l.part == Part::Static)
        .map(|l| l.count);
    TargetReport {
        name: name.into(),
        title: format!("Device {name}"),
        kind: "neuromorphic".into(),
        class: Some(match workload {
            Workload::Snn => DeviceClass::Neuromorphic,
            Workload::Qann => DeviceClass::Microcontroller,
            _ => DeviceClass::DatacentreGpu,
        }),
        chip: name.into(),
        basis: Some(Basis::Literature),
        workload,
        format: Some(NumberFormat::INT8),
        counted_at_format: true,
        condition: Some(Condition::Streaming),
        feasible: Feasible::Yes,
        why: String::new(),
        evidence: Evidence::Modelled,
        scope: Scope::System,
        fits: true,
        exceeded: Vec::new(),
        chips: 1,
        cores: None,
        batch: 1,
        latency_s,
        throughput_per_s: latency_s.map(f64::recip),
        energy_j: Some(energy_j),
        scopes: Scopes::of(&lines, Scope::System, &[]),
        dynamic_j: Some(sum(Part::Dynamic)),
        static_j: Some(sum(Part::Static)),
        edp_js: latency_s.map(|s| s * energy_j.nominal),
        carbon_g: Some(energy_j * (481.0 / 3.6e6)),
        duty_cycle: None,
        footprint: Footprints::default(),
        lines,
        unpriced: Vec::new(),
        notes: Vec::new(),
        model_error: None,
    }
}

pub fn arithmetic(name: &str, workload: Workload, mut lines: Vec<Line>) -> TargetReport {
    for line in &mut lines {
        line.bill = Bill::COMPUTE;
    }
    TargetReport {
        scope: Scope::Compute,
        scopes: Scopes::of(&lines, Scope::Compute, &[]),
        kind: "accelerator".into(),
        class: Some(DeviceClass::Circuit),
        format: Some(NumberFormat::Fp32),
        ..target(name, workload, lines)
    }
}

pub fn unfit(mut target: TargetReport, limit: &str) -> TargetReport {
    target.fits = false;
    target.feasible = Feasible::No;
    target.why = limit.into();
    target.exceeded = vec![limit.into()];
    target
}

pub fn unknown(mut target: TargetReport, figure: &str) -> TargetReport {
    target.energy_j = None;
    target.scopes = Scopes::of(
        &target.lines,
        target.scope,
        &[(Scope::Compute, figure.into())],
    );
    target.dynamic_j = None;
    target.static_j = None;
    target.edp_js = None;
    target.carbon_g = None;
    target.unpriced = vec![figure.into()];
    target
}

/// 10,000 samples: the original has 9,891 right, the spiking network 9,870, at either format.
fn evaluations() -> Vec<Evaluation> {
    let labels = vec![0; 10_000];
    let wrong = |from: usize, to: usize| {
        let mut answers = labels.clone();
        answers[from..to].fill(1);
        answers
    };
    let original = wrong(0, 109);
    let spiking = wrong(0, 130);
    [NumberFormat::Fp32, NumberFormat::INT8]
        .into_iter()
        .flat_map(|format| {
            [
                (Workload::Snn, &spiking),
                (Workload::Ann, &original),
                (Workload::Qann, &original),
            ]
            .map(|(workload, answers)| {
                Evaluation::of(workload, format, answers, Some(&labels), Some(&original))
            })
        })
        .collect()
}

/// A small network with the given targets: 1000 analog inputs' MACs into `conv1`, then 2000
/// SynOps through 5000 synapses.
pub fn report(targets: Vec<TargetReport>) -> Report {
    let population = |name: &str, neurons: u64, synapses: u64, rate: f64, synops, macs| {
        // Inputs are no neurons.
        let role = match name {
            "input" => Role::Input,
            _ => Role::Spiking,
        };
        let updates = if role == Role::Input {
            0.0
        } else {
            neurons as f64 * 32.0
        };
        PopulationReport {
            name: name.into(),
            role: Some(role),
            shape: vec![neurons as usize],
            neurons,
            synapses,
            spikes_per_inference: rate * updates,
            negative_spikes_per_inference: 0.0,
            rate,
            synops_per_inference: synops,
            macs_per_inference: macs,
            macs_once_per_inference: macs / 32.0,
            neuron_updates_per_inference: updates,
            touched_updates_per_inference: updates / 2.0,
        }
    };
    let populations = vec![
        population("input", 64, 0, 0.0, 0.0, 0.0),
        population("conv1", 200, 1000, 0.0625, 0.0, 32_000.0),
        population("fc", 10, 5000, 0.025, 2000.0, 0.0),
    ];
    let sum = |f: fn(&PopulationReport) -> f64| populations.iter().map(f).sum();
    let totals = Totals {
        spikes_per_inference: sum(|p| p.spikes_per_inference),
        negative_spikes_per_inference: 0.0,
        synops_per_inference: sum(|p| p.synops_per_inference),
        macs_per_inference: sum(|p| p.macs_per_inference),
        macs_once_per_inference: sum(|p| p.macs_once_per_inference),
        neuron_updates_per_inference: sum(|p| p.neuron_updates_per_inference),
        touched_updates_per_inference: sum(|p| p.touched_updates_per_inference),
    };
    Report {
        schema: "spikewatt.run/2".into(),
        version: "0.1.0".into(),
        neurobench: None,
        kernels: Vec::new(),
        model: ModelReport {
            path: "models/lenet.onnx".into(),
            sha256: "ab".repeat(32),
            parameters: 61_706,
            macs: Some(416_520),
            baseline: None,
        },
        setup: Setup {
            data: "mnist-t10k.gz".into(),
            data_sha256: "cd".repeat(32),
            calibration: Some("mnist-train1k.gz".into()),
            calibration_samples: 1000,
            encoding: "constant".into(),
            normalization: "percentile 99.9".into(),
            max_pool: None,
            thresholds: vec![("conv1".into(), 1.25), ("fc".into(), 2.5)],
            preset: None,
            notes: vec!["bn1 was folded into conv1".into()],
        },
        samples: 10_000,
        timesteps: 32,
        seed: 42,
        accuracy: Some(Accuracy {
            ann: Some(0.9891),
            qann: None,
            pann: None,
            snn: 0.987,
            agreement: Some(0.994),
            snn_per_timestep: vec![0.1, 0.987],
        }),
        evaluations: evaluations(),
        terms: Some(Terms::default()),
        verdict: Vec::new(),
        warnings: Vec::new(),
        quantised_bits: 6,
        populations,
        totals,
        grid: (481.0, "Ember, world 2023".into()),
        usage: Usage::default(),
        targets,
        rate_curves: Vec::new(),
        profile: Profile::default(),
        crossovers: Vec::new(),
        sensitivities: Vec::new(),
        distributions: Vec::new(),
        monte_carlo: None,
        timing: Timing {
            simulate_s: 1.25,
            synops_per_s: 1.5e8,
        },
    }
}

/// One target of each kind: verified, unverified, unknown, not fitting, batched, two scopes.
pub fn full() -> Report {
    let mut gpu = target(
        "gpu-x",
        Workload::Ann,
        vec![
            line("MAC", 416_520.0, 2e-11, 0.5),
            line("DRAM byte", 246_824.0, 8e-11, 0.3),
            idle(4e-5, 60.0),
        ],
    );
    gpu.kind = "gpu".into();
    let mut batched = gpu.clone();
    batched.name = "gpu-x-b64".into();
    batched.title = "Device gpu-x, batch 64".into();
    batched.batch = 64;
    batched.condition = Some(Condition::Throughput);
    batched.lines[2] = idle(2e-6, 60.0);
    batched.energy_j = Some(batched.lines.iter().map(|l| l.joules_range).sum());
    batched.scopes = Scopes::of(&batched.lines, Scope::System, &[]);
    batched.static_j = Some(1.2e-4);
    batched.latency_s = Some(1.28e-4);
    let mut chip = target(
        "loihi1",
        Workload::Snn,
        vec![
            line("spike through a synapse", 2000.0, 2.36e-11, 0.4),
            unverified(line("neuron update", 8768.0, 5.2e-11, 0.2)),
            idle(3.2e-4, 0.03),
        ],
    );
    chip.cores = Some(3);
    chip.notes = vec!["barrier sync once per timestep".into()];
    let mut several = target(
        "chip-b",
        Workload::Snn,
        vec![
            line("spike through a synapse", 2000.0, 2e-9, 0.9),
            idle(1e-3, 0.2),
        ],
    );
    several.chips = 12;
    several.notes = chip.notes.clone();
    report(vec![
        gpu,
        batched,
        chip,
        several,
        unfit(
            target(
                "tiny-chip",
                Workload::Snn,
                vec![line("SynOp", 2000.0, 1e-12, 0.1)],
            ),
            "neurons: 274 of 256",
        ),
        unknown(
            target("new-chip", Workload::Snn, vec![]),
            "energy of a spike through a synapse",
        ),
        unknown(
            {
                let mut mcu = target("mcu", Workload::Qann, vec![]);
                mcu.kind = "edge".into();
                mcu
            },
            "idle power",
        ),
        arithmetic(
            "45nm-fp32",
            Workload::Snn,
            vec![
                line("SynOp", 2000.0, 9e-13, 0.0),
                line("MAC", 32_000.0, 4.6e-12, 0.0),
            ],
        ),
        arithmetic(
            "45nm-fp32",
            Workload::Ann,
            vec![line("MAC", 416_520.0, 4.6e-12, 0.1)],
        ),
        TargetReport {
            format: Some(NumberFormat::INT8),
            ..arithmetic(
                "45nm-int8",
                Workload::Qann,
                vec![line("MAC", 416_520.0, 2.3e-13, 0.2)],
            )
        },
    ])
}

/// The report of [`full`] with curves, sensitivities and another use: everything a run adds.
pub fn analysed() -> Report {
    let mut report = full();
    let point = |rate: f64| RatePoint {
        rate,
        synops_per_inference: Some(4e4 * rate),
        energy_j: [2e-7, 1e-6, 1e-5].map(|least| {
            let energy = least * (0.5 + 10.0 * rate);
            Some(Range::new(energy / 2.0, energy, energy * 2.0))
        }),
    };
    report.rate_curves = ["loihi1", "45nm-fp32"]
        .map(|target| RateCurve {
            target: target.into(),
            format: None,
            rate: 0.0465,
            points: [0.0, 0.001, 0.01, 0.0465, 0.2, 0.8].map(point).into(),
            per_timestep_j: [Some(1e-8); 3],
        })
        .into();
    let swing = |figure: &str, at_low_j, at_high_j, confidence: &str| Swing {
        figure: figure.into(),
        written: Range::new(1.0, 2.0, 4.0),
        unit: "pJ".into(),
        at_low_j,
        at_high_j,
        confidence: confidence.into(),
        unverified: confidence == "unverified",
    };
    report.sensitivities = vec![Sensitivity {
        target: "loihi1".into(),
        workload: Workload::Snn,
        format: Some(NumberFormat::INT8),
        batch: 1,
        scope: Scope::System,
        nominal_j: 1.01e-5,
        swings: vec![
            swing("power.chip_static", 4e-6, 1.1e-5, "verified"),
            swing("energy.synop_dense", 1.0e-5, 1.03e-5, "unverified"),
        ],
    }];
    report.usage.price_per_kwh = Some(0.3);
    report.usage.period_s = Some(0.01);
    report.usage.embodied_kg.insert("loihi1".into(), 0.9);
    report.crossovers = Scope::ALL
        .into_iter()
        .flat_map(|scope| report.crossings(scope))
        .collect();
    let usage = report.usage.clone();
    for target in &mut report.targets {
        target.footprint = usage.footprints(target);
    }
    report
}
