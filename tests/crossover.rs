//! Where the spiking network and a baseline cost the same: one definition, whatever the counts.

use proptest::prelude::*;
use spikewatt::counts::{DenseCounts, EventCounts};
use spikewatt::energy::{Catalogue, PriceOptions, Work, analyse};
use spikewatt::network::{Connectivity, Edge, Node, Pattern, Role, Shape, Topology};
use spikewatt::result::{Meeting, Scope, Workload};

/// Dense layers of `sizes` neurons, the first one the input.
fn topology(sizes: &[usize]) -> Topology {
    let node = |(index, &neurons): (usize, &usize)| Node {
        name: format!("p{index}"),
        shape: Shape::vector(neurons),
        role: match index {
            0 => Role::Input,
            _ => Role::Spiking,
        },
    };
    let edge = |(source, pair): (usize, &[usize])| Edge {
        source,
        target: source + 1,
        connectivity: Connectivity::new(Pattern::Dense {
            sources: pair[0],
            targets: pair[1],
            present: None,
        }),
        delay: 0,
    };
    Topology {
        populations: sizes.iter().enumerate().map(node).collect(),
        edges: sizes.windows(2).enumerate().map(edge).collect(),
    }
}

/// Counts of one sample in which each population fires so often in each timestep.
fn counts(sizes: &[usize], spikes: &[u64], timesteps: u32) -> EventCounts {
    let mut counts = EventCounts::new(topology(sizes), timesteps);
    counts.samples = 1;
    for (index, (&neurons, &each)) in sizes.iter().zip(spikes).enumerate() {
        let population = &mut counts.populations[index];
        let each = each.min(neurons as u64);
        population.spikes_per_timestep.fill(each);
        population.spikes[..each as usize].fill(u64::from(timesteps));
        if let Some(projection) = counts.projections.get_mut(index) {
            projection
                .synops_per_timestep
                .fill(each * sizes[index + 1] as u64);
        }
    }
    counts
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// `0.23 / 0.03`: the break-even of operations alone does not depend on what was counted.
    #[test]
    fn closed_form_break_even_of_operations_for_any_counts(
        sizes in prop::collection::vec(1usize..40, 3),
        spikes in prop::collection::vec(0u64..40, 3),
        timesteps in 1u32..20,
    ) {
        prop_assume!(spikes[1] > 0);
        let counts = counts(&sizes, &spikes, timesteps);
        let dense = DenseCounts::of_structure(&counts.topology);
        let work = Work::new(&counts, &dense);
        let catalogue = Catalogue::shipped().unwrap();
        let device = catalogue.get("dampfhoffer-45nm").unwrap();
        let each = |key: &str| device.figures[key].value.nominal;
        let expected = each("energy.mac") / each("energy.ac");
        let analysis = analyse(device, &work, &PriceOptions::default());
        let curve = &analysis.rate_curves[0];
        let ann = analysis.targets.iter().find(|t| t.workload != Workload::Snn).unwrap();
        let value = ann.scopes.get(Scope::Compute).known().unwrap().nominal;
        let equal = curve.equal(Scope::Compute, |e| e.nominal, value).unwrap();
        let synapses: u64 = (1..sizes.len()).map(|i| counts.topology.synapses_into(i)).sum();
        let per_synapse = equal.synops_per_inference.unwrap() / synapses as f64;
        prop_assert!((per_synapse - expected).abs() < 1e-6 * expected, "{per_synapse} {expected}");
        // The rate of the table is the same point of the same curve.
        if let Meeting::At(rate) = equal.meeting {
            let at = curve.points.windows(2).any(|p| p[0].rate <= rate && rate <= p[1].rate);
            prop_assert!(at && rate == equal.rate);
        }
    }
}

/// Multiply-accumulates that happen to be as many as synaptic operations change nothing.
#[test]
fn counts_that_happen_to_be_equal_are_still_told_apart() {
    let catalogue = Catalogue::shipped().unwrap();
    let device = catalogue.get("dampfhoffer-45nm").unwrap();
    let sizes = [10, 10, 10];
    let mut found = Vec::new();
    for macs in [99, 100, 101] {
        let mut counts = counts(&sizes, &[0, 10, 0], 1);
        counts.projections[0].macs_per_timestep = vec![macs];
        counts.projections[0].macs_once = macs;
        assert_eq!(counts.per_inference(2).synops, 100.0);
        let dense = DenseCounts::of_structure(&counts.topology);
        let work = Work::new(&counts, &dense);
        let analysis = analyse(device, &work, &PriceOptions::default());
        let curve = &analysis.rate_curves[0];
        let value = 200.0 * device.figures["energy.mac"].value.nominal;
        let equal = curve.equal(Scope::Compute, |e| e.nominal, value).unwrap();
        found.push(equal.synops_per_inference.unwrap());
    }
    // Each further MAC of 0.23 pJ leaves 0.23 / 0.03 fewer additions: no jump where they are equal.
    let steps: Vec<f64> = found.windows(2).map(|pair| pair[0] - pair[1]).collect();
    for step in steps {
        assert!((step - 0.23 / 0.03).abs() < 1e-6, "{found:?}");
    }
}
