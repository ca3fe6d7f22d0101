//! Every exporter and the verdict, on reports made by hand.

#[path = "reports/builder.rs"]
mod builder;
#[path = "reports/stars.rs"]
mod stars;
#[path = "reports/verdicts.rs"]
mod verdicts;

use builder::{analysed, arithmetic, full, line, report, target, unknown};
use proptest::prelude::*;
use spikewatt::report::{
    Collection, CrossoverFigure, Drawable, EnergyFigure, FigureWidth, ImageFormat, Manifest,
    OutputFolder, ResultFile, Roofline, Text, TornadoFigure, WIDTH, outputs,
};
use spikewatt::result::{
    Boundary, Meeting, RateCurve, RatePoint, Report, Scope, Workload, verdicts,
};
use spikewatt::units::Range;

fn drawn(figure: &dyn Drawable, width: FigureWidth, report: &Report) -> String {
    String::from_utf8(figure.render(report, width, ImageFormat::Svg).unwrap()).unwrap()
}

/// Every file that a report can become.
fn all() -> Vec<ResultFile> {
    [Collection::Result, Collection::Paper]
        .into_iter()
        .flat_map(outputs)
        .collect()
}

fn file(name: &str, report: &Report) -> String {
    let output = all().into_iter().find(|output| output.name() == name);
    String::from_utf8(output.unwrap().bytes(report).unwrap()).unwrap()
}

/// Names that try to break each format.
fn nasty() -> Report {
    let mut report = full();
    for name in [
        "=HYPERLINK(\"http://x\")",
        "a_b & 50% \\end{table} # $^~{}",
        "two\nlines,\"quoted\"; \u{1b}[31m<b>&amp;\u{0}",
    ] {
        let mut population = report.populations[1].clone();
        population.name = name.into();
        report.populations.push(population);
        let mut target = report.targets[0].clone();
        target.name = name.into();
        target.title = name.into();
        target.lines[0].source = name.into();
        report.targets.push(target);
    }
    report.model.path = "m_1%\n\\input{secret}.onnx".into();
    report
}

#[test]
fn snapshot_of_text() {
    insta::assert_snapshot!("text", Text::default().render(&full()));
}

#[test]
fn snapshot_of_tables() {
    for name in [
        "populations.csv",
        "targets.csv",
        "breakdown.csv",
        "targets.tex",
        "methods.md",
    ] {
        insta::assert_snapshot!(name, file(name, &full()));
    }
}

#[test]
fn text_keeps_its_width_and_only_colours_on_request() {
    let mut many = nasty();
    for index in 0..60 {
        let mut population = many.populations[2].clone();
        population.name = format!("block{index}/{}", "deep/".repeat(30));
        many.populations.push(population);
    }
    many.targets[0].name = "x".repeat(200);
    for report in [full(), nasty(), many] {
        let text = Text::default().render(&report);
        assert!(!text.contains('\u{1b}'));
        for line in text.lines() {
            assert!(line.chars().count() <= WIDTH, "{line}");
        }
        assert!(Text { ansi: true }.render(&report).contains("\u{1b}[1m"));
    }
}

#[test]
fn text_sums_the_populations_it_leaves_out() {
    let mut report = full();
    for index in 0..40 {
        let mut population = report.populations[2].clone();
        population.name = format!("small{index}");
        population.synops_per_inference = 1.0;
        report.populations.push(population);
    }
    let text = Text::default().render(&report);
    let rest = text.lines().find(|l| l.contains("smaller ones")).unwrap();
    // 43 populations, 19 shown: 24 others of which one is the input without synapses.
    assert!(rest.starts_with("24 smaller ones"), "{rest}");
    assert_eq!(rest.split_whitespace().nth(9), Some("23"), "{rest}");
}

#[test]
fn json_has_the_keys_that_scripts_read() {
    let json: serde_json::Value = serde_json::from_str(&file("summary.json", &full())).unwrap();
    let expect = |at: &str, keys: &str| {
        let value = json.pointer(at).unwrap_or_else(|| panic!("{at}"));
        for key in keys.split(' ') {
            assert!(value.get(key).is_some(), "{at}/{key}");
        }
    };
    expect(
        "",
        "schema model samples timesteps seed accuracy populations totals targets timing",
    );
    expect("/model", "path sha256 parameters macs");
    expect("/accuracy", "ann snn agreement");
    expect(
        "/populations/0",
        "name shape neurons synapses spikes_per_inference rate synops_per_inference \
         macs_per_inference neuron_updates_per_inference",
    );
    expect(
        "/totals",
        "spikes_per_inference synops_per_inference macs_per_inference neuron_updates_per_inference",
    );
    expect(
        "/targets/0",
        "name kind workload evidence fits chips cores batch latency_s energy_j dynamic_j static_j \
         edp_js carbon_g lines unpriced",
    );
    expect("/targets/0/energy_j", "low nominal high");
    expect("/targets/0/carbon_g", "low nominal high");
    expect(
        "/targets/0/lines/0",
        "event count joules_each joules source",
    );
    expect("/timing", "simulate_s synops_per_s");
    assert_eq!(json["schema"], "spikewatt.run/2");
    assert_eq!(json["targets"][0]["workload"], "ann");
    let unknown = &json["targets"][5];
    assert!(unknown["energy_j"].is_null() && unknown["dynamic_j"].is_null());
    assert_eq!(
        unknown["unpriced"][0],
        "energy of a spike through a synapse"
    );
}

#[test]
fn json_reads_back_as_the_same_report() {
    let report = full();
    let written = file("summary.json", &report);
    let back: Report = serde_json::from_str(&written).unwrap();
    assert_eq!(file("summary.json", &back), written);
    // Floats stand in the shortest form that names the same number.
    let nominal = report.targets[0].energy_j.unwrap().nominal;
    let text = file("summary.json", &report);
    let targets = text.split("\"targets\": ").nth(1).unwrap();
    let printed = targets.split("\"nominal\": ").nth(1).unwrap();
    let printed: f64 = printed.split(',').next().unwrap().parse().unwrap();
    assert_eq!(printed.to_bits(), nominal.to_bits());
}

proptest! {
    #[test]
    fn property_numbers_of_a_result_are_read_back_bit_for_bit(bits in any::<[u64; 3]>()) {
        let [low, nominal, high] = bits.map(f64::from_bits);
        prop_assume!([low, nominal, high].iter().all(|value| value.is_finite()));
        let written = Range { low, nominal, high };
        let text = serde_json::to_string(&written).unwrap();
        let read: Range = serde_json::from_str(&text).unwrap();
        let bits = |range: Range| [range.low, range.nominal, range.high].map(f64::to_bits);
        prop_assert_eq!(bits(read), bits(written));
    }
}

#[test]
fn csv_reads_back_with_units_and_empty_unknowns() {
    let report = full();
    let text = file("targets.csv", &report);
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let head = reader.headers().unwrap().clone();
    let column = |name: &str| head.iter().position(|h| h == name).unwrap();
    let rows: Vec<_> = reader.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), report.targets.len());
    for (row, target) in rows.iter().zip(&report.targets) {
        assert_eq!(&row[column("target")], target.name);
        let read = row[column("energy_nominal_j")].parse().ok();
        assert_eq!(read, target.energy_j.map(|e| e.nominal));
        let read = row[column("carbon_high_g")].parse().ok();
        assert_eq!(read, target.carbon_g.map(|c| c.high));
    }
    assert_eq!(&rows[5][column("energy_low_j")], "");
    assert_eq!(&rows[6][column("accuracy_fraction")], "0.9891");

    let lines: usize = report.targets.iter().map(|t| t.lines.len()).sum();
    let text = file("breakdown.csv", &report);
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let column = reader
        .headers()
        .unwrap()
        .iter()
        .position(|h| h == "energy_nominal_j")
        .unwrap();
    let joules: Vec<f64> = reader
        .records()
        .map(|r| r.unwrap()[column].parse().unwrap())
        .collect();
    assert_eq!(joules.len(), lines);
    let total = report.targets[0].energy_j.unwrap().nominal;
    assert!((joules[..3].iter().sum::<f64>() - total).abs() < 1e-12 * total);
}

#[test]
fn csv_without_rows_still_has_its_columns() {
    let report = report(vec![]);
    assert!(file("targets.csv", &report).starts_with("target,title,"));
    assert!(file("breakdown.csv", &report).starts_with("target,workload,"));
}

#[test]
fn csv_disarms_formulas_and_quotes_the_rest() {
    let report = nasty();
    for (name, key) in [("populations.csv", 3), ("targets.csv", 10)] {
        let text = file(name, &report);
        let rows: Vec<_> = csv::Reader::from_reader(text.as_bytes())
            .into_records()
            .map(Result::unwrap)
            .collect();
        assert_eq!(&rows[key][0], "'=HYPERLINK(\"http://x\")");
        // Names stay on one line and steer no terminal.
        for next in [1, 2] {
            let name = &report.populations[3 + next].name;
            assert_eq!(rows[key + next][0], name.replace(char::is_control, " "));
        }
    }
}

#[test]
fn latex_escapes_what_models_are_called() {
    let tex = file("targets.tex", &nasty());
    assert!(tex.contains(
        r"a\_b \& 50\% \textbackslash{}end\{table\} \# \$\textasciicircum{}\textasciitilde{}\{\}"
    ));
    assert!(tex.contains(r"input\{secret\}.onnx"));
    assert_eq!(tex.matches("\\end{table}").count(), 1);
    assert!(!tex.contains("\\input"));
    // Every row of the table has as many cells as columns.
    for row in tex
        .lines()
        .filter(|l| l.ends_with(r"\\") && !l.contains("multicolumn"))
    {
        assert_eq!(row.replace(r"\&", "").matches('&').count(), 7, "{row}");
    }
    let open = tex.replace(r"\{", "").replace(r"\}", "");
    assert_eq!(open.matches('{').count(), open.matches('}').count());
}

#[test]
fn latex_compiles_where_it_can_be_tried() {
    let dir = tempfile::tempdir().unwrap();
    let document = format!(
        "\\documentclass{{article}}\\usepackage{{booktabs}}\\usepackage{{siunitx}}\
         \\begin{{document}}{}\\end{{document}}",
        file("targets.tex", &nasty())
    );
    std::fs::write(dir.path().join("t.tex"), document).unwrap();
    let run = std::process::Command::new("pdflatex")
        .args(["-interaction=nonstopmode", "-halt-on-error", "t.tex"])
        .current_dir(dir.path())
        .output();
    match run {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            eprintln!("skipped: pdflatex is not installed");
        }
        run => {
            let run = run.unwrap();
            let log = String::from_utf8_lossy(&run.stdout);
            assert!(run.status.success(), "{log}");
        }
    }
}

/// Checks that tags are balanced and entities closed; plotters writes no CDATA and no comments.
fn assert_well_formed(xml: &str) {
    let mut open = Vec::new();
    for part in xml.split('<').skip(1) {
        let (tag, text) = part.split_once('>').expect("a tag that ends");
        assert!(!text.contains('>'), "{text}");
        for entity in text.split('&').skip(1) {
            let name = entity.split_once(';').expect("an entity that ends").0;
            assert!(
                ["amp", "lt", "gt", "quot", "apos", "#39"].contains(&name),
                "{name}"
            );
        }
        assert!(
            !text.chars().any(|c| c.is_control() && c != '\n'),
            "{text:?}"
        );
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name));
        } else if !tag.ends_with('/') && !tag.starts_with('?') && !tag.starts_with('!') {
            open.push(tag.split_whitespace().next().unwrap());
        }
    }
    assert!(open.is_empty(), "{open:?}");
}

#[test]
fn svg_is_well_formed_and_names_every_target() {
    let report = full();
    let svg = drawn(&EnergyFigure, FigureWidth::Wide, &report);
    assert_well_formed(&svg);
    for target in &report.targets {
        assert!(svg.contains(&target.name), "{}", target.name);
        assert!(svg.contains(&target.title), "{}", target.title);
    }
    assert!(svg.contains("unknown: energy of a spike through a synapse"));
    assert!(svg.contains("does not fit"));
    assert!(svg.contains("font-family=\"sans-serif\""));
    assert_well_formed(&drawn(&EnergyFigure, FigureWidth::Wide, &nasty()));
}

#[test]
fn regress_svg_keeps_zeros_and_wide_ranges_inside() {
    let mut report = full();
    report.targets[0].title = "A title that goes on and on ".repeat(9);
    report.targets[0].energy_j = Some(Range::new(0.0, 1e-3, 8.0));
    report.targets[4].energy_j = Some(Range::ZERO);
    let svg = drawn(&EnergyFigure, FigureWidth::Wide, &report);
    for name in ["cx", "x"] {
        for part in svg.split(&format!(" {name}=\"")).skip(1) {
            let x: f64 = part.split('"').next().unwrap().parse().unwrap();
            assert!((0.0..=1000.0).contains(&x), "{name} = {x}");
        }
    }
}

#[test]
fn svg_draws_only_what_is_known() {
    let circles = |targets| {
        let svg = drawn(&EnergyFigure, FigureWidth::Wide, &report(targets));
        svg.matches("<circle").count()
    };
    let known = target("a", Workload::Snn, vec![line("SynOp", 10.0, 1e-9, 0.1)]);
    let alone = circles(vec![known.clone()]);
    // Known with memory and routing and as a whole: a marker in two panels.
    assert_eq!(circles(vec![known.clone(), known.clone()]), alone + 2);
    let open = unknown(known.clone(), "power");
    assert_eq!(circles(vec![known.clone(), open.clone()]), alone);
    // No known total, and a total of nothing: still a figure, without a marker of its own.
    assert_eq!(circles(vec![open]), alone - 2);
    let free = target("free", Workload::Snn, vec![line("SynOp", 0.0, 1e-9, 0.1)]);
    assert_eq!(circles(vec![free]), alone - 2);
    assert_eq!(circles(vec![]), 0);
}

#[test]
fn png_is_twice_as_large_as_the_svg() {
    let report = full();
    let png = EnergyFigure
        .render(&report, FigureWidth::Wide, ImageFormat::Png)
        .unwrap();
    assert_eq!(&png[..8], b"\x89PNG\r\n\x1a\n");
    let number = |at: usize| u32::from_be_bytes(png[at..at + 4].try_into().unwrap());
    let svg = drawn(&EnergyFigure, FigureWidth::Wide, &report);
    let size = format!("width=\"{}\" height=\"{}\"", number(16) / 2, number(20) / 2);
    assert!(svg.contains(&size), "{size}");
}

#[test]
fn exporters_give_the_same_bytes_again() {
    for output in all() {
        let [first, again] = [(); 2].map(|()| output.bytes(&full()).unwrap());
        assert_eq!(first, again, "{}", output.name());
    }
}

#[test]
fn methods_lists_each_source_once() {
    let methods = file("methods.md", &full());
    assert_eq!(methods.matches("- Table of MAC (2018)").count(), 1);
    assert_eq!(
        methods
            .matches("- Table of neuron update (2018) (contains figures not checked")
            .count(),
        1
    );
    assert!(methods.contains("8-bit activations"));
    assert_eq!(methods.matches("barrier sync").count(), 1);
    assert!(methods.contains("- loihi1, chip-b: barrier sync once per timestep"));
}

/// Energy against rate where each of `synops` at the rate at hand costs so many joules.
fn linear_curve(target: &str, synops: f64, joules_each: f64) -> RateCurve {
    let point = |factor: f64| {
        let energy = Range::exact(factor * synops * joules_each);
        RatePoint {
            rate: 0.1 * factor,
            synops_per_inference: Some(factor * synops),
            energy_j: [Some(energy), None, None],
        }
    };
    RateCurve {
        target: target.to_owned(),
        format: None,
        rate: 0.1,
        points: [0.0, 1.0, 10.0].map(point).to_vec(),
        per_timestep_j: [None; 3],
    }
}

#[test]
fn closed_form_crossover_is_the_ratio_of_mac_to_ac() {
    // 5000 synapses: 5000 MACs of 4.6 pJ against 2000 SynOps of 0.9 pJ, all input spiking.
    let mut report = report(vec![
        arithmetic(
            "45nm",
            Workload::Snn,
            vec![line("SynOp", 2000.0, 0.9e-12, 0.0)],
        ),
        arithmetic(
            "45nm",
            Workload::Ann,
            vec![line("MAC", 5000.0, 4.6e-12, 0.0)],
        ),
    ]);
    report.populations.remove(1);
    report.rate_curves = vec![linear_curve("45nm", 2000.0, 0.9e-12)];
    let found = verdicts(&report);
    assert_eq!(found[0].scope, Boundary::CircuitOperations);
    let crossover = found[0].crossover.unwrap();
    assert!((crossover.spikes_per_synapse - 4.6 / 0.9).abs() < 1e-9);
    assert!((crossover.observed - 0.4).abs() < 1e-12);

    // A population that receives spikes and analog values alike: not derivable.
    report.populations[1].macs_per_inference = 1.0;
    assert_eq!(verdicts(&report)[0].crossover, None);
}

#[test]
fn snapshot_of_analyses() {
    insta::assert_snapshot!("analysed_text", Text::default().render(&analysed()));
    for name in ["crossover.csv", "footprint.csv", "sensitivity.csv"] {
        insta::assert_snapshot!(name, file(name, &analysed()));
    }
}

#[test]
fn worked_crossings_name_rate_timesteps_and_bounds() {
    let report = analysed();
    let crossings = report.crossings(Scope::System);
    let gpu = crossings
        .iter()
        .find(|c| c.snn == "loihi1" && c.baseline == "gpu-x-b64")
        .unwrap();
    // 1e-5 · (0.5 + 10 rate) J meets 148.07632 µJ beyond the highest rate.
    assert_eq!(gpu.rate, Meeting::AlwaysBelow);
    // Twice that meets 137.987344 µJ at (6.8993672 − 0.5) / 10.
    let Meeting::At(rate) = gpu.rate_pessimistic else {
        panic!("{:?}", gpu.rate_pessimistic)
    };
    assert!((rate - 0.639_936_72).abs() < 1e-9, "{rate}");
    // 32 timesteps and the rest of the 148 µJ at 10 nJ each.
    let steps = 32.0 + (1.4807632e-4 - 1.0103136e-5) / 1e-8;
    assert!((gpu.timesteps.unwrap() / steps - 1.0).abs() < 1e-9);
    // Static lines: the GPU draws 60 W, the chip 30 mW.
    let period_s = gpu.period_s;
    assert_eq!(period_s, None, "the chip draws less and spends less");
    // Nothing is compared across scopes: the 45 nm baselines stand in the first one alone.
    let narrow = report.crossings(Scope::Compute);
    assert!(narrow.iter().all(|c| c.baseline.starts_with("45nm")));
    assert!(crossings.iter().all(|c| !c.baseline.starts_with("45nm")));
}

#[test]
fn figures_of_analyses_are_well_formed_and_stay_inside() {
    let figures: [(&dyn Drawable, FigureWidth, f64); 8] = [
        (&CrossoverFigure, FigureWidth::Wide, 1000.0),
        (&CrossoverFigure, FigureWidth::Column, 483.0),
        (&TornadoFigure, FigureWidth::Wide, 1000.0),
        (&TornadoFigure, FigureWidth::Column, 483.0),
        (&EnergyFigure, FigureWidth::Column, 483.0),
        (&Roofline, FigureWidth::Wide, 1000.0),
        (&Roofline, FigureWidth::Column, 483.0),
        (&EnergyFigure, FigureWidth::Wide, 1000.0),
    ];
    for (figure, width, pixels) in figures {
        for report in [analysed(), full(), report(vec![])] {
            let svg = drawn(figure, width, &report);
            assert_well_formed(&svg);
            for part in svg.split(" x=\"").skip(1) {
                let x: f64 = part.split('"').next().unwrap().parse().unwrap();
                assert!((0.0..=pixels).contains(&x), "x = {x}");
            }
        }
    }
    let svg = drawn(&TornadoFigure, FigureWidth::Wide, &analysed());
    assert!(svg.contains("power.chip_static") && svg.contains("energy.synop_dense*"));
    let svg = drawn(&CrossoverFigure, FigureWidth::Wide, &analysed());
    assert!(svg.contains("SNN 8-bit loihi1*") && svg.contains("ANN 8-bit gpu-x"));
}

#[test]
fn folder_holds_every_file_and_a_manifest_that_ignores_the_clock() {
    let dir = tempfile::tempdir().unwrap();
    let mut slow = full();
    slow.timing.simulate_s = 99.0;
    let manifests = [("a", full()), ("b", slow)].map(|(name, report)| {
        let path = dir.path().join(name);
        let mut folder = OutputFolder::create(&path, false).unwrap();
        folder.export(&report).unwrap();
        folder.write("counts.h5", b"counts").unwrap();
        folder
            .finish(Manifest::new(vec!["run".into()], report.seed))
            .unwrap();
        for output in outputs(Collection::Result) {
            let written = std::fs::read(path.join(output.name())).unwrap();
            assert_eq!(written, output.bytes(&report).unwrap());
        }
        std::fs::read(path.join("manifest.json")).unwrap()
    });
    assert_eq!(manifests[0], manifests[1]);
    let manifest: serde_json::Value = serde_json::from_slice(&manifests[0]).unwrap();
    assert_eq!(
        manifest["files"].as_array().unwrap().len(),
        outputs(Collection::Result).len() + 1
    );
}

#[test]
#[cfg(unix)]
fn folder_files_are_as_readable_as_others() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let mut folder = OutputFolder::create(dir.path(), false).unwrap();
    folder.write("methods.md", b"x").unwrap();
    folder.finish(Manifest::new(vec![], 0)).unwrap();
    std::fs::write(dir.path().join("plain"), "x").unwrap();
    let mode = |name: &str| {
        let meta = std::fs::metadata(dir.path().join(name)).unwrap();
        meta.permissions().mode()
    };
    assert_eq!(mode("methods.md"), mode("plain"));
}
