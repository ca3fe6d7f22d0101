//! Carbon and money against published cases and against each other.

use spikewatt::energy::carbon::{CarbonTable, JOULES_PER_KWH, operational_g};
use spikewatt::units::Range;

fn tonnes(energy_mwh: f64, g_per_kwh: f64, pue: f64) -> f64 {
    let energy_j = Range::exact(energy_mwh * 1000.0 * JOULES_PER_KWH);
    operational_g(energy_j, Range::exact(pue), Range::exact(g_per_kwh)).nominal / 1e6
}

#[test]
fn reference_published_anchors_are_reproduced() {
    let table = CarbonTable::shipped().unwrap();
    assert!(table.anchors().len() >= 6);
    for anchor in table.anchors() {
        let g_per_kwh = anchor.g_per_kwh.or(anchor.implied_g_per_kwh).unwrap();
        // The published energies include the PUE.
        let have = tonnes(anchor.energy_mwh, g_per_kwh, 1.0);
        let off = (have / anchor.tco2e - 1.0).abs() * 100.0;
        assert!(
            off <= anchor.tolerance_pct,
            "{}: {have} t, published {} t",
            anchor.name,
            anchor.tco2e
        );
    }
}

#[test]
fn reference_gpt3_is_552_tonnes_and_its_energy_follows_from_its_parts() {
    assert!((tonnes(1287.0, 429.0, 1.0) - 552.1).abs() < 0.01 * 552.1);
    // 10000 devices at 330 W for 14.8 days with a PUE of 1.1.
    let kwh = 10_000.0 * 330.0 * 14.8 * 24.0 / 1000.0;
    let tonnes = tonnes(kwh / 1000.0, 429.0, 1.1);
    assert!((tonnes / 552.1 - 1.0).abs() < 0.01, "{tonnes}");
}

#[test]
fn worked_mix_of_sources() {
    let table = CarbonTable::shipped().unwrap();
    let mix = [
        ("coal", 0.25),
        ("petroleum", 0.35),
        ("natural_gas", 0.26),
        ("nuclear", 0.14),
    ];
    let have = table.mix_g_per_kwh(&mix).unwrap();
    assert!((have - 731.59).abs() < 0.01, "{have}");
    assert_eq!(table.mix_g_per_kwh(&[("peat", 1.0)]), None);
}

mod use_of_devices {
    use spikewatt::counts::{DenseCounts, DenseLayer, EventCounts};
    use spikewatt::energy::{Catalogue, HostExchange, PriceOptions, UsageConfig, Work, price};
    use spikewatt::network::{Connectivity, Edge, Node, Pattern, Role, Shape, Topology};
    use spikewatt::result::{Part, Scope, TargetReport};
    use spikewatt::result::{crossover_period_s, idle_w};

    fn counts() -> EventCounts {
        let node = |name: &str, neurons, role| Node {
            name: name.into(),
            shape: Shape::vector(neurons),
            role,
        };
        let topology = Topology {
            populations: vec![node("a", 100, Role::Spiking), node("b", 10, Role::Readout)],
            edges: vec![Edge {
                source: 0,
                target: 1,
                connectivity: Connectivity::new(Pattern::Dense {
                    sources: 100,
                    targets: 10,
                    present: None,
                }),
                delay: 0,
            }],
        };
        let mut counts = EventCounts::new(topology, 2);
        counts.samples = 1;
        counts.populations[0].spikes.fill(1);
        counts.populations[0].spikes_per_timestep = vec![100, 0];
        counts.projections[0].synops_per_timestep = vec![1000, 0];
        counts
    }

    fn priced(device: &str, usage: &UsageConfig) -> TargetReport {
        let catalogue = Catalogue::shipped().unwrap();
        let counts = counts();
        let dense = DenseCounts {
            layers: vec![DenseLayer {
                name: "fc".into(),
                macs: 1000,
                parameters: 1000,
                inputs: 100,
                outputs: 10,
            }],
            pruned_macs: None,
            ..DenseCounts::default()
        };
        let work = Work::new(&counts, &dense);
        let options = PriceOptions {
            usage: usage.resolve().unwrap(),
            // The chip alone; what its host adds is worked in the tests of hosts.
            host: Some(HostExchange::Streamed),
            ..PriceOptions::default()
        };
        price(catalogue.get(device).unwrap(), &work, &options).remove(0)
    }

    fn with(period_s: f64) -> UsageConfig {
        UsageConfig {
            period_s: Some(period_s),
            ..UsageConfig::default()
        }
    }

    fn close(have: f64, expected: f64) {
        assert!(
            (have - expected).abs() <= 1e-9 * expected.abs(),
            "{have} is not {expected}"
        );
    }

    #[test]
    fn closed_form_waiting_charges_idle_power_for_the_whole_period() {
        for (device, watts) in [("loihi1", 0.096), ("rtx-3090", 30.0)] {
            let at_once = priced(device, &UsageConfig::default());
            let waiting = priced(device, &with(0.1));
            let dynamic = at_once.dynamic_j.unwrap();
            close(idle_w(&waiting).unwrap(), watts);
            close(waiting.energy_j.unwrap().nominal, dynamic + watts * 0.1);
            // Each total is still the sum of its lines, and the scopes before idle power stay.
            let sum = waiting
                .lines
                .iter()
                .fold(0.0, |sum, line| sum + line.joules);
            assert_eq!(waiting.energy_j.unwrap().nominal, sum);
            assert_eq!(waiting.scopes.system.energy_j, waiting.energy_j);
            assert_eq!(waiting.scopes.memory_routing, at_once.scopes.memory_routing);
            let duty = waiting.duty_cycle.unwrap();
            close(duty, at_once.latency_s.unwrap() / 0.1);
            assert_eq!(at_once.duty_cycle, None);
        }
        // Lower and upper bound of the power for the whole period, too.
        let waiting = priced("loihi1", &with(0.1));
        let still: f64 = 0.1;
        let static_high: f64 = waiting
            .lines
            .iter()
            .filter(|l| l.part == Part::Static)
            .map(|l| l.joules_range.high)
            .sum();
        close(static_high, 0.1044 * still);
    }

    #[test]
    fn a_device_that_cannot_keep_up_is_told_and_not_charged() {
        let report = priced("rtx-3090", &with(1e-6));
        assert!(report.duty_cycle.unwrap() > 1.0);
        assert!(report.notes.iter().any(|n| n.contains("cannot keep up")));
        let plain = priced("rtx-3090", &UsageConfig::default());
        assert_eq!(report.energy_j, plain.energy_j);
    }

    #[test]
    fn unknown_idle_power_makes_the_total_unknown() {
        let report = priced("i9-13900k", &with(0.1));
        assert_eq!(report.energy_j, None);
        assert_eq!(report.scopes.get(Scope::System).energy_j, None);
        assert!(report.unpriced[0].contains("power.idle"));
        assert_eq!(report.footprint.per_inference.energy_kwh, None);
    }

    #[test]
    fn closed_form_period_of_equal_cost() {
        let plain = UsageConfig::default();
        let mut chip = priced("loihi1", &plain);
        let mut gpu = priced("rtx-3090", &plain);
        // The chip spends less and draws less: no period makes it the dearer one.
        assert_eq!(crossover_period_s(&chip, &gpu), None);
        // A chip of 1 mJ and 0.096 W against a device of 2 mJ and 0.01 W.
        chip.dynamic_j = Some(1e-3);
        gpu.dynamic_j = Some(2e-3);
        gpu.latency_s = Some(1e-3);
        for line in &mut gpu.lines {
            if line.part == Part::Static {
                line.joules_each = 0.01;
            }
        }
        let period_s = crossover_period_s(&chip, &gpu).unwrap();
        close(period_s, 1e-3 / 0.086);
        close(1e-3 + 0.096 * period_s, 2e-3 + 0.01 * period_s);
    }

    #[test]
    fn worked_footprint_per_inference_million_and_year() {
        let mut usage = UsageConfig {
            grid: "DEU".into(),
            pue: "industry_average".into(),
            price_per_kwh: Some(0.3),
            ..with(0.1)
        };
        usage.embodied_kg.insert("loihi1".into(), 0.9);
        let report = priced("loihi1", &usage);
        let energy = report.energy_j.unwrap();
        let one = report.footprint.per_inference;
        let kwh = one.energy_kwh.unwrap();
        close(kwh.nominal, energy.nominal * 1.56 / 3.6e6);
        close(kwh.low, energy.low * 1.55 / 3.6e6);
        close(kwh.high, energy.high * 1.58 / 3.6e6);
        close(one.carbon_g.unwrap().high, kwh.high * 380.95);
        assert_eq!(one.carbon_g, report.carbon_g.map(|_| one.carbon_g.unwrap()));
        close(report.carbon_g.unwrap().nominal, kwh.nominal * 380.95);
        close(one.cost.unwrap().nominal, kwh.nominal * 0.3);
        // 900 g over 3, 4 or 6 years of 8760 hours, in use all the time at this period.
        let share = |years: f64| 900.0 * 0.1 / (years * 8760.0 * 3600.0);
        let embodied = one.embodied_g.unwrap();
        close(embodied.nominal, share(4.0));
        close(embodied.low, share(6.0));
        close(embodied.high, share(3.0));
        let million = report.footprint.per_million;
        close(million.cost.unwrap().high, 1e6 * one.cost.unwrap().high);
        let year = report.footprint.per_year.unwrap();
        let per_year = 8760.0 * 3600.0 / 0.1;
        close(year.energy_kwh.unwrap().nominal, kwh.nominal * per_year);
        // A year of one chip at 96 mW and 1.56: 1.3 kWh.
        assert!((1.31..1.32).contains(&year.energy_kwh.unwrap().nominal));
    }
}
