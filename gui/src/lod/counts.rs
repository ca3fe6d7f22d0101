//! Spikes per cell, for cells of any number of timesteps and rows that is a power of two.

use spikewatt::explore::Raster;

/// Most cells along each side of the finest table.
const SIDE: usize = 4096;

/// Events of a raster in cells. The finest table has at most 4096 × 4096 cells, and every coarser one
/// halves one side, so that together they take about four times its memory.
#[derive(Debug, Clone, Default)]
pub struct Counts {
    /// Timesteps and rows of a cell of the finest table, both powers of two.
    base: [usize; 2],
    /// By halvings of time, then of rows.
    tables: Vec<Vec<Table>>,
}

/// Events per cell, saturating; `[row cell, time cell]`.
#[derive(Debug, Clone, Default)]
struct Table {
    width: usize,
    height: usize,
    cells: Vec<u16>,
}

impl Counts {
    /// Counts a raster.
    #[must_use]
    pub fn new(raster: &Raster) -> Self {
        let size = [raster.timesteps(), raster.height() as usize];
        let base = size.map(|n| n.div_ceil(SIDE).next_power_of_two());
        let [width, height] = [size[0].div_ceil(base[0]), size[1].div_ceil(base[1])];
        let mut finest = Table {
            width,
            height,
            cells: vec![0; width * height],
        };
        let shift = base[1].trailing_zeros();
        for t in 0..raster.timesteps() {
            let column = t / base[0];
            for &row in raster.at(t, &(0..raster.height())) {
                let cell = &mut finest.cells[(row >> shift) as usize * width + column];
                *cell = cell.saturating_add(1);
            }
        }
        let mut tables = vec![halvings(finest, Table::half_height)];
        while let Some(last) = tables.last().filter(|last| last[0].width > 1) {
            let narrower = last[0].half_width();
            tables.push(halvings(narrower, Table::half_height));
        }
        Counts { base, tables }
    }

    /// Timesteps and rows of the smallest cell that was counted.
    #[must_use]
    pub fn base(&self) -> [usize; 2] {
        self.base
    }

    /// Events in the cell `column`, `row` of a table whose cells have so many timesteps and rows;
    /// `None` if there is no such table.
    #[must_use]
    pub fn table(&self, cell: [usize; 2]) -> Option<impl Fn(usize, usize) -> u16 + '_> {
        let halvings = |side: usize| {
            let ratio = cell[side].checked_div(self.base[side])?;
            ratio
                .is_power_of_two()
                .then(|| ratio.trailing_zeros() as usize)
        };
        let by_rows = self
            .tables
            .get(halvings(0)?.min(self.tables.len().checked_sub(1)?))?;
        let table = by_rows.get(halvings(1)?.min(by_rows.len().checked_sub(1)?))?;
        Some(move |column: usize, row: usize| {
            let inside = column < table.width && row < table.height;
            if inside {
                table.cells[row * table.width + column]
            } else {
                0
            }
        })
    }

    /// Bytes of all tables.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let tables = self.tables.iter().flatten();
        tables.map(|table| 2 * table.cells.capacity()).sum()
    }
}

fn halvings(first: Table, half: impl Fn(&Table) -> Table) -> Vec<Table> {
    let mut tables = vec![first];
    while let Some(last) = tables.last().filter(|last| last.height > 1) {
        tables.push(half(last));
    }
    tables
}

impl Table {
    fn half_width(&self) -> Table {
        let width = self.width.div_ceil(2);
        let rows = self.cells.chunks_exact(self.width.max(1));
        Table {
            width,
            height: self.height,
            cells: rows
                .flat_map(|row| {
                    row.chunks(2)
                        .map(|c| c.iter().fold(0u16, |s, &n| s.saturating_add(n)))
                })
                .collect(),
        }
    }

    fn half_height(&self) -> Table {
        let mut cells = Vec::with_capacity(self.cells.len().div_ceil(2));
        for pair in self.cells.chunks((2 * self.width).max(1)) {
            let (upper, lower) = pair.split_at(self.width.min(pair.len()));
            let below = lower.iter().copied().chain(std::iter::repeat(0));
            cells.extend(upper.iter().zip(below).map(|(a, b)| a.saturating_add(b)));
        }
        Table {
            width: self.width,
            height: self.height.div_ceil(2),
            cells,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every third row in every timestep that its number divides.
    fn raster(timesteps: usize, height: u32) -> Raster {
        let mut raster = Raster::new(height);
        for t in 0..timesteps {
            for row in (0..height)
                .step_by(3)
                .filter(|row| t % (*row as usize % 7 + 1) == 0)
            {
                raster.push(row, 1.0);
            }
            raster.end_timestep();
        }
        raster
    }

    #[test]
    fn cells_of_any_size_hold_what_the_raster_counts() {
        for (timesteps, height) in [(37, 50), (5000, 9), (8, 9001)] {
            let raster = raster(timesteps, height);
            let counts = Counts::new(&raster);
            let [t0, r0] = counts.base();
            for (wide, tall) in [(1, 1), (2, 1), (1, 4), (4, 2), (8, 8)] {
                let (wide, tall) = (wide * t0, tall * r0);
                let cell = counts.table([wide, tall]).unwrap();
                for (column, row) in [(0, 0), (1, 1), (2, 0), (0, 3)] {
                    let steps = column * wide..(column + 1) * wide;
                    let rows = (row * tall) as u32..((row + 1) * tall) as u32;
                    let rows = rows.start.min(height)..rows.end.min(height);
                    let expected = if rows.is_empty() || steps.start >= timesteps {
                        0
                    } else {
                        raster.count(steps, &rows)
                    };
                    assert_eq!(
                        u64::from(cell(column, row)),
                        expected,
                        "{timesteps}×{height}: {wide}×{tall} at {column}, {row}"
                    );
                }
            }
            // Rounding up adds at most one cell to each halving.
            let cells = (2 * (timesteps / t0) + 16) * (2 * (height as usize / r0) + 16);
            assert!(counts.bytes() <= 2 * cells);
        }
    }
}
