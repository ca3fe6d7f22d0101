//! What the output of a layer of the original is in the spiking network.

use crate::conversion::compose::{Map, MapPlacement, Operator, chain};
use crate::network::{Connectivity, Pattern, Shape, Window};

/// Values that depend linearly on what populations send: `Σ map · population + bias`.
#[derive(Debug, Clone)]
pub(super) struct Signal {
    /// Name of the layer that gives the population made of it its name.
    pub(super) name: String,
    /// Shape of the values as the maps see them; they are numbered channels last.
    pub(super) shape: Shape,
    pub(super) terms: Vec<Term>,
    /// One per value, or empty for none.
    pub(super) bias: Vec<f32>,
    /// Another order of the values that nobody has needed yet.
    pub(super) view: Option<View>,
    /// Max poolings between a linear layer and its rectifier.
    pub(super) pools: Vec<PendingPool>,
}

/// A part of a signal.
#[derive(Debug, Clone)]
pub(super) struct Term {
    pub(super) population: usize,
    /// Whether its values can be negative, as those of the input.
    pub(super) signed: bool,
    pub(super) map: Map,
}

/// Value `i`, of a signal of another shape, is value `from[i]`; none beyond the last.
#[derive(Debug, Clone)]
pub(super) struct View {
    pub(super) shape: Shape,
    pub(super) from: Vec<u32>,
}

/// Max pooling that waits for the rectifier behind it.
#[derive(Debug, Clone)]
pub(super) struct PendingPool {
    pub(super) name: String,
    pub(super) window: Window,
    pub(super) output: Shape,
}

impl Signal {
    /// The values of a population, each times the factor of its channel.
    pub(super) fn of(
        population: usize,
        name: &str,
        shape: Shape,
        factor: Vec<f32>,
        signed: bool,
    ) -> Self {
        Signal {
            name: name.to_owned(),
            shape,
            terms: vec![Term {
                population,
                signed,
                map: Map::Placed(MapPlacement::whole(shape, factor)),
            }],
            bias: Vec::new(),
            view: None,
            pools: Vec::new(),
        }
    }

    /// Shape of the values as the layer states it.
    pub(super) fn stated_shape(&self) -> Shape {
        self.view.as_ref().map_or(self.shape, |view| view.shape)
    }

    /// Applies the view that is left over.
    pub(super) fn settle(&mut self) -> Result<(), String> {
        let Some(view) = self.view.take() else {
            return Ok(());
        };
        for term in &mut self.terms {
            term.map = term.map.arranged(self.shape, &view.from)?;
        }
        if !self.bias.is_empty() {
            let at = |&i: &u32| self.bias.get(i as usize).copied().unwrap_or(0.0);
            self.bias = view.from.iter().map(at).collect();
        }
        self.shape = view.shape;
        Ok(())
    }

    /// Looks at the values in another order.
    pub(super) fn look(&mut self, shape: Shape, from: Vec<u32>) {
        let from = match &self.view {
            None => from,
            Some(view) => from
                .iter()
                .map(|&i| view.from.get(i as usize).copied().unwrap_or(u32::MAX))
                .collect(),
        };
        let unchanged = from.len() == self.shape.neurons()
            && from.iter().enumerate().all(|(i, &f)| i == f as usize);
        // The same order under another shape of one position is the same signal.
        let same_maps = shape == self.shape;
        self.view = (!(unchanged && same_maps)).then_some(View { shape, from });
    }

    /// The signal behind a linear layer.
    pub(super) fn through(
        mut self,
        name: &str,
        operator: &Operator,
        bias: &[f32],
        output: Shape,
    ) -> Result<Self, String> {
        let viewed = match (&self.view, operator) {
            (
                Some(view),
                Operator::Weighted(
                    Connectivity {
                        pattern: Pattern::Dense { targets, .. },
                        ..
                    },
                    weights,
                ),
            ) => Some(unviewed(view, self.shape, *targets, weights)),
            _ => None,
        };
        let operator = match &viewed {
            Some(viewed) => {
                self.view = None;
                viewed
            }
            None => {
                self.settle()?;
                operator
            }
        };
        for term in &mut self.terms {
            term.map = chain(&term.map, self.shape, operator)?;
        }
        let mut sums = if self.bias.is_empty() {
            Vec::new()
        } else {
            operator.apply(&self.bias)
        };
        if bias.iter().any(|&b| b != 0.0) {
            sums.resize(output.neurons(), 0.0);
            for (value, sum) in sums.iter_mut().enumerate() {
                *sum += bias[value % bias.len()];
            }
        }
        self.bias = sums;
        self.shape = output;
        if !name.is_empty() {
            self.name = name.to_owned();
        }
        Ok(self)
    }

    /// Whether populations stand side by side in it, each value one neuron or a mean of some and
    /// never negative: what spikes carry as they are.
    pub(super) fn is_carried(&self) -> bool {
        self.bias.iter().all(|&b| b == 0.0) && self.stands_apart()
    }

    /// As [`Signal::is_carried`], but for what is added.
    pub(super) fn stands_apart(&self) -> bool {
        let mut taken = vec![false; self.shape.neurons()];
        let mut take = |value: usize| !std::mem::replace(&mut taken[value], true);
        self.terms.iter().all(|term| {
            let (first, maps, factor) = match &term.map {
                Map::Placed(placement) => (placement.first_channel, self.shape, &placement.factor),
                Map::Pooled {
                    pooling,
                    first_channel,
                    factor,
                } => (*first_channel, pooling.output, factor),
                Map::Scattered { from, factor, .. } => {
                    return !term.signed
                        && (0..from.len()).all(|value| {
                            from[value] == u32::MAX || (factor[value] >= 0.0 && take(value))
                        });
                }
                Map::Weighted(..) => return false,
            };
            let positions = maps.height * maps.width;
            !term.signed
                && factor.iter().enumerate().all(|(c, &f)| {
                    f >= 0.0 && (0..positions).all(|p| take(p * self.shape.channels + first + c))
                })
        })
    }
}

/// A matrix for the values in the order of the maps instead of the view.
fn unviewed(view: &View, shape: Shape, targets: usize, weights: &[f32]) -> Operator {
    let mut rows = vec![0.0; shape.neurons() * targets];
    for (value, &from) in view.from.iter().enumerate() {
        if from != u32::MAX {
            let row = &mut rows[from as usize * targets..][..targets];
            let weights = &weights[value * targets..][..targets];
            row.iter_mut().zip(weights).for_each(|(r, w)| *r += w);
        }
    }
    let pattern = Pattern::Dense {
        sources: shape.neurons(),
        targets,
        present: None,
    };
    Operator::Weighted(Connectivity::new(pattern), rows)
}
