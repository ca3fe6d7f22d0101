//! Models without a spiking form: the work of each operator, and what conventional devices make of it.
//! The models are those of `tests/fixtures/operators/export.py`.

use assert_cmd::Command;
use serde_json::Value;
use spikewatt::formats::onnx::{InputShapes, OperatorClass, Survey, survey};
use std::path::PathBuf;

fn spikewatt() -> Command {
    Command::cargo_bin("spikewatt").expect("the binary is built with the tests")
}

fn model(name: &str) -> PathBuf {
    let fixtures = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/operators");
    PathBuf::from(fixtures).join(format!("{name}.onnx"))
}

fn surveyed(name: &str, given: &[(&str, &[usize])]) -> Survey {
    let given = given
        .iter()
        .map(|(name, shape)| ((*name).to_owned(), shape.to_vec()));
    survey(&model(name), &given.collect::<InputShapes>()).expect("a model")
}

/// Multiply-accumulates of weights, of two activations, and trained numbers.
fn totals(survey: &Survey) -> (u64, u64, u64) {
    let operators = || survey.operators.iter();
    (
        operators().map(|one| one.macs).sum(),
        operators().map(|one| one.products).sum(),
        operators().map(|one| one.parameters).sum(),
    )
}

#[test]
fn worked_transformer_block() {
    let found = surveyed("block", &[]);
    // 4 tokens · (8·24 + 8·8 + 8·16 + 16·8); 2 heads · 4·4 pairs · 4 numbers, for scores and sums.
    let parameters = 2 * 16 + (8 * 24 + 24) + (8 * 8 + 8) + (8 * 16 + 16) + (16 * 8 + 8);
    assert_eq!(totals(&found), (4 * 512, 2 * 2 * 16 * 4, parameters));
    let of = |class| {
        found
            .operators
            .iter()
            .filter(move |one| one.class == class)
            .count()
    };
    assert_eq!(of(OperatorClass::Product), 2);
    assert_eq!(of(OperatorClass::Linear), 4);
    assert_eq!(of(OperatorClass::Normalization), 2);
    assert_eq!(of(OperatorClass::Softmax), 1);
    assert_eq!(
        found.without_spiking_form().as_deref(),
        Some("2 × LayerNormalization, 1 × Erf")
    );
}

#[test]
fn worked_recurrent_layers_and_tables() {
    let found = surveyed("tagger", &[("ids", &[1, 6])]);
    // 6 words · (2 directions · 4 gates · 4 cells · (3 + 4) + 8·5); weights, 2 · 4·4·2 biases.
    let parameters = 11 * 3 + 2 * (16 * 7 + 32) + 8 * 5 + 5;
    assert_eq!(totals(&found), (6 * (224 + 40), 0, parameters));
    assert_eq!(found.operators[0].class, OperatorClass::Embedding);
    // Twice the words, twice the work.
    assert_eq!(
        totals(&surveyed("tagger", &[("ids", &[1, 12])])).0,
        12 * 264
    );
}

#[test]
fn worked_convolutions_without_their_padding() {
    // Along 8 pixels a kernel of 3 meets 22 that are there; along 4 it meets 10.
    let macs = 22 * 22 * 2 + 10 * 10 * 2 * 4 + 4 * 4 * 4 * 2 * 4 + 8 * 8 * 4;
    let parameters = 20 + 76 + 34 + 5;
    assert_eq!(totals(&surveyed("segmenter", &[])), (macs, 0, parameters));
    // With stride 2 on 6 pixels: 2 + 3 + 3.
    assert_eq!(
        totals(&surveyed("gated", &[])),
        (8 * 8 * 4 + 8 + 8, 0, 40 + 10 + 12)
    );
}

#[test]
fn the_work_of_what_converts_is_that_of_its_conversion() {
    for name in [
        "fmnist_lenet_bn",
        "digits_mlp",
        "fmnist_mlp",
        "keras_fmnist_cnn",
        "cifar_resnet8",
    ] {
        let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("networks/{name}.onnx"));
        let dense = spikewatt::formats::onnx::load(&file)
            .expect(name)
            .ann
            .dense_counts();
        let found = survey(&file, &InputShapes::new()).expect(name);
        assert_eq!(totals(&found).0, dense.macs(), "{name}");
        assert_eq!(found.without_spiking_form(), None, "{name}");
    }
}

#[test]
fn conventional_devices_price_what_has_no_spiking_form() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let output = spikewatt()
        .arg("estimate")
        .arg(model("block"))
        .args(["--rate", "0.1", "-T", "4", "--targets", "all", "--out"])
        .arg(&out)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        said.contains("no spiking form: 2 × LayerNormalization, 1 × Erf"),
        "{said}"
    );
    let answer = String::from_utf8_lossy(&output.stdout);
    assert!(
        answer.contains("=> No comparison: the model has no spiking form."),
        "{answer}"
    );
    let text = std::fs::read_to_string(out.join("summary.json")).unwrap();
    let summary: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(summary["warnings"][0]["code"], "no-spiking-form");
    assert_eq!(summary["model"]["macs"], 2304);
    let targets = summary["targets"].as_array().unwrap();
    assert!(targets.iter().all(|target| target["workload"] != "snn"));
    let has = |class: &str| {
        let of_class = |target: &&Value| target["class"] == class;
        targets
            .iter()
            .filter(of_class)
            .any(|target| !target["energy_j"].is_null())
    };
    for class in [
        "microcontroller",
        "edge-gpu",
        "cpu",
        "datacentre-gpu",
        "circuit",
    ] {
        assert!(has(class), "{class}");
    }
    // 4.6 pJ a multiply-accumulate of 32-bit floats.
    let circuit = targets.iter().find(|target| {
        target["name"] == "arithmetic-45nm"
            && target["format"] == "fp32"
            && target["workload"] == "ann"
    });
    let energy = circuit.unwrap()["scopes"]["compute"]["energy_j"]["nominal"]
        .as_f64()
        .unwrap();
    assert!(
        (energy / (2304.0 * 4.6e-12) - 1.0).abs() < 1e-12,
        "{energy}"
    );
}

#[test]
fn what_cannot_be_counted_is_named() {
    let said = |arguments: &[&str]| {
        let output = spikewatt().args(arguments).output().unwrap();
        assert!(!output.status.success());
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let (loops, tagger) = (model("loop"), model("tagger"));
    let (loops, tagger) = (loops.to_str().unwrap(), tagger.to_str().unwrap());
    let of_loop = said(&["inspect", loops]);
    assert!(of_loop.contains("cannot be counted: 1 × Loop"), "{of_loop}");
    let open = said(&["inspect", tagger]);
    assert!(
        open.contains("\"ids\" leaves axis 1 open; say it with --input-shape ids="),
        "{open}"
    );
    let other = said(&["inspect", tagger, "--input-shape", "words=1x6"]);
    assert!(
        other.contains("no input \"words\"; its inputs are ids"),
        "{other}"
    );
    let axes = said(&["inspect", tagger, "--input-shape", "ids=6"]);
    assert!(axes.contains("has 2 axes, not 1"), "{axes}");
    let words = said(&[
        "estimate",
        tagger,
        "--input-shape",
        "ids=1x0",
        "--rate",
        "0.1",
        "-T",
        "1",
    ]);
    assert!(words.contains("such as ids=1x128"), "{words}");
}
