//! Projections as chains of linear nodes.

use super::super::primitives::{Affine, Delay, Flatten, Linear, Primitive, Scale};
use super::super::tensor::Tensor;
use super::synapses::{by_channel, conv, is_pool, matrix, one_to_one, pool_of, sum_pool};
use super::{Raising, maps};
use crate::network::{self, Network, Pattern, Projection, Shape};

impl Raising<'_> {
    pub(super) fn projections(&mut self) {
        let network = self.network;
        // A bias enters through the first projection that has a place for it.
        let mut biased: Vec<bool> = network
            .populations
            .iter()
            .map(|p| p.bias.is_empty())
            .collect();
        for projection in &network.projections {
            let target = &network.populations[projection.target];
            let bias = match (biased[projection.target], &projection.connectivity.pattern) {
                (false, Pattern::Dense { .. }) => {
                    Some(target.bias.iter().map(|&b| b.into()).collect())
                }
                (false, Pattern::Convolution { convolution, .. })
                    if !is_pool(convolution, &projection.weights) =>
                {
                    by_channel(&target.bias, convolution.output.channels)
                }
                _ => None,
            };
            biased[projection.target] |= bias.is_some();
            if let Err(reason) = self.projection(projection, bias) {
                let source = &network.populations[projection.source].name;
                self.problem(
                    target,
                    format!("the projection from \"{source}\": {reason}"),
                );
            }
        }
        for (population, _) in network
            .populations
            .iter()
            .zip(biased)
            .filter(|(_, biased)| !biased)
        {
            self.problem(
                population,
                "no projection into it can carry its bias: NIR has one bias per neuron behind a matrix and one per channel behind a convolution",
            );
        }
    }

    fn projection(
        &mut self,
        projection: &Projection,
        bias: Option<Vec<f64>>,
    ) -> Result<(), String> {
        let network = self.network;
        let (source, target) = (
            &network.populations[projection.source],
            &network.populations[projection.target],
        );
        let name = |what: &str| format!("{}_{}_{what}", source.name, target.name);
        let mut at = projection.source;
        let mut shape = source.shape;
        if let Some(delay) = self.delay(projection)? {
            at = self.chain(at, &name("delay"), Primitive::Delay(Delay { delay }));
        }
        if let Some(pooling) = &projection.connectivity.pooling {
            at = self.chain(at, &name("pool"), sum_pool(pooling)?);
            shape = pooling.output;
        }
        match &projection.connectivity.pattern {
            Pattern::Dense { .. } | Pattern::Sparse { .. } => {
                at = self.matrix(at, projection, [shape, target.shape], bias)?;
            }
            Pattern::Convolution { convolution, .. } => {
                if convolution.window.outputs(convolution.input)
                    != Some((convolution.output.height, convolution.output.width))
                {
                    return Err(String::from(
                        "its last windows leave the padded input, which NIR does not allow",
                    ));
                }
                let primitive = match pool_of(convolution, &projection.weights) {
                    Some(pool) if bias.is_none() => pool,
                    _ => conv(convolution, &projection.weights, bias),
                };
                at = self.chain(at, &name("conv"), primitive);
            }
        }
        if shape_differs(&projection.connectivity.pattern, shape, target.shape) {
            let flatten = Flatten {
                start_dim: 0,
                end_dim: -1,
                input_shape: None,
            };
            at = self.chain(at, &name("flatten"), Primitive::Flatten(flatten));
        }
        if !projection.is_forward() {
            self.notes.push(format!(
                "what \"{}\" sends to \"{}\" closes a cycle and arrives one timestep late; NIR fixes no order",
                source.name, target.name
            ));
        }
        self.edges.push((at, projection.target));
        Ok(())
    }

    /// A node for each synapse of its own: a scale where neurons are joined one to one, else a
    /// matrix, of values that are flattened in front of it. The last node.
    fn matrix(
        &mut self,
        mut at: usize,
        projection: &Projection,
        [shape, target]: [Shape; 2],
        bias: Option<Vec<f64>>,
    ) -> Result<usize, String> {
        let network = self.network;
        let ends = [projection.source, projection.target];
        let [from, to] = ends.map(|index| &network.populations[index].name);
        let name = |what: &str| format!("{from}_{to}_{what}");
        if let Some(scale) = one_to_one(projection, shape, target) {
            return Ok(match scale.data.iter().any(|&factor| factor != 1.0) {
                true => self.chain(at, &name("scale"), Primitive::Scale(Scale { scale })),
                false => at,
            });
        }
        if target.dims().len() > 1 {
            return Err(format!(
                "a matrix cannot feed maps of shape {target}; NIR has no node that makes maps of a vector"
            ));
        }
        if shape.dims().len() > 1 || maps_read(network, projection) {
            let flatten = Flatten {
                start_dim: 0,
                end_dim: -1,
                input_shape: Some(match projection.connectivity.pooling {
                    Some(_) => maps(shape),
                    None => self.dims(projection.source),
                }),
            };
            at = self.chain(at, &name("flatten"), Primitive::Flatten(flatten));
        }
        let weight = matrix(projection, shape, target)?;
        let primitive = match bias {
            Some(bias) => Primitive::Affine(Affine {
                bias: Tensor {
                    dims: vec![bias.len()],
                    data: bias,
                },
                weight,
            }),
            None => Primitive::Linear(Linear { weight }),
        };
        Ok(self.chain(at, &name("weight"), primitive))
    }

    /// The delay beyond the timestep that closing a cycle takes.
    fn delay(&self, projection: &Projection) -> Result<Option<Tensor>, String> {
        let cycle = u32::from(!projection.is_forward());
        let seconds = |steps: u32| f64::from(steps.saturating_sub(cycle)) * self.dt_s;
        match &projection.delay {
            network::Delays::Uniform(steps) if *steps <= cycle => Ok(None),
            network::Delays::Uniform(steps) => Ok(Some(Tensor::scalar(seconds(*steps)))),
            network::Delays::Each(delays) => {
                let source = self.network.populations[projection.source].shape;
                match (
                    &projection.connectivity.pooling,
                    &projection.connectivity.pattern,
                ) {
                    (None, Pattern::Sparse { starts, .. })
                        if starts.windows(2).all(|row| row[1] - row[0] <= 1) =>
                    {
                        let each: Vec<f64> = starts
                            .windows(2)
                            .map(|row| {
                                let delay = delays.get(row[0] as usize).filter(|_| row[1] > row[0]);
                                seconds(delay.copied().map_or(0, u32::from))
                            })
                            .collect();
                        Ok(Some(Tensor {
                            dims: self.dims(projection.source),
                            data: source.to_channels_first(&each),
                        }))
                    }
                    _ => Err(String::from(
                        "NIR has a delay per source, not per synapse; give all synapses of a neuron the same delay",
                    )),
                }
            }
        }
    }
}

/// Whether the source has the dimensions of maps although it is a vector.
fn maps_read(network: &Network, projection: &Projection) -> bool {
    projection.connectivity.pooling.is_some()
        || network.projections.iter().any(|other| {
            other.source == projection.source
                && (other.connectivity.pooling.is_some()
                    || matches!(other.connectivity.pattern, Pattern::Convolution { .. }))
        })
}

/// Whether maps arrive at a vector without a matrix between.
fn shape_differs(pattern: &Pattern, source: Shape, target: Shape) -> bool {
    let arriving = match pattern {
        Pattern::Convolution { convolution, .. } => convolution.output,
        Pattern::Sparse { .. } if source.neurons() == target.neurons() => source,
        _ => return false,
    };
    arriving.dims().len() > 1 && target.dims().len() == 1
}
