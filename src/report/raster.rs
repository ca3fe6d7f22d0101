//! Spikes of a recording as a picture: each one as a mark, or, where there are too many, how many fall
//! into each cell of a grid, so that a picture of any recording takes a file of limited size.

use crate::result::SpikeSource;

/// Spikes that are drawn one by one, at most.
const MOST_MARKS: u64 = 6000;
/// Cells beside each other.
const COLUMNS: usize = 160;
/// Height of a picture [logical pixels], without the gaps between populations.
const HEIGHT: usize = 340;
/// Height of a cell [logical pixels].
const CELL: usize = 4;
/// Least height of a population [logical pixels]: its name has room.
const LEAST: usize = 20;
/// Populations in a picture, at most.
const MOST_BANDS: usize = 9;
/// Shades of a cell that holds spikes; each one stands for twice the rate of the one before.
pub const SHADES: u8 = 5;

/// A picture of spikes.
#[derive(Debug, Clone, PartialEq)]
pub struct RasterPicture {
    /// What was recorded, to print.
    pub title: String,
    /// Index of the sample.
    pub sample: usize,
    /// Number of timesteps.
    pub timesteps: usize,
    /// Spikes of the recording.
    pub spikes: u64,
    /// Populations that fire, in the order of the network.
    pub bands: Vec<Band>,
    /// Populations that fire and have no band.
    pub left_out: usize,
    /// Rate of the cell that fires most [spikes per neuron and timestep]; `None` where spikes are
    /// drawn one by one.
    pub peak: Option<f64>,
}

/// A population of a picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Band {
    /// Its name.
    pub name: String,
    /// Its neurons.
    pub neurons: usize,
    /// Its spikes.
    pub spikes: u64,
    /// Height [logical pixels].
    pub height: usize,
    /// What is drawn.
    pub marks: Marks,
}

/// How spikes are drawn.
#[derive(Debug, Clone, PartialEq)]
pub enum Marks {
    /// One by one: timestep and neuron.
    Each(Vec<(usize, usize)>),
    /// By cells.
    Cells(Cells),
}

/// A grid over timesteps and neurons.
#[derive(Debug, Clone, PartialEq)]
pub struct Cells {
    /// Cells beside each other, each of at least one timestep.
    pub columns: usize,
    /// Cells above each other, each of at least one neuron.
    pub rows: usize,
    /// Shade of each cell `[row, column]`, 0 (no spike) to [`SHADES`].
    pub shades: Vec<u8>,
}

impl RasterPicture {
    /// Draws the spikes of a source.
    #[must_use]
    pub fn of(source: &dyn SpikeSource) -> Self {
        let timesteps = source.timesteps();
        let mut firing: Vec<(usize, String, usize, u64)> = Vec::new();
        let mut left_out = 0;
        let mut spikes = 0;
        for (population, (name, neurons)) in source.populations().into_iter().enumerate() {
            let mut mine = 0;
            source.for_each(population, &mut |_, _, n| mine += n);
            spikes += mine;
            match (mine, firing.len()) {
                (0, _) => {}
                (_, MOST_BANDS..) => left_out += 1,
                _ => firing.push((population, name, neurons, mine)),
            }
        }
        let shown: u64 = firing.iter().map(|band| band.3).sum();
        let heights = heights(&firing.iter().map(|band| band.2).collect::<Vec<_>>());
        let mut counted = Vec::new();
        let mut bands = Vec::new();
        for ((population, name, neurons, spikes), height) in firing.into_iter().zip(heights) {
            let mut marks = Vec::new();
            let mut grid = Grid::new(timesteps, neurons, height);
            source.for_each(population, &mut |t, neuron, n| {
                if shown <= MOST_MARKS {
                    marks.push((t, neuron));
                } else {
                    grid.add(t, neuron, n);
                }
            });
            counted.push(grid);
            bands.push(Band {
                name,
                neurons,
                spikes,
                height,
                marks: Marks::Each(marks),
            });
        }
        let mut peak = None;
        if shown > MOST_MARKS {
            let most = counted.iter().map(Grid::peak).fold(0.0, f64::max);
            peak = Some(most);
            for (band, grid) in bands.iter_mut().zip(counted) {
                band.marks = Marks::Cells(grid.shaded(most));
            }
        }
        RasterPicture {
            title: source.title().to_owned(),
            sample: source.sample(),
            timesteps,
            spikes,
            bands,
            left_out,
            peak,
        }
    }
}

/// Heights of populations of some neurons: each has room for its name, the rest goes by the number
/// of neurons.
fn heights(neurons: &[usize]) -> Vec<usize> {
    let spare = HEIGHT.saturating_sub(LEAST * neurons.len()) as f64;
    let all = neurons.iter().sum::<usize>().max(1) as f64;
    let share = |&neurons: &usize| (spare * neurons as f64 / all) as usize;
    // Whole cells, of the same height everywhere.
    let height = |neurons| (LEAST + share(neurons)).next_multiple_of(CELL);
    neurons.iter().map(height).collect()
}

/// Spikes per cell.
struct Grid {
    timesteps: usize,
    neurons: usize,
    columns: usize,
    rows: usize,
    spikes: Vec<u64>,
}

/// Items of the cell `index` where `all` items go to `cells` cells: item `i` goes to
/// `i · cells / all`.
fn items(index: usize, cells: usize, all: usize) -> usize {
    let first = |index: usize| (index * all).div_ceil(cells);
    first(index + 1) - first(index)
}

impl Grid {
    fn new(timesteps: usize, neurons: usize, height: usize) -> Self {
        let columns = timesteps.min(COLUMNS);
        let rows = neurons.min(height / CELL);
        Grid {
            timesteps,
            neurons,
            columns,
            rows,
            spikes: vec![0; columns * rows],
        }
    }

    fn add(&mut self, t: usize, neuron: usize, spikes: u64) {
        let column = t * self.columns / self.timesteps;
        let row = neuron * self.rows / self.neurons;
        self.spikes[row * self.columns + column] += spikes;
    }

    /// Rates of all cells [spikes per neuron and timestep].
    fn rates(&self) -> impl Iterator<Item = f64> {
        self.spikes.iter().enumerate().map(|(cell, &spikes)| {
            let (row, column) = (cell / self.columns, cell % self.columns);
            let places =
                items(row, self.rows, self.neurons) * items(column, self.columns, self.timesteps);
            spikes as f64 / places as f64
        })
    }

    fn peak(&self) -> f64 {
        self.rates().fold(0.0, f64::max)
    }

    fn shaded(&self, peak: f64) -> Cells {
        let shade = |rate: f64| match rate {
            0.0 => 0,
            // The darkest from half the peak on, the next from a quarter …
            rate => (f64::from(SHADES) + (rate / peak).log2().floor() + 1.0)
                .clamp(1.0, f64::from(SHADES)) as u8,
        };
        Cells {
            columns: self.columns,
            rows: self.rows,
            shades: self.rates().map(shade).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Made {
        timesteps: usize,
        populations: Vec<(String, usize)>,
        /// Whether neuron n of population p fires at t.
        fires: fn(usize, usize, usize) -> bool,
    }

    impl SpikeSource for Made {
        fn title(&self) -> &str {
            "made"
        }
        fn sample(&self) -> usize {
            0
        }
        fn timesteps(&self) -> usize {
            self.timesteps
        }
        fn populations(&self) -> Vec<(String, usize)> {
            self.populations.clone()
        }
        fn for_each(&self, population: usize, f: &mut dyn FnMut(usize, usize, u64)) {
            for t in 0..self.timesteps {
                for neuron in 0..self.populations[population].1 {
                    if (self.fires)(population, t, neuron) {
                        f(t, neuron, 1);
                    }
                }
            }
        }
    }

    #[test]
    fn worked_few_spikes_are_drawn_one_by_one() {
        let source = Made {
            timesteps: 4,
            populations: vec![("a".into(), 3), ("silent".into(), 5), ("b".into(), 2)],
            fires: |p, t, n| p != 1 && t == n + 1,
        };
        let picture = RasterPicture::of(&source);
        assert_eq!(
            (picture.spikes, picture.peak, picture.left_out),
            (5, None, 0)
        );
        let names: Vec<&str> = picture.bands.iter().map(|b| b.name.as_str()).collect();
        assert_eq!(names, ["a", "b"]);
        let marks = Marks::Each(vec![(1, 0), (2, 1), (3, 2)]);
        assert_eq!(picture.bands[0].marks, marks);
    }

    #[test]
    fn worked_many_spikes_become_cells() {
        // Neurons of the first half fire in each timestep, the others in each fourth.
        let source = Made {
            timesteps: 640,
            populations: vec![("p".into(), 1000)],
            fires: |_, t, n| n < 500 || t % 4 == 0,
        };
        let picture = RasterPicture::of(&source);
        assert_eq!(picture.spikes, 640 * 500 + 160 * 500);
        assert_eq!(picture.peak, Some(1.0));
        let Marks::Cells(cells) = &picture.bands[0].marks else {
            panic!("too many to be drawn one by one");
        };
        assert_eq!((cells.columns, cells.rows), (COLUMNS, HEIGHT / CELL));
        // A quarter of the peak: one shade below the half.
        let first = cells.shades[0];
        let last = cells.shades[cells.shades.len() - 1];
        assert_eq!((first, last), (SHADES, SHADES - 1));
    }

    #[test]
    fn property_pictures_are_of_limited_size() {
        let populations = (0..30).map(|p| (format!("p{p}"), 1 + 97 * p)).collect();
        let source = Made {
            timesteps: 300,
            populations,
            fires: |p, t, n| (p + t * 7 + n * 13) % 11 == 0,
        };
        let picture = RasterPicture::of(&source);
        assert_eq!(
            (picture.bands.len(), picture.left_out),
            (MOST_BANDS, 30 - MOST_BANDS)
        );
        let height: usize = picture.bands.iter().map(|band| band.height).sum();
        assert!(height <= HEIGHT + CELL * MOST_BANDS, "{height}");
        let spikes: u64 = picture.bands.iter().map(|band| band.spikes).sum();
        assert!(spikes < picture.spikes);
        // Each item lies in one cell.
        for (cells, all) in [(1, 1), (3, 7), (160, 300), (85, 1000)] {
            let sum: usize = (0..cells).map(|cell| items(cell, cells, all)).sum();
            assert_eq!(sum, all);
            for item in 0..all {
                let cell = item * cells / all;
                let before: usize = (0..cell).map(|cell| items(cell, cells, all)).sum();
                assert!((before..before + items(cell, cells, all)).contains(&item));
            }
        }
    }
}
