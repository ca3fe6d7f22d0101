//! In which order populations are driven, and how far each may run ahead.

use crate::network::{Delays, Network, Projection};
use std::ops::Range;

/// Populations that are driven together: one population, or all between the ends of a cycle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Component {
    /// Populations, in the order of a timestep.
    pub(super) populations: Range<usize>,
    /// Timesteps that each may be driven before the next one, because nothing that happens in
    /// them can come back earlier; `None` without a cycle.
    pub(super) lookahead: Option<usize>,
    /// Whether none of them hears another within the lookahead, so that all may be driven at once.
    pub(super) joint: bool,
}

/// Shortest time between a spike and its arrival [timesteps].
pub(super) fn shortest_delay(projection: &Projection) -> usize {
    let shortest = match &projection.delay {
        Delays::Uniform(delay) => *delay as usize,
        Delays::Each(delays) => delays.iter().copied().min().unwrap_or(0).into(),
    };
    // An edge that does not lead forward carries at least the previous timestep.
    shortest.max(usize::from(!projection.is_forward()))
}

/// Longest time between a spike and its arrival [timesteps].
pub(super) fn longest_delay(projection: &Projection) -> usize {
    let longest = match &projection.delay {
        Delays::Uniform(_) => 0,
        Delays::Each(delays) => delays.iter().copied().max().unwrap_or(0).into(),
    };
    shortest_delay(projection).max(longest)
}

/// Splits the populations into components. The order of populations is that of a timestep, so a
/// component is a range: from the target of an edge that leads back to its source.
pub(super) fn components(network: &Network) -> Vec<Component> {
    let mut components: Vec<Component> = (0..network.populations.len())
        .map(|index| Component {
            populations: index..index + 1,
            lookahead: None,
            joint: false,
        })
        .collect();
    for projection in network.projections.iter().filter(|p| !p.is_forward()) {
        let span = projection.target..projection.source + 1;
        let mut joined = Component {
            populations: span.clone(),
            lookahead: Some(shortest_delay(projection)),
            joint: false,
        };
        components.retain(|component| {
            let (a, b) = (&component.populations, &span);
            let overlaps = a.start < b.end && b.start < a.end;
            if overlaps {
                joined.populations =
                    joined.populations.start.min(a.start)..joined.populations.end.max(a.end);
                joined.lookahead = [joined.lookahead, component.lookahead]
                    .into_iter()
                    .flatten()
                    .min();
            }
            !overlaps
        });
        let at = components.partition_point(|c| c.populations.start < joined.populations.start);
        components.insert(at, joined);
    }
    for component in &mut components {
        let inside = |p: &&Projection| {
            component.populations.contains(&p.source) && component.populations.contains(&p.target)
        };
        let mut delays = network
            .projections
            .iter()
            .filter(inside)
            .map(shortest_delay);
        component.joint = component
            .lookahead
            .is_some_and(|lookahead| delays.all(|delay| delay >= lookahead));
    }
    components
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::{Connectivity, Pattern, Population, Shape};
    use crate::neuron::Neuron;

    fn network(edges: &[(usize, usize, u32)]) -> Network {
        let pattern = Pattern::Dense {
            sources: 1,
            targets: 1,
            present: None,
        };
        Network {
            name: "test".to_owned(),
            populations: (0..6)
                .map(|i| Population::new(i.to_string(), Shape::vector(1), Neuron::Integrator))
                .collect(),
            projections: edges
                .iter()
                .map(|&(source, target, delay)| Projection {
                    delay: Delays::Uniform(delay),
                    ..Projection::new(
                        source,
                        target,
                        Connectivity::new(pattern.clone()),
                        vec![1.0],
                    )
                })
                .collect(),
        }
    }

    #[test]
    fn populations_that_hear_each_other_late_are_driven_at_once() {
        let joint = |edges: &[(usize, usize, u32)]| components(&network(edges))[0].joint;
        assert!(joint(&[(0, 1, 3), (1, 0, 3), (0, 0, 5)]));
        assert!(!joint(&[(0, 1, 2), (1, 0, 3)]));
        assert!(!joint(&[(0, 1, 3)]));
    }

    #[test]
    fn cycles_join_what_lies_between_their_ends() {
        let plan = |edges: &[(usize, usize, u32)]| -> Vec<_> {
            components(&network(edges))
                .into_iter()
                .map(|c| (c.populations, c.lookahead))
                .collect()
        };
        assert_eq!(plan(&[(0, 1, 0), (1, 2, 3)]).len(), 6);
        // A loop on one population, and two overlapping cycles.
        assert_eq!(
            plan(&[(1, 1, 0), (4, 2, 5), (5, 3, 2)]),
            [(0..1, None), (1..2, Some(1)), (2..6, Some(2))]
        );
    }
}
