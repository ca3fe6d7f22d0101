//! Tiles in a mesh and the links between them.

use std::ops::Range;

/// Neurocores on tiles, tiles in a mesh.
///
/// Consecutive cores fill a tile. Tile `i` sits at `x = i / height`, `y = i % height`, so the mesh of
/// the next chip continues the columns of the previous one. A link between two chips is not one of
/// the mesh: it has a price and a pace of its own.
///
/// Source of the numbering: SLAM-Lab/SANA-FE, commit 8951ab07.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mesh {
    /// Neurocores of one tile, at least 1.
    pub cores_per_tile: usize,
    /// Tile columns of one chip, at least 1.
    pub width: usize,
    /// Tile rows, at least 1.
    pub height: usize,
}

/// A link from a chip to its neighbour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ChipLink {
    /// The lower of the two chips.
    pub chip: usize,
    /// Row of the mesh.
    pub row: usize,
    /// Whether it leads to the higher chip.
    pub upwards: bool,
}

impl Mesh {
    /// Neurocores of one chip.
    #[must_use]
    pub fn cores_per_chip(&self) -> usize {
        self.cores_per_tile
            .saturating_mul(self.width)
            .saturating_mul(self.height)
    }

    /// Tile of a core.
    #[must_use]
    pub fn tile(&self, core: usize) -> usize {
        core / self.cores_per_tile
    }

    /// Links crossed in x and in y on the x-then-y route between two cores; none within a tile.
    #[must_use]
    pub fn hops(&self, from: usize, to: usize) -> (u64, u64) {
        let ((x, y), (to_x, to_y)) = (self.at(self.tile(from)), self.at(self.tile(to)));
        (x.abs_diff(to_x) as u64, y.abs_diff(to_y) as u64)
    }

    /// Column and row of a tile.
    #[must_use]
    pub fn at(&self, tile: usize) -> (usize, usize) {
        (tile / self.height, tile % self.height)
    }

    /// Links crossed between two tiles: in x within chips, in y, from one chip to the next.
    pub(super) fn tile_links(&self, from: usize, to: usize) -> [u64; 3] {
        let ((x, y), (to_x, to_y)) = (self.at(from), self.at(to));
        let borders = (x / self.width).abs_diff(to_x / self.width);
        [x.abs_diff(to_x) - borders, y.abs_diff(to_y), borders].map(|links| links as u64)
    }

    /// Links between chips that the route between two cores crosses, all in the row of the sender.
    pub fn chip_links(&self, from: usize, to: usize) -> impl Iterator<Item = ChipLink> + use<> {
        let (row, chips, upwards) = self.crossing(from, to);
        chips.map(move |chip| ChipLink { chip, row, upwards })
    }

    /// The same at once: row, lower chip of each link, whether the route leads to higher chips.
    pub(super) fn crossing(&self, from: usize, to: usize) -> (usize, Range<usize>, bool) {
        let chip = |core: usize| core / self.cores_per_chip();
        let (first, last) = (chip(from), chip(to));
        let (_, row) = self.at(self.tile(from));
        (row, first.min(last)..first.max(last), first < last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn worked_hops_on_an_eight_by_four_mesh() {
        let mesh = Mesh {
            cores_per_tile: 4,
            width: 8,
            height: 4,
        };
        assert_eq!(mesh.cores_per_chip(), 128);
        // Cores 0 and 3 share tile 0; core 4 is on tile 1 = (0, 1); core 16 on tile 4 = (1, 0).
        assert_eq!(mesh.hops(0, 3), (0, 0));
        assert_eq!(mesh.hops(0, 4), (0, 1));
        assert_eq!(mesh.hops(4, 16), (1, 1));
        // The last core of the chip is on tile 31 = (7, 3), the next chip starts at (8, 0).
        assert_eq!(mesh.hops(0, 127), (7, 3));
        assert_eq!(mesh.hops(127, 128), (1, 3));
        let link = |chip, row, upwards| ChipLink { chip, row, upwards };
        let crossed = |from, to| mesh.chip_links(from, to).collect::<Vec<_>>();
        assert_eq!(crossed(0, 127), []);
        // Core 127 is on the last row; core 300 on the third chip, on tile 75 = (18, 3).
        assert_eq!(crossed(127, 300), [link(0, 3, true), link(1, 3, true)]);
        assert_eq!(crossed(128, 5), [link(0, 0, false)]);
    }

    #[test]
    fn closed_form_hops_equal_the_links_of_the_route() {
        let mesh = Mesh {
            cores_per_tile: 2,
            width: 3,
            height: 3,
        };
        for from in 0..18 {
            for to in 0..18 {
                let (mut x, mut y) = (mesh.tile(from) / 3, mesh.tile(from) % 3);
                let (tx, ty) = (mesh.tile(to) / 3, mesh.tile(to) % 3);
                let (mut across, mut along) = (0, 0);
                while x != tx {
                    x = if x < tx { x + 1 } else { x - 1 };
                    across += 1;
                }
                while y != ty {
                    y = if y < ty { y + 1 } else { y - 1 };
                    along += 1;
                }
                assert_eq!(mesh.hops(from, to), (across, along));
                let [x, y, borders] = mesh.tile_links(mesh.tile(from), mesh.tile(to));
                assert_eq!((x + borders, y), (across, along));
                assert_eq!(borders, mesh.chip_links(from, to).count() as u64);
            }
        }
    }
}
