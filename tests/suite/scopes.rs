//! The three cumulative scopes of each device's energy.

use spikewatt::counts::{DenseCounts, DenseLayer, EventCounts};
use spikewatt::energy::{Catalogue, PriceOptions, Work, price};
use spikewatt::network::{Connectivity, Edge, Node, Pattern, Role, Shape, Topology};
use spikewatt::result::{Part, Scope, TargetReport};

/// 100 inputs through 50 firing neurons to 10 outputs in four timesteps.
fn counts() -> EventCounts {
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
            node("in", 100, Role::Input),
            node("hidden", 50, Role::Spiking),
            node("out", 10, Role::Readout),
        ],
        edges: vec![edge(0, 100, 50), edge(1, 50, 10)],
    };
    let mut counts = EventCounts::new(topology, 4);
    counts.samples = 1;
    counts.populations[1].spikes.fill(2);
    counts.populations[1].spikes_per_timestep = vec![50, 50, 0, 0];
    counts.populations[1].active_per_timestep.fill(50);
    counts.projections[0].macs_per_timestep.fill(5000);
    counts.projections[0].macs_once = 5000;
    counts.projections[1].synops_per_timestep = vec![500, 500, 0, 0];
    counts
}

fn all_reports(catalogue: &Catalogue) -> Vec<TargetReport> {
    let counts = counts();
    let layer = |macs, inputs, outputs| DenseLayer {
        name: "fc".into(),
        macs,
        parameters: macs,
        inputs,
        outputs,
    };
    let dense = DenseCounts {
        layers: vec![layer(5000, 100, 50), layer(500, 50, 10)],
        pruned_macs: None,
        ..DenseCounts::default()
    };
    let work = Work::new(&counts, &dense);
    let options = PriceOptions::default();
    catalogue
        .devices()
        .flat_map(|hardware| price(hardware, &work, &options))
        .collect()
}

#[test]
fn each_column_is_the_sum_of_its_lines_or_says_what_is_missing() {
    let catalogue = Catalogue::shipped().unwrap();
    for report in all_reports(&catalogue) {
        let mut narrower = 0.0;
        for scope in Scope::ALL {
            let column = report.scopes.get(scope);
            let inside = report.lines.iter().filter(|l| l.bill.scope <= scope);
            let sum = inside.fold(0.0, |sum, line| sum + line.joules);
            match column.energy_j {
                Some(energy_j) => {
                    assert_eq!(energy_j.nominal, sum, "{} {scope:?}", report.name);
                    assert!(energy_j.nominal >= narrower && column.missing.is_empty());
                    narrower = energy_j.nominal;
                }
                None => assert!(!column.missing.is_empty(), "{} {scope:?}", report.name),
            }
        }
        // The total is the widest column that the table covers.
        assert_eq!(
            report.scopes.get(report.scope).energy_j,
            report.energy_j,
            "{}",
            report.name
        );
    }
}

#[test]
fn idle_power_stands_in_the_last_column_alone() {
    let catalogue = Catalogue::shipped().unwrap();
    for report in all_reports(&catalogue) {
        let paid_for_time = report.lines.iter().filter(|l| l.part == Part::Static);
        for line in paid_for_time {
            assert_eq!(line.bill.scope, Scope::System, "{}", report.name);
        }
    }
}

#[test]
fn worked_tables_state_the_scopes_they_can() {
    let catalogue = Catalogue::shipped().unwrap();
    for (name, stated) in [
        // A synaptic operation is published together with the memory it reads.
        ("loihi1", [false, true, true]),
        ("loihi1-davies2018", [false, true, true]),
        // Power above idle pays for arithmetic and memory alike.
        ("a100-sxm-80", [false, true, true]),
        // One measured figure for everything.
        ("cortex-m4-stm32l4r5", [false, false, true]),
        // Circuit figures of adders and multipliers.
        ("arithmetic-45nm", [true, false, false]),
    ] {
        let reports = all_reports(&catalogue);
        for report in reports.iter().filter(|report| report.name == name) {
            let known = Scope::ALL.map(|scope| report.scopes.get(scope).known().is_some());
            assert_eq!(known, stated, "{name}");
        }
    }
}

#[test]
fn a_missing_figure_leaves_the_columns_that_need_it_open() {
    let catalogue = Catalogue::shipped().unwrap();
    let mut hardware = catalogue.get("loihi1").unwrap().clone();
    hardware.figures.remove("power.chip_static");
    let counts = counts();
    let none = DenseCounts::default();
    let work = Work::new(&counts, &none);
    let report = &price(&hardware, &work, &PriceOptions::default())[0];
    assert!(report.scopes.memory_routing.energy_j.is_some());
    assert_eq!(report.scopes.system.energy_j, None);
    assert_eq!(report.scopes.system.missing, ["power.chip_static"]);

    hardware.figures.remove("energy.packet");
    let report = &price(&hardware, &work, &PriceOptions::default())[0];
    assert_eq!(report.scopes.memory_routing.energy_j, None);
    assert_eq!(report.scopes.memory_routing.missing, ["energy.packet"]);
}
