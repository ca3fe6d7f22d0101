//! What `report` and `pareto` write is what a paper takes: fonts are embedded, tables compile, data
//! frames read the tables. Tools that are not installed are named and skipped.

use assert_cmd::Command;
use std::path::{Path, PathBuf};

fn spikewatt() -> Command {
    let mut command = Command::cargo_bin("spikewatt").expect("the program is built");
    command.current_dir(env!("CARGO_MANIFEST_DIR"));
    command
}

/// Runs a tool; `None`, and a word about it, if it is not installed.
fn tool(folder: &Path, name: &str, arguments: &[&str]) -> Option<String> {
    let output = std::process::Command::new(name)
        .args(arguments)
        .current_dir(folder)
        .stdin(std::process::Stdio::null())
        .output();
    let Ok(output) = output else {
        eprintln!("SKIPPED: {name} is not installed");
        return None;
    };
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{name} {arguments:?}: {text}\n{errors}"
    );
    Some(text)
}

/// The report of a small result, and the front of a small sweep, in one folder.
fn paper(folder: &Path) -> PathBuf {
    let out = folder.join("out");
    spikewatt()
        .args([
            "run",
            "examples/digits.toml",
            "--quiet",
            "--samples",
            "20",
            "--out",
        ])
        .arg(&out)
        .assert()
        .success();
    // A network of its own: any recording beside a result will do.
    spikewatt()
        .args(["simulate", "examples/brunel2000.toml", "--quiet"])
        .args(["--timesteps", "300", "--record"])
        .arg(out.join("spikes.npz"))
        .assert()
        .success();
    let output = spikewatt()
        .args(["report", "--format", "json"])
        .arg(&out)
        .assert()
        .success();
    let report: serde_json::Value =
        serde_json::from_slice(&output.get_output().stdout).expect("json");
    assert!(report["files"].as_array().expect("list").len() > 60);

    let sweep = folder.join("sweep.toml");
    let root = env!("CARGO_MANIFEST_DIR");
    let text = format!(
        "experiment = \"{root}/examples/digits.toml\"\n[parameters]\n\
         \"simulation.timesteps\" = [2, 8]\n\"data.samples\" = 20\n"
    );
    std::fs::write(&sweep, text).expect("writable");
    let swept = folder.join("swept");
    for verb in [vec!["sweep", "run"], vec!["pareto"]] {
        let mut command = spikewatt();
        command.args(&verb).arg("--quiet");
        if verb.len() == 2 {
            command.arg(&sweep).arg("--out");
        }
        command.arg(&swept).assert().success();
    }
    let paper = out.join("paper");
    for name in [
        "front.tex",
        "front.csv",
        "points.csv",
        "points.parquet",
        "candidates.csv",
        "candidates.parquet",
        "pareto.pdf",
        "pareto-column.pdf",
    ] {
        std::fs::copy(swept.join(name), paper.join(name)).expect("written");
    }
    paper
}

fn files(folder: &Path, extension: &str) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| {
            entry
                .expect("readable")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .filter(|name| name.ends_with(extension))
        .collect();
    names.sort();
    names
}

#[test]
fn property_layers_and_timesteps_add_up_to_the_price() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("out");
    let mut command = spikewatt();
    command.args(["run", "examples/digits.toml", "--quiet", "--samples", "20"]);
    command.args([
        "--targets",
        "loihi1,loihi1-davies2018,arithmetic-45nm",
        "--out",
    ]);
    command.arg(&out).assert().success();
    let summary = std::fs::read(out.join("summary.json")).expect("written");
    let summary: serde_json::Value = serde_json::from_slice(&summary).expect("json");
    let list = |value: &serde_json::Value| value.as_array().expect("a list").clone();
    let number = |value: &serde_json::Value| value.as_f64().expect("a number");
    let near = |a: f64, b: f64| (a - b).abs() <= 1e-9 * b.abs();
    let targets = list(&summary["targets"]);
    let spiking = |name: &serde_json::Value| {
        let is = |t: &&serde_json::Value| t["name"] == *name && t["workload"] == "snn";
        targets.iter().find(is).expect("a spiking target")
    };
    let bills = list(&summary["profile"]["layers"]);
    assert_eq!(bills.len(), 3);
    for bill in &bills {
        let layers: Vec<f64> = list(&bill["layers"])
            .iter()
            .map(|l| number(&l[1]))
            .collect();
        let sum: f64 = layers.iter().sum();
        let total = sum + number(&bill["common_j"]) + number(&bill["static_j"]);
        let target = spiking(&bill["target"]);
        assert!(
            near(total, number(&target["energy_j"]["nominal"])),
            "{bill}"
        );
        let static_j = target["static_j"].as_f64().unwrap_or(0.0);
        assert!(near(number(&bill["static_j"]), static_j), "{bill}");
        // Every dynamic line of these tables belongs to layers.
        assert!(number(&bill["common_j"]) < 1e-6 * total, "{bill}");
        assert!(layers[1..].iter().all(|joules| *joules > 0.0), "{bill}");
    }
    for curve in list(&summary["profile"]["timesteps"]) {
        let target = spiking(&curve["target"]);
        // In the widest scope that the table covers.
        let widest = |point: &serde_json::Value| {
            let known = list(&point["energy_j"]);
            known.iter().rev().find_map(|e| e["nominal"].as_f64())
        };
        let points = list(&curve["points"]);
        let nominal: Vec<f64> = points.iter().filter_map(widest).collect();
        assert!(nominal.is_sorted() && nominal.len() > 1, "{curve}");
        let total = number(&target["energy_j"]["nominal"]);
        assert!(near(nominal[nominal.len() - 1], total), "{curve}");
    }
}

#[test]
fn property_roofs_are_those_of_the_prices() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("out");
    let mut command = spikewatt();
    command.args(["run", "examples/digits.toml", "--quiet", "--samples", "5"]);
    command.args(["--targets", "a100-sxm-80,xeon-8480,loihi1", "--out"]);
    command.arg(&out).assert().success();
    let summary = std::fs::read(out.join("summary.json")).expect("written");
    let summary: serde_json::Value = serde_json::from_slice(&summary).expect("json");
    let list = |value: &serde_json::Value| value.as_array().expect("a list").clone();
    let number = |value: &serde_json::Value| value.as_f64().expect("a number");
    let targets = list(&summary["targets"]);
    let conventional = targets.iter().filter(|t| t["workload"] != "snn").count();
    let roofs = list(&summary["profile"]["roofs"]);
    assert_eq!((roofs.len(), conventional), (8, 8));
    for roof in &roofs {
        let same = |t: &&serde_json::Value| {
            let keys = ["workload", "batch"];
            t["name"] == roof["target"] && keys.iter().all(|key| t[key] == roof[key])
        };
        let target = targets.iter().find(same).expect("the target of the roof");
        let (batch, time_s) = (number(&roof["batch"]), number(&roof["time_s"]));
        let latency_s = number(&target["latency_s"]);
        assert!(
            (batch * time_s - latency_s).abs() <= 1e-12 * latency_s,
            "{roof}"
        );
        // 64 × 32 + 32 × 16 + 16 × 10 MACs, 2 operations each.
        assert_eq!(number(&roof["operations"]), 2.0 * 2720.0);
        // Weights and biases once per batch, activations in and out of each layer.
        let values = (2720.0 + 58.0) / batch + (64 + 32 + 32 + 16 + 16 + 10) as f64;
        let bytes = if roof["workload"] == "ann" { 4.0 } else { 1.0 } * values;
        assert!(
            (number(&roof["bytes"]) - bytes).abs() < 1e-9 * bytes,
            "{roof}"
        );
        let reached = number(&roof["operations"]) / time_s;
        let memory = number(&roof["memory_bytes_per_s"]) * number(&roof["operations"]) / bytes;
        assert!(
            reached < number(&roof["compute_ops_per_s"]).min(memory),
            "{roof}"
        );
    }
}

#[test]
fn property_a_raster_of_many_spikes_is_a_small_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let recording = folder.path().join("many.npz");
    spikewatt()
        .args([
            "simulate",
            "examples/brunel2000.toml",
            "--quiet",
            "--record",
        ])
        .arg(&recording)
        .assert()
        .success();
    let out = folder.path().join("raster");
    spikewatt()
        .arg("report")
        .arg(&recording)
        .arg("--out")
        .arg(&out)
        .assert()
        .success();
    assert_eq!(files(&out, ".svg"), ["raster-column.svg", "raster.svg"]);
    let picture = std::fs::read_to_string(out.join("raster.svg")).expect("written");
    // 2,000 neurons at 50 to 55 Hz for a second.
    let (_, rest) = picture.split_once("sample 0, ").expect("a line of facts");
    let spikes: u64 = rest
        .split(' ')
        .next()
        .and_then(|n| n.parse().ok())
        .expect("a number");
    assert!((90_000..120_000).contains(&spikes), "{spikes}");
    assert!(picture.len() < 2_000_000, "{} bytes", picture.len());
    for colour in ["#0072B2", "#D55E00"] {
        assert!(picture.contains(colour), "a band is not drawn in {colour}");
    }
    let without = spikewatt()
        .arg("report")
        .arg(folder.path())
        .assert()
        .failure();
    let message = String::from_utf8_lossy(&without.get_output().stderr).into_owned();
    assert!(message.contains("summary.json"), "{message}");
    let both = spikewatt()
        .arg("report")
        .arg(&recording)
        .arg("--recording")
        .arg(&recording)
        .assert()
        .failure();
    let message = String::from_utf8_lossy(&both.get_output().stderr).into_owned();
    assert!(message.contains("leave --recording out"), "{message}");
}

#[test]
fn fonts_are_embedded_tables_compile_and_data_frames_read_them() {
    let folder = tempfile::tempdir().expect("a folder");
    let paper = paper(folder.path());
    // Accuracy and energy: a marker per timestep each, in colours that can be told apart.
    let curves = std::fs::read_to_string(paper.join("timesteps.svg")).expect("written");
    for colour in ["#0072B2", "#D55E00"] {
        let is_marker = |line: &&str| line.starts_with("<circle") && line.contains(colour);
        assert_eq!(curves.lines().filter(is_marker).count(), 16, "{colour}");
    }
    let figures = files(&paper, ".pdf");
    assert_eq!(figures.len(), 22, "{figures:?}");
    for figure in &figures {
        // Name, type, encoding, then whether it is embedded.
        let Some(fonts) = tool(&paper, "pdffonts", &[figure]) else {
            break;
        };
        let fonts: Vec<&str> = fonts.lines().skip(2).collect();
        assert!(!fonts.is_empty(), "{figure} has no text");
        for font in fonts {
            assert!(
                font.contains("TrueType") && font.contains(" yes "),
                "{figure}: {font}"
            );
        }
    }
    for figure in &figures {
        let width_mm = match figure.ends_with("-column.pdf") {
            true => 84.0,
            false => 174.0,
        };
        let Some(facts) = tool(&paper, "pdfinfo", &[figure]) else {
            break;
        };
        let size = facts
            .lines()
            .find(|line| line.starts_with("Page size:"))
            .expect("size");
        let points = size
            .split_whitespace()
            .nth(2)
            .and_then(|w| w.parse::<f64>().ok());
        let found_mm = points.expect("number") * 25.4 / 72.0;
        assert!((found_mm - width_mm).abs() < 0.1, "{figure}: {found_mm} mm");
    }

    let included: String = figures
        .iter()
        .map(|figure| format!("\\includegraphics[width=60mm]{{{figure}}}\n"))
        .collect();
    let tables = files(&paper, ".tex");
    assert_eq!(tables.len(), 7, "{tables:?}");
    let tables: String = tables
        .iter()
        .map(|table| format!("\\input{{{table}}}\n"))
        .collect();
    // pgfplots reads the data as they are.
    let plots: String = [
        ("x expr=\\coordindex, y=energy_nominal_j", "layers.csv"),
        ("x=timesteps, y=system_nominal_j", "timesteps.csv"),
        ("x expr=\\coordindex, y=rate_q50", "rates.csv"),
        ("x=operations_per_byte, y=achieved_op_per_s", "roofline.csv"),
        ("x=energy_j, y=accuracy", "front.csv"),
    ]
    .iter()
    .map(|(columns, file)| {
        format!(
            "\\begin{{tikzpicture}}\\begin{{axis}}\\addplot table [{columns}, col sep=comma] \
             {{{file}}};\\end{{axis}}\\end{{tikzpicture}}\n"
        )
    })
    .collect();
    let has_pgfplots = std::process::Command::new("kpsewhich")
        .arg("pgfplots.sty")
        .output()
        .is_ok_and(|found| found.status.success());
    let (package, plots) = match has_pgfplots {
        true => ("\\usepackage{pgfplots}\\pgfplotsset{compat=1.15}", plots),
        false => {
            eprintln!("SKIPPED: pgfplots is not installed");
            ("", String::new())
        }
    };
    let text = format!(
        "\\documentclass{{article}}\\usepackage{{booktabs,siunitx,graphicx}}{package}\n\
         \\usepackage[utf8]{{inputenc}}\\begin{{document}}\n\
         {tables}{plots}{included}\\nocite{{*}}\\bibliographystyle{{plain}}\n\
         \\bibliography{{sources}}\\end{{document}}\n"
    );
    std::fs::write(paper.join("paper.tex"), text).expect("writable");
    let latex = ["-halt-on-error", "-interaction=nonstopmode", "paper.tex"];
    if tool(&paper, "pdflatex", &latex).is_some() && tool(&paper, "bibtex", &["paper"]).is_some() {
        tool(&paper, "pdflatex", &latex);
        let log = std::fs::read(paper.join("paper.log")).expect("written");
        let log = String::from_utf8_lossy(&log);
        assert!(!log.contains("LaTeX Error"), "{log}");
    }

    let python_has = |module: &str| {
        let output = std::process::Command::new("python3")
            .args(["-c", &format!("import {module}")])
            .output();
        let found = output.is_ok_and(|output| output.status.success());
        if !found {
            eprintln!("SKIPPED: {module} is not installed");
        }
        found
    };
    if python_has("pandas") {
        for table in files(&paper, ".csv") {
            let script = format!("import pandas; t = pandas.read_csv('{table}'); print(len(t))");
            let rows = tool(&paper, "python3", &["-c", &script]).expect("python3");
            assert!(
                rows.trim().parse::<usize>().expect("a number") > 0,
                "{table}"
            );
        }
    }
    if python_has("pandas, pyarrow") {
        for table in ["points", "candidates"] {
            // The same columns and values; pandas finds the types of a CSV file out by itself.
            let script = format!(
                "import pandas\n\
                 p = pandas.read_parquet('{table}.parquet')\n\
                 c = pandas.read_csv('{table}.csv')\n\
                 pandas.testing.assert_frame_equal(p, c, check_dtype=False)\n\
                 print(len(p), p['id'].iloc[0])"
            );
            let found = tool(&paper, "python3", &["-c", &script]).expect("python3");
            assert!(!found.starts_with("0 "), "{table}: {found}");
        }
    }
}
