//! The order in which a timestep visits populations.

use std::collections::BTreeSet;

/// An order of `0..count` in which as many edges as a search in depth allows lead forward, `first`
/// in front: only edges that close a cycle lead back, to the member of the cycle that the search
/// reached first. Equals stand in ascending order.
pub(super) fn order(count: usize, edges: &BTreeSet<(usize, usize)>, first: usize) -> Vec<usize> {
    let mut targets = vec![Vec::new(); count];
    let mut fed = vec![false; count];
    for &(source, target) in edges {
        targets[source].push(target);
        fed[target] = true;
    }
    let closing = closing(&targets, &fed, first);

    let mut waits = vec![0usize; count];
    for &(_, target) in edges.difference(&closing) {
        waits[target] += 1;
    }
    let mut ready: BTreeSet<(bool, usize)> = (0..count)
        .filter(|&at| waits[at] == 0)
        .map(|at| (at != first, at))
        .collect();
    let mut order = Vec::with_capacity(count);
    while let Some((_, at)) = ready.pop_first() {
        order.push(at);
        for &target in &targets[at] {
            if !closing.contains(&(at, target)) {
                waits[target] -= 1;
                if waits[target] == 0 {
                    ready.insert((target != first, target));
                }
            }
        }
    }
    order
}

/// The edges that close a cycle: those to a node whose successors are still being searched.
///
/// Without them, the graph has no cycle.
pub(super) fn closing(
    targets: &[Vec<usize>],
    fed: &[bool],
    first: usize,
) -> BTreeSet<(usize, usize)> {
    #[derive(Clone, Copy, PartialEq)]
    enum Visit {
        Never,
        Open,
        Done,
    }
    let mut visits = vec![Visit::Never; targets.len()];
    let mut closing = BTreeSet::new();
    let sources = (0..targets.len()).filter(|&at| !fed[at]);
    let roots: Vec<usize> = [first]
        .into_iter()
        .chain(sources)
        .chain(0..targets.len())
        .filter(|&at| at < targets.len())
        .collect();
    for root in roots {
        if visits[root] != Visit::Never {
            continue;
        }
        visits[root] = Visit::Open;
        let mut path = vec![(root, 0)];
        while let Some((at, next)) = path.last_mut() {
            match targets[*at].get(*next) {
                None => {
                    visits[*at] = Visit::Done;
                    path.pop();
                }
                Some(&target) => {
                    *next += 1;
                    match visits[target] {
                        Visit::Never => {
                            visits[target] = Visit::Open;
                            path.push((target, 0));
                        }
                        Visit::Open => {
                            closing.insert((*at, target));
                        }
                        Visit::Done => {}
                    }
                }
            }
        }
    }
    closing
}

#[cfg(test)]
mod tests {

    #[test]
    fn worked_orders() {
        let order = |count, edges: &[(usize, usize)], first| {
            super::order(count, &edges.iter().copied().collect(), first)
        };
        // A chain against the numbering, a self-loop, and feedback from its end.
        assert_eq!(order(3, &[(2, 1), (1, 0), (1, 1), (0, 1)], 2), [2, 1, 0]);
        // Two ways to the same node: no edge leads back.
        assert_eq!(order(4, &[(0, 1), (0, 3), (1, 2), (2, 3)], 0), [0, 1, 2, 3]);
        // A population that nothing feeds stands behind the first.
        assert_eq!(order(3, &[(0, 1), (2, 1)], 2), [2, 0, 1]);
        // Equals keep their order.
        assert_eq!(order(4, &[(3, 0), (3, 1), (3, 2)], 3), [3, 0, 1, 2]);
    }
}
