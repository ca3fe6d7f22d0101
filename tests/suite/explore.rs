//! Selections of spikes have receipts that add up to that of the device.

use proptest::prelude::*;
use spikewatt::energy::{Catalogue, PriceOptions};
use spikewatt::experiment::{ConvertedExperiment, Progress, diagnose};
use spikewatt::explore::{Ledger, Priced, Record, Rows, Selection, SelectionCounts, Subject};
use spikewatt::result::Part;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::LazyLock;

fn go_on(_: Progress) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

fn open(file: &str) -> Subject {
    Subject::open(&Path::new(env!("CARGO_MANIFEST_DIR")).join(file), &go_on).unwrap()
}

fn all(record: &Record) -> Selection {
    Selection {
        rows: record.all_rows(),
        timesteps: 0..record.raster.timesteps(),
    }
}

static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| Catalogue::shipped().unwrap());

/// The convolutional example with max pooling and constant input.
static FASHION: LazyLock<Record> = LazyLock::new(|| {
    open("examples/fashion_mnist.toml")
        .record(3, &go_on)
        .unwrap()
});

fn ledger(record: &Record, device: &str) -> Ledger {
    let device = CATALOGUE.get(device).unwrap();
    Ledger::new(record, device, &PriceOptions::default()).unwrap()
}

/// Every device that runs spikes, as far as its receipt can be taken apart.
fn check_whole(record: &Record) {
    let mut checked = 0;
    for device in CATALOGUE.devices() {
        let Ok(ledger) = Ledger::new(record, device, &PriceOptions::default()) else {
            continue;
        };
        let device = &device.name;
        let lines = ledger.target.lines.iter();
        let dynamic: Vec<_> = lines.filter(|line| line.part == Part::Dynamic).collect();
        let whole = ledger.price(record, &all(record));
        if device == LAYERED {
            continue;
        }
        assert_eq!(ledger.indivisible, [""; 0], "{device}");
        assert_eq!(whole.lines.len(), dynamic.len(), "{device}");
        for (part, line) in whole.lines.iter().zip(dynamic) {
            assert_eq!(part.event, line.event);
            assert_eq!(part.count, line.count, "{device}: {}", line.event);
            assert_eq!(part.joules, line.joules_range, "{device}: {}", line.event);
            let causes: f64 = part.causes.iter().map(|(_, joules)| joules).sum();
            assert!((causes - line.joules).abs() <= 1e-12 * line.joules);
        }
        let Some(total) = ledger.target.dynamic_j else {
            continue;
        };
        checked += 1;
        assert_eq!(whole.dynamic_j.unwrap().nominal, total, "{device}");
        let timesteps: f64 = ledger.per_timestep(record).iter().flatten().sum();
        let expected = total + ledger.static_j().unwrap_or(0.0);
        assert!(
            (timesteps - expected).abs() <= 1e-12 * expected,
            "{device}: {timesteps} instead of {expected}"
        );
        if total > 0.0 {
            assert_eq!(whole.share, Some(1.0), "{device}");
        }
    }
    assert!(checked >= 20, "{checked} devices");
}

#[test]
fn closed_form_everything_costs_what_the_receipt_says() {
    check_whole(&open("examples/digits.toml").record(0, &go_on).unwrap());
    check_whole(&FASHION);
}

#[test]
fn closed_form_spiking_input_and_recurrence() {
    let folder = tempfile::tempdir().unwrap();
    let digits =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/digits.toml"))
            .unwrap()
            .replace("../", &format!("{}/", env!("CARGO_MANIFEST_DIR")))
            + "[simulation]\nencoding = \"bernoulli\"\n";
    let file = folder.path().join("bernoulli.toml");
    std::fs::write(&file, digits).unwrap();
    let subject = Subject::open(&file, &go_on).unwrap();
    let record = subject.record(2, &go_on).unwrap();
    assert!(record.input.is_empty() && record.counts.per_inference(0).spikes > 0.0);
    check_whole(&record);

    let network = r#"
simulation = { dt_s = 1e-3, duration_s = 0.05, seed = 1 }
populations = [
    { name = "a", size = 60, poisson = { rate_hz = 4e3, weight = 2.0 }, neuron = { model = "lif", tau = 20e-3, v_threshold = 20.0, v_reset = 10.0, refractory_s = 2e-3, integration = "exponential", input = "delta", threshold_test = "at_least" } },
    { name = "b", size = 30, like = "a" },
]
projections = [
    { source = "a", target = ["a", "b"], rule = { fixed_indegree = 7 }, weight = 0.5, delay_s = 2e-3 },
    { source = "b", target = ["a"], rule = { fixed_indegree = 3 }, weight = -1.0, delay_s = 1e-3 },
]
"#;
    let file = folder.path().join("network.toml");
    std::fs::write(&file, network).unwrap();
    let record = Subject::open(&file, &go_on)
        .unwrap()
        .record(0, &go_on)
        .unwrap();
    let fired: u64 = record.spikes_per_row(0..50).iter().sum();
    assert!(
        fired > 20
            && record.counts.projections[0]
                .synops_per_timestep
                .iter()
                .sum::<u64>()
                > 0
    );
    check_whole(&record);
}

#[test]
fn closed_form_links_between_chips_belong_to_the_spikes_that_cross_them() {
    // The network of the digits on chips of two tiles, one core each.
    let record = open("examples/digits.toml").record(0, &go_on).unwrap();
    let mut chip = CATALOGUE.get("loihi1").unwrap().clone();
    for (key, value) in [
        ("capacity.neurons_per_core", 7.0),
        ("capacity.cores_per_tile", 1.0),
        ("capacity.mesh_width", 2.0),
        ("capacity.mesh_height", 1.0),
    ] {
        chip.figures.get_mut(key).unwrap().value = spikewatt::units::Range::exact(value);
    }
    let ledger = Ledger::new(&record, &chip, &PriceOptions::default()).unwrap();
    assert!(ledger.target.chips > 2);
    assert_eq!(ledger.indivisible, [""; 0]);
    let link = |line: &&spikewatt::result::Line| line.figure.as_deref() == Some("energy.chip_link");
    let line = ledger.target.lines.iter().find(link).unwrap();
    assert!(line.count > 0.0);
    let whole = ledger.price(&record, &all(&record));
    assert_eq!(
        whole.dynamic_j.unwrap().nominal,
        ledger.target.dynamic_j.unwrap()
    );
    let parts: Vec<Priced> = (0..record.counts.populations.len())
        .map(|population| {
            let rows = Rows::from_range(record.rows_of(population));
            let timesteps = 0..record.raster.timesteps();
            ledger.price(&record, &Selection { rows, timesteps })
        })
        .collect();
    let crossed: u64 = parts.iter().map(|part| part.tally.borders).sum();
    assert_eq!(crossed as f64, line.count);
    let total = ledger.target.dynamic_j.unwrap();
    assert!((sum(&parts) - total).abs() <= 1e-12 * total);
}

#[test]
fn closed_form_events_of_a_population_are_those_that_were_counted() {
    let ledger = ledger(&FASHION, "loihi1");
    for population in 0..FASHION.counts.populations.len() {
        let selection = Selection {
            rows: Rows::from_range(FASHION.rows_of(population)),
            timesteps: 2..5,
        };
        let priced = ledger.price(&FASHION, &selection);
        let counts = &FASHION.counts.populations[population];
        let spikes: u64 = counts.spikes_per_timestep[2..5].iter().sum();
        assert_eq!(priced.tally.spikes, spikes);
        let edges = FASHION.counts.topology.edges.iter();
        let synops: u64 = edges
            .zip(&FASHION.counts.projections)
            .filter(|(edge, _)| edge.source == population)
            .map(|(_, counts)| counts.synops_per_timestep[2..5].iter().sum::<u64>())
            .sum();
        assert_eq!(priced.tally.all_synops(), synops, "population {population}");
    }
}

#[test]
fn conversion_errors_are_those_of_the_doctor() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/digits.toml");
    let experiment = ConvertedExperiment::load(&file, &[]).unwrap();
    let diagnosis = diagnose(&experiment, &CATALOGUE, &go_on).unwrap();
    let health = open("examples/digits.toml").health().unwrap();
    assert_eq!(health, diagnosis.populations);
    assert!(health.iter().any(|health| health.relative_error > 0.0));
}

#[test]
fn what_runs_no_spikes_or_has_no_synapses_is_refused() {
    let gpu = CATALOGUE.get("a100-sxm-80").unwrap();
    let error = Ledger::new(&FASHION, gpu, &PriceOptions::default()).unwrap_err();
    assert!(error.to_string().contains("a100-sxm-80"), "{error}");
    let mut recording = FASHION.clone();
    recording.has_synapses = false;
    let loihi = CATALOGUE.get("loihi1").unwrap();
    let error = Ledger::new(&recording, loihi, &PriceOptions::default()).unwrap_err();
    assert!(error.to_string().contains("no synapses"), "{error}");
}

/// The one device whose law prices an access by the size of the layer it goes to: its lines mix
/// accesses of several prices.
const LAYERED: &str = "lemaire-45nm";

#[test]
fn receipts_of_one_law_alone_cannot_be_taken_apart_and_say_so() {
    let ledger = ledger(&FASHION, LAYERED);
    let lines = ledger.target.lines.iter().map(|line| &line.event);
    assert!(
        ledger.indivisible.iter().eq(lines),
        "{:?}",
        ledger.indivisible
    );
    let whole = ledger.price(&FASHION, &all(&FASHION));
    assert_eq!((whole.lines, whole.dynamic_j), (Vec::new(), None));
}

fn sum(parts: &[Priced]) -> f64 {
    parts.iter().map(|p| p.dynamic_j.unwrap().nominal).sum()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn property_disjoint_selections_add_up(row in 0u32..4000, t in 0usize..9) {
        let record = &*FASHION;
        let ledger = ledger(record, "loihi1");
        let (height, end) = (record.raster.height(), record.raster.timesteps());
        let part = |rows: std::ops::Range<u32>, timesteps: std::ops::Range<usize>| {
            let rows = Rows::from_range(rows);
            ledger.price(record, &Selection { rows, timesteps })
        };
        let row = row.min(height);
        let t = t.min(end);
        let parts = [
            part(0..row, 0..t),
            part(0..row, t..end),
            part(row..height, 0..t),
            part(row..height, t..end),
        ];
        let whole = ledger.price(record, &all(record));
        let tally = parts.iter().fold(SelectionCounts::default(), |sum, p| sum + p.tally);
        prop_assert_eq!(tally.spikes, whole.tally.spikes);
        prop_assert_eq!(tally.synops, whole.tally.synops);
        prop_assert_eq!((tally.packets, tally.hops_x, tally.hops_y, tally.macs_once),
            (whole.tally.packets, whole.tally.hops_x, whole.tally.hops_y, whole.tally.macs_once));
        let total = whole.dynamic_j.unwrap().nominal;
        prop_assert!((sum(&parts) / total - 1.0).abs() < 1e-12);
    }
}

#[test]
fn closed_form_energy_per_timestep_of_a_selection_adds_up_to_its_price() {
    let ledger = ledger(&FASHION, "loihi1");
    let selection = Selection {
        rows: Rows::new(vec![100..900, 2000..2600]),
        timesteps: 2..7,
    };
    let steps = ledger.per_timestep_of(&FASHION, &selection);
    assert_eq!(steps.len(), 5);
    let price = ledger.price(&FASHION, &selection).dynamic_j.unwrap();
    let sum: f64 = steps.iter().flatten().sum();
    assert!(price.nominal > 0.0 && (sum / price.nominal - 1.0).abs() < 1e-12);
}

/// Potentials of the neurons of a population against the equation of their model, with what the
/// weights say of the spikes of the record.
#[test]
fn closed_form_potentials_follow_from_weights_and_spikes() {
    for signed in [false, true] {
        potentials_follow_from_weights_and_spikes(signed);
    }
}

fn potentials_follow_from_weights_and_spikes(signed: bool) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/digits.toml");
    let mut experiment = ConvertedExperiment::load(&file, &[]).unwrap();
    experiment.conversion.signed_spikes = signed;
    let network = spikewatt::experiment::run(&experiment, &CATALOGUE, &go_on)
        .unwrap()
        .network
        .unwrap();
    let subject = Subject::experiment(experiment, &go_on).unwrap();
    let record = subject.record(5, &go_on).unwrap();
    let (mut checked, mut taken_back) = (0, 0);
    for (index, population) in network.populations.iter().enumerate() {
        let spikewatt::neuron::Neuron::IntegrateFire(model) = &population.neuron else {
            continue;
        };
        let own = record.rows_of(index);
        let rows: Vec<u32> = own.clone().collect();
        let traces = subject.traces(5, &rows, &go_on).unwrap();
        assert!(traces.iter().map(|trace| trace.row).eq(own.clone()));
        for trace in traces {
            let neuron = (trace.row - own.start) as usize;
            let threshold = model.threshold[neuron];
            assert_eq!(trace.threshold, Some(threshold));
            let mut v = f64::from(model.initial * threshold);
            for (t, &potential) in trace.potential.iter().enumerate() {
                v += population.bias.get(neuron).map_or(0.0, |&b| f64::from(b));
                for projection in network.projections.iter().filter(|p| p.target == index) {
                    let targets = projection.connectivity.targets();
                    let weight = |source: usize| {
                        f64::from(projection.weights.get(source * targets + neuron))
                    };
                    let source = record.rows_of(projection.source);
                    if population_is_driven(&record, projection.source) {
                        let values = record.input.iter().enumerate();
                        v += values.map(|(s, &x)| weight(s) * f64::from(x)).sum::<f64>();
                    } else {
                        record.raster.for_each(t, &source, |row, value| {
                            v += weight((row - source.start) as usize) * f64::from(value);
                        });
                    }
                }
                let own = trace.row..trace.row + 1;
                record.raster.for_each(t, &own, |_, value| {
                    v -= f64::from(value * threshold);
                    taken_back += usize::from(value < 0.0);
                });
                let error = (v - f64::from(potential)).abs() / f64::from(threshold);
                assert!(error < 1e-4, "{}: neuron {neuron}, t {t}", population.name);
                checked += 1;
            }
        }
    }
    assert!(checked > 300, "{checked} potentials");
    assert_eq!(taken_back > 0, signed, "{taken_back} spikes taken back");
    let readout = record.counts.populations.len() - 1;
    let error = subject.traces(5, &[record.first_rows[readout]], &go_on);
    let input = subject.traces(5, &[0], &go_on);
    assert!(error.is_ok() || error.is_err_and(|e| e.to_string().contains("no potential")));
    assert!(input.is_err_and(|e| e.to_string().contains("no potential")));
}

fn population_is_driven(record: &Record, population: usize) -> bool {
    let role = record.counts.topology.populations[population].role;
    role == spikewatt::network::Role::Input && !record.input.is_empty()
}
