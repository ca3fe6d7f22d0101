//! Every number that rests on a figure which nobody has checked carries a star.
//!
//! For each device and each such figure: with another value of the figure, whatever reads otherwise
//! in a file must have been starred.

use super::builder;
use spikewatt::counts::{DenseCounts, DenseLayer, EventCounts};
use spikewatt::energy::{self, Catalogue, Hardware, PriceOptions, Work};
use spikewatt::network::{Connectivity, Edge, Node, Pattern, Role, Shape, Topology};
use spikewatt::report::{Collection, Text, outputs};
use spikewatt::result::{MonteCarlo, Profile, Report, Scope};
use std::collections::{BTreeMap, BTreeSet};

/// Columns that say nothing about energy.
const TIMES: [&str; 2] = ["latency_s", "throughput_per_s"];

/// 100 neurons in two populations that project to each other; each fires once in ten timesteps.
fn counts() -> EventCounts {
    let node = |name: &str| Node {
        name: name.into(),
        shape: Shape::vector(50),
        role: Role::Spiking,
    };
    let edge = |source, target| Edge {
        source,
        target,
        connectivity: Connectivity::new(Pattern::Dense {
            sources: 50,
            targets: 50,
            present: None,
        }),
        delay: 0,
    };
    let topology = Topology {
        populations: vec![node("a"), node("b")],
        edges: vec![edge(0, 1), edge(1, 0)],
    };
    let mut counts = EventCounts::new(topology, 10);
    counts.samples = 1;
    for population in &mut counts.populations {
        population.spikes.fill(1);
        population.touched.fill(10);
        population.spikes_per_timestep.fill(5);
        population.touched_per_timestep.fill(50);
        population.active_per_timestep.fill(50);
    }
    for projection in &mut counts.projections {
        projection.synops_per_timestep.fill(250);
    }
    counts
}

fn original() -> DenseCounts {
    DenseCounts {
        layers: vec![DenseLayer {
            name: "layer".into(),
            macs: 1000,
            parameters: 370,
            inputs: 15,
            outputs: 20,
        }],
        pruned_macs: None,
        ..DenseCounts::default()
    }
}

/// Everything a run says about a device, beside one opponent of either kind.
fn report(hardware: &Hardware, others: &[&Hardware]) -> Report {
    let (counts, dense) = (counts(), original());
    let work = Work::new(&counts, &dense);
    let drawn = MonteCarlo {
        draws: 20,
        seed: 1,
        correlated: true,
    };
    let mut options = PriceOptions {
        monte_carlo: Some(drawn),
        ..PriceOptions::default()
    };
    options.usage.price_per_kwh = Some(0.3);
    let devices: Vec<&Hardware> = [hardware]
        .into_iter()
        .chain(others.iter().copied())
        .collect();
    let all = |price: &dyn Fn(&Hardware) -> Vec<_>| devices.iter().flat_map(|d| price(d)).collect();
    let mut report = builder::report(all(&|device| energy::price(device, &work, &options)));
    report.usage = options.usage.clone();
    report.monte_carlo = options.monte_carlo;
    report.rate_curves = devices
        .iter()
        .flat_map(|device| energy::rate_curves(device, &work, &options))
        .collect();
    report.sensitivities = devices
        .iter()
        .flat_map(|device| energy::sensitivities(device, &work, &options))
        .collect();
    report.distributions = devices
        .iter()
        .flat_map(|device| energy::distributions(device, &work, &options, &drawn))
        .collect();
    let profiles = devices
        .iter()
        .filter_map(|d| energy::profile(d, &work, &options));
    let (timesteps, layers): (Vec<_>, Vec<_>) = profiles.unzip();
    report.profile = Profile {
        timesteps,
        layers: layers.into_iter().flatten().collect(),
        roofs: (devices.iter())
            .flat_map(|device| energy::roofs(device, &work, &options))
            .collect(),
        ..Profile::default()
    };
    report.crossovers = Scope::ALL
        .into_iter()
        .flat_map(|scope| report.crossings(scope))
        .collect();
    report
}

/// What is written, by file name, and what a terminal shows. Pixels and pages show what the SVG
/// does.
fn files(report: &Report) -> BTreeMap<String, String> {
    let all = [Collection::Result, Collection::Paper].into_iter();
    let mut files = BTreeMap::new();
    for output in all.flat_map(outputs) {
        let name = output.name();
        if [".csv", ".tex", ".md", ".svg"]
            .iter()
            .any(|end| name.ends_with(end))
        {
            files.insert(
                name,
                String::from_utf8(output.bytes(report).unwrap()).unwrap(),
            );
        }
    }
    files.insert("terminal".into(), Text::default().render(report));
    files
}

/// Rows of a table that differ in anything but times, and say that they rest on checked figures.
fn unmarked_rows(before: &str, after: &str) -> Vec<String> {
    let read = |text: &str| -> (csv::StringRecord, Vec<csv::StringRecord>) {
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let head = reader.headers().unwrap().clone();
        (head, reader.records().map(Result::unwrap).collect())
    };
    let ((head, before), (_, after)) = (read(before), read(after));
    // Rows may change places, so each is looked for among all.
    let told = |row: &csv::StringRecord| -> Vec<String> {
        let cells = head.iter().zip(row.iter());
        let told = cells.filter(|(name, _)| !TIMES.contains(name));
        told.map(|(_, cell)| cell.to_owned()).collect()
    };
    let after: BTreeSet<Vec<String>> = after.iter().map(told).collect();
    let marked = |row: &csv::StringRecord| {
        let mut cells = head.iter().zip(row.iter());
        cells.any(|(name, cell)| name.ends_with("unverified") && cell == "true")
    };
    before
        .iter()
        .filter(|row| !after.contains(&told(row)) && !marked(row))
        .map(|row| format!("{row:?}"))
        .collect()
}

/// Lines that differ and begin or hold `wanted`, without a star.
fn unmarked_lines(before: &str, after: &str, wanted: impl Fn(&str) -> bool) -> Vec<String> {
    let after: Vec<&str> = after.lines().collect();
    before
        .lines()
        .filter(|line| wanted(line) && !after.contains(line) && !line.contains('*'))
        .map(str::to_owned)
        .collect()
}

#[test]
fn property_whatever_rests_on_an_unverified_figure_is_starred_everywhere() {
    let catalogue = Catalogue::shipped().unwrap();
    let others = ["loihi1", "h100-sxm5"].map(|name| catalogue.get(name).ok());
    let mut tried = 0;
    let mut lost = Vec::new();
    for hardware in catalogue.devices() {
        let others: Vec<&Hardware> = (others.iter().flatten().copied())
            .filter(|other| other.name != hardware.name)
            .collect();
        let base = report(hardware, &others);
        let before = files(&base);
        let unverified = hardware
            .figures
            .iter()
            .filter(|(_, figure)| figure.is_unverified());
        for (key, figure) in unverified {
            let mut other = hardware.clone();
            let value = figure.value * 1.5;
            other.figures.get_mut(key).unwrap().value = value;
            let changed = report(&other, &others);
            let energies = |report: &Report| -> Vec<_> {
                let scopes = report.targets.iter().map(|target| target.scopes.clone());
                scopes.collect()
            };
            // A figure that changes no energy has nothing to star; one that moves neurons to other
            // cores changes what is listed.
            if energies(&base) == energies(&changed) || key.starts_with("capacity.") {
                continue;
            }
            tried += 1;
            for (name, before) in &before {
                let after = files(&changed).remove(name).unwrap();
                let unmarked = match name.rsplit('.').next() {
                    Some("csv") => unmarked_rows(before, &after),
                    Some("tex") => unmarked_lines(before, &after, |line| line.contains(" & ")),
                    Some("md") => unmarked_lines(before, &after, |line| line.contains("batch")),
                    Some("svg") => match before.contains('*') || *before == after {
                        true => Vec::new(),
                        false => vec!["no star in it".to_owned()],
                    },
                    _ => unmarked_lines(before, &after, |line| line.starts_with(&hardware.name)),
                };
                let place = |row: &String| format!("{} {key}: {name}: {row}", hardware.name);
                lost.extend(unmarked.iter().map(place));
            }
        }
    }
    assert!(tried > 20, "{tried} figures");
    lost.truncate(40);
    assert!(lost.is_empty(), "lost stars:\n{}", lost.join("\n"));
}
