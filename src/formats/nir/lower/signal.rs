//! What arrives at a node: emissions of populations through linear nodes, and a constant.

use super::map::{LinearMap, at, uniform};
use crate::network::Shape;

/// A sum of links and a constant.
#[derive(Clone, Default)]
pub(super) struct LoweredSignal {
    pub(super) links: Vec<Link>,
    /// One value per element in row-major order; empty for zeros.
    pub(super) constant: Vec<f64>,
}

/// Emissions of a population through the linear nodes that one projection can hold, in this order:
/// `inner`, `pool`, `core`, `outer`. Lists hold one value for all elements or one for each.
#[derive(Clone)]
pub(super) struct Link {
    /// The population.
    pub(super) source: usize,
    /// A pooling node; `inner` and, without a core, `outer` are then the same for all.
    pub(super) pool: Option<usize>,
    /// A dense or convolution node; `inner` and `outer` of a convolution differ by channel at most.
    pub(super) core: Option<usize>,
    /// Factor of what enters the core.
    pub(super) inner: Vec<f64>,
    /// Factor of the result.
    pub(super) outer: Vec<f64>,
    /// Timesteps; the same for all if there is a pool or core.
    pub(super) delay: Vec<u32>,
}

impl LoweredSignal {
    /// What a population emits.
    pub(super) fn of(source: usize) -> Self {
        LoweredSignal {
            links: vec![Link {
                source,
                pool: None,
                core: None,
                inner: vec![1.0],
                outer: vec![1.0],
                delay: vec![0],
            }],
            constant: Vec::new(),
        }
    }

    /// The population whose emissions it is, unchanged.
    pub(super) fn population(&self) -> Option<usize> {
        match &self.links[..] {
            [link] if self.constant.is_empty() && link.is_unchanged() => Some(link.source),
            _ => None,
        }
    }

    /// Whether one projection per link can hold `node` too, so that it needs no population in
    /// front of it.
    pub(super) fn passes(&self, node: usize, maps: &[Option<LinearMap>]) -> bool {
        // A delayed constant is zero at first.
        let late =
            matches!(&maps[node], Some(LinearMap::Delay(steps)) if uniform(steps) != Some(0));
        (self.constant.is_empty() || !late)
            && self
                .links
                .iter()
                .all(|link| link.through(node, maps).is_some())
    }
}

impl Link {
    fn is_unchanged(&self) -> bool {
        self.pool.is_none()
            && self.core.is_none()
            && uniform(&self.outer) == Some(1.0)
            && uniform(&self.delay) == Some(0)
    }

    /// The same link and then `node`; `None` if one projection cannot hold both.
    pub(super) fn through(&self, node: usize, maps: &[Option<LinearMap>]) -> Option<Link> {
        let mut link = self.clone();
        let core = self.core.and_then(|core| maps[core].as_ref());
        let pool = self.pool.and_then(|pool| maps[pool].as_ref());
        match maps[node].as_ref()? {
            LinearMap::Reshape => {}
            LinearMap::Scale(factors) => {
                let outer = combine(&self.outer, factors, |a, b| a * b);
                link.outer = match (core, pool) {
                    (Some(LinearMap::Convolution(convolution, ..)), _) => {
                        by_channel(outer, convolution.output)?
                    }
                    (None, Some(_)) => vec![uniform(&outer)?],
                    _ => outer,
                };
            }
            LinearMap::Delay(steps) => {
                link.delay = combine(&self.delay, steps, u32::saturating_add);
                if core.is_some() || pool.is_some() {
                    link.delay = vec![uniform(&link.delay)?];
                }
            }
            LinearMap::Pool(_, factor) if core.is_none() && pool.is_none() => {
                link.pool = Some(node);
                link.outer = vec![uniform(&self.outer)? * factor];
                link.delay = vec![uniform(&self.delay)?];
            }
            LinearMap::Dense(..) | LinearMap::Convolution(..) if core.is_none() => {
                if matches!(pool, Some(LinearMap::Pool(pool, _)) if !pool.window.is_disjoint()) {
                    return None;
                }
                let factors = std::mem::replace(&mut link.outer, vec![1.0]);
                link.inner = match &maps[node] {
                    Some(LinearMap::Convolution(convolution, ..)) => {
                        by_channel(factors, convolution.input)?
                    }
                    _ => factors,
                };
                link.core = Some(node);
                link.delay = vec![uniform(&self.delay)?];
            }
            LinearMap::Pool(..) | LinearMap::Dense(..) | LinearMap::Convolution(..) => return None,
        }
        Some(link)
    }
}

/// The factors of all elements, if they are the same within each channel.
fn by_channel(factors: Vec<f64>, shape: Shape) -> Option<Vec<f64>> {
    let plane = shape.height * shape.width;
    let same = |channel: &[f64]| uniform(channel).is_some();
    (factors.len() == 1 || factors.chunks(plane).all(same)).then_some(factors)
}

/// `f` of each pair of elements.
fn combine<T: Copy>(a: &[T], b: &[T], f: impl Fn(T, T) -> T) -> Vec<T> {
    let count = a.len().max(b.len());
    (0..count).map(|i| f(at(a, i), at(b, i))).collect()
}
