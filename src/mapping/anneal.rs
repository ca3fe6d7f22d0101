//! Moving cores so that packets cross fewer and cheaper links.

use super::traffic::flows;
use super::{Capacity, Mesh, Placement, Slice};
use crate::counts::EventCounts;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Proposals for each core in use, and the most there may be at all.
const PROPOSALS: (usize, usize) = (4000, 400_000);

/// What a packet on a link costs, in any unit: only ratios matter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LinkCosts {
    /// A link in x within a chip.
    pub x: f64,
    /// A link in y.
    pub y: f64,
    /// A link from one chip to the next.
    pub chip: f64,
}

impl LinkCosts {
    /// All links alike: fewer links are better.
    pub const ALIKE: LinkCosts = LinkCosts {
        x: 1.0,
        y: 1.0,
        chip: 1.0,
    };

    fn of(&self, [x, y, chips]: [u64; 3]) -> f64 {
        x as f64 * self.x + y as f64 * self.y + chips as f64 * self.chip
    }
}

/// The same cores on other tiles, so that the links which the counted packets cross cost less:
/// simulated annealing over the placement given, never worse than it.
///
/// Which neurons share a core stays; there are no more tiles in use (a barrier takes longer with
/// more of them) and no other chips. The same seed gives the same placement, whatever the threads.
///
/// Source: S. Kirkpatrick, C. D. Gelatt and M. P. Vecchi, Optimization by simulated annealing,
/// Science 220(4598), 1983.
#[must_use]
pub fn optimise(
    counts: &EventCounts,
    placement: &Placement,
    capacity: &Capacity,
    costs: LinkCosts,
    seed: u64,
) -> Placement {
    let mut layout = Layout::new(counts, placement, costs);
    let before = costs.of(layout.links());
    if layout.slots.len() < 2 || before <= 0.0 {
        return placement.clone();
    }
    layout.anneal(before, seed);
    // Sums of differences are rounded, these are not.
    if costs.of(layout.links()) >= before {
        return placement.clone();
    }
    let slices = placement.slices().iter().map(|slice| Slice {
        core: layout.core_of(slice.core),
        ..slice.clone()
    });
    Placement::assemble(&counts.topology, capacity, slices.collect())
}

/// Cores sit in slots, a tile's worth in each; slots sit on tiles of the mesh.
struct Layout {
    mesh: Mesh,
    costs: LinkCosts,
    /// Cores in use, ascending; the others of this struct are numbered by this list.
    cores: Vec<usize>,
    /// Packets to and from each core: (other core, packets).
    flows: Vec<Vec<(usize, u64)>>,
    /// Slot of each core.
    slot_of: Vec<usize>,
    /// Cores of each slot.
    slots: Vec<Vec<usize>>,
    /// Tile of each slot.
    tile_of: Vec<usize>,
    /// Slot on each tile of the chips in use.
    slot_on: Vec<Option<usize>>,
}

/// A change that can be undone.
#[derive(Clone, Copy)]
enum Move {
    /// Two cores change places.
    Cores(usize, usize),
    /// A core moves to a slot with room.
    Into(usize, usize),
    /// What is on two tiles changes places.
    Tiles(usize, usize),
}

impl Layout {
    fn new(counts: &EventCounts, placement: &Placement, costs: LinkCosts) -> Self {
        let mesh = placement.mesh();
        let mut cores: Vec<usize> = placement.slices().iter().map(|s| s.core).collect();
        cores.sort_unstable();
        cores.dedup();
        let number = |core: usize| cores.binary_search(&core).unwrap_or(0);
        let mut links = vec![Vec::new(); cores.len()];
        for (core, flows) in flows(counts, placement).into_iter().enumerate() {
            let from = number(core);
            for (core, packets) in flows {
                let to = number(core);
                if from != to {
                    links[from].push((to, packets));
                    links[to].push((from, packets));
                }
            }
        }
        let mut tile_of: Vec<usize> = cores.iter().map(|&core| mesh.tile(core)).collect();
        tile_of.dedup();
        let mut slots = vec![Vec::new(); tile_of.len()];
        let mut slot_of = Vec::with_capacity(cores.len());
        for (index, &core) in cores.iter().enumerate() {
            let slot = tile_of.binary_search(&mesh.tile(core)).unwrap_or(0);
            slots[slot].push(index);
            slot_of.push(slot);
        }
        let chips = placement.core_bound().div_ceil(mesh.cores_per_chip());
        let mut slot_on = vec![None; chips * mesh.width * mesh.height];
        for (slot, &tile) in tile_of.iter().enumerate() {
            slot_on[tile] = Some(slot);
        }
        Layout {
            mesh,
            costs,
            cores,
            flows: links,
            slot_of,
            slots,
            tile_of,
            slot_on,
        }
    }

    /// New place of a core of the placement.
    fn core_of(&self, core: usize) -> usize {
        let index = self.cores.binary_search(&core).unwrap_or(0);
        let slot = self.slot_of[index];
        let place = self.slots[slot].iter().position(|&c| c == index);
        self.tile_of[slot] * self.mesh.cores_per_tile + place.unwrap_or(0)
    }

    /// Links that all packets cross: in x, in y, from chip to chip.
    fn links(&self) -> [u64; 3] {
        let mut twice = [0; 3];
        for (core, flows) in self.flows.iter().enumerate() {
            for &(other, packets) in flows {
                let links = self.between(core, other);
                twice = std::array::from_fn(|kind| twice[kind] + packets * links[kind]);
            }
        }
        twice.map(|links| links / 2)
    }

    /// Links from one core to another.
    fn between(&self, core: usize, other: usize) -> [u64; 3] {
        let tile = |core: usize| self.tile_of[self.slot_of[core]];
        self.mesh.tile_links(tile(core), tile(other))
    }

    /// Cost of the links that the packets of some cores cross; those between two of them count
    /// twice.
    fn cost_of(&self, cores: &[usize]) -> f64 {
        let flows = cores
            .iter()
            .flat_map(|&core| self.flows[core].iter().map(move |flow| (core, flow)));
        flows
            .map(|(core, &(other, packets))| {
                packets as f64 * self.costs.of(self.between(core, other))
            })
            .sum()
    }

    fn anneal(&mut self, mut cost: f64, seed: u64) {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        // How to undo the moves made since the best.
        let (mut since_best, mut best_cost) = (Vec::new(), cost);
        let proposals = (PROPOSALS.0 * self.cores.len()).min(PROPOSALS.1);
        let hot = cost / self.cores.len() as f64;
        for step in 0..proposals {
            let temperature = hot * 1e-4f64.powf(step as f64 / proposals as f64);
            let Some(change) = self.propose(&mut random) else {
                continue;
            };
            let moved = self.moved_by(change);
            let before = self.cost_of(&moved);
            let undo = self.apply(change);
            // Links between moved cores count twice, but no move changes their length.
            let added = self.cost_of(&moved) - before;
            if added <= 0.0 || random.random::<f64>() < (-added / temperature).exp() {
                cost += added;
                since_best.push(undo);
                if cost < best_cost {
                    since_best.clear();
                    best_cost = cost;
                }
            } else {
                self.apply(undo);
            }
        }
        for undo in since_best.into_iter().rev() {
            self.apply(undo);
        }
    }

    fn propose(&self, random: &mut ChaCha8Rng) -> Option<Move> {
        if random.random::<bool>() {
            let one = self.tile_of[random.random_range(0..self.tile_of.len())];
            let other = random.random_range(0..self.slot_on.len());
            return (one != other).then_some(Move::Tiles(one, other));
        }
        let core = random.random_range(0..self.cores.len());
        let slot = random.random_range(0..self.slots.len());
        if slot == self.slot_of[core] {
            return None;
        }
        let place = random.random_range(0..self.mesh.cores_per_tile);
        match self.slots[slot].get(place) {
            Some(&other) => Some(Move::Cores(core, other)),
            // A slot that became empty would be a tile less, which no barrier minds.
            None => Some(Move::Into(core, slot)),
        }
    }

    fn moved_by(&self, change: Move) -> Vec<usize> {
        match change {
            Move::Cores(one, other) => vec![one, other],
            Move::Into(core, _) => vec![core],
            Move::Tiles(one, other) => [one, other]
                .into_iter()
                .filter_map(|tile| self.slot_on[tile])
                .flat_map(|slot| self.slots[slot].iter().copied())
                .collect(),
        }
    }

    /// Makes a change and returns the one that undoes it.
    fn apply(&mut self, change: Move) -> Move {
        match change {
            Move::Cores(one, other) => {
                let (a, b) = (self.slot_of[one], self.slot_of[other]);
                for (slot, out, into) in [(a, one, other), (b, other, one)] {
                    if let Some(place) = self.slots[slot].iter_mut().find(|core| **core == out) {
                        *place = into;
                    }
                }
                self.slot_of.swap(one, other);
                change
            }
            Move::Into(core, slot) => {
                let from = self.slot_of[core];
                self.slots[from].retain(|&c| c != core);
                self.slots[slot].push(core);
                self.slot_of[core] = slot;
                Move::Into(core, from)
            }
            Move::Tiles(one, other) => {
                self.slot_on.swap(one, other);
                for tile in [one, other] {
                    if let Some(slot) = self.slot_on[tile] {
                        self.tile_of[slot] = tile;
                    }
                }
                change
            }
        }
    }
}
