//! Spikes in the order of time: which row emitted in which timestep.

use std::ops::Range;

/// Events of numbered rows (neurons of all populations, one after the other) by timestep.
///
/// Takes 4 bytes an event and 8 a timestep; further 4 an event only if some are no plain spikes.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Raster {
    height: u32,
    ends: Vec<usize>,
    rows: Vec<u32>,
    /// Empty as long as every event is one spike.
    values: Vec<f32>,
}

impl Raster {
    /// A raster of `height` rows without a timestep yet.
    #[must_use]
    pub fn new(height: u32) -> Self {
        Raster {
            height,
            ..Raster::default()
        }
    }

    /// Adds an event to the timestep that is being written. Rows come in ascending order. `value` is
    /// 1 for a spike.
    pub fn push(&mut self, row: u32, value: f32) {
        if value != 1.0 && self.values.is_empty() {
            self.values.resize(self.rows.len(), 1.0);
        }
        if value != 1.0 || !self.values.is_empty() {
            self.values.push(value);
        }
        self.rows.push(row);
    }

    /// Ends the timestep that is being written.
    pub fn end_timestep(&mut self) {
        self.ends.push(self.rows.len());
    }

    /// Gives back memory that is not needed once all is written.
    pub fn shrink(&mut self) {
        self.ends.shrink_to_fit();
        self.rows.shrink_to_fit();
        self.values.shrink_to_fit();
    }

    /// Number of rows.
    #[must_use]
    pub fn height(&self) -> u32 {
        self.height
    }

    /// Number of timesteps.
    #[must_use]
    pub fn timesteps(&self) -> usize {
        self.ends.len()
    }

    /// Number of events.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is no event.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Places of the events of timestep `t` whose rows lie in `rows`; none beyond the last timestep.
    fn places(&self, t: usize, rows: &Range<u32>) -> Range<usize> {
        let Some(&end) = self.ends.get(t) else {
            return 0..0;
        };
        let start = if t == 0 { 0 } else { self.ends[t - 1] };
        if rows.start == 0 && rows.end >= self.height {
            return start..end;
        }
        let here = &self.rows[start..end];
        let first = here.partition_point(|&row| row < rows.start);
        let length = here[first..].partition_point(|&row| row < rows.end);
        start + first..start + first + length
    }

    /// Rows among `rows` that emit in timestep `t`, ascending.
    #[must_use]
    pub fn at(&self, t: usize, rows: &Range<u32>) -> &[u32] {
        &self.rows[self.places(t, rows)]
    }

    /// Calls `f(row, value)` for each event of timestep `t` in `rows`.
    pub fn for_each(&self, t: usize, rows: &Range<u32>, mut f: impl FnMut(u32, f32)) {
        let places = self.places(t, rows);
        for place in places {
            f(
                self.rows[place],
                self.values.get(place).copied().unwrap_or(1.0),
            );
        }
    }

    /// Number of events in a box. The cost is that of finding the first and last row in each
    /// timestep.
    #[must_use]
    pub fn count(&self, timesteps: Range<usize>, rows: &Range<u32>) -> u64 {
        let end = timesteps.end.min(self.timesteps());
        let all = rows.start == 0 && rows.end >= self.height;
        if all && timesteps.start < end {
            let before = timesteps.start.checked_sub(1).map_or(0, |t| self.ends[t]);
            return (self.ends[end - 1] - before) as u64;
        }
        (timesteps.start..end)
            .map(|t| self.places(t, rows).len() as u64)
            .sum()
    }

    /// Bytes that the events take.
    #[must_use]
    pub fn bytes(&self) -> usize {
        8 * self.ends.capacity() + 4 * self.rows.capacity() + 4 * self.values.capacity()
    }

    /// A raster of some rows, numbered in the order given; a row that is given twice counts once.
    #[must_use]
    pub fn choose(&self, rows: &[u32]) -> Raster {
        let mut place = vec![u32::MAX; self.height as usize];
        for (new, &old) in rows.iter().enumerate() {
            if let Some(place) = place.get_mut(old as usize) {
                *place = new as u32;
            }
        }
        let mut chosen = Raster::new(rows.len() as u32);
        let mut here: Vec<(u32, f32)> = Vec::new();
        for t in 0..self.timesteps() {
            here.clear();
            self.for_each(t, &(0..self.height), |row, value| {
                let new = place[row as usize];
                if new != u32::MAX {
                    here.push((new, value));
                }
            });
            here.sort_unstable_by_key(|(row, _)| *row);
            here.iter()
                .for_each(|&(row, value)| chosen.push(row, value));
            chosen.end_timestep();
        }
        chosen.shrink();
        chosen
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raster() -> Raster {
        let mut raster = Raster::new(6);
        for row in [0, 2, 5] {
            raster.push(row, 1.0);
        }
        raster.end_timestep();
        raster.end_timestep();
        raster.push(2, 3.0);
        raster.push(4, 1.0);
        raster.end_timestep();
        raster
    }

    #[test]
    fn worked_boxes() {
        let raster = raster();
        assert_eq!((raster.timesteps(), raster.len()), (3, 5));
        assert_eq!(raster.at(0, &(1..6)), [2, 5]);
        assert_eq!(raster.at(1, &(0..6)), [0; 0]);
        assert_eq!(raster.at(7, &(0..6)), [0; 0]);
        assert_eq!(raster.count(0..3, &(0..6)), 5);
        assert_eq!(raster.count(1..99, &(2..5)), 2);
        assert_eq!(raster.count(2..2, &(0..6)), 0);
        let mut seen = Vec::new();
        raster.for_each(2, &(0..4), |row, value| seen.push((row, value)));
        assert_eq!(seen, [(2, 3.0)]);
    }

    #[test]
    fn chosen_rows_are_renumbered() {
        let chosen = raster().choose(&[5, 2]);
        assert_eq!(chosen.at(0, &(0..2)), [0, 1]);
        assert_eq!(chosen.at(2, &(0..2)), [1]);
        assert_eq!(chosen.len(), 3);
    }
}
