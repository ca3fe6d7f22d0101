//! A sample with its prices.

use crate::lod::Counts;
use spikewatt::energy::{Hardware, PriceOptions};
use spikewatt::explore::{Ledger, Priced, Raster, Record, Rows, Selection};
use std::sync::Arc;

/// Which rows the raster shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Choice {
    /// All neurons.
    #[default]
    All,
    /// Those of one population.
    Population(usize),
    /// The busiest.
    Busiest(usize),
    /// An even sample: every k-th, so that the number is about this.
    Sample(usize),
    /// So many at random, the same ones each time.
    Random(usize),
    /// From one row up to another, which is left out.
    Range(u32, u32),
}

/// The rows of a raster panel.
#[derive(Debug, Clone, Default)]
pub struct Shown {
    /// How they were chosen.
    pub choice: Choice,
    /// Row of the record behind each row that is shown; `None` if all are shown.
    pub rows: Option<Vec<u32>>,
    /// Their events.
    pub raster: Arc<Raster>,
    /// Their events per cell.
    pub counts: Arc<Counts>,
}

impl Shown {
    /// Row of the record behind a row that is shown.
    #[must_use]
    pub fn row(&self, shown: u32) -> u32 {
        let chosen = self.rows.as_ref().and_then(|rows| rows.get(shown as usize));
        chosen.copied().unwrap_or(shown)
    }

    /// Places of the rows of the record that are shown.
    #[must_use]
    pub fn places(&self, rows: &std::ops::Range<u32>) -> std::ops::Range<u32> {
        match &self.rows {
            None => rows.clone(),
            Some(shown) => {
                let place = |row| shown.partition_point(|&shown| shown < row) as u32;
                place(rows.start)..place(rows.end)
            }
        }
    }

    /// Rows of the record behind a stretch of rows that are shown.
    #[must_use]
    pub fn rows(&self, shown: std::ops::Range<u32>) -> Rows {
        match &self.rows {
            None => Rows::from_range(shown),
            Some(_) => Rows::new(
                shown
                    .map(|row| self.row(row))
                    .map(|row| row..row + 1)
                    .collect(),
            ),
        }
    }
}

/// A sample with its prices.
pub struct Open {
    /// What the sample did.
    pub record: Arc<Record>,
    /// Its receipt on the chosen device, or why there is none.
    pub ledger: Result<Ledger, String>,
    /// Nominal energy of each timestep by cause [J].
    pub per_timestep: Vec<[f64; 6]>,
    /// Receipt of each population.
    pub populations: Vec<Priced>,
    /// Receipt of the selection.
    pub selected: Option<Priced>,
    /// Energy of the selection in each of its timesteps by cause [J], and the first of them; `None`
    /// if it holds all neurons.
    pub lit: Option<(usize, Vec<[f64; 6]>)>,
    /// Rows of the raster.
    pub shown: Shown,
}

impl Open {
    /// Whether its energies include cost figures that nobody has checked.
    #[must_use]
    pub fn is_unverified(&self) -> bool {
        let ledger = self.ledger.as_ref();
        ledger.is_ok_and(|ledger| ledger.target.is_unverified())
    }

    /// A sample that is not priced yet, all its neurons shown.
    #[must_use]
    pub fn new(record: Record) -> Self {
        let raster = record.raster.clone();
        let counts = Arc::new(Counts::new(&raster));
        let shown = Shown {
            choice: Choice::All,
            rows: None,
            raster,
            counts,
        };
        Self::unpriced(Arc::new(record), shown)
    }

    fn unpriced(record: Arc<Record>, shown: Shown) -> Self {
        Open {
            record,
            ledger: Err(String::new()),
            per_timestep: Vec::new(),
            populations: Vec::new(),
            selected: None,
            lit: None,
            shown,
        }
    }

    /// The same sample, to be kept and priced by itself.
    #[must_use]
    pub fn again(&self) -> Self {
        Self::unpriced(self.record.clone(), self.shown.clone())
    }

    /// Prices the sample; `moved`: the device is another one or has other room for neurons.
    pub fn price(&mut self, hardware: &Hardware, options: &PriceOptions, moved: bool) {
        let record = &*self.record;
        let known = std::mem::replace(&mut self.ledger, Err(String::new())).ok();
        let ledger = match known.filter(|_| !moved) {
            Some(Ledger { structure, .. }) => {
                Ledger::with_structure(record, structure, hardware, options)
            }
            None => Ledger::new(record, hardware, options),
        };
        (self.per_timestep, self.populations) = match &ledger {
            Ok(ledger) => {
                let population = |population| {
                    let selection = Selection {
                        rows: Rows::from_range(record.rows_of(population)),
                        timesteps: 0..record.raster.timesteps(),
                    };
                    ledger.price(record, &selection)
                };
                let populations = 0..record.counts.populations.len();
                (
                    ledger.per_timestep(record),
                    populations.map(population).collect(),
                )
            }
            Err(_) => (Vec::new(), Vec::new()),
        };
        self.ledger = ledger.map_err(|error| error.to_string());
    }

    /// Prices a selection.
    pub fn select(&mut self, selection: &Selection) {
        let ledger = self.ledger.as_ref().ok();
        self.selected = ledger.map(|ledger| ledger.price(&self.record, selection));
        let is_part = selection.rows != self.record.all_rows();
        self.lit = ledger.filter(|_| is_part).map(|ledger| {
            let energy = ledger.per_timestep_of(&self.record, selection);
            (selection.timesteps.start, energy)
        });
    }

    /// Chooses the rows of the raster.
    pub fn choose(&mut self, choice: Choice) {
        let record = &self.record;
        let height = record.raster.height();
        let rows: Option<Vec<u32>> = match choice {
            Choice::All => None,
            Choice::Population(population) => Some(record.rows_of(population).collect()),
            Choice::Busiest(most) => {
                let spikes = record.spikes_per_row(0..record.raster.timesteps());
                let mut rows: Vec<u32> = (0..height).collect();
                rows.sort_by_key(|&row| (std::cmp::Reverse(spikes[row as usize]), row));
                rows.truncate(most);
                rows.sort_unstable();
                Some(rows)
            }
            Choice::Sample(about) => {
                let step = (height as usize / about.max(1)).max(1);
                Some((0..height).step_by(step).collect())
            }
            Choice::Random(most) => {
                let mut rows: Vec<u32> = (0..height).collect();
                rows.sort_by_key(|&row| scattered(row));
                rows.truncate(most);
                rows.sort_unstable();
                Some(rows)
            }
            Choice::Range(start, end) => Some((start..end.min(height)).collect()),
        };
        let raster = match &rows {
            None => record.raster.clone(),
            Some(rows) => Arc::new(record.raster.choose(rows)),
        };
        self.shown = Shown {
            choice,
            rows,
            counts: Arc::new(Counts::new(&raster)),
            raster,
        };
    }
}

/// A number that looks random and belongs to one row alone.
///
/// Source: the output function of SplitMix64, G. Steele, D. Lea and C. Flood 2014.
fn scattered(row: u32) -> u64 {
    let z = (u64::from(row) + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn random_rows_are_distinct_and_spread() {
        let numbers: BTreeSet<u64> = (0..10_000).map(scattered).collect();
        assert_eq!(numbers.len(), 10_000);
        // Of 10,000 rows, about half of a random half lie in the lower half.
        let mut rows: Vec<u32> = (0..10_000).collect();
        rows.sort_by_key(|&row| scattered(row));
        let low = rows[..5000].iter().filter(|row| **row < 5000).count();
        assert!((2400..2600).contains(&low), "{low}");
    }
}
