//! Which loops a simulation runs on, in words.

use super::Simulator;
use super::group::Group;
use super::panelwise::Driven;
use serde::{Deserialize, Serialize};

/// The loops that a population and its synapses run on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Kernels {
    /// Name of the population.
    pub population: String,
    /// How its neurons are updated; `None` if it is driven from outside.
    pub neurons: Option<String>,
    /// The projections into it.
    pub synapses: Vec<SynapseKernel>,
    /// Whether neurons are updated while their sums are still in a near cache, a panel of weights
    /// at a time.
    pub panelwise: bool,
}

impl Kernels {
    /// Of a population.
    #[must_use]
    pub fn new(population: &str, neurons: Option<&str>) -> Self {
        Kernels {
            population: population.to_owned(),
            neurons: neurons.map(str::to_owned),
            synapses: Vec::new(),
            panelwise: false,
        }
    }
}

/// The loop of a projection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SynapseKernel {
    /// Name of the population it comes from.
    pub source: String,
    /// How its synapses are summed.
    pub kernel: String,
}

impl Simulator<'_> {
    /// The loops that each population runs on: nothing but speed depends on them.
    #[must_use]
    pub fn kernels(&self) -> Vec<Kernels> {
        let populations = self.network.populations.iter().enumerate();
        let of = |(index, population): (usize, &crate::network::Population)| {
            let mut group = Group::new(population, 0..1);
            let projections = self.incoming[index].iter().map(|&p| &self.synapses[p]);
            let name = |source: usize| self.network.populations[source].name.clone();
            let mut kernels = Kernels::new(&population.name, group.kernel());
            kernels.panelwise = self.is_panelwise(index) && Driven::of(&mut group).is_some();
            kernels.synapses = projections
                .map(|synapses| SynapseKernel {
                    source: name(synapses.source()),
                    kernel: synapses.kernel().to_owned(),
                })
                .collect();
            kernels
        };
        populations.map(of).collect()
    }

    /// Whether a population hears nothing but dense matrices that are cut alike.
    pub(super) fn is_panelwise(&self, index: usize) -> bool {
        let cuts = |p: &usize| {
            let synapses = &self.synapses[*p];
            let cuts = synapses.cuts.as_deref();
            cuts.filter(|_| synapses.source() != index)
        };
        let mut all = self.incoming[index].iter().map(cuts);
        let first = all.next().flatten();
        let random = self.network.populations[index].poisson.is_some();
        first.is_some() && !random && all.all(|cuts| cuts == first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::{Connectivity, Network, Pattern, Population, Projection, Shape};
    use crate::neuron::{InitialPotential, IntegrateFire, MODELS, Neuron, Options, PRESETS};
    use crate::neuron::{Parameter, Reset, ThresholdTest, build};

    fn network(neuron: Neuron) -> Network {
        let (sources, targets) = (5, 70);
        let dense = Connectivity::new(Pattern::Dense {
            sources,
            targets,
            present: None,
        });
        Network {
            name: "one layer".to_owned(),
            populations: vec![
                Population::new("input", Shape::vector(sources), Neuron::Input),
                Population::new("layer", Shape::vector(targets), neuron),
            ],
            projections: vec![Projection::new(0, 1, dense, vec![0.5; sources * targets])],
        }
    }

    fn kernels(neuron: Neuron) -> Kernels {
        let network = network(neuron);
        let simulator = Simulator::new(&network, 3).expect("a network");
        simulator.kernels().remove(1)
    }

    #[test]
    fn every_model_that_fires_single_spikes_runs_panel_by_panel() {
        for model in MODELS {
            for start in [InitialPotential::File, InitialPotential::Value(0.3)] {
                let options = Options {
                    initial: start,
                    dt_s: 1e-3,
                    ..PRESETS[0].options
                };
                let given = model.parameters.iter().filter(|p| p.default.is_none());
                let given = given
                    .map(|p| (p.name.to_owned(), Parameter::uniform(0.01)))
                    .collect();
                let built = build(model.name, &given, &options).expect("a model");
                let spikes = built.spikes();
                let found = kernels(Neuron::Model(built));
                assert_eq!(found.panelwise, spikes, "{} {found:?}", model.name);
                let neurons = found.neurons.expect("neurons");
                assert!(neurons.starts_with("64 neurons at once"), "{neurons}");
            }
        }
    }

    #[test]
    fn converted_neurons_start_anywhere_on_the_same_loops() {
        for (initial, signed) in [(0.0, false), (0.5, false), (0.3, false), (0.5, true)] {
            let found = kernels(Neuron::IntegrateFire(IntegrateFire {
                threshold: vec![1.0; 70],
                initial,
                reset: Reset::Subtract,
                test: ThresholdTest::AtLeast,
                signed,
            }));
            assert_eq!(found.panelwise, !signed);
            let neurons = found.neurons.expect("neurons");
            assert!(neurons.starts_with("64 neurons at once"), "{neurons}");
        }
    }

    #[test]
    fn what_is_driven_from_outside_has_no_loop() {
        let network = network(Neuron::Integrator);
        let simulator = Simulator::new(&network, 3).expect("a network");
        assert_eq!(simulator.kernels()[0].neurons, None);
    }
}
