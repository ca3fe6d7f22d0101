//! Counts without a simulation, and the verb that prices them.

use assert_cmd::Command;
use serde_json::Value;
use spikewatt::counts::{AssumedRates, DenseCounts, EventCounts};
use spikewatt::encoding::Drive;
use spikewatt::engine::{Simulator, SpikeTrain};
use spikewatt::experiment::assumed_counts;
use spikewatt::formats::shapes;
use spikewatt::network::{
    Axis, Connectivity, Convolution, Network, Pattern, Population, Projection, Role, Shape,
    Weights, Window,
};
use spikewatt::neuron::{IntegrateFire, Neuron, Reset, ThresholdTest};
use std::ops::ControlFlow;
use std::path::Path;

const TIMESTEPS: u32 = 6;

/// Two convolutions with borders, strides and groups, a dense layer and a readout, in which every
/// neuron fires whenever anything arrives.
fn network(bias: f32) -> Network {
    let firing = |shape: Shape| {
        Neuron::IntegrateFire(IntegrateFire {
            threshold: vec![0.25; shape.neurons()],
            initial: 0.5,
            reset: Reset::Subtract,
            test: ThresholdTest::AtLeast,
            signed: false,
        })
    };
    let axis = |stride| Axis {
        pad_before: 1,
        pad_after: 1,
        ..Axis::new(3, stride)
    };
    let convolved = |source: usize, input: Shape, output: Shape, stride, groups| {
        let convolution = Convolution {
            input,
            output,
            window: Window {
                vertical: axis(stride),
                horizontal: axis(stride),
            },
            groups,
        };
        let pattern = Pattern::Convolution {
            convolution,
            present: None,
        };
        Projection::new(
            source,
            source + 1,
            Connectivity::new(pattern),
            Weights::Uniform(1.0),
        )
    };
    let dense = |source, sources, targets| {
        let pattern = Pattern::Dense {
            sources,
            targets,
            present: None,
        };
        Projection::new(
            source,
            source + 1,
            Connectivity::new(pattern),
            Weights::Uniform(1.0),
        )
    };
    let (image, maps, small) = (
        Shape::maps(2, 7, 7),
        Shape::maps(4, 7, 7),
        Shape::maps(4, 4, 4),
    );
    let mut populations = vec![
        Population::new("image", image, Neuron::Input),
        Population::new("conv1", maps, firing(maps)),
        Population::new("conv2", small, firing(small)),
        Population::new("fc", Shape::vector(9), firing(Shape::vector(9))),
        Population::new("out", Shape::vector(3), Neuron::Integrator),
    ];
    for population in &mut populations[1..] {
        population.bias = vec![bias; population.shape.neurons()];
    }
    Network {
        name: "firing".into(),
        populations,
        projections: vec![
            convolved(0, image, maps, 1, 2),
            convolved(1, maps, small, 2, 4),
            dense(2, small.neurons(), 9),
            dense(3, 9, 3),
        ],
    }
}

fn simulated(network: &Network, drive: &Drive) -> EventCounts {
    let simulator = Simulator::new(network, TIMESTEPS).unwrap();
    let drive =
        |_: usize| -> Result<Drive, spikewatt::encoding::EncodingError> { Ok(drive.clone()) };
    simulator
        .run(3, &drive, &|_| ControlFlow::Continue(()))
        .unwrap()
        .counts
}

fn every_input_spikes(inputs: u32) -> Drive {
    let mut train = SpikeTrain::new();
    for _ in 0..TIMESTEPS {
        (0..inputs).for_each(|input| train.push(input));
        train.end_timestep();
    }
    Drive::Spikes(train)
}

/// Every count of both, per inference.
fn assert_same(simulated: &EventCounts, assumed: &EventCounts) {
    let scaled = |values: &[u64], samples: u64| -> Vec<f64> {
        let values = values.iter();
        values.map(|&v| v as f64 / samples as f64).collect()
    };
    let same = |a: &[u64], b: &[u64], what: &str| {
        assert_eq!(
            scaled(a, simulated.samples),
            scaled(b, assumed.samples),
            "{what}"
        );
    };
    for (index, node) in simulated.topology.populations.iter().enumerate() {
        let (a, b) = (&simulated.populations[index], &assumed.populations[index]);
        let name = &node.name;
        same(&a.spikes, &b.spikes, name);
        same(&a.touched, &b.touched, name);
        same(&a.spikes_per_timestep, &b.spikes_per_timestep, name);
        same(&a.touched_per_timestep, &b.touched_per_timestep, name);
        same(&a.active_per_timestep, &b.active_per_timestep, name);
    }
    for (a, b) in simulated.projections.iter().zip(&assumed.projections) {
        same(&a.synops_per_timestep, &b.synops_per_timestep, "synops");
        same(&a.macs_per_timestep, &b.macs_per_timestep, "macs");
        same(&[a.macs_once], &[b.macs_once], "macs once");
    }
}

#[test]
fn reference_all_ones_raster_counts_as_the_simulator_does() {
    let network = network(0.0);
    let inputs = network.populations[0].shape.neurons() as u32;
    let rates = AssumedRates {
        input_rate: Some(1.0),
        ..AssumedRates::uniform(1.0)
    };
    let assumed = assumed_counts(&network, TIMESTEPS, &rates);
    assert_same(&simulated(&network, &every_input_spikes(inputs)), &assumed);
    // All neurons but the readouts fire in each timestep.
    let nodes = assumed.topology.placed();
    let readouts = nodes.filter(|(_, node)| node.role == Role::Readout);
    let readouts: u64 = readouts.map(|(_, node)| node.shape.neurons() as u64).sum();
    let neurons = assumed.topology.neurons();
    assert!(readouts > 0);
    let rate = (neurons - readouts) as f64 / neurons as f64;
    assert_eq!(assumed.mean_rate(), Some(rate));
}

#[test]
fn reference_constant_input_counts_macs_as_the_simulator_does() {
    let network = network(0.125);
    let inputs = network.populations[0].shape.neurons();
    let rates = AssumedRates::uniform(1.0);
    let assumed = assumed_counts(&network, TIMESTEPS, &rates);
    let drive = Drive::Constant(vec![0.75; inputs]);
    assert_same(&simulated(&network, &drive), &assumed);
}

#[test]
fn closed_form_silence_leaves_nothing_but_neurons() {
    let rates = AssumedRates {
        input_rate: Some(0.0),
        ..AssumedRates::uniform(0.0)
    };
    let counts = assumed_counts(&network(0.0), TIMESTEPS, &rates);
    for index in 0..counts.populations.len() {
        let figures = counts.per_inference(index);
        assert_eq!(
            (figures.spikes, figures.synops, figures.active_updates),
            (0.0, 0.0, 0.0)
        );
    }
}

#[test]
fn closed_form_rates_scale_what_is_counted_per_spike() {
    let network = network(0.0);
    let inputs = network.populations[0].shape.neurons() as u32;
    let counts = simulated(&network, &every_input_spikes(inputs));
    let half = counts.at_rate(500);
    let same = counts.at_rate(EventCounts::RATE_PARTS);
    for index in 0..counts.populations.len() {
        let (full, half) = (counts.per_inference(index), half.per_inference(index));
        assert_eq!(full, same.per_inference(index));
        let on_chip = index > 0;
        let factor = if on_chip { 0.5 } else { 1.0 };
        assert!((half.spikes - factor * full.spikes).abs() < 1e-9);
        // What the first layer receives comes from the input.
        let factor = if index > 1 { 0.5 } else { 1.0 };
        assert!((half.synops - factor * full.synops).abs() < 1e-9);
    }
    let twice = counts.doubled();
    let (one, two) = (counts.per_inference(3), twice.per_inference(3));
    assert_eq!(two.synops, 2.0 * one.synops);
    assert_eq!(two.neuron_updates, 2.0 * one.neuron_updates);
}

fn spikewatt() -> Command {
    Command::cargo_bin("spikewatt").expect("the binary is built with the tests")
}

/// `estimate` of the digits network at a rate of 0.1 over 8 timesteps, unless flags say otherwise.
fn estimate(flags: &[&str]) -> Value {
    let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("networks/digits_mlp.onnx");
    let output = spikewatt()
        .arg("estimate")
        .arg(model)
        .args(["--rate", "0.1", "-T", "8", "--format", "json", "--quiet"])
        .args(flags)
        .assert()
        .success();
    serde_json::from_slice(&output.get_output().stdout).unwrap()
}

fn number(value: &Value, pointer: &str) -> f64 {
    value
        .pointer(pointer)
        .and_then(Value::as_f64)
        .unwrap_or_else(|| panic!("{pointer}"))
}

#[test]
fn worked_estimate_of_a_small_network() {
    let report = estimate(&["--targets", "loihi1,arithmetic-45nm"]);
    // 64 constant inputs, 32 and 16 neurons, 10 outputs.
    assert_eq!(
        number(&report, "/totals/macs_per_inference"),
        64.0 * 32.0 * 8.0
    );
    assert_eq!(number(&report, "/totals/macs_once_per_inference"), 2048.0);
    let spikes = 0.1 * 8.0 * (32.0 + 16.0);
    assert!((number(&report, "/totals/spikes_per_inference") - spikes).abs() < 1e-5);
    let synops = 0.1 * 8.0 * (32.0 * 16.0 + 16.0 * 10.0);
    assert!((number(&report, "/totals/synops_per_inference") - synops).abs() < 1e-4);
    assert_eq!(report["samples"], 0);
    assert!(report["accuracy"].is_null());
    let curve = &report["rate_curves"][0];
    // Of all 58 neurons the 48 that spike do so at 0.1; the ten outputs are read by potential.
    let rate = spikes / ((32.0 + 16.0 + 10.0) * 8.0);
    assert!((number(curve, "/rate") - rate).abs() < 1e-6);
    assert_eq!(
        number(&report, "/totals/neuron_updates_per_inference"),
        58.0 * 8.0
    );
    assert!(curve["points"].as_array().unwrap().len() > 10);
    // One AC of 0.9 pJ against one MAC of 4.6 pJ, beside the MACs of the first layer, which both sides
    // multiply once: 8 · rate · 0.9 = 4.6, less than one spike in each timestep.
    let crossover = report["crossovers"]
        .as_array()
        .unwrap()
        .iter()
        .find(|c| c["baseline"] == "arithmetic-45nm" && c["workload"] == "ann")
        .unwrap();
    assert_eq!(crossover["scope"], "compute");
    let rate = number(crossover, "/rate/at");
    // Of 58 neurons 48 spike, and the rate counts all of them.
    assert!(
        (rate / (4.6 / (8.0 * 0.9) * 48.0 / 58.0) - 1.0).abs() < 1e-3,
        "{rate}"
    );
}

/// Each flag against what it must change.
#[test]
fn every_flag_of_estimate_has_an_effect() {
    let base = estimate(&["--targets", "loihi1,rtx-3090"]);
    let with = |flags: &[&str]| estimate(&[&["--targets", "loihi1,rtx-3090"], flags].concat());
    let energy = |report: &Value| number(report, "/targets/0/energy_j/nominal");

    assert_eq!(base["targets"].as_array().unwrap().len(), 5);
    assert_eq!(
        estimate(&["--targets", "loihi1"])["targets"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    assert!(energy(&with(&["--rate", "0.2"])) > energy(&base));
    assert!(energy(&with(&["--timesteps", "9"])) > energy(&base));
    let spiking = with(&["--input-rate", "0.5"]);
    assert_eq!(number(&spiking, "/totals/macs_per_inference"), 0.0);
    assert!(
        number(&spiking, "/totals/synops_per_inference")
            > number(&base, "/totals/synops_per_inference")
    );
    let batches = |report: &Value| -> Vec<u64> {
        let targets = report["targets"].as_array().unwrap();
        targets.iter().filter_map(|t| t["batch"].as_u64()).collect()
    };
    // Searched: a power of two where one asks for throughput.
    let searched = batches(&base).into_iter().max().unwrap();
    assert!(searched > 64 && searched.is_power_of_two(), "{searched}");
    assert!(batches(&with(&["--large-batch", "7"])).contains(&7));
    assert_eq!(with(&["--seed", "3"])["seed"], 3);

    let temp = tempfile::tempdir().unwrap();
    let out = temp.path().join("out");
    with(&["--out", out.to_str().unwrap()]);
    for file in [
        "summary.json",
        "crossover.svg",
        "crossover.png",
        "manifest.json",
    ] {
        assert!(out.join(file).exists(), "{file}");
    }
    let refused = spikewatt()
        .args([
            "estimate",
            "networks/digits_mlp.onnx",
            "--rate",
            "0.1",
            "-T",
            "8",
            "--out",
        ])
        .arg(temp.path())
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .assert();
    refused.failure();
    with(&["--out", out.to_str().unwrap(), "--force"]);

    let table = temp.path().join("mine.toml");
    std::fs::write(
        &table,
        "name = \"Mine\"\ninherits = \"loihi1\"\nbasis = \"test\"\n[source]\nme = \"Me\"\n[energy]\n\
         spike = { typ = 1.0, unit = \"nJ\", source = \"me\", confidence = \"memory\" }\n",
    )
    .unwrap();
    let mine = estimate(&[
        "--hardware-file",
        table.to_str().unwrap(),
        "--targets",
        "mine",
    ]);
    assert_eq!(mine["targets"][0]["name"], "mine");

    for (wrong, word) in [
        (["--rate", "1.5"], "0 to 1"),
        (["--timesteps", "0"], "timesteps"),
    ] {
        let assert = spikewatt()
            .args([
                "estimate",
                "networks/digits_mlp.onnx",
                "--rate",
                "0.1",
                "-T",
                "8",
            ])
            .args(wrong)
            .assert()
            .code(2);
        let told = String::from_utf8_lossy(&assert.get_output().stderr).into_owned();
        assert!(told.contains(word), "{told}");
    }
}

fn estimate_of(model: &Path, flags: &[&str]) -> Value {
    let output = spikewatt()
        .arg("estimate")
        .arg(model)
        .args(["--rate", "0.1", "-T", "8", "--format", "json", "--quiet"])
        .args(flags)
        .assert()
        .success();
    serde_json::from_slice(&output.get_output().stdout).unwrap()
}

fn targets(report: &Value) -> &[Value] {
    report["targets"].as_array().expect("a list")
}

/// Published sizes: parameters, and MACs without those of padding, which papers count.
#[test]
fn reference_shapes_have_the_published_sizes() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (file, parameters, macs) in [
        ("vgg16", 138_357_544.0, 15.47e9),
        ("resnet50", 25.5e6, 4.09e9),
        ("gpt2_token", 123.6e6, 123.5e6),
    ] {
        let text = std::fs::read_to_string(root.join(format!("examples/shapes/{file}.toml")));
        let network = shapes::parse(&text.unwrap(), file).unwrap();
        let dense = DenseCounts::of_structure(&network.topology);
        let (have, share) = (dense.parameters() as f64, dense.macs() as f64 / macs);
        assert!((have / parameters - 1.0).abs() < 0.003, "{file}: {have}");
        // At most 4.5 % of the windows' taps lie on padding.
        assert!((0.955..=1.003).contains(&share), "{file}: {share}");
    }
}

#[test]
fn networks_are_estimated_from_shapes_alone() {
    let temp = tempfile::tempdir().unwrap();
    let file = temp.path().join("digits.toml");
    let text =
        "input = [64]\n[[block]]\nlayers = [{ dense = 32 }, { dense = 16 }, { dense = 10 }]\n";
    std::fs::write(&file, text).unwrap();
    let flags = ["--targets", "loihi1,arithmetic-45nm,rtx-3090"];
    let (shapes, model) = (estimate_of(&file, &flags), estimate(&flags));
    // The same network as the trained one, so the same counts and prices.
    assert_eq!(shapes["totals"], model["totals"]);
    for (shapes, model) in targets(&shapes).iter().zip(targets(&model)) {
        for key in ["energy_j", "lines", "latency_s", "workload"] {
            assert_eq!(shapes[key], model[key], "{key}");
        }
    }
    assert_eq!(shapes["model"]["macs"], 64 * 32 + 32 * 16 + 16 * 10);
    assert_eq!(shapes["model"]["sha256"].as_str().unwrap().len(), 64);

    std::fs::write(&file, "input = [64]\n[[block]]\nlayers = [{ }]\n").unwrap();
    let refused = spikewatt()
        .args(["estimate", "--rate", "0.1", "-T", "8"])
        .arg(&file)
        .assert();
    refused
        .code(1)
        .stderr(predicates::str::contains("digits.toml: block 1, layer 1"));
}

#[test]
fn spiking_networks_are_estimated_without_running() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let native = root.join("examples/brunel2000.toml");
    let report = estimate_of(&native, &["--targets", "loihi1,rtx-3090"]);
    // It has cycles: nothing conventional does the same in one evaluation.
    assert!(report["model"]["macs"].is_null());
    assert!(
        report["targets"][0]["energy_j"]["nominal"]
            .as_f64()
            .unwrap()
            > 0.0
    );
    assert!(report["targets"][1]["energy_j"].is_null());

    let temp = tempfile::tempdir().unwrap();
    let converted = temp.path().join("converted");
    spikewatt()
        .args(["convert", "examples/digits.toml", "--quiet", "--out"])
        .arg(&converted)
        .current_dir(root)
        .assert()
        .success();
    let nir = std::fs::read_dir(&converted)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.extension().is_some_and(|extension| extension == "nir"))
        .expect("convert writes NIR");
    let report = estimate_of(&nir, &["--targets", "loihi1,rtx-3090"]);
    assert_eq!(report["model"]["macs"], 64 * 32 + 32 * 16 + 16 * 10);
    let spikes = 0.1 * 8.0 * (32.0 + 16.0);
    let found = number(&report, "/totals/spikes_per_inference");
    assert!((found / spikes - 1.0).abs() < 0.3, "{found}");
    assert!(
        report["targets"][1]["energy_j"]["nominal"]
            .as_f64()
            .unwrap()
            > 0.0
    );
}

/// The flags that every pricing verb shares, each against what it must change.
#[test]
fn every_flag_of_use_has_an_effect() {
    let with = |flags: &[&str]| estimate(&[&["--targets", "loihi1"], flags].concat());
    let base = with(&[]);
    let at = |report: &Value, key: &str| number(report, &format!("/targets/0/{key}"));
    let kwh = "footprint/per_million/energy_kwh/nominal";

    let grid = with(&["--grid", "FRA"]);
    let ratio = at(&grid, "carbon_g/nominal") / at(&base, "carbon_g/nominal");
    assert!((ratio - 56.039 / 481.0).abs() < 1e-9);
    let pue = with(&["--pue", "2"]);
    assert!((at(&pue, kwh) / at(&base, kwh) - 2.0).abs() < 1e-9);
    let priced = with(&["--price-per-kwh", "0.25"]);
    let cost = at(&priced, "footprint/per_million/cost/nominal");
    assert!((cost - 0.25 * at(&base, kwh)).abs() < 1e-12 * cost);
    assert!(base["targets"][0]["footprint"]["per_million"]["cost"].is_null());

    let slow = with(&["--inferences-per-second", "10"]);
    assert!(at(&slow, "energy_j/nominal") > 10.0 * at(&base, "energy_j/nominal"));
    // 96 mW for the whole period, and the host's power while it works.
    let lines = slow["targets"][0]["lines"].as_array().unwrap().iter();
    let of_host = lines.filter(|line| line["measure"] == "seconds_of_host");
    let host: f64 = of_host.map(|line| line["joules"].as_f64().unwrap()).sum();
    assert!(host > 0.0);
    assert!((at(&slow, "static_j") - 0.0096 - host).abs() < 1e-9);
    assert_eq!(slow["targets"], with(&["--period", "0.1"])["targets"]);
    let year = at(&slow, "footprint/per_year/energy_kwh/nominal");
    assert!(
        (0.84..0.88).contains(&year),
        "96 mW for 8760 h, not {year} kWh"
    );

    let embodied = with(&["--embodied", "loihi1=0.9", "--period", "0.1"]);
    assert!(at(&embodied, "footprint/per_million/embodied_g/nominal") > 0.0);
    assert!(base["targets"][0]["footprint"]["per_million"]["embodied_g"].is_null());

    let drawn = with(&["--monte-carlo", "50", "--seed", "1"]);
    let q = |report: &Value, key: &str| number(report, &format!("/distributions/0/scopes/2/{key}"));
    assert!(q(&drawn, "q05") < q(&drawn, "q95"));
    assert!(base["distributions"].as_array().unwrap().is_empty());
    let low = at(&base, "energy_j/low");
    let high = at(&base, "energy_j/high");
    assert!(low <= q(&drawn, "q05") && q(&drawn, "q95") <= high);
    let again = with(&["--monte-carlo", "50", "--seed", "1", "--threads", "1"]);
    assert_eq!(drawn["distributions"], again["distributions"]);
    let other = with(&["--monte-carlo", "50", "--seed", "2"]);
    assert_ne!(drawn["distributions"], other["distributions"]);
    let together = with(&["--monte-carlo", "50", "--seed", "1", "--correlated"]);
    assert_ne!(drawn["distributions"], together["distributions"]);

    for wrong in [
        ["--grid", "atlantis"],
        ["--pue", "0.5"],
        ["--period", "0"],
        ["--price-per-kwh", "nan"],
        ["--embodied", "loihi1"],
    ] {
        spikewatt()
            .args([
                "estimate",
                "networks/digits_mlp.onnx",
                "--rate",
                "0.1",
                "-T",
                "8",
            ])
            .args(wrong)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .assert()
            .failure();
    }
}

/// A run that is counted, its rates as a table, and an estimate from the table.
#[test]
fn rates_layer_by_layer_give_the_counts_of_the_run_that_has_them() {
    let folder = tempfile::tempdir().unwrap();
    let (run, table) = (folder.path().join("run"), folder.path().join("rates.csv"));
    let at = |arguments: &[&str]| {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let output = spikewatt()
            .current_dir(root)
            .args(arguments)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        (
            output.status.success(),
            String::from_utf8(output.stdout).unwrap(),
            said,
        )
    };
    let path = |path: &Path| path.to_str().unwrap().to_owned();
    let (run_path, table_path) = (path(&run), path(&table));
    let targets = ["--targets", "loihi1,arithmetic-45nm"];
    let digits = "examples/digits.toml";
    let arguments = [
        "run",
        digits,
        "--samples",
        "20",
        "--timesteps",
        "8",
        "--out",
        &run_path,
    ];
    assert!(at(&[&arguments[..], &targets].concat()).0);
    let (_, rates, _) = at(&["counts", "template", &run_path]);
    let head = rates.lines().next().unwrap();
    assert_eq!(head, "layer,role,neurons,synapses_in,rate");
    std::fs::write(&table, &rates).unwrap();
    let out = path(&folder.path().join("estimate"));
    let model = "networks/digits_mlp.onnx";
    let estimated = [
        "estimate",
        model,
        "--rates",
        &table_path,
        "-T",
        "8",
        "--out",
        &out,
    ];
    let (done, _, said) = at(&[&estimated[..], &targets].concat());
    assert!(done, "{said}");
    let summary = |folder: &str| -> Value {
        let text = std::fs::read_to_string(Path::new(folder).join("summary.json")).unwrap();
        serde_json::from_str(&text).unwrap()
    };
    let (ran, estimate) = (summary(&run_path), summary(&out));
    for (have, wanted) in (estimate["populations"].as_array().unwrap().iter())
        .zip(ran["populations"].as_array().unwrap())
    {
        assert_eq!(have["name"], wanted["name"]);
        let of = |one: &Value, key: &str| one[key].as_f64().unwrap();
        let (spikes, expected) = (
            of(have, "spikes_per_inference"),
            of(wanted, "spikes_per_inference"),
        );
        assert!((spikes - expected).abs() <= 1e-5 * expected, "{have}");
        // Layers are dense: each spike passes as many synapses as any other, none of them zero.
        let (synops, expected) = (
            of(have, "synops_per_inference"),
            of(wanted, "synops_per_inference"),
        );
        assert!((synops - expected).abs() <= 1e-5 * expected, "{have}");
    }
    // The template of the model has the same rows, to be filled in.
    let (_, empty, _) = at(&["counts", "template", model]);
    let rows = |table: &str| -> Vec<Vec<String>> {
        let lines = table
            .lines()
            .map(|line| line.split(',').map(str::to_owned).collect());
        lines.collect()
    };
    for (filled, empty) in rows(&rates).iter().zip(rows(&empty)) {
        assert_eq!(filled[..4], empty[..4]);
        assert!(empty[4].is_empty() || empty[4] == "rate");
    }
    // What is missing or strange is named.
    let with = |table: &str| {
        std::fs::write(&table_path, table).unwrap();
        let (done, _, said) = at(&estimated);
        assert!(!done);
        said
    };
    let layer = rows(&rates)[2][0].clone();
    let missing = with(&format!("layer,rate\n{layer},0.1\n"));
    assert!(
        missing.contains("no rate for ") && !missing.contains(&format!("for {layer}")),
        "{missing}"
    );
    assert!(with("layer,rate\nnone,0.1\n").contains("no layer \"none\" spikes; there are "));
    assert!(with(&format!("layer,rate\n{layer},1.5\n")).contains("1.5 is no rate"));
    assert!(with(&format!("layer,rate\n{layer},high\n")).contains("\"high\" is no rate"));
    assert!(with("name,rate\nx,0.1\n").contains("no column \"layer\""));
    assert!(with(&format!("layer,rate\n{layer},0.1\n{layer},0.1\n")).contains("two rows"));
}
